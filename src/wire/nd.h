/* SPDX-License-Identifier: ISC */
/*
 * Neighbor Discovery messages: RFC 4861, RFC 4862, RFC 4191, RFC 6275 section 7, RFC 8106, RFC 7527
 * and the options of draft-liu-mobileip-lke-01 section 3.1 (LKE Capability, DAD Authentication
 * Request and Reply). Options are known by (ICMP type, option type), AMB-002.
 */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include "wire/ip6.h"

enum {
	ND_RS = 133,
	ND_RA = 134,
	ND_NS = 135,
	ND_NA = 136,
	ND_REDIRECT = 137,
	ND_OPT_SLLA = 1,
	ND_OPT_TLLA = 2,
	ND_OPT_PREFIX = 3,
	ND_OPT_MTU = 5,
	ND_OPT_LKE = 6,		 /* in RA, draft 3.1.1 */
	ND_OPT_DAD_REQUEST = 7,	 /* in NS, draft 3.1.2 */
	ND_OPT_DAD_REPLY = 8,	 /* in NA, draft 3.1.3 */
	ND_OPT_ADV_INTERVAL = 7, /* in RA, RFC 6275 7.3 */
	ND_OPT_HA_INFO = 8,	 /* in RA, RFC 6275 7.4 */
	ND_OPT_NONCE = 14,
	ND_OPT_RDNSS = 25,
	ND_OPT_DNSSL = 31,
	ND_RA_M = 0x80,
	ND_RA_O = 0x40,
	ND_RA_H = 0x20,
	ND_PIO_L = 0x80,
	ND_PIO_A = 0x40,
	ND_PIO_R = 0x20,
	ND_NA_R = 0x80,
	ND_NA_S = 0x40,
	ND_NA_O = 0x20,
	ND_AUTH_LEN = 48, /* octets of options 7 and 8, AMB-012 */
	ND_MAX_PREFIXES = 16,
	ND_MAX_RDNSS = 8,
};

struct nd_prefix {
	struct lke_in6 prefix; /* with R: the router's whole address (RFC 6275 7.2) */
	uint8_t len, flags;
	uint32_t valid, preferred; /* seconds; UINT32_MAX infinite */
};

/* DAD Authentication Request / Reply */
struct nd_auth {
	uint32_t nonce;
	struct lke_in6 ar;
	uint8_t mac[20];
	size_t mac_off;	   /* of the HMAC field in the packet (offset from the IPv6 header); decode
			      only */
	bool reserved_set; /* Reserved was not zero; decode only */
};

/* A decoded message; only the part of its type is set. */
struct nd_msg {
	uint8_t type;
	/* NS, NA */
	struct lke_in6 target;
	uint8_t na_flags;
	bool has_auth;	/* option 7 in NS, 8 in NA */
	unsigned auths; /* how many; more than one is invalid (AMB-037) */
	struct nd_auth auth;
	bool has_nonce; /* RFC 3971/7527 nonce, of 6 octets */
	uint8_t nonce[6];
	/* RS, RA, NS: source; NA: target link-layer address option; len 0 if absent */
	struct lke_lladdr lladdr;
	/* RA */
	uint8_t cur_hop_limit, ra_flags;
	int8_t preference;	  /* RFC 4191: -1, 0, 1 */
	uint16_t router_lifetime; /* s */
	uint32_t reachable_ms, retrans_ms;
	struct nd_prefix prefix[ND_MAX_PREFIXES];
	unsigned prefixes;
	uint32_t mtu;		   /* 0: absent */
	bool has_lke;		   /* first option 6; only meaningful with H (AMB-071) */
	uint16_t lke_max_lifetime; /* s */
	const uint8_t *lke_key;	   /* decode: points into the packet, padding included */
	size_t lke_key_len;
	bool has_adv_interval;
	uint32_t adv_interval_ms;
	bool has_ha_info;
	uint16_t ha_preference, ha_lifetime;
	struct lke_in6 rdnss[ND_MAX_RDNSS];
	unsigned rdnss_count;
	uint32_t rdnss_lifetime;
	const uint8_t
		*dnssl;	  /* names as in RFC 1035 3.1; decode: in the packet, padding included */
	size_t dnssl_len; /* 0: absent */
	uint32_t dnssl_lifetime;
};

/*
 * Decodes an ICMPv6 ND message (i->upper == ICMPv6, types 133..136): hop limit 255, code 0,
 * checksum, every option, and the validity rules of RFC 4861 6.1.1, 6.1.2, 7.1.1, 7.1.2.  Returns
 * 0, -enum lke_drop, or -LKE_DROP_NONE (0) never for a bad one.  Other ICMPv6 types:
 * -LKE_DROP_NOT_OURS.
 */
int nd_decode(const struct ip6_info *i, struct nd_msg *ret);

/*
 * Encodes a whole packet (hop limit 255), checksum set.  Order of options: RA: SLLA, MTU, prefixes,
 * Advertisement Interval, Home Agent Information, RDNSS, DNSSL, LKE; NS: SLLA, nonce, option 7; NA:
 * TLLA, option 8. mac of an auth option is written as given (zero it, MAC, then nd_set_mac()).
 * Returns the length or LKE_ERR_SPACE.
 */
int nd_encode(const struct nd_msg *m, const struct lke_in6 *src, const struct lke_in6 *dst,
	      uint8_t tclass, uint8_t *buf, size_t size);

/* Where the HMAC of the auth option stands in an encoded packet of len octets: that option is the
 * last. */
static inline size_t nd_mac_off(size_t len)
{
	return len - 24;
}
/* Writes the HMAC into an encoded packet and sets the checksum again, in this order (AMB-031). */
void nd_set_mac(uint8_t *pkt, size_t len, size_t mac_off, const uint8_t mac[20]);

#endif

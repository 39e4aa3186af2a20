/* SPDX-License-Identifier: ISC */
/*
 * IPv6 packets: one walk over the extension headers, checksums that know home addresses, and a
 * builder. RFC 8200, RFC 6275 sections 6.3 (Home Address option) and 6.4 (type 2 routing header).
 */
#ifndef WIRE_IP6_H
#define WIRE_IP6_H

#include "base/cursor.h"
#include "base/in6.h"
#include "lke/error.h"

enum {
	IP6_HDR_LEN = 40,
	IP6_NH_HOPOPT = 0,
	IP6_NH_TCP = 6,
	IP6_NH_UDP = 17,
	IP6_NH_IPV6 = 41,
	IP6_NH_ROUTING = 43,
	IP6_NH_FRAGMENT = 44,
	IP6_NH_ESP = 50,
	IP6_NH_AH = 51,
	IP6_NH_ICMPV6 = 58,
	IP6_NH_NONE = 59,
	IP6_NH_DSTOPTS = 60,
	IP6_NH_MH = 135,
	IP6_OPT_HAO = 0xc9,
	IP6_OPT_TUNNEL_LIMIT = 4,
	IP6_EXT_MAX = 8, /* headers walked, THREATS 79 */
	IP6_EXT_OCTETS_MAX = 512,
	IP6_MIN_MTU = 1280,
};

/* A packet taken apart.  Pointers and offsets refer to the caller's buffer. */
struct ip6_info {
	const uint8_t *pkt;
	size_t len;		 /* 40 + Payload Length; link-layer padding is cut off */
	struct lke_in6 src, dst; /* of the IPv6 header, as on the wire */
	uint8_t tclass, hop_limit;
	uint32_t flow;
	bool has_hao, has_rh2, has_fragment;
	struct lke_in6 hao;    /* Home Address option */
	struct lke_in6 rh2;    /* type 2 routing header, Segments Left 1 */
	bool has_tunnel_limit; /* Tunnel Encapsulation Limit option, RFC 2473 4.1.1 */
	uint8_t tunnel_limit;
	uint8_t upper; /* protocol at upper_off */
	size_t upper_off, upper_len;
};

/*
 * Walks hop-by-hop, destination options, routing (type 2 only), fragment headers until ESP, an
 * upper layer or no next header.  A fragment header ends the walk with has_fragment (upper = 44).
 * Returns 0 or -enum lke_drop.
 */
int ip6_parse(const uint8_t *pkt, size_t len, struct ip6_info *ret);

/* Addresses of the pseudo header: home addresses where present (RFC 6275 6.1.1, AMB-036). */
struct lke_in6 ip6_pseudo_src(const struct ip6_info *i);
struct lke_in6 ip6_pseudo_dst(const struct ip6_info *i);
/* One's complement sum of octets that begin at an even place, RFC 1071; not complemented. */
uint16_t ip6_sum(const uint8_t *data, size_t len);
/* Checksum over pseudo header and data; 0 when data holds its right checksum. */
uint16_t ip6_checksum(const struct lke_in6 *src, const struct lke_in6 *dst, uint8_t proto,
		      const uint8_t *data, size_t len);

/* Header of a packet to build. */
struct ip6_out {
	struct lke_in6 src, dst;
	uint32_t flow; /* label, 20 bits */
	uint8_t tclass, hop_limit;
	const struct lke_in6 *hao; /* NULL: none; adds a Destination Options header of 24 octets */
	const struct lke_in6 *rh2; /* NULL: none; adds a type 2 routing header of 24 octets */
};
/*
 * Writes the IPv6 header and extension headers for an upper layer; the payload length is patched by
 * ip6_end().  Returns the offset of the upper layer.
 */
size_t ip6_begin(struct wr *w, const struct ip6_out *o, uint8_t upper);
/* Sets Payload Length. */
void ip6_end(struct wr *w);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * ESP in transport mode with manual keys for Mobile IPv6 signalling, in the daemon itself: RFC
 * 3776, RFC 4303, RFC 4877.  No anti-replay window with manual keys (AMB-156).  The selectors hold
 * the home address and the home agent's address and survive every move.
 */
#ifndef CORE_SA_H
#define CORE_SA_H

#include "core/internal.h"

struct sa {
	struct lke_config_sa cfg;
	struct hmac *hmac;
	uint32_t seq;	  /* last sequence number sent */
	unsigned window;  /* anti-replay window; 0 with manual keys */
	uint32_t highest; /* received, with a window */
	uint64_t seen;	  /* bit n: highest - n was received */
};

/* Copies cfg and keys the HMAC. 0 or an API error. */
int sa_init(struct sa *s, const struct lke_config_sa *cfg);
void sa_done(struct sa *s); /* wipes */
/* The same SPI, ciphers and keys? */
bool sa_same(const struct lke_config_sa *a, const struct lke_config_sa *b);

/*
 * Builds IPv6 | HAO or RH2 | ESP(MH).  mh is complete but for nothing: its checksum is already set.
 * Returns the packet's length, LKE_ERR_SPACE or LKE_ERR_CRYPTO.
 */
int sa_protect(struct lke_engine *e, struct sa *s, const struct ip6_out *o, const uint8_t *mh,
	       size_t mh_len, uint8_t *buf, size_t size);
/* The same for a payload of another protocol: ICMPv6 of prefix discovery (RFC 3776 3.3). */
int sa_protect_proto(struct lke_engine *e, struct sa *s, const struct ip6_out *o, uint8_t next,
		     const uint8_t *data, size_t len, uint8_t *buf, size_t size);
/*
 * Verifies the ICV, with a window refuses what was seen before (RFC 4303 3.4.3), decrypts into
 * plain and removes the padding.  0 or -LKE_DROP_ESP_*.  ret_next is the protocol of the payload.
 * Verification comes first; nothing is written before it succeeds.
 */
int sa_open(struct sa *s, const struct ip6_info *i, uint8_t *plain, size_t size, size_t *ret_len,
	    uint8_t *ret_next);
/* SPI of an ESP packet, without any check but length; false if too short. */
bool sa_spi(const struct ip6_info *i, uint32_t *ret_spi);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6 messages between a mobile node and its home link: Dynamic Home Agent Address Discovery and
 * mobile prefix discovery, RFC 6275 sections 6.5 to 6.8.
 */
#ifndef WIRE_HADISC_H
#define WIRE_HADISC_H

#include "wire/nd.h"

enum {
	HADISC_REQUEST = 144,
	HADISC_REPLY = 145,
	MPREFIX_SOLICITATION = 146,
	MPREFIX_ADVERTISEMENT = 147,
	HADISC_AGENTS_MAX = 32, /* of one reply: it fits into the smallest MTU */
};

/* A decoded message; only the part of its type is set. */
struct hadisc {
	uint8_t type;
	uint16_t id; /* Identifier; 0 in an unsolicited Mobile Prefix Advertisement */
	/* reply: home agents, the preferred first */
	struct lke_in6 agent[HADISC_AGENTS_MAX];
	unsigned agents;
	/* advertisement */
	bool managed, other; /* M, O */
	struct nd_prefix prefix[ND_MAX_PREFIXES];
	unsigned prefixes;
};

/*
 * Decodes ICMPv6 octets; they may stand in a decrypted buffer.  src and dst are the addresses of
 * the pseudo header (home address where the packet has one).  A Code other than 0 is
 * dropped.  0 or -enum lke_drop; -LKE_DROP_NOT_OURS for another type.  More home agents or
 * prefixes than there is room for: the first ones.
 */
int hadisc_decode(const uint8_t *icmp, size_t len, const struct lke_in6 *src,
		  const struct lke_in6 *dst, struct hadisc *ret);

/* Writes the ICMPv6 message with its checksum at w; w->err when it does not fit. */
void hadisc_encode(struct wr *w, const struct hadisc *m, const struct lke_in6 *src,
		   const struct lke_in6 *dst);

/* Mobile IPv6 Home-Agents anycast address of a prefix of 64 bits: RFC 2526, RFC 6275 8.4. */
struct lke_in6 hadisc_anycast(const struct lke_in6 *prefix);

#endif

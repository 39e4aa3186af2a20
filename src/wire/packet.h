/* SPDX-License-Identifier: ISC */
/*
 * A whole packet read as the one message it carries, for people and programs that look: the line of
 * lke/msg.h, `lke decode`.  The engine has its own order of checks and does not use it.
 */
#ifndef WIRE_PACKET_H
#define WIRE_PACKET_H

#include "lke/action.h"
#include "wire/esp.h"
#include "wire/hadisc.h"
#include "wire/mh.h"
#include "wire/mh_rr.h"
#include "wire/nd.h"

struct icmp_head {
	uint8_t type, code;
	uint32_t param;
};

struct packet {
	struct ip6_info ip;
	/* LKE_MSG_NONE: no message of ours.  Set for a malformed one too, when its type can be
	 * read. */
	enum lke_msg msg;
	enum lke_drop drop; /* LKE_DROP_NONE: well formed, and the member of msg is set */
	struct mh_view mh;  /* len 0: no Mobility Header */
	union {
		struct nd_msg nd;
		struct hadisc hadisc;
		struct icmp_head icmp;
		struct mh_kereq kereq;
		struct mh_keack keack;
		struct mh_bu bu;
		struct mh_ba ba;
		struct mh_finished finished;
		struct mh_be be;
		struct mh_rr rr; /* HOTI, COTI, HOT, COT */
	};
};

/* Reads the outermost packet of pkt; ret points into pkt.  No MAC is verified. */
void packet_read(const uint8_t *pkt, size_t len, struct packet *ret);

/* The packet inside: upper layer IPv6.  False when there is none. */
bool packet_inner(const struct packet *p, const uint8_t **ret_pkt, size_t *ret_len);

/*
 * What lke would note of the message: addr is the home or care-of address it is about, peer the
 * agent or router or the care-of address of a binding, lifetime in seconds.
 */
void packet_note(const struct packet *p, struct lke_note *ret);

/* describe.c: every field, in the order of the wire; value is text without control characters. */
typedef void packet_field_fn(void *ctx, const char *name, const char *value);
void packet_describe(const struct packet *p, packet_field_fn *field, void *ctx);

#endif

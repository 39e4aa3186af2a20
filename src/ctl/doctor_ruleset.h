/* SPDX-License-Identifier: ISC */
/* What an nftables ruleset, in JSON, does with all packets of a protocol. */
#ifndef CTL_DOCTOR_RULESET_H
#define CTL_DOCTOR_RULESET_H

#include "ctl/doctor.h"

struct ruleset {
	const json_t *all; /* the array "nftables" of libnftables-json(5) */
	int protocol;	   /* of the IPv6 payload */
	const char *link[DOCTOR_LINKS];
	unsigned links;
	/* A rule that accepts a part of them, by address or state, is enough: ct state established
	 * is not. */
	bool in_part;
};

/*
 * True when packets of the protocol that come in by one of the links are certainly dropped by this
 * base chain.  Conservative: a rule that may accept some of them counts as if it accepts all, one
 * that drops only some does not count, and what is not understood accepts.
 */
bool ruleset_drops(const struct ruleset *rs, const json_t *chain);

#endif

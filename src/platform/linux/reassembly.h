/* SPDX-License-Identifier: ISC */
/*
 * Reassembly of tunnel packets that came in fragments (RFC 8200 4.5, AMB-121).  Memory is fixed:
 * REASSEMBLY_DATAGRAMS buffers of REASSEMBLY_OCTETS_MAX octets.  The caller shows only fragments
 * between the ends of a live tunnel.
 */
#ifndef PLATFORM_REASSEMBLY_H
#define PLATFORM_REASSEMBLY_H

#include "wire/ip6.h"

enum {
	REASSEMBLY_DATAGRAMS = 64,
	REASSEMBLY_PER_PAIR = 16,      /* of one source and destination */
	REASSEMBLY_FRAGMENTS = 32,     /* of one datagram */
	REASSEMBLY_OCTETS_MAX = 10240, /* of one datagram, without its IPv6 header */
};

struct reassembly;

struct reassembly_counters {
	uint64_t whole;	  /* datagrams handed back */
	uint64_t expired; /* not complete after two seconds */
	uint64_t evicted; /* oldest, given up for a newer one */
};

/* NULL without memory. */
struct reassembly *reassembly_new(void);
void reassembly_free(struct reassembly *r);
/*
 * One fragment: i is what ip6_parse() said of it, with has_fragment.
 *   1: the datagram is whole; *ret_pkt (its IPv6 header and the fragmentable part, no fragment
 *      header) lies in memory of r that the caller may change until the next call
 *   0: kept, or a duplicate
 *   -enum lke_drop: malformed, overlapping (then the whole datagram is given up), over a limit
 */
int reassembly_input(struct reassembly *r, const struct ip6_info *i, lke_time now,
		     uint8_t **ret_pkt, size_t *ret_len);
void reassembly_counters(const struct reassembly *r, struct reassembly_counters *ret);

#endif

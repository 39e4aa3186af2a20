/* SPDX-License-Identifier: ISC */
/*
 * A campus in virtual time: access routers in a ring, mobile nodes that walk from each to the next,
 * a home agent and a correspondent node some way off.
 *
 *	correspondent -- r0 -- core -- ar1..arN -- l1..lN          r0 -- far -- ha -- home
 *
 * Each mobile node has one session with the correspondent: probes both ways at an even pace.
 *Without a home agent in play the session's address is the care-of address of the link where it
 *began, and it begins anew after its time; in plain Mobile IPv6 it is the home address and never
 *ends.
 */
#ifndef SIM_CAMPUS_H
#define SIM_CAMPUS_H

#include "sim/simnet.h"

struct campus_options {
	uint64_t seed;
	unsigned mobiles, routers; /* routers: at least 2 */
	lke_time time;		   /* that is simulated, once everybody has attached */
	lke_time dwell;		   /* mean stay on a link; half to one and a half of it, evenly */
	lke_time gap;		   /* without carrier at a move */
	lke_time session;	   /* how long a session goes on */
	lke_time probe;		   /* from one probe to the next */
	lke_time core_delay;	   /* one way, access router to r0 */
	lke_time home_delay;	   /* one way, r0 to the home agent */
	unsigned loss_permille;	   /* of the access links */
	bool announced;		   /* a mobile node says before it leaves (lke handover) */
	bool local_only;	   /* no home agent (AMB-073) */
	bool plain;		   /* Mobile IPv6 without LKE */
	enum lke_strategy strategy;
};

/* Times of one kind, ns; sorted by campus_run(). */
struct campus_times {
	lke_time *t;
	size_t n, cap;
};

/* Many times of one kind: how many lie in each 32nd of an octave, so within 3 %. */
#define CAMPUS_FINE 32
struct campus_histogram {
	uint64_t count[(64 - 5) * CAMPUS_FINE];
};
void campus_histogram_add(struct campus_histogram *h, lke_time t);
/* The time that this part (0 to 1) of them does not exceed; 0 when there are none. */
lke_time campus_histogram_part(const struct campus_histogram *h, double part);

struct campus_flow {
	uint64_t sent, received, duplicated, reordered;
	struct campus_histogram delay; /* of a probe, one way */
	/* From the carrier of the new link to the first probe; one for each move.  `never`: none
	 * came before the next move. */
	struct campus_times silence;
	uint64_t never;
};

struct campus_result {
	uint64_t moves, sessions;
	uint64_t handovers; /* accepted by a previous access router, a chain of two counts twice */
	uint64_t fallbacks, alarms;
	struct campus_flow down, up;	      /* up: from the mobile nodes */
	uint64_t message[LKE_MSG_COUNT];      /* on the access links; NONE: those in ESP */
	uint64_t home_message[LKE_MSG_COUNT]; /* on the link of the home agent */
	uint64_t octets;		      /* of the former, IPv6 packets */
	unsigned lbsas_max, bindings_max;     /* of one access router */
};

/* Runs it; ret is freed with campus_result_done().  0, or LKE_ERR_INVAL when an engine refuses. */
int campus_run(const struct campus_options *o, struct campus_result *ret);
void campus_result_done(struct campus_result *r);

#endif

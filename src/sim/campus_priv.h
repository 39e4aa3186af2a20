/* SPDX-License-Identifier: ISC */
#ifndef SIM_CAMPUS_PRIV_H
#define SIM_CAMPUS_PRIV_H

#include "base/timerq.h"
#include "sim/campus.h"

#define CAMPUS_SENT 1024 /* probes whose time of sending is known */

enum campus_timer { CAMPUS_MOVE, CAMPUS_LEAVE, CAMPUS_PROBE };

/* One way of a session. */
struct campus_way {
	lke_time sent[CAMPUS_SENT];
	uint32_t session; /* of the first number */
	uint32_t last;	  /* highest number that came */
	uint64_t seen[4]; /* the 256 numbers up to it */
	bool waiting;	  /* nothing came since the last move */
};

struct campus_mobile {
	struct campus *campus;
	struct simnode *node;
	unsigned at;		      /* access link */
	struct lke_in6 home, address; /* of the session; :: none yet */
	lke_time session_end, link_up;
	uint32_t number;
	struct timer move, probe;
	struct campus_way down, up;
};

struct campus {
	const struct campus_options *o;
	struct campus_result *r;
	struct simnet *net;
	struct simlink *core, *far, *home, *cnlink, **link;
	struct simnode *r0, *ha, *cn, **ar;
	struct campus_mobile *mobile;
	struct lke_config_mobile *policy;
	struct lke_in6 cn_addr, ha_addr;
	struct timerq timers;
	uint64_t rng;
	bool counting;
};

/* campus_world.c: makes the network and starts the engines; 0 or an error. */
int campus_build(struct campus *c);
void campus_prefix(unsigned link, struct lke_in6 *ret);

/* campus_probe.c */
void campus_probe(struct campus_mobile *m);
void campus_probe_arrives(void *campus, const struct simnode *n, uint32_t stream, uint32_t number);
void campus_times_add(struct campus_times *t, lke_time v);

#endif

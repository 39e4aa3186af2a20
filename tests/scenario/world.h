/* SPDX-License-Identifier: ISC */
/*
 * The world of Figure 2.1 in virtual time: a mobile node, four access links (the router of the
 * fourth has no LKE), a home agent on the home link, a correspondent node behind its own router, a
 *third host that can sit on any access link.
 *
 *	cn -- cnlink -- r0 -- core -- ar1..ar4 -- l1..l4       core -- ha -- home
 */
#ifndef WORLD_H
#define WORLD_H

#include "sim/simnet.h"

#define WORLD_ARS 4

struct world {
	struct simnet *net;
	struct simlink *core, *home, *cnlink, *link[WORLD_ARS];
	struct simnode *cn, *r0, *ha, *ar[WORLD_ARS], *mn, *host;
	struct lke_in6 cn_addr, hoa, ha_addr, ar_addr[WORLD_ARS];
	struct lke_config_mobile mobile;
	uint32_t probe; /* last probe number used */
	uint32_t first_probe;
};

struct world_options {
	uint64_t seed;
	enum lke_profile profile; /* of the routers and the home agent */
	enum lke_profile mn_profile;
	enum lke_strategy strategy;
	bool local_only;
	bool no_ha;	       /* no home address configured */
	uint16_t max_lifetime; /* 0: default */
	bool no_finished;
	bool keep_state;
	uint32_t rsa_rotation; /* s; 0: default */
	bool point_to_point;   /* access links without link-layer addresses and without DAD */
	bool no_dad;	       /* on the mobile node's links */
	bool four_lke;	       /* the router of the fourth link has LKE too */
};

struct world *world_new(const struct world_options *o);
void world_free(struct world *w);
/* The mobile node again, with eth0 (preferred) and eth1, both without carrier. */
void world_two_interfaces(struct world *w, enum lke_strategy strategy);
/* The mobile node's host vanishes and is started again with the same link-layer address and
 * configuration, without anything it knew; its interface has no carrier. */
void world_reboot(struct world *w);
/* Starts the mobile node's engine with its interface on access link i. */
void world_attach(struct world *w, unsigned i);
/* Runs until the mobile node has a care-of address with a VALID LBSA at ar[i], at most limit; false
 * on timeout. */
bool world_wait_lbsa(struct world *w, unsigned i, lke_time limit);
/* The mobile node's care-of address in the prefix of access link i, or :: */
struct lke_in6 world_coa(const struct world *w, unsigned i);
/* Runs for d with a probe each ms from and to `addr` of the mobile node (both directions). */
void world_traffic(struct world *w, const struct lke_in6 *addr, lke_time d);
/* Waits until the note counter of a node has passed n; false on timeout. */
bool world_wait_note(struct world *w, struct simnode *n, enum lke_note_type t, unsigned count,
		     lke_time limit);
void world_noise(struct world *w, unsigned loss, unsigned dup, unsigned reorder);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * What a home agent knows of a home link, and what it says there: the prefixes with their lifetimes
 * (RFC 6275 10.6.1), the other home agents (10.1, 10.5.1), its own Router Advertisements (8.4), and
 * the anycast address that mobile nodes ask for home agents (10.5).  Everything is learned from
 * Router Advertisements of the link, which anybody there can send, so nothing here decides about
 * service alone: a prefix needs an address of ours to count as home, and its lifetimes obey the
 * two-hour rule.
 */
#ifndef CORE_HA_LINK_H
#define CORE_HA_LINK_H

#include "core/internal.h"

enum {
	HA_HEARD_MAX = 16,  /* prefixes heard on a link; further ones are counted and passed over */
	HA_AGENTS_MAX = 32, /* other home agents of a link */
	HA_AGENT_ADDRS = 4, /* global addresses of each */
	HA_ASKERS_MAX = 8,  /* solicitations for the anycast address that wait for their answer */
	HA_TIMER_RA = TIMER_KIND(MODULE_HA, 3),
	HA_TIMER_ANYCAST = TIMER_KIND(MODULE_HA, 4),
	HA_TIMER_PREFIX = TIMER_KIND(MODULE_HA, 5),
};

/* A prefix that a router of the link advertises. */
struct ha_heard {
	struct lke_in6 prefix; /* as in the option: with R the router's whole address */
	uint8_t len, flags;
	lke_time valid, preferred;	     /* ends; LKE_NEVER */
	uint32_t said_valid, said_preferred; /* lifetimes of the last option, seconds */
};

/* Another home agent. */
struct ha_agent {
	struct lke_in6 ll; /* its link-local address */
	uint16_t preference;
	lke_time expires;
	struct {
		struct lke_in6 a;
		lke_time valid;
	} addr[HA_AGENT_ADDRS];
	unsigned addrs;
};

/* A node that resolves the anycast address. */
struct ha_asker {
	struct lke_in6 src, anycast;
	struct lke_lladdr ll;
	lke_time at;
};

/* Home link. */
struct ha_link {
	struct iface *ifc;		     /* NULL while the interface is not there */
	uint64_t fingerprint;		     /* of up, link-layer address, addresses */
	struct lke_in6 steered[IFACE_ADDRS]; /* our addresses that ESP is taken for */
	unsigned steereds;
	struct lke_in6 anycast[IFACE_ADDRS]; /* Home-Agents anycast addresses we answer for */
	unsigned anycasts;
	struct ha_heard heard[HA_HEARD_MAX];
	unsigned heards;
	bool managed, other; /* M and O of the last Router Advertisement */
	struct ha_agent agent[HA_AGENTS_MAX];
	unsigned agents;
	struct ha_asker asker[HA_ASKERS_MAX];
	unsigned askers;
	struct timer ra, anycast_timer;
	lke_time last_multicast;
	bool sent_any, advertising;
	struct nd_msg beside;  /* what the last advertisement of another daemon of this host said of
				  the  router; prefixes and options are not kept */
	unsigned initial_left; /* of MAX_INITIAL_RTR_ADVERTISEMENTS */
};

/* --- ha_prefix.c: the Prefix List of a home link --- */

/*
 * The prefix that makes home an on-link address there: one of an address of ours.  Its ends are
 * those we advertise, else those other routers advertise, else never.  NULL ret: only the question.
 */
bool ha_prefix_of(const struct lke_engine *e, const struct ha_link *l, const struct lke_in6 *home,
		  struct ha_heard *ret);
/* All prefixes of the link, ours first; at most max.  Returns their number. */
unsigned ha_prefix_list(const struct lke_engine *e, const struct ha_link *l, struct ha_heard *ret,
			unsigned max);
/* A valid Router Advertisement of another router.  True: something other than time changed. */
bool ha_prefix_heard(struct lke_engine *e, struct ha_link *l, const struct nd_msg *m);
/* Is a in a prefix of any home link? */
bool ha_prefix_is_home(const struct lke_engine *e, const struct lke_in6 *a);
/* For an option: what is left of the lifetime in whole seconds. */
uint32_t ha_prefix_left(const struct lke_engine *e, lke_time end);

/* --- ha_list.c: the Home Agents List --- */

/* A valid Router Advertisement from src (RFC 6275 10.5.1). */
void ha_list_heard(struct lke_engine *e, struct ha_link *l, const struct lke_in6 *src,
		   const struct nd_msg *m);
/*
 * The global addresses of this home agent and of the listed ones: by decreasing preference, those
 * of equal preference and those of one home agent in random order (RFC 6275 10.5.1).  own: our
 * address in the prefix that was asked for, always among them.  Returns their number, at most max.
 */
unsigned ha_list_addresses(struct lke_engine *e, struct ha_link *l, const struct lke_in6 *own,
			   struct lke_in6 *ret, unsigned max);

/* --- ha_discovery.c: Dynamic Home Agent Address Discovery --- */

void ha_discovery_update(struct lke_engine *e, struct ha_link *l);
void ha_discovery_stop(struct lke_engine *e, struct ha_link *l);
int ha_discovery_input(struct lke_engine *e, const struct pkt *p);
/* A Neighbor Solicitation for one of our anycast addresses?  Then it is answered in time. */
bool ha_discovery_solicited(struct lke_engine *e, struct ha_link *l, const struct pkt *p,
			    const struct nd_msg *m);
void ha_discovery_timer(struct lke_engine *e, struct ha_link *l);

/* --- ha_advertise.c: Router Advertisements --- */

void ha_advertise_update(struct lke_engine *e, struct ha_link *l);
void ha_advertise_stop(struct lke_engine *e, struct ha_link *l, bool final);
void ha_advertise_timer(struct lke_engine *e, struct ha_link *l);
/* Another daemon of this host advertised (augment). */
int ha_advertise_outgoing(struct lke_engine *e, struct ha_link *l, const struct pkt *p,
			  const struct nd_msg *m);
int ha_advertise_solicited(struct lke_engine *e, struct ha_link *l, const struct pkt *p);

#endif

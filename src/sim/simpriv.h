/* SPDX-License-Identifier: ISC */
/* What the files of the simulator share. */
#ifndef SIM_SIMPRIV_H
#define SIM_SIMPRIV_H

#include <stdlib.h>

#include "sim/simnet.h"

enum pending_kind { PENDING_FRAME, PENDING_RESULT, PENDING_LINK_UP };

/* What happens at a certain time. */
struct pending {
	lke_time at;
	uint64_t order;
	enum pending_kind kind;
	struct simnode *node;
	unsigned iface;
	struct simlink *link;
	struct lke_lladdr src, dst;
	uint64_t cookie;
	int err;
	size_t len;
	uint8_t *data;
};

struct simnet {
	lke_time now;
	uint64_t rng, order;
	struct simnode **node;
	lke_time *due; /* deadline of each node's engine */
	unsigned nodes, nodes_cap, due_cap;
	struct simlink **link;
	unsigned links, links_cap;
	struct pending **heap;
	size_t n, cap;
	struct simframe **frame;
	size_t frames, frames_cap;
	sim_observer *observe_frame;
	sim_probe_observer *observe_probe;
	void *ctx;
};

static inline void *sim_must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* Room for one more element in an array of n. */
static inline void *sim_grow(void *array, unsigned n, unsigned *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap ? 2 * *cap : 8;
	return sim_must(realloc(array, *cap * size));
}
#define SIM_GROW(array, n, cap) ((array) = sim_grow((array), (n), &(cap), sizeof(*(array))))

/* simnet.c */
void sim_transmit(struct simnet *s, struct simnode *from, unsigned iface,
		  const struct lke_lladdr *dst, const uint8_t *data, size_t len);
/* Link-layer address of whoever answers for addr on this link, as address resolution would find it.
 */
bool sim_resolve(const struct simlink *l, const struct simnode *asker, const struct lke_in6 *addr,
		 struct lke_lladdr *ret);
/* Carrier on this link from now on; NULL: none. */
void sim_plug(struct simnode *n, unsigned iface, struct simlink *l);

/* simtime.c */
void sim_later(struct simnet *s, struct pending *p); /* p->at is set; takes p over */
/* Feeds a result event later; data is copied. */
void sim_result_later(struct simnet *s, struct simnode *n, lke_time delay, uint64_t cookie, int err,
		      const uint8_t *data, size_t len);
void sim_time_done(struct simnet *s);

/* simtrace.c */
void sim_record(struct simnet *s, const struct simnode *from, unsigned iface,
		const struct lke_lladdr *dst, const uint8_t *data, size_t len);
void sim_trace_done(struct simnet *s);

/* simnode.c */
void simnode_receive(struct simnode *n, unsigned iface, const struct lke_lladdr *src,
		     const struct lke_lladdr *dst, const uint8_t *data, size_t len);
void simnode_drain(struct simnode *n);
void simnode_feed(struct simnode *n, const struct lke_event *ev);
void simnode_link_event(struct simnode *n, unsigned iface);

/* simplane.c */
void simnode_route(struct simnode *n, const uint8_t *pkt, size_t len, bool local);
void simnode_plane_done(struct simnode *n);

#endif

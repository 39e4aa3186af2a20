/* SPDX-License-Identifier: ISC */
/* The forwarding plane of a simulated node: paths, tunnels, interceptions, packets that wait. */
#include "sim/simplane.h"

#include <stdlib.h>
#include <string.h>

#include "wire/tunnel.h"

/* --- sets and tables --- */

void sim_set_change(struct simset *set, const struct lke_in6 *a, bool remove)
{
	for (unsigned i = 0; i < set->n; i++) {
		if (!in6_eq(&set->a[i], a))
			continue;
		if (remove)
			set->a[i] = set->a[--set->n];
		return;
	}
	if (remove)
		return;
	SIM_GROW(set->a, set->n, set->cap);
	set->a[set->n++] = *a;
}

bool sim_set_has(const struct simset *set, const struct lke_in6 *a)
{
	for (unsigned i = 0; i < set->n; i++)
		if (in6_eq(&set->a[i], a))
			return true;
	return false;
}

static struct simpath *path_of(struct simnode *n, const struct lke_in6 *src)
{
	for (unsigned i = 0; i < n->paths; i++)
		if (in6_eq(&n->path[i].src, src))
			return &n->path[i];
	return NULL;
}

void sim_path_change(struct simnode *n, const struct lke_act_path *p)
{
	struct simpath *f = path_of(n, &p->src);

	if (p->path == LKE_PATH_NONE) {
		if (f)
			*f = n->path[--n->paths];
		return;
	}
	if (!f) {
		SIM_GROW(n->path, n->paths, n->paths_cap);
		f = &n->path[n->paths++];
	}
	*f = (struct simpath){ p->src, p->path, p->ifindex, p->router };
}

void sim_tunnel_change(struct simnode *n, const struct lke_act_tunnel *t)
{
	struct simtunnel *free_slot = NULL;

	for (unsigned i = 0; i < n->tunnels; i++) {
		struct simtunnel *f = &n->tunnel[i];

		if (!f->used) {
			free_slot = free_slot ? free_slot : f;
			continue;
		}
		if (f->t.mobile_side == t->mobile_side && in6_eq(&f->t.home, &t->home) &&
		    in6_eq(&f->t.agent, &t->agent)) {
			if (!in6_eq(&f->t.coa, &t->coa)) {
				f->spent = 0;
				f->prev_coa = f->t.coa;
			}
			f->t = *t;
			f->used = !t->remove;
			return;
		}
	}
	if (t->remove)
		return;
	if (!free_slot) {
		SIM_GROW(n->tunnel, n->tunnels, n->tunnels_cap);
		free_slot = &n->tunnel[n->tunnels++];
	}
	*free_slot = (struct simtunnel){ .t = *t, .used = true };
}

void sim_address_change(struct simnode *n, const struct lke_act_addr *a)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	unsigned i = 0;

	while (i < n->addrs && !in6_eq(&n->addr[i].addr, &a->addr))
		i++;
	if (a->remove) {
		if (i == n->addrs)
			return;
		n->addr[i] = n->addr[--n->addrs];
	} else if (i == n->addrs) {
		SIM_GROW(n->addr, n->addrs, n->addrs_cap);
		n->addr[n->addrs++] = (struct simaddr){ a->addr, a->prefix_len, a->ifindex };
	} else {
		return;
	}
	ev.addr.ifindex = a->ifindex;
	ev.addr.addr = a->addr;
	ev.addr.prefix_len = a->prefix_len;
	ev.addr.removed = a->remove;
	if (a->ifindex)
		lke_engine_input(n->engine, &ev, sim_now(n->net));
}

/* --- forwarding --- */

static void send_frame(struct simnode *n, unsigned iface, const struct lke_in6 *next,
		       const uint8_t *pkt, size_t len)
{
	struct lke_lladdr ll;

	if (in6_is_multicast(next))
		ll = multicast_lladdr(next);
	else if (!n->iface[iface].link || !sim_resolve(n->iface[iface].link, n, next, &ll))
		return;
	sim_transmit(n->net, n, iface, &ll, pkt, len);
}

static struct simtunnel *tunnel_from_home(struct simnode *n, bool mobile,
					  const struct lke_in6 *home)
{
	for (unsigned i = 0; i < n->tunnels; i++)
		if (n->tunnel[i].used && n->tunnel[i].t.mobile_side == mobile &&
		    in6_eq(&n->tunnel[i].t.home, home))
			return &n->tunnel[i];
	return NULL;
}

static size_t wrap(const struct lke_in6 *src, const struct lke_in6 *dst, uint8_t *pkt, size_t len)
{
	uint8_t outer[TUNNEL_OVERHEAD];

	if (len + TUNNEL_OVERHEAD > SIM_PACKET_MAX || tunnel_may_enter(pkt, len) < 0)
		return 0;
	tunnel_outer(pkt, len, src, dst, 0, outer);
	memmove(pkt + TUNNEL_OVERHEAD, pkt, len);
	memcpy(pkt, outer, TUNNEL_OVERHEAD);
	return len + TUNNEL_OVERHEAD;
}

/* False: the packet has to wait for credit. */
static bool agent_encapsulate(struct simnode *n, const struct lke_in6 *home, const uint8_t *pkt,
			      size_t len)
{
	struct simtunnel *t = tunnel_from_home(n, false, home);
	uint8_t buf[SIM_PACKET_MAX];

	if (!t || t->t.suspended || len > sizeof(buf))
		return true;
	if (t->t.credit != UINT64_MAX) {
		if (t->t.credit < t->spent + len)
			return false;
		t->spent += len;
	}
	memcpy(buf, pkt, len);
	len = wrap(&t->t.agent, &t->t.coa, buf, len);
	t->packets_out++;
	t->bytes_out += len;
	if (len)
		simnode_route(n, buf, len, true);
	return true;
}

static void append(struct parked **first, struct parked **last, const uint8_t *pkt, size_t len)
{
	struct parked *p = sim_must(malloc(sizeof(*p) + len));

	p->next = NULL;
	p->len = len;
	memcpy(p->data, pkt, len);
	*(*first ? &(*last)->next : first) = p;
	*last = p;
}

static void park(struct simnode *n, const uint8_t *pkt, size_t len)
{
	append(&n->parked, &n->parked_last, pkt, len);
}

static void parked_free(struct parked *p)
{
	while (p) {
		struct parked *next = p->next;

		free(p);
		p = next;
	}
}

/* --- packets that wait at an access router --- */

static struct simqueue *queue_of(struct simnode *n, const struct lke_in6 *addr, bool make)
{
	struct simqueue *q;

	for (unsigned i = 0; i < n->queues; i++)
		if (in6_eq(&n->queue[i].how.addr, addr))
			return &n->queue[i];
	if (!make)
		return NULL;
	SIM_GROW(n->queue, n->queues, n->queues_cap);
	q = &n->queue[n->queues++];
	*q = (struct simqueue){ .how = { .what = LKE_BUFFER_TUNNEL, .addr = *addr } };
	return q;
}

/* One packet by the way the queue says.  False: it waits. */
static bool queue_pass(struct simnode *n, const struct simqueue *q, const uint8_t *pkt, size_t len)
{
	int iface;

	switch (q->how.what) {
	case LKE_BUFFER_KEEP:
		return false;
	case LKE_BUFFER_TUNNEL:
		return agent_encapsulate(n, &q->how.addr, pkt, len);
	case LKE_BUFFER_LINK:
		iface = iface_place(n, q->how.ifindex);
		if (iface >= 0)
			sim_transmit(n->net, n, (unsigned)iface, &q->how.lladdr, pkt, len);
		return true;
	case LKE_BUFFER_DROP:
		n->buffer_dropped++;
		return true;
	}
	return true;
}

static void queue_flush(struct simnode *n, struct simqueue *q)
{
	struct parked *p;

	while ((p = q->first) && queue_pass(n, q, p->data, p->len)) {
		q->first = p->next;
		q->packets--;
		free(p);
	}
}

void sim_buffer_change(struct simnode *n, const struct lke_act_buffer *a)
{
	struct simqueue *q = queue_of(n, &a->addr, true);

	q->how = *a;
	queue_flush(n, q);
	if (a->what == LKE_BUFFER_DROP)
		q->how.what = LKE_BUFFER_TUNNEL;
}

/* A packet that was drawn to the forwarding plane. */
static void intercepted(struct simnode *n, const struct lke_in6 *addr, const uint8_t *pkt,
			size_t len)
{
	struct simqueue *q = queue_of(n, addr, true);

	append(&q->first, &q->last, pkt, len);
	q->packets++;
	queue_flush(n, q);
}

/* The route is gone, or another tunnel stands: where the node was is over. */
void sim_queue_normal(struct simnode *n, const struct lke_in6 *addr)
{
	struct simqueue *q = queue_of(n, addr, false);

	if (!q || q->how.what == LKE_BUFFER_KEEP)
		return;
	q->how.what = LKE_BUFFER_TUNNEL;
	queue_flush(n, q);
}

/* LKE_TUNNEL_FIRST, as a forwarding plane says it. */
static void first_packet(struct simnode *n, const struct simtunnel *t)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	if (!n->reports || t->packets_in + t->packets_out != 1)
		return;
	ev.tunnel.what = LKE_TUNNEL_FIRST;
	ev.tunnel.outer_src = t->t.coa;
	ev.tunnel.outer_dst = t->t.agent;
	ev.tunnel.inner_src = t->t.home;
	lke_engine_input(n->engine, &ev, sim_now(n->net));
}

/* A packet that the host routed into the tunnel device of a mobile node. */
static void mobile_encapsulate(struct simnode *n, const uint8_t *pkt, size_t len)
{
	uint8_t buf[SIM_PACKET_MAX];
	struct lke_in6 src = src_of(pkt);
	struct simtunnel *t, *last = NULL;
	struct simpath *path;
	int iface;

	memcpy(buf, pkt, len);
	while (len && (t = tunnel_from_home(n, true, &src))) {
		len = wrap(&t->t.coa, &t->t.agent, buf, len);
		t->packets_out++;
		first_packet(n, t);
		src = t->t.coa;
		last = t;
	}
	if (!len)
		return;
	if (last) {
		iface = iface_place(n, last->t.ifindex);
		if (iface >= 0)
			sim_transmit(n->net, n, (unsigned)iface, &last->t.nexthop, buf, len);
		return;
	}
	path = path_of(n, &src);
	if (path && path->path == LKE_PATH_ROUTER) {
		iface = iface_place(n, path->ifindex);
		if (iface >= 0)
			send_frame(n, (unsigned)iface, &path->router, buf, len);
	}
}

void sim_release(struct simnode *n)
{
	struct parked *p;

	while (!n->hold && (p = n->parked)) {
		n->parked = p->next;
		mobile_encapsulate(n, p->data, p->len);
		free(p);
	}
}

static bool parked_from(const struct simnode *n, const struct lke_in6 *src)
{
	for (const struct parked *p = n->parked; p; p = p->next) {
		struct lke_in6 a = src_of(p->data);

		if (in6_eq(&a, src))
			return true;
	}
	return false;
}

static void by_path(struct simnode *n, const struct simpath *p, const uint8_t *pkt, size_t len)
{
	int iface;

	/* Another path is open to an address when nothing of it waits any more (docs/adr/0030). */
	if (n->hold && (p->path == LKE_PATH_TUNNEL || parked_from(n, &p->src))) {
		park(n, pkt, len);
		return;
	}
	if (p->path == LKE_PATH_TUNNEL) {
		mobile_encapsulate(n, pkt, len);
		return;
	}
	iface = iface_place(n, p->ifindex);
	if (iface >= 0)
		send_frame(n, (unsigned)iface, &p->router, pkt, len);
}

void simnode_route(struct simnode *n, const uint8_t *pkt, size_t len, bool local)
{
	struct lke_in6 dst = dst_of(pkt), src = src_of(pkt);
	const struct simroute *best = NULL;
	struct simpath *p;

	if (sim_set_has(&n->intercept, &dst)) {
		intercepted(n, &dst, pkt, len);
		return;
	}
	p = path_of(n, &src);
	if (local && p) {
		by_path(n, p, pkt, len);
		return;
	}
	for (unsigned i = 0; i < n->routes; i++) {
		const struct simroute *r = &n->route[i];

		if (in6_prefix_eq(&r->prefix, &dst, r->plen) && (!best || r->plen > best->plen))
			best = r;
	}
	if (best)
		send_frame(n, best->iface,
			   in6_is_unspecified(&best->gateway) ? &dst : &best->gateway, pkt, len);
}

void simnode_plane_done(struct simnode *n)
{
	parked_free(n->parked);
	for (unsigned k = 0; k < n->queues; k++)
		parked_free(n->queue[k].first);
	free(n->addr);
	free(n->route);
	free(n->tunnel);
	free(n->path);
	free(n->intercept.a);
	free(n->coa_dad.a);
	free(n->queue);
}

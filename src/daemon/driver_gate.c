/* SPDX-License-Identifier: ISC */
/*
 * The way around the TUN is closed while it is laid (gate.h): what the kernel sends directly from
 * then on waits in its neighbour's queue, behind what still stands in the TUN.  When the kernel
 * says that the route is changed, the rest is read and sent, and the way opened.  If there was no
 * rest, the privileged process has opened it already (tun_quiet.h).
 *
 * The engine's own packets to that neighbour wait too.  Its acknowledgement of a deregistration is
 * what a node answers with the advertisement that would open the gate too early.
 */
#include <string.h>

#include "base/in6.h"
#include "daemon/driver.h"

static void close_way(struct priv_request *r, const struct lke_lladdr *ll)
{
	if (ll->len != sizeof(r->lladdr))
		return; /* a link without such addresses has no such queue */
	r->lladdr_len = ll->len;
	memcpy(r->lladdr, ll->b, sizeof(r->lladdr));
}

void driver_gate_path(struct driver *d, struct priv_request *r)
{
	struct lke_router_view v;
	size_t cursor = 0;

	while (lke_engine_next_router(d->engine, &cursor, &v))
		if (v.ifindex == r->ifindex && in6_eq(&v.ll, &r->router))
			close_way(r, &v.lladdr);
}

void driver_gate_withdraw(struct driver *d, struct priv_request *r)
{
	struct lke_lladdr ll;
	uint32_t ifindex;

	if (!fwd_withdraw_link(d->fwd, &r->addr, &ifindex, &ll))
		return;
	close_way(r, &ll);
	r->ifindex = r->lladdr_len ? ifindex : 0;
}

/* Another path through the same gate is under way. */
static bool shared(const struct driver *d, const struct priv_request *r)
{
	for (uint64_t n = d->answered; r->type == PRIV_PATH && n < d->queued; n++) {
		const struct priv_request *o = &d->request[n % REQUESTS_MAX].msg;

		if (o->type == PRIV_PATH && o->lladdr_len && o->ifindex == r->ifindex &&
		    in6_eq(&o->router, &r->router))
			return true;
	}
	return false;
}

static bool closed(const struct driver *d, uint32_t ifindex, const struct lke_in6 *to)
{
	for (uint64_t n = d->answered; n < d->queued; n++) {
		const struct priv_request *o = &d->request[n % REQUESTS_MAX].msg;

		if (driver_gate_of(o) && o->ifindex == ifindex && in6_eq(&o->addr, to))
			return true;
	}
	return false;
}

bool driver_gate_holds(struct driver *d, const struct lke_act_send *a)
{
	enum { DST_OFF = 24 };
	struct driver_gate_frame *g = &d->gated[d->gateds];
	struct lke_in6 to;

	if (d->gates == 0 || d->gateds == GATE_FRAMES_MAX || a->len < 40 ||
	    a->len > sizeof(g->data))
		return false;
	memcpy(to.b, a->data + DST_OFF, sizeof(to.b));
	if (!closed(d, a->ifindex, &to))
		return false;
	g->to = to;
	g->ifindex = a->ifindex;
	g->dst = a->dst;
	g->len = a->len;
	memcpy(g->data, a->data, a->len);
	d->gateds++;
	return true;
}

static void send_gated(struct driver *d, const struct priv_request *r)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < d->gateds; i++) {
		const struct driver_gate_frame *g = &d->gated[i];

		if (g->ifindex != r->ifindex || !in6_eq(&g->to, &r->addr))
			d->gated[kept++] = *g;
		else if (driver_send_frame(d, g->ifindex, &g->dst, g->data, g->len))
			d->send_errors++;
	}
	d->gateds = kept;
}

void driver_gate_answered(struct driver *d, const struct priv_request *r, bool open)
{
	struct priv_request gate = { .type = PRIV_GATE, .ifindex = r->ifindex };

	d->gates -= driver_gate_of(r);
	if (r->lladdr_len == 0 || (r->type != PRIV_PATH && r->type != PRIV_INTERCEPT) ||
	    shared(d, r))
		return;
	gate.addr = r->type == PRIV_PATH ? r->router : r->addr;
	gate.lladdr_len = r->lladdr_len;
	memcpy(gate.lladdr, r->lladdr, sizeof(gate.lladdr));
	if (r->type == PRIV_PATH)
		driver_read_tun(d);
	if (!open)
		requests_add(d, &gate, 0);
	send_gated(d, r);
}

/* SPDX-License-Identifier: ISC */
/* Is the router in use still there?  Neighbor Unreachability Detection by the engine, because the
 * kernel's entry for the router is permanent (RFC 4861 7.3, RFC 6275 11.5.1). */
#include "core/mobile_node.h"

static void probe(struct lke_engine *e, struct mn_link *l)
{
	struct nd_msg m = { .type = ND_NS, .target = l->router->ll };
	uint8_t buf[128];
	int len;

	if (l->ll->state == MN_ADDR_PREFERRED)
		m.lladdr = l->ifc->lladdr;
	len = nd_encode(&m, &l->ll->addr, &l->router->ll, 0, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_MN, LKE_MSG_NS, l->ifc->ifindex, &l->router->lladdr, buf,
			    (size_t)len);
	l->probes++;
	arm(e, &l->probe, e->now + RETRANS_TIMER);
}

void mn_probe(struct lke_engine *e, struct mn_link *l)
{
	if (l->up && l->router && l->ll && !timer_armed(&l->probe)) {
		l->probes = 0;
		probe(e, l);
	}
}

void mn_probe_timer(struct lke_engine *e, struct mn_link *l)
{
	if (!l->up || !l->router || l->probes == 0)
		return;
	if (l->probes < AR_PROBES && l->ll) {
		probe(e, l);
		return;
	}
	l->router->reachable = false;
	l->probes = 0;
	mn_choose(e, l);
	if (!l->router)
		mn_solicit(e, l);
}

void mn_probe_answer(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
		     const struct nd_msg *m)
{
	if (!l->router || !in6_eq(&m->target, &l->router->ll) || !(m->na_flags & ND_NA_S) ||
	    !l->ll || !in6_eq(&p->ip.dst, &l->ll->addr) || !timer_armed(&l->probe))
		return;
	timerq_disarm(&e->timers, &l->probe);
	l->probes = 0;
	if (e->cfg.mn.local_only && !draft01(e) && lladdr_eq(&p->src_ll, &l->router->lladdr)) {
		l->lke_allowed = true;
		mn_kex_try(e, l);
	}
}

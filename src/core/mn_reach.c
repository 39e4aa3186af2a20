/* SPDX-License-Identifier: ISC */
/*
 * Is the router in use still there?  Neighbor Unreachability Detection by the engine, because the
 * kernel's entry for the router is permanent (RFC 4861 7.3, RFC 6275 11.5.1).  The engine does not
 * see the traffic, so it asks after a while without any sign of life: seldom enough that an idle
 * node sleeps, and at once when something makes it doubt (another router's advertisement, a Binding
 * Update without an answer, a suspend).
 */
#include "core/mobile_node.h"

#define QUIET	     (75 * LKE_SEC) /* without a sign of life */
#define QUIET_JITTER (15 * LKE_SEC)
#define DOUBT_GAP    (200 * LKE_MSEC) /* between solicitations when movement is likely */
#define PROOF_WANTED (4 * LKE_SEC)    /* LKE waits for an answer of the router (AMB-073) */
#define QUESTIONS    8		      /* so many are asked for that alone */
#define STAY	     (64 * LKE_SEC)   /* no hurry to leave a router taken so lately */

static lke_time gap(const struct lke_engine *e, const struct mn_link *l)
{
	return l->doubt && e->now - l->attached > STAY ? DOUBT_GAP : RETRANS_TIMER;
}

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
	l->questions++;
	l->asked = e->now;
	l->proof = e->now + PROOF_WANTED;
	arm(e, &l->probe, e->now + gap(e, l));
}

/* An advertisement shows that the router is there, not that it answers us. */
static bool proof_wanted(const struct lke_engine *e, const struct mn_link *l)
{
	return e->cfg.mn.local_only && !draft01(e) && !l->lke_allowed && l->router &&
	       l->router->lke && l->questions < QUESTIONS;
}

void mn_reach_confirmed(struct lke_engine *e, struct mn_link *l)
{
	l->probes = 0;
	l->doubt = false;
	/* Not later for each advertisement: some routers advertise ten times a second. */
	if (proof_wanted(e, l))
		arm(e, &l->probe, l->proof > e->now ? l->proof : e->now);
	else
		arm(e, &l->probe, e->now + QUIET + rnd_below(e, QUIET_JITTER));
}

static void ask(struct lke_engine *e, struct mn_link *l, bool doubt)
{
	if (!l->up || !l->router || !l->ll)
		return;
	if (l->probes == 0) {
		l->doubt = doubt;
		probe(e, l);
	} else if (doubt && !l->doubt) {
		l->doubt = true;
		arm(e, &l->probe, e->now + gap(e, l));
	}
}

void mn_probe(struct lke_engine *e, struct mn_link *l)
{
	ask(e, l, false);
}

void mn_doubt(struct lke_engine *e, struct mn_link *l)
{
	ask(e, l, true);
}

void mn_probe_timer(struct lke_engine *e, struct mn_link *l)
{
	if (!l->up || !l->router)
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
	    !l->ll || !in6_eq(&p->ip.dst, &l->ll->addr) || l->asked == 0 ||
	    e->now - l->asked > RETRANS_TIMER)
		return;
	l->asked = 0; /* one answer to a question */
	if (e->cfg.mn.local_only && !draft01(e) && lladdr_eq(&p->src_ll, &l->router->lladdr))
		l->lke_allowed = true;
	mn_reach_confirmed(e, l);
	if (l->lke_allowed)
		mn_kex_try(e, l);
}

void mn_resume(struct lke_engine *e)
{
	for (unsigned n = 0; n < e->mn->links; n++) {
		struct mn_link *l = e->mn->link[n];

		if (l->up && !l->router)
			mn_solicit(e, l);
		else
			mn_doubt(e, l);
		mn_kex_resume(e, l);
	}
}

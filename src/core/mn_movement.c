/* SPDX-License-Identifier: ISC */
/* Movement: links that come and go, Router Advertisements, the choice of an access router
 * (AMB-070). */
#include "core/mobile_node.h"

#define STEADY	   (4 * LKE_SEC) /* hysteresis of a preferred link that was lost, doubling */
#define STEADY_MAX (64 * LKE_SEC)

static bool better(const struct mn_router *a, const struct mn_router *b)
{
	if (!b)
		return true;
	if (a->lke != b->lke)
		return a->lke;
	if (a->preference != b->preference)
		return a->preference > b->preference;
	if (a->heard != b->heard)
		return a->heard > b->heard;
	return in6_cmp(&a->ll, &b->ll) < 0;
}

static bool usable(const struct lke_engine *e, const struct mn_link *l, const struct mn_router *r)
{
	return r && r->ifindex == l->ifc->ifindex && r->reachable && r->expires > e->now &&
	       mn_prefix_primary(e, l, r);
}

/* AMB-070; the choice stays while the router is reachable, unless only another one knows LKE. */
static struct mn_router *best_router(const struct lke_engine *e, const struct mn_link *l)
{
	struct mn_router *best = NULL;

	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (usable(e, l, r) && better(r, best))
			best = r;
	}
	if (usable(e, l, l->router) && best && l->router->lke == best->lke)
		return l->router;
	return best;
}

/* The router and care-of address stay; its link-layer address may have changed. */
static void refresh(struct lke_engine *e, struct mn_link *l)
{
	if (l == e->mn->active) {
		mn_home_tunnels_move(e);
		mn_main_route(e);
	}
}

static void take(struct lke_engine *e, struct mn_link *l, struct mn_router *r)
{
	const struct mn_prefix *p = mn_prefix_primary(e, l, r);
	struct mn_addr *coa = p ? mn_prefix_address(e, l, r, p) : NULL;

	if (!coa)
		return;
	if (r == l->router && coa == l->coa) {
		refresh(e, l);
		mn_prefix_others(e, l);
		mn_setting_use(e, l);
		return;
	}
	if (r != l->router) {
		mn_kex_cancel(e, l);
		l->lke_allowed = r->proved; /* draft 6.3: it has been, through this one */
		l->questions = 0;
	}
	l->router = r;
	timerq_disarm(&e->timers, &l->solicit);
	mn_reach_confirmed(e, l);
	mn_attach(e, l, coa);
	mn_neighbour(e, r, false);
	mn_prefix_others(e, l);
	mn_setting_use(e, l);
	if (r->rdnss_count > 0)
		mn_rdnss_tell(e, r);
}

void mn_choose(struct lke_engine *e, struct mn_link *l)
{
	struct mn_router *r = best_router(e, l);

	if (!l->up)
		return;
	if (!r) {
		if (l->router)
			mn_detach(e, l);
		l->router = NULL;
		return;
	}
	take(e, l, r);
}

int mn_take_router(struct lke_engine *e, struct mn_link *l, struct mn_router *r)
{
	if (!usable(e, l, r))
		return LKE_ERR_STATE;
	take(e, l, r);
	return 0;
}

/*
 * Movement (RFC 6275 11.5.1), conservative because advertisements are not authenticated: the
 * carrier counts at once.  Without a change of carrier the advertisement of a router not heard
 * since the link came up only asks whether the router in use is still there; the node moves when
 * that one is silent (0.6 s, 3 s after a change of router), says goodbye (Router Lifetime 0) or is
 * the only one of the two without LKE (AMB-070).  Another prefix alone proves nothing: one link may
 * have several routers with several prefixes.  A router known already brings no question, so a
 * flood of advertisements costs no more solicitations than there are places for routers.
 */
int mn_ra_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;
	struct mn_router *r;
	bool unknown;

	if (!l->up)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_STATE);
	unknown = !mn_router_find(e, p->ifc->ifindex, &p->ip.src);
	r = mn_router_get(e, p);
	if (!r)
		return -(int)LKE_DROP_LIMIT;
	count(e, LKE_STAT_RA_IN);
	mn_router_read(e, r, p, m);
	unknown = unknown || !r->reachable;
	r->preference = m->preference;
	r->heard = e->now;
	r->expires = e->now + (lke_time)m->router_lifetime * LKE_SEC;
	r->reachable = m->router_lifetime > 0;
	arm(e, &r->end, r->expires);
	if (l->router == r)
		mn_reach_confirmed(e, l);
	else if (l->router && r->reachable && unknown)
		mn_doubt(e, l);
	mn_choose(e, l);
	note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_NONE);
	mn_kex_try(e, l);
	return 0;
}

static void note_link(struct lke_engine *e, const struct mn_link *l, bool up)
{
	struct lke_note *n = note_new(e, LKE_NOTE_LINK, LKE_ROLE_MN);

	if (n) {
		n->ifindex = l->ifc->ifindex;
		n->value = up;
	}
}

/* A preferred link that is lost again and again must show that it lasts before it takes over. */
static void lose_patience(struct lke_engine *e, struct mn_link *l)
{
	timerq_disarm(&e->timers, &l->takeover);
	if (l->lost != 0 && e->now - l->lost < STEADY_MAX) {
		l->patience = l->patience ? l->patience * 2 : STEADY;
		if (l->patience > STEADY_MAX)
			l->patience = STEADY_MAX;
	} else {
		l->patience = 0;
	}
	l->lost = e->now;
}

void mn_link_up(struct lke_engine *e, struct mn_link *l)
{
	l->up = true;
	l->up_at = e->now;
	l->solicitations = 0;
	mn_linklocal(e, l);
	mn_solicit(e, l);
	if (l->ll)
		mn_addr_dad(e, l, l->ll);
	note_link(e, l, true);
}

void mn_link_down(struct lke_engine *e, struct mn_link *l)
{
	l->up = false;
	l->parted = true;
	lose_patience(e, l);
	timerq_disarm(&e->timers, &l->solicit);
	timerq_disarm(&e->timers, &l->probe);
	l->asked = 0;
	if (l->ll)
		timerq_disarm(&e->timers, &l->ll->dad);
	/* Whoever was heard before may be on another link now, or be another one of that name. */
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (!r || r->ifindex != l->ifc->ifindex)
			continue;
		r->reachable = false;
		r->prefixes = 0;
		r->mtu = 0;
		r->hop_limit = 0;
		r->another = true;
	}
	mn_kex_cancel(e, l);
	l->kex.disputed = 0;
	mn_detach(e, l);
	if (l->router)
		mn_neighbour(e, l->router, true);
	l->router = NULL;
	l->lke_allowed = false;
	note_link(e, l, false);
}

void mn_router_timer(struct lke_engine *e, struct mn_router *r)
{
	struct mn_link *l = mn_link_of(e, r->ifindex);

	r->reachable = false;
	if (l && l->router == r)
		mn_choose(e, l);
}

/* SPDX-License-Identifier: ISC */
/*
 * Attachment to a link: draft 2.1, 2.2.  Everything a handover needs leaves in one turn of the
 * engine, the Binding Update first: it needs nothing from the kernel, and every microsecond before
 * it is interruption.
 */
#include "core/mobile_node.h"

#define RETURN_BIND_WAIT (20 * LKE_MSEC) /* for the answer to a deregistration */

bool mn_registered(const struct lke_engine *e, const struct lke_in6 *coa)
{
	for (unsigned n = 0; n < e->mn->homes; n++)
		if (in6_eq(&e->mn->home[n].coa, coa))
			return true;
	return false;
}

struct mn_link *mn_link_at(const struct lke_engine *e, const struct lke_in6 *coa)
{
	const struct mn_addr *a = mn_addr_find(e, coa);

	for (unsigned n = 0; n < e->mn->links; n++) {
		struct mn_link *l = e->mn->link[n];

		if (a && l->up && l->router && mn_addr_here(l, a))
			return l;
	}
	return NULL;
}

/* A link earlier in the configuration is preferred (lke.conf(5)); one that was lost lately has to
 * last first. */
static bool takes_over(struct lke_engine *e, struct mn_link *l)
{
	const struct mn_link *a = e->mn->active;

	if (!a || a == l || !a->coa)
		return true;
	if (l->order > a->order)
		return false;
	if (e->now >= l->up_at + l->patience)
		return true;
	arm(e, &l->takeover, l->up_at + l->patience);
	return false;
}

void mn_takeover_timer(struct lke_engine *e, struct mn_link *l)
{
	if (l->up && l->router && l->coa && l != e->mn->active)
		mn_attach(e, l, l->coa);
}

/* AMB-126: of the care-of addresses with a live key and an accepted binding the one whose key was
 * made first. */
static bool oldest(const struct lke_engine *e, struct lke_in6 *ret)
{
	const struct mn_lbsa *best = NULL;

	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		const struct update *u = e->mn->update[n];
		const struct mn_lbsa *b;

		if (!u || u->reg || !u->accepted || in6_eq(&u->home, &e->mn->current))
			continue;
		b = mn_lbsa_of(e, &u->home, NULL);
		if (b && b->expires > e->now + mn_lbsa_threshold(b) &&
		    (!best || b->since < best->since))
			best = b;
	}
	if (best)
		*ret = best->coa;
	return best != NULL;
}

struct bound {
	struct lke_in6 coa[MN_TEMPORARY_AGENTS];
	unsigned n;
};

static void bind_one(struct lke_engine *e, struct bound *b, const struct lke_in6 *coa)
{
	if (b->n == MN_TEMPORARY_AGENTS || in6_is_unspecified(coa) ||
	    in6_eq(coa, &e->mn->current) || mn_link_at(e, coa) == e->mn->active)
		return; /* another prefix of this link needs no tunnel */
	for (unsigned n = 0; n < b->n; n++)
		if (in6_eq(&b->coa[n], coa))
			return;
	if (mn_bind(e, coa, false))
		b->coa[b->n++] = *coa;
}

/* The addresses of the other prefixes of the previous link, those that have keys. */
static void bind_siblings(struct lke_engine *e, struct bound *b)
{
	const struct mn_addr *previous = mn_addr_find(e, &e->mn->previous);

	for (unsigned n = 0; previous && n < MN_ADDRS; n++) {
		const struct mn_addr *a = e->mn->addr[n];

		if (a && a != previous && a->state == MN_ADDR_DEPRECATED &&
		    in6_eq(&a->router, &previous->router) && a->left != 0 &&
		    a->left == previous->left)
			bind_one(e, b, &a->addr);
	}
}

/*
 * Every other binding that packets use follows (AMB-127): at once while there is room, else one
 * after another.  A chain of routers would end at four headers (AMB-122).
 */
static void bind_used(struct lke_engine *e, struct bound *b)
{
	lke_time at = e->now;

	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (!u || u->reg || u->dereg || u->outstanding || !u->accepted || !u->used ||
		    in6_eq(&u->coa, &e->mn->current) || in6_eq(&u->home, &e->mn->current))
			continue;
		if (b->n < MN_TEMPORARY_AGENTS) {
			bind_one(e, b, &u->home);
			continue;
		}
		at += MN_REBIND_PACE;
		arm(e, &u->timer, at);
	}
}

/* AMB-180: the access router of the registered care-of address, and the last previous one. */
static void bind_previous(struct lke_engine *e, struct bound *b)
{
	struct lke_in6 first;

	b->n = 0;
	for (unsigned n = 0; n < e->mn->homes; n++)
		bind_one(e, b, &e->mn->home[n].coa);
	if (e->mn->homes == 0 && oldest(e, &first))
		bind_one(e, b, &first);
	bind_one(e, b, &e->mn->previous);
	bind_siblings(e, b);
	bind_used(e, b);
}

static bool is_bound(const struct bound *b, const struct lke_in6 *coa)
{
	for (unsigned n = 0; n < b->n; n++)
		if (in6_eq(&b->coa[n], coa))
			return true;
	return false;
}

static bool registration_runs(const struct lke_engine *e, const struct mn_home *h)
{
	const struct update *u = update_find(e, &h->cfg->addr, &h->agent);

	return u && u->outstanding;
}

/* Is the key of the temporary home agent good for a while, so that the home agent need not know? */
static bool lasting(const struct lke_engine *e, const struct lke_in6 *coa)
{
	const struct mn_lbsa *b = mn_lbsa_of(e, coa, NULL);

	return in6_eq(coa, &e->mn->current) || (b && b->expires > e->now + mn_lbsa_threshold(b));
}

/*
 * draft 2.2: `oldest` tells the home agent nothing while a temporary home agent serves the
 * registered care-of address; `both` tells it always.  Data takes the old way until the home agent
 * has answered (AMB-125).
 */
static void move_home(struct lke_engine *e, struct mn_home *h, const struct bound *b)
{
	bool here = in6_eq(&h->coa, &e->mn->current);
	bool served = here || is_bound(b, &h->coa);
	/* draft 2.1 case (1): without LKE here, no later router could take over. */
	bool plain = !e->mn->active->router || !e->mn->active->router->lke || !e->cfg.mn.lke;

	if (mn_mobile_prefix_limit(e, h, 1) == 0)
		return; /* the home address has ended */
	/* Make before break: the old link carries on until the home agent has answered. */
	if (!served)
		served = mn_link_at(e, &h->coa) != NULL;
	mn_home_tunnel(e, h, served ? &h->coa : &e->mn->current);
	served = here || is_bound(b, &h->coa);
	if (served && !registration_runs(e, h) &&
	    (here || (e->cfg.mn.strategy == LKE_STRATEGY_OLDEST && !plain && lasting(e, &h->coa))))
		return;
	if (served && !here && !plain && lasting(e, &h->coa) && mn_steady_postpone(e))
		return;
	mn_register(e, h, &e->mn->current);
}

static void note_attached(struct lke_engine *e, const struct mn_link *l)
{
	struct lke_note *n = note_new(e, LKE_NOTE_ATTACHED, LKE_ROLE_MN);

	if (!n)
		return;
	n->ifindex = l->ifc->ifindex;
	n->addr = l->coa->addr;
	n->peer = l->router->ll;
	n->value = e->now - l->up_at;
}

/* Standby: the address is ready, nothing moves there. */
static void attach_standby(struct lke_engine *e, struct mn_link *l)
{
	mn_addr_use(e, l, l->coa);
	note_attached(e, l);
	mn_kept_follow(e, l);
}

static void leave_old(struct lke_engine *e, const struct lke_in6 *addr, const struct mn_addr *coa)
{
	struct mn_addr *old = mn_addr_find(e, addr);

	if (!old || old == coa)
		return;
	if (mn_link_at(e, addr))
		return; /* still usable on its own link */
	mn_path(e, old, LKE_PATH_TUNNEL);
	mn_addr_deprecate(e, old);
}

/* Draft 2.1, 2.2: previous access routers first, then the home agents that must know. */
static void bind_and_register(struct lke_engine *e, bool moved)
{
	struct mobile_node *mn = e->mn;
	struct bound b = { .n = 0 };

	if (moved)
		bind_previous(e, &b);
	for (unsigned n = 0; n < mn->homes; n++) {
		struct mn_home *h = &mn->home[n];

		if (mn_home_link(mn->active, h))
			mn_home_return(e, h);
		else if (moved || !in6_eq(&h->coa, &mn->current))
			move_home(e, h, &b);
	}
	mn_leave_rebind(e);
}

void mn_bind_pending(struct lke_engine *e)
{
	if (!e->mn->bind_pending)
		return;
	e->mn->bind_pending = false;
	timerq_disarm(&e->timers, &e->mn->bind);
	bind_and_register(e, true);
	mn_hold(e, false);
}

/*
 * Back on a former link: answers of other routers to this care-of address would go into its old
 * tunnel until the deregistration is done, so they are asked behind it; and what is parked goes
 * behind their Binding Updates.
 */
static void bind_behind_return(struct lke_engine *e)
{
	e->mn->bind_pending = true;
	arm(e, &e->mn->bind, e->now + RETURN_BIND_WAIT);
}

/* After a change of the link-layer address neighbours learn it, and the access router by a renewal,
 * whose proof shows the owner (AMB-054, AMB-170). */
static void announce(struct lke_engine *e, struct mn_link *l)
{
	if (!l->announce)
		return;
	l->announce = false;
	mn_send_na(e, l, &l->coa->addr, NULL, NULL);
	l->announced = e->now;
	if (mn_lbsa_of(e, &l->coa->addr, NULL)) {
		mn_kex_hold(e, l, MN_RETURN_STAY);
		l->kex.early = true;
	}
}

/*
 * A router that sent something here while the node was away may wait for its next solicitation, up
 * to a second: it learns the new address now (RFC 9131).  Not where it knows the address as one
 * that it defends or examines.
 */
static void tell_routers(struct lke_engine *e, struct mn_link *l, const struct mn_addr *coa)
{
	bool examined = mn_addr_here(l, coa) && coa->state != MN_ADDR_OPTIMISTIC;

	if (!examined && !mn_lbsa_of(e, &coa->addr, NULL))
		mn_send_na_optimistic(e, l, &coa->addr);
}

void mn_attach(struct lke_engine *e, struct mn_link *l, struct mn_addr *coa)
{
	struct mobile_node *mn = e->mn;
	struct lke_in6 old = mn->current;
	bool moved = !in6_eq(&old, &coa->addr) || mn->bind_pending;
	bool returns = update_of(e, &coa->addr) || mn_lbsa_may_be_bound(e, &coa->addr);

	l->coa = coa;
	l->attached = e->now;
	if (!takes_over(e, l)) {
		attach_standby(e, l);
		mn_addr_clean(e);
		return;
	}
	returns = mn_leave_attached(e, &coa->addr) || returns;
	if (mn->active && mn->active != l) {
		mn_kex_cancel(e, mn->active); /* its address is about to be bound (AMB-053) */
		mn_home_leave(e, mn->active);
	}
	timerq_disarm(&e->timers, &l->takeover);
	mn->bind_pending = false;
	mn->active = l;
	mn->current = coa->addr;
	if (moved)
		mn_steady_moved(e);
	/* The next address on the same link replaces one in all bindings, another prefix of it
	 * needs none; neither is a move (AMB-180). */
	if (moved && !in6_prefix_eq(&old, &coa->addr, coa->plen) && mn_link_at(e, &old) != l)
		mn->previous = old;
	/* Back on its link the address leaves its own tunnel (draft 4.2, AMB-117). */
	if (returns) {
		mn_bind(e, &coa->addr, true);
		mn_tunnel_clear(e, coa);
	}
	if (moved && !returns)
		tell_routers(e, l, coa);
	if (moved && returns)
		bind_behind_return(e);
	else
		bind_and_register(e, moved);
	mn_home_tunnels_move(e);
	if (moved && !mn->bind_pending)
		mn_hold(e, false);
	mn_addr_use(e, l, coa);
	leave_old(e, &old, coa);
	/* Back on the link it came from, its own packets wait for the path that was set now. */
	if (!mn->bind_pending)
		mn_hold(e, false);
	mn_main_route(e);
	note_attached(e, l);
	announce(e, l);
	if (e->cfg.mn.local_only)
		mn_probe(e, l);
	mn_lbsa_back(e, &coa->addr);
	mn_kept_follow(e, l);
	mn_addr_clean(e);
}

static struct mn_link *another_link(const struct lke_engine *e, const struct mn_link *gone)
{
	struct mn_link *best = NULL;

	for (unsigned n = 0; n < e->mn->links; n++) {
		struct mn_link *l = e->mn->link[n];

		if (l != gone && l->up && l->router && l->coa && (!best || l->order < best->order))
			best = l;
	}
	return best;
}

/* The addresses of other prefixes leave the link with the primary one. */
static void leave_others(struct lke_engine *e, const struct mn_link *l, const struct mn_addr *coa)
{
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (!a || a == coa || !mn_addr_here(l, a))
			continue;
		mn_path(e, a, LKE_PATH_TUNNEL);
		mn_addr_deprecate(e, a);
	}
}

void mn_detach(struct lke_engine *e, struct mn_link *l)
{
	struct mn_addr *coa = l->coa;
	struct mn_link *next = another_link(e, l);
	struct lke_note *n;

	l->coa = NULL;
	if (!coa)
		return;
	leave_others(e, l, coa);
	coa->here = false;
	coa->left = e->now;
	if (e->mn->active != l) {
		const struct update *u = update_of(e, &coa->addr);

		mn_addr_deprecate(e, coa);
		if (u && !u->dereg)
			mn_tunnel_set(e, coa, &u->agent);
		mn_home_tunnels_move(e);
		mn_path(e, coa, LKE_PATH_TUNNEL);
		return;
	}
	mn_home_leave(e, l);
	e->mn->active = NULL;
	/* What is pending stays so: also the same link, if it is the next one, has to do it. */
	timerq_disarm(&e->timers, &e->mn->bind);
	/* Packets wait at the tunnel device for the next link (PLATFORM: parking). */
	mn_hold(e, true);
	mn_leave_detached(e);
	mn_path(e, coa, LKE_PATH_TUNNEL);
	n = note_new(e, LKE_NOTE_DETACHED, LKE_ROLE_MN);
	if (n) {
		n->ifindex = l->ifc->ifindex;
		n->addr = coa->addr;
	}
	if (next)
		mn_attach(e, next, next->coa);
}

void mn_fallback(struct lke_engine *e, const struct lke_in6 *coa, const char *why)
{
	struct lke_note *note;
	bool asked = false;

	for (unsigned n = 0; n < e->mn->homes; n++) {
		struct mn_home *h = &e->mn->home[n];
		struct update *u = update_find(e, &h->cfg->addr, &h->agent);

		if (!in6_eq(&h->coa, coa) || in6_eq(coa, &e->mn->current) ||
		    (u && u->outstanding && in6_eq(&u->coa, &e->mn->current)))
			continue;
		mn_register(e, h, &e->mn->current);
		asked = true;
	}
	if (!asked)
		return;
	count(e, LKE_STAT_FALLBACKS);
	note = note_new(e, LKE_NOTE_FALLBACK, LKE_ROLE_MN);
	if (note) {
		note->addr = *coa;
		note_text(note, why);
	}
}

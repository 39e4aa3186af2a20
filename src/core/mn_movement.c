/* SPDX-License-Identifier: ISC */
/* Movement: links that come and go, Router Advertisements, the choice of an access router
 * (AMB-070). */
#include "core/mobile_node.h"

#define SOLICIT_MAX (64 * LKE_SEC) /* RFC 7559 keeps asking, less and less often */

struct mn_router *mn_router_find(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll)
{
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (r && r->ifindex == ifindex && in6_eq(&r->ll, ll))
			return r;
	}
	return NULL;
}

static void neighbour(struct lke_engine *e, struct mn_router *r, bool remove)
{
	struct lke_action *a;

	if (r->lladdr.len == 0 || (remove && !r->neigh_set))
		return;
	a = act_new(e, LKE_ACT_NEIGH);
	if (!a)
		return;
	r->neigh_set = !remove;
	a->neigh.ifindex = r->ifindex;
	a->neigh.addr = r->ll;
	a->neigh.lladdr = r->lladdr;
	a->neigh.remove = remove;
}

static void router_free(struct lke_engine *e, unsigned n)
{
	struct mn_router *r = e->mn->router[n];

	neighbour(e, r, true);
	timerq_disarm(&e->timers, &r->end);
	for (unsigned k = 0; k < e->mn->links; k++)
		if (e->mn->link[k]->router == r)
			e->mn->link[k]->router = NULL;
	e->mn->router[n] = NULL;
	mem_free(r);
}

static bool router_in_use(const struct lke_engine *e, const struct mn_router *r)
{
	for (unsigned k = 0; k < e->mn->links; k++)
		if (e->mn->link[k]->router == r)
			return true;
	return false;
}

/* A place for one more router: a free one, or that of a silent one heard longest ago; never of one
 * in use or heard since the link came up, so that forged advertisements push out nothing (THREATS
 * 47). */
static unsigned router_place(struct lke_engine *e)
{
	unsigned best = MN_ROUTERS_MAX;

	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		const struct mn_router *r = e->mn->router[n];

		if (!r)
			return n;
		if (r->reachable || router_in_use(e, r))
			continue;
		if (best == MN_ROUTERS_MAX || r->heard < e->mn->router[best]->heard)
			best = n;
	}
	if (best < MN_ROUTERS_MAX)
		router_free(e, best);
	return best;
}

static struct mn_router *router_get(struct lke_engine *e, const struct pkt *p)
{
	struct mn_router *r = mn_router_find(e, p->ifc->ifindex, &p->ip.src);
	unsigned n;

	if (r)
		return r;
	n = router_place(e);
	if (n == MN_ROUTERS_MAX) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	r = mem_zalloc(sizeof(*r));
	if (!r) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	r->ll = p->ip.src;
	r->ifindex = p->ifc->ifindex;
	r->kex_seq = (uint16_t)rnd_u32(e);
	timer_init(&r->end, MN_T_ROUTER, r);
	e->mn->router[n] = r;
	return r;
}

static void note_key_changed(struct lke_engine *e, const struct mn_router *r)
{
	struct lke_note *n = note_new(e, LKE_NOTE_KEY_CHANGED, LKE_ROLE_MN);

	if (n) {
		n->ifindex = r->ifindex;
		n->peer = r->ll;
	}
}

/* AMB-076: a changed key counts from the next exchange; keys that alternate stop new exchanges. */
static void key_changed(struct lke_engine *e, struct mn_link *l, struct mn_router *r)
{
	note_key_changed(e, r);
	if (!draft01(e) && r->key_seen != 0 && e->now - r->key_seen < MN_KEY_ALTERNATION)
		r->suspended_until = e->now + MN_KEY_ALTERNATION;
	r->key_seen = e->now;
	mn_kex_key_changed(e, l, r);
}

/* Option 6 counts with H only (AMB-071); a bad key makes only the option unusable (AMB-010). */
static void read_capability(struct lke_engine *e, struct mn_link *l, struct mn_router *r,
			    const struct nd_msg *m)
{
	struct rsa_pub_info info;

	r->lke = false;
	if (!m->has_lke || !(m->ra_flags & ND_RA_H) || m->lke_max_lifetime == 0 ||
	    m->lke_max_lifetime == UINT16_MAX)
		return;
	r->max_lifetime = m->lke_max_lifetime;
	if (r->has_key && m->lke_key_len >= r->spki_len &&
	    memcmp(m->lke_key, r->spki, r->spki_len) == 0) {
		r->lke = true;
		return;
	}
	if (rsa_pub_check(m->lke_key, m->lke_key_len, &info) < 0 || info.der_len > RSA_SPKI_MAX ||
	    m->lke_key_len - info.der_len >= 8 || info.bits < e->cfg.mn.min_rsa_bits) {
		drop(e, LKE_DROP_KEX_KEY_UNUSABLE);
		return;
	}
	memcpy(r->spki, m->lke_key, info.der_len);
	r->spki_len = info.der_len;
	r->modulus_len = info.modulus_len;
	r->rsa_bits = (uint16_t)info.bits;
	r->lke = true;
	if (r->has_key)
		key_changed(e, l, r);
	r->has_key = true;
}

static void read_prefix(struct mn_router *r, const struct nd_msg *m)
{
	for (unsigned n = 0; n < m->prefixes; n++) {
		const struct nd_prefix *x = &m->prefix[n];

		if (!(x->flags & ND_PIO_A) || x->len != 64 || x->valid == 0 ||
		    x->preferred > x->valid || !in6_is_global(&x->prefix))
			continue;
		r->pio = *x;
		r->has_pio = true;
		return;
	}
	/* An advertisement may leave prefixes out (RFC 4861 6.2.3); the former ones go on. */
}

static void read_lladdr(struct lke_engine *e, struct mn_router *r, const struct pkt *p,
			const struct nd_msg *m)
{
	struct lke_lladdr ll = m->lladdr.len > 0 ? m->lladdr : p->src_ll;

	if (lladdr_eq(&ll, &r->lladdr))
		return;
	r->lladdr = ll;
	if (r->neigh_set)
		neighbour(e, r, false);
}

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
	return r && r->ifindex == l->ifc->ifindex && r->reachable && r->has_pio &&
	       r->expires > e->now;
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

/* The router and care-of address stay; its prefix or link-layer address may have changed a little.
 */
static void refresh(struct lke_engine *e, struct mn_link *l)
{
	mn_addr_lifetimes(e, l->coa, &l->router->pio);
	mn_addr_announce(e, l->coa);
	if (l == e->mn->active) {
		mn_home_tunnels_move(e);
		mn_main_route(e);
	}
}

static void take(struct lke_engine *e, struct mn_link *l, struct mn_router *r)
{
	struct mn_addr *coa = mn_coa_in_prefix(e, l->ifc->ifindex, &r->pio, &r->ll);
	bool fresh = !coa;

	if (coa && r == l->router && l->coa == coa) {
		refresh(e, l);
		return;
	}
	if (!coa)
		coa = mn_addr_new(e, l, &r->pio.prefix, r->pio.len, 0);
	if (!coa)
		return;
	coa->router = r->ll;
	mn_addr_lifetimes(e, coa, &r->pio);
	if (r != l->router) {
		mn_kex_cancel(e, l);
		l->lke_allowed = false;
	}
	l->router = r;
	timerq_disarm(&e->timers, &l->solicit);
	mn_attach(e, l, coa, fresh);
	neighbour(e, r, false);
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

int mn_ra_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;
	struct mn_router *r;

	if (!l->up)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_STATE);
	r = router_get(e, p);
	if (!r)
		return -(int)LKE_DROP_LIMIT;
	count(e, LKE_STAT_RA_IN);
	read_lladdr(e, r, p, m);
	read_prefix(r, m);
	read_capability(e, l, r, m);
	r->preference = m->preference;
	r->heard = e->now;
	r->expires = e->now + (lke_time)m->router_lifetime * LKE_SEC;
	r->reachable = m->router_lifetime > 0;
	arm(e, &r->end, r->expires);
	if (l->router == r)
		l->probes = 0;
	else if (l->router && r->reachable)
		mn_probe(e,
			 l); /* a new router may mean that the old one is gone, RFC 6275 11.5.1 */
	mn_choose(e, l);
	note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_NONE);
	mn_kex_try(e, l, false);
	return 0;
}

/* RFC 4861 6.3.7; from the link-local, without our link-layer address while that one is optimistic
 * (RFC 4429 3.3), so that the access router answers by unicast at once (AMB-181). */
static void solicit(struct lke_engine *e, struct mn_link *l)
{
	struct nd_msg m = { .type = ND_RS };
	lke_time wait = RTR_SOLICITATION_INTERVAL;
	uint8_t buf[128];
	int len;

	if (l->ll && l->ll->state == MN_ADDR_PREFERRED)
		m.lladdr = l->ifc->lladdr;
	len = nd_encode(&m, l->ll ? &l->ll->addr : &in6_unspecified, &in6_all_routers, 0, buf,
			sizeof(buf));
	if (len > 0) {
		send_packet(e, LKE_ROLE_MN, LKE_MSG_RS, l->ifc->ifindex, NULL, buf, (size_t)len);
		count(e, LKE_STAT_RS_SENT);
	}
	l->solicitations++;
	for (unsigned n = MAX_RTR_SOLICITATIONS; n < l->solicitations && wait < SOLICIT_MAX; n++)
		wait *= 2;
	arm(e, &l->solicit, e->now + wait);
}

void mn_solicit_timer(struct lke_engine *e, struct mn_link *l)
{
	if (l->up && !l->router)
		solicit(e, l);
}

static void note_link(struct lke_engine *e, const struct mn_link *l, bool up)
{
	struct lke_note *n = note_new(e, LKE_NOTE_LINK, LKE_ROLE_MN);

	if (n) {
		n->ifindex = l->ifc->ifindex;
		n->value = up;
	}
}

void mn_link_up(struct lke_engine *e, struct mn_link *l)
{
	l->up = true;
	l->up_at = e->now;
	l->solicitations = 0;
	mn_linklocal(e, l);
	solicit(e, l);
	if (l->ll)
		mn_addr_dad(e, l, l->ll);
	note_link(e, l, true);
}

void mn_link_down(struct lke_engine *e, struct mn_link *l)
{
	l->up = false;
	timerq_disarm(&e->timers, &l->solicit);
	timerq_disarm(&e->timers, &l->probe);
	if (l->ll)
		timerq_disarm(&e->timers, &l->ll->dad);
	/* Whoever was heard before may be on another link now. */
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++)
		if (e->mn->router[n] && e->mn->router[n]->ifindex == l->ifc->ifindex)
			e->mn->router[n]->reachable = false;
	mn_kex_cancel(e, l);
	mn_detach(e, l);
	if (l->router)
		neighbour(e, l->router, true);
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
		solicit(e, l);
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
		mn_kex_try(e, l, false);
	}
}

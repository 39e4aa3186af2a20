/* SPDX-License-Identifier: ISC */
/* Movement: links that come and go, Router Advertisements, the choice of an access router
 * (AMB-070). */
#include "core/mobile_node.h"

#define SOLICIT_MAX (64 * LKE_SEC) /* RFC 7559 keeps asking, less and less often */
#define RS_RATE	    2		   /* per s and link, however often the carrier flaps */
#define RS_BURST    6
#define LKE_MISSING 3		  /* advertisements without option 6 before it counts as gone */
#define STEADY	    (4 * LKE_SEC) /* hysteresis of a preferred link that was lost, doubling */
#define STEADY_MAX  (64 * LKE_SEC)

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

void mn_routers_forget(struct lke_engine *e, uint32_t ifindex)
{
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (!r || r->ifindex != ifindex)
			continue;
		r->neigh_set = false; /* the kernel took it away with the interface */
		router_free(e, n);
	}
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
	tbf_init(&r->notes, 1, 3, e->now);
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
	if (tbf_take(&r->notes, 1, e->now))
		note_key_changed(e, r);
	/* While a key lives another public key is a candidate only: a home agent has to answer
	 * through the router again (THREATS 43). */
	if (!draft01(e) && l->router == r && l->coa && mn_lbsa_of(e, &l->coa->addr, NULL))
		l->lke_allowed = false;
	if (!draft01(e) && r->key_seen != 0 && e->now - r->key_seen < MN_KEY_ALTERNATION)
		r->suspended_until = e->now + MN_KEY_ALTERNATION;
	r->key_seen = e->now;
	mn_kex_key_changed(e, l, r);
}

/* Never beyond the router's or the home agent's lifetime (draft 3.1.1, THREATS 46). */
static uint16_t capped_lifetime(const struct nd_msg *m)
{
	uint16_t max = m->lke_max_lifetime;

	if (m->router_lifetime > 0 && m->router_lifetime < max)
		max = m->router_lifetime;
	if (m->has_ha_info && m->ha_lifetime > 0 && m->ha_lifetime < max)
		max = m->ha_lifetime;
	return max;
}

/* Option 6 counts with H only (AMB-071); a bad key makes only the option unusable (AMB-010). */
static void read_capability(struct lke_engine *e, struct mn_link *l, struct mn_router *r,
			    const struct nd_msg *m)
{
	struct rsa_pub_info info;

	/* A router may spread its options over several advertisements (RFC 4861 6.2.3). */
	if (!m->has_lke || !(m->ra_flags & ND_RA_H) || m->lke_max_lifetime == 0 ||
	    m->lke_max_lifetime == UINT16_MAX) {
		if (++r->without >= LKE_MISSING)
			r->lke = false;
		return;
	}
	r->max_lifetime = capped_lifetime(m);
	if (r->has_key && m->lke_key_len >= r->spki_len &&
	    memcmp(m->lke_key, r->spki, r->spki_len) == 0) {
		r->lke = true;
		r->without = 0;
		return;
	}
	if (rsa_pub_check(m->lke_key, m->lke_key_len, &info) < 0 || info.der_len > RSA_SPKI_MAX ||
	    m->lke_key_len - info.der_len >= 8 || info.bits < e->cfg.mn.min_rsa_bits) {
		drop(e, LKE_DROP_KEX_KEY_UNUSABLE);
		r->lke = false;
		return;
	}
	memcpy(r->spki, m->lke_key, info.der_len);
	r->spki_len = info.der_len;
	r->modulus_len = info.modulus_len;
	r->rsa_bits = (uint16_t)info.bits;
	r->lke = true;
	r->without = 0;
	if (r->has_key)
		key_changed(e, l, r);
	r->has_key = true;
}

/* Lifetime 0 deprecates a prefix, it does not end what was made of it (RFC 4862 5.5.3 e). */
static void learn_prefix(struct mn_router *r, const struct nd_prefix *x, lke_time now)
{
	unsigned n = 0;

	while (n < r->prefixes &&
	       !(r->known[n].pio.len == x->len && in6_eq(&r->known[n].pio.prefix, &x->prefix)))
		n++;
	if (n < r->prefixes && x->valid == 0) {
		r->known[n].pio.preferred = 0;
		return;
	}
	if (x->valid == 0)
		return;
	for (unsigned k = 0; n == MN_PREFIXES && k < MN_PREFIXES; k++)
		if (r->known[k].until <= now)
			n = k;
	if (n == MN_PREFIXES)
		return;
	if (n == r->prefixes)
		r->prefixes++;
	r->known[n].pio = *x;
	r->known[n].until =
		x->valid == LKE_LIFETIME_INFINITE ? LKE_NEVER : now + (lke_time)x->valid * LKE_SEC;
}

/*
 * One prefix of the router makes the care-of address, and it stays while it is preferred: an
 * advertisement may leave prefixes out or order them anew (RFC 4861 6.2.3), which is no movement.
 */
static void read_prefix(struct mn_router *r, const struct nd_msg *m, lke_time now)
{
	const struct nd_prefix *best = NULL;

	for (unsigned n = 0; n < m->prefixes; n++) {
		const struct nd_prefix *x = &m->prefix[n];

		if ((x->flags & ND_PIO_A) && x->len == 64 && x->preferred <= x->valid &&
		    in6_is_global(&x->prefix))
			learn_prefix(r, x, now);
	}
	for (unsigned n = 0; n < r->prefixes; n++) {
		const struct nd_prefix *x = &r->known[n].pio;
		bool same = r->has_pio && in6_eq(&x->prefix, &r->pio.prefix);

		if (r->known[n].until <= now)
			continue;
		if (!best || (x->preferred > 0 && (best->preferred == 0 || same)))
			best = x;
	}
	if (best)
		r->pio = *best;
	r->has_pio = best != NULL;
}

/* The engine does not resolve names: whoever listens may use the servers (RFC 8106). */
static void read_rdnss(struct lke_engine *e, struct mn_router *r, const struct nd_msg *m)
{
	if (m->rdnss_count == 0 ||
	    (m->rdnss_count == r->rdnss_count &&
	     memcmp(m->rdnss, r->rdnss, r->rdnss_count * sizeof(r->rdnss[0])) == 0))
		return;
	if (!tbf_take(&r->notes, 1, e->now))
		return;
	r->rdnss_count = m->rdnss_count;
	memcpy(r->rdnss, m->rdnss, sizeof(r->rdnss));
	for (unsigned n = 0; n < r->rdnss_count; n++) {
		struct lke_note *note = note_new(e, LKE_NOTE_RDNSS, LKE_ROLE_MN);

		if (!note)
			return;
		note->ifindex = r->ifindex;
		note->addr = r->rdnss[n];
		note->peer = r->ll;
		note->lifetime = m->rdnss_lifetime;
	}
}

static void read_lladdr(struct lke_engine *e, struct mn_router *r, const struct pkt *p,
			const struct nd_msg *m)
{
	struct lke_lladdr ll = m->lladdr.len > 0 ? m->lladdr : p->src_ll;

	if (lladdr_eq(&ll, &r->lladdr))
		return;
	/* The liveness shown so far was that of another station (LKE-201, THREATS 43). */
	if (r->lladdr.len > 0 && !draft01(e) && p->ifc->mn->router == r) {
		p->ifc->mn->lke_allowed = false;
		if (tbf_take(&r->notes, 1, e->now))
			alarm_note(e, LKE_ROLE_MN, &r->ll,
				   "the router's link-layer address changed");
	}
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
		coa = mn_addr_restored(e, l, &r->pio);
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

/*
 * Movement (RFC 6275 11.5.1), conservative because advertisements are not authenticated: the
 * carrier counts at once.  Without a change of carrier the advertisement of a router not heard
 * since the link came up only asks whether the router in use is still there; the node moves when
 * that one is silent (3 s), says goodbye (Router Lifetime 0) or is the only one of the two without
 * LKE (AMB-070).  Another prefix alone proves nothing: one link may have several routers with
 * several prefixes.  A router known already brings no question, so a flood of advertisements costs
 * no more solicitations than there are places for routers.
 */
int mn_ra_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;
	struct mn_router *r;
	bool unknown;

	if (!l->up)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_STATE);
	unknown = !mn_router_find(e, p->ifc->ifindex, &p->ip.src);
	r = router_get(e, p);
	if (!r)
		return -(int)LKE_DROP_LIMIT;
	count(e, LKE_STAT_RA_IN);
	read_lladdr(e, r, p, m);
	read_prefix(r, m, e->now);
	read_capability(e, l, r, m);
	read_rdnss(e, r, m);
	unknown = unknown || !r->reachable;
	r->preference = m->preference;
	r->heard = e->now;
	r->expires = e->now + (lke_time)m->router_lifetime * LKE_SEC;
	r->reachable = m->router_lifetime > 0;
	arm(e, &r->end, r->expires);
	if (l->router == r)
		l->probes = 0;
	else if (l->router && r->reachable && unknown)
		mn_probe(e, l);
	mn_choose(e, l);
	note_in(e, LKE_ROLE_MN, LKE_MSG_RA, p, LKE_DROP_NONE);
	mn_kex_try(e, l, false);
	return 0;
}

/*
 * RFC 4861 6.3.7 asks for a random delay and 4 s between solicitations.  Both are interruption
 * here: one lost frame after a handover would cost 4 s.  So, a conscious deviation: at link up,
 * after 100 ms, after 500 ms, then the RFC's interval, then rarer (RFC 7559); at most RS_RATE a
 * second over all flaps of the carrier.
 */
/* From the link-local, without our link-layer address while that one is optimistic
 * (RFC 4429 3.3), so that the access router answers by unicast at once (AMB-181). */
static void solicit(struct lke_engine *e, struct mn_link *l)
{
	struct nd_msg m = { .type = ND_RS };
	lke_time wait = RTR_SOLICITATION_INTERVAL;
	uint8_t buf[128];
	int len;

	if (!tbf_take(&l->rs, 1, e->now)) {
		arm(e, &l->solicit, e->now + LKE_SEC / RS_RATE);
		return;
	}
	if (l->ll && l->ll->state == MN_ADDR_PREFERRED)
		m.lladdr = l->ifc->lladdr;
	len = nd_encode(&m, l->ll ? &l->ll->addr : &in6_unspecified, &in6_all_routers, 0, buf,
			sizeof(buf));
	if (len > 0) {
		send_packet(e, LKE_ROLE_MN, LKE_MSG_RS, l->ifc->ifindex, NULL, buf, (size_t)len);
		count(e, LKE_STAT_RS_SENT);
	}
	l->solicitations++;
	if (l->solicitations <= 2)
		wait = l->solicitations == 1 ? 100 * LKE_MSEC : 400 * LKE_MSEC;
	for (unsigned n = MAX_RTR_SOLICITATIONS + 2; n < l->solicitations && wait < SOLICIT_MAX;
	     n++)
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
	if (l->rs.rate == 0)
		tbf_init(&l->rs, RS_RATE, RS_BURST, e->now);
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
	lose_patience(e, l);
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

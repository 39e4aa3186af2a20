/* SPDX-License-Identifier: ISC */
/* The routers of a link and what their advertisements say: draft 3.1.1, RFC 4861 6.3.4, RFC 8106.
 */
#include "core/mobile_node.h"

#define LKE_MISSING 3 /* advertisements without option 6 before it counts as gone */

struct mn_router *mn_router_find(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll)
{
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (r && r->ifindex == ifindex && in6_eq(&r->ll, ll))
			return r;
	}
	return NULL;
}

void mn_neighbour(struct lke_engine *e, struct mn_router *r, bool remove)
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

static void router_free(struct lke_engine *e, unsigned n, bool there)
{
	struct mn_router *r = e->mn->router[n];

	mn_neighbour(e, r, true);
	mn_rdnss_forget(e, r, there);
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
		router_free(e, best, true);
	return best;
}

void mn_routers_forget(struct lke_engine *e, uint32_t ifindex, bool there)
{
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		if (!r || r->ifindex != ifindex)
			continue;
		if (!there)
			r->neigh_set = false; /* the kernel took it away with the interface */
		router_free(e, n, there);
	}
}

struct mn_router *mn_router_get(struct lke_engine *e, const struct pkt *p)
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
	timer_init(&r->rdnss_end, MN_T_RDNSS, r);
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
	r->proved = false;
	if (tbf_take(&r->notes, 1, e->now))
		note_key_changed(e, r);
	/* Keys of several links do not alternate on one. */
	if (r->another) {
		r->key_seen = 0;
		r->suspended_until = 0;
		return;
	}
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

/* Access routers of several links may share a link-local address, fe80::1 for instance: what was
 * known of one is no knowledge of the other. */
static void forget(struct mn_router *r)
{
	r->lke = false;
	r->has_key = false;
	r->without = 0;
	r->key_seen = 0;
	r->suspended_until = 0;
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
				   "the router's link-layer address changed; was it replaced?");
	}
	if (r->another)
		forget(r);
	r->proved = false;
	r->lladdr = ll;
	if (r->neigh_set)
		mn_neighbour(e, r, false);
}

void mn_router_read(struct lke_engine *e, struct mn_router *r, const struct pkt *p,
		    const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;

	read_lladdr(e, r, p, m);
	mn_prefix_read(e, l, r, m);
	read_capability(e, l, r, m);
	mn_rdnss_read(e, l, r, m);
	mn_setting_read(r, m);
	r->another = false;
}

/* SPDX-License-Identifier: ISC */
/*
 * The autonomous prefixes of a router and the addresses made of them: RFC 4862 5.5.3, 5.5.4, draft
 * 2.1.  One of them makes the primary care-of address, the others make further addresses that are
 * used from the same link and get keys of their own behind it (AMB-068).
 */
#include "core/mobile_node.h"

#define TWO_HOURS (7200 * LKE_SEC) /* RFC 4862 5.5.3 e */

lke_time mn_lifetime_end(lke_time now, uint32_t seconds)
{
	return seconds == LKE_LIFETIME_INFINITE ? LKE_NEVER : now + (lke_time)seconds * LKE_SEC;
}

lke_time mn_valid_until(lke_time now, lke_time old, uint32_t advertised)
{
	lke_time until = mn_lifetime_end(now, advertised);

	/* A forged advertisement must not end an address at once. */
	if (until > now + TWO_HOURS || until > old)
		return until;
	return old <= now + TWO_HOURS ? old : now + TWO_HOURS;
}

static bool autonomous(const struct nd_prefix *x)
{
	return (x->flags & ND_PIO_A) && x->len == 64 && x->preferred <= x->valid &&
	       in6_is_global(&x->prefix);
}

static bool same_prefix(const struct nd_prefix *a, const struct nd_prefix *b)
{
	return a->len == b->len && in6_prefix_eq(&a->prefix, &b->prefix, a->len);
}

/* A free place, or that of a prefix whose time is over; r->prefix + MN_PREFIXES when full. */
static struct mn_prefix *prefix_place(struct mn_router *r, lke_time now)
{
	if (r->prefixes < MN_PREFIXES)
		return &r->prefix[r->prefixes++];
	for (unsigned n = 0; n < MN_PREFIXES; n++)
		if (r->prefix[n].valid_until <= now)
			return &r->prefix[n];
	return r->prefix + MN_PREFIXES;
}

static void learn(struct lke_engine *e, struct mn_router *r, const struct nd_prefix *x)
{
	struct mn_prefix *p = r->prefix;

	while (p < r->prefix + r->prefixes && !same_prefix(&p->pio, x))
		p++;
	if (p == r->prefix + r->prefixes) {
		if (x->valid == 0)
			return; /* no address is made of it */
		p = prefix_place(r, e->now);
		if (p == r->prefix + MN_PREFIXES) {
			drop(e, LKE_DROP_LIMIT);
			return;
		}
		*p = (struct mn_prefix){ .valid_until = e->now };
	}
	p->pio = *x;
	p->valid_until = mn_valid_until(e->now, p->valid_until, x->valid);
	p->preferred_until = mn_lifetime_end(e->now, x->preferred);
}

/* Every address of the link in this prefix, whichever router speaks of it. */
static void refresh(struct lke_engine *e, const struct mn_link *l, const struct nd_prefix *x)
{
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (!a || !mn_addr_here(l, a) || !in6_prefix_eq(&a->addr, &x->prefix, x->len))
			continue;
		mn_addr_lifetimes(e, a, x);
		mn_addr_announce(e, a);
	}
}

void mn_prefix_read(struct lke_engine *e, const struct mn_link *l, struct mn_router *r,
		    const struct nd_msg *m)
{
	for (unsigned n = 0; n < m->prefixes; n++) {
		if (!autonomous(&m->prefix[n]))
			continue;
		learn(e, r, &m->prefix[n]);
		refresh(e, l, &m->prefix[n]);
	}
}

/* 4: preferred, 2: in use, 1: reachable from everywhere; so an advertisement that leaves prefixes
 * out or orders them anew is no movement (RFC 4861 6.2.3). */
static int rank(const struct lke_engine *e, const struct mn_link *l, const struct mn_prefix *p)
{
	bool used = l->coa && in6_prefix_eq(&l->coa->addr, &p->pio.prefix, p->pio.len);

	return (p->preferred_until > e->now ? 4 : 0) + (used ? 2 : 0) +
	       (in6_is_unique_local(&p->pio.prefix) ? 0 : 1);
}

static bool usable(const struct lke_engine *e, const struct mn_prefix *p)
{
	return p->valid_until > e->now && p->disputed_until <= e->now;
}

const struct mn_prefix *mn_prefix_primary(const struct lke_engine *e, const struct mn_link *l,
					  const struct mn_router *r)
{
	const struct mn_prefix *best = NULL;

	for (unsigned n = 0; n < r->prefixes; n++) {
		const struct mn_prefix *p = &r->prefix[n];

		if (usable(e, p) && (!best || rank(e, l, p) > rank(e, l, best)))
			best = p;
	}
	return best;
}

struct mn_addr *mn_prefix_address(struct lke_engine *e, struct mn_link *l,
				  const struct mn_router *r, const struct mn_prefix *p)
{
	struct mn_addr *a = mn_coa_in_prefix(e, l->ifc->ifindex, &p->pio, &r->ll);

	if (!a)
		a = mn_addr_restored(e, l, &p->pio);
	if (!a)
		a = mn_addr_new(e, l, &p->pio.prefix, p->pio.len, 0);
	if (!a)
		return NULL;
	a->router = r->ll;
	if (mn_addr_here(l, a))
		return a; /* its lifetimes came with the advertisement */
	a->valid_until = p->valid_until;
	a->preferred_until = p->preferred_until;
	mn_addr_arm_end(e, a);
	return a;
}

void mn_prefix_others(struct lke_engine *e, struct mn_link *l)
{
	struct mn_router *r = l->router;

	for (unsigned n = 0; r && l->coa && n < r->prefixes; n++) {
		const struct mn_prefix *p = &r->prefix[n];
		struct mn_addr *a;

		if (!usable(e, p) || in6_prefix_eq(&l->coa->addr, &p->pio.prefix, p->pio.len))
			continue;
		a = mn_prefix_address(e, l, r, p);
		if (!a)
			continue;
		/* Back on its link it leaves its own tunnel (draft 4.2). */
		if (update_of(e, &a->addr) && l == e->mn->active)
			mn_bind(e, &a->addr, true);
		mn_addr_use(e, l, a);
	}
}

void mn_prefix_disputed(struct lke_engine *e, const struct mn_addr *a)
{
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		struct mn_router *r = e->mn->router[n];

		for (unsigned k = 0; r && r->ifindex == a->ifindex && k < r->prefixes; k++)
			if (in6_prefix_eq(&r->prefix[k].pio.prefix, &a->addr, a->plen))
				r->prefix[k].disputed_until = e->now + MN_DISPUTED;
	}
}

/* SPDX-License-Identifier: ISC */
/*
 * The prefixes of an access router's link: configured ones, the /64s of its addresses, or those
 * another daemon of this host advertises.  Lifetimes are what is left of them now (RFC 4861 6.2.1:
 * never beyond those of the address they come from).
 */
#include "core/access_router.h"

uint32_t ar_seconds_left(const struct lke_engine *e, lke_time until)
{
	lke_time left = until > e->now ? (until - e->now) / LKE_SEC : 0;

	if (until == LKE_NEVER)
		return UINT32_MAX;
	return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX - 1;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct nd_prefix prefix_of(const struct lke_in6 *addr)
{
	static const uint8_t no_iid[8];

	return (struct nd_prefix){ .prefix = in6_make(addr, no_iid),
				   .len = 64,
				   .flags = ND_PIO_L | ND_PIO_A };
}

static struct nd_prefix *find(struct nd_prefix *p, unsigned n, const struct lke_in6 *addr)
{
	for (unsigned i = 0; i < n; i++)
		if (in6_prefix_eq(&p[i].prefix, addr, p[i].len))
			return &p[i];
	return NULL;
}

/* Prefix = auto.  Of several addresses in one prefix the longest-lived one counts. */
static unsigned own_prefixes(const struct lke_engine *e, const struct ar_link *k,
			     struct nd_prefix ret[LKE_MAX_PREFIXES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < k->ifc->addrs; i++) {
		const struct iface_addr *a = &k->ifc->addr[i];
		uint32_t valid = least(k->cfg->prefix_valid, ar_seconds_left(e, a->valid_until));
		uint32_t preferred =
			least(k->cfg->prefix_preferred, ar_seconds_left(e, a->preferred_until));
		struct nd_prefix *p = find(ret, n, &a->addr);

		if (a->tentative || a->plen != 64 || !in6_is_global(&a->addr) ||
		    (!p && n == LKE_MAX_PREFIXES))
			continue;
		if (!p) {
			p = &ret[n++];
			*p = prefix_of(&a->addr);
		}
		p->valid = valid > p->valid ? valid : p->valid;
		p->preferred = preferred > p->preferred ? preferred : p->preferred;
	}
	return n;
}

static unsigned configured_prefixes(const struct lke_config_ar *c,
				    struct nd_prefix ret[LKE_MAX_PREFIXES])
{
	for (unsigned n = 0; n < c->prefixes; n++) {
		const struct lke_prefix *p = &c->prefix[n];

		ret[n] = (struct nd_prefix){
			.prefix = p->addr,
			.len = p->len,
			.flags = (uint8_t)((p->off_link ? 0 : ND_PIO_L) |
					   (p->not_autonomous || p->len != 64 ? 0 : ND_PIO_A)),
			.valid = p->timed ? p->valid : c->prefix_valid,
			.preferred = p->timed ? p->preferred : c->prefix_preferred,
		};
	}
	return c->prefixes;
}

static unsigned timed_prefixes(const struct lke_engine *e, const struct ar_timed_prefix *from,
			       unsigned n, struct nd_prefix ret[LKE_MAX_PREFIXES])
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++) {
		if (from[i].valid_until <= e->now)
			continue;
		ret[count] = from[i].p;
		ret[count].valid = ar_seconds_left(e, from[i].valid_until);
		ret[count++].preferred = ar_seconds_left(e, from[i].preferred_until);
	}
	return count;
}

unsigned ar_link_prefixes(const struct lke_engine *e, const struct ar_link *k,
			  struct nd_prefix ret[LKE_MAX_PREFIXES])
{
	if (k->cfg->advertise == LKE_ADVERTISE_AUGMENT)
		return timed_prefixes(e, k->heard.prefix, k->heard.prefixes, ret);
	return k->cfg->prefixes ? configured_prefixes(k->cfg, ret) : own_prefixes(e, k, ret);
}

unsigned ar_link_gone_prefixes(const struct lke_engine *e, const struct ar_link *k,
			       struct nd_prefix ret[LKE_MAX_PREFIXES])
{
	return timed_prefixes(e, k->gone, k->gones, ret);
}

/* AMB-065: a prefix without the L and the A bit is none an address could be formed from. */
static bool usable(const struct nd_prefix *p, const struct lke_in6 *a)
{
	return p->flags & (ND_PIO_L | ND_PIO_A) && in6_prefix_eq(&p->prefix, a, p->len);
}

bool ar_link_on_link(const struct lke_engine *e, const struct ar_link *k, const struct lke_in6 *a,
		     unsigned *ret_len)
{
	struct nd_prefix p[LKE_MAX_PREFIXES];
	unsigned n = ar_link_prefixes(e, k, p);

	for (unsigned i = 0; i < n; i++) {
		if (!usable(&p[i], a))
			continue;
		if (ret_len)
			*ret_len = p[i].len;
		return true;
	}
	return false;
}

uint32_t ar_prefix_valid(const struct lke_engine *e, const struct ar_link *k,
			 const struct lke_in6 *a)
{
	struct nd_prefix p[LKE_MAX_PREFIXES];
	unsigned n = ar_link_prefixes(e, k, p);
	uint32_t valid = 0;

	for (unsigned i = 0; i < n; i++)
		if (usable(&p[i], a) && p[i].valid > valid)
			valid = p[i].valid;
	return valid;
}

void ar_add_router_address(const struct ar_link *k, struct nd_prefix *p)
{
	const struct lke_in6 *own = iface_addr_in_prefix(k->ifc, &p->prefix, p->len);

	if (!own)
		return;
	p->prefix = *own;
	p->flags |= ND_PIO_R;
}

/* A prefix that left the interface: it is advertised as deprecated while hosts may believe in it
 * (RFC 7084 L-13), two hours at most as RFC 4862 5.5.3 e makes of it anyway. */
static void remember_gone(struct lke_engine *e, struct ar_link *k, const struct nd_prefix *p)
{
	lke_time valid = p->valid < AR_GONE_PREFIX / LKE_SEC ? p->valid * LKE_SEC : AR_GONE_PREFIX;
	struct ar_timed_prefix *g = &k->gone[0];

	for (unsigned n = 0; n < k->gones; n++)
		if (k->gone[n].valid_until < g->valid_until)
			g = &k->gone[n];
	if (k->gones < LKE_MAX_PREFIXES)
		g = &k->gone[k->gones++];
	*g = (struct ar_timed_prefix){ .p = *p, .valid_until = e->now + valid };
	g->p.flags &= (uint8_t)~ND_PIO_R;
}

static void forget_gone(struct lke_engine *e, struct ar_link *k, const struct nd_prefix *now,
			unsigned n)
{
	for (unsigned i = k->gones; i > 0; i--) {
		const struct nd_prefix *p = &k->gone[i - 1].p;
		bool back = false;

		for (unsigned m = 0; m < n; m++)
			back |= in6_prefix_eq(&now[m].prefix, &p->prefix, p->len);
		if (back || k->gone[i - 1].valid_until <= e->now)
			k->gone[i - 1] = k->gone[--k->gones];
	}
}

static bool same(const struct nd_prefix *a, const struct nd_prefix *b)
{
	return in6_eq(&a->prefix, &b->prefix) && a->len == b->len && a->flags == b->flags &&
	       (a->preferred == 0) == (b->preferred == 0);
}

bool ar_prefixes_changed(struct lke_engine *e, struct ar_link *k)
{
	struct nd_prefix now[LKE_MAX_PREFIXES] = { 0 };
	unsigned n = ar_link_prefixes(e, k, now);
	bool changed = n != k->shown_prefixes;

	for (unsigned i = 0; i < n; i++) {
		ar_add_router_address(k, &now[i]);
		changed = changed || !same(&now[i], &k->shown_prefix[i]);
	}
	for (unsigned i = 0; changed && i < k->shown_prefixes; i++) {
		const struct nd_prefix *p = &k->shown_prefix[i];
		bool still = false;

		for (unsigned m = 0; m < n; m++)
			still |= in6_prefix_eq(&now[m].prefix, &p->prefix, p->len);
		if (!still)
			remember_gone(e, k, p);
	}
	forget_gone(e, k, now, n);
	memcpy(k->shown_prefix, now, n * sizeof(now[0]));
	k->shown_prefixes = n;
	return changed;
}

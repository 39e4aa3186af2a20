/* SPDX-License-Identifier: ISC */
/*
 * The Prefix List of a home link (RFC 6275 10.3.1, 10.6.1): which home addresses belong there, and
 * how long their prefix lives.
 */
#include "core/home_agent.h"

#define TWO_HOURS	 (7200 * LKE_SEC)
#define COUNT_DOWN_SLACK (5 * LKE_SEC)

static lke_time end_of(const struct lke_engine *e, uint32_t seconds)
{
	return seconds == UINT32_MAX ? LKE_NEVER : e->now + (lke_time)seconds * LKE_SEC;
}

uint32_t ha_prefix_left(const struct lke_engine *e, lke_time end)
{
	lke_time left;

	if (end == LKE_NEVER)
		return UINT32_MAX;
	left = end > e->now ? (end - e->now) / LKE_SEC : 0;
	return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX - 1;
}

static const struct ha_heard *heard_with(const struct lke_engine *e, const struct ha_link *l,
					 const struct lke_in6 *a, unsigned len)
{
	for (unsigned n = 0; n < l->heards; n++) {
		const struct ha_heard *h = &l->heard[n];

		if (h->len == len && in6_prefix_eq(&h->prefix, a, len))
			return h->valid > e->now ? h : NULL;
	}
	return NULL;
}

static lke_time sooner(lke_time a, lke_time b)
{
	return a < b ? a : b;
}

/* The prefix of an address of ours: it lives no longer than that address. */
static struct ha_heard own_prefix(const struct lke_engine *e, const struct ha_link *l,
				  const struct iface_addr *a)
{
	const struct lke_config_ha *c = &e->cfg.ha;
	const struct ha_heard *heard = heard_with(e, l, &a->addr, a->plen);
	struct ha_heard p = { .prefix = a->addr,
			      .len = a->plen,
			      .flags = ND_PIO_L | ND_PIO_R,
			      .valid = LKE_NEVER,
			      .preferred = LKE_NEVER };

	if (a->plen == 64)
		p.flags |= ND_PIO_A;
	if (c->advertise == LKE_HA_ADVERTISE_FULL) {
		p.valid = end_of(e, c->prefix_valid);
		p.preferred = end_of(e, c->prefix_preferred);
	} else if (heard) {
		p.valid = heard->valid;
		p.preferred = heard->preferred;
	}
	p.valid = sooner(p.valid, a->valid_until);
	p.preferred = sooner(p.preferred, a->preferred_until);
	return p;
}

static bool usable(const struct iface_addr *a)
{
	return !a->tentative && in6_is_global(&a->addr) && a->plen > 0 && a->plen < 128;
}

bool ha_prefix_of(const struct lke_engine *e, const struct ha_link *l, const struct lke_in6 *home,
		  struct ha_heard *ret)
{
	for (unsigned n = 0; l->ifc && n < l->ifc->addrs; n++) {
		const struct iface_addr *a = &l->ifc->addr[n];

		if (!usable(a) || !in6_prefix_eq(&a->addr, home, a->plen))
			continue;
		if (ret)
			*ret = own_prefix(e, l, a);
		return true;
	}
	return false;
}

bool ha_prefix_is_home(const struct lke_engine *e, const struct lke_in6 *a)
{
	for (unsigned n = 0; n < e->cfg.ha.interfaces; n++)
		if (ha_prefix_of(e, &e->ha->link[n], a, NULL))
			return true;
	return false;
}

static bool listed(const struct ha_heard *list, unsigned n, const struct lke_in6 *a, uint8_t len)
{
	while (n-- > 0)
		if (list[n].len == len && in6_prefix_eq(&list[n].prefix, a, len))
			return true;
	return false;
}

unsigned ha_prefix_list(const struct lke_engine *e, const struct ha_link *l, struct ha_heard *ret,
			unsigned max)
{
	unsigned count = 0;

	for (unsigned n = 0; l->ifc && n < l->ifc->addrs && count < max; n++) {
		const struct iface_addr *a = &l->ifc->addr[n];

		if (usable(a) && !listed(ret, count, &a->addr, a->plen))
			ret[count++] = own_prefix(e, l, a);
	}
	for (unsigned n = 0; n < l->heards && count < max; n++) {
		const struct ha_heard *h = &l->heard[n];

		if (h->valid > e->now && !listed(ret, count, &h->prefix, h->len))
			ret[count++] = *h;
	}
	return count;
}

/*
 * Did a lifetime change for another reason than the passing of time (RFC 6275 10.6.2)?  Not when
 * the router says the same number as before, and not when its number counts down with the clock.
 */
static bool changed(uint32_t said, uint32_t says, lke_time before, lke_time after)
{
	lke_time d = before > after ? before - after : after - before;

	return said != says && d > COUNT_DOWN_SLACK;
}

static struct ha_heard *room(struct lke_engine *e, struct ha_link *l)
{
	for (unsigned n = 0; n < l->heards; n++)
		if (l->heard[n].valid <= e->now)
			return &l->heard[n];
	if (l->heards < HA_HEARD_MAX)
		return &l->heard[l->heards++];
	drop(e, LKE_DROP_LIMIT);
	return NULL;
}

/* RFC 4862 5.5.3 e: nobody shortens a lifetime below two hours by saying so. */
static lke_time shortened(const struct lke_engine *e, lke_time before, lke_time after)
{
	lke_time least = e->now + TWO_HOURS;

	if (after >= before || after >= least)
		return after;
	return before < least ? before : least;
}

static struct ha_heard *known(const struct lke_engine *e, struct ha_link *l,
			      const struct nd_prefix *p)
{
	for (unsigned n = 0; n < l->heards; n++) {
		struct ha_heard *h = &l->heard[n];

		if (h->len == p->len && h->valid > e->now &&
		    in6_prefix_eq(&h->prefix, &p->prefix, p->len))
			return h;
	}
	return NULL;
}

static bool update(const struct lke_engine *e, struct ha_heard *h, const struct nd_prefix *p)
{
	lke_time valid = shortened(e, h->valid, end_of(e, p->valid));
	lke_time preferred = end_of(e, p->preferred);
	/* R is of one router, the others are of the prefix. */
	bool news = ((h->flags ^ p->flags) & ~ND_PIO_R) ||
		    changed(h->said_valid, p->valid, h->valid, valid) ||
		    changed(h->said_preferred, p->preferred, h->preferred, preferred);

	h->prefix = p->prefix;
	h->flags = p->flags;
	h->valid = valid;
	h->preferred = preferred;
	h->said_valid = p->valid;
	h->said_preferred = p->preferred;
	return news;
}

static bool take_prefix(struct lke_engine *e, struct ha_link *l, const struct nd_prefix *p)
{
	struct ha_heard *h;

	/* Not on-link: not of the Prefix List (RFC 4861 6.3.4). */
	if (!(p->flags & ND_PIO_L))
		return false;
	h = known(e, l, p);
	if (h)
		return update(e, h, p);
	if (p->len == 0 || p->len > 127 || p->valid == 0 || !in6_is_global(&p->prefix))
		return false;
	h = room(e, l);
	if (!h)
		return false;
	*h = (struct ha_heard){ 0 };
	h->len = p->len;
	(void)update(e, h, p);
	return true;
}

bool ha_prefix_heard(struct lke_engine *e, struct ha_link *l, const struct nd_msg *m)
{
	bool news = false;

	l->managed = m->ra_flags & ND_RA_M;
	l->other = m->ra_flags & ND_RA_O;
	for (unsigned n = 0; n < m->prefixes; n++)
		news |= take_prefix(e, l, &m->prefix[n]);
	return news;
}

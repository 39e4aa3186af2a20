/* SPDX-License-Identifier: ISC */
/* The Home Agents List of a home link: RFC 6275 10.1, 10.5.1. */
#include "core/home_agent.h"

/* An entry that has ended is as good as deleted; here it goes. */
static void purge(const struct lke_engine *e, struct ha_link *l)
{
	for (unsigned n = 0; n < l->agents;) {
		if (l->agent[n].expires <= e->now)
			l->agent[n] = l->agent[--l->agents];
		else
			n++;
	}
}

static struct ha_agent *find(struct ha_link *l, const struct lke_in6 *ll)
{
	for (unsigned n = 0; n < l->agents; n++)
		if (in6_eq(&l->agent[n].ll, ll))
			return &l->agent[n];
	return NULL;
}

/* RFC 6275 10.1: an address goes when its prefix is no longer valid. */
static void set_addresses(const struct lke_engine *e, struct ha_agent *a, const struct nd_msg *m)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < a->addrs; n++)
		if (a->addr[n].valid > e->now)
			a->addr[kept++] = a->addr[n];
	a->addrs = kept;
	for (unsigned n = 0; n < m->prefixes; n++) {
		const struct nd_prefix *p = &m->prefix[n];
		lke_time valid = p->valid == UINT32_MAX ? LKE_NEVER : e->now + p->valid * LKE_SEC;
		unsigned k = 0;

		if (!(p->flags & ND_PIO_R) || !in6_is_global(&p->prefix) ||
		    in6_is_anycast64(&p->prefix))
			continue;
		while (k < a->addrs && !in6_eq(&a->addr[k].a, &p->prefix))
			k++;
		if (k == HA_AGENT_ADDRS)
			continue;
		a->addr[k].a = p->prefix;
		a->addr[k].valid = valid;
		if (k == a->addrs)
			a->addrs++;
	}
}

void ha_list_heard(struct lke_engine *e, struct ha_link *l, const struct lke_in6 *src,
		   const struct nd_msg *m)
{
	uint16_t lifetime = m->has_ha_info ? m->ha_lifetime : m->router_lifetime;
	struct ha_agent *a;

	purge(e, l);
	a = find(l, src);
	if (!(m->ra_flags & ND_RA_H) || lifetime == 0) {
		if (a)
			*a = l->agent[--l->agents];
		return;
	}
	if (!a && l->agents == HA_AGENTS_MAX) {
		drop(e, LKE_DROP_LIMIT);
		return;
	}
	if (!a) {
		a = &l->agent[l->agents++];
		*a = (struct ha_agent){ .ll = *src };
	}
	a->preference = m->has_ha_info ? m->ha_preference : 0;
	a->expires = e->now + lifetime * LKE_SEC;
	set_addresses(e, a, m);
}

static void swap(struct lke_in6 *a, struct lke_in6 *b)
{
	struct lke_in6 t = *a;

	*a = *b;
	*b = t;
}

static void shuffle(struct lke_engine *e, struct lke_in6 *a, unsigned n)
{
	for (unsigned k = n; k > 1; k--)
		swap(&a[k - 1], &a[rnd_below(e, k)]);
}

/* The addresses of one home agent behind what is there, in random order. */
static unsigned add_agent(struct lke_engine *e, const struct ha_agent *a, struct lke_in6 *ret,
			  unsigned n, unsigned max)
{
	unsigned first = n;

	for (unsigned k = 0; k < a->addrs && n < max; k++)
		if (a->addr[k].valid > e->now)
			ret[n++] = a->addr[k].a;
	shuffle(e, ret + first, n - first);
	return n;
}

/* The address that was asked for is there for certain; the others while there is room. */
static struct ha_agent myself(const struct lke_engine *e, const struct ha_link *l,
			      const struct lke_in6 *own)
{
	struct ha_agent me = { .preference = e->cfg.ha.preference, .addrs = 1 };

	me.addr[0].a = *own;
	me.addr[0].valid = LKE_NEVER;
	for (unsigned n = 0; n < l->ifc->addrs && me.addrs < HA_AGENT_ADDRS; n++) {
		const struct iface_addr *a = &l->ifc->addr[n];

		if (a->tentative || !in6_is_global(&a->addr) || in6_eq(&a->addr, own))
			continue;
		me.addr[me.addrs].a = a->addr;
		me.addr[me.addrs++].valid = LKE_NEVER;
	}
	return me;
}

unsigned ha_list_addresses(struct lke_engine *e, struct ha_link *l, const struct lke_in6 *own,
			   struct lke_in6 *ret, unsigned max)
{
	struct ha_agent me = myself(e, l, own);
	const struct ha_agent *order[HA_AGENTS_MAX + 1];
	unsigned agents = 0, n = 0;

	purge(e, l);
	for (unsigned k = 0; k <= l->agents; k++) {
		const struct ha_agent *a = k < l->agents ? &l->agent[k] : &me;
		unsigned at, equal = 0;

		for (at = agents; at > 0 && order[at - 1]->preference < a->preference; at--)
			order[at] = order[at - 1];
		order[at] = a;
		agents++;
		/* Inside-out shuffle among those of equal preference. */
		while (equal < at && order[at - 1 - equal]->preference == a->preference)
			equal++;
		if (equal > 0) {
			unsigned other = at - (unsigned)rnd_below(e, equal + 1);

			order[at] = order[other];
			order[other] = a;
		}
	}
	for (unsigned k = 0; k < agents && n < max; k++)
		n = add_agent(e, order[k], ret, n, max);
	return n;
}

bool ha_next_agent(const struct lke_engine *e, size_t *cursor, struct lke_agent_view *ret)
{
	for (; *cursor < (size_t)LKE_MAX_IFACES * HA_AGENTS_MAX; ++*cursor) {
		const struct ha_link *l = &e->ha->link[*cursor / HA_AGENTS_MAX];
		unsigned n = (unsigned)(*cursor % HA_AGENTS_MAX);
		const struct ha_agent *a = &l->agent[n];

		if (n >= l->agents || a->expires <= e->now)
			continue;
		++*cursor;
		*ret = (struct lke_agent_view){ .ifindex = l->ifc->ifindex,
						.ll = a->ll,
						.preference = a->preference,
						.expires = a->expires };
		for (unsigned k = 0; k < a->addrs; k++)
			if (a->addr[k].valid > e->now)
				ret->addr[ret->addrs++] = a->addr[k].a;
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: ISC */
/*
 * RFC 4861 6.2.7: routers of one link should not contradict each other.  What another router says
 * differently is reported; nothing is changed because of it.
 */
#include "core/access_router.h"

static bool differ(uint64_t ours, uint64_t theirs)
{
	return ours != 0 && theirs != 0 && ours != theirs;
}

static const char *prefix_difference(const struct lke_engine *e, const struct ar_link *k,
				     const struct nd_prefix *x)
{
	struct nd_prefix p[LKE_MAX_PREFIXES];
	unsigned n = ar_link_prefixes(e, k, p);

	for (unsigned i = 0; i < n; i++) {
		if (p[i].len != x->len || !in6_prefix_eq(&p[i].prefix, &x->prefix, x->len))
			continue;
		/* Lifetimes that run down differ by the second. */
		if (p[i].valid / 8 != x->valid / 8)
			return "another router: valid lifetime of a prefix differs";
		if (p[i].preferred / 8 != x->preferred / 8)
			return "another router: preferred lifetime of a prefix differs";
	}
	return NULL;
}

static const char *difference(const struct lke_engine *e, const struct ar_link *k,
			      const struct nd_msg *m)
{
	const struct lke_config_ar *c = k->cfg;

	if (differ(c->hop_limit, m->cur_hop_limit))
		return "another router: hop limit differs";
	if (c->managed != ((m->ra_flags & ND_RA_M) != 0))
		return "another router: M flag differs";
	if (c->other != ((m->ra_flags & ND_RA_O) != 0))
		return "another router: O flag differs";
	if (differ(c->reachable_ms, m->reachable_ms))
		return "another router: reachable time differs";
	if (differ(c->retrans_ms, m->retrans_ms))
		return "another router: retransmission timer differs";
	if (differ(c->mtu, m->mtu))
		return "another router: MTU differs";
	for (unsigned n = 0; n < m->prefixes; n++) {
		const char *why = prefix_difference(e, k, &m->prefix[n]);

		if (why)
			return why;
	}
	return NULL;
}

int ar_consistency_check(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct ar_link *k = p->ifc->ar;
	const char *why = NULL;

	count(e, LKE_STAT_RA_IN);
	if (k->running && k->cfg->advertise == LKE_ADVERTISE_FULL)
		why = difference(e, k, m);
	if (!why)
		return 0;
	count(e, LKE_STAT_RA_INCONSISTENT);
	if (e->now >= k->next_contradiction) {
		k->next_contradiction = e->now + RA_CONTRADICTION;
		alarm_note(e, LKE_ROLE_AR, &p->ip.src, why);
	}
	return 0;
}

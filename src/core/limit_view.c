/* SPDX-License-Identifier: ISC */
/* How full the tables are that the network fills; every one has a limit. */
#include "core/access_router.h"

typedef bool (*limit_fn)(const struct lke_engine *e, unsigned n, struct lke_limit_view *ret);

static bool whole(struct lke_limit_view *ret, const char *name, uint64_t used, uint64_t limit)
{
	*ret = (struct lke_limit_view){ .name = name, .used = used, .limit = limit };
	return true;
}

static bool of_router(const struct lke_engine *e, unsigned n, struct lke_limit_view *ret)
{
	const struct access_router *ar = e->ar;
	size_t used, limit;

	switch (n) {
	case 0: /* as many tombstones as live ones, AMB-128 */
		return whole(ret, "lbsa_records", ar->lbsa.n, ar->lbsa.by_key.max);
	case 1:
		return whole(ret, "requests_held", ar->helds, AR_HELD_MAX);
	case 2:
		return whole(ret, "requests_at_rsa", ar->pendings, AR_PENDING_MAX);
	case 3:
		return whole(ret, "request_data", ar->rsa[0].replay.n, AR_REPLAY_MAX);
	case 4:
		return whole(ret, "neighbours", ar->neighbours.n, ar->neighbours.max);
	case 5:
		return whole(ret, "ipsec_peers", ar->ipsec.n, ar->ipsec.max);
	case 6:
		return whole(ret, "nodes_leaving", ar->buffers, AR_BUFFERS_MAX);
	case 7: /* of links that went, or are not there yet after a restart */
		used = ar_restore_waiting(ar, &limit);
		return whole(ret, "lbsas_without_link", used, limit);
	default:
		return false;
	}
}

static bool of_router_link(const struct lke_engine *e, unsigned n, struct lke_limit_view *ret)
{
	const struct access_router *ar = e->ar;

	for (unsigned i = 0; i < ar->links; i++) {
		const struct ar_link *k = &ar->link[i];

		if (!k->ifc || n-- > 0)
			continue;
		whole(ret, "lbsas", lbsa_count(&ar->lbsa, k->ifc->ifindex, NULL), k->cfg->max_lbsa);
		ret->ifindex = k->ifc->ifindex;
		return true;
	}
	return false;
}

static bool of_bindings(const struct lke_engine *e, unsigned n, struct lke_limit_view *ret)
{
	uint64_t used, limit;

	if (n > 0)
		return false;
	binding_usage(e, &used, &limit);
	return whole(ret, "bindings", used, limit);
}

/* The cursor counts rows: few enough to look for the next one from the first. */
bool lke_engine_next_limit(const struct lke_engine *e, size_t *cursor, struct lke_limit_view *ret)
{
	const limit_fn part[] = { e->ar ? of_router_link : NULL, e->ar ? of_router : NULL,
				  e->bindings ? of_bindings : NULL };
	size_t row = 0;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		for (unsigned n = 0; part[i] && part[i](e, n, ret); n++)
			if (row++ == *cursor) {
				++*cursor;
				return true;
			}
	return false;
}

/* SPDX-License-Identifier: ISC */
/* Copies of the mobile node's state for `show`, metrics and tests. */
#include "core/mobile_node.h"

bool mn_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret)
{
	while (*cursor < MN_LBSAS) {
		const struct mn_lbsa *b = e->mn->lbsa[(*cursor)++];
		const struct update *u;

		if (!b)
			continue;
		u = update_of(e, &b->coa);
		*ret = (struct lke_lbsa_view){ .role = LKE_ROLE_MN,
					       .ifindex = b->ifindex,
					       .coa = b->coa,
					       .ar = b->ar,
					       .peer_ll = b->peer_ll,
					       .peer_lladdr = b->peer_lladdr,
					       .state = LKE_LBSA_VALID,
					       .proved = b->proved,
					       .bound = u && u->accepted && u->lbsa == b,
					       .previous = mn_lbsa_of(e, &b->coa, NULL) != b,
					       .expires = b->expires,
					       .kex_seq = b->kex_seq,
					       .has_bu_seq = b->has_bu_seq,
					       .bu_seq = b->bu_seq };
		return true;
	}
	return false;
}

const struct secret16 *mn_lbsa_key(const struct lke_engine *e, size_t at)
{
	return &e->mn->lbsa[at]->kbm;
}

bool mn_next_binding(const struct lke_engine *e, size_t *cursor, struct lke_binding_view *ret)
{
	while (*cursor < UPDATES_MAX) {
		const struct update *u = e->mn->update[(*cursor)++];

		if (!u)
			continue;
		*ret = (struct lke_binding_view){
			.role = LKE_ROLE_MN,
			.home = u->home,
			.agent = u->agent,
			.coa = u->coa,
			.state = u->outstanding || !u->accepted ? LKE_BINDING_PENDING
								: LKE_BINDING_OK,
			.seq = u->seq,
			.expires = u->expires,
			.unanswered = u->outstanding ? u->tries : 0,
			.refused = u->refused,
		};
		return true;
	}
	return false;
}

static void router_link(const struct lke_engine *e, const struct mn_router *r,
			struct lke_router_view *ret)
{
	for (unsigned n = 0; n < e->mn->links; n++) {
		const struct mn_link *l = e->mn->link[n];

		if (l->router != r)
			continue;
		ret->chosen = true;
		if (l->coa) {
			ret->coa = l->coa->addr;
			ret->coa_tentative = l->coa->state == MN_ADDR_OPTIMISTIC;
		}
	}
}

bool mn_next_router(const struct lke_engine *e, size_t *cursor, struct lke_router_view *ret)
{
	while (*cursor < MN_ROUTERS_MAX) {
		const struct mn_router *r = e->mn->router[(*cursor)++];

		if (!r)
			continue;
		*ret = (struct lke_router_view){ .ifindex = r->ifindex,
						 .ll = r->ll,
						 .lladdr = r->lladdr,
						 .lke = r->lke,
						 .rsa_bits = r->rsa_bits,
						 .expires = r->expires };
		ret->rdnss_count = r->rdnss_count;
		memcpy(ret->rdnss, r->rdnss, r->rdnss_count * sizeof(r->rdnss[0]));
		router_link(e, r, ret);
		return true;
	}
	return false;
}

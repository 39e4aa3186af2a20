/* SPDX-License-Identifier: ISC */
#include "daemon/gate.h"

#include <string.h>

static struct priv_request record_of(const struct priv_request *r)
{
	return (struct priv_request){
		.type = PRIV_GATE,
		.ifindex = r->ifindex,
		.addr = r->type == PRIV_PATH ? r->router : r->addr,
	};
}

static bool has_gate(const struct priv_request *r)
{
	return r->lladdr_len > 0 && (r->type == PRIV_PATH || r->type == PRIV_INTERCEPT);
}

void gate_close(struct nl *nl, struct ledger *l, const struct priv_request *r, struct tun_quiet *q)
{
	struct priv_request gate = record_of(r);

	if (!has_gate(r))
		return;
	/* The engine process is not trusted: it closes no neighbour that it did not intercept. */
	if ((r->type == PRIV_INTERCEPT && !ledger_has(l, r)) || ledger_add(l, &gate))
		return;
	tun_quiet_wait(q);
	if (nl_gate_close(nl, gate.ifindex, &gate.addr))
		(void)ledger_del(l, &gate);
}

int gate_open(struct nl *nl, struct ledger *l, const struct priv_request *r)
{
	struct priv_request gate = record_of(r), neigh = gate;
	struct lke_act_neigh act = priv_to_neigh(r);

	neigh.type = PRIV_NEIGH;
	if (!ledger_del(l, &gate))
		return 0;
	/* A router of the mobile node is permanent again. */
	if (ledger_has(l, &neigh))
		return nl_neigh(nl, &act);
	return nl_gate_open(nl, gate.ifindex, &gate.addr, &act.lladdr);
}

bool gate_open_quiet(struct nl *nl, struct ledger *l, const struct priv_request *r,
		     struct tun_quiet *q)
{
	struct priv_request gate = record_of(r);

	if (!has_gate(r))
		return false;
	tun_quiet_wait(q);
	if (!tun_quiet(q))
		return false;
	gate.lladdr_len = r->lladdr_len;
	memcpy(gate.lladdr, r->lladdr, sizeof(gate.lladdr));
	return gate_open(nl, l, &gate) == 0;
}

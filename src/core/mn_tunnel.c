/* SPDX-License-Identifier: ISC */
/* Paths and tunnels of the mobile node: one table for each source address, draft 1 and 2.2. */
#include "core/mobile_node.h"

static void path_action(struct lke_engine *e, const struct lke_in6 *src, enum lke_path path,
			uint32_t ifindex, const struct lke_in6 *router, uint64_t cookie)
{
	struct lke_action *a = act_new(e, LKE_ACT_PATH);

	if (!a)
		return;
	a->cookie = cookie;
	a->path.src = *src;
	a->path.path = path;
	if (path == LKE_PATH_ROUTER) {
		a->path.ifindex = ifindex;
		a->path.router = *router;
	}
}

void mn_path_of(struct lke_engine *e, const struct lke_in6 *src, enum lke_path path,
		uint32_t ifindex, const struct lke_in6 *router)
{
	path_action(e, src, path, ifindex, router, 0);
}

void mn_path(struct lke_engine *e, struct mn_addr *a, enum lke_path path)
{
	if (a->linklocal)
		return;
	if (a->path == path && (path != LKE_PATH_ROUTER || in6_eq(&a->path_router, &a->router)))
		return;
	a->path = path;
	a->path_router = a->router;
	path_action(e, &a->addr, path, a->ifindex, &a->router, 0);
}

uint64_t mn_path_park(struct lke_engine *e, struct mn_addr *a)
{
	uint64_t serial;

	if (a->path == LKE_PATH_TUNNEL)
		return 0;
	serial = ++e->mn->serial;
	a->path = LKE_PATH_TUNNEL;
	path_action(e, &a->addr, LKE_PATH_TUNNEL, 0, NULL, COOKIE(MODULE_MN, serial));
	return serial;
}

static bool away(const struct mobile_node *mn)
{
	for (unsigned n = 0; n < mn->homes; n++)
		if (mn->home[n].state != MN_HOME_ARRIVED)
			return true;
	return false;
}

void mn_main_route(struct lke_engine *e)
{
	struct mobile_node *mn = e->mn;
	enum lke_path path = LKE_PATH_NONE;
	struct lke_in6 router = in6_unspecified;
	uint32_t ifindex = 0;

	/* With a home away the main table leads to its home agent; else to the router in use. */
	if (away(mn)) {
		path = LKE_PATH_TUNNEL;
	} else if (mn->active && mn->active->router) {
		path = LKE_PATH_ROUTER;
		ifindex = mn->active->ifc->ifindex;
		router = mn->active->router->ll;
	}
	if (path == mn->main_path && ifindex == mn->main_ifindex &&
	    in6_eq(&router, &mn->main_router))
		return;
	mn->main_path = path;
	mn->main_ifindex = ifindex;
	mn->main_router = router;
	path_action(e, &in6_unspecified, path, ifindex, &router, 0);
}

static bool same_tunnel(const struct lke_act_tunnel *a, const struct lke_act_tunnel *b)
{
	return in6_eq(&a->home, &b->home) && in6_eq(&a->agent, &b->agent) &&
	       in6_eq(&a->coa, &b->coa) && a->ifindex == b->ifindex &&
	       lladdr_eq(&a->nexthop, &b->nexthop);
}

static void tunnel_action(struct lke_engine *e, const struct lke_act_tunnel *t, bool remove)
{
	struct lke_action *a = act_new(e, LKE_ACT_TUNNEL);

	if (!a)
		return;
	a->tunnel = *t;
	a->tunnel.mobile_side = true;
	a->tunnel.remove = remove;
	a->tunnel.credit = UINT64_MAX;
}

/* Replaces what is set; a tunnel to another agent is another tunnel and leaves first. */
static void tunnel_change(struct lke_engine *e, struct lke_act_tunnel *set,
			  const struct lke_act_tunnel *want)
{
	if (same_tunnel(set, want))
		return;
	if (!in6_is_unspecified(&set->agent) && !in6_eq(&set->agent, &want->agent))
		tunnel_action(e, set, true);
	*set = *want;
	if (!in6_is_unspecified(&want->agent))
		tunnel_action(e, want, false);
}

/* By the link of its care-of address while that is not bound elsewhere, else the active one. */
static bool on_link(const struct lke_engine *e, struct lke_act_tunnel *t)
{
	const struct mn_link *l = mn_link_at(e, &t->coa);

	if (!l || !in6_is_unspecified(&mn_addr_find(e, &t->coa)->tunnel.agent))
		l = e->mn->active;
	if (!l || !l->router)
		return false;
	t->ifindex = l->ifc->ifindex;
	t->nexthop = l->router->lladdr;
	return true;
}

void mn_tunnel_set(struct lke_engine *e, struct mn_addr *old, const struct lke_in6 *agent)
{
	struct lke_act_tunnel t = { .home = old->addr, .agent = *agent, .coa = e->mn->current };

	if (on_link(e, &t))
		tunnel_change(e, &old->tunnel, &t);
}

void mn_tunnel_clear(struct lke_engine *e, struct mn_addr *old)
{
	static const struct lke_act_tunnel none;

	tunnel_change(e, &old->tunnel, &none);
}

void mn_home_tunnel(struct lke_engine *e, struct mn_home *h, const struct lke_in6 *coa)
{
	struct lke_act_tunnel t = { .home = h->cfg->addr, .agent = h->agent, .coa = *coa };

	if (in6_is_unspecified(coa)) {
		memset(&t, 0, sizeof(t));
		tunnel_change(e, &h->tunnel, &t);
	} else if (on_link(e, &t)) {
		tunnel_change(e, &h->tunnel, &t);
	}
}

void mn_home_tunnels_move(struct lke_engine *e)
{
	for (unsigned n = 0; n < e->mn->homes; n++)
		if (!in6_is_unspecified(&e->mn->home[n].tunnel.agent))
			mn_home_tunnel(e, &e->mn->home[n], &e->mn->home[n].tunnel.coa);
}

void mn_hold(struct lke_engine *e, bool hold)
{
	struct lke_action *a;

	if (e->mn->held == hold)
		return;
	a = act_new(e, LKE_ACT_HOLD);
	if (!a)
		return;
	e->mn->held = hold;
	a->hold.hold = hold;
}

void mn_send(struct lke_engine *e, enum lke_msg msg, const struct wr *w)
{
	const struct mn_link *l = e->mn->active;

	if (w->err || !l || !l->router)
		return;
	send_packet(e, LKE_ROLE_MN, msg, l->ifc->ifindex, &l->router->lladdr, w->p, w->off);
}

/* SPDX-License-Identifier: ISC */
/*
 * Addresses that the kernel made of advertisements before the link was ours.  Connections that use
 * them go on as long as the node stays where it is: their packets leave through the router of that
 * link.  Nothing new chooses them (the platform deprecates them), there is no key for them, and
 * they go with the first move.  One that is a home address is no such address: its place is that of
 * the home.
 */
#include "core/mobile_node.h"

static bool speaks_of(const struct lke_engine *e, const struct mn_router *r,
		      const struct lke_in6 *addr)
{
	for (unsigned n = 0; n < r->prefixes; n++)
		if (r->prefix[n].valid_until > e->now &&
		    in6_prefix_eq(&r->prefix[n].pio.prefix, addr, r->prefix[n].pio.len))
			return true;
	return false;
}

/* A router of the link whose prefix it is; of several the one in use. */
static const struct mn_router *router_of(const struct lke_engine *e, const struct mn_link *l,
					 const struct lke_in6 *addr)
{
	if (speaks_of(e, l->router, addr))
		return l->router;
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		const struct mn_router *r = e->mn->router[n];

		if (r && r->ifindex == l->ifc->ifindex && r->reachable && speaks_of(e, r, addr))
			return r;
	}
	return NULL;
}

static void forget(struct lke_engine *e, struct mn_link *l, unsigned n)
{
	mn_path_of(e, &l->kept[n].addr, LKE_PATH_NONE, 0, NULL);
	l->kept[n] = l->kept[--l->kepts];
}

static void remove_address(struct lke_engine *e, struct mn_link *l, const struct mn_kept *k)
{
	struct lke_action *a = act_new(e, LKE_ACT_ADDR);

	iface_keeps(l->ifc, &k->addr, false);
	if (!a)
		return;
	a->addr.ifindex = l->ifc->ifindex;
	a->addr.addr = k->addr;
	a->addr.prefix_len = k->plen;
	a->addr.remove = true;
}

static struct mn_kept *find_or_add(struct mn_link *l, const struct iface_addr *f)
{
	for (unsigned n = 0; n < l->kepts; n++)
		if (in6_eq(&l->kept[n].addr, &f->addr))
			return &l->kept[n];
	if (l->kepts == MN_KEPT_MAX)
		return NULL;
	l->kept[l->kepts] = (struct mn_kept){ .addr = f->addr, .plen = f->plen };
	return &l->kept[l->kepts++];
}

/*
 * Nobody here speaks of its prefix any more, or another router is here that never did.  Where the
 * link was left before any router was heard, this may be the first one since.
 */
static bool moved(const struct mn_link *l, const struct mn_kept *k)
{
	if (k->known)
		return true;
	return in6_is_unspecified(&k->router) ? l->parted : !in6_eq(&k->router, &l->router->ll);
}

/* False: it is gone. */
static bool keep(struct lke_engine *e, struct mn_link *l, struct mn_kept *k)
{
	const struct mn_router *r = router_of(e, l, &k->addr);

	if (!r && moved(l, k))
		return false;
	k->known = r != NULL;
	if (!r)
		r = l->router;
	if (!in6_eq(&k->router, &r->ll))
		mn_path_of(e, &k->addr, LKE_PATH_ROUTER, l->ifc->ifindex, &r->ll);
	k->router = r->ll;
	return true;
}

/* The kernel's copy goes; the path of the address is that of the home. */
static void leave_to_home(struct lke_engine *e, struct mn_link *l)
{
	for (unsigned n = 0; n < l->ifc->addrs; n++) {
		const struct mn_kept k = { .addr = l->ifc->addr[n].addr,
					   .plen = l->ifc->addr[n].plen };

		if (l->ifc->addr[n].advertised && mn_home_find(e, &k.addr))
			remove_address(e, l, &k);
	}
	for (unsigned n = l->kepts; n-- > 0;)
		if (mn_home_find(e, &l->kept[n].addr))
			l->kept[n] = l->kept[--l->kepts];
}

void mn_kept_follow(struct lke_engine *e, struct mn_link *l)
{
	leave_to_home(e, l);
	for (unsigned n = l->kepts; n-- > 0;)
		if (!iface_keeps(l->ifc, &l->kept[n].addr, true))
			forget(e, l, n);
	if (!l->router || !l->coa)
		return;
	for (unsigned n = 0; n < l->ifc->addrs; n++) {
		const struct iface_addr *f = &l->ifc->addr[n];
		struct mn_kept *k;

		if (!f->advertised || !in6_is_global(&f->addr) || mn_addr_find(e, &f->addr))
			continue;
		k = find_or_add(l, f);
		if (k && !keep(e, l, k)) {
			remove_address(e, l, k);
			forget(e, l, (unsigned)(k - l->kept));
		}
	}
}

void mn_kept_drop(struct lke_engine *e, struct mn_link *l)
{
	while (l->kepts)
		forget(e, l, l->kepts - 1);
}

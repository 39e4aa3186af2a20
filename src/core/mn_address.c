/* SPDX-License-Identifier: ISC */
/*
 * Addresses of the mobile node: identifiers of RFC 7217, stateless autoconfiguration (RFC 4862) and
 * optimistic DAD (RFC 4429) by the engine itself, because the kernel's DAD would take the access
 * router's cached advertisement for a conflict (AMB-093).
 */
#include "core/mobile_node.h"

#define LL_PLEN 64

struct mn_addr *mn_addr_find(const struct lke_engine *e, const struct lke_in6 *a)
{
	for (unsigned n = 0; n < MN_ADDRS; n++)
		if (e->mn->addr[n] && in6_eq(&e->mn->addr[n]->addr, a))
			return e->mn->addr[n];
	return NULL;
}

struct mn_link *mn_link_of(struct lke_engine *e, uint32_t ifindex)
{
	for (unsigned n = 0; n < e->mn->links; n++)
		if (e->mn->link[n]->ifc->ifindex == ifindex)
			return e->mn->link[n];
	return NULL;
}

static void remove_action(struct lke_engine *e, const struct mn_addr *a)
{
	struct lke_action *act = a->ours ? act_new(e, LKE_ACT_ADDR) : NULL;

	if (!act)
		return;
	act->addr.ifindex = a->ifindex;
	act->addr.addr = a->addr;
	act->addr.prefix_len = a->plen;
	act->addr.remove = true;
}

/* The interface came back under another index: the address leaves the tunnel device. */
static void adopt(struct lke_engine *e, struct mn_addr *a, uint32_t ifindex)
{
	remove_action(e, a);
	a->ifindex = ifindex;
	for (unsigned n = 0; n < MN_LBSAS; n++)
		if (e->mn->lbsa[n] && in6_eq(&e->mn->lbsa[n]->coa, &a->addr))
			e->mn->lbsa[n]->ifindex = ifindex;
}

void mn_addrs_orphan(struct lke_engine *e, uint32_t ifindex, bool there)
{
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (!a || a->ifindex != ifindex)
			continue;
		if (a->linklocal) {
			if (!there)
				a->ours = false; /* the kernel removed it */
			mn_addr_remove(e, a);
			continue;
		}
		if (there)
			remove_action(e, a);
		/* Packets to it come out of a tunnel and need a local address still. */
		a->here = false;
		a->state = MN_ADDR_DEPRECATED;
		timerq_disarm(&e->timers, &a->dad);
		a->ifindex = 0;
		mn_addr_announce(e, a);
	}
	mn_addr_clean(e);
}

struct mn_addr *mn_coa_in_prefix(struct lke_engine *e, uint32_t ifindex,
				 const struct nd_prefix *pio, const struct lke_in6 *router)
{
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (!a || a->linklocal || a->plen != pio->len ||
		    !in6_prefix_eq(&a->addr, &pio->prefix, pio->len))
			continue;
		/* Routers of one link may share a prefix; on another link it is another one. */
		if (a->ifindex == ifindex && a->here)
			return a;
		if (!in6_eq(&a->router, router))
			continue;
		if (a->ifindex == ifindex)
			return a;
		if (a->ifindex == 0) {
			adopt(e, a, ifindex);
			return a;
		}
	}
	return NULL;
}

/* F of RFC 7217 section 5 is HMAC-SHA-256; the identifier is its last 64 bits. */
static int stable_iid(struct lke_engine *e, const struct iface *i, const struct lke_in6 *prefix,
		      uint8_t dad_counter, uint8_t ret_iid[8])
{
	const struct iov_part part[] = { { prefix->b, 8 },
					 { i->name, strlen(i->name) },
					 { &dad_counter, 1 } };
	uint8_t mac[SHA256_LEN];
	struct hmac *h;
	int err = hmac_sha256_new(e->cfg.mn.stable_secret, sizeof(e->cfg.mn.stable_secret), &h);

	if (err < 0)
		return err;
	err = hmac_compute(h, part, sizeof(part) / sizeof(part[0]), mac);
	hmac_free(h);
	if (err == 0)
		memcpy(ret_iid, mac + SHA256_LEN - 8, 8);
	return err;
}

/* Of the addresses of former links that nobody forwards for, the one left longest ago: its key goes
 * with it, or a node that moves much could not attach any more. */
static void evict(struct lke_engine *e)
{
	struct mn_addr *best = NULL;

	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (a && a->state == MN_ADDR_DEPRECATED && !update_of(e, &a->addr) &&
		    !mn_registered(e, &a->addr) && (!best || a->left < best->left))
			best = a;
	}
	if (!best)
		return;
	for (struct mn_lbsa *b; (b = mn_lbsa_of(e, &best->addr, NULL));)
		mn_lbsa_remove(e, b, "replaced");
	mn_addr_remove(e, best);
}

static unsigned addr_place(const struct lke_engine *e)
{
	unsigned n = 0;

	while (n < MN_ADDRS && e->mn->addr[n])
		n++;
	return n;
}

static struct mn_addr *addr_alloc(struct lke_engine *e, const struct lke_in6 *addr,
				  uint32_t ifindex, uint8_t plen)
{
	unsigned n = addr_place(e);
	struct mn_addr *a;

	if (n == MN_ADDRS) {
		evict(e);
		n = addr_place(e);
	}
	if (n == MN_ADDRS) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	a = mem_zalloc(sizeof(*a));
	if (!a) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	a->addr = *addr;
	a->plen = plen;
	a->ifindex = ifindex;
	a->linklocal = in6_is_linklocal(addr);
	a->valid_until = LKE_NEVER;
	a->preferred_until = LKE_NEVER;
	tbf_init(&a->defence, MN_PLAIN_NA_RATE, MN_PLAIN_NA_RATE, e->now);
	timer_init(&a->dad, MN_T_DAD, a);
	timer_init(&a->end, MN_T_ADDR_END, a);
	e->mn->addr[n] = a;
	return a;
}

struct mn_addr *mn_addr_new(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *prefix,
			    uint8_t plen, uint8_t dad_counter)
{
	struct mn_addr *a;
	struct lke_in6 addr;
	uint8_t iid[8];

	/* The reserved identifiers of RFC 2526 and the anycast one are passed over. */
	do {
		if (stable_iid(e, l->ifc, prefix, dad_counter, iid) < 0) {
			alarm_note(e, LKE_ROLE_MN, prefix,
				   "cannot compute an interface identifier; restart lked");
			return NULL;
		}
		addr = in6_make(prefix, iid);
		dad_counter++;
	} while (in6_is_anycast64(&addr) || mn_addr_find(e, &addr));
	a = addr_alloc(e, &addr, l->ifc->ifindex, plen);
	if (a) {
		a->dad_counter = (uint8_t)(dad_counter - 1);
		a->ours = true;
	}
	return a;
}

/* A timer may be late after a suspend. */
uint32_t mn_seconds_left(const struct lke_engine *e, lke_time until)
{
	if (until == LKE_NEVER)
		return LKE_LIFETIME_INFINITE;
	return until > e->now ? (uint32_t)((until - e->now) / LKE_SEC) : 0;
}

struct mn_addr *mn_addr_restored(struct lke_engine *e, struct mn_link *l,
				 const struct nd_prefix *pio)
{
	for (unsigned n = 0; n < MN_LBSAS; n++) {
		const struct mn_lbsa *b = e->mn->lbsa[n];
		struct mn_addr *a;

		if (!b || !b->restored || b->ifindex != l->ifc->ifindex || b->expires <= e->now ||
		    !in6_prefix_eq(&b->coa, &pio->prefix, pio->len) || mn_addr_find(e, &b->coa))
			continue;
		a = addr_alloc(e, &b->coa, l->ifc->ifindex, pio->len);
		if (a) {
			a->dad_counter = b->dad_counter;
			a->ours = true;
		}
		return a;
	}
	return NULL;
}

void mn_addr_announce(struct lke_engine *e, struct mn_addr *a)
{
	struct lke_action *act;

	if (!a->ours)
		return;
	act = act_new(e, LKE_ACT_ADDR);
	if (!act)
		return;
	act->addr.ifindex = a->ifindex;
	act->addr.addr = a->addr;
	act->addr.prefix_len = a->plen;
	act->addr.valid = mn_seconds_left(e, a->valid_until);
	act->addr.preferred =
		a->state == MN_ADDR_DEPRECATED ? 0 : mn_seconds_left(e, a->preferred_until);
	/* An old care-of address outlives its prefix lifetime while the temporary home agent serves
	 * it. */
	if (a->state == MN_ADDR_DEPRECATED)
		act->addr.valid = LKE_LIFETIME_INFINITE;
	if (act->addr.preferred > act->addr.valid)
		act->addr.preferred = act->addr.valid;
}

void mn_addr_steer(struct lke_engine *e, struct mn_addr *a, bool remove)
{
	void (*change)(struct lke_engine *, enum lke_steer, const struct lke_in6 *, uint32_t) =
		remove ? steer_del : steer_add;

	if (a->steered == !remove)
		return;
	a->steered = !remove;
	if (a->linklocal)
		return;
	change(e, LKE_STEER_MINE, &a->addr, 0);
	for (unsigned n = 0; n < e->mn->homes; n++)
		change(e, LKE_STEER_SPI, &a->addr, e->mn->home[n].cfg->to_mn.spi);
}

void mn_addr_arm_end(struct lke_engine *e, struct mn_addr *a)
{
	lke_time at = a->preferred_until > e->now && a->preferred_until < a->valid_until
			      ? a->preferred_until
			      : a->valid_until;

	arm(e, &a->end, at);
}

void mn_addr_lifetimes(struct lke_engine *e, struct mn_addr *a, const struct nd_prefix *pio)
{
	a->valid_until = mn_valid_until(e->now, a->valid_until, pio->valid);
	a->preferred_until = mn_lifetime_end(e->now, pio->preferred);
	mn_addr_arm_end(e, a);
}

static bool ll_in_use(const struct iface *i, const struct mn_addr *a)
{
	return a && iface_has_addr(i, &a->addr);
}

void mn_linklocal(struct lke_engine *e, struct mn_link *l)
{
	static const struct lke_in6 prefix = { { 0xfe, 0x80 } };
	const struct iface *i = l->ifc;
	const struct lke_in6 *kernel = iface_ll(i);
	bool replaced;

	/* One address for the life of the link: the router resolves it, keys are exchanged with
	 * it. Another one of the kernel's own is no reason to change. */
	if (l->ll && l->ll->ours) {
		if (!iface_has_addr(i, &l->ll->addr))
			mn_addr_announce(e, l->ll);
		return;
	}
	if (ll_in_use(i, l->ll))
		return;
	for (unsigned n = 0; !kernel && n < i->addrs; n++)
		if (in6_is_linklocal(&i->addr[n].addr))
			kernel = &i->addr[n].addr;
	replaced = l->ll != NULL;
	if (l->ll)
		mn_addr_remove(e, l->ll);
	if (kernel)
		l->ll = addr_alloc(e, kernel, i->ifindex, LL_PLEN);
	else
		l->ll = mn_addr_new(e, l, &prefix, LL_PLEN, 0);
	if (!l->ll)
		return;
	mn_addr_steer(e, l->ll, false);
	mn_addr_announce(e, l->ll);
	/* mn_link_up() does it itself; this one was replaced on a link in use. */
	if (replaced && l->up)
		mn_addr_dad(e, l, l->ll);
}

void mn_addr_use(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	bool dad = !a->steered || a->state == MN_ADDR_OPTIMISTIC;

	if (!mn_addr_here(l, a)) {
		/* A former address that no key of ours protects may have been taken meanwhile. */
		if (a->state == MN_ADDR_DEPRECATED || mn_lbsa_restored(e, &a->addr))
			dad = !mn_lbsa_of(e, &a->addr, NULL);
		a->here = true;
		a->state = MN_ADDR_PREFERRED;
		mn_addr_announce(e, a);
	} else {
		dad = false; /* it runs, or is over */
	}
	mn_path(e, a, LKE_PATH_ROUTER);
	/* Last: a change of steering costs milliseconds, and the router's DAD comes much later. */
	mn_addr_steer(e, a, false);
	if (dad)
		mn_addr_dad(e, l, a);
}

void mn_addr_deprecate(struct lke_engine *e, struct mn_addr *a)
{
	if (a->state == MN_ADDR_DEPRECATED || a->linklocal)
		return;
	a->state = MN_ADDR_DEPRECATED;
	if (a->here)
		a->left = e->now;
	a->here = false;
	timerq_disarm(&e->timers, &a->dad);
	mn_addr_announce(e, a);
}

void mn_addr_remove(struct lke_engine *e, struct mn_addr *a)
{
	mn_tunnel_clear(e, a);
	mn_path(e, a, LKE_PATH_NONE);
	mn_addr_steer(e, a, true);
	remove_action(e, a);
	timerq_disarm(&e->timers, &a->dad);
	timerq_disarm(&e->timers, &a->end);
	for (unsigned n = 0; n < e->mn->links; n++) {
		if (e->mn->link[n]->ll == a)
			e->mn->link[n]->ll = NULL;
		if (e->mn->link[n]->coa == a)
			e->mn->link[n]->coa = NULL;
	}
	for (unsigned n = 0; n < MN_ADDRS; n++)
		if (e->mn->addr[n] == a)
			e->mn->addr[n] = NULL;
	mem_free(a);
}

/* Somebody may still send to it: a key or a binding lives, or the home agent forwards there. */
static bool needed(const struct lke_engine *e, const struct mn_addr *a)
{
	for (unsigned n = 0; n < e->mn->links; n++)
		if (e->mn->link[n]->coa == a || e->mn->link[n]->ll == a)
			return true;
	return a->here || mn_lbsa_of(e, &a->addr, NULL) || update_of(e, &a->addr) ||
	       mn_registered(e, &a->addr);
}

void mn_addr_clean(struct lke_engine *e)
{
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = e->mn->addr[n];

		if (a && a->state == MN_ADDR_DEPRECATED && !needed(e, a))
			mn_addr_remove(e, a);
	}
}

void mn_addr_end_timer(struct lke_engine *e, struct mn_addr *a)
{
	struct mn_link *l = mn_link_of(e, a->ifindex);
	struct lke_in6 addr = a->addr;

	if (l && !mn_addr_here(l, a))
		l = NULL;
	/* No longer preferred: another prefix of the router makes the primary one (RFC 4862 5.5.4).
	 */
	if (a->valid_until > e->now) {
		arm(e, &a->end, a->valid_until);
		if (l)
			mn_choose(e, l);
		return;
	}
	if (l)
		mn_choose(e, l);
	/* Another link may have taken over, and nobody needed this address any more. */
	a = mn_addr_find(e, &addr);
	if (!a)
		return;
	if (l && l->coa == a) {
		mn_detach(e, l);
		l->router = NULL;
	}
	a->here = false;
	mn_addr_deprecate(e, a);
	mn_addr_clean(e);
}

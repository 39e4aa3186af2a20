/* SPDX-License-Identifier: ISC */
/*
 * Another configuration of a mobile node that runs.  A home is the same when its address is; the
 * homes stand in the engine in any order, a place that becomes free is taken by the last one.
 */
#include "core/mobile_node.h"

/* Security associations of one home of the new list. */
struct fresh {
	bool set;
	struct sa out, in;
};

struct mn_change {
	struct fresh home[LKE_MAX_HOMES]; /* parallel to the new list */
};

void mn_reload_free(struct mn_change *c)
{
	if (!c)
		return;
	for (unsigned n = 0; n < LKE_MAX_HOMES; n++) {
		sa_done(&c->home[n].out);
		sa_done(&c->home[n].in);
	}
	mem_free_wipe(c, sizeof(*c));
}

static bool same_keys(const struct lke_config_home *a, const struct lke_config_home *b)
{
	return a->generation == b->generation && sa_same(&a->to_ha, &b->to_ha) &&
	       sa_same(&a->to_mn, &b->to_mn);
}

static int prepare_home(struct lke_engine *e, const struct lke_config_home *want, struct fresh *ret)
{
	const struct mn_home *h = mn_home_find(e, &want->addr);
	int err;

	if (h && same_keys(h->cfg, want))
		return 0;
	err = sa_init(&ret->out, &want->to_ha);
	if (err == 0)
		err = sa_init(&ret->in, &want->to_mn);
	ret->set = err == 0;
	return err;
}

int mn_reload_prepare(struct lke_engine *e, const struct lke_config_mn *want,
		      struct mn_change **ret)
{
	struct mn_change *c;
	int err = 0;

	for (unsigned n = 0; n < want->homes; n++)
		for (unsigned k = 0; k < n; k++)
			if (in6_eq(&want->home[n].addr, &want->home[k].addr))
				return LKE_ERR_INVAL;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return LKE_ERR_NOMEM;
	for (unsigned n = 0; n < want->homes && err == 0; n++)
		err = prepare_home(e, &want->home[n], &c->home[n]);
	if (err < 0)
		mn_reload_free(c);
	else
		*ret = c;
	return err;
}

/* --- sequence numbers of homes that come and go --- */

static void retire(struct mobile_node *mn, const struct mn_home *h)
{
	struct mn_retired *r = &mn->retired[mn->retireds++ % MN_RETIRED_MAX];

	*r = (struct mn_retired){ .addr = h->cfg->addr,
				  .generation = h->cfg->generation,
				  .has_seq = h->has_seq,
				  .counts = h->counts,
				  .seq = h->seq,
				  .used = h->used,
				  .stored = h->stored };
}

static void unretire(struct mobile_node *mn, struct mn_home *h)
{
	for (unsigned n = 0; n < MN_RETIRED_MAX; n++) {
		struct mn_retired *r = &mn->retired[n];

		if (!in6_eq(&r->addr, &h->cfg->addr) || r->generation != h->cfg->generation)
			continue;
		h->has_seq = r->has_seq;
		h->counts = r->counts;
		h->seq = r->seq;
		h->used = r->used;
		h->stored = r->stored;
		memset(r, 0, sizeof(*r));
		return;
	}
}

/* --- homes --- */

/* ESP from the home agent is taken at every care-of address, and at home at the home address. */
static void steer(struct lke_engine *e, const struct mn_home *h, bool add)
{
	void (*change)(struct lke_engine *, enum lke_steer, const struct lke_in6 *, uint32_t) =
		add ? steer_add : steer_del;

	for (unsigned n = 0; n < MN_ADDRS; n++) {
		const struct mn_addr *a = e->mn->addr[n];

		if (a && a->steered && !a->linklocal)
			change(e, LKE_STEER_SPI, &a->addr, h->cfg->to_mn.spi);
	}
	if (h->state != MN_HOME_AWAY)
		change(e, LKE_STEER_SPI, &h->cfg->addr, h->cfg->to_mn.spi);
}

/* The home agent in use is told once that it is no more; its binding ends by itself else. */
static void deregister(struct lke_engine *e, struct mn_home *h)
{
	struct update *u = update_find(e, &h->cfg->addr, &h->agent);

	if (!u)
		return;
	if (u->accepted && !u->dereg && e->mn->active && e->mn->active->router) {
		u->lifetime = 0;
		update_begin(u, INITIAL_BINDACK_TIMEOUT);
		mn_register_send(e, u);
	}
	update_free(e, u);
}

static void remove_home(struct lke_engine *e, struct mn_home *h)
{
	uint32_t ifindex =
		h->state == MN_HOME_ARRIVED && e->mn->active ? e->mn->active->ifc->ifindex : 0;

	retire(e->mn, h);
	steer(e, h, false);
	deregister(e, h);
	mn_home_tunnel(e, h, &in6_unspecified);
	mn_home_address(e, h, ifindex, true);
	mn_home_done(e, h);
}

/* Timers and the update list point to it. */
static void move_home(struct lke_engine *e, struct mn_home *to, struct mn_home *from)
{
	struct timer *old[] = { &from->resolve, &from->discovery.timer, &from->prefix.timer };
	struct timer *new[] = { &to->resolve, &to->discovery.timer, &to->prefix.timer };

	*to = *from;
	for (unsigned n = 0; n < 3; n++) {
		lke_time at = timer_armed(old[n]) ? old[n]->at : LKE_NEVER;

		timerq_disarm(&e->timers, old[n]);
		timer_init(new[n], old[n]->kind, to);
		arm(e, new[n], at);
	}
	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (e->mn->update[n] && e->mn->update[n]->reg == from)
			e->mn->update[n]->reg = to;
	mem_wipe(from, sizeof(*from)); /* a copy: what it pointed to lives on */
}

static struct lke_config_home *find(struct lke_config_mn *c, const struct lke_in6 *addr)
{
	for (unsigned n = 0; n < c->homes; n++)
		if (in6_eq(&c->home[n].addr, addr))
			return &c->home[n];
	return NULL;
}

static void remove_homes(struct lke_engine *e)
{
	struct mobile_node *mn = e->mn;

	for (unsigned n = mn->homes; n > 0; n--) {
		struct mn_home *h = &mn->home[n - 1], *last = &mn->home[mn->homes - 1];

		if (find(&e->cfg.mn, &h->cfg->addr))
			continue;
		remove_home(e, h);
		mn->homes--;
		if (h != last)
			move_home(e, h, last);
	}
}

static void change_keys(struct lke_engine *e, struct mn_home *h, struct lke_config_home *want,
			struct fresh *f)
{
	bool renew = h->cfg->generation != want->generation;
	struct sa out = h->out, in = h->in;

	steer(e, h, false);
	h->out = f->out;
	h->in = f->in;
	f->out = out; /* wiped with it */
	f->in = in;
	mem_wipe(&out, sizeof(out));
	mem_wipe(&in, sizeof(in));
	h->cfg = want;
	steer(e, h, true);
	if (!renew)
		return;
	/* Another generation has its own numbers (AMB-173). */
	h->has_seq = h->counts = false;
	h->seq = 0;
	h->used = h->stored = 0;
}

/* Another home agent: the one before is told, and nothing of it is known any more. */
static void change_agent(struct lke_engine *e, struct mn_home *h,
			 const struct lke_config_home *want)
{
	deregister(e, h);
	mn_home_tunnel(e, h, &in6_unspecified);
	timerq_disarm(&e->timers, &h->discovery.timer);
	h->discovery.agents = h->discovery.next = h->discovery.tries = 0;
	h->agent = want->agent;
	h->agent_lladdr.len = 0;
	h->coa = in6_unspecified;
	h->counts = false;
}

/* A home that is new or has new keys or another agent: where it is, is found out as on arrival. */
static void start_home(struct lke_engine *e, struct mn_home *h)
{
	struct mn_link *l = e->mn->active;

	if (!l || e->mn->bind_pending)
		return; /* when there is one, or with what is pending */
	if (mn_home_link(l, h))
		mn_home_return(e, h);
	else
		mn_register(e, h, &e->mn->current);
}

static void change_home(struct lke_engine *e, struct mn_home *h, struct lke_config_home *want,
			struct fresh *f)
{
	const struct lke_config_home *was = h->cfg;
	bool agent = !in6_eq(&was->agent, &want->agent);

	if (agent)
		change_agent(e, h, want);
	if (f->set)
		change_keys(e, h, want, f);
	h->cfg = want;
	if (agent || f->set)
		start_home(e, h);
}

static void add_home(struct lke_engine *e, struct lke_config_home *want, struct fresh *f)
{
	struct mn_home *h = &e->mn->home[e->mn->homes++];

	memset(h, 0, sizeof(*h));
	h->out = f->out;
	h->in = f->in;
	mem_wipe(f, sizeof(*f)); /* owned by the home now */
	mn_home_init(h, want);
	unretire(e->mn, h);
	steer(e, h, true);
	mn_home_address(e, h, 0, false);
	start_home(e, h);
}

static void reload_homes(struct lke_engine *e, struct lke_config_mn *was, struct mn_change *c)
{
	struct lke_config_mn *now = &e->cfg.mn;

	/* What they pointed to is overwritten. */
	for (unsigned n = 0; n < e->mn->homes; n++)
		e->mn->home[n].cfg = &was->home[e->mn->home[n].cfg - now->home];
	remove_homes(e);
	for (unsigned n = 0; n < now->homes; n++) {
		struct mn_home *h = mn_home_find(e, &now->home[n].addr);

		if (h)
			change_home(e, h, &now->home[n], &c->home[n]);
		else
			add_home(e, &now->home[n], &c->home[n]);
	}
	mn_main_route(e);
	mn_addr_clean(e);
	for (unsigned n = 0; n < e->mn->links; n++)
		mn_kept_follow(e, e->mn->link[n]);
}

/* --- links --- */

static unsigned order_of(const struct lke_config_mn *c, const char *name)
{
	unsigned n = 0;

	while (n < c->interfaces && strcmp(c->interface[n], name) != 0)
		n++;
	return n;
}

static void reload_links(struct lke_engine *e)
{
	const struct lke_config_mn *now = &e->cfg.mn;
	struct mobile_node *mn = e->mn;
	bool moved = false;

	for (unsigned n = 0; n < mn->links; n++) {
		unsigned order = order_of(now, mn->link[n]->ifc->name);

		moved |= mn->link[n]->order != order;
		mn->link[n]->order = order;
	}
	for (unsigned n = mn->links; n > 0; n--)
		if (mn->link[n - 1]->order == now->interfaces)
			mn_link_drop(e, mn->link[n - 1], true);
	for (unsigned n = 0; n < e->ifaces; n++)
		if (!e->iface[n]->mn)
			mn_link_changed(e, e->iface[n]);
	/* A link that is preferred now takes over as if it had just become steady. */
	for (unsigned n = 0; moved && n < mn->links; n++)
		mn_takeover_timer(e, mn->link[n]);
}

void mn_reload_commit(struct lke_engine *e, struct lke_config_mn *was, struct mn_change *c)
{
	reload_homes(e, was, c);
	reload_links(e);
	mn_reload_free(c);
}

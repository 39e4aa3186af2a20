/* SPDX-License-Identifier: ISC */
/* The mobile node's role machine: start and stop, dispatch of packets and timers, commands. */
#include "core/mobile_node.h"

void mn_home_init(struct mn_home *h, struct lke_config_home *cfg)
{
	h->cfg = cfg;
	h->agent = cfg->agent;
	timer_init(&h->resolve, MN_T_RESOLVE, h);
	timer_init(&h->discovery.timer, MN_T_DISCOVERY, h);
	mn_mobile_prefix_init(h);
}

void mn_home_done(struct lke_engine *e, struct mn_home *h)
{
	timerq_disarm(&e->timers, &h->resolve);
	timerq_disarm(&e->timers, &h->discovery.timer);
	timerq_disarm(&e->timers, &h->prefix.timer);
	sa_done(&h->out);
	sa_done(&h->in);
	mem_wipe(h, sizeof(*h));
}

static int start_home(struct lke_engine *e, struct lke_config_home *cfg)
{
	struct mn_home *h = &e->mn->home[e->mn->homes];
	int err = sa_init(&h->out, &cfg->to_ha);

	if (err == 0)
		err = sa_init(&h->in, &cfg->to_mn);
	mn_home_init(h, cfg);
	e->mn->homes++; /* sa_done() copes with a half-built one */
	if (err == 0)
		mn_home_address(e, h, 0, false);
	return err;
}

int mn_new(struct lke_engine *e)
{
	struct mobile_node *mn = mem_zalloc(sizeof(*mn));
	int err = 0;

	if (!mn)
		return LKE_ERR_NOMEM;
	e->mn = mn;
	timer_init(&mn->leave.timer, MN_T_LEAVE, &mn->leave);
	tbf_init(&mn->leave.rate, MAX_UPDATE_RATE, MAX_UPDATE_RATE, e->now);
	timer_init(&mn->bind, MN_T_BIND, mn);
	timer_init(&mn->settle, MN_T_SETTLE, mn);
	for (unsigned n = 0; err == 0 && n < e->cfg.mn.homes; n++)
		err = start_home(e, &e->cfg.mn.home[n]);
	if (err == 0)
		mn_main_route(e);
	return err;
}

static void free_addr(struct lke_engine *e, struct mn_addr *a)
{
	if (!a)
		return;
	timerq_disarm(&e->timers, &a->dad);
	timerq_disarm(&e->timers, &a->end);
	mem_free(a);
}

static void free_lbsa(struct lke_engine *e, struct mn_lbsa *b)
{
	if (!b)
		return;
	timerq_disarm(&e->timers, &b->renew);
	timerq_disarm(&e->timers, &b->end);
	mem_free_wipe(b, sizeof(*b));
}

static void free_link(struct lke_engine *e, struct mn_link *l)
{
	timerq_disarm(&e->timers, &l->solicit);
	timerq_disarm(&e->timers, &l->probe);
	timerq_disarm(&e->timers, &l->takeover);
	timerq_disarm(&e->timers, &l->kex.timer);
	l->ifc->mn = NULL;
	mem_free_wipe(l, sizeof(*l));
}

static void free_router(struct lke_engine *e, struct mn_router *r)
{
	if (!r)
		return;
	timerq_disarm(&e->timers, &r->end);
	timerq_disarm(&e->timers, &r->rdnss_end);
	mem_free(r);
}

void mn_free(struct lke_engine *e)
{
	struct mobile_node *mn = e->mn;

	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (mn->update[n])
			update_free(e, mn->update[n]);
	for (unsigned n = 0; n < MN_LBSAS; n++)
		free_lbsa(e, mn->lbsa[n]);
	for (unsigned n = 0; n < MN_ADDRS; n++)
		free_addr(e, mn->addr[n]);
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++)
		free_router(e, mn->router[n]);
	for (unsigned n = 0; n < mn->links; n++)
		free_link(e, mn->link[n]);
	for (unsigned n = 0; n < mn->homes; n++)
		mn_home_done(e, &mn->home[n]);
	timerq_disarm(&e->timers, &mn->leave.timer);
	timerq_disarm(&e->timers, &mn->bind);
	timerq_disarm(&e->timers, &mn->settle);
	mem_free_wipe(mn, sizeof(*mn));
	e->mn = NULL;
}

void mn_stop(struct lke_engine *e)
{
	struct mobile_node *mn = e->mn;
	struct lke_action *a;

	mn_hold(e, false);
	if (mn->active)
		mn_home_leave(e, mn->active);
	for (unsigned n = 0; n < mn->homes; n++) {
		mn_home_tunnel(e, &mn->home[n], &in6_unspecified);
		mn_home_address(e, &mn->home[n], 0, true);
	}
	for (unsigned n = 0; n < MN_ADDRS; n++)
		if (mn->addr[n])
			mn_addr_remove(e, mn->addr[n]);
	for (unsigned n = 0; n < mn->links; n++)
		mn_setting_reset(e, mn->link[n]);
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++) {
		if (!mn->router[n] || !mn->router[n]->neigh_set)
			continue;
		a = act_new(e, LKE_ACT_NEIGH);
		if (a) {
			a->neigh.ifindex = mn->router[n]->ifindex;
			a->neigh.addr = mn->router[n]->ll;
			a->neigh.lladdr = mn->router[n]->lladdr;
			a->neigh.remove = true;
		}
	}
	a = mn->main_path != LKE_PATH_NONE ? act_new(e, LKE_ACT_PATH) : NULL;
	if (a)
		a->path.path = LKE_PATH_NONE; /* src is :: */
}

static struct mn_link *link_new(struct lke_engine *e, struct iface *i, unsigned order)
{
	struct mobile_node *mn = e->mn;
	struct mn_link *l;

	if (mn->links == LKE_MAX_IFACES) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	l = mem_zalloc(sizeof(*l));
	if (!l) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	l->ifc = i;
	l->order = order;
	mn_kex_init(l);
	tbf_init(&l->answers, MN_NA_RATE, MN_NA_RATE, e->now);
	timer_init(&l->solicit, MN_T_SOLICIT, l);
	timer_init(&l->probe, MN_T_PROBE, l);
	timer_init(&l->takeover, MN_T_TAKEOVER, l);
	mn->link[mn->links++] = l;
	i->mn = l;
	return l;
}

static struct mn_link *link_get(struct lke_engine *e, struct iface *i)
{
	if (i->mn)
		return i->mn;
	for (unsigned n = 0; n < e->cfg.mn.interfaces; n++)
		if (strcmp(e->cfg.mn.interface[n], i->name) == 0)
			return link_new(e, i, n);
	return NULL;
}

void mn_link_changed(struct lke_engine *e, struct iface *i)
{
	struct mn_link *l = link_get(e, i);
	bool flapped;

	if (!l)
		return;
	/* The system may have merged down and up into one report. */
	flapped = l->up && i->up && i->carrier_changes != l->carrier_changes;
	l->carrier_changes = i->carrier_changes;
	/* Another link-layer address: for everybody on the link it is another station. */
	if (l->lladdr.len > 0 && !lladdr_eq(&l->lladdr, &i->lladdr)) {
		flapped = flapped || (l->up && i->up);
		l->announce = true;
	}
	l->lladdr = i->lladdr;
	if (l->up && (!i->up || flapped))
		mn_link_down(e, l);
	if (!l->up && i->up)
		mn_link_up(e, l);
	else if (l->up && (!l->ll || (!l->ll->ours && iface_ll(i))))
		mn_linklocal(e, l);
	mn_kept_follow(e, l);
}

void mn_link_removed(struct lke_engine *e, struct iface *i)
{
	if (i->mn)
		mn_link_drop(e, i->mn, false);
}

void mn_link_drop(struct lke_engine *e, struct mn_link *l, bool there)
{
	struct mobile_node *mn = e->mn;
	uint32_t ifindex = l->ifc->ifindex;

	if (l->up)
		mn_link_down(e, l);
	if (there)
		mn_setting_reset(e, l);
	mn_kept_drop(e, l);
	mn_addrs_orphan(e, ifindex, there);
	mn_routers_forget(e, ifindex, there);
	for (unsigned n = 0; n < mn->links; n++)
		if (mn->link[n] == l) {
			mn->link[n] = mn->link[--mn->links];
			break;
		}
	free_link(e, l);
}

int mn_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	switch (m->type) {
	case ND_RA:
		return mn_ra_input(e, p, m);
	case ND_NS:
		return mn_ns_input(e, p, m);
	case ND_NA:
		return mn_na_input(e, p, m);
	default:
		return -(int)LKE_DROP_NOT_OURS;
	}
}

static int binding_error(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct mh_be be;
	int err = mh_be_decode(v, &be);

	if (err < 0)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BE, p, (enum lke_drop) - err);
	/* "Unrecognised MH type" about a KEReq: no LKE there, perhaps (AMB-078, AMB-176). */
	if (be.status == 2 && p->ifc->mn)
		mn_kex_hint(e, p->ifc->mn, &p->ip.src);
	note_in(e, LKE_ROLE_MN, LKE_MSG_BE, p, LKE_DROP_NONE);
	return 0;
}

int mn_mh_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	switch (v->type) {
	case MH_BA:
		return mn_ba_input(e, p, v);
	case MH_KEACK:
		return mn_keack_input(e, p, v);
	case MH_BRR:
		return mn_brr_input(e, p);
	case MH_BE:
		return binding_error(e, p, v);
	default:
		return drop(e, LKE_DROP_MH_TYPE);
	}
}

/* 1/5 about our own tunnel packet: the access router has no binding (AMB-112). */
static int tunnel_refused(struct lke_engine *e, const struct pkt *p, const struct ip6_info *in)
{
	const struct mn_link *l = p->ifc->mn;

	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (!u || u->reg || !in6_eq(&u->agent, &p->ip.src) ||
		    !in6_eq(&u->agent, &in->dst) || !l || !in6_eq(&in->src, &e->mn->current))
			continue;
		note_in(e, LKE_ROLE_MN, LKE_MSG_ICMP_ERROR, p, LKE_DROP_NONE);
		mn_bind_again(e, u);
		return 0;
	}
	return note_in(e, LKE_ROLE_MN, LKE_MSG_ICMP_ERROR, p, LKE_DROP_NO_BINDING);
}

int mn_icmp_input(struct lke_engine *e, const struct pkt *p)
{
	struct rd r = rd_init(p->ip.pkt + p->ip.upper_off, p->ip.upper_len);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);
	struct ip6_info in = { 0 };
	uint8_t next;

	rd_skip(&r, 6);
	/* The quoted packet may be cut short: only its fixed header counts. */
	rd_skip(&r, 6);
	next = rd_u8(&r);
	rd_skip(&r, 1);
	rd_in6(&r, &in.src);
	rd_in6(&r, &in.dst);
	if (r.err)
		return drop(e, LKE_DROP_SHORT);
	if (ip6_checksum(&p->ip.src, &p->ip.dst, IP6_NH_ICMPV6, p->ip.pkt + p->ip.upper_off,
			 p->ip.upper_len) != 0)
		return drop(e, LKE_DROP_CHECKSUM);
	if (type == 1 && code == 5 && next == IP6_NH_IPV6)
		return tunnel_refused(e, p, &in);
	/* Parameter Problem about a KEReq: link-local to link-local (AMB-078). */
	if (type == 4 && p->ifc->mn && in6_is_linklocal(&in.src) && in6_eq(&in.dst, &p->ip.src))
		mn_kex_hint(e, p->ifc->mn, &p->ip.src);
	else if (type == 1 || type == 3 || type == 4)
		mn_bind_unreachable(e, &in.src, &in.dst);
	return 0;
}

void mn_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t)
{
	if (t->what != LKE_TUNNEL_FIRST)
		return;
	e->mn->plane_reports = true;
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && (in6_eq(&u->home, &t->inner_src) || in6_eq(&u->home, &t->inner_dst)))
			u->used = true;
	}
}

void mn_timer(struct lke_engine *e, struct timer *t)
{
	switch ((enum mn_timer_kind)t->kind) {
	case MN_T_SOLICIT:
		mn_solicit_timer(e, t->owner);
		break;
	case MN_T_PROBE:
		mn_probe_timer(e, t->owner);
		break;
	case MN_T_DAD:
		mn_addr_dad_timer(e, t->owner);
		break;
	case MN_T_ADDR_END:
		mn_addr_end_timer(e, t->owner);
		break;
	case MN_T_ROUTER:
		mn_router_timer(e, t->owner);
		break;
	case MN_T_KEX:
		mn_kex_timer(e, t->owner);
		break;
	case MN_T_RENEW:
		mn_lbsa_renew_timer(e, t->owner);
		break;
	case MN_T_LBSA_END:
		mn_lbsa_expire(e);
		break;
	case MN_T_UPDATE:
		mn_update_timer(e, t->owner);
		break;
	case MN_T_UPDATE_END:
		mn_update_end(e, t->owner);
		break;
	case MN_T_TAKEOVER:
		mn_takeover_timer(e, t->owner);
		break;
	case MN_T_RDNSS:
		mn_rdnss_timer(e, t->owner);
		break;
	case MN_T_RESOLVE:
		mn_home_resolve_timer(e, t->owner);
		break;
	case MN_T_DISCOVERY:
		mn_discovery_timer(e, t->owner);
		break;
	case MN_T_HOME_PREFIX:
		mn_mobile_prefix_timer(e, t->owner);
		break;
	case MN_T_SETTLE:
		mn_steady_timer(e);
		break;
	case MN_T_BIND:
		mn_bind_pending(e);
		break;
	case MN_T_LEAVE:
		mn_leave_timer(e);
		break;
	}
}

void mn_result(struct lke_engine *e, const struct lke_ev_result *r)
{
	if (!mn_leave_result(e, r))
		mn_kex_result(e, r);
}

/* The operator says that the node is about to leave, or names the router to take. */
static int handover(struct lke_engine *e, const struct lke_in6 *arg, uint64_t cookie)
{
	struct mn_link *l = e->mn->active;
	struct mn_router *r;

	if (!l)
		return LKE_ERR_STATE;
	if (in6_is_unspecified(arg))
		return mn_leave_begin(e, cookie);
	r = mn_router_find(e, l->ifc->ifindex, arg);
	if (!r)
		return LKE_ERR_NOENT;
	return mn_take_router(e, l, r);
}

static int flush_lbsa(struct lke_engine *e, const struct lke_in6 *arg)
{
	int err = in6_is_unspecified(arg) ? 0 : LKE_ERR_NOENT;

	for (unsigned n = 0; n < MN_LBSAS; n++) {
		struct mn_lbsa *b = e->mn->lbsa[n];

		if (b && (in6_is_unspecified(arg) || in6_eq(&b->coa, arg))) {
			mn_lbsa_remove(e, b, "operator");
			err = 0;
		}
	}
	mn_bindings_without_key(e, "operator");
	mn_addr_clean(e);
	return err;
}

static int flush_binding(struct lke_engine *e, const struct lke_in6 *arg)
{
	int err = in6_is_unspecified(arg) ? 0 : LKE_ERR_NOENT;

	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];
		struct lke_in6 home;

		if (!u || (!in6_is_unspecified(arg) && !in6_eq(&u->home, arg)))
			continue;
		err = 0;
		home = u->home;
		if (u->reg) {
			mn_register(e, u->reg, &e->mn->current);
			continue;
		}
		mn_unbind(e, u);
		mn_fallback(e, &home, "operator");
	}
	mn_addr_clean(e);
	return err;
}

/* What a change of carrier would have said: another link, perhaps; the search begins at once. */
static int attach(struct lke_engine *e, uint32_t ifindex)
{
	int err = LKE_ERR_NOENT;

	for (unsigned n = 0; n < e->mn->links; n++) {
		struct mn_link *l = e->mn->link[n];

		if (ifindex != 0 && l->ifc->ifindex != ifindex)
			continue;
		err = 0;
		if (!l->up)
			continue; /* its carrier will come */
		mn_link_down(e, l);
		mn_link_up(e, l);
	}
	return err;
}

int mn_command(struct lke_engine *e, const struct lke_ev_command *c)
{
	struct mn_link *l = e->mn->active;

	switch (c->cmd) {
	case LKE_CMD_HANDOVER:
		return handover(e, &c->arg, c->cookie);
	case LKE_CMD_KEX:
		if (!l)
			return LKE_ERR_STATE;
		return mn_kex_command(e, l);
	case LKE_CMD_ATTACH:
		return attach(e, c->ifindex);
	case LKE_CMD_FLUSH_LBSA:
		return flush_lbsa(e, &c->arg);
	case LKE_CMD_FLUSH_BINDING:
		return flush_binding(e, &c->arg);
	case LKE_CMD_SUSPEND:
	case LKE_CMD_RESUME:
	case LKE_CMD_LEAVE:
		return LKE_ERR_NOENT;
	}
	return LKE_ERR_NOENT;
}

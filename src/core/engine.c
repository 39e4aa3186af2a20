/* SPDX-License-Identifier: ISC */
/* The engine: events in, the right module called, timers served.  Nothing of any role is decided
 * here. */
#include "core/binding.h"
#include "core/ha_link.h"
#include "core/internal.h"
#include "core/sa.h"
#include "wire/hadisc.h"

#define SUSPENDED (5 * LKE_SEC) /* a timer so late: the host slept */

static int start_roles(struct lke_engine *e, const struct lke_config *cfg)
{
	int err = 0;

	if (cfg->ars > 0 || cfg->ha.interfaces > 0)
		err = binding_cache_new(e);
	if (err == 0 && cfg->ars > 0)
		err = ar_new(e);
	if (err == 0 && cfg->ha.interfaces > 0)
		err = ha_new(e, cfg->ha.mobile, cfg->ha.mobiles);
	if (err == 0 && cfg->mn.interfaces > 0)
		err = mn_new(e);
	return err;
}

bool engine_config_ok(const struct lke_config *cfg)
{
	return cfg->ars <= LKE_MAX_IFACES && cfg->mn.interfaces <= LKE_MAX_IFACES &&
	       cfg->ha.interfaces <= LKE_MAX_IFACES && cfg->mn.homes <= LKE_MAX_HOMES &&
	       (cfg->ha.mobiles == 0 || cfg->ha.mobile);
}

int lke_engine_new(const struct lke_config *cfg, lke_time now, struct lke_engine **ret_engine)
{
	struct lke_engine *e;
	int err;

	if (!engine_config_ok(cfg))
		return LKE_ERR_INVAL;
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return LKE_ERR_NOMEM;
	e->cfg = *cfg;
	e->cfg.ha.mobile = NULL;
	mem_wipe(e->cfg.seed, sizeof(e->cfg.seed));
	e->now = now;
	drbg_init(&e->rng, cfg->seed);
	timerq_init(&e->timers);
	services_init(e);
	err = actionq_new(e);
	if (err == 0)
		err = refs_new(e);
	if (err == 0)
		err = start_roles(e, cfg);
	if (err < 0) {
		lke_engine_free(e);
		return err;
	}
	*ret_engine = e;
	return 0;
}

void lke_engine_free(struct lke_engine *e)
{
	if (!e)
		return;
	if (e->mn)
		mn_free(e);
	if (e->ar)
		ar_free(e);
	if (e->ha)
		ha_free(e);
	if (e->bindings)
		binding_cache_free(e);
	while (e->ifaces > 0)
		iface_remove(e, e->iface[e->ifaces - 1]);
	refs_free(e);
	actionq_free(e);
	timerq_done(&e->timers);
	mem_free_wipe(e, sizeof(*e));
}

void lke_engine_stop(struct lke_engine *e, lke_time now)
{
	if (e->stopped)
		return;
	e->now = now > e->now ? now : e->now;
	if (e->mn)
		mn_stop(e);
	if (e->ar)
		ar_stop(e);
	if (e->ha)
		ha_stop(e);
	refs_release_all(e);
	e->stopped = true;
}

lke_time lke_engine_deadline(const struct lke_engine *e)
{
	return e->stopped ? LKE_NEVER : timerq_next(&e->timers);
}

static void serve_timer(struct lke_engine *e, struct timer *t)
{
	switch (TIMER_MODULE(t->kind)) {
	case MODULE_AR:
		ar_timer(e, t);
		break;
	case MODULE_MN:
		mn_timer(e, t);
		break;
	case MODULE_HA:
		ha_timer(e, t);
		break;
	case MODULE_BINDING:
		binding_timer(e, t);
		break;
	case MODULE_ENGINE:
		break;
	}
}

static void serve_timers(struct lke_engine *e, lke_time now)
{
	lke_time due = timerq_next(&e->timers);
	struct timer *t;

	/* After a suspend a late timer runs once, with the present time, and not once for each
	 * period. */
	if (now > e->now)
		e->now = now;
	while ((t = timerq_pop(&e->timers, e->now)))
		serve_timer(e, t);
	if (e->mn && due != LKE_NEVER && e->now > due && e->now - due > SUSPENDED)
		mn_resume(e);
}

static void link_event(struct lke_engine *e, const struct lke_ev_link *l)
{
	struct iface *i;

	if (l->removed) {
		i = iface_by_index(e, l->ifindex);
		if (!i)
			return;
		i->up = false;
		if (e->mn)
			mn_link_removed(e, i);
		if (e->ar)
			ar_link_removed(e, i);
		if (e->ha)
			ha_link_removed(e, i);
		iface_remove(e, i);
		return;
	}
	i = iface_update(e, l);
	if (!i)
		return;
	if (e->mn)
		mn_link_changed(e, i);
	if (e->ar)
		ar_link_changed(e, i);
	if (e->ha)
		ha_link_changed(e, i);
}

static void addr_event(struct lke_engine *e, const struct lke_ev_addr *a)
{
	struct iface *i = iface_address(e, a);

	if (!i)
		return;
	if (e->mn)
		mn_link_changed(e, i);
	if (e->ar)
		ar_link_changed(e, i);
	if (e->ha)
		ha_link_changed(e, i);
}

/* The verdict of several roles on one packet: accepted by one is accepted; "not my interface" says
 * nothing. */
static int first_drop(int a, int b)
{
	if (a == -(int)LKE_DROP_SCOPE_INTERFACE)
		return b;
	return a == 0 || b == 0 ? 0 : a;
}

static int nd_packet(struct lke_engine *e, const struct pkt *p)
{
	struct nd_msg m;
	int err = nd_decode(&p->ip, &m), verdict = -(int)LKE_DROP_SCOPE_INTERFACE;

	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (e->bindings && m.type == ND_NS && agent_ns_input(e, p, &m))
		return 0;
	if (p->ifc->ar)
		verdict = ar_nd_input(e, p, &m);
	if (p->ifc->mn)
		verdict = first_drop(verdict, mn_nd_input(e, p, &m));
	if (p->ifc->ha)
		verdict = first_drop(verdict, ha_nd_input(e, p, &m));
	return verdict;
}

/* Of what this host sends itself only its Router Advertisements matter. */
static int outgoing_packet(struct lke_engine *e, const struct pkt *p)
{
	struct nd_msg m;

	if ((!p->ifc->ar && !p->ifc->ha) || p->ip.upper != IP6_NH_ICMPV6 ||
	    nd_decode(&p->ip, &m) < 0 || m.type != ND_RA)
		return -(int)LKE_DROP_NOT_OURS;
	return p->ifc->ar ? ar_outgoing_ra(e, p, &m) : ha_advertise_outgoing(e, p->ifc->ha, p, &m);
}

static int icmp_packet(struct lke_engine *e, const struct pkt *p)
{
	uint8_t type;

	if (p->ip.upper_len < 8)
		return drop(e, LKE_DROP_SHORT);
	type = p->ip.pkt[p->ip.upper_off];
	if (type >= ND_RS && type <= ND_NA)
		return nd_packet(e, p);
	if (type == HADISC_REPLY && e->mn)
		return mn_discovery_input(e, p);
	if ((type == HADISC_REQUEST || type == MPREFIX_SOLICITATION) && e->ha)
		return ha_icmp_input(e, p);
	if (type >= 1 && type <= 4 && e->mn)
		return mn_icmp_input(e, p);
	return -(int)LKE_DROP_NOT_OURS;
}

/* Who takes a Mobility Header message that did not come in ESP. */
static int mh_to_agent(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct lke_in6 home = ip6_pseudo_src(&p->ip);
	/* An access router sends no Binding Error about a message of LKE (AMB-078). */
	bool lke = v->type == MH_BU || v->type == MH_KEREQ || v->type == MH_KEACK ||
		   v->type == MH_FINISHED;

	if (e->ha && (!lke || !e->ar || (v->type == MH_BU && ha_serves(e, &home))))
		return ha_mh_input(e, p, v);
	if (e->ar && lke)
		return ar_mh_input(e, p, v);
	return drop(e, LKE_DROP_MH_TYPE);
}

static int mh_packet(struct lke_engine *e, const struct pkt *p)
{
	struct lke_in6 src = ip6_pseudo_src(&p->ip), dst = ip6_pseudo_dst(&p->ip);
	bool ours = iface_of_addr(e, &p->ip.dst) != NULL;
	struct mh_view v;
	int err;

	if (!ours && !e->mn)
		return -(int)LKE_DROP_NOT_OURS;
	err = mh_check(p->ip.pkt + p->ip.upper_off, p->ip.upper_len, &src, &dst, &v);
	if (err == -(int)LKE_DROP_MH_TYPE && ours && e->ha) {
		/* The home agent answers with a Binding Error (RFC 6275 9.2). */
		v.p = p->ip.pkt + p->ip.upper_off;
		v.len = p->ip.upper_len;
		v.type = v.p[2];
		return ha_mh_input(e, p, &v);
	}
	if (ours && e->ha && (err == -(int)LKE_DROP_MH_PROTO || err == -(int)LKE_DROP_MH_LENGTH))
		ha_send_parameter_problem(e, p);
	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (e->mn && (v.type == MH_BRR || v.type == MH_BA || v.type == MH_BE || v.type == MH_KEACK))
		return mn_mh_input(e, p, &v);
	if (!ours)
		return -(int)LKE_DROP_NOT_OURS;
	return mh_to_agent(e, p, &v);
}

static int esp_packet(struct lke_engine *e, const struct pkt *p)
{
	int verdict = -(int)LKE_DROP_NOT_OURS;

	if (e->ha && iface_of_addr(e, &p->ip.dst))
		verdict = ha_esp_input(e, p);
	if (e->mn && verdict != 0)
		verdict = mn_esp_input(e, p);
	return verdict;
}

static int packet_event(struct lke_engine *e, const struct lke_ev_packet *k)
{
	struct pkt p = { .ifc = iface_by_index(e, k->ifindex), .src_ll = k->src_ll };
	int err;

	count(e, LKE_STAT_PACKETS_IN);
	if (!p.ifc)
		return drop(e, LKE_DROP_SCOPE_INTERFACE);
	if (!k->outgoing && p.src_ll.len > 0 && lladdr_eq(&p.src_ll, &p.ifc->lladdr))
		return drop(e, LKE_DROP_OWN);
	err = ip6_parse(k->data, k->len, &p.ip);
	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (k->outgoing)
		return outgoing_packet(e, &p);
	if (p.ip.has_fragment)
		return drop(e, LKE_DROP_FRAGMENT);
	if (e->ha && p.ip.has_hao && p.ip.upper != IP6_NH_MH && p.ip.upper != IP6_NH_ESP &&
	    iface_of_addr(e, &p.ip.dst))
		return ha_hao_input(e, &p);
	switch (p.ip.upper) {
	case IP6_NH_ICMPV6:
		return icmp_packet(e, &p);
	case IP6_NH_MH:
		return mh_packet(e, &p);
	case IP6_NH_ESP:
		return esp_packet(e, &p);
	case IP6_NH_IPV6:
		return e->ha ? ha_tunnel_input(e, &p) : -(int)LKE_DROP_NOT_OURS;
	default:
		return -(int)LKE_DROP_NOT_OURS;
	}
}

static void result_event(struct lke_engine *e, const struct lke_ev_result *r)
{
	switch (COOKIE_MODULE(r->cookie)) {
	case MODULE_AR:
		if (e->ar)
			ar_result(e, r);
		break;
	case MODULE_MN:
		if (e->mn)
			mn_result(e, r);
		break;
	case MODULE_HA:
		if (e->ha)
			ha_result(e, r);
		break;
	default:
		break;
	}
}

/* A command may concern several roles; it has succeeded if one of them did it. */
static int merge(int a, int b)
{
	return a == LKE_ERR_NOENT ? b : a;
}

static void command_event(struct lke_engine *e, const struct lke_ev_command *c)
{
	int err = LKE_ERR_NOENT;

	if (e->mn)
		err = merge(err, mn_command(e, c));
	if (e->ar)
		err = merge(err, ar_command(e, c));
	if (e->ha)
		err = merge(err, ha_command(e, c));
	if (err != COMMAND_LATER)
		command_reply(e, c->cookie, err);
}

static void tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t)
{
	if (e->mn)
		mn_tunnel_event(e, t);
	if (e->ar)
		ar_tunnel_event(e, t);
	if (e->ha)
		ha_tunnel_event(e, t);
}

int lke_engine_input(struct lke_engine *e, const struct lke_event *ev, lke_time now)
{
	if (e->stopped)
		return LKE_ERR_STATE;
	serve_timers(e, now);
	switch (ev->type) {
	case LKE_EV_TIMER:
		break;
	case LKE_EV_PACKET:
		return packet_event(e, &ev->packet);
	case LKE_EV_LINK:
		link_event(e, &ev->link);
		break;
	case LKE_EV_ADDR:
		addr_event(e, &ev->addr);
		break;
	case LKE_EV_RESULT:
		result_event(e, &ev->result);
		break;
	case LKE_EV_RSA_KEY:
		return e->ar ? ar_rsa_key(e, &ev->rsa_key) : LKE_ERR_STATE;
	case LKE_EV_TUNNEL:
		tunnel_event(e, &ev->tunnel);
		break;
	case LKE_EV_MOBILE:
		if (e->ar)
			ar_mobile_volume(e, &ev->mobile);
		if (e->ha)
			ha_mobile_volume(e, &ev->mobile);
		break;
	case LKE_EV_COMMAND:
		command_event(e, &ev->command);
		break;
	case LKE_EV_ENTROPY:
		drbg_mix(&e->rng, ev->entropy);
		break;
	case LKE_EV_FLOOR:
		if (e->ha)
			ha_floor(e, &ev->floor);
		if (e->mn)
			mn_sequence_restore(e, &ev->floor);
		break;
	case LKE_EV_BINDING:
		if (e->ha)
			ha_restore(e, &ev->binding);
		break;
	case LKE_EV_KEYING:
		return e->ha ? ha_keying(e, &ev->keying) : LKE_ERR_STATE;
	case LKE_EV_CONFIG:
		return engine_reload(e, &ev->config);
	case LKE_EV_RESUMED:
		if (e->mn)
			mn_resume(e);
		break;
	case LKE_EV_NEIGH:
		if (e->ar)
			ar_neigh_unreachable(e, &ev->neigh);
		break;
	case LKE_EV_RECORD:
		return e->ar ? ar_restore_record(e, &ev->record) : LKE_ERR_STATE;
	case LKE_EV_IPSEC:
		if (e->ar)
			ar_ipsec(e, &ev->ipsec);
		break;
	}
	return 0;
}

uint64_t lke_engine_stat(const struct lke_engine *e, enum lke_stat which)
{
	return (unsigned)which < LKE_STAT_COUNT ? e->stat[which] : 0;
}

uint64_t lke_engine_drops(const struct lke_engine *e, enum lke_drop reason)
{
	return (unsigned)reason < LKE_DROP_COUNT ? e->drops[reason] : 0;
}

/* Roles are walked one after the other: the cursor's top bit says that the first is done. */
#define CURSOR_SECOND ((size_t)1 << (sizeof(size_t) * 8 - 1))

int lke_engine_next_record(const struct lke_engine *e, struct lke_record_cursor *cursor,
			   uint8_t buf[LKE_RECORD_MAX])
{
	return e->ar ? ar_state_next(e, cursor, buf) : 0;
}

bool lke_engine_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret)
{
	size_t second;

	if (!(*cursor & CURSOR_SECOND)) {
		if (e->ar && ar_next_lbsa(e, cursor, ret))
			return true;
		*cursor = CURSOR_SECOND;
	}
	if (!e->mn)
		return false;
	second = *cursor & ~CURSOR_SECOND;
	if (!mn_next_lbsa(e, &second, ret))
		return false;
	*cursor = second | CURSOR_SECOND;
	return true;
}

void lke_engine_lbsa_key(const struct lke_engine *e, size_t cursor, uint8_t ret_kbm[LKE_KBM_LEN])
{
	const struct secret16 *kbm = cursor & CURSOR_SECOND
					     ? mn_lbsa_key(e, (cursor & ~CURSOR_SECOND) - 1)
					     : ar_lbsa_key(e, cursor - 1);

	memcpy(ret_kbm, kbm->b, LKE_KBM_LEN);
}

void lke_engine_count_lbsas(const struct lke_engine *e, enum lke_role role,
			    size_t ret[LKE_LBSA_STATE_COUNT])
{
	struct lke_lbsa_view v;
	size_t cursor = 0;

	memset(ret, 0, LKE_LBSA_STATE_COUNT * sizeof(ret[0]));
	if (role == LKE_ROLE_AR && e->ar)
		ar_count_lbsas(e, ret);
	while (role == LKE_ROLE_MN && e->mn && mn_next_lbsa(e, &cursor, &v))
		ret[v.state]++;
}

size_t lke_engine_count_cached_na(const struct lke_engine *e)
{
	return e->ar ? ar_count_cached_na(e) : 0;
}

bool lke_engine_next_binding(const struct lke_engine *e, size_t *cursor,
			     struct lke_binding_view *ret)
{
	size_t second;

	if (!(*cursor & CURSOR_SECOND)) {
		if (e->bindings && binding_next(e, cursor, ret))
			return true;
		*cursor = CURSOR_SECOND;
	}
	if (!e->mn)
		return false;
	second = *cursor & ~CURSOR_SECOND;
	if (!mn_next_binding(e, &second, ret))
		return false;
	*cursor = second | CURSOR_SECOND;
	return true;
}

bool lke_engine_find_binding(const struct lke_engine *e, const struct lke_in6 *home,
			     struct lke_binding_view *ret)
{
	return e->bindings && binding_view(e, home, ret);
}

bool lke_engine_next_address(const struct lke_engine *e, uint32_t ifindex, size_t *cursor,
			     struct lke_address_view *ret)
{
	const struct iface *i = iface_by_index(e, ifindex);

	if (!i || *cursor >= i->addrs)
		return false;
	*ret = (struct lke_address_view){ .addr = i->addr[*cursor].addr,
					  .prefix_len = i->addr[*cursor].plen,
					  .tentative = i->addr[*cursor].tentative };
	++*cursor;
	return true;
}

bool lke_engine_next_router(const struct lke_engine *e, size_t *cursor, struct lke_router_view *ret)
{
	return e->mn && mn_next_router(e, cursor, ret);
}

bool lke_engine_next_agent(const struct lke_engine *e, size_t *cursor, struct lke_agent_view *ret)
{
	return e->ha && ha_next_agent(e, cursor, ret);
}

bool lke_engine_next_mobile(const struct lke_engine *e, size_t *cursor, struct lke_mobile_view *ret)
{
	return e->ha && ha_next_mobile(e, cursor, ret);
}

/* SPDX-License-Identifier: ISC */
/* The home agent as a whole: links, commands, views, and packets that came without ESP. */
#include "core/home_agent.h"
#include "base/str.h"
#include "wire/hadisc.h"

int ha_new(struct lke_engine *e, const struct lke_config_mobile *mobile, unsigned n)
{
	if (e->cfg.ha.reserve > HA_RESERVE_MAX)
		return LKE_ERR_INVAL;
	e->ha = mem_zalloc(sizeof(*e->ha));
	if (!e->ha)
		return LKE_ERR_NOMEM;
	timer_init(&e->ha->keep_retry, HA_TIMER_KEEP_RETRY, NULL);
	tbf_init(&e->ha->errors, BINDING_ERROR_RATE, BINDING_ERROR_RATE, e->now);
	tbf_init(&e->ha->discovery, DISCOVERY_RATE, DISCOVERY_RATE, e->now);
	for (unsigned k = 0; k < LKE_MAX_IFACES; k++) {
		timer_init(&e->ha->link[k].ra, HA_TIMER_RA, &e->ha->link[k]);
		timer_init(&e->ha->link[k].anycast_timer, HA_TIMER_ANYCAST, &e->ha->link[k]);
	}
	if (e->cfg.ha.volatile_state)
		alarm_note(e, LKE_ROLE_HA, NULL,
			   "volatile state: no replay protection after a restart; rekey");
	return ha_policy_new(e, mobile, n);
}

void ha_free(struct lke_engine *e)
{
	if (!e->ha)
		return;
	for (unsigned k = 0; k < LKE_MAX_IFACES; k++) {
		timerq_disarm(&e->timers, &e->ha->link[k].ra);
		timerq_disarm(&e->timers, &e->ha->link[k].anycast_timer);
	}
	ha_policy_free(e);
	timerq_disarm(&e->timers, &e->ha->keep_retry);
	mem_free_wipe(e->ha, sizeof(*e->ha));
	e->ha = NULL;
}

void ha_stop(struct lke_engine *e)
{
	e->ha->stopping = true; /* what is kept is for the next start */
	for (unsigned n = 0; n < e->ha->mobiles; n++)
		ha_drop_waiting(e, e->ha->mobile[n]);
	binding_remove_all(e, BINDING_BY_ESP, "stopped");
	for (unsigned n = 0; n < e->cfg.ha.interfaces; n++) {
		ha_discovery_stop(e, &e->ha->link[n]);
		ha_advertise_stop(e, &e->ha->link[n], true);
	}
}

/* ESP of our mobile nodes to this address is ours, not the kernel's. */
static void steer_spis(struct lke_engine *e, const struct lke_in6 *addr, bool add)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		const uint32_t spi[] = { e->ha->mobile[n]->spi, ha_rekey_spi(e->ha->mobile[n]) };

		for (unsigned k = 0; k < 2 && spi[k]; k++) {
			if (add)
				steer_add(e, LKE_STEER_SPI, addr, spi[k]);
			else
				steer_del(e, LKE_STEER_SPI, addr, spi[k]);
		}
	}
}

void ha_steer_spi(struct lke_engine *e, uint32_t spi, bool add)
{
	for (unsigned n = 0; n < LKE_MAX_IFACES; n++) {
		const struct ha_link *l = &e->ha->link[n];

		for (unsigned k = 0; k < l->steereds; k++) {
			if (add)
				steer_add(e, LKE_STEER_SPI, &l->steered[k], spi);
			else
				steer_del(e, LKE_STEER_SPI, &l->steered[k], spi);
		}
	}
}

static bool steered(const struct ha_link *l, const struct lke_in6 *addr)
{
	for (unsigned n = 0; n < l->steereds; n++)
		if (in6_eq(&l->steered[n], addr))
			return true;
	return false;
}

static void update_steering(struct lke_engine *e, struct ha_link *l, const struct iface *i)
{
	for (unsigned n = 0; n < l->steereds;) {
		if (iface_has_addr(i, &l->steered[n])) {
			n++;
			continue;
		}
		steer_spis(e, &l->steered[n], false);
		l->steered[n] = l->steered[--l->steereds];
	}
	for (unsigned n = 0; n < i->addrs; n++) {
		const struct iface_addr *a = &i->addr[n];

		if (a->tentative || !in6_is_global(&a->addr) || steered(l, &a->addr))
			continue;
		if (l->steereds == IFACE_ADDRS)
			break;
		steer_spis(e, &a->addr, true);
		l->steered[l->steereds++] = a->addr;
	}
}

/*
 * A binding does not outlive our address on the home link nor the prefix of its home address, also
 * when that got shorter meanwhile (RFC 6275 10.3.1).  True if it became shorter.
 */
static bool check_binding(struct lke_engine *e, const struct ha_link *l, struct binding *b)
{
	struct ha_heard p;

	if (!iface_has_addr(l->ifc, &b->agent) || !ha_prefix_of(e, l, &b->home, &p)) {
		binding_remove(e, b, "address of home link gone");
	} else if (p.valid <= e->now) {
		binding_remove(e, b, "prefix of home address ended");
	} else if (p.valid < b->expires) {
		binding_update(e, b, &b->coa, b->state, b->credit, p.valid);
		ha_refresh_arm(e, b);
		return true;
	}
	return false;
}

static bool check_bindings(struct lke_engine *e, const struct ha_link *l, bool gone)
{
	bool shorter = false;

	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		struct mobile *m = e->ha->mobile[n];
		struct binding *b = binding_find(e, &m->home);

		if (gone && m->dad_ifindex == l->ifc->ifindex)
			ha_drop_waiting(e, m);
		if (!b || b->kind != BINDING_BY_ESP || b->ifindex != l->ifc->ifindex)
			continue;
		if (gone)
			binding_remove(e, b, "home link gone");
		else
			shorter |= check_binding(e, l, b);
	}
	return shorter;
}

/*
 * What others on the link, or mobile nodes away, would see change.  That the lifetime of an address
 * counts down or is renewed is no change (RFC 6275 10.6.2); that it got one, or ended as preferred,
 * is.
 */
static uint64_t fingerprint(const struct lke_engine *e, const struct iface *i)
{
	static const uint64_t key[2] = { 0 };
	uint64_t h = i->up ? siphash24(key, &i->lladdr, sizeof(i->lladdr)) : 0;

	for (unsigned n = 0; n < i->addrs; n++) {
		const struct iface_addr *a = &i->addr[n];
		uint8_t look[sizeof(a->addr) + 2] = { 0 };

		if (a->tentative)
			continue;
		memcpy(look, &a->addr, sizeof(a->addr));
		look[sizeof(a->addr)] = a->plen;
		look[sizeof(a->addr) + 1] = (uint8_t)((a->valid_until != LKE_NEVER) << 1 |
						      (a->preferred_until <= e->now));
		h ^= siphash24(key, look, sizeof(look));
	}
	return h;
}

void ha_link_changed(struct lke_engine *e, struct iface *i)
{
	uint64_t now = fingerprint(e, i);
	bool shorter;

	for (unsigned n = 0; n < e->cfg.ha.interfaces && !i->ha; n++)
		if (strcmp(e->cfg.ha.interface[n], i->name) == 0)
			i->ha = &e->ha->link[n];
	if (!i->ha)
		return;
	i->ha->ifc = i;
	update_steering(e, i->ha, i);
	ha_discovery_update(e, i->ha);
	shorter = check_bindings(e, i->ha, false);
	if (i->ha->fingerprint != now)
		ha_advertise_update(e, i->ha);
	if (i->ha->fingerprint != now || shorter) {
		i->ha->fingerprint = now;
		ha_mobile_prefix_changed(e, i->ha);
	}
	ha_restore_some(e);
}

void ha_link_removed(struct lke_engine *e, struct iface *i)
{
	struct ha_link *l = i->ha;

	if (!l)
		return;
	(void)check_bindings(e, l, true);
	for (unsigned n = 0; n < l->steereds; n++)
		steer_spis(e, &l->steered[n], false);
	l->steereds = 0;
	ha_discovery_stop(e, l);
	ha_advertise_stop(e, l, false);
	l->heards = l->agents = 0;
	l->fingerprint = 0;
	l->ifc = NULL;
	i->ha = NULL;
}

/* A Router Advertisement of another router of the home link. */
static int hear(struct lke_engine *e, struct ha_link *l, const struct pkt *p,
		const struct nd_msg *m)
{
	count(e, LKE_STAT_RA_IN);
	ha_list_heard(e, l, &p->ip.src, m);
	if (ha_prefix_heard(e, l, m)) {
		(void)check_bindings(e, l, false);
		ha_mobile_prefix_changed(e, l);
		ha_restore_some(e);
	}
	return 0;
}

int ha_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct ha_link *l = p->ifc->ha;

	if (m->type == ND_RA)
		return hear(e, l, p, m);
	if (m->type == ND_RS)
		return ha_advertise_solicited(e, l, p);
	if (ha_discovery_solicited(e, l, p, m) || ha_linklocal_solicited(e, p, m))
		return 0;
	return ha_dad_input(e, p, m);
}

/* A solicitation of prefixes without ESP is nothing (RFC 3776 3.3). */
int ha_icmp_input(struct lke_engine *e, const struct pkt *p)
{
	if (p->ip.pkt[p->ip.upper_off] == HADISC_REQUEST)
		return ha_discovery_input(e, p);
	if (!iface_of_addr(e, &p->ip.dst))
		return -(int)LKE_DROP_NOT_OURS;
	return note_in(e, LKE_ROLE_HA, LKE_MSG_MPS, p, LKE_DROP_ESP_MISSING);
}

void ha_timer(struct lke_engine *e, struct timer *t)
{
	switch (t->kind) {
	case HA_TIMER_BINDING:
		ha_refresh_timer(e, t->owner);
		break;
	case HA_TIMER_DAD:
		ha_dad_timer(e, t->owner);
		break;
	case HA_TIMER_RA:
		ha_advertise_timer(e, t->owner);
		break;
	case HA_TIMER_ANYCAST:
		ha_discovery_timer(e, t->owner);
		break;
	case HA_TIMER_PROOF:
		ha_credit_timer(e, t->owner);
		break;
	case HA_TIMER_OVERLAP:
		ha_rekey_timer(e, t);
		break;
	case HA_TIMER_KEEP:
		ha_keep_timer(e, t->owner);
		break;
	case HA_TIMER_KEEP_RETRY:
		ha_keep_retry(e);
		break;
	case HA_TIMER_PREFIX:
		ha_mobile_prefix_timer(e, t->owner);
		break;
	default:
		break;
	}
}

/* Mobility Header without ESP: never a registration (SEC-014). */
int ha_mh_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	switch (v->type) {
	case MH_BU:
		return note_in(e, LKE_ROLE_HA, LKE_MSG_BU, p, LKE_DROP_ESP_MISSING);
	case MH_BRR:
	case MH_HOTI:
	case MH_COTI:
	case MH_HOT:
	case MH_COT:
	case MH_BA:
	case MH_BE:
		return drop(e, LKE_DROP_STATE);
	default:
		/* RFC 6275 9.2; for types 8 and 10 it says "no LKE here" (AMB-176). */
		ha_send_be(e, p, 2);
		return drop(e, LKE_DROP_MH_TYPE);
	}
}

int ha_hao_input(struct lke_engine *e, const struct pkt *p)
{
	const struct binding *b = binding_find(e, &p->ip.hao);

	if (b && in6_eq(&b->coa, &p->ip.src))
		return p->ip.upper == IP6_NH_ICMPV6 && p->ip.upper_len > 0 &&
				       p->ip.pkt[p->ip.upper_off] == MPREFIX_SOLICITATION
			       ? ha_icmp_input(e, p)
			       : -(int)LKE_DROP_NOT_OURS;
	ha_send_be(e, p, 1);
	return drop(e, LKE_DROP_HAO);
}

/* RFC 6275 10.4.5: reverse tunnelled packets that the plane refused are dropped and counted. */
void ha_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t)
{
	if (!ha_serves(e, &t->inner_src) && !ha_serves(e, &t->inner_dst))
		return;
	if (t->what == LKE_TUNNEL_NO_BINDING)
		drop(e, LKE_DROP_NO_BINDING);
	else if (t->what == LKE_TUNNEL_BAD_OUTER)
		drop(e, LKE_DROP_TUNNEL_OUTER);
	else if (t->what == LKE_TUNNEL_BAD_INNER)
		drop(e, LKE_DROP_TUNNEL_INNER);
	else if (t->what == LKE_TUNNEL_UNREACHABLE)
		ha_advise_unreachable(e, t);
}

/* The sequence floor stays: it belongs to the key, not to the binding (AMB-153). */
void ha_binding_expired(struct lke_engine *e, struct binding *b)
{
	struct mobile *m = b->owner;

	assert(ha_by_home(e, &b->home) == m);
	b->owner = NULL;
}

void ha_binding_gone(struct lke_engine *e, const struct binding *b)
{
	struct mobile *m = e->ha ? ha_by_home(e, &b->home) : NULL;

	if (!m)
		return;
	ha_linklocal_drop(e, m);
	ha_credit_gone(e, m);
}

/* The operator hears that it is done when a restart would still know it (SEC-030). */
int ha_set_service(struct lke_engine *e, struct mobile *m, bool suspended, uint64_t cookie)
{
	struct binding *b = binding_find(e, &m->home);

	if (m->service_waits)
		return LKE_ERR_STATE;
	if (m->suspended == suspended)
		return 0;
	m->suspended = suspended;
	if (suspended) {
		ha_refuse_waiting(e, m, STATUS_PROHIBITED);
		if (b && b->kind == BINDING_BY_ESP)
			binding_remove(e, b, "service suspended");
	}
	if (!ha_sequence_store_service(e, m))
		return LKE_ERR_NOMEM;
	if (e->cfg.ha.volatile_state)
		return 0;
	m->service_waits = true;
	m->service_cookie = cookie;
	return COMMAND_LATER;
}

void ha_service_written(struct lke_engine *e, struct mobile *m, int err)
{
	if (err < 0)
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "suspension not durable; look at the disk, suspend again");
	if (!m->service_waits)
		return;
	m->service_waits = false;
	command_reply(e, m->service_cookie, err < 0 ? LKE_ERR_SYS : 0);
}

static int flush(struct lke_engine *e, const struct lke_in6 *home)
{
	struct binding *b = binding_find(e, home);

	if (in6_is_unspecified(home)) {
		binding_remove_all(e, BINDING_BY_ESP, "flushed");
		return 0;
	}
	if (!b || b->kind != BINDING_BY_ESP)
		return LKE_ERR_NOENT;
	binding_remove(e, b, "flushed");
	return 0;
}

int ha_command(struct lke_engine *e, const struct lke_ev_command *c)
{
	struct mobile *m = ha_by_home(e, &c->arg);

	switch (c->cmd) {
	case LKE_CMD_SUSPEND:
	case LKE_CMD_RESUME:
		return m ? ha_set_service(e, m, c->cmd == LKE_CMD_SUSPEND, c->cookie)
			 : LKE_ERR_NOENT;
	case LKE_CMD_FLUSH_BINDING:
		return flush(e, &c->arg);
	default:
		return LKE_ERR_NOENT;
	}
}

bool ha_next_mobile(const struct lke_engine *e, size_t *cursor, struct lke_mobile_view *ret)
{
	const struct mobile *m;
	uint32_t advances;

	if (*cursor >= e->ha->mobiles)
		return false;
	m = e->ha->mobile[(*cursor)++];
	advances = m->rate.running ? m->used - m->rate.used_since : 0;
	*ret = (struct lke_mobile_view){ .home = m->home,
					 .suspended = m->suspended,
					 .floor_lost = m->floor_lost,
					 .next_generation = ha_rekey_generation(m),
					 .has_seq = m->has_seq,
					 .last_seq = m->last_seq,
					 .generation = m->generation,
					 .used = m->used,
					 .advances = advances,
					 .over = sequence_rate_over(&m->rate, advances, e->now),
					 .accepted = m->accepted,
					 .refused = m->refused };
	str_copy(ret->name, sizeof(ret->name), m->name);
	return true;
}

/* SPDX-License-Identifier: ISC */
/* The home agent as a whole: links, commands, views, and packets that came without ESP. */
#include "core/home_agent.h"
#include "base/str.h"

int ha_new(struct lke_engine *e, const struct lke_config_mobile *mobile, unsigned n)
{
	if (e->cfg.ha.reserve > HA_RESERVE_MAX)
		return LKE_ERR_INVAL;
	e->ha = mem_zalloc(sizeof(*e->ha));
	if (!e->ha)
		return LKE_ERR_NOMEM;
	tbf_init(&e->ha->errors, BINDING_ERROR_RATE, BINDING_ERROR_RATE, e->now);
	if (e->cfg.ha.volatile_state)
		alarm_note(e, LKE_ROLE_HA, NULL,
			   "volatile state: no replay protection after a restart");
	return ha_policy_new(e, mobile, n);
}

void ha_free(struct lke_engine *e)
{
	if (!e->ha)
		return;
	ha_policy_free(e);
	mem_free_wipe(e->ha, sizeof(*e->ha));
	e->ha = NULL;
}

void ha_stop(struct lke_engine *e)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++)
		ha_drop_waiting(e, &e->ha->mobile[n]);
	binding_remove_all(e, BINDING_BY_ESP, "stopped");
}

/* ESP of our mobile nodes to this address is ours, not the kernel's. */
static void steer_spis(struct lke_engine *e, const struct lke_in6 *addr, bool add)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		if (add)
			steer_add(e, LKE_STEER_SPI, addr, e->ha->mobile[n].spi);
		else
			steer_del(e, LKE_STEER_SPI, addr, e->ha->mobile[n].spi);
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

static bool prefix_here(const struct iface *i, const struct lke_in6 *home)
{
	for (unsigned n = 0; n < i->addrs; n++)
		if (in6_is_global(&i->addr[n].addr) &&
		    in6_prefix_eq(&i->addr[n].addr, home, i->addr[n].plen))
			return true;
	return false;
}

/* A binding does not outlive the prefix of its home address (RFC 6275 10.3.1) nor our address. */
static void check_bindings(struct lke_engine *e, const struct iface *i, bool all)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		struct mobile *m = &e->ha->mobile[n];
		struct binding *b = binding_find(e, &m->home);

		if (all && m->dad_ifindex == i->ifindex)
			ha_drop_waiting(e, m);
		if (!b || b->kind != BINDING_BY_ESP || b->ifindex != i->ifindex)
			continue;
		if (all || !prefix_here(i, &m->home) || !iface_has_addr(i, &b->agent))
			binding_remove(e, b, all ? "home link gone" : "address of home link gone");
	}
}

void ha_link_changed(struct lke_engine *e, struct iface *i)
{
	for (unsigned n = 0; n < e->cfg.ha.interfaces && !i->ha; n++)
		if (strcmp(e->cfg.ha.interface[n], i->name) == 0)
			i->ha = &e->ha->link[n];
	if (!i->ha)
		return;
	update_steering(e, i->ha, i);
	check_bindings(e, i, false);
}

void ha_link_removed(struct lke_engine *e, struct iface *i)
{
	if (!i->ha)
		return;
	check_bindings(e, i, true);
	for (unsigned n = 0; n < i->ha->steereds; n++)
		steer_spis(e, &i->ha->steered[n], false);
	i->ha->steereds = 0;
	i->ha = NULL;
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
		return -(int)LKE_DROP_NOT_OURS;
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
}

/* The sequence floor stays: it belongs to the key, not to the binding (AMB-153). */
void ha_binding_expired(struct lke_engine *e, struct binding *b)
{
	struct mobile *m = b->owner;

	assert(ha_by_home(e, &b->home) == m);
	b->owner = NULL;
}

static int set_service(struct lke_engine *e, struct mobile *m, bool suspended)
{
	struct binding *b = binding_find(e, &m->home);

	if (m->suspended == suspended)
		return 0;
	m->suspended = suspended;
	if (suspended) {
		ha_refuse_waiting(e, m, STATUS_PROHIBITED);
		if (b && b->kind == BINDING_BY_ESP)
			binding_remove(e, b, "service suspended");
	}
	return ha_sequence_store_service(e, m) ? 0 : LKE_ERR_NOMEM;
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
		return m ? set_service(e, m, c->cmd == LKE_CMD_SUSPEND) : LKE_ERR_NOENT;
	case LKE_CMD_FLUSH_BINDING:
		return flush(e, &c->arg);
	default:
		return LKE_ERR_NOENT;
	}
}

bool ha_next_mobile(const struct lke_engine *e, size_t *cursor, struct lke_mobile_view *ret)
{
	const struct mobile *m;

	if (*cursor >= e->ha->mobiles)
		return false;
	m = &e->ha->mobile[(*cursor)++];
	*ret = (struct lke_mobile_view){ .home = m->home,
					 .suspended = m->suspended,
					 .has_seq = m->has_seq,
					 .last_seq = m->last_seq,
					 .generation = m->generation,
					 .used = m->used,
					 .advances =
						 m->rate.running ? m->used - m->rate.used_since : 0,
					 .over = m->rate.running ? e->now - m->rate.since : 0,
					 .accepted = m->accepted,
					 .refused = m->refused };
	str_copy(ret->name, sizeof(ret->name), m->name);
	return true;
}

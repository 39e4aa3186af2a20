/* SPDX-License-Identifier: ISC */
/*
 * Another configuration of a home agent that runs.  Policy entries are the same when their home
 * address is; what stays the same is not touched: bindings, sequence numbers, security
 * associations.
 */
#include "core/home_agent.h"

/* One entry of the new list. */
struct entry {
	struct mobile *m;     /* that is there; NULL: fresh comes */
	struct mobile *fresh; /* with other keys for m, or an entry of its own; NULL: same keys */
};

struct ha_change {
	struct entry *entry; /* parallel to the new list */
	unsigned entries;
	struct mobile **room; /* the next home_agent.mobile */
	bool *stays;	      /* parallel to the present one */
};

void ha_reload_free(struct lke_engine *e, struct ha_change *c)
{
	if (!c)
		return;
	for (unsigned n = 0; c->entry && n < c->entries; n++)
		ha_mobile_free(e, c->entry[n].fresh);
	mem_free(c->entry);
	mem_free(c->room);
	mem_free(c->stays);
	mem_free(c);
}

static bool same_keys(const struct mobile *m, const struct lke_config_mobile *c)
{
	return m->generation == c->generation && sa_same(&m->to_ha.cfg, &c->to_ha) &&
	       sa_same(&m->to_mn.cfg, &c->to_mn);
}

/* A key that is to follow has its SPI and its tables already. */
static bool next_of_another(const struct lke_engine *e, const struct mobile *m,
			    const struct lke_config_mobile *c)
{
	const struct mobile *owner = ha_rekey_owner(e, c->to_ha.spi);

	return owner && owner != m;
}

/* The key before the last change of configuration: its numbers are known. */
static bool is_former(const struct mobile *m, const struct lke_config_mobile *c)
{
	return m->former.there && m->former.generation == c->generation;
}

static int prepare_entry(struct lke_engine *e, const struct lke_config_mobile *c, bool keep_newer,
			 struct ha_change *change, struct entry *ret)
{
	struct mobile *m = ha_by_home(e, &c->home);

	ret->m = m;
	if (m)
		change->stays[m->index] = true;
	/* Dynamic keys are the key manager's: the configuration says who may bring them. */
	if (m && (m->source == LKE_KEYING_DYNAMIC || same_keys(m, c)))
		return 0;
	if (m && c->generation < m->generation && !is_former(m, c)) {
		if (keep_newer)
			return 0;
		alarm_note(e, LKE_ROLE_HA, &c->home,
			   "reload refused: key file older than the key in use; renew it");
		return LKE_ERR_EXIST;
	}
	if (next_of_another(e, m, c)) {
		alarm_note(e, LKE_ROLE_HA, &c->home,
			   "reload refused: SPI of another's next key; give it another");
		return LKE_ERR_EXIST;
	}
	return ha_mobile_new(e, c, &ret->fresh);
}

int ha_reload_prepare(struct lke_engine *e, const struct lke_config_ha *want, bool keep_newer,
		      struct ha_change **ret)
{
	struct ha_change *c;
	int err = want->reserve > HA_RESERVE_MAX ? LKE_ERR_INVAL
						 : ha_policy_check(e, want->mobile, want->mobiles);

	if (err < 0)
		return err;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return LKE_ERR_NOMEM;
	c->entries = want->mobiles;
	c->entry = mem_zalloc((want->mobiles + 1) * sizeof(*c->entry));
	/* Both lists at once, while the one gives way to the other. */
	c->room = mem_zalloc((want->mobiles + e->ha->mobiles + 1) * sizeof(struct mobile *));
	c->stays = mem_zalloc(e->ha->mobiles + 1);
	if (!c->entry || !c->room || !c->stays)
		err = LKE_ERR_NOMEM;
	for (unsigned n = 0; n < want->mobiles && err == 0; n++)
		err = prepare_entry(e, &want->mobile[n], keep_newer, c, &c->entry[n]);
	if (err < 0)
		ha_reload_free(e, c);
	else
		*ret = c;
	return err;
}

/* --- policy entries --- */

static void steer(struct lke_engine *e, const struct mobile *m, bool add)
{
	ha_steer_spi(e, m->spi, add);
	if (ha_rekey_spi(m))
		ha_steer_spi(e, ha_rekey_spi(m), add);
}

static void remove_entry(struct lke_engine *e, struct mobile *m)
{
	struct binding *b = binding_find(e, &m->home);

	ha_retire_mobile(e, m);
	ha_drop_waiting(e, m);
	if (b && b->kind == BINDING_BY_ESP)
		binding_remove(e, b, "policy entry removed");
	ha_linklocal_drop(e, m);
	ha_keep_forget(e, m);
	if (m->service_waits)
		command_reply(e, m->service_cookie, LKE_ERR_NOENT);
	steer(e, m, false);
	ha_mobile_remove(e, m);
	ha_mobile_free(e, m);
}

static void remove_entries(struct lke_engine *e, const struct ha_change *c)
{
	/* From the end: the last one takes the place of one that goes. */
	for (unsigned n = e->ha->mobiles; n > 0; n--)
		if (!c->stays[n - 1])
			remove_entry(e, e->ha->mobile[n - 1]);
}

/* A key of another generation has its own numbers (AMB-173). */
static void change_numbers(struct lke_engine *e, struct mobile *m, uint32_t generation)
{
	bool back = m->former.there && m->former.generation == generation;
	bool has_seq = back && m->former.has_seq;
	uint16_t last_seq = m->former.last_seq;
	uint32_t used = m->former.used;

	m->former.there = true;
	m->former.has_seq = m->has_seq;
	m->former.generation = m->generation;
	m->former.last_seq = m->last_seq;
	m->former.used = m->used;
	ha_sequence_renew(e, m);
	if (!has_seq)
		return;
	/* The next floor goes before a number is accepted: the store may know the other key. */
	m->has_seq = true;
	m->last_seq = last_seq;
	m->used = used;
}

/* With the same generation the numbers go on, as they would after a restart. */
static void change_keys(struct lke_engine *e, struct mobile *m, struct mobile *fresh)
{
	struct sa to_ha = m->to_ha, to_mn = m->to_mn;

	ha_drop_waiting(e, m);
	m->to_ha = fresh->to_ha;
	m->to_mn = fresh->to_mn;
	fresh->to_ha = to_ha; /* wiped with it */
	fresh->to_mn = to_mn;
	mem_wipe(&to_ha, sizeof(to_ha));
	mem_wipe(&to_mn, sizeof(to_mn));
	m->spi = fresh->spi;
	if (fresh->generation != m->generation)
		change_numbers(e, m, fresh->generation);
	m->generation = fresh->generation;
}

/* Two entries may exchange their SPIs: all old ones leave before the first new one comes. */
static void change_entries(struct lke_engine *e, const struct ha_change *c)
{
	for (unsigned n = 0; n < c->entries; n++) {
		struct mobile *m = c->entry[n].fresh ? c->entry[n].m : NULL;

		if (!m)
			continue;
		steer(e, m, false);
		if (ha_rekey_spi(m)) /* it is told again if it is still to follow */
			ha_rekey_drop(e, m);
		table_del(&e->ha->by_spi, &m->by_spi);
	}
	for (unsigned n = 0; n < c->entries; n++) {
		struct mobile *m = c->entry[n].fresh ? c->entry[n].m : NULL;

		if (!m)
			continue;
		change_keys(e, m, c->entry[n].fresh);
		if (table_add(&e->ha->by_spi, &m->by_spi) < 0)
			drop(e, LKE_DROP_LIMIT); /* cannot be: the list was judged */
		steer(e, m, true);
	}
}

static void add_entries(struct lke_engine *e, struct ha_change *c)
{
	for (unsigned n = 0; n < c->entries; n++) {
		struct mobile *m = c->entry[n].fresh;

		if (c->entry[n].m || !m || ha_mobile_insert(e, m) < 0)
			continue;
		c->entry[n].fresh = NULL; /* owned by the tables now */
		c->entry[n].m = m;
		steer(e, m, true);
		ha_unretire(e, m);
	}
}

static void configure_entries(struct lke_engine *e, const struct ha_change *c,
			      const struct lke_config_mobile *want)
{
	for (unsigned n = 0; n < c->entries; n++) {
		struct mobile *m = c->entry[n].m;
		bool was;

		if (!m)
			continue;
		was = m->config_suspended;
		ha_mobile_configure(e, m, &want[n]);
		/* As lke suspend and lke resume do; an operator's word that the configuration does
		 * not touch stands. */
		if (was != m->config_suspended)
			(void)ha_set_service(e, m, m->config_suspended, 0);
	}
}

static void reload_policy(struct lke_engine *e, struct ha_change *c,
			  const struct lke_config_mobile *want)
{
	struct home_agent *ha = e->ha;
	struct mobile **old = ha->mobile;

	memcpy(c->room, ha->mobile, ha->mobiles * sizeof(*ha->mobile));
	ha->mobile = c->room;
	c->room = old;
	remove_entries(e, c);
	change_entries(e, c);
	add_entries(e, c);
	configure_entries(e, c, want);
}

/* --- links --- */

static bool has_timer(const struct lke_config_ha *c)
{
	return c->advertise == LKE_HA_ADVERTISE_HOME_AGENT || c->advertise == LKE_HA_ADVERTISE_FULL;
}

static bool told_differs(const struct lke_config_ha *a, const struct lke_config_ha *b)
{
	return a->preference != b->preference || a->ha_lifetime != b->ha_lifetime ||
	       a->router_lifetime != b->router_lifetime ||
	       a->ra_max_interval_ms != b->ra_max_interval_ms ||
	       a->ra_min_interval_ms != b->ra_min_interval_ms ||
	       a->prefix_valid != b->prefix_valid || a->prefix_preferred != b->prefix_preferred;
}

static bool named(const struct lke_config_ha *c, const char *name)
{
	for (unsigned n = 0; n < c->interfaces; n++)
		if (strcmp(c->interface[n], name) == 0)
			return true;
	return false;
}

/* What the old configuration did on a link and the new one does not; e->cfg is still the old one.
 */
static void leave_link(struct lke_engine *e, struct ha_link *l, const struct lke_config_ha *want)
{
	if (!named(want, l->ifc->name)) {
		ha_advertise_stop(e, l, true);
		ha_link_removed(e, l->ifc);
		return;
	}
	if (e->cfg.ha.advertise != want->advertise)
		ha_advertise_stop(e, l, !has_timer(want));
	if (e->cfg.ha.discovery && !want->discovery)
		ha_discovery_stop(e, l);
}

/* An interface keeps its place, parallel to home_agent.link; a place may stay empty. */
static void place_interfaces(struct lke_config_ha *now, const struct lke_config_ha *was,
			     const struct lke_config_ha *want)
{
	now->interfaces = was->interfaces;
	for (unsigned n = 0; n < was->interfaces; n++) {
		memcpy(now->interface[n], was->interface[n], sizeof(now->interface[n]));
		if (!named(want, was->interface[n]))
			memset(now->interface[n], 0, sizeof(now->interface[n]));
	}
	for (unsigned n = 0; n < want->interfaces; n++) {
		unsigned k = 0;

		if (named(now, want->interface[n]))
			continue;
		while (k < now->interfaces && now->interface[k][0])
			k++;
		memcpy(now->interface[k], want->interface[n], sizeof(now->interface[k]));
		if (k == now->interfaces)
			now->interfaces++;
	}
}

static void enter_links(struct lke_engine *e, const struct lke_config_ha *was)
{
	const struct lke_config_ha *now = &e->cfg.ha;
	bool told = told_differs(was, now);

	for (unsigned n = 0; n < e->ifaces; n++) {
		struct iface *i = e->iface[n];
		bool there = i->ha != NULL;

		ha_link_changed(e, i);
		if (!there || !i->ha)
			continue;
		if (was->advertise != now->advertise || (told && has_timer(now)))
			ha_advertise_update(e, i->ha);
		if (was->prefix_valid != now->prefix_valid ||
		    was->prefix_preferred != now->prefix_preferred ||
		    was->advertise != now->advertise)
			ha_mobile_prefix_changed(e, i->ha);
	}
}

void ha_reload_commit(struct lke_engine *e, const struct lke_config_ha *was,
		      const struct lke_config_ha *want, struct ha_change *c)
{
	struct lke_config_ha *now = &e->cfg.ha;

	*now = *was;
	for (unsigned n = 0; n < LKE_MAX_IFACES; n++)
		if (e->ha->link[n].ifc)
			leave_link(e, &e->ha->link[n], want);
	*now = *want;
	now->mobile = NULL;
	place_interfaces(now, was, want);
	reload_policy(e, c, want->mobile);
	enter_links(e, was);
	ha_restore_some(e);
	ha_reload_free(e, c);
}

/* SPDX-License-Identifier: ISC */
/*
 * The next key of a home address (AMB-152, AMB-173), beside the present one.  The mobile node shows
 * that it has it by a Binding Update: from then on it is the only one.  That packet waits until the
 * floor of the new generation is durable, which replaces the old one, and is then taken as if it
 * came now.  At the end of the overlap the old key ends in any case.
 */
#include "core/home_agent.h"

struct ha_next {
	struct table_node by_spi;
	uint32_t spi; /* key: SPI of keying.to_ha */
	struct mobile *m;
	struct lke_keying keying;
	struct sa to_ha;
	struct timer overlap;
	bool writing;	/* the floor that covers the packet below */
	uint16_t floor; /* of that */
	uint32_t ifindex;
	struct lke_lladdr src_ll;
	uint8_t pkt[512];
	size_t len;
};

int ha_rekey_new(struct home_agent *ha, const uint8_t secret[16])
{
	return TABLE_INIT(&ha->next_by_spi, struct ha_next, by_spi, spi, HA_MOBILES_MAX, secret);
}

static struct ha_next *by_spi(const struct lke_engine *e, uint32_t spi)
{
	return TABLE_ENTRY(table_find(&e->ha->next_by_spi, &spi), struct ha_next, by_spi);
}

struct mobile *ha_rekey_owner(const struct lke_engine *e, uint32_t spi)
{
	const struct ha_next *n = by_spi(e, spi);

	return n ? n->m : NULL;
}

void ha_rekey_drop(struct lke_engine *e, struct mobile *m)
{
	struct ha_next *n = m->next;

	if (!n)
		return;
	timerq_disarm(&e->timers, &n->overlap);
	table_del(&e->ha->next_by_spi, &n->by_spi);
	m->next = NULL;
	sa_done(&n->to_ha);
	mem_free_wipe(n, sizeof(*n));
}

uint32_t ha_rekey_spi(const struct mobile *m)
{
	return m->next ? m->next->spi : 0;
}

uint32_t ha_rekey_generation(const struct mobile *m)
{
	return m->next ? m->next->keying.generation : 0;
}

static bool shares(const struct lke_keying *k, const struct lke_config_sa *sa)
{
	const struct lke_config_sa *new[] = { &k->to_ha, &k->to_mn };

	for (unsigned n = 0; n < 2; n++)
		if (new[n]->auth_key_len == sa->auth_key_len &&
		    mem_eq_ct(new[n]->auth_key, sa->auth_key, sa->auth_key_len))
			return true;
	return false;
}

/* SEC-045: nobody else has this key, and it is not the present one again. */
static bool key_taken(const struct lke_engine *e, const struct mobile *m,
		      const struct lke_keying *k)
{
	if (ha_by_spi(e, k->to_ha.spi) || by_spi(e, k->to_ha.spi))
		return true;
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		const struct mobile *o = e->ha->mobile[n];

		if (shares(k, &o->to_ha.cfg) || shares(k, &o->to_mn.cfg) ||
		    (o != m && o->next &&
		     (shares(k, &o->next->keying.to_ha) || shares(k, &o->next->keying.to_mn))))
			return true;
	}
	return false;
}

static void retire_file(struct lke_engine *e, const struct mobile *m)
{
	struct lke_action *a = act_new(e, LKE_ACT_KEY);

	if (!a)
		return;
	a->key.home = m->home;
	a->key.generation = m->generation;
}

/* Takes the place of the old key: its sequence numbers begin anew. */
static void take_over(struct lke_engine *e, struct mobile *m)
{
	struct lke_keying k = m->next->keying;
	bool has_floor = m->next->writing;
	uint16_t floor = m->next->floor;
	struct lke_note *note;

	ha_steer_spi(e, k.to_ha.spi, false);
	ha_rekey_drop(e, m);
	if (ha_keying_replace(e, m, &k) < 0)
		alarm_note(e, LKE_ROLE_HA, &m->home, "the next key cannot be used; run: lke rekey");
	mem_wipe(&k, sizeof(k));
	m->has_floor = has_floor;
	m->floor = floor;
	retire_file(e, m);
	note = note_new(e, LKE_NOTE_REKEYED, LKE_ROLE_HA);
	if (note) {
		note->addr = m->home;
		note->value = m->generation;
	}
}

static int install(struct lke_engine *e, struct mobile *m, const struct lke_ev_keying *ev)
{
	struct ha_next *n = mem_zalloc(sizeof(*n));
	int err;

	if (!n)
		return LKE_ERR_NOMEM;
	n->m = m;
	n->spi = ev->keying->to_ha.spi;
	n->keying = *ev->keying;
	timer_init(&n->overlap, HA_TIMER_OVERLAP, n);
	err = sa_init(&n->to_ha, &ev->keying->to_ha);
	if (err == 0)
		err = table_add(&e->ha->next_by_spi, &n->by_spi);
	if (err < 0) {
		sa_done(&n->to_ha);
		mem_free_wipe(n, sizeof(*n));
		return err;
	}
	m->next = n;
	ha_steer_spi(e, n->spi, true);
	arm(e, &n->overlap, e->now + (lke_time)ev->overlap * LKE_SEC);
	return 0;
}

int ha_rekey_cancel(struct lke_engine *e, struct mobile *m)
{
	if (m->next && m->next->writing)
		return LKE_ERR_STATE;
	if (m->next) {
		ha_steer_spi(e, m->next->spi, false);
		ha_rekey_drop(e, m);
	}
	return 0;
}

int ha_rekey(struct lke_engine *e, struct mobile *m, const struct lke_ev_keying *ev)
{
	const struct lke_keying *k = ev->keying;

	if (m->next && m->next->keying.generation == k->generation && m->next->spi == k->to_ha.spi)
		return 0; /* told once more */
	if (ha_rekey_cancel(e, m) < 0)
		return LKE_ERR_STATE;
	return key_taken(e, m, k) ? LKE_ERR_EXIST : install(e, m, ev);
}

bool ha_rekey_restored(struct lke_engine *e, struct mobile *m, uint32_t generation)
{
	if (ha_rekey_generation(m) != generation)
		return false;
	take_over(e, m);
	return true;
}

void ha_rekey_timer(struct lke_engine *e, struct timer *t)
{
	struct ha_next *n = t->owner;
	struct mobile *m = n->m;

	if (n->writing) {
		arm(e, t, e->now + LKE_SEC);
		return;
	}
	take_over(e, m);
}

/* The packet that shows the key, as if it came now. */
static void take_again(struct lke_engine *e, uint32_t ifindex, const struct lke_lladdr *src_ll,
		       const uint8_t *data, size_t len)
{
	struct pkt p = { .ifc = iface_by_index(e, ifindex), .src_ll = *src_ll };

	if (p.ifc && ip6_parse(data, len, &p.ip) == 0)
		(void)ha_esp_input(e, &p);
}

void ha_rekey_written(struct lke_engine *e, struct mobile *m, int err)
{
	struct ha_next *n = m->next;
	struct lke_lladdr src_ll;
	uint8_t pkt[sizeof(n->pkt)];
	uint32_t ifindex;
	size_t len;

	if (!n || !n->writing)
		return;
	if (err < 0) {
		n->writing = false;
		/* The mobile node asks again; the old key still serves. */
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "sequence floor of the next key not durable; look at the disk");
		return;
	}
	ifindex = n->ifindex;
	src_ll = n->src_ll;
	len = n->len;
	memcpy(pkt, n->pkt, len);
	take_over(e, m);
	take_again(e, ifindex, &src_ll, pkt, len);
}

static int wait_for_floor(struct lke_engine *e, struct ha_next *n, const struct pkt *p,
			  uint16_t seq)
{
	n->floor = (uint16_t)(seq + e->cfg.ha.reserve);
	n->ifindex = p->ifc->ifindex;
	n->src_ll = p->src_ll;
	n->len = p->ip.len;
	memcpy(n->pkt, p->ip.pkt, p->ip.len);
	n->writing = true;
	if (e->cfg.ha.volatile_state)
		ha_rekey_written(e, n->m, 0);
	else if (!ha_sequence_store_next(e, n->m, n->keying.generation, n->floor))
		n->writing = false;
	return 0;
}

bool ha_rekey_input(struct lke_engine *e, const struct pkt *p, uint32_t spi, int *ret)
{
	struct ha_next *n = by_spi(e, spi);
	struct lke_in6 home = ip6_pseudo_src(&p->ip);
	uint8_t plain[512], next;
	struct mh_bu bu = { 0 };
	struct mh_view v;
	size_t len;
	int err;

	if (!n)
		return false;
	count(e, LKE_STAT_BU_IN);
	err = sa_open(&n->to_ha, &p->ip, plain, sizeof(plain), &len, &next);
	if (err == 0 && (!in6_eq(&home, &n->m->home) || p->ip.has_rh2 || next != IP6_NH_MH))
		err = -(int)LKE_DROP_ESP_SELECTOR;
	if (err == 0)
		err = mh_check(plain, len, &home, &p->ip.dst, &v);
	if (err == 0 && v.type != MH_BU)
		err = -(int)LKE_DROP_STATE;
	if (err == 0)
		err = mh_bu_decode(&v, &bu);
	if (err == 0 && (n->writing || p->ip.len > sizeof(n->pkt)))
		err = -(int)LKE_DROP_HELD;
	if (err < 0)
		*ret = note_in_full(e, LKE_ROLE_HA, LKE_MSG_BU, p, (enum lke_drop) - err, &home, 0,
				    bu.seq, 0);
	else
		*ret = wait_for_floor(e, n, p, bu.seq);
	return true;
}

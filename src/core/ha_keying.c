/* SPDX-License-Identifier: ISC */
/*
 * The keying of a policy entry (lke/keying.h): manual keys of the configuration, or keys that come
 * from outside while the home agent runs.  This is the one place where dynamic keys plug in.
 */
#include "core/home_agent.h"

struct lke_keying ha_keying_of(const struct lke_config_mobile *c)
{
	return (struct lke_keying){ .source = LKE_KEYING_MANUAL,
				    .generation = c->generation,
				    .to_ha = c->to_ha,
				    .to_mn = c->to_mn };
}

int lke_keying_check(const struct lke_keying *k)
{
	bool manual = k->source == LKE_KEYING_MANUAL;

	if (!manual && k->source != LKE_KEYING_DYNAMIC)
		return LKE_ERR_INVAL;
	if (k->window != (manual ? 0 : LKE_REPLAY_WINDOW) || (manual && k->endpoint_update))
		return LKE_ERR_INVAL;
	return manual || k->identity[0] ? 0 : LKE_ERR_INVAL;
}

int ha_keying_set(struct mobile *m, const struct lke_keying *k)
{
	struct sa to_ha = { 0 }, to_mn = { 0 };
	int err = lke_keying_check(k);

	if (err == 0)
		err = sa_init(&to_ha, &k->to_ha);
	if (err == 0)
		err = sa_init(&to_mn, &k->to_mn);
	if (err < 0) {
		sa_done(&to_ha);
		return err;
	}
	sa_done(&m->to_ha);
	sa_done(&m->to_mn);
	to_ha.window = k->window;
	m->to_ha = to_ha;
	m->to_mn = to_mn;
	m->spi = k->to_ha.spi;
	m->generation = k->generation;
	m->source = k->source;
	m->endpoint_update = k->endpoint_update;
	mem_wipe(&to_ha, sizeof(to_ha));
	mem_wipe(&to_mn, sizeof(to_mn));
	return 0;
}

static bool same_secret(const struct lke_config_sa *a, const struct lke_config_sa *b)
{
	return a->auth_key_len == b->auth_key_len &&
	       mem_eq_ct(a->auth_key, b->auth_key, a->auth_key_len);
}

/* SEC-045: each key is known to two parties; a SPI names one of them. */
static bool taken(const struct lke_engine *e, const struct mobile *m, const struct lke_keying *k)
{
	const struct mobile *owner = ha_by_spi(e, k->to_ha.spi);

	if (owner && owner != m)
		return true;
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		const struct mobile *o = e->ha->mobile[n];

		if (o != m && (same_secret(&o->to_ha.cfg, &k->to_ha) ||
			       same_secret(&o->to_mn.cfg, &k->to_mn)))
			return true;
	}
	return false;
}

/* Does this identity speak for the home address (SEC-049)?  Manual keys need none. */
static bool authorised(const struct mobile *m, const struct lke_keying *k)
{
	return k->source == LKE_KEYING_MANUAL ||
	       (m->identity[0] && strcmp(m->identity, k->identity) == 0);
}

int ha_keying_replace(struct lke_engine *e, struct mobile *m, const struct lke_keying *k)
{
	uint32_t old_spi = m->spi;
	int err = ha_keying_set(m, k);

	if (err < 0)
		return err;
	if (m->spi != old_spi) {
		table_del(&e->ha->by_spi, &m->by_spi);
		ha_steer_spi(e, m->spi, true);
		ha_steer_spi(e, old_spi, false);
		err = table_add(&e->ha->by_spi, &m->by_spi);
	}
	ha_sequence_renew(e, m);
	m->former.there = false; /* a key that was taken over is not undone */
	return err;
}

int ha_keying(struct lke_engine *e, const struct lke_ev_keying *ev)
{
	struct mobile *m = ha_by_home(e, &ev->home);
	int err;

	if (!m)
		return LKE_ERR_NOENT;
	if (!ev->keying)
		return ha_rekey_cancel(e, m);
	if (!authorised(m, ev->keying))
		return LKE_ERR_INVAL;
	if (ev->keying->generation <= m->generation || taken(e, m, ev->keying))
		return LKE_ERR_EXIST;
	if (ev->overlap == 0)
		return ha_keying_replace(e, m, ev->keying);
	err = lke_keying_check(ev->keying);
	return err < 0 ? err : ha_rekey(e, m, ev);
}

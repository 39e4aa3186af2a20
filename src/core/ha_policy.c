/* SPDX-License-Identifier: ISC */
/* The policy of a home agent: one entry for each home address (SEC-050, RFC 3776 4.1). */
#include "base/str.h"
#include "core/home_agent.h"

enum { KEYS_OF_MOBILE = 4, KEY_MAX = 32 };

/* An entry of the table that finds a key used twice; lives only while the policy is read. */
struct key_use {
	struct table_node node;
	uint8_t key[KEY_MAX];
	unsigned mobile;
};

static int add_key(struct table *t, struct key_use *u, const uint8_t *key, size_t len,
		   unsigned mobile)
{
	const struct key_use *other;

	if (len == 0)
		return 0;
	if (len > KEY_MAX)
		return LKE_ERR_INVAL;
	memcpy(u->key, key, len);
	u->mobile = mobile;
	if (table_add(t, &u->node) != LKE_ERR_EXIST)
		return 0;
	other = TABLE_ENTRY(table_find(t, u->key), struct key_use, node);
	return other && other->mobile == mobile ? 0 : LKE_ERR_INVAL;
}

static int add_keys(struct table *t, struct key_use *u, const struct lke_config_mobile *c,
		    unsigned mobile)
{
	const struct lke_config_sa *sa[] = { &c->to_ha, &c->to_mn };
	int err = 0;

	for (unsigned n = 0; n < 2 && err == 0; n++) {
		err = add_key(t, u++, sa[n]->auth_key, sa[n]->auth_key_len, mobile);
		if (err == 0)
			err = add_key(t, u++, sa[n]->enc_key, sa[n]->enc_key_len, mobile);
	}
	return err;
}

/* Only the two parties may know a key: no two mobiles share one (SEC-045). */
static int check_keys(const struct lke_config_mobile *cfg, unsigned n, const uint8_t secret[16])
{
	size_t uses = (size_t)n * KEYS_OF_MOBILE;
	struct key_use *u = mem_zalloc(uses * sizeof(*u));
	struct table t;
	int err;

	if (!u)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&t, struct key_use, node, key, uses + 1, secret);
	if (err == 0) {
		for (unsigned k = 0; k < n && err == 0; k++)
			err = add_keys(&t, u + (size_t)k * KEYS_OF_MOBILE, &cfg[k], k);
		table_done(&t);
	}
	mem_free_wipe(u, uses * sizeof(*u));
	return err;
}

static int mobile_init(struct mobile *m, const struct lke_config_mobile *c, unsigned index)
{
	struct lke_keying keying;
	int err;

	if (!in6_is_global(&c->home) || in6_is_anycast64(&c->home))
		return LKE_ERR_INVAL;
	keying = ha_keying_of(c);
	err = ha_keying_set(m, &keying);
	mem_wipe(&keying, sizeof(keying));
	if (err < 0)
		return err;
	m->home = c->home;
	m->spi = c->to_ha.spi;
	m->index = index;
	str_copy(m->name, sizeof(m->name), c->name);
	str_copy(m->identity, sizeof(m->identity), c->identity);
	m->max_lifetime = c->max_lifetime;
	m->suspended = c->suspended;
	timer_init(&m->dad, HA_TIMER_DAD, m);
	timer_init(&m->prefix.timer, HA_TIMER_PREFIX, m);
	timer_init(&m->proof.timer, HA_TIMER_PROOF, m);
	timer_init(&m->keep, HA_TIMER_KEEP, m);
	return 0;
}

static int add_mobiles(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n)
{
	struct home_agent *ha = e->ha;

	for (unsigned k = 0; k < n; k++) {
		struct mobile *m = &ha->mobile[k];
		int err = mobile_init(m, &cfg[k], k);

		m->max_updates = cfg[k].max_updates ? cfg[k].max_updates : e->cfg.ha.max_updates;
		tbf_init(&m->updates, m->max_updates, m->max_updates * UINT64_C(3), e->now);
		tbf_init(&m->audit, HA_AUDIT_RATE, HA_AUDIT_BURST, e->now);

		ha->mobiles = k + 1;
		if (err == 0)
			err = table_add(&ha->by_home, &m->by_home);
		if (err == 0)
			err = table_add(&ha->by_spi, &m->by_spi);
		if (err < 0)
			return err == LKE_ERR_EXIST ? LKE_ERR_INVAL : err;
	}
	return 0;
}

int ha_policy_new(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n)
{
	struct home_agent *ha = e->ha;
	uint8_t secret[16];
	int err;

	if (n > HA_MOBILES_MAX)
		return LKE_ERR_INVAL;
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	ha->mobile = mem_zalloc((n ? n : 1) * sizeof(*ha->mobile));
	if (!ha->mobile)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&ha->by_home, struct mobile, by_home, home, HA_MOBILES_MAX, secret);
	if (err == 0)
		err = TABLE_INIT(&ha->by_spi, struct mobile, by_spi, spi, HA_MOBILES_MAX, secret);
	if (err == 0)
		err = TABLE_INIT(&ha->by_ll, struct mobile, ll.node, ll.key, HA_MOBILES_MAX,
				 secret);
	if (err == 0)
		err = ha_rekey_new(ha, secret);
	if (err == 0 && n > 0)
		err = check_keys(cfg, n, secret);
	if (err == 0)
		err = add_mobiles(e, cfg, n);
	mem_wipe(secret, sizeof(secret));
	return err;
}

void ha_policy_free(struct lke_engine *e)
{
	struct home_agent *ha = e->ha;

	for (unsigned n = 0; n < ha->mobiles; n++) {
		ha_rekey_drop(e, &ha->mobile[n]);
		timerq_disarm(&e->timers, &ha->mobile[n].dad);
		timerq_disarm(&e->timers, &ha->mobile[n].prefix.timer);
		timerq_disarm(&e->timers, &ha->mobile[n].proof.timer);
		timerq_disarm(&e->timers, &ha->mobile[n].keep);
		sa_done(&ha->mobile[n].to_ha);
		sa_done(&ha->mobile[n].to_mn);
	}
	table_done(&ha->by_home);
	table_done(&ha->by_spi);
	table_done(&ha->by_ll);
	table_done(&ha->next_by_spi);
	mem_free(ha->mobile);
}

struct mobile *ha_by_home(const struct lke_engine *e, const struct lke_in6 *home)
{
	return TABLE_ENTRY(table_find(&e->ha->by_home, home), struct mobile, by_home);
}

struct mobile *ha_by_spi(const struct lke_engine *e, uint32_t spi)
{
	return TABLE_ENTRY(table_find(&e->ha->by_spi, &spi), struct mobile, by_spi);
}

bool ha_serves(const struct lke_engine *e, const struct lke_in6 *home)
{
	return e->ha && ha_by_home(e, home);
}

/* SPDX-License-Identifier: ISC */
/* The policy of a home agent: one entry for each home address (SEC-050, RFC 3776 4.1). */
#include "base/str.h"
#include "core/home_agent.h"

enum { USES_OF_MOBILE = 6, KEY_MAX = 32 };

/* What two entries may not share. */
enum use_kind { USE_KEY, USE_HOME, USE_SPI };

/* An entry of the table that finds it; lives only while a policy is read. */
struct key_use {
	struct table_node node;
	uint8_t key[1 + KEY_MAX]; /* enum use_kind first */
	unsigned mobile;
};

static int add_use(struct table *t, struct key_use *u, enum use_kind kind, const void *key,
		   size_t len, unsigned mobile)
{
	const struct key_use *other;

	if (len == 0)
		return 0;
	if (len > KEY_MAX)
		return LKE_ERR_INVAL;
	u->key[0] = (uint8_t)kind;
	memcpy(u->key + 1, key, len);
	u->mobile = mobile;
	if (table_add(t, &u->node) != LKE_ERR_EXIST)
		return 0;
	other = TABLE_ENTRY(table_find(t, u->key), struct key_use, node);
	return other && other->mobile == mobile ? 0 : LKE_ERR_INVAL;
}

static int add_uses(struct table *t, struct key_use *u, const struct lke_config_mobile *c,
		    unsigned mobile)
{
	const struct lke_config_sa *sa[] = { &c->to_ha, &c->to_mn };
	int err = add_use(t, u++, USE_HOME, &c->home, sizeof(c->home), mobile);

	if (err == 0)
		err = add_use(t, u++, USE_SPI, &c->to_ha.spi, sizeof(c->to_ha.spi), mobile);
	for (unsigned n = 0; n < 2 && err == 0; n++) {
		err = add_use(t, u++, USE_KEY, sa[n]->auth_key, sa[n]->auth_key_len, mobile);
		if (err == 0)
			err = add_use(t, u++, USE_KEY, sa[n]->enc_key, sa[n]->enc_key_len, mobile);
	}
	return err;
}

static bool home_ok(const struct lke_in6 *home)
{
	return in6_is_global(home) && !in6_is_anycast64(home);
}

/* Only the two parties may know a key: no two mobiles share one (SEC-045). */
int ha_policy_check(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n)
{
	size_t uses = (size_t)n * USES_OF_MOBILE;
	uint8_t secret[16];
	struct key_use *u;
	struct table t;
	int err;

	if (n > HA_MOBILES_MAX)
		return LKE_ERR_INVAL;
	if (n == 0)
		return 0;
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	u = mem_zalloc(uses * sizeof(*u));
	err = u ? TABLE_INIT(&t, struct key_use, node, key, uses + 1, secret) : LKE_ERR_NOMEM;
	mem_wipe(secret, sizeof(secret));
	if (err == 0) {
		for (unsigned k = 0; k < n && err == 0; k++)
			err = home_ok(&cfg[k].home)
				      ? add_uses(&t, u + (size_t)k * USES_OF_MOBILE, &cfg[k], k)
				      : LKE_ERR_INVAL;
		table_done(&t);
	}
	mem_free_wipe(u, uses * sizeof(*u));
	return err;
}

void ha_mobile_configure(struct lke_engine *e, struct mobile *m, const struct lke_config_mobile *c)
{
	unsigned updates = c->max_updates ? c->max_updates : e->cfg.ha.max_updates;

	str_copy(m->name, sizeof(m->name), c->name);
	str_copy(m->identity, sizeof(m->identity), c->identity);
	m->max_lifetime = c->max_lifetime;
	m->config_suspended = c->suspended;
	if (updates == m->max_updates)
		return;
	m->max_updates = updates;
	tbf_init(&m->updates, updates, updates * UINT64_C(3), e->now);
}

static int mobile_init(struct lke_engine *e, struct mobile *m, const struct lke_config_mobile *c)
{
	struct lke_keying keying = ha_keying_of(c);
	int err = home_ok(&c->home) ? ha_keying_set(m, &keying) : LKE_ERR_INVAL;

	mem_wipe(&keying, sizeof(keying));
	if (err < 0)
		return err;
	m->home = c->home;
	m->id = ++e->ha->last_id;
	m->suspended = c->suspended;
	ha_mobile_configure(e, m, c);
	tbf_init(&m->audit, HA_AUDIT_RATE, HA_AUDIT_BURST, e->now);
	timer_init(&m->dad, HA_TIMER_DAD, m);
	timer_init(&m->prefix.timer, HA_TIMER_PREFIX, m);
	timer_init(&m->proof.timer, HA_TIMER_PROOF, m);
	timer_init(&m->keep, HA_TIMER_KEEP, m);
	return 0;
}

int ha_mobile_new(struct lke_engine *e, const struct lke_config_mobile *c, struct mobile **ret)
{
	struct mobile *m = mem_zalloc(sizeof(*m));
	int err = m ? mobile_init(e, m, c) : LKE_ERR_NOMEM;

	if (err < 0)
		mem_free(m);
	else
		*ret = m;
	return err;
}

void ha_mobile_free(struct lke_engine *e, struct mobile *m)
{
	if (!m)
		return;
	ha_rekey_drop(e, m);
	timerq_disarm(&e->timers, &m->dad);
	timerq_disarm(&e->timers, &m->prefix.timer);
	timerq_disarm(&e->timers, &m->proof.timer);
	timerq_disarm(&e->timers, &m->keep);
	sa_done(&m->to_ha);
	sa_done(&m->to_mn);
	mem_free_wipe(m, sizeof(*m));
}

int ha_mobile_insert(struct lke_engine *e, struct mobile *m)
{
	struct home_agent *ha = e->ha;
	int err = table_add(&ha->by_home, &m->by_home);

	if (err < 0)
		return err;
	err = table_add(&ha->by_spi, &m->by_spi);
	if (err == 0 && (err = table_add(&ha->by_id, &m->by_id)) < 0)
		table_del(&ha->by_spi, &m->by_spi);
	if (err < 0) {
		table_del(&ha->by_home, &m->by_home);
		return err;
	}
	m->index = ha->mobiles;
	ha->mobile[ha->mobiles++] = m;
	return 0;
}

void ha_mobile_remove(struct lke_engine *e, struct mobile *m)
{
	struct home_agent *ha = e->ha;

	table_del(&ha->by_home, &m->by_home);
	table_del(&ha->by_spi, &m->by_spi);
	table_del(&ha->by_id, &m->by_id);
	ha->mobile[m->index] = ha->mobile[--ha->mobiles];
	ha->mobile[m->index]->index = m->index;
	if (ha->restore_at >= ha->mobiles)
		ha->restore_at = 0;
}

static int add_mobiles(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n)
{
	struct mobile *m;

	for (unsigned k = 0; k < n; k++) {
		int err = ha_mobile_new(e, &cfg[k], &m);

		if (err < 0)
			return err;
		err = ha_mobile_insert(e, m);
		if (err < 0) {
			ha_mobile_free(e, m);
			return err == LKE_ERR_EXIST ? LKE_ERR_INVAL : err;
		}
	}
	return 0;
}

static int tables_new(struct home_agent *ha, const uint8_t secret[16])
{
	int err = TABLE_INIT(&ha->by_home, struct mobile, by_home, home, HA_MOBILES_MAX, secret);

	if (err == 0)
		err = TABLE_INIT(&ha->by_spi, struct mobile, by_spi, spi, HA_MOBILES_MAX, secret);
	if (err == 0)
		err = TABLE_INIT(&ha->by_id, struct mobile, by_id, id, HA_MOBILES_MAX, secret);
	if (err == 0)
		err = TABLE_INIT(&ha->by_ll, struct mobile, ll.node, ll.key, HA_MOBILES_MAX,
				 secret);
	if (err == 0)
		err = ha_retired_new(ha, secret);
	return err ? err : ha_rekey_new(ha, secret);
}

int ha_policy_new(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n)
{
	struct home_agent *ha = e->ha;
	uint8_t secret[16];
	int err = ha_policy_check(e, cfg, n);

	if (err < 0)
		return err;
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	ha->mobile = mem_zalloc((n ? n : 1) * sizeof(*ha->mobile));
	err = ha->mobile ? tables_new(ha, secret) : LKE_ERR_NOMEM;
	if (err == 0)
		err = add_mobiles(e, cfg, n);
	mem_wipe(secret, sizeof(secret));
	return err;
}

void ha_policy_free(struct lke_engine *e)
{
	struct home_agent *ha = e->ha;

	for (unsigned n = 0; n < ha->mobiles; n++)
		ha_mobile_free(e, ha->mobile[n]);
	table_done(&ha->by_home);
	table_done(&ha->by_spi);
	table_done(&ha->by_id);
	table_done(&ha->by_ll);
	table_done(&ha->next_by_spi);
	ha_retired_free(ha);
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

struct mobile *ha_by_id(const struct lke_engine *e, uint32_t id)
{
	return TABLE_ENTRY(table_find(&e->ha->by_id, &id), struct mobile, by_id);
}

bool ha_serves(const struct lke_engine *e, const struct lke_in6 *home)
{
	return e->ha && ha_by_home(e, home);
}

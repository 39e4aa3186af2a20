/* SPDX-License-Identifier: ISC */
/*
 * The RSA keys of an access router: draft 4.1, AMB-051, AMB-063, AMB-134.
 *
 * The world makes the keys and holds their private halves; the engine says when.  A key is current
 * until the next one comes, then the previous one for a time of grace.  The next one is asked for
 * when the current key has its age or its replay cache fills up.
 */
#include "core/access_router.h"

static unsigned cpu_percent(const struct lke_config *c)
{
	unsigned max = 0;

	for (unsigned n = 0; n < c->ars; n++)
		if (c->ar[n].kex_cpu_percent > max)
			max = c->ar[n].kex_cpu_percent;
	return max;
}

static void set_budget(struct lke_engine *e)
{
	ar_limits_set_rsa(e->ar->limits, (uint64_t)e->ar->ops_per_sec * cpu_percent(&e->cfg) / 100,
			  e->now);
}

/* The grace of the previous key: 600 s, and two intervals of advertisements (AMB-063). */
static lke_time key_grace(const struct lke_engine *e)
{
	lke_time grace = AR_KEY_GRACE;

	for (unsigned n = 0; n < e->cfg.ars; n++)
		if (2 * e->cfg.ar[n].ra_max_interval_ms * LKE_MSEC > grace)
			grace = 2 * e->cfg.ar[n].ra_max_interval_ms * LKE_MSEC;
	return grace;
}

static void forget(struct lke_engine *e, struct ar_rsa *key)
{
	struct lke_action *a = key->present ? act_new(e, LKE_ACT_RSA_DROP) : NULL;

	if (a)
		a->rsa_drop.key_id = key->key_id;
	replay_done(&key->replay);
	memset(key, 0, sizeof(*key));
}

void ar_rsa_grace_over(struct lke_engine *e)
{
	forget(e, &e->ar->rsa[1]);
}

/* Requests whose private operation runs keep the key they came under, and its replay cache. */
static void pending_keys_age(struct access_router *ar)
{
	for (unsigned n = 0; n < ar->pendings; n++)
		if (ar->pending[n]->key < 2)
			ar->pending[n]->key++;
}

static void rotate(struct lke_engine *e)
{
	struct access_router *ar = e->ar;

	if (!ar->rsa[0].present)
		return;
	forget(e, &ar->rsa[1]);
	ar->rsa[1] = ar->rsa[0];
	if (!ar->rsa[1].gone) /* else it was the previous one before a restart already */
		ar->rsa[1].gone = e->now + key_grace(e);
	memset(&ar->rsa[0], 0, sizeof(ar->rsa[0]));
	pending_keys_age(ar);
	arm(e, &ar->key_grace, ar->rsa[1].gone);
	ar_state_key(e, &ar->rsa[1]);
}

static bool event_ok(const struct lke_ev_rsa_key *k)
{
	return k->spki && k->spki_len > 0 && k->spki_len <= RSA_SPKI_MAX &&
	       k->modulus_len >= RSA_BITS_MIN / 8 && k->modulus_len <= RSA_MODULUS_MAX;
}

int ar_rsa_key(struct lke_engine *e, const struct lke_ev_rsa_key *k)
{
	struct access_router *ar = e->ar;
	struct ar_rsa *key = &ar->rsa[0];
	uint8_t secret[16];

	if (!event_ok(k))
		return LKE_ERR_INVAL;
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	rotate(e);
	key->present = true;
	key->key_id = k->key_id;
	key->modulus_len = k->modulus_len;
	key->spki_len = k->spki_len;
	memcpy(key->spki, k->spki, k->spki_len);
	if (!ar_restore_take_key(e, key)) {
		key->since = e->now;
		replay_init(&key->replay, secret);
	}
	mem_wipe(secret, sizeof(secret));
	ar_state_key(e, key);
	arm(e, &ar->key_age, key->since + e->cfg.rsa_rotation * LKE_SEC);
	ar->ops_per_sec = k->ops_per_sec;
	set_budget(e);
	for (unsigned n = 0; n < ar->links; n++)
		if (ar->link[n].ifc)
			ar_advertise_changed(e, &ar->link[n]);
	return 0;
}

void ar_rsa_reload(struct lke_engine *e, const struct lke_config *was)
{
	struct access_router *ar = e->ar;
	lke_time at = ar->rsa[0].since + e->cfg.rsa_rotation * LKE_SEC;

	if (!ar->rsa[0].present)
		return;
	if (cpu_percent(was) != cpu_percent(&e->cfg))
		set_budget(e);
	if (was->rsa_rotation != e->cfg.rsa_rotation && !ar->key_asked)
		arm(e, &ar->key_age, at > e->now ? at : e->now);
}

void ar_rsa_age(struct lke_engine *e)
{
	struct lke_action *a;

	if (e->ar->key_asked)
		return;
	a = act_new(e, LKE_ACT_RSA_NEW);
	if (!a) {
		arm(e, &e->ar->key_age, e->now + AR_KEY_RETRY);
		return;
	}
	a->cookie = COOKIE(MODULE_AR, AR_COOKIE_RSA_NEW);
	e->ar->key_asked = true;
}

void ar_rsa_used_up(struct lke_engine *e)
{
	struct access_router *ar = e->ar;
	lke_time at = ar->rsa[0].since + AR_KEY_SPACING;

	/* Sooner than it is due anyway; a key asked for is on its way. */
	if (!ar->key_asked && at < ar->key_age.at)
		arm(e, &ar->key_age, at > e->now ? at : e->now);
}

void ar_rsa_made(struct lke_engine *e, int err)
{
	e->ar->key_asked = false;
	if (err == 0)
		return;
	alarm_note(e, LKE_ROLE_AR, NULL, "no new RSA key could be made; the old one stays");
	arm(e, &e->ar->key_age, e->now + AR_KEY_RETRY);
}

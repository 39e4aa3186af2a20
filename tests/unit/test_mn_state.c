/* SPDX-License-Identifier: ISC */
/* What a mobile node keeps over a restart of the daemon: AMB-131. */
#include "mn_fixture.h"

static int saved(struct fix *f, uint8_t *buf)
{
	int n = lke_engine_save(f->e, buf, LKE_STATE_MAX);

	assert_true(n > 0);
	return n;
}

/* A new engine with the same configuration, as a restarted daemon makes it. */
static void again(struct fix *f)
{
	lke_engine_free(f->e);
	f->n = 0;
	f->cfg.seed[0]++;
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
}

static void link_known(struct fix *f)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	fix_link(f, false);
	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF, .addr = fix_ll, .prefix_len = 64 };
	fix_event(f, &ev);
}

static void amb_131_keys_and_numbers_outlive_a_restart(void **state)
{
	struct fix f;
	struct lke_lbsa_view before, after;
	struct lke_in6 coa, now;
	uint8_t buf[LKE_STATE_MAX];
	uint16_t seq, kex;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	seq = fix_ha_seq(&f);
	kex = f.e->mn->router[0]->kex_seq;
	assert_true(fix_lbsa(&f, &coa, &before));
	n = saved(&f, buf);
	f.now += 5 * LKE_SEC;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_true(fix_lbsa(&f, &coa, &after));
	assert_int_equal(after.expires, before.expires);
	assert_true(after.proved);
	assert_memory_equal(f.e->mn->lbsa[0]->kbm.b, f.kbm.b, sizeof(f.kbm.b));
	assert_int_equal(f.e->mn->router[0]->kex_seq, kex);
	link_known(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &coa));
	fix_run(&f, 50 * LKE_MSEC); /* the registration goes behind the deregistration */
	assert_int_equal(fix_ha_seq(&f), (uint16_t)(seq + 1));
	/* Perhaps the access router has a binding of the address: it is given back, without DAD. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	for (size_t k = 0; k < f.n; k++)
		if (f.out[k].a.type == LKE_ACT_SEND && f.out[k].data[IP6_HDR_LEN] == ND_NS)
			assert_memory_not_equal(f.out[k].data + IP6_HDR_LEN + 8, coa.b, 16);
	fix_end(&f);
}

static void amb_131_next_address_is_kept(void **state)
{
	struct fix f;
	struct lke_in6 first, coa, now;
	uint8_t buf[LKE_STATE_MAX];
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	first = fix_coa(&f);
	fix_na(&f, 0x55, &first);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	link_known(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &coa));
	fix_end(&f);
}

static void any_damage_is_refused_whole(void **state)
{
	struct fix f;
	struct lke_lbsa_view v;
	uint8_t buf[LKE_STATE_MAX], bad[LKE_STATE_MAX];
	struct lke_in6 coa;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	again(&f);
	for (size_t len = 0; len < (size_t)n; len++)
		assert_int_equal(lke_engine_restore(f.e, buf, len), LKE_ERR_INVAL);
	for (size_t k = 0; k < (size_t)n; k++) {
		memcpy(bad, buf, (size_t)n);
		bad[k] ^= (uint8_t)(1u << (k % 8));
		assert_int_equal(lke_engine_restore(f.e, bad, (size_t)n), LKE_ERR_INVAL);
	}
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void another_boot_or_secret_is_refused(void **state)
{
	struct fix f;
	uint8_t buf[LKE_STATE_MAX];
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	n = saved(&f, buf);
	f.now = 10 * LKE_SEC; /* the clock of a new boot */
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), LKE_ERR_INVAL);
	f.now = 2000 * LKE_SEC;
	f.cfg.mn.stable_secret[5] ^= 1;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), LKE_ERR_INVAL);
	fix_end(&f);
}

static void the_copy_shows_no_key_and_expired_ones_are_left_out(void **state)
{
	struct fix f;
	struct lke_lbsa_view v;
	uint8_t buf[LKE_STATE_MAX];
	struct lke_in6 coa;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	for (int k = 0; k + 16 <= n; k++)
		assert_memory_not_equal(buf + k, f.kbm.b, 16);
	assert_int_equal(lke_engine_save(f.e, buf, 40), LKE_ERR_SPACE);
	n = saved(&f, buf);
	f.now += 7200 * LKE_SEC;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

/* draft01 differs: no LBSA is proved (AMB-170). */
static const char *const default_only[] = {
	"amb_131_keys_and_numbers_outlive_a_restart",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_131_keys_and_numbers_outlive_a_restart),
		cmocka_unit_test(amb_131_next_address_is_kept),
		cmocka_unit_test(any_damage_is_refused_whole),
		cmocka_unit_test(another_boot_or_secret_is_refused),
		cmocka_unit_test(the_copy_shows_no_key_and_expired_ones_are_left_out),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* The life of the access router's RSA keys: AMB-051, AMB-063, AMB-134. */
#include "ar_fixture.h"

#include <string.h>

#include "core/access_router.h"

static struct arf f;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* The world answers that a key was made, or not. */
static void made(int err)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	ev.result.cookie = f.rsa_new_cookie;
	ev.result.err = err;
	arf_event(&f, &ev);
}

static void amb_134_a_new_key_after_a_day(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 86399 * LKE_SEC - f.now + 1000 * LKE_SEC);
	assert_int_equal(f.rsa_news, 0);
	arf_run(&f, LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	/* Making it takes a while; nobody asks twice. */
	arf_run(&f, 3600 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	arf_rsa_key(&f, 2);
	made(0);
	assert_int_equal(f.rsa_drops, 0);
	arf_run(&f, 86399 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	arf_run(&f, LKE_SEC);
	assert_int_equal(f.rsa_news, 2);
}

/* 600 s, and two intervals of advertisements: here 2 x 600 s. */
static void amb_063_the_previous_key_has_its_grace(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_rsa_key(&f, 2);
	arf_run(&f, 1199 * LKE_SEC);
	assert_int_equal(f.rsa_drops, 0);
	arf_run(&f, LKE_SEC);
	assert_int_equal(f.rsa_drops, 1);
	assert_int_equal(f.rsa_dropped, 1);
}

static void often(struct lke_config *cfg)
{
	cfg->ar[0].ra_max_interval_ms = 30000;
}

static void amb_063_grace_is_600_s_at_least(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, often);
	arf_rsa_key(&f, 2);
	arf_run(&f, 599 * LKE_SEC);
	assert_int_equal(f.rsa_drops, 0);
	/* Another rotation within the grace: there is one previous key, not two. */
	arf_rsa_key(&f, 3);
	assert_int_equal(f.rsa_dropped, 1);
	arf_run(&f, 600 * LKE_SEC);
	assert_int_equal(f.rsa_drops, 2);
	assert_int_equal(f.rsa_dropped, 2);
}

static void amb_051_a_nearly_full_replay_cache_rotates(void **state)
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	f.e->ar->rsa[0].replay.n = AR_REPLAY_MAX / 10 * 9 - 2;
	arf_attach(&f, &m);
	assert_int_equal(f.rsa_news, 0);
	m = arf_mobile(2);
	arf_attach(&f, &m);
	/* Never sooner than 1,200 s after the last rotation. */
	assert_int_equal(f.rsa_news, 0);
	arf_run(&f, 1190 * LKE_SEC);
	assert_int_equal(f.rsa_news, 0);
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	f.e->ar->rsa[0].replay.n = 2;
}

static void amb_051_at_once_when_the_last_rotation_is_long_ago(void **state)
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 5000 * LKE_SEC);
	f.e->ar->rsa[0].replay.n = AR_REPLAY_MAX / 10 * 9;
	arf_attach(&f, &m);
	assert_int_equal(f.rsa_news, 1);
	m = arf_mobile(2);
	arf_attach(&f, &m);
	assert_int_equal(f.rsa_news, 1);
	f.e->ar->rsa[0].replay.n = 2;
}

static void a_key_that_could_not_be_made(void **state)
{
	struct arf_mn m = arf_mobile(1);
	unsigned alarms;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 86400 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	alarms = arf_notes(&f, LKE_NOTE_ALARM);
	made(LKE_ERR_CRYPTO);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), alarms + 1);
	arf_run(&f, 59 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	arf_run(&f, LKE_SEC);
	assert_int_equal(f.rsa_news, 2);
	/* The old one goes on. */
	arf_attach(&f, &m);
}

/* The private operation runs while the key becomes the previous one: what it accepted is seen
 * under that key, and nowhere else. */
static void thr_023_rotation_during_the_private_operation(void **state)
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	f.neighbour = f.dad = &m;
	f.hold_rsa = true;
	arf_kereq(&f, &m);
	arf_rsa_key(&f, 2);
	arf_release_rsa(&f);
	assert_int_equal(f.e->ar->rsa[0].replay.n, 0);
	assert_int_equal(f.e->ar->rsa[1].replay.n, 1);
	arf_run(&f, 3 * LKE_SEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

/* Two rotations: the key and its replay cache are gone, so the answer counts for nothing. */
static void thr_023_the_key_goes_during_the_private_operation(void **state)
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	f.neighbour = f.dad = &m;
	f.hold_rsa = true;
	arf_kereq(&f, &m);
	arf_rsa_key(&f, 2);
	arf_rsa_key(&f, 3);
	arf_release_rsa(&f);
	arf_run(&f, 3 * LKE_SEC);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_DECRYPT), 1);
}

/* draft01 differs: AMB-051: no replay cache; AMB-054. */
static const char *const default_only[] = {
	"amb_051_a_nearly_full_replay_cache_rotates",
	"amb_051_at_once_when_the_last_rotation_is_long_ago",
	"thr_023_rotation_during_the_private_operation",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(amb_134_a_new_key_after_a_day, done),
		cmocka_unit_test_teardown(amb_063_the_previous_key_has_its_grace, done),
		cmocka_unit_test_teardown(amb_063_grace_is_600_s_at_least, done),
		cmocka_unit_test_teardown(amb_051_a_nearly_full_replay_cache_rotates, done),
		cmocka_unit_test_teardown(amb_051_at_once_when_the_last_rotation_is_long_ago, done),
		cmocka_unit_test_teardown(a_key_that_could_not_be_made, done),
		cmocka_unit_test_teardown(thr_023_rotation_during_the_private_operation, done),
		cmocka_unit_test_teardown(thr_023_the_key_goes_during_the_private_operation, done),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* When a key is renewed although it is not due: SEQUENCES 7. */
#include "mn_fixture.h"

#define RUNS 40

static void mix(struct fix *f, unsigned n)
{
	struct lke_event ev = { .type = LKE_EV_ENTROPY };

	ev.entropy[0] = (uint8_t)n;
	fix_event(f, &ev);
}

static void another_rsa_key(struct fix *f)
{
	rsa_key_free(f->key);
	assert_int_equal(rsa_key_generate(1024, &f->key), 0);
	assert_int_equal(rsa_key_spki(f->key, f->spki, sizeof(f->spki), &f->spki_len), 0);
}

/* Seconds until the request, the home agent answering everything meanwhile; -1: none in time. */
static int request_after(struct fix *f, unsigned limit)
{
	for (unsigned t = 0; t < limit; t++) {
		fix_run(f, LKE_SEC);
		if (fix_count(f, LKE_MSG_KEREQ) > 0)
			return (int)t;
		if (fix_count(f, LKE_MSG_BU) > 0) {
			assert_int_equal(fix_ha_ba(f, 1, 0, fix_ha_seq(f)), 0);
			fix_clear(f);
		}
	}
	return -1;
}

/* All mobile nodes of a link see the new key in the same second; they must not all answer then. */
static void seq7_new_router_key_is_answered_at_a_random_time(void **state)
{
	static const struct {
		uint16_t lifetime;
		int max;
	} row[] = { { 7200, 600 }, { 400, 200 } };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		int first = 10000, last = -1;
		unsigned early = 0;

		for (unsigned n = 0; n < RUNS; n++) {
			struct fix f;
			int t;

			fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
			mix(&f, n);
			fix_attach(&f, 1);
			assert_int_equal(fix_keack(&f, 1, 0, row[k].lifetime, false), 0);
			another_rsa_key(&f);
			fix_ra(&f, 1);
			fix_clear(&f);
			t = request_after(&f, 700);
			assert_in_range(t, 0, row[k].max + 20);
			first = t < first ? t : first;
			last = t > last ? t : last;
			early += t < row[k].max / 2;
			fix_end(&f);
		}
		assert_true(first < row[k].max / 4);
		assert_true(last > row[k].max * 3 / 4);
		assert_in_range(early, RUNS / 5, RUNS * 4 / 5);
	}
}

/* The old key stays until the new one is there. */
static void seq7_old_key_serves_meanwhile(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	another_rsa_key(&f);
	fix_ra(&f, 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	fix_move(&f, 2);
	assert_non_null(fix_last(&f, LKE_MSG_BU));
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	fix_end(&f);
}

/* What lke show says of the two. */
static void op_older_key_is_the_previous_one(void **state)
{
	struct lke_lbsa_view v;
	size_t cursor = 0;
	lke_time ends[2] = { 0 };
	unsigned n = 0;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	assert_true(lke_engine_next_lbsa(f.e, &cursor, &v));
	assert_false(v.previous);
	another_rsa_key(&f);
	fix_ra(&f, 1);
	fix_clear(&f);
	assert_true(request_after(&f, 700) >= 0);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	for (cursor = 0; lke_engine_next_lbsa(f.e, &cursor, &v); n++)
		ends[v.previous] = v.expires;
	assert_int_equal(n, 2);
	assert_true(ends[true] > 0 && ends[true] < ends[false]);
	fix_end(&f);
}

/* Without a home agent the answers of the router allow exchanges; they hurry none. */
static void seq7_sign_of_the_router_does_not_hurry_it(void **state)
{
	int last = -1;

	(void)state;
	for (unsigned n = 0; n < RUNS; n++) {
		struct fix f;
		int t;

		fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		mix(&f, n);
		fix_attach(&f, 1);
		assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
		another_rsa_key(&f);
		fix_ra(&f, 1);
		fix_clear(&f);
		t = request_after(&f, 800);
		assert_in_range(t, 0, 800);
		last = t > last ? t : last;
		fix_end(&f);
	}
	assert_true(last > 450);
}

/* Asleep between request and answer, for longer than the key was asked for (AMB-044). */
static void suspend_past_the_exchange_begins_it_anew(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RESUMED };
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	fix_kereq_key(&f);
	f.now += 7100 * LKE_SEC;
	fix_event(&f, &ev);
	fix_kereq_key(&f);
	/* Shorter: it goes on, and its key ends when it would have. */
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v) && v.expires <= f.now + 100 * LKE_SEC);
	fix_end(&f);

	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	f.now += 7300 * LKE_SEC;
	fix_event(&f, &ev);
	fix_ra(&f, 1);
	fix_run(&f, 10 * LKE_SEC);
	fix_kereq_key(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v) && v.expires > f.now + 7100 * LKE_SEC);
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073), and a new key ends the older one at once. */
static const char *const default_only[] = {
	"seq7_sign_of_the_router_does_not_hurry_it",
	"op_older_key_is_the_previous_one",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq7_new_router_key_is_answered_at_a_random_time),
		cmocka_unit_test(seq7_old_key_serves_meanwhile),
		cmocka_unit_test(op_older_key_is_the_previous_one),
		cmocka_unit_test(suspend_past_the_exchange_begins_it_anew),
		cmocka_unit_test(seq7_sign_of_the_router_does_not_hurry_it),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* When the mobile node asks again, holds and renews (AMB-046, AMB-050, AMB-058), and whose answer
 * lets it begin (draft 6.1). */
#include "mn_fixture.h"

/* Times and numbers of the requests sent so far. */
struct asked {
	lke_time at[16];
	uint16_t seq[16];
	unsigned n;
};

/* Serves every deadline and notes when a request leaves. */
static void watch(struct fix *f, lke_time span, struct asked *a)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	lke_time end = f->now + span;

	while (lke_engine_deadline(f->e) <= end) {
		lke_time at = lke_engine_deadline(f->e);
		unsigned before;

		fix_clear(f);
		f->now = at > f->now ? at : f->now;
		before = a->n;
		fix_event(f, &ev);
		for (unsigned k = fix_count(f, LKE_MSG_KEREQ); k > 0 && a->n < 16; k--) {
			a->at[a->n] = f->now;
			a->seq[a->n++] = f->e->mn->active->router->kex_seq;
		}
		assert_true(a->n - before <= 1);
	}
	f->now = end;
}

static void assert_within(lke_time took, unsigned s, unsigned percent)
{
	assert_in_range(took / LKE_MSEC, s * (1000 - 10 * percent), s * (1000 + 10 * percent));
}

static void first_request(struct fix *f, struct asked *a)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(f, true);
	f->now += LKE_MSEC;
	fix_ra(f, 1);
	assert_int_equal(fix_ha_ba(f, 1, 0, fix_ha_seq(f)), 0);
	memset(a, 0, sizeof(*a));
	while (a->n == 0)
		watch(f, 100 * LKE_MSEC, a);
}

/* 4, 8, 16, 32 s, each 10 % more or less; 32 s later a hold of 60 s, which doubles to 300. */
static void amb_058_five_transmissions_then_holds_that_double(void **state)
{
	static const unsigned wait[] = { 4, 8, 16, 32 }, hold[] = { 60, 120 };
	struct asked a;
	struct fix f;

	(void)state;
	first_request(&f, &a);
	watch(&f, 500 * LKE_SEC, &a);
	assert_true(a.n >= 11);
	for (unsigned n = 0; n < 2; n++) {
		for (unsigned k = 0; k < 4; k++)
			assert_within(a.at[5 * n + k + 1] - a.at[5 * n + k], wait[k], 10);
		assert_within(a.at[5 * n + 5] - a.at[5 * n + 4], 32 + hold[n], 5);
	}
	fix_end(&f);
}

/* A draft01 router drops an old number silently; the fourth transmission leaves its half. */
static void amb_050_numbers_of_an_exchange(void **state)
{
	struct asked a;
	struct fix f;

	(void)state;
	first_request(&f, &a);
	watch(&f, 70 * LKE_SEC, &a);
	assert_int_equal(a.n, 5);
	assert_int_equal((uint16_t)(a.seq[1] - a.seq[0]), 1);
	assert_int_equal((uint16_t)(a.seq[2] - a.seq[1]), 1);
	assert_int_equal((uint16_t)(a.seq[3] - a.seq[2]), 0x7fff);
	assert_int_equal((uint16_t)(a.seq[4] - a.seq[3]), 1);
	fix_end(&f);
}

static void in_hold(struct fix *f, struct asked *a)
{
	first_request(f, a);
	watch(f, 110 * LKE_SEC, a);
	assert_int_equal(a->n, 5);
	assert_int_equal(f->e->mn->active->kex.state, MN_KEX_HOLD);
}

static void amb_058_another_attachment_ends_the_hold(void **state)
{
	struct asked a;
	struct fix f;

	(void)state;
	in_hold(&f, &a);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_ra(&f, 1);
	a.n = 0;
	watch(&f, 2 * LKE_SEC, &a);
	assert_int_equal(a.n, 1);
	fix_end(&f);
}

/* The home agent has answered through this router: back on its link nobody is asked for that again,
 * which would take a number of the home agent's key (SEC-065). */
static void lke_205_a_router_that_was_proved_stays_so(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct asked a;
	struct fix f;

	(void)state;
	first_request(&f, &a); /* the link goes before the acknowledgement comes */
	fix_link(&f, false);
	fix_link(&f, true);
	fix_clear(&f);
	fix_ra(&f, 1);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

/* Another key or station under its name has proved nothing. */
static void lke_205_but_not_another_one_of_its_name(void **state)
{
	struct rsa_key *key;
	struct asked a;
	struct fix f;

	(void)state;
	first_request(&f, &a);
	fix_link(&f, false);
	fix_link(&f, true);
	assert_int_equal(rsa_key_generate(1024, &key), 0);
	assert_int_equal(rsa_key_spki(key, f.spki, sizeof(f.spki), &f.spki_len), 0);
	fix_clear(&f);
	fix_ra(&f, 1);
	fix_run(&f, 60 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	rsa_key_free(key);
	fix_end(&f);
}

static void amb_058_another_key_ends_the_hold(void **state)
{
	struct rsa_key *key;
	struct asked a;
	struct fix f;

	(void)state;
	in_hold(&f, &a);
	assert_int_equal(rsa_key_generate(1024, &key), 0);
	assert_int_equal(rsa_key_spki(key, f.spki, sizeof(f.spki), &f.spki_len), 0);
	fix_clear(&f);
	fix_ra(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	rsa_key_free(key);
	fix_end(&f);
}

/* A quarter of the lifetime before the end, at least 20 s and at most 600. */
static void amb_046_when_a_key_is_renewed(void **state)
{
	static const struct {
		uint16_t lifetime;
		unsigned before;
	} t[] = { { 40, 20 }, { 200, 50 }, { 1000, 250 }, { 7200, 600 } };

	(void)state;
	for (size_t n = 0; n < sizeof(t) / sizeof(t[0]); n++) {
		struct asked a;
		struct fix f;
		lke_time end;

		first_request(&f, &a);
		end = a.at[0] + t[n].lifetime * LKE_SEC;
		assert_int_equal(fix_keack(&f, 1, 0, t[n].lifetime, false), 0);
		a.n = 0;
		while (a.n == 0 && f.now < end)
			watch(&f, LKE_SEC, &a);
		assert_int_equal(a.n, 1);
		assert_within(end - a.at[0], t[n].before, 11);
		fix_end(&f);
	}
}

/* The home agent's answer came by another station: it says nothing about this router. */
static void lke_201_answer_by_another_station_does_not_count(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	assert_int_equal(fix_ha_ba(&f, 9, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 100 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 500 * LKE_SEC); /* its refresh, by the router */
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_058_five_transmissions_then_holds_that_double),
		cmocka_unit_test(amb_050_numbers_of_an_exchange),
		cmocka_unit_test(amb_058_another_attachment_ends_the_hold),
		cmocka_unit_test(amb_058_another_key_ends_the_hold),
		cmocka_unit_test(amb_046_when_a_key_is_renewed),
		cmocka_unit_test(lke_205_a_router_that_was_proved_stays_so),
		cmocka_unit_test(lke_205_but_not_another_one_of_its_name),
		cmocka_unit_test(lke_201_answer_by_another_station_does_not_count),
	};

	return run_in_profile(tests, sizeof(tests) / sizeof(tests[0]), NULL);
}

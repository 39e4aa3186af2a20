/* SPDX-License-Identifier: ISC */
/* When a home agent says that manual keys do not fit: RFC 6275 15.3. */
#include "ha_fixture.h"

static unsigned alarms(const struct fx *f)
{
	return f->notes[LKE_NOTE_ALARM];
}

static void move(struct fx *f, uint16_t seq, unsigned place)
{
	static const char *const coa[] = { "2001:db8:5::7", "2001:db8:6::7", "2001:db8:7::7" };

	assert_int_equal(fx_bu(f, (struct bu){ .seq = seq, .lifetime = 100, .src = coa[place] }),
			 0);
}

static void sec_004_thrashing_is_told_with_figures_once_an_hour(void **state)
{
	uint16_t seq = 2;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned n = 0; n < 20; n++) {
		fx_wait(&f, 4 * LKE_SEC);
		move(&f, seq++, (n + 1) % 2);
	}
	assert_int_equal(alarms(&f), 1);
	/* The first of them, 7 moves after the first care-of address: 8 in 29 s. */
	assert_string_equal(f.alarm, "thrashing: 8 moves in 29 s; so a key lasts 32 h");
	fx_wait(&f, 3600 * LKE_SEC);
	for (unsigned n = 0; n < 20; n++) {
		fx_wait(&f, 4 * LKE_SEC);
		move(&f, seq++, (n + 1) % 2);
	}
	assert_int_equal(alarms(&f), 2);
	fx_end(&f);
}

static void sec_004_a_walk_or_refreshes_are_no_thrashing(void **state)
{
	uint16_t seq = 2;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned n = 0; n < 50; n++) {
		fx_wait(&f, 1 * LKE_SEC);
		move(&f, seq++, 0);
	}
	for (unsigned n = 0; n < 50; n++) {
		fx_wait(&f, 3600 * LKE_SEC);
		move(&f, seq++, n % 2);
	}
	for (unsigned n = 0; n < 8; n++) {
		fx_wait(&f, 4 * LKE_SEC);
		move(&f, seq++, n % 3);
	}
	assert_int_equal(alarms(&f), 0);
	fx_end(&f);
}

static void sec_064_rate_above_the_limit_is_told_once_a_day(void **state)
{
	uint16_t seq = 2;
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.require_dynamic_above = 100;
	f.cfg.ha.max_lifetime = 10000;
	fx_start(&f);
	fx_register(&f, 1);
	/* 96 a day. */
	for (unsigned n = 0; n < 96; n++) {
		fx_wait(&f, 900 * LKE_SEC);
		move(&f, seq++, 0);
	}
	assert_int_equal(alarms(&f), 0);
	for (unsigned n = 0; n < 288; n++) {
		fx_wait(&f, 300 * LKE_SEC);
		move(&f, seq++, 0);
	}
	assert_int_equal(alarms(&f), 1);
	assert_non_null(strstr(f.alarm, " updates a day, above RequireDynamicAbove = 100"));
	fx_end(&f);
}

static void unreachable(struct fx *f, const char *coa)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	ev.tunnel = (struct lke_ev_tunnel){ .what = LKE_TUNNEL_UNREACHABLE,
					    .outer_src = ip("2001:db8:1::1"),
					    .outer_dst = ip(coa),
					    .inner_src = ip("2001:db8:9::99"),
					    .inner_dst = f->mobile[0].home };
	fx_event(f, &ev);
}

static void amb_155_errors_from_its_care_of_address_are_told_with_figures(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	unreachable(&f, "2001:db8:5::7"); /* without a binding */
	fx_register(&f, 1);
	for (unsigned n = 0; n < 9; n++) {
		unreachable(&f, "2001:db8:5::7");
		unreachable(&f, "2001:db8:6::7"); /* of a former one */
		fx_wait(&f, LKE_SEC);
	}
	assert_int_equal(alarms(&f), 0);
	unreachable(&f, "2001:db8:5::7");
	assert_int_equal(alarms(&f), 1);
	assert_string_equal(f.alarm, "10 errors in 10 s from its care-of address: not its own?");
	/* The binding stays (THREATS 78), and the operator has an hour's rest. */
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	for (unsigned n = 0; n < 100; n++)
		unreachable(&f, "2001:db8:5::7");
	assert_int_equal(alarms(&f), 1);
	fx_end(&f);
}

/* A handover that loses some packets is no reason. */
static void amb_155_a_few_errors_are_not_told(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned n = 0; n < 45; n++) {
		unreachable(&f, "2001:db8:5::7");
		fx_wait(&f, 8 * LKE_SEC);
	}
	assert_int_equal(alarms(&f), 0);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_004_thrashing_is_told_with_figures_once_an_hour),
		cmocka_unit_test(sec_004_a_walk_or_refreshes_are_no_thrashing),
		cmocka_unit_test(amb_155_errors_from_its_care_of_address_are_told_with_figures),
		cmocka_unit_test(amb_155_a_few_errors_are_not_told),
		cmocka_unit_test(sec_064_rate_above_the_limit_is_told_once_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

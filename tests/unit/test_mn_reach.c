/* SPDX-License-Identifier: ISC */
/* Reachability of the router in use, and what makes the node take another one. */
#include "mn_fixture.h"

static bool coa_of(struct fix *f, unsigned ar)
{
	struct lke_in6 p = fix_ar_addr(ar), coa = fix_coa(f);

	return in6_prefix_eq(&p, &coa, 64);
}

static void quiet_router_is_asked_within_90_s(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_run(&f, 70 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 0);
	fix_run(&f, 20 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	/* Unicast to its link-layer address: the kernel's neighbour entry is not asked. */
	assert_true(lladdr_eq(&fix_last(&f, LKE_MSG_NS)->a.send.dst,
			      &(struct lke_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, 1 } }));
	assert_true(coa_of(&f, 1));
	fix_end(&f);
}

/* An hour of idling: no more than a timer a minute. */
static void idle_node_sleeps(void **state)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	struct fix f;
	unsigned woken = 0;
	lke_time end;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 10 * LKE_SEC);
	end = f.now + 3600 * LKE_SEC;
	while (lke_engine_deadline(f.e) <= end) {
		f.now = lke_engine_deadline(f.e);
		fix_event(&f, &ev);
		fix_clear(&f);
		woken++;
	}
	assert_in_range(woken, 30, 60);
	fix_end(&f);
}

static void silent_router_without_another_is_looked_for(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	f.silent = true;
	fix_run(&f, 95 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	assert_non_null(fix_note(&f, LKE_NOTE_DETACHED));
	fix_clear(&f);
	f.silent = false;
	fix_ra(&f, 1);
	assert_true(coa_of(&f, 1));
	/* The same link: nothing to bind, nothing to check. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	fix_end(&f);
}

/* A device that hides the loss of its carrier: the next link shows itself by its router. */
static void unknown_router_and_a_silent_one_is_movement(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC);
	fix_clear(&f);
	f.silent = true;
	fix_ra(&f, 2);
	assert_true(coa_of(&f, 1));
	fix_run(&f, 700 * LKE_MSEC);
	assert_true(coa_of(&f, 2));
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 3);
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	fix_end(&f);
}

static void unknown_router_beside_a_living_one_is_none(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC);
	fix_clear(&f);
	fix_ra(&f, 2);
	fix_run(&f, 5 * LKE_SEC);
	assert_true(coa_of(&f, 1));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

static void goodbye_of_the_router_takes_the_other(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_ra(&f, 2);
	assert_true(coa_of(&f, 1));
	fix_ra_msg(&f, 1, &bye);
	assert_true(coa_of(&f, 2));
	fix_end(&f);
}

/* SEC-065: two routers of a link whose advertisements and answers come and go. */
static void sec_065_choice_of_a_router_does_not_flap(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct lke_in6 coa, last;
	unsigned changes = 0;
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	last = fix_coa(&f);
	fix_ra(&f, 2);
	for (unsigned n = 0; n < 30; n++) {
		fix_ra_msg(&f, 1, &bye);
		fix_run(&f, LKE_SEC);
		fix_ra(&f, 1);
		fix_ra(&f, 2);
		fix_run(&f, LKE_SEC);
		coa = fix_coa(&f);
		changes += !in6_eq(&coa, &last);
		last = coa;
	}
	assert_int_equal(changes, 1);
	fix_end(&f);
}

/* A forged advertisement of router lifetime 0 costs no key (THREATS 48). */
static void threats_48_goodbye_keeps_the_key(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 0, 0);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_ra_msg(&f, 1, &bye);
	fix_run(&f, 5 * LKE_SEC);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_ra(&f, 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void router_is_asked_after_a_suspend(void **state)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	f.silent = true;
	fix_clear(&f);
	f.now += 1800 * LKE_SEC;
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_end(&f);
}

/* No timer is due for a minute: the system's word is enough. */
static void router_is_asked_after_a_short_suspend(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RESUMED };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC); /* no longer lately taken */
	fix_ra(&f, 1);
	f.silent = true;
	fix_clear(&f);
	f.now += 10 * LKE_SEC;
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073). */
static const char *const default_only[] = {
	"idle_node_sleeps",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_router_is_asked_within_90_s),
		cmocka_unit_test(idle_node_sleeps),
		cmocka_unit_test(silent_router_without_another_is_looked_for),
		cmocka_unit_test(unknown_router_and_a_silent_one_is_movement),
		cmocka_unit_test(unknown_router_beside_a_living_one_is_none),
		cmocka_unit_test(goodbye_of_the_router_takes_the_other),
		cmocka_unit_test(sec_065_choice_of_a_router_does_not_flap),
		cmocka_unit_test(threats_48_goodbye_keeps_the_key),
		cmocka_unit_test(router_is_asked_after_a_suspend),
		cmocka_unit_test(router_is_asked_after_a_short_suspend),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

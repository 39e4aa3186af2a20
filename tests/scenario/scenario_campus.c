/* SPDX-License-Identifier: ISC */
/* Many mobile nodes that walk through many access routers: what only comes of many moves. */
#include <string.h>

#include "scenario.h"
#include "sim/campus.h"

static struct campus_options walk(void)
{
	return (struct campus_options){ .seed = 1,
					.mobiles = 20,
					.routers = 8,
					.time = SEC(300),
					.dwell = SEC(20),
					.gap = MSEC(60),
					.session = SEC(200),
					.probe = MSEC(20),
					.core_delay = MSEC(1),
					.home_delay = MSEC(50) };
}

static void lives(const struct campus_result *r, const struct campus_flow *f)
{
	assert_int_equal(f->never, 0);
	assert_true(f->silence.n > 100);
	assert_true(f->silence.t[f->silence.n - 1] < MSEC(100));
	assert_int_equal(f->duplicated, 0);
	assert_int_equal(f->reordered, 0);
	/* What was on its way to the old link, and what is on its way at the end. */
	assert_true(f->sent - f->received < r->moves * 5 + 2 * 20);
}

/* A session goes on over ten moves, though the router where it began is neither the oldest nor the
 * last one: it is told of every move (AMB-127). */
static void sessions_go_on(struct campus_options o)
{
	struct campus_result r;

	assert_int_equal(campus_run(&o, &r), 0);
	assert_true(r.moves > 200);
	lives(&r, &r.down);
	lives(&r, &r.up);
	assert_int_equal(r.fallbacks, 0);
	campus_result_done(&r);
}

static void amb_127_sessions_outlive_many_moves(void **state)
{
	sessions_go_on(walk());
}

static void amb_127_sessions_without_a_home_agent(void **state)
{
	struct campus_options o = walk();

	o.local_only = true;
	sessions_go_on(o);
}

static void amb_127_sessions_with_both(void **state)
{
	struct campus_options o = walk();

	o.strategy = LKE_STRATEGY_BOTH;
	sessions_go_on(o);
}

static void announced_walk_loses_nothing(void **state)
{
	struct campus_options o = walk();
	struct campus_result r;

	o.announced = true;
	assert_int_equal(campus_run(&o, &r), 0);
	lives(&r, &r.down);
	lives(&r, &r.up);
	/* Those on their way at the end. */
	assert_true(r.down.sent - r.down.received <= o.mobiles);
	assert_true(r.up.sent - r.up.received <= o.mobiles);
	campus_result_done(&r);
}

static void same_seed_same_campus(void **state)
{
	struct campus_options o = walk();
	struct campus_result r[2];

	o.time = SEC(60);
	o.loss_permille = 10;
	assert_int_equal(campus_run(&o, &r[0]), 0);
	assert_int_equal(campus_run(&o, &r[1]), 0);
	assert_memory_equal(r[0].message, r[1].message, sizeof(r[0].message));
	assert_memory_equal(&r[0].down.delay, &r[1].down.delay, sizeof(r[0].down.delay));
	assert_int_equal(r[0].up.received, r[1].up.received);
	assert_true(r[0].down.received < r[0].down.sent);
	o.seed = 2;
	campus_result_done(&r[1]);
	assert_int_equal(campus_run(&o, &r[1]), 0);
	assert_memory_not_equal(r[0].message, r[1].message, sizeof(r[0].message));
	campus_result_done(&r[0]);
	campus_result_done(&r[1]);
}

static void plain_mobile_ipv6_keeps_the_home_address(void **state)
{
	struct campus_options o = walk();
	struct campus_result r;

	o.plain = true;
	o.time = SEC(100);
	assert_int_equal(campus_run(&o, &r), 0);
	assert_int_equal(r.handovers, 0);
	assert_int_equal(r.message[LKE_MSG_KEREQ], 0);
	assert_int_equal(r.down.never, 0);
	/* The home agent is a round trip of more than 100 ms away. */
	assert_true(r.down.silence.t[0] > MSEC(100));
	assert_true(campus_histogram_part(&r.down.delay, 0.5) > MSEC(100));
	campus_result_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_127_sessions_outlive_many_moves),
		cmocka_unit_test(amb_127_sessions_without_a_home_agent),
		cmocka_unit_test(amb_127_sessions_with_both),
		cmocka_unit_test(announced_walk_loses_nothing),
		cmocka_unit_test(same_seed_same_campus),
		cmocka_unit_test(plain_mobile_ipv6_keeps_the_home_address),
	};

	return cmocka_run_group_tests_name("scenario_campus", tests, NULL, NULL);
}

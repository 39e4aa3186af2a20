/* SPDX-License-Identifier: ISC */
/* Figures from the notes of the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "daemon/meter.h"
#include "lke/engine.h"
#include <cmocka.h>

static void bounds_belong_to_their_bucket(void **state)
{
	struct meter m = { 0 };

	meter_observe(&m, METER_KEX, meter_bound[0]);
	meter_observe(&m, METER_KEX, meter_bound[0] + 1);
	meter_observe(&m, METER_KEX, meter_bound[METER_BUCKETS - 2] + 1);
	assert_int_equal(m.h[METER_KEX].bucket[0], 1);
	assert_int_equal(m.h[METER_KEX].bucket[1], 1);
	assert_int_equal(m.h[METER_KEX].bucket[METER_BUCKETS - 1], 1);
	assert_int_equal(m.h[METER_KEX].count, 3);
	for (unsigned i = 1; i < METER_BUCKETS - 1; i++)
		assert_true(meter_bound[i - 1] < meter_bound[i]);
}

static void answers_count_by_status(void **state)
{
	struct meter m = { 0 };
	struct lke_note n = {
		.type = LKE_NOTE_MESSAGE, .msg = LKE_MSG_BA, .out = true, .status = 135
	};

	meter_note(&m, &n, LKE_SEC); /* no time known: not measured */
	assert_int_equal(m.ba[135], 1);
	assert_int_equal(m.h[METER_BINDING_UPDATE].count, 0);
	n.value = LKE_SEC - LKE_MSEC;
	n.status = 0;
	meter_note(&m, &n, LKE_SEC);
	assert_int_equal(m.h[METER_BINDING_UPDATE].sum, LKE_MSEC);
	n.msg = LKE_MSG_KEACK;
	meter_note(&m, &n, LKE_SEC);
	assert_int_equal(m.keack[0], 1);
	assert_int_equal(m.h[METER_KEX].count, 1);
	n.out = false; /* a mobile node hears one */
	meter_note(&m, &n, LKE_SEC);
	assert_int_equal(m.keack[0], 1);
}

static void handovers_of_a_mobile_node(void **state)
{
	struct meter m = { 0 };
	struct lke_note n = { .type = LKE_NOTE_HANDOVER,
			      .role = LKE_ROLE_MN,
			      .value = 3 * LKE_MSEC };

	meter_note(&m, &n, LKE_SEC);
	assert_int_equal(m.h[METER_HANDOVER].count, 1);
	assert_int_equal(m.h[METER_HANDOVER].sum, 3 * LKE_MSEC);
}

static void a_rate_is_that_of_the_last_ten_seconds(void **state)
{
	lke_time t = 1000 * LKE_SEC, now;
	struct meter_rate r = { 0 };

	assert_true(meter_rate(&r, t) == 0);
	for (unsigned n = 0; n < 20; n++) /* 2 a second */
		meter_rate_tick(&r, t + n * LKE_SEC / 2);
	now = t + 9 * LKE_SEC + LKE_SEC / 2;
	assert_true(meter_rate(&r, now) == 2);
	/* They are forgotten one second after the other, also without another tick ... */
	assert_true(meter_rate(&r, now + LKE_SEC) == 1.8);
	assert_true(meter_rate(&r, now + 9 * LKE_SEC) == 0.2);
	assert_true(meter_rate(&r, now + 10 * LKE_SEC) == 0);
	/* ... and what a silence lies between does not come back. */
	meter_rate_tick(&r, now + 5 * LKE_SEC);
	assert_true(meter_rate(&r, now + 5 * LKE_SEC) == 1.1);
	meter_rate_tick(&r, now + 100 * LKE_SEC);
	assert_true(meter_rate(&r, now + 100 * LKE_SEC) == 0.1);
	meter_rate_tick(&r, now + 103 * LKE_SEC);
	meter_rate_tick(&r, now + 109 * LKE_SEC);
	assert_true(meter_rate(&r, now + 109 * LKE_SEC) == 0.3);
	assert_true(meter_rate(&r, now + 110 * LKE_SEC) == 0.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_belong_to_their_bucket),
		cmocka_unit_test(answers_count_by_status),
		cmocka_unit_test(handovers_of_a_mobile_node),
		cmocka_unit_test(a_rate_is_that_of_the_last_ten_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

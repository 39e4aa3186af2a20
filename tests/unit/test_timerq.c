/* SPDX-License-Identifier: ISC */
#include "base/mem.h"
#include "base/timerq.h"
#include "check.h"
#include "lke/error.h"

#define TIMERS 200

static uint64_t run(uint64_t seed, struct timer *t)
{
	lke_time twin[TIMERS], min;
	struct timer *got;
	uint64_t trace = 0;
	struct timerq q;
	int i, j, armed;

	timerq_init(&q);
	for (i = 0; i < TIMERS; i++) {
		timer_init(&t[i], (uint16_t)i, NULL);
		twin[i] = LKE_NEVER;
	}
	for (i = 0; i < 20000; i++) {
		uint64_t r = next_random(&seed);

		j = (int)(r >> 8) % TIMERS;
		if (j < 0)
			j = -j;
		if (r % 4 < 2) {
			twin[j] = next_random(&seed) % 50; /* many equal ones */
			assert_int_equal(timerq_arm(&q, &t[j], twin[j]), 0);
		} else if (r % 4 == 2) {
			twin[j] = LKE_NEVER;
			if (r & 64)
				timerq_disarm(&q, &t[j]);
			else
				assert_int_equal(timerq_arm(&q, &t[j], LKE_NEVER), 0);
		}
		for (min = LKE_NEVER, armed = 0, j = 0; j < TIMERS; j++) {
			min = twin[j] < min ? twin[j] : min;
			armed += twin[j] != LKE_NEVER;
			assert_int_equal(timer_armed(&t[j]), twin[j] != LKE_NEVER);
		}
		assert_true(timerq_next(&q) == min);
		assert_int_equal(q.n, armed);
		if (r % 4 != 3)
			continue;
		assert_true(min == 0 || timerq_pop(&q, min - 1) == NULL);
		got = timerq_pop(&q, min == LKE_NEVER ? min - 1 : min);
		assert_int_equal(got != NULL, min != LKE_NEVER);
		if (got) {
			assert_true(twin[got->kind] == min);
			twin[got->kind] = LKE_NEVER;
			trace = trace * 31 + got->kind;
		}
	}
	timerq_done(&q);
	for (i = 0; i < TIMERS; i++)
		assert_false(timer_armed(&t[i]));
	return trace;
}

static void agrees_with_naive_twin(void **state)
{
	struct timer t[TIMERS];

	run(1, t);
	run(2, t);
}

static void equal_deadlines_come_in_the_same_order_everywhere(void **state)
{
	struct timer a[TIMERS], b[TIMERS];

	assert_true(run(3, a) == run(3, b));
	assert_true(run(3, a) != run(4, b));
}

static void out_of_memory_leaves_it_unarmed(void **state)
{
	struct timerq q;
	struct timer t;

	timerq_init(&q);
	timer_init(&t, 1, NULL);
	mem_fail_after(1);
	assert_int_equal(timerq_arm(&q, &t, 5), LKE_ERR_NOMEM);
	assert_false(timer_armed(&t));
	assert_true(timerq_next(&q) == LKE_NEVER);
	assert_int_equal(timerq_arm(&q, &t, 5), 0);
	timerq_done(&q);
}

static void first_ones_without_taking_them(void **state)
{
	struct timer t[200];
	const struct timer *first[200];
	struct timerq q;
	size_t n;

	(void)state;
	timerq_init(&q);
	assert_int_equal(timerq_first(&q, first, 10), 0);
	for (unsigned i = 0; i < 200; i++) {
		timer_init(&t[i], 1, NULL);
		assert_int_equal(timerq_arm(&q, &t[i], (i * 7919 + 13) % 1009), 0);
	}
	n = timerq_first(&q, first, 150);
	assert_int_equal(n, 150);
	for (size_t i = 1; i < n; i++)
		assert_true(first[i - 1]->at <= first[i]->at);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(timerq_next(&q), first[i]->at);
		assert_non_null(timerq_pop(&q, LKE_NEVER - 1));
	}
	assert_int_equal(timerq_first(&q, first, 150), 50);
	assert_int_equal(timerq_first(&q, first, 0), 0);
	timerq_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_naive_twin),
		cmocka_unit_test(equal_deadlines_come_in_the_same_order_everywhere),
		cmocka_unit_test(first_ones_without_taking_them),
		cmocka_unit_test(out_of_memory_leaves_it_unarmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

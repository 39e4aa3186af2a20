/* SPDX-License-Identifier: ISC */
#include "base/tbf.h"
#include "check.h"

static void starts_full_and_refills(void **state)
{
	struct tbf t;

	tbf_init(&t, 10, 3, LKE_SEC);
	assert_true(tbf_has(&t, 3, LKE_SEC)); /* takes nothing */
	assert_true(tbf_take(&t, 3, LKE_SEC));
	assert_false(tbf_has(&t, 1, LKE_SEC));
	assert_false(tbf_take(&t, 1, LKE_SEC + 99 * LKE_MSEC));
	assert_true(tbf_take(&t, 1, LKE_SEC + 100 * LKE_MSEC));
	assert_false(tbf_take(&t, 1, LKE_SEC + 199 * LKE_MSEC));
	assert_true(tbf_take(&t, 3, 1000 * LKE_SEC));
	assert_false(tbf_take(&t, 1, 1000 * LKE_SEC));
}

static void all_or_nothing(void **state)
{
	struct tbf t;

	tbf_init(&t, 0, 2, 0);
	assert_false(tbf_take(&t, 3, LKE_SEC));
	assert_true(tbf_take(&t, 2, LKE_SEC));
	assert_false(tbf_take(&t, 1, UINT64_MAX - 1));
}

static void time_running_back_gives_nothing(void **state)
{
	struct tbf t;

	tbf_init(&t, 1, 1, 100 * LKE_SEC);
	assert_true(tbf_take(&t, 1, 100 * LKE_SEC));
	assert_false(tbf_take(&t, 1, 0));
	assert_false(tbf_take(&t, 1, 100 * LKE_SEC));
	assert_true(tbf_take(&t, 1, 101 * LKE_SEC));
}

static void large_numbers_saturate(void **state)
{
	struct tbf t;

	tbf_init(&t, UINT64_MAX, UINT64_MAX, 0);
	assert_true(tbf_take(&t, 1000, 1));
	assert_true(tbf_take(&t, UINT64_MAX, UINT64_MAX - 1));
	assert_false(tbf_take(&t, 1, UINT64_MAX - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_full_and_refills),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(time_running_back_gives_nothing),
		cmocka_unit_test(large_numbers_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

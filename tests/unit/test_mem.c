/* SPDX-License-Identifier: ISC */
#include "base/mem.h"
#include "check.h"

static void wipe_and_compare(void **state)
{
	uint8_t a[16], b[16];

	memset(a, 7, 16);
	memset(b, 7, 16);
	assert_true(mem_eq_ct(a, b, 16) && mem_eq_ct(a, b, 0));
	b[15] ^= 0x80;
	assert_false(mem_eq_ct(a, b, 16));
	mem_wipe(a, 15);
	assert_int_equal(a[0] | a[14], 0);
	assert_int_equal(a[15], 7);
}

static void products_do_not_wrap(void **state)
{
	assert_null(mem_realloc_array(NULL, SIZE_MAX / 2, 4));
}

static void nth_allocation_fails(void **state)
{
	uint8_t *p;

	mem_fail_after(2);
	p = mem_zalloc(8);
	assert_non_null(p);
	assert_null(mem_realloc_array(p, 2, 8));
	assert_int_equal(p[0] | p[7], 0);
	mem_free_wipe(p, 8);
	mem_free_wipe(NULL, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipe_and_compare),
		cmocka_unit_test(products_do_not_wrap),
		cmocka_unit_test(nth_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

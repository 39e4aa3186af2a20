/* SPDX-License-Identifier: ISC */
/* The next step behind the error of a system call. */
#include "check.h"

#include <errno.h>

#include "daemon/remedy.h"

static void op_every_error_has_a_next_step(void **state)
{
	for (int err = -140; err <= 140; err++) {
		assert_memory_equal(remedy_of(err), "; ", 2);
		assert_true(strlen(remedy_of(err)) > 8);
		assert_ptr_equal(remedy_of(err), remedy_of(-err));
	}
	assert_string_equal(remedy_of(ENOSPC), "; make room there");
	assert_string_equal(remedy_of(-EACCES), "; be root, or change its owner or mode");
	assert_string_equal(remedy_of(EPROTO), "; see: lke doctor");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(op_every_error_has_a_next_step) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

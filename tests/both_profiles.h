/* SPDX-License-Identifier: ISC */
/*
 * Tests that run a second time with every access router and mobile node of draft01
 * (LKE_TEST_DRAFT01 in the environment): what is required holds in both profiles.  Include it
 * behind cmocka.h.
 */
#ifndef TESTS_BOTH_PROFILES_H
#define TESTS_BOTH_PROFILES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOTH_PROFILES_MAX = 64 };

static inline bool as_draft01(void)
{
	return getenv("LKE_TEST_DRAFT01") != NULL;
}

/*
 * Runs the tests; as draft01 without those of default_only (names, ended by NULL; NULL allowed),
 * each of which must be one of them.
 */
static inline int run_in_profile(const struct CMUnitTest *tests, size_t n,
				 const char *const *default_only)
{
	struct CMUnitTest some[BOTH_PROFILES_MAX];
	size_t k = 0, named = 0;

	if (n > BOTH_PROFILES_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		const char *const *d = default_only;

		while (d && *d && strcmp(*d, tests[i].name) != 0)
			d++;
		named += d && *d;
		if (!d || !*d || !as_draft01())
			some[k++] = tests[i];
	}
	while (default_only && *default_only++)
		named--;
	if (named != 0) {
		printf("not ok 1 - a test that is only for the default does not exist\n");
		return 1;
	}
	return _cmocka_run_group_tests("tests", some, k, NULL, NULL);
}

#define RUN_IN_PROFILE(tests, default_only)                                                        \
	run_in_profile(tests, sizeof(tests) / sizeof((tests)[0]), default_only)

#endif

/* SPDX-License-Identifier: ISC */
/* Addresses of tests, from their text. */
#ifndef TESTS_ADDRESS_H
#define TESTS_ADDRESS_H

#include "base/in6.h"
#include "check.h"

/* The text must be an address. */
static inline struct lke_in6 A(const char *text) {
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

#endif

/* SPDX-License-Identifier: ISC */
/* What every unit test includes. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A small deterministic generator for model tests (xorshift64). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Octets of a hexadecimal text; returns how many. */
static inline size_t unhex(const char *text, uint8_t *buf, size_t size)
{
	size_t n = 0;
	int half = -1;

	for (; *text; text++) {
		const char *at = strchr("0123456789abcdef", *text);

		if (!at)
			continue;
		if (half < 0) {
			half = (int)(at - "0123456789abcdef") << 4;
		} else {
			assert_true(n < size);
			buf[n++] = (uint8_t)(half | (at - "0123456789abcdef"));
			half = -1;
		}
	}
	return n;
}

#endif

/* SPDX-License-Identifier: ISC */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Allocations until the one that fails; only tests set it. */
static unsigned long fail_in;

void mem_fail_after(unsigned long n)
{
	fail_in = n;
}

static bool must_fail(void)
{
	return fail_in > 0 && --fail_in == 0;
}

void mem_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	/* The octets are used, as far as the compiler can know. */
	__asm__ volatile("" : : "r"(p) : "memory");
}

bool mem_eq_ct(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;
	size_t i;

	for (i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}

void *mem_zalloc(size_t n)
{
	if (must_fail())
		return NULL;
	return calloc(1, n ? n : 1);
}

void *mem_realloc_array(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total) || must_fail())
		return NULL;
	return realloc(p, total ? total : 1);
}

void mem_free(void *p)
{
	free(p);
}

void mem_free_wipe(void *p, size_t n)
{
	if (!p)
		return;
	mem_wipe(p, n);
	free(p);
}

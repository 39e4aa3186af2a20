/* SPDX-License-Identifier: ISC */
/*
 * Secrets and memory.  struct secret16 is the one type a Kbm lives in: it is never formatted,
 * compared in constant time and wiped on every way out.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "lke/types.h"

struct secret16 {
	uint8_t b[16];
};

void mem_wipe(void *p, size_t n);			/* not optimised away */
bool mem_eq_ct(const void *a, const void *b, size_t n); /* constant time */
void *mem_zalloc(size_t n); /* calloc; may be made to fail by tests (oom) */
void *mem_realloc_array(void *p, size_t n, size_t size); /* checks the product */
void mem_free(void *p);
void mem_free_wipe(void *p, size_t n);

/* Test hook: fail the n-th allocation from now on (1 = the next); 0 = never. */
void mem_fail_after(unsigned long n);

#endif

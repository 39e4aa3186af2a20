/* SPDX-License-Identifier: ISC */
/* A directory with a store, for one test. */
#ifndef TESTS_STORE_PLACE_H
#define TESTS_STORE_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "store/store.h"

struct place {
	char dir[64], path[96];
	struct store *s;
};

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/lke-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/sequence.db", p->dir);
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	char cmd[128];

	store_close(p->s);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	assert_int_equal(system(cmd), 0);
	free(p);
	return 0;
}

static inline void place_open(struct place *p)
{
	store_close(p->s);
	assert_int_equal(store_open(p->path, &p->s), 0);
}

static inline struct lke_in6 home_no(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n } };
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

#endif

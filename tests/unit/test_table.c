/* SPDX-License-Identifier: ISC */
#include "base/mem.h"
#include "base/table.h"
#include "check.h"
#include "lke/error.h"

#define KEYS 500
#define MAX  300

struct item {
	uint8_t key[4];
	struct table_node node;
};

static const uint8_t secret[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void siphash_reference_vectors(void **state)
{
	const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t in[15];
	int i;

	for (i = 0; i < 15; i++)
		in[i] = (uint8_t)i;
	assert_true(siphash24(key, in, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash24(key, in, 0) == UINT64_C(0x726fdb47dd0e0e31));
}

static void agrees_with_naive_twin(void **state)
{
	static struct item item[KEYS], other;
	static uint8_t in[KEYS], seen[KEYS];
	uint64_t seed = 11;
	struct table t;
	struct table_node *n;
	size_t cursor, count = 0, found;
	int i, j, err;

	assert_int_equal(TABLE_INIT(&t, struct item, node, key, MAX, secret), 0);
	for (i = 0; i < KEYS; i++)
		item[i].key[0] = (uint8_t)i, item[i].key[3] = (uint8_t)(i >> 8);
	for (i = 0; i < 40000; i++) {
		uint64_t r = next_random(&seed);

		j = (int)((r >> 8) % KEYS);
		if (r % 3 && !in[j]) {
			err = table_add(&t, &item[j].node);
			assert_int_equal(err, count < MAX ? 0 : LKE_ERR_FULL);
			count += in[j] = err == 0;
		} else if (r % 3) {
			memcpy(other.key, item[j].key, 4);
			assert_int_equal(table_add(&t, &other.node), LKE_ERR_EXIST);
		} else if (in[j]) {
			table_del(&t, &item[j].node);
			in[j] = 0;
			count--;
		}
		assert_int_equal(t.n, count);
		n = table_find(&t, item[j].key);
		assert_ptr_equal(n, in[j] ? &item[j].node : NULL);
	}
	/* Every one once, also while some are deleted and overwritten on the way. */
	for (found = 0, cursor = 0, n = NULL; (n = table_next(&t, &cursor, n)); found++) {
		struct item *it = TABLE_ENTRY(n, struct item, node);

		assert_true(in[it - item] && !seen[it - item]);
		seen[it - item] = 1;
		if (found % 2) {
			table_del(&t, n);
			memset(&it->node, 0xee, sizeof(it->node));
		}
	}
	assert_int_equal(found, count);
	assert_int_equal(t.n, count - count / 2);
	table_done(&t);
}

static void out_of_memory(void **state)
{
	static struct item item[64];
	struct table t;
	int i;

	mem_fail_after(1);
	assert_int_equal(TABLE_INIT(&t, struct item, node, key, 64, secret), LKE_ERR_NOMEM);
	assert_int_equal(TABLE_INIT(&t, struct item, node, key, 64, secret), 0);
	for (i = 0; i < 64; i++) {
		item[i].key[1] = (uint8_t)i;
		mem_fail_after(1); /* it cannot grow, and works all the same */
		assert_int_equal(table_add(&t, &item[i].node), 0);
	}
	mem_fail_after(0);
	assert_int_equal(t.buckets, 16);
	for (i = 0; i < 64; i++)
		assert_ptr_equal(table_find(&t, item[i].key), &item[i].node);
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_reference_vectors),
		cmocka_unit_test(agrees_with_naive_twin),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

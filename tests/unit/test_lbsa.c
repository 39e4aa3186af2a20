/* SPDX-License-Identifier: ISC */
/* The LBSA cache: instances by state and key, counts, replay cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lbsa.h"
#include "core/params.h"
#include "core/seqno.h"

static const uint8_t secret[16] = { 1, 2, 3 };
static const struct lke_in6 coa1 = { { 0x20, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
static const struct lke_in6 coa2 = { { 0x20, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } };
static const struct lke_lladdr mac1 = { 6, { 2, 0, 0, 0, 0, 1 } };

static struct lbsa *add(struct lbsa_cache *c, const struct lke_in6 *coa, uint8_t key)
{
	struct lbsa tmpl = { .kbm = { { key } }, .peer_lladdr = mac1, .expires = 5 }, *l;

	assert_int_equal(lbsa_add(c, 2, coa, &tmpl, &l), 0);
	return l;
}

static void lbsa_three_instances_of_one_address(void **state)
{
	struct lbsa_cache c;
	struct lbsa *a, *b, *t;

	assert_int_equal(lbsa_cache_init(&c, 8, secret), 0);
	t = add(&c, &coa1, 1);
	lbsa_set_state(&c, t, LKE_LBSA_TOMBSTONE);
	a = add(&c, &coa1, 2);
	lbsa_set_state(&c, a, LKE_LBSA_VALID);
	b = add(&c, &coa1, 3);
	assert_ptr_equal(lbsa_find(&c, 2, &coa1, LKE_LBSA_TOMBSTONE), t);
	assert_ptr_equal(lbsa_find(&c, 2, &coa1, LKE_LBSA_VALID), a);
	assert_ptr_equal(lbsa_find(&c, 2, &coa1, LKE_LBSA_TENTATIVE), b);
	assert_null(lbsa_find(&c, 3, &coa1, LKE_LBSA_VALID));
	assert_null(lbsa_find(&c, 2, &coa2, LKE_LBSA_VALID));
	lbsa_del(&c, a);
	assert_null(lbsa_find(&c, 2, &coa1, LKE_LBSA_VALID));
	assert_ptr_equal(lbsa_find(&c, 2, &coa1, LKE_LBSA_TENTATIVE), b);
	lbsa_cache_done(&c);
}

static void amb_034_one_key_one_instance(void **state)
{
	struct lbsa_cache c;
	struct lbsa tmpl = { .kbm = { { 1 } }, .peer_lladdr = mac1 }, *l;

	assert_int_equal(lbsa_cache_init(&c, 8, secret), 0);
	l = add(&c, &coa1, 1);
	assert_ptr_equal(lbsa_by_kbm(&c, &tmpl.kbm), l);
	assert_int_equal(lbsa_add(&c, 2, &coa2, &tmpl, &l), LKE_ERR_EXIST);
	assert_null(lbsa_entry_find(&c, 2, &coa2));
	assert_int_equal(lbsa_count(&c, 2, NULL), 1);
	lbsa_cache_done(&c);
}

static void amb_128_tombstones_are_not_counted(void **state)
{
	struct lbsa_cache c;
	struct lbsa *l;

	assert_int_equal(lbsa_cache_init(&c, 8, secret), 0);
	l = add(&c, &coa1, 1);
	(void)add(&c, &coa2, 2);
	assert_int_equal(lbsa_count(&c, 2, NULL), 2);
	assert_int_equal(lbsa_count(&c, 2, &mac1), 2);
	lbsa_set_state(&c, l, LKE_LBSA_TOMBSTONE);
	assert_int_equal(lbsa_count(&c, 2, NULL), 1);
	assert_int_equal(lbsa_count(&c, 2, &mac1), 1);
	assert_int_equal(lbsa_set_state(&c, l, LKE_LBSA_TENTATIVE), 0);
	assert_int_equal(lbsa_count(&c, 2, &mac1), 2);
	lbsa_cache_done(&c);
}

static void lbsa_out_of_memory_leaves_nothing(void **state)
{
	struct lbsa tmpl = { .kbm = { { 9 } }, .peer_lladdr = mac1 }, *l;

	for (unsigned n = 1; n <= 4; n++) {
		struct lbsa_cache c;
		int err;

		assert_int_equal(lbsa_cache_init(&c, 8, secret), 0);
		mem_fail_after(n);
		err = lbsa_add(&c, 2, &coa1, &tmpl, &l);
		mem_fail_after(0);
		assert_int_equal(err, LKE_ERR_NOMEM);
		assert_null(lbsa_entry_find(&c, 2, &coa1));
		assert_int_equal(lbsa_count(&c, 2, NULL), 0);
		lbsa_cache_done(&c);
	}
}

static void amb_051_replay_cache_remembers(void **state)
{
	struct replay r;
	uint32_t v;

	replay_init(&r, secret);
	for (v = 0; v < 5000; v++) {
		assert_false(replay_has(&r, (uint8_t *)&v, sizeof(v)));
		assert_int_equal(replay_add(&r, (uint8_t *)&v, sizeof(v)), 0);
	}
	for (v = 0; v < 5000; v++)
		assert_true(replay_has(&r, (uint8_t *)&v, sizeof(v)));
	assert_int_equal(r.n, 5000);
	v = 7;
	assert_int_equal(replay_add(&r, (uint8_t *)&v, sizeof(v)), 0);
	assert_int_equal(r.n, 5000);
	r.n = AR_REPLAY_MAX;
	v = 5000;
	assert_int_equal(replay_add(&r, (uint8_t *)&v, sizeof(v)), LKE_ERR_FULL);
	replay_done(&r);
}

/* RFC 6275 9.5.1 with the example of AMB-150: last = 15. */
static void amb_150_sequence_half_space(void **state)
{
	assert_true(seq_newer(16, 15));
	assert_true(seq_newer(32782, 15));
	assert_false(seq_newer(32783, 15));
	assert_false(seq_newer(65535, 15));
	assert_false(seq_newer(15, 15));
	assert_false(seq_newer(0, 15));
	assert_true(seq_newer(0, 65535));
	assert_true(seq_newer(32766, 65535));
	assert_false(seq_newer(32767, 65535));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lbsa_three_instances_of_one_address),
		cmocka_unit_test(amb_034_one_key_one_instance),
		cmocka_unit_test(amb_128_tombstones_are_not_counted),
		cmocka_unit_test(lbsa_out_of_memory_leaves_nothing),
		cmocka_unit_test(amb_051_replay_cache_remembers),
		cmocka_unit_test(amb_150_sequence_half_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * The LBSA cache against a naive twin: an array searched from end to end.  Pseudo-random
 * operations, some with memory running out; after each one every question the cache answers has the
 * twin's answer.
 */
#include "check.h"

#include "core/lbsa.h"

enum { IFACES = 2, COAS = 8, MACS = 3, KEYS = 40, MAX = 8, STEPS = 20000 };

struct twin {
	bool there;
	uint32_t ifindex;
	unsigned coa, mac, key;
	enum lke_lbsa_state state;
	struct lbsa *real;
};

static struct twin twins[2 * MAX];
static struct lbsa_cache cache;
static uint64_t seed;
static unsigned full, exist, nomem; /* how often; the test must have met all of them */

static unsigned below(unsigned n)
{
	return (unsigned)(next_random(&seed) % n);
}

static struct lke_in6 coa_of(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)n } };
}

static struct lke_lladdr mac_of(unsigned n)
{
	return (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, (uint8_t)n } };
}

static struct secret16 key_of(unsigned n)
{
	return (struct secret16){ { 0xaa, (uint8_t)n } };
}

static size_t twin_total(void)
{
	size_t n = 0;

	for (size_t k = 0; k < 2 * MAX; k++)
		n += twins[k].there;
	return n;
}

static struct twin *twin_at(uint32_t ifindex, unsigned coa, int state)
{
	for (size_t k = 0; k < 2 * MAX; k++) {
		struct twin *t = &twins[k];

		if (t->there && t->ifindex == ifindex && t->coa == coa &&
		    (state < 0 || (int)t->state == state))
			return t;
	}
	return NULL;
}

static struct twin *twin_by_key(unsigned key)
{
	for (size_t k = 0; k < 2 * MAX; k++)
		if (twins[k].there && twins[k].key == key)
			return &twins[k];
	return NULL;
}

/* Not tombstones (AMB-128); mac < 0: all of the interface. */
static unsigned twin_count(uint32_t ifindex, int mac)
{
	unsigned n = 0;

	for (size_t k = 0; k < 2 * MAX; k++)
		n += twins[k].there && twins[k].ifindex == ifindex &&
		     twins[k].state != LKE_LBSA_TOMBSTONE && (mac < 0 || (int)twins[k].mac == mac);
	return n;
}

static void compare_instances(void)
{
	size_t in_state[LKE_LBSA_STATE_COUNT] = { 0 };

	for (size_t k = 0; k < 2 * MAX; k++)
		in_state[twins[k].state] += twins[k].there;
	assert_memory_equal(in_state, cache.in_state, sizeof(in_state));
	for (uint32_t i = 0; i < IFACES; i++) {
		for (unsigned c = 0; c < COAS; c++) {
			struct lke_in6 coa = coa_of(c);

			assert_int_equal(lbsa_entry_find(&cache, i, &coa) != NULL,
					 twin_at(i, c, -1) != NULL);
			for (int s = 0; s < LKE_LBSA_STATE_COUNT; s++) {
				struct twin *t = twin_at(i, c, s);

				assert_ptr_equal(lbsa_find(&cache, i, &coa, s), t ? t->real : NULL);
			}
		}
	}
}

static void compare(void)
{
	for (unsigned k = 0; k < KEYS; k++) {
		struct secret16 kbm = key_of(k);
		struct twin *t = twin_by_key(k);

		assert_ptr_equal(lbsa_by_kbm(&cache, &kbm), t ? t->real : NULL);
	}
	for (uint32_t i = 0; i < IFACES; i++) {
		assert_int_equal(lbsa_count(&cache, i, NULL), twin_count(i, -1));
		for (unsigned m = 0; m < MACS; m++) {
			struct lke_lladdr mac = mac_of(m);

			assert_int_equal(lbsa_count(&cache, i, &mac), twin_count(i, (int)m));
		}
	}
	assert_int_equal(cache.n, twin_total());
	for (size_t k = 0; k < cache.n; k++)
		assert_int_equal(cache.all[k]->index, k);
	compare_instances();
}

static void check_refusal(int err, bool key_used, bool memory_fails)
{
	bool is_full = twin_total() == 2 * MAX;

	exist += err == LKE_ERR_EXIST;
	full += err == LKE_ERR_FULL;
	nomem += err == LKE_ERR_NOMEM;
	if (err == LKE_ERR_EXIST)
		assert_true(key_used);
	else if (err == LKE_ERR_FULL)
		assert_true(is_full);
	else
		assert_true(err == LKE_ERR_NOMEM && memory_fails);
}

static void step_add(bool memory_fails)
{
	struct twin t = { .there = true,
			  .ifindex = below(IFACES),
			  .coa = below(COAS),
			  .mac = below(MACS),
			  .key = below(KEYS),
			  .state = LKE_LBSA_TENTATIVE };
	struct lbsa tmpl = { .kbm = key_of(t.key), .peer_lladdr = mac_of(t.mac), .kex_seq = 7 };
	struct lke_in6 coa = coa_of(t.coa);
	bool key_used = twin_by_key(t.key) != NULL;
	size_t free_place = 0;
	int err;

	if (twin_at(t.ifindex, t.coa, LKE_LBSA_TENTATIVE))
		return;
	err = lbsa_add(&cache, t.ifindex, &coa, &tmpl, &t.real);
	if (err) {
		check_refusal(err, key_used, memory_fails);
		return;
	}
	assert_false(key_used);
	assert_int_equal(t.real->kex_seq, 7);
	while (free_place < 2 * MAX && twins[free_place].there)
		free_place++;
	assert_true(free_place < 2 * MAX); /* bounded */
	twins[free_place] = t;
}

static void step_set_state(struct twin *t, bool memory_fails)
{
	enum lke_lbsa_state to = below(LKE_LBSA_STATE_COUNT);
	int err;

	if (to != t->state && twin_at(t->ifindex, t->coa, (int)to))
		return;
	err = lbsa_set_state(&cache, t->real, to);
	if (err) {
		assert_int_equal(err, LKE_ERR_NOMEM);
		assert_true(memory_fails);
		nomem++;
		return;
	}
	t->state = to;
	assert_int_equal(t->real->state, to);
}

static void step(void)
{
	struct twin *t = &twins[below(2 * MAX)];
	/* Deletes come in waves, so that the cache fills and empties. */
	unsigned deletes = below(STEPS) & 1 ? 1 : 2, what = below(10);
	bool memory_fails = below(8) == 0;

	mem_fail_after(memory_fails ? 1 + below(5) : 0);
	if (what < 6) {
		step_add(memory_fails);
	} else if (t->there && what < 10 - deletes) {
		step_set_state(t, memory_fails);
	} else if (t->there) {
		lbsa_del(&cache, t->real);
		*t = (struct twin){ 0 };
	}
	mem_fail_after(0);
	compare();
}

static void lbsa_cache_agrees_with_naive_twin(void **state)
{
	const uint8_t secret[16] = { 9, 8, 7 };

	seed = 20;
	assert_int_equal(lbsa_cache_init(&cache, MAX, secret), 0);
	for (unsigned n = 0; n < STEPS; n++)
		step();
	assert_true(full > 100 && exist > 100 && nomem > 100);
	lbsa_cache_done(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lbsa_cache_agrees_with_naive_twin),
	};

	return cmocka_run_group_tests_name("model_lbsa", tests, NULL, NULL);
}

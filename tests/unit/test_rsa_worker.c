/* SPDX-License-Identifier: ISC */
/* RSA outside the engine's thread: several keys, dropping one that works, making the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <string.h>

#include "daemon/rsa_maker.h"
#include "daemon/rsa_worker.h"

static const uint8_t kbm[LKE_KBM_LEN] = "sixteen octets!";

struct sealed {
	uint8_t data[RSA_MODULUS_MAX];
	size_t len;
};

static struct sealed seal(const struct rsa_key *k)
{
	uint8_t spki[RSA_SPKI_MAX];
	struct sealed s;
	size_t n;

	assert_int_equal(rsa_key_spki(k, spki, sizeof(spki), &n), 0);
	assert_int_equal(rsa_pub_encrypt(spki, n, kbm, sizeof(kbm), s.data, sizeof(s.data), &s.len),
			 0);
	return s;
}

static void ask(struct rsa_worker *w, uint64_t cookie, uint32_t id, const struct sealed *s)
{
	struct lke_act_decrypt job = { .key_id = id, .data = s->data, .len = s->len };

	assert_int_equal(rsa_worker_decrypt(w, cookie, &job), 0);
}

static struct rsa_answer answer(struct rsa_worker *w)
{
	struct pollfd fd = { .fd = rsa_worker_fd(w), .events = POLLIN };
	struct rsa_answer a;

	while (!rsa_worker_next(w, &a))
		assert_int_equal(poll(&fd, 1, 10000), 1);
	return a;
}

static void amb_063_each_job_names_its_key(void **state)
{
	struct rsa_key *k[2];
	struct rsa_worker *w;
	struct sealed s[2];
	struct rsa_answer a;

	assert_int_equal(rsa_worker_new(&w), 0);
	for (unsigned n = 0; n < 2; n++) {
		assert_int_equal(rsa_key_generate(1024, &k[n]), 0);
		s[n] = seal(k[n]);
		assert_int_equal(rsa_worker_add(w, n + 1, k[n]), 0);
	}
	for (unsigned n = 0; n < 4; n++)
		ask(w, 10 + n, 1 + n % 2, &s[n / 2]);
	for (unsigned n = 0; n < 4; n++) {
		a = answer(w);
		assert_int_equal(a.cookie, 10 + n);
		assert_int_equal(a.err, n % 2 == n / 2 ? 0 : LKE_ERR_CRYPTO);
		if (a.err == 0)
			assert_memory_equal(a.data, kbm, sizeof(kbm));
	}
	/* Dropped at any moment, also while it works: answers are right or say that it is gone. */
	for (unsigned n = 0; n < 50; n++)
		ask(w, n, 1, &s[0]);
	rsa_worker_drop(w, 1);
	rsa_worker_drop(w, 1);
	for (unsigned n = 0; n < 50; n++) {
		a = answer(w);
		assert_true(a.err == LKE_ERR_NOENT ||
			    (a.err == 0 && memcmp(a.data, kbm, sizeof(kbm)) == 0));
	}
	ask(w, 99, 1, &s[0]);
	assert_int_equal(answer(w).err, LKE_ERR_NOENT);
	ask(w, 100, 2, &s[1]);
	assert_int_equal(answer(w).err, 0);
	rsa_worker_free(w);
}

static void keys_are_bounded(void **state)
{
	struct rsa_worker *w;
	struct rsa_key *k;

	assert_int_equal(rsa_worker_new(&w), 0);
	for (unsigned n = 0; n <= RSA_WORKER_KEYS; n++) {
		assert_int_equal(rsa_key_generate(1024, &k), 0);
		assert_int_equal(rsa_worker_add(w, n, k), n < RSA_WORKER_KEYS ? 0 : LKE_ERR_FULL);
	}
	rsa_worker_free(w);
}

static void amb_134_the_next_key_is_made_beside_the_work(void **state)
{
	struct rsa_maker *m;
	struct rsa_key *k;
	struct pollfd fd;
	unsigned ops;

	assert_int_equal(rsa_maker_new(1024, &m), 0);
	fd = (struct pollfd){ .fd = rsa_maker_fd(m), .events = POLLIN };
	assert_int_equal(poll(&fd, 1, 60000), 1);
	assert_int_equal(rsa_maker_take(m, &k, &ops), 0);
	assert_int_equal(rsa_key_bits(k), 1024);
	assert_true(ops > 1);
	rsa_key_free(k);
	assert_int_equal(rsa_maker_take(m, &k, &ops), LKE_ERR_STATE);
	rsa_maker_free(m);
	rsa_maker_free(NULL);
	/* A length that no key can have. */
	assert_int_equal(rsa_maker_new(512, &m), 0);
	fd.fd = rsa_maker_fd(m);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(rsa_maker_take(m, &k, &ops), LKE_ERR_INVAL);
	rsa_maker_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_063_each_job_names_its_key),
		cmocka_unit_test(keys_are_bounded),
		cmocka_unit_test(amb_134_the_next_key_is_made_beside_the_work),
	};

	return cmocka_run_group_tests_name("rsa_worker", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Private RSA keys: the vectors, OAEP, key files. */
#include <time.h>

#include "wire_util.h"

#include "crypto/crypto.h"

static const uint8_t kbm[LKE_KBM_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const char *const files[] = { "rsa1024", "rsa2048" };

static struct rsa_key *vector_key(const char *file)
{
	uint8_t p[RSA_MODULUS_MAX], q[RSA_MODULUS_MAX];
	size_t n = vector(file, "p", p, sizeof(p));
	struct rsa_key *k;

	assert_int_equal(vector(file, "q", q, sizeof(q)), n);
	assert_int_equal(rsa_key_from_primes(p, q, n, 65537, &k), 0);
	return k;
}

static void vectors_give_the_public_key(void **state)
{
	uint8_t option[600], spki[RSA_SPKI_MAX];
	struct rsa_pub_info info;
	size_t n;

	for (size_t f = 0; f < 2; f++) {
		struct rsa_key *k = vector_key(files[f]);
		size_t len = vector(files[f], "option", option, sizeof(option));

		assert_int_equal(rsa_key_bits(k), f ? 2048 : 1024);
		assert_int_equal(rsa_key_spki(k, spki, sizeof(spki), &n), 0);
		assert_int_equal(n, f ? 294 : 162);
		assert_memory_equal(spki, option + 4, n);
		assert_int_equal(rsa_pub_check(option + 4, len - 4, &info), 0);
		assert_int_equal(info.der_len, n);
		assert_int_equal(info.bits, rsa_key_bits(k));
		assert_int_equal(info.modulus_len, f ? 256 : 128);
		assert_false(info.weak_exponent);
		assert_int_equal(rsa_key_spki(k, spki, n - 1, &n), LKE_ERR_SPACE);
		rsa_key_free(k);
	}
	rsa_key_free(NULL);
}

/* Decryption fails, and as every other failure does: same error, nothing written. */
static void assert_refused(const struct rsa_key *k, const uint8_t *ct, size_t n)
{
	uint8_t plain[RSA_MODULUS_MAX], before[RSA_MODULUS_MAX];
	size_t len = 4711;

	memset(plain, 0x5a, sizeof(plain));
	memset(before, 0x5a, sizeof(before));
	assert_int_equal(rsa_key_decrypt(k, ct, n, plain, sizeof(plain), &len), LKE_ERR_CRYPTO);
	assert_int_equal(len, 4711);
	assert_memory_equal(plain, before, sizeof(plain));
}

static void amb_013_oaep_sha1_and_nothing_else(void **state)
{
	uint8_t ct[RSA_MODULUS_MAX], plain[RSA_MODULUS_MAX];
	size_t len;

	for (size_t f = 0; f < 2; f++) {
		struct rsa_key *k = vector_key(files[f]);
		size_t n = vector(files[f], "oaep_sha1", ct, sizeof(ct));

		assert_int_equal(n, f ? 256 : 128);
		assert_int_equal(rsa_key_decrypt(k, ct, n, plain, sizeof(plain), &len), 0);
		assert_int_equal(len, sizeof(kbm));
		assert_memory_equal(plain, kbm, sizeof(kbm));
		assert_refused(k, ct, vector(files[f], "oaep_sha256", ct, sizeof(ct)));
		assert_refused(k, ct, vector(files[f], "pkcs1v15", ct, sizeof(ct)));
		rsa_key_free(k);
	}
}

static void failures_of_decryption_are_alike(void **state)
{
	struct rsa_key *k = vector_key("rsa1024"), *other;
	uint8_t ct[RSA_MODULUS_MAX], plain[RSA_MODULUS_MAX], zero[128] = { 0 }, ones[128];
	size_t n = vector("rsa1024", "oaep_sha1", ct, sizeof(ct)), len = 0;

	for (size_t cut = 0; cut < n; cut++)
		assert_refused(k, ct, cut);
	ct[n] = 0;
	assert_refused(k, ct, n + 1);
	for (size_t bit = 0; bit < 8 * n; bit += 7) {
		ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(k, ct, n);
		ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(ones, 0xff, sizeof(ones)); /* not below the modulus */
	assert_refused(k, ones, sizeof(ones));
	assert_refused(k, zero, sizeof(zero));
	assert_int_equal(rsa_key_generate(1024, &other), 0);
	assert_refused(other, ct, n);
	/* Good, but too long for the caller. */
	assert_int_equal(rsa_key_decrypt(k, ct, n, plain, LKE_KBM_LEN - 1, &len), LKE_ERR_CRYPTO);
	assert_int_equal(rsa_key_decrypt(k, ct, n, plain, LKE_KBM_LEN, &len), 0);
	rsa_key_free(other);
	rsa_key_free(k);
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Whatever is wrong with a ciphertext of the right length, the private operation is done.  The
 * tenth fastest in a hundred, which other programs disturb least, with limits for any machine;
 * `make bench` has the statistics. */
static void thr_013_failures_take_alike(void **state)
{
	enum { KINDS = 4, TIMES = 301 };
	static double took[KINDS][TIMES];
	struct rsa_key *k = vector_key("rsa2048");
	uint8_t ct[KINDS][RSA_MODULUS_MAX], plain[RSA_MODULUS_MAX];
	size_t n = vector("rsa2048", "oaep_sha1", ct[0], sizeof(ct[0])), len;

	assert_int_equal(vector("rsa2048", "pkcs1v15", ct[1], sizeof(ct[1])), n);
	memcpy(ct[2], ct[0], n);
	ct[2][n - 1] ^= 1;
	memcpy(ct[3], ct[0], n);
	ct[3][1] ^= 1;
	for (unsigned i = 0; i < TIMES; i++)
		for (unsigned kind = 0; kind < KINDS; kind++) {
			double start = cpu_us();
			int err = rsa_key_decrypt(k, ct[kind], n, plain, sizeof(plain), &len);

			took[kind][i] = cpu_us() - start;
			assert_int_equal(err == 0, kind == 0);
		}
	for (unsigned kind = 0; kind < KINDS; kind++)
		qsort(took[kind], TIMES, sizeof(double), by_size);
	for (unsigned kind = 1; kind < KINDS; kind++) {
		double ratio = took[kind][TIMES / 10] / took[0][TIMES / 10];

		assert_true(ratio > 0.75 && ratio < 1.33);
	}
	rsa_key_free(k);
}

static void encryption_round_trip(void **state)
{
	struct rsa_key *k = vector_key("rsa1024");
	uint8_t spki[RSA_SPKI_MAX], plain[128] = { 1, 2, 3 }, ct[2][RSA_MODULUS_MAX], back[128];
	static const size_t sizes[] = { 0, 1, 16, 86 }; /* 128 - 42: RFC 8017 7.1.1 */
	size_t spki_len, n, len;

	assert_int_equal(rsa_key_spki(k, spki, sizeof(spki), &spki_len), 0);
	for (size_t s = 0; s < 4; s++) {
		for (size_t t = 0; t < 2; t++) {
			assert_int_equal(
				rsa_pub_encrypt(spki, spki_len, plain, sizes[s], ct[t], 128, &n),
				0);
			assert_int_equal(n, 128);
			assert_int_equal(rsa_key_decrypt(k, ct[t], n, back, 128, &len), 0);
			assert_int_equal(len, sizes[s]);
			assert_memory_equal(back, plain, len);
		}
		assert_memory_not_equal(ct[0], ct[1], 128);
	}
	assert_int_equal(rsa_pub_encrypt(spki, spki_len, plain, 87, ct[0], 128, &n),
			 LKE_ERR_CRYPTO);
	assert_int_equal(rsa_pub_encrypt(spki, spki_len, plain, 16, ct[0], 127, &n), LKE_ERR_INVAL);
	assert_int_equal(rsa_pub_encrypt(spki, spki_len - 1, plain, 16, ct[0], 128, &n),
			 LKE_ERR_INVAL);
	rsa_key_free(k);
}

static void from_primes_refuses_what_is_no_key(void **state)
{
	uint8_t p[RSA_MODULUS_MAX], q[RSA_MODULUS_MAX];
	size_t n = vector("rsa1024", "p", p, sizeof(p));
	struct rsa_key *k = NULL;

	assert_int_equal(vector("rsa1024", "q", q, sizeof(q)), n);
	assert_true(rsa_key_from_primes(p, q, n, 65536, &k) < 0);
	assert_true(rsa_key_from_primes(p, q, n, 1, &k) < 0);
	assert_true(rsa_key_from_primes(p, q, n / 2, 65537, &k) < 0); /* too small, not prime */
	assert_true(rsa_key_from_primes(p, q, RSA_MODULUS_MAX / 2 + 1, 65537, &k) < 0);
	q[n - 1] ^= 2; /* not prime: what it encrypts does not come back */
	assert_true(rsa_key_from_primes(p, q, n, 65537, &k) < 0);
	assert_null(k);
}

static void generated_keys_work(void **state)
{
	struct rsa_key *k = NULL;

	assert_int_equal(rsa_key_generate(RSA_BITS_MIN - 1, &k), LKE_ERR_INVAL);
	assert_int_equal(rsa_key_generate(RSA_BITS_MAX + 1, &k), LKE_ERR_INVAL);
	assert_null(k);
	assert_int_equal(rsa_key_generate(1024, &k), 0); /* tests itself */
	assert_int_equal(rsa_key_bits(k), 1024);
	assert_true(rsa_key_measure(k) > 1);
	rsa_key_free(k);
}

/* Loads tests/data/keys/NAME. */
static int load(const char *name, struct rsa_key **ret, const char **ret_why)
{
	char path[512], pem[16384];
	const char *data = getenv("LKE_TEST_DATA");
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/data/keys/%s", data ? data : "tests", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(pem, 1, sizeof(pem), f);
	fclose(f);
	assert_true(n > 100 && n < sizeof(pem));
	return rsa_key_load_pem(pem, n, ret, ret_why);
}

static void key_files_pkcs8_and_pkcs1(void **state)
{
	uint8_t a[RSA_SPKI_MAX], b[RSA_SPKI_MAX];
	struct rsa_key *k, *l;
	size_t n, m;

	assert_int_equal(load("rsa1024.pem", &k, NULL), 0);
	assert_int_equal(load("rsa1024-pkcs1.pem", &l, NULL), 0);
	assert_int_equal(rsa_key_spki(k, a, sizeof(a), &n), 0);
	assert_int_equal(rsa_key_spki(l, b, sizeof(b), &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
	rsa_key_free(k);
	rsa_key_free(l);
}

static void thr_092_key_files_that_are_refused(void **state)
{
	static const struct {
		const char *file, *why;
	} bad[] = {
		{ "rsa512.pem", "below 1024 bits" },
		{ "rsa8192.pem", "above 4096 bits" },
		{ "rsa16384.pem", "above 4096 bits" },
		{ "rsa1024-public.pem", "only a public key" },
		{ "rsa1024-encrypted.pem", "is encrypted" },
		{ "rsa1024-encrypted-pkcs1.pem", "is encrypted" },
		{ "rsa1024-mismatched.pem", "do not belong together" },
		{ "ec256.pem", "no RSA key" },
	};
	static const char *const garbage[] = {
		"",
		"\n",
		"garbage",
		"-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	};
	struct rsa_key *k = NULL;

	for (size_t f = 0; f < sizeof(bad) / sizeof(bad[0]); f++) {
		const char *why = "";

		if (load(bad[f].file, &k, &why) != LKE_ERR_INVAL || !strstr(why, bad[f].why))
			fail_msg("%s: %s", bad[f].file, why);
	}
	for (size_t g = 0; g < sizeof(garbage) / sizeof(garbage[0]); g++)
		assert_int_equal(rsa_key_load_pem(garbage[g], strlen(garbage[g]), &k, NULL),
				 LKE_ERR_INVAL);
	assert_null(k);
}

static void saved_keys_load_again(void **state)
{
	struct rsa_key *k = vector_key("rsa2048"), *l;
	uint8_t a[RSA_SPKI_MAX], b[RSA_SPKI_MAX], ct[RSA_MODULUS_MAX], plain[LKE_KBM_LEN];
	size_t len, n, m;
	char pem[4096];

	assert_int_equal(rsa_key_save_pem(k, pem, 100, &len), LKE_ERR_SPACE);
	assert_int_equal(rsa_key_save_pem(k, pem, sizeof(pem), &len), 0);
	assert_int_equal(rsa_key_load_pem(pem, len, &l, NULL), 0);
	assert_int_equal(rsa_key_spki(k, a, sizeof(a), &n), 0);
	assert_int_equal(rsa_key_spki(l, b, sizeof(b), &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
	n = vector("rsa2048", "oaep_sha1", ct, sizeof(ct));
	assert_int_equal(rsa_key_decrypt(l, ct, n, plain, sizeof(plain), &m), 0);
	assert_memory_equal(plain, kbm, sizeof(kbm));
	rsa_key_free(l);
	assert_int_equal(rsa_key_load_pem(pem, len / 2, &l, NULL), LKE_ERR_INVAL);
	rsa_key_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_give_the_public_key),
		cmocka_unit_test(amb_013_oaep_sha1_and_nothing_else),
		cmocka_unit_test(failures_of_decryption_are_alike),
		cmocka_unit_test(thr_013_failures_take_alike),
		cmocka_unit_test(encryption_round_trip),
		cmocka_unit_test(from_primes_refuses_what_is_no_key),
		cmocka_unit_test(generated_keys_work),
		cmocka_unit_test(key_files_pkcs8_and_pkcs1),
		cmocka_unit_test(thr_092_key_files_that_are_refused),
		cmocka_unit_test(saved_keys_load_again),
	};

	return cmocka_run_group_tests_name("rsa_key", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* HMAC, SHA-256, AES-CBC and the deterministic generator against published vectors. */
#include <stdlib.h>

#include "check.h"
#include "crypto/crypto.h"

/* A key or text: one octet repeated, or a string, or hexadecimal. */
struct text {
	size_t repeat;
	uint8_t octet;
	const char *string, *hex;
};

struct hmac_case {
	struct text key, data;
	const char *sha1, *sha256; /* NULL: not in that RFC */
};

static const char hash_first[] = "Test Using Larger Than Block-Size Key - Hash Key First";
static const char key25[] = "0102030405060708090a0b0c0d0e0f10111213141516171819";

/* RFC 2202 3 (SHA-1) and RFC 4231 4 (SHA-256). */
static const struct hmac_case hmac_cases[] = {
	{ { .repeat = 20, .octet = 0x0b },
	  { .string = "Hi There" },
	  "b617318655057264e28bc0b6fb378c8ef146be00",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ { .string = "Jefe" },
	  { .string = "what do ya want for nothing?" },
	  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ { .repeat = 20, .octet = 0xaa },
	  { .repeat = 50, .octet = 0xdd },
	  "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
	  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ { .hex = key25 },
	  { .repeat = 50, .octet = 0xcd },
	  "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ { .repeat = 20, .octet = 0x0c },
	  { .string = "Test With Truncation" },
	  "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04",
	  "a3b6167473100ee06e0c796c2955552b" },
	{ { .repeat = 80, .octet = 0xaa },
	  { .string = hash_first },
	  "aa4ae5e15272d00e95705637ce8a3b55ed402112",
	  NULL },
	{ { .repeat = 80, .octet = 0xaa },
	  { .string = "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data" },
	  "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
	  NULL },
	{ { .repeat = 131, .octet = 0xaa },
	  { .string = hash_first },
	  NULL,
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ { .repeat = 131, .octet = 0xaa },
	  { .string = "This is a test using a larger than block-size key and a larger than "
		      "block-size data. The key needs to be hashed before being used by the HMAC "
		      "algorithm." },
	  NULL,
	  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static size_t octets(const struct text *t, uint8_t *buf, size_t size)
{
	if (t->hex)
		return unhex(t->hex, buf, size);
	if (!t->string) {
		assert_true(t->repeat <= size);
		memset(buf, t->octet, t->repeat);
		return t->repeat;
	}
	assert_true(strlen(t->string) <= size);
	memcpy(buf, t->string, strlen(t->string));
	return strlen(t->string);
}

/* The MAC of every split of the data in two parts, twice with the same context. */
static void check_context(struct hmac *h, const uint8_t *data, size_t n, const char *want_hex)
{
	uint8_t want[SHA256_LEN], mac[SHA256_LEN];
	size_t want_len = unhex(want_hex, want, sizeof(want));

	for (size_t cut = 0; cut <= n; cut++) {
		const struct iov_part part[2] = { { data, cut }, { data + cut, n - cut } };

		memset(mac, 0, sizeof(mac));
		assert_int_equal(hmac_compute(h, part, 2, mac), 0);
		assert_memory_equal(mac, want, want_len);
	}
}

static void rfc_2202_hmac_sha1(void **state)
{
	uint8_t key[256], data[256], want[SHA1_LEN], mac[SHA1_LEN];

	for (size_t k = 0; k < sizeof(hmac_cases) / sizeof(hmac_cases[0]); k++) {
		const struct hmac_case *c = &hmac_cases[k];
		size_t key_len = octets(&c->key, key, sizeof(key));
		size_t n = octets(&c->data, data, sizeof(data));
		const struct iov_part whole = { data, n };
		struct hmac *h;

		if (!c->sha1)
			continue;
		assert_int_equal(hmac_sha1_new(key, key_len, &h), 0);
		check_context(h, data, n, c->sha1);
		hmac_free(h);
		assert_int_equal(unhex(c->sha1, want, sizeof(want)), SHA1_LEN);
		assert_int_equal(hmac_sha1(key, key_len, &whole, 1, mac), 0);
		assert_memory_equal(mac, want, SHA1_LEN);
	}
}

static void rfc_4231_hmac_sha256(void **state)
{
	uint8_t key[256], data[256];

	for (size_t k = 0; k < sizeof(hmac_cases) / sizeof(hmac_cases[0]); k++) {
		const struct hmac_case *c = &hmac_cases[k];
		size_t key_len = octets(&c->key, key, sizeof(key));
		struct hmac *h;

		if (!c->sha256)
			continue;
		assert_int_equal(hmac_sha256_new(key, key_len, &h), 0);
		check_context(h, data, octets(&c->data, data, sizeof(data)), c->sha256);
		hmac_free(h);
	}
	hmac_free(NULL);
}

static void hmac_with_an_empty_key_and_no_data(void **state)
{
	uint8_t want[SHA1_LEN], mac[SHA1_LEN];
	struct hmac *h;

	assert_int_equal(unhex("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d", want, sizeof(want)), 20);
	assert_int_equal(hmac_sha1(NULL, 0, NULL, 0, mac), 0);
	assert_memory_equal(mac, want, SHA1_LEN);
	assert_int_equal(hmac_sha1_new(NULL, 0, &h), 0);
	check_context(h, (const uint8_t *)"", 0, "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
	hmac_free(h);
}

static void fips_180_sha256(void **state)
{
	uint8_t want[SHA256_LEN], got[SHA256_LEN];

	unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", want, 32);
	assert_int_equal(sha256("abc", 3, got), 0);
	assert_memory_equal(got, want, SHA256_LEN);
	unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want, 32);
	assert_int_equal(sha256(NULL, 0, got), 0);
	assert_memory_equal(got, want, SHA256_LEN);
}

/* NIST SP 800-38A F.2.1 to F.2.6; the first initialization vector is 00 01 .. 0f. */
static const struct {
	const char *key, *cipher;
} cbc[] = {
	{ "2b7e151628aed2a6abf7158809cf4f3c",
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
	{ "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	  "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
	{ "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
};
static const char cbc_plain[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
				"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
static const uint8_t cbc_iv[AES_BLOCK] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void sp800_38a_aes_cbc(void **state)
{
	uint8_t key[32], plain[64], cipher[64], buf[64];

	assert_int_equal(unhex(cbc_plain, plain, sizeof(plain)), 64);
	for (size_t k = 0; k < 3; k++) {
		size_t key_len = unhex(cbc[k].key, key, sizeof(key));

		assert_int_equal(key_len, 16 + 8 * k);
		assert_int_equal(unhex(cbc[k].cipher, cipher, sizeof(cipher)), 64);
		for (size_t n = 0; n <= 64; n += AES_BLOCK) {
			memset(buf, 0x55, sizeof(buf));
			assert_int_equal(aes_cbc(true, key, key_len, cbc_iv, plain, n, buf), 0);
			assert_memory_equal(buf, cipher, n);
			assert_true(n == 64 || buf[n] == 0x55);
			assert_int_equal(aes_cbc(false, key, key_len, cbc_iv, buf, n, buf), 0);
			assert_memory_equal(buf, plain, n); /* in place */
		}
	}
}

static void aes_cbc_refuses_odd_sizes(void **state)
{
	uint8_t key[64] = { 0 }, in[32] = { 0 }, out[32];
	static const size_t bad_key[] = { 0, 8, 15, 17, 23, 31, 33, 64 };

	for (size_t k = 0; k < sizeof(bad_key) / sizeof(bad_key[0]); k++)
		assert_int_equal(aes_cbc(true, key, bad_key[k], cbc_iv, in, 16, out),
				 LKE_ERR_INVAL);
	for (size_t n = 1; n < 32; n++)
		if (n % AES_BLOCK)
			assert_int_equal(aes_cbc(false, key, 16, cbc_iv, in, n, out),
					 LKE_ERR_INVAL);
}

static struct drbg seeded(uint8_t first)
{
	uint8_t seed[32] = { first, 2, 3 };
	struct drbg d;

	drbg_init(&d, seed);
	return d;
}

/* AMB-136: SHA-256 over 0 | state | counter; the numbers were computed apart from this code. */
static void amb_136_generator_vector(void **state)
{
	uint8_t seed[32], want[64], got[64];
	struct drbg d;

	for (unsigned k = 0; k < sizeof(seed); k++)
		seed[k] = (uint8_t)k;
	drbg_init(&d, seed);
	assert_int_equal(drbg_bytes(&d, got, 16), 0);
	assert_int_equal(drbg_bytes(&d, got + 16, 48), 0);
	assert_int_equal(unhex("22f15a6db0a488774125620cc9ce68923a1fbe095f574ebebe4e59fedcdd2ca1"
			       "3ce0daf7cd8b5d1d22851c9c8a67c4fa21be5648ca236e584423705267069496",
			       want, sizeof(want)),
			 64);
	assert_memory_equal(got, want, 64);
}

static void amb_136_same_seed_same_octets(void **state)
{
	struct drbg a = seeded(1), b = seeded(1), other = seeded(2);
	uint8_t x[100], y[100], entropy[32] = { 7 };

	for (size_t n = 0; n <= sizeof(x); n++) {
		assert_int_equal(drbg_bytes(&a, x, n), 0);
		assert_int_equal(drbg_bytes(&b, y, n), 0);
		assert_memory_equal(x, y, n);
		assert_int_equal(drbg_bytes(&other, y, n), 0);
		assert_true(n < 8 || memcmp(x, y, n) != 0);
	}
	drbg_mix(&a, entropy);
	assert_int_equal(drbg_bytes(&a, x, sizeof(x)), 0);
	assert_int_equal(drbg_bytes(&b, y, sizeof(y)), 0);
	assert_memory_not_equal(x, y, sizeof(x));
}

/* A state read after a request must not give that request's octets again. */
static void amb_136_old_octets_cannot_be_recomputed(void **state)
{
	struct drbg d = seeded(1), later;
	uint8_t out[32], again[32];

	assert_int_equal(drbg_bytes(&d, out, sizeof(out)), 0);
	for (uint64_t counter = 0; counter < 4; counter++) {
		later = d;
		later.counter = counter;
		assert_int_equal(drbg_bytes(&later, again, sizeof(again)), 0);
		assert_memory_not_equal(again, out, sizeof(out));
	}
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void lke_178_kbm_never_repeats_in_a_million(void **state)
{
	enum { DRAWS = 1000000 };
	struct drbg d = seeded(1);
	uint8_t(*kbm)[16] = malloc(DRAWS * sizeof(*kbm));

	assert_non_null(kbm);
	for (size_t k = 0; k < DRAWS; k++)
		assert_int_equal(drbg_bytes(&d, kbm[k], 16), 0);
	qsort(kbm, DRAWS, sizeof(*kbm), by_octets);
	for (size_t k = 1; k < DRAWS; k++)
		if (memcmp(kbm[k - 1], kbm[k], 16) == 0)
			fail_msg("the same Kbm twice");
	free(kbm);
}

static void system_random_differs(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	assert_int_equal(system_random(a, sizeof(a)), 0);
	assert_int_equal(system_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_2202_hmac_sha1),
		cmocka_unit_test(rfc_4231_hmac_sha256),
		cmocka_unit_test(hmac_with_an_empty_key_and_no_data),
		cmocka_unit_test(fips_180_sha256),
		cmocka_unit_test(sp800_38a_aes_cbc),
		cmocka_unit_test(aes_cbc_refuses_odd_sizes),
		cmocka_unit_test(amb_136_generator_vector),
		cmocka_unit_test(amb_136_same_seed_same_octets),
		cmocka_unit_test(amb_136_old_octets_cannot_be_recomputed),
		cmocka_unit_test(lke_178_kbm_never_repeats_in_a_million),
		cmocka_unit_test(system_random_differs),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}

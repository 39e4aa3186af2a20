/* SPDX-License-Identifier: ISC */
/* Which public keys a mobile node takes from an LKE Capability option: AMB-010, AMB-063, AMB-064.
 */
#include "wire_util.h"

#include "crypto/crypto.h"

enum form { SHORTEST, LONGER, INDEFINITE };

/* What is wrong with a key; all zero: nothing. */
struct flaw {
	enum form outer, alg, bits, inner, modulus; /* length of that element */
	uint8_t unused_bits;
	size_t tail_outer, tail_bits, tail_inner; /* octets at the end of that element */
	bool modulus_zero, exponent_zero;	  /* one zero more in front */
	bool modulus_negative;
	bool no_null;
	uint8_t oid; /* changes the last octet of the OID */
	bool pkcs1;
};

struct blob {
	uint8_t b[1400];
	size_t n;
};

static void put(struct blob *x, const void *p, size_t n)
{
	assert_true(x->n + n <= sizeof(x->b));
	memcpy(x->b + x->n, p, n);
	x->n += n;
}

static void put_u8(struct blob *x, size_t octet)
{
	uint8_t v = (uint8_t)octet;

	put(x, &v, 1);
}

static void tlv(struct blob *x, uint8_t tag, const struct blob *body, enum form form)
{
	unsigned len = body->n < 0x80 ? 0 : body->n < 0x100 ? 1 : 2; /* octets after the first */

	put_u8(x, tag);
	if (form == INDEFINITE)
		len = 0;
	else if (form == LONGER)
		len++;
	put_u8(x, form == INDEFINITE ? 0x80 : len ? 0x80 + len : body->n);
	while (len-- > 0)
		put_u8(x, body->n >> (8 * len));
	put(x, body->b, body->n);
	if (form == INDEFINITE)
		put(x, "\0\0", 2);
}

static void integer(struct blob *x, const struct blob *number, bool zero, bool negative,
		    enum form form)
{
	struct blob body = { .n = 0 };

	if (zero)
		put_u8(&body, 0);
	if ((number->b[0] & 0x80) && !negative)
		put_u8(&body, 0);
	put(&body, number->b, number->n);
	tlv(x, 0x02, &body, form);
}

static void tail(struct blob *x, size_t n)
{
	while (n-- > 0)
		put_u8(x, 0);
}

static struct blob build(const struct blob *modulus, const struct blob *exponent,
			 const struct flaw *f)
{
	struct blob key = { .n = 0 }, alg = { .n = 0 }, bits = { .n = 0 }, info = { .n = 0 },
		    all = { .n = 0 };

	integer(&key, modulus, f->modulus_zero, f->modulus_negative, f->modulus);
	integer(&key, exponent, f->exponent_zero, false, SHORTEST);
	tail(&key, f->tail_inner);
	if (f->pkcs1) {
		tlv(&all, 0x30, &key, f->outer);
		return all;
	}
	put(&alg, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", f->no_null ? 11 : 13);
	alg.b[10] ^= f->oid;
	put_u8(&bits, f->unused_bits);
	tlv(&bits, 0x30, &key, f->inner);
	tail(&bits, f->tail_bits);
	tlv(&info, 0x30, &alg, f->alg);
	tlv(&info, 0x03, &bits, f->bits);
	tail(&info, f->tail_outer);
	tlv(&all, 0x30, &info, f->outer);
	return all;
}

/* An odd number with exactly this many bits. */
static struct blob number(unsigned bits)
{
	struct blob x = { .n = (bits + 7) / 8 };

	memset(x.b, 0xa5, x.n);
	x.b[0] = (uint8_t)(1u << (bits - 1) % 8);
	x.b[x.n - 1] |= 1;
	return x;
}

static struct blob exponent(uint64_t e)
{
	struct blob x = { .n = 0 };
	bool begun = false;

	for (int shift = 56; shift >= 0; shift -= 8) {
		begun = begun || (e >> shift & 0xff) || shift == 0;
		if (begun)
			put_u8(&x, e >> shift & 0xff);
	}
	return x;
}

static int check(const struct blob *key, struct rsa_pub_info *ret)
{
	uint8_t *copy = malloc(key->n); /* of its exact size, for the address sanitizer */
	int err;

	memcpy(copy, key->b, key->n);
	err = rsa_pub_check(copy, key->n, ret);
	free(copy);
	return err;
}

static void assert_refused(const struct blob *key)
{
	struct rsa_pub_info info, before;

	memset(&info, 0x5a, sizeof(info));
	before = info;
	assert_int_equal(check(key, &info), LKE_ERR_INVAL);
	assert_memory_equal(&info, &before, sizeof(info));
}

static void refused(unsigned bits, uint64_t e, struct flaw f)
{
	struct blob n = number(bits), x = exponent(e), key = build(&n, &x, &f);

	assert_refused(&key);
	f.pkcs1 = true;
	if (!f.bits && !f.inner && !f.alg && !f.unused_bits && !f.tail_outer && !f.tail_bits &&
	    !f.no_null && !f.oid) {
		key = build(&n, &x, &f);
		assert_refused(&key);
	}
}

static void accepted(unsigned bits, uint64_t e, bool pkcs1)
{
	struct flaw none = { .pkcs1 = pkcs1 };
	struct blob n = number(bits), x = exponent(e), key = build(&n, &x, &none);
	struct rsa_pub_info info;

	for (size_t padding = 0; padding < 9; padding++) {
		size_t len = key.n;

		tail(&key, padding);
		assert_int_equal(check(&key, &info), 0);
		assert_int_equal(info.der_len, len);
		assert_int_equal(info.bits, bits);
		assert_int_equal(info.modulus_len, (bits + 7) / 8);
		assert_int_equal(info.weak_exponent, e < 65537);
		key.n = len;
	}
}

static void amb_010_both_forms_with_padding(void **state)
{
	for (int pkcs1 = 0; pkcs1 < 2; pkcs1++) {
		accepted(1024, 65537, pkcs1);
		accepted(1025, 65537, pkcs1);
		accepted(2047, 65537, pkcs1);
		accepted(2048, 65537, pkcs1);
		accepted(4096, 65537, pkcs1);
		accepted(1024, 3, pkcs1);
		accepted(1024, 65535, pkcs1);
		accepted(1024, UINT32_MAX, pkcs1);
	}
}

static void amb_063_modulus_out_of_range(void **state)
{
	refused(512, 65537, (struct flaw){ 0 });
	refused(1016, 65537, (struct flaw){ 0 });
	refused(1023, 65537, (struct flaw){ 0 });
	refused(4097, 65537, (struct flaw){ 0 });
	refused(8192, 65537, (struct flaw){ 0 });
}

static void exponent_even_one_or_too_large(void **state)
{
	static const uint64_t bad[] = {
		0,
		1,
		2,
		4,
		65536,
		UINT32_MAX - 1,
		UINT64_C(0x100000000),
		UINT64_C(0x100000001),
		UINT64_C(0x7fffffffffffffff),
	};

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		refused(1024, bad[k], (struct flaw){ 0 });
}

static void modulus_even_or_negative(void **state)
{
	struct blob n = number(1024), e = exponent(65537), key;
	struct flaw none = { 0 };

	refused(1024, 65537, (struct flaw){ .modulus_negative = true });
	n.b[n.n - 1] &= 0xfe;
	key = build(&n, &e, &none);
	assert_refused(&key);
}

static void lengths_not_in_their_shortest_form(void **state)
{
	refused(1024, 65537, (struct flaw){ .outer = LONGER });
	refused(1024, 65537, (struct flaw){ .alg = LONGER });
	refused(1024, 65537, (struct flaw){ .bits = LONGER });
	refused(1024, 65537, (struct flaw){ .inner = LONGER });
	refused(1024, 65537, (struct flaw){ .modulus = LONGER });
	refused(2048, 65537, (struct flaw){ .outer = LONGER });
	refused(2048, 65537, (struct flaw){ .modulus = LONGER });
	refused(1024, 65537, (struct flaw){ .outer = INDEFINITE });
	refused(1024, 65537, (struct flaw){ .inner = INDEFINITE });
	refused(1024, 65537, (struct flaw){ .modulus_zero = true });
	refused(1024, 65537, (struct flaw){ .exponent_zero = true });
}

static void octets_behind_the_last_element(void **state)
{
	for (size_t n = 1; n < 4; n++) {
		refused(1024, 65537, (struct flaw){ .tail_outer = n });
		refused(1024, 65537, (struct flaw){ .tail_bits = n });
		refused(1024, 65537, (struct flaw){ .tail_inner = n });
	}
}

static void truncated_at_every_length(void **state)
{
	struct blob n = number(1024), e = exponent(65537);

	for (int pkcs1 = 0; pkcs1 < 2; pkcs1++) {
		struct flaw none = { .pkcs1 = pkcs1 };
		struct blob key = build(&n, &e, &none);

		while (key.n-- > 1)
			assert_refused(&key);
	}
}

/* Each length octet one too large or too small: an element would overrun, or leave something. */
static void lengths_that_do_not_agree(void **state)
{
	/* 30 81 9f | 30 0d .. | 03 81 8d 00 | 30 81 89 | 02 81 81 .. */
	static const size_t at[] = { 2, 4, 6, 20, 24, 27 };
	struct blob n = number(1024), e = exponent(65537);
	struct flaw none = { 0 };

	for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
		for (int by = -1; by <= 1; by += 2) {
			struct blob key = build(&n, &e, &none);

			key.b[at[k]] = (uint8_t)(key.b[at[k]] + by);
			tail(&key, at[k] == 2 ? 0 : 8);
			assert_refused(&key);
		}
	}
}

static void other_algorithms(void **state)
{
	/* P-256, made with openssl ecparam */
	static const char ec[] = "3059301306072a8648ce3d020106082a8648ce3d030107034200048b1e510b66"
				 "a3341f504c370ca71d45dd22dd0f4a6e010502fd6531d2dee3de5586626d78d2"
				 "860522300fbe1b97bfcfa96f0c74f13ba7a5da81b7810614148774";
	struct blob key = { .n = 0 };
	unsigned v;

	for (const char *p = ec; sscanf(p, "%2x", &v) == 1; p += 2)
		put_u8(&key, v);
	assert_int_equal(key.n, 91);
	assert_refused(&key);
	refused(2048, 65537, (struct flaw){ .oid = 1 ^ 10 }); /* id-RSASSA-PSS */
	refused(1024, 65537, (struct flaw){ .no_null = true });
	refused(1024, 65537, (struct flaw){ .unused_bits = 1 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_010_both_forms_with_padding),
		cmocka_unit_test(amb_063_modulus_out_of_range),
		cmocka_unit_test(exponent_even_one_or_too_large),
		cmocka_unit_test(modulus_even_or_negative),
		cmocka_unit_test(lengths_not_in_their_shortest_form),
		cmocka_unit_test(octets_behind_the_last_element),
		cmocka_unit_test(truncated_at_every_length),
		cmocka_unit_test(lengths_that_do_not_agree),
		cmocka_unit_test(other_algorithms),
	};

	return cmocka_run_group_tests_name("rsa_pub", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * Deterministic RSA and randomness for tests and the simulator.  NOT SECRET: whoever has the public
 * key can decrypt.  What holds as for the real one: sizes, the largest plaintext, a different
 * ciphertext for each call, and that a wrong key, a changed or a cut ciphertext fails.
 *
 * Ciphertext: 0 | counter (8) | (length (2) | plaintext | zeroes) ^ stream | tag (20)
 */
#include "crypto/fake.h"

#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/spki.h"

#define HEAD	 9
#define TAG	 20
#define OVERHEAD 42 /* of OAEP with SHA-1 */

struct rsa_key {
	uint8_t modulus[RSA_MODULUS_MAX];
	size_t len;
	unsigned bits;
};

static uint64_t keys, ciphertexts, random_calls;

void crypto_fake_reset(void)
{
	keys = ciphertexts = random_calls = 0;
}

/* n octets that depend on label and number. */
static int expand(const void *label, size_t label_len, uint64_t number, uint8_t *buf, size_t n)
{
	struct drbg d;
	uint8_t seed[SHA256_LEN];
	int err = sha256(label, label_len, seed);

	if (err)
		return err;
	drbg_init(&d, seed);
	d.counter = number << 16;
	return drbg_bytes(&d, buf, n);
}

int system_random(void *buf, size_t n)
{
	return expand("system_random", 13, ++random_calls, buf, n);
}

static int key_new(unsigned bits, const void *label, size_t label_len, uint64_t number,
		   struct rsa_key **ret)
{
	struct rsa_key *k;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return LKE_ERR_INVAL;
	k = mem_zalloc(sizeof(*k));
	if (!k)
		return LKE_ERR_NOMEM;
	k->bits = bits;
	k->len = (bits + 7) / 8;
	if (expand(label, label_len, number, k->modulus, k->len)) {
		rsa_key_free(k);
		return LKE_ERR_CRYPTO;
	}
	bits = (bits - 1) % 8; /* of the highest bit in its octet */
	k->modulus[0] = (uint8_t)((k->modulus[0] & ((1u << bits) - 1)) | 1u << bits);
	k->modulus[k->len - 1] |= 1;
	*ret = k;
	return 0;
}

int rsa_key_generate(unsigned bits, struct rsa_key **ret)
{
	return key_new(bits, "generate", 8, ++keys, ret);
}

int rsa_key_from_primes(const uint8_t *p, const uint8_t *q, size_t prime_len, uint32_t e,
			struct rsa_key **ret)
{
	uint8_t label[RSA_MODULUS_MAX];

	if (prime_len > RSA_MODULUS_MAX / 2 || e != 65537)
		return LKE_ERR_INVAL;
	memcpy(label, p, prime_len);
	memcpy(label + prime_len, q, prime_len);
	return key_new((unsigned)prime_len * 16, label, 2 * prime_len, 0, ret);
}

void rsa_key_free(struct rsa_key *k)
{
	mem_free_wipe(k, sizeof(*k));
}

unsigned rsa_key_bits(const struct rsa_key *k)
{
	return k->bits;
}

int rsa_key_spki(const struct rsa_key *k, uint8_t *buf, size_t size, size_t *ret_len)
{
	return spki_write(k->modulus, k->len, buf, size, ret_len);
}

static const char pem_head[] = "-----BEGIN FAKE RSA KEY-----\n",
		  pem_tail[] = "\n-----END FAKE RSA KEY-----\n";

int rsa_key_save_pem(const struct rsa_key *k, char *buf, size_t size, size_t *ret_len)
{
	static const char digit[] = "0123456789abcdef";
	struct wr w = wr_init(buf, size);
	size_t i;

	wr_bytes(&w, pem_head, sizeof(pem_head) - 1);
	for (i = 0; i < k->len; i++) {
		wr_u8(&w, (uint8_t)digit[k->modulus[i] >> 4]);
		wr_u8(&w, (uint8_t)digit[k->modulus[i] & 15]);
	}
	wr_bytes(&w, pem_tail, sizeof(pem_tail) - 1);
	if (w.err)
		return LKE_ERR_SPACE;
	*ret_len = w.off;
	return 0;
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int rsa_key_load_pem(const char *pem, size_t len, struct rsa_key **ret, const char **ret_why)
{
	size_t frame = sizeof(pem_head) - 1 + sizeof(pem_tail) - 1, i;
	struct rd r = rd_init(pem, len);
	struct rsa_key k = { 0 };
	const uint8_t *head = rd_view(&r, sizeof(pem_head) - 1);
	int hi, lo;

	if (ret_why)
		*ret_why = "is no key of the toy";
	if (!head || memcmp(head, pem_head, sizeof(pem_head) - 1) != 0 || len < frame + 2)
		return LKE_ERR_INVAL;
	k.len = (len - frame) / 2;
	if (k.len > sizeof(k.modulus) || (len - frame) % 2)
		return LKE_ERR_INVAL;
	for (i = 0; i < k.len; i++) {
		hi = digit_value(rd_u8(&r));
		lo = digit_value(rd_u8(&r));
		if (hi < 0 || lo < 0)
			return LKE_ERR_INVAL;
		k.modulus[i] = (uint8_t)(hi << 4 | lo);
	}
	if (k.modulus[0] == 0)
		return LKE_ERR_INVAL;
	k.bits = (unsigned)k.len * 8 - (unsigned)(__builtin_clz(k.modulus[0]) - 24);
	if (k.bits < RSA_BITS_MIN || k.bits > RSA_BITS_MAX)
		return LKE_ERR_INVAL;
	*ret = mem_zalloc(sizeof(**ret));
	if (!*ret)
		return LKE_ERR_NOMEM;
	**ret = k;
	return 0;
}

/* The stream, and behind it the key of the tag; both from modulus and counter. */
static int streams(const uint8_t *modulus, size_t len, uint64_t counter, uint8_t *ret, size_t n)
{
	return expand(modulus, len, counter, ret, n);
}

static int tag_of(const uint8_t *key, const uint8_t *ct, size_t len, uint8_t ret[TAG])
{
	const struct iov_part part = { ct, len - TAG };

	return hmac_sha1(key, 16, &part, 1, ret);
}

int rsa_pub_encrypt(const uint8_t *der, size_t len, const uint8_t *plain, size_t plain_len,
		    uint8_t *ret_ct, size_t ct_size, size_t *ret_ct_len)
{
	uint8_t stream[RSA_MODULUS_MAX + 16] = { 0 }, body[RSA_MODULUS_MAX];
	size_t i, room;
	struct spki x;
	struct wr w;
	int err;

	if (spki_parse(der, len, &x) || ct_size < x.modulus_len)
		return LKE_ERR_INVAL;
	if (plain_len > x.modulus_len - OVERHEAD)
		return LKE_ERR_CRYPTO;
	room = x.modulus_len - HEAD - TAG;
	w = wr_init(body, room);
	wr_u16(&w, (uint16_t)plain_len);
	wr_bytes(&w, plain, plain_len);
	wr_zero(&w, room - w.off);
	ciphertexts++;
	err = streams(x.modulus, x.modulus_len, ciphertexts, stream, room + 16);
	w = wr_init(ret_ct, ct_size);
	wr_u8(&w, 0); /* less than the modulus, as a real one */
	wr_u32(&w, (uint32_t)(ciphertexts >> 32));
	wr_u32(&w, (uint32_t)ciphertexts);
	for (i = 0; i < room; i++)
		wr_u8(&w, body[i] ^ stream[i]);
	if (!err)
		err = tag_of(stream + room, ret_ct, x.modulus_len, ret_ct + HEAD + room);
	if (!err)
		*ret_ct_len = x.modulus_len;
	return err;
}

int rsa_key_decrypt(const struct rsa_key *k, const uint8_t *ct, size_t ct_len, uint8_t *ret_plain,
		    size_t size, size_t *ret_len)
{
	uint8_t stream[RSA_MODULUS_MAX + 16], body[RSA_MODULUS_MAX], tag[TAG];
	struct rd r = rd_init(ct, ct_len);
	size_t i, n, room = k->len - HEAD - TAG;
	uint64_t counter;

	if (ct_len != k->len || rd_u8(&r) != 0)
		return LKE_ERR_CRYPTO;
	counter = (uint64_t)rd_u32(&r) << 32;
	counter |= rd_u32(&r);
	if (streams(k->modulus, k->len, counter, stream, room + 16) ||
	    tag_of(stream + room, ct, ct_len, tag) || !mem_eq_ct(tag, ct + HEAD + room, TAG))
		return LKE_ERR_CRYPTO;
	for (i = 0; i < room; i++)
		body[i] = ct[HEAD + i] ^ stream[i];
	r = rd_init(body, room);
	n = rd_u16(&r);
	if (n > size || n > rd_left(&r))
		return LKE_ERR_CRYPTO;
	rd_bytes(&r, ret_plain, n);
	*ret_len = n;
	return 0;
}

unsigned rsa_key_measure(const struct rsa_key *k)
{
	/* About what one core does; the same in every run. */
	return k->bits <= 1024 ? 8000 : k->bits <= 2048 ? 1500 : 250;
}

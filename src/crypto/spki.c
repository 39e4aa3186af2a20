/* SPDX-License-Identifier: ISC */
#include "crypto/spki.h"

#include <string.h>

#include "base/cursor.h"

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30 };

/* AlgorithmIdentifier: SEQUENCE { OID 1.2.840.113549.1.1.1, NULL } */
static const uint8_t rsa_encryption[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

/* A reader over the contents of the next element if it has this tag; the length is in its shortest
 * form. */
static struct rd element(struct rd *r, uint8_t tag)
{
	size_t n;
	uint8_t first;

	if (rd_u8(r) != tag)
		r->err = true;
	first = rd_u8(r);
	n = first;
	if (first == 0x81) {
		n = rd_u8(r);
		r->err |= n < 0x80;
	} else if (first == 0x82) {
		n = rd_u16(r);
		r->err |= n < 0x100;
	} else if (first >= 0x80) {
		r->err = true; /* indefinite, or longer than any key we take */
	}
	return rd_sub(r, n);
}

/* A positive INTEGER in its shortest form, without the sign octet. */
static const uint8_t *positive(struct rd *r, size_t *ret_len)
{
	struct rd x = element(r, DER_INTEGER);
	size_t n = rd_left(&x);
	const uint8_t *p = rd_view(&x, n);

	if (!p || n == 0 || (p[0] & 0x80))
		goto bad;
	if (p[0] == 0) {
		if (n < 2 || !(p[1] & 0x80))
			goto bad;
		p++;
		n--;
	}
	*ret_len = n;
	return p;
bad:
	r->err = true;
	return NULL;
}

/* The contents of an RSAPublicKey. */
static int parse_key(struct rd *r, struct spki *ret)
{
	size_t n_len = 0, e_len = 0, i;
	const uint8_t *n = positive(r, &n_len), *e = positive(r, &e_len);

	if (r->err || rd_left(r) || !n || !e || e_len > 4 || n_len > RSA_MODULUS_MAX)
		return LKE_ERR_INVAL;
	ret->modulus = n;
	ret->modulus_len = n_len;
	ret->bits = (unsigned)n_len * 8 - (unsigned)(__builtin_clz(n[0]) - 24);
	ret->exponent = 0;
	for (i = 0; i < e_len; i++)
		ret->exponent = ret->exponent << 8 | e[i];
	if (ret->bits < RSA_BITS_MIN || ret->bits > RSA_BITS_MAX || !(n[n_len - 1] & 1))
		return LKE_ERR_INVAL;
	if (ret->exponent < 3 || !(ret->exponent & 1))
		return LKE_ERR_INVAL;
	return 0;
}

/* What stands in a SubjectPublicKeyInfo: the algorithm and the key in whole octets. */
static int parse_info(struct rd *r, struct spki *ret)
{
	const uint8_t *alg = rd_view(r, sizeof(rsa_encryption));
	struct rd bits, key;

	if (!alg || memcmp(alg, rsa_encryption, sizeof(rsa_encryption)) != 0)
		return LKE_ERR_INVAL;
	bits = element(r, DER_BIT_STRING);
	if (rd_u8(&bits) != 0)
		return LKE_ERR_INVAL;
	key = element(&bits, DER_SEQUENCE);
	if (r->err || bits.err || rd_left(r) || rd_left(&bits))
		return LKE_ERR_INVAL;
	return parse_key(&key, ret);
}

int spki_parse(const uint8_t *der, size_t len, struct spki *ret)
{
	struct rd r = rd_init(der, len), body = element(&r, DER_SEQUENCE);
	struct spki x = { 0 };
	int err;

	if (r.err || rd_left(&body) < 1)
		return LKE_ERR_INVAL;
	err = body.p[0] == DER_INTEGER ? parse_key(&body, &x) : parse_info(&body, &x);
	if (err)
		return err;
	x.der_len = r.off;
	*ret = x;
	return 0;
}

int rsa_pub_check(const uint8_t *der, size_t len, struct rsa_pub_info *ret)
{
	struct spki x;
	int err = spki_parse(der, len, &x);

	if (err)
		return err;
	*ret = (struct rsa_pub_info){
		.bits = x.bits,
		.modulus_len = (uint16_t)x.modulus_len,
		.der_len = x.der_len,
		.weak_exponent = x.exponent < 65537,
	};
	return 0;
}

/* Tag and a length of two octets: every key we write is long enough for that. */
static void put_long(struct wr *w, uint8_t tag, size_t n)
{
	wr_u8(w, tag);
	if (n < 0x100) {
		wr_u8(w, 0x81);
		wr_u8(w, (uint8_t)n);
	} else {
		wr_u8(w, 0x82);
		wr_u16(w, (uint16_t)n);
	}
}

static size_t long_size(size_t n)
{
	return n + (n < 0x100 ? 3 : 4);
}

int spki_write(const uint8_t *modulus, size_t modulus_len, uint8_t *buf, size_t size,
	       size_t *ret_len)
{
	static const uint8_t e65537[] = { DER_INTEGER, 3, 1, 0, 1 };
	struct wr w = wr_init(buf, size);
	size_t sign = modulus[0] >> 7, n = modulus_len + sign, key = long_size(n) + sizeof(e65537);

	put_long(&w, DER_SEQUENCE, sizeof(rsa_encryption) + long_size(1 + long_size(key)));
	wr_bytes(&w, rsa_encryption, sizeof(rsa_encryption));
	put_long(&w, DER_BIT_STRING, 1 + long_size(key));
	wr_u8(&w, 0);
	put_long(&w, DER_SEQUENCE, key);
	put_long(&w, DER_INTEGER, n);
	wr_zero(&w, sign);
	wr_bytes(&w, modulus, modulus_len);
	wr_bytes(&w, e65537, sizeof(e65537));
	if (w.err)
		return LKE_ERR_SPACE;
	*ret_len = w.off;
	return 0;
}

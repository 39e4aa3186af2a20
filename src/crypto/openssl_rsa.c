/* SPDX-License-Identifier: ISC */
/* The private half of RSA, on OpenSSL EVP. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "crypto/crypto.h"
#include "crypto/openssl_priv.h"

struct rsa_key {
	EVP_PKEY *pkey;
};

static int failed(int err)
{
	ERR_clear_error();
	return err;
}

void rsa_key_free(struct rsa_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey); /* clears the private numbers */
	mem_free(k);
}

unsigned rsa_key_bits(const struct rsa_key *k)
{
	return (unsigned)EVP_PKEY_get_bits(k->pkey);
}

/* What goes out must come back: finds damaged key files before the first mobile node does. */
static int self_test(const struct rsa_key *k)
{
	static const uint8_t plain[LKE_KBM_LEN] = "key self test 16";
	uint8_t spki[RSA_SPKI_MAX], ct[RSA_MODULUS_MAX], back[LKE_KBM_LEN];
	struct rsa_pub_info info;
	size_t spki_len, ct_len, n;
	int err = rsa_key_spki(k, spki, sizeof(spki), &spki_len);

	if (err || rsa_pub_check(spki, spki_len, &info))
		return LKE_ERR_INVAL;
	err = rsa_pub_encrypt(spki, spki_len, plain, sizeof(plain), ct, sizeof(ct), &ct_len);
	if (err)
		return err;
	err = rsa_key_decrypt(k, ct, ct_len, back, sizeof(back), &n);
	if (err || n != sizeof(plain) || memcmp(back, plain, n) != 0)
		return LKE_ERR_INVAL;
	return 0;
}

/* Takes pkey, also when it fails. */
static int wrap(EVP_PKEY *pkey, struct rsa_key **ret)
{
	struct rsa_key *k = mem_zalloc(sizeof(*k));
	int err;

	if (!k) {
		EVP_PKEY_free(pkey);
		return LKE_ERR_NOMEM;
	}
	k->pkey = pkey;
	err = self_test(k);
	if (err) {
		rsa_key_free(k);
		return failed(err);
	}
	*ret = k;
	return 0;
}

int rsa_key_generate(unsigned bits, struct rsa_key **ret)
{
	EVP_PKEY *pkey;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return LKE_ERR_INVAL;
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	if (!pkey)
		return failed(LKE_ERR_CRYPTO);
	return wrap(pkey, ret);
}

/* An encrypted file is refused; nobody is asked for a pass phrase. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static bool has_private(const EVP_PKEY *pkey)
{
	BIGNUM *d = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_D, &d) == 1;

	BN_clear_free(d);
	return ok;
}

static bool mentions(const char *pem, size_t len, const char *word)
{
	return memmem(pem, len, word, strlen(word)) != NULL;
}

/* Why the decoder found no key pair, as far as the lines around the numbers tell. */
static const char *undecodable(const char *pem, size_t len)
{
	if (mentions(pem, len, "ENCRYPTED"))
		return "is encrypted; nobody can be asked for its pass phrase: decrypt it with "
		       "openssl pkey -in FILE -out FILE";
	if (mentions(pem, len, "PUBLIC KEY"))
		return "holds only a public key; the private key is needed";
	if (!mentions(pem, len, "PRIVATE KEY"))
		return "is no PEM file of a private key; make one with openssl genrsa -out FILE "
		       "2048";
	return "holds no RSA key that can be read; make one with openssl genrsa -out FILE 2048";
}

static const char *unusable(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (bits < RSA_BITS_MIN)
		return "holds an RSA key below 1024 bits, which can be broken; make one with "
		       "openssl genrsa -out FILE 2048";
	if (bits > RSA_BITS_MAX)
		return "holds an RSA key above 4096 bits, which does not fit the protocol; make "
		       "one with openssl genrsa -out FILE 2048";
	return has_private(pkey) ? NULL : "holds only a public key; the private key is needed";
}

static EVP_PKEY *decode_pem(const char *pem, size_t len)
{
	const unsigned char *p = (const unsigned char *)pem;
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", NULL, "RSA",
							      EVP_PKEY_KEYPAIR, NULL, NULL);

	if (ctx && OSSL_DECODER_CTX_set_pem_password_cb(ctx, no_password, NULL) == 1 &&
	    OSSL_DECODER_from_data(ctx, &p, &len) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	OSSL_DECODER_CTX_free(ctx);
	return pkey;
}

int rsa_key_load_pem(const char *pem, size_t len, struct rsa_key **ret, const char **ret_why)
{
	EVP_PKEY *pkey = decode_pem(pem, len);
	const char *why = pkey ? unusable(pkey) : undecodable(pem, len);
	int err;

	if (why) {
		EVP_PKEY_free(pkey);
		err = failed(LKE_ERR_INVAL);
	} else {
		err = wrap(pkey, ret);
		why = "holds numbers that do not belong together: what it encrypts does not come "
		      "back; make a key with openssl genrsa -out FILE 2048";
	}
	if (err < 0 && ret_why)
		*ret_why = why;
	return err;
}

/* Encodes into a buffer of OpenSSL's, which is cleansed after the copy. */
static int encode(const struct rsa_key *k, int selection, const char *format, const char *structure,
		  void *buf, size_t size, size_t *ret_len)
{
	OSSL_ENCODER_CTX *ctx;
	unsigned char *data = NULL;
	size_t len = 0;
	int err = 0;

	ctx = OSSL_ENCODER_CTX_new_for_pkey(k->pkey, selection, format, structure, NULL);
	if (!ctx || OSSL_ENCODER_to_data(ctx, &data, &len) != 1)
		err = failed(LKE_ERR_CRYPTO);
	else if (len > size)
		err = LKE_ERR_SPACE;
	OSSL_ENCODER_CTX_free(ctx);
	if (!err) {
		memcpy(buf, data, len);
		*ret_len = len;
	}
	OPENSSL_clear_free(data, len);
	return err;
}

int rsa_key_save_pem(const struct rsa_key *k, char *buf, size_t size, size_t *ret_len)
{
	return encode(k, EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo", buf, size, ret_len);
}

int rsa_key_spki(const struct rsa_key *k, uint8_t *buf, size_t size, size_t *ret_len)
{
	return encode(k, EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo", buf, size, ret_len);
}

enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };
static const char *const number_name[NUMBERS] = {
	OSSL_PKEY_PARAM_RSA_N,	       OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,	       OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* The other numbers of a key whose P, Q and E are set (RFC 8017 3.2). */
static bool derive(BIGNUM *x[NUMBERS], BN_CTX *c)
{
	BIGNUM *p1 = BN_new(), *q1 = BN_new(), *phi = BN_new();
	bool ok = p1 && q1 && phi && BN_sub(p1, x[P], BN_value_one()) &&
		  BN_sub(q1, x[Q], BN_value_one()) && BN_mul(phi, p1, q1, c) &&
		  BN_mul(x[N], x[P], x[Q], c) && BN_mod_inverse(x[D], x[E], phi, c) &&
		  BN_mod(x[DP], x[D], p1, c) && BN_mod(x[DQ], x[D], q1, c) &&
		  BN_mod_inverse(x[QINV], x[Q], x[P], c);

	BN_clear_free(p1);
	BN_clear_free(q1);
	BN_clear_free(phi);
	return ok;
}

int rsa_key_from_primes(const uint8_t *p, const uint8_t *q, size_t prime_len, uint32_t e,
			struct rsa_key **ret)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BN_CTX *c = BN_CTX_new();
	BIGNUM *x[NUMBERS];
	EVP_PKEY *pkey = NULL;
	bool ok = bld && c && prime_len <= RSA_MODULUS_MAX / 2;
	int i;

	for (i = 0; i < NUMBERS; i++) {
		x[i] = BN_new();
		ok = ok && x[i];
	}
	ok = ok && BN_bin2bn(p, (int)prime_len, x[P]) && BN_bin2bn(q, (int)prime_len, x[Q]) &&
	     BN_set_word(x[E], e) && derive(x, c);
	for (i = 0; ok && i < NUMBERS; i++)
		ok = OSSL_PARAM_BLD_push_BN(bld, number_name[i], x[i]) == 1;
	if (ok)
		pkey = openssl_key_from(bld, EVP_PKEY_KEYPAIR);
	for (i = 0; i < NUMBERS; i++)
		BN_clear_free(x[i]);
	BN_CTX_free(c);
	OSSL_PARAM_BLD_free(bld);
	return pkey ? wrap(pkey, ret) : failed(LKE_ERR_INVAL);
}

int rsa_key_decrypt(const struct rsa_key *k, const uint8_t *ct, size_t ct_len, uint8_t *ret_plain,
		    size_t size, size_t *ret_len)
{
	uint8_t plain[RSA_MODULUS_MAX];
	size_t n = sizeof(plain);
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (ct_len != (size_t)EVP_PKEY_get_size(k->pkey))
		return LKE_ERR_CRYPTO;
	/* A context of its own: what is shared between threads is only the key, which does not
	 * change. */
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	ok = ctx && EVP_PKEY_decrypt_init(ctx) > 0 && openssl_set_oaep(ctx) &&
	     EVP_PKEY_decrypt(ctx, plain, &n, ct, ct_len) > 0 && n <= size;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (ok) {
		memcpy(ret_plain, plain, n);
		*ret_len = n;
	}
	mem_wipe(plain, sizeof(plain));
	return ok ? 0 : LKE_ERR_CRYPTO;
}

/* Processor time of this thread, so that a busy machine does not look like a slow one. */
static uint64_t cpu_ns(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * LKE_SEC + (uint64_t)ts.tv_nsec;
}

unsigned rsa_key_measure(const struct rsa_key *k)
{
	static const uint8_t plain[LKE_KBM_LEN];
	uint8_t spki[RSA_SPKI_MAX], ct[RSA_MODULUS_MAX], back[LKE_KBM_LEN];
	size_t spki_len, ct_len, n;
	uint64_t start, spent;
	unsigned ops = 0;

	if (rsa_key_spki(k, spki, sizeof(spki), &spki_len) ||
	    rsa_pub_encrypt(spki, spki_len, plain, sizeof(plain), ct, sizeof(ct), &ct_len))
		return 1;
	start = cpu_ns();
	do {
		if (rsa_key_decrypt(k, ct, ct_len, back, sizeof(back), &n))
			return 1;
		ops++;
		spent = cpu_ns() - start;
	} while (spent < 20 * LKE_MSEC && ops < 100000);
	return spent ? (unsigned)((uint64_t)ops * LKE_SEC / spent) : ops;
}

/* SPDX-License-Identifier: ISC */
/* Randomness of the system and the public half of RSA, on OpenSSL EVP. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "crypto/openssl_priv.h"
#include "crypto/spki.h"

int system_random(void *buf, size_t n)
{
	if (n > INT32_MAX || RAND_bytes(buf, (int)n) != 1) {
		ERR_clear_error();
		return LKE_ERR_CRYPTO;
	}
	return 0;
}

EVP_PKEY *openssl_key_from(OSSL_PARAM_BLD *bld, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *public_key(const struct spki *x)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(x->modulus, (int)x->modulus_len, NULL), *e = BN_new();
	EVP_PKEY *key = NULL;

	if (bld && n && e && BN_set_word(e, x->exponent) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		key = openssl_key_from(bld, EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return key;
}

bool openssl_set_oaep(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA1", NULL) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA1", NULL) > 0;
}

int rsa_pub_encrypt(const uint8_t *der, size_t len, const uint8_t *plain, size_t plain_len,
		    uint8_t *ret_ct, size_t ct_size, size_t *ret_ct_len)
{
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	struct spki x;
	size_t n = ct_size;
	bool ok;

	if (spki_parse(der, len, &x) || ct_size < x.modulus_len)
		return LKE_ERR_INVAL;
	key = public_key(&x);
	if (key)
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 && openssl_set_oaep(ctx) &&
	     EVP_PKEY_encrypt(ctx, ret_ct, &n, plain, plain_len) > 0 && n == x.modulus_len;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!ok) {
		ERR_clear_error();
		return LKE_ERR_CRYPTO;
	}
	*ret_ct_len = n;
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* HMAC, SHA-256 and AES on OpenSSL EVP.  The real and the fake library share this file. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"

struct hmac {
	EVP_MAC_CTX *ctx;
	size_t len;
};

/* Fetching costs more than a MAC: once for the process, never given back. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MAC *mac_hmac;
static EVP_MD *md_sha256;
static EVP_CIPHER *cipher_cbc[3];

static void fetch(void)
{
	mac_hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cipher_cbc[0] = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	cipher_cbc[1] = EVP_CIPHER_fetch(NULL, "AES-192-CBC", NULL);
	cipher_cbc[2] = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
}

/* The error queue is per thread and nobody reads it: empty it, so that it does not grow. */
static int failed(void)
{
	ERR_clear_error();
	return LKE_ERR_CRYPTO;
}

static int ctx_new(const char *digest, const void *key, size_t key_len, EVP_MAC_CTX **ret)
{
	char name[16];
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx;

	if (!CRYPTO_THREAD_run_once(&once, fetch) || !mac_hmac)
		return failed();
	ctx = EVP_MAC_CTX_new(mac_hmac);
	if (!ctx) {
		ERR_clear_error();
		return LKE_ERR_NOMEM;
	}
	str_copy(name, sizeof(name), digest);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	/* A NULL key would mean "keep the old one"; an empty key is legal. */
	if (!EVP_MAC_init(ctx, key_len ? key : "", key_len, params)) {
		EVP_MAC_CTX_free(ctx);
		return failed();
	}
	*ret = ctx;
	return 0;
}

static int hmac_new(const char *digest, size_t len, const void *key, size_t key_len,
		    struct hmac **ret)
{
	struct hmac *h = mem_zalloc(sizeof(*h));
	int err;

	if (!h)
		return LKE_ERR_NOMEM;
	h->len = len;
	err = ctx_new(digest, key, key_len, &h->ctx);
	if (err) {
		mem_free(h);
		return err;
	}
	*ret = h;
	return 0;
}

int hmac_sha1_new(const void *key, size_t key_len, struct hmac **ret)
{
	return hmac_new("SHA1", SHA1_LEN, key, key_len, ret);
}

int hmac_sha256_new(const void *key, size_t key_len, struct hmac **ret)
{
	return hmac_new("SHA256", SHA256_LEN, key, key_len, ret);
}

void hmac_free(struct hmac *h)
{
	if (!h)
		return;
	EVP_MAC_CTX_free(h->ctx); /* cleanses the key schedule */
	mem_free_wipe(h, sizeof(*h));
}

static int run(EVP_MAC_CTX *ctx, const struct iov_part *part, size_t n, size_t len,
	       uint8_t *ret_mac)
{
	uint8_t mac[SHA256_LEN];
	size_t i, out;

	for (i = 0; i < n; i++) {
		if (part[i].n && !EVP_MAC_update(ctx, part[i].p, part[i].n))
			return failed();
	}
	if (!EVP_MAC_final(ctx, mac, &out, sizeof(mac)) || out != len)
		return failed();
	for (i = 0; i < len; i++)
		ret_mac[i] = mac[i];
	mem_wipe(mac, sizeof(mac));
	return 0;
}

int hmac_compute(struct hmac *h, const struct iov_part *part, size_t n, uint8_t *ret_mac)
{
	/* Without a key: start again with the one it has, whatever became of the last computation.
	 */
	if (!EVP_MAC_init(h->ctx, NULL, 0, NULL))
		return failed();
	return run(h->ctx, part, n, h->len, ret_mac);
}

int hmac_sha1(const void *key, size_t key_len, const struct iov_part *part, size_t n,
	      uint8_t ret_mac[SHA1_LEN])
{
	EVP_MAC_CTX *ctx;
	int err = ctx_new("SHA1", key, key_len, &ctx);

	if (err)
		return err;
	err = run(ctx, part, n, SHA1_LEN, ret_mac);
	EVP_MAC_CTX_free(ctx);
	return err;
}

int sha256(const void *p, size_t n, uint8_t ret[SHA256_LEN])
{
	if (!CRYPTO_THREAD_run_once(&once, fetch) || !md_sha256)
		return failed();
	if (!EVP_Digest(n ? p : "", n, ret, NULL, md_sha256, NULL))
		return failed();
	return 0;
}

static bool cbc_run(EVP_CIPHER_CTX *ctx, bool encrypt, const EVP_CIPHER *cipher, const uint8_t *key,
		    const uint8_t *iv, const uint8_t *in, int len, uint8_t *out)
{
	int n = 0, rest = 0;

	return EVP_CipherInit_ex2(ctx, cipher, key, iv, encrypt, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) && EVP_CipherUpdate(ctx, out, &n, in, len) &&
	       EVP_CipherFinal_ex(ctx, out + n, &rest) && n + rest == len;
}

int aes_cbc(bool encrypt, const uint8_t *key, size_t key_len, const uint8_t iv[AES_BLOCK],
	    const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	bool ok;

	if ((key_len != 16 && key_len != 24 && key_len != 32) || len % AES_BLOCK || len > INT32_MAX)
		return LKE_ERR_INVAL;
	if (len == 0)
		return 0;
	if (!CRYPTO_THREAD_run_once(&once, fetch) || !cipher_cbc[key_len / 8 - 2])
		return failed();
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx) {
		ERR_clear_error();
		return LKE_ERR_NOMEM;
	}
	ok = cbc_run(ctx, encrypt, cipher_cbc[key_len / 8 - 2], key, iv, in, (int)len, out);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : failed();
}

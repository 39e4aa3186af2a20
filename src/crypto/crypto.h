/* SPDX-License-Identifier: ISC */
/*
 * The small interface to the crypto library.  openssl.c implements it on OpenSSL 3 EVP; fake.c
 * implements the same symbols deterministically for tests and the simulator (its HMACs are real
 * SHA-1/SHA-256 HMACs, its RSA is a reversible toy that needs no big numbers).  Link one of the
 * two. Everything returns 0 or LKE_ERR_CRYPTO / LKE_ERR_NOMEM / LKE_ERR_INVAL.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "lke/config.h"
#include "lke/error.h"
#include "lke/types.h"

#define SHA1_LEN   20
#define SHA256_LEN 32
#define AES_BLOCK  16

struct iov_part {
	const void *p;
	size_t n;
};

/* --- HMAC (RFC 2104) --- */
/* A keyed context, kept for the life of a key (twice as fast as one-shot HMAC).  free wipes; NULL
 * allowed. */
struct hmac;
int hmac_sha1_new(const void *key, size_t key_len, struct hmac **ret);
int hmac_sha256_new(const void *key, size_t key_len, struct hmac **ret);
void hmac_free(struct hmac *h);
/* MAC over the concatenation of n parts; ret_mac has SHA1_LEN or SHA256_LEN octets. */
int hmac_compute(struct hmac *h, const struct iov_part *part, size_t n, uint8_t *ret_mac);
/* One-shot with a fresh key (pre-fetched context inside). */
int hmac_sha1(const void *key, size_t key_len, const struct iov_part *part, size_t n,
	      uint8_t ret_mac[SHA1_LEN]);

int sha256(const void *p, size_t n, uint8_t ret[SHA256_LEN]);

/* --- AES-CBC without padding; len is a multiple of AES_BLOCK; in == out allowed --- */
int aes_cbc(bool encrypt, const uint8_t *key, size_t key_len, const uint8_t iv[AES_BLOCK],
	    const uint8_t *in, size_t len, uint8_t *out);

/* --- Deterministic generator of the engine, seeded from outside (AMB-136).  SHA-256 in counter
 * mode with backtracking protection.  --- */
struct drbg {
	uint8_t state[32];
	uint64_t counter;
};
void drbg_init(struct drbg *d, const uint8_t seed[32]);
void drbg_mix(struct drbg *d, const uint8_t entropy[32]);
int drbg_bytes(struct drbg *d, void *buf, size_t n);

/* The system's generator (RAND_bytes / getrandom); fails closed.  Not used below the daemon. */
int system_random(void *buf, size_t n);

/* --- RSA (draft 2.1(a), 3.1.1; AMB-010, 013, 063, 064) --- */
#define RSA_BITS_MIN	1024
#define RSA_BITS_MAX	4096
#define RSA_MODULUS_MAX (RSA_BITS_MAX / 8)
#define RSA_SPKI_MAX	640

struct rsa_pub_info {
	unsigned bits;
	uint16_t modulus_len; /* octets */
	size_t der_len;	      /* of the one DER object; what follows is padding */
	bool weak_exponent;   /* e < 65537: logged */
};
/*
 * Checks a public key of an LKE Capability option: exactly one strict DER SubjectPublicKeyInfo
 * (rsaEncryption) or PKCS#1 RSAPublicKey, modulus RSA_BITS_MIN..RSA_BITS_MAX, exponent odd, 3 <= e
 * < 2^32. 0 or LKE_ERR_INVAL.  der may be longer than the object.
 */
int rsa_pub_check(const uint8_t *der, size_t len, struct rsa_pub_info *ret);
/* RSAES-OAEP (SHA-1, MGF1-SHA-1, empty label).  ret_ct has modulus_len octets. */
int rsa_pub_encrypt(const uint8_t *der, size_t len, const uint8_t *plain, size_t plain_len,
		    uint8_t *ret_ct, size_t ct_size, size_t *ret_ct_len);

struct rsa_key; /* a private key; free wipes */
int rsa_key_generate(unsigned bits, struct rsa_key **ret);
/* PEM (PKCS#8 or PKCS#1), not encrypted; refuses sizes out of range; self-test by encrypt/decrypt.
 * LKE_ERR_INVAL: what is wrong with the file and what to do about it in *ret_why (a static string;
 * NULL is allowed). */
int rsa_key_load_pem(const char *pem, size_t len, struct rsa_key **ret, const char **ret_why);
int rsa_key_save_pem(const struct rsa_key *k, char *buf, size_t size, size_t *ret_len);
/* From primes p, q and e, for test vectors. */
int rsa_key_from_primes(const uint8_t *p, const uint8_t *q, size_t prime_len, uint32_t e,
			struct rsa_key **ret);
void rsa_key_free(struct rsa_key *k);
unsigned rsa_key_bits(const struct rsa_key *k);
int rsa_key_spki(const struct rsa_key *k, uint8_t *buf, size_t size, size_t *ret_len);
/*
 * OAEP decryption.  Thread-safe for one key in one thread at a time.  0, or LKE_ERR_CRYPTO for
 * every failure alike (no oracle).  ret_plain has size octets; the plaintext's length comes back in
 * ret_len.
 */
int rsa_key_decrypt(const struct rsa_key *k, const uint8_t *ct, size_t ct_len, uint8_t *ret_plain,
		    size_t size, size_t *ret_len);
/* Private operations a core does in a second, measured for about 20 ms. */
unsigned rsa_key_measure(const struct rsa_key *k);

#endif

/* SPDX-License-Identifier: ISC */
/* Strict DER of RSA public keys.  AMB-010, RFC 8017 A.1.1, RFC 3279 2.3.1. */
#ifndef CRYPTO_SPKI_H
#define CRYPTO_SPKI_H

#include "crypto/crypto.h"

struct spki {
	const uint8_t *modulus; /* into the input; no leading zero */
	size_t modulus_len;
	uint32_t exponent;
	unsigned bits;
	size_t der_len;
};

/*
 * Reads the one object at the start of der: SubjectPublicKeyInfo with rsaEncryption and NULL
 * parameters, or PKCS#1 RSAPublicKey.  Sizes are within RSA_BITS_MIN..RSA_BITS_MAX.  0 or
 * LKE_ERR_INVAL.
 */
int spki_parse(const uint8_t *der, size_t len, struct spki *ret);

/* SubjectPublicKeyInfo of a modulus (no leading zero) and 65537.  0 or LKE_ERR_SPACE. */
int spki_write(const uint8_t *modulus, size_t modulus_len, uint8_t *buf, size_t size,
	       size_t *ret_len);

#endif

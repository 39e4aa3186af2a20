/* SPDX-License-Identifier: ISC */
/* What openssl.c and openssl_rsa.c share. */
#ifndef CRYPTO_OPENSSL_PRIV_H
#define CRYPTO_OPENSSL_PRIV_H

#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdbool.h>

/* A key of the pushed parameters, or NULL; the caller owns it and bld. */
EVP_PKEY *openssl_key_from(OSSL_PARAM_BLD *bld, int selection);

/* RSAES-OAEP, SHA-1, MGF1-SHA-1, empty label (AMB-013). */
bool openssl_set_oaep(EVP_PKEY_CTX *ctx);

#endif

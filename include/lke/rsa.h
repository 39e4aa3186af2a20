/* SPDX-License-Identifier: ISC */
/*
 * RSA on OpenSSL for programs that run an engine: the key pair of an access router, and carrying
 * out the two actions that the engine leaves to the world because they are slow (LKE_ACT_ENCRYPT,
 * LKE_ACT_DECRYPT).
 */
#ifndef LKE_RSA_H
#define LKE_RSA_H

#include "lke/action.h"
#include "lke/event.h"

#define LKE_RSA_SPKI_MAX    640 /* octets of a DER SubjectPublicKeyInfo, 4096 bits */
#define LKE_RSA_MODULUS_MAX 512

struct rsa_key;

/* A new key pair of 1024..4096 bits.  0 or LKE_ERR_*. */
int lke_rsa_generate(unsigned bits, struct rsa_key **ret) __attribute__((warn_unused_result));
void lke_rsa_free(struct rsa_key *k); /* wipes; NULL is allowed */

/* Fills in an LKE_EV_RSA_KEY event for an access router's engine; ret_spki holds the octets it
 * points to. */
int lke_rsa_key_event(const struct rsa_key *k, uint32_t key_id, uint8_t ret_spki[LKE_RSA_SPKI_MAX],
		      struct lke_event *ret) __attribute__((warn_unused_result));

/*
 * Carries out an LKE_ACT_ENCRYPT (k may be NULL) or LKE_ACT_DECRYPT and fills in the LKE_EV_RESULT
 * event, with its error if it failed; ret_buf holds the octets it points to, wipe it after use.
 * Takes milliseconds: a program that forwards packets does this in another thread.
 */
void lke_rsa_carry_out(const struct rsa_key *k, const struct lke_action *a,
		       uint8_t ret_buf[LKE_RSA_MODULUS_MAX], struct lke_event *ret);

#endif

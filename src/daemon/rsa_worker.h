/* SPDX-License-Identifier: ISC */
/* RSA operations in a thread of their own, so that packets never wait for them. */
#ifndef DAEMON_RSA_WORKER_H
#define DAEMON_RSA_WORKER_H

#include "crypto/crypto.h"
#include "lke/action.h"

#define RSA_WORKER_QUEUE 256 /* jobs waiting or answered but not fetched */

struct rsa_worker;

struct rsa_answer {
	uint64_t cookie;
	int err; /* 0 or enum lke_error */
	uint8_t data[RSA_MODULUS_MAX];
	size_t len;
};

/* key: borrowed, NULL when this host is no access router; used by the thread alone until
 * rsa_worker_free(). */
int rsa_worker_new(const struct rsa_key *key, struct rsa_worker **ret);
void rsa_worker_free(struct rsa_worker *w);    /* stops the thread, wipes */
int rsa_worker_fd(const struct rsa_worker *w); /* readable when an answer waits */
/* 0, LKE_ERR_INVAL or LKE_ERR_FULL: then there is no answer. */
int rsa_worker_decrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_decrypt *job);
int rsa_worker_encrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_encrypt *job);
/* The oldest answer; false when there is none.  The caller wipes it. */
bool rsa_worker_next(struct rsa_worker *w, struct rsa_answer *ret);

#endif

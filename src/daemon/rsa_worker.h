/* SPDX-License-Identifier: ISC */
/* RSA operations in a thread of their own, so that packets never wait for them. */
#ifndef DAEMON_RSA_WORKER_H
#define DAEMON_RSA_WORKER_H

#include "crypto/crypto.h"
#include "lke/action.h"

#define RSA_WORKER_QUEUE 256 /* jobs waiting or answered but not fetched */
#define RSA_WORKER_KEYS	 3   /* current, previous, and one that is being dropped */

struct rsa_worker;

struct rsa_answer {
	uint64_t cookie;
	int err; /* 0 or enum lke_error */
	uint8_t data[RSA_MODULUS_MAX];
	size_t len;
};

int rsa_worker_new(struct rsa_worker **ret);
void rsa_worker_free(struct rsa_worker *w);    /* stops the thread, wipes; NULL is allowed */
int rsa_worker_fd(const struct rsa_worker *w); /* readable when an answer or a new key waits */

/* Takes the key (also when it fails), used by the thread alone until it is dropped.  0, or
 * LKE_ERR_FULL. */
int rsa_worker_add(struct rsa_worker *w, uint32_t key_id, struct rsa_key *key);
/* Identifiers of the keys, ascending; returns their number. */
unsigned rsa_worker_ids(struct rsa_worker *w, uint32_t ret[RSA_WORKER_KEYS]);
/* The key as rsa_key_save_pem() writes it; LKE_ERR_NOENT when there is none. */
int rsa_worker_pem(struct rsa_worker *w, uint32_t key_id, char *buf, size_t size, size_t *ret_len);
/* Wipes the key; jobs for it that still wait fail. */
void rsa_worker_drop(struct rsa_worker *w, uint32_t key_id);

/* 0, LKE_ERR_INVAL or LKE_ERR_FULL: then there is no answer. */
int rsa_worker_decrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_decrypt *job);
int rsa_worker_encrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_encrypt *job);
/* The oldest answer; false when there is none.  The caller wipes it. */
bool rsa_worker_next(struct rsa_worker *w, struct rsa_answer *ret);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Makes one RSA key pair in a thread of its own with the lowest priority: it takes seconds, during
 * which neither packets nor private operations wait.
 */
#ifndef DAEMON_RSA_MAKER_H
#define DAEMON_RSA_MAKER_H

#include "crypto/crypto.h"

struct rsa_maker;

/* Starts.  0, LKE_ERR_NOMEM or LKE_ERR_SYS. */
int rsa_maker_new(unsigned bits, struct rsa_maker **ret);
int rsa_maker_fd(const struct rsa_maker *m); /* readable when it has ended */
/* After the end: 0 with the key, which is the caller's, and the private operations a core does in a
 * second; or LKE_ERR_*. */
int rsa_maker_take(struct rsa_maker *m, struct rsa_key **ret, unsigned *ret_ops);
/* At any time; a thread that still runs ends by itself.  NULL is allowed. */
void rsa_maker_free(struct rsa_maker *m);

#endif

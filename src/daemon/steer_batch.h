/* SPDX-License-Identifier: ISC */
/*
 * Elements of the steering table that are asked for together are changed together, by one
 * transaction: a home agent of ten thousand policy entries steers as many SPIs when its address
 * comes.  When one of them cannot be changed the others are, one by one.
 */
#ifndef DAEMON_STEER_BATCH_H
#define DAEMON_STEER_BATCH_H

#include "daemon/ledger.h"
#include "platform/linux/steering.h"

struct steer_batch {
	struct priv_request request[STEER_BATCH_MAX]; /* that change something */
	unsigned place[STEER_BATCH_MAX];	      /* of its reply */
	struct lke_act_steer act[STEER_BATCH_MAX];
	unsigned changes;
	struct priv_reply reply[STEER_BATCH_MAX];
	unsigned n;
	unsigned failed; /* of the last run; steer_error() says why the last of them did */
};

/* Adds a checked PRIV_STEER; run first when steer_batch_full().  It changes only what the ledger
 * allows. */
void steer_batch_add(struct steer_batch *b, struct ledger *l, const struct priv_request *r);
static inline bool steer_batch_full(const struct steer_batch *b)
{
	return b->n == STEER_BATCH_MAX;
}
/* Carries it out.  Returns the number of replies in b->reply, in order of the requests. */
unsigned steer_batch_run(struct steer_batch *b, struct ledger *l, struct steer *s);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Group commit: requests for stable storage that wait together become durable together, by one
 * sync of the disk.  None is answered before.
 */
#ifndef DAEMON_STORE_BATCH_H
#define DAEMON_STORE_BATCH_H

#include "daemon/priv_msg.h"
#include "store/store.h"

enum { STORE_BATCH_MAX = 1024 };

struct store_batch {
	struct store *store; /* NULL: everything is refused with EOPNOTSUPP */
	uint8_t boot[16];    /* of this boot */
	struct priv_reply reply[STORE_BATCH_MAX];
	unsigned n;
	int err; /* of the group so far, negative errno */
};

/* A request that this file serves? */
bool store_batch_takes(const struct priv_request *r);
/* Adds a checked request; commit first when store_batch_full(). */
void store_batch_add(struct store_batch *b, const struct priv_request *r);
static inline bool store_batch_full(const struct store_batch *b)
{
	return b->n == STORE_BATCH_MAX;
}
/* Makes the group durable or fails it.  Returns the number of replies in b->reply, in order of the
 * requests; all say the same. */
unsigned store_batch_commit(struct store_batch *b);

#endif

/* SPDX-License-Identifier: ISC */
#include "daemon/store_batch.h"

#include <errno.h>
#include <string.h>

#include "platform/linux/clock.h"

bool store_batch_takes(const struct priv_request *r)
{
	return r->type == PRIV_CHECKPOINT || r->type == PRIV_KEEP || r->type == PRIV_PROBE;
}

static int change(struct store_batch *b, const struct priv_request *r)
{
	struct store_clock now = { .boottime = clock_now(), .wall = clock_realtime() };
	struct lke_act_checkpoint checkpoint;
	struct lke_act_keep keep;

	switch (r->type) {
	case PRIV_CHECKPOINT:
		checkpoint = priv_to_checkpoint(r);
		return store_put(b->store, &checkpoint);
	case PRIV_KEEP:
		memcpy(now.boot, b->boot, sizeof(now.boot));
		keep = priv_to_keep(r);
		return store_keep(b->store, &keep, &now);
	default:
		return store_touch(b->store);
	}
}

void store_batch_add(struct store_batch *b, const struct priv_request *r)
{
	if (b->n == 0)
		b->err = !b->store ? -EOPNOTSUPP
				   : (store_begin(b->store) ? -store_errno(b->store) : 0);
	if (!b->err && change(b, r))
		b->err = -store_errno(b->store);
	b->reply[b->n++] = (struct priv_reply){ .cookie = r->cookie, .type = r->type };
}

unsigned store_batch_commit(struct store_batch *b)
{
	unsigned n = b->n;

	if (n == 0)
		return 0;
	if (!b->err && store_commit(b->store))
		b->err = -store_errno(b->store);
	for (unsigned i = 0; i < n; i++)
		b->reply[i].err = b->err;
	b->n = 0;
	return n;
}

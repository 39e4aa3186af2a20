/* SPDX-License-Identifier: ISC */
#include "daemon/steer_batch.h"

void steer_batch_add(struct steer_batch *b, struct ledger *l, const struct priv_request *r)
{
	struct priv_reply *reply = &b->reply[b->n];

	*reply = (struct priv_reply){ .cookie = r->cookie, .type = r->type };
	b->n++;
	if (r->remove && !ledger_del(l, r))
		return; /* it was never added */
	if (!r->remove)
		reply->err = ledger_add(l, r);
	if (reply->err)
		return;
	b->request[b->changes] = *r;
	b->place[b->changes] = b->n - 1;
	b->act[b->changes++] = priv_to_steer(r);
}

static void run_one(struct steer_batch *b, unsigned i, struct ledger *l, struct steer *s)
{
	int err = steer_apply(s, &b->act[i], 1);

	if (err == 0)
		return;
	b->failed++;
	b->reply[b->place[i]].err = err;
	if (!b->act[i].remove)
		(void)ledger_del(l, &b->request[i]);
}

unsigned steer_batch_run(struct steer_batch *b, struct ledger *l, struct steer *s)
{
	unsigned n = b->n;

	b->failed = 0;
	/* All or nothing; after nothing each for itself. */
	if (b->changes > 0 && steer_apply(s, b->act, b->changes) < 0)
		for (unsigned i = 0; i < b->changes; i++)
			run_one(b, i, l, s);
	b->n = b->changes = 0;
	return n;
}

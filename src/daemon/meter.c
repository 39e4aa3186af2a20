/* SPDX-License-Identifier: ISC */
#include "daemon/meter.h"

#include <string.h>

#include "lke/engine.h"

#define US (LKE_MSEC / 1000)

const lke_time meter_bound[METER_BUCKETS - 1] = {
	50 * US,	100 * US,	250 * US,	500 * US,      LKE_MSEC,
	2500 * US,	5 * LKE_MSEC,	10 * LKE_MSEC,	25 * LKE_MSEC, 50 * LKE_MSEC,
	100 * LKE_MSEC, 250 * LKE_MSEC, 500 * LKE_MSEC, LKE_SEC,       5 * LKE_SEC,
};

void meter_rate_tick(struct meter_rate *r, lke_time now)
{
	uint64_t second = now / LKE_SEC;

	if (second - r->second >= METER_RATE_SECONDS)
		memset(r->count, 0, sizeof(r->count));
	else
		while (r->second < second) /* what was counted there a round ago is over */
			r->count[++r->second % METER_RATE_SECONDS] = 0;
	r->second = second;
	r->count[second % METER_RATE_SECONDS]++;
}

double meter_rate(const struct meter_rate *r, lke_time now)
{
	uint64_t second = now / LKE_SEC, sum = 0;

	for (unsigned n = 0; n < METER_RATE_SECONDS && n <= r->second; n++)
		if (r->second - n + METER_RATE_SECONDS > second)
			sum += r->count[(r->second - n) % METER_RATE_SECONDS];
	return (double)sum / METER_RATE_SECONDS;
}

void meter_observe(struct meter *m, enum meter_kind kind, lke_time took)
{
	struct meter_histogram *h = &m->h[kind];
	unsigned i = 0;

	while (i < METER_BUCKETS - 1 && took > meter_bound[i])
		i++;
	h->bucket[i]++;
	h->count++;
	h->sum += took;
}

static void answer(struct meter *m, const struct lke_note *n, lke_time now)
{
	bool kex = n->msg == LKE_MSG_KEACK;

	if (!n->out || (!kex && n->msg != LKE_MSG_BA))
		return;
	(kex ? m->keack : m->ba)[n->status]++;
	if (n->value && n->value <= now)
		meter_observe(m, kex ? METER_KEX : METER_BINDING_UPDATE, now - n->value);
}

void meter_note(struct meter *m, const struct lke_note *n, lke_time now)
{
	if (n->type == LKE_NOTE_MESSAGE)
		answer(m, n, now);
	else if (n->type == LKE_NOTE_HANDOVER && n->role == LKE_ROLE_MN)
		meter_observe(m, METER_HANDOVER, n->value);
}

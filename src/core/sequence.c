/* SPDX-License-Identifier: ISC */
#include "core/sequence.h"

#define DAY (86400 * LKE_SEC)

enum {
	RATE_SAMPLE = 60, /* advances before a rate means anything */
	RATE_ALARM_DAYS = 7,
};

uint32_t lke_sequence_days(uint32_t used, uint32_t limit, uint32_t advances, lke_time over)
{
	uint64_t left = used < limit ? limit - used : 0, days;

	if (left == 0)
		return 0;
	if (advances == 0 || over == 0)
		return UINT32_MAX;
	days = left * (over / LKE_MSEC) / advances / (DAY / LKE_MSEC);
	return days < UINT32_MAX ? (uint32_t)days : UINT32_MAX;
}

void sequence_rate_add(struct seq_rate *r, uint32_t used, lke_time now)
{
	if (!r->running) {
		*r = (struct seq_rate){ true, false, now, now, now, used, used };
		return;
	}
	r->last = now;
	if (now - r->middle < DAY)
		return;
	r->since = r->middle;
	r->used_since = r->used_middle;
	r->middle = now;
	r->used_middle = used;
	r->told = false;
}

lke_time sequence_rate_over(const struct seq_rate *r, uint32_t advances, lke_time now)
{
	lke_time series = r->last - r->since, with_next;

	if (!r->running || advances == 0)
		return 0;
	/* As if the next one came now. */
	with_next = (now - r->since) / (advances + 1) * advances;
	return with_next > series ? with_next : series;
}

static bool crossed(uint32_t before, uint32_t used, uint32_t mark)
{
	return before < mark && used >= mark;
}

void sequence_report(struct lke_engine *e, enum lke_role role, const struct lke_in6 *home,
		     uint16_t seq, uint32_t before, uint32_t used)
{
	const char *text = NULL;
	struct lke_note *n;

	if (crossed(before, used, SEQ_BUDGET))
		text = "all of the sequence budget used: change the key";
	else if (crossed(before, used, SEQ_BUDGET / 4 * 3))
		text = "three quarters of the sequence budget used";
	else if (crossed(before, used, SEQ_BUDGET / 2))
		text = "half of the sequence budget used";
	if (!text)
		return;
	n = note_new(e, LKE_NOTE_SEQUENCE_BUDGET, role);
	if (n) {
		n->addr = *home;
		n->seq = seq;
		n->value = used;
		note_text(n, text);
	}
	if (used >= SEQ_BUDGET)
		alarm_note(e, role, home, "sequence budget used up; change the key");
}

void sequence_judge_rate(struct lke_engine *e, enum lke_role role, const struct lke_in6 *home,
			 struct seq_rate *r, uint32_t used)
{
	uint32_t advances = used - r->used_since;

	if (r->told || advances < RATE_SAMPLE ||
	    lke_sequence_days(0, SEQ_BUDGET, advances, e->now - r->since) >= RATE_ALARM_DAYS)
		return;
	r->told = true;
	alarm_note(e, role, home, "sequence numbers used fast; a key lasts less than a week");
}

/* SPDX-License-Identifier: ISC */
/*
 * The budget of sequence numbers under one manual key (AMB-172): half of the space is what the
 * window remembers, so after 2^15 advances the oldest recorded Binding Update would be new again.
 */
#ifndef CORE_SEQUENCE_H
#define CORE_SEQUENCE_H

#include "core/internal.h"

/* How fast numbers are used: over the last one to two days, or since the first of this run. */
struct seq_rate {
	bool running, told;
	lke_time since, middle, last; /* last: of the last number */
	uint32_t used_since, used_middle;
};

/* Another number was used; used: all of them, this one included. */
void sequence_rate_add(struct seq_rate *r, uint32_t used, lke_time now);
/*
 * The time that so many advances since r->since stand for.  Between two of a steady series it does
 * not grow: one in ten minutes is that rate whenever it is asked for.  When the series has ended it
 * does.  0: no rate is known.
 */
lke_time sequence_rate_over(const struct seq_rate *r, uint32_t advances, lke_time now);
/* Emits LKE_NOTE_SEQUENCE_BUDGET when the count passes 50, 75 or 100 %, an alarm with the last. */
void sequence_report(struct lke_engine *e, enum lke_role role, const struct lke_in6 *home,
		     uint16_t seq, uint32_t before, uint32_t used);
/* Alarms, once a day, about numbers that are used so fast that the key lasts less than a week
 * (SEC-004, SEC-064). */
void sequence_judge_rate(struct lke_engine *e, enum lke_role role, const struct lke_in6 *home,
			 struct seq_rate *r, uint32_t used);

#endif

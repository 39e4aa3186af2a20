/* SPDX-License-Identifier: ISC */
/*
 * Timer heap.  A timer is embedded in its object; it has one deadline, a kind that the owner of the
 * heap dispatches on, and an owner pointer.  The heap never calls anybody.  O(log n); no allocation
 * per timer.
 */
#ifndef BASE_TIMERQ_H
#define BASE_TIMERQ_H

#include "lke/types.h"

struct timer {
	lke_time at;
	size_t pos; /* 1-based place in the heap; 0: not armed */
	uint16_t kind;
	void *owner;
};

struct timerq {
	struct timer **heap;
	size_t n, cap;
};

void timerq_init(struct timerq *q);
void timerq_done(struct timerq *q);
/* Prepares a timer; it is not armed. */
static inline void timer_init(struct timer *t, uint16_t kind, void *owner)
{
	*t = (struct timer){ .at = LKE_NEVER, .kind = kind, .owner = owner };
}
static inline bool timer_armed(const struct timer *t)
{
	return t->pos != 0;
}
/* Arms or moves t; at == LKE_NEVER disarms.  0 or LKE_ERR_NOMEM (then t is not armed). */
int timerq_arm(struct timerq *q, struct timer *t, lke_time at);
void timerq_disarm(struct timerq *q, struct timer *t);
lke_time timerq_next(const struct timerq *q); /* LKE_NEVER when empty */
/* Takes the earliest timer with at <= now off the heap, or NULL. Ties: the order of arming is not
 * promised, but it is deterministic. */
struct timer *timerq_pop(struct timerq *q, lke_time now);
/* Writes the first max armed timers to ret, earliest first; at most TIMERQ_FIRST_MAX.  Returns how
 * many.  O(max^2). */
#define TIMERQ_FIRST_MAX 1000
size_t timerq_first(const struct timerq *q, const struct timer **ret, size_t max);

#endif

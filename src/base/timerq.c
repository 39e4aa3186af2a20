/* SPDX-License-Identifier: ISC */
/*
 * A binary heap, 1-based: the parent of i is i / 2.  Only deadlines are compared, never addresses,
 * so that equal deadlines come out in an order that depends on the calls alone.
 */
#include "base/timerq.h"

#include <assert.h>

#include "base/mem.h"
#include "lke/error.h"

#define FIRST_CAP 16

void timerq_init(struct timerq *q)
{
	*q = (struct timerq){ 0 };
}

void timerq_done(struct timerq *q)
{
	size_t i;

	/* The timers outlive the heap: none of them may believe it is still armed. */
	for (i = 0; i < q->n; i++) {
		q->heap[i]->pos = 0;
		q->heap[i]->at = LKE_NEVER;
	}
	mem_free(q->heap);
	*q = (struct timerq){ 0 };
}

static void put(struct timerq *q, size_t pos, struct timer *t)
{
	q->heap[pos - 1] = t;
	t->pos = pos;
}

static void sift_up(struct timerq *q, struct timer *t, size_t pos)
{
	while (pos > 1 && q->heap[pos / 2 - 1]->at > t->at) {
		put(q, pos, q->heap[pos / 2 - 1]);
		pos /= 2;
	}
	put(q, pos, t);
}

static void sift_down(struct timerq *q, struct timer *t, size_t pos)
{
	size_t child;

	for (; (child = 2 * pos) <= q->n; pos = child) {
		if (child < q->n && q->heap[child]->at < q->heap[child - 1]->at)
			child++;
		if (q->heap[child - 1]->at >= t->at)
			break;
		put(q, pos, q->heap[child - 1]);
	}
	put(q, pos, t);
}

static void place(struct timerq *q, struct timer *t, size_t pos)
{
	if (pos > 1 && q->heap[pos / 2 - 1]->at > t->at)
		sift_up(q, t, pos);
	else
		sift_down(q, t, pos);
}

static int reserve(struct timerq *q)
{
	size_t cap = q->cap ? 2 * q->cap : FIRST_CAP;
	struct timer **heap;

	if (q->n < q->cap)
		return 0;
	heap = mem_realloc_array(q->heap, cap, sizeof(struct timer *));
	if (!heap)
		return LKE_ERR_NOMEM;
	q->heap = heap;
	q->cap = cap;
	return 0;
}

int timerq_arm(struct timerq *q, struct timer *t, lke_time at)
{
	int err;

	if (at == LKE_NEVER) {
		timerq_disarm(q, t);
		return 0;
	}
	if (t->pos) {
		assert(t->pos <= q->n && q->heap[t->pos - 1] == t);
		t->at = at;
		place(q, t, t->pos);
		return 0;
	}
	err = reserve(q);
	if (err)
		return err;
	t->at = at;
	q->n++;
	sift_up(q, t, q->n);
	return 0;
}

void timerq_disarm(struct timerq *q, struct timer *t)
{
	size_t pos = t->pos;
	struct timer *last;

	if (!pos)
		return;
	assert(pos <= q->n && q->heap[pos - 1] == t);
	last = q->heap[q->n - 1];
	q->n--;
	t->pos = 0;
	t->at = LKE_NEVER;
	if (last != t)
		place(q, last, pos);
}

lke_time timerq_next(const struct timerq *q)
{
	return q->n ? q->heap[0]->at : LKE_NEVER;
}

struct timer *timerq_pop(struct timerq *q, lke_time now)
{
	struct timer *t;

	if (q->n == 0 || q->heap[0]->at > now)
		return NULL;
	t = q->heap[0];
	timerq_disarm(q, t);
	return t;
}

/* The next one is the earliest of those whose parents are out already. */
size_t timerq_first(const struct timerq *q, const struct timer **ret, size_t max)
{
	size_t edge[TIMERQ_FIRST_MAX + 1] = { 1 }, edges = q->n > 0, n = 0;

	max = max < TIMERQ_FIRST_MAX ? max : TIMERQ_FIRST_MAX;
	while (n < max && edges > 0) {
		size_t best = 0, pos;

		for (size_t i = 1; i < edges; i++)
			if (q->heap[edge[i] - 1]->at < q->heap[edge[best] - 1]->at)
				best = i;
		pos = edge[best];
		ret[n++] = q->heap[pos - 1];
		edge[best] = edge[--edges];
		for (size_t child = 2 * pos; child <= 2 * pos + 1 && child <= q->n; child++)
			edge[edges++] = child;
	}
	return n;
}

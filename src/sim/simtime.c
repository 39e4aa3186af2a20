/* SPDX-License-Identifier: ISC */
/* Virtual time: what is to come, and the engines' deadlines. */
#include <string.h>

#include "sim/simpriv.h"

static void pending_free(struct pending *p)
{
	free(p->data);
	free(p);
}

static bool before(const struct pending *a, const struct pending *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void sim_later(struct simnet *s, struct pending *p)
{
	size_t i = s->n++;

	p->order = s->order++;
	if (s->n > s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->heap = sim_must(realloc(s->heap, s->cap * sizeof(*s->heap)));
	}
	while (i > 0 && before(p, s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = p;
}

static struct pending *pop(struct simnet *s)
{
	struct pending *top = s->heap[0], *last = s->heap[--s->n];
	size_t i = 0, c;

	while ((c = 2 * i + 1) < s->n) {
		if (c + 1 < s->n && before(s->heap[c + 1], s->heap[c]))
			c++;
		if (!before(s->heap[c], last))
			break;
		s->heap[i] = s->heap[c];
		i = c;
	}
	s->heap[i] = last;
	return top;
}

void sim_result_later(struct simnet *s, struct simnode *n, lke_time delay, uint64_t cookie, int err,
		      const uint8_t *data, size_t len)
{
	struct pending *p = sim_must(calloc(1, sizeof(*p)));

	p->at = s->now + delay;
	p->kind = PENDING_RESULT;
	p->node = n;
	p->cookie = cookie;
	p->err = err;
	p->len = len;
	p->data = sim_must(malloc(len ? len : 1));
	if (len)
		memcpy(p->data, data, len);
	sim_later(s, p);
}

static void run_pending(struct simnet *s, struct pending *p)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	switch (p->kind) {
	case PENDING_FRAME:
		/* A node that left the link meanwhile does not get the frame. */
		if (p->node->iface[p->iface].link == p->link)
			simnode_receive(p->node, p->iface, &p->src, &p->dst, p->data, p->len);
		break;
	case PENDING_RESULT:
		ev.result.cookie = p->cookie;
		ev.result.err = p->err;
		ev.result.data = p->len ? p->data : NULL;
		ev.result.len = p->len;
		simnode_feed(p->node, &ev);
		break;
	case PENDING_LINK_UP:
		sim_plug(p->node, p->iface, p->link);
		break;
	}
	pending_free(p);
}

static struct simnode *earliest(const struct simnet *s, lke_time *ret_at)
{
	struct simnode *best = NULL;

	*ret_at = LKE_NEVER;
	for (unsigned i = 0; i < s->nodes; i++) {
		if (s->due[i] >= *ret_at || !s->node[i]->engine || s->node[i]->dead)
			continue;
		*ret_at = s->due[i];
		best = s->node[i];
	}
	return best;
}

void sim_run(struct simnet *s, lke_time until)
{
	for (;;) {
		lke_time at;
		struct simnode *n = earliest(s, &at);

		if (s->n > 0 && s->heap[0]->at <= at && s->heap[0]->at <= until) {
			struct pending *p = pop(s);

			s->now = p->at;
			run_pending(s, p);
		} else if (n && at <= until) {
			struct lke_event ev = { .type = LKE_EV_TIMER };

			if (at > s->now)
				s->now = at;
			simnode_feed(n, &ev);
		} else {
			break;
		}
	}
	s->now = until;
}

void sim_time_done(struct simnet *s)
{
	for (size_t i = 0; i < s->n; i++)
		pending_free(s->heap[i]);
	free(s->heap);
}

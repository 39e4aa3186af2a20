/* SPDX-License-Identifier: ISC */
/*
 * The queue of actions.  Octets that belong to an action stand in one arena, which starts anew
 * whenever the queue has been drained: in steady state nothing is allocated per packet.
 */
#include "core/internal.h"

#define ACTIONS_MAX (2 * HA_MAX_MOBILES) /* a new address of a home link steers every SPI to it */
#define ARENA_MAX   (16u << 20)

struct entry {
	struct lke_action a;
	size_t off, len; /* octets in the arena */
};

struct actionq {
	struct entry *entry;
	size_t head, n, cap; /* entry[head .. n) wait; entry[0 .. head) were handed out */
	uint8_t *arena;
	size_t used, arena_cap;
};

int actionq_new(struct lke_engine *e)
{
	e->actions = mem_zalloc(sizeof(*e->actions));
	return e->actions ? 0 : LKE_ERR_NOMEM;
}

void actionq_free(struct lke_engine *e)
{
	struct actionq *q = e->actions;

	if (!q)
		return;
	mem_free_wipe(q->entry, q->cap * sizeof(*q->entry));
	mem_free_wipe(q->arena, q->arena_cap);
	mem_free(q);
	e->actions = NULL;
}

/* Keys stand in actions: what is left behind is wiped, which realloc() does not do. */
static void *grown(void *old, size_t used, size_t size)
{
	void *n = mem_zalloc(size);

	if (n && old)
		memcpy(n, old, used);
	if (n)
		mem_free_wipe(old, used);
	return n;
}

static bool grow_entries(struct actionq *q)
{
	size_t cap = q->cap ? q->cap * 2 : 64;
	struct entry *n;

	if (cap > ACTIONS_MAX)
		return false;
	n = grown(q->entry, q->cap * sizeof(*n), cap * sizeof(*n));
	if (!n)
		return false;
	q->entry = n;
	q->cap = cap;
	return true;
}

static bool grow_arena(struct actionq *q, size_t need)
{
	size_t cap = q->arena_cap ? q->arena_cap : 16384;
	uint8_t *n;

	while (cap < need)
		cap *= 2;
	if (cap > ARENA_MAX)
		return false;
	n = grown(q->arena, q->used, cap);
	if (!n)
		return false;
	q->arena = n;
	q->arena_cap = cap;
	return true;
}

struct lke_action *act_new(struct lke_engine *e, enum lke_action_type type)
{
	struct actionq *q = e->actions;
	struct entry *n;

	if (q->n == q->cap && !grow_entries(q)) {
		count(e, LKE_STAT_ACTIONS_LOST);
		return NULL;
	}
	n = &q->entry[q->n++];
	memset(n, 0, sizeof(*n));
	n->a.type = type;
	return &n->a;
}

bool act_data(struct lke_engine *e, struct lke_action *a, const void *p, size_t n)
{
	struct actionq *q = e->actions;
	struct entry *t = &q->entry[q->n - 1];

	if (&t->a != a || (q->used + n > q->arena_cap && !grow_arena(q, q->used + n))) {
		q->n--;
		count(e, LKE_STAT_ACTIONS_LOST);
		return false;
	}
	memcpy(q->arena + q->used, p, n);
	t->off = q->used;
	t->len = n;
	q->used += n;
	return true;
}

/* The arena may have moved since the action was queued: pointers are made when it is handed out. */
static void resolve(const struct actionq *q, struct entry *t)
{
	const uint8_t *p = t->len ? q->arena + t->off : NULL;

	switch (t->a.type) {
	case LKE_ACT_SEND:
		t->a.send.data = p;
		t->a.send.len = t->len;
		break;
	case LKE_ACT_DECRYPT:
		t->a.decrypt.data = p;
		t->a.decrypt.len = t->len;
		break;
	case LKE_ACT_RECORD:
		t->a.record.data = p;
		t->a.record.len = t->len;
		break;
	case LKE_ACT_ENCRYPT:
		t->a.encrypt.spki = p;
		t->a.encrypt.spki_len = t->len;
		break;
	default:
		break;
	}
}

/* Keys do not stay behind in an action that was carried out. */
static void wipe(struct actionq *q, struct entry *t)
{
	if (t->a.type == LKE_ACT_RECORD)
		mem_wipe(q->arena + t->off, t->len);
	if (t->a.type == LKE_ACT_ENCRYPT || t->a.type == LKE_ACT_RECORD)
		mem_wipe(t, sizeof(*t));
}

const struct lke_action *lke_engine_next_action(struct lke_engine *e)
{
	struct actionq *q = e->actions;
	struct entry *t;

	if (q->head > 0)
		wipe(q, &q->entry[q->head - 1]);
	if (q->head == q->n) {
		q->head = q->n = q->used = 0;
		return NULL;
	}
	t = &q->entry[q->head++];
	resolve(q, t);
	return &t->a;
}

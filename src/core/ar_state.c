/* SPDX-License-Identifier: ISC */
/*
 * What an access router keeps over a restart: SEQUENCES 7, AMB-051, AMB-130.
 *
 * Each change becomes a record.  The acknowledgement of a Binding Update leaves when the update is
 * recorded: what was acknowledged is never accepted a second time, whatever kills this process. For
 * a power failure records must be durable, too; that is waited for once in RECORD_FLOOR_GAP
 * numbers, since a floor that may be behind is raised by as many.  Forwarding never waits: an
 * update that was not acknowledged is one that the mobile node sends again.
 */
#include "core/access_router.h"

enum { GATES_MAX = 1024 }; /* acknowledgements that wait */

struct ar_held_ba {
	struct ar_reply to;
	struct mh_ba ba;
	uint64_t cookie;
	bool waits;
};

struct gate {
	struct lbsa *l; /* NULL: it has ended */
	uint64_t cookie;
	uint16_t seq;
	bool durable;
};

struct ar_state {
	bool stopped;
	uint64_t last_cookie;
	struct gate gate[GATES_MAX]; /* in the order of their cookies */
	unsigned gates;
	bool told_failure;
};

int ar_state_new(struct lke_engine *e)
{
	e->ar->state = mem_zalloc(sizeof(*e->ar->state));
	return e->ar->state ? 0 : LKE_ERR_NOMEM;
}

void ar_state_free(struct lke_engine *e)
{
	mem_free(e->ar->state);
	e->ar->state = NULL;
}

void ar_state_stop(struct lke_engine *e)
{
	if (e->ar->state)
		e->ar->state->stopped = true;
}

bool ar_state_stopped(const struct lke_engine *e)
{
	return e->ar->state ? e->ar->state->stopped : e->stopped;
}

void ar_state_id_used(struct lke_engine *e, uint64_t id)
{
	if (id > e->ar->last_id)
		e->ar->last_id = id;
}

/* --- Recording --- */

static bool records(const struct lke_engine *e)
{
	return e->ar->state && !e->ar->state->stopped;
}

bool ar_state_record(struct lke_engine *e, const struct lbsa *l, struct record_lbsa *r)
{
	const struct iface *i = iface_by_index(e, l->entry->key.ifindex);
	const struct binding *b = ar_lbsa_binding(e, l);

	if (!i || !i->ar || l->na_len > sizeof(r->na))
		return false;
	r->id = l->id;
	/* Not its name now: perhaps it goes because it has another one. */
	memcpy(r->interface, i->ar->cfg->interface, sizeof(r->interface));
	r->coa = l->entry->key.coa;
	r->ar = l->ar;
	r->peer_ll = l->peer_ll;
	r->peer_lladdr = l->peer_lladdr;
	r->kbm = l->kbm;
	r->state = l->state;
	r->proved = l->proved;
	r->has_bu_seq = l->has_bu_seq;
	r->kex_seq = l->kex_seq;
	r->bu_seq = l->bu_seq;
	r->expires = l->expires;
	r->first_request = l->first_request;
	r->na_len = l->na ? l->na_len : 0;
	if (l->na)
		memcpy(r->na, l->na, l->na_len);
	ar_reach_save(l, r);
	r->bound = b != NULL;
	if (b) {
		r->bound_coa = b->coa;
		r->binding = b->state;
		r->binding_expires = b->expires;
	}
	return true;
}

static bool emit(struct lke_engine *e, const struct record *r, uint64_t cookie, bool durable)
{
	uint8_t buf[LKE_RECORD_MAX];
	int len = record_encode(r, buf, sizeof(buf));
	struct lke_action *a = len > 0 ? act_new(e, LKE_ACT_RECORD) : NULL;
	bool ok = false;

	if (a) {
		a->cookie = cookie;
		a->record.durable = durable;
		ok = act_data(e, a, buf, (size_t)len);
	}
	mem_wipe(buf, sizeof(buf));
	return ok;
}

static bool emit_lbsa(struct lke_engine *e, struct lbsa *l, uint64_t cookie, bool durable)
{
	struct record r = { .kind = RECORD_LBSA };
	bool ok;

	if (l->id == 0)
		l->id = ++e->ar->last_id;
	ok = ar_state_record(e, l, &r.lbsa) && emit(e, &r, cookie, durable);
	mem_wipe(&r, sizeof(r));
	return ok;
}

void ar_state_forget(struct lke_engine *e, uint64_t id)
{
	struct record r = { .kind = RECORD_GONE, .gone = id };

	if (records(e) && id != 0)
		(void)emit(e, &r, 0, false);
}

void ar_state_gone(struct lke_engine *e, struct lbsa *l)
{
	struct ar_state *s = e->ar->state;

	for (unsigned n = 0; s && n < s->gates; n++)
		if (s->gate[n].l == l)
			s->gate[n].l = NULL;
	ar_state_forget(e, l->id);
	l->id = 0;
}

void ar_state_put(struct lke_engine *e, struct lbsa *l)
{
	if (!records(e))
		return;
	/* A detection that runs does not outlive a restart. */
	if (l->state == LKE_LBSA_TENTATIVE)
		ar_state_gone(e, l);
	else
		(void)emit_lbsa(e, l, 0, false);
}

void ar_state_seen(struct lke_engine *e, const struct ar_rsa *key, uint64_t hash)
{
	struct record r = { .kind = RECORD_SEEN };

	if (!records(e))
		return;
	r.seen.key_id = key->key_id;
	r.seen.n = 1;
	r.seen.hash[0] = hash;
	(void)emit(e, &r, 0, false);
}

static void record_key_of(const struct ar_rsa *key, struct record_key *r)
{
	r->key_id = key->key_id;
	r->since = key->since;
	r->gone = key->gone;
	memcpy(r->secret, key->replay.secret, sizeof(r->secret));
}

void ar_state_key(struct lke_engine *e, const struct ar_rsa *key)
{
	struct record r = { .kind = RECORD_KEY };

	if (!records(e))
		return;
	record_key_of(key, &r.key);
	(void)emit(e, &r, 0, false);
	mem_wipe(&r, sizeof(r));
}

/* --- Acknowledgements wait for their record --- */

bool ar_state_answer_waits(const struct lbsa *l)
{
	return l->held && l->held->waits;
}

static bool must_be_durable(const struct lbsa *l)
{
	return !l->has_durable || (uint16_t)(l->bu_seq - l->durable_seq) > RECORD_FLOOR_GAP;
}

static struct ar_held_ba *held_of(struct lbsa *l)
{
	if (!l->held)
		l->held = mem_zalloc(sizeof(*l->held));
	return l->held;
}

/* Records the instance; the result comes with the cookie.  0: no place, or no memory. */
static uint64_t record_number(struct lke_engine *e, struct lbsa *l)
{
	struct ar_state *s = e->ar->state;
	uint64_t cookie = AR_COOKIE_RECORD + s->last_cookie + 1;
	bool durable = must_be_durable(l);

	if (s->gates == GATES_MAX || !emit_lbsa(e, l, COOKIE(MODULE_AR, cookie), durable))
		return 0;
	s->last_cookie++;
	s->gate[s->gates++] = (struct gate){ l, cookie, l->bu_seq, durable };
	return cookie;
}

void ar_state_number(struct lke_engine *e, struct lbsa *l)
{
	if (records(e) && l->state != LKE_LBSA_TENTATIVE && record_number(e, l) == 0)
		ar_state_put(e, l);
}

void ar_state_answer(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to,
		     const struct mh_ba *ba)
{
	struct ar_held_ba *h;
	uint64_t cookie;

	if (!e->ar->state) {
		ar_send_ba(e, to, ba, &l->kbm);
		return;
	}
	h = held_of(l);
	cookie = h ? record_number(e, l) : 0;
	/* Without a place the update stays unanswered; the mobile node sends another. */
	if (cookie == 0) {
		ar_state_put(e, l);
		drop(e, LKE_DROP_LIMIT);
		return;
	}
	*h = (struct ar_held_ba){ .to = *to, .ba = *ba, .cookie = cookie, .waits = true };
}

static bool gate_take(struct ar_state *s, uint64_t cookie, struct gate *ret)
{
	for (unsigned n = 0; n < s->gates; n++) {
		if (s->gate[n].cookie != cookie)
			continue;
		*ret = s->gate[n];
		s->gates--;
		memmove(&s->gate[n], &s->gate[n + 1], (s->gates - n) * sizeof(s->gate[0]));
		return true;
	}
	return false;
}

static void failed(struct lke_engine *e)
{
	drop(e, LKE_DROP_STORE);
	if (!e->ar->state->told_failure)
		alarm_note(e, LKE_ROLE_AR, NULL,
			   "state cannot be stored, updates stay unanswered; make room");
	e->ar->state->told_failure = true;
}

void ar_state_written(struct lke_engine *e, uint64_t cookie, int err)
{
	struct ar_held_ba *h;
	struct gate g;

	if (!e->ar->state || !gate_take(e->ar->state, cookie, &g))
		return;
	if (err < 0) {
		failed(e);
		return;
	}
	e->ar->state->told_failure = false;
	if (!g.l)
		return;
	if (g.durable) {
		g.l->has_durable = true;
		g.l->durable_seq = g.seq;
	}
	h = g.l->held;
	/* A newer update has taken the place of this one. */
	if (!h || !h->waits || h->cookie != cookie)
		return;
	h->waits = false;
	ar_send_ba(e, &h->to, &h->ba, &g.l->kbm);
}

/* --- Everything again --- */

enum stage { STAGE_KEYS, STAGE_SEEN, STAGE_WAITING, STAGE_LBSAS, STAGE_END };

static void next_stage(struct lke_record_cursor *c)
{
	c->stage++;
	c->at = c->of = 0;
}

static int next_key(const struct access_router *ar, struct lke_record_cursor *c, uint8_t *buf)
{
	struct record r = { .kind = RECORD_KEY };
	int len = 0;

	/* The previous one first. */
	while (len == 0 && c->at < 2) {
		const struct ar_rsa *key = &ar->rsa[1 - c->at++];

		if (!key->present)
			continue;
		record_key_of(key, &r.key);
		len = record_encode(&r, buf, LKE_RECORD_MAX);
	}
	mem_wipe(&r, sizeof(r));
	return len;
}

/* The cache may have grown, or another key come, since the last call: then it is told once more. */
static int next_seen(const struct access_router *ar, struct lke_record_cursor *c, uint8_t *buf)
{
	struct record r = { .kind = RECORD_SEEN };
	const struct ar_rsa *key;

	if (c->key_id != ar->rsa[0].key_id) {
		c->key_id = ar->rsa[0].key_id;
		c->at = c->of = 0;
	}
	/* at counts the slots of both caches, the previous one's first. */
	if (c->of != ar->rsa[0].replay.cap + ar->rsa[1].replay.cap) {
		c->of = ar->rsa[0].replay.cap + ar->rsa[1].replay.cap;
		c->at = 0;
	}
	key = c->at < ar->rsa[1].replay.cap ? &ar->rsa[1] : &ar->rsa[0];
	r.seen.key_id = key->key_id;
	while (c->at < c->of && r.seen.n < RECORD_SEEN_MAX) {
		size_t old = ar->rsa[1].replay.cap;
		uint64_t h = c->at < old ? ar->rsa[1].replay.slot[c->at]
					 : ar->rsa[0].replay.slot[c->at - old];

		if (key == &ar->rsa[1] && c->at == old)
			break;
		c->at++;
		if (h)
			r.seen.hash[r.seen.n++] = h;
	}
	if (r.seen.n == 0 && c->at >= c->of)
		return 0;
	return record_encode(&r, buf, LKE_RECORD_MAX);
}

static int next_lbsa(const struct lke_engine *e, struct lke_record_cursor *c, uint8_t *buf)
{
	const struct lbsa_cache *cache = &e->ar->lbsa;
	struct record r = { .kind = RECORD_LBSA };
	int len = 0;

	if (c->of == 0) {
		c->of = 1;
		c->at = cache->n;
	}
	if (c->at > cache->n)
		c->at = cache->n;
	while (len == 0 && c->at > 0) {
		const struct lbsa *l = cache->all[--c->at];

		/* Without an id it has nothing to record; a new one comes by itself. */
		if (l->id != 0 && ar_state_record((struct lke_engine *)(uintptr_t)e, l, &r.lbsa))
			len = record_encode(&r, buf, LKE_RECORD_MAX);
	}
	mem_wipe(&r, sizeof(r));
	return len;
}

int ar_state_next(const struct lke_engine *e, struct lke_record_cursor *c,
		  uint8_t buf[LKE_RECORD_MAX])
{
	int len = 0;

	if (!e->ar->state)
		return 0;
	for (; len == 0 && c->stage < STAGE_END; len == 0 ? next_stage(c) : (void)0) {
		if (c->stage == STAGE_KEYS)
			len = next_key(e->ar, c, buf);
		else if (c->stage == STAGE_SEEN)
			len = next_seen(e->ar, c, buf);
		else if (c->stage == STAGE_WAITING)
			len = ar_restore_next(e, c, buf);
		else
			len = next_lbsa(e, c, buf);
	}
	return len;
}

/* SPDX-License-Identifier: ISC */
/*
 * What an access router keeps over a restart: SEQUENCES 7, AMB-051, AMB-130.
 *
 * Each change becomes a record.  The acknowledgement of a Binding Update leaves when the update is
 * recorded: what was acknowledged is never accepted a second time, whatever kills this process. For
 * a power failure records must be durable, too; that is waited for once in RECORD_FLOOR_GAP
 * numbers, since a floor that may be behind is raised by as many.  Forwarding never waits: an
 * update that was not acknowledged is one that the mobile node sends again.
 *
 * Restored instances wait, as records, until their link has the router's address again.
 */
#include "core/access_router.h"

enum {
	GATES_MAX = 1024, /* acknowledgements that wait */
	KEPT_MAX = 3,	  /* RSA keys of the last run */
};

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

struct waiting {
	struct table_node node;
	uint64_t id;
	size_t index, len;
	uint8_t rec[];
};

struct kept_key {
	struct record_key r; /* key_id 0: free */
	struct replay replay;
};

struct ar_state {
	bool stopped;
	uint64_t last_id, last_cookie;
	struct gate gate[GATES_MAX]; /* in the order of their cookies */
	unsigned gates;
	struct kept_key kept[KEPT_MAX];
	struct table by_id; /* waiting */
	struct waiting **waiting;
	size_t waitings, waiting_cap;
	bool complete; /* everything of the last run is in */
	bool told_failure;
};

int ar_state_new(struct lke_engine *e)
{
	struct access_router *ar = e->ar;
	uint8_t secret[16];
	size_t max = 0;
	int err;

	for (unsigned n = 0; n < e->cfg.ars; n++)
		max += 2 * (size_t)e->cfg.ar[n].max_lbsa; /* as many tombstones */
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	ar->state = mem_zalloc(sizeof(*ar->state));
	if (!ar->state)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&ar->state->by_id, struct waiting, node, id, max, secret);
	if (err < 0) {
		mem_free(ar->state);
		ar->state = NULL;
	}
	return err;
}

static void waiting_remove(struct ar_state *s, struct waiting *w)
{
	table_del(&s->by_id, &w->node);
	s->waiting[w->index] = s->waiting[--s->waitings];
	s->waiting[w->index]->index = w->index;
	mem_free_wipe(w, sizeof(*w) + w->len);
}

static void kept_forget(struct ar_state *s)
{
	for (unsigned n = 0; n < KEPT_MAX; n++) {
		replay_done(&s->kept[n].replay);
		mem_wipe(&s->kept[n], sizeof(s->kept[n]));
	}
}

void ar_state_free(struct lke_engine *e)
{
	struct ar_state *s = e->ar->state;

	if (!s)
		return;
	while (s->waitings > 0)
		waiting_remove(s, s->waiting[s->waitings - 1]);
	mem_free(s->waiting);
	table_done(&s->by_id);
	kept_forget(s);
	mem_free(s);
	e->ar->state = NULL;
}

void ar_state_stop(struct lke_engine *e)
{
	if (e->ar->state)
		e->ar->state->stopped = true;
}

/* --- Recording --- */

static bool records(const struct lke_engine *e)
{
	return e->ar->state && !e->ar->state->stopped;
}

static bool record_lbsa_of(struct lke_engine *e, const struct lbsa *l, struct record_lbsa *r)
{
	const struct iface *i = iface_by_index(e, l->entry->key.ifindex);
	const struct binding *b = ar_lbsa_binding(e, l);

	if (!i || l->na_len > sizeof(r->na))
		return false;
	r->id = l->id;
	memcpy(r->interface, i->name, sizeof(r->interface));
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
		l->id = ++e->ar->state->last_id;
	ok = record_lbsa_of(e, l, &r.lbsa) && emit(e, &r, cookie, durable);
	mem_wipe(&r, sizeof(r));
	return ok;
}

void ar_state_gone(struct lke_engine *e, struct lbsa *l)
{
	struct record r = { .kind = RECORD_GONE, .gone = l->id };
	struct ar_state *s = e->ar->state;

	for (unsigned n = 0; s && n < s->gates; n++)
		if (s->gate[n].l == l)
			s->gate[n].l = NULL;
	if (records(e) && l->id != 0)
		(void)emit(e, &r, 0, false);
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
			   "state cannot be stored: binding updates stay unanswered");
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

static int next_waiting(const struct ar_state *s, struct lke_record_cursor *c, uint8_t *buf)
{
	const struct waiting *w;

	/* From the end: what is removed meanwhile is replaced from there. */
	if (c->of == 0) {
		c->of = 1;
		c->at = s->waitings;
	}
	if (c->at > s->waitings)
		c->at = s->waitings;
	if (c->at == 0)
		return 0;
	w = s->waiting[--c->at];
	memcpy(buf, w->rec, w->len);
	return (int)w->len;
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
		if (l->id != 0 && record_lbsa_of((struct lke_engine *)(uintptr_t)e, l, &r.lbsa))
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
			len = next_waiting(e->ar->state, c, buf);
		else
			len = next_lbsa(e, c, buf);
	}
	return len;
}

/* --- Restoring --- */

static struct waiting *waiting_find(const struct ar_state *s, uint64_t id)
{
	return TABLE_ENTRY(table_find(&s->by_id, &id), struct waiting, node);
}

static int waiting_grow(struct ar_state *s)
{
	size_t cap = s->waiting_cap ? s->waiting_cap * 2 : 64;
	struct waiting **p;

	if (s->waitings < s->waiting_cap)
		return 0;
	p = mem_realloc_array(s->waiting, cap, sizeof(struct waiting *));
	if (!p)
		return LKE_ERR_NOMEM;
	s->waiting = p;
	s->waiting_cap = cap;
	return 0;
}

static int waiting_add(struct ar_state *s, const struct record *r)
{
	uint8_t buf[LKE_RECORD_MAX];
	int len = record_encode(r, buf, sizeof(buf)), err = waiting_grow(s);
	struct waiting *w = len > 0 && err == 0 ? mem_zalloc(sizeof(*w) + (size_t)len) : NULL;

	if (w) {
		w->id = r->lbsa.id;
		w->len = (size_t)len;
		memcpy(w->rec, buf, (size_t)len);
		err = table_add(&s->by_id, &w->node);
		if (err == 0) {
			w->index = s->waitings;
			s->waiting[s->waitings++] = w;
		} else {
			mem_free_wipe(w, sizeof(*w) + w->len);
		}
	}
	mem_wipe(buf, sizeof(buf));
	return len < 0 ? len : err < 0 ? err : w ? 0 : LKE_ERR_NOMEM;
}

static int restore_lbsa(struct lke_engine *e, const struct record *r)
{
	struct ar_state *s = e->ar->state;
	struct waiting *old = waiting_find(s, r->lbsa.id);

	if (r->lbsa.id > s->last_id)
		s->last_id = r->lbsa.id;
	if (old)
		waiting_remove(s, old);
	return r->lbsa.expires > e->now ? waiting_add(s, r) : 0;
}

static struct kept_key *kept_find(struct ar_state *s, uint32_t key_id)
{
	for (unsigned n = 0; n < KEPT_MAX; n++)
		if (s->kept[n].r.key_id == key_id)
			return &s->kept[n];
	return NULL;
}

/* The place of the key; more than there can be at a time: the oldest has gone. */
static struct kept_key *kept_place(struct ar_state *s, uint32_t key_id)
{
	struct kept_key *k = kept_find(s, key_id);

	if (k)
		return k;
	k = &s->kept[0];
	for (unsigned n = 1; n < KEPT_MAX; n++)
		if (s->kept[n].r.key_id < k->r.key_id)
			k = &s->kept[n];
	replay_done(&k->replay);
	mem_wipe(k, sizeof(*k));
	return k;
}

static int restore_key(struct ar_state *s, const struct record_key *r)
{
	struct kept_key *k;

	if (r->key_id == 0)
		return LKE_ERR_INVAL;
	k = kept_place(s, r->key_id);
	if (k->r.key_id == 0)
		replay_init(&k->replay, r->secret);
	k->r = *r;
	return 0;
}

static int restore_seen(struct ar_state *s, const struct record_seen *r)
{
	struct kept_key *k = kept_find(s, r->key_id);
	int err = 0;

	for (unsigned n = 0; k && err == 0 && n < r->n; n++)
		err = replay_add_hash(&k->replay, r->hash[n]);
	return err;
}

bool ar_state_take_key(struct lke_engine *e, struct ar_rsa *key)
{
	struct kept_key *k;

	if (!e->ar->state || e->ar->state->complete)
		return false;
	k = kept_find(e->ar->state, key->key_id);
	if (!k || key->key_id == 0)
		return false;
	key->since = k->r.since < e->now ? k->r.since : e->now;
	key->gone = k->r.gone;
	key->replay = k->replay;
	mem_wipe(k, sizeof(*k));
	return true;
}

static int restore_end(struct lke_engine *e)
{
	struct access_router *ar = e->ar;

	ar->state->complete = true;
	kept_forget(ar->state);
	ar->rsa[0].gone = 0;
	for (unsigned n = 0; n < ar->links; n++)
		if (ar->link[n].running)
			ar_state_adopt(e, &ar->link[n]);
	return 0;
}

static int restore_one(struct lke_engine *e, struct ar_state *s, const struct record *r)
{
	struct waiting *w;

	switch (r->kind) {
	case RECORD_LBSA:
		return restore_lbsa(e, r);
	case RECORD_GONE:
		w = waiting_find(s, r->gone);
		if (w)
			waiting_remove(s, w);
		return 0;
	case RECORD_KEY:
		return restore_key(s, &r->key);
	case RECORD_SEEN:
		return restore_seen(s, &r->seen);
	}
	return LKE_ERR_INVAL;
}

int ar_state_restore(struct lke_engine *e, const struct lke_ev_record *ev)
{
	struct ar_state *s = e->ar->state;
	struct record r;
	int err;

	if (!s || s->complete || s->stopped)
		return LKE_ERR_STATE;
	if (ev->len == 0)
		return restore_end(e);
	err = record_decode(ev->data, ev->len, &r);
	if (err == 0) {
		record_adjust(&r, ev->shift, ev->raise);
		err = restore_one(e, s, &r);
	}
	mem_wipe(&r, sizeof(r));
	return err;
}

/* --- Adopting --- */

/* Makes the instance in the state it had.  Its place may be taken by an exchange of this run. */
static struct lbsa *make_lbsa(struct lke_engine *e, const struct ar_link *k,
			      const struct record_lbsa *r)
{
	struct lbsa tmpl = { .kbm = r->kbm,
			     .ar = r->ar,
			     .peer_ll = r->peer_ll,
			     .peer_lladdr = r->peer_lladdr,
			     .proved = r->proved,
			     .expires = r->expires,
			     .first_request = r->first_request,
			     .kex_seq = r->kex_seq };
	const struct lbsa_entry *t = lbsa_entry_find(&e->ar->lbsa, k->ifc->ifindex, &r->coa);
	struct lbsa *l = NULL;

	if (!t || (!t->inst[LKE_LBSA_TENTATIVE] && !t->inst[r->state]))
		if (lbsa_add(&e->ar->lbsa, k->ifc->ifindex, &r->coa, &tmpl, &l) < 0)
			drop(e, LKE_DROP_LIMIT);
	mem_wipe(&tmpl, sizeof(tmpl));
	if (!l)
		return NULL;
	/* From TENTATIVE: it takes no further place, and gives one back. */
	(void)lbsa_set_state(&e->ar->lbsa, l, r->state);
	l->id = r->id;
	/* Not durable: a raised floor is in no record yet. */
	l->has_bu_seq = r->has_bu_seq;
	l->bu_seq = r->bu_seq;
	if (r->na_len > 0 && (l->na = mem_zalloc(r->na_len))) {
		memcpy(l->na, r->na, r->na_len);
		l->na_len = r->na_len;
	}
	return l;
}

static void bind(struct lke_engine *e, struct lbsa *l, const struct record_lbsa *r, uint64_t credit)
{
	struct binding tmpl = { .home = r->coa,
				.agent = r->ar,
				.coa = r->bound_coa,
				.ifindex = l->entry->key.ifindex,
				.kind = BINDING_BY_LBSA,
				.state = r->binding,
				.seq = r->bu_seq,
				.expires = r->binding_expires,
				.credit = credit,
				.owner = l };
	struct binding *b;

	if (binding_find(e, &r->coa) || !agent_coa_acceptable(e, &r->coa, &r->bound_coa) ||
	    binding_add(e, &tmpl, AR_TIMER_FINISHED, &b) < 0) {
		ar_reach_leave(l);
		return;
	}
	ar_reach_arm(e, l, b);
}

static void adopt(struct lke_engine *e, struct ar_link *k, const struct record_lbsa *r)
{
	struct lke_in6 group = in6_solicited_node(&r->coa);
	struct lbsa *l = make_lbsa(e, k, r);
	struct record gone = { .kind = RECORD_GONE, .gone = r->id };
	bool bound = r->bound && r->binding_expires > e->now;
	uint64_t credit = 0;

	if (!l) {
		(void)emit(e, &gone, 0, false);
		return;
	}
	ar_lbsa_arm(e, l);
	group_join(e, k->ifc->ifindex, &group);
	steer_add(e, LKE_STEER_MINE, &l->ar, 0);
	if (l->state == LKE_LBSA_VALID)
		ar_lbsa_note(e, LKE_NOTE_LBSA_VALID, l, "restored");
	if (ar_reach_restore(e, l, r, &credit) < 0)
		drop(e, LKE_DROP_NOMEM);
	else if (bound)
		bind(e, l, r, credit);
	else
		ar_reach_leave(l);
}

static bool ready(const struct lke_engine *e, const struct ar_link *k, const struct record_lbsa *r)
{
	return strcmp(k->ifc->name, r->interface) == 0 && ar_link_on_link(e, k, &r->coa, NULL) &&
	       iface_addr_in_prefix(k->ifc, &r->ar, 128) != NULL;
}

void ar_state_adopt(struct lke_engine *e, struct ar_link *k)
{
	struct ar_state *s = e->ar->state;

	if (!s || !s->complete || s->stopped)
		return;
	for (size_t n = s->waitings; n > 0; n--) {
		struct waiting *w = s->waiting[n - 1];
		struct record r;
		bool ended = record_decode(w->rec, w->len, &r) < 0 || r.lbsa.expires <= e->now;

		if (!ended && ready(e, k, &r.lbsa)) {
			adopt(e, k, &r.lbsa);
			ended = true;
		}
		mem_wipe(&r, sizeof(r));
		if (ended)
			waiting_remove(s, w);
	}
}

/* SPDX-License-Identifier: ISC */
/*
 * What comes back from the last run of an access router (SEQUENCES 7, AMB-130), and what waits for
 * a link that went away.
 *
 * Records are taken between the start and the first link.  RSA keys wait for the one who has their
 * private halves; instances wait, as records, until a link of the same name has the router's
 * address again, or until they end.  So a VLAN or a radio that is made anew costs no key.
 */
#include "core/access_router.h"

enum { KEPT_MAX = 3 }; /* RSA keys of the last run */

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

struct ar_restore {
	bool complete; /* everything of the last run is in */
	struct kept_key kept[KEPT_MAX];
	struct table by_id; /* waiting */
	struct waiting **waiting;
	size_t waitings, waiting_cap;
};

int ar_restore_new(struct lke_engine *e)
{
	struct ar_restore *s;
	uint8_t secret[16];
	size_t max = 0;
	int err;

	for (unsigned n = 0; n < e->cfg.ars; n++)
		max += 2 * (size_t)e->cfg.ar[n].max_lbsa; /* as many tombstones */
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&s->by_id, struct waiting, node, id, max ? max : 1, secret);
	if (err < 0) {
		mem_free(s);
		return err;
	}
	s->complete = !e->cfg.keep_state;
	e->ar->restore = s;
	return 0;
}

void ar_restore_limit(struct access_router *ar, size_t lbsas)
{
	ar->restore->by_id.max = lbsas ? 2 * lbsas : 1;
}

static void waiting_remove(struct ar_restore *s, struct waiting *w)
{
	table_del(&s->by_id, &w->node);
	s->waiting[w->index] = s->waiting[--s->waitings];
	s->waiting[w->index]->index = w->index;
	mem_free_wipe(w, sizeof(*w) + w->len);
}

static void kept_forget(struct ar_restore *s)
{
	for (unsigned n = 0; n < KEPT_MAX; n++) {
		replay_done(&s->kept[n].replay);
		mem_wipe(&s->kept[n], sizeof(s->kept[n]));
	}
}

void ar_restore_free(struct lke_engine *e)
{
	struct ar_restore *s = e->ar->restore;

	if (!s)
		return;
	while (s->waitings > 0)
		waiting_remove(s, s->waiting[s->waitings - 1]);
	mem_free(s->waiting);
	table_done(&s->by_id);
	kept_forget(s);
	mem_free(s);
	e->ar->restore = NULL;
}

/* --- Taking records --- */

static struct waiting *waiting_find(const struct ar_restore *s, uint64_t id)
{
	return TABLE_ENTRY(table_find(&s->by_id, &id), struct waiting, node);
}

static int waiting_grow(struct ar_restore *s)
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

static int waiting_add(struct ar_restore *s, const struct record *r)
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
	struct ar_restore *s = e->ar->restore;
	struct waiting *old = waiting_find(s, r->lbsa.id);

	ar_state_id_used(e, r->lbsa.id);
	if (old)
		waiting_remove(s, old);
	return r->lbsa.expires > e->now ? waiting_add(s, r) : 0;
}

static struct kept_key *kept_find(struct ar_restore *s, uint32_t key_id)
{
	for (unsigned n = 0; n < KEPT_MAX; n++)
		if (s->kept[n].r.key_id == key_id)
			return &s->kept[n];
	return NULL;
}

/* The place of the key; more than there can be at a time: the oldest has gone. */
static struct kept_key *kept_place(struct ar_restore *s, uint32_t key_id)
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

static int restore_key(struct ar_restore *s, const struct record_key *r)
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

static int restore_seen(struct ar_restore *s, const struct record_seen *r)
{
	struct kept_key *k = kept_find(s, r->key_id);
	int err = 0;

	for (unsigned n = 0; k && err == 0 && n < r->n; n++)
		err = replay_add_hash(&k->replay, r->hash[n]);
	return err;
}

bool ar_restore_take_key(struct lke_engine *e, struct ar_rsa *key)
{
	struct kept_key *k;

	if (e->ar->restore->complete)
		return false;
	k = kept_find(e->ar->restore, key->key_id);
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

	ar->restore->complete = true;
	kept_forget(ar->restore);
	ar->rsa[0].gone = 0;
	for (unsigned n = 0; n < ar->links; n++)
		if (ar->link[n].running)
			ar_restore_adopt(e, &ar->link[n]);
	return 0;
}

static int restore_one(struct lke_engine *e, struct ar_restore *s, const struct record *r)
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

int ar_restore_record(struct lke_engine *e, const struct lke_ev_record *ev)
{
	struct ar_restore *s = e->ar->restore;
	struct record r;
	int err;

	if (!e->ar->state || s->complete || ar_state_stopped(e))
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
	uint8_t *na;

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
	na = r->na_len > 0 ? mem_zalloc(r->na_len) : NULL;
	if (na)
		memcpy(na, r->na, r->na_len);
	lbsa_set_na(&e->ar->lbsa, l, na, r->na_len);
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
	ar_buffer_bound(e, l); /* it may leave another link just now */
	ar_reach_arm(e, l, b);
}

static void adopt(struct lke_engine *e, struct ar_link *k, const struct record_lbsa *r)
{
	struct lke_in6 group = in6_solicited_node(&r->coa);
	struct lbsa *l = make_lbsa(e, k, r);
	bool bound = r->bound && r->binding_expires > e->now;
	uint64_t credit = 0;

	if (!l) {
		ar_state_forget(e, r->id);
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

void ar_restore_adopt(struct lke_engine *e, struct ar_link *k)
{
	struct ar_restore *s = e->ar->restore;

	if (!s->complete || ar_state_stopped(e))
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

/* --- Links that go --- */

void ar_restore_keep(struct lke_engine *e, struct lbsa *l)
{
	struct record r = { .kind = RECORD_LBSA };

	/* A detection that runs ends with its link. */
	if (l->state == LKE_LBSA_TENTATIVE)
		return;
	if (l->id == 0)
		l->id = ++e->ar->last_id;
	if (!ar_state_record(e, l, &r.lbsa) || waiting_add(e->ar->restore, &r) < 0)
		drop(e, LKE_DROP_LIMIT);
	else
		l->id = 0; /* its last record stays the last one */
	mem_wipe(&r, sizeof(r));
}

size_t ar_restore_waiting(const struct access_router *ar, size_t *ret_limit)
{
	*ret_limit = ar->restore->by_id.max;
	return ar->restore->waitings;
}

unsigned ar_restore_flush(struct lke_engine *e, const struct lke_in6 *coa)
{
	struct ar_restore *s = e->ar->restore;
	unsigned found = 0;

	for (size_t n = s->waitings; n > 0; n--) {
		struct waiting *w = s->waiting[n - 1];
		struct record r;

		if (record_decode(w->rec, w->len, &r) == 0 &&
		    (in6_is_unspecified(coa) || in6_eq(&r.lbsa.coa, coa))) {
			ar_state_forget(e, w->id);
			waiting_remove(s, w);
			found++;
		}
		mem_wipe(&r, sizeof(r));
	}
	return found;
}

/* --- Telling again what still waits --- */

int ar_restore_next(const struct lke_engine *e, struct lke_record_cursor *c,
		    uint8_t buf[LKE_RECORD_MAX])
{
	const struct ar_restore *s = e->ar->restore;
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

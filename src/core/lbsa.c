/* SPDX-License-Identifier: ISC */
#include "core/lbsa.h"

#include <assert.h>

#include "core/params.h"

/* Counter of one link-layer address, or of the interface (len LEN_INTERFACE). */
enum { LEN_INTERFACE = 0xff };
struct count_key {
	uint32_t ifindex;
	uint8_t len, b[6], zero;
};
struct count {
	struct table_node node;
	struct count_key key;
	uint32_t n;
};

int lbsa_cache_init(struct lbsa_cache *c, size_t max, const uint8_t secret[16])
{
	int err;

	memset(c, 0, sizeof(*c));
	err = TABLE_INIT(&c->by_coa, struct lbsa_entry, node, key, 2 * max, secret);
	if (err == 0)
		err = TABLE_INIT(&c->by_key, struct lbsa, node, kbm, 2 * max, secret);
	if (err == 0)
		err = TABLE_INIT(&c->counts, struct count, node, key, 2 * max + LKE_MAX_IFACES,
				 secret);
	return err;
}

void lbsa_cache_limit(struct lbsa_cache *c, size_t max)
{
	c->by_coa.max = c->by_key.max = 2 * max;
	c->counts.max = 2 * max + LKE_MAX_IFACES;
}

void lbsa_cache_done(struct lbsa_cache *c)
{
	while (c->n > 0)
		lbsa_del(c, c->all[c->n - 1]);
	mem_free(c->all);
	table_done(&c->by_coa);
	table_done(&c->by_key);
	table_done(&c->counts);
}

struct lbsa_entry *lbsa_entry_find(const struct lbsa_cache *c, uint32_t ifindex,
				   const struct lke_in6 *coa)
{
	struct lbsa_key key = { .ifindex = ifindex, .coa = *coa };

	return TABLE_ENTRY(table_find(&c->by_coa, &key), struct lbsa_entry, node);
}

struct lbsa *lbsa_find(const struct lbsa_cache *c, uint32_t ifindex, const struct lke_in6 *coa,
		       enum lke_lbsa_state state)
{
	struct lbsa_entry *n = lbsa_entry_find(c, ifindex, coa);

	return n ? n->inst[state] : NULL;
}

struct lbsa *lbsa_by_kbm(const struct lbsa_cache *c, const struct secret16 *kbm)
{
	return TABLE_ENTRY(table_find(&c->by_key, kbm), struct lbsa, node);
}

bool lbsa_cache_full(const struct lbsa_cache *c)
{
	return c->by_key.n >= c->by_key.max;
}

struct lbsa *lbsa_oldest_tombstone(const struct lbsa_cache *c)
{
	struct lbsa *old = NULL;

	for (size_t n = 0; n < c->n; n++) {
		struct lbsa *l = c->all[n];

		if (l->state == LKE_LBSA_TOMBSTONE && (!old || l->timer.at < old->timer.at))
			old = l;
	}
	return old;
}

static struct count_key count_key(uint32_t ifindex, const struct lke_lladdr *ll)
{
	struct count_key k = { .ifindex = ifindex, .len = ll ? ll->len : LEN_INTERFACE };

	if (ll)
		memcpy(k.b, ll->b, ll->len);
	return k;
}

static struct count *count_find(const struct lbsa_cache *c, uint32_t ifindex,
				const struct lke_lladdr *ll)
{
	struct count_key k = count_key(ifindex, ll);

	return TABLE_ENTRY(table_find(&c->counts, &k), struct count, node);
}

uint32_t lbsa_count(const struct lbsa_cache *c, uint32_t ifindex, const struct lke_lladdr *ll)
{
	struct count *n = count_find(c, ifindex, ll);

	return n ? n->n : 0;
}

static int count_up(struct lbsa_cache *c, uint32_t ifindex, const struct lke_lladdr *ll)
{
	struct count *n = count_find(c, ifindex, ll);
	int err;

	if (!n) {
		n = mem_zalloc(sizeof(*n));
		if (!n)
			return LKE_ERR_NOMEM;
		n->key = count_key(ifindex, ll);
		err = table_add(&c->counts, &n->node);
		if (err < 0) {
			mem_free(n);
			return err;
		}
	}
	n->n++;
	return 0;
}

static void count_down(struct lbsa_cache *c, uint32_t ifindex, const struct lke_lladdr *ll)
{
	struct count *n = count_find(c, ifindex, ll);

	assert(n && n->n > 0);
	if (--n->n > 0)
		return;
	table_del(&c->counts, &n->node);
	mem_free(n);
}

static int counts_up(struct lbsa_cache *c, const struct lbsa *l)
{
	uint32_t ifindex = l->entry->key.ifindex;
	int err = count_up(c, ifindex, NULL);

	if (err < 0)
		return err;
	err = count_up(c, ifindex, &l->peer_lladdr);
	if (err < 0)
		count_down(c, ifindex, NULL);
	return err;
}

static void counts_down(struct lbsa_cache *c, const struct lbsa *l)
{
	count_down(c, l->entry->key.ifindex, NULL);
	count_down(c, l->entry->key.ifindex, &l->peer_lladdr);
}

static struct lbsa_entry *entry_get(struct lbsa_cache *c, uint32_t ifindex,
				    const struct lke_in6 *coa, int *ret_err)
{
	struct lbsa_entry *n = lbsa_entry_find(c, ifindex, coa);

	if (n)
		return n;
	n = mem_zalloc(sizeof(*n));
	if (!n) {
		*ret_err = LKE_ERR_NOMEM;
		return NULL;
	}
	n->key = (struct lbsa_key){ .ifindex = ifindex, .coa = *coa };
	*ret_err = table_add(&c->by_coa, &n->node);
	if (*ret_err < 0) {
		mem_free(n);
		return NULL;
	}
	return n;
}

static void entry_put(struct lbsa_cache *c, struct lbsa_entry *n)
{
	for (unsigned s = 0; s < LKE_LBSA_STATE_COUNT; s++)
		if (n->inst[s])
			return;
	table_del(&c->by_coa, &n->node);
	mem_free(n);
}

static int all_grow(struct lbsa_cache *c)
{
	size_t cap = c->cap ? c->cap * 2 : 16;
	struct lbsa **p;

	if (c->n < c->cap)
		return 0;
	p = mem_realloc_array(c->all, cap, sizeof(struct lbsa *));
	if (!p)
		return LKE_ERR_NOMEM;
	c->all = p;
	c->cap = cap;
	return 0;
}

static struct lbsa *lbsa_copy(const struct lbsa *tmpl)
{
	struct lbsa *l = mem_zalloc(sizeof(*l));

	if (!l)
		return NULL;
	l->kbm = tmpl->kbm;
	l->state = LKE_LBSA_TENTATIVE;
	l->ar = tmpl->ar;
	l->peer_ll = tmpl->peer_ll;
	l->peer_lladdr = tmpl->peer_lladdr;
	l->proved = tmpl->proved;
	l->expires = tmpl->expires;
	l->first_request = tmpl->first_request;
	l->kex_seq = tmpl->kex_seq;
	return l;
}

/* Puts a new instance under its entry, its key and the counters; undoes what it did when one fails.
 */
static int lbsa_link(struct lbsa_cache *c, struct lbsa *l)
{
	int err = counts_up(c, l);

	if (err < 0)
		return err;
	err = table_add(&c->by_key, &l->node);
	if (err < 0) {
		counts_down(c, l);
		return err;
	}
	l->entry->inst[LKE_LBSA_TENTATIVE] = l;
	c->in_state[LKE_LBSA_TENTATIVE]++;
	l->index = c->n;
	c->all[c->n++] = l;
	return 0;
}

int lbsa_add(struct lbsa_cache *c, uint32_t ifindex, const struct lke_in6 *coa,
	     const struct lbsa *tmpl, struct lbsa **ret)
{
	struct lbsa_entry *n;
	struct lbsa *l;
	int err = all_grow(c);

	if (err < 0)
		return err;
	l = lbsa_copy(tmpl);
	if (!l)
		return LKE_ERR_NOMEM;
	n = entry_get(c, ifindex, coa, &err);
	if (!n) {
		mem_free_wipe(l, sizeof(*l));
		return err;
	}
	assert(!n->inst[LKE_LBSA_TENTATIVE]);
	l->entry = n;
	err = lbsa_link(c, l);
	if (err < 0) {
		mem_free_wipe(l, sizeof(*l));
		entry_put(c, n);
		return err;
	}
	*ret = l;
	return 0;
}

int lbsa_set_state(struct lbsa_cache *c, struct lbsa *l, enum lke_lbsa_state state)
{
	struct lbsa_entry *n = l->entry;
	int err;

	if (l->state == state)
		return 0;
	assert(!n->inst[state]);
	if (l->state == LKE_LBSA_TOMBSTONE) {
		err = counts_up(c, l);
		if (err < 0)
			return err;
	} else if (state == LKE_LBSA_TOMBSTONE) {
		counts_down(c, l);
	}
	n->inst[l->state] = NULL;
	n->inst[state] = l;
	c->in_state[l->state]--;
	c->in_state[state]++;
	l->state = state;
	return 0;
}

void lbsa_set_na(struct lbsa_cache *c, struct lbsa *l, uint8_t *na, size_t len)
{
	c->with_na += (na != NULL) - (size_t)(l->na != NULL);
	mem_free(l->na);
	l->na = na;
	l->na_len = na ? len : 0;
}

void lbsa_del(struct lbsa_cache *c, struct lbsa *l)
{
	struct lbsa_entry *n = l->entry;

	assert(!timer_armed(&l->timer));
	if (l->state != LKE_LBSA_TOMBSTONE)
		counts_down(c, l);
	table_del(&c->by_key, &l->node);
	n->inst[l->state] = NULL;
	c->in_state[l->state]--;
	entry_put(c, n);
	c->all[l->index] = c->all[--c->n];
	c->all[l->index]->index = l->index;
	lbsa_set_na(c, l, NULL, 0);
	mem_free_wipe(l, sizeof(*l));
}

void replay_init(struct replay *r, const uint8_t secret[16])
{
	memset(r, 0, sizeof(*r));
	memcpy(r->secret, secret, sizeof(r->secret));
}

void replay_done(struct replay *r)
{
	mem_free(r->slot);
	memset(r, 0, sizeof(*r));
}

uint64_t replay_hash(const struct replay *r, const uint8_t *data, size_t len)
{
	uint64_t h = siphash24(r->secret, data, len);

	return h ? h : 1;
}

/* The place of h, or the free one where it would go.  The array is at most half full. */
static uint64_t *replay_place(uint64_t *slot, size_t cap, uint64_t h)
{
	size_t at = (size_t)h & (cap - 1);

	while (slot[at] && slot[at] != h)
		at = (at + 1) & (cap - 1);
	return &slot[at];
}

bool replay_has(const struct replay *r, const uint8_t *data, size_t len)
{
	return r->cap > 0 && *replay_place(r->slot, r->cap, replay_hash(r, data, len)) != 0;
}

static int replay_grow(struct replay *r)
{
	size_t cap = r->cap ? r->cap * 2 : 1024;
	uint64_t *slot;

	if (2 * (r->n + 1) <= r->cap)
		return 0;
	slot = mem_zalloc(cap * sizeof(*slot));
	if (!slot)
		return LKE_ERR_NOMEM;
	for (size_t k = 0; k < r->cap; k++)
		if (r->slot[k])
			*replay_place(slot, cap, r->slot[k]) = r->slot[k];
	mem_free(r->slot);
	r->slot = slot;
	r->cap = cap;
	return 0;
}

int replay_add_hash(struct replay *r, uint64_t h)
{
	if (h == 0 || (r->cap > 0 && *replay_place(r->slot, r->cap, h) != 0))
		return 0;
	if (r->n >= AR_REPLAY_MAX)
		return LKE_ERR_FULL;
	if (replay_grow(r) < 0)
		return LKE_ERR_NOMEM;
	*replay_place(r->slot, r->cap, h) = h;
	r->n++;
	return 0;
}

int replay_add(struct replay *r, const uint8_t *data, size_t len)
{
	return replay_add_hash(r, replay_hash(r, data, len));
}

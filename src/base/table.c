/* SPDX-License-Identifier: ISC */
#include "base/table.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "lke/error.h"

#define FIRST_BUCKETS 16

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t siphash24(const uint64_t key[2], const void *data, size_t len)
{
	uint64_t v[4] = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *p = data;
	uint64_t last = (uint64_t)len << 56;
	size_t i;

	for (; len >= 8; len -= 8, p += 8)
		sip_word(v, load_le64(p));
	for (i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int table_init(struct table *t, ptrdiff_t key_off, size_t key_len, size_t max,
	       const uint8_t secret[16])
{
	*t = (struct table){ .max = max, .key_off = (size_t)key_off, .key_len = key_len };
	t->secret[0] = load_le64(secret);
	t->secret[1] = load_le64(secret + 8);
	t->bucket = mem_zalloc(FIRST_BUCKETS * sizeof(struct table_node *));
	if (!t->bucket)
		return LKE_ERR_NOMEM;
	t->buckets = FIRST_BUCKETS;
	return 0;
}

void table_done(struct table *t)
{
	mem_free(t->bucket);
	mem_wipe(t, sizeof(*t));
}

static const uint8_t *key_of(const struct table *t, const struct table_node *n)
{
	return (const uint8_t *)n + (ptrdiff_t)t->key_off;
}

/* The link that points to the node with this key, or the end of its chain. */
static struct table_node **link_of(const struct table *t, const void *key, uint64_t hash)
{
	struct table_node **l = &t->bucket[hash & (t->buckets - 1)];

	while (*l && ((*l)->hash != hash || memcmp(key_of(t, *l), key, t->key_len) != 0))
		l = &(*l)->next;
	return l;
}

struct table_node *table_find(const struct table *t, const void *key)
{
	if (t->n == 0)
		return NULL;
	return *link_of(t, key, siphash24(t->secret, key, t->key_len));
}

/* Doubles the buckets.  Without memory the chains only get longer. */
static void grow(struct table *t)
{
	size_t buckets = 2 * t->buckets, i;
	struct table_node **bucket, **l, *n, *next;

	bucket = mem_zalloc(buckets * sizeof(struct table_node *));
	if (!bucket)
		return;
	for (i = 0; i < t->buckets; i++) {
		for (n = t->bucket[i]; n; n = next) {
			next = n->next;
			l = &bucket[n->hash & (buckets - 1)];
			n->next = *l;
			*l = n;
		}
	}
	mem_free(t->bucket);
	t->bucket = bucket;
	t->buckets = buckets;
}

int table_add(struct table *t, struct table_node *n)
{
	struct table_node **l;

	if (!t->bucket)
		return LKE_ERR_NOMEM;
	n->hash = siphash24(t->secret, key_of(t, n), t->key_len);
	if (*link_of(t, key_of(t, n), n->hash))
		return LKE_ERR_EXIST;
	if (t->n >= t->max)
		return LKE_ERR_FULL;
	if (t->n >= t->buckets)
		grow(t);
	l = &t->bucket[n->hash & (t->buckets - 1)];
	n->next = *l;
	*l = n;
	t->n++;
	return 0;
}

void table_del(struct table *t, struct table_node *n)
{
	struct table_node **l = &t->bucket[n->hash & (t->buckets - 1)];

	while (*l != n)
		l = &(*l)->next;
	*l = n->next;
	n->next = NULL;
	t->n--;
}

/* The cursor is a bucket (high half) and a place in its chain (low half). */
#define HALF	   (sizeof(size_t) * 4)
#define PLACE_MASK (((size_t)1 << HALF) - 1)

struct table_node *table_next(const struct table *t, size_t *cursor, struct table_node *prev)
{
	size_t b = *cursor >> HALF, place = *cursor & PLACE_MASK, i;
	struct table_node *n;

	for (; b < t->buckets; b++, place = 0) {
		n = t->bucket[b];
		for (i = 0; n && i < place; i++)
			n = n->next;
		/* prev may have been deleted and freed: it is compared, never read.  If it still
		 * has its place, go on. */
		if (n && n == prev) {
			n = n->next;
			place++;
		}
		if (n) {
			*cursor = b << HALF | place;
			return n;
		}
	}
	*cursor = b << HALF;
	return NULL;
}

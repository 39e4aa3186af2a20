/* SPDX-License-Identifier: ISC */
/*
 * Bounded intrusive hash table with separate chains.  Keys are octet strings of one length, hashed
 * with a secret (SipHash-2-4) so that a peer cannot choose collisions.  Grows by doubling up to max
 * entries; never evicts.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_node {
	struct table_node *next;
	uint64_t hash;
};

struct table {
	struct table_node **bucket;
	size_t buckets, n, max;
	size_t key_off, key_len; /* where the key stands relative to the node */
	uint64_t secret[2];
};

/* Offsets are relative to struct table_node inside the object: use TABLE_INIT. */
int table_init(struct table *t, ptrdiff_t key_off, size_t key_len, size_t max,
	       const uint8_t secret[16]);
#define TABLE_INIT(t, type, node, key, max, secret)                                                \
	table_init((t), (ptrdiff_t)offsetof(type, key) - (ptrdiff_t)offsetof(type, node),          \
		   sizeof(((type *)0)->key), (max), (secret))
#define TABLE_ENTRY(ptr, type, node)                                                               \
	((ptr) ? (type *)(void *)((char *)(ptr)-offsetof(type, node)) : NULL)
void table_done(struct table *t); /* frees the buckets, not the objects */
struct table_node *table_find(const struct table *t, const void *key);
/* 0, LKE_ERR_FULL, LKE_ERR_NOMEM or LKE_ERR_EXIST; on failure the node is not in the table. */
int table_add(struct table *t, struct table_node *n);
void table_del(struct table *t, struct table_node *n); /* n must be in the table */
/* Iteration: *cursor starts at 0.  Deleting the returned node (only it) before the next call is
 * allowed. */
struct table_node *table_next(const struct table *t, size_t *cursor, struct table_node *prev);

uint64_t siphash24(const uint64_t key[2], const void *data, size_t len);

#endif

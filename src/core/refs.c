/* SPDX-License-Identifier: ISC */
/*
 * Multicast groups and steering entries with several users (an LBSA and a binding of one address;
 * two bindings of one agent address): the world hears of the first user and of the last.
 */
#include "core/internal.h"

#define REFS_MAX (4 * (AR_MAX_LBSA + HA_MAX_MOBILES))

enum ref_kind { REF_GROUP, REF_STEER };

struct ref_key {
	uint32_t kind;	 /* enum ref_kind */
	uint32_t set;	 /* steer set */
	uint32_t number; /* ifindex of a group, SPI of a steering entry */
	struct lke_in6 addr;
};

struct ref {
	struct table_node node;
	struct ref_key key;
	unsigned users;
};

struct refs {
	struct table table;
};

int refs_new(struct lke_engine *e)
{
	uint8_t secret[16];
	int err;

	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	e->refs = mem_zalloc(sizeof(*e->refs));
	if (!e->refs)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&e->refs->table, struct ref, node, key, REFS_MAX, secret);
	if (err < 0) {
		mem_free(e->refs);
		e->refs = NULL;
	}
	return err;
}

static void announce(struct lke_engine *e, const struct ref_key *k, bool remove)
{
	struct lke_action *a = act_new(e, k->kind == REF_GROUP ? LKE_ACT_GROUP : LKE_ACT_STEER);

	if (!a)
		return;
	if (k->kind == REF_GROUP) {
		a->group.ifindex = k->number;
		a->group.group = k->addr;
		a->group.leave = remove;
	} else {
		a->steer.set = (enum lke_steer)k->set;
		a->steer.addr = k->addr;
		a->steer.spi = k->number;
		a->steer.remove = remove;
	}
}

static void ref_get(struct lke_engine *e, const struct ref_key *k)
{
	struct ref *r = TABLE_ENTRY(table_find(&e->refs->table, k), struct ref, node);

	if (r) {
		r->users++;
		return;
	}
	r = mem_zalloc(sizeof(*r));
	if (!r) {
		drop(e, LKE_DROP_NOMEM);
		return;
	}
	r->key = *k;
	r->users = 1;
	if (table_add(&e->refs->table, &r->node) < 0) {
		drop(e, LKE_DROP_LIMIT);
		mem_free(r);
		return;
	}
	announce(e, k, false);
}

static void ref_put(struct lke_engine *e, const struct ref_key *k)
{
	struct ref *r = TABLE_ENTRY(table_find(&e->refs->table, k), struct ref, node);

	if (!r || --r->users > 0)
		return;
	announce(e, k, true);
	table_del(&e->refs->table, &r->node);
	mem_free(r);
}

static void each(struct lke_engine *e, bool tell)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(&e->refs->table, &cursor, n))) {
		struct ref *r = TABLE_ENTRY(n, struct ref, node);

		if (tell) {
			announce(e, &r->key, true);
			r->users = 0;
		} else {
			table_del(&e->refs->table, n);
			mem_free(r);
			n = NULL;
			cursor = 0;
		}
	}
}

void refs_release_all(struct lke_engine *e)
{
	each(e, true);
}

void refs_free(struct lke_engine *e)
{
	if (!e->refs)
		return;
	each(e, false);
	table_done(&e->refs->table);
	mem_free(e->refs);
	e->refs = NULL;
}

static struct ref_key group_key(uint32_t ifindex, const struct lke_in6 *group)
{
	struct ref_key k;

	memset(&k, 0, sizeof(k));
	k.kind = REF_GROUP;
	k.number = ifindex;
	k.addr = *group;
	return k;
}

static struct ref_key steer_key(enum lke_steer set, const struct lke_in6 *addr, uint32_t spi)
{
	struct ref_key k;

	memset(&k, 0, sizeof(k));
	k.kind = REF_STEER;
	k.set = (uint32_t)set;
	k.number = spi;
	k.addr = *addr;
	return k;
}

void group_join(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *group)
{
	struct ref_key k = group_key(ifindex, group);

	ref_get(e, &k);
}

void group_leave(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *group)
{
	struct ref_key k = group_key(ifindex, group);

	ref_put(e, &k);
}

void steer_add(struct lke_engine *e, enum lke_steer set, const struct lke_in6 *addr, uint32_t spi)
{
	struct ref_key k = steer_key(set, addr, spi);

	ref_get(e, &k);
}

void steer_del(struct lke_engine *e, enum lke_steer set, const struct lke_in6 *addr, uint32_t spi)
{
	struct ref_key k = steer_key(set, addr, spi);

	ref_put(e, &k);
}

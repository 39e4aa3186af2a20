/* SPDX-License-Identifier: ISC */
#include "daemon/ledger.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

struct entry {
	struct table_node node;
	struct {
		struct lke_in6 addr;
		uint32_t type, kind, ifindex, spi;
	} key;
};

struct ledger {
	struct table entries;
};

int ledger_new(size_t max, const uint8_t secret[16], struct ledger **ret)
{
	struct ledger *l = mem_zalloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	if (TABLE_INIT(&l->entries, struct entry, node, key, max, secret)) {
		mem_free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

static struct entry entry_of(const struct priv_request *r)
{
	/* The interface of an interception is that of a gate. */
	uint32_t ifindex = r->type == PRIV_INTERCEPT ? 0 : r->ifindex;

	return (struct entry){ .key = { r->addr, r->type, r->kind, ifindex, r->spi } };
}

static struct entry *find(const struct ledger *l, const struct priv_request *r)
{
	struct entry want = entry_of(r);

	return TABLE_ENTRY(table_find(&l->entries, &want.key), struct entry, node);
}

static void drop(struct ledger *l, struct entry *e)
{
	table_del(&l->entries, &e->node);
	mem_free(e);
}

int ledger_add(struct ledger *l, const struct priv_request *r)
{
	struct entry *e;

	if (find(l, r))
		return 0;
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = entry_of(r);
	if (table_add(&l->entries, &e->node)) {
		mem_free(e);
		return -ENOSPC;
	}
	return 0;
}

bool ledger_del(struct ledger *l, const struct priv_request *r)
{
	struct entry *e = find(l, r);

	if (!e)
		return false;
	drop(l, e);
	return true;
}

bool ledger_has(const struct ledger *l, const struct priv_request *r)
{
	return find(l, r) != NULL;
}

void ledger_forget_link(struct ledger *l, uint32_t ifindex)
{
	struct table_node *node = NULL;
	size_t cursor = 0;

	while ((node = table_next(&l->entries, &cursor, node))) {
		struct entry *e = TABLE_ENTRY(node, struct entry, node);

		if (e->key.ifindex == ifindex)
			drop(l, e);
	}
}

void ledger_limit(struct ledger *l, size_t max)
{
	l->entries.max = max;
}

void ledger_free(struct ledger *l)
{
	struct table_node *node = NULL;
	size_t cursor = 0;

	if (!l)
		return;
	while ((node = table_next(&l->entries, &cursor, node)))
		drop(l, TABLE_ENTRY(node, struct entry, node));
	table_done(&l->entries);
	mem_free(l);
}

/* SPDX-License-Identifier: ISC */
/*
 * Sequence numbers outlive the policy entry as they outlive the binding (AMB-153): what was taken
 * out of the configuration may be put in again, with the same key, and what was recorded before
 * must not be accepted then.  Floors of the stable storage for addresses that are not served wait
 * here, too.
 */
#include "core/home_agent.h"

struct retired {
	struct table_node node;
	struct lke_ev_floor floor;
	bool numbers;		    /* the floor says something */
	struct lke_ev_binding kept; /* expires 0: none */
};

int ha_retired_new(struct home_agent *ha, const uint8_t secret[16])
{
	return TABLE_INIT(&ha->retired, struct retired, node, floor.home, HA_MOBILES_MAX, secret);
}

void ha_retired_free(struct home_agent *ha)
{
	struct table_node *n;
	size_t cursor = 0;

	while (ha->retired.n > 0 && (n = table_next(&ha->retired, &cursor, NULL))) {
		table_del(&ha->retired, n);
		mem_free(TABLE_ENTRY(n, struct retired, node));
		cursor = 0;
	}
	table_done(&ha->retired);
}

static struct retired *find(const struct lke_engine *e, const struct lke_in6 *home)
{
	return TABLE_ENTRY(table_find(&e->ha->retired, home), struct retired, node);
}

static struct retired *get(struct lke_engine *e, const struct lke_in6 *home)
{
	struct retired *r = find(e, home);

	if (r)
		return r;
	r = mem_zalloc(sizeof(*r));
	if (r) {
		r->floor.home = *home;
		if (table_add(&e->ha->retired, &r->node) == 0)
			return r;
		mem_free(r);
	}
	e->ha->retired_lost = true;
	return NULL;
}

void ha_retire(struct lke_engine *e, const struct lke_ev_floor *f)
{
	struct retired *r = get(e, &f->home);

	if (!r)
		return;
	r->floor = *f;
	r->numbers = true;
}

/* The numbers up to the last accepted one; before the first, what the stable storage said. */
static struct lke_ev_floor floor_of(const struct mobile *m)
{
	struct lke_ev_floor f = { .home = m->home,
				  .generation = m->stored_generation,
				  .floor = m->stored_floor,
				  .used = m->stored_used,
				  .suspended = m->suspended && !m->config_suspended,
				  .lost = m->floor_lost };

	if (m->has_seq) {
		f.generation = m->generation;
		f.floor = m->last_seq;
		f.used = m->used;
	}
	return f;
}

void ha_retire_mobile(struct lke_engine *e, const struct mobile *m)
{
	const struct binding *b = binding_find(e, &m->home);
	struct retired *r = get(e, &m->home);

	if (!r)
		return;
	r->floor = floor_of(m);
	r->numbers = m->has_seq || m->stored_generation || r->floor.lost || r->floor.suspended;
	r->kept.expires = 0;
	if (b && b->kind == BINDING_BY_ESP)
		r->kept = (struct lke_ev_binding){ .home = b->home,
						   .agent = b->agent,
						   .coa = b->coa,
						   .seq = b->seq,
						   .expires = b->expires };
}

void ha_unretire(struct lke_engine *e, struct mobile *m)
{
	struct retired *r = find(e, &m->home);

	if (!r) {
		struct lke_ev_floor unknown = { .home = m->home, .lost = true };

		if (e->ha->retired_lost)
			ha_floor(e, &unknown);
		return;
	}
	if (r->numbers)
		ha_floor(e, &r->floor);
	if (r->kept.expires)
		ha_restore(e, &r->kept);
	table_del(&e->ha->retired, &r->node);
	mem_free(r);
}

/* SPDX-License-Identifier: ISC */
/*
 * Tunnels that the kernel went on forwarding while there was no daemon (ADR 83).  Each of them is
 * taken over when the engine sets the very same tunnel again; what is set otherwise, and what has
 * not come back by fwd_adopt_end(), leaves the fast path.
 */
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "platform/linux/forward_priv.h"

static int by_home(const void *a, const void *b)
{
	const struct fast_binding *x = a, *y = b;

	return memcmp(&x->home, &y->home, sizeof(x->home));
}

/* One that names no slot, or another one's, is no binding of ours: it has none. */
static bool has_slot(const struct fwd *f, const struct fast_binding *b)
{
	return b->slot < f->conf.counts_max;
}

static void leave(struct fwd *f, struct fast_binding *b)
{
	struct fast_binding gone = { .home = b->home, .remove = true };

	if (has_slot(f, b)) {
		__atomic_store_n(&f->conf.counts[b->slot].live, 0, __ATOMIC_SEQ_CST);
		gone.slot = b->slot;
		fwd_fast_return_slot(f, b->slot);
	}
	(void)f->conf.fast(f->conf.ctx, &gone);
}

/* The slots that are left, in a ring that begins at 0. */
static void fill_ring(struct fwd *f, const bool *taken)
{
	struct fwd_fast *s = &f->fast;

	s->free = 0;
	for (uint32_t i = 0; i < f->conf.counts_max; i++)
		if (!taken[i])
			s->slot[s->free++] = i;
}

int fwd_adopt_init(struct fwd *f, const struct fast_binding *b, size_t n)
{
	struct fwd_adopt *a = &f->adopt;
	bool *taken;

	if (n == 0 || !f->fast.slot)
		return 0;
	a->all = mem_realloc_array(NULL, n, sizeof(*a->all));
	taken = mem_zalloc(f->conf.counts_max * sizeof(*taken));
	if (!a->all || !taken) {
		mem_free(taken);
		return LKE_ERR_NOMEM;
	}
	memcpy(a->all, b, n * sizeof(*b));
	a->n = a->left = n;
	for (size_t i = 0; i < n; i++) {
		if (has_slot(f, &a->all[i]) && !taken[a->all[i].slot])
			taken[a->all[i].slot] = true;
		else
			a->all[i].slot = f->conf.counts_max;
	}
	fill_ring(f, taken);
	mem_free(taken);
	qsort(a->all, a->n, sizeof(*a->all), by_home);
	return 0;
}

void fwd_adopt_free(struct fwd *f)
{
	mem_free(f->adopt.all);
	f->adopt = (struct fwd_adopt){ 0 };
}

static struct fast_binding *find(const struct fwd_adopt *a, const struct lke_in6 *home)
{
	const struct fast_binding key = { .home = *home };
	struct fast_binding *b =
		a->left ? bsearch(&key, a->all, a->n, sizeof(*a->all), by_home) : NULL;

	return b && !b->remove ? b : NULL; /* remove: dealt with */
}

/* One whose care-of address was just changing (FASTMAP_MOVED) is not looked at: it leaves. */
static bool same(const struct fwd *f, const struct fwd_tunnel *t, const struct fast_binding *b)
{
	return t && has_slot(f, b) && !t->older && !t->t.suspended && t->t.credit == UINT64_MAX &&
	       in6_eq(&t->t.agent, &b->agent) && in6_eq(&t->t.coa, &b->coa) &&
	       f->conf.counts[b->slot].live && !(f->conf.counts[b->slot].live & FASTMAP_MOVED) &&
	       !fwd_buffer_has(f, &b->home);
}

static void take_over(struct fwd *f, struct fwd_tunnel *t, const struct fast_binding *b)
{
	t->fast = t->taken = t->live = true;
	t->one_way = f->conf.counts[b->slot].live & FASTMAP_ONE_WAY;
	t->used = true; /* its first packet was long ago */
	t->slot = b->slot;
	t->fast_mtu = b->mtu;
	t->fast_base = f->conf.counts[b->slot];
	f->fast.bindings++;
	f->adopt.taken++;
	fwd_fast_renewed(f, t);
}

void fwd_adopt(struct fwd *f, const struct lke_in6 *home)
{
	struct fast_binding *b = find(&f->adopt, home);
	struct fwd_tunnel *t;

	if (!b)
		return;
	t = fwd_find(f, false, home);
	if (same(f, t, b))
		take_over(f, t, b);
	else
		leave(f, b);
	b->remove = true;
	f->adopt.left--;
}

unsigned fwd_adopt_end(struct fwd *f)
{
	struct fwd_adopt *a = &f->adopt;
	unsigned taken = a->taken;

	for (size_t i = 0; i < a->n; i++)
		if (!a->all[i].remove)
			leave(f, &a->all[i]);
	fwd_adopt_free(f);
	return taken;
}

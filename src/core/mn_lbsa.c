/* SPDX-License-Identifier: ISC */
/* Local binding security associations at the mobile node: draft 1.1, 5.2, 5.4. */
#include "core/mobile_node.h"

#define RENEW_JITTER_PERCENT 10

/* Newest first; a renewed key and the one before may live side by side (SEQUENCES 4). */
struct mn_lbsa *mn_lbsa_of(const struct lke_engine *e, const struct lke_in6 *coa,
			   const struct mn_lbsa *before)
{
	struct mn_lbsa *best = NULL;

	for (unsigned n = 0; n < MN_LBSAS; n++) {
		struct mn_lbsa *b = e->mn->lbsa[n];

		if (!b || b->expires <= e->now || !in6_eq(&b->coa, coa))
			continue;
		if (before && (b == before || b->since >= before->since))
			continue;
		if (!best || b->since > best->since)
			best = b;
	}
	return best;
}

/* A restart of the daemon forgot whether its access router still has a binding of the address. */
bool mn_lbsa_restored(const struct lke_engine *e, const struct lke_in6 *coa)
{
	const struct mn_lbsa *b = mn_lbsa_of(e, coa, NULL);

	return b && b->restored;
}

bool mn_lbsa_may_be_bound(const struct lke_engine *e, const struct lke_in6 *coa)
{
	for (const struct mn_lbsa *b = NULL; (b = mn_lbsa_of(e, coa, b));)
		if (b->restored || b->forgotten)
			return true;
	return false;
}

/* All bound: the key of this link is worth more than the binding that is missed least. */
static unsigned place_of_a_binding(struct lke_engine *e)
{
	struct update *u = mn_bind_spare(e);
	struct lke_in6 coa;

	if (!u)
		return MN_LBSAS;
	coa = u->home;
	mn_unbind(e, u);
	for (struct mn_lbsa *b; (b = mn_lbsa_of(e, &coa, NULL));)
		mn_lbsa_remove(e, b, "replaced");
	mn_addr_clean(e);
	for (unsigned n = 0; n < MN_LBSAS; n++)
		if (!e->mn->lbsa[n])
			return n;
	return MN_LBSAS;
}

/* The one that ends first and that no running Binding Update uses makes room. */
static unsigned lbsa_place(struct lke_engine *e)
{
	unsigned best = MN_LBSAS;

	for (unsigned n = 0; n < MN_LBSAS; n++) {
		const struct mn_lbsa *b = e->mn->lbsa[n];

		if (!b)
			return n;
		if (!update_of(e, &b->coa) && !mn_registered(e, &b->coa) &&
		    (best == MN_LBSAS || b->expires < e->mn->lbsa[best]->expires))
			best = n;
	}
	if (best == MN_LBSAS)
		return place_of_a_binding(e);
	mn_lbsa_remove(e, e->mn->lbsa[best], "replaced");
	return best;
}

struct mn_lbsa *mn_lbsa_new(struct lke_engine *e)
{
	unsigned n = lbsa_place(e);
	struct mn_lbsa *b;

	if (n == MN_LBSAS) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	b = mem_zalloc(sizeof(*b));
	if (!b) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	timer_init(&b->renew, MN_T_RENEW, b);
	timer_init(&b->end, MN_T_LBSA_END, b);
	e->mn->lbsa[n] = b;
	return b;
}

lke_time mn_lbsa_threshold(const struct mn_lbsa *b)
{
	lke_time quarter = (b->expires - b->since) / 4;

	if (quarter > RENEW_MAX)
		quarter = RENEW_MAX;
	return quarter < RENEW_MIN ? RENEW_MIN : quarter;
}

static void note_lbsa(struct lke_engine *e, const struct mn_lbsa *b, enum lke_note_type type,
		      const char *why)
{
	struct lke_note *n = note_new(e, type, LKE_ROLE_MN);

	if (!n)
		return;
	n->ifindex = b->ifindex;
	n->addr = b->coa;
	n->peer = b->ar;
	n->seq = b->kex_seq;
	if (b->expires > e->now)
		n->lifetime = (uint32_t)((b->expires - e->now) / LKE_SEC);
	note_text(n, why);
}

void mn_lbsa_start(struct lke_engine *e, struct mn_lbsa *b)
{
	lke_time before = rnd_jitter(e, mn_lbsa_threshold(b), RENEW_JITTER_PERCENT);

	arm(e, &b->end, b->expires);
	arm(e, &b->renew, b->expires > e->now + before ? b->expires - before : e->now);
	note_lbsa(e, b, LKE_NOTE_LBSA_VALID, "");
}

void mn_lbsa_remove(struct lke_engine *e, struct mn_lbsa *b, const char *why)
{
	struct lke_in6 coa = b->coa;

	note_lbsa(e, b, LKE_NOTE_LBSA_GONE, why);
	for (unsigned n = 0; n < MN_LBSAS; n++)
		if (e->mn->lbsa[n] == b)
			e->mn->lbsa[n] = NULL;
	timerq_disarm(&e->timers, &b->renew);
	timerq_disarm(&e->timers, &b->end);
	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (e->mn->update[n] && e->mn->update[n]->lbsa == b)
			e->mn->update[n]->lbsa = mn_lbsa_of(e, &coa, NULL);
	mem_free_wipe(b, sizeof(*b));
}

void mn_lbsa_expire(struct lke_engine *e)
{
	for (unsigned n = 0; n < MN_LBSAS; n++)
		if (e->mn->lbsa[n] && e->mn->lbsa[n]->expires <= e->now)
			mn_lbsa_remove(e, e->mn->lbsa[n], "expired");
	mn_bindings_without_key(e, "key expired");
	mn_addr_clean(e);
}

void mn_lbsa_remove_older(struct lke_engine *e, const struct mn_lbsa *b)
{
	for (struct mn_lbsa *old; (old = mn_lbsa_of(e, &b->coa, b));)
		mn_lbsa_remove(e, old, "replaced");
}

void mn_lbsa_back(struct lke_engine *e, const struct lke_in6 *coa)
{
	struct mn_lbsa *b = mn_lbsa_of(e, coa, NULL);

	if (b && !timer_armed(&b->renew))
		arm(e, &b->renew, e->now + MN_RETURN_STAY);
}

void mn_lbsa_renew_timer(struct lke_engine *e, struct mn_lbsa *b)
{
	struct mn_link *l = mn_link_of(e, b->ifindex);

	if (mn_lbsa_of(e, &b->coa, NULL) != b)
		return; /* renewed already */
	if (l && l->up && l == e->mn->active && mn_link_at(e, &b->coa) == l) {
		/* A binding of its own must not exist while it is renewed (AMB-053). */
		if (!mn_kex_renew(e, l, &b->coa) && b->expires > e->now + RENEW_MIN / 2)
			arm(e, &b->renew, e->now + KEREQ_INITIAL_RTO);
		return;
	}
	/* Away: the home agent moves before the key ends (draft 5.4). */
	if (mn_registered(e, &b->coa))
		mn_register_all(e);
}

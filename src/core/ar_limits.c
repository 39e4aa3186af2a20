/* SPDX-License-Identifier: ISC */
/*
 * Budgets of the access router: draft 4.2 and 6.2, AMB-059, AMB-060.
 *
 * The tables are caches of a fixed size, found by a keyed hash.  A peer that invents addresses may
 * push an old record out; what it gains is bounded by the budget of the private key and the
 * neighbour check.
 */
#include "core/access_router.h"

struct ar_limits *ar_limits_new(const uint8_t secret[16], lke_time now)
{
	struct ar_limits *l = mem_zalloc(sizeof(*l));

	if (!l)
		return NULL;
	memcpy(l->secret, secret, sizeof(l->secret));
	tbf_init(&l->rsa, 0, 0, now);
	tbf_init(&l->resolution, AR_RESOLUTION_RATE / 2, AR_RESOLUTION_RATE / 2, now);
	tbf_init(&l->resolution_heard, AR_RESOLUTION_RATE / 2, AR_RESOLUTION_RATE / 2, now);
	tbf_init(&l->unsigned_ba, BA_UNSIGNED_RATE, BA_UNSIGNED_RATE, now);
	return l;
}

void ar_limits_set_rsa(struct ar_limits *l, uint64_t per_second, lke_time now)
{
	uint64_t rate = per_second ? per_second : 1;

	tbf_init(&l->rsa, rate, rate, now);
	l->rsa_debt = 0;
}

int ar_limit_rsa(struct lke_engine *e, bool renewal)
{
	struct ar_limits *l = e->ar->limits;

	while (l->rsa_debt > 0 && tbf_take(&l->rsa, 1, e->now))
		l->rsa_debt--;
	if (l->rsa_debt == 0 && tbf_take(&l->rsa, 1, e->now))
		return 0;
	if (!renewal || l->rsa_debt >= l->rsa.burst)
		return -(int)LKE_DROP_RATE_RSA;
	l->rsa_debt++;
	return 0;
}

bool ar_limit_resolution(struct lke_engine *e, bool heard)
{
	struct ar_limits *l = e->ar->limits;

	return (heard && tbf_take(&l->resolution_heard, 1, e->now)) ||
	       tbf_take(&l->resolution, 1, e->now);
}

static uint64_t limit_id(const struct ar_limits *l, uint32_t ifindex, const void *p, size_t n)
{
	struct {
		uint32_t ifindex;
		uint8_t b[16];
	} in = { .ifindex = ifindex };
	uint64_t h;

	memcpy(in.b, p, n);
	h = siphash24(l->secret, &in, sizeof(in));
	return h ? h : 1;
}

/* The record of the address, or the one it may take: free, or the longest unused of its set. */
static struct spacing *spacing_of(struct ar_limits *l, uint64_t id, bool make, lke_time now)
{
	struct spacing *set = l->ll[id % LIMIT_SETS], *old = set;

	for (unsigned n = 0; n < LIMIT_WAYS; n++) {
		if (set[n].id == id)
			return &set[n];
		if (set[n].accepted < old->accepted)
			old = &set[n];
	}
	if (!make)
		return NULL;
	*old = (struct spacing){
		.id = id, .accepted = now, .next = now, .gap = AR_KEREQ_MIN_SPACING
	};
	return old;
}

static bool take_link_local(struct ar_limits *l, uint64_t id, lke_time now)
{
	struct spacing *s = spacing_of(l, id, true, now);

	if (now < s->next)
		return false;
	if (now - s->accepted >= 2 * s->gap)
		s->gap = AR_KEREQ_MIN_SPACING;
	s->accepted = now;
	s->next = now + s->gap;
	s->penalised = false;
	return true;
}

/* One request in 3 s, burst 2: a request costs three tokens of a bucket that gets one a second. */
static bool take_link_layer(struct ar_limits *l, uint64_t id, lke_time now)
{
	enum { COST = 3 };
	struct mac_limit *set = l->mac[id % LIMIT_SETS], *old = set;

	for (unsigned n = 0; n < LIMIT_WAYS; n++) {
		if (set[n].id == id)
			return tbf_take(&set[n].tbf, COST, now);
		if (set[n].tbf.last < old->tbf.last)
			old = &set[n];
	}
	old->id = id;
	tbf_init(&old->tbf, 1, COST * AR_KEREQ_MAC_BURST, now);
	return tbf_take(&old->tbf, COST, now);
}

int ar_limit_source(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll,
		    const struct lke_lladdr *mac)
{
	struct ar_limits *l = e->ar->limits;

	if (!take_link_local(l, limit_id(l, ifindex, ll, sizeof(*ll)), e->now))
		return -(int)LKE_DROP_RATE_LL;
	if (mac->len > 0 &&
	    !take_link_layer(l, limit_id(l, ifindex, mac->b, sizeof(mac->b)), e->now))
		return -(int)LKE_DROP_RATE_MAC;
	return 0;
}

void ar_limit_penalise(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll)
{
	struct ar_limits *l = e->ar->limits;
	struct spacing *s = spacing_of(l, limit_id(l, ifindex, ll, sizeof(*ll)), false, e->now);

	/* Once a request: the gap that already runs is not stretched, the next one is. */
	if (!s || s->penalised)
		return;
	s->penalised = true;
	s->gap = s->gap * 2 > AR_KEREQ_MAX_SPACING ? AR_KEREQ_MAX_SPACING : s->gap * 2;
}

void ar_limit_reset(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll)
{
	struct ar_limits *l = e->ar->limits;
	struct spacing *s = spacing_of(l, limit_id(l, ifindex, ll, sizeof(*ll)), false, e->now);

	if (s)
		s->gap = AR_KEREQ_MIN_SPACING;
}

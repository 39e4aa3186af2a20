/* SPDX-License-Identifier: ISC */
/*
 * Advertise = augment: another daemon of this host (radvd, systemd-networkd) advertises, and its
 * advertisements, seen on their way out, say what ours must agree with.  Each of them is followed
 * by a supplementary one with option 6, the H bit and the router's address (RFC 4861 6.2.3 allows
 * several advertisements of one router; draft 3.1.1, AMB-071).
 */
#include "core/access_router.h"

/* RFC 4861 10, RFC 6275 13: an answer to a solicitation takes at most this long. */
#define ANSWER_WAIT (MAX_RA_DELAY_TIME + 3 * LKE_SEC + LKE_SEC)

static lke_time until(const struct lke_engine *e, uint32_t seconds)
{
	return seconds == UINT32_MAX ? LKE_NEVER : e->now + (lke_time)seconds * LKE_SEC;
}

static struct ar_timed_prefix *prefix_place(const struct lke_engine *e, struct ar_heard *h,
					    const struct nd_prefix *x)
{
	for (unsigned n = 0; n < h->prefixes; n++)
		if (h->prefix[n].p.len == x->len &&
		    in6_prefix_eq(&h->prefix[n].p.prefix, &x->prefix, x->len))
			return &h->prefix[n];
	for (unsigned n = 0; n < h->prefixes; n++)
		if (h->prefix[n].valid_until <= e->now)
			return &h->prefix[n];
	return h->prefixes < LKE_MAX_PREFIXES ? &h->prefix[h->prefixes++] : NULL;
}

/* Prefixes stay for their own lifetimes: an advertisement may leave some out (RFC 4861 6.2.3). */
static void learn_prefix(struct lke_engine *e, struct ar_heard *h, const struct nd_prefix *x)
{
	static const uint8_t no_iid[8];
	struct ar_timed_prefix *t;

	if (x->len != 64 || !in6_is_global(&x->prefix))
		return;
	t = prefix_place(e, h, x);
	if (!t) {
		drop(e, LKE_DROP_LIMIT);
		return;
	}
	t->p = *x;
	t->p.prefix = in6_make(&x->prefix, no_iid);
	t->p.flags &= (uint8_t)~ND_PIO_R;
	t->valid_until = until(e, x->valid);
	t->preferred_until = until(e, x->preferred);
}

static void learn(struct lke_engine *e, struct ar_heard *h, const struct nd_msg *m)
{
	h->hop_limit = m->cur_hop_limit;
	h->flags = m->ra_flags;
	h->preference = m->preference;
	h->lifetime = m->router_lifetime;
	h->until = until(e, m->router_lifetime);
	h->reachable_ms = m->reachable_ms;
	h->retrans_ms = m->retrans_ms;
	h->has_ha_info = m->has_ha_info;
	h->ha_preference = m->ha_preference;
	h->ha_lifetime = m->ha_lifetime;
	for (unsigned n = 0; n < m->prefixes; n++)
		learn_prefix(e, h, &m->prefix[n]);
}

bool ar_augment_live(const struct lke_engine *e, const struct ar_link *k)
{
	return k->heard.live && k->heard.until > e->now;
}

/* Whoever asked before anything was known gets the answer now. */
static void answer_waiting(struct lke_engine *e, struct ar_link *k)
{
	struct ar_heard *h = &k->heard;

	if (in6_is_unspecified(&h->waiting))
		return;
	ar_ra_send(e, k, &h->waiting, &h->waiting_ll);
	h->waiting = in6_unspecified;
}

int ar_augment_heard(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct ar_link *k = p->ifc->ar;
	struct ar_heard *h = &k->heard;
	const struct lke_in6 *ll = iface_ll(p->ifc);
	bool was;

	/* The other daemon may advertise from another link-local: that is another router. */
	if (!ll || !in6_eq(ll, &p->ip.src))
		return -(int)LKE_DROP_NOT_OURS;
	was = ar_augment_live(e, k);
	if (timer_armed(&h->silence))
		timerq_disarm(&e->timers, &h->silence);
	learn(e, h, m);
	h->live = m->router_lifetime > 0;
	if (was && !h->live)
		alarm_note(e, LKE_ROLE_AR, ll,
			   "the daemon beside lked withdrew this router; restart it");
	if (!h->live || !k->running)
		return 0;
	if (in6_is_multicast(&p->ip.dst)) {
		h->waiting = in6_unspecified;
		ar_ra_send(e, k, &in6_all_nodes, NULL);
	} else {
		answer_waiting(e, k);
	}
	return 0;
}

int ar_augment_solicited(struct lke_engine *e, struct ar_link *k, const struct pkt *p,
			 const struct lke_lladdr *ll)
{
	struct ar_heard *h = &k->heard;

	/* The other daemon answers each solicitation: if it does not, it has ended. */
	if (!timer_armed(&h->silence))
		arm(e, &h->silence, e->now + ANSWER_WAIT);
	if (!in6_is_linklocal(&p->ip.src))
		return 0; /* both answer by multicast */
	if (!draft01(e) && ar_augment_live(e, k) && tbf_take(&k->unicast, 1, e->now)) {
		ar_ra_send(e, k, &p->ip.src, ll);
		return 0;
	}
	h->waiting = p->ip.src;
	h->waiting_ll = *ll;
	return 0;
}

void ar_augment_timer(struct lke_engine *e, struct ar_link *k)
{
	struct ar_heard *h = &k->heard;

	h->waiting = in6_unspecified;
	if (!h->live)
		return;
	h->live = false;
	alarm_note(e, LKE_ROLE_AR, iface_ll(k->ifc),
		   "the daemon beside lked answers no solicitation; restart it");
}

void ar_augment_reset(struct lke_engine *e, struct ar_link *k)
{
	if (timer_armed(&k->heard.silence))
		timerq_disarm(&e->timers, &k->heard.silence);
	memset(&k->heard, 0, sizeof(k->heard));
	timer_init(&k->heard.silence, AR_TIMER_SILENCE, k);
}

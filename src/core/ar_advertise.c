/* SPDX-License-Identifier: ISC */
/*
 * When Router Advertisements are sent: RFC 4861 6.2.4 to 6.2.8, RFC 6275 7.5, AMB-181.
 */
#include "core/access_router.h"

/* The advertisements of another daemon tell the times; or there are none at all. */
static bool has_timer(const struct ar_link *k)
{
	return k->cfg->advertise == LKE_ADVERTISE_FULL;
}

static lke_time min_delay(const struct ar_link *k)
{
	return k->cfg->ra_min_delay_ms * LKE_MSEC;
}

/* RFC 4861 6.2.4. */
static void advertise_all(struct lke_engine *e, struct ar_link *k)
{
	ar_ra_send(e, k, &in6_all_nodes, NULL);
	k->last_multicast = e->now;
	k->sent_any = true;
	arm(e, &k->ra,
	    e->now + ra_interval(e, k->cfg->ra_min_interval_ms, k->cfg->ra_max_interval_ms,
				 &k->initial_left));
}

/* Moves the next multicast advertisement to at, or to where MinDelayBetweenRAs (RFC 6275 13) allows
 * it. */
static void schedule(struct lke_engine *e, struct ar_link *k, lke_time at)
{
	lke_time earliest = k->last_multicast + min_delay(k);

	if (k->sent_any && at < earliest)
		at = earliest;
	if (!timer_armed(&k->ra) || at < k->ra.at)
		arm(e, &k->ra, at);
}

void ar_advertise_start(struct lke_engine *e, struct ar_link *k)
{
	if (k->cfg->advertise == LKE_ADVERTISE_NO)
		return;
	group_join(e, k->ifc->ifindex, &in6_all_routers);
	(void)ar_prefixes_changed(e, k);
	k->shown_ll = *iface_ll(k->ifc);
	k->shown_lladdr = k->ifc->lladdr;
	if (!has_timer(k))
		return;
	k->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS - 1;
	if (!k->sent_any || e->now >= k->last_multicast + min_delay(k))
		advertise_all(e, k);
	else
		schedule(e, k, e->now);
}

void ar_advertise_changed(struct lke_engine *e, struct ar_link *k)
{
	if (!k->running || k->cfg->advertise == LKE_ADVERTISE_NO)
		return;
	if (!has_timer(k)) {
		if (ar_augment_live(e, k))
			ar_ra_send(e, k, &in6_all_nodes, NULL);
		return;
	}
	k->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS - 1;
	schedule(e, k, e->now);
}

void ar_advertise_refresh(struct lke_engine *e, struct ar_link *k)
{
	const struct lke_in6 *ll = iface_ll(k->ifc);
	bool changed;

	if (k->cfg->advertise == LKE_ADVERTISE_NO)
		return;
	changed = ar_prefixes_changed(e, k) || !lladdr_eq(&k->shown_lladdr, &k->ifc->lladdr);
	k->shown_lladdr = k->ifc->lladdr;
	if (!in6_eq(ll, &k->shown_ll)) {
		/* RFC 4861 6.2.8: under the old name this router ends. */
		if (has_timer(k))
			ar_ra_final(e, k, &k->shown_ll);
		ar_augment_reset(e, k);
		k->shown_ll = *ll;
		k->sent_any = false;
		changed = true;
	}
	if (changed)
		ar_advertise_changed(e, k);
}

void ar_advertise_stop(struct lke_engine *e, struct ar_link *k, bool final)
{
	if (timer_armed(&k->ra))
		timerq_disarm(&e->timers, &k->ra);
	if (k->cfg->advertise == LKE_ADVERTISE_NO || !k->running)
		return;
	/* The daemon beside us goes on being this router. */
	if (final && has_timer(k) && k->ifc->up && iface_ll(k->ifc))
		ar_ra_final(e, k, iface_ll(k->ifc));
	ar_augment_reset(e, k);
	group_leave(e, k->ifc->ifindex, &in6_all_routers);
}

void ar_advertise_timer(struct lke_engine *e, struct ar_link *k)
{
	if (k->running)
		advertise_all(e, k);
}

/*
 * AMB-181: an answer to a link-local source goes out at once, by unicast, while the rate allows;
 * else RFC 4861 6.2.6: multicast after a random delay.
 */
int ar_solicitation(struct lke_engine *e, struct ar_link *k, const struct pkt *p,
		    const struct nd_msg *m)
{
	const struct lke_lladdr *ll = m->lladdr.len > 0 ? &m->lladdr : &p->src_ll;
	bool at_once = !draft01(e) && k->cfg->ra_delay_ms == 0 && in6_is_linklocal(&p->ip.src);
	lke_time delay = MAX_RA_DELAY_TIME;

	count(e, LKE_STAT_RS_IN);
	if (!k->running || k->cfg->advertise == LKE_ADVERTISE_NO)
		return note_in(e, LKE_ROLE_AR, LKE_MSG_RS, p, LKE_DROP_STATE);
	note_in(e, LKE_ROLE_AR, LKE_MSG_RS, p, LKE_DROP_NONE);
	if (!has_timer(k))
		return ar_augment_solicited(e, k, p, ll);
	if (at_once && tbf_take(&k->unicast, 1, e->now)) {
		ar_ra_send(e, k, &p->ip.src, ll);
		return 0;
	}
	if (!draft01(e) && k->cfg->ra_delay_ms > 0 && in6_is_linklocal(&p->ip.src))
		delay = k->cfg->ra_delay_ms * LKE_MSEC;
	schedule(e, k, e->now + rnd_below(e, delay + 1));
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Router Advertisements of a home agent on its home link: RFC 6275 7.1 to 7.4, 8.4.
 *
 * augment: another daemon of this host (radvd, systemd-networkd) advertises; each of its
 * advertisements is followed by ours, which repeats what it says of the router and adds the H bit,
 * the Home Agent Information and our address.  An advertisement of our own accord could say
 * something else of the same router, so without that daemon there is none.
 * home-agent: the router of the link is another one; ours says Router Lifetime 0.
 * full: this host is the router and has no other daemon for it.
 * In the first two our address stands in a prefix with R alone, neither L nor A: hosts do nothing
 * with it.  An interface that is also of an access router has that one's advertisements.
 */
#include "core/home_agent.h"

static enum lke_ha_advertise mode(const struct lke_engine *e)
{
	return e->cfg.ha.advertise;
}

static bool silent(const struct lke_engine *e, const struct ha_link *l)
{
	return mode(e) == LKE_HA_ADVERTISE_NO || !l->ifc || l->ifc->ar;
}

/* We decide when. */
static bool has_timer(const struct lke_engine *e)
{
	return mode(e) == LKE_HA_ADVERTISE_HOME_AGENT || mode(e) == LKE_HA_ADVERTISE_FULL;
}

static void add_prefixes(const struct lke_engine *e, const struct ha_link *l, struct nd_msg *m)
{
	bool full = mode(e) == LKE_HA_ADVERTISE_FULL;
	struct ha_heard list[LKE_MAX_PREFIXES];
	unsigned n = ha_prefix_list(e, l, list, LKE_MAX_PREFIXES);

	for (unsigned k = 0; k < n; k++) {
		const struct ha_heard *h = &list[k];

		if (!iface_has_addr(l->ifc, &h->prefix))
			continue; /* another router's */
		m->prefix[m->prefixes++] = (struct nd_prefix){
			.prefix = h->prefix,
			.len = h->len,
			.flags = full ? h->flags : ND_PIO_R,
			.valid = ha_prefix_left(e, h->valid),
			.preferred = ha_prefix_left(e, h->preferred),
		};
	}
}

/* The router as it is known on the link. */
static void fill_router(const struct lke_engine *e, const struct ha_link *l, struct nd_msg *m)
{
	if (mode(e) == LKE_HA_ADVERTISE_AUGMENT) {
		*m = l->beside;
	} else if (mode(e) == LKE_HA_ADVERTISE_FULL) {
		m->cur_hop_limit = 64;
		m->router_lifetime = e->cfg.ha.router_lifetime;
	}
}

static void fill(const struct lke_engine *e, const struct ha_link *l, bool final, struct nd_msg *m)
{
	const struct lke_config_ha *c = &e->cfg.ha;

	memset(m, 0, sizeof(*m));
	if (!final || mode(e) == LKE_HA_ADVERTISE_AUGMENT)
		fill_router(e, l, m);
	m->type = ND_RA;
	m->lladdr = l->ifc->lladdr;
	m->ra_flags |= ND_RA_H;
	m->has_ha_info = true;
	m->ha_preference = c->preference;
	if (final)
		return; /* Home Agent Lifetime 0: no home agent any more */
	m->ha_lifetime = c->ha_lifetime;
	if (has_timer(e)) {
		m->has_adv_interval = true;
		m->adv_interval_ms = c->ra_max_interval_ms;
	}
	add_prefixes(e, l, m);
}

static void advertise(struct lke_engine *e, struct ha_link *l, const struct lke_in6 *dst,
		      const struct lke_lladdr *ll, bool final)
{
	const struct lke_in6 *src = iface_ll(l->ifc);
	uint8_t buf[IP6_MIN_MTU];
	struct nd_msg m;
	int len;

	if (!src || !l->ifc->up)
		return;
	fill(e, l, final, &m);
	len = nd_encode(&m, src, dst, 0, buf, sizeof(buf));
	if (len < 0)
		return;
	count(e, LKE_STAT_RA_SENT);
	send_packet(e, LKE_ROLE_HA, LKE_MSG_RA, l->ifc->ifindex, ll, buf, (size_t)len);
}

void ha_advertise_timer(struct lke_engine *e, struct ha_link *l)
{
	const struct lke_config_ha *c = &e->cfg.ha;

	if (silent(e, l) || !has_timer(e))
		return;
	advertise(e, l, &in6_all_nodes, NULL, false);
	l->last_multicast = e->now;
	l->sent_any = true;
	arm(e, &l->ra,
	    e->now +
		    ra_interval(e, c->ra_min_interval_ms, c->ra_max_interval_ms, &l->initial_left));
}

static void schedule(struct lke_engine *e, struct ha_link *l, lke_time at)
{
	lke_time earliest = l->last_multicast + MIN_DELAY_BETWEEN_RAS;

	if (l->sent_any && at < earliest)
		at = earliest;
	if (!timer_armed(&l->ra) || at < l->ra.at)
		arm(e, &l->ra, at);
}

void ha_advertise_update(struct lke_engine *e, struct ha_link *l)
{
	bool can = !silent(e, l) && has_timer(e) && l->ifc->up && iface_ll(l->ifc);

	if (!can) {
		ha_advertise_stop(e, l, false);
		return;
	}
	if (!l->advertising) {
		group_join(e, l->ifc->ifindex, &in6_all_routers);
		l->advertising = true;
	}
	/* Something changed: say so soon, as often as at the start (RFC 4861 6.2.4). */
	l->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS;
	schedule(e, l, e->now);
}

void ha_advertise_stop(struct lke_engine *e, struct ha_link *l, bool final)
{
	if (timer_armed(&l->ra))
		timerq_disarm(&e->timers, &l->ra);
	if (!l->advertising)
		return;
	l->advertising = false;
	if (final)
		advertise(e, l, &in6_all_nodes, NULL, true);
	if (has_timer(e))
		group_leave(e, l->ifc->ifindex, &in6_all_routers);
}

int ha_advertise_outgoing(struct lke_engine *e, struct ha_link *l, const struct pkt *p,
			  const struct nd_msg *m)
{
	const struct lke_in6 *ll = iface_ll(l->ifc);

	/* From another link-local address of ours it is another router. */
	if (silent(e, l) || mode(e) != LKE_HA_ADVERTISE_AUGMENT || !ll || !in6_eq(ll, &p->ip.src))
		return -(int)LKE_DROP_NOT_OURS;
	/* Its prefixes have the lifetimes of ours (10.6.1). */
	if (ha_prefix_heard(e, l, m))
		ha_mobile_prefix_changed(e, l);
	l->beside = (struct nd_msg){ .cur_hop_limit = m->cur_hop_limit,
				     .ra_flags = m->ra_flags,
				     .preference = m->preference,
				     .router_lifetime = m->router_lifetime,
				     .reachable_ms = m->reachable_ms,
				     .retrans_ms = m->retrans_ms };
	l->advertising = true;
	advertise(e, l, &in6_all_nodes, NULL, false);
	return 0;
}

/* RFC 4861 6.2.6: after a random delay, to all. */
int ha_advertise_solicited(struct lke_engine *e, struct ha_link *l, const struct pkt *p)
{
	if (!l->advertising || !has_timer(e))
		return -(int)LKE_DROP_NOT_OURS;
	count(e, LKE_STAT_RS_IN);
	note_in(e, LKE_ROLE_HA, LKE_MSG_RS, p, LKE_DROP_NONE);
	schedule(e, l, e->now + rnd_below(e, MAX_RA_DELAY_TIME + 1));
	return 0;
}

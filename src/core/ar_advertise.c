/* SPDX-License-Identifier: ISC */
/*
 * Router Advertisements: RFC 4861 6.2, RFC 6275 section 7, RFC 4191, RFC 8106, draft 3.1.1.
 * An advertisement that would exceed the link MTU is sent in two parts (AMB-026): the first carries
 * the H bit, Home Agent Information, the prefixes with the R bit and the LKE Capability option.
 */
#include "core/access_router.h"

enum part {
	PART_ALL,
	PART_LKE,  /* of two: what a mobile node needs */
	PART_REST, /* of two: everything else */
	PART_FINAL /* Router Lifetime 0, draft 3.1.1: option 6 omitted (AMB-048) */
};

static bool advertises_lke(const struct lke_engine *e, const struct ar_link *k)
{
	return ar_max_lifetime(e, k) > 0 && e->ar->rsa[0].present;
}

static void add_prefixes(const struct ar_link *k, struct nd_msg *m)
{
	struct lke_prefix p[LKE_MAX_PREFIXES];
	unsigned n = ar_link_prefixes(k, p);

	for (unsigned i = 0; i < n; i++) {
		const struct lke_in6 *own = iface_addr_in_prefix(k->ifc, &p[i].addr, p[i].len);
		struct nd_prefix *o = &m->prefix[m->prefixes++];

		/* With R the whole address of the router stands in the option, RFC 6275 7.2. */
		o->prefix = own ? *own : p[i].addr;
		o->len = p[i].len;
		o->flags = ND_PIO_L;
		if (p[i].len == 64)
			o->flags |= ND_PIO_A;
		if (own)
			o->flags |= ND_PIO_R;
		o->valid = k->cfg->prefix_valid;
		o->preferred = k->cfg->prefix_preferred;
	}
}

static void add_home_agent(const struct lke_engine *e, const struct ar_link *k, struct nd_msg *m)
{
	const struct ar_rsa *key = &e->ar->rsa[0];

	m->ra_flags |= ND_RA_H;
	m->has_ha_info = true;
	m->ha_lifetime = k->cfg->ha_lifetime ? k->cfg->ha_lifetime : k->cfg->router_lifetime;
	m->has_lke = true;
	m->lke_max_lifetime = (uint16_t)ar_max_lifetime(e, k);
	m->lke_key = key->spki;
	m->lke_key_len = key->spki_len;
}

static void add_rest(const struct ar_link *k, struct nd_msg *m)
{
	const struct lke_config_ar *c = k->cfg;

	m->has_adv_interval = true;
	m->adv_interval_ms = c->ra_max_interval_ms;
	/* Beside another daemon's advertisements only what concerns mobility is ours to say. */
	if (c->advertise == LKE_ADVERTISE_AUGMENT)
		return;
	m->mtu = c->mtu;
	for (unsigned n = 0; n < c->rdnss_count && n < 3; n++)
		m->rdnss[m->rdnss_count++] = c->rdnss[n];
	m->rdnss_lifetime = c->ra_max_interval_ms / 1000 * 3;
}

static void fill(const struct lke_engine *e, const struct ar_link *k, enum part part,
		 struct nd_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->type = ND_RA;
	m->cur_hop_limit = 64;
	m->preference = (int8_t)k->cfg->preference;
	m->router_lifetime = k->cfg->router_lifetime;
	m->lladdr = k->ifc->lladdr;
	if (part == PART_FINAL) {
		m->router_lifetime = 0;
		m->preference = 0;
		return;
	}
	if (part != PART_REST) {
		add_prefixes(k, m);
		if (advertises_lke(e, k))
			add_home_agent(e, k, m);
	}
	if (part != PART_LKE)
		add_rest(k, m);
}

/* Sends one part; false when it does not fit. */
static bool send_part(struct lke_engine *e, struct ar_link *k, enum part part,
		      const struct lke_in6 *dst, const struct lke_lladdr *ll)
{
	size_t mtu = k->ifc->mtu >= IP6_MIN_MTU ? k->ifc->mtu : IP6_MIN_MTU;
	const struct lke_in6 *src = iface_ll(k->ifc);
	uint8_t buf[PACKET_MAX];
	struct nd_msg m;
	int len;

	fill(e, k, part, &m);
	len = nd_encode(&m, src, dst, 0, buf, mtu < sizeof(buf) ? mtu : sizeof(buf));
	if (len < 0)
		return false;
	count(e, LKE_STAT_RA_SENT);
	send_packet(e, LKE_ROLE_AR, LKE_MSG_RA, k->ifc->ifindex, ll, buf, (size_t)len);
	return true;
}

static void advertise(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *dst,
		      const struct lke_lladdr *ll)
{
	if (send_part(e, k, PART_ALL, dst, ll))
		return;
	if (!send_part(e, k, PART_LKE, dst, ll) || !send_part(e, k, PART_REST, dst, ll))
		alarm_note(e, LKE_ROLE_AR, NULL, "router advertisement exceeds the link MTU");
}

/* RFC 4861 6.2.4, with the MinDelayBetweenRAs of RFC 6275 7.5. */
static void advertise_all(struct lke_engine *e, struct ar_link *k)
{
	lke_time min = k->cfg->ra_min_interval_ms * LKE_MSEC;
	lke_time max = k->cfg->ra_max_interval_ms * LKE_MSEC, next;

	advertise(e, k, &in6_all_nodes, NULL);
	k->last_multicast = e->now;
	k->sent_any = true;
	next = min + rnd_below(e, max > min ? max - min + 1 : 1);
	if (k->initial_left > 0) {
		k->initial_left--;
		if (next > MAX_INITIAL_RTR_ADVERT_INTERVAL)
			next = MAX_INITIAL_RTR_ADVERT_INTERVAL;
	}
	arm(e, &k->ra, e->now + next);
}

/* Moves the next multicast advertisement to at, or to where MIN_DELAY_BETWEEN_RAS allows it. */
static void schedule(struct lke_engine *e, struct ar_link *k, lke_time at)
{
	lke_time earliest = k->last_multicast + MIN_DELAY_BETWEEN_RAS;

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
	k->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS - 1;
	if (!k->sent_any || e->now >= k->last_multicast + MIN_DELAY_BETWEEN_RAS)
		advertise_all(e, k);
	else
		schedule(e, k, e->now);
}

void ar_advertise_changed(struct lke_engine *e, struct ar_link *k)
{
	if (!k->running || k->cfg->advertise == LKE_ADVERTISE_NO)
		return;
	k->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS;
	schedule(e, k, e->now);
}

void ar_advertise_stop(struct lke_engine *e, struct ar_link *k, bool final)
{
	if (timer_armed(&k->ra))
		timerq_disarm(&e->timers, &k->ra);
	if (k->cfg->advertise == LKE_ADVERTISE_NO || !k->running)
		return;
	if (final && k->ifc->up && iface_ll(k->ifc))
		send_part(e, k, PART_FINAL, &in6_all_nodes, NULL);
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
	if (at_once && tbf_take(&k->unicast, 1, e->now)) {
		advertise(e, k, &p->ip.src, ll);
		return 0;
	}
	if (!draft01(e) && k->cfg->ra_delay_ms > 0 && in6_is_linklocal(&p->ip.src))
		delay = k->cfg->ra_delay_ms * LKE_MSEC;
	schedule(e, k, e->now + rnd_below(e, delay + 1));
	return 0;
}

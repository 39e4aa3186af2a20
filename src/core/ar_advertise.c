/* SPDX-License-Identifier: ISC */
/*
 * Router Advertisements: RFC 4861 6.2, RFC 6275 section 7, RFC 4191, RFC 8106, draft 3.1.1.
 */
#include "core/access_router.h"

/*
 * AMB-026: the largest advertisement there can be fits the smallest MTU, so none is ever split:
 * header 16, SLLA 8, MTU 8, prefixes 32 each, interval 8, Home Agent Information 8, three RDNSS 56,
 * option 6.
 */
_Static_assert(IP6_HDR_LEN + 16 + 8 + 8 + 32 * LKE_MAX_PREFIXES + 8 + 8 + 56 + 4 + RSA_SPKI_MAX +
			       7 <=
		       IP6_MIN_MTU,
	       "a Router Advertisement fits 1280 octets");

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

/* final: Router Lifetime 0; option 6 and the H bit are omitted there (AMB-048). */
static void fill(const struct lke_engine *e, const struct ar_link *k, bool final, struct nd_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->type = ND_RA;
	m->cur_hop_limit = 64;
	m->lladdr = k->ifc->lladdr;
	if (final)
		return;
	m->preference = (int8_t)k->cfg->preference;
	m->router_lifetime = k->cfg->router_lifetime;
	add_prefixes(k, m);
	add_rest(k, m);
	if (advertises_lke(e, k))
		add_home_agent(e, k, m);
}

static void advertise(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *dst,
		      const struct lke_lladdr *ll, bool final)
{
	uint8_t buf[IP6_MIN_MTU];
	struct nd_msg m;
	int len;

	fill(e, k, final, &m);
	len = nd_encode(&m, iface_ll(k->ifc), dst, 0, buf, sizeof(buf));
	if (len < 0)
		return;
	count(e, LKE_STAT_RA_SENT);
	send_packet(e, LKE_ROLE_AR, LKE_MSG_RA, k->ifc->ifindex, ll, buf, (size_t)len);
}

/* RFC 4861 6.2.4, with the MinDelayBetweenRAs of RFC 6275 7.5. */
static void advertise_all(struct lke_engine *e, struct ar_link *k)
{
	lke_time min = k->cfg->ra_min_interval_ms * LKE_MSEC;
	lke_time max = k->cfg->ra_max_interval_ms * LKE_MSEC, next;

	advertise(e, k, &in6_all_nodes, NULL, false);
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
	k->initial_left = MAX_INITIAL_RTR_ADVERTISEMENTS - 1;
	schedule(e, k, e->now);
}

void ar_advertise_stop(struct lke_engine *e, struct ar_link *k, bool final)
{
	if (timer_armed(&k->ra))
		timerq_disarm(&e->timers, &k->ra);
	if (k->cfg->advertise == LKE_ADVERTISE_NO || !k->running)
		return;
	if (final && k->ifc->up && iface_ll(k->ifc))
		advertise(e, k, &in6_all_nodes, NULL, true);
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
		advertise(e, k, &p->ip.src, ll, false);
		return 0;
	}
	if (!draft01(e) && k->cfg->ra_delay_ms > 0 && in6_is_linklocal(&p->ip.src))
		delay = k->cfg->ra_delay_ms * LKE_MSEC;
	schedule(e, k, e->now + rnd_below(e, delay + 1));
	return 0;
}

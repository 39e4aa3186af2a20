/* SPDX-License-Identifier: ISC */
/*
 * Dynamic Home Agent Address Discovery: RFC 6275 6.5, 6.6, 10.5.  Mobile nodes ask the Home-Agents
 * anycast address of their home prefix (RFC 2526), which is an address of every home agent there:
 * we answer its address resolution (RFC 4861 7.2.7) and what is asked of it.  The question is not
 * authenticated, so the answer is limited; it makes nothing here.
 */
#include "core/home_agent.h"
#include "wire/hadisc.h"

static bool answers_for(const struct ha_link *l, const struct lke_in6 *a)
{
	for (unsigned n = 0; n < l->anycasts; n++)
		if (in6_eq(&l->anycast[n], a))
			return true;
	return false;
}

/* The kernel must neither forward what is sent there nor answer for it. */
static void serve(struct lke_engine *e, const struct ha_link *l, const struct lke_in6 *anycast,
		  bool on)
{
	struct lke_in6 group = in6_solicited_node(anycast);

	if (on) {
		steer_add(e, LKE_STEER_PROXIED, anycast, 0);
		group_join(e, l->ifc->ifindex, &group);
	} else {
		group_leave(e, l->ifc->ifindex, &group);
		steer_del(e, LKE_STEER_PROXIED, anycast, 0);
	}
}

static const struct lke_in6 *own_address(const struct ha_link *l, const struct lke_in6 *anycast)
{
	return iface_addr_in_prefix(l->ifc, anycast, 64);
}

void ha_discovery_update(struct lke_engine *e, struct ha_link *l)
{
	if (!e->cfg.ha.discovery)
		return;
	for (unsigned n = 0; n < l->anycasts;) {
		if (own_address(l, &l->anycast[n])) {
			n++;
			continue;
		}
		serve(e, l, &l->anycast[n], false);
		l->anycast[n] = l->anycast[--l->anycasts];
	}
	for (unsigned n = 0; n < l->ifc->addrs && l->anycasts < IFACE_ADDRS; n++) {
		const struct iface_addr *a = &l->ifc->addr[n];
		struct lke_in6 anycast = hadisc_anycast(&a->addr);

		if (a->tentative || !in6_is_global(&a->addr) || a->plen != 64 ||
		    answers_for(l, &anycast))
			continue;
		serve(e, l, &anycast, true);
		l->anycast[l->anycasts++] = anycast;
	}
}

void ha_discovery_stop(struct lke_engine *e, struct ha_link *l)
{
	while (l->anycasts > 0)
		serve(e, l, &l->anycast[--l->anycasts], false);
	l->askers = 0;
	if (timer_armed(&l->anycast_timer))
		timerq_disarm(&e->timers, &l->anycast_timer);
}

static struct ha_link *link_of(struct lke_engine *e, const struct lke_in6 *anycast)
{
	for (unsigned n = 0; n < e->cfg.ha.interfaces; n++)
		if (answers_for(&e->ha->link[n], anycast))
			return &e->ha->link[n];
	return NULL;
}

static void reply(struct lke_engine *e, struct ha_link *l, const struct pkt *p, uint16_t id)
{
	struct hadisc m = { .type = HADISC_REPLY, .id = id };
	struct ip6_out o = { .src = *own_address(l, &p->ip.dst),
			     .dst = p->ip.src,
			     .hop_limit = HA_HOP_LIMIT };
	bool direct = ha_on_link(p);
	uint8_t buf[IP6_MIN_MTU];
	struct wr w = wr_init(buf, sizeof(buf));

	m.agents = ha_list_addresses(e, l, &o.src, m.agent, HADISC_AGENTS_MAX);
	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, &o.src, &o.dst);
	ip6_end(&w);
	assert(!w.err);
	count(e, LKE_STAT_DISCOVERY_ANSWERED);
	send_packet(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REPLY, direct ? p->ifc->ifindex : 0,
		    direct ? &p->src_ll : NULL, buf, w.off);
}

int ha_discovery_input(struct lke_engine *e, const struct pkt *p)
{
	struct ha_link *l = link_of(e, &p->ip.dst);
	struct hadisc m;
	int err;

	if (!l)
		return -(int)LKE_DROP_NOT_OURS;
	/* RFC 6275 11.4.1: from the care-of address, without a Home Address option. */
	if (p->ip.has_hao || p->ip.has_rh2)
		return note_in(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REQUEST, p, LKE_DROP_HAO);
	err = hadisc_decode(p->ip.pkt + p->ip.upper_off, p->ip.upper_len, &p->ip.src, &p->ip.dst,
			    &m);
	if (err < 0)
		return note_in(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REQUEST, p, (enum lke_drop) - err);
	if (!in6_is_global(&p->ip.src) || iface_of_addr(e, &p->ip.src))
		return note_in(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REQUEST, p, LKE_DROP_SCOPE_ADDRESS);
	if (!tbf_take(&e->ha->discovery, 1, e->now))
		return note_in(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REQUEST, p, LKE_DROP_RATE_ANSWER);
	note_in(e, LKE_ROLE_HA, LKE_MSG_DHAAD_REQUEST, p, LKE_DROP_NONE);
	reply(e, l, p, m.id);
	return 0;
}

/* ---- address resolution ---- */

bool ha_discovery_solicited(struct lke_engine *e, struct ha_link *l, const struct pkt *p,
			    const struct nd_msg *m)
{
	struct ha_asker *a;

	if (m->type != ND_NS || !answers_for(l, &m->target))
		return false;
	/* Nobody tests an anycast address for duplicates (RFC 4862 5.4). */
	if (in6_is_unspecified(&p->ip.src))
		return true;
	note_in(e, LKE_ROLE_HA, LKE_MSG_NS, p,
		l->askers == HA_ASKERS_MAX ? LKE_DROP_RATE_ANSWER : LKE_DROP_NONE);
	if (l->askers == HA_ASKERS_MAX)
		return true;
	a = &l->asker[l->askers++];
	a->src = p->ip.src;
	a->anycast = m->target;
	a->ll = m->lladdr.len > 0 ? m->lladdr : p->src_ll;
	a->at = e->now + rnd_below(e, MAX_ANYCAST_DELAY_TIME);
	if (!timer_armed(&l->anycast_timer) || a->at < l->anycast_timer.at)
		arm(e, &l->anycast_timer, a->at);
	return true;
}

/* Override clear: the first answer of all home agents counts (RFC 4861 7.2.7). */
static void answer(struct lke_engine *e, const struct ha_link *l, const struct ha_asker *a)
{
	const struct lke_in6 *src = iface_ll(l->ifc);
	struct nd_msg m = {
		.type = ND_NA, .na_flags = ND_NA_S, .target = a->anycast, .lladdr = l->ifc->lladdr
	};
	uint8_t buf[PACKET_MAX];
	int len;

	if (!src || !l->ifc->up)
		return;
	len = nd_encode(&m, src, &a->src, 0, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_HA, LKE_MSG_NA, l->ifc->ifindex, &a->ll, buf, (size_t)len);
}

void ha_discovery_timer(struct lke_engine *e, struct ha_link *l)
{
	lke_time next = LKE_NEVER;

	for (unsigned n = 0; n < l->askers;) {
		struct ha_asker a = l->asker[n];

		if (a.at > e->now) {
			if (a.at < next)
				next = a.at;
			n++;
			continue;
		}
		l->asker[n] = l->asker[--l->askers];
		answer(e, l, &a);
	}
	if (next != LKE_NEVER)
		arm(e, &l->anycast_timer, next);
}

/* SPDX-License-Identifier: ISC */
/*
 * Prefixes of the home link for mobile nodes away from it: RFC 6275 6.7, 6.8, 10.6.  A solicitation
 * in ESP is answered at once; what changes on the home link is told to each registered mobile node
 * after a random delay and again until it solicits.  All of it in ESP under the security
 * associations of its Binding Updates (RFC 3776 3.3).
 */
#include "core/home_agent.h"
#include "wire/hadisc.h"

static struct binding *bound(const struct lke_engine *e, const struct mobile *m)
{
	struct binding *b = binding_find(e, &m->home);

	return b && b->kind == BINDING_BY_ESP ? b : NULL;
}

/* M and O stay clear: we give no DHCPv6 service to nodes away from home (RFC 6275 6.8). */
static void fill(const struct lke_engine *e, const struct ha_link *l, struct hadisc *m)
{
	struct ha_heard list[ND_MAX_PREFIXES];
	unsigned n = ha_prefix_list(e, l, list, ND_MAX_PREFIXES);

	for (unsigned k = 0; k < n; k++)
		m->prefix[m->prefixes++] = (struct nd_prefix){
			.prefix = list[k].prefix,
			.len = list[k].len,
			.flags = list[k].flags,
			.valid = ha_prefix_left(e, list[k].valid),
			.preferred = ha_prefix_left(e, list[k].preferred),
		};
}

static void send(struct lke_engine *e, struct mobile *m, const struct lke_in6 *agent,
		 const struct lke_in6 *dst, uint16_t id)
{
	const struct iface *i = iface_of_addr(e, agent);
	struct ip6_out o = {
		.src = *agent, .dst = *dst, .hop_limit = HA_HOP_LIMIT, .rh2 = &m->home
	};
	struct hadisc msg = { .type = MPREFIX_ADVERTISEMENT, .id = id };
	uint8_t icmp[8 + 32 * ND_MAX_PREFIXES], buf[PACKET_MAX];
	struct wr w = wr_init(icmp, sizeof(icmp));
	int len;

	if (!i || !i->ha)
		return;
	fill(e, i->ha, &msg);
	hadisc_encode(&w, &msg, agent, &m->home);
	assert(!w.err);
	len = sa_protect_proto(e, &m->to_mn, &o, IP6_NH_ICMPV6, icmp, w.off, buf, sizeof(buf));
	if (len < 0) {
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "prefix advertisement could not be protected; restart lked");
		return;
	}
	m->prefix.sent = e->now;
	m->prefix.any = true;
	count(e, LKE_STAT_MPA_SENT);
	send_packet_full(e, LKE_ROLE_HA, LKE_MSG_MPA, 0, NULL, buf, (size_t)len, &m->home, 0, id,
			 0);
}

/* RAND_ADV_DELAY of RFC 6275 10.6.2. */
static lke_time random_delay(struct lke_engine *e, const struct mobile *m)
{
	const struct binding *b = bound(e, m);
	const struct iface *i = b ? iface_of_addr(e, &b->agent) : NULL;
	lke_time min = e->cfg.ha.mobile_prefix_min * LKE_SEC;
	lke_time max = e->cfg.ha.mobile_prefix_max * LKE_SEC;
	struct ha_heard p;

	if (i && i->ha && ha_prefix_of(e, i->ha, &m->home, &p) && p.preferred != LKE_NEVER &&
	    p.preferred > e->now && p.preferred - e->now < max)
		max = p.preferred - e->now;
	return min + rnd_below(e, max > min ? max - min : min - max);
}

/* One that is scheduled already will say what has changed since, too. */
static void schedule(struct lke_engine *e, struct mobile *m)
{
	m->prefix.tries = 0;
	if (!timer_armed(&m->prefix.timer))
		arm(e, &m->prefix.timer, e->now + random_delay(e, m));
}

void ha_mobile_prefix_registered(struct lke_engine *e, struct mobile *m)
{
	/* Nothing was scheduled yet, or nobody listened the last time (10.6.2). */
	if (!timer_armed(&m->prefix.timer))
		schedule(e, m);
}

void ha_mobile_prefix_changed(struct lke_engine *e, const struct ha_link *l)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		struct mobile *m = e->ha->mobile[n];
		const struct binding *b = bound(e, m);

		if (b && l->ifc && b->ifindex == l->ifc->ifindex)
			schedule(e, m);
	}
}

/* To a solicitation, of which it is also the acknowledgement. */
static void answer(struct lke_engine *e, struct mobile *m, const struct binding *b)
{
	m->prefix.asked = false;
	m->prefix.tries = 0;
	send(e, m, &b->agent, &b->coa, m->prefix.id);
	arm(e, &m->prefix.timer, e->now + random_delay(e, m));
}

/* The first of them, or again because no solicitation came: after 3, 6, 12 s. */
void ha_mobile_prefix_timer(struct lke_engine *e, struct mobile *m)
{
	const struct binding *b = bound(e, m);

	/* A registration that ended gets no more of it. */
	if (!b)
		m->prefix.asked = false;
	if (!b || m->prefix.tries > PREFIX_ADV_RETRIES)
		return;
	if (m->prefix.asked) {
		answer(e, m, b);
		return;
	}
	send(e, m, &b->agent, &b->coa, 0);
	arm(e, &m->prefix.timer, e->now + (PREFIX_ADV_TIMEOUT << m->prefix.tries));
	m->prefix.tries++;
}

int ha_mobile_prefix_solicited(struct lke_engine *e, struct mobile *m, const struct pkt *p,
			       const uint8_t *icmp, size_t len)
{
	const struct binding *b = bound(e, m);
	struct hadisc msg = { 0 };
	enum lke_drop why = LKE_DROP_NONE;
	int err = hadisc_decode(icmp, len, &m->home, &p->ip.dst, &msg);

	if (err < 0)
		why = (enum lke_drop) - err;
	else if (msg.type != MPREFIX_SOLICITATION)
		why = LKE_DROP_ESP_SELECTOR;
	else if (!p->ip.has_hao || !in6_is_global(&p->ip.src))
		why = LKE_DROP_HAO;
	else if (m->suspended)
		why = LKE_DROP_SUSPENDED;
	/* ESP does not cover the source: a recorded one must not aim the answer elsewhere. */
	else if (!b || !in6_eq(&b->coa, &p->ip.src))
		why = LKE_DROP_NO_BINDING;
	/* RFC 6275 6.8: not more than one a second.  One may wait for its time. */
	else if (m->prefix.asked)
		why = LKE_DROP_RATE_ANSWER;
	note_in_full(e, LKE_ROLE_HA, LKE_MSG_MPS, p, why, &m->home, 0, msg.id, 0);
	if (why != LKE_DROP_NONE)
		return -(int)why;
	m->prefix.asked = true;
	m->prefix.id = msg.id;
	m->prefix.tries = 0;
	if (m->prefix.any && e->now - m->prefix.sent < LKE_SEC)
		arm(e, &m->prefix.timer, m->prefix.sent + LKE_SEC);
	else
		answer(e, m, b);
	return 0;
}

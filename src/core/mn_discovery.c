/* SPDX-License-Identifier: ISC */
/*
 * Dynamic Home Agent Address Discovery: RFC 6275 11.4.1.  The reply is not authenticated, so it
 * only names candidates on the home prefix; who answers a Binding Update in ESP is the home agent.
 */
#include "core/mobile_node.h"
#include "wire/hadisc.h"

#define DHAAD_PAUSE                                                                                \
	(60 * LKE_SEC) /* after DHAAD_RETRIES without a reply, or when all agents failed */

static void ask(struct lke_engine *e, struct mn_home *h)
{
	struct mn_discovery *d = &h->discovery;
	struct mn_link *l = e->mn->active;
	struct hadisc m = { .type = HADISC_REQUEST, .id = d->id };
	struct ip6_out o = { .src = e->mn->current,
			     .dst = hadisc_anycast(&h->cfg->addr),
			     .hop_limit = 64 };
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));

	ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, &o.src, &o.dst);
	ip6_end(&w);
	if (l && l->router && !w.err)
		mn_send(e, LKE_MSG_DHAAD_REQUEST, &w);
	d->tries++;
	arm(e, &d->timer, e->now + d->rto);
	d->rto *= 2;
}

void mn_discover(struct lke_engine *e, struct mn_home *h)
{
	struct mn_discovery *d = &h->discovery;

	if (d->tries > 0 || timer_armed(&d->timer))
		return;
	d->id = (uint16_t)rnd_u32(e);
	d->rto = INITIAL_DHAAD_TIMEOUT;
	ask(e, h);
}

void mn_discovery_timer(struct lke_engine *e, struct mn_home *h)
{
	struct mn_discovery *d = &h->discovery;

	if (d->tries > 0 && d->tries <= DHAAD_RETRIES) {
		ask(e, h);
	} else if (d->tries > 0) {
		d->tries = 0;
		alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
			   "no home agent answers discovery; name it as HomeAgent");
		arm(e, &d->timer, e->now + DHAAD_PAUSE);
		if (h->state == MN_HOME_RETURNING)
			mn_home_arrived(e, h);
	} else if (h->state == MN_HOME_AWAY && e->mn->active) {
		mn_register(e, h, &e->mn->current);
	} else if (h->state == MN_HOME_RETURNING) {
		mn_discover(e, h); /* it came home in the pause */
	}
}

/* One agent after the other takes over the registration; an entry of the former one would go on
 * asking. */
static void take(struct lke_engine *e, struct mn_home *h, const struct lke_in6 *agent)
{
	struct update *u = update_find(e, &h->cfg->addr, &h->agent);

	if (u)
		update_free(e, u);
	mn_home_tunnel(e, h, &in6_unspecified);
	h->coa = in6_unspecified;
	h->agent = *agent;
}

void mn_agent_failed(struct lke_engine *e, struct mn_home *h)
{
	struct mn_discovery *d = &h->discovery;

	if (d->next < d->agents) {
		take(e, h, &d->agent[d->next++]);
		mn_register(e, h, &e->mn->current);
		return;
	}
	take(e, h, &in6_unspecified);
	d->agents = 0;
	arm(e, &d->timer, e->now + DHAAD_PAUSE);
}

static struct mn_home *asked_for(const struct lke_engine *e, uint16_t id)
{
	for (unsigned n = 0; n < e->mn->homes; n++)
		if (e->mn->home[n].discovery.tries > 0 && e->mn->home[n].discovery.id == id)
			return &e->mn->home[n];
	return NULL;
}

static void learn(struct mn_home *h, const struct hadisc *m)
{
	struct mn_discovery *d = &h->discovery;

	d->agents = d->next = 0;
	for (unsigned n = 0; n < m->agents && d->agents < MN_AGENTS_MAX; n++)
		if (in6_is_global(&m->agent[n]) && !in6_eq(&m->agent[n], &h->cfg->addr) &&
		    !in6_is_anycast64(&m->agent[n]) &&
		    in6_prefix_eq(&m->agent[n], &h->cfg->addr, h->cfg->prefix_len))
			d->agent[d->agents++] = m->agent[n];
}

int mn_discovery_input(struct lke_engine *e, const struct pkt *p)
{
	struct hadisc m;
	struct mn_home *h;
	int err = hadisc_decode(p->ip.pkt + p->ip.upper_off, p->ip.upper_len, &p->ip.src,
				&p->ip.dst, &m);

	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	h = asked_for(e, m.id);
	if (!h || m.type != HADISC_REPLY || !in6_eq(&p->ip.dst, &e->mn->current))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_DHAAD_REPLY, p, LKE_DROP_STATE);
	note_in_full(e, LKE_ROLE_MN, LKE_MSG_DHAAD_REPLY, p, LKE_DROP_NONE, &h->cfg->addr, 0, m.id,
		     0);
	learn(h, &m);
	if (h->discovery.agents == 0)
		return 0; /* nothing of use: the next request may meet another home agent */
	h->discovery.tries = 0;
	timerq_disarm(&e->timers, &h->discovery.timer);
	take(e, h, &h->discovery.agent[h->discovery.next++]);
	if (h->state == MN_HOME_AWAY)
		mn_register(e, h, &e->mn->current);
	else
		mn_home_return(e, h);
	return 0;
}

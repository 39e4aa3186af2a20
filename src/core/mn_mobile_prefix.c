/* SPDX-License-Identifier: ISC */
/*
 * The prefixes of the home link, as the home agent tells a node away from it: RFC 6275 11.4.2,
 * 11.4.3, in ESP under the keys of the home address.  No home address is made of a new prefix: it
 * would need keys of its own (RFC 6275 15.3, SEC-033, SEC-038).
 */
#include "core/mobile_node.h"
#include "wire/hadisc.h"

#define MPS_RETRIES 3
#define MPS_TIMEOUT (3 * LKE_SEC)
#define MPS_EARLY   (600 * LKE_SEC) /* before the address ends, or a quarter of what was left */

void mn_mobile_prefix_init(struct mn_home *h)
{
	h->prefix.valid_until = h->prefix.preferred_until = LKE_NEVER;
	timer_init(&h->prefix.timer, MN_T_HOME_PREFIX, h);
}

static void solicit(struct lke_engine *e, struct mn_home *h)
{
	struct mn_mobile_prefix *x = &h->prefix;
	struct mn_link *l = e->mn->active;
	struct hadisc m = { .type = MPREFIX_SOLICITATION, .id = x->id };
	struct ip6_out o = {
		.src = h->coa, .dst = h->agent, .hop_limit = 64, .hao = &h->cfg->addr
	};
	uint8_t icmp[16], buf[512];
	struct wr w = wr_init(icmp, sizeof(icmp));
	lke_time again = e->now + (MPS_TIMEOUT << x->tries);
	int len;

	arm(e, &x->timer, again < x->valid_until ? again : x->valid_until);
	x->tries++;
	if (!l || !l->router || h->state != MN_HOME_AWAY)
		return;
	/* The home agent believes only the registered care-of address, and that must be ours to
	 * send from. */
	if (!in6_eq(&h->coa, &e->mn->current)) {
		mn_register(e, h, &e->mn->current);
		return;
	}
	hadisc_encode(&w, &m, &h->cfg->addr, &h->agent);
	len = w.err ? LKE_ERR_SPACE
		    : sa_protect_proto(e, &h->out, &o, IP6_NH_ICMPV6, icmp, w.off, buf,
				       sizeof(buf));
	if (len < 0)
		return;
	x->sent = e->now;
	send_packet_full(e, LKE_ROLE_MN, LKE_MSG_MPS, l->ifc->ifindex, &l->router->lladdr, buf,
			 (size_t)len, &h->cfg->addr, 0, x->id, 0);
}

/* RFC 6275 6.7: not more than one a second. */
void mn_mobile_prefix_ask(struct lke_engine *e, struct mn_home *h)
{
	struct mn_mobile_prefix *x = &h->prefix;

	if (x->tries > 0)
		return;
	x->id = (uint16_t)(1 + rnd_u32(e) % UINT16_MAX); /* 0 marks the unsolicited */
	if (x->sent != 0 && e->now - x->sent < LKE_SEC)
		arm(e, &x->timer, x->sent + LKE_SEC);
	else
		solicit(e, h);
}

/* When to ask again: before the address ends. */
static void arm_next(struct lke_engine *e, struct mn_home *h)
{
	struct mn_mobile_prefix *x = &h->prefix;
	lke_time left, early;

	if (x->valid_until == LKE_NEVER || x->valid_until <= e->now) {
		timerq_disarm(&e->timers, &x->timer);
		return;
	}
	left = x->valid_until - e->now;
	early = left / 4 < MPS_EARLY ? left / 4 : MPS_EARLY;
	arm(e, &x->timer, early < LKE_SEC ? x->valid_until : x->valid_until - early);
}

static void ended(struct lke_engine *e, struct mn_home *h)
{
	struct update *u = update_find(e, &h->cfg->addr, &h->agent);

	alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
		   "the prefix of the home address has ended; get a new address");
	if (u)
		update_free(e, u);
	h->coa = in6_unspecified;
	mn_home_tunnel(e, h, &in6_unspecified);
}

void mn_mobile_prefix_timer(struct lke_engine *e, struct mn_home *h)
{
	struct mn_mobile_prefix *x = &h->prefix;

	if (x->valid_until <= e->now) {
		x->tries = 0;
		ended(e, h);
	} else if (x->tries == 0) {
		mn_mobile_prefix_ask(e, h);
	} else if (x->tries <= MPS_RETRIES) {
		solicit(e, h);
	} else {
		x->tries = 0;
		if (x->valid_until != LKE_NEVER)
			arm(e, &x->timer, x->valid_until);
	}
}

uint32_t mn_mobile_prefix_limit(const struct lke_engine *e, const struct mn_home *h,
				uint32_t seconds)
{
	lke_time left;

	if (h->prefix.valid_until == LKE_NEVER)
		return seconds;
	if (h->prefix.valid_until <= e->now)
		return 0;
	left = (h->prefix.valid_until - e->now) / LKE_SEC;
	return left < seconds ? (uint32_t)left : seconds;
}

/* As if they had come in a Router Advertisement of the home link, but authentic: the two-hour rule
 * is for those that are not. */
static void read_prefixes(struct lke_engine *e, struct mn_home *h, const struct hadisc *m)
{
	bool other = false;

	for (unsigned n = 0; n < m->prefixes; n++) {
		const struct nd_prefix *x = &m->prefix[n];

		if (!in6_is_global(&x->prefix) || x->preferred > x->valid)
			continue;
		if (!in6_prefix_eq(&x->prefix, &h->cfg->addr, x->len)) {
			other = other || x->valid > 0;
			continue;
		}
		h->prefix.valid_until = mn_lifetime_end(e->now, x->valid);
		h->prefix.preferred_until = mn_lifetime_end(e->now, x->preferred);
	}
	if (other)
		alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
			   "another prefix on the home link; an address needs keys");
	if (h->state == MN_HOME_AWAY)
		mn_home_address(e, h, 0, false);
}

int mn_mpa_input(struct lke_engine *e, const struct pkt *p, struct mn_home *h, const uint8_t *icmp,
		 size_t len)
{
	struct mn_mobile_prefix *x = &h->prefix;
	struct hadisc m;
	int err = hadisc_decode(icmp, len, &h->agent, &h->cfg->addr, &m);

	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (m.type != MPREFIX_ADVERTISEMENT || !p->ip.has_rh2)
		return drop(e, LKE_DROP_ESP_SELECTOR);
	/* Unsolicited: discarded, and asked for (11.4.3), so that a recorded one changes nothing.
	 */
	if (x->tries == 0 || m.id != x->id) {
		note_in_full(e, LKE_ROLE_MN, LKE_MSG_MPA, p, LKE_DROP_STATE, &h->cfg->addr, 0, m.id,
			     0);
		mn_mobile_prefix_ask(e, h);
		return -(int)LKE_DROP_STATE;
	}
	note_in_full(e, LKE_ROLE_MN, LKE_MSG_MPA, p, LKE_DROP_NONE, &h->cfg->addr, 0, m.id, 0);
	x->tries = 0;
	read_prefixes(e, h, &m);
	if (x->valid_until <= e->now)
		ended(e, h);
	arm_next(e, h);
	return 0;
}

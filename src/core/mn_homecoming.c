/* SPDX-License-Identifier: ISC */
/*
 * Return to the home link: RFC 6275 11.5.5.  The home agent defends the home address there, so it
 * is not touched before the home agent has let it go: no DAD for it, no solicitation from it.  The
 * link-layer address of the home agent is learnt by a solicitation from the link-local address.
 */
#include "core/mobile_node.h"

#define RESOLVE_TRIES 3

bool mn_home_link(const struct mn_link *l, const struct mn_home *h)
{
	const struct mn_router *r = l->router;

	for (unsigned n = 0; r && n < r->prefixes; n++)
		if (in6_prefix_eq(&r->prefix[n].pio.prefix, &h->cfg->addr, h->cfg->prefix_len))
			return true;
	return false;
}

bool mn_home_is_here(const struct lke_engine *e, const struct mn_link *l)
{
	for (unsigned n = 0; n < e->mn->homes; n++)
		if (mn_home_link(l, &e->mn->home[n]))
			return true;
	return false;
}

void mn_home_address(struct lke_engine *e, const struct mn_home *h, uint32_t ifindex, bool remove)
{
	struct lke_action *a = act_new(e, LKE_ACT_ADDR);

	if (!a)
		return;
	a->addr.ifindex = ifindex;
	a->addr.addr = h->cfg->addr;
	a->addr.prefix_len = 128;
	a->addr.remove = remove;
	a->addr.valid = mn_seconds_left(e, h->prefix.valid_until);
	a->addr.preferred = mn_seconds_left(e, h->prefix.preferred_until);
	a = act_new(e, LKE_ACT_PATH);
	if (!a)
		return;
	a->path.src = h->cfg->addr;
	if (remove) {
		a->path.path = LKE_PATH_NONE;
	} else if (ifindex == 0) {
		a->path.path = LKE_PATH_TUNNEL;
	} else {
		a->path.path = LKE_PATH_ROUTER;
		a->path.ifindex = ifindex;
		a->path.router = e->mn->active->router->ll;
	}
}

static void ask(struct lke_engine *e, struct mn_home *h)
{
	const struct mn_link *l = e->mn->active;
	struct nd_msg m = { .type = ND_NS, .target = h->agent };
	struct lke_in6 group = in6_solicited_node(&h->agent);
	uint8_t buf[128];
	int len;

	if (!l || !l->ll)
		return;
	if (l->ll->state == MN_ADDR_PREFERRED)
		m.lladdr = l->ifc->lladdr;
	len = nd_encode(&m, &l->ll->addr, &group, 0, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_MN, LKE_MSG_NS, l->ifc->ifindex, NULL, buf, (size_t)len);
	h->asked++;
	arm(e, &h->resolve, e->now + RETRANS_TIMER);
}

void mn_home_resolve_timer(struct lke_engine *e, struct mn_home *h)
{
	if (h->state != MN_HOME_RETURNING || h->agent_lladdr.len > 0)
		return;
	if (h->asked < RESOLVE_TRIES)
		ask(e, h);
	else
		mn_home_arrived(e, h); /* nobody defends the address */
}

void mn_home_return(struct lke_engine *e, struct mn_home *h)
{
	const struct mn_link *l = e->mn->active;

	if (h->state == MN_HOME_ARRIVED ||
	    (h->state == MN_HOME_RETURNING && h->agent_lladdr.len > 0))
		return;
	if (h->state == MN_HOME_AWAY)
		steer_add(e, LKE_STEER_SPI, &h->cfg->addr, h->cfg->to_mn.spi);
	h->state = MN_HOME_RETURNING;
	h->agent_lladdr.len = 0;
	h->asked = 0;
	if (in6_is_unspecified(&h->agent)) {
		mn_discover(e, h);
		return;
	}
	/* Without link-layer addresses there is nothing to learn. */
	if (l->ifc->lladdr.len == 0)
		mn_register(e, h, &h->cfg->addr);
	else
		ask(e, h);
}

bool mn_home_resolved(struct lke_engine *e, const struct mn_link *l, const struct nd_msg *m)
{
	for (unsigned n = 0; n < e->mn->homes; n++) {
		struct mn_home *h = &e->mn->home[n];

		if (h->state != MN_HOME_RETURNING || l != e->mn->active ||
		    !in6_eq(&m->target, &h->agent) || h->agent_lladdr.len > 0 || m->lladdr.len == 0)
			continue;
		timerq_disarm(&e->timers, &h->resolve);
		h->agent_lladdr = m->lladdr;
		mn_register(e, h, &h->cfg->addr);
		return true;
	}
	return false;
}

static void note(struct lke_engine *e, const struct mn_home *h)
{
	struct lke_note *n = note_new(e, LKE_NOTE_RETURNED, LKE_ROLE_MN);

	if (!n)
		return;
	n->addr = h->cfg->addr;
	n->peer = h->agent;
	n->value = e->now - e->mn->active->up_at;
	note_text(n, "home");
}

void mn_home_arrived(struct lke_engine *e, struct mn_home *h)
{
	struct mn_link *l = e->mn->active;

	if (!l || !l->router || h->state != MN_HOME_RETURNING)
		return;
	h->state = MN_HOME_ARRIVED;
	h->coa = in6_unspecified;
	mn_home_tunnel(e, h, &in6_unspecified);
	mn_home_address(e, h, 0, true);
	mn_home_address(e, h, l->ifc->ifindex, false);
	/* Override: neighbours hold the home agent's link-layer address for it. */
	mn_send_na(e, l, &h->cfg->addr, NULL, NULL);
	mn_main_route(e);
	note(e, h);
	mn_addr_clean(e);
}

void mn_home_leave(struct lke_engine *e, const struct mn_link *l)
{
	for (unsigned n = 0; n < e->mn->homes; n++) {
		struct mn_home *h = &e->mn->home[n];
		struct update *u = update_find(e, &h->cfg->addr, &h->agent);

		if (h->state == MN_HOME_AWAY)
			continue;
		if (h->state == MN_HOME_ARRIVED) {
			mn_home_address(e, h, l->ifc->ifindex, true);
			mn_home_address(e, h, 0, false);
		}
		/* Its answer may have been lost: nobody knows what the home agent believes. */
		if (u && u->dereg) {
			update_free(e, u);
			h->coa = in6_unspecified;
		}
		h->state = MN_HOME_AWAY;
		timerq_disarm(&e->timers, &h->resolve);
		steer_del(e, LKE_STEER_SPI, &h->cfg->addr, h->cfg->to_mn.spi);
	}
	mn_main_route(e);
}

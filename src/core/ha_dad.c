/* SPDX-License-Identifier: ISC */
/*
 * Duplicate Address Detection for a home address, and with the L bit for its link-local address, on
 * the home link before the first registration: RFC 6275 10.3.1, RFC 4862 5.4.  One solicitation and
 * one RETRANS_TIMER.
 */
#include "core/home_agent.h"

static void solicit(struct lke_engine *e, const struct mobile *m, const struct lke_in6 *target)
{
	struct nd_msg ns = { .type = ND_NS, .target = *target };
	struct lke_in6 group = in6_solicited_node(target);
	uint8_t buf[PACKET_MAX];
	int len = nd_encode(&ns, &in6_unspecified, &group, 0, buf, sizeof(buf));

	if (len > 0)
		send_packet(e, LKE_ROLE_HA, LKE_MSG_DAD_NS, m->dad_ifindex, NULL, buf, (size_t)len);
}

/* An address that is bound is ours to defend already. */
static bool home_tested(const struct lke_engine *e, const struct mobile *m)
{
	return !binding_find(e, &m->home);
}

void ha_dad_start(struct lke_engine *e, struct mobile *m, uint32_t ifindex)
{
	struct lke_in6 group = in6_solicited_node(&m->home);

	count(e, LKE_STAT_DAD_RUNS);
	m->dad_ifindex = ifindex;
	group_join(e, ifindex, &group);
	if (home_tested(e, m))
		solicit(e, m, &m->home);
	if (m->ll.there && !m->ll.defended)
		solicit(e, m, &m->ll.key.addr);
	arm(e, &m->dad, e->now + RETRANS_TIMER);
}

static void leave(struct lke_engine *e, const struct mobile *m)
{
	struct lke_in6 group = in6_solicited_node(&m->home);

	group_leave(e, m->dad_ifindex, &group);
}

void ha_dad_stop(struct lke_engine *e, struct mobile *m)
{
	if (m->ll.there && !m->ll.defended)
		ha_linklocal_drop(e, m);
	if (!ha_dad_running(m))
		return;
	timerq_disarm(&e->timers, &m->dad);
	leave(e, m);
}

static void failed(struct lke_engine *e, struct mobile *m)
{
	struct lke_note *n = note_new(e, LKE_NOTE_DAD_FAILED, LKE_ROLE_HA);

	count(e, LKE_STAT_DAD_BAD);
	if (n) {
		n->ifindex = m->dad_ifindex;
		n->addr = m->home;
	}
	ha_refuse_waiting(e, m, STATUS_DAD_FAILED);
}

/* Any advertisement for the address, or another node's DAD for it, shows that it is taken. */
int ha_dad_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *msg)
{
	bool dad = msg->type == ND_NS && in6_is_unspecified(&p->ip.src);
	struct mobile *m;

	if (msg->type != ND_NA && !dad)
		return -(int)LKE_DROP_NOT_OURS;
	m = ha_linklocal_tentative(e, p->ifc->ifindex, &msg->target);
	if (!m) {
		m = ha_by_home(e, &msg->target);
		if (m && !home_tested(e, m))
			m = NULL;
	}
	if (!m || !ha_dad_running(m) || m->dad_ifindex != p->ifc->ifindex)
		return -(int)LKE_DROP_NOT_OURS;
	note_in(e, LKE_ROLE_HA, dad ? LKE_MSG_DAD_NS : LKE_MSG_NA, p, LKE_DROP_NONE);
	failed(e, m);
	return 0;
}

void ha_dad_timer(struct lke_engine *e, struct mobile *m)
{
	count(e, LKE_STAT_DAD_GOOD);
	/* The binding joins the group before DAD leaves it, so that it is never left in between. */
	ha_dad_passed(e, m);
	leave(e, m);
}

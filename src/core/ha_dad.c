/* SPDX-License-Identifier: ISC */
/*
 * Duplicate Address Detection for a home address on its link before the first registration: RFC
 * 6275 10.3.1, RFC 4862 5.4.  One solicitation and one RETRANS_TIMER.
 */
#include "core/home_agent.h"

static void solicit(struct lke_engine *e, const struct mobile *m, const struct lke_in6 *group)
{
	struct nd_msg ns = { .type = ND_NS, .target = m->home };
	uint8_t buf[PACKET_MAX];
	int len = nd_encode(&ns, &in6_unspecified, group, 0, buf, sizeof(buf));

	if (len > 0)
		send_packet(e, LKE_ROLE_HA, LKE_MSG_DAD_NS, m->dad_ifindex, NULL, buf, (size_t)len);
}

void ha_dad_start(struct lke_engine *e, struct mobile *m, uint32_t ifindex)
{
	struct lke_in6 group = in6_solicited_node(&m->home);

	count(e, LKE_STAT_DAD_RUNS);
	m->dad_ifindex = ifindex;
	group_join(e, ifindex, &group);
	solicit(e, m, &group);
	arm(e, &m->dad, e->now + RETRANS_TIMER);
}

static void leave(struct lke_engine *e, const struct mobile *m)
{
	struct lke_in6 group = in6_solicited_node(&m->home);

	group_leave(e, m->dad_ifindex, &group);
}

void ha_dad_stop(struct lke_engine *e, struct mobile *m)
{
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
int ha_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *msg)
{
	bool dad = msg->type == ND_NS && in6_is_unspecified(&p->ip.src);
	struct mobile *m;

	if (msg->type != ND_NA && !dad)
		return -(int)LKE_DROP_NOT_OURS;
	m = ha_by_home(e, &msg->target);
	if (!m || !ha_dad_running(m) || m->dad_ifindex != p->ifc->ifindex)
		return -(int)LKE_DROP_NOT_OURS;
	note_in(e, LKE_ROLE_HA, dad ? LKE_MSG_DAD_NS : LKE_MSG_NA, p, LKE_DROP_NONE);
	failed(e, m);
	return 0;
}

void ha_timer(struct lke_engine *e, struct timer *t)
{
	struct mobile *m;

	if (t->kind == HA_TIMER_BINDING)
		ha_refresh_timer(e, t->owner);
	if (t->kind != HA_TIMER_DAD)
		return;
	m = t->owner;
	count(e, LKE_STAT_DAD_GOOD);
	/* The binding joins the group before DAD leaves it, so that it is never left in between. */
	ha_dad_passed(e, m);
	leave(e, m);
}

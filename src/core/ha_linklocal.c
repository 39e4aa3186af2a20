/* SPDX-License-Identifier: ISC */
/*
 * The link-local address of a mobile node that asks for it with the L bit: RFC 6275 10.3.1, 10.4.1.
 * It is the link-local prefix with the interface identifier of the home address; it is tested
 * before the first registration and defended like the home address as long as the binding lives.
 * Packets to it are not tunnelled (10.4.2).
 */
#include "core/home_agent.h"

static struct mobile *find(const struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *a)
{
	struct ha_ll_key key = { .ifindex = ifindex, .addr = *a };

	return TABLE_ENTRY(table_find(&e->ha->by_ll, &key), struct mobile, ll.node);
}

static struct lke_in6 derive(const struct lke_in6 *home)
{
	static const struct lke_in6 prefix = { { 0xfe, 0x80 } };

	return in6_make(&prefix, &home->b[8]);
}

int ha_linklocal_take(struct lke_engine *e, struct mobile *m, uint32_t ifindex)
{
	struct lke_in6 group;
	int err;

	if (m->ll.there)
		return 0;
	m->ll.key = (struct ha_ll_key){ .ifindex = ifindex, .addr = derive(&m->home) };
	if (iface_of_addr(e, &m->ll.key.addr))
		return LKE_ERR_EXIST;
	err = table_add(&e->ha->by_ll, &m->ll.node);
	if (err < 0)
		return err;
	m->ll.there = true;
	m->ll.defended = false;
	m->ll.answered = 0;
	group = in6_solicited_node(&m->ll.key.addr);
	group_join(e, ifindex, &group);
	return 0;
}

void ha_linklocal_drop(struct lke_engine *e, struct mobile *m)
{
	struct lke_in6 group = in6_solicited_node(&m->ll.key.addr);

	if (!m->ll.there)
		return;
	table_del(&e->ha->by_ll, &m->ll.node);
	group_leave(e, m->ll.key.ifindex, &group);
	m->ll.there = m->ll.defended = false;
}

void ha_linklocal_defend(struct lke_engine *e, struct mobile *m)
{
	if (!m->ll.there || m->ll.defended)
		return;
	m->ll.defended = true;
	agent_send_na(e, LKE_ROLE_HA, m->ll.key.ifindex, &m->ll.key.addr, true);
}

void ha_binding_announced(struct lke_engine *e, const struct binding *b)
{
	const struct mobile *m = e->ha ? ha_by_home(e, &b->home) : NULL;

	if (m && m->ll.there && m->ll.defended)
		agent_send_na(e, LKE_ROLE_HA, b->ifindex, &m->ll.key.addr, true);
}

bool ha_linklocal_solicited(struct lke_engine *e, const struct pkt *p, const struct nd_msg *msg)
{
	struct mobile *m = find(e, p->ifc->ifindex, &msg->target);

	if (msg->type != ND_NS || !m || !m->ll.defended)
		return false;
	(void)agent_answer(e, LKE_ROLE_HA, p, msg, &m->ll.answered);
	return true;
}

struct mobile *ha_linklocal_tentative(const struct lke_engine *e, uint32_t ifindex,
				      const struct lke_in6 *a)
{
	struct mobile *m = find(e, ifindex, a);

	return m && !m->ll.defended ? m : NULL;
}

/* SPDX-License-Identifier: ISC */
/* Proxy Neighbor Discovery for bound addresses: RFC 6275 10.4.1, AMB-092. */
#include "core/binding.h"

static void advertise(struct lke_engine *e, enum lke_role role, const struct iface *i,
		      const struct lke_in6 *target, uint8_t flags, const struct lke_in6 *dst,
		      const struct lke_lladdr *dst_ll)
{
	const struct lke_in6 *src = iface_ll(i);
	struct nd_msg m = { .type = ND_NA, .na_flags = flags, .target = *target };
	uint8_t buf[PACKET_MAX];
	int len;

	if (!src || !i->up)
		return;
	m.lladdr = i->lladdr;
	len = nd_encode(&m, src, dst, 0, buf, sizeof(buf));
	if (len < 0)
		return;
	count(e, LKE_STAT_PROXY_NA_SENT);
	send_packet(e, role, LKE_MSG_NA, i->ifindex, dst_ll, buf, (size_t)len);
}

void agent_send_na(struct lke_engine *e, enum lke_role role, uint32_t ifindex,
		   const struct lke_in6 *target, bool override)
{
	const struct iface *i = iface_by_index(e, ifindex);

	if (i)
		advertise(e, role, i, target, override ? ND_NA_O : 0, &in6_all_nodes, NULL);
}

static void note_defended(struct lke_engine *e, enum lke_role role, const struct binding *b)
{
	struct lke_note *n = note_new(e, LKE_NOTE_DEFENDED, role);

	if (!n)
		return;
	n->ifindex = b->ifindex;
	n->addr = b->home;
	n->peer = b->coa;
}

bool agent_answer(struct lke_engine *e, enum lke_role role, const struct pkt *p,
		  const struct nd_msg *m, lke_time *answered)
{
	const struct lke_lladdr *to = m->lladdr.len > 0 ? &m->lladdr : &p->src_ll;

	if (!in6_is_unspecified(&p->ip.src)) {
		note_in(e, role, LKE_MSG_NS, p, LKE_DROP_NONE);
		advertise(e, role, p->ifc, &m->target, ND_NA_S | ND_NA_O, &p->ip.src, to);
		return false;
	}
	/* One solicitation makes one multicast: at most one a second, as for the cached NA
	 * (AMB-090, THREATS 35). */
	if (*answered > 0 && e->now < *answered + LKE_SEC) {
		(void)note_in(e, role, LKE_MSG_DAD_NS, p, LKE_DROP_RATE_ANSWER);
		return false;
	}
	*answered = e->now;
	note_in(e, role, LKE_MSG_DAD_NS, p, LKE_DROP_NONE);
	advertise(e, role, p->ifc, &m->target, ND_NA_O, &in6_all_nodes, NULL);
	return true;
}

bool agent_ns_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct binding *b = binding_find(e, &m->target);
	enum lke_role role;

	if (!b || b->ifindex != p->ifc->ifindex)
		return false;
	role = b->kind == BINDING_BY_LBSA ? LKE_ROLE_AR : LKE_ROLE_HA;
	if (agent_answer(e, role, p, m, &b->answered))
		note_defended(e, role, b);
	return true;
}

bool agent_coa_acceptable(struct lke_engine *e, const struct lke_in6 *home,
			  const struct lke_in6 *coa)
{
	if (!in6_is_global(coa) || in6_is_anycast64(coa) || iface_of_addr(e, coa))
		return false;
	if (in6_eq(coa, home))
		return true;
	/* A bound home address as care-of address would make a chain that can close to a loop. */
	return !binding_find(e, coa) && !ha_serves(e, coa);
}

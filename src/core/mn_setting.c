/* SPDX-License-Identifier: ISC */
/*
 * What a router says about the packets of its link: MTU and Cur Hop Limit (RFC 4861 6.3.4).  The
 * kernel does not listen to advertisements here (AMB-137), so a link of a smaller MTU than its
 * interface, behind a tunnel for instance, would lose every large packet.
 */
#include "core/mobile_node.h"

#define HOP_LIMIT_MIN 32 /* with less a forged advertisement would cut the node off */

/* A field without a value leaves what an earlier advertisement said. */
void mn_setting_read(struct mn_router *r, const struct nd_msg *m)
{
	if (m->mtu != 0)
		r->mtu = m->mtu;
	if (m->cur_hop_limit >= HOP_LIMIT_MIN)
		r->hop_limit = m->cur_hop_limit;
}

static void set(struct lke_engine *e, struct mn_link *l, uint32_t mtu, uint8_t hop_limit)
{
	struct lke_action *a;

	if (mtu == l->mtu && hop_limit == l->hop_limit)
		return;
	a = act_new(e, LKE_ACT_LINK);
	if (!a)
		return;
	l->mtu = mtu;
	l->hop_limit = hop_limit;
	a->link.ifindex = l->ifc->ifindex;
	a->link.mtu = mtu;
	a->link.hop_limit = hop_limit;
}

void mn_setting_use(struct lke_engine *e, struct mn_link *l)
{
	const struct mn_router *r = l->router;

	/* A larger one than the interface's is no use (RFC 4861 6.3.4). */
	if (r)
		set(e, l, r->mtu < l->ifc->mtu ? r->mtu : 0, r->hop_limit);
}

void mn_setting_reset(struct lke_engine *e, struct mn_link *l)
{
	set(e, l, 0, 0);
}

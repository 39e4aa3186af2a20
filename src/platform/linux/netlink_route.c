/* SPDX-License-Identifier: ISC */
/* rtnetlink: paths of source addresses, interception. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>
#include <sys/socket.h>

#include "base/in6.h"
#include "platform/linux/netlink_priv.h"

struct route {
	const struct lke_in6 *dst; /* NULL: default */
	const struct lke_in6 *via; /* NULL: by device */
	uint32_t ifindex, table;
};

static struct nlmsghdr *route_message(uint8_t *buf, uint16_t type, uint16_t flags,
				      const struct route *r)
{
	void *extra;
	struct rtmsg *rt;
	struct nlmsghdr *nlh = nl_request(buf, type, flags, sizeof(*rt), &extra);

	rt = extra;
	rt->rtm_family = AF_INET6;
	rt->rtm_dst_len = r->dst ? 128 : 0;
	rt->rtm_table = RT_TABLE_UNSPEC;
	rt->rtm_protocol = NL_PROTO;
	rt->rtm_scope = RT_SCOPE_UNIVERSE;
	rt->rtm_type = type == RTM_DELROUTE ? RTN_UNSPEC : RTN_UNICAST;
	/* The router's link-local address needs no route of its own: the engine saw it on this
	 * link. */
	if (r->via)
		rt->rtm_flags = RTNH_F_ONLINK;
	if (r->dst)
		mnl_attr_put(nlh, RTA_DST, 16, r->dst->b);
	if (r->via)
		mnl_attr_put(nlh, RTA_GATEWAY, 16, r->via->b);
	if (r->ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, r->ifindex);
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, NL_MAIN_METRIC);
	return nlh;
}

static int route_set(struct nl *n, const struct route *r)
{
	_Alignas(8) uint8_t buf[NL_BUF];

	return nl_talk(n, route_message(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r));
}

static int route_remove(struct nl *n, const struct route *r)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	int err = nl_talk(n, route_message(buf, RTM_DELROUTE, 0, r));

	return err == -ESRCH || err == -ENODEV ? 0 : err; /* went with its interface */
}

static int rule(struct nl *n, bool add, const struct lke_in6 *src, uint32_t table)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct fib_rule_hdr *frh;
	struct nlmsghdr *nlh =
		nl_request(buf, add ? RTM_NEWRULE : RTM_DELRULE,
			   add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(*frh), &extra);
	int err;

	frh = extra;
	frh->family = AF_INET6;
	frh->src_len = 128;
	frh->table = RT_TABLE_UNSPEC;
	frh->action = FR_ACT_TO_TBL;
	mnl_attr_put(nlh, FRA_SRC, 16, src->b);
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, NL_RULE_PRIORITY);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, NL_PROTO);
	err = nl_talk(n, nlh);
	if (add)
		return err == -EEXIST ? 0 : err;
	return err == -ENOENT ? 0 : err;
}

/* Slot of a source address, or a free one, or NL_PATH_MAX. */
static size_t path_slot(const struct nl *n, const struct lke_in6 *src)
{
	size_t spare = NL_PATH_MAX;

	for (size_t i = 0; i < NL_PATH_MAX; i++) {
		if (n->path[i].used && in6_eq(&n->path[i].src, src))
			return i;
		if (!n->path[i].used && spare == NL_PATH_MAX)
			spare = i;
	}
	return spare;
}

static int path_main(struct nl *n, const struct lke_act_path *act, struct route *r)
{
	int err;

	r->table = RT_TABLE_MAIN;
	if (act->path != LKE_PATH_NONE) {
		err = route_set(n, r);
		n->main_default |= !err;
		return err;
	}
	err = n->main_default ? route_remove(n, r) : 0;
	if (!err)
		n->main_default = false;
	return err;
}

int nl_path(struct nl *n, const struct lke_act_path *act, uint32_t tun_ifindex)
{
	struct route r = { 0 };
	bool fresh;
	size_t i;
	int err;

	if (act->path == LKE_PATH_ROUTER) {
		r.via = &act->router;
		r.ifindex = act->ifindex;
	} else if (act->path == LKE_PATH_TUNNEL) {
		r.ifindex = tun_ifindex;
	}
	if (act->path != LKE_PATH_NONE && r.ifindex == 0)
		return -EINVAL;
	if (in6_is_unspecified(&act->src))
		return path_main(n, act, &r);
	i = path_slot(n, &act->src);
	if (i == NL_PATH_MAX)
		return act->path == LKE_PATH_NONE ? 0 : -ENOSPC;
	r.table = NL_TABLE_BASE + (uint32_t)i;
	fresh = !n->path[i].used;
	if (act->path == LKE_PATH_NONE) {
		if (fresh)
			return 0;
		err = rule(n, false, &act->src, r.table);
		if (!err)
			err = route_remove(n, &r);
		n->path[i].used = err != 0;
		return err;
	}
	/* Route before rule: the rule never points at an empty table. */
	err = route_set(n, &r);
	if (!err && fresh) {
		err = rule(n, true, &act->src, r.table);
		if (err)
			(void)route_remove(n, &r);
	}
	if (!err) {
		n->path[i].used = true;
		n->path[i].src = act->src;
	}
	return err;
}

int nl_intercept(struct nl *n, const struct lke_act_intercept *act, uint32_t tun_ifindex)
{
	struct route r = { .dst = &act->addr, .ifindex = tun_ifindex, .table = RT_TABLE_MAIN };

	if (tun_ifindex == 0)
		return -EINVAL;
	return act->remove ? route_remove(n, &r) : route_set(n, &r);
}

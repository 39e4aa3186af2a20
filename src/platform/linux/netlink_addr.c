/* SPDX-License-Identifier: ISC */
/* rtnetlink: addresses and neighbours. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "base/in6.h"
#include "platform/linux/netlink_priv.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif

static size_t addr_find(const struct nl *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	size_t i;

	for (i = 0; i < n->addrs; i++)
		if (n->addr[i].ifindex == ifindex && in6_eq(&n->addr[i].addr, addr))
			break;
	return i;
}

static int addr_remove(struct nl *n, uint32_t ifindex, const struct lke_act_addr *act)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh = nl_request(buf, RTM_DELADDR, 0, sizeof(*ifa), &extra);
	size_t i = addr_find(n, ifindex, &act->addr);
	int err;

	ifa = extra;
	ifa->ifa_family = AF_INET6;
	ifa->ifa_index = ifindex;
	ifa->ifa_prefixlen = i < n->addrs ? n->addr[i].prefix_len : act->prefix_len;
	mnl_attr_put(nlh, IFA_LOCAL, 16, act->addr.b);
	err = nl_talk(n, nlh);
	/* Gone already: with its interface, or its lifetime ran out. */
	if (err == -EADDRNOTAVAIL || err == -ENODEV)
		err = 0;
	if (!err && i < n->addrs)
		n->addr[i] = n->addr[--n->addrs];
	if (!err)
		nl_unkeep(n, ifindex, &act->addr);
	return err;
}

int nl_addr(struct nl *n, const struct lke_act_addr *act, uint32_t tun_ifindex)
{
	uint32_t ifindex = act->ifindex ? act->ifindex : tun_ifindex;
	struct ifa_cacheinfo ci = { .ifa_valid = act->valid, .ifa_prefered = act->preferred };
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;
	size_t i;
	int err;

	if (act->prefix_len > 128 || ifindex == 0 || act->preferred > act->valid)
		return -EINVAL;
	if (act->remove || act->valid == 0)
		return addr_remove(n, ifindex, act);
	i = addr_find(n, ifindex, &act->addr);
	if (i == NL_ADDRS_MAX)
		return -ENOSPC;
	nlh = nl_request(buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*ifa), &extra);
	ifa = extra;
	ifa->ifa_family = AF_INET6;
	ifa->ifa_index = ifindex;
	ifa->ifa_prefixlen = act->prefix_len;
	mnl_attr_put(nlh, IFA_LOCAL, 16, act->addr.b);
	/* DAD is the engine's: the kernel would take the AR's cached advertisement for a conflict.
	 */
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(ci), &ci);
	mnl_attr_put_u8(nlh, IFA_PROTO, NL_PROTO);
	err = nl_talk(n, nlh);
	if (!err) {
		n->addr[i] = (struct nl_address){ ifindex, act->addr, act->prefix_len };
		if (i == n->addrs)
			n->addrs++;
	}
	return err;
}

int nl_neigh(struct nl *n, const struct lke_act_neigh *act)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct ndmsg *nd;
	struct nlmsghdr *nlh;
	int err;

	if (act->ifindex == 0)
		return -EINVAL;
	if (!act->remove && act->lladdr.len == 0)
		return 0; /* a link without link-layer addresses resolves nothing */
	nlh = nl_request(buf, act->remove ? RTM_DELNEIGH : RTM_NEWNEIGH,
			 act->remove ? 0 : NLM_F_CREATE | NLM_F_REPLACE, sizeof(*nd), &extra);
	nd = extra;
	nd->ndm_family = AF_INET6;
	nd->ndm_ifindex = (int)act->ifindex;
	nd->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_DST, 16, act->addr.b);
	if (!act->remove) {
		mnl_attr_put(nlh, NDA_LLADDR, act->lladdr.len, act->lladdr.b);
		mnl_attr_put_u8(nlh, NDA_PROTOCOL, NL_PROTO);
	}
	err = nl_talk(n, nlh);
	return act->remove && (err == -ENOENT || err == -ENODEV) ? 0 : err;
}

bool nl_parse_addr(const struct nlmsghdr *nlh, struct lke_ev_addr *ret)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct lke_ev_addr e = { 0 };
	struct ifa_cacheinfo ci = { 0 };
	bool have_local = false, have = false;
	uint32_t flags;
	uint8_t proto = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) || ifa->ifa_family != AF_INET6 ||
	    ifa->ifa_prefixlen > 128)
		return false;
	flags = ifa->ifa_flags;
	mnl_attr_for_each(a, nlh, sizeof(*ifa))
	{
		uint16_t type = mnl_attr_get_type(a);
		size_t len = mnl_attr_get_payload_len(a);

		/* IFA_ADDRESS is the peer where there is an IFA_LOCAL. */
		if (len == 16 && (type == IFA_LOCAL || (type == IFA_ADDRESS && !have_local))) {
			memcpy(e.addr.b, mnl_attr_get_payload(a), 16);
			have = true;
			have_local = type == IFA_LOCAL;
		} else if (type == IFA_FLAGS && len == 4) {
			flags = mnl_attr_get_u32(a);
		} else if (type == IFA_PROTO && len == 1) {
			proto = mnl_attr_get_u8(a);
		} else if (type == IFA_CACHEINFO && len >= sizeof(ci)) {
			memcpy(&ci, mnl_attr_get_payload(a), sizeof(ci));
		}
	}
	e.ifindex = ifa->ifa_index;
	e.prefix_len = ifa->ifa_prefixlen;
	e.removed = nlh->nlmsg_type == RTM_DELADDR;
	if (ci.ifa_prefered != UINT32_MAX) {
		e.valid = ci.ifa_valid;
		e.preferred = ci.ifa_prefered;
	}
	/* An optimistic address is tentative too, but may be used. */
	e.tentative = (flags & IFA_F_DADFAILED) ||
		      ((flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC));
	e.advertised = nl_advertised(flags, proto);
	*ret = e;
	return have;
}

struct addr_buf {
	struct lke_ev_addr *buf;
	size_t n, max;
};

static void addr_collect(void *ctx, const struct nlmsghdr *nlh)
{
	struct addr_buf *b = ctx;

	if (b->n < b->max && nlh->nlmsg_type == RTM_NEWADDR && nl_parse_addr(nlh, &b->buf[b->n]))
		b->n++;
}

int nl_dump_addrs(struct nl *n, struct lke_ev_addr *buf, size_t max)
{
	struct addr_buf b = { buf, 0, max };
	int err = nl_dump(n, RTM_GETADDR, AF_INET6, addr_collect, &b);

	return err ? err : (int)b.n;
}

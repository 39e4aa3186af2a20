/* SPDX-License-Identifier: ISC */
/*
 * What the kernel made of Router Advertisements before a mobile node's link was ours: addresses,
 * prefix and default routes.  They would outlive the link they are of, and new connections would
 * take them.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/linux/netlink_priv.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif
#ifndef IFAPROT_KERNEL_RA
#define IFAPROT_KERNEL_RA 2
#endif

enum { RA_BATCH = 64, RA_MSG = 512 };

struct ra {
	uint32_t ifindex;
	size_t n;
	_Alignas(8) uint8_t msg[RA_BATCH][RA_MSG];
};

static void keep(struct ra *r, const struct nlmsghdr *nlh)
{
	if (r->n < RA_BATCH && nlh->nlmsg_len <= RA_MSG)
		memcpy(r->msg[r->n++], nlh, nlh->nlmsg_len);
}

/* It says so; before Linux 5.18: temporary addresses follow it, or it is one of these.  What an
 * administrator or a DHCPv6 client gave is neither. */
static void address(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct ra *r = ctx;
	uint32_t flags = ifa->ifa_flags;
	const struct nlattr *a;
	uint8_t proto = 0;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_index != r->ifindex ||
	    ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	mnl_attr_for_each(a, nlh, sizeof(*ifa))
	{
		if (mnl_attr_get_type(a) == IFA_FLAGS && mnl_attr_get_payload_len(a) == 4)
			flags = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == IFA_PROTO && mnl_attr_get_payload_len(a) == 1)
			proto = mnl_attr_get_u8(a);
	}
	if (!(flags & IFA_F_PERMANENT) &&
	    (proto == IFAPROT_KERNEL_RA || (flags & (IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY))))
		keep(r, nlh);
}

/* The kernel's own routes end only when an advertisement made them. */
static void route(void *ctx, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct rta_cacheinfo ci = { 0 };
	struct ra *r = ctx;
	const struct nlattr *a;
	uint32_t oif = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || (rt->rtm_flags & RTM_F_CLONED))
		return;
	mnl_attr_for_each(a, nlh, sizeof(*rt))
	{
		if (mnl_attr_get_type(a) == RTA_OIF && mnl_attr_get_payload_len(a) == 4)
			oif = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_CACHEINFO &&
			 mnl_attr_get_payload_len(a) >= sizeof(ci))
			memcpy(&ci, mnl_attr_get_payload(a), sizeof(ci));
	}
	if (oif == r->ifindex && (rt->rtm_protocol == RTPROT_RA ||
				  (rt->rtm_protocol == RTPROT_KERNEL && ci.rta_expires)))
		keep(r, nlh);
}

/* What the kernel shows of an object is also what names it for deletion. */
static int drop(struct nl *n, struct ra *r, uint16_t get, uint16_t del, nl_msg_fn choose)
{
	int err, dropped = 0;

	r->n = 0;
	err = nl_dump(n, get, AF_INET6, choose, r);
	if (err)
		return err;
	for (size_t i = 0; i < r->n; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)r->msg[i];

		nlh->nlmsg_type = del;
		nlh->nlmsg_flags = NLM_F_REQUEST;
		/* Some are gone by now: a prefix route goes with the last address under it. */
		if (nl_talk(n, nlh) == 0)
			dropped++;
	}
	return dropped;
}

int nl_drop_advertised(struct nl *n, uint32_t ifindex)
{
	struct ra *r = calloc(1, sizeof(*r));
	int addrs, routes;

	if (!r)
		return -ENOMEM;
	r->ifindex = ifindex;
	addrs = drop(n, r, RTM_GETADDR, RTM_DELADDR, address);
	routes = drop(n, r, RTM_GETROUTE, RTM_DELROUTE, route);
	free(r);
	return addrs < 0 ? addrs : routes < 0 ? routes : addrs;
}

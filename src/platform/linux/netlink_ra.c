/* SPDX-License-Identifier: ISC */
/*
 * What the kernel made of Router Advertisements before a mobile node's link was ours: addresses,
 * prefix and default routes.  Connections that have the addresses go on until the node moves; new
 * ones do not take them.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/in6.h"
#include "platform/linux/clock.h"
#include "platform/linux/netlink_priv.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif
#ifndef IFAPROT_KERNEL_RA
#define IFAPROT_KERNEL_RA 2
#endif

enum { RA_BATCH = 64, RA_MSG = NL_KEPT_MSG, USER_TICKS = 100 };

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
bool nl_advertised(uint32_t flags, uint8_t proto)
{
	return !(flags & IFA_F_PERMANENT) &&
	       (proto == IFAPROT_KERNEL_RA || (flags & (IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY)));
}

static void address(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct lke_ev_addr ev;
	struct ra *r = ctx;

	if (nlh->nlmsg_type == RTM_NEWADDR && ifa->ifa_index == r->ifindex &&
	    ifa->ifa_scope == RT_SCOPE_UNIVERSE && nl_parse_addr(nlh, &ev) && ev.advertised)
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

/* What the kernel shows of an object is also what names it for deletion.  Some are gone by now: a
 * prefix route goes with the last address under it. */
static void drop(struct nl *n, struct nlmsghdr *nlh, uint16_t del)
{
	nlh->nlmsg_type = del;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	(void)nl_talk(n, nlh);
}

static struct nlattr *attr_of(struct nlmsghdr *nlh, size_t header, uint16_t type, size_t least)
{
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, header)
	{
		if (mnl_attr_get_type(a) == type && mnl_attr_get_payload_len(a) >= least)
			return a;
	}
	return NULL;
}

static uint32_t run_down(uint32_t seconds, lke_time passed)
{
	uint64_t s = passed / LKE_SEC;

	return seconds == UINT32_MAX ? seconds : s < seconds ? seconds - (uint32_t)s : 0;
}

/* Makes the message one that sets the address: as it was some time ago, or deprecated, where its
 * prefix route goes, too.  False: it cannot be, or its time is over. */
static bool address_request(struct nlmsghdr *nlh, lke_time passed, bool deprecated)
{
	struct nlattr *f = attr_of(nlh, sizeof(struct ifaddrmsg), IFA_FLAGS, 4);
	struct nlattr *c =
		attr_of(nlh, sizeof(struct ifaddrmsg), IFA_CACHEINFO, sizeof(struct ifa_cacheinfo));
	struct ifa_cacheinfo *ci = c ? mnl_attr_get_payload(c) : NULL;
	uint32_t *flags = f ? mnl_attr_get_payload(f) : NULL;

	if (!ci || !flags)
		return false;
	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_REPLACE;
	ci->ifa_valid = run_down(ci->ifa_valid, passed);
	ci->ifa_prefered = deprecated ? 0 : run_down(ci->ifa_prefered, passed);
	*flags |= deprecated ? IFA_F_NOPREFIXROUTE : 0;
	return ci->ifa_valid > 0;
}

bool nl_kept(const struct nl *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	for (size_t i = 0; i < n->kepts; i++)
		if (n->kept[i].ifindex == ifindex && in6_eq(&n->kept[i].addr, addr))
			return true;
	return false;
}

static bool remember(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr,
		     const struct nlmsghdr *nlh)
{
	struct nl_kept *k = &n->kept[n->kepts];

	if (n->kepts == NL_KEPT_MAX)
		return false;
	*k = (struct nl_kept){ .ifindex = ifindex, .addr = *addr, .since = clock_now() };
	memcpy(k->msg, nlh, nlh->nlmsg_len);
	n->kepts++;
	return true;
}

void nl_unkeep(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	for (size_t i = n->kepts; i-- > 0;)
		if (n->kept[i].ifindex == ifindex && in6_eq(&n->kept[i].addr, addr))
			n->kept[i] = n->kept[--n->kepts];
}

/* Whether it is kept, with nothing new that chooses it. */
static bool deprecate(struct nl *n, struct nlmsghdr *nlh,
		      bool (*wanted)(void *ctx, const struct lke_in6 *addr), void *ctx)
{
	struct lke_ev_addr ev;

	if (!wanted || !nl_parse_addr(nlh, &ev) || ev.tentative || !wanted(ctx, &ev.addr))
		return false;
	if (nl_kept(n, ev.ifindex, &ev.addr))
		return true; /* the link was opened before */
	if (!remember(n, ev.ifindex, &ev.addr, nlh))
		return false;
	if (address_request(nlh, 0, true) && nl_talk(n, nlh) == 0)
		return true;
	nl_unkeep(n, ev.ifindex, &ev.addr);
	return false;
}

static bool is_default(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);

	return rt->rtm_dst_len == 0 && rt->rtm_protocol == RTPROT_RA;
}

int nl_take_over(struct nl *n, uint32_t ifindex,
		 bool (*wanted)(void *ctx, const struct lke_in6 *addr), void *ctx)
{
	struct ra *r = calloc(1, sizeof(*r));
	int err, kept = 0;

	if (!r)
		return -ENOMEM;
	r->ifindex = ifindex;
	err = nl_dump(n, RTM_GETADDR, AF_INET6, address, r);
	for (size_t i = 0; !err && i < r->n; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)r->msg[i];

		if (deprecate(n, nlh, wanted, ctx))
			kept++;
		else
			drop(n, nlh, RTM_DELADDR);
	}
	r->n = 0;
	if (!err)
		err = nl_dump(n, RTM_GETROUTE, AF_INET6, route, r);
	for (size_t i = 0; !err && i < r->n; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)r->msg[i];

		if (kept && is_default(nlh))
			(void)remember(n, ifindex, &in6_unspecified, nlh);
		drop(n, nlh, RTM_DELROUTE);
	}
	free(r);
	return err ? err : kept;
}

static void look(void *ctx, const struct nlmsghdr *nlh)
{
	struct lke_ev_addr ev;
	struct nl *n = ctx;

	if (nlh->nlmsg_type != RTM_NEWADDR || !nl_parse_addr(nlh, &ev) || !ev.advertised)
		return;
	for (size_t i = 0; i < n->kepts; i++)
		if (n->kept[i].ifindex == ev.ifindex && in6_eq(&n->kept[i].addr, &ev.addr))
			n->kept[i].there = true;
}

/* A default route that the next advertisement would renew. */
static void give_route_back(struct nl *n, struct nl_kept *k, lke_time passed)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)k->msg;
	struct nlattr *c =
		attr_of(nlh, sizeof(struct rtmsg), RTA_CACHEINFO, sizeof(struct rta_cacheinfo));
	struct rta_cacheinfo *ci = c ? mnl_attr_get_payload(c) : NULL;
	uint32_t left = ci && ci->rta_expires > 0
				? run_down((uint32_t)ci->rta_expires / USER_TICKS, passed)
				: UINT32_MAX;

	if (left == 0 || nlh->nlmsg_len + 8 > NL_KEPT_MSG)
		return;
	nlh->nlmsg_type = RTM_NEWROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	if (left != UINT32_MAX)
		mnl_attr_put_u32(nlh, RTA_EXPIRES, left);
	(void)nl_talk(n, nlh);
}

/* The node never moved: else its addresses were removed. */
static bool stayed(const struct nl *n, uint32_t ifindex)
{
	for (size_t i = 0; i < n->kepts; i++)
		if (n->kept[i].ifindex == ifindex && n->kept[i].there)
			return true;
	return false;
}

void nl_give_back(struct nl *n, uint32_t ifindex)
{
	lke_time now = clock_now();
	size_t left = 0;

	for (size_t i = 0; i < n->kepts; i++)
		n->kept[i].there = false;
	if (n->kepts == 0 || nl_dump(n, RTM_GETADDR, AF_INET6, look, n) != 0)
		return;
	for (size_t i = 0; i < n->kepts; i++) {
		struct nl_kept *k = &n->kept[i];
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)k->msg;

		if (ifindex && k->ifindex != ifindex)
			continue;
		if (k->there && address_request(nlh, now - k->since, false))
			(void)nl_talk(n, nlh);
		else if (in6_is_unspecified(&k->addr) && stayed(n, k->ifindex))
			give_route_back(n, k, now - k->since);
	}
	for (size_t i = 0; i < n->kepts; i++)
		if (ifindex && n->kept[i].ifindex != ifindex)
			n->kept[left++] = n->kept[i];
	n->kepts = left;
}

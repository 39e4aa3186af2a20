/* SPDX-License-Identifier: ISC */
/* rtnetlink: BPF programs as filters of tc, on kernels without tcx (before Linux 6.6). */
#include "platform/linux/netlink_tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "platform/linux/netlink_priv.h"

enum {
	HANDLE = 0x6c6b65,
	PRIORITY = 0x6c6b,
	LINKS_MAX = 1024, /* looked at for what a killed lked left */
};

/* Names of our filters.  The second one says that the qdisc is ours, too. */
static const char guest[] = "lke", owner[] = "lke and its clsact";

static const bool both_ways[] = { false, true };

static struct nlmsghdr *request(uint8_t *buf, uint16_t type, uint16_t flags, uint32_t ifindex,
				struct tcmsg **ret)
{
	void *extra;
	struct nlmsghdr *nlh = nl_request(buf, type, flags, sizeof(**ret), &extra);

	*ret = extra;
	(*ret)->tcm_family = AF_UNSPEC;
	(*ret)->tcm_ifindex = (int)ifindex;
	return nlh;
}

static uint32_t parent(bool egress)
{
	return TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

static int qdisc(struct nl *n, uint32_t ifindex, uint16_t type, uint16_t flags)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	struct tcmsg *tc;
	struct nlmsghdr *nlh = request(buf, type, flags, ifindex, &tc);

	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	tc->tcm_parent = TC_H_CLSACT;
	mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
	return nl_talk(n, nlh);
}

static int filter(struct nl *n, uint32_t ifindex, bool egress, int prog, const char *name)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	struct tcmsg *tc;
	struct nlattr *options;
	struct nlmsghdr *nlh =
		name ? request(buf, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, ifindex, &tc)
		     : request(buf, RTM_DELTFILTER, 0, ifindex, &tc);

	tc->tcm_handle = HANDLE;
	tc->tcm_parent = parent(egress);
	tc->tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_IPV6));
	mnl_attr_put_strz(nlh, TCA_KIND, "bpf");
	if (name) {
		options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
		mnl_attr_put_u32(nlh, TCA_BPF_FD, (uint32_t)prog);
		mnl_attr_put_strz(nlh, TCA_BPF_NAME, name);
		mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
		mnl_attr_nest_end(nlh, options);
	}
	return nl_talk(n, nlh);
}

/* What there is of filters, all and ours. */
struct look {
	unsigned all;
	bool ours, owner;
};

static void look_at(void *ctx, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct look *l = ctx;
	const struct nlattr *a, *b;

	/* One without a handle is the head of a chain. */
	if (nlh->nlmsg_type != RTM_NEWTFILTER || mnl_nlmsg_get_payload_len(nlh) < sizeof(*tc) ||
	    tc->tcm_handle == 0)
		return;
	l->all++;
	if (tc->tcm_handle != HANDLE || TC_H_MAJ(tc->tcm_info) >> 16 != PRIORITY)
		return;
	mnl_attr_for_each(a, nlh, sizeof(*tc))
	{
		if (mnl_attr_get_type(a) != TCA_OPTIONS)
			continue;
		mnl_attr_for_each_nested(b, a)
		{
			const char *name = mnl_attr_get_payload(b);
			size_t len = mnl_attr_get_payload_len(b);

			if (mnl_attr_get_type(b) != TCA_BPF_NAME)
				continue;
			l->owner |= len == sizeof(owner) && memcmp(name, owner, len) == 0;
			l->ours |=
				l->owner || (len == sizeof(guest) && memcmp(name, guest, len) == 0);
		}
	}
}

static int look(struct nl *n, uint32_t ifindex, bool egress, struct look *l)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	struct tcmsg *tc;
	struct nlmsghdr *nlh = request(buf, RTM_GETTFILTER, NLM_F_DUMP, ifindex, &tc);

	tc->tcm_parent = parent(egress);
	return nl_dump_request(n, nlh, look_at, l);
}

/* Whoever has put a filter there meanwhile keeps the qdisc. */
static void remove_qdisc(struct nl *n, uint32_t ifindex)
{
	struct look l = { 0 };

	for (size_t i = 0; i < 2; i++)
		if (look(n, ifindex, both_ways[i], &l) || l.all)
			return;
	(void)qdisc(n, ifindex, RTM_DELQDISC, 0);
}

int tc_attach(struct nl *n, uint32_t ifindex, bool egress, int prog)
{
	struct look l = { 0 };
	int err = qdisc(n, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	bool made = !err;

	if (err && err != -EEXIST)
		return err;
	if (!made) /* by us, perhaps, the last time */
		(void)look(n, ifindex, egress, &l);
	err = filter(n, ifindex, egress, prog, made || l.owner ? owner : guest);
	if (err && made)
		remove_qdisc(n, ifindex);
	return err;
}

bool tc_detach(struct nl *n, uint32_t ifindex, bool egress)
{
	struct look l = { 0 };

	if (look(n, ifindex, egress, &l) || !l.ours || filter(n, ifindex, egress, -1, NULL))
		return false;
	if (l.owner)
		remove_qdisc(n, ifindex);
	return true;
}

int tc_cleanup_stale(struct nl *n)
{
	struct lke_ev_link *link = mem_realloc_array(NULL, LINKS_MAX, sizeof(*link));
	int links, removed = 0;

	if (!link)
		return -ENOMEM;
	links = nl_dump_links(n, link, LINKS_MAX);
	for (int i = 0; i < links; i++)
		for (size_t k = 0; k < 2; k++)
			removed += tc_detach(n, link[i].ifindex, both_ways[k]);
	mem_free(link);
	return links < 0 ? links : removed;
}

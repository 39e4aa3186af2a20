/* SPDX-License-Identifier: ISC */
/* rtnetlink: neighbours whose packets the kernel keeps for a moment. */
#include <errno.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include "platform/linux/netlink_priv.h"

static int neighbour(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr, uint16_t state,
		     const struct lke_lladdr *lladdr, uint8_t protocol)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct ndmsg *nd;
	struct nlmsghdr *nlh =
		nl_request(buf, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*nd), &extra);

	if (ifindex == 0)
		return -EINVAL;
	nd = extra;
	nd->ndm_family = AF_INET6;
	nd->ndm_ifindex = (int)ifindex;
	nd->ndm_state = state;
	mnl_attr_put(nlh, NDA_DST, 16, addr->b);
	if (lladdr)
		mnl_attr_put(nlh, NDA_LLADDR, lladdr->len, lladdr->b);
	mnl_attr_put_u8(nlh, NDA_PROTOCOL, protocol);
	return nl_talk(n, nlh);
}

/* Set by hand, this state has no timer, and no solicitation is sent. */
int nl_gate_close(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	return neighbour(n, ifindex, addr, NUD_INCOMPLETE, NULL, NL_PROTO);
}

int nl_gate_open(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr,
		 const struct lke_lladdr *lladdr)
{
	/* No longer ours: the kernel's own, with its timers. */
	return neighbour(n, ifindex, addr, NUD_STALE, lladdr, RTPROT_KERNEL);
}

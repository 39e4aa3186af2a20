/* SPDX-License-Identifier: ISC */
#include "platform/linux/netlink_neigh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/linux/netlink_priv.h"

#define AT(type, field) (NLMSG_HDRLEN + offsetof(type, field))

/* The filter reads in network order what stands in host order. */
static int filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT(struct ndmsg, ndm_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT(struct ndmsg, ndm_state)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NUD_FAILED), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
			       setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one))
		       ? -errno
		       : 0;
}

int neigh_open(void)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	err = filter(fd);
	if (!err && bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static bool parse(const struct nlmsghdr *nlh, struct lke_ev_neigh *ret)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof(*n) ||
	    n->ndm_family != AF_INET6 || !(n->ndm_state & NUD_FAILED) || n->ndm_ifindex <= 0)
		return false;
	mnl_attr_for_each(a, nlh, sizeof(*n))
	{
		if (mnl_attr_get_type(a) != NDA_DST || mnl_attr_get_payload_len(a) != 16)
			continue;
		ret->ifindex = (uint32_t)n->ndm_ifindex;
		memcpy(ret->addr.b, mnl_attr_get_payload(a), sizeof(ret->addr.b));
		return true;
	}
	return false;
}

int neigh_read(int fd, struct lke_ev_neigh *ret)
{
	_Alignas(8) uint8_t buf[NL_BUF];

	for (;;) {
		int len = nl_recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;

		if (len == -EINTR || len == -EMSGSIZE)
			continue;
		if (len == -EAGAIN || len == -ENOBUFS)
			return 0;
		if (len < 0)
			return len;
		/* The kernel sends one message at a time. */
		if (mnl_nlmsg_ok(nlh, len) && parse(nlh, ret))
			return 1;
	}
}

/* SPDX-License-Identifier: ISC */
/* What the netlink files share. */
#ifndef PLATFORM_NETLINK_PRIV_H
#define PLATFORM_NETLINK_PRIV_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "platform/linux/netlink.h"

enum { NL_BUF = 1024, NL_DUMP_BUF = 65536 };

struct nl_address {
	uint32_t ifindex;
	struct lke_in6 addr;
	uint8_t prefix_len;
};

enum { NL_KEPT_MAX = 8, NL_KEPT_MSG = 512 };

/* An address or default route that the kernel made, as it was; given back at the end. */
struct nl_kept {
	uint32_t ifindex;
	struct lke_in6 addr; /* :: of a route */
	lke_time since;
	bool there; /* still, when it is to be given back */
	_Alignas(8) uint8_t msg[NL_KEPT_MSG];
};

struct nl {
	int fd;
	uint32_t seq;
	struct nl_stats stats;
	struct nl_address addr[NL_ADDRS_MAX]; /* kernels before 5.18 do not keep IFA_PROTO */
	size_t addrs;
	struct {
		bool used;
		struct lke_in6 src;
	} path[NL_PATH_MAX];
	bool main_default;
	uint32_t kept_routes;		  /* to this device */
	struct nl_kept kept[NL_KEPT_MAX]; /* of all links */
	size_t kepts;
	_Alignas(8) uint8_t buf[NL_DUMP_BUF];
};

/* Starts a request in buf (NL_BUF octets); extra is the zeroed family header. */
struct nlmsghdr *nl_request(uint8_t *buf, uint16_t type, uint16_t flags, size_t extra_len,
			    void **ret_extra);
/* Sends it and waits for the acknowledgement; transient errors are tried again.  0 or -errno. */
int nl_talk(struct nl *n, struct nlmsghdr *nlh);

typedef void (*nl_msg_fn)(void *ctx, const struct nlmsghdr *nlh);
/* Dump of a family (RTM_GETx).  0 or -errno. */
int nl_dump(struct nl *n, uint16_t type, uint8_t family, nl_msg_fn fn, void *ctx);
/* The same by a request of the caller's. */
int nl_dump_request(struct nl *n, struct nlmsghdr *nlh, nl_msg_fn fn, void *ctx);

/* RTM_NEWLINK/DELLINK, RTM_NEWADDR/DELADDR -> event.  false: malformed or of no interest. */
bool nl_parse_link(const struct nlmsghdr *nlh, struct lke_ev_link *ret);
bool nl_parse_addr(const struct nlmsghdr *nlh, struct lke_ev_addr *ret);

/* netlink_ra.c: forgets an address that nl_take_over() kept. */
void nl_unkeep(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr);
/* An address that the kernel made of an advertisement.  flags: as in IFA_FLAGS. */
bool nl_advertised(uint32_t flags, uint8_t proto);

/* Datagram from the kernel only (nl_pid 0).  Octets, 0 when it came from elsewhere, or -errno. */
int nl_recv(int fd, void *buf, size_t size, int flags);

#endif

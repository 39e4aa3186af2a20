/* SPDX-License-Identifier: ISC */
/* rtnetlink: requests, dumps, cleaning up. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/netlink_priv.h"

enum { NL_TRIES = 6, NL_STALE_BATCH = 256, NL_STALE_MSG = 512, NL_STALE_ROUNDS = 4096 };

int nl_open(struct nl **ret)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	struct timeval tv = { .tv_sec = 5 };
	int one = 1, size = 1 << 20, err;
	struct nl *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->fd < 0)
		goto fail;
	if (bind(n->fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    setsockopt(n->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		goto fail;
	/* Wishes: acknowledgements without a copy of the request, room for dumps. */
	(void)setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(n->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	*ret = n;
	return 0;
fail:
	err = -errno;
	if (n->fd >= 0)
		close(n->fd);
	free(n);
	return err;
}

void nl_close(struct nl *n)
{
	if (!n)
		return;
	nl_remove_all(n);
	nl_abandon(n);
}

void nl_abandon(struct nl *n)
{
	if (!n)
		return;
	close(n->fd);
	free(n);
}

void nl_stats(const struct nl *n, struct nl_stats *ret)
{
	*ret = n->stats;
}

struct nlmsghdr *nl_request(uint8_t *buf, uint16_t type, uint16_t flags, size_t extra_len,
			    void **ret_extra)
{
	struct nlmsghdr *nlh;

	/* Short attributes are followed by padding: it must not be what the stack held. */
	memset(buf, 0, NL_BUF);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	*ret_extra = mnl_nlmsg_put_extra_header(nlh, extra_len);
	return nlh;
}

int nl_recv(int fd, void *buf, size_t size, int flags)
{
	struct sockaddr_nl sa = { 0 };
	socklen_t len = sizeof(sa);
	ssize_t n = recvfrom(fd, buf, size, flags | MSG_TRUNC, (struct sockaddr *)&sa, &len);

	if (n < 0)
		return -errno;
	if (n > (ssize_t)size)
		return -EMSGSIZE;
	/* Any process may send to a netlink socket; only port 0 is the kernel. */
	if (len != sizeof(sa) || sa.nl_family != AF_NETLINK || sa.nl_pid != 0)
		return 0;
	return (int)n;
}

static int nl_send(struct nl *n, struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++n->seq;
	n->stats.requests++;
	while (send(n->fd, nlh, nlh->nlmsg_len, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int nl_wait_ack(struct nl *n)
{
	for (;;) {
		int len = nl_recv(n->fd, n->buf, sizeof(n->buf), 0);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)n->buf;

		if (len == -EINTR)
			continue;
		if (len < 0)
			return len == -EAGAIN ? -ETIMEDOUT : len;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq != n->seq ||
			    mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
				continue;
			return e->error;
		}
	}
}

static bool transient(int err)
{
	return err == -ENOMEM || err == -EBUSY || err == -ENOBUFS;
}

int nl_talk(struct nl *n, struct nlmsghdr *nlh)
{
	int err = 0;

	nlh->nlmsg_flags |= NLM_F_ACK;
	/* Bursts of route changes meet ENOMEM that is gone a moment later: 1, 2, 4, 8, 16 ms. */
	for (int i = 0; i < NL_TRIES; i++) {
		if (i > 0) {
			struct timespec ts = { .tv_nsec = 1000000L << (i - 1) };

			n->stats.retries++;
			nanosleep(&ts, NULL);
		}
		err = nl_send(n, nlh);
		if (!err)
			err = nl_wait_ack(n);
		if (!transient(err))
			break;
	}
	if (err)
		n->stats.failures++;
	return err;
}

int nl_dump_request(struct nl *n, struct nlmsghdr *nlh, nl_msg_fn fn, void *ctx)
{
	int err = nl_send(n, nlh);

	while (!err) {
		int len = nl_recv(n->fd, n->buf, sizeof(n->buf), 0);
		const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)n->buf;

		if (len == -EINTR)
			continue;
		if (len < 0)
			return len == -EAGAIN ? -ETIMEDOUT : len;
		for (; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			if (m->nlmsg_seq != n->seq)
				continue;
			if (m->nlmsg_type == NLMSG_DONE)
				return 0;
			if (m->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(m))->error;
			fn(ctx, m);
		}
	}
	return err;
}

int nl_dump(struct nl *n, uint16_t type, uint8_t family, nl_msg_fn fn, void *ctx)
{
	_Alignas(8) uint8_t req[NL_BUF];
	void *extra;
	/* struct rtmsg is not longer than the others, and every kernel reads the family first. */
	size_t extra_len = type == RTM_GETLINK	  ? sizeof(struct ifinfomsg)
			   : type == RTM_GETADDR  ? sizeof(struct ifaddrmsg)
			   : type == RTM_GETNEIGH ? sizeof(struct ndmsg)
			   : type == RTM_GETRULE  ? sizeof(struct fib_rule_hdr)
						  : sizeof(struct rtmsg);
	struct nlmsghdr *nlh = nl_request(req, type, NLM_F_DUMP, extra_len, &extra);

	*(uint8_t *)extra = family;
	return nl_dump_request(n, nlh, fn, ctx);
}

/* ---- what a killed daemon left, and what this one leaves ---- */

struct stale {
	uint16_t get, del;
	size_t hdr_len;
	uint16_t proto_attr; /* 0: struct rtmsg's rtm_protocol */
	uint32_t tun;	     /* of its interception routes ... */
	/* ... all stay (NULL), or those that are wanted, and nothing else is looked at. */
	bool (*wanted)(void *ctx, const struct lke_in6 *addr);
	void *ctx;
	size_t n;
	_Alignas(8) uint8_t msg[NL_STALE_BATCH][NL_STALE_MSG];
};

/* An address whose packets go to this device. */
static bool intercepts(const struct nlmsghdr *nlh, uint32_t tun, struct lke_in6 *ret)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	uint32_t oif = 0;
	bool addr = false;

	mnl_attr_for_each(a, nlh, sizeof(*rt))
	{
		size_t len = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == RTA_OIF && len == sizeof(oif))
			oif = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == RTA_DST && len == sizeof(*ret)) {
			memcpy(ret, mnl_attr_get_payload(a), sizeof(*ret));
			addr = true;
		}
	}
	return tun && oif == tun && addr && rt->rtm_dst_len == 128 &&
	       rt->rtm_table == RT_TABLE_MAIN;
}

static bool route_is_stale(const struct stale *s, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct lke_in6 addr;

	if (rt->rtm_protocol != NL_PROTO || (rt->rtm_flags & RTM_F_CLONED))
		return false;
	if (intercepts(nlh, s->tun, &addr))
		return s->wanted && !s->wanted(s->ctx, &addr);
	return !s->wanted;
}

static bool stale_is_ours(const struct stale *s, const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < s->hdr_len)
		return false;
	if (s->proto_attr == 0)
		return route_is_stale(s, nlh);
	mnl_attr_for_each(a, nlh, s->hdr_len)
	{
		if (mnl_attr_get_type(a) == s->proto_attr && mnl_attr_get_payload_len(a) >= 1)
			return mnl_attr_get_u8(a) == NL_PROTO;
	}
	return false;
}

static void stale_collect(void *ctx, const struct nlmsghdr *nlh)
{
	struct stale *s = ctx;

	if (s->n == NL_STALE_BATCH || nlh->nlmsg_len > NL_STALE_MSG || !stale_is_ours(s, nlh))
		return;
	memcpy(s->msg[s->n], nlh, nlh->nlmsg_len);
	s->n++;
}

/* What the kernel shows of an object is also what names it for deletion. */
static int stale_remove_kind(struct nl *n, struct stale *s)
{
	int removed = 0;

	for (int round = 0; round < NL_STALE_ROUNDS; round++) {
		int progress = 0;
		int err;

		s->n = 0;
		err = nl_dump(n, s->get, AF_INET6, stale_collect, s);
		if (err)
			return err;
		for (size_t i = 0; i < s->n; i++) {
			struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)s->msg[i];

			nlh->nlmsg_type = s->del;
			nlh->nlmsg_flags = NLM_F_REQUEST;
			if (nl_talk(n, nlh) == 0)
				progress++;
		}
		removed += progress;
		if (s->n < NL_STALE_BATCH || !progress)
			break;
	}
	return removed;
}

static int remove_marked(struct nl *n)
{
	static const struct {
		uint16_t get, del;
		size_t hdr_len;
		uint16_t proto_attr;
	} kind[] = {
		{ RTM_GETRULE, RTM_DELRULE, sizeof(struct fib_rule_hdr), FRA_PROTOCOL },
		{ RTM_GETROUTE, RTM_DELROUTE, sizeof(struct rtmsg), 0 },
		{ RTM_GETNEIGH, RTM_DELNEIGH, sizeof(struct ndmsg), NDA_PROTOCOL },
		{ RTM_GETADDR, RTM_DELADDR, sizeof(struct ifaddrmsg), IFA_PROTO },
	};
	struct stale *s = malloc(sizeof(*s));
	int total = 0;

	if (!s)
		return -ENOMEM;
	s->wanted = NULL;
	s->tun = n->kept_routes;
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		int r;

		s->get = kind[i].get;
		s->del = kind[i].del;
		s->hdr_len = kind[i].hdr_len;
		s->proto_attr = kind[i].proto_attr;
		r = stale_remove_kind(n, s);
		if (r < 0) {
			free(s);
			return r;
		}
		total += r;
	}
	free(s);
	return total;
}

void nl_keep_routes(struct nl *n, uint32_t tun_ifindex)
{
	n->kept_routes = tun_ifindex;
}

int nl_sweep_routes(struct nl *n, uint32_t tun_ifindex,
		    bool (*wanted)(void *ctx, const struct lke_in6 *addr), void *ctx)
{
	struct stale *s = malloc(sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->get = RTM_GETROUTE;
	s->del = RTM_DELROUTE;
	s->hdr_len = sizeof(struct rtmsg);
	s->proto_attr = 0;
	s->tun = tun_ifindex;
	s->wanted = wanted;
	s->ctx = ctx;
	r = stale_remove_kind(n, s);
	free(s);
	return r;
}

int nl_cleanup_stale(struct nl *n)
{
	int r = remove_marked(n);

	if (r > 0)
		n->stats.stale += (uint64_t)r;
	return r;
}

void nl_remove_all(struct nl *n)
{
	while (n->addrs) {
		struct nl_address a = n->addr[n->addrs - 1];
		struct lke_act_addr act = { .ifindex = a.ifindex,
					    .addr = a.addr,
					    .prefix_len = a.prefix_len,
					    .remove = true };

		if (nl_addr(n, &act, a.ifindex) < 0)
			n->addrs--; /* forget it all the same */
	}
	(void)remove_marked(n);
	memset(n->path, 0, sizeof(n->path));
	n->main_default = false;
	nl_give_back(n, 0);
}

void nl_forget_link(struct nl *n, uint32_t ifindex)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->addrs; i++)
		if (n->addr[i].ifindex != ifindex)
			n->addr[kept++] = n->addr[i];
	n->addrs = kept;
	for (size_t i = n->kepts; i-- > 0;)
		if (n->kept[i].ifindex == ifindex)
			n->kept[i] = n->kept[--n->kepts];
}

/* ---- links ---- */

int nl_link_up(struct nl *n, uint32_t ifindex, uint32_t mtu, uint32_t txqlen)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = nl_request(buf, RTM_NEWLINK, 0, sizeof(*ifi), &extra);

	ifi = extra;
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	if (txqlen)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, txqlen);
	return nl_talk(n, nlh);
}

/* A VRF is no master in this sense: it receives nothing itself. */
static bool is_port(const struct nlattr *info)
{
	static const char *const kind[] = { "bridge", "bond", "team", "openvswitch" };
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, info)
	{
		const char *text = mnl_attr_get_payload(a);
		size_t len = mnl_attr_get_payload_len(a);

		for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++)
			if (mnl_attr_get_type(a) == IFLA_INFO_SLAVE_KIND &&
			    len >= strlen(kind[i]) && memcmp(text, kind[i], strlen(kind[i])) == 0)
				return true;
	}
	return false;
}

/* DupAddrDetectTransmits of the interface is 0. */
static bool without_dad(const struct nlattr *families)
{
	const struct nlattr *family, *a;

	mnl_attr_for_each_nested(family, families)
	{
		if (mnl_attr_get_type(family) != AF_INET6)
			continue;
		mnl_attr_for_each_nested(a, family)
		{
			const uint8_t *conf = mnl_attr_get_payload(a);
			size_t at = DEVCONF_DAD_TRANSMITS * sizeof(int32_t);
			int32_t transmits;

			if (mnl_attr_get_type(a) != IFLA_INET6_CONF ||
			    mnl_attr_get_payload_len(a) < at + sizeof(transmits))
				continue;
			memcpy(&transmits, conf + at, sizeof(transmits));
			return transmits == 0;
		}
	}
	return false;
}

bool nl_parse_link(const struct nlmsghdr *nlh, struct lke_ev_link *ret)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const unsigned running = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
	struct lke_ev_link l = { 0 };
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) || ifi->ifi_index <= 0 ||
	    ifi->ifi_family != AF_UNSPEC)
		return false; /* AF_BRIDGE and AF_INET6 notices repeat parts of a link */
	l.ifindex = (uint32_t)ifi->ifi_index;
	l.removed = nlh->nlmsg_type == RTM_DELLINK;
	/* RUNNING waits for the queue discipline and for 802.1X; without it a frame is lost. */
	l.up = !l.removed && (ifi->ifi_flags & running) == running;
	l.no_carrier = !l.removed && !l.up && (ifi->ifi_flags & IFF_UP);
	l.no_dad = ifi->ifi_flags & IFF_NOARP;
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
	{
		size_t len = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			if (len > 0 && len <= sizeof(l.name)) {
				memcpy(l.name, mnl_attr_get_payload(a), len);
				l.name[sizeof(l.name) - 1] = '\0';
			}
			break;
		case IFLA_ADDRESS:
			if (len == sizeof(l.lladdr.b) && (ifi->ifi_type == 1)) {
				l.lladdr.len = sizeof(l.lladdr.b);
				memcpy(l.lladdr.b, mnl_attr_get_payload(a), len);
			}
			break;
		case IFLA_MTU:
			if (len == 4)
				l.mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_LINKINFO:
			l.port = is_port(a);
			break;
		case IFLA_AF_SPEC:
			l.no_dad = l.no_dad || without_dad(a);
			break;
		case IFLA_CARRIER_UP_COUNT:
		case IFLA_CARRIER_DOWN_COUNT:
			if (len == 4)
				l.carrier_changes += mnl_attr_get_u32(a);
			break;
		default:
			break;
		}
	}
	*ret = l;
	return true;
}

struct link_buf {
	struct lke_ev_link *buf;
	size_t n, max;
};

static void link_collect(void *ctx, const struct nlmsghdr *nlh)
{
	struct link_buf *b = ctx;

	if (b->n < b->max && nlh->nlmsg_type == RTM_NEWLINK && nl_parse_link(nlh, &b->buf[b->n]))
		b->n++;
}

int nl_dump_links(struct nl *n, struct lke_ev_link *buf, size_t max)
{
	struct link_buf b = { buf, 0, max };
	int err = nl_dump(n, RTM_GETLINK, AF_UNSPEC, link_collect, &b);

	return err ? err : (int)b.n;
}

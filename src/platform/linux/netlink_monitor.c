/* SPDX-License-Identifier: ISC */
/*
 * Link and address events.  What was reported is remembered: a dump after an overrun is compared
 * with it, so that nothing is lost and nothing vanishes unseen.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "platform/linux/clock.h"
#include "platform/linux/netlink_priv.h"

enum mon_phase { MON_LINKS, MON_ADDRS, MON_IDLE };

struct mon_link {
	struct lke_ev_link ev;
	bool seen;
};

struct mon_addr {
	struct lke_ev_addr ev;
	bool seen;
	lke_time valid_until, preferred_until;
};

struct mon {
	int fd;
	uint32_t seq;
	enum mon_phase phase;
	bool again; /* an overrun happened during a dump */
	uint64_t overruns;
	size_t links, addrs, addrs_cap;
	struct mon_link link[MON_LINKS_MAX];
	struct mon_addr *addr;
	_Alignas(8) uint8_t buf[NL_DUMP_BUF];
};

int mon_open(void)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK,
				  .nl_groups = RTMGRP_LINK | RTMGRP_IPV6_IFADDR };
	int size = 8 << 20, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int dump_send(struct mon *m, enum mon_phase phase)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	void *extra;
	struct nlmsghdr *nlh;

	if (phase == MON_LINKS) {
		nlh = nl_request(buf, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg), &extra);
	} else {
		nlh = nl_request(buf, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg), &extra);
		*(uint8_t *)extra = AF_INET6;
	}
	nlh->nlmsg_seq = ++m->seq;
	m->phase = phase;
	return send(m->fd, nlh, nlh->nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int resync(struct mon *m)
{
	m->again = false;
	for (size_t i = 0; i < m->links; i++)
		m->link[i].seen = false;
	for (size_t i = 0; i < m->addrs; i++)
		m->addr[i].seen = false;
	return dump_send(m, MON_LINKS);
}

int mon_start(int fd, struct mon **ret)
{
	struct mon *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->fd = fd;
	err = resync(m);
	if (err) {
		free(m);
		return err;
	}
	*ret = m;
	return 0;
}

static void report_link(mon_fn fn, void *ctx, const struct lke_ev_link *l)
{
	struct lke_event ev = { .type = LKE_EV_LINK, .link = *l };

	fn(ctx, &ev);
}

static void report_addr(mon_fn fn, void *ctx, const struct lke_ev_addr *a)
{
	struct lke_event ev = { .type = LKE_EV_ADDR, .addr = *a };

	fn(ctx, &ev);
}

static bool link_same(const struct lke_ev_link *a, const struct lke_ev_link *b)
{
	return strcmp(a->name, b->name) == 0 && lladdr_eq(&a->lladdr, &b->lladdr) &&
	       a->mtu == b->mtu && a->up == b->up && a->no_carrier == b->no_carrier &&
	       a->port == b->port && a->no_dad == b->no_dad &&
	       a->carrier_changes == b->carrier_changes;
}

static void link_news(struct mon *m, const struct lke_ev_link *l, mon_fn fn, void *ctx)
{
	size_t i;

	for (i = 0; i < m->links && m->link[i].ev.ifindex != l->ifindex; i++)
		;
	if (l->removed) {
		if (i < m->links) {
			m->link[i] = m->link[--m->links];
			report_link(fn, ctx, l);
		}
		return;
	}
	if (i == m->links) {
		if (i == MON_LINKS_MAX)
			return; /* bounded: such a link is not used */
		m->links++;
	} else if (link_same(&m->link[i].ev, l)) {
		m->link[i].seen = true;
		return;
	}
	m->link[i] = (struct mon_link){ *l, true };
	report_link(fn, ctx, l);
}

static bool addr_room(struct mon *m)
{
	size_t cap = m->addrs_cap ? m->addrs_cap * 2 : 64;
	struct mon_addr *p;

	if (m->addrs < m->addrs_cap)
		return true;
	if (m->addrs == MON_ADDRS_MAX)
		return false;
	p = reallocarray(m->addr, cap, sizeof(*p));
	if (!p)
		return false;
	m->addr = p;
	m->addrs_cap = cap;
	return true;
}

static lke_time end_of(uint32_t seconds, lke_time now)
{
	return seconds == UINT32_MAX ? LKE_NEVER : now + seconds * LKE_SEC;
}

/* The same end told again a moment later, rounded to seconds by the kernel. */
static bool end_same(lke_time a, lke_time b)
{
	return (a > b ? a - b : b - a) <= 2 * LKE_SEC;
}

static bool addr_same(const struct mon_addr *m, const struct mon_addr *news)
{
	return m->ev.prefix_len == news->ev.prefix_len && m->ev.tentative == news->ev.tentative &&
	       m->ev.advertised == news->ev.advertised &&
	       (m->ev.valid == 0) == (news->ev.valid == 0) &&
	       (m->ev.preferred == 0) == (news->ev.preferred == 0) &&
	       (m->ev.valid == 0 || (end_same(m->valid_until, news->valid_until) &&
				     end_same(m->preferred_until, news->preferred_until)));
}

static void addr_news(struct mon *m, const struct lke_ev_addr *a, mon_fn fn, void *ctx)
{
	lke_time now = clock_now();
	struct mon_addr news = { *a, true, end_of(a->valid, now), end_of(a->preferred, now) };
	size_t i;

	for (i = 0; i < m->addrs; i++)
		if (m->addr[i].ev.ifindex == a->ifindex && in6_eq(&m->addr[i].ev.addr, &a->addr))
			break;
	if (a->removed) {
		if (i < m->addrs) {
			m->addr[i] = m->addr[--m->addrs];
			report_addr(fn, ctx, a);
		}
		return;
	}
	if (i == m->addrs) {
		if (!addr_room(m))
			return;
		m->addrs++;
	} else if (addr_same(&m->addr[i], &news)) {
		m->addr[i].seen = true;
		return;
	}
	m->addr[i] = news;
	report_addr(fn, ctx, a);
}

/* A dump is complete: what it did not show is gone. */
static void sweep_links(struct mon *m, mon_fn fn, void *ctx)
{
	for (size_t i = 0; i < m->links;) {
		struct lke_ev_link gone = m->link[i].ev;

		if (m->link[i].seen) {
			i++;
			continue;
		}
		m->link[i] = m->link[--m->links];
		gone.removed = true;
		gone.up = false;
		report_link(fn, ctx, &gone);
	}
}

static void sweep_addrs(struct mon *m, mon_fn fn, void *ctx)
{
	for (size_t i = 0; i < m->addrs;) {
		struct lke_ev_addr gone = m->addr[i].ev;

		if (m->addr[i].seen) {
			i++;
			continue;
		}
		m->addr[i] = m->addr[--m->addrs];
		gone.removed = true;
		report_addr(fn, ctx, &gone);
	}
}

static int dump_done(struct mon *m, mon_fn fn, void *ctx)
{
	if (m->again)
		return resync(m);
	if (m->phase == MON_LINKS) {
		sweep_links(m, fn, ctx);
		return dump_send(m, MON_ADDRS);
	}
	if (m->phase == MON_ADDRS)
		sweep_addrs(m, fn, ctx);
	m->phase = MON_IDLE;
	return 0;
}

static int handle(struct mon *m, const struct nlmsghdr *nlh, mon_fn fn, void *ctx)
{
	struct lke_ev_link l;
	struct lke_ev_addr a;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (nl_parse_link(nlh, &l))
			link_news(m, &l, fn, ctx);
		return 0;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (nl_parse_addr(nlh, &a))
			addr_news(m, &a, fn, ctx);
		return 0;
	case NLMSG_DONE:
		if (m->phase == MON_IDLE || nlh->nlmsg_seq != m->seq)
			return 0;
		/* The tables changed under the dump: it may have skipped entries. */
		m->again |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		return dump_done(m, fn, ctx);
	case NLMSG_ERROR:
		if (m->phase == MON_IDLE || nlh->nlmsg_seq != m->seq)
			return 0;
		return resync(m); /* for example EBUSY: an earlier dump still runs */
	default:
		return 0;
	}
}

int mon_read(struct mon *m, mon_fn fn, void *ctx)
{
	for (;;) {
		int len = nl_recv(m->fd, m->buf, sizeof(m->buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)m->buf;
		int err;

		if (len == -EAGAIN)
			return 0;
		if (len == -EINTR)
			continue;
		if (len == -ENOBUFS || len == -EMSGSIZE) {
			m->overruns++;
			/* One dump at a time: a running one is repeated when it ends. */
			m->again = true;
			if (m->phase == MON_IDLE && (err = resync(m)) != 0)
				return err;
			continue;
		}
		if (len < 0)
			return len;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			err = handle(m, nlh, fn, ctx);
			if (err)
				return err;
		}
	}
}

void mon_repeat_addrs(const struct mon *m, uint32_t ifindex, mon_fn fn, void *ctx)
{
	for (size_t i = 0; i < m->addrs; i++)
		if (m->addr[i].ev.ifindex == ifindex)
			report_addr(fn, ctx, &m->addr[i].ev);
}

void mon_repeat_links(const struct mon *m, mon_fn fn, void *ctx)
{
	for (size_t i = 0; i < m->links; i++) {
		struct lke_event ev = { .type = LKE_EV_LINK, .link = m->link[i].ev };

		fn(ctx, &ev);
	}
}

bool mon_synced(const struct mon *m)
{
	return m->phase == MON_IDLE;
}

uint64_t mon_overruns(const struct mon *m)
{
	return m->overruns;
}

void mon_stop(struct mon *m)
{
	if (!m)
		return;
	free(m->addr);
	free(m);
}

/* SPDX-License-Identifier: ISC */
#include "platform/linux/group.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"

struct membership {
	struct table_node node;
	struct {
		struct lke_in6 group;
		uint32_t ifindex;
	} key;
	uint32_t refs;
	unsigned socket;
	bool waits;   /* in the list of those that could not be joined */
	bool untried; /* there because of the turn alone */
	struct membership *before, *behind;
};

struct group {
	unsigned sockets, next; /* next: the one that had room last */
	unsigned left;		/* joins of this turn */
	int fd[GROUP_SOCKETS_MAX];
	struct table members;
	struct membership *first, *last; /* that wait, the oldest first */
	struct group_stats stats;
};

int group_open(unsigned sockets, struct group **ret)
{
	struct group *g;
	uint8_t secret[16];
	int err;

	if (sockets == 0 || sockets > GROUP_SOCKETS_MAX)
		return -EINVAL;
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	g = mem_zalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	if (TABLE_INIT(&g->members, struct membership, node, key, GROUP_MAX, secret)) {
		mem_free(g);
		return -ENOMEM;
	}
	g->left = UINT_MAX;
	for (; g->sockets < sockets; g->sockets++) {
		g->fd[g->sockets] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (g->fd[g->sockets] < 0) {
			err = -errno;
			group_close(g);
			return err;
		}
	}
	*ret = g;
	return 0;
}

static int membership_call(const struct group *g, const struct membership *m, int option)
{
	struct ipv6_mreq mr = { .ipv6mr_interface = m->key.ifindex };

	memcpy(&mr.ipv6mr_multiaddr, m->key.group.b, sizeof(m->key.group.b));
	return setsockopt(g->fd[m->socket], IPPROTO_IPV6, option, &mr, sizeof(mr)) ? -errno : 0;
}

/* A full socket says ENOBUFS or ENOMEM: try the next. */
static int join_somewhere(struct group *g, struct membership *m)
{
	for (unsigned i = 0; i < g->sockets; i++) {
		int err;

		m->socket = (g->next + i) % g->sockets;
		err = membership_call(g, m, IPV6_JOIN_GROUP);
		if (err == 0)
			g->next = m->socket;
		if (err != -ENOBUFS && err != -ENOMEM)
			return err;
	}
	return -ENOBUFS;
}

static int attempt(struct group *g, struct membership *m)
{
	int err = join_somewhere(g, m);

	g->left -= g->left < UINT_MAX;
	if (err == 0) {
		g->stats.joined++;
	} else {
		g->stats.refused++;
		g->stats.last_error = err;
	}
	return err;
}

static void wait_for_room(struct group *g, struct membership *m, bool untried)
{
	m->waits = true;
	m->untried = untried;
	g->stats.untried += untried;
	m->before = g->last;
	m->behind = NULL;
	*(g->last ? &g->last->behind : &g->first) = m;
	g->last = m;
	g->stats.waiting++;
}

static void wait_no_more(struct group *g, struct membership *m)
{
	g->stats.untried -= m->untried;
	m->waits = m->untried = false;
	*(m->before ? &m->before->behind : &g->first) = m->behind;
	*(m->behind ? &m->behind->before : &g->last) = m->before;
	g->stats.waiting--;
}

void group_retry(struct group *g)
{
	struct membership *m;

	while (g->left && (m = g->first)) {
		wait_no_more(g, m);
		if (attempt(g, m) == 0)
			continue;
		wait_for_room(g, m,
			      false); /* as the last: it may be the one that cannot be joined */
		return;
	}
}

void group_turn(struct group *g, unsigned joins)
{
	g->left = joins;
}

static int join(struct group *g, const struct lke_act_group *act)
{
	struct membership *m = mem_zalloc(sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->key.group = act->group;
	m->key.ifindex = act->ifindex;
	m->refs = 1;
	if (table_add(&g->members, &m->node)) {
		mem_free(m);
		g->stats.refused++;
		g->stats.last_error = -ENOBUFS;
		return -ENOBUFS;
	}
	if (!g->left) {
		wait_for_room(g, m, true);
		return 0;
	}
	err = attempt(g, m);
	if (err)
		wait_for_room(g, m, false);
	return err;
}

static void drop(struct group *g, struct membership *m)
{
	if (m->waits)
		wait_no_more(g, m);
	else
		g->stats.joined--;
	table_del(&g->members, &m->node);
	mem_free(m);
}

static struct membership *find(const struct group *g, const struct lke_act_group *act)
{
	struct membership want = { .key = { act->group, act->ifindex } };

	return TABLE_ENTRY(table_find(&g->members, &want.key), struct membership, node);
}

int group_set(struct group *g, const struct lke_act_group *act)
{
	struct membership *m = find(g, act);
	int err;

	if (act->leave) {
		if (!m)
			return -ENOENT;
		if (--m->refs)
			return 0;
		err = m->waits ? 0 : membership_call(g, m, IPV6_LEAVE_GROUP);
		drop(g, m);
		group_retry(g); /* there may be room now */
		/* The interface or its membership went first. */
		return err == -ENODEV || err == -EADDRNOTAVAIL ? 0 : err;
	}
	if (m) {
		m->refs++;
		return 0;
	}
	return join(g, act);
}

void group_forget(struct group *g, uint32_t ifindex)
{
	struct table_node *node = NULL;
	size_t cursor = 0;

	while ((node = table_next(&g->members, &cursor, node))) {
		struct membership *m = TABLE_ENTRY(node, struct membership, node);

		if (m->key.ifindex != ifindex)
			continue;
		/* The socket keeps its slot until it leaves, even though the link is gone. */
		if (!m->waits)
			(void)membership_call(g, m, IPV6_LEAVE_GROUP);
		drop(g, m);
	}
	group_retry(g);
}

void group_stats(const struct group *g, struct group_stats *ret)
{
	*ret = g->stats;
}

size_t group_fds(const struct group *g, int *ret_fd, size_t max)
{
	size_t n = g->sockets < max ? g->sockets : max;

	memcpy(ret_fd, g->fd, n * sizeof(g->fd[0]));
	return n;
}

void group_close(struct group *g)
{
	struct table_node *node = NULL;
	size_t cursor = 0;

	if (!g)
		return;
	while ((node = table_next(&g->members, &cursor, node)))
		drop(g, TABLE_ENTRY(node, struct membership, node));
	for (unsigned i = 0; i < g->sockets; i++)
		close(g->fd[i]);
	table_done(&g->members);
	mem_free(g);
}

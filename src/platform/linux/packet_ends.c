/* SPDX-License-Identifier: ISC */
/* Where tunnels and ESP may end: the addresses of this host. */
#include "base/in6.h"
#include "platform/linux/netlink.h"
#include "platform/linux/packet_socket.h"

static bool may_end(const struct lke_in6 *a)
{
	return !in6_is_unspecified(a) && !in6_is_loopback(a) && !in6_is_linklocal(a) &&
	       !in6_is_multicast(a);
}

static unsigned find(const struct packet_ends *e, const struct lke_in6 *addr)
{
	unsigned i = 0;

	while (i < e->n && !in6_eq(&e->addr[i], addr))
		i++;
	return i;
}

bool packet_ends_add(struct packet_ends *e, const struct lke_in6 *addr)
{
	if (!may_end(addr) || find(e, addr) < e->n)
		return false;
	if (e->n < PACKET_ENDS_MAX)
		e->addr[e->n++] = *addr;
	return true;
}

void packet_ends_remove(struct packet_ends *e, const struct lke_in6 *addr)
{
	unsigned i = find(e, addr);

	if (i < e->n)
		e->addr[i] = e->addr[--e->n];
}

void packet_ends_read(struct nl *n, struct packet_ends *ret)
{
	static struct lke_ev_addr dump[2 * PACKET_ENDS_MAX];
	int k = nl_dump_addrs(n, dump, sizeof(dump) / sizeof(dump[0]));

	/* A full dump may have left some out. */
	*ret = (struct packet_ends){ .n = k < 0 || k == 2 * PACKET_ENDS_MAX ? PACKET_ENDS_MAX : 0 };
	for (int i = 0; i < k; i++)
		(void)packet_ends_add(ret, &dump[i].addr);
}

/* SPDX-License-Identifier: ISC */
/* News of the kernel: links, addresses, neighbours.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "netns_fixture.h"
#include "platform/linux/netlink_neigh.h"

static void mon_sync(struct mon *m, int fd, struct heard *h)
{
	for (int i = 0; i < 50 && (i == 0 || !mon_synced(m)); i++) {
		wait_readable(fd, 100);
		assert_int_equal(mon_read(m, hear, h), 0);
	}
	assert_true(mon_synced(m));
}

static void monitor_reports_carrier_and_counts_flaps(void **state)
{
	struct heard h = { 0 };
	int fd = mon_open();
	struct mon *m;
	uint32_t changes;

	assert_true(fd >= 0);
	assert_int_equal(mon_start(fd, &m), 0);
	mon_sync(m, fd, &h);
	assert_true(h.v1.up && h.links >= 4 && h.addrs >= 2);
	assert_string_equal(h.v1.name, "v1");
	assert_int_equal(h.v1.lladdr.len, 6);
	assert_int_equal(h.v1.mtu, 1500);
	changes = h.v1.carrier_changes;
	sh("ip link set v0 down; sleep 0.1");
	assert_int_equal(mon_read(m, hear, &h), 0);
	assert_false(h.v1.up);
	sh("ip link set v0 up; sleep 1.2");
	assert_int_equal(mon_read(m, hear, &h), 0);
	assert_true(h.v1.up);
	assert_int_equal(h.v1.carrier_changes, changes + 2);
	mon_stop(m);
	close(fd);
}

/* Addresses that wait in the socket before the first dump come before their interface. */
static void monitor_repeats_addresses_that_came_too_early(void **state)
{
	struct heard early = { 0 }, again = { 0 };
	int fd = mon_open();
	struct mon *m;

	assert_true(fd >= 0);
	sh("ip addr add 2001:db8:78::1/64 dev v1 nodad");
	assert_int_equal(mon_start(fd, &m), 0);
	wait_readable(fd, 100);
	assert_int_equal(mon_read(m, hear, &early), 0);
	mon_sync(m, fd, &early);
	assert_int_equal(early.removed, 0);
	mon_repeat_addrs(m, v1, hear, &again);
	assert_int_equal(again.links, 0);
	assert_true(again.addrs >= 2); /* link-local and this one */
	sh("ip addr del 2001:db8:78::1/64 dev v1");
	mon_stop(m);
	close(fd);
}

static void ports_of_a_bridge_are_told_apart(void **state)
{
	static struct lke_ev_link buf[32];
	int n;

	sh("ip link add br7 type bridge; ip link add p7 type veth peer name q7; ip link set p7 "
	   "master br7");
	n = nl_dump_links(nl, buf, 32);
	assert_true(n > 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(buf[i].port, strcmp(buf[i].name, "p7") == 0);
	sh("ip link set p7 nomaster");
	n = nl_dump_links(nl, buf, 32);
	for (int i = 0; i < n; i++)
		assert_false(buf[i].port);
	sh("ip link del br7; ip link del p7");
}

/* RFC 4862 5.4: DupAddrDetectTransmits 0, or a device whose neighbours are not resolved. */
static void amb_099_links_without_dad_are_told_apart(void **state)
{
	static struct lke_ev_link buf[32];
	int n;

	sh("ip link add p7 type veth peer name q7; ip tuntap add dev t7 mode tun; "
	   "echo 0 > /proc/sys/net/ipv6/conf/p7/dad_transmits");
	n = nl_dump_links(nl, buf, 32);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		if (strcmp(buf[i].name, "p7") == 0 || strcmp(buf[i].name, "t7") == 0)
			assert_true(buf[i].no_dad);
		if (strcmp(buf[i].name, "q7") == 0 || strcmp(buf[i].name, "v1") == 0)
			assert_false(buf[i].no_dad);
	}
	sh("ip link del p7; ip link del t7");
}

static void monitor_resyncs_after_overrun(void **state)
{
	struct heard h = { 0 };
	int fd = mon_open(), small = 1, large = 1 << 20;
	struct mon *m;
	unsigned before;

	assert_int_equal(mon_start(fd, &m), 0);
	mon_sync(m, fd, &h);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &small, sizeof(small)), 0);
	before = h.addrs;
	for (unsigned i = 0; i < 100; i++) {
		struct lke_act_addr a = { .ifindex = v1,
					  .addr = A("2001:db8:77::"),
					  .prefix_len = 64,
					  .valid = 600,
					  .preferred = 600 };

		a.addr.b[15] = (uint8_t)(i + 1);
		assert_int_equal(nl_addr(nl, &a, tun), 0);
	}
	usleep(300000); /* the kernel announces addresses from a work queue */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large)), 0);
	mon_sync(m, fd, &h);
	assert_true(mon_overruns(m) > 0);
	assert_int_equal(h.addrs, before + 100);
	nl_remove_all(nl); /* unheard, too */
	mon_sync(m, fd, &h);
	assert_int_equal(h.removed, 100);
	mon_stop(m);
	close(fd);
}

static void only_neighbours_given_up_are_heard_of(void **state)
{
	struct lke_in6 gone = A("2001:db8:7::5");
	struct lke_ev_neigh ev = { 0 };
	int fd = neigh_open(), one = 1;

	assert_true(fd >= 0);
	sh("ip -6 neigh replace 2001:db8:7::4 dev v1 lladdr 02:00:00:00:00:04 nud stale");
	sh("ip -6 neigh replace 2001:db8:7::5 dev v1 lladdr 02:00:00:00:00:05 nud reachable");
	assert_int_equal(neigh_read(fd, &ev), 0);
	sh("ip -6 neigh replace 2001:db8:7::5 dev v1 nud failed");
	wait_readable(fd, 1000);
	assert_int_equal(neigh_read(fd, &ev), 1);
	assert_int_equal(ev.ifindex, v1);
	assert_true(in6_eq(&ev.addr, &gone));
	assert_int_equal(neigh_read(fd, &ev), 0);
	/* The engine process inherits it: its filter is locked. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof(one)), -1);
	sh("ip -6 neigh del 2001:db8:7::4 dev v1");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitor_reports_carrier_and_counts_flaps),
		cmocka_unit_test(monitor_repeats_addresses_that_came_too_early),
		cmocka_unit_test(ports_of_a_bridge_are_told_apart),
		cmocka_unit_test(amb_099_links_without_dad_are_told_apart),
		cmocka_unit_test(monitor_resyncs_after_overrun),
		cmocka_unit_test(only_neighbours_given_up_are_heard_of),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

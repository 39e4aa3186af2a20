/* SPDX-License-Identifier: ISC */
/* What the daemon sets in the kernel, and what it hears of it.  On a real kernel (netns_fixture.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/in6.h"
#include "netns_fixture.h"
#include "platform/linux/packet_socket.h"
#include "platform/linux/sysctl.h"
#include "skip.h"

static bool nothing_left(void)
{
	return !says("ip -6 route show table all", "proto 222") && !says("ip -6 rule", "1000:") &&
	       !says("ip -6 neigh show nud all", "proto 222") &&
	       !says("ip -6 addr", "proto 0xde") && !says("ip -6 addr", "2001:db8:77::");
}

static void add_everything(struct nl *n)
{
	struct lke_act_addr addr = { .ifindex = v1,
				     .addr = A("2001:db8:77::1"),
				     .prefix_len = 64,
				     .valid = 600,
				     .preferred = 0 };
	struct lke_act_path path = { .src = A("2001:db8:77::1"),
				     .path = LKE_PATH_ROUTER,
				     .ifindex = v1,
				     .router = A("fe80::99") };
	struct lke_act_neigh neigh = { .ifindex = v1,
				       .addr = A("fe80::99"),
				       .lladdr = { 6, { 2, 0, 0, 0, 0, 9 } } };
	struct lke_act_intercept icept = { .addr = A("2001:db8:1::77") };

	assert_int_equal(nl_addr(n, &addr, tun), 0);
	assert_int_equal(nl_addr(n, &addr, tun), 0); /* replace */
	addr = (struct lke_act_addr){ .addr = A("2001:db8:77::2"),
				      .prefix_len = 128,
				      .valid = LKE_LIFETIME_INFINITE,
				      .preferred = LKE_LIFETIME_INFINITE };
	assert_int_equal(nl_addr(n, &addr, tun), 0);
	assert_int_equal(nl_neigh(n, &neigh), 0);
	assert_int_equal(nl_path(n, &path, tun), 0);
	path.src = in6_unspecified;
	path.path = LKE_PATH_TUNNEL;
	assert_int_equal(nl_path(n, &path, tun), 0);
	assert_int_equal(nl_intercept(n, &icept, tun), 0);
}

static void netlink_paths_switch_one_route(void **state)
{
	const char *get = "ip -6 route get 2001:db8:9::1 from 2001:db8:77::1";
	struct lke_act_path path = { .src = A("2001:db8:77::1"),
				     .path = LKE_PATH_TUNNEL,
				     .ifindex = v1,
				     .router = A("fe80::99") };
	struct lke_ev_addr addr[64];
	bool found = false;
	int n;

	add_everything(nl);
	assert_true(says(get, "via fe80::99 dev v1"));
	n = nl_dump_addrs(nl, addr, 64);
	for (int i = 0; i < n; i++)
		if (addr[i].ifindex == v1 && in6_eq(&addr[i].addr, &path.src))
			found = !addr[i].tentative && addr[i].prefix_len == 64;
	assert_true(found);
	assert_true(says("ip -6 addr show dev v1", "deprecated"));
	assert_false(says("ip -6 route show table main", "2001:db8:77::/64"));
	assert_int_equal(nl_path(nl, &path, tun), 0);
	assert_true(says(get, "dev lke0"));
	assert_false(says("ip -6 route show table 1818977536", "v1"));
	path.path = LKE_PATH_ROUTER;
	assert_int_equal(nl_path(nl, &path, tun), 0);
	assert_true(says(get, "via fe80::99 dev v1"));
	assert_false(says("ip -6 route show table 1818977536", "lke0"));
	assert_true(says("ip -6 route get 2001:db8:1::77", "dev lke0"));
	path.path = LKE_PATH_NONE;
	assert_int_equal(nl_path(nl, &path, tun), 0);
	assert_int_equal(nl_path(nl, &path, tun), 0); /* gone already */
	assert_false(says("ip -6 rule", "1000:"));
	nl_remove_all(nl);
	assert_true(nothing_left());
}

static void netlink_tables_are_bounded(void **state)
{
	struct lke_act_path path = { .path = LKE_PATH_TUNNEL };

	for (unsigned i = 0; i <= NL_PATH_MAX; i++) {
		path.src = A("2001:db8:77::");
		path.src.b[15] = (uint8_t)(i + 1);
		assert_int_equal(nl_path(nl, &path, tun), i < NL_PATH_MAX ? 0 : -ENOSPC);
	}
	nl_remove_all(nl);
	assert_true(nothing_left());
}

static void netlink_start_repairs_after_kill(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct nl *n;

		if (nl_open(&n))
			_exit(1);
		add_everything(n);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_false(nothing_left());
	/* two addresses, one rule, a route of the table, the main default, an intercepted one, a
	 * neighbour */
	assert_true(nl_cleanup_stale(nl) >= 6);
	assert_true(nothing_left());
	assert_int_equal(nl_cleanup_stale(nl), 0);
}

static bool is_the_first(void *ctx, const struct lke_in6 *addr)
{
	const struct lke_in6 *first = ctx;

	return in6_eq(addr, first);
}

/* A plane that goes on keeps its routes, and nothing else; those of bindings that ended go later.
 */
static void routes_of_a_plane_that_goes_on_stay(void **state)
{
	struct lke_in6 first = A("2001:db8:1::51");
	struct lke_act_intercept icept = { .addr = first };

	add_everything(nl);
	assert_int_equal(nl_intercept(nl, &icept, tun), 0);
	nl_keep_routes(nl, tun);
	nl_remove_all(nl);
	assert_true(says("ip -6 route show proto 222", "2001:db8:1::51 dev"));
	assert_false(says("ip -6 route show table all proto 222", "default"));
	assert_false(says("ip -6 rule", "proto 222"));
	assert_int_equal(nl_cleanup_stale(nl), 0);
	/* That of add_everything(), which nobody set again. */
	assert_int_equal(nl_sweep_routes(nl, tun, is_the_first, &first), 1);
	assert_true(says("ip -6 route show proto 222", "2001:db8:1::51 dev"));
	assert_int_equal(nl_sweep_routes(nl, tun, is_the_first, &first), 0);
	nl_keep_routes(nl, 0);
	assert_int_equal(nl_cleanup_stale(nl), 1);
	assert_true(nothing_left());
}

static void sysctls_are_restored_also_after_kill(void **state)
{
	char dir[] = "/tmp/lke-test-XXXXXX", path[64];
	struct sysctl *s;
	int status, before, v;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(sysctl_get("v1", "accept_ra", &before), 0);
	assert_int_not_equal(before, 0);
	pid = fork();
	if (pid == 0) {
		if (sysctl_open(dir, &s) || sysctl_manage_link(s, "v1"))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(sysctl_get("v1", "accept_ra", &v), 0);
	assert_int_equal(v, 0);
	/* Whoever goes on leaves them, and knows what they were. */
	assert_int_equal(sysctl_go_on(dir, &s), 0);
	assert_int_equal(sysctl_get("v1", "accept_ra", &v), 0);
	assert_int_equal(v, 0);
	free(s);
	assert_int_equal(sysctl_open(dir, &s), 0);
	assert_int_equal(sysctl_get("v1", "accept_ra", &v), 0);
	assert_int_equal(v, before);
	assert_int_equal(sysctl_set(s, "v1", "accept_ra", 0), 0);
	assert_int_equal(sysctl_set(s, "../v1", "accept_ra", 0), -EINVAL);
	assert_int_equal(sysctl_set(s, "nosuch", "accept_ra", 0), -ENOENT);
	sysctl_close(s);
	assert_int_equal(sysctl_get("v1", "accept_ra", &v), 0);
	assert_int_equal(v, before);
	snprintf(path, sizeof(path), "%s/sysctl.saved", dir);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* What a router advertised is taken back when another one says nothing. */
static void one_sysctl_goes_back_to_what_it_was(void **state)
{
	char dir[] = "/tmp/lke-test-XXXXXX";
	struct sysctl *s;
	int v;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(sysctl_open(dir, &s), 0);
	assert_int_equal(sysctl_reset(s, "v1", "mtu"), 0); /* nothing was set */
	assert_int_equal(sysctl_set(s, "v1", "mtu", 1400), 0);
	assert_int_equal(sysctl_set(s, "v1", "hop_limit", 61), 0);
	assert_int_equal(sysctl_set(s, "v1", "mtu", 1300), 0);
	assert_int_equal(sysctl_reset(s, "v1", "mtu"), 0);
	assert_int_equal(sysctl_get("v1", "mtu", &v), 0);
	assert_int_equal(v, 1500);
	assert_int_equal(sysctl_get("v1", "hop_limit", &v), 0);
	assert_int_equal(v, 61);
	sysctl_close(s);
	assert_int_equal(sysctl_get("v1", "hop_limit", &v), 0);
	assert_int_equal(v, 64);
	assert_int_equal(rmdir(dir), 0);
}

/* A destination that is on its way from the TUN to its link: nothing is lost, nothing overtakes. */
static void a_gate_keeps_packets_in_order(void **state)
{
	const char *to = "2001:db8:1::55";
	struct lke_in6 addr = A(to);
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 41); /* our sockets see tunnel packets */
	uint8_t buf[2048] = { 0x60 };
	uint8_t got[2048];
	size_t len;
	int one = 1; /* v0 does not send it back */

	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &one, sizeof(one)), 0);
	memcpy(&sa.sin6_addr, addr.b, 16);
	assert_int_equal(nl_gate_close(nl, v1, &addr), 0);
	flush(&out);
	for (size_t n = 1; n <= 3; n++)
		assert_int_equal(sendto(fd, buf, 40 + n, 0, (struct sockaddr *)&sa, sizeof(sa)),
				 40 + n);
	assert_false(expect(&out, 41, 0, NULL, NULL));
	assert_false(expect(&out, 58, 135, NULL, NULL)); /* and nobody is asked */
	assert_int_equal(nl_gate_open(nl, v1, &addr, &out.own), 0);
	assert_int_equal(sendto(fd, buf, 44, 0, (struct sockaddr *)&sa, sizeof(sa)), 44);
	for (size_t n = 1; n <= 4; n++) {
		assert_true(expect(&out, 41, 0, got, &len));
		assert_int_equal(len, 40 + 40 + n);
	}
	assert_true(nothing_left()); /* the entry is the kernel's */

	/* A daemon that is killed leaves none closed. */
	assert_int_equal(nl_gate_close(nl, v1, &addr), 0);
	assert_true(says("ip -6 neigh show nud all", "INCOMPLETE proto 222"));
	assert_int_equal(nl_cleanup_stale(nl), 1);
	assert_true(nothing_left());
	close(fd);
}

/* By default the kernel keeps some 256 small packets, and lets the oldest go. */
static void a_gate_has_room_for_what_a_busy_machine_delays(void **state)
{
	enum { PACKETS = 1000, ROOM = 16 << 20 };
	char dir[] = "/tmp/lke-test-XXXXXX";
	struct lke_in6 addr = A("2001:db8:1::55");
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 41), room = ROOM, one = 1, before, v;
	uint8_t buf[64] = { 0x60 };
	struct sysctl *s;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(sysctl_get("v1", "unres_qlen_bytes", &before), 0);
	assert_int_equal(sysctl_open(dir, &s), 0);
	assert_int_equal(sysctl_manage_gate(s, "v1"), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &one, sizeof(one)), 0);
	memcpy(&sa.sin6_addr, addr.b, 16);
	assert_int_equal(nl_gate_close(nl, v1, &addr), 0);
	flush(&out);
	for (unsigned n = 0; n < PACKETS; n++)
		assert_int_equal(sendto(fd, buf, 40, 0, (struct sockaddr *)&sa, sizeof(sa)), 40);
	assert_int_equal(nl_gate_open(nl, v1, &addr, &out.own), 0);
	for (unsigned n = 0; n < PACKETS; n++)
		assert_true(expect(&out, 41, 0, NULL, NULL));
	close(fd);
	/* One that the owner has raised stays. */
	assert_int_equal(sysctl_set(s, "v1", "unres_qlen_bytes", ROOM), 0);
	assert_int_equal(sysctl_manage_gate(s, "v1"), 0);
	assert_int_equal(sysctl_get("v1", "unres_qlen_bytes", &v), 0);
	assert_int_equal(v, ROOM);
	sysctl_close(s);
	assert_int_equal(sysctl_get("v1", "unres_qlen_bytes", &v), 0);
	assert_int_equal(v, before);
	assert_int_equal(rmdir(dir), 0);
}

static void rfc_9131_a_router_takes_unsolicited_advertisements(void **state)
{
	char dir[] = "/tmp/lke-test-XXXXXX";
	struct sysctl *s;
	int before, v;

	if (sysctl_get("v1", "accept_untracked_na", &before) == -ENOENT)
		skip_because("no accept_untracked_na before Linux 5.19");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(sysctl_open(dir, &s), 0);
	assert_int_equal(sysctl_manage_router(s, "v1"), 0);
	assert_int_equal(sysctl_get("v1", "accept_untracked_na", &v), 0);
	assert_int_equal(v, 2); /* of own prefixes only */
	sysctl_close(s);
	assert_int_equal(sysctl_get("v1", "accept_untracked_na", &v), 0);
	assert_int_equal(v, before);
	assert_int_equal(rmdir(dir), 0);
}

/* A node that was on the link before lked: what would outlive the link goes, what somebody gave
 * stays. */
static void what_the_kernel_made_of_advertisements_goes(void **state)
{
	sh("ip address add 2001:db8:5::5/64 dev v1 valid_lft 600 preferred_lft 300 mngtmpaddr "
	   "nodad");
	sh("ip address add 2001:db8:6::6/64 dev v1 nodad");
	sh("ip address add 2001:db8:7::7/128 dev v1 valid_lft 600 preferred_lft 300 nodad");
	sh("ip route add default via fe80::99 dev v1 proto ra metric 1024");
	sh("ip route add 2001:db8:8::/64 dev v1 proto kernel expires 600");
	sh("ip route add 2001:db8:9::/64 dev v1 proto static");
	sh("ip route add 2001:db8:a::/64 dev v0 proto ra");
	assert_int_equal(nl_take_over(nl, v1, NULL, NULL), 0);
	assert_false(says("ip -6 address show dev v1", "2001:db8:5::5"));
	assert_true(says("ip -6 address show dev v1", "2001:db8:6::6"));
	assert_true(says("ip -6 address show dev v1", "2001:db8:7::7"));
	assert_false(says("ip -6 route", "default"));
	assert_false(says("ip -6 route", "2001:db8:5::/64"));
	assert_true(says("ip -6 route", "2001:db8:6::/64"));
	assert_false(says("ip -6 route", "2001:db8:8::/64"));
	assert_true(says("ip -6 route", "2001:db8:9::/64"));
	assert_true(says("ip -6 route", "2001:db8:a::/64"));
	assert_int_equal(nl_take_over(nl, v1, NULL, NULL), 0);
	sh("ip address del 2001:db8:6::6/64 dev v1; ip address del 2001:db8:7::7/128 dev v1");
	sh("ip route del 2001:db8:9::/64; ip route del 2001:db8:a::/64");
}

static bool all_but_six(void *ctx, const struct lke_in6 *addr)
{
	const struct lke_in6 six = A("2001:db8:6::6");

	(void)ctx;
	return !in6_eq(addr, &six);
}

static void advertised_addresses_and_a_route(void)
{
	sh("ip address add 2001:db8:5::5/64 dev v1 valid_lft 600 preferred_lft 300 mngtmpaddr "
	   "nodad");
	sh("ip address add 2001:db8:6::6/64 dev v1 valid_lft 600 preferred_lft 300 mngtmpaddr "
	   "nodad");
	sh("ip route add default via fe80::99 dev v1 proto ra metric 1024 expires 900");
}

/* Connections go on, nothing new takes them; who never moved has all of it again at the end. */
static void what_the_kernel_made_is_kept_and_given_back(void **state)
{
	(void)state;
	advertised_addresses_and_a_route();
	assert_int_equal(nl_take_over(nl, v1, all_but_six, NULL), 1);
	for (unsigned n = 0; n < 2; n++) {
		assert_true(says("ip -6 address show dev v1 deprecated", "2001:db8:5::5"));
		assert_true(says("ip -6 address show dev v1", "mngtmpaddr"));
		assert_false(says("ip -6 address show dev v1", "2001:db8:6::6"));
		assert_false(says("ip -6 route", "2001:db8:5::/64"));
		assert_false(says("ip -6 route", "default"));
		/* An interface that is opened once more is the same one. */
		assert_int_equal(nl_take_over(nl, v1, all_but_six, NULL), 1);
	}
	nl_remove_all(nl);
	assert_false(says("ip -6 address show dev v1 deprecated", "2001:db8:5::5"));
	assert_true(says("ip -6 address show dev v1 -deprecated", "2001:db8:5::5"));
	assert_true(says("ip -6 route", "2001:db8:5::/64"));
	assert_true(
		says("ip -6 route", "default via fe80::99 dev v1 proto ra metric 1024 expires"));
	sh("ip address del 2001:db8:5::5/64 dev v1; ip -6 route del default");
}

/* A link of two that is lked's no longer: that one has its own again, the other when lked ends. */
static void one_link_of_two_is_given_back(void **state)
{
	const struct lke_in6 five = A("2001:db8:5::5");
	char dir[] = "/tmp/lke-test-XXXXXX";
	struct sysctl *s;
	int before, v;

	(void)state;
	advertised_addresses_and_a_route();
	sh("ip address add 2001:db8:c::c/64 dev v0 valid_lft 600 preferred_lft 300 mngtmpaddr "
	   "nodad");
	sh("ip route add default via fe80::98 dev v0 proto ra metric 1025 expires 900");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(sysctl_open(dir, &s), 0);
	assert_int_equal(sysctl_get("v1", "autoconf", &before), 0);
	assert_int_equal(before, 1);
	assert_int_equal(sysctl_manage_link(s, "v1"), 0);
	assert_int_equal(sysctl_manage_link(s, "v0"), 0);
	assert_int_equal(nl_take_over(nl, v1, all_but_six, NULL), 1);
	assert_int_equal(nl_take_over(nl, v0, all_but_six, NULL), 1);
	assert_false(says("ip -6 route", "default"));

	nl_give_back(nl, v1);
	assert_int_equal(sysctl_release_link(s, "v1"), 0);
	assert_true(says("ip -6 address show dev v1 -deprecated", "2001:db8:5::5"));
	assert_true(says("ip -6 route", "default via fe80::99 dev v1"));
	assert_false(nl_kept(nl, v1, &five));
	assert_int_equal(sysctl_get("v1", "autoconf", &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(sysctl_get("v1", "addr_gen_mode", &v), 0);
	assert_int_equal(v, 0);
	assert_true(says("ip -6 address show dev v0 deprecated", "2001:db8:c::c"));
	assert_false(says("ip -6 route", "default via fe80::98"));
	assert_int_equal(sysctl_get("v0", "autoconf", &v), 0);
	assert_int_equal(v, 0);
	/* Its time ended by itself meanwhile: nothing comes back of it, nor its route. */
	sh("ip address del 2001:db8:c::c/64 dev v0");
	nl_remove_all(nl);
	sysctl_close(s);
	assert_false(says("ip -6 address show dev v0", "2001:db8:c::c"));
	assert_false(says("ip -6 route", "default via fe80::98"));
	assert_true(says("ip -6 route", "default via fe80::99 dev v1"));
	assert_int_equal(rmdir(dir), 0);
	sh("ip address del 2001:db8:5::5/64 dev v1; ip -6 route del default");
}

static void what_was_moved_away_from_is_not_given_back(void **state)
{
	struct lke_act_addr gone = {
		.ifindex = v1, .addr = A("2001:db8:5::5"), .prefix_len = 64, .remove = true
	};

	(void)state;
	advertised_addresses_and_a_route();
	assert_int_equal(nl_take_over(nl, v1, all_but_six, NULL), 1);
	assert_int_equal(nl_addr(nl, &gone, 0), 0);
	assert_false(says("ip -6 address show dev v1", "2001:db8:5::5"));
	nl_remove_all(nl);
	assert_false(says("ip -6 address show dev v1", "2001:db8:5::5"));
	assert_false(says("ip -6 route", "default"));
}

/* Of a host with so many addresses that some are left out of the dump no filter may be made. */
static void more_addresses_than_are_read_are_too_many(void **state)
{
	struct packet_ends e;

	(void)state;
	packet_ends_read(nl, &e);
	assert_true(e.n <= PACKET_ENDS_FILTER);
	sh("for k in $(seq 300); do echo address add fe80::77:$k/64 dev v1 nodad; done | ip -batch "
	   "-");
	packet_ends_read(nl, &e);
	assert_true(e.n > PACKET_ENDS_FILTER);
	sh("for k in $(seq 300); do echo address del fe80::77:$k/64 dev v1; done | ip -batch -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netlink_paths_switch_one_route),
		cmocka_unit_test(netlink_tables_are_bounded),
		cmocka_unit_test(netlink_start_repairs_after_kill),
		cmocka_unit_test(routes_of_a_plane_that_goes_on_stay),
		cmocka_unit_test(a_gate_keeps_packets_in_order),
		cmocka_unit_test(a_gate_has_room_for_what_a_busy_machine_delays),
		cmocka_unit_test(sysctls_are_restored_also_after_kill),
		cmocka_unit_test(one_sysctl_goes_back_to_what_it_was),
		cmocka_unit_test(what_the_kernel_made_of_advertisements_goes),
		cmocka_unit_test(what_the_kernel_made_is_kept_and_given_back),
		cmocka_unit_test(one_link_of_two_is_given_back),
		cmocka_unit_test(what_was_moved_away_from_is_not_given_back),
		cmocka_unit_test(more_addresses_than_are_read_are_too_many),
		cmocka_unit_test(rfc_9131_a_router_takes_unsolicited_advertisements),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

/* SPDX-License-Identifier: ISC */
/*
 * The Linux floor on a real kernel, in a network namespace of its own.  Needs root; else everything
 * is skipped. v0 and v1 are the two ends of one veth: v1 belongs to the host, v0 is where a
 * stranger's frames come from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/in6.h"
#include "platform/linux/clock.h"
#include "platform/linux/forward.h"
#include "platform/linux/group.h"
#include "platform/linux/netlink.h"
#include "platform/linux/netlink_neigh.h"
#include "platform/linux/packet_socket.h"
#include "platform/linux/sandbox.h"
#include "platform/linux/steering.h"
#include "platform/linux/sysctl.h"
#include "wire/tunnel.h"

static uint32_t v0, v1, tun;
static int tun_fd;
static struct packet_link out, in; /* on v0, on v1 */
static struct nl *nl;

static struct lke_in6 A(const char *text) {
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static void
sh(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s failed", cmd);
}

/* Does the output of a command hold a text? */
static bool says(const char *cmd, const char *text)
{
	char buf[16384];
	FILE *p = popen(cmd, "r");
	size_t n;

	assert_non_null(p);
	n = fread(buf, 1, sizeof(buf) - 1, p);
	buf[n] = '\0';
	pclose(p);
	return strstr(buf, text) != NULL;
}

static bool nothing_left(void)
{
	return !says("ip -6 route show table all", "proto 222") && !says("ip -6 rule", "1000:") &&
	       !says("ip -6 neigh show nud permanent", "proto 222") &&
	       !says("ip -6 addr", "proto 0xde") && !says("ip -6 addr", "2001:db8:77::");
}

static int setup(void **state)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	sh("ip link set lo up; ip link add v0 type veth peer name v1");
	sh("for i in v0 v1; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; done");
	sh("echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
	sh("ip link set v0 up; ip link set v1 up; ip addr add 2001:db8:1::1/64 dev v1 nodad");
	v0 = if_nametoindex("v0");
	v1 = if_nametoindex("v1");
	assert_int_equal(nl_open(&nl), 0);
	tun_fd = fwd_open_tun("lke0", &tun);
	assert_true(tun_fd >= 0);
	assert_int_equal(nl_link_up(nl, tun, FWD_TUN_MTU, FWD_TUN_QUEUE), 0);
	assert_int_equal(packet_open(v0, false, &out), 0);
	assert_int_equal(packet_open(v1, false, &in), 0);
	usleep(200000);
	return 0;
}

static int teardown(void **state)
{
	packet_close(&out);
	packet_close(&in);
	nl_close(nl);
	close(tun_fd);
	return 0;
}

/* ---- netlink ---- */

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

/* ---- monitor ---- */

struct heard {
	unsigned links, addrs, removed;
	struct lke_ev_link v1;
};

static void hear(void *ctx, const struct lke_event *ev)
{
	struct heard *h = ctx;

	if (ev->type == LKE_EV_LINK) {
		h->links++;
		if (ev->link.ifindex == v1)
			h->v1 = ev->link;
	} else {
		h->addrs++;
		h->removed += ev->addr.removed;
	}
}

static void wait_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, ms);
}

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

/* ---- packets and steering ---- */

static size_t packet(uint8_t *buf, const char *src, const char *dst, uint8_t proto,
		     const void *data, size_t len)
{
	struct wr w = wr_init(buf, IP6_HDR_LEN + len); /* the caller has room for it */
	struct ip6_out o = { .src = A(src), .dst = A(dst), .hop_limit = 255 };

	ip6_begin(&w, &o, proto);
	wr_bytes(&w, data, len);
	ip6_end(&w);
	assert_false(w.err);
	return w.off;
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

static void flush(const struct packet_link *l)
{
	static uint8_t buf[PACKET_BUF];
	struct lke_lladdr src;
	uint8_t *p;
	size_t len;

	while (packet_receive(l, buf, sizeof(buf), &src, &p, &len, NULL) > 0)
		;
}

/* Next packet of a kind: ICMPv6 of a type, or (type 0) of a protocol. */
static bool expect(const struct packet_link *l, uint8_t proto, uint8_t type, uint8_t *ret,
		   size_t *ret_len)
{
	static uint8_t buf[PACKET_BUF];
	struct lke_lladdr src;
	uint8_t *p;
	size_t len;

	for (int i = 0; i < 10; i++) {
		wait_readable(l->fd, 50);
		while (packet_receive(l, buf, sizeof(buf), &src, &p, &len, NULL) > 0) {
			if (p[6] != proto || (proto == 58 && p[40] != type))
				continue;
			if (ret) {
				memcpy(ret, p, len);
				*ret_len = len;
			}
			return true;
		}
	}
	return false;
}

static const char stranger[] = "2001:db8:1::99", host[] = "2001:db8:1::1";

static void send_to_host(const uint8_t *p, size_t len)
{
	assert_int_equal(packet_send(&out, &in.own, p, len), 0);
}

static void steering_silences_the_kernel(void **state)
{
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(stranger), .lladdr = out.own };
	static const uint8_t bu[12] = { 59, 1, 5 },
			     hao[24] = { 59, 2, 1, 2, 0, 0, 0xc9, 16, 0x20, 1, 0xd, 0xb8 };
	static const uint8_t rh2[24] = { 59, 2, 2, 1 };
	struct lke_act_steer mine = { .set = LKE_STEER_MINE, .addr = A(host) };
	struct lke_act_steer spi = { .set = LKE_STEER_SPI, .addr = A(host), .spi = 0x1000 };
	struct {
		uint8_t proto;
		const uint8_t *data;
		size_t len;
	} t[] = { { 135, bu, sizeof(bu) }, { 60, hao, sizeof(hao) }, { 43, rh2, sizeof(rh2) } };
	struct steer *s;
	uint8_t buf[2048];
	char err[512];

	assert_int_equal(nl_neigh(nl, &n), 0);
	/* MIP6 kernels drop some of these themselves: without steering only the Mobility Header is
	 * sure. */
	flush(&out);
	send_to_host(buf, packet(buf, stranger, host, 135, bu, sizeof(bu)));
	assert_true(expect(&out, 58, 4, NULL, NULL));
	if (steer_open(NULL, 0, &s, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(steer_apply(s, &mine), 0);
	assert_int_equal(steer_apply(s, &mine), 0);
	assert_int_equal(steer_apply(s, &spi), 0);
	for (size_t i = 0; i < 3; i++) {
		flush(&out);
		flush(&in);
		send_to_host(buf, packet(buf, stranger, host, t[i].proto, t[i].data, t[i].len));
		assert_true(expect(&in, t[i].proto, 0, NULL, NULL)); /* we see it */
		assert_false(expect(&out, 58, 4, NULL, NULL));	     /* the kernel is silent */
	}
	spi.remove = mine.remove = true;
	assert_int_equal(steer_apply(s, &spi), 0);
	assert_int_equal(steer_apply(s, &spi), 0);
	assert_int_equal(steer_apply(s, &mine), 0);
	sh("nft flush ruleset");
	assert_true(says("nft list table ip6 lke", "@coa_proxied"));
	steer_close(s);
	assert_false(says("nft list ruleset", "lke"));
	nl_remove_all(nl);
}

/* On a mobile node's link every solicitation is the engine's, on another none (AMB-138). */
static void amb_138_steering_takes_the_solicitations_of_a_link(void **state)
{
	const char *const links[] = { "elsewhere0", "v1" };
	struct lke_in6 target = A(host), group = in6_solicited_node(&target);
	uint8_t ns[24] = { 135 }, buf[2048];
	char dst[IN6_TEXT_MAX], err[512];
	const char *from[] = { "::", stranger };

	memcpy(ns + 8, target.b, 16);
	in6_text(&group, dst);
	for (size_t n = 1; n <= 2; n++) {
		struct steer *s;

		assert_int_equal(steer_open(links, n, &s, err, sizeof(err)), 0);
		for (size_t i = 0; i < 2; i++) {
			struct lke_in6 src = in6_unspecified;
			uint16_t sum;

			if (i)
				src = A(stranger);
			memset(ns + 2, 0, 2);
			sum = ip6_checksum(&src, &group, 58, ns, sizeof(ns));
			ns[2] = (uint8_t)(sum >> 8);
			ns[3] = (uint8_t)sum;
			flush(&out);
			flush(&in);
			assert_int_equal(packet_send(&out, &(struct lke_lladdr){ 0 }, buf,
						     packet(buf, from[i], dst, 58, ns, sizeof(ns))),
					 0);
			assert_true(expect(&in, 58, 135, NULL, NULL));
			/* A question with a source asks for a route back: the kernel may have none. */
			if (n == 2 || i == 0)
				assert_int_equal(expect(&out, 58, 136, NULL, NULL), n == 1);
		}
		steer_close(s);
	}
}

static void steering_refuses_a_name_that_ends_the_text(void **state)
{
	const char *const links[] = { "a\" }; }" };
	struct steer *s;
	char err[512];

	assert_int_equal(steer_open(links, 1, &s, err, sizeof(err)), -EINVAL);
	assert_string_not_equal(err, "");
}

static void steering_dies_with_its_process(void **state)
{
	int status, fds[2];
	char c, err[512];
	pid_t pid;
	struct steer *s;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (steer_open(NULL, 0, &s, err, sizeof(err)) || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "another lked"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), 0);
	steer_close(s);
	close(fds[0]);
	close(fds[1]);
}

/* ---- forwarding ---- */

static int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *nexthop, const uint8_t *pkt,
		 size_t len)
{
	assert_int_equal(ifindex, v1);
	return packet_send(&in, nexthop, pkt, len);
}

static struct fwd *plane(void)
{
	struct fwd_conf conf = { .tun_fd = tun_fd, .vnet_hdr = true, .send = frame };
	struct fwd *f;

	assert_int_equal(fwd_new(&conf, &f), 0);
	return f;
}

static int udp(const char *addr, uint16_t port)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct lke_in6 a = A(addr);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(&sa.sin6_addr, a.b, 16);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static int udp_send(int fd, const char *to, size_t len)
{
	static const uint8_t data[2000];
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	struct lke_in6 a = A(to);

	memcpy(&sa.sin6_addr, a.b, 16);
	return sendto(fd, data, len, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
}

static size_t udp_packet(uint8_t *buf, const char *src, const char *dst, uint16_t port)
{
	struct lke_in6 s = A(src), d = A(dst);
	uint8_t u[12] = { 0, 7, (uint8_t)(port >> 8), (uint8_t)port, 0, 12 };
	uint16_t sum = ip6_checksum(&s, &d, 17, u, sizeof(u));

	u[6] = (uint8_t)(sum >> 8);
	u[7] = (uint8_t)sum;
	return packet(buf, src, dst, 17, u, sizeof(u));
}

static void agent_tunnels_both_ways(void **state)
{
	const char *home = "2001:db8:1::77", *coa = "2001:db8:1::99";
	struct lke_act_intercept icept = { .addr = A(home) };
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(coa), .lladdr = out.own };
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(host), .coa = A(coa), .credit = UINT64_MAX
	};
	struct fwd *f = plane();
	int fd = udp(host, 5000);
	uint8_t buf[2048], inner[2048];
	struct lke_event ev;
	size_t len, n_in;

	assert_int_equal(nl_neigh(nl, &n), 0);
	assert_int_equal(nl_intercept(nl, &icept, tun), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	flush(&out);
	assert_int_equal(udp_send(fd, home, 100), 0);
	wait_readable(tun_fd, 500);
	assert_true(fwd_from_tun(f, 100, clock_now()) >= 1);
	assert_true(expect(&out, 41, 0, buf, &len));
	assert_int_equal(len, 40 + 40 + 8 + 100);
	assert_memory_equal(buf + 8, A(host).b, 16);
	assert_memory_equal(buf + 24, A(coa).b, 16);
	assert_memory_equal(buf + 64, A(home).b, 16);
	assert_true(fwd_next_event(f, &ev));
	assert_int_equal(ev.tunnel.what, LKE_TUNNEL_FIRST);

	/* the way back: v0 -> v1 -> plane -> TUN -> socket */
	n_in = udp_packet(inner, home, host, 5000);
	send_to_host(buf, packet(buf, coa, host, 41, inner, n_in));
	assert_true(expect(&in, 41, 0, buf, &len));
	assert_int_equal(fwd_from_link(f, v1, buf, len, clock_now()), 1);
	wait_readable(fd, 500);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4);
	close(fd);
	fwd_free(f);
	nl_remove_all(nl);
}

/* A counter of /proc/net/snmp6. */
static unsigned long snmp6(const char *name)
{
	FILE *f = fopen("/proc/thread-self/net/snmp6", "r");
	unsigned long v, found = 0;
	char word[64];

	assert_non_null(f);
	while (fscanf(f, "%63s %lu", word, &v) == 2)
		if (strcmp(word, name) == 0)
			found = v;
	fclose(f);
	return found;
}

static void send_fragments(const uint8_t *pkt, size_t len)
{
	const size_t cut = 40 + 48;
	uint8_t f[2048] = { 0 };

	for (unsigned k = 0; k < 2; k++) {
		size_t from = k ? cut : 40, n = (k ? len : cut) - from;

		memcpy(f, pkt, 40);
		f[4] = (uint8_t)((n + 8) >> 8);
		f[5] = (uint8_t)(n + 8);
		f[6] = 44;
		f[40] = pkt[6];
		f[43] = (uint8_t)(k ? cut - 40 : 1);
		f[47] = 9;
		memcpy(f + 48, pkt + from, n);
		send_to_host(f, n + 48);
	}
}

/* Both fragments reach the plane, none the kernel's own reassembly, and the packet comes out. */
static void amb_121_fragments_are_the_planes_alone(void **state)
{
	const char *home = "2001:db8:1::77", *coa = stranger;
	struct lke_act_steer mine = { .set = LKE_STEER_MINE, .addr = A(host) };
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(host), .coa = A(coa), .credit = UINT64_MAX
	};
	struct fwd *f = plane();
	uint8_t buf[2048], inner[2048];
	size_t n = udp_packet(inner, home, host, 5002), len;
	unsigned long before = snmp6("Ip6ReasmReqds");
	int fd = udp(host, 5002);
	struct steer *s;
	char err[512];

	n = packet(buf, coa, host, 41, inner, n);
	send_fragments(buf, n);
	for (int i = 0; i < 40 && snmp6("Ip6ReasmReqds") < before + 2; i++)
		usleep(20000);
	assert_int_equal(snmp6("Ip6ReasmReqds"), before + 2); /* what steering has to prevent */
	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), 0);
	assert_int_equal(steer_apply(s, &mine), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	flush(&in);
	send_fragments(buf, n);
	assert_true(expect(&in, 44, 0, buf, &len));
	assert_int_equal(fwd_from_link(f, v1, buf, len, clock_now()), 1);
	assert_true(expect(&in, 44, 0, buf, &len));
	assert_int_equal(fwd_from_link(f, v1, buf, len, clock_now()), 1);
	wait_readable(fd, 500);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4);
	assert_int_equal(snmp6("Ip6ReasmReqds"), before + 2);
	steer_close(s);
	close(fd);
	fwd_free(f);
}

/* This host's own forwarding finds the way to the care-of address too narrow: its Packet Too Big
 * comes by the loopback interface. */
static void amb_121_own_kernels_packet_too_big_is_learnt(void **state)
{
	const char *home = "2001:db8:1::77", *coa = "2001:db8:2::1";
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(stranger), .lladdr = out.own };
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(host), .coa = A(coa), .credit = UINT64_MAX
	};
	struct lke_in6 h = A(home);
	static const uint8_t data[1360];
	struct fwd *f = plane();
	struct fwd_tunnel_info i;
	struct packet_link lo;
	uint8_t buf[2048];
	size_t len;

	assert_int_equal(nl_neigh(nl, &n), 0);
	sh("ip -6 route add 2001:db8:2::/64 via 2001:db8:1::99 dev v1 mtu 1380");
	assert_int_equal(packet_open(LOOPBACK_IFINDEX, PACKET_KIND_LOOPBACK, &lo), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	len = packet(buf, "2001:db8:9::9", home, 17, data, sizeof(data));
	assert_int_equal(fwd_packet(f, buf, len, clock_now()), 0);
	assert_true(expect(&lo, 58, 2, buf, &len));
	assert_int_equal(fwd_icmp(f, buf, len, clock_now()), 1);
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	assert_int_equal(i.path_mtu, 1380);
	len = packet(buf, "2001:db8:9::9", home, 17, data, sizeof(data));
	assert_int_equal(fwd_packet(f, buf, len, clock_now()), -LKE_DROP_TUNNEL_TOO_BIG);
	sh("ip -6 route del 2001:db8:2::/64 dev v1");
	packet_close(&lo);
	fwd_free(f);
	nl_remove_all(nl);
}

/* One tunnel packet that the kernel sent, or the merged ones: every segment has its octets and its
 * right checksum.  Returns how many octets of payload there were. */
static size_t judge_segments(uint8_t *p, size_t len, const struct offload *offload, size_t at)
{
	struct offload o = *offload, piece = o;
	struct segments s;
	struct ip6_info i;
	size_t n = len, sum = 0;

	if (o.segments != OFFLOAD_WHOLE)
		assert_int_equal(segments_begin(&s, &o, p, len), 0);
	while (o.segments == OFFLOAD_WHOLE ? sum == 0 : segments_next(&s, &p, &n, &piece)) {
		offload_complete(&piece, p, n);
		assert_true(n <= 1460 + 40);
		assert_int_equal(ip6_parse(p + 40, n - 40, &i), 0);
		assert_int_equal(ip6_checksum(&i.src, &i.dst, 6, i.pkt + 40, i.upper_len), 0);
		for (size_t k = 60; k < i.len; k++)
			assert_int_equal(i.pkt[k], (uint8_t)(at + sum++));
	}
	return sum;
}

/* A superpacket of TCP into the tunnel and out of the interface, checksums left to the kernel. */
static void amb_121_superpackets_leave_as_right_segments(void **state)
{
	const char *home = "2001:db8:1::77", *cn = "2001:db8:9::9";
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(stranger), .lladdr = out.own };
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(host), .coa = A(stranger), .credit = UINT64_MAX
	};
	struct offload o = { .partial = true,
			     .csum_start = 40,
			     .csum_offset = 16,
			     .segments = OFFLOAD_TCP,
			     .size = 1380 };
	static uint8_t buf[PACKET_BUF], tcp[20 + 20000] = { 0, 80, 0, 81, [12] = 0x50, 0x18 };
	struct lke_in6 s = A(cn), d = A(home);
	struct fwd *f = plane();
	struct packet_info info;
	size_t len, at = 0;
	uint8_t *p;

	for (size_t k = 20; k < sizeof(tcp); k++)
		tcp[k] = (uint8_t)(k - 20);
	len = packet(buf, cn, home, 6, tcp, sizeof(tcp));
	/* the pseudo header's sum, with the length in it, is what is there */
	memset(tcp + 20, 0, sizeof(tcp) - 20);
	uint16_t sum = (uint16_t)~ip6_checksum(&s, &d, 6, tcp + 20, sizeof(tcp) - 20);
	uint32_t fixed = (uint32_t)sum + 20;

	fixed = (fixed & 0xffff) + (fixed >> 16);
	buf[56] = (uint8_t)(fixed >> 8);
	buf[57] = (uint8_t)fixed;
	assert_int_equal(nl_neigh(nl, &n), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	flush(&out);
	fwd_packet_offload(f, buf, len, &o, clock_now());
	while (at < 20000) {
		wait_readable(out.fd, 1000);
		assert_true(packet_receive_info(&out, buf, sizeof(buf), &info, &p, &len) > 0);
		/* Both ends are here: what arrives is routed out again, one hop less each time. */
		if (p[6] == 41 && p[7] == 63)
			at += judge_segments(p, len, &info.offload, at);
	}
	assert_int_equal(at, 20000);
	fwd_free(f);
	nl_remove_all(nl);
}

static void mobile_tunnels_and_learns_the_mtu(void **state)
{
	const char *home = "2001:db8:77::5", *coa = host, *agent = "2001:db8:5::1";
	const char *get = "ip -6 route get 2001:db8:9::9 from 2001:db8:77::5";
	struct lke_act_addr a = { .addr = A(home),
				  .prefix_len = 128,
				  .valid = LKE_LIFETIME_INFINITE,
				  .preferred = LKE_LIFETIME_INFINITE };
	struct lke_act_path p = { .src = A(home), .path = LKE_PATH_TUNNEL };
	struct lke_act_tunnel t = { .mobile_side = true,
				    .home = A(home),
				    .agent = A(agent),
				    .coa = A(coa),
				    .ifindex = v1,
				    .nexthop = out.own };
	struct fwd *f = plane();
	uint8_t buf[2048], inner[2048];
	int fd, one = 1;
	size_t len, n_in;

	assert_int_equal(nl_addr(nl, &a, tun), 0);
	usleep(100000); /* its local route comes from a work queue */
	assert_int_equal(nl_path(nl, &p, tun), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	fd = udp(home, 5001);
	assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &one, sizeof(one)), 0);
	flush(&out);
	/* parked while held, in order afterwards */
	fwd_hold(f, true);
	assert_int_equal(udp_send(fd, "2001:db8:9::9", 50), 0);
	assert_int_equal(udp_send(fd, "2001:db8:9::9", 60), 0);
	assert_int_equal(fwd_from_tun(f, 100, clock_now()), 0);
	fwd_hold(f, false);
	assert_true(fwd_from_tun(f, 100, clock_now()) >= 2);
	assert_true(expect(&out, 41, 0, buf, &len));
	assert_int_equal(len, 80 + 8 + 50);
	assert_true(expect(&out, 41, 0, buf, &len));
	assert_int_equal(len, 80 + 8 + 60);
	assert_memory_equal(buf + 8, A(coa).b, 16);
	assert_memory_equal(buf + 24, A(agent).b, 16);

	/* a link of 1400 octets: the sender learns 1360 */
	fwd_set_link_mtu(f, v1, 1400);
	assert_int_equal(udp_send(fd, "2001:db8:9::9", 1350), 0);
	assert_true(fwd_from_tun(f, 100, clock_now()) >= 1);
	/* written packets are taken up by a kernel thread when the machine is busy */
	for (int i = 0; i < 40 && !says(get, "mtu 1360"); i++)
		usleep(50000);
	assert_true(says(get, "mtu 1360"));

	n_in = udp_packet(inner, "2001:db8:9::9", home, 5001);
	send_to_host(buf, packet(buf, agent, coa, 41, inner, n_in));
	assert_true(expect(&in, 41, 0, buf, &len));
	assert_int_equal(fwd_from_link(f, v1, buf, len, clock_now()), 1);
	for (int i = 0; i < 5; i++)
		wait_readable(fd, 50);
	len = (size_t)recv(fd, buf, sizeof(buf), 0);
	if (len != 4) /* the first call may give the error that Packet Too Big left */
		len = (size_t)recv(fd, buf, sizeof(buf), 0);
	assert_int_equal(len, 4);
	close(fd);
	fwd_free(f);
	nl_remove_all(nl);
}

/* ---- groups, sysctls ---- */

static void groups_spread_over_sockets(void **state)
{
	struct lke_act_group a = { .ifindex = v1, .group = A("ff02::1:ff00:0") };
	struct group_stats st;
	struct group *g;

	assert_int_equal(group_open(2, &g), 0);
	for (unsigned i = 0; i < 600; i++) {
		a.group.b[14] = (uint8_t)(i >> 8);
		a.group.b[15] = (uint8_t)i;
		assert_int_equal(group_set(g, &a), 0);
	}
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &st);
	assert_int_equal(st.joined, 600);
	assert_true(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	a.leave = true;
	assert_int_equal(group_set(g, &a), 0); /* the second reference */
	assert_true(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	assert_int_equal(group_set(g, &a), 0);
	assert_false(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	assert_int_equal(group_set(g, &a), -ENOENT);
	group_close(g);
}

/* What found no room waits, is counted, and is joined when another one leaves. */
static void amb_096_memberships_wait_for_room(void **state)
{
	enum { MANY = 4000 };
	struct lke_act_group a = { .ifindex = v1, .group = A("ff02::1:ff00:0") };
	struct group_stats st, after;
	struct group *g;
	unsigned failed = 0;

	assert_int_equal(group_open(1, &g), 0);
	for (unsigned i = 0; i < MANY; i++) {
		a.group.b[14] = (uint8_t)(i >> 8);
		a.group.b[15] = (uint8_t)i;
		failed += group_set(g, &a) < 0;
	}
	group_stats(g, &st);
	assert_int_equal(st.joined + st.waiting, MANY);
	assert_true(failed > 0 && st.waiting == failed && st.refused == failed);
	assert_true(st.last_error == -ENOBUFS || st.last_error == -ENOMEM);
	a.group.b[14] = a.group.b[15] = 0; /* the first one had room */
	a.leave = true;
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &after);
	assert_int_equal(after.joined, st.joined);
	assert_int_equal(after.waiting, st.waiting - 1);
	a.group.b[14] = (uint8_t)((MANY - 1) >> 8); /* the last one waits: it just goes */
	a.group.b[15] = (uint8_t)(MANY - 1);
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &after);
	assert_int_equal(after.joined + after.waiting, MANY - 2);
	group_forget(g, v1);
	group_stats(g, &after);
	assert_true(after.joined == 0 && after.waiting == 0);
	group_close(g);
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

/* ---- sandbox ---- */

static void *thread_main(void *arg)
{
	return arg;
}

/* 0 when everything is as it must be, else a number that says what is not. */
static int inside(int mon_fd)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct lke_act_group ga = { .ifindex = v1, .group = A("ff02::1:ff12:3456") };
	struct packet_mreq_like {
		int i;
		unsigned short t, l;
		unsigned char a[8];
	} mr = { (int)v0, 2, 0, { 0 } };
	struct heard h = { 0 };
	struct group *g;
	struct mon *m;
	pthread_t th;
	uint8_t buf[2048];
	static const uint8_t bu[12] = { 59, 1, 5 };
	int raw = socket(AF_INET6, SOCK_DGRAM, 0);
	char err[256];
	int sv[2];

	if (group_open(1, &g) || socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		return 1;
	if (sandbox_enter(65534, 65534, "/mnt", err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return 2;
	}
	if (getuid() != 65534 || geteuid() != 65534 || setuid(0) == 0)
		return 3;
	if (socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM)
		return 4;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM)
		return 5;
	if (bind(raw, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != EPERM)
		return 6;
	if (connect(raw, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != EPERM)
		return 7;
	if (sendto(raw, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)) >= 0 || errno != EPERM)
		return 8;
	if (syscall(SYS_sendmsg, raw, NULL, 0) >= 0 || errno != EPERM)
		return 9;
	if (setsockopt(out.fd, 263, 1, &mr, sizeof(mr)) == 0 || errno != EPERM)
		return 10;
	/* The kernel takes the low half of the level: the other one must not hide it. */
	if (syscall(SYS_setsockopt, out.fd, (1UL << 32) | 263, 1, &mr, sizeof(mr)) == 0 ||
	    errno != EPERM)
		return 13;
	if (ioctl(tun_fd, TUNSETPERSIST, 1) == 0 || errno != EPERM)
		return 14;
	if (ioctl(sv[0], FIONREAD, &mr.i))
		return 15;
	if (syscall(SYS_tgkill, getppid() + 1, getppid() + 1, 0) == 0 || errno != EPERM)
		return 16;
	if (access("/etc/passwd", F_OK) == 0 || access("/proc/self", F_OK) == 0)
		return 11;
	if (fork() >= 0)
		return 12;
	/* and what must go on working */
	if (pthread_create(&th, NULL, thread_main, NULL) || pthread_join(th, NULL))
		return 20;
	if (packet_send(&out, &in.own, buf, packet(buf, stranger, host, 135, bu, sizeof(bu))))
		return 21;
	if (!expect(&in, 135, 0, NULL, NULL))
		return 22;
	if (mon_start(mon_fd, &m))
		return 23;
	for (int i = 0; i < 20 && !mon_synced(m); i++) {
		wait_readable(mon_fd, 100);
		if (mon_read(m, hear, &h))
			return 24;
	}
	if (!mon_synced(m) || h.links < 4 || strcmp(h.v1.name, "v1") != 0)
		return 25;
	if (group_set(g, &ga))
		return 26;
	/* a virtio_net_hdr of zeroes before the packet */
	memset(buf, 0, OFFLOAD_HDR_LEN);
	if (write(tun_fd, buf,
		  OFFLOAD_HDR_LEN + packet(buf + OFFLOAD_HDR_LEN, stranger, host, 59, "", 0)) < 0)
		return 27;
	if (send(sv[0], "x", 1, 0) != 1 || malloc(1 << 22) == NULL)
		return 28;
	return 0;
}

static void sandbox_denies_and_lets_work(void **state)
{
	int mon_fd = mon_open(), status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(inside(mon_fd));
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(mon_fd);
}

static void sandbox_kills_attacks(void **state)
{
	for (int i = 0; i < 5; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			char err[256], *none[] = { NULL };

			if (sandbox_enter(65534, 65534, "/mnt", err, sizeof(err)))
				_exit(1);
			if (i == 0)
				execve("/bin/true", none, none);
			else if (i == 1)
				ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			else if (i == 2)
				syscall(SYS_setns, 0, 0);
			else
				unshare(CLONE_NEWUSER);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void privileged_keeps_only_the_network(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct lke_act_steer mine = { .set = LKE_STEER_MINE, .addr = A(host) };
		struct lke_act_intercept icept = { .addr = A("2001:db8:1::77") };
		struct packet_link l;
		struct steer *s;
		char err[512];

		if (privileged_limit())
			_exit(1);
		if (unshare(CLONE_NEWNET) == 0 || chroot("/mnt") == 0)
			_exit(2);
		if (nl_intercept(nl, &icept, tun) || packet_open(v1, false, &l))
			_exit(3);
		if (steer_open(NULL, 0, &s, err, sizeof(err)) || steer_apply(s, &mine))
			_exit(4);
		nl_remove_all(nl);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netlink_paths_switch_one_route),
		cmocka_unit_test(netlink_tables_are_bounded),
		cmocka_unit_test(netlink_start_repairs_after_kill),
		cmocka_unit_test(monitor_reports_carrier_and_counts_flaps),
		cmocka_unit_test(monitor_repeats_addresses_that_came_too_early),
		cmocka_unit_test(ports_of_a_bridge_are_told_apart),
		cmocka_unit_test(monitor_resyncs_after_overrun),
		cmocka_unit_test(only_neighbours_given_up_are_heard_of),
		cmocka_unit_test(steering_silences_the_kernel),
		cmocka_unit_test(amb_138_steering_takes_the_solicitations_of_a_link),
		cmocka_unit_test(steering_refuses_a_name_that_ends_the_text),
		cmocka_unit_test(amb_121_fragments_are_the_planes_alone),
		cmocka_unit_test(amb_121_own_kernels_packet_too_big_is_learnt),
		cmocka_unit_test(steering_dies_with_its_process),
		cmocka_unit_test(agent_tunnels_both_ways),
		cmocka_unit_test(mobile_tunnels_and_learns_the_mtu),
		cmocka_unit_test(amb_121_superpackets_leave_as_right_segments),
		cmocka_unit_test(groups_spread_over_sockets),
		cmocka_unit_test(amb_096_memberships_wait_for_room),
		cmocka_unit_test(sysctls_are_restored_also_after_kill),
		cmocka_unit_test(sandbox_denies_and_lets_work),
		cmocka_unit_test(sandbox_kills_attacks),
		cmocka_unit_test(privileged_keeps_only_the_network),
	};

	if (getuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf("1..0 # SKIP needs root and /dev/net/tun\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: ISC */
/* Tunnels between the TUN device and a link.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "netns_fixture.h"
#include "platform/linux/clock.h"
#include "platform/linux/forward.h"
#include "platform/linux/steering.h"
#include "wire/tunnel.h"

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

/* A correspondent that knows the care-of address as a binding sends to it with a type 2 routing
 * header. */
static void amb_124_routing_headers_pass_like_others(void **state)
{
	const char *old = "2001:db8:1::77", *coa = "2001:db8:2::99";
	struct lke_act_intercept icept = { .addr = A(old) };
	struct lke_act_tunnel t = {
		.home = A(old), .agent = A(host), .coa = A(coa), .credit = UINT64_MAX
	};
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(stranger), .lladdr = out.own };
	uint8_t rh[24] = { 59, 2, 2, 1, [8] = 0x20, 1, 0x0d, 0xb8, 0, 7 };
	struct fwd *f = plane();
	uint8_t buf[2048];
	struct steer *s;
	char err[512];
	size_t len;

	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), 0);
	assert_int_equal(nl_neigh(nl, &n), 0);
	sh("ip -6 route add 2001:db8:2::/64 via 2001:db8:1::99 dev v1");
	assert_int_equal(nl_intercept(nl, &icept, tun), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	flush(&out);
	send_to_host(buf, packet(buf, "2001:db8:2::5", old, 43, rh, sizeof(rh)));
	wait_readable(tun_fd, 500);
	for (int i = 0; i < 10 && fwd_from_tun(f, 100, clock_now()) == 0; i++)
		wait_readable(tun_fd, 50);
	assert_true(expect(&out, 41, 0, buf, &len));
	assert_int_equal(len, 40 + 40 + 24);
	assert_memory_equal(buf + 24, A(coa).b, 16);
	assert_memory_equal(buf + 64, A(old).b, 16);
	assert_memory_equal(buf + 80, rh, sizeof(rh));
	sh("ip -6 route del 2001:db8:2::/64 dev v1");
	steer_close(s);
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
	assert_int_equal(steer_apply(s, &mine, 1), 0);
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
	assert_int_equal(packet_open(LOOPBACK_IFINDEX, PACKET_KIND_LOOPBACK, NULL, &lo), 0);
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

/* The address, its path and its tunnel by v1; a socket bound there. */
static int own_tunnel(struct fwd *f, const char *home, const char *agent, uint16_t port)
{
	struct lke_act_addr a = { .addr = A(home),
				  .prefix_len = 128,
				  .valid = LKE_LIFETIME_INFINITE,
				  .preferred = LKE_LIFETIME_INFINITE };
	struct lke_act_path p = { .src = A(home), .path = LKE_PATH_TUNNEL };
	struct lke_act_tunnel t = { .mobile_side = true,
				    .home = A(home),
				    .agent = A(agent),
				    .coa = A(host),
				    .ifindex = v1,
				    .nexthop = out.own };

	assert_int_equal(nl_addr(nl, &a, tun), 0);
	usleep(100000); /* its local route comes from a work queue */
	assert_int_equal(nl_path(nl, &p, tun), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, clock_now()), 0);
	return udp(home, port);
}

static void mobile_tunnels_and_learns_the_mtu(void **state)
{
	const char *home = "2001:db8:77::5", *coa = host, *agent = "2001:db8:5::1";
	const char *get = "ip -6 route get 2001:db8:9::9 from 2001:db8:77::5";
	struct fwd *f = plane();
	uint8_t buf[2048], inner[2048];
	int fd, one = 1;
	size_t len, n_in;

	fd = own_tunnel(f, home, agent, 5001);
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

/* While there is no link so many wait; those behind them are lost, and the first ones leave in
 * order. */
static void parked_packets_are_bounded_and_in_order(void **state)
{
	const char *home = "2001:db8:77::6";
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	struct lke_in6 dst = A("2001:db8:9::9");
	struct fwd *f = plane();
	uint8_t buf[2048];
	uint32_t serial, next = 0;
	size_t len;
	int fd, n;

	fd = own_tunnel(f, home, "2001:db8:5::1", 5003);
	memcpy(&to.sin6_addr, dst.b, 16);
	fwd_hold(f, true);
	for (serial = 0; serial < FWD_TUN_QUEUE + 200; serial++)
		(void)sendto(fd, &serial, sizeof(serial), 0, (struct sockaddr *)&to, sizeof(to));
	assert_int_equal(fwd_from_tun(f, 100, clock_now()), 0);
	flush(&out);
	fwd_hold(f, false);
	while ((n = fwd_from_tun(f, 50, clock_now())) > 0)
		for (; n > 0 && expect(&out, 41, 0, buf, &len); n--) {
			assert_int_equal(len, 80 + 8 + sizeof(serial));
			memcpy(&serial, buf + 88, sizeof(serial));
			assert_int_equal(serial, next++);
		}
	/* The kernel sends a few of its own into a new address's device. */
	assert_in_range(next, FWD_TUN_QUEUE - 50, FWD_TUN_QUEUE);
	close(fd);
	fwd_free(f);
	nl_remove_all(nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_121_fragments_are_the_planes_alone),
		cmocka_unit_test(amb_121_own_kernels_packet_too_big_is_learnt),
		cmocka_unit_test(agent_tunnels_both_ways),
		cmocka_unit_test(amb_124_routing_headers_pass_like_others),
		cmocka_unit_test(mobile_tunnels_and_learns_the_mtu),
		cmocka_unit_test(parked_packets_are_bounded_and_in_order),
		cmocka_unit_test(amb_121_superpackets_leave_as_right_segments),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

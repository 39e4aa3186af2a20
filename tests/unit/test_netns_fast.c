/* SPDX-License-Identifier: ISC */
/* The fast path of the tunnels, before the TUN plane.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "netns_fixture.h"
#include "platform/linux/clock.h"
#include "platform/linux/forward.h"
#include "platform/linux/netlink_tc.h"
#include "skip.h"
#include "wire/tunnel.h"

static const char home[] = "2001:db8:1::77", coa[] = "2001:db8:1::99", peer[] = "2001:db8:1::50";
static const uint8_t secret[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

enum { BINDINGS = 64, ECN_CE = 3 };
#define FOR_EVER (LKE_NEVER & ~(uint64_t)FASTMAP_FLAGS)

static struct fast *fast;
static char why_not[256]; /* there is none */
static struct fastmap_count *counts;

static struct fast_binding binding(void)
{
	return (struct fast_binding){
		.home = A(home), .agent = A(host), .coa = A(coa), .mtu = 1460, .slot = 3
	};
}

static void settle(void)
{
	flush(&out);
	flush(&in);
	while (read(tun_fd, (uint8_t[2048]){ 0 }, 2048) > 0)
		;
}

/* Packets for the home address go to the TUN; the care-of address is on the link. */
static int setup(void **state)
{
	struct lke_act_intercept icept = { .addr = A(home) };
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(coa), .lladdr = out.own };
	struct fast_conf conf = {
		.tun_ifindex = tun, .max = BINDINGS, .nl = nl, .clsact = *state != NULL
	};
	uint32_t max;

	memcpy(conf.secret, secret, sizeof(secret));
	if (fast_open(&conf, &fast, why_not, sizeof(why_not)) < 0)
		return 0;
	sh("sysctl -q -w net.ipv6.conf.all.forwarding=1");
	assert_int_equal(nl_intercept(nl, &icept, tun), 0);
	assert_int_equal(nl_neigh(nl, &n), 0);
	assert_int_equal(packet_behind_tc(&in), 0);
	assert_int_equal(fast_link(fast, v1), 0);
	counts = fast_counts(fast, &max);
	assert_int_equal(max, BINDINGS);
	counts[binding().slot].live = FOR_EVER;
	settle();
	return 0;
}

static bool clsact_on_v1(void)
{
	return says("tc qdisc show dev v1", "clsact");
}

static int teardown(void **state)
{
	fast_close(fast);
	fast = NULL;
	nl_remove_all(nl);
	/* What we add for older kernels goes with the last of our filters. */
	assert_false(clsact_on_v1());
	return 0;
}

static size_t udp_packet(uint8_t *buf, const char *src, const char *dst, size_t payload)
{
	static uint8_t u[1600];
	struct lke_in6 s = A(src), d = A(dst);
	uint16_t sum;

	memset(u, 0, sizeof(u));
	u[1] = 7;
	u[2] = 5000 >> 8;
	u[3] = 5000 & 0xff;
	u[4] = (uint8_t)((payload + 8) >> 8);
	u[5] = (uint8_t)(payload + 8);
	sum = ip6_checksum(&s, &d, 17, u, payload + 8);
	u[6] = (uint8_t)(sum >> 8);
	u[7] = (uint8_t)sum;
	return packet(buf, src, dst, 17, u, payload + 8);
}

/* A packet for the home address within so many milliseconds, not the device's own multicast. */
static bool tun_gets(int ms)
{
	const struct lke_in6 to = A(home);
	const lke_time end = clock_now() + (lke_time)ms * LKE_MSEC;
	uint8_t buf[4096];

	for (lke_time now = clock_now(); now < end; now = clock_now()) {
		ssize_t n;

		wait_readable(tun_fd, (int)((end - now) / LKE_MSEC) + 1);
		n = read(tun_fd, buf, sizeof(buf));
		if (n > 0 && memmem(buf, (size_t)n, &to, sizeof(to)))
			return true;
	}
	return false;
}

/* RFC 2473 3.1, 5; the label is the one by which errors are believed (thr_076). */
static void packets_to_a_bound_address_leave_in_a_tunnel(void **state)
{
	const uint64_t key[2] = { 0x0807060504030201, 0x100f0e0d0c0b0a09 };
	struct fast_binding b = binding();
	uint8_t p[2048], want[40], got[2048];
	size_t n = udp_packet(p, peer, home, 100), len;
	uint64_t before;

	if (!fast)
		skip_because(why_not);
	p[1] = 0x20; /* ECT(0) */
	before = counts[b.slot].encap;
	assert_int_equal(fast_set(fast, &b), 0);
	send_to_host(p, n);
	assert_true(expect(&out, 41, 0, got, &len));
	assert_int_equal(len, n + 40);
	p[7]--; /* the router's hop */
	tunnel_outer(p, n, &b.agent, &b.coa, tunnel_flow_label(p, n, key), want);
	assert_memory_equal(got, want, 40);
	assert_memory_equal(got + 40, p, n);
	assert_int_equal(counts[b.slot].encap, before + 1);
	assert_false(tun_gets(50));
}

static void what_is_too_big_or_not_bound_goes_to_the_tun(void **state)
{
	struct fast_binding b = binding();
	uint8_t p[2048];

	if (!fast)
		skip_because(why_not);
	b.mtu = 1280;
	assert_int_equal(fast_set(fast, &b), 0);
	send_to_host(p, udp_packet(p, peer, home, 1280 - 48 + 1));
	assert_true(tun_gets(500));
	b.remove = true;
	assert_int_equal(fast_set(fast, &b), 0);
	assert_int_equal(fast_set(fast, &b), 0);
	send_to_host(p, udp_packet(p, peer, home, 100));
	assert_true(tun_gets(500));
}

/* Options, fragments and tunnels in tunnels are the TUN plane's. */
static void amb_122_what_is_not_plain_goes_to_the_tun(void **state)
{
	static const uint8_t next[] = { 41, 43, 44, 50, 59, 60, 135 };
	static const uint8_t data[48];
	struct fast_binding b = binding();
	uint8_t p[2048];

	if (!fast)
		skip_because(why_not);
	assert_int_equal(fast_set(fast, &b), 0);
	for (size_t i = 0; i < sizeof(next); i++) {
		send_to_host(p, packet(p, peer, home, next[i], data, sizeof(data)));
		assert_true(tun_gets(500));
	}
}

/* 1: the fast path opened it; 0: the TUN plane gets it, untouched. */
static int tunnel_packet(const char *src, const char *dst, const char *inside, uint8_t mark, int fd)
{
	uint8_t inner[2048], p[2048], got[2048];
	size_t n = udp_packet(inner, inside, host, 20), len;
	int took;

	n = packet(p, src, dst, 41, inner, n);
	p[1] |= (uint8_t)(mark << 4);
	settle();
	send_to_host(p, n);
	wait_readable(fd, 100);
	took = recv(fd, got, sizeof(got), MSG_DONTWAIT) == 20;
	if (took) {
		assert_false(expect(&in, 41, 0, got, &len));
		return 1;
	}
	assert_true(expect(&in, 41, 0, got, &len));
	assert_int_equal(len, n);
	assert_memory_equal(got, p, n);
	return 0;
}

static void amb_120_a_tunnel_is_opened_only_for_both_ends_and_the_inner_source(void **state)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(5000) };
	struct fast_binding b = binding();
	struct lke_in6 own = A(host);
	uint64_t before;
	int fd;

	if (!fast)
		skip_because(why_not);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	memcpy(&sa.sin6_addr, own.b, 16);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(fast_set(fast, &b), 0);
	before = counts[b.slot].decap;
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 1);
	assert_int_equal(counts[b.slot].decap, before + 1);
	assert_int_equal(tunnel_packet("2001:db8:1::98", host, home, 0, fd), 0);
	assert_int_equal(tunnel_packet(coa, "2001:db8:1::2:2", home, 0, fd), 0);
	assert_int_equal(tunnel_packet(coa, host, "2001:db8:1::78", 0, fd), 0);
	assert_int_equal(tunnel_packet(coa, host, "fe80::77", 0, fd), 0);
	/* RFC 6040: this mark would have to be combined. */
	assert_int_equal(tunnel_packet(coa, host, home, ECN_CE, fd), 0);
	counts[b.slot].live = 0;
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 0);
	counts[b.slot].live = FOR_EVER;
	b.remove = true;
	assert_int_equal(fast_set(fast, &b), 0);
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 0);
	assert_int_equal(counts[b.slot].decap, before + 1);
	/* Without the programs nothing is opened. */
	b.remove = false;
	assert_int_equal(fast_set(fast, &b), 0);
	fast_close(fast);
	fast = NULL;
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 0);
	close(fd);
}

/* A tunnel packet to there left; one before it may go around on the link for a while. */
static bool leaves_to(const char *there)
{
	const struct lke_in6 to = A(there);
	uint8_t got[2048];
	size_t len;

	while (expect(&out, 41, 0, got, &len))
		if (memcmp(got + 24, to.b, sizeof(to.b)) == 0)
			return true;
	return false;
}

/* A move in place: the slot says the care-of address until the map does; what comes out of the
 * tunnel is the TUN plane's meanwhile, from either address. */
static void a_moved_binding_goes_where_its_slot_says(void **state)
{
	static const char next[] = "2001:db8:1::9a";
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(5000) };
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(next), .lladdr = out.own };
	struct lke_in6 there = A(next), own = A(host);
	struct fast_binding b = binding();
	struct fastmap_count *c;
	uint8_t p[2048];
	size_t k = udp_packet(p, peer, home, 100);
	int fd;

	if (!fast)
		skip_because(why_not);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	memcpy(&sa.sin6_addr, own.b, 16);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(nl_neigh(nl, &n), 0);
	assert_int_equal(fast_set(fast, &b), 0);
	c = &counts[b.slot];
	memcpy(c->coa, there.b, sizeof(c->coa));
	send_to_host(p, k);
	assert_true(leaves_to(coa));
	c->live = FOR_EVER | FASTMAP_MOVED | FASTMAP_ONE_WAY;
	send_to_host(p, k);
	assert_true(leaves_to(next));
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 0);
	assert_int_equal(tunnel_packet(next, host, home, 0, fd), 0);
	c->live = FOR_EVER | FASTMAP_MOVED;
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 0);
	assert_int_equal(tunnel_packet(next, host, home, 0, fd), 1);
	c->live = FOR_EVER;
	assert_int_equal(tunnel_packet(coa, host, home, 0, fd), 1);
	c->live = (clock_now() & ~(lke_time)FASTMAP_FLAGS) | FASTMAP_MOVED; /* over */
	send_to_host(p, k);
	assert_true(tun_gets(500));
	close(fd);
}

/* Nobody has been heard of for too long. */
static void a_plane_that_is_not_attended_does_nothing(void **state)
{
	struct fast_binding b = binding();
	uint8_t p[2048], got[2048];
	size_t n = udp_packet(p, peer, home, 100), len;

	if (!fast)
		skip_because(why_not);
	assert_int_equal(fast_set(fast, &b), 0);
	fast_attend(fast, clock_now());
	send_to_host(p, n);
	assert_true(tun_gets(500));
	fast_attend(fast, clock_now() + LKE_SEC * 60);
	send_to_host(p, n);
	assert_true(expect(&out, 41, 0, got, &len));
	assert_int_equal(len, n + 40);
}

/* Its lifetime is over, and nobody was there to end it: neither direction. */
static void a_binding_whose_time_is_over_does_nothing(void **state)
{
	struct fast_binding b = binding();
	uint8_t p[2048], got[2048];
	size_t n = udp_packet(p, peer, home, 100), len;

	if (!fast)
		skip_because(why_not);
	assert_int_equal(fast_set(fast, &b), 0);
	counts[b.slot].live = clock_now();
	send_to_host(p, n);
	assert_true(tun_gets(500));
	assert_int_equal(tunnel_packet(coa, host, home, 0, -1), 0);
	counts[b.slot].live = (clock_now() + LKE_SEC * 60) & ~(lke_time)FASTMAP_FLAGS;
	send_to_host(p, n);
	assert_true(expect(&out, 41, 0, got, &len));
	assert_int_equal(len, n + 40);
}

static int kept_link[4];
static unsigned kept_links;

static void keep_link(void *ctx, uint32_t ifindex, int fd)
{
	if (fd >= 0 && kept_links < 4)
		kept_link[kept_links++] = dup(fd);
}

/* A plane that goes on without its daemon, and the next one that takes its maps. */
static void the_next_one_takes_the_maps(void **state)
{
	struct fast_conf conf = {
		.tun_ifindex = tun, .max = BINDINGS, .nl = nl, .link = keep_link
	};
	struct fast_binding b = binding(), *all = NULL;
	struct fast_maps maps, copy;
	struct fast *first = NULL, *second = NULL;
	uint8_t p[2048], got[2048];
	size_t n = udp_packet(p, peer, home, 100), len, found = 0;
	char why[256];

	if (!fast)
		skip_because(why_not);
	fast_close(fast);
	fast = NULL;
	kept_links = 0;
	assert_int_equal(fast_open(&conf, &first, why, sizeof(why)), 0);
	if (kept_links == 0) { /* no tcx here */
		fast_close(first);
		skip_because("no tcx links before Linux 6.6");
	}
	maps = fast_maps(first);
	copy = (struct fast_maps){ dup(maps.bindings), dup(maps.counts) };
	counts = fast_counts(first, &(uint32_t){ 0 });
	counts[b.slot].live = FOR_EVER;
	assert_int_equal(fast_set(first, &b), 0);
	fast_close(first);
	counts = NULL;
	send_to_host(p, n);
	assert_true(expect(&out, 41, 0, got, &len));

	assert_true(fast_maps_fit(&copy, BINDINGS));
	assert_false(fast_maps_fit(&copy, BINDINGS + 1));
	assert_false(fast_maps_fit(&(struct fast_maps){ copy.counts, copy.bindings }, BINDINGS));
	assert_false(fast_maps_fit(&(struct fast_maps){ tun_fd, copy.counts }, BINDINGS));
	conf.maps = &copy;
	conf.link = NULL;
	assert_int_equal(fast_open(&conf, &second, why, sizeof(why)), 0);
	for (unsigned i = 0; i < kept_links; i++)
		close(kept_link[i]);
	send_to_host(p, n);
	assert_true(expect(&out, 41, 0, got, &len));
	assert_int_equal(fast_bindings(second, &all, &found), 0);
	assert_int_equal(found, 1);
	assert_memory_equal(&all[0].home, &b.home, sizeof(b.home));
	assert_memory_equal(&all[0].coa, &b.coa, sizeof(b.coa));
	assert_memory_equal(&all[0].agent, &b.agent, sizeof(b.agent));
	assert_int_equal(all[0].mtu, b.mtu);
	assert_int_equal(all[0].slot, b.slot);
	mem_free(all);
	fast_close(second);
	send_to_host(p, n);
	assert_true(tun_gets(500));
	close(copy.bindings);
	close(copy.counts);
}

/* ADR 80: it loads the programs and goes. */
static void libbpf_is_not_kept(void **state)
{
	if (!fast)
		skip_because(why_not);
	assert_false(says("grep libbpf /proc/$PPID/maps", "libbpf"));
}

/* The host forwards nothing (no bpf_fib_lookup() then). */
static void own_packets_leave_in_a_tunnel(void **state)
{
	const uint64_t key[2] = { 0x0807060504030201, 0x100f0e0d0c0b0a09 };
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 }, to = from;
	struct fast_binding b = binding();
	uint8_t got[2048], want[40], data[100] = { 0 };
	struct lke_in6 bound = A(home), there = A("2001:db8:9::9");
	uint64_t before = fast ? counts[b.slot].encap : 0;
	size_t len;
	int fd, on = 1;

	if (!fast)
		skip_because(why_not);
	b.ifindex = v1;
	b.nexthop = out.own;
	sh("sysctl -q -w net.ipv6.conf.all.forwarding=0");
	sh("ip -6 route replace 2001:db8:9::/64 dev lke0");
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	memcpy(&from.sin6_addr, bound.b, 16);
	memcpy(&to.sin6_addr, there.b, 16);
	to.sin6_port = htons(5000);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(fast_set(fast, &b), 0);
	settle();
	assert_int_equal(sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(data));
	assert_true(expect(&out, 41, 0, got, &len));
	assert_int_equal(len, 40 + 48 + sizeof(data));
	tunnel_outer(got + 40, len - 40, &b.coa, &b.agent,
		     tunnel_flow_label(got + 40, len - 40, key), want);
	assert_memory_equal(got, want, 40);
	assert_memory_equal(got + 48, bound.b, 16);
	assert_memory_equal(got + 64, there.b, 16);
	assert_int_equal(counts[b.slot].encap, before + 1);
	counts[b.slot].live = 0;
	settle();
	assert_int_equal(sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(data));
	assert_true(tun_gets(500));
	counts[b.slot].live = FOR_EVER;
	b.remove = true;
	assert_int_equal(fast_set(fast, &b), 0);
	assert_int_equal(sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(data));
	assert_true(tun_gets(500));
	close(fd);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	struct fast_binding b = binding();
	int err = 0;

	if (!fast)
		skip_because(why_not);
	b.slot = BINDINGS;
	assert_int_equal(fast_set(fast, &b), -EINVAL);
	b.slot = 0;
	for (uint8_t i = 0; i <= BINDINGS && !err; i++) {
		b.home.b[15] = i;
		err = fast_set(fast, &b);
	}
	assert_int_equal(err, -E2BIG);
}

static void interfaces_that_are_gone_take_no_place(void **state)
{
	if (!fast)
		skip_because(why_not);
	for (int i = 0; i <= FAST_LINKS_MAX; i++) {
		sh("ip link add x0 type veth peer name x1");
		assert_int_equal(fast_link(fast, if_nametoindex("x0")), 0);
		sh("ip link del x0");
	}
}

/* The owner's filter and qdisc stay, whoever came first. */
static void the_owners_filters_stay(void **state)
{
	struct fast_binding b = binding();
	uint8_t p[2048], got[2048];
	size_t len;

	if (!fast)
		skip_because(why_not);
	assert_true(clsact_on_v1());
	sh("tc filter add dev v1 ingress protocol ipv6 prio 7 u32 match ip6 dst 2001:db8:77::1 "
	   "flowid 1:1");
	assert_int_equal(fast_set(fast, &b), 0);
	send_to_host(p, udp_packet(p, peer, home, 100));
	assert_true(expect(&out, 41, 0, got, &len));
	fast_close(fast);
	fast = NULL;
	assert_true(says("tc filter show dev v1 ingress", "u32"));
	assert_false(says("tc filter show dev v1 ingress", "bpf"));
	sh("tc qdisc del dev v1 clsact");
}

static void a_qdisc_that_was_there_stays(void **state)
{
	if (!fast)
		skip_because(why_not);
	fast_close(fast);
	assert_false(clsact_on_v1());
	sh("tc qdisc add dev v1 clsact");
	assert_int_equal(setup(state), 0);
	assert_true(says("tc filter show dev v1 ingress", "lke"));
	fast_close(fast);
	fast = NULL;
	assert_true(clsact_on_v1());
	assert_false(says("tc filter show dev v1 ingress", "bpf"));
	sh("tc qdisc del dev v1 clsact");
}

/* kill -9: the filters stay behind, and are known at the next start. */
static void what_a_killed_one_left_is_removed(void **state)
{
	int status;
	pid_t child;

	if (!fast)
		skip_because(why_not);
	fast_close(fast);
	fast = NULL;
	child = fork();
	if (child == 0) {
		(void)setup(state);
		_exit(fast ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(says("tc filter show dev v1 ingress", "lke"));
	assert_int_equal(tc_cleanup_stale(nl), 2); /* v1 and the TUN device, which stays here */
	assert_false(clsact_on_v1());
	assert_int_equal(tc_cleanup_stale(nl), 0);
}

int main(void)
{
	static int clsact;
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(packets_to_a_bound_address_leave_in_a_tunnel),
		T(what_is_too_big_or_not_bound_goes_to_the_tun),
		T(amb_122_what_is_not_plain_goes_to_the_tun),
		T(amb_120_a_tunnel_is_opened_only_for_both_ends_and_the_inner_source),
		T(a_moved_binding_goes_where_its_slot_says),
		T(libbpf_is_not_kept),
		T(own_packets_leave_in_a_tunnel),
		T(more_than_there_is_room_for_is_refused),
		T(interfaces_that_are_gone_take_no_place),
		T(a_plane_that_is_not_attended_does_nothing),
		T(a_binding_whose_time_is_over_does_nothing),
		T(the_next_one_takes_the_maps),
#undef T
/* As on kernels before 6.6. */
#define T(f) { #f " (clsact)", f, setup, teardown, &clsact }
		T(packets_to_a_bound_address_leave_in_a_tunnel),
		T(what_is_too_big_or_not_bound_goes_to_the_tun),
		T(amb_122_what_is_not_plain_goes_to_the_tun),
		T(amb_120_a_tunnel_is_opened_only_for_both_ends_and_the_inner_source),
		T(a_binding_whose_time_is_over_does_nothing),
		T(own_packets_leave_in_a_tunnel),
		T(the_owners_filters_stay),
		T(a_qdisc_that_was_there_stays),
		T(what_a_killed_one_left_is_removed),
#undef T
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

/* SPDX-License-Identifier: ISC */
/*
 * bench_forward agent|mobile INTERFACE BINDINGS PREFIX AGENT CARE-OF: the forwarding plane alone,
 * with that many bindings of the addresses PREFIX + 1, PREFIX + 2, ..., in the network namespace it
 * is started in.  Prints "ready" once its TUN device lke0 is up, its counters at the end; ends on
 * SIGTERM.  SIGUSR1 puts the bindings into the fast path, BPF, or takes them back, and prints
 * "switched", with the ns of an update of the map and the octets of its maps for a binding.  Run by
 * tests/bench/forward.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/in6.h"
#include "platform/linux/clock.h"
#include "platform/linux/forward.h"
#include "platform/linux/forward_bpf.h"
#include "platform/linux/netlink.h"
#include "platform/linux/packet_socket.h"
#include "platform/linux/steering.h"

enum { BUDGET = 16, RECEIVE = 32, UPDATES = 10000 };

static volatile sig_atomic_t stop, toggle;
static uint8_t buf[PACKET_BUF];
static struct packet_link link_socket;
static struct nl *nl;

static void on_signal(int sig)
{
	stop = 1;
}

static void on_toggle(int sig)
{
	toggle = 1;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_forward: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static int send_frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *pkt,
		      size_t len)
{
	return packet_send(&link_socket, to, pkt, len);
}

/* The neighbour's link-layer address: ours with the last octet that the driver gave it. */
static struct lke_lladdr peer_of(struct lke_lladdr own)
{
	own.b[5] ^= 3; /* 01 and 02 */
	return own;
}

static struct lke_in6 nth(struct lke_in6 prefix, uint32_t n)
{
	n++;
	for (int k = 0; k < 4; k++)
		prefix.b[15 - k] = (uint8_t)(n >> 8 * k);
	return prefix;
}

/* The kernel forwards alone; at the mobile node what it sends (ADR 83). */
static double add_fast(struct fast *x, bool mobile, uint32_t n, char **addr)
{
	const uint32_t updates = n > UPDATES ? n : UPDATES;
	struct fast_binding b = { .mtu = 1460 };
	struct timespec from, to;

	if (in6_parse(addr[0], &b.home) || in6_parse(addr[1], &b.agent) ||
	    in6_parse(addr[2], &b.coa))
		die("address", EINVAL);
	if (mobile) {
		b.ifindex = link_socket.ifindex;
		b.nexthop = peer_of(link_socket.own);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint32_t i = 0; i < updates; i++) {
		struct fast_binding one = b;
		int err;

		one.home = nth(b.home, i % n);
		one.slot = i % n;
		err = fast_set(x, &one);
		if (err)
			die("binding", err);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
	       updates;
}

/* Octets of this process's BPF maps, as the kernel counts them. */
static double map_memory(void)
{
	DIR *d = opendir("/proc/self/fdinfo");
	struct dirent *e;
	double sum = 0;

	while (d && (e = readdir(d))) {
		char path[300], line[128];
		bool map = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", e->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			map |= strncmp(line, "map_type:", 9) == 0;
			if (map && strncmp(line, "memlock:", 8) == 0)
				sum += strtod(line + 8, NULL);
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

/* On or off, as SIGUSR1 asks. */
static void switch_fast(uint32_t tun, bool mobile, uint32_t n, char **addr)
{
	struct fast_conf conf = { .tun_ifindex = tun, .max = n, .secret = { 1 }, .nl = nl };
	static struct fast *x;
	struct fastmap_count *counts;
	uint32_t max;
	char why[256];

	double ns = 0, octets = 0;

	if (x) {
		fast_close(x);
		x = NULL;
	} else {
		if (fast_open(&conf, &x, why, sizeof(why)))
			die(why, EOPNOTSUPP);
		if (!mobile &&
		    (packet_behind_tc(&link_socket) || fast_link(x, link_socket.ifindex)))
			die("link", EINVAL);
		counts = fast_counts(x, &max);
		for (uint32_t i = 0; i < max; i++)
			counts[i].live = LKE_NEVER;
		ns = add_fast(x, mobile, n, addr);
		octets = map_memory() / n;
	}
	printf("switched %.0f %.0f\n", ns, octets);
	fflush(stdout);
}

static void add_bindings(struct fwd *f, bool mobile, uint32_t n, char **addr)
{
	struct lke_in6 prefix, agent, coa;

	if (in6_parse(addr[0], &prefix) || in6_parse(addr[1], &agent) || in6_parse(addr[2], &coa))
		die("address", EINVAL);
	for (uint32_t i = 0; i < n; i++) {
		struct lke_act_tunnel t = { .mobile_side = mobile,
					    .home = nth(prefix, i),
					    .agent = agent,
					    .coa = coa,
					    .ifindex = link_socket.ifindex,
					    .nexthop = peer_of(link_socket.own),
					    .credit = UINT64_MAX };
		int err = fwd_set_tunnel(f, &t, clock_now());

		if (err)
			die("binding", ENOMEM);
	}
}

static void steer(char **addr, bool mobile)
{
	struct lke_act_steer mine = { .set = LKE_STEER_MINE };
	char why[256];
	struct steer *s;
	int err = steer_open(NULL, 0, &s, why, sizeof(why));

	if (err)
		die(why, err);
	if (in6_parse(addr[mobile ? 2 : 1], &mine.addr) || steer_apply(s, &mine, 1))
		die("steering", EINVAL);
}

static void receive(struct fwd *f)
{
	struct packet_info info;
	struct lke_event ev;
	uint8_t *pkt;
	size_t len;

	fwd_batch(f, true);
	for (unsigned i = 0; i < RECEIVE; i++) {
		if (packet_receive_info(&link_socket, buf, sizeof(buf), &info, &pkt, &len) <= 0)
			break;
		(void)fwd_from_link_offload(f, link_socket.ifindex, pkt, len, &info.offload,
					    clock_now());
		while (fwd_next_event(f, &ev))
			;
	}
	fwd_batch(f, false);
}

static void run(struct fwd *f, int tun, uint32_t ifindex, char **argv)
{
	struct pollfd p[2] = { { .fd = tun, .events = POLLIN },
			       { .fd = link_socket.fd, .events = POLLIN } };
	struct lke_event ev;

	while (!stop) {
		if (toggle) {
			toggle = 0;
			switch_fast(ifindex, strcmp(argv[1], "mobile") == 0,
				    (uint32_t)atol(argv[3]), argv + 4);
		}
		if (poll(p, 2, 200) < 0)
			continue;
		if (p[0].revents)
			(void)fwd_from_tun(f, BUDGET, clock_now());
		while (fwd_next_event(f, &ev))
			;
		if (p[1].revents)
			receive(f);
	}
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct fwd_conf conf = { .vnet_hdr = true, .send = send_frame };
	struct fwd_counters c;
	struct fwd *f;
	uint32_t ifindex;
	bool mobile;
	int err;

	if (argc != 7)
		die("usage: agent|mobile INTERFACE BINDINGS PREFIX AGENT CARE-OF", EINVAL);
	mobile = strcmp(argv[1], "mobile") == 0;
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = on_toggle;
	sigaction(SIGUSR1, &sa, NULL);
	err = nl_open(&nl);
	if (err)
		die("netlink", err);
	conf.tun_fd = fwd_open_tun("lke0", &ifindex);
	if (conf.tun_fd < 0)
		die("TUN", conf.tun_fd);
	err = nl_link_up(nl, ifindex, mobile ? FWD_TUN_MTU : FWD_TUN_MTU_AGENT, FWD_TUN_QUEUE);
	if (!err)
		err = packet_open(if_nametoindex(argv[2]), PACKET_KIND_LINK, NULL, &link_socket);
	if (!err)
		err = fwd_new(&conf, &f);
	if (err)
		die("start", err);
	steer(argv + 4, mobile);
	add_bindings(f, mobile, (uint32_t)atol(argv[3]), argv + 4);
	puts("ready");
	fflush(stdout);
	run(f, conf.tun_fd, ifindex, argv);
	fwd_counters(f, &c);
	printf("CPU %.2f us a packet; ", cpu_us() / (double)(c.encap + c.decap + !c.encap));
	printf("encap %llu decap %llu joined %llu too_big %llu send_errors %llu fragmented %llu\n",
	       (unsigned long long)c.encap, (unsigned long long)c.decap,
	       (unsigned long long)c.joined, (unsigned long long)c.too_big,
	       (unsigned long long)c.send_errors, (unsigned long long)c.fragmented);
	return 0;
}

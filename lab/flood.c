// SPDX-License-Identifier: ISC
/*
 * flood DEV ROUTER-MAC ROUTER-LL PREFIX KEY COUNT RATE ANSWERING: prepares COUNT distinct Key
 * Exchange Requests for the router with that RSA key (DER) and prints "ready".  At the first line
 * on its standard input it sends them, RATE a second, once each.  Every source is another invented
 * host; but ANSWERING hosts, which send every second request, also answer Neighbor Solicitations,
 * and have made the router (PREFIX::1) ask for them before. Ends when all are sent, or after twice
 * the time that takes, and prints what it did as JSON.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flood_frames.h"

enum { BATCH = 64, SLOT = FRAME_MAX + 2, COUNT_MAX = 1000000, RATE_MAX = 100000 };

struct flood {
	struct flood_target target;
	uint32_t count, rate, answering;
	uint8_t *slot; /* count times: length, frame */
	int fd;
	uint64_t sent, errors, solicited, answered;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Neighbor Solicitations only; protocol, hop limit and so on are looked at where it matters. */
static int open_socket(const char *dev)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = 6, .filter = code };
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IPV6),
				  .sll_ifindex = (int)if_nametoindex(dev) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return fd;
}

static int prepare(struct flood *f)
{
	f->slot = malloc((size_t)f->count * SLOT);
	for (uint32_t i = 0; f->slot && i < f->count; i++) {
		uint8_t *s = f->slot + (size_t)i * SLOT;
		int good = f->answering && i % 2 == 0;
		struct flood_source src;
		size_t n;

		flood_source(&f->target, good ? i / 2 % f->answering : i, good, &src);
		n = flood_request(&f->target, &src, (uint16_t)i, s + 2);
		if (!n)
			return -1;
		s[0] = (uint8_t)(n >> 8);
		s[1] = (uint8_t)n;
	}
	return f->slot ? 0 : -1;
}

/* Sends up to n of those that are left. */
static void send_some(struct flood *f, uint64_t n)
{
	while (n && f->sent < f->count) {
		struct mmsghdr m[BATCH];
		struct iovec iov[BATCH];
		unsigned k = 0;
		int done;

		for (; k < BATCH && k < n && f->sent + k < f->count; k++) {
			uint8_t *s = f->slot + (f->sent + k) * SLOT;

			iov[k] = (struct iovec){ s + 2, (size_t)(s[0] << 8 | s[1]) };
			m[k].msg_hdr = (struct msghdr){ .msg_iov = &iov[k], .msg_iovlen = 1 };
		}
		done = sendmmsg(f->fd, m, k, MSG_DONTWAIT);
		if (done < 1) {
			f->errors++;
			return;
		}
		f->sent += (unsigned)done;
		n -= (unsigned)done;
	}
}

static void answer(struct flood *f)
{
	uint8_t in[256], out[128];
	ssize_t n;

	while ((n = recv(f->fd, in, sizeof(in), MSG_DONTWAIT)) > 0) {
		struct flood_source s;
		struct in6_addr target;
		uint32_t who;
		int detection;

		if (n < 78)
			continue;
		f->solicited++;
		memcpy(&target, in + 62, 16);
		who = (uint32_t)target.s6_addr[12] << 24 | (uint32_t)target.s6_addr[13] << 16 |
		      (uint32_t)target.s6_addr[14] << 8 | target.s6_addr[15];
		if (who >= f->answering)
			continue;
		flood_source(&f->target, who, 1, &s);
		detection = in[22] == 0; /* from the unspecified address */
		if (memcmp(&s.coa, &target, 16) != 0 || detection)
			continue;
		if (send(f->fd, out, flood_advert(&s, in, out), MSG_DONTWAIT) > 0)
			f->answered++;
	}
}

/* The answering hosts are neighbours of the router before the flood, as far as one second serves.
 */
static void greet(struct flood *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	double end = now() + 1.0;
	uint32_t n = 0;

	while (n < f->answering || (now() < end && f->answered < f->answering)) {
		struct flood_source s;
		uint8_t out[128];

		if (n < f->answering) {
			flood_source(&f->target, n++, 1, &s);
			(void)!send(f->fd, out, flood_echo(&f->target, &s, out), MSG_DONTWAIT);
		}
		if (poll(&p, 1, 1) > 0)
			answer(f);
	}
}

/* What is due by the clock is sent every millisecond: a late wake-up sends more. */
static double run(struct flood *f)
{
	double start = now(), end = start + 2.0 * f->count / f->rate + 1.0, t = start;
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	while (f->sent < f->count && t < end) {
		uint64_t due = (uint64_t)((t - start) * f->rate);

		if (due > f->sent)
			send_some(f, due - f->sent);
		if (poll(&p, 1, 1) > 0)
			answer(f);
		t = now();
	}
	return t - start;
}

static int arguments(struct flood *f, char **a)
{
	struct ether_addr mac;

	if (!ether_aton_r(a[2], &mac) || inet_pton(AF_INET6, a[3], &f->target.ll) != 1 ||
	    inet_pton(AF_INET6, a[4], &f->target.prefix) != 1)
		return -1;
	memcpy(f->target.mac, &mac, 6);
	f->count = (uint32_t)strtoul(a[6], NULL, 10);
	f->rate = (uint32_t)strtoul(a[7], NULL, 10);
	f->answering = (uint32_t)strtoul(a[8], NULL, 10);
	if (!f->count || f->count > COUNT_MAX || !f->rate || f->rate > RATE_MAX)
		return -1;
	return flood_key(&f->target, a[5]);
}

int main(int argc, char **argv)
{
	struct flood f = { .fd = -1 };
	double took;

	if (argc != 9 || arguments(&f, argv)) {
		fprintf(stderr, "usage: flood DEV ROUTER-MAC ROUTER-LL PREFIX KEY COUNT RATE "
				"ANSWERING\n");
		return 2;
	}
	f.fd = open_socket(argv[1]);
	if (f.fd < 0 || prepare(&f)) {
		perror("flood");
		return 1;
	}
	greet(&f);
	printf("ready\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	took = run(&f);
	printf("{\"sent\": %llu, \"seconds\": %.3f, \"errors\": %llu, \"solicited\": %llu, "
	       "\"answered\": %llu}\n",
	       (unsigned long long)f.sent, took, (unsigned long long)f.errors,
	       (unsigned long long)f.solicited, (unsigned long long)f.answered);
	free(f.slot);
	return f.sent == f.count ? 0 : 1;
}

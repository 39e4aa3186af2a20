// SPDX-License-Identifier: ISC
/*
 * udp_probe ADDRESS PORT PEER PORT RATE FILE: sends RATE datagrams a second from ADDRESS to PEER on
 * one socket that lives for the whole run (RATE 0: none, it only listens), receives the peer's on
 * the same socket, and writes one record a datagram to FILE: "S seq ns" and "R seq sent-ns
 * received-ns" (CLOCK_REALTIME, so that records of several hosts of one machine and a capture
 * compare).  Ends on SIGTERM.  Prints "ready" once the socket is bound.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct datagram {
	uint64_t magic, seq, sent;
	uint8_t pad[8];
};

#define MAGIC 0x4c4b4550524f4245ull

static int endpoint(const char *addr, const char *port, struct sockaddr_in6 *ret)
{
	*ret = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				      .sin6_port = htons((uint16_t)atoi(port)) };
	return inet_pton(AF_INET6, addr, &ret->sin6_addr) == 1 ? 0 : -1;
}

/* Absolute timer: a late wake-up does not move the ones after it. */
static int make_timer(long rate)
{
	long ns = rate ? 1000000000L / rate : 0;
	struct timespec now;
	struct itimerspec it = { .it_interval = { ns / 1000000000L, ns % 1000000000L } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	clock_gettime(CLOCK_MONOTONIC, &now);
	it.it_value = now;
	if (fd < 0 || rate == 0)
		return fd;
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL))
		return -1;
	return fd;
}

static void send_one(int fd, const struct sockaddr_in6 *to, uint64_t seq, FILE *out)
{
	struct datagram d = { .magic = MAGIC, .seq = seq, .sent = now_ns() };

	/* An error (no route during the gap, say) is a datagram lost: it stays in the record of
	 * what was sent. */
	(void)!sendto(fd, &d, sizeof d, MSG_DONTWAIT, (const struct sockaddr *)to, sizeof *to);
	fprintf(out, "S %" PRIu64 " %" PRIu64 "\n", seq, d.sent);
}

static void receive_all(int fd, FILE *out)
{
	struct datagram d;

	for (;;) {
		ssize_t n = recv(fd, &d, sizeof d, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n == (ssize_t)sizeof d && d.magic == MAGIC)
			fprintf(out, "R %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", d.seq, d.sent,
				now_ns());
	}
}

static void probe(int fd, int timer, const struct sockaddr_in6 *peer, FILE *out)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = timer, .events = POLLIN } };
	uint64_t seq = 0, ticks;

	while (!stop) {
		if (poll(p, 2, 1000) < 0)
			continue;
		if (p[0].revents)
			receive_all(fd, out);
		if ((p[1].revents & POLLIN) &&
		    read(timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks)
			for (; ticks; ticks--)
				send_one(fd, peer, ++seq, out);
	}
	receive_all(fd, out);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct sockaddr_in6 me, peer;
	int fd, timer, size = 4 << 20;
	FILE *out;

	if (argc != 7 || endpoint(argv[1], argv[2], &me) || endpoint(argv[3], argv[4], &peer) ||
	    atol(argv[5]) < 0) {
		fprintf(stderr, "usage: udp_probe ADDRESS PORT PEER PORT RATE FILE\n");
		return 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	out = fopen(argv[6], "w");
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!out || fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof me)) {
		perror("udp_probe");
		return 1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	timer = make_timer(atol(argv[5]));
	if (timer < 0) {
		perror("udp_probe: timer");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	probe(fd, timer, &peer, out);
	return fclose(out) ? 1 : 0;
}

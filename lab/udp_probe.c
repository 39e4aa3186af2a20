// SPDX-License-Identifier: ISC
/*
 * udp_probe ADDRESS PORT PEER PORT RATE FILE [BURST MS]: sends RATE datagrams a second from ADDRESS
 * to PEER on one socket that lives for the whole run (RATE 0: none, it only listens), receives the
 * peer's on the same socket, and writes one record a datagram to FILE: "S seq ns" and "R seq
 * sent-ns received-ns" (CLOCK_REALTIME, so that records of several hosts of one machine and a
 * capture compare).  SIGUSR1: BURST a second for MS milliseconds.  Ends on SIGTERM.  Prints "ready"
 * once the socket is bound.
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

static volatile sig_atomic_t stop, burst;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		burst = 1;
	else
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
static int set_timer(int fd, long rate)
{
	long ns = rate ? 1000000000L / rate : 0;
	struct itimerspec it = { .it_interval = { ns / 1000000000L, ns % 1000000000L } };

	if (rate == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	return timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL);
}

static int make_timer(long rate)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd >= 0 && set_timer(fd, rate) ? -1 : fd;
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

struct rates {
	long usual, burst, burst_ms;
};

/* Into a burst that was asked for, and out of one that is over. */
static void change_rate(int timer, const struct rates *r, uint64_t *until)
{
	if (burst && r->burst) {
		burst = 0;
		*until = now_ns() + (uint64_t)r->burst_ms * 1000000u;
		(void)set_timer(timer, r->burst);
	} else if (*until && now_ns() >= *until) {
		*until = 0;
		(void)set_timer(timer, r->usual);
	}
}

static void probe(int fd, int timer, const struct rates *r, const struct sockaddr_in6 *peer,
		  FILE *out)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = timer, .events = POLLIN } };
	uint64_t seq = 0, ticks, until = 0;

	while (!stop) {
		int n = poll(p, 2, 1000);

		change_rate(timer, r, &until);
		if (n < 0)
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
	struct rates r = { 0 };
	int fd, timer, size = 4 << 20;
	FILE *out;

	if ((argc != 7 && argc != 9) || endpoint(argv[1], argv[2], &me) ||
	    endpoint(argv[3], argv[4], &peer) || atol(argv[5]) < 0) {
		fprintf(stderr, "usage: udp_probe ADDRESS PORT PEER PORT RATE FILE [BURST MS]\n");
		return 2;
	}
	r.usual = atol(argv[5]);
	if (argc == 9) {
		r.burst = atol(argv[7]);
		r.burst_ms = atol(argv[8]);
	}
	sigaction(SIGUSR1, &sa, NULL);
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
	timer = make_timer(r.usual);
	if (timer < 0) {
		perror("udp_probe: timer");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	probe(fd, timer, &r, &peer, out);
	return fclose(out) ? 1 : 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * bench_flood send PREFIX ADDRESSES SECONDS: UDP datagrams of 18 octets to the addresses PREFIX +
 * 1, ..., in turn, as fast as they go. bench_flood from SOURCE ADDRESS SECONDS: to one address,
 * from one. bench_flood receive: prints "ready", and how many came when SIGTERM comes.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, OCTETS = 18, PORT = 7100 };

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fill(struct mmsghdr *m, struct iovec *v, struct sockaddr_in6 *to, uint8_t *data)
{
	for (int i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){ data, OCTETS };
		m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &v[i], .msg_iovlen = 1 } };
		if (to) {
			m[i].msg_hdr.msg_name = &to[i];
			m[i].msg_hdr.msg_namelen = sizeof(to[i]);
		}
	}
}

/* addresses 0: to this address alone. */
static int flood(int fd, const char *prefix, uint32_t addresses, double seconds)
{
	static uint8_t data[OCTETS];
	struct sockaddr_in6 to[BATCH];
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	double end = now() + seconds;
	uint32_t n = 0;

	fill(m, v, to, data);
	for (int i = 0; i < BATCH; i++) {
		to[i] = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
		if (inet_pton(AF_INET6, prefix, &to[i].sin6_addr) != 1)
			return 1;
	}
	while (now() < end)
		for (int k = 0; k < 8; k++) {
			for (int i = 0; addresses && i < BATCH; i++) {
				uint32_t a = htonl(n++ % addresses + 1);

				memcpy(&to[i].sin6_addr.s6_addr[12], &a, 4);
			}
			(void)sendmmsg(fd, m, BATCH, 0);
		}
	return 0;
}

/* The source is an address of a local route, as the bound addresses of the driver are. */
static int flood_from(int fd, const char *source, const char *to, double seconds)
{
	struct sockaddr_in6 me = { .sin6_family = AF_INET6 };
	int on = 1;

	if (inet_pton(AF_INET6, source, &me.sin6_addr) != 1 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&me, sizeof(me)))
		return 1;
	return flood(fd, to, 0, seconds);
}

static int sink(int fd)
{
	struct sockaddr_in6 me = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	static uint8_t data[64];
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	unsigned long got = 0;

	if (bind(fd, (struct sockaddr *)&me, sizeof(me)))
		return 1;
	fill(m, v, NULL, data);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		int n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);

		got += n > 0 ? (unsigned long)n : 0;
	}
	printf("%lu\n", got);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	sigaction(SIGTERM, &sa, NULL);
	if (fd < 0)
		return 1;
	if (argc == 5 && strcmp(argv[1], "send") == 0)
		return flood(fd, argv[2], (uint32_t)atol(argv[3]), atof(argv[4]));
	if (argc == 5 && strcmp(argv[1], "from") == 0)
		return flood_from(fd, argv[2], argv[3], atof(argv[4]));
	return argc == 2 ? sink(fd) : 2;
}

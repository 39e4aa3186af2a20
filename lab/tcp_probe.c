// SPDX-License-Identifier: ISC
/*
 * tcp_probe listen ADDRESS PORT FILE: accepts one connection, reads it to its end and writes to
 * FILE one line for each piece read, "R total ns", and at the end "E connections total". tcp_probe
 * send ADDRESS PEER PORT KBIT FILE: connects once from ADDRESS and sends at KBIT kbit/s until
 * SIGTERM; the octets at stream position n have the value n modulo 251, and the listener checks
 * them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

static int make_socket(const char *addr, int port)
{
	struct sockaddr_in6 me = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || inet_pton(AF_INET6, addr, &me.sin6_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    bind(fd, (struct sockaddr *)&me, sizeof me))
		return -1;
	return fd;
}

static int listener(const char *addr, int port, FILE *out)
{
	uint8_t buf[65536];
	uint64_t total = 0;
	int fd = make_socket(addr, port), c;

	if (fd < 0 || listen(fd, 4))
		return -1;
	printf("ready\n");
	fflush(stdout);
	c = accept(fd, NULL, NULL);
	while (c >= 0 && !stop) {
		ssize_t n = recv(c, buf, sizeof buf, 0);

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (total + (uint64_t)i) % 251)
				return -1;
		total += (uint64_t)n;
		fprintf(out, "R %" PRIu64 " %" PRIu64 "\n", total, now_ns());
	}
	fprintf(out, "E 1 %" PRIu64 "\n", total);
	return 0;
}

/* Ten milliseconds of the rate at a time; a stalled connection blocks in send() and catches up
 * afterwards. */
static int sender(const char *addr, const char *peer, int port, long kbit, FILE *out)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	size_t piece = (size_t)kbit * 1000 / 8 / 100;
	uint8_t buf[65536];
	uint64_t total = 0;
	struct timespec t;
	int fd = make_socket(addr, 0);

	if (fd < 0 || inet_pton(AF_INET6, peer, &to.sin6_addr) != 1 || piece > sizeof buf ||
	    connect(fd, (struct sockaddr *)&to, sizeof to))
		return -1;
	printf("ready\n");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &t);
	while (!stop) {
		for (size_t i = 0; i < piece; i++)
			buf[i] = (uint8_t)((total + i) % 251);
		for (size_t done = 0; done < piece;) {
			ssize_t n = send(fd, buf + done, piece - done, MSG_NOSIGNAL);

			if (n < 0 && errno == EINTR && stop)
				return 0;
			if (n < 0) {
				fprintf(out, "X %d %s\n", errno, strerror(errno));
				return -1;
			}
			done += (size_t)n;
		}
		total += piece;
		t.tv_nsec += 10000000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_nsec -= 1000000000;
			t.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	fprintf(out, "S %" PRIu64 "\n", total);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	FILE *out = NULL;
	int r = -2;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (argc == 5 && !strcmp(argv[1], "listen") && (out = fopen(argv[4], "w")))
		r = listener(argv[2], atoi(argv[3]), out);
	else if (argc == 7 && !strcmp(argv[1], "send") && (out = fopen(argv[6], "w")))
		r = sender(argv[2], argv[3], atoi(argv[4]), atol(argv[5]), out);
	if (r == -1)
		perror("tcp_probe");
	if (r == -2)
		fprintf(stderr, "usage: tcp_probe listen ADDRESS PORT FILE | send ADDRESS PEER "
				"PORT KBIT FILE\n");
	if (out && fclose(out))
		r = -1;
	return r ? 1 : 0;
}

// SPDX-License-Identifier: ISC
/*
 * relay INTERFACE INTERFACE DELAY LOSS SEED: hands every frame that arrives at one of the
 * interfaces out at the other one, DELAY microseconds later, in order, and loses LOSS parts in
 * 10,000 of them (the same ones for the same SEED).  Superpackets and partial checksums pass as
 * they are.  Prints "ready"; ends on SIGTERM and says how many frames it passed and lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 16384, FRAME = 65536 + 64, BATCH = 64 };

struct frame {
	uint64_t due; /* ns */
	size_t len;
	uint8_t *data; /* virtio_net_hdr, Ethernet frame */
};

/* One direction. */
struct path {
	int from, to;
	struct frame q[QUEUE];
	unsigned head, n;
};

static struct path path[2];
static uint64_t delay, passed, lost, overflowed;
static uint32_t loss;
static uint64_t random_state;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* xorshift64*: reproducible losses, nothing more. */
static uint32_t chance(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % 10000;
}

static int open_port(const char *name)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(name) };
	struct packet_mreq mr = { .mr_ifindex = sa.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
	int one = 1, size = 32 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	if (fd < 0 || sa.sll_ifindex == 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		die(name);
	return fd;
}

static void take(struct path *p)
{
	static uint8_t buf[FRAME];

	for (int k = 0; k < BATCH; k++) {
		ssize_t n = recv(p->from, buf, sizeof(buf), MSG_DONTWAIT);
		struct frame *f;

		if (n <= 0)
			return;
		if (chance() < loss) {
			lost++;
			continue;
		}
		if (p->n == QUEUE) {
			overflowed++;
			continue;
		}
		f = &p->q[(p->head + p->n) % QUEUE];
		f->data = malloc((size_t)n);
		if (!f->data)
			die("memory");
		memcpy(f->data, buf, (size_t)n);
		f->len = (size_t)n;
		f->due = now_ns() + delay;
		p->n++;
	}
}

/* Sends what is due; the time of the next one, or 0. */
static uint64_t give(struct path *p)
{
	while (p->n && p->q[p->head].due <= now_ns()) {
		struct frame *f = &p->q[p->head];

		if (send(p->to, f->data, f->len, 0) < 0 && errno == EAGAIN)
			return now_ns() + 100000;
		free(f->data);
		p->head = (p->head + 1) % QUEUE;
		p->n--;
		passed++;
	}
	return p->n ? p->q[p->head].due : 0;
}

static void run(int timer)
{
	struct pollfd fds[3] = { { .fd = path[0].from, .events = POLLIN },
				 { .fd = path[1].from, .events = POLLIN },
				 { .fd = timer, .events = POLLIN } };

	while (!stop) {
		uint64_t a, b, due;

		(void)poll(fds, 3, -1);
		take(&path[0]);
		take(&path[1]);
		a = give(&path[0]);
		b = give(&path[1]);
		due = a && (!b || a < b) ? a : b;
		/* A timer of zeroes is disarmed; one in the past fires at once. */
		struct itimerspec it = { .it_value = { (time_t)(due / 1000000000u),
						       (long)(due % 1000000000u) } };

		timerfd_settime(timer, TFD_TIMER_ABSTIME, &it, NULL);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fd[2], timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	if (argc != 6) {
		fprintf(stderr, "usage: relay INTERFACE INTERFACE DELAY LOSS SEED\n");
		return 2;
	}
	for (int k = 0; k < 2; k++)
		fd[k] = open_port(argv[1 + k]);
	path[0].from = path[1].to = fd[0];
	path[0].to = path[1].from = fd[1];
	delay = strtoull(argv[3], NULL, 10) * 1000;
	loss = (uint32_t)strtoul(argv[4], NULL, 10);
	random_state = strtoull(argv[5], NULL, 10) * 2 + 1;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
	puts("ready");
	fflush(stdout);
	run(timer);
	printf("passed %llu lost %llu overflowed %llu\n", (unsigned long long)passed,
	       (unsigned long long)lost, (unsigned long long)overflowed);
	return overflowed ? 1 : 0;
}

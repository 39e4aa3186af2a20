// SPDX-License-Identifier: ISC
/*
 * answer_probe DEV FILE RATE OUT: sends the frames of FILE (each after its length, 16 bits, network
 * order), RATE a second in all, and writes to OUT "KIND nanoseconds" for each when its answer
 * comes, "KIND lost" for those whose answer never came.  There are two kinds: Binding Updates with
 * a Home Address option, answered by a Binding Acknowledgement of the same Sequence Number, and UDP
 * datagrams that begin with a number of 16 bits, which come back from an echo server.  It sends and
 * receives both as raw frames, so that they are measured alike.  The last answers have one second.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ETH = 14, NEXT = ETH + 6, UPPER = ETH + 40, MH = UPPER + 24, FRAMES_MAX = 100000 };
enum { NH_ROUTING = 43, NH_UDP = 17, NH_DEST = 60, MH_BA = 6 };
enum { NUMBERS = 65536, KINDS = 2 };

static const char *const kind_name[KINDS] = { "bu", "udp" };

struct probe {
	int fd;
	uint8_t *file;
	size_t size, at;
	uint64_t sent_at[KINDS][NUMBERS]; /* 0: nothing outstanding */
	FILE *out;
	uint64_t answers;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static int open_socket(const char *dev)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IPV6),
				  .sll_ifindex = (int)if_nametoindex(dev) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return fd;
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = NULL;
	long n;

	if (f && fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) > 0 && fseek(f, 0, SEEK_SET) == 0) {
		p = malloc((size_t)n);
		if (p && fread(p, 1, (size_t)n, f) == (size_t)n)
			*ret_size = (size_t)n;
	}
	if (f)
		fclose(f);
	return p;
}

/* False: no frame is left. */
static int send_next(struct probe *p)
{
	const uint8_t *f = p->file + p->at + 2;
	size_t n;
	unsigned kind, number;

	if (p->at + 2 > p->size)
		return 0;
	n = get16(p->file + p->at);
	if (n < MH + 8 || p->at + 2 + n > p->size)
		return 0;
	p->at += 2 + n;
	kind = f[NEXT] == NH_UDP;
	number = get16(kind ? f + UPPER + 8 : f + MH + 6);
	p->sent_at[kind][number] = now_ns();
	(void)!send(p->fd, f, n, 0);
	return 1;
}

static void receive(struct probe *p)
{
	uint8_t f[2048];
	ssize_t n;

	while ((n = recv(p->fd, f, sizeof(f), MSG_DONTWAIT)) > 0) {
		uint64_t now = now_ns(), *sent = NULL;
		unsigned kind = 0;

		if (n >= UPPER + 10 && f[NEXT] == NH_UDP) {
			kind = 1;
			sent = &p->sent_at[1][get16(f + UPPER + 8)];
		} else if (n >= MH + 12 && f[NEXT] == NH_ROUTING && f[MH + 2] == MH_BA) {
			sent = &p->sent_at[0][get16(f + MH + 8)];
		}
		if (!sent || !*sent)
			continue;
		fprintf(p->out, "%s %llu\n", kind_name[kind], (unsigned long long)(now - *sent));
		*sent = 0;
		p->answers++;
	}
}

static void run(struct probe *p, unsigned rate)
{
	uint64_t step = 1000000000u / rate, due = now_ns();
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	int more = 1;

	while (more || now_ns() < due) {
		uint64_t now = now_ns();
		struct timespec left = { 0 };

		if (more && now >= due) {
			more = send_next(p);
			due += more ? step : 1000000000u;
			continue;
		}
		left.tv_sec = (time_t)((due - now) / 1000000000u);
		left.tv_nsec = (long)((due - now) % 1000000000u);
		if (ppoll(&pfd, 1, &left, NULL) > 0)
			receive(p);
	}
}

int main(int argc, char **argv)
{
	static struct probe p;
	unsigned rate = argc == 5 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	if (!rate || rate > 10000) {
		fprintf(stderr, "usage: answer_probe DEV FILE RATE OUT\n");
		return 2;
	}
	p.fd = open_socket(argv[1]);
	p.file = read_file(argv[2], &p.size);
	p.out = fopen(argv[4], "w");
	if (p.fd < 0 || !p.file || !p.out) {
		perror("answer_probe");
		return 1;
	}
	run(&p, rate);
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned n = 0; n < NUMBERS; n++)
			if (p.sent_at[k][n])
				fprintf(p.out, "%s lost\n", kind_name[k]);
	free(p.file);
	return fclose(p.out) ? 1 : 0;
}

/* SPDX-License-Identifier: ISC */
#include "daemon/tun_quiet.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>

enum {
	PAUSES_MAX = 4,
	PAUSE_TIME = 50000, /* ns */
};

int tun_quiet_open(struct tun_quiet *q, int fd)
{
	void *p = mmap(NULL, sizeof(*q->reading), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*q = (struct tun_quiet){ .fd = fd, .patience = PAUSES_MAX };
	if (p == MAP_FAILED)
		return -ENOMEM;
	q->reading = p;
	return 0;
}

void tun_quiet_reading(struct tun_quiet *q, bool reading)
{
	if (q->reading)
		__atomic_store_n(q->reading, reading, __ATOMIC_SEQ_CST);
}

/* In this order: a packet that has left the device by the first look is being read by the second.
 */
bool tun_quiet(const struct tun_quiet *q)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN };

	return q->reading && poll(&p, 1, 0) == 0 &&
	       __atomic_load_n(q->reading, __ATOMIC_SEQ_CST) == 0;
}

void tun_quiet_wait(struct tun_quiet *q)
{
	const struct timespec pause = { .tv_nsec = PAUSE_TIME };

	for (unsigned i = 0; !tun_quiet(q); i++) {
		if (i == q->patience) {
			/* A device that always has packets makes nobody wait. */
			q->patience /= 2;
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
	q->patience = PAUSES_MAX;
}

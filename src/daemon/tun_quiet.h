/* SPDX-License-Identifier: ISC */
/*
 * Whether anything that went into the TUN device is still on its way through this host.  A gate
 * (gate.h) that is opened while it is quiet keeps no packet, or one: the kernel sends what a
 * neighbour's queue holds one by one, and meanwhile another processor sends new packets directly,
 * which overtake the rest of the queue.
 */
#ifndef DAEMON_TUN_QUIET_H
#define DAEMON_TUN_QUIET_H

#include <stdbool.h>
#include <stdint.h>

struct tun_quiet {
	int fd;		   /* the TUN device; the caller's */
	uint32_t *reading; /* shared with the engine process; NULL: never quiet */
	unsigned patience; /* pauses that tun_quiet_wait() may make */
};

/* Before the fork.  0 or -ENOMEM; lasts as long as the process. */
int tun_quiet_open(struct tun_quiet *q, int fd);

/* The engine process reads from the device, and has not sent all of it on. */
void tun_quiet_reading(struct tun_quiet *q, bool reading);

/* The device is empty, and what was in it has been sent. */
bool tun_quiet(const struct tun_quiet *q);
/* Waits for that a fraction of a millisecond, less where it was in vain; it may not come. */
void tun_quiet_wait(struct tun_quiet *q);

#endif

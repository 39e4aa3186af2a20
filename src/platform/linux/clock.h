/* SPDX-License-Identifier: ISC */
/* The one clock of the program: CLOCK_BOOTTIME in nanoseconds (it counts suspend, AMB-044). */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include "lke/types.h"

lke_time clock_now(void);
/* A timerfd on CLOCK_BOOTTIME, non-blocking, close-on-exec, disarmed.  fd or -errno. */
int clock_timer_open(void);
/* Arms it for an absolute deadline (a passed one fires at once); LKE_NEVER disarms.  0 or -errno.
 */
int clock_timer_set(int fd, lke_time deadline);
/* Takes the expiry so that the descriptor is no longer readable. */
void clock_timer_clear(int fd);

#endif

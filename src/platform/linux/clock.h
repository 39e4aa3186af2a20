/* SPDX-License-Identifier: ISC */
/* The one clock of the program: CLOCK_BOOTTIME in nanoseconds (it counts suspend, AMB-044). */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include "lke/types.h"

lke_time clock_now(void);
/* How much of it passed in suspends since the boot; two clocks are read, so give or take a moment.
 */
lke_time clock_suspended(void);
/* A timerfd on CLOCK_BOOTTIME, non-blocking, close-on-exec, disarmed.  fd or -errno. */
int clock_timer_open(void);
/* Arms it for an absolute deadline (a passed one fires at once); LKE_NEVER disarms.  0 or -errno.
 */
int clock_timer_set(int fd, lke_time deadline);
/* Takes the expiry so that the descriptor is no longer readable. */
void clock_timer_clear(int fd);

/* --- for what outlives this run --- */

uint64_t clock_realtime(void); /* ns since 1970 */
/* The identifier of this boot; 0 or -errno.  Before the sandbox: it reads /proc. */
int clock_boot_id(uint8_t ret[16]);
/* A descriptor that is readable when somebody has set the wall clock, or the host was suspended. fd
 * or -errno. */
int clock_step_open(void);
void clock_step_clear(int fd);

#endif

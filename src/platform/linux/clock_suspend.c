/* SPDX-License-Identifier: ISC */
/* The one use of the clock that stands still in a suspend: how far it is behind the one that does
 * not. */
#include <time.h>

#include "platform/linux/clock.h"

lke_time clock_suspended(void)
{
	lke_time now = clock_now(), awake;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	awake = (lke_time)ts.tv_sec * LKE_SEC + (lke_time)ts.tv_nsec;
	return now > awake ? now - awake : 0;
}

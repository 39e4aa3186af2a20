/* SPDX-License-Identifier: ISC */
#include "platform/linux/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

lke_time clock_now(void)
{
	struct timespec ts;

	/* Cannot fail: the clock exists since Linux 2.6.39 and ts is valid. */
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (lke_time)ts.tv_sec * LKE_SEC + (lke_time)ts.tv_nsec;
}

int clock_timer_open(void)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int clock_timer_set(int fd, lke_time deadline)
{
	struct itimerspec it = { 0 };

	if (deadline != LKE_NEVER) {
		/* An it_value of zero would disarm. */
		if (deadline == 0)
			deadline = 1;
		it.it_value.tv_sec = (time_t)(deadline / LKE_SEC);
		it.it_value.tv_nsec = (long)(deadline % LKE_SEC);
	}
	return timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL) ? -errno : 0;
}

void clock_timer_clear(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return; /* nothing had expired */
}

/* SPDX-License-Identifier: ISC */
/*
 * The wall clock, for one purpose: across a reboot nothing else tells how long it took, so what an
 * access router or a home agent keeps is aged by it, and only ever to a shorter life (THREATS 84).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/clock.h"

uint64_t clock_realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * LKE_SEC + (uint64_t)ts.tv_nsec;
}

int clock_boot_id(uint8_t ret[16])
{
	char text[64];
	unsigned digits = 0;
	ssize_t n;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	close(fd);
	for (ssize_t i = 0; i < n && digits < 32; i++) {
		char c = (char)tolower((unsigned char)text[i]);

		if (!isxdigit((unsigned char)c))
			continue;
		ret[digits / 2] =
			(uint8_t)(ret[digits / 2] << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
		digits++;
	}
	return digits == 32 ? 0 : -EINVAL;
}

static int step_arm(int fd)
{
	/* Far away: only the cancellation is wanted. */
	const struct itimerspec it = { .it_value = { .tv_sec = INT64_C(1) << 33 } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &it, NULL) ? -errno
											   : 0;
}

int clock_step_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = step_arm(fd);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

void clock_step_clear(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != ECANCELED)
		return;
	(void)step_arm(fd);
}

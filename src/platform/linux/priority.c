/* SPDX-License-Identifier: ISC */
#include "platform/linux/priority.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SHORTEST_SLICE_NS = 100 * 1000,
	LONG_SLICE_NS = 3 * 1000 * 1000,
	NICE_BACKGROUND = 5,
	NICE_FIRST = -10
};

/* For the normal policy sched_runtime is the slice; older kernels do not look at it. */
static void set_slice(uint64_t ns, int nice)
{
	struct sched_attr a = { .size = sizeof(a),
				.sched_policy = SCHED_NORMAL,
				.sched_nice = nice,
				.sched_runtime = ns };

	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}

void priority_first(void)
{
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) == 0 && errno == 0)
		(void)setpriority(PRIO_PROCESS, 0, NICE_FIRST);
}

void priority_responsive(void)
{
	set_slice(SHORTEST_SLICE_NS, getpriority(PRIO_PROCESS, 0));
}

void priority_background(void)
{
	int nice = getpriority(PRIO_PROCESS, 0) + NICE_BACKGROUND;

	if (nice < NICE_BACKGROUND)
		nice = NICE_BACKGROUND;
	set_slice(LONG_SLICE_NS, nice < 19 ? nice : 19);
}

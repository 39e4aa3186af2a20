/* SPDX-License-Identifier: ISC */
#include "platform/linux/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of what kinds of memory a dump consists: none (core(5)).  A debugger's dump follows it too. */
static int empty_dumps(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

int memory_no_dumps(void)
{
	const struct rlimit none = { 0, 0 };
	int err = empty_dumps();

	if (err < 0)
		return err;
	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

int memory_lock(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit now;

	if (setrlimit(RLIMIT_MEMLOCK, &all) &&
	    (getrlimit(RLIMIT_MEMLOCK, &now) || now.rlim_cur != RLIM_INFINITY))
		return -EPERM;
	/* On fault: what is reserved and never used, like the stacks of threads, costs nothing. */
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -errno : 0;
}

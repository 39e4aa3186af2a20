/* SPDX-License-Identifier: ISC */
/* Secrets stay in memory: not in a core file, not in swap (THREATS 89). */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

/*
 * No core files, no ptrace by the same user, and nothing of this process's memory in any dump.
 * Inherited by children.  0 or -errno.
 */
int memory_no_dumps(void);

/*
 * Locks all memory of this process, present and future, as it is used.  For root: it raises
 * RLIMIT_MEMLOCK first, since with a limit later allocations would fail.  Not inherited: each
 * process calls it.  0 or -errno; then nothing is locked, and the program may go on.
 */
int memory_lock(void);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that the service manager keeps while lked restarts (sd_notify(3) FDSTORE,
 * sd_listen_fds(3)).  It keeps them over a restart and a crash, and closes them when the service is
 * stopped: what hangs on a descriptor alone needs no other care.
 */
#ifndef DAEMON_FD_STORE_H
#define DAEMON_FD_STORE_H

#include <stdbool.h>
#include <stddef.h>

enum { FD_STORE_MAX = 128, FD_STORE_NAME_MAX = 32 };

struct fd_store_item {
	char name[FD_STORE_NAME_MAX];
	int fd; /* close-on-exec; the caller's */
};

/* The manager keeps descriptors of this service (FDSTORE, which it or the unit sets). */
bool fd_store_offered(void);
/*
 * What was handed over at the start (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), once: the variables
 * are removed.  Number of them; those without a good name are closed.  Anything odd: 0.
 */
size_t fd_store_take(struct fd_store_item ret[FD_STORE_MAX]);
/* To the store; fd stays the caller's.  false: the manager did not take it. */
bool fd_store_put(const char *name, int fd);
/* All of this name leave the store. */
void fd_store_drop(const char *name);

#endif

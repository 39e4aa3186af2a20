/* SPDX-License-Identifier: ISC */
/* sd_notify(3) without libsystemd; nothing happens without $NOTIFY_SOCKET. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>

#include "lke/types.h"

/* Connects; before privileges are dropped. */
void notify_open(void);
/* Lines of VARIABLE=value. */
void notify_text(const char *text);
/* The same with a descriptor, which stays the caller's.  false: nobody took it, see errno. */
bool notify_descriptor(const char *text, int fd);
void notify_ready(void);
void notify_alive(void);
/* How often the service manager wants to hear notify_alive(), or LKE_NEVER ($WATCHDOG_USEC). */
lke_time notify_watchdog(void);
void notify_stopping(void);
void notify_reloading(void); /* until notify_ready() */

#endif

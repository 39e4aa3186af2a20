/* SPDX-License-Identifier: ISC */
/* sd_notify(3) without libsystemd; nothing happens without $NOTIFY_SOCKET. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* Connects; before privileges are dropped. */
void notify_open(void);
void notify_ready(void);
void notify_stopping(void);

#endif

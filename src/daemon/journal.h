/* SPDX-License-Identifier: ISC */
/* journald's native protocol: lines with fields, so that `journalctl LKE_ADDRESS=...` finds them.
 */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "daemon/log.h"

/* stderr is the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5)). */
bool journal_is_stderr(void);
/* A socket connected to the journal at path, before privileges are dropped, or -errno. */
int journal_connect(const char *path);
/*
 * Sends one entry.  note, which may be NULL, gives the fields LKE_ROLE, LKE_EVENT, LKE_ADDRESS and
 * LKE_PEER; ifname LKE_INTERFACE ("": none).  Never waits.  0 or -errno.
 */
int journal_send(int fd, enum log_level level, const char *text, const struct lke_note *note,
		 const char *ifname);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * The key log: every Kbm, for whoever looks at a capture (`lke decode --keylog`, Wireshark).  Off
 * unless root has handed over a file, and off after a restart.  docs/adr/0070.
 */
#ifndef DAEMON_KEYLOG_H
#define DAEMON_KEYLOG_H

#include "daemon/driver.h"

enum { KEYLOG_KEYS_MAX = 1000000 }; /* then it ends: nobody looks any more */

/*
 * Takes fd over: a regular file that only its owner may read, open for appending.  Writes the keys
 * there are, and says so loudly.  0 or -errno (fd is closed): -EPERM for another kind of file.
 */
int keylog_start(struct driver *d, int fd);
void keylog_stop(struct driver *d); /* closes the file; nothing when it is off */
bool keylog_on(const struct driver *d);
void keylog_note(struct driver *d, const struct lke_note *n);

#endif

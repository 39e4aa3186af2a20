/* SPDX-License-Identifier: ISC */
/* Sequence floors and bindings on stable storage (AMB-151).  Privileged process. */
#ifndef DAEMON_CHECKPOINT_H
#define DAEMON_CHECKPOINT_H

#include "daemon/store_batch.h"
#include "daemon/world.h"

/*
 * Reads every floor into w->floor and every binding into w->kept, before the fork.  A damaged store
 * is salvaged: the addresses concerned are marked lost.  An exit code.
 */
int checkpoint_open(struct world *w);
/* Opens the store for writing, after the fork, in the privileged process.  An exit code. */
int checkpoint_start(struct world *w, struct store_batch *b);
/* After a reload: a mobile node may have its first home address. */
void checkpoint_follow(struct world *w, struct store_batch *b);
void checkpoint_close(struct world *w);

#endif

/* SPDX-License-Identifier: ISC */
/* Sequence floors of the home agent on stable storage (AMB-151).  Privileged process. */
#ifndef DAEMON_CHECKPOINT_H
#define DAEMON_CHECKPOINT_H

#include "daemon/world.h"

/* Reads every floor into w->floor, before the fork.  An exit code. */
int checkpoint_open(struct world *w);
/* Opens the store for writing, after the fork, in the privileged process.  An exit code. */
int checkpoint_start(struct world *w);
/* Durable when it returns 0, else a negative error. */
int checkpoint_write(struct world *w, const struct lke_act_checkpoint *act);
void checkpoint_close(struct world *w);

#endif

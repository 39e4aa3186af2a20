/* SPDX-License-Identifier: ISC */
/* The files that outlive a run, opened before the engine process goes into its sandbox. */
#ifndef DAEMON_STATE_OPEN_H
#define DAEMON_STATE_OPEN_H

#include "daemon/world.h"

/*
 * STATE/ar-state.0 and .1 with their key STATE/state.key for an access router with StateFile = yes;
 * without it what an earlier run left there is removed: it is old as soon as this run begins.
 * RUN/mn-state for a mobile node.  An exit code.
 */
int state_open(struct world *w);
/* Closes them and wipes the key; for the process that does not use them. */
void state_close(struct world *w);

#endif

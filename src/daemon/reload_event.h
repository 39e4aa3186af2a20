/* SPDX-License-Identifier: ISC */
/* What a reload, its confirmation or its end was, for those who look on (`lke monitor`). */
#ifndef DAEMON_RELOAD_EVENT_H
#define DAEMON_RELOAD_EVENT_H

#include <jansson.h>

#include "daemon/reload.h"

/*
 * An object of schema lke.event/1.  outcome: of schema lke.reload/1, borrowed; asked: by a client,
 * else by a signal or, with RELOAD_UNDO, by the time.  NULL: out of memory.
 */
json_t *reload_event_json(enum reload_kind kind, bool asked, const json_t *outcome);
/* The same changes the other way round, as lke undo makes them; NULL: out of memory. */
json_t *reload_event_reverse(const json_t *changes);

#endif

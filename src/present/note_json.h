/* SPDX-License-Identifier: ISC */
/* What happened, as JSON: the one object of `lke monitor -j` and `lke decode -j`. */
#ifndef PRESENT_NOTE_JSON_H
#define PRESENT_NOTE_JSON_H

#include <jansson.h>

#include "lke/engine.h"

/*
 * Schema lke.event/1 without a time.  A note without a role is of a capture: there is no role and
 * no direction.  The caller owns the object; NULL without memory.
 */
json_t *note_json(const struct lke_note *n, const char *ifname);

/* An address as text, null when unspecified. */
json_t *in6_json(const struct lke_in6 *a);
const char *role_text(enum lke_role role);

#endif

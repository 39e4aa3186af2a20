/* SPDX-License-Identifier: ISC */
/* lke show: its tables, each from the daemon's JSON (schema lke.show/1). */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl/ctl.h"

/* --- show_parts.c --- */
void show_heading(const struct ctl *c, const char *text);
void show_sequences(const struct ctl *c, const json_t *top);
void show_counters(const struct ctl *c, const json_t *top);
void show_interfaces(const struct ctl *c, const json_t *top);
void show_limits(const struct ctl *c, const json_t *top);
void show_timers(const struct ctl *c, const json_t *top);

#endif

/* SPDX-License-Identifier: ISC */
/* lke show: its tables, each from the daemon's JSON (schema lke.show/1). */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl/ctl.h"

/*
 * A table that comes page by page, so that its first rows are there at once, however many follow.
 * Its columns are those of the rows so far; a page that needs more of them has its own heading.
 */
struct show_table {
	int first, second, rest; /* columns of the addresses, and of what follows the last column */
	bool begun;		 /* has a heading */
};

void show_heading(const struct ctl *c, const char *text);
bool show_has_role(const json_t *top, const char *role);

/*
 * Each prints what is in one page of its part, without a heading, and returns how many objects
 * these were.
 */
typedef size_t show_part_fn(const struct ctl *c, const json_t *top, struct show_table *t);

/* --- show_mobility.c --- */
show_part_fn show_lbsas;
show_part_fn show_bindings;
show_part_fn show_routers;
show_part_fn show_mobiles;
show_part_fn show_agents;
/* An access router's mobile nodes, each with its binding if it has one: of the LBSAs, too. */
show_part_fn show_where;
/* Of LBSAs and bindings those of a mobile node, in lines that begin at a column. */
size_t show_own_lbsas(const struct ctl *c, const json_t *top, int column);
size_t show_own_bindings(const struct ctl *c, const json_t *top, int column);

/* --- show_parts.c --- */
show_part_fn show_sequences;
show_part_fn show_counters;
show_part_fn show_interfaces;
show_part_fn show_limits;
show_part_fn show_timers;

#endif

/* SPDX-License-Identifier: ISC */
/* What lke reload, diff, confirm and undo share. */
#ifndef CTL_CHANGE_H
#define CTL_CHANGE_H

#include "ctl/ctl.h"

/* Asks lked; *ret is the answer (schema lke.reload/1), owned by the caller.  0 or an exit code
 * after a message. */
int change_ask(struct ctl *c, const char *cmd, unsigned confirm_s, json_t **ret);
/* With -j the answer itself.  Else what is different, one a line, to standard output, and problems
 * to standard error.  The exit code that the answer names. */
int change_print(const struct ctl *c, const json_t *answer);
/* A line about one difference. */
void change_line(const char *op, const char *statement, const char *restart);
/* What change_ask() and change_print() do, for a command without options. */
int change_command(struct ctl *c, int argc, char **argv, const char *done);

#endif

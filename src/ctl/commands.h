/* SPDX-License-Identifier: ISC */
/*
 * The one table of subcommands: dispatch, help, usage, completion and the checks of the manual read
 * it.  A new command is one line in commands.c, one prototype here and one file.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/ctl.h"

enum command_group {
	GROUP_LOOK,	/* reads what the daemon knows */
	GROUP_CHANGE,	/* changes what it does */
	GROUP_OFF_LINE, /* works without a daemon */
	GROUP_COUNT
};

struct command {
	const char *name, *args;
	const char *help;   /* one sentence without a stop */
	const char *schema; /* of the JSON that -j prints */
	enum command_group group;
	/* argv[0] is the name; -j is taken out and in c->json.  An exit code. */
	int (*run)(struct ctl *c, int argc, char **argv);
};

extern const struct command commands[]; /* ends with name NULL */

/* NULL after a message that names the nearest command. */
const struct command *command_find(const char *name);

int cmd_attach(struct ctl *c, int argc, char **argv);
int cmd_audit(struct ctl *c, int argc, char **argv);
int cmd_check(struct ctl *c, int argc, char **argv);
int cmd_confirm(struct ctl *c, int argc, char **argv);
int cmd_decode(struct ctl *c, int argc, char **argv);
int cmd_diff(struct ctl *c, int argc, char **argv);
int cmd_doctor(struct ctl *c, int argc, char **argv);
int cmd_export(struct ctl *c, int argc, char **argv);
int cmd_flush(struct ctl *c, int argc, char **argv);
int cmd_genkey(struct ctl *c, int argc, char **argv);
int cmd_handover(struct ctl *c, int argc, char **argv);
int cmd_help(struct ctl *c, int argc, char **argv);
int cmd_import(struct ctl *c, int argc, char **argv);
int cmd_kex(struct ctl *c, int argc, char **argv);
int cmd_keylog(struct ctl *c, int argc, char **argv);
int cmd_leave(struct ctl *c, int argc, char **argv);
int cmd_monitor(struct ctl *c, int argc, char **argv);
int cmd_reload(struct ctl *c, int argc, char **argv);
int cmd_rekey(struct ctl *c, int argc, char **argv);
int cmd_resume(struct ctl *c, int argc, char **argv);
int cmd_serve(struct ctl *c, int argc, char **argv);
int cmd_show(struct ctl *c, int argc, char **argv);
int cmd_showconf(struct ctl *c, int argc, char **argv);
int cmd_status(struct ctl *c, int argc, char **argv);
int cmd_support_bundle(struct ctl *c, int argc, char **argv);
int cmd_suspend(struct ctl *c, int argc, char **argv);
int cmd_top(struct ctl *c, int argc, char **argv);
int cmd_undo(struct ctl *c, int argc, char **argv);
int cmd_version(struct ctl *c, int argc, char **argv);

#endif

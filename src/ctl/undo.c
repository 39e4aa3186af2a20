/* SPDX-License-Identifier: ISC */
/* lke undo: back to the configuration before the last reload. */
#include "ctl/change.h"
#include "ctl/commands.h"

int cmd_undo(struct ctl *c, int argc, char **argv)
{
	return change_command(
		c, argc, argv,
		"undone: lked runs with the configuration before; the files are as they "
		"were, see: lke diff");
}

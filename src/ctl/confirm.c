/* SPDX-License-Identifier: ISC */
/* lke confirm: the last reload is for good. */
#include "ctl/change.h"
#include "ctl/commands.h"

int cmd_confirm(struct ctl *c, int argc, char **argv)
{
	return change_command(c, argc, argv, "confirmed: the reload is for good");
}

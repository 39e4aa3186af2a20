/* SPDX-License-Identifier: ISC */
/* lke attach: the link layer of the mobile node has attached, perhaps to another link. */
#include "ctl/commands.h"

int cmd_attach(struct ctl *c, int argc, char **argv)
{
	if (argc > 2)
		return usage(argv[0], NULL);
	return operate(c, "attach", argc == 2 ? argv[1] : NULL);
}

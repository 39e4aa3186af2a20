/* SPDX-License-Identifier: ISC */
/* lke leave: a mobile node leaves the link of this access router. */
#include "ctl/commands.h"

int cmd_leave(struct ctl *c, int argc, char **argv)
{
	/* The daemon tells an IPv6 from a link-layer address. */
	return argc == 2 ? operate(c, "leave", argv[1]) : usage(argv[0], NULL);
}

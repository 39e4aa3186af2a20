/* SPDX-License-Identifier: ISC */
/* lke handover: the mobile node is about to leave its link. */
#include <string.h>

#include "ctl/commands.h"

int cmd_handover(struct ctl *c, int argc, char **argv)
{
	if (argc == 1)
		return operate(c, "handover", NULL);
	if (argc != 3 || strcmp(argv[1], "--to") != 0)
		return usage(argv[0], NULL);
	if (!operate_is_address(argv[2]))
		return usage(argv[0],
			     "ROUTER is an IPv6 address; those there are: lke show routers");
	return operate(c, "handover", argv[2]);
}

/* SPDX-License-Identifier: ISC */
/* lke suspend: the home agent discontinues the service of a mobile. */
#include "ctl/commands.h"

int cmd_suspend(struct ctl *c, int argc, char **argv)
{
	if (argc != 2)
		return usage(argv[0], NULL);
	if (!operate_is_address(argv[1]))
		return usage(argv[0],
			     "HOMEADDRESS is an IPv6 address; those there are: lke show mobiles");
	return operate(c, "suspend", argv[1]);
}

/* SPDX-License-Identifier: ISC */
/* lke flush: forget state. */
#include <string.h>

#include "ctl/commands.h"

int cmd_flush(struct ctl *c, int argc, char **argv)
{
	const char *cmd, *arg;

	if (argc != 3)
		return usage(argv[0], NULL);
	if (strcmp(argv[1], "lbsa") == 0)
		cmd = "flush-lbsa";
	else if (strcmp(argv[1], "binding") == 0)
		cmd = "flush-binding";
	else
		return usage(argv[0], NULL);
	arg = strcmp(argv[2], "all") == 0 ? "::" : argv[2];
	if (!operate_is_address(arg))
		return usage(argv[0], strcmp(argv[1], "lbsa") == 0
					      ? "ADDRESS is an IPv6 address; those there are: lke "
						"show lbsa"
					      : "ADDRESS is an IPv6 address; those there are: lke "
						"show bindings");
	return operate(c, cmd, arg);
}

/* SPDX-License-Identifier: ISC */
/* lke kex: a key exchange now. */
#include "ctl/commands.h"

int cmd_kex(struct ctl *c, int argc, char **argv)
{
	return argc == 1 ? operate(c, "kex", NULL) : usage(argv[0], NULL);
}

/* SPDX-License-Identifier: ISC */
/* lke version */
#include "ctl/commands.h"

int cmd_version(struct ctl *c, int argc, char **argv)
{
	if (argc != 1)
		return usage(argv[0], NULL);
	if (c->json)
		printf("{\"schema\":\"lke.version/1\",\"version\":\"%s\"}\n", LKE_VERSION);
	else
		printf("lke %s\n", LKE_VERSION);
	return EXIT_OK;
}

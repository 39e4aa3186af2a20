/* SPDX-License-Identifier: ISC */
/* lke showconf: the configuration of all files together, with the place each line comes from. */
#include "ctl/commands.h"

#include <stdlib.h>

#include "daemon/config_file.h"

int cmd_showconf(struct ctl *c, int argc, char **argv)
{
	struct report r = { .out = stderr };
	struct daemon_config cfg;
	char *text;
	int err;

	if (argc > 2)
		return usage(argv[0], NULL);
	err = daemon_config_merge(argc == 2 ? argv[1] : c->config, &r, &cfg, &text);
	daemon_config_done(&cfg);
	if (err)
		return err == LKE_ERR_INVAL ? EXIT_CONFIG : EXIT_FAILED;
	fputs(text, stdout);
	free(text);
	return EXIT_OK;
}

/* SPDX-License-Identifier: ISC */
/* lke status: healthy, or what is wrong. */
#include "ctl/commands.h"

int cmd_status(struct ctl *c, int argc, char **argv)
{
	json_t *j;
	bool healthy;
	int code;

	if (argc != 1)
		return usage(argv[0], NULL);
	code = client_ask(c, json_pack("{s:s}", "cmd", "status"), &j);
	if (code)
		return code;
	healthy = json_is_true(json_object_get(j, "healthy"));
	if (c->json) {
		json_dumpf(j, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		printf("%s: %s\n", healthy ? "healthy" : "degraded", text_get(j, "why"));
	}
	json_decref(j);
	return healthy ? EXIT_OK : EXIT_DEGRADED;
}

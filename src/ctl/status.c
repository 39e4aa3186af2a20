/* SPDX-License-Identifier: ISC */
/* lke status, and the commands that change something. */
#include "ctl/ctl.h"

#include <arpa/inet.h>
#include <string.h>

int cmd_status(struct ctl *c, int argc, char **argv)
{
	json_t *j;
	bool healthy;
	int code;

	if (argc != 1)
		return usage("status takes no argument");
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

static int operate(struct ctl *c, const char *cmd, const char *arg)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd), *j;
	struct in6_addr a;
	int code;

	/* The daemon reads what else may name a leaving node. */
	if (arg && strcmp(cmd, "leave") != 0 && inet_pton(AF_INET6, arg, &a) != 1) {
		json_decref(request);
		return usage("an IPv6 address is needed");
	}
	if (arg)
		json_object_set_new(request, "arg", json_string(arg));
	code = client_ask(c, request, &j);
	if (code)
		return code;
	if (c->json)
		puts("{\"ok\":true}");
	json_decref(j);
	return EXIT_OK;
}

int cmd_operate(struct ctl *c, int argc, char **argv)
{
	if (strcmp(argv[0], "handover") == 0) {
		if (argc == 1)
			return operate(c, "handover", NULL);
		if (argc == 3 && strcmp(argv[1], "--to") == 0)
			return operate(c, "handover", argv[2]);
		return usage("handover [--to ROUTER]");
	}
	if (strcmp(argv[0], "kex") == 0)
		return argc == 1 ? operate(c, "kex", NULL) : usage("kex takes no argument");
	if (strcmp(argv[0], "flush") == 0) {
		const char *arg = argc == 3 && strcmp(argv[2], "all") == 0 ? "::" : argv[argc - 1];

		if (argc == 3 && strcmp(argv[1], "lbsa") == 0)
			return operate(c, "flush-lbsa", arg);
		if (argc == 3 && strcmp(argv[1], "binding") == 0)
			return operate(c, "flush-binding", arg);
		return usage("flush lbsa|binding ADDRESS|all");
	}
	if (argc != 2)
		return usage(strcmp(argv[0], "leave") == 0 ? "leave ADDRESS|LINK-LAYER-ADDRESS"
							   : "suspend|resume HOMEADDRESS");
	return operate(c, argv[0], argv[1]);
}

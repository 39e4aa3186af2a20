/* SPDX-License-Identifier: ISC */
/* What the commands that change something share. */
#include <arpa/inet.h>

#include "ctl/ctl.h"

bool operate_is_address(const char *text)
{
	struct in6_addr a;

	return inet_pton(AF_INET6, text, &a) == 1;
}

int operate(struct ctl *c, const char *cmd, const char *arg)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd), *j;
	int code;

	if (arg)
		json_object_set_new(request, "arg", json_string(arg));
	code = client_ask(c, request, &j);
	if (code)
		return code;
	if (c->json)
		puts("{\"schema\":\"lke.answer/1\",\"ok\":true}");
	json_decref(j);
	return EXIT_OK;
}

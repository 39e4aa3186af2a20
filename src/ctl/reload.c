/* SPDX-License-Identifier: ISC */
/* lke reload: lked reads its files again and takes over what changed. */
#include "ctl/change.h"
#include "ctl/commands.h"

#include <string.h>

#include "daemon/config_number.h"
#include "daemon/reload.h"

static bool parse_time(const char *text, unsigned *ret)
{
	uint64_t v;

	if (!text || !number_parse(text, UNIT_SECONDS, &v) || v < 1 || v > RELOAD_CONFIRM_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

static void say_done(const json_t *answer, unsigned confirm_s)
{
	size_t n = json_array_size(json_object_get(answer, "changes"));

	if (strcmp(text_get(answer, "result"), "done") != 0)
		puts(text_get(answer, "text"));
	else if (confirm_s)
		printf("done, %zu %s; it is undone in %u s without: lke confirm\n", n,
		       n == 1 ? "change" : "changes", confirm_s);
	else
		printf("done, %zu %s; lke undo goes back\n", n, n == 1 ? "change" : "changes");
}

int cmd_reload(struct ctl *c, int argc, char **argv)
{
	unsigned confirm_s = 0;
	json_t *answer;
	int code;

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "--confirm-within") != 0))
		return usage(argv[0], NULL);
	if (argc == 3 && !parse_time(argv[2], &confirm_s))
		return usage(argv[0], "TIME is 1s to 24h");
	code = change_ask(c, "reload", confirm_s, &answer);
	if (code)
		return code;
	code = change_print(c, answer);
	if (!code && !c->json)
		say_done(answer, confirm_s);
	json_decref(answer);
	return code;
}

/* SPDX-License-Identifier: ISC */
#include "ctl/change.h"

#include <stdlib.h>
#include <unistd.h>

/* Reading the files may take lked its 20 s. */
#define CHANGE_TIMEOUT_MS 25000

int change_ask(struct ctl *c, const char *cmd, unsigned confirm_s, json_t **ret)
{
	struct client_buf b = { 0 };
	int fd, code = client_open(c, json_pack("{s:s,s:i}", "cmd", cmd, "confirm", (int)confirm_s),
				   &fd);

	if (code)
		return code;
	code = client_read(fd, &b, CHANGE_TIMEOUT_MS, ret);
	free(b.text);
	close(fd);
	return code;
}

void change_line(const char *op, const char *statement, const char *restart)
{
	printf("%s %s\n", op, statement);
	if (restart)
		printf("    needs a restart of lked: %s\n", restart);
}

static const char *sign(const char *change)
{
	return change[0] == 'g' ? "-" : change[0] == 'n' ? "+" : "~"; /* gone, new, key */
}

int change_print(const struct ctl *c, const json_t *answer)
{
	int code = (int)json_integer_value(json_object_get(answer, "code"));
	json_t *j;
	size_t i;

	if (c->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		return code;
	}
	json_array_foreach(json_object_get(answer, "problems"), i, j)
		fprintf(stderr, "%s\n", json_string_value(j));
	json_array_foreach(json_object_get(answer, "changes"), i, j)
		change_line(sign(text_get(j, "change")), text_get(j, "statement"),
			    json_string_value(json_object_get(j, "restart")));
	if (code)
		fprintf(stderr, "lke: %s\n", text_get(answer, "text"));
	return code;
}

int change_command(struct ctl *c, int argc, char **argv, const char *done)
{
	json_t *answer;
	int code;

	if (argc != 1)
		return usage(argv[0], NULL);
	code = change_ask(c, argv[0], 0, &answer);
	if (code)
		return code;
	code = change_print(c, answer);
	if (!code && !c->json)
		puts(done);
	json_decref(answer);
	return code;
}

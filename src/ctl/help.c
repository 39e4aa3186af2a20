/* SPDX-License-Identifier: ISC */
/* lke help, and what is printed when a command is written wrongly: from the one table. */
#include <string.h>

#include "ctl/commands.h"

enum {
	COLUMNS = 80,
	LEFT = 33, /* columns of the command and its arguments */
};

static const char *const group[GROUP_COUNT] = {
	[GROUP_LOOK] = "look",
	[GROUP_CHANGE] = "change",
	[GROUP_OFF_LINE] = "without a daemon",
};

static const struct {
	int code;
	const char *text;
} exit_codes[] = {
#define X(id, code, text) { code, text },
	EXIT_CODE_LIST(X)
#undef X
};

#define EXIT_CODES (sizeof(exit_codes) / sizeof(exit_codes[0]))

/* Words from the current column on, broken before COLUMNS, further lines indented. */
static void wrap(FILE *out, int column, int indent, const char *text)
{
	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column > indent && column + 1 + n > COLUMNS) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", n, text);
		column += n;
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

static void print_line(const struct command *cmd)
{
	char left[96];
	int n = snprintf(left, sizeof(left), "  %s %s", cmd->name, cmd->args);

	if (n < LEFT - 1)
		printf("%-*s", LEFT, left);
	else
		printf("%s\n%*s", left, LEFT, "");
	wrap(stdout, LEFT, LEFT, cmd->help);
}

static void print_exit_codes(void)
{
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i < EXIT_CODES; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%d %s", i ? ", " : "",
				      exit_codes[i].code, exit_codes[i].text);
	printf("\nexit: ");
	wrap(stdout, 6, 6, line);
}

static void print_all(void)
{
	puts("usage: lke [--run DIR] [-c FILE] [-j] COMMAND [ARGUMENT...]   (no command: show)");
	for (int g = 0; g < GROUP_COUNT; g++) {
		printf("\n%s\n", group[g]);
		for (const struct command *cmd = commands; cmd->name; cmd++)
			if ((int)cmd->group == g)
				print_line(cmd);
	}
	puts("\nmore: lke help COMMAND, man lke");
	print_exit_codes();
}

static void print_usage(FILE *out, const struct command *cmd)
{
	fprintf(out, "usage: lke %s%s%s [-j]\n", cmd->name, *cmd->args ? " " : "", cmd->args);
}

static int print_one(const struct command *cmd)
{
	print_usage(stdout, cmd);
	wrap(stdout, 0, 0, cmd->help);
	printf("-j prints JSON of the schema %s\n", cmd->schema);
	return EXIT_OK;
}

static json_t *command_json(const struct command *cmd)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "command", cmd->name, "arguments", cmd->args,
			 "help", cmd->help, "group", group[cmd->group], "schema", cmd->schema);
}

/* one NULL: all. */
static int print_json(const struct command *one)
{
	json_t *list = json_array(), *codes = json_array();

	for (const struct command *cmd = one ? one : commands; cmd->name; cmd++) {
		json_array_append_new(list, command_json(cmd));
		if (one)
			break;
	}
	for (size_t i = 0; i < EXIT_CODES; i++)
		json_array_append_new(codes, json_pack("{s:i,s:s}", "code", exit_codes[i].code,
						       "text", exit_codes[i].text));
	return ctl_print_json(json_pack("{s:s,s:o,s:o}", "schema", "lke.help/1", "commands", list,
					"exit_codes", codes));
}

int cmd_help(struct ctl *c, int argc, char **argv)
{
	const struct command *cmd = NULL;

	if (argc > 2)
		return usage(argv[0], NULL);
	if (argc == 2) {
		cmd = command_find(argv[1]);
		if (!cmd)
			return EXIT_USAGE;
	}
	if (c->json)
		return print_json(cmd);
	if (cmd)
		return print_one(cmd);
	print_all();
	return EXIT_OK;
}

int usage(const char *name, const char *why)
{
	if (why)
		fprintf(stderr, "lke: %s\n", why);
	print_usage(stderr, command_find(name));
	fprintf(stderr, "see: lke help %s\n", name);
	return EXIT_USAGE;
}

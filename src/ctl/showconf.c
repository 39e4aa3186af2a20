/* SPDX-License-Identifier: ISC */
/* lke showconf: the configuration of all files together, with the place each line comes from. */
#include "ctl/commands.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/config_file.h"

/* "Mtu = 1400      # /etc/lke/lke.conf:7" is cut into what is said, and its file and line; NULL: it
 * is no such line.  A value has no " # ", which begins a comment; the name of a section may. */
static const char *cut(char *line, int *ret_line)
{
	char *end = *line == '[' ? strchr(line, ']') : line;
	char *at = end ? strstr(end, " # ") : NULL, *colon = at ? strrchr(at, ':') : NULL;
	const char *file;

	if (!colon)
		return NULL;
	*colon = '\0';
	*ret_line = (int)strtol(colon + 1, NULL, 10);
	file = at + 3;
	while (at > line && at[-1] == ' ')
		at--;
	*at = '\0';
	return file;
}

/* "[Mobile alice]" */
static int add_section(json_t *sections, char *line)
{
	int number;
	const char *file = cut(line, &number);
	char *name, *end = file ? strchr(line, ']') : NULL;

	if (!end)
		return -1;
	*end = '\0';
	name = line + 1 + strcspn(line + 1, " \t");
	if (*name)
		*name++ = '\0';
	name += strspn(name, " \t");
	return json_array_append_new(sections, json_pack("{s:s,s:s?,s:s,s:i,s:[]}", "section",
							 line + 1, "name", *name ? name : NULL,
							 "file", file, "line", number, "keys"));
}

/* "Mtu = 1400" */
static int add_key(json_t *sections, char *line)
{
	json_t *last = json_array_get(sections, json_array_size(sections) - 1);
	int number;
	const char *file = cut(line, &number);
	char *eq = file ? strstr(line, " =") : NULL;

	if (!eq)
		return -1;
	*eq = '\0';
	return json_array_append_new(json_object_get(last, "keys"),
				     json_pack("{s:s,s:s,s:s,s:i}", "key", line, "value",
					       eq[2] ? eq + 3 : "", "file", file, "line", number));
}

/* Cuts the text, which is ours.  NULL: it is not UTF-8, or there is no memory. */
static json_t *as_json(char *text)
{
	json_t *sections = json_array();
	char *rest = text, *line;
	int err = 0;

	while (!err && (line = strsep(&rest, "\n")))
		if (*line)
			err = *line == '[' ? add_section(sections, line) : add_key(sections, line);
	if (err) {
		json_decref(sections);
		return NULL;
	}
	return json_pack("{s:s,s:o}", "schema", "lke.config/1", "sections", sections);
}

static int print_json(char *text)
{
	json_t *j = as_json(text);

	if (j)
		return ctl_print_json(j);
	fprintf(stderr, "lke: this configuration is no JSON: is it UTF-8? see: lke showconf\n");
	return EXIT_FAILED;
}

int cmd_showconf(struct ctl *c, int argc, char **argv)
{
	struct report r = { .out = stderr };
	struct daemon_config cfg;
	int err, code = EXIT_OK;
	char *text;

	if (argc > 2)
		return usage(argv[0], NULL);
	err = daemon_config_merge(argc == 2 ? argv[1] : c->config, &r, &cfg, &text);
	daemon_config_done(&cfg);
	if (err)
		return r.denied		      ? EXIT_PERMISSION
		       : err == LKE_ERR_INVAL ? EXIT_CONFIG
					      : EXIT_FAILED;
	if (c->json)
		code = print_json(text);
	else
		fputs(text, stdout);
	free(text);
	return code;
}

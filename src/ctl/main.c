/* SPDX-License-Identifier: ISC */
/* lke(1): options, and to the command. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/layout.h"

/* The value of an option that follows the command, too, or NULL. */
static const char *value_of(const char *name, const char *letter, char **argv, int *i)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) == 0 && argv[*i][len] == '=')
		return argv[*i] + len + 1;
	if (strcmp(argv[*i], name) != 0 && strcmp(argv[*i], letter) != 0)
		return NULL;
	return argv[*i + 1] ? argv[++*i] : NULL;
}

/* -j, -c and --run may stand anywhere; they are taken out of the arguments. */
static int take_options(struct ctl *c, int argc, char **argv)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		const char *value;

		if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if ((value = value_of("--run", "--run", argv, &i)))
			c->run_dir = value;
		else if ((value = value_of("--config", "-c", argv, &i)))
			c->config = value;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

static int parse_options(struct ctl *c, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "run", required_argument, NULL, 'r' }, { "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	 { "version", no_argument, NULL, 'V' },
		{ "json", no_argument, NULL, 'j' },	 { 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "+jhc:", longopts, NULL)) != -1) {
		switch (o) {
		case 'r':
			c->run_dir = optarg;
			break;
		case 'c':
			c->config = optarg;
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			exit(cmd_help(c, 1, NULL));
		case 'V':
			exit(cmd_version(c, 1, NULL));
		default: /* getopt_long() has said what is wrong */
			fprintf(stderr, "see: lke help\n");
			exit(EXIT_USAGE);
		}
	}
	return optind;
}

static bool asks_for_help(int argc, char **argv)
{
	return argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0);
}

static int run(struct ctl *c, int argc, char **argv)
{
	const struct command *cmd = command_find(argv[0]);

	if (!cmd)
		return EXIT_USAGE;
	if (asks_for_help(argc, argv)) {
		char *help[] = { (char *)"help", argv[0], NULL };

		return cmd_help(c, 2, help);
	}
	return cmd->run(c, argc, argv);
}

int main(int argc, char **argv)
{
	static char *show[] = { (char *)"show", NULL };
	struct ctl c = { .run_dir = "/run/lke", .config = "/etc/lke/lke.conf" };
	char path[512];
	int first = parse_options(&c, argc, argv);

	argv += first;
	argc = take_options(&c, argc - first, argv);
	snprintf(path, sizeof(path), "%s/ctl.sock", c.run_dir);
	c.socket_path = path;
	c.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	c.columns = layout_columns();
	return argc == 0 ? run(&c, 1, show) : run(&c, argc, argv);
}

/* SPDX-License-Identifier: ISC */
/* lke(1): the table of subcommands. */
#include "ctl/ctl.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LKED_PATH
#define LKED_PATH "/usr/sbin/lked"
#endif

static int cmd_check(struct ctl *c, int argc, char **argv);
static int cmd_version(struct ctl *c, int argc, char **argv);
static int cmd_help(struct ctl *c, int argc, char **argv);

static const struct command {
	const char *name, *args, *help;
	int (*run)(struct ctl *c, int argc, char **argv);
} commands[] = {
	{ "show", "[WHAT] [-j]",
	  "state; WHAT: lbsa, bindings, routers, mobiles, interfaces, counters, all", cmd_show },
	{ "status", "[-j]", "one line; exit 0 healthy, 8 degraded", cmd_status },
	{ "monitor", "[-j]", "live events", cmd_monitor },
	{ "handover", "[--to ROUTER]", "the mobile node is about to leave its link", cmd_operate },
	{ "kex", "", "start a key exchange now", cmd_operate },
	{ "flush", "lbsa|binding ADDRESS|all", "forget state", cmd_operate },
	{ "leave", "ADDRESS|MAC", "access router: this mobile node leaves its link", cmd_operate },
	{ "suspend", "HOMEADDRESS", "home agent: discontinue a mobile's service", cmd_operate },
	{ "resume", "HOMEADDRESS", "home agent: continue it", cmd_operate },
	{ "check", "[FILE]", "check a configuration; exit 0 right, 3 wrong", cmd_check },
	{ "genkey", "[--integrity I] [--encryption E]", "write a key file to standard output",
	  cmd_genkey },
	{ "version", "", "version of this program", cmd_version },
	{ "help", "", "this text", cmd_help },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int usage(const char *what)
{
	fprintf(stderr, "lke: usage: %s\nlke: see: lke help\n", what);
	return EXIT_USAGE;
}

static int cmd_version(struct ctl *c, int argc, char **argv)
{
	printf("lke %s\n", LKE_VERSION);
	return EXIT_OK;
}

static int cmd_help(struct ctl *c, int argc, char **argv)
{
	puts("usage: lke [--run DIR] COMMAND [ARGUMENT...]      (no command: show)\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].args);
		if (strlen(left) > 30)
			printf("  %s\n  %-30s  %s\n", left, "", commands[i].help);
		else
			printf("  %-30s  %s\n", left, commands[i].help);
	}
	puts("\nexit: 0 ok, 1 failed, 2 usage, 3 configuration, 4 lked does not run, 5 "
	     "permission,\n"
	     "      6 timeout, 7 no such object, 8 degraded");
	return EXIT_OK;
}

/* The daemon's own check, so that there is one: beside this program (build tree, /usr/local), or
 * installed. */
static int cmd_check(struct ctl *c, int argc, char **argv)
{
	char self[4096], beside[4200];
	const char *file = argc == 2 ? argv[1] : "/etc/lke/lke.conf";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const where[] = { "/../daemon/lked", "/../sbin/lked", "/lked" };
	char *slash;

	if (argc > 2)
		return usage("check [FILE]");
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(where) / sizeof(where[0]); i++) {
		*slash = '\0';
		snprintf(beside, sizeof(beside), "%s%s", self, where[i]);
		execl(beside, "lked", "--check", "-c", file, (char *)NULL);
	}
	execl(LKED_PATH, "lked", "--check", "-c", file, (char *)NULL);
	fprintf(stderr, "lke: %s: %s\n", LKED_PATH, strerror(errno));
	return EXIT_FAILED;
}

/* -j may stand anywhere; it is taken out of the arguments. */
static int take_json(struct ctl *c, int argc, char **argv)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			c->json = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

static int parse_options(struct ctl *c, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "+jh", longopts, NULL)) != -1) {
		switch (o) {
		case 'r':
			c->run_dir = optarg;
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			exit(cmd_help(c, 0, NULL));
		case 'V':
			exit(cmd_version(c, 0, NULL));
		default:
			exit(EXIT_USAGE);
		}
	}
	return optind;
}

int main(int argc, char **argv)
{
	static char *show[] = { (char *)"show", NULL };
	struct ctl c = { .run_dir = "/run/lke" };
	char path[512];
	int first = parse_options(&c, argc, argv);

	snprintf(path, sizeof(path), "%s/ctl.sock", c.run_dir);
	c.socket_path = path;
	c.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	argv += first;
	argc = take_json(&c, argc - first, argv);
	if (argc == 0) {
		argv = show;
		argc = 1;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return commands[i].run(&c, argc, argv);
	fprintf(stderr, "lke: unknown command '%s'; see: lke help\n", argv[0]);
	return EXIT_USAGE;
}

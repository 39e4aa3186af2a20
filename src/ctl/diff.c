/* SPDX-License-Identifier: ISC */
/*
 * lke diff: what the files say and the daemon does not do yet.  The daemon leaves the configuration
 * it started with in its run directory, as `lke showconf` prints it.
 */
#include "ctl/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_file.h"

#define RUNNING_MAX (64 << 20)

/* The statements of a configuration, each with its section: "[AccessRouter] wlan0: Mtu = 1400". */
struct statements {
	char **line;
	size_t n, cap;
};

static int add(struct statements *s, const char *section, const char *interface, const char *pair)
{
	char *text;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		char **p = realloc(s->line, cap * sizeof(*p));

		if (!p)
			return -1;
		s->line = p;
		s->cap = cap;
	}
	if (asprintf(&text, "%s%s%s: %s", section, *interface ? " " : "", interface, pair) < 0)
		return -1;
	s->line[s->n++] = text;
	return 0;
}

static void done(struct statements *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->line[i]);
	free(s->line);
}

/* Cuts the origin off, and blanks at the end. */
static void strip(char *line)
{
	char *hash = strchr(line, '#');
	size_t len;

	if (hash)
		*hash = '\0';
	len = strlen(line);
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\n'))
		line[--len] = '\0';
}

/* text is cut into its lines. */
static int parse(char *text, struct statements *ret)
{
	const char *section = "", *interface = "";
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		strip(line);
		if (line[0] == '\0')
			continue;
		if (line[0] == '[') {
			section = line;
			interface = "";
			continue;
		}
		/* Access routers have one section an interface. */
		if (strcmp(section, "[AccessRouter]") == 0 &&
		    strncmp(line, "Interface = ", 12) == 0)
			interface = line + 12;
		if (add(ret, section, interface, line) < 0)
			return -1;
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Both sorted; equal statements go away in pairs.  How many differ. */
static size_t compare(struct statements *old, struct statements *now)
{
	size_t i = 0, j = 0, differ = 0;

	qsort(old->line, old->n, sizeof(char *), by_text);
	qsort(now->line, now->n, sizeof(char *), by_text);
	while (i < old->n || j < now->n) {
		int c = i == old->n ? 1 : j == now->n ? -1 : strcmp(old->line[i], now->line[j]);

		if (c == 0) {
			i++;
			j++;
			continue;
		}
		printf("%c %s\n", c < 0 ? '-' : '+', c < 0 ? old->line[i++] : now->line[j++]);
		differ++;
	}
	return differ;
}

/* 0 and *ret, which the caller frees, or an exit code after a message. */
static int read_running(const struct ctl *c, char **ret)
{
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/running.conf", c->run_dir);
	f = fopen(path, "re");
	if (!f) {
		if (errno == ENOENT) {
			fprintf(stderr, "lke: lked does not run (no %s)\n", path);
			return EXIT_NO_DAEMON;
		}
		fprintf(stderr, "lke: %s: %s%s\n", path, strerror(errno),
			errno == EACCES ? "; be root or in the group lke" : "");
		return errno == EACCES ? EXIT_PERMISSION : EXIT_FAILED;
	}
	*ret = malloc(RUNNING_MAX);
	len = *ret ? fread(*ret, 1, RUNNING_MAX - 1, f) : 0;
	fclose(f);
	if (!*ret)
		return EXIT_FAILED;
	(*ret)[len] = '\0';
	return EXIT_OK;
}

int cmd_diff(struct ctl *c, int argc, char **argv)
{
	struct statements old = { 0 }, now = { 0 };
	struct report r = { .out = stderr };
	struct daemon_config cfg;
	char *running = NULL, *files = NULL;
	int code, err;

	if (argc > 2)
		return usage(argv[0], NULL);
	code = read_running(c, &running);
	if (code)
		return code;
	err = daemon_config_merge(argc == 2 ? argv[1] : c->config, &r, &cfg, &files);
	daemon_config_done(&cfg);
	if (err) {
		free(running);
		return err == LKE_ERR_INVAL ? EXIT_CONFIG : EXIT_FAILED;
	}
	if (parse(running, &old) < 0 || parse(files, &now) < 0) {
		fprintf(stderr, "lke: out of memory\n");
		code = EXIT_FAILED;
	} else if (compare(&old, &now) == 0) {
		puts("no difference: lked runs with what the files say");
	} else {
		puts("(lked takes it over when it is restarted)");
	}
	done(&old);
	done(&now);
	free(running);
	free(files);
	return code;
}

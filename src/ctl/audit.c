/* SPDX-License-Identifier: ISC */
/* lke audit: the journal of Binding Updates, as a table or (-j) as it is stored, oldest first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/layout.h"
#include "daemon/remedy.h"

enum { FILES = 4, TABLE = 110 /* columns that a table needs */ };

struct filter {
	const char *who; /* name, home address, or NULL */
	bool json;
	int columns;
	unsigned long shown;
};

static bool wanted(const struct filter *f, const json_t *j)
{
	return !f->who || strcmp(text_get(j, "name"), f->who) == 0 ||
	       strcmp(text_get(j, "home_address"), f->who) == 0;
}

static void print_row(int columns, const json_t *j)
{
	char status[16] = "", spi[24] = "", more[48] = "";

	if (text_number(j, "status") > 0)
		snprintf(status, sizeof(status), " status %.0f", text_number(j, "status"));
	if (text_number(j, "spi") > 0)
		snprintf(spi, sizeof(spi), " spi 0x%x", (unsigned)text_number(j, "spi"));
	if (text_number(j, "repeats") > 0)
		snprintf(more, sizeof(more), " (%.0f more refused before)",
			 text_number(j, "repeats"));
	if (columns >= TABLE)
		printf("%-24s %-12s %-22s %-26s %6.0f %-12s%s%s%s\n", text_get(j, "time"),
		       text_get(j, "name"), text_get(j, "home_address"),
		       text_get(j, "care_of_address"), text_number(j, "sequence"),
		       text_get(j, "verdict"), status, spi, more);
	else
		layout_print(columns, 4, "%s %s %s from %s: seq %.0f %s%s%s%s", text_get(j, "time"),
			     text_get(j, "name"), text_get(j, "home_address"),
			     text_get(j, "care_of_address"), text_number(j, "sequence"),
			     text_get(j, "verdict"), status, spi, more);
}

static void take_line(struct filter *f, const char *line)
{
	json_t *j = json_loads(line, 0, NULL);

	/* A line that a full disk cut short is none. */
	if (j && wanted(f, j)) {
		if (f->json)
			fputs(line, stdout);
		else
			print_row(f->columns, j);
		f->shown++;
	}
	json_decref(j);
}

/* 0, or an exit code; a file that is not there is no error. */
static int read_file(struct filter *f, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	if (!in) {
		if (errno == ENOENT)
			return 0;
		fprintf(stderr, "lke: %s: %s%s\n", path, strerror(errno), remedy_of(errno));
		return errno == EACCES ? EXIT_PERMISSION : EXIT_FAILED;
	}
	while (getline(&line, &cap, in) > 0)
		take_line(f, line);
	free(line);
	fclose(in);
	return 0;
}

/* As lke show says of an empty part. */
static void say_none(const struct filter *f, const char *path, bool there)
{
	if (!there)
		layout_print(f->columns, 6,
			     "  none: %s is not there; a home agent writes it, into the directory "
			     "that --state names",
			     path);
	else if (f->who)
		layout_print(f->columns, 6,
			     "  none: no Binding Update of %s is recorded; see: lke show mobiles",
			     f->who);
	else
		layout_print(f->columns, 6, "  none: no Binding Update has come");
}

int cmd_audit(struct ctl *c, int argc, char **argv)
{
	struct filter f = { .json = c->json, .columns = c->columns };
	const char *state = "/var/lib/lke";
	char path[4096];
	bool there;
	int code = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
			state = argv[++i];
		else if (argv[i][0] != '-' && !f.who)
			f.who = argv[i];
		else
			return usage(argv[0], NULL);
	}
	snprintf(path, sizeof(path), "%s/audit.log", state);
	there = access(path, F_OK) == 0;
	if (!f.json && c->columns >= TABLE)
		printf("%-24s %-12s %-22s %-26s %6s %s\n", "time", "name", "home address",
		       "care-of address", "seq", "verdict");
	for (int n = FILES - 1; n >= 0 && code == 0; n--) {
		if (n)
			snprintf(path, sizeof(path), "%s/audit.log.%d", state, n);
		else
			snprintf(path, sizeof(path), "%s/audit.log", state);
		code = read_file(&f, path);
	}
	if (code == 0 && !f.shown && !f.json)
		say_none(&f, path, there);
	return code;
}

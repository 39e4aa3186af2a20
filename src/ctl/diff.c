/* SPDX-License-Identifier: ISC */
/*
 * lke diff: what the files say and the daemon does not do yet.  The daemon compares, as for lke
 * reload: it alone knows which keys it has.  Another file is compared here, with what the daemon
 * left in its run directory.
 */
#include "ctl/change.h"
#include "ctl/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_diff.h"

#define RUNNING_MAX (64 << 20)

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
			fprintf(stderr,
				"lke: lked does not run (no %s); start it, or name its directory "
				"by --run\n",
				path);
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

static json_t *change_json(const struct config_change *c)
{
	return json_pack("{s:s,s:s,s:s,s:s?}", "change", c->op == '-' ? "gone" : "new", "statement",
			 c->text, "place", c->place, "restart", c->restart);
}

/* As lked says it of its own files. */
static int print_json(const struct config_diff *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(list, change_json(&d->change[i]));
	return ctl_print_json(
		json_pack("{s:s,s:s,s:s,s:i,s:n,s:o,s:[]}", "schema", "lke.reload/1", "result",
			  d->n ? "done" : "same", "text",
			  d->n ? "the keys in key files were not compared"
			       : "no difference; the keys in key files were not compared",
			  "code", EXIT_OK, "confirm_within", "changes", list, "problems"));
}

static int print_text(const struct config_diff *d)
{
	for (size_t i = 0; i < d->n; i++)
		change_line((char[]){ d->change[i].op, '\0' }, d->change[i].text,
			    d->change[i].restart);
	puts(d->n ? "(the keys in key files were not compared)"
		  : "no difference; the keys in key files were not compared");
	return EXIT_OK;
}

static int diff_texts(const struct ctl *c, const char *running, const char *files)
{
	struct config_diff d;
	int code;

	if (config_diff(running, files, &d) < 0) {
		fprintf(stderr, "lke: out of memory\n");
		code = EXIT_FAILED;
	} else {
		code = c->json ? print_json(&d) : print_text(&d);
	}
	config_diff_done(&d);
	return code;
}

static int diff_file(struct ctl *c, const char *file)
{
	struct report r = { .out = stderr };
	struct daemon_config cfg;
	char *running = NULL, *files = NULL;
	int code = read_running(c, &running), err;

	if (code)
		return code;
	err = daemon_config_merge(file, &r, &cfg, &files);
	daemon_config_done(&cfg);
	code = r.denied		      ? EXIT_PERMISSION
	       : err == LKE_ERR_INVAL ? EXIT_CONFIG
	       : err		      ? EXIT_FAILED
				      : diff_texts(c, running, files);
	free(running);
	if (!err)
		free(files);
	return code;
}

int cmd_diff(struct ctl *c, int argc, char **argv)
{
	json_t *answer;
	int code;

	if (argc > 2)
		return usage(argv[0], NULL);
	if (argc == 2)
		return diff_file(c, argv[1]);
	code = change_ask(c, "diff", 0, &answer);
	if (code)
		return code;
	/* That something needs a restart is what was asked. */
	if (strcmp(text_get(answer, "result"), "restart") == 0)
		json_object_set_new(answer, "code", json_integer(EXIT_OK));
	code = change_print(c, answer);
	if (!code && !c->json && strcmp(text_get(answer, "result"), "restart") == 0)
		puts("(a restart of lked takes it over; lke reload takes over none of it)");
	else if (!code && !c->json)
		puts(json_array_size(json_object_get(answer, "changes"))
			     ? "(lke reload takes it over)"
			     : text_get(answer, "text"));
	json_decref(answer);
	return code;
}

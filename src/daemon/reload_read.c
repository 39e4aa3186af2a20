/* SPDX-License-Identifier: ISC */
/*
 * The child that reads the files, as they are read at the start: by the same parsers, with the user
 * of the privileged process and without any capability.  What goes wrong here goes wrong for it
 * alone.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_diff.h"
#include "daemon/config_image.h"
#include "daemon/key_digest.h"
#include "daemon/log.h"
#include "daemon/reload.h"
#include "daemon/world.h"

enum { LOGGED_MAX = 8 }; /* changes that are said one by one */

/* A role that comes or goes takes its whole section with it. */
static const char *role_restart(const struct daemon_config *old, const struct daemon_config *now,
				const char *text)
{
	static const char why[] = "a role neither comes nor goes while lked runs";
	const struct lke_config *a = &old->engine, *b = &now->engine;

	if ((a->ars > 0) != (b->ars > 0) && strncmp(text, "[AccessRouter]", 14) == 0)
		return why;
	if ((a->mn.interfaces > 0) != (b->mn.interfaces > 0) &&
	    strncmp(text, "[MobileNode]", 12) == 0)
		return why;
	return (a->ha.interfaces > 0) != (b->ha.interfaces > 0) &&
			       (strncmp(text, "[HomeAgent]", 11) == 0 ||
				strncmp(text, "[Mobile ", 8) == 0)
		       ? why
		       : NULL;
}

/* Does any of it need a restart? */
static bool judge(const struct daemon_config *old, const struct daemon_config *now,
		  struct config_diff *d)
{
	bool needs = config_needs_restart(old, now);

	for (size_t i = 0; i < d->n; i++) {
		struct config_change *c = &d->change[i];

		if (!needs)
			c->restart = NULL; /* written otherwise, the same value */
		else if (!c->restart)
			c->restart = role_restart(old, now, c->text);
	}
	return needs;
}

static json_t *changes_json(const struct config_diff *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct config_change *c = &d->change[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s?}", "change",
						      c->op == '-'   ? "gone"
						      : c->op == '+' ? "new"
								     : "key",
						      "statement", c->text, "place", c->place,
						      "restart", c->restart));
	}
	return list;
}

/* Lines of a report. */
static json_t *problems_json(char *text)
{
	json_t *list = json_array();
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			json_array_append_new(list, json_string(line));
	return list;
}

static bool write_json(int fd, json_t *j)
{
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool ok = text && write(fd, text, len) == (ssize_t)len;

	free(text);
	json_decref(j);
	return ok;
}

static void log_changes(const struct config_diff *d)
{
	for (size_t i = 0; i < d->n && i < LOGGED_MAX; i++)
		log_notice("reload: %c %s%s%s", d->change[i].op, d->change[i].text,
			   d->change[i].restart ? ": needs a restart: " : "",
			   d->change[i].restart ? d->change[i].restart : "");
	if (d->n > LOGGED_MAX)
		log_notice("reload: ... and %zu changes more", d->n - LOGGED_MAX);
}

static enum reload_result compare(const struct world *w, struct daemon_config *now,
				  const char *text, int image, struct config_diff *ret)
{
	int err = key_digest_make(now, w->key_secret);

	if (!err)
		err = config_diff(w->running_text, text, ret);
	if (!err)
		err = config_diff_keys(ret, &w->cfg, now);
	if (err)
		return RELOAD_NOMEM;
	if (ret->n == 0)
		return RELOAD_SAME;
	if (judge(&w->cfg, now, ret))
		return RELOAD_RESTART;
	return config_image_write(image, now, text) < 0 ? RELOAD_NOMEM : RELOAD_DONE;
}

enum reload_result reload_read(const struct world *w, enum reload_kind kind, int image, int outcome)
{
	struct config_diff d = { 0 };
	struct daemon_config now;
	char *text = NULL, *said = NULL;
	size_t said_len = 0;
	FILE *f = open_memstream(&said, &said_len);
	struct report r = { .out = f };
	enum reload_result result = RELOAD_NOMEM;
	int err = f ? daemon_config_merge(w->config_path, &r, &now, &text) : LKE_ERR_NOMEM;

	if (!f || fclose(f) == EOF)
		return RELOAD_NOMEM;
	if (kind == RELOAD_CHANGE)
		fputs(said, stderr); /* for the log, as at the start */
	if (!err)
		result = compare(w, &now, text, image, &d);
	else if (err == LKE_ERR_INVAL)
		result = RELOAD_WRONG;
	if (kind == RELOAD_CHANGE)
		log_changes(&d);
	if (!write_json(outcome, json_pack("{s:o,s:o}", "changes", changes_json(&d), "problems",
					   problems_json(said))))
		result = RELOAD_NOMEM;
	config_diff_done(&d);
	daemon_config_done(&now);
	free(text);
	free(said);
	return result;
}

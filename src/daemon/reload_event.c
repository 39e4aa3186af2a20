/* SPDX-License-Identifier: ISC */
#include "daemon/reload_event.h"

#include <string.h>

#include "base/str.h"

enum {
	TEXT_MAX = 500,
	LISTED = 3, /* changes or problems in the sentence; all are in the lists */
};

static const char *text_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text ? text : "";
}

json_t *reload_event_reverse(const json_t *changes)
{
	json_t *list = json_deep_copy(changes), *j;
	size_t i;

	json_array_foreach(list, i, j)
	{
		char op = text_of(j, "change")[0];

		if (op != 'k') /* a key file has another key, either way */
			json_object_set_new(j, "change", json_string(op == 'g' ? "new" : "gone"));
		json_object_set_new(j, "place", json_string("")); /* of what is no longer read */
	}
	return list;
}

static void put_change(struct sbuf *s, const json_t *j)
{
	char op = text_of(j, "change")[0];

	sbuf_str(s, op == 'g' ? "- " : op == 'n' ? "+ " : "~ ");
	sbuf_str(s, text_of(j, "statement"));
}

static void put_list(struct sbuf *s, const json_t *list)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n && i < LISTED; i++) {
		const json_t *j = json_array_get(list, i);

		sbuf_str(s, i ? ", " : ": ");
		if (json_is_string(j))
			sbuf_str(s, json_string_value(j));
		else
			put_change(s, j);
	}
	if (n > LISTED) {
		sbuf_str(s, ", and ");
		sbuf_u64(s, n - LISTED);
		sbuf_str(s, " more");
	}
}

static void put_done(struct sbuf *s, enum reload_kind kind, bool asked, const json_t *outcome)
{
	const json_t *within = json_object_get(outcome, "confirm_within");

	sbuf_str(s, kind == RELOAD_UNDO	     ? "reload undone"
		    : kind == RELOAD_CONFIRM ? "reload confirmed"
					     : "configuration reloaded");
	if (kind == RELOAD_UNDO && !asked)
		sbuf_str(s, ", it was not confirmed in time");
	if (json_is_integer(within)) {
		sbuf_str(s, ", undone in ");
		sbuf_u64(s, (uint64_t)json_integer_value(within));
		sbuf_str(s, " s without lke confirm");
	}
	put_list(s, json_object_get(outcome, "changes"));
}

static void put_sentence(struct sbuf *s, enum reload_kind kind, bool asked, const json_t *outcome)
{
	const json_t *problems = json_object_get(outcome, "problems");

	if (strcmp(text_of(outcome, "result"), "done") == 0) {
		put_done(s, kind, asked, outcome);
		return;
	}
	if (strcmp(text_of(outcome, "result"), "same") != 0)
		sbuf_str(s, kind == RELOAD_UNDO ? "not undone, " : "not reloaded, ");
	sbuf_str(s, text_of(outcome, "text"));
	put_list(s, json_array_size(problems) ? problems : json_object_get(outcome, "changes"));
}

json_t *reload_event_json(enum reload_kind kind, bool asked, const json_t *outcome)
{
	static const char *const action[RELOAD_KINDS] = { "", "reload", "diff", "confirm", "undo" };
	char text[TEXT_MAX];
	struct sbuf s = sbuf_init(text, sizeof(text));
	json_t *j;

	put_sentence(&s, kind, asked, outcome);
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "schema", "lke.event/1", "event", "reload",
		      "interface", "", "action", action[kind], "by",
		      asked		    ? "operator"
		      : kind == RELOAD_UNDO ? "time"
					    : "signal",
		      "text", text);
	if (!j)
		return NULL;
	json_object_set(j, "result", json_object_get(outcome, "result"));
	json_object_set(j, "confirm_within", json_object_get(outcome, "confirm_within"));
	json_object_set(j, "changes", json_object_get(outcome, "changes"));
	json_object_set(j, "problems", json_object_get(outcome, "problems"));
	return j;
}

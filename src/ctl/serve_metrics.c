/* SPDX-License-Identifier: ISC */
/* Prometheus' text format, version 0.0.4, from the answers of the daemons (lke.metrics/1). */
#include <event2/buffer.h>
#include <string.h>

#include "ctl/serve.h"

/* Label values: backslash, quote and line feed are escaped. */
static void write_escaped(struct evbuffer *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			evbuffer_add(out, "\\n", 2);
		else if (*text == '\\' || *text == '"')
			evbuffer_add_printf(out, "\\%c", *text);
		else
			evbuffer_add(out, text, 1);
	}
}

static void write_label(struct evbuffer *out, bool *first, const char *name, const char *value)
{
	evbuffer_add_printf(out, "%c%s=\"", *first ? '{' : ',', name);
	write_escaped(out, value);
	evbuffer_add(out, "\"", 1);
	*first = false;
}

/* name{labels} value; le NULL: none. */
static void write_sample(struct evbuffer *out, const char *name, const char *suffix,
			 const char *node, const json_t *labels, const char *le, double value)
{
	bool first = true;
	const char *key;
	json_t *text;

	evbuffer_add_printf(out, "%s%s", name, suffix);
	if (node)
		write_label(out, &first, "node", node);
	json_object_foreach((json_t *)labels, key, text) write_label(
		out, &first, key, json_string_value(text) ? json_string_value(text) : "");
	if (le)
		write_label(out, &first, "le", le);
	evbuffer_add_printf(out, "%s %.17g\n", first ? "" : "}", value);
}

static void write_histogram(struct evbuffer *out, const char *name, const char *node,
			    const json_t *family)
{
	double count = text_number(family, "count");
	char le[32];
	size_t i;
	json_t *b;

	json_array_foreach(json_object_get(family, "buckets"), i, b)
	{
		snprintf(le, sizeof(le), "%g", text_number(b, "le"));
		write_sample(out, name, "_bucket", node, NULL, le, text_number(b, "count"));
	}
	write_sample(out, name, "_bucket", node, NULL, "+Inf", count);
	write_sample(out, name, "_sum", node, NULL, NULL, text_number(family, "sum"));
	write_sample(out, name, "_count", node, NULL, NULL, count);
}

static const json_t *family_of(const json_t *answer, const char *name)
{
	size_t i;
	json_t *f;

	json_array_foreach(json_object_get(answer, "families"), i,
			   f) if (strcmp(text_get(f, "name"), name) == 0) return f;
	return NULL;
}

static void write_family(struct evbuffer *out, const json_t *first, const struct metrics_of *of,
			 unsigned n)
{
	const char *name = text_get(first, "name"), *type = text_get(first, "type");

	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, text_get(first, "help"),
			    name, type);
	for (unsigned i = 0; i < n; i++) {
		const json_t *f = family_of(of[i].answer, name);
		const char *node = n > 1 ? of[i].node : NULL;
		size_t k;
		json_t *s;

		if (f && strcmp(type, "histogram") == 0)
			write_histogram(out, name, node, f);
		json_array_foreach(json_object_get(f, "samples"), k, s)
			write_sample(out, name, "", node, json_object_get(s, "labels"), NULL,
				     text_number(s, "value"));
	}
}

void metrics_write(struct evbuffer *out, const struct metrics_of *of, unsigned n)
{
	evbuffer_add_printf(out, "# HELP lke_up Does lked answer?\n# TYPE lke_up gauge\n");
	for (unsigned i = 0; i < n; i++)
		write_sample(out, "lke_up", "", n > 1 ? of[i].node : NULL, NULL, NULL,
			     of[i].answer ? 1 : 0);
	/* Each family once, where it is met first: daemons of two versions may differ. */
	for (unsigned i = 0; i < n; i++) {
		size_t k;
		json_t *f;

		json_array_foreach(json_object_get(of[i].answer, "families"), k, f)
		{
			unsigned before = 0;

			while (before < i && !family_of(of[before].answer, text_get(f, "name")))
				before++;
			if (before == i)
				write_family(out, f, of, n);
		}
	}
}

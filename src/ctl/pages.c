/* SPDX-License-Identifier: ISC */
/*
 * The state of a daemon that holds more than it gives in one answer: asked for page by page, so
 * that it goes on with its work between two of them.
 */
#include <string.h>

#include "ctl/ctl.h"

/* Members of an answer that come in pages, and what asks for one alone. */
static const struct {
	const char *member, *what;
} paged[] = {
	{ "lbsas", "lbsa" },
	{ "bindings", "bindings" },
	{ "mobiles", "mobiles" },
	{ "sequences", "sequences" },
};

/* The cursor of the next page of a member; false: that was the last one. */
static bool next_page(const json_t *answer, const char *member, json_int_t *ret)
{
	const json_t *n = json_object_get(json_object_get(answer, "next"), member);

	*ret = json_integer_value(n);
	return json_is_integer(n);
}

/* Appends all further pages of a member.  An exit code. */
static int complete(struct ctl *c, json_t *top, const char *member, const char *what)
{
	json_int_t from;
	bool more = next_page(top, member, &from);

	while (more) {
		json_t *page;
		int code = client_ask(
			c, json_pack("{s:s,s:s,s:I}", "cmd", "show", "what", what, "from", from),
			&page);

		if (code)
			return code;
		json_array_extend(json_object_get(top, member), json_object_get(page, member));
		more = next_page(page, member, &from);
		json_decref(page);
	}
	return EXIT_OK;
}

int client_show_pages(struct ctl *c, const char *what, client_page_fn *fn, void *ctx)
{
	const char *member = NULL;
	json_int_t from = 0;
	bool more = true;

	for (size_t i = 0; i < sizeof(paged) / sizeof(paged[0]); i++)
		if (strcmp(paged[i].what, what) == 0)
			member = paged[i].member;
	while (more) {
		json_t *page, *request = json_pack("{s:s,s:s}", "cmd", "show", "what", what);
		int code;

		if (from)
			json_object_set_new(request, "from", json_integer(from));
		code = client_ask(c, request, &page);
		if (code)
			return code;
		fn(ctx, page);
		more = member && next_page(page, member, &from);
		json_decref(page);
	}
	return EXIT_OK;
}

int client_show(struct ctl *c, const char *what, json_t **ret)
{
	json_t *top, *request = json_pack("{s:s,s:s*}", "cmd", "show", "what", what);
	int code = client_ask(c, request, &top);

	for (size_t i = 0; !code && i < sizeof(paged) / sizeof(paged[0]); i++)
		code = complete(c, top, paged[i].member, paged[i].what);
	if (code)
		return code;
	json_object_del(top, "next");
	*ret = top;
	return EXIT_OK;
}

/* SPDX-License-Identifier: ISC */
/* lke show: the daemon's JSON as text, on one screen, or one part of it. */
#include "ctl/show.h"

#include <string.h>

#include "base/nearest.h"
#include "ctl/commands.h"
#include "ctl/layout.h"

#define FIRST_SCREEN 200 /* objects of each kind */

/* Roles that have a part, and what others are said to be. */
static const struct owner {
	const char *role[2], *text;
} mobile_nodes = { { "mobile-node" }, "no mobile node" },
  home_agents = { { "home-agent" }, "no home agent" },
  link_roles = { { "access-router", "mobile-node" }, "no access router or mobile node" };

static const struct part {
	const char *name, *heading;
	const struct owner *owner; /* NULL: any */
	const char *none;	   /* what is said when it is empty */
	show_part_fn *print;
} parts[] = {
	{ "lbsa", "local binding security associations (LBSAs)", &link_roles,
	  "none: no key exchange has been completed here; see: lke monitor", show_lbsas },
	{ "bindings", "bindings", NULL, "none: no Binding Update is in force here", show_bindings },
	{ "routers", "routers heard", &mobile_nodes,
	  "none: no router is heard; is the link up? see: lke show interfaces", show_routers },
	{ "mobiles", "mobiles served", &home_agents,
	  "none: the configuration has no [Mobile] section", show_mobiles },
	{ "agents", "other home agents of the home link", &home_agents,
	  "none: no other home agent advertises itself there", show_agents },
	{ "sequences", "sequence numbers under the present key, and days left", &home_agents,
	  "none: the configuration has no [Mobile] section", show_sequences },
	{ "limits", "limits", NULL, "none", show_limits },
	{ "interfaces", "interfaces", NULL,
	  "none: no interface of the configuration exists; see: lke status", show_interfaces },
	{ "counters", "counters", NULL, "none: all are 0", show_counters },
	{ "timers", "timers", NULL, "none: nothing is due by itself", show_timers },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool has(const json_t *roles, const char *role)
{
	const json_t *r;
	size_t i;

	json_array_foreach(roles, i, r) if (strcmp(json_string_value(r), role) == 0) return true;
	return false;
}

bool show_has_role(const json_t *top, const char *role)
{
	return has(json_object_get(top, "roles"), role);
}

void show_heading(const struct ctl *c, const char *text)
{
	layout_print(c->columns, 6, "%s%s%s", c->colour ? "\033[1m" : "", text,
		     c->colour ? "\033[0m" : "");
}

/* --- the first screen --- */

/* "   forward tun (Forward = tun)" */
static const char *forward_text(const json_t *top, char buf[224])
{
	const char *why = json_string_value(json_object_get(top, "forward_reason"));

	snprintf(buf, 224, "   forward %s%s%s%s", text_get(top, "forward"), why ? " (" : "",
		 why ? why : "", why ? ")" : "");
	return buf;
}

/* Objects that were not asked for: a first screen is there at once, however many there are. */
static void print_more(const json_t *top, const char *total, size_t shown, const char *how)
{
	double all = text_number(json_object_get(top, "totals"), total);

	if (all > (double)shown)
		printf("  ... and %.0f more: %s\n", all - (double)shown, how);
}

/* With its addresses, by which mobile nodes speak of it. */
static void print_interface(const struct ctl *c, const json_t *j)
{
	char line[256];
	const json_t *a;
	size_t i, n;

	n = (size_t)snprintf(line, sizeof(line), "  %s %s %s", text_get(j, "name"),
			     text_get(j, "link_layer"),
			     json_is_true(json_object_get(j, "up")) ? "up" : "down");
	json_array_foreach(json_object_get(j, "addresses"), i, a)
	{
		if (n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s",
					      json_string_value(a));
	}
	layout_print(c->columns, 4, "%s", line);
}

/* "   kex 2/s of 1050/s": key exchanges now, and what a core could do; an older lked does not say.
 */
static const char *kex_text(const json_t *rsa, char buf[64])
{
	double now = text_number(rsa, "kex_per_sec");

	buf[0] = '\0';
	if (json_object_get(rsa, "kex_per_sec"))
		snprintf(buf, 64, now < 10 ? "   kex %.2g/s of %.0f/s" : "   kex %.0f/s of %.0f/s",
			 now, text_number(rsa, "ops_per_sec"));
	return buf;
}

static void print_access_router(const struct ctl *c, const json_t *top)
{
	const json_t *rsa = json_object_get(top, "rsa"), *totals = json_object_get(top, "totals");
	struct show_table t = { 0 };
	char line[384], forward[224], kex[64];
	const json_t *j;
	size_t i, shown;

	if (!show_has_role(top, "access-router"))
		return;
	snprintf(line, sizeof(line), "access router   RSA-%.0f SHA256:%.8s...%s%s",
		 text_number(rsa, "bits"), text_get(rsa, "sha256"), forward_text(top, forward),
		 kex_text(rsa, kex));
	show_heading(c, line);
	json_array_foreach(json_object_get(top, "interfaces"), i, j)
	{
		if (has(json_object_get(j, "roles"), "access-router"))
			print_interface(c, j);
	}
	printf("  LBSAs %.0f valid, %.0f tentative   cached NAs %.0f   bindings %.0f\n",
	       text_number(totals, "lbsas_valid"), text_number(totals, "lbsas_tentative"),
	       text_number(totals, "cached_nas"), text_number(totals, "bindings"));
	shown = show_where(c, top, &t);
	print_more(top, "lbsas", shown, "lke show lbsa");
}

static void print_mobile_node(const struct ctl *c, const json_t *top)
{
	char line[320], forward[224];

	if (!show_has_role(top, "mobile-node"))
		return;
	snprintf(line, sizeof(line), "mobile node%s", forward_text(top, forward));
	show_heading(c, line);
	(void)show_routers(c, top, NULL);
	(void)show_own_lbsas(c, top, 4);
	(void)show_own_bindings(c, top, 4);
}

static void print_home_agent(const struct ctl *c, const json_t *top)
{
	char line[320], forward[224];

	if (!show_has_role(top, "home-agent"))
		return;
	snprintf(line, sizeof(line), "home agent%s", forward_text(top, forward));
	show_heading(c, line);
	(void)show_agents(c, top, NULL);
	print_more(top, "mobiles", show_mobiles(c, top, NULL), "lke show mobiles");
}

static void print_screen(const struct ctl *c, const json_t *top)
{
	print_access_router(c, top);
	print_mobile_node(c, top);
	print_home_agent(c, top);
}

/* --- a part --- */

struct printer {
	const struct ctl *c;
	const struct part *part;
	struct show_table table;
	bool begun, lacks_role;
	size_t n;
};

static bool is_owner(const json_t *top, const struct owner *o)
{
	return !o || show_has_role(top, o->role[0]) ||
	       (o->role[1] && show_has_role(top, o->role[1]));
}

static void print_page(void *ctx, const json_t *top)
{
	struct printer *p = ctx;

	if (!p->begun)
		show_heading(p->c, p->part->heading);
	p->begun = true;
	p->lacks_role = !is_owner(top, p->part->owner);
	p->n += p->part->print(p->c, top, &p->table);
	fflush(stdout);
}

static void print_end(const struct printer *p)
{
	if (p->n)
		return;
	if (p->lacks_role)
		layout_print(p->c->columns, 6, "  none: this lked is %s; choose another with --run",
			     p->part->owner->text);
	else
		layout_print(p->c->columns, 6, "  %s", p->part->none);
}

static int show_part(struct ctl *c, const struct part *part)
{
	struct printer p = { .c = c, .part = part };
	int code = client_show_pages(c, part->name, print_page, &p);

	if (code == EXIT_OK)
		print_end(&p);
	return code;
}

/* Those that no role's screen has; a part of another role is left out. */
static void print_others(const struct ctl *c, const json_t *top)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct printer p = { .c = c, .part = &parts[i] };

		if (parts[i].print != show_interfaces && parts[i].print != show_sequences &&
		    parts[i].print != show_limits && parts[i].print != show_counters)
			continue;
		if (!is_owner(top, parts[i].owner))
			continue;
		print_page(&p, top);
		print_end(&p);
	}
}

static int show_screen(struct ctl *c, bool all)
{
	json_t *top;
	int code = all ? client_show(c, NULL, &top)
		       : client_ask(c, json_pack("{s:s,s:i}", "cmd", "show", "most", FIRST_SCREEN),
				    &top);

	if (code)
		return code;
	print_screen(c, top);
	if (all)
		print_others(c, top);
	json_decref(top);
	return EXIT_OK;
}

static int show_json(struct ctl *c, const char *what)
{
	json_t *top;
	int code = client_show(c, what, &top);

	return code ? code : ctl_print_json(top);
}

static int unknown_part(const char *cmd, const char *what)
{
	const char *names[PARTS + 2] = { "all" }, *near;
	char why[192] = "WHAT is one of: all";

	for (size_t i = 0; i < PARTS; i++) {
		size_t len = strlen(why);

		names[i + 1] = parts[i].name;
		snprintf(why + len, sizeof(why) - len, ", %s", parts[i].name);
	}
	near = nearest_word(what, names);
	if (near)
		snprintf(why, sizeof(why), "nothing is named '%.40s'; did you mean '%s'?", what,
			 near);
	return usage(cmd, why);
}

int cmd_show(struct ctl *c, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : NULL;
	const struct part *part = NULL;
	bool all = what && strcmp(what, "all") == 0;

	for (size_t i = 0; what && i < PARTS; i++)
		if (strcmp(parts[i].name, what) == 0)
			part = &parts[i];
	if (argc > 2)
		return usage(argv[0], NULL);
	if (what && !part && !all)
		return unknown_part(argv[0], what);
	if (c->json)
		return show_json(c, what);
	return part ? show_part(c, part) : show_screen(c, all);
}

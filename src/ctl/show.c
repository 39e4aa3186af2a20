/* SPDX-License-Identifier: ISC */
/* lke show: the daemon's JSON as one screen of text. */
#include "ctl/show.h"

#include <string.h>

#include "ctl/commands.h"
#include "ctl/layout.h"

#define FIRST_SCREEN 200 /* objects of each kind */

static const char *const things[] = { "lbsa",	  "bindings",  "routers", "mobiles",
				      "agents",	  "sequences", "limits",  "interfaces",
				      "counters", "timers",    "all",	  NULL };

static bool role_is(const json_t *j, const char *role)
{
	return strcmp(text_get(j, "role"), role) == 0;
}

static bool has_role(const json_t *roles, const char *name)
{
	size_t i;
	const json_t *r;

	json_array_foreach(roles, i, r) if (strcmp(json_string_value(r), name) == 0) return true;
	return false;
}

/* " v18.2 MiB ^1.1 MiB 3s ago": to the mobile, from the mobile, the last packet */
static const char *traffic_text(const json_t *t, char buf[64])
{
	const json_t *last = json_object_get(t, "last_packet");
	char down[16], up[16], age[16];

	buf[0] = '\0';
	if (json_is_object(t))
		snprintf(buf, 64, " v%s ^%s%s%s%s", text_bytes(text_number(t, "encap_bytes"), down),
			 text_bytes(text_number(t, "decap_bytes"), up),
			 json_is_real(last) ? " " : "",
			 json_is_real(last) ? text_age(last, age) : "",
			 json_is_real(last) ? " ago" : "");
	return buf;
}

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

/* One row of an access router's table; the second line of a narrow one is where and extra. */
struct mobile_row {
	const char *mobile, *state;
	char where[64], expires[16], seq[16], extra[128];
};

static void make_row(const json_t *l, struct mobile_row *ret)
{
	const json_t *binding = json_object_get(l, "binding");
	const json_t *bound = json_is_object(binding) ? binding : NULL;
	double waiting = text_number(json_object_get(l, "buffered"), "packets");
	bool leaving = json_is_true(json_object_get(l, "leaving"));
	char traffic[64], age[16], wait[48] = "";

	*ret = (struct mobile_row){ .mobile = text_get(l, "care_of_address"),
				    .state = text_get(bound ? bound : l, "state"),
				    .where = "on link",
				    .seq = "-" };
	snprintf(ret->expires, sizeof(ret->expires), "%s",
		 text_age(json_object_get(bound ? bound : l, "expires_in"), age));
	if (bound) {
		snprintf(ret->where, sizeof(ret->where), "-> %s",
			 text_get(bound, "care_of_address"));
		snprintf(ret->seq, sizeof(ret->seq), "%.0f", text_number(bound, "sequence"));
	}
	if (leaving || waiting > 0)
		snprintf(wait, sizeof(wait), " %s, %.0f packets wait",
			 leaving ? "leaving" : "no credit", waiting);
	snprintf(ret->extra, sizeof(ret->extra), "%s%s",
		 traffic_text(json_object_get(bound, "traffic"), traffic), wait);
}

static int larger(int a, size_t b)
{
	return (int)b > a ? (int)b : a;
}

static size_t print_mobiles(int columns, const json_t *lbsas)
{
	int mobile = 18, where = 18, rest = 0;
	struct mobile_row r;
	const json_t *j;
	size_t i, n = 0;
	bool wide;

	json_array_foreach(lbsas, i, j) if (role_is(j, "access-router"))
	{
		make_row(j, &r);
		mobile = larger(mobile, strlen(r.mobile));
		where = larger(where, strlen(r.where));
		rest = larger(rest, strlen(r.state) + strlen(r.extra));
	}
	wide = 2 + mobile + 1 + where + 1 + 7 + 1 + 5 + 1 + rest <= columns;
	json_array_foreach(lbsas, i, j) if (role_is(j, "access-router"))
	{
		if (n++ == 0)
			printf(wide ? "  %-*s %-*s %-7s %-5s %s\n" : "  %-*s %.*s%-7s %-5s %s\n",
			       mobile, "mobile", wide ? where : 0, "where", "expires", "seq",
			       "state");
		make_row(j, &r);
		printf(wide ? "  %-*s %-*s %-7s %-5s %s" : "  %-*s %.*s%-7s %-5s %s", mobile,
		       r.mobile, wide ? where : 0, r.where, r.expires, r.seq, r.state);
		printf(wide ? "%s\n" : "\n%.0s", r.extra);
		if (!wide)
			layout_print(columns, 6, "    %s%s", r.where, r.extra);
	}
	return n;
}

static void show_access_router(const struct ctl *c, const json_t *top)
{
	const json_t *lbsas = json_object_get(top, "lbsas"), *j, *rsa = json_object_get(top, "rsa"),
		     *totals = json_object_get(top, "totals");
	char line[320], forward[224];
	size_t i, shown;

	if (!has_role(json_object_get(top, "roles"), "access-router"))
		return;
	snprintf(line, sizeof(line), "access router   RSA-%.0f SHA256:%.12s...%s",
		 text_number(rsa, "bits"), text_get(rsa, "sha256"), forward_text(top, forward));
	show_heading(c, line);
	json_array_foreach(json_object_get(top, "interfaces"), i,
			   j) if (has_role(json_object_get(j, "roles"), "access-router"))
		printf("  %s %s %s\n", text_get(j, "name"), text_get(j, "link_layer"),
		       json_is_true(json_object_get(j, "up")) ? "up" : "down");
	printf("  LBSAs %.0f valid, %.0f tentative   bindings %.0f\n",
	       text_number(totals, "lbsas_valid"), text_number(totals, "lbsas_tentative"),
	       text_number(totals, "bindings"));
	shown = print_mobiles(c->columns, lbsas);
	print_more(top, "lbsas", shown, "lke show lbsa");
}

static void show_routers_text(int columns, const json_t *top)
{
	const json_t *j;
	size_t i;

	json_array_foreach(json_object_get(top, "routers"), i, j)
	{
		char age[16];

		layout_print(columns, 6, "  %s router %s on %s%s, lifetime %s",
			     json_is_true(json_object_get(j, "chosen")) ? "*" : " ",
			     text_get(j, "link_local"), text_get(j, "interface"),
			     json_is_true(json_object_get(j, "lke")) ? ", LKE" : "",
			     text_age(json_object_get(j, "expires_in"), age));
		if (json_is_string(json_object_get(j, "care_of_address")))
			printf("      care-of address %s%s\n", text_get(j, "care_of_address"),
			       json_is_true(json_object_get(j, "tentative")) ? " (tentative)" : "");
	}
}

/* "", or how long the agent has been silent, as ", 4 updates unanswered" */
static const char *unanswered_text(const json_t *j, char buf[32])
{
	double n = text_number(j, "unanswered");

	snprintf(buf, 32, n > 1 ? ", %.0f updates unanswered" : "", n);
	return buf;
}

static void show_mobile_node(const struct ctl *c, const json_t *top)
{
	const json_t *lbsas = json_object_get(top, "lbsas"),
		     *bindings = json_object_get(top, "bindings"), *j;
	char age[16], traffic[64], silent[32];
	size_t i;

	if (!has_role(json_object_get(top, "roles"), "mobile-node"))
		return;
	show_heading(c, "mobile node");
	show_routers_text(c->columns, top);
	json_array_foreach(lbsas, i, j) if (role_is(j, "mobile-node")) layout_print(
		c->columns, 6, "    LBSA of %s with %s: %s, expires in %s",
		text_get(j, "care_of_address"), text_get(j, "access_router"),
		json_is_true(json_object_get(j, "previous")) ? "previous" : text_get(j, "state"),
		text_age(json_object_get(j, "expires_in"), age));
	json_array_foreach(bindings, i, j) if (role_is(j, "mobile-node"))
	{
		layout_print(c->columns, 6, "    %s -> %s at %s: %s%s, seq %.0f, expires in %s%s",
			     text_get(j, "home_address"), text_get(j, "care_of_address"),
			     text_get(j, "agent"), text_get(j, "state"), unanswered_text(j, silent),
			     text_number(j, "sequence"),
			     text_age(json_object_get(j, "expires_in"), age),
			     traffic_text(json_object_get(j, "traffic"), traffic));
	}
}

static void show_other_home_agents(int columns, const json_t *top)
{
	const json_t *j, *a;
	size_t i, k;
	char age[16];

	json_array_foreach(json_object_get(top, "home_agents"), i, j)
	{
		layout_print(columns, 6,
			     "  other home agent %s on %s, preference %.0f, expires in %s",
			     text_get(j, "link_local"), text_get(j, "interface"),
			     text_number(j, "preference"),
			     text_age(json_object_get(j, "expires_in"), age));
		json_array_foreach(json_object_get(j, "addresses"), k, a)
			printf("      %s\n", json_string_value(a));
	}
}

/* A mobile of a home agent: where it is, then what its key has left. */
static void print_home_mobile(int columns, const json_t *j)
{
	const char *home = text_get(j, "home_address");
	const json_t *binding = json_object_get(j, "binding");
	const json_t *b = json_is_object(binding) ? binding : NULL;
	char age[16], traffic[64], where[128] = "not bound", next[48] = "";

	if (json_is_true(json_object_get(j, "suspended")))
		snprintf(where, sizeof(where), "suspended");
	else if (b)
		snprintf(where, sizeof(where), "-> %s %s expires in %s",
			 text_get(b, "care_of_address"), text_get(b, "state"),
			 text_age(json_object_get(b, "expires_in"), age));
	if (json_is_integer(json_object_get(j, "next_key_generation")))
		snprintf(next, sizeof(next), "  next key: generation %.0f",
			 text_number(j, "next_key_generation"));
	layout_print(columns, 13, "  %-10s %-22s %s%s%s%s%s", text_get(j, "name"), home, where,
		     traffic_text(json_object_get(b, "traffic"), traffic),
		     json_is_true(json_object_get(j, "floor_lost")) ? "  REFUSED: lke rekey " : "",
		     json_is_true(json_object_get(j, "floor_lost")) ? home : "", next);
	layout_print(columns, 13,
		     "             sequence %.0f, %.0f of 32768 used under key generation %.0f",
		     text_number(j, "last_sequence"), text_number(j, "sequence_used"),
		     text_number(j, "key_generation"));
}

static void show_home_agent(const struct ctl *c, const json_t *top)
{
	char line[320], forward[224];
	const json_t *j;
	size_t i;

	if (!has_role(json_object_get(top, "roles"), "home-agent"))
		return;
	snprintf(line, sizeof(line), "home agent%s", forward_text(top, forward));
	show_heading(c, line);
	show_other_home_agents(c->columns, top);
	json_array_foreach(json_object_get(top, "mobiles"), i, j) print_home_mobile(c->columns, j);
	print_more(top, "mobiles", json_array_size(json_object_get(top, "mobiles")),
		   "lke show mobiles");
}

static void print_text(const struct ctl *c, const json_t *all, const char *what)
{
	bool everything = strcmp(what, "all") == 0;

	if (strcmp(what, "counters") == 0) {
		show_counters(c, all);
	} else if (strcmp(what, "interfaces") == 0) {
		show_interfaces(c, all);
	} else if (strcmp(what, "limits") == 0) {
		show_limits(c, all);
	} else if (strcmp(what, "timers") == 0) {
		show_timers(c, all);
	} else if (strcmp(what, "sequences") == 0) {
		show_sequences(c, all);
	} else {
		show_access_router(c, all);
		show_mobile_node(c, all);
		show_home_agent(c, all);
		if (everything)
			show_interfaces(c, all);
		if (everything)
			show_counters(c, all);
	}
}

/* A part alone for programs; people see LBSAs, bindings and the like with their role. */
static bool alone(const char *what)
{
	static const char *const parts[] = { "counters", "interfaces", "limits", "sequences",
					     "timers" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(what, parts[i]) == 0)
			return true;
	return false;
}

int cmd_show(struct ctl *c, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : NULL;
	json_t *j;
	size_t i = 0;
	int code;

	while (what && things[i] && strcmp(things[i], what) != 0)
		i++;
	if (argc > 2 || (what && !things[i]))
		return usage(argv[0], NULL);
	if (!what && !c->json)
		code = client_ask(c, json_pack("{s:s,s:i}", "cmd", "show", "most", FIRST_SCREEN),
				  &j);
	else
		code = client_show(c, c->json || alone(what) ? what : NULL, &j);
	if (code)
		return code;
	if (c->json) {
		json_dumpf(j, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_text(c, j, what ? what : "");
	}
	json_decref(j);
	return EXIT_OK;
}

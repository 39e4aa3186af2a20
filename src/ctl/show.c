/* SPDX-License-Identifier: ISC */
/* lke show: the daemon's JSON as one screen of text. */
#include "ctl/commands.h"

#include <string.h>

#define FIRST_SCREEN 200 /* objects of each kind */

static const char *const things[] = { "lbsa",	  "bindings",  "routers", "mobiles",
				      "agents",	  "sequences", "limits",  "interfaces",
				      "counters", "timers",    "all",	  NULL };

static bool role_is(const json_t *j, const char *role)
{
	return strcmp(text_get(j, "role"), role) == 0;
}

static void heading(const struct ctl *c, const char *text)
{
	printf("%s%s%s\n", c->colour ? "\033[1m" : "", text, c->colour ? "\033[0m" : "");
}

static bool has_role(const json_t *roles, const char *name)
{
	size_t i;
	const json_t *r;

	json_array_foreach(roles, i, r) if (strcmp(json_string_value(r), name) == 0) return true;
	return false;
}

/* "v18.2 MiB ^1.1 MiB": to the mobile, from the mobile */
static void print_traffic(const json_t *t)
{
	char down[16], up[16], age[16];

	if (!json_is_object(t))
		return;
	printf(" v%s ^%s", text_bytes(text_number(t, "encap_bytes"), down),
	       text_bytes(text_number(t, "decap_bytes"), up));
	if (json_is_real(json_object_get(t, "last_packet")))
		printf(" %s ago", text_age(json_object_get(t, "last_packet"), age));
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

static void print_mobile_line(const char *mobile, const json_t *l, int width)
{
	const json_t *binding = json_object_get(l, "binding");
	const json_t *where = json_is_object(binding) ? binding : NULL;
	double waiting = text_number(json_object_get(l, "buffered"), "packets");
	char age[16], to[64] = "on link", seq[16] = "-";

	if (where) {
		snprintf(to, sizeof(to), "-> %s", text_get(where, "care_of_address"));
		snprintf(seq, sizeof(seq), "%.0f", text_number(where, "sequence"));
	}
	printf("  %-*s %-18s %-7s %-5s %s", width, mobile, to,
	       text_age(json_object_get(where ? where : l, "expires_in"), age), seq,
	       text_get(where ? where : l, "state"));
	if (where)
		print_traffic(json_object_get(where, "traffic"));
	if (json_is_true(json_object_get(l, "leaving")) || waiting > 0)
		printf(" %s, %.0f packets wait",
		       json_is_true(json_object_get(l, "leaving")) ? "leaving" : "no credit",
		       waiting);
	putchar('\n');
}

static void show_access_router(const struct ctl *c, const json_t *top)
{
	const json_t *lbsas = json_object_get(top, "lbsas"), *j, *rsa = json_object_get(top, "rsa"),
		     *totals = json_object_get(top, "totals");
	char line[320], forward[224];
	int width = 18;
	size_t i, shown = 0;

	if (!has_role(json_object_get(top, "roles"), "access-router"))
		return;
	snprintf(line, sizeof(line), "access router   RSA-%.0f SHA256:%.12s...%s",
		 text_number(rsa, "bits"), text_get(rsa, "sha256"), forward_text(top, forward));
	heading(c, line);
	json_array_foreach(json_object_get(top, "interfaces"), i,
			   j) if (has_role(json_object_get(j, "roles"), "access-router"))
		printf("  %s %s %s\n", text_get(j, "name"), text_get(j, "link_layer"),
		       json_is_true(json_object_get(j, "up")) ? "up" : "down");
	printf("  LBSAs %.0f valid, %.0f tentative   bindings %.0f\n",
	       text_number(totals, "lbsas_valid"), text_number(totals, "lbsas_tentative"),
	       text_number(totals, "bindings"));
	json_array_foreach(lbsas, i, j) if (role_is(j, "access-router") &&
					    (int)strlen(text_get(j, "care_of_address")) > width)
		width = (int)strlen(text_get(j, "care_of_address"));
	if (json_array_size(lbsas))
		printf("  %-*s %-18s %-7s %-5s %s\n", width, "mobile", "where", "expires", "seq",
		       "state");
	json_array_foreach(lbsas, i, j) if (role_is(j, "access-router"))
	{
		const char *coa = text_get(j, "care_of_address");

		print_mobile_line(coa, j, width);
		shown++;
	}
	print_more(top, "lbsas", shown, "lke show lbsa");
}

static void show_routers_text(const json_t *top)
{
	const json_t *j;
	size_t i;

	json_array_foreach(json_object_get(top, "routers"), i, j)
	{
		char age[16];

		printf("  %s router %s on %s%s, lifetime %s\n",
		       json_is_true(json_object_get(j, "chosen")) ? "*" : " ",
		       text_get(j, "link_local"), text_get(j, "interface"),
		       json_is_true(json_object_get(j, "lke")) ? ", LKE" : "",
		       text_age(json_object_get(j, "expires_in"), age));
		if (json_is_string(json_object_get(j, "care_of_address")))
			printf("      care-of address %s%s\n", text_get(j, "care_of_address"),
			       json_is_true(json_object_get(j, "tentative")) ? " (tentative)" : "");
	}
}

static void show_mobile_node(const struct ctl *c, const json_t *top)
{
	const json_t *lbsas = json_object_get(top, "lbsas"),
		     *bindings = json_object_get(top, "bindings"), *j;
	char age[16];
	size_t i;

	if (!has_role(json_object_get(top, "roles"), "mobile-node"))
		return;
	heading(c, "mobile node");
	show_routers_text(top);
	json_array_foreach(lbsas, i, j) if (role_is(j, "mobile-node"))
		printf("    LBSA of %s with %s: %s, expires in %s\n",
		       text_get(j, "care_of_address"), text_get(j, "access_router"),
		       text_get(j, "state"), text_age(json_object_get(j, "expires_in"), age));
	json_array_foreach(bindings, i, j) if (role_is(j, "mobile-node"))
	{
		printf("    %s -> %s at %s: %s, seq %.0f, expires in %s",
		       text_get(j, "home_address"), text_get(j, "care_of_address"),
		       text_get(j, "agent"), text_get(j, "state"), text_number(j, "sequence"),
		       text_age(json_object_get(j, "expires_in"), age));
		print_traffic(json_object_get(j, "traffic"));
		putchar('\n');
	}
}

static void show_other_home_agents(const json_t *top)
{
	const json_t *j, *a;
	size_t i, k;
	char age[16];

	json_array_foreach(json_object_get(top, "home_agents"), i, j)
	{
		printf("  other home agent %s on %s, preference %.0f, expires in %s\n",
		       text_get(j, "link_local"), text_get(j, "interface"),
		       text_number(j, "preference"),
		       text_age(json_object_get(j, "expires_in"), age));
		json_array_foreach(json_object_get(j, "addresses"), k, a)
			printf("      %s\n", json_string_value(a));
	}
}

static void show_home_agent(const struct ctl *c, const json_t *top)
{
	char line[320], forward[224];
	const json_t *j;
	size_t i;

	if (!has_role(json_object_get(top, "roles"), "home-agent"))
		return;
	snprintf(line, sizeof(line), "home agent%s", forward_text(top, forward));
	heading(c, line);
	show_other_home_agents(top);
	json_array_foreach(json_object_get(top, "mobiles"), i, j)
	{
		const char *home = text_get(j, "home_address");
		const json_t *binding = json_object_get(j, "binding");
		const json_t *b = json_is_object(binding) ? binding : NULL;
		char age[16];

		printf("  %-10s %-22s ", text_get(j, "name"), home);
		if (json_is_true(json_object_get(j, "suspended")))
			printf("suspended");
		else if (b)
			printf("-> %s %s expires in %s", text_get(b, "care_of_address"),
			       text_get(b, "state"),
			       text_age(json_object_get(b, "expires_in"), age));
		else
			printf("not bound");
		print_traffic(b ? json_object_get(b, "traffic") : NULL);
		if (json_is_true(json_object_get(j, "floor_lost")))
			printf("  REFUSED: lke rekey %s", home);
		if (json_is_integer(json_object_get(j, "next_key_generation")))
			printf("  next key: generation %.0f",
			       text_number(j, "next_key_generation"));
		printf("\n             sequence %.0f, %.0f of 32768 used under key generation "
		       "%.0f\n",
		       text_number(j, "last_sequence"), text_number(j, "sequence_used"),
		       text_number(j, "key_generation"));
	}
	print_more(top, "mobiles", json_array_size(json_object_get(top, "mobiles")),
		   "lke show mobiles");
}

static const char *days_text(const json_t *j, const char *key, char buf[24])
{
	if (json_is_integer(json_object_get(j, key)))
		snprintf(buf, 24, "%.0f", text_number(j, key));
	else
		snprintf(buf, 24, "-");
	return buf;
}

static void show_sequences(const struct ctl *c, const json_t *top)
{
	char window[24], cycle[24], rate[24] = "-";
	const json_t *j;
	size_t i;

	heading(c, "sequence numbers under the present key");
	printf("  %-10s %-22s %5s %6s %9s %16s %16s\n", "name", "home address", "key", "used",
	       "a day", "days to 32768", "days to 65536");
	json_array_foreach(json_object_get(top, "sequences"), i, j)
	{
		if (json_is_number(json_object_get(j, "per_day")))
			snprintf(rate, sizeof(rate), "%.1f", text_number(j, "per_day"));
		else
			snprintf(rate, sizeof(rate), "-");
		printf("  %-10s %-22s %5.0f %6.0f %9s %16s %16s\n", text_get(j, "name"),
		       text_get(j, "home_address"), text_number(j, "key_generation"),
		       text_number(j, "used"), rate, days_text(j, "days_to_window", window),
		       days_text(j, "days_to_cycle", cycle));
	}
}

static void show_counters(const struct ctl *c, const json_t *top)
{
	json_t *counters = json_object_get(top, "counters"), *drops = json_object_get(top, "drops");
	const char *key;
	json_t *v;
	unsigned n = 0;

	heading(c, "counters");
	json_object_foreach(counters, key, v) if (json_is_integer(v) && json_integer_value(v))
		printf("  %-18s %10lld%s", key, (long long)json_integer_value(v),
		       ++n % 2 ? "    " : "\n");
	json_object_foreach(json_object_get(counters, "plane"), key, v) if (json_integer_value(v))
		printf("  %-18s %10lld%s", key, (long long)json_integer_value(v),
		       ++n % 2 ? "    " : "\n");
	if (n % 2)
		putchar('\n');
	if (json_object_size(drops))
		heading(c, "dropped");
	json_object_foreach(drops, key, v)
		printf("  %-24s %10lld\n", key, (long long)json_integer_value(v));
}

static void show_interfaces(const struct ctl *c, const json_t *top)
{
	const json_t *j, *r;
	size_t i, k;

	heading(c, "interfaces");
	json_array_foreach(json_object_get(top, "interfaces"), i, j)
	{
		printf("  %-15s %-17s %-4s mtu %-5.0f", text_get(j, "name"),
		       text_get(j, "link_layer"),
		       json_is_true(json_object_get(j, "up")) ? "up" : "down",
		       text_number(j, "mtu"));
		json_array_foreach(json_object_get(j, "roles"), k, r)
			printf(" %s", json_string_value(r));
		putchar('\n');
	}
}

static void show_limits(const struct ctl *c, const json_t *top)
{
	const json_t *j;
	size_t i;

	heading(c, "limits");
	printf("  %-18s %-15s %10s %10s\n", "what", "interface", "used", "limit");
	json_array_foreach(json_object_get(top, "limits"), i, j)
		printf("  %-18s %-15s %10.0f %10.0f\n", text_get(j, "name"),
		       text_get(j, "interface"), text_number(j, "used"), text_number(j, "limit"));
}

/* 2.5 s, 90 ms; longer ones as everywhere. */
static const char *due_text(const json_t *j, char buf[16])
{
	double s = text_number(j, "due");

	if (s >= 60)
		return text_age(json_object_get(j, "due"), buf);
	snprintf(buf, 16, s < 1 ? "%.0f ms" : "%.1f s", s < 1 ? s * 1000 : s);
	return buf;
}

static void show_timers(const struct ctl *c, const json_t *top)
{
	const json_t *j, *timers = json_object_get(top, "timers"),
			 *list = json_object_get(timers, "next");
	char due[16];
	size_t i;

	heading(c, "timers");
	printf("  %-8s %-27s %-8s %s\n", "due in", "what", "link", "of");
	json_array_foreach(list, i, j)
		printf("  %-8s %-27s %-8s %s\n", due_text(j, due), text_get(j, "name"),
		       text_get(j, "interface"), text_get(j, "address"));
	if (text_number(timers, "all") > (double)json_array_size(list))
		printf("  %.0f later ones\n",
		       text_number(timers, "all") - (double)json_array_size(list));
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

/* A part alone for programs; people see LBSAs, bindings and the like with the role they belong to. */
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
		code = client_ask(c,
				  json_pack("{s:s,s:i}", "cmd", "show", "most", FIRST_SCREEN), &j);
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

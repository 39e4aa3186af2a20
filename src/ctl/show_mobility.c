/* SPDX-License-Identifier: ISC */
/* lke show: who is where.  LBSAs, bindings, routers, the mobiles of a home agent, other agents. */
#include "ctl/show.h"

#include <string.h>

#include "ctl/layout.h"
#include "lke/engine.h"

static bool is_own(const json_t *j)
{
	return strcmp(text_get(j, "role"), "mobile-node") == 0;
}

/* " v18.2 MiB ^1.1 MiB 3s ago": to the mobile, from the mobile, the last packet */
static char *traffic_text(const json_t *t, char buf[64])
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

/* Where a line is broken, what is there of traffic stays together. */
static const char *glued(char *text)
{
	for (char *at = text; *at; at++)
		if (*at == ' ' && at > text)
			*at = LAYOUT_GLUE[0];
	return text;
}

/* --- the tables of an access router and of a home agent --- */

/* The second line of a narrow row is where and extra. */
struct row {
	const char *mobile, *state;
	char where[64], expires[16], seq[16], extra[128];
};

static void binding_row(const json_t *b, struct row *ret)
{
	char traffic[64], age[16];

	*ret = (struct row){ .mobile = text_get(b, "home_address"), .state = text_get(b, "state") };
	snprintf(ret->where, sizeof(ret->where), "-> %s", text_get(b, "care_of_address"));
	snprintf(ret->expires, sizeof(ret->expires), "%s",
		 text_age(json_object_get(b, "expires_in"), age));
	snprintf(ret->seq, sizeof(ret->seq), "%.0f", text_number(b, "sequence"));
	snprintf(ret->extra, sizeof(ret->extra), "%s",
		 traffic_text(json_object_get(b, "traffic"), traffic));
}

static void add_waiting(const json_t *l, struct row *ret)
{
	double waiting = text_number(json_object_get(l, "buffered"), "packets");
	bool leaving = json_is_true(json_object_get(l, "leaving"));
	size_t n = strlen(ret->extra);

	if (leaving || waiting > 0)
		snprintf(ret->extra + n, sizeof(ret->extra) - n, " %s, %.0f packets wait",
			 leaving ? "leaving" : "no credit", waiting);
}

/* Where a mobile node is: what the first screen is about. */
static void mobile_row(const json_t *l, struct row *ret)
{
	const json_t *binding = json_object_get(l, "binding");
	char age[16];

	if (json_is_object(binding)) {
		binding_row(binding, ret);
	} else {
		*ret = (struct row){ .state = text_get(l, "state"),
				     .where = "on link",
				     .seq = "-" };
		snprintf(ret->expires, sizeof(ret->expires), "%s",
			 text_age(json_object_get(l, "expires_in"), age));
	}
	ret->mobile = text_get(l, "care_of_address");
	add_waiting(l, ret);
}

/* The association itself: with whom, how long, and the last Sequence # under its key. */
static void lbsa_row(const json_t *l, struct row *ret)
{
	const json_t *seq = json_object_get(l, "bu_sequence");
	char age[16];

	*ret = (struct row){ .mobile = text_get(l, "care_of_address"),
			     .state = text_get(l, "state"),
			     .seq = "-" };
	snprintf(ret->where, sizeof(ret->where), "%s %s", text_get(l, "interface"),
		 text_get(l, "peer_link_layer"));
	snprintf(ret->expires, sizeof(ret->expires), "%s",
		 text_age(json_object_get(l, "expires_in"), age));
	if (json_is_integer(seq))
		snprintf(ret->seq, sizeof(ret->seq), "%.0f", json_number_value(seq));
	if (json_is_true(json_object_get(l, "bound")))
		snprintf(ret->extra, sizeof(ret->extra), " bound");
	add_waiting(l, ret);
}

typedef void row_fn(const json_t *j, struct row *ret);

static bool widen(int *columns, size_t needed)
{
	if ((int)needed <= *columns)
		return false;
	*columns = (int)needed;
	return true;
}

static void measure(const json_t *list, row_fn *make, struct show_table *t)
{
	struct row r;
	const json_t *j;
	size_t i;

	t->begun &= !widen(&t->first, strlen("2001:db8:1::b01 ab"));
	t->begun &= !widen(&t->second, strlen("-> 2001:db8:2::b01"));
	json_array_foreach(list, i, j)
	{
		if (is_own(j))
			continue;
		make(j, &r);
		t->begun &= !widen(&t->first, strlen(r.mobile));
		t->begun &= !widen(&t->second, strlen(r.where));
		(void)widen(&t->rest, strlen(r.state) + strlen(r.extra));
	}
}

static size_t print_rows(const struct ctl *c, const json_t *list, row_fn *make,
			 struct show_table *t)
{
	enum { BETWEEN = 2 + 1 + 1 + 7 + 1 + 5 + 1 }; /* of expires, seq and the spaces */
	const json_t *j;
	struct row r;
	size_t i, n = 0;
	bool wide;

	measure(list, make, t);
	wide = BETWEEN + t->first + t->second + t->rest <= c->columns;
	json_array_foreach(list, i, j)
	{
		if (is_own(j))
			continue;
		if (!t->begun)
			printf(wide ? "  %-*s %-*s %-7s %-5s %s\n" : "  %-*s %.*s%-7s %-5s %s\n",
			       t->first, "mobile", wide ? t->second : 0, "where", "expires", "seq",
			       "state");
		t->begun = true;
		make(j, &r);
		printf(wide ? "  %-*s %-*s %-7s %-5s %s" : "  %-*s %.*s%-7s %-5s %s", t->first,
		       r.mobile, wide ? t->second : 0, r.where, r.expires, r.seq, r.state);
		printf(wide ? "%s\n" : "\n%.0s", r.extra);
		if (!wide)
			layout_print(c->columns, 6, "    %s%s", r.where, r.extra);
		n++;
	}
	return n;
}

size_t show_where(const struct ctl *c, const json_t *top, struct show_table *t)
{
	return print_rows(c, json_object_get(top, "lbsas"), mobile_row, t);
}

/* --- the lines of a mobile node --- */

size_t show_own_lbsas(const struct ctl *c, const json_t *top, int column)
{
	const json_t *j;
	char age[16];
	size_t i, n = 0;

	json_array_foreach(json_object_get(top, "lbsas"), i, j)
	{
		if (!is_own(j))
			continue;
		layout_print(c->columns, 6, "%*sLBSA of %s with %s: %s, expires in %s", column, "",
			     text_get(j, "care_of_address"), text_get(j, "access_router"),
			     json_is_true(json_object_get(j, "previous")) ? "previous"
									  : text_get(j, "state"),
			     text_age(json_object_get(j, "expires_in"), age));
		n++;
	}
	return n;
}

/* ", refused (129 administratively prohibited)", ", 5 updates unanswered" or nothing. */
static const char *answer_text(const json_t *j, char buf[96])
{
	double n = text_number(j, "unanswered"), refused = text_number(j, "refused");

	buf[0] = '\0';
	if (refused > 0)
		snprintf(buf, 96, ", refused (%.0f %s)", refused,
			 lke_status_text((uint8_t)refused));
	else if (n > 1)
		snprintf(buf, 96, ", %.0f updates unanswered", n);
	return buf;
}

size_t show_own_bindings(const struct ctl *c, const json_t *top, int column)
{
	char age[16], traffic[64], answer[96];
	const json_t *j;
	size_t i, n = 0;

	json_array_foreach(json_object_get(top, "bindings"), i, j)
	{
		if (!is_own(j))
			continue;
		layout_print(
			c->columns, 6, "%*s%s -> %s at %s: %s%s, seq %.0f, expires in %s%s", column,
			"", text_get(j, "home_address"), text_get(j, "care_of_address"),
			text_get(j, "agent"), text_get(j, "state"), answer_text(j, answer),
			text_number(j, "sequence"), text_age(json_object_get(j, "expires_in"), age),
			glued(traffic_text(json_object_get(j, "traffic"), traffic)));
		n++;
	}
	return n;
}

/* --- the parts --- */

size_t show_lbsas(const struct ctl *c, const json_t *top, struct show_table *t)
{
	return print_rows(c, json_object_get(top, "lbsas"), lbsa_row, t) +
	       show_own_lbsas(c, top, 2);
}

size_t show_bindings(const struct ctl *c, const json_t *top, struct show_table *t)
{
	return print_rows(c, json_object_get(top, "bindings"), binding_row, t) +
	       show_own_bindings(c, top, 2);
}

size_t show_routers(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *list = json_object_get(top, "routers");
	char age[16];
	size_t i;

	json_array_foreach(list, i, j)
	{
		layout_print(c->columns, 6, "  %s router %s on %s%s, lifetime %s",
			     json_is_true(json_object_get(j, "chosen")) ? "*" : " ",
			     text_get(j, "link_local"), text_get(j, "interface"),
			     json_is_true(json_object_get(j, "lke")) ? ", LKE" : "",
			     text_age(json_object_get(j, "expires_in"), age));
		if (json_is_string(json_object_get(j, "care_of_address")))
			printf("      care-of address %s%s\n", text_get(j, "care_of_address"),
			       json_is_true(json_object_get(j, "tentative")) ? " (tentative)" : "");
	}
	return json_array_size(list);
}

size_t show_agents(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *a, *list = json_object_get(top, "home_agents");
	size_t i, k;
	char age[16];

	json_array_foreach(list, i, j)
	{
		layout_print(c->columns, 6,
			     "  other home agent %s on %s, preference %.0f, expires in %s",
			     text_get(j, "link_local"), text_get(j, "interface"),
			     text_number(j, "preference"),
			     text_age(json_object_get(j, "expires_in"), age));
		json_array_foreach(json_object_get(j, "addresses"), k, a)
			printf("      %s\n", json_string_value(a));
	}
	return json_array_size(list);
}

/* A mobile of a home agent: where it is, then what its key has left. */
static void print_mobile(int columns, const json_t *j)
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
		     glued(traffic_text(json_object_get(b, "traffic"), traffic)),
		     json_is_true(json_object_get(j, "floor_lost")) ? "  REFUSED: lke rekey " : "",
		     json_is_true(json_object_get(j, "floor_lost")) ? home : "", next);
	layout_print(columns, 13,
		     "             sequence %.0f, %.0f of 32768 used under key generation %.0f",
		     text_number(j, "last_sequence"), text_number(j, "sequence_used"),
		     text_number(j, "key_generation"));
}

size_t show_mobiles(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *list = json_object_get(top, "mobiles");
	size_t i;

	json_array_foreach(list, i, j) print_mobile(c->columns, j);
	return json_array_size(list);
}

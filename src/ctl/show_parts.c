/* SPDX-License-Identifier: ISC */
/* lke show with a part: one table each. */
#include "ctl/show.h"

#include <string.h>

#include "ctl/layout.h"

static const char *days_text(const json_t *j, const char *key, char buf[24])
{
	if (json_is_integer(json_object_get(j, key)))
		snprintf(buf, 24, "%.0f", text_number(j, key));
	else
		snprintf(buf, 24, "-");
	return buf;
}

enum { NARROW = 10, WIDE = 16 }; /* the last two columns of sequences */

/* Columns of one page.  In 80 columns a long home address has a line of its own, and the headings
 * are short.  True: they are other ones than before, and need a heading. */
static bool sequences_begin(const struct ctl *c, const json_t *list, struct show_table *t)
{
	enum { ADDRESS = 22, OTHERS = 70 };
	const struct show_table was = *t;
	const json_t *j;
	bool wide;
	size_t i;

	t->first = was.first > ADDRESS ? was.first : ADDRESS;
	json_array_foreach(list, i, j) if ((int)strlen(text_get(j, "home_address")) > t->first)
		t->first = (int)strlen(text_get(j, "home_address"));
	wide = OTHERS + t->first <= c->columns;
	t->first = wide ? t->first : ADDRESS;
	t->second = wide ? WIDE : NARROW;
	return t->first != was.first || t->second != was.second;
}

size_t show_sequences(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *list = json_object_get(top, "sequences");
	char window[24], cycle[24], rate[24];
	size_t i;

	if (json_array_size(list) && sequences_begin(c, list, t))
		printf("  %-10s %-*s %5s %6s %9s %*s %*s\n", "name", t->first, "home address",
		       "key", "used", "a day", t->second,
		       t->second == WIDE ? "days to 32768" : "to 32768", t->second,
		       t->second == WIDE ? "days to 65536" : "to 65536");
	json_array_foreach(list, i, j)
	{
		const char *home = text_get(j, "home_address");

		if (json_is_number(json_object_get(j, "per_day")))
			snprintf(rate, sizeof(rate), "%.1f", text_number(j, "per_day"));
		else
			snprintf(rate, sizeof(rate), "-");
		printf("  %-10s %-*s", text_get(j, "name"), t->first, home);
		if ((int)strlen(home) > t->first)
			printf("\n%*s", 2 + 10 + 1 + t->first, "");
		printf(" %5.0f %6.0f %9s %*s %*s\n", text_number(j, "key_generation"),
		       text_number(j, "used"), rate, t->second,
		       days_text(j, "days_to_window", window), t->second,
		       days_text(j, "days_to_cycle", cycle));
	}
	return json_array_size(list);
}

static unsigned print_counts(const json_t *counts, unsigned n)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)counts, key, v)
	{
		if (!json_integer_value(v))
			continue;
		printf("%s  %-18s %10lld",
		       n == 0  ? ""
		       : n % 2 ? "    "
			       : "\n",
		       key, (long long)json_integer_value(v));
		n++;
	}
	return n;
}

size_t show_counters(const struct ctl *c, const json_t *top, struct show_table *t)
{
	json_t *counters = json_object_get(top, "counters"), *drops = json_object_get(top, "drops");
	const char *key;
	unsigned n;
	json_t *v;

	n = print_counts(json_object_get(counters, "plane"), print_counts(counters, 0));
	if (n)
		putchar('\n');
	if (json_object_size(drops))
		show_heading(c, "dropped");
	json_object_foreach(drops, key, v)
		printf("  %-24s %10lld\n", key, (long long)json_integer_value(v));
	return n + json_object_size(drops);
}

size_t show_interfaces(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *r, *list = json_object_get(top, "interfaces");
	size_t i, k;

	json_array_foreach(list, i, j)
	{
		printf("  %-15s %-17s %-4s mtu %5.0f", text_get(j, "name"),
		       text_get(j, "link_layer"),
		       json_is_true(json_object_get(j, "up")) ? "up" : "down",
		       text_number(j, "mtu"));
		json_array_foreach(json_object_get(j, "roles"), k, r)
			printf(" %s", json_string_value(r));
		putchar('\n');
		json_array_foreach(json_object_get(j, "addresses"), k, r)
			printf("      %s\n", json_string_value(r));
	}
	return json_array_size(list);
}

size_t show_limits(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *list = json_object_get(top, "limits");
	size_t i;

	if (json_array_size(list))
		printf("  %-18s %-15s %10s %10s\n", "what", "interface", "used", "limit");
	json_array_foreach(list, i, j)
		printf("  %-18s %-15s %10.0f %10.0f\n", text_get(j, "name"),
		       text_get(j, "interface"), text_number(j, "used"), text_number(j, "limit"));
	return json_array_size(list);
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

size_t show_timers(const struct ctl *c, const json_t *top, struct show_table *t)
{
	const json_t *j, *timers = json_object_get(top, "timers"),
			 *list = json_object_get(timers, "next");
	char due[16];
	size_t i;

	if (json_array_size(list))
		printf("  %-8s %-27s %-8s %s\n", "due in", "what", "link", "of");
	json_array_foreach(list, i, j)
		layout_print(c->columns, 11, "  %-8s %-27s %-8s %s", due_text(j, due),
			     text_get(j, "name"), text_get(j, "interface"), text_get(j, "address"));
	if (text_number(timers, "all") > (double)json_array_size(list))
		printf("  %.0f later ones\n",
		       text_number(timers, "all") - (double)json_array_size(list));
	return json_array_size(list);
}

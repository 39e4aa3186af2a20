/* SPDX-License-Identifier: ISC */
/* lke show with a part: one table each. */
#include "ctl/show.h"

#include <string.h>

#include "ctl/layout.h"

void show_heading(const struct ctl *c, const char *text)
{
	layout_print(c->columns, 6, "%s%s%s", c->colour ? "\033[1m" : "", text,
		     c->colour ? "\033[0m" : "");
}

static const char *days_text(const json_t *j, const char *key, char buf[24])
{
	if (json_is_integer(json_object_get(j, key)))
		snprintf(buf, 24, "%.0f", text_number(j, key));
	else
		snprintf(buf, 24, "-");
	return buf;
}

/* In 80 columns a long home address has a line of its own, and the headings are short. */
void show_sequences(const struct ctl *c, const json_t *top)
{
	enum { ADDRESS = 22, OTHERS = 70, NARROW = 10, WIDE = 16 };
	const json_t *j, *list = json_object_get(top, "sequences");
	char window[24], cycle[24], rate[24];
	int width = ADDRESS, days;
	bool wide;
	size_t i;

	json_array_foreach(list, i, j) if ((int)strlen(text_get(j, "home_address")) > width) width =
		(int)strlen(text_get(j, "home_address"));
	wide = OTHERS + width <= c->columns;
	width = wide ? width : ADDRESS;
	days = wide ? WIDE : NARROW;
	show_heading(c, wide ? "sequence numbers under the present key"
			     : "sequence numbers under the present key, and days left");
	printf("  %-10s %-*s %5s %6s %9s %*s %*s\n", "name", width, "home address", "key", "used",
	       "a day", days, wide ? "days to 32768" : "to 32768", days,
	       wide ? "days to 65536" : "to 65536");
	json_array_foreach(list, i, j)
	{
		const char *home = text_get(j, "home_address");

		if (json_is_number(json_object_get(j, "per_day")))
			snprintf(rate, sizeof(rate), "%.1f", text_number(j, "per_day"));
		else
			snprintf(rate, sizeof(rate), "-");
		printf("  %-10s %-*s", text_get(j, "name"), width, home);
		if ((int)strlen(home) > width)
			printf("\n%*s", 2 + 10 + 1 + width, "");
		printf(" %5.0f %6.0f %9s %*s %*s\n", text_number(j, "key_generation"),
		       text_number(j, "used"), rate, days, days_text(j, "days_to_window", window),
		       days, days_text(j, "days_to_cycle", cycle));
	}
}

void show_counters(const struct ctl *c, const json_t *top)
{
	json_t *counters = json_object_get(top, "counters"), *drops = json_object_get(top, "drops");
	const char *key;
	json_t *v;
	unsigned n = 0;

	show_heading(c, "counters");
	json_object_foreach(counters, key, v) if (json_is_integer(v) && json_integer_value(v))
		printf("  %-18s %10lld%s", key, (long long)json_integer_value(v),
		       ++n % 2 ? "    " : "\n");
	json_object_foreach(json_object_get(counters, "plane"), key, v) if (json_integer_value(v))
		printf("  %-18s %10lld%s", key, (long long)json_integer_value(v),
		       ++n % 2 ? "    " : "\n");
	if (n % 2)
		putchar('\n');
	if (json_object_size(drops))
		show_heading(c, "dropped");
	json_object_foreach(drops, key, v)
		printf("  %-24s %10lld\n", key, (long long)json_integer_value(v));
}

void show_interfaces(const struct ctl *c, const json_t *top)
{
	const json_t *j, *r;
	size_t i, k;

	show_heading(c, "interfaces");
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

void show_limits(const struct ctl *c, const json_t *top)
{
	const json_t *j;
	size_t i;

	show_heading(c, "limits");
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

void show_timers(const struct ctl *c, const json_t *top)
{
	const json_t *j, *timers = json_object_get(top, "timers"),
			 *list = json_object_get(timers, "next");
	char due[16];
	size_t i;

	show_heading(c, "timers");
	printf("  %-8s %-27s %-8s %s\n", "due in", "what", "link", "of");
	json_array_foreach(list, i, j)
		layout_print(c->columns, 11, "  %-8s %-27s %-8s %s", due_text(j, due),
			     text_get(j, "name"), text_get(j, "interface"), text_get(j, "address"));
	if (text_number(timers, "all") > (double)json_array_size(list))
		printf("  %.0f later ones\n",
		       text_number(timers, "all") - (double)json_array_size(list));
}

/* SPDX-License-Identifier: ISC */
#include "ctl/ctl.h"

const char *text_age(const json_t *seconds, char buf[16])
{
	unsigned long s;

	if (!json_is_number(seconds))
		return "-";
	s = (unsigned long)json_number_value(seconds);
	if (s >= 86400)
		snprintf(buf, 16, "%lud%02luh", s / 86400 % 100000, s / 3600 % 24);
	else if (s >= 3600)
		snprintf(buf, 16, "%luh%02lum", s / 3600, s / 60 % 60);
	else if (s >= 600)
		snprintf(buf, 16, "%lum", s / 60);
	else if (s >= 60)
		snprintf(buf, 16, "%lum%02lus", s / 60, s % 60);
	else
		snprintf(buf, 16, "%lus", s);
	return buf;
}

const char *text_bytes(double n, char buf[16])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	unsigned i = 0;

	while (n >= 1024 && i < 5) {
		n /= 1024;
		i++;
	}
	snprintf(buf, 16, i ? "%.1f %s" : "%.0f %s", n, unit[i]);
	return buf;
}

const char *text_get(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s && *s ? s : "-";
}

double text_number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

int ctl_print_json(json_t *j)
{
	int err = j ? json_dumpf(j, stdout, JSON_INDENT(2)) : -1;

	json_decref(j);
	if (err || putchar('\n') == EOF || fflush(stdout)) {
		fprintf(stderr, "lke: what was found cannot be written as JSON; is there room?\n");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

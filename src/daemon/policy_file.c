/* SPDX-License-Identifier: ISC */
#include "daemon/policy_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/config_number.h"
#include "daemon/key_make.h"

#define FORMAT "lke-policy 1"

enum field { FIELD_FORMAT, FIELD_NAME, FIELD_HOME, FIELD_AGENT, FIELD_LIFETIME, FIELDS };

static const char *const field_names[FIELDS] = {
	[FIELD_FORMAT] = "format",	   [FIELD_NAME] = "name",
	[FIELD_HOME] = "home-address",	   [FIELD_AGENT] = "home-agent",
	[FIELD_LIFETIME] = "max-lifetime",
};

bool policy_name_ok(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return n > 0 && n < LKE_NAME_MAX && name[0] != '.' && name[0] != '-';
}

int policy_text(const struct policy_file *p, char *buf, size_t size)
{
	char home[IN6_TEXT_MAX], agent[IN6_TEXT_MAX];
	int n, keys;

	n = snprintf(
		buf, size,
		"# Policy entry of one home address.  SECRET: whoever has it can speak for the "
		"mobile node.\n"
		"format = " FORMAT "\nname = %s\nhome-address = %s\n",
		p->name, in6_text(&p->home, home));
	if (!in6_is_unspecified(&p->agent) && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, "home-agent = %s\n",
			      in6_text(&p->agent, agent));
	if (p->max_lifetime && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, "max-lifetime = %u\n", p->max_lifetime);
	if ((size_t)n >= size)
		return -ENOSPC;
	keys = key_text(&p->keys, buf + n, size - (size_t)n);
	return keys < 0 ? keys : n + keys;
}

static char *trimmed(char *s)
{
	char *end = s + strlen(s);

	while (isspace((unsigned char)*s))
		s++;
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool take(struct policy_file *p, enum field f, const char *value)
{
	uint64_t v;

	switch (f) {
	case FIELD_FORMAT:
		return strcmp(value, FORMAT) == 0;
	case FIELD_NAME:
		str_copy(p->name, sizeof(p->name), value);
		return policy_name_ok(value);
	case FIELD_HOME:
		return in6_parse(value, &p->home) == 0 && in6_is_global(&p->home);
	case FIELD_AGENT:
		return in6_parse(value, &p->agent) == 0 && in6_is_global(&p->agent);
	case FIELD_LIFETIME:
		if (!number_parse(value, UNIT_SECONDS, &v) || v < 4 || v > 262140)
			return false;
		p->max_lifetime = (uint32_t)v;
		return true;
	default:
		return false;
	}
}

static enum field field_of(const char *line, const char *eq)
{
	size_t n = (size_t)(eq - line);
	enum field f = FIELD_FORMAT;

	while (n > 0 && isspace((unsigned char)line[n - 1]))
		n--;
	while (f < FIELDS && (strlen(field_names[f]) != n || strncmp(line, field_names[f], n) != 0))
		f++;
	return f;
}

/* A line of ours is blanked, so that the rest is a key file with its line numbers. */
static void look_at_line(struct policy_file *p, const char *name, int number, char *line,
			 struct report *r, bool seen[FIELDS])
{
	char value[128] = "", *start = line, *eq;
	enum field f;

	while (isspace((unsigned char)*start))
		start++;
	eq = strchr(start, '=');
	if (*start == '#' || *start == ';' || !eq)
		return;
	f = field_of(start, eq);
	if (f == FIELDS)
		return;
	str_copy(value, sizeof(value), eq + 1);
	if (seen[f])
		report_error(r, name, number, "%s is given twice; remove one", field_names[f]);
	else if (!take(p, f, trimmed(value)))
		report_error(r, name, number, "%s cannot be this; is this a file of lke export?",
			     field_names[f]);
	seen[f] = true;
	memset(line, ' ', strlen(line));
}

int policy_parse(const char *name, char *text, struct report *r, struct policy_file *ret)
{
	struct policy_file p = { 0 };
	bool seen[FIELDS] = { false };
	unsigned errors = r->errors;
	int number = 1, err;

	for (char *line = text, *end; *line; number++) {
		end = line + strcspn(line, "\n");
		if (*end) {
			*end = '\0';
			look_at_line(&p, name, number, line, r, seen);
			*end++ = '\n';
		} else {
			look_at_line(&p, name, number, line, r, seen);
		}
		line = end;
	}
	for (enum field f = FIELD_FORMAT; f <= FIELD_HOME; f++)
		if (!seen[f])
			report_error(r, name, 0, "%s is missing; is this a file of lke export?",
				     field_names[f]);
	err = key_file_parse(name, text, r, &p.keys);
	if (!err && r->errors == errors)
		*ret = p;
	else
		err = LKE_ERR_INVAL;
	mem_wipe(&p, sizeof(p));
	return err;
}

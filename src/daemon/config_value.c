/* SPDX-License-Identifier: ISC */
/* The values of keys: numbers with units, words, addresses, interfaces, paths. */
#include "daemon/config_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/str.h"

void value_store(void *base, const struct key *k, uint64_t v)
{
	uint8_t *at = (uint8_t *)base + k->off;
	uint32_t v32 = (uint32_t)v;
	uint16_t v16 = (uint16_t)v;
	uint8_t v8 = (uint8_t)v;

	switch (k->size) {
	case 1:
		memcpy(at, &v8, 1);
		break;
	case 2:
		memcpy(at, &v16, 2);
		break;
	case 4:
		memcpy(at, &v32, 4);
		break;
	default:
		abort(); /* a wrong table */
	}
}

void value_number(struct parser *p, const struct key *k, void *base, const char *value)
{
	char low[32], high[32];
	uint64_t v;

	number_text(k->min, k->unit, low, sizeof(low));
	number_text(k->max, k->unit, high, sizeof(high));
	if (!number_parse(value, k->unit, &v))
		config_problem(p, "%s = %s is not a number from %s to %s", k->name, value, low,
			       high);
	else if (v < k->min || v > k->max)
		config_problem(p, "%s = %s is out of range: %s to %s", k->name, value, low, high);
	else
		value_store(base, k, v);
}

/* A number that may also be switched off. */
void value_number_or_off(struct parser *p, const struct key *k, void *base, const char *value)
{
	if (strcmp(value, "off") == 0)
		value_store(base, k, 0);
	else
		value_number(p, k, base, value);
}

static bool parse_bool(struct parser *p, const char *name, const char *value, bool *ret)
{
	if (strcmp(value, "yes") == 0)
		*ret = true;
	else if (strcmp(value, "no") == 0)
		*ret = false;
	else {
		config_problem(p, "%s = %s: must be yes or no", name, value);
		return false;
	}
	return true;
}

void value_bool(struct parser *p, const struct key *k, void *base, const char *value)
{
	bool v;

	if (parse_bool(p, k->name, value, &v))
		memcpy((uint8_t *)base + k->off, &v, sizeof(v));
}

int value_word_index(struct parser *p, const struct key *k, const char *value)
{
	char all[128] = "";

	for (int i = 0; k->word[i]; i++)
		if (strcmp(k->word[i], value) == 0)
			return i;
	for (int i = 0; k->word[i]; i++) {
		size_t len = strlen(all);

		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", k->word[i]);
	}
	config_problem(p, "%s = %s: must be one of %s", k->name, value, all);
	return -1;
}

void value_word(struct parser *p, const struct key *k, void *base, const char *value)
{
	int i = value_word_index(p, k, value);

	if (i >= 0)
		value_store(base, k, (uint64_t)i);
}

void value_address(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_in6 a;

	if (in6_parse(value, &a) < 0)
		config_problem(p, "%s = %s is not an IPv6 address; give one like 2001:db8:1::1",
			       k->name, value);
	else if (!in6_is_global(&a))
		config_problem(p, "%s = %s must be a global or unique local address", k->name,
			       value);
	else
		memcpy((uint8_t *)base + k->off, &a, sizeof(a));
}

static bool interface_name_ok(struct parser *p, const struct key *k, const char *value)
{
	if (*value == '\0' || strlen(value) >= LKE_IFNAME_MAX || strpbrk(value, "/ :%") ||
	    strcmp(value, ".") == 0 || strcmp(value, "..") == 0) {
		config_problem(p, "%s = %s is not an interface name; see: ip link", k->name, value);
		return false;
	}
	return true;
}

void value_interface(struct parser *p, const struct key *k, void *base, const char *value)
{
	if (interface_name_ok(p, k, value))
		str_copy((char *)base + k->off, k->size, value);
}

void value_add_interface(struct parser *p, const struct key *k, char list[][LKE_IFNAME_MAX],
			 unsigned *n, const char *value)
{
	if (!interface_name_ok(p, k, value))
		return;
	for (unsigned i = 0; i < *n; i++) {
		if (strcmp(list[i], value) == 0) {
			config_problem(p, "%s = %s is given twice; remove one", k->name, value);
			return;
		}
	}
	if (*n == LKE_MAX_IFACES)
		config_problem(p, "more than %d interfaces; remove some", LKE_MAX_IFACES);
	else
		str_copy(list[(*n)++], LKE_IFNAME_MAX, value);
}

/* A relative path is one beside the configuration file. */
void value_path(struct parser *p, const struct key *k, char buf[CONFIG_PATH_MAX], const char *value)
{
	const char *slash = strrchr(p->file, '/');
	int dir = value[0] == '/' || !slash ? 0 : (int)(slash - p->file) + 1;

	if (*value == '\0')
		config_problem(p, "%s needs the path of a key file", k->name);
	else if (snprintf(buf, CONFIG_PATH_MAX, "%.*s%s", dir, p->file, value) >= CONFIG_PATH_MAX)
		config_problem(p, "%s: path is too long; take a shorter one", k->name);
}

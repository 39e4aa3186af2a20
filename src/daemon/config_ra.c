/* SPDX-License-Identifier: ISC */
#include "daemon/config_ra.h"

#include <string.h>

#include "base/in6.h"
#include "base/str.h"
#include "daemon/config_number.h"

bool config_lifetime(const char *text, uint32_t *ret)
{
	uint64_t v;

	if (strcmp(text, "infinite") == 0 || strcmp(text, "infinity") == 0) {
		*ret = UINT32_MAX;
		return true;
	}
	if (!number_parse(text, UNIT_SECONDS, &v) || v >= UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static const char *address(const char *text, struct lke_prefix *ret)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	uint64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return "must be auto or like 2001:db8:1::/64";
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (in6_parse(addr, &ret->addr) < 0 || !number_parse(slash + 1, UNIT_NONE, &len))
		return "must be auto or like 2001:db8:1::/64";
	if (len != 64 || !in6_is_global(&ret->addr))
		return "must be a global or unique local /64";
	for (unsigned i = 8; i < 16; i++)
		if (ret->addr.b[i])
			return "has host bits set; clear them";
	ret->len = 64;
	return NULL;
}

/* One word behind the prefix and, where it takes one, its value. */
static const char *option(const char *word, char **rest, struct lke_prefix *p)
{
	bool valid = strcmp(word, "valid") == 0;
	const char *value;

	if (strcmp(word, "no-onlink") == 0) {
		p->off_link = true;
		return NULL;
	}
	if (strcmp(word, "no-autonomous") == 0) {
		p->not_autonomous = true;
		return NULL;
	}
	if (!valid && strcmp(word, "preferred") != 0)
		return "takes valid TIME, preferred TIME, no-onlink and no-autonomous behind it";
	value = strtok_r(NULL, " \t", rest);
	if (!value || !config_lifetime(value, valid ? &p->valid : &p->preferred))
		return "needs a time like 2h, or infinite, behind valid and preferred";
	p->timed = true;
	return NULL;
}

const char *config_prefix(const char *text, uint32_t valid, uint32_t preferred,
			  struct lke_prefix *ret)
{
	struct lke_prefix p = { .valid = valid, .preferred = preferred };
	const char *word, *why;
	char copy[256], *rest;

	if (strlen(text) >= sizeof(copy))
		return "is too long; shorten it";
	str_copy(copy, sizeof(copy), text);
	word = strtok_r(copy, " \t", &rest);
	why = address(word ? word : "", &p);
	while (!why && (word = strtok_r(NULL, " \t", &rest)))
		why = option(word, &rest, &p);
	if (!why && p.timed && p.preferred > p.valid)
		why = "has a preferred lifetime above its valid lifetime (RFC 4861 4.6.2); lower "
		      "it";
	if (!why)
		*ret = p;
	return why;
}

const char *config_domain(const char *text, uint8_t buf[LKE_DNSSL_MAX], unsigned *len)
{
	static const char bad[] = "is not a domain name; give one like example.net";
	uint8_t name[256];
	size_t n = 0;

	while (*text) {
		size_t label = strcspn(text, ".");

		if (label == 0 || label > 63 || n + label + 2 > sizeof(name) - 1)
			return bad;
		for (size_t i = 0; i < label; i++)
			if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
				return bad;
		name[n++] = (uint8_t)label;
		memcpy(name + n, text, label);
		n += label;
		text += label;
		if (*text == '.')
			text++;
	}
	if (n == 0)
		return bad;
	name[n++] = 0;
	if (*len + n > LKE_DNSSL_MAX)
		return "does not fit: the search list has at most 256 octets; shorten it";
	memcpy(buf + *len, name, n);
	*len += (unsigned)n;
	return NULL;
}

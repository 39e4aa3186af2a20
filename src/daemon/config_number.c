/* SPDX-License-Identifier: ISC */
#include "daemon/config_number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct suffix {
	enum unit unit;
	const char *text;
	uint64_t factor;
} suffixes[] = {
	{ UNIT_NONE, "", 1 },
	{ UNIT_SECONDS, "", 1 },
	{ UNIT_SECONDS, "s", 1 },
	{ UNIT_SECONDS, "m", 60 },
	{ UNIT_SECONDS, "h", 3600 },
	{ UNIT_SECONDS, "d", 86400 },
	{ UNIT_MILLISECONDS, "", 1000 },
	{ UNIT_MILLISECONDS, "ms", 1 },
	{ UNIT_MILLISECONDS, "s", 1000 },
	{ UNIT_MILLISECONDS, "m", 60000 },
	{ UNIT_PERCENT, "", 1 },
	{ UNIT_PERCENT, "%", 1 },
	{ UNIT_OCTETS, "", 1 },
	{ UNIT_OCTETS, "K", 1 << 10 },
	{ UNIT_OCTETS, "M", 1 << 20 },
	{ UNIT_OCTETS, "G", 1 << 30 },
};

static const struct suffix *find_suffix(enum unit unit, const char *text)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (suffixes[i].unit == unit && strcmp(suffixes[i].text, text) == 0)
			return &suffixes[i];
	return NULL;
}

/* Decimal places: only where the smaller unit makes them whole ("1.5s" is 1500 ms). */
static bool parse_fraction(const char **text, uint64_t *ret_thousandths)
{
	uint64_t scale = 100;

	*ret_thousandths = 0;
	if (**text != '.')
		return true;
	(*text)++;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++) {
		if (scale == 0 && **text != '0')
			return false;
		*ret_thousandths += scale * (uint64_t)(**text - '0');
		scale /= 10;
	}
	return true;
}

bool number_parse(const char *text, enum unit unit, uint64_t *ret)
{
	uint64_t v = 0, thousandths = 0;
	const struct suffix *s;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	if (unit == UNIT_MILLISECONDS && !parse_fraction(&text, &thousandths))
		return false;
	while (isspace((unsigned char)*text))
		text++;
	s = find_suffix(unit, text);
	if (!s || (thousandths * s->factor) % 1000)
		return false;
	if (__builtin_mul_overflow(v, s->factor, &v) ||
	    __builtin_add_overflow(v, thousandths * s->factor / 1000, &v))
		return false;
	*ret = v;
	return true;
}

const char *number_text(uint64_t value, enum unit unit, char *buf, size_t size)
{
	static const char *const unit_text[] = { "", "s", "ms", "%", "" };
	unsigned long long v = value;

	if (unit == UNIT_OCTETS && value % (1 << 20) == 0 && value > 0)
		snprintf(buf, size, "%lluM", v >> 20);
	else if (unit == UNIT_MILLISECONDS && value % 1000 == 0 && value > 0)
		snprintf(buf, size, "%llus", v / 1000);
	else
		snprintf(buf, size, "%llu%s", v, unit_text[unit]);
	return buf;
}

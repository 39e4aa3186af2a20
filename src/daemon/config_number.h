/* SPDX-License-Identifier: ISC */
/* Numbers with units, as lke.conf(5) writes them. */
#ifndef DAEMON_CONFIG_NUMBER_H
#define DAEMON_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit {
	UNIT_NONE,
	UNIT_SECONDS,	   /* 7200, 7200s, 120m, 2h, 1d -> seconds */
	UNIT_MILLISECONDS, /* 500ms; without a unit seconds, also 1.5s -> milliseconds */
	UNIT_PERCENT,	   /* 25 or 25% */
	UNIT_OCTETS,	   /* 65536, 64K, 32M, 1G: powers of two */
};

/* false: not a number with one of the unit's suffixes, or beyond 64 bits. */
bool number_parse(const char *text, enum unit unit, uint64_t *ret);

/* Writes value with its unit; returns buf. */
const char *number_text(uint64_t value, enum unit unit, char *buf, size_t size);

#endif

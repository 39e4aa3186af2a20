/* SPDX-License-Identifier: ISC */
/* A key of lke.conf(5), and what reads the usual kinds of value into a field; a wrong one is a
 * problem of p. */
#ifndef DAEMON_CONFIG_VALUE_H
#define DAEMON_CONFIG_VALUE_H

#include "daemon/config_number.h"
#include "daemon/config_parser.h"

struct key;
typedef void (*set_fn)(struct parser *p, const struct key *k, void *base, const char *value);

struct key {
	const char *name;
	set_fn set;
	size_t off, size; /* of the field, for the general setters */
	uint64_t min, max;
	enum unit unit;
	bool many;		 /* may be given several times */
	const char *const *word; /* enumerations: names in the order of their values */
	const char *restart; /* why lked must be restarted for a change; NULL: lke reload does it */
};

#define FIELD(type, field) .off = offsetof(type, field), .size = sizeof(((type *)0)->field)

void value_store(void *base, const struct key *k, uint64_t v);

/* Setters. */
void value_number(struct parser *p, const struct key *k, void *base, const char *value);
/* A number that may also be switched off: 0. */
void value_number_or_off(struct parser *p, const struct key *k, void *base, const char *value);
void value_bool(struct parser *p, const struct key *k, void *base, const char *value);
void value_word(struct parser *p, const struct key *k, void *base, const char *value);
void value_address(struct parser *p, const struct key *k, void *base, const char *value);
void value_interface(struct parser *p, const struct key *k, void *base, const char *value);

/* The place of a word among k->word, or -1. */
int value_word_index(struct parser *p, const struct key *k, const char *value);
void value_add_interface(struct parser *p, const struct key *k, char list[][LKE_IFNAME_MAX],
			 unsigned *n, const char *value);
/* A relative path is one beside the configuration file. */
void value_path(struct parser *p, const struct key *k, char buf[CONFIG_PATH_MAX],
		const char *value);

#endif

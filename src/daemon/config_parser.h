/* SPDX-License-Identifier: ISC */
/* What the files of the configuration reader share. */
#ifndef DAEMON_CONFIG_PARSER_H
#define DAEMON_CONFIG_PARSER_H

#include "daemon/config_file.h"

#define CONFIG_PATH_MAX 1024

enum section {
	SECTION_NONE, /* before the first one */
	SECTION_BAD,  /* was reported; its keys are passed over */
	SECTION_AR,
	SECTION_MN,
	SECTION_HA,
	SECTION_MOBILE,
	SECTION_DAEMON,
};

/* A place in a file, for messages of checks that come after the reading. */
struct place {
	char file[CONFIG_PATH_MAX];
	int line;
	bool broken; /* a line of the section was refused: what it lacks may be that */
};

#define CONFIG_SEEN_MAX 64

/* Where the keys of one section stand, of those that may be given once. */
struct key_lines {
	unsigned n;
	const char *name[CONFIG_SEEN_MAX];
	int line[CONFIG_SEEN_MAX];
};

/* What the checks must know beside the values. */
struct parsed_ar {
	struct place place;
	struct key_lines keys;
	bool router_lifetime_set, ra_min_interval_set, ra_min_delay_set;
};

struct parsed_home {
	struct place place;
	char key[CONFIG_PATH_MAX];
	bool agent_set;
};

struct parsed_mobile {
	struct place place;
	char key[CONFIG_PATH_MAX];
	bool shares_key; /* was said */
};

struct parser {
	struct report *r;
	struct daemon_config *cfg;
	const char *file; /* being read */
	int line;
	enum section section;
	bool profile_set, rsa_bits_set, rsa_rotation_set, forward_set;
	struct place mn, ha; /* line 0: no such section */
	struct parsed_ar ar[LKE_MAX_IFACES];
	struct parsed_home home[LKE_MAX_HOMES];
	struct parsed_mobile *mobile; /* parallel to cfg->mobile, same capacity */
	struct key_lines *seen;	      /* of the section that is being read */
	struct key_lines ha_keys, other_keys;
	FILE *text; /* of daemon_config_merge(); NULL: nobody wants it */
};

void config_problem(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct place config_here(const struct parser *p);

/* One KEY = VALUE line of the current section. */
void config_key(struct parser *p, const char *name, const char *value);

/* Impossible combinations, key files; after all files were read. */
void config_check(struct parser *p);

/* --- config_mobiles.c --- */

/* Reports what two [Mobile] sections share and may not: name, home address, SPI, any key. */
void config_mobiles_unique(struct parser *p);
/* Warns, with figures, when manual keys do not fit (RFC 6275 15.3). */
void config_mobiles_advise(struct parser *p);
/* "2001:db8::/32"; false: not a prefix. */
bool config_net(const char *value, struct lke_prefix *ret);

#endif

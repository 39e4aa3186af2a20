/* SPDX-License-Identifier: ISC */
/*
 * One policy entry with its keys as a file, for the off-line agreement that manual keys need
 * (SEC-047): the lines of a key file, and before them
 *	format = lke-policy 1
 *	name = alice
 *	home-address = 2001:db8:100::42
 *	home-agent = 2001:db8:100::1		may be missing
 *	max-lifetime = 600			s; may be missing
 */
#ifndef DAEMON_POLICY_FILE_H
#define DAEMON_POLICY_FILE_H

#include "daemon/key_file.h"

struct policy_file {
	char name[LKE_NAME_MAX]; /* letters, digits, '.', '_', '-'; it becomes part of file names */
	struct lke_in6 home, agent; /* agent ::: not said */
	uint32_t max_lifetime;	    /* 0: not said */
	struct key_file keys;
};

/* Its text.  The length, or -ENOSPC.  The caller wipes buf. */
int policy_text(const struct policy_file *p, char *buf, size_t size)
	__attribute__((warn_unused_result));

/* text is changed and wiped.  Problems go to r.  0 or LKE_ERR_INVAL; the caller wipes ret. */
int policy_parse(const char *name, char *text, struct report *r, struct policy_file *ret)
	__attribute__((warn_unused_result));

/* May a mobile of this name have files of this name? */
bool policy_name_ok(const char *name);

#endif

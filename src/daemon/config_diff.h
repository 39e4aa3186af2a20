/* SPDX-License-Identifier: ISC */
/*
 * What two configurations have different: one code for lke diff and lke reload.  The statements are
 * those of the merged texts (daemon_config_merge()); the contents of key files are compared by
 * digests that are never shown.
 */
#ifndef DAEMON_CONFIG_DIFF_H
#define DAEMON_CONFIG_DIFF_H

#include <stddef.h>

#include "daemon/config_file.h"

struct config_change {
	char op;     /* '-' gone, '+' new, '~' the same key file with another key */
	char *text;  /* "[AccessRouter] wlan0: Mtu = 1400" */
	char *place; /* "FILE:LINE", or "" when it is not known */
	const char
		*restart; /* why lked must be restarted for it; NULL: it is changed while it runs */
};

struct config_diff {
	struct config_change *change; /* by text */
	size_t n, cap;
};

/* Compares merged texts.  0 or LKE_ERR_NOMEM; config_diff_done() in any case. */
int config_diff(const char *old_text, const char *new_text, struct config_diff *ret)
	__attribute__((warn_unused_result));
/* Adds the key files whose contents differ; both have digests (key_digest.h).  0 or LKE_ERR_NOMEM.
 */
int config_diff_keys(struct config_diff *d, const struct daemon_config *old,
		     const struct daemon_config *now) __attribute__((warn_unused_result));
void config_diff_done(struct config_diff *d);

/* Is anything different that only a restart can change?  By value: how it is written is nothing. */
bool config_needs_restart(const struct daemon_config *old, const struct daemon_config *now);

/* --- config_keys.c --- */

/* Why a change of this key of this section ("AccessRouter", "Mobile", ...) needs a restart; NULL:
 * it does not, or there is no such key. */
const char *config_key_restart(const char *section, const char *key);

#endif

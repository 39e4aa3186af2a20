/* SPDX-License-Identifier: ISC */
/* lke.conf(5): reading and checking.  All problems are reported in one pass. */
#ifndef DAEMON_CONFIG_FILE_H
#define DAEMON_CONFIG_FILE_H

#include <sys/types.h>

#include "daemon/key_file.h"
#include "daemon/report.h"
#include "lke/config.h"
#include "lke/error.h"

#define MOBILES_MAX 131072 /* [Mobile] sections */

/* A key that is to follow, see daemon/key_store.h. */
struct next_key {
	unsigned mobile; /* index of its section */
	struct key_file keys;
	int64_t written; /* s since 1970 */
};

struct daemon_config {
	struct lke_config engine;
	struct lke_config_mobile *mobile; /* owned; engine.ha.mobile points here */
	unsigned mobiles, mobiles_cap;
	char **key_path;	       /* parallel to mobile */
	char *home_key[LKE_MAX_HOMES]; /* parallel to engine.mn.home; NULL: not given */
	struct next_key *next;
	unsigned nexts;
	struct key_digest *digest; /* key_digest.h; NULL: not made */
	size_t digests;
	char tun[LKE_IFNAME_MAX];
	char user[LKE_NAME_MAX];
	unsigned rsa_bits;
	uint32_t audit_size; /* octets of one file of the journal of Binding Updates; 0: none */
	bool state_file;     /* keep the RSA key over a restart */
	int log_level;	     /* of syslog(3): 3, 4, 5 or 7 */
	enum { FORWARD_AUTO, FORWARD_BPF, FORWARD_TUN } forward;
	uint32_t buffer_packets, buffer_total; /* of one leaving mobile node; octets of all */
};

/*
 * Reads path and then path.d/?*.conf in the order of their names, with the key files they name.
 * owner: user, besides root, that key files may belong to.  Returns 0, or LKE_ERR_INVAL or
 * LKE_ERR_NOMEM with problems reported to r; the caller calls daemon_config_done() in any case.
 */
int daemon_config_load(const char *path, struct report *r, struct daemon_config *ret_cfg)
	__attribute__((warn_unused_result));

/*
 * The same, and the files as one text: each line with its origin as a comment, without the comments
 * of the files.  Key files are named, not read out.  *ret_text, only after 0, is freed by the
 * caller.
 */
int daemon_config_merge(const char *path, struct report *r, struct daemon_config *ret_cfg,
			char **ret_text) __attribute__((warn_unused_result));

/* The same from a merged text that is kept in a file, which is read alone. */
int daemon_config_merged(const char *path, struct report *r, struct daemon_config *ret_cfg,
			 char **ret_text) __attribute__((warn_unused_result));

/* Frees and wipes; a zeroed structure is allowed. */
void daemon_config_done(struct daemon_config *cfg);

/* The interface belongs to a role of this host. */
bool daemon_config_has_interface(const struct daemon_config *cfg, const char *name);
bool daemon_config_is_mn_interface(const struct daemon_config *cfg, const char *name);

#endif

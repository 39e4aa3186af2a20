/* SPDX-License-Identifier: ISC */
/*
 * Whether two key files hold the same key, asked later, when one of the keys is wiped: a keyed
 * digest stands for it.  It is never shown, and without the secret of this run it says nothing of
 * the key.
 */
#ifndef DAEMON_KEY_DIGEST_H
#define DAEMON_KEY_DIGEST_H

#include "daemon/config_file.h"
#include "daemon/key_file.h"

#define KEY_DIGEST_SECRET 32

struct key_digest {
	struct lke_in6 home;
	uint64_t digest[4]; /* of the key; of the one that is to follow it, 0: there is none */
	char *owner;	    /* "[Mobile alice]", "[MobileNode] 2001:db8::42" */
	char *path;	    /* of its file */
};

/* Fills in cfg->digest, sorted by home address, from its keys.  0 or LKE_ERR_NOMEM. */
int key_digest_make(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET])
	__attribute__((warn_unused_result));
/* While lked runs: it has been given the key that is to follow; that one has become the key. */
void key_digest_follow(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET],
		       const struct lke_in6 *home, const struct key_file *next);
void key_digest_switched(struct daemon_config *cfg, const struct lke_in6 *home);
bool key_digest_eq(const struct key_digest *a, const struct key_digest *b);
void key_digest_done(struct daemon_config *cfg);

#endif

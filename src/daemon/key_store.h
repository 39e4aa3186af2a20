/* SPDX-License-Identifier: ISC */
/*
 * The key files of the home addresses served, and the next key beside each: FILE.next, which `lke
 * rekey` makes.  When the mobile node has used it, it takes the place of FILE, and the old key is
 * gone.
 */
#ifndef DAEMON_KEY_STORE_H
#define DAEMON_KEY_STORE_H

#include "daemon/config_file.h"
#include "daemon/key_file.h"

#define KEY_NEXT_SUFFIX ".next"

/* Path of the key file of a mobile, or NULL; the configuration's. */
const char *key_store_path(const struct daemon_config *cfg, const struct lke_in6 *home);
/* What is left of the overlap (s, at least 1) for a next key whose file was written then; both s
 * since 1970. */
uint32_t key_store_overlap(const struct daemon_config *cfg, int64_t written, int64_t now);
/* The file of the next key, checked as secret_file_read() does.  A descriptor or -errno. */
int key_store_open_next(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home);
/* What is in that file.  0 or -errno, said on stderr. */
int key_store_read_next(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home,
			struct key_file *ret);
/* The next key of this generation has become the present one.  0 or -errno. */
int key_store_switch(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home,
		     uint32_t generation);

/* For the configuration's reader: remembers the path of mobile i and reads its next key.  false:
 * out of memory. */
bool key_store_add(struct daemon_config *cfg, unsigned i, const char *path, uid_t owner,
		   struct report *r);
void key_store_done(struct daemon_config *cfg);

#endif

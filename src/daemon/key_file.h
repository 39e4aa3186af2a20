/* SPDX-License-Identifier: ISC */
/*
 * Secrets on disk: key files of manually keyed ESP security associations (RFC 3776, AMB-156,
 * AMB-159) and the RSA key of an access router.  A file is refused unless it is a regular file,
 * mode 0600 or stricter, owned by root or the given user, and not reached through a symbolic link
 * in its last component.
 */
#ifndef DAEMON_KEY_FILE_H
#define DAEMON_KEY_FILE_H

#include <sys/types.h>

#include "daemon/report.h"
#include "lke/config.h"
#include "lke/error.h"

#define KEY_FILE_MAX 4096 /* octets */

struct key_file {
	struct lke_config_sa to_ha, to_mn;
	uint32_t generation;
};

/*
 * Reads a key file.  Problems go to r; the secrets of the file are never part of a message.
 * Returns 0 or LKE_ERR_INVAL (ret_keys is then untouched).  The caller wipes ret_keys.
 */
int key_file_load(const char *path, uid_t owner, struct report *r, struct key_file *ret_keys)
	__attribute__((warn_unused_result));

/* The same for text already in memory (text is changed: lines are cut, and wiped at the end). */
int key_file_parse(const char *name, char *text, struct report *r, struct key_file *ret_keys)
	__attribute__((warn_unused_result));

/* Opens a secret file with the checks above.  A descriptor, or a negative errno with the reason
 * reported to r; -ENOENT is not reported. */
int secret_file_open(const char *path, uid_t owner, struct report *r);

/*
 * Reads a secret file into buf with the checks above.  Returns its length, or a negative errno with
 * the reason reported to r; -ENOENT is not reported.
 */
ssize_t secret_file_read(const char *path, uid_t owner, struct report *r, char *buf, size_t size);

/* Writes a secret file: mode 0600, new inode, rename over path, fsync.  0 or negative errno. */
int secret_file_write(const char *path, const char *buf, size_t len);
/* The same, and when root writes it, it belongs to whom the file or directory `like` belongs: as a
 * service lked is no root and reads keys of its own.  like NULL: root. */
int secret_file_write_like(const char *path, const char *like, const char *buf, size_t len);

#endif

/* SPDX-License-Identifier: ISC */
/* Users and groups of the system.  A file of its own: <grp.h> has a struct group, and so have we.
 */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

bool identity_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);
/* The group, or 0 (root) when it does not exist. */
gid_t identity_group(const char *name);
/* Peer of a Unix socket: root, or with gid as its own or a supplementary group. */
bool identity_peer_allowed(int fd, gid_t gid);
bool identity_peer_root(int fd);

#endif

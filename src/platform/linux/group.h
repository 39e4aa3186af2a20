/* SPDX-License-Identifier: ISC */
/*
 * Multicast group memberships, so that snooping bridges let solicitations for served addresses
 * through. Linux bounds the memberships of one socket (365 on 6.1, 2,340 on 6.18): several UDP
 * sockets share the load. group_open() belongs to the privileged process; the rest works behind the
 * sandbox (setsockopt only).
 */
#ifndef PLATFORM_GROUP_H
#define PLATFORM_GROUP_H

#include "lke/action.h"

enum { GROUP_SOCKETS_MAX = 64, GROUP_MAX = 65536 };

struct group;

struct group_stats {
	uint32_t joined;  /* memberships held now */
	uint32_t waiting; /* asked for, but no socket had room, or the system refused */
	uint32_t untried; /* of those that wait: put off by group_turn() */
	uint64_t refused; /* joins that failed */
	int last_error;	  /* of the last one that failed, -errno */
};

/* Opens that many sockets (1..GROUP_SOCKETS_MAX).  0 or -errno. */
int group_open(unsigned sockets, struct group **ret);
/*
 * Joins or leaves.  Joining again counts references; leave of an unknown one gives -ENOENT.
 * -ENOBUFS when every socket is full or GROUP_MAX is reached, else -errno of the system; the group
 * then waits for a later leave or group_retry() (but not beyond GROUP_MAX).
 */
int group_set(struct group *g, const struct lke_act_group *act);
/* Tries again for those that wait, until one fails or the turn's joins are used up. */
void group_retry(struct group *g);
/*
 * Until the next call at most so many joins; further ones wait, which is no failure.  The kernel
 * searches all groups of the interface for each: a router that starts with ten thousands of LBSAs
 * would do nothing else for minutes.  Without any call there is no such limit.
 */
void group_turn(struct group *g, unsigned joins);
/* The interface is gone: its memberships went with it. */
void group_forget(struct group *g, uint32_t ifindex);
void group_stats(const struct group *g, struct group_stats *ret);
/* The descriptors of its sockets; number of them, at most max. */
size_t group_fds(const struct group *g, int *ret_fd, size_t max);
void group_close(struct group *g);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Neighbours that the kernel's Neighbor Unreachability Detection gave up (RFC 4861 7.3.3): a hint
 * that a mobile node has left its link.  Hints may be lost; nothing depends on them.
 */
#ifndef PLATFORM_NETLINK_NEIGH_H
#define PLATFORM_NETLINK_NEIGH_H

#include "lke/event.h"

/* Privileged: a non-blocking socket that gets IPv6 neighbours entering NUD_FAILED and nothing else
 * (the kernel filters, so that a busy link costs no wake-ups).  fd or -errno. */
int neigh_open(void);
/* The next one.  1: *ret is set; 0: none waits, or some were lost; -errno: the socket failed. */
int neigh_read(int fd, struct lke_ev_neigh *ret);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * BPF programs as filters of tc (qdisc clsact), for kernels before 6.6, which have no tcx.  Unlike
 * a link of tcx such a filter outlives its process: it is known by its handle, priority and name.
 * Filters of others on the same interface stay, and run behind ours or before it by their priority.
 */
#ifndef PLATFORM_NETLINK_TC_H
#define PLATFORM_NETLINK_TC_H

#include <stdbool.h>
#include <stdint.h>

struct nl;

/* Puts the program (a descriptor) on an interface, in the place of one that we have there.  Makes
 * the qdisc where there is none.  0 or -errno. */
int tc_attach(struct nl *n, uint32_t ifindex, bool egress, int prog);
/* Takes it off, and the qdisc when tc_attach() made it and nobody else uses it.  True: there was
 * one. */
bool tc_detach(struct nl *n, uint32_t ifindex, bool egress);
/* The same on every interface: what a killed lked left.  How many, or -errno. */
int tc_cleanup_stale(struct nl *n);

#endif

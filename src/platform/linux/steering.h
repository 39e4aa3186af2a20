/* SPDX-License-Identifier: ISC */
/*
 * Steering: an nftables table of our own keeps the packets that lke answers itself (MH, Home
 * Address option, type 2 routing header, our ESP, tunnel packets to our ends, Neighbor
 * Solicitations on a mobile node's links, ND for intercepted addresses) from the kernel's input
 * path.  AF_PACKET sockets see them all.  AMB-137, AMB-138.
 *
 * The table has `flags owner`: it lives exactly as long as the process that called steer_open(),
 * also after kill -9, and survives `nft flush ruleset`.  Privileged process only.
 */
#ifndef PLATFORM_STEERING_H
#define PLATFORM_STEERING_H

#include "lke/action.h"

#define STEER_TABLE "lke"

enum { STEER_BATCH_MAX = 1024 };

struct steer;

/* Makes the table.  On the n links the engine answers every Neighbor Solicitation: the kernel
 * would answer the access router's DAD plainly, and for an optimistic address with the override
 * flag (RFC 4429 3.3).  By name: they may come later.  0 or -errno with a sentence for the operator
 * in err (kernel without nf_tables, table held by another lked, no permission). */
int steer_open(const char *const *links, size_t n, struct steer **ret, char *err, size_t err_size);
/* Adds or removes elements (n: at most STEER_BATCH_MAX), all or none of them.  Adding what is there
 * and removing what is not are no errors. */
int steer_apply(struct steer *s, const struct lke_act_steer *act, size_t n);
/* The links whose solicitations are ours: one more, or one less.  0 or -errno. */
int steer_link(struct steer *s, const char *name, bool add);
/* The sentence of the last failure, which ends with what to do; "" when there was none. */
const char *steer_error(const struct steer *s);
void steer_close(struct steer *s); /* deletes the table */

/* Command text for these elements, as given to libnftables; for tests.  Length, -ENOSPC or
 * -EINVAL. */
int steer_commands(const struct lke_act_steer *act, size_t n, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * The IPsec security associations of this host, as its kernel has them (NETLINK_XFRM): draft 4.2,
 * AMB-056.  Belongs to the privileged process: each message of the kernel holds the keys of the
 * association, which must not reach the process that reads packets.
 */
#ifndef PLATFORM_XFRM_H
#define PLATFORM_XFRM_H

#include "lke/event.h"

enum { XFRM_SAS_MAX = 8192 };

struct xfrm;

struct xfrm_counts {
	uint64_t overruns; /* news were lost, everything was dumped again */
	uint64_t full;	   /* associations that found no room and are not checked */
	size_t sas;	   /* ESP and AH associations over IPv6 */
};

/* A peer of some ESP or AH association appeared, or the last one with it has gone. */
typedef void (*xfrm_fn)(void *ctx, const struct lke_ev_ipsec *ev);

/* Opens and asks for everything there is.  0, -EPROTONOSUPPORT (a kernel without XFRM) or -errno.
 */
int xfrm_open(struct xfrm **ret);
int xfrm_fd(const struct xfrm *x);
/* Reads everything that waits and reports what changed.  0 or -errno when it can go on no longer.
 */
int xfrm_read(struct xfrm *x, xfrm_fn fn, void *ctx);
/* The messages of one datagram; for xfrm_read() and tests.  As above. */
int xfrm_input(struct xfrm *x, const void *buf, size_t len, xfrm_fn fn, void *ctx);
bool xfrm_synced(const struct xfrm *x); /* no dump is under way */
void xfrm_counts(const struct xfrm *x, struct xfrm_counts *ret);
void xfrm_close(struct xfrm *x); /* accepts NULL */

#endif

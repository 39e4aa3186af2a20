/* SPDX-License-Identifier: ISC */
/*
 * The forwarding plane over a restart (ADR 83): the TUN device, the maps and the places of the
 * programs are descriptors, which the service manager keeps while there is no lked.  Privileged
 * process.
 */
#ifndef DAEMON_PLANE_KEEP_H
#define DAEMON_PLANE_KEEP_H

#include "daemon/world.h"

enum {
	/* What is gone for longer is not coming back, and its bindings are too old to be followed.
	 */
	PLANE_UNATTENDED_S = 30,
	PLANE_ATTEND_S = 10, /* how often the engine process has to show that it runs */
	PLANE_SWEEP_S = 10,  /* after the start: what is not there again by then has ended */
};

/* This host, service and configuration allow it. */
bool plane_wanted(const struct world *w);
/* Takes the descriptors of the lked before this one, or closes them when they do not fit. */
void plane_take(struct world *w);
/* A TUN device was taken over: its descriptor, or -1. */
int plane_tun(struct world *w);
/* The maps that were taken over, or NULL. */
const struct fast_maps *plane_maps(const struct world *w);
/* They cannot be used after all: the next start of everything is from nothing. */
void plane_forget(struct world *w);
/* Before the fast path is opened. */
void plane_begin(struct world *w);
/* With the fast path open: gives the store what it needs for the next lked, if there is a store. */
void plane_give(struct world *w);
/* A program was attached (fd), or its interface went (-1). */
void plane_link(void *ctx, uint32_t ifindex, int fd);
/* All interfaces have their new programs: those of before go. */
void plane_taken_over(struct world *w);
/* The engine process lives. */
void plane_attend(struct world *w);
/* This end is one after which another start may follow: the plane stays for it. */
bool plane_stays(const struct world *w, int exit_code);
/* It does not: nothing is left in the store. */
void plane_drop(struct world *w);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Fast path of the tunnels in the kernel: BPF programs before the TUN plane (bpf/forward.bpf.c, ADR
 * 80).  Belongs to the privileged process, which alone may call bpf(2); the engine process has the
 * counters, by a mapping that it inherits.
 */
#ifndef PLATFORM_FORWARD_BPF_H
#define PLATFORM_FORWARD_BPF_H

#include <stddef.h>

#include "lke/types.h"
#include "platform/linux/bpf/forward_map.h"

enum { FAST_LINKS_MAX = 64 };

struct fast;
struct nl;

/* Descriptors of the maps. */
struct fast_maps {
	int bindings, counts;
};

struct fast_conf {
	uint32_t tun_ifindex;
	uint32_t max;		      /* bindings */
	uint8_t secret[16];	      /* that of struct fwd_conf, for flow labels */
	struct nl *nl;		      /* outlives the fast path */
	bool clsact;		      /* do without tcx, as kernels before 6.6 */
	const struct fast_maps *maps; /* of an lked before this one; NULL: new ones */
	/* A program was attached by tcx: it stays until the last copy of fd is closed.  fd
	 * negative: its interface went.  NULL: nobody asks. */
	void (*link)(void *ctx, uint32_t ifindex, int fd);
	void *ctx;
};

/* A binding whose packets need not wait for anything. */
struct fast_binding {
	struct lke_in6 home, agent, coa;
	uint32_t mtu;  /* octets a packet inside may have */
	uint32_t slot; /* of the counters, below max */
	bool remove;   /* of the others only home, slot and ifindex count */
	/* A mobile node's own tunnel, which only sends: the link, and its router there.  0: an
	 * agent's. */
	uint32_t ifindex;
	struct lke_lladdr nexthop; /* of Ethernet */
};

/* Loads the programs and attaches the one of the TUN device.  0, or -errno with the reason in why.
 */
int fast_open(const struct fast_conf *conf, struct fast **ret, char *why, size_t why_size);
/* Takes off the programs that this process attached.  NULL is fine. */
void fast_close(struct fast *f);
/* Tunnel packets that come in by this Ethernet link are opened.  0 or -errno (-ENOSPC: more than
 * FAST_LINKS_MAX). */
int fast_link(struct fast *f, uint32_t ifindex);
/* 0 or -errno; removal of an unknown one: 0.  A packet sees all of a binding or none of it. */
int fast_set(struct fast *f, const struct fast_binding *b);
/* Until when the programs may forward unless this is said again; at first for ever. */
void fast_attend(struct fast *f, lke_time until);
/* They stay f's. */
struct fast_maps fast_maps(const struct fast *f);
/* Maps of this format and for so many bindings, as far as the kernel can tell. */
bool fast_maps_fit(const struct fast_maps *m, uint32_t max);
/* The bindings that are in the map now, in an array that is the caller's (mem_free()).  0 or
 * -errno. */
int fast_bindings(const struct fast *f, struct fast_binding **ret, size_t *ret_n);
/* Counters by slot, which run on when a slot is used again; they live as long as f, also in a
 * child. */
struct fastmap_count *fast_counts(const struct fast *f, uint32_t *ret_max);

#endif

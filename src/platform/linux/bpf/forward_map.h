/* SPDX-License-Identifier: ISC */
/* What the BPF programs and user space share: one binding, and what it has moved. */
#ifndef PLATFORM_BPF_FORWARD_MAP_H
#define PLATFORM_BPF_FORWARD_MAP_H

#include <linux/types.h>

/* Value of the map "bindings"; its key is the home address. */
struct fastmap_binding {
	__u64 agent[2]; /* addresses as they are on the wire */
	__u64 coa[2];
	__u32 mtu;  /* octets that a packet inside may have */
	__u32 slot; /* its place in "counts" */
};

/* Value of the map "mobiles": a mobile node's own tunnel, to send by; its key is the bound address.
 */
struct fastmap_mobile {
	__u64 agent[2];
	__u64 coa[2];
	__u32 mtu;
	__u32 slot;
	__u32 ifindex;	/* of the link */
	__u8 frame[14]; /* Ethernet header */
	__u8 unused[6];
};

/* Counts up with every change of what the maps hold: an lked that finds another one's maps
 * (ADR 83) takes them over only when it is the same. */
#define FASTMAP_VERSION 3

/* Bits of "live", of which the programs know the time the less exactly by some ns. */
#define FASTMAP_MOVED	1 /* the care-of address is that of the slot, not yet the binding's */
#define FASTMAP_ONE_WAY 2 /* into the tunnel alone: what comes out of it is user space's */
#define FASTMAP_FLAGS	(FASTMAP_MOVED | FASTMAP_ONE_WAY)

/*
 * Value of the array "counts", which user space maps.  One a slot, in a cache line of its own; one
 * more at the end, whose "last" says until when (ns of CLOCK_BOOTTIME) the plane may forward
 * without having heard of its daemon again.
 */
struct fastmap_count {
	__u64 encap, encap_bytes, decap, decap_bytes;
	/* Written by user space: until when the binding lives (ns of CLOCK_BOOTTIME), also when
	 * nobody is there to end it, and FASTMAP_FLAGS; 0 stops it at once. */
	__u64 live;
	__u64 last;   /* packet: ns of CLOCK_BOOTTIME */
	__u64 coa[2]; /* with FASTMAP_MOVED; written by user space, while it is not set */
};

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Forwarding plane on a TUN device: IPv6-in-IPv6 by read() and write(), on every kernel (RFC 2473,
 * AMB-120..123).  struct fwd belongs to the engine process and is driven by its event loop.
 *
 *   agent side   packets to a home address are routed to the TUN by the kernel, read, encapsulated
 * and written back for the kernel to route; tunnel packets come by fwd_from_link() mobile side
 * packets from a home address are read from the TUN, encapsulated (nested until no tunnel matches)
 * and sent as frames to the router of the link
 *
 * Events for the engine are queued (bounded, rate-limited) and taken with fwd_next_event().
 */
#ifndef PLATFORM_FORWARD_H
#define PLATFORM_FORWARD_H

#include "lke/action.h"
#include "lke/error.h"
#include "lke/event.h"
#include "platform/linux/forward_bpf.h"

enum {
	FWD_TUNNELS_MAX = 131072,
	FWD_ENDS_MAX = 1024, /* own tunnel ends */
	FWD_DIRECT_MAX = 64, /* plain paths */
	FWD_EVENTS_MAX = 256,
	FWD_LINKS_MAX = 64,
	FWD_QUEUES_MAX = 8192,	  /* addresses whose packets wait */
	FWD_TUN_MTU = 1420,	  /* 1500 - two levels of tunnels */
	FWD_TUN_MTU_AGENT = 1460, /* who is no mobile node adds one */
	FWD_TUN_QUEUE = 2000,	  /* packets that can be parked */
};

/* Privileged: makes or takes the TUN device (IFF_TUN, IFF_NO_PI, IFF_VNET_HDR, checksum and
 * segmentation offload), non-blocking.  It vanishes with its last descriptor.  fd or -errno;
 * *ret_ifindex is set.  MTU, queue length and up: nl_link_up(). */
int fwd_open_tun(const char *name, uint32_t *ret_ifindex);

struct fwd;
struct offload;

/* Sends a whole IPv6 packet on a link to a link-layer address.  0 or -errno; the plane counts
 * failures. */
typedef int (*fwd_send_fn)(void *ctx, uint32_t ifindex, const struct lke_lladdr *nexthop,
			   const uint8_t *pkt, size_t len);

struct fwd_conf {
	int tun_fd;    /* owned by the caller */
	bool vnet_hdr; /* it is fwd_open_tun()'s: packets have a virtio_net_hdr before them */
	bool agent;    /* tells who sends by a reverse tunnel that is none: ICMPv6 1/5 (AMB-120) */
	fwd_send_fn send;
	/* Puts a binding into the fast path or takes it back; false: not now.  With counts. */
	bool (*fast)(void *ctx, const struct fast_binding *b);
	/* No packet waits in a packet socket.  With counts; NULL: there are none. */
	bool (*quiet)(void *ctx);
	void *ctx;
	struct fastmap_count *counts; /* of fast_counts(); NULL: there is no fast path */
	uint32_t counts_max;
	/* What is in the fast path from before, only while fwd_new() runs. */
	const struct fast_binding *adopt;
	size_t adopts;
	uint32_t path_mtu;	 /* assumed until an ICMPv6 error says less; 0: 1500 */
	unsigned buffer_packets; /* that wait for one address; 0: none wait */
	size_t buffer_bytes;	 /* of all that wait */
	uint8_t secret[16];	 /* of the hash tables */
};

/* 0 or -ENOMEM. */
int fwd_new(const struct fwd_conf *conf, struct fwd **ret);
/* Other limits of what waits; what waits now stays. */
void fwd_set_buffers(struct fwd *f, unsigned packets, size_t bytes);
void fwd_free(struct fwd *f);

/* LKE_ACT_TUNNEL.  0, LKE_ERR_FULL, LKE_ERR_NOMEM; removal of an unknown one: LKE_ERR_NOENT. */
int fwd_set_tunnel(struct fwd *f, const struct lke_act_tunnel *t, lke_time now);
/* LKE_ACT_STEER with LKE_STEER_MINE: this address is a tunnel end of ours; protocol 41 packets to
 * it without a tunnel raise LKE_TUNNEL_NO_BINDING, those to other addresses are ignored.  0 or
 * LKE_ERR_FULL. */
int fwd_set_end(struct fwd *f, const struct lke_in6 *addr, bool present);
/*
 * Plain path of a source address, for packets that were parked in the TUN and match no tunnel any
 * more (LKE_ACT_PATH went back to LKE_PATH_ROUTER).  0 or LKE_ERR_FULL.
 */
int fwd_set_direct(struct fwd *f, const struct lke_in6 *src, uint32_t ifindex,
		   const struct lke_lladdr *nexthop);
void fwd_clear_direct(struct fwd *f, const struct lke_in6 *src);
/* MTU of a link (LKE_EV_LINK); bounds the packets sent by frames there. */
void fwd_set_link_mtu(struct fwd *f, uint32_t ifindex, uint32_t mtu);

/* LKE_ACT_HOLD: while held, fwd_from_tun() does nothing, packets wait in the device; the caller
 * stops watching the descriptor. */
void fwd_hold(struct fwd *f, bool hold);
bool fwd_held(const struct fwd *f);

/* LKE_ACT_BUFFER (forward_buffer.c).  0 or LKE_ERR_NOMEM: then packets go on as they did. */
int fwd_set_buffer(struct fwd *f, const struct lke_act_buffer *a, lke_time now);

/*
 * The interception of an address ends: its tunnel is about to go, and its route.  Packets that the
 * route still draws to the TUN go to the node's link after LKE_BUFFER_LINK; else they are kept
 * until fwd_withdraw_end(), which hands them back to the kernel in order; by then it knows the
 * address as on-link again.
 */
void fwd_withdraw_begin(struct fwd *f, const struct lke_in6 *addr);
void fwd_withdraw_end(struct fwd *f, const struct lke_in6 *addr);
/* False: not after LKE_BUFFER_LINK. */
bool fwd_withdraw_link(const struct fwd *f, const struct lke_in6 *addr, uint32_t *ret_ifindex,
		       struct lke_lladdr *ret_lladdr);

struct fwd_buffer_info {
	unsigned packets;
	size_t bytes;
};

/* What waits for an address; zeroes: nothing. */
void fwd_buffer_info(const struct fwd *f, const struct lke_in6 *addr, struct fwd_buffer_info *ret);

/*
 * Reads packets from the TUN and forwards them, until there were budget of them; a superpacket
 * counts as its segments.  Number of packets (less than budget: the device is empty), or -errno
 * when the device failed.
 */
int fwd_from_tun(struct fwd *f, unsigned budget, lke_time now);
/* One packet as if it came from the TUN.  0 or -enum lke_drop. */
int fwd_packet(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now);
/* The same with a superpacket or a partial checksum; len <= 65,536. */
void fwd_packet_offload(struct fwd *f, const uint8_t *pkt, size_t len, const struct offload *o,
			lke_time now);
/*
 * A packet from a packet socket, whole, from its IPv6 header (changed in place).  1: it was a
 * tunnel packet of ours and went to the TUN; 0: not ours (not protocol 41, or not to a tunnel end):
 * the caller goes on with it; -enum lke_drop: it was ours and was dropped. Packets of protocol 41
 * need not be shown to the engine in any case.
 */
int fwd_from_link(struct fwd *f, uint32_t ifindex, uint8_t *pkt, size_t len, lke_time now);
/* The same with what the kernel left to be done to it, of packet_receive_offload(). */
int fwd_from_link_offload(struct fwd *f, uint32_t ifindex, uint8_t *pkt, size_t len,
			  const struct offload *o, lke_time now);
/*
 * Between true and false packets of links are given one behind the other: segments of one TCP flow
 * may be kept back until then, to be written as one.
 */
void fwd_batch(struct fwd *f, bool more);
/*
 * A received ICMPv6 error (whole packet from its IPv6 header).  1: it was about a packet of a live
 * tunnel (Packet Too Big of at least 1280 lowers that tunnel's path MTU for ten minutes); 0: not
 * ours.
 */
int fwd_icmp(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now);
/* The kernel took a binding; it stays asleep until nothing can be overtaken. */
void fwd_fast_taken(struct fwd *f, bool mobile_side, const struct lke_in6 *home, uint32_t slot,
		    lke_time now);
/* The kernel refused a binding that conf.fast() had taken. */
void fwd_fast_refused(struct fwd *f, bool mobile_side, const struct lke_in6 *home, uint32_t slot,
		      lke_time now);
/* What was in the fast path from before and was not set again leaves it.  Number of tunnels that
 * were taken over. */
unsigned fwd_adopt_end(struct fwd *f);
/* LKE_ACT_SEND with ifindex 0: the kernel routes it.  0 or -errno. */
int fwd_write_tun(struct fwd *f, const uint8_t *pkt, size_t len);

/* LKE_EV_TUNNEL or LKE_EV_MOBILE for the engine; call it until false after each of the calls above.
 */
bool fwd_next_event(struct fwd *f, struct lke_event *ret);

struct fwd_counters {
	uint64_t encap, encap_bytes; /* packets into tunnels (each once, whatever the nesting) */
	uint64_t decap, decap_bytes; /* packets out of tunnels */
	uint64_t direct;	     /* by a plain path */
	uint64_t too_big;	     /* Packet Too Big sent */
	uint64_t fragmented;	     /* outer packets fragmented */
	uint64_t reassembled;	     /* outer packets reassembled */
	uint64_t reassembly_expired; /* given up before all their fragments came */
	uint64_t superpackets;	     /* read from the TUN or a link and segmented, or written */
	uint64_t joined;	     /* segments that went to the TUN in superpackets made here */
	uint64_t send_errors;	     /* frames or TUN writes the kernel refused */
	uint64_t unmatched;	     /* read from the TUN without a tunnel or path */
	uint64_t events_lost;	     /* queue full or rate limit */
	uint64_t buffered;	     /* packets that had to wait */
	uint64_t flushed;	     /* of them, into a tunnel later */
	uint64_t on_link;	     /* to a node on its link while its address was intercepted */
	uint64_t buffer_packets, buffer_bytes; /* that wait now */
	uint64_t fast_packets;		       /* of encap and decap, by the kernel alone */
	uint64_t fast_refused;		       /* bindings the kernel did not take */
	uint64_t drop[LKE_DROP_COUNT];
	uint32_t tunnels;	/* now */
	uint32_t fast_bindings; /* of them, in the fast path */
};

void fwd_counters(const struct fwd *f, struct fwd_counters *ret);

struct fwd_tunnel_info {
	struct lke_act_tunnel tunnel; /* remove is false; credit: the allowance */
	uint32_t path_mtu;
	uint64_t encap, encap_bytes, decap, decap_bytes;
	lke_time last; /* packet, either way; 0: none yet */
};

/* Tunnel of a home address on one side.  false: none. */
bool fwd_tunnel_info(const struct fwd *f, bool mobile_side, const struct lke_in6 *home,
		     struct fwd_tunnel_info *ret);

#endif

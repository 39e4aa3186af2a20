/* SPDX-License-Identifier: ISC */
/*
 * AF_PACKET sockets, one for each interface (a router's link has a second one for Key Exchange
 * Requests): the engine's only way to see and send frames.  A classic
 * BPF filter lets through IPv6 to this host that lke may have to look at: extension headers, ESP,
 * MH, protocol 41, ICMPv6 errors and Neighbor Discovery.  Opened by the privileged process, used
 * behind the sandbox.
 */
#ifndef PLATFORM_PACKET_SOCKET_H
#define PLATFORM_PACKET_SOCKET_H

#include <linux/filter.h>

#include "lke/types.h"
#include "platform/linux/offload.h"

enum {
	PACKET_HEADROOM = 24,		      /* virtio_net_hdr, Ethernet header */
	PACKET_BUF = 65536 + PACKET_HEADROOM, /* receive buffer that no packet exceeds */
	PACKET_ENDS_MAX = 128,
	PACKET_ENDS_FILTER = 16, /* of more addresses the filter knows none */
	PACKET_FILTER_MAX = 104 + 9 * PACKET_ENDS_FILTER,
	LOOPBACK_IFINDEX = 1, /* index of the loopback interface in every namespace */
};

enum packet_kind {
	PACKET_KIND_LINK,
	PACKET_KIND_TUN,      /* our own TUN: protocol 41 there is what we write ourselves */
	PACKET_KIND_LOOPBACK, /* ICMPv6 errors of this host's own forwarding, nothing else */
	PACKET_KIND_ROUTER,   /* a link of an access router: all but what PACKET_KIND_KEREQ gets */
	PACKET_KIND_KEREQ,    /* Key Exchange Requests there, in a short queue of their own */
	PACKET_KIND_OWN_RA,   /* as ROUTER, a link on which Router Advertisements of this host are
				 seen too */
};

/* packet_ends.c: addresses of this host, at which tunnels and ESP may end. */
struct packet_ends {
	unsigned n;
	struct lke_in6 addr[PACKET_ENDS_MAX];
};

/* false: it is there already, or no tunnel ends there (a link-local address).  Also true when there
 * is no room for it. */
bool packet_ends_add(struct packet_ends *e, const struct lke_in6 *addr);
void packet_ends_remove(struct packet_ends *e, const struct lke_in6 *addr);
struct nl;
/* Those that the host has.  When they cannot be read, or not all, they are too many for a filter.
 */
void packet_ends_read(struct nl *n, struct packet_ends *ret);

/* Plain data: may be sent to the engine process beside the descriptor. */
struct packet_link {
	int fd;
	uint32_t ifindex;
	bool ethernet; /* SOCK_RAW with virtio_net_hdr and Ethernet headers; else SOCK_DGRAM, no
			* link-layer addresses
			*/
	struct lke_lladdr own; /* len 0 when not ethernet; the caller updates it on LKE_EV_LINK */
};

/*
 * Opens, filters, locks and binds a non-blocking socket on an interface.  ends (NULL: any address):
 * tunnel packets and ESP to other addresses, which a router only forwards, do not come.  The filter
 * is locked: another address needs another socket.  0 or -errno (-EPROTONOSUPPORT: a kind of link
 * lke does not run on, for example loopback).
 */
int packet_open(uint32_t ifindex, enum packet_kind kind, const struct packet_ends *ends,
		struct packet_link *ret);
/* From now on it sees only what tc leaves to the stack: not what a fast path has taken, which a
 * socket of all protocols would get as well.  0 or -errno. */
int packet_behind_tc(const struct packet_link *l);
void packet_close(struct packet_link *l);

/*
 * One packet.  1: *ret_pkt points into buf at the IPv6 header; 0: nothing to read; -errno
 * (-ENETDOWN: the interface went down, go on later; -ENODEV: it is gone).  Frames of other stations
 * never arrive; *ret_outgoing: this host sent it (NULL allowed).
 */
int packet_receive(const struct packet_link *l, uint8_t *buf, size_t size,
		   struct lke_lladdr *ret_src, uint8_t **ret_pkt, size_t *ret_len,
		   bool *ret_outgoing);
/* What comes with a packet. */
struct packet_info {
	struct lke_lladdr src;
	bool outgoing;		/* of this host, PACKET_KIND_OWN_RA */
	struct offload offload; /* what the kernel left to be done: partial checksums and
				   superpackets are usual between namespaces and behind devices that
				   merge what they receive */
};

/* The same, with all of that: packet_receive() drops superpackets and completes checksums. */
int packet_receive_info(const struct packet_link *l, uint8_t *buf, size_t size,
			struct packet_info *ret_info, uint8_t **ret_pkt, size_t *ret_len);
/*
 * Sends a whole IPv6 packet.  dst with len 0 and a multicast IPv6 destination: 33:33 and its last
 * four octets (RFC 2464 7); otherwise -EDESTADDRREQ on Ethernet.  0 or -errno (-EAGAIN: queue full,
 * drop).
 */
int packet_send(const struct packet_link *l, const struct lke_lladdr *dst, const uint8_t *pkt,
		size_t len);
/* Link-layer destination for a packet as packet_send() derives it.  false: none known. */
bool packet_dst(const struct lke_lladdr *dst, const uint8_t *pkt, size_t len,
		struct lke_lladdr *ret);

/* The filter program; returns its length.  Offsets are relative to the network header. */
size_t packet_filter(enum packet_kind kind, const struct packet_ends *ends,
		     struct sock_filter prog[PACKET_FILTER_MAX]);

#endif

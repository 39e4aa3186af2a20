/* SPDX-License-Identifier: ISC */
/*
 * What the kernel leaves to whoever sends a packet on, and says in a virtio_net_hdr before it: the
 * checksum of its upper layer, and the cutting of a TCP or UDP superpacket into the segments it
 * stands for.  TUN devices (IFF_VNET_HDR) and packet sockets (PACKET_VNET_HDR) have such headers.
 */
#ifndef PLATFORM_OFFLOAD_H
#define PLATFORM_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/tunnel.h"

enum {
	OFFLOAD_HDR_LEN = 10,
	OFFLOAD_HEADERS_MAX = 512, /* octets of headers of a superpacket */
};

enum offload_segments { OFFLOAD_WHOLE, OFFLOAD_TCP, OFFLOAD_UDP };

/* Offsets count from the packet's IPv6 header. */
struct offload {
	bool partial; /* the checksum field holds the sum of the pseudo header only */
	uint16_t csum_start, csum_offset;
	enum offload_segments segments;
	uint16_t size; /* payload octets of a segment */
};

/* A header as read before a packet of len octets, whose IPv6 header begins skip octets behind it
 * (link-layer header).  false: nothing that can be handled. */
bool offload_decode(const uint8_t hdr[OFFLOAD_HDR_LEN], size_t skip, size_t len,
		    struct offload *ret);
/* The header to write before a packet.  Segments: of TCP only. */
void offload_encode(const struct offload *o, const uint8_t *pkt, uint8_t hdr[OFFLOAD_HDR_LEN]);
/* Computes the checksum of a packet that is no superpacket; o->partial is false then. */
void offload_complete(struct offload *o, uint8_t *pkt, size_t len);

/* Makes a TCP superpacket of a segment whose payload has grown: its IPv6 header begins pkt, its TCP
 * header follows at once; size: payload octets of a segment. */
void offload_join(struct offload *o, uint8_t *pkt, size_t len, uint16_t size);

/*
 * The segments of a superpacket, one after the other, in its own memory: each one overwrites the
 * end of the one before.  Headers of tunnels around it are kept up as well.
 */
struct segments {
	uint8_t head[OFFLOAD_HEADERS_MAX];
	size_t head_len, len, done;
	size_t ip[TUNNEL_MAX_HEADERS]; /* offsets of its IPv6 headers */
	unsigned ips;
	uint8_t *pkt;
	struct offload o;
};

/* 0 or -enum lke_drop.  pkt: len octets. */
int segments_begin(struct segments *s, const struct offload *o, uint8_t *pkt, size_t len);
/* false: there is no other one.  *ret_o: its own offload, a partial checksum. */
bool segments_next(struct segments *s, uint8_t **ret, size_t *ret_len, struct offload *ret_o);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * IPv6-in-IPv6 tunnels: RFC 2473, RFC 6040 (ECN), AMB-120..123.  Pure functions on buffers, used by
 * the TUN forwarding plane and by the simulator.
 */
#ifndef WIRE_TUNNEL_H
#define WIRE_TUNNEL_H

#include "wire/ip6.h"

enum { TUNNEL_OVERHEAD = 40, TUNNEL_MAX_HEADERS = 4 };

/* May this packet enter a tunnel?  Scope, hop limit, depth (AMB-122, 123), Tunnel Encapsulation
 * Limit. */
int tunnel_may_enter(const uint8_t *inner, size_t len);
/*
 * Flow label of the outer header, 1 .. 2^20-1: one for each flow inside (RFC 6438 3), taken from
 * the inner addresses and flow label, or ports where there is no flow label.  Who does not know the
 * secret cannot tell the label of a packet it has not seen, so an ICMPv6 error that quotes the
 * right one is about a packet of ours.  inner has at least 40 octets; what follows may be cut
 * short.
 */
uint32_t tunnel_flow_label(const uint8_t *inner, size_t len, const uint64_t secret[2]);
/* Writes the outer header before the inner packet: out has 40 octets.  The inner hop limit is the
 * caller's. */
void tunnel_outer(const uint8_t *inner, size_t len, const struct lke_in6 *src,
		  const struct lke_in6 *dst, uint32_t flow, uint8_t out[TUNNEL_OVERHEAD]);
/* Outer packet -> inner: checks that the payload is a whole IPv6 packet; combines ECN into it (in
 * place). */
int tunnel_inner(uint8_t *outer, size_t len, uint8_t **ret_inner, size_t *ret_len);
/* Octets the inner packet may have on a path of this MTU; never below 1280. */
uint32_t tunnel_mtu(uint32_t path_mtu);
/*
 * ICMPv6 error towards the source of pkt.  type/code/param as in RFC 4443.  Returns its length or 0
 * when none may be sent (multicast, error about an error, unspecified source).
 */
size_t icmp_error(uint8_t type, uint8_t code, uint32_t param, const struct lke_in6 *from,
		  const uint8_t *pkt, size_t len, uint8_t *buf, size_t size);
/*
 * What the source of a packet that tunnel_may_enter() refused with LKE_DROP_TUNNEL_DEPTH is told:
 * Parameter Problem that points at its Tunnel Encapsulation Limit (RFC 2473 4.1.1), or address
 * unreachable when it just has too many headers.  Length or 0 as icmp_error().
 */
size_t tunnel_depth_error(const struct lke_in6 *from, const uint8_t *pkt, size_t len, uint8_t *buf,
			  size_t size);
/*
 * An ICMPv6 error about a tunnel packet, retold to the source of the packet inside (RFC 2473 8.2,
 * AMB-121). inner, len: what was quoted of it, perhaps cut short; overhead: octets of the headers
 * outside of it.  Length, or 0 when this error is not retold.
 */
size_t tunnel_relay_error(uint8_t type, uint8_t code, uint32_t param, uint32_t overhead,
			  const struct lke_in6 *from, const uint8_t *inner, size_t len,
			  uint8_t *buf, size_t size);

#endif

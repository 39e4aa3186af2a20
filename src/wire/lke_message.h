/* SPDX-License-Identifier: ISC */
/*
 * Whole LKE packets: MAC input and assembly.  draft-liu-mobileip-lke-01 2.1, 3.1.2, 3.1.3, 3.2;
 * AMB-030..038. This file knows what a MAC covers; the MAC itself is computed by the caller's key
 * through crypto.h.
 */
#ifndef WIRE_LKE_MESSAGE_H
#define WIRE_LKE_MESSAGE_H

#include "wire/mh.h"
#include "wire/nd.h"

/* A MAC input: at most LKE_MAC_PARTS pieces to be MACed in order; the pieces point into the packet
 * or zeroes. */
#define LKE_MAC_PARTS 24
struct lke_mac_part {
	const void *p;
	size_t n;
};
struct lke_mac_input {
	struct lke_mac_part part[LKE_MAC_PARTS];
	size_t n;
	uint8_t first4[4]; /* version word with Traffic Class and Flow Label zero */
};

/*
 * "Over the whole packet" (KEAck, NS, NA, proofs): Traffic Class, Flow Label, checksum and the
 * given 20-octet fields count as zero (AMB-030).  Offsets are from the start of the packet.  ret
 * points into pkt.
 */
void lke_mac_whole(const uint8_t *pkt, size_t len, size_t checksum_off, const size_t *mac_off,
		   size_t macs, struct lke_mac_input *ret);
/*
 * Binding Authorization Data: src | dst | MH without the Authenticator, checksum zero (AMB-032,
 * 033, 038). mh_len includes the 12 Authenticator octets at its end.
 */
void lke_mac_binding(const struct lke_in6 *src, const struct lke_in6 *dst, const uint8_t *mh,
		     size_t mh_len, struct lke_mac_input *ret);

/* Traffic Class of LKE messages: CS6, or 0xf0 in draft01 (AMB-021). */
uint8_t lke_traffic_class(enum lke_profile profile);

#endif

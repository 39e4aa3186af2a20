/* SPDX-License-Identifier: ISC */
/*
 * Reads packet captures: pcap (microseconds, nanoseconds) and pcapng, of both byte orders, with any
 * mixture of link types among the interfaces of a pcapng file.  draft-ietf-opsawg-pcap,
 * draft-ietf-opsawg-pcapng.
 */
#ifndef CTL_CAPTURE_H
#define CTL_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CAPTURE_FRAME_MAX = 1 << 20,  /* octets of a block or record; more is a broken file */
	CAPTURE_INTERFACES_MAX = 256, /* of one section */
	CAPTURE_NAME_MAX = 32,
};

enum capture_link {
	CAPTURE_NULL = 0,
	CAPTURE_ETHERNET = 1,
	CAPTURE_RAW_BSD = 12, /* DLT_RAW, as some tools wrote it */
	CAPTURE_RAW = 101,
	CAPTURE_LOOP = 108,
	CAPTURE_SLL = 113,
	CAPTURE_IPV6 = 229,
	CAPTURE_SLL2 = 276,
};

struct capture_frame {
	uint64_t number;       /* from 1 */
	uint64_t time_ns;      /* since 1970 */
	uint16_t link;	       /* enum capture_link, or another one */
	const char *interface; /* its name, "" when the file has none; until the next frame */
	const uint8_t *data;   /* until the next frame */
	size_t len;	       /* octets kept */
	size_t wire_len;       /* octets there were */
};

struct capture;
/* f: borrowed, read to its end once.  NULL without memory. */
struct capture *capture_new(FILE *f);
void capture_free(struct capture *c);
/* 1 with a frame, 0 at the end, -1 when the file is broken: capture_error(). */
int capture_next(struct capture *c, struct capture_frame *ret);
/* What is wrong, with its place in the file; "" when nothing is. */
const char *capture_error(const struct capture *c);

/*
 * The IPv6 packet in a frame: behind Ethernet with any VLAN tags, a cooked header, or nothing.
 * 1 with it; 0 when it holds something else; -1 for a link type that is not known.
 */
int capture_ipv6(const struct capture_frame *f, const uint8_t **ret_pkt, size_t *ret_len);

#endif

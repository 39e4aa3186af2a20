/* SPDX-License-Identifier: ISC */
/*
 * The Linux floor on a real kernel, in a network namespace of its own.  Needs root; else everything
 * is skipped. v0 and v1 are the two ends of one veth: v1 belongs to the host, v0 is where a
 * stranger's frames come from.
 */
#ifndef TESTS_NETNS_FIXTURE_H
#define TESTS_NETNS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/linux/netlink.h"
#include "platform/linux/packet_socket.h"

extern uint32_t v0, v1, tun;
extern int tun_fd;
extern struct packet_link out, in; /* on v0, on v1 */
extern struct nl *nl;
extern const char stranger[], host[]; /* addresses on v0's side and of v1 */

bool netns_possible(void); /* false: says that everything is skipped */
int netns_setup(void **state);
int netns_teardown(void **state);

struct lke_in6 A(const char *text);
void sh(const char *cmd);
/* Does the output of a command hold a text? */
bool says(const char *cmd, const char *text);
void wait_readable(int fd, int ms);

/* What a monitor told; hear() is its callback. */
struct heard {
	unsigned links, addrs, removed;
	struct lke_ev_link v1;
};
void hear(void *ctx, const struct lke_event *ev);

/* An IPv6 packet in buf, which has room for it; its length. */
size_t packet(uint8_t *buf, const char *src, const char *dst, uint8_t proto, const void *data,
	      size_t len);
void flush(const struct packet_link *l); /* drops what waits */
/* Next packet of a kind: ICMPv6 of a type, or (type 0) of a protocol. */
bool expect(const struct packet_link *l, uint8_t proto, uint8_t type, uint8_t *ret,
	    size_t *ret_len);
void send_to_host(const uint8_t *p, size_t len); /* from v0 to v1 */

#endif

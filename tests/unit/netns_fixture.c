/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "netns_fixture.h"
#include "platform/linux/clock.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

uint32_t v0, v1, tun;
int tun_fd;
struct packet_link out, in;
struct nl *nl;
const char stranger[] = "2001:db8:1::99", host[] = "2001:db8:1::1";

bool netns_possible(void)
{
	if (getuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0)
		return true;
	printf("1..0 # SKIP needs root and /dev/net/tun\n");
	return false;
}

struct lke_in6 A(const char *text) {
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

void sh(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s failed", cmd);
}

bool says(const char *cmd, const char *text)
{
	char buf[16384];
	FILE *p = popen(cmd, "r");
	size_t n;

	assert_non_null(p);
	n = fread(buf, 1, sizeof(buf) - 1, p);
	buf[n] = '\0';
	pclose(p);
	return strstr(buf, text) != NULL;
}

int netns_setup(void **state)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	sh("ip link set lo up; ip link add v0 type veth peer name v1");
	sh("for i in v0 v1; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; done");
	sh("echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
	sh("ip link set v0 up; ip link set v1 up; ip addr add 2001:db8:1::1/64 dev v1 nodad");
	v0 = if_nametoindex("v0");
	v1 = if_nametoindex("v1");
	assert_int_equal(nl_open(&nl), 0);
	tun_fd = fwd_open_tun("lke0", &tun);
	assert_true(tun_fd >= 0);
	assert_int_equal(nl_link_up(nl, tun, FWD_TUN_MTU, FWD_TUN_QUEUE), 0);
	assert_int_equal(packet_open(v0, PACKET_KIND_LINK, NULL, &out), 0);
	assert_int_equal(packet_open(v1, PACKET_KIND_LINK, NULL, &in), 0);
	usleep(200000);
	return 0;
}

int netns_teardown(void **state)
{
	packet_close(&out);
	packet_close(&in);
	nl_close(nl);
	close(tun_fd);
	return 0;
}

void hear(void *ctx, const struct lke_event *ev)
{
	struct heard *h = ctx;

	if (ev->type == LKE_EV_LINK) {
		h->links++;
		if (ev->link.ifindex == v1)
			h->v1 = ev->link;
	} else {
		h->addrs++;
		h->removed += ev->addr.removed;
	}
}

void wait_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, ms);
}

size_t packet(uint8_t *buf, const char *src, const char *dst, uint8_t proto, const void *data,
	      size_t len)
{
	struct wr w = wr_init(buf, IP6_HDR_LEN + len); /* the caller has room for it */
	struct ip6_out o = { .src = A(src), .dst = A(dst), .hop_limit = 255 };

	ip6_begin(&w, &o, proto);
	wr_bytes(&w, data, len);
	ip6_end(&w);
	assert_false(w.err);
	return w.off;
}

void flush(const struct packet_link *l)
{
	static uint8_t buf[PACKET_BUF];
	struct lke_lladdr src;
	uint8_t *p;
	size_t len;

	while (packet_receive(l, buf, sizeof(buf), &src, &p, &len, NULL) > 0)
		;
}

bool expect(const struct packet_link *l, uint8_t proto, uint8_t type, uint8_t *ret, size_t *ret_len)
{
	static uint8_t buf[PACKET_BUF];
	struct lke_lladdr src;
	uint8_t *p;
	size_t len;

	/* By the clock: whatever else comes does not shorten the wait. */
	for (lke_time end = clock_now() + LKE_SEC / 2; clock_now() < end;) {
		wait_readable(l->fd, 50);
		while (packet_receive(l, buf, sizeof(buf), &src, &p, &len, NULL) > 0) {
			if (p[6] != proto || (proto == 58 && p[40] != type))
				continue;
			if (ret) {
				memcpy(ret, p, len);
				*ret_len = len;
			}
			return true;
		}
	}
	return false;
}

void send_to_host(const uint8_t *p, size_t len)
{
	assert_int_equal(packet_send(&out, &in.own, p, len), 0);
}

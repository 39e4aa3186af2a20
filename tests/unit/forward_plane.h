/* SPDX-License-Identifier: ISC */
/* A forwarding plane with pipes for the TUN: what goes in and out is octets, no privileges. */
#ifndef TESTS_FORWARD_PLANE_H
#define TESTS_FORWARD_PLANE_H

#include <fcntl.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

static int tun[2]; /* a packet pipe: what the plane writes is read again from tun[0] */
static uint8_t sent[4096];
static size_t sent_len, sends;

static inline int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *p,
			size_t len)
{
	assert_int_equal(ifindex, 7);
	memcpy(sent, p, len);
	sent_len = len;
	sends++;
	return 0;
}

static inline struct fwd *plane_of(bool agent)
{
	struct fwd_conf conf = { .send = frame, .agent = agent };
	struct fwd *f;

	assert_int_equal(pipe2(tun, O_NONBLOCK | O_DIRECT), 0);
	conf.tun_fd = tun[1];
	sends = 0;
	assert_int_equal(fwd_new(&conf, &f), 0);
	return f;
}

static inline struct fwd *plane(void)
{
	return plane_of(false);
}

static inline void done(struct fwd *f)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
}

static inline size_t make(uint8_t *buf, const char *src, const char *dst, uint8_t proto,
			  const void *data, size_t len)
{
	struct wr w = wr_init(buf, 4096);
	struct ip6_out o = { .src = A(src), .dst = A(dst), .hop_limit = 64 };

	ip6_begin(&w, &o, proto);
	if (data)
		wr_bytes(&w, data, len);
	else
		wr_zero(&w, len);
	ip6_end(&w);
	assert_false(w.err);
	return w.off;
}

static const char home[] = "2001:db8:1::1", agent[] = "2001:db8:1::a", coa[] = "2001:db8:2::1";
static const char cn[] = "2001:db8:9::9", other[] = "2001:db8:3::3", ha[] = "2001:db8:5::a";
static const char hoa[] = "2001:db8:5::1";

static inline struct lke_act_tunnel tunnel(bool mobile, const char *h, const char *a, const char *c)
{
	return (struct lke_act_tunnel){ .mobile_side = mobile,
					.home = A(h),
					.agent = A(a),
					.coa = A(c),
					.ifindex = 7,
					.credit = UINT64_MAX };
}

static inline int from_link(struct fwd *f, const char *osrc, const char *odst, const char *isrc,
			    const char *idst)
{
	uint8_t in[4096], out[4096];
	size_t n = make(in, isrc, idst, 59, NULL, 8);

	n = make(out, osrc, odst, 41, in, n);
	return fwd_from_link(f, 7, out, n, 1);
}

static inline enum lke_tunnel_event event(struct fwd *f)
{
	struct lke_event ev;

	assert_true(fwd_next_event(f, &ev));
	assert_int_equal(ev.type, LKE_EV_TUNNEL);
	return ev.tunnel.what;
}

#endif

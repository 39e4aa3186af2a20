/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6 errors about tunnel packets.  First octet even: the rest is the error as it came.  Odd:
 * the rest is type, code, parameter and the packet inside the tunnel packet it quotes, which is
 * completed so that it is one of ours.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

static const struct lke_in6 home = { { 0x20, 1, [15] = 1 } }, agent = { { 0x20, 1, [15] = 2 } },
			    coa = { { 0x20, 1, [15] = 3 } }, router = { { 0x20, 1, [15] = 4 } };
static const uint64_t secret[2];

static struct fwd *plane(void)
{
	struct fwd_conf conf = { .tun_fd = open("/dev/null", O_WRONLY) };
	struct lke_act_tunnel t = {
		.home = home, .agent = agent, .coa = coa, .credit = UINT64_MAX
	};
	struct fwd *f;

	MUST(conf.tun_fd >= 0 && fwd_new(&conf, &f) == 0 && fwd_set_tunnel(f, &t, 1) == 0);
	return f;
}

/* The error that a router would send about the tunnel packet with this one inside. */
static size_t complete(struct rd *in, uint8_t *buf, size_t size)
{
	struct ip6_out o = { .src = router, .dst = agent, .hop_limit = 9 };
	struct wr w = wr_init(buf, size);
	size_t up = ip6_begin(&w, &o, IP6_NH_ICMPV6), quote,
	       inner = rd_left(in) > 6 ? rd_left(in) - 6 : 0;
	uint8_t *q;

	wr_u8(&w, rd_u8(in));
	wr_u8(&w, rd_u8(in));
	wr_u16(&w, 0);
	wr_u32(&w, rd_u32(in));
	quote = w.off;
	wr_zero(&w, TUNNEL_OVERHEAD);
	if (inner >= IP6_HDR_LEN)
		wr_bytes(&w, rd_view(in, inner), inner);
	ip6_end(&w);
	if (w.err || inner < IP6_HDR_LEN)
		return 0;
	q = buf + quote + TUNNEL_OVERHEAD;
	memcpy(q + 24, home.b, 16);
	tunnel_outer(q, inner, &agent, &coa, tunnel_flow_label(q, inner, secret), buf + quote);
	wr_patch_u16(&w, up + 2,
		     ip6_checksum(&router, &agent, IP6_NH_ICMPV6, buf + up, w.off - up));
	return w.off;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fwd *f;
	static lke_time now = 1;
	static uint8_t buf[8192];
	struct rd in = rd_init(data, size);
	struct fwd_tunnel_info i;
	size_t n;

	if (!f)
		f = plane();
	now += 100 * LKE_MSEC;
	if (rd_u8(&in) & 1) {
		n = complete(&in, buf, sizeof(buf));
	} else {
		n = rd_left(&in) < sizeof(buf) ? rd_left(&in) : sizeof(buf);
		memcpy(buf, rd_view(&in, n) ? data + 1 : data, n);
	}
	(void)fwd_icmp(f, buf, n, now);
	MUST(fwd_tunnel_info(f, false, &home, &i) && i.path_mtu >= IP6_MIN_MTU &&
	     i.path_mtu <= 1500);
	return 0;
}

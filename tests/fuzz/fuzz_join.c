/* SPDX-License-Identifier: ISC */
/*
 * Segments that come out of a tunnel in one batch.  The input is a list: an octet that says what
 * follows.  Odd: two octets of length and a packet from its traffic class on.  Even: the next
 * segment of a flow: flags, two octets of length, and where to change it by what.  Whatever the
 * plane makes of them, cut again it must be the same packets in the same order.
 */
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "platform/linux/forward.h"
#include "platform/linux/offload.h"
#include "wire/tunnel.h"

enum { PACKETS_MAX = 60, OCTETS = 1600, TCP_LEN = 20, CHECKSUM_OFF = IP6_HDR_LEN + 16 };

static const struct lke_in6 home = { { 0x20, 1, [15] = 1 } }, agent = { { 0x20, 1, [15] = 2 } },
			    coa = { { 0x20, 1, [15] = 3 } }, cn = { { 0x20, 1, [15] = 4 } };

static struct {
	size_t len;
	uint8_t data[OCTETS];
} given[PACKETS_MAX];
static unsigned givens, seen;
static int tun[2];
static uint32_t seq;

static struct fwd *plane(void)
{
	struct fwd_conf conf = { .vnet_hdr = true };
	struct lke_act_tunnel t = {
		.home = home, .agent = agent, .coa = coa, .credit = UINT64_MAX
	};
	int size = 1 << 20;
	struct fwd *f;

	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun) == 0);
	MUST(setsockopt(tun[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	conf.tun_fd = tun[1];
	MUST(fwd_new(&conf, &f) == 0 && fwd_set_tunnel(f, &t, 1) == 0);
	return f;
}

/* A checksum of 0 and of 0xffff is the same. */
static bool zero(const uint8_t *sum)
{
	return (sum[0] == 0 && sum[1] == 0) || (sum[0] == 0xff && sum[1] == 0xff);
}

static void came(const uint8_t *p, size_t len)
{
	const uint8_t *want = given[seen].data;

	MUST(seen < givens && len == given[seen].len);
	seen++;
	if (memcmp(p, want, len) == 0)
		return;
	MUST(len >= CHECKSUM_OFF + 2 && zero(p + CHECKSUM_OFF) && zero(want + CHECKSUM_OFF));
	MUST(memcmp(p, want, CHECKSUM_OFF) == 0 &&
	     memcmp(p + CHECKSUM_OFF + 2, want + CHECKSUM_OFF + 2, len - CHECKSUM_OFF - 2) == 0);
}

static void read_tun(void)
{
	static uint8_t buf[70000];
	ssize_t n;

	while ((n = recv(tun[0], buf, sizeof(buf), 0)) > 0) {
		size_t len = (size_t)n - OFFLOAD_HDR_LEN;
		struct segments s;
		struct offload o, piece;
		uint8_t *p;

		MUST(n > OFFLOAD_HDR_LEN && offload_decode(buf, 0, len, &o));
		if (o.segments == OFFLOAD_WHOLE) {
			came(buf + OFFLOAD_HDR_LEN, len);
			continue;
		}
		MUST(len <= 65535 && segments_begin(&s, &o, buf + OFFLOAD_HDR_LEN, len) == 0);
		while (segments_next(&s, &p, &len, &piece)) {
			offload_complete(&piece, p, len);
			came(p, len);
		}
	}
}

static size_t raw(struct rd *in, uint8_t *p)
{
	struct ip6_out o = { .src = home, .dst = cn };
	struct wr w = wr_init(p, OCTETS);
	size_t n = rd_u16(in) % (OCTETS - IP6_HDR_LEN);
	uint8_t head[8] = { 0x60 };

	n = n < rd_left(in) ? n : rd_left(in);
	if (n < 8)
		return 0;
	ip6_begin(&w, &o, 59);
	memcpy(head + 1, rd_view(in, 7), 7);
	n -= 7;
	wr_bytes(&w, rd_view(in, n), n);
	ip6_end(&w);
	p[1] = head[1];
	p[6] = head[2];
	p[7] = head[3] ? head[3] : 1;
	return w.off;
}

static size_t next_segment(struct rd *in, uint8_t *p)
{
	struct ip6_out o = { .src = home, .dst = cn, .hop_limit = 60 };
	struct wr w = wr_init(p, OCTETS);
	uint8_t flags = rd_u8(in);
	size_t n = rd_u16(in) % 1400, at;
	uint8_t by;

	ip6_begin(&w, &o, IP6_NH_TCP);
	wr_u32(&w, 5 << 16 | 6);
	wr_u32(&w, seq);
	wr_u32(&w, 7);
	wr_u16(&w, (uint16_t)(5 << 12 | flags));
	wr_u16(&w, 100);
	wr_u32(&w, 0);
	wr_zero(&w, n);
	ip6_end(&w);
	at = rd_u8(in);
	by = rd_u8(in);
	/* not the addresses, the length and the version, by which the tunnel is found */
	if (at < w.off && at > 0 && at != 4 && at != 5 && (at < 8 || at >= IP6_HDR_LEN))
		p[at] ^= by;
	if (p[7] == 0)
		p[7] = 1;
	wr_patch_u16(&w, CHECKSUM_OFF, 0);
	wr_patch_u16(&w, CHECKSUM_OFF,
		     ip6_checksum(&home, &cn, IP6_NH_TCP, p + IP6_HDR_LEN, w.off - IP6_HDR_LEN));
	if (flags & 0x20)
		p[CHECKSUM_OFF] ^= by;
	seq += (uint32_t)n;
	return w.off;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fwd *f;
	static uint8_t outer[OCTETS + TUNNEL_OVERHEAD];
	struct rd in = rd_init(data, size);

	if (!f)
		f = plane();
	givens = seen = 0;
	seq = 0xffffe000;
	fwd_batch(f, true);
	while (rd_left(&in) > 4 && givens < PACKETS_MAX) {
		uint8_t *p = given[givens].data;
		size_t n = rd_u8(&in) & 1 ? raw(&in, p) : next_segment(&in, p);

		if (n == 0)
			continue;
		memcpy(outer + TUNNEL_OVERHEAD, p, n);
		tunnel_outer(p, n, &coa, &agent, 1, outer);
		given[givens].len = n;
		givens += fwd_from_link(f, 7, outer, n + TUNNEL_OVERHEAD, LKE_SEC) == 1;
		read_tun();
	}
	fwd_batch(f, false);
	read_tun();
	MUST(seen == givens);
	return 0;
}

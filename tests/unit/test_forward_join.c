/* SPDX-License-Identifier: ISC */
/* Segments of a TCP flow that come out of a tunnel, and the superpackets the plane makes of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "platform/linux/offload.h"

enum { HEAD = 40, TCP = 20, OPTIONS = 12, MSS = 1200, SEGMENTS = 5, ACK = 0x10, PSH = 8 };

static const char home[] = "2001:db8:1::1", agent[] = "2001:db8:1::a", coa[] = "2001:db8:2::1",
		  cn[] = "2001:db8:9::9";
static int tun[2];
static struct fwd *f;
static uint8_t got[70000];

static int no_frames(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *p,
		     size_t len)
{
	return -ENODEV;
}

static int setup(void **state)
{
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(agent), .coa = A(coa), .credit = UINT64_MAX
	};
	struct fwd_conf conf = { .vnet_hdr = true, .send = no_frames };
	int size = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun), 0);
	assert_int_equal(setsockopt(tun[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	conf.tun_fd = tun[1];
	assert_int_equal(fwd_new(&conf, &f), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	return 0;
}

static int teardown(void **state)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
	return 0;
}

/* The nth segment of a flow from the home address, of n octets, with its checksum. */
static size_t segment(uint8_t *p, unsigned nth, size_t octets, uint8_t flags)
{
	struct ip6_out h = {
		.src = A(home), .dst = A(cn), .hop_limit = 63, .tclass = 2, .flow = 9
	};
	struct wr w = wr_init(p, 2048);
	uint8_t ports[] = { 0x13, 0x88, 0, 80 };

	ip6_begin(&w, &h, 6);
	wr_bytes(&w, ports, 4);
	wr_u32(&w, 0xfffff000 + nth * MSS);
	wr_u32(&w, 77);
	wr_u16(&w, (uint16_t)((TCP + OPTIONS) / 4 << 12 | flags));
	wr_u16(&w, 500);
	wr_u32(&w, 0);
	wr_u32(&w, 0x0101080a);
	wr_u32(&w, 1);
	wr_u32(&w, 2);
	for (size_t k = 0; k < octets; k++)
		wr_u8(&w, (uint8_t)(nth * 31 + k * 7));
	ip6_end(&w);
	assert_false(w.err);
	wr_patch_u16(&w, HEAD + 16, ip6_checksum(&h.src, &h.dst, 6, p + HEAD, w.off - HEAD));
	return w.off;
}

/* Changes an octet and makes the checksum right again. */
static void change(uint8_t *p, size_t len, size_t at, uint8_t value)
{
	struct lke_in6 src = A(home), dst = A(cn);
	struct wr w = { .p = p, .cap = len, .off = len };

	p[at] = value;
	wr_patch_u16(&w, HEAD + 16, 0);
	wr_patch_u16(&w, HEAD + 16, ip6_checksum(&src, &dst, 6, p + HEAD, len - HEAD));
}

/* Through the tunnel to us. */
static void arrives(const uint8_t *p, size_t len)
{
	struct lke_in6 src = A(coa), dst = A(agent);
	uint8_t outer[4096];

	memcpy(outer + TUNNEL_OVERHEAD, p, len);
	tunnel_outer(p, len, &src, &dst, 1, outer);
	assert_int_equal(fwd_from_link(f, 7, outer, len + TUNNEL_OVERHEAD, 1), 1);
}

/* Octets of the next packet written to the TUN, 0: none. */
static size_t written(struct offload *ret)
{
	ssize_t n = read(tun[0], got, sizeof(got));

	if (n < 0)
		return 0;
	assert_true(n > OFFLOAD_HDR_LEN);
	assert_true(offload_decode(got, 0, (size_t)n - OFFLOAD_HDR_LEN, ret));
	memmove(got, got + OFFLOAD_HDR_LEN, (size_t)n - OFFLOAD_HDR_LEN);
	return (size_t)n - OFFLOAD_HDR_LEN;
}

static void is_segment(const uint8_t *p, size_t len, unsigned nth, size_t octets, uint8_t flags)
{
	uint8_t want[2048];

	assert_int_equal(len, segment(want, nth, octets, flags));
	assert_memory_equal(p, want, len);
}

static void segments_become_what_cutting_makes_them_again(void **state)
{
	struct segments s;
	struct offload o, piece;
	uint8_t p[2048], *q;
	size_t len;

	fwd_batch(f, true);
	for (unsigned n = 0; n < SEGMENTS; n++) {
		len = segment(p, n, n == SEGMENTS - 1 ? 700 : MSS,
			      n == SEGMENTS - 1 ? ACK | PSH : ACK);
		arrives(p, len);
		assert_true(n == SEGMENTS - 1 || written(&o) == 0);
	}
	len = written(&o); /* the last one is short: nothing can follow */
	assert_int_equal(len, HEAD + TCP + OPTIONS + (SEGMENTS - 1) * MSS + 700);
	assert_int_equal(o.segments, OFFLOAD_TCP);
	assert_int_equal(o.size, MSS);
	assert_int_equal(segments_begin(&s, &o, got, len), 0);
	for (unsigned n = 0; n < SEGMENTS; n++) {
		assert_true(segments_next(&s, &q, &len, &piece));
		offload_complete(&piece, q, len);
		is_segment(q, len, n, n == SEGMENTS - 1 ? 700 : MSS,
			   n == SEGMENTS - 1 ? ACK | PSH : ACK);
	}
	assert_false(segments_next(&s, &q, &len, &piece));
	fwd_batch(f, false);
	assert_int_equal(written(&o), 0);
}

static void one_alone_stays_as_it_is(void **state)
{
	struct offload o;
	uint8_t p[2048];
	size_t len = segment(p, 0, MSS, ACK);

	arrives(p, len); /* no batch: nothing waits */
	is_segment(got, written(&o), 0, MSS, ACK);
	fwd_batch(f, true);
	arrives(p, len);
	assert_int_equal(written(&o), 0);
	fwd_batch(f, false);
	is_segment(got, written(&o), 0, MSS, ACK);
	assert_false(o.partial);
	assert_int_equal(o.segments, OFFLOAD_WHOLE);
}

/* The second of two segments differs in one octet that cutting would not restore. */
static void what_differs_is_not_joined(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} t[] = {
		{ 1, 0x32 },		   /* ECN */
		{ 3, 8 },		   /* flow label */
		{ 7, 62 },		   /* hop limit */
		{ HEAD + 1, 0x89 },	   /* source port */
		{ HEAD + 3, 81 },	   /* destination port */
		{ HEAD + 7, 0xb1 },	   /* sequence number */
		{ HEAD + 11, 78 },	   /* acknowledged */
		{ HEAD + 13, ACK | 1 },	   /* FIN */
		{ HEAD + 13, ACK | 2 },	   /* SYN */
		{ HEAD + 13, ACK | 4 },	   /* RST */
		{ HEAD + 13, ACK | 0x20 }, /* URG */
		{ HEAD + 13, ACK | 0x40 }, /* ECE */
		{ HEAD + 13, ACK | 0x80 }, /* CWR */
		{ HEAD + 13, 0 },	   /* no ACK */
		{ HEAD + 15, 0 },	   /* window */
		{ HEAD + 19, 1 },	   /* urgent pointer */
		{ HEAD + 27, 9 },	   /* time stamp */
	};
	struct offload o;
	uint8_t a[2048], b[2048];
	size_t len_a = segment(a, 0, MSS, ACK), len_b, n;

	for (size_t k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
		len_b = segment(b, 1, MSS, ACK);
		assert_int_not_equal(b[t[k].at], t[k].value);
		change(b, len_b, t[k].at, t[k].value);
		fwd_batch(f, true);
		arrives(a, len_a);
		arrives(b, len_b);
		fwd_batch(f, false);
		n = written(&o);
		assert_int_equal(n, len_a);
		assert_memory_equal(got, a, n);
		n = written(&o);
		assert_int_equal(n, len_b);
		assert_memory_equal(got, b, n);
		assert_int_equal(written(&o), 0);
	}
}

static void a_wrong_checksum_stays_wrong(void **state)
{
	struct offload o;
	uint8_t a[2048], b[2048];
	size_t len = segment(a, 0, MSS, ACK), n;

	assert_int_equal(segment(b, 1, MSS, ACK), len);
	b[len - 1] ^= 1;
	fwd_batch(f, true);
	arrives(a, len);
	arrives(b, len);
	fwd_batch(f, false);
	n = written(&o);
	assert_memory_equal(got, a, n);
	n = written(&o);
	assert_int_equal(n, len);
	assert_memory_equal(got, b, n);
	assert_false(o.partial);
}

/* Every other packet to the TUN ends the joining: nothing overtakes. */
static void nothing_changes_places(void **state)
{
	struct offload o;
	uint8_t p[2048], other[HEAD + 8];
	struct ip6_out h = { .src = A(home), .dst = A(cn), .hop_limit = 64 };
	struct wr w = wr_init(other, sizeof(other));
	size_t len;

	ip6_begin(&w, &h, 17);
	wr_zero(&w, 8);
	ip6_end(&w);
	fwd_batch(f, true);
	for (unsigned n = 0; n < 3; n++) {
		len = segment(p, n, MSS, ACK);
		arrives(p, len);
		if (n == 1)
			arrives(other, w.off);
	}
	assert_int_equal(fwd_write_tun(f, other, w.off), 0); /* the engine's own */
	assert_int_equal(written(&o), HEAD + TCP + OPTIONS + 2 * MSS);
	assert_int_equal(written(&o), w.off);
	is_segment(got, written(&o), 2, MSS, ACK);
	assert_int_equal(written(&o), w.off);
	fwd_batch(f, false);
	assert_int_equal(written(&o), 0);
}

static void a_superpacket_is_bounded(void **state)
{
	struct fwd_counters c;
	struct offload o;
	uint8_t p[2048];
	size_t total = 0, len;

	fwd_batch(f, true);
	for (unsigned n = 0; n < 80; n++)
		arrives(p, segment(p, n, MSS, ACK));
	fwd_batch(f, false);
	while ((len = written(&o)) > 0) {
		assert_true(len <= 65535);
		total += len - HEAD - TCP - OPTIONS;
	}
	assert_int_equal(total, 80 * MSS);
	fwd_counters(f, &c);
	assert_int_equal(c.joined, 80);
	assert_int_equal(c.superpackets, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(segments_become_what_cutting_makes_them_again),
		T(one_alone_stays_as_it_is),
		T(what_differs_is_not_joined),
		T(a_wrong_checksum_stays_wrong),
		T(nothing_changes_places),
		T(a_superpacket_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

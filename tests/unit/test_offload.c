/* SPDX-License-Identifier: ISC */
/* Partial checksums and superpackets, and what the plane makes of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "platform/linux/offload.h"

enum { TCP_LEN = 20, OCTETS = 3500, MSS = 1360 };

static const char home[] = "2001:db8:1::1", agent[] = "2001:db8:1::a", coa[] = "2001:db8:2::1";
static const char cn[] = "2001:db8:9::9";
static uint8_t room[512 + 70000], *const pkt = room + 512;

static uint8_t octet(size_t n)
{
	return (uint8_t)(n * 13 + n / 241);
}

/* A TCP or UDP superpacket as the kernel hands it out: its checksum is that of the pseudo header.
 */
static size_t superpacket(uint8_t *buf, const char *src, const char *dst, uint8_t proto, size_t n,
			  struct offload *o)
{
	struct ip6_out h = { .src = A(src), .dst = A(dst), .hop_limit = 64 };
	struct wr w = wr_init(buf, 65536);
	size_t head = proto == 6 ? TCP_LEN : 8;
	uint8_t none[1];

	ip6_begin(&w, &h, proto);
	wr_u32(&w, 5000u << 16 | 80);
	if (proto == 6) {
		wr_u32(&w, 0xfffffff0);
		wr_u32(&w, 7);
		wr_u32(&w, 0x5099 << 16 | 1000); /* CWR, ACK, PSH, FIN */
		wr_u32(&w, 0);
	} else {
		wr_u16(&w, (uint16_t)(8 + n));
		wr_u16(&w, 0);
	}
	for (size_t k = 0; k < n; k++)
		wr_u8(&w, octet(k));
	ip6_end(&w);
	assert_false(w.err);
	wr_patch_u16(&w, 40 + (proto == 6 ? 16 : 6),
		     (uint16_t)~ip6_checksum(&h.src, &h.dst, proto, none, 0));
	/* the length of the upper layer is part of the pseudo header */
	uint16_t at = (uint16_t)(40 + (proto == 6 ? 16 : 6));
	uint32_t sum = (uint32_t)(buf[at] << 8 | buf[at + 1]) + (uint32_t)(head + n);

	wr_patch_u16(&w, at, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	*o = (struct offload){ .partial = true,
			       .csum_start = 40,
			       .csum_offset = proto == 6 ? 16 : 6,
			       .segments = proto == 6 ? OFFLOAD_TCP : OFFLOAD_UDP,
			       .size = MSS };
	return w.off;
}

static void right_checksum(const uint8_t *p, size_t len, uint8_t proto)
{
	struct ip6_info i;

	assert_int_equal(ip6_parse(p, len, &i), 0);
	assert_int_equal(i.upper, proto);
	assert_int_equal(i.len, len);
	assert_int_equal(ip6_checksum(&i.src, &i.dst, proto, p + i.upper_off, i.upper_len), 0);
}

static uint32_t sequence(const uint8_t *tcp)
{
	return (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7];
}

static void tcp_segments_are_what_tcp_would_have_sent(void **state)
{
	static const uint8_t flags[3] = { 0x90, 0x10, 0x19 };
	struct segments s;
	struct offload o, piece;
	size_t len = superpacket(pkt, cn, home, 6, OCTETS, &o), n, at = 0;
	uint8_t *p;

	assert_int_equal(segments_begin(&s, &o, pkt, len), 0);
	for (unsigned k = 0; k < 3; k++) {
		assert_true(segments_next(&s, &p, &n, &piece));
		assert_int_equal(n, 60 + (k < 2 ? MSS : OCTETS - 2 * MSS));
		assert_int_equal(piece.segments, OFFLOAD_WHOLE);
		offload_complete(&piece, p, n);
		right_checksum(p, n, 6);
		assert_int_equal(sequence(p + 40), (uint32_t)(0xfffffff0 + at));
		assert_int_equal(p[53], flags[k]);
		for (size_t b = 60; b < n; b++)
			assert_int_equal(p[b], octet(at++));
	}
	assert_false(segments_next(&s, &p, &n, &piece));
	assert_int_equal(at, OCTETS);
}

static void udp_segments_are_datagrams(void **state)
{
	struct segments s;
	struct offload o, piece;
	size_t len = superpacket(pkt, cn, home, 17, OCTETS, &o), n, count = 0;
	uint8_t *p;

	assert_int_equal(segments_begin(&s, &o, pkt, len), 0);
	while (segments_next(&s, &p, &n, &piece)) {
		offload_complete(&piece, p, n);
		right_checksum(p, n, 17);
		assert_int_equal(p[44] << 8 | p[45], n - 40);
		count++;
	}
	assert_int_equal(count, 3);
}

static void headers_of_tunnels_are_kept_up(void **state)
{
	struct segments s;
	struct offload o, piece;
	size_t len = superpacket(pkt, home, cn, 6, OCTETS, &o), n, count = 0;
	struct lke_in6 src = A(coa), dst = A(agent);
	uint8_t *p;

	tunnel_outer(pkt, len, &src, &dst, 1, pkt - 40);
	o.csum_start += 40;
	assert_int_equal(segments_begin(&s, &o, pkt - 40, len + 40), 0);
	while (segments_next(&s, &p, &n, &piece)) {
		offload_complete(&piece, p, n);
		assert_int_equal(p[4] << 8 | p[5], n - 40);
		right_checksum(p + 40, n - 40, 6);
		count++;
	}
	assert_int_equal(count, 3);
}

static void an_even_sum_is_never_sent_as_none(void **state)
{
	struct offload o = { .partial = true, .csum_start = 40, .csum_offset = 6 };
	uint8_t p[48] = { 0x60 };

	p[40] = p[41] = 0xff;
	offload_complete(&o, p, sizeof(p));
	assert_int_equal(p[46] << 8 | p[47], 0xffff);
	assert_false(o.partial);
}

static void headers_that_make_no_sense_are_refused(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .csum_start = 54,
				    .csum_offset = 16 };
	struct offload o;
	uint8_t b[OFFLOAD_HDR_LEN];

#define DECODE(len) (memcpy(b, &h, sizeof(b)), offload_decode(b, 14, (len), &o))
	assert_true(DECODE(58));
	assert_int_equal(o.csum_start, 40);
	assert_false(DECODE(57)); /* the field is beyond the end */
	h.csum_start = 53;
	assert_false(DECODE(500)); /* inside the IPv6 header */
	h.csum_start = 54;
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	assert_false(DECODE(500)); /* segments of no size */
	h.gso_size = 100;
	assert_true(DECODE(500));
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	assert_false(DECODE(500));
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	h.flags = 0;
	assert_false(DECODE(500));
#undef DECODE
}

static void superpackets_that_make_no_sense_are_dropped(void **state)
{
	struct segments s;
	struct offload o;
	size_t len = superpacket(pkt, cn, home, 6, 2000, &o);

	o.csum_start = 41; /* not where the TCP header is */
	assert_int_equal(segments_begin(&s, &o, pkt, len), -LKE_DROP_EXT_HEADER);
	o.csum_start = 40;
	pkt[52] = 0x40; /* a header of 16 octets */
	assert_int_equal(segments_begin(&s, &o, pkt, len), -LKE_DROP_SHORT);
	pkt[52] = 0x50;
	assert_int_equal(segments_begin(&s, &o, pkt, 50), -LKE_DROP_SHORT);
}

static void decode_and_encode_agree(void **state)
{
	struct offload o, back;
	uint8_t hdr[OFFLOAD_HDR_LEN];
	size_t len = superpacket(pkt, cn, home, 6, 2000, &o);

	offload_encode(&o, pkt, hdr);
	assert_true(offload_decode(hdr, 0, len, &back));
	assert_true(back.partial && back.segments == OFFLOAD_TCP && back.size == o.size);
	assert_int_equal(back.csum_start, o.csum_start);
	assert_int_equal(back.csum_offset, o.csum_offset);
}

/* ---- the plane ---- */

static int tun[2];

static int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *p,
		 size_t len)
{
	return write(tun[1], p, len) == (ssize_t)len ? 0 : -EIO;
}

static struct fwd *plane(bool mobile)
{
	struct fwd_conf conf = { .send = frame };
	struct lke_act_tunnel t = { .mobile_side = mobile,
				    .home = A(home),
				    .agent = A(agent),
				    .coa = A(coa),
				    .ifindex = 7,
				    .credit = UINT64_MAX };
	struct fwd *f;

	assert_int_equal(pipe2(tun, O_NONBLOCK | O_DIRECT), 0);
	conf.tun_fd = tun[1];
	assert_int_equal(fwd_new(&conf, &f), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	return f;
}

static void done(struct fwd *f)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
}

/* The mobile node's side sends frames: every one has its checksum. */
static void amb_121_a_superpacket_enters_the_tunnel_in_segments(void **state)
{
	struct fwd *f = plane(true);
	struct offload o;
	size_t len = superpacket(pkt, home, cn, 6, OCTETS, &o), at = 0;
	uint8_t got[4096];
	ssize_t n;

	fwd_packet_offload(f, pkt, len, &o, 1);
	for (unsigned k = 0; k < 3; k++) {
		n = read(tun[0], got, sizeof(got));
		assert_int_equal(n, 100 + (k < 2 ? MSS : OCTETS - 2 * MSS));
		right_checksum(got + 40, (size_t)n - 40, 6);
		for (ssize_t b = 100; b < n; b++)
			assert_int_equal(got[b], octet(at++));
	}
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	done(f);
}

static void amb_121_a_superpacket_too_big_is_told_once(void **state)
{
	struct fwd *f = plane(true);
	struct offload o;
	size_t len = superpacket(pkt, home, cn, 6, 10000, &o);
	uint8_t got[4096];

	o.size = 1440;
	fwd_set_link_mtu(f, 7, 1400);
	fwd_packet_offload(f, pkt, len, &o, 1);
	assert_true(read(tun[0], got, sizeof(got)) > 0);
	assert_int_equal(got[40], 2);
	assert_int_equal(got[46] << 8 | got[47], 1360);
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	done(f);
}

static void a_superpacket_leaves_the_tunnel(void **state)
{
	struct fwd *f = plane(false);
	struct offload o;
	struct lke_in6 src = A(coa), dst = A(agent);
	size_t len = superpacket(pkt, home, cn, 6, OCTETS, &o);
	uint8_t got[4096];
	ssize_t n;

	tunnel_outer(pkt, len, &src, &dst, 1, pkt - 40);
	o.csum_start += 40;
	assert_int_equal(fwd_from_link_offload(f, 7, pkt - 40, len + 40, &o, 1), 1);
	/* this plane writes to a pipe, which cannot be told to segment it */
	for (unsigned k = 0; k < 3; k++) {
		n = read(tun[0], got, sizeof(got));
		assert_true(n > 60);
		right_checksum(got, (size_t)n, 6);
	}
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	done(f);
}

/* Cut into fragments, a packet has to have its checksum before. */
static void amb_121_partial_checksums_are_completed_before_fragments(void **state)
{
	struct fwd *f = plane(false);
	struct offload o;
	size_t len = superpacket(pkt, cn, home, 17, 1232, &o);
	struct lke_in6 h = A(home);
	uint8_t a[4096], b[4096], e[4096];
	struct ip6_info i;
	ssize_t n, m;

	o.segments = OFFLOAD_WHOLE;
	/* learn 1280 from the first, whole one */
	fwd_packet_offload(f, pkt, len, &o, 1);
	n = read(tun[0], a, sizeof(a));
	assert_int_equal(n, 1320);
	n = (ssize_t)icmp_error(2, 0, 1280, &h, a, (size_t)n, e, sizeof(e));
	assert_int_equal(fwd_icmp(f, e, (size_t)n, 1), 1);
	len = superpacket(pkt, cn, home, 17, 1232, &o);
	o.segments = OFFLOAD_WHOLE;
	fwd_packet_offload(f, pkt, len, &o, 1);
	n = read(tun[0], a, sizeof(a));
	m = read(tun[0], b, sizeof(b));
	assert_int_equal(a[6], 44);
	assert_int_equal(b[6], 44);
	memmove(a + 40, a + 48, (size_t)n - 48);
	memcpy(a + n - 8, b + 48, (size_t)m - 48);
	assert_int_equal(ip6_parse(a + 40, 1280, &i), 0);
	right_checksum(a + 40, 1280, 17);
	done(f);
}

/* AMB-112: segments over the credit wait, complete, and go out in order, though a later superpacket
 * is in hand when they do. */
static void amb_112_segments_wait_for_credit_in_order(void **state)
{
	struct fwd_conf conf = { .send = frame, .buffer_packets = 64, .buffer_bytes = 1 << 20 };
	struct lke_act_tunnel t = {
		.home = A(home), .agent = A(agent), .coa = A(coa), .credit = 4000
	};
	struct offload o;
	struct fwd *f;
	uint8_t got[4096];
	size_t len = superpacket(pkt, cn, home, 6, 10000, &o), at = 0, segments = 0;
	ssize_t n;

	assert_int_equal(pipe2(tun, O_NONBLOCK | O_DIRECT), 0);
	conf.tun_fd = tun[1];
	assert_int_equal(fwd_new(&conf, &f), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	fwd_packet_offload(f, pkt, len, &o, 1); /* two segments go */
	t.credit = 8000;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0); /* three more, three wait */
	fwd_packet_offload(f, pkt, len, &o, 1);
	t.credit = UINT64_MAX;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	while ((n = read(tun[0], got, sizeof(got))) > 0) {
		right_checksum(got + 40, (size_t)n - 40, 6);
		for (ssize_t b = 100; b < n; b++, at++)
			assert_int_equal(got[b], octet(at % 10000));
		segments++;
	}
	assert_int_equal(at, 20000);
	assert_int_equal(segments, 16);
	done(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_segments_are_what_tcp_would_have_sent),
		cmocka_unit_test(udp_segments_are_datagrams),
		cmocka_unit_test(headers_of_tunnels_are_kept_up),
		cmocka_unit_test(an_even_sum_is_never_sent_as_none),
		cmocka_unit_test(headers_that_make_no_sense_are_refused),
		cmocka_unit_test(superpackets_that_make_no_sense_are_dropped),
		cmocka_unit_test(decode_and_encode_agree),
		cmocka_unit_test(amb_121_a_superpacket_enters_the_tunnel_in_segments),
		cmocka_unit_test(amb_121_a_superpacket_too_big_is_told_once),
		cmocka_unit_test(a_superpacket_leaves_the_tunnel),
		cmocka_unit_test(amb_121_partial_checksums_are_completed_before_fragments),
		cmocka_unit_test(amb_112_segments_wait_for_credit_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* ICMPv6 errors about tunnel packets, and path MTU: what the plane tells, retells and believes. */
#include "forward_plane.h"

static void amb_122_source_of_a_packet_with_four_headers_is_told(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	uint8_t a[4096], b[4096], got[4096];
	size_t n = make(a, cn, home, 59, NULL, 8);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	for (unsigned i = 0; i < 3; i++) {
		size_t m = make(b, cn, home, 41, a, n);

		memcpy(a, b, m);
		n = m;
	}
	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_TUNNEL_DEPTH);
	assert_true(read(tun[0], got, sizeof(got)) > 48);
	assert_int_equal(got[6], IP6_NH_ICMPV6);
	assert_int_equal(got[40], 1);
	assert_int_equal(got[41], 3);
	done(f);
}

/* Unreachable about a tunnel packet reaches the source of the packet inside; 1/5 is the engine's.
 */
static void amb_121_tunnel_errors_are_retold(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 router = A(other), src = A(agent), c = A(cn), c2 = A(coa);
	uint8_t in[4096], out[4096], err[4096], got[4096];
	size_t n = make(in, cn, home, 59, NULL, 20);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, in, n, 1), 0);
	n = (size_t)read(tun[0], out, sizeof(out));
	assert_int_equal(n, 100);
	assert_memory_equal(out + 24, c2.b, 16);
	n = icmp_error(1, 0, 0, &router, out, n, err, sizeof(err));
	assert_true(n > 0);
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	assert_true(read(tun[0], got, sizeof(got)) > 48 + 40);
	assert_int_equal(got[40], 1);
	assert_memory_equal(got + 8, src.b, 16);
	assert_memory_equal(got + 24, c.b, 16);
	assert_memory_equal(got + 48 + 8, c.b, 16);
	n = make(in, cn, home, 59, NULL, 20);
	n = make(out, agent, coa, 41, in, n);
	n = icmp_error(1, 5, 0, &router, out, n, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 0);
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	done(f);
}

static void amb_121_too_big_or_fragmented(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(true, home, agent, coa);
	uint8_t a[4096], b[4096];
	size_t n = make(a, home, cn, 59, NULL, 1320);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	fwd_set_link_mtu(f, 7, 1380);
	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_TUNNEL_TOO_BIG);
	assert_true(read(tun[0], b, sizeof(b)) > 48);
	assert_int_equal(b[40], 2); /* Packet Too Big, 1340 */
	assert_int_equal(b[46] << 8 | b[47], 1340);
	fwd_set_link_mtu(f, 7, 1280);
	n = make(a, home, cn, 59, NULL, 1240);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sends, 2); /* the outer packet in two fragments */
	assert_int_equal(sent[6], IP6_NH_FRAGMENT);
	assert_int_equal(sent[40], IP6_NH_IPV6);
	assert_int_equal(sent[42] << 8 | sent[43], 1232); /* last: 1280 - 48 behind it */
	assert_int_equal(sent_len, 48 + 1280 - 1232);
	done(f);
}

/* THREATS 76: an error about a packet we never sent is retold to nobody, though it names a binding.
 */
static void thr_076_no_reflection_by_invented_errors(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 router = A(other);
	uint8_t in[4096], out[4096], err[4096], got[4096];
	size_t n = make(in, cn, home, 59, NULL, 20);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	n = make(out, agent, coa, 41, in, n); /* flow label 0 */
	n = icmp_error(1, 0, 0, &router, out, n, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	done(f);
}

static void amb_155_errors_from_a_care_of_address_are_told(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 router = A(other), c = A(coa), h = A(home);
	uint8_t in[4096], out[4096], err[4096];
	size_t n = make(in, cn, home, 59, NULL, 20), len;
	struct lke_event ev;

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, in, n, 1), 0);
	len = (size_t)read(tun[0], out, sizeof(out));
	while (fwd_next_event(f, &ev))
		;
	n = icmp_error(1, 3, 0, &router, out, len, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	assert_true(fwd_next_event(f, &ev));
	assert_int_equal(ev.type, LKE_EV_TUNNEL);
	assert_int_equal(ev.tunnel.what, LKE_TUNNEL_UNREACHABLE);
	assert_memory_equal(ev.tunnel.outer_dst.b, c.b, 16);
	assert_memory_equal(ev.tunnel.inner_dst.b, h.b, 16);
	/* A host without tunnels: unrecognised next header. */
	n = icmp_error(4, 1, 6, &c, out, len, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	assert_true(fwd_next_event(f, &ev));
	/* Other errors say nothing about it, nor does who has not seen the packet. */
	n = icmp_error(3, 0, 0, &router, out, len, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	n = make(in, cn, home, 59, NULL, 20);
	n = make(out, agent, coa, 41, in, n);
	n = icmp_error(1, 3, 0, &router, out, n, err, sizeof(err));
	assert_int_equal(fwd_icmp(f, err, n, 1), 1);
	assert_false(fwd_next_event(f, &ev));
	done(f);
}

/* At most 100 a second are retold. */
static void thr_076_errors_are_retold_at_a_limited_rate(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 router = A(other);
	uint8_t in[4096], out[4096], err[4096], got[4096];
	size_t n = make(in, cn, home, 59, NULL, 20), told = 0;

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, in, n, 1), 0);
	n = (size_t)read(tun[0], out, sizeof(out));
	n = icmp_error(1, 0, 0, &router, out, n, err, sizeof(err));
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(fwd_icmp(f, err, n, 1), 1);
		while (read(tun[0], got, sizeof(got)) > 0)
			told++;
	}
	assert_int_equal(told, 100);
	done(f);
}

/* THREATS 77: what the parameter may be, and how long it counts. */
static void thr_077_packet_too_big_of_any_value(void **state)
{
	static const struct {
		uint32_t said, then;
	} v[] = { { 0, 1500 },	  { 68, 1500 },	  { 1279, 1500 }, { UINT32_MAX, 1500 },
		  { 1500, 1500 }, { 1400, 1400 }, { 1450, 1400 }, { 1280, 1280 } };
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 h = A(home), r = A(other);
	struct fwd_tunnel_info i;
	uint8_t a[4096], b[4096], e[4096];
	size_t n = make(a, cn, home, 59, NULL, 400), m;

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	n = make(b, agent, coa, 41, a, n);
	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		m = icmp_error(2, 0, v[k].said, &r, b, n, e, sizeof(e));
		assert_int_equal(fwd_icmp(f, e, m, 1), 1);
		assert_true(fwd_tunnel_info(f, false, &h, &i));
		assert_int_equal(i.path_mtu, v[k].then);
	}
	n = make(a, cn, home, 59, NULL, 1400);
	assert_int_equal(fwd_packet(f, a, n, 600 * LKE_SEC), -LKE_DROP_TUNNEL_TOO_BIG);
	assert_int_equal(fwd_packet(f, a, n, 1 + 600 * LKE_SEC), 0);
	done(f);
}

static void path_mtu_is_learnt_only_from_live_tunnels(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct fwd_tunnel_info i;
	struct lke_in6 h = A(home), r = A("2001:db8:8::8");
	uint8_t a[4096], b[4096], e[4096];
	size_t n = make(a, cn, home, 59, NULL, 400), outer;

	outer = n = make(b, agent, coa, 41, a, n);
	n = icmp_error(2, 0, 1000, &r, b, n, e, sizeof(e));
	assert_int_equal(fwd_icmp(f, e, n, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	e[n - 1] ^= 1; /* wrong checksum */
	assert_int_equal(fwd_icmp(f, e, n, 1), 0);
	e[n - 1] ^= 1;
	assert_int_equal(fwd_icmp(f, e, n, 1), 1);
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	assert_int_equal(i.path_mtu, 1500);
	n = icmp_error(2, 0, 1280, &r, b, outer, e, sizeof(e));
	assert_int_equal(fwd_icmp(f, e, n, 1), 1);
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	assert_int_equal(i.path_mtu, 1280);
	done(f);
}

/* The ends of a tunnel are no secret; the home address inside has to be known as well. */
static void thr_077_quote_of_another_home_address_is_nothing(void **state)
{
	for (unsigned mobile = 0; mobile < 2; mobile++) {
		struct fwd *f = plane();
		struct lke_act_tunnel t = tunnel(mobile, home, agent, coa);
		const char *from = mobile ? coa : agent, *to = mobile ? agent : coa;
		struct lke_in6 h = A(home), r = A("2001:db8:8::8");
		struct fwd_tunnel_info i;
		uint8_t a[4096], b[4096], e[4096];

		assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
		for (unsigned known = 0; known < 2; known++) {
			const char *inside = known ? home : other;
			size_t n = mobile ? make(a, inside, cn, 59, NULL, 400)
					  : make(a, cn, inside, 59, NULL, 400);

			n = make(b, from, to, 41, a, n);
			n = icmp_error(2, 0, 1300, &r, b, n, e, sizeof(e));
			assert_int_equal(fwd_icmp(f, e, n, 1), known);
			assert_true(fwd_tunnel_info(f, mobile, &h, &i));
			assert_int_equal(i.path_mtu, known ? 1300 : 1500);
		}
		done(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_122_source_of_a_packet_with_four_headers_is_told),
		cmocka_unit_test(amb_121_tunnel_errors_are_retold),
		cmocka_unit_test(amb_121_too_big_or_fragmented),
		cmocka_unit_test(thr_076_no_reflection_by_invented_errors),
		cmocka_unit_test(amb_155_errors_from_a_care_of_address_are_told),
		cmocka_unit_test(thr_076_errors_are_retold_at_a_limited_rate),
		cmocka_unit_test(thr_077_packet_too_big_of_any_value),
		cmocka_unit_test(path_mtu_is_learnt_only_from_live_tunnels),
		cmocka_unit_test(thr_077_quote_of_another_home_address_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Tables, checks and packets of the forwarding plane. */
#include "forward_plane.h"

static void amb_120_reverse_tunnel_checks_outer_and_inner(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	uint8_t buf[4096];

	assert_int_equal(from_link(f, coa, agent, home, cn), 0); /* nobody's: silence */
	struct lke_in6 end = A(agent);

	assert_int_equal(fwd_set_end(f, &end, true), 0);
	assert_int_equal(from_link(f, coa, agent, home, cn), -LKE_DROP_NO_BINDING);
	assert_int_equal(event(f), LKE_TUNNEL_NO_BINDING);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, other, agent, home, cn), -LKE_DROP_TUNNEL_OUTER);
	assert_int_equal(event(f), LKE_TUNNEL_BAD_OUTER);
	assert_int_equal(from_link(f, coa, agent, other, cn), -LKE_DROP_TUNNEL_INNER);
	assert_int_equal(event(f), LKE_TUNNEL_BAD_INNER);
	assert_int_equal(from_link(f, coa, agent, home, "fe80::1"), -LKE_DROP_TUNNEL_SCOPE);
	assert_int_equal(from_link(f, coa, agent, home, "ff02::1"), -LKE_DROP_TUNNEL_SCOPE);
	assert_int_equal(read(tun[0], buf, sizeof(buf)), -1);
	assert_int_equal(from_link(f, coa, agent, home, cn), 1);
	assert_int_equal(event(f), LKE_TUNNEL_FIRST);
	assert_int_equal(read(tun[0], buf, sizeof(buf)), 48);
	t.suspended = true;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, coa, agent, home, cn), -LKE_DROP_NO_BINDING);
	t.remove = true;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), LKE_ERR_NOENT);
	done(f);
}

/* Neighbor Discovery with the hop limit of a link: whoever takes it out believes it to be of that
 * link.  Its errors, echoes and what has been forwarded once are as others. */
static void thr_074_neighbour_discovery_stays_in_the_tunnel(void **state)
{
	static const struct {
		uint8_t type, hop_limit;
		bool out;
	} packet[] = {
		{ 132, 255, true },  { 133, 255, false }, { 134, 255, false },
		{ 135, 255, false }, { 136, 255, false }, { 137, 255, false },
		{ 138, 255, true },  { 128, 255, true },  { 135, 254, true },
	};

	for (unsigned mobile = 0; mobile < 2; mobile++) {
		struct fwd *f = plane();
		struct lke_act_tunnel t = tunnel(mobile, home, agent, coa);

		assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
		for (size_t k = 0; k < sizeof(packet) / sizeof(packet[0]); k++) {
			uint8_t in[4096], out[4096], data[24] = { packet[k].type };
			size_t n = make(in, mobile ? cn : home, mobile ? home : cn, 58, data,
					sizeof(data));
			int err;

			in[7] = packet[k].hop_limit;
			n = make(out, mobile ? agent : coa, mobile ? coa : agent, 41, in, n);
			err = fwd_from_link(f, 7, out, n, 1);
			assert_int_equal(err, packet[k].out ? 1 : -LKE_DROP_TUNNEL_SCOPE);
			assert_int_equal(read(tun[0], out, sizeof(out)) > 0, packet[k].out);
		}
		done(f);
	}
}

/* Is there ICMPv6 1/5 to this address, about a tunnel packet from it? */
static bool told(const char *who)
{
	struct lke_in6 a = A(who), us = A(agent);
	uint8_t got[4096];

	if (read(tun[0], got, sizeof(got)) < 48 + 40 + 40)
		return false;
	return got[40] == 1 && got[41] == 5 && memcmp(got + 8, us.b, 16) == 0 &&
	       memcmp(got + 24, a.b, 16) == 0 && got[48 + 6] == IP6_NH_IPV6 &&
	       memcmp(got + 48 + 8, a.b, 16) == 0;
}

static void amb_120_who_sends_by_no_tunnel_is_told(void **state)
{
	struct fwd *f = plane_of(true);
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct lke_in6 end = A(agent);
	unsigned n = 0;

	(void)state;
	assert_int_equal(from_link(f, coa, agent, home, cn), 0);
	assert_false(told(coa)); /* not an address that lke serves */
	assert_int_equal(fwd_set_end(f, &end, true), 0);
	assert_int_equal(from_link(f, coa, agent, home, cn), -LKE_DROP_NO_BINDING);
	assert_true(told(coa));
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, other, agent, home, cn), -LKE_DROP_TUNNEL_OUTER);
	assert_true(told(other));
	assert_int_equal(from_link(f, coa, agent, other, cn), -LKE_DROP_TUNNEL_INNER);
	assert_true(told(coa));
	/* A suspended one gets a Binding Refresh Request (AMB-112). */
	t.suspended = true;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, coa, agent, home, cn), -LKE_DROP_NO_BINDING);
	assert_false(told(coa));
	/* Ten a second, whoever asks for more (THREATS 76). */
	while (n < 100 && from_link(f, other, agent, cn, cn) < 0 && told(other))
		n++;
	assert_int_equal(n, 7);
	done(f);
}

static void credit_is_spent_and_reported(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct fwd_tunnel_info i;
	struct lke_in6 h = A(home);
	uint8_t buf[4096];
	size_t n = make(buf, cn, home, 59, NULL, 60);

	t.credit = 250;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	assert_int_equal(event(f), LKE_TUNNEL_FIRST);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), -LKE_DROP_TUNNEL_CREDIT);
	assert_int_equal(event(f), LKE_TUNNEL_NO_CREDIT);
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	assert_int_equal(i.tunnel.credit, 250);
	assert_int_equal(i.encap, 2);
	done(f);
}

static void amb_112_a_new_update_gives_no_credit_back(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	uint8_t buf[4096];
	size_t n = make(buf, cn, home, 59, NULL, 60); /* 100 octets */

	t.credit = 250;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), -LKE_DROP_TUNNEL_CREDIT);
	/* A higher allowance counts from the start, a lower one is none at all. */
	t.credit = 300;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), -LKE_DROP_TUNNEL_CREDIT);
	t.credit = 100;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), -LKE_DROP_TUNNEL_CREDIT);
	/* Proved: no limit. */
	t.credit = UINT64_MAX;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, buf, n, 1), 0);
	done(f);
}

/* What the route still draws to us after the tunnel's end goes back to the kernel, in order. */
static void packets_of_a_withdrawn_address_are_handed_back(void **state)
{
	struct fwd *f = plane();
	struct lke_in6 h = A(home), o = A(other);
	uint8_t a[4096], got[4096];
	size_t n = make(a, cn, home, 59, NULL, 20);

	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_NOT_OURS);
	fwd_withdraw_begin(f, &o);
	fwd_withdraw_begin(f, &h);
	for (unsigned i = 0; i < 16; i++) {
		a[59] = (uint8_t)i;
		assert_int_equal(fwd_packet(f, a, n, 1), 0);
	}
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	fwd_withdraw_end(f, &h);
	for (unsigned i = 0; i < 16; i++) { /* as many as the pipe holds at least */
		assert_int_equal(read(tun[0], got, sizeof(got)), n);
		assert_int_equal(got[59], i);
	}
	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_NOT_OURS);
	n = make(a, cn, other, 59, NULL, 20);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	done(f); /* frees what is still kept */
}

/* Home agent's tunnel inside the reverse tunnel of a temporary home agent. */
static void amb_122_nested_tunnels_both_ways(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel inner = tunnel(true, hoa, ha, home),
			      outer = tunnel(true, home, agent, coa);
	uint8_t a[4096], b[4096];
	size_t n = make(a, hoa, cn, 59, NULL, 20);

	assert_int_equal(fwd_set_tunnel(f, &inner, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &outer, 1), 0);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sends, 1);
	assert_int_equal(sent_len, n + 80);
	assert_memory_equal(sent + 8, A(coa).b, 16);
	assert_memory_equal(sent + 24, A(agent).b, 16);
	assert_memory_equal(sent + 48, A(home).b, 16);
	assert_memory_equal(sent + 64, A(ha).b, 16);
	n = make(a, cn, hoa, 59, NULL, 20);
	n = make(b, ha, home, 41, a, n);
	n = make(a, agent, coa, 41, b, n);
	assert_int_equal(fwd_from_link(f, 7, a, n, 1), 1);
	assert_int_equal(read(tun[0], b, sizeof(b)), 60);
	assert_memory_equal(b + 24, A(hoa).b, 16);
	done(f);
}

static void a_circle_of_tunnels_is_dropped(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel x = tunnel(true, home, agent, coa),
			      y = tunnel(true, coa, agent, home);
	uint8_t a[4096];
	size_t n = make(a, home, cn, 59, NULL, 20);

	assert_int_equal(fwd_set_tunnel(f, &x, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &y, 1), 0);
	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_TUNNEL_DEPTH);
	assert_int_equal(sends, 0);
	done(f);
}

/* A node that came home: what its agent had sent to the other link arrives from there. */
static void packets_under_way_in_a_tunnel_that_ended_are_taken(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(true, home, agent, coa);
	struct lke_in6 end = A(coa);
	uint8_t in[4096], out[4096];
	size_t n = make(in, cn, home, 59, NULL, 8);

	assert_int_equal(fwd_set_end(f, &end, true), 0);
	assert_int_equal(from_link(f, agent, coa, cn, home), -LKE_DROP_NO_BINDING);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	t.remove = true;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, agent, coa, cn, home), 1);
	assert_int_equal(from_link(f, other, coa, cn, home), -LKE_DROP_NO_BINDING);
	assert_int_equal(from_link(f, agent, coa, cn, other), -LKE_DROP_NO_BINDING);
	n = make(out, agent, coa, 41, in, n);
	assert_int_equal(fwd_from_link(f, 7, out, n, 11 * LKE_SEC), -LKE_DROP_NO_BINDING);
	done(f);
}

/* Splits the packet behind its IPv6 header as the tunnel's other end would, and feeds piece k. */
static int feed_piece(struct fwd *f, const uint8_t *p, size_t len, size_t from, size_t to,
		      uint32_t id)
{
	uint8_t out[4096];
	struct wr w = wr_init(out, sizeof(out));

	wr_bytes(&w, p, 40);
	wr_patch_u16(&w, 4, (uint16_t)(to - from + 8));
	wr_patch_u8(&w, 6, IP6_NH_FRAGMENT);
	wr_u8(&w, p[6]);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)((from - 40) | (to < len)));
	wr_u32(&w, id);
	wr_bytes(&w, p + from, to - from);
	return fwd_from_link(f, 7, out, w.off, 1);
}

static void amb_121_fragments_are_joined_at_every_tunnel_end(void **state)
{
	struct fwd *f = plane();
	struct fwd_counters c;
	struct lke_act_tunnel agent_side = tunnel(false, home, agent, coa),
			      mobile_side = tunnel(true, hoa, ha, other);
	uint8_t a[4096], b[4096], got[4096];
	size_t n = make(a, home, cn, 59, NULL, 1240), m = make(b, coa, agent, 41, a, n);

	/* not between the ends of a tunnel */
	assert_int_equal(feed_piece(f, b, m, 40, 840, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &agent_side, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &mobile_side, 1), 0);
	assert_int_equal(feed_piece(f, b, m, 40, 840, 2), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), -1);
	assert_int_equal(feed_piece(f, b, m, 840, m, 2), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), n);
	assert_memory_equal(got, a, n);
	n = make(a, cn, hoa, 59, NULL, 1240);
	m = make(b, ha, other, 41, a, n);
	assert_int_equal(feed_piece(f, b, m, 840, m, 2), 1);
	assert_int_equal(feed_piece(f, b, m, 40, 840, 2), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), n);
	assert_memory_equal(got, a, n);
	/* The checks of a whole packet follow: a stranger's inner source. */
	n = make(a, other, cn, 59, NULL, 1240);
	m = make(b, coa, agent, 41, a, n);
	assert_int_equal(feed_piece(f, b, m, 40, 840, 3), 1);
	assert_int_equal(feed_piece(f, b, m, 840, m, 3), -LKE_DROP_TUNNEL_INNER);
	fwd_counters(f, &c);
	assert_int_equal(c.reassembled, 3);
	assert_int_equal(c.decap, 2);
	done(f);
}

/* What is left of a reassembled packet is no fragment again (THREATS 79). */
static void thr_079_fragments_in_fragments_are_dropped(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	uint8_t a[4096], b[4096];
	size_t m;

	memset(a, 0, sizeof(a));
	a[0] = 44; /* destination options that end in a fragment header */
	a[8] = 41;
	a[1] = 0;
	a[2] = 1;
	a[3] = 4;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	m = make(b, coa, agent, 60, a, 96);
	assert_int_equal(feed_piece(f, b, m, 40, 88, 1), 1);
	assert_int_equal(feed_piece(f, b, m, 88, m, 1), -LKE_DROP_FRAGMENT);
	done(f);
}

/* RFC 2473 5.1: other implementations send a Tunnel Encapsulation Limit, whole or in fragments. */
static void amb_122_tunnel_packets_with_options_are_opened(void **state)
{
	static const uint8_t limit[8] = { 41, 0, 4, 1, 4, 1, 1, 0 };
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	uint8_t a[4096], b[4096], got[4096];
	size_t n, m;

	memcpy(a, limit, 8);
	n = make(a + 8, home, cn, 59, NULL, 200);
	m = make(b, coa, agent, 60, a, n + 8);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(feed_piece(f, b, m, 40, 160, 1), 1);
	assert_int_equal(feed_piece(f, b, m, 160, m, 1), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), n);
	assert_memory_equal(got, a + 8, n);
	assert_int_equal(fwd_from_link(f, 7, b, m, 1), 1);
	assert_int_equal(read(tun[0], got, sizeof(got)), n);
	done(f);
}

static void packets_under_way_to_the_last_care_of_address_arrive(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(true, home, agent, coa);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	t.coa = A(other);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(from_link(f, agent, other, cn, home), 1);
	assert_int_equal(from_link(f, agent, coa, cn, home), 1);
	assert_int_equal(from_link(f, agent, hoa, cn, home), -LKE_DROP_TUNNEL_OUTER);
	done(f);
}

static void parked_packets_find_a_plain_path(void **state)
{
	struct fwd *f = plane();
	struct lke_in6 src = A(home);
	struct lke_lladdr ll = { 6, { 2 } };
	uint8_t a[4096];
	size_t n = make(a, home, cn, 59, NULL, 20);

	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_NOT_OURS);
	assert_int_equal(fwd_set_direct(f, &src, 7, &ll), 0);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sent_len, n);
	assert_memory_equal(sent, a, n);
	fwd_clear_direct(f, &src);
	assert_int_equal(fwd_packet(f, a, n, 1), -LKE_DROP_NOT_OURS);
	done(f);
}

static void tunnels_of_one_home_are_bounded_and_newest_sends(void **state)
{
	struct fwd *f = plane();
	uint8_t a[4096];
	size_t n = make(a, home, cn, 59, NULL, 20);
	struct lke_act_tunnel t = tunnel(true, home, agent, coa);

	for (unsigned i = 0; i < 9; i++) {
		t.agent.b[15] = (uint8_t)(i + 1);
		assert_int_equal(fwd_set_tunnel(f, &t, 1), i < 8 ? 0 : LKE_ERR_FULL);
	}
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sent[39], 8);
	t.agent.b[15] = 3;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sent[39], 3);
	t.remove = true;
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	assert_int_equal(fwd_packet(f, a, n, 1), 0);
	assert_int_equal(sent[39], 8);
	done(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_120_reverse_tunnel_checks_outer_and_inner),
		cmocka_unit_test(thr_074_neighbour_discovery_stays_in_the_tunnel),
		cmocka_unit_test(amb_120_who_sends_by_no_tunnel_is_told),
		cmocka_unit_test(credit_is_spent_and_reported),
		cmocka_unit_test(amb_112_a_new_update_gives_no_credit_back),
		cmocka_unit_test(packets_of_a_withdrawn_address_are_handed_back),
		cmocka_unit_test(amb_122_nested_tunnels_both_ways),
		cmocka_unit_test(a_circle_of_tunnels_is_dropped),
		cmocka_unit_test(packets_under_way_in_a_tunnel_that_ended_are_taken),
		cmocka_unit_test(amb_121_fragments_are_joined_at_every_tunnel_end),
		cmocka_unit_test(thr_079_fragments_in_fragments_are_dropped),
		cmocka_unit_test(amb_122_tunnel_packets_with_options_are_opened),
		cmocka_unit_test(packets_under_way_to_the_last_care_of_address_arrive),
		cmocka_unit_test(parked_packets_find_a_plain_path),
		cmocka_unit_test(tunnels_of_one_home_are_bounded_and_newest_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

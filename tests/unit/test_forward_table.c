/* SPDX-License-Identifier: ISC */
/* The forwarding plane with pipes for the TUN: tables, checks and packets, no privileges. */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

static int tun[2]; /* a packet pipe: what the plane writes is read again from tun[0] */
static uint8_t sent[4096];
static size_t sent_len, sends;

static int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *p,
		 size_t len)
{
	assert_int_equal(ifindex, 7);
	memcpy(sent, p, len);
	sent_len = len;
	sends++;
	return 0;
}

static struct lke_in6 A(const char *text) {
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static struct fwd *
plane(void)
{
	struct fwd_conf conf = { .send = frame };
	struct fwd *f;

	assert_int_equal(pipe2(tun, O_NONBLOCK | O_DIRECT), 0);
	conf.tun_fd = tun[1];
	sends = 0;
	assert_int_equal(fwd_new(&conf, &f), 0);
	return f;
}

static void done(struct fwd *f)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
}

static size_t make(uint8_t *buf, const char *src, const char *dst, uint8_t proto, const void *data,
		   size_t len)
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

static struct lke_act_tunnel tunnel(bool mobile, const char *h, const char *a, const char *c)
{
	return (struct lke_act_tunnel){ .mobile_side = mobile,
					.home = A(h),
					.agent = A(a),
					.coa = A(c),
					.ifindex = 7,
					.credit = UINT64_MAX };
}

static int from_link(struct fwd *f, const char *osrc, const char *odst, const char *isrc,
		     const char *idst)
{
	uint8_t in[4096], out[4096];
	size_t n = make(in, isrc, idst, 59, NULL, 8);

	n = make(out, osrc, odst, 41, in, n);
	return fwd_from_link(f, 7, out, n, 1);
}

static enum lke_tunnel_event event(struct fwd *f)
{
	struct lke_event ev;

	assert_true(fwd_next_event(f, &ev));
	assert_int_equal(ev.type, LKE_EV_TUNNEL);
	return ev.tunnel.what;
}

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
	struct lke_in6 router = A(other), src = A(agent), c = A(cn);
	uint8_t in[4096], out[4096], err[4096], got[4096];
	size_t n = make(in, cn, home, 59, NULL, 20);

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	n = make(out, agent, coa, 41, in, n);
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

static void path_mtu_is_learnt_only_from_live_tunnels(void **state)
{
	struct fwd *f = plane();
	struct lke_act_tunnel t = tunnel(false, home, agent, coa);
	struct fwd_tunnel_info i;
	struct lke_in6 h = A(home), r = A("2001:db8:8::8");
	uint8_t a[4096], b[4096], e[4096];
	size_t n = make(a, cn, home, 59, NULL, 400);

	n = make(b, agent, coa, 41, a, n);
	n = icmp_error(2, 0, 1000, &r, b, n, e, sizeof(e));
	assert_int_equal(fwd_icmp(f, e, n, 1), 0);
	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
	e[n - 1] ^= 1; /* wrong checksum */
	assert_int_equal(fwd_icmp(f, e, n, 1), 0);
	e[n - 1] ^= 1;
	assert_int_equal(fwd_icmp(f, e, n, 1), 1);
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	assert_int_equal(i.path_mtu, 1280);
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
		cmocka_unit_test(credit_is_spent_and_reported),
		cmocka_unit_test(amb_112_a_new_update_gives_no_credit_back),
		cmocka_unit_test(packets_of_a_withdrawn_address_are_handed_back),
		cmocka_unit_test(amb_122_nested_tunnels_both_ways),
		cmocka_unit_test(a_circle_of_tunnels_is_dropped),
		cmocka_unit_test(amb_122_source_of_a_packet_with_four_headers_is_told),
		cmocka_unit_test(amb_121_tunnel_errors_are_retold),
		cmocka_unit_test(amb_121_too_big_or_fragmented),
		cmocka_unit_test(path_mtu_is_learnt_only_from_live_tunnels),
		cmocka_unit_test(packets_under_way_to_the_last_care_of_address_arrive),
		cmocka_unit_test(parked_packets_find_a_plain_path),
		cmocka_unit_test(tunnels_of_one_home_are_bounded_and_newest_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

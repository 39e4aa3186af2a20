/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

#include "wire/tunnel.h"

static uint8_t pkt[4096];

/* A packet with n octets of UDP behind a number of IPv6 headers; the outermost starts at the
 * result. */
static uint8_t *nested(unsigned headers, size_t n, size_t *ret_len)
{
	uint8_t *p = pkt + sizeof(pkt) - n - IP6_HDR_LEN;
	struct wr w = wr_init(p, n + IP6_HDR_LEN);
	struct ip6_out o = { .src = COA1, .dst = AR_GLOBAL, .hop_limit = 64 };
	struct lke_in6 a = COA2, b = AR_GLOBAL;
	size_t len = n + IP6_HDR_LEN;

	ip6_begin(&w, &o, IP6_NH_UDP);
	wr_zero(&w, n);
	ip6_end(&w);
	while (--headers > 0) {
		tunnel_outer(p, len, &a, &b, 0, p - TUNNEL_OVERHEAD);
		p -= TUNNEL_OVERHEAD;
		len += TUNNEL_OVERHEAD;
	}
	*ret_len = len;
	return p;
}

static void set_addr(uint8_t *p, size_t off, const char *text)
{
	struct lke_in6 a = addr(text);

	memcpy(p + off, a.b, 16);
}

/* AMB-122: at most four headers leave */
static void fifth_header_is_refused(void **state)
{
	size_t len;

	for (unsigned n = 1; n <= 5; n++) {
		uint8_t *p = nested(n, 8, &len);
		assert_int_equal(tunnel_may_enter(p, len), n < 4 ? 0 : -LKE_DROP_TUNNEL_DEPTH);
	}
}

/* AMB-123 */
static void link_local_and_multicast_stay(void **state)
{
	static const char *const bad[] = { "fe80::1", "ff02::1", "ff0e::1", "::", "::1" };
	size_t len;

	for (size_t k = 0; k < 5; k++) {
		uint8_t *p = nested(1, 8, &len);
		set_addr(p, 24, bad[k]);
		assert_int_equal(tunnel_may_enter(p, len), -LKE_DROP_TUNNEL_SCOPE);
		p = nested(1, 8, &len);
		set_addr(p, 8, bad[k]);
		assert_int_equal(tunnel_may_enter(p, len), -LKE_DROP_TUNNEL_SCOPE);
	}
}

static void malformed_packets_do_not_enter(void **state)
{
	size_t len;
	uint8_t *p = nested(1, 8, &len);

	assert_int_equal(tunnel_may_enter(p, 39), -LKE_DROP_SHORT);
	assert_int_equal(tunnel_may_enter(p, len - 1), -LKE_DROP_IP_VERSION);
	p[7] = 0;
	assert_int_equal(tunnel_may_enter(p, len), -LKE_DROP_HOP_LIMIT);
	p[0] = 0x40;
	assert_int_equal(tunnel_may_enter(p, len), -LKE_DROP_IP_VERSION);
}

/* RFC 2473 4.1.1: a limit of n allows n more headers, also after plain ones were added */
static void tunnel_encapsulation_limit_is_honoured(void **state)
{
	for (uint8_t limit = 0; limit < 3; limit++) {
		size_t len;
		uint8_t *p = nested(1, 8, &len);
		struct lke_in6 a = COA2, b = AR_GLOBAL;
		p[6] = IP6_NH_DSTOPTS; /* the UDP octets become an options header */
		memcpy(p + 40, (uint8_t[]){ 59, 0, 4, 1, limit, 1, 1, 0 }, 8);
		for (uint8_t outside = 0; outside < 3; outside++) {
			assert_int_equal(tunnel_may_enter(p, len),
					 outside < limit ? 0 : -LKE_DROP_TUNNEL_DEPTH);
			tunnel_outer(p, len, &a, &b, 0, p - TUNNEL_OVERHEAD);
			p -= TUNNEL_OVERHEAD;
			len += TUNNEL_OVERHEAD;
		}
	}
}

static void outer_and_inner_agree(void **state)
{
	size_t len, inner_len;
	uint8_t *inner, *p = nested(2, 100, &len);
	struct ip6_info i;
	struct lke_in6 src = COA2;

	assert_int_equal(ip6_parse(p, len, &i), 0);
	assert_int_equal(i.upper, IP6_NH_IPV6);
	assert_int_equal(i.hop_limit, 64);
	assert_true(in6_eq(&i.src, &src));
	assert_int_equal(tunnel_inner(p, len, &inner, &inner_len), 0);
	assert_ptr_equal(inner, p + 40);
	assert_int_equal(inner_len, 140);
	p[40 + 5] = 101; /* longer than what is there */
	assert_int_equal(tunnel_inner(p, len, &inner, &inner_len), -LKE_DROP_IP_VERSION);
	p[40 + 5] = 100;
	p[40] = 0x40;
	assert_int_equal(tunnel_inner(p, len, &inner, &inner_len), -LKE_DROP_IP_VERSION);
	p = nested(1, 100, &len);
	assert_int_equal(tunnel_inner(p, len, &inner, &inner_len), -LKE_DROP_NOT_OURS);
}

/* RFC 6040 4.2, figure 4; -1 is a drop */
/* RFC 6438: one label for each flow inside, and never none. */
static void rfc6438_flow_label_of_the_outer_header(void **state)
{
	static const uint64_t secret[2] = { 1, 2 }, another[2] = { 1, 3 };
	struct lke_in6 src = { { 0x20, 1, [15] = 1 } }, dst = { { 0x20, 1, [15] = 2 } };
	struct ip6_out o = { .src = src, .dst = dst };
	uint8_t p[64], outer[TUNNEL_OVERHEAD];
	struct wr w = wr_init(p, sizeof(p));
	struct ip6_info i;
	uint32_t label;

	ip6_begin(&w, &o, IP6_NH_UDP);
	wr_zero(&w, 8);
	ip6_end(&w);
	label = tunnel_flow_label(p, 48, secret);
	assert_true(label > 0 && label < 1 << 20);
	assert_int_not_equal(label, tunnel_flow_label(p, 48, another));
	p[41] = 7; /* source port */
	assert_int_not_equal(label, tunnel_flow_label(p, 48, secret));
	p[41] = 0;
	p[47] = 7; /* checksum */
	assert_int_equal(label, tunnel_flow_label(p, 48, secret));
	p[3] = 5; /* with a flow label the ports do not matter: fragments have none */
	label = tunnel_flow_label(p, 48, secret);
	p[41] = 7;
	assert_int_equal(label, tunnel_flow_label(p, 48, secret));
	assert_int_equal(label, tunnel_flow_label(p, 40, secret));
	tunnel_outer(p, 48, &src, &dst, label, outer);
	memcpy(p, outer, 40);
	p[6] = 59;
	p[5] = 0;
	assert_int_equal(ip6_parse(p, 40, &i), 0);
	assert_int_equal(i.flow, label);
}

static void ecn_is_combined(void **state)
{
	static const int want[4][4] = { /* [inner][outer] */
					{ 0, 0, 0, -1 },
					{ 1, 1, 1, 3 },
					{ 2, 1, 2, 3 },
					{ 3, 3, 3, 3 }
	};

	for (unsigned in = 0; in < 4; in++) {
		for (unsigned out = 0; out < 4; out++) {
			size_t len, inner_len;
			uint8_t *inner, *p = nested(2, 8, &len);
			p[1] = (uint8_t)(out << 4);
			p[40] = 0x6b; /* DSCP is the inner one's */
			p[41] = (uint8_t)(0x80 | in << 4 | 7);
			int e = tunnel_inner(p, len, &inner, &inner_len);
			assert_int_equal(e, want[in][out] < 0 ? -LKE_DROP_TUNNEL_ECN : 0);
			if (e == 0) {
				assert_int_equal(inner[0], 0x6b);
				assert_int_equal(inner[1], 0x87 | want[in][out] << 4);
			}
		}
	}
}

static void mtu_is_never_below_the_minimum(void **state)
{
	assert_int_equal(tunnel_mtu(1500), 1460);
	assert_int_equal(tunnel_mtu(1320), 1280);
	assert_int_equal(tunnel_mtu(1280), 1280);
	assert_int_equal(tunnel_mtu(0), 1280);
}

static void icmp_error_quotes_the_packet(void **state)
{
	uint8_t buf[2000];
	struct lke_in6 from = AR_GLOBAL, to = COA1;
	struct ip6_info i;
	size_t len;
	uint8_t *p = nested(1, 8, &len);
	size_t n = icmp_error(2, 0, 1400, &from, p, len, buf, sizeof(buf));

	assert_int_equal(n, 48 + len);
	assert_int_equal(ip6_parse(buf, n, &i), 0);
	assert_true(in6_eq(&i.src, &from) && in6_eq(&i.dst, &to));
	assert_int_equal(i.hop_limit, 64);
	assert_int_equal(ip6_checksum(&from, &to, 58, buf + 40, n - 40), 0);
	assert_memory_equal(buf + 40, ((uint8_t[]){ 2, 0 }), 2);
	assert_memory_equal(buf + 44, ((uint8_t[]){ 0, 0, 5, 0x78 }), 4);
	assert_memory_equal(buf + 48, p, len);
	p = nested(1, 3000, &len);
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)), 1280);
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, 47), 0);
}

/* RFC 4443 2.4 (e) */
static void icmp_error_is_withheld(void **state)
{
	uint8_t buf[1280];
	struct lke_in6 from = AR_GLOBAL;
	size_t len;
	uint8_t *p = nested(1, 8, &len);

	p[6] = IP6_NH_ICMPV6;
	p[40] = 1; /* about an error */
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)), 0);
	p[40] = 137; /* about a redirect */
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)), 0);
	p[40] = 128;
	assert_true(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)) > 0);
	set_addr(p, 24, "ff0e::1"); /* to a group: only two kinds */
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)), 0);
	assert_int_equal(icmp_error(4, 0, 0, &from, p, len, buf, sizeof(buf)), 0);
	assert_true(icmp_error(2, 0, 1280, &from, p, len, buf, sizeof(buf)) > 0);
	assert_true(icmp_error(4, 2, 0, &from, p, len, buf, sizeof(buf)) > 0);
	p = nested(1, 8, &len);
	set_addr(p, 8, "::");
	assert_int_equal(icmp_error(1, 0, 0, &from, p, len, buf, sizeof(buf)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifth_header_is_refused),
		cmocka_unit_test(link_local_and_multicast_stay),
		cmocka_unit_test(malformed_packets_do_not_enter),
		cmocka_unit_test(tunnel_encapsulation_limit_is_honoured),
		cmocka_unit_test(outer_and_inner_agree),
		cmocka_unit_test(rfc6438_flow_label_of_the_outer_header),
		cmocka_unit_test(ecn_is_combined),
		cmocka_unit_test(mtu_is_never_below_the_minimum),
		cmocka_unit_test(icmp_error_quotes_the_packet),
		cmocka_unit_test(icmp_error_is_withheld),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

/* An IPv6 packet with this chain behind its header; the first octet of chain is a Next Header
 * field. */
static size_t build(uint8_t *buf, uint8_t next, const uint8_t *chain, size_t n)
{
	struct wr w = wr_init(buf, 2048);
	struct ip6_out o = { .src = COA2, .dst = AR_GLOBAL, .hop_limit = 64 };

	ip6_begin(&w, &o, next);
	wr_bytes(&w, chain, n);
	ip6_end(&w);
	assert_false(w.err);
	return w.off;
}

static int parse(uint8_t next, const uint8_t *chain, size_t n, struct ip6_info *ret)
{
	static uint8_t buf[2048];

	return ip6_parse(buf, build(buf, next, chain, n), ret);
}

#define HOME 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xb, 1
#define PARSE(next, ...)                                                                           \
	parse(next, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), &i)

static void begin_writes_headers_in_order(void **state)
{
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = COA1, other = COA2;
	struct ip6_out o = { .src = COA2,
			     .dst = AR_GLOBAL,
			     .tclass = 0xc0,
			     .hop_limit = 255,
			     .hao = &home,
			     .rh2 = &other };
	struct ip6_info i;

	assert_int_equal(ip6_begin(&w, &o, IP6_NH_NONE), 88);
	ip6_end(&w);
	assert_int_equal(buf[6], IP6_NH_ROUTING);
	assert_int_equal(buf[40], IP6_NH_DSTOPTS);
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	assert_int_equal(i.tclass, 0xc0);
	assert_int_equal(i.flow, 0);
	assert_int_equal(i.hop_limit, 255);
	assert_true(i.has_hao && in6_eq(&i.hao, &home));
	assert_true(i.has_rh2 && in6_eq(&i.rh2, &other));
	assert_int_equal(i.upper, IP6_NH_NONE);
	assert_int_equal(i.upper_off, 88);
	assert_int_equal(i.upper_len, 0);
	struct lke_in6 src = ip6_pseudo_src(&i), dst = ip6_pseudo_dst(&i);
	assert_true(in6_eq(&src, &home) && in6_eq(&dst, &other));
}

static void begin_in_a_small_buffer_is_an_error(void **state)
{
	uint8_t buf[63];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = COA1;
	struct ip6_out o = { .src = COA2, .dst = AR_GLOBAL, .hao = &home };

	ip6_begin(&w, &o, IP6_NH_MH);
	ip6_end(&w);
	assert_true(w.err);
}

static void link_layer_padding_is_cut_off(void **state)
{
	uint8_t buf[2048] = { 0 };
	struct ip6_info i;
	size_t n = build(buf, IP6_NH_UDP, (const uint8_t[8]){ 0 }, 8);

	assert_int_equal(ip6_parse(buf, n + 6, &i), 0);
	assert_int_equal(i.len, 48);
	assert_int_equal(i.upper_len, 8);
	assert_int_equal(ip6_parse(buf, n - 1, &i), -LKE_DROP_IP_VERSION);
	assert_int_equal(ip6_parse(buf, 39, &i), -LKE_DROP_SHORT);
	buf[0] = 0x40;
	assert_int_equal(ip6_parse(buf, n, &i), -LKE_DROP_IP_VERSION);
	buf[0] = 0x60;
	buf[8] = 0xff;
	assert_int_equal(ip6_parse(buf, n, &i), -LKE_DROP_SCOPE_ADDRESS);
}

static void failed_parse_leaves_the_result_alone(void **state)
{
	struct ip6_info i = { .upper = 77 };

	assert_int_equal(PARSE(IP6_NH_DSTOPTS, 59, 0, 0x80, 0, 0, 0, 0, 0), -LKE_DROP_EXT_HEADER);
	assert_int_equal(i.upper, 77);
}

static void home_address_option_rules(void **state)
{
	struct ip6_info i;

	assert_int_equal(PARSE(60, 59, 2, 1, 2, 0, 0, 0xc9, 16, HOME), 0);
	assert_true(i.has_hao);
	/* wrong length */
	assert_int_equal(PARSE(60, 59, 2, 1, 3, 0, 0, 0, 0xc9, 15, HOME), -LKE_DROP_HAO);
	/* twice in one header, in two headers */
	assert_int_equal(PARSE(60, 59, 4, 1, 0, 0xc9, 16, HOME, 0xc9, 16, HOME, 0), -LKE_DROP_HAO);
	assert_int_equal(
		PARSE(60, 60, 2, 1, 2, 0, 0, 0xc9, 16, HOME, 59, 2, 1, 2, 0, 0, 0xc9, 16, HOME),
		-LKE_DROP_HAO);
	/* in a hop-by-hop header */
	assert_int_equal(PARSE(0, 59, 2, 1, 2, 0, 0, 0xc9, 16, HOME), -LKE_DROP_HAO);
	/* a group */
	assert_int_equal(PARSE(60, 59, 2, 1, 2, 0, 0, 0xc9, 16, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			       0, 0, 0, 0, 1),
			 -LKE_DROP_HAO);
}

static void unknown_destination_options_follow_their_high_bits(void **state)
{
	struct ip6_info i;

	assert_int_equal(PARSE(60, 59, 0, 0x1e, 4, 1, 2, 3, 4), 0);
	assert_int_equal(PARSE(60, 59, 0, 0x5e, 4, 1, 2, 3, 4), -LKE_DROP_EXT_HEADER);
	assert_int_equal(PARSE(60, 59, 0, 0x9e, 4, 1, 2, 3, 4), -LKE_DROP_EXT_HEADER);
	assert_int_equal(PARSE(60, 59, 0, 0xde, 4, 1, 2, 3, 4), -LKE_DROP_EXT_HEADER);
	assert_int_equal(PARSE(60, 59, 0, 0x1e, 5, 1, 2, 3, 4), -LKE_DROP_EXT_HEADER); /* overrun */
	assert_int_equal(PARSE(60, 59, 1, 0x1e, 4, 1, 2, 3, 4),
			 -LKE_DROP_EXT_HEADER); /* header overrun */
}

static void tunnel_encapsulation_limit_is_noted(void **state)
{
	struct ip6_info i;

	assert_int_equal(PARSE(60, 59, 0, 4, 1, 3, 1, 1, 0), 0);
	assert_true(i.has_tunnel_limit);
	assert_int_equal(i.tunnel_limit, 3);
}

static void type_2_routing_header_rules(void **state)
{
	struct ip6_info i;

	assert_int_equal(PARSE(43, 59, 2, 2, 1, 0, 0, 0, 0, HOME), 0);
	assert_true(i.has_rh2);
	assert_int_equal(PARSE(43, 59, 2, 2, 0, 0, 0, 0, 0, HOME), -LKE_DROP_RH2);
	assert_int_equal(PARSE(43, 59, 2, 2, 2, 0, 0, 0, 0, HOME), -LKE_DROP_RH2);
	assert_int_equal(PARSE(43, 59, 4, 2, 1, 0, 0, 0, 0, HOME, HOME), -LKE_DROP_RH2);
	assert_int_equal(PARSE(43, 43, 2, 2, 1, 0, 0, 0, 0, HOME, 59, 2, 2, 1, 0, 0, 0, 0, HOME),
			 -LKE_DROP_RH2);
	/* other types: only when nothing is left to do */
	assert_int_equal(PARSE(43, 59, 2, 0, 0, 0, 0, 0, 0, HOME), 0);
	assert_false(i.has_rh2);
	assert_int_equal(PARSE(43, 59, 2, 0, 1, 0, 0, 0, 0, HOME), -LKE_DROP_EXT_HEADER);
}

static void hop_by_hop_only_first(void **state)
{
	struct ip6_info i;

	assert_int_equal(PARSE(0, 59, 0, 5, 2, 0, 0, 1, 0), 0);
	assert_int_equal(PARSE(60, 0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0),
			 -LKE_DROP_EXT_HEADER);
}

static void fragment_ends_the_walk(void **state)
{
	struct ip6_info i;

	/* atomic, then a first fragment, then one that is cut short */
	assert_int_equal(PARSE(44, 135, 0, 0, 0, 1, 2, 3, 4, 59, 0), 0);
	assert_true(i.has_fragment);
	assert_int_equal(i.upper, IP6_NH_FRAGMENT);
	assert_int_equal(i.upper_off, 40);
	assert_int_equal(PARSE(44, 135, 0, 0, 1, 1, 2, 3, 4), 0);
	assert_int_equal(PARSE(44, 135, 0, 0, 1, 1, 2, 3), -LKE_DROP_EXT_HEADER);
}

static void the_walk_is_bounded(void **state)
{
	uint8_t chain[10 * 8] = { 0 };
	uint8_t big[520] = { 59, 64 };
	struct ip6_info i;

	for (size_t k = 0; k < 10; k++) {
		chain[k * 8] = 60;
		chain[k * 8 + 2] = 1;
		chain[k * 8 + 3] = 4;
	}
	chain[7 * 8] = 59;
	assert_int_equal(parse(60, chain, 64, &i), 0);
	assert_int_equal(i.upper_off, 40 + 64);
	chain[7 * 8] = 60;
	chain[8 * 8] = 59;
	assert_int_equal(parse(60, chain, 72, &i), -LKE_DROP_EXT_CHAIN);
	assert_int_equal(parse(60, big, 520, &i), -LKE_DROP_EXT_CHAIN);
	big[1] = 63;
	assert_int_equal(parse(60, big, 512, &i), 0);
}

/* RFC 1071: odd lengths, and the sum of a message with its checksum is zero. */
static void checksum_of_any_length_verifies(void **state)
{
	uint64_t rnd = 1;
	uint8_t data[256];
	struct lke_in6 a = COA1, b = COA2;

	for (size_t n = 2; n < sizeof(data); n++) {
		random_bytes(&rnd, data, n);
		data[0] = data[1] = 0;
		struct wr w = { .p = data, .cap = n, .off = n };
		wr_patch_u16(&w, 0, ip6_checksum(&a, &b, 58, data, n));
		assert_int_equal(ip6_checksum(&a, &b, 58, data, n), 0);
		assert_int_not_equal(ip6_checksum(&a, &b, 135, data, n), 0);
		data[n - 1] ^= 1;
		assert_int_not_equal(ip6_checksum(&a, &b, 58, data, n), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begin_writes_headers_in_order),
		cmocka_unit_test(begin_in_a_small_buffer_is_an_error),
		cmocka_unit_test(link_layer_padding_is_cut_off),
		cmocka_unit_test(failed_parse_leaves_the_result_alone),
		cmocka_unit_test(home_address_option_rules),
		cmocka_unit_test(unknown_destination_options_follow_their_high_bits),
		cmocka_unit_test(tunnel_encapsulation_limit_is_noted),
		cmocka_unit_test(type_2_routing_header_rules),
		cmocka_unit_test(hop_by_hop_only_first),
		cmocka_unit_test(fragment_ends_the_walk),
		cmocka_unit_test(the_walk_is_bounded),
		cmocka_unit_test(checksum_of_any_length_verifies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

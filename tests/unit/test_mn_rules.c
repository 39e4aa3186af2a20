/* SPDX-License-Identifier: ISC */
/* Bindings at temporary home agents: those that do not last, that nobody uses, and the return
 * (AMB-112, AMB-116, AMB-117, AMB-125). */
#include "mn_fixture.h"

static void bound(struct fix *f, enum lke_strategy strategy, struct lke_in6 *ret_old)
{
	fix_start(f, 1, strategy, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(f, 1);
	*ret_old = fix_coa(f);
	fix_move(f, 2);
	assert_int_equal(fix_ba(f, 1, 0, 240, 0, true), 0);
	fix_clear(f);
}

static void amb_112_three_rounds_then_the_home_agent(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	for (unsigned n = 0; n < 3; n++) {
		fix_run(&f, LKE_SEC);
		assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
		assert_int_equal(fix_count(&f, LKE_MSG_BU), n + 1);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		assert_null(fix_note(&f, LKE_NOTE_FALLBACK));
	}
	fix_run(&f, LKE_SEC);
	assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	fix_end(&f);
}

/* One that had lasted is no round of the former trouble. */
static void amb_112_what_lasted_begins_anew(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	for (unsigned n = 0; n < 8; n++) {
		fix_run(&f, 11 * LKE_SEC);
		assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	}
	assert_null(fix_note(&f, LKE_NOTE_FALLBACK));
	fix_end(&f);
}

/* ICMPv6 1/5 of access router ar that quotes a packet. */
static int rejected(struct fix *f, unsigned ar, const struct lke_in6 *src,
		    const struct lke_in6 *dst, uint8_t next)
{
	struct ip6_out o = { .src = fix_ar_addr(ar), .dst = fix_coa(f), .hop_limit = 64 };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_ICMPV6);
	uint16_t sum;

	wr_u8(&w, 1);
	wr_u8(&w, 5);
	wr_zero(&w, 6);
	wr_u32(&w, 6u << 28);
	wr_u16(&w, 40);
	wr_u8(&w, next);
	wr_u8(&w, 64);
	wr_in6(&w, src);
	wr_in6(&w, dst);
	wr_zero(&w, 40);
	ip6_end(&w);
	sum = ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + off, w.off - off);
	buf[off + 2] = (uint8_t)(sum >> 8);
	buf[off + 3] = (uint8_t)sum;
	return fix_packet(f, 2, buf, w.off);
}

static void amb_112_error_about_our_tunnel_packet_brings_an_update(void **state)
{
	struct lke_in6 old, coa, ar = fix_ar_addr(1), other = fix_ar_addr(3);
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	coa = fix_coa(&f);
	/* Of another, about another, about what was no tunnel packet. */
	assert_int_not_equal(rejected(&f, 3, &coa, &other, IP6_NH_IPV6), 0);
	assert_int_not_equal(rejected(&f, 1, &old, &ar, IP6_NH_IPV6), 0);
	(void)rejected(&f, 1, &coa, &ar, 17);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(rejected(&f, 1, &coa, &ar, IP6_NH_IPV6), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	/* The answer is waited for. */
	assert_int_equal(rejected(&f, 1, &coa, &ar, IP6_NH_IPV6), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void back(struct fix *f)
{
	fix_link(f, false);
	fix_run(f, 100 * LKE_MSEC);
	fix_link(f, true);
	fix_clear(f);
	fix_ra(f, 1);
}

static void amb_116_133_to_a_deregistration_means_done(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 old;
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	back(&f);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(fix_ba(&f, 1, STATUS_NOT_HOME_AGENT, 0, 0, true), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
	assert_null(update_of(f.e, &old));
	assert_true(fix_lbsa(&f, &old, &v));
	fix_end(&f);
}

/* Three tries, then it is given up: the router's binding ends by itself. */
static void amb_110_deregistration_that_nobody_answers(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 old;
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	back(&f);
	fix_run(&f, 6900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 3);
	assert_non_null(update_of(f.e, &old));
	fix_run(&f, 200 * LKE_MSEC);
	assert_null(update_of(f.e, &old));
	fix_clear(&f);
	f.encrypt = false;
	fix_run(&f, 60 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_true(fix_lbsa(&f, &old, &v));
	fix_end(&f);
}

/* A router that refuses has the key still: back on its link the address is the same, without DAD.
 */
static void refused_binding_leaves_key_and_address(void **state)
{
	struct lke_in6 old, now;
	struct lke_lbsa_view v;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, STATUS_PROHIBITED, 0, 0, true), 0);
	assert_int_equal(fix_note(&f, LKE_NOTE_REFUSED)->status, STATUS_PROHIBITED);
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(update_of(f.e, &old));
	assert_true(fix_lbsa(&f, &old, &v));
	assert_non_null(mn_addr_find(f.e, &old));
	back(&f);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &old));
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	fix_end(&f);
}

/* The new exchange waits for 3 s of staying, and until its own advertisement is 2 s old. */
static void amb_117_exchange_after_a_stay_of_3_s(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	bound(&f, LKE_STRATEGY_OLDEST, &old);
	back(&f);
	assert_int_equal(fix_ba(&f, 1, 0, 0, 0, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	fix_run(&f, 2900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 200 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	/* Ping-pong: the live key serves, none is made. */
	for (unsigned n = 0; n < 4; n++) {
		fix_clear(&f);
		fix_move(&f, n % 2 ? 1 : 2);
		(void)fix_ba(&f, 1, 0, n % 2 ? 0 : 240, 0, true);
		fix_run(&f, 900 * LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	}
	fix_end(&f);
}

static void tunnelled(struct fix *f, const struct lke_in6 *inner)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	ev.tunnel.what = LKE_TUNNEL_FIRST;
	ev.tunnel.inner_src = *inner;
	fix_event(f, &ev);
}

/* Lifetime of the last update to the router. */
static unsigned asked_for(const struct fix *f)
{
	const struct fix_action *bu = fix_last(f, LKE_MSG_BU);
	struct ip6_info i;

	assert_non_null(bu);
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	assert_int_equal(i.upper, IP6_NH_MH);
	return i.pkt[i.upper_off + 10] << 8 | i.pkt[i.upper_off + 11];
}

/* The home agent has moved on: the binding is given back when nothing was tunnelled, else kept. */
static void amb_125_unused_binding_is_given_back(void **state)
{
	(void)state;
	for (unsigned used = 0; used < 2; used++) {
		struct lke_in6 old;
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_BOTH, LKE_PROFILE_DEFAULT);
		fix_attach_lbsa(&f, 1);
		old = fix_coa(&f);
		fix_move(&f, 2);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
		tunnelled(&f, used ? &old : &fix_home);
		f.encrypt = false;
		fix_clear(&f);
		fix_run(&f, 121 * LKE_SEC);
		assert_int_equal(asked_for(&f) == 0, !used);
		if (!used) {
			assert_int_equal(fix_ba(&f, 1, 0, 0, 0, true), 0);
			assert_null(update_of(f.e, &old));
		}
		fix_end(&f);
	}
}

static const char *const default_only[] = { "amb_125_unused_binding_is_given_back", NULL };

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_112_three_rounds_then_the_home_agent),
		cmocka_unit_test(amb_112_what_lasted_begins_anew),
		cmocka_unit_test(amb_112_error_about_our_tunnel_packet_brings_an_update),
		cmocka_unit_test(amb_116_133_to_a_deregistration_means_done),
		cmocka_unit_test(amb_110_deregistration_that_nobody_answers),
		cmocka_unit_test(refused_binding_leaves_key_and_address),
		cmocka_unit_test(amb_117_exchange_after_a_stay_of_3_s),
		cmocka_unit_test(amb_125_unused_binding_is_given_back),
	};

	return run_in_profile(tests, sizeof(tests) / sizeof(tests[0]), default_only);
}

/* SPDX-License-Identifier: ISC */
/* When a mobile node may ask for a key, what it makes of hints that nobody signed, and of an
 * acknowledgement without a lifetime: AMB-043, AMB-077, AMB-078. */
#include "mn_fixture.h"

static void amb_043_acceptance_without_a_lifetime_is_ignored(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 0, false), -LKE_DROP_STATE);
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0); /* the exchange went on */
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

/* A router that grants more than its own Maximum Lifetime: what was asked for counts. */
static void amb_042_no_more_than_was_asked_for(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.ra_max_lifetime = 600;
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, UINT16_MAX, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(v.expires <= f.now + 600 * LKE_SEC);
	assert_true(v.expires > f.now + 590 * LKE_SEC);
	fix_end(&f);
}

/* A new prefix on the link: the home agent is quicker than duplicate address detection, the key
 * exchange waits for it. */
static void amb_077_no_request_for_an_optimistic_address(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 2 };
	struct lke_in6 before;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	before = fix_coa(&f);
	fix_run(&f, 60 * LKE_SEC);
	fix_clear(&f);
	m.prefix[0] = fix_pio("2001:db8:1::", 7200, 0);
	m.prefix[1] = fix_pio("2001:db8:77::", 86400, 14400);
	assert_int_equal(fix_ra_msg(&f, 1, &m), 0);
	assert_false(in6_eq(&before, &f.e->mn->current));
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 4 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* ICMPv6 Parameter Problem about a packet between two addresses, from the router's. */
static void parameter_problem(struct fix *f, const struct lke_in6 *from, const struct lke_in6 *to)
{
	struct ip6_out o = { .src = *from, .dst = *to, .hop_limit = 255 };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_ICMPV6);
	uint16_t sum;

	wr_u8(&w, 4);
	wr_u8(&w, 1);
	wr_zero(&w, 6);
	wr_u32(&w, UINT32_C(6) << 28);
	wr_u16(&w, 0);
	wr_u8(&w, IP6_NH_MH);
	wr_u8(&w, 255);
	wr_in6(&w, to);
	wr_in6(&w, from);
	ip6_end(&w);
	assert_false(w.err);
	sum = ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + off, w.off - off);
	buf[off + 2] = (uint8_t)(sum >> 8);
	buf[off + 3] = (uint8_t)sum;
	assert_int_equal(fix_packet(f, 1, buf, w.off), 0);
}

/* Requests in the span behind an exchange that nobody answered. */
static unsigned asked_again(struct fix *f, lke_time span)
{
	fix_run(f, 150 * LKE_SEC); /* the fifth transmission and what it waits, with jitter */
	fix_clear(f);
	fix_run(f, span);
	return fix_count(f, LKE_MSG_KEREQ);
}

static void amb_078_hint_postpones_the_next_exchange(void **state)
{
	struct lke_in6 ar = fix_ar_ll(1), other = fix_ar_ll(2);
	struct ip6_info i;
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach(&f, 1);
		assert_int_equal(ip6_parse(fix_last(&f, LKE_MSG_KEREQ)->data,
					   fix_last(&f, LKE_MSG_KEREQ)->len, &i),
				 0);
		if (n > 0)
			parameter_problem(&f, n == 1 ? &ar : &other, &i.src);
		if (n == 1)
			assert_int_equal(asked_again(&f, 200 * LKE_SEC), 0);
		else
			assert_true(asked_again(&f, 200 * LKE_SEC) > 0);
		fix_end(&f);
	}
}

/* It may be a lie: the running exchange goes on, and ends well. */
static void amb_078_hint_does_not_end_an_exchange(void **state)
{
	struct lke_in6 ar = fix_ar_ll(1), coa;
	struct lke_lbsa_view v;
	struct ip6_info i;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(
		ip6_parse(fix_last(&f, LKE_MSG_KEREQ)->data, fix_last(&f, LKE_MSG_KEREQ)->len, &i),
		0);
	parameter_problem(&f, &ar, &i.src);
	fix_clear(&f);
	fix_run(&f, 5 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1); /* repeated */
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_043_acceptance_without_a_lifetime_is_ignored),
		cmocka_unit_test(amb_042_no_more_than_was_asked_for),
		cmocka_unit_test(amb_077_no_request_for_an_optimistic_address),
		cmocka_unit_test(amb_078_hint_postpones_the_next_exchange),
		cmocka_unit_test(amb_078_hint_does_not_end_an_exchange),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

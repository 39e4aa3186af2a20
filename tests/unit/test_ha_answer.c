/* SPDX-License-Identifier: ISC */
/* What a home agent answers: statuses of RFC 6275 9.5.4, Binding Refresh Requests, Binding Errors.
 */
#include "ha_fixture.h"

static void base_02_131_to_an_address_off_the_home_link(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9, .dst = "2001:db8:9::1" }),
			 -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_NO_HOME_REGISTRATION);
	assert_int_equal(f.nss, 0);
	fx_end(&f);
}

static void base_02_132_for_a_home_address_of_another_prefix(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[1].home = ip("2001:db8:2::b02");
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }),
			 -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_NOT_HOME_SUBNET);
	fx_end(&f);
}

static void base_02_139_when_the_kind_of_registration_changes(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9, .no_h = true }),
			 -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_TYPE_CHANGE);
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	/* Its number was not used: the next update may have it. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9 }), 0);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void base_03_refresh_is_asked_for_twice_before_the_end(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1); /* 400 s */
	fx_wait(&f, 350 * LKE_SEC - 1);
	assert_int_equal(f.brrs, 0);
	fx_wait(&f, 1);
	assert_int_equal(f.brrs, 1);
	fx_wait(&f, 25 * LKE_SEC - 1);
	assert_int_equal(f.brrs, 1);
	fx_wait(&f, 1);
	assert_int_equal(f.brrs, 2);
	fx_wait(&f, 25 * LKE_SEC);
	assert_int_equal(f.brrs, 2);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_BRR_SENT), 2);
	fx_end(&f);
}

static void base_03_a_node_that_refreshes_is_not_asked(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (uint16_t n = 2; n < 20; n++) {
		fx_wait(&f, 300 * LKE_SEC);
		fx_bu(&f, (struct bu){ .seq = n, .lifetime = 100 });
	}
	assert_int_equal(f.brrs, 0);
	/* Nobody is asked after a deregistration. */
	fx_bu(&f, (struct bu){ .seq = 20, .lifetime = 0 });
	fx_wait(&f, 400 * LKE_SEC);
	assert_int_equal(f.brrs, 0);
	fx_end(&f);
}

/* A packet with a Home Address option, or an unknown Mobility Header. */
static int strange(struct fx *f, const char *src, const char *home, uint8_t upper)
{
	struct lke_in6 h = home ? ip(home) : in6_unspecified;
	struct ip6_out o = {
		.src = ip(src), .dst = ip("2001:db8:1::1"), .hop_limit = 60, .hao = home ? &h : NULL
	};
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, upper);

	mh_brr_encode(&w);
	if (upper == IP6_NH_MH) {
		buf[off + 2] = 99;
		mh_set_checksum(&w, off, home ? &h : &o.src, &o.dst);
	}
	ip6_end(&w);
	assert_false(w.err);
	return fx_frame(f, WAN_IF, buf, w.off);
}

static void base_18_unknown_home_address_gets_error_1_with_it(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(strange(&f, "2001:db8:5::9", "2001:db8:7::7", IP6_NH_UDP), -LKE_DROP_HAO);
	assert_int_equal(f.bes, 1);
	assert_int_equal(f.be.status, 1);
	assert_true(same(&f.be.home, "2001:db8:7::7"));
	fx_end(&f);
}

static void amb_176_unknown_type_gets_error_2_but_no_registered_node(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(strange(&f, "2001:db8:5::9", NULL, IP6_NH_MH), -LKE_DROP_MH_TYPE);
	assert_int_equal(f.bes, 1);
	assert_int_equal(f.be.status, 2);
	/* From its care-of address, and with its home address. */
	strange(&f, "2001:db8:5::7", NULL, IP6_NH_MH);
	strange(&f, "2001:db8:5::9", "2001:db8:1::b01", IP6_NH_MH);
	strange(&f, "2001:db8:5::9", "2001:db8:1::b01", IP6_NH_UDP);
	assert_int_equal(f.bes, 1);
	fx_end(&f);
}

/* A Mobility Header of 8 octets and the Payload Proto given; len: its Header Len. */
static int broken(struct fx *f, const char *src, const char *home, uint8_t proto, uint8_t type,
		  uint8_t len)
{
	struct lke_in6 h = home ? ip(home) : in6_unspecified;
	struct ip6_out o = {
		.src = ip(src), .dst = ip("2001:db8:1::1"), .hop_limit = 60, .hao = home ? &h : NULL
	};
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	wr_u8(&w, proto);
	wr_u8(&w, len);
	wr_u8(&w, type);
	wr_zero(&w, 5);
	mh_set_checksum(&w, off, home ? &h : &o.src, &o.dst);
	ip6_end(&w);
	assert_false(w.err);
	return fx_frame(f, WAN_IF, buf, w.off);
}

/* RFC 6275 9.2, THREATS 80: the pointer is that of the octet in the packet as it came. */
static void thr_080_broken_mobility_header_gets_a_parameter_problem(void **state)
{
	struct fx f;
	uint8_t buf[256];

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(broken(&f, "2001:db8:5::9", NULL, 58, MH_BRR, 0), -LKE_DROP_MH_PROTO);
	assert_int_equal(f.problems, 1);
	assert_int_equal(f.pointer, 40);
	assert_true(same(&f.problem_ip.src, "2001:db8:1::1"));
	assert_true(same(&f.problem_ip.dst, "2001:db8:5::9"));
	/* It quotes what came. */
	assert_int_equal(f.problem_ip.upper_len, 8 + f.frame_len);
	assert_int_equal(broken(&f, "2001:db8:5::9", NULL, IP6_NH_NONE, MH_BU, 0),
			 -LKE_DROP_MH_LENGTH);
	assert_int_equal(f.problems, 2);
	assert_int_equal(f.pointer, 41);
	/* Both: the first rule of 9.2. */
	broken(&f, "2001:db8:5::9", NULL, 58, MH_BU, 0);
	assert_int_equal(f.problems, 3);
	assert_int_equal(f.pointer, 40);
	fx_wait(&f, 10 * LKE_SEC);
	/* To the source, whatever home address is said to be behind it. */
	broken(&f, "2001:db8:5::9", "2001:db8:7::7", IP6_NH_NONE, MH_BU, 0);
	assert_int_equal(f.problems, 4);
	assert_int_equal(f.pointer, 64 + 1);
	assert_true(same(&f.problem_ip.dst, "2001:db8:5::9"));
	/* Silent: a wrong checksum, a length that is not the packet's, LKE, who is registered. */
	memcpy(buf, f.frame, f.frame_len);
	buf[64 + 4] ^= 1;
	fx_frame(&f, WAN_IF, buf, f.frame_len);
	broken(&f, "2001:db8:5::9", NULL, IP6_NH_NONE, MH_BU, 1);
	for (uint8_t type = MH_KEREQ; type <= MH_FINISHED; type++)
		broken(&f, "2001:db8:5::9", NULL, 58, type, 0);
	broken(&f, "ff0e::9", NULL, 58, MH_BRR, 0);
	broken(&f, "2001:db8:5::9", "2001:db8:1::b01", 58, MH_BRR, 0);
	assert_int_equal(f.problems, 4);
	assert_int_equal(f.bas + f.bes, 0);
	/* And few. */
	for (unsigned n = 0; n < 1000; n++)
		broken(&f, "2001:db8:5::9", NULL, 58, MH_BRR, 0);
	assert_in_range(f.problems, 5, 4 + BINDING_ERROR_RATE);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_02_131_to_an_address_off_the_home_link),
		cmocka_unit_test(base_02_132_for_a_home_address_of_another_prefix),
		cmocka_unit_test(base_02_139_when_the_kind_of_registration_changes),
		cmocka_unit_test(base_03_refresh_is_asked_for_twice_before_the_end),
		cmocka_unit_test(base_03_a_node_that_refreshes_is_not_asked),
		cmocka_unit_test(base_18_unknown_home_address_gets_error_1_with_it),
		cmocka_unit_test(amb_176_unknown_type_gets_error_2_but_no_registered_node),
		cmocka_unit_test(thr_080_broken_mobility_header_gets_a_parameter_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

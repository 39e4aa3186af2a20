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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Requirements on the home agent that no other test states: RFC 6275 15.3, 10.3, 9.3.3. */
#include "ha_fixture.h"

static struct lke_mobile_view first_mobile(const struct fx *f)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	assert_true(lke_engine_next_mobile(f->e, &cursor, &v));
	return v;
}

/* Two updates a second for ten minutes, to and fro between two links; and each answered number is
 * the one that was sent. */
static void sec_005_two_updates_a_second_for_ten_minutes(void **state)
{
	static const char *const coa[] = { "2001:db8:5::7", "2001:db8:6::7" };
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 65000); /* over the wrap */
	for (unsigned n = 1; n <= 1200; n++) {
		uint16_t seq = (uint16_t)(65000 + n);

		assert_int_equal(
			fx_bu(&f, (struct bu){ .seq = seq, .lifetime = 100, .src = coa[n % 2] }),
			0);
		assert_int_equal(f.bas, n + 1);
		assert_int_equal(f.ba.status, 0);
		assert_int_equal(f.ba.seq, seq);
		assert_true(same(&f.tunnel.coa, coa[n % 2]));
		fx_wait(&f, 500 * LKE_MSEC);
	}
	assert_int_equal(first_mobile(&f).used, 1200);
	assert_int_equal(f.nss, 1);
	fx_end(&f);
}

static void sec_011_numbers_belong_to_the_home_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 500);
	/* Another care-of address begins no new count, another home address does. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 9, .src = "2001:db8:6::7" }),
			 -LKE_DROP_SEQUENCE);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 3, .lifetime = 9 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, 0);
	assert_int_equal(f.ba.seq, 3);
	fx_end(&f);
}

/* With the security association of a mobile node that has a policy entry. */
static void sec_038_address_without_a_policy_entry_is_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_true(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9, .home = "2001:db8:1::b03" }) <
		    0);
	fx_wait(&f, 2 * LKE_SEC);
	assert_int_equal(f.nss + f.floors, 0);
	assert_true(f.bas == 0 || f.ba.status >= 128);
	assert_string_equal(f.order, "");
	fx_end(&f);
}

static void sec_060_endpoint_update_is_not_promised(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(f.ba.flags & BA_K, 0);
	fx_end(&f);
}

static void sec_066_a_thousand_policy_entries(void **state)
{
	enum { MANY = 1000 };
	struct lke_config_mobile *m = calloc(MANY, sizeof(*m));
	struct fx f;

	(void)state;
	assert_non_null(m);
	fx_config(&f);
	for (unsigned n = 0; n < MANY; n++) {
		m[n] = f.mobile[0];
		snprintf(m[n].name, sizeof(m[n].name), "mn%u", n);
		m[n].home.b[13] = (uint8_t)(n >> 8);
		m[n].home.b[12] = (uint8_t)n;
		m[n].to_ha.spi = 0x10000 + n;
		m[n].to_mn.spi = 0x20000 + n;
		memcpy(m[n].to_ha.auth_key, &n, sizeof(n));
		memcpy(m[n].to_mn.auth_key, &n, sizeof(n));
		memcpy(m[n].to_ha.enc_key, &n, sizeof(n));
		memcpy(m[n].to_mn.enc_key, &n, sizeof(n));
	}
	f.cfg.ha.mobile = m;
	f.cfg.ha.mobiles = MANY;
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), 0);
	for (unsigned n = 0; n < MANY; n++)
		assert_true(ha_serves(f.e, &m[n].home));
	lke_engine_free(f.e);
	/* One key among them twice is still found. */
	memcpy(m[999].to_mn.auth_key, m[3].to_ha.auth_key, sizeof(m[3].to_ha.auth_key));
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), LKE_ERR_INVAL);
	free(m);
}

static void base_18_binding_errors_are_limited(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	for (unsigned n = 0; n < 100; n++) {
		struct ip6_out o = { .src = ip("2001:db8:8::8"),
				     .dst = ip("2001:db8:1::1"),
				     .hop_limit = 60 };
		uint8_t buf[128];
		struct wr w = wr_init(buf, sizeof(buf));
		size_t off = ip6_begin(&w, &o, IP6_NH_MH);

		mh_brr_encode(&w);
		wr_patch_u8(&w, off + 2, 99);
		mh_set_checksum(&w, off, &o.src, &o.dst);
		ip6_end(&w);
		assert_int_equal(fx_frame(&f, WAN_IF, buf, w.off), -LKE_DROP_MH_TYPE);
	}
	assert_int_equal(f.bes, BINDING_ERROR_RATE);
	fx_wait(&f, LKE_SEC);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_005_two_updates_a_second_for_ten_minutes),
		cmocka_unit_test(sec_011_numbers_belong_to_the_home_address),
		cmocka_unit_test(sec_038_address_without_a_policy_entry_is_refused),
		cmocka_unit_test(sec_060_endpoint_update_is_not_promised),
		cmocka_unit_test(sec_066_a_thousand_policy_entries),
		cmocka_unit_test(base_18_binding_errors_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "ha_fixture.h"

static int new_engine(struct fx *f)
{
	int err = lke_engine_new(&f->cfg, f->now, &f->e);

	if (err == 0)
		lke_engine_free(f->e);
	return err;
}

static void sec_050_two_entries_are_served(void **state)
{
	struct lke_in6 other = ip("2001:db8:1::b03");
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_true(ha_serves(f.e, &f.mobile[0].home));
	assert_true(ha_serves(f.e, &f.mobile[1].home));
	assert_false(ha_serves(f.e, &other));
	fx_end(&f);
}

static void duplicates_are_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	assert_int_equal(new_engine(&f), 0);
	f.mobile[1].home = f.mobile[0].home;
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	fx_config(&f);
	f.mobile[1].to_ha.spi = f.mobile[0].to_ha.spi;
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
}

static void sec_045_one_key_for_two_mobiles_is_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	memcpy(f.mobile[1].to_mn.auth_key, f.mobile[0].to_ha.auth_key, 32);
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	fx_config(&f);
	memcpy(f.mobile[1].to_ha.enc_key, f.mobile[0].to_ha.enc_key, 16);
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	/* Both directions of one mobile may share a key. */
	fx_config(&f);
	memcpy(f.mobile[1].to_mn.auth_key, f.mobile[1].to_ha.auth_key, 32);
	assert_int_equal(new_engine(&f), 0);
}

static void home_address_must_be_global(void **state)
{
	static const char *const bad[] = { "fe80::1", "ff02::1", "::", "2001:db8:1::" };
	struct fx f;

	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		fx_config(&f);
		f.mobile[1].home = ip(bad[n]);
		assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	}
}

static void sec_046_unusable_sa_is_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[0].to_mn.auth_key_len = 0;
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	fx_config(&f);
	f.mobile[0].to_ha.spi = 255;
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
	fx_config(&f);
	f.cfg.ha.reserve = 40000;
	assert_int_equal(new_engine(&f), LKE_ERR_INVAL);
}

static void out_of_memory_frees_everything(void **state)
{
	struct fx f;
	int err = LKE_ERR_NOMEM;

	(void)state;
	fx_config(&f);
	for (unsigned long n = 1; err != 0 && n < 100; n++) {
		mem_fail_after(n);
		err = new_engine(&f);
		mem_fail_after(0);
		assert_true(err == 0 || err == LKE_ERR_NOMEM);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_050_two_entries_are_served),
		cmocka_unit_test(duplicates_are_refused),
		cmocka_unit_test(sec_045_one_key_for_two_mobiles_is_refused),
		cmocka_unit_test(home_address_must_be_global),
		cmocka_unit_test(sec_046_unusable_sa_is_refused),
		cmocka_unit_test(out_of_memory_frees_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

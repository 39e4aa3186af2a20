/* SPDX-License-Identifier: ISC */
/* LKE_EV_CONFIG at a home agent: what changes, and above all what does not. */
#include "ha_fixture.h"

#include "core/home_agent.h"

static struct lke_config next;
static struct lke_config_mobile entry[4];
static struct fx f;

/* The next configuration is the present one until a test changes it. */
static void begin(void)
{
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 10);
	next = f.cfg;
	memcpy(entry, f.mobile, sizeof(f.mobile));
	next.ha.mobile = entry;
	memset(f.order, 0, sizeof(f.order));
	memset(f.notes, 0, sizeof(f.notes));
}

static int reload(void)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next, false } };

	return fx_event(&f, &ev);
}

static int undo(void)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &f.cfg, true } };

	return fx_event(&f, &ev);
}

static uint8_t update(unsigned mobile, uint16_t seq)
{
	(void)fx_bu(&f, (struct bu){ .mobile = mobile, .seq = seq, .lifetime = 100 });
	return f.ba.status;
}

/* The mobile node's ends follow the entry. */
static void take_key(unsigned mobile)
{
	sa_done(&f.sender[mobile]);
	sa_done(&f.receiver[mobile]);
	assert_int_equal(sa_init(&f.sender[mobile], &entry[mobile].to_ha), 0);
	assert_int_equal(sa_init(&f.receiver[mobile], &entry[mobile].to_mn), 0);
}

static void other_key(unsigned mobile, uint32_t generation)
{
	entry[mobile].to_ha = fx_sa(0x7000 + generation, (uint8_t)(0x60 + 4 * generation));
	entry[mobile].to_mn = fx_sa(0x7800 + generation, (uint8_t)(0x62 + 4 * generation));
	entry[mobile].generation = generation;
}

static void third_mobile(void)
{
	entry[2] = entry[1];
	strcpy(entry[2].name, "mn3");
	entry[2].home = ip("2001:db8:1::b03");
	entry[2].to_ha = fx_sa(0x1002, 0x30);
	entry[2].to_mn = fx_sa(0x2002, 0x32);
	next.ha.mobiles = 3;
}

static void op_reload_of_the_same_changes_nothing(void **state)
{
	const struct binding *b;

	begin();
	b = binding_find(f.e, &f.mobile[0].home);
	assert_int_equal(reload(), 0);
	assert_string_equal(f.order, "");
	assert_ptr_equal(binding_find(f.e, &f.mobile[0].home), b);
	for (unsigned n = 0; n < LKE_NOTE_COUNT; n++)
		assert_int_equal(f.notes[n], 0);
	fx_end(&f);
}

static void op_reload_of_another_entry_leaves_this_mobile_alone(void **state)
{
	const struct binding *b;
	lke_time expires;
	unsigned bas;

	begin();
	b = binding_find(f.e, &f.mobile[0].home);
	expires = b->expires;
	bas = f.bas;
	other_key(1, 2);
	next.ha.max_lifetime = 1200;
	next.ha.max_updates = 5;
	next.ha.ra_max_interval_ms = 30000;
	next.ha.ra_min_interval_ms = 10000;
	assert_int_equal(reload(), 0);
	/* Only the SPI of the other one, on one address. */
	assert_string_equal(f.order, "S-S+");
	assert_ptr_equal(binding_find(f.e, &f.mobile[0].home), b);
	assert_true(b->expires == expires);
	assert_int_equal(f.bas, bas);
	/* Its sequence numbers go on. */
	assert_int_equal(update(0, 10), STATUS_SEQUENCE);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	/* The other one has its new key, and the old one is nothing any more. */
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }),
			 -LKE_DROP_ESP_SPI);
	take_key(1);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }), 0);
	fx_end(&f);
}

static void op_reload_adds_a_mobile(void **state)
{
	begin();
	third_mobile();
	assert_int_equal(reload(), 0);
	assert_string_equal(f.order, "S+");
	sa_done(&f.sender[1]);
	sa_done(&f.receiver[1]);
	assert_int_equal(sa_init(&f.sender[1], &entry[2].to_ha), 0);
	assert_int_equal(sa_init(&f.receiver[1], &entry[2].to_mn), 0);
	assert_int_equal(
		fx_bu(&f,
		      (struct bu){ .home = "2001:db8:1::b03", .sa = 2, .seq = 7, .lifetime = 9 }),
		0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_non_null(binding_find(f.e, &entry[2].home));
	fx_end(&f);
}

static void remove_first(void)
{
	entry[0] = entry[1];
	next.ha.mobiles = 1;
	assert_int_equal(reload(), 0);
	entry[0] = f.mobile[0];
	next.ha.mobiles = 2;
}

static void op_reload_removes_a_mobile_with_all_it_had(void **state)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	begin();
	remove_first();
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_string_equal(f.gone, "policy entry removed");
	assert_true(f.keep.remove);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9 }), -LKE_DROP_ESP_SPI);
	assert_true(lke_engine_next_mobile(f.e, &cursor, &v));
	assert_string_equal(v.name, "mn2");
	assert_false(lke_engine_next_mobile(f.e, &cursor, &v));
	fx_end(&f);
}

/* AMB-153: the floor belongs to address and key, not to the line in a file. */
static void amb_153_an_entry_that_comes_back_has_its_numbers_and_binding(void **state)
{
	begin();
	remove_first();
	assert_int_equal(reload(), 0);
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	assert_int_equal(update(0, 10), STATUS_SEQUENCE);
	assert_int_equal(update(0, 9), STATUS_SEQUENCE);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	fx_end(&f);
}

/* Also when the store was read while nobody served the address. */
static void amb_151_floor_of_an_address_that_is_served_later(void **state)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };

	fx_config(&f);
	f.cfg.ha.mobiles = 1;
	fx_start(&f);
	ev.floor = (struct lke_ev_floor){
		.home = f.mobile[1].home, .generation = 1, .floor = 500, .used = 30
	};
	fx_event(&f, &ev);
	next = f.cfg;
	next.ha.mobiles = 2;
	assert_int_equal(reload(), 0);
	assert_int_equal(update(1, 400), STATUS_SEQUENCE);
	assert_int_equal(update(1, 500), STATUS_SEQUENCE);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 501, .lifetime = 9 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void amb_173_other_generation_begins_anew_and_undo_goes_back(void **state)
{
	begin();
	other_key(0, 2);
	assert_int_equal(reload(), 0);
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	take_key(0);
	assert_int_equal(update(0, 3), STATUS_ACCEPTED); /* below the former numbers */
	/* Back: the former key with the former numbers. */
	assert_int_equal(undo(), 0);
	memcpy(entry, f.mobile, sizeof(f.mobile));
	take_key(0);
	assert_int_equal(update(0, 10), STATUS_SEQUENCE);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	fx_end(&f);
}

static void amb_173_the_same_generation_goes_on(void **state)
{
	begin();
	other_key(0, 1);
	assert_int_equal(reload(), 0);
	take_key(0);
	assert_int_equal(update(0, 10), STATUS_SEQUENCE);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	fx_end(&f);
}

/* lke rekey brought a newer key than the file of the configuration that is undone knows. */
static void amb_173_a_key_older_than_the_one_in_use_is_refused(void **state)
{
	struct lke_keying k = { .source = LKE_KEYING_MANUAL, .generation = 5 };
	struct lke_event ev = { .type = LKE_EV_KEYING };

	begin();
	k.to_ha = fx_sa(0x9000, 0x90);
	k.to_mn = fx_sa(0x9001, 0x92);
	ev.keying = (struct lke_ev_keying){ .home = f.mobile[0].home, .keying = &k };
	assert_int_equal(fx_event(&f, &ev), 0);
	next.ha.max_lifetime = 1200;
	assert_int_equal(reload(), LKE_ERR_EXIST);
	assert_int_equal(f.e->cfg.ha.max_lifetime, 3600);
	assert_int_equal(undo(), 0); /* which keeps what is newer */
	assert_int_equal(ha_by_home(f.e, &f.mobile[0].home)->generation, 5);
	fx_end(&f);
}

static void op_reload_exchanges_two_spis(void **state)
{
	struct lke_config_sa a;

	begin();
	a = entry[0].to_ha;
	entry[0].to_ha = entry[1].to_ha;
	entry[1].to_ha = a;
	assert_int_equal(reload(), 0);
	take_key(0);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	assert_ptr_equal(ha_by_spi(f.e, a.spi), ha_by_home(f.e, &f.mobile[1].home));
	fx_end(&f);
}

static void op_reload_refuses_what_cannot_be_as_a_whole(void **state)
{
	static const int want[] = { LKE_ERR_STATE, LKE_ERR_STATE, LKE_ERR_STATE, LKE_ERR_INVAL,
				    LKE_ERR_INVAL, LKE_ERR_INVAL, LKE_ERR_INVAL };

	for (unsigned n = 0; n < sizeof(want) / sizeof(want[0]); n++) {
		begin();
		third_mobile();
		next.ha.max_lifetime = 99;
		next.profile = n == 0 ? LKE_PROFILE_DRAFT01 : next.profile;
		next.ars = n == 1;
		next.ha.volatile_state = n == 2;
		next.ha.reserve = n == 3 ? HA_RESERVE_MAX + 1 : next.ha.reserve;
		if (n == 4)
			entry[2].home = entry[1].home;
		if (n == 5)
			entry[2].to_ha.spi = entry[1].to_ha.spi;
		if (n == 6)
			entry[2].to_mn = entry[0].to_ha;
		assert_int_equal(reload(), want[n]);
		assert_string_equal(f.order, "");
		assert_int_equal(f.e->ha->mobiles, 2);
		assert_int_equal(f.e->cfg.ha.max_lifetime, 3600);
		assert_int_equal(update(0, 11), STATUS_ACCEPTED);
		fx_end(&f);
	}
}

/* Without memory, whichever allocation fails: all of it or nothing. */
static void op_reload_without_memory_changes_nothing(void **state)
{
	int err = LKE_ERR_NOMEM;
	unsigned long n;

	for (n = 1; err != 0 && n < 100; n++) {
		begin();
		third_mobile();
		other_key(1, 2);
		mem_fail_after(n);
		err = reload();
		mem_fail_after(0);
		if (err != 0) {
			assert_int_equal(f.e->ha->mobiles, 2);
			assert_true(err == LKE_ERR_NOMEM || err == LKE_ERR_CRYPTO);
			assert_string_equal(f.order, "");
			assert_int_equal(
				fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }), 0);
			assert_int_equal(update(0, 11), STATUS_ACCEPTED);
		}
		fx_end(&f);
	}
	assert_in_range(n, 4, 99);
}

static void sec_030_suspension_by_the_configuration(void **state)
{
	begin();
	entry[0].suspended = true;
	assert_int_equal(reload(), 0);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_true(f.floor.suspended);
	assert_int_equal(update(0, 11), STATUS_PROHIBITED);
	entry[0].suspended = false;
	assert_int_equal(reload(), 0);
	assert_false(f.floor.suspended);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 12, .lifetime = 9 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

/* The word of an operator stands while the file does not say another thing than before. */
static void sec_030_suspension_by_the_operator_outlives_a_reload(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	begin();
	ev.command = (struct lke_ev_command){ .cmd = LKE_CMD_SUSPEND,
					      .arg = f.mobile[0].home,
					      .cookie = 5 };
	fx_event(&f, &ev);
	next.ha.max_lifetime = 1200;
	assert_int_equal(reload(), 0);
	assert_int_equal(update(0, 11), STATUS_PROHIBITED);
	remove_first();
	assert_int_equal(reload(), 0);
	assert_int_equal(update(0, 12), STATUS_PROHIBITED);
	fx_end(&f);
}

/* The disk answers for somebody who is no longer there, and for somebody who is there again. */
static void op_results_for_a_removed_entry_are_nobodys(void **state)
{
	uint64_t cookie;

	begin();
	f.hold_floor = true;
	(void)fx_bu(&f, (struct bu){ .seq = 200, .lifetime = 9 });
	cookie = f.floor_cookie;
	assert_int_not_equal(cookie, 0);
	remove_first();
	f.floor_cookie = cookie;
	fx_floor_done(&f, 0);
	assert_int_equal(reload(), 0);
	f.floor_cookie = cookie;
	fx_floor_done(&f, 0);
	f.hold_floor = false;
	/* 200 was never accepted: it may be now. */
	assert_int_equal(update(0, 200), STATUS_ACCEPTED);
	fx_end(&f);
}

static void ask(uint16_t id)
{
	(void)fx_mps(&f, "2001:db8:5::7", id, 0);
}

static void op_reload_of_advertisements_and_links(void **state)
{
	begin();
	assert_int_equal(f.ras, 0); /* augment: only behind another daemon's */
	next.ha.advertise = LKE_HA_ADVERTISE_FULL;
	next.ha.prefix_valid = 1000;
	next.ha.prefix_preferred = 500;
	assert_int_equal(reload(), 0);
	fx_wait(&f, LKE_SEC);
	assert_int_equal(f.ras, 1);
	assert_int_equal(f.ra.router_lifetime, 1800);
	assert_int_equal(f.ra.prefix[0].valid, 1000);
	ask(77);
	assert_int_equal(f.mpa.prefix[0].valid, 1000);
	/* To silence: the last one says so. */
	next.ha.advertise = LKE_HA_ADVERTISE_NO;
	next.ha.discovery = false;
	memset(f.order, 0, sizeof(f.order));
	assert_int_equal(reload(), 0);
	assert_int_equal(f.ras, 2);
	assert_int_equal(f.ra.router_lifetime, 0);
	assert_non_null(strstr(f.order, "P-"));
	/* Another home link, and this one none any more. */
	strcpy(next.ha.interface[0], "wan0");
	assert_int_equal(reload(), 0);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_null(iface_by_index(f.e, HOME_IF)->ha);
	assert_non_null(iface_by_index(f.e, WAN_IF)->ha);
	strcpy(next.ha.interface[1], "home0");
	next.ha.interfaces = 2;
	assert_int_equal(reload(), 0);
	assert_non_null(iface_by_index(f.e, HOME_IF)->ha);
	assert_int_equal(update(0, 11), STATUS_ACCEPTED);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_reload_of_the_same_changes_nothing),
		cmocka_unit_test(op_reload_of_another_entry_leaves_this_mobile_alone),
		cmocka_unit_test(op_reload_adds_a_mobile),
		cmocka_unit_test(op_reload_removes_a_mobile_with_all_it_had),
		cmocka_unit_test(amb_153_an_entry_that_comes_back_has_its_numbers_and_binding),
		cmocka_unit_test(amb_151_floor_of_an_address_that_is_served_later),
		cmocka_unit_test(amb_173_other_generation_begins_anew_and_undo_goes_back),
		cmocka_unit_test(amb_173_the_same_generation_goes_on),
		cmocka_unit_test(amb_173_a_key_older_than_the_one_in_use_is_refused),
		cmocka_unit_test(op_reload_exchanges_two_spis),
		cmocka_unit_test(op_reload_refuses_what_cannot_be_as_a_whole),
		cmocka_unit_test(op_reload_without_memory_changes_nothing),
		cmocka_unit_test(sec_030_suspension_by_the_configuration),
		cmocka_unit_test(sec_030_suspension_by_the_operator_outlives_a_reload),
		cmocka_unit_test(op_results_for_a_removed_entry_are_nobodys),
		cmocka_unit_test(op_reload_of_advertisements_and_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

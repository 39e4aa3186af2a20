/* SPDX-License-Identifier: ISC */
/* A home address gets another key without losing service (AMB-152, AMB-173). */
#include "ha_fixture.h"

#define WEEK 604800

static struct lke_keying keying(uint32_t generation, uint32_t spi, uint8_t fill)
{
	return (struct lke_keying){ .source = LKE_KEYING_MANUAL,
				    .generation = generation,
				    .to_ha = fx_sa(spi, fill),
				    .to_mn = fx_sa(spi + 1, (uint8_t)(fill + 2)) };
}

static int tell(struct fx *f, const struct lke_keying *k, uint32_t overlap)
{
	struct lke_event ev = { .type = LKE_EV_KEYING };

	ev.keying = (struct lke_ev_keying){ f->mobile[0].home, k, overlap };
	return fx_event(f, &ev);
}

/* The mobile node has got the next key. */
static void give(struct fx *f, const struct lke_keying *k)
{
	sa_done(&f->sender[0]);
	sa_done(&f->receiver[0]);
	assert_int_equal(sa_init(&f->sender[0], &k->to_ha), 0);
	assert_int_equal(sa_init(&f->receiver[0], &k->to_mn), 0);
}

static struct lke_mobile_view view(struct fx *f)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	assert_true(lke_engine_next_mobile(f->e, &cursor, &v));
	return v;
}

static void start(struct fx *f)
{
	fx_config(f);
	fx_start(f);
	fx_register(f, 30000);
}

static void amb_152_both_keys_serve_until_the_next_one_is_used(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50);
	uint8_t old[512];
	size_t old_len;
	struct fx f;

	(void)state;
	start(&f);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	assert_int_equal(view(&f).next_generation, 2);
	assert_non_null(strstr(f.order, "S+")); /* its ESP comes to us too */
	fx_bu(&f, (struct bu){ .seq = 30001, .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	old_len = f.frame_len;
	memcpy(old, f.frame, old_len);
	give(&f, &next);
	fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 100, .src = "2001:db8:6::7" });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.ba.seq, 5);
	assert_true(same(&f.tunnel.coa, "2001:db8:6::7"));
	assert_int_equal(f.nss, 1); /* the binding stood all the time: no second DAD */
	assert_null(strstr(f.order, "T-"));
	assert_true(f.floor.generation == 2 && f.floor.floor == 5 + 64 && f.floor.used == 64);
	assert_true(f.keys == 1 && f.key.generation == 2);
	assert_int_equal(f.notes[LKE_NOTE_REKEYED], 1);
	assert_true(view(&f).generation == 2 && view(&f).next_generation == 0);
	assert_int_equal(view(&f).used, 0);
	/* What was recorded under the old key means nothing any more. */
	assert_int_equal(fx_frame(&f, WAN_IF, old, old_len), -LKE_DROP_ESP_SPI);
	fx_bu(&f, (struct bu){ .seq = 6, .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void amb_173_no_answer_before_the_first_floor_of_the_next_key(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	start(&f);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	f.hold_floor = true;
	give(&f, &next);
	fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 100 });
	assert_int_equal(f.bas, 1);
	assert_int_equal(view(&f).generation, 1);
	fx_floor_done(&f, -28);
	assert_int_equal(f.bas, 1);
	assert_int_equal(f.notes[LKE_NOTE_ALARM], 1);
	assert_int_equal(view(&f).generation, 1); /* the old one still serves */
	fx_bu(&f, (struct bu){ .seq = 6, .lifetime = 100 });
	fx_floor_done(&f, 0);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.ba.seq, 6);
	assert_int_equal(view(&f).generation, 2);
	fx_end(&f);
}

static void amb_152_old_key_ends_with_the_overlap(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	start(&f);
	assert_int_equal(tell(&f, &next, 1000), 0);
	fx_wait(&f, 999 * LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 30001, .lifetime = 900 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_wait(&f, LKE_SEC);
	assert_int_equal(view(&f).generation, 2);
	assert_int_equal(f.key.generation, 2);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 30002, .lifetime = 900 }),
			 -LKE_DROP_ESP_SPI);
	give(&f, &next);
	fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 900 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void amb_173_stored_floor_of_the_next_key_says_that_it_was_used(void **state)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	ev.floor = (struct lke_ev_floor){
		.home = f.mobile[0].home, .generation = 2, .floor = 69, .used = 64
	};
	fx_event(&f, &ev);
	assert_int_equal(view(&f).generation, 2);
	assert_int_equal(f.key.generation, 2);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 30002, .lifetime = 9 }), -LKE_DROP_ESP_SPI);
	give(&f, &next);
	fx_bu(&f, (struct bu){ .seq = 69, .lifetime = 9 });
	assert_int_equal(f.ba.status, STATUS_SEQUENCE);
	fx_end(&f);
}

/* Somebody put the old key file back: its floor is gone, so it must not serve. */
static void amb_173_key_of_a_retired_generation_is_refused(void **state)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };
	struct lke_keying next = keying(3, 0x3000, 0x50);
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	ev.floor = (struct lke_ev_floor){ .home = f.mobile[0].home, .generation = 2, .floor = 69 };
	fx_event(&f, &ev);
	assert_int_equal(f.notes[LKE_NOTE_ALARM], 1);
	assert_true(view(&f).floor_lost);
	fx_bu(&f, (struct bu){ .seq = 100, .lifetime = 9 });
	assert_int_equal(f.ba.status, STATUS_RESOURCES);
	assert_int_equal(f.floors, 0);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	give(&f, &next);
	fx_register(&f, 9);
	assert_false(view(&f).floor_lost);
	fx_end(&f);
}

static void threats_81_lost_floor_refuses_one_address_until_it_is_rekeyed(void **state)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	ev.floor = (struct lke_ev_floor){ .home = f.mobile[0].home, .lost = true };
	fx_event(&f, &ev);
	assert_int_equal(f.notes[LKE_NOTE_ALARM], 1);
	for (uint32_t seq = 0; seq < 65536; seq += 4096) {
		fx_bu(&f, (struct bu){ .seq = (uint16_t)seq, .lifetime = 9 });
		assert_int_equal(f.ba.status, STATUS_RESOURCES);
	}
	assert_int_equal(f.floors, 0);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	give(&f, &next);
	fx_register(&f, 9);
	fx_end(&f);
}

static void sec_045_next_key_is_nobody_elses(void **state)
{
	struct lke_keying k = keying(2, 0x3000, 0x50), own;
	struct fx f;

	(void)state;
	start(&f);
	k.to_ha.spi = f.mobile[1].to_ha.spi;
	assert_int_equal(tell(&f, &k, WEEK), LKE_ERR_EXIST);
	k = keying(2, 0x3000, 0x50);
	memcpy(k.to_mn.auth_key, f.mobile[1].to_mn.auth_key, 32);
	assert_int_equal(tell(&f, &k, WEEK), LKE_ERR_EXIST);
	own = (struct lke_keying){ .source = LKE_KEYING_MANUAL,
				   .generation = 2,
				   .to_ha = f.mobile[0].to_ha,
				   .to_mn = f.mobile[0].to_mn };
	own.to_ha.spi = 0x3000;
	assert_int_equal(tell(&f, &own, WEEK), LKE_ERR_EXIST);
	k = keying(1, 0x3000, 0x50);
	assert_int_equal(tell(&f, &k, WEEK), LKE_ERR_EXIST);
	assert_int_equal(view(&f).next_generation, 0);
	k = keying(2, 0x3000, 0x50);
	assert_int_equal(tell(&f, &k, WEEK), 0);
	assert_int_equal(tell(&f, &k, WEEK), 0); /* told once more */
	k = keying(3, 0x3100, 0x60);		 /* and another one instead */
	assert_int_equal(tell(&f, &k, WEEK), 0);
	assert_int_equal(view(&f).next_generation, 3);
	fx_end(&f);
}

static void forged_packet_with_the_next_spi_changes_nothing(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50), wrong = keying(2, 0x3000, 0x70);
	struct fx f;

	(void)state;
	start(&f);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	give(&f, &wrong);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 9 }), -LKE_DROP_ESP_ICV);
	give(&f, &next);
	assert_int_equal(
		fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 9, .home = "2001:db8:1::b02" }),
		-LKE_DROP_ESP_SELECTOR);
	assert_int_equal(view(&f).generation, 1);
	assert_int_equal(f.floors, 1);
	fx_end(&f);
}

static void amb_152_used_up_budget_ends_with_the_next_key(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 0);
	fx_bu(&f, (struct bu){ .seq = 32767, .lifetime = 9 });
	fx_bu(&f, (struct bu){ .seq = 32768, .lifetime = 9 });
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 32769, .lifetime = 9 }), -LKE_DROP_REFUSED);
	assert_int_equal(tell(&f, &next, WEEK), 0);
	give(&f, &next);
	fx_bu(&f, (struct bu){ .seq = 32769, .lifetime = 9 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(view(&f).used, 0);
	fx_end(&f);
}

/* The file of the next key is gone at a reload: the present one stays. */
static void amb_152_a_next_key_that_is_taken_back(void **state)
{
	struct lke_keying next = keying(2, 0x3000, 0x50);
	struct fx f;

	(void)state;
	start(&f);
	assert_int_equal(tell(&f, &next, 3600), 0);
	memset(f.order, 0, sizeof(f.order));
	assert_int_equal(tell(&f, NULL, 0), 0);
	assert_string_equal(f.order, "S-");
	assert_int_equal(view(&f).next_generation, 0);
	assert_int_equal(tell(&f, NULL, 0), 0); /* once more is nothing */
	fx_wait(&f, 7200 * LKE_SEC);
	assert_int_equal(view(&f).generation, 1);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 30001, .lifetime = 100 }), 0);
	/* Too late when the mobile node has used it. */
	assert_int_equal(tell(&f, &next, 3600), 0);
	give(&f, &next);
	f.hold_floor = true;
	(void)fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 100 });
	assert_int_equal(tell(&f, NULL, 0), LKE_ERR_STATE);
	f.hold_floor = false;
	fx_floor_done(&f, 0);
	assert_int_equal(view(&f).generation, 2);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_152_both_keys_serve_until_the_next_one_is_used),
		cmocka_unit_test(amb_173_no_answer_before_the_first_floor_of_the_next_key),
		cmocka_unit_test(amb_152_old_key_ends_with_the_overlap),
		cmocka_unit_test(amb_173_stored_floor_of_the_next_key_says_that_it_was_used),
		cmocka_unit_test(amb_173_key_of_a_retired_generation_is_refused),
		cmocka_unit_test(threats_81_lost_floor_refuses_one_address_until_it_is_rekeyed),
		cmocka_unit_test(sec_045_next_key_is_nobody_elses),
		cmocka_unit_test(forged_packet_with_the_next_spi_changes_nothing),
		cmocka_unit_test(amb_152_used_up_budget_ends_with_the_next_key),
		cmocka_unit_test(amb_152_a_next_key_that_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

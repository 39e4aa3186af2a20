/* SPDX-License-Identifier: ISC */
#include "ha_fixture.h"

static struct lke_mobile_view view(struct fx *f)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	assert_true(lke_engine_next_mobile(f->e, &cursor, &v));
	return v;
}

static void restore(struct fx *f, uint32_t generation, uint16_t floor, uint32_t used,
		    bool suspended)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };

	ev.floor = (struct lke_ev_floor){ .home = f->mobile[0].home,
					  .generation = generation,
					  .floor = floor,
					  .used = used,
					  .suspended = suspended };
	fx_event(f, &ev);
}

static void sec_025_window_edges(void **state)
{
	static const struct {
		uint16_t seq;
		bool old;
	} edge[] = { { 0, true },     { 15, true },    { 14, true },  { 32783, true },
		     { 65535, true }, { 40000, true }, { 16, false }, { 32782, false } };

	(void)state;
	for (unsigned n = 0; n < sizeof(edge) / sizeof(edge[0]); n++) {
		struct fx f;

		fx_config(&f);
		fx_start(&f);
		fx_register(&f, 15);
		fx_bu(&f, (struct bu){ .seq = edge[n].seq, .lifetime = 9 });
		assert_int_equal(f.ba.status, edge[n].old ? STATUS_SEQUENCE : 0);
		/* 135 carries the last accepted number. */
		assert_int_equal(f.ba.seq, edge[n].old ? 15 : edge[n].seq);
		fx_end(&f);
	}
}

static void amb_153_floor_outlives_the_binding(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	fx_bu(&f, (struct bu){ .seq = 101, .lifetime = 0 });
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 100, .lifetime = 9 }), -LKE_DROP_SEQUENCE);
	assert_int_equal(f.ba.seq, 101);
	fx_end(&f);
}

static void amb_151_answer_waits_for_checkpoint(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	assert_int_equal(f.floor.floor, 164);
	f.hold_floor = true;
	fx_bu(&f, (struct bu){ .seq = 164, .lifetime = 9 });
	assert_int_equal(f.bas, 2);
	assert_int_equal(f.floors, 1);
	fx_bu(&f, (struct bu){ .seq = 165, .lifetime = 9 });
	fx_bu(&f, (struct bu){ .seq = 166, .lifetime = 9 });
	fx_wait(&f, LKE_SEC);
	assert_int_equal(f.bas, 2);
	assert_int_equal(f.floors, 2);
	assert_int_equal(view(&f).last_seq, 164);
	fx_floor_done(&f, 0);
	assert_int_equal(f.bas, 4);
	assert_int_equal(f.ba.seq, 166);
	assert_int_equal(f.floor.floor, 165 + 64);
	fx_end(&f);
}

static void amb_151_failed_checkpoint_accepts_nothing(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	f.hold_floor = true;
	fx_bu(&f, (struct bu){ .seq = 100, .lifetime = 9 });
	fx_floor_done(&f, -5);
	assert_int_equal(f.ba.status, STATUS_RESOURCES);
	assert_int_equal(f.notes[LKE_NOTE_ALARM], 1);
	assert_false(view(&f).has_seq);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void sec_006_replay_after_restart_is_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	restore(&f, 1, 164, 200, false);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 101, .lifetime = 9 }), -LKE_DROP_SEQUENCE);
	assert_int_equal(f.ba.seq, 164);
	fx_register(&f, 165);
	assert_int_equal(view(&f).used, 201);
	fx_end(&f);
}

static void amb_173_floor_of_a_retired_key_is_ignored(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[0].generation = 2;
	fx_start(&f);
	restore(&f, 1, 164, 30000, true);
	assert_false(view(&f).has_seq);
	assert_true(view(&f).suspended);
	restore(&f, 2, 7, 8, false);
	assert_int_equal(view(&f).last_seq, 7);
	fx_end(&f);
}

/* The word about service is written beside the floor that is there, not over it. */
static void amb_173_suspension_keeps_the_floor_of_a_retired_key(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[0].generation = 2;
	fx_start(&f);
	restore(&f, 1, 164, 30000, false);
	ev.command.cmd = LKE_CMD_SUSPEND;
	ev.command.arg = f.mobile[0].home;
	fx_event(&f, &ev);
	assert_int_equal(f.floors, 1);
	assert_true(f.floor.suspended);
	assert_int_equal(f.floor.generation, 1);
	assert_int_equal(f.floor.floor, 164);
	assert_int_equal(f.floor.used, 30000);
	fx_end(&f);
}

static void sec_022_volatile_state_is_alarmed_and_replay_succeeds(void **state)
{
	struct fx f;

	(void)state;
	for (unsigned run = 0; run < 2; run++) {
		fx_config(&f);
		f.cfg.ha.volatile_state = true;
		fx_start(&f);
		fx_drain(&f);
		assert_int_equal(f.notes[LKE_NOTE_ALARM], 1);
		fx_register(&f, 100); /* the same number again after the restart */
		assert_int_equal(f.floors, 0);
		fx_end(&f);
	}
}

static void amb_172_budget_is_reported_and_enforced(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 0);
	fx_bu(&f, (struct bu){ .seq = 16383, .lifetime = 9 });
	assert_int_equal(f.notes[LKE_NOTE_SEQUENCE_BUDGET], 0);
	fx_bu(&f, (struct bu){ .seq = 16384, .lifetime = 9 });
	assert_int_equal(f.notes[LKE_NOTE_SEQUENCE_BUDGET], 1);
	assert_int_equal(f.budget.value, 16384);
	fx_bu(&f, (struct bu){ .seq = 24576, .lifetime = 9 });
	assert_int_equal(f.notes[LKE_NOTE_SEQUENCE_BUDGET], 2);
	fx_bu(&f, (struct bu){ .seq = 32768, .lifetime = 9 });
	assert_int_equal(f.ba.status, 0);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 32769, .lifetime = 9 }), -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_PROHIBITED);
	fx_end(&f);
}

/* What a restart would burn is written as used with the floor that allows it. */
static void amb_172_burnt_reservations_are_counted(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	assert_true(f.floor.floor == 164 && f.floor.used == 64);
	fx_bu(&f, (struct bu){ .seq = 150, .lifetime = 9 });
	assert_int_equal(f.floors, 1);
	fx_bu(&f, (struct bu){ .seq = 165, .lifetime = 9 });
	/* 50 advances, 15 more to 165, 64 ahead of it. */
	assert_true(f.floor.floor == 229 && f.floor.used == 50 + 15 + 64);
	assert_int_equal(view(&f).used, 65);
	fx_end(&f);
}

static void amb_172_enforcement_can_be_switched_off(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.enforce_cycle = false;
	fx_start(&f);
	restore(&f, 1, 10, 32768, false);
	fx_register(&f, 11);
	fx_end(&f);
}

static void amb_174_larger_jump_gets_135(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.max_jump = 1000;
	fx_start(&f);
	fx_register(&f, 10);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1011, .lifetime = 9 }), -LKE_DROP_SEQUENCE);
	assert_int_equal(f.ba.seq, 10);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1010, .lifetime = 9 }), 0);
	assert_int_equal(f.ba.status, 0);
	fx_end(&f);
}

/* RFC 6275 9.5.1 in plain integers: what lies 1 to 32,767 ahead, perhaps over the wrap, is new. */
static void amb_150_every_pair_of_numbers(void **state)
{
	uint64_t wrong = 0, newer = 0;

	(void)state;
	for (int32_t last = 0; last < 65536; last++) {
		for (int32_t seq = 0; seq < 65536; seq++) {
			int32_t ahead = seq > last ? seq - last : seq - last + 65536;
			bool is = seq_newer((uint16_t)seq, (uint16_t)last);

			wrong += is != (ahead < 32768);
			newer += is;
		}
	}
	assert_true(wrong == 0);
	assert_true(newer == 65536ULL * 32767);
}

static void sec_042_one_move_in_ten_minutes_lasts_227_and_455_days(void **state)
{
	struct lke_mobile_view v;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 65530);
	v = view(&f);
	assert_true(lke_sequence_days(v.used, 32768, v.advances, v.over) == UINT32_MAX);
	for (unsigned n = 1; n <= 6; n++) {
		fx_wait(&f, 600 * LKE_SEC);
		fx_bu(&f, (struct bu){ .seq = (uint16_t)(65530 + n), .lifetime = 900 });
		assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	}
	v = view(&f);
	assert_int_equal(v.used, 6);
	assert_int_equal(lke_sequence_days(v.used, 32768, v.advances, v.over), 227);
	assert_int_equal(lke_sequence_days(v.used, 65536, v.advances, v.over), 455);
	/* SEC-005: once a second. */
	assert_int_equal(lke_sequence_days(0, 65536, 86400, 86400 * LKE_SEC), 0);
	assert_int_equal(lke_sequence_days(40000, 32768, 1, LKE_SEC), 0);
	fx_end(&f);
}

/* An old burst is forgotten after two days. */
static void sec_042_the_rate_is_that_of_the_last_days(void **state)
{
	struct lke_mobile_view v;
	uint16_t seq = 0;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 0);
	fx_bu(&f, (struct bu){ .seq = seq = 5000, .lifetime = 900 });
	for (unsigned n = 0; n < 72; n++) {
		fx_wait(&f, 3600 * LKE_SEC);
		fx_bu(&f, (struct bu){ .seq = ++seq, .lifetime = 900 });
		fx_wait(&f, RETRANS_TIMER);
	}
	v = view(&f);
	assert_in_range(v.advances, 24, 48);
	assert_in_range(v.over / (3600 * LKE_SEC), 24, 48);
	fx_end(&f);
}

static void sec_004_fast_consumption_is_alarmed_once(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 0);
	for (uint16_t n = 1; n <= 300; n++) {
		assert_int_equal(f.notes[LKE_NOTE_ALARM], n > 60);
		fx_bu(&f, (struct bu){ .seq = n, .lifetime = 900 });
		fx_wait(&f, LKE_SEC);
	}
	fx_end(&f);
}

static void sec_019_swapped_updates_later_one_wins(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 9, .src = "2001:db8:7::7" });
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9, .src = "2001:db8:6::7" }),
			 -LKE_DROP_SEQUENCE);
	assert_true(same(&f.tunnel.coa, "2001:db8:7::7"));
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_025_window_edges),
		cmocka_unit_test(amb_153_floor_outlives_the_binding),
		cmocka_unit_test(amb_151_answer_waits_for_checkpoint),
		cmocka_unit_test(amb_151_failed_checkpoint_accepts_nothing),
		cmocka_unit_test(sec_006_replay_after_restart_is_refused),
		cmocka_unit_test(amb_173_floor_of_a_retired_key_is_ignored),
		cmocka_unit_test(amb_173_suspension_keeps_the_floor_of_a_retired_key),
		cmocka_unit_test(sec_022_volatile_state_is_alarmed_and_replay_succeeds),
		cmocka_unit_test(amb_172_budget_is_reported_and_enforced),
		cmocka_unit_test(amb_172_burnt_reservations_are_counted),
		cmocka_unit_test(amb_172_enforcement_can_be_switched_off),
		cmocka_unit_test(amb_174_larger_jump_gets_135),
		cmocka_unit_test(amb_150_every_pair_of_numbers),
		cmocka_unit_test(sec_042_one_move_in_ten_minutes_lasts_227_and_455_days),
		cmocka_unit_test(sec_042_the_rate_is_that_of_the_last_days),
		cmocka_unit_test(sec_004_fast_consumption_is_alarmed_once),
		cmocka_unit_test(sec_019_swapped_updates_later_one_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

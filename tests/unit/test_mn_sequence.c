/* SPDX-License-Identifier: ISC */
/* The mobile node counts the numbers of its manual key, over restarts too (AMB-172, SEC-021). */
#include "mn_fixture.h"

enum { GENERATION = 3 };

static void of_generation(struct lke_config *cfg)
{
	cfg->mn.home[0].generation = GENERATION;
}

static void start(struct fix *f, const struct lke_ev_floor *floor)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR };

	fix_tweak = of_generation;
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_clear(f);
	if (floor) {
		ev.floor = *floor;
		ev.floor.home = fix_home;
		fix_event(f, &ev);
	}
	fix_link(f, true);
	fix_ra(f, 1);
}

static struct mn_home *home(struct fix *f)
{
	return &f->e->mn->home[0];
}

static const struct lke_act_checkpoint *checkpoint(const struct fix *f, unsigned k)
{
	const struct fix_action *a = fix_find(f, LKE_ACT_CHECKPOINT, k);

	return a ? &a->a.checkpoint : NULL;
}

static void amb_172_count_is_written_ahead(void **state)
{
	struct fix f;

	(void)state;
	start(&f, NULL);
	assert_non_null(checkpoint(&f, 0));
	assert_int_equal(checkpoint(&f, 0)->used, 1 + 64);
	assert_int_equal(checkpoint(&f, 0)->floor, (uint16_t)(fix_ha_seq(&f) + 64));
	assert_int_equal(checkpoint(&f, 0)->generation, GENERATION);
	/* Unanswered: it sends again and again. */
	while (home(&f)->used < 65)
		fix_run(&f, 10 * LKE_SEC);
	assert_null(checkpoint(&f, 1));
	while (home(&f)->used < 66)
		fix_run(&f, LKE_SEC);
	assert_int_equal(checkpoint(&f, 1)->used, 66 + 64);
	fix_end(&f);
}

static void amb_172_count_goes_on_after_a_restart(void **state)
{
	struct lke_ev_floor floor = { .floor = 1000, .used = 500, .generation = GENERATION };
	struct fix f;

	(void)state;
	start(&f, &floor);
	assert_int_equal(fix_ha_seq(&f), 1001);
	assert_int_equal(home(&f)->used, 501);
	fix_end(&f);
	floor.generation = 2; /* another key */
	start(&f, &floor);
	assert_int_equal(home(&f)->used, 1);
	fix_end(&f);
}

static void amb_172_used_up_key_sends_nothing_after_a_restart(void **state)
{
	struct lke_ev_floor floor = { .floor = 1000, .used = SEQ_BUDGET, .generation = GENERATION };
	struct fix f;

	(void)state;
	start(&f, &floor);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_end(&f);
}

/* What a restart of the home agent burns is used at both ends. */
static void amb_172_burnt_numbers_count(void **state)
{
	struct fix f;
	uint16_t last;

	(void)state;
	start(&f, NULL);
	last = fix_ha_seq(&f);
	assert_int_equal(fix_ha_ba(&f, 1, STATUS_SEQUENCE, (uint16_t)(last + 9000)), 0);
	assert_int_equal(home(&f)->used, 2); /* it began at a random number */
	assert_int_equal(fix_ha_ba(&f, 1, STATUS_SEQUENCE, (uint16_t)(last + 9065)), 0);
	assert_int_equal(home(&f)->used, 2 + 64 + 1);
	fix_end(&f);
}

static void lost_count_is_alarmed(void **state)
{
	struct lke_ev_floor floor = { .lost = true, .generation = GENERATION };
	struct fix f;

	(void)state;
	start(&f, &floor);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

/* draft01 differs: AMB-172, an alarm only. */
static const char *const default_only[] = {
	"amb_172_used_up_key_sends_nothing_after_a_restart",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_172_count_is_written_ahead),
		cmocka_unit_test(amb_172_count_goes_on_after_a_restart),
		cmocka_unit_test(amb_172_used_up_key_sends_nothing_after_a_restart),
		cmocka_unit_test(amb_172_burnt_numbers_count),
		cmocka_unit_test(lost_count_is_alarmed),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

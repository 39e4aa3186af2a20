/* SPDX-License-Identifier: ISC */
/* Registration of the mobile node with its home agent. */
#include "mn_fixture.h"

static void start(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(f, true);
	fix_clear(f);
	fix_ra(f, 1);
}

static void first_timer_is_1500_ms_then_doubles(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	fix_run(&f, 1499 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_run(&f, LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	fix_run(&f, 2999 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	fix_run(&f, LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 3);
	fix_end(&f);
}

/* Of silence. */
static unsigned alarms(const struct fix *f, const struct lke_in6 *home)
{
	const struct fix_action *a;
	unsigned n = 0;

	for (unsigned k = 0; (a = fix_find(f, LKE_ACT_NOTIFY, k)); k++)
		n += a->a.note.type == LKE_NOTE_ALARM && in6_eq(&a->a.note.addr, home) &&
		     strstr(a->a.note.text, "is silent");
	return n;
}

static unsigned unanswered(const struct fix *f, const struct lke_in6 *home)
{
	struct lke_binding_view v;
	size_t cursor = 0;

	while (lke_engine_next_binding(f->e, &cursor, &v))
		if (in6_eq(&v.home, home))
			return v.unanswered;
	fail();
	return 0;
}

/* A wrong key, a wrong address, a firewall: the operator hears of it once, and can ask. */
static void silent_home_agent_is_told_once(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(unanswered(&f, &fix_home), 1);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(unanswered(&f, &fix_home), 3);
	assert_int_equal(alarms(&f, &fix_home), 0);
	fix_run(&f, 300 * LKE_SEC);
	assert_true(unanswered(&f, &fix_home) > 8);
	assert_int_equal(alarms(&f, &fix_home), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	assert_int_equal(unanswered(&f, &fix_home), 0);
	fix_end(&f);
}

/* The same of a previous access router. */
static void silent_access_router_is_told_once(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(unanswered(&f, &old), 1);
	fix_run(&f, 6 * LKE_SEC);
	assert_int_equal(unanswered(&f, &old), 3);
	assert_int_equal(alarms(&f, &old), 0);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(unanswered(&f, &old), 5);
	assert_int_equal(alarms(&f, &old), 1);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_int_equal(unanswered(&f, &old), 0);
	fix_end(&f);
}

/* What cannot be sent counts as no silence. */
static void without_a_link_nobody_is_silent(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	fix_run(&f, 8 * LKE_SEC); /* the next update would be the one that is told */
	assert_int_equal(unanswered(&f, &old), 4);
	fix_link(&f, false);
	fix_clear(&f);
	fix_run(&f, 60 * LKE_SEC);
	assert_int_equal(alarms(&f, &old), 0);
	assert_int_equal(unanswered(&f, &old), 4);
	fix_end(&f);
}

static void accepted_registration_is_noted_and_refreshed(void **state)
{
	struct fix f;
	const struct lke_note *n;

	(void)state;
	start(&f);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	n = fix_note(&f, LKE_NOTE_REGISTERED);
	assert_non_null(n);
	assert_int_equal(n->lifetime, 600);
	f.ra_lke = false;
	fix_run(&f, 10 * LKE_SEC);
	fix_clear(&f);
	fix_run(&f, 430 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_run(&f, 10500 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

/* An answer to an earlier try of the running round is as good; one to a round before is none. */
static void answer_to_an_earlier_try_counts(void **state)
{
	uint16_t first, second;
	struct fix f;

	(void)state;
	start(&f);
	first = fix_ha_seq(&f);
	fix_run(&f, 1600 * LKE_MSEC);
	second = fix_ha_seq(&f);
	assert_int_equal((uint16_t)(second - first), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, first), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_run(&f, 450 * LKE_SEC);
	assert_int_equal((uint16_t)(fix_ha_seq(&f) - second), 1); /* the refresh */
	fix_clear(&f);
	assert_int_equal(fix_ha_ba(&f, 1, 0, second), -(int)LKE_DROP_BA_UNMATCHED);
	assert_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_end(&f);
}

static void wrong_sequence_is_ignored(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_ha_ba(&f, 1, 0, (uint16_t)(fix_ha_seq(&f) + 1)),
			 -(int)LKE_DROP_BA_UNMATCHED);
	assert_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_end(&f);
}

static void rfc6275_11_7_3_resynchronises_on_135(void **state)
{
	struct fix f;
	uint16_t last;

	(void)state;
	start(&f);
	last = (uint16_t)(fix_ha_seq(&f) + 500);
	fix_clear(&f);
	assert_int_equal(fix_ha_ba(&f, 1, STATUS_SEQUENCE, last), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(fix_ha_seq(&f), (uint16_t)(last + 1));
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_end(&f);
}

static void amb_105_old_135_ignored(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_ha_ba(&f, 1, STATUS_SEQUENCE, (uint16_t)(fix_ha_seq(&f) - 1)),
			 -(int)LKE_DROP_SEQUENCE);
	fix_end(&f);
}

static void refusal_is_noted_and_tried_again_later(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_ha_ba(&f, 1, STATUS_PROHIBITED, fix_ha_seq(&f)), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_REFUSED));
	fix_clear(&f);
	fix_run(&f, 59 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void refresh_keeps_the_care_of_address_of_the_temporary_agent(void **state)
{
	struct fix f;
	struct lke_in6 old;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		fix_clear(&f);
		fix_run(&f, 121 * LKE_SEC);
	}
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_true(in6_eq(&f.e->mn->home[0].coa, &old));
	fix_end(&f);
}

static void second_home(struct lke_config *cfg)
{
	struct lke_config_home *h = &cfg->mn.home[1];

	*h = cfg->mn.home[0];
	h->addr = fix_addr("2001:db8:bb::9");
	h->agent = fix_addr("2001:db8:bb::1");
	h->to_ha.spi = 2000;
	h->to_mn.spi = 2001;
	cfg->mn.homes = 2;
}

static unsigned updates_to(const struct fix *f, const struct lke_in6 *agent)
{
	unsigned k = 0;

	for (size_t n = 0; n < f->n; n++)
		k += f->out[n].a.type == LKE_ACT_NOTIFY && f->out[n].a.note.out &&
		     f->out[n].a.note.msg == LKE_MSG_BU && in6_eq(&f->out[n].a.note.dst, agent);
	return k;
}

/* Each home address has its own agent, keys and numbers; one that fails does not hold the other. */
static void several_homes_are_registered_each_for_itself(void **state)
{
	struct lke_in6 other;
	struct fix f;

	(void)state;
	fix_tweak = second_home;
	fix_start(&f, 1, LKE_STRATEGY_BOTH, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	other = f.cfg.mn.home[1].agent;
	fix_link(&f, true);
	fix_clear(&f);
	fix_ra(&f, 1);
	assert_int_equal(updates_to(&f, &fix_agent), 1);
	assert_int_equal(updates_to(&f, &other), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_clear(&f);
	fix_run(&f, 20 * LKE_SEC);
	/* The first is done, the second goes on asking. */
	assert_int_equal(updates_to(&f, &fix_agent), 0);
	assert_true(updates_to(&f, &other) >= 2);
	/* One answer is enough for LKE with this router (AMB-072). */
	assert_true(fix_count(&f, LKE_MSG_KEREQ) >= 1);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_homes_are_registered_each_for_itself),
		cmocka_unit_test(first_timer_is_1500_ms_then_doubles),
		cmocka_unit_test(silent_home_agent_is_told_once),
		cmocka_unit_test(silent_access_router_is_told_once),
		cmocka_unit_test(without_a_link_nobody_is_silent),
		cmocka_unit_test(accepted_registration_is_noted_and_refreshed),
		cmocka_unit_test(answer_to_an_earlier_try_counts),
		cmocka_unit_test(wrong_sequence_is_ignored),
		cmocka_unit_test(rfc6275_11_7_3_resynchronises_on_135),
		cmocka_unit_test(amb_105_old_135_ignored),
		cmocka_unit_test(refusal_is_noted_and_tried_again_later),
		cmocka_unit_test(refresh_keeps_the_care_of_address_of_the_temporary_agent),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

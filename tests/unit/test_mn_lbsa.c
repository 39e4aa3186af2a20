/* SPDX-License-Identifier: ISC */
/* The local binding security associations of a mobile node: which of two, whose place a new one
 * takes, when they are renewed, how they end.  Draft 1.1, 5.4; AMB-046. */
#include "mn_fixture.h"

static unsigned kereqs(const struct fix *f)
{
	return fix_count(f, LKE_MSG_KEREQ);
}

static void command(struct fix *f, enum lke_command cmd)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = cmd;
	fix_event(f, &ev);
}

static unsigned keys(const struct fix *f)
{
	unsigned k = 0;

	for (unsigned n = 0; n < MN_LBSAS; n++)
		k += f->e->mn->lbsa[n] != NULL;
	return k;
}

/* On the link of router 1 with a key and a newer one. */
static void two_keys(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(f, 1);
	fix_run(f, 100 * LKE_SEC);
	command(f, LKE_CMD_KEX);
	assert_int_equal(fix_keack(f, 1, 0, 7200, false), 0);
	assert_int_equal(keys(f), 2);
}

/* Each of the two keys is tried, once. */
static void forged_answer_beside_two_keys_is_dropped(void **state)
{
	struct fix f;

	(void)state;
	two_keys(&f);
	fix_move(&f, 2);
	f.kbm.b[0] ^= 1;
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), -(int)LKE_DROP_BAD_MAC);
	f.kbm.b[0] ^= 1;
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_end(&f);
}

/* A key that goes leaves its Binding Update to the older one of the address, if there is one. */
static void binding_goes_on_with_the_older_key(void **state)
{
	struct mn_lbsa *newer, *older;
	struct lke_in6 old;
	struct update *u;
	struct fix f;

	(void)state;
	two_keys(&f);
	old = fix_coa(&f);
	fix_move(&f, 2);
	u = update_of(f.e, &old);
	assert_non_null(u);
	newer = mn_lbsa_of(f.e, &old, NULL);
	older = mn_lbsa_of(f.e, &old, newer);
	assert_ptr_equal(u->lbsa, newer);
	assert_non_null(older);
	mn_lbsa_remove(f.e, newer, "test");
	assert_ptr_equal(u->lbsa, older);
	mn_lbsa_remove(f.e, older, "test");
	assert_null(u->lbsa);
	fix_end(&f);
}

/* The older one was to be renewed; that is done. */
static void amb_046_key_renewed_early_is_not_renewed_again(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 1000 * LKE_SEC);
	command(&f, LKE_CMD_KEX);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	fix_clear(&f);
	for (unsigned n = 0; n < 65; n++) { /* up to 7500 s; the fixture keeps every action */
		fix_ra(&f, 1);
		fix_run(&f, 100 * LKE_SEC);
		if (fix_last(&f, LKE_MSG_BU))
			(void)fix_ha_ba(&f, 1, 0, fix_ha_seq(&f));
		assert_int_equal(kereqs(&f), 0);
		fix_clear(&f);
	}
	assert_int_equal(keys(&f), 1);
	fix_end(&f);
}

/* A quarter of the life before its end, not all nodes at once: 10 % to either side. */
static void amb_046_renewals_are_spread(void **state)
{
	unsigned exact = 0;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	for (unsigned n = 0; n < 200; n++) {
		struct mn_lbsa b = { .since = f.now, .expires = f.now + 1200 * LKE_SEC };
		lke_time before;

		timer_init(&b.renew, MN_T_RENEW, &b);
		timer_init(&b.end, MN_T_LBSA_END, &b);
		mn_lbsa_start(f.e, &b);
		before = b.expires - b.renew.at;
		assert_in_range(before / LKE_SEC, 270, 330);
		exact += before == 300 * LKE_SEC;
		timerq_disarm(&f.e->timers, &b.renew);
		timerq_disarm(&f.e->timers, &b.end);
	}
	assert_true(exact < 20);
	fix_end(&f);
}

/* What hinders a renewal passes: it is tried again while the key lives. */
static void amb_046_hindered_renewal_is_tried_again(void **state)
{
	struct mn_router *r;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, 0, 400, false), 0);
	r = f.e->mn->active->router;
	r->suspended_until = f.now + 320 * LKE_SEC; /* its keys alternated, AMB-076 */
	fix_clear(&f);
	fix_run(&f, 319 * LKE_SEC);
	assert_int_equal(kereqs(&f), 0);
	fix_run(&f, 6 * LKE_SEC);
	assert_int_equal(kereqs(&f), 1);
	fix_end(&f);
}

static struct lke_in6 former(unsigned n)
{
	struct lke_in6 a = fix_ar_addr(100 + n);

	a.b[15] = 0x77;
	return a;
}

/* The table is full: the key that ends first makes room, but not that of a registered address. */
static void key_that_ends_first_makes_room(void **state)
{
	struct lke_in6 coa, a;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	for (unsigned n = 0; keys(&f) < MN_LBSAS; n++) {
		struct mn_lbsa *b = mn_lbsa_new(f.e);

		assert_non_null(b);
		b->coa = former(n);
		b->since = f.now;
		b->expires = f.now + (8000 + (n + 5) % 11) * LKE_SEC; /* n 6 ends first */
	}
	assert_true(mn_registered(f.e, &coa));
	assert_non_null(mn_lbsa_new(f.e));
	assert_int_equal(keys(&f), MN_LBSAS);
	a = former(6);
	assert_null(mn_lbsa_of(f.e, &a, NULL));
	for (unsigned n = 0; n < 6; n++) {
		a = former(n);
		assert_non_null(mn_lbsa_of(f.e, &a, NULL));
	}
	/* The registered one ended before all of them. */
	assert_non_null(mn_lbsa_of(f.e, &coa, NULL));
	fix_end(&f);
}

/* The address of a former link that only its key kept. */
static void address_goes_with_the_end_of_its_key(void **state)
{
	const struct lke_note *n;
	struct lke_in6 old, ar = fix_ar_addr(1);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, 0, 120, false), 0);
	old = fix_coa(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 130, 0, 0, true), 0);
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(update_of(f.e, &old));
	assert_non_null(mn_addr_find(f.e, &old));
	fix_clear(&f);
	fix_run(&f, 120 * LKE_SEC);
	assert_null(mn_lbsa_of(f.e, &old, NULL));
	assert_null(mn_addr_find(f.e, &old));
	n = fix_note(&f, LKE_NOTE_LBSA_GONE);
	assert_non_null(n);
	assert_true(in6_eq(&n->addr, &old) && in6_eq(&n->peer, &ar));
	assert_int_equal(n->ifindex, FIX_IF);
	assert_int_equal(n->lifetime, 0);
	assert_string_equal(n->text, "expired");
	fix_end(&f);
}

int main(void)
{
	/* draft01 knows one key of an address. */
	static const char *const default_only[] = {
		"forged_answer_beside_two_keys_is_dropped",
		"binding_goes_on_with_the_older_key",
		NULL,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_answer_beside_two_keys_is_dropped),
		cmocka_unit_test(binding_goes_on_with_the_older_key),
		cmocka_unit_test(amb_046_key_renewed_early_is_not_renewed_again),
		cmocka_unit_test(amb_046_renewals_are_spread),
		cmocka_unit_test(amb_046_hindered_renewal_is_tried_again),
		cmocka_unit_test(key_that_ends_first_makes_room),
		cmocka_unit_test(address_goes_with_the_end_of_its_key),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

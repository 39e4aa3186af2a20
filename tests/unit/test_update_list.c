/* SPDX-License-Identifier: ISC */
/* The Binding Update List: RFC 6275 11.1, 11.8. */
#include "mn_fixture.h"

static struct update *start(struct fix *f)
{
	struct lke_in6 home = fix_addr("2001:db8:1::5"), agent = fix_addr("2001:db8:1::1");
	struct update *u;

	fix_start(f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	u = update_new(f->e, &home, &agent);
	assert_non_null(u);
	assert_ptr_equal(update_find(f->e, &home, &agent), u);
	assert_ptr_equal(update_of(f->e, &home), u);
	f->e->now = f->now;
	return u;
}

static void timeouts_double_to_32_s(void **state)
{
	const lke_time want[] = { 1, 2, 4, 8, 16, 32, 32, 32 };
	struct fix f;
	struct update *u;

	(void)state;
	u = start(&f);
	update_begin(u, INITIAL_BINDACK_TIMEOUT);
	for (uint16_t n = 0; n < 8; n++) {
		update_sent(f.e, u, n);
		assert_true(u->timer.at == f.now + want[n] * LKE_SEC);
		assert_int_equal(u->tries, n + 1);
	}
	fix_end(&f);
}

static void answers_of_the_round_count_also_over_the_wrap(void **state)
{
	struct fix f;
	struct update *u;

	(void)state;
	u = start(&f);
	assert_false(update_answers(u, 0));
	update_begin(u, INITIAL_BINDACK_TIMEOUT);
	update_sent(f.e, u, 0xffff);
	update_sent(f.e, u, 0);
	assert_true(update_answers(u, 0xffff));
	assert_true(update_answers(u, 0));
	assert_false(update_answers(u, 1));
	assert_false(update_answers(u, 0xfffe));
	update_accept(f.e, u, 100, 50 * LKE_SEC);
	assert_false(update_answers(u, 0));
	fix_end(&f);
}

static void lifetime_counts_from_the_sending(void **state)
{
	struct fix f;
	struct update *u;

	(void)state;
	u = start(&f);
	update_begin(u, INITIAL_BINDACK_TIMEOUT);
	update_sent(f.e, u, 5);
	f.e->now += 3 * LKE_SEC;
	update_accept(f.e, u, 100, 50 * LKE_SEC);
	assert_true(u->expires == f.now + 100 * LKE_SEC);
	assert_true(u->timer.at == f.now + 50 * LKE_SEC);
	fix_end(&f);
}

static void full_list_refuses(void **state)
{
	struct lke_in6 home = fix_addr("2001:db8:1::5"), agent = fix_addr("2001:db8:1::1");
	struct fix f;

	(void)state;
	start(&f);
	for (unsigned n = 1; n < UPDATES_MAX; n++) {
		home.b[15]++;
		assert_non_null(update_new(f.e, &home, &agent));
	}
	assert_null(update_new(f.e, &agent, &home));
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 1);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeouts_double_to_32_s),
		cmocka_unit_test(answers_of_the_round_count_also_over_the_wrap),
		cmocka_unit_test(lifetime_counts_from_the_sending),
		cmocka_unit_test(full_list_refuses),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

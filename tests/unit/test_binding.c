/* SPDX-License-Identifier: ISC */
#include "ha_fixture.h"

static struct binding tmpl(struct fx *f, enum lke_binding_state state)
{
	return (struct binding){ .home = f->mobile[0].home,
				 .agent = ip("2001:db8:1::1"),
				 .coa = ip("2001:db8:5::7"),
				 .ifindex = HOME_IF,
				 .kind = BINDING_BY_ESP,
				 .state = state,
				 .expires = f->now + 100 * LKE_SEC,
				 .credit = UINT64_MAX,
				 .owner = f->e->ha->mobile[0] };
}

static void order_of_actions_and_their_undoing(void **state)
{
	struct binding *b, t;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	t = tmpl(&f, LKE_BINDING_OK);
	assert_int_equal(binding_add(f.e, &t, HA_TIMER_BINDING, &b), 0);
	fx_drain(&f);
	assert_string_equal(f.order, "T+I+P+M+G+N+");
	assert_int_equal(binding_add(f.e, &t, HA_TIMER_BINDING, &b), LKE_ERR_EXIST);
	b = binding_find(f.e, &f.mobile[0].home);
	memset(f.order, 0, sizeof(f.order));
	binding_remove(f.e, b, "test");
	fx_drain(&f);
	assert_string_equal(f.order, "I-T-G-M-P-");
	assert_string_equal(f.gone, "test");
	assert_int_equal(lke_engine_deadline(f.e), LKE_NEVER);
	fx_end(&f);
}

static void base_05_advertised_three_times_a_second_apart(void **state)
{
	struct binding *b, t;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	t = tmpl(&f, LKE_BINDING_OK);
	assert_int_equal(binding_add(f.e, &t, HA_TIMER_BINDING, &b), 0);
	fx_wait(&f, LKE_SEC - 1);
	assert_int_equal(f.nas, 1);
	fx_wait(&f, 1);
	assert_int_equal(f.nas, 2);
	fx_wait(&f, 50 * LKE_SEC);
	assert_int_equal(f.nas, 3);
	fx_end(&f);
}

static void suspended_and_updated_tunnel(void **state)
{
	struct lke_in6 coa = ip("2001:db8:6::7");
	struct binding *b, t;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	t = tmpl(&f, LKE_BINDING_SUSPENDED);
	assert_int_equal(binding_add(f.e, &t, HA_TIMER_BINDING, &b), 0);
	fx_drain(&f);
	assert_true(f.tunnel.suspended);
	assert_int_equal(f.notes[LKE_NOTE_BINDING_SUSPENDED], 1);
	binding_update(f.e, b, &coa, LKE_BINDING_OK, 5, f.now + 7 * LKE_SEC);
	fx_drain(&f);
	assert_false(f.tunnel.suspended);
	assert_int_equal(f.tunnel.credit, 5);
	assert_int_equal(f.tunnel.until, f.now + 7 * LKE_SEC);
	assert_int_equal(f.notes[LKE_NOTE_BINDING], 1);
	fx_wait(&f, 7 * LKE_SEC);
	assert_null(binding_find(f.e, &t.home));
	fx_end(&f);
}

static void view_shows_each_binding_once(void **state)
{
	struct lke_binding_view v;
	struct binding *b, t;
	size_t cursor = 0;
	unsigned seen = 0;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	t = tmpl(&f, LKE_BINDING_OK);
	for (unsigned n = 0; n < 40; n++) {
		t.home.b[15] = (uint8_t)n;
		assert_int_equal(binding_add(f.e, &t, HA_TIMER_BINDING, &b), 0);
	}
	while (lke_engine_next_binding(f.e, &cursor, &v))
		seen++;
	assert_int_equal(seen, 40);
	assert_true(lke_engine_find_binding(f.e, &t.home, &v));
	assert_true(in6_eq(&v.home, &t.home));
	t.home.b[15] = 40;
	assert_false(lke_engine_find_binding(f.e, &t.home, &v));
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_actions_and_their_undoing),
		cmocka_unit_test(base_05_advertised_three_times_a_second_apart),
		cmocka_unit_test(suspended_and_updated_tunnel),
		cmocka_unit_test(view_shows_each_binding_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Multicast memberships.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "netns_fixture.h"
#include "platform/linux/group.h"

static void groups_spread_over_sockets(void **state)
{
	struct lke_act_group a = { .ifindex = v1, .group = A("ff02::1:ff00:0") };
	struct group_stats st;
	struct group *g;

	assert_int_equal(group_open(2, &g), 0);
	for (unsigned i = 0; i < 600; i++) {
		a.group.b[14] = (uint8_t)(i >> 8);
		a.group.b[15] = (uint8_t)i;
		assert_int_equal(group_set(g, &a), 0);
	}
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &st);
	assert_int_equal(st.joined, 600);
	assert_true(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	a.leave = true;
	assert_int_equal(group_set(g, &a), 0); /* the second reference */
	assert_true(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	assert_int_equal(group_set(g, &a), 0);
	assert_false(says("ip maddr show dev v1", "ff02::1:ff00:257"));
	assert_int_equal(group_set(g, &a), -ENOENT);
	group_close(g);
}

/* What found no room waits, is counted, and is joined when another one leaves. */
static void amb_096_memberships_wait_for_room(void **state)
{
	enum { MANY = 4000 };
	struct lke_act_group a = { .ifindex = v1, .group = A("ff02::1:ff00:0") };
	struct group_stats st, after;
	struct group *g;
	unsigned failed = 0;

	assert_int_equal(group_open(1, &g), 0);
	for (unsigned i = 0; i < MANY; i++) {
		a.group.b[14] = (uint8_t)(i >> 8);
		a.group.b[15] = (uint8_t)i;
		failed += group_set(g, &a) < 0;
	}
	group_stats(g, &st);
	assert_int_equal(st.joined + st.waiting, MANY);
	assert_true(failed > 0 && st.waiting == failed && st.refused == failed);
	assert_true(st.last_error == -ENOBUFS || st.last_error == -ENOMEM);
	a.group.b[14] = a.group.b[15] = 0; /* the first one had room */
	a.leave = true;
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &after);
	assert_int_equal(after.joined, st.joined);
	assert_int_equal(after.waiting, st.waiting - 1);
	a.group.b[14] = (uint8_t)((MANY - 1) >> 8); /* the last one waits: it just goes */
	a.group.b[15] = (uint8_t)(MANY - 1);
	assert_int_equal(group_set(g, &a), 0);
	group_stats(g, &after);
	assert_int_equal(after.joined + after.waiting, MANY - 2);
	group_forget(g, v1);
	group_stats(g, &after);
	assert_true(after.joined == 0 && after.waiting == 0);
	group_close(g);
}

/* Beyond the joins of a turn they wait, which is no failure, and come in order. */
static void amb_096_joins_of_a_turn_are_bounded(void **state)
{
	struct lke_act_group a = { .ifindex = v1, .group = A("ff02::1:ff00:0") };
	struct group_stats st;
	struct group *g;

	assert_int_equal(group_open(1, &g), 0);
	group_turn(g, 4);
	for (unsigned i = 0; i < 10; i++) {
		a.group.b[15] = (uint8_t)i;
		assert_int_equal(group_set(g, &a), 0);
	}
	group_stats(g, &st);
	assert_true(st.joined == 4 && st.waiting == 6 && st.untried == 6 && st.refused == 0);
	group_retry(g); /* no turn has begun */
	a.leave = true;
	assert_int_equal(group_set(g, &a), 0); /* the last one: it just goes */
	group_stats(g, &st);
	assert_true(st.joined == 4 && st.untried == 5);
	group_turn(g, 4);
	group_retry(g);
	group_stats(g, &st);
	assert_true(st.joined == 8 && st.untried == 1);
	assert_true(says("ip maddr show dev v1", "ff02::1:ff00:7"));
	assert_false(says("ip maddr show dev v1", "ff02::1:ff00:8"));
	group_turn(g, 4);
	group_retry(g);
	group_stats(g, &st);
	assert_true(st.joined == 9 && st.waiting == 0 && st.untried == 0);
	group_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_spread_over_sockets),
		cmocka_unit_test(amb_096_memberships_wait_for_room),
		cmocka_unit_test(amb_096_joins_of_a_turn_are_bounded),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

/* SPDX-License-Identifier: ISC */
/* A mobile node with two interfaces: the first is preferred, the other stands by. */
#include "scenario.h"

static struct world *on_second(struct lke_in6 *ret_coa)
{
	struct world *w = world_plain();

	world_two_interfaces(w, LKE_STRATEGY_OLDEST);

	sim_move(w->mn, 1, w->link[0], MSEC(10));
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	*ret_coa = world_coa(w, 0);
	sim_run_for(w->net, SEC(3));
	return w;
}

static void make_before_break(const struct lke_in6 *which, struct world *w)
{
	world_traffic(w, which, MSEC(200));
	sim_move(w->mn, 0, w->link[1], MSEC(10));
	world_traffic(w, which, MSEC(800));
	assert_true(w->mn->notes[LKE_NOTE_HANDOVER] >= 1);
	/* The old link is given up only now. */
	sim_move(w->mn, 1, NULL, 0);
	world_traffic(w, which, MSEC(500));
	sim_run_for(w->net, MSEC(200));
	assert_int_equal(w->mn->received, 1500);
	assert_int_equal(w->cn->received, 1500);
	assert_int_equal(w->mn->received_dup + w->cn->received_dup, 0);
}

static void home_flow_loses_nothing(void **state)
{
	struct lke_in6 coa;
	struct world *w = on_second(&coa);

	make_before_break(&w->hoa, w);
	world_free(w);
}

static void flow_of_the_old_address_loses_nothing(void **state)
{
	struct lke_in6 coa;
	struct world *w = on_second(&coa);

	make_before_break(&coa, w);
	world_free(w);
}

static void lost_preferred_link_falls_to_the_standby(void **state)
{
	struct lke_in6 coa;
	struct world *w = on_second(&coa);
	lke_time t0;

	sim_move(w->mn, 0, w->link[1], MSEC(10));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(5));
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, MSEC(20));
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_BU) >= 1);
	sim_run_for(w->net, MSEC(200));
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	world_free(w);
}

static void sec_065_flapping_preferred_link_has_to_last(void **state)
{
	struct lke_in6 coa;
	struct world *w = on_second(&coa);
	unsigned handovers;
	lke_time t0 = sim_now(w->net);

	for (unsigned n = 0; n < 30; n++) {
		sim_move(w->mn, 0, w->link[1], MSEC(10));
		sim_run_for(w->net, SEC(1));
		sim_move(w->mn, 0, NULL, 0);
		sim_run_for(w->net, SEC(1));
	}
	handovers = w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED];
	assert_true(handovers <= 4);
	/* Steady at last, it takes over. */
	sim_move(w->mn, 0, w->link[1], MSEC(10));
	sim_run_for(w->net, SEC(70));
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_BU) > 0);
	assert_true(w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED] > handovers);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_flow_loses_nothing),
		cmocka_unit_test(flow_of_the_old_address_loses_nothing),
		cmocka_unit_test(lost_preferred_link_falls_to_the_standby),
		cmocka_unit_test(sec_065_flapping_preferred_link_has_to_last),
	};

	return cmocka_run_group_tests_name("scenario_mn_links", tests, NULL, NULL);
}

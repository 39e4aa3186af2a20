/* SPDX-License-Identifier: ISC */
/* The two ways of draft 2.2: the oldest access router as long as possible, or always both. */
#include "scenario.h"

static struct world *attached(enum lke_strategy s, uint16_t lifetime)
{
	struct world_options o = { .seed = 11, .strategy = s, .max_lifetime = lifetime };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

static unsigned bu_at_ha(const struct world *w)
{
	return (unsigned)lke_engine_stat(w->ha->engine, LKE_STAT_BU_IN);
}

static void move(struct world *w, unsigned to)
{
	unsigned n = w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED];
	lke_time end = sim_now(w->net) + SEC(10);

	sim_move(w->mn, 0, w->link[to], MSEC(60));
	while (w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED] == n &&
	       sim_now(w->net) < end)
		sim_run_for(w->net, MSEC(5));
	assert_true(w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED] > n);
}

static void lke_088_oldest_sends_the_home_agent_nothing(void **state)
{
	struct world *w = attached(LKE_STRATEGY_OLDEST, 0);
	unsigned before = bu_at_ha(w);
	struct lke_binding_view b;
	struct lke_in6 coa1 = world_coa(w, 0), coa;

	move(w, 1);
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	move(w, 2);
	coa = world_coa(w, 2);
	/* AR1 is the oldest with a successful update: it is bound directly to the newest address.
	 */
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	assert_true(in6_eq(&b.coa, &coa));
	assert_int_equal(bu_at_ha(w), before);
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	world_free(w);
}

static void sec_065_ping_pong_of_100_handovers_leaves_the_home_agent_alone(void **state)
{
	struct world *w = attached(LKE_STRATEGY_OLDEST, 0);
	unsigned before = bu_at_ha(w);

	/* Within the refresh time of the home registration (600 s asked for). */
	for (unsigned i = 0; i < 100; i++) {
		move(w, i % 2 ? 0 : 1);
		sim_run_for(w->net, SEC(1));
	}
	assert_int_equal(bu_at_ha(w), before);
	world_free(w);
}

static void lke_087_both_updates_leave_together(void **state)
{
	struct world *w = attached(LKE_STRATEGY_BOTH, 0);
	unsigned before = bu_at_ha(w);
	const struct simframe *bu;
	lke_time t0 = sim_now(w->net), ha = 0;

	move(w, 1);
	bu = sim_find(w->net, t0, w->mn, LKE_MSG_BU);
	assert_non_null(bu);
	for (size_t n = 0; n < sim_frames(w->net) && !ha; n++) {
		const struct simframe *f = sim_frame(w->net, n);
		struct ip6_info i;

		if (f->at >= t0 && f->from == w->mn && ip6_parse(f->data, f->len, &i) == 0 &&
		    i.upper == IP6_NH_ESP)
			ha = f->at;
	}
	assert_true(ha != 0);
	assert_true((ha > bu->at ? ha - bu->at : bu->at - ha) <= MSEC(10));
	sim_run_for(w->net, SEC(3));
	assert_true(bu_at_ha(w) > before);
	world_free(w);
}

static void lke_188_home_agent_is_told_before_the_lbsa_ends(void **state)
{
	struct world *w = attached(LKE_STRATEGY_OLDEST, 60);
	unsigned before = bu_at_ha(w);

	move(w, 1);
	assert_int_equal(bu_at_ha(w), before);
	sim_run_for(w->net, SEC(57));
	assert_true(bu_at_ha(w) > before);
	world_free(w);
}

static void lke_089_unreachable_temporary_agent_falls_back(void **state)
{
	struct world *w = attached(LKE_STRATEGY_OLDEST, 0);
	unsigned before = bu_at_ha(w);

	w->ar[0]->dead = true;
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	sim_run_for(w->net, SEC(15));
	assert_true(bu_at_ha(w) > before);
	assert_true(w->mn->notes[LKE_NOTE_FALLBACK] >= 1);
	w->mn->received = w->cn->received = 0;
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	world_free(w);
}

static void case_1_plain_link_registers_with_the_home_agent(void **state)
{
	struct world *w = attached(LKE_STRATEGY_OLDEST, 0);
	unsigned before = bu_at_ha(w);
	lke_time t0 = sim_now(w->net);

	move(w, 3);
	sim_run_for(w->net, SEC(3));
	assert_true(bu_at_ha(w) > before);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
	world_free(w);
}

static void amb_073_local_only_needs_no_home_agent(void **state)
{
	struct world_options o = { .seed = 12, .local_only = true, .no_ha = true };
	struct world *w = world_new(&o);
	struct lke_in6 coa1;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa1 = world_coa(w, 0);
	move(w, 1);
	world_traffic(w, &coa1, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	world_free(w);
}

/* The two profiles speak the same packets, in both roles. */
static void profiles(enum lke_profile routers, enum lke_profile mobile)
{
	struct world_options o = {
		.seed = 13, .profile = routers, .mn_profile = mobile, .max_lifetime = 120
	};
	struct world *w = world_new(&o);
	struct lke_in6 coa1;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa1 = world_coa(w, 0);
	sim_run_for(w->net, SEC(110)); /* a renewal on the link */
	move(w, 1);
	world_traffic(w, &coa1, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	move(w, 0);
	move(w, 2);
	world_free(w);
}

static void draft01_speaks_with_draft01(void **state)
{
	profiles(LKE_PROFILE_DRAFT01, LKE_PROFILE_DRAFT01);
}

static void draft01_router_serves_a_default_mobile(void **state)
{
	profiles(LKE_PROFILE_DRAFT01, LKE_PROFILE_DEFAULT);
}

static void default_router_serves_a_draft01_mobile(void **state)
{
	profiles(LKE_PROFILE_DEFAULT, LKE_PROFILE_DRAFT01);
}

/* `both` tells the home agent each time, but not of each turn of a ping-pong: one number a rest. */
static void sec_065_ping_pong_burns_no_numbers(void **state)
{
	struct world *w = attached(LKE_STRATEGY_BOTH, 0);
	struct lke_binding_view b;
	struct lke_in6 coa;
	unsigned before;
	uint64_t mn;

	move(w, 1);
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	sim_run_for(w->net, SEC(60));
	before = bu_at_ha(w);
	for (unsigned n = 0; n < 60; n++) {
		move(w, n % 2);
		sim_run_for(w->net, SEC(1));
	}
	assert_in_range(bu_at_ha(w) - before, 1, 8);
	/* At rest the home agent learns the place, and the traffic flows. */
	sim_run_for(w->net, SEC(15));
	coa = world_coa(w, 1);
	assert_true(sim_binding(w->ha, &w->hoa, &b));
	assert_true(in6_eq(&b.coa, &coa));
	mn = w->mn->received;
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_088_oldest_sends_the_home_agent_nothing),
		cmocka_unit_test(sec_065_ping_pong_burns_no_numbers),
		cmocka_unit_test(sec_065_ping_pong_of_100_handovers_leaves_the_home_agent_alone),
		cmocka_unit_test(lke_087_both_updates_leave_together),
		cmocka_unit_test(lke_188_home_agent_is_told_before_the_lbsa_ends),
		cmocka_unit_test(lke_089_unreachable_temporary_agent_falls_back),
		cmocka_unit_test(case_1_plain_link_registers_with_the_home_agent),
		cmocka_unit_test(amb_073_local_only_needs_no_home_agent),
		cmocka_unit_test(draft01_speaks_with_draft01),
		cmocka_unit_test(draft01_router_serves_a_default_mobile),
		cmocka_unit_test(default_router_serves_a_draft01_mobile),
	};

	return cmocka_run_group_tests_name("scenario_strategy", tests, NULL, NULL);
}

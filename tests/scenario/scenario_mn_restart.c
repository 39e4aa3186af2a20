/* SPDX-License-Identifier: ISC */
/* Restarts as sequence 7 has them: an access router that keeps nothing, and a mobile node that
 * loses its keys. */
#include "scenario.h"

static struct world *world_of(uint16_t max_lifetime)
{
	struct world_options o = { .seed = 71, .max_lifetime = max_lifetime };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

static void assert_reached(struct world *w, const struct lke_in6 *address)
{
	uint64_t mn = w->mn->received, cn = w->cn->received;

	world_traffic(w, address, MSEC(200));
	sim_run_for(w->net, MSEC(200));
	assert_int_equal(w->mn->received - mn, 200);
	assert_int_equal(w->cn->received - cn, 200);
}

static unsigned at_home_agent(const struct world *w)
{
	return (unsigned)lke_engine_stat(w->ha->engine, LKE_STAT_BU_IN);
}

/* Its advertisement shows a new key: a renewal after a random time of at most half of what is left,
 * with both proofs; the old key stays until then. */
static void seq7_router_forgets_mobile_on_the_link(void **state)
{
	struct world *w = world_of(200);
	struct lke_in6 coa = world_coa(w, 0), again;
	struct lke_lbsa_view v;
	unsigned before = at_home_agent(w);

	(void)state;
	sim_restart(w->ar[0], SIM_RESTART_POWER, MSEC(500));
	assert_false(sim_lbsa(w->ar[0], &coa, &v));
	sim_run_for(w->net, SEC(1));
	assert_true(sim_lbsa(w->mn, &coa, &v));
	assert_true(world_wait_lbsa(w, 0, SEC(110)));
	again = world_coa(w, 0);
	assert_true(in6_eq(&coa, &again));
	sim_run_for(w->net, SEC(3));
	/* It serves at the next handover. */
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	assert_reached(w, &coa);
	assert_true(at_home_agent(w) - before <= 1);
	world_free(w);
}

/* The refresh gets 133, unsigned: the home agent is asked beside it; the key stays to its end. */
static void seq7_router_forgets_mobile_away(void **state)
{
	struct world *w = world_of(0);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_binding_view b;
	struct lke_lbsa_view v;
	struct lke_in6 coa2;
	lke_time t0;

	(void)state;
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(5));
	coa2 = world_coa(w, 1);
	sim_restart(w->ar[0], SIM_RESTART_POWER, MSEC(500));
	t0 = sim_now(w->net);
	do {
		sim_run_for(w->net, SEC(1));
		assert_true(sim_binding(w->ha, &w->hoa, &b));
	} while (!in6_eq(&b.coa, &coa2) && sim_now(w->net) < t0 + SEC(4000));
	/* At the refresh of a binding of 240 s at the latest (AMB-179). */
	assert_true(sim_now(w->net) < t0 + (as_draft01() ? SEC(4000) : SEC(130)));
	assert_true(sim_lbsa(w->mn, &coa1, &v));
	assert_false(sim_binding(w->ar[0], &coa1, &b));
	assert_reached(w, &w->hoa);
	world_free(w);
}

/* All keys and numbers are lost.  An LBSA that was proved guards the former address: the next one
 * comes up in seconds.  As draft01 the former address gets another key. */
static void seq7_mobile_reboots_on_its_link(void **state)
{
	struct world *w = world_of(0);
	struct lke_in6 before = world_coa(w, 0), coa;
	struct lke_binding_view b;
	struct lke_lbsa_view v;
	lke_time t0;

	(void)state;
	sim_run_for(w->net, SEC(10)); /* the router's spacing of requests (AMB-059) */
	world_reboot(w);
	t0 = sim_now(w->net);
	world_attach(w, 0);
	do {
		sim_run_for(w->net, MSEC(100));
		coa = world_coa(w, 0);
	} while (sim_now(w->net) < t0 + SEC(70) &&
		 !(sim_lbsa(w->mn, &coa, &v) && sim_lbsa(w->ar[0], &coa, &v) &&
		   v.state == LKE_LBSA_VALID));
	assert_true(sim_now(w->net) < t0 + (as_draft01() ? SEC(70) : SEC(10)));
	assert_int_equal(in6_eq(&before, &coa), as_draft01());
	sim_run_for(w->net, SEC(2));
	/* The home agent's 135 was followed. */
	assert_true(sim_binding(w->ha, &w->hoa, &b));
	assert_true(in6_eq(&b.coa, &coa));
	assert_reached(w, &w->hoa);
	world_free(w);
}

/* On another link the old LBSAs are of no use: only the home agent hears of it. */
static void seq7_mobile_reboots_elsewhere(void **state)
{
	struct world *w = world_of(0);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_binding_view b;
	lke_time t0;

	(void)state;
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(3));
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	world_reboot(w);
	t0 = sim_now(w->net);
	world_attach(w, 2);
	assert_true(world_wait_lbsa(w, 2, SEC(30)));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_FINISHED), 0);
	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);
		struct ip6_info i;

		if (f->at >= t0 && f->from == w->mn && ip6_parse(f->data, f->len, &i) == 0)
			assert_false(in6_eq(&i.dst, &w->ar_addr[0]));
	}
	assert_reached(w, &w->hoa);
	if (as_draft01())
		goto out; /* its binding lives as long as the LBSA (AMB-179) */
	sim_run_for(w->net, SEC(245));
	assert_false(sim_binding(w->ar[0], &coa1, &b));
out:
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq7_router_forgets_mobile_on_the_link),
		cmocka_unit_test(seq7_router_forgets_mobile_away),
		cmocka_unit_test(seq7_mobile_reboots_on_its_link),
		cmocka_unit_test(seq7_mobile_reboots_elsewhere),
	};

	return cmocka_run_group_tests_name("scenario_mn_restart", tests, NULL, NULL);
}

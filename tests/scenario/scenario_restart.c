/* SPDX-License-Identifier: ISC */
/* An access router that keeps its state over a restart: sequence 7, AMB-130, THREATS 23, 59. */
#include "attack.h"

static struct world *kept_world(uint64_t seed)
{
	struct world_options o = { .seed = seed, .keep_state = true };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

static const enum sim_restart ways[] = { SIM_RESTART_CLEAN, SIM_RESTART_KILL, SIM_RESTART_POWER };

/* On the link: the restart is not even noticed, the handover afterwards uses the old key. */
static void seq7_mobile_on_the_link(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = kept_world(601);
		struct lke_in6 coa = world_coa(w, 0);
		struct lke_lbsa_view before, after;
		uint32_t key = w->ar[0]->key_id;
		lke_time t0;

		assert_true(sim_lbsa(w->ar[0], &coa, &before));
		t0 = sim_now(w->net);
		sim_restart(w->ar[0], ways[i], MSEC(300));
		assert_int_equal(w->ar[0]->key_id, key);
		assert_true(sim_lbsa(w->ar[0], &coa, &after));
		assert_int_equal(after.state, LKE_LBSA_VALID);
		assert_int_equal(after.expires, before.expires);
		assert_int_equal(after.kex_seq, before.kex_seq);
		assert_true(after.proved);
		assert_true(after.cached_na);
		sim_run_for(w->net, SEC(20));
		/* No key exchange, no home registration, no new address. */
		assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
		assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_BU), 0);
		assert_int_equal(w->mn->notes[LKE_NOTE_DETACHED], 0);
		/* Its address is defended by the advertisement of before (LKE-173). */
		sim_move(w->mn, 0, NULL, 0);
		t0 = sim_now(w->net);
		sim_dad(w->host, 0, &coa);
		sim_run_for(w->net, MSEC(500));
		assert_non_null(sim_find(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH));
		assert_handover_works(w);
		assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
		world_free(w);
	}
}

static void go_away(struct world *w)
{
	sim_move(w->mn, 0, w->link[1], MSEC(50));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(5));
}

/* Away: the binding is there again with what is left of its lifetime, tunnel and proxy included. */
static void seq7_mobile_away(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = kept_world(602);
		struct lke_in6 coa = world_coa(w, 0);
		struct lke_binding_view before, after;
		lke_time t0;

		go_away(w);
		assert_true(sim_binding(w->ar[0], &coa, &before));
		assert_int_equal(before.state, LKE_BINDING_OK);
		sim_restart(w->ar[0], ways[i], MSEC(300));
		t0 = sim_now(w->net) - MSEC(1);
		assert_true(sim_binding(w->ar[0], &coa, &after));
		assert_int_equal(after.state, LKE_BINDING_OK);
		assert_int_equal(after.expires, before.expires);
		assert_int_equal(after.seq, before.seq);
		/* RFC 6275 10.4.1 again; no Binding Refresh Advice, no Binding Refresh Request. */
		sim_run_for(w->net, SEC(3));
		assert_true(sim_count(w->net, t0, w->ar[0], LKE_MSG_NA) >= 3);
		assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BRR), 0);
		assert_int_equal(w->ar[0]->intercept.n, 1);
		/* Both directions, to the old address and the home address. */
		w->mn->received = w->cn->received = 0;
		world_traffic(w, &coa, SEC(1));
		sim_run_for(w->net, SEC(1));
		assert_true(w->mn->received >= 990);
		assert_true(w->cn->received >= 990);
		/* And the next update under the same key. */
		t0 = sim_now(w->net);
		sim_move(w->mn, 0, w->link[2], MSEC(50));
		sim_run_for(w->net, SEC(5));
		assert_true(sim_binding(w->ar[0], &coa, &after));
		assert_int_equal(after.state, LKE_BINDING_OK);
		assert_true(sim_find(w->net, t0, w->mn, LKE_MSG_BU) != NULL);
		world_free(w);
	}
}

/* Whatever ended the router: what it acknowledged it never accepts again. */
static void thr_059_replays_after_every_restart(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		struct world *w = kept_world(603 + i);
		struct lke_in6 coa = world_coa(w, 0);
		struct lke_binding_view before, after;
		struct lke_lbsa_view lbsa;
		const struct simframe *bu, *kereq = sim_find(w->net, 0, w->mn, LKE_MSG_KEREQ);
		unsigned replays;

		go_away(w);
		bu = last_frame(w, 0, w->mn, LKE_MSG_BU);
		assert_non_null(bu);
		sim_restart(w->ar[0], ways[i], MSEC(300));
		assert_true(sim_lbsa(w->ar[0], &coa, &lbsa));
		assert_true(lbsa.has_bu_seq);
		/* A power failure leaves what was durable: the update, not its proof.  The router
		 * asks, and the mobile node's number is behind the raised floor once. */
		if (ways[i] == SIM_RESTART_POWER)
			sim_run_for(w->net, SEC(4));
		assert_true(sim_binding(w->ar[0], &coa, &before));
		assert_int_equal(before.state, LKE_BINDING_OK);
		replays = drops_of(w->ar[0], LKE_DROP_SEQUENCE);
		sim_send(w->cn, -1, NULL, bu->data, bu->len);
		sim_run_for(w->net, SEC(1));
		assert_int_equal(drops_of(w->ar[0], LKE_DROP_SEQUENCE), replays + 1);
		assert_true(sim_binding(w->ar[0], &coa, &after));
		assert_int_equal(after.seq, before.seq);
		assert_int_equal(after.expires, before.expires);
		/* The request that made the key. */
		attack_replay(w, kereq);
		sim_run_for(w->net, SEC(1));
		assert_true(sim_lbsa(w->ar[0], &coa, &lbsa));
		assert_int_equal(lbsa.state, LKE_LBSA_VALID);
		assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_RUNS), 0);
		/* The mobile node goes on; a raised floor costs it one refusal. */
		sim_move(w->mn, 0, w->link[2], MSEC(50));
		sim_run_for(w->net, SEC(5));
		assert_true(sim_binding(w->ar[0], &coa, &after));
		assert_int_equal(after.state, LKE_BINDING_OK);
		assert_true(after.expires > before.expires || after.seq != before.seq);
		world_free(w);
	}
}

/* An exchange that was under way is lost, and nothing else. */
static void seq7_tentative_is_lost(void **state)
{
	struct world_options o = { .seed = 606, .keep_state = true };
	struct lke_event kex = { .type = LKE_EV_COMMAND };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	while (!sim_find(w->net, 0, w->ar[0], LKE_MSG_KEACK))
		sim_run_for(w->net, MSEC(1));
	sim_restart(w->ar[0], SIM_RESTART_KILL, MSEC(100));
	assert_false(sim_lbsa(w->ar[0], (struct lke_in6[]){ world_coa(w, 0) },
			      &(struct lke_lbsa_view){ 0 }));
	/* The mobile node had its acknowledgement: it learns at its next exchange. */
	kex.command.cmd = LKE_CMD_KEX;
	sim_run_for(w->net, SEC(10));
	sim_event(w->mn, &kex);
	assert_true(world_wait_lbsa(w, 0, SEC(120)));
	assert_handover_works(w);
	world_free(w);
}

/* A disk that refuses: nothing is acknowledged, forwarding goes on; then it works again. */
static void thr_082_a_disk_that_refuses(void **state)
{
	struct world *w = kept_world(607);
	struct lke_in6 coa = world_coa(w, 0);
	struct lke_binding_view v;
	lke_time t0 = sim_now(w->net);

	w->ar[0]->fail_records = true;
	sim_move(w->mn, 0, w->link[1], MSEC(50));
	sim_run_for(w->net, SEC(2));
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 0);
	assert_true(sim_binding(w->ar[0], &coa, &v)); /* it forwards all the same */
	assert_true(w->ar[0]->notes[LKE_NOTE_ALARM] >= 1);
	assert_true(drops_of(w->ar[0], LKE_DROP_STORE) >= 1);
	w->ar[0]->fail_records = false;
	sim_run_for(w->net, SEC(300));
	sim_move(w->mn, 0, w->link[0], MSEC(50));
	sim_run_for(w->net, SEC(60));
	assert_handover_works(w);
	world_free(w);
}

/* A slow disk delays the acknowledgement, not the packets. */
static void forwarding_does_not_wait_for_the_disk(void **state)
{
	struct world *w = kept_world(608);
	struct lke_in6 coa = world_coa(w, 0);
	struct lke_binding_view v;
	lke_time t0;

	w->ar[0]->crypto_delay = MSEC(400);
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[1], MSEC(50));
	while (!sim_binding(w->ar[0], &coa, &v) && sim_now(w->net) < t0 + SEC(5))
		sim_run_for(w->net, MSEC(1));
	assert_true(sim_binding(w->ar[0], &coa, &v));
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 0);
	t0 = sim_now(w->net);
	sim_run_for(w->net, MSEC(390));
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 0);
	sim_run_for(w->net, MSEC(100));
	assert_true(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA) >= 1);
	sim_run_for(w->net, SEC(3));
	assert_true(sim_binding(w->ar[0], &coa, &v));
	assert_int_equal(v.state, LKE_BINDING_OK);
	world_free(w);
}

/* Restarts again and again under a walking mobile node. */
static void seq7_restarts_for_an_hour(void **state)
{
	struct world *w = kept_world(609);
	unsigned at = 0, lost;

	for (unsigned n = 0; n < 60; n++) {
		sim_run_for(w->net, SEC(30));
		if (n % 3 == 0) {
			at = (at + 1) % 3;
			sim_move(w->mn, 0, w->link[at], MSEC(50));
		}
		sim_run_for(w->net, SEC(20));
		sim_restart(w->ar[n % 3], n % 2 ? SIM_RESTART_KILL : SIM_RESTART_CLEAN, MSEC(200));
		sim_run_for(w->net, SEC(10));
	}
	lost = w->mn->notes[LKE_NOTE_DAD_FAILED];
	assert_int_equal(lost, 0);
	assert_int_equal(w->mn->notes[LKE_NOTE_FALLBACK], 0);
	assert_true(w->mn->notes[LKE_NOTE_HANDOVER] >= 19);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq7_mobile_on_the_link),
		cmocka_unit_test(seq7_mobile_away),
		cmocka_unit_test(thr_059_replays_after_every_restart),
		cmocka_unit_test(seq7_tentative_is_lost),
		cmocka_unit_test(thr_082_a_disk_that_refuses),
		cmocka_unit_test(forwarding_does_not_wait_for_the_disk),
		cmocka_unit_test(seq7_restarts_for_an_hour),
	};

	return cmocka_run_group_tests_name("scenario_restart", tests, NULL, NULL);
}

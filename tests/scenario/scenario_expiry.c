/* SPDX-License-Identifier: ISC */
/* Ends of lifetimes, restarts and long sleeps: sequence 5. */
#include "scenario.h"

static void lke_051_address_is_free_after_expiry(void **state)
{
	struct world_options o = { .seed = 31, .max_lifetime = 60 };
	struct world *w = world_new(&o);
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	sim_move(w->mn, 0, NULL, 0);
	sim_dad(w->host, 0, &coa);
	sim_run_for(w->net, SEC(1));
	assert_true(w->host->dad_na_seen >= 1);
	sim_run_for(w->net, SEC(62));
	assert_false(sim_lbsa(w->ar[0], &coa, &v) && v.state == LKE_LBSA_VALID);
	sim_dad(w->host, 0, &coa);
	sim_run_for(w->net, SEC(2));
	assert_int_equal(w->host->dad_na_seen, 0);
	world_free(w);
}

static void amb_045_binding_ends_with_the_lbsa(void **state)
{
	struct world_options o = { .seed = 32, .max_lifetime = 60 };
	struct world *w = world_new(&o);
	struct lke_binding_view b;
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	assert_true(sim_binding(w->ar[0], &coa, &b));
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_true(b.expires <= v.expires);
	sim_run_for(w->net, SEC(65));
	assert_false(sim_binding(w->ar[0], &coa, &b));
	assert_false(sim_lbsa(w->ar[0], &coa, &v));
	/* The home agent was moved to the current care-of address in time. */
	w->mn->received = w->cn->received = 0;
	world_traffic(w, &w->hoa, MSEC(100));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 100);
	world_free(w);
}

static void engines_stop_cleanly(void **state)
{
	struct world_options o = { .seed = 33 };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_stop(w->mn);
	sim_stop(w->ar[0]);
	sim_stop(w->ha);
	assert_int_equal(w->ar[0]->intercept.n, 0);
	assert_int_equal(w->ha->intercept.n, 0);
	assert_int_equal(w->mn->paths, 0);
	assert_int_equal(sim_tunnels(w->mn), 0);
	assert_int_equal(sim_tunnels(w->ar[0]), 0);
	assert_int_equal(sim_tunnels(w->ha), 0);
	world_free(w);
}

static void same_seed_same_run(void **state)
{
	size_t frames[2];
	uint8_t last[2][SIM_PACKET_MAX];
	size_t len[2];

	for (unsigned k = 0; k < 2; k++) {
		struct world_options o = { .seed = 34 };
		struct world *w = world_new(&o);
		const struct simframe *f;

		world_noise(w, 50, 50, 50);
		world_attach(w, 0);
		sim_run_for(w->net, SEC(30));
		sim_move(w->mn, 0, w->link[1], MSEC(60));
		sim_run_for(w->net, SEC(30));
		frames[k] = sim_frames(w->net);
		f = sim_frame(w->net, frames[k] - 1);
		len[k] = f->len;
		memcpy(last[k], f->data, f->len);
		world_free(w);
	}
	assert_int_equal(frames[0], frames[1]);
	assert_int_equal(len[0], len[1]);
	/* The toy cipher of the tests counts its calls across runs; everything else is identical.
	 */
	assert_memory_equal(last[0], last[1], 40);
}

/* Whatever is lost: no binding outlives its key, the home agent is told in time, traffic goes on.
 */
static void expiry_with_noise(unsigned loss, unsigned dup, unsigned reorder)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world_options o = { .seed = 200 + seed, .max_lifetime = 60 };
		struct world *w = world_new(&o);
		struct lke_binding_view b;
		struct lke_lbsa_view v;
		struct lke_in6 coa;

		world_attach(w, 0);
		assert_true(world_wait_lbsa(w, 0, SEC(60)));
		coa = world_coa(w, 0);
		world_noise(w, loss, dup, reorder);
		sim_move(w->mn, 0, w->link[1], MSEC(60));
		for (unsigned i = 0; i < 700; i++) {
			sim_run_for(w->net, MSEC(100));
			if (sim_binding(w->ar[0], &coa, &b)) {
				assert_true(sim_lbsa(w->ar[0], &coa, &v));
				assert_true(b.expires <= v.expires);
				assert_true(v.expires >= sim_now(w->net));
			}
		}
		assert_false(sim_binding(w->ar[0], &coa, &b));
		world_noise(w, 0, 0, 0);
		sim_run_for(w->net, SEC(40));
		w->mn->received = w->cn->received = 0;
		world_traffic(w, &w->hoa, MSEC(100));
		sim_run_for(w->net, MSEC(100));
		assert_int_equal(w->mn->received, 100);
		assert_int_equal(w->cn->received, 100);
		world_free(w);
	}
}

static void seq5_with_loss(void **state)
{
	expiry_with_noise(100, 0, 0);
}
static void seq5_with_duplication(void **state)
{
	expiry_with_noise(0, 300, 0);
}
static void seq5_with_reordering(void **state)
{
	expiry_with_noise(0, 0, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_051_address_is_free_after_expiry),
		cmocka_unit_test(amb_045_binding_ends_with_the_lbsa),
		cmocka_unit_test(engines_stop_cleanly),
		cmocka_unit_test(same_seed_same_run),
		cmocka_unit_test(seq5_with_loss),
		cmocka_unit_test(seq5_with_duplication),
		cmocka_unit_test(seq5_with_reordering),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

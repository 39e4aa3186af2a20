/* SPDX-License-Identifier: ISC */
/* Rotation of the access router's RSA key in a living network: AMB-051, AMB-063, AMB-134. */
#include "attack.h"

static struct world *rotating(uint64_t seed)
{
	struct world_options o = { .seed = seed, .rsa_rotation = 3600 };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

static void run_until_rotated(struct world *w, uint32_t id)
{
	while (w->ar[0]->key_id < id)
		sim_run_for(w->net, SEC(1));
}

/* The mobile node never is without an LBSA, and hands over right after the rotation. */
static void amb_134_mobile_attached_over_rotations(void **state)
{
	struct world *w = rotating(501);
	struct lke_lbsa_view v;
	struct lke_in6 coa = world_coa(w, 0);

	for (uint32_t id = 2; id < 6; id++) {
		run_until_rotated(w, id);
		for (unsigned i = 0; i < 60; i++) {
			sim_run_for(w->net, SEC(20));
			assert_true(sim_lbsa(w->ar[0], &coa, &v));
			assert_int_equal(v.state, LKE_LBSA_VALID);
		}
	}
	assert_int_equal(w->mn->notes[LKE_NOTE_DAD_FAILED], 0);
	run_until_rotated(w, 6);
	assert_handover_works(w);
	world_free(w);
}

/* A request made with the key of before the rotation: within the grace it is served, behind it it
 * is not. */
static void amb_063_exchange_under_the_previous_key(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct world *w = rotating(502 + late);
		struct attacker a = attacker_at(w, "2001:db8:1::900d");
		uint8_t pkt[1280];
		size_t len = attacker_make_kereq(&a, pkt, sizeof(pkt));
		unsigned bad = drops_of(w->ar[0], LKE_DROP_KEX_DECRYPT);
		lke_time t0;

		run_until_rotated(w, 2);
		sim_run_for(w->net, late ? SEC(1201) : SEC(1000));
		assert_true(late == (w->ar[0]->old_key == NULL));
		t0 = sim_now(w->net);
		attacker_claim(&a);
		attacker_frame(&a, pkt, len);
		attacker_answer_dad(&a, SEC(4), false);
		if (late) {
			assert_int_equal(attacker_keack(&a, t0), -1);
			assert_int_equal(drops_of(w->ar[0], LKE_DROP_KEX_DECRYPT), bad + 1);
		} else {
			struct lke_lbsa_view v;

			assert_int_equal(attacker_keack(&a, t0), 0);
			assert_true(sim_lbsa(w->ar[0], &a.coa, &v));
			assert_int_equal(v.state, LKE_LBSA_VALID);
			/* Each key has its own replay cache: seen under the previous one. */
			sim_run_for(w->net, SEC(80));
			attacker_frame(&a, pkt, len);
			sim_run_for(w->net, SEC(1));
			assert_true(stat_of(w->ar[0], LKE_STAT_REPLAYS_REJECTED) >= 1);
		}
		attacker_unclaim(&a);
		world_free(w);
	}
}

/* No key can be made: the old one serves on, and a later try succeeds. */
static void generation_fails_for_a_while(void **state)
{
	struct world *w = rotating(504);
	struct lke_in6 coa = world_coa(w, 0);
	struct lke_lbsa_view v;

	w->ar[0]->fail_rsa_new = true;
	sim_run_for(w->net, SEC(3700));
	assert_int_equal(w->ar[0]->key_id, 1);
	assert_true(w->ar[0]->notes[LKE_NOTE_ALARM] >= 1);
	w->ar[0]->fail_rsa_new = false;
	sim_run_for(w->net, SEC(61));
	assert_int_equal(w->ar[0]->key_id, 2);
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	world_free(w);
}

/* draft01 differs: AMB-051. */
static const char *const default_only[] = {
	"amb_063_exchange_under_the_previous_key",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_134_mobile_attached_over_rotations),
		cmocka_unit_test(amb_063_exchange_under_the_previous_key),
		cmocka_unit_test(generation_fails_for_a_while),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* Renewal on the link: sequence 4. */
#include "scenario.h"

static void lke_053_renewal_before_expiry(void **state)
{
	struct world_options o = { .seed = 21, .max_lifetime = 40 };
	struct world *w = world_new(&o);
	struct lke_lbsa_view a, b;
	struct lke_in6 coa;
	const struct simframe *na1, *na2 = NULL;
	lke_time t0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	assert_true(sim_lbsa(w->ar[0], &coa, &a));
	t0 = sim_now(w->net);
	sim_run_for(w->net, SEC(35));
	/* A second exchange, with renewal proof, while the first key still lived. */
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ) >= 1);
	assert_true(sim_lbsa(w->ar[0], &coa, &b));
	assert_int_equal(b.state, LKE_LBSA_VALID);
	assert_true(b.expires > a.expires);
	assert_true(b.proved == !as_draft01());
	/* The cached advertisement is the new one (LKE-055). */
	na1 = sim_find(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH);
	for (size_t n = 0; n < sim_frames(w->net); n++)
		if (sim_frame(w->net, n)->from == w->mn &&
		    sim_frame(w->net, n)->msg == LKE_MSG_DAD_NA_AUTH)
			na2 = sim_frame(w->net, n);
	assert_ptr_not_equal(na1, na2);
	sim_move(w->mn, 0, NULL, 0);
	t0 = sim_now(w->net);
	sim_dad(w->host, 0, &coa);
	sim_run_for(w->net, MSEC(500));
	assert_non_null(sim_find(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH));
	assert_memory_equal(sim_find(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH)->data, na2->data,
			    na2->len);
	world_free(w);
}

/* The threshold passed while the node was away and its binding was given back: it renews when it
 * has come back, or every connection that begins there would end with the old key. */
static void amb_046_overdue_renewal_after_the_return(void **state)
{
	struct world_options o = { .seed = 27, .max_lifetime = 120, .strategy = LKE_STRATEGY_BOTH };
	struct world *w = world_new(&o);
	struct lke_lbsa_view before, after;
	struct lke_in6 coa;
	lke_time t0;

	w->mn->reports = true;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	assert_true(sim_lbsa(w->mn, &coa, &before));
	sim_probe(w->mn, &w->hoa, &w->cn_addr, 1); /* so it knows that silence means something */
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	sim_run(w->net, before.expires - SEC(24));
	assert_false(sim_binding(w->ar[0], &coa, &(struct lke_binding_view){ 0 }));
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	sim_run_for(w->net, SEC(2));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ),
			 0); /* AMB-117: a stay first */
	sim_run_for(w->net, SEC(10));
	assert_true(sim_lbsa(w->mn, &coa, &after));
	assert_true(after.expires > before.expires);
	assert_true(sim_lbsa(w->ar[0], &coa, &after));
	assert_int_equal(after.state, LKE_LBSA_VALID);
	assert_true(after.expires > before.expires);
	world_free(w);
}

static void amb_052_old_key_serves_until_the_new_one_is_valid(void **state)
{
	struct world_options o = { .seed = 22, .max_lifetime = 60 };
	struct world *w = world_new(&o);
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	lke_time t0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	t0 = sim_now(w->net);
	while (!sim_find(w->net, t0, w->mn, LKE_MSG_KEREQ) && sim_now(w->net) < t0 + SEC(60))
		sim_run_for(w->net, MSEC(5));
	sim_run_for(w->net, MSEC(100));
	/* The DAD window of the renewal is open; the mobile node leaves now and still gets service.
	 */
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	sim_move(w->mn, 0, w->link[1], MSEC(30));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	world_free(w);
}

static void renewals_go_on_for_hours(void **state)
{
	struct world_options o = { .seed = 23, .max_lifetime = 120 };
	struct world *w = world_new(&o);
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	for (unsigned i = 0; i < 300; i++) {
		sim_run_for(w->net, SEC(60));
		if (as_draft01()) /* its detection may run, and the key before it went at once */
			assert_true(world_wait_lbsa(w, 0, SEC(3)));
		assert_true(sim_lbsa(w->ar[0], &coa, &v));
		assert_int_equal(v.state, LKE_LBSA_VALID);
	}
	world_free(w);
}

/*
 * With noise a renewal may fail; then the old key serves to its end (AMB-052) and the mobile node
 * asks again.  A key that is VALID must never be lost by a failed renewal (in draft01 it is), and
 * the state must not stay bad once the noise ends.
 */
static void renewal_with_noise(unsigned loss, unsigned dup, unsigned reorder)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world_options o = { .seed = 100 + seed, .max_lifetime = 120 };
		struct world *w = world_new(&o);
		struct lke_lbsa_view v;
		struct lke_in6 coa;
		lke_time until;

		world_attach(w, 0);
		assert_true(world_wait_lbsa(w, 0, SEC(60)));
		coa = world_coa(w, 0);
		assert_true(sim_lbsa(w->ar[0], &coa, &v));
		until = v.expires;
		world_noise(w, loss, dup, reorder);
		for (unsigned i = 0; i < 600; i++) {
			sim_run_for(w->net, SEC(1));
			if (sim_lbsa(w->ar[0], &coa, &v) && v.state == LKE_LBSA_VALID)
				until = v.expires;
			else
				assert_true(as_draft01() || sim_now(w->net) + LKE_SEC >= until);
		}
		world_noise(w, 0, 0, 0);
		assert_true(world_wait_lbsa(w, 0, SEC(900)));
		world_free(w);
	}
}

static void seq4_with_loss(void **state)
{
	renewal_with_noise(150, 0, 0);
}
static void seq4_with_duplication(void **state)
{
	renewal_with_noise(0, 300, 0);
}
static void seq4_with_reordering(void **state)
{
	renewal_with_noise(0, 0, 300);
}

/* draft01 differs: AMB-052. */
static const char *const default_only[] = {
	"amb_052_old_key_serves_until_the_new_one_is_valid",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_053_renewal_before_expiry),
		cmocka_unit_test(amb_046_overdue_renewal_after_the_return),
		cmocka_unit_test(amb_052_old_key_serves_until_the_new_one_is_valid),
		cmocka_unit_test(renewals_go_on_for_hours),
		cmocka_unit_test(seq4_with_loss),
		cmocka_unit_test(seq4_with_duplication),
		cmocka_unit_test(seq4_with_reordering),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

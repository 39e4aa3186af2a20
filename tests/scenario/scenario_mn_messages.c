/* SPDX-License-Identifier: ISC */
/* What mobility costs on a link without loss, in messages. */
#include "scenario.h"

static unsigned count_all(const struct world *w, lke_time since, enum lke_msg msg)
{
	unsigned n = 0;

	/* Frames as they were sent, not as routers passed them on. */
	for (size_t i = 0; i < sim_frames(w->net); i++) {
		const struct simframe *f = sim_frame(w->net, i);

		n += f->at >= since && f->msg == msg &&
		     (f->from == w->mn || f->from == w->ar[0] || f->from == w->ar[1]) &&
		     f->link != w->core;
	}
	return n;
}

static void exchange_is_two_messages_and_two_for_dad(void **state)
{
	struct world *w = world_plain();
	lke_time t0 = sim_now(w->net);

	(void)state;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	sim_run_for(w->net, SEC(60));
	assert_int_equal(count_all(w, t0, LKE_MSG_KEREQ), 1);
	assert_int_equal(count_all(w, t0, LKE_MSG_KEACK), 1);
	assert_int_equal(count_all(w, t0, LKE_MSG_DAD_NS_AUTH), 1);
	assert_int_equal(count_all(w, t0, LKE_MSG_DAD_NA_AUTH), 1);
	world_free(w);
}

static void handover_is_two_or_three_messages(void **state)
{
	struct world *w = world_plain();
	unsigned bu, ba, finished;
	lke_time t0;

	(void)state;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	for (unsigned n = 0; n < 2; n++) {
		t0 = sim_now(w->net);
		world_attach(w, n ? 2 : 1);
		/* Too short for a key with this router: the next move binds at the first only. */
		sim_run_for(w->net, MSEC(800));
		bu = sim_count(w->net, t0, w->mn, LKE_MSG_BU);
		finished = sim_count(w->net, t0, w->mn, LKE_MSG_FINISHED);
		ba = 0;
		for (size_t i = 0; i < sim_frames(w->net); i++) {
			const struct simframe *f = sim_frame(w->net, i);

			ba += f->at >= t0 && f->from == w->ar[0] && f->msg == LKE_MSG_BA;
		}
		assert_int_equal(bu, 1);
		assert_int_equal(ba, 1);
		assert_true(finished <= 1);
	}
	world_free(w);
}

static void no_finished_makes_it_two(void **state)
{
	struct world_options o = { .seed = 5, .no_finished = true };
	struct world *w = world_new(&o);
	lke_time t0;

	(void)state;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	t0 = sim_now(w->net);
	world_attach(w, 1);
	sim_run_for(w->net, SEC(30));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_BU), 1);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_FINISHED), 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange_is_two_messages_and_two_for_dad),
		cmocka_unit_test(handover_is_two_or_three_messages),
		cmocka_unit_test(no_finished_makes_it_two),
	};

	return cmocka_run_group_tests_name("scenario_mn_messages", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* The two strategies of draft 2.2 on a walk over four access routers, row by row as sequence 3 has
 * them: who is sent a Binding Update, for which address, and where the home agent tunnels to. */
#include "scenario.h"

static struct world *world_of(enum lke_strategy s, uint16_t lifetime)
{
	struct world_options o = {
		.seed = 31, .strategy = s, .max_lifetime = lifetime, .four_lke = true
	};

	return world_new(&o);
}

/* What the mobile node sent since a time: to the home agent, and to the access routers. */
struct sent {
	unsigned home;				  /* in ESP */
	unsigned routers;			  /* Binding Updates in all */
	struct lke_in6 to, home_address, care_of; /* of the last one to a router */
	lke_time home_at, router_at;		  /* of the first ones */
};

static struct sent sent_since(const struct world *w, lke_time since)
{
	struct sent s = { 0 };

	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);
		struct ip6_info i;

		if (f->at < since || f->from != w->mn || ip6_parse(f->data, f->len, &i) < 0)
			continue;
		if (i.upper == IP6_NH_ESP && s.home++ == 0)
			s.home_at = f->at;
		if (f->msg != LKE_MSG_BU || i.upper != IP6_NH_MH)
			continue;
		if (s.routers++ == 0)
			s.router_at = f->at;
		s.to = i.dst;
		s.home_address = i.hao;
		s.care_of = i.src;
	}
	return s;
}

/* To the link, and until an agent has answered; what was sent for it. */
static struct sent move(struct world *w, unsigned to)
{
	unsigned done = w->mn->notes[LKE_NOTE_HANDOVER];
	lke_time t0 = sim_now(w->net);

	sim_move(w->mn, 0, w->link[to], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, done + 1, SEC(10)));
	sim_run_for(w->net, MSEC(500));
	return sent_since(w, t0);
}

static void assert_home_at(const struct world *w, const struct lke_in6 *coa)
{
	struct lke_binding_view b;

	assert_true(sim_binding(w->ha, &w->hoa, &b));
	assert_true(in6_eq(&b.coa, coa));
}

/* One update to one router: its own former care-of address to the present one. */
static void assert_bound(const struct world *w, const struct sent *s, unsigned ar,
			 const struct lke_in6 *old, const struct lke_in6 *coa)
{
	struct lke_binding_view b;

	assert_int_equal(s->routers, 1);
	assert_true(in6_eq(&s->to, &w->ar_addr[ar]));
	assert_true(in6_eq(&s->home_address, old));
	assert_true(in6_eq(&s->care_of, coa));
	assert_true(sim_binding(w->ar[ar], old, &b));
	assert_true(in6_eq(&b.coa, coa));
}

static bool has_lbsa(const struct world *w, const struct lke_in6 *coa)
{
	struct lke_lbsa_view v;

	return sim_lbsa(w->mn, coa, &v);
}

static struct lke_in6 attach(struct world *w)
{
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	assert_home_at(w, &coa);
	return coa;
}

static void seq3_both_as_tabulated(void **state)
{
	struct world *w = world_of(LKE_STRATEGY_BOTH, 0);
	struct lke_in6 coa[4];

	(void)state;
	coa[0] = attach(w);
	for (unsigned n = 1; n < 4; n++) {
		struct sent s = move(w, n);

		coa[n] = world_coa(w, n);
		assert_bound(w, &s, n - 1, &coa[n - 1], &coa[n]);
		assert_int_equal(s.home, 1);
		assert_true(s.home_at - s.router_at <= MSEC(10)); /* the same instant */
		assert_home_at(w, &coa[n]);
		assert_true(world_wait_lbsa(w, n, SEC(60)));
		assert_true(has_lbsa(w, &coa[n - 1]) && has_lbsa(w, &coa[n]));
	}
	world_free(w);
}

static void seq3_oldest_as_tabulated(void **state)
{
	struct world *w = world_of(LKE_STRATEGY_OLDEST, 200);
	struct lke_binding_view b;
	struct lke_in6 coa[4];
	struct sent s;
	lke_time t0;

	(void)state;
	coa[0] = attach(w);
	s = move(w, 1);
	coa[1] = world_coa(w, 1);
	assert_int_equal(s.home, 0);
	assert_bound(w, &s, 0, &coa[0], &coa[1]);
	assert_true(world_wait_lbsa(w, 1, SEC(20))); /* the answer came through AR2 (AMB-072) */
	s = move(w, 2);
	coa[2] = world_coa(w, 2);
	assert_int_equal(s.home, 0);
	/* AR1 is the oldest with a successful update, AR2 the last previous one: both (AMB-180). */
	assert_int_equal(s.routers, 2);
	for (unsigned n = 0; n < 2; n++) {
		assert_true(sim_binding(w->ar[n], &coa[n], &b));
		assert_true(in6_eq(&b.coa, &coa[2]));
	}
	assert_home_at(w, &coa[0]);
	assert_true(world_wait_lbsa(w, 2, SEC(20)));
	/* T1 near its end: the home agent moves to the present care-of address, in time. */
	t0 = sim_now(w->net);
	while (sent_since(w, t0).home == 0 && sim_now(w->net) < t0 + SEC(180))
		sim_run_for(w->net, SEC(1));
	sim_run_for(w->net, SEC(1));
	assert_true(has_lbsa(w, &coa[0]));
	assert_home_at(w, &coa[2]);
	/* AR3 is the temporary home agent now. */
	s = move(w, 3);
	coa[3] = world_coa(w, 3);
	assert_int_equal(s.home, 0);
	assert_bound(w, &s, 2, &coa[2], &coa[3]);
	assert_home_at(w, &coa[2]);
	world_free(w);
}

/* AR1 is bound directly to the newest address: no chain through AR2 (AMB-127). */
static void seq3_oldest_binds_directly(void **state)
{
	struct world *w = world_of(LKE_STRATEGY_OLDEST, 0);
	struct lke_binding_view b;
	struct lke_in6 coa1, coa;

	(void)state;
	coa1 = attach(w);
	for (unsigned n = 1; n < 4; n++) {
		struct sent s = move(w, n);

		coa = world_coa(w, n);
		assert_int_equal(s.home, 0);
		assert_true(sim_binding(w->ar[0], &coa1, &b));
		assert_true(in6_eq(&b.coa, &coa));
		assert_home_at(w, &coa1);
		assert_true(world_wait_lbsa(w, n, SEC(20)));
	}
	world_free(w);
}

/* Round and round over four routers, a second on each: one of them is the temporary home agent, and
 * the home agent hears nothing. */
static void lke_088_hundred_local_handovers_without_the_home_agent(void **state)
{
	struct world *w = world_of(LKE_STRATEGY_OLDEST, 0);
	struct lke_in6 coa1;
	uint64_t mn, cn;
	lke_time t0;

	(void)state;
	coa1 = attach(w);
	t0 = sim_now(w->net);
	for (unsigned n = 1; n <= 100; n++) {
		unsigned done = w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED];
		lke_time end = sim_now(w->net) + SEC(10);

		sim_move(w->mn, 0, w->link[n % 4], MSEC(60));
		while (w->mn->notes[LKE_NOTE_HANDOVER] + w->mn->notes[LKE_NOTE_RETURNED] == done &&
		       sim_now(w->net) < end)
			sim_run_for(w->net, MSEC(5));
		assert_true(sim_now(w->net) < end);
		sim_run_for(w->net, SEC(1));
	}
	assert_int_equal(sent_since(w, t0).home, 0);
	assert_home_at(w, &coa1);
	sim_move(w->mn, 0, w->link[2], MSEC(60));
	sim_run_for(w->net, SEC(2));
	mn = w->mn->received;
	cn = w->cn->received;
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	assert_int_equal(w->cn->received - cn, 200);
	assert_int_equal(sent_since(w, t0).home, 0);
	world_free(w);
}

static void seq3_oldest_falls_back_after_three_tries(void **state)
{
	struct world *w = world_of(LKE_STRATEGY_OLDEST, 0);
	struct lke_in6 coa;
	lke_time t0;
	struct sent s;

	(void)state;
	(void)attach(w);
	w->ar[0]->dead = true;
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[3], MSEC(60));
	while (sent_since(w, t0).home == 0 && sim_now(w->net) < t0 + SEC(20))
		sim_run_for(w->net, MSEC(10));
	s = sent_since(w, t0);
	assert_int_equal(s.home, 1);
	assert_true(s.routers >= 3 && s.routers <= 4);
	sim_run_for(w->net, SEC(2));
	coa = world_coa(w, 3);
	assert_home_at(w, &coa);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq3_both_as_tabulated),
		cmocka_unit_test(seq3_oldest_as_tabulated),
		cmocka_unit_test(seq3_oldest_binds_directly),
		cmocka_unit_test(lke_088_hundred_local_handovers_without_the_home_agent),
		cmocka_unit_test(seq3_oldest_falls_back_after_three_tries),
	};

	return cmocka_run_group_tests_name("scenario_mn_walk", tests, NULL, NULL);
}

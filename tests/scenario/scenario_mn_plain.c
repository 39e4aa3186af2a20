/* SPDX-License-Identifier: ISC */
/* Links without link-layer addresses (tun, ppp) and links without duplicate address detection: the
 * sequences 1 and 2 there, at the mobile node and at the access router. */
#include "scenario.h"

static unsigned detections(const struct world *w, lke_time since)
{
	return sim_count(w->net, since, w->mn, LKE_MSG_DAD_NS);
}

/* One exchange with the router's authenticated DAD, which is the proof of liveness (AMB-099). */
static struct lke_in6 attach(struct world *w)
{
	lke_time t0 = sim_now(w->net);
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	coa = world_coa(w, 0);
	assert_true(sim_lbsa(w->mn, &coa, &v));
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_true(v.cached_na);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 1);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_DAD_NA_AUTH), 1);
	return coa;
}

static void flow(struct world *w, const struct lke_in6 *which, struct simlink *to)
{
	uint64_t mn = w->mn->received, cn = w->cn->received;
	lke_time delay = as_draft01() ? MSEC(500) : 0; /* of the router's answer, RFC 4861 6.2.6 */

	world_traffic(w, which, MSEC(300));
	sim_move(w->mn, 0, to, MSEC(60));
	world_traffic(w, which, MSEC(700));
	sim_run_for(w->net, MSEC(200));
	assert_true(w->cn->received - cn >= 998);
	assert_true(w->mn->received - mn >= 1000 - 60 - 20 - delay / LKE_MSEC);
	assert_int_equal(w->mn->received_dup + w->cn->received_dup, 0);
	assert_int_equal(w->cn->received_late_order, 0);
}

/* Away, on, and back home to the first link. */
static void walk(const struct world_options *o)
{
	struct world *w = world_new(o);
	lke_time t0 = sim_now(w->net);
	struct lke_binding_view b;
	struct lke_in6 coa1 = attach(w);

	flow(w, &coa1, w->link[1]);
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	flow(w, &w->hoa, w->link[2]);
	assert_true(world_wait_lbsa(w, 2, SEC(20)));
	sim_run_for(w->net, SEC(2));
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_RETURNED, 1, SEC(5)));
	assert_false(sim_binding(w->ar[0], &coa1, &b));
	sim_run_for(w->net, SEC(20)); /* and a new exchange there (AMB-117) */
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ) >= 4);
	assert_int_equal(detections(w, t0), 0);
	world_free(w);
}

static void lke_011_point_to_point_links(void **state)
{
	struct world_options o = { .seed = 11, .point_to_point = true };

	(void)state;
	walk(&o);
}

static void lke_011_point_to_point_without_a_home_agent(void **state)
{
	struct world_options o = {
		.seed = 12, .point_to_point = true, .local_only = true, .no_ha = true
	};
	struct world *w;
	struct lke_in6 coa1;

	(void)state;
	if (as_draft01())
		return; /* LocalOnly is never draft01 (AMB-073) */
	w = world_new(&o);
	coa1 = attach(w);
	flow(w, &coa1, w->link[1]);
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	world_free(w);
}

static void amb_099_links_without_dad(void **state)
{
	struct world_options o = { .seed = 13, .no_dad = true };

	(void)state;
	walk(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_011_point_to_point_links),
		cmocka_unit_test(lke_011_point_to_point_without_a_home_agent),
		cmocka_unit_test(amb_099_links_without_dad),
	};

	return cmocka_run_group_tests_name("scenario_mn_plain", tests, NULL, NULL);
}

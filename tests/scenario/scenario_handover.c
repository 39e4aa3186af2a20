/* SPDX-License-Identifier: ISC */
/* Handover with Binding Update, Acknowledgement and Finished; return to the old link: sequence 2.
 */
#include "scenario.h"

static struct world *attached(const struct world_options *o)
{
	struct world *w = world_new(o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

/* A router of the draft answers a solicitation when RFC 4861 lets it (AMB-181). */
static lke_time router_delay(void)
{
	return as_draft01() ? MSEC(500) : 0;
}

struct order {
	const struct simnode *mn;
	enum lke_msg first[2]; /* of NA and BU that it sends */
	unsigned n;
};

static void note_order(void *ctx, const struct simframe *f)
{
	struct order *o = ctx;

	if (f->from == o->mn && o->n < 2 && (f->msg == LKE_MSG_NA || f->msg == LKE_MSG_BU))
		o->first[o->n++] = f->msg;
}

/* The answer to the update must not wait for address resolution (ADR 90). */
static void rfc_9131_routers_learn_the_address_before_the_update(void **state)
{
	struct world_options opt = { .seed = 2 };
	struct world *w = attached(&opt);
	struct order o = { .mn = w->mn };

	sim_observe(w->net, note_order, NULL, &o);
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_observe(w->net, NULL, NULL, NULL);
	assert_int_equal(o.n, 2);
	assert_int_equal(o.first[0], LKE_MSG_NA);
	assert_int_equal(o.first[1], LKE_MSG_BU);
	world_free(w);
}

static void seq2_handover_messages(void **state)
{
	struct world_options o = { .seed = 2 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0), coa2;
	const struct simframe *bu, *ba, *fin, *rs;
	struct lke_binding_view b;
	struct ip6_info i;
	lke_time t0 = sim_now(w->net);

	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	coa2 = world_coa(w, 1);
	rs = sim_find(w->net, t0, w->mn, LKE_MSG_RS);
	bu = sim_find(w->net, t0, w->mn, LKE_MSG_BU);
	ba = sim_find(w->net, t0, w->ar[0], LKE_MSG_BA);
	assert_non_null(rs);
	assert_non_null(bu);
	assert_non_null(ba);
	/* Router solicitation at carrier up, update within a round trip of it, no waiting for DAD.
	 */
	assert_true(rs->at - t0 <= MSEC(61));
	assert_true(bu->at - rs->at <= MSEC(3) + router_delay());
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	assert_true(in6_eq(&i.src, &coa2));
	assert_true(in6_eq(&i.dst, &w->ar_addr[0]));
	assert_true(i.has_hao && in6_eq(&i.hao, &coa1));
	assert_int_equal(ip6_parse(ba->data, ba->len, &i), 0);
	assert_true(i.has_rh2 && in6_eq(&i.rh2, &coa1) && in6_eq(&i.dst, &coa2));
	sim_run_for(w->net, MSEC(50));
	fin = sim_find(w->net, t0, w->mn, LKE_MSG_FINISHED);
	assert_non_null(fin);
	assert_true(fin->at - ba->at <= MSEC(100));
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	assert_true(in6_eq(&b.coa, &coa2));
	/* No duplicate address detection of the previous access router (LKE-176). */
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	world_free(w);
}

/* On a loss-free link three messages, or two where no Finished is asked for, and no more behind. */
static void messages_of_a_handover(bool finished)
{
	struct world_options o = { .seed = 9, .no_finished = !finished };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_binding_view b;
	lke_time t0;

	sim_run_for(w->net, SEC(5));
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(60));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_BU), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 1);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_FINISHED), finished);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BRR), 0);
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	/* The exchange with the next router: two, and two of DAD. */
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[1], LKE_MSG_KEACK), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[1], LKE_MSG_DAD_NS_AUTH), 1);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_DAD_NA_AUTH), 1);
	world_free(w);
}

static void seq2_three_messages_and_no_more(void **state)
{
	messages_of_a_handover(true);
}

static void seq2_two_messages_without_finished(void **state)
{
	messages_of_a_handover(false);
}

static void flow(const struct lke_in6 *which, struct world *w, struct simlink *to)
{
	uint64_t mn = w->mn->received, cn = w->cn->received;

	world_traffic(w, which, MSEC(300));
	sim_move(w->mn, 0, to, MSEC(60));
	world_traffic(w, which, MSEC(700));
	sim_run_for(w->net, MSEC(200));
	/* Up: parked and sent in order, nothing lost but what was on the air.  Down: the gap and a
	 * round trip. */
	assert_true(w->cn->received - cn >= 998);
	assert_true(w->mn->received - mn >= 1000 - 60 - 20 - router_delay() / LKE_MSEC);
	assert_int_equal(w->mn->received_dup, 0);
	assert_int_equal(w->cn->received_dup, 0);
	assert_int_equal(w->cn->received_late_order, 0);
}

static void lke_093_flow_to_old_coa_goes_on(void **state)
{
	struct world_options o = { .seed = 3 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);

	flow(&coa1, w, w->link[1]);
	assert_true(w->ar[0]->notes[LKE_NOTE_BINDING] >= 1);
	world_free(w);
}

static void home_flow_goes_on_in_nested_tunnels(void **state)
{
	struct world_options o = { .seed = 4 };
	struct world *w = attached(&o);

	flow(&w->hoa, w, w->link[1]);
	world_free(w);
}

static void lke_095_service_without_the_home_agent(void **state)
{
	struct world_options o = { .seed = 5 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);

	w->ha->dead = true;
	flow(&coa1, w, w->link[1]);
	world_free(w);
}

static void seq2_return_to_the_old_link_deregisters(void **state)
{
	struct world_options o = { .seed = 6 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_binding_view b;
	const struct simframe *bu;
	struct ip6_info i;
	lke_time t0;

	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(5));
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_RETURNED, 1, SEC(5)));
	bu = sim_find(w->net, t0, w->mn, LKE_MSG_BU);
	assert_non_null(bu);
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	assert_false(i.has_hao);
	assert_true(in6_eq(&i.src, &coa1));
	assert_false(sim_binding(w->ar[0], &coa1, &b));
	/* The returning node does no duplicate address detection for the defended address
	 * (BASE-11). */
	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);

		if (f->at >= t0 && f->from == w->mn && f->msg == LKE_MSG_DAD_NS)
			assert_memory_not_equal(f->data + 48, coa1.b, 16);
	}
	flow(&coa1, w, w->link[1]);
	world_free(w);
}

static void finished_lost_binding_is_refreshed(void **state)
{
	struct world_options o = { .seed = 7 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_binding_view b;

	w->link[1]->drop_msg = LKE_MSG_FINISHED;
	w->link[1]->drop_count = 1;
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	sim_run_for(w->net, SEC(10));
	assert_true(sim_binding(w->ar[0], &coa1, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	world_free(w);
}

static void handover_with_noise(unsigned loss, unsigned dup, unsigned reorder)
{
	for (uint64_t seed = 1; seed <= 25; seed++) {
		struct world_options o = { .seed = seed };
		struct world *w = attached(&o);
		struct lke_in6 coa1 = world_coa(w, 0);
		struct lke_binding_view b;
		lke_time end;

		world_noise(w, loss, dup, reorder);
		sim_move(w->mn, 0, w->link[1], MSEC(60));
		end = sim_now(w->net) + SEC(60);
		while (sim_now(w->net) < end &&
		       !(sim_binding(w->ar[0], &coa1, &b) && b.state == LKE_BINDING_OK))
			sim_run_for(w->net, MSEC(10));
		/* A Finished that was lost is asked for again by the default only (AMB-112). */
		if (!sim_binding(w->ar[0], &coa1, &b) ||
		    (b.state != LKE_BINDING_OK && !as_draft01()))
			fail_msg("seed %u: no binding", (unsigned)seed);
		world_free(w);
	}
}

static void seq2_with_loss(void **state)
{
	handover_with_noise(100, 0, 0);
}
static void seq2_with_duplication(void **state)
{
	handover_with_noise(0, 300, 0);
}
static void seq2_with_reordering(void **state)
{
	handover_with_noise(0, 0, 300);
}

/* draft01 differs: AMB-112. */
static const char *const default_only[] = {
	"finished_lost_binding_is_refreshed",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq2_handover_messages),
		cmocka_unit_test(seq2_three_messages_and_no_more),
		cmocka_unit_test(seq2_two_messages_without_finished),
		cmocka_unit_test(rfc_9131_routers_learn_the_address_before_the_update),
		cmocka_unit_test(lke_093_flow_to_old_coa_goes_on),
		cmocka_unit_test(home_flow_goes_on_in_nested_tunnels),
		cmocka_unit_test(lke_095_service_without_the_home_agent),
		cmocka_unit_test(seq2_return_to_the_old_link_deregisters),
		cmocka_unit_test(finished_lost_binding_is_refreshed),
		cmocka_unit_test(seq2_with_loss),
		cmocka_unit_test(seq2_with_duplication),
		cmocka_unit_test(seq2_with_reordering),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

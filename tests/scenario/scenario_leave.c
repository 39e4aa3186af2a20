/* SPDX-License-Identifier: ISC */
/* Announced and hinted leaves under load, in virtual time: docs/adr/0030, AMB-112. */
#include "scenario.h"

static struct world *attached(const struct world_options *o)
{
	struct world *w = world_new(o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	return w;
}

static void announce(struct world *w)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_HANDOVER;
	sim_event(w->mn, &ev);
}

struct tally {
	uint64_t down, up, sent;
};

static struct tally tally(const struct world *w)
{
	return (struct tally){ w->mn->received, w->cn->received, w->probe };
}

/* Everything that was sent since has come, once and in order. */
static void all_came(const struct world *w, const struct tally *t)
{
	uint64_t sent = w->probe - t->sent; /* each way */

	assert_int_equal(w->mn->received_dup + w->cn->received_dup, 0);
	assert_int_equal(w->mn->received_late_order + w->cn->received_late_order, 0);
	assert_int_equal(w->mn->received - t->down, sent);
	assert_int_equal(w->cn->received - t->up, sent);
}

/* Announces, moves when all have answered (two round trips), and goes on. */
static void move(struct world *w, const struct lke_in6 *flow, unsigned to)
{
	announce(w);
	world_traffic(w, flow, MSEC(12));
	sim_move(w->mn, 0, w->link[to], MSEC(60));
	world_traffic(w, flow, MSEC(1200));
}

static void announced_handover_loses_nothing(void **state)
{
	struct world_options o = { .seed = 31 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct tally t = tally(w);

	world_traffic(w, &coa1, MSEC(100));
	move(w, &coa1, 1);
	sim_run_for(w->net, MSEC(200));
	all_came(w, &t);
	assert_true(w->mn->received - t.down > 1000);
	assert_int_equal(w->ar[0]->notes[LKE_NOTE_LEAVING], 1);
	assert_int_equal(w->ar[0]->notes[LKE_NOTE_LEAVE_END], 1);
	world_free(w);
}

/* Away, on to a third link, back to the second, home: with the home agent's tunnel inside. */
static void announced_walk_loses_nothing(void **state)
{
	static const unsigned walk[] = { 1, 2, 1, 0, 2, 0, 1, 0 };
	struct world_options o = { .seed = 32 };
	struct world *w = attached(&o);
	struct tally t;

	for (unsigned n = 1; n < 3; n++) { /* keys with all routers first */
		sim_move(w->mn, 0, w->link[n], MSEC(60));
		assert_true(world_wait_lbsa(w, n, SEC(60)));
	}
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	sim_run_for(w->net, SEC(10));
	t = tally(w);
	for (unsigned n = 0; n < sizeof(walk) / sizeof(walk[0]); n++)
		move(w, &w->hoa, walk[n]);
	sim_run_for(w->net, MSEC(500));
	all_came(w, &t);
	world_free(w);
}

static void announced_leave_that_does_not_come_loses_nothing(void **state)
{
	struct world_options o = { .seed = 33 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct tally t = tally(w);

	announce(w);
	world_traffic(w, &coa1, MSEC(100));
	assert_true(w->ar[0]->intercept.n == 1);
	world_traffic(w, &coa1, SEC(3));
	sim_run_for(w->net, MSEC(200));
	all_came(w, &t);
	assert_int_equal(w->ar[0]->intercept.n, 0);
	/* Both are as before, and a real handover works. */
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	world_free(w);
}

static void a_node_that_is_back_at_once_loses_nothing(void **state)
{
	struct world_options o = { .seed = 34 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct tally t = tally(w);

	move(w, &coa1, 0);
	sim_run_for(w->net, MSEC(200));
	all_came(w, &t);
	assert_int_equal(w->ar[0]->intercept.n, 0);
	world_free(w);
}

/* The link layer of the router says it; the node itself knows nothing and loses what it sends. */
static void hint_at_the_router_saves_what_comes_down(void **state)
{
	struct world_options o = { .seed = 35 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct tally t;

	ev.command.cmd = LKE_CMD_LEAVE;
	ev.command.lladdr = w->mn->iface[0].lladdr;
	t = tally(w);
	world_traffic(w, &coa1, MSEC(50));
	sim_event(w->ar[0], &ev);
	world_traffic(w, &coa1, MSEC(8));
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	world_traffic(w, &coa1, MSEC(800));
	sim_run_for(w->net, MSEC(200));
	assert_int_equal(w->mn->received - t.down, w->probe - t.sent);
	assert_int_equal(w->mn->received_dup, 0);
	assert_int_equal(w->mn->received_late_order, 0);
	world_free(w);
}

static void wrong_hint_costs_half_a_second_and_no_packet(void **state)
{
	struct world_options o = { .seed = 36 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct tally t = tally(w);

	ev.command.cmd = LKE_CMD_LEAVE;
	ev.command.arg = coa1;
	sim_event(w->ar[0], &ev);
	world_traffic(w, &coa1, SEC(1));
	sim_run_for(w->net, MSEC(200));
	all_came(w, &t);
	assert_int_equal(w->ar[0]->intercept.n, 0);
	world_free(w);
}

static void what_waits_for_a_node_that_never_comes_is_dropped(void **state)
{
	struct world_options o = { .seed = 37 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);

	announce(w);
	world_traffic(w, &coa1, MSEC(8));
	w->mn->dead = true;
	sim_move(w->mn, 0, NULL, MSEC(60));
	world_traffic(w, &coa1, MSEC(500));
	sim_run_for(w->net, SEC(4));
	assert_true(w->ar[0]->buffer_dropped > 400);
	assert_int_equal(w->ar[0]->intercept.n, 0);
	assert_int_equal(lke_engine_stat(w->ar[0]->engine, LKE_STAT_LEAVES_LOST), 1);
	world_free(w);
}

/* No Finished yet, and more than the credit has come: it waits and goes out in order. */
static void amb_112_packets_over_the_credit_wait_for_the_finished(void **state)
{
	struct world_options o = { .seed = 38 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);
	uint64_t before = w->mn->received;
	uint32_t first = w->probe;

	/* The acknowledgement gets lost, so that the Finished comes a second later. */
	w->link[1]->drop_msg = LKE_MSG_BA;
	w->link[1]->drop_count = 1;
	announce(w);
	world_traffic(w, &coa1, MSEC(8));
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	world_traffic(w, &coa1, MSEC(950));
	assert_true(w->ar[0]->queues > 0);
	for (unsigned n = 0; n < 900; n++)
		sim_probe(w->cn, &w->cn_addr, &coa1, ++w->probe);
	sim_run_for(w->net, MSEC(3000));
	assert_true(w->ar[0]->notes[LKE_NOTE_BINDING] >= 2); /* not proved, then proved */
	assert_int_equal(w->mn->received - before, w->probe - first);
	assert_int_equal(w->mn->received_late_order, 0);
	world_free(w);
}

static void an_old_router_changes_nothing_by_it(void **state)
{
	struct world_options o = { .seed = 39, .profile = LKE_PROFILE_DRAFT01 };
	struct world *w = attached(&o);
	struct lke_in6 coa1 = world_coa(w, 0);

	announce(w);
	sim_run_for(w->net, MSEC(20));
	assert_int_equal(w->ar[0]->intercept.n, 0);
	assert_string_equal(w->mn->last_note[LKE_NOTE_LEAVING].text,
			    "the router does not keep packets");
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	world_traffic(w, &coa1, MSEC(500));
	assert_true(w->ar[0]->notes[LKE_NOTE_BINDING] >= 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announced_handover_loses_nothing),
		cmocka_unit_test(announced_walk_loses_nothing),
		cmocka_unit_test(announced_leave_that_does_not_come_loses_nothing),
		cmocka_unit_test(a_node_that_is_back_at_once_loses_nothing),
		cmocka_unit_test(hint_at_the_router_saves_what_comes_down),
		cmocka_unit_test(wrong_hint_costs_half_a_second_and_no_packet),
		cmocka_unit_test(what_waits_for_a_node_that_never_comes_is_dropped),
		cmocka_unit_test(amb_112_packets_over_the_credit_wait_for_the_finished),
		cmocka_unit_test(an_old_router_changes_nothing_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

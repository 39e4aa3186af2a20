/* SPDX-License-Identifier: ISC */
/* Attachment, home registration, key exchange and authenticated DAD: sequence 1 of the protocol. */
#include "scenario.h"

static lke_time first(const struct world *w, lke_time since, const struct simnode *n,
		      enum lke_msg m)
{
	const struct simframe *f = sim_find(w->net, since, n, m);

	assert_non_null(f);
	return f->at;
}

static void seq1_attach_order_on_the_wire(void **state)
{
	struct world *w = world_plain();
	lke_time t0 = sim_now(w->net), rs, ra, req, ack, ns, na;
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	rs = first(w, t0, w->mn, LKE_MSG_RS);
	ra = first(w, rs, w->ar[0], LKE_MSG_RA);
	req = first(w, t0, w->mn, LKE_MSG_KEREQ);
	ack = first(w, t0, w->ar[0], LKE_MSG_KEACK);
	ns = first(w, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH);
	na = first(w, t0, w->mn, LKE_MSG_DAD_NA_AUTH);
	assert_true(rs - t0 <= MSEC(15));
	assert_true(rs < ra && ra < req && req < ack && ack <= ns && ns < na);
	assert_true(ns - ack <= MSEC(100));
	assert_true(na - ns <= SEC(1));
	assert_true(w->mn->notes[LKE_NOTE_REGISTERED] >= 1);
	coa = world_coa(w, 0);
	assert_true(sim_lbsa(w->mn, &coa, &v));
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_true(v.cached_na);
	/* A loss-free link: one request, one acknowledgement, one of each DAD message (LKE-029),
	 * and no more of them behind. */
	sim_run_for(w->net, SEC(60));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 1);
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_DAD_NA_AUTH), 1);
	world_free(w);
}

/* A router with packets for an address that was away may sit out a second of silence (RFC 9131). */
static void rfc_9131_routers_learn_the_new_address_at_once(void **state)
{
	struct world *w = world_plain();
	lke_time t0 = sim_now(w->net);
	const struct simframe *f;
	struct ip6_info i;
	struct nd_msg m;

	world_attach(w, 0);
	sim_run_for(w->net, MSEC(500));
	f = sim_find(w->net, t0, w->mn, LKE_MSG_NA);
	assert_non_null(f);
	assert_int_equal(ip6_parse(f->data, f->len, &i), 0);
	assert_int_equal(nd_decode(&i, &m), 0);
	assert_true(in6_eq(&i.dst, &in6_all_routers));
	assert_true(in6_prefix_eq(&m.target, &w->ar_addr[0], 64));
	assert_true(lladdr_eq(&m.lladdr, &w->mn->iface[0].lladdr));
	assert_int_equal(m.na_flags, 0); /* not solicited; an optimistic address never overrides */
	world_free(w);
}

/* Names seen of the timers of one engine; each has one, and they come in order. */
static void timer_names(const struct simnode *n, enum lke_role role, const char *want)
{
	static struct lke_timer_view v[LKE_TIMERS_MAX];
	size_t all, count = lke_engine_timers(n->engine, v, LKE_TIMERS_MAX, &all);
	bool seen = false;

	assert_int_equal(count, all);
	assert_true(count > 0);
	assert_int_equal(v[0].at, lke_engine_deadline(n->engine));
	for (size_t i = 0; i < count; i++) {
		assert_string_not_equal(v[i].name, "other");
		assert_int_equal(v[i].role, role);
		assert_true(i == 0 || v[i].at >= v[i - 1].at);
		seen = seen || strcmp(v[i].name, want) == 0;
	}
	assert_true(seen);
}

static void op_every_timer_has_a_name(void **state)
{
	struct world *w = world_plain();

	world_attach(w, 0);
	sim_run_for(w->net, MSEC(300));
	timer_names(w->mn, LKE_ROLE_MN, "dad");
	timer_names(w->ha, LKE_ROLE_HA, "dad");
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	timer_names(w->mn, LKE_ROLE_MN, "lbsa_renewal");
	timer_names(w->ar[0], LKE_ROLE_AR, "lbsa_end");
	timer_names(w->ha, LKE_ROLE_HA, "binding_end");
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	sim_run_for(w->net, SEC(1));
	timer_names(w->mn, LKE_ROLE_MN, "binding_update");
	timer_names(w->ar[0], LKE_ROLE_AR, "binding_end");
	timer_names(w->ar[0], LKE_ROLE_AR, "router_advertisement");
	world_free(w);
}

static void lke_027_no_request_before_registration(void **state)
{
	struct world *w = world_plain();
	lke_time t0 = sim_now(w->net);

	w->ha->dead = true;
	world_attach(w, 0);
	sim_run_for(w->net, SEC(30));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
	w->ha->dead = false;
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	world_free(w);
}

static void lke_022_plain_router_plain_mobile_ipv6(void **state)
{
	struct world *w = world_plain();
	lke_time t0 = sim_now(w->net);

	world_attach(w, 3);
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_REGISTERED, 1, SEC(20)));
	sim_run_for(w->net, SEC(30));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 200);
	assert_int_equal(w->cn->received, 200);
	world_free(w);
}

static void lke_028_home_traffic_flows_during_the_exchange(void **state)
{
	struct world *w = world_plain();

	world_attach(w, 0);
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_REGISTERED, 1, SEC(20)));
	world_traffic(w, &w->hoa, SEC(5));
	sim_run_for(w->net, MSEC(100));
	assert_true(world_wait_lbsa(w, 0, SEC(5)));
	assert_int_equal(w->mn->received, 5000);
	assert_int_equal(w->cn->received, 5000);
	assert_int_equal(w->mn->received_dup + w->cn->received_dup, 0);
	world_free(w);
}

static void lke_049_third_host_gets_the_cached_advertisement(void **state)
{
	struct world *w = world_plain();
	const struct simframe *na, *again;
	struct lke_in6 coa;
	lke_time t0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	coa = world_coa(w, 0);
	na = sim_find(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH);
	assert_non_null(na);
	sim_move(w->mn, 0, NULL, 0);
	t0 = sim_now(w->net);
	sim_dad(w->host, 0, &coa);
	sim_run_for(w->net, SEC(1));
	assert_true(w->host->dad_na_seen >= 1);
	again = sim_find(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH);
	assert_non_null(again);
	assert_int_equal(again->len, na->len);
	assert_memory_equal(again->data, na->data, na->len);
	assert_memory_equal(again->src.b, w->ar[0]->iface[0].lladdr.b, 6);
	world_free(w);
}

static void lke_182_lost_acknowledgement_is_asked_for_again(void **state)
{
	struct world *w = world_plain();
	const struct simframe *a, *b;
	lke_time t0 = sim_now(w->net);

	w->link[0]->drop_msg = LKE_MSG_KEACK;
	w->link[0]->drop_count = 1;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(30)));
	sim_run_for(w->net, SEC(10));
	a = sim_find(w->net, t0, w->mn, LKE_MSG_KEREQ);
	b = sim_find(w->net, a->at + 1, w->mn, LKE_MSG_KEREQ);
	assert_non_null(b);
	/* Seq# stands at octet 6 of the Mobility Header, behind 40 + 24 octets: increased by one.
	 */
	assert_int_equal((uint16_t)(b->data[70] << 8 | b->data[71]),
			 (uint16_t)((a->data[70] << 8 | a->data[71]) + 1));
	/* Each transmission is encrypted anew (AMB-051). */
	assert_memory_not_equal(a->data + 72, b->data + 72, 128);
	world_free(w);
}

/*
 * The router ends an exchange silently when every answer to its DAD was lost (AMB-097): the mobile
 * node learns it from the 134 to its first Binding Update.  That may happen with loss, now and
 * then; nothing else may.
 */
static void attach_with_noise(unsigned loss, unsigned dup, unsigned reorder)
{
	unsigned tombstones = 0;

	for (uint64_t seed = 1; seed <= 25; seed++) {
		struct world_options o = { .seed = seed };
		struct world *w = world_new(&o);
		struct lke_lbsa_view v;
		struct lke_in6 coa;

		world_noise(w, loss, dup, reorder);
		world_attach(w, 0);
		if (!world_wait_lbsa(w, 0, SEC(600))) {
			coa = world_coa(w, 0);
			assert_true(loss > 0);
			assert_true(sim_lbsa(w->ar[0], &coa, &v));
			assert_int_equal(v.state, LKE_LBSA_TOMBSTONE);
			tombstones++;
		}
		world_free(w);
	}
	assert_true(tombstones <= 2);
}

static void seq1_with_loss(void **state)
{
	attach_with_noise(150, 0, 0);
}
static void seq1_with_duplication(void **state)
{
	attach_with_noise(0, 300, 0);
}
static void seq1_with_reordering(void **state)
{
	attach_with_noise(0, 0, 300);
}
static void seq1_with_everything(void **state)
{
	attach_with_noise(100, 100, 200);
}

static void seq1f_dad(bool thief)
{
	struct world *w = world_plain();
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	world_attach(w, 0);
	/* The third host claims the address in the middle of the window. */
	while (!sim_find(w->net, 0, w->ar[0], LKE_MSG_DAD_NS_AUTH))
		sim_run_for(w->net, MSEC(1));
	coa = world_coa(w, 0);
	sim_run_for(w->net, MSEC(200));
	if (thief) {
		struct nd_msg m = { .type = ND_NA, .target = coa, .na_flags = ND_NA_O };
		struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } };
		uint8_t buf[256];
		int len;

		m.lladdr = w->host->iface[0].lladdr;
		len = nd_encode(&m, &coa, &in6_all_nodes, 0, buf, sizeof(buf));
		assert_true(len > 0);
		sim_send(w->host, 0, &all, buf, (size_t)len);
	} else {
		sim_dad(w->host, 0, &coa);
	}
	sim_run_for(w->net, SEC(2));
	if (sim_lbsa(w->ar[0], &coa, &v))
		assert_int_not_equal(v.state, LKE_LBSA_VALID);
	world_free(w);
}

static void lke_047_plain_na_in_the_window(void **state)
{
	seq1f_dad(true);
}
static void amb_089_foreign_dad_in_the_window(void **state)
{
	seq1f_dad(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq1_attach_order_on_the_wire),
		cmocka_unit_test(rfc_9131_routers_learn_the_new_address_at_once),
		cmocka_unit_test(op_every_timer_has_a_name),
		cmocka_unit_test(lke_027_no_request_before_registration),
		cmocka_unit_test(lke_022_plain_router_plain_mobile_ipv6),
		cmocka_unit_test(lke_028_home_traffic_flows_during_the_exchange),
		cmocka_unit_test(lke_049_third_host_gets_the_cached_advertisement),
		cmocka_unit_test(lke_182_lost_acknowledgement_is_asked_for_again),
		cmocka_unit_test(seq1_with_loss),
		cmocka_unit_test(seq1_with_duplication),
		cmocka_unit_test(seq1_with_reordering),
		cmocka_unit_test(seq1_with_everything),
		cmocka_unit_test(lke_047_plain_na_in_the_window),
		cmocka_unit_test(amb_089_foreign_dad_in_the_window),
	};

	return cmocka_run_group_tests_name("scenario_attach", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Attacks by Key Exchange Requests: floods, wiped and hijacked LBSAs, replays. Draft 6.2, 6.4, 6.5.
 */
#include "attack.h"
#include "core/params.h"

static const char spare[] = "2001:db8:1::bad";

static void flood(struct attacker *a, unsigned ms, bool vary)
{
	uint8_t buf[SIM_PACKET_MAX];
	size_t len = attacker_make_kereq(a, buf, sizeof(buf));
	uint32_t number = 0;

	for (unsigned t = 0; t < ms; t++) {
		for (unsigned n = 0; n < 10; n++) {
			number++;
			if (vary) { /* link-local, care-of address, link-layer address */
				memcpy(buf + 20, &number, 4);
				memcpy(buf + 40 + 8 + 12, &number, 4);
				memcpy(a->mac.b + 2, &number, 4);
			}
			buf[71] = (uint8_t)number;
			attack_fix_kereq(buf, len);
			attacker_frame(a, buf, len);
		}
		sim_run_for(a->w->net, MSEC(1));
	}
}

static void flood_of_one_source(enum lke_profile profile)
{
	struct world *w = attack_world(101, profile);
	struct attacker a = attacker_at(w, spare);
	struct snapshot before = snapshot(w);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	unsigned lines = w->ar[0]->notes[LKE_NOTE_MESSAGE];
	lke_time t0 = sim_now(w->net);

	a.no_proof = true;
	attacker_claim(&a);
	flood(&a, 2500, false);
	assert_in_range(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE) - rsa, 1, 1);
	assert_true(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK) <= 1);
	flood(&a, 1000, false);
	assert_in_range(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE) - rsa, 2, 2);
	/* 35,000 requests, not a line for each. */
	assert_true(w->ar[0]->notes[LKE_NOTE_MESSAGE] - lines < 500);
	attacker_unclaim(&a);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}
static void seq6_2a_flood_of_one_source(void **state)
{
	flood_of_one_source(LKE_PROFILE_DEFAULT);
}
static void draft01_seq6_2a_flood_of_one_source(void **state)
{
	flood_of_one_source(LKE_PROFILE_DRAFT01);
}

/* The spacing of a source that repeats grows, others do not notice. */
static void threat_02_one_source_backs_off(void **state)
{
	struct world *w = attack_world(102, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, spare);
	unsigned acks = 0, at[8] = { 0 };

	attacker_claim(&a);
	for (unsigned s = 0; s < 80; s++) {
		lke_time t = sim_now(w->net);

		attacker_kereq(&a);
		sim_run_for(w->net, SEC(1));
		if (acks < 8 && sim_count(w->net, t, w->ar[0], LKE_MSG_KEACK))
			at[acks++] = s;
	}
	assert_in_range(acks, 4, 6);
	for (unsigned n = 2; n < acks; n++)
		assert_true(at[n] - at[n - 1] >= at[n - 1] - at[n - 2]);
	assert_in_range(at[acks - 1] - at[acks - 2], 23, 25);
	attacker_unclaim(&a);
	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, SEC(1));
	assert_exchange_works(w, 1, SEC(20));
	world_free(w);
}

static void seq6_2b_flood_of_random_sources(void **state)
{
	struct world *w = attack_world(103, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, spare);
	struct snapshot before = snapshot(w);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	lke_time t0 = sim_now(w->net);

	flood(&a, 3000, true);
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE), rsa);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	/* AMB-054: solicitations stay within their own budget. */
	assert_true(sim_count(w->net, t0, w->ar[0], LKE_MSG_NS) <= AR_RESOLUTION_RATE * 4);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	/* Everything that was held is gone a little later. */
	sim_run_for(w->net, SEC(4));
	assert_exchange_works(w, 0, SEC(20));
	world_free(w);
}

static void draft01_seq6_2b_only_the_budgets_hold(void **state)
{
	struct world *w = attack_world(104, LKE_PROFILE_DRAFT01);
	struct attacker a = attacker_at(w, spare);
	struct snapshot before = snapshot(w);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);

	flood(&a, 2000, true);
	/* Known: per-source limits do not help; the budget of detections does (burst 500, 100/s).
	 */
	assert_in_range(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE) - rsa, 500, 710);
	assert_unchanged(w, &before);
	assert_newcomer_served(w);
	world_free(w);
}

static void threat_01_renewals_go_on_during_a_flood(void **state)
{
	struct world_options o = { .seed = 105, .max_lifetime = 40 };
	struct world *w = world_new(&o);
	struct attacker a = attacker_at(w, spare);
	struct lke_lbsa_view v, u;
	struct lke_in6 coa;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	sim_run_for(w->net, SEC(10));
	for (unsigned n = 0; n < 30; n++) {
		flood(&a, 40, true);
		sim_run_for(w->net, MSEC(960));
	}
	assert_true(sim_lbsa(w->ar[0], &coa, &u));
	assert_int_equal(u.state, LKE_LBSA_VALID);
	assert_true(u.expires > v.expires);
	assert_newcomer_served(w);
	world_free(w);
}

/* A request for the victim's address with another key; the attacker answers the detection. */
static void wipe(struct world *w, bool spoofed, int want)
{
	struct attacker a = attacker_at(w, NULL);
	struct snapshot before = snapshot(w);
	lke_time t0 = sim_now(w->net);

	a.coa = before.coa;
	if (spoofed)
		attacker_spoof(&a, w->mn);
	assert_false(attacker_lke(&a));
	assert_int_equal(attacker_keack(&a, t0), want);
	w->host->iface[0].lladdr = attacker_at(w, NULL).mac;
	assert_unchanged(w, &before);
}

static void threat_05_lbsa_wipe_with_victim_addresses(void **state)
{
	struct world *w = attack_world(106, LKE_PROFILE_DEFAULT);

	wipe(w, true, 129); /* proved: only its old key replaces it */
	assert_handover_works(w);
	world_free(w);
}

static void threat_06_lbsa_wipe_from_own_link_local(void **state)
{
	struct world *w = attack_world(107, LKE_PROFILE_DEFAULT);

	wipe(w, false, 129);
	assert_handover_works(w);
	world_free(w);
}

/* The literal text wipes it; detection then fails: nobody has the address, the home agent serves
 * on. */
static void draft01_threat_05_wipe_works_but_no_takeover(void **state)
{
	struct world *w = attack_world(108, LKE_PROFILE_DRAFT01);
	struct attacker a = attacker_at(w, NULL);
	struct lke_lbsa_view v;

	a.coa = world_coa(w, 0);
	a.no_proof = true;
	assert_true(sim_lbsa(w->ar[0], &a.coa, &v));
	a.seq = v.kex_seq;
	attacker_spoof(&a, w->mn);
	assert_false(attacker_lke(&a));
	assert_false(sim_lbsa(w->ar[0], &a.coa, &v) && v.state == LKE_LBSA_VALID);
	assert_exchange_works(w, 1, SEC(60));
	w->mn->received = w->cn->received = 0;
	world_traffic(w, &w->hoa, MSEC(50));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 50);
	world_free(w);
}

static void on_link_victim(enum lke_profile profile, bool had_lbsa)
{
	struct world *w = attack_world(109, profile);
	struct attacker a = attacker_at(w, NULL);
	struct bu_spec s = { .dst = &w->ar_addr[0], .home = &a.coa, .kbm = a.kbm, .lifetime = 60 };
	struct lke_in6 src = w->cn_addr;
	bool is_signed = false;
	int status;
	lke_time t0;

	a.no_proof = profile == LKE_PROFILE_DRAFT01;
	a.coa = world_coa(w, 0);
	if (!had_lbsa) {
		struct lke_event flush = { .type = LKE_EV_COMMAND };

		flush.command.cmd = LKE_CMD_FLUSH_LBSA;
		sim_event(w->ar[0], &flush);
	}
	if (profile == LKE_PROFILE_DRAFT01 && had_lbsa) {
		struct lke_lbsa_view v;

		assert_true(sim_lbsa(w->ar[0], &a.coa, &v));
		a.seq = v.kex_seq;
	}
	assert_false(attacker_lke(&a));
	t0 = sim_now(w->net);
	s.src = &src;
	s.seq = 1;
	attack_bu(w, &s);
	status = attack_ba(w, w->ar[0], t0, a.kbm, &is_signed, NULL);
	if (profile == LKE_PROFILE_DRAFT01) { /* the tombstone answers */
		assert_int_equal(status, STATUS_DAD_FAILED);
		assert_true(is_signed);
	} else { /* its key was never accepted */
		assert_true(status == STATUS_NOT_HOME_AGENT || status == STATUS_UNSPECIFIED);
		assert_false(is_signed);
	}
	assert_false(sim_binding(w->ar[0], &a.coa, &(struct lke_binding_view){ 0 }));
	assert_newcomer_served(w);
	world_free(w);
}
static void seq6_4a_on_link_victim(void **state)
{
	on_link_victim(LKE_PROFILE_DEFAULT, true);
	on_link_victim(LKE_PROFILE_DEFAULT, false);
}
static void draft01_seq6_4a_on_link_victim(void **state)
{
	on_link_victim(LKE_PROFILE_DRAFT01, true);
	on_link_victim(LKE_PROFILE_DRAFT01, false);
}

static void just_left(bool spoofed)
{
	struct world *w = attack_world(110, LKE_PROFILE_DEFAULT);
	struct lke_in6 coa = world_coa(w, 0);

	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, MSEC(100));
	wipe(w, spoofed, STATUS_PROHIBITED);
	/* The victim arrives elsewhere; its address is still its own. */
	sim_move(w->mn, 0, w->link[1], MSEC(10));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	assert_true(sim_binding(w->ar[0], &coa, &(struct lke_binding_view){ 0 }));
	assert_newcomer_served(w);
	world_free(w);
}
static void seq6_4b_victim_just_left(void **state)
{
	just_left(false);
}
/* THREATS 7 with every address spoofed: only the old key replaces a proved LBSA (AMB-170). */
static void threat_07_hijack_after_departure(void **state)
{
	just_left(true);
}

static void draft01_seq6_4b_hijack_succeeds(void **state)
{
	struct world *w = attack_world(111, LKE_PROFILE_DRAFT01);
	struct attacker a = attacker_at(w, NULL);
	struct lke_lbsa_view v;

	a.coa = world_coa(w, 0);
	a.no_proof = true;
	assert_true(sim_lbsa(w->ar[0], &a.coa, &v));
	a.seq = v.kex_seq;
	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, MSEC(100));
	assert_true(attacker_lke(&a)); /* known to be unsafe */
	assert_newcomer_served(w);
	world_free(w);
}

static void bound_elsewhere(enum lke_profile profile)
{
	struct world *w = attack_world(112, profile);
	struct attacker a = attacker_at(w, NULL);
	struct snapshot before;
	lke_time t0;

	a.coa = world_coa(w, 0);
	a.no_proof = profile == LKE_PROFILE_DRAFT01;
	assert_handover_works(w);
	before = snapshot(w);
	before.coa = a.coa;
	before.has_lbsa = sim_lbsa(w->ar[0], &a.coa, &before.lbsa);
	before.has_binding = sim_binding(w->ar[0], &a.coa, &before.binding);
	t0 = sim_now(w->net);
	assert_false(attacker_lke(&a));
	assert_int_equal(attacker_keack(&a, t0), STATUS_PROHIBITED);
	assert_unchanged(w, &before);
	/* The router defends the address against the thief's own detection (THREATS 38). */
	sim_dad(w->host, 0, &a.coa);
	sim_run_for(w->net, SEC(1));
	assert_true(w->host->dad_na_seen >= 1);
	assert_newcomer_served(w);
	world_free(w);
}
static void seq6_4c_threat_08_bound_elsewhere(void **state)
{
	bound_elsewhere(LKE_PROFILE_DEFAULT);
}
static void draft01_seq6_4c_bound_elsewhere(void **state)
{
	bound_elsewhere(LKE_PROFILE_DRAFT01);
}

/* What the router's host sees when it resolves an address: the holder's solicited answer. */
static void resolved_by_the_host(struct world *w, struct simnode *holder,
				 const struct lke_in6 *target)
{
	const struct lke_in6 *router = &w->ar[0]->addr[0].addr;
	struct nd_msg m = { .type = ND_NA, .target = *target, .na_flags = ND_NA_S | ND_NA_O };
	uint8_t buf[256];
	int len;

	m.lladdr = holder->iface[0].lladdr;
	len = nd_encode(&m, target, router, 0, buf, sizeof(buf));
	assert_true(len > 0);
	sim_send(holder, 0, &w->ar[0]->iface[0].lladdr, buf, (size_t)len);
	sim_run_for(w->net, MSEC(5));
}

/* A stock host on the link whose radio keeps multicast from it and delivers unicast. */
static struct simnode *sleeper(struct world *w, const char *text)
{
	struct simnode *n = sim_node(w->net, "sleeper", false);
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	sim_attach(n, w->link[0]);
	sim_addr(n, 0, text, 64);
	resolved_by_the_host(w, n, &a);
	return n;
}

static void sleeping_host(bool overwritten)
{
	struct world *w = attack_world(113, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::51ee");
	struct simnode *s = sleeper(w, "2001:db8:1::51ee");
	lke_time t0;

	if (overwritten)
		resolved_by_the_host(w, w->host, &a.coa);
	/* It hears no multicast: neither resolution nor detection. */
	s->no_multicast = true;
	t0 = sim_now(w->net);
	assert_false(attacker_lke(&a));
	assert_int_equal(attacker_keack(&a, t0), STATUS_PROHIBITED);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	assert_handover_works(w);
	world_free(w);
}
static void seq6_4d_threat_99_sleeping_host(void **state)
{
	sleeping_host(false);
}
static void seq6_4d_neighbour_entry_overwritten(void **state)
{
	sleeping_host(true);
}

static void draft01_seq6_4d_sleeping_host_loses(void **state)
{
	struct world *w = attack_world(114, LKE_PROFILE_DRAFT01);
	struct attacker a = attacker_at(w, "2001:db8:1::51ee");

	sleeper(w, "2001:db8:1::51ee")->no_multicast = true;
	a.no_proof = true;
	assert_true(attacker_lke(&a));
	assert_newcomer_served(w);
	world_free(w);
}

/* When the holder really left, the next one gets the address after the probes. */
static void amb_054_holder_that_left_is_asked_in_vain(void **state)
{
	struct world *w = attack_world(115, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::51ee");
	struct simnode *s = sleeper(w, "2001:db8:1::51ee");
	lke_time t0 = sim_now(w->net);

	s->dead = true;
	attacker_claim(&a);
	attacker_kereq(&a);
	attacker_answer_dad(&a, MSEC(2900), false);
	assert_int_equal(attacker_keack(&a, t0), -1);
	attacker_answer_dad(&a, SEC(3), false);
	assert_int_equal(attacker_keack(&a, t0), STATUS_ACCEPTED);
	attacker_unclaim(&a);
	assert_newcomer_served(w);
	world_free(w);
}

/* draft01 differs: AMB-052, AMB-054; what happens then is in the tests of draft01. */
static const char *const default_only[] = {
	"seq6_2b_flood_of_random_sources",
	"threat_05_lbsa_wipe_with_victim_addresses",
	"threat_06_lbsa_wipe_from_own_link_local",
	"seq6_4a_on_link_victim",
	"seq6_4b_victim_just_left",
	"threat_07_hijack_after_departure",
	"seq6_4d_threat_99_sleeping_host",
	"seq6_4d_neighbour_entry_overwritten",
	"amb_054_holder_that_left_is_asked_in_vain",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq6_2a_flood_of_one_source),
		cmocka_unit_test(draft01_seq6_2a_flood_of_one_source),
		cmocka_unit_test(threat_02_one_source_backs_off),
		cmocka_unit_test(seq6_2b_flood_of_random_sources),
		cmocka_unit_test(draft01_seq6_2b_only_the_budgets_hold),
		cmocka_unit_test(threat_01_renewals_go_on_during_a_flood),
		cmocka_unit_test(threat_05_lbsa_wipe_with_victim_addresses),
		cmocka_unit_test(threat_06_lbsa_wipe_from_own_link_local),
		cmocka_unit_test(draft01_threat_05_wipe_works_but_no_takeover),
		cmocka_unit_test(seq6_4a_on_link_victim),
		cmocka_unit_test(draft01_seq6_4a_on_link_victim),
		cmocka_unit_test(seq6_4b_victim_just_left),
		cmocka_unit_test(threat_07_hijack_after_departure),
		cmocka_unit_test(draft01_seq6_4b_hijack_succeeds),
		cmocka_unit_test(seq6_4c_threat_08_bound_elsewhere),
		cmocka_unit_test(draft01_seq6_4c_bound_elsewhere),
		cmocka_unit_test(seq6_4d_threat_99_sleeping_host),
		cmocka_unit_test(seq6_4d_neighbour_entry_overwritten),
		cmocka_unit_test(draft01_seq6_4d_sleeping_host_loses),
		cmocka_unit_test(amb_054_holder_that_left_is_asked_in_vain),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

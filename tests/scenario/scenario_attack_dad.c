/* SPDX-License-Identifier: ISC */
/* Attacks on the detection with authentication and on the defence of addresses: THREATS 25 to 42,
 * 100; draft 2.1, 4.3, sequence 6.h. */
#include "attack.h"

/* Runs until the router's first authenticated solicitation after t. */
static const struct simframe *window(struct world *w, lke_time t)
{
	const struct simframe *f;
	lke_time end = sim_now(w->net) + SEC(120);

	while (!(f = sim_find(w->net, t, w->ar[0], LKE_MSG_DAD_NS_AUTH)) && sim_now(w->net) < end)
		sim_run_for(w->net, MSEC(1));
	assert_non_null(f);
	return f;
}

static bool valid(const struct world *w, const struct lke_in6 *coa)
{
	struct lke_lbsa_view v;

	return sim_lbsa(w->ar[0], coa, &v) && v.state == LKE_LBSA_VALID;
}

/* A renewal whose window is open. */
static struct world *renewing(uint64_t seed, struct snapshot *ret)
{
	struct world *w = attack_world(seed, LKE_PROFILE_DEFAULT);
	struct lke_event kex = { .type = LKE_EV_COMMAND };
	lke_time t0;

	sim_run_for(w->net, SEC(30));
	*ret = snapshot(w);
	t0 = sim_now(w->net);
	kex.command.cmd = LKE_CMD_KEX;
	sim_event(w->mn, &kex);
	window(w, t0);
	sim_run_for(w->net, MSEC(50));
	return w;
}

static void threat_25_plain_na_in_the_window(void **state)
{
	struct snapshot before;
	struct world *w = renewing(301, &before);
	struct attacker a = attacker_at(w, NULL);

	attacker_plain_na(&a, &before.coa);
	sim_run_for(w->net, SEC(3));
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), 1);
	assert_unchanged(w, &before); /* the old key lives */
	assert_handover_works(w);
	world_free(w);
}

/* A detection that the router alone hears: the mobile node would defend itself, and plainly. */
static void collide(struct world *w, const struct lke_in6 *coa)
{
	struct nd_msg m = { .type = ND_NS, .target = *coa };
	struct lke_in6 group = in6_solicited_node(coa);
	uint8_t buf[128];
	int len = nd_encode(&m, &in6_unspecified, &group, 0, buf, sizeof(buf));

	assert_true(len > 0);
	sim_send(w->host, 0, &w->ar[0]->iface[0].lladdr, buf, (size_t)len);
	sim_run_for(w->net, SEC(3));
}

/* THREATS 30, 42: nobody's address yet, so the router defends it for none. */
static void threat_30_42_first_key_collides(void **state)
{
	struct world *w = world_plain();
	struct lke_in6 coa;
	lke_time t0;

	world_attach(w, 0);
	window(w, 0);
	coa = world_coa(w, 0);
	t0 = sim_now(w->net);
	collide(w, &coa);
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), 1);
	assert_false(valid(w, &coa));
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_NA), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH), 0);
	world_free(w);
}

static void threat_30_colliding_detection_in_the_window(void **state)
{
	struct snapshot before;
	struct world *w = renewing(302, &before);

	collide(w, &before.coa);
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), 1);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

static void threat_27_bad_reply_in_the_window(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct snapshot before;
		struct world *w = renewing(303 + kind, &before);
		const struct simframe *na =
			last_frame(w, before.lbsa.expires - SEC(7200), w->mn, LKE_MSG_DAD_NA_AUTH);
		struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } };
		uint8_t buf[SIM_PACKET_MAX];
		size_t len, opt;
		unsigned bad = stat_of(w->ar[0], LKE_STAT_DAD_BAD);
		struct wr out;

		assert_non_null(na);
		len = na->len;
		memcpy(buf, na->data, len);
		opt = len - 48;
		if (kind == 0) /* HMAC */
			buf[len - 5] ^= 1;
		else if (kind == 1) /* nonce */
			buf[opt + 4] ^= 1;
		else if (kind == 2) /* option of length zero: the packet is nothing at all */
			buf[opt + 1] = 0;
		else /* a second option 8 */
			memcpy(buf + len, buf + opt, 48), len += 48;
		buf[4] = (uint8_t)((len - 40) >> 8);
		buf[5] = (uint8_t)(len - 40);
		buf[42] = buf[43] = 0;
		out = wr_init(buf, len);
		out.off = 42;
		wr_u16(&out, ip6_checksum((struct lke_in6[]){ before.coa }, &in6_all_nodes,
					  IP6_NH_ICMPV6, buf + 40, len - 40));
		sim_send(w->host, 0, &all, buf, len);
		sim_run_for(w->net, SEC(3));
		if (kind == 2) {
			assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), bad);
			assert_true(valid(w, &before.coa));
		} else {
			assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), bad + 1);
			assert_unchanged(w, &before);
		}
		assert_handover_works(w);
		world_free(w);
	}
}

static void threat_28_reply_of_an_earlier_detection(void **state)
{
	struct world *w = attack_world(308, LKE_PROFILE_DEFAULT);
	const struct simframe *na = sim_find(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH);
	struct lke_in6 coa = world_coa(w, 0);
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	lke_time t0;

	/* The node renews, but only an old reply is heard. */
	sim_run_for(w->net, SEC(30));
	t0 = sim_now(w->net);
	w->link[0]->drop_msg = LKE_MSG_DAD_NA_AUTH;
	w->link[0]->drop_count = 3;
	ev.command.cmd = LKE_CMD_KEX;
	sim_event(w->mn, &ev);
	window(w, t0);
	w->link[0]->drop_count = 0;
	sim_move(w->mn, 0, NULL, 0);
	attack_replay(w, na);
	sim_run_for(w->net, SEC(5));
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_GOOD), 1);
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), 1);
	assert_true(valid(w, &coa)); /* by the first exchange */
	assert_newcomer_served(w);
	world_free(w);
}

static void threat_26_advertisements_outside_the_window(void **state)
{
	struct world *w = attack_world(309, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, NULL);
	struct snapshot before = snapshot(w);

	attacker_plain_na(&a, &before.coa);
	attack_replay(w, sim_find(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH));
	sim_run_for(w->net, SEC(3));
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

static void threat_29_silent_link(void **state)
{
	struct world *w = attack_world(310, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");

	attacker_claim(&a);
	attacker_kereq(&a);
	sim_run_for(w->net, SEC(2));
	assert_false(valid(w, &a.coa));
	sim_run_for(w->net, SEC(10));
	assert_false(valid(w, &a.coa));
	attacker_unclaim(&a);
	assert_handover_works(w);
	world_free(w);
}

/* THREATS 24: a BU under a key whose detection has not ended. */
static void threat_24_bu_before_the_detection_ends(void **state)
{
	struct world *w = attack_world(311, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct bu_spec s = { .src = &w->cn_addr,
			     .dst = &w->ar_addr[0],
			     .home = &a.coa,
			     .kbm = a.kbm,
			     .seq = 1,
			     .lifetime = 60 };
	struct lke_binding_view b;
	bool is_signed;
	lke_time t0 = sim_now(w->net);

	attacker_claim(&a);
	attacker_kereq(&a);
	sim_run_for(w->net, MSEC(100));
	attack_bu(w, &s);
	assert_int_equal(attack_ba(w, w->ar[0], t0, a.kbm, &is_signed, NULL), STATUS_DAD_FAILED);
	assert_true(is_signed);
	attacker_answer_dad(&a, SEC(4), false);
	assert_false(valid(w, &a.coa));
	assert_false(sim_binding(w->ar[0], &a.coa, &b));
	attacker_unclaim(&a);
	assert_handover_works(w);
	world_free(w);
}

static void seq6_h_plain_na_in_every_window(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world_options o = { .seed = 312 + p,
					   .profile =
						   p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT };
		struct world *w = world_new(&o);
		struct attacker a = attacker_at(w, NULL);
		size_t seen = sim_frames(w->net);
		lke_time t0 = sim_now(w->net);
		unsigned requests;

		world_attach(w, 0);
		for (unsigned ms = 0; ms < 120000; ms += 10) {
			sim_run_for(w->net, MSEC(10));
			for (; seen < sim_frames(w->net); seen++)
				if (sim_frame(w->net, seen)->from == w->ar[0] &&
				    sim_frame(w->net, seen)->msg == LKE_MSG_DAD_NS_AUTH) {
					struct lke_in6 coa = world_coa(w, 0);

					attacker_plain_na(&a, &coa);
				}
		}
		a.coa = world_coa(w, 0);
		assert_false(valid(w, &a.coa));
		assert_true(stat_of(w->ar[0], LKE_STAT_DAD_BAD) >= 1);
		/* THREATS 34: no restart loop. */
		requests = sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ);
		assert_in_range(requests, 1, 40);
		/* Plain Mobile IPv6 goes on. */
		w->mn->received = w->cn->received = 0;
		world_traffic(w, &w->hoa, MSEC(50));
		sim_run_for(w->net, MSEC(100));
		assert_int_equal(w->mn->received, 50);
		assert_newcomer_served(w);
		world_free(w);
	}
}

static void threat_35_detection_flood_for_a_guarded_address(void **state)
{
	struct world *w = attack_world(314, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct lke_in6 coa = before.coa;
	lke_time t0;

	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, MSEC(100));
	t0 = sim_now(w->net);
	for (unsigned n = 0; n < 5000; n++) {
		sim_dad(w->host, 0, &coa);
		sim_run_for(w->net, MSEC(1));
	}
	assert_in_range(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH), 5, 6);
	assert_in_range(w->ar[0]->notes[LKE_NOTE_CACHED_NA], 5, 6);
	assert_unchanged(w, &before);
	sim_move(w->mn, 0, w->link[0], MSEC(10));
	sim_run_for(w->net, SEC(5));
	assert_handover_works(w);
	world_free(w);
}

static void threat_36_the_node_itself_comes_back(void **state)
{
	struct world *w = attack_world(315, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	lke_time t0;

	sim_move(w->mn, 0, NULL, 0);
	sim_run_for(w->net, SEC(3));
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[0], MSEC(10));
	sim_run_for(w->net, SEC(5));
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH), 0);
	assert_true(in6_eq((struct lke_in6[]){ world_coa(w, 0) }, &before.coa));
	assert_handover_works(w);
	world_free(w);
}

static bool defended(struct world *w, const struct lke_in6 *coa)
{
	sim_run_for(w->net, SEC(2));
	sim_dad(w->host, 0, coa);
	sim_run_for(w->net, SEC(1));
	return w->host->dad_na_seen > 0;
}

/* THREATS 37, 38, 42, 100: the address is defended for the life of the LBSA, and not a moment
 * longer; the cached advertisement serves until the first BU only. */
static void threat_37_38_42_100_defence_lasts_as_long_as_the_lbsa(void **state)
{
	struct world_options o = { .seed = 316, .max_lifetime = 90 };
	struct world *w = world_new(&o);
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_in6 coa, never;
	struct lke_lbsa_view v;
	lke_time t0;

	assert_int_equal(in6_parse("2001:db8:1::abc", &never), 0);
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	sim_move(w->mn, 0, NULL, 0);
	assert_true(defended(w, &coa));
	assert_false(defended(w, &never));
	sim_move(w->mn, 0, w->link[1], MSEC(10));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	t0 = sim_now(w->net);
	assert_true(sim_lbsa(w->ar[0], &coa, &v));
	assert_false(v.cached_na);
	assert_true(defended(w, &coa)); /* by proxy */
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NA_AUTH), 0);
	flush.command.cmd = LKE_CMD_FLUSH_BINDING;
	flush.command.arg = coa;
	sim_event(w->ar[0], &flush);
	w->mn->dead = true;		/* and does not come back */
	assert_true(defended(w, &coa)); /* by the router's own, AMB-178 */
	sim_run_for(w->net, SEC(95));
	assert_false(sim_lbsa(w->ar[0], &coa, &v));
	assert_false(defended(w, &coa));
	assert_newcomer_served(w);
	world_free(w);
}

/* THREATS 100: a clean owner cannot slip in between, so that the insider's next BU takes nobody's
 * traffic. */
static void threat_100_insider_cannot_take_back_a_later_owners_address(void **state)
{
	struct world *w = attack_world(317, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct bu_spec s = { .src = &w->cn_addr,
			     .dst = &w->ar_addr[0],
			     .home = &a.coa,
			     .kbm = a.kbm,
			     .seq = 1,
			     .lifetime = 60 };

	assert_true(attacker_lke(&a));
	attack_bu(w, &s);
	s.seq = 2;
	s.lifetime = 0;
	attack_bu(w, &s);
	assert_false(sim_binding(w->ar[0], &a.coa, &(struct lke_binding_view){ 0 }));
	/* Its detection fails while the LBSA lives. */
	w->host->iface[0].lladdr.b[5] ^= 0x40;
	assert_true(defended(w, &a.coa));
	w->host->iface[0].lladdr.b[5] ^= 0x40;
	assert_handover_works(w);
	world_free(w);
}

static void threat_40_misformed_neighbour_discovery(void **state)
{
	struct snapshot before;
	struct world *w = renewing(318, &before);
	struct nd_msg m = { .type = ND_NA, .target = before.coa, .na_flags = ND_NA_O };
	struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } };
	unsigned bad = stat_of(w->ar[0], LKE_STAT_DAD_BAD);
	uint8_t buf[512], cut[512];
	uint16_t sum;
	int len = nd_encode(&m, &before.coa, &in6_all_nodes, 0, buf, sizeof(buf));

	memcpy(cut, buf, (size_t)len);
	cut[7] = 254; /* hop limit */
	sim_send(w->host, 0, &all, cut, (size_t)len);
	memcpy(cut, buf, (size_t)len);
	cut[41] = 1; /* code, under a good checksum */
	cut[42] = cut[43] = 0;
	sum = ip6_checksum(&before.coa, &in6_all_nodes, IP6_NH_ICMPV6, cut + 40, (size_t)len - 40);
	cut[42] = (uint8_t)(sum >> 8);
	cut[43] = (uint8_t)sum;
	sim_send(w->host, 0, &all, cut, (size_t)len);
	memcpy(cut, buf, (size_t)len);
	cut[43] ^= 1; /* checksum */
	sim_send(w->host, 0, &all, cut, (size_t)len);
	memcpy(cut, buf, 40); /* atomic fragment */
	memcpy(cut + 48, buf + 40, (size_t)len - 40);
	memset(cut + 40, 0, 8);
	cut[40] = IP6_NH_ICMPV6;
	cut[6] = IP6_NH_FRAGMENT;
	cut[5] = (uint8_t)(cut[5] + 8);
	sim_send(w->host, 0, &all, cut, (size_t)len + 8);
	sim_run_for(w->net, SEC(3));
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_BAD), bad);
	assert_true(valid(w, &before.coa));
	assert_handover_works(w);
	world_free(w);
}

static void threat_39_neighbour_exhaustion(void **state)
{
	struct snapshot before;
	struct world *w = renewing(319, &before);
	struct attacker a = attacker_at(w, NULL);
	const struct lke_in6 *router = &w->ar[0]->addr[0].addr;
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_O };
	uint8_t buf[256];
	struct lke_lbsa_view v;
	int len;

	for (uint32_t n = 0; n < 70000; n++) {
		m.target = w->ar_addr[0];
		memcpy(m.target.b + 12, &n, 4);
		m.lladdr = a.mac;
		len = nd_encode(&m, &m.target, router, 0, buf, sizeof(buf));
		attacker_frame(&a, buf, (size_t)len);
		if (n % 100 == 0)
			sim_run_for(w->net, MSEC(1));
	}
	sim_run_for(w->net, SEC(3));
	assert_true(sim_lbsa(w->ar[0], &before.coa, &v));
	assert_true(v.expires > before.lbsa.expires); /* the renewal came through */
	assert_handover_works(w);
	/* A node that was never here is served too. */
	a = attacker_at(w, "2001:db8:1::bad");
	assert_true(attacker_lke(&a));
	world_free(w);
}

/* draft01 differs: a detection that fails costs the key before it, AMB-052; after a binding nobody
 * defends, AMB-178. */
static const char *const default_only[] = {
	"threat_25_plain_na_in_the_window",
	"threat_30_colliding_detection_in_the_window",
	"threat_30_42_first_key_collides",
	"threat_27_bad_reply_in_the_window",
	"threat_28_reply_of_an_earlier_detection",
	"threat_37_38_42_100_defence_lasts_as_long_as_the_lbsa",
	"threat_100_insider_cannot_take_back_a_later_owners_address",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threat_25_plain_na_in_the_window),
		cmocka_unit_test(threat_30_colliding_detection_in_the_window),
		cmocka_unit_test(threat_30_42_first_key_collides),
		cmocka_unit_test(threat_27_bad_reply_in_the_window),
		cmocka_unit_test(threat_28_reply_of_an_earlier_detection),
		cmocka_unit_test(threat_26_advertisements_outside_the_window),
		cmocka_unit_test(threat_29_silent_link),
		cmocka_unit_test(threat_24_bu_before_the_detection_ends),
		cmocka_unit_test(seq6_h_plain_na_in_every_window),
		cmocka_unit_test(threat_35_detection_flood_for_a_guarded_address),
		cmocka_unit_test(threat_36_the_node_itself_comes_back),
		cmocka_unit_test(threat_37_38_42_100_defence_lasts_as_long_as_the_lbsa),
		cmocka_unit_test(threat_100_insider_cannot_take_back_a_later_owners_address),
		cmocka_unit_test(threat_40_misformed_neighbour_discovery),
		cmocka_unit_test(threat_39_neighbour_exhaustion),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

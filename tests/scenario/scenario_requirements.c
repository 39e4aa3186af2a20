/* SPDX-License-Identifier: ISC */
/* What is seen on the wire of a whole walk, and what is not. */
#include "scenario.h"

static bool listed(uint8_t v, const uint8_t *list)
{
	while (*list)
		if (*list++ == v)
			return true;
	return false;
}

/* No option of SEND but the nonce of RFC 7527, no certificate, ours only where they belong. */
static void check_nd(const struct ip6_info *i)
{
	static const uint8_t rs[] = { 1, 0 }, ra[] = { 1, 3, 5, 6, 7, 8, 25, 0 },
			     ns[] = { 1, 7, 14, 0 }, na[] = { 2, 8, 0 };
	const uint8_t *p = i->pkt + i->upper_off, type = p[0];
	size_t at = type == ND_RS ? 8 : type == ND_RA ? 16 : 24;

	assert_in_range(type, ND_RS, ND_NA);
	for (; at < i->upper_len; at += 8u * p[at + 1]) {
		assert_int_not_equal(p[at + 1], 0);
		assert_true(listed(p[at], type == ND_RS	  ? rs
					  : type == ND_RA ? ra
					  : type == ND_NS ? ns
							  : na));
		if (type == ND_RA && p[at] == 6)
			assert_true(p[5] & ND_RA_H);
		if (type == ND_NS && p[at] == 7)
			assert_true(in6_is_unspecified(&i->src));
		if (type == ND_NA && p[at] == 8)
			assert_true(in6_eq(&i->dst, &in6_all_nodes));
	}
}

static unsigned check_frame(const struct simframe *f)
{
	static const uint8_t mh[] = { MH_BU, MH_BA, MH_KEREQ, MH_KEACK, MH_FINISHED, 0 };
	struct ip6_info i;
	uint8_t type;

	assert_int_equal(ip6_parse(f->data, f->len, &i), 0);
	switch (i.upper) {
	case IP6_NH_ICMPV6:
		check_nd(&i);
		return 0;
	case IP6_NH_ESP:
		return 0;
	case IP6_NH_MH:
		type = f->data[i.upper_off + 2];
		assert_int_equal(f->data[i.upper_off], 59);
		assert_true(listed(type, mh));
		if (type == MH_KEREQ || type == MH_KEACK) {
			assert_int_equal(i.hop_limit, 255);
			assert_true(in6_is_linklocal(&i.src) && in6_is_linklocal(&i.dst));
		}
		return 1u << type;
	default:
		fail_msg("protocol %u", i.upper); /* no AAA, no IKE, nothing else */
		return 0;
	}
}

/* LKE-009, 010, 084: no certificate, no other infrastructure; LKE-058: no return routability. */
static void lke_096_only_the_listed_messages_are_sent(void **state)
{
	struct world *w = world_plain();
	unsigned types = 0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_RETURNED, 1, SEC(5)));
	sim_run_for(w->net, SEC(20));
	for (size_t n = 0; n < sim_frames(w->net); n++)
		types |= check_frame(sim_frame(w->net, n));
	assert_int_equal(types, 1u << MH_BU | 1u << MH_BA | 1u << MH_KEREQ | 1u << MH_KEACK |
					1u << MH_FINISHED);
	world_free(w);
}

static void lke_028_lost_acknowledgements_do_not_touch_traffic(void **state)
{
	struct world *w = world_plain();

	w->link[0]->drop_msg = LKE_MSG_KEACK;
	w->link[0]->drop_count = 1000;
	world_attach(w, 0);
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_REGISTERED, 1, SEC(20)));
	world_traffic(w, &w->hoa, SEC(8));
	sim_run_for(w->net, MSEC(100));
	assert_true(sim_count(w->net, 0, w->ar[0], LKE_MSG_KEACK) >= 2);
	assert_int_equal(w->mn->received, 8000);
	assert_int_equal(w->cn->received, 8000);
	world_free(w);
}

/* Three links with LKE: always the router whose care-of address the home agent has. */
static void lke_056_update_goes_where_the_home_agent_tunnels_to(void **state)
{
	struct world *w = world_plain();
	const struct simframe *bu;
	struct ip6_info i;
	lke_time t0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	for (unsigned to = 1; to < 3; to++) {
		t0 = sim_now(w->net);
		sim_move(w->mn, 0, w->link[to], MSEC(60));
		assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, to, SEC(10)));
		bu = sim_find(w->net, t0, w->mn, LKE_MSG_BU);
		assert_non_null(bu);
		assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
		assert_true(in6_eq(&i.dst, &w->ar_addr[0]));
		assert_true(world_wait_lbsa(w, to, SEC(20)));
	}
	world_free(w);
}

static unsigned advertisements(const struct simnet *net, const struct simnode *n, lke_time since,
			       unsigned *ret_with_key)
{
	unsigned count = 0;

	*ret_with_key = 0;
	for (size_t k = 0; k < sim_frames(net); k++) {
		const struct simframe *f = sim_frame(net, k);
		struct ip6_info i;
		struct nd_msg m;

		if (f->at < since || f->from != n || f->msg != LKE_MSG_RA)
			continue;
		assert_int_equal(ip6_parse(f->data, f->len, &i), 0);
		assert_int_equal(nd_decode(&i, &m), 0);
		assert_int_equal(m.has_lke, (m.ra_flags & ND_RA_H) != 0);
		*ret_with_key += m.has_lke;
		count++;
	}
	return count;
}

static void lke_160_nothing_is_advertised_before_the_key(void **state)
{
	struct simnet *net = sim_new(41);
	struct simlink *l = sim_link(net, "l", MSEC(1));
	struct simnode *n = sim_node(net, "ar", true);
	struct lke_config cfg;
	unsigned with_key;
	lke_time t0;

	sim_attach(n, l);
	sim_addr(n, 0, "2001:db8:1::1", 64);
	lke_config_defaults(&cfg);
	cfg.ars = 1;
	lke_config_ar_defaults(&cfg.ar[0]);
	strcpy(cfg.ar[0].interface, "eth0");
	assert_int_equal(sim_start(n, &cfg), 0);
	sim_run_for(net, SEC(60));
	assert_true(advertisements(net, n, 0, &with_key) > 0);
	assert_int_equal(with_key, 0);
	t0 = sim_now(net);
	sim_rsa_key(n, 1024, 1);
	sim_run_for(net, SEC(1));
	assert_true(advertisements(net, n, t0, &with_key) > 0);
	assert_true(with_key > 0);
	sim_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_096_only_the_listed_messages_are_sent),
		cmocka_unit_test(lke_028_lost_acknowledgements_do_not_touch_traffic),
		cmocka_unit_test(lke_056_update_goes_where_the_home_agent_tunnels_to),
		cmocka_unit_test(lke_160_nothing_is_advertised_before_the_key),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

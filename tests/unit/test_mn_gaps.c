/* SPDX-License-Identifier: ISC */
/* Hardened corners of the mobile node: forged advertisements, lost frames, links that vanish. */
#include "mn_fixture.h"

static int ra(struct fix *f, unsigned ar, const struct nd_msg *extra)
{
	struct nd_msg m = *extra;
	struct lke_in6 src = fix_ar_ll(ar);
	uint8_t buf[1024];
	int len;

	m.type = ND_RA;
	m.lladdr = fix_mac(ar);
	if (m.router_lifetime == 0)
		m.router_lifetime = 9000;
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, ar, buf, (size_t)len);
}

static struct nd_prefix prefix(unsigned n, uint32_t preferred)
{
	return (struct nd_prefix){ .prefix = fix_ar_addr(n),
				   .len = 64,
				   .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
				   .valid = 86400,
				   .preferred = preferred };
}

static void lost_solicitation_is_repeated_fast(void **state)
{
	static const lke_time after[] = { 100, 500, 4500, 8500 }; /* ms */
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_clear(&f);
	fix_link(&f, true);
	for (unsigned n = 0; n < 4; n++) {
		lke_time t = after[n] - (n ? after[n - 1] : 0);

		fix_run(&f, t * LKE_MSEC - 1);
		assert_int_equal(fix_count(&f, LKE_MSG_RS), n + 1);
		fix_run(&f, 1);
		assert_int_equal(fix_count(&f, LKE_MSG_RS), n + 2);
	}
	/* However often the carrier flaps. */
	fix_clear(&f);
	for (unsigned n = 0; n < 50; n++)
		fix_link(&f, true);
	assert_true(fix_count(&f, LKE_MSG_RS) <= 6);
	fix_end(&f);
}

static void several_prefixes_are_no_movement(void **state)
{
	struct fix f;
	struct nd_msg both = { .prefixes = 2, .prefix = { prefix(2, 100), prefix(1, 100) } };
	struct nd_msg other = { .prefixes = 1, .prefix = { prefix(2, 100) } };
	struct nd_msg old = { .prefixes = 2, .prefix = { prefix(1, 0), prefix(2, 100) } };
	struct lke_in6 coa, now, p2 = fix_ar_addr(2);

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	ra(&f, 1, &both);
	ra(&f, 1, &other);
	now = fix_coa(&f);
	assert_true(in6_eq(&coa, &now));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	/* Renumbering: the deprecated prefix is left. */
	ra(&f, 1, &old);
	now = fix_coa(&f);
	assert_true(in6_prefix_eq(&now, &p2, 64));
	fix_end(&f);
}

static void threats_47_router_flood_is_bounded(void **state)
{
	struct fix f;
	struct nd_msg m = { .prefixes = 1, .prefix = { prefix(9, 100) } };
	struct lke_in6 coa, now, first = fix_ar_ll(1);
	struct lke_router_view v;
	size_t cursor = 0;
	unsigned routers = 0;
	bool own = false;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	for (unsigned n = 2; n < 200; n++) {
		ra(&f, n, &m);
		ra(&f, n, &m);
	}
	assert_true(fix_count(&f, LKE_MSG_NS) <= MN_ROUTERS_MAX);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	/* Sixteen are known, and the own one gave way to none of them. */
	while (lke_engine_next_router(f.e, &cursor, &v)) {
		routers++;
		own |= in6_eq(&v.ll, &first);
	}
	assert_int_equal(routers, MN_ROUTERS_MAX);
	assert_true(own);
	now = fix_coa(&f);
	assert_true(in6_eq(&coa, &now));
	fix_end(&f);
}

static void threats_48_router_lifetime_0_keeps_the_lbsa(void **state)
{
	struct fix f;
	struct nd_msg m = { .type = ND_RA };
	struct lke_in6 src = fix_ar_ll(1), coa;
	struct lke_lbsa_view v;
	uint8_t buf[256];
	int len;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	fix_packet(&f, 1, buf, (size_t)len);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void threats_46_lifetime_is_clamped_or_ignored(void **state)
{
	static const uint16_t refused[] = { 0, 0xffff };
	struct fix f;
	struct nd_msg m = { .prefixes = 1, .has_lke = true, .ra_flags = ND_RA_H };

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = prefix(1, 100);
	m.lke_key = f.spki;
	m.lke_key_len = f.spki_len;
	m.router_lifetime = 1800;
	for (unsigned n = 0; n < 2; n++) {
		m.lke_max_lifetime = refused[n];
		ra(&f, 1, &m);
		assert_false(f.e->mn->router[0]->lke);
	}
	m.lke_max_lifetime = 7200;
	ra(&f, 1, &m);
	assert_true(f.e->mn->router[0]->lke);
	assert_int_equal(f.e->mn->router[0]->max_lifetime, 1800);
	m.has_ha_info = true;
	m.ha_lifetime = 600;
	ra(&f, 1, &m);
	assert_int_equal(f.e->mn->router[0]->max_lifetime, 600);
	fix_end(&f);
}

static void threats_43_another_key_needs_a_new_registration(void **state)
{
	struct fix f;
	struct rsa_key *rogue;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(rsa_key_generate(1024, &rogue), 0);
	assert_int_equal(rsa_key_spki(rogue, f.spki, sizeof(f.spki), &f.spki_len), 0);
	fix_clear(&f);
	fix_ra(&f, 1);
	assert_non_null(fix_note(&f, LKE_NOTE_KEY_CHANGED));
	/* No answer of the home agent: no exchange with the new key, the LBSA stays. */
	fix_run(&f, 660 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	fix_ha_ba(&f, 1, 0, fix_ha_seq(&f));
	fix_run(&f, 40 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_KEREQ) >= 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	rsa_key_free(rogue);
	fix_end(&f);
}

static void lke_183_184_draft01_obeys_a_bad_acknowledgement(void **state)
{
	struct fix f;
	struct lke_lbsa_view v;
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct lke_in6 coa;
	struct secret16 first;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DRAFT01);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	ev.command.cmd = LKE_CMD_KEX;
	fix_event(&f, &ev);
	fix_keack(&f, 1, 0, 7200, true);
	first = f.kbm;
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	fix_run(&f, 5 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f);
	assert_memory_not_equal(first.b, f.kbm.b, sizeof(first.b));
	fix_end(&f);
}

static void lke_015_no_renewal_off_the_link(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	f.ra_lke = false;
	fix_move(&f, 2);
	fix_clear(&f);
	fix_run(&f, 7300 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void suspend_past_the_lbsa_uses_no_dead_key(void **state)
{
	struct fix f;
	struct lke_event ev = { .type = LKE_EV_TIMER };
	struct lke_in6 ar1 = fix_ar_addr(1);

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	fix_clear(&f);
	f.now += 8000 * LKE_SEC;
	fix_event(&f, &ev);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_NOTIFY && f.out[n].a.note.msg == LKE_MSG_BU)
			assert_false(in6_eq(&f.out[n].a.note.dst, &ar1));
	fix_end(&f);
}

static void handover_command_parks_and_the_update_goes_first(void **state)
{
	struct fix f;
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	ev.command.cmd = LKE_CMD_HANDOVER;
	fix_event(&f, &ev);
	assert_true(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_true(fix_index(&f, fix_last(&f, LKE_MSG_BU)) <
		    fix_index(&f, fix_find(&f, LKE_ACT_HOLD, 0)));
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	fix_end(&f);
}

static void vanished_interface_leaves_the_address_on_the_tunnel_device(void **state)
{
	struct fix f;
	struct lke_event ev = { .type = LKE_EV_LINK };
	struct lke_in6 coa, now;
	const struct fix_action *a = NULL;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .removed = true };
	fix_event(&f, &ev);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_ADDR)
			a = &f.out[n];
	assert_non_null(a);
	assert_int_equal(a->a.addr.ifindex, 0);
	assert_true(in6_eq(&a->a.addr.addr, &coa));
	assert_false(a->a.addr.remove);
	/* It comes back: the same address moves back to it. */
	fix_link(&f, true);
	fix_clear(&f);
	fix_ra(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &coa));
	assert_true(fix_find(&f, LKE_ACT_ADDR, 0)->a.addr.remove);
	assert_int_equal(fix_find(&f, LKE_ACT_ADDR, 0)->a.addr.ifindex, 0);
	assert_int_equal(fix_find(&f, LKE_ACT_ADDR, 1)->a.addr.ifindex, FIX_IF);
	fix_end(&f);
}

static void new_link_layer_address_is_announced_and_renewed_after_quiet(void **state)
{
	struct fix f;
	struct lke_event ev = { .type = LKE_EV_LINK };

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF,
					.name = "mn0",
					.lladdr = fix_mac(0x78),
					.mtu = 1500,
					.up = true,
					.carrier_changes = f.carrier };
	fix_event(&f, &ev);
	fix_ra(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	fix_event(&f, &(struct lke_event){ .type = LKE_EV_COMMAND, .command.cmd = LKE_CMD_KEX });
	fix_run(&f, MN_RETURN_QUIET - 1);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0); /* AMB-117 */
	fix_end(&f);
}

/* draft01 differs: AMB-076, the key of the latest advertisement counts. */
static const char *const default_only[] = {
	"threats_43_another_key_needs_a_new_registration",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_solicitation_is_repeated_fast),
		cmocka_unit_test(several_prefixes_are_no_movement),
		cmocka_unit_test(threats_47_router_flood_is_bounded),
		cmocka_unit_test(threats_48_router_lifetime_0_keeps_the_lbsa),
		cmocka_unit_test(threats_46_lifetime_is_clamped_or_ignored),
		cmocka_unit_test(threats_43_another_key_needs_a_new_registration),
		cmocka_unit_test(lke_183_184_draft01_obeys_a_bad_acknowledgement),
		cmocka_unit_test(lke_015_no_renewal_off_the_link),
		cmocka_unit_test(suspend_past_the_lbsa_uses_no_dead_key),
		cmocka_unit_test(handover_command_parks_and_the_update_goes_first),
		cmocka_unit_test(vanished_interface_leaves_the_address_on_the_tunnel_device),
		cmocka_unit_test(new_link_layer_address_is_announced_and_renewed_after_quiet),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* Handover with previous access routers: draft 2.1, 2.2. */
#include "mn_fixture.h"

static const struct fix_action *tunnel_of(const struct fix *f, const struct lke_in6 *home,
					  bool remove)
{
	for (unsigned n = 0;; n++) {
		const struct fix_action *a = fix_find(f, LKE_ACT_TUNNEL, n);

		if (!a || (in6_eq(&a->a.tunnel.home, home) && a->a.tunnel.remove == remove))
			return a;
	}
}

static void lke_060_bu_first_then_tunnel_then_parked_packets(void **state)
{
	struct fix f;
	struct lke_in6 old, now, ar = fix_ar_addr(1);
	const struct fix_action *bu, *t, *h;
	struct ip6_info i;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_link(&f, false);
	fix_run(&f, 100 * LKE_MSEC);
	fix_link(&f, true);
	fix_clear(&f);
	fix_ra(&f, 2);
	now = fix_coa(&f);
	bu = fix_last(&f, LKE_MSG_BU);
	t = tunnel_of(&f, &old, false);
	h = fix_find(&f, LKE_ACT_HOLD, 0);
	assert_true(fix_index(&f, bu) < fix_index(&f, t));
	assert_true(fix_index(&f, t) < fix_index(&f, h));
	assert_true(fix_index(&f, h) < fix_index(&f, fix_last(&f, LKE_MSG_DAD_NS)));
	assert_false(h->a.hold.hold);
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	assert_true(in6_eq(&i.src, &now) && in6_eq(&i.dst, &ar) && in6_eq(&i.hao, &old));
	assert_int_equal(bu->a.send.dst.b[5], 2); /* straight to the new router */
	assert_int_equal(bu->a.send.ifindex, FIX_IF);
	assert_true(in6_eq(&t->a.tunnel.coa, &now) && in6_eq(&t->a.tunnel.agent, &ar));
	/* LKE-088: strategy oldest leaves the home agent alone, its tunnel keeps the old care-of
	 * address. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	t = tunnel_of(&f, &fix_home, false);
	assert_non_null(t);
	assert_true(in6_eq(&t->a.tunnel.coa, &old));
	assert_int_equal(t->a.tunnel.nexthop.b[5], 2);
	fix_end(&f);
}

static void lke_083_finished_sent_when_requested(void **state)
{
	struct fix f;
	const struct fix_action *fin;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	fix_clear(&f);
	f.n = 0;
	fix_run(&f, 1500 * LKE_MSEC); /* a second BU to answer */
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0x12345678, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 1);
	fin = fix_last(&f, LKE_MSG_FINISHED);
	assert_int_equal(fin->data[IP6_HDR_LEN + 24 + 2], MH_FINISHED);
	assert_non_null(fix_note(&f, LKE_NOTE_HANDOVER));
	/* AMB-112: the same BA again brings the same Finished. */
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0x12345678, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 2);
	assert_memory_equal(fix_last(&f, LKE_MSG_FINISHED)->data, fin->data, fin->len);
	fix_run(&f, FINISHED_ANSWER + LKE_SEC);
	assert_int_not_equal(fix_ba(&f, 1, 0, 240, 0x12345678, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 2);
	fix_end(&f);
}

static void lke_082_no_finished_without_request(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 0);
	fix_end(&f);
}

static void lke_087_both_updates_in_one_turn(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_BOTH, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_clear(&f);
	fix_ra(&f, 2);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	fix_end(&f);
}

static void lke_022_plain_link_still_uses_the_previous_router(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	f.ra_lke = false;
	fix_clear(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2); /* and the home agent at once */
	fix_clear(&f);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void amb_110_fallback_after_three_tries(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_move(&f, 2);
	fix_run(&f, 6 * LKE_SEC); /* tries at 0, 1 and 3 s */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 3);
	assert_null(fix_note(&f, LKE_NOTE_FALLBACK));
	fix_run(&f, 2 * LKE_SEC);
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_end(&f);
}

static void amb_106_unsigned_refusal_is_only_a_hint(void **state)
{
	struct fix f;
	struct lke_in6 old;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, STATUS_NOT_HOME_AGENT, 0, 0, false),
			 -(int)LKE_DROP_BAD_MISSING);
	assert_true(fix_lbsa(&f, &old, &v));
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	/* The signed answer is still welcome. */
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_end(&f);
}

static void amb_097_signed_134_removes_the_key(void **state)
{
	struct fix f;
	struct lke_in6 old;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, STATUS_DAD_FAILED, 0, 0, true), 0);
	assert_false(fix_lbsa(&f, &old, &v));
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(mn_addr_find(f.e, &old)); /* nobody needs it any more */
	fix_end(&f);
}

static void forged_ba_changes_nothing(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	f.kbm.b[0] ^= 1;
	assert_int_equal(fix_ba(&f, 1, 0, 240, 7, true), -(int)LKE_DROP_BAD_MAC);
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 0);
	fix_end(&f);
}

/* Back on the link of router 1. */
static void come_back(struct fix *f)
{
	fix_link(f, false);
	fix_run(f, 100 * LKE_MSEC);
	fix_link(f, true);
	fix_clear(f);
	fix_ra(f, 1);
}

/* The last Binding Update takes the binding of old at router 1 back, from the address itself. */
static void assert_deregisters(struct fix *f, const struct lke_in6 *old)
{
	const struct fix_action *bu = fix_last(f, LKE_MSG_BU);
	struct lke_in6 ar = fix_ar_addr(1);
	struct ip6_info i;

	assert_non_null(bu);
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	assert_true(in6_eq(&i.src, old) && in6_eq(&i.dst, &ar));
	assert_false(i.has_hao);
	assert_int_equal(i.pkt[i.upper_off + 10] | i.pkt[i.upper_off + 11], 0); /* Lifetime */
}

static void amb_117_return_deregisters_without_dad(void **state)
{
	struct fix f;
	struct lke_in6 old, again;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	come_back(&f);
	again = fix_coa(&f);
	assert_true(in6_eq(&old, &again));
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	assert_deregisters(&f, &old);
	assert_non_null(tunnel_of(&f, &old, true));
	assert_int_equal(fix_ba(&f, 1, 0, 0, 0, true), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	fix_end(&f);
}

/* An operator flushes the binding here; its router keeps it, and would take what comes away. */
static void forgotten_binding_is_deregistered_on_return(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	flush.command.cmd = LKE_CMD_FLUSH_BINDING;
	flush.command.arg = old;
	fix_event(&f, &flush);
	come_back(&f);
	assert_deregisters(&f, &old);
	assert_int_equal(fix_ba(&f, 1, STATUS_NOT_HOME_AGENT, 0, 0, true), 0);
	come_back(&f); /* its router has said that it has none */
	assert_null(fix_last(&f, LKE_MSG_BU));
	fix_end(&f);
}

static void amb_112_refresh_request_brings_an_update(void **state)
{
	struct fix f;
	struct lke_in6 old;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_clear(&f);
	assert_int_not_equal(fix_brr(&f, 3, 2, &old), 0); /* not the router of the binding */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void amb_179_refresh_at_half(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_clear(&f);
	fix_run(&f, 119 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_run(&f, 1 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void lke_188_home_agent_moves_before_the_key_ends(void **state)
{
	struct fix f;
	struct lke_in6 old;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, 0, 100, false), 0);
	old = fix_coa(&f);
	f.ra_lke = false;
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 96, 0, true), 0);
	fix_clear(&f);
	fix_run(&f, 80 * LKE_SEC);
	assert_true(fix_lbsa(&f, &old, &v));
	(void)fix_ha_seq(&f); /* fails if there is no home registration */
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_060_bu_first_then_tunnel_then_parked_packets),
		cmocka_unit_test(lke_083_finished_sent_when_requested),
		cmocka_unit_test(lke_082_no_finished_without_request),
		cmocka_unit_test(lke_087_both_updates_in_one_turn),
		cmocka_unit_test(lke_022_plain_link_still_uses_the_previous_router),
		cmocka_unit_test(amb_110_fallback_after_three_tries),
		cmocka_unit_test(amb_106_unsigned_refusal_is_only_a_hint),
		cmocka_unit_test(amb_097_signed_134_removes_the_key),
		cmocka_unit_test(forged_ba_changes_nothing),
		cmocka_unit_test(amb_117_return_deregisters_without_dad),
		cmocka_unit_test(forgotten_binding_is_deregistered_on_return),
		cmocka_unit_test(amb_112_refresh_request_brings_an_update),
		cmocka_unit_test(amb_179_refresh_at_half),
		cmocka_unit_test(lke_188_home_agent_moves_before_the_key_ends),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

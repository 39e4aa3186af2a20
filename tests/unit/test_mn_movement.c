/* SPDX-License-Identifier: ISC */
/* Movement detection, care-of addresses and DAD of the mobile node. */
#include "mn_fixture.h"

static void lke_018_solicits_in_the_turn_of_link_up(void **state)
{
	struct fix f;
	const struct fix_action *rs;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_clear(&f);
	fix_link(&f, true);
	rs = fix_last(&f, LKE_MSG_RS);
	assert_non_null(rs);
	assert_memory_equal(rs->data + 8, fix_ll.b, 16);
	/* RFC 4429 3.3: no source link-layer address option while the address is optimistic. */
	assert_int_equal(rs->len, IP6_HDR_LEN + 8);
	assert_true(fix_index(&f, rs) < fix_index(&f, fix_last(&f, LKE_MSG_DAD_NS)));
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void lke_025_care_of_address_from_the_routers_prefix(void **state)
{
	struct fix f;
	struct lke_in6 coa, prefix = fix_ar_addr(1);
	const struct fix_action *dad;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_clear(&f);
	assert_int_equal(fix_ra(&f, 1), 0);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	assert_false(in6_eq(&coa, &prefix));
	dad = fix_last(&f, LKE_MSG_DAD_NS);
	assert_memory_equal(dad->data + IP6_HDR_LEN + 8, coa.b, 16);
	assert_non_null(fix_note(&f, LKE_NOTE_ATTACHED));
	assert_non_null(fix_find(&f, LKE_ACT_NEIGH, 0));
	/* LKE-026: the home agent hears of it at once. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void lke_019_prefers_the_router_with_lke(void **state)
{
	struct fix f;
	struct lke_in6 coa, prefix = fix_ar_addr(2);

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	f.ra_lke = false;
	fix_ra(&f, 1);
	f.ra_lke = true;
	fix_ra(&f, 2);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	/* LKE-024: the choice is stable. */
	fix_ra(&f, 3);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	fix_end(&f);
}

static void conflict_takes_the_next_address(void **state)
{
	struct fix f;
	struct lke_in6 first, second;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	first = fix_coa(&f);
	fix_clear(&f);
	fix_na(&f, 0x55, &first);
	second = fix_coa(&f);
	assert_false(in6_eq(&first, &second));
	assert_true(in6_prefix_eq(&first, &second, 64));
	assert_non_null(fix_note(&f, LKE_NOTE_DAD_FAILED));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_null(mn_addr_find(f.e, &first));
	fix_end(&f);
}

static void same_link_after_a_merged_flap(void **state)
{
	struct fix f;
	struct lke_in6 coa;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	fix_link(&f, true); /* carrier counter moved on */
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 1);
	assert_true(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	fix_clear(&f);
	fix_ra(&f, 1);
	{
		struct lke_in6 again = fix_coa(&f);

		assert_true(in6_eq(&coa, &again));
	}
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	fix_end(&f);
}

/* The kernel's own link-local address is reported after the link is up and in use. */
static void late_link_local_of_the_kernel_changes_nothing(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_in6 own;
	bool seen = false;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	ev.addr = (struct lke_ev_addr){
		.ifindex = FIX_IF, .addr = fix_ll, .prefix_len = 64, .removed = true
	};
	fix_event(&f, &ev);
	fix_link(&f, true);
	assert_non_null(f.e->mn->link[0]->ll);
	own = f.e->mn->link[0]->ll->addr;
	assert_false(in6_eq(&own, &fix_ll));
	for (unsigned n = 0; fix_find(&f, LKE_ACT_ADDR, n); n++)
		if (in6_eq(&fix_find(&f, LKE_ACT_ADDR, n)->a.addr.addr, &own)) {
			const struct lke_act_addr *a = &fix_find(&f, LKE_ACT_ADDR, n)->a.addr;

			assert_int_equal(a->valid, LKE_LIFETIME_INFINITE);
			assert_int_equal(a->preferred, LKE_LIFETIME_INFINITE);
			seen = true;
		}
	assert_true(seen);
	ev.addr.removed = false;
	fix_event(&f, &ev);
	ev.addr.addr = own;
	fix_event(&f, &ev);
	assert_true(in6_eq(&f.e->mn->link[0]->ll->addr, &own));
	fix_ra(&f, 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(f.e->mn->link[0]->ll->state, MN_ADDR_PREFERRED);
	assert_true(fix_count(&f, LKE_MSG_KEREQ) > 0);
	/* source address of the IPv6 header */
	assert_memory_equal(fix_last(&f, LKE_MSG_KEREQ)->data + 8, own.b, 16);
	fix_end(&f);
}

/* The administrator replaces the kernel's address that the link used. */
static void replaced_link_local_is_checked_before_its_use(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF,
					.addr = fix_addr("fe80::abc"),
					.prefix_len = 64 };
	fix_event(&f, &ev);
	assert_true(in6_eq(&f.e->mn->link[0]->ll->addr, &fix_ll));
	ev.addr.addr = fix_ll;
	ev.addr.removed = true;
	fix_event(&f, &ev);
	ev.addr.addr = fix_addr("fe80::abc");
	assert_true(in6_eq(&f.e->mn->link[0]->ll->addr, &ev.addr.addr));
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(f.e->mn->link[0]->ll->state, MN_ADDR_PREFERRED);
	fix_end(&f);
}

static void silent_router_is_left(void **state)
{
	struct fix f;
	struct lke_in6 coa, prefix = fix_ar_addr(2);

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	f.silent = true;
	fix_ra(&f, 2);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, 4 * LKE_SEC);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	fix_end(&f);
}

/* Lifetime of the router in use is over, and it said nothing more: the other one of the link. */
static void router_lifetime_that_ends(void **state)
{
	struct nd_msg m = { .router_lifetime = 30, .prefixes = 1 };
	struct lke_in6 prefix = fix_ar_addr(2), coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_ra_msg(&f, 1, &m);
	fix_ra(&f, 2);
	fix_run(&f, 29 * LKE_SEC);
	coa = fix_coa(&f);
	assert_false(in6_prefix_eq(&coa, &prefix, 64));
	fix_run(&f, 2 * LKE_SEC);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	fix_end(&f);
}

/* A router known from before the link went down is as unknown as one never heard: it asks whether
 * the one in use is still there. */
static void router_of_before_the_flap_asks_too(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_ra(&f, 2);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_run(&f, 4 * LKE_SEC);
	fix_clear(&f);
	fix_ra(&f, 2);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, LKE_SEC);
	fix_ra(&f, 2); /* known now */
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_end(&f);
}

/* The addresses of all prefixes wait for the next link, not the primary one alone. */
static void lost_link_parks_every_address(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 2 };
	unsigned parked = 0, globals = 0;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	m.prefix[1] = fix_pio("2001:db8:11::", 86400, 14400);
	fix_ra_msg(&f, 1, &m);
	fix_run(&f, 2 * LKE_SEC);
	for (unsigned n = 0; n < MN_ADDRS; n++)
		globals += f.e->mn->addr[n] && !f.e->mn->addr[n]->linklocal;
	assert_int_equal(globals, 2);
	fix_clear(&f);
	fix_link(&f, false);
	assert_true(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	for (unsigned n = 0; fix_find(&f, LKE_ACT_PATH, n); n++)
		parked += fix_find(&f, LKE_ACT_PATH, n)->a.path.path == LKE_PATH_TUNNEL;
	assert_int_equal(parked, 2);
	fix_end(&f);
}

static void stop_takes_everything_back(void **state)
{
	struct fix f;
	const struct lke_action *a;
	unsigned addrs = 0, paths = 0;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e))) {
		addrs += a->type == LKE_ACT_ADDR && a->addr.remove;
		paths += a->type == LKE_ACT_PATH && a->path.path == LKE_PATH_NONE;
	}
	assert_int_equal(addrs, 2); /* care-of and home address; the link-local is the kernel's */
	assert_int_equal(paths, 3); /* of both, and the main default route */
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_018_solicits_in_the_turn_of_link_up),
		cmocka_unit_test(lke_025_care_of_address_from_the_routers_prefix),
		cmocka_unit_test(lke_019_prefers_the_router_with_lke),
		cmocka_unit_test(conflict_takes_the_next_address),
		cmocka_unit_test(same_link_after_a_merged_flap),
		cmocka_unit_test(late_link_local_of_the_kernel_changes_nothing),
		cmocka_unit_test(replaced_link_local_is_checked_before_its_use),
		cmocka_unit_test(silent_router_is_left),
		cmocka_unit_test(router_lifetime_that_ends),
		cmocka_unit_test(router_of_before_the_flap_asks_too),
		cmocka_unit_test(lost_link_parks_every_address),
		cmocka_unit_test(stop_takes_everything_back),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

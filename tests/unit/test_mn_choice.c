/* SPDX-License-Identifier: ISC */
/* Which router of a link is taken: AMB-070, RFC 4191, and what the operator says. */
#include "mn_fixture.h"

static struct nd_msg of(unsigned ar, int8_t preference)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1, .preference = preference };

	m.prefix[0] = fix_pio("2001:db8::", 86400, 14400);
	m.prefix[0].prefix = fix_ar_addr(ar);
	return m;
}

static void heard(struct fix *f, unsigned ar, int8_t preference)
{
	struct nd_msg m = of(ar, preference);

	fix_ra_msg(f, ar, &m);
}

static void bye(struct fix *f, unsigned ar)
{
	struct nd_msg m = of(ar, 0);

	m.router_lifetime = 0;
	fix_ra_msg(f, ar, &m);
}

/* The router in use, and that is the one whose prefix the care-of address has and the way out of
 * it. */
static unsigned chosen(struct fix *f)
{
	struct lke_in6 coa = fix_coa(f), main_route = in6_unspecified, way = in6_unspecified;
	const struct lke_in6 *ll = &f->e->mn->link[0]->router->ll;
	struct lke_in6 prefix = fix_ar_addr(ll->b[15]);

	for (size_t n = 0; n < f->n; n++) {
		const struct lke_act_path *p = &f->out[n].a.path;

		if (f->out[n].a.type != LKE_ACT_PATH)
			continue;
		if (in6_is_unspecified(&p->src))
			main_route = p->router;
		else if (in6_eq(&p->src, &coa))
			way = p->router;
	}
	assert_true(in6_eq(&way, ll));
	if (f->cfg.mn.homes == 0)
		assert_true(in6_eq(&main_route, ll));
	assert_true(in6_prefix_eq(&prefix, &coa, 64));
	return ll->b[15];
}

static void begin(struct fix *f, unsigned homes)
{
	fix_start(f, homes, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(f, true);
	heard(f, 1, 0);
	assert_int_equal(chosen(f), 1);
}

/* LKE first, then the preference that routers tell, then who was heard last, then the lower
 * address. */
static void amb_070_order_of_routers(void **state)
{
	struct fix f;

	(void)state;
	begin(&f, 0);
	f.ra_lke = false;
	heard(&f, 2, 1);
	f.ra_lke = true;
	heard(&f, 3, -1);
	heard(&f, 7, 0);
	heard(&f, 6, 0);
	fix_run(&f, LKE_SEC);
	heard(&f, 8, 0);
	heard(&f, 5, 1);
	fix_run(&f, LKE_SEC);
	assert_int_equal(chosen(&f), 1); /* it stays while it is there */
	bye(&f, 1);
	assert_int_equal(chosen(&f), 5);
	bye(&f, 5);
	assert_int_equal(chosen(&f), 8);
	bye(&f, 8);
	assert_int_equal(chosen(&f), 6);
	bye(&f, 6);
	assert_int_equal(chosen(&f), 7);
	bye(&f, 7);
	assert_int_equal(chosen(&f), 3);
	bye(&f, 3);
	assert_int_equal(chosen(&f), 2);
	fix_end(&f);
}

/* A better router is no reason to leave the one in use, except that this one has no LKE. */
static void lke_019_router_with_lke_is_worth_a_move(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	f.ra_lke = false;
	heard(&f, 1, 0);
	heard(&f, 2, 1);
	assert_int_equal(chosen(&f), 1);
	f.ra_lke = true;
	heard(&f, 3, -1);
	assert_int_equal(chosen(&f), 3);
	heard(&f, 4, 1);
	f.ra_lke = false;
	heard(&f, 1, 1);
	assert_int_equal(chosen(&f), 3);
	fix_end(&f);
}

/* No address can be made of what it advertises: it is none to take, whatever else it says. */
static void router_without_a_prefix_is_not_taken(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .preference = 1 };
	struct fix f;

	(void)state;
	begin(&f, 0);
	f.ra_lke = false;
	heard(&f, 2, 0);
	f.ra_lke = true;
	fix_ra_msg(&f, 3, &m);
	bye(&f, 1);
	assert_int_equal(chosen(&f), 2);
	fix_end(&f);
}

/* A goodbye of somebody never heard of is no sign of another link. */
static void goodbye_of_an_unknown_router_asks_nothing(void **state)
{
	struct fix f;

	(void)state;
	begin(&f, 0);
	fix_run(&f, 5 * LKE_SEC);
	fix_clear(&f);
	bye(&f, 2);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 0);
	fix_end(&f);
}

/* The exchange with the former router ends with the choice: no request, no key. */
static void exchange_with_a_router_that_was_left(void **state)
{
	struct lke_in6 ll = fix_ar_ll(1), coa;
	struct lke_lbsa_view v;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1); /* its request is out */
	coa = fix_coa(&f);
	f.ra_lke = false;
	heard(&f, 2, 0);
	f.ra_lke = true;
	bye(&f, 1);
	assert_int_not_equal(fix_keack(&f, 1, 0, 1000, false), 0);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	fix_run(&f, 30 * LKE_SEC);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_NOTIFY && f.out[n].a.note.msg == LKE_MSG_KEREQ)
			assert_false(in6_eq(&f.out[n].a.note.dst, &ll));
	fix_end(&f);
}

/* A prefix that the router adds later makes one more address, which is no move. */
static void lke_025_prefix_that_comes_later(void **state)
{
	struct nd_msg m = of(1, 0);
	struct lke_in6 coa;
	bool found = false;
	struct fix f;

	(void)state;
	begin(&f, 1);
	coa = fix_coa(&f);
	m.prefix[m.prefixes++] = fix_pio("2001:db8:11::", 86400, 14400);
	fix_clear(&f);
	fix_ra_msg(&f, 1, &m);
	for (unsigned n = 0; fix_find(&f, LKE_ACT_ADDR, n); n++)
		found |= in6_prefix_eq(&fix_find(&f, LKE_ACT_ADDR, n)->a.addr.addr,
				       &m.prefix[1].prefix, 64);
	assert_true(found);
	assert_true(in6_eq(&coa, &f.e->mn->current));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

/* Another station answers for the router: neighbour entry and tunnels lead there at once. */
static void router_of_another_link_layer_address(void **state)
{
	struct nd_msg m = of(1, 0);
	struct lke_lladdr other = fix_mac(0x42);
	struct lke_in6 src = fix_ar_ll(1);
	const struct fix_action *a;
	uint8_t buf[1024];
	struct fix f;
	int len;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	m.type = ND_RA;
	m.lladdr = other;
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	fix_packet(&f, 0x42, buf, (size_t)len);
	a = fix_find(&f, LKE_ACT_NEIGH, 0);
	assert_non_null(a);
	assert_true(lladdr_eq(&a->a.neigh.lladdr, &other));
	assert_true(in6_eq(&a->a.neigh.addr, &src));
	assert_false(a->a.neigh.remove);
	a = fix_find(&f, LKE_ACT_TUNNEL, 0);
	assert_non_null(a);
	assert_true(in6_eq(&a->a.tunnel.home, &fix_home));
	assert_true(lladdr_eq(&a->a.tunnel.nexthop, &other));
	fix_end(&f);
}

/* `lke handover ROUTER`: the answer to the command. */
static int take(struct fix *f, struct lke_in6 router)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_HANDOVER;
	ev.command.arg = router;
	fix_clear(f);
	fix_event(f, &ev);
	assert_non_null(fix_find(f, LKE_ACT_REPLY, 0));
	return fix_find(f, LKE_ACT_REPLY, 0)->a.reply.err;
}

static void op_handover_to_a_router(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000 };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	assert_int_equal(take(&f, fix_ar_ll(2)), LKE_ERR_STATE);
	fix_attach_lbsa(&f, 1);
	heard(&f, 2, 0);
	fix_ra_msg(&f, 3, &m);
	assert_int_equal(take(&f, fix_ar_ll(4)), LKE_ERR_NOENT);
	assert_int_equal(take(&f, fix_ar_ll(3)), LKE_ERR_STATE);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(take(&f, fix_ar_ll(2)), 0);
	assert_int_equal(chosen(&f), 2);
	/* The former router forwards, as after a move. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_run(&f, 30 * LKE_SEC);
	heard(&f, 1, 0);
	assert_int_equal(f.e->mn->link[0]->router->ll.b[15], 2);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_070_order_of_routers),
		cmocka_unit_test(lke_019_router_with_lke_is_worth_a_move),
		cmocka_unit_test(router_without_a_prefix_is_not_taken),
		cmocka_unit_test(goodbye_of_an_unknown_router_asks_nothing),
		cmocka_unit_test(exchange_with_a_router_that_was_left),
		cmocka_unit_test(lke_025_prefix_that_comes_later),
		cmocka_unit_test(router_of_another_link_layer_address),
		cmocka_unit_test(op_handover_to_a_router),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

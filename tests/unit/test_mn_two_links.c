/* SPDX-License-Identifier: ISC */
/* Two interfaces, the first of the configuration preferred: what is bound and moved in which order,
 * and how long a link has to last (SEC-065). */
#include "mn_fixture.h"

static void mn1_is_preferred(struct lke_config *cfg)
{
	strcpy(cfg->mn.interface[0], "mn1");
	strcpy(cfg->mn.interface[1], "mn0");
	cfg->mn.interfaces = 2;
}

/* mn1 is preferred; the node is on mn0 with a key of router 1, and registered. */
static void on_second_choice(struct fix *f, struct lke_in6 *ret_coa)
{
	fix_tweak = mn1_is_preferred;
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link2(f, false);
	fix_attach_lbsa(f, 1);
	*ret_coa = fix_coa(f);
	fix_clear(f);
}

/* The k-th change of the path of the address since fix_clear(); NULL: no such one. */
static const struct fix_action *path(const struct fix *f, const struct lke_in6 *addr, unsigned k)
{
	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == LKE_ACT_PATH && in6_eq(&f->out[n].a.path.src, addr) &&
		    k-- == 0)
			return &f->out[n];
	return NULL;
}

static const struct fix_action *tunnel(const struct fix *f, const struct lke_in6 *home)
{
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_TUNNEL && in6_eq(&f->out[n].a.tunnel.home, home))
			return &f->out[n];
	return NULL;
}

/* The old link carries the old address until its router has answered: then the tunnel, and last the
 * path.  Nothing is parked meanwhile. */
static void make_before_break_in_order(void **state)
{
	struct lke_in6 old, now, ar = fix_ar_addr(1);
	const struct fix_action *t, *p, *bu;
	struct fix f;

	(void)state;
	on_second_choice(&f, &old);
	fix_link2(&f, true);
	f.now += LKE_MSEC;
	fix_ra2(&f, 5);
	now = f.e->mn->current;
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF2);
	bu = fix_last(&f, LKE_MSG_BU);
	assert_non_null(bu);
	assert_int_equal(bu->a.send.ifindex, FIX_IF2);
	assert_null(path(&f, &old, 0));
	assert_null(tunnel(&f, &old));
	assert_null(fix_find(&f, LKE_ACT_HOLD, 0));
	/* Of the home agent's tunnel neither end moves: the old link is there still. */
	assert_true(!tunnel(&f, &fix_home) || tunnel(&f, &fix_home)->a.tunnel.ifindex == FIX_IF);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	t = tunnel(&f, &old);
	p = path(&f, &old, 0);
	assert_non_null(t);
	assert_non_null(p);
	assert_true(in6_eq(&t->a.tunnel.coa, &now) && in6_eq(&t->a.tunnel.agent, &ar));
	assert_int_equal(t->a.tunnel.ifindex, FIX_IF2);
	assert_int_equal(p->a.path.path, LKE_PATH_TUNNEL);
	assert_true(fix_index(&f, t) < fix_index(&f, p));
	/* And the home address through it, by the new link. */
	assert_int_equal(tunnel(&f, &fix_home)->a.tunnel.ifindex, FIX_IF2);
	/* The old link goes: nothing changes any more. */
	fix_clear(&f);
	fix_link(&f, false);
	assert_null(path(&f, &old, 0));
	assert_null(fix_find(&f, LKE_ACT_HOLD, 0));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

/* Lost before the answer: its packets wait for the tunnel, which is there in the same turn. */
static void the_old_link_goes_before_the_answer(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	on_second_choice(&f, &old);
	fix_link2(&f, true);
	fix_ra2(&f, 5);
	fix_clear(&f);
	fix_link(&f, false);
	assert_int_equal(path(&f, &old, 0)->a.path.path, LKE_PATH_TUNNEL);
	assert_int_equal(tunnel(&f, &old)->a.tunnel.ifindex, FIX_IF2);
	assert_int_equal(tunnel(&f, &fix_home)->a.tunnel.ifindex, FIX_IF2);
	fix_end(&f);
}

/* No router forwards for the old address: its link carries the home address until the home agent
 * has answered. */
static void home_tunnel_stays_until_the_home_agent_has_answered(void **state)
{
	struct lke_in6 old, now;
	struct fix f;

	(void)state;
	fix_tweak = mn1_is_preferred;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	f.ra_lke = false;
	fix_link2(&f, false);
	fix_attach(&f, 1);
	old = fix_coa(&f);
	assert_true(in6_eq(&tunnel(&f, &fix_home)->a.tunnel.coa, &old));
	fix_clear(&f);
	fix_link2(&f, true);
	fix_ra2(&f, 5);
	now = f.e->mn->current;
	assert_false(in6_eq(&now, &old));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_null(tunnel(&f, &fix_home));
	assert_int_equal(fix_ha_ba(&f, 5, 0, fix_ha_seq(&f)), 0);
	assert_true(in6_eq(&tunnel(&f, &fix_home)->a.tunnel.coa, &now));
	assert_int_equal(tunnel(&f, &fix_home)->a.tunnel.ifindex, FIX_IF2);
	fix_end(&f);
}

/* A link that stands by has an address and no traffic; it takes over in the turn in which the other
 * one is lost. */
static void standby_takes_over_at_once(void **state)
{
	struct lke_in6 first;
	struct fix f;

	(void)state;
	fix_tweak = fix_two_links;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link2(&f, false);
	fix_attach_lbsa(&f, 1);
	first = fix_coa(&f);
	fix_clear(&f);
	fix_link2(&f, true);
	fix_ra2(&f, 5);
	fix_run(&f, 2 * LKE_SEC);
	assert_true(in6_eq(&f.e->mn->current, &first));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_clear(&f);
	fix_link(&f, false);
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF2);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2); /* its router, and by it the home agent */
	assert_int_equal(path(&f, &first, 0)->a.path.path, LKE_PATH_TUNNEL);
	assert_false(f.e->mn->held);
	fix_end(&f);
}

/* Loses the preferred link and has it back after a second; how long it has to last then. */
static lke_time patience(struct fix *f)
{
	lke_time up;

	fix_link2(f, false);
	fix_run(f, LKE_SEC);
	fix_link2(f, true);
	up = f->now;
	fix_ra2(f, 5);
	while (f->e->mn->active->ifc->ifindex != FIX_IF2 && f->now - up < 200 * LKE_SEC) {
		fix_run(f, 100 * LKE_MSEC);
		fix_clear(f);
	}
	assert_int_equal(f->e->mn->active->ifc->ifindex, FIX_IF2);
	return f->now - up;
}

/* The second loss within 64 s costs 4 s, doubling to 64; a loss that comes more than 64 s after the
 * one before is none of a series. */
static void sec_065_patience_doubles_and_is_forgotten(void **state)
{
	static const unsigned s[] = { 4, 8, 16, 32 };
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	on_second_choice(&f, &coa);
	assert_true(patience(&f) <= 100 * LKE_MSEC);
	assert_true(patience(&f) <= 100 * LKE_MSEC); /* one loss is no series */
	for (unsigned n = 0; n < 4; n++)
		assert_in_range(patience(&f) / LKE_MSEC, s[n] * 1000, s[n] * 1000 + 100);
	assert_in_range(patience(&f) / LKE_MSEC, 64000, 64100);
	/* That it lasted so long ends the series. */
	assert_true(patience(&f) <= 100 * LKE_MSEC);
	fix_end(&f);
}

/* The only address of the link ends there; no key and no registration keeps it (RFC 4862 5.5.4). */
static void address_that_ends_leaves_for_the_other_link(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_tweak = fix_two_links;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link2(&f, false);
	m.prefix[0] = fix_pio("2001:db8:1::", 40, 20);
	fix_link(&f, true);
	fix_ra_msg(&f, 1, &m);
	fix_run(&f, 39 * LKE_SEC);
	fix_link2(&f, true);
	fix_ra2(&f, 5);
	old = fix_coa(&f);
	assert_true(in6_prefix_eq(&old, &m.prefix[0].prefix, 64));
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF2);
	assert_null(mn_addr_find(f.e, &old));
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(make_before_break_in_order),
		cmocka_unit_test(the_old_link_goes_before_the_answer),
		cmocka_unit_test(home_tunnel_stays_until_the_home_agent_has_answered),
		cmocka_unit_test(standby_takes_over_at_once),
		cmocka_unit_test(sec_065_patience_doubles_and_is_forgotten),
		cmocka_unit_test(address_that_ends_leaves_for_the_other_link),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Addresses that the kernel made of advertisements before the link was the mobile node's. */
#include "mn_fixture.h"

static void address_on(struct fix *f, uint32_t ifindex, const struct lke_in6 *addr, bool advertised,
		       bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = ifindex,
					.addr = *addr,
					.prefix_len = 64,
					.advertised = advertised,
					.removed = removed,
					.valid = removed ? 0 : 3600 };
	fix_event(f, &ev);
}

static void address(struct fix *f, const struct lke_in6 *addr, bool advertised, bool removed)
{
	address_on(f, FIX_IF, addr, advertised, removed);
}

/* The last path of the address; false: none was set. */
static bool path_of(const struct fix *f, const struct lke_in6 *addr, struct lke_act_path *ret)
{
	bool found = false;

	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == LKE_ACT_PATH && in6_eq(&f->out[n].a.path.src, addr)) {
			*ret = f->out[n].a.path;
			found = true;
		}
	return found;
}

static bool removed(const struct fix *f, const struct lke_in6 *addr)
{
	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == LKE_ACT_ADDR && in6_eq(&f->out[n].a.addr.addr, addr)) {
			assert_true(f->out[n].a.addr.remove);
			return true;
		}
	return false;
}

static void assert_leaves_by(const struct fix *f, const struct lke_in6 *addr, uint32_t ifindex,
			     unsigned ar)
{
	struct lke_in6 router = fix_ar_ll(ar);
	struct lke_act_path p;

	assert_true(path_of(f, addr, &p));
	assert_int_equal(p.path, LKE_PATH_ROUTER);
	assert_int_equal(p.ifindex, ifindex);
	assert_true(in6_eq(&p.router, &router));
}

static void assert_leaves_through(const struct fix *f, const struct lke_in6 *addr, unsigned ar)
{
	assert_leaves_by(f, addr, FIX_IF, ar);
}

/* Its router while the node stays, gone with the first move; no key, and never the care-of address.
 */
static void kernel_address_lives_until_the_first_move(void **state)
{
	struct lke_in6 kernel = fix_addr("2001:db8:1::abcd"), admin = fix_addr("2001:db8:1::ad"),
		       coa;
	struct lke_lbsa_view v;
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	address(&f, &kernel, true, false);
	address(&f, &admin, false, false);
	assert_false(path_of(&f, &kernel, &p));
	fix_attach_lbsa(&f, 1);
	assert_leaves_through(&f, &kernel, 1);
	assert_false(path_of(&f, &admin, &p));
	coa = fix_coa(&f);
	assert_false(in6_eq(&coa, &kernel));
	fix_run(&f, 300 * LKE_SEC);
	fix_ra(&f, 1);
	assert_false(fix_lbsa(&f, &kernel, &v));
	assert_false(removed(&f, &kernel));
	/* The same link again is no move. */
	fix_clear(&f);
	fix_move(&f, 1);
	assert_false(removed(&f, &kernel));
	fix_move(&f, 2);
	assert_true(removed(&f, &kernel));
	assert_true(path_of(&f, &kernel, &p) && p.path == LKE_PATH_NONE);
	assert_false(removed(&f, &admin));
	/* Its last news do not bring it back. */
	fix_clear(&f);
	address(&f, &coa, false, false);
	assert_false(path_of(&f, &kernel, &p));
	address(&f, &kernel, true, true);
	fix_move(&f, 1);
	assert_false(path_of(&f, &kernel, &p) || removed(&f, &kernel));
	fix_end(&f);
}

/* Its lifetime ended, or somebody removed it. */
static void kernel_address_that_ends_leaves_no_path(void **state)
{
	struct lke_in6 kernel = fix_addr("2001:db8:1::abcd");
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	address(&f, &kernel, true, false); /* late */
	assert_leaves_through(&f, &kernel, 1);
	fix_clear(&f);
	address(&f, &kernel, true, true);
	assert_true(path_of(&f, &kernel, &p) && p.path == LKE_PATH_NONE);
	assert_false(removed(&f, &kernel));
	fix_end(&f);
}

/* Of another router of the link, that is heard later; whose link it is nobody knows before. */
static void kernel_address_of_another_prefix_stays_until_the_first_move(void **state)
{
	struct lke_in6 kernel = fix_addr("2001:db8:3::abcd");
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	address(&f, &kernel, true, false);
	fix_attach_lbsa(&f, 1);
	assert_leaves_through(&f, &kernel, 1);
	fix_ra(&f, 3);
	address(&f, &kernel, true, false);
	assert_leaves_through(&f, &kernel, 3);
	assert_false(removed(&f, &kernel));
	fix_move(&f, 2);
	assert_true(removed(&f, &kernel));
	fix_end(&f);
}

/* The node moves before it heard a router: nobody of the new link speaks of the address. */
static void kernel_address_goes_with_a_move_before_any_router(void **state)
{
	struct lke_in6 stays = fix_addr("2001:db8:2::abcd"), goes = fix_addr("2001:db8:1::abcd");
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	address(&f, &stays, true, false);
	address(&f, &goes, true, false);
	fix_link(&f, true);
	fix_link(&f, false);
	fix_link(&f, true);
	assert_false(removed(&f, &goes));
	fix_ra(&f, 2);
	fix_run(&f, 2 * LKE_SEC);
	assert_leaves_through(&f, &stays, 2);
	assert_true(removed(&f, &goes));
	assert_false(removed(&f, &stays));
	fix_end(&f);
}

/* More than there is room for stay where they are, without paths. */
static void kernel_addresses_are_bounded(void **state)
{
	struct lke_act_path p;
	struct lke_in6 a;
	struct fix f;
	char text[40];

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	for (unsigned n = 0; n < 12; n++) {
		snprintf(text, sizeof(text), "2001:db8:1::ab%02x", n);
		a = fix_addr(text);
		address(&f, &a, true, false);
	}
	fix_attach(&f, 1);
	assert_false(path_of(&f, &a, &p));
	a = fix_addr("2001:db8:1::ab00");
	assert_leaves_through(&f, &a, 1);
	fix_end(&f);
}

/* The kernel made the home address itself: its copy goes, the path is that of the home. */
static void kernel_address_that_is_a_home_is_not_kept(void **state)
{
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_clear(&f);
	address(&f, &fix_home, true, false);
	assert_true(removed(&f, &fix_home));
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	assert_false(path_of(&f, &fix_home, &p));
	fix_end(&f);
}

static int reload(struct fix *f, const struct lke_config *next)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { next, false } };
	int err = lke_engine_input(f->e, &ev, f->now);

	fix_run(f, 0);
	return err;
}

/* The operator makes one of them the home address while it is in use. */
static void kernel_address_becomes_a_home_by_reload(void **state)
{
	struct lke_in6 kernel = fix_addr("2001:db8:1::abcd");
	static struct lke_config next;
	struct lke_config_home *h;
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	address(&f, &kernel, true, false);
	fix_attach_lbsa(&f, 1);
	assert_leaves_through(&f, &kernel, 1);
	next = f.cfg;
	h = &next.mn.home[next.mn.homes++];
	*h = f.cfg.mn.home[0];
	h->addr = kernel;
	h->to_ha.spi = 2000;
	h->to_mn.spi = 2001;
	fix_clear(&f);
	assert_int_equal(reload(&f, &next), 0);
	assert_true(path_of(&f, &kernel, &p) && p.path == LKE_PATH_TUNNEL);
	for (unsigned n = 0; fix_find(&f, LKE_ACT_ADDR, n); n++) {
		const struct lke_act_addr *a = &fix_find(&f, LKE_ACT_ADDR, n)->a.addr;

		/* To the tunnel device, and away from the link. */
		if (in6_eq(&a->addr, &kernel))
			assert_int_equal(a->ifindex, a->remove ? FIX_IF : 0);
	}
	assert_int_equal(f.e->mn->link[0]->kepts, 0);
	address(&f, &kernel, true, true); /* the kernel says so, too */
	fix_clear(&f);
	fix_move(&f, 2);
	assert_false(path_of(&f, &kernel, &p));
	fix_end(&f);
}

/* Each leaves through the router of its own link, also where that only stands by; a link that moves
 * or goes takes its own with it. */
static void kernel_addresses_of_two_links(void **state)
{
	struct lke_in6 first = fix_addr("2001:db8:1::abcd"), second = fix_addr("2001:db8:5::abcd");
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_tweak = fix_two_links;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link2(&f, false);
	address(&f, &first, true, false);
	address_on(&f, FIX_IF2, &second, true, false);
	fix_attach_lbsa(&f, 1);
	fix_link2(&f, true);
	fix_ra2(&f, 5);
	assert_ptr_equal(f.e->mn->active->ifc->mn, f.e->mn->link[0]);
	assert_leaves_by(&f, &first, FIX_IF, 1);
	assert_leaves_by(&f, &second, FIX_IF2, 5);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_true(removed(&f, &first));
	assert_true(path_of(&f, &first, &p) && p.path == LKE_PATH_NONE);
	assert_false(removed(&f, &second) || path_of(&f, &second, &p));
	fix_link2(&f, false);
	fix_link2(&f, true);
	fix_ra2(&f, 6);
	assert_true(removed(&f, &second));
	assert_true(path_of(&f, &second, &p) && p.path == LKE_PATH_NONE);
	fix_end(&f);
}

/* A link that the configuration adds has some; when it goes out again they stay, as the kernel's.
 */
static void kernel_addresses_of_a_link_that_comes_and_goes(void **state)
{
	struct lke_in6 first = fix_addr("2001:db8:1::abcd"), second = fix_addr("2001:db8:5::abcd");
	static struct lke_config next;
	struct lke_act_path p;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	address(&f, &first, true, false);
	fix_attach_lbsa(&f, 1);
	fix_link2(&f, true);
	address_on(&f, FIX_IF2, &second, true, false);
	assert_false(path_of(&f, &second, &p));
	next = f.cfg;
	fix_two_links(&next);
	assert_int_equal(reload(&f, &next), 0);
	fix_ra2(&f, 5);
	assert_leaves_by(&f, &second, FIX_IF2, 5);
	fix_clear(&f);
	assert_int_equal(reload(&f, &f.cfg), 0);
	assert_true(path_of(&f, &second, &p) && p.path == LKE_PATH_NONE);
	assert_false(removed(&f, &second));
	assert_false(path_of(&f, &first, &p) || removed(&f, &first));
	/* And in again. */
	assert_int_equal(reload(&f, &next), 0);
	fix_ra2(&f, 5);
	assert_leaves_by(&f, &second, FIX_IF2, 5);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_address_lives_until_the_first_move),
		cmocka_unit_test(kernel_address_that_ends_leaves_no_path),
		cmocka_unit_test(kernel_address_of_another_prefix_stays_until_the_first_move),
		cmocka_unit_test(kernel_address_goes_with_a_move_before_any_router),
		cmocka_unit_test(kernel_addresses_are_bounded),
		cmocka_unit_test(kernel_address_that_is_a_home_is_not_kept),
		cmocka_unit_test(kernel_address_becomes_a_home_by_reload),
		cmocka_unit_test(kernel_addresses_of_two_links),
		cmocka_unit_test(kernel_addresses_of_a_link_that_comes_and_goes),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Addresses that the kernel made of advertisements before the link was the mobile node's. */
#include "mn_fixture.h"

static void address(struct fix *f, const struct lke_in6 *addr, bool advertised, bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF,
					.addr = *addr,
					.prefix_len = 64,
					.advertised = advertised,
					.removed = removed,
					.valid = removed ? 0 : 3600 };
	fix_event(f, &ev);
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

static void assert_leaves_through(const struct fix *f, const struct lke_in6 *addr, unsigned ar)
{
	struct lke_in6 router = fix_ar_ll(ar);
	struct lke_act_path p;

	assert_true(path_of(f, addr, &p));
	assert_int_equal(p.path, LKE_PATH_ROUTER);
	assert_int_equal(p.ifindex, FIX_IF);
	assert_true(in6_eq(&p.router, &router));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_address_lives_until_the_first_move),
		cmocka_unit_test(kernel_address_that_ends_leaves_no_path),
		cmocka_unit_test(kernel_address_of_another_prefix_stays_until_the_first_move),
		cmocka_unit_test(kernel_addresses_are_bounded),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* A mobile node that meets more links within the life of a key than it has places for keys and
 * bindings: AMB-127, and the bound of every table. */
#include "mn_fixture.h"

enum { LINKS = 40 };

/* To the next link: the router before is bound, and this one's key is made. */
static void walk(struct fix *f, unsigned ar)
{
	const struct lke_in6 before = fix_coa(f), router = fix_ar_addr(ar - 1);
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	fix_clear(f);
	fix_move(f, ar);
	assert_non_null(update_find(f->e, &before, &router));
	assert_int_equal(fix_ba(f, ar - 1, 0, 240, 0, true), 0);
	fix_run(f, 2 * LKE_SEC);
	assert_int_equal(fix_count(f, LKE_MSG_KEREQ), 1);
	assert_int_equal(fix_keack(f, ar, 0, 7200, false), 0);
	coa = fix_coa(f);
	assert_true(fix_lbsa(f, &coa, &v));
}

static unsigned bindings(const struct fix *f)
{
	unsigned count = 0;

	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (f->e->mn->update[n] && !f->e->mn->update[n]->reg)
			count++;
	return count;
}

static void many_links(unsigned homes)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };
	struct lke_in6 first, router = fix_ar_addr(1);
	struct fix f;

	fix_start(&f, homes, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	first = fix_coa(&f);
	walk(&f, 2);
	/* A connection that began on the first link. */
	ev.tunnel.what = LKE_TUNNEL_FIRST;
	ev.tunnel.inner_src = first;
	fix_event(&f, &ev);
	for (unsigned n = 3; n <= LINKS; n++)
		walk(&f, n);
	assert_non_null(update_find(f.e, &first, &router));
	assert_true(bindings(&f) >= UPDATES_MAX / 2);
	fix_end(&f);
}

static void amb_127_more_links_than_places(void **state)
{
	(void)state;
	many_links(1);
}

static void amb_127_more_links_than_places_without_a_home_agent(void **state)
{
	(void)state;
	many_links(0);
}

/* All bindings are in use: the one whose key ends first gives way. */
static void amb_127_more_links_in_use_than_places(void **state)
{
	struct lke_in6 first, router = fix_ar_addr(1);
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	first = fix_coa(&f);
	for (unsigned n = 2; n <= LINKS; n++) {
		walk(&f, n);
		for (unsigned k = 0; k < UPDATES_MAX; k++)
			if (f.e->mn->update[k])
				f.e->mn->update[k]->used = true;
	}
	assert_null(update_find(f.e, &first, &router));
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073). */
static const char *const default_only[] = {
	"amb_127_more_links_than_places_without_a_home_agent",
	"amb_127_more_links_in_use_than_places",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_127_more_links_than_places),
		cmocka_unit_test(amb_127_more_links_than_places_without_a_home_agent),
		cmocka_unit_test(amb_127_more_links_in_use_than_places),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

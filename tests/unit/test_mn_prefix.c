/* SPDX-License-Identifier: ISC */
/* Several prefixes of a router: addresses, their lifetimes, renumbering.  RFC 4862 5.5.3, 5.5.4. */
#include "mn_fixture.h"

#define FIRST  "2001:db8:1::"
#define SECOND "2001:db8:11::"
#define HOUR   (3600 * LKE_SEC)

static void advertise(struct fix *f, const struct nd_prefix *a, const struct nd_prefix *b)
{
	struct nd_msg m = { .router_lifetime = 9000 };

	if (a)
		m.prefix[m.prefixes++] = *a;
	if (b)
		m.prefix[m.prefixes++] = *b;
	assert_int_equal(fix_ra_msg(f, 1, &m), 0);
}

static void both(struct fix *f)
{
	struct nd_prefix a = fix_pio(FIRST, 86400, 14400), b = fix_pio(SECOND, 86400, 14400);

	advertise(f, &a, &b);
}

static struct mn_addr *address_in(struct fix *f, const char *prefix)
{
	struct lke_in6 p = fix_addr(prefix);

	for (unsigned n = 0; n < MN_ADDRS; n++) {
		struct mn_addr *a = f->e->mn->addr[n];

		if (a && !a->linklocal && in6_prefix_eq(&a->addr, &p, 64))
			return a;
	}
	return NULL;
}

static bool coa_in(struct fix *f, const char *prefix)
{
	struct lke_in6 p = fix_addr(prefix), coa = fix_coa(f);

	return in6_prefix_eq(&p, &coa, 64);
}

/* The last announcement of the address to the kernel. */
static const struct lke_act_addr *announced(const struct fix *f, const struct lke_in6 *addr)
{
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_ADDR && in6_eq(&f->out[n].a.addr.addr, addr))
			return &f->out[n].a.addr;
	return NULL;
}

static void on_two_prefixes(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(f, true);
	both(f);
	assert_int_equal(fix_ha_ba(f, 1, 0, fix_ha_seq(f)), 0);
	fix_run(f, 2 * LKE_SEC);
}

/* LKE-025: the primary care-of address is one of them; the others are ordinary addresses. */
static void lke_025_an_address_of_each_prefix(void **state)
{
	struct mn_addr *a, *b;
	struct fix f;

	(void)state;
	on_two_prefixes(&f);
	a = address_in(&f, FIRST);
	b = address_in(&f, SECOND);
	assert_non_null(a);
	assert_non_null(b);
	assert_true(coa_in(&f, FIRST));
	assert_int_equal(b->state, MN_ADDR_PREFERRED);
	assert_int_equal(b->path, LKE_PATH_ROUTER);
	assert_non_null(announced(&f, &b->addr));
	/* RFC 7217: another prefix, another identifier. */
	assert_memory_not_equal(a->addr.b + 8, b->addr.b + 8, 8);
	/* One registration, of the primary one. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

static void amb_068_one_exchange_for_each_4_s_apart(void **state)
{
	struct lke_lbsa_view v;
	struct fix f;

	(void)state;
	on_two_prefixes(&f);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	fix_clear(&f);
	fix_run(&f, 3900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 200 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	/* The Home Address option of an ordinary prefix's request names that address. */
	assert_true(memmem(fix_last(&f, LKE_MSG_KEREQ)->data, 80, address_in(&f, SECOND)->addr.b,
			   16) != NULL);
	f.ra_lke = true;
	fix_kereq_key(&f);
	assert_false(fix_lbsa(&f, &address_in(&f, SECOND)->addr, &v));
	fix_end(&f);
}

/* An advertisement that orders the prefixes anew or leaves one out is no movement. */
static void order_and_omission_change_nothing(void **state)
{
	struct nd_prefix a = fix_pio(FIRST, 86400, 14400), b = fix_pio(SECOND, 86400, 14400);
	struct fix f;

	(void)state;
	on_two_prefixes(&f);
	fix_clear(&f);
	advertise(&f, &b, &a);
	advertise(&f, &b, NULL);
	assert_true(coa_in(&f, FIRST));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	fix_end(&f);
}

static void renumbering_moves_the_registration(void **state)
{
	struct nd_prefix a = fix_pio(FIRST, 7200, 0), b = fix_pio(SECOND, 86400, 14400);
	struct lke_in6 old;
	struct fix f;

	(void)state;
	on_two_prefixes(&f);
	old = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	fix_clear(&f);
	advertise(&f, &a, &b);
	assert_true(coa_in(&f, SECOND));
	/* To the home agent alone: the old address is still on this link and needs no tunnel. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(announced(&f, &old)->preferred, 0);
	assert_int_equal(announced(&f, &old)->valid, 7200);
	assert_int_equal(mn_addr_find(f.e, &old)->path, LKE_PATH_ROUTER);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	/* The old one goes when its time is over. */
	fix_run(&f, 2 * HOUR + LKE_SEC);
	assert_null(mn_addr_find(f.e, &old));
	fix_end(&f);
}

static void preferred_lifetime_ends_without_a_word(void **state)
{
	struct nd_prefix a = fix_pio(FIRST, 7300, 100), b = fix_pio(SECOND, 7300, 7200);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	advertise(&f, &a, &b);
	assert_true(coa_in(&f, FIRST));
	fix_run(&f, 101 * LKE_SEC);
	assert_true(coa_in(&f, SECOND));
	fix_end(&f);
}

/* RFC 4862 5.5.3 e: what an unauthenticated advertisement can do to a valid lifetime. */
static void two_hour_rule(void **state)
{
	static const struct {
		uint32_t first, then, expect;
	} row[] = {
		{ 86400, 43200, 43200 }, /* above two hours: taken */
		{ 86400, 60, 7200 },	 /* cut to two hours */
		{ 86400, 0, 7200 },	 /* and no further */
		{ 3600, 60, 3600 },	 /* less than two hours left: ignored */
		{ 3600, 5000, 5000 },	 /* longer than what is left: taken */
		{ LKE_LIFETIME_INFINITE, 10, 7200 },
	};

	(void)state;
	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		struct nd_prefix a = fix_pio(FIRST, row[n].first, 3000);
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_link(&f, true);
		advertise(&f, &a, NULL);
		a.valid = row[n].then;
		a.preferred = 0;
		advertise(&f, &a, NULL);
		assert_int_equal((address_in(&f, FIRST)->valid_until - f.now) / LKE_SEC,
				 row[n].expect);
		assert_int_equal(announced(&f, &address_in(&f, FIRST)->addr)->valid, row[n].expect);
		fix_end(&f);
	}
}

static unsigned addresses(const struct fix *f)
{
	unsigned n = 0;

	for (unsigned k = 0; k < MN_ADDRS; k++)
		n += f->e->mn->addr[k] && !f->e->mn->addr[k]->linklocal;
	return n;
}

static void no_address_of_an_unfit_prefix(void **state)
{
	struct nd_prefix good = fix_pio(FIRST, 86400, 14400);
	struct nd_prefix bad[6];
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 6; n++)
		bad[n] = fix_pio(SECOND, 86400, 14400);
	bad[0].flags = ND_PIO_L;	     /* not autonomous */
	bad[1].prefix = fix_addr("fe80::");  /* link-local */
	bad[2].preferred = 86401;	     /* above the valid one */
	bad[3].valid = bad[3].preferred = 0; /* nothing to form */
	bad[4].len = 80;		     /* no room for the identifier */
	bad[5].prefix = fix_addr("ff05::");  /* multicast */
	for (unsigned n = 0; n < 6; n++) {
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_link(&f, true);
		advertise(&f, &good, &bad[n]);
		assert_non_null(address_in(&f, FIRST));
		assert_int_equal(addresses(&f), 1);
		fix_end(&f);
	}
}

/* Prefixes beyond the places are counted and passed over until the time of one is over; one that
 * was withdrawn before it was known takes no place. */
static void more_prefixes_than_places(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = MN_PREFIXES + 1 };
	struct nd_prefix last = fix_pio("2001:db8:15::", 86400, 14400);
	struct nd_prefix gone = fix_pio("2001:db8:16::", 0, 0);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	for (unsigned n = 0; n < MN_PREFIXES; n++) {
		m.prefix[n] = fix_pio(FIRST, n == 2 ? 600 : 86400, n == 2 ? 300 : 14400);
		m.prefix[n].prefix.b[5] = (uint8_t)(0x11 + n);
	}
	m.prefix[MN_PREFIXES] = last;
	fix_ra_msg(&f, 1, &m);
	assert_int_equal(addresses(&f), MN_PREFIXES);
	assert_null(address_in(&f, "2001:db8:15::"));
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 1);
	advertise(&f, &gone, NULL);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	/* Its time is over: the address goes, and the next prefix has a place. */
	fix_run(&f, 599 * LKE_SEC);
	assert_non_null(address_in(&f, "2001:db8:13::"));
	fix_run(&f, 2 * LKE_SEC);
	assert_null(address_in(&f, "2001:db8:13::"));
	advertise(&f, &last, NULL);
	assert_non_null(address_in(&f, "2001:db8:15::"));
	assert_int_equal(address_in(&f, "2001:db8:15::")->valid_until, f.now + 86400 * LKE_SEC);
	assert_int_equal(addresses(&f), MN_PREFIXES);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 1);
	fix_end(&f);
}

/* RFC 4862 5.5.4: the valid lifetime of the address in use ends: it goes, and with it the link's
 * router if that has no other prefix. */
static void valid_lifetime_ends(void **state)
{
	struct nd_prefix a = fix_pio(FIRST, 300, 200);
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	advertise(&f, &a, NULL);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	coa = fix_coa(&f);
	assert_int_equal(announced(&f, &coa)->valid, 300);
	assert_int_equal(announced(&f, &coa)->preferred, 200);
	fix_run(&f, 290 * LKE_SEC);
	assert_true(coa_in(&f, FIRST)); /* deprecated, but there is no other */
	assert_null(fix_note(&f, LKE_NOTE_DETACHED));
	fix_run(&f, 11 * LKE_SEC);
	assert_non_null(fix_note(&f, LKE_NOTE_DETACHED));
	assert_true(f.e->mn->held);
	both(&f);
	assert_false(f.e->mn->held);
	assert_true(coa_in(&f, FIRST) || coa_in(&f, SECOND));
	fix_end(&f);
}

/* A site's own prefix beside a global one: the home agent can be anywhere. */
static void global_prefix_before_a_unique_local_one(void **state)
{
	struct nd_prefix a = fix_pio("fd00:1::", 86400, 14400), b = fix_pio(SECOND, 86400, 14400);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	advertise(&f, &a, &b);
	assert_true(coa_in(&f, SECOND));
	assert_non_null(address_in(&f, "fd00:1::"));
	fix_end(&f);
}

/* Two routers of one link with one prefix: the address stays when the router changes. */
static void shared_prefix_keeps_the_address(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	struct lke_in6 coa, now;
	struct fix f;

	(void)state;
	m.prefix[0] = fix_pio(FIRST, 86400, 14400);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_ra_msg(&f, 2, &m);
	fix_clear(&f);
	m.router_lifetime = 0;
	fix_ra_msg(&f, 1, &m);
	now = fix_coa(&f);
	assert_true(in6_eq(&coa, &now));
	assert_true(in6_eq(&mn_addr_find(f.e, &coa)->path_router,
			   &(struct lke_in6){ { 0xfe, 0x80, [15] = 2 } }));
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

/* Every access router of a campus may call itself fe80::1. */
static void routers_of_one_name_on_two_links(void **state)
{
	struct nd_prefix a = fix_pio(FIRST, 86400, 14400), b = fix_pio(SECOND, 86400, 14400);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	advertise(&f, &a, NULL);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_clear(&f);
	advertise(&f, &b, NULL);
	assert_true(coa_in(&f, SECOND));
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	fix_end(&f);
}

static void conflict_of_a_further_address_takes_the_next(void **state)
{
	struct lke_in6 first, coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	both(&f);
	coa = fix_coa(&f);
	first = address_in(&f, SECOND)->addr;
	fix_na(&f, 0x55, &first);
	assert_null(mn_addr_find(f.e, &first));
	assert_non_null(address_in(&f, SECOND));
	assert_true(coa_in(&f, FIRST));
	first = fix_coa(&f);
	assert_true(in6_eq(&coa, &first));
	fix_end(&f);
}

/* More links in two hours than there are places for addresses: the last one still gets one. */
static void wanderer_always_attaches(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_BOTH, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	for (unsigned n = 2; n < MN_ADDRS + 12; n++) {
		struct lke_in6 prefix = fix_ar_addr(n), coa;

		fix_clear(&f);
		fix_move(&f, n);
		coa = fix_coa(&f);
		assert_true(in6_prefix_eq(&coa, &prefix, 64));
		assert_int_equal(fix_ha_ba(&f, n, 0, fix_ha_seq(&f)), 0);
		fix_run(&f, 12 * LKE_SEC);
		assert_int_equal(fix_keack(&f, n, 0, 7200, false), 0);
	}
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_025_an_address_of_each_prefix),
		cmocka_unit_test(amb_068_one_exchange_for_each_4_s_apart),
		cmocka_unit_test(order_and_omission_change_nothing),
		cmocka_unit_test(renumbering_moves_the_registration),
		cmocka_unit_test(preferred_lifetime_ends_without_a_word),
		cmocka_unit_test(two_hour_rule),
		cmocka_unit_test(no_address_of_an_unfit_prefix),
		cmocka_unit_test(more_prefixes_than_places),
		cmocka_unit_test(valid_lifetime_ends),
		cmocka_unit_test(global_prefix_before_a_unique_local_one),
		cmocka_unit_test(shared_prefix_keeps_the_address),
		cmocka_unit_test(routers_of_one_name_on_two_links),
		cmocka_unit_test(conflict_of_a_further_address_takes_the_next),
		cmocka_unit_test(wanderer_always_attaches),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

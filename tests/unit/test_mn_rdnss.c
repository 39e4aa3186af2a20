/* SPDX-License-Identifier: ISC */
/* DNS servers of routers (RFC 8106), told to whoever listens. */
#include "mn_fixture.h"

/* An advertisement of router ar with so many servers, 2001:db8::first and on. */
static void ra(struct fix *f, unsigned ar, unsigned first, unsigned count, uint32_t lifetime)
{
	struct nd_msg m = { .router_lifetime = 9000,
			    .prefixes = 1,
			    .rdnss_count = count,
			    .rdnss_lifetime = lifetime };

	m.prefix[0] = fix_pio("2001:db8::", 86400, 14400);
	m.prefix[0].prefix = fix_ar_addr(ar);
	for (unsigned k = 0; k < count; k++) {
		m.rdnss[k] = fix_addr("2001:db8::");
		m.rdnss[k].b[15] = (uint8_t)(first + k);
	}
	fix_ra_msg(f, ar, &m);
}

/* The k-th note since fix_clear(); NULL: no such one. */
static const struct lke_note *told(const struct fix *f, unsigned k)
{
	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == LKE_ACT_NOTIFY && f->out[n].a.note.type == LKE_NOTE_RDNSS &&
		    k-- == 0)
			return &f->out[n].a.note;
	return NULL;
}

static void attached(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(f, 1);
	fix_clear(f);
}

/* Each change is told as a whole, and once. */
static void rdnss_change_is_told_as_a_whole(void **state)
{
	struct lke_in6 ll = fix_ar_ll(1);
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 2, 600);
	for (unsigned k = 0; k < 2; k++) {
		assert_int_equal(told(&f, k)->addr.b[15], 0x53 + k);
		assert_int_equal(told(&f, k)->seq, k + 1);
		assert_int_equal(told(&f, k)->value, 2);
		assert_int_equal(told(&f, k)->lifetime, 600);
		assert_int_equal(told(&f, k)->ifindex, FIX_IF);
		assert_true(in6_eq(&told(&f, k)->peer, &ll));
	}
	assert_null(told(&f, 2));
	fix_clear(&f);
	ra(&f, 1, 0x53, 2, 600);
	assert_null(told(&f, 0));
	ra(&f, 1, 0x53, 1, 600); /* one of them is no more */
	assert_int_equal(told(&f, 0)->value, 1);
	assert_null(told(&f, 1));
	fix_clear(&f);
	ra(&f, 1, 0x54, 1, 600);
	assert_int_equal(told(&f, 0)->addr.b[15], 0x54);
	fix_end(&f);
}

static void rdnss_end_with_their_lifetime(void **state)
{
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 1, 600);
	fix_run(&f, 400 * LKE_SEC);
	ra(&f, 1, 0x53, 1, 600); /* longer now */
	fix_clear(&f);
	fix_run(&f, 599 * LKE_SEC);
	ra(&f, 1, 0, 0, 0); /* a router may leave the option out */
	assert_null(told(&f, 0));
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(told(&f, 0)->value, 0);
	assert_null(told(&f, 1));
	fix_end(&f);
}

static void rdnss_withdrawn_by_the_router(void **state)
{
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 2, 600);
	fix_clear(&f);
	ra(&f, 1, 0x53, 2, 0);
	assert_int_equal(told(&f, 0)->value, 0);
	assert_null(told(&f, 1));
	fix_clear(&f);
	fix_run(&f, 700 * LKE_SEC);
	assert_null(told(&f, 0));
	fix_end(&f);
}

/* Of a router that is not in use nothing is told, before it is. */
static void rdnss_of_the_router_in_use(void **state)
{
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 1, 600);
	fix_clear(&f);
	ra(&f, 2, 0x66, 1, 300);
	assert_null(told(&f, 0));
	fix_link(&f, false);
	fix_link(&f, true);
	assert_null(told(&f, 0));
	ra(&f, 2, 0x66, 1, 300);
	assert_int_equal(told(&f, 0)->addr.b[15], 0x66);
	/* Those of the former one are replaced: their end is no news. */
	fix_run(&f, 200 * LKE_SEC);
	ra(&f, 2, 0x66, 1, 1000);
	fix_clear(&f);
	fix_run(&f, 500 * LKE_SEC);
	assert_null(told(&f, 0));
	fix_end(&f);
}

/* A router that names none takes nothing away: the former ones are good for their lifetime. */
static void rdnss_of_the_former_router_last_their_lifetime(void **state)
{
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 1, 600);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_null(told(&f, 0));
	ra(&f, 1, 0x54, 1, 600); /* not in use, but here too, and its servers are */
	assert_int_equal(told(&f, 0)->addr.b[15], 0x54);
	fix_clear(&f);
	fix_run(&f, 599 * LKE_SEC);
	assert_null(told(&f, 0));
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(told(&f, 0)->value, 0);
	assert_null(told(&f, 1));
	fix_end(&f);
}

/* Not by a router that is forgotten for others, or with an interface that is given back. */
static void rdnss_of_a_forgotten_router(void **state)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG };
	struct lke_config next;
	struct fix f;

	(void)state;
	attached(&f);
	ra(&f, 1, 0x53, 1, 6000);
	fix_move(&f, 2);
	fix_clear(&f);
	for (unsigned n = 3; n < 3 + MN_ROUTERS_MAX; n++)
		fix_ra(&f, n);
	assert_int_equal(told(&f, 0)->value, 0);
	assert_null(told(&f, 1));

	ra(&f, 2, 0x66, 1, 600);
	next = f.cfg;
	strcpy(next.mn.interface[0], "mn1");
	ev.config.config = &next;
	fix_clear(&f);
	fix_event(&f, &ev);
	assert_int_equal(told(&f, 0)->value, 0);
	assert_null(told(&f, 1));
	fix_end(&f);

	attached(&f);
	ra(&f, 1, 0x53, 1, 600);
	fix_clear(&f);
	ev = (struct lke_event){ .type = LKE_EV_LINK };
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .removed = true };
	fix_event(&f, &ev);
	fix_run(&f, 700 * LKE_SEC);
	assert_null(told(&f, 0)); /* its resolver entry went with it */
	fix_end(&f);
}

/* Forged advertisements do not fill the log; what was passed over is looked at again. */
static void rdnss_that_alternate_are_bounded(void **state)
{
	unsigned n = 0;
	struct fix f;

	(void)state;
	attached(&f);
	for (unsigned k = 0; k < 50; k++)
		ra(&f, 1, 0x53 + k % 2, 1, 600);
	while (told(&f, n))
		n++;
	assert_in_range(n, 1, 3);
	fix_run(&f, 2 * LKE_SEC);
	fix_clear(&f);
	ra(&f, 1, 0x70, 1, 600);
	assert_int_equal(told(&f, 0)->addr.b[15], 0x70);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdnss_change_is_told_as_a_whole),
		cmocka_unit_test(rdnss_end_with_their_lifetime),
		cmocka_unit_test(rdnss_withdrawn_by_the_router),
		cmocka_unit_test(rdnss_of_the_router_in_use),
		cmocka_unit_test(rdnss_of_the_former_router_last_their_lifetime),
		cmocka_unit_test(rdnss_of_a_forgotten_router),
		cmocka_unit_test(rdnss_that_alternate_are_bounded),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

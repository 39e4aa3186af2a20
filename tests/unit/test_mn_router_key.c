/* SPDX-License-Identifier: ISC */
/* What a router's advertisements say of LKE, and how they change: AMB-071, AMB-076, draft 3.1.1. */
#include "mn_fixture.h"

static struct {
	struct rsa_key *key;
	uint8_t spki[RSA_SPKI_MAX];
	size_t len;
} other;

static void start(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	rsa_key_free(other.key);
	assert_int_equal(rsa_key_generate(1024, &other.key), 0);
	assert_int_equal(rsa_key_spki(other.key, other.spki, RSA_SPKI_MAX, &other.len), 0);
	assert_memory_not_equal(other.spki, f->spki, other.len);
}

/* Advertisements carry the other key from now on. */
static void swap(struct fix *f)
{
	uint8_t spki[RSA_SPKI_MAX];
	size_t len = f->spki_len;

	memcpy(spki, f->spki, len);
	memcpy(f->spki, other.spki, other.len);
	f->spki_len = other.len;
	memcpy(other.spki, spki, len);
	other.len = len;
}

static bool kex_command(struct fix *f)
{
	fix_clear(f);
	fix_event(f, &(struct lke_event){ .type = LKE_EV_COMMAND, .command.cmd = LKE_CMD_KEX });
	return fix_count(f, LKE_MSG_KEREQ) > 0;
}

/* On the link with keys A, B and perhaps A again so much later; then the home agent answers.
 * Requests within 55 s of the last change. */
static unsigned requests_after(struct fix *f, lke_time gap, bool back)
{
	start(f);
	fix_link(f, true);
	fix_ra(f, 1);
	swap(f);
	fix_ra(f, 1);
	fix_run(f, gap);
	swap(f);
	if (back)
		fix_ra(f, 1);
	else
		swap(f);
	assert_int_equal(fix_ha_ba(f, 1, 0, fix_ha_seq(f)), 0);
	for (unsigned n = 0; n < 5; n++) {
		fix_run(f, 11 * LKE_SEC);
		fix_ra(f, 1);
	}
	return fix_count(f, LKE_MSG_KEREQ);
}

/* Keys that alternate within 60 s: no exchange until one was seen alone for so long. */
static void amb_076_alternating_keys_suspend(void **state)
{
	struct fix f;

	(void)state;
	/* One change is a rotation. */
	assert_true(requests_after(&f, LKE_SEC, false) > 0);
	fix_end(&f);
	assert_true(requests_after(&f, 61 * LKE_SEC, true) > 0);
	fix_end(&f);
	if (as_draft01()) { /* the latest advertisement counts */
		assert_true(requests_after(&f, 20 * LKE_SEC, true) > 0);
		fix_end(&f);
		return;
	}
	assert_int_equal(requests_after(&f, 59 * LKE_SEC, true), 0);
	fix_run(&f, 6 * LKE_SEC);
	fix_ra(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* The former ones live on, and routers that are not in use have no say. */
static void amb_076_another_key_while_one_lives(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_run(&f, 10 * LKE_SEC);
	fix_ra(&f, 2);
	swap(&f);
	fix_ra(&f, 2);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(f.e->mn->link[0]->lke_allowed);
	/* The router itself: in the default a home agent has to answer through it first. */
	fix_ra(&f, 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_int_equal(kex_command(&f), as_draft01());
	fix_end(&f);
}

/* A router may leave the option out of some advertisements, not of three in a row (RFC 4861
 * 6.2.3); with it it is what it was. */
static void option_that_is_missing(void **state)
{
	const struct mn_link *l;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	l = f.e->mn->link[0];
	for (unsigned round = 0; round < 2; round++) {
		f.ra_lke = false;
		fix_ra(&f, 1);
		fix_ra(&f, 1);
		assert_true(l->router->lke);
		f.ra_lke = true;
		fix_ra(&f, 1);
	}
	f.ra_lke = false;
	for (unsigned n = 0; n < 3; n++)
		fix_ra(&f, 1);
	assert_false(l->router->lke);
	f.ra_lke = true;
	fix_ra(&f, 1);
	assert_true(l->router->lke);
	assert_int_equal(l->router->ll.b[15], 1);
	/* Missing again, and another router has it. */
	f.ra_lke = false;
	for (unsigned n = 0; n < 3; n++)
		fix_ra(&f, 1);
	f.ra_lke = true;
	fix_ra(&f, 2);
	assert_int_equal(l->router->ll.b[15], 2);
	fix_end(&f);
}

/* Draft 3.1.1: no LBSA outlives the router or its service as a home agent, whatever option 6
 * says. */
static void lke_102_103_maximum_is_capped_by_the_other_lifetimes(void **state)
{
	static const struct {
		uint16_t router, home_agent, expect;
		bool told;
	} row[] = {
		{ 9000, 0, 7200, false },   { 9000, 1000, 1000, true }, { 500, 1000, 500, true },
		{ 9000, 9000, 7200, true }, { 9000, 800, 7200, false },
	};

	(void)state;
	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		struct nd_msg m = { .router_lifetime = row[n].router,
				    .has_ha_info = row[n].told,
				    .ha_lifetime = row[n].home_agent,
				    .prefixes = 1 };
		struct fix f;

		m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		f.ra_max_lifetime = 7200;
		fix_link(&f, true);
		fix_ra_msg(&f, 1, &m);
		assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
		fix_run(&f, 2 * LKE_SEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
		assert_int_equal(f.e->mn->link[0]->kex.asked, row[n].expect);
		fix_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_076_alternating_keys_suspend),
		cmocka_unit_test(amb_076_another_key_while_one_lives),
		cmocka_unit_test(option_that_is_missing),
		cmocka_unit_test(lke_102_103_maximum_is_capped_by_the_other_lifetimes),
	};

	int failed = RUN_IN_PROFILE(tests, NULL);

	rsa_key_free(other.key);
	return failed;
}

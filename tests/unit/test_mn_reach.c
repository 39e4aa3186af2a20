/* SPDX-License-Identifier: ISC */
/* Reachability of the router in use, and what makes the node take another one. */
#include "mn_fixture.h"

static bool coa_of(struct fix *f, unsigned ar)
{
	struct lke_in6 p = fix_ar_addr(ar), coa = fix_coa(f);

	return in6_prefix_eq(&p, &coa, 64);
}

struct answer {
	struct lke_in6 target, dst;
	uint8_t flags;
	unsigned mac;
};

static struct answer good(void)
{
	return (struct answer){ fix_ar_ll(1), fix_ll, ND_NA_S | ND_NA_R, 1 };
}

static void answers(struct fix *f, const struct answer *a)
{
	struct lke_in6 src = fix_ar_ll(1);
	struct nd_msg m = {
		.type = ND_NA, .na_flags = a->flags, .target = a->target, .lladdr = fix_mac(a->mac)
	};
	uint8_t buf[128];
	int len = nd_encode(&m, &src, &a->dst, 0, buf, sizeof(buf));

	assert_true(len > 0);
	(void)fix_packet(f, a->mac, buf, (size_t)len);
}

/* Whom the answer is to, of whom it speaks, whether it is one: anything else does not end the
 * asking, and the router is given up. */
static void answers_that_prove_nothing(void **state)
{
	struct answer a[5] = { good(), good(), good(), good(), good() };
	struct fix f;

	(void)state;
	a[1].flags = ND_NA_R | ND_NA_O;
	a[2].target = fix_ar_ll(2);
	a[3].dst = in6_all_nodes;
	a[3].flags = ND_NA_R;
	a[4].dst = fix_addr("fe80::5");
	for (unsigned n = 0; n < 5; n++) {
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach_lbsa(&f, 1);
		f.silent = true;
		while (fix_count(&f, LKE_MSG_NS) > 0) {
			fix_clear(&f);
			fix_run(&f, 100 * LKE_SEC);
		}
		fix_ra(&f, 1);
		fix_clear(&f);
		while (fix_count(&f, LKE_MSG_NS) == 0)
			fix_run(&f, LKE_SEC / 2);
		answers(&f, &a[n]);
		fix_run(&f, 3 * LKE_SEC);
		assert_int_equal(fix_note(&f, LKE_NOTE_DETACHED) != NULL, n > 0);
		fix_end(&f);
	}
}

/* A node that has not moved for long asks thrice in 0.6 s when a stranger advertises, else in 3 s.
 */
static void gap_of_the_questions(void **state)
{
	static const struct {
		lke_time stay;
		bool stranger;
		lke_time gone;
	} t[] = {
		{ 70 * LKE_SEC, true, 600 * LKE_MSEC },
		{ 10 * LKE_SEC, true, 3000 * LKE_MSEC },
		{ 70 * LKE_SEC, false, 3000 * LKE_MSEC },
	};
	lke_time first;
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach_lbsa(&f, 1);
		fix_run(&f, t[n].stay);
		fix_ra(&f, 1);
		f.silent = true;
		fix_clear(&f);
		if (t[n].stranger)
			fix_ra(&f, 2);
		while (fix_count(&f, LKE_MSG_NS) == 0)
			fix_run(&f, 10 * LKE_MSEC);
		first = f.now;
		while (coa_of(&f, 1) && !fix_note(&f, LKE_NOTE_DETACHED))
			fix_run(&f, 10 * LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_NS), 3);
		assert_in_range((f.now - first) / LKE_MSEC, t[n].gone / LKE_MSEC - 20,
				t[n].gone / LKE_MSEC + 20);
		fix_end(&f);
	}
}

/* The next question after a doubt that was answered has no hurry; a doubt hurries one that runs. */
static void doubt_comes_and_goes(void **state)
{
	lke_time first;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC);
	fix_ra(&f, 1);
	fix_ra(&f, 2); /* asked and answered */
	fix_clear(&f);
	f.silent = true;
	while (fix_count(&f, LKE_MSG_NS) == 0)
		fix_run(&f, 10 * LKE_MSEC);
	fix_run(&f, 900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	first = f.now;
	fix_ra(&f, 3);
	while (coa_of(&f, 1))
		fix_run(&f, 10 * LKE_MSEC);
	assert_in_range((f.now - first) / LKE_MSEC, 300, 620);
	fix_end(&f);
}

/* RFC 4429 3.3: no link-layer address from an address that DAD may still take away. */
static void question_from_an_optimistic_address(void **state)
{
	const struct fix_action *a;
	struct ip6_info i;
	struct nd_msg m;
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_ra(&f, 2);
	for (unsigned n = 0; n < 2; n++) {
		a = fix_last(&f, LKE_MSG_NS);
		assert_non_null(a);
		assert_int_equal(ip6_parse(a->data, a->len, &i), 0);
		assert_int_equal(nd_decode(&i, &m), 0);
		assert_int_equal(m.lladdr.len, n == 0 ? 0 : 6);
		fix_clear(&f);
		fix_run(&f, 3 * LKE_SEC - 10 * LKE_MSEC);
	}
	fix_end(&f);
}

/* Another router takes over: nobody is solicited. */
static void silent_router_with_another_one(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_ra(&f, 2);
	fix_clear(&f);
	f.silent = true;
	fix_run(&f, 95 * LKE_SEC);
	assert_true(coa_of(&f, 2));
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 0);
	fix_end(&f);
}

/* AMB-073: without a home agent only an answer of the router itself allows the exchange; it is
 * asked for each 4 s, eight times. */
static void amb_073_what_confirms_a_router(void **state)
{
	struct answer a[6] = { good(), good(), good(), good(), good(), good() };
	struct fix f;

	(void)state;
	a[1].flags = ND_NA_R | ND_NA_O;
	a[2].target = fix_ar_ll(2);
	a[3].dst = fix_addr("fe80::5");
	a[4].mac = 9; /* another station */
	for (unsigned n = 0; n < 6; n++) {
		fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		f.silent = true;
		fix_link(&f, true);
		fix_ra(&f, 1);
		fix_ra(&f, 1);
		fix_run(&f, (n == 5 ? 1010 : 990) * LKE_MSEC); /* too late: to what? */
		answers(&f, &a[n]);
		fix_run(&f, 2 * LKE_SEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), n == 0);
		fix_end(&f);
	}
}

static void amb_073_eight_questions_for_a_proof(void **state)
{
	unsigned asked;
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_clear(&f);
	for (unsigned n = 0; n < 60; n++) {
		fix_ra(&f, 1); /* it is there, but does not answer */
		fix_run(&f, LKE_SEC / 2);
	}
	asked = fix_count(&f, LKE_MSG_NS);
	for (unsigned n = 0; n < 120; n++) {
		fix_ra(&f, 1);
		fix_run(&f, LKE_SEC / 2);
	}
	assert_int_equal(asked, 8);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), asked);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void quiet_router_is_asked_within_90_s(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_run(&f, 70 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 0);
	fix_run(&f, 20 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	/* Unicast to its link-layer address: the kernel's neighbour entry is not asked. */
	assert_true(lladdr_eq(&fix_last(&f, LKE_MSG_NS)->a.send.dst,
			      &(struct lke_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, 1 } }));
	assert_true(coa_of(&f, 1));
	fix_end(&f);
}

/* An hour of idling: no more than a timer a minute. */
static void idle_node_sleeps(void **state)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	struct fix f;
	unsigned woken = 0;
	lke_time end;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 10 * LKE_SEC);
	end = f.now + 3600 * LKE_SEC;
	while (lke_engine_deadline(f.e) <= end) {
		f.now = lke_engine_deadline(f.e);
		fix_event(&f, &ev);
		fix_clear(&f);
		woken++;
	}
	assert_in_range(woken, 30, 60);
	fix_end(&f);
}

static void silent_router_without_another_is_looked_for(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	f.silent = true;
	fix_run(&f, 95 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	assert_non_null(fix_note(&f, LKE_NOTE_DETACHED));
	fix_clear(&f);
	f.silent = false;
	fix_ra(&f, 1);
	assert_true(coa_of(&f, 1));
	/* The same link: nothing to bind, nothing to check. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	fix_end(&f);
}

/* A device that hides the loss of its carrier: the next link shows itself by its router. */
static void unknown_router_and_a_silent_one_is_movement(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC);
	fix_clear(&f);
	f.silent = true;
	fix_ra(&f, 2);
	assert_true(coa_of(&f, 1));
	fix_run(&f, 700 * LKE_MSEC);
	assert_true(coa_of(&f, 2));
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 3);
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	fix_end(&f);
}

static void unknown_router_beside_a_living_one_is_none(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC);
	fix_clear(&f);
	fix_ra(&f, 2);
	fix_run(&f, 5 * LKE_SEC);
	assert_true(coa_of(&f, 1));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

static void goodbye_of_the_router_takes_the_other(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_ra(&f, 2);
	assert_true(coa_of(&f, 1));
	fix_ra_msg(&f, 1, &bye);
	assert_true(coa_of(&f, 2));
	fix_end(&f);
}

/* SEC-065: two routers of a link whose advertisements and answers come and go. */
static void sec_065_choice_of_a_router_does_not_flap(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct lke_in6 coa, last;
	unsigned changes = 0;
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	last = fix_coa(&f);
	fix_ra(&f, 2);
	for (unsigned n = 0; n < 30; n++) {
		fix_ra_msg(&f, 1, &bye);
		fix_run(&f, LKE_SEC);
		fix_ra(&f, 1);
		fix_ra(&f, 2);
		fix_run(&f, LKE_SEC);
		coa = fix_coa(&f);
		changes += !in6_eq(&coa, &last);
		last = coa;
	}
	assert_int_equal(changes, 1);
	fix_end(&f);
}

/* A forged advertisement of router lifetime 0 costs no key (THREATS 48). */
static void threats_48_goodbye_keeps_the_key(void **state)
{
	struct nd_msg bye = { .prefixes = 1 };
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	bye.prefix[0] = fix_pio("2001:db8:1::", 0, 0);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_ra_msg(&f, 1, &bye);
	fix_run(&f, 5 * LKE_SEC);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_ra(&f, 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void router_is_asked_after_a_suspend(void **state)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	f.silent = true;
	fix_clear(&f);
	f.now += 1800 * LKE_SEC;
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_end(&f);
}

/* No timer is due for a minute: the system's word is enough. */
static void router_is_asked_after_a_short_suspend(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RESUMED };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_run(&f, 70 * LKE_SEC); /* no longer lately taken */
	fix_ra(&f, 1);
	f.silent = true;
	fix_clear(&f);
	f.now += 10 * LKE_SEC;
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 1);
	fix_run(&f, LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073). */
static const char *const default_only[] = {
	"idle_node_sleeps",
	"amb_073_what_confirms_a_router",
	"amb_073_eight_questions_for_a_proof",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_that_prove_nothing),
		cmocka_unit_test(gap_of_the_questions),
		cmocka_unit_test(doubt_comes_and_goes),
		cmocka_unit_test(question_from_an_optimistic_address),
		cmocka_unit_test(silent_router_with_another_one),
		cmocka_unit_test(amb_073_what_confirms_a_router),
		cmocka_unit_test(amb_073_eight_questions_for_a_proof),
		cmocka_unit_test(quiet_router_is_asked_within_90_s),
		cmocka_unit_test(idle_node_sleeps),
		cmocka_unit_test(silent_router_without_another_is_looked_for),
		cmocka_unit_test(unknown_router_and_a_silent_one_is_movement),
		cmocka_unit_test(unknown_router_beside_a_living_one_is_none),
		cmocka_unit_test(goodbye_of_the_router_takes_the_other),
		cmocka_unit_test(sec_065_choice_of_a_router_does_not_flap),
		cmocka_unit_test(threats_48_goodbye_keeps_the_key),
		cmocka_unit_test(router_is_asked_after_a_suspend),
		cmocka_unit_test(router_is_asked_after_a_short_suspend),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

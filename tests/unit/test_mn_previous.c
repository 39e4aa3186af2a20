/* SPDX-License-Identifier: ISC */
/* Which previous access routers a handover tells, for how long, and the oldest of them: AMB-126,
 * AMB-179, AMB-180. */
#include "mn_fixture.h"

enum { LINKS = 8 };

struct walk {
	struct fix f;
	struct lke_in6 coa[LINKS];
	struct secret16 kbm[LINKS];
};

/* On link ar for the first time: its key, unless lifetime is 0. */
static void key_of(struct walk *w, unsigned ar, uint16_t lifetime)
{
	w->coa[ar] = fix_coa(&w->f);
	if (lifetime == 0)
		return;
	assert_int_equal(fix_keack(&w->f, ar, 0, lifetime, false), 0);
	w->kbm[ar] = w->f.kbm;
}

static void begin(struct walk *w, unsigned homes, enum lke_strategy strategy, uint16_t lifetime)
{
	memset(w, 0, sizeof(*w));
	fix_start(&w->f, homes, strategy, LKE_PROFILE_DEFAULT);
	fix_attach(&w->f, 1);
	key_of(w, 1, lifetime);
}

/* To link ar; what it sends is of one turn of the engine, the one of its advertisement. */
static void move(struct walk *w, unsigned ar)
{
	fix_link(&w->f, false);
	fix_run(&w->f, 100 * LKE_MSEC);
	fix_link(&w->f, true);
	fix_clear(&w->f);
	w->f.now += LKE_MSEC;
	fix_ra(&w->f, ar);
	w->coa[ar] = fix_coa(&w->f);
}

static int answer(struct walk *w, unsigned ar)
{
	w->f.kbm = w->kbm[ar];
	return fix_ba(&w->f, ar, 0, 240, 0, true);
}

/* Updates sent to router ar for its own care-of address, from the present one. */
static unsigned told(const struct walk *w, unsigned ar)
{
	struct lke_in6 to = fix_ar_addr(ar), coa = fix_coa(&w->f);
	unsigned count = 0;

	for (size_t n = 0; n + 1 < w->f.n; n++) {
		const struct fix_action *a = &w->f.out[n];
		struct ip6_info i;

		if (a->a.type != LKE_ACT_SEND || a[1].a.type != LKE_ACT_NOTIFY ||
		    a[1].a.note.msg != LKE_MSG_BU || !in6_eq(&a[1].a.note.dst, &to))
			continue;
		assert_int_equal(ip6_parse(a->data, a->len, &i), 0);
		count += i.has_hao && in6_eq(&i.hao, &w->coa[ar]) && in6_eq(&i.src, &coa);
	}
	return count;
}

static unsigned told_home(const struct walk *w)
{
	unsigned count = 0;

	for (size_t n = 0; n < w->f.n; n++)
		count += w->f.out[n].a.type == LKE_ACT_NOTIFY && w->f.out[n].a.note.out &&
			 w->f.out[n].a.note.msg == LKE_MSG_BU &&
			 in6_eq(&w->f.out[n].a.note.dst, &fix_agent);
	return count;
}

/* The home agent still tunnels to the first link, and the second one was the last: both. */
static void amb_180_registered_and_last_previous_in_one_turn(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 7200);
	move(&w, 2);
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), 1);
	assert_int_equal(answer(&w, 1), 0);
	fix_run(&w.f, 2 * LKE_SEC);
	key_of(&w, 2, 7200);
	move(&w, 3);
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(told(&w, 2), 1);
	assert_int_equal(told_home(&w), 0);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), 2);
	fix_end(&w.f);
}

/* The registration of the second link is on its way only: the home agent still tunnels to the
 * first. */
static void amb_180_registration_in_flight_does_not_count(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_BOTH, 7200);
	move(&w, 2);
	assert_int_equal(told_home(&w), 1);
	assert_int_equal(answer(&w, 1), 0);
	fix_run(&w.f, 2 * LKE_SEC);
	key_of(&w, 2, 7200);
	assert_true(in6_eq(&w.f.e->mn->home[0].coa, &w.coa[1]));
	move(&w, 3);
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(told(&w, 2), 1);
	/* Accepted: the second one is registered and the last previous one at once. */
	assert_int_equal(fix_ha_ba(&w.f, 3, 0, fix_ha_seq(&w.f)), 0);
	fix_run(&w.f, 2 * LKE_SEC);
	assert_true(in6_eq(&w.f.e->mn->home[0].coa, &w.coa[3]));
	key_of(&w, 3, 7200);
	move(&w, 4);
	assert_int_equal(told(&w, 3), 1);
	assert_int_equal(told(&w, 1) + told(&w, 2), 0);
	fix_end(&w.f);
}

/* The node left the second link before it had a key there. */
static void amb_180_router_without_a_key_is_skipped(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 7200);
	move(&w, 2);
	assert_int_equal(answer(&w, 1), 0);
	move(&w, 3);
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), 1);
	fix_end(&w.f);
}

/* One update to each router that was bound to the address that failed DAD. */
static void amb_180_address_that_fails_dad_is_replaced_everywhere(void **state)
{
	struct lke_in6 failed, coa;
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 7200);
	move(&w, 2);
	assert_int_equal(answer(&w, 1), 0);
	fix_run(&w.f, 2 * LKE_SEC);
	key_of(&w, 2, 7200);
	move(&w, 3);
	assert_int_equal(answer(&w, 1), 0);
	assert_int_equal(answer(&w, 2), 0);
	failed = w.coa[3];
	fix_clear(&w.f);
	fix_na(&w.f, 0x55, &failed);
	coa = fix_coa(&w.f);
	assert_false(in6_eq(&coa, &failed));
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(told(&w, 2), 1);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), 2);
	/* The former link is the one before, as ever: the next move tells it. */
	fix_run(&w.f, LKE_SEC);
	assert_int_equal(answer(&w, 1), 0);
	assert_int_equal(answer(&w, 2), 0);
	move(&w, 4);
	assert_int_equal(told(&w, 1), 1);
	fix_end(&w.f);
}

static void tunnelled(struct walk *w, unsigned ar)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	ev.tunnel.what = LKE_TUNNEL_FIRST;
	ev.tunnel.inner_src = w->coa[ar];
	fix_event(&w->f, &ev);
}

/* Not those of the two rules alone, and before any of them has answered. */
static void amb_180_nor_is_it_left_where_it_was_not_answered(void **state)
{
	struct lke_in6 failed;
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 7200);
	for (unsigned n = 2; n < 4; n++) {
		move(&w, n);
		for (unsigned ar = 1; ar < n; ar++)
			assert_int_equal(answer(&w, ar), 0);
		fix_run(&w.f, 3 * LKE_SEC);
		key_of(&w, n, 7200);
	}
	tunnelled(&w, 2);
	move(&w, 4);
	assert_int_equal(told(&w, 1) + told(&w, 2) + told(&w, 3), 3);
	failed = w.coa[4];
	fix_clear(&w.f);
	fix_na(&w.f, 0x55, &failed);
	for (unsigned ar = 1; ar < 4; ar++)
		assert_int_equal(told(&w, ar), 1);
	fix_end(&w.f);
}

/* Three at once, the others that packets use one every 100 ms (ADR 90); nobody twice. */
static void amb_180_at_most_three_in_one_turn(void **state)
{
	enum { LAST = 6 };
	unsigned all = 0;
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 7200);
	for (unsigned n = 2; n < LAST; n++) {
		move(&w, n);
		for (unsigned ar = 1; ar < n; ar++)
			while (update_of(w.f.e, &w.coa[ar])->outstanding) {
				fix_run(&w.f, 100 * LKE_MSEC);
				(void)answer(&w, ar);
			}
		for (unsigned ar = 1; ar < n; ar++)
			tunnelled(&w, ar);
		fix_run(&w.f, 3 * LKE_SEC);
		key_of(&w, n, 7200);
	}
	move(&w, LAST);
	assert_int_equal(told(&w, 1), 1);	 /* registered */
	assert_int_equal(told(&w, LAST - 1), 1); /* the last one */
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), MN_TEMPORARY_AGENTS);
	fix_run(&w.f, 99 * LKE_MSEC);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), MN_TEMPORARY_AGENTS);
	fix_run(&w.f, LKE_MSEC);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), MN_TEMPORARY_AGENTS + 1);
	fix_run(&w.f, 100 * LKE_MSEC);
	for (unsigned ar = 1; ar < LAST; ar++) {
		assert_int_equal(told(&w, ar), 1);
		all++;
	}
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), all);
	fix_end(&w.f);
}

/* Without a home agent: of those with an accepted binding and a key that lasts the earliest. */
static void amb_126_oldest_with_a_key_that_lasts(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 0, LKE_STRATEGY_OLDEST, 900);
	for (unsigned n = 2; n < 5; n++) {
		move(&w, n);
		/* The first one, and the one before; nothing needs those between. */
		for (unsigned ar = 1; ar < n; ar++) {
			assert_int_equal(told(&w, ar), ar == 1 || ar == n - 1);
			if (update_of(w.f.e, &w.coa[ar])->outstanding)
				assert_int_equal(answer(&w, ar), 0);
		}
		fix_run(&w.f, 5 * LKE_SEC);
		key_of(&w, n, 7200);
	}
	/* The first key is about to end (225 s before): the second router is the oldest now. */
	while (w.f.now < w.f.e->mn->lbsa[0]->expires - 200 * LKE_SEC) {
		fix_run(&w.f, 60 * LKE_SEC);
		for (unsigned ar = 1; ar < 4; ar++)
			if (update_of(w.f.e, &w.coa[ar])->outstanding)
				assert_int_equal(answer(&w, ar), 0);
	}
	move(&w, 5);
	assert_int_equal(told(&w, 1), 0);
	assert_int_equal(told(&w, 2), 1);
	assert_int_equal(told(&w, 4), 1);
	fix_end(&w.f);
}

/* The key that was made first, whichever ends first. */
static void amb_126_oldest_is_the_key_made_first(void **state)
{
	static const uint16_t lifetime[][2] = { { 7200, 2000 }, { 2000, 7200 } };

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct walk w;

		begin(&w, 0, LKE_STRATEGY_OLDEST, lifetime[n][0]);
		move(&w, 2);
		assert_int_equal(answer(&w, 1), 0);
		fix_run(&w.f, 5 * LKE_SEC);
		key_of(&w, 2, lifetime[n][1]);
		move(&w, 3);
		assert_int_equal(answer(&w, 1), 0);
		assert_int_equal(answer(&w, 2), 0);
		fix_run(&w.f, 5 * LKE_SEC);
		key_of(&w, 3, 7200);
		move(&w, 4);
		assert_int_equal(told(&w, 1), 1);
		assert_int_equal(told(&w, 2), 0);
		assert_int_equal(told(&w, 3), 1);
		fix_end(&w.f);
	}
}

/* None has accepted anything: the last previous one. */
static void amb_126_none_accepted_the_last_previous_one(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 0, LKE_STRATEGY_OLDEST, 900);
	move(&w, 2);
	assert_int_equal(told(&w, 1), 1);
	fix_run(&w.f, 5 * LKE_SEC); /* no answer */
	key_of(&w, 2, 7200);
	move(&w, 3);
	assert_int_equal(told(&w, 1), 0);
	assert_int_equal(told(&w, 2), 1);
	fix_end(&w.f);
}

/* And no key at all: the home agent. */
static void amb_126_no_key_the_home_agent(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 0);
	move(&w, 2);
	assert_int_equal(told_home(&w), 1);
	assert_int_equal(fix_count(&w.f, LKE_MSG_BU), 1);
	fix_end(&w.f);
}

/* A key that is about to end: its router forwards while it can, and the home agent hears of it at
 * once (draft 5.4), though the strategy is to tell it nothing. */
static void lke_188_move_with_a_key_that_is_about_to_end(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_OLDEST, 100);
	fix_run(&w.f, 85 * LKE_SEC);	    /* nobody answers the renewal */
	assert_int_equal(told_home(&w), 1); /* of the first link */
	move(&w, 2);
	assert_int_equal(told(&w, 1), 1);
	assert_int_equal(told_home(&w), 1);
	fix_end(&w.f);
}

/* Moving often, with `both`: the home agent hears of it when the node has rested for 10 s, and what
 * it hears is the last place (SEC-065). */
static void sec_065_told_after_a_rest_of_10_s(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, 1, LKE_STRATEGY_BOTH, 7200);
	move(&w, 2);
	assert_int_equal(answer(&w, 1), 0);
	assert_int_equal(fix_ha_ba(&w.f, 2, 0, fix_ha_seq(&w.f)), 0);
	fix_run(&w.f, 2 * LKE_SEC);
	key_of(&w, 2, 7200);
	fix_run(&w.f, 60 * LKE_SEC);
	for (unsigned n = 0; n < 8; n++) {
		move(&w, n % 2 ? 2 : 1);
		for (unsigned ar = 1; ar <= 2; ar++) {
			const struct update *u = update_of(w.f.e, &w.coa[ar]);

			if (u && u->outstanding)
				(void)(w.f.kbm = w.kbm[ar],
				       fix_ba(&w.f, ar, 0, u->dereg ? 0 : 240, 0, true));
		}
		if (told_home(&w) > 0)
			assert_int_equal(fix_ha_ba(&w.f, n % 2 ? 2 : 1, 0, fix_ha_seq(&w.f)), 0);
		fix_run(&w.f, LKE_SEC);
	}
	/* On link 1 last, where the home agent was not told. */
	move(&w, 1);
	w.f.kbm = w.kbm[1];
	(void)fix_ba(&w.f, 1, 0, 0, 0, true);
	fix_run(&w.f, 30 * LKE_MSEC);
	w.f.kbm = w.kbm[2];
	(void)fix_ba(&w.f, 2, 0, 240, 0, true);
	assert_true(in6_eq(&w.f.e->mn->home[0].coa, &w.coa[2]));
	assert_int_equal(told_home(&w), 0);
	fix_clear(&w.f);
	fix_run(&w.f, 9900 * LKE_MSEC);
	assert_int_equal(told_home(&w), 0);
	fix_run(&w.f, 200 * LKE_MSEC);
	assert_int_equal(told_home(&w), 1);
	assert_int_equal(fix_ha_ba(&w.f, 1, 0, fix_ha_seq(&w.f)), 0);
	assert_true(in6_eq(&w.f.e->mn->home[0].coa, &w.coa[1]));
	fix_end(&w.f);
}

/* Lifetime of the last update, in seconds. */
static unsigned asked_for(const struct fix *f)
{
	const struct fix_action *bu = fix_last(f, LKE_MSG_BU);
	struct ip6_info i;

	assert_non_null(bu);
	assert_int_equal(ip6_parse(bu->data, bu->len, &i), 0);
	return 4u * (unsigned)(i.pkt[i.upper_off + 10] << 8 | i.pkt[i.upper_off + 11]);
}

/* min(what is left of the key, 240 s), as draft01 all that is left (AMB-045: never more). */
static void amb_179_asks_for_240_s_or_what_is_left(void **state)
{
	static const uint16_t lifetime[] = { 7200, 400, 100 };

	(void)state;
	for (size_t n = 0; n < sizeof(lifetime) / sizeof(lifetime[0]); n++) {
		unsigned left;
		struct walk w;

		begin(&w, 1, LKE_STRATEGY_OLDEST, lifetime[n]);
		fix_run(&w.f, 10 * LKE_SEC);
		move(&w, 2);
		left = (unsigned)((w.f.e->mn->lbsa[0]->expires - w.f.now) / LKE_SEC);
		if (!as_draft01() && left > 240)
			left = 240;
		assert_int_equal(asked_for(&w.f), left / 4 * 4);
		fix_end(&w.f);
	}
}

/* draft01 differs: no LocalOnly (AMB-073). */
static const char *const default_only[] = {
	"amb_126_oldest_with_a_key_that_lasts",
	"amb_126_oldest_is_the_key_made_first",
	"amb_126_none_accepted_the_last_previous_one",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_180_registered_and_last_previous_in_one_turn),
		cmocka_unit_test(amb_180_registration_in_flight_does_not_count),
		cmocka_unit_test(amb_180_router_without_a_key_is_skipped),
		cmocka_unit_test(amb_180_address_that_fails_dad_is_replaced_everywhere),
		cmocka_unit_test(amb_180_nor_is_it_left_where_it_was_not_answered),
		cmocka_unit_test(amb_180_at_most_three_in_one_turn),
		cmocka_unit_test(amb_126_oldest_with_a_key_that_lasts),
		cmocka_unit_test(amb_126_oldest_is_the_key_made_first),
		cmocka_unit_test(amb_126_none_accepted_the_last_previous_one),
		cmocka_unit_test(amb_126_no_key_the_home_agent),
		cmocka_unit_test(lke_188_move_with_a_key_that_is_about_to_end),
		cmocka_unit_test(sec_065_told_after_a_rest_of_10_s),
		cmocka_unit_test(amb_179_asks_for_240_s_or_what_is_left),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

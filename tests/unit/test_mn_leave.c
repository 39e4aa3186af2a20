/* SPDX-License-Identifier: ISC */
/* The announced leave of a mobile node (docs/adr/0030): what is said to whom, and every end. */
#include "mn_fixture.h"

#include <string.h>

#define COOKIE_OF_THE_OPERATOR 77

static struct fix f;

static int open_profile(enum lke_profile profile)
{
	memset(&f, 0, sizeof(f));
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, profile);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	return 0;
}

static int open_default(void **state)
{
	return open_profile(LKE_PROFILE_DEFAULT);
}

static int open_draft01(void **state)
{
	return open_profile(LKE_PROFILE_DRAFT01);
}

static int done(void **state)
{
	fix_end(&f);
	return 0;
}

static void announce(void)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_HANDOVER;
	ev.command.cookie = COOKIE_OF_THE_OPERATOR;
	fix_event(&f, &ev);
}

/* The kernel has changed the path of the care-of address. */
static void path_done(void)
{
	const struct fix_action *a = fix_find(&f, LKE_ACT_PATH, 0);
	struct lke_event ev = { .type = LKE_EV_RESULT };

	assert_non_null(a);
	assert_int_equal(a->a.path.path, LKE_PATH_TUNNEL);
	assert_true(a->a.cookie != 0);
	ev.result.cookie = a->a.cookie;
	fix_event(&f, &ev);
}

static bool answered(void)
{
	const struct fix_action *a = fix_find(&f, LKE_ACT_REPLY, 0);

	if (a) {
		assert_int_equal(a->a.reply.cookie, COOKIE_OF_THE_OPERATOR);
		assert_int_equal(a->a.reply.err, 0);
		assert_null(fix_find(&f, LKE_ACT_REPLY, 1));
	}
	return a != NULL;
}

static struct mh_bu last_bu(struct ip6_info *ret_ip)
{
	const struct fix_action *a = fix_last(&f, LKE_MSG_BU);
	struct lke_in6 src, dst;
	struct mh_view v;
	struct mh_bu bu;

	assert_non_null(a);
	assert_int_equal(ip6_parse(a->data, a->len, ret_ip), 0);
	src = ip6_pseudo_src(ret_ip);
	dst = ip6_pseudo_dst(ret_ip);
	assert_int_equal(
		mh_check(ret_ip->pkt + ret_ip->upper_off, ret_ip->upper_len, &src, &dst, &v), 0);
	assert_int_equal(mh_bu_decode(&v, &bu), 0);
	return bu;
}

/* Access router ar answers the Binding Update to the present care-of address, without RH2. */
static int answer(unsigned ar, uint8_t status, uint16_t seq, bool sign)
{
	struct lke_in6 from = fix_ar_addr(ar), to = fix_coa(&f);
	struct ip6_out o = { .src = from, .dst = to, .hop_limit = 64 };
	struct mh_ba ba = { .status = status, .seq = seq };
	uint8_t buf[256], mac[SHA1_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_mac_input in;
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	mh_ba_encode(&w, &ba, true);
	ip6_end(&w);
	lke_mac_binding(&from, &to, buf + off, w.off - off, &in);
	assert_int_equal(mac_sha1(&f.kbm, &in, mac), 0);
	mac[0] ^= !sign;
	wr_patch_bytes(&w, w.off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	mh_set_checksum(&w, off, &from, &to);
	return fix_packet(&f, ar, buf, w.off);
}

static void it_parks_first_and_tells_its_router(void **state)
{
	struct lke_in6 coa = fix_coa(&f), ar = fix_ar_addr(1);
	struct ip6_info ip;
	struct mh_bu bu;

	announce();
	assert_true(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	bu = last_bu(&ip);
	assert_true(bu.leaving && bu.auth.well_placed);
	assert_int_equal(bu.lifetime, 0);
	assert_true(in6_eq(&ip.src, &coa) && in6_eq(&ip.dst, &ar) && !ip.has_hao);
	assert_true(fix_index(&f, fix_find(&f, LKE_ACT_HOLD, 0)) <
		    fix_index(&f, fix_last(&f, LKE_MSG_BU)));
	assert_false(answered());
	path_done();
	assert_false(answered()); /* packets for it may still be on the way */
	answer(1, STATUS_ACCEPTED, bu.seq, true);
	assert_true(answered());
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "the router keeps packets");
}

static void the_link_may_go_only_when_nothing_leaves_by_it(void **state)
{
	struct ip6_info ip;

	announce();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	assert_false(answered());
	path_done();
	assert_true(answered());
}

static void a_router_that_does_not_know_it_ends_the_waiting(void **state)
{
	struct lke_in6 coa = fix_coa(&f);
	struct lke_lbsa_view v;
	struct ip6_info ip;

	announce();
	path_done();
	answer(1, STATUS_NOT_HOME_AGENT, last_bu(&ip).seq, true);
	assert_true(answered());
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text,
			    "the router does not keep packets");
	/* The key is as good as before (AMB-116). */
	assert_true(fix_lbsa(&f, &coa, &v));
}

static void forged_answers_change_nothing(void **state)
{
	struct ip6_info ip;
	uint16_t seq;

	announce();
	path_done();
	seq = last_bu(&ip).seq;
	answer(1, STATUS_ACCEPTED, seq, false);
	answer(1, STATUS_NOT_HOME_AGENT, seq, false);
	answer(1, STATUS_ACCEPTED, (uint16_t)(seq - 1), true);
	answer(1, STATUS_ACCEPTED, (uint16_t)(seq + 1), true);
	assert_false(answered());
	answer(1, STATUS_ACCEPTED, seq, true);
	assert_true(answered());
}

static void an_old_number_is_told_again_with_a_newer_one(void **state)
{
	struct ip6_info ip;
	uint16_t seq;

	announce();
	path_done();
	seq = (uint16_t)(last_bu(&ip).seq + 500);
	answer(1, STATUS_SEQUENCE, seq, true);
	assert_int_equal(last_bu(&ip).seq, (uint16_t)(seq + 1));
	answer(1, STATUS_ACCEPTED, (uint16_t)(seq + 1), true);
	assert_true(answered());
}

static void a_silent_router_is_told_three_times(void **state)
{
	announce();
	path_done();
	fix_run(&f, MN_LEAVE_TRIES * MN_LEAVE_AGAIN - 1);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), MN_LEAVE_TRIES);
	assert_false(answered());
	fix_run(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), MN_LEAVE_TRIES);
	assert_true(answered());
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "no answer of this router");
}

static void a_move_that_does_not_come_is_taken_back(void **state)
{
	struct ip6_info ip;
	struct mh_bu bu;

	announce();
	path_done();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	fix_clear(&f);
	fix_run(&f, LEAVE_TIME - 1);
	assert_null(fix_find(&f, LKE_ACT_HOLD, 0));
	fix_run(&f, 1);
	bu = last_bu(&ip);
	assert_true(!bu.leaving && bu.lifetime == 0 && !ip.has_hao);
	assert_int_equal(fix_find(&f, LKE_ACT_PATH, 0)->a.path.path, LKE_PATH_ROUTER);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	/* The path first: the parked packets stay in front. */
	assert_true(fix_index(&f, fix_find(&f, LKE_ACT_PATH, 0)) <
		    fix_index(&f, fix_find(&f, LKE_ACT_HOLD, 0)));
	answer(1, STATUS_NOT_HOME_AGENT, bu.seq, true);
	fix_clear(&f);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	/* And it can be said again. */
	announce();
	assert_true(last_bu(&ip).leaving);
}

static void the_move_comes_and_the_update_says_nothing_of_it(void **state)
{
	struct ip6_info ip;
	struct mh_bu bu;

	announce();
	path_done();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	fix_clear(&f);
	fix_move(&f, 2);
	bu = last_bu(&ip);
	assert_true(!bu.leaving && bu.lifetime > 0 && ip.has_hao);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	fix_clear(&f);
	fix_run(&f, LEAVE_TIME);
	assert_null(fix_find(&f, LKE_ACT_HOLD, 0));
}

static void back_on_the_same_link_it_says_so(void **state)
{
	struct ip6_info ip;
	struct mh_bu bu;

	announce();
	path_done();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	fix_clear(&f);
	fix_move(&f, 1);
	bu = last_bu(&ip);
	assert_true(!bu.leaving && bu.lifetime == 0 && !ip.has_hao);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
}

static void a_link_that_goes_early_ends_the_waiting(void **state)
{
	announce();
	assert_false(answered());
	fix_link(&f, false);
	assert_true(answered());
	fix_run(&f, 5 * LKE_SEC); /* parked until there is a link */
	assert_null(fix_find(&f, LKE_ACT_HOLD, 1));
}

static void those_further_away_are_told_first(void **state)
{
	struct lke_in6 ar1 = fix_ar_addr(1);
	struct ip6_info ip;
	struct mh_bu bu;

	fix_move(&f, 2);
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	fix_run(&f, LKE_SEC);
	fix_clear(&f);
	announce();
	bu = last_bu(&ip);
	/* A refresh: one that does not know it changes nothing. */
	assert_true(bu.leaving && bu.lifetime > 0 && ip.has_hao && in6_eq(&ip.dst, &ar1));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_null(fix_note(&f, LKE_NOTE_LEAVING));
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	/* No key with AR2 yet: nobody else can be told. */
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "no key with this router");
	path_done();
	assert_true(answered());
	fix_clear(&f);
	fix_run(&f, LEAVE_TIME); /* it does not move: they hear that too */
	bu = last_bu(&ip);
	assert_true(!bu.leaving && bu.lifetime > 0 && in6_eq(&ip.dst, &ar1));
}

static void those_further_away_are_not_waited_for_long(void **state)
{
	fix_move(&f, 2);
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	fix_run(&f, LKE_SEC);
	fix_clear(&f);
	announce();
	path_done();
	fix_run(&f, MN_LEAVE_WAIT - 1); /* the round trip took no time at all */
	assert_false(answered());
	fix_run(&f, 1);
	assert_true(answered());
}

/* The second of three was answered late: that is as good (RFC 6275 11.7.3). */
static void an_answer_to_an_earlier_announcement_counts(void **state)
{
	struct ip6_info ip;
	uint16_t first;

	announce();
	path_done();
	first = last_bu(&ip).seq;
	fix_run(&f, 2 * MN_LEAVE_AGAIN);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 3);
	answer(1, STATUS_ACCEPTED, (uint16_t)(first + 1), true);
	assert_true(answered());
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "the router keeps packets");
	/* And once more: it is known. */
	fix_clear(&f);
	answer(1, STATUS_ACCEPTED, (uint16_t)(first + 2), true);
	assert_null(fix_note(&f, LKE_NOTE_LEAVING));
}

/* AMB-105: the router refused a copy of what it had taken, or an older one. */
static void amb_105_an_old_number_that_is_behind_is_ignored(void **state)
{
	struct ip6_info ip;
	uint16_t first;

	announce();
	path_done();
	first = last_bu(&ip).seq;
	answer(1, STATUS_SEQUENCE, first, true);
	assert_int_equal(last_bu(&ip).seq, (uint16_t)(first + 1));
	answer(1, STATUS_SEQUENCE, first, true);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	assert_null(fix_note(&f, LKE_NOTE_LEAVING));
	answer(1, STATUS_ACCEPTED, (uint16_t)(first + 1), true);
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "the router keeps packets");
}

static void the_operator_is_answered_once(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };
	struct ip6_info ip;

	announce();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	ev.result.cookie = fix_find(&f, LKE_ACT_PATH, 0)->a.cookie + 1; /* of something else */
	fix_event(&f, &ev);
	assert_false(answered());
	path_done();
	assert_true(answered());
	fix_link(&f, false);
	fix_link(&f, true);
	fix_ra(&f, 2);
	assert_true(answered()); /* once in all */
}

/* The time is that of the command, however late the router answers. */
static void the_move_is_awaited_from_the_command_on(void **state)
{
	struct ip6_info ip;

	announce();
	path_done();
	fix_run(&f, MN_LEAVE_AGAIN / 2);
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	fix_clear(&f);
	fix_run(&f, LEAVE_TIME - MN_LEAVE_AGAIN / 2 - 1);
	assert_null(fix_find(&f, LKE_ACT_HOLD, 0));
	fix_run(&f, 1);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVE_END)->text, "it did not move");
}

static void what_is_told_names_address_and_router(void **state)
{
	struct lke_in6 coa = fix_coa(&f), ar = fix_ar_addr(1);
	const struct lke_note *n;
	struct ip6_info ip;
	struct mh_bu bu;

	announce();
	bu = last_bu(&ip);
	assert_int_equal(bu.flags & (BU_A | BU_H), BU_A | BU_H);
	answer(1, STATUS_ACCEPTED, bu.seq, true);
	n = fix_note(&f, LKE_NOTE_LEAVING);
	assert_true(in6_eq(&n->addr, &coa) && in6_eq(&n->peer, &ar));
	fix_run(&f, LEAVE_TIME);
	n = fix_note(&f, LKE_NOTE_LEAVE_END);
	assert_true(in6_eq(&n->addr, &coa));
}

/* Two routers forward to this link: both are waited for, at most so long, and nobody else. */
static void all_of_those_further_away_are_waited_for(void **state)
{
	struct lke_in6 first = fix_coa(&f), ar1 = fix_ar_addr(1);
	struct secret16 key1 = f.kbm, key2;

	fix_move(&f, 2);
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	fix_run(&f, 2 * LKE_SEC);
	fix_keack(&f, 2, 0, 7200, false);
	key2 = f.kbm;
	update_find(f.e, &first, &ar1)->used = true;
	fix_move(&f, 3);
	fix_ba(&f, 2, STATUS_ACCEPTED, 240, 0, true);
	f.kbm = key1;
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	fix_run(&f, 2 * LKE_SEC);
	update_find(f.e, &first, &ar1)->rtt = LKE_SEC;
	fix_clear(&f);
	announce();
	path_done();
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	fix_ba(&f, 1, STATUS_ACCEPTED, 240, 0, true);
	assert_false(answered());
	fix_run(&f, MN_LEAVE_WAIT_MAX - 1);
	assert_false(answered());
	fix_run(&f, 1);
	assert_true(answered());
	f.kbm = key2;
}

/* The home agent's answer is none that has to come by this link. */
static void a_home_agent_is_not_waited_for(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct ip6_info ip;

	ev.command.cmd = LKE_CMD_FLUSH_BINDING;
	fix_event(&f, &ev);
	assert_true(f.e->mn->update[0]->reg && f.e->mn->update[0]->outstanding);
	fix_clear(&f);
	announce();
	assert_true(last_bu(&ip).leaving && !ip.has_hao);
}

/* Another router of the same link is taken before the answer: the command has its answer all the
 * same. */
static void another_router_is_taken_before_the_answer(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	fix_ra(&f, 2);
	fix_clear(&f);
	announce();
	assert_false(answered());
	ev.command.cmd = LKE_CMD_HANDOVER;
	ev.command.arg = fix_ar_ll(2);
	ev.command.cookie = 0;
	fix_event(&f, &ev);
	assert_non_null(fix_find(&f, LKE_ACT_REPLY, 0));
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 0)->a.reply.cookie, COOKIE_OF_THE_OPERATOR);
}

/* What was announced once and taken back is no reason to say at the next loss of carrier that the
 * node is here again. */
static void a_former_announcement_is_forgotten(void **state)
{
	struct ip6_info ip;

	announce();
	path_done();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	fix_run(&f, LEAVE_TIME);
	answer(1, STATUS_NOT_HOME_AGENT, last_bu(&ip).seq, true);
	fix_run(&f, 60 * LKE_SEC);
	fix_clear(&f);
	fix_move(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
}

/* MAX_UPDATE_RATE: three a second, however often it is announced (RFC 6275 11.8). */
static void announcements_are_updates_and_limited_as_such(void **state)
{
	announce();
	path_done();
	fix_run(&f, MN_LEAVE_TRIES * MN_LEAVE_AGAIN);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), MN_LEAVE_TRIES);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_clear(&f);
	announce();
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_string_equal(fix_note(&f, LKE_NOTE_LEAVING)->text, "no answer of this router");
}

static void said_twice_it_is_said_once(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct ip6_info ip;

	announce();
	ev.command.cmd = LKE_CMD_HANDOVER;
	ev.command.cookie = 78;
	fix_event(&f, &ev);
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 0)->a.reply.err, LKE_ERR_STATE);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	path_done();
	answer(1, STATUS_ACCEPTED, last_bu(&ip).seq, true);
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 1)->a.reply.cookie, COOKIE_OF_THE_OPERATOR);
	fix_event(&f, &ev);
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 2)->a.reply.err, 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
}

static void without_a_link_there_is_nothing_to_leave(void **state)
{
	fix_link(&f, false);
	fix_clear(&f);
	announce();
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 0)->a.reply.err, LKE_ERR_STATE);
}

static void draft01_only_parks(void **state)
{
	announce();
	assert_true(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	path_done();
	assert_true(answered());
	fix_clear(&f);
	fix_run(&f, LEAVE_TIME);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_false(fix_find(&f, LKE_ACT_HOLD, 0)->a.hold.hold);
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_parks_first_and_tells_its_router),
		T(the_link_may_go_only_when_nothing_leaves_by_it),
		T(a_router_that_does_not_know_it_ends_the_waiting),
		T(forged_answers_change_nothing),
		T(an_old_number_is_told_again_with_a_newer_one),
		T(a_silent_router_is_told_three_times),
		T(a_move_that_does_not_come_is_taken_back),
		T(the_move_comes_and_the_update_says_nothing_of_it),
		T(back_on_the_same_link_it_says_so),
		T(a_link_that_goes_early_ends_the_waiting),
		T(those_further_away_are_told_first),
		T(those_further_away_are_not_waited_for_long),
		T(an_answer_to_an_earlier_announcement_counts),
		T(amb_105_an_old_number_that_is_behind_is_ignored),
		T(the_operator_is_answered_once),
		T(the_move_is_awaited_from_the_command_on),
		T(what_is_told_names_address_and_router),
		T(all_of_those_further_away_are_waited_for),
		T(a_home_agent_is_not_waited_for),
		T(another_router_is_taken_before_the_answer),
		T(a_former_announcement_is_forgotten),
		T(announcements_are_updates_and_limited_as_such),
		T(said_twice_it_is_said_once),
		T(without_a_link_there_is_nothing_to_leave),
		cmocka_unit_test_setup_teardown(draft01_only_parks, open_draft01, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

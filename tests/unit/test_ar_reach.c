/* SPDX-License-Identifier: ISC */
/* Reachability of care-of addresses: AMB-111 to AMB-115 at every edge, draft 2.1(b), 2.1(c), 3.2.4.
 */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn;
static const struct arf_bu up = { .lifetime = 60 }, down = { .lifetime = 0 };

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static struct mh_ba update(const struct arf_bu *o)
{
	struct mh_ba ba;
	bool ok;

	arf_bu(&f, &mn, o);
	mn.bu_seq++;
	ba = arf_ba(&f, mn.kbm, &ok);
	assert_int_equal(ba.status, STATUS_ACCEPTED);
	assert_true(ok);
	return ba;
}

static enum lke_binding_state state_of(void)
{
	struct lke_binding_view v;

	assert_true(arf_binding(&f, &mn.coa, &v));
	return v.state;
}

static void until(lke_time t0, uint64_t ms)
{
	arf_run(&f, t0 + ms * LKE_MSEC - f.now);
}

static void amb_112_refresh_requests_at_2_4_8_s(void **state)
{
	lke_time t0 = f.now;

	update(&up);
	until(t0, 1999);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	until(t0, 2000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 1);
	assert_int_equal(arf_last(&f, LKE_MSG_BRR)->len, 40 + 24 + 8);
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_BRR)->ip.rh2, &mn.coa));
	until(t0, 3999);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 1);
	until(t0, 4000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 2);
	until(t0, 7999);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 2);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	until(t0, 8000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 3);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	assert_int_equal(arf_notes(&f, LKE_NOTE_BINDING_SUSPENDED), 1);
	until(t0, 60000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 3);
}

static void amb_112_further_updates_move_neither_deadline_nor_credit(void **state)
{
	static const unsigned at[] = { 500, 2500, 5000, 7999 };
	lke_time t0 = f.now;

	update(&up);
	for (unsigned n = 0; n < 4; n++) {
		until(t0, at[n]);
		assert_true(update(&up).has_finished_request);
		assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
		assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
	}
	until(t0, 8000);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 3);
}

static void amb_112_update_after_8_s_is_answered_0_and_suspended(void **state)
{
	lke_time t0 = f.now;
	struct mh_ba ba;

	update(&up);
	until(t0, 1500);
	update(&down);
	until(t0, 8000); /* nothing is bound at the deadline */
	ba = update(&up);
	assert_true(ba.has_finished_request && ba.lifetime == 60);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	assert_true(f.tunnel.tunnel.suspended);
	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
}

static void amb_112_just_before_8_s_it_is_not_suspended(void **state)
{
	lke_time t0 = f.now;

	update(&up);
	until(t0, 1500);
	update(&down);
	until(t0, 7999);
	update(&up);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	assert_int_equal(f.tunnel.tunnel.credit, 0); /* it was given before */
	until(t0, 8000);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
}

static void
amb_112_refresh_requests_count_from_the_first_update_after_a_deregistration(void **state)
{
	lke_time t0 = f.now;

	update(&up);
	until(t0, 1000);
	update(&down);
	until(t0, 3000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	update(&up);
	until(t0, 3999);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	until(t0, 4000);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 1);
}

static void amb_112_every_acknowledgement_is_repeated_after_1_s(void **state)
{
	lke_time t0 = f.now;
	struct mh_ba a = update(&up), b, again;
	bool ok;

	until(t0, 500);
	b = update(&up);
	until(t0, 999);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 2);
	until(t0, 1000);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 3);
	again = arf_ba(&f, mn.kbm, &ok);
	assert_true(ok && again.nonce == a.nonce && again.seq == a.seq &&
		    again.lifetime == a.lifetime);
	until(t0, 1500);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 4);
	again = arf_ba(&f, mn.kbm, &ok);
	assert_true(ok && again.nonce == b.nonce && again.seq == b.seq);
	until(t0, 7000);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 4);
}

static void amb_112_no_repetition_after_the_finished(void **state)
{
	struct mh_ba ba = update(&up);

	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	arf_run(&f, 9 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 1);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
}

static void amb_112_sixteen_nonces_outstanding(void **state)
{
	struct mh_ba ba[17];

	for (unsigned n = 0; n < 17; n++)
		ba[n] = update(&up);
	assert_int_equal(arf_finished(&f, &mn, &ba[0], false), -LKE_DROP_FINISHED_UNMATCHED);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	/* any of the others counts, and ends all of them */
	assert_int_equal(arf_finished(&f, &mn, &ba[1], false), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	assert_int_equal(arf_finished(&f, &mn, &ba[16], false), -LKE_DROP_FINISHED_UNMATCHED);
}

static void amb_112_proved_for_600_s(void **state)
{
	struct mh_ba ba = update(&up);
	lke_time t0 = f.now;

	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	until(t0, 599999);
	assert_false(update(&up).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	until(t0, 600000);
	assert_true(update(&up).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
	until(t0, 607999);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	until(t0, 608000);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
}

static void amb_112_each_care_of_address_has_its_own_credit_once(void **state)
{
	struct lke_in6 a = mn.new_coa, b = a;
	struct mh_ba first;

	b.b[14] = 9;
	first = update(&up);
	arf_run(&f, LKE_SEC);
	mn.new_coa = b;
	update(&up);
	assert_true(in6_eq(&f.tunnel.tunnel.coa, &b));
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
	mn.new_coa = a;
	update(&up);
	assert_int_equal(f.tunnel.tunnel.credit, 0);
	/* what was asked at the earlier stay does not count */
	assert_int_equal(arf_finished(&f, &mn, &first, false), -LKE_DROP_FINISHED_UNMATCHED);
	arf_run(&f, 7 * LKE_SEC);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	mn.new_coa = b; /* its 8 s end one second later */
	update(&up);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	arf_run(&f, LKE_SEC);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
}

static void amb_112_a_proved_address_is_ok_at_once_when_it_comes_back(void **state)
{
	struct lke_in6 a = mn.new_coa, b = a;
	struct mh_ba ba = update(&up);

	b.b[14] = 9;
	arf_finished(&f, &mn, &ba, false);
	mn.new_coa = b;
	update(&up);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	mn.new_coa = a;
	assert_false(update(&up).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	update(&down);
	assert_false(update(&up).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_OK);
}

static void amb_112_many_unproved_addresses_end_the_credit(void **state)
{
	for (unsigned n = 0; n < 12; n++) {
		mn.new_coa.b[14] = (uint8_t)n;
		update(&up);
		assert_int_equal(f.tunnel.tunnel.credit, n < 8 ? CREDIT_BASE : 0);
	}
}

static void amb_112_a_node_that_proves_itself_may_travel(void **state)
{
	for (unsigned n = 0; n < 30; n++) {
		struct mh_ba ba;

		mn.new_coa.b[14] = (uint8_t)n;
		ba = update(&up);
		assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
		assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
		f.sents = f.notes = 0;
		arf_run(&f, 130 * LKE_SEC); /* the earliest proofs have aged at the end */
	}
}

static void amb_112_unproved_addresses_are_remembered_longest(void **state)
{
	struct lke_in6 victim = mn.new_coa;
	struct mh_ba ba;

	update(&up); /* somebody else's address */
	for (unsigned n = 1; n < 20; n++) {
		mn.new_coa.b[13] = (uint8_t)n;
		ba = update(&up);
		assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
		assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	}
	mn.new_coa = victim;
	update(&up);
	assert_int_equal(f.tunnel.tunnel.credit, 0);
}

static void amb_112_volume_raises_the_credit_without_a_note(void **state)
{
	struct lke_event ev = { .type = LKE_EV_MOBILE };
	unsigned notes;

	update(&up);
	notes = f.notes;
	ev.mobile.home = mn.coa;
	for (unsigned n = 1; n <= 20; n++) {
		ev.mobile.reverse_bytes = n * 10000;
		arf_event(&f, &ev);
		assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE + n * 10000);
	}
	assert_int_equal(f.notes, notes);
	ev.mobile.reverse_bytes = 10; /* late news */
	arf_event(&f, &ev);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE + 200000);
	ev.mobile.home.b[15] ^= 1; /* nobody */
	ev.mobile.reverse_bytes = 1000000;
	arf_event(&f, &ev);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE + 200000);
	/* what came from one care-of address is no credit for the next */
	mn.new_coa.b[14] = 9;
	update(&up);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
}

static void amb_112_suspended_binding_lives_until_its_lifetime_ends(void **state)
{
	lke_time t0 = f.now;
	struct arf_bu o = { .lifetime = 10 };
	struct lke_lladdr x = arf_lladdr(0x55);
	unsigned before;

	update(&o);
	until(t0, 39999);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	before = arf_notes(&f, LKE_NOTE_DEFENDED);
	arf_dad_ns(&f, &mn.coa, &x); /* proxy Neighbor Discovery goes on */
	assert_int_equal(arf_notes(&f, LKE_NOTE_DEFENDED), before + 1);
	until(t0, 40000);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	/* the deadline belongs to the address, not to the binding */
	update(&up);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
}

static void amb_113_finished_with_a_status_deletes_the_binding(void **state)
{
	struct mh_ba ba = update(&up);
	struct mh_finished fin = { .status = STATUS_UNSPECIFIED,
				   .seq = ba.seq,
				   .lifetime = ba.lifetime,
				   .nonce = ba.nonce };
	struct ip6_out ip = {
		.src = mn.new_coa, .dst = arf_addr("2001:db8:1::1"), .hop_limit = 64, .hao = &mn.coa
	};
	struct lke_lladdr upstream = arf_lladdr(0xee);
	struct lke_lbsa_view v;
	uint8_t buf[256];
	size_t len = arf_seal_finished(&mn, &ip, &fin, buf, sizeof(buf));

	assert_int_equal(arf_feed(&f, ARF_UP, &upstream, buf, len), 0);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_int_equal(f.intercepts, 0);
	assert_int_equal(arf_notes(&f, LKE_NOTE_BINDING_GONE), 1);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(v.bu_seq, ba.seq); /* the number stays */
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
}

/* draft01 differs: AMB-112. */
static const char *const default_only[] = {
	"amb_112_refresh_requests_at_2_4_8_s",
	"amb_112_further_updates_move_neither_deadline_nor_credit",
	"amb_112_update_after_8_s_is_answered_0_and_suspended",
	"amb_112_just_before_8_s_it_is_not_suspended",
	"amb_112_refresh_requests_count_from_the_first_update_after_a_deregistration",
	"amb_112_every_acknowledgement_is_repeated_after_1_s",
	"amb_112_proved_for_600_s",
	"amb_112_each_care_of_address_has_its_own_credit_once",
	"amb_112_many_unproved_addresses_end_the_credit",
	"amb_112_a_node_that_proves_itself_may_travel",
	"amb_112_unproved_addresses_are_remembered_longest",
	"amb_112_volume_raises_the_credit_without_a_note",
	"amb_112_suspended_binding_lives_until_its_lifetime_ends",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
	const struct CMUnitTest tests[] = {
		T(amb_112_refresh_requests_at_2_4_8_s),
		T(amb_112_further_updates_move_neither_deadline_nor_credit),
		T(amb_112_update_after_8_s_is_answered_0_and_suspended),
		T(amb_112_just_before_8_s_it_is_not_suspended),
		T(amb_112_refresh_requests_count_from_the_first_update_after_a_deregistration),
		T(amb_112_every_acknowledgement_is_repeated_after_1_s),
		T(amb_112_no_repetition_after_the_finished),
		T(amb_112_sixteen_nonces_outstanding),
		T(amb_112_proved_for_600_s),
		T(amb_112_each_care_of_address_has_its_own_credit_once),
		T(amb_112_a_proved_address_is_ok_at_once_when_it_comes_back),
		T(amb_112_many_unproved_addresses_end_the_credit),
		T(amb_112_a_node_that_proves_itself_may_travel),
		T(amb_112_unproved_addresses_are_remembered_longest),
		T(amb_112_volume_raises_the_credit_without_a_note),
		T(amb_112_suspended_binding_lives_until_its_lifetime_ends),
		T(amb_113_finished_with_a_status_deletes_the_binding),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

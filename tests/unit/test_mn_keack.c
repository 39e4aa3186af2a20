/* SPDX-License-Identifier: ISC */
/* What a mobile node makes of each field of a Key Exchange Acknowledgement, and of a refusal: draft
 * 3.2.2, AMB-044, AMB-055, AMB-057, AMB-058, AMB-069, AMB-131, AMB-170. */
#include "mn_ack.h"

static void attach_as(struct fix *f, enum lke_profile profile)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, profile);
	fix_attach(f, 1);
	assert_int_equal(fix_count(f, LKE_MSG_KEREQ), 1);
}

static void attach(struct fix *f)
{
	attach_as(f, LKE_PROFILE_DEFAULT);
}

static unsigned keys_of(const struct fix *f, const struct lke_in6 *coa)
{
	struct lke_lbsa_view v;
	unsigned k = 0;

	for (size_t c = 0; lke_engine_next_lbsa(f->e, &c, &v);)
		k += in6_eq(&v.coa, coa);
	return k;
}

/* Spends the time until the next request; fails after limit. */
static lke_time until_kereq(struct fix *f, lke_time limit)
{
	lke_time begin = f->now;

	fix_clear(f);
	while (fix_count(f, LKE_MSG_KEREQ) == 0) {
		assert_true(f->now - begin < limit);
		fix_run(f, LKE_SEC / 4);
	}
	return f->now - begin;
}

static void draft_3_2_2_every_address_of_a_keack_is_checked(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.o.hop_limit = 254;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_HOPLIMIT);
	a = ack_good(&f, 1);
	a.o.dst = coa;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_ADDRESS);
	a = ack_good(&f, 1);
	a.o.dst = fix_addr("fe80::77:7777"); /* somebody else's frame */
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_NOT_OURS);
	a = ack_good(&f, 1);
	a.plain = true;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_RH2);
	a = ack_good(&f, 1);
	a.rh2.b[15] ^= 1;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_RH2);
	assert_int_equal(keys_of(&f, &coa), 0);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	fix_end(&f);
}

static void keack_of_another_interface_is_dropped(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	fix_link2(&f, true); /* none of the mobile node's */
	a = ack_good(&f, 1);
	a.ifindex = FIX_IF2;
	assert_true(ack_put(&f, 1, &a) < 0);
	assert_int_equal(keys_of(&f, &coa), 0);
	fix_end(&f);
}

static void amb_058_any_number_of_the_exchange_and_of_no_other(void **state)
{
	struct lke_in6 coa;
	struct ack first, second;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	first = ack_good(&f, 1);
	until_kereq(&f, 6 * LKE_SEC);
	second = ack_good(&f, 1);
	assert_int_not_equal(first.m.seq, second.m.seq);
	first.m.lifetime = 10; /* a renewal is due soon */
	assert_int_equal(ack_put(&f, 1, &first), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	/* The next exchange has sent one request: the second number is of the former one. */
	until_kereq(&f, 40 * LKE_SEC);
	first = ack_good(&f, 1);
	first.m.seq = second.m.seq;
	assert_int_equal(ack_put(&f, 1, &first), -(int)LKE_DROP_KEX_UNEXPECTED);
	assert_int_equal(keys_of(&f, &coa), 1);
	fix_end(&f);
}

/* The clock of a key runs from the first request, whichever was answered. */
static void amb_044_key_is_as_old_as_its_first_request(void **state)
{
	const struct mn_lbsa *b;
	struct lke_in6 coa;
	lke_time began;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	began = f.e->mn->active->kex.first_sent;
	until_kereq(&f, 6 * LKE_SEC);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	b = mn_lbsa_of(f.e, &coa, NULL);
	assert_non_null(b);
	assert_true(b->since == began && began < f.now - 3 * LKE_SEC);
	assert_true(b->expires == began + 7200 * LKE_SEC);
	fix_end(&f);
}

/* Granted for less time than its answer took (AMB-043). */
static void amb_043_key_that_is_over_already_is_not_taken(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	until_kereq(&f, 6 * LKE_SEC);
	fix_run(&f, LKE_SEC);
	a = ack_good(&f, 1);
	a.m.lifetime = 1; /* 4 s from the first request on */
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_STATE);
	assert_int_equal(keys_of(&f, &coa), 0);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_KEACK_IN), 0);
	a.m.lifetime = 1800;
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_KEACK_IN), 1);
	fix_end(&f);
}

static void op_lbsa_tells_whose_it_is(void **state)
{
	struct lke_in6 coa, ll = fix_ar_ll(1), ar = fix_ar_addr(1);
	struct lke_lladdr mac = fix_mac(1);
	struct lke_lbsa_view v;
	const struct lke_note *n;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(in6_eq(&v.peer_ll, &ll) && in6_eq(&v.ar, &ar));
	assert_true(lladdr_eq(&v.peer_lladdr, &mac));
	assert_int_equal(v.ifindex, FIX_IF);
	assert_int_equal(v.kex_seq, a.m.seq);
	assert_int_equal(v.proved, !as_draft01());
	n = fix_note(&f, LKE_NOTE_LBSA_VALID);
	assert_non_null(n);
	assert_true(in6_eq(&n->addr, &coa) && in6_eq(&n->peer, &ar));
	assert_int_equal(n->ifindex, FIX_IF);
	assert_int_equal(n->seq, a.m.seq);
	assert_in_range(n->lifetime, 7190, 7200);
	fix_end(&f);
}

/* The authenticated DAD came before the acknowledgement, its plain answer behind it. */
static void amb_095_request_seen_by_the_exchange_counts_for_its_key(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	fix_kereq_key(&f);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 1, false), 0);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	fix_na(&f, 0x55, &coa);
	assert_int_equal(keys_of(&f, &coa), 0);
	fix_end(&f);
}

/* A refusal need not name the router, and says how long to wait: 300 s, 60 s without resources. */
static void amb_057_refusals_and_their_pauses(void **state)
{
	static const struct {
		uint8_t status;
		unsigned s;
	} refusal[] = { { 128, 300 }, { STATUS_RESOURCES, 60 }, { 133, 300 }, { 255, 300 } };
	const struct lke_note *n;
	struct lke_in6 coa, ll = fix_ar_ll(1);
	struct ack a;
	struct fix f;

	(void)state;
	for (size_t k = 0; k < sizeof(refusal) / sizeof(refusal[0]); k++) {
		attach(&f);
		coa = fix_coa(&f);
		a = ack_good(&f, 1);
		a.m.status = refusal[k].status;
		a.m.lifetime = 0;
		a.m.ar = in6_unspecified;
		assert_int_equal(ack_put(&f, 1, &a), 0);
		n = fix_note(&f, LKE_NOTE_REFUSED);
		assert_non_null(n);
		assert_int_equal(n->status, refusal[k].status);
		assert_int_equal(n->seq, a.m.seq);
		assert_int_equal(n->ifindex, FIX_IF);
		assert_true(in6_eq(&n->addr, &coa) && in6_eq(&n->peer, &ll));
		assert_in_range(until_kereq(&f, 400 * LKE_SEC) / LKE_SEC, refusal[k].s,
				refusal[k].s + 1);
		fix_end(&f);
	}
}

/* 129 to a renewal: the key is good still, so is the address. */
static void amb_170_prohibited_renewal_changes_nothing(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	until_kereq(&f, 7000 * LKE_SEC);
	a = ack_good(&f, 1);
	a.m.status = STATUS_PROHIBITED;
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_true(in6_eq(&f.e->mn->current, &coa));
	assert_int_equal(keys_of(&f, &coa), 1);
	assert_in_range(until_kereq(&f, 400 * LKE_SEC) / LKE_SEC, 300, 301);
	assert_true(in6_eq(&f.e->mn->current, &coa));
	fix_end(&f);
}

/* The next address is no part of draft01. */
static void draft01_prohibited_waits_with_its_address(void **state)
{
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach_as(&f, LKE_PROFILE_DRAFT01);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.m.status = STATUS_PROHIBITED;
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_in_range(until_kereq(&f, 400 * LKE_SEC) / LKE_SEC, 300, 301);
	assert_true(in6_eq(&f.e->mn->current, &coa));
	fix_end(&f);
}

/* Two jumps reach the accepted half from every start; behind them it goes on by one. */
static void amb_131_two_jumps_and_no_more(void **state)
{
	static const uint16_t step[] = { KEREQ_SEQ_JUMP, KEREQ_SEQ_JUMP2, 1, 1 };
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	for (size_t n = 0; n < 4; n++) {
		uint16_t seq;

		a = ack_good(&f, 1);
		a.m.status = STATUS_SEQUENCE;
		seq = a.m.seq;
		assert_int_equal(ack_put(&f, 1, &a), 0);
		until_kereq(&f, 40 * LKE_SEC);
		assert_int_equal((uint16_t)(ack_good(&f, 1).m.seq - seq), step[n]);
	}
	fix_end(&f);
}

/* draft01 takes the router's word for an address outside the prefix, and says so; one that is none
 * of a router is refused there, too. */
static void draft01_foreign_router_address_is_taken_with_an_alarm(void **state)
{
	static const char *const bad[] = { "fe80::1", "ff0e::1", "::" };
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach_as(&f, LKE_PROFILE_DRAFT01);
	coa = fix_coa(&f);
	for (size_t n = 0; n < 4; n++) {
		a = ack_good(&f, 1);
		a.m.ar = n < 3 ? fix_addr(bad[n]) : coa;
		assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_ADDRESS);
	}
	assert_null(fix_note(&f, LKE_NOTE_ALARM));
	a = ack_good(&f, 1);
	a.m.ar = fix_ar_addr(9);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_end(&f);
}

/* AMB-055: only an acknowledgement of the outstanding number is obeyed; and draft 5.2 knows one
 * LBSA of an address: the new one takes the place of the old. */
static void draft01_bad_ack_of_an_earlier_number_is_ignored(void **state)
{
	struct lke_in6 coa;
	struct ack a, early;
	struct fix f;

	(void)state;
	attach_as(&f, LKE_PROFILE_DRAFT01);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.m.lifetime = 30;
	assert_int_equal(ack_put(&f, 1, &a), 0);
	until_kereq(&f, 110 * LKE_SEC);
	early = ack_good(&f, 1);
	until_kereq(&f, 6 * LKE_SEC);
	early.spoilt = true;
	assert_int_equal(ack_put(&f, 1, &early), -(int)LKE_DROP_KEX_MAC);
	assert_int_equal(keys_of(&f, &coa), 1);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_int_equal(keys_of(&f, &coa), 1);
	fix_end(&f);
}

int main(void)
{
	static const char *const default_only[] = { "amb_170_prohibited_renewal_changes_nothing",
						    NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draft_3_2_2_every_address_of_a_keack_is_checked),
		cmocka_unit_test(keack_of_another_interface_is_dropped),
		cmocka_unit_test(amb_058_any_number_of_the_exchange_and_of_no_other),
		cmocka_unit_test(amb_044_key_is_as_old_as_its_first_request),
		cmocka_unit_test(amb_043_key_that_is_over_already_is_not_taken),
		cmocka_unit_test(op_lbsa_tells_whose_it_is),
		cmocka_unit_test(amb_095_request_seen_by_the_exchange_counts_for_its_key),
		cmocka_unit_test(amb_057_refusals_and_their_pauses),
		cmocka_unit_test(amb_170_prohibited_renewal_changes_nothing),
		cmocka_unit_test(draft01_prohibited_waits_with_its_address),
		cmocka_unit_test(amb_131_two_jumps_and_no_more),
		cmocka_unit_test(draft01_foreign_router_address_is_taken_with_an_alarm),
		cmocka_unit_test(draft01_bad_ack_of_an_earlier_number_is_ignored),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

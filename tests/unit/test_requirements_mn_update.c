/* SPDX-License-Identifier: ISC */
/* Requirements on the handover of the mobile node that no other test states: draft 2.1, 3.2.4. */
#include "mn_fixture.h"

static struct mh_view view(const struct fix_action *a, struct ip6_info *i)
{
	struct lke_in6 src, dst;
	struct mh_view v;

	assert_non_null(a);
	assert_int_equal(ip6_parse(a->data, a->len, i), 0);
	src = ip6_pseudo_src(i);
	dst = ip6_pseudo_dst(i);
	assert_int_equal(mh_check(i->pkt + i->upper_off, i->upper_len, &src, &dst, &v), 0);
	return v;
}

static struct mh_kereq kereq(const struct fix *f, struct ip6_info *i)
{
	struct mh_view v = view(fix_last(f, LKE_MSG_KEREQ), i);
	struct mh_kereq m;

	assert_int_equal(mh_kereq_decode(&v, 128, &m), 0);
	return m;
}

static void start(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
}

static void attach(struct fix *f)
{
	start(f);
	fix_attach(f, 1);
	assert_int_equal(fix_count(f, LKE_MSG_KEREQ), 1);
}

static unsigned updates_to(const struct fix *f, const struct lke_in6 *agent)
{
	unsigned k = 0;

	for (size_t n = 0; n < f->n; n++) {
		const struct lke_note *x = &f->out[n].a.note;

		k += f->out[n].a.type == LKE_ACT_NOTIFY && x->type == LKE_NOTE_MESSAGE && x->out &&
		     x->msg == LKE_MSG_BU && in6_eq(&x->dst, agent);
	}
	return k;
}

static void lke_015_no_request_to_a_router_left_behind(void **state)
{
	struct lke_in6 ar2 = fix_ar_ll(2);
	unsigned requests = 0;
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_run(&f, 100 * LKE_SEC);
	for (size_t n = 0; n < f.n; n++) {
		const struct lke_note *x = &f.out[n].a.note;

		if (f.out[n].a.type != LKE_ACT_NOTIFY || x->type != LKE_NOTE_MESSAGE || !x->out ||
		    x->msg != LKE_MSG_KEREQ)
			continue;
		assert_true(in6_eq(&x->dst, &ar2));
		requests++;
	}
	/* AMB-072: the acknowledgement of the temporary home agent allowed it. */
	assert_true(requests > 1);
	fix_end(&f);
}

static void lke_039_no_update_without_a_verified_acknowledgement(void **state)
{
	struct lke_in6 ar = fix_ar_addr(1);
	struct fix f;

	(void)state;
	attach(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, true), -(int)LKE_DROP_KEX_MAC);
	fix_clear(&f);
	fix_move(&f, 2);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(updates_to(&f, &ar), 0);
	assert_true(updates_to(&f, &fix_agent) > 0);
	fix_end(&f);
}

static void lke_057_update_asks_for_home_service_and_is_signed(void **state)
{
	struct lke_mac_input in;
	struct ip6_info i;
	struct mh_view v;
	struct mh_bu bu;
	uint8_t mac[20];
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_move(&f, 2);
	v = view(fix_last(&f, LKE_MSG_BU), &i);
	assert_int_equal(mh_bu_decode(&v, &bu), 0);
	assert_int_equal(bu.flags, BU_A | BU_H);
	assert_true(bu.lifetime > 0 && bu.lifetime <= 60);
	assert_false(bu.has_alt_coa || bu.has_nonce_indices);
	assert_true(bu.auth.present && bu.auth.well_placed);
	lke_mac_binding(&i.src, &i.dst, v.p, v.len, &in);
	assert_int_equal(mac_sha1(&f.kbm, &in, mac), 0);
	assert_memory_equal(mac, bu.auth.mac, AUTH_DATA_LEN);
	fix_end(&f);
}

/* An acknowledgement of AR1 to the last BU, signed with the right key. */
static int answer(struct fix *f, struct mh_ba ba, uint16_t add_to_seq)
{
	struct ip6_info i;
	struct mh_view v = view(fix_last(f, LKE_MSG_BU), &i);
	struct lke_mac_input in;
	struct mh_bu bu;
	struct ip6_out o = { .src = i.dst, .dst = i.src, .hop_limit = 64, .rh2 = &i.hao };
	uint8_t buf[256], mac[20];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	assert_int_equal(mh_bu_decode(&v, &bu), 0);
	ba.seq = (uint16_t)(bu.seq + add_to_seq);
	mh_ba_encode(&w, &ba, true);
	lke_mac_binding(&o.src, &o.dst, buf + mh, w.off - mh, &in);
	assert_int_equal(mac_sha1(&f->kbm, &in, mac), 0);
	wr_patch_bytes(&w, w.off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	mh_set_checksum(&w, mh, &o.src, &i.hao);
	ip6_end(&w);
	return fix_packet(f, 2, buf, w.off);
}

static void lke_064_ba_with_another_number_is_ignored(void **state)
{
	struct mh_ba ba = { .lifetime = 60 };
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_int_equal(answer(&f, ba, 1), -(int)LKE_DROP_BA_UNMATCHED);
	assert_int_equal(answer(&f, ba, 0xffff), -(int)LKE_DROP_BA_UNMATCHED);
	assert_null(fix_note(&f, LKE_NOTE_HANDOVER));
	fix_run(&f, 1100 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2); /* it retransmits */
	assert_int_equal(answer(&f, ba, 0), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_HANDOVER));
	fix_end(&f);
}

static void lke_065_first_numbers_are_random(void **state)
{
	enum { RUNS = 50 };
	uint16_t bu_seq[RUNS], kex_seq[RUNS];
	unsigned small = 0, equal = 0;

	(void)state;
	for (unsigned n = 0; n < RUNS; n++) {
		struct lke_event ev = { .type = LKE_EV_ENTROPY, .entropy = { (uint8_t)n, 3 } };
		struct ip6_info i;
		struct mh_view v;
		struct mh_bu bu;
		struct fix f;

		start(&f);
		fix_event(&f, &ev);
		fix_attach_lbsa(&f, 1);
		kex_seq[n] = kereq(&f, &i).seq;
		fix_move(&f, 2);
		v = view(fix_last(&f, LKE_MSG_BU), &i);
		assert_int_equal(mh_bu_decode(&v, &bu), 0);
		bu_seq[n] = bu.seq;
		small += (bu.seq < 64) + (kex_seq[n] < 64);
		for (unsigned k = 0; k < n; k++)
			equal += (bu_seq[k] == bu_seq[n]) + (kex_seq[k] == kex_seq[n]);
		fix_end(&f);
	}
	/* 1225 pairs of 65536 values: more than two equal ones in each column would be a wonder. */
	assert_true(equal <= 4);
	assert_true(small <= 4);
}

static void lke_072_finished_copies_the_acknowledgement(void **state)
{
	struct mh_ba ba = { .lifetime = 59,
			    .has_finished_request = true,
			    .finished_r = true,
			    .nonce = 0xfeedbeef };
	struct lke_in6 old, now, ar = fix_ar_addr(1);
	struct lke_mac_input in;
	struct mh_finished fin;
	struct ip6_info i;
	struct mh_view v;
	struct mh_bu bu;
	uint8_t mac[20];
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_clear(&f);
	fix_move(&f, 2);
	now = fix_coa(&f);
	v = view(fix_last(&f, LKE_MSG_BU), &i);
	assert_int_equal(mh_bu_decode(&v, &bu), 0);
	assert_int_equal(answer(&f, ba, 0), 0);
	v = view(fix_last(&f, LKE_MSG_FINISHED), &i);
	assert_int_equal(mh_finished_decode(&v, &fin), 0);
	assert_true(in6_eq(&i.src, &now) && in6_eq(&i.dst, &ar));
	assert_true(i.has_hao && in6_eq(&i.hao, &old));
	assert_int_equal(v.type, 10);
	assert_int_equal(fin.status, 0);
	assert_int_equal(v.p[7], 0); /* Reserved */
	assert_int_equal(fin.seq, bu.seq);
	assert_int_equal(fin.lifetime, 59);
	assert_int_equal(fin.nonce, 0xfeedbeef);
	assert_true(fin.auth.present && fin.auth.well_placed);
	lke_mac_binding(&i.src, &i.dst, v.p, v.len, &in);
	assert_int_equal(mac_sha1(&f.kbm, &in, mac), 0);
	assert_memory_equal(mac, fin.auth.mac, AUTH_DATA_LEN);
	fix_end(&f);
}

static void sec_009_every_transmission_consumes_a_number(void **state)
{
	struct fix f;
	uint16_t seq;

	(void)state;
	start(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	seq = fix_ha_seq(&f);
	for (unsigned n = 1; n < 4; n++) {
		fix_run(&f, (1500u << (n - 1)) * LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_BU), n + 1);
		assert_int_equal(fix_ha_seq(&f), (uint16_t)(seq + n));
	}
	fix_end(&f);
}

static void base_09_at_most_three_updates_a_second(void **state)
{
	struct lke_in6 ar = fix_ar_addr(1);
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	for (unsigned n = 0; n < 20; n++) { /* a new link each 40 ms */
		fix_link(&f, false);
		fix_link(&f, true);
		fix_ra(&f, 2 + n % 2);
		fix_run(&f, 40 * LKE_MSEC);
	}
	assert_in_range(updates_to(&f, &ar), 3, 5);
	fix_end(&f);
}

static void lke_089_last_previous_router_when_the_oldest_is_gone(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_in6 ar1 = fix_ar_addr(1), ar2 = fix_ar_addr(2);
	struct fix f;

	(void)state;
	for (unsigned gone = 0; gone < 2; gone++) {
		start(&f);
		fix_attach_lbsa(&f, 1);
		flush.command.cmd = LKE_CMD_FLUSH_LBSA;
		flush.command.arg = fix_coa(&f);
		fix_clear(&f);
		fix_move(&f, 2);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		fix_run(&f, 3 * LKE_SEC);
		assert_int_equal(fix_keack(&f, 2, 0, 7200, false), 0);
		if (gone)
			fix_event(&f, &flush);
		fix_clear(&f);
		fix_move(&f, 3);
		/* The oldest with a binding, if it is there; then the one just left. */
		assert_int_equal(updates_to(&f, &ar1), gone ? 0 : 1);
		if (gone)
			assert_int_equal(updates_to(&f, &ar2), 1);
		fix_end(&f);
	}
}

/* With LKE switched off the option in the advertisement is as if it were absent (LKE-001). */
static void sec_008_without_lke_no_message_goes_to_a_router(void **state)
{
	struct lke_in6 ar = fix_ar_addr(1);
	struct fix f;

	(void)state;
	start(&f);
	f.e->cfg.mn.lke = false;
	fix_attach(&f, 1);
	fix_run(&f, 60 * LKE_SEC);
	fix_move(&f, 2);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	assert_true(fix_count(&f, LKE_MSG_BU) >= 2);
	for (size_t n = 0; n < f.n; n++) {
		const struct lke_note *x = &f.out[n].a.note;

		if (f.out[n].a.type == LKE_ACT_NOTIFY && x->out && x->msg == LKE_MSG_BU)
			assert_false(in6_eq(&x->dst, &ar));
	}
	fix_end(&f);
}

/* draft01 differs: a binding lives as long as the LBSA (AMB-179). */
static const char *const default_only[] = {
	"lke_057_update_asks_for_home_service_and_is_signed",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_015_no_request_to_a_router_left_behind),
		cmocka_unit_test(lke_039_no_update_without_a_verified_acknowledgement),
		cmocka_unit_test(lke_057_update_asks_for_home_service_and_is_signed),
		cmocka_unit_test(lke_064_ba_with_another_number_is_ignored),
		cmocka_unit_test(lke_065_first_numbers_are_random),
		cmocka_unit_test(lke_072_finished_copies_the_acknowledgement),
		cmocka_unit_test(sec_009_every_transmission_consumes_a_number),
		cmocka_unit_test(base_09_at_most_three_updates_a_second),
		cmocka_unit_test(lke_089_last_previous_router_when_the_oldest_is_gone),
		cmocka_unit_test(sec_008_without_lke_no_message_goes_to_a_router),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* Every Status an agent may answer with (RFC 6275 6.1.8, draft 3.2.2), odd ones too. */
#include "mn_fixture.h"

static bool bound(const struct fix *f, const struct lke_in6 *home)
{
	const struct update *u = update_of(f->e, home);

	return u && u->accepted;
}

/* Below 128 there is a binding, from 128 on there is none and the home agent is asked at once. */
static void rfc_6275_6_1_8_every_status_of_an_access_router(void **state)
{
	(void)state;
	for (unsigned status = 0; status < 256; status++) {
		struct lke_in6 old;
		struct fix f;

		if (status == STATUS_SEQUENCE)
			continue;
		fix_away(&f, LKE_STRATEGY_OLDEST, &old);
		/* Whatever its Lifetime says. */
		assert_int_equal(fix_ba(&f, 1, (uint8_t)status, status == 129 ? 0 : 240, 0, true),
				 0);
		assert_int_equal(bound(&f, &old), status < 128);
		assert_int_equal(fix_note(&f, LKE_NOTE_FALLBACK) != NULL, status >= 128);
		if (status >= 128)
			assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
		/* It goes on in any case. */
		fix_run(&f, 300 * LKE_SEC);
		assert_false(in6_is_unspecified(&f.e->mn->current));
		fix_end(&f);
	}
}

/* 135 to whatever comes: the home agent is asked, and the updates get rarer as if nobody answered.
 */
static void amb_105_endless_135_of_an_access_router(void **state)
{
	struct lke_in6 old, ar = fix_ar_addr(1);
	unsigned answered = 0;
	uint16_t seen;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	seen = (uint16_t)(update_find(f.e, &old, &ar)->seq - 1);
	for (unsigned ms = 0; ms < 60000; ms += 10) {
		const struct update *u = update_find(f.e, &old, &ar);

		if (u && u->seq != seen) {
			seen = u->seq;
			assert_int_equal(fix_ba(&f, 1, STATUS_SEQUENCE, 0, 0, true), 0);
			answered++;
		}
		fix_run(&f, 10 * LKE_MSEC);
	}
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_in_range(answered, 6, 12);
	fix_end(&f);
}

/* A recorded 135 when nothing is outstanding any more (AMB-105). */
static void threats_53_recorded_135_changes_no_number(void **state)
{
	static const unsigned ahead[] = { 0, 1, 1000, 0x7000 };
	unsigned sent;
	struct lke_in6 old, ar = fix_ar_addr(1);
	struct update *u;
	uint16_t seq;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	u = update_find(f.e, &old, &ar);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_true(bound(&f, &old));
	seq = u->lbsa->bu_seq;
	sent = fix_count(&f, LKE_MSG_BU);
	for (unsigned n = 0; n < sizeof(ahead) / sizeof(ahead[0]); n++) {
		/* Signed, and not behind what was sent. */
		u->seq = (uint16_t)(seq - ahead[n]);
		assert_true(fix_ba(&f, 1, STATUS_SEQUENCE, 0, 0, true) < 0);
		u->seq = seq;
	}
	assert_int_equal(u->lbsa->bu_seq, seq);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), sent);
	assert_true(bound(&f, &old));
	fix_end(&f);
}

/* Each number is one of a manual key (AMB-172). */
static void amb_105_endless_135_of_a_home_agent(void **state)
{
	unsigned answered = 0;
	uint16_t seen;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	seen = (uint16_t)(fix_ha_seq(&f) - 1);
	for (unsigned ms = 0; ms < 120000; ms += 10) {
		if (fix_ha_seq(&f) != seen) {
			seen = fix_ha_seq(&f);
			assert_int_equal(fix_ha_ba(&f, 1, STATUS_SEQUENCE, seen), 0);
			answered++;
		}
		fix_run(&f, 10 * LKE_MSEC);
	}
	assert_in_range(answered, 6, 12);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_end(&f);
}

static void rfc_6275_6_1_8_every_status_of_a_home_agent(void **state)
{
	(void)state;
	for (unsigned status = 0; status < 256; status++) {
		struct fix f;
		uint16_t seq;

		if (status == STATUS_SEQUENCE)
			continue;
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_link(&f, true);
		fix_ra(&f, 1);
		seq = fix_ha_seq(&f);
		assert_int_equal(fix_ha_ba(&f, 1, (uint8_t)status, seq), 0);
		assert_int_equal(fix_note(&f, LKE_NOTE_REGISTERED) != NULL, status < 128);
		fix_run(&f, 2 * LKE_SEC);
		/* draft 6.3: no exchange before a home agent has accepted. */
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), status < 128);
		fix_run(&f, 61 * LKE_SEC);
		assert_int_equal(fix_ha_seq(&f) != seq, status >= 128); /* tried again */
		fix_end(&f);
	}
}

static void draft_3_2_2_every_status_of_a_key_exchange(void **state)
{
	(void)state;
	for (unsigned status = 0; status < 256; status++) {
		struct lke_lbsa_view v;
		struct lke_in6 coa;
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach(&f, 1);
		coa = fix_coa(&f);
		assert_int_equal(fix_keack(&f, 1, (uint8_t)status, status < 128 ? 7200 : 0, false),
				 0);
		assert_int_equal(fix_lbsa(&f, &coa, &v), status < 128);
		fix_run(&f, 400 * LKE_SEC);
		/* A refusal is not for ever. */
		if (status >= 128)
			assert_true(fix_count(&f, LKE_MSG_KEREQ) >= 2);
		fix_end(&f);
	}
}

/* Status 0 and Lifetime 0 to an update that asked for a binding: there is none. */
static void rfc_6275_6_1_8_accepted_for_no_time_is_no_binding(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_true(bound(&f, &old));
	fix_run(&f, 120 * LKE_SEC); /* its refresh is answered so */
	assert_int_equal(fix_ba(&f, 1, 0, 0, 0, true), 0);
	assert_false(bound(&f, &old));
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	fix_end(&f);
}

/* A router that grants hours is asked again after two minutes all the same. */
static void amb_179_no_longer_than_was_asked_for(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(fix_ba(&f, 1, 0, 7200, 9, true), 0);
	/* draft 3.2.4: the Finished copies what the acknowledgement says. */
	assert_int_equal(fix_count(&f, LKE_MSG_FINISHED), 1);
	assert_int_equal(update_of(f.e, &old)->finished_lifetime, 1800);
	fix_clear(&f);
	fix_run(&f, 119 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_run(&f, LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_end(&f);
}

/* A Mobility Header of the home agent, in ESP. */
static int home_agent_says(struct fix *f, struct wr *w, uint8_t *mh)
{
	struct ip6_out o = {
		.src = fix_agent, .dst = f->e->mn->current, .hop_limit = 64, .rh2 = &fix_home
	};
	uint8_t buf[512];
	int len;

	mh_set_checksum(w, 0, &fix_agent, &fix_home);
	assert_false(w->err);
	len = sa_protect(f->e, &f->ha_out, &o, mh, w->off, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, 1, buf, (size_t)len);
}

/* Refresh Advice says when; an advice of zero or beyond the lifetime says nothing. */
static void rfc_6275_6_2_4_refresh_advice_is_followed(void **state)
{
	static const struct {
		uint16_t advice;
		unsigned after; /* s */
	} t[] = { { 10, 40 }, { 0, 450 }, { 151, 450 }, { 150, 600 } };

	(void)state;
	for (size_t n = 0; n < sizeof(t) / sizeof(t[0]); n++) {
		struct mh_ba ba = { .lifetime = 150,
				    .has_refresh_advice = true,
				    .refresh_advice = t[n].advice };
		uint8_t mh[128];
		struct wr w = wr_init(mh, sizeof(mh));
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_link(&f, true);
		fix_ra(&f, 1);
		ba.seq = fix_ha_seq(&f);
		mh_ba_encode(&w, &ba, false);
		assert_int_equal(home_agent_says(&f, &w, mh), 0);
		f.encrypt = false; /* no exchange meanwhile */
		fix_run(&f, t[n].after * LKE_SEC - 2 * LKE_SEC);
		assert_int_equal(fix_ha_seq(&f), ba.seq);
		fix_run(&f, 2 * LKE_SEC);
		assert_int_not_equal(fix_ha_seq(&f), ba.seq);
		fix_end(&f);
	}
}

static void rfc_6275_11_7_refresh_request_in_esp_is_followed(void **state)
{
	uint8_t mh[128];
	struct wr w = wr_init(mh, sizeof(mh));
	struct fix f;
	uint16_t seq;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	seq = fix_ha_seq(&f);
	mh_brr_encode(&w);
	assert_int_equal(home_agent_says(&f, &w, mh), 0);
	assert_int_equal((uint16_t)(fix_ha_seq(&f) - seq), 1);
	fix_end(&f);
}

/* A Binding Refresh Request that is not in ESP costs no number of the home agent's key. */
static void thr_061_forged_refresh_requests_burn_no_numbers(void **state)
{
	struct ip6_out o = { .src = fix_agent, .hop_limit = 64, .rh2 = &fix_home };
	uint8_t buf[256];
	struct fix f;
	uint16_t seq;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	seq = fix_ha_seq(&f);
	o.dst = fix_coa(&f);
	for (unsigned n = 0; n < 20; n++) {
		struct wr w = wr_init(buf, sizeof(buf));
		size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

		mh_brr_encode(&w);
		mh_set_checksum(&w, mh, &o.src, &fix_home);
		ip6_end(&w);
		assert_int_equal(fix_packet(&f, 1, buf, w.off), -(int)LKE_DROP_ESP_MISSING);
		fix_run(&f, LKE_SEC);
	}
	assert_int_equal(fix_ha_seq(&f), seq);
	fix_end(&f);
}

/* Forged refresh requests (nobody signs them) spend the rounds of a moment, not those of the
 * binding. */
static void amb_112_rounds_come_back_with_a_lasting_binding(void **state)
{
	struct lke_in6 old, ar = fix_ar_addr(1);
	const struct update *u;
	uint16_t seq;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	u = update_find(f.e, &old, &ar);
	for (unsigned n = 0; n < 4; n++) {
		seq = u->seq;
		assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
		assert_int_equal(u->seq != seq, n < 3);
		if (n < 3)
			assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		fix_run(&f, LKE_SEC);
	}
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	fix_run(&f, 15 * LKE_SEC);
	seq = u->seq;
	assert_int_equal(fix_brr(&f, 1, 2, &old), 0);
	assert_int_not_equal(u->seq, seq);
	fix_end(&f);
}

/* draft01 differs: a binding lives as long as the LBSA (AMB-179). */
static const char *const default_only[] = {
	"amb_179_no_longer_than_was_asked_for",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6275_6_1_8_every_status_of_an_access_router),
		cmocka_unit_test(rfc_6275_6_1_8_every_status_of_a_home_agent),
		cmocka_unit_test(amb_105_endless_135_of_an_access_router),
		cmocka_unit_test(threats_53_recorded_135_changes_no_number),
		cmocka_unit_test(amb_105_endless_135_of_a_home_agent),
		cmocka_unit_test(draft_3_2_2_every_status_of_a_key_exchange),
		cmocka_unit_test(rfc_6275_6_1_8_accepted_for_no_time_is_no_binding),
		cmocka_unit_test(amb_179_no_longer_than_was_asked_for),
		cmocka_unit_test(rfc_6275_6_2_4_refresh_advice_is_followed),
		cmocka_unit_test(rfc_6275_11_7_refresh_request_in_esp_is_followed),
		cmocka_unit_test(thr_061_forged_refresh_requests_burn_no_numbers),
		cmocka_unit_test(amb_112_rounds_come_back_with_a_lasting_binding),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

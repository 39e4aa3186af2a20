/* SPDX-License-Identifier: ISC */
/* Key exchange at the access router: draft 2.1, 3.2, 4.2, 6. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	return 0;
}

static int open_draft01(void **state)
{
	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static void lke_036_exchange_acknowledged_and_dad_follows_at_once(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_lbsa_view v;
	struct mh_keack k;

	f.neighbour = f.dad = &m;
	assert_int_equal(arf_kereq(&f, &m), arf_draft01(&f) ? 0 : -LKE_DROP_HELD);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_ACCEPTED);
	assert_int_equal(k.seq, m.seq);
	assert_int_equal(k.lifetime, 7200 / 4);
	assert_true(in6_eq(&k.ar, &(struct lke_in6){ { 0x20, 1, 13, 184, 0, 1, [15] = 1 } }));
	/* lke_042: the NS left in the same turn */
	assert_int_equal(arf_last(&f, LKE_MSG_DAD_NS_AUTH)->at, arf_last(&f, LKE_MSG_KEACK)->at);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_run(&f, 999 * LKE_MSEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_run(&f, 1 * LKE_MSEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &v));
	assert_true(v.proved == !arf_draft01(&f) && v.cached_na);
	assert_int_equal(lke_engine_count_cached_na(f.e), 1);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_TENTATIVE), 1);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_VALID), 1);
}

/* One octet of the packet is changed; checksum is set again where it matters. */
static int send_changed(const struct arf_mn *m, uint8_t hop, const struct lke_in6 *src)
{
	uint8_t buf[1024];
	size_t len = arf_make_kereq(m, buf, sizeof(buf));

	buf[7] = hop;
	memcpy(buf + 8, src->b, 16);
	return arf_feed(&f, ARF_LAN, &m->lladdr, buf, len);
}

static void lke_195_hop_limit_and_scope(void **state)
{
	struct arf_mn m = arf_mobile(1);

	f.neighbour = &m;
	assert_int_equal(send_changed(&m, 254, &m.ll), -LKE_DROP_SCOPE_HOPLIMIT);
	assert_int_equal(send_changed(&m, 255, &m.new_coa), -LKE_DROP_SCOPE_ADDRESS);
	assert_int_equal(f.decrypts, 0);
	assert_null(arf_last(&f, LKE_MSG_KEACK));
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 0);
}

static void amb_065_foreign_prefix_refused_132(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct mh_keack k;

	m.coa = arf_addr("2001:db8:9::b01");
	arf_kereq(&f, &m);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_NOT_HOME_SUBNET);
	assert_int_equal(k.lifetime, 0);
	m.coa = arf_addr("2001:db8:1::1"); /* the router's own */
	m.lladdr = arf_lladdr(9);
	m.ll.b[15] = 9;
	arf_kereq(&f, &m);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_NOT_HOME_SUBNET);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 0);
}

static void amb_054_nobody_answers_no_rsa(void **state)
{
	struct arf_mn m = arf_mobile(1);

	assert_int_equal(arf_kereq(&f, &m), -LKE_DROP_HELD);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 1);
	arf_run(&f, 2 * LKE_SEC);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_NO_NEIGHBOUR), 1);
	assert_int_equal(f.decrypts, 0);
	assert_null(arf_last(&f, LKE_MSG_KEACK));
}

static void amb_054_sleeping_holder_is_probed_and_wins(void **state)
{
	struct arf_mn victim = arf_mobile(1), thief = arf_mobile(1);
	struct mh_keack k;

	thief.lladdr = arf_lladdr(0x66);
	thief.ll.b[15] = 0x66;
	thief.kbm[0] ^= 0xff;
	f.neighbour = &victim; /* answers every solicitation for the address */
	assert_int_equal(arf_kereq(&f, &thief), -LKE_DROP_HELD);
	assert_int_equal(arf_keack(&f, &thief, &k), STATUS_PROHIBITED);
	assert_false(arf_has(&f, &thief.coa, LKE_LBSA_TENTATIVE, NULL));
}

static void amb_054_former_holder_gone_after_three_probes(void **state)
{
	struct arf_mn a = arf_mobile(1), b = arf_mobile(1);
	struct mh_keack k;
	struct lke_event flush = { .type = LKE_EV_COMMAND };

	arf_attach(&f, &a);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	arf_event(&f, &flush);
	b.lladdr = arf_lladdr(0x77);
	b.ll.b[15] = 0x77;
	b.kbm[0] ^= 1;
	unsigned before = arf_count(&f, LKE_MSG_NS);
	assert_int_equal(arf_kereq(&f, &b), -LKE_DROP_HELD);
	arf_run(&f, 2999 * LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_NS) - before, 3);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
	arf_run(&f, 1 * LKE_MSEC);
	assert_int_equal(arf_keack(&f, &b, &k), STATUS_ACCEPTED);
}

static void amb_054_valid_owner_keeps_the_address(void **state)
{
	struct arf_mn m = arf_mobile(1), thief = arf_mobile(1);
	struct mh_keack k;

	m.no_proof = true;
	arf_attach(&f, &m);
	thief.lladdr = arf_lladdr(0x66);
	thief.ll.b[15] = 0x66;
	thief.kbm[3] ^= 1;
	arf_kereq(&f, &thief);
	assert_int_equal(arf_keack(&f, &thief, &k), STATUS_PROHIBITED);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

static void amb_170_proved_lbsa_needs_the_old_key(void **state)
{
	struct arf_mn m = arf_mobile(1), n = m;
	struct mh_keack k;

	arf_attach(&f, &m);
	arf_run(&f, 10 * LKE_SEC);
	n.kbm[0] ^= 1;
	n.seq++;
	arf_kereq(&f, &n); /* same owner, no renewal proof */
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_PROHIBITED);
	arf_run(&f, 30 * LKE_SEC);
	n.old_kbm = m.kbm;
	n.seq++;
	f.neighbour = f.dad = &n;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_ACCEPTED);
	/* amb_052: the old one stays until DAD is good */
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	arf_run(&f, 1 * LKE_SEC);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_TENTATIVE, NULL));
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_VALID), 2);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_GONE), 1);
}

static void amb_170_wrong_request_proof_dropped(void **state)
{
	struct arf_mn m = arf_mobile(1);

	m.bad_proof = true;
	f.neighbour = &m;
	arf_kereq(&f, &m);
	assert_int_equal(f.decrypts, 1);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_PROOF), 1);
	assert_null(arf_last(&f, LKE_MSG_KEACK));
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_TENTATIVE, NULL));
}

static void amb_051_verbatim_replay_dropped(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_event flush = { .type = LKE_EV_COMMAND };

	m.no_proof = true;
	arf_attach(&f, &m);
	arf_run(&f, 5 * LKE_SEC);
	arf_kereq(&f, &m);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_REPLAY), 1);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	arf_event(&f, &flush);
	arf_run(&f, 30 * LKE_SEC);
	f.neighbour = &m;
	arf_kereq(&f, &m); /* lke_209: also after the LBSA has gone */
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_REPLAYS_REJECTED), 2);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
}

static void amb_051_same_key_gets_the_ack_again_without_dad(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct mh_keack k;

	arf_attach(&f, &m);
	arf_run(&f, 8 * LKE_SEC);
	m.seq++;
	m.salt++;
	assert_int_equal(arf_kereq(&f, &m), 0);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_ACCEPTED);
	assert_int_equal(k.lifetime, (7200 - 10) / 4); /* amb_044: what remains */
	assert_int_equal(k.seq, m.seq);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_DAD_RUNS), 1);
	assert_int_equal(f.decrypts, 1); /* recognised by its request proof */
}

static void amb_050_old_number_gets_135(void **state)
{
	struct arf_mn m = arf_mobile(1), n = m;
	struct lke_lbsa_view v;
	struct mh_keack k;

	m.no_proof = n.no_proof = true;
	arf_attach(&f, &m);
	arf_run(&f, 10 * LKE_SEC);
	n.kbm[1] ^= 1;
	f.neighbour = &n;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_SEQUENCE);
	assert_int_equal(k.seq, n.seq);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(v.kex_seq, m.seq);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_run(&f, 10 * LKE_SEC);
	n.seq = (uint16_t)(m.seq + KEREQ_SEQ_JUMP); /* amb_131 */
	n.salt++;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_ACCEPTED);
}

static void amb_034_key_of_another_lbsa_refused_128(void **state)
{
	struct arf_mn m = arf_mobile(1), n = arf_mobile(2);
	struct mh_keack k;

	arf_attach(&f, &m);
	memcpy(n.kbm, m.kbm, sizeof(n.kbm));
	n.salt = 1;
	f.neighbour = &n;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_UNSPECIFIED);
	assert_false(arf_has(&f, &n.coa, LKE_LBSA_TENTATIVE, NULL));
}

static void lke_204_second_request_within_3_s(void **state)
{
	struct arf_mn m = arf_mobile(1);

	f.neighbour = &m;
	arf_kereq(&f, &m);
	arf_run(&f, 2900 * LKE_MSEC);
	m.seq++;
	m.salt++;
	assert_int_equal(arf_kereq(&f, &m), -LKE_DROP_RATE_LL);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
}

static void lke_166_back_off_3_6_12_24_24(void **state)
{
	static const unsigned at[] = { 0, 3, 9, 21, 45, 69 };
	struct arf_mn m = arf_mobile(1);
	unsigned n = 0, acks = 0;

	f.neighbour = &m; /* it answers resolution, but no DAD */
	for (unsigned s = 0; s <= 70; s++) {
		arf_kereq(&f, &m);
		m.seq++;
		m.salt++;
		if (arf_count(&f, LKE_MSG_KEACK) > acks) {
			acks++;
			assert_true(n < 6);
			assert_int_equal(s, at[n++]);
		}
		arf_run(&f, LKE_SEC);
	}
	assert_int_equal(n, 6);
}

static void lke_165_ipsec_sa_refuses_129(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_event ev = { .type = LKE_EV_IPSEC };
	struct mh_keack k;

	ev.ipsec.peer = m.coa;
	arf_event(&f, &ev);
	arf_kereq(&f, &m);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_PROHIBITED);
	ev.ipsec.removed = true;
	arf_event(&f, &ev);
	arf_run(&f, 10 * LKE_SEC);
	m.seq++;
	m.salt++;
	f.neighbour = &m;
	arf_kereq(&f, &m);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_ACCEPTED);
}

static void amb_042_lifetimes(void **state)
{
	static const uint16_t asked[] = { 0, 40, 0xffff, 3 };
	static const uint16_t units[] = { 1800, 10, 1800, 0 };
	struct mh_keack k;

	for (unsigned n = 0; n < 4; n++) {
		struct arf_mn m = arf_mobile(n + 1);

		m.lifetime = asked[n];
		f.neighbour = &m;
		arf_kereq(&f, &m);
		assert_int_equal(arf_keack(&f, &m, &k), units[n] ? 0 : STATUS_UNSPECIFIED);
		assert_int_equal(k.lifetime, units[n]);
	}
}

static void lke_051_lbsa_ends_with_its_lifetime(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_lladdr x = arf_lladdr(0x55);

	m.lifetime = 40;
	arf_attach(&f, &m);
	arf_run(&f, 37900 * LKE_MSEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	arf_run(&f, 100 * LKE_MSEC);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_GONE), 1);
	arf_dad_ns(&f, &m.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
}

static void amb_063_previous_key_still_serves(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct mh_keack k;

	f.hold_rsa = true;
	f.neighbour = &m;
	arf_rsa_key(&f, 2);
	arf_kereq(&f, &m);
	assert_int_equal(f.decrypts, 1);
	f.kbm_ok = false; /* the new key cannot decrypt it */
	arf_release_rsa(&f);
	assert_int_equal(f.decrypts, 2);
	arf_release_rsa(&f);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_ACCEPTED);
	arf_run(&f, 1201 * LKE_SEC);
	m = arf_mobile(2);
	arf_kereq(&f, &m);
	f.kbm_ok = false;
	arf_release_rsa(&f);
	assert_int_equal(f.decrypts, 3); /* its grace is over */
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_DECRYPT), 1);
}

static void draft01_option_18_skipped_and_old_lbsa_removed_at_once(void **state)
{
	struct arf_mn m = arf_mobile(1), n;
	struct lke_lbsa_view v;
	struct mh_keack k;

	m.bad_proof = true; /* unread */
	f.dad = &m;
	arf_kereq(&f, &m);
	assert_int_equal(arf_keack(&f, &m, &k), STATUS_ACCEPTED);
	assert_int_equal(arf_last(&f, LKE_MSG_KEACK)->ip.tclass, 0xf0);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 0);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 1);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &v));
	assert_false(v.proved);
	n = m;
	n.kbm[0] ^= 1;
	arf_kereq(&f, &n); /* the same number: dropped in silence */
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_SEQ), 1);
	arf_run(&f, 10 * LKE_SEC);
	n.seq++;
	f.dad = NULL;
	arf_kereq(&f, &n);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

/* draft01 differs: AMB-051, AMB-054, AMB-131, AMB-170. */
static const char *const default_only[] = {
	"amb_054_nobody_answers_no_rsa",
	"amb_054_sleeping_holder_is_probed_and_wins",
	"amb_054_former_holder_gone_after_three_probes",
	"amb_054_valid_owner_keeps_the_address",
	"amb_170_proved_lbsa_needs_the_old_key",
	"amb_170_wrong_request_proof_dropped",
	"amb_051_verbatim_replay_dropped",
	"amb_051_same_key_gets_the_ack_again_without_dad",
	"amb_050_old_number_gets_135",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
	const struct CMUnitTest tests[] = {
		T(lke_036_exchange_acknowledged_and_dad_follows_at_once),
		T(lke_195_hop_limit_and_scope),
		T(amb_065_foreign_prefix_refused_132),
		T(amb_054_nobody_answers_no_rsa),
		T(amb_054_sleeping_holder_is_probed_and_wins),
		T(amb_054_former_holder_gone_after_three_probes),
		T(amb_054_valid_owner_keeps_the_address),
		T(amb_170_proved_lbsa_needs_the_old_key),
		T(amb_170_wrong_request_proof_dropped),
		T(amb_051_verbatim_replay_dropped),
		T(amb_051_same_key_gets_the_ack_again_without_dad),
		T(amb_050_old_number_gets_135),
		T(amb_034_key_of_another_lbsa_refused_128),
		T(lke_204_second_request_within_3_s),
		T(lke_166_back_off_3_6_12_24_24),
		T(lke_165_ipsec_sa_refuses_129),
		T(amb_042_lifetimes),
		T(lke_051_lbsa_ends_with_its_lifetime),
		T(amb_063_previous_key_still_serves),
		cmocka_unit_test_setup_teardown(
			draft01_option_18_skipped_and_old_lbsa_removed_at_once, open_draft01, done),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* DAD with authentication and the defence of care-of addresses: draft 2.1, 4.3. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn;

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	return 0;
}

static int open_draft01(void **state)
{
	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	mn = arf_mobile(1);
	arf_kereq(&f, &mn);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static const struct arf_sent *ns(void)
{
	return arf_last(&f, LKE_MSG_DAD_NS_AUTH);
}

static void become_valid(void)
{
	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	arf_run(&f, LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void expect_dead(void)
{
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TOMBSTONE, NULL));
	arf_run(&f, 5 * LKE_SEC);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void lke_043_solicitation_is_authenticated(void **state)
{
	const struct arf_sent *s = ns();
	struct lke_mac_input in;
	struct nd_msg m;
	struct iov_part part[LKE_MAC_PARTS];
	uint8_t mac[SHA1_LEN];

	assert_int_equal(s->len, 112);
	assert_true(in6_is_unspecified(&s->ip.src));
	assert_true(
		in6_eq(&s->ip.dst, &(struct lke_in6){ { 0xff, 2, [11] = 1, 0xff, 0, 0x0b, 1 } }));
	assert_int_equal(s->ip.hop_limit, 255);
	assert_int_equal(nd_decode(&s->ip, &m), 0);
	assert_true(m.has_auth && in6_eq(&m.target, &mn.coa));
	assert_int_equal(m.auth.ar.b[15], 1); /* lke_112: the address of the KEAck */
	lke_mac_whole(s->pkt, s->len, IP6_HDR_LEN + 2, &m.auth.mac_off, 1, &in);
	for (size_t n = 0; n < in.n; n++)
		part[n] = (struct iov_part){ in.part[n].p, in.part[n].n };
	assert_int_equal(hmac_sha1(mn.kbm, 16, part, in.n, mac), 0);
	assert_memory_equal(mac, m.auth.mac, SHA1_LEN);
}

static void lke_047_plain_na_in_window_invalidates(void **state)
{
	arf_na(&f, &mn, ns(), ARF_NA_PLAIN);
	expect_dead();
}

static void lke_047_plain_na_after_a_good_one_invalidates(void **state)
{
	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	arf_run(&f, 500 * LKE_MSEC);
	arf_na(&f, &mn, ns(), ARF_NA_PLAIN);
	expect_dead();
}

static void lke_046_bad_hmac_invalidates(void **state)
{
	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	arf_na(&f, &mn, ns(), ARF_NA_BAD_MAC);
	expect_dead();
}

static void amb_087_wrong_nonce_ar_or_source_invalidates(void **state)
{
	static const enum arf_na kind[] = { ARF_NA_WRONG_NONCE, ARF_NA_WRONG_AR,
					    ARF_NA_WRONG_SOURCE };

	for (unsigned n = 0; n < 3; n++) {
		arf_close(&f);
		open_default(NULL);
		arf_na(&f, &mn, ns(), kind[n]);
		expect_dead();
	}
}

static void amb_087_nonce_of_an_earlier_ns_is_ignored(void **state)
{
	struct arf_sent first = *ns();

	first.ip.pkt = first.pkt;
	arf_run(&f, LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 2);
	assert_int_equal(arf_na(&f, &mn, &first, ARF_NA_GOOD), -LKE_DROP_DAD_NONCE);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	arf_run(&f, LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 2); /* amb_082: no more after it */
}

static void amb_086_solicited_na_does_not_count(void **state)
{
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_O, .target = mn.coa };
	struct lke_in6 ll = arf_addr("fe80::a:1");
	uint8_t buf[256];
	int len = nd_encode(&m, &mn.coa, &ll, 0, buf, sizeof(buf));

	arf_feed(&f, ARF_LAN, &mn.lladdr, buf, (size_t)len);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	become_valid();
}

static void amb_088_silence_invalidates_after_three_ns(void **state)
{
	arf_run(&f, 2999 * LKE_MSEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_run(&f, 1 * LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), DAD_NS_COUNT);
	expect_dead();
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_DAD_BAD), 1);
}

static void amb_089_foreign_dad_ns_in_window_invalidates(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);

	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	arf_dad_ns(&f, &mn.coa, &mn.lladdr); /* the node's own: ignored */
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_dad_ns(&f, &mn.coa, &x);
	expect_dead();
}

static void amb_089_own_looped_ns_is_ignored(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);
	struct arf_sent s = *ns();

	arf_feed(&f, ARF_LAN, &x, s.pkt, s.len);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	become_valid();
}

static void lke_050_cached_na_is_forwarded_unchanged(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);
	uint8_t na[256];
	size_t len = arf_make_na(&mn, ns(), ARF_NA_GOOD, na, sizeof(na));
	const struct arf_sent *s;

	become_valid();
	arf_dad_ns(&f, &mn.coa, &x);
	s = arf_last(&f, LKE_MSG_DAD_NA_AUTH);
	assert_non_null(s);
	assert_int_equal(s->len, len);
	assert_memory_equal(s->pkt, na, len);
	assert_int_equal(s->dst.len, 0); /* derived from ff02::1 */
	arf_run(&f, 500 * LKE_MSEC);
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 1); /* amb_090: one a second */
	arf_run(&f, 500 * LKE_MSEC);
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 2);
	assert_int_equal(arf_notes(&f, LKE_NOTE_CACHED_NA), 2);
}

static void amb_093_not_against_the_owner(void **state)
{
	become_valid();
	arf_dad_ns(&f, &mn.coa, &mn.lladdr);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
}

static void amb_178_own_na_after_the_first_binding(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);
	struct arf_bu up = { .lifetime = 60 }, down = { .lifetime = 0 };
	struct nd_msg m;

	become_valid();
	arf_bu(&f, &mn, &up);
	mn.bu_seq++;
	arf_bu(&f, &mn, &down);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	arf_run(&f, 2 * LKE_SEC);
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 0); /* lke_052 */
	assert_int_equal(arf_notes(&f, LKE_NOTE_DEFENDED), 1);
	assert_int_equal(nd_decode(&arf_last(&f, LKE_MSG_NA)->ip, &m), 0);
	assert_int_equal(m.na_flags, 0); /* S=0 O=0: no neighbour's entry moves */
	assert_true(in6_eq(&m.target, &mn.coa));
}

static void amb_096_group_joined_while_in_the_table(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	unsigned with = f.groups;

	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	arf_event(&f, &flush);
	assert_int_equal(f.groups, with - 1);
}

static void amb_098_bu_waits_for_the_end_of_the_window(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	bool ok;

	arf_na(&f, &mn, ns(), ARF_NA_GOOD);
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_HELD);
	assert_null(arf_last(&f, LKE_MSG_BA));
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_SEQUENCE);
	mn.bu_seq++;
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_HELD);
	arf_run(&f, LKE_SEC);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_ACCEPTED);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).seq, mn.bu_seq);
	assert_true(ok && arf_binding(&f, &mn.coa, NULL));
}

static void lke_199_bu_before_any_reply_gets_134(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	bool ok;

	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_STATE);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_DAD_FAILED);
	assert_true(ok);
	expect_dead();
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

static void amb_097_tombstone_answers_134_for_600_s(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	bool ok;

	arf_na(&f, &mn, ns(), ARF_NA_PLAIN);
	arf_bu(&f, &mn, &up);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_DAD_FAILED);
	assert_true(ok);
	arf_run(&f, 600 * LKE_SEC);
	arf_bu(&f, &mn, &up);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_NOT_HOME_AGENT);
	assert_false(ok);
}

static void amb_051_tombstone_key_gets_another_dad(void **state)
{
	struct mh_keack k;

	arf_run(&f, 4 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TOMBSTONE, NULL));
	mn.seq++;
	mn.salt++;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_ACCEPTED);
	assert_int_equal(k.lifetime, (7200 - 4) / 4);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_DAD_RUNS), 2);
	become_valid();
}

static void draft01_one_ns_and_foreign_dad_ns_ignored(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);

	arf_dad_ns(&f, &mn.coa, &x);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_run(&f, LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 1);
	expect_dead();
}

static void draft01_owner_gets_its_own_na_back(void **state)
{
	become_valid();
	arf_dad_ns(&f, &mn.coa, &mn.lladdr);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
}

/* draft01 differs: AMB-082, AMB-089, AMB-093, AMB-178. */
static const char *const default_only[] = {
	"amb_087_nonce_of_an_earlier_ns_is_ignored",
	"amb_088_silence_invalidates_after_three_ns",
	"amb_089_foreign_dad_ns_in_window_invalidates",
	"amb_093_not_against_the_owner",
	"amb_178_own_na_after_the_first_binding",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
#define D(name) cmocka_unit_test_setup_teardown(name, open_draft01, done)
	const struct CMUnitTest tests[] = {
		T(lke_043_solicitation_is_authenticated),
		T(lke_047_plain_na_in_window_invalidates),
		T(lke_047_plain_na_after_a_good_one_invalidates),
		T(lke_046_bad_hmac_invalidates),
		T(amb_087_wrong_nonce_ar_or_source_invalidates),
		T(amb_087_nonce_of_an_earlier_ns_is_ignored),
		T(amb_086_solicited_na_does_not_count),
		T(amb_088_silence_invalidates_after_three_ns),
		T(amb_089_foreign_dad_ns_in_window_invalidates),
		T(amb_089_own_looped_ns_is_ignored),
		T(lke_050_cached_na_is_forwarded_unchanged),
		T(amb_093_not_against_the_owner),
		T(amb_178_own_na_after_the_first_binding),
		T(amb_096_group_joined_while_in_the_table),
		T(amb_098_bu_waits_for_the_end_of_the_window),
		T(lke_199_bu_before_any_reply_gets_134),
		T(amb_097_tombstone_answers_134_for_600_s),
		T(amb_051_tombstone_key_gets_another_dad),
		D(draft01_one_ns_and_foreign_dad_ns_ignored),
		D(draft01_owner_gets_its_own_na_back),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* Binding Update, Finished, credit and deregistration at the access router:
 * draft 2.1, 3.2.4, 4.2, 4.4. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn;
static const struct arf_bu up = { .lifetime = 50 }, down = { .lifetime = 0 };

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static void no_finished(struct lke_config *cfg)
{
	cfg->ar[0].finished = false;
}

static int open_no_finished(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, no_finished);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static int open_draft01(void **state)
{
	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* Sends a BU with the next number and checks status and signature of its BA. */
static struct mh_ba update(const struct arf_bu *o, uint8_t status, bool is_signed)
{
	unsigned before = arf_count(&f, LKE_MSG_BA);
	struct mh_ba ba;
	bool ok;

	arf_bu(&f, &mn, o);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), before + 1);
	ba = arf_ba(&f, o->kbm ? o->kbm : mn.kbm, &ok);
	assert_int_equal(ba.status, status);
	assert_int_equal(ok, is_signed);
	mn.bu_seq++;
	return ba;
}

static enum lke_binding_state state_of(void)
{
	struct lke_binding_view v;

	assert_true(arf_binding(&f, &mn.coa, &v));
	return v.state;
}

static void lke_077_accepted_bu_binds_and_tunnels(void **state)
{
	uint16_t seq = mn.bu_seq;
	struct mh_ba ba = update(&up, STATUS_ACCEPTED, true);
	const struct arf_sent *s = arf_last(&f, LKE_MSG_BA);

	assert_int_equal(ba.seq, seq);
	assert_int_equal(ba.lifetime, 50);
	assert_true(ba.has_finished_request && ba.finished_r && ba.nonce != 0);
	assert_int_equal(s->len, 104);
	assert_int_equal(s->ifindex, 0); /* the host forwards it */
	assert_true(in6_eq(&s->ip.dst, &mn.new_coa) && in6_eq(&s->ip.rh2, &mn.coa));
	assert_int_equal(s->at, f.now);
	assert_int_equal(f.intercepts, 1);
	assert_true(in6_eq(&f.tunnel.tunnel.coa, &mn.new_coa));
	if (!arf_draft01(&f)) { /* AMB-112 */
		assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
		assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE);
	}
	/* lke_176: no DAD; lke_078: no cached advertisement any more */
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), 1);
	struct lke_lbsa_view v;
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_true(!v.cached_na && v.bound && v.has_bu_seq);
	assert_int_equal(lke_engine_count_cached_na(f.e), 0);
}

static void lke_066_acknowledged_without_the_a_bit(void **state)
{
	struct arf_bu o = { .lifetime = 50, .flags = BU_H };

	update(&o, STATUS_ACCEPTED, true);
}

static void lke_081_errors_in_the_order_of_amb_109(void **state)
{
	struct lke_in6 other = arf_addr("2001:db8:ff::1"), coa3 = arf_addr("2001:db8:3::1");
	struct arf_bu o = up;

	o.to = &other; /* lke_075: the other address of this router */
	update(&o, STATUS_NOT_HOME_AGENT, false);
	o = up;
	o.bad_auth = true;
	update(&o, STATUS_UNSPECIFIED, false);
	o = up;
	o.no_auth = true;
	update(&o, STATUS_UNSPECIFIED, false);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_BAD_MISSING), 1);
	o = up;
	o.alt_coa = &coa3;
	update(&o, STATUS_UNSPECIFIED, true);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	o.alt_coa = &mn.new_coa;
	update(&o, STATUS_ACCEPTED, true);
}

static void amb_107_unsigned_answers_are_limited(void **state)
{
	struct arf_bu o = up;

	o.bad_auth = true;
	for (unsigned n = 0; n < 50; n++)
		arf_bu(&f, &mn, &o);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), BA_UNSIGNED_RATE);
}

static void amb_091_forged_bu_keeps_cached_na(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);
	struct arf_bu o = up;

	o.bad_auth = true;
	update(&o, STATUS_UNSPECIFIED, false);
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
}

static void amb_105_old_numbers_get_135_signed(void **state)
{
	uint16_t last = mn.bu_seq;
	struct mh_ba ba;

	update(&up, STATUS_ACCEPTED, true);
	mn.bu_seq = last;
	ba = update(&up, STATUS_SEQUENCE, true);
	assert_int_equal(ba.seq, last);
	mn.bu_seq = (uint16_t)(last + 0x8000);
	ba = update(&up, STATUS_SEQUENCE, true);
	assert_int_equal(ba.seq, last);
	mn.bu_seq = (uint16_t)(last + 0x7fff);
	update(&up, STATUS_ACCEPTED, true);
}

static void amb_104_replay_after_deregistration_fails(void **state)
{
	struct arf_mn old = mn;

	update(&up, STATUS_ACCEPTED, true);
	update(&down, STATUS_ACCEPTED, true);
	mn = old;
	update(&up, STATUS_SEQUENCE, true);
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

static void lke_168_deregistration_needs_this_lbsa(void **state)
{
	struct arf_mn other = arf_mobile(2);
	struct arf_bu o = down;
	struct mh_ba ba;

	update(&up, STATUS_ACCEPTED, true);
	o.no_auth = true;
	update(&o, STATUS_UNSPECIFIED, false);
	o = down;
	o.kbm = other.kbm;
	update(&o, STATUS_UNSPECIFIED, false);
	assert_true(arf_binding(&f, &mn.coa, NULL));
	ba = update(&down, STATUS_ACCEPTED, true);
	assert_int_equal(ba.lifetime, 0);
	assert_false(ba.has_finished_request);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_int_equal(f.intercepts, 0);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	update(&down, STATUS_NOT_HOME_AGENT, true); /* amb_116 */
}

static void amb_116_return_to_the_link_is_answered_on_it(void **state)
{
	struct arf_bu o = { .lifetime = 50, .at_home = true };
	const struct arf_sent *s;

	update(&up, STATUS_ACCEPTED, true);
	update(&o, STATUS_ACCEPTED, true);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	s = arf_last(&f, LKE_MSG_BA);
	assert_int_equal(s->ifindex, ARF_LAN);
	assert_memory_equal(&s->dst, &mn.lladdr, sizeof(mn.lladdr));
	assert_true(in6_eq(&s->ip.dst, &mn.coa));
	assert_false(s->ip.has_rh2);
}

static void amb_053_kereq_while_bound_refused(void **state)
{
	struct arf_mn n = mn;
	struct mh_keack k;

	update(&up, STATUS_ACCEPTED, true);
	arf_run(&f, 5 * LKE_SEC);
	n.kbm[0] ^= 1;
	n.seq++;
	n.old_kbm = mn.kbm;
	f.neighbour = &n;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_PROHIBITED);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void amb_179_lifetime_is_at_most_240_s(void **state)
{
	struct arf_bu o = { .lifetime = 0xffff };

	assert_int_equal(update(&o, STATUS_ACCEPTED, true).lifetime, 60);
}

static void lke_141_lifetime_edges(void **state)
{
	struct arf_mn n = arf_mobile(3);
	struct arf_bu o = { .lifetime = 0xffff };

	n.lifetime = 40;
	mn = n;
	arf_attach(&f, &mn); /* two seconds */
	arf_run(&f, 32 * LKE_SEC);
	assert_int_equal(update(&o, STATUS_ACCEPTED, true).lifetime, 1);
	arf_run(&f, 4 * LKE_SEC);
	update(&o, STATUS_UNSPECIFIED, true);
	arf_run(&f, 3 * LKE_SEC);
	update(&o, STATUS_NOT_HOME_AGENT, false);
}

static void lke_155_finished_proves_the_care_of_address(void **state)
{
	struct mh_ba ba = update(&up, STATUS_ACCEPTED, true), wrong = ba;

	wrong.nonce ^= 1;
	assert_int_equal(arf_finished(&f, &mn, &wrong, false), -LKE_DROP_FINISHED_UNMATCHED);
	wrong = ba;
	wrong.seq++;
	assert_int_equal(arf_finished(&f, &mn, &wrong, false), -LKE_DROP_FINISHED_UNMATCHED);
	wrong = ba;
	wrong.lifetime++;
	assert_int_equal(arf_finished(&f, &mn, &wrong, false), -LKE_DROP_FINISHED_UNMATCHED);
	assert_int_equal(arf_finished(&f, &mn, &ba, true), -LKE_DROP_BAD_MAC);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	assert_true(f.tunnel.tunnel.credit == UINT64_MAX);
	/* amb_114: single use */
	assert_int_equal(arf_finished(&f, &mn, &ba, false), -LKE_DROP_FINISHED_UNMATCHED);
	/* amb_112: proved for 600 s, no further question */
	assert_false(update(&up, STATUS_ACCEPTED, true).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	arf_run(&f, 600 * LKE_SEC);
	assert_true(update(&up, STATUS_ACCEPTED, true).has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
}

static void amb_112_no_finished_suspends_after_8_s(void **state)
{
	struct mh_ba ba = update(&up, STATUS_ACCEPTED, true), again;
	bool ok;

	arf_run(&f, LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 2);
	again = arf_ba(&f, mn.kbm, &ok);
	assert_true(ok && again.nonce == ba.nonce && again.seq == ba.seq);
	arf_run(&f, 6999 * LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 2);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	arf_run(&f, 1 * LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 3);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	assert_true(f.tunnel.tunnel.suspended);
	/* another BU changes nothing but is answered 0; the Finished ends it */
	arf_run(&f, 5 * LKE_SEC);
	ba = update(&up, STATUS_ACCEPTED, true);
	assert_true(ba.has_finished_request);
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
	assert_false(f.tunnel.tunnel.suspended);
}

static void amb_112_suspended_tunnel_packets_get_a_refresh_request(void **state)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	update(&up, STATUS_ACCEPTED, true);
	arf_run(&f, 9 * LKE_SEC);
	ev.tunnel.what = LKE_TUNNEL_NO_BINDING;
	ev.tunnel.outer_src = mn.new_coa;
	ev.tunnel.outer_dst = arf_addr("2001:db8:1::1");
	ev.tunnel.inner_src = mn.coa;
	for (unsigned n = 0; n < 5; n++)
		arf_event(&f, &ev);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 4);
	ev.tunnel.outer_src.b[0] ^= 1;
	arf_run(&f, 2 * LKE_SEC);
	arf_event(&f, &ev);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 4);
	update(&down, STATUS_ACCEPTED, true); /* its deregistration gets 0 */
}

static void amb_112_credit_is_not_reset(void **state)
{
	struct lke_event ev = { .type = LKE_EV_MOBILE };

	update(&up, STATUS_ACCEPTED, true);
	ev.mobile.home = mn.coa;
	ev.mobile.reverse_bytes = 1000;
	arf_event(&f, &ev);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE + 1000);
	update(&up, STATUS_ACCEPTED, true);
	assert_int_equal(f.tunnel.tunnel.credit, CREDIT_BASE + 1000);
	update(&down, STATUS_ACCEPTED, true);
	update(&up, STATUS_ACCEPTED, true); /* the same address again: its credit was given */
	assert_int_equal(f.tunnel.tunnel.credit, 0);
	arf_run(&f, 8 * LKE_SEC); /* counted from its first BU */
	assert_int_equal(state_of(), LKE_BINDING_SUSPENDED);
}

static void lke_070_finished_never_asked(void **state)
{
	assert_false(update(&up, STATUS_ACCEPTED, true).has_finished_request);
	assert_int_equal(arf_last(&f, LKE_MSG_BA)->len, 96);
	assert_int_equal(state_of(), LKE_BINDING_OK);
}

static void lke_052_dad_for_a_bound_address_gets_a_proxy_na(void **state)
{
	struct lke_lladdr x = arf_lladdr(0x55);
	struct nd_msg m;

	update(&up, STATUS_ACCEPTED, true);
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
	assert_int_equal(nd_decode(&arf_last(&f, LKE_MSG_NA)->ip, &m), 0);
	assert_int_equal(m.na_flags, ND_NA_O);
	assert_int_equal(m.lladdr.b[5], 1);
}

static void amb_098_bu_under_the_older_key_cancels_the_renewal(void **state)
{
	struct arf_mn n = mn;

	arf_run(&f, 10 * LKE_SEC);
	n.kbm[0] ^= 1;
	n.seq++;
	n.old_kbm = mn.kbm;
	f.neighbour = &n;
	arf_kereq(&f, &n);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	update(&up, STATUS_ACCEPTED, true);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	unsigned ns = arf_count(&f, LKE_MSG_DAD_NS_AUTH);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), ns); /* draft 4.4 */
}

static void amb_045_binding_ends_with_its_lifetime_lbsa_stays(void **state)
{
	struct arf_bu o = { .lifetime = 5 };

	update(&o, STATUS_ACCEPTED, true);
	arf_run(&f, 20 * LKE_SEC);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	update(&up, STATUS_ACCEPTED, true);
}

static void threats_64_care_of_address_of_the_router_refused(void **state)
{
	mn.new_coa = arf_addr("2001:db8:ff::1");
	update(&up, STATUS_PROHIBITED, true);
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

static void draft01_binding_stays_without_finished(void **state)
{
	struct mh_ba ba = update(&up, STATUS_ACCEPTED, true);

	assert_true(ba.has_finished_request);
	arf_run(&f, 60 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 1);
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	assert_int_equal(state_of(), LKE_BINDING_UNVERIFIED);
	assert_true(f.tunnel.tunnel.credit == UINT64_MAX && !f.tunnel.tunnel.suspended);
	assert_int_equal(arf_finished(&f, &mn, &ba, false), 0);
	assert_int_equal(state_of(), LKE_BINDING_OK);
}

/* draft01 differs: AMB-112, AMB-179; AMB-052: nothing is renewed beside the older key. */
static const char *const default_only[] = {
	"amb_179_lifetime_is_at_most_240_s",
	"amb_112_no_finished_suspends_after_8_s",
	"amb_112_suspended_tunnel_packets_get_a_refresh_request",
	"amb_112_credit_is_not_reset",
	"amb_098_bu_under_the_older_key_cancels_the_renewal",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
	const struct CMUnitTest tests[] = {
		T(lke_077_accepted_bu_binds_and_tunnels),
		T(lke_066_acknowledged_without_the_a_bit),
		T(lke_081_errors_in_the_order_of_amb_109),
		T(amb_107_unsigned_answers_are_limited),
		T(amb_091_forged_bu_keeps_cached_na),
		T(amb_105_old_numbers_get_135_signed),
		T(amb_104_replay_after_deregistration_fails),
		T(lke_168_deregistration_needs_this_lbsa),
		T(amb_116_return_to_the_link_is_answered_on_it),
		T(amb_053_kereq_while_bound_refused),
		T(amb_179_lifetime_is_at_most_240_s),
		T(lke_141_lifetime_edges),
		T(lke_155_finished_proves_the_care_of_address),
		T(amb_112_no_finished_suspends_after_8_s),
		T(amb_112_suspended_tunnel_packets_get_a_refresh_request),
		T(amb_112_credit_is_not_reset),
		cmocka_unit_test_setup_teardown(lke_070_finished_never_asked, open_no_finished,
						done),
		T(lke_052_dad_for_a_bound_address_gets_a_proxy_na),
		T(amb_098_bu_under_the_older_key_cancels_the_renewal),
		T(amb_045_binding_ends_with_its_lifetime_lbsa_stays),
		T(threats_64_care_of_address_of_the_router_refused),
		cmocka_unit_test_setup_teardown(draft01_binding_stays_without_finished,
						open_draft01, done),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

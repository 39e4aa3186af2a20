/* SPDX-License-Identifier: ISC */
/* The key exchange at the mobile node and its answers to the authenticated DAD. */
#include "mn_fixture.h"

static void lke_027_no_kereq_before_the_home_agent_answered(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_run(&f, 1500 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	/* An answer that another router brought proves nothing about this one (LKE-201). */
	assert_int_equal(fix_ha_ba(&f, 9, 0, fix_ha_seq(&f)), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void lke_032_kereq_addresses_and_proof(void **state)
{
	struct fix f;
	const struct fix_action *q;
	struct lke_in6 coa, ar = fix_ar_ll(1);
	struct ip6_info i;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	q = fix_last(&f, LKE_MSG_KEREQ);
	assert_int_equal(ip6_parse(q->data, q->len, &i), 0);
	assert_true(in6_eq(&i.src, &fix_ll) && in6_eq(&i.dst, &ar) && in6_eq(&i.hao, &coa));
	assert_int_equal(i.hop_limit, 255);
	assert_int_equal(i.upper_len, 168); /* AMB-170, RSA-1024 with the request proof */
	fix_end(&f);
}

static void draft01_sends_no_proof(void **state)
{
	struct fix f;
	struct ip6_info i;
	const struct fix_action *q;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DRAFT01);
	fix_attach(&f, 1);
	q = fix_last(&f, LKE_MSG_KEREQ);
	assert_non_null(q);
	assert_int_equal(ip6_parse(q->data, q->len, &i), 0);
	assert_int_equal(i.upper_len, 144);
	assert_int_equal(i.tclass, 0xf0);
	fix_end(&f);
}

static void lke_180_good_keack_makes_an_lbsa(void **state)
{
	struct fix f;
	struct lke_in6 coa, ar = fix_ar_addr(1);
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(in6_eq(&v.ar, &ar));
	/* AMB-044: counted from the KEReq, so not after the router's own end. */
	assert_true(v.expires <= f.now + 7200 * LKE_SEC);
	fix_end(&f);
}

static void amb_055_forged_keack_ignored(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, true), -(int)LKE_DROP_KEX_MAC);
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void amb_069_foreign_router_address_refused(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	/* The Ack comes from router 1 but names the address of router 2. */
	assert_int_equal(fix_keack(&f, 2, 0, 7200, false), -(int)LKE_DROP_SCOPE_ADDRESS);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void lke_182_same_key_higher_number(void **state)
{
	struct fix f;
	struct secret16 first;
	uint16_t seq;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_kereq_key(&f);
	first = f.kbm;
	seq = fix_find(&f, LKE_ACT_NOTIFY, 0) ? f.e->mn->active->router->kex_seq : 0;
	fix_clear(&f);
	fix_run(&f, 4400 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f);
	assert_memory_equal(first.b, f.kbm.b, sizeof(first.b));
	assert_int_equal(f.e->mn->active->router->kex_seq, (uint16_t)(seq + 1));
	/* AMB-058: five transmissions, then a hold. */
	fix_run(&f, 110 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 4);
	fix_end(&f);
}

static void lke_044_authenticated_dad_is_answered(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	const struct fix_action *na;
	struct ip6_info i;
	struct nd_msg m;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 0xcafe, false), 0);
	na = fix_last(&f, LKE_MSG_DAD_NA_AUTH);
	assert_non_null(na);
	assert_int_equal(ip6_parse(na->data, na->len, &i), 0);
	assert_int_equal(nd_decode(&i, &m), 0);
	assert_true(in6_eq(&i.src, &coa) && in6_eq(&i.dst, &in6_all_nodes));
	assert_int_equal(m.na_flags, ND_NA_O);
	assert_int_equal(m.auth.nonce, 0xcafe);
	/* The HMAC verifies under the key of the exchange. */
	{
		struct lke_mac_input in;
		uint8_t mac[20];

		lke_mac_whole(na->data, na->len, i.upper_off + 2, &m.auth.mac_off, 1, &in);
		assert_int_equal(mac_sha1(&f.kbm, &in, mac), 0);
		assert_memory_equal(mac, m.auth.mac, 20);
	}
	fix_end(&f);
}

static void amb_083_pending_key_answers(void **state)
{
	struct fix f;
	struct lke_in6 coa;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	fix_kereq_key(&f);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 1, false), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
	fix_end(&f);
}

static void amb_084_bad_hmac_is_defended_plainly(void **state)
{
	struct fix f;
	struct lke_in6 coa;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	for (unsigned n = 0; n < 10; n++)
		assert_int_not_equal(fix_ns_auth(&f, 1, &coa, n, true), 0);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_DAD_MAC), 10);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
	/* and the one for the routers, when the address was new */
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1 + MN_PLAIN_NA_RATE);
	fix_end(&f);
}

static void amb_095_plain_na_drops_the_key_after_a_request_only(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_na(&f, 0x55, &coa);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 1, false), 0);
	fix_run(&f, 4 * LKE_SEC);
	fix_na(&f, 0x55, &coa);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 1, false), 0);
	fix_na(&f, 0x55, &coa);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void amb_057_refusal_makes_no_lbsa(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, STATUS_RESOURCES, 0, false), 0);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	fix_run(&f, 59 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* The operator's word ends a hold; where no exchange is possible it is told so. */
static void op_kex_ends_a_hold(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND, .command = { .cmd = LKE_CMD_KEX } };
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	fix_event(&f, &ev); /* one is under way */
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 0)->a.reply.err, LKE_ERR_STATE);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);

	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, STATUS_RESOURCES, 0, false), 0);
	fix_run(&f, 10 * LKE_SEC);
	fix_clear(&f);
	fix_event(&f, &ev);
	assert_int_equal(fix_find(&f, LKE_ACT_REPLY, 0)->a.reply.err, 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

static void amb_131_sequence_refusal_jumps(void **state)
{
	struct fix f;
	uint16_t seq;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	seq = f.e->mn->active->router->kex_seq;
	assert_int_equal(fix_keack(&f, 1, STATUS_SEQUENCE, 0, false), 0);
	fix_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.e->mn->active->router->kex_seq, (uint16_t)(seq + KEREQ_SEQ_JUMP));
	assert_int_equal(fix_keack(&f, 1, STATUS_SEQUENCE, 0, false), 0);
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(f.e->mn->active->router->kex_seq,
			 (uint16_t)(seq + KEREQ_SEQ_JUMP + KEREQ_SEQ_JUMP2));
	fix_end(&f);
}

static void amb_170_prohibited_takes_the_next_address(void **state)
{
	struct fix f;
	struct lke_in6 first, second;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	first = fix_coa(&f);
	fix_clear(&f);
	fix_run(&f, 4500 * LKE_MSEC);
	assert_int_equal(fix_keack(&f, 1, STATUS_PROHIBITED, 0, false), 0);
	second = fix_coa(&f);
	assert_false(in6_eq(&first, &second));
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_clear(&f);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

static void lke_053_renewed_in_time_with_both_proofs(void **state)
{
	struct fix f;
	struct ip6_info i;
	const struct fix_action *q;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, 0, 40, false), 0);
	fix_clear(&f);
	fix_run(&f, 15 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 10 * LKE_SEC);
	q = fix_last(&f, LKE_MSG_KEREQ);
	assert_non_null(q);
	assert_int_equal(ip6_parse(q->data, q->len, &i), 0);
	assert_int_equal(i.upper_len, 192);
	fix_end(&f);
}

static void amb_073_local_only_needs_a_confirmed_router(void **state)
{
	struct fix f;
	struct lke_in6 ar = fix_ar_ll(1);
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_R };
	uint8_t buf[256];
	int len;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_run(&f, 1500 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	m.target = ar;
	len = nd_encode(&m, &ar, &fix_ll, 0, buf, sizeof(buf));
	fix_packet(&f, 1, buf, (size_t)len);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* draft01 differs: no proofs (AMB-170), the letter of 5.2 (AMB-055), AMB-069, AMB-073. */
static const char *const default_only[] = {
	"lke_032_kereq_addresses_and_proof",
	"amb_055_forged_keack_ignored",
	"amb_069_foreign_router_address_refused",
	"amb_170_prohibited_takes_the_next_address",
	"lke_053_renewed_in_time_with_both_proofs",
	"amb_073_local_only_needs_a_confirmed_router",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_027_no_kereq_before_the_home_agent_answered),
		cmocka_unit_test(lke_032_kereq_addresses_and_proof),
		cmocka_unit_test(draft01_sends_no_proof),
		cmocka_unit_test(lke_180_good_keack_makes_an_lbsa),
		cmocka_unit_test(amb_055_forged_keack_ignored),
		cmocka_unit_test(amb_069_foreign_router_address_refused),
		cmocka_unit_test(lke_182_same_key_higher_number),
		cmocka_unit_test(lke_044_authenticated_dad_is_answered),
		cmocka_unit_test(amb_083_pending_key_answers),
		cmocka_unit_test(amb_084_bad_hmac_is_defended_plainly),
		cmocka_unit_test(amb_095_plain_na_drops_the_key_after_a_request_only),
		cmocka_unit_test(amb_057_refusal_makes_no_lbsa),
		cmocka_unit_test(op_kex_ends_a_hold),
		cmocka_unit_test(amb_131_sequence_refusal_jumps),
		cmocka_unit_test(amb_170_prohibited_takes_the_next_address),
		cmocka_unit_test(lke_053_renewed_in_time_with_both_proofs),
		cmocka_unit_test(amb_073_local_only_needs_a_confirmed_router),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

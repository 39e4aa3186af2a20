/* SPDX-License-Identifier: ISC */
/* Requirements on the mobile node that no other test states: draft 2.1, 3, 5, 6. */
#include "mn_ack.h"

static void set_checksum(uint8_t *pkt, size_t len)
{
	struct wr w = { .p = pkt, .cap = len, .off = len };
	struct lke_in6 src, dst;
	struct ip6_info i;

	if (ip6_parse(pkt, len, &i) < 0 || i.upper != IP6_NH_MH || i.upper_len < 8)
		return;
	src = ip6_pseudo_src(&i);
	dst = ip6_pseudo_dst(&i);
	mh_set_checksum(&w, i.upper_off, &src, &dst);
}

/* An advertisement of router ar with these flags and option 6. */
static void advertise(struct fix *f, unsigned ar, uint8_t flags, uint16_t max, const uint8_t *key,
		      size_t key_len)
{
	struct lke_in6 src = fix_ar_ll(ar);
	struct nd_msg m = { .type = ND_RA,
			    .ra_flags = flags,
			    .router_lifetime = 9000,
			    .lladdr = fix_mac(ar),
			    .has_lke = true,
			    .lke_max_lifetime = max,
			    .lke_key = key,
			    .lke_key_len = key_len,
			    .prefixes = 1 };
	uint8_t buf[1024];
	int len;

	m.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(ar),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					  .valid = 86400,
					  .preferred = 14400 };
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	assert_int_equal(fix_packet(f, ar, buf, (size_t)len), 0);
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

static void bare(struct fix *f, const uint8_t *data, size_t len)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };

	ev.packet = (struct lke_ev_packet){ .ifindex = FIX_IF, .data = data, .len = len };
	fix_event(f, &ev);
}

/* Without a home agent, so that only the router has to answer. */
static void lke_011_mobile_node_without_link_layer_addresses(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK }, own = { .type = LKE_EV_ADDR };
	struct lke_in6 ar = fix_ar_ll(1);
	struct nd_msg ra = { .type = ND_RA, .ra_flags = ND_RA_H, .router_lifetime = 9000 },
		      na = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_R, .target = ar };
	uint8_t buf[1024];
	struct ip6_info i;
	struct fix f;
	int len;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	/* The interface of the fixture goes, one without link-layer address comes. */
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .removed = true };
	fix_event(&f, &ev);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .mtu = 1500 };
	fix_event(&f, &ev);
	own.addr = (struct lke_ev_addr){ .ifindex = FIX_IF, .addr = fix_ll, .prefix_len = 64 };
	fix_event(&f, &own);
	ev.link.up = true;
	ev.link.carrier_changes = 9;
	fix_event(&f, &ev);
	ra.has_lke = true;
	ra.lke_max_lifetime = 7200;
	ra.lke_key = f.spki;
	ra.lke_key_len = f.spki_len;
	ra.prefixes = 1;
	ra.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(1),
					   .len = 64,
					   .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					   .valid = 86400,
					   .preferred = 14400 };
	len = nd_encode(&ra, &ar, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	bare(&f, buf, (size_t)len);
	fix_run(&f, 1500 * LKE_MSEC);
	len = nd_encode(&na, &ar, &fix_ll, 0, buf, sizeof(buf));
	assert_true(len > 0);
	bare(&f, buf, (size_t)len);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	(void)last_kereq(&f, &i);
	assert_true(in6_eq(&i.dst, &ar));
	assert_int_equal(fix_last(&f, LKE_MSG_KEREQ)->a.send.dst.len, 0);
	fix_end(&f);
}

static void lke_020_option_without_h_is_ignored(void **state)
{
	struct fix f;

	(void)state;
	for (unsigned h = 0; h < 2; h++) {
		start(&f);
		fix_link(&f, true);
		f.now += LKE_MSEC;
		advertise(&f, 1, h ? ND_RA_H : 0, 7200, f.spki, f.spki_len);
		assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
		fix_run(&f, 10 * LKE_SEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ) > 0, h);
		fix_end(&f);
	}
}

static void lke_023_one_of_three_routers_is_asked(void **state)
{
	struct lke_in6 ar1 = fix_ar_ll(1);
	struct ip6_info i;
	struct fix f;

	(void)state;
	start(&f);
	fix_link(&f, true);
	f.now += LKE_MSEC;
	fix_ra(&f, 1);
	fix_ra(&f, 2);
	fix_ra(&f, 3);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	(void)last_kereq(&f, &i);
	assert_true(in6_eq(&i.dst, &ar1));
	fix_end(&f);
}

/* From the Hop Limit on; the checksum is made right again, so that the HMAC decides. */
static void lke_038_every_changed_octet_of_the_keack_is_refused(void **state)
{
	static const uint8_t flip[] = { 0x01, 0x80, 0xff };
	uint8_t buf[512], changed[512];
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;
	size_t len;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	len = ack_make(&f, &a, buf, sizeof(buf));
	for (size_t n = 7; n < len; n++) {
		if (n == 64 + 4 || n == 64 + 5)
			continue; /* the checksum */
		for (size_t k = 0; k < sizeof(flip); k++) {
			memcpy(changed, buf, len);
			changed[n] ^= flip[k];
			set_checksum(changed, len);
			fix_clear(&f);
			assert_true(fix_packet(&f, 1, changed, len) < 0);
			assert_false(fix_lbsa(&f, &coa, &v));
		}
	}
	assert_int_equal(fix_packet(&f, 1, buf, len), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void lke_041_keack_with_hop_limit_254_is_dropped(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.o.hop_limit = 254; /* under a right HMAC */
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_HOPLIMIT);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void lke_054_renewal_uses_a_new_key_and_a_higher_number(void **state)
{
	struct secret16 first;
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ip6_info i;
	struct fix f;
	uint16_t seq;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 40, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	first = f.kbm;
	seq = last_kereq(&f, &i).seq;
	fix_clear(&f);
	fix_run(&f, 25 * LKE_SEC);
	fix_kereq_key(&f);
	assert_memory_not_equal(first.b, f.kbm.b, sizeof(first.b));
	assert_true((int16_t)(last_kereq(&f, &i).seq - seq) > 0);
	/* While it stays on the link: the same router, the same care-of address. */
	assert_true(in6_eq(&i.hao, &coa));
	fix_end(&f);
}

/* Attaches by this option 6 and returns whether a key exchange starts. */
static bool starts(uint16_t max, bool good_key)
{
	static const uint8_t junk[96] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86 };
	struct fix f;
	bool asked;

	start(&f);
	fix_link(&f, true);
	f.now += LKE_MSEC;
	advertise(&f, 1, ND_RA_H, max, good_key ? f.spki : junk,
		  good_key ? f.spki_len : sizeof(junk));
	if (!good_key)
		assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_KEY_UNUSABLE), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 10 * LKE_SEC);
	asked = fix_count(&f, LKE_MSG_KEREQ) > 0;
	fix_end(&f);
	return asked;
}

static void lke_104_forever_is_no_maximum_lifetime(void **state)
{
	(void)state;
	assert_true(starts(65532, true));
	assert_false(starts(0xffff, true));
	assert_false(starts(0, true));
}

static void lke_106_router_with_an_unusable_key_has_no_lke(void **state)
{
	(void)state;
	assert_true(starts(7200, true));
	assert_false(starts(7200, false)); /* but it is a router: the home agent was reached */
}

static void lke_117_reply_copies_the_solicitation(void **state)
{
	const struct fix_action *na;
	struct lke_in6 coa, ar = fix_ar_addr(1);
	struct ip6_info i;
	struct nd_msg m;
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 0x89abcdef, false), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
	na = fix_last(&f, LKE_MSG_DAD_NA_AUTH);
	assert_int_equal(ip6_parse(na->data, na->len, &i), 0);
	assert_int_equal(nd_decode(&i, &m), 0);
	assert_true(in6_eq(&m.target, &coa) && in6_eq(&m.auth.ar, &ar));
	assert_int_equal(m.auth.nonce, 0x89abcdef);
	/* Behind the link-layer address: type, length, Reserved. */
	assert_memory_equal(na->data + na->len - 48, ((uint8_t[]){ 8, 6, 0, 0 }), 4);
	assert_int_equal(i.hop_limit, 255);
	fix_end(&f);
}

static void lke_129_requested_lifetime_is_at_most_the_maximum(void **state)
{
	static const uint16_t max[] = { 600, 1800, 9000 };
	struct ip6_info i;
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		start(&f);
		f.ra_max_lifetime = max[n];
		f.e->cfg.mn.lifetime = 1800;
		fix_attach(&f, 1);
		assert_int_equal(last_kereq(&f, &i).lifetime, max[n] < 1800 ? max[n] : 1800);
		fix_end(&f);
	}
}

static void lke_134_keack_with_another_number_is_ignored(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.m.seq++;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_KEX_UNEXPECTED);
	a.m.seq = (uint16_t)(a.m.seq - 2);
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_KEX_UNEXPECTED);
	assert_false(fix_lbsa(&f, &coa, &v));
	a.m.seq++;
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void lke_136_unusable_router_address_is_refused(void **state)
{
	static const char *const bad[] = { "fe80::1", "ff02::1", "ff0e::1", "::", "::1" };
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	for (unsigned n = 0; n < 6; n++) {
		a = ack_good(&f, 1);
		a.m.ar = n < 5 ? fix_addr(bad[n]) : coa;
		assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_ADDRESS);
		assert_false(fix_lbsa(&f, &coa, &v));
	}
	fix_end(&f);
}

static void lke_181_unsolicited_keack_makes_no_state(void **state)
{
	struct lke_lbsa_view v, w;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	assert_int_equal(ack_put(&f, 1, &a), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	/* The request is answered: the same one again, and one that grants less, find no request.
	 */
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_KEX_UNEXPECTED);
	a.m.lifetime = 10;
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_KEX_UNEXPECTED);
	assert_true(fix_lbsa(&f, &coa, &w));
	assert_true(v.expires == w.expires);
	fix_end(&f);
}

static void lke_183_draft01_removes_the_lbsa_and_starts_again(void **state)
{
	struct secret16 first;
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DRAFT01);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 40, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	fix_run(&f, 25 * LKE_SEC); /* the renewal is out */
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_keack(&f, 1, 0, 40, true), -(int)LKE_DROP_KEX_MAC);
	first = f.kbm;
	assert_false(fix_lbsa(&f, &coa, &v));
	/* LKE-184: again with a new key, after a pause. */
	fix_clear(&f);
	fix_run(&f, LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 4 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f);
	assert_memory_not_equal(first.b, f.kbm.b, sizeof(first.b));
	fix_end(&f);
}

static void lke_185_each_router_is_answered_with_its_own_key(void **state)
{
	struct secret16 first, second;
	struct lke_lbsa_view v;
	struct lke_in6 coa1, coa2;
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	coa1 = fix_coa(&f);
	first = f.kbm;
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_clear(&f);
	fix_run(&f, 3 * LKE_SEC);
	coa2 = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 2, 0, 7200, false), 0);
	second = f.kbm;
	assert_true(fix_lbsa(&f, &coa1, &v) && fix_lbsa(&f, &coa2, &v));
	fix_clear(&f);
	f.kbm = first; /* the other router's key proves nothing here */
	assert_int_not_equal(fix_ns_auth(&f, 2, &coa2, 1, false), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
	f.kbm = second;
	assert_int_equal(fix_ns_auth(&f, 2, &coa2, 2, false), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
	fix_end(&f);
}

static void lke_187_a_plain_answer_brings_a_new_exchange_once(void **state)
{
	struct secret16 first;
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	start(&f);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	first = f.kbm;
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 1, false), 0);
	fix_clear(&f);
	fix_na(&f, 0x55, &coa);
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 59 * LKE_SEC); /* backed off */
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f);
	assert_memory_not_equal(first.b, f.kbm.b, sizeof(first.b));
	fix_end(&f);
}

static void lke_194_keack_from_a_global_source_is_dropped(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct ack a;
	struct fix f;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	a = ack_good(&f, 1);
	a.o.src = fix_ar_addr(1);
	assert_int_equal(ack_put(&f, 1, &a), -(int)LKE_DROP_SCOPE_ADDRESS);
	a = ack_good(&f, 1);
	a.o.src = fix_ar_ll(9); /* link-local, but not the router that was asked */
	assert_int_equal(ack_put(&f, 9, &a), -(int)LKE_DROP_KEX_UNEXPECTED);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void lke_197_exchange_keeps_the_key_it_began_with(void **state)
{
	uint8_t other[RSA_SPKI_MAX];
	struct rsa_key *key;
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;
	size_t len;

	(void)state;
	attach(&f);
	coa = fix_coa(&f);
	assert_int_equal(rsa_key_generate(1024, &key), 0);
	assert_int_equal(rsa_key_spki(key, other, sizeof(other), &len), 0);
	advertise(&f, 1, ND_RA_H, 7200, other, len);
	assert_non_null(fix_note(&f, LKE_NOTE_KEY_CHANGED));
	fix_clear(&f);
	fix_run(&f, 4500 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f); /* the retransmission opens with the first key */
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	rsa_key_free(key);
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073), the letter of 5.2 (AMB-055). */
static const char *const default_only[] = {
	"lke_011_mobile_node_without_link_layer_addresses",
	"lke_038_every_changed_octet_of_the_keack_is_refused",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lke_011_mobile_node_without_link_layer_addresses),
		cmocka_unit_test(lke_020_option_without_h_is_ignored),
		cmocka_unit_test(lke_023_one_of_three_routers_is_asked),
		cmocka_unit_test(lke_038_every_changed_octet_of_the_keack_is_refused),
		cmocka_unit_test(lke_041_keack_with_hop_limit_254_is_dropped),
		cmocka_unit_test(lke_054_renewal_uses_a_new_key_and_a_higher_number),
		cmocka_unit_test(lke_104_forever_is_no_maximum_lifetime),
		cmocka_unit_test(lke_106_router_with_an_unusable_key_has_no_lke),
		cmocka_unit_test(lke_117_reply_copies_the_solicitation),
		cmocka_unit_test(lke_129_requested_lifetime_is_at_most_the_maximum),
		cmocka_unit_test(lke_134_keack_with_another_number_is_ignored),
		cmocka_unit_test(lke_136_unusable_router_address_is_refused),
		cmocka_unit_test(lke_181_unsolicited_keack_makes_no_state),
		cmocka_unit_test(lke_183_draft01_removes_the_lbsa_and_starts_again),
		cmocka_unit_test(lke_185_each_router_is_answered_with_its_own_key),
		cmocka_unit_test(lke_187_a_plain_answer_brings_a_new_exchange_once),
		cmocka_unit_test(lke_194_keack_from_a_global_source_is_dropped),
		cmocka_unit_test(lke_197_exchange_keeps_the_key_it_began_with),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

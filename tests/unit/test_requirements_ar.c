/* SPDX-License-Identifier: ISC */
/* Requirements on the access router that no other test states: draft 2.1, 3, 4, 6. */
#include "ar_fixture.h"

#include <string.h>

#include "base/mem.h"

static struct arf f;
static struct arf_mn mn;
static const struct arf_bu up = { .lifetime = 50 };

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	return 0;
}

static int open_attached(void **state)
{
	open_default(state);
	arf_attach(&f, &mn);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* The checksum again, after something else was changed. */
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

static void mac_of(const uint8_t kbm[16], const struct lke_mac_input *in, uint8_t ret[SHA1_LEN])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t n = 0; n < in->n; n++)
		part[n] = (struct iov_part){ in->part[n].p, in->part[n].n };
	assert_int_equal(hmac_sha1(kbm, 16, part, in->n, ret), 0);
}

static int from_upstream(const uint8_t *pkt, size_t len)
{
	struct lke_lladdr upstream = arf_lladdr(0xee);

	return arf_feed(&f, ARF_UP, &upstream, pkt, len);
}

static uint8_t ba_status(const uint8_t kbm[16], bool is_signed)
{
	bool ok;
	struct mh_ba ba = arf_ba(&f, kbm, &ok);

	assert_int_equal(ok, is_signed);
	return ba.status;
}

static void lke_006_update_without_an_lbsa_creates_nothing(void **state)
{
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_NO_LBSA);
	assert_int_equal(ba_status(mn.kbm, false), STATUS_NOT_HOME_AGENT);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_int_equal(f.intercepts, 0);
}

static void lke_011_link_without_link_layer_addresses(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK };
	struct mh_keack k;

	ev.link = (struct lke_ev_link){ .ifindex = ARF_LAN, .mtu = 1500, .up = true };
	strcpy(ev.link.name, "lan");
	arf_event(&f, &ev);
	mn.lladdr.len = 0;
	f.dad = &mn;
	assert_int_equal(arf_kereq(&f, &mn), 0); /* nothing to resolve */
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 0);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_ACCEPTED);
	assert_int_equal(arf_last(&f, LKE_MSG_KEACK)->dst.len, 0);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	arf_bu(&f, &mn, &up);
	assert_int_equal(ba_status(mn.kbm, true), STATUS_ACCEPTED);
}

static void lke_035_renewal_removes_old_lbsa(void **state)
{
	struct arf_mn n = mn;

	arf_run(&f, 10 * LKE_SEC);
	n.kbm[5] ^= 0x55;
	n.old_kbm = mn.kbm;
	n.seq++;
	arf_attach(&f, &n);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_VALID), 2);
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_BAD_MAC);
	assert_int_equal(ba_status(mn.kbm, false), STATUS_UNSPECIFIED);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	arf_bu(&f, &n, &up);
	assert_int_equal(ba_status(n.kbm, true), STATUS_ACCEPTED);
}

static void lke_061_source_address_is_under_the_mac(void **state)
{
	uint8_t buf[512];
	size_t len = arf_make_bu(&mn, &up, buf, sizeof(buf));

	/* As address translation would do; the checksum uses the home address and stays right. */
	buf[8 + 15] ^= 0x40;
	assert_int_equal(from_upstream(buf, len), -LKE_DROP_BAD_MAC);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	buf[8 + 15] ^= 0x40;
	assert_int_equal(from_upstream(buf, len), 0);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void lke_062_extension_headers_are_not_under_the_mac(void **state)
{
	uint8_t buf[512], with[520];
	size_t len = arf_make_bu(&mn, &up, buf, sizeof(buf));
	const uint8_t hop_by_hop[8] = { buf[6], 0, 1, 4, 0, 0, 0, 0 };

	memcpy(with, buf, 40);
	memcpy(with + 40, hop_by_hop, 8);
	memcpy(with + 48, buf + 40, len - 40);
	with[6] = 0;
	with[5] = (uint8_t)(with[5] + 8);
	assert_int_equal(from_upstream(with, len + 8), 0);
	assert_int_equal(ba_status(mn.kbm, true), STATUS_ACCEPTED);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void lke_067_acknowledgement_addresses_and_number(void **state)
{
	struct lke_in6 ar = arf_addr("2001:db8:1::1");
	const struct arf_sent *s;
	bool ok;

	arf_bu(&f, &mn, &up);
	s = arf_last(&f, LKE_MSG_BA);
	assert_true(in6_eq(&s->ip.src, &ar) && in6_eq(&s->ip.dst, &mn.new_coa));
	assert_true(s->ip.has_rh2 && in6_eq(&s->ip.rh2, &mn.coa));
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).seq, mn.bu_seq);
	assert_true(ok);
}

/* Every allocation on the way fails once: no half binding, and a signed 130 where one can be sent.
 */
static void lke_081_no_room_gets_130(void **state)
{
	unsigned refused = 0;

	for (unsigned n = 1; n <= 20; n++) {
		unsigned before;

		arf_close(&f);
		open_attached(state);
		before = arf_count(&f, LKE_MSG_BA);
		mem_fail_after(n);
		(void)arf_bu(&f, &mn, &up);
		mem_fail_after(0);
		if (arf_count(&f, LKE_MSG_BA) == before)
			continue;
		if (ba_status(mn.kbm, true) != STATUS_RESOURCES)
			continue;
		assert_false(arf_binding(&f, &mn.coa, NULL));
		refused++;
	}
	assert_true(refused > 0);
}

static void lke_110_reserved_of_a_reply_is_ignored_under_a_good_hmac(void **state)
{
	uint8_t na[256], mac[SHA1_LEN];
	struct lke_mac_input in;
	size_t len, off;

	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	len = arf_make_na(&mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD, na, sizeof(na));
	/* Sent, it is zero; the option is the last 48 octets. */
	assert_int_equal(na[len - 48], 8);
	assert_int_equal(na[len - 46] | na[len - 45], 0);
	na[len - 46] = 0xff;
	off = nd_mac_off(len);
	lke_mac_whole(na, len, IP6_HDR_LEN + 2, &off, 1, &in);
	mac_of(mn.kbm, &in, mac);
	nd_set_mac(na, len, off, mac);
	assert_int_equal(arf_feed(&f, ARF_LAN, &mn.lladdr, na, len), 0);
	arf_run(&f, LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void lke_111_every_solicitation_has_its_own_nonce(void **state)
{
	uint32_t seen[120];
	unsigned count = 0, each = arf_draft01(&f) ? DAD_NS_COUNT_DRAFT01 : DAD_NS_COUNT;
	struct nd_msg m;

	for (unsigned n = 1; n <= 40; n++) {
		mn = arf_mobile(n);
		f.neighbour = &mn;
		f.sents = f.notes = 0;
		arf_kereq(&f, &mn);
		arf_run(&f, 4 * LKE_SEC);
		for (unsigned k = 0; k < f.sents; k++) {
			if (f.sent[k].msg != LKE_MSG_DAD_NS_AUTH)
				continue;
			assert_true(count < 120);
			f.sent[k].ip.pkt = f.sent[k].pkt;
			assert_int_equal(nd_decode(&f.sent[k].ip, &m), 0);
			for (unsigned j = 0; j < count; j++)
				assert_int_not_equal(seen[j], m.auth.nonce);
			seen[count++] = m.auth.nonce;
		}
	}
	assert_int_equal(count, 40 * each);
}

static void lke_127_key_of_another_length_is_dropped(void **state)
{
	static const size_t bad[] = { 0, 15, 17, 32 };
	struct lke_event ev = { .type = LKE_EV_RESULT };
	uint8_t plain[32] = { 1, 2, 3 };

	f.hold_rsa = true;
	for (unsigned n = 0; n < 4; n++) {
		mn = arf_mobile(n + 1);
		f.neighbour = &mn;
		arf_kereq(&f, &mn);
		assert_true(f.cookie != 0);
		ev.result =
			(struct lke_ev_result){ .cookie = f.cookie, .data = plain, .len = bad[n] };
		f.cookie = 0;
		arf_event(&f, &ev);
		assert_false(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_KEX_DECRYPT), 4);
	assert_null(arf_last(&f, LKE_MSG_KEACK));
}

static void lke_131_keack_addresses(void **state)
{
	struct lke_in6 ll = arf_addr("fe80::a:1");
	const struct arf_sent *s;

	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	s = arf_last(&f, LKE_MSG_KEACK);
	assert_non_null(s);
	assert_true(in6_eq(&s->ip.src, &ll) && in6_eq(&s->ip.dst, &mn.ll));
	assert_true(s->ip.has_rh2 && in6_eq(&s->ip.rh2, &mn.coa));
	assert_int_equal(s->ip.hop_limit, 255);
	assert_int_equal(s->ip.tclass, arf_draft01(&f) ? 0xf0 : 0xc0);
	assert_int_equal(s->ifindex, ARF_LAN);
	assert_memory_equal(&s->dst, &mn.lladdr, sizeof(mn.lladdr));
	assert_int_equal(s->ip.upper_len, 56);
}

static void lke_138_router_address_shares_the_prefix(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_in6 second = arf_addr("2001:db8:7::1");
	struct mh_keack k;

	ev.addr = (struct lke_ev_addr){ .ifindex = ARF_LAN, .addr = second, .prefix_len = 64 };
	arf_event(&f, &ev);
	mn.coa = arf_addr("2001:db8:7::b01");
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_ACCEPTED);
	assert_true(in6_eq(&k.ar, &second));
	mn = arf_mobile(2);
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_ACCEPTED);
	assert_false(in6_eq(&k.ar, &second));
}

static void lke_148_nonce_of_each_request_differs(void **state)
{
	uint32_t seen[12];
	bool ok;

	for (unsigned n = 0; n < 12; n++) {
		struct mh_ba ba;

		arf_bu(&f, &mn, &up);
		mn.bu_seq++;
		ba = arf_ba(&f, mn.kbm, &ok);
		assert_true(ok && ba.has_finished_request && ba.finished_r);
		seen[n] = ba.nonce;
		for (unsigned k = 0; k < n; k++)
			assert_int_not_equal(seen[k], ba.nonce);
	}
}

static void lke_153_reserved_octet_of_a_finished_is_ignored(void **state)
{
	struct ip6_out ip = {
		.src = mn.new_coa, .dst = arf_addr("2001:db8:1::1"), .hop_limit = 64, .hao = &mn.coa
	};
	struct mh_finished fin = { 0 };
	struct lke_binding_view v;
	struct lke_mac_input in;
	uint8_t buf[512], mac[SHA1_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	struct mh_ba ba;
	size_t mh;
	bool ok;

	arf_bu(&f, &mn, &up);
	ba = arf_ba(&f, mn.kbm, &ok);
	fin.seq = ba.seq;
	fin.lifetime = ba.lifetime;
	fin.nonce = ba.nonce;
	mh = ip6_begin(&w, &ip, IP6_NH_MH);
	mh_finished_encode(&w, &fin);
	assert_int_equal(buf[mh + 7], 0);
	buf[mh + 7] = 0xff;
	ip6_end(&w);
	lke_mac_binding(&ip.src, &ip.dst, buf + mh, w.off - mh, &in);
	mac_of(mn.kbm, &in, mac);
	wr_patch_bytes(&w, w.off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	mh_set_checksum(&w, mh, &mn.coa, &ip.dst);
	assert_int_equal(from_upstream(buf, w.off), 0);
	assert_true(arf_binding(&f, &mn.coa, &v));
	assert_int_equal(v.state, LKE_BINDING_OK);
}

static void lke_165_older_lbsa_is_untouched_by_the_refusal(void **state)
{
	struct lke_event ev = { .type = LKE_EV_IPSEC };
	struct arf_mn n = mn;
	struct mh_keack k;

	ev.ipsec.peer = mn.coa;
	arf_event(&f, &ev);
	arf_run(&f, 10 * LKE_SEC);
	n.kbm[1] ^= 1;
	n.old_kbm = mn.kbm;
	n.seq++;
	f.neighbour = &n;
	arf_kereq(&f, &n);
	assert_int_equal(arf_keack(&f, &n, &k), STATUS_PROHIBITED);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_bu(&f, &mn, &up);
	assert_int_equal(ba_status(mn.kbm, true), STATUS_ACCEPTED);
}

static void lke_176_d_flag_of_an_old_draft_starts_no_dad(void **state)
{
	struct arf_bu o = { .lifetime = 50, .flags = BU_A | BU_H | 0x3000 };
	unsigned ns = arf_count(&f, LKE_MSG_DAD_NS_AUTH);
	lke_time at = f.now;

	arf_bu(&f, &mn, &o);
	assert_int_equal(ba_status(mn.kbm, true), STATUS_ACCEPTED);
	assert_int_equal(arf_last(&f, LKE_MSG_BA)->at, at);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS_AUTH), ns);
	assert_int_equal(arf_count(&f, LKE_MSG_DAD_NS), 0);
}

static void lke_194_request_to_a_global_address_is_dropped(void **state)
{
	struct lke_in6 global = arf_addr("2001:db8:1::1");
	uint8_t buf[1024];
	size_t len = arf_make_kereq(&mn, buf, sizeof(buf));

	f.neighbour = &mn;
	/* From another link: this interface has no access router role. */
	assert_int_equal(arf_feed(&f, ARF_UP, &mn.lladdr, buf, len), -LKE_DROP_SCOPE_INTERFACE);
	memcpy(buf + 24, global.b, 16);
	set_checksum(buf, len);
	assert_int_equal(arf_feed(&f, ARF_LAN, &mn.lladdr, buf, len), -LKE_DROP_SCOPE_ADDRESS);
	assert_int_equal(f.decrypts, 0);
	assert_null(arf_last(&f, LKE_MSG_KEACK));
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_SCOPE_ADDRESS), 1);
}

/* Requests each 10 ms for ten seconds; the parts of the source that vary.  Returns the RSA
 * operations. */
static unsigned flood(bool vary_ll, bool vary_mac)
{
	unsigned before = f.decrypts;

	for (unsigned n = 0; n < 1000; n++) {
		struct arf_mn m = arf_mobile(1);

		m.bad_proof = true;
		m.seq = (uint16_t)n;
		m.salt = (uint8_t)n;
		if (vary_ll) {
			m.ll.b[13] = m.coa.b[13] = (uint8_t)(n >> 8);
			m.ll.b[12] = m.coa.b[12] = (uint8_t)n;
		}
		if (vary_mac) {
			m.lladdr.b[3] = (uint8_t)(n >> 8);
			m.lladdr.b[4] = (uint8_t)n;
		}
		f.sents = f.notes = 0;
		f.neighbour = &m;
		arf_kereq(&f, &m);
		arf_run(&f, 10 * LKE_MSEC);
	}
	f.neighbour = NULL;
	return f.decrypts - before;
}

static void lke_203_flood_of_requests_is_bounded(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	uint8_t spki[162] = { 0x30, 2 };

	/* One link-local address: one in 3 s.  One link-layer address: the same, burst 2. */
	assert_in_range(flood(false, false), 1, 4);
	arf_run(&f, 60 * LKE_SEC);
	assert_in_range(flood(true, false), 1, 5);
	arf_run(&f, 60 * LKE_SEC);
	/* A slow processor: 40 operations a second, a quarter of them for key exchanges. */
	ev.rsa_key = (struct lke_ev_rsa_key){ 2, ARF_MODULUS, spki, sizeof(spki), 40 };
	arf_event(&f, &ev);
	assert_in_range(flood(true, true), 50, 10 * 10 + 10 + 1);
	assert_true(lke_engine_drops(f.e, LKE_DROP_RATE_LL) > 0);
	assert_true(lke_engine_drops(f.e, LKE_DROP_RATE_MAC) > 0);
	assert_true(lke_engine_drops(f.e, LKE_DROP_RATE_RSA) > 0);
}

/* Every octet of the addresses, the option and the Mobility Header, with the checksum made right
 * again. */
static void lke_208_changed_update_never_binds(void **state)
{
	static const uint8_t flip[] = { 0x01, 0x80, 0xff };
	uint8_t buf[512], changed[512];
	size_t len = arf_make_bu(&mn, &up, buf, sizeof(buf));

	for (size_t n = 8; n < len; n++) {
		if ((n >= 42 && n < 46) || n == 64 + 4 || n == 64 + 5)
			continue; /* padding of the Destination Options; the checksum itself */
		for (size_t k = 0; k < sizeof(flip); k++) {
			memcpy(changed, buf, len);
			changed[n] ^= flip[k];
			set_checksum(changed, len);
			f.sents = f.notes = 0;
			(void)from_upstream(changed, len);
			assert_false(arf_binding(&f, &mn.coa, NULL));
			assert_int_equal(f.intercepts, 0);
		}
	}
	assert_int_equal(from_upstream(buf, len), 0);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void lke_209_raised_number_does_not_revive_old_data(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_lladdr attacker = arf_lladdr(0x66);
	uint8_t buf[1024];
	size_t len;

	mn.no_proof = true;
	arf_attach(&f, &mn);
	len = arf_make_kereq(&mn, buf, sizeof(buf));
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	arf_event(&f, &flush);
	arf_run(&f, 30 * LKE_SEC);
	buf[40 + 24 + 6] = 0x40; /* Seq#, which nothing authenticates */
	buf[8 + 15] ^= 0x77;	 /* and another link-local source */
	set_checksum(buf, len);
	f.neighbour = f.dad = &mn;
	arf_feed(&f, ARF_LAN, &attacker, buf, len);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_REPLAYS_REJECTED), 1);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

/* An advertisement with a Nonce option of SEND (RFC 3971 5.3.2) in front of ours. */
static void lke_212_send_options_do_not_disturb(void **state)
{
	static const uint8_t send_nonce[8] = { 14, 1, 1, 2, 3, 4, 5, 6 };
	uint8_t na[256], with[264], mac[SHA1_LEN];
	struct lke_lladdr x = arf_lladdr(0x55);
	struct lke_mac_input in;
	size_t len, off;

	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	len = arf_make_na(&mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD, na, sizeof(na));
	memcpy(with, na, 64);
	memcpy(with + 64, send_nonce, 8);
	memcpy(with + 72, na + 64, len - 64);
	len += 8;
	with[5] = (uint8_t)(with[5] + 8);
	off = nd_mac_off(len);
	lke_mac_whole(with, len, IP6_HDR_LEN + 2, &off, 1, &in);
	mac_of(mn.kbm, &in, mac);
	nd_set_mac(with, len, off, mac);
	assert_int_equal(arf_feed(&f, ARF_LAN, &mn.lladdr, with, len), 0);
	arf_run(&f, LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_last(&f, LKE_MSG_DAD_NA_AUTH)->len, len);
	assert_memory_equal(arf_last(&f, LKE_MSG_DAD_NA_AUTH)->pkt, with, len);
}

/* draft 7: whoever has all addresses of a draft01 peer, on its link and in its absence, is that
 * peer. */
static void lke_215_link_layer_spoofing_is_the_known_limit(void **state)
{
	struct arf_mn thief;

	mn.no_proof = true;
	arf_attach(&f, &mn);
	arf_run(&f, 10 * LKE_SEC);
	thief = mn;
	thief.kbm[2] ^= 0xff;
	thief.seq++;
	arf_attach(&f, &thief);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_VALID), 2);
	arf_bu(&f, &thief, &up);
	assert_int_equal(ba_status(thief.kbm, true), STATUS_ACCEPTED);
}

/* draft01 differs: AMB-051. */
static const char *const default_only[] = {
	"lke_209_raised_number_does_not_revive_old_data",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
#define A(name) cmocka_unit_test_setup_teardown(name, open_attached, done)
	const struct CMUnitTest tests[] = {
		T(lke_006_update_without_an_lbsa_creates_nothing),
		T(lke_011_link_without_link_layer_addresses),
		A(lke_035_renewal_removes_old_lbsa),
		A(lke_061_source_address_is_under_the_mac),
		A(lke_062_extension_headers_are_not_under_the_mac),
		A(lke_067_acknowledgement_addresses_and_number),
		A(lke_081_no_room_gets_130),
		T(lke_110_reserved_of_a_reply_is_ignored_under_a_good_hmac),
		T(lke_111_every_solicitation_has_its_own_nonce),
		T(lke_127_key_of_another_length_is_dropped),
		T(lke_131_keack_addresses),
		T(lke_138_router_address_shares_the_prefix),
		A(lke_148_nonce_of_each_request_differs),
		A(lke_153_reserved_octet_of_a_finished_is_ignored),
		A(lke_165_older_lbsa_is_untouched_by_the_refusal),
		A(lke_176_d_flag_of_an_old_draft_starts_no_dad),
		T(lke_194_request_to_a_global_address_is_dropped),
		T(lke_203_flood_of_requests_is_bounded),
		A(lke_208_changed_update_never_binds),
		T(lke_209_raised_number_does_not_revive_old_data),
		T(lke_212_send_options_do_not_disturb),
		T(lke_215_link_layer_spoofing_is_the_known_limit),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

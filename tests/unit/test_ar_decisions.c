/* SPDX-License-Identifier: ISC */
/* Decisions of the access router that no other test would miss. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn, thief;
static const struct arf_bu up = { .lifetime = 60 };

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	thief = arf_mobile(2);
	thief.coa = mn.coa;
	return 0;
}

static int names(void **state)
{
	mn = arf_mobile(1);
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* A request with other addresses in its headers; the checksum is made anew. */
static int altered(struct lke_in6 dst, bool rh2)
{
	uint8_t buf[1024], mh[512];
	size_t len = arf_make_kereq(&mn, buf, sizeof(buf)), n;
	struct ip6_out o = { .src = mn.ll, .dst = dst, .hop_limit = 255, .hao = &mn.coa };
	struct ip6_info i;
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off;

	assert_int_equal(ip6_parse(buf, len, &i), 0);
	n = i.upper_len;
	memcpy(mh, buf + i.upper_off, n);
	if (rh2)
		o.rh2 = &mn.coa;
	off = ip6_begin(&w, &o, IP6_NH_MH);
	wr_bytes(&w, mh, n);
	ip6_end(&w);
	mh_set_checksum(&w, off, &mn.coa, rh2 ? &mn.coa : &dst);
	return arf_feed(&f, ARF_LAN, &mn.lladdr, buf, w.off);
}

static void amb_132_request_to_another_routers_link_local(void **state)
{
	mn.lladdr.len = 0; /* nobody to resolve */
	assert_int_equal(altered(arf_addr("fe80::a:9"), false), -LKE_DROP_NOT_OURS);
	assert_int_equal(altered(arf_addr("fe80::a:2"), false), -LKE_DROP_NOT_OURS); /* of `up` */
	assert_int_equal(f.decrypts, 0);
	assert_int_equal(altered(arf_addr("fe80::a:1"), false), 0);
	assert_int_equal(f.decrypts, 1);
}

/* Whoever uses the router's own link-local address is no mobile node. */
static void request_from_the_routers_own_address_is_dropped(void **state)
{
	mn.lladdr.len = 0;
	mn.ll = arf_addr("fe80::a:1");
	assert_int_equal(arf_kereq(&f, &mn), -LKE_DROP_OWN);
	assert_int_equal(f.decrypts, 0);
}

/* One sub-type twice: dropped, by a router that reads proofs; by the draft alone it is another
 * option nobody knows. */
static void amb_170_proof_of_one_sub_type_twice(void **state)
{
	uint8_t buf[1024];
	size_t len = arf_make_kereq(&mn, buf, sizeof(buf)), mh = 64;
	struct lke_in6 to = arf_addr("fe80::a:1");
	struct wr w = wr_init(buf, sizeof(buf));

	assert_int_equal(buf[mh + 140],
			 MOPT_PROOF); /* behind 128 octets of data and the lifetime */
	memmove(buf + mh + 164, buf + mh + 140, 28); /* with the padding */
	len += 24;
	buf[mh + 1] = (uint8_t)((len - mh) / 8 - 1);
	buf[5] = (uint8_t)(len - 40);
	w.off = len;
	mh_set_checksum(&w, mh, &mn.coa, &to);
	f.neighbour = &mn;
	arf_feed(&f, ARF_LAN, &mn.lladdr, buf, len);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_MH_OPTION), !arf_draft01(&f));
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), arf_draft01(&f));
	assert_int_equal(f.decrypts, arf_draft01(&f));
}

static void request_with_a_routing_header_is_dropped(void **state)
{
	f.neighbour = &mn;
	mn.no_proof = true;
	assert_int_equal(altered(arf_addr("fe80::a:1"), true), -LKE_DROP_RH2);
	assert_int_equal(f.decrypts, 0);
}

static void amb_035_first_octet_of_addresses(void **state)
{
	struct lke_in6 a = mn.coa;

	for (unsigned b = 0x60; b < 0x70; b++) {
		a.b[0] = (uint8_t)b; /* where whole packets begin */
		assert_false(in6_is_global(&a));
	}
	mn.coa.b[0] = 0x60;
	mn.lladdr.len = 0;
	assert_int_equal(arf_kereq(&f, &mn), -LKE_DROP_HAO);
	assert_int_equal(f.decrypts, 0);
}

static void amb_054_tentative_address_is_nobody_elses(void **state)
{
	unsigned probes;

	f.neighbour = &mn;
	arf_kereq(&f, &mn); /* and its detection runs */
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	probes = arf_count(&f, LKE_MSG_NS);
	assert_int_equal(arf_kereq(&f, &thief), -LKE_DROP_OWNER);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), probes); /* nobody is asked */
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
	assert_int_equal(f.decrypts, 1);
	arf_na(&f, &mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

/* THREATS 10: key exchange data of a draft01 peer under another source. */
static void thr_010_key_under_another_source_gets_no_acknowledgement(void **state)
{
	uint64_t owner;

	mn.no_proof = thief.no_proof = true;
	arf_attach(&f, &mn);
	memcpy(thief.kbm, mn.kbm, sizeof(thief.kbm));
	thief.seq = (uint16_t)(mn.seq + 1);
	thief.lladdr.len = 0; /* as if the router believed it to be there */
	owner = lke_engine_drops(f.e, LKE_DROP_OWNER);
	arf_kereq(&f, &thief);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_OWNER), owner + 1);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
}

static void amb_044_repeated_acknowledgement_tells_what_is_left(void **state)
{
	struct mh_keack ack;

	mn.lifetime = 12;
	arf_attach(&f, &mn); /* takes 2 s */
	arf_run(&f, 2 * LKE_SEC);
	mn.seq++;
	mn.salt++;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_ACCEPTED);
	assert_int_equal(ack.lifetime, 2);
	arf_run(&f, 6500 * LKE_MSEC);
	mn.seq++;
	mn.salt++;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_UNSPECIFIED); /* less than one unit */
	assert_int_equal(ack.lifetime, 0);
}

/* A plain advertisement that is no answer to the router's solicitation. */
static void amb_086_advertisement_to_the_routers_does_not_count(void **state)
{
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_O, .target = mn.coa };
	uint8_t buf[256];
	int len;

	f.neighbour = f.dad = &mn;
	arf_kereq(&f, &mn);
	m.lladdr = mn.lladdr;
	len = nd_encode(&m, &mn.coa, &in6_all_routers, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_LAN, &mn.lladdr, buf, (size_t)len);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void amb_037_two_authentication_replies_are_none(void **state)
{
	uint8_t na[256], with[256], mac[SHA1_LEN];
	struct iov_part part[LKE_MAC_PARTS];
	struct lke_mac_input in;
	size_t len, off;

	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	len = arf_make_na(&mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD, na, sizeof(na));
	memcpy(with, na, len);
	memcpy(with + len, na + len - 48, 48);
	with[5] = (uint8_t)(with[5] + 48);
	off = nd_mac_off(len); /* that of the first one is right */
	lke_mac_whole(with, len + 48, IP6_HDR_LEN + 2, &off, 1, &in);
	for (size_t n = 0; n < in.n; n++)
		part[n] = (struct iov_part){ in.part[n].p, in.part[n].n };
	assert_int_equal(hmac_sha1(mn.kbm, 16, part, in.n, mac), 0);
	nd_set_mac(with, len + 48, off, mac);
	assert_int_equal(arf_feed(&f, ARF_LAN, &mn.lladdr, with, len + 48), -LKE_DROP_DAD_MAC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TOMBSTONE, NULL));
}

static void draft01_amb_178_no_defence_after_the_binding(void **state)
{
	struct arf_bu home = { .lifetime = 0, .at_home = true };
	struct lke_lladdr x = arf_lladdr(0x66);
	bool ok;

	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &up);
	mn.bu_seq++;
	arf_bu(&f, &mn, &home);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_ACCEPTED);
	arf_run(&f, 10 * LKE_SEC);
	f.sents = 0;
	arf_dad_ns(&f, &mn.coa, &x);
	assert_int_equal(arf_count(&f, LKE_MSG_NA) + arf_count(&f, LKE_MSG_DAD_NA_AUTH), 0);
}

static int another_key(void)
{
	mn.seq++;
	mn.kbm[0] ^= 0x55;
	mn.kbm[1] = (uint8_t)(mn.kbm[1] + 7);
	return arf_kereq(&f, &mn);
}

static void amb_059_spacing_is_reset_when_detection_ends_well(void **state)
{
	mn.no_proof = true;
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	arf_run(&f, 3050 * LKE_MSEC); /* nobody answers: the gap doubles */
	f.dad = &mn;
	assert_int_equal(another_key(), 0);
	arf_run(&f, 3050 * LKE_MSEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(another_key(), -LKE_DROP_RATE_LL); /* the gap that ran already */
	arf_run(&f, 3 * LKE_SEC);
	assert_int_equal(another_key(), 0);
	arf_run(&f, 3050 * LKE_MSEC); /* and 3 s again */
	assert_int_equal(another_key(), 0);
}

/* Twice the spacing without a request, and it begins anew. */
static void amb_059_spacing_is_reset_by_silence(void **state)
{
	mn.no_proof = true;
	f.neighbour = &mn;
	for (unsigned n = 0; n < 2; n++) {
		another_key();
		arf_run(&f, 6050 * LKE_MSEC); /* fails: 6 s, then 12 s */
	}
	arf_run(&f, 40 * LKE_SEC);
	assert_int_equal(another_key(), 0);
	arf_run(&f, 3050 * LKE_MSEC);
	assert_int_equal(another_key(), 0);
}

static void amb_054_answers_to_the_hosts_own_resolution_do_not_confirm(void **state)
{
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_O, .target = mn.coa };
	struct lke_in6 to = arf_addr("fe80::a:1");
	uint8_t buf[256];
	int len;

	m.lladdr = mn.lladdr;
	len = nd_encode(&m, &mn.coa, &to, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_LAN, &mn.lladdr, buf, (size_t)len); /* the kernel asked, not we */
	assert_int_equal(arf_kereq(&f, &mn), -LKE_DROP_HELD);
	assert_int_equal(f.decrypts, 0);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 1);
}

/* AMB-063: 600 s, whatever the interval of advertisements; longer with long ones. */
static void grace(lke_time want)
{
	struct arf_mn old;

	f.neighbour = f.dad = &mn;
	arf_rsa_key(&f, 2);
	arf_run(&f, want - 2 * LKE_SEC);
	f.hold_rsa = true;
	arf_kereq(&f, &mn);
	f.kbm_ok = false; /* the new key does not open it: the previous one is tried */
	arf_release_rsa(&f);
	assert_int_equal(f.decrypts, 2);
	arf_release_rsa(&f);
	arf_run(&f, 10 * LKE_SEC);
	old = arf_mobile(5);
	f.neighbour = f.dad = &old;
	arf_kereq(&f, &old);
	f.kbm_ok = false;
	arf_release_rsa(&f);
	assert_int_equal(f.decrypts, 3); /* there is no other key any more */
}

static void seldom(struct lke_config *cfg)
{
	cfg->ar[0].ra_max_interval_ms = 1800000;
	cfg->ar[0].ra_min_interval_ms = 600000;
}

static void often(struct lke_config *cfg)
{
	cfg->ar[0].ra_max_interval_ms = 4000;
	cfg->ar[0].ra_min_interval_ms = 3000;
}

static void amb_063_grace_of_600_s(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, often);
	grace(600 * LKE_SEC);
}

static void amb_063_grace_of_two_intervals(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, seldom);
	grace(3600 * LKE_SEC);
}

static void augment(struct lke_config *cfg)
{
	cfg->ar[0].advertise = LKE_ADVERTISE_AUGMENT;
}

/* The other daemon advertises the prefix for 100 s more, and the router for longer. */
static void attach_to_a_prefix_that_ends(void)
{
	struct nd_msg m = { .type = ND_RA, .router_lifetime = 1800, .prefixes = 1 };
	struct lke_in6 src = arf_addr("fe80::a:1");
	struct lke_event ev = { .type = LKE_EV_PACKET };
	uint8_t buf[256];

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	m.prefix[0] = (struct nd_prefix){ .prefix = arf_addr("2001:db8:1::"),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A,
					  .valid = 3000,
					  .preferred = 50 };
	for (unsigned n = 0; n < 2; n++) {
		int len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));

		ev.packet = (struct lke_ev_packet){ .ifindex = ARF_LAN,
						    .src_ll = arf_lladdr(1),
						    .data = buf,
						    .len = (size_t)len,
						    .outgoing = true };
		arf_event(&f, &ev);
		if (n == 0)
			arf_attach(&f, &mn);
		m.prefix[0].valid = 100; /* shortened afterwards */
	}
}

static void amb_045_binding_ends_with_its_prefix(void **state)
{
	struct mh_ba ba;
	bool ok;

	attach_to_a_prefix_that_ends();
	arf_bu(&f, &mn, &up);
	ba = arf_ba(&f, mn.kbm, &ok);
	assert_int_equal(ba.status, STATUS_ACCEPTED);
	assert_in_range(ba.lifetime * 4, 92, 100);
}

static void threats_20_key_ends_with_its_prefix(void **state)
{
	struct arf_mn other = arf_mobile(2);
	struct mh_keack k;

	attach_to_a_prefix_that_ends();
	f.neighbour = &other;
	arf_kereq(&f, &other);
	assert_int_equal(arf_keack(&f, &other, &k), 0);
	assert_in_range(k.lifetime * 4, 92, 100);
}

static void lke_081_update_for_an_address_of_no_prefix_gets_132(void **state)
{
	bool ok;

	attach_to_a_prefix_that_ends();
	arf_run(&f, 101 * LKE_SEC);
	arf_bu(&f, &mn, &up);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_NOT_HOME_SUBNET);
	assert_true(ok); /* behind the MAC, so signed */
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

static void update_with_a_routing_header_is_dropped(void **state)
{
	uint8_t buf[512], mh[256];
	struct lke_in6 ar = arf_addr("2001:db8:1::1");
	struct lke_lladdr upstream = arf_lladdr(0xee);
	struct ip6_out o = {
		.src = mn.new_coa, .dst = ar, .hop_limit = 64, .hao = &mn.coa, .rh2 = &ar
	};
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_info i;
	size_t len, n;

	arf_attach(&f, &mn);
	len = arf_make_bu(&mn, &up, buf, sizeof(buf));
	assert_int_equal(ip6_parse(buf, len, &i), 0);
	n = i.upper_len;
	memcpy(mh, buf + i.upper_off, n);
	ip6_begin(&w, &o, IP6_NH_MH);
	wr_bytes(&w, mh, n);
	ip6_end(&w);
	assert_int_equal(arf_feed(&f, ARF_UP, &upstream, buf, w.off), -LKE_DROP_RH2);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

static void amb_109_update_from_a_link_local_source_is_dropped_silently(void **state)
{
	arf_attach(&f, &mn);
	mn.new_coa = mn.ll;
	assert_int_equal(arf_bu(&f, &mn, &up), -LKE_DROP_SCOPE_ADDRESS);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
}

static void amb_092_other_links_get_no_answer(void **state)
{
	struct nd_msg m = { .type = ND_NS, .target = mn.coa };
	struct lke_in6 dst = in6_solicited_node(&mn.coa);
	struct lke_lladdr x = arf_lladdr(0x66);
	uint8_t buf[256];
	unsigned before;
	int len;

	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &up);
	arf_run(&f, 10 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_NA);
	len = nd_encode(&m, &in6_unspecified, &dst, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_UP, &x, buf, (size_t)len);
	assert_int_equal(arf_count(&f, LKE_MSG_NA), before);
	arf_feed(&f, ARF_LAN, &x, buf, (size_t)len);
	assert_int_equal(arf_count(&f, LKE_MSG_NA), before + 1);
}

static void forever(struct lke_config *cfg)
{
	cfg->ar[0].max_lifetime = cfg->ar[0].router_lifetime = UINT16_MAX;
}

static void lke_104_forever_is_never_advertised(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, forever);
	arf_run(&f, 4 * LKE_SEC);
	assert_int_equal(nd_decode(&arf_last(&f, LKE_MSG_RA)->ip, &m), 0);
	assert_int_equal(m.lke_max_lifetime, UINT16_MAX - 1);
}

static void amb_067_other_addresses_of_the_node_keep_their_lbsas(void **state)
{
	struct arf_mn second = mn;

	arf_attach(&f, &mn);
	arf_run(&f, 10 * LKE_SEC);
	second.coa.b[14] = 0x77;
	second.kbm[0] ^= 0xff;
	second.seq++;
	arf_attach(&f, &second);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	assert_true(arf_has(&f, &second.coa, LKE_LBSA_VALID, NULL));
}

static void amb_101_update_without_the_h_bit(void **state)
{
	struct arf_bu o = { .flags = BU_A, .lifetime = 60 };
	bool ok;

	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &o);
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_ACCEPTED);
	assert_true(ok);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

/* Steering takes milliseconds: it is asked for before the reverse tunnel can begin, and given up
 * with the last LBSA. */
static void lke_094_tunnel_packets_are_steered_from_the_exchange_on(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND, .command = { LKE_CMD_FLUSH_LBSA } };

	arf_attach(&f, &mn);
	assert_int_equal(f.mine, 1);
	arf_bu(&f, &mn, &up);
	assert_int_equal(f.mine, 1); /* one address of ours */
	arf_event(&f, &ev);
	assert_int_equal(f.mine, 0);
	assert_int_equal(f.intercepts, 0);
}

/* draft01 differs: AMB-054. */
static const char *const default_only[] = {
	"amb_054_tentative_address_is_nobody_elses",
	"amb_054_answers_to_the_hosts_own_resolution_do_not_confirm",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
	const struct CMUnitTest tests[] = {
		T(amb_132_request_to_another_routers_link_local),
		T(request_from_the_routers_own_address_is_dropped),
		T(amb_170_proof_of_one_sub_type_twice),
		T(request_with_a_routing_header_is_dropped),
		T(amb_035_first_octet_of_addresses),
		T(amb_054_tentative_address_is_nobody_elses),
		T(thr_010_key_under_another_source_gets_no_acknowledgement),
		T(amb_044_repeated_acknowledgement_tells_what_is_left),
		T(amb_086_advertisement_to_the_routers_does_not_count),
		T(amb_037_two_authentication_replies_are_none),
		cmocka_unit_test_setup_teardown(draft01_amb_178_no_defence_after_the_binding, names,
						done),
		T(amb_059_spacing_is_reset_when_detection_ends_well),
		T(amb_059_spacing_is_reset_by_silence),
		T(amb_054_answers_to_the_hosts_own_resolution_do_not_confirm),
		cmocka_unit_test_setup_teardown(amb_063_grace_of_600_s, names, done),
		cmocka_unit_test_setup_teardown(amb_063_grace_of_two_intervals, names, done),
		T(update_with_a_routing_header_is_dropped),
		T(amb_109_update_from_a_link_local_source_is_dropped_silently),
		cmocka_unit_test_setup_teardown(amb_045_binding_ends_with_its_prefix, names, done),
		cmocka_unit_test_setup_teardown(threats_20_key_ends_with_its_prefix, names, done),
		cmocka_unit_test_setup_teardown(lke_081_update_for_an_address_of_no_prefix_gets_132,
						names, done),
		T(amb_092_other_links_get_no_answer),
		cmocka_unit_test_setup_teardown(lke_104_forever_is_never_advertised, names, done),
		T(amb_067_other_addresses_of_the_node_keep_their_lbsas),
		T(amb_101_update_without_the_h_bit),
		T(lke_094_tunnel_packets_are_steered_from_the_exchange_on),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

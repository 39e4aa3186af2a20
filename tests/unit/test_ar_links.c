/* SPDX-License-Identifier: ISC */
/*
 * An access router with several links: each its own settings, addresses that repeat, links that
 * come and go (THREATS 94), and what is present on links beside LKE (draft 6.6).
 */
#include "ar_two_links.h"

static void amb_075_same_link_local_addresses_on_two_links(void **state)
{
	struct lke_lbsa_view v;

	arf_attach(&f, &mn);
	exchange_on(LAN2, &other);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(v.ifindex, ARF_LAN);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(v.ifindex, LAN2);
	assert_true(in6_eq(&v.peer_ll, &mn.ll));
}

static void ula_only_link_serves_with_its_unique_local_address(void **state)
{
	struct lke_in6 ula = arf_addr("fd00:2::1");
	struct lke_lbsa_view v;
	struct nd_msg m;

	arf_run(&f, 10 * LKE_SEC);
	m = ra_on(LAN2);
	assert_int_equal(m.prefixes, 1);
	assert_true(in6_eq(&m.prefix[0].prefix, &ula));
	exchange_on(LAN2, &other);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, &v));
	assert_true(in6_eq(&v.ar, &ula));
}

static void each_link_has_its_own_settings(void **state)
{
	struct arf_mn third = arf_mobile(3), fourth = arf_mobile(4);
	struct mh_keack ack;
	uint8_t buf[1024];
	size_t len;
	unsigned before;

	arf_run(&f, 60 * LKE_SEC);
	before = f.sents;
	arf_run(&f, 100 * LKE_SEC);
	assert_in_range(on(LAN2, before), 10, 14);
	assert_int_equal(on(ARF_LAN, before), 0);
	assert_int_equal(ra_on(LAN2).lke_max_lifetime, 1200);
	assert_int_equal(ra_on(LAN2).router_lifetime, 1800);
	assert_int_equal(ra_on(ARF_LAN).lke_max_lifetime, 7200);
	exchange_on(LAN2, &other);
	third.coa = arf_addr("fd00:2::b03");
	third.lladdr.len = 0; /* nothing to resolve */
	len = arf_make_kereq(&third, buf, sizeof(buf));
	arf_feed(&f, LAN2, &third.lladdr, buf, len);
	assert_int_equal(arf_keack(&f, &third, &ack), STATUS_ACCEPTED);
	fourth.coa = arf_addr("fd00:2::b04");
	fourth.lladdr.len = 0;
	len = arf_make_kereq(&fourth, buf, sizeof(buf));
	arf_feed(&f, LAN2, &fourth.lladdr, buf, len);
	assert_int_equal(arf_keack(&f, &fourth, &ack), STATUS_RESOURCES); /* two on this link */
	arf_attach(&f, &mn);
}

static void thr_094_removed_link_takes_its_lbsas_only(void **state)
{
	unsigned groups = f.groups;

	arf_attach(&f, &mn);
	exchange_on(LAN2, &other);
	link_event(LAN2, "lan2", 9, false, true);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(f.groups, groups + 1 - 1); /* with ff02::2 of the link that went */
	/* made anew under another index: everything works again */
	again(LAN2 + 1);
	other = arf_mobile(3);
	other.coa = arf_addr("fd00:2::b03");
	exchange_on(LAN2 + 1, &other);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
}

/* The RSA worker answers after the link went and another one got its index. */
static void update_other(uint16_t seq, uint8_t status)
{
	struct arf_bu up = { .lifetime = 60, .to = (struct lke_in6[]){ arf_addr("fd00:2::1") } };
	bool ok;

	other.bu_seq = seq;
	arf_bu(&f, &other, &up);
	assert_int_equal(arf_ba(&f, other.kbm, &ok).status, status);
	assert_true(ok);
}

/* A VLAN or a radio that is deleted and made again: keys, numbers and bindings come back. */
static void lbsas_of_a_link_come_back_with_it(void **state)
{
	struct lke_lbsa_view was, is;
	struct lke_binding_view b;

	exchange_on(LAN2, &other);
	update_other(700, STATUS_ACCEPTED);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, &was));
	link_event(LAN2, "lan2", 9, false, true);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
	assert_false(arf_binding(&f, &other.coa, &b));
	assert_int_equal(f.intercepts, 0);
	arf_run(&f, LKE_SEC);
	link_event(LAN2 + 1, "lan2", 9, true, false);
	address(LAN2 + 1, "fe80::a:1", false);
	address(LAN2 + 1, "fd00:3::1", false);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL)); /* not its prefix */
	address(LAN2 + 1, "fd00:2::1", false);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, &is));
	assert_int_equal(is.ifindex, LAN2 + 1);
	assert_true(is.expires == was.expires && is.proved == was.proved);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_VALID), 2);
	assert_true(arf_binding(&f, &other.coa, &b));
	assert_int_equal(f.intercepts, 1);
	update_other(700, STATUS_SEQUENCE);
	update_other(701, STATUS_ACCEPTED);
}

static void lbsas_of_a_link_end_without_it(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };

	other.lifetime = 600;
	exchange_on(LAN2, &other);
	link_event(LAN2, "lan2", 9, false, true);
	arf_run(&f, 599 * LKE_SEC);
	again(LAN2 + 1);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL)); /* its lifetime is over */
	other.kbm[0] ^= 1;
	other.seq++;
	exchange_on(LAN2 + 1, &other);
	link_event(LAN2 + 1, "lan2", 9, false, true);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	flush.command.arg = other.coa;
	arf_event(&f, &flush);
	again(LAN2 + 2);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL)); /* flushed meanwhile */
}

static struct lke_limit_view limit_of(const char *name, uint32_t ifindex)
{
	struct lke_limit_view v;
	size_t cursor = 0;

	while (lke_engine_next_limit(f.e, &cursor, &v))
		if (strcmp(v.name, name) == 0 && v.ifindex == ifindex)
			return v;
	fail_msg("no limit %s", name);
	return v;
}

/* The router has another address meanwhile, and the node made another key with it. */
static void lbsa_whose_place_is_taken_does_not_come_back(void **state)
{
	struct arf_bu up = { .lifetime = 60, .to = (struct lke_in6[]){ arf_addr("fd00:2::2") } };
	struct lke_lbsa_view v;
	bool ok;

	exchange_on(LAN2, &other);
	link_event(LAN2, "lan2", 9, false, true);
	link_event(LAN2 + 1, "lan2", 9, true, false);
	address(LAN2 + 1, "fe80::a:1", false);
	address(LAN2 + 1, "fd00:2::2", false);
	other.kbm[0] ^= 1;
	other.seq++;
	arf_run(&f, 10 * LKE_SEC);
	exchange_on(LAN2 + 1, &other);
	assert_int_equal(limit_of("lbsas_without_link", 0).used, 1);
	address(LAN2 + 1, "fd00:2::1", false);
	assert_int_equal(limit_of("lbsas_without_link", 0).used, 0);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, &v));
	assert_true(in6_eq(&v.ar, up.to));
	arf_bu(&f, &other, &up);
	assert_int_equal(arf_ba(&f, other.kbm, &ok).status, STATUS_ACCEPTED);
	assert_true(ok);
}

/* It ended by SIGSEGV, since the place of the link was empty. */
static void thr_094_router_that_stops_without_its_link(void **state)
{
	exchange_on(LAN2, &other);
	link_event(LAN2, "lan2", 9, false, true);
	lke_engine_stop(f.e, f.now);
	again(LAN2 + 1);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
}

/* A prefix on both links, and the node has a key on each: a hint about the one does not end the
 * interception that the other one's binding needs. */
static void one_address_on_two_links_is_bound_once(void **state)
{
	struct lke_event gone = { .type = LKE_EV_NEIGH };
	struct arf_bu up = { .lifetime = 60,
			     .to = (struct lke_in6[]){ arf_addr("2001:db8:1::2") } };
	struct arf_mn there = mn;
	bool ok;

	address(LAN2, "2001:db8:1::2", false);
	arf_attach(&f, &mn);
	there.kbm[0] ^= 1;
	exchange_on(LAN2, &there);
	arf_bu(&f, &there, &up);
	assert_int_equal(arf_ba(&f, there.kbm, &ok).status, STATUS_ACCEPTED);
	assert_int_equal(f.intercepts, 1);
	gone.neigh.ifindex = ARF_LAN;
	gone.neigh.addr = mn.coa;
	arf_event(&f, &gone);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.intercepts, 1);
}

/* The other way round: it leaves the one link, and is bound by its key of the other. */
static void one_address_on_two_links_leaves_one(void **state)
{
	struct lke_event gone = { .type = LKE_EV_NEIGH };
	struct arf_bu up = { .lifetime = 60,
			     .to = (struct lke_in6[]){ arf_addr("2001:db8:1::2") } };
	struct arf_mn there = mn;
	struct lke_lbsa_view v;

	address(LAN2, "2001:db8:1::2", false);
	arf_attach(&f, &mn);
	there.kbm[0] ^= 1;
	exchange_on(LAN2, &there);
	gone.neigh.ifindex = ARF_LAN;
	gone.neigh.addr = mn.coa;
	arf_event(&f, &gone);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v) && v.leaving);
	arf_bu(&f, &there, &up);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v) && !v.leaving);
	assert_int_equal(f.buffer[f.buffers - 1].what, LKE_BUFFER_TUNNEL);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.intercepts, 1);
}

/* And the third way: bound by its key of a link that went, it leaves the one that stayed just as
 * the other comes back with its binding, through whose tunnel goes what waits. */
static void one_address_on_two_links_leaves_as_its_binding_comes_back(void **state)
{
	struct lke_event gone = { .type = LKE_EV_NEIGH };
	struct arf_bu up = { .lifetime = 60,
			     .to = (struct lke_in6[]){ arf_addr("2001:db8:1::2") } };
	struct arf_mn there = mn;
	struct lke_binding_view b;
	struct lke_lbsa_view v;
	unsigned buffers;

	address(LAN2, "2001:db8:1::2", false);
	arf_attach(&f, &mn);
	there.kbm[0] ^= 1;
	exchange_on(LAN2, &there);
	arf_bu(&f, &there, &up);
	link_event(LAN2, "lan2", 9, false, true);
	assert_false(arf_binding(&f, &mn.coa, &b));
	gone.neigh.ifindex = ARF_LAN;
	gone.neigh.addr = mn.coa;
	arf_event(&f, &gone);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v) && v.leaving);
	buffers = f.buffers;
	link_event(LAN2 + 1, "lan2", 9, true, false);
	address(LAN2 + 1, "fe80::a:1", false);
	address(LAN2 + 1, "2001:db8:1::2", false);
	assert_true(arf_binding(&f, &mn.coa, &b));
	assert_int_equal(f.buffers, buffers + 1);
	assert_int_equal(f.buffer[buffers].what, LKE_BUFFER_TUNNEL);
	assert_int_equal(arf_notes(&f, LKE_NOTE_LEAVE_END), 1);
	arf_run(&f, 5 * LKE_SEC); /* no timer is left that would drop what waits */
	assert_int_equal(f.buffers, buffers + 1);
	assert_int_equal(f.intercepts, 1);
}

static void thr_094_late_result_does_not_find_a_new_link(void **state)
{
	uint8_t buf[1024];
	size_t len;

	other.lladdr.len = 0;
	f.hold_rsa = true;
	len = arf_make_kereq(&other, buf, sizeof(buf));
	arf_feed(&f, LAN2, &other.lladdr, buf, len);
	assert_int_equal(f.decrypts, 1);
	link_event(LAN2, "lan2", 9, false, true);
	second_link();
	arf_release_rsa(&f);
	assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 0);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_TENTATIVE, NULL));
	f.hold_rsa = false;
	other.seq++;
	other.salt++;
	arf_run(&f, 10 * LKE_SEC);
	exchange_on(LAN2, &other);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
}

/* A request that waits for its neighbour; another link gets the index, and there he is. */
static void thr_094_held_request_does_not_find_a_new_link(void **state)
{
	request_on(LAN2, &other);
	assert_non_null(last_on(LAN2, LKE_MSG_NS));
	link_event(LAN2, "lan2", 9, false, true);
	second_link();
	resolved_on(LAN2, &other);
	arf_run(&f, LKE_SEC);
	assert_int_equal(f.decrypts, 0);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_TENTATIVE, NULL));
	other.seq++;
	other.salt++;
	arf_run(&f, 10 * LKE_SEC);
	exchange_on(LAN2, &other);
}

/* Who was heard on the link that went holds nothing on the one that got its index. */
static void thr_094_neighbour_of_a_link_that_went_is_not_asked(void **state)
{
	struct arf_mn later = other;

	exchange_on(LAN2, &other);
	link_event(LAN2, "lan2", 9, false, true);
	link_event(LAN2, "lan2", 9, true, false);
	address(LAN2, "fe80::a:1", false);
	address(LAN2, "fd00:2::9", false); /* without fd00:2::1 no LBSA comes back */
	arf_run(&f, 10 * LKE_SEC);
	later.lladdr.b[5] ^= 0x40;
	later.ll.b[15] ^= 0x40;
	later.kbm[0] ^= 1;
	later.seq++;
	f.sents = 0;
	exchange_on(LAN2, &later);
	assert_true(arf_has(&f, &later.coa, LKE_LBSA_VALID, NULL));
}

static void thr_094_flap_keeps_lbsas_and_bindings(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	unsigned before;
	bool ok;

	arf_attach(&f, &mn);
	arf_run(&f, 300 * LKE_SEC);
	link_event(ARF_LAN, "lan", 1, false, false);
	before = on(ARF_LAN, 0);
	arf_bu(&f, &mn, &up); /* by the other interface */
	assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, STATUS_ACCEPTED);
	arf_run(&f, 20 * LKE_SEC);
	assert_int_equal(on(ARF_LAN, 0), before); /* nothing is sent into a link that is down */
	link_event(ARF_LAN, "lan", 1, true, false);
	assert_int_equal(f.sent[f.sents - 1].msg, LKE_MSG_RA); /* at once */
	assert_int_equal(f.sent[f.sents - 1].ifindex, ARF_LAN);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	assert_true(arf_binding(&f, &mn.coa, NULL));
	mn = arf_mobile(3);
	arf_attach(&f, &mn);
}

static void thr_094_renamed_link_is_left_and_comes_back(void **state)
{
	unsigned before;

	exchange_on(LAN2, &other);
	link_event(LAN2, "other", 9, true, false);
	assert_false(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
	before = f.sents;
	arf_run(&f, 100 * LKE_SEC);
	assert_int_equal(on(LAN2, before), 0);
	link_event(LAN2, "lan2", 9, true, false);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL)); /* see below */
	other = arf_mobile(3);
	other.coa = arf_addr("fd00:2::b03");
	exchange_on(LAN2, &other);
	assert_true(arf_has(&f, &other.coa, LKE_LBSA_VALID, NULL));
}

static void thr_094_new_mac_address_is_used_and_told(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	struct lke_lladdr thief = arf_lladdr(0x66);
	struct nd_msg m;

	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &up);
	arf_run(&f, 10 * LKE_SEC);
	link_event(ARF_LAN, "lan", 0x21, true, false);
	arf_run(&f, 3 * LKE_SEC);
	assert_int_equal(ra_on(ARF_LAN).lladdr.b[5], 0x21);
	arf_dad_ns(&f, &mn.coa, &thief);
	assert_int_equal(nd_decode(&last_on(ARF_LAN, LKE_MSG_NA)->ip, &m), 0);
	assert_int_equal(m.lladdr.b[5], 0x21);
	/* frames with the old one as their source are somebody else's now, those with ours dropped
	 */
	thief = arf_lladdr(0x21);
	assert_int_equal(arf_dad_ns(&f, &mn.coa, &thief), -LKE_DROP_OWN);
}

/* AMB-119: the care-of address is on another link of this router; that link goes away. */
static void thr_094_nothing_is_sent_on_a_link_that_went(void **state)
{
	struct arf_bu up = { .lifetime = 60 };
	uint8_t buf[512];
	unsigned before;
	size_t len;

	arf_attach(&f, &mn);
	mn.new_coa = arf_addr("fd00:2::b01");
	len = arf_make_bu(&mn, &up, buf, sizeof(buf));
	arf_feed(&f, LAN2, &mn.lladdr, buf, len);
	assert_int_equal(arf_last(&f, LKE_MSG_BA)->ifindex, LAN2);
	link_event(LAN2, "lan2", 9, false, true);
	before = f.sents;
	arf_run(&f, 20 * LKE_SEC); /* BA again at 1 s, refresh requests at 2, 4, 8 s */
	assert_int_equal(on(LAN2, before), 0);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void thr_035_proxy_advertisements_at_most_one_a_second(void **state)
{
	struct arf_bu up = { .lifetime = 200 };
	struct lke_lladdr thief = arf_lladdr(0x66);
	unsigned before;

	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &up);
	arf_run(&f, 10 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_NA);
	for (unsigned n = 0; n < 300; n++) {
		arf_dad_ns(&f, &mn.coa, &thief);
		arf_run(&f, 10 * LKE_MSEC);
	}
	assert_in_range(arf_count(&f, LKE_MSG_NA), before + 3, before + 4);
	arf_run(&f, LKE_SEC);
	before = arf_count(&f, LKE_MSG_NA);
	arf_dad_ns(&f, &mn.coa, &thief);
	assert_int_equal(arf_count(&f, LKE_MSG_NA), before + 1);
}

static void eight(struct lke_config *cfg)
{
	cfg->ar[0].max_lbsa = 8;
}

static void amb_128_grants_shrink_as_the_table_fills(void **state)
{
	static const uint16_t want[] = { 7200, 7200, 7200, 7200, 600, 600, 120, 120 };
	struct mh_keack ack;

	arf_open(&f, LKE_PROFILE_DEFAULT, eight);
	for (unsigned n = 0; n < 8; n++) {
		mn = arf_mobile(n + 1);
		mn.lladdr.len = 0;
		arf_kereq(&f, &mn);
		assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_ACCEPTED);
		assert_int_equal(ack.lifetime * 4, want[n]);
	}
	mn = arf_mobile(9);
	mn.lladdr.len = 0;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_RESOURCES);
	assert_int_equal(ack.lifetime, 0);
}

static void amb_128_limits_are_reported(void **state)
{
	static const char *const of_all[] = {
		"lbsa_records", "requests_held", "requests_at_rsa",    "request_data", "neighbours",
		"ipsec_peers",	"nodes_leaving", "lbsas_without_link", "bindings"
	};
	struct arf_bu up = { .lifetime = 60 };
	struct lke_limit_view v;

	for (size_t n = 0; n < sizeof(of_all) / sizeof(of_all[0]); n++) {
		v = limit_of(of_all[n], 0);
		assert_true(v.used == 0 && v.limit > 0);
	}
	assert_int_equal(limit_of("lbsas", LAN2).limit, 2);
	assert_int_equal(limit_of("lbsas", ARF_LAN).limit, AR_MAX_LBSA);
	arf_attach(&f, &mn);
	assert_int_equal(limit_of("lbsas", ARF_LAN).used, 1);
	assert_int_equal(limit_of("lbsas", LAN2).used, 0);
	assert_int_equal(limit_of("lbsa_records", 0).used, 1);
	assert_int_equal(limit_of("request_data", 0).used, arf_draft01(&f) ? 0 : 1);
	arf_bu(&f, &mn, &up);
	assert_int_equal(limit_of("bindings", 0).used, 1);
	f.hold_rsa = true;
	other = arf_mobile(3);
	f.neighbour = &other;
	arf_kereq(&f, &other);
	assert_int_equal(limit_of("requests_at_rsa", 0).used, 1);
	assert_int_equal(limit_of("requests_at_rsa", 0).limit, 256);
}

/* CGA, Timestamp, Nonce and RSA Signature (RFC 3971 5) around option 8, as a node with SEND and
 * keys of 2048 bits puts them. */
static void lke_212_reply_with_all_options_of_send(void **state)
{
	static const struct {
		uint8_t type;
		size_t len;
	} option[] = { { 11, 344 }, { 8, 48 }, { 13, 16 }, { 14, 8 }, { 12, 280 } };
	uint8_t na[256], with[1024];
	struct lke_lladdr x = arf_lladdr(0x55);
	struct lke_mac_input in;
	struct iov_part part[LKE_MAC_PARTS];
	uint8_t mac[SHA1_LEN];
	size_t len, at = 72, off = 0; /* behind header, message and TLLA */

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	len = arf_make_na(&mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD, na, sizeof(na));
	assert_int_equal(len, 72 + 48);
	memcpy(with, na, 72);
	for (unsigned n = 0; n < 5; n++) {
		memset(with + at, 0xa5, option[n].len);
		if (option[n].type == 8) {
			memcpy(with + at, na + 72, 48);
			off = at + 24;
		}
		with[at] = option[n].type;
		with[at + 1] = (uint8_t)(option[n].len / 8);
		at += option[n].len;
	}
	with[4] = (uint8_t)((at - 40) >> 8);
	with[5] = (uint8_t)(at - 40);
	lke_mac_whole(with, at, IP6_HDR_LEN + 2, &off, 1, &in);
	for (size_t n = 0; n < in.n; n++)
		part[n] = (struct iov_part){ in.part[n].p, in.part[n].n };
	assert_int_equal(hmac_sha1(mn.kbm, 16, part, in.n, mac), 0);
	nd_set_mac(with, at, off, mac);
	assert_int_equal(arf_feed(&f, ARF_LAN, &mn.lladdr, with, at), 0);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
	arf_dad_ns(&f, &mn.coa, &x); /* and is kept whole */
	assert_int_equal(arf_last(&f, LKE_MSG_DAD_NA_AUTH)->len, at);
	assert_memory_equal(arf_last(&f, LKE_MSG_DAD_NA_AUTH)->pkt, with, at);
}

/* lke show: each link has its own, and of a link that nobody knows there are none. */
static void addresses_of_each_link(void **state)
{
	const struct lke_in6 want[] = { arf_addr("fe80::a:1"), arf_addr("fd00:2::1") };
	struct lke_address_view v;
	size_t cursor = 0, n = 0;

	(void)state;
	while (lke_engine_next_address(f.e, LAN2, &cursor, &v)) {
		assert_true(n < 2 && in6_eq(&v.addr, &want[n++]));
		assert_int_equal(v.prefix_len, 64);
	}
	assert_int_equal(n, 2);
	address(LAN2, "fe80::a:1", true);
	cursor = 0;
	assert_true(lke_engine_next_address(f.e, LAN2, &cursor, &v) && in6_eq(&v.addr, &want[1]));
	assert_false(lke_engine_next_address(f.e, LAN2, &cursor, &v));
	cursor = 0;
	assert_false(lke_engine_next_address(f.e, 999, &cursor, &v));
}

/* draft01 differs: it asks no neighbour (AMB-054). */
static const char *const default_only[] = {
	"thr_094_held_request_does_not_find_a_new_link",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_two, done)
#define O(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(amb_075_same_link_local_addresses_on_two_links),
		T(ula_only_link_serves_with_its_unique_local_address),
		T(each_link_has_its_own_settings),
		T(thr_094_removed_link_takes_its_lbsas_only),
		T(lbsas_of_a_link_come_back_with_it),
		T(lbsas_of_a_link_end_without_it),
		T(lbsa_whose_place_is_taken_does_not_come_back),
		T(thr_094_router_that_stops_without_its_link),
		T(one_address_on_two_links_is_bound_once),
		T(one_address_on_two_links_leaves_one),
		T(one_address_on_two_links_leaves_as_its_binding_comes_back),
		T(thr_094_late_result_does_not_find_a_new_link),
		T(thr_094_held_request_does_not_find_a_new_link),
		T(thr_094_neighbour_of_a_link_that_went_is_not_asked),
		T(thr_094_flap_keeps_lbsas_and_bindings),
		T(thr_094_renamed_link_is_left_and_comes_back),
		T(thr_094_new_mac_address_is_used_and_told),
		T(thr_094_nothing_is_sent_on_a_link_that_went),
		T(thr_035_proxy_advertisements_at_most_one_a_second),
		T(addresses_of_each_link),
		T(amb_128_limits_are_reported),
		O(amb_128_grants_shrink_as_the_table_fills),
		O(lke_212_reply_with_all_options_of_send),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

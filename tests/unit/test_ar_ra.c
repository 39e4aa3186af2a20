/* SPDX-License-Identifier: ISC */
/* What Router Advertisements say: RFC 4861 6.2, RFC 6275 7, RFC 8106, AMB-026. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static struct nd_msg decode(const struct arf_sent *s)
{
	struct nd_msg m;

	assert_non_null(s);
	assert_int_equal(nd_decode(&s->ip, &m), 0);
	return m;
}

/* The next advertisement, by its timer. */
static struct nd_msg next(void)
{
	arf_run(&f, 200 * LKE_SEC);
	return decode(arf_last(&f, LKE_MSG_RA));
}

static void address(uint32_t ifindex, const char *text, uint32_t valid, uint32_t preferred,
		    bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = ifindex,
					.addr = arf_addr(text),
					.prefix_len = 64,
					.removed = removed,
					.valid = valid,
					.preferred = preferred };
	arf_event(&f, &ev);
}

static void link_event(uint32_t ifindex, const char *name, uint8_t mac, uint32_t mtu)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){
		.ifindex = ifindex, .lladdr = arf_lladdr(mac), .mtu = mtu, .up = true
	};
	strcpy(ev.link.name, name);
	arf_event(&f, &ev);
}

static const struct nd_prefix *prefix(const struct nd_msg *m, const char *text)
{
	struct lke_in6 a = arf_addr(text);

	for (unsigned n = 0; n < m->prefixes; n++)
		if (in6_prefix_eq(&m->prefix[n].prefix, &a, 64))
			return &m->prefix[n];
	return NULL;
}

static void every_key(struct lke_config *cfg)
{
	struct lke_config_ar *a = &cfg->ar[0];
	static const uint8_t name[] = { 3, 'l', 'k', 'e', 4, 't', 'e', 's', 't', 0 };

	a->managed = a->other = true;
	a->hop_limit = 33;
	a->reachable_ms = 30000;
	a->retrans_ms = 1500;
	a->mtu = 1400;
	a->preference = -1;
	a->ha_preference = 7;
	a->rdnss_count = 1;
	a->rdnss[0] = arf_addr("2001:db8::53");
	a->rdnss_lifetime = 99;
	memcpy(a->dnssl, name, sizeof(name));
	a->dnssl_len = sizeof(name);
	a->prefixes = 2;
	a->prefix[0] = (struct lke_prefix){ .addr = arf_addr("2001:db8:1::"),
					    .len = 64,
					    .timed = true,
					    .valid = UINT32_MAX,
					    .preferred = 600 };
	a->prefix[1] = (struct lke_prefix){ .addr = arf_addr("2001:db8:77::"),
					    .len = 64,
					    .off_link = true,
					    .not_autonomous = true };
}

static void rfc_4861_every_field_of_the_configuration(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, every_key);
	m = next();
	assert_int_equal(m.ra_flags, ND_RA_M | ND_RA_O | ND_RA_H);
	assert_int_equal(m.cur_hop_limit, 33);
	assert_int_equal(m.reachable_ms, 30000);
	assert_int_equal(m.retrans_ms, 1500);
	assert_int_equal(m.mtu, 1400);
	assert_int_equal(m.preference, -1);
	assert_true(m.has_ha_info);
	assert_int_equal(m.ha_preference, 7);
	assert_int_equal(m.ha_lifetime, m.router_lifetime);
	assert_int_equal(m.rdnss_lifetime, 99);
	assert_int_equal(m.dnssl_len, 16); /* ten octets, zeroes to a multiple of 8 */
	assert_memory_equal(m.dnssl, "\3lke\4test\0", 10);
	assert_int_equal(m.dnssl_lifetime, 1800); /* RFC 8106: three intervals */
	assert_int_equal(m.lladdr.len, 6);
	assert_int_equal(m.prefixes, 2);
	assert_int_equal(prefix(&m, "2001:db8:1::")->valid, UINT32_MAX);
	assert_int_equal(prefix(&m, "2001:db8:1::")->preferred, 600);
	assert_int_equal(prefix(&m, "2001:db8:1::")->flags, ND_PIO_L | ND_PIO_A | ND_PIO_R);
	assert_int_equal(prefix(&m, "2001:db8:77::")->flags, 0);
}

/* AMB-065: nothing can be formed from a prefix without L and A. */
static void amb_065_prefix_without_l_and_a_is_refused_132(void **state)
{
	struct arf_mn mn = arf_mobile(1);
	struct mh_keack ack;

	arf_open(&f, LKE_PROFILE_DEFAULT, every_key);
	address(ARF_LAN, "2001:db8:77::1", 0, 0, false);
	mn.coa = arf_addr("2001:db8:77::b01");
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_NOT_HOME_SUBNET);
	mn = arf_mobile(2);
	arf_attach(&f, &mn);
}

static void rfc_6275_home_agent_information_only_when_it_says_more(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	assert_false(next().has_ha_info);
}

static void ha_info_yes(struct lke_config *cfg)
{
	cfg->ar[0].ha_info = LKE_HA_INFO_YES;
}

static void rfc_6275_home_agent_information_when_asked_for(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, ha_info_yes);
	m = next();
	assert_true(m.has_ha_info && m.ha_preference == 0);
	assert_int_equal(m.ha_lifetime, 7200);
}

static void fast(struct lke_config *cfg)
{
	cfg->ar[0].ra_max_interval_ms = 70;
	cfg->ar[0].ra_min_interval_ms = 30;
	cfg->ar[0].ra_min_delay_ms = 30;
}

static void rfc_6275_short_intervals_are_kept_and_told_20_ms_longer(void **state)
{
	lke_time last = 0;
	unsigned seen = 0;

	arf_open(&f, LKE_PROFILE_DEFAULT, fast);
	arf_run(&f, 2 * LKE_SEC);
	for (unsigned n = 0; n < f.sents; n++) {
		if (f.sent[n].msg != LKE_MSG_RA)
			continue;
		if (last)
			assert_in_range((f.sent[n].at - last) / LKE_MSEC, 30, 70);
		last = f.sent[n].at;
		seen++;
	}
	assert_in_range(seen, 28, 67);
	assert_int_equal(decode(arf_last(&f, LKE_MSG_RA)).adv_interval_ms, 90);
}

static void rfc_4861_multicast_at_most_every_3_s(void **state)
{
	lke_time last = 0;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < 20; n++) { /* something changes all the time */
		address(ARF_LAN, "2001:db8:9::1", 0, 0, n % 2);
		arf_run(&f, 300 * LKE_MSEC);
	}
	for (unsigned n = 0; n < f.sents; n++) {
		assert_true(!last || f.sent[n].at - last >= 3 * LKE_SEC);
		last = f.sent[n].at;
	}
}

static void amb_048_no_default_router_no_home_agent(struct lke_config *cfg)
{
	cfg->ar[0].router_lifetime = 0;
	cfg->ar[0].ha_info = LKE_HA_INFO_YES;
}

static void amb_048_router_lifetime_0_omits_option_6(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, amb_048_no_default_router_no_home_agent);
	m = next();
	assert_int_equal(m.router_lifetime, 0);
	assert_true(!m.has_lke && !m.has_ha_info && !(m.ra_flags & ND_RA_H));
	assert_int_equal(m.prefixes, 1);
}

static void much(struct lke_config *cfg)
{
	struct lke_config_ar *a = &cfg->ar[0];

	every_key(cfg);
	a->prefixes = LKE_MAX_PREFIXES;
	for (unsigned n = 0; n < LKE_MAX_PREFIXES; n++) {
		a->prefix[n] = (struct lke_prefix){ .addr = arf_addr("2001:db8:1::"), .len = 64 };
		a->prefix[n].addr.b[5] = (uint8_t)(LKE_MAX_PREFIXES - n);
	}
	a->rdnss_count = 3;
	a->rdnss[2] = a->rdnss[1] = a->rdnss[0];
	memset(a->dnssl, 0, sizeof(a->dnssl));
	for (unsigned n = 0; n < 250; n += 50)
		a->dnssl[n] = 48, memset(a->dnssl + n + 1, 'a', 48);
	a->dnssl_len = 250;
}

/* Splits: each part has the header, SLLA, Home Agent Information and the same R-bit prefix; option
 * 6 stands in one; nothing is lost or sent twice. */
static void amb_026_larger_than_the_mtu_is_split(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	static uint8_t spki[RSA_SPKI_MAX] = { 0x30 };
	unsigned parts = 0, keys = 0, mtus = 0, intervals = 0, names = 0, servers = 0, first;
	unsigned seen[LKE_MAX_PREFIXES + 1] = { 0 };

	arf_open(&f, LKE_PROFILE_DEFAULT, much);
	link_event(ARF_LAN, "lan", 1, 1280);
	ev.rsa_key = (struct lke_ev_rsa_key){ 9, 512, spki, sizeof(spki), 1000 };
	arf_event(&f, &ev);
	arf_run(&f, 20 * LKE_SEC);
	for (first = f.sents; first > 0 && f.sent[first - 1].at == f.sent[f.sents - 1].at;
	     first--) {
	}
	for (unsigned n = first; n < f.sents; n++) {
		struct nd_msg m = decode(&f.sent[n]);

		parts++;
		assert_true(f.sent[n].len <= IP6_MIN_MTU);
		assert_int_equal(m.router_lifetime, 7200);
		assert_true(m.ra_flags & ND_RA_H);
		assert_true(m.has_ha_info && m.ha_preference == 7);
		assert_int_equal(m.lladdr.len, 6);
		assert_true(m.prefixes > 0 && m.prefix[0].flags & ND_PIO_R);
		for (unsigned i = 0; i < m.prefixes; i++)
			seen[m.prefix[i].prefix.b[5]]++;
		keys += m.has_lke;
		mtus += m.mtu == 1400;
		intervals += m.has_adv_interval;
		names += m.dnssl_len != 0;
		servers += m.rdnss_count;
	}
	assert_int_equal(parts, 2);
	assert_int_equal(keys, 1);
	assert_int_equal(mtus, 1);
	assert_int_equal(intervals, 1);
	assert_int_equal(names, 1);
	assert_int_equal(servers, 3);
	assert_int_equal(seen[1], parts);
	for (unsigned n = 2; n <= LKE_MAX_PREFIXES; n++)
		assert_int_equal(seen[n], 1);
}

/* RFC 4861 6.2.1: the lifetimes of an address bound those of its prefix, in real time. */
static void rfc_4861_prefix_lifetimes_run_down_with_the_address(void **state)
{
	struct arf_mn mn = arf_mobile(1);
	struct nd_msg m;
	struct mh_keack ack;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	address(ARF_LAN, "2001:db8:1::1", 2000, 1000, false);
	m = next();
	assert_in_range(prefix(&m, "2001:db8:1::")->valid, 1790, 1999);
	arf_run(&f, 1000 * LKE_SEC);
	m = decode(arf_last(&f, LKE_MSG_RA));
	assert_true(prefix(&m, "2001:db8:1::")->valid < 1300);
	/* AMB-042: no LBSA outlives the prefix */
	f.neighbour = f.dad = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_ACCEPTED);
	assert_true(ack.lifetime * 4 <= 2000 - 1200 && ack.lifetime * 4 >= 780);
}

static void deprecated_address_is_told_at_once(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 300 * LKE_SEC);
	address(ARF_LAN, "2001:db8:1::1", 5000, 0, false);
	arf_run(&f, 10 * LKE_MSEC);
	m = decode(arf_last(&f, LKE_MSG_RA));
	assert_int_equal(prefix(&m, "2001:db8:1::")->preferred, 0);
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->at, f.now - 10 * LKE_MSEC);
}

static void prefix_that_left_is_deprecated_for_two_hours(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	address(ARF_LAN, "fd00:7::1", 0, 0, false);
	m = next();
	assert_int_equal(m.prefixes, 2);
	address(ARF_LAN, "fd00:7::1", 0, 0, true);
	m = next();
	assert_int_equal(m.prefixes, 2);
	assert_int_equal(prefix(&m, "fd00:7::")->preferred, 0);
	assert_in_range(prefix(&m, "fd00:7::")->valid, 6000, 7200);
	assert_false(prefix(&m, "fd00:7::")->flags & ND_PIO_R);
	arf_run(&f, 7300 * LKE_SEC);
	m = next();
	assert_int_equal(m.prefixes, 1);
	/* and it may come back */
	address(ARF_LAN, "fd00:7::1", 0, 0, false);
	address(ARF_LAN, "fd00:7::1", 0, 0, true);
	address(ARF_LAN, "fd00:7::1", 0, 0, false);
	m = next();
	assert_int_equal(m.prefixes, 2);
	assert_true(prefix(&m, "fd00:7::")->preferred > 0);
}

static void news_without_a_change_sends_nothing(void **state)
{
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 300 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_RA);
	link_event(ARF_LAN, "lan", 1, 1500);
	address(ARF_LAN, "2001:db8:1::1", 0, 0, false);
	address(ARF_UP, "2001:db8:ff::1", 1000, 1000, false);
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before);
	link_event(ARF_LAN, "lan", 9, 1500); /* another MAC address */
	arf_run(&f, 10 * LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 1);
	assert_int_equal(decode(arf_last(&f, LKE_MSG_RA)).lladdr.b[5], 9);
}

/* RFC 4861 6.2.8: another link-local address is another router; the old one withdraws. */
static void rfc_4861_change_of_the_link_local_address(void **state)
{
	struct lke_in6 old = arf_addr("fe80::a:1"), fresh = arf_addr("fe80::a:9");
	struct nd_msg m;
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 300 * LKE_SEC);
	before = f.sents;
	address(ARF_LAN, "fe80::a:9", 0, 0, false);
	assert_int_equal(f.sents, before); /* the first one is still there */
	address(ARF_LAN, "fe80::a:1", 0, 0, true);
	arf_run(&f, 10 * LKE_MSEC);
	assert_int_equal(f.sents, before + 2);
	m = decode(&f.sent[before]);
	assert_true(in6_eq(&f.sent[before].ip.src, &old));
	assert_int_equal(m.router_lifetime, 0);
	assert_false(m.has_lke);
	m = decode(&f.sent[before + 1]);
	assert_true(in6_eq(&f.sent[before + 1].ip.src, &fresh));
	assert_true(m.has_lke && m.router_lifetime > 0);
}

static void their_ra(const struct nd_msg *m)
{
	struct lke_in6 src = arf_addr("fe80::dead");
	struct lke_lladdr ll = arf_lladdr(0x77);
	uint8_t buf[1280];
	int len = nd_encode(m, &src, &in6_all_nodes, 0, buf, sizeof(buf));

	assert_true(len > 0);
	assert_int_equal(arf_feed(&f, ARF_LAN, &ll, buf, (size_t)len), 0);
}

static void rfc_4861_contradiction_of_another_router_is_reported(void **state)
{
	struct nd_msg m = { .type = ND_RA, .router_lifetime = 1800, .cur_hop_limit = 64 };

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	their_ra(&m);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 0);
	m.cur_hop_limit = 0; /* unspecified contradicts nothing */
	m.prefixes = 1;
	m.prefix[0] = (struct nd_prefix){
		.prefix = arf_addr("2001:db8:1::"), .len = 64, .valid = 86400, .preferred = 14400
	};
	their_ra(&m);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 0);
	m.prefix[0].preferred = 100;
	their_ra(&m);
	m.ra_flags = ND_RA_M;
	their_ra(&m);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_RA_INCONSISTENT), 2);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 1); /* one a minute */
	arf_run(&f, 60 * LKE_SEC);
	their_ra(&m);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(rfc_4861_every_field_of_the_configuration),
		T(amb_065_prefix_without_l_and_a_is_refused_132),
		T(rfc_6275_home_agent_information_only_when_it_says_more),
		T(rfc_6275_home_agent_information_when_asked_for),
		T(rfc_6275_short_intervals_are_kept_and_told_20_ms_longer),
		T(rfc_4861_multicast_at_most_every_3_s),
		T(amb_048_router_lifetime_0_omits_option_6),
		T(amb_026_larger_than_the_mtu_is_split),
		T(rfc_4861_prefix_lifetimes_run_down_with_the_address),
		T(deprecated_address_is_told_at_once),
		T(prefix_that_left_is_deprecated_for_two_hours),
		T(news_without_a_change_sends_nothing),
		T(rfc_4861_change_of_the_link_local_address),
		T(rfc_4861_contradiction_of_another_router_is_reported),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Router Advertisements: RFC 4861 6.2, RFC 6275 7, draft 3.1.1. */
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

static int solicit(const struct lke_in6 *src, const struct lke_lladdr *slla)
{
	struct nd_msg m = { .type = ND_RS };
	struct lke_lladdr frame = arf_lladdr(0x30);
	uint8_t buf[256];
	int len;

	if (slla)
		m.lladdr = *slla;
	len = nd_encode(&m, src, &in6_all_routers, 0, buf, sizeof(buf));
	assert_true(len > 0);
	return arf_feed(&f, ARF_LAN, &frame, buf, (size_t)len);
}

static void lke_020_ra_with_key_and_h_bit(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	/* lke_160: nothing is advertised before the key */
	for (unsigned n = 0; n < f.sents; n++) {
		m = decode(&f.sent[n]);
		assert_true(!m.has_lke && !(m.ra_flags & ND_RA_H));
	}
	arf_run(&f, 3 * LKE_SEC);
	m = decode(arf_last(&f, LKE_MSG_RA));
	assert_true(m.has_lke && (m.ra_flags & ND_RA_H));
	assert_int_equal(m.lke_max_lifetime, 7200);
	assert_true(m.lke_max_lifetime <= m.router_lifetime);
	assert_int_equal(m.prefixes, 1);
	assert_int_equal(m.prefix[0].flags, ND_PIO_L | ND_PIO_A | ND_PIO_R);
	assert_true(in6_eq(&m.prefix[0].prefix,
			   &(struct lke_in6){ { 0x20, 1, 13, 184, 0, 1, [15] = 1 } }));
	assert_true(m.has_adv_interval && m.adv_interval_ms == 600000);
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->ip.hop_limit, 255);
}

static void rfc_4861_initial_burst_then_the_interval(void **state)
{
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 3 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_RA);
	arf_run(&f, 40 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 2);
	arf_run(&f, 150 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 2);
	arf_run(&f, 600 * LKE_SEC);
	assert_in_range(arf_count(&f, LKE_MSG_RA), before + 3, before + 6);
}

static void amb_181_link_local_source_is_answered_at_once(void **state)
{
	struct lke_in6 ll = arf_addr("fe80::77");
	struct lke_lladdr slla = arf_lladdr(0x44);
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	before = arf_count(&f, LKE_MSG_RA);
	assert_int_equal(solicit(&ll, &slla), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 1);
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.dst, &ll));
	assert_memory_equal(&arf_last(&f, LKE_MSG_RA)->dst, &slla, sizeof(slla));
	assert_true(decode(arf_last(&f, LKE_MSG_RA)).has_lke);
	solicit(&ll, NULL);
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->dst.b[5], 0x30); /* the frame's source */
	for (unsigned n = 0; n < 100; n++)
		solicit(&ll, &slla);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + RA_UNICAST_RATE);
}

static void amb_181_unspecified_source_is_answered_by_multicast(void **state)
{
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 100 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_RA);
	solicit(&in6_unspecified, NULL);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before);
	arf_run(&f, MAX_RA_DELAY_TIME);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 1);
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.dst, &in6_all_nodes));
}

static void draft01_solicited_ra_is_delayed(void **state)
{
	struct lke_in6 ll = arf_addr("fe80::77");
	unsigned before;

	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	arf_run(&f, 100 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_RA);
	solicit(&ll, NULL);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before);
	arf_run(&f, MAX_RA_DELAY_TIME);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before + 1);
}

static void lke_off(struct lke_config *cfg)
{
	cfg->ar[0].lke = false;
}

static void lke_098_without_lke_neither_h_nor_option_6(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, lke_off);
	arf_run(&f, 100 * LKE_SEC);
	for (unsigned n = 0; n < f.sents; n++) {
		struct nd_msg m = decode(&f.sent[n]);

		assert_true(!m.has_lke && !m.has_ha_info && !(m.ra_flags & ND_RA_H));
	}
}

static void short_lifetimes(struct lke_config *cfg)
{
	cfg->ar[0].router_lifetime = 1800;
	cfg->ar[0].ha_lifetime = 900;
	cfg->ar[0].mtu = 1400;
	cfg->ar[0].preference = 1;
}

static void lke_102_maximum_lifetime_is_bounded(void **state)
{
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, short_lifetimes);
	arf_run(&f, 3 * LKE_SEC);
	m = decode(arf_last(&f, LKE_MSG_RA));
	assert_int_equal(m.lke_max_lifetime, 900);
	assert_int_equal(m.ha_lifetime, 900);
	assert_int_equal(m.router_lifetime, 1800);
	assert_int_equal(m.mtu, 1400);
	assert_int_equal(m.preference, 1);
}

static void many_prefixes(struct lke_config *cfg)
{
	cfg->ar[0].prefixes = LKE_MAX_PREFIXES;
	for (unsigned n = 0; n < LKE_MAX_PREFIXES; n++) {
		cfg->ar[0].prefix[n].addr = arf_addr("2001:db8:1::");
		cfg->ar[0].prefix[n].addr.b[5] = (uint8_t)(n + 1);
		cfg->ar[0].prefix[n].len = 64;
	}
	cfg->ar[0].rdnss_count = 3;
}

static void amb_026_largest_ra_fits_1280(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	static uint8_t spki[RSA_SPKI_MAX] = { 0x30 };
	struct nd_msg m;

	arf_open(&f, LKE_PROFILE_DEFAULT, many_prefixes);
	ev.rsa_key = (struct lke_ev_rsa_key){ 9, 512, spki, sizeof(spki), 1000 };
	arf_event(&f, &ev);
	arf_run(&f, 3 * LKE_SEC);
	m = decode(arf_last(&f, LKE_MSG_RA));
	assert_true(arf_last(&f, LKE_MSG_RA)->len <= IP6_MIN_MTU);
	assert_int_equal(m.prefixes, LKE_MAX_PREFIXES);
	assert_int_equal(m.rdnss_count, 3);
	assert_true(m.has_lke && m.lke_key_len >= sizeof(spki));
}

static void rfc_4861_final_ra_on_stop(void **state)
{
	const struct lke_action *a;
	struct nd_msg m;
	struct ip6_info i;
	bool seen = false;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, LKE_SEC);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e))) {
		if (a->type != LKE_ACT_SEND)
			continue;
		assert_int_equal(ip6_parse(a->send.data, a->send.len, &i), 0);
		assert_int_equal(nd_decode(&i, &m), 0);
		assert_int_equal(m.router_lifetime, 0);
		assert_false(m.has_lke);
		seen = true;
	}
	assert_true(seen);
}

/* draft01 differs: AMB-181. */
static const char *const default_only[] = {
	"amb_181_link_local_source_is_answered_at_once",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(lke_020_ra_with_key_and_h_bit),
		T(rfc_4861_initial_burst_then_the_interval),
		T(amb_181_link_local_source_is_answered_at_once),
		T(amb_181_unspecified_source_is_answered_by_multicast),
		T(draft01_solicited_ra_is_delayed),
		T(lke_098_without_lke_neither_h_nor_option_6),
		T(lke_102_maximum_lifetime_is_bounded),
		T(amb_026_largest_ra_fits_1280),
		T(rfc_4861_final_ra_on_stop),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

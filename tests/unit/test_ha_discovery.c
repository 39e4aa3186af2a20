/* SPDX-License-Identifier: ISC */
/* Dynamic Home Agent Address Discovery and Router Advertisements of a home agent: RFC 6275 section
 * 7, 8.4, 10.5. */
#include "ha_fixture.h"

#define ANYCAST "2001:db8:1:0:fdff:ffff:ffff:fffe"

static int ask_as(struct fx *f, const char *src, const char *dst, uint16_t id, const char *home)
{
	struct lke_in6 h = home ? ip(home) : in6_unspecified;
	struct hadisc m = { .type = HADISC_REQUEST, .id = id };
	struct ip6_out o = { .src = ip(src), .dst = ip(dst), .hop_limit = 60 };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));

	o.hao = home ? &h : NULL;
	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, home ? &h : &o.src, &o.dst);
	ip6_end(&w);
	return fx_frame(f, WAN_IF, buf, w.off);
}

static int ask(struct fx *f, const char *src, const char *dst, uint16_t id)
{
	return ask_as(f, src, dst, id, NULL);
}

/* Another home agent fe80::n with one address. */
static int home_agent(struct fx *f, const char *ll, uint16_t preference, uint16_t lifetime,
		      const char *addr)
{
	struct nd_msg m = fx_ra_msg(0);

	m.ra_flags = ND_RA_H;
	m.has_ha_info = true;
	m.ha_preference = preference;
	m.ha_lifetime = lifetime;
	fx_ra_prefix(&m, addr, ND_PIO_R, 3600, 3600);
	return fx_ra(f, ll, &m);
}

static void rfc6275_10_5_reply_to_the_care_of_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(ask(&f, "2001:db8:5::7", ANYCAST, 0x4711), 0);
	assert_int_equal(f.discoveries, 1);
	assert_int_equal(f.discovery.id, 0x4711);
	assert_int_equal(f.discovery.agents, 1);
	assert_true(same(&f.discovery.agent[0], "2001:db8:1::1"));
	assert_true(same(&f.discovery_ip.src, "2001:db8:1::1"));
	assert_true(same(&f.discovery_ip.dst, "2001:db8:5::7"));
	assert_int_equal(f.discovery_send.ifindex, 0);
	fx_end(&f);
}

static void rfc6275_10_5_requests_to_other_addresses_are_not_ours(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	ask(&f, "2001:db8:5::7", "2001:db8:1::1", 1);
	ask(&f, "2001:db8:5::7", "2001:db8:9:0:fdff:ffff:ffff:fffe", 1);
	assert_int_equal(ask(&f, "2001:db8:1::1", ANYCAST, 1), -LKE_DROP_SCOPE_ADDRESS);
	assert_int_equal(ask(&f, "fe80::7", ANYCAST, 1), -LKE_DROP_SCOPE_ADDRESS);
	assert_int_equal(f.discoveries, 0);
	f.frame[f.frame_len - 1] ^= 1;
	assert_int_equal(fx_frame(&f, WAN_IF, f.frame, f.frame_len), -LKE_DROP_CHECKSUM);
	fx_end(&f);
}

/* RFC 6275 11.4.1: a request comes from the care-of address, without a home address. */
static void rfc6275_10_5_request_with_a_home_address_is_dropped(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(ask_as(&f, "2001:db8:5::7", ANYCAST, 1, "2001:db8:1::b01"), -LKE_DROP_HAO);
	assert_int_equal(ask_as(&f, "2001:db8:5::7", ANYCAST, 1, "2001:db8:7::7"), -LKE_DROP_HAO);
	assert_int_equal(f.discoveries, 0);
	assert_int_equal(ask(&f, "2001:db8:5::7", ANYCAST, 1), 0);
	assert_int_equal(f.discoveries, 1);
	fx_end(&f);
}

static void rfc6275_10_5_replies_are_limited(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	for (uint16_t n = 0; n < 100; n++)
		ask(&f, "2001:db8:5::7", ANYCAST, n);
	assert_int_equal(f.discoveries, DISCOVERY_RATE);
	fx_wait(&f, LKE_SEC);
	assert_int_equal(ask(&f, "2001:db8:5::7", ANYCAST, 1), 0);
	fx_end(&f);
}

static void rfc6275_10_5_1_list_follows_the_advertisements(void **state)
{
	struct nd_msg plain = fx_ra_msg(1800);
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.preference = 5;
	fx_start(&f);
	home_agent(&f, "fe80::a", 9, 100, "2001:db8:1::a");
	home_agent(&f, "fe80::b", 1, 100, "2001:db8:1::b");
	home_agent(&f, "fe80::c", 3, 50, "2001:db8:1::c");
	ask(&f, "2001:db8:5::7", ANYCAST, 1);
	assert_int_equal(f.discovery.agents, 4);
	assert_true(same(&f.discovery.agent[0], "2001:db8:1::a"));
	assert_true(same(&f.discovery.agent[1], "2001:db8:1::1"));
	assert_true(same(&f.discovery.agent[2], "2001:db8:1::c"));
	assert_true(same(&f.discovery.agent[3], "2001:db8:1::b"));
	/* Lifetime over; lifetime 0; no H bit any more. */
	fx_wait(&f, 60 * LKE_SEC);
	home_agent(&f, "fe80::a", 9, 0, "2001:db8:1::a");
	fx_ra(&f, "fe80::b", &plain);
	ask(&f, "2001:db8:5::7", ANYCAST, 2);
	assert_int_equal(f.discovery.agents, 1);
	/* Without the option: preference 0 and the Router Lifetime. */
	plain.ra_flags = ND_RA_H;
	fx_ra_prefix(&plain, "2001:db8:1::b", ND_PIO_R, 3600, 3600);
	fx_ra(&f, "fe80::b", &plain);
	fx_wait(&f, 1799 * LKE_SEC);
	ask(&f, "2001:db8:5::7", ANYCAST, 3);
	assert_int_equal(f.discovery.agents, 2);
	assert_true(same(&f.discovery.agent[1], "2001:db8:1::b"));
	fx_wait(&f, LKE_SEC);
	ask(&f, "2001:db8:5::7", ANYCAST, 3);
	assert_int_equal(f.discovery.agents, 1);
	fx_end(&f);
}

static void rfc6275_10_5_1_equals_come_in_random_order(void **state)
{
	unsigned first[3] = { 0 };
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.preference = 7;
	fx_start(&f);
	home_agent(&f, "fe80::a", 7, 9000, "2001:db8:1::a");
	home_agent(&f, "fe80::b", 7, 9000, "2001:db8:1::b");
	for (unsigned n = 0; n < 600; n++) {
		fx_wait(&f, LKE_SEC);
		ask(&f, "2001:db8:5::7", ANYCAST, 1);
		assert_int_equal(f.discovery.agents, 3);
		first[same(&f.discovery.agent[0], "2001:db8:1::a")   ? 0
		      : same(&f.discovery.agent[0], "2001:db8:1::b") ? 1
								     : 2]++;
	}
	for (unsigned n = 0; n < 3; n++)
		assert_in_range(first[n], 140, 260);
	fx_end(&f);
}

static void rfc6275_10_5_1_list_and_reply_are_bounded(void **state)
{
	char ll[32], addr[32];
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	for (unsigned n = 0; n < 200; n++) {
		snprintf(ll, sizeof(ll), "fe80::%x", n + 0x100);
		snprintf(addr, sizeof(addr), "2001:db8:1::%x", n + 0x100);
		home_agent(&f, ll, 1, 9000, addr);
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 200 - HA_AGENTS_MAX);
	ask(&f, "2001:db8:5::7", ANYCAST, 1);
	assert_int_equal(f.discovery.agents, HADISC_AGENTS_MAX);
	assert_true(f.discovery_ip.len <= IP6_MIN_MTU);
	/* An advertisement from elsewhere than the home link is not heard. */
	fx_end(&f);
}

static int solicit_anycast(struct fx *f, const char *src)
{
	struct nd_msg m = { .type = ND_NS,
			    .target = ip(ANYCAST),
			    .lladdr = { 6, { 2, 0, 0, 0, 9, 9 } } };
	struct lke_in6 from = ip(src), to = in6_solicited_node(&m.target);
	uint8_t buf[256];
	int len = nd_encode(&m, &from, &to, 0, buf, sizeof(buf));

	assert_true(len > 0);
	return fx_frame(f, HOME_IF, buf, (size_t)len);
}

static void rfc4861_7_2_7_anycast_address_is_resolved_without_override(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(solicit_anycast(&f, "fe80::9"), 0);
	for (unsigned n = 0; n < 20; n++)
		solicit_anycast(&f, "fe80::9");
	fx_wait(&f, MAX_ANYCAST_DELAY_TIME);
	assert_int_equal(f.nas, HA_ASKERS_MAX);
	assert_int_equal(f.na.na_flags, ND_NA_S);
	assert_true(same(&f.na.target, ANYCAST));
	assert_int_equal(f.na.lladdr.b[5], HOME_IF);
	fx_end(&f);
}

static void rfc6275_10_5_anycast_goes_with_our_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_addr(&f, HOME_IF, "2001:db8:1::1", true);
	assert_string_equal(f.order, "S-S-G-P-");
	assert_int_equal(ask(&f, "2001:db8:5::7", ANYCAST, 1), -LKE_DROP_NOT_OURS);
	fx_end(&f);
}

static void discovery_can_be_switched_off(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.discovery = false;
	fx_start(&f);
	assert_int_equal(ask(&f, "2001:db8:5::7", ANYCAST, 1), -LKE_DROP_NOT_OURS);
	fx_end(&f);
}

static void rfc6275_7_4_home_agent_that_is_no_router(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.preference = 0x1234;
	f.cfg.ha.advertise = LKE_HA_ADVERTISE_HOME_AGENT;
	fx_start(&f);
	fx_wait(&f, 4 * LKE_SEC);
	assert_true(f.ras > 0);
	assert_int_equal(f.ra.ra_flags, ND_RA_H);
	assert_int_equal(f.ra.router_lifetime, 0);
	assert_int_equal(f.ra.cur_hop_limit, 0);
	assert_true(f.ra.has_ha_info);
	assert_int_equal(f.ra.ha_preference, 0x1234);
	assert_int_equal(f.ra.ha_lifetime, 1800);
	assert_int_equal(f.ra.prefixes, 1);
	assert_int_equal(f.ra.prefix[0].flags, ND_PIO_R);
	assert_true(same(&f.ra.prefix[0].prefix, "2001:db8:1::1"));
	assert_false(f.ra.has_lke);
	/* The end is told: no home agent any more. */
	lke_engine_stop(f.e, f.now);
	fx_drain(&f);
	assert_int_equal(f.ra.ha_lifetime, 0);
	assert_int_equal(f.ra.router_lifetime, 0);
	fx_end(&f);
}

static void rfc6275_7_4_full_is_the_router_of_the_link(void **state)
{
	struct lke_in6 from = ip("fe80::9");
	struct nd_msg rs = { .type = ND_RS, .lladdr = { 6, { 2, 0, 0, 0, 9, 9 } } };
	uint8_t buf[128];
	unsigned before;
	struct fx f;
	int len;

	(void)state;
	fx_config(&f);
	f.cfg.ha.advertise = LKE_HA_ADVERTISE_FULL;
	fx_start(&f);
	fx_wait(&f, 60 * LKE_SEC);
	assert_int_equal(f.ra.router_lifetime, 1800);
	assert_int_equal(f.ra.prefix[0].flags, ND_PIO_L | ND_PIO_A | ND_PIO_R);
	assert_int_equal(f.ra.prefix[0].valid, 2592000);
	assert_int_equal(f.ra.prefix[0].preferred, 604800);
	before = f.ras;
	len = nd_encode(&rs, &from, &in6_all_routers, 0, buf, sizeof(buf));
	fx_frame(&f, HOME_IF, buf, (size_t)len);
	fx_wait(&f, MAX_RA_DELAY_TIME);
	assert_int_equal(f.ras, before + 1);
	fx_end(&f);
}

static void advertise_no_is_silent(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.advertise = LKE_HA_ADVERTISE_NO;
	fx_start(&f);
	fx_wait(&f, 3600 * LKE_SEC);
	assert_int_equal(f.ras, 0);
	fx_end(&f);
}

static int outgoing(struct fx *f, const char *src, const struct nd_msg *m)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	struct lke_in6 from = ip(src);
	uint8_t buf[1280];
	int len = nd_encode(m, &from, &in6_all_nodes, 0, buf, sizeof(buf));

	ev.packet = (struct lke_ev_packet){ .ifindex = HOME_IF,
					    .src_ll = { 6, { 2, 0, 0, 0, 0, HOME_IF } },
					    .data = buf,
					    .len = (size_t)len,
					    .outgoing = true };
	return fx_event(f, &ev);
}

static void rfc6275_7_4_augment_follows_the_daemon_beside_us(void **state)
{
	struct nd_msg m = fx_ra_msg(1234);
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	/* Without such a daemon we say nothing: it could end its default route. */
	fx_wait(&f, 3600 * LKE_SEC);
	assert_int_equal(f.ras, 0);
	m.cur_hop_limit = 32;
	m.preference = 1;
	m.ra_flags = ND_RA_O;
	fx_ra_prefix(&m, "2001:db8:1::", ND_PIO_L | ND_PIO_A, 5000, 4000);
	assert_int_equal(outgoing(&f, "fe80::1", &m), 0);
	assert_int_equal(f.ras, 1);
	assert_int_equal(f.ra.router_lifetime, 1234);
	assert_int_equal(f.ra.cur_hop_limit, 32);
	assert_int_equal(f.ra.preference, 1);
	assert_int_equal(f.ra.ra_flags, ND_RA_O | ND_RA_H);
	assert_int_equal(f.ra.ha_lifetime, 1800);
	assert_int_equal(f.ra.prefix[0].flags, ND_PIO_R);
	assert_int_equal(f.ra.prefix[0].valid, 5000);
	/* Another router of this host, or another host. */
	assert_int_equal(outgoing(&f, "fe80::2", &m), -LKE_DROP_NOT_OURS);
	fx_ra(&f, "fe80::a", &m);
	assert_int_equal(f.ras, 1);
	/* The end of the home agent leaves the router alone. */
	lke_engine_stop(f.e, f.now);
	fx_drain(&f);
	assert_int_equal(f.ra.ha_lifetime, 0);
	assert_int_equal(f.ra.router_lifetime, 1234);
	fx_end(&f);
}

static void rfc4861_6_2_4_three_times_soon_then_in_the_interval(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.advertise = LKE_HA_ADVERTISE_HOME_AGENT;
	fx_start(&f);
	fx_wait(&f, 33 * LKE_SEC);
	assert_in_range(f.ras, 3, 4);
	f.ras = 0;
	fx_wait(&f, 6000 * LKE_SEC);
	assert_in_range(f.ras, 9, 31);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6275_10_5_reply_to_the_care_of_address),
		cmocka_unit_test(rfc6275_10_5_requests_to_other_addresses_are_not_ours),
		cmocka_unit_test(rfc6275_10_5_request_with_a_home_address_is_dropped),
		cmocka_unit_test(rfc6275_10_5_replies_are_limited),
		cmocka_unit_test(rfc6275_10_5_1_list_follows_the_advertisements),
		cmocka_unit_test(rfc6275_10_5_1_equals_come_in_random_order),
		cmocka_unit_test(rfc6275_10_5_1_list_and_reply_are_bounded),
		cmocka_unit_test(rfc4861_7_2_7_anycast_address_is_resolved_without_override),
		cmocka_unit_test(rfc6275_10_5_anycast_goes_with_our_address),
		cmocka_unit_test(discovery_can_be_switched_off),
		cmocka_unit_test(rfc6275_7_4_home_agent_that_is_no_router),
		cmocka_unit_test(rfc6275_7_4_augment_follows_the_daemon_beside_us),
		cmocka_unit_test(rfc6275_7_4_full_is_the_router_of_the_link),
		cmocka_unit_test(advertise_no_is_silent),
		cmocka_unit_test(rfc4861_6_2_4_three_times_soon_then_in_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

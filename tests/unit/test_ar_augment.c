/* SPDX-License-Identifier: ISC */
/* Advertise = augment: beside another daemon's Router Advertisements. */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static void augment(struct lke_config *cfg)
{
	struct lke_config_ar *a = &cfg->ar[0];

	a->advertise = LKE_ADVERTISE_AUGMENT;
	a->mtu = 1400;
	a->rdnss_count = 1;
	a->rdnss[0] = arf_addr("2001:db8::53");
	a->router_lifetime = 9000;
	a->managed = true;
}

/* What radvd with the least of a configuration sends. */
static struct nd_msg plain_ra(void)
{
	struct nd_msg m = { .type = ND_RA,
			    .lladdr = arf_lladdr(1),
			    .cur_hop_limit = 61,
			    .ra_flags = ND_RA_O,
			    .preference = 1,
			    .router_lifetime = 1800,
			    .reachable_ms = 1000,
			    .retrans_ms = 2000,
			    .mtu = 1492,
			    .prefixes = 1 };

	m.prefix[0] = (struct nd_prefix){ .prefix = arf_addr("2001:db8:1::"),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A,
					  .valid = 3000,
					  .preferred = 2000 };
	return m;
}

static int send_from(const struct nd_msg *m, const char *src, const struct lke_in6 *dst, bool out)
{
	struct lke_in6 from = arf_addr(src);
	uint8_t buf[1280];
	struct lke_event ev = { .type = LKE_EV_PACKET };
	int len = nd_encode(m, &from, dst, 0, buf, sizeof(buf));

	assert_true(len > 0);
	if (!out) {
		struct lke_lladdr ll = arf_lladdr(0x66);

		return arf_feed(&f, ARF_LAN, &ll, buf, (size_t)len);
	}
	ev.packet = (struct lke_ev_packet){ .ifindex = ARF_LAN,
					    .src_ll = arf_lladdr(1),
					    .data = buf,
					    .len = (size_t)len,
					    .outgoing = true };
	arf_event(&f, &ev);
	return 0;
}

static void radvd(const struct nd_msg *m)
{
	(void)send_from(m, "fe80::a:1", &in6_all_nodes, true);
}

static void solicit(const struct lke_in6 *src)
{
	struct nd_msg m = { .type = ND_RS };
	struct lke_lladdr frame = arf_lladdr(0x30);
	uint8_t buf[256];
	int len = nd_encode(&m, src, &in6_all_routers, 0, buf, sizeof(buf));

	assert_int_equal(arf_feed(&f, ARF_LAN, &frame, buf, (size_t)len), 0);
}

static struct nd_msg last(void)
{
	struct nd_msg m;

	assert_non_null(arf_last(&f, LKE_MSG_RA));
	assert_int_equal(nd_decode(&arf_last(&f, LKE_MSG_RA)->ip, &m), 0);
	return m;
}

static void augment_says_nothing_alone(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	solicit(&mn);
	arf_run(&f, 1000 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
}

static void augment_copies_flags_and_lifetimes_and_adds_lke(void **state)
{
	struct nd_msg m = plain_ra(), r;

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	r = last();
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.src,
			   &(struct lke_in6){ { 0xfe, 0x80, [13] = 10, [15] = 1 } }));
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.dst, &in6_all_nodes));
	assert_int_equal(r.ra_flags, ND_RA_O | ND_RA_H);
	assert_int_equal(r.cur_hop_limit, 61);
	assert_int_equal(r.preference, 1);
	assert_int_equal(r.router_lifetime, 1800);
	assert_int_equal(r.reachable_ms, 1000);
	assert_int_equal(r.retrans_ms, 2000);
	assert_int_equal(r.lladdr.len, 6);
	assert_true(r.has_lke);
	assert_int_equal(r.lke_max_lifetime, 1800); /* draft 3.1.1: never above Router Lifetime */
	assert_int_equal(r.prefixes, 1);
	assert_int_equal(r.prefix[0].flags, ND_PIO_L | ND_PIO_A | ND_PIO_R);
	assert_int_equal(r.prefix[0].valid, 3000);
	assert_int_equal(r.prefix[0].preferred, 2000);
	/* the rest is the other daemon's to say */
	assert_true(r.mtu == 0 && r.rdnss_count == 0 && !r.has_adv_interval && !r.has_ha_info);
}

static void augment_follows_every_advertisement_and_change(void **state)
{
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	/* LKE-102: lowered at run time */
	m.router_lifetime = 700;
	m.has_ha_info = true;
	m.ra_flags = ND_RA_H;
	m.ha_lifetime = 500;
	m.ha_preference = 3;
	m.prefix[0].valid = m.prefix[0].preferred = 900;
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	assert_int_equal(last().router_lifetime, 700);
	assert_int_equal(last().lke_max_lifetime, 500);
	assert_true(last().has_ha_info && last().ha_lifetime == 500 && last().ha_preference == 3);
	assert_int_equal(last().prefix[0].valid, 900);
}

static void augment_grants_nothing_longer_than_it_advertises(void **state)
{
	struct arf_mn mn = arf_mobile(1);
	struct nd_msg m = plain_ra();
	struct mh_keack ack;

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	m.router_lifetime = 100;
	radvd(&m);
	f.neighbour = f.dad = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_ACCEPTED);
	assert_true(ack.lifetime <= 25);
}

static void augment_solicitation_is_answered_at_once(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.dst, &mn));
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->dst.b[5], 0x30);
	assert_true(last().has_lke);
	solicit(&in6_unspecified); /* that one gets multicast, behind the other daemon's */
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
}

/* The first solicitation of all: answered as soon as the other daemon has answered. */
static void augment_first_solicitation_waits_for_the_other_daemon(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
	arf_run(&f, 300 * LKE_MSEC);
	(void)send_from(&m, "fe80::a:1", &mn, true); /* by unicast */
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	assert_true(in6_eq(&arf_last(&f, LKE_MSG_RA)->ip.dst, &mn));
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->dst.b[5], 0x30);
	(void)send_from(&m, "fe80::a:1", &mn, true);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
}

static void augment_final_advertisement_ends_it(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	m.router_lifetime = 0;
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 1);
	solicit(&mn);
	arf_run(&f, 100 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	m.router_lifetime = 1800; /* it is back */
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 3);
}

/* kill -9: it says nothing any more, and answers no solicitation. */
static void augment_silent_end_is_noticed(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	arf_run(&f, 300 * LKE_SEC);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 1);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	/* and without any solicitation at the end of its Router Lifetime */
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 3 + 0);
	arf_run(&f, 1800 * LKE_SEC);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 3);
}

static void augment_ignores_what_others_send(void **state)
{
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	(void)send_from(&m, "fe80::a:1", &in6_all_nodes, false); /* forged, from the link */
	(void)send_from(&m, "fe80::a:99", &in6_all_nodes, true); /* another router of this host */
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
	m.type = ND_RS;
	(void)send_from(&m, "fe80::a:1", &in6_all_routers, true);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
}

static void augment_leaves_the_router_to_the_other_daemon(void **state)
{
	const struct lke_action *a;
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DEFAULT, augment);
	radvd(&m);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e)))
		assert_int_not_equal(a->type, LKE_ACT_SEND);
}

static void full_mode_takes_no_notice_of_outgoing_advertisements(void **state)
{
	struct nd_msg m = plain_ra();
	unsigned before;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_run(&f, 100 * LKE_SEC);
	before = arf_count(&f, LKE_MSG_RA);
	radvd(&m);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), before);
}

/* RFC 4861 6.2.6 in draft01: the answer comes behind the other daemon's. */
static void draft01_augment_answers_behind_the_other_daemon(void **state)
{
	struct lke_in6 mn = arf_addr("fe80::77");
	struct nd_msg m = plain_ra();

	arf_open(&f, LKE_PROFILE_DRAFT01, augment);
	radvd(&m);
	solicit(&mn);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	(void)send_from(&m, "fe80::a:1", &mn, true);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	assert_true(last().has_lke);
}

/* draft01 differs: AMB-181: the first answer comes behind the other daemon. */
static const char *const default_only[] = {
	"augment_solicitation_is_answered_at_once",
	"augment_final_advertisement_ends_it",
	"augment_silent_end_is_noticed",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(augment_says_nothing_alone),
		T(augment_copies_flags_and_lifetimes_and_adds_lke),
		T(augment_follows_every_advertisement_and_change),
		T(augment_grants_nothing_longer_than_it_advertises),
		T(augment_solicitation_is_answered_at_once),
		T(augment_first_solicitation_waits_for_the_other_daemon),
		T(augment_final_advertisement_ends_it),
		T(augment_silent_end_is_noticed),
		T(augment_ignores_what_others_send),
		T(augment_leaves_the_router_to_the_other_daemon),
		T(full_mode_takes_no_notice_of_outgoing_advertisements),
		T(draft01_augment_answers_behind_the_other_daemon),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

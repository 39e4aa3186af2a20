/* SPDX-License-Identifier: ISC */
/* What attackers try at a home agent; named after the list of threats (docs/CONFORMANCE.md). */
#include "ha_fixture.h"

/* The binding and the floor are what they were, and the next honest update succeeds. */
static void unchanged(struct fx *f, uint16_t next)
{
	const struct binding *b = binding_find(f->e, &f->mobile[0].home);

	assert_non_null(b);
	assert_true(same(&b->coa, "2001:db8:5::7"));
	assert_null(binding_find(f->e, &f->mobile[1].home));
	assert_int_equal(fx_bu(f, (struct bu){ .seq = next, .lifetime = 100 }), 0);
	assert_int_equal(f->ba.status, STATUS_ACCEPTED);
	assert_int_equal(f->ba.seq, next);
}

static void begin(struct fx *f)
{
	fx_config(f);
	fx_start(f);
	fx_register(f, 10);
	f->bas = f->bes = 0;
}

/* ESP of mobile `signer` over any octets as a Mobility Header. */
static int feed(struct fx *f, unsigned signer, const uint8_t *mh, size_t len, uint8_t next,
		const char *src)
{
	struct ip6_out o = { .src = ip(src),
			     .dst = ip("2001:db8:1::1"),
			     .hop_limit = 60,
			     .hao = &f->mobile[0].home };
	uint8_t buf[600];
	int n = sa_protect_proto(f->e, &f->sender[signer], &o, next, mh, len, buf, sizeof(buf));

	assert_true(n > 0);
	return fx_frame(f, WAN_IF, buf, (size_t)n);
}

static void thr_055_update_without_good_integrity_changes_nothing(void **state)
{
	struct fx f;

	(void)state;
	begin(&f);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9, .src = "2001:db8:66::6", .sa = 2 });
	assert_int_equal(f.bas, 0);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 100 });
	f.bas = 0;
	/* One octet of the ICV, the ICV cut short, none of it. */
	f.frame[f.frame_len - 1] ^= 1;
	assert_int_equal(fx_frame(&f, WAN_IF, f.frame, f.frame_len), -LKE_DROP_ESP_ICV);
	for (size_t cut = 1; cut <= 16; cut++) {
		uint8_t buf[512];
		size_t payload = f.frame_len - IP6_HDR_LEN - cut;

		memcpy(buf, f.frame, f.frame_len);
		buf[4] = (uint8_t)(payload >> 8);
		buf[5] = (uint8_t)payload;
		assert_true(fx_frame(&f, WAN_IF, buf, f.frame_len - cut) < 0);
	}
	assert_int_equal(f.bas + f.bes, 0);
	unchanged(&f, 12);
	fx_end(&f);
}

static void thr_057_replays_get_135_with_and_without_the_a_bit(void **state)
{
	uint8_t mh[32];
	struct mh_bu m = { .seq = 11,
			   .lifetime = 100,
			   .flags = BU_H,
			   .has_alt_coa = true,
			   .alt_coa = ip("2001:db8:5::7") };
	struct wr w = wr_init(mh, sizeof(mh));
	struct lke_in6 agent = ip("2001:db8:1::1");
	uint8_t recorded[512];
	size_t len;
	struct fx f;

	(void)state;
	begin(&f);
	mh_bu_encode(&w, &m, false);
	mh_set_checksum(&w, 0, &f.mobile[0].home, &agent);
	/* Without A: acknowledged all the same (RFC 6275 10.3.1). */
	assert_int_equal(feed(&f, 0, mh, w.off, IP6_NH_MH, "2001:db8:5::7"), 0);
	assert_int_equal(f.bas, 1);
	len = f.frame_len;
	memcpy(recorded, f.frame, len);
	for (unsigned n = 0; n < 5; n++) {
		assert_int_equal(fx_frame(&f, WAN_IF, recorded, len), -LKE_DROP_SEQUENCE);
		assert_int_equal(f.ba.status, STATUS_SEQUENCE);
		assert_int_equal(f.ba.seq, 11);
	}
	unchanged(&f, 12);
	fx_end(&f);
}

static void thr_059_replay_after_deregistration_and_expiry(void **state)
{
	uint8_t recorded[512];
	size_t len;
	struct fx f;

	(void)state;
	begin(&f);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 100 });
	len = f.frame_len;
	memcpy(recorded, f.frame, len);
	fx_bu(&f, (struct bu){ .seq = 12, .lifetime = 0 });
	assert_int_equal(fx_frame(&f, WAN_IF, recorded, len), -LKE_DROP_SEQUENCE);
	fx_bu(&f, (struct bu){ .seq = 13, .lifetime = 4 });
	fx_wait(&f, 60 * LKE_SEC);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_int_equal(fx_frame(&f, WAN_IF, recorded, len), -LKE_DROP_SEQUENCE);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void thr_064_no_circle_of_care_of_addresses(void **state)
{
	struct fx f;

	(void)state;
	begin(&f);
	/* Each other's home address, its own, the home agent's. */
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9, .alt = "2001:db8:1::b02" });
	assert_int_equal(f.ba.status, STATUS_INVALID_COA);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9, .alt = "2001:db8:1::1" });
	assert_int_equal(f.ba.status, STATUS_INVALID_COA);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9, .alt = "2001:db8:9::1" });
	assert_int_equal(f.ba.status, STATUS_INVALID_COA);
	unchanged(&f, 11);
	/* The home address itself is a return (RFC 6275 9.5.1). */
	assert_int_equal(
		fx_bu(&f, (struct bu){ .seq = 12, .lifetime = 9, .alt = "2001:db8:1::b01" }), 0);
	assert_int_equal(f.ba.lifetime, 0);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void thr_066_no_lifetime_is_for_ever(void **state)
{
	struct fx f;

	(void)state;
	begin(&f);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 0xffff });
	assert_int_equal(f.ba.lifetime, 3600 / LIFETIME_UNIT);
	fx_wait(&f, 3600 * LKE_SEC);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void thr_067_deregistration_needs_the_keys(void **state)
{
	struct lke_in6 home, agent = ip("2001:db8:1::1");
	struct ip6_out o = { .dst = agent, .hop_limit = 60 };
	struct mh_bu m = { .seq = 11, .lifetime = 0, .flags = BU_A | BU_H };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off;
	struct fx f;

	(void)state;
	begin(&f);
	home = f.mobile[0].home;
	o.src = home; /* as if it had returned */
	off = ip6_begin(&w, &o, IP6_NH_MH);
	mh_bu_encode(&w, &m, false);
	mh_set_checksum(&w, off, &home, &agent);
	ip6_end(&w);
	assert_int_equal(fx_frame(&f, HOME_IF, buf, w.off), -LKE_DROP_ESP_MISSING);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 0, .sa = 2 }),
			 -LKE_DROP_ESP_SELECTOR);
	assert_int_equal(f.bas + f.bes, 0);
	unchanged(&f, 11);
	fx_end(&f);
}

static void thr_068_other_authorisations_in_a_home_registration(void **state)
{
	struct lke_in6 agent = ip("2001:db8:1::1");
	struct fx f;

	(void)state;
	begin(&f);
	for (unsigned n = 0; n < 2; n++) {
		struct mh_bu m = { .seq = 11, .lifetime = 100, .flags = BU_A | BU_H };
		uint8_t mh[64] = { 0 };
		struct wr w = wr_init(mh, sizeof(mh));

		mh_bu_encode(&w, &m, n == 0); /* Binding Authorization Data */
		if (n == 1) {
			/* Nonce Indices: type 4, length 4, in place of padding. */
			static const uint8_t option[] = { 4, 4, 0, 1, 0, 2, 1, 4, 0, 0, 0, 0 };

			w.off = 12;
			wr_bytes(&w, option, sizeof(option));
			mh[1] = (uint8_t)(w.off / 8 - 1);
		}
		mh_set_checksum(&w, 0, &f.mobile[0].home, &agent);
		assert_int_equal(feed(&f, 0, mh, w.off, IP6_NH_MH, "2001:db8:5::7"),
				 -LKE_DROP_MH_OPTION);
	}
	assert_int_equal(f.bas, 0); /* AMB-177 */
	unchanged(&f, 11);
	fx_end(&f);
}

static void thr_071_one_update_on_two_interfaces(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 100 });
	assert_int_equal(fx_frame(&f, HOME_IF, f.frame, f.frame_len), -LKE_DROP_HELD);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.nss, 1);
	assert_int_equal(f.bas, 1);
	assert_int_equal(fx_frame(&f, HOME_IF, f.frame, f.frame_len), -LKE_DROP_SEQUENCE);
	fx_end(&f);
}

static void thr_074_tunnelled_signalling_is_not_signalling(void **state)
{
	struct lke_in6 coa = ip("2001:db8:5::7"), agent = ip("2001:db8:1::1");
	uint8_t inner[512], outer[600];
	size_t len;
	struct fx f;

	(void)state;
	begin(&f);
	fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 100 });
	len = f.frame_len;
	memcpy(inner, f.frame, len);
	f.bas = 0;
	memcpy(outer + TUNNEL_OVERHEAD, inner, len);
	tunnel_outer(outer + TUNNEL_OVERHEAD, len, &coa, &agent, 0, outer);
	assert_int_equal(fx_frame(&f, WAN_IF, outer, TUNNEL_OVERHEAD + len), -LKE_DROP_NOT_OURS);
	assert_int_equal(f.bas, 0);
	unchanged(&f, 12);
	fx_end(&f);
}

static void thr_078_unreachable_does_not_end_a_binding(void **state)
{
	struct lke_in6 agent = ip("2001:db8:1::1"), coa = ip("2001:db8:5::7"),
		       from = ip("2001:db8:77::1");
	uint8_t quoted[120] = { 0x60 }, buf[512];
	size_t len;
	struct fx f;

	(void)state;
	begin(&f);
	tunnel_outer(quoted, 80, &agent, &coa, 0, quoted);
	for (uint8_t code = 0; code < 7; code++) {
		len = icmp_error(1, code, 0, &from, quoted, sizeof(quoted), buf, sizeof(buf));
		assert_true(len > 0);
		fx_frame(&f, WAN_IF, buf, len);
	}
	unchanged(&f, 11);
	fx_end(&f);
}

/* THREATS 79, 80: anything under good integrity, of a mobile node that was taken over. */
static void thr_080_malformed_messages_of_an_authenticated_node(void **state)
{
	uint8_t mh[256];
	uint32_t x = 1;
	struct fx f;

	(void)state;
	begin(&f);
	for (unsigned n = 0; n < 3000; n++) {
		size_t len = n % sizeof(mh);

		for (size_t i = 0; i < len; i++) {
			x = x * 1664525 + 1013904223;
			mh[i] = (uint8_t)(x >> 24);
		}
		if (n % 2 && len > 3) {
			mh[0] = IP6_NH_NONE;
			mh[1] = (uint8_t)(len / 8 - (len >= 8));
			mh[2] = (uint8_t)(n % 13);
		}
		assert_true(feed(&f, 0, mh, len, n % 3 ? IP6_NH_MH : IP6_NH_ICMPV6,
				 "2001:db8:5::7") < 0);
	}
	assert_int_equal(f.bas + f.bes + f.mpas, 0);
	unchanged(&f, 11);
	fx_end(&f);
}

/* AMB-118, AMB-162: an access router and a home agent on one box, on one link. */
static void amb_162_both_roles_on_one_interface(void **state)
{
	struct nd_msg rs = { .type = ND_RS, .lladdr = { 6, { 2, 0, 0, 0, 9, 9 } } };
	struct lke_in6 from = ip("fe80::9");
	uint8_t buf[128];
	struct fx f;
	int len;

	(void)state;
	fx_config(&f);
	strcpy(f.cfg.ar[0].interface, "home0");
	f.cfg.ars = 1;
	f.cfg.ha.advertise = LKE_HA_ADVERTISE_FULL;
	fx_start(&f);
	/* One advertisement for both: the router's, with H although it has no key yet. */
	len = nd_encode(&rs, &from, &in6_all_routers, 0, buf, sizeof(buf));
	f.ras = 0;
	fx_frame(&f, HOME_IF, buf, (size_t)len);
	fx_wait(&f, LKE_SEC);
	assert_int_equal(f.ras, 1);
	assert_true(f.ra.ra_flags & ND_RA_H);
	assert_true(f.ra.router_lifetime > 0);
	/* A home registration goes to the home agent, without ESP to nobody. */
	fx_register(&f, 1);
	assert_int_equal(binding_find(f.e, &f.mobile[0].home)->kind, BINDING_BY_ESP);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thr_055_update_without_good_integrity_changes_nothing),
		cmocka_unit_test(thr_057_replays_get_135_with_and_without_the_a_bit),
		cmocka_unit_test(thr_059_replay_after_deregistration_and_expiry),
		cmocka_unit_test(thr_064_no_circle_of_care_of_addresses),
		cmocka_unit_test(thr_066_no_lifetime_is_for_ever),
		cmocka_unit_test(thr_067_deregistration_needs_the_keys),
		cmocka_unit_test(thr_068_other_authorisations_in_a_home_registration),
		cmocka_unit_test(thr_071_one_update_on_two_interfaces),
		cmocka_unit_test(thr_074_tunnelled_signalling_is_not_signalling),
		cmocka_unit_test(thr_078_unreachable_does_not_end_a_binding),
		cmocka_unit_test(thr_080_malformed_messages_of_an_authenticated_node),
		cmocka_unit_test(amb_162_both_roles_on_one_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

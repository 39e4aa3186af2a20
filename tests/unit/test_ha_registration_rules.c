/* SPDX-License-Identifier: ISC */
/* RFC 6275 10.3: link-local addresses with L, flags of later RFCs, several home links, care-of
 * addresses that can be nobody's, limits and credit of one mobile node. */
#include "ha_fixture.h"

#define LL "fe80::b01" /* of mobile 0 */

static int heard(struct fx *f, uint8_t type, const char *target)
{
	struct nd_msg m = { .type = type, .na_flags = ND_NA_O, .target = ip(target) };
	struct lke_in6 src = type == ND_NA ? m.target : in6_unspecified;
	struct lke_in6 dst = type == ND_NA ? in6_all_nodes : in6_solicited_node(&m.target);
	uint8_t buf[256];
	int len;

	if (type == ND_NA)
		m.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 9, 9 } };
	len = nd_encode(&m, &src, &dst, 0, buf, sizeof(buf));
	assert_true(len > 0);
	return fx_frame(f, HOME_IF, buf, (size_t)len);
}

static int resolve(struct fx *f, const char *target)
{
	struct nd_msg m = { .type = ND_NS, .target = ip(target) };
	struct lke_in6 src = ip("fe80::9"), dst = in6_solicited_node(&m.target);
	uint8_t buf[256];
	int len;

	m.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 9, 9 } };
	len = nd_encode(&m, &src, &dst, 0, buf, sizeof(buf));
	return fx_frame(f, HOME_IF, buf, (size_t)len);
}

static void register_l(struct fx *f, uint16_t seq)
{
	assert_int_equal(fx_bu(f, (struct bu){ .seq = seq, .lifetime = 100, .flags = BU_L }), 0);
	fx_wait(f, RETRANS_TIMER);
	assert_int_equal(f->ba.seq, seq);
	assert_int_equal(f->ba.status, STATUS_ACCEPTED);
}

static void rfc6275_10_3_1_l_bit_defends_the_link_local_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	register_l(&f, 1);
	assert_int_equal(f.nss, 2); /* both were tested */
	/* And announced, the link-local one last: to all nodes, O alone (RFC 6275 10.4.1). */
	assert_int_equal(f.nas, 2);
	assert_true(same(&f.na.target, LL));
	assert_int_equal(f.na.na_flags, ND_NA_O);
	assert_true(f.na.lladdr.len == 6 && f.na.lladdr.b[5] == HOME_IF);
	f.nas = 0;
	assert_int_equal(resolve(&f, LL), 0);
	assert_int_equal(f.nas, 1);
	assert_true(same(&f.na.target, LL));
	assert_int_equal(f.na.na_flags, ND_NA_S | ND_NA_O);
	assert_int_equal(heard(&f, ND_NS, LL), 0); /* somebody's DAD fails */
	assert_int_equal(f.nas, 2);
	assert_int_equal(f.na.na_flags, ND_NA_O);
	/* A refresh needs no second test; without L it is no longer defended. */
	register_l(&f, 2);
	assert_int_equal(f.nss, 2);
	fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 100 });
	f.nas = 0;
	resolve(&f, LL);
	assert_int_equal(f.nas, 0);
	/* L again: tested again, the home address is not. */
	f.nss = 0;
	register_l(&f, 4);
	assert_int_equal(f.nss, 1);
	/* The end of the binding is the end of it. */
	fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 0 });
	f.nas = 0;
	resolve(&f, LL);
	assert_int_equal(f.nas, 0);
	fx_end(&f);
}

static void rfc6275_10_3_1_without_l_no_link_local_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(f.nss, 1);
	f.nas = 0;
	resolve(&f, LL);
	heard(&f, ND_NS, LL);
	assert_int_equal(f.nas, 0);
	fx_end(&f);
}

static void rfc6275_10_3_1_taken_link_local_address_gives_134(void **state)
{
	struct fx f;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		fx_config(&f);
		fx_start(&f);
		fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100, .flags = BU_L });
		assert_int_equal(heard(&f, n ? ND_NA : ND_NS, LL), 0);
		assert_int_equal(f.ba.status, STATUS_DAD_FAILED);
		assert_null(binding_find(f.e, &f.mobile[0].home));
		assert_string_equal(f.order, "G+G-");
		/* The complete update was refused; without L there is no conflict. */
		fx_register(&f, 2);
		fx_end(&f);
	}
}

static void rfc6275_10_3_1_one_identifier_on_two_prefixes(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[1].home = ip("2001:db8:2::b01");
	fx_start(&f);
	fx_addr(&f, HOME_IF, "2001:db8:2::1", false);
	register_l(&f, 1);
	fx_bu(&f, (struct bu){ .mobile = 1,
			       .seq = 1,
			       .lifetime = 100,
			       .flags = BU_L,
			       .dst = "2001:db8:2::1" });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_DAD_FAILED);
	fx_bu(&f, (struct bu){ .mobile = 1, .seq = 2, .lifetime = 100, .dst = "2001:db8:2::1" });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void rfc6275_6_1_7_flags_of_later_documents_are_ignored(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	/* M (RFC 4140), R (RFC 3963), P (RFC 5213), F, T, B and the rest. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100, .flags = 0x0fff }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.ba.flags, 0);
	fx_end(&f);
}

static void amb_158_k_is_never_set_with_manual_keys(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100, .flags = BU_K }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.flags & BA_K, 0);
	fx_end(&f);
}

static void rfc6275_10_3_several_home_links(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	strcpy(f.cfg.ha.interface[1], "home1");
	f.cfg.ha.interfaces = 2;
	f.mobile[1].home = ip("2001:db8:2::b02");
	fx_start(&f);
	fx_link(&f, 7, "home1");
	fx_addr(&f, 7, "fe80::7", false);
	fx_addr(&f, 7, "2001:db8:2::1", false);
	fx_register(&f, 1);
	/* At the address of the other link it is no home address. */
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }),
			 -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_NOT_HOME_SUBNET);
	fx_bu(&f, (struct bu){ .mobile = 1, .seq = 2, .lifetime = 9, .dst = "2001:db8:2::1" });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(binding_find(f.e, &f.mobile[1].home)->ifindex, 7);
	/* Solicitations are answered on the link of the address only. */
	f.nas = 0;
	resolve(&f, "2001:db8:2::b02");
	assert_int_equal(f.nas, 0);
	resolve(&f, "2001:db8:1::b01");
	assert_int_equal(f.nas, 1);
	fx_end(&f);
}

static void amb_155_impossible_care_of_addresses_get_174(void **state)
{
	static const char *const bad[] = {
		"2001:db8:1::77", "2001:db8:1::b02",
		"ff0e::1",	  "fe80::7",
		"2001:2::1",	  "2001:10::1",
		"2001:2f:1::1",	  "2002:a00:1::1",
		"2002:7f00:1::1", "2002:c0a8:101::1",
		"2002:ac10::1",	  "3ffe::1",
		"2001:db8:66::5", "2001:db8:5::fdff:ffff:ffff:fffe",
	};
	static const char *const good[] = { "2001:db8:6::7", "2002:808:808::1", "fd00::7",
					    "2001:db8:67::5" };
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.refuse[0] = (struct lke_prefix){ .addr = ip("2001:db8:66::"), .len = 48 };
	f.cfg.ha.refused = 1;
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		f.ba.status = 0;
		fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9, .alt = bad[n] });
		if (f.ba.status != STATUS_INVALID_COA)
			fail_msg("%s got %u", bad[n], f.ba.status);
	}
	for (unsigned n = 0; n < sizeof(good) / sizeof(good[0]); n++) {
		fx_bu(&f, (struct bu){ .seq = (uint16_t)(n + 2), .lifetime = 9, .alt = good[n] });
		assert_int_equal(f.ba.status, STATUS_ACCEPTED);
		assert_true(same(&f.tunnel.coa, good[n]));
	}
	fx_end(&f);
}

static void amb_161_updates_of_one_mobile_node_are_limited(void **state)
{
	struct fx f;
	unsigned taken = 0;

	(void)state;
	fx_config(&f);
	f.cfg.ha.max_updates = 10;
	fx_start(&f);
	fx_register(&f, 1);
	for (uint16_t n = 2; n < 100; n++)
		taken += fx_bu(&f, (struct bu){ .seq = n, .lifetime = 9 }) == 0;
	assert_int_equal(taken, 30);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_MOBILE), 68);
	/* Another mobile node is not concerned; a second later there is room again. */
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 1, .lifetime = 9 }), 0);
	fx_wait(&f, LKE_SEC);
	taken = 0;
	for (uint16_t n = 200; n < 300; n++)
		taken += fx_bu(&f, (struct bu){ .seq = n, .lifetime = 9 }) == 0;
	assert_int_equal(taken, 10);
	fx_end(&f);
}

static void amb_161_a_policy_entry_has_its_own_limit_of_updates(void **state)
{
	struct fx f;
	unsigned taken[2] = { 0, 0 };

	(void)state;
	fx_config(&f);
	f.cfg.ha.max_updates = 10;
	f.mobile[0].max_updates = 2;
	fx_start(&f);
	for (uint16_t n = 1; n < 100; n++)
		for (unsigned k = 0; k < 2; k++)
			taken[k] +=
				fx_bu(&f, (struct bu){ .mobile = k, .seq = n, .lifetime = 9 }) !=
				-LKE_DROP_RATE_MOBILE;
	assert_int_equal(taken[0], 6);
	assert_int_equal(taken[1], 30);
	fx_end(&f);
}

static void sec_029_repeated_refusals_are_counted_in_one_record(void **state)
{
	unsigned before;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 5);
	before = f.notes[LKE_NOTE_MESSAGE];
	for (unsigned n = 0; n < 1000; n++)
		fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 9 });
	/* Each has its acknowledgement's note too. */
	assert_int_equal(f.notes[LKE_NOTE_MESSAGE] - before, 1000 + HA_AUDIT_BURST);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 6, .lifetime = 9 }), 0);
	assert_int_equal(f.audit.drop, LKE_DROP_NONE);
	assert_int_equal(f.audit.repeats, 1000 - HA_AUDIT_BURST);
	fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 9 });
	assert_int_equal(f.audit.repeats, 0);
	fx_end(&f);
}

/* ---- SEC-028 ---- */

static void credit_config(struct fx *f)
{
	fx_config(f);
	f->cfg.ha.care_of_credit = 65536;
	fx_start(f);
	fx_bu(f, (struct bu){ .seq = 1, .lifetime = 100 });
	fx_wait(f, RETRANS_TIMER);
	assert_int_equal(f->tunnel.credit, 65536);
	assert_true(f->probes > 0);
}

static int echo(struct fx *f, const char *outer, const char *inner, unsigned flip)
{
	struct lke_in6 agent = ip("2001:db8:1::1"), coa = ip(outer);
	struct ip6_out o = { .src = ip(inner), .dst = agent, .hop_limit = 64 };
	uint8_t buf[256];
	struct wr w = wr_init(buf + 40, sizeof(buf) - 40);
	size_t off = ip6_begin(&w, &o, IP6_NH_ICMPV6);

	wr_bytes(&w, f->probe, f->probe_len);
	ip6_end(&w);
	buf[40 + off] = 129;
	buf[40 + off + 8] ^= (uint8_t)flip;
	buf[40 + off + 2] = buf[40 + off + 3] = 0;
	wr_patch_u16(&w, off + 2,
		     ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + 40 + off, f->probe_len));
	tunnel_outer(buf + 40, w.off, &coa, &agent, 0, buf);
	return fx_frame(f, WAN_IF, buf, 40 + w.off);
}

static void sec_028_credit_until_the_care_of_address_is_proved(void **state)
{
	struct fx f;

	(void)state;
	credit_config(&f);
	assert_true(same(&f.probe_outer.src, "2001:db8:1::1") &&
		    same(&f.probe_outer.dst, "2001:db8:5::7"));
	/* From elsewhere, for another, with other bits: proves nothing. */
	assert_int_equal(echo(&f, "2001:db8:6::7", "2001:db8:1::b01", 0), -LKE_DROP_STATE);
	assert_int_equal(echo(&f, "2001:db8:5::7", "2001:db8:1::b02", 0), -LKE_DROP_NOT_OURS);
	assert_int_equal(echo(&f, "2001:db8:5::7", "2001:db8:1::b01", 1), -LKE_DROP_STATE);
	assert_int_equal(f.tunnel.credit, 65536);
	assert_int_equal(echo(&f, "2001:db8:5::7", "2001:db8:1::b01", 0), 0);
	assert_true(f.tunnel.credit == UINT64_MAX);
	/* Once is enough, also for refreshes. */
	assert_int_equal(echo(&f, "2001:db8:5::7", "2001:db8:1::b01", 0), -LKE_DROP_NOT_OURS);
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 100 });
	assert_true(f.tunnel.credit == UINT64_MAX);
	/* Another care-of address begins anew, with other bits. */
	fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 100, .src = "2001:db8:6::7" });
	assert_int_equal(f.tunnel.credit, 65536);
	assert_int_equal(echo(&f, "2001:db8:6::7", "2001:db8:1::b01", 0), 0);
	fx_end(&f);
}

static void sec_028_updates_bring_no_new_credit_but_sending_does(void **state)
{
	struct lke_event ev = { .type = LKE_EV_MOBILE };
	struct fx f;

	(void)state;
	credit_config(&f);
	ev.mobile = (struct lke_ev_mobile){ .home = f.mobile[0].home, .reverse_bytes = 1000 };
	fx_event(&f, &ev);
	assert_int_equal(f.tunnel.credit, 66536);
	for (uint16_t n = 2; n < 20; n++)
		fx_bu(&f, (struct bu){ .seq = n, .lifetime = 100 });
	assert_int_equal(f.tunnel.credit, 66536);
	fx_end(&f);
}

static void sec_028_probes_are_few_and_end_with_the_binding(void **state)
{
	struct fx f;

	(void)state;
	credit_config(&f);
	fx_wait(&f, 100 * LKE_SEC);
	assert_in_range(f.probes, 7, 9); /* 0, 1, 3, 7, 15, 31, 63, 95 s */
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 0 });
	f.probes = 0;
	fx_wait(&f, 100 * LKE_SEC);
	assert_int_equal(f.probes, 0);
	fx_end(&f);
}

static void sec_028_off_by_default(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_true(f.tunnel.credit == UINT64_MAX);
	assert_int_equal(f.probes, 0);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6275_10_3_1_l_bit_defends_the_link_local_address),
		cmocka_unit_test(rfc6275_10_3_1_without_l_no_link_local_address),
		cmocka_unit_test(rfc6275_10_3_1_taken_link_local_address_gives_134),
		cmocka_unit_test(rfc6275_10_3_1_one_identifier_on_two_prefixes),
		cmocka_unit_test(rfc6275_6_1_7_flags_of_later_documents_are_ignored),
		cmocka_unit_test(amb_158_k_is_never_set_with_manual_keys),
		cmocka_unit_test(rfc6275_10_3_several_home_links),
		cmocka_unit_test(amb_155_impossible_care_of_addresses_get_174),
		cmocka_unit_test(amb_161_updates_of_one_mobile_node_are_limited),
		cmocka_unit_test(amb_161_a_policy_entry_has_its_own_limit_of_updates),
		cmocka_unit_test(sec_029_repeated_refusals_are_counted_in_one_record),
		cmocka_unit_test(sec_028_credit_until_the_care_of_address_is_proved),
		cmocka_unit_test(sec_028_updates_bring_no_new_credit_but_sending_does),
		cmocka_unit_test(sec_028_probes_are_few_and_end_with_the_binding),
		cmocka_unit_test(sec_028_off_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

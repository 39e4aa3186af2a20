/* SPDX-License-Identifier: ISC */
#include "ha_fixture.h"

static void amb_151_first_registration_waits_for_dad_then_binds(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 100 }), 0);
	assert_int_equal(f.nss, 1);
	assert_int_equal(f.bas, 0);
	fx_wait(&f, RETRANS_TIMER - 1);
	assert_int_equal(f.bas, 0);
	fx_wait(&f, 1);
	assert_int_equal(f.bas, 1);
	assert_int_equal(f.ba.status, 0);
	assert_int_equal(f.ba.seq, 7);
	assert_int_equal(f.ba.lifetime, 100);
	assert_true(f.ba_ip.has_rh2 && same(&f.ba_ip.rh2, "2001:db8:1::b01"));
	assert_true(same(&f.ba_ip.dst, "2001:db8:5::7") && same(&f.ba_ip.src, "2001:db8:1::1"));
	assert_int_equal(f.ba_send.ifindex, 0);
	assert_int_equal(f.tunnel.credit, UINT64_MAX);
	/* The group of DAD is kept for the binding: joined once, not left. */
	assert_string_equal(f.order, "G+T+I+P+M+N+");
	fx_end(&f);
}

static void base_03_duplicate_while_dad_waits_starts_no_second_one(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 100 });
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 100 }), -LKE_DROP_HELD);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 8, .lifetime = 100 }), 0);
	assert_int_equal(f.nss, 1);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.bas, 2);
	assert_int_equal(f.ba.seq, 8);
	fx_end(&f);
}

static void dad_conflict(bool advertisement)
{
	struct nd_msg m = { .type = advertisement ? ND_NA : ND_NS, .na_flags = ND_NA_O };
	struct lke_in6 src, dst;
	uint8_t buf[256];
	struct fx f;
	int len;

	fx_config(&f);
	fx_start(&f);
	m.target = f.mobile[0].home;
	src = advertisement ? f.mobile[0].home : in6_unspecified;
	dst = advertisement ? in6_all_nodes : in6_solicited_node(&m.target);
	if (advertisement)
		m.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 9, 9 } };
	len = nd_encode(&m, &src, &dst, 0, buf, sizeof(buf));
	assert_true(len > 0);
	fx_bu(&f, (struct bu){ .seq = 7, .lifetime = 100 });
	assert_int_equal(fx_frame(&f, HOME_IF, buf, (size_t)len), 0);
	assert_int_equal(f.ba.status, STATUS_DAD_FAILED);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_wait(&f, 2 * RETRANS_TIMER);
	assert_int_equal(f.bas, 1);
	assert_string_equal(f.order, "G+G-");
	fx_end(&f);
}

static void base_13_advertisement_in_dad_gives_134(void **state)
{
	(void)state;
	dad_conflict(true);
}

static void base_13_foreign_dad_gives_134(void **state)
{
	(void)state;
	dad_conflict(false);
}

static void sec_015_sa_of_another_mobile_is_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 0, .sa = 2, .seq = 1, .lifetime = 9 }),
			 -LKE_DROP_ESP_SELECTOR);
	assert_int_equal(f.audit.value, 0x1001);
	fx_wait(&f, 2 * LKE_SEC);
	assert_int_equal(f.bas, 0);
	assert_int_equal(f.nss, 0);
	fx_end(&f);
}

static void sec_014_update_without_esp_makes_nothing(void **state)
{
	struct lke_in6 home = ip("2001:db8:1::b01");
	struct ip6_out o = { .src = ip("2001:db8:5::7"), .dst = ip("2001:db8:1::1"), .hao = &home };
	struct mh_bu m = { .seq = 1, .lifetime = 9, .flags = BU_A | BU_H };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct fx f;
	size_t off;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	off = ip6_begin(&w, &o, IP6_NH_MH);
	mh_bu_encode(&w, &m, false);
	mh_set_checksum(&w, off, &home, &o.dst);
	ip6_end(&w);
	assert_int_equal(fx_frame(&f, WAN_IF, buf, w.off), -LKE_DROP_ESP_MISSING);
	fx_wait(&f, 2 * LKE_SEC);
	assert_int_equal(f.bas + f.nss + f.bes, 0);
	fx_end(&f);
}

static void sec_007_move_changes_only_the_care_of_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 10);
	for (uint16_t n = 11; n <= 20; n++) {
		const char *coa = n % 2 ? "2001:db8:6::7" : "2001:db8:7::7";

		memset(f.order, 0, sizeof(f.order));
		/* The same keys and SPIs at both ends: the answer opens with what it began with. */
		assert_int_equal(fx_bu(&f, (struct bu){ .seq = n, .lifetime = 50, .src = coa }), 0);
		assert_int_equal(f.ba.seq, n);
		assert_true(same(&f.ba_ip.dst, coa));
		assert_string_equal(f.order, "T+");
		assert_true(same(&f.tunnel.coa, coa));
	}
	assert_int_equal(f.nss, 1);
	fx_end(&f);
}

static void base_03_lifetime_is_capped(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.mobile[0].max_lifetime = 60;
	fx_start(&f);
	fx_register(&f, 1);
	assert_int_equal(f.ba.lifetime, 15);
	fx_wait(&f, 60 * LKE_SEC);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_string_equal(f.gone, "expired");
	fx_end(&f);
}

static void base_04_returning_home_undoes_everything(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 9, .lifetime = 0 }), -LKE_DROP_REFUSED);
	assert_int_equal(f.ba.status, STATUS_NOT_HOME_AGENT);
	fx_register(&f, 10);
	memset(f.order, 0, sizeof(f.order));
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11,
						.lifetime = 0,
						.src = "2001:db8:1::b01",
						.no_hao = true }),
			 0);
	/* What the route still draws goes to it, on its link, from the first moment. */
	assert_string_equal(f.order, "B+I-T-G-M-P-");
	assert_int_equal(f.buffer.what, LKE_BUFFER_LINK);
	assert_true(same(&f.buffer.addr, "2001:db8:1::b01"));
	assert_int_equal(f.buffer.ifindex, HOME_IF);
	assert_int_equal(f.buffer.lladdr.b[5], 9);
	assert_int_equal(f.ba.status, 0);
	assert_int_equal(f.ba.lifetime, 0);
	assert_false(f.ba_ip.has_rh2);
	/* On the home link the answer goes to the frame's source. */
	assert_int_equal(f.ba_send.ifindex, HOME_IF);
	assert_int_equal(f.ba_send.dst.b[5], 9);
	/* A deregistration from elsewhere says nothing about the home link. */
	fx_register(&f, 12);
	memset(f.order, 0, sizeof(f.order));
	fx_bu(&f, (struct bu){ .seq = 13, .lifetime = 0 });
	assert_string_equal(f.order, "I-T-G-M-P-");
	fx_end(&f);
}

static void sec_027_alternate_care_of_address_is_used_and_judged(void **state)
{
	static const char *const bad[] = { "2001:db8:1::b02", "fe80::7", "ff02::1",
					   "2001:db8:1::1" };
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9, .alt = bad[n] }),
				 -LKE_DROP_REFUSED);
		assert_int_equal(f.ba.status, STATUS_INVALID_COA);
	}
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9, .alt = "2001:db8:6::8" }),
			 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_true(same(&f.tunnel.coa, "2001:db8:6::8"));
	assert_true(same(&f.ba_ip.dst, "2001:db8:5::7"));
	fx_end(&f);
}

/* ESP covers no IPv6 header: who is on the way puts another source there (RFC 3776 4.3). */
static void sec_014_care_of_address_comes_from_within_esp(void **state)
{
	uint8_t buf[512];
	size_t len;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	for (unsigned n = 0; n < 2; n++) {
		assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9, .no_alt = true }),
				 -LKE_DROP_REFUSED);
		assert_int_equal(f.ba.status, STATUS_UNSPECIFIED);
		assert_int_equal(f.ba.seq, 1);
	}
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_register(&f, 1);
	/* One on its way, held up, and sent on from elsewhere: the binding is where it says. */
	len = fx_bu_make(&f, (struct bu){ .seq = 2, .lifetime = 9 }, buf);
	buf[8 + 15] = 0x66;
	assert_int_equal(fx_frame(&f, WAN_IF, buf, len), 0);
	assert_true(same(&f.tunnel.coa, "2001:db8:5::7"));
	len = fx_bu_make(&f, (struct bu){ .seq = 3, .lifetime = 9, .no_alt = true }, buf);
	buf[8 + 15] = 0x66;
	assert_int_equal(fx_frame(&f, WAN_IF, buf, len), -LKE_DROP_REFUSED);
	assert_true(same(&binding_find(f.e, &f.mobile[0].home)->coa, "2001:db8:5::7"));
	/* Nothing to cover where nothing is bound. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 4, .lifetime = 0 }), 0);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

/* RFC 6275 9.5.4: the source has to be a unicast address that an answer can reach. */
static void rfc6275_9_5_4_source_must_be_unicast(void **state)
{
	static const char *const bad[] = { "fe80::7", "ff0e::1", "::1", "::" };
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	f.bas = 0;
	for (unsigned n = 0; n < 4; n++)
		assert_true(fx_bu(&f, (struct bu){ .seq = 2,
						   .lifetime = 9,
						   .src = bad[n],
						   .alt = "2001:db8:6::7" }) < 0);
	assert_int_equal(f.bas + f.bes, 0);
	assert_true(same(&binding_find(f.e, &f.mobile[0].home)->coa, "2001:db8:5::7"));
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

/* RFC 6275 9.5.4: no routing header to the home address, option or not. */
static void rfc6275_9_5_4_no_routing_header_to_the_home_address(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	assert_true(f.ba_ip.has_rh2);
	assert_true(in6_eq(&f.ba_ip.rh2, &f.mobile[0].home));
	fx_bu(&f, (struct bu){ .seq = 2, .src = "2001:db8:1::b01" });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_false(f.ba_ip.has_rh2);
	assert_true(in6_eq(&f.ba_ip.dst, &f.mobile[0].home));
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static int command(struct fx *f, enum lke_command cmd)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command = (struct lke_ev_command){ .cmd = cmd, .arg = f->mobile[0].home, .cookie = 5 };
	return fx_event(f, &ev);
}

/* Also the one that waits for DAD or for its floor. */
static void sec_030_suspension_refuses_what_waits(void **state)
{
	struct fx f;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		fx_config(&f);
		fx_start(&f);
		f.hold_floor = n == 1;
		assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 9 }), 0);
		assert_int_equal(f.bas, 0);
		command(&f, LKE_CMD_SUSPEND);
		assert_int_equal(f.bas, 1);
		assert_int_equal(f.ba.status, STATUS_PROHIBITED);
		f.hold_floor = false;
		if (f.floor_cookie)
			fx_floor_done(&f, 0);
		fx_wait(&f, 2 * LKE_SEC);
		assert_int_equal(f.bas, 1);
		assert_null(binding_find(f.e, &f.mobile[0].home));
		fx_end(&f);
	}
}

static void sec_030_suspended_mobile_gets_129_others_are_served(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	command(&f, LKE_CMD_SUSPEND);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	assert_true(f.floor.suspended);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 9 }), -LKE_DROP_SUSPENDED);
	assert_int_equal(f.ba.status, STATUS_PROHIBITED);
	assert_int_equal(fx_bu(&f, (struct bu){ .mobile = 1, .seq = 2, .lifetime = 9 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, 0);
	command(&f, LKE_CMD_RESUME);
	assert_false(f.floor.suspended);
	fx_register(&f, 3);
	fx_end(&f);
}

static void sec_030_the_operator_hears_when_it_is_durable(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	f.hold_floor = true;
	command(&f, LKE_CMD_SUSPEND);
	assert_int_equal(f.replies, 0);
	command(&f, LKE_CMD_RESUME); /* not before the first has ended */
	assert_int_equal(f.replies, 1);
	assert_int_equal(f.reply, LKE_ERR_STATE);
	fx_floor_done(&f, 0);
	assert_int_equal(f.replies, 2);
	assert_int_equal(f.reply, 0);
	command(&f, LKE_CMD_RESUME);
	fx_floor_done(&f, -28);
	assert_int_equal(f.replies, 3);
	assert_int_equal(f.reply, LKE_ERR_SYS);
	fx_end(&f);
}

static void sec_029_every_update_is_audited(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 5);
	assert_int_equal(f.audit.drop, LKE_DROP_NONE);
	assert_int_equal(f.audit.value, 0x1000);
	assert_string_equal(f.audit.text, "mn1");
	assert_true(same(&f.audit.peer, "2001:db8:5::7"));
	for (unsigned n = 0; n < 50; n++) {
		f.audit.drop = LKE_DROP_NONE;
		fx_bu(&f, (struct bu){ .seq = 5, .lifetime = 9 });
		assert_int_equal(f.audit.drop, LKE_DROP_SEQUENCE);
	}
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_151_first_registration_waits_for_dad_then_binds),
		cmocka_unit_test(base_03_duplicate_while_dad_waits_starts_no_second_one),
		cmocka_unit_test(base_13_advertisement_in_dad_gives_134),
		cmocka_unit_test(base_13_foreign_dad_gives_134),
		cmocka_unit_test(sec_015_sa_of_another_mobile_is_refused),
		cmocka_unit_test(sec_014_update_without_esp_makes_nothing),
		cmocka_unit_test(sec_007_move_changes_only_the_care_of_address),
		cmocka_unit_test(base_03_lifetime_is_capped),
		cmocka_unit_test(base_04_returning_home_undoes_everything),
		cmocka_unit_test(sec_027_alternate_care_of_address_is_used_and_judged),
		cmocka_unit_test(sec_014_care_of_address_comes_from_within_esp),
		cmocka_unit_test(rfc6275_9_5_4_source_must_be_unicast),
		cmocka_unit_test(rfc6275_9_5_4_no_routing_header_to_the_home_address),
		cmocka_unit_test(sec_030_suspension_refuses_what_waits),
		cmocka_unit_test(sec_030_suspended_mobile_gets_129_others_are_served),
		cmocka_unit_test(sec_030_the_operator_hears_when_it_is_durable),
		cmocka_unit_test(sec_029_every_update_is_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

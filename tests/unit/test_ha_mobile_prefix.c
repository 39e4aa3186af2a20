/* SPDX-License-Identifier: ISC */
/* The prefix of a home address: lifetimes of bindings, and prefix discovery.  RFC
 * 6275 10.3.1, 10.6, RFC 3776 3.3. */
#include "ha_fixture.h"

static int advertise(struct fx *f, uint32_t valid, uint32_t preferred)
{
	struct nd_msg m = fx_ra_msg(1800);

	fx_ra_prefix(&m, "2001:db8:1::", ND_PIO_L | ND_PIO_A, valid, preferred);
	return fx_ra(f, "fe80::a", &m);
}

static void base_03_binding_ends_with_the_prefix(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	advertise(&f, 200, 200);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.lifetime, 49); /* 199 s in units of 4 s */
	assert_int_equal(f.ba.status, STATUS_PREFIX_DISCOVERY);
	/* A lifetime of less than the prefix needs no prefix discovery. */
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 10 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.ba.lifetime, 10);
	fx_end(&f);
}

static void base_03_deprecated_prefix_gives_status_1(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	advertise(&f, 86400, 100);
	fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100 });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_PREFIX_DISCOVERY); /* deprecated before its end */
	assert_int_equal(f.ba.lifetime, 100);
	advertise(&f, 86400, 0);
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 10 });
	assert_int_equal(f.ba.status, STATUS_PREFIX_DISCOVERY);
	advertise(&f, 86400, 86400);
	fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 10 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	fx_end(&f);
}

static void base_03_shortened_prefix_shortens_the_binding(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.max_lifetime = 100000;
	fx_start(&f);
	advertise(&f, 86400, 86400);
	fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 20000 });
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.lifetime, 86400 / 4 - 1600);
	/* Nobody on the link ends it at once (RFC 4862 5.5.3 e). */
	advertise(&f, 0, 0);
	fx_wait(&f, 7199 * LKE_SEC);
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	fx_wait(&f, LKE_SEC);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void own_address(struct fx *f, uint32_t valid, uint32_t preferred)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = HOME_IF,
					.addr = ip("2001:db8:1::1"),
					.prefix_len = 64,
					.valid = valid,
					.preferred = preferred };
	fx_event(f, &ev);
}

/* A home agent that hears no router knows the end of the prefix from its own address. */
static void base_03_binding_ends_with_the_address_of_the_home_agent(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.mobile_prefix_min = 10;
	f.cfg.ha.mobile_prefix_max = 20;
	fx_start(&f);
	own_address(&f, 200, 100);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 100 }), 0);
	fx_wait(&f, RETRANS_TIMER);
	assert_int_equal(f.ba.status, STATUS_PREFIX_DISCOVERY);
	assert_int_equal(f.ba.lifetime, 49);
	own_address(&f, 0, 0); /* without end */
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.ba.lifetime, 100);
	own_address(&f, 1000, 0); /* deprecated */
	fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_PREFIX_DISCOVERY);
	assert_int_equal(f.ba.lifetime, 100);
	/* Renewed with the same end, later: no news.  Shorter than the binding: it ends, and is
	 * told. */
	fx_wait(&f, 60 * LKE_SEC);
	f.mpas = 0;
	own_address(&f, 1000, 0);
	fx_wait(&f, 60 * LKE_SEC);
	assert_int_equal(f.mpas, 0);
	own_address(&f, 50, 0);
	fx_wait(&f, 20 * LKE_SEC);
	assert_true(f.mpas > 0);
	fx_wait(&f, 30 * LKE_SEC);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

static void rfc6275_10_6_solicitation_is_answered_in_esp(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	advertise(&f, 86400, 3600);
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 0xbeef, 0), 0);
	assert_int_equal(f.mpas, 1);
	assert_int_equal(f.mpa.id, 0xbeef);
	assert_true(same(&f.mpa_ip.src, "2001:db8:1::1"));
	assert_true(same(&f.mpa_ip.dst, "2001:db8:5::7"));
	assert_true(f.mpa_ip.has_rh2 && in6_eq(&f.mpa_ip.rh2, &f.mobile[0].home));
	assert_int_equal(f.mpa.prefixes, 1);
	assert_true(same(&f.mpa.prefix[0].prefix, "2001:db8:1::1"));
	assert_int_equal(f.mpa.prefix[0].flags, ND_PIO_L | ND_PIO_A | ND_PIO_R);
	assert_int_equal(f.mpa.prefix[0].valid, 86400);
	assert_int_equal(f.mpa.prefix[0].preferred, 3600);
	assert_false(f.mpa.managed || f.mpa.other);
	/* Not more than one a second: the next waits, others are passed over. */
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 2, 0), 0);
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 3, 0), -LKE_DROP_RATE_ANSWER);
	assert_int_equal(f.mpas, 1);
	fx_wait(&f, LKE_SEC);
	assert_int_equal(f.mpas, 2);
	assert_int_equal(f.mpa.id, 2);
	assert_int_equal(f.mpa.prefix[0].valid, 86399);
	fx_end(&f);
}

static void rfc6275_10_6_who_gets_no_answer(void **state)
{
	struct lke_event suspend = { .type = LKE_EV_COMMAND, .command.cmd = LKE_CMD_SUSPEND };
	struct hadisc m = { .type = MPREFIX_SOLICITATION, .id = 1 };
	struct ip6_out o = { .dst = ip("2001:db8:1::1"), .hop_limit = 60 };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	/* No binding; another's keys; not from the care-of address; without ESP; suspended. */
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 1, 0), -LKE_DROP_NO_BINDING);
	fx_register(&f, 1);
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 1, 1), -LKE_DROP_ESP_SELECTOR);
	assert_int_equal(fx_mps(&f, "2001:db8:6::7", 1, 0), -LKE_DROP_NO_BINDING);
	o.src = ip("2001:db8:5::7");
	o.hao = &f.mobile[0].home;
	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, o.hao, &o.dst);
	ip6_end(&w);
	assert_int_equal(fx_frame(&f, WAN_IF, buf, w.off), -LKE_DROP_ESP_MISSING);
	suspend.command.arg = f.mobile[0].home;
	fx_event(&f, &suspend);
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 1, 0), -LKE_DROP_SUSPENDED);
	assert_int_equal(f.mpas, 0);
	fx_end(&f);
}

static void rfc6275_10_6_2_changes_are_told_until_a_solicitation_comes(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.mobile_prefix_min = 10;
	f.cfg.ha.mobile_prefix_max = 20;
	f.cfg.ha.max_lifetime = 100000;
	fx_start(&f);
	fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 20000 });
	fx_wait(&f, RETRANS_TIMER);
	fx_wait(&f, 9 * LKE_SEC);
	assert_int_equal(f.mpas, 0);
	/* Once after registration, within the delay, then 3, 6, 12 s later. */
	fx_wait(&f, 11 * LKE_SEC + 21 * LKE_SEC);
	assert_int_equal(f.mpas, 1 + PREFIX_ADV_RETRIES);
	assert_int_equal(f.mpa.id, 0);
	fx_wait(&f, 600 * LKE_SEC);
	assert_int_equal(f.mpas, 1 + PREFIX_ADV_RETRIES);
	/* A change is told, a lifetime that counts down or is said again is none. */
	advertise(&f, 86400, 3600);
	fx_wait(&f, 20 * LKE_SEC);
	assert_true(f.mpas > 1 + PREFIX_ADV_RETRIES);
	f.mpas = 0;
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 9, 0), 0);
	/* The solicitation is answered and has ended the repetition. */
	fx_wait(&f, 9 * LKE_SEC);
	assert_int_equal(f.mpas, 1);
	assert_int_equal(f.mpa.id, 9);
	fx_end(&f);
}

static unsigned told_after(struct fx *f, uint32_t valid, uint32_t preferred)
{
	f->mpas = 0;
	advertise(f, valid, preferred);
	fx_wait(f, 100 * LKE_SEC);
	return f->mpas;
}

static void rfc6275_10_6_2_time_alone_is_no_change(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.mobile_prefix_min = 10;
	f.cfg.ha.mobile_prefix_max = 20;
	f.cfg.ha.max_lifetime = 100000;
	fx_start(&f);
	fx_bu(&f, (struct bu){ .seq = 1, .lifetime = 20000 });
	fx_wait(&f, RETRANS_TIMER);
	assert_true(told_after(&f, 86400, 36000) > 0);
	assert_int_equal(told_after(&f, 86400, 36000), 0); /* fixed */
	assert_int_equal(told_after(&f, 86300, 35900), 0); /* counting down */
	assert_true(told_after(&f, 86300, 30000) > 0);	   /* changed */
	fx_end(&f);
}

static void rfc6275_10_6_2_ended_registration_gets_no_more(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.mobile_prefix_min = 10;
	f.cfg.ha.mobile_prefix_max = 20;
	fx_start(&f);
	fx_register(&f, 1);
	fx_bu(&f, (struct bu){ .seq = 2, .lifetime = 0 });
	fx_wait(&f, 100 * LKE_SEC);
	assert_int_equal(f.mpas, 0);
	fx_end(&f);
}

static void prefixes_heard_are_bounded(void **state)
{
	char text[40];
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned n = 0; n < 100; n++) {
		struct nd_msg m = fx_ra_msg(1800);

		snprintf(text, sizeof(text), "2001:db8:%x::", n + 0x100);
		fx_ra_prefix(&m, text, ND_PIO_L, 3600, 3600);
		fx_ra(&f, "fe80::a", &m);
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 100 - HA_HEARD_MAX);
	assert_int_equal(fx_mps(&f, "2001:db8:5::7", 1, 0), 0);
	assert_int_equal(f.mpa.prefixes, ND_MAX_PREFIXES);
	/* Ours comes first. */
	assert_true(same(&f.mpa.prefix[0].prefix, "2001:db8:1::1"));
	assert_true(f.mpa_ip.len <= IP6_MIN_MTU);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_03_binding_ends_with_the_prefix),
		cmocka_unit_test(base_03_deprecated_prefix_gives_status_1),
		cmocka_unit_test(base_03_shortened_prefix_shortens_the_binding),
		cmocka_unit_test(base_03_binding_ends_with_the_address_of_the_home_agent),
		cmocka_unit_test(rfc6275_10_6_solicitation_is_answered_in_esp),
		cmocka_unit_test(rfc6275_10_6_who_gets_no_answer),
		cmocka_unit_test(rfc6275_10_6_2_changes_are_told_until_a_solicitation_comes),
		cmocka_unit_test(rfc6275_10_6_2_time_alone_is_no_change),
		cmocka_unit_test(rfc6275_10_6_2_ended_registration_gets_no_more),
		cmocka_unit_test(prefixes_heard_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Mobile prefix discovery: RFC 6275 11.4.2, 11.4.3. */
#include "mn_fixture.h"

#include "wire/hadisc.h"

static bool without_rh2;
static uint8_t message = MPREFIX_ADVERTISEMENT;

static int advertise(struct fix *f, uint16_t id, const struct nd_prefix *a,
		     const struct nd_prefix *b)
{
	struct ip6_out o = { .src = fix_agent,
			     .dst = f->e->mn->current,
			     .hop_limit = 64,
			     .rh2 = without_rh2 ? NULL : &fix_home };
	struct hadisc m = { .type = message, .id = id };
	uint8_t icmp[128], buf[512];
	struct wr w = wr_init(icmp, sizeof(icmp));
	int len;

	if (message == HADISC_REPLY)
		m.agent[m.agents++] = fix_agent;
	else
		m.prefix[m.prefixes++] = *a;
	if (b)
		m.prefix[m.prefixes++] = *b;
	hadisc_encode(&w, &m, &fix_agent, &fix_home);
	assert_false(w.err);
	len = sa_protect_proto(f->e, &f->ha_out, &o, IP6_NH_ICMPV6, icmp, w.off, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, 1, buf, (size_t)len);
}

/* The identifier of the last solicitation, which must be in ESP with the home address. */
static uint16_t solicited(struct fix *f)
{
	const struct fix_action *a = fix_last(f, LKE_MSG_MPS);
	struct ip6_info i;
	uint8_t plain[256], next;
	struct hadisc m;
	struct sa in;
	size_t len;

	assert_non_null(a);
	assert_int_equal(ip6_parse(a->data, a->len, &i), 0);
	assert_true(i.has_hao && in6_eq(&i.hao, &fix_home) && in6_eq(&i.dst, &fix_agent));
	assert_int_equal(sa_init(&in, &f->cfg.mn.home[0].to_ha), 0);
	assert_int_equal(sa_open(&in, &i, plain, sizeof(plain), &len, &next), 0);
	sa_done(&in);
	assert_int_equal(next, IP6_NH_ICMPV6);
	assert_int_equal(hadisc_decode(plain, len, &fix_home, &fix_agent, &m), 0);
	assert_int_equal(m.type, MPREFIX_SOLICITATION);
	assert_int_not_equal(m.id, 0);
	return m.id;
}

static const struct lke_act_addr *home_announced(const struct fix *f)
{
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_ADDR && in6_eq(&f->out[n].a.addr.addr, &fix_home))
			return &f->out[n].a.addr;
	return NULL;
}

/* RFC 6275 11.4.3: an unsolicited one is discarded, and asked for. */
static void rfc_6275_11_4_3_unsolicited_is_asked_for(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;
	uint16_t id;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	assert_int_not_equal(advertise(&f, 0, &home, NULL), 0);
	assert_null(home_announced(&f));
	id = solicited(&f);
	assert_int_equal(advertise(&f, id, &home, NULL), 0);
	assert_int_equal(home_announced(&f)->valid, 7200);
	assert_int_equal(home_announced(&f)->preferred, 3600);
	/* A recorded one changes nothing. */
	fix_clear(&f);
	assert_int_not_equal(advertise(&f, id, &home, NULL), 0);
	assert_null(home_announced(&f));
	fix_end(&f);
}

/* After 3, 6 and 12 s (RFC 6275 12); a further advertisement does not add to them.  Given up, the
 * next one is asked for anew. */
static void unanswered_solicitation_is_repeated_three_times(void **state)
{
	static const unsigned at[] = { 3, 9, 21 };
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;
	uint16_t id;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	(void)advertise(&f, 0, &home, NULL);
	id = solicited(&f);
	(void)advertise(&f, 0, &home, NULL);
	for (unsigned n = 0, t = 0; n < 3; n++) {
		fix_run(&f, (at[n] - t) * LKE_SEC - LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_MPS), n + 1);
		fix_run(&f, LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_MPS), n + 2);
		assert_int_equal(solicited(&f), id);
		t = at[n];
	}
	fix_run(&f, 100 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 4);
	(void)advertise(&f, 0, &home, NULL);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 5);
	assert_int_not_equal(solicited(&f), id);
	fix_end(&f);
}

/* RFC 6275 11.7.3: accepted, but prefix discovery is necessary. */
static void accepted_with_status_1_asks_for_prefixes(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	assert_int_equal(fix_ha_ba(&f, 1, 1, fix_ha_seq(&f)), 0);
	assert_int_not_equal(solicited(&f), 0);
	fix_end(&f);
}

/* No binding outlives the address; before it ends the node asks again. */
static void binding_ends_with_the_home_prefix(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 100, 50);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	(void)advertise(&f, 0, &home, NULL);
	assert_int_equal(advertise(&f, solicited(&f), &home, NULL), 0);
	fix_clear(&f);
	fix_move(&f, 2);
	assert_true(fix_note(&f, LKE_NOTE_MESSAGE) != NULL);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_NOTIFY && f.out[n].a.note.msg == LKE_MSG_BU)
			assert_in_range(f.out[n].a.note.lifetime, 90, 100);
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	fix_clear(&f);
	fix_run(&f, 80 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_MPS) >= 1);
	fix_run(&f, 30 * LKE_SEC);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_clear(&f);
	fix_run(&f, 600 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

/* SEC-032, SEC-033, SEC-038: no home address is made of a new prefix. */
static void sec_033_new_home_prefix_makes_no_address(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 0),
			 fresh = fix_pio("2001:db8:ab::", 86400, 14400);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	(void)advertise(&f, 0, &home, &fresh);
	fix_clear(&f);
	(void)advertise(&f, 0, &home, &fresh);
	fix_run(&f, 4 * LKE_SEC);
	assert_int_equal(advertise(&f, solicited(&f), &home, &fresh), 0);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_ADDR)
			assert_false(in6_prefix_eq(&f.out[n].a.addr.addr, &fresh.prefix, 64));
	assert_int_equal(home_announced(&f)->preferred, 0);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_end(&f);
}

static void start(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(f, 1);
	fix_clear(f);
}

/* Asked for, and answered so. */
static void told(struct fix *f, const struct nd_prefix *a, const struct nd_prefix *b)
{
	fix_run(f, 2 * LKE_SEC);
	fix_clear(f);
	(void)advertise(f, 0, a, b);
	assert_int_equal(advertise(f, solicited(f), a, b), 0);
}

/* When the next solicitation leaves; 0: not within so long.  Meanwhile the home agent answers. */
static lke_time next_question(struct fix *f, lke_time within)
{
	lke_time began = f->now;

	fix_clear(f);
	while (f->now - began < within) {
		fix_run(f, LKE_SEC);
		if (fix_count(f, LKE_MSG_MPS) > 0)
			return f->now - began;
		if (fix_count(f, LKE_MSG_BU) > 0)
			(void)fix_ha_ba(f, 1, 0, fix_ha_seq(f));
		fix_clear(f);
	}
	return 0;
}

/* RFC 6275 11.4.2: before it ends, a quarter of the time, at most ten minutes; not at all for one
 * that does not end. */
static void asks_again_before_the_address_ends(void **state)
{
	static const struct {
		uint32_t valid;
		unsigned after;
	} row[] = { { 100, 75 }, { 7200, 6600 }, { LKE_LIFETIME_INFINITE, 0 } };

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		struct nd_prefix home = fix_pio("2001:db8:aa::", row[n].valid, 50);
		struct fix f;

		start(&f);
		told(&f, &home, NULL);
		assert_int_equal(home_announced(&f)->valid, row[n].valid);
		assert_int_equal(next_question(&f, 20000 * LKE_SEC) / LKE_SEC, row[n].after);
		fix_end(&f);
	}
}

/* Told so, or by its time: the tunnel goes, and nobody is asked for that address any more. */
static void home_prefix_that_has_ended(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 0, 0);
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		bool gone = false;

		start(&f);
		home.valid = n * 100;
		told(&f, &home, NULL);
		fix_run(&f, n * 110 * LKE_SEC);
		assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
		for (unsigned k = 0; fix_find(&f, LKE_ACT_TUNNEL, k); k++) {
			const struct lke_act_tunnel *t = &fix_find(&f, LKE_ACT_TUNNEL, k)->a.tunnel;

			gone = in6_eq(&t->home, &fix_home) ? t->remove : gone;
		}
		assert_true(gone);
		assert_int_equal(home_announced(&f)->valid, n * 100);
		fix_clear(&f);
		fix_run(&f, 1200 * LKE_SEC);
		fix_move(&f, 2);
		fix_run(&f, 1200 * LKE_SEC);
		assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
		assert_int_equal(fix_count(&f, LKE_MSG_MPS), 0);
		assert_null(fix_find(&f, LKE_ACT_TUNNEL, 0));
		fix_end(&f);
	}
}

/* RFC 6275 6.7: however often the home agent tells changes. */
static void rfc_6275_6_7_one_solicitation_a_second(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;

	(void)state;
	start(&f);
	told(&f, &home, NULL);
	fix_clear(&f);
	fix_run(&f, 900 * LKE_MSEC);
	(void)advertise(&f, 0, &home, NULL);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 0);
	fix_run(&f, 99 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 0);
	fix_run(&f, LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 1);
	fix_end(&f);
}

/* The home agent answers a registered care-of address only: one that a router serves is made good
 * first. */
static void unregistered_care_of_address_is_registered_first(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct ip6_info i;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	coa = fix_coa(&f);
	fix_clear(&f);
	(void)advertise(&f, 0, &home, NULL);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 3 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 1);
	assert_int_equal(
		ip6_parse(fix_last(&f, LKE_MSG_MPS)->data, fix_last(&f, LKE_MSG_MPS)->len, &i), 0);
	assert_true(in6_eq(&i.src, &coa));
	fix_end(&f);
}

/* Without a link nothing is sent, and it is asked when there is one again. */
static void asked_without_a_link(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;

	(void)state;
	start(&f);
	told(&f, &home, NULL);
	fix_run(&f, 2 * LKE_SEC);
	(void)advertise(&f, 0, &home, NULL);
	fix_link(&f, false);
	fix_clear(&f);
	fix_run(&f, 4 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 0);
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_run(&f, 8 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_MPS) >= 1);
	fix_end(&f);
}

/* What is no prefix to believe changes nothing, and only a valid other one is worth a word. */
static void unfit_home_prefixes(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct nd_prefix wrong = fix_pio("2001:db8:aa::", 10, 20);
	struct nd_prefix other[] = { fix_pio("fe80::", 86400, 14400),
				     fix_pio("2001:db8:ab::", 0, 0),
				     fix_pio("2001:db8:ab::", 10, 20) };
	struct fix f;

	(void)state;
	start(&f);
	told(&f, &home, NULL);
	told(&f, &wrong, NULL);
	assert_in_range(home_announced(&f)->valid, 7190, 7200);
	for (unsigned n = 0; n < 3; n++) {
		told(&f, &home, &other[n]);
		assert_null(fix_note(&f, LKE_NOTE_ALARM));
	}
	other[1].valid = 1;
	told(&f, &other[1], &home);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	assert_int_equal(home_announced(&f)->valid, 7200);
	fix_end(&f);
}

/* Under the keys of the home address, but not sent as RFC 6275 6.8 says, or another message. */
static void other_messages_in_esp(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;
	uint16_t id;

	(void)state;
	start(&f);
	(void)advertise(&f, 0, &home, NULL);
	id = solicited(&f);
	without_rh2 = true;
	assert_int_equal(advertise(&f, id, &home, NULL), -(int)LKE_DROP_NOT_OURS);
	without_rh2 = false;
	message = HADISC_REPLY;
	assert_int_equal(advertise(&f, id, &home, NULL), -(int)LKE_DROP_ESP_SELECTOR);
	message = MPREFIX_ADVERTISEMENT;
	assert_null(home_announced(&f));
	assert_int_equal(advertise(&f, id, &home, NULL), 0);
	assert_non_null(home_announced(&f));
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6275_11_4_3_unsolicited_is_asked_for),
		cmocka_unit_test(unanswered_solicitation_is_repeated_three_times),
		cmocka_unit_test(accepted_with_status_1_asks_for_prefixes),
		cmocka_unit_test(binding_ends_with_the_home_prefix),
		cmocka_unit_test(sec_033_new_home_prefix_makes_no_address),
		cmocka_unit_test(asks_again_before_the_address_ends),
		cmocka_unit_test(home_prefix_that_has_ended),
		cmocka_unit_test(rfc_6275_6_7_one_solicitation_a_second),
		cmocka_unit_test(unregistered_care_of_address_is_registered_first),
		cmocka_unit_test(asked_without_a_link),
		cmocka_unit_test(unfit_home_prefixes),
		cmocka_unit_test(other_messages_in_esp),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

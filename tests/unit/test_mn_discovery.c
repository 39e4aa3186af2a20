/* SPDX-License-Identifier: ISC */
/* Home agent address discovery and mobile prefix discovery: RFC 6275 11.4. */
#include "mn_fixture.h"

#include "wire/hadisc.h"

static void automatic(struct lke_config *cfg)
{
	cfg->mn.home[0].agent = in6_unspecified;
}

static void start_auto(struct fix *f)
{
	fix_tweak = automatic;
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link(f, true);
	fix_ra(f, 1);
}

/* The last request, decoded; false if there is none. */
static bool request(const struct fix *f, struct hadisc *ret, struct ip6_info *i)
{
	const struct fix_action *a = fix_last(f, LKE_MSG_DHAAD_REQUEST);

	if (!a)
		return false;
	assert_int_equal(ip6_parse(a->data, a->len, i), 0);
	assert_int_equal(hadisc_decode(i->pkt + i->upper_off, i->upper_len, &i->src, &i->dst, ret),
			 0);
	return true;
}

static int reply(struct fix *f, uint16_t id, const char *first, const char *second)
{
	struct hadisc m = { .type = HADISC_REPLY, .id = id };
	struct ip6_out o = { .src = fix_agent, .dst = fix_coa(f), .hop_limit = 64 };
	uint8_t buf[512];
	struct wr w = wr_init(buf, sizeof(buf));

	m.agent[m.agents++] = fix_addr(first);
	if (second)
		m.agent[m.agents++] = fix_addr(second);
	ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, &o.src, &o.dst);
	ip6_end(&w);
	assert_false(w.err);
	return fix_packet(f, 1, buf, w.off);
}

static unsigned updates_to(const struct fix *f, const char *agent)
{
	struct lke_in6 a = fix_addr(agent);
	unsigned k = 0;

	for (size_t n = 0; n < f->n; n++)
		k += f->out[n].a.type == LKE_ACT_NOTIFY &&
		     f->out[n].a.note.type == LKE_NOTE_MESSAGE && f->out[n].a.note.out &&
		     f->out[n].a.note.msg == LKE_MSG_BU && in6_eq(&f->out[n].a.note.dst, &a);
	return k;
}

#define AGENT1 "2001:db8:aa::1"
#define AGENT2 "2001:db8:aa::2"

static void rfc_6275_11_4_1_asks_the_anycast_address(void **state)
{
	struct lke_in6 anycast = fix_addr("2001:db8:aa:0:fdff:ffff:ffff:fffe"), coa;
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	coa = fix_coa(&f);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_true(request(&f, &m, &i));
	assert_true(in6_eq(&i.dst, &anycast));
	assert_true(in6_eq(&i.src, &coa));
	assert_int_equal(m.type, HADISC_REQUEST);
	assert_int_equal(reply(&f, m.id, AGENT1, AGENT2), 0);
	assert_int_equal(updates_to(&f, AGENT1), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_REGISTERED));
	fix_end(&f);
}

/* INITIAL_DHAAD_TIMEOUT 3 s, doubling, DHAAD_RETRIES 4, then a pause. */
static void requests_are_repeated_less_and_less(void **state)
{
	static const unsigned at[] = { 3, 9, 21, 45 };
	struct fix f;

	(void)state;
	start_auto(&f);
	for (unsigned n = 0, t = 0; n < 4; n++) {
		fix_run(&f, (at[n] - t) * LKE_SEC - LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), n + 1);
		fix_run(&f, LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), n + 2);
		t = at[n];
	}
	fix_clear(&f);
	fix_run(&f, 100 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_run(&f, 20 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_DHAAD_REQUEST) >= 1);
	fix_end(&f);
}

static void forged_replies_name_nobody_else(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	assert_int_not_equal(reply(&f, (uint16_t)(m.id + 1), AGENT1, NULL), 0);
	/* not on the home prefix, not a host, the node itself */
	assert_int_equal(reply(&f, m.id, "2001:db8:bb::1", "2001:db8:aa::"), 0);
	assert_int_equal(reply(&f, m.id, "fe80::1", "2001:db8:aa::9"), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(reply(&f, m.id, AGENT2, NULL), 0);
	assert_int_equal(updates_to(&f, AGENT2), 1);
	/* A second reply to the same request changes nothing. */
	assert_int_not_equal(reply(&f, m.id, AGENT1, NULL), 0);
	assert_int_equal(updates_to(&f, AGENT1), 0);
	fix_end(&f);
}

static void silent_agent_is_followed_by_the_next(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	assert_int_equal(reply(&f, m.id, AGENT2, AGENT1), 0);
	/* 1.5 + 3 + 6 s: RFC 6275 11.4.1 wants the first timeout at least. */
	fix_run(&f, 10 * LKE_SEC);
	assert_int_equal(updates_to(&f, AGENT2), 3);
	assert_int_equal(updates_to(&f, AGENT1), 0);
	fix_run(&f, LKE_SEC);
	assert_int_equal(updates_to(&f, AGENT1), 1);
	/* A refusal is an answer too; with nobody left the link is asked again. */
	fix_clear(&f);
	fix_run(&f, LKE_MSEC);
	fix_run(&f, 20 * LKE_SEC);
	fix_clear(&f);
	fix_run(&f, 70 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_DHAAD_REQUEST) >= 1);
	fix_end(&f);
}

static void refusing_agent_is_followed_by_the_next(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	assert_int_equal(reply(&f, m.id, AGENT1, AGENT2), 0);
	assert_int_equal(fix_ha_ba(&f, 1, 130, fix_ha_seq(&f)), 0);
	assert_int_equal(updates_to(&f, AGENT2), 1);
	fix_end(&f);
}

/* --- prefixes of the home link --- */

static int advertise(struct fix *f, uint16_t id, const struct nd_prefix *a,
		     const struct nd_prefix *b)
{
	struct ip6_out o = {
		.src = fix_agent, .dst = f->e->mn->current, .hop_limit = 64, .rh2 = &fix_home
	};
	struct hadisc m = { .type = MPREFIX_ADVERTISEMENT, .id = id };
	uint8_t icmp[128], buf[512];
	struct wr w = wr_init(icmp, sizeof(icmp));
	int len;

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

static void unanswered_solicitation_is_repeated_three_times(void **state)
{
	struct nd_prefix home = fix_pio("2001:db8:aa::", 7200, 3600);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	(void)advertise(&f, 0, &home, NULL);
	fix_run(&f, 120 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_MPS), 4);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6275_11_4_1_asks_the_anycast_address),
		cmocka_unit_test(requests_are_repeated_less_and_less),
		cmocka_unit_test(forged_replies_name_nobody_else),
		cmocka_unit_test(silent_agent_is_followed_by_the_next),
		cmocka_unit_test(refusing_agent_is_followed_by_the_next),
		cmocka_unit_test(rfc_6275_11_4_3_unsolicited_is_asked_for),
		cmocka_unit_test(unanswered_solicitation_is_repeated_three_times),
		cmocka_unit_test(accepted_with_status_1_asks_for_prefixes),
		cmocka_unit_test(binding_ends_with_the_home_prefix),
		cmocka_unit_test(sec_033_new_home_prefix_makes_no_address),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

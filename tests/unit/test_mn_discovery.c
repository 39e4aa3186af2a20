/* SPDX-License-Identifier: ISC */
/* Home agent address discovery: RFC 6275 11.4.1. */
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

/* It had the binding, and refuses the refresh: nothing goes to it or through it any more. */
static void agent_that_fails_leaves_nothing_behind(void **state)
{
	struct lke_in6 first = fix_addr(AGENT1), second = fix_addr(AGENT2);
	struct ip6_info i;
	struct mn_home *h;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	assert_int_equal(reply(&f, m.id, AGENT1, AGENT2), 0);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	h = &f.e->mn->home[0];
	assert_true(in6_eq(&h->tunnel.agent, &first));
	fix_clear(&f);
	while (!fix_last(&f, LKE_MSG_BU))
		fix_run(&f, LKE_SEC);
	assert_int_equal(fix_ha_ba(&f, 1, 130, fix_ha_seq(&f)), 0);
	assert_int_equal(updates_to(&f, AGENT2), 1);
	assert_null(update_find(f.e, &fix_home, &first));
	assert_non_null(update_find(f.e, &fix_home, &second));
	assert_true(in6_is_unspecified(&h->tunnel.agent));
	assert_true(in6_is_unspecified(&h->coa));
	fix_end(&f);
}

/* Who saw one discovery cannot answer the next. */
static void each_discovery_has_its_own_identifier(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	uint16_t first;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	first = m.id;
	fix_run(&f, 3 * LKE_SEC);
	assert_true(request(&f, &m, &i));
	assert_int_equal(m.id, first); /* the same one again */
	while (!fix_note(&f, LKE_NOTE_ALARM))
		fix_run(&f, LKE_SEC);
	fix_clear(&f);
	fix_run(&f, 61 * LKE_SEC);
	assert_true(request(&f, &m, &i));
	assert_int_not_equal(m.id, first);
	fix_end(&f);
}

/* At home from the start: who is found is asked to let the address go, not to bind it. */
static void agent_found_at_home_is_told_so(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	fix_tweak = automatic;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link(&f, true);
	fix_ra(&f, 0xaa);
	assert_true(request(&f, &m, &i));
	assert_int_equal(reply(&f, m.id, AGENT1, NULL), 0);
	assert_int_equal(updates_to(&f, AGENT1), 1);
	assert_int_equal(fix_last(&f, LKE_MSG_BU)[1].a.note.lifetime, 0);
	fix_end(&f);
}

/* All have failed; the next reply begins with its first agent again. */
static void next_discovery_begins_with_the_first(void **state)
{
	struct ip6_info i;
	struct hadisc m;
	struct fix f;

	(void)state;
	start_auto(&f);
	assert_true(request(&f, &m, &i));
	assert_int_equal(reply(&f, m.id, AGENT1, AGENT2), 0);
	assert_int_equal(fix_ha_ba(&f, 1, 130, fix_ha_seq(&f)), 0);
	fix_run(&f, 12 * LKE_SEC); /* the second is silent */
	fix_clear(&f);
	fix_run(&f, 61 * LKE_SEC);
	assert_true(request(&f, &m, &i));
	assert_int_equal(updates_to(&f, AGENT1) + updates_to(&f, AGENT2), 0);
	assert_int_equal(reply(&f, m.id, AGENT2, AGENT1), 0);
	assert_int_equal(updates_to(&f, AGENT2), 1);
	fix_end(&f);
}

/* Nobody answers; the node comes home while it waits to ask again: it does so there, too, and with
 * nobody to defend the home address takes it. */
static void comes_home_in_the_pause(void **state)
{
	struct fix f;

	(void)state;
	start_auto(&f);
	while (!fix_note(&f, LKE_NOTE_ALARM))
		fix_run(&f, LKE_SEC);
	fix_move(&f, 0xaa);
	fix_clear(&f);
	fix_run(&f, 50 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 0);
	fix_run(&f, 11 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_DHAAD_REQUEST) > 0);
	assert_null(fix_note(&f, LKE_NOTE_RETURNED));
	fix_run(&f, 100 * LKE_SEC);
	assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
	assert_int_equal(f.e->mn->home[0].state, MN_HOME_ARRIVED);
	fix_clear(&f);
	fix_run(&f, 200 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST) + fix_count(&f, LKE_MSG_BU), 0);
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
		cmocka_unit_test(agent_that_fails_leaves_nothing_behind),
		cmocka_unit_test(each_discovery_has_its_own_identifier),
		cmocka_unit_test(agent_found_at_home_is_told_so),
		cmocka_unit_test(next_discovery_begins_with_the_first),
		cmocka_unit_test(comes_home_in_the_pause),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

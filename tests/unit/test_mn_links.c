/* SPDX-License-Identifier: ISC */
/* What links and their routers are like: without DAD, with an MTU of their own, of one name. */
#include "mn_fixture.h"

#define OTHER_MAC 0x31

static void link_state(struct fix *f, bool up, bool no_dad)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF,
					.name = "mn0",
					.lladdr = fix_mac(0x77),
					.mtu = 1500,
					.up = up,
					.no_dad = no_dad,
					.carrier_changes = ++f->carrier };
	fix_event(f, &ev);
}

/* RFC 4862 5.4: DupAddrDetectTransmits 0; the access router's authenticated one is run all the
 * same. */
static void amb_099_no_detection_where_there_is_none(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	struct lke_lbsa_view v;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_clear(&f);
	link_state(&f, true, true);
	f.now += LKE_MSEC;
	fix_ra(&f, 1);
	fix_run(&f, LKE_MSEC);
	/* No second of waiting: the exchange begins. */
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	coa = fix_coa(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 77, false), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NA_AUTH), 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_clear(&f);
	link_state(&f, false, true);
	link_state(&f, true, true);
	fix_ra(&f, 2);
	fix_run(&f, 5 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 0);
	fix_end(&f);
}

static void ra(struct fix *f, unsigned ar, uint32_t mtu, uint8_t hop_limit)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1, .mtu = mtu };

	m.cur_hop_limit = hop_limit;
	m.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(ar),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					  .valid = 86400,
					  .preferred = 14400 };
	fix_ra_msg(f, ar, &m);
}

/* The last one set; there are n of them. */
static void assert_link(const struct fix *f, unsigned n, uint32_t mtu, uint8_t hop_limit)
{
	const struct fix_action *a = NULL;
	unsigned k = 0;

	while (fix_find(f, LKE_ACT_LINK, k))
		a = fix_find(f, LKE_ACT_LINK, k++);
	assert_int_equal(k, n);
	assert_non_null(a);
	assert_int_equal(a->a.link.ifindex, FIX_IF);
	assert_int_equal(a->a.link.mtu, mtu);
	assert_int_equal(a->a.link.hop_limit, hop_limit);
}

static void rfc_4861_6_3_4_mtu_and_hop_limit_of_the_router(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	ra(&f, 1, 1400, 61);
	assert_link(&f, 1, 1400, 61);
	/* Said again, or nothing said: as it is. */
	ra(&f, 1, 1400, 61);
	ra(&f, 1, 0, 0);
	assert_link(&f, 1, 1400, 61);
	ra(&f, 1, 1280, 0);
	assert_link(&f, 2, 1280, 61);
	/* Another router of the link that is not in use has no say. */
	ra(&f, 3, 1300, 200);
	assert_link(&f, 2, 1280, 61);
	/* On the next link they are those of the interface again. */
	fix_link(&f, false);
	fix_link(&f, true);
	ra(&f, 2, 0, 0);
	assert_link(&f, 3, 0, 0);
	/* Larger than the interface's, or a hop limit that would cut the node off: not taken. */
	ra(&f, 2, 9000, 1);
	assert_link(&f, 3, 0, 0);
	ra(&f, 2, 1492, 255);
	assert_link(&f, 4, 1492, 255);
	lke_engine_stop(f.e, f.now);
	fix_run(&f, 0);
	assert_link(&f, 5, 0, 0);
	fix_end(&f);
}

static struct rsa_key *other_key(uint8_t spki[RSA_SPKI_MAX], size_t *len)
{
	struct rsa_key *key;

	assert_int_equal(rsa_key_generate(1024, &key), 0);
	assert_int_equal(rsa_key_spki(key, spki, RSA_SPKI_MAX, len), 0);
	return key;
}

/* fe80::1 of one of two links, told apart by the link-layer address alone. */
static void anycast_ra(struct fix *f, unsigned ar, unsigned mac, const uint8_t *spki, size_t len)
{
	struct lke_in6 src = fix_ar_ll(1);
	struct nd_msg m = { .type = ND_RA,
			    .ra_flags = ND_RA_H,
			    .router_lifetime = 9000,
			    .lladdr = fix_mac(mac),
			    .has_lke = true,
			    .lke_max_lifetime = 7200,
			    .lke_key = spki,
			    .lke_key_len = len,
			    .prefixes = 1 };
	uint8_t buf[1024];
	int n;

	m.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(ar),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					  .valid = 86400,
					  .preferred = 14400 };
	n = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(n > 0);
	(void)fix_packet(f, mac, buf, (size_t)n);
}

/* To and fro: the keys of two routers are not one router's alternating keys (AMB-076). */
static void two_routers_of_one_name(unsigned second_mac, bool noted)
{
	uint8_t spki[RSA_SPKI_MAX];
	size_t len;
	struct rsa_key *key;
	struct fix f;

	fix_start(&f, 1, LKE_STRATEGY_BOTH, LKE_PROFILE_DEFAULT);
	key = other_key(spki, &len);
	for (unsigned n = 0; n < 6; n++) {
		bool second = n % 2 == 1;

		fix_link(&f, false);
		fix_link(&f, true);
		fix_clear(&f);
		anycast_ra(&f, second ? 2 : 1, second ? second_mac : 1, second ? spki : f.spki,
			   second ? len : f.spki_len);
		assert_int_equal(fix_note(&f, LKE_NOTE_KEY_CHANGED) != NULL, noted && n > 0);
		(void)fix_ha_ba(&f, second ? second_mac : 1, 0, fix_ha_seq(&f));
		fix_run(&f, 5 * LKE_SEC);
		assert_true(fix_count(&f, LKE_MSG_KEREQ) >= 1);
	}
	rsa_key_free(key);
	fix_end(&f);
}

static void amb_075_routers_of_one_name_on_two_links(void **state)
{
	(void)state;
	two_routers_of_one_name(OTHER_MAC, false);
}

/* An anycast gateway has one link-layer address everywhere, too: that is worth a word, no more. */
static void amb_075_routers_of_one_name_and_station(void **state)
{
	(void)state;
	two_routers_of_one_name(1, true);
}

static void router_answers(struct fix *f, unsigned ar)
{
	struct lke_in6 src = fix_ar_ll(ar);
	struct nd_msg m = { .type = ND_NA,
			    .na_flags = ND_NA_R | ND_NA_S | ND_NA_O,
			    .target = src,
			    .lladdr = fix_mac(ar) };
	uint8_t buf[128];
	int len = nd_encode(&m, &src, &fix_ll, 0, buf, sizeof(buf));

	assert_true(len > 0);
	(void)fix_packet(f, ar, buf, (size_t)len);
}

/* What a router spreads over two advertisements comes before its answer to the question. */
static void amb_073_advertisement_between_question_and_answer(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_ra(&f, 1);
	f.now += 2 * LKE_MSEC;
	router_answers(&f, 1);
	fix_run(&f, 1500 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* The answer is lost, and the router advertises more often than it would be asked of itself. */
static void amb_073_router_that_advertises_often_is_asked_again(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_ra(&f, 1);
	fix_run(&f, 1500 * LKE_MSEC);
	router_answers(&f, 1); /* too late for any question */
	fix_run(&f, LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	f.silent = false;
	for (unsigned n = 0; n < 3; n++) {
		fix_run(&f, 4 * LKE_SEC + LKE_MSEC);
		fix_ra(&f, 1);
	}
	assert_true(fix_count(&f, LKE_MSG_KEREQ) >= 1);
	fix_end(&f);
}

static uint8_t secret;

static void with_secret(struct lke_config *cfg)
{
	cfg->mn.stable_secret[3] = secret;
}

static struct lke_in6 address_at(unsigned ar, uint8_t with)
{
	struct lke_in6 coa;
	struct fix f;

	secret = with;
	fix_tweak = with_secret;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link(&f, true);
	fix_ra(&f, ar);
	coa = fix_coa(&f);
	fix_end(&f);
	return coa;
}

/* The same on every visit, another one on another link or with another secret, and never made of
 * the link-layer address. */
static void rfc_7217_identifiers_are_stable_and_opaque(void **state)
{
	struct lke_in6 first = address_at(1, 5), again = address_at(1, 5), other = address_at(2, 5),
		       another = address_at(1, 6);
	const uint8_t eui[] = { 0xff, 0xfe };

	(void)state;
	assert_true(in6_eq(&first, &again));
	assert_memory_not_equal(first.b + 8, other.b + 8, 8);
	assert_memory_not_equal(first.b + 8, another.b + 8, 8);
	assert_memory_not_equal(first.b + 11, eui, 2);
}

static void command(struct fix *f, uint32_t ifindex)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_ATTACH;
	ev.command.ifindex = ifindex;
	ev.command.cookie = 5;
	fix_event(f, &ev);
}

static int reply(const struct fix *f)
{
	const struct fix_action *a = fix_find(f, LKE_ACT_REPLY, 0);

	assert_non_null(a);
	return a->a.reply.err;
}

/* Roaming without a change of carrier, told by a hook: looked for in the same turn, as after one.
 */
static void hook_starts_the_attachment_at_once(void **state)
{
	struct fix f;
	struct lke_in6 coa, prefix = fix_ar_addr(2);

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_clear(&f);
	command(&f, FIX_IF);
	assert_int_equal(reply(&f), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 1);
	f.now += LKE_MSEC;
	fix_ra(&f, 2);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1); /* to the previous router */
	fix_end(&f);
}

/* It was the same link all the time: nothing but the search. */
static void hook_on_the_same_link_changes_nothing(void **state)
{
	struct fix f;
	struct lke_in6 before, after;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	before = fix_coa(&f);
	fix_clear(&f);
	command(&f, 0);
	fix_ra(&f, 1);
	after = fix_coa(&f);
	assert_true(in6_eq(&before, &after));
	fix_run(&f, 5 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_end(&f);
}

static void hook_for_no_link_of_ours(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_clear(&f);
	command(&f, FIX_IF + 1);
	assert_int_equal(reply(&f), LKE_ERR_NOENT);
	fix_clear(&f);
	command(&f, FIX_IF); /* without carrier there is nothing to search */
	assert_int_equal(reply(&f), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 0);
	fix_end(&f);
}

/* draft01 differs: no LocalOnly (AMB-073). */
static const char *const default_only[] = {
	"amb_099_no_detection_where_there_is_none",
	"amb_073_advertisement_between_question_and_answer",
	"amb_073_router_that_advertises_often_is_asked_again",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_099_no_detection_where_there_is_none),
		cmocka_unit_test(rfc_4861_6_3_4_mtu_and_hop_limit_of_the_router),
		cmocka_unit_test(amb_075_routers_of_one_name_on_two_links),
		cmocka_unit_test(amb_075_routers_of_one_name_and_station),
		cmocka_unit_test(amb_073_advertisement_between_question_and_answer),
		cmocka_unit_test(amb_073_router_that_advertises_often_is_asked_again),
		cmocka_unit_test(rfc_7217_identifiers_are_stable_and_opaque),
		cmocka_unit_test(hook_starts_the_attachment_at_once),
		cmocka_unit_test(hook_on_the_same_link_changes_nothing),
		cmocka_unit_test(hook_for_no_link_of_ours),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

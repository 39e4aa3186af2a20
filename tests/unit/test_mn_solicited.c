/* SPDX-License-Identifier: ISC */
/* Neighbor Solicitations at the mobile node: the engine answers them all, the kernel none. */
#include "mn_fixture.h"

static int ask(struct fix *f, const char *from, const struct lke_in6 *target)
{
	struct lke_in6 src = fix_addr(from), group = in6_solicited_node(target);
	struct nd_msg m = { .type = ND_NS, .target = *target };
	uint8_t buf[128];
	int len;

	if (!in6_is_unspecified(&src))
		m.lladdr = fix_mac(9);
	len = nd_encode(&m, &src, &group, 0, buf, sizeof(buf));
	assert_true(len > 0);
	fix_clear(f);
	return fix_packet(f, 9, buf, (size_t)len);
}

/* The advertisement that was sent, or false if there was none. */
static bool answer(const struct fix *f, struct nd_msg *ret, struct lke_in6 *ret_dst)
{
	const struct fix_action *a = fix_last(f, LKE_MSG_NA);
	struct ip6_info i;

	if (!a)
		return false;
	assert_int_equal(ip6_parse(a->data, a->len, &i), 0);
	assert_int_equal(nd_decode(&i, ret), 0);
	*ret_dst = i.dst;
	assert_int_equal(i.hop_limit, 255);
	assert_true(lladdr_eq(&ret->lladdr,
			      &(struct lke_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, 0x77 } }));
	return true;
}

/* RFC 4429 3.3: override is clear while the address is optimistic, and set afterwards. */
static void rfc_4429_no_override_while_optimistic(void **state)
{
	struct lke_in6 coa, dst, asker = fix_addr("2001:db8:1::1");
	struct nd_msg na;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	coa = fix_coa(&f);
	assert_int_equal(ask(&f, "2001:db8:1::1", &coa), 0);
	assert_true(answer(&f, &na, &dst));
	assert_int_equal(na.na_flags, ND_NA_S);
	assert_true(in6_eq(&dst, &asker));
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(ask(&f, "2001:db8:1::1", &coa), 0);
	assert_true(answer(&f, &na, &dst));
	assert_int_equal(na.na_flags, ND_NA_S | ND_NA_O);
	fix_end(&f);
}

/* An address that the administrator gave the interface is answered for as the kernel would. */
static void addresses_of_others_are_answered_for(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_in6 other = fix_addr("2001:db8:1::abcd"), dst;
	struct nd_msg na;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	ev.addr = (struct lke_ev_addr){
		.ifindex = FIX_IF, .addr = other, .prefix_len = 64, .tentative = true
	};
	fix_event(&f, &ev);
	assert_int_not_equal(ask(&f, "fe80::9", &other), 0);
	assert_false(answer(&f, &na, &dst));
	ev.addr.tentative = false;
	fix_event(&f, &ev);
	assert_int_equal(ask(&f, "fe80::9", &other), 0);
	assert_true(answer(&f, &na, &dst));
	assert_int_equal(na.na_flags, ND_NA_S | ND_NA_O);
	/* and defended */
	assert_int_equal(ask(&f, "::", &other), 0);
	assert_true(answer(&f, &na, &dst));
	assert_int_equal(na.na_flags, ND_NA_O);
	assert_true(in6_eq(&dst, &in6_all_nodes));
	fix_end(&f);
}

static void nobody_else_is_answered_for(void **state)
{
	struct lke_in6 left, stranger = fix_addr("2001:db8:1::5"), dst;
	struct nd_msg na;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	left = fix_coa(&f);
	assert_int_not_equal(ask(&f, "fe80::9", &stranger), 0);
	assert_false(answer(&f, &na, &dst));
	/* A former care-of address belongs to another link, also when its key lives. */
	fix_move(&f, 2);
	assert_int_not_equal(ask(&f, "fe80::9", &left), 0);
	assert_false(answer(&f, &na, &dst));
	/* The home address is on the home link (SEC-032: it is not shown here). */
	assert_int_not_equal(ask(&f, "fe80::9", &fix_home), 0);
	assert_false(answer(&f, &na, &dst));
	fix_end(&f);
}

static void flood_of_questions_is_bounded(void **state)
{
	struct fix f;
	struct lke_in6 coa;
	unsigned answered = 0;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	for (unsigned n = 0; n < 3 * MN_NA_RATE; n++)
		answered += ask(&f, "fe80::9", &coa) == 0;
	assert_int_equal(answered, MN_NA_RATE);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 2 * MN_NA_RATE);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_4429_no_override_while_optimistic),
		cmocka_unit_test(addresses_of_others_are_answered_for),
		cmocka_unit_test(nobody_else_is_answered_for),
		cmocka_unit_test(flood_of_questions_is_bounded),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* Duplicate address detection of the mobile node's own addresses (RFC 4862 5.4, RFC 7527), and what
 * an unauthenticated answer does to a key exchange (draft 5.3, AMB-095). */
#include "mn_fixture.h"

#define STRANGER 0x55

static void start(struct fix *f, struct lke_in6 *ret_coa)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(f, true);
	fix_clear(f);
	fix_ra(f, 1);
	*ret_coa = fix_coa(f);
}

static bool still(const struct fix *f, const struct lke_in6 *coa)
{
	struct lke_in6 now = fix_coa(f);

	return in6_eq(&now, coa);
}

static void foreign_dad(struct fix *f, const struct lke_in6 *target, bool nonce)
{
	struct nd_msg m = { .type = ND_NS, .target = *target, .has_nonce = nonce };
	struct lke_in6 group = in6_solicited_node(target);
	uint8_t buf[128];
	int len;

	memset(m.nonce, 0x5a, sizeof(m.nonce));
	len = nd_encode(&m, &in6_unspecified, &group, 0, buf, sizeof(buf));
	assert_true(len > 0);
	(void)fix_packet(f, STRANGER, buf, (size_t)len);
}

/* A switch that sends it back, from whatever link-layer address: the nonce tells (RFC 7527). */
static void rfc_7527_own_solicitation_looped_back(void **state)
{
	const struct fix_action *ns;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	start(&f, &coa);
	ns = fix_last(&f, LKE_MSG_DAD_NS);
	assert_non_null(ns);
	assert_int_equal(fix_packet(&f, STRANGER, ns->data, ns->len), -(int)LKE_DROP_OWN);
	assert_true(still(&f, &coa));
	assert_null(fix_note(&f, LKE_NOTE_DAD_FAILED));
	fix_end(&f);
}

/* RFC 4862 5.4.3: the same address is being made by somebody else, with or without a nonce. */
static void base_13_foreign_dad_is_a_conflict(void **state)
{
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	for (unsigned nonce = 0; nonce < 2; nonce++) {
		start(&f, &coa);
		foreign_dad(&f, &coa, nonce);
		assert_false(still(&f, &coa));
		assert_non_null(fix_note(&f, LKE_NOTE_DAD_FAILED));
		fix_end(&f);
	}
}

/* Afterwards the address is defended: to all nodes, override set. */
static void base_13_foreign_dad_later_is_answered(void **state)
{
	struct lke_in6 coa;
	struct ip6_info i;
	struct nd_msg m;
	struct fix f;

	(void)state;
	start(&f, &coa);
	fix_run(&f, 2 * LKE_SEC);
	fix_clear(&f);
	foreign_dad(&f, &coa, true);
	assert_true(still(&f, &coa));
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	assert_int_equal(
		ip6_parse(fix_last(&f, LKE_MSG_NA)->data, fix_last(&f, LKE_MSG_NA)->len, &i), 0);
	assert_int_equal(nd_decode(&i, &m), 0);
	assert_true(in6_eq(&i.dst, &in6_all_nodes) && in6_eq(&m.target, &coa));
	assert_int_equal(m.na_flags, ND_NA_O);
	fix_end(&f);
}

static bool has(const struct fix *f, const struct lke_in6 *addr)
{
	const struct lke_act_addr *last = NULL;

	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == LKE_ACT_ADDR && in6_eq(&f->out[n].a.addr.addr, addr))
			last = &f->out[n].a.addr;
	return last && !last->remove;
}

/* Whoever makes an address now is in conflict, until nobody makes any. */
static void dispute_all(struct fix *f)
{
	struct lke_in6 last = in6_unspecified;

	for (unsigned n = 0; n <= IDGEN_RETRIES; n++) {
		struct lke_in6 coa = f->e->mn->current;

		assert_false(in6_eq(&coa, &last));
		foreign_dad(f, &coa, true);
		last = coa;
		fix_run(f, 10 * LKE_MSEC);
	}
}

/* Four addresses in all, as RFC 7217 6 has it; then the node says that it has none, uses none, and
 * begins again after a minute. */
static void rfc_7217_three_further_tries(void **state)
{
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	start(&f, &coa);
	for (unsigned n = 0; n < IDGEN_RETRIES; n++) {
		foreign_dad(&f, &coa, true);
		assert_false(still(&f, &coa));
		assert_null(fix_note(&f, LKE_NOTE_ALARM));
		coa = fix_coa(&f);
	}
	assert_true(has(&f, &coa));
	foreign_dad(&f, &coa, true);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	assert_non_null(fix_note(&f, LKE_NOTE_DETACHED));
	assert_false(has(&f, &coa));
	assert_true(fix_count(&f, LKE_MSG_RS) > 0);
	fix_clear(&f);
	fix_run(&f, 59 * LKE_SEC);
	fix_ra(&f, 1);
	assert_null(fix_note(&f, LKE_NOTE_ATTACHED));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_run(&f, LKE_SEC);
	fix_ra(&f, 1);
	assert_non_null(fix_note(&f, LKE_NOTE_ATTACHED));
	fix_run(&f, 2 * LKE_SEC);
	coa = fix_coa(&f);
	assert_true(has(&f, &coa));
	fix_end(&f);
}

/* The router has another prefix, or the link another router: it is taken. */
static void disputed_prefix_is_left_for_another(void **state)
{
	struct nd_msg both = { .router_lifetime = 9000, .prefixes = 2 };
	struct lke_in6 prefix[] = { fix_addr("2001:db8:11::"), fix_ar_addr(2) };
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	both.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	both.prefix[1] = fix_pio("2001:db8:11::", 86400, 14400);
	for (unsigned n = 0; n < 2; n++) {
		start(&f, &coa);
		if (n == 0)
			fix_ra_msg(&f, 1, &both);
		else
			fix_ra(&f, 2);
		dispute_all(&f);
		coa = fix_coa(&f);
		assert_true(in6_prefix_eq(&coa, &prefix[n], 64));
		assert_true(has(&f, &coa));
		assert_null(fix_note(&f, LKE_NOTE_DETACHED));
		/* Advertised again, it is disputed still. */
		fix_ra_msg(&f, 1, &both);
		fix_run(&f, 3 * LKE_SEC);
		for (unsigned k = 0; k < MN_ADDRS; k++)
			if (f.e->mn->addr[k])
				assert_false(in6_prefix_eq(&f.e->mn->addr[k]->addr,
							   &both.prefix[0].prefix, 64));
		fix_end(&f);
	}
}

/* A dispute is of a prefix, not of its place: on the next link a router of the same name has
 * another one. */
static void dispute_does_not_follow_to_another_prefix(void **state)
{
	struct nd_msg other = { .router_lifetime = 9000, .prefixes = 1 };
	const struct lke_in6 prefix = fix_addr("2001:db8:11::");
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	start(&f, &coa);
	dispute_all(&f);
	other.prefix[0] = fix_pio("2001:db8:11::", 86400, 14400);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_ra_msg(&f, 1, &other);
	coa = fix_coa(&f);
	assert_true(in6_prefix_eq(&coa, &prefix, 64) && has(&f, &coa));
	fix_end(&f);
}

/* The next address lives as long as its prefix, and has DAD of its own. */
static void next_address_has_the_lifetimes_of_its_prefix(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	const struct lke_act_addr *a = NULL;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", 5000, 4000);
	fix_ra_msg(&f, 1, &m);
	coa = fix_coa(&f);
	fix_clear(&f);
	foreign_dad(&f, &coa, true);
	coa = fix_coa(&f);
	for (size_t n = 0; n < f.n; n++)
		if (f.out[n].a.type == LKE_ACT_ADDR && in6_eq(&f.out[n].a.addr.addr, &coa))
			a = &f.out[n].a.addr;
	assert_non_null(a);
	assert_int_equal(a->valid, 5000);
	assert_int_equal(a->preferred, 4000);
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 1);
	fix_run(&f, 3990 * LKE_SEC);
	assert_true(still(&f, &coa));
	assert_int_equal(mn_addr_find(f.e, &coa)->preferred_until, f.now + 10 * LKE_SEC);
	fix_end(&f);
}

/* Another node has the link-local address: the node makes one of its own, checks it, and speaks
 * from it. */
static void link_local_address_of_another_node(void **state)
{
	struct lke_in6 ll = fix_ll, own;
	struct ip6_info i;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_clear(&f);
	foreign_dad(&f, &ll, true);
	assert_non_null(fix_note(&f, LKE_NOTE_DAD_FAILED));
	assert_non_null(f.e->mn->link[0]->ll);
	own = f.e->mn->link[0]->ll->addr;
	assert_true(in6_is_linklocal(&own));
	assert_false(in6_eq(&own, &ll));
	assert_null(mn_addr_find(f.e, &ll));
	assert_true(has(&f, &own));
	assert_int_equal(fix_count(&f, LKE_MSG_DAD_NS), 1);
	fix_ra(&f, 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	assert_int_equal(
		ip6_parse(fix_last(&f, LKE_MSG_KEREQ)->data, fix_last(&f, LKE_MSG_KEREQ)->len, &i),
		0);
	assert_true(in6_eq(&i.src, &own));
	fix_end(&f);
}

static void asked(struct fix *f, struct lke_in6 *ret_coa)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(f, 1);
	*ret_coa = fix_coa(f);
	assert_int_equal(fix_count(f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(f);
	fix_clear(f);
}

/* Within 3 s of the router's question: its exchange has failed, and begins anew after the hold. */
static void amb_095_plain_answer_ends_the_exchange_that_asked(void **state)
{
	struct secret16 first;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	asked(&f, &coa);
	first = f.kbm;
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 7, false), 0);
	fix_na(&f, STRANGER, &coa);
	assert_true(still(&f, &coa));
	fix_run(&f, KEREQ_HOLD - LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_kereq_key(&f);
	assert_memory_not_equal(first.b, f.kbm.b, sizeof(first.b));
	fix_end(&f);
}

/* Without that question, or long after it: a stranger's word, and the exchange goes on. */
static void amb_095_plain_answer_to_nothing_does_not(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct secret16 first;
		struct lke_in6 coa;
		struct fix f;

		asked(&f, &coa);
		first = f.kbm;
		if (n == 1) {
			assert_int_equal(fix_ns_auth(&f, 1, &coa, 7, false), 0);
			fix_run(&f, 3100 * LKE_MSEC);
		}
		fix_clear(&f);
		fix_na(&f, STRANGER, &coa);
		fix_run(&f, n == 1 ? 9 * LKE_SEC : 4500 * LKE_MSEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
		fix_kereq_key(&f);
		assert_memory_equal(first.b, f.kbm.b, sizeof(first.b));
		fix_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_7527_own_solicitation_looped_back),
		cmocka_unit_test(base_13_foreign_dad_is_a_conflict),
		cmocka_unit_test(base_13_foreign_dad_later_is_answered),
		cmocka_unit_test(rfc_7217_three_further_tries),
		cmocka_unit_test(disputed_prefix_is_left_for_another),
		cmocka_unit_test(dispute_does_not_follow_to_another_prefix),
		cmocka_unit_test(next_address_has_the_lifetimes_of_its_prefix),
		cmocka_unit_test(link_local_address_of_another_node),
		cmocka_unit_test(amb_095_plain_answer_ends_the_exchange_that_asked),
		cmocka_unit_test(amb_095_plain_answer_to_nothing_does_not),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

/* SPDX-License-Identifier: ISC */
/* What a mobile node keeps over a restart of the daemon: AMB-131. */
#include "mn_fixture.h"

static int saved(struct fix *f, uint8_t *buf)
{
	int n = lke_engine_save(f->e, buf, LKE_STATE_MAX);

	assert_true(n > 0);
	return n;
}

/* A new engine with the same configuration, as a restarted daemon makes it. */
static void again(struct fix *f)
{
	lke_engine_free(f->e);
	f->n = 0;
	f->cfg.seed[0]++;
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
}

static void link_known(struct fix *f)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	fix_link(f, false);
	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF, .addr = fix_ll, .prefix_len = 64 };
	fix_event(f, &ev);
}

static void amb_131_keys_and_numbers_outlive_a_restart(void **state)
{
	struct fix f;
	struct lke_lbsa_view before, after;
	struct lke_in6 coa, now;
	uint8_t buf[LKE_STATE_MAX];
	uint16_t seq, kex;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	seq = fix_ha_seq(&f);
	kex = f.e->mn->router[0]->kex_seq;
	assert_true(fix_lbsa(&f, &coa, &before));
	f.e->mn->lbsa[0]->has_bu_seq = true;
	f.e->mn->lbsa[0]->bu_seq = 4711;
	n = saved(&f, buf);
	f.now += 5 * LKE_SEC;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_true(fix_lbsa(&f, &coa, &after));
	assert_true(after.has_bu_seq && after.bu_seq == 4711);
	assert_int_equal(after.expires, before.expires);
	assert_true(after.proved);
	assert_memory_equal(f.e->mn->lbsa[0]->kbm.b, f.kbm.b, sizeof(f.kbm.b));
	assert_int_equal(f.e->mn->router[0]->kex_seq, kex);
	link_known(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &coa));
	fix_run(&f, 50 * LKE_MSEC); /* the registration goes behind the deregistration */
	assert_int_equal(fix_ha_seq(&f), (uint16_t)(seq + 1));
	/* Perhaps the access router has a binding of the address: it is given back, without DAD. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	for (size_t k = 0; k < f.n; k++)
		if (f.out[k].a.type == LKE_ACT_SEND && f.out[k].data[IP6_HDR_LEN] == ND_NS)
			assert_memory_not_equal(f.out[k].data + IP6_HDR_LEN + 8, coa.b, 16);
	fix_end(&f);
}

static void amb_131_next_address_is_kept(void **state)
{
	struct fix f;
	struct lke_in6 first, coa, now;
	uint8_t buf[LKE_STATE_MAX];
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	first = fix_coa(&f);
	fix_na(&f, 0x55, &first);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	link_known(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &coa));
	assert_int_equal(mn_addr_find(f.e, &coa)->dad_counter, 1);
	/* Kept once more before there was a link: the counter is that of the copy. */
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_int_equal(f.e->mn->lbsa[0]->dad_counter, 1);
	fix_end(&f);
}

static void any_damage_is_refused_whole(void **state)
{
	struct fix f;
	struct lke_lbsa_view v;
	uint8_t buf[LKE_STATE_MAX], bad[LKE_STATE_MAX];
	struct lke_in6 coa;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	again(&f);
	for (size_t len = 0; len < (size_t)n; len++)
		assert_int_equal(lke_engine_restore(f.e, buf, len), LKE_ERR_INVAL);
	for (size_t k = 0; k < (size_t)n; k++) {
		memcpy(bad, buf, (size_t)n);
		bad[k] ^= (uint8_t)(1u << (k % 8));
		assert_int_equal(lke_engine_restore(f.e, bad, (size_t)n), LKE_ERR_INVAL);
	}
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

static void another_boot_or_secret_is_refused(void **state)
{
	struct fix f;
	uint8_t buf[LKE_STATE_MAX];
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	n = saved(&f, buf);
	f.now = 10 * LKE_SEC; /* the clock of a new boot */
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), LKE_ERR_INVAL);
	f.now = 2000 * LKE_SEC;
	f.cfg.mn.stable_secret[5] ^= 1;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), LKE_ERR_INVAL);
	fix_end(&f);
}

static void the_copy_shows_no_key_and_expired_ones_are_left_out(void **state)
{
	struct fix f;
	struct lke_lbsa_view v;
	uint8_t buf[LKE_STATE_MAX], again_buf[LKE_STATE_MAX];
	struct lke_in6 coa;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	for (int k = 0; k + 16 <= n; k++)
		assert_memory_not_equal(buf + k, f.kbm.b, 16);
	/* Nor that nothing has changed: each has its own IV. */
	assert_int_equal(saved(&f, again_buf), n);
	assert_memory_not_equal(buf + 8, again_buf + 8, 16);
	assert_memory_not_equal(buf + 24, again_buf + 24, 16);
	assert_int_equal(lke_engine_save(f.e, buf, 40), LKE_ERR_SPACE);
	n = saved(&f, buf);
	f.now += 7200 * LKE_SEC;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_false(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

/* --- the copy from inside: head 24 octets with the IV, body, HMAC --- */

enum {
	HEAD = 24,
	AT_SAVED = 0,
	AT_COUNTS = 8,
	AT_LBSA = 11,
	AT_AR = AT_LBSA + 16,
	AT_LL = AT_LBSA + 32,
	AT_LLADDR_LEN = AT_LBSA + 48,
	AT_SINCE = AT_LBSA + 77,
	AT_EXPIRES = AT_LBSA + 85,
	AT_FLAGS = AT_LBSA + 93,
	AT_ROUTER = AT_LBSA + 99,
	AT_HOME_HAS = AT_ROUTER + 22 + 20,
};

static void key_of(const struct fix *f, const char *label, uint8_t ret[SHA256_LEN])
{
	const struct iov_part part = { label, strlen(label) };
	struct hmac *h;

	assert_int_equal(
		hmac_sha256_new(f->cfg.mn.stable_secret, sizeof(f->cfg.mn.stable_secret), &h), 0);
	assert_int_equal(hmac_compute(h, &part, 1, ret), 0);
	hmac_free(h);
}

static void seal(const struct fix *f, uint8_t *buf, size_t n)
{
	const struct iov_part part = { buf, n - SHA256_LEN };
	uint8_t key[SHA256_LEN];
	struct hmac *h;

	key_of(f, "lke state integrity", key);
	assert_int_equal(hmac_sha256_new(key, sizeof(key), &h), 0);
	assert_int_equal(hmac_compute(h, &part, 1, buf + n - SHA256_LEN), 0);
	hmac_free(h);
}

static void crypt(const struct fix *f, bool encrypt, const uint8_t *from, size_t n, uint8_t *to)
{
	uint8_t key[SHA256_LEN];

	key_of(f, "lke state encryption", key);
	assert_int_equal(aes_cbc(encrypt, key, sizeof(key), from + 8, from + HEAD,
				 n - HEAD - SHA256_LEN, to + HEAD),
			 0);
}

/* What a copy of the next version must still be, or every node loses its keys by an update. */
static void format_of_the_copy(void **state)
{
	static const uint8_t head[] = { 'L', 'K', 'E', 'S', 0, 1 };
	uint8_t buf[LKE_STATE_MAX], tag[SHA256_LEN], plain[LKE_STATE_MAX];
	struct lke_in6 coa;
	struct fix f;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	assert_memory_equal(buf, head, sizeof(head));
	assert_int_equal(buf[6] << 8 | buf[7], n);
	memcpy(tag, buf + n - SHA256_LEN, sizeof(tag));
	seal(&f, buf, (size_t)n);
	assert_memory_equal(tag, buf + n - SHA256_LEN, sizeof(tag));
	crypt(&f, false, buf, (size_t)n, plain);
	assert_memory_equal(plain + HEAD + AT_COUNTS, ((uint8_t[]){ 1, 1, 1 }), 3);
	assert_memory_equal(plain + HEAD + AT_LBSA, coa.b, 16);
	fix_end(&f);
}

/* Sealed with the right keys, and wrong all the same: nothing of it is taken. */
static void sealed_nonsense_is_refused_whole(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} bad[] = {
		{ AT_SAVED, 1 },       { AT_COUNTS, MN_LBSAS + 1 },
		{ AT_COUNTS, 0 },      { AT_COUNTS + 1, MN_ROUTERS_MAX + 1 },
		{ AT_COUNTS + 1, 2 },  { AT_COUNTS + 2, LKE_MAX_HOMES + 1 },
		{ AT_LBSA, 0xff },     { AT_AR, 0xff },
		{ AT_LL, 0x20 },       { AT_LLADDR_LEN, 7 },
		{ AT_SINCE, 1 },       { AT_EXPIRES, 1 },
		{ AT_EXPIRES + 2, 0 }, { AT_FLAGS, 4 },
		{ AT_ROUTER, 0x20 },   { AT_HOME_HAS, 2 },
	};
	uint8_t buf[LKE_STATE_MAX], wrong[LKE_STATE_MAX], plain[LKE_STATE_MAX];
	struct lke_lbsa_view v;
	struct lke_in6 coa;
	struct fix f;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	n = saved(&f, buf);
	again(&f);
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		memcpy(plain, buf, (size_t)n);
		crypt(&f, false, buf, (size_t)n, plain);
		assert_int_not_equal(plain[HEAD + bad[k].at], bad[k].value);
		plain[HEAD + bad[k].at] = bad[k].value;
		memcpy(wrong, buf, (size_t)n);
		crypt(&f, true, plain, (size_t)n, wrong);
		seal(&f, wrong, (size_t)n);
		if (lke_engine_restore(f.e, wrong, (size_t)n) != LKE_ERR_INVAL)
			fail_msg("octet %u of the body as %u", bad[k].at, bad[k].value);
		assert_false(fix_lbsa(&f, &coa, &v));
		assert_null(f.e->mn->router[0]);
	}
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	fix_end(&f);
}

/* Five links of one prefix: their addresses differ by the counter alone. */
static void addresses_of_many_links_with_one_prefix_are_kept(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	uint8_t buf[LKE_STATE_MAX];
	struct lke_in6 coa, now;
	unsigned keys = 0;
	struct fix f;
	int n;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	for (unsigned ar = 1; ar <= 6; ar++) {
		fix_link(&f, false);
		fix_link(&f, true);
		assert_int_equal(fix_ra_msg(&f, ar, &m), 0);
		fix_clear(&f);
		f.e->mn->active->lke_allowed = true;
		fix_run(&f, 6 * LKE_SEC);
		assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	}
	coa = fix_coa(&f);
	assert_true(mn_addr_find(f.e, &coa)->dad_counter > IDGEN_RETRIES);
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	for (unsigned k = 0; k < MN_LBSAS; k++)
		keys += f.e->mn->lbsa[k] != NULL;
	assert_int_equal(keys, 6);
	link_known(&f);
	fix_link(&f, true);
	assert_int_equal(fix_ra_msg(&f, 6, &m), 0);
	now = fix_coa(&f);
	assert_true(in6_prefix_eq(&now, &coa, 64));
	fix_end(&f);
}

/* A copy is due when something has changed, which the passing of time alone is not. */
static void copy_is_due_after_a_change_only(void **state)
{
	uint8_t buf[LKE_STATE_MAX];
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	saved(&f, buf);
	assert_false(lke_engine_save_due(f.e));
	fix_run(&f, LKE_SEC);
	assert_false(lke_engine_save_due(f.e));
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(lke_engine_save_due(f.e));
	assert_true(lke_engine_save_due(f.e));
	saved(&f, buf);
	fix_run(&f, 10 * LKE_SEC);
	assert_false(lke_engine_save_due(f.e));
	/* An engine that was stopped has given everything back: nothing to keep of that. */
	lke_engine_stop(f.e, f.now);
	assert_false(lke_engine_save_due(f.e));
	assert_int_equal(lke_engine_save(f.e, buf, sizeof(buf)), LKE_ERR_NOENT);
	fix_end(&f);
}

/* Two keys came back: each link takes the address that was made there, another interface none. */
static void restored_addresses_go_where_they_were(void **state)
{
	struct nd_prefix pio = fix_pio("2001:db8:1::", 86400, 14400);
	uint8_t buf[LKE_STATE_MAX];
	struct lke_in6 coa[3], now;
	struct mn_link *l;
	struct fix f;
	int n;

	(void)state;
	fix_tweak = fix_two_links;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_attach_lbsa(&f, 1);
	coa[1] = fix_coa(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_keack(&f, 2, 0, 7200, false), 0);
	coa[2] = fix_coa(&f);
	n = saved(&f, buf);
	for (unsigned ar = 1; ar <= 2; ar++) {
		again(&f);
		assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
		link_known(&f);
		fix_link2(&f, false);
		l = mn_link_of(f.e, FIX_IF2);
		assert_non_null(l);
		assert_null(mn_addr_restored(f.e, l, &pio));
		fix_link(&f, true);
		fix_ra(&f, ar);
		now = fix_coa(&f);
		assert_true(in6_eq(&now, &coa[ar]));
	}
	fix_end(&f);
}

/* A restored key ends when it was to end; the count of numbers is that of its generation. */
static void restored_keys_end_and_counts_go_on(void **state)
{
	uint8_t buf[LKE_STATE_MAX];
	uint32_t used;
	struct fix f;
	int n;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	assert_int_equal(fix_keack(&f, 1, 0, 40, false), 0);
	used = f.e->mn->home[0].used;
	assert_true(used > 0);
	n = saved(&f, buf);
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_int_equal(f.e->mn->home[0].used, used);
	assert_non_null(f.e->mn->lbsa[0]);
	f.cfg.mn.home[0].generation++;
	again(&f);
	assert_int_equal(lke_engine_restore(f.e, buf, (size_t)n), 0);
	assert_int_equal(f.e->mn->home[0].used, 0);
	assert_false(f.e->mn->home[0].has_seq);
	fix_run(&f, 60 * LKE_SEC);
	assert_null(f.e->mn->lbsa[0]);
	fix_end(&f);
}

/* draft01 differs: no LBSA is proved (AMB-170). */
static const char *const default_only[] = {
	"amb_131_keys_and_numbers_outlive_a_restart",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_131_keys_and_numbers_outlive_a_restart),
		cmocka_unit_test(amb_131_next_address_is_kept),
		cmocka_unit_test(any_damage_is_refused_whole),
		cmocka_unit_test(another_boot_or_secret_is_refused),
		cmocka_unit_test(the_copy_shows_no_key_and_expired_ones_are_left_out),
		cmocka_unit_test(copy_is_due_after_a_change_only),
		cmocka_unit_test(restored_addresses_go_where_they_were),
		cmocka_unit_test(restored_keys_end_and_counts_go_on),
		cmocka_unit_test(format_of_the_copy),
		cmocka_unit_test(sealed_nonsense_is_refused_whole),
		cmocka_unit_test(addresses_of_many_links_with_one_prefix_are_kept),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

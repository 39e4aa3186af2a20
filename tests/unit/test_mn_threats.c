/* SPDX-License-Identifier: ISC */
/* Attacks on the mobile node: rows of the list of threats that need no network to be shown. */
#include "mn_fixture.h"

#include <stdlib.h>

/* Of the linker, in place of drbg_bytes() (meson.build). */
int __real_drbg_bytes(struct drbg *d, void *buf, size_t n);
int __wrap_drbg_bytes(struct drbg *d, void *buf, size_t n);
static bool generator_fails;

int __wrap_drbg_bytes(struct drbg *d, void *buf, size_t n)
{
	return generator_fails ? LKE_ERR_CRYPTO : __real_drbg_bytes(d, buf, n);
}

static void command_kex(struct fix *f)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_KEX;
	fix_event(f, &ev);
}

/* A rebooted node whose former key the router still guards: out for seconds, not for hours. */
static void threats_12_rebooted_node_takes_the_next_address(void **state)
{
	struct lke_in6 old, now;
	struct lke_lbsa_view v;
	lke_time up;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	up = f.now;
	fix_attach(&f, 1);
	old = fix_coa(&f);
	/* 129: the router holds a proved LBSA of the former run. */
	assert_int_equal(fix_keack(&f, 1, 129, 0, false), 0);
	now = fix_coa(&f);
	assert_false(in6_eq(&old, &now));
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_clear(&f);
	while (fix_count(&f, LKE_MSG_KEREQ) == 0 && f.now - up < 60 * LKE_SEC)
		fix_run(&f, 100 * LKE_MSEC);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_true(fix_lbsa(&f, &now, &v));
	assert_true(f.now - up < 10 * LKE_SEC);
	fix_end(&f);
}

/* The node does DAD again and the router plays the node's own advertisement to it. */
static void threats_36_own_advertisement_is_no_conflict(void **state)
{
	const struct fix_action *na;
	struct lke_in6 coa, now;
	uint8_t own[256];
	size_t len;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	assert_int_equal(fix_ns_auth(&f, 1, &coa, 77, false), 0);
	na = fix_last(&f, LKE_MSG_DAD_NA_AUTH);
	assert_non_null(na);
	len = na->len;
	memcpy(own, na->data, len);
	mn_addr_dad(f.e, f.e->mn->active, mn_addr_find(f.e, &coa));
	/* From the router's link-layer address: that of the frame says nothing. */
	(void)fix_packet(&f, 1, own, len);
	now = fix_coa(&f);
	assert_true(in6_eq(&coa, &now));
	assert_null(fix_note(&f, LKE_NOTE_DAD_FAILED));
	fix_end(&f);
}

/* Whatever is wrong with the key makes only the option unusable. */
static void threats_45_unfit_keys_start_nothing(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 9; n++) {
		struct lke_in6 coa, prefix = fix_ar_addr(1);
		struct fix f;
		size_t e;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		e = f.spki_len - 1; /* the exponent 65537 ends the structure */
		switch (n) {
		case 0:
			f.spki[e] = 0; /* even */
			break;
		case 1:
			f.spki[e - 2] = 0;
			f.spki[e - 1] = 0;
			f.spki[e] = 1; /* 1, and not minimal */
			break;
		case 2:
			f.spki_len -= 8; /* cut short */
			break;
		case 3:
			memset(f.spki + f.spki_len, 0, 8); /* padding of a whole unit */
			f.spki_len += 8;
			break;
		case 4:
			f.spki[1] ^= 1; /* a length that does not fit */
			break;
		case 5:
			f.spki[0] = 0x31; /* not a SEQUENCE */
			break;
		case 6:
			memset(f.spki, 0, f.spki_len);
			break;
		case 7:
			f.e->cfg.mn.min_rsa_bits = 2048; /* below what the node accepts */
			break;
		case 8:
			f.spki[f.spki_len - 6] ^= 1; /* an even modulus */
			break;
		}
		fix_link(&f, true);
		fix_ra(&f, 1);
		coa = fix_coa(&f);
		assert_true(in6_prefix_eq(&coa, &prefix, 64));
		assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
		fix_run(&f, 10 * LKE_SEC);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
		fix_end(&f);
	}
}

static void threats_52_recorded_or_redirected_acknowledgement(void **state)
{
	struct lke_in6 ar = fix_ar_addr(1), other = fix_addr("2001:db8:1::bad"), coa;
	uint8_t first[512], forged[512];
	struct lke_lbsa_view v;
	size_t len, forged_len;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	coa = fix_coa(&f);
	len = fix_keack_make(&f, &ar, 0, 7200, first, sizeof(first), NULL);
	/* Another address of the prefix put in: the HMAC covers it. */
	forged_len = len;
	memcpy(forged, first, len);
	for (size_t k = 40; k + 16 <= len; k++)
		if (memcmp(forged + k, ar.b, 16) == 0)
			memcpy(forged + k, other.b, 16);
	assert_int_not_equal(fix_packet(&f, 1, forged, forged_len), 0);
	assert_false(fix_lbsa(&f, &coa, &v));
	assert_int_equal(fix_packet(&f, 1, first, len), 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_true(in6_eq(&v.ar, &ar));
	/* To a later request. */
	fix_clear(&f);
	command_kex(&f);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	assert_int_not_equal(fix_packet(&f, 1, first, len), 0);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	fix_end(&f);
}

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, LKE_KBM_LEN);
}

/* A key never comes twice, and never as zeroes. */
static void threats_54_keys_do_not_repeat(void **state)
{
	enum { DRAWS = 1000000 };
	static const uint8_t zero[LKE_KBM_LEN];
	uint8_t(*k)[LKE_KBM_LEN] = calloc(DRAWS, sizeof(*k));
	struct fix f;

	(void)state;
	assert_non_null(k);
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	for (unsigned n = 0; n < DRAWS; n++)
		if (!rnd_bytes(f.e, k[n], sizeof(k[n])))
			fail_msg("the generator failed");
	qsort(k, DRAWS, sizeof(*k), by_value);
	assert_memory_not_equal(k[0], zero, sizeof(zero));
	for (unsigned n = 1; n < DRAWS; n++)
		if (memcmp(k[n - 1], k[n], sizeof(k[n])) == 0)
			fail_msg("a key came twice");
	free(k);
	fix_end(&f);
}

/* A weak key is worse than none. */
static void threats_54_no_key_without_randomness(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	fix_ra(&f, 1);
	fix_run(&f, LKE_SEC);
	generator_fails = true;
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 10 * LKE_SEC);
	generator_fails = false;
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
	assert_null(fix_find(&f, LKE_ACT_ENCRYPT, 0));
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_ra(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 1);
	fix_end(&f);
}

/* The node counts the numbers of a manual key as well (AMB-172): an alarm, and no more of them. */
static void threats_61_budget_of_numbers_is_kept(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.e->mn->home[0].used = SEQ_BUDGET - 1;
	fix_link(&f, true);
	fix_ra(&f, 1);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	fix_clear(&f);
	fix_run(&f, 600 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	assert_non_null(fix_note(&f, LKE_NOTE_ALARM));
	fix_end(&f);
}

/* An interface that goes away and comes back under another index: nothing names the old one. */
static void threats_94_no_stale_interface_index(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK }, own = { .type = LKE_EV_ADDR };
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .removed = true };
	fix_event(&f, &ev);
	assert_int_not_equal(mn_addr_find(f.e, &coa)->ifindex, FIX_IF);
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++)
		assert_true(!f.e->mn->router[n] || f.e->mn->router[n]->ifindex != FIX_IF);
	fix_clear(&f);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF + 1,
					.name = "mn0",
					.mtu = 1280,
					.lladdr = fix_mac(0x78),
					.up = true };
	fix_event(&f, &ev);
	own.addr = (struct lke_ev_addr){ .ifindex = FIX_IF + 1, .addr = fix_ll, .prefix_len = 64 };
	fix_event(&f, &own);
	fix_run(&f, 5 * LKE_SEC);
	for (size_t n = 0; n < f.n; n++) {
		const struct lke_action *a = &f.out[n].a;

		if (a->type == LKE_ACT_SEND)
			assert_int_not_equal(a->send.ifindex, FIX_IF);
		if (a->type == LKE_ACT_ADDR && !a->addr.remove)
			assert_int_not_equal(a->addr.ifindex, FIX_IF);
		if (a->type == LKE_ACT_PATH)
			assert_int_not_equal(a->path.ifindex, FIX_IF);
	}
	assert_non_null(mn_addr_find(f.e, &coa));
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_end(&f);
}

/* draft01 differs: AMB-170, AMB-172. */
static const char *const default_only[] = {
	"threats_12_rebooted_node_takes_the_next_address",
	"threats_61_budget_of_numbers_is_kept",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threats_12_rebooted_node_takes_the_next_address),
		cmocka_unit_test(threats_36_own_advertisement_is_no_conflict),
		cmocka_unit_test(threats_45_unfit_keys_start_nothing),
		cmocka_unit_test(threats_52_recorded_or_redirected_acknowledgement),
		cmocka_unit_test(threats_54_keys_do_not_repeat),
		cmocka_unit_test(threats_54_no_key_without_randomness),
		cmocka_unit_test(threats_61_budget_of_numbers_is_kept),
		cmocka_unit_test(threats_94_no_stale_interface_index),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

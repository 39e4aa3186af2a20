/* SPDX-License-Identifier: ISC */
/* Limits of the access router: tables (AMB-128), budgets (AMB-059, AMB-060), held requests
 * (AMB-054). */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* Mobile node n of many: all its addresses and its key are its own. */
static struct arf_mn node(unsigned n)
{
	struct arf_mn m = arf_mobile(1);

	m.ll.b[14] = m.coa.b[14] = m.new_coa.b[14] = (uint8_t)(n >> 8 | 0x40);
	m.ll.b[15] = m.coa.b[15] = m.new_coa.b[15] = (uint8_t)n;
	m.lladdr.b[4] = (uint8_t)(n >> 8);
	m.lladdr.b[5] = (uint8_t)n;
	m.lladdr.b[3] = 0x77;
	m.kbm[0] = (uint8_t)(n >> 8);
	m.kbm[1] = (uint8_t)n;
	return m;
}

/* Asks; the status of the acknowledgement, or -1 when there is none. */
static int ask(const struct arf_mn *m, uint16_t *ret_units)
{
	unsigned before = arf_count(&f, LKE_MSG_KEACK);
	struct mh_keack k;
	int status;

	f.neighbour = m;
	arf_kereq(&f, m);
	f.neighbour = NULL;
	if (arf_count(&f, LKE_MSG_KEACK) == before)
		return -1;
	status = arf_keack(&f, m, &k);
	if (ret_units)
		*ret_units = k.lifetime;
	return status;
}

static void eight(struct lke_config *cfg)
{
	cfg->ar[0].max_lbsa = 8;
}

static void fill_eight(void)
{
	static const uint16_t units[] = { 1800, 1800, 1800, 1800, 150, 150, 30, 30 };

	for (unsigned n = 0; n < 8; n++) {
		struct arf_mn m = node(n);
		uint16_t got = 0;

		f.dad = &m;
		assert_int_equal(ask(&m, &got), STATUS_ACCEPTED);
		assert_int_equal(got, units[n]);
		arf_run(&f, 2 * LKE_SEC);
		assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	}
	f.dad = NULL;
}

static void full_table(enum lke_profile profile)
{
	struct arf_mn m = node(8);
	uint16_t units = 1;

	arf_open(&f, profile, eight);
	fill_eight();
	assert_int_equal(ask(&m, &units), STATUS_RESOURCES);
	assert_int_equal(units, 0);
	/* existing entries are untouched; the first that ends gives its place */
	for (unsigned n = 0; n < 8; n++)
		assert_true(
			arf_has(&f, &(struct lke_in6[]){ node(n).coa }[0], LKE_LBSA_VALID, NULL));
	arf_run(&f, 121 * LKE_SEC);
	m.seq++;
	m.salt++;
	assert_int_equal(ask(&m, &units), STATUS_ACCEPTED);
}

static void seq6_l_threat_03_amb_128_full_table_answers_130(void **state)
{
	full_table(LKE_PROFILE_DEFAULT);
}
static void draft01_seq6_l_full_table_answers_130(void **state)
{
	full_table(LKE_PROFILE_DRAFT01);
}

static void amb_128_an_entry_of_a_full_table_can_be_renewed(void **state)
{
	struct arf_mn old = node(3), m = old;
	struct lke_lbsa_view v;
	uint16_t units;

	arf_open(&f, LKE_PROFILE_DEFAULT, eight);
	fill_eight();
	arf_run(&f, 4 * LKE_SEC);
	m.kbm[5] ^= 1;
	m.old_kbm = old.kbm;
	m.seq++;
	f.dad = &m;
	assert_int_equal(ask(&m, &units), STATUS_ACCEPTED);
	assert_int_equal(units, 30);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(v.kex_seq, m.seq);
}

static void amb_128_sixteen_for_one_link_layer_address(void **state)
{
	struct arf_mn m, first = node(0);
	uint16_t units;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < 17; n++) {
		m = node(n);
		m.lladdr = first.lladdr;
		f.dad = &m;
		assert_int_equal(ask(&m, &units), n < 16 ? STATUS_ACCEPTED : STATUS_RESOURCES);
		arf_run(&f, 4 * LKE_SEC);
	}
	/* another link-layer address has its own sixteen, and a renewal takes no further place */
	m = node(20);
	f.dad = &m;
	assert_int_equal(ask(&m, &units), STATUS_ACCEPTED);
	m = first;
	m.kbm[5] ^= 1;
	m.old_kbm = first.kbm;
	m.seq++;
	f.dad = &m;
	assert_int_equal(ask(&m, &units), STATUS_ACCEPTED);
}

static void four(struct lke_config *cfg)
{
	cfg->ar[0].max_lbsa = 4;
}

static void amb_128_tombstones_do_not_count_and_give_way(void **state)
{
	unsigned tombstones = 0;
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DEFAULT, four);
	for (unsigned n = 0; n < 12; n++) { /* nobody answers their detection */
		m = node(n);
		assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
		arf_run(&f, 4 * LKE_SEC);
		assert_true(arf_has(&f, &m.coa, LKE_LBSA_TOMBSTONE, NULL));
	}
	for (unsigned n = 0; n < 12; n++)
		tombstones += arf_has(&f, &(struct lke_in6[]){ node(n).coa }[0], LKE_LBSA_TOMBSTONE,
				      NULL);
	assert_int_equal(tombstones, 8);
	/* the newest are kept */
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_TOMBSTONE, NULL));
	for (unsigned n = 20; n < 24; n++) {
		m = node(n);
		f.dad = &m;
		assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
		arf_run(&f, 2 * LKE_SEC);
		assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	}
}

static void amb_060_link_layer_source_burst_2_then_1_in_3_s(void **state)
{
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < 4; n++) {
		m = node(n);
		m.lladdr = node(0).lladdr;
		assert_int_equal(ask(&m, NULL), n < 2 ? STATUS_ACCEPTED : -1);
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_MAC), 2);
	assert_int_equal(f.decrypts, 2);
	arf_run(&f, 3 * LKE_SEC);
	m = node(10);
	m.lladdr = node(0).lladdr;
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
	m = node(11);
	m.lladdr = node(0).lladdr;
	assert_int_equal(ask(&m, NULL), -1);
}

static void amb_060_five_refusals_a_second(void **state)
{
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < 8; n++) {
		m = node(n);
		m.coa.b[5] = 0x99; /* another prefix */
		assert_int_equal(ask(&m, NULL), n < 5 ? STATUS_NOT_HOME_SUBNET : -1);
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_ANSWER), 3);
	assert_int_equal(f.decrypts, 5);
	/* requests that are not refused have their own bucket */
	m = node(20);
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
	arf_run(&f, LKE_SEC);
	m = node(21);
	m.coa.b[5] = 0x99;
	assert_int_equal(ask(&m, NULL), STATUS_NOT_HOME_SUBNET);
}

static void slow_key(void)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	uint8_t spki[162] = { 0x30, 9 };

	/* 40 operations a second, a quarter of them (kex_cpu_percent) */
	ev.rsa_key = (struct lke_ev_rsa_key){ 9, ARF_MODULUS, spki, sizeof(spki), 40 };
	arf_event(&f, &ev);
}

static void amb_060_private_key_budget_and_renewals_beside_it(void **state)
{
	struct arf_mn old = node(100), m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_attach(&f, &old);
	arf_run(&f, 5 * LKE_SEC);
	slow_key();
	for (unsigned n = 0; n < 14; n++) {
		m = node(n);
		assert_int_equal(ask(&m, NULL), n < 10 ? STATUS_ACCEPTED : -1);
	}
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_RSA), 4);
	/* a good renewal proof goes on, once in 3 s: it takes its operation in advance */
	m = old;
	m.kbm[5] ^= 1;
	m.old_kbm = old.kbm;
	m.seq++;
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
	m.kbm[5] ^= 2;
	m.seq++;
	m.salt++;
	assert_int_equal(ask(&m, NULL), -1);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_LL), 1);
	arf_run(&f, 100 * LKE_MSEC); /* that one is paid back first */
	m = node(29);
	assert_int_equal(ask(&m, NULL), -1);
	arf_run(&f, 100 * LKE_MSEC); /* one more operation */
	m = node(30);
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
	m = node(31);
	assert_int_equal(ask(&m, NULL), -1);
}

/* Insiders with many LBSAs: the budget is one for all RSA work. */
static void thr_001_renewals_stay_within_the_budget(void **state)
{
	enum { LBSAS = 40 };
	static struct arf_mn old[LBSAS];
	unsigned before, done = 0;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < LBSAS; n++) {
		old[n] = node(200 + n);
		f.sents = f.notes = 0;
		arf_attach(&f, &old[n]);
	}
	f.sents = f.notes = 0;
	arf_run(&f, 5 * LKE_SEC);
	slow_key(); /* 10 operations a second, burst 10 */
	before = f.decrypts;
	for (unsigned n = 0; n < LBSAS; n++) {
		struct arf_mn m = old[n];

		m.kbm[5] ^= 1;
		m.old_kbm = old[n].kbm;
		m.seq++;
		f.sents = f.notes = 0;
		done += ask(&m, NULL) == STATUS_ACCEPTED;
	}
	assert_int_equal(done, 20);
	assert_int_equal(f.decrypts - before, 20);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_RSA), LBSAS - 20);
	/* a second later ten more, none for anybody else */
	arf_run(&f, LKE_SEC);
	f.sents = f.notes = 0;
	assert_int_equal(ask(&(struct arf_mn[]){ node(1) }[0], NULL), -1);
	for (unsigned n = 20; n < LBSAS; n++) {
		struct arf_mn m = old[n];

		m.kbm[5] ^= 1;
		m.old_kbm = old[n].kbm;
		m.seq += 2;
		m.salt++;
		f.sents = f.notes = 0;
		done += ask(&m, NULL) == STATUS_ACCEPTED;
	}
	assert_int_equal(done, 30);
}

static void amb_051_replayed_renewal_costs_nothing(void **state)
{
	struct arf_mn old = node(1), m = old;
	uint8_t buf[1024];
	size_t len;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_attach(&f, &old);
	arf_run(&f, 5 * LKE_SEC);
	m.kbm[5] ^= 1;
	m.old_kbm = old.kbm;
	m.seq++;
	len = arf_make_kereq(&m, buf, sizeof(buf));
	f.dad = NULL; /* its detection fails: the older key stays, and with it the renewal proof */
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
	arf_run(&f, 30 * LKE_SEC);
	assert_int_equal(f.decrypts, 2);
	for (unsigned n = 0; n < 20; n++) {
		arf_feed(&f, ARF_LAN, &m.lladdr, buf, len);
		arf_run(&f, 500 * LKE_MSEC);
	}
	assert_int_equal(f.decrypts, 2);
	/* the place of the true renewal is free */
	m.kbm[5] ^= 2;
	m.seq++;
	assert_int_equal(ask(&m, NULL), STATUS_ACCEPTED);
}

static void amb_060_detections_burst_500_then_100_a_second(void **state)
{
	unsigned accepted = 0;
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	for (unsigned n = 0; n < 510; n++) {
		m = node(n);
		f.sents = f.notes = 0;
		accepted += ask(&m, NULL) == STATUS_ACCEPTED;
	}
	assert_int_equal(accepted, AR_DAD_BURST);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_RATE_DAD), 10);
	for (unsigned n = 0; n < 2; n++) { /* ten milliseconds: one more */
		m = node(600 + n);
		if (n == 0)
			f.now += 10 * LKE_MSEC;
		f.sents = f.notes = 0;
		assert_int_equal(ask(&m, NULL), n == 0 ? STATUS_ACCEPTED : -1);
	}
}

/* m answers the host's own address resolution. */
static void heard(const struct arf_mn *m, const struct lke_lladdr *from)
{
	struct nd_msg na = {
		.type = ND_NA, .na_flags = ND_NA_S, .target = m->coa, .lladdr = *from
	};
	struct lke_in6 ll = arf_addr("fe80::a:1");
	uint8_t buf[256];
	int len = nd_encode(&na, &m->coa, &ll, 0, buf, sizeof(buf));

	arf_feed(&f, ARF_LAN, from, buf, (size_t)len);
}

static void amb_054_a_hundred_resolutions_a_second(void **state)
{
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	for (unsigned n = 0; n < 110; n++) {
		m = node(n);
		heard(&m, &m.lladdr);
		assert_int_equal(arf_kereq(&f, &m),
				 n < AR_RESOLUTION_RATE ? -LKE_DROP_HELD : -LKE_DROP_NO_NEIGHBOUR);
	}
	assert_int_equal(arf_count(&f, LKE_MSG_NS), AR_RESOLUTION_RATE);
	assert_int_equal(f.decrypts, 0);
}

static void thr_001_strangers_leave_half_of_the_resolutions(void **state)
{
	enum { HALF = AR_RESOLUTION_RATE / 2 };
	struct arf_mn m, known = node(1000);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	heard(&known, &known.lladdr);
	for (unsigned n = 0; n < 110; n++) {
		m = node(n);
		assert_int_equal(arf_kereq(&f, &m),
				 n < HALF ? -LKE_DROP_HELD : -LKE_DROP_NO_NEIGHBOUR);
	}
	f.dad = &known;
	assert_int_equal(ask(&known, NULL), STATUS_ACCEPTED);
	/* one whose answer came from another link-layer address is no better than a stranger */
	m = node(1001);
	heard(&m, &known.lladdr);
	assert_int_equal(arf_kereq(&f, &m), -LKE_DROP_NO_NEIGHBOUR);
}

static void amb_054_at_most_256_requests_wait(void **state)
{
	unsigned held = 0;
	struct lke_lladdr other = arf_lladdr(0x99);
	struct arf_mn m;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	/* former holders to ask first: each request then waits for 3 s */
	for (unsigned n = 0; n < 225; n++) {
		m = node(n);
		heard(&m, &other);
		held += arf_kereq(&f, &m) == -LKE_DROP_HELD;
		f.sents = f.notes = 0;
		arf_run(&f, 13 * LKE_MSEC);
	}
	assert_int_equal(held, AR_HELD_STRANGERS);
	m = node(226);
	assert_int_equal(arf_kereq(&f, &m), -LKE_DROP_LIMIT);
	/* the last places are for those that were heard */
	for (unsigned n = 300; n < 390; n++) {
		int err;

		m = node(n);
		heard(&m, &m.lladdr);
		err = arf_kereq(&f, &m);
		held += err == -LKE_DROP_HELD;
		f.sents = f.notes = 0;
	}
	assert_in_range(held, AR_HELD_STRANGERS + AR_RESOLUTION_RATE / 2, AR_HELD_MAX);
	assert_int_equal(f.decrypts, 0);
	f.sents = f.notes = 0;
	f.hold_rsa = true;
	for (unsigned n = 0; n < 400; n++) {
		f.sents = f.notes = 0;
		arf_run(&f, 10 * LKE_MSEC);
	}
	/* nobody answered: those that were probed go on, the others are not there */
	assert_int_equal(f.decrypts, AR_HELD_STRANGERS);
}

static void amb_054_only_the_one_who_was_asked_confirms(void **state)
{
	struct arf_mn m = node(1), thief = m;
	struct lke_in6 ll = arf_addr("fe80::a:1");
	struct nd_msg na = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_O, .target = m.coa };
	uint8_t buf[256];
	int len;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	na.lladdr = m.lladdr; /* the host's kernel resolved the holder once */
	len = nd_encode(&na, &m.coa, &ll, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_LAN, &m.lladdr, buf, (size_t)len);
	thief.ll.b[10] = 9;
	thief.lladdr = arf_lladdr(0x66);
	assert_int_equal(arf_kereq(&f, &thief), -LKE_DROP_HELD);
	assert_memory_equal(&arf_last(&f, LKE_MSG_NS)->dst, &m.lladdr, sizeof(m.lladdr));
	na.lladdr = thief.lladdr; /* the thief answers in its place */
	len = nd_encode(&na, &m.coa, &ll, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_LAN, &thief.lladdr, buf, (size_t)len);
	arf_run(&f, 2900 * LKE_MSEC);
	assert_int_equal(f.decrypts, 0);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 3);
	na.lladdr = m.lladdr; /* the holder wakes up */
	len = nd_encode(&na, &m.coa, &ll, 0, buf, sizeof(buf));
	arf_feed(&f, ARF_LAN, &m.lladdr, buf, (size_t)len);
	{
		struct mh_keack k;

		assert_int_equal(arf_keack(&f, &thief, &k), STATUS_PROHIBITED);
	}
}

/* draft01 differs: AMB-051, AMB-054; renewals are known by their proof, AMB-170. */
static const char *const default_only[] = {
	"amb_060_private_key_budget_and_renewals_beside_it",
	"thr_001_renewals_stay_within_the_budget",
	"amb_051_replayed_renewal_costs_nothing",
	"amb_054_a_hundred_resolutions_a_second",
	"thr_001_strangers_leave_half_of_the_resolutions",
	"amb_054_at_most_256_requests_wait",
	"amb_054_only_the_one_who_was_asked_confirms",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(seq6_l_threat_03_amb_128_full_table_answers_130),
		T(draft01_seq6_l_full_table_answers_130),
		T(amb_128_an_entry_of_a_full_table_can_be_renewed),
		T(amb_128_sixteen_for_one_link_layer_address),
		T(amb_128_tombstones_do_not_count_and_give_way),
		T(amb_060_link_layer_source_burst_2_then_1_in_3_s),
		T(amb_060_five_refusals_a_second),
		T(amb_060_private_key_budget_and_renewals_beside_it),
		T(thr_001_renewals_stay_within_the_budget),
		T(amb_051_replayed_renewal_costs_nothing),
		T(amb_060_detections_burst_500_then_100_a_second),
		T(amb_054_a_hundred_resolutions_a_second),
		T(thr_001_strangers_leave_half_of_the_resolutions),
		T(amb_054_at_most_256_requests_wait),
		T(amb_054_only_the_one_who_was_asked_confirms),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* LKE_EV_CONFIG at an access router: what changes, and above all what does not. */
#include "ar_fixture.h"

#include <string.h>

#include "core/access_router.h"

static struct arf f;
static struct lke_config next;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static int reload(void)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next, false } };
	int err = lke_engine_input(f.e, &ev, f.now);

	arf_run(&f, 0);
	return err;
}

/* One mobile node with an LBSA and a binding; the burst of advertisements at the start is over. */
static struct arf_mn begin(void (*tune)(struct lke_config *cfg))
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, tune);
	arf_attach(&f, &m);
	assert_int_equal(arf_bu(&f, &m, &(struct arf_bu){ .flags = BU_A, .lifetime = 50 }), 0);
	arf_run(&f, 60 * LKE_SEC);
	next = f.cfg;
	f.sents = f.notes = 0;
	return m;
}

static void untouched(const struct arf_mn *m)
{
	struct lke_binding_view b;
	struct lke_lbsa_view l;

	assert_true(arf_has(&f, &m->coa, LKE_LBSA_VALID, &l));
	assert_true(arf_binding(&f, &m->coa, &b));
	assert_int_equal(arf_notes(&f, LKE_NOTE_LBSA_GONE), 0);
	assert_int_equal(arf_notes(&f, LKE_NOTE_BINDING_GONE), 0);
}

static struct nd_msg last_ra(void)
{
	const struct arf_sent *s = arf_last(&f, LKE_MSG_RA);
	struct nd_msg m;

	assert_non_null(s);
	assert_int_equal(nd_decode(&s->ip, &m), 0);
	return m;
}

static void op_reload_of_the_same_sends_nothing(void **state)
{
	struct arf_mn m = begin(NULL);

	assert_int_equal(reload(), 0);
	assert_int_equal(f.sents, 0);
	assert_int_equal(f.notes, 0);
	untouched(&m);
}

/* What is told is told at once, in a new burst; limits of ours are no news for anybody. */
static void op_reload_of_the_interval(void **state)
{
	struct arf_mn m = begin(NULL);
	struct nd_msg ra;

	next.ar[0].max_lbsa = 77;
	next.ar[0].max_per_mac = 3;
	next.ar[0].kex_cpu_percent = 50;
	assert_int_equal(reload(), 0);
	arf_run(&f, 4 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
	next.ar[0].ra_max_interval_ms = 4000;
	next.ar[0].ra_min_interval_ms = 3000;
	next.ar[0].rdnss[0] = arf_addr("2001:db8:53::53");
	next.ar[0].rdnss_count = 1;
	assert_int_equal(reload(), 0);
	arf_run(&f, LKE_MSEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	ra = last_ra();
	assert_int_equal(ra.adv_interval_ms, 4000);
	assert_int_equal(ra.rdnss_count, 1);
	arf_run(&f, 40 * LKE_SEC);
	assert_in_range(arf_count(&f, LKE_MSG_RA), 10, 15);
	untouched(&m);
	assert_int_equal(f.e->ar->lbsa.by_key.max, 2 * 77);
}

static void op_reload_of_prefixes_deprecates_the_former(void **state)
{
	struct arf_mn m = begin(NULL);
	bool old = false, new = false;
	struct nd_msg ra;

	next.ar[0].prefix[0] = (struct lke_prefix){ .addr = arf_addr("2001:db8:77::"), .len = 64 };
	next.ar[0].prefixes = 1;
	assert_int_equal(reload(), 0);
	arf_run(&f, LKE_MSEC);
	ra = last_ra();
	for (unsigned n = 0; n < ra.prefixes; n++) {
		struct lke_in6 p77 = arf_addr("2001:db8:77::");

		if (in6_prefix_eq(&ra.prefix[n].prefix, &p77, 64))
			new = ra.prefix[n].preferred > 0;
		else
			old = ra.prefix[n].preferred == 0 && ra.prefix[n].valid > 0;
	}
	assert_true(new);
	assert_true(old);
	untouched(&m);
}

static void amb_060_reload_of_the_share_of_the_processor(void **state)
{
	struct arf_mn m = begin(NULL);
	uint64_t before = f.e->ar->limits->rsa.rate;

	next.ar[0].kex_cpu_percent = 2 * f.cfg.ar[0].kex_cpu_percent;
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->ar->limits->rsa.rate, 2 * before);
	untouched(&m);
}

static void amb_134_reload_of_the_rotation(void **state)
{
	struct arf_mn m = begin(NULL);

	next.rsa_rotation = 3600;
	assert_int_equal(reload(), 0);
	arf_run(&f, 3500 * LKE_SEC);
	assert_int_equal(f.rsa_news, 0);
	arf_run(&f, 100 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
	/* Shorter than its age: at once. */
	arf_close(&f);
	m = begin(NULL);
	next.rsa_rotation = 30;
	assert_int_equal(reload(), 0);
	arf_run(&f, LKE_MSEC);
	assert_int_equal(f.rsa_news, 1);
	untouched(&m);
}

static void op_reload_of_max_lifetime_counts_from_now_on(void **state)
{
	struct arf_mn m = begin(NULL), n = arf_mobile(2);
	struct lke_lbsa_view old, new;

	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &old));
	next.ar[0].max_lifetime = 600;
	assert_int_equal(reload(), 0);
	untouched(&m);
	arf_attach(&f, &n);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &new));
	assert_true(new.expires == old.expires);
	assert_true(arf_has(&f, &n.coa, LKE_LBSA_VALID, &new));
	assert_true(new.expires <= f.now + 600 * LKE_SEC);
}

static void two_links(struct lke_config *cfg)
{
	cfg->ars = 2;
	lke_config_ar_defaults(&cfg->ar[1]);
	strcpy(cfg->ar[1].interface, "up");
}

/* The section of one link changes its place: that is nothing. */
static void op_reload_removes_a_link_and_adds_one(void **state)
{
	struct arf_mn m = begin(two_links);

	next.ar[0] = f.cfg.ar[1];
	next.ar[1] = f.cfg.ar[0];
	assert_int_equal(reload(), 0);
	assert_int_equal(f.sents, 0);
	untouched(&m);
	/* Without "up": the last advertisement there says so, "lan" stays. */
	next.ar[0] = f.cfg.ar[0];
	next.ars = 1;
	assert_int_equal(reload(), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->ifindex, ARF_UP);
	assert_int_equal(last_ra().router_lifetime, 0);
	untouched(&m);
	next.ars = 2;
	next.ar[1] = f.cfg.ar[1];
	f.sents = 0;
	assert_int_equal(reload(), 0);
	arf_run(&f, 4 * LKE_SEC);
	assert_int_equal(arf_last(&f, LKE_MSG_RA)->ifindex, ARF_UP);
	assert_int_equal(last_ra().router_lifetime, 7200);
	untouched(&m);
}

/* A link that goes takes its LBSAs along; with it they come back, so that undo undoes. */
static void op_reload_of_a_removed_link_brings_its_lbsas_back(void **state)
{
	struct arf_mn m = begin(two_links);
	struct lke_binding_view b;

	next.ar[0] = f.cfg.ar[1];
	next.ars = 1;
	assert_int_equal(reload(), 0);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	assert_false(arf_binding(&f, &m.coa, &b));
	next = f.cfg;
	assert_int_equal(reload(), 0);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	assert_true(arf_binding(&f, &m.coa, &b));
}

static void op_reload_to_no_advertisements_and_back(void **state)
{
	struct arf_mn m = begin(NULL);

	next.ar[0].advertise = LKE_ADVERTISE_NO;
	assert_int_equal(reload(), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	assert_int_equal(last_ra().router_lifetime, 0);
	arf_run(&f, 1000 * LKE_SEC / 10);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 1);
	untouched(&m);
	next.ar[0].advertise = LKE_ADVERTISE_FULL;
	assert_int_equal(reload(), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
	assert_int_equal(last_ra().router_lifetime, 7200);
	/* Beside another daemon: without a word of ours, that one is the router. */
	next.ar[0].advertise = LKE_ADVERTISE_AUGMENT;
	assert_int_equal(reload(), 0);
	arf_run(&f, 100 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 2);
}

static void op_reload_without_lke_refuses_new_keys(void **state)
{
	struct arf_mn m = begin(NULL), n = arf_mobile(2);

	next.ar[0].lke = false;
	assert_int_equal(reload(), 0);
	untouched(&m);
	assert_int_equal(arf_kereq(&f, &n), -LKE_DROP_SCOPE_INTERFACE);
	next.ar[0].lke = true;
	assert_int_equal(reload(), 0);
	arf_attach(&f, &n);
}

static void op_reload_refuses_another_profile_or_role(void **state)
{
	struct arf_mn m = begin(NULL);

	next.profile = arf_draft01(&f) ? LKE_PROFILE_DEFAULT : LKE_PROFILE_DRAFT01;
	next.ar[0].max_lbsa = 5;
	assert_int_equal(reload(), LKE_ERR_STATE);
	next = f.cfg;
	next.ars = 0;
	assert_int_equal(reload(), LKE_ERR_STATE);
	next = f.cfg;
	next.ha.interfaces = 1;
	assert_int_equal(reload(), LKE_ERR_STATE);
	next = f.cfg;
	next.ars = LKE_MAX_IFACES + 1;
	assert_int_equal(reload(), LKE_ERR_INVAL);
	assert_int_equal(f.e->cfg.ar[0].max_lbsa, 65536);
	untouched(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(op_reload_of_the_same_sends_nothing, done),
		cmocka_unit_test_teardown(op_reload_of_the_interval, done),
		cmocka_unit_test_teardown(op_reload_of_prefixes_deprecates_the_former, done),
		cmocka_unit_test_teardown(amb_060_reload_of_the_share_of_the_processor, done),
		cmocka_unit_test_teardown(amb_134_reload_of_the_rotation, done),
		cmocka_unit_test_teardown(op_reload_of_max_lifetime_counts_from_now_on, done),
		cmocka_unit_test_teardown(op_reload_removes_a_link_and_adds_one, done),
		cmocka_unit_test_teardown(op_reload_of_a_removed_link_brings_its_lbsas_back, done),
		cmocka_unit_test_teardown(op_reload_to_no_advertisements_and_back, done),
		cmocka_unit_test_teardown(op_reload_without_lke_refuses_new_keys, done),
		cmocka_unit_test_teardown(op_reload_refuses_another_profile_or_role, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* What an access router refuses and why, links without link-layer addresses, the end of the
 * service. */
#include "ar_fixture.h"

#include <string.h>

#include "base/mem.h"
#include "core/binding.h"

static struct arf f;
static struct arf_mn mn;
static const struct arf_bu up = { .lifetime = 60 };

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static int done(void **state)
{
	mem_fail_after(0);
	arf_close(&f);
	return 0;
}

static uint8_t update(const struct arf_bu *o, bool *ret_signed)
{
	unsigned before = arf_count(&f, LKE_MSG_BA);
	struct mh_ba ba;

	arf_bu(&f, &mn, o);
	mn.bu_seq++;
	assert_int_equal(arf_count(&f, LKE_MSG_BA), before + 1);
	ba = arf_ba(&f, mn.kbm, ret_signed);
	return ba.status;
}

static void amb_118_other_kind_of_binding_139(void **state)
{
	struct binding tmpl = { .home = mn.coa,
				.agent = arf_addr("2001:db8:1::1"),
				.coa = arf_addr("2001:db8:9::9"),
				.ifindex = ARF_LAN,
				.kind = BINDING_BY_ESP,
				.state = LKE_BINDING_OK,
				.seq = 7,
				.expires = LKE_NEVER,
				.credit = UINT64_MAX };
	struct arf_bu down = { .lifetime = 0 };
	struct lke_binding_view v;
	struct binding *b;
	bool ok;

	assert_int_equal(binding_add(f.e, &tmpl, 0, &b), 0);
	assert_int_equal(update(&up, &ok), STATUS_TYPE_CHANGE);
	assert_true(ok);
	assert_int_equal(update(&down, &ok), STATUS_TYPE_CHANGE);
	assert_true(arf_binding(&f, &mn.coa, &v));
	assert_true(in6_eq(&v.coa, &tmpl.coa));
}

static void amb_102_nonce_indices_128(void **state)
{
	struct arf_bu o = up;
	bool ok;

	o.nonce_indices = true;
	assert_int_equal(update(&o, &ok), STATUS_UNSPECIFIED);
	assert_true(ok); /* judged after the Authenticator, AMB-109 */
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_int_equal(update(&up, &ok), STATUS_ACCEPTED);
}

/* Whatever allocation fails: 130 or silence, never half a binding. */
static void amb_109_no_resources_130(void **state)
{
	unsigned refused = 0;

	for (unsigned n = 1; n <= 12; n++) {
		unsigned before;
		bool ok;

		arf_close(&f);
		open_default(NULL);
		before = arf_count(&f, LKE_MSG_BA);
		mem_fail_after(n);
		arf_bu(&f, &mn, &up);
		mem_fail_after(0);
		if (arf_count(&f, LKE_MSG_BA) == before ||
		    arf_ba(&f, mn.kbm, &ok).status != STATUS_RESOURCES)
			continue;
		assert_true(ok);
		assert_false(arf_binding(&f, &mn.coa, NULL));
		assert_int_equal(f.intercepts, 0);
		refused++;
		assert_int_equal(update(&up, &ok),
				 STATUS_ACCEPTED); /* the number was not used up */
	}
	assert_in_range(refused, 1, 12);
}

static struct lke_config_mobile served;

static void with_home_agent(struct lke_config *cfg)
{
	struct lke_config_sa *sa[] = { &served.to_ha, &served.to_mn };

	memset(&served, 0, sizeof(served));
	strcpy(served.name, "alice");
	served.home = arf_mobile(1).coa;
	served.generation = 1;
	for (unsigned n = 0; n < 2; n++) {
		sa[n]->spi = 0x1000 + n;
		sa[n]->enc = LKE_ESP_AES_CBC;
		sa[n]->auth = LKE_ESP_HMAC_SHA256_128;
		sa[n]->enc_key_len = 16;
		sa[n]->auth_key_len = 32;
		memset(sa[n]->enc_key, (int)(2 * n + 1), 16);
		memset(sa[n]->auth_key, (int)(2 * n + 2), 32);
	}
	cfg->ha.interfaces = 1;
	strcpy(cfg->ha.interface[0], "lan");
	cfg->ha.mobile = &served;
	cfg->ha.mobiles = 1;
}

static void amb_162_address_served_by_the_home_agent_129(void **state)
{
	struct arf_mn other = arf_mobile(2);
	struct mh_keack k;

	arf_open(&f, LKE_PROFILE_DEFAULT, with_home_agent);
	mn = arf_mobile(1);
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_PROHIBITED);
	assert_int_equal(k.lifetime, 0);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_TENTATIVE, NULL));
	arf_attach(&f, &other); /* its neighbour is served */
}

static void amb_056_care_of_address_of_a_registered_home_129(void **state)
{
	struct binding tmpl = { .agent = arf_addr("2001:db8:1::1"),
				.home = arf_addr("2001:db8:1::b02"),
				.coa = arf_mobile(3).coa,
				.ifindex = ARF_LAN,
				.kind = BINDING_BY_ESP,
				.state = LKE_BINDING_OK,
				.expires = LKE_NEVER,
				.credit = UINT64_MAX };
	struct mh_keack k;
	struct binding *b;

	arf_open(&f, LKE_PROFILE_DEFAULT, with_home_agent);
	mn = arf_mobile(3);
	assert_int_equal(binding_add(f.e, &tmpl, 0, &b), 0);
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	assert_int_equal(arf_keack(&f, &mn, &k), STATUS_PROHIBITED);
}

static void amb_054_links_without_link_layer_addresses(void **state)
{
	struct arf_mn thief, many;
	struct arf_bu o = { .lifetime = 0, .at_home = true };
	struct mh_keack k;
	bool ok;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	mn.lladdr = (struct lke_lladdr){ 0 };
	arf_attach(&f, &mn);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 0); /* nobody to resolve */
	arf_run(&f, 5 * LKE_SEC);
	thief = mn;
	thief.ll.b[14] = 9;
	thief.kbm[3] ^= 1;
	arf_kereq(&f, &thief);
	assert_int_equal(arf_keack(&f, &thief, &k), STATUS_PROHIBITED);
	/* no limit by link-layer address: there is none to count by */
	for (unsigned n = 2; n < 8; n++) {
		many = arf_mobile(n);
		many.lladdr = mn.lladdr;
		arf_kereq(&f, &many);
		assert_int_equal(arf_keack(&f, &many, &k), STATUS_ACCEPTED);
	}
	assert_int_equal(update(&up, &ok), STATUS_ACCEPTED);
	assert_int_equal(update(&o, &ok), STATUS_ACCEPTED);
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

/* Two access links with one prefix: an LBSA of the other link cannot touch the binding (draft 4.2).
 */
static void two_links(struct lke_config *cfg)
{
	cfg->ars = 2;
	lke_config_ar_defaults(&cfg->ar[1]);
	strcpy(cfg->ar[1].interface, "lan2");
}

static void second_link(void)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link.ifindex = 9;
	strcpy(ev.link.name, "lan2");
	ev.link.lladdr = arf_lladdr(3);
	ev.link.mtu = 1500;
	ev.link.up = true;
	arf_event(&f, &ev);
	for (unsigned n = 0; n < 2; n++) {
		struct lke_event a = { .type = LKE_EV_ADDR };

		a.addr.ifindex = 9;
		a.addr.addr = arf_addr(n ? "2001:db8:1::2" : "fe80::a:1");
		a.addr.prefix_len = 64;
		arf_event(&f, &a);
	}
}

static void lke_168_lbsa_of_another_link_cannot_touch_the_binding(void **state)
{
	struct arf_mn other = arf_mobile(1);
	struct lke_in6 second = arf_addr("2001:db8:1::2");
	struct arf_bu o = { .lifetime = 0, .to = &second };
	uint8_t buf[1024];
	size_t len;
	bool ok;

	arf_open(&f, LKE_PROFILE_DRAFT01, two_links);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	second_link();
	/* the same care-of address on the second link, by another node */
	other.kbm[0] ^= 0xff;
	other.lladdr = arf_lladdr(0x66);
	other.ll.b[15] = 0x66;
	len = arf_make_kereq(&other, buf, sizeof(buf));
	assert_int_equal(arf_feed(&f, 9, &other.lladdr, buf, len), 0);
	len = arf_make_na(&other, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_GOOD, buf, sizeof(buf));
	arf_feed(&f, 9, &other.lladdr, buf, len);
	arf_run(&f, 2 * LKE_SEC);
	assert_int_equal(update(&up, &ok), STATUS_ACCEPTED);
	o.kbm = other.kbm;
	arf_bu(&f, &mn, &o);
	assert_int_equal(arf_ba(&f, other.kbm, &ok).status, STATUS_PROHIBITED);
	assert_true(ok);
	o.lifetime = 60;
	mn.bu_seq++;
	arf_bu(&f, &mn, &o);
	assert_int_equal(arf_ba(&f, other.kbm, &ok).status, STATUS_PROHIBITED);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void stop_undoes_everything_with_live_bindings(void **state)
{
	struct arf_mn second = arf_mobile(2), third = arf_mobile(3);
	const struct lke_action *a;
	unsigned intercepts = 0, tunnels = 0, leaves = 0, finals = 0, steers = 0;
	bool ok;

	assert_int_equal(update(&up, &ok), STATUS_ACCEPTED);
	arf_attach(&f, &second);
	f.neighbour = &third; /* its detection runs */
	arf_kereq(&f, &third);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e))) {
		intercepts += a->type == LKE_ACT_INTERCEPT && a->intercept.remove;
		tunnels += a->type == LKE_ACT_TUNNEL && a->tunnel.remove;
		leaves += a->type == LKE_ACT_GROUP && a->group.leave;
		steers += a->type == LKE_ACT_STEER && a->steer.remove;
		finals += a->type == LKE_ACT_SEND;
	}
	assert_int_equal(intercepts, 1);
	assert_int_equal(tunnels, 1);
	assert_int_equal(leaves, f.groups);
	assert_int_equal(finals, 1);
	assert_true(steers >= 2);
	assert_true(lke_engine_deadline(f.e) == LKE_NEVER);
	assert_false(arf_has(&f, &mn.coa, LKE_LBSA_VALID, NULL));
}

static void no_advertisements(struct lke_config *cfg)
{
	cfg->ar[0].advertise = LKE_ADVERTISE_NO;
}

static void advertise_no_sends_nothing_but_serves(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, no_advertisements);
	arf_run(&f, 20 * LKE_SEC);
	assert_int_equal(arf_count(&f, LKE_MSG_RA), 0);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
}

/* draft01 differs: AMB-054. */
static const char *const default_only[] = {
	"amb_054_links_without_link_layer_addresses",
	NULL,
};

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
#define O(name) cmocka_unit_test_teardown(name, done)
	const struct CMUnitTest tests[] = {
		T(amb_118_other_kind_of_binding_139),
		T(amb_102_nonce_indices_128),
		T(amb_109_no_resources_130),
		O(amb_162_address_served_by_the_home_agent_129),
		O(amb_056_care_of_address_of_a_registered_home_129),
		O(amb_054_links_without_link_layer_addresses),
		O(lke_168_lbsa_of_another_link_cannot_touch_the_binding),
		T(stop_undoes_everything_with_live_bindings),
		O(advertise_no_sends_nothing_but_serves),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

/* SPDX-License-Identifier: ISC */
/* Proxy Neighbor Discovery, acceptable care-of addresses, Binding Errors. */
#include "ha_fixture.h"

struct answer {
	struct nd_msg m;
	struct ip6_info ip;
	struct lke_act_send send;
	unsigned n;
};

static struct answer solicit(struct fx *f, uint32_t ifindex, const char *source)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	struct nd_msg m = { .type = ND_NS, .target = f->mobile[0].home };
	struct lke_in6 src = ip(source), dst = in6_solicited_node(&m.target);
	const struct lke_action *a;
	struct answer r = { 0 };
	uint8_t buf[256];
	int len;

	if (!in6_is_unspecified(&src))
		m.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 7, 7 } };
	len = nd_encode(&m, &src, &dst, 0, buf, sizeof(buf));
	assert_true(len > 0);
	ev.packet = (struct lke_ev_packet){ .ifindex = ifindex,
					    .src_ll = { 6, { 2, 0, 0, 0, 7, 8 } },
					    .data = buf,
					    .len = (size_t)len };
	lke_engine_input(f->e, &ev, f->now);
	while ((a = lke_engine_next_action(f->e))) {
		if (a->type != LKE_ACT_SEND)
			continue;
		assert_int_equal(ip6_parse(a->send.data, a->send.len, &r.ip), 0);
		assert_int_equal(nd_decode(&r.ip, &r.m), 0);
		r.send = a->send;
		r.n++;
	}
	return r;
}

static void amb_092_solicitation_gets_our_link_layer_address(void **state)
{
	struct answer r;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_int_equal(solicit(&f, HOME_IF, "2001:db8:1::99").n, 0);
	fx_register(&f, 1);
	r = solicit(&f, HOME_IF, "2001:db8:1::99");
	assert_int_equal(r.n, 1);
	assert_int_equal(r.m.na_flags, ND_NA_S | ND_NA_O);
	assert_int_equal(r.m.lladdr.b[5], HOME_IF);
	assert_true(same(&r.ip.src, "fe80::1") && same(&r.ip.dst, "2001:db8:1::99"));
	assert_int_equal(r.send.dst.b[5], 7);
	assert_int_equal(solicit(&f, WAN_IF, "2001:db8:9::99").n, 0);
	fx_end(&f);
}

static void amb_092_dad_is_answered_to_all_nodes(void **state)
{
	struct answer r;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	r = solicit(&f, HOME_IF, "::");
	assert_int_equal(r.n, 1);
	assert_int_equal(r.m.na_flags, ND_NA_O);
	assert_true(same(&r.ip.dst, "ff02::1"));
	fx_end(&f);
}

static bool ok(struct fx *f, const char *coa)
{
	struct lke_in6 a = ip(coa);

	return agent_coa_acceptable(f->e, &f->mobile[1].home, &a);
}

static void care_of_addresses_that_are_refused(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	assert_false(ok(&f, "2001:db8:1::b01")); /* another home address, bound or not */
	fx_register(&f, 1);
	assert_true(ok(&f, "2001:db8:5::9"));
	assert_true(ok(&f, "2001:db8:1::b02")); /* its own home address */
	assert_false(ok(&f, "2001:db8:1::b01"));
	assert_false(ok(&f, "2001:db8:9::1")); /* ours */
	assert_false(ok(&f, "2001:db8:5::"));  /* subnet-router anycast */
	assert_false(ok(&f, "ff0e::1"));
	assert_false(ok(&f, "fe80::9"));
	assert_false(ok(&f, "::1"));
	fx_end(&f);
}

static void unknown_mh(struct fx *f, const char *source)
{
	struct ip6_out o = { .src = ip(source), .dst = ip("2001:db8:1::1"), .hop_limit = 60 };
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	mh_brr_encode(&w);
	wr_patch_u8(&w, off + 2, 99);
	mh_set_checksum(&w, off, &o.src, &o.dst);
	ip6_end(&w);
	assert_int_equal(fx_frame(f, WAN_IF, buf, w.off), -LKE_DROP_MH_TYPE);
}

static void amb_176_no_binding_error_to_a_registered_node(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	unknown_mh(&f, "2001:db8:5::7"); /* its care-of address */
	unknown_mh(&f, "2001:db8:1::b01");
	assert_int_equal(f.bes, 0);
	unknown_mh(&f, "2001:db8:8::8");
	assert_int_equal(f.bes, 1);
	for (unsigned n = 0; n < 100; n++)
		unknown_mh(&f, "2001:db8:8::8");
	assert_true(f.bes <= 10);
	fx_end(&f);
}

static void sec_034_esp_is_steered_for_each_address_of_the_home_link(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_addr(&f, HOME_IF, "2001:db8:1::2", false);
	assert_string_equal(f.order, "S+S+");
	fx_addr(&f, WAN_IF, "2001:db8:9::2", false);
	fx_addr(&f, HOME_IF, "2001:db8:1::2", true);
	assert_string_equal(f.order, "S+S+S-S-");
	fx_register(&f, 1);
	fx_addr(&f, HOME_IF, "2001:db8:1::1", true);
	assert_null(binding_find(f.e, &f.mobile[0].home));
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_092_solicitation_gets_our_link_layer_address),
		cmocka_unit_test(amb_092_dad_is_answered_to_all_nodes),
		cmocka_unit_test(care_of_addresses_that_are_refused),
		cmocka_unit_test(amb_176_no_binding_error_to_a_registered_node),
		cmocka_unit_test(sec_034_esp_is_steered_for_each_address_of_the_home_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

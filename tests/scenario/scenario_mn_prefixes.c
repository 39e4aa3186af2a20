/* SPDX-License-Identifier: ISC */
/* An access link with two prefixes: flows of both addresses outlive a handover. */
#include "scenario.h"

#include "base/in6.h"

static struct lke_in6 second_addr(const struct world *w)
{
	struct lke_in6 prefix = { { 0x20, 0x01, 0x0d, 0xb8, 0, 0x11 } };

	for (unsigned k = 0; k < w->mn->addrs; k++)
		if (in6_prefix_eq(&w->mn->addr[k].addr, &prefix, 64))
			return w->mn->addr[k].addr;
	return in6_unspecified;
}

static struct world *two_prefixes(struct lke_in6 *ret_second)
{
	struct world *w = world_plain();
	struct simnode *others[] = { w->ar[1], w->ar[2], w->ar[3], w->ha, w->r0 };
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_lbsa_view v;

	sim_addr(w->ar[0], 0, "2001:db8:11::1", 64);
	ev.addr.ifindex = w->ar[0]->iface[0].ifindex;
	ev.addr.addr = w->ar[0]->addr[w->ar[0]->addrs - 1].addr;
	ev.addr.prefix_len = 64;
	(void)sim_event(w->ar[0], &ev);
	sim_route(w->ar[0], "2001:db8:11::", 64, 0, "::");
	for (size_t n = 0; n < sizeof(others) / sizeof(others[0]); n++)
		sim_route(others[n], "2001:db8:11::", 64, 1, "2001:db8:ffff::1");
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	sim_run_for(w->net, SEC(10));
	*ret_second = second_addr(w);
	assert_false(in6_is_unspecified(ret_second));
	assert_true(sim_lbsa(w->ar[0], ret_second, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	return w;
}

static void amb_068_key_for_each_address(void **state)
{
	struct lke_in6 second;
	struct world *w = two_prefixes(&second);

	(void)state;
	assert_int_equal(sim_count(w->net, 0, w->mn, LKE_MSG_KEREQ), 2);
	world_free(w);
}

static void flow_of_the_second_address_goes_on(void **state)
{
	struct lke_in6 second;
	struct world *w = two_prefixes(&second);
	uint64_t mn, cn;

	(void)state;
	world_traffic(w, &second, MSEC(100));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 100);
	assert_int_equal(w->cn->received, 100);
	world_attach(w, 1);
	sim_run_for(w->net, SEC(2));
	mn = w->mn->received;
	cn = w->cn->received;
	world_traffic(w, &second, MSEC(300));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 300);
	assert_int_equal(w->cn->received - cn, 300);
	/* The care-of address of the first prefix goes on as well. */
	mn = w->mn->received;
	world_traffic(w, &w->hoa, MSEC(100));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 100);
	world_free(w);
}

static void back_home_on_the_link_both_are_deregistered(void **state)
{
	struct lke_binding_view b;
	struct lke_in6 second;
	struct world *w = two_prefixes(&second);
	uint64_t mn;

	(void)state;
	world_attach(w, 1);
	sim_run_for(w->net, SEC(3));
	assert_true(sim_binding(w->ar[0], &second, &b));
	world_attach(w, 0);
	sim_run_for(w->net, SEC(3));
	assert_false(sim_binding(w->ar[0], &second, &b));
	mn = w->mn->received;
	world_traffic(w, &second, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_068_key_for_each_address),
		cmocka_unit_test(flow_of_the_second_address_goes_on),
		cmocka_unit_test(back_home_on_the_link_both_are_deregistered),
	};

	return cmocka_run_group_tests_name("scenario_mn_prefixes", tests, NULL, NULL);
}

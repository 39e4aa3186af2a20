/* SPDX-License-Identifier: ISC */
/* Return to the home link: RFC 6275 11.5.5. */
#include "scenario.h"

#include "base/in6.h"

static const struct lke_in6 *ll_of(const struct simnode *n, unsigned iface)
{
	for (unsigned k = 0; k < n->addrs; k++)
		if (n->addr[k].ifindex == n->iface[iface].ifindex &&
		    in6_is_linklocal(&n->addr[k].addr))
			return &n->addr[k].addr;
	return NULL;
}

/* The home agent is the router of the home link; in this world it does not say so by itself. */
static void home_link_advertises(struct world *w)
{
	struct nd_msg m = { .type = ND_RA, .router_lifetime = 1800, .prefixes = 1 };
	struct lke_lladdr all = { .len = 6, .b = { 0x33, 0x33, 0, 0, 0, 1 } };
	uint8_t buf[512];
	int len;

	m.lladdr = w->ha->iface[0].lladdr;
	m.prefix[0] = (struct nd_prefix){ .prefix = w->ha_addr,
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					  .valid = 86400,
					  .preferred = 14400 };
	len = nd_encode(&m, ll_of(w->ha, 0), &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	sim_send(w->ha, 0, &all, buf, (size_t)len);
}

static void go_home(struct world *w)
{
	sim_move(w->mn, 0, w->home, MSEC(60));
	sim_run_for(w->net, MSEC(80));
	home_link_advertises(w);
	sim_run_for(w->net, MSEC(100));
}

static const struct simaddr *home_address(const struct world *w)
{
	for (unsigned k = 0; k < w->mn->addrs; k++)
		if (in6_eq(&w->mn->addr[k].addr, &w->hoa))
			return &w->mn->addr[k];
	return NULL;
}

static void traffic_flows(struct world *w)
{
	uint64_t mn = w->mn->received, cn = w->cn->received;

	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	assert_int_equal(w->cn->received - cn, 200);
}

static struct world *away(void)
{
	struct world *w = world_plain();

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	traffic_flows(w);
	return w;
}

static void base_11_home_agent_lets_the_address_go(void **state)
{
	struct world *w = away();
	struct lke_binding_view b;
	lke_time t0 = sim_now(w->net);

	(void)state;
	assert_int_equal(home_address(w)->ifindex, 0);
	assert_true(sim_binding(w->ha, &w->hoa, &b));
	go_home(w);
	assert_false(sim_binding(w->ha, &w->hoa, &b));
	assert_int_equal(home_address(w)->ifindex, w->mn->iface[0].ifindex);
	/* The home agent defended it until then: no DAD, no question from it. */
	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);
		struct ip6_info i;
		struct nd_msg m;

		if (f->at < t0 || f->from != w->mn || ip6_parse(f->data, f->len, &i) < 0 ||
		    nd_decode(&i, &m) < 0 || m.type != ND_NS)
			continue;
		assert_false(in6_eq(&m.target, &w->hoa));
		assert_false(in6_eq(&i.src, &w->hoa));
	}
	/* Neighbours learn whose it is now. */
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_NA) >= 1);
	traffic_flows(w);
	world_free(w);
}

static void amb_073_no_key_exchange_at_home(void **state)
{
	struct world *w = away();
	lke_time t0;

	(void)state;
	t0 = sim_now(w->net);
	go_home(w);
	sim_run_for(w->net, SEC(30));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
	world_free(w);
}

static void leaves_home_again(void **state)
{
	struct world *w = away();
	struct lke_binding_view b;

	(void)state;
	go_home(w);
	sim_run_for(w->net, SEC(5));
	world_attach(w, 1);
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	assert_int_equal(home_address(w)->ifindex, 0);
	assert_true(sim_binding(w->ha, &w->hoa, &b));
	traffic_flows(w);
	go_home(w);
	traffic_flows(w);
	world_free(w);
}

/* The flow of a former care-of address is still tunnelled by its access router. */
static void care_of_flow_goes_on_at_home(void **state)
{
	struct world *w = away();
	struct lke_in6 coa = world_coa(w, 0);
	uint64_t mn;

	(void)state;
	go_home(w);
	sim_run_for(w->net, SEC(2));
	mn = w->mn->received;
	world_traffic(w, &coa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	world_free(w);
}

/* First start at home: there is no binding, the home agent says so (133), and that is fine. */
static void starts_at_home(void **state)
{
	struct world *w = world_plain();

	(void)state;
	go_home(w);
	assert_int_equal(home_address(w)->ifindex, w->mn->iface[0].ifindex);
	traffic_flows(w);
	sim_stop(w->mn);
	assert_null(home_address(w));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_11_home_agent_lets_the_address_go),
		cmocka_unit_test(amb_073_no_key_exchange_at_home),
		cmocka_unit_test(leaves_home_again),
		cmocka_unit_test(care_of_flow_goes_on_at_home),
		cmocka_unit_test(starts_at_home),
	};

	return cmocka_run_group_tests_name("scenario_mn_home", tests, NULL, NULL);
}

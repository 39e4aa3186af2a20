/* SPDX-License-Identifier: ISC */
/*
 * A mobile node that is thrown about at random: links, its home link, no link, loss, duplication
 * and reordering, suspends, several prefixes on one link, addresses that end or that others take,
 * commands, routers that restart.  In the end it lies still, and everything works; under the
 * sanitizers nothing was touched that had gone.
 */
#include "scenario.h"

#include "base/in6.h"

#define STEPS 120
#ifndef SEEDS
#define SEEDS 40
#endif

static uint64_t state_of_dice;

static unsigned dice(unsigned sides)
{
	state_of_dice = state_of_dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of_dice >> 33) % sides;
}

static const struct lke_in6 *ll_of(const struct simnode *n)
{
	for (unsigned k = 0; k < n->addrs; k++)
		if (n->addr[k].ifindex == n->iface[0].ifindex && in6_is_linklocal(&n->addr[k].addr))
			return &n->addr[k].addr;
	return NULL;
}

static void advertise_for(struct simnode *from, const struct lke_in6 *prefix, uint16_t lifetime,
			  uint32_t valid, uint32_t preferred)
{
	struct nd_msg m = { .type = ND_RA, .router_lifetime = lifetime, .prefixes = 1 };
	struct lke_lladdr all = { .len = 6, .b = { 0x33, 0x33, 0, 0, 0, 1 } };
	uint8_t buf[512];
	int len;

	m.lladdr = from->iface[0].lladdr;
	m.prefix[0] = (struct nd_prefix){ .prefix = *prefix,
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A,
					  .valid = valid,
					  .preferred = preferred };
	len = nd_encode(&m, ll_of(from), &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	sim_send(from, 0, &all, buf, (size_t)len);
}

static void advertise(struct simnode *from, const struct lke_in6 *prefix, uint16_t lifetime,
		      uint32_t preferred)
{
	advertise_for(from, prefix, lifetime, 86400, preferred);
}

/* A prefix whose addresses end soon, while others come. */
static void advertise_in_passing(struct world *w, unsigned on)
{
	struct lke_in6 p = { { 0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)(0x20 + dice(4)) } };
	uint32_t valid = 1 + dice(60);

	advertise_for(w->ar[on], &p, dice(4) ? 1800 : 0, valid, dice(valid + 1));
}

static void command(struct world *w)
{
	static const enum lke_command all[] = { LKE_CMD_HANDOVER,   LKE_CMD_KEX,
						LKE_CMD_FLUSH_LBSA, LKE_CMD_FLUSH_BINDING,
						LKE_CMD_ATTACH,	    LKE_CMD_LEAVE };
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = all[dice(sizeof(all) / sizeof(all[0]))];
	if (ev.command.cmd == LKE_CMD_LEAVE) {
		ev.command.lladdr = w->mn->iface[0].lladdr;
		(void)sim_event(w->ar[dice(WORLD_ARS)], &ev);
	} else {
		(void)sim_event(w->mn, &ev);
	}
}

/* Another host takes an address of the mobile node, and gives it up again. */
static void take_address(struct world *w, unsigned on)
{
	struct lke_in6 a = world_coa(w, on);

	if (in6_is_unspecified(&a))
		return;
	sim_claim(w->host, 0, &a, true);
	sim_run_for(w->net, SEC(dice(10)));
	sim_claim(w->host, 0, &a, false);
}

static void odd_step(struct world *w, unsigned on)
{
	switch (dice(4)) {
	case 0:
		advertise_in_passing(w, on);
		break;
	case 1:
		command(w);
		break;
	case 2:
		sim_move(w->host, 0, w->link[on], 0);
		take_address(w, on);
		break;
	default:
		sim_restart(w->ar[on], (enum sim_restart)dice(3), MSEC(dice(3000)));
		break;
	}
}

static void step(struct world *w)
{
	struct lke_in6 second = { { 0x20, 0x01, 0x0d, 0xb8, 0, 0x11 } };
	unsigned on = dice(WORLD_ARS), iface = dice(w->mn->ifaces);

	switch (dice(12)) {
	case 0:
		sim_move(w->mn, iface, NULL, 0);
		break;
	case 1:
		sim_move(w->mn, iface, w->home, MSEC(dice(100)));
		sim_run_for(w->net, MSEC(dice(200)));
		advertise(w->ha, &w->ha_addr, 1800, 3600);
		break;
	case 2:
		advertise(w->ar[on], &second, 1800, dice(2) ? 3600 : 0);
		break;
	case 3:
		advertise(w->ar[on], &w->ar_addr[on], dice(2) ? 0 : 1800, dice(2) ? 0 : 3600);
		break;
	case 4:
		world_noise(w, dice(100), dice(50), dice(50));
		break;
	case 5:
		w->mn->dead = true; /* as a suspended host: hears nothing, answers nothing */
		sim_run_for(w->net, SEC(dice(300)));
		w->mn->dead = false;
		break;
	case 6:
	case 7:
	case 8:
		odd_step(w, on);
		break;
	default:
		sim_move(w->mn, iface, w->link[on], MSEC(dice(100)));
		break;
	}
	sim_run_for(w->net, MSEC(dice(dice(4) ? 500 : 20000)));
}

static void lies_still_and_works(struct world *w)
{
	uint64_t mn, cn;

	world_noise(w, 0, 0, 0);
	for (unsigned n = 0; n < w->mn->ifaces; n++)
		sim_move(w->mn, n, NULL, 0);
	sim_run_for(w->net, SEC(1));
	sim_move(w->mn, w->mn->ifaces - 1, w->link[1], MSEC(10));
	sim_run_for(w->net, SEC(90));
	mn = w->mn->received;
	cn = w->cn->received;
	world_traffic(w, &w->hoa, MSEC(200));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received - mn, 200);
	assert_int_equal(w->cn->received - cn, 200);
}

static void throw_about(unsigned interfaces)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct world_options o = { .seed = seed,
					   .strategy = seed % 2 ? LKE_STRATEGY_BOTH
								: LKE_STRATEGY_OLDEST };
		struct world *w = world_new(&o);

		if (interfaces == 2)
			world_two_interfaces(w, o.strategy);
		state_of_dice = seed;
		for (unsigned n = 0; n < STEPS; n++)
			step(w);
		lies_still_and_works(w);
		sim_stop(w->mn);
		assert_int_equal(w->mn->paths, 0);
		world_free(w);
	}
}

static void thrown_about_it_comes_to_rest(void **state)
{
	(void)state;
	throw_about(1);
}

static void with_two_interfaces_as_well(void **state)
{
	(void)state;
	throw_about(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thrown_about_it_comes_to_rest),
		cmocka_unit_test(with_two_interfaces_as_well),
	};

	return cmocka_run_group_tests_name("scenario_mn_chaos", tests, NULL, NULL);
}

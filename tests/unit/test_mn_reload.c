/* SPDX-License-Identifier: ISC */
/* LKE_EV_CONFIG at a mobile node: what changes, and above all what does not. */
#include "mn_fixture.h"

static struct fix f;
static struct lke_config next;
static const struct lke_in6 home2 = { { 0x20, 1, 0xd, 0xb8, 1, [15] = 0x43 } };

static int end(void **state)
{
	fix_end(&f);
	return 0;
}

static int reload(void)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next, false } };
	int err = lke_engine_input(f.e, &ev, f.now);

	fix_run(&f, 0);
	return err;
}

static void begin(unsigned homes)
{
	fix_start(&f, homes, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	next = f.cfg;
	fix_clear(&f);
}

static void add_home(void)
{
	struct lke_config_home *h = &next.mn.home[next.mn.homes++];

	*h = f.cfg.mn.home[0];
	h->addr = home2;
	h->to_ha.spi = 2000;
	h->to_mn.spi = 2001;
	h->to_ha.auth_key[0] = 7;
	h->to_mn.auth_key[0] = 8;
}

static unsigned spis(enum lke_steer set, uint32_t spi, bool remove)
{
	unsigned n = 0;
	const struct fix_action *a;

	for (unsigned k = 0; (a = fix_find(&f, LKE_ACT_STEER, k)); k++)
		n += a->a.steer.set == set && a->a.steer.spi == spi && a->a.steer.remove == remove;
	return n;
}

static const struct fix_action *home_addr(const struct lke_in6 *home, bool remove)
{
	const struct fix_action *a;

	for (unsigned k = 0; (a = fix_find(&f, LKE_ACT_ADDR, k)); k++)
		if (in6_eq(&a->a.addr.addr, home) && a->a.addr.remove == remove)
			return a;
	return NULL;
}

static void op_reload_of_the_same_does_nothing(void **state)
{
	begin(1);
	assert_int_equal(reload(), 0);
	assert_int_equal(f.n, 0);
}

static void op_reload_of_scalars_keeps_keys_and_bindings(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	begin(1);
	coa = fix_coa(&f);
	next.mn.strategy = LKE_STRATEGY_BOTH;
	next.mn.min_rsa_bits = 2048;
	next.mn.lifetime = 600;
	next.mn.home[0].lifetime = 1200;
	assert_int_equal(reload(), 0);
	assert_int_equal(f.n, 0);
	assert_true(fix_lbsa(&f, &coa, &v));
	assert_int_equal(f.e->mn->home[0].cfg->lifetime, 1200);
	/* The strategy is that of the next move. */
	fix_move(&f, 2);
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
}

static void op_reload_adds_a_home_and_removes_it(void **state)
{
	uint16_t seq;
	uint32_t used;

	begin(1);
	add_home();
	assert_int_equal(reload(), 0);
	assert_non_null(home_addr(&home2, false));
	assert_true(spis(LKE_STEER_SPI, 2001, false) >= 1);
	assert_int_equal(spis(LKE_STEER_SPI, 1001, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_true(in6_eq(&fix_last(&f, LKE_MSG_BU)[1].a.note.addr, &home2));
	fix_run(&f, 20 * LKE_SEC); /* nobody answers: some numbers go */
	seq = f.e->mn->home[1].seq;
	used = f.e->mn->home[1].used;
	assert_true(used > 2);
	fix_clear(&f);
	next = f.cfg;
	assert_int_equal(reload(), 0);
	assert_non_null(home_addr(&home2, true));
	assert_true(spis(LKE_STEER_SPI, 2001, true) >= 1);
	assert_int_equal(f.e->mn->homes, 1);
	/* Once more: its numbers go on. */
	add_home();
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->home[1].seq, (uint16_t)(seq + 1));
	assert_int_equal(f.e->mn->home[1].used, used + 1);
}

/* As often as one likes: what was kept of it is what it left with last (AMB-172). */
static void amb_172_home_that_comes_and_goes_repeats_no_number(void **state)
{
	uint32_t used = 0, stored = 0;

	begin(1);
	for (unsigned n = 0; n < 2 * MN_RETIRED_MAX; n++) {
		add_home();
		fix_clear(&f);
		assert_int_equal(reload(), 0);
		assert_int_equal(f.e->mn->home[1].used, used + 1);
		if (n > 0) {
			assert_true(f.e->mn->home[1].counts);
			assert_true(f.e->mn->home[1].stored >= stored);
		}
		fix_run(&f, 5 * LKE_SEC);
		f.e->mn->home[1].counts = true; /* an answer came */
		used = f.e->mn->home[1].used;
		stored = f.e->mn->home[1].stored;
		assert_true(stored >= used);
		next = f.cfg;
		fix_clear(&f);
		assert_int_equal(reload(), 0);
		/* Nobody has accepted it: there is nobody to say good bye to. */
		assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	}
}

/* When the timers of the second home address are due; returns how many there are. */
static size_t due_of_home2(lke_time due[8])
{
	struct lke_timer_view v[64];
	size_t all, found = 0, n = lke_engine_timers(f.e, v, 64, &all);

	assert_int_equal(n, all);
	for (size_t i = 0; i < n; i++)
		if (in6_eq(&v[i].addr, &home2) && found < 8)
			due[found++] = v[i].at;
	return found;
}

/* The first of two goes: the second takes its place, with its timers and its registration. */
static void op_reload_removes_the_first_home(void **state)
{
	lke_time before[8], after[8];
	const struct update *u;
	size_t timers;

	begin(1);
	add_home();
	assert_int_equal(reload(), 0);
	fix_run(&f, 300 * LKE_MSEC);
	fix_clear(&f);
	timers = due_of_home2(before);
	assert_true(timers >= 1);
	next.mn.home[0] = next.mn.home[1];
	next.mn.homes = 1;
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->homes, 1);
	assert_true(in6_eq(&f.e->mn->home[0].cfg->addr, &home2));
	assert_non_null(home_addr(&fix_home, true));
	/* The home agent is told that the node is gone. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(fix_last(&f, LKE_MSG_BU)[1].a.note.lifetime, 0);
	u = update_find(f.e, &home2, &fix_agent);
	assert_non_null(u);
	assert_ptr_equal(u->reg, &f.e->mn->home[0]);
	/* Nothing begins anew. */
	assert_int_equal(due_of_home2(after), timers);
	assert_memory_equal(after, before, timers * sizeof(*before));
	fix_clear(&f);
	fix_run(&f, 5 * LKE_SEC); /* it asks again */
	assert_true(fix_count(&f, LKE_MSG_BU) >= 1);
	assert_true(in6_eq(&fix_last(&f, LKE_MSG_BU)[1].a.note.addr, &home2));
}

static void amb_173_reload_of_a_key(void **state)
{
	begin(1);
	next.mn.home[0].generation = 2;
	next.mn.home[0].to_ha.auth_key[0] = 9;
	next.mn.home[0].to_mn.spi = 1003;
	assert_int_equal(reload(), 0);
	assert_int_equal(spis(LKE_STEER_SPI, 1001, true), spis(LKE_STEER_SPI, 1003, false));
	assert_true(spis(LKE_STEER_SPI, 1003, false) >= 1);
	assert_null(home_addr(&fix_home, true));
	/* It registers with the new key at once; the old numbers are those of the old key. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(f.e->mn->home[0].used, 1);
}

static void op_reload_of_the_home_agent(void **state)
{
	struct lke_in6 other = fix_addr("2001:db8:100::2");

	begin(1);
	next.mn.home[0].agent = other;
	assert_int_equal(reload(), 0);
	/* One to each: good bye, and here I am. */
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	assert_true(in6_eq(&fix_last(&f, LKE_MSG_BU)[1].a.note.dst, &other));
	assert_null(update_find(f.e, &fix_home, &fix_agent));
	assert_non_null(update_find(f.e, &fix_home, &other));
}

static void second_link(void)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){
		.ifindex = 8, .name = "mn1", .lladdr = fix_mac(0x78), .mtu = 1500, .up = true
	};
	fix_event(&f, &ev);
}

static void op_reload_adds_and_removes_a_link(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	begin(1);
	coa = fix_coa(&f);
	second_link();
	assert_int_equal(f.e->mn->links, 1);
	strcpy(next.mn.interface[1], "mn1");
	next.mn.interfaces = 2;
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->links, 2);
	fix_run(&f, 2 * LKE_SEC);
	assert_true(fix_count(&f, LKE_MSG_RS) >= 1);
	fix_clear(&f);
	next.mn.interfaces = 1;
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->links, 1);
	assert_true(fix_lbsa(&f, &coa, &v));
	/* Without the link in use the node is nowhere; its key and address stay for the way back.
	 */
	strcpy(next.mn.interface[0], "mn1");
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_null(f.e->mn->active);
	assert_non_null(home_addr(&coa, true));
	assert_non_null(home_addr(&coa, false)); /* at the tunnel device */
	next = f.cfg;
	assert_int_equal(reload(), 0);
	f.now += LKE_MSEC;
	fix_ra(&f, 1);
	fix_run(&f, LKE_SEC);
	assert_non_null(f.e->mn->active);
}

/* The same address with keys of another generation has numbers of its own (AMB-173). */
static void amb_173_home_that_comes_back_with_other_keys_begins_anew(void **state)
{
	begin(1);
	add_home();
	assert_int_equal(reload(), 0);
	fix_run(&f, 20 * LKE_SEC);
	assert_true(f.e->mn->home[1].used > 2);
	next = f.cfg;
	assert_int_equal(reload(), 0);
	add_home();
	next.mn.home[1].generation = 7;
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->home[1].used, 1);
}

/* One octet of the key that the home agent sends with: its next answer is believed, none with the
 * former key. */
static void amb_173_each_key_counts(void **state)
{
	struct sa was;

	begin(1);
	next.mn.home[0].to_mn.auth_key[11] ^= 1;
	assert_int_equal(reload(), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_true(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)) < 0);
	was = f.ha_out;
	assert_int_equal(sa_init(&f.ha_out, &next.mn.home[0].to_mn), 0);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	sa_done(&was);
}

/* A generation alone, a key to the home agent alone: each is a registration. */
static void amb_173_any_part_of_the_keys_registers_anew(void **state)
{
	for (unsigned n = 0; n < 3; n++) {
		uint32_t used;

		begin(1);
		used = f.e->mn->home[0].used;
		assert_true(used > 0);
		next.mn.home[0].generation += n == 0;
		next.mn.home[0].to_ha.auth_key[3] ^= n == 1;
		next.mn.home[0].lifetime += n == 2; /* of the next one */
		assert_int_equal(reload(), 0);
		assert_int_equal(fix_count(&f, LKE_MSG_BU), n < 2);
		/* Another generation has numbers of its own, another key of the same has not. */
		assert_int_equal(f.e->mn->home[0].used, n == 0 ? 1 : used + (n == 1));
		assert_int_equal(f.e->mn->home[0].counts, n != 0);
		/* Nor is anything of it counted on stable storage yet. */
		if (n == 0)
			assert_int_equal(
				fix_find(&f, LKE_ACT_CHECKPOINT, 0)->a.checkpoint.generation,
				next.mn.home[0].generation);
		if (n < 2)
			fix_end(&f);
	}
}

static struct lke_act_tunnel last_tunnel(void)
{
	struct lke_act_tunnel t = { .ifindex = 0 };
	const struct fix_action *a;

	for (unsigned k = 0; (a = fix_find(&f, LKE_ACT_TUNNEL, k)); k++)
		if (in6_eq(&a->a.tunnel.home, &fix_home))
			t = a->a.tunnel;
	return t;
}

/* Nothing of the former agent: no tunnel, no registration, no number that it would continue. */
static void op_reload_of_the_home_agent_forgets_the_former(void **state)
{
	struct lke_in6 other = fix_addr("2001:db8:100::2");
	struct lke_act_tunnel t;
	struct mn_home *h;

	begin(1);
	h = &f.e->mn->home[0];
	assert_true(h->counts && !in6_is_unspecified(&h->coa));
	next.mn.home[0].agent = other;
	assert_int_equal(reload(), 0);
	assert_false(h->counts);
	assert_true(in6_is_unspecified(&h->coa));
	t = last_tunnel();
	assert_true(t.remove || in6_eq(&t.agent, &other));
	assert_false(in6_eq(&h->tunnel.agent, &fix_agent));
	for (size_t n = 0; n < f.n; n++) {
		const struct lke_note *x = &f.out[n].a.note;

		if (f.out[n].a.type == LKE_ACT_NOTIFY && x->type == LKE_NOTE_MESSAGE && x->out &&
		    x->msg == LKE_MSG_BU)
			assert_int_equal(x->lifetime != 0, in6_eq(&x->dst, &other));
	}
}

/* From a named agent to discovery and back: neither goes on beside the other. */
static void op_reload_to_discovery_and_back(void **state)
{
	begin(1);
	next.mn.home[0].agent = in6_unspecified;
	assert_int_equal(reload(), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 1);
	next.mn.home[0].agent = fix_agent;
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_int_equal(fix_ha_ba(&f, 1, 0, fix_ha_seq(&f)), 0);
	fix_run(&f, 30 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	/* And again: it begins with the first request. */
	next.mn.home[0].agent = in6_unspecified;
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 1);
	assert_int_equal(f.e->mn->home[0].discovery.tries, 1);
}

/* At home: a home address that is new there is taken as on arrival; one that goes leaves the
 * interface, and its associations with it. */
static void op_reload_at_home(void **state)
{
	unsigned at_home = 0, there = 0;

	begin(1);
	f.silent = true; /* nobody answers for the home agent */
	fix_move(&f, 0xaa);
	fix_run(&f, 4 * LKE_SEC);
	f.silent = false;
	assert_int_equal(f.e->mn->home[0].state, MN_HOME_ARRIVED);
	assert_int_equal(home_addr(&fix_home, false)->a.addr.ifindex, FIX_IF);
	add_home();
	next.mn.home[1].addr = fix_addr("2001:db8:aa::43");
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->home[1].state, MN_HOME_RETURNING);
	next.mn.homes = 0;
	next.mn.local_only = true;
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_int_equal(home_addr(&fix_home, true)->a.addr.ifindex, FIX_IF);
	for (unsigned k = 0; fix_find(&f, LKE_ACT_STEER, k); k++) {
		const struct lke_act_steer *x = &fix_find(&f, LKE_ACT_STEER, k)->a.steer;

		assert_true(x->remove);
		at_home += x->spi == 1001 && in6_eq(&x->addr, &fix_home);
		there += x->spi == 1001 && in6_eq(&x->addr, &f.e->mn->current);
	}
	assert_int_equal(at_home, 1);
	assert_int_equal(there, 1);
	assert_int_equal(f.e->mn->homes, 0);
}

/* Two links that are up: the one that is preferred now takes over at once. */
static void op_reload_of_the_preference(void **state)
{
	fix_tweak = fix_two_links;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_attach_lbsa(&f, 1);
	second_link();
	fix_ra2(&f, 5);
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF);
	next = f.cfg;
	strcpy(next.mn.interface[0], "mn1");
	strcpy(next.mn.interface[1], "mn0");
	assert_int_equal(reload(), 0);
	assert_int_equal(f.e->mn->active->ifc->ifindex, FIX_IF2);
}

/* Its tunnel goes with it, and what it was about to ask. */
static void op_reload_leaves_nothing_of_a_home_that_goes(void **state)
{
	struct lke_timer_view v[64];
	size_t n, all;

	begin(1);
	assert_true(in6_eq(&f.e->mn->home[0].tunnel.agent, &fix_agent));
	next.mn.homes = 0;
	next.mn.local_only = true;
	assert_int_equal(reload(), 0);
	assert_true(last_tunnel().remove);
	fix_end(&f);
	begin(1);
	add_home();
	next.mn.home[1].agent = in6_unspecified; /* is looked for */
	assert_int_equal(reload(), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 1);
	next = f.cfg;
	assert_int_equal(reload(), 0);
	n = lke_engine_timers(f.e, v, 64, &all);
	assert_int_equal(n, all);
	while (n-- > 0)
		assert_false(in6_eq(&v[n].addr, &home2));
	fix_run(&f, 30 * LKE_SEC);
	assert_int_equal(fix_count(&f, LKE_MSG_DHAAD_REQUEST), 1);
}

/* What its router said of the link is taken back. */
static void op_reload_gives_a_link_back_as_it_was(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1, .mtu = 1400 };
	const struct fix_action *a;

	begin(1);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	fix_ra_msg(&f, 1, &m);
	a = fix_find(&f, LKE_ACT_LINK, 0);
	assert_non_null(a);
	assert_int_equal(a->a.link.mtu, 1400);
	strcpy(next.mn.interface[0], "mn1");
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	a = fix_find(&f, LKE_ACT_LINK, 0);
	assert_non_null(a);
	assert_int_equal(a->a.link.mtu, 0);
}

/* On the home link, while the former agent is asked to let the address go: the new one is another
 * station. */
static void op_reload_of_the_home_agent_at_home(void **state)
{
	struct lke_in6 other = fix_addr("2001:db8:aa::2");
	struct lke_lladdr mac = fix_mac(2);

	begin(1);
	fix_move(&f, 0xaa);
	assert_int_equal(f.e->mn->home[0].state, MN_HOME_RETURNING);
	assert_true(f.e->mn->home[0].agent_lladdr.len > 0);
	next.mn.home[0].agent = other;
	fix_clear(&f);
	assert_int_equal(reload(), 0);
	assert_true(lladdr_eq(&f.e->mn->home[0].agent_lladdr, &mac));
	assert_true(in6_eq(&fix_last(&f, LKE_MSG_BU)[1].a.note.dst, &other));
	assert_true(lladdr_eq(&fix_last(&f, LKE_MSG_BU)->a.send.dst, &mac));
}

/* A former care-of address that only its registration kept. */
static void op_reload_without_a_home_lets_its_address_go(void **state)
{
	struct lke_in6 old;

	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	old = fix_coa(&f);
	fix_move(&f, 2);
	assert_non_null(mn_addr_find(f.e, &old));
	next = f.cfg;
	next.mn.homes = 0;
	next.mn.local_only = true;
	assert_int_equal(reload(), 0);
	assert_null(mn_addr_find(f.e, &old));
}

static void op_reload_refuses_one_home_twice(void **state)
{
	begin(1);
	add_home();
	next.mn.home[1].addr = fix_home;
	next.mn.lifetime = 77;
	assert_int_equal(reload(), LKE_ERR_INVAL);
	assert_int_equal(f.e->cfg.mn.lifetime, 0);
	next.mn.homes = 1;
	next.mn.interfaces = 0;
	assert_int_equal(reload(), LKE_ERR_STATE);
	assert_int_equal(f.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(op_reload_of_the_same_does_nothing, end),
		cmocka_unit_test_teardown(op_reload_of_scalars_keeps_keys_and_bindings, end),
		cmocka_unit_test_teardown(op_reload_adds_a_home_and_removes_it, end),
		cmocka_unit_test_teardown(amb_172_home_that_comes_and_goes_repeats_no_number, end),
		cmocka_unit_test_teardown(op_reload_removes_the_first_home, end),
		cmocka_unit_test_teardown(amb_173_reload_of_a_key, end),
		cmocka_unit_test_teardown(op_reload_of_the_home_agent, end),
		cmocka_unit_test_teardown(op_reload_adds_and_removes_a_link, end),
		cmocka_unit_test_teardown(amb_173_home_that_comes_back_with_other_keys_begins_anew,
					  end),
		cmocka_unit_test_teardown(amb_173_each_key_counts, end),
		cmocka_unit_test_teardown(amb_173_any_part_of_the_keys_registers_anew, end),
		cmocka_unit_test_teardown(op_reload_of_the_home_agent_forgets_the_former, end),
		cmocka_unit_test_teardown(op_reload_to_discovery_and_back, end),
		cmocka_unit_test_teardown(op_reload_at_home, end),
		cmocka_unit_test_teardown(op_reload_of_the_preference, end),
		cmocka_unit_test_teardown(op_reload_leaves_nothing_of_a_home_that_goes, end),
		cmocka_unit_test_teardown(op_reload_gives_a_link_back_as_it_was, end),
		cmocka_unit_test_teardown(op_reload_of_the_home_agent_at_home, end),
		cmocka_unit_test_teardown(op_reload_without_a_home_lets_its_address_go, end),
		cmocka_unit_test_teardown(op_reload_refuses_one_home_twice, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * Other configurations while everything runs: traffic that a reload is not about does not notice
 * it; and at random, pairs of valid configurations between all that may happen.  Whatever came in
 * between, with the first configuration again everything works as before, and sequence numbers
 * never went back.
 */
#include "scenario.h"

#include "base/in6.h"
#include "base/mem.h"
#include "core/internal.h"

#define STEPS 100
#ifndef SEEDS
#define SEEDS 30
#endif
enum { POOL = 6 };

static uint64_t state_of_dice;
static struct lke_config_mobile pool[POOL + 1];

static unsigned dice(unsigned sides)
{
	state_of_dice = state_of_dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of_dice >> 33) % sides;
}

static int give(struct simnode *n, const struct lke_config *cfg, bool keep_newer)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { cfg, keep_newer } };

	return sim_event(n, &ev);
}

/* --- what a reload is not about does not notice it --- */

static struct lke_config_sa some_sa(uint32_t spi, uint8_t fill)
{
	struct lke_config_sa s = { .spi = spi,
				   .enc = LKE_ESP_AES_CBC,
				   .auth = LKE_ESP_HMAC_SHA256_128,
				   .enc_key_len = 16,
				   .auth_key_len = 32 };

	memset(s.enc_key, fill, 16);
	memset(s.auth_key, fill + 1, 32);
	return s;
}

static struct lke_config_mobile stranger(unsigned n, uint32_t generation)
{
	struct lke_config_mobile m = { .generation = generation };
	uint8_t fill = (uint8_t)(0x40 + 16 * n + 4 * (generation % 4));

	snprintf(m.name, sizeof(m.name), "m%u", n);
	assert_int_equal(in6_parse("2001:db8:100::200", &m.home), 0);
	m.home.b[15] = (uint8_t)n;
	m.to_ha = some_sa(0x5000 + 16 * n + generation, fill);
	m.to_mn = some_sa(0x6000 + 16 * n + generation, (uint8_t)(fill + 2));
	return m;
}

static void reload_around_it(struct world *w, unsigned round)
{
	struct lke_config ar = w->ar[round % 2]->cfg, ha = w->ha->cfg, mn = w->mn->cfg;

	ar.ar[0].ra_max_interval_ms = 4000 + 1000 * round;
	ar.ar[0].ra_min_interval_ms = 3000;
	ar.ar[0].max_lbsa = 100 + round;
	ar.ar[0].kex_cpu_percent = 10 + round;
	ar.rsa_rotation = 3600 + round;
	pool[0] = w->mobile;
	pool[1] = stranger(1, 1 + round);
	ha.ha.mobile = pool;
	ha.ha.mobiles = 2;
	ha.ha.max_lifetime = 3000 + round;
	mn.mn.lifetime = (uint16_t)(3600 + round);
	mn.mn.home[0].lifetime = 700 + round;
	assert_int_equal(give(w->ar[round % 2], &ar, false), 0);
	assert_int_equal(give(w->ha, &ha, false), 0);
	assert_int_equal(give(w->mn, &mn, false), 0);
}

/* The old address by the tunnel of the former router, the home address by the home agent. */
static void op_traffic_survives_reloads_of_everything_around_it(void **state)
{
	struct world_options o = { .seed = 5 };
	struct world *w = world_new(&o);
	struct lke_in6 old;
	uint64_t mn, cn, sent = 0;

	(void)state;
	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(20)));
	old = world_coa(w, 0);
	sim_move(w->mn, 0, w->link[1], MSEC(50));
	assert_true(world_wait_lbsa(w, 1, SEC(20)));
	sim_run_for(w->net, SEC(5));
	mn = w->mn->received;
	cn = w->cn->received;
	for (unsigned round = 0; round < 8; round++) {
		reload_around_it(w, round);
		world_traffic(w, round % 2 ? &w->hoa : &old, MSEC(300));
		sent += 300;
	}
	sim_run_for(w->net, MSEC(200));
	assert_int_equal(w->mn->received - mn, sent);
	assert_int_equal(w->cn->received - cn, sent);
	assert_int_equal(w->mn->notes[LKE_NOTE_FALLBACK], 0);
	world_free(w);
}

/* --- at random --- */

static void vary_router(struct lke_config *c)
{
	struct lke_config_ar *a = &c->ar[0];

	a->advertise = dice(4) ? LKE_ADVERTISE_FULL : (enum lke_advertise)dice(3);
	a->lke = dice(4) > 0;
	a->finished = dice(2);
	a->max_lifetime = (uint16_t)(dice(2) ? 7200 : 100 + dice(1000));
	a->ra_max_interval_ms = 4000 + dice(600000);
	a->ra_min_interval_ms = a->ra_max_interval_ms / 2;
	a->kex_cpu_percent = 1 + dice(100);
	a->max_lbsa = dice(4) ? 65536 : 1 + dice(3);
	a->max_per_mac = 1 + dice(16);
	a->buffer = dice(2);
	a->rdnss_count = dice(4);
	for (unsigned n = 0; n < a->rdnss_count; n++)
		a->rdnss[n] =
			(struct lke_in6){ { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(1 + dice(9)) } };
	c->rsa_rotation = 60 + dice(86400);
	if (dice(3) == 0) { /* the other link as well, or only that one */
		c->ar[1] = c->ar[0];
		strcpy(c->ar[dice(2)].interface, "eth1");
		c->ars = dice(4) ? 2 : 1;
		if (c->ars == 2 && strcmp(c->ar[0].interface, c->ar[1].interface) == 0)
			c->ars = 1;
	}
}

static void vary_home_agent(struct lke_config *c, const struct lke_config_mobile *alice)
{
	struct lke_config_ha *h = &c->ha;

	h->mobiles = 0;
	h->mobile = pool;
	if (dice(4)) {
		pool[h->mobiles] = *alice;
		pool[h->mobiles].suspended = dice(5) == 0;
		pool[h->mobiles].max_lifetime = dice(2) ? 0 : 60 + dice(600);
		h->mobiles++;
	}
	for (unsigned n = 0; n < POOL; n++)
		if (dice(2))
			pool[h->mobiles++] = stranger(n, 1 + dice(3));
	h->max_lifetime = 60 + dice(3600);
	h->max_updates = dice(12);
	h->reserve = 1 + dice(128);
	h->care_of_credit = dice(2) ? 0 : 1280 + dice(100000);
	h->advertise = (enum lke_ha_advertise)dice(4);
	h->discovery = dice(2);
	h->prefix_valid = 100 + dice(1000000);
	h->prefix_preferred = dice(100);
	h->ra_max_interval_ms = 4000 + dice(600000);
	h->ra_min_interval_ms = h->ra_max_interval_ms / 3;
	h->refused = dice(2);
	h->refuse[0] = (struct lke_prefix){ .addr = { { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)dice(8) } },
					    .len = 48 };
	if (dice(6) == 0) {
		strcpy(h->interface[dice(2)], "eth1");
		h->interfaces = 1 + dice(2);
		if (strcmp(h->interface[0], h->interface[1]) == 0 || !h->interface[1][0])
			h->interfaces = 1;
	}
}

static void vary_mobile_node(struct lke_config *c)
{
	struct lke_config_mn *m = &c->mn;

	m->strategy = (enum lke_strategy)dice(2);
	m->lke = dice(5) > 0;
	m->min_rsa_bits = dice(5) ? 1024 : 4096;
	m->lifetime = (uint16_t)(dice(2) ? 0 : 100 + dice(7000));
	for (unsigned n = 0; n < dice(LKE_MAX_HOMES); n++) {
		struct lke_config_mobile s = stranger(n, 1 + dice(3));
		struct lke_config_home *h = &m->home[m->homes++];

		*h = m->home[0];
		h->addr = s.home;
		h->to_ha = s.to_ha;
		h->to_mn = s.to_mn;
		h->generation = s.generation;
		if (dice(4) == 0)
			h->agent = in6_unspecified; /* discovered */
	}
	if (dice(4) == 0 && m->homes > 0) { /* without the first one */
		m->home[0] = m->home[m->homes - 1];
		m->homes--;
	}
	if (m->homes > 0)
		m->home[0].lifetime = 60 + dice(600);
	if (m->interfaces == 2 && dice(3) == 0) {
		strcpy(m->interface[0], dice(2) ? "eth0" : "eth1");
		strcpy(m->interface[1], strcmp(m->interface[0], "eth0") == 0 ? "eth1" : "eth0");
		m->interfaces = 1 + dice(2);
	}
}

static void reload_something(struct world *w)
{
	struct simnode *n = dice(3) == 0 ? w->ha : dice(2) ? w->mn : w->ar[dice(WORLD_ARS)];
	struct lke_config c = n->cfg, none = n->cfg;
	int err;

	if (n == w->ha)
		vary_home_agent(&c, &w->mobile);
	else if (n == w->mn)
		vary_mobile_node(&c);
	else
		vary_router(&c);
	err = give(n, &c, dice(2));
	assert_true(err == 0 || err == LKE_ERR_EXIST);
	/* What cannot be is refused at any moment. */
	none.profile =
		none.profile == LKE_PROFILE_DEFAULT ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT;
	assert_int_equal(give(n, &none, false), LKE_ERR_STATE);
}

/* AMB-153: whatever comes and goes, the home agent's number never goes back under one key. */
static void numbers_only_advance(struct world *w, uint16_t *seq, bool *has_seq)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	while (lke_engine_next_mobile(w->ha->engine, &cursor, &v)) {
		if (!in6_eq(&v.home, &w->hoa) || !v.has_seq)
			continue;
		assert_false(*has_seq && seq_newer(*seq, v.last_seq));
		*seq = v.last_seq;
		*has_seq = true;
	}
}

static void step(struct world *w)
{
	unsigned on = dice(WORLD_ARS), iface = dice(w->mn->ifaces);

	switch (dice(8)) {
	case 0:
		sim_move(w->mn, iface, NULL, 0);
		break;
	case 1:
		sim_move(w->mn, iface, w->home, MSEC(dice(100)));
		break;
	case 2:
		world_noise(w, dice(100), dice(50), dice(50));
		break;
	case 3:
	case 4:
		sim_move(w->mn, iface, w->link[on], MSEC(dice(100)));
		break;
	default:
		reload_something(w);
		break;
	}
	sim_run_for(w->net, MSEC(dice(dice(4) ? 500 : 20000)));
}

static void first_configuration_again(struct world *w)
{
	for (unsigned n = 0; n < WORLD_ARS; n++)
		assert_int_equal(give(w->ar[n], &w->ar[n]->cfg, true), 0);
	w->ha->cfg.ha.mobile = &w->mobile;
	w->ha->cfg.ha.mobiles = 1;
	assert_int_equal(give(w->ha, &w->ha->cfg, true), 0);
	assert_int_equal(give(w->mn, &w->mn->cfg, true), 0);
}

/* Who took a registration away or gave it back without a word: the next refresh finds out. */
static void works(struct world *w)
{
	uint64_t mn, cn;

	world_noise(w, 0, 0, 0);
	for (unsigned n = 0; n < w->mn->ifaces; n++)
		sim_move(w->mn, n, NULL, 0);
	sim_run_for(w->net, SEC(1));
	sim_move(w->mn, w->mn->ifaces - 1, w->link[1], MSEC(10));
	sim_run_for(w->net, SEC(900));
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
		struct world_options o = { .seed = seed };
		struct world *w = world_new(&o);
		bool has_seq = false;
		uint16_t seq = 0;

		if (interfaces == 2)
			world_two_interfaces(w, o.strategy);
		state_of_dice = seed;
		for (unsigned n = 0; n < STEPS; n++) {
			step(w);
			numbers_only_advance(w, &seq, &has_seq);
		}
		first_configuration_again(w);
		works(w);
		sim_stop(w->mn);
		assert_int_equal(w->mn->paths, 0);
		world_free(w);
	}
}

static void op_random_configurations_come_and_go(void **state)
{
	(void)state;
	throw_about(1);
}

static void op_random_configurations_with_two_interfaces(void **state)
{
	(void)state;
	throw_about(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_traffic_survives_reloads_of_everything_around_it),
		cmocka_unit_test(op_random_configurations_come_and_go),
		cmocka_unit_test(op_random_configurations_with_two_interfaces),
	};

	return cmocka_run_group_tests_name("scenario_reload", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * An access router thrown about at random, the same way each time: interfaces go, come back and
 * change, addresses too, configurations as well, nodes ask, move, leave and attack in any order,
 * the RSA worker and the kernel are slow or fail.  Whatever it was in the middle of, it stops and
 * leaves nothing behind.
 */
#include "ar_fixture.h"

#include <string.h>

#include "base/mem.h"

enum { LAN2 = 9, NODES = 6, STEPS = 400, SEEDS = 600 };

static struct arf f;
static struct arf_mn node[NODES];
static uint64_t random_state;

static unsigned pick(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

static bool often(void)
{
	return pick(4) > 0;
}

static void two_links(struct lke_config *cfg)
{
	cfg->ars = 2;
	lke_config_ar_defaults(&cfg->ar[1]);
	strcpy(cfg->ar[1].interface, "lan2");
	cfg->ar[0].max_lbsa = 4;
	cfg->keep_state = pick(2);
	if (pick(2)) { /* a home agent, too */
		cfg->ha.interfaces = 1;
		strcpy(cfg->ha.interface[0], "lan");
	}
}

/* --- what may happen --- */

static void interface_changes(void)
{
	static const char *const name[] = { "lan", "lan2", "other" };
	struct lke_event ev = { .type = LKE_EV_LINK };
	unsigned which = pick(2);

	ev.link = (struct lke_ev_link){ .ifindex = which ? LAN2 : ARF_LAN,
					.lladdr = arf_lladdr(often() ? 1 + 8 * which : 0x70),
					.mtu = pick(2) ? 1500 : 1280,
					.up = often(),
					.removed = pick(8) == 0 };
	strcpy(ev.link.name, name[often() ? which : pick(3)]);
	arf_event(&f, &ev);
}

static void address_changes(void)
{
	static const char *const text[] = { "fe80::a:1", "2001:db8:1::1", "2001:db8:1::2",
					    "fd00:2::1" };
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = pick(2) ? LAN2 : ARF_LAN,
					.addr = arf_addr(text[pick(4)]),
					.prefix_len = 64,
					.valid = 1 + pick(7200),
					.tentative = !often(),
					.removed = !often() };
	arf_event(&f, &ev);
}

static void node_asks(struct arf_mn *m)
{
	static uint8_t old[16];

	f.neighbour = often() ? m : NULL;
	f.dad = often() ? m : NULL;
	m->old_kbm = NULL;
	if (pick(2)) {
		memcpy(old, m->kbm, sizeof(old));
		m->old_kbm = pick(2) ? old : NULL;
		m->kbm[pick(16)]++;
	}
	m->seq = (uint16_t)(m->seq + pick(3));
	m->salt++;
	m->lifetime = pick(2) ? 60 : 7200;
	arf_kereq(&f, m);
}

static void node_updates(struct arf_mn *m)
{
	struct lke_in6 elsewhere = m->new_coa;
	struct arf_bu o = { .lifetime = often() ? 60 : 0,
			    .at_home = !often(),
			    .leaving = !often(),
			    .bad_auth = !often() };
	struct mh_ba ba;
	bool ok;

	m->new_coa.b[15] = (uint8_t)pick(4);
	m->bu_seq = (uint16_t)(m->bu_seq + pick(3));
	arf_bu(&f, m, &o);
	if (arf_last(&f, LKE_MSG_BA) && pick(2)) {
		ba = arf_ba(&f, m->kbm, &ok);
		arf_finished(&f, m, &ba, !often());
	}
	m->new_coa = elsewhere;
}

static void others_interfere(const struct arf_mn *m)
{
	struct lke_event ipsec = { .type = LKE_EV_IPSEC }, neigh = { .type = LKE_EV_NEIGH };
	struct lke_lladdr x = arf_lladdr(0x55);

	switch (pick(3)) {
	case 0:
		arf_dad_ns(&f, &m->coa, &x);
		break;
	case 1:
		ipsec.ipsec.peer = m->coa;
		ipsec.ipsec.removed = often();
		arf_event(&f, &ipsec);
		break;
	default:
		neigh.neigh.ifindex = ARF_LAN;
		neigh.neigh.addr = m->coa;
		arf_event(&f, &neigh);
		break;
	}
}

static void operator_says(const struct arf_mn *m)
{
	static const enum lke_command cmd[] = { LKE_CMD_FLUSH_LBSA, LKE_CMD_FLUSH_BINDING,
						LKE_CMD_LEAVE };
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = cmd[pick(3)];
	if (ev.command.cmd == LKE_CMD_LEAVE || often())
		ev.command.arg = m->coa;
	arf_event(&f, &ev);
}

/* Another configuration, valid in itself; without memory it is refused as a whole. */
static void operator_reloads(void)
{
	static struct lke_config next;
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next, false } };
	static const char *const name[] = { "lan", "lan2", "other" };
	bool back = pick(2); /* to the first one */
	unsigned first = often() ? 0 : pick(3);

	next = f.cfg;
	next.ars = back || often() ? 2 : 1;
	for (unsigned n = 0; n < 2 && !back; n++) {
		struct lke_config_ar *a = &next.ar[n];

		strcpy(a->interface, name[(first + n) % 3]);
		a->lke = pick(8) > 0;
		a->advertise = often() ? LKE_ADVERTISE_FULL : (enum lke_advertise)pick(3);
		a->max_lbsa = 1 + pick(6);
		a->max_lifetime = pick(2) ? 7200 : 60;
		a->buffer = often();
		a->finished = pick(2);
		a->prefixes = pick(2);
		a->prefix[0].addr = arf_addr(pick(2) ? "2001:db8:1::" : "fd00:2::");
		a->prefix[0].len = 64;
	}
	next.rsa_rotation = 60 + pick(86400);
	next.ha.discovery = pick(2);
	next.ha.advertise = (enum lke_ha_advertise)pick(4);
	if (next.ha.interfaces && !back)
		strcpy(next.ha.interface[0], name[pick(3)]);
	arf_event(&f, &ev);
}

static void host_is_slow(void)
{
	f.hold_rsa = pick(2);
	f.hold_kernel = pick(2);

	f.kernel_refuses = !often();
	f.hold_records = pick(2);
	if (f.cookie && !f.hold_rsa)
		arf_release_rsa(&f);
	if (f.intercept_cookie && !f.hold_kernel)
		arf_release_kernel(&f);
	if (!often())
		arf_rsa_key(&f, f.key_id + 1);
}

static void step(void)
{
	struct arf_mn *m = &node[pick(NODES)];

	f.sents = f.notes = f.buffers = 0;
	switch (pick(10)) {
	case 0:
		interface_changes();
		break;
	case 1:
		address_changes();
		break;
	case 2:
	case 3:
		node_asks(m);
		break;
	case 4:
	case 5:
		node_updates(m);
		break;
	case 6:
		others_interfere(m);
		break;
	case 7:
		if (!often())
			operator_says(m);
		else if (pick(5) == 0)
			operator_reloads();
		break;
	case 8:
		host_is_slow();
		break;
	default:
		arf_run(&f, pick(2) ? pick(3000) * LKE_MSEC : pick(30) * LKE_SEC);
		break;
	}
}

/* --- */

/* Addresses that must be intercepted now: bound ones, and those of nodes that leave. */
static unsigned intercepted(unsigned *lbsas, unsigned *bindings)
{
	struct lke_binding_view b;
	struct lke_lbsa_view l;
	size_t cursor = 0, cached = 0;
	unsigned want = 0;

	while (lke_engine_next_binding(f.e, &cursor, &b)) {
		++*bindings;
		want++;
	}
	cursor = 0;
	while (lke_engine_next_lbsa(f.e, &cursor, &l)) {
		cached += l.cached_na;
		*lbsas += l.state == LKE_LBSA_VALID;
		want += l.leaving && !l.bound;
	}
	assert_int_equal(lke_engine_count_cached_na(f.e), cached);
	return want;
}

static void thrown_about_it_stops_and_leaves_nothing(void **state)
{
	unsigned lbsas = 0, bindings = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		random_state = seed;
		arf_open(&f, LKE_PROFILE_DEFAULT, two_links);
		for (unsigned n = 0; n < NODES; n++)
			node[n] = arf_mobile(n + 1);
		for (unsigned n = 0; n < STEPS; n++) {
			step();
			assert_int_equal(f.intercepts, intercepted(&lbsas, &bindings));
		}
		f.sents = f.notes = f.buffers = 0;
		lke_engine_stop(f.e, f.now);
		arf_event(&f, &(struct lke_event){ .type = LKE_EV_TIMER }); /* what it still says */
		assert_int_equal(f.intercepts, 0);
		assert_int_equal(f.groups, 0);
		assert_int_equal(f.mine, 0);
		arf_close(&f);
	}
	/* It had something to leave behind. */
	assert_true(lbsas > SEEDS * STEPS / 4 && bindings > SEEDS * STEPS / 20);
}

/* Without memory now and then: what it says may be lost, but nothing is read or freed that is not
 * there (the sanitizers look), and with memory it works again. */
static void thrown_about_without_memory_it_lives(void **state)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		random_state = seed;
		arf_open(&f, LKE_PROFILE_DEFAULT, two_links);
		for (unsigned n = 0; n < NODES; n++)
			node[n] = arf_mobile(n + 1);
		for (unsigned n = 0; n < STEPS; n++) {
			mem_fail_after(pick(4) ? 0 : 1 + pick(30));
			step();
			mem_fail_after(0);
		}
		lke_engine_stop(f.e, f.now);
		arf_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thrown_about_it_stops_and_leaves_nothing),
		cmocka_unit_test(thrown_about_without_memory_it_lives),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

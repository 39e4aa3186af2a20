/* SPDX-License-Identifier: ISC */
/* Third parties flooded through a router, foreign packets in tunnels, rogue routers:
 * sequence 6.e, 6.i, 6.3, THREATS 62, 72 to 75, 78. */
#include "attack.h"
#include "wire/tunnel.h"

static struct lke_in6 A(const char *text) {
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static void
send_udp(struct world *w, struct simnode *from, const struct lke_in6 *src,
	 const struct lke_in6 *dst, size_t len)
{
	uint8_t buf[SIM_PACKET_MAX];
	struct wr o = wr_init(buf, sizeof(buf));
	struct ip6_out ip = { .src = *src, .dst = *dst, .hop_limit = 64 };

	ip6_begin(&o, &ip, IP6_NH_UDP);
	wr_zero(&o, len - IP6_HDR_LEN);
	ip6_end(&o);
	sim_send(from, -1, NULL, buf, o.off);
}

/* Octets of tunnelled packets that reached the core from ar1 since t. */
static uint64_t flooded(struct world *w, lke_time t, const struct lke_in6 *victim)
{
	uint64_t sum = 0;

	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);

		if (f->at >= t && f->from == w->ar[0] && f->link == w->core &&
		    f->data[6] == IP6_NH_IPV6 && memcmp(f->data + 24, victim->b, 16) == 0)
			sum += f->len - 40;
	}
	return sum;
}

static void third_party(enum lke_profile profile)
{
	struct world *w = attack_world(501, profile);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct lke_in6 victim = A("2001:db8:3::1");
	struct bu_spec s = { .src = &victim,
			     .dst = &w->ar_addr[0],
			     .home = &a.coa,
			     .kbm = a.kbm,
			     .seq = 1,
			     .lifetime = 60 };
	struct lke_binding_view b;
	uint64_t most;
	lke_time t0;

	assert_true(attacker_lke(&a));
	t0 = sim_now(w->net);
	attack_bu(w, &s);
	/* 2 Mbit/s towards the address, a BU each second that tries to buy more. */
	for (unsigned sec = 0; sec < 12; sec++) {
		for (unsigned n = 0; n < 250; n++) {
			send_udp(w, w->cn, &w->cn_addr, &a.coa, 1000);
			sim_run_for(w->net, MSEC(3) + MSEC(1) * (n % 2));
		}
		s.seq++;
		attack_bu(w, &s);
	}
	most = flooded(w, t0, &victim);
	assert_true(sim_binding(w->ar[0], &a.coa, &b));
	if (profile == LKE_PROFILE_DRAFT01) { /* known: until the lifetime ends */
		assert_int_equal(b.state, LKE_BINDING_UNVERIFIED);
		assert_true(most > 1000000);
	} else {
		assert_int_equal(b.state, LKE_BINDING_SUSPENDED);
		assert_in_range(most, 60000, 64 * 1024);
		/* Its deregistration works all the same. */
		t0 = sim_now(w->net);
		s.seq++;
		s.lifetime = 0;
		attack_bu(w, &s);
		assert_int_equal(attack_ba(w, w->ar[0], t0, NULL, NULL, NULL), STATUS_ACCEPTED);
		/* A new binding at the same address buys nothing. */
		s.seq++;
		s.lifetime = 60;
		t0 = sim_now(w->net);
		attack_bu(w, &s);
		for (unsigned n = 0; n < 100; n++)
			send_udp(w, w->cn, &w->cn_addr, &a.coa, 1000);
		sim_run_for(w->net, SEC(1));
		assert_int_equal(flooded(w, t0, &victim), 0);
	}
	assert_handover_works(w);
	assert_newcomer_served(w);
	world_free(w);
}
static void seq6_e_threat_62_third_party_flooded(void **state)
{
	third_party(LKE_PROFILE_DEFAULT);
}
static void draft01_seq6_e_flood_until_the_lifetime_ends(void **state)
{
	third_party(LKE_PROFILE_DRAFT01);
}

/* Outer, inner and care-of address of a reverse tunnel packet. */
static void reverse(struct world *w, const struct lke_in6 *outer_src,
		    const struct lke_in6 *inner_src, const struct lke_in6 *inner_dst)
{
	uint8_t buf[SIM_PACKET_MAX];
	struct wr o = wr_init(buf, sizeof(buf));
	struct ip6_out out = { .src = *outer_src, .dst = w->ar_addr[0], .hop_limit = 64 };
	struct ip6_out in = { .src = *inner_src, .dst = *inner_dst, .hop_limit = 64 };
	size_t at = ip6_begin(&o, &out, IP6_NH_IPV6);
	struct wr i = wr_init(buf + at, sizeof(buf) - at);

	ip6_begin(&i, &in, 253);
	w->probe++;
	wr_u32(&i, w->probe);
	wr_zero(&i, 28);
	ip6_end(&i);
	o.off += i.off;
	ip6_end(&o);
	sim_send(w->r0, 1, &w->ar[0]->iface[1].lladdr, buf, o.off);
	sim_run_for(w->net, MSEC(20));
}

static void seq6_i_threat_72_73_reverse_tunnel(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(502, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct lke_in6 coa = world_coa(w, 0), coa2, foreign = A("2001:db8:1::abc");
		struct lke_in6 other = A("2001:db8:3::666");
		uint64_t got;

		assert_handover_works(w);
		coa2 = world_coa(w, 1);
		got = w->cn->received;
		reverse(w, &coa2, &foreign, &w->cn_addr); /* inner source is not the bound one */
		reverse(w, &coa2, &w->hoa, &w->cn_addr);
		reverse(w, &other, &coa, &w->cn_addr); /* outer source is not the care-of address */
		assert_int_equal(w->cn->received, got);
		reverse(w, &coa2, &coa, &w->cn_addr);
		assert_int_equal(w->cn->received, got + 1);
		assert_newcomer_served(w);
		world_free(w);
	}
}

/* A bound address is never the care-of address of another one at the same router; two routers may
 * point at each other, and packets die there (THREATS 75). */
static void threat_75_two_routers_point_at_each_other(void **state)
{
	struct world *w = attack_world(503, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct bu_spec s = {
		.dst = &w->ar_addr[0], .home = &a.coa, .kbm = a.kbm, .seq = 1, .lifetime = 60
	};
	struct lke_in6 coa2;
	size_t frames;

	assert_true(attacker_lke(&a));
	sim_run_for(w->net, SEC(4));
	assert_handover_works(w);
	assert_true(world_wait_lbsa(w, 1, SEC(30)));
	/* bad -> the mobile node's address behind ar2, which is bound to a third place later */
	coa2 = world_coa(w, 1);
	s.src = &coa2;
	attack_bu(w, &s);
	sim_move(w->mn, 0, w->link[2], MSEC(60));
	assert_true(world_wait_lbsa(w, 2, SEC(30)));
	frames = sim_frames(w->net);
	for (unsigned n = 0; n < 20; n++)
		send_udp(w, w->cn, &w->cn_addr, &a.coa, 100);
	sim_run_for(w->net, MSEC(200));
	/* One packet in, at most one out at each of the routers on its way. */
	assert_true(sim_frames(w->net) - frames < 20 * 12);
	assert_newcomer_served(w);
	world_free(w);
}

static void seq6_3a_rogue_router_that_drops(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world_options o = { .seed = 504,
					   .profile =
						   p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT };
		struct world *w = world_new(&o);
		lke_time t0 = sim_now(w->net);

		w->ar[0]->forwarding = false; /* advertises H and a key, forwards nothing */
		world_attach(w, 0);
		sim_run_for(w->net, SEC(60));
		assert_true(sim_count(w->net, t0, w->ar[0], LKE_MSG_RA) >= 1);
		assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 0);
		/* A good router later: everything as usual. */
		assert_exchange_works(w, 1, SEC(60));
		world_free(w);
	}
}

/* Known limit of the draft's section 7: a router that forwards is trusted with its own link. */
static void seq6_3b_rogue_router_that_forwards(void **state)
{
	struct world *w = attack_world(505, LKE_PROFILE_DEFAULT);
	struct lke_lbsa_view v;
	struct lke_in6 coa = world_coa(w, 0);

	assert_true(sim_lbsa(w->mn, &coa, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	assert_newcomer_served(w);
	world_free(w);
}

/* A Router Advertisement of ar1 with another key, from another station with ar1's addresses. */
static void foreign_key(struct world *w, bool foreign)
{
	static struct rsa_key *other;
	const struct simnode *ar = w->ar[0];
	struct nd_msg m = {
		.type = ND_RA, .ra_flags = ND_RA_H, .router_lifetime = 7200, .has_lke = true
	};
	struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } }, own = w->host->iface[0].lladdr;
	uint8_t spki[RSA_SPKI_MAX], buf[1280];
	size_t spki_len;
	int len;

	if (!other)
		assert_int_equal(rsa_key_generate(1024, &other), 0);
	assert_int_equal(rsa_key_spki(foreign ? other : ar->key, spki, sizeof(spki), &spki_len), 0);
	m.lladdr = ar->iface[0].lladdr;
	m.has_ha_info = true;
	m.ha_lifetime = 7200;
	m.lke_max_lifetime = 7200;
	m.lke_key = spki;
	m.lke_key_len = spki_len;
	m.prefixes = 1;
	m.prefix[0] = (struct nd_prefix){ w->ar_addr[0], 64, ND_PIO_L | ND_PIO_A | ND_PIO_R, 86400,
					  14400 };
	len = nd_encode(&m, &ar->addr[0].addr, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	w->host->iface[0].lladdr = ar->iface[0].lladdr;
	sim_send(w->host, 0, &all, buf, (size_t)len);
	w->host->iface[0].lladdr = own;
	sim_run_for(w->net, MSEC(50));
}

static void seq6_3c_foreign_key_with_the_routers_addresses(void **state)
{
	struct world *w = attack_world(506, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct lke_event kex = { .type = LKE_EV_COMMAND };
	struct lke_lbsa_view v;
	lke_time t0 = sim_now(w->net);

	/* The foreign one last: draft01 takes the latest (AMB-076). */
	for (unsigned n = 0; n < 5; n++)
		foreign_key(w, n % 2 == 0);
	assert_true(w->mn->notes[LKE_NOTE_KEY_CHANGED] >= 1);
	kex.command.cmd = LKE_CMD_KEX;
	sim_event(w->mn, &kex);
	sim_run_for(w->net, SEC(50));
	/* One exchange may have begun with the first foreign key; it is kept to the end and fails.
	 * No other one begins while the keys alternate. */
	assert_true(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ) <= 5);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_unchanged(w, &before);
	assert_true(sim_lbsa(w->mn, &before.coa, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	assert_handover_works(w);
	world_free(w);
}

static void threat_78_unreachable_does_not_kill_a_binding(void **state)
{
	struct world *w = attack_world(507, LKE_PROFILE_DEFAULT);
	struct lke_in6 coa = world_coa(w, 0), coa2;
	struct lke_binding_view b;
	uint8_t inner[128], err[256];
	struct wr o = wr_init(inner, sizeof(inner));
	size_t len;

	assert_handover_works(w);
	coa2 = world_coa(w, 1);
	struct ip6_out ip = { .src = w->ar_addr[0], .dst = coa2, .hop_limit = 64 };
	ip6_begin(&o, &ip, IP6_NH_IPV6);
	wr_zero(&o, 40);
	ip6_end(&o);
	for (uint8_t code = 0; code < 7; code++) {
		len = icmp_error(1, code, 0, &w->cn_addr, inner, o.off, err, sizeof(err));
		assert_true(len > 0);
		sim_send(w->cn, -1, NULL, err, len);
	}
	sim_run_for(w->net, MSEC(100));
	assert_true(sim_binding(w->ar[0], &coa, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	assert_newcomer_served(w);
	world_free(w);
}

/* A request behind a chain of headers, out of order, or in fragments: THREATS 79, RFC 6980. */
static void threat_79_header_chains_and_fragments(void **state)
{
	struct world *w = attack_world(508, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	struct snapshot before = snapshot(w);
	uint8_t buf[SIM_PACKET_MAX], out[SIM_PACKET_MAX];
	lke_time t0 = sim_now(w->net);
	size_t len;

	attacker_claim(&a);
	for (unsigned kind = 0; kind < 3; kind++) {
		unsigned extra =
			kind == 0 ? 100 : 1; /* headers of eight octets before the others */
		uint8_t type = kind == 0   ? IP6_NH_DSTOPTS
			       : kind == 1 ? IP6_NH_FRAGMENT
					   : IP6_NH_HOPOPT;
		size_t at = kind == 2 ? 64 : 40; /* hop-by-hop behind another header */

		len = attacker_make_kereq(&a, buf, sizeof(buf));
		memcpy(out, buf, at);
		for (unsigned n = 0; n < extra; n++) {
			uint8_t *h = out + at + 8 * n;

			memset(h, 0, 8);
			h[0] = n + 1 < extra ? type : kind == 2 ? IP6_NH_MH : IP6_NH_DSTOPTS;
			if (type != IP6_NH_FRAGMENT) { /* PadN */
				h[2] = 1;
				h[3] = 4;
			}
		}
		out[kind == 2 ? 40 : 6] = type;
		memcpy(out + at + 8 * extra, buf + at, len - at);
		len += 8 * extra;
		out[4] = (uint8_t)((len - 40) >> 8);
		out[5] = (uint8_t)(len - 40);
		attacker_frame(&a, out, len);
		sim_run_for(w->net, SEC(4));
	}
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE), rsa);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_NS), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_unchanged(w, &before);
	attacker_unclaim(&a);
	assert_true(attacker_lke(&a)); /* without them it is served */
	assert_handover_works(w);
	world_free(w);
}

/* draft01 differs: AMB-112. */
static const char *const default_only[] = {
	"seq6_e_threat_62_third_party_flooded",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq6_e_threat_62_third_party_flooded),
		cmocka_unit_test(draft01_seq6_e_flood_until_the_lifetime_ends),
		cmocka_unit_test(seq6_i_threat_72_73_reverse_tunnel),
		cmocka_unit_test(threat_75_two_routers_point_at_each_other),
		cmocka_unit_test(seq6_3a_rogue_router_that_drops),
		cmocka_unit_test(seq6_3b_rogue_router_that_forwards),
		cmocka_unit_test(seq6_3c_foreign_key_with_the_routers_addresses),
		cmocka_unit_test(threat_79_header_chains_and_fragments),
		cmocka_unit_test(threat_78_unreachable_does_not_kill_a_binding),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

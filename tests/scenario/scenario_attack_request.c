/* SPDX-License-Identifier: ISC */
/* Malformed, misplaced, replayed and forged requests; what a router never accepts as a care-of
 * address; table limits.  Draft 6, 6.5; sequences 6.5a to 6.b, 6.k, 6.l, THREATS 4, 9 to 23, 39,
 * 54, 80, 96. */
#include "attack.h"

#define KEREQ_MH 64 /* 40 octets of IPv6, 24 of the Home Address option */

struct copy {
	uint8_t b[SIM_PACKET_MAX];
	size_t len;
	struct lke_lladdr src;
};

static struct copy captured(struct world *w)
{
	const struct simframe *f = sim_find(w->net, 0, w->mn, LKE_MSG_KEREQ);
	struct copy c;

	assert_non_null(f);
	memcpy(c.b, f->data, f->len);
	c.len = f->len;
	c.src = f->src;
	return c;
}

static void send_copy(struct world *w, const struct copy *c)
{
	struct attacker a = attacker_at(w, NULL);

	a.mac = c->src;
	attacker_frame(&a, c->b, c->len);
}

static void inject(struct world *w, const struct copy *c)
{
	send_copy(w, c);
	sim_run_for(w->net, SEC(5));
}

static void seq6_5a_verbatim_replay(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(201, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct snapshot before = snapshot(w);
		struct copy c = captured(w);
		unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
		lke_time t0 = sim_now(w->net);

		inject(w, &c);
		assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
		if (p == 0) /* known before the private key works */
			assert_int_equal(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE), rsa);
		assert_unchanged(w, &before);
		/* THREATS 9: and when the victim has left. */
		sim_move(w->mn, 0, NULL, 0);
		inject(w, &c);
		assert_unchanged(w, &before);
		sim_move(w->mn, 0, w->link[0], MSEC(10));
		sim_run_for(w->net, SEC(3));
		assert_handover_works(w);
		world_free(w);
	}
}

/* Raises Seq# of a captured request. */
static void raise(struct copy *c, unsigned by)
{
	uint16_t seq = (uint16_t)((c->b[KEREQ_MH + 6] << 8 | c->b[KEREQ_MH + 7]) + by);

	c->b[KEREQ_MH + 6] = (uint8_t)(seq >> 8);
	c->b[KEREQ_MH + 7] = (uint8_t)seq;
	attack_fix_kereq(c->b, c->len);
}

static void seq6_5b_replay_with_raised_number(void **state)
{
	struct world *w = attack_world(202, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct copy c = captured(w);
	lke_time t0 = sim_now(w->net);

	raise(&c, 100);
	inject(w, &c);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_true(stat_of(w->ar[0], LKE_STAT_REPLAYS_REJECTED) +
			    drops_of(w->ar[0], LKE_DROP_KEX_PROOF) +
			    drops_of(w->ar[0], LKE_DROP_REFUSED) >=
		    1);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

/* Cuts every option 18 (the last octets of the header) off a captured request. */
static void strip_proofs(struct copy *c)
{
	uint8_t *mh = c->b + KEREQ_MH;
	size_t len = 144; /* RSA-1024 without proofs, AMB-015 */

	assert_true(c->len - KEREQ_MH > len);
	mh[1] = (uint8_t)(len / 8 - 1);
	mh[len - 4] = 1; /* PadN(2) */
	mh[len - 3] = 2;
	mh[len - 2] = mh[len - 1] = 0;
	c->len = KEREQ_MH + len;
	c->b[4] = (uint8_t)((c->len - 40) >> 8);
	c->b[5] = (uint8_t)(c->len - 40);
	attack_fix_kereq(c->b, c->len);
}

static void threat_10_replay_as_a_draft01_peer(void **state)
{
	struct world *w = attack_world(203, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct copy c = captured(w);
	unsigned dad = stat_of(w->ar[0], LKE_STAT_DAD_RUNS);

	sim_run_for(w->net, SEC(80)); /* no longer the current exchange */
	strip_proofs(&c);
	raise(&c, 100);
	inject(w, &c);
	/* Another owner pastes it under its own addresses. */
	c.src = attacker_at(w, NULL).mac;
	inject(w, &c);
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_DAD_RUNS), dad);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

static void draft01_seq6_5b_old_key_comes_back(void **state)
{
	struct world_options o = { .seed = 204,
				   .profile = LKE_PROFILE_DRAFT01,
				   .max_lifetime = 40 };
	struct world *w = world_new(&o);
	struct lke_lbsa_view v;
	struct copy c;
	lke_time t0;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	c = captured(w);
	t0 = sim_now(w->net);
	while (sim_count(w->net, t0, w->mn, LKE_MSG_DAD_NA_AUTH) < 1 &&
	       sim_now(w->net) < t0 + SEC(60))
		sim_run_for(w->net, MSEC(100));
	sim_run_for(w->net, SEC(5)); /* renewed with another key */
	raise(&c, 100);
	send_copy(w, &c);
	sim_run_for(w->net, MSEC(1500));
	/* Known: the LBSA of the newer key went at once, the router works with the replayed one. */
	assert_true(sim_lbsa(w->ar[0], (struct lke_in6[]){ world_coa(w, 0) }, &v));
	assert_int_equal(v.kex_seq, (uint16_t)(c.b[KEREQ_MH + 6] << 8 | c.b[KEREQ_MH + 7]));
	assert_newcomer_served(w);
	world_free(w);
}

static void seq6_5c_replay_after_a_reboot(void **state)
{
	struct world *w = attack_world(205, LKE_PROFILE_DEFAULT);
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct copy c = captured(w);
	unsigned bad = drops_of(w->ar[0], LKE_DROP_KEX_DECRYPT);

	sim_move(w->mn, 0, NULL, 0);
	/* A reboot: no LBSA, another RSA key, nothing remembered. */
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	sim_event(w->ar[0], &flush);
	sim_rsa_key(w->ar[0], 1024, 2);
	sim_rsa_key(w->ar[0], 1024, 3);
	inject(w, &c);
	assert_int_equal(drops_of(w->ar[0], LKE_DROP_KEX_DECRYPT), bad + 1);
	assert_false(sim_lbsa(w->ar[0], (struct lke_in6[]){ world_coa(w, 0) },
			      &(struct lke_lbsa_view){ 0 }));
	/* Another node's exchange uses the new key. */
	struct attacker other = attacker_at(w, "2001:db8:1::900d");
	assert_true(attacker_lke(&other));
	assert_exchange_works(w, 1, SEC(60));
	world_free(w);
}

/* Known: with its key file kept, a router of the draft takes the replay for new; whoever sent it
 * has no key to answer the detection with. */
static void draft01_seq6_5c_the_key_file_survived(void **state)
{
	struct world *w = attack_world(207, LKE_PROFILE_DRAFT01);
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_in6 coa = world_coa(w, 0);
	struct copy c = captured(w);
	struct lke_lbsa_view v;
	lke_time t0;

	sim_move(w->mn, 0, NULL, 0);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	sim_event(w->ar[0], &flush);
	t0 = sim_now(w->net);
	inject(w, &c);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 1);
	assert_false(sim_lbsa(w->ar[0], &coa, &v) && v.state == LKE_LBSA_VALID);
	assert_exchange_works(w, 1, SEC(60));
	world_free(w);
}

static void seq6_5d_data_under_another_care_of_address(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(206, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct attacker a = attacker_at(w, "2001:db8:1::bad");
		struct snapshot before = snapshot(w);
		struct copy c = captured(w);
		struct lke_lbsa_view v;

		memcpy(c.b + KEREQ_MH - 16, a.coa.b, 16);
		raise(&c, 1);
		c.src = a.mac;
		memcpy(c.b + 8, a.ll.b, 16);
		attack_fix_kereq(c.b, c.len);
		attacker_claim(&a);
		inject(w, &c);
		if (p == 0) { /* as if it came from a draft01 node */
			strip_proofs(&c);
			inject(w, &c);
		}
		assert_false(sim_lbsa(w->ar[0], &a.coa, &v) && v.state == LKE_LBSA_VALID);
		attacker_unclaim(&a);
		assert_unchanged(w, &before);
		assert_handover_works(w);
		world_free(w);
	}
}

/* --- scope: 6.a, THREATS 15 to 17, 19 --- */

static void nothing_happened(struct world *w, lke_time t0, const struct snapshot *s, unsigned rsa)
{
	sim_run_for(w->net, SEC(4));
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE), rsa);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_NS), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BE), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_ICMP_ERROR), 0);
	assert_unchanged(w, s);
}

/* The request with a routing header behind its Home Address option: the last hop is the router, by
 * another of its addresses or by the same one. */
static size_t with_routing_header(const uint8_t *req, size_t len, const struct lke_in6 *last,
				  uint8_t *buf)
{
	static const uint8_t rh2[8] = { IP6_NH_MH, 2, 2, 1 };

	memcpy(buf, req, KEREQ_MH);
	memcpy(buf + KEREQ_MH, rh2, sizeof(rh2));
	memcpy(buf + KEREQ_MH + 8, last->b, sizeof(last->b));
	memcpy(buf + KEREQ_MH + 24, req + KEREQ_MH, len - KEREQ_MH);
	buf[40] = IP6_NH_ROUTING;
	buf[4] = (uint8_t)((len - 40 + 24) >> 8);
	buf[5] = (uint8_t)(len - 40 + 24);
	attack_fix_kereq(buf, len + 24);
	return len + 24;
}

static void seq6_a_threat_15_16_17_scope(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(207, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct attacker a = attacker_at(w, "2001:db8:1::bad");
		struct snapshot before = snapshot(w);
		unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
		lke_time t0 = sim_now(w->net);
		uint8_t buf[SIM_PACKET_MAX], outer[SIM_PACKET_MAX];
		struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } };
		size_t len;

		attacker_claim(&a);
		a.hop_limit = 254;
		attacker_kereq(&a);
		a.hop_limit = 255;
		len = attacker_make_kereq(&a, buf, sizeof(buf));
		memcpy(buf + 8, a.coa.b, 16); /* global source */
		attack_fix_kereq(buf, len);
		attacker_frame(&a, buf, len);
		memset(buf + 8, 0, 16); /* unspecified source */
		attacker_frame(&a, buf, len);
		memcpy(buf + 8, a.ll.b, 16);
		memcpy(buf + 24, w->ar_addr[0].b, 16); /* global destination */
		attack_fix_kereq(buf, len);
		attacker_frame(&a, buf, len);
		memcpy(buf + 24, in6_all_nodes.b, 16); /* multicast destination */
		attack_fix_kereq(buf, len);
		sim_send(w->host, 0, &all, buf, len);
		/* in a tunnel to the router */
		len = attacker_make_kereq(&a, buf, sizeof(buf));
		struct wr o = wr_init(outer, sizeof(outer));
		struct ip6_out ip = { .src = a.coa, .dst = w->ar_addr[0], .hop_limit = 255 };
		ip6_begin(&o, &ip, IP6_NH_IPV6);
		wr_bytes(&o, buf, len);
		ip6_end(&o);
		attacker_frame(&a, outer, o.off);
		/* by a routing header */
		attacker_frame(&a, outer, with_routing_header(buf, len, &w->ar_addr[0], outer));
		sim_run_for(w->net, SEC(4)); /* no limit of the source is in the way */
		attacker_frame(&a, outer,
			       with_routing_header(buf, len, (struct lke_in6 *)(buf + 24), outer));
		sim_run_for(w->net, SEC(4));
		/* to a link-local address that is not the router's */
		memcpy(outer, buf, len);
		outer[24 + 15] ^= 0x55;
		attack_fix_kereq(outer, len);
		attacker_frame(&a, outer, len);
		/* on the interface without LKE */
		sim_send(w->r0, 1, &w->ar[0]->iface[1].lladdr, buf, len);
		nothing_happened(w, t0, &before, rsa);
		attacker_unclaim(&a);
		assert_handover_works(w);
		world_free(w);
	}
}

static void threat_19_home_address_option(void **state)
{
	struct world *w = attack_world(208, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct snapshot before = snapshot(w);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	lke_time t0 = sim_now(w->net);
	uint8_t buf[SIM_PACKET_MAX], cut[SIM_PACKET_MAX];
	size_t len = attacker_make_kereq(&a, buf, sizeof(buf));

	/* none */
	memcpy(cut, buf, 40);
	memcpy(cut + 40, buf + KEREQ_MH, len - KEREQ_MH);
	cut[6] = IP6_NH_MH;
	cut[4] = (uint8_t)((len - KEREQ_MH) >> 8);
	cut[5] = (uint8_t)(len - KEREQ_MH);
	attack_fix_kereq(cut, len - 24);
	attacker_frame(&a, cut, len - 24);
	/* two headers with one each */
	memcpy(cut, buf, KEREQ_MH);
	memcpy(cut + KEREQ_MH, buf + 40, len - 40);
	cut[40] = IP6_NH_DSTOPTS;
	cut[4] = (uint8_t)((len - 40 + 24) >> 8);
	cut[5] = (uint8_t)(len - 40 + 24);
	attacker_frame(&a, cut, len + 24);
	/* Len other than 16 */
	memcpy(cut, buf, len);
	cut[40 + 7]--;
	attacker_frame(&a, cut, len);
	nothing_happened(w, t0, &before, rsa);
	assert_handover_works(w);
	world_free(w);
}

static void threat_14_80_malformed_requests(void **state)
{
	struct world *w = attack_world(209, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct snapshot before = snapshot(w);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	lke_time t0 = sim_now(w->net);
	uint8_t buf[SIM_PACKET_MAX];
	size_t len;

	/* every shorter length, with lengths and checksum set right and not */
	for (size_t cut = 8; cut < 168; cut += 8) {
		len = attacker_make_kereq(&a, buf, sizeof(buf)) - cut;
		if (len < KEREQ_MH + 8)
			break;
		if (len == KEREQ_MH + 144) /* a whole request of a draft01 peer */
			continue;
		buf[4] = (uint8_t)((len - 40) >> 8);
		buf[5] = (uint8_t)(len - 40);
		attacker_frame(&a, buf, len);
		buf[KEREQ_MH + 1] = (uint8_t)((len - KEREQ_MH) / 8 - 1);
		attack_fix_kereq(buf, len);
		attacker_frame(&a, buf, len);
	}
	len = attacker_make_kereq(&a, buf, sizeof(buf));
	buf[KEREQ_MH] = 6; /* Payload Proto */
	attack_fix_kereq(buf, len);
	attacker_frame(&a, buf, len);
	len = attacker_make_kereq(&a, buf, sizeof(buf));
	buf[KEREQ_MH + 4] ^= 1; /* checksum */
	attacker_frame(&a, buf, len);
	len = attacker_make_kereq(&a, buf, sizeof(buf));
	buf[KEREQ_MH + 8 + 128] =
		18; /* no Requested lifetime, an unknown option of Len 2 instead */
	attack_fix_kereq(buf, len);
	attacker_frame(&a, buf, len);
	nothing_happened(w, t0, &before, rsa);
	assert_handover_works(w);
	world_free(w);
}

static void seq6_k_threat_04_undecryptable(void **state)
{
	struct world *w = attack_world(210, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct snapshot before = snapshot(w);
	uint8_t buf[SIM_PACKET_MAX];
	lke_time t0 = sim_now(w->net);
	unsigned rsa = stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE);
	size_t len;

	attacker_claim(&a);
	/* a changed octet, zeroes, all ones: 4 s apart, so that each reaches the private key */
	for (unsigned k = 0; k < 3; k++) {
		a.seq++;
		len = attacker_make_kereq(&a, buf, sizeof(buf));
		if (k == 0)
			buf[KEREQ_MH + 8 + 64] ^= 1;
		else
			memset(buf + KEREQ_MH + 8, k == 1 ? 0 : 0xff, 128);
		attack_fix_kereq(buf, len);
		attacker_frame(&a, buf, len);
		sim_run_for(w->net, SEC(4));
	}
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_RSA_PRIVATE), rsa + 3);
	assert_int_equal(drops_of(w->ar[0], LKE_DROP_KEX_DECRYPT), 3);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_KEACK), 0);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	assert_unchanged(w, &before);
	/* It cost the slot only: the source itself is served right after. */
	attacker_unclaim(&a);
	assert_true(attacker_lke(&a));
	assert_handover_works(w);
	world_free(w);
}

/* --- what cannot be a care-of address: THREATS 18, 96 --- */

static void threat_18_care_of_addresses_that_cannot_be(void **state)
{
	static const char *const bad[] = {
		"2001:db8:1::1",		    /* the router's own */
		"2001:db8:ffff::1",		    /* on its other interface */
		"fe80::5",			    /* link-local */
		"ff02::1",			    /* multicast */
		"2001:db8:77::5",		    /* off-prefix */
		"2001:db8:1::",			    /* subnet-router anycast */
		"2001:db8:1:0:fdff:ffff:ffff:fffe", /* RFC 2526 */
		"::1",
		"::",
		"::ffff:192.0.2.1",
		"fd00::5", /* ULA not advertised */
	};
	struct world *w = attack_world(211, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	lke_time t0 = sim_now(w->net);

	for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		struct attacker a = attacker_at(w, bad[k]);
		lke_time t = sim_now(w->net);
		int status;

		attacker_claim(&a);
		attacker_kereq(&a);
		sim_run_for(w->net, SEC(4));
		attacker_unclaim(&a);
		status = attacker_keack(&a, t);
		assert_true(status == -1 || status == STATUS_NOT_HOME_SUBNET);
	}
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

static void threat_96_unused_address_is_lent_until_expiry(void **state)
{
	struct world *w = attack_world(212, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct lke_lbsa_view v;

	a.lifetime = 40;
	assert_true(attacker_lke(&a));
	sim_run_for(w->net, SEC(41));
	assert_false(sim_lbsa(w->ar[0], &a.coa, &v));
	assert_handover_works(w);
	world_free(w);
}

static void threat_20_lifetimes_have_an_end(void **state)
{
	static const uint16_t asked[] = { 0, 0xffff, 40 };
	struct world *w = attack_world(213, LKE_PROFILE_DEFAULT);
	struct lke_lbsa_view v;

	for (unsigned k = 0; k < 3; k++) {
		struct attacker a = attacker_at(w, "2001:db8:1::bad0");
		lke_time t0 = sim_now(w->net);

		a.coa.b[15] = (uint8_t)k;
		a.kbm[0] = (uint8_t)k;
		a.lifetime = asked[k];
		assert_true(attacker_lke(&a));
		assert_true(sim_lbsa(w->ar[0], &a.coa, &v));
		assert_true(v.expires <= t0 + SEC(asked[k] == 40 ? 41 : 7201));
		sim_run_for(w->net, SEC(10));
	}
	assert_newcomer_served(w);
	world_free(w);
}

static void threat_21_ipsec_sa_with_the_node(void **state)
{
	struct world *w = attack_world(214, LKE_PROFILE_DEFAULT);
	struct attacker a = attacker_at(w, "2001:db8:1::bad");
	struct lke_event ev = { .type = LKE_EV_IPSEC };
	lke_time t0;

	ev.ipsec.peer = a.ll;
	sim_event(w->ar[0], &ev);
	t0 = sim_now(w->net);
	assert_false(attacker_lke(&a));
	assert_int_equal(attacker_keack(&a, t0), STATUS_PROHIBITED);
	ev.ipsec.removed = true;
	sim_event(w->ar[0], &ev);
	assert_true(attacker_lke(&a));
	assert_newcomer_served(w);
	world_free(w);
}

static void threat_22_many_addresses_of_one_link_layer_address(void **state)
{
	struct world *w = attack_world(215, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	unsigned got = 0;

	for (unsigned k = 0; k < 18; k++) {
		struct attacker a = attacker_at(w, "2001:db8:1::bad0");
		lke_time t0 = sim_now(w->net);

		a.coa.b[15] = (uint8_t)k;
		a.kbm[0] = (uint8_t)k;
		got += attacker_lke(&a);
		if (k >= 16)
			assert_int_equal(attacker_keack(&a, t0), STATUS_RESOURCES);
		sim_run_for(w->net, SEC(4));
	}
	assert_int_equal(got, 16);
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

/* THREATS 11: numbers move only with an accepted exchange. */
static void threat_11_sequence_poisoning(void **state)
{
	struct world *w = attack_world(216, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct attacker a = attacker_at(w, NULL);
	struct lke_event kex = { .type = LKE_EV_COMMAND };
	struct lke_lbsa_view v;

	a.coa = before.coa;
	attacker_spoof(&a, w->mn);
	a.seq = (uint16_t)(before.lbsa.kex_seq + 0x7ff0);
	assert_false(attacker_lke(&a));
	w->host->iface[0].lladdr = attacker_at(w, NULL).mac;
	assert_unchanged(w, &before);
	sim_run_for(w->net, SEC(30));
	/* The victim renews at once. */
	kex.command.cmd = LKE_CMD_KEX;
	sim_event(w->mn, &kex);
	sim_run_for(w->net, SEC(10));
	assert_true(sim_lbsa(w->ar[0], &before.coa, &v));
	assert_true(v.expires > before.lbsa.expires);
	assert_newcomer_served(w);
	world_free(w);
}

static void threat_23_key_rollover_in_an_exchange(void **state)
{
	struct world_options o = { .seed = 217 };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	while (!sim_find(w->net, 0, w->mn, LKE_MSG_KEREQ))
		sim_run_for(w->net, MSEC(1));
	/* The request is under way or held while the key it needs becomes the previous one. */
	sim_rsa_key(w->ar[0], 1024, 2);
	assert_true(world_wait_lbsa(w, 0, SEC(300)));
	assert_handover_works(w);
	world_free(w);
}

static void seq6_b_forged_acknowledgement(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(218, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		const struct simframe *f = sim_find(w->net, 0, w->ar[0], LKE_MSG_KEACK);
		struct snapshot before = snapshot(w);
		struct lke_lladdr own = w->host->iface[0].lladdr, src = f->src, dst = f->dst;
		uint8_t buf[SIM_PACKET_MAX];
		size_t len = f->len;
		struct lke_lbsa_view v;

		memcpy(buf, f->data, len);
		buf[len - 6] ^= 1; /* of the HMAC */
		attack_fix_kereq(buf, len);
		w->host->iface[0].lladdr = src;
		sim_send(w->host, 0, &dst, buf, len);
		w->host->iface[0].lladdr = own;
		sim_run_for(w->net, SEC(2));
		assert_unchanged(w, &before);
		assert_true(sim_lbsa(w->mn, &before.coa, &v));
		assert_int_equal(v.state, LKE_LBSA_VALID);
		assert_handover_works(w);
		world_free(w);
	}
}

static void threat_94_router_interface_flaps(void **state)
{
	struct world *w = attack_world(219, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);

	sim_move(w->ar[0], 0, w->link[0], MSEC(200));
	sim_run_for(w->net, SEC(5));
	assert_unchanged(w, &before);
	assert_handover_works(w);
	world_free(w);
}

/* draft01 differs: AMB-051, AMB-170; 6.5a and 6.5d try both profiles themselves. */
static const char *const default_only[] = {
	"seq6_5a_verbatim_replay",
	"seq6_5b_replay_with_raised_number",
	"threat_10_replay_as_a_draft01_peer",
	"seq6_5d_data_under_another_care_of_address",
	"threat_11_sequence_poisoning",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq6_5a_verbatim_replay),
		cmocka_unit_test(seq6_5b_replay_with_raised_number),
		cmocka_unit_test(threat_10_replay_as_a_draft01_peer),
		cmocka_unit_test(draft01_seq6_5b_old_key_comes_back),
		cmocka_unit_test(seq6_5c_replay_after_a_reboot),
		cmocka_unit_test(draft01_seq6_5c_the_key_file_survived),
		cmocka_unit_test(seq6_5d_data_under_another_care_of_address),
		cmocka_unit_test(seq6_a_threat_15_16_17_scope),
		cmocka_unit_test(threat_19_home_address_option),
		cmocka_unit_test(threat_14_80_malformed_requests),
		cmocka_unit_test(seq6_k_threat_04_undecryptable),
		cmocka_unit_test(threat_18_care_of_addresses_that_cannot_be),
		cmocka_unit_test(threat_96_unused_address_is_lent_until_expiry),
		cmocka_unit_test(threat_20_lifetimes_have_an_end),
		cmocka_unit_test(threat_21_ipsec_sa_with_the_node),
		cmocka_unit_test(threat_22_many_addresses_of_one_link_layer_address),
		cmocka_unit_test(threat_11_sequence_poisoning),
		cmocka_unit_test(threat_23_key_rollover_in_an_exchange),
		cmocka_unit_test(seq6_b_forged_acknowledgement),
		cmocka_unit_test(threat_94_router_interface_flaps),
	};

	return RUN_IN_PROFILE(tests, default_only);
}

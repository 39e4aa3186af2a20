/* SPDX-License-Identifier: ISC */
/* Attacks by Binding Update and Finished: sequence 6.c, 6.d, 6.f, 6.g, 6.j, THREATS 55 to 71. */
#include "attack.h"

static bool bound(const struct world *w, const struct lke_in6 *coa, struct lke_binding_view *ret)
{
	struct lke_binding_view v;

	return sim_binding(w->ar[0], coa, ret ? ret : &v);
}

static struct lke_in6 away(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

/* An insider: a VALID LBSA of its own whose key the test knows, and the frame of its BUs. */
struct insider {
	struct attacker a;
	struct lke_in6 coa; /* care-of address elsewhere */
	struct bu_spec bu;
};

static void insider(struct world *w, const char *address, struct insider *ret)
{
	ret->a = attacker_at(w, address);
	ret->coa = away("2001:db8:3::666");
	assert_true(attacker_lke(&ret->a));
	ret->bu = (struct bu_spec){ .src = &ret->coa,
				    .dst = &w->ar_addr[0],
				    .home = &ret->a.coa,
				    .kbm = ret->a.kbm,
				    .seq = 100,
				    .lifetime = 60 };
}

/* Sends and returns the status; it must be signed as said.  -1: no answer. */
static int send_bu(struct world *w, const struct bu_spec *s, const uint8_t *kbm, bool is_signed)
{
	lke_time t0 = sim_now(w->net);
	bool ok = false;
	int status;

	attack_bu(w, s);
	status = attack_ba(w, w->ar[0], t0, kbm, &ok, NULL);
	if (status >= 0)
		assert_int_equal(ok, is_signed);
	return status;
}

static void seq6_c_threat_55_forged_bu_from_the_internet(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(401, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct snapshot before = snapshot(w);
		uint8_t key[16] = { 1 };
		struct lke_in6 src = away("2001:db8:3::666");
		struct bu_spec s = { .src = &src,
				     .dst = &w->ar_addr[0],
				     .home = &before.coa,
				     .kbm = key,
				     .seq = 1,
				     .lifetime = 60 };
		uint8_t buf[512];
		size_t len = attack_make_bu(&s, buf, sizeof(buf));
		const struct simframe *f;
		lke_time t0;

		assert_int_equal(send_bu(w, &s, key, false), STATUS_UNSPECIFIED);
		s.kbm = NULL; /* none at all */
		assert_int_equal(send_bu(w, &s, key, false), STATUS_UNSPECIFIED);
		s.kbm = key;
		sim_run_for(w->net, SEC(2));
		t0 = sim_now(w->net);
		for (unsigned n = 0; n < 500; n++) {
			sim_send(w->cn, -1, NULL, buf, len);
			sim_run_for(w->net, MSEC(2));
		}
		assert_in_range(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 10, 21);
		f = last_frame(w, t0, w->ar[0], LKE_MSG_BA);
		assert_true(f->len <= len);   /* no amplification */
		assert_unchanged(w, &before); /* the cached advertisement too: LKE-049 */
		assert_true(before.lbsa.cached_na);
		assert_handover_works(w);
		world_free(w);
	}
}

static void threat_56_insider_binds_anothers_address(void **state)
{
	struct world *w = attack_world(402, LKE_PROFILE_DEFAULT);
	struct snapshot before = snapshot(w);
	struct insider i;

	insider(w, "2001:db8:1::bad", &i);
	i.bu.home = &before.coa;
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, false), STATUS_UNSPECIFIED);
	assert_unchanged(w, &before);
	/* THREATS 55: an address without LBSA */
	i.bu.home = &i.coa;
	i.bu.src = &w->cn_addr;
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, false), STATUS_NOT_HOME_AGENT);
	assert_handover_works(w);
	world_free(w);
}

/* The victim's own BUs, recorded in the core, sent again. */
static void seq6_d_threat_57_replayed_bus(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(403, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct lke_in6 coa = world_coa(w, 0);
		struct snapshot before;
		uint8_t buf[SIM_PACKET_MAX];
		const struct simframe *f;
		size_t len;
		struct mh_ba ba;
		lke_time t0;

		assert_handover_works(w);
		f = last_frame(w, 0, w->mn, LKE_MSG_BU);
		len = f->len;
		memcpy(buf, f->data, len);
		before = snapshot(w);
		before.coa = coa;
		before.has_lbsa = sim_lbsa(w->ar[0], &coa, &before.lbsa);
		before.has_binding = sim_binding(w->ar[0], &coa, &before.binding);
		for (unsigned n = 0; n < 5; n++) {
			t0 = sim_now(w->net);
			sim_send(w->cn, -1, NULL, buf, len);
			sim_run_for(w->net, MSEC(50));
			assert_int_equal(attack_ba(w, w->ar[0], t0, NULL, NULL, &ba),
					 STATUS_SEQUENCE);
			assert_true(ba.auth.present);
			assert_int_equal(ba.seq, before.binding.seq);
		}
		assert_unchanged(w, &before);
		/* Back on the link: deregistered; the replay binds nothing. */
		sim_move(w->mn, 0, w->link[0], MSEC(60));
		assert_true(world_wait_note(w, w->mn, LKE_NOTE_RETURNED, 1, SEC(5)));
		assert_false(bound(w, &coa, NULL));
		t0 = sim_now(w->net);
		sim_send(w->cn, -1, NULL, buf, len);
		sim_run_for(w->net, MSEC(50));
		assert_int_equal(attack_ba(w, w->ar[0], t0, NULL, NULL, NULL), STATUS_SEQUENCE);
		assert_false(bound(w, &coa, NULL));
		sim_run_for(w->net, SEC(20));
		assert_true(world_wait_lbsa(w, 0, SEC(60)));
		assert_handover_works(w);
		world_free(w);
	}
}

static void threat_58_70_numbers_at_the_edges(void **state)
{
	static const struct {
		uint16_t seq;
		int status;
	} step[] = {
		{ 65530, 0 },	  { 65530, 135 },     { 5, 0 },		{ 65530, 135 },
		{ 4, 135 },	  { 5 + 32768, 135 }, { 5 + 32767, 0 }, { 6, 135 },
		{ 5 + 32768, 0 }, { 5 + 32767, 135 },
	};
	struct world *w = attack_world(404, LKE_PROFILE_DEFAULT);
	struct insider i;

	insider(w, "2001:db8:1::bad", &i);
	for (unsigned n = 0; n < sizeof(step) / sizeof(step[0]); n++) {
		i.bu.seq = step[n].seq;
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), step[n].status);
	}
	assert_handover_works(w);
	world_free(w);
}

static void threat_60_floor_survives_the_same_key(void **state)
{
	struct world *w = attack_world(405, LKE_PROFILE_DEFAULT);
	struct insider i;
	lke_time t0;

	insider(w, "2001:db8:1::bad", &i);
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), 0);
	i.bu.seq++;
	i.bu.lifetime = 0;
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), 0);
	sim_run_for(w->net, SEC(10));
	/* The same Kbm again: acknowledged, and nothing else. */
	t0 = sim_now(w->net);
	attacker_kereq(&i.a);
	sim_run_for(w->net, SEC(4));
	assert_int_equal(attacker_keack(&i.a, t0), STATUS_ACCEPTED);
	i.bu.seq--;
	i.bu.lifetime = 60;
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), STATUS_SEQUENCE);
	assert_handover_works(w);
	world_free(w);
}

static void threat_59_replay_after_the_routers_restart(void **state)
{
	struct world *w = attack_world(406, LKE_PROFILE_DEFAULT);
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct lke_in6 coa = world_coa(w, 0);
	const struct simframe *f;
	uint8_t buf[SIM_PACKET_MAX];
	size_t len;
	lke_time t0;

	assert_handover_works(w);
	f = last_frame(w, 0, w->mn, LKE_MSG_BU);
	len = f->len;
	memcpy(buf, f->data, len);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	sim_event(w->ar[0], &flush);
	assert_false(bound(w, &coa, NULL));
	t0 = sim_now(w->net);
	sim_send(w->cn, -1, NULL, buf, len);
	sim_run_for(w->net, MSEC(50));
	assert_int_equal(attack_ba(w, w->ar[0], t0, NULL, NULL, NULL), STATUS_NOT_HOME_AGENT);
	assert_false(bound(w, &coa, NULL));
	assert_newcomer_served(w);
	world_free(w);
}

static void seq6_f_threat_65_alternate_care_of_address(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(407, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct lke_in6 victim = away("2001:db8:c::2");
		struct insider i;

		insider(w, "2001:db8:1::bad", &i);
		i.bu.alt_coa = &victim;
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), STATUS_UNSPECIFIED);
		assert_false(bound(w, &i.a.coa, NULL));
		i.bu.alt_coa = &i.coa; /* the source again: nothing special */
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), STATUS_ACCEPTED);
		assert_handover_works(w);
		world_free(w);
	}
}

static void seq6_g_threat_63_forged_finished(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(408, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct lke_binding_view b;
		struct mh_ba ba, wrong;
		struct insider i;
		unsigned drops;
		bool ok;

		insider(w, "2001:db8:1::bad", &i);
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), 0);
		attack_ba(w, w->ar[0], 0, i.a.kbm, &ok, &ba);
		assert_true(ba.has_finished_request);
		wrong = ba;
		wrong.nonce++;
		attack_finished(w, &i.bu, &wrong);
		wrong = ba;
		wrong.seq++;
		attack_finished(w, &i.bu, &wrong);
		i.bu.bad = true;
		attack_finished(w, &i.bu, &ba);
		i.bu.bad = false;
		i.bu.src = &w->cn_addr; /* another source */
		attack_finished(w, &i.bu, &ba);
		i.bu.src = &i.coa;
		assert_true(bound(w, &i.a.coa, &b));
		assert_int_equal(b.state, LKE_BINDING_UNVERIFIED);
		attack_finished(w, &i.bu, &ba);
		assert_true(bound(w, &i.a.coa, &b));
		assert_int_equal(b.state, LKE_BINDING_OK);
		/* once only */
		drops = drops_of(w->ar[0], LKE_DROP_FINISHED_UNMATCHED);
		assert_int_equal(drops, 3);
		attack_finished(w, &i.bu, &ba);
		assert_int_equal(drops_of(w->ar[0], LKE_DROP_FINISHED_UNMATCHED), drops + 1);
		i.bu.seq++;
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), 0);
		assert_handover_works(w);
		world_free(w);
	}
}

static void seq6_j_threat_67_deregistration_by_others(void **state)
{
	for (unsigned p = 0; p < 2; p++) {
		struct world *w = attack_world(409, p ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT);
		struct lke_in6 coa = world_coa(w, 0), coa2;
		struct lke_binding_view b;
		struct insider i;

		insider(w, "2001:db8:1::bad", &i);
		sim_run_for(w->net, SEC(4));
		assert_handover_works(w);
		coa2 = world_coa(w, 1);
		i.bu.home = &coa;
		i.bu.lifetime = 0;
		i.bu.seq = 60000;
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, false), STATUS_UNSPECIFIED);
		i.bu.src = &coa2; /* from the node's own new address */
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, false), STATUS_UNSPECIFIED);
		i.bu.kbm = NULL;
		assert_int_equal(send_bu(w, &i.bu, i.a.kbm, false), STATUS_UNSPECIFIED);
		assert_true(bound(w, &coa, &b));
		assert_true(in6_eq(&b.coa, &coa2));
		w->mn->received = 0;
		world_traffic(w, &coa, MSEC(50));
		sim_run_for(w->net, MSEC(100));
		assert_int_equal(w->mn->received, 50);
		world_free(w);
	}
}

static void threat_64_care_of_addresses_that_cannot_be(void **state)
{
	static const char *const bad[] = { "2001:db8:1::1", "2001:db8:ffff::1", "2001:db8:77::" };
	static const char *const silent[] = { "ff0e::1", "fe80::5", "::", "::1" };
	struct world *w = attack_world(410, LKE_PROFILE_DEFAULT);
	struct lke_in6 coa = world_coa(w, 0), src;
	struct insider i;

	insider(w, "2001:db8:1::bad", &i);
	sim_run_for(w->net, SEC(4));
	i.bu.src = &src;
	for (unsigned n = 0; n < 3; n++) {
		lke_time t0 = sim_now(w->net);
		uint8_t buf[512];
		size_t len;

		src = away(bad[n]);
		len = attack_make_bu(&i.bu, buf, sizeof(buf));
		sim_send(w->r0, 1, &w->ar[0]->iface[1].lladdr, buf, len);
		sim_run_for(w->net, MSEC(50));
		(void)t0;
		assert_false(bound(w, &i.a.coa, NULL));
		i.bu.seq++;
	}
	for (unsigned n = 0; n < 4; n++) {
		lke_time t0 = sim_now(w->net);
		uint8_t buf[512];
		size_t len;

		src = away(silent[n]);
		len = attack_make_bu(&i.bu, buf, sizeof(buf));
		sim_send(w->r0, 1, &w->ar[0]->iface[1].lladdr, buf, len);
		sim_run_for(w->net, MSEC(50));
		assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 0);
		assert_false(bound(w, &i.a.coa, NULL));
	}
	/* A bound address as care-of address, and the circle it would close. */
	assert_handover_works(w);
	src = coa;
	i.bu.seq++;
	{
		uint8_t buf[512];
		size_t len = attack_make_bu(&i.bu, buf, sizeof(buf));

		sim_send(w->r0, 1, &w->ar[0]->iface[1].lladdr, buf, len);
		sim_run_for(w->net, MSEC(50));
	}
	assert_false(bound(w, &i.a.coa, NULL));
	world_free(w);
}

static void threat_66_lifetimes(void **state)
{
	struct world *w = attack_world(411, LKE_PROFILE_DEFAULT);
	struct lke_binding_view b;
	struct lke_lbsa_view l;
	struct insider i;

	i.a = attacker_at(w, "2001:db8:1::bad");
	i.coa = away("2001:db8:3::666");
	i.a.lifetime = 60;
	assert_true(attacker_lke(&i.a));
	i.bu = (struct bu_spec){
		&i.coa, &i.a.coa, &w->ar_addr[0], i.a.kbm, NULL, 1, 0xffff, false
	};
	assert_int_equal(send_bu(w, &i.bu, i.a.kbm, true), 0);
	assert_true(bound(w, &i.a.coa, &b));
	assert_true(sim_lbsa(w->ar[0], &i.a.coa, &l));
	assert_true(b.expires <= l.expires);
	sim_run_for(w->net, SEC(61));
	assert_false(bound(w, &i.a.coa, NULL));
	assert_false(sim_lbsa(w->ar[0], &i.a.coa, &l));
	assert_handover_works(w);
	world_free(w);
}

static void threat_68_authorization_data_misplaced(void **state)
{
	struct world *w = attack_world(412, LKE_PROFILE_DEFAULT);
	struct insider i;
	uint8_t buf[512];
	size_t len, mh;
	struct ip6_info ip;
	struct wr out;
	lke_time t0;
	bool ok;

	insider(w, "2001:db8:1::bad", &i);
	for (unsigned kind = 0; kind < 2; kind++) {
		len = attack_make_bu(&i.bu, buf, sizeof(buf));
		assert_int_equal(ip6_parse(buf, len, &ip), 0);
		mh = ip.upper_off;
		if (kind == 0) { /* eight octets of padding behind it */
			memset(buf + len, 0, 8);
			buf[len] = 1;
			buf[len + 1] = 6;
			len += 8;
		} else { /* the option twice */
			memcpy(buf + len, buf + len - 14, 14);
			memset(buf + len + 14, 0, 2);
			len += 16;
		}
		buf[mh + 1] = (uint8_t)((len - mh) / 8 - 1);
		buf[5] = (uint8_t)(len - 40);
		buf[mh + 4] = buf[mh + 5] = 0;
		out = wr_init(buf, len);
		out.off = len;
		mh_set_checksum(&out, mh, i.bu.home, i.bu.dst);
		t0 = sim_now(w->net);
		sim_send(w->cn, -1, NULL, buf, len);
		sim_run_for(w->net, MSEC(50));
		if (attack_ba(w, w->ar[0], t0, i.a.kbm, &ok, NULL) >= 0)
			assert_false(ok);
		assert_false(bound(w, &i.a.coa, NULL));
	}
	assert_handover_works(w);
	world_free(w);
}

static void threat_71_the_same_bu_on_two_interfaces(void **state)
{
	struct world *w = attack_world(413, LKE_PROFILE_DEFAULT);
	struct insider i;
	uint8_t buf[512];
	size_t len;
	lke_time t0;

	insider(w, "2001:db8:1::bad", &i);
	t0 = sim_now(w->net);
	len = attack_make_bu(&i.bu, buf, sizeof(buf));
	attacker_frame(&i.a, buf, len);
	sim_send(w->cn, -1, NULL, buf, len);
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(stat_of(w->ar[0], LKE_STAT_BU_ACCEPTED), 1);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_BA), 2);
	assert_int_equal(sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH), 0);
	assert_handover_works(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq6_c_threat_55_forged_bu_from_the_internet),
		cmocka_unit_test(threat_56_insider_binds_anothers_address),
		cmocka_unit_test(seq6_d_threat_57_replayed_bus),
		cmocka_unit_test(threat_58_70_numbers_at_the_edges),
		cmocka_unit_test(threat_60_floor_survives_the_same_key),
		cmocka_unit_test(threat_59_replay_after_the_routers_restart),
		cmocka_unit_test(seq6_f_threat_65_alternate_care_of_address),
		cmocka_unit_test(seq6_g_threat_63_forged_finished),
		cmocka_unit_test(seq6_j_threat_67_deregistration_by_others),
		cmocka_unit_test(threat_64_care_of_addresses_that_cannot_be),
		cmocka_unit_test(threat_66_lifetimes),
		cmocka_unit_test(threat_68_authorization_data_misplaced),
		cmocka_unit_test(threat_71_the_same_bu_on_two_interfaces),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

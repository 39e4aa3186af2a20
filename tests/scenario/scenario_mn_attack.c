/* SPDX-License-Identifier: ISC */
/* What an attacker on the link can do to the mobile node: the rows of the threat list about it. */
#include "scenario.h"

#include "wire/lke_message.h"

static struct world *attached(struct lke_in6 *ret_coa)
{
	struct world *w = world_plain();

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	*ret_coa = world_coa(w, 0);
	return w;
}

static struct lke_lladdr mcast(const struct lke_in6 *a)
{
	return (struct lke_lladdr){ 6, { 0x33, 0x33, a->b[12], a->b[13], a->b[14], a->b[15] } };
}

/* Both ends keep their LBSA, and a handover with it works. */
static void unharmed(struct world *w, const struct lke_in6 *coa)
{
	struct lke_lbsa_view v;

	assert_true(sim_lbsa(w->mn, coa, &v));
	assert_true(sim_lbsa(w->ar[0], coa, &v));
	assert_int_equal(v.state, LKE_LBSA_VALID);
	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
}

static void frame(struct world *w, const struct lke_lladdr *to, const uint8_t *p, size_t n)
{
	sim_send(w->host, 0, to, p, n);
}

static void auth_ns(struct world *w, const struct lke_in6 *coa, unsigned reserved_hops)
{
	struct nd_msg m = { .type = ND_NS, .target = *coa, .has_auth = true, .auths = 1 };
	struct lke_in6 group = in6_solicited_node(coa);
	struct lke_lladdr to = mcast(&group);
	uint8_t buf[256];
	int len;

	m.auth.ar = w->ar_addr[0];
	m.auth.nonce = 7;
	len = nd_encode(&m, &in6_unspecified, &group, 0, buf, sizeof(buf));
	assert_true(len > 0);
	if (reserved_hops)
		buf[7] = (uint8_t)reserved_hops;
	frame(w, &to, buf, (size_t)len);
}

static void threats_31_32_no_oracle_and_the_key_is_kept(void **state)
{
	struct lke_in6 coa;
	struct world *w = attached(&coa);
	lke_time t0;

	sim_run_for(w->net, SEC(5));
	t0 = sim_now(w->net);
	for (unsigned n = 0; n < 100; n++) {
		auth_ns(w, &coa, 0);
		sim_run_for(w->net, MSEC(10));
	}
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_DAD_NA_AUTH), 0);
	assert_in_range(sim_count(w->net, t0, w->mn, LKE_MSG_NA), 1, 6); /* 3 a second */
	unharmed(w, &coa);
	world_free(w);
}

static void threats_33_one_authenticated_answer(void **state)
{
	struct lke_in6 coa;
	struct world *w = world_plain();
	const struct simframe *na;
	struct ip6_info i;

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	coa = world_coa(w, 0);
	assert_int_equal(sim_count(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH), 1);
	na = sim_find(w->net, 0, w->mn, LKE_MSG_DAD_NA_AUTH);
	assert_int_equal(ip6_parse(na->data, na->len, &i), 0);
	assert_int_equal(i.hop_limit, 255);
	assert_true(in6_eq(&i.dst, &in6_all_nodes));
	assert_true(in6_eq(&i.src, &coa));
	/* No plain one for the care-of address beside it (AMB-138). */
	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);

		if (f->from == w->mn && f->msg == LKE_MSG_NA && f->at >= na->at - MSEC(10))
			assert_false(f->dst.b[0] == 0x33);
	}
	world_free(w);
}

static void plain_na(struct world *w, const struct lke_in6 *coa)
{
	struct nd_msg m = { .type = ND_NA, .target = *coa, .na_flags = ND_NA_O };
	struct lke_lladdr to = mcast(&in6_all_nodes);
	uint8_t buf[128];
	int len;

	m.lladdr = w->host->iface[0].lladdr;
	len = nd_encode(&m, coa, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	frame(w, &to, buf, (size_t)len);
}

static void threats_34_plain_na_in_every_window_backs_off(void **state)
{
	struct world *w = world_plain();
	static const unsigned hold[] = { 60, 120, 240, 300, 300, 300 };
	lke_time t0 = sim_now(w->net), last = 0;
	unsigned seen = 0, requests = 0;
	struct lke_lbsa_view v;
	struct lke_in6 coa;

	world_attach(w, 0);
	for (unsigned n = 0; n < 2400; n++) { /* 20 minutes */
		unsigned now = sim_count(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH);

		coa = world_coa(w, 0);
		if (now > seen)
			plain_na(w, &coa);
		seen = now;
		sim_run_for(w->net, MSEC(500));
		/* The attack works: no key comes of it. */
		assert_false(sim_lbsa(w->ar[0], &coa, &v) && v.state == LKE_LBSA_VALID);
	}
	for (size_t n = 0; n < sim_frames(w->net); n++) {
		const struct simframe *f = sim_frame(w->net, n);

		if (f->msg != LKE_MSG_KEREQ || f->from != w->mn)
			continue;
		if (requests > 0)
			assert_in_range(f->at - last, SEC(hold[requests - 1]) - SEC(1),
					SEC(hold[requests - 1]) + SEC(2));
		last = f->at;
		requests++;
	}
	assert_int_equal(requests, 6);
	/* Another attachment is another matter: it begins with the shortest hold. */
	t0 = sim_now(w->net);
	sim_move(w->mn, 0, w->link[0], MSEC(60));
	while (!sim_find(w->net, t0, w->ar[0], LKE_MSG_DAD_NS_AUTH))
		sim_run_for(w->net, MSEC(100));
	coa = world_coa(w, 0);
	plain_na(w, &coa);
	sim_run_for(w->net, SEC(62));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_KEREQ), 2);
	assert_true(world_wait_lbsa(w, 0, SEC(5)));
	world_free(w);
}

static void threats_40_hop_limit_254(void **state)
{
	struct lke_in6 coa;
	struct world *w = attached(&coa);
	lke_time t0;

	sim_run_for(w->net, SEC(5));
	t0 = sim_now(w->net);
	auth_ns(w, &coa, 254);
	sim_run_for(w->net, SEC(1));
	assert_int_equal(sim_count(w->net, t0, w->mn, LKE_MSG_NA), 0);
	unharmed(w, &coa);
	world_free(w);
}

/* A KEAck with any contents; seq: of the last request, or not. */
static void forged_ack(struct world *w, const struct lke_in6 *coa, bool outstanding)
{
	const struct simframe *req = sim_find(w->net, 0, w->mn, LKE_MSG_KEREQ);
	struct ip6_info q;
	struct mh_keack m = { .lifetime = 1000, .ar = w->ar_addr[0] };
	struct ip6_out o = { .hop_limit = 255 };
	uint8_t buf[256];
	struct wr wr = wr_init(buf, sizeof(buf));
	size_t mh, off;

	assert_non_null(req);
	assert_int_equal(ip6_parse(req->data, req->len, &q), 0);
	m.seq = (uint16_t)((q.pkt[q.upper_off + 6] << 8 | q.pkt[q.upper_off + 7]) + !outstanding);
	o.src = q.dst;
	o.dst = q.src;
	o.rh2 = coa;
	mh = ip6_begin(&wr, &o, IP6_NH_MH);
	mh_keack_encode(&wr, &m, &off);
	ip6_end(&wr);
	mh_set_checksum(&wr, mh, &o.src, coa);
	assert_false(wr.err);
	frame(w, &w->mn->iface[0].lladdr, buf, wr.off);
}

static void threats_50_unsolicited_keack(void **state)
{
	struct lke_in6 coa;
	struct world *w = attached(&coa);

	forged_ack(w, &coa, true);
	forged_ack(w, &coa, false);
	sim_run_for(w->net, SEC(1));
	assert_true(lke_engine_drops(w->mn->engine, LKE_DROP_KEX_UNEXPECTED) >= 2);
	unharmed(w, &coa);
	world_free(w);
}

static void threats_51_keack_with_the_outstanding_number(void **state)
{
	struct world *w = world_plain();
	struct lke_in6 coa;

	w->link[0]->drop_msg = LKE_MSG_KEACK;
	w->link[0]->drop_count = 1;
	world_attach(w, 0);
	while (!sim_find(w->net, 0, w->mn, LKE_MSG_KEREQ))
		sim_run_for(w->net, MSEC(1));
	sim_run_for(w->net, MSEC(100));
	coa = world_coa(w, 0);
	w->link[0]->drop_count = 0;
	forged_ack(w, &coa, true);
	sim_run_for(w->net, MSEC(100));
	assert_true(lke_engine_drops(w->mn->engine, LKE_DROP_KEX_MAC) >= 1);
	/* The router may be done before the mobile node asks again for the lost answer. */
	assert_true(world_wait_lbsa(w, 0, SEC(30)));
	sim_run_for(w->net, SEC(10));
	unharmed(w, &coa);
	world_free(w);
}

static void threats_53_forged_acknowledgements(void **state)
{
	static const uint8_t status[] = { 0, 128, 133, 134, 135 };
	struct lke_in6 coa, coa2;
	struct world *w = attached(&coa);
	struct lke_lbsa_view v;
	struct lke_binding_view b;

	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, 1, SEC(5)));
	coa2 = world_coa(w, 1);
	assert_true(sim_binding(w->mn, &coa, &b));
	for (unsigned n = 0; n < 2 * sizeof(status); n++) {
		struct mh_ba ba = { .status = status[n / 2],
				    .seq = n / 2 == 4 ? 65535 : b.seq,
				    .lifetime = 60 };
		struct ip6_out o = {
			.src = w->ar_addr[0], .dst = coa2, .hop_limit = 64, .rh2 = &coa
		};
		uint8_t buf[256];
		struct wr wr = wr_init(buf, sizeof(buf));
		size_t mh = ip6_begin(&wr, &o, IP6_NH_MH);

		mh_ba_encode(&wr, &ba, n % 2); /* without and with a wrong Authenticator */
		mh_set_checksum(&wr, mh, &o.src, &coa);
		ip6_end(&wr);
		sim_send(w->cn, -1, NULL, buf, wr.off);
		sim_run_for(w->net, MSEC(50));
	}
	assert_true(sim_lbsa(w->mn, &coa, &v));
	assert_true(sim_binding(w->mn, &coa, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	world_free(w);
}

static void threats_49_broken_options(void **state)
{
	struct lke_in6 coa, src;
	struct world *w = attached(&coa);
	struct lke_lladdr to = mcast(&in6_all_nodes);
	struct nd_msg m = { .type = ND_RA, .router_lifetime = 1800 };
	struct lke_router_view r;
	size_t cursor = 0;

	assert_int_equal(in6_parse("fe80::bad", &src), 0);
	for (unsigned bad = 0; bad < 2; bad++) {
		uint8_t buf[128];
		uint16_t sum;
		int len;

		m.lladdr = w->host->iface[0].lladdr;
		len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
		assert_true(len == 40 + 16 + 8);
		buf[57] = bad ? 200 : 0; /* length of the only option */
		buf[42] = buf[43] = 0;
		sum = ip6_checksum(&src, &in6_all_nodes, IP6_NH_ICMPV6, buf + 40, 24);
		buf[42] = (uint8_t)(sum >> 8);
		buf[43] = (uint8_t)sum;
		frame(w, &to, buf, (size_t)len);
	}
	sim_run_for(w->net, SEC(1));
	/* Dropped whole: not even a router of that name is known. */
	assert_int_equal(lke_engine_drops(w->mn->engine, LKE_DROP_ND_OPTION), 2);
	while (lke_engine_next_router(w->mn->engine, &cursor, &r))
		assert_false(in6_eq(&r.ll, &src));
	unharmed(w, &coa);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threats_31_32_no_oracle_and_the_key_is_kept),
		cmocka_unit_test(threats_33_one_authenticated_answer),
		cmocka_unit_test(threats_34_plain_na_in_every_window_backs_off),
		cmocka_unit_test(threats_40_hop_limit_254),
		cmocka_unit_test(threats_49_broken_options),
		cmocka_unit_test(threats_50_unsolicited_keack),
		cmocka_unit_test(threats_51_keack_with_the_outstanding_number),
		cmocka_unit_test(threats_53_forged_acknowledgements),
	};

	return cmocka_run_group_tests_name("scenario_mn_attack", tests, NULL, NULL);
}

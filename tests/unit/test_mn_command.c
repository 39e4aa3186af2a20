/* SPDX-License-Identifier: ISC */
/* What an operator tells a mobile node, what ICMPv6 errors tell it, and what it gives back in the
 * end: mobile_node.c.  AMB-078, AMB-112, AMB-125. */
#include "mn_fixture.h"

/* The error that the command got: the last reply. */
static int command(struct fix *f, enum lke_command cmd, const struct lke_in6 *arg)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = cmd;
	ev.command.cookie = 5;
	if (arg)
		ev.command.arg = *arg;
	fix_event(f, &ev);
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_REPLY)
			return f->out[n].a.reply.err;
	fail_msg("no reply");
	return 0;
}

static unsigned keys(const struct fix *f)
{
	unsigned k = 0;

	for (unsigned n = 0; n < MN_LBSAS; n++)
		k += f->e->mn->lbsa[n] != NULL;
	return k;
}

/* Keys of routers 1 and 2, bound at router 1, on the link of router 2. */
static void two_routers(struct fix *f, struct lke_in6 ret_coa[2])
{
	fix_away(f, LKE_STRATEGY_OLDEST, &ret_coa[0]);
	assert_int_equal(fix_ba(f, 1, 0, 240, 0, true), 0);
	fix_run(f, 2 * LKE_SEC);
	ret_coa[1] = fix_coa(f);
	assert_int_equal(fix_keack(f, 2, 0, 7200, false), 0);
	assert_int_equal(keys(f), 2);
	fix_clear(f);
}

static void op_flush_lbsa_of_one_address_or_of_all(void **state)
{
	struct lke_in6 coa[2], none = fix_addr("2001:db8:77::7");
	struct fix f;

	(void)state;
	two_routers(&f, coa);
	assert_int_equal(command(&f, LKE_CMD_FLUSH_LBSA, &none), LKE_ERR_NOENT);
	assert_int_equal(keys(&f), 2);
	assert_int_equal(command(&f, LKE_CMD_FLUSH_LBSA, &coa[0]), 0);
	assert_int_equal(keys(&f), 1);
	assert_non_null(mn_lbsa_of(f.e, &coa[1], NULL));
	/* Its binding cannot be kept without: the home agent is asked. */
	assert_null(update_of(f.e, &coa[0]));
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(mn_addr_find(f.e, &coa[0]));
	assert_int_equal(command(&f, LKE_CMD_FLUSH_LBSA, NULL), 0);
	assert_int_equal(keys(&f), 0);
	assert_int_equal(command(&f, LKE_CMD_FLUSH_LBSA, NULL), 0); /* of all there are */
	fix_end(&f);
}

static void op_flush_binding_of_one_address_or_of_all(void **state)
{
	struct lke_in6 coa[2], none = fix_addr("2001:db8:77::7");
	struct fix f;

	(void)state;
	two_routers(&f, coa);
	assert_int_equal(command(&f, LKE_CMD_FLUSH_BINDING, &none), LKE_ERR_NOENT);
	assert_non_null(update_of(f.e, &coa[0]));
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	/* The router is left, the home agent told; the key stays. */
	assert_int_equal(command(&f, LKE_CMD_FLUSH_BINDING, &coa[0]), 0);
	assert_null(update_of(f.e, &coa[0]));
	assert_int_equal(keys(&f), 2);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	/* One with a home agent is made anew. */
	fix_clear(&f);
	fix_run(&f, LKE_SEC);
	assert_int_equal(command(&f, LKE_CMD_FLUSH_BINDING, &fix_home), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_non_null(update_find(f.e, &fix_home, &fix_agent));
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	fix_end(&f);
}

static void op_commands_without_a_link_or_a_router(void **state)
{
	struct lke_in6 nobody = fix_ar_ll(9);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	assert_int_equal(command(&f, LKE_CMD_KEX, NULL), LKE_ERR_STATE);
	assert_int_equal(command(&f, LKE_CMD_HANDOVER, &nobody), LKE_ERR_STATE);
	fix_attach(&f, 1);
	assert_int_equal(command(&f, LKE_CMD_HANDOVER, &nobody), LKE_ERR_NOENT);
	fix_end(&f);
}

struct error {
	uint8_t type, code, next;
	struct lke_in6 from, src, dst; /* who says so; the ends of the packet it is about */
	bool spoilt, cut;
};

static void icmp(struct fix *f, const struct error *x)
{
	struct ip6_out o = { .src = x->from, .dst = f->e->mn->current, .hop_limit = 64 };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_ICMPV6);
	uint16_t sum;

	wr_u8(&w, x->type);
	wr_u8(&w, x->code);
	wr_zero(&w, 6);
	wr_u32(&w, UINT32_C(6) << 28);
	wr_u16(&w, 0);
	wr_u8(&w, x->next);
	wr_u8(&w, 64);
	wr_in6(&w, &x->src);
	if (!x->cut)
		wr_in6(&w, &x->dst);
	ip6_end(&w);
	assert_false(w.err);
	sum = ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + off, w.off - off);
	buf[off + 2] = (uint8_t)(sum >> 8);
	buf[off + 3] = (uint8_t)(sum ^ x->spoilt);
	(void)fix_packet(f, 2, buf, w.off);
}

/* The access router refuses our tunnel packet: one Binding Update; what is about anything else, or
 * of anybody else, brings none. */
static void amb_112_tunnel_packet_refused_by_its_router(void **state)
{
	struct lke_in6 coa[2], ar = fix_ar_addr(1), other = fix_ar_addr(3);
	struct error good, bad[7];
	struct fix f;

	(void)state;
	two_routers(&f, coa);
	good = (struct error){ 1, 5, IP6_NH_IPV6, ar, f.e->mn->current, ar, false, false };
	for (unsigned n = 0; n < 7; n++)
		bad[n] = good;
	bad[0].code = 3;
	bad[1].next = IP6_NH_MH;
	bad[2].from = other;
	bad[3].dst = other;
	bad[4].src = coa[0];
	bad[5].spoilt = true;
	bad[6].cut = true;
	for (unsigned n = 0; n < 7; n++) {
		icmp(&f, &bad[n]);
		if (fix_count(&f, LKE_MSG_BU) != 0)
			fail_msg("error %u was believed", n);
	}
	icmp(&f, &good);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	assert_true(in6_eq(&fix_last(&f, LKE_MSG_BU)[1].a.note.dst, &ar));
	/* The home agent's is none of an access router. */
	fix_clear(&f);
	good.from = good.dst = fix_agent;
	icmp(&f, &good);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 0);
	fix_end(&f);
}

/* While an update is on its way: unreachable, time exceeded and parameter problem send it to the
 * home agent; too big and an echo say nothing of that. */
static void errors_about_an_update_ask_the_home_agent(void **state)
{
	static const struct {
		uint8_t type;
		bool believed;
	} t[] = { { 1, true }, { 2, false }, { 3, true }, { 4, true } };
	struct lke_in6 old, ar = fix_ar_addr(1);
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		struct error x = { .type = t[n].type, .next = IP6_NH_DSTOPTS, .dst = ar };

		fix_away(&f, LKE_STRATEGY_OLDEST, &old);
		x.from = fix_ar_addr(3);
		x.src = f.e->mn->current;
		icmp(&f, &x);
		assert_int_equal(fix_note(&f, LKE_NOTE_FALLBACK) != NULL, t[n].believed);
		fix_end(&f);
	}
}

/* A packet in either direction makes its binding one that is used; of another address it does not,
 * and a tunnel packet that was refused is none. */
static void amb_125_first_packet_of_either_direction(void **state)
{
	struct lke_in6 coa[2], other = fix_addr("2001:db8:77::7");
	struct lke_event ev = { .type = LKE_EV_TUNNEL };
	struct update *u;
	struct fix f;

	(void)state;
	two_routers(&f, coa);
	u = update_of(f.e, &coa[0]);
	for (unsigned n = 0; n < 4; n++) {
		u->used = false;
		f.e->mn->plane_reports = false;
		ev.tunnel.what = n < 3 ? LKE_TUNNEL_FIRST : LKE_TUNNEL_BAD_INNER;
		ev.tunnel.inner_src = n == 0 || n == 3 ? coa[0] : other;
		ev.tunnel.inner_dst = n == 1 ? coa[0] : other;
		fix_event(&f, &ev);
		assert_int_equal(u->used, n < 2);
		assert_int_equal(f.e->mn->plane_reports, n < 3);
	}
	fix_end(&f);
}

/* Parked packets, the neighbour entry of the router, the steering: nothing stays. */
static void stop_gives_back_what_it_set(void **state)
{
	unsigned added = 0, removed = 0, neighbours = 0, steers = 0;
	const struct lke_action *a;
	struct lke_in6 ll = fix_ar_ll(1);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	for (unsigned n = 0; n < f.n; n++) {
		neighbours += f.out[n].a.type == LKE_ACT_NEIGH && !f.out[n].a.neigh.remove;
		added += f.out[n].a.type == LKE_ACT_STEER && !f.out[n].a.steer.remove;
		removed += f.out[n].a.type == LKE_ACT_STEER && f.out[n].a.steer.remove;
	}
	assert_int_equal(neighbours, 1);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e))) {
		if (a->type == LKE_ACT_NEIGH) {
			assert_true(a->neigh.remove && in6_eq(&a->neigh.addr, &ll));
			assert_int_equal(a->neigh.ifindex, FIX_IF);
			neighbours--;
		}
		steers += a->type == LKE_ACT_STEER && a->steer.remove;
	}
	assert_int_equal(neighbours, 0);
	assert_int_equal(removed + steers, added);
	fix_end(&f);
	/* Without a link packets are parked: they may go. */
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_link(&f, false);
	lke_engine_stop(f.e, f.now);
	for (removed = 0; (a = lke_engine_next_action(f.e));)
		removed += a->type == LKE_ACT_HOLD && !a->hold.hold;
	assert_int_equal(removed, 1);
	fix_end(&f);
	/* At home the home address is on the interface. */
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.silent = true;
	fix_link(&f, true);
	fix_ra(&f, 0xaa);
	fix_run(&f, 4 * LKE_SEC);
	assert_int_equal(f.e->mn->home[0].state, MN_HOME_ARRIVED);
	lke_engine_stop(f.e, f.now);
	for (removed = 0; (a = lke_engine_next_action(f.e));)
		removed += a->type == LKE_ACT_ADDR && a->addr.remove &&
			   in6_eq(&a->addr.addr, &fix_home) && a->addr.ifindex == FIX_IF;
	assert_int_equal(removed, 1);
	fix_end(&f);
}

/* Another link-layer address on the same link: the neighbours and the router learn it. */
static void another_link_layer_address_is_another_attachment(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK };
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	coa = fix_coa(&f);
	fix_clear(&f);
	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF,
					.name = "mn0",
					.lladdr = fix_mac(0x79),
					.mtu = 1500,
					.up = true,
					.carrier_changes = f.carrier };
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 1);
	fix_ra(&f, 1);
	assert_true(in6_eq(&f.e->mn->current, &coa));
	assert_int_equal(fix_count(&f, LKE_MSG_NA), 1);
	/* The same report once more is none. */
	fix_clear(&f);
	fix_event(&f, &ev);
	assert_int_equal(fix_count(&f, LKE_MSG_RS), 0);
	fix_end(&f);
}

/* A Binding Error about a message type that is not known there: no LKE, perhaps (AMB-078); one that
 * says that there is no binding says nothing of that. */
static void amb_078_binding_error_is_a_hint(void **state)
{
	static const uint8_t status[] = { 1, 2 };
	struct ip6_info i;
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct ip6_out o = { .src = fix_ar_ll(1), .hop_limit = 255 };
		struct mh_be be = { .status = status[n] };
		uint8_t buf[128];
		struct wr w = wr_init(buf, sizeof(buf));
		size_t off;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach(&f, 1);
		assert_int_equal(ip6_parse(fix_last(&f, LKE_MSG_KEREQ)->data,
					   fix_last(&f, LKE_MSG_KEREQ)->len, &i),
				 0);
		o.dst = i.src;
		be.home = i.hao;
		off = ip6_begin(&w, &o, IP6_NH_MH);
		mh_be_encode(&w, &be);
		ip6_end(&w);
		mh_set_checksum(&w, off, &o.src, &o.dst);
		assert_false(w.err);
		assert_int_equal(fix_packet(&f, 1, buf, w.off), 0);
		assert_int_equal(f.e->mn->active->kex.hint, status[n] == 2);
		fix_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_flush_lbsa_of_one_address_or_of_all),
		cmocka_unit_test(op_flush_binding_of_one_address_or_of_all),
		cmocka_unit_test(op_commands_without_a_link_or_a_router),
		cmocka_unit_test(amb_112_tunnel_packet_refused_by_its_router),
		cmocka_unit_test(errors_about_an_update_ask_the_home_agent),
		cmocka_unit_test(amb_078_binding_error_is_a_hint),
		cmocka_unit_test(amb_125_first_packet_of_either_direction),
		cmocka_unit_test(stop_gives_back_what_it_set),
		cmocka_unit_test(another_link_layer_address_is_another_attachment),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

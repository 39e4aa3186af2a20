/* SPDX-License-Identifier: ISC */
/* Return to the home link (RFC 6275 11.5.5, BASE-11), and that nothing but the configured address
 * is ever a home address (SEC-032, SEC-038). */
#include "mn_fixture.h"

#define HOME_ROUTER 0xaa /* 2001:db8:aa::/64, the home agent is 2001:db8:aa::1 */
#define AGENT_MAC   1

/* The last update to the home agent, opened. */
struct opened {
	struct ip6_info ip;
	struct mh_bu bu;
	struct lke_lladdr to;
};

static struct opened last_registration(struct fix *f)
{
	struct opened o = { .to = { .len = 0 } };
	uint8_t plain[256], next;
	struct mh_view v;
	struct sa in;
	size_t len;

	assert_int_equal(sa_init(&in, &f->cfg.mn.home[0].to_ha), 0);
	for (size_t n = f->n; n-- > 1;) {
		const struct fix_action *a = &f->out[n - 1];

		if (f->out[n].a.type != LKE_ACT_NOTIFY || f->out[n].a.note.msg != LKE_MSG_BU ||
		    !in6_eq(&f->out[n].a.note.dst, &fix_agent) || a->a.type != LKE_ACT_SEND)
			continue;
		assert_int_equal(ip6_parse(a->data, a->len, &o.ip), 0);
		assert_int_equal(sa_open(&in, &o.ip, plain, sizeof(plain), &len, &next), 0);
		assert_int_equal(next, IP6_NH_MH);
		assert_int_equal(mh_check(plain, len, &fix_home, &fix_agent, &v), 0);
		assert_int_equal(mh_bu_decode(&v, &o.bu), 0);
		o.to = a->a.send.dst;
		break;
	}
	sa_done(&in);
	assert_int_equal(o.to.len, 6);
	return o;
}

/* The home agent's answer to a deregistration: to the home address itself. */
static int answer(struct fix *f, uint8_t status, uint16_t seq)
{
	struct ip6_out o = { .src = fix_agent, .dst = fix_home, .hop_limit = 64 };
	struct mh_ba ba = { .status = status, .seq = seq };
	uint8_t mh[128], buf[512];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	mh_ba_encode(&w, &ba, false);
	mh_set_checksum(&w, 0, &fix_agent, &fix_home);
	len = sa_protect(f->e, &f->ha_out, &o, mh, w.off, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, AGENT_MAC, buf, (size_t)len);
}

/* Where the home address was put last: an interface, or 0 for the tunnel device. */
static uint32_t home_is_at(const struct fix *f)
{
	for (size_t n = f->n; n-- > 0;) {
		const struct lke_act_addr *a = &f->out[n].a.addr;

		if (f->out[n].a.type != LKE_ACT_ADDR || !in6_eq(&a->addr, &fix_home) || a->remove)
			continue;
		assert_int_equal(a->prefix_len, 128);
		return a->ifindex;
	}
	fail_msg("the home address is nowhere");
	return 0;
}

static void away_then_home(struct fix *f)
{
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(f, 1);
	assert_int_equal(home_is_at(f), 0);
	fix_move(f, HOME_ROUTER);
}

/* To the home agent itself, from the home address, for no time. */
static void base_11_deregistration_from_the_home_address(void **state)
{
	struct opened o;
	struct fix f;

	(void)state;
	away_then_home(&f);
	o = last_registration(&f);
	assert_true(in6_eq(&o.ip.src, &fix_home) && in6_eq(&o.ip.dst, &fix_agent));
	assert_false(o.ip.has_hao);
	assert_int_equal(o.bu.lifetime, 0);
	assert_int_equal(o.bu.flags & (BU_A | BU_H), BU_A | BU_H);
	assert_int_equal(o.to.b[5], AGENT_MAC);
	assert_int_equal(home_is_at(&f), 0);
	assert_int_equal(answer(&f, STATUS_ACCEPTED, o.bu.seq), 0);
	assert_int_equal(home_is_at(&f), FIX_IF);
	assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
	/* No tunnel of it is left. */
	assert_true(in6_is_unspecified(&f.e->mn->home[0].tunnel.agent));
	fix_end(&f);
}

/* The home agent knows no binding: just as good; any other refusal leaves the address where it is,
 * and it is asked again. */
static void base_11_what_the_home_agent_may_answer(void **state)
{
	static const uint8_t refusal[] = { 128, 129, 130, 132, 134, 255 };
	struct fix f;

	(void)state;
	away_then_home(&f);
	assert_int_equal(answer(&f, STATUS_NOT_HOME_AGENT, last_registration(&f).bu.seq), 0);
	assert_int_equal(home_is_at(&f), FIX_IF);
	fix_end(&f);
	for (size_t n = 0; n < sizeof(refusal); n++) {
		away_then_home(&f);
		assert_int_equal(answer(&f, refusal[n], last_registration(&f).bu.seq), 0);
		assert_int_equal(home_is_at(&f), 0);
		assert_non_null(fix_note(&f, LKE_NOTE_REFUSED));
		fix_clear(&f);
		fix_run(&f, 61 * LKE_SEC);
		assert_int_equal(last_registration(&f).bu.lifetime, 0);
		fix_end(&f);
	}
}

static void found_by_discovery(struct lke_config *cfg)
{
	cfg->mn.home[0].agent = in6_unspecified;
}

/* One that was found by discovery: it has the binding, another one could not end it. */
static void base_11_discovered_home_agent_that_refuses_is_asked_again(void **state)
{
	struct opened o;
	struct fix f;

	(void)state;
	fix_tweak = found_by_discovery;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	f.e->mn->home[0].agent = fix_agent;
	f.e->mn->home[0].discovery.agent[0] = fix_addr("2001:db8:aa::2");
	f.e->mn->home[0].discovery.agents = 1;
	fix_attach_lbsa(&f, 1);
	fix_move(&f, HOME_ROUTER);
	assert_int_equal(answer(&f, 130, last_registration(&f).bu.seq), 0);
	fix_clear(&f);
	fix_run(&f, 61 * LKE_SEC);
	o = last_registration(&f);
	assert_int_equal(o.bu.lifetime, 0);
	assert_int_equal(answer(&f, STATUS_ACCEPTED, o.bu.seq), 0);
	assert_int_equal(home_is_at(&f), FIX_IF);
	fix_end(&f);
}

/* Nobody answers for the home agent's address: nobody defends the home address either. */
static void base_11_silent_home_agent_is_asked_three_times(void **state)
{
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_clear(&f);
	f.silent = true;
	fix_ra(&f, HOME_ROUTER);
	fix_run(&f, 2900 * LKE_MSEC);
	assert_int_equal(fix_count(&f, LKE_MSG_NS), 3);
	assert_null(fix_note(&f, LKE_NOTE_RETURNED));
	fix_run(&f, 200 * LKE_MSEC);
	assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
	assert_int_equal(home_is_at(&f), FIX_IF);
	fix_end(&f);
}

/* Away before the answer: the registration of the next link comes, and no late answer undoes it. */
static void leaves_before_the_answer(void **state)
{
	struct lke_in6 coa;
	struct opened o;
	struct fix f;

	(void)state;
	away_then_home(&f);
	o = last_registration(&f);
	fix_clear(&f);
	fix_move(&f, 2);
	coa = fix_coa(&f);
	assert_int_not_equal(answer(&f, STATUS_ACCEPTED, o.bu.seq), 0);
	o = last_registration(&f);
	assert_true(in6_eq(&o.ip.src, &coa) && in6_eq(&o.ip.hao, &fix_home));
	assert_true(o.bu.lifetime > 0);
	assert_null(fix_note(&f, LKE_NOTE_RETURNED));
	fix_end(&f);
}

/* The node makes an address of the home prefix as of any other, but it is nobody's home address: it
 * is never registered, and goes with the link. */
static void sec_032_no_other_home_address_is_made(void **state)
{
	struct lke_in6 there;
	struct fix f;

	(void)state;
	away_then_home(&f);
	assert_int_equal(answer(&f, STATUS_ACCEPTED, last_registration(&f).bu.seq), 0);
	there = fix_coa(&f);
	assert_false(in6_eq(&there, &fix_home));
	fix_run(&f, 100 * LKE_SEC);
	fix_move(&f, 2);
	for (size_t n = 0; n < f.n; n++) {
		const struct lke_note *x = &f.out[n].a.note;

		if (f.out[n].a.type == LKE_ACT_NOTIFY && x->msg == LKE_MSG_BU && x->out &&
		    in6_eq(&x->dst, &fix_agent))
			assert_true(in6_eq(&x->addr, &fix_home));
	}
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(mn_addr_find(f.e, &there));
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_11_deregistration_from_the_home_address),
		cmocka_unit_test(base_11_what_the_home_agent_may_answer),
		cmocka_unit_test(base_11_discovered_home_agent_that_refuses_is_asked_again),
		cmocka_unit_test(base_11_silent_home_agent_is_asked_three_times),
		cmocka_unit_test(leaves_before_the_answer),
		cmocka_unit_test(sec_032_no_other_home_address_is_made),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

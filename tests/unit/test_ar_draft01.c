/* SPDX-License-Identifier: ISC */
/* What an access router of draft01 does by the letter where the default does not, and what a
 * message of LKE never brings about in either. */
#include "ar_fixture.h"

#include <string.h>

#include "core/ar_record.h"

static struct arf f;
static struct arf_mn mn;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static int open_draft01(void **state)
{
	arf_open(&f, LKE_PROFILE_DRAFT01, NULL);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static struct mh_ba update(const struct arf_bu *o)
{
	struct mh_ba ba;
	bool ok;

	arf_bu(&f, &mn, o);
	mn.bu_seq++;
	ba = arf_ba(&f, mn.kbm, &ok);
	assert_true(ok);
	return ba;
}

static void draft01_amb_179_grants_what_is_left_of_the_lbsa(void **state)
{
	struct arf_bu all = { .lifetime = 0xffff };
	struct lke_lbsa_view v;

	arf_run(&f, 1001 * LKE_SEC);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_int_equal(update(&all).lifetime, (v.expires - f.now) / LKE_SEC / 4);
	assert_true((v.expires - f.now) / LKE_SEC > 240);
}

/* A proof that would spare the private operation is skipped unread. */
static void draft01_amb_170_proofs_are_not_read(void **state)
{
	struct mh_keack ack;

	assert_int_equal(f.decrypts, 1);
	mn.seq++;
	mn.salt++;
	arf_run(&f, 30 * LKE_SEC);
	arf_kereq(&f, &mn); /* with a request proof under the key of the LBSA */
	assert_int_equal(f.decrypts, 2);
	assert_int_equal(arf_keack(&f, &mn, &ack), STATUS_ACCEPTED);
	assert_int_equal(ack.seq, mn.seq);
}

static void with_state(struct lke_config *cfg)
{
	cfg->keep_state = true;
}

/* The number is all that tells requests apart: no data is remembered, also over a restart. */
static void draft01_amb_051_no_data_is_remembered(void **state)
{
	unsigned lbsas = 0;
	struct record r;

	arf_open(&f, LKE_PROFILE_DRAFT01, with_state);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	for (unsigned n = 0; n < f.records; n++) {
		assert_int_equal(record_decode(f.record[n].data, f.record[n].len, &r), 0);
		assert_int_not_equal(r.kind, RECORD_SEEN);
		lbsas += r.kind == RECORD_LBSA;
	}
	assert_true(lbsas > 0);
}

/* There is no credit, so nothing raises one: what would be a raise were a limit. */
static void draft01_amb_112_reverse_packets_change_nothing(void **state)
{
	struct lke_event ev = { .type = LKE_EV_MOBILE };
	struct arf_bu up = { .lifetime = 60 };

	(void)update(&up);
	assert_true(f.tunnel.tunnel.credit == UINT64_MAX);
	ev.mobile.home = mn.coa;
	ev.mobile.reverse_bytes = 10000;
	arf_event(&f, &ev);
	assert_true(f.tunnel.tunnel.credit == UINT64_MAX);
}

static void at_most_400_s(struct lke_config *cfg)
{
	cfg->ar[0].max_binding_lifetime = 400;
}

static void amb_179_the_operators_limit_holds_in_both(void **state)
{
	struct arf_bu all = { .lifetime = 0xffff };

	for (unsigned n = 0; n < 2; n++) {
		if (n)
			arf_close(&f);
		arf_open(&f, n ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT, at_most_400_s);
		mn = arf_mobile(1);
		arf_attach(&f, &mn);
		assert_int_equal(update(&all).lifetime, 100);
	}
}

static void short_delay(struct lke_config *cfg)
{
	cfg->ar[0].ra_delay_ms = 1;
}

/* RaDelay is ours; a router of the draft takes its time as RFC 4861 says, AMB-181. */
static void draft01_amb_181_delay_of_the_rfc(void **state)
{
	struct lke_in6 ll = arf_addr("fe80::77");
	struct lke_lladdr from = arf_lladdr(0x30);
	struct nd_msg rs = { .type = ND_RS };
	uint8_t buf[128];
	int len = nd_encode(&rs, &ll, &in6_all_routers, 0, buf, sizeof(buf));
	unsigned late = 0, before;

	arf_open(&f, LKE_PROFILE_DRAFT01, short_delay);
	for (unsigned n = 0; n < 20; n++) {
		arf_run(&f, 60 * LKE_SEC);
		before = arf_count(&f, LKE_MSG_RA);
		arf_feed(&f, ARF_LAN, &from, buf, (size_t)len);
		arf_run(&f, 2 * LKE_MSEC);
		late += arf_count(&f, LKE_MSG_RA) == before;
		f.sents = 0;
	}
	assert_true(late >= 18); /* 2 of 500 ms each */
}

static void draft01_bound_node_that_announces_is_just_bound(void **state)
{
	struct arf_bu up = { .lifetime = 60, .leaving = true };

	assert_int_equal(update(&up).status, STATUS_ACCEPTED);
	assert_int_equal(f.buffers, 0);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.intercepts, 1);
}

/* --- AMB-078 --- */

static void home_agent_too(struct lke_config *cfg)
{
	cfg->ha.interfaces = 1;
	strcpy(cfg->ha.interface[0], "lan");
}

/* A message of that type and nothing sensible in it, from the link. */
static void send_type(uint8_t type)
{
	struct ip6_out o = { .src = arf_addr("fe80::77"),
			     .dst = arf_addr("fe80::a:1"),
			     .hop_limit = 255 };
	struct lke_lladdr from = arf_lladdr(0x30);
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	wr_u8(&w, 59);
	wr_u8(&w, 9); /* 80 octets, enough for each of them */
	wr_u8(&w, type);
	wr_zero(&w, 77);
	mh_set_checksum(&w, off, &o.src, &o.dst);
	ip6_end(&w);
	assert_false(w.err);
	arf_feed(&f, ARF_LAN, &from, buf, w.off);
}

/* A router that is a home agent, too, owes senders of unknown types a Binding Error (RFC 6275 9.2),
 * but none to one that speaks LKE. */
static void amb_078_no_error_about_a_message_of_lke(void **state)
{
	for (unsigned n = 0; n < 2; n++) {
		if (n)
			arf_close(&f);
		arf_open(&f, n ? LKE_PROFILE_DRAFT01 : LKE_PROFILE_DEFAULT, home_agent_too);
		f.sents = 0;
		for (uint8_t type = 8; type <= 10; type++)
			send_type(type);
		assert_int_equal(f.sents, 0);
		send_type(77);
		assert_int_equal(arf_count(&f, LKE_MSG_BE), 1);
	}
}

#define D(name) cmocka_unit_test_setup_teardown(name, open_draft01, done)
#define O(name) cmocka_unit_test_teardown(name, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		D(draft01_amb_179_grants_what_is_left_of_the_lbsa),
		D(draft01_amb_170_proofs_are_not_read),
		O(draft01_amb_051_no_data_is_remembered),
		D(draft01_amb_112_reverse_packets_change_nothing),
		O(amb_179_the_operators_limit_holds_in_both),
		O(draft01_amb_181_delay_of_the_rfc),
		D(draft01_bound_node_that_announces_is_just_bound),
		O(amb_078_no_error_about_a_message_of_lke),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

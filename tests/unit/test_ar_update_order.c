/* SPDX-License-Identifier: ISC */
/* A Binding Update with several faults is answered for the first of them, in the order of AMB-109.
 */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn;
static struct lke_in6 elsewhere;

/* Everything that can be wrong with an update, the first fault first. */
enum fault { SOURCE, LOOKUP, MAC, SEQUENCE, STATE, ALTERNATE, PREFIX, POLICY, FAULTS };

static const struct {
	int status; /* -1: silence */
	bool is_signed;
} answer[FAULTS] = {
	[SOURCE] = { -1, false },
	[LOOKUP] = { STATUS_NOT_HOME_AGENT, false },
	[MAC] = { STATUS_UNSPECIFIED, false },
	[SEQUENCE] = { STATUS_SEQUENCE, true },
	[STATE] = { STATUS_DAD_FAILED, true },
	[ALTERNATE] = { STATUS_UNSPECIFIED, true },
	[PREFIX] = { STATUS_NOT_HOME_SUBNET, true },
	[POLICY] = { STATUS_PROHIBITED, true },
};

static int open_default(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	mn = arf_mobile(1);
	elsewhere = arf_addr("2001:db8:3::1");
	return 0;
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static void address(uint32_t ifindex, uint8_t prefix_len, bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = ifindex,
					.addr = arf_addr("2001:db8:1::1"),
					.prefix_len = prefix_len,
					.removed = removed };
	arf_event(&f, &ev);
}

/* Its address is the router's still, but the link has the prefix no longer. */
static void prefix_leaves(void)
{
	address(ARF_UP, 128, false);
	address(ARF_LAN, 64, true);
}

/* Sends an update with this fault and all those behind it that the instance can have. */
static void expect(enum fault first, bool tombstone)
{
	struct arf_bu o = { .lifetime = 60, .alt_coa = first <= ALTERNATE ? &elsewhere : NULL };
	struct lke_in6 other = arf_addr("2001:db8:ff::1");
	struct arf_mn m = mn;
	unsigned before = arf_count(&f, LKE_MSG_BA);
	bool ok;

	m.new_coa = first == SOURCE ? mn.ll : arf_addr("fd00::1");
	m.bu_seq = first > SEQUENCE || tombstone ? (uint16_t)(mn.bu_seq + 1) : mn.bu_seq;
	if (first <= LOOKUP)
		o.to = &other;
	o.bad_auth = first <= MAC;
	(void)arf_bu(&f, &m, &o);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), before + (answer[first].status >= 0));
	if (answer[first].status >= 0) {
		assert_int_equal(arf_ba(&f, mn.kbm, &ok).status, answer[first].status);
		assert_int_equal(ok, answer[first].is_signed);
	}
	assert_false(arf_binding(&f, &mn.coa, NULL));
}

/* fd00::1 is another address of the router: no care-of address. */
static void own_address_elsewhere(void)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = ARF_UP,
					.addr = arf_addr("fd00::1"),
					.prefix_len = 64 };
	arf_event(&f, &ev);
}

static void amb_109_first_fault_of_an_update_is_told(void **state)
{
	struct arf_bu up = { .lifetime = 60 }, down = { .lifetime = 0 };

	own_address_elsewhere();
	arf_attach(&f, &mn);
	arf_bu(&f, &mn, &up);
	assert_true(arf_binding(&f, &mn.coa, NULL));
	mn.bu_seq++;
	arf_bu(&f, &mn, &down);
	expect(POLICY, false);
	prefix_leaves();
	for (int n = PREFIX; n >= SOURCE; n--)
		if (n != STATE) /* that of the other test */
			expect((enum fault)n, false);
}

static void amb_109_first_fault_of_an_update_to_a_tombstone(void **state)
{
	own_address_elsewhere();
	f.neighbour = &mn;
	arf_kereq(&f, &mn);
	arf_na(&f, &mn, arf_last(&f, LKE_MSG_DAD_NS_AUTH), ARF_NA_PLAIN);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_TOMBSTONE, NULL));
	prefix_leaves();
	expect(STATE, true);
	expect(MAC, true);
	expect(LOOKUP, true);
	expect(SOURCE, true);
}

/* --- Binding Authorization Data that is not where or what it has to be --- */

/* A BU with these octets behind its fixed part; the Authenticator is right for mac_at, if not 0. */
static void send_options(const uint8_t *options, size_t n, size_t mac_at)
{
	static const uint8_t head[6] = { IP6_NH_NONE, 0, MH_BU };
	struct lke_lladdr upstream = arf_lladdr(0xee);
	struct lke_in6 to = arf_addr("2001:db8:1::1");
	struct ip6_out ip = { .src = mn.new_coa, .dst = to, .hop_limit = 64, .hao = &mn.coa };
	struct iov_part part[LKE_MAC_PARTS];
	uint8_t buf[256], mac[SHA1_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh = ip6_begin(&w, &ip, IP6_NH_MH);
	struct lke_mac_input in;

	wr_bytes(&w, head, sizeof(head));
	wr_u16(&w, ++mn.bu_seq);
	wr_u16(&w, BU_A | BU_H);
	wr_u16(&w, 60);
	wr_bytes(&w, options, n);
	ip6_end(&w);
	wr_patch_u8(&w, mh + 1, (uint8_t)((w.off - mh) / 8 - 1));
	if (mac_at) {
		lke_mac_binding(&ip.src, &ip.dst, buf + mh, 12 + mac_at + AUTH_DATA_LEN, &in);
		for (size_t k = 0; k < in.n; k++)
			part[k] = (struct iov_part){ in.part[k].p, in.part[k].n };
		assert_int_equal(hmac_sha1(mn.kbm, 16, part, in.n, mac), 0);
		wr_patch_bytes(&w, mh + 12 + mac_at, mac, AUTH_DATA_LEN);
	}
	mh_set_checksum(&w, mh, &mn.coa, &to);
	assert_false(w.err);
	arf_feed(&f, ARF_UP, &upstream, buf, w.off);
}

/* Octets of the unsigned answer: 16 of Mobility Header, behind a type 2 routing header. */
static void expect_unsigned(uint8_t status)
{
	const uint8_t want[16] = {
		59, 1, MH_BA, 0, 0, 0, status, 0, (uint8_t)(mn.bu_seq >> 8), (uint8_t)mn.bu_seq,
		0,  0, 1,     2, 0, 0
	};
	const struct arf_sent *s = arf_last(&f, LKE_MSG_BA);
	uint8_t got[16];

	assert_non_null(s);
	assert_true(s->ip.has_rh2 && in6_eq(&s->ip.rh2, &mn.coa));
	assert_int_equal(s->ip.upper_len, sizeof(got));
	memcpy(got, s->pkt + s->ip.upper_off, sizeof(got));
	got[4] = got[5] = 0;
	assert_memory_equal(got, want, sizeof(got));
	assert_false(arf_binding(&f, &mn.coa, NULL));
	f.sents = 0;
	arf_run(&f, LKE_SEC); /* their limit is another test's */
}

#define BAD(len)     MOPT_AUTH_DATA, len
#define NULLS12	     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define OPTIONS(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void amb_109_authorization_data_missing_or_misplaced(void **state)
{
	/* Without an LBSA 133, with one 128. */
	for (unsigned n = 0; n < 2; n++) {
		uint8_t status = n ? STATUS_UNSPECIFIED : STATUS_NOT_HOME_AGENT;

		if (n)
			arf_attach(&f, &mn);
		send_options(OPTIONS(1, 2, 0, 0), 0); /* none */
		expect_unsigned(status);
		/* behind it PadN, Pad1, an option nobody knows, another one */
		send_options(OPTIONS(1, 4, 0, 0, 0, 0, BAD(12), NULLS12, 1, 6, 0, 0, 0, 0, 0, 0),
			     8);
		expect_unsigned(status);
		send_options(OPTIONS(1, 3, 0, 0, 0, BAD(12), NULLS12, 0), 7);
		expect_unsigned(status);
		send_options(OPTIONS(1, 4, 0, 0, 0, 0, BAD(12), NULLS12, 200, 6, 0, 0, 0, 0, 0, 0),
			     8);
		expect_unsigned(status);
		send_options(OPTIONS(BAD(12), NULLS12, 1, 2, 0, 0, 0, 0, BAD(12), NULLS12, 0, 0),
			     2);
		expect_unsigned(status);
		/* twice, the second one right */
		send_options(OPTIONS(1, 0, BAD(12), NULLS12, 1, 4, 0, 0, 0, 0, BAD(12), NULLS12),
			     24);
		expect_unsigned(status);
		/* of 13 and of 20 octets */
		send_options(OPTIONS(1, 3, 0, 0, 0, BAD(13), NULLS12, 0), 7);
		expect_unsigned(status);
		send_options(OPTIONS(1, 4, 0, 0, 0, 0, BAD(20), NULLS12, 0, 0, 0, 0, 0, 0, 0, 0),
			     8);
		expect_unsigned(status);
	}
	/* And where it belongs. */
	send_options(OPTIONS(1, 4, 0, 0, 0, 0, BAD(12), NULLS12), 8);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_default, done)
	const struct CMUnitTest tests[] = {
		T(amb_109_first_fault_of_an_update_is_told),
		T(amb_109_first_fault_of_an_update_to_a_tombstone),
		T(amb_109_authorization_data_missing_or_misplaced),
	};

	return RUN_IN_PROFILE(tests, NULL);
}

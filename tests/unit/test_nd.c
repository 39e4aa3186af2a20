/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

struct frame {
	struct lke_in6 src, dst;
	uint8_t hop_limit;
	uint8_t type, code;
	const uint8_t *body; /* behind the checksum */
	size_t body_len;
};

static int decode(const struct frame *f, struct nd_msg *ret)
{
	static uint8_t buf[4096]; /* the key of an RA points into it */
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = f->src, .dst = f->dst, .hop_limit = f->hop_limit };
	struct ip6_info i;
	size_t up = ip6_begin(&w, &o, IP6_NH_ICMPV6);

	wr_u8(&w, f->type);
	wr_u8(&w, f->code);
	wr_u16(&w, 0);
	wr_bytes(&w, f->body, f->body_len);
	ip6_end(&w);
	assert_false(w.err);
	wr_patch_u16(&w, up + 2,
		     ip6_checksum(&f->src, &f->dst, IP6_NH_ICMPV6, buf + up, w.off - up));
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	return nd_decode(&i, ret);
}

static int decode_as(uint8_t type, struct lke_in6 src, struct lke_in6 dst, const uint8_t *body,
		     size_t n, struct nd_msg *ret)
{
	struct frame f = { src, dst, 255, type, 0, body, n };

	return decode(&f, ret);
}

#define BODY(...)	(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define COA		0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xb, 1
#define GROUP		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define RA_FIXED(flags) 64, flags, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0
#define SLLA		1, 1, 2, 0, 0, 0, 0xb, 1
#define Z8		0, 0, 0, 0, 0, 0, 0, 0
static struct nd_msg m;

/* RFC 4861 6.1.1, 6.1.2, 7.1.1, 7.1.2: the rules that all four messages share */
static void common_rules(void **state)
{
	static const uint8_t ns[20] = { 0, 0, 0, 0, COA };
	struct frame f = { MN_LL, AR_LL, 255, ND_NS, 0, ns, sizeof(ns) };

	assert_int_equal(decode(&f, &m), 0);
	f.hop_limit = 254;
	assert_int_equal(decode(&f, &m), -LKE_DROP_ND_HOPLIMIT);
	f.hop_limit = 255;
	f.code = 1;
	assert_int_equal(decode(&f, &m), -LKE_DROP_ND_CODE);
	f.code = 0;
	f.body_len = 19;
	assert_int_equal(decode(&f, &m), -LKE_DROP_SHORT);
	f.type = ND_REDIRECT;
	assert_int_equal(decode(&f, &m), -LKE_DROP_NOT_OURS);
	f.type = 128;
	assert_int_equal(decode(&f, &m), -LKE_DROP_NOT_OURS);
}

static void minimum_lengths(void **state)
{
	static const uint8_t zero[32];

	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL, zero, 4, &m), 0);
	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL, zero, 3, &m), -LKE_DROP_SHORT);
	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, zero, 12, &m), 0);
	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, zero, 11, &m), -LKE_DROP_SHORT);
	assert_int_equal(decode_as(ND_NA, AR_LL, MN_LL, zero, 20, &m), 0);
	assert_int_equal(decode_as(ND_NA, AR_LL, MN_LL, zero, 19, &m), -LKE_DROP_SHORT);
}

static void option_of_length_zero_drops_the_message(void **state)
{
	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL, BODY(0, 0, 0, 0, 99, 0, Z8), &m),
			 -LKE_DROP_ND_OPTION);
	assert_int_equal(
		decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), SLLA, 3, 0, 0, 0, 0, 0, 0, 0), &m),
		-LKE_DROP_ND_OPTION);
}

static void option_overrun_and_trailing_octets(void **state)
{
	assert_int_equal(
		decode_as(ND_RS, MN_LL, AR_LL, BODY(0, 0, 0, 0, 1, 2, 2, 0, 0, 0, 0xb, 1), &m),
		-LKE_DROP_ND_OPTION);
	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL, BODY(0, 0, 0, 0, SLLA, 0), &m),
			 -LKE_DROP_ND_OPTION);
	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL, BODY(0, 0, 0, 0, SLLA, 1, 1, 0), &m),
			 -LKE_DROP_ND_OPTION);
}

static void unknown_options_are_skipped(void **state)
{
	assert_int_equal(decode_as(ND_RS, MN_LL, AR_LL,
				   BODY(0, 0, 0, 0, 200, 1, 0, 0, 0, 0, 0, 0, SLLA), &m),
			 0);
	assert_int_equal(m.lladdr.len, 6);
	assert_int_equal(m.lladdr.b[4], 0x0b);
}

static void slla_in_rs_from_unspecified_is_invalid(void **state)
{
	assert_int_equal(decode_as(ND_RS, in6_unspecified, in6_all_routers, BODY(0, 0, 0, 0), &m),
			 0);
	assert_int_equal(
		decode_as(ND_RS, in6_unspecified, in6_all_routers, BODY(0, 0, 0, 0, SLLA), &m),
		-LKE_DROP_ND_INVALID);
}

static void ns_from_unspecified(void **state)
{
	struct lke_in6 coa = COA1, group = in6_solicited_node(&coa);

	assert_int_equal(decode_as(ND_NS, in6_unspecified, group, BODY(0, 0, 0, 0, COA), &m), 0);
	assert_int_equal(decode_as(ND_NS, in6_unspecified, coa, BODY(0, 0, 0, 0, COA), &m),
			 -LKE_DROP_ND_INVALID);
	assert_int_equal(
		decode_as(ND_NS, in6_unspecified, in6_all_nodes, BODY(0, 0, 0, 0, COA), &m),
		-LKE_DROP_ND_INVALID);
	assert_int_equal(decode_as(ND_NS, in6_unspecified, group, BODY(0, 0, 0, 0, COA, SLLA), &m),
			 -LKE_DROP_ND_INVALID);
}

static void target_is_never_a_group(void **state)
{
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, BODY(0, 0, 0, 0, GROUP), &m),
			 -LKE_DROP_ND_INVALID);
	assert_int_equal(decode_as(ND_NA, MN_LL, AR_LL, BODY(0, 0, 0, 0, GROUP), &m),
			 -LKE_DROP_ND_INVALID);
}

static void na_to_a_group_is_not_solicited(void **state)
{
	assert_int_equal(decode_as(ND_NA, MN_LL, in6_all_nodes, BODY(ND_NA_O, 0, 0, 0, COA), &m),
			 0);
	assert_int_equal(decode_as(ND_NA, MN_LL, in6_all_nodes, BODY(ND_NA_S, 0, 0, 0, COA), &m),
			 -LKE_DROP_ND_INVALID);
	assert_int_equal(decode_as(ND_NA, MN_LL, AR_LL, BODY(ND_NA_S, 0, 0, 0, COA), &m), 0);
}

static void ra_source_is_link_local(void **state)
{
	assert_int_equal(decode_as(ND_RA, AR_GLOBAL, in6_all_nodes, BODY(RA_FIXED(0)), &m),
			 -LKE_DROP_ND_INVALID);
	assert_int_equal(decode_as(ND_RA, in6_unspecified, in6_all_nodes, BODY(RA_FIXED(0)), &m),
			 -LKE_DROP_ND_INVALID);
}

static void router_preference_rfc_4191(void **state)
{
	static const struct {
		uint8_t bits;
		int want;
	} c[] = { { 0, 0 }, { 0x08, 1 }, { 0x18, -1 }, { 0x10, 0 } };

	for (size_t k = 0; k < 4; k++) {
		uint8_t body[] = { RA_FIXED(0) };
		body[1] = ND_RA_H | c[k].bits;
		assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, body, sizeof(body), &m), 0);
		assert_int_equal(m.preference, c[k].want);
		assert_int_equal(m.ra_flags, ND_RA_H);
		body[2] = body[3] = 0; /* no default router */
		assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, body, sizeof(body), &m), 0);
		assert_int_equal(m.preference, 0);
	}
}

static void prefix_keeps_the_whole_address_only_with_r(void **state)
{
	struct lke_in6 whole = COA1, cut = addr("2001:db8:1::");

	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL,
				   BODY(RA_FIXED(0), 3, 4, 64, 0xe0, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0,
					0, 0, COA, 3, 4, 64, 0xc0, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0,
					0, COA, 3, 4, 129, 0xc0, Z8, 0, 0, 0, 0, COA),
				   &m),
			 0);
	assert_int_equal(m.prefixes, 2); /* a length above 128 is no prefix */
	assert_true(in6_eq(&m.prefix[0].prefix, &whole));
	assert_true(in6_eq(&m.prefix[1].prefix, &cut));
	assert_int_equal(m.prefix[0].valid, 9);
	assert_int_equal(m.prefix[0].preferred, 8);
}

/* AMB-002: 7 and 8 in an RA are those of RFC 6275; 6 in an NS is not ours */
static void options_are_known_by_icmp_type(void **state)
{
	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL,
				   BODY(RA_FIXED(ND_RA_H), 7, 1, 0, 0, 0, 0, 0, 100, 8, 1, 0, 0, 0,
					5, 0, 60),
				   &m),
			 0);
	assert_true(m.has_adv_interval && m.adv_interval_ms == 100);
	assert_true(m.has_ha_info && m.ha_preference == 5 && m.ha_lifetime == 60);
	assert_false(m.has_auth);
	assert_int_equal(
		decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), 8, 1, 0, 0, 0, 5, 0, 60), &m), 0);
	assert_false(m.has_ha_info); /* needs the H bit */
	assert_int_equal(
		decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(ND_RA_H), 8, 1, 0, 0, 0, 5, 0, 0), &m),
		0);
	assert_false(m.has_ha_info); /* lifetime 0 does not exist */

	uint8_t ns[20 + 48] = { 0, 0, 0, 0, COA, 6, 6 };
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, sizeof(ns), &m), 0);
	assert_false(m.has_lke || m.has_auth);
	ns[20] = ND_OPT_DAD_REPLY;
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, sizeof(ns), &m), 0);
	assert_false(m.has_auth);
	ns[20] = ND_OPT_DAD_REQUEST;
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, sizeof(ns), &m), 0);
	assert_true(m.has_auth && m.auths == 1 && !m.auth.reserved_set);
	assert_int_equal(m.auth.mac_off, 40 + 24 + 24);
	assert_int_equal(decode_as(ND_NA, MN_LL, AR_LL, ns, sizeof(ns), &m), 0);
	assert_false(m.has_auth);
}

/* AMB-012 */
#define SERVER(n)	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n
#define RDNSS(n, s)	25, 3, 0, 0, 0, 0, 0, s, SERVER(n)
#define RDNSS2(n, s)	25, 5, 0, 0, 0, 0, 0, s, SERVER(n), SERVER((n) + 1)
#define SERVER_IS(k, n) assert_int_equal(m.rdnss[k].b[15], n)

/* RFC 8106 5.1: each option has a lifetime of its own; zero withdraws its servers. */
static void dns_servers_of_several_options(void **state)
{
	uint8_t many[12 + 6 * 40] = { RA_FIXED(0) };
	static const uint8_t two[] = { RDNSS2(1, 60) };

	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), RDNSS2(1, 60), RDNSS(9, 30)), &m);
	assert_int_equal(m.rdnss_count, 3);
	SERVER_IS(0, 1);
	SERVER_IS(1, 2);
	SERVER_IS(2, 9);
	assert_int_equal(m.rdnss_lifetime, 30);
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), RDNSS(1, 30), RDNSS(9, 60)), &m);
	assert_int_equal(m.rdnss_count, 2);
	assert_int_equal(m.rdnss_lifetime, 30);
	/* The old one goes, the new one comes, in either order. */
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), RDNSS2(1, 0), RDNSS(9, 60)), &m);
	assert_int_equal(m.rdnss_count, 1);
	SERVER_IS(0, 9);
	SERVER_IS(1, 0);
	assert_int_equal(m.rdnss_lifetime, 60);
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), RDNSS(9, 60), RDNSS2(1, 0)), &m);
	assert_int_equal(m.rdnss_count, 1);
	SERVER_IS(0, 9);
	assert_int_equal(m.rdnss_lifetime, 60);
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), RDNSS2(1, 0)), &m);
	assert_int_equal(m.rdnss_count, 2);
	assert_int_equal(m.rdnss_lifetime, 0);
	for (size_t n = 0; n < 6; n++)
		memcpy(many + 12 + n * sizeof(two), two, sizeof(two));
	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, many, sizeof(many), &m), 0);
	assert_int_equal(m.rdnss_count, ND_MAX_RDNSS);
	/* Half a server is none. */
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), 25, 2, 0, 0, 0, 0, 0, 9, Z8), &m);
	assert_int_equal(m.rdnss_count, 0);
	decode_as(ND_RA, AR_LL, MN_LL, BODY(RA_FIXED(0), 25, 4, 0, 0, 0, 0, 0, 9, SERVER(1), Z8),
		  &m);
	assert_int_equal(m.rdnss_count, 0);
}

static void auth_option_of_another_length_is_unknown(void **state)
{
	uint8_t ns[20 + 56] = { 0, 0, 0, 0, COA, 7, 5 };

	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, 20 + 40, &m), 0);
	assert_false(m.has_auth);
	ns[21] = 7;
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, 20 + 56, &m), 0);
	assert_false(m.has_auth);
}

/* AMB-037: the caller sees that there is more than one, and gets the first */
static void auth_options_are_counted(void **state)
{
	uint8_t ns[20 + 96] = { 0, 0, 0, 0, COA };

	ns[20] = ns[68] = ND_OPT_DAD_REQUEST;
	ns[21] = ns[69] = 6;
	ns[22] = 1;
	ns[27] = 5;
	ns[75] = 9;
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL, ns, sizeof(ns), &m), 0);
	assert_int_equal(m.auths, 2);
	assert_int_equal(m.auth.nonce, 5);
	assert_true(m.auth.reserved_set);
}

static void lke_capability_needs_five_units(void **state)
{
	uint8_t ra[12 + 40 + 40] = { RA_FIXED(ND_RA_H), 6, 4, 1, 2 };

	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, ra, 12 + 32, &m), 0);
	assert_false(m.has_lke);
	ra[13] = 5;
	ra[52] = 6; /* the first one counts */
	ra[53] = 5;
	assert_int_equal(decode_as(ND_RA, AR_LL, MN_LL, ra, sizeof(ra), &m), 0);
	assert_true(m.has_lke);
	assert_int_equal(m.lke_max_lifetime, 0x102);
	assert_int_equal(m.lke_key_len, 36);
}

static void group_address_is_no_link_layer_address(void **state)
{
	assert_int_equal(decode_as(ND_NS, MN_LL, AR_LL,
				   BODY(0, 0, 0, 0, COA, 1, 1, 0x33, 0x33, 0, 0, 0, 1), &m),
			 0);
	assert_int_equal(m.lladdr.len, 0);
}

static void extension_headers_for_home_addresses_are_refused(void **state)
{
	uint8_t buf[256];
	struct lke_in6 home = COA1, src = MN_LL, dst = AR_LL;
	struct ip6_info i;

	for (int rh2 = 0; rh2 < 2; rh2++) {
		struct wr w = wr_init(buf, sizeof(buf));
		struct ip6_out o = { .src = src,
				     .dst = dst,
				     .hop_limit = 255,
				     .hao = rh2 ? NULL : &home,
				     .rh2 = rh2 ? &home : NULL };
		ip6_begin(&w, &o, IP6_NH_ICMPV6);
		wr_u32(&w, (uint32_t)ND_RS << 24);
		wr_u32(&w, 0);
		ip6_end(&w);
		assert_int_equal(ip6_parse(buf, w.off, &i), 0);
		assert_int_equal(nd_decode(&i, &m), rh2 ? -LKE_DROP_RH2 : -LKE_DROP_HAO);
	}
}

/* RFC 6980 */
static void fragments_are_refused(void **state)
{
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = MN_LL, .dst = AR_LL, .hop_limit = 255 };
	struct ip6_info i;

	ip6_begin(&w, &o, IP6_NH_FRAGMENT);
	wr_u32(&w, (uint32_t)IP6_NH_ICMPV6 << 24);
	wr_zero(&w, 12);
	ip6_end(&w);
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	assert_int_equal(nd_decode(&i, &m), -LKE_DROP_FRAGMENT);
}

static struct nd_msg random_ra(uint64_t *r, const uint8_t *key)
{
	struct nd_msg ra = { .type = ND_RA,
			     .cur_hop_limit = (uint8_t)next_random(r),
			     .ra_flags = (uint8_t)(ND_RA_H | (next_random(r) & 0xe7)),
			     .preference = (int8_t)((int)(next_random(r) % 3) - 1),
			     .router_lifetime = (uint16_t)(1 + next_random(r) % 9000),
			     .reachable_ms = (uint32_t)next_random(r),
			     .retrans_ms = (uint32_t)next_random(r) };

	ra.prefixes = (unsigned)(next_random(r) % (ND_MAX_PREFIXES + 1));
	for (unsigned k = 0; k < ra.prefixes; k++)
		ra.prefix[k] =
			(struct nd_prefix){ random_global(r), 128, (uint8_t)next_random(r),
					    (uint32_t)next_random(r), (uint32_t)next_random(r) };
	ra.mtu = next_random(r) % 2 ? 1280 + (uint32_t)(next_random(r) % 9000) : 0;
	ra.has_adv_interval = next_random(r) % 2;
	ra.adv_interval_ms = ra.has_adv_interval ? (uint32_t)next_random(r) : 0;
	ra.has_ha_info = next_random(r) % 2;
	ra.ha_preference = ra.has_ha_info ? (uint16_t)next_random(r) : 0;
	ra.ha_lifetime = ra.has_ha_info ? (uint16_t)(1 + next_random(r) % 65535) : 0;
	ra.rdnss_count = (unsigned)(next_random(r) % (ND_MAX_RDNSS + 1));
	ra.rdnss_lifetime = ra.rdnss_count ? (uint32_t)next_random(r) : 0;
	for (unsigned k = 0; k < ra.rdnss_count; k++)
		ra.rdnss[k] = random_global(r);
	if (next_random(r) % 2) {
		ra.has_lke = true;
		ra.lke_max_lifetime = (uint16_t)next_random(r);
		ra.lke_key = key;
		ra.lke_key_len = 36 + 8 * (next_random(r) % 80);
	}
	return ra;
}

static struct nd_msg random_nd(uint64_t *r, const uint8_t *key)
{
	struct nd_msg n = { .type = (uint8_t)(ND_RS + next_random(r) % 4) };

	if (n.type == ND_RA)
		n = random_ra(r, key);
	if (n.type == ND_NS || n.type == ND_NA) {
		n.target = random_global(r);
		n.has_auth = next_random(r) % 2;
		n.auths = n.has_auth;
	}
	if (n.has_auth) {
		n.auth.nonce = (uint32_t)next_random(r);
		n.auth.ar = random_global(r);
		random_bytes(r, n.auth.mac, sizeof(n.auth.mac));
	}
	if (n.type == ND_NA)
		n.na_flags = (uint8_t)next_random(r);
	if (n.type == ND_NS && next_random(r) % 2) {
		n.has_nonce = true;
		random_bytes(r, n.nonce, sizeof(n.nonce));
	}
	if (next_random(r) % 2) {
		n.lladdr.len = 6;
		random_bytes(r, n.lladdr.b, 6);
		n.lladdr.b[0] &= 0xfe;
	}
	return n;
}

static void assert_nd_equal(const struct nd_msg *a, const struct nd_msg *b)
{
	assert_int_equal(a->type, b->type);
	assert_true(in6_eq(&a->target, &b->target) && lladdr_eq(&a->lladdr, &b->lladdr));
	assert_int_equal(a->na_flags, b->na_flags);
	assert_int_equal(a->has_auth, b->has_auth);
	assert_int_equal(a->auths, b->auths);
	assert_int_equal(a->auth.nonce, b->auth.nonce);
	assert_memory_equal(a->auth.mac, b->auth.mac, 20);
	assert_true(in6_eq(&a->auth.ar, &b->auth.ar));
	assert_int_equal(a->has_nonce, b->has_nonce);
	assert_memory_equal(a->nonce, b->nonce, 6);
	assert_int_equal(a->cur_hop_limit, b->cur_hop_limit);
	assert_int_equal(a->ra_flags, b->ra_flags);
	assert_int_equal(a->preference, b->preference);
	assert_int_equal(a->router_lifetime, b->router_lifetime);
	assert_int_equal(a->reachable_ms, b->reachable_ms);
	assert_int_equal(a->retrans_ms, b->retrans_ms);
	assert_int_equal(a->prefixes, b->prefixes);
	for (unsigned k = 0; k < a->prefixes; k++) {
		assert_true(in6_eq(&a->prefix[k].prefix, &b->prefix[k].prefix));
		assert_int_equal(a->prefix[k].len, b->prefix[k].len);
		assert_int_equal(a->prefix[k].flags, b->prefix[k].flags);
		assert_int_equal(a->prefix[k].valid, b->prefix[k].valid);
		assert_int_equal(a->prefix[k].preferred, b->prefix[k].preferred);
	}
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->has_lke, b->has_lke);
	assert_int_equal(a->lke_max_lifetime, b->lke_max_lifetime);
	assert_int_equal(a->lke_key_len, b->lke_key_len);
	if (a->lke_key_len)
		assert_memory_equal(a->lke_key, b->lke_key, a->lke_key_len);
	assert_int_equal(a->has_adv_interval, b->has_adv_interval);
	assert_int_equal(a->adv_interval_ms, b->adv_interval_ms);
	assert_int_equal(a->has_ha_info, b->has_ha_info);
	assert_int_equal(a->ha_preference, b->ha_preference);
	assert_int_equal(a->ha_lifetime, b->ha_lifetime);
	assert_int_equal(a->rdnss_count, b->rdnss_count);
	assert_int_equal(a->rdnss_lifetime, b->rdnss_lifetime);
	assert_memory_equal(a->rdnss, b->rdnss, a->rdnss_count * sizeof(a->rdnss[0]));
}

static void decode_of_encode_is_the_message(void **state)
{
	static uint8_t key[700];
	uint64_t r = 7;
	uint8_t buf[4096];

	random_bytes(&r, key, sizeof(key));
	for (int n = 0; n < 2000; n++) {
		struct nd_msg want = random_nd(&r, key), got;
		struct ip6_info i;
		struct lke_in6 src = MN_LL, dst = AR_LL;
		int len = nd_encode(&want, &src, &dst, 0xc0, buf, sizeof(buf));
		assert_true(len > 0);
		assert_int_equal(nd_encode(&want, &src, &dst, 0, buf, (size_t)len - 1),
				 LKE_ERR_SPACE);
		assert_int_equal(nd_encode(&want, &src, &dst, 0, buf, (size_t)len), len);
		assert_int_equal(ip6_parse(buf, (size_t)len, &i), 0);
		assert_int_equal(nd_decode(&i, &got), 0);
		assert_nd_equal(&want, &got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_rules),
		cmocka_unit_test(minimum_lengths),
		cmocka_unit_test(option_of_length_zero_drops_the_message),
		cmocka_unit_test(option_overrun_and_trailing_octets),
		cmocka_unit_test(unknown_options_are_skipped),
		cmocka_unit_test(slla_in_rs_from_unspecified_is_invalid),
		cmocka_unit_test(ns_from_unspecified),
		cmocka_unit_test(target_is_never_a_group),
		cmocka_unit_test(na_to_a_group_is_not_solicited),
		cmocka_unit_test(ra_source_is_link_local),
		cmocka_unit_test(router_preference_rfc_4191),
		cmocka_unit_test(prefix_keeps_the_whole_address_only_with_r),
		cmocka_unit_test(options_are_known_by_icmp_type),
		cmocka_unit_test(dns_servers_of_several_options),
		cmocka_unit_test(auth_option_of_another_length_is_unknown),
		cmocka_unit_test(auth_options_are_counted),
		cmocka_unit_test(lke_capability_needs_five_units),
		cmocka_unit_test(group_address_is_no_link_layer_address),
		cmocka_unit_test(extension_headers_for_home_addresses_are_refused),
		cmocka_unit_test(fragments_are_refused),
		cmocka_unit_test(decode_of_encode_is_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* The byte vectors of tests/vectors, both ways: encoding gives them, decoding gives the fields,
 * MACs verify. */
#include "wire_util.h"

#include "crypto/crypto.h"
#include "wire/lke_message.h"

static const uint8_t kbm[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t old_kbm[16] = {
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
};

static void mac(const uint8_t key[16], const struct lke_mac_input *in, uint8_t ret[20])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t k = 0; k < in->n; k++)
		part[k] = (struct iov_part){ in->part[k].p, in->part[k].n };
	assert_int_equal(hmac_sha1(key, 16, part, in->n, ret), 0);
}

static void mac_whole(const uint8_t key[16], const uint8_t *pkt, size_t len, size_t sum,
		      const size_t *off, size_t n, uint8_t ret[20])
{
	struct lke_mac_input in;

	lke_mac_whole(pkt, len, sum, off, n, &in);
	mac(key, &in, ret);
}

static void assert_vector(const char *file, const char *name, const uint8_t *got, size_t len)
{
	uint8_t want[1024];
	size_t n = vector(file, name, want, sizeof(want));

	assert_int_equal(len, n);
	assert_memory_equal(got, want, n);
}

static struct mh_view view(const uint8_t *pkt, size_t len, struct ip6_info *ret_info)
{
	struct mh_view v;

	assert_int_equal(ip6_parse(pkt, len, ret_info), 0);
	assert_int_equal(ret_info->upper, IP6_NH_MH);
	struct lke_in6 src = ip6_pseudo_src(ret_info), dst = ip6_pseudo_dst(ret_info);
	assert_int_equal(mh_check(pkt + ret_info->upper_off, ret_info->upper_len, &src, &dst, &v),
			 0);
	return v;
}

/* --- Key Exchange Request --- */

static void encode_kereq(const char *file, const char *name, size_t k, uint16_t seq, int proofs)
{
	uint8_t data[512], buf[1024], m[20];
	size_t at2 = 0, at1 = 0, off[2];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 coa = COA1, ar = AR_LL;
	struct ip6_out o = { .src = MN_LL, .dst = ar, .hop_limit = 255, .hao = &coa };
	struct mh_kereq q = { .seq = seq,
			      .data = data,
			      .data_len = k,
			      .lifetime = 7200,
			      .request.present = proofs > 0,
			      .renewal.present = proofs > 1 };

	assert_int_equal(vector(file, "oaep_sha1", data, sizeof(data)), k);
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_kereq_encode(&w, &q, &at2, &at1);
	ip6_end(&w);
	off[0] = mh + at2;
	off[1] = mh + at1;
	if (proofs > 0) {
		mac_whole(kbm, buf, w.off, mh + 4, off, (size_t)proofs, m);
		wr_patch_bytes(&w, off[0], m, 20);
	}
	if (proofs > 1) { /* after the other one was written: the order must not matter */
		mac_whole(old_kbm, buf, w.off, mh + 4, off, 2, m);
		wr_patch_bytes(&w, off[1], m, 20);
	}
	mh_set_checksum(&w, mh, &coa, &ar);
	assert_false(w.err);
	assert_vector(file, name, buf, w.off);
}

static void decode_kereq(const char *file, const char *name, size_t k, uint16_t seq,
			 unsigned proofs)
{
	uint8_t pkt[1024], data[512], m[20];
	struct ip6_info i;
	struct mh_kereq q;
	size_t off[8];
	struct lke_in6 coa = COA1;
	struct mh_view v = view(pkt, vector(file, name, pkt, sizeof(pkt)), &i);

	vector(file, "oaep_sha1", data, sizeof(data));
	assert_int_equal(mh_kereq_decode(&v, k, &q), 0);
	assert_true(i.has_hao && in6_eq(&i.hao, &coa));
	assert_int_equal(i.hop_limit, 255);
	assert_int_equal(q.seq, seq);
	assert_int_equal(q.lifetime, 7200);
	assert_int_equal(q.data_len, k);
	assert_memory_equal(q.data, data, k);
	assert_int_equal(q.proofs_len22, proofs);
	assert_int_equal(q.request.present, proofs > 0);
	assert_int_equal(q.renewal.present, proofs > 1);
	for (unsigned n = 0; n < proofs; n++)
		off[n] = i.upper_off + q.proof_off[n];
	if (proofs > 0) {
		mac_whole(kbm, pkt, i.len, i.upper_off + 4, off, proofs, m);
		assert_memory_equal(q.request.mac, m, 20);
		assert_int_equal(q.request.mac_off, q.proof_off[0]);
	}
	if (proofs > 1) {
		mac_whole(old_kbm, pkt, i.len, i.upper_off + 4, off, proofs, m);
		assert_memory_equal(q.renewal.mac, m, 20);
		assert_int_equal(q.renewal.mac_off, q.proof_off[1]);
	}
}

static void kereq_encode_gives_the_vectors(void **state)
{
	static const char *const file[] = { "rsa1024", "rsa2048" };

	for (size_t f = 0; f < 2; f++) {
		encode_kereq(file[f], "kereq", f ? 256 : 128, 1, 0);
		encode_kereq(file[f], "kereq_proof", f ? 256 : 128, 2, 1);
		encode_kereq(file[f], "kereq_proofs", f ? 256 : 128, 3, 2);
	}
}

static void kereq_decode_gives_the_fields(void **state)
{
	static const char *const file[] = { "rsa1024", "rsa2048" };

	for (size_t f = 0; f < 2; f++) {
		decode_kereq(file[f], "kereq", f ? 256 : 128, 1, 0);
		decode_kereq(file[f], "kereq_proof", f ? 256 : 128, 2, 1);
		decode_kereq(file[f], "kereq_proofs", f ? 256 : 128, 3, 2);
	}
}

static void lke_capability_in_ra(void **state)
{
	static const char *const file[] = { "rsa1024", "rsa2048" };
	static const size_t spki_len[] = { 162, 294 };

	for (size_t f = 0; f < 2; f++) {
		uint8_t opt[600], buf[1024];
		struct nd_msg m = { .type = ND_RA,
				    .ra_flags = ND_RA_H,
				    .router_lifetime = 7200,
				    .has_lke = true,
				    .lke_max_lifetime = 7200 },
			      got;
		struct ip6_info i;
		struct lke_in6 src = AR_LL;
		size_t n = vector(file[f], "option", opt, sizeof(opt));

		m.lke_key = opt + 4;
		m.lke_key_len = spki_len[f];
		int len = nd_encode(&m, &src, &in6_all_nodes, 0xc0, buf, sizeof(buf));
		assert_int_equal(len, 56 + n);
		assert_memory_equal(buf + 56, opt, n);
		assert_int_equal(ip6_parse(buf, (size_t)len, &i), 0);
		assert_int_equal(nd_decode(&i, &got), 0);
		assert_true(got.has_lke && got.lke_max_lifetime == 7200);
		assert_int_equal(got.lke_key_len, n - 4);
		assert_memory_equal(got.lke_key, opt + 4, n - 4);
	}
}

/* --- Key Exchange Acknowledgement --- */

static void keack(const char *name, uint8_t status, uint16_t lifetime)
{
	uint8_t buf[256], m[20];
	size_t at;
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 coa = COA1, ar = AR_LL, global = AR_GLOBAL;
	struct ip6_out o = { .src = ar, .dst = MN_LL, .hop_limit = 255, .rh2 = &coa };
	struct mh_keack k = { .status = status, .seq = 1, .lifetime = lifetime, .ar = global }, got;
	struct ip6_info i;

	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_keack_encode(&w, &k, &at);
	ip6_end(&w);
	at += mh;
	mac_whole(kbm, buf, w.off, mh + 4, &at, 1, m);
	wr_patch_bytes(&w, at, m, 20);
	mh_set_checksum(&w, mh, &ar, &coa);
	assert_vector("kex", name, buf, w.off);

	struct mh_view v = view(buf, w.off, &i);
	assert_int_equal(mh_keack_decode(&v, &got), 0);
	assert_true(i.has_rh2 && in6_eq(&i.rh2, &coa));
	assert_int_equal(got.status, status);
	assert_int_equal(got.seq, 1);
	assert_int_equal(got.lifetime, lifetime);
	assert_true(in6_eq(&got.ar, &global));
	assert_int_equal(got.mac_off + i.upper_off, at);
	assert_memory_equal(got.mac, m, 20);
}

static void keack_both_ways(void **state)
{
	keack("keack", 0, 1800);
	keack("keack_129", STATUS_PROHIBITED, 0);
	keack("keack_135", STATUS_SEQUENCE, 0);
}

/* --- DAD --- */

static void dad(const char *name, const struct nd_msg *m, const struct lke_in6 *src,
		const struct lke_in6 *dst)
{
	uint8_t buf[256], h[20];
	struct nd_msg got;
	struct ip6_info i;
	int n = nd_encode(m, src, dst, 0, buf, sizeof(buf));

	assert_true(n > 0);
	size_t len = (size_t)n, at = nd_mac_off(len);
	mac_whole(kbm, buf, len, 42, &at, 1, h);
	nd_set_mac(buf, len, at, h);
	assert_vector("dad", name, buf, len);

	assert_int_equal(ip6_parse(buf, len, &i), 0);
	assert_int_equal(nd_decode(&i, &got), 0);
	assert_int_equal(got.auths, 1);
	assert_true(got.has_auth && !got.auth.reserved_set);
	assert_int_equal(got.auth.mac_off, at);
	assert_int_equal(got.auth.nonce, 0x11223344);
	assert_true(in6_eq(&got.auth.ar, &m->auth.ar));
	assert_true(in6_eq(&got.target, &m->target));
	assert_memory_equal(got.auth.mac, h, 20);
	assert_true(lladdr_eq(&got.lladdr, &m->lladdr));
	assert_int_equal(got.na_flags, m->na_flags);
}

static void dad_both_ways(void **state)
{
	struct lke_in6 coa = COA1, group = in6_solicited_node(&coa);
	struct nd_msg ns = { .type = ND_NS,
			     .target = coa,
			     .has_auth = true,
			     .auth = { .nonce = 0x11223344, .ar = AR_GLOBAL } };
	struct nd_msg na = ns;

	na.type = ND_NA;
	na.na_flags = ND_NA_O;
	na.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0x0b, 1 } };
	dad("dad_ns", &ns, &in6_unspecified, &group);
	dad("dad_na", &na, &coa, &in6_all_nodes);
}

/* --- Binding messages --- */

/* Ends a message whose MH is written: MAC, checksum, comparison with the vector. */
static void seal(const char *name, struct wr *w, size_t mh, const struct ip6_out *o)
{
	struct lke_mac_input in;
	uint8_t m[20];
	struct lke_in6 src = o->hao ? *o->hao : o->src, dst = o->rh2 ? *o->rh2 : o->dst;

	ip6_end(w);
	lke_mac_binding(&o->src, &o->dst, w->p + mh, w->off - mh, &in);
	mac(kbm, &in, m);
	wr_patch_bytes(w, w->off - AUTH_DATA_LEN, m, AUTH_DATA_LEN);
	mh_set_checksum(w, mh, &src, &dst);
	assert_false(w->err);
	assert_vector("binding", name, w->p, w->off);
}

static void assert_auth(const struct mh_auth_data *a, const char *name)
{
	uint8_t want[12];
	char section[64];

	snprintf(section, sizeof(section), "%s.mac", name);
	assert_int_equal(vector("binding", section, want, sizeof(want)), sizeof(want));
	assert_true(a->present && a->well_placed);
	assert_memory_equal(a->mac, want, sizeof(want));
}

static void bu(const char *name, struct lke_in6 coa, struct lke_in6 home, uint16_t seq,
	       uint16_t lifetime)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = coa,
			     .dst = AR_GLOBAL,
			     .hop_limit = 64,
			     .hao = in6_eq(&coa, &home) ? NULL : &home };
	struct mh_bu m = { .seq = seq, .flags = BU_A | BU_H, .lifetime = lifetime }, got;
	struct ip6_info i;
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_bu_encode(&w, &m, true);
	seal(name, &w, mh, &o);
	struct mh_view v = view(buf, w.off, &i);
	assert_int_equal(mh_bu_decode(&v, &got), 0);
	assert_int_equal(got.seq, seq);
	assert_int_equal(got.flags, 0xc000);
	assert_int_equal(got.lifetime, lifetime);
	assert_false(got.has_alt_coa || got.has_nonce_indices);
	assert_auth(&got.auth, name);
}

static void ba(const char *name, struct lke_in6 coa, struct mh_ba m)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = COA1;
	struct ip6_out o = { .src = AR_GLOBAL,
			     .dst = coa,
			     .hop_limit = 64,
			     .rh2 = in6_eq(&coa, &home) ? NULL : &home };
	struct mh_ba got;
	struct ip6_info i;
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_ba_encode(&w, &m, true);
	seal(name, &w, mh, &o);
	struct mh_view v = view(buf, w.off, &i);
	assert_int_equal(mh_ba_decode(&v, &got), 0);
	assert_int_equal(got.status, m.status);
	assert_int_equal(got.seq, m.seq);
	assert_int_equal(got.lifetime, m.lifetime);
	assert_int_equal(got.has_finished_request, m.has_finished_request);
	assert_int_equal(got.finished_r, m.finished_r);
	assert_int_equal(got.nonce, m.nonce);
	assert_false(got.has_refresh_advice);
	assert_auth(&got.auth, name);
}

static void binding_updates_both_ways(void **state)
{
	bu("bu", COA2, COA1, 0x1234, 900);
	bu("bu_deregister", COA1, COA1, 0x1235, 0);
}

static void binding_acknowledgements_both_ways(void **state)
{
	ba("ba", COA2, (struct mh_ba){ .seq = 0x1234, .lifetime = 900 });
	ba("ba_finished_request", COA2,
	   (struct mh_ba){ .seq = 0x1234,
			   .lifetime = 900,
			   .has_finished_request = true,
			   .finished_r = true,
			   .nonce = 0xa1b2c3d4 });
	ba("ba_134", COA2, (struct mh_ba){ .status = STATUS_DAD_FAILED, .seq = 0x1234 });
	ba("ba_135", COA2, (struct mh_ba){ .status = STATUS_SEQUENCE, .seq = 0x1234 });
	ba("ba_deregister", COA1, (struct mh_ba){ .seq = 0x1235 });
}

static void finished_both_ways(void **state)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = COA1;
	struct ip6_out o = { .src = COA2, .dst = AR_GLOBAL, .hop_limit = 64, .hao = &home };
	struct mh_finished m = { .seq = 0x1234, .lifetime = 900, .nonce = 0xa1b2c3d4 }, got;
	struct ip6_info i;
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_finished_encode(&w, &m);
	seal("finished", &w, mh, &o);
	struct mh_view v = view(buf, w.off, &i);
	assert_int_equal(mh_finished_decode(&v, &got), 0);
	assert_int_equal(got.status, 0);
	assert_int_equal(got.seq, 0x1234);
	assert_int_equal(got.lifetime, 900);
	assert_int_equal(got.nonce, 0xa1b2c3d4);
	assert_auth(&got.auth, "finished");
}

static void refresh_request_both_ways(void **state)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = COA1, ar = AR_GLOBAL;
	struct ip6_out o = { .src = ar, .dst = COA2, .hop_limit = 64, .rh2 = &home };
	struct ip6_info i;
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_brr_encode(&w);
	ip6_end(&w);
	mh_set_checksum(&w, mh, &ar, &home);
	assert_vector("binding", "brr", buf, w.off);
	struct mh_view v = view(buf, w.off, &i);
	assert_int_equal(v.type, MH_BRR);
}

/* --- damage --- */

static const struct {
	const char *file, *name;
	size_t modulus;
} packets[] = {
	{ "rsa1024", "kereq", 128 },
	{ "rsa1024", "kereq_proof", 128 },
	{ "rsa1024", "kereq_proofs", 128 },
	{ "rsa2048", "kereq", 256 },
	{ "rsa2048", "kereq_proofs", 256 },
	{ "kex", "keack", 0 },
	{ "dad", "dad_ns", 0 },
	{ "dad", "dad_na", 0 },
	{ "binding", "bu", 0 },
	{ "binding", "ba", 0 },
	{ "binding", "ba_finished_request", 0 },
	{ "binding", "finished", 0 },
	{ "binding", "brr", 0 },
	{ "binding", "bu_deregister", 0 },
};

/* Each copy is in memory of its exact size, so that the address sanitizer sees one octet too many.
 */
static void truncation_at_every_length_is_dropped(void **state)
{
	uint8_t pkt[1024];

	for (size_t k = 0; k < sizeof(packets) / sizeof(packets[0]); k++) {
		size_t len = vector(packets[k].file, packets[k].name, pkt, sizeof(pkt));
		assert_int_equal(verdict(pkt, len, packets[k].modulus), 0);
		for (size_t n = 0; n < len; n++) {
			uint8_t *copy = malloc(n ? n : 1);
			memcpy(copy, pkt, n);
			assert_true(verdict(copy, n, packets[k].modulus) < 0);
			if (n >= IP6_HDR_LEN) { /* also when the IPv6 header agrees */
				struct wr w = { .p = copy, .cap = n, .off = n };
				wr_patch_u16(&w, 4, (uint16_t)(n - IP6_HDR_LEN));
				assert_true(verdict(copy, n, packets[k].modulus) < 0);
			}
			free(copy);
		}
	}
}

static void every_corrupted_octet_is_dropped(void **state)
{
	static const uint8_t flip[] = { 0x01, 0x80, 0xff };
	uint8_t pkt[1024];
	struct ip6_info i;

	for (size_t k = 0; k < sizeof(packets) / sizeof(packets[0]); k++) {
		size_t len = vector(packets[k].file, packets[k].name, pkt, sizeof(pkt));
		assert_int_equal(ip6_parse(pkt, len, &i), 0);
		for (size_t n = 0; n < len; n++) {
			for (size_t f = 0; f < sizeof(flip); f++) {
				pkt[n] ^= flip[f];
				int e = verdict(pkt, len, packets[k].modulus);
				if (n >= i.upper_off)
					assert_true(e < 0);
				pkt[n] ^= flip[f];
			}
		}
	}
}

/* The home address stands in the pseudo header (AMB-036). */
static void home_address_is_covered_by_the_checksum(void **state)
{
	static const char *const name[] = { "bu", "ba", "finished", "brr" };
	uint8_t pkt[256];

	for (size_t k = 0; k < 4; k++) {
		size_t len = vector("binding", name[k], pkt, sizeof(pkt));
		for (size_t n = 50; n < 64; n++) {
			pkt[n] ^= 0x10;
			assert_int_equal(verdict(pkt, len, 0), -LKE_DROP_CHECKSUM);
			pkt[n] ^= 0x10;
		}
	}
}

static void mac_does_not_cover_traffic_class_and_flow_label(void **state)
{
	uint8_t pkt[256], m[20];
	size_t len = vector("kex", "keack", pkt, sizeof(pkt)), at = 64 + 34;

	pkt[0] = 0x6f;
	pkt[1] = 0x0a;
	pkt[2] = 0xbc;
	mac_whole(kbm, pkt, len, 68, &at, 1, m);
	assert_memory_equal(pkt + at, m, 20);
	pkt[7] = 254; /* the hop limit is covered */
	mac_whole(kbm, pkt, len, 68, &at, 1, m);
	assert_memory_not_equal(pkt + at, m, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kereq_encode_gives_the_vectors),
		cmocka_unit_test(kereq_decode_gives_the_fields),
		cmocka_unit_test(lke_capability_in_ra),
		cmocka_unit_test(keack_both_ways),
		cmocka_unit_test(dad_both_ways),
		cmocka_unit_test(binding_updates_both_ways),
		cmocka_unit_test(binding_acknowledgements_both_ways),
		cmocka_unit_test(finished_both_ways),
		cmocka_unit_test(refresh_request_both_ways),
		cmocka_unit_test(truncation_at_every_length_is_dropped),
		cmocka_unit_test(every_corrupted_octet_is_dropped),
		cmocka_unit_test(home_address_is_covered_by_the_checksum),
		cmocka_unit_test(mac_does_not_cover_traffic_class_and_flow_label),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

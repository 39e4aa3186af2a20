/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

/* An MH of these octets (from octet 6) with Header Len and checksum right; checked by mh_check().
 */
static uint8_t mh_buf[2048];

static int check(uint8_t proto, uint8_t type, const uint8_t *body, size_t n, struct mh_view *ret)
{
	struct lke_in6 src = COA1, dst = AR_GLOBAL;
	struct wr w = wr_init(mh_buf, sizeof(mh_buf));

	wr_u8(&w, proto);
	wr_u8(&w, (uint8_t)((n + 6) / 8 - 1));
	wr_u8(&w, type);
	wr_zero(&w, 3);
	wr_bytes(&w, body, n);
	mh_set_checksum(&w, 0, &src, &dst);
	return mh_check(mh_buf, w.off, &src, &dst, ret);
}

static struct mh_view view(uint8_t type, const uint8_t *body, size_t n)
{
	struct mh_view v;

	assert_int_equal((n + 6) % 8, 0);
	assert_int_equal(check(59, type, body, n, &v), 0);
	return v;
}

#define BODY(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define ADDR	  0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xb, 1
#define AUTH	  5, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
#define MAC20	  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20

static void order_length_checksum_proto_type(void **state)
{
	struct lke_in6 src = COA1, dst = AR_GLOBAL;
	struct mh_view v;
	uint8_t body[26] = { 0 };

	assert_int_equal(check(59, 99, body, 2, &v), -LKE_DROP_MH_TYPE);
	assert_int_equal(check(58, 99, body, 2, &v), -LKE_DROP_MH_PROTO);
	mh_buf[4] ^= 1;
	assert_int_equal(mh_check(mh_buf, 8, &src, &dst, &v), -LKE_DROP_CHECKSUM);
	assert_int_equal(check(59, 99, body, 2, &v), -LKE_DROP_MH_TYPE);
	mh_buf[4] ^= 1; /* an unknown type is one only when the checksum is right */
	assert_int_equal(mh_check(mh_buf, 8, &src, &dst, &v), -LKE_DROP_CHECKSUM);
	/* AMB-028: longer or shorter than the payload */
	assert_int_equal(check(59, MH_BU, body, 26, &v), 0);
	assert_int_equal(mh_check(mh_buf, 24, &src, &dst, &v), -LKE_DROP_MH_LENGTH);
	assert_int_equal(mh_check(mh_buf, 40, &src, &dst, &v), -LKE_DROP_MH_LENGTH);
	assert_int_equal(mh_check(mh_buf, 7, &src, &dst, &v), -LKE_DROP_MH_LENGTH);
}

static void minimum_length_of_each_type(void **state)
{
	static const uint8_t min[] = { 0, 1, 1, 2, 2, 1, 1, 2, 1, 6, 1 };
	uint8_t body[64] = { 0 };
	struct mh_view v;

	for (uint8_t t = 0; t < sizeof(min); t++) {
		assert_int_equal(check(59, t, body, min[t] * 8 + 2, &v), 0);
		assert_int_equal(v.type, t);
		if (min[t] > 0)
			assert_int_equal(check(59, t, body, min[t] * 8 - 6, &v),
					 -LKE_DROP_MH_LENGTH);
	}
}

/* AMB-014, AMB-027; a modulus of 8 octets keeps the messages readable */
static int kereq(const uint8_t *opt, size_t n, struct mh_kereq *ret)
{
	uint8_t body[512] = { 0, 7 };

	memcpy(body + 10, opt, n);
	struct mh_view v = view(MH_KEREQ, body, 10 + n);
	return mh_kereq_decode(&v, 8, ret);
}

static void kereq_options(void **state)
{
	struct mh_kereq m;

	assert_int_equal(kereq(BODY(3, 2, 28, 32, 1, 2, 0, 0), &m), 0);
	assert_int_equal(m.seq, 7);
	assert_int_equal(m.lifetime, 7200);
	assert_int_equal(kereq(BODY(3, 2, 28, 32, 0, 0, 0, 0), &m), 0);	 /* Pad1 */
	assert_int_equal(kereq(BODY(99, 0, 3, 2, 28, 32, 0, 0), &m), 0); /* unknown option */
	assert_int_equal(kereq(BODY(4, 0, 5, 0, 3, 2, 28, 32), &m), 0);	 /* not options of MH 8 */
	assert_int_equal(kereq(BODY(1, 6, 0, 0, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION); /* no lifetime */
	assert_int_equal(kereq(BODY(3, 2, 1, 1, 3, 2, 1, 1), &m), -LKE_DROP_MH_OPTION); /* twice */
	assert_int_equal(kereq(BODY(3, 3, 1, 1, 1, 0, 0, 0), &m), -LKE_DROP_MH_OPTION); /* length */
	assert_int_equal(kereq(BODY(3, 2, 1, 1, 1, 3, 0, 0), &m),
			 -LKE_DROP_MH_OPTION); /* overrun */
	assert_int_equal(kereq(BODY(3, 2, 1, 1, 0, 0, 0, 9), &m), -LKE_DROP_MH_OPTION);
	uint8_t body[10] = { 0 };
	struct mh_view v = view(MH_KEREQ, body, sizeof(body));
	assert_int_equal(mh_kereq_decode(&v, 9, &m), -LKE_DROP_MH_LENGTH);
	assert_int_equal(mh_kereq_decode(&v, SIZE_MAX, &m), -LKE_DROP_MH_LENGTH);
}

/* AMB-170 */
static void kereq_proofs(void **state)
{
	struct mh_kereq m;
	uint8_t many[8 + 9 * 24] = { 3, 2, 0, 1 };

	assert_int_equal(
		kereq(BODY(3, 2, 0, 1, 18, 22, 1, 0, MAC20, 18, 22, 7, 0, MAC20, 18, 2, 2, 0), &m),
		0);
	assert_true(m.renewal.present && !m.request.present && !m.proofs_wrong);
	assert_int_equal(m.renewal.mac_off, 16 + 8);
	assert_int_equal(m.renewal.mac[19], 20);
	assert_int_equal(m.proofs_len22,
			 2); /* the unknown sub-type too, not the one of another length */
	assert_int_equal(m.proof_off[1], 16 + 8 + 24);
	assert_int_equal(
		kereq(BODY(3, 2, 0, 1, 18, 22, 2, 0, MAC20, 18, 22, 2, 0, MAC20, 1, 2, 0, 0), &m),
		0);
	assert_true(m.proofs_wrong && m.request.present);
	for (size_t k = 0; k < 9; k++) {
		if (k == 8) {
			assert_int_equal(kereq(many, 8 + 8 * 24, &m), 0);
			assert_int_equal(m.proofs_len22, 8);
			assert_false(m.proofs_wrong);
		}
		many[4 + k * 24] = 18;
		many[5 + k * 24] = 22;
		many[6 + k * 24] = 9;
	}
	assert_int_equal(kereq(many, sizeof(many), &m), 0);
	assert_true(m.proofs_wrong);
}

static int keack(const uint8_t *opt, size_t n, struct mh_keack *ret)
{
	uint8_t body[256] = { 129, 0, 0, 3, 0, 5 };

	memcpy(body + 6, opt, n);
	struct mh_view v = view(MH_KEACK, body, 6 + n);
	return mh_keack_decode(&v, ret);
}

static void keack_options(void **state)
{
	struct mh_keack m;

	assert_int_equal(keack(BODY(4, 16, ADDR, 0, 0, 5, 20, MAC20, 0, 0), &m), 0);
	assert_int_equal(m.status, 129);
	assert_int_equal(m.mac_off, 34);
	assert_int_equal(keack(BODY(4, 16, ADDR, 1, 0, 5, 20, MAC20, 1, 0), &m), 0); /* AMB-016 */
	/* 5 before 4, 5 twice, 4 twice, 5 of 12 octets, 4 of 15, an option behind 5 */
	assert_int_equal(keack(BODY(5, 20, MAC20, 4, 16, ADDR, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	assert_int_equal(keack(BODY(4, 16, ADDR, 5, 20, MAC20, 5, 20, MAC20, 1, 4, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	assert_int_equal(keack(BODY(4, 16, ADDR, 4, 16, ADDR, 5, 20, MAC20, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	assert_int_equal(keack(BODY(4, 16, ADDR, 0, 0, AUTH, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	assert_int_equal(keack(BODY(4, 15, ADDR, 5, 20, MAC20, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	assert_int_equal(keack(BODY(4, 16, ADDR, 5, 20, MAC20, 99, 2, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
	/* one of them missing */
	assert_int_equal(keack(BODY(4, 16, ADDR, 1, 22, MAC20, 0, 0, 0, 0), &m),
			 -LKE_DROP_MH_OPTION);
}

static struct mh_auth_data bu_auth(const uint8_t *opt, size_t n)
{
	uint8_t body[256] = { 0 };
	struct mh_bu m;

	memcpy(body + 6, opt, n);
	struct mh_view v = view(MH_BU, body, 6 + n);
	assert_int_equal(mh_bu_decode(&v, &m), 0);
	return m.auth;
}

/* AMB-109: a fact for the role machine, not a drop */
static void auth_data_placement_is_reported(void **state)
{
	struct mh_auth_data a = bu_auth(BODY(1, 4, 0, 0, 0, 0, AUTH));

	assert_true(a.present && a.well_placed);
	assert_int_equal(a.mac[11], 12);
	a = bu_auth(BODY(1, 2, 0, 0)); /* missing */
	assert_false(a.present || a.well_placed);
	a = bu_auth(BODY(AUTH, 1, 4, 0, 0, 0, 0)); /* padding behind it */
	assert_true(a.present && !a.well_placed);
	a = bu_auth(BODY(AUTH, 99, 4, 0, 0, 0, 0)); /* an option behind it */
	assert_true(a.present && !a.well_placed);
	a = bu_auth(BODY(AUTH, 1, 6, 0, 0, 0, 0, 0, 0, AUTH)); /* twice */
	assert_true(a.present && !a.well_placed);
	a = bu_auth(BODY(5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)); /* wrong length */
	assert_true(a.present && !a.well_placed);
}

static void bu_options(void **state)
{
	struct mh_bu m;
	struct lke_in6 want = COA1;
	struct mh_view v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 2, 1, 0, 3, 16, ADDR));

	assert_int_equal(mh_bu_decode(&v, &m), 0);
	assert_true(m.has_alt_coa && in6_eq(&m.alt_coa, &want));
	assert_int_equal(m.flags, BU_A | BU_H);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 2, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	assert_int_equal(mh_bu_decode(&v, &m), -LKE_DROP_MH_OPTION);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 2, 3, 16, ADDR, 3, 16, ADDR));
	assert_int_equal(mh_bu_decode(&v, &m), -LKE_DROP_MH_OPTION);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 2, 4, 4, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0));
	assert_int_equal(mh_bu_decode(&v, &m), 0);
	assert_true(m.has_nonce_indices);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 2, 9, 9, 0, 0));
	assert_int_equal(mh_bu_decode(&v, &m), -LKE_DROP_MH_OPTION);
}

/* docs/adr/0030: known by type, length and sub-type, skipped otherwise */
static void bu_announces_a_leave(void **state)
{
	struct mh_bu m;
	struct mh_view v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 0, 18, 2, 3, 0, 1, 0, AUTH));

	assert_int_equal(mh_bu_decode(&v, &m), 0);
	assert_true(m.leaving && m.auth.well_placed);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 0, 18, 2, 4, 0, 1, 0, AUTH));
	assert_int_equal(mh_bu_decode(&v, &m), 0);
	assert_false(m.leaving);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 0, 18, 4, 3, 0, 0, 0, AUTH));
	assert_int_equal(mh_bu_decode(&v, &m), 0);
	assert_false(m.leaving);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 0, 18, 2, 3, 0, 18, 2, 3, 0, 1, 2, 0, 0));
	assert_int_equal(mh_bu_decode(&v, &m), -LKE_DROP_MH_OPTION);
	v = view(MH_BU, BODY(0, 1, 0xc0, 0, 0, 0, 18, 9, 3, 0));
	assert_int_equal(mh_bu_decode(&v, &m), -LKE_DROP_MH_OPTION);
}

static void bu_with_a_leave_reads_as_written(void **state)
{
	struct mh_bu in = { .seq = 7, .flags = BU_A | BU_H, .leaving = true }, out;
	struct lke_in6 src = COA1, dst = AR_GLOBAL;
	uint8_t buf[64];
	struct wr w = wr_init(buf, sizeof(buf));
	struct mh_view v;

	mh_bu_encode(&w, &in, true);
	mh_set_checksum(&w, 0, &src, &dst);
	assert_int_equal(w.off, 32); /* as long as one without */
	assert_int_equal(mh_check(buf, w.off, &src, &dst, &v), 0);
	assert_int_equal(mh_bu_decode(&v, &out), 0);
	assert_true(out.leaving && out.auth.well_placed);
}

/* AMB-004: option 6 of a BA by its length */
static void ba_options(void **state)
{
	struct mh_ba m;
	struct mh_view v =
		view(MH_BA, BODY(0, BA_K, 0, 1, 0, 2, 6, 6, 0x80, 0, 1, 2, 3, 4, 2, 2, 0, 9));

	assert_int_equal(mh_ba_decode(&v, &m), 0);
	assert_true(m.has_finished_request && m.finished_r && m.nonce == 0x01020304);
	assert_true(m.has_refresh_advice && m.refresh_advice == 9);
	assert_int_equal(m.flags, BA_K);
	v = view(MH_BA, BODY(0, 0, 0, 1, 0, 2, 6, 2, 0, 9));
	assert_int_equal(mh_ba_decode(&v, &m), 0);
	assert_true(!m.has_finished_request && m.has_refresh_advice && m.refresh_advice == 9);
	v = view(MH_BA, BODY(0, 0, 0, 1, 0, 2, 6, 6, 0, 0, 1, 2, 3, 4, 6, 2, 0, 9));
	assert_int_equal(mh_ba_decode(&v, &m), 0);
	assert_true(m.has_finished_request && !m.finished_r);
	v = view(MH_BA, BODY(0, 0, 0, 1, 0, 2, 6, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	assert_int_equal(mh_ba_decode(&v, &m), 0);
	assert_true(!m.has_finished_request && !m.has_refresh_advice);
	v = view(MH_BA, BODY(0, 0, 0, 1, 0, 2, 6, 6, 0, 0, 0, 0, 0, 0, 6, 6, 0, 0, 0, 0, 0, 0, 1, 2,
			     0, 0));
	assert_int_equal(mh_ba_decode(&v, &m), -LKE_DROP_MH_OPTION);
}

static void layouts(void **state)
{
	uint8_t b[128];
	struct wr w = wr_init(b, sizeof(b));
	struct mh_ba ba = { .status = 133 };

	mh_ba_encode(&w, &ba, false); /* unsigned: AMB-109 */
	assert_int_equal(w.off, 16);
	assert_memory_equal(b + 12, ((uint8_t[]){ 1, 2, 0, 0 }), 4);
	ba.has_refresh_advice = true;
	ba.refresh_advice = 5;
	w = wr_init(b, sizeof(b));
	mh_ba_encode(&w, &ba, false);
	assert_int_equal(w.off, 16);
	assert_memory_equal(b + 12, ((uint8_t[]){ 2, 2, 0, 5 }), 4);

	struct mh_bu bu = { .has_alt_coa = true, .alt_coa = COA1 };
	w = wr_init(b, sizeof(b));
	mh_bu_encode(&w, &bu, false);
	assert_int_equal(w.off, 32);
	assert_memory_equal(b + 12, ((uint8_t[]){ 1, 0, 3, 16 }), 4); /* 8n+6, RFC 6275 6.2.5 */
	w = wr_init(b, sizeof(b));
	mh_bu_encode(&w, &bu, true);
	assert_int_equal(w.off, 48);
	assert_memory_equal(b + 32, ((uint8_t[]){ 1, 0, 5, 12 }), 4);
	bu.has_alt_coa = false;
	w = wr_init(b, sizeof(b));
	mh_bu_encode(&w, &bu, false);
	assert_int_equal(w.off, 16);
	w = wr_init(b, 20);
	mh_bu_encode(&w, &bu, true);
	assert_true(w.err);
}

static struct mh_view finish(struct wr *w)
{
	struct lke_in6 src = COA1, dst = AR_GLOBAL;
	struct mh_view v;

	assert_false(w->err);
	mh_set_checksum(w, 0, &src, &dst);
	assert_int_equal(mh_check(w->p, w->off, &src, &dst, &v), 0);
	return v;
}

static void kereq_round_trip(uint64_t *r)
{
	static uint8_t data[512];
	size_t at[2];
	struct wr w = wr_init(mh_buf, sizeof(mh_buf));
	struct mh_kereq m = { .seq = (uint16_t)next_random(r),
			      .data = data,
			      .data_len = 128 + next_random(r) % 385,
			      .lifetime = (uint16_t)next_random(r),
			      .request.present = next_random(r) % 2,
			      .renewal.present = next_random(r) % 2 },
			got;

	random_bytes(r, data, sizeof(data));
	mh_kereq_encode(&w, &m, &at[0], &at[1]);
	struct mh_view v = finish(&w);
	assert_int_equal(mh_kereq_decode(&v, m.data_len, &got), 0);
	assert_int_equal(got.seq, m.seq);
	assert_int_equal(got.lifetime, m.lifetime);
	assert_memory_equal(got.data, data, m.data_len);
	assert_int_equal(got.request.present, m.request.present);
	assert_int_equal(got.renewal.present, m.renewal.present);
	if (m.request.present)
		assert_int_equal(got.request.mac_off, at[0]);
	if (m.renewal.present)
		assert_int_equal(got.renewal.mac_off, at[1]);
}

static void binding_round_trip(uint64_t *r)
{
	struct wr w = wr_init(mh_buf, sizeof(mh_buf));
	bool auth = next_random(r) % 2;
	struct mh_bu bu = { .seq = (uint16_t)next_random(r),
			    .flags = (uint16_t)next_random(r),
			    .lifetime = (uint16_t)next_random(r),
			    .has_alt_coa = next_random(r) % 2,
			    .alt_coa = random_global(r) },
		     bu2;
	struct mh_ba ba = { .status = (uint8_t)next_random(r),
			    .flags = (uint8_t)next_random(r),
			    .seq = bu.seq,
			    .lifetime = bu.lifetime,
			    .has_finished_request = next_random(r) % 2,
			    .finished_r = next_random(r) % 2,
			    .nonce = (uint32_t)next_random(r),
			    .has_refresh_advice = next_random(r) % 2,
			    .refresh_advice = (uint16_t)next_random(r) },
		     ba2;

	mh_bu_encode(&w, &bu, auth);
	struct mh_view v = finish(&w);
	assert_int_equal(mh_bu_decode(&v, &bu2), 0);
	assert_true(bu2.seq == bu.seq && bu2.flags == bu.flags && bu2.lifetime == bu.lifetime);
	assert_int_equal(bu2.has_alt_coa, bu.has_alt_coa);
	if (bu.has_alt_coa)
		assert_true(in6_eq(&bu2.alt_coa, &bu.alt_coa));
	assert_int_equal(bu2.auth.well_placed, auth);

	w = wr_init(mh_buf, sizeof(mh_buf));
	mh_ba_encode(&w, &ba, auth);
	v = finish(&w);
	assert_int_equal(mh_ba_decode(&v, &ba2), 0);
	assert_true(ba2.seq == ba.seq && ba2.flags == ba.flags && ba2.status == ba.status);
	assert_int_equal(ba2.has_finished_request, ba.has_finished_request);
	if (ba.has_finished_request)
		assert_true(ba2.nonce == ba.nonce && ba2.finished_r == ba.finished_r);
	assert_int_equal(ba2.has_refresh_advice, ba.has_refresh_advice);
	if (ba.has_refresh_advice)
		assert_int_equal(ba2.refresh_advice, ba.refresh_advice);
	assert_int_equal(ba2.auth.well_placed, auth);
}

static void decode_of_encode_is_the_message(void **state)
{
	uint64_t r = 3;

	for (int n = 0; n < 2000; n++) {
		kereq_round_trip(&r);
		binding_round_trip(&r);

		struct mh_be be = { .status = (uint8_t)next_random(&r), .home = random_global(&r) },
			     got;
		struct wr w = wr_init(mh_buf, sizeof(mh_buf));
		mh_be_encode(&w, &be);
		struct mh_view v = finish(&w);
		assert_int_equal(mh_be_decode(&v, &got), 0);
		assert_true(got.status == be.status && in6_eq(&got.home, &be.home));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_length_checksum_proto_type),
		cmocka_unit_test(minimum_length_of_each_type),
		cmocka_unit_test(kereq_options),
		cmocka_unit_test(kereq_proofs),
		cmocka_unit_test(keack_options),
		cmocka_unit_test(auth_data_placement_is_reported),
		cmocka_unit_test(bu_options),
		cmocka_unit_test(bu_announces_a_leave),
		cmocka_unit_test(bu_with_a_leave_reads_as_written),
		cmocka_unit_test(ba_options),
		cmocka_unit_test(layouts),
		cmocka_unit_test(decode_of_encode_is_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * Mobility Header: the input is an MH; Header Len, Payload Proto and checksum are made right.  Each
 * message is written again and must read the same.
 */
#include <string.h>

#include "base/in6.h"
#include "fuzz.h"
#include "wire/lke_message.h"

static const struct lke_in6 src = { { 0x20, 1, [15] = 1 } }, dst = { { 0x20, 1, [15] = 2 } };
static uint8_t buf[2048], again[4096];

static int check(uint8_t *p, size_t len, struct mh_view *v)
{
	struct wr w = { .p = p, .cap = len, .off = len };

	mh_set_checksum(&w, 0, &src, &dst);
	return mh_check(p, len, &src, &dst, v);
}

static struct mh_view reread(struct wr *w)
{
	struct mh_view v;

	MUST(!w->err && check(w->p, w->off, &v) == 0);
	return v;
}

static void kereq(const struct mh_view *v, size_t modulus)
{
	struct wr w = wr_init(again, sizeof(again));
	size_t off[2];
	struct mh_kereq a, b;

	if (mh_kereq_decode(v, modulus, &a) != 0)
		return;
	for (unsigned k = 0; k < a.proofs_len22; k++)
		MUST(a.proof_off[k] + 20 <= v->len);
	mh_kereq_encode(&w, &a, &off[0], &off[1]);
	struct mh_view v2 = reread(&w);
	MUST(mh_kereq_decode(&v2, modulus, &b) == 0);
	MUST(a.seq == b.seq && a.lifetime == b.lifetime && memcmp(a.data, b.data, modulus) == 0);
	MUST(a.request.present == b.request.present && a.renewal.present == b.renewal.present);
}

static void keack(const struct mh_view *v)
{
	struct wr w = wr_init(again, sizeof(again));
	size_t off;
	struct mh_keack a, b;

	if (mh_keack_decode(v, &a) != 0)
		return;
	MUST(a.mac_off + 20 <= v->len && memcmp(v->p + a.mac_off, a.mac, 20) == 0);
	mh_keack_encode(&w, &a, &off);
	struct mh_view v2 = reread(&w);
	MUST(mh_keack_decode(&v2, &b) == 0 && b.mac_off == off);
	MUST(a.status == b.status && a.seq == b.seq && a.lifetime == b.lifetime &&
	     in6_eq(&a.ar, &b.ar));
}

static void check_auth(const struct mh_view *v, const struct mh_auth_data *a)
{
	struct lke_mac_input in;

	if (!a->well_placed)
		return;
	MUST(a->present && memcmp(a->mac, v->p + v->len - AUTH_DATA_LEN, AUTH_DATA_LEN) == 0);
	lke_mac_binding(&src, &dst, v->p, v->len, &in);
}

static void bu(const struct mh_view *v)
{
	struct wr w = wr_init(again, sizeof(again));
	struct mh_bu a, b;

	if (mh_bu_decode(v, &a) != 0)
		return;
	check_auth(v, &a.auth);
	mh_bu_encode(&w, &a, a.auth.present);
	struct mh_view v2 = reread(&w);
	MUST(mh_bu_decode(&v2, &b) == 0);
	MUST(a.seq == b.seq && a.flags == b.flags && a.lifetime == b.lifetime);
	MUST(a.has_alt_coa == b.has_alt_coa && in6_eq(&a.alt_coa, &b.alt_coa));
	MUST(b.auth.well_placed == a.auth.present && a.leaving == b.leaving);
}

static void ba(const struct mh_view *v)
{
	struct wr w = wr_init(again, sizeof(again));
	struct mh_ba a, b;

	if (mh_ba_decode(v, &a) != 0)
		return;
	check_auth(v, &a.auth);
	mh_ba_encode(&w, &a, a.auth.present);
	struct mh_view v2 = reread(&w);
	MUST(mh_ba_decode(&v2, &b) == 0);
	MUST(a.status == b.status && a.flags == b.flags && a.seq == b.seq &&
	     a.lifetime == b.lifetime);
	MUST(a.has_finished_request == b.has_finished_request && a.finished_r == b.finished_r);
	MUST(a.nonce == b.nonce && a.has_refresh_advice == b.has_refresh_advice);
	MUST(a.refresh_advice == b.refresh_advice && b.auth.well_placed == a.auth.present);
}

static void finished(const struct mh_view *v)
{
	struct wr w = wr_init(again, sizeof(again));
	struct mh_finished a, b;

	if (mh_finished_decode(v, &a) != 0)
		return;
	check_auth(v, &a.auth);
	mh_finished_encode(&w, &a);
	struct mh_view v2 = reread(&w);
	MUST(mh_finished_decode(&v2, &b) == 0);
	MUST(a.status == b.status && a.seq == b.seq && a.lifetime == b.lifetime &&
	     a.nonce == b.nonce);
}

static void be(const struct mh_view *v)
{
	struct wr w = wr_init(again, sizeof(again));
	struct mh_be a, b;

	if (mh_be_decode(v, &a) != 0)
		return;
	mh_be_encode(&w, &a);
	struct mh_view v2 = reread(&w);
	MUST(mh_be_decode(&v2, &b) == 0 && a.status == b.status && in6_eq(&a.home, &b.home));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mh_view v;

	if (size < 8 || size > sizeof(buf))
		return 0;
	size -= size % 8;
	memcpy(buf, data, size);
	buf[0] = IP6_NH_NONE;
	buf[1] = (uint8_t)(size / 8 - 1);
	if (check(buf, size, &v) != 0)
		return 0;
	if (v.type == MH_KEREQ) {
		kereq(&v, 128);
		kereq(&v, 256);
	} else if (v.type == MH_KEACK) {
		keack(&v);
	} else if (v.type == MH_BU) {
		bu(&v);
	} else if (v.type == MH_BA) {
		ba(&v);
	} else if (v.type == MH_FINISHED) {
		finished(&v);
	} else if (v.type == MH_BE) {
		be(&v);
	}
	return 0;
}

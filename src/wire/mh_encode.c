/* SPDX-License-Identifier: ISC */
#include <assert.h>

#include "wire/mh.h"

/* n octets of padding: Pad1 or PadN (RFC 6275 6.2.2, 6.2.3). */
static void pad(struct wr *w, size_t n)
{
	if (n == 0)
		return;
	wr_u8(w, n == 1 ? MOPT_PAD1 : MOPT_PADN);
	if (n == 1)
		return;
	wr_u8(w, (uint8_t)(n - 2));
	wr_zero(w, n - 2);
}

/* Pads up to the next offset 8n + want from the start of the MH. */
static void pad_to(struct wr *w, size_t mh_off, size_t want)
{
	pad(w, (want - (w->off - mh_off)) & 7);
}

static size_t begin(struct wr *w, uint8_t type)
{
	size_t mh_off = w->off;

	wr_u8(w, IP6_NH_NONE);
	wr_u8(w, 0); /* Header Len, end() */
	wr_u8(w, type);
	wr_zero(w, 3); /* Reserved, Checksum */
	return mh_off;
}

static void end(struct wr *w, size_t mh_off)
{
	if (w->err)
		return;
	size_t len = w->off - mh_off;
	assert(len >= 8 && len % 8 == 0 && len / 8 - 1 <= UINT8_MAX);
	wr_patch_u8(w, mh_off + 1, (uint8_t)(len / 8 - 1));
}

static void write_in6_option(struct wr *w, uint8_t type, const struct lke_in6 *a)
{
	wr_u8(w, type);
	wr_u8(w, sizeof(a->b));
	wr_in6(w, a);
}

/* Ends a message: Binding Authorization Data at 8n+2 and last (AMB-017), or padding to a multiple
 * of 8. */
static void end_bound(struct wr *w, size_t mh_off, bool with_auth)
{
	pad_to(w, mh_off, with_auth ? 2 : 0);
	if (with_auth) {
		wr_u8(w, MOPT_AUTH_DATA);
		wr_u8(w, AUTH_DATA_LEN);
		wr_zero(w, AUTH_DATA_LEN);
	}
	end(w, mh_off);
}

/* Option 18, AMB-170.  Returns the offset of its HMAC from the start of the MH. */
static size_t write_proof(struct wr *w, size_t mh_off, uint8_t sub)
{
	wr_u8(w, MOPT_PROOF);
	wr_u8(w, 22);
	wr_u8(w, sub);
	wr_u8(w, 0);
	size_t mac_off = w->off - mh_off;
	wr_zero(w, 20);
	return mac_off;
}

void mh_kereq_encode(struct wr *w, const struct mh_kereq *m, size_t *ret_request_off,
		     size_t *ret_renewal_off)
{
	size_t off = begin(w, MH_KEREQ);

	wr_u16(w, m->seq);
	wr_bytes(w, m->data, m->data_len);
	wr_u8(w, MOPT_KE_LIFETIME);
	wr_u8(w, 2);
	wr_u16(w, m->lifetime);
	if (m->request.present)
		*ret_request_off = write_proof(w, off, PROOF_REQUEST);
	if (m->renewal.present)
		*ret_renewal_off = write_proof(w, off, PROOF_RENEWAL);
	pad_to(w, off, 0);
	end(w, off);
}

void mh_keack_encode(struct wr *w, const struct mh_keack *m, size_t *ret_mac_off)
{
	size_t off = begin(w, MH_KEACK);

	wr_u8(w, m->status);
	wr_u8(w, 0);
	wr_u16(w, m->seq);
	wr_u16(w, m->lifetime);
	write_in6_option(w, MOPT_KE_AR_ADDRESS, &m->ar);
	wr_zero(w, 2); /* two Pad1, AMB-016 */
	wr_u8(w, MOPT_KE_HMAC);
	wr_u8(w, sizeof(m->mac));
	*ret_mac_off = w->off - off;
	wr_zero(w, sizeof(m->mac));
	wr_zero(w, 2); /* two Pad1 */
	end(w, off);
}

void mh_bu_encode(struct wr *w, const struct mh_bu *m, bool with_auth)
{
	size_t off = begin(w, MH_BU);

	wr_u16(w, m->seq);
	wr_u16(w, m->flags);
	wr_u16(w, m->lifetime);
	if (m->has_alt_coa) {
		pad_to(w, off, 6); /* RFC 6275 6.2.5 */
		write_in6_option(w, MOPT_ALT_COA, &m->alt_coa);
	}
	if (m->leaving) {
		wr_u8(w, MOPT_MOVE);
		wr_u8(w, 2);
		wr_u8(w, MOVE_LEAVING);
		wr_u8(w, 0);
	}
	end_bound(w, off, with_auth);
}

void mh_ba_encode(struct wr *w, const struct mh_ba *m, bool with_auth)
{
	size_t off = begin(w, MH_BA);

	wr_u8(w, m->status);
	wr_u8(w, m->flags);
	wr_u16(w, m->seq);
	wr_u16(w, m->lifetime);
	if (m->has_finished_request) { /* draft 3.2.3 */
		wr_u8(w, MOPT_FINISHED_REQUEST);
		wr_u8(w, 6);
		wr_u16(w, m->finished_r ? 0x8000 : 0);
		wr_u32(w, m->nonce);
	}
	if (m->has_refresh_advice) {
		wr_u8(w, MOPT_REFRESH_ADVICE);
		wr_u8(w, 2);
		wr_u16(w, m->refresh_advice);
	}
	end_bound(w, off, with_auth);
}

void mh_finished_encode(struct wr *w, const struct mh_finished *m)
{
	size_t off = begin(w, MH_FINISHED);

	wr_u8(w, m->status);
	wr_u8(w, 0);
	wr_u16(w, m->seq);
	wr_u16(w, m->lifetime);
	wr_u32(w, m->nonce);
	end_bound(w, off, true);
}

void mh_brr_encode(struct wr *w)
{
	size_t off = begin(w, MH_BRR);

	wr_zero(w, 2);
	end(w, off);
}

void mh_be_encode(struct wr *w, const struct mh_be *m)
{
	size_t off = begin(w, MH_BE);

	wr_u8(w, m->status);
	wr_u8(w, 0);
	wr_in6(w, &m->home);
	end(w, off);
}

void mh_set_checksum(struct wr *w, size_t mh_off, const struct lke_in6 *src,
		     const struct lke_in6 *dst)
{
	if (w->err)
		return;
	wr_patch_u16(w, mh_off + 4, 0);
	uint16_t sum = ip6_checksum(src, dst, IP6_NH_MH, w->p + mh_off, w->off - mh_off);
	wr_patch_u16(w, mh_off + 4, sum);
}

/* SPDX-License-Identifier: ISC */
#include "wire/mh.h"

enum {
	OPTION_NONE = 0, /* end of the options */
	PROOF_LEN = 22,
	MOVE_LEN = 2,
};

/* Smallest Header Len by type: RFC 6275 6.1, draft 3.2; KEReq by its modulus, AMB-014. */
static const uint8_t min_header_len[] = {
	[MH_BRR] = 0, [MH_HOTI] = 1, [MH_COTI] = 1,  [MH_HOT] = 2,   [MH_COT] = 2,	[MH_BU] = 1,
	[MH_BA] = 1,  [MH_BE] = 2,   [MH_KEREQ] = 1, [MH_KEACK] = 6, [MH_FINISHED] = 1,
};

int mh_check(const uint8_t *mh, size_t len, const struct lke_in6 *pseudo_src,
	     const struct lke_in6 *pseudo_dst, struct mh_view *ret)
{
	struct rd r = rd_init(mh, len);
	uint8_t proto = rd_u8(&r);
	uint8_t header_len = rd_u8(&r);
	uint8_t type = rd_u8(&r);

	if (len < 8 || ((size_t)header_len + 1) * 8 != len)
		return -LKE_DROP_MH_LENGTH;
	if (type < sizeof(min_header_len) && header_len < min_header_len[type])
		return -LKE_DROP_MH_LENGTH;
	if (ip6_checksum(pseudo_src, pseudo_dst, IP6_NH_MH, mh, len) != 0)
		return -LKE_DROP_CHECKSUM;
	if (proto != IP6_NH_NONE) /* AMB-022 */
		return -LKE_DROP_MH_PROTO;
	if (type >= sizeof(min_header_len))
		return -LKE_DROP_MH_TYPE;
	*ret = (struct mh_view){ .type = type, .p = mh, .len = len };
	return 0;
}

struct mopt {
	uint8_t type;
	size_t off; /* of the option's type octet, from the start of the MH */
	struct rd value;
};

/* The one iterator: skips padding.  1 with an option, 0 at the end, -LKE_DROP_MH_OPTION on an
 * overrun. */
static int mopt_next(struct rd *r, struct mopt *ret)
{
	while (rd_left(r) > 0) {
		size_t off = r->off;
		uint8_t type = rd_u8(r);
		if (type == MOPT_PAD1)
			continue;
		uint8_t n = rd_u8(r);
		struct rd value = rd_sub(r, n);
		if (r->err)
			return -LKE_DROP_MH_OPTION;
		if (type == MOPT_PADN)
			continue;
		*ret = (struct mopt){ .type = type, .off = off, .value = value };
		return 1;
	}
	return r->err ? -LKE_DROP_MH_OPTION : OPTION_NONE;
}

static struct rd mh_reader(const struct mh_view *v)
{
	struct rd r = rd_init(v->p, v->len);

	rd_skip(&r, MH_FIXED_LEN);
	return r;
}

/*
 * AMB-170: every option 18 of Len 22 counts as zero in the MAC, so that all offsets are kept.  What
 * is wrong with them is a fact for the receiver: one of the draft alone skips them unread.
 */
static void read_proof(struct mopt *o, struct mh_kereq *m)
{
	enum { MAX_PROOFS = sizeof(m->proof_off) / sizeof(m->proof_off[0]) };

	if (o->value.len != PROOF_LEN)
		return;
	if (m->proofs_len22 == MAX_PROOFS) {
		m->proofs_wrong = true;
		return;
	}
	size_t mac_off = o->off + 4;
	m->proof_off[m->proofs_len22++] = mac_off;

	uint8_t sub = rd_u8(&o->value);
	if (sub != PROOF_REQUEST && sub != PROOF_RENEWAL)
		return;
	struct mh_proof *p = sub == PROOF_REQUEST ? &m->request : &m->renewal;
	if (p->present) {
		m->proofs_wrong = true;
		return;
	}
	rd_skip(&o->value, 1);
	rd_bytes(&o->value, p->mac, sizeof(p->mac));
	p->mac_off = mac_off;
	p->present = true;
}

/* Draft 3.2.1; AMB-003, AMB-014, AMB-027: one option 3 of Len 2, others skipped. */
int mh_kereq_decode(const struct mh_view *v, size_t modulus_len, struct mh_kereq *ret)
{
	struct mh_kereq m = { .data_len = modulus_len };
	struct rd r = mh_reader(v);
	struct mopt o;
	bool has_lifetime = false;
	int e;

	m.seq = rd_u16(&r);
	m.data = rd_view(&r, modulus_len);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0) {
		if (o.type == MOPT_KE_LIFETIME) {
			if (has_lifetime || o.value.len != 2)
				return -LKE_DROP_MH_OPTION;
			m.lifetime = rd_u16(&o.value);
			has_lifetime = true;
		} else if (o.type == MOPT_PROOF) {
			read_proof(&o, &m);
		}
	}
	if (e < 0 || !has_lifetime)
		return -LKE_DROP_MH_OPTION;
	*ret = m;
	return 0;
}

/* Draft 3.2.2; AMB-016, AMB-027: options 4 and 5 once each, 5 the last that is not padding. */
int mh_keack_decode(const struct mh_view *v, struct mh_keack *ret)
{
	struct mh_keack m = { 0 };
	struct rd r = mh_reader(v);
	struct mopt o;
	bool has_ar = false, has_mac = false;
	int e;

	m.status = rd_u8(&r);
	rd_skip(&r, 1);
	m.seq = rd_u16(&r);
	m.lifetime = rd_u16(&r);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0) {
		if (has_mac)
			return -LKE_DROP_MH_OPTION;
		if (o.type == MOPT_KE_AR_ADDRESS) {
			if (has_ar || o.value.len != sizeof(m.ar.b))
				return -LKE_DROP_MH_OPTION;
			rd_in6(&o.value, &m.ar);
			has_ar = true;
		} else if (o.type == MOPT_KE_HMAC) {
			if (o.value.len != sizeof(m.mac))
				return -LKE_DROP_MH_OPTION;
			rd_bytes(&o.value, m.mac, sizeof(m.mac));
			m.mac_off = o.off + 2;
			has_mac = true;
		}
	}
	if (e < 0 || !has_ar || !has_mac)
		return -LKE_DROP_MH_OPTION;
	*ret = m;
	return 0;
}

/*
 * Binding Authorization Data, RFC 6275 6.2.7.  Faults are facts for the role machine, which answers
 * them with a status (AMB-109), so nothing is dropped here.  end: the option ends the MH.
 */
static void read_auth(struct mopt *o, bool end, struct mh_auth_data *a)
{
	bool well = !a->present && end && o->value.len == AUTH_DATA_LEN;

	*a = (struct mh_auth_data){ .present = true, .well_placed = well };
	if (well)
		rd_bytes(&o->value, a->mac, sizeof(a->mac));
}

/* Another length or sub-type is an option we do not know. */
static int read_move(struct mopt *o, struct mh_bu *m)
{
	if (o->value.len != MOVE_LEN || rd_u8(&o->value) != MOVE_LEAVING)
		return 0;
	if (m->leaving)
		return -LKE_DROP_MH_OPTION;
	m->leaving = true;
	return 0;
}

/* An option of BU: 0 or a drop. */
static int read_bu_option(struct mopt *o, bool end, struct mh_bu *m)
{
	switch (o->type) {
	case MOPT_ALT_COA:
		if (m->has_alt_coa || o->value.len != sizeof(m->alt_coa.b))
			return -LKE_DROP_MH_OPTION;
		rd_in6(&o->value, &m->alt_coa);
		m->has_alt_coa = true;
		return 0;
	case MOPT_NONCE_INDICES:
		if (m->has_nonce_indices || o->value.len != 4)
			return -LKE_DROP_MH_OPTION;
		m->home_index = rd_u16(&o->value);
		m->coa_index = rd_u16(&o->value);
		m->has_nonce_indices = true;
		return 0;
	case MOPT_MOVE:
		return read_move(o, m);
	case MOPT_AUTH_DATA:
		read_auth(o, end, &m->auth);
		return 0;
	default:
		return 0;
	}
}

int mh_bu_decode(const struct mh_view *v, struct mh_bu *ret)
{
	struct mh_bu m = { 0 };
	struct rd r = mh_reader(v);
	struct mopt o;
	int e;

	m.seq = rd_u16(&r);
	m.flags = rd_u16(&r);
	m.lifetime = rd_u16(&r);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0) {
		/* Nothing may stand behind it: it covers the message up to itself. */
		m.auth.well_placed = false;
		e = read_bu_option(&o, rd_left(&r) == 0, &m);
		if (e)
			return e;
	}
	if (e < 0)
		return e;
	*ret = m;
	return 0;
}

/* An option of BA: 0 or a drop.  AMB-004: 6 is known by its length. */
static int read_ba_option(struct mopt *o, bool end, struct mh_ba *m)
{
	bool advice = o->type == MOPT_REFRESH_ADVICE || o->type == MOPT_FINISHED_REQUEST;

	if (o->type == MOPT_AUTH_DATA) {
		read_auth(o, end, &m->auth);
	} else if (o->type == MOPT_FINISHED_REQUEST && o->value.len == 6) {
		if (m->has_finished_request)
			return -LKE_DROP_MH_OPTION;
		m->finished_r = (rd_u16(&o->value) & 0x8000) != 0;
		m->nonce = rd_u32(&o->value);
		m->has_finished_request = true;
	} else if (advice && o->value.len == 2) {
		if (m->has_refresh_advice)
			return -LKE_DROP_MH_OPTION;
		m->refresh_advice = rd_u16(&o->value);
		m->has_refresh_advice = true;
	}
	return 0;
}

int mh_ba_decode(const struct mh_view *v, struct mh_ba *ret)
{
	struct mh_ba m = { 0 };
	struct rd r = mh_reader(v);
	struct mopt o;
	int e;

	m.status = rd_u8(&r);
	m.flags = rd_u8(&r);
	m.seq = rd_u16(&r);
	m.lifetime = rd_u16(&r);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0) {
		m.auth.well_placed = false;
		e = read_ba_option(&o, rd_left(&r) == 0, &m);
		if (e)
			return e;
	}
	if (e < 0)
		return e;
	*ret = m;
	return 0;
}

int mh_finished_decode(const struct mh_view *v, struct mh_finished *ret)
{
	struct mh_finished m = { 0 };
	struct rd r = mh_reader(v);
	struct mopt o;
	int e;

	m.status = rd_u8(&r);
	rd_skip(&r, 1);
	m.seq = rd_u16(&r);
	m.lifetime = rd_u16(&r);
	m.nonce = rd_u32(&r);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0) {
		m.auth.well_placed = false;
		if (o.type == MOPT_AUTH_DATA)
			read_auth(&o, rd_left(&r) == 0, &m.auth);
	}
	if (e < 0)
		return e;
	*ret = m;
	return 0;
}

int mh_be_decode(const struct mh_view *v, struct mh_be *ret)
{
	struct mh_be m = { 0 };
	struct rd r = mh_reader(v);
	struct mopt o;
	int e;

	m.status = rd_u8(&r);
	rd_skip(&r, 1);
	rd_in6(&r, &m.home);
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	while ((e = mopt_next(&r, &o)) > 0)
		; /* no option is defined for a Binding Error; they only have to be well formed */
	if (e < 0)
		return e;
	*ret = m;
	return 0;
}

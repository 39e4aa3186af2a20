/* SPDX-License-Identifier: ISC */
#include "core/ar_record.h"

static void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}

static uint64_t rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

static bool rd_flag(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		r->err = true;
	return v;
}

/* --- LBSA --- */

static void put_reach(struct wr *w, const struct record_lbsa *l)
{
	wr_u8(w, l->forgotten);
	wr_u8(w, (uint8_t)l->coas);
	for (unsigned n = 0; n < l->coas; n++) {
		wr_in6(w, &l->reach[n].coa);
		wr_u64(w, l->reach[n].first_bu);
		wr_u64(w, l->reach[n].proved_until);
		wr_u64(w, l->reach[n].used);
		wr_u8(w, l->reach[n].spent);
	}
}

static void get_reach(struct rd *r, struct record_lbsa *l)
{
	l->forgotten = rd_flag(r);
	l->coas = rd_u8(r);
	if (l->coas > RECORD_COAS)
		r->err = true;
	for (unsigned n = 0; !r->err && n < l->coas; n++) {
		rd_in6(r, &l->reach[n].coa);
		l->reach[n].first_bu = rd_u64(r);
		l->reach[n].proved_until = rd_u64(r);
		l->reach[n].used = rd_u64(r);
		l->reach[n].spent = rd_flag(r);
		if (!in6_is_global(&l->reach[n].coa))
			r->err = true;
	}
}

static void put_binding(struct wr *w, const struct record_lbsa *l)
{
	wr_u8(w, l->bound);
	if (!l->bound)
		return;
	wr_in6(w, &l->bound_coa);
	wr_u8(w, (uint8_t)l->binding);
	wr_u64(w, l->binding_expires);
}

static void get_binding(struct rd *r, struct record_lbsa *l)
{
	l->bound = rd_flag(r);
	if (!l->bound)
		return;
	rd_in6(r, &l->bound_coa);
	l->binding = (enum lke_binding_state)rd_u8(r);
	l->binding_expires = rd_u64(r);
	if (!in6_is_global(&l->bound_coa) || l->binding < LKE_BINDING_UNVERIFIED ||
	    l->binding > LKE_BINDING_SUSPENDED || l->state != LKE_LBSA_VALID)
		r->err = true;
}

static void put_lbsa(struct wr *w, const struct record_lbsa *l)
{
	wr_u64(w, l->id);
	wr_bytes(w, l->interface, sizeof(l->interface));
	wr_in6(w, &l->coa);
	wr_in6(w, &l->ar);
	wr_in6(w, &l->peer_ll);
	wr_u8(w, l->peer_lladdr.len);
	wr_bytes(w, l->peer_lladdr.b, sizeof(l->peer_lladdr.b));
	wr_bytes(w, l->kbm.b, sizeof(l->kbm.b));
	wr_u8(w, (uint8_t)l->state);
	wr_u8(w, l->proved);
	wr_u8(w, l->has_bu_seq);
	wr_u16(w, l->kex_seq);
	wr_u16(w, l->bu_seq);
	wr_u64(w, l->expires);
	wr_u64(w, l->first_request);
	wr_u16(w, (uint16_t)l->na_len);
	wr_bytes(w, l->na, l->na_len);
	put_reach(w, l);
	put_binding(w, l);
}

static bool name_ok(const char name[LKE_IFNAME_MAX])
{
	bool ended = false;

	for (unsigned n = 0; n < LKE_IFNAME_MAX; n++) {
		if (ended && name[n])
			return false;
		ended = ended || !name[n];
	}
	return ended && name[0];
}

static bool lbsa_ok(const struct record_lbsa *l)
{
	return l->id != 0 && name_ok(l->interface) && in6_is_global(&l->coa) &&
	       in6_is_global(&l->ar) && in6_is_linklocal(&l->peer_ll) &&
	       (l->peer_lladdr.len == 0 || l->peer_lladdr.len == 6) &&
	       (l->state == LKE_LBSA_VALID || l->state == LKE_LBSA_TOMBSTONE) &&
	       l->expires != LKE_NEVER && l->binding_expires != LKE_NEVER;
}

static void get_lbsa(struct rd *r, struct record_lbsa *l)
{
	l->id = rd_u64(r);
	rd_bytes(r, l->interface, sizeof(l->interface));
	rd_in6(r, &l->coa);
	rd_in6(r, &l->ar);
	rd_in6(r, &l->peer_ll);
	l->peer_lladdr.len = rd_u8(r);
	rd_bytes(r, l->peer_lladdr.b, sizeof(l->peer_lladdr.b));
	rd_bytes(r, l->kbm.b, sizeof(l->kbm.b));
	l->state = (enum lke_lbsa_state)rd_u8(r);
	l->proved = rd_flag(r);
	l->has_bu_seq = rd_flag(r);
	l->kex_seq = rd_u16(r);
	l->bu_seq = rd_u16(r);
	l->expires = rd_u64(r);
	l->first_request = rd_u64(r);
	l->na_len = rd_u16(r);
	if (l->na_len > sizeof(l->na))
		r->err = true;
	else
		rd_bytes(r, l->na, l->na_len);
	get_reach(r, l);
	get_binding(r, l);
	if (!r->err && !lbsa_ok(l))
		r->err = true;
}

/* --- keys --- */

static void put_key(struct wr *w, const struct record_key *k)
{
	wr_u32(w, k->key_id);
	wr_u64(w, k->since);
	wr_u64(w, k->gone);
	wr_bytes(w, k->secret, sizeof(k->secret));
}

static void get_key(struct rd *r, struct record_key *k)
{
	k->key_id = rd_u32(r);
	k->since = rd_u64(r);
	k->gone = rd_u64(r);
	rd_bytes(r, k->secret, sizeof(k->secret));
	if (k->since == LKE_NEVER || k->gone == LKE_NEVER)
		r->err = true;
}

static void put_seen(struct wr *w, const struct record_seen *s)
{
	wr_u32(w, s->key_id);
	wr_u8(w, (uint8_t)s->n);
	for (unsigned n = 0; n < s->n; n++)
		wr_u64(w, s->hash[n]);
}

static void get_seen(struct rd *r, struct record_seen *s)
{
	s->key_id = rd_u32(r);
	s->n = rd_u8(r);
	if (s->n > RECORD_SEEN_MAX)
		r->err = true;
	for (unsigned n = 0; !r->err && n < s->n; n++)
		s->hash[n] = rd_u64(r);
}

int record_encode(const struct record *r, uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);

	wr_u8(&w, (uint8_t)r->kind);
	switch (r->kind) {
	case RECORD_LBSA:
		put_lbsa(&w, &r->lbsa);
		break;
	case RECORD_GONE:
		wr_u64(&w, r->gone);
		break;
	case RECORD_KEY:
		put_key(&w, &r->key);
		break;
	case RECORD_SEEN:
		put_seen(&w, &r->seen);
		break;
	}
	return w.err ? LKE_ERR_SPACE : (int)w.off;
}

int record_decode(const uint8_t *buf, size_t len, struct record *ret)
{
	struct rd r = rd_init(buf, len);

	memset(ret, 0, sizeof(*ret));
	ret->kind = (enum record_kind)rd_u8(&r);
	switch (ret->kind) {
	case RECORD_LBSA:
		get_lbsa(&r, &ret->lbsa);
		break;
	case RECORD_GONE:
		ret->gone = rd_u64(&r);
		break;
	case RECORD_KEY:
		get_key(&r, &ret->key);
		break;
	case RECORD_SEEN:
		get_seen(&r, &ret->seen);
		break;
	default:
		return LKE_ERR_INVAL;
	}
	return r.err || rd_left(&r) > 0 ? LKE_ERR_INVAL : 0;
}

/* 0 stays 0: it means never. */
static void move(lke_time *t, int64_t shift)
{
	if (*t == 0)
		return;
	if (shift < 0 && *t <= 0 - (uint64_t)shift)
		*t = 1;
	else if (shift > 0 && *t > LKE_NEVER - 1 - (uint64_t)shift)
		*t = LKE_NEVER - 1;
	else
		*t += (uint64_t)shift;
}

void record_adjust(struct record *r, int64_t shift, bool raise)
{
	struct record_lbsa *l = &r->lbsa;

	if (r->kind == RECORD_KEY) {
		move(&r->key.since, shift);
		move(&r->key.gone, shift);
	}
	if (r->kind != RECORD_LBSA)
		return;
	move(&l->expires, shift);
	move(&l->first_request, shift);
	move(&l->binding_expires, shift);
	for (unsigned n = 0; n < l->coas; n++) {
		move(&l->reach[n].first_bu, shift);
		move(&l->reach[n].proved_until, shift);
		move(&l->reach[n].used, shift);
	}
	if (raise && l->has_bu_seq)
		l->bu_seq = (uint16_t)(l->bu_seq + RECORD_FLOOR_GAP);
}

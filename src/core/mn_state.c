/* SPDX-License-Identifier: ISC */
/*
 * What a mobile node keeps over a restart of the daemon (AMB-131): LBSAs with their sequence
 * numbers, the Seq# of each access router and the numbers of the home registrations.
 *
 *	magic "LKES", version, length of the whole, IV, AES-256-CBC of the body, HMAC-SHA-256 of all
 *	body: time of saving, counts, entries of fixed length, zeroes to the block
 *
 * The keys come from the stable secret.  A copy that fails any check is refused whole.
 */
#include "core/mobile_node.h"

#define MAGIC	    0x4c4b4553u
#define VERSION	    1
#define HEAD_LEN    (4 + 2 + 2 + AES_BLOCK)
#define BODY_MAX    (LKE_STATE_MAX - HEAD_LEN - SHA256_LEN)
#define LLADDR_ROOM 8

struct seal {
	uint8_t enc[SHA256_LEN], auth[SHA256_LEN];
};

static int derive(const struct lke_engine *e, struct seal *ret)
{
	const char *const label[] = { "lke state encryption", "lke state integrity" };
	uint8_t *const out[] = { ret->enc, ret->auth };
	struct hmac *h;
	int err = hmac_sha256_new(e->cfg.mn.stable_secret, sizeof(e->cfg.mn.stable_secret), &h);

	if (err < 0)
		return LKE_ERR_CRYPTO;
	for (unsigned n = 0; err == 0 && n < 2; n++) {
		const struct iov_part part = { label[n], strlen(label[n]) };

		err = hmac_compute(h, &part, 1, out[n]);
	}
	hmac_free(h);
	return err < 0 ? LKE_ERR_CRYPTO : 0;
}

static int tag_of(const struct seal *s, const uint8_t *p, size_t n, uint8_t ret[SHA256_LEN])
{
	const struct iov_part part = { p, n };
	struct hmac *h;
	int err = hmac_sha256_new(s->auth, sizeof(s->auth), &h);

	if (err == 0) {
		err = hmac_compute(h, &part, 1, ret);
		hmac_free(h);
	}
	return err < 0 ? LKE_ERR_CRYPTO : 0;
}

static void wr_time(struct wr *w, lke_time t)
{
	wr_u32(w, (uint32_t)(t >> 32));
	wr_u32(w, (uint32_t)t);
}

static lke_time rd_time(struct rd *r)
{
	lke_time high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

/* --- saving --- */

static void put_lbsa(const struct lke_engine *e, struct wr *w, const struct mn_lbsa *b)
{
	const struct mn_addr *a = mn_addr_find(e, &b->coa);

	wr_in6(w, &b->coa);
	wr_in6(w, &b->ar);
	wr_in6(w, &b->peer_ll);
	wr_u8(w, b->peer_lladdr.len);
	wr_bytes(w, b->peer_lladdr.b, sizeof(b->peer_lladdr.b));
	wr_zero(w, LLADDR_ROOM - sizeof(b->peer_lladdr.b));
	wr_u32(w, b->ifindex);
	wr_bytes(w, b->kbm.b, sizeof(b->kbm.b));
	wr_time(w, b->since);
	wr_time(w, b->expires);
	wr_u8(w, (uint8_t)(b->proved | b->has_bu_seq << 1));
	wr_u8(w, a ? a->dad_counter : b->dad_counter);
	wr_u16(w, b->kex_seq);
	wr_u16(w, b->bu_seq);
}

static void put_router(struct wr *w, const struct mn_router *r)
{
	wr_in6(w, &r->ll);
	wr_u32(w, r->ifindex);
	wr_u16(w, r->kex_seq);
}

static void put_home(struct wr *w, const struct mn_home *h)
{
	wr_in6(w, &h->cfg->addr);
	wr_u32(w, h->cfg->generation);
	wr_u8(w, h->has_seq);
	wr_u16(w, h->seq);
	wr_u32(w, h->used);
}

static unsigned put_body(const struct lke_engine *e, struct wr *w)
{
	uint8_t count[3] = { 0 };
	size_t at;

	wr_time(w, e->now);
	at = w->off;
	wr_zero(w, sizeof(count));
	for (unsigned n = 0; n < MN_LBSAS; n++)
		if (e->mn->lbsa[n] && e->mn->lbsa[n]->expires > e->now) {
			put_lbsa(e, w, e->mn->lbsa[n]);
			count[0]++;
		}
	for (unsigned n = 0; n < MN_ROUTERS_MAX; n++)
		if (e->mn->router[n] && e->mn->router[n]->lke) {
			put_router(w, e->mn->router[n]);
			count[1]++;
		}
	for (unsigned n = 0; n < e->mn->homes; n++) {
		put_home(w, &e->mn->home[n]);
		count[2]++;
	}
	wr_patch_bytes(w, at, count, sizeof(count));
	wr_zero(w, (AES_BLOCK - w->off % AES_BLOCK) % AES_BLOCK);
	return count[0] + count[1] + count[2];
}

static int seal_up(struct lke_engine *e, const uint8_t *body, size_t len, struct wr *w)
{
	uint8_t iv[AES_BLOCK], tag[SHA256_LEN];
	struct seal s;
	int err = derive(e, &s);

	if (err == 0 && !rnd_bytes(e, iv, sizeof(iv)))
		err = LKE_ERR_CRYPTO;
	wr_u32(w, MAGIC);
	wr_u16(w, VERSION);
	wr_u16(w, (uint16_t)(HEAD_LEN + len + SHA256_LEN));
	wr_bytes(w, iv, sizeof(iv));
	wr_bytes(w, body, len);
	if (err == 0 && w->err)
		err = LKE_ERR_SPACE;
	if (err == 0)
		err = aes_cbc(true, s.enc, sizeof(s.enc), iv, body, len, w->p + HEAD_LEN);
	if (err == 0)
		err = tag_of(&s, w->p, w->off, tag);
	if (err == 0)
		wr_bytes(w, tag, sizeof(tag));
	mem_wipe(&s, sizeof(s));
	return err == 0 && w->err ? LKE_ERR_SPACE : err;
}

/* What put_body() wrote, but for the time; 0: nothing. */
static uint64_t digest_of(const uint8_t *body, size_t len)
{
	static const uint64_t no_key[2]; /* compared with itself alone */
	uint64_t h = siphash24(no_key, body + sizeof(lke_time), len - sizeof(lke_time));

	return h ? h : 1;
}

bool lke_engine_save_due(const struct lke_engine *e)
{
	uint8_t body[BODY_MAX];
	struct wr w = wr_init(body, sizeof(body));
	uint64_t digest = 0;

	if (!e->mn || e->stopped)
		return false;
	if (put_body(e, &w) > 0)
		digest = digest_of(body, w.off);
	mem_wipe(body, w.off);
	return digest != e->mn->saved;
}

int lke_engine_save(struct lke_engine *e, uint8_t *buf, size_t size)
{
	uint8_t body[BODY_MAX];
	struct wr w = wr_init(body, sizeof(body)), out = wr_init(buf, size);
	int err = LKE_ERR_NOENT;

	if (!e->mn || e->stopped)
		return LKE_ERR_NOENT;
	e->mn->saved = 0;
	if (put_body(e, &w) > 0) {
		e->mn->saved = digest_of(body, w.off);
		err = w.err ? LKE_ERR_SPACE : seal_up(e, body, w.off, &out);
	}
	mem_wipe(body, sizeof(body));
	if (err < 0)
		mem_wipe(buf, size);
	return err < 0 ? err : (int)out.off;
}

/* --- restoring --- */

struct saved {
	struct mn_lbsa lbsa[MN_LBSAS];
	struct mn_router router[MN_ROUTERS_MAX];
	struct mn_home home[LKE_MAX_HOMES];
	struct lke_in6 home_addr[LKE_MAX_HOMES];
	uint32_t generation[LKE_MAX_HOMES];
	unsigned lbsas, routers, homes;
};

/* The stored values passed the seal; they are checked all the same, against our own bugs of former
 * versions. */
static bool get_lbsa(struct rd *r, lke_time saved_at, struct mn_lbsa *b)
{
	uint8_t flags;

	rd_in6(r, &b->coa);
	rd_in6(r, &b->ar);
	rd_in6(r, &b->peer_ll);
	b->peer_lladdr.len = rd_u8(r);
	rd_bytes(r, b->peer_lladdr.b, sizeof(b->peer_lladdr.b));
	rd_skip(r, LLADDR_ROOM - sizeof(b->peer_lladdr.b));
	b->ifindex = rd_u32(r);
	rd_bytes(r, b->kbm.b, sizeof(b->kbm.b));
	b->since = rd_time(r);
	b->expires = rd_time(r);
	flags = rd_u8(r);
	b->proved = flags & 1;
	b->has_bu_seq = flags & 2;
	b->dad_counter = rd_u8(r);
	b->kex_seq = rd_u16(r);
	b->bu_seq = rd_u16(r);
	b->restored = true;
	return !r->err && flags <= 3 && b->peer_lladdr.len <= sizeof(b->peer_lladdr.b) &&
	       b->since <= saved_at && b->expires > saved_at &&
	       b->expires - b->since <= (lke_time)UINT16_MAX * LKE_SEC && in6_is_global(&b->coa) &&
	       in6_is_global(&b->ar) && in6_is_linklocal(&b->peer_ll);
}

static bool get_router(struct rd *r, struct mn_router *m)
{
	rd_in6(r, &m->ll);
	m->ifindex = rd_u32(r);
	m->kex_seq = rd_u16(r);
	return !r->err && in6_is_linklocal(&m->ll);
}

static bool get_home(struct rd *r, struct saved *s, unsigned n)
{
	uint8_t has;

	rd_in6(r, &s->home_addr[n]);
	s->generation[n] = rd_u32(r);
	has = rd_u8(r);
	s->home[n].has_seq = has;
	s->home[n].seq = rd_u16(r);
	s->home[n].used = rd_u32(r);
	return !r->err && has <= 1;
}

static int read_body(const struct lke_engine *e, const uint8_t *body, size_t len, struct saved *s)
{
	struct rd r = rd_init(body, len);
	lke_time saved_at = rd_time(&r);
	bool ok = true;

	s->lbsas = rd_u8(&r);
	s->routers = rd_u8(&r);
	s->homes = rd_u8(&r);
	/* A clock behind the saving is that of another boot. */
	if (r.err || saved_at > e->now || s->lbsas > MN_LBSAS || s->routers > MN_ROUTERS_MAX ||
	    s->homes > LKE_MAX_HOMES)
		return LKE_ERR_INVAL;
	for (unsigned n = 0; ok && n < s->lbsas; n++)
		ok = get_lbsa(&r, saved_at, &s->lbsa[n]);
	for (unsigned n = 0; ok && n < s->routers; n++)
		ok = get_router(&r, &s->router[n]);
	for (unsigned n = 0; ok && n < s->homes; n++)
		ok = get_home(&r, s, n);
	return ok && !r.err && rd_left(&r) < AES_BLOCK ? 0 : LKE_ERR_INVAL;
}

static void take_lbsas(struct lke_engine *e, const struct saved *s)
{
	for (unsigned n = 0; n < s->lbsas; n++) {
		struct mn_lbsa *b;

		if (s->lbsa[n].expires <= e->now)
			continue;
		b = mn_lbsa_new(e);
		if (!b)
			return;
		*b = s->lbsa[n];
		timer_init(&b->renew, MN_T_RENEW, b);
		timer_init(&b->end, MN_T_LBSA_END, b);
		mn_lbsa_start(e, b);
	}
}

static void take_routers(struct lke_engine *e, const struct saved *s)
{
	for (unsigned n = 0; n < s->routers; n++) {
		struct mn_router *r = mem_zalloc(sizeof(*r));

		if (!r) {
			drop(e, LKE_DROP_NOMEM);
			return;
		}
		*r = s->router[n];
		tbf_init(&r->notes, 1, 3, e->now);
		timer_init(&r->end, MN_T_ROUTER, r);
		timer_init(&r->rdnss_end, MN_T_RDNSS, r);
		e->mn->router[n] = r;
	}
}

static void take_homes(struct lke_engine *e, const struct saved *s)
{
	for (unsigned n = 0; n < s->homes; n++) {
		struct mn_home *h = mn_home_find(e, &s->home_addr[n]);

		/* Another generation of keys starts its count anew. */
		if (!h || h->cfg->generation != s->generation[n])
			continue;
		h->has_seq = s->home[n].has_seq;
		h->seq = s->home[n].seq;
		h->used = s->home[n].used;
	}
}

static int open_seal(const struct lke_engine *e, const uint8_t *buf, size_t len, uint8_t *body)
{
	struct rd r = rd_init(buf, len);
	uint8_t tag[SHA256_LEN];
	struct seal s;
	size_t n = len - HEAD_LEN - SHA256_LEN;
	int err = derive(e, &s);

	if (rd_u32(&r) != MAGIC || rd_u16(&r) != VERSION || rd_u16(&r) != len)
		err = err < 0 ? err : LKE_ERR_INVAL;
	if (err == 0)
		err = tag_of(&s, buf, len - SHA256_LEN, tag);
	if (err == 0 && !mem_eq_ct(tag, buf + len - SHA256_LEN, SHA256_LEN))
		err = LKE_ERR_INVAL;
	if (err == 0)
		err = aes_cbc(false, s.enc, sizeof(s.enc), buf + HEAD_LEN - AES_BLOCK,
			      buf + HEAD_LEN, n, body);
	mem_wipe(&s, sizeof(s));
	return err;
}

int lke_engine_restore(struct lke_engine *e, const uint8_t *buf, size_t len)
{
	uint8_t body[BODY_MAX];
	struct saved *s;
	int err;

	if (!e->mn || e->stopped || e->mn->links > 0)
		return LKE_ERR_STATE;
	if (len <= HEAD_LEN + SHA256_LEN || len > LKE_STATE_MAX ||
	    (len - HEAD_LEN - SHA256_LEN) % AES_BLOCK != 0)
		return LKE_ERR_INVAL;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return LKE_ERR_NOMEM;
	err = open_seal(e, buf, len, body);
	if (err == 0)
		err = read_body(e, body, len - HEAD_LEN - SHA256_LEN, s);
	if (err == 0) {
		take_lbsas(e, s);
		take_routers(e, s);
		take_homes(e, s);
	}
	mem_wipe(body, sizeof(body));
	mem_free_wipe(s, sizeof(*s));
	return err;
}

/* SPDX-License-Identifier: ISC */
/*
 * Transport mode ESP with manual keys (RFC 3776, RFC 4303, RFC 4877): encrypt then authenticate;
 * verify then decrypt.
 */
#include "core/sa.h"

#include <assert.h>

enum {
	ESP_HDR_LEN = 8,
	ESP_SPI_MIN = 256, /* RFC 4303 2.1: 1..255 are reserved */
	ESP_ALIGN = 4,	   /* of the ciphertext, RFC 4303 2.4 */
	ICV_MAX = SHA256_LEN,
};

static size_t icv_len(const struct sa *s)
{
	return s->cfg.auth == LKE_ESP_HMAC_SHA1_96 ? 12 : 16; /* RFC 2404, RFC 4868 */
}

static size_t iv_len(const struct sa *s)
{
	return s->cfg.enc == LKE_ESP_AES_CBC ? AES_BLOCK : 0;
}

static size_t block_len(const struct sa *s)
{
	return s->cfg.enc == LKE_ESP_AES_CBC ? AES_BLOCK : ESP_ALIGN;
}

/* Block ciphers only, and never without integrity (SEC-046, AMB-159). */
static bool config_ok(const struct lke_config_sa *c)
{
	bool enc = c->enc == LKE_ESP_NULL ? c->enc_key_len == 0
		   : c->enc == LKE_ESP_AES_CBC
			   ? c->enc_key_len == 16 || c->enc_key_len == 24 || c->enc_key_len == 32
			   : false;
	bool auth = c->auth == LKE_ESP_HMAC_SHA1_96	 ? c->auth_key_len == SHA1_LEN
		    : c->auth == LKE_ESP_HMAC_SHA256_128 ? c->auth_key_len == SHA256_LEN
							 : false;

	return c->spi >= ESP_SPI_MIN && enc && auth;
}

bool sa_same(const struct lke_config_sa *a, const struct lke_config_sa *b)
{
	return a->spi == b->spi && a->enc == b->enc && a->auth == b->auth &&
	       a->enc_key_len == b->enc_key_len && a->auth_key_len == b->auth_key_len &&
	       mem_eq_ct(a->enc_key, b->enc_key, sizeof(a->enc_key)) &&
	       mem_eq_ct(a->auth_key, b->auth_key, sizeof(a->auth_key));
}

int sa_init(struct sa *s, const struct lke_config_sa *cfg)
{
	struct hmac *h;
	int err;

	if (!config_ok(cfg))
		return LKE_ERR_INVAL;
	if (cfg->auth == LKE_ESP_HMAC_SHA1_96)
		err = hmac_sha1_new(cfg->auth_key, cfg->auth_key_len, &h);
	else
		err = hmac_sha256_new(cfg->auth_key, cfg->auth_key_len, &h);
	if (err < 0)
		return err;
	*s = (struct sa){ .cfg = *cfg, .hmac = h };
	return 0;
}

void sa_done(struct sa *s)
{
	if (!s)
		return;
	hmac_free(s->hmac);
	mem_wipe(s, sizeof(*s));
}

static int icv(struct sa *s, const uint8_t *p, size_t n, uint8_t ret[ICV_MAX])
{
	struct iov_part part = { p, n };

	return hmac_compute(s->hmac, &part, 1, ret);
}

/* Payload, padding 1, 2, 3, ..., Pad Length, Next Header (RFC 4303 2.4). */
static void write_plain(struct wr *w, uint8_t next, const uint8_t *data, size_t len, size_t block)
{
	size_t pad = esp_pad_len(len, block);

	wr_bytes(w, data, len);
	for (size_t n = 1; n <= pad; n++)
		wr_u8(w, (uint8_t)n);
	wr_u8(w, (uint8_t)pad);
	wr_u8(w, next);
}

static int encrypt(struct lke_engine *e, struct sa *s, uint8_t *iv, uint8_t *text, size_t len)
{
	if (s->cfg.enc == LKE_ESP_NULL)
		return 0;
	/* RFC 3602 3: the IV must be unpredictable. */
	if (!rnd_bytes(e, iv, AES_BLOCK))
		return LKE_ERR_CRYPTO;
	return aes_cbc(true, s->cfg.enc_key, s->cfg.enc_key_len, iv, text, len, text);
}

int sa_protect(struct lke_engine *e, struct sa *s, const struct ip6_out *o, const uint8_t *mh,
	       size_t mh_len, uint8_t *buf, size_t size)
{
	return sa_protect_proto(e, s, o, IP6_NH_MH, mh, mh_len, buf, size);
}

int sa_protect_proto(struct lke_engine *e, struct sa *s, const struct ip6_out *o, uint8_t next,
		     const uint8_t *data, size_t data_len, uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);
	size_t esp = ip6_begin(&w, o, IP6_NH_ESP), text;
	uint8_t mac[ICV_MAX];

	wr_u32(&w, s->cfg.spi);
	wr_u32(&w, s->seq + 1);
	wr_zero(&w, iv_len(s));
	text = w.off;
	write_plain(&w, next, data, data_len, block_len(s));
	if (w.err)
		return LKE_ERR_SPACE;
	if (encrypt(e, s, buf + esp + ESP_HDR_LEN, buf + text, w.off - text) < 0 ||
	    icv(s, buf + esp, w.off - esp, mac) < 0) {
		mem_wipe(buf, w.off);
		return LKE_ERR_CRYPTO;
	}
	wr_bytes(&w, mac, icv_len(s));
	ip6_end(&w);
	if (w.err)
		return LKE_ERR_SPACE;
	s->seq++;
	return (int)w.off;
}

/* RFC 4303 3.4.3: is this number left of the window, or in it and seen? */
static bool replayed(const struct sa *s, uint32_t seq)
{
	if (s->window == 0)
		return false;
	if (seq == 0)
		return true;
	if (seq > s->highest)
		return false;
	return s->highest - seq >= s->window || (s->seen >> (s->highest - seq) & 1);
}

/* Only for packets whose integrity was verified. */
static void mark_seen(struct sa *s, uint32_t seq)
{
	uint32_t ahead = seq - s->highest;

	if (s->window == 0)
		return;
	if (seq <= s->highest) {
		s->seen |= UINT64_C(1) << (s->highest - seq);
		return;
	}
	s->seen = ahead < 64 ? s->seen << ahead : 0;
	s->seen |= 1;
	s->highest = seq;
}

static int decrypt(const struct sa *s, const struct ip6_info *i, const struct esp_view *v,
		   uint8_t *plain)
{
	const uint8_t *ct = i->pkt + v->ct_off;

	if (s->cfg.enc == LKE_ESP_NULL) {
		memcpy(plain, ct, v->ct_len);
		return 0;
	}
	if (aes_cbc(false, s->cfg.enc_key, s->cfg.enc_key_len, i->pkt + v->iv_off, ct, v->ct_len,
		    plain) < 0)
		return -(int)LKE_DROP_ESP_FORMAT;
	return 0;
}

int sa_open(struct sa *s, const struct ip6_info *i, uint8_t *plain, size_t size, size_t *ret_len,
	    uint8_t *ret_next)
{
	struct esp_view v;
	uint8_t mac[ICV_MAX];
	int err = esp_split(i, iv_len(s), icv_len(s), block_len(s), &v);

	if (err < 0)
		return err;
	if (v.spi != s->cfg.spi)
		return -(int)LKE_DROP_ESP_SPI;
	if (v.ct_len > size)
		return -(int)LKE_DROP_ESP_FORMAT;
	if (icv(s, i->pkt + i->upper_off, v.icv_off - i->upper_off, mac) < 0 ||
	    !mem_eq_ct(mac, i->pkt + v.icv_off, icv_len(s)))
		return -(int)LKE_DROP_ESP_ICV;
	if (replayed(s, v.seq))
		return -(int)LKE_DROP_ESP_REPLAY;
	mark_seen(s, v.seq);
	err = decrypt(s, i, &v, plain);
	if (err < 0)
		return err;
	return esp_unpad(plain, v.ct_len, ret_len, ret_next);
}

bool sa_spi(const struct ip6_info *i, uint32_t *ret_spi)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint32_t spi = rd_u32(&r);

	if (i->upper != IP6_NH_ESP || r.err)
		return false;
	*ret_spi = spi;
	return true;
}

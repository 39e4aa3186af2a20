/* SPDX-License-Identifier: ISC */
#include "store/state_file.h"

#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"

#define MAGIC	     0x4c4b4541u /* "LKEA" */
#define VERSION	     1
#define TAG_LEN	     16
#define INNER_LEN    4 /* type, reserved, length */
#define PADDED(n)    (((n) + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK)
#define OVERHEAD     (4 + AES_BLOCK + TAG_LEN)
#define CLOCK_SLACK  (2 * (int64_t)LKE_SEC)
#define LIFETIME_MAX ((int64_t)400 * 86400 * (int64_t)LKE_SEC)

struct state_seal {
	uint8_t enc[SHA256_LEN];
	struct hmac *auth;
	uint64_t count;
};

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

/* --- keys of a generation --- */

static int derive(const uint8_t key[STATE_KEY_LEN], const uint8_t *salt, struct state_seal *s)
{
	static const char *const label[] = { "lke router state encryption",
					     "lke router state integrity" };
	uint8_t out[2][SHA256_LEN];
	struct hmac *h = NULL;
	int err = hmac_sha256_new(key, STATE_KEY_LEN, &h);

	for (unsigned n = 0; err == 0 && n < 2; n++) {
		const struct iov_part part[] = { { label[n], strlen(label[n]) },
						 { salt, STATE_SALT_LEN } };

		err = hmac_compute(h, part, 2, out[n]);
	}
	hmac_free(h);
	if (err == 0) {
		memcpy(s->enc, out[0], sizeof(s->enc));
		err = hmac_sha256_new(out[1], sizeof(out[1]), &s->auth);
	}
	mem_wipe(out, sizeof(out));
	return err;
}

void state_seal_free(struct state_seal *s)
{
	if (!s)
		return;
	hmac_free(s->auth);
	mem_free_wipe(s, sizeof(*s));
}

static int tag_of(const struct state_seal *s, const uint8_t *p, size_t n, uint8_t ret[SHA256_LEN])
{
	uint8_t count[8];
	struct wr w = wr_init(count, sizeof(count));
	const struct iov_part part[] = { { count, sizeof(count) }, { p, n } };

	wr_u64(&w, s->count);
	return hmac_compute(s->auth, part, 2, ret);
}

/* --- writing --- */

void state_clock_encode(const struct state_clock *now, uint8_t ret[STATE_CLOCK_LEN])
{
	struct wr w = wr_init(ret, STATE_CLOCK_LEN);

	wr_u64(&w, now->boottime);
	wr_u64(&w, now->realtime);
}

int state_seal_new(const uint8_t key[STATE_KEY_LEN], uint64_t generation,
		   const struct state_clock *now, uint8_t ret_header[STATE_HEADER_LEN],
		   struct state_seal **ret)
{
	struct state_seal *s = mem_zalloc(sizeof(*s));
	struct wr w = wr_init(ret_header, STATE_HEADER_LEN);
	uint8_t salt[STATE_SALT_LEN], tag[SHA256_LEN];
	int err;

	if (!s)
		return LKE_ERR_NOMEM;
	err = system_random(salt, sizeof(salt));
	if (err == 0)
		err = derive(key, salt, s);
	wr_u32(&w, MAGIC);
	wr_u32(&w, VERSION);
	wr_u64(&w, generation);
	wr_bytes(&w, now->boot, sizeof(now->boot));
	wr_u64(&w, now->boottime);
	wr_u64(&w, now->realtime);
	wr_bytes(&w, salt, sizeof(salt));
	wr_zero(&w, 4);
	if (err == 0)
		err = tag_of(s, ret_header, w.off, tag);
	if (err == 0)
		wr_bytes(&w, tag, sizeof(tag));
	if (err < 0) {
		state_seal_free(s);
		return err;
	}
	s->count = 1;
	*ret = s;
	return 0;
}

int state_seal_record(struct state_seal *s, enum state_type type, const void *data, size_t len,
		      uint8_t *buf)
{
	uint8_t plain[PADDED(INNER_LEN + STATE_DATA_MAX)], tag[SHA256_LEN];
	size_t padded = PADDED(INNER_LEN + len);
	struct wr in = wr_init(plain, sizeof(plain)), w = wr_init(buf, STATE_SEALED_MAX);
	uint8_t *iv = buf + 4;
	int err;

	if (len > STATE_DATA_MAX)
		return LKE_ERR_SPACE;
	wr_u16(&in, (uint16_t)type);
	wr_u16(&in, (uint16_t)len);
	wr_bytes(&in, data, len);
	wr_zero(&in, padded - in.off);
	wr_u32(&w, (uint32_t)padded);
	err = system_random(iv, AES_BLOCK);
	if (err == 0)
		err = aes_cbc(true, s->enc, sizeof(s->enc), iv, plain, padded, iv + AES_BLOCK);
	if (err == 0)
		err = tag_of(s, buf, 4 + AES_BLOCK + padded, tag);
	mem_wipe(plain, sizeof(plain));
	if (err < 0)
		return err;
	memcpy(iv + AES_BLOCK + padded, tag, TAG_LEN);
	s->count++;
	return (int)(padded + OVERHEAD);
}

/* --- reading --- */

static int read_header(struct rd *r, const uint8_t key[STATE_KEY_LEN], struct state_seal *s,
		       struct state_info *info)
{
	uint8_t salt[STATE_SALT_LEN], want[SHA256_LEN];
	const uint8_t *p = r->p, *tag;
	int err;

	if (rd_u32(r) != MAGIC || rd_u32(r) != VERSION)
		return LKE_ERR_INVAL;
	info->generation = rd_u64(r);
	rd_bytes(r, info->clock.boot, sizeof(info->clock.boot));
	info->clock.boottime = rd_u64(r);
	info->clock.realtime = rd_u64(r);
	rd_bytes(r, salt, sizeof(salt));
	rd_skip(r, 4);
	tag = rd_view(r, SHA256_LEN);
	if (!tag)
		return LKE_ERR_INVAL;
	err = derive(key, salt, s);
	if (err == 0)
		err = tag_of(s, p, STATE_HEADER_LEN - SHA256_LEN, want);
	if (err == 0 && !mem_eq_ct(want, tag, SHA256_LEN))
		err = LKE_ERR_INVAL;
	s->count = 1;
	return err;
}

/* The next record in the clear: its length; 0 at the end; LKE_ERR_INVAL for octets that are none,
 * LKE_ERR_SPACE for the beginning of one. */
static int read_record(struct rd *r, struct state_seal *s, bool trusted, uint8_t *plain)
{
	const uint8_t *p = r->p + r->off;
	uint8_t want[SHA256_LEN];
	uint32_t len;
	int err = 0;

	if (rd_left(r) == 0)
		return 0;
	len = rd_u32(r);
	if (r->err)
		return LKE_ERR_SPACE;
	if (len == 0 || len % AES_BLOCK || len > PADDED(INNER_LEN + STATE_DATA_MAX))
		return LKE_ERR_INVAL;
	if (rd_left(r) < AES_BLOCK + (size_t)len + TAG_LEN)
		return LKE_ERR_SPACE;
	rd_skip(r, AES_BLOCK + len + TAG_LEN);
	if (!trusted) {
		err = tag_of(s, p, 4 + AES_BLOCK + len, want);
		if (err == 0 && !mem_eq_ct(want, p + 4 + AES_BLOCK + len, TAG_LEN))
			err = LKE_ERR_INVAL;
	}
	if (err == 0)
		err = aes_cbc(false, s->enc, sizeof(s->enc), p + 4, p + 4 + AES_BLOCK, len, plain);
	s->count++;
	return err < 0 ? err : (int)len;
}

/* Records about the file itself.  False: one for the caller. */
static bool own_record(enum state_type type, struct rd *data, struct state_info *info)
{
	info->clean = type == STATE_CLEAN;
	switch (type) {
	case STATE_CLOCK:
		info->clock.boottime = rd_u64(data);
		info->clock.realtime = rd_u64(data);
		return true;
	case STATE_COMPLETE:
		info->complete = true;
		return true;
	case STATE_STALE:
		info->stale = rd_u64(data);
		return true;
	case STATE_CLEAN:
		return true;
	default:
		return false;
	}
}

static int deliver(const uint8_t *plain, size_t len, state_each each, void *ctx,
		   struct state_info *info)
{
	struct rd r = rd_init(plain, len), data;
	enum state_type type = (enum state_type)rd_u16(&r);
	size_t n = rd_u16(&r);
	const uint8_t *p = plain + INNER_LEN;

	data = rd_sub(&r, n);
	if (r.err) {
		info->damaged = true;
		return 0;
	}
	info->records++;
	if (own_record(type, &data, info) || !each)
		return 0;
	return each(ctx, type, p, n);
}

int state_read(const uint8_t *buf, size_t len, const uint8_t key[STATE_KEY_LEN], uint64_t checked,
	       state_each each, void *ctx, struct state_info *ret_info)
{
	struct state_info info = { .present = len > 0 };
	struct state_seal s = { 0 };
	struct rd r = rd_init(buf, len);
	uint8_t plain[PADDED(INNER_LEN + STATE_DATA_MAX)];
	int err = read_header(&r, key, &s, &info), n = 0;

	info.header = err == 0;
	while (err == 0 && !info.damaged && (!checked || info.records < checked) &&
	       (n = read_record(&r, &s, checked > 0, plain)) > 0)
		err = deliver(plain, (size_t)n, each, ctx, &info);
	if (info.header && err == 0 && n < 0) {
		info.cut = n == LKE_ERR_SPACE;
		info.damaged = info.cut || n == LKE_ERR_INVAL;
		err = info.damaged ? 0 : n;
	}
	if (!info.header && err == LKE_ERR_INVAL) {
		info.cut = len < STATE_HEADER_LEN;
		err = 0;
	}
	hmac_free(s.auth);
	mem_wipe(&s, sizeof(s));
	mem_wipe(plain, sizeof(plain));
	*ret_info = info;
	return err;
}

/* --- choosing --- */

static bool whole(const struct state_info *i)
{
	return i->header && i->complete && !i->damaged;
}

static bool hurt(const struct state_info *i)
{
	if (!i->header)
		return i->present && !i->cut;
	return i->damaged && (i->complete || !i->cut);
}

static struct state_choice refuse(const char *why)
{
	return (struct state_choice){ .file = -1, .why = why };
}

static bool same_boot(const struct state_info *i, const struct state_clock *now)
{
	return memcmp(i->clock.boot, now->boot, sizeof(now->boot)) == 0;
}

/* A write that a power failure cut leaves good records and then nothing good.  Within one boot
 * there is no such thing. */
static bool torn(const struct state_info *i, const struct state_clock *now)
{
	return i->header && i->complete && i->damaged && !same_boot(i, now);
}

static int newest(const struct state_info info[2], const bool usable[2])
{
	if (usable[0] && usable[1])
		return info[0].generation > info[1].generation ? 0 : 1;
	return usable[0] ? 0 : usable[1] ? 1 : -1;
}

/* How far the times of another boot can be carried over by the wall clock: never longer than they
 * were (THREATS 84). */
static bool clock_shift(const struct state_info *i, const struct state_clock *now, int64_t *ret,
			const char **ret_why)
{
	int64_t down = (int64_t)(now->realtime - i->clock.realtime);

	if (down < 0 || down < (int64_t)now->boottime - CLOCK_SLACK) {
		*ret_why =
			"the clock went back since it was written, so lifetimes cannot be judged";
		return false;
	}
	if (down > LIFETIME_MAX) {
		*ret_why = "it is more than a year old";
		return false;
	}
	*ret = (int64_t)now->boottime - ((int64_t)i->clock.boottime + down);
	return true;
}

struct state_choice state_choose(const struct state_info info[2], const struct state_clock *now)
{
	struct state_choice c = { .file = -1, .exact = true, .why = "" };
	bool usable[2];

	if (!info[0].present && !info[1].present)
		return refuse("");
	for (unsigned n = 0; n < 2; n++) {
		const struct state_info *other = &info[1 - n];

		usable[n] = whole(&info[n]) &&
			    !(whole(other) && other->stale && other->stale == info[n].generation);
		/* What is missing in the file that counts may have been in the other one; not if
		 * that one was being written anew. */
		if (hurt(&info[n]))
			c.exact = false;
	}
	c.file = newest(info, usable);
	if (c.file < 0) {
		for (unsigned n = 0; n < 2; n++)
			usable[n] = torn(&info[n], now);
		c.file = newest(info, usable);
		c.exact = false;
	}
	if (c.file < 0)
		return refuse(info[0].header || info[1].header
				      ? "it is damaged"
				      : "it was sealed with another key, or is damaged");
	if (same_boot(&info[c.file], now)) {
		if (info[c.file].clock.boottime > now->boottime)
			return refuse("it comes from the future of this boot");
		return c;
	}
	c.exact = c.exact && info[c.file].clean;
	if (!clock_shift(&info[c.file], now, &c.shift, &c.why))
		return refuse(c.why);
	return c;
}

/* SPDX-License-Identifier: ISC */
#include "base/cursor.h"

#include <string.h>

/* The next n octets, or NULL: then the error is set and stays. */
const uint8_t *rd_view(struct rd *r, size_t n)
{
	const uint8_t *p;

	if (r->err || n > r->len - r->off) {
		r->err = true;
		return NULL;
	}
	/* An empty view of an empty buffer: no arithmetic on a null pointer. */
	p = n == 0 && !r->p ? (const uint8_t *)"" : r->p + r->off;
	r->off += n;
	return p;
}

uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_view(r, 1);

	return p ? p[0] : 0;
}

uint16_t rd_u16(struct rd *r)
{
	const uint8_t *p = rd_view(r, 2);

	if (!p)
		return 0;
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

uint32_t rd_u32(struct rd *r)
{
	const uint8_t *p = rd_view(r, 4);

	if (!p)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void rd_bytes(struct rd *r, void *buf, size_t n)
{
	const uint8_t *p = rd_view(r, n);

	if (n == 0)
		return;
	if (p)
		memcpy(buf, p, n);
	else
		memset(buf, 0, n);
}

void rd_in6(struct rd *r, struct lke_in6 *ret)
{
	rd_bytes(r, ret->b, sizeof(ret->b));
}

void rd_skip(struct rd *r, size_t n)
{
	(void)rd_view(r, n);
}

struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_view(r, n);

	/* A reader over what is not there must not look like an empty, good one. */
	if (!p)
		return (struct rd){ .err = true };
	return rd_init(p, n);
}

/* Room for n octets, or NULL and the error. */
static uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *p;

	if (w->err || n > w->cap - w->off) {
		w->err = true;
		return NULL;
	}
	if (n == 0)
		return NULL;
	p = w->p + w->off;
	w->off += n;
	return p;
}

static void put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);

	if (p)
		p[0] = v;
}

void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_room(w, 2);

	if (p)
		put_u16(p, v);
}

void wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_room(w, 4);

	if (p) {
		put_u16(p, (uint16_t)(v >> 16));
		put_u16(p + 2, (uint16_t)v);
	}
}

void wr_bytes(struct wr *w, const void *p, size_t n)
{
	uint8_t *to = wr_room(w, n);

	if (to)
		memcpy(to, p, n);
}

void wr_zero(struct wr *w, size_t n)
{
	uint8_t *to = wr_room(w, n);

	if (to)
		memset(to, 0, n);
}

void wr_in6(struct wr *w, const struct lke_in6 *a)
{
	wr_bytes(w, a->b, sizeof(a->b));
}

/* The n octets at off if they have been written already, else NULL and the error. */
static uint8_t *wr_written(struct wr *w, size_t off, size_t n)
{
	if (w->err || off > w->off || n > w->off - off) {
		w->err = true;
		return NULL;
	}
	return n ? w->p + off : NULL;
}

void wr_patch_u8(struct wr *w, size_t off, uint8_t v)
{
	uint8_t *p = wr_written(w, off, 1);

	if (p)
		p[0] = v;
}

void wr_patch_u16(struct wr *w, size_t off, uint16_t v)
{
	uint8_t *p = wr_written(w, off, 2);

	if (p)
		put_u16(p, v);
}

void wr_patch_bytes(struct wr *w, size_t off, const void *p, size_t n)
{
	uint8_t *to = wr_written(w, off, n);

	if (to)
		memcpy(to, p, n);
}

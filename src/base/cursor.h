/* SPDX-License-Identifier: ISC */
/*
 * Bounds-checked reader and writer of wire octets.  The error is sticky: after the first overrun
 * every read gives zeroes and every write does nothing, so that a parser checks once at its end.
 * Network byte order on the wire, host order in the program; no other file converts.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lke/types.h"

struct rd {
	const uint8_t *p;
	size_t len, off;
	bool err;
};

static inline struct rd rd_init(const void *p, size_t len)
{
	return (struct rd){ .p = p, .len = len };
}
static inline size_t rd_left(const struct rd *r)
{
	return r->err ? 0 : r->len - r->off;
}
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
/* n octets in place, or NULL (and the error set). */
const uint8_t *rd_view(struct rd *r, size_t n);
void rd_bytes(struct rd *r, void *buf, size_t n); /* zeroes buf on overrun */
void rd_in6(struct rd *r, struct lke_in6 *ret);
void rd_skip(struct rd *r, size_t n);
struct rd rd_sub(struct rd *r, size_t n); /* a reader over the next n octets, which are consumed */

struct wr {
	uint8_t *p;
	size_t cap, off;
	bool err;
};

static inline struct wr wr_init(void *p, size_t cap)
{
	return (struct wr){ .p = p, .cap = cap };
}
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_bytes(struct wr *w, const void *p, size_t n);
void wr_zero(struct wr *w, size_t n);
void wr_in6(struct wr *w, const struct lke_in6 *a);
void wr_patch_u8(struct wr *w, size_t off, uint8_t v); /* off + 1 <= w->off, else error */
void wr_patch_u16(struct wr *w, size_t off, uint16_t v);
void wr_patch_bytes(struct wr *w, size_t off, const void *p, size_t n);

#endif

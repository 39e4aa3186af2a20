/* SPDX-License-Identifier: ISC */
/* Text into a bounded buffer without stdio, so that core and wire stay free of system calls. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stddef.h>
#include <stdint.h>

struct sbuf {
	char *p;
	size_t size; /* of p */
	size_t len;  /* that the text has or would have */
};

struct sbuf sbuf_init(char *p, size_t size); /* writes a NUL if size > 0 */
void sbuf_char(struct sbuf *s, char c);
void sbuf_str(struct sbuf *s, const char *text);
void sbuf_u64(struct sbuf *s, uint64_t v);
void sbuf_hex(struct sbuf *s, const void *p, size_t n);
struct lke_in6;
void sbuf_in6(struct sbuf *s, const struct lke_in6 *a);
/* Copies text into buf, cut to size - 1, always with a NUL. */
void str_copy(char *buf, size_t size, const char *text);

#endif

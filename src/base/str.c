/* SPDX-License-Identifier: ISC */
#include "base/str.h"

#include "base/in6.h"

struct sbuf sbuf_init(char *p, size_t size)
{
	if (size > 0)
		p[0] = '\0';
	return (struct sbuf){ .p = p, .size = size };
}

void sbuf_char(struct sbuf *s, char c)
{
	if (s->len + 1 < s->size) {
		s->p[s->len] = c;
		s->p[s->len + 1] = '\0';
	}
	s->len++;
}

void sbuf_str(struct sbuf *s, const char *text)
{
	while (*text)
		sbuf_char(s, *text++);
}

void sbuf_u64(struct sbuf *s, uint64_t v)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (n > 0)
		sbuf_char(s, digits[--n]);
}

void sbuf_hex(struct sbuf *s, const void *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		sbuf_char(s, digit[b[i] >> 4]);
		sbuf_char(s, digit[b[i] & 15]);
	}
}

void sbuf_in6(struct sbuf *s, const struct lke_in6 *a)
{
	char text[IN6_TEXT_MAX];

	sbuf_str(s, in6_text(a, text));
}

void str_copy(char *buf, size_t size, const char *text)
{
	struct sbuf s = sbuf_init(buf, size);

	sbuf_str(&s, text);
}

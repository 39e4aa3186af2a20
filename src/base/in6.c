/* SPDX-License-Identifier: ISC */
#include "base/in6.h"

#include "base/str.h"
#include "lke/error.h"

const struct lke_in6 in6_unspecified;
const struct lke_in6 in6_all_nodes = { { 0xff, 2, [15] = 1 } };
const struct lke_in6 in6_all_routers = { { 0xff, 2, [15] = 2 } };

static const struct lke_in6 loopback = { { [15] = 1 } };
static const struct lke_in6 v4_mapped = { { [10] = 0xff, [11] = 0xff } };

int in6_cmp(const struct lke_in6 *a, const struct lke_in6 *b)
{
	return memcmp(a->b, b->b, 16);
}

bool in6_is_unspecified(const struct lke_in6 *a)
{
	return in6_eq(a, &in6_unspecified);
}

bool in6_is_loopback(const struct lke_in6 *a)
{
	return in6_eq(a, &loopback);
}

bool in6_is_multicast(const struct lke_in6 *a)
{
	return a->b[0] == 0xff;
}

bool in6_is_linklocal(const struct lke_in6 *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool in6_is_unique_local(const struct lke_in6 *a)
{
	return (a->b[0] & 0xfe) == 0xfc;
}

bool in6_is_global(const struct lke_in6 *a)
{
	return (a->b[0] & 0xe0) == 0x20 || in6_is_unique_local(a);
}

bool in6_is_anycast64(const struct lke_in6 *a)
{
	static const uint8_t subnet_router[8];
	/* RFC 2526 section 2: universal/local bit 0, then ones, then a 7 bit anycast identifier. */
	static const uint8_t reserved[7] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (memcmp(a->b + 8, subnet_router, 8) == 0)
		return true;
	return memcmp(a->b + 8, reserved, 7) == 0 && (a->b[15] & 0x80);
}

bool in6_prefix_eq(const struct lke_in6 *a, const struct lke_in6 *b, unsigned len)
{
	unsigned whole = len / 8, rest = len % 8;

	if (len >= 128)
		return in6_eq(a, b);
	if (memcmp(a->b, b->b, whole) != 0)
		return false;
	return rest == 0 || (a->b[whole] ^ b->b[whole]) >> (8 - rest) == 0;
}

struct lke_in6 in6_solicited_node(const struct lke_in6 *a)
{
	struct lke_in6 g = { { 0xff, 2, [11] = 1, [12] = 0xff } };

	memcpy(g.b + 13, a->b + 13, 3);
	return g;
}

struct lke_in6 in6_make(const struct lke_in6 *prefix, const uint8_t iid[8])
{
	struct lke_in6 a;

	memcpy(a.b, prefix->b, 8);
	memcpy(a.b + 8, iid, 8);
	return a;
}

struct lke_in6 in6_from_eui48(const struct lke_in6 *prefix, const struct lke_lladdr *ll)
{
	const uint8_t iid[8] = { (uint8_t)(ll->b[0] ^ 2),
				 ll->b[1],
				 ll->b[2],
				 0xff,
				 0xfe,
				 ll->b[3],
				 ll->b[4],
				 ll->b[5] };

	return in6_make(prefix, iid);
}

static unsigned group_of(const struct lke_in6 *a, unsigned i)
{
	return (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
}

/* RFC 5952 4.2: the longest run of two or more zero groups, the first of equals.  Returns its
 * length. */
static unsigned zero_run(const struct lke_in6 *a, unsigned groups, unsigned *ret_start)
{
	unsigned best = 1, i, n;

	for (i = 0; i < groups; i += n ? n : 1) {
		for (n = 0; i + n < groups && group_of(a, i + n) == 0; n++)
			;
		if (n > best) {
			best = n;
			*ret_start = i;
		}
	}
	return best > 1 ? best : 0;
}

static void put_group(struct sbuf *s, unsigned v)
{
	static const char digit[] = "0123456789abcdef";
	unsigned shift = 12;

	while (shift > 0 && v >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		sbuf_char(s, digit[v >> shift & 15]);
		if (shift == 0)
			break;
	}
}

const char *in6_text(const struct lke_in6 *a, char buf[IN6_TEXT_MAX])
{
	struct sbuf s = sbuf_init(buf, IN6_TEXT_MAX);
	bool mapped = in6_prefix_eq(a, &v4_mapped, 96);
	unsigned groups = mapped ? 6 : 8, start = 0, run, i;

	run = zero_run(a, groups, &start);
	for (i = 0; i < groups; i++) {
		if (run && i == start) {
			sbuf_str(&s, "::");
			i += run - 1;
			continue;
		}
		if (i > 0 && !(run && i == start + run))
			sbuf_char(&s, ':');
		put_group(&s, group_of(a, i));
	}
	for (i = 12; mapped && i < 16; i++) {
		sbuf_char(&s, i == 12 ? ':' : '.');
		sbuf_u64(&s, a->b[i]);
	}
	return buf;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four decimal numbers to the end of the text; no leading zeroes (RFC 6943 3.1.1). */
static bool parse_v4(const char *p, uint8_t ret[4])
{
	unsigned i, v, digits;

	for (i = 0; i < 4; i++) {
		if (i > 0 && *p++ != '.')
			return false;
		for (v = 0, digits = 0; *p >= '0' && *p <= '9'; p++, digits++) {
			if (digits == 3 || (digits > 0 && v == 0))
				return false;
			v = v * 10 + (unsigned)(*p - '0');
		}
		if (digits == 0 || v > 255)
			return false;
		ret[i] = (uint8_t)v;
	}
	return *p == '\0';
}

struct in6_parser {
	struct lke_in6 out;
	size_t n; /* octets so far */
	int gap;  /* octets before the "::", or -1 */
};

/* One group of hexadecimal digits, or the dotted tail.  Returns what follows, or NULL. */
static const char *parse_group(struct in6_parser *x, const char *p)
{
	const char *start = p;
	unsigned v = 0;

	for (; hex_digit(*p) >= 0; p++) {
		if (p - start == 4)
			return NULL;
		v = v << 4 | (unsigned)hex_digit(*p);
	}
	if (*p == '.') {
		if (x->n > 12 || !parse_v4(start, x->out.b + x->n))
			return NULL;
		x->n += 4;
		return p + strlen(p);
	}
	if (p == start || x->n > 14)
		return NULL;
	x->out.b[x->n++] = (uint8_t)(v >> 8);
	x->out.b[x->n++] = (uint8_t)v;
	return p;
}

/* Moves what stands behind the "::" to the end. */
static bool close_gap(struct in6_parser *x)
{
	struct lke_in6 out = { 0 };
	size_t tail;

	if (x->gap < 0)
		return x->n == 16;
	if (x->n > 14)
		return false;
	tail = x->n - (size_t)x->gap;
	memcpy(out.b, x->out.b, (size_t)x->gap);
	memcpy(out.b + 16 - tail, x->out.b + x->gap, tail);
	x->out = out;
	return true;
}

int in6_parse(const char *text, struct lke_in6 *ret)
{
	struct in6_parser x = { .gap = -1 };
	const char *p = text;

	if (p[0] == ':' && p[1] != ':')
		return LKE_ERR_INVAL;
	while (*p) {
		if (p[0] == ':' && p[1] == ':') {
			if (x.gap >= 0)
				return LKE_ERR_INVAL;
			x.gap = (int)x.n;
			p += 2;
			if (*p == '\0')
				break;
		} else if (p != text && *p++ != ':') {
			return LKE_ERR_INVAL;
		}
		p = parse_group(&x, p);
		if (!p)
			return LKE_ERR_INVAL;
	}
	if (!close_gap(&x))
		return LKE_ERR_INVAL;
	*ret = x.out;
	return 0;
}

int lladdr_parse(const char *text, struct lke_lladdr *ret)
{
	struct lke_lladdr a = { .len = 6 };

	for (unsigned i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return LKE_ERR_INVAL;
		a.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret = a;
	return 0;
}

const char *lladdr_text(const struct lke_lladdr *a, char buf[LLADDR_TEXT_MAX])
{
	struct sbuf s = sbuf_init(buf, LLADDR_TEXT_MAX);
	unsigned i;

	if (a->len == 0)
		sbuf_char(&s, '-');
	for (i = 0; i < a->len && i < sizeof(a->b); i++) {
		if (i > 0)
			sbuf_char(&s, ':');
		sbuf_hex(&s, &a->b[i], 1);
	}
	return buf;
}

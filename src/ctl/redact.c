/* SPDX-License-Identifier: ISC */
#include "ctl/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char mark[] = "[removed]";

enum {
	DIGITS = 32, /* of the shortest key: 16 octets */
	PAIRS = 16,
	BEFORE = 12, /* "sha256": " */
};

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c);
}

static size_t hex_run(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && is_hex(p[n]))
		n++;
	return n;
}

/* Octets of "aa:bb:cc", in pairs of digits. */
static size_t pair_run(const char *p, size_t len, size_t *ret_pairs)
{
	size_t n = 0;

	*ret_pairs = 0;
	while (n + 2 <= len && is_hex(p[n]) && is_hex(p[n + 1])) {
		n += 2;
		++*ret_pairs;
		if (n + 1 >= len || p[n] != ':' || !is_hex(p[n + 1]))
			break;
		n++;
	}
	return n;
}

static const char *find(const char *p, size_t len, const char *word)
{
	return memmem(p, len, word, strlen(word));
}

/* A PEM block from its BEGIN to the end of its last line, or to the end of the text. */
static size_t pem_run(const char *p, size_t len)
{
	static const char begin[] = "-----BEGIN", end[] = "-----END";
	const char *last, *line;

	if (len < strlen(begin) || memcmp(p, begin, strlen(begin)) != 0)
		return 0;
	last = find(p, len, end);
	line = last ? memchr(last, '\n', len - (size_t)(last - p)) : NULL;
	return line ? (size_t)(line - p) : len;
}

/* A fingerprint is for everybody. */
static bool behind_sha256(const char *text, size_t at)
{
	size_t from = at > BEFORE ? at - BEFORE : 0;

	for (size_t i = from; i + 6 <= at; i++)
		if (strncasecmp(text + i, "sha256", 6) == 0)
			return true;
	return false;
}

/* Octets from here that are a secret; 0: none.  *ret_skip: to go on behind, when they are none. */
static size_t secret(const char *text, size_t at, size_t len, size_t *ret_skip)
{
	const char *p = text + at;
	size_t left = len - at, pairs, n = pem_run(p, left);

	*ret_skip = 1;
	if (n)
		return n;
	n = pair_run(p, left, &pairs);
	if (pairs >= PAIRS)
		return n;
	n = hex_run(p, left);
	if (n >= DIGITS && !behind_sha256(text, at))
		return n;
	*ret_skip = n ? n : 1;
	return 0;
}

size_t redact(char *text, size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		size_t skip, n = secret(text, in, len, &skip);

		/* What is looked back at has not been overwritten: the text never grows. */
		memmove(text + out, n ? mark : text + in, n ? strlen(mark) : skip);
		out += n ? strlen(mark) : skip;
		in += n ? n : skip;
	}
	return out;
}

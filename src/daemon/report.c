/* SPDX-License-Identifier: ISC */
#include "daemon/report.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define WORD_MAX 48

static void report(struct report *r, const char *kind, const char *file, int line, const char *fmt,
		   va_list ap)
{
	if (line > 0)
		fprintf(r->out, "%s:%d: %s: ", file, line, kind);
	else
		fprintf(r->out, "%s: %s: ", file, kind);
	vfprintf(r->out, fmt, ap);
	fputc('\n', r->out);
}

void report_error(struct report *r, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, "error", file, line, fmt, ap);
	va_end(ap);
	r->errors++;
}

void report_warning(struct report *r, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, "warning", file, line, fmt, ap);
	va_end(ap);
	r->warnings++;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance without regard to case; both words are shorter than WORD_MAX. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[WORD_MAX + 1];

	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned cost = tolower((unsigned char)a[i - 1]) !=
					tolower((unsigned char)b[j - 1]);
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + cost);
			diagonal = above;
		}
	}
	return row[lb];
}

const char *report_nearest(const char *word, const char *const names[])
{
	const char *best = NULL;
	unsigned best_distance = 0;

	if (strlen(word) >= WORD_MAX)
		return NULL;
	for (size_t i = 0; names[i]; i++) {
		unsigned d = edit_distance(word, names[i]);

		if (d > (strlen(names[i]) + 2) / 3)
			continue;
		if (!best || d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}

/* SPDX-License-Identifier: ISC */
#include "base/nearest.h"

#include <string.h>

#define WORD_MAX 48

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
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
			unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + cost);
			diagonal = above;
		}
	}
	return row[lb];
}

const char *nearest_word(const char *word, const char *const names[])
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

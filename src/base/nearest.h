/* SPDX-License-Identifier: ISC */
/* What a misspelt word was meant to be. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/*
 * The candidate nearest to word by edit distance, or NULL when none is near enough to be what was
 * meant (at most a third of the letters differ).  names ends with NULL.
 */
const char *nearest_word(const char *word, const char *const names[]);

#endif

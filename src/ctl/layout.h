/* SPDX-License-Identifier: ISC */
/* Text for people within the width of their terminal. */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

/* How wide lines may be: COLUMNS of the environment, else that of the terminal, 40 at least.  No
 * end (INT_MAX) when stdout is a pipe or a file: programs and grep want one line an object. */
int layout_columns(void);
/* One line, as printf() with a newline; longer than columns it is broken at spaces and goes on
 * indented.  A word is never broken. */
void layout_print(int columns, int indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

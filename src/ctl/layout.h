/* SPDX-License-Identifier: ISC */
/* Text for people within the width of their terminal. */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

/* How wide lines may be: COLUMNS of the environment, else that of the terminal, 40 at least.  No
 * end (INT_MAX) when stdout is a pipe or a file: programs and grep want one line an object. */
int layout_columns(void);
#define LAYOUT_GLUE "\037" /* a space where no line ends */

/* One line, as printf() with a newline; longer than columns it is broken at spaces and goes on
 * indented.  A word is never broken; one that is too long behind the indentation begins further
 * left. */
void layout_print(int columns, int indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The rest of a line of which `at` columns have been printed. */
void layout_go_on(int columns, int at, int indent, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* What stands between a colon and a semicolon or the end is a command that can be copied. */
void layout_glue_commands(char *text);

#endif

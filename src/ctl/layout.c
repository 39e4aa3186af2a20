/* SPDX-License-Identifier: ISC */
#include "ctl/layout.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LEAST = 40, LINE_MAX_OCTETS = 1536 };

int layout_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	long n = text ? strtol(text, NULL, 10) : 0;

	if (n <= 0 || n > INT_MAX) {
		if (!isatty(STDOUT_FILENO))
			return INT_MAX;
		n = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	}
	return n < LEAST ? LEAST : (int)n;
}

/* Octets of text for one line: up to the last space before its end. */
static size_t fitting(const char *text, size_t room)
{
	size_t n = room;

	if (strlen(text) <= room)
		return strlen(text);
	while (n > 0 && text[n] != ' ')
		n--;
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n ? n : strcspn(text, " ");
}

/* Where a further line begins: further left than indent when its first word is too long, so that
 * what is to be copied is whole. */
static int margin_of(int columns, int indent, const char *text)
{
	int word = (int)strcspn(text, " ");

	if (word <= columns - indent)
		return indent;
	return word < columns ? columns - word : 0;
}

static void put(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		putchar(text[i] == LAYOUT_GLUE[0] ? ' ' : text[i]);
}

static void print_from(int columns, int at, int indent, const char *text)
{
	for (;;) {
		size_t n = fitting(text, at < columns ? (size_t)(columns - at) : 0);

		put(text, n);
		putchar('\n');
		text += n;
		text += strspn(text, " ");
		if (!*text)
			return;
		at = margin_of(columns, indent, text);
		printf("%*s", at, "");
	}
}

void layout_print(int columns, int indent, const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list ap;
	int margin;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	margin = (int)strspn(line, " ");
	printf("%*s", margin, "");
	print_from(columns, margin, indent, line + margin);
}

void layout_go_on(int columns, int at, int indent, const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	print_from(columns, at, indent, line);
}

void layout_glue_commands(char *text)
{
	char *at = strstr(text, ": ");

	for (at = at ? at + 2 : text + strlen(text); *at; at++) {
		if (*at == ';') { /* and behind it the next one may stand */
			layout_glue_commands(at);
			return;
		}
		if (*at == ' ')
			*at = LAYOUT_GLUE[0];
	}
}

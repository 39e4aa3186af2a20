/* SPDX-License-Identifier: ISC */
#include "ctl/layout.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LEAST = 40, LINE_MAX_OCTETS = 1024 };

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

void layout_print(int columns, int indent, const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	const char *text = line;
	va_list ap;
	int margin;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	margin = (int)strspn(line, " ");
	text += margin;
	do {
		size_t n = fitting(text, (size_t)(columns - margin));

		printf("%*s%.*s\n", margin, "", (int)n, text);
		text += n;
		text += strspn(text, " ");
		margin = indent;
	} while (*text);
}

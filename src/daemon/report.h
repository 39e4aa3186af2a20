/* SPDX-License-Identifier: ISC */
/* Problems of configuration and key files: all of them in one pass, each with its place. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct report {
	FILE *out; /* borrowed */
	unsigned errors, warnings;
	bool denied; /* some file may not be read by who asks: little is known of the rest */
};

/* "FILE:LINE: error: TEXT"; line 0 leaves the line out. */
void report_error(struct report *r, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void report_warning(struct report *r, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif

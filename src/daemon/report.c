/* SPDX-License-Identifier: ISC */
#include "daemon/report.h"

#include <stdarg.h>

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

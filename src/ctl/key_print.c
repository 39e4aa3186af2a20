/* SPDX-License-Identifier: ISC */
#include "ctl/key_print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/mem.h"

/* Written by hand and not by jansson, whose heap would keep copies of the keys: the values are
 * addresses, numbers, hexadecimal digits and names of [A-Za-z0-9._-]. */
struct out {
	char *buf;
	size_t len;
	bool full;
};

static void __attribute__((format(printf, 2, 3))) put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->buf + o->len, KEY_JSON_MAX - o->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= KEY_JSON_MAX - o->len)
		o->full = true;
	else
		o->len += (size_t)n;
}

static bool is_key(const char *name, size_t len)
{
	static const char part[] = "-key-to-";

	return memmem(name, len, part, sizeof(part) - 1) != NULL;
}

static bool is_number(const char *name, size_t len)
{
	static const char *const numbers[] = { "spi-to-ha", "spi-to-mn", "generation",
					       "max-lifetime" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strlen(numbers[i]) == len && strncmp(numbers[i], name, len) == 0)
			return true;
	return false;
}

/* "integrity-key-to-ha = 00ff", without its end of line. */
static void put_member(struct out *o, const char *line, size_t len)
{
	const char *eq = memmem(line, len, " = ", 3), *value = eq ? eq + 3 : NULL;
	size_t name = eq ? (size_t)(eq - line) : 0;

	if (!eq || *line == '#' || strncmp(line, "format", name) == 0)
		return;
	put(o, ",\n  \"");
	for (size_t i = 0; i < name; i++)
		put(o, "%c", line[i] == '-' ? '_' : line[i]);
	if (is_number(line, name))
		put(o, "\": %lu", strtoul(value, NULL, 0));
	else
		put(o, "\": \"%.*s\"", (int)(len - name - 3), value);
}

int key_json(const char *schema, const char *text, bool secret, char buf[KEY_JSON_MAX])
{
	struct out o = { .buf = buf };

	put(&o, "{\n  \"schema\": \"%s\"", schema);
	while (*text) {
		size_t len = strcspn(text, "\n"), name = strcspn(text, " ");

		if (secret || !is_key(text, name))
			put_member(&o, text, len);
		text += len + (text[len] == '\n');
	}
	put(&o, "\n}\n");
	return o.full ? -ENOSPC : (int)o.len;
}

void key_close_output(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) &&
	    fchmod(STDOUT_FILENO, 0600) < 0)
		fprintf(stderr, "lke: others can read this file; run: chmod 600 FILE\n");
	setvbuf(stdout, NULL, _IONBF, 0);
}

int key_print(const char *text, size_t len)
{
	if (isatty(STDOUT_FILENO)) {
		fprintf(stderr, "lke: keys are not written to a terminal; send them to a file "
				"(> FILE), or to a program\n");
		return EXIT_USAGE;
	}
	key_close_output();
	if (fwrite(text, 1, len, stdout) == len)
		return EXIT_OK;
	fprintf(stderr, "lke: the keys cannot be written; is there room?\n");
	return EXIT_FAILED;
}

/* SPDX-License-Identifier: ISC */
/* Files of `lke export`, and in them key files: what was read is written and read again. */
#include <stdio.h>
#include <string.h>

#include "daemon/policy_file.h"
#include "fuzz.h"

static int parse(char *text, struct policy_file *p)
{
	static FILE *nowhere;
	struct report r = { 0 };

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	r.out = nowhere;
	return policy_parse("f", text, &r, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * KEY_FILE_MAX], again[2 * KEY_FILE_MAX];
	struct policy_file p, q;
	int len;

	if (size >= sizeof(text) || memchr(data, 0, size))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&p, 0, sizeof(p));
	if (parse(text, &p) != 0)
		return 0;
	MUST(policy_name_ok(p.name));
	len = policy_text(&p, text, sizeof(text));
	MUST(len > 0);
	memcpy(again, text, (size_t)len + 1);
	MUST(parse(text, &q) == 0);
	MUST(policy_text(&q, text, sizeof(text)) == len && memcmp(text, again, (size_t)len) == 0);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * lke decode: the first octet says what follows: 0 a capture, 1 a key log.  Every message of a
 * capture is written in every way, with the keys of tests/vectors.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/decode.h"
#include "fuzz.h"

static const char keys[] =
	"LKE_KBM 2001:db8:1::b01 2001:db8:1::1 000102030405060708090a0b0c0d0e0f\n";

static struct keyring *read_keys(const void *text, size_t len, FILE *nowhere)
{
	struct keyring *k = NULL;
	FILE *f = fmemopen((void *)text, len, "r");

	MUST(f);
	(void)keyring_read(f, "keys", nowhere, &k);
	fclose(f);
	return k;
}

static void one(const struct decoded *d, struct sequence *s, FILE *nowhere)
{
	json_t *j = decode_json(d, true);
	char line[1400], *text = json_dumps(j, JSON_COMPACT);

	/* What is not UTF-8 would give no text. */
	MUST(j && text);
	decode_line(d, line, sizeof(line));
	MUST(strlen(line) > 0 && strlen(line) + 1 < sizeof(line));
	decode_print_text(nowhere, d, true);
	sequence_add(s, d);
	free(text);
	json_decref(j);
}

static void capture(FILE *f, const struct keyring *k, FILE *nowhere)
{
	struct capture *c = capture_new(f);
	struct sequence *s = sequence_new();
	struct decode_count count = { 0 };
	struct capture_frame frame;
	struct decoded d;
	int r;

	MUST(c && s);
	while ((r = capture_next(c, &frame)) > 0)
		if (decode_frame(&frame, k, &count, &d))
			one(&d, s, nowhere);
	MUST((r < 0) == (capture_error(c)[0] != '\0'));
	MUST(count.messages <= count.frames && count.malformed <= count.messages);
	MUST(sequence_write(s, nowhere, "fuzz") == 0);
	sequence_free(s);
	capture_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyring *known;
	static FILE *nowhere;
	FILE *f;

	if (size < 2)
		return 0;
	if (!known) {
		nowhere = fopen("/dev/null", "we");
		MUST(nowhere);
		known = read_keys(keys, sizeof(keys) - 1, nowhere);
		MUST(known);
	}
	if (data[0]) {
		keyring_free(read_keys(data + 1, size - 1, nowhere));
		return 0;
	}
	f = fmemopen((void *)(data + 1), size - 1, "r");
	MUST(f);
	capture(f, known, nowhere);
	fclose(f);
	return 0;
}

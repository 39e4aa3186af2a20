/* SPDX-License-Identifier: ISC */
/*
 * State files of an access router.  First octet: 0, the rest is a whole file, mostly refused at its
 * authentication; 1, the rest is an engine's record; else the rest is cut into records that are
 * sealed rightly, one of them is changed, and what is read must be those in front of it.
 */
#include <string.h>

#include "core/ar_record.h"
#include "fuzz.h"
#include "store/state_file.h"

static const uint8_t key[STATE_KEY_LEN] = "a key of the fuzzer, 32 octets.";

static volatile uint8_t sink;

/* Counts, and reads every octet. */
static int take(void *ctx, enum state_type type, const uint8_t *data, size_t len)
{
	unsigned *n = ctx;

	for (size_t k = 0; k < len; k++)
		sink ^= data[k];
	(*n)++;
	return 0;
}

static void whole_file(const uint8_t *data, size_t size)
{
	struct state_clock now = { .boottime = 5 * LKE_SEC, .realtime = 50 * LKE_SEC };
	struct state_info info[2] = { { 0 } };
	unsigned n = 0;

	MUST(state_read(data, size, key, 0, take, &n, &info[0]) == 0);
	MUST(n <= info[0].records);
	(void)state_choose(info, &now);
}

static void one_record(const uint8_t *data, size_t size)
{
	uint8_t again[LKE_RECORD_MAX];
	struct record r;

	if (record_decode(data, size, &r) < 0)
		return;
	MUST(record_encode(&r, again, sizeof(again)) == (int)size);
	MUST(memcmp(again, data, size) == 0);
	record_adjust(&r, size % 2 ? INT64_MIN : INT64_MAX, true);
	MUST(record_encode(&r, again, sizeof(again)) == (int)size);
	MUST(record_decode(again, size, &r) == 0);
}

static void sealed(const uint8_t *data, size_t size)
{
	static uint8_t file[65536 + STATE_SEALED_MAX];
	struct state_clock now = { .boottime = 5 * LKE_SEC, .realtime = 50 * LKE_SEC };
	struct state_seal *s;
	struct state_info info[2] = { { 0 } };
	size_t len = STATE_HEADER_LEN, at = 3, hurt = SIZE_MAX;
	unsigned n = 0, records = 0, good = 0;

	if (size < 3)
		return;
	MUST(state_seal_new(key, data[1] % 3, &now, file, &s) == 0);
	while (at + 2 <= size && len < 65536) {
		size_t n_data = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
		int k = state_seal_record(s, (enum state_type)(data[at] % 24), data + at + 2,
					  n_data, file + len);

		MUST(k > 0);
		if (records == data[2])
			hurt = len + data[1] % (size_t)k;
		if (hurt == SIZE_MAX)
			good++;
		records++;
		len += (size_t)k;
		at += 2 + n_data;
	}
	state_seal_free(s);
	if (hurt != SIZE_MAX)
		file[hurt] ^= 0x40;
	MUST(state_read(file, len, key, 0, take, &n, &info[0]) == 0);
	MUST(info[0].header && info[0].records == good && n <= good);
	MUST(info[0].damaged == (good != records));
	now.boottime++;
	info[1] = info[0];
	(void)state_choose(info, &now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		whole_file(data + 1, size - 1);
	else if (data[0] == 1)
		one_record(data + 1, size - 1);
	else
		sealed(data, size);
	return 0;
}

/* SPDX-License-Identifier: ISC */
#include "base/cursor.h"
#include "check.h"

static void reads_network_order(void **state)
{
	const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 0xf7 };
	struct rd r = rd_init(in, sizeof(in));

	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u32(&r), 0x03040506);
	assert_int_equal(rd_left(&r), 1);
	assert_int_equal(rd_u8(&r), 0xf7);
	assert_false(r.err);
}

static void read_error_sticks(void **state)
{
	const uint8_t in[] = { 1, 2, 3 };
	uint8_t out[4] = { 9, 9, 9, 9 };
	struct rd r = rd_init(in, sizeof(in));

	assert_int_equal(rd_u32(&r), 0);
	assert_true(r.err);
	assert_int_equal(rd_left(&r), 0);
	assert_int_equal(rd_u8(&r), 0);
	assert_null(rd_view(&r, 0));
	rd_bytes(&r, out, sizeof(out));
	assert_memory_equal(out, "\0\0\0\0", 4);
}

static void huge_lengths_do_not_wrap(void **state)
{
	const uint8_t in[4] = { 0 };
	struct rd r = rd_init(in, sizeof(in));
	struct wr w;
	uint8_t out[4];

	rd_skip(&r, 2);
	assert_null(rd_view(&r, SIZE_MAX));
	w = wr_init(out, sizeof(out));
	wr_u8(&w, 1);
	wr_zero(&w, SIZE_MAX);
	assert_true(w.err);
	w = wr_init(out, sizeof(out));
	wr_patch_bytes(&w, SIZE_MAX, in, 1);
	assert_true(w.err);
}

static void sub_reader_is_bounded(void **state)
{
	const uint8_t in[] = { 1, 2, 3, 4 };
	struct rd r = rd_init(in, sizeof(in)), s = rd_sub(&r, 2);

	assert_int_equal(rd_u16(&s), 0x0102);
	assert_int_equal(rd_u8(&s), 0);
	assert_true(s.err);
	assert_false(r.err);
	assert_int_equal(rd_u8(&r), 3);
	s = rd_sub(&r, 2);
	assert_true(s.err);
	assert_true(r.err);
}

static void empty_reader_without_memory(void **state)
{
	struct rd r = rd_init(NULL, 0);

	assert_non_null(rd_view(&r, 0));
	assert_false(r.err);
	assert_null(rd_view(&r, 1));
}

static void writes_and_patches(void **state)
{
	uint8_t out[8];
	struct wr w = wr_init(out, sizeof(out));

	wr_u8(&w, 1);
	wr_u16(&w, 0x0203);
	wr_u32(&w, 0x04050607);
	wr_patch_u8(&w, 0, 0xaa);
	wr_patch_u16(&w, 5, 0xbbcc);
	assert_false(w.err);
	assert_memory_equal(out, "\xaa\2\3\4\5\xbb\xcc", 7);
	wr_patch_u16(&w, 6, 0);
	assert_true(w.err);
}

static void write_error_sticks(void **state)
{
	uint8_t out[4] = { 0 };
	struct wr w = wr_init(out, 3);

	wr_u16(&w, 0x0102);
	wr_u16(&w, 0x0304);
	assert_true(w.err);
	wr_u8(&w, 5);
	assert_int_equal(w.off, 2);
	assert_memory_equal(out, "\1\2\0\0", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_network_order),
		cmocka_unit_test(read_error_sticks),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(sub_reader_is_bounded),
		cmocka_unit_test(empty_reader_without_memory),
		cmocka_unit_test(writes_and_patches),
		cmocka_unit_test(write_error_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

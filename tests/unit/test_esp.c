/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

#include "wire/esp.h"

static struct ip6_info esp_packet(uint8_t *buf, uint32_t spi, size_t body)
{
	struct wr w = wr_init(buf, 512);
	struct ip6_out o = { .src = COA1, .dst = AR_GLOBAL };
	struct ip6_info i;

	ip6_begin(&w, &o, IP6_NH_ESP);
	wr_u32(&w, spi);
	wr_u32(&w, 9);
	wr_zero(&w, body);
	ip6_end(&w);
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	return i;
}

static void split_gives_offsets(void **state)
{
	uint8_t buf[512];
	struct esp_view v;
	struct ip6_info i = esp_packet(buf, 0x1001, 16 + 32 + 12);

	assert_int_equal(esp_split(&i, 16, 12, 16, &v), 0);
	assert_int_equal(v.spi, 0x1001);
	assert_int_equal(v.seq, 9);
	assert_int_equal(v.iv_off, 48);
	assert_int_equal(v.ct_off, 64);
	assert_int_equal(v.ct_len, 32);
	assert_int_equal(v.icv_off, 96);
}

static void split_refuses_what_is_not_whole_blocks(void **state)
{
	uint8_t buf[512];
	struct esp_view v;

	for (size_t n = 0; n < 64; n++) {
		struct ip6_info i = esp_packet(buf, 0x1001, n);
		bool good = n == 16 + 12 + 16 || n == 16 + 12 + 32;
		assert_int_equal(esp_split(&i, 16, 12, 16, &v), good ? 0 : -LKE_DROP_ESP_FORMAT);
	}
	struct ip6_info i = esp_packet(buf, 0, 44);
	assert_int_equal(esp_split(&i, 16, 12, 16, &v), -LKE_DROP_ESP_FORMAT);
	i = esp_packet(buf, 1, 44);
	i.upper = IP6_NH_AH;
	assert_int_equal(esp_split(&i, 16, 12, 16, &v), -LKE_DROP_ESP_FORMAT);
}

static void unpad_checks_the_padding(void **state)
{
	size_t n;
	uint8_t next;

	assert_int_equal(esp_unpad((uint8_t[]){ 7, 7, 1, 2, 2, 135 }, 6, &n, &next), 0);
	assert_int_equal(n, 2);
	assert_int_equal(next, 135);
	assert_int_equal(esp_unpad((uint8_t[]){ 0, 59 }, 2, &n, &next), 0);
	assert_int_equal(n, 0);
	assert_int_equal(esp_unpad((uint8_t[]){ 7, 7, 1, 3, 2, 135 }, 6, &n, &next),
			 -LKE_DROP_ESP_FORMAT);
	assert_int_equal(esp_unpad((uint8_t[]){ 1, 2, 3, 135 }, 4, &n, &next),
			 -LKE_DROP_ESP_FORMAT);
	assert_int_equal(esp_unpad((uint8_t[]){ 0 }, 1, &n, &next), -LKE_DROP_ESP_FORMAT);
}

static void pad_len_fills_a_block(void **state)
{
	for (size_t n = 0; n < 100; n++) {
		assert_int_equal((n + esp_pad_len(n, 16) + 2) % 16, 0);
		assert_true(esp_pad_len(n, 16) < 16);
		assert_int_equal((n + esp_pad_len(n, 4) + 2) % 4, 0);
		assert_true(esp_pad_len(n, 4) < 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_gives_offsets),
		cmocka_unit_test(split_refuses_what_is_not_whole_blocks),
		cmocka_unit_test(unpad_checks_the_padding),
		cmocka_unit_test(pad_len_fills_a_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

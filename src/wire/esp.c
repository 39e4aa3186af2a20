/* SPDX-License-Identifier: ISC */
#include "wire/esp.h"

enum { ESP_HDR_LEN = 8, ESP_TRAILER_LEN = 2 };

/* RFC 4303 2: the ciphertext is whole blocks and holds at least the trailer. */
int esp_split(const struct ip6_info *i, size_t iv_len, size_t icv_len, size_t block,
	      struct esp_view *ret)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	struct esp_view v;

	if (i->upper != IP6_NH_ESP)
		return -LKE_DROP_ESP_FORMAT;
	v.spi = rd_u32(&r);
	v.seq = rd_u32(&r);
	rd_skip(&r, iv_len);
	if (v.spi == 0 || rd_left(&r) < icv_len)
		return -LKE_DROP_ESP_FORMAT;
	v.ct_len = rd_left(&r) - icv_len;
	if (v.ct_len < ESP_TRAILER_LEN || v.ct_len % block != 0)
		return -LKE_DROP_ESP_FORMAT;
	v.iv_off = i->upper_off + ESP_HDR_LEN;
	v.ct_off = v.iv_off + iv_len;
	v.icv_off = v.ct_off + v.ct_len;
	*ret = v;
	return 0;
}

/* RFC 4303 2.4: a receiver should inspect the padding. */
int esp_unpad(const uint8_t *plain, size_t len, size_t *ret_payload_len, uint8_t *ret_next)
{
	struct rd r = rd_init(plain, len);

	if (len < ESP_TRAILER_LEN)
		return -LKE_DROP_ESP_FORMAT;
	rd_skip(&r, len - ESP_TRAILER_LEN);
	size_t pad = rd_u8(&r);
	uint8_t next = rd_u8(&r);
	if (pad > len - ESP_TRAILER_LEN)
		return -LKE_DROP_ESP_FORMAT;

	size_t payload_len = len - ESP_TRAILER_LEN - pad;
	r = rd_init(plain + payload_len, pad);
	for (size_t k = 1; k <= pad; k++)
		if (rd_u8(&r) != k)
			return -LKE_DROP_ESP_FORMAT;
	*ret_payload_len = payload_len;
	*ret_next = next;
	return 0;
}

size_t esp_pad_len(size_t n, size_t block)
{
	return (block - (n + ESP_TRAILER_LEN) % block) % block;
}

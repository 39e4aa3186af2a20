/* SPDX-License-Identifier: ISC */
/*
 * ESP framing, transport mode (RFC 4303): SPI, sequence number, IV, payload, padding, ICV.  No
 * cryptography here: offsets only.
 */
#ifndef WIRE_ESP_H
#define WIRE_ESP_H

#include "wire/ip6.h"

struct esp_view {
	uint32_t spi, seq;
	size_t iv_off, ct_off, ct_len, icv_off; /* from the start of the packet */
};
/* i->upper must be ESP.  0 or -LKE_DROP_ESP_FORMAT. */
int esp_split(const struct ip6_info *i, size_t iv_len, size_t icv_len, size_t block,
	      struct esp_view *ret);
/* Reads pad length and next header at the end of a decrypted payload, checks the padding 1, 2, 3,
 * ... */
int esp_unpad(const uint8_t *plain, size_t len, size_t *ret_payload_len, uint8_t *ret_next);
/* Octets of padding (without the two trailer octets) for a payload of n with this block size (>=
 * 4). */
size_t esp_pad_len(size_t n, size_t block);

#endif

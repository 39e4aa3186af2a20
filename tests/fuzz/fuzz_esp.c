/* SPDX-License-Identifier: ISC */
/* ESP framing: octet 0 chooses the algorithm sizes; the rest is an ESP header and what follows. */
#include <string.h>

#include "fuzz.h"
#include "wire/esp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[8192];
	static const struct lke_in6 a = { { 0x20, 1, [15] = 1 } };
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = a, .dst = a };
	struct ip6_info i;
	struct esp_view v;
	size_t payload;
	uint8_t next;

	if (size < 1 || size > 4096)
		return 0;
	size_t iv = data[0] & 1 ? 16 : 0, block = iv ? 16 : 4, icv = data[0] & 2 ? 16 : 12;
	ip6_begin(&w, &o, IP6_NH_ESP);
	wr_bytes(&w, data + 1, size - 1);
	ip6_end(&w);
	MUST(ip6_parse(buf, w.off, &i) == 0);
	if (esp_split(&i, iv, icv, block, &v) != 0)
		return 0;
	MUST(v.iv_off == i.upper_off + 8 && v.ct_off == v.iv_off + iv);
	MUST(v.icv_off == v.ct_off + v.ct_len && v.icv_off + icv == i.len);
	if (esp_unpad(buf + v.ct_off, v.ct_len, &payload, &next) != 0)
		return 0;
	/* the same payload again: padding for it is right and reads back */
	size_t pad = esp_pad_len(payload, block), n = payload;
	for (size_t k = 1; k <= pad; k++)
		buf[v.ct_off + n++] = (uint8_t)k;
	buf[v.ct_off + n++] = (uint8_t)pad;
	buf[v.ct_off + n++] = next;
	size_t payload2;
	uint8_t next2;
	MUST(n % block == 0 && n <= v.ct_len);
	MUST(esp_unpad(buf + v.ct_off, n, &payload2, &next2) == 0);
	MUST(payload == payload2 && next == next2);
	return 0;
}

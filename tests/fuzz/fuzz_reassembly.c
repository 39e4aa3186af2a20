/* SPDX-License-Identifier: ISC */
/*
 * Fragments of tunnel packets.  The input is a list of fragments: two octets of length, one of
 * time, then that many octets from the fragment header on.
 */
#include <string.h>

#include "fuzz.h"
#include "platform/linux/reassembly.h"

static void judge(const uint8_t *pkt, size_t len, size_t fed)
{
	struct ip6_info i;

	MUST(len > 2 * IP6_HDR_LEN - 1 && len <= IP6_HDR_LEN + REASSEMBLY_OCTETS_MAX && len <= fed);
	if (ip6_parse(pkt, len, &i) == 0)
		MUST(i.len == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reassembly *r;
	static lke_time now = 1;
	struct rd in = rd_init(data, size);
	uint8_t buf[IP6_HDR_LEN + 4096];
	size_t fed = IP6_HDR_LEN;

	if (!r)
		r = reassembly_new();
	MUST(r);
	now += 10 * LKE_SEC; /* nothing waits any more */
	while (rd_left(&in) > 3) {
		size_t n = rd_u16(&in) % 4096, len;
		struct ip6_out o = { .src = { { 0x20, 1 } }, .dst = { { 0x20, 2 } } };
		struct wr w = wr_init(buf, sizeof(buf));
		struct ip6_info i;
		uint8_t head = rd_u8(&in), *pkt;

		now += (lke_time)(head >> 2) * 50 * LKE_MSEC;
		o.tclass = head & 3;
		n = n < rd_left(&in) ? n : rd_left(&in);
		ip6_begin(&w, &o, IP6_NH_FRAGMENT);
		wr_bytes(&w, rd_view(&in, n), n);
		ip6_end(&w);
		fed += n;
		if (ip6_parse(buf, w.off, &i) == 0 && reassembly_input(r, &i, now, &pkt, &len) == 1)
			judge(pkt, len, fed);
	}
	return 0;
}

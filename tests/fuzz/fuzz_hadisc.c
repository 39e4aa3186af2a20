/* SPDX-License-Identifier: ISC */
/* Home agent address discovery and prefix discovery (RFC 6275 6.5 to 6.8): the input is an ICMPv6
 * message. */
#include <string.h>

#include "base/in6.h"
#include "fuzz.h"
#include "wire/hadisc.h"

static const struct lke_in6 src = { { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
static const struct lke_in6 dst = { { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1 } };

static void compare(const struct hadisc *a, const struct hadisc *b)
{
	MUST(a->type == b->type && a->id == b->id);
	MUST(a->agents == b->agents && a->prefixes == b->prefixes);
	MUST(a->managed == b->managed && a->other == b->other);
	for (unsigned n = 0; n < a->agents; n++)
		MUST(in6_eq(&a->agent[n], &b->agent[n]));
	for (unsigned n = 0; n < a->prefixes; n++) {
		const struct nd_prefix *p = &a->prefix[n], *q = &b->prefix[n];

		MUST(in6_eq(&p->prefix, &q->prefix) && p->len == q->len && p->flags == q->flags);
		MUST(p->valid == q->valid && p->preferred == q->preferred);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[4096], again[4096];
	struct hadisc m, m2;
	struct wr w = wr_init(again, sizeof(again));
	uint16_t sum;

	if (size < 8 || size > sizeof(buf))
		return 0;
	memcpy(buf, data, size);
	/* without the right checksum nothing would be reached */
	buf[2] = buf[3] = 0;
	sum = ip6_checksum(&src, &dst, IP6_NH_ICMPV6, buf, size);
	buf[2] = (uint8_t)(sum >> 8);
	buf[3] = (uint8_t)sum;
	if (hadisc_decode(buf, size, &src, &dst, &m) != 0)
		return 0;
	hadisc_encode(&w, &m, &src, &dst);
	MUST(!w.err && hadisc_decode(again, w.off, &src, &dst, &m2) == 0);
	compare(&m, &m2);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* Octets of RFC 6275 6.5 to 6.8. */
#include "check.h"
#include "wire/hadisc.h"

static const struct lke_in6 mn = { { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
static const struct lke_in6 ha = { { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1 } };

static size_t encode(const struct hadisc *m, uint8_t buf[1024])
{
	struct wr w = wr_init(buf, 1024);

	hadisc_encode(&w, m, &mn, &ha);
	assert_false(w.err);
	return w.off;
}

static int decode(const uint8_t *p, size_t n, struct hadisc *ret)
{
	return hadisc_decode(p, n, &mn, &ha, ret);
}

static void set_checksum(uint8_t *p, size_t n)
{
	uint16_t c;

	p[2] = p[3] = 0;
	c = ip6_checksum(&mn, &ha, IP6_NH_ICMPV6, p, n);
	p[2] = (uint8_t)(c >> 8);
	p[3] = (uint8_t)c;
}

static void rfc6275_6_5_request_has_eight_octets(void **state)
{
	struct hadisc m = { .type = HADISC_REQUEST, .id = 0x1234 }, got;
	uint8_t buf[1024];

	(void)state;
	assert_int_equal(encode(&m, buf), 8);
	assert_int_equal(buf[0], 144);
	assert_int_equal(buf[1], 0);
	assert_int_equal(buf[4] << 8 | buf[5], 0x1234);
	assert_int_equal(buf[6] | buf[7], 0);
	assert_int_equal(ip6_checksum(&mn, &ha, IP6_NH_ICMPV6, buf, 8), 0);
	assert_int_equal(decode(buf, 8, &got), 0);
	assert_int_equal(got.id, 0x1234);
	m.type = MPREFIX_SOLICITATION;
	assert_int_equal(encode(&m, buf), 8);
	assert_int_equal(decode(buf, 8, &got), 0);
	assert_int_equal(got.type, 146);
}

static void rfc6275_6_6_reply_keeps_the_order(void **state)
{
	struct hadisc m = { .type = HADISC_REPLY, .id = 9, .agents = 3 }, got;
	uint8_t buf[1024];
	size_t n;

	(void)state;
	for (uint8_t k = 0; k < 3; k++) {
		m.agent[k] = ha;
		m.agent[k].b[15] = (uint8_t)(9 - k);
	}
	n = encode(&m, buf);
	assert_int_equal(n, 8 + 48);
	assert_int_equal(decode(buf, n, &got), 0);
	assert_int_equal(got.agents, 3);
	assert_memory_equal(got.agent, m.agent, sizeof(m.agent[0]) * 3);
	/* Half an address. */
	set_checksum(buf, n - 8);
	assert_int_equal(decode(buf, n - 8, &got), -LKE_DROP_SHORT);
}

static void rfc6275_6_8_advertisement_carries_prefixes(void **state)
{
	struct hadisc m = { .type = MPREFIX_ADVERTISEMENT,
			    .id = 77,
			    .other = true,
			    .prefix = { { .prefix = ha,
					  .len = 64,
					  .flags = ND_PIO_R | ND_PIO_A,
					  .valid = 7200,
					  .preferred = 3600 } },
			    .prefixes = 1 },
		      got;
	uint8_t buf[1024];
	size_t n;

	(void)state;
	n = encode(&m, buf);
	assert_int_equal(n, 8 + 32);
	assert_int_equal(buf[6], 0x40);
	assert_int_equal(buf[8], 3);
	assert_int_equal(buf[9], 4);
	assert_int_equal(decode(buf, n, &got), 0);
	assert_true(got.other && !got.managed);
	assert_int_equal(got.prefixes, 1);
	assert_memory_equal(&got.prefix[0].prefix, &ha, 16);
	assert_int_equal(got.prefix[0].valid, 7200);
	assert_int_equal(got.prefix[0].preferred, 3600);
	assert_int_equal(got.prefix[0].flags, ND_PIO_R | ND_PIO_A);
	buf[9] = 0; /* an option of length zero ends no loop elsewhere */
	set_checksum(buf, n);
	assert_int_equal(decode(buf, n, &got), -LKE_DROP_ND_OPTION);
	buf[9] = 5;
	set_checksum(buf, n);
	assert_int_equal(decode(buf, n, &got), -LKE_DROP_ND_OPTION);
	buf[9] = 4;
	buf[12] = buf[13] = 0;
	buf[16] = 0xff; /* preferred longer than valid: ignored */
	set_checksum(buf, n);
	assert_int_equal(decode(buf, n, &got), 0);
	assert_int_equal(got.prefixes, 0);
}

static void rfc6275_6_5_bad_messages_change_nothing(void **state)
{
	struct hadisc m = { .type = HADISC_REQUEST, .id = 1 }, got = { .type = 99 };
	uint8_t buf[1024];

	(void)state;
	encode(&m, buf);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(decode(buf, n, &got), -LKE_DROP_SHORT);
	for (unsigned bit = 8; bit < 64; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(decode(buf, 8, &got), -LKE_DROP_CHECKSUM);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf[1] = 1;
	set_checksum(buf, 8);
	assert_int_equal(decode(buf, 8, &got), -LKE_DROP_ND_CODE);
	buf[0] = 143;
	assert_int_equal(decode(buf, 8, &got), -LKE_DROP_NOT_OURS);
	assert_int_equal(got.type, 99);
}

static void rfc6275_8_4_anycast_address(void **state)
{
	struct lke_in6 want = { { 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0xfd, 0xff, 0xff, 0xff, 0xff,
				  0xff, 0xff, 0xfe } };
	struct lke_in6 got = hadisc_anycast(&ha);

	(void)state;
	assert_memory_equal(&got, &want, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6275_6_5_request_has_eight_octets),
		cmocka_unit_test(rfc6275_6_6_reply_keeps_the_order),
		cmocka_unit_test(rfc6275_6_8_advertisement_carries_prefixes),
		cmocka_unit_test(rfc6275_6_5_bad_messages_change_nothing),
		cmocka_unit_test(rfc6275_8_4_anycast_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

#include "wire/lke_message.h"

static size_t join(const struct lke_mac_input *in, uint8_t *out)
{
	size_t n = 0;

	for (size_t k = 0; k < in->n; k++) {
		memcpy(out + n, in->part[k].p, in->part[k].n);
		n += in->part[k].n;
	}
	return n;
}

/* AMB-030: the packet itself, with these fields zero */
static void whole_packet_input(void **state)
{
	uint8_t pkt[400], want[400], got[400];
	uint64_t r = 5;
	static const size_t off[8] = {
		300, 70, 100, 120, 160, 190, 220, 250
	}; /* not in order, two adjacent */

	for (size_t macs = 0; macs <= 8; macs++) {
		struct lke_mac_input in;
		random_bytes(&r, pkt, sizeof(pkt));
		memcpy(want, pkt, sizeof(want));
		memcpy(want, (uint8_t[]){ 0x60, 0, 0, 0 }, 4);
		memset(want + 42, 0, 2);
		for (size_t k = 0; k < macs; k++)
			memset(want + off[k], 0, 20);
		lke_mac_whole(pkt, sizeof(pkt), 42, off, macs, &in);
		assert_int_equal(join(&in, got), sizeof(pkt));
		assert_memory_equal(got, want, sizeof(pkt));
		assert_true(in.n <= LKE_MAC_PARTS);
	}
}

/* The HMAC at the very end, as in an encoded NS without the four octets */
static void whole_packet_input_with_a_mac_at_the_end(void **state)
{
	uint8_t pkt[100], got[100];
	size_t off = 80;
	struct lke_mac_input in;

	memset(pkt, 0xee, sizeof(pkt));
	lke_mac_whole(pkt, sizeof(pkt), 68, &off, 1, &in);
	assert_int_equal(join(&in, got), 100);
	assert_int_equal(got[79], 0xee);
	assert_int_equal(got[80], 0);
	assert_int_equal(got[99], 0);
}

/* AMB-032, 033, 038: src | dst | MH up to the Authenticator, checksum zero */
static void binding_input(void **state)
{
	uint8_t mh[32], got[64];
	struct lke_in6 src = COA2, dst = AR_GLOBAL;
	struct lke_mac_input in;

	memset(mh, 0xee, sizeof(mh));
	lke_mac_binding(&src, &dst, mh, sizeof(mh), &in);
	assert_int_equal(join(&in, got), 16 + 16 + 20);
	assert_memory_equal(got, src.b, 16);
	assert_memory_equal(got + 16, dst.b, 16);
	assert_memory_equal(got + 32, ((uint8_t[]){ 0xee, 0xee, 0xee, 0xee, 0, 0, 0xee }), 7);
	assert_int_equal(got[51], 0xee);
}

/* AMB-021 */
static void traffic_class_of_the_profile(void **state)
{
	assert_int_equal(lke_traffic_class(LKE_PROFILE_DEFAULT), 0xc0);
	assert_int_equal(lke_traffic_class(LKE_PROFILE_DRAFT01), 0xf0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_packet_input),
		cmocka_unit_test(whole_packet_input_with_a_mac_at_the_end),
		cmocka_unit_test(binding_input),
		cmocka_unit_test(traffic_class_of_the_profile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

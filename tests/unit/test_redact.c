/* SPDX-License-Identifier: ISC */
/* What leaves the host in a support bundle has no key in it. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/redact.h"

#define HEX32	"00112233445566778899aabbccddeeff"
#define PAIRS16 "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"

static void becomes(const char *text, const char *want)
{
	size_t len = strlen(text), n;
	/* Of the exact size, so that a sanitizer sees who reads beyond it. */
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	n = redact(copy, len);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(copy, want, n);
	free(copy);
}

static void op_keys_are_removed(void **state)
{
	becomes(HEX32, "[removed]");
	becomes("a = " HEX32 HEX32 "\nb = 1\n", "a = [removed]\nb = 1\n");
	becomes("x" HEX32 "y " HEX32, "x[removed]y [removed]");
	becomes("AABBCCDDEEFF00112233445566778899", "[removed]");
	becomes("key " PAIRS16 ".", "key [removed].");
	becomes("two " PAIRS16 ", " PAIRS16, "two [removed], [removed]");
	becomes("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nrest",
		"[removed]\nrest");
	becomes("a\n-----BEGIN PRIVATE KEY-----\nMIIE\nvQ", "a\n[removed]");
	becomes("-----BEGIN X-----\n" HEX32 "\n-----END X-----", "[removed]");
}

static void op_the_rest_stays(void **state)
{
	static const char *const same[] = {
		"",
		"0011223344556677 8899aabbccddeeff",
		"2001:0db8:0001:0002:0003:0004:0005:0006",
		"02:00:00:00:01:01 and 00:11:22:33:44:55:66:77",
		"00112233445566778899aabbccddeef",
		"RSA-2048 SHA256:" HEX32 HEX32,
		"\"sha256\": \"" HEX32 HEX32 "\",",
		"Key = /etc/lke/mobiles/alice.key",
		"-----BEGI",
		"a:",
		":",
		"aa:",
		"aa:b",
		"aa:bb:",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		becomes(same[i], same[i]);
	becomes("SHA256:" HEX32 " kbm " HEX32, "SHA256:" HEX32 " kbm [removed]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_keys_are_removed),
		cmocka_unit_test(op_the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

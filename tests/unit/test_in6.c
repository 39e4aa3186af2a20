/* SPDX-License-Identifier: ISC */
#include "base/in6.h"
#include "check.h"
#include "lke/error.h"

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static void text_follows_rfc_5952(void **state)
{
	static const char *const pair[][2] = {
		{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "0:0:1:2:3:4:5:6", "::1:2:3:4:5:6" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char buf[IN6_TEXT_MAX];
	size_t i;

	for (i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		struct lke_in6 a = addr(pair[i][0]);

		assert_string_equal(in6_text(&a, buf), pair[i][1]);
	}
}

static void parse_refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = { "",
					   ":",
					   ":::",
					   "1",
					   "1:2:3:4:5:6:7",
					   "1:2:3:4:5:6:7:8:9",
					   "1::2::3",
					   "12345::",
					   "g::",
					   "::1%lo",
					   "1:2:3:4:5:6:7:8::",
					   ":1::2",
					   "1:",
					   "::1:",
					   "::1.2.3",
					   "::1.2.3.256",
					   "::01.2.3.4",
					   "1:2:3:4:5:6:7:1.2.3.4",
					   " ::1",
					   "::1 ",
					   "1:2:3:4::5:6:7:8",
					   "1.2.3.4",
					   "::1.2.3.4:5" };
	struct lke_in6 a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (in6_parse(bad[i], &a) != LKE_ERR_INVAL)
			fail_msg("accepted '%s'", bad[i]);
	}
}

static void text_and_parse_are_inverse(void **state)
{
	uint64_t seed = 7;
	char buf[IN6_TEXT_MAX];
	int i, j;

	for (i = 0; i < 5000; i++) {
		struct lke_in6 a, b;

		for (j = 0; j < 16; j++)
			a.b[j] = next_random(&seed) % 3 ? 0 : (uint8_t)next_random(&seed);
		assert_int_equal(in6_parse(in6_text(&a, buf), &b), 0);
		assert_true(in6_eq(&a, &b));
	}
}

static void classes(void **state)
{
	struct lke_in6 a = addr("fe80::1"), b = addr("febf::1"), c = addr("fec0::1");

	assert_true(in6_is_linklocal(&a) && in6_is_linklocal(&b) && !in6_is_linklocal(&c));
	assert_false(in6_is_global(&a));
	a = addr("2001:db8::1");
	b = addr("fd00::1");
	c = addr("4000::1");
	assert_true(in6_is_global(&a) && in6_is_global(&b) && !in6_is_global(&c));
	assert_true(in6_is_multicast(&in6_all_nodes) && !in6_is_multicast(&a));
	a = addr("2001:db8::");
	b = addr("2001:db8::fdff:ffff:ffff:ff80");
	c = addr("2001:db8::fdff:ffff:ffff:ff7f");
	assert_true(in6_is_anycast64(&a) && in6_is_anycast64(&b) && !in6_is_anycast64(&c));
}

static void prefixes(void **state)
{
	struct lke_in6 a = addr("2001:db8:8000::"), b = addr("2001:db8:c000::");

	assert_true(in6_prefix_eq(&a, &b, 0) && in6_prefix_eq(&a, &b, 33));
	assert_false(in6_prefix_eq(&a, &b, 34) || in6_prefix_eq(&a, &b, 128));
	assert_true(in6_prefix_eq(&a, &a, 128));
}

static void formed_addresses(void **state)
{
	const struct lke_lladdr ll = { 6, { 0x02, 0, 0, 0, 0x0b, 1 } }, none = { 0 };
	struct lke_in6 p = addr("2001:db8:1::ffff"), a = in6_from_eui48(&p, &ll),
		       s = in6_solicited_node(&a);
	char buf[IN6_TEXT_MAX], lbuf[LLADDR_TEXT_MAX];

	assert_string_equal(in6_text(&a, buf), "2001:db8:1::ff:fe00:b01");
	assert_string_equal(in6_text(&s, buf), "ff02::1:ff00:b01");
	assert_string_equal(lladdr_text(&ll, lbuf), "02:00:00:00:0b:01");
	assert_string_equal(lladdr_text(&none, lbuf), "-");
}

static void link_layer_addresses_are_read(void **state)
{
	static const char *const wrong[] = { "",
					     "02",
					     "02:00:00:00:0b",
					     "02:00:00:00:0b:01:",
					     "2:0:0:0:b:1",
					     "02-00-00-00-0b-01",
					     "02:00:00:00:0b:0g",
					     "2001:db8::1",
					     "02:00:00:00:0b:01:02" };
	const struct lke_lladdr want = { 6, { 0x02, 0, 0, 0, 0x0b, 0xff } };
	struct lke_lladdr got = { 0 };

	assert_int_equal(lladdr_parse("02:00:00:00:0b:fF", &got), 0);
	assert_true(lladdr_eq(&got, &want));
	for (unsigned n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		assert_int_equal(lladdr_parse(wrong[n], &got), LKE_ERR_INVAL);
	assert_true(lladdr_eq(&got, &want)); /* untouched on failure */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_follows_rfc_5952),
		cmocka_unit_test(parse_refuses_what_is_no_address),
		cmocka_unit_test(text_and_parse_are_inverse),
		cmocka_unit_test(classes),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(formed_addresses),
		cmocka_unit_test(link_layer_addresses_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

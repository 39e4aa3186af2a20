/* SPDX-License-Identifier: ISC */
#include "base/in6.h"
#include "base/str.h"
#include "check.h"

static void all_kinds(void **state)
{
	char buf[80];
	struct sbuf s = sbuf_init(buf, sizeof(buf));

	sbuf_str(&s, "a ");
	sbuf_u64(&s, 0);
	sbuf_char(&s, ' ');
	sbuf_u64(&s, UINT64_MAX);
	sbuf_char(&s, ' ');
	sbuf_hex(&s, "\x00\xff\x1a", 3);
	sbuf_char(&s, ' ');
	sbuf_in6(&s, &in6_all_nodes);
	assert_string_equal(buf, "a 0 18446744073709551615 00ff1a ff02::1");
	assert_int_equal(s.len, strlen(buf));
}

static void cut_text_is_counted_and_ends(void **state)
{
	char buf[5] = "xxxx";
	struct sbuf s = sbuf_init(buf, 4);

	sbuf_str(&s, "abcdef");
	assert_string_equal(buf, "abc");
	assert_int_equal(s.len, 6);
	s = sbuf_init(NULL, 0);
	sbuf_str(&s, "abc");
	assert_int_equal(s.len, 3);
	str_copy(buf, 3, "pqrs");
	assert_string_equal(buf, "pq");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(cut_text_is_counted_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

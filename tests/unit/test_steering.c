/* SPDX-License-Identifier: ISC */
/* Commands for nftables; the kernel's part is in test_netns_steering.c. */
#include <errno.h>

#include "base/in6.h"
#include "check.h"
#include "platform/linux/steering.h"

static struct lke_act_steer act(enum lke_steer set, bool remove)
{
	struct lke_act_steer a = { .set = set, .spi = 0x1000, .remove = remove };

	assert_int_equal(in6_parse("2001:db8::1", &a.addr), 0);
	return a;
}

static void check(enum lke_steer set, bool remove, const char *want)
{
	struct lke_act_steer a = act(set, remove);
	char buf[320];
	int n = steer_commands(&a, 1, buf, sizeof(buf));

	assert_int_equal(n, strlen(want));
	assert_string_equal(buf, want);
}

static void adding_names_the_set_and_the_element(void **state)
{
	check(LKE_STEER_MINE, false, "add element ip6 lke mine { 2001:db8::1 }\n");
	check(LKE_STEER_PROXIED, false, "add element ip6 lke coa_proxied { 2001:db8::1 }\n");
	check(LKE_STEER_SPI, false, "add element ip6 lke spi { 2001:db8::1 . 0x00001000 }\n");
}

/* Deleting a missing element fails the batch, adding an existing one does not. */
static void removing_adds_first(void **state)
{
	check(LKE_STEER_MINE, true,
	      "add element ip6 lke mine { 2001:db8::1 }\n"
	      "delete element ip6 lke mine { 2001:db8::1 }\n");
}

/* What follows each other and is alike is one command: thousands of SPIs at the start. */
static void several_elements_are_few_commands(void **state)
{
	struct lke_act_steer a[] = { act(LKE_STEER_SPI, false), act(LKE_STEER_SPI, false),
				     act(LKE_STEER_MINE, true), act(LKE_STEER_MINE, true),
				     act(LKE_STEER_SPI, true) };
	char buf[512];

	a[1].spi = 0x1001;
	a[3].addr.b[15] = 2;
	assert_true(steer_commands(a, 5, buf, sizeof(buf)) > 0);
	assert_string_equal(
		buf,
		"add element ip6 lke spi { 2001:db8::1 . 0x00001000, 2001:db8::1 . 0x00001001 }\n"
		"add element ip6 lke mine { 2001:db8::1, 2001:db8::2 }\n"
		"delete element ip6 lke mine { 2001:db8::1, 2001:db8::2 }\n"
		"add element ip6 lke spi { 2001:db8::1 . 0x00001000 }\n"
		"delete element ip6 lke spi { 2001:db8::1 . 0x00001000 }\n");
	assert_int_equal(steer_commands(a, 0, buf, sizeof(buf)), 0);
	assert_int_equal(steer_commands(a, 5, buf, 100), -ENOSPC);
}

static void bad_arguments_are_refused(void **state)
{
	struct lke_act_steer a = act(LKE_STEER_MINE, false);
	char buf[320];

	assert_int_equal(steer_commands(&a, 1, buf, 20), -ENOSPC);
	a.set = (enum lke_steer)99;
	assert_int_equal(steer_commands(&a, 1, buf, sizeof(buf)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding_names_the_set_and_the_element),
		cmocka_unit_test(removing_adds_first),
		cmocka_unit_test(several_elements_are_few_commands),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

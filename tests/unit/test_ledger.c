/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/in6.h"
#include "daemon/ledger.h"

static const uint8_t secret[16] = { 1 };

static struct priv_request neigh(uint32_t ifindex, uint8_t last)
{
	struct priv_request r = { .type = PRIV_NEIGH, .ifindex = ifindex };

	r.addr.b[0] = 0xfe;
	r.addr.b[1] = 0x80;
	r.addr.b[15] = last;
	return r;
}

static void only_what_was_added_is_removed(void **state)
{
	struct priv_request r = neigh(3, 1), other = neigh(4, 1);
	struct ledger *l;

	assert_int_equal(ledger_new(8, secret, &l), 0);
	assert_false(ledger_del(l, &r));
	assert_int_equal(ledger_add(l, &r), 0);
	assert_false(ledger_del(l, &other));
	other = r;
	other.type = PRIV_ADDR;
	assert_false(ledger_del(l, &other));
	assert_true(ledger_del(l, &r));
	assert_false(ledger_del(l, &r));
	ledger_free(l);
}

static void an_interception_has_no_interface_of_its_own(void **state)
{
	struct priv_request r = { .type = PRIV_INTERCEPT };
	struct ledger *l;

	assert_int_equal(ledger_new(8, secret, &l), 0);
	assert_int_equal(ledger_add(l, &r), 0);
	r.ifindex = 4; /* that of a gate */
	assert_true(ledger_has(l, &r));
	assert_true(ledger_del(l, &r));
	assert_false(ledger_has(l, &r));
	ledger_free(l);
}

static void additions_are_bounded(void **state)
{
	struct ledger *l;
	struct priv_request r;

	assert_int_equal(ledger_new(8, secret, &l), 0);
	for (uint8_t i = 0; i < 8; i++) {
		r = neigh(3, i);
		assert_int_equal(ledger_add(l, &r), 0);
		assert_int_equal(ledger_add(l, &r), 0); /* a replacement takes no room */
	}
	r = neigh(3, 8);
	assert_int_equal(ledger_add(l, &r), -ENOSPC);
	r = neigh(3, 0);
	assert_true(ledger_del(l, &r));
	r = neigh(3, 8);
	assert_int_equal(ledger_add(l, &r), 0);
	ledger_free(l);
}

static void a_lost_interface_makes_room(void **state)
{
	struct ledger *l;
	struct priv_request r;

	assert_int_equal(ledger_new(8, secret, &l), 0);
	for (uint8_t i = 0; i < 8; i++) {
		r = neigh(i % 2 ? 3 : 4, i);
		assert_int_equal(ledger_add(l, &r), 0);
	}
	ledger_forget_link(l, 3);
	r = neigh(3, 1);
	assert_false(ledger_del(l, &r));
	r = neigh(4, 0);
	assert_true(ledger_del(l, &r));
	ledger_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_added_is_removed),
		cmocka_unit_test(an_interception_has_no_interface_of_its_own),
		cmocka_unit_test(additions_are_bounded),
		cmocka_unit_test(a_lost_interface_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

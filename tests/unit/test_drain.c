/* SPDX-License-Identifier: ISC */
/* Paths around the TUN device wait for the packets that are parked in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/in6.h"
#include "daemon/driver.h"

enum { BUDGET = 16, ASKED_MAX = 64 };

static struct driver d;
static bool held;
static struct priv_request asked[ASKED_MAX];
static uint64_t cookie[ASKED_MAX], ended;
static unsigned n, gates;

void event_active(struct event *ev, int what, short calls) {}

bool fwd_held(const struct fwd *f)
{
	return held;
}

void driver_gate_path(struct driver *drv, struct priv_request *r)
{
	gates++;
}

void requests_add(struct driver *drv, const struct priv_request *r, uint64_t engine_cookie)
{
	cookie[n] = engine_cookie;
	asked[n++] = *r;
}

void driver_result(struct driver *drv, uint64_t engine_cookie, int err, const uint8_t *data,
		   size_t len)
{
	ended = engine_cookie;
}

static int setup(void **state)
{
	memset(&d, 0, sizeof(d));
	held = true;
	n = gates = 0;
	ended = 0;
	return 0;
}

static struct priv_request path(uint8_t source, enum lke_path kind, uint32_t ifindex)
{
	struct priv_request r = { .type = PRIV_PATH, .kind = (uint8_t)kind, .ifindex = ifindex };

	r.addr.b[15] = source;
	return r;
}

static bool waits(uint8_t source, enum lke_path kind, uint32_t ifindex)
{
	const struct priv_request r = path(source, kind, ifindex);

	return drain_defer(&d, &r, 100U + source);
}

static void release(void)
{
	held = false;
	drain_begin(&d);
}

static void a_path_waits_until_the_device_is_empty(void **state)
{
	assert_true(waits(1, LKE_PATH_ROUTER, 3));
	release();
	assert_true(waits(2, LKE_PATH_ROUTER, 3));
	drain_read(&d, BUDGET, BUDGET);
	assert_int_equal(n, 0);
	drain_read(&d, BUDGET - 1, BUDGET);
	assert_int_equal(n, 2);
	assert_int_equal(gates, 2);
	assert_int_equal(asked[0].addr.b[15], 1);
	assert_int_equal(cookie[1], 102);
	assert_false(waits(3, LKE_PATH_ROUTER, 3));
}

/* An address that was never bound goes while the packets of another one are parked: here the ways
 * around the device were asked for at once, and new packets overtook those that stood in it. */
static void the_end_of_another_path_asks_for_nothing(void **state)
{
	assert_true(waits(1, LKE_PATH_ROUTER, 3));
	assert_false(waits(2, LKE_PATH_NONE, 0));
	assert_false(waits(3, LKE_PATH_TUNNEL, 0));
	assert_int_equal(n, 0);
	release();
	assert_false(waits(2, LKE_PATH_NONE, 0));
	assert_int_equal(n, 0);
	drain_read(&d, 0, BUDGET);
	assert_int_equal(n, 1);
}

/* It must not come back over the newer one. */
static void a_newer_change_replaces_the_one_that_waits(void **state)
{
	assert_true(waits(1, LKE_PATH_ROUTER, 3));
	assert_true(waits(2, LKE_PATH_ROUTER, 3));
	assert_false(waits(1, LKE_PATH_TUNNEL, 0));
	assert_int_equal(ended, 101);
	assert_true(waits(2, LKE_PATH_ROUTER, 4));
	assert_int_equal(ended, 102);
	release();
	drain_read(&d, 0, BUDGET);
	assert_int_equal(n, 1);
	assert_int_equal(asked[0].addr.b[15], 2);
	assert_int_equal(asked[0].ifindex, 4);
}

static void only_so_many_wait(void **state)
{
	for (uint8_t i = 0; i < DEFERRED_MAX; i++)
		assert_true(waits(i, LKE_PATH_ROUTER, 3));
	assert_true(waits(DEFERRED_MAX - 1, LKE_PATH_ROUTER, 4));
	assert_int_equal(n, 0);
	assert_true(waits(DEFERRED_MAX, LKE_PATH_ROUTER, 3));
	assert_int_equal(n, DEFERRED_MAX);
	assert_int_equal(d.deferreds, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(t) cmocka_unit_test_setup(t, setup)
		T(a_path_waits_until_the_device_is_empty),
		T(the_end_of_another_path_asks_for_nothing),
		T(a_newer_change_replaces_the_one_that_waits),
		T(only_so_many_wait),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

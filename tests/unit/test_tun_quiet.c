/* SPDX-License-Identifier: ISC */
/* When nothing is on its way through the TUN device; a pipe stands for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tun_quiet.h"

static int tun[2];
static struct tun_quiet q;

static int setup(void **state)
{
	return pipe(tun) || tun_quiet_open(&q, tun[0]);
}

static int teardown(void **state)
{
	close(tun[0]);
	return close(tun[1]);
}

static void a_packet_in_the_device_is_not_quiet(void **state)
{
	char c;

	assert_true(tun_quiet(&q));
	assert_int_equal(write(tun[1], "p", 1), 1);
	assert_false(tun_quiet(&q));
	assert_int_equal(read(tun[0], &c, 1), 1);
	assert_true(tun_quiet(&q));
}

/* In the other process. */
static void a_packet_that_is_being_sent_is_not_quiet(void **state)
{
	int status;
	pid_t engine = fork();

	assert_true(engine >= 0);
	if (engine == 0) {
		tun_quiet_reading(&q, true);
		_exit(0);
	}
	assert_int_equal(waitpid(engine, &status, 0), engine);
	assert_false(tun_quiet(&q));
	tun_quiet_reading(&q, false);
	assert_true(tun_quiet(&q));
}

static void what_was_not_opened_is_never_quiet(void **state)
{
	struct tun_quiet none = { .fd = tun[0] };

	tun_quiet_reading(&none, false);
	assert_false(tun_quiet(&none));
	tun_quiet_wait(&none);
}

static void waiting_in_vain_becomes_shorter(void **state)
{
	unsigned most = q.patience;
	char c;

	assert_int_equal(write(tun[1], "p", 1), 1);
	for (unsigned i = 0; i < 8; i++)
		tun_quiet_wait(&q);
	assert_int_equal(q.patience, 0);
	assert_int_equal(read(tun[0], &c, 1), 1);
	tun_quiet_wait(&q);
	assert_int_equal(q.patience, most);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_packet_in_the_device_is_not_quiet),
		T(a_packet_that_is_being_sent_is_not_quiet),
		T(what_was_not_opened_is_never_quiet),
		T(waiting_in_vain_becomes_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

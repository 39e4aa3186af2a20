/* SPDX-License-Identifier: ISC */
/* Who goes before whom.  Each case in a process of its own. */
#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "platform/linux/priority.h"
#include "skip.h"

enum { CANNOT = 99 };

/* The nice value after a function, from the one before it. */
static int after(void (*f)(void), int nice)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setpriority(PRIO_PROCESS, 0, nice))
			_exit(CANNOT);
		f();
		_exit(getpriority(PRIO_PROCESS, 0) + 20);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == CANNOT ? CANNOT : WEXITSTATUS(status) - 20;
}

static bool may_go_first(void)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, 0) == 0 && after(priority_background, -1) != CANNOT;
}

static void the_daemon_goes_before_ordinary_programs(void **state)
{
	if (!may_go_first())
		skip_because("needs root, and no nice value to begin with");
	assert_int_equal(after(priority_first, 0), -10);
	/* Whoever chose something keeps it. */
	assert_int_equal(after(priority_first, 3), 3);
	assert_int_equal(after(priority_first, -5), -5);
	assert_int_equal(after(priority_responsive, -10), -10);
}

static void what_computes_goes_behind_them(void **state)
{
	assert_int_equal(after(priority_background, 15), 19);
	if (!may_go_first())
		skip_because("needs root, and no nice value to begin with");
	assert_int_equal(after(priority_background, -10), 5);
	assert_int_equal(after(priority_background, 0), 5);
	assert_int_equal(after(priority_background, 3), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_daemon_goes_before_ordinary_programs),
		cmocka_unit_test(what_computes_goes_behind_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

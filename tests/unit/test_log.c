/* SPDX-License-Identifier: ISC */
/* THREATS 93: who can cause a line cannot fill the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "platform/linux/clock.h"

enum { MANY = 1000, PER_SECOND = 10 };

struct counted {
	unsigned lines;	   /* that have the word */
	unsigned left_out; /* as the log tells */
};

static char path[] = "/tmp/lke-log-XXXXXX";
static int stderr_before;
static lke_time start;

static int setup(void **state)
{
	int fd = mkstemp(path);

	stderr_before = dup(STDERR_FILENO);
	return fd < 0 || stderr_before < 0 || close(fd) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	close(stderr_before);
	return unlink(path);
}

static void begin(bool debug)
{
	assert_non_null(freopen(path, "w", stderr));
	setvbuf(stderr, NULL, _IONBF, 0);
	log_open(debug);
	log_set_level(LOG_LEVEL_NOTICE);
	start = clock_now();
}

/* What a limit of its own lets through from begin() on: the burst, and what came since. */
static unsigned allowed(void)
{
	return PER_SECOND + (unsigned)((clock_now() - start) * PER_SECOND / LKE_SEC) + 1;
}

static struct counted end(const char *word)
{
	struct counted ret = { 0 };
	char line[512];
	FILE *f;

	dup2(stderr_before, STDERR_FILENO);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *told = strstr(line, "lked: (");

		if (told)
			ret.left_out += (unsigned)strtoul(told + strlen("lked: ("), NULL, 10);
		else if (strstr(line, word))
			ret.lines++;
	}
	fclose(f);
	return ret;
}

static void flood(const struct lke_note *n, unsigned many)
{
	for (unsigned i = 0; i < many; i++)
		log_note(n, "wlan0");
}

/* Until a line of this kind is admitted again, which tells how many were not. */
static void rest(void)
{
	usleep(2 * 1000000 / PER_SECOND);
}

static void thr_093_ten_lines_a_second_of_each_kind(void **state)
{
	const struct lke_note refused = { .type = LKE_NOTE_REFUSED, .role = LKE_ROLE_AR };
	const struct lke_note other = { .type = LKE_NOTE_ALARM, .role = LKE_ROLE_AR };
	struct counted c;
	unsigned most;

	begin(false);
	flood(&refused, MANY);
	most = allowed();
	log_note(&other, "wlan0"); /* another kind is heard beside it */
	log_warning("the daemon itself");
	c = end("refused");
	assert_in_range(c.lines, 1, most);
	assert_int_equal(end("ALARM").lines, 1);
	assert_int_equal(end("the daemon itself").lines, 1);
}

static void thr_093_what_is_left_out_is_counted(void **state)
{
	struct counted c;

	begin(false);
	for (unsigned i = 0; i < MANY; i++)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "the kernel refused");
	rest();
	log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "the kernel refused");
	c = end("the kernel refused");
	assert_true(c.left_out > 0);
	assert_int_equal(c.lines + c.left_out, MANY + 1);
}

/* lked -d shows every message that is understood, but of what is dropped as much as ever. */
static void thr_093_drops_are_limited_at_the_debug_level(void **state)
{
	const struct lke_note good = { .type = LKE_NOTE_MESSAGE, .msg = LKE_MSG_BU };
	struct lke_note bad = good;
	struct counted c;
	unsigned most;

	bad.drop = LKE_DROP_CHECKSUM;
	begin(true);
	flood(&bad, MANY);
	most = allowed();
	c = end("dropped");
	assert_in_range(c.lines, 1, most);
	begin(true);
	flood(&good, MANY);
	assert_int_equal(end("lked: ").lines, MANY);
	begin(false);
	flood(&good, MANY);
	flood(&bad, MANY);
	assert_int_equal(end("lked: ").lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thr_093_ten_lines_a_second_of_each_kind),
		cmocka_unit_test(thr_093_what_is_left_out_is_counted),
		cmocka_unit_test(thr_093_drops_are_limited_at_the_debug_level),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/journal.h"

static char dir[] = "/tmp/lke-journal-XXXXXX";
static struct sockaddr_un sun = { .sun_family = AF_UNIX };
static int journal = -1, ours = -1;
static char got[2048];

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", dir);
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(journal, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	ours = journal_connect(sun.sun_path);
	return ours < 0;
}

static int teardown(void **state)
{
	close(ours);
	close(journal);
	unlink(sun.sun_path);
	return rmdir(dir);
}

static void receive(void)
{
	memset(got, 0, sizeof(got));
	assert_true(recv(journal, got, sizeof(got) - 1, 0) > 0);
}

static void entry_without_a_note(void **state)
{
	assert_int_equal(journal_send(ours, LOG_LEVEL_WARNING, "a line", NULL, ""), 0);
	receive();
	assert_string_equal(got, "MESSAGE=a line\nPRIORITY=4\nSYSLOG_IDENTIFIER=lked\n");
}

static void entry_of_a_note_has_its_fields(void **state)
{
	struct lke_note n = { .type = LKE_NOTE_BINDING, .role = LKE_ROLE_AR };

	assert_int_equal(in6_parse("2001:db8:1::a1", &n.addr), 0);
	assert_int_equal(in6_parse("2001:db8:2::a1", &n.peer), 0);
	assert_int_equal(journal_send(ours, LOG_LEVEL_NOTICE, "binding", &n, "wlan0"), 0);
	receive();
	assert_string_equal(got, "MESSAGE=binding\nPRIORITY=5\nSYSLOG_IDENTIFIER=lked\n"
				 "LKE_INTERFACE=wlan0\nLKE_ROLE=access-router\n"
				 "LKE_EVENT=binding\nLKE_ADDRESS=2001:db8:1::a1\n"
				 "LKE_PEER=2001:db8:2::a1\n");
}

static void a_line_feed_makes_no_field(void **state)
{
	assert_int_equal(journal_send(ours, LOG_LEVEL_ERROR, "x\n_UID=0", NULL, ""), 0);
	receive();
	assert_string_equal(got, "MESSAGE=x _UID=0\nPRIORITY=3\nSYSLOG_IDENTIFIER=lked\n");
}

static void a_journal_that_does_not_read_is_an_error_and_no_wait(void **state)
{
	int err = 0;

	for (int i = 0; i < 100000 && !err; i++)
		err = journal_send(ours, LOG_LEVEL_ERROR, "again", NULL, "");
	assert_int_equal(err, -EAGAIN);
	while (recv(journal, got, sizeof(got), 0) > 0)
		;
}

static void stderr_is_the_journal_when_its_inode_says_so(void **state)
{
	struct stat st;
	char text[64];

	unsetenv("JOURNAL_STREAM");
	assert_false(journal_is_stderr());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	assert_true(journal_is_stderr());
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", text, 1);
	assert_false(journal_is_stderr());
	unsetenv("JOURNAL_STREAM");
}

static void nobody_at_the_socket(void **state)
{
	assert_int_equal(journal_connect("/nonexistent/socket"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_without_a_note),
		cmocka_unit_test(entry_of_a_note_has_its_fields),
		cmocka_unit_test(a_line_feed_makes_no_field),
		cmocka_unit_test(a_journal_that_does_not_read_is_an_error_and_no_wait),
		cmocka_unit_test(stderr_is_the_journal_when_its_inode_says_so),
		cmocka_unit_test(nobody_at_the_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: ISC */
/* Descriptors that a service manager kept: what it says of them is not trusted to make sense. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "daemon/fd_store.h"
#include "daemon/notify.h"

/* Descriptors have fixed numbers here, so each case is a process of its own; the number of those
 * that were taken, or 100 and more for what went wrong. */
static int taken(const char *pid, const char *count, const char *names, int open_fds,
		 const char *first)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct fd_store_item item[FD_STORE_MAX];
		char own[16];
		size_t n;

		for (int fd = 3; fd < 64; fd++)
			close(fd);
		for (int i = 0; i < open_fds; i++)
			if (open("/dev/null", O_RDONLY) != 3 + i)
				_exit(100);
		snprintf(own, sizeof(own), "%d", (int)getpid());
		if (pid)
			setenv("LISTEN_PID", strcmp(pid, "own") == 0 ? own : pid, 1);
		if (count)
			setenv("LISTEN_FDS", count, 1);
		if (names)
			setenv("LISTEN_FDNAMES", names, 1);
		n = fd_store_take(item);
		if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
			_exit(101);
		for (size_t i = 0; i < n; i++)
			if (fcntl(item[i].fd, F_GETFD) != FD_CLOEXEC)
				_exit(102);
		if (n && first && strcmp(item[0].name, first) != 0)
			_exit(103);
		_exit((int)n);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static void descriptors_come_with_their_names(void **state)
{
	assert_int_equal(taken("own", "2", "lke-tun:lke-note", 2, "lke-tun"), 2);
	assert_int_equal(taken("own", "1", "lke-tun", 1, "lke-tun"), 1);
	assert_int_equal(taken("own", "0", "", 0, NULL), 0);
}

static void what_is_not_for_us_is_not_taken(void **state)
{
	assert_int_equal(taken("1", "2", "a:b", 2, NULL), 0);
	assert_int_equal(taken(NULL, "2", "a:b", 2, NULL), 0);
	assert_int_equal(taken("", "2", "a:b", 2, NULL), 0);
	assert_int_equal(taken("own", NULL, "a:b", 2, NULL), 0);
	assert_int_equal(taken("own", "2", NULL, 2, NULL), 0);
}

static void odd_descriptors_and_names_are_passed_over(void **state)
{
	static char many[FD_STORE_MAX * 4 + 1];

	/* Closed ones, no name, too long a name, more than there are, nonsense for a number. */
	assert_int_equal(taken("own", "3", "a:b:c", 2, "a"), 2);
	assert_int_equal(taken("own", "3", "a::c", 3, "a"), 2);
	assert_int_equal(taken("own", "2", "a", 2, "a"), 1);
	assert_int_equal(taken("own", "2", "0123456789012345678901234567890123456789:b", 2, "b"),
			 1);
	assert_int_equal(taken("own", "-1", "a", 1, NULL), 0);
	assert_int_equal(taken("own", "1x", "a", 1, NULL), 0);
	assert_int_equal(taken("own", "99999999999999999999", "a", 1, NULL), 0);
	for (size_t i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "a:", 2);
	assert_int_equal(taken("own", "1000000000", many, 5, "a"), 5);
}

static void a_store_is_there_when_the_manager_says_so(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("FDSTORE");
	assert_false(fd_store_offered());
	setenv("NOTIFY_SOCKET", "@lke-test", 1);
	assert_false(fd_store_offered());
	setenv("FDSTORE", "0", 1);
	assert_false(fd_store_offered());
	setenv("FDSTORE", "many", 1);
	assert_false(fd_store_offered());
	setenv("FDSTORE", "72", 1);
	assert_true(fd_store_offered());
}

static void a_descriptor_reaches_the_manager(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char path[64], text[128] = "", c = 'x';
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0), pipes[2], got = -1;

	assert_false(fd_store_put("lke-tun", 0)); /* nobody is there yet */
	snprintf(path, sizeof(path), "@lke-test-%d", (int)getpid());
	memcpy(sun.sun_path + 1, path + 1, strlen(path) - 1);
	assert_int_equal(bind(sock, (struct sockaddr *)&sun,
			      (socklen_t)(sizeof(sun.sun_family) + strlen(path))),
			 0);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_open();
	assert_int_equal(pipe(pipes), 0);
	assert_true(fd_store_put("lke-tun", pipes[1]));
	assert_true(recvmsg(sock, &msg, 0) > 0);
	assert_string_equal(text, "FDSTORE=1\nFDNAME=lke-tun\nFDPOLL=0");
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	assert_int_equal(write(got, &c, 1), 1);
	c = 0;
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	fd_store_drop("lke-tun");
	memset(text, 0, sizeof(text));
	assert_true(recv(sock, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=lke-tun");
	close(sock);
	/* The manager has gone. */
	assert_false(fd_store_put("lke-tun", pipes[1]));
	close(got);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_come_with_their_names),
		cmocka_unit_test(what_is_not_for_us_is_not_taken),
		cmocka_unit_test(odd_descriptors_and_names_are_passed_over),
		cmocka_unit_test(a_store_is_there_when_the_manager_says_so),
		cmocka_unit_test(a_descriptor_reaches_the_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* What each of the two processes may do, and what ends it.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/in6.h"
#include "netns_fixture.h"
#include "platform/linux/group.h"
#include "platform/linux/sandbox.h"
#include "platform/linux/steering.h"

static void *thread_main(void *arg)
{
	return arg;
}

/* 0 when everything is as it must be, else a number that says what is not. */
static int inside(int mon_fd)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct lke_act_group ga = { .ifindex = v1, .group = A("ff02::1:ff12:3456") };
	struct packet_mreq_like {
		int i;
		unsigned short t, l;
		unsigned char a[8];
	} mr = { (int)v0, 2, 0, { 0 } };
	struct heard h = { 0 };
	struct group *g;
	struct mon *m;
	pthread_t th;
	uint8_t buf[2048];
	static const uint8_t bu[12] = { 59, 1, 5 };
	int raw = socket(AF_INET6, SOCK_DGRAM, 0);
	char err[256];
	int sv[2];

	if (group_open(1, &g) || socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		return 1;
	if (sandbox_enter(65534, 65534, "/mnt", err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return 2;
	}
	if (getuid() != 65534 || geteuid() != 65534 || setuid(0) == 0)
		return 3;
	if (socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM)
		return 4;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM)
		return 5;
	if (bind(raw, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != EPERM)
		return 6;
	if (connect(raw, (struct sockaddr *)&sa, sizeof(sa)) == 0 || errno != EPERM)
		return 7;
	if (sendto(raw, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)) >= 0 || errno != EPERM)
		return 8;
	if (syscall(SYS_sendmsg, raw, NULL, 0) >= 0 || errno != EPERM)
		return 9;
	if (setsockopt(out.fd, 263, 1, &mr, sizeof(mr)) == 0 || errno != EPERM)
		return 10;
	/* The kernel takes the low half of the level: the other one must not hide it. */
	if (syscall(SYS_setsockopt, out.fd, (1UL << 32) | 263, 1, &mr, sizeof(mr)) == 0 ||
	    errno != EPERM)
		return 13;
	if (ioctl(tun_fd, TUNSETPERSIST, 1) == 0 || errno != EPERM)
		return 14;
	if (ioctl(sv[0], FIONREAD, &mr.i))
		return 15;
	if (syscall(SYS_tgkill, getppid() + 1, getppid() + 1, 0) == 0 || errno != EPERM)
		return 16;
	if (access("/etc/passwd", F_OK) == 0 || access("/proc/self", F_OK) == 0)
		return 11;
	if (fork() >= 0)
		return 12;
	/* and what must go on working */
	if (pthread_create(&th, NULL, thread_main, NULL) || pthread_join(th, NULL))
		return 20;
	if (packet_send(&out, &in.own, buf, packet(buf, stranger, host, 135, bu, sizeof(bu))))
		return 21;
	if (!expect(&in, 135, 0, NULL, NULL))
		return 22;
	if (mon_start(mon_fd, &m))
		return 23;
	for (int i = 0; i < 20 && !mon_synced(m); i++) {
		wait_readable(mon_fd, 100);
		if (mon_read(m, hear, &h))
			return 24;
	}
	if (!mon_synced(m) || h.links < 4 || strcmp(h.v1.name, "v1") != 0)
		return 25;
	if (group_set(g, &ga))
		return 26;
	/* a virtio_net_hdr of zeroes before the packet */
	memset(buf, 0, OFFLOAD_HDR_LEN);
	if (write(tun_fd, buf,
		  OFFLOAD_HDR_LEN + packet(buf + OFFLOAD_HDR_LEN, stranger, host, 59, "", 0)) < 0)
		return 27;
	if (send(sv[0], "x", 1, 0) != 1 || malloc(1 << 22) == NULL)
		return 28;
	return 0;
}

static void sandbox_denies_and_lets_work(void **state)
{
	int mon_fd = mon_open(), status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(inside(mon_fd));
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(mon_fd);
}

static void sandbox_kills_attacks(void **state)
{
	for (int i = 0; i < 5; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			char err[256], *none[] = { NULL };

			if (sandbox_enter(65534, 65534, "/mnt", err, sizeof(err)))
				_exit(1);
			if (i == 0)
				execve("/bin/true", none, none);
			else if (i == 1)
				ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			else if (i == 2)
				syscall(SYS_setns, 0, 0);
			else
				unshare(CLONE_NEWUSER);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void privileged_keeps_only_the_network(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct lke_act_steer mine = { .set = LKE_STEER_MINE, .addr = A(host) };
		struct lke_act_intercept icept = { .addr = A("2001:db8:1::77") };
		struct packet_link l;
		struct steer *s;
		char err[512];

		if (privileged_limit())
			_exit(1);
		if (unshare(CLONE_NEWNET) == 0 || chroot("/mnt") == 0)
			_exit(2);
		if (nl_intercept(nl, &icept, tun) || packet_open(v1, PACKET_KIND_LINK, NULL, &l))
			_exit(3);
		if (steer_open(NULL, 0, &s, err, sizeof(err)) || steer_apply(s, &mine, 1))
			_exit(4);
		nl_remove_all(nl);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sandbox_denies_and_lets_work),
		cmocka_unit_test(sandbox_kills_attacks),
		cmocka_unit_test(privileged_keeps_only_the_network),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

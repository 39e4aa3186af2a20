/* SPDX-License-Identifier: ISC */
/* What each of the two processes may do, and what ends it.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static void enter(void)
{
	static const gid_t others[] = { 1, 2 };
	char err[256];

	if (setgroups(2, others) || sandbox_enter(65534, 65534, "/mnt", err, sizeof(err)))
		_exit(1);
}

/* Arguments of zero: whoever is let through gets an error of the call itself, or nothing. */
static void sandbox_kills_attacks(void **state)
{
	static const long attack[] = {
		SYS_execve,
		SYS_execveat,
		SYS_ptrace,
		SYS_bpf,
		SYS_mount,
		SYS_umount2,
		SYS_pivot_root,
		SYS_chroot,
		SYS_setns,
		SYS_unshare,
		SYS_init_module,
		SYS_finit_module,
		SYS_delete_module,
		SYS_kexec_load,
		SYS_kexec_file_load,
		SYS_open_tree,
		SYS_move_mount,
		SYS_fsopen,
		SYS_fsmount,
		SYS_fsconfig,
		SYS_process_vm_readv,
		SYS_process_vm_writev,
		SYS_userfaultfd,
		SYS_keyctl,
		SYS_add_key,
		SYS_request_key,
		SYS_perf_event_open,
		SYS_open_by_handle_at,
		SYS_kill,
		SYS_tkill,
		SYS_rt_sigqueueinfo,
		SYS_rt_tgsigqueueinfo,
		SYS_pidfd_send_signal,
		SYS_pidfd_getfd,
		SYS_kcmp,
	};

	for (size_t i = 0; i < sizeof(attack) / sizeof(attack[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			enter();
			syscall(attack[i], 0, 0, 0, 0, 0, 0);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("system call %ld does not end the process", attack[i]);
	}
}

/* 0, or the place in the list of the call that is not refused by the filter. */
static int refused_calls(void)
{
	const long call[][3] = {
		{ SYS_socket },
		{ SYS_bind },
		{ SYS_connect },
		{ SYS_listen },
		{ SYS_openat },
		{ SYS_openat2 },
		{ SYS_sendmsg },
		{ SYS_sendmmsg },
		{ SYS_io_uring_setup },
		{ SYS_io_uring_enter },
		{ SYS_io_uring_register },
		{ SYS_prlimit64, getpid() },
		{ SYS_clone, SIGCHLD },
#ifdef SYS_open
		{ SYS_open },
		{ SYS_creat },
		{ SYS_fork },
#endif
	};

	for (size_t i = 0; i < sizeof(call) / sizeof(call[0]); i++) {
		long r = syscall(call[i][0], call[i][1], call[i][2], 0, 0, 0, 0);

		if (r >= 0 || errno != EPERM)
			return (int)i + 1;
	}
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : 100;
}

static void sandbox_refuses_what_reaches_outside(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		enter();
		_exit(refused_calls());
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static ino_t namespace_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void has_line(const char *status, const char *line)
{
	if (!strstr(status, line))
		fail_msg("no \"%s\" in:\n%s", line, status);
}

static void sandbox_leaves_nothing_to_take(void **state)
{
	static const char *const space[] = { "net", "mnt", "ipc" };
	char path[64], text[4096] = "", c = 0;
	int sv[2], status;
	FILE *f;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = fork();
	if (pid == 0) {
		struct rlimit core;
		bool ok;

		close(sv[0]); /* the end of a test that failed ends this process, too */
		enter();
		ok = prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
		     core.rlim_max == 0;
		if (write(sv[1], ok ? "y" : "n", 1) != 1 || read(sv[1], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(sv[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	for (size_t n = 0; n < sizeof(space) / sizeof(space[0]); n++)
		assert_int_not_equal(namespace_of(pid, space[n]), namespace_of(getpid(), space[n]));
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	has_line(text, "\nUid:\t65534\t65534\t65534\t65534\n");
	has_line(text, "\nGid:\t65534\t65534\t65534\t65534\n");
	has_line(text, "\nGroups:\t \n");
	has_line(text, "\nCapPrm:\t0000000000000000\n");
	has_line(text, "\nCapEff:\t0000000000000000\n");
	has_line(text, "\nCapBnd:\t0000000000000000\n");
	has_line(text, "\nCapAmb:\t0000000000000000\n");
	has_line(text, "\nNoNewPrivs:\t1\n");
	has_line(text, "\nSeccomp:\t2\n");
	assert_int_equal(write(sv[0], "x", 1), 1);
	waitpid(pid, &status, 0);
	close(sv[0]);
	close(sv[1]);
}

static void root_does_not_enter_the_sandbox(void **state)
{
	static const uid_t id[][2] = { { 0, 0 }, { 65534, 0 }, { 0, 65534 } };

	for (size_t n = 0; n < sizeof(id) / sizeof(id[0]); n++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			char err[256];

			_exit(sandbox_enter(id[n][0], id[n][1], "/mnt", err, sizeof(err)) < 0 ? 0
											      : 1);
		}
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
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
		cmocka_unit_test(sandbox_refuses_what_reaches_outside),
		cmocka_unit_test(sandbox_leaves_nothing_to_take),
		cmocka_unit_test(root_does_not_enter_the_sandbox),
		cmocka_unit_test(privileged_keeps_only_the_network),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}

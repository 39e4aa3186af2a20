/* SPDX-License-Identifier: ISC */
/* An lked that was built, as a process of its own. */
#ifndef TESTS_DAEMON_PROCESS_H
#define TESTS_DAEMON_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Left open by whoever starts lked; above every number that its own get. */
#define EXTRA_FD 900

struct daemon {
	char dir[96];
	pid_t pid;
};

static char base[64];
static const char *lked, *ctl;

static inline int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	status = system(cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void write_conf(struct daemon *d, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(d->dir, sizeof(d->dir), "%s/%s", base, name);
	(void)mkdir(d->dir, 0700);
	snprintf(path, sizeof(path), "%s/lke.conf", d->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

static bool without_bpf; /* bpf(2) is refused, as by a container */

static inline void refuse_bpf(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		_exit(126);
}

/* run: directory of the control socket, NULL for its own. */
static inline void start(struct daemon *d, const char *run)
{
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0) {
		char conf[128], state[128], own[128], log[128];
		int fd;

		snprintf(conf, sizeof(conf), "%s/lke.conf", d->dir);
		snprintf(state, sizeof(state), "%s/state", d->dir);
		snprintf(own, sizeof(own), "%s/run", run ? run : d->dir);
		snprintf(log, sizeof(log), "%s/log", d->dir);
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		dup2(fd, EXTRA_FD);
		if (without_bpf)
			refuse_bpf();
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* it does not outlive a test that fails */
		execl(lked, "lked", "-c", conf, "--state", state, "--run", own, (char *)NULL);
		_exit(127);
	}
}

/* Waits for a condition of the shell, at most ten seconds. */
static inline bool comes(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline bool comes(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	for (int i = 0; i < 200; i++) {
		if (sh("( %s ) >/dev/null 2>&1", cmd) == 0)
			return true;
		usleep(50000);
	}
	fprintf(stderr, "in vain: %s\n", cmd);
	(void)sh("tail -n 20 %s/*/log >&2", base);
	return false;
}

static inline void start_ready(struct daemon *d)
{
	start(d, NULL);
	assert_true(comes("grep -q 'lked: ready' %s/log", d->dir));
}

static inline int ended(struct daemon *d)
{
	int status;

	for (int i = 0; i < 200; i++) {
		if (waitpid(d->pid, &status, WNOHANG) == d->pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		usleep(50000);
	}
	kill(d->pid, SIGKILL);
	waitpid(d->pid, &status, 0);
	fail_msg("lked did not end");
	return -1;
}

static inline void stop(struct daemon *d)
{
	kill(d->pid, SIGTERM);
	assert_int_equal(ended(d), 0);
	(void)sh("rm -rf %s", d->dir);
}

static inline pid_t engine_of(const struct daemon *d)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", d->pid, d->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static inline int client(const struct daemon *d)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true((size_t)snprintf(sun.sun_path, sizeof(sun.sun_path), "%.80s/run/ctl.sock",
				     d->dir) < sizeof(sun.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static const char router[] = "[AccessRouter]\nInterface = wlan0\nRsaBits = 1024\n";

#endif

/* SPDX-License-Identifier: ISC */
#include "platform/linux/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Nothing lke does comes near these: a call is an attack. */
static const int killed[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(bpf),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(fsconfig),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
};

/* Libraries may try these (resolver, locale, time zone) and go on without. */
static const int denied[] = {
	SCMP_SYS(socket),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(creat),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
};

static int fail(char *err, size_t size, const char *what)
{
	int e = errno ? errno : EINVAL;

	if (size)
		snprintf(err, size, "sandbox: %s: error %d", what, e);
	return -e;
}

/* The kernel sees the low half of an int argument only; an attacker chooses the other one. */
#define LOW32 0xffffffffULL

/* libevent asks how much there is to read; everything else is refused. */
static int ioctl_rules(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				SCMP_A1(SCMP_CMP_NE, FIONREAD));
}

static int filter_rules(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; i < COUNT(killed) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, killed[i], 0);
	for (size_t i = 0; i < COUNT(denied) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	/* An AF_PACKET socket could reach every other interface by an address. */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sendto), 1,
				     SCMP_A4(SCMP_CMP_NE, 0));
	/* ... or be reconfigured (fan-out, rings, membership elsewhere). */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(setsockopt), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, LOW32, SOL_PACKET));
	/* The TUN, network interfaces and a terminal on stderr (TIOCSTI) are reached by ioctl(). */
	if (!r)
		r = ioctl_rules(ctx);
	/* abort() and the thread library signal threads of this process, nobody else. */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
				     SCMP_A0(SCMP_CMP_NE, 0));
	/* Threads yes, processes and new namespaces no.  clone3 hides its flags: libc falls back.
	 */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fork), 0);
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(vfork), 0);
	return r;
}

static int filter_load(char *err, size_t size)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!ctx) {
		errno = ENOMEM;
		return fail(err, size, "seccomp_init");
	}
	r = filter_rules(ctx);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r) {
		errno = -r;
		return fail(err, size, "system call filter");
	}
	return 0;
}

/* An empty read-only file system becomes the root; the old root is detached. */
static int empty_root(const char *dir, char *err, size_t size)
{
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		return fail(err, size, "private mounts");
	if (mount("lke", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "mode=0555"))
		return fail(err, size, "empty root");
	if (chdir(dir))
		return fail(err, size, "chdir");
	/* pivot_root(".", ".") stacks the old root over the new one (pivot_root(2)); it refuses
	 * when the root is an initramfs, then a plain chroot serves. */
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH))
			return fail(err, size, "old root");
	} else if (chroot(".")) {
		return fail(err, size, "chroot");
	}
	return chdir("/") ? fail(err, size, "chdir /") : 0;
}

static int no_dumps(void)
{
	struct rlimit none = { 0, 0 };

	/* Keys live here: no core file, no ptrace by the same user. */
	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

/*
 * A service manager may have started us as the user already, with ambient capabilities instead of
 * root: then there is no other user to change to, and without CAP_SETPCAP the bounding set stays.
 * NO_NEW_PRIVS and the refusal of execve() make it meaningless.
 */
static int become(uid_t uid, gid_t gid, char *err, size_t err_size)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
		return fail(err, err_size, "change of user");
	if (getuid() != uid || geteuid() != uid)
		return fail(err, err_size, "not started as root nor as the user of [Daemon]");
	if (capng_apply(CAPNG_SELECT_CAPS))
		return fail(err, err_size, "capabilities");
	errno = EPERM;
	if (setuid(0) == 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return fail(err, err_size, "privileges are still there");
	return 0;
}

/* The library's record of what we have is forgotten by capng_clear(), so it is asked before. */
static bool may_drop_bounds(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
}

int sandbox_enter(uid_t uid, gid_t gid, const char *dir, char *err, size_t err_size)
{
	bool may_drop = may_drop_bounds();
	int r;

	if (err_size)
		err[0] = '\0';
	errno = EINVAL;
	if (uid == 0 || gid == 0)
		return fail(err, err_size, "the engine process must not run as root");
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC))
		return fail(err, err_size, "new namespaces");
	r = empty_root(dir, err, err_size);
	if (r)
		return r;
	capng_clear(CAPNG_SELECT_BOTH);
	if (may_drop && capng_apply(CAPNG_SELECT_BOUNDS))
		return fail(err, err_size, "capability bounding set");
	r = become(uid, gid, err, err_size);
	if (r)
		return r;
	if (no_dumps())
		return fail(err, err_size, "process attributes");
	return filter_load(err, err_size);
}

int sandbox_drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

int privileged_limit(void)
{
	bool may_drop = may_drop_bounds();
	int r;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD,
			  (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
			  CAP_NET_ADMIN, CAP_NET_RAW, -1))
		return -EINVAL;
	/* Bounding set first: it needs CAP_SETPCAP. */
	r = capng_apply(may_drop ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
	if (r)
		return -EPERM;
	return no_dumps();
}

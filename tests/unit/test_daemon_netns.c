/* SPDX-License-Identifier: ISC */
/*
 * The built lked and lke in a network namespace of their own, as an operator and an attacker find
 * them.  LKE_LKED and LKE_CTL are their paths.  Needs root; else everything is skipped.
 */
#include "daemon_process.h"
#include "skip.h"

/* THREATS 85. */
static void second_daemon_leaves_the_first_alone(void **state)
{
	struct daemon a, b;

	write_conf(&a, "a", router);
	start_ready(&a);
	assert_int_equal(sh("ip -6 route add 2001:db8:1::77 dev lke0 proto 222"), 0);
	write_conf(&b, "b", "[AccessRouter]\nInterface = wlan0\n[Daemon]\nTun = lke9\n");
	start(&b, NULL);
	assert_int_equal(ended(&b), 1);
	assert_int_equal(sh("grep -q 'another lked runs here' %s/log", b.dir), 0);
	start(&b, a.dir);
	assert_int_equal(ended(&b), 1);
	/* With its state directory, from where nothing else of it can be met. */
	assert_int_equal(sh("timeout 10 unshare -n %s -c %s/lke.conf --state %s/state --run "
			    "%s/run >%s/log 2>&1",
			    lked, b.dir, a.dir, b.dir, b.dir),
			 1);
	assert_int_equal(sh("grep -q 'another lked runs with the state directory' %s/log", b.dir),
			 0);
	assert_int_equal(sh("ip -6 route show | grep -q 2001:db8:1::77"), 0);
	assert_int_equal(sh("nft list table ip6 lke >/dev/null"), 0);
	assert_int_equal(sh("%s --run %s/run status >/dev/null", ctl, a.dir), 0);
	stop(&a);
	assert_int_equal(sh("ip -6 route show | grep -q 2001:db8:1::77"), 1);
}

/* THREATS 90: what the process that parses packets holds. */
static void engine_process_holds_nothing_it_does_not_use(void **state)
{
	struct daemon a;
	char path[64], what[256];
	struct dirent *e;
	unsigned netlink = 0;
	pid_t engine;
	DIR *dir;

	write_conf(&a, "a", router);
	start_ready(&a);
	engine = engine_of(&a);
	assert_int_equal(sh("grep -q 'CapEff:.0000000000000000' /proc/%d/status", engine), 0);
	assert_int_equal(sh("grep -q 'CapBnd:.0000000000000000' /proc/%d/status", engine), 0);
	assert_int_equal(sh("grep -q 'NoNewPrivs:.1' /proc/%d/status", engine), 0);
	assert_int_equal(sh("grep -q 'Seccomp:.2' /proc/%d/status", engine), 0);
	assert_int_equal(sh("grep -q 'Max core file size *0 *0' /proc/%d/limits", engine), 0);
	assert_int_equal(sh("grep -q 'Max core file size *0 *0' /proc/%d/limits", a.pid), 0);
	/* THREATS 89: nothing of their memory in a dump or in swap. */
	for (unsigned n = 0; n < 2; n++) {
		pid_t pid = n ? engine : a.pid;

		assert_int_equal(sh("grep -qx 00000000 /proc/%d/coredump_filter", pid), 0);
		assert_int_equal(sh("test $(stat -c %%u /proc/%d/mem) = 0", pid), 0);
		assert_int_equal(sh("grep -q 'may be written to swap: .*LimitMEMLOCK' %s/log || "
				    "grep -q 'VmLck:.* [1-9][0-9]* kB' /proc/%d/status",
				    a.dir, pid),
				 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", engine);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, what, sizeof(what) - 1);

		what[n > 0 ? n : 0] = '\0';
		if (atoi(e->d_name) == EXTRA_FD)
			fail_msg("descriptor of the caller: %s", what);
		if (n > 0 && what[0] == '/' && strcmp(e->d_name, "2") != 0 &&
		    strcmp(what, "/dev/null") != 0 && strcmp(what, "/dev/net/tun") != 0)
			fail_msg("descriptor %s: %s", e->d_name, what);
		if (strncmp(what, "socket:[", 8) == 0)
			netlink += sh("grep -q ' %ld *$' /proc/net/netlink", atol(what + 8)) == 0;
	}
	closedir(dir);
	assert_int_equal(netlink, 2); /* the monitors' of links and of neighbours */
	stop(&a);
}

static void killed_processes_take_the_other_with_them(void **state)
{
	struct daemon a;
	pid_t engine;

	write_conf(&a, "a", router);
	start_ready(&a);
	engine = engine_of(&a);
	assert_int_equal(sh("ip -6 route add 2001:db8:1::77 dev lke0 proto 222"), 0);
	kill(a.pid, SIGKILL);
	assert_int_equal(ended(&a), -SIGKILL);
	assert_true(comes("! test -d /proc/%d", engine));
	(void)sh("rm -f %s/log", a.dir);
	start_ready(&a); /* over the remains */
	assert_int_equal(sh("ip -6 route show | grep -q 2001:db8:1::77"), 1);
	kill(engine_of(&a), SIGKILL);
	assert_int_equal(ended(&a), 1);
	assert_int_equal(sh("nft list tables | grep -q 'ip6 lke'"), 1);
	assert_int_equal(sh("ip link show lke0 2>/dev/null"), 1);
	assert_int_equal(sh("test -e %s/run/ctl.sock", a.dir), 1);
	(void)sh("rm -rf %s", a.dir);
}

/* THREATS 94. */
static void interfaces_come_go_and_change_their_names(void **state)
{
	static const char *const conf[] = { router, "[MobileNode]\nInterface = wlan0\n"
						    "LocalOnly = yes\n" };

	for (int i = 0; i < 2; i++) {
		struct daemon a;

		(void)sh("ip link del wlan0");
		write_conf(&a, "a", conf[i]);
		start_ready(&a);
		for (int round = 0; round < 3; round++) {
			assert_int_equal(sh("ip link add wlan0 type veth peer name far0 &&"
					    "ip link set far0 up && ip link set wlan0 up"),
					 0);
			assert_true(comes("%s --run %s/run show interfaces | grep -q 'wlan0.*up'",
					  ctl, a.dir));
			assert_true(comes("test $(grep -c 'wlan0 is in use' %s/log) -ge %d", a.dir,
					  round + 1));
			assert_int_equal(sh("ip link del wlan0"), 0);
			assert_true(comes("! %s --run %s/run show interfaces | grep -q wlan0", ctl,
					  a.dir));
		}
		assert_int_equal(sh("ip link add other0 type veth peer name far0 &&"
				    "ip link set other0 name wlan0 && ip link set wlan0 up"),
				 0);
		assert_true(comes("%s --run %s/run show interfaces | grep -q wlan0", ctl, a.dir));
		assert_int_equal(sh("ip link set wlan0 down; ip link set wlan0 name else0"), 0);
		assert_true(comes("! %s --run %s/run show interfaces | grep -q wlan0", ctl, a.dir));
		assert_int_equal(sh("ip link del else0; ip link add wlan0 type veth peer name far0;"
				    "ip link set far0 up; ip link set wlan0 up"),
				 0);
		/* The engine process asks for what has another name by then. */
		assert_int_equal(sh("for i in $(seq 40); do ip link set wlan0 down;"
				    "ip link set wlan0 name else0; ip link set else0 name wlan0;"
				    "ip link set wlan0 up; done"),
				 0);
		assert_int_equal(sh("grep refused %s/log >&2", a.dir), 1);
		assert_true(comes("%s --run %s/run show interfaces | grep -q wlan0", ctl, a.dir));
		assert_int_equal(sh("ip link del wlan0"), 0);
		assert_true(comes("! %s --run %s/run show interfaces | grep -q wlan0", ctl, a.dir));
		stop(&a); /* without its interface */
	}
}

/* THREATS 86. */
static void control_socket_bears_a_crowd(void **state)
{
	struct daemon a;
	struct timespec t0, t1;
	int fd[1000], slow;
	char junk[4096];
	struct stat st;
	char path[128];

	write_conf(&a, "a", router);
	start_ready(&a);
	snprintf(path, sizeof(path), "%s/run/ctl.sock", a.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_uid, 0);
	for (int i = 0; i < 1000; i++)
		fd[i] = client(&a);
	for (int i = 0; i < 1000; i++)
		close(fd[i]);
	assert_true(comes("%s --run %s/run status", ctl, a.dir));
	/* a frame that never ends, a frame in pieces, random octets */
	slow = client(&a);
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 64 && send(slow, junk, sizeof(junk), MSG_NOSIGNAL) > 0; i++)
		;
	assert_true(recv(slow, junk, sizeof(junk), 0) <= 0);
	close(slow);
	slow = client(&a);
	assert_int_equal(send(slow, "{\"cmd\":\"sta", 11, 0), 11);
	usleep(100000);
	assert_int_equal(send(slow, "tus\"}\n", 6, 0), 6);
	assert_true(recv(slow, junk, sizeof(junk), 0) > 10);
	close(slow);
	srand(1);
	for (int i = 0; i < 200; i++) {
		slow = client(&a);
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (char)rand();
		(void)send(slow, junk, sizeof(junk), MSG_NOSIGNAL);
		(void)send(slow, "\n[[{\"cmd\":0}\n{\"cmd\":\"show\",\"what\":[]}\n", 38,
			   MSG_NOSIGNAL);
		close(slow);
	}
	clock_gettime(CLOCK_MONOTONIC, &t0);
	assert_true(comes("%s --run %s/run status", ctl, a.dir));
	clock_gettime(CLOCK_MONOTONIC, &t1);
	assert_true(t1.tv_sec - t0.tv_sec < 3);
	stop(&a);
}

/* The group that may operate, where no package has made it: in a mount namespace of its own. */
static bool make_group(void)
{
	if (sh("getent group lke >/dev/null") == 0)
		return false;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(sh("mount --make-rprivate / && cp /etc/group %s/group && "
			    "echo lke:x:64123: >>%s/group && mount --bind %s/group /etc/group && "
			    "getent group lke >/dev/null",
			    base, base, base),
			 0);
	return true;
}

static void exit_codes_say_what_happened(void **state)
{
	bool made = make_group();
	struct daemon a;

	write_conf(&a, "a", "[AccessRouter]\nInterfaces = wlan0\n");
	assert_int_equal(sh("%s --run %s/run status 2>/dev/null", ctl, a.dir), 4);
	start(&a, NULL);
	assert_int_equal(ended(&a), 3);
	write_conf(&a, "a", router);
	start_ready(&a);
	assert_int_equal(sh("%s --run %s/run flush lbsa 2001:db8::1 2>/dev/null", ctl, a.dir), 7);
	assert_int_equal(sh("%s --run %s/run flush lbsa nonsense 2>/dev/null", ctl, a.dir), 2);
	assert_int_equal(sh("%s --run %s/run leave 02:00:00:00:00:01 2>/dev/null", ctl, a.dir), 7);
	assert_int_equal(sh("%s --run %s/run leave 02-00-00-00-00-01 2>/dev/null", ctl, a.dir), 2);
	/* What is not there is named, and the command that lists what is. */
	assert_int_equal(sh("%s --run %s/run flush lbsa 2001:db8::1 2>&1 | grep -q 'no LBSA of "
			    "2001:db8::1; see: lke show lbsa$'",
			    ctl, a.dir),
			 0);
	assert_int_equal(sh("%s --run %s/run flush binding 2001:db8::1 2>&1 | grep -q 'no binding "
			    "of 2001:db8::1; see: lke show bindings$'",
			    ctl, a.dir),
			 0);
	assert_int_equal(sh("%s --run %s/run leave 02:00:00:00:00:01 2>&1 | grep -q 'LBSA of "
			    "02:00:00:00:00:01; see: lke show lbsa$'",
			    ctl, a.dir),
			 0);
	assert_int_equal(sh("%s --run %s/run leave carol 2>&1 | grep -q 'IPv6 address or a MAC "
			    "address; see: lke show lbsa$'",
			    ctl, a.dir),
			 0);
	/* A copy, because the build may stand below a directory that only root may enter. */
	assert_int_equal(sh("chmod 755 %s %s; install -m 755 %s %s/lke; "
			    "setpriv --reuid 65534 --regid 65534 --clear-groups %s/lke --run "
			    "%s/run status 2>/dev/null",
			    base, a.dir, ctl, base, base, a.dir),
			 5);
	/* Whom the socket's mode lets in, its credentials do not. */
	assert_int_equal(sh("chmod 666 %s/run/ctl.sock; setpriv --reuid 65534 --regid 65534 "
			    "--clear-groups %s/lke --run %s/run status 2>%s/err",
			    a.dir, base, a.dir, base),
			 5);
	assert_int_equal(sh("grep -q 'root or in the group lke' %s/err", base), 0);
	/* THREATS 101: keys are for root, not for the group that the socket lets in. */
	assert_int_equal(sh("setpriv --reuid 65534 --regid lke --clear-groups %s/lke --run %s/run "
			    "status >/dev/null",
			    base, a.dir),
			 0);
	assert_int_equal(sh("setpriv --reuid 65534 --regid lke --clear-groups %s/lke --run %s/run "
			    "keylog off 2>%s/err",
			    base, a.dir, base),
			 5);
	assert_int_equal(sh("grep -q 'for root' %s/err", base), 0);
	assert_int_equal(sh("%s --run %s/run keylog on %s/keys 2>/dev/null", ctl, a.dir, base), 0);
	assert_int_equal(sh("test $(stat -c %%a %s/keys) = 600", base), 0);
	assert_int_equal(sh("%s --run %s/run status >/dev/null", ctl, a.dir), 8);
	assert_int_equal(sh("%s --run %s/run keylog off", ctl, a.dir), 0);
	assert_int_equal(sh("%s --run %s/run status >/dev/null", ctl, a.dir), 0);
	/* What is for another role says so. */
	assert_int_equal(
		sh("for c in kex handover attach; do %s --run %s/run $c; test $? = 7 || "
		   "exit; done 2>%s/err; test 3 = $(grep -c 'needs a .MobileNode., this lked "
		   "has none; choose' %s/err)",
		   ctl, a.dir, base, base),
		0);
	assert_int_equal(
		sh("%s --run %s/run suspend ::1 2>&1 | grep -q 'needs a .HomeAgent., .*--run'", ctl,
		   a.dir),
		0);
	kill(engine_of(&a), SIGSTOP);
	assert_int_equal(sh("%s --run %s/run status 2>/dev/null", ctl, a.dir), 6);
	kill(engine_of(&a), SIGCONT);
	kill(a.pid, SIGHUP); /* ignored: lked(8) */
	assert_int_equal(sh("test $(%s --run %s/run show all | wc -L) -le 80", ctl, a.dir), 0);
	assert_int_equal(
		sh("%s --run %s/run show limits | grep -q 'lbsas *wlan0 *0 *65536'", ctl, a.dir),
		0);
	assert_int_equal(sh("%s --run %s/run show limits | grep -q 'multicast_groups'", ctl, a.dir),
			 0);
	stop(&a);
	if (made)
		assert_int_equal(sh("umount /etc/group"), 0);
}

/* This is among what comes within ten seconds of silence. */
static bool notified(int fd, const char *want)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[64] = "";

	while (strcmp(text, want) != 0 && poll(&p, 1, 10000) == 1) {
		memset(text, 0, sizeof(text));
		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	}
	return strcmp(text, want) == 0;
}

static bool forwards_by_bpf_as_a_service;

/* As packaging/systemd/lked.service starts it: another user with three capabilities. */
static void starts_without_root(void **state)
{
	const char *caps = "+net_admin,+net_raw,+sys_admin";
	struct daemon a;

	if (sh("command -v setpriv unshare >/dev/null") != 0)
		skip_because("needs setpriv and unshare");
	write_conf(&a, "a", router);
	(void)sh("chmod 755 %s %s; chmod 644 %s/lke.conf; mkdir %s/state %s/run; "
		 "chown 65534:65534 %s/state %s/run; cp %s %s/lked; chmod 755 %s/lked",
		 base, a.dir, a.dir, a.dir, a.dir, a.dir, a.dir, lked, a.dir, a.dir);
	/* As udev would make the device; in a mount namespace that ends with the daemon. */
	assert_int_equal(
		sh("unshare -m --propagation private sh -c '"
		   "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && "
		   "exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "
		   "--inh-caps -all,%s --ambient-caps -all,%s --bounding-set -all,%s "
		   "%s/lked -c %s/lke.conf --state %s/state --run %s/run' >%s/log 2>&1 & "
		   "echo $! >%s/pid",
		   caps, caps, caps, a.dir, a.dir, a.dir, a.dir, a.dir, a.dir),
		0);
	assert_true(comes("grep -q 'lked: ready' %s/log", a.dir));
	assert_int_equal(sh("grep -q 'CapEff:.0000000000003000' /proc/$(cat %s/pid)/status", a.dir),
			 0);
	assert_int_equal(sh("p=$(cat %s/pid); e=$(tr -d ' ' </proc/$p/task/$p/children); "
			    "grep -q 'CapPrm:.0000000000000000' /proc/$e/status && "
			    "grep -q 'Seccomp:.2' /proc/$e/status",
			    a.dir),
			 0);
	/* THREATS 89: nor does what else runs as this user read their memory. */
	assert_int_equal(sh("p=$(cat %s/pid); e=$(tr -d ' ' </proc/$p/task/$p/children); "
			    "test $(stat -c %%u /proc/$p/mem) = 0 && "
			    "test $(stat -c %%u /proc/$e/mem) = 0",
			    a.dir),
			 0);
	assert_int_equal(sh("%s --run %s/run show >/dev/null", ctl, a.dir), 0);
	forwards_by_bpf_as_a_service = sh("grep -q 'forwarding by BPF' %s/log", a.dir) == 0;
	assert_int_equal(sh("kill $(cat %s/pid)", a.dir), 0);
	assert_true(comes("! test -e /proc/$(cat %s/pid)", a.dir));
	assert_int_equal(sh("grep -q 'lked: ended' %s/log", a.dir), 0);
	assert_int_equal(sh("rm -rf %s", a.dir), 0);
}

/* Forward = auto: BPF, also as a service; where it is refused the TUN device, with the reason; bpf
 * insists. */
static void forward_auto_takes_what_works(void **state)
{
	struct daemon a;
	bool bpf;

	write_conf(&a, "a", router);
	start_ready(&a);
	bpf = sh("grep -q 'forwarding by BPF' %s/log", a.dir) == 0;
	if (!bpf)
		print_message("no BPF here: by the TUN device\n");
	assert_int_equal(sh("%s --run %s/run show | grep -q 'forward %s'", ctl, a.dir,
			    bpf ? "bpf" : "tun ("),
			 0);
	stop(&a);
	if (bpf)
		assert_true(forwards_by_bpf_as_a_service);
	without_bpf = true;
	write_conf(&a, "a", router);
	start_ready(&a);
	assert_int_equal(sh("grep -q 'forwarding by the TUN device lke0 alone; BPF: .*: "
			    "Operation not permitted' %s/log",
			    a.dir),
			 0);
	assert_int_equal(
		sh("%s --run %s/run show | grep -q 'forward tun (.*not permitted)'", ctl, a.dir),
		0);
	assert_int_equal(sh("%s --run %s/run -c %s/lke.conf doctor --state %s/state | "
			    "grep -q 'forwards by the TUN device: .*not permitted'",
			    ctl, a.dir, a.dir, a.dir),
			 0);
	stop(&a);
	write_conf(&a, "a", router);
	assert_int_equal(sh("printf '[Daemon]\\nForward = bpf\\n' >>%s/lke.conf", a.dir), 0);
	start(&a, NULL);
	assert_int_equal(ended(&a), 9);
	without_bpf = false;
	assert_int_equal(sh("rm -rf %s", a.dir), 0);
}

static void service_manager_is_told(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[64] = "";
	struct daemon a;

	write_conf(&a, "a", router);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.80s/notify", a.dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	setenv("NOTIFY_SOCKET", sun.sun_path, 1);
	setenv("WATCHDOG_USEC", "300000", 1);
	start(&a, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "READY=1");
	/* The watchdog hears of the engine's loop, not of the process beside it alone. */
	assert_true(notified(fd, "WATCHDOG=1"));
	assert_true(notified(fd, "WATCHDOG=1"));
	kill(engine_of(&a), SIGSTOP);
	while (poll(&p, 1, 300) == 1) /* what was under way */
		assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(poll(&p, 1, 1000), 0);
	kill(engine_of(&a), SIGCONT);
	assert_true(notified(fd, "WATCHDOG=1"));
	kill(a.pid, SIGTERM);
	assert_true(notified(fd, "STOPPING=1"));
	assert_int_equal(ended(&a), 0);
	(void)sh("rm -rf %s", a.dir);
	close(fd);
}

/* One run: its key's fingerprint in NAME, its messages in log.NAME. */
static void one_run(struct daemon *d, const char *name, int how)
{
	start_ready(d);
	assert_true(comes("grep -q 'SHA256:' %s/log", d->dir));
	if (how == SIGKILL) {
		kill(engine_of(d), SIGKILL);
		kill(d->pid, SIGKILL);
		assert_int_equal(ended(d), -SIGKILL);
		/* The table goes with the last descriptor of its owner. */
		assert_true(comes("! nft list table ip6 lke"));
	} else {
		kill(d->pid, how);
		assert_int_equal(ended(d), 0);
	}
	assert_int_equal(
		sh("grep -o 'SHA256:[0-9a-f]*' %s/log | sort -u > %s/%s", d->dir, d->dir, name), 0);
	assert_int_equal(sh("mv %s/log %s/log.%s", d->dir, d->dir, name), 0);
}

#define SAME(a, b) sh("cmp -s %s/%s %s/%s", d.dir, a, d.dir, b)

/* AMB-130: what the program does with its state files from start to start. */
static void amb_130_state_files_of_the_program(void **state)
{
	static const char keep[] =
		"[AccessRouter]\nInterface = wlan0\nRsaBits = 1024\nStateFile = yes\n";
	struct daemon d;

	write_conf(&d, "a", keep);
	one_run(&d, "first", SIGTERM);
	assert_int_equal(sh("test $(stat -c %%a %s/state/ar-state.0) = 600 && "
			    "test $(stat -c %%a %s/state/state.key) = 600 && "
			    "test $(stat -c %%a %s/state) = 700",
			    d.dir, d.dir, d.dir),
			 0);
	assert_int_equal(sh("grep -q 'PRIVATE KEY' %s/state/*", d.dir), 1);
	one_run(&d, "stopped", SIGKILL);
	assert_int_equal(SAME("first", "stopped"), 0);
	one_run(&d, "killed", SIGTERM);
	assert_int_equal(SAME("first", "killed"), 0);
	assert_int_equal(sh("grep -q 'taken over' %s/log.killed", d.dir), 0);
	/* One file damaged: not exact, so another key; both: nothing, and it says so. */
	assert_int_equal(sh("printf x | dd of=%s/state/ar-state.0 bs=1 seek=150 conv=notrunc "
			    "2>/dev/null",
			    d.dir),
			 0);
	one_run(&d, "one", SIGTERM);
	assert_int_equal(SAME("first", "one"), 1);
	assert_int_equal(sh("grep -q 'sequence numbers are raised' %s/log.one", d.dir), 0);
	assert_int_equal(sh("for f in %s/state/ar-state.*; do printf x | dd of=$f bs=1 seek=150 "
			    "conv=notrunc 2>/dev/null; done",
			    d.dir),
			 0);
	one_run(&d, "both", SIGTERM);
	assert_int_equal(SAME("one", "both"), 1);
	assert_int_equal(sh("grep -q 'not used: it is damaged' %s/log.both", d.dir), 0);
	/* A file that others can read, or that is none. */
	assert_int_equal(sh("chmod 640 %s/state/ar-state.1", d.dir), 0);
	start(&d, NULL);
	assert_int_equal(ended(&d), 1);
	assert_int_equal(
		sh("rm %s/state/ar-state.1; mkfifo -m 600 %s/state/ar-state.1", d.dir, d.dir), 0);
	start(&d, NULL);
	assert_int_equal(ended(&d), 1);
	assert_int_equal(sh("rm %s/state/ar-state.1 %s/log", d.dir, d.dir), 0);
	/* A run without them makes them old. */
	write_conf(&d, "a", router);
	one_run(&d, "without", SIGTERM);
	assert_int_equal(sh("test -e %s/state/ar-state.0", d.dir), 1);
	/* AMB-134: then each start has another key, and none is on the disk. */
	one_run(&d, "again", SIGTERM);
	assert_int_equal(SAME("without", "again"), 1);
	assert_int_equal(sh("test -s %s/again && ! grep -rq 'PRIVATE KEY' %s/state", d.dir, d.dir),
			 0);
	(void)sh("rm -rf %s", d.dir);
}

static int setup(void **state)
{
	strcpy(base, "/tmp/lke-daemon-XXXXXX");
	if (!mkdtemp(base) || unshare(CLONE_NEWNET))
		return -1;
	return sh("ip link set lo up; ip link add wlan0 type veth peer name far0;"
		  "ip link set far0 up; ip link set wlan0 up;"
		  "ip addr add 2001:db8:1::1/64 dev wlan0 nodad");
}

static int teardown(void **state)
{
	return sh("rm -rf %s", base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_daemon_leaves_the_first_alone),
		cmocka_unit_test(engine_process_holds_nothing_it_does_not_use),
		cmocka_unit_test(killed_processes_take_the_other_with_them),
		cmocka_unit_test(control_socket_bears_a_crowd),
		cmocka_unit_test(exit_codes_say_what_happened),
		cmocka_unit_test(service_manager_is_told),
		cmocka_unit_test(starts_without_root),
		cmocka_unit_test(forward_auto_takes_what_works),
		cmocka_unit_test(interfaces_come_go_and_change_their_names),
		cmocka_unit_test(amb_130_state_files_of_the_program),
	};

	lked = getenv("LKE_LKED");
	ctl = getenv("LKE_CTL");
	if (!lked || !ctl || getuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf("1..0 # SKIP needs root, /dev/net/tun, LKE_LKED and LKE_CTL\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: ISC */
/* What lked needs of the kernel, asked for in this network namespace; nothing is changed. */
#include "ctl/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TUN_PATH "/dev/net/tun"

/* The service opens it as the user lke. */
static bool tun_is_closed_to_user(const struct doctor *d)
{
	const struct passwd *pw = getpwnam(d->cfg->user);
	struct stat st;

	if (!pw || stat(TUN_PATH, &st) < 0)
		return false;
	return (st.st_mode & 006) != 006 && st.st_uid != pw->pw_uid && st.st_gid != pw->pw_gid;
}

static void check_tun(struct doctor *d)
{
	int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		doctor_say(d, VERDICT_FAIL, "TUN",
			   "Open it as udev does: chmod 666 " TUN_PATH
			   "; in a container, allow the device.",
			   TUN_PATH ": %s", strerror(errno));
	else if (fd < 0)
		doctor_lacks(
			d, "TUN",
			"Load the module with: modprobe tun (CONFIG_TUN); in a container, give "
			"it the device.",
			TUN_PATH ": %s", strerror(errno));
	else if (tun_is_closed_to_user(d))
		doctor_say(
			d, VERDICT_WARN, "TUN",
			"Open it as udev does, if lked is started as that user: chmod 666 " TUN_PATH
			".",
			TUN_PATH " opens for root, not for the user %s", d->cfg->user);
	else
		doctor_say(d, VERDICT_OK, "TUN", NULL, TUN_PATH " opens");
	if (fd >= 0)
		close(fd);
}

/* Opens a socket of a kind; the descriptor, or -1 after a result. */
static int check_socket(struct doctor *d, const char *check, int family, int protocol,
			const char *option)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		return fd;
	if (errno == EPERM || errno == EACCES)
		doctor_say(d, VERDICT_FAIL, check,
			   "Give this container CAP_NET_ADMIN and CAP_NET_RAW.", "%s",
			   strerror(errno));
	else
		doctor_lacks(d, check, option, "%s", strerror(errno));
	return -1;
}

static void check_packet(struct doctor *d)
{
	int fd = check_socket(d, "packet sockets", AF_PACKET, 0,
			      "Load the module with: modprobe af_packet (CONFIG_PACKET).");

	if (fd < 0)
		return;
	doctor_say(d, VERDICT_OK, "packet sockets", NULL, "open");
	close(fd);
}

static void check_ipv6(struct doctor *d)
{
	if (access("/proc/sys/net/ipv6/conf/all", F_OK) == 0)
		doctor_say(d, VERDICT_OK, "IPv6", NULL, "is there");
	else
		doctor_lacks(d, "IPv6", "Start the kernel without ipv6.disable=1.",
			     "this kernel runs without IPv6");
}

/* Policy rules for IPv6: care-of addresses have a table each. */
static void check_rules(struct doctor *d)
{
	struct {
		struct nlmsghdr h;
		struct fib_rule_hdr r;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = RTM_GETRULE,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		  .r = { .family = AF_INET6 } };
	union {
		struct nlmsghdr h;
		char octets[16384];
	} answer = { .h = { 0 } };
	int fd = check_socket(d, "policy routing", AF_NETLINK, NETLINK_ROUTE,
			      "Use a kernel with CONFIG_IPV6_MULTIPLE_TABLES.");
	ssize_t n;

	if (fd < 0)
		return;
	n = send(fd, &ask, sizeof(ask), 0) < 0 ? -1 : recv(fd, &answer, sizeof(answer), 0);
	if (n >= (ssize_t)sizeof(answer.h) && answer.h.nlmsg_type == RTM_NEWRULE)
		doctor_say(d, VERDICT_OK, "policy routing", NULL, "rules for IPv6 are there");
	else
		doctor_lacks(d, "policy routing", "Use a kernel with CONFIG_IPV6_MULTIPLE_TABLES.",
			     "this kernel has no policy rules for IPv6");
	close(fd);
}

/* A program of two instructions, as tc would load it. */
static int try_bpf(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uintptr_t) "ISC";
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static void check_forward(struct doctor *d)
{
	int err = try_bpf();
	const char *bpf = strerror(-err), *word = d->cfg->forward == FORWARD_BPF ? "bpf" : "auto";

	if (d->cfg->forward == FORWARD_TUN)
		doctor_say(d, VERDICT_OK, "forwarding", NULL,
			   "by the TUN device: Forward = tun (BPF programs: %s)",
			   err ? bpf : "are possible here");
	else if (!err)
		doctor_say(d, VERDICT_OK, "forwarding", NULL,
			   "by BPF (Forward = %s), what it leaves by the TUN device", word);
	else if (d->cfg->forward == FORWARD_AUTO)
		doctor_say(d, VERDICT_OK, "forwarding", NULL,
			   "by the TUN device alone (Forward = auto); BPF programs: %s", bpf);
	else if (err == -EPERM || err == -EACCES)
		doctor_say(d, VERDICT_FAIL, "forwarding",
			   "Give this container CAP_BPF, or set Forward = auto.",
			   "Forward = bpf: BPF programs: %s", bpf);
	else
		doctor_lacks(d, "forwarding",
			     "Set Forward = auto, or use a kernel with CONFIG_BPF_SYSCALL.",
			     "Forward = bpf: BPF programs: %s", bpf);
}

void doctor_kernel(struct doctor *d)
{
	check_ipv6(d);
	check_tun(d);
	check_packet(d);
	check_rules(d);
	if (d->roles)
		check_forward(d);
}

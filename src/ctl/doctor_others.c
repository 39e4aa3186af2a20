/* SPDX-License-Identifier: ISC */
/* Daemons of this network namespace that would act on the interfaces of the roles, too. */
#include "ctl/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool in_our_namespace(const char *pid)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
	return stat("/proc/self/ns/net", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* What /proc/PID/NAME says, at most size - 1 octets and terminated; how many. */
static size_t proc_read(const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = '\0';
	return n;
}

int doctor_process(const char *name)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int pid = 0;

	while (dir && !pid && (e = readdir(dir))) {
		char comm[32];

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		proc_read(e->d_name, "comm", comm, sizeof(comm));
		comm[strcspn(comm, "\n")] = '\0';
		if (strncmp(comm, name, 15) == 0 && strlen(comm) == strnlen(name, 15) &&
		    in_our_namespace(e->d_name))
			pid = atoi(e->d_name);
	}
	if (dir)
		closedir(dir);
	return pid;
}

/* The file has "interface NAME", as radvd.conf has for each link it serves. */
static bool names_interface(FILE *f, const char *name)
{
	char line[512], word[64];

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " interface %63[^ \t\n{;]", word) == 1 && strcmp(word, name) == 0)
			return true;
	return false;
}

/* radvd -C FILE, or its default.  NULL: it cannot be read. */
static FILE *open_radvd_conf(int pid)
{
	char args[4096], number[16];
	const char *path = "/etc/radvd.conf";
	size_t n;

	snprintf(number, sizeof(number), "%d", pid);
	n = proc_read(number, "cmdline", args, sizeof(args));
	for (const char *a = args; a < args + n; a += strlen(a) + 1) {
		const char *next = a + strlen(a) + 1;

		if ((strcmp(a, "-C") == 0 || strcmp(a, "--config") == 0) && next < args + n)
			path = next;
		else if (strncmp(a, "-C", 2) == 0 && a[2])
			path = a + 2;
		else if (strncmp(a, "--config=", 9) == 0)
			path = a + 9;
	}
	return fopen(path, "re");
}

static void check_radvd(struct doctor *d)
{
	int pid = doctor_process("radvd");

	for (unsigned i = 0; pid && i < d->links; i++) {
		const struct doctor_link *l = &d->link[i];
		FILE *f = open_radvd_conf(pid);
		bool serves = f && names_interface(f, l->name);

		if (f)
			fclose(f);
		if (serves && l->sends_ra)
			doctor_say(
				d, VERDICT_FAIL, "radvd",
				"Set Advertise = augment in the section of this interface, or take "
				"it out of radvd.conf.",
				"radvd (process %d) and lked both advertise on %s", pid, l->name);
		else if (serves && (l->roles & ROLE_MN))
			doctor_say(
				d, VERDICT_WARN, "radvd",
				"Take this interface out of radvd.conf: a mobile node is no router "
				"on its links.",
				"radvd (process %d) advertises on %s", pid, l->name);
		else if (!f && l->sends_ra)
			doctor_say(d, VERDICT_WARN, "radvd",
				   "Set Advertise = augment if radvd serves this interface.",
				   "radvd (process %d) runs; whether on %s cannot be read", pid,
				   l->name);
		else if (serves)
			doctor_say(d, VERDICT_OK, "radvd", NULL,
				   "advertises on %s, lked adds to it", l->name);
	}
	for (unsigned i = 0; !pid && i < d->links; i++)
		if (d->link[i].augments && (d->link[i].roles & ROLE_AR) &&
		    !doctor_process("systemd-networkd"))
			doctor_say(d, VERDICT_WARN, "radvd",
				   "Start radvd on it, or set Advertise = full.",
				   "Advertise = augment on %s, but no radvd runs here",
				   d->link[i].name);
}

/* The state file of an interface has this line. */
static bool state_says(const char *dir, unsigned ifindex, const char *line)
{
	char path[128], text[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", dir, ifindex);
	f = fopen(path, "re");
	while (f && !found && fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		found = strcmp(text, line) == 0;
	}
	if (f)
		fclose(f);
	return found;
}

static void check_managers(struct doctor *d, const struct doctor_link *l)
{
	unsigned ifindex = if_nametoindex(l->name);
	enum verdict v = l->roles & ROLE_MN ? VERDICT_FAIL : VERDICT_WARN;

	if (ifindex && doctor_process("NetworkManager") &&
	    state_says("/run/NetworkManager/devices", ifindex, "managed=true"))
		doctor_say(d, v, "NetworkManager",
			   "Give the interface free: nmcli device set INTERFACE managed no, or "
			   "unmanaged-devices in NetworkManager.conf.",
			   "NetworkManager manages %s", l->name);
	if (ifindex && doctor_process("systemd-networkd") && (l->roles & ROLE_MN) &&
	    (state_says("/run/systemd/netif/links", ifindex, "ADMIN_STATE=configured") ||
	     state_says("/run/systemd/netif/links", ifindex, "ADMIN_STATE=configuring")))
		doctor_say(d, VERDICT_FAIL, "systemd-networkd",
			   "Set Unmanaged=yes in [Link] of its .network file, then: networkctl "
			   "reload.",
			   "systemd-networkd manages %s of a mobile node", l->name);
}

static void check_dhcpcd(struct doctor *d)
{
	int pid = doctor_process("dhcpcd");

	for (unsigned i = 0; pid && i < d->links; i++)
		if (d->link[i].roles & ROLE_MN)
			doctor_say(
				d, VERDICT_WARN, "dhcpcd",
				"Write denyinterfaces INTERFACE, or noipv6, into dhcpcd.conf and "
				"restart it.",
				"dhcpcd (process %d) may make addresses and routes on %s", pid,
				d->link[i].name);
}

static void check_mobile_ip(struct doctor *d)
{
	static const char *const names[] = { "mip6d", "nemod", "pmip6d", "dsmip6d" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int pid = doctor_process(names[i]);

		if (pid)
			doctor_say(d, VERDICT_FAIL, "mobile IPv6",
				   "Stop it: one daemon of a host answers Binding Updates.",
				   "%s (process %d) is another Mobile IPv6 daemon", names[i], pid);
	}
}

void doctor_others(struct doctor *d)
{
	unsigned before = d->count[VERDICT_WARN] + d->count[VERDICT_FAIL];

	check_radvd(d);
	check_dhcpcd(d);
	for (unsigned i = 0; i < d->links; i++)
		check_managers(d, &d->link[i]);
	check_mobile_ip(d);
	if (d->roles && before == d->count[VERDICT_WARN] + d->count[VERDICT_FAIL])
		doctor_say(d, VERDICT_OK, "other daemons", NULL,
			   "none of this network namespace is in the way");
}

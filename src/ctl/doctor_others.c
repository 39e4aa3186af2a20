/* SPDX-License-Identifier: ISC */
/* Daemons of this network namespace that would act on the interfaces of the roles, too. */
#include "ctl/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/str.h"

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

/* The value of a key in the state file that a manager has of an interface. */
static bool state_of(const char *dir, const char *name, const char *key, char *value, size_t size)
{
	char path[128], text[256];
	size_t len = strlen(key);
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", dir, if_nametoindex(name));
	f = fopen(path, "re");
	while (f && !found && fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		found = strncmp(text, key, len) == 0 && text[len] == '=';
		if (found)
			str_copy(value, size, text + len + 1);
	}
	if (f)
		fclose(f);
	return found;
}

/* IPv6SendRA=yes in the .network file of an interface; its drop-ins are not read. */
static bool networkd_advertises(const char *name)
{
	char path[256], line[256];
	bool on = false;
	FILE *f;

	if (!doctor_process("systemd-networkd") ||
	    !state_of("/run/systemd/netif/links", name, "NETWORK_FILE", path, sizeof(path)))
		return false;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char word[8];

		if (sscanf(line, " IPv6SendRA = %7s", word) == 1)
			on = strcasecmp(word, "yes") == 0 || strcasecmp(word, "true") == 0 ||
			     strcasecmp(word, "on") == 0 || strcmp(word, "1") == 0;
	}
	if (f)
		fclose(f);
	return on;
}

/* Daemons whose configuration is not read here: they may advertise what lked augments. */
static bool may_be_advertised(const char *name)
{
	static const char *const names[] = { "radvd",	"dnsmasq", "odhcpd",
					     "corerad", "bird",	   "zebra" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (doctor_process(names[i]))
			return true;
	return networkd_advertises(name);
}

/* Without any advertisement there a mobile node does not notice that it is at home. */
static const char home_remedy[] =
	"Set Advertise = full in [HomeAgent] where this host is the router of the home link, "
	"home-agent where another one is; or start radvd on it.";

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
		else if (f && l->augments)
			doctor_say(d, VERDICT_WARN, "radvd",
				   "Add the interface to radvd.conf, or set Advertise = full.",
				   "Advertise = augment on %s, but radvd (process %d) does not "
				   "serve it",
				   l->name, pid);
	}
	for (unsigned i = 0; !pid && i < d->links; i++)
		if (d->link[i].augments && !may_be_advertised(d->link[i].name))
			doctor_say(d, VERDICT_WARN, "radvd",
				   d->link[i].roles & ROLE_AR ? "Start radvd on it, or set "
								"Advertise = full."
							      : home_remedy,
				   "Advertise = augment on %s, but no radvd runs here",
				   d->link[i].name);
}

static void check_managers(struct doctor *d, const struct doctor_link *l)
{
	char value[32] = "";
	enum verdict v = l->roles & ROLE_MN ? VERDICT_FAIL : VERDICT_WARN;

	if (doctor_process("NetworkManager") &&
	    state_of("/run/NetworkManager/devices", l->name, "managed", value, sizeof(value)) &&
	    strcmp(value, "true") == 0)
		doctor_say(d, v, "NetworkManager",
			   "Give the interface free: nmcli device set INTERFACE managed no, or "
			   "unmanaged-devices in NetworkManager.conf.",
			   "NetworkManager manages %s", l->name);
	if (l->sends_ra && networkd_advertises(l->name))
		doctor_say(d, VERDICT_FAIL, "systemd-networkd",
			   "Set Advertise = augment in the section of this interface, or "
			   "IPv6SendRA=no in its .network file.",
			   "systemd-networkd and lked both advertise on %s", l->name);
	if (doctor_process("systemd-networkd") && (l->roles & ROLE_MN) &&
	    state_of("/run/systemd/netif/links", l->name, "ADMIN_STATE", value, sizeof(value)) &&
	    (strcmp(value, "configured") == 0 || strcmp(value, "configuring") == 0))
		doctor_say(d, VERDICT_FAIL, "systemd-networkd",
			   "Set Unmanaged=yes in [Link] of its .network file, then: networkctl "
			   "reload.",
			   "systemd-networkd manages %s of a mobile node", l->name);
}

static void check_dhcpcd(struct doctor *d)
{
	int pid = doctor_process("dhcpcd");

	for (unsigned i = 0; pid && i < d->links; i++) {
		d->subject = d->link[i].name;
		if (d->link[i].roles & ROLE_MN)
			doctor_say(
				d, VERDICT_WARN, "dhcpcd",
				"Write denyinterfaces INTERFACE, or noipv6, into dhcpcd.conf and "
				"restart it.",
				"dhcpcd (process %d) may make addresses and routes on %s", pid,
				d->link[i].name);
	}
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
	for (unsigned i = 0; i < d->links; i++) {
		d->subject = d->link[i].name;
		check_managers(d, &d->link[i]);
	}
	check_mobile_ip(d);
	if (d->roles && before == d->count[VERDICT_WARN] + d->count[VERDICT_FAIL])
		doctor_say(d, VERDICT_OK, "other daemons", NULL,
			   "none of this network namespace is in the way");
}

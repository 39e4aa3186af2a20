/* SPDX-License-Identifier: ISC */
/* net.ipv6.conf, as the roles need it. */
#include "ctl/doctor.h"

#include <unistd.h>

/* -1: not there.  writable may be NULL. */
static int get(const char *where, const char *key, bool *writable)
{
	char path[128];
	int value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", where, key);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &value) != 1)
		value = -1;
	fclose(f);
	if (writable) {
		f = fopen(path, "r+e");
		*writable = f != NULL;
		if (f)
			fclose(f);
	}
	return value;
}

static void check_forwarding(struct doctor *d)
{
	bool writable = false;
	int value = get("all", "forwarding", &writable);

	if (!(d->roles & (ROLE_AR | ROLE_HA)) || value < 0)
		return;
	if (value)
		doctor_say(d, VERDICT_OK, "forwarding", NULL, "net.ipv6.conf.all.forwarding is 1");
	else if (writable)
		doctor_say(
			d, VERDICT_WARN, "forwarding",
			"Set net.ipv6.conf.all.forwarding = 1 in /etc/sysctl.d; lked sets it only "
			"at its start and until it ends.",
			"net.ipv6.conf.all.forwarding is 0, but this host is a router");
	else
		doctor_say(d, VERDICT_FAIL, "forwarding",
			   "Set it where /proc/sys can be written: sysctl -w "
			   "net.ipv6.conf.all.forwarding=1.",
			   "net.ipv6.conf.all.forwarding is 0 and lked cannot set it: /proc/sys is "
			   "read-only");
}

static void check_link(struct doctor *d, const struct doctor_link *l)
{
	bool writable = false;
	int disabled = get(l->name, "disable_ipv6", NULL), proxy = get(l->name, "proxy_ndp", NULL);

	if (disabled < 0)
		return; /* no such interface, or no IPv6: said elsewhere */
	if (disabled)
		doctor_say(d, VERDICT_FAIL, "sysctls",
			   "Set net.ipv6.conf.INTERFACE.disable_ipv6 = 0 for it.",
			   "net.ipv6.conf.%s.disable_ipv6 is 1: no IPv6 on this interface",
			   l->name);
	else
		doctor_say(d, VERDICT_OK, "sysctls", NULL, "%s has IPv6 enabled", l->name);
	if ((l->roles & (ROLE_AR | ROLE_HA)) && get("all", "forwarding", NULL) == 1 &&
	    get(l->name, "forwarding", NULL) == 0)
		doctor_say(d, VERDICT_WARN, "sysctls",
			   "Set net.ipv6.conf.INTERFACE.forwarding = 1 for it.",
			   "net.ipv6.conf.%s.forwarding is 0: mobiles there are not served",
			   l->name);
	if (l->roles & (ROLE_AR | ROLE_HA))
		doctor_say(
			d, VERDICT_OK, "sysctls", NULL,
			"net.ipv6.conf.%s.proxy_ndp is %d and stays so: lked answers for mobiles "
			"itself",
			l->name, proxy);
	if ((l->roles & ROLE_MN) && get(l->name, "accept_ra", &writable) > 0 && !writable)
		doctor_say(d, VERDICT_FAIL, "sysctls",
			   "Set net.ipv6.conf.INTERFACE.accept_ra = 0 and autoconf = 0 where "
			   "/proc/sys can be written.",
			   "the kernel takes Router Advertisements on %s and lked cannot stop it",
			   l->name);
}

void doctor_sysctls(struct doctor *d)
{
	check_forwarding(d);
	for (unsigned i = 0; i < d->links; i++) {
		d->subject = d->link[i].name;
		check_link(d, &d->link[i]);
	}
}

/* SPDX-License-Identifier: ISC */
/* The interfaces of the roles. */
#include "ctl/doctor.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

#define IPV6_MIN_MTU 1280 /* RFC 8200 5 */

static bool has_global(const struct ifaddrs *all, const char *name)
{
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct sockaddr_in6 sin6;

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET6 ||
		    strcmp(a->ifa_name, name) != 0)
			continue;
		memcpy(&sin6, a->ifa_addr, sizeof(sin6));
		if (!IN6_IS_ADDR_LINKLOCAL(&sin6.sin6_addr) &&
		    !IN6_IS_ADDR_LOOPBACK(&sin6.sin6_addr))
			return true;
	}
	return false;
}

/* Flags, or -1: no such interface. */
static int flags_and_mtu(const char *name, int *ret_mtu)
{
	struct ifreq r = { 0 };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), flags = -1;

	str_copy(r.ifr_name, sizeof(r.ifr_name), name);
	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &r) == 0) {
		flags = (unsigned short)r.ifr_flags;
		*ret_mtu = ioctl(fd, SIOCGIFMTU, &r) == 0 ? r.ifr_mtu : 0;
	}
	if (fd >= 0)
		close(fd);
	return flags;
}

static void check_link(struct doctor *d, const struct doctor_link *l, const struct ifaddrs *all)
{
	int mtu = 0, flags = flags_and_mtu(l->name, &mtu);
	unsigned bad = d->count[VERDICT_WARN] + d->count[VERDICT_FAIL];

	if (flags < 0) {
		doctor_say(d, VERDICT_FAIL, "interface",
			   "Correct Interface in the configuration, or make the interface; lked "
			   "takes it when it appears.",
			   "%s does not exist", l->name);
		return;
	}
	if (!(flags & IFF_UP))
		doctor_say(d, VERDICT_FAIL, "interface", "Start it with: ip link set INTERFACE up.",
			   "%s is down", l->name);
	else if (!(flags & IFF_RUNNING))
		doctor_say(d, VERDICT_WARN, "interface",
			   "Plug the cable in, or start hostapd or wpa_supplicant.",
			   "%s is up without a carrier", l->name);
	if (mtu < IPV6_MIN_MTU)
		doctor_say(d, VERDICT_FAIL, "interface",
			   "Raise it with: ip link set INTERFACE mtu 1500 (IPv6 needs 1280).",
			   "%s has an MTU of %d octets", l->name, mtu);
	if ((l->roles & (ROLE_AR | ROLE_HA)) && !has_global(all, l->name))
		doctor_say(
			d, VERDICT_FAIL, "interface",
			"Give it one of its /64, with: ip address add PREFIX::1/64 dev INTERFACE.",
			"%s has no global IPv6 address", l->name);
	if (bad == d->count[VERDICT_WARN] + d->count[VERDICT_FAIL])
		doctor_say(d, VERDICT_OK, "interface", NULL, "%s is up, with an MTU of %d octets%s",
			   l->name, mtu, l->roles == ROLE_MN ? "" : " and a global address");
}

void doctor_links(struct doctor *d)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		all = NULL;
	for (unsigned i = 0; i < d->links; i++) {
		d->subject = d->link[i].name;
		check_link(d, &d->link[i], all);
	}
	freeifaddrs(all);
}

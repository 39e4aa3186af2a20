/* SPDX-License-Identifier: ISC */
/*
 * Per-interface IPv6 sysctls: set, remember, restore.  Old values are written to a record file
 * before the first change, so that the next start repairs what a killed daemon left.  Privileged
 * process only; the functions open files under /proc/sys and in the state directory (before
 * privileged_limit() or after it: root owns them).
 */
#ifndef PLATFORM_SYSCTL_H
#define PLATFORM_SYSCTL_H

#include "lke/types.h"

enum {
	SYSCTL_MAX = 512,
	SYSCTL_GATE_ROOM = 1 << 20, /* octets with their overhead, 1,200 small packets */
};

struct sysctl;

/* Reads the record a killed daemon left in state_dir (file "sysctl.saved"), restores it, starts
 * anew.  0 or -errno. */
int sysctl_open(const char *state_dir, struct sysctl **ret);
/* The same, but what is changed stays changed: this lked goes on with it. */
int sysctl_go_on(const char *state_dir, struct sysctl **ret);
/*
 * net.ipv6.conf.IFNAME.KEY = value (KEY unres_qlen_bytes: of net.ipv6.neigh).  Saves the old value
 * first; does nothing when it is right already. -ENOENT: no such interface or key; -ENOSPC:
 * SYSCTL_MAX values are saved; -EINVAL: a name with '/' or '..'.
 */
int sysctl_set(struct sysctl *s, const char *ifname, const char *key, int value);
/* Back to the value that was saved; nothing when none was. */
int sysctl_reset(struct sysctl *s, const char *ifname, const char *key);
int sysctl_get(const char *ifname, const char *key, int *ret_value);

/* MN: the engine does router discovery, addresses and DAD on this link: accept_ra, autoconf,
 * use_tempaddr, ndisc_notify, accept_redirects 0; addr_gen_mode 1 (none) so that the kernel forms
 * no address itself. */
int sysctl_manage_link(struct sysctl *s, const char *ifname);
/* The link is no longer the engine's: what it was before. */
int sysctl_release_link(struct sysctl *s, const char *ifname);
/* Links with gates (nl_gate_close()): the kernel keeps unres_qlen_bytes of packets for a neighbour,
 * 256 small ones by default, which a busy machine outlasts in a tenth of a second.  Raised, never
 * lowered. */
int sysctl_manage_gate(struct sysctl *s, const char *ifname);
/* Links of agents: a Neighbor Advertisement of an address in the link's prefixes makes a neighbour
 * entry (RFC 9131).  The first packets to a node that comes need not wait for address resolution,
 * at whose end newer ones overtake them.  Kernels before 5.19 cannot: 0, nothing is changed. */
int sysctl_manage_router(struct sysctl *s, const char *ifname);
/* The TUN: no kernel addresses, no RA, no DAD. */
int sysctl_manage_tun(struct sysctl *s, const char *ifname);

/* Restores every value (interfaces that vanished are skipped), removes the record, frees. */
void sysctl_close(struct sysctl *s);

#endif

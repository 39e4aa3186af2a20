/* SPDX-License-Identifier: ISC */
/* lke doctor: what its checks share.  One file a subject; doctor.c runs them in order. */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include "ctl/ctl.h"
#include "daemon/config_file.h"

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };

/* Interfaces of all roles, each once. */
enum { DOCTOR_LINKS = 3 * LKE_MAX_IFACES };
enum { ROLE_AR = 1, ROLE_MN = 2, ROLE_HA = 4 };

struct doctor_link {
	const char *name; /* borrowed of the configuration */
	unsigned roles;
	bool sends_ra; /* lked sends Router Advertisements of its own here */
	bool augments; /* it adds to those of another daemon */
};

struct doctor {
	struct ctl *ctl;
	const char *state_dir;
	const struct daemon_config *cfg; /* zeroed when the configuration is wrong */
	struct doctor_link link[DOCTOR_LINKS];
	unsigned links, roles;
	const char *subject; /* what INTERFACE, FILE or DIRECTORY of a remedy is; may be NULL */
	json_t *checks;	     /* array of objects, see share/schema/lke.doctor-1.json */
	unsigned count[VERDICT_FAIL + 1];
	bool config_wrong, kernel_lacks;
};

/*
 * One result.  check names the subject in a word or two, remedy is one sentence that says what to
 * do (NULL with VERDICT_OK), fmt what was found.
 */
void doctor_say(struct doctor *d, enum verdict v, const char *check, const char *remedy,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* VERDICT_FAIL, and it is the kernel that has to change: exit code 9. */
void doctor_lacks(struct doctor *d, const char *check, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A process with this name (at most 15 characters count, as in /proc/PID/comm) in our network
 * namespace; 0: none. */
int doctor_process(const char *name);

void doctor_files(struct doctor *d); /* configuration's files, state directory */
void doctor_clock(struct doctor *d);
void doctor_kernel(struct doctor *d);	/* TUN, packet sockets, policy routing, BPF */
void doctor_sysctls(struct doctor *d);	/* net.ipv6.conf */
void doctor_links(struct doctor *d);	/* interfaces */
void doctor_others(struct doctor *d);	/* other daemons on the interfaces */
void doctor_firewall(struct doctor *d); /* nftables rulesets of the host */
void doctor_daemon(struct doctor *d);	/* lked itself */

#endif

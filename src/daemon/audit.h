/* SPDX-License-Identifier: ISC */
/*
 * The audit journal of a home agent (SEC-029, SEC-031): one record for each Binding Update, who,
 * from where, under which security association, with which verdict.  The engine process sends
 * records, the privileged process appends them to STATE/audit.log as lines of JSON (schema
 * lke.audit/1) and rotates the file; so a process that was taken over can add to the history, not
 * change it.
 *
 * Bounded: AUDIT_FILES files of a configured size; refusals of one mobile node above ten a second,
 * and what is not authenticated above ten a second and reason, are counted in later records.
 */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include "lke/action.h"

enum { AUDIT_FILES = 4 };

/* Flat: any octets are a valid object. */
struct audit_record {
	uint64_t time_ms; /* wall clock, since 1970 */
	struct lke_in6 home, coa, src, agent;
	uint32_t spi; /* 0: not authenticated */
	uint32_t lifetime, repeats, drop;
	uint16_t seq;
	uint8_t status, pad;
	char name[LKE_NAME_MAX];
	char interface[LKE_IFNAME_MAX];
};

/* Is this note about a Binding Update that a home agent received?  Then its record. */
bool audit_from_note(const struct lke_note *n, const char *interface, uint64_t time_ms,
		     struct audit_record *ret);
/* One line with its newline; letters that JSON or a terminal would mind are replaced.  Returns its
 * length; size must be AUDIT_LINE_MAX at least. */
#define AUDIT_LINE_MAX 768
size_t audit_line(const struct audit_record *r, char *buf, size_t size);

struct audit_file {
	const char *dir; /* borrowed */
	uint64_t max, size;
	int fd;	       /* -1: closed */
	bool failing;  /* the last write failed; said once */
	uint64_t lost; /* records not written */
};

/* Opens or makes DIR/audit.log (mode 0600).  0 or -errno. */
int audit_open(struct audit_file *f, const char *dir, uint64_t max);
/* Appends; rotates first when the file is full.  0 or -errno; the next call tries again. */
int audit_write(struct audit_file *f, const struct audit_record *r);
void audit_close(struct audit_file *f);

#endif

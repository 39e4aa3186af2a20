/* SPDX-License-Identifier: ISC */
/* Log lines to stderr: one readable line each, no secrets, at most ten a second and class. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "lke/action.h"

enum log_class {
	LOG_CLASS_DAEMON, /* the daemon's own affairs */
	LOG_CLASS_KERNEL, /* requests the kernel refused */
	LOG_CLASS_PEER,	  /* reports of drops */
	LOG_CLASS_NOTE,	  /* + enum lke_note_type */
	LOG_CLASS_COUNT = LOG_CLASS_NOTE + LKE_NOTE_COUNT,
};

/* Severity as in syslog(3); with the journal on stderr lines get its "<N>" prefix. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_DEBUG = 7
};

void log_open(bool debug); /* debug: whatever the level is */
/* What is less severe is left out; LOG_LEVEL_NOTICE at first. */
void log_set_level(int level);
/* Descriptor of the journal's socket, which a process keeps open to log; -1: stderr is used. */
int log_fd(void);
void log_line(enum log_class c, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define log_error(...)	 log_line(LOG_CLASS_DAEMON, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_CLASS_DAEMON, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(LOG_CLASS_DAEMON, LOG_LEVEL_NOTICE, __VA_ARGS__)

/* ifname: of the note's interface, or "". */
void log_note(const struct lke_note *n, const char *ifname);

#endif

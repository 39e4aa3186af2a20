/* SPDX-License-Identifier: ISC */
/*
 * The control socket: newline-delimited JSON.  Requests:
 *	{"cmd":"show"[,"what":W][,"most":N]}	at most N of each kind; one line, schema lke.show/1
 *	{"cmd":"metrics"}		figures by name, schema lke.metrics/1
 *	{"cmd":"status"}		{"healthy":true|false,"why":"..."}
 *	{"cmd":"monitor"}		notes as they come, schema lke.event/1
 *	{"cmd":"keylog","arg":"off"}	ok, root only
 *	{"cmd":"keylog","arg":"on"}	{"ok":true,"send":"descriptor"}: then one octet with the
 *file as SCM_RIGHTS, then ok
 *	{"cmd":"reload"[,"confirm":SECONDS]}, {"cmd":"diff"|"confirm"|"undo"}	schema lke.reload/1
 *	{"cmd":"handover"|"kex"|"flush-lbsa"|"flush-binding"|"suspend"|"resume"|"leave"|"rekey"
 *	[,"arg":ADDRESS]}
 * A command is answered by {"ok":true} or {"ok":false,"error":SENTENCE,"code":NUMBER}.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <jansson.h>

#include "daemon/driver.h"

enum {
	CONTROL_CLIENTS_MAX = 32,
	CONTROL_FRAME_MAX = 65536,    /* octets of a request */
	CONTROL_OUTPUT_MAX = 4 << 20, /* octets a slow monitor may leave unread */
	CONTROL_IDLE_S = 30,	      /* then a client that does not monitor is closed */
	SHOW_PAGE = 500,	      /* objects of a kind in one answer */
	CONTROL_REQUESTS_MAX = 64,    /* commands of one client under way */
};

/* listen_fd: bound and listening; stays the caller's.  0 or -ENOMEM. */
int control_new(struct driver *d, int listen_fd, struct control **ret);
void control_free(struct control *c);
void control_note(struct control *c,
		  const struct lke_note *n); /* to every monitor; c may be NULL */
/* The same for what is no note: an object of schema lke.event/1, which is consumed; may be NULL. */
void control_event(struct control *c, json_t *j);
void control_reply(struct control *c, uint64_t cookie, int err);
/* The answer to a command, which is consumed; NULL: out of memory. */
void control_answer(struct control *c, uint64_t cookie, json_t *j);

/* What one answer has of a kind. */
struct show_page {
	size_t most, cursor;
	bool more; /* behind the cursor */
};

/* --- show.c --- */
/* what: NULL or "all", or one of lbsa, bindings, routers, mobiles, agents, sequences, counters.
 * limits, timers (only by name).
 * most: objects of each kind, 0 and above SHOW_PAGE: SHOW_PAGE, so that nobody who looks keeps
 * packets waiting.  Where there are more, "next" has the `from` that gets them, with the name of
 * what alone. NULL: no such thing, or no memory. */
json_t *show_json(struct driver *d, const char *what, size_t most, uint64_t from);
/* Figures by name with their help, as a monitoring system takes them; show_metrics.c. */
json_t *show_metrics(struct driver *d);
json_t *show_status(struct driver *d);
/* show_sequences.c: each policy entry with the rate and the days left. */
json_t *show_sequences(const struct lke_engine *e, struct show_page *p);
/* show_limits.c: tables with what is used and the limit. */
json_t *show_limits(struct driver *d);
/* One line about a table that is nearly full, if why is "" yet. */
void show_limits_trouble(struct driver *d, char *why, size_t size);
/* show_timers.c: the next ones, at most LKE_TIMERS_MAX. */
json_t *show_timers(struct driver *d, size_t most);
json_t *show_note(struct driver *d, const struct lke_note *n);

/* --- driver_reload.c --- */
enum reload_result;
/* fd: of the outcome, -1: none. */
json_t *driver_reload_json(enum reload_result result, uint32_t confirm, int fd);

#endif

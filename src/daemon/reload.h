/* SPDX-License-Identifier: ISC */
/*
 * Another configuration while lked runs, seen by the privileged process: it has the files read by a
 * child of its own, hands the result to the engine process, which takes it over whole or not at
 * all, and follows.  The configuration before stays at hand for lke undo, and for the time that
 * --confirm-within gives.  docs/adr/0100-reload.md.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <sys/types.h>

#include "base/exit_code.h"
#include "daemon/priv_msg.h"

enum reload_kind {
	RELOAD_CHANGE = 1,
	RELOAD_COMPARE, /* only what would change */
	RELOAD_CONFIRM,
	RELOAD_UNDO,
	RELOAD_KINDS
};

#define RELOAD_CONFIRM_MAX (24 * 3600) /* s */

/* RESULT, exit code of lke, what the operator reads */
/* clang-format off */
#define RELOAD_RESULT_LIST(X) \
	X(DONE, EXIT_OK, "done") \
	X(SAME, EXIT_OK, "no difference: lked runs with what the files say") \
	X(WRONG, EXIT_CONFIG, "the configuration has errors, nothing was changed; correct them") \
	X(RESTART, EXIT_FAILED, "part of it needs a restart of lked, nothing was changed; take that out again, or " \
			       "restart lked") \
	X(STALE, EXIT_CONFIG, "a key file is older than the key in use, or has the SPI of a key that is to " \
			      "follow (the log says whose), nothing was changed; make one with: lke rekey") \
	X(BUSY, EXIT_FAILED, "another reload is under way; try again") \
	X(UNCONFIRMED, EXIT_FAILED, "the last reload waits for one of: lke confirm, lke undo") \
	X(NOTHING, EXIT_NO_OBJECT, "there is no reload to confirm or to undo; make one with: lke reload") \
	X(TIMEOUT, EXIT_TIMEOUT, "the files could not be read in time, nothing was changed; try again") \
	X(DIED, EXIT_FAILED, "the process that reads the files ended too early (the log may say why), nothing " \
			     "was changed; try again") \
	X(NOMEM, EXIT_FAILED, "out of memory, nothing was changed; free some and try again") \
	X(KEEP, EXIT_FAILED, "the configuration before cannot be kept in the state directory, nothing was " \
			     "changed; make room there") \
	X(REFUSED, EXIT_FAILED, "the engine does not take it, nothing was changed; restart lked to take it")
/* clang-format on */
enum reload_result {
#define X(name, code, text) RELOAD_##name,
	RELOAD_RESULT_LIST(X)
#undef X
		RELOAD_RESULTS
};
const char *reload_text(enum reload_result r);
int reload_exit_code(enum reload_result r);
/* Of the engine's answer to LKE_EV_CONFIG. */
enum reload_result reload_of_error(int err);

struct world;

/* Where the privileged process comes in. */
struct reload_host {
	void (*tell)(void *ctx, const struct priv_reply *r, int fd); /* to the engine process */
	void (*installed)(void *ctx); /* world.cfg is another one now; reload_other() the former */
	void *ctx;
};

struct reload {
	struct world *w;
	struct reload_host host;
	enum { RELOAD_IDLE, RELOAD_READING, RELOAD_APPLYING } state;
	enum reload_kind kind;
	bool asked;	  /* by a client of the engine process; else by a signal or the time */
	uint32_t confirm; /* s; 0: at once for good */
	pid_t reader;
	int image, outcome;	    /* files in memory; -1: none */
	lke_time deadline;	    /* of the reader, or until the engine process is missed */
	struct daemon_config other; /* the next one while it is applied, else the one before */
	char *other_text;
	bool has_other, may_undo;
	lke_time undo_at; /* LKE_NEVER: nothing waits to be confirmed */
};

void reload_init(struct reload *r, struct world *w, const struct reload_host *host);
void reload_done(struct reload *r);
/* RELOAD_DONE: it has begun, and ends with PRIV_RELOADED; else why it did not. */
enum reload_result reload_begin(struct reload *r, enum reload_kind kind, uint32_t confirm,
				bool asked);
/* A child of this process has ended, perhaps ours. */
void reload_reap(struct reload *r);
/* The engine process took the configuration over (0), or an enum lke_error says why it did not. */
void reload_configured(struct reload *r, int err);
lke_time reload_deadline(const struct reload *r);
void reload_timer(struct reload *r);
/* The configuration that is about to come, or the one before; NULL: there is none.  What it allows
 * is allowed, too: requests about it may still be under way. */
const struct daemon_config *reload_other(const struct reload *r);

/* --- reload_read.c: in the child --- */

/* Reads and compares; what was found goes to outcome as JSON, the configuration to image. */
enum reload_result reload_read(const struct world *w, enum reload_kind kind, int image,
			       int outcome);

/* --- reload_keep.c --- */

/* The configuration to start with if lked ends before it is confirmed.  0 or -errno. */
int reload_keep(const char *state_dir, const char *text);
void reload_keep_drop(const char *state_dir);
/* Its path, if there is one; false: the files are to be read. */
bool reload_kept(const char *state_dir, char *buf, size_t size);

#endif

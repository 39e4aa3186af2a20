/* SPDX-License-Identifier: ISC */
/* lke(1): what its files share. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/exit_code.h"

#define CTL_TIMEOUT_MS 5000

struct ctl {
	const char *run_dir;
	const char *socket_path; /* for messages */
	const char *config;	 /* -c */
	bool json;		 /* -j */
	bool colour;		 /* stdout is a terminal */
	int columns;		 /* how wide lines may be; INT_MAX: stdout is no terminal */
};

/* --- client.c --- */
/* Connects and sends one request.  0 and *ret_fd, or an exit code after a message to stderr. */
int client_open(struct ctl *c, json_t *request, int *ret_fd);
/* One line of an answer, an object; *ret is owned by the caller.  timeout_ms -1: for ever.  0 or an
 * exit code after a message, which is the daemon's own when it refuses. */
struct client_buf {
	char *text;
	size_t len, cap;
};
int client_read(int fd, struct client_buf *b, int timeout_ms, json_t **ret);
/* Request and answer, as client_read; request is consumed. */
int client_ask(struct ctl *c, json_t *request, json_t **ret);

/* --- pages.c --- */
/* The state, or one part of it (what; NULL: all), however long it is.  *ret is owned by the caller.
 * 0 or an exit code after a message. */
int client_show(struct ctl *c, const char *what, json_t **ret);
/* One part, page by page as they come; fn borrows each.  0 or an exit code after a message. */
typedef void client_page_fn(void *ctx, const json_t *page);
int client_show_pages(struct ctl *c, const char *what, client_page_fn *fn, void *ctx);

/* --- help.c --- */
/* Prints why (NULL: nothing) and how the command is written, to stderr.  EXIT_USAGE. */
int usage(const char *name, const char *why);

/* --- operate.c --- */
bool operate_is_address(const char *text); /* an IPv6 address */
/* Asks for a command that is answered by ok; arg may be NULL.  An exit code. */
int operate(struct ctl *c, const char *cmd, const char *arg);

/* --- rekey.c --- */
struct daemon_config;
/* lked's configuration with its keys, for root.  quiet: its problems are not printed.  An exit
 * code; daemon_config_done() in any case. */
int ctl_load_config(struct ctl *c, struct daemon_config *cfg, bool quiet);
/* Index of the [Mobile] section with this home address; -1: none. */
int ctl_mobile(const struct daemon_config *cfg, const char *home);
/* A next key of this home address is there; 0 also when lked does not run. */
int ctl_tell_rekey(struct ctl *c, const char *home);

/* --- text.c --- */
/* "1h52m", "28m", "12s", "-" for null. */
const char *text_age(const json_t *seconds, char buf[16]);
/* "18.2 MiB" */
const char *text_bytes(double n, char buf[16]);
/* A string member, or "-" when it is null or missing. */
const char *text_get(const json_t *j, const char *key);
double text_number(const json_t *j, const char *key);
/* Prints j, which may be NULL for want of memory, on several lines, and frees it.  An exit code. */
int ctl_print_json(json_t *j);

#endif

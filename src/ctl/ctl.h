/* SPDX-License-Identifier: ISC */
/* lke(1): what its files share. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes of lke(1). */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 4,
	EXIT_PERMISSION = 5,
	EXIT_TIMEOUT = 6,
	EXIT_DEGRADED = 8,
};

#define CTL_TIMEOUT_MS 5000

struct ctl {
	const char *run_dir;
	const char *socket_path; /* for messages */
	bool json;		 /* -j */
	bool colour;		 /* stdout is a terminal */
};

/* --- client.c --- */
/* Connects and sends one request.  0 and *ret_fd, or an exit code after a message to stderr. */
int client_open(struct ctl *c, json_t *request, int *ret_fd);
/* One line of an answer, parsed; *ret is owned by the caller.  timeout_ms -1: for ever.  0 or an
 * exit code. */
struct client_buf {
	char *text;
	size_t len, cap;
	size_t taken; /* lines read so far */
};
int client_read(int fd, struct client_buf *b, int timeout_ms, json_t **ret);
/* Request and answer; prints what the daemon refuses.  request is consumed. */
int client_ask(struct ctl *c, json_t *request, json_t **ret);

/* --- subcommands: argv[0] is the name of the subcommand --- */
int cmd_show(struct ctl *c, int argc, char **argv);
int cmd_status(struct ctl *c, int argc, char **argv);
int cmd_monitor(struct ctl *c, int argc, char **argv);
int cmd_operate(struct ctl *c, int argc, char **argv); /* handover, kex, flush, suspend, resume */
int cmd_genkey(struct ctl *c, int argc, char **argv);
int usage(const char *what); /* message and exit code 2 */

/* --- text.c --- */
/* "1h52m", "28m", "12s", "-" for null. */
const char *text_age(const json_t *seconds, char buf[16]);
/* "18.2 MiB" */
const char *text_bytes(double n, char buf[16]);
/* A string member, or "-" when it is null or missing. */
const char *text_get(const json_t *j, const char *key);
double text_number(const json_t *j, const char *key);

#endif

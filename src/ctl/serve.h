/* SPDX-License-Identifier: ISC */
/* lke serve: figures for a monitoring system and a live page, read from control sockets. */
#ifndef CTL_SERVE_H
#define CTL_SERVE_H

#include <event2/event.h>
#include <event2/http.h>

#include "ctl/ctl.h"

enum {
	SERVE_SOURCES_MAX = 64,
	SERVE_VIEWERS_MAX = 32,	     /* pages that look on */
	SERVE_SCRAPES_MAX = 16,	     /* under way */
	SERVE_BACKLOG_MAX = 4 << 20, /* octets that a slow page may leave unread */
	SERVE_ANSWER_MAX = 64 << 20, /* octets of one answer of a daemon */
	SERVE_TIMEOUT_S = 5,	     /* for one answer of a daemon */
};

struct serve;
struct source; /* one daemon, by its control socket */

/* --- serve_source.c --- */

struct source_callbacks {
	/* An event of the monitor, or the state; j is borrowed. */
	void (*event)(void *ctx, const char *node, const json_t *j);
	void (*state)(void *ctx, const char *node, const json_t *j);
	void (*up)(void *ctx, const char *node, bool up);
};
/* dir: of the control socket; node: its name on the page.  NULL when out of memory. */
struct source *source_new(struct event_base *base, const char *dir, const char *node,
			  const struct source_callbacks *cb, void *ctx);
/* Every question under way gets its NULL now. */
void source_stop(struct source *s);
void source_free(struct source *s);
const char *source_node(const struct source *s);
const char *source_path(const struct source *s); /* its control socket */
bool source_is_up(const struct source *s);
const json_t *source_state(const struct source *s); /* the last one, or NULL */
/* While somebody looks, the monitor is read and the state is asked for again and again. */
void source_watch(struct source *s, bool on);
/* One question; fn is called once, with NULL when there is no answer. */
typedef void source_answer_fn(void *ctx, json_t *j);
void source_ask(struct source *s, const char *cmd, source_answer_fn *fn, void *ctx);

/* --- serve_metrics.c --- */

struct metrics_of {
	const char *node;
	const json_t *answer; /* lke.metrics/1, or NULL: the daemon does not answer */
};
/* Prometheus' text format.  A label names the node when there are several. */
void metrics_write(struct evbuffer *out, const struct metrics_of *of, unsigned n);

/* --- serve_scrape.c --- */

void scrape_begin(struct evhttp_request *req, struct source *const *source, unsigned n);

/* --- serve_events.c --- */

struct viewers;
struct viewers *viewers_new(struct source *const *source, unsigned n);
void viewers_free(struct viewers *v);
void viewers_add(struct viewers *v, struct evhttp_request *req);
extern const struct source_callbacks viewers_callbacks; /* ctx: struct viewers ** */

#endif

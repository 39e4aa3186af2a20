/* SPDX-License-Identifier: ISC */
/* Server-Sent Events to the pages that look on: the objects of `lke show -j` and `lke monitor -j`.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/serve.h"

#define DAY    86400
#define RECENT 64 /* events that a new page gets */

struct viewer {
	struct viewers *all;
	struct evhttp_request *req; /* NULL: free place */
};

struct viewers {
	struct source *const *source;
	unsigned n, looking;
	struct viewer v[SERVE_VIEWERS_MAX];
	struct evbuffer *recent[RECENT]; /* a ring: the next one replaces the oldest */
	unsigned next;
};

static void watch(struct viewers *all)
{
	for (unsigned i = 0; i < all->n; i++)
		source_watch(all->source[i], all->looking > 0);
}

static void on_close(struct evhttp_connection *c, void *ctx)
{
	struct viewer *v = ctx;
	struct evhttp_request *req = v->req;

	v->req = NULL;
	v->all->looking--;
	/* A request that libevent has taken from its connection is freed by the end of its reply.
	 */
	if (req && !evhttp_request_get_connection(req))
		evhttp_send_reply_end(req);
	watch(v->all);
}

/* {"node":...,"data":...} as one event; data may be NULL. */
static struct evbuffer *event_of(const char *type, const char *node, const json_t *data)
{
	json_t *j = json_pack("{s:s,s:O?}", "node", node, "data", (json_t *)data);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct evbuffer *b = text ? evbuffer_new() : NULL;

	if (b)
		evbuffer_add_printf(b, "event: %s\ndata: %s\n\n", type, text);
	free(text);
	json_decref(j);
	return b;
}

/* A page that does not read misses events; the state comes again. */
static void send_to(struct viewer *v, const struct evbuffer *b)
{
	struct evhttp_connection *c = evhttp_request_get_connection(v->req);
	struct bufferevent *bev = c ? evhttp_connection_get_bufferevent(c) : NULL;
	struct evbuffer *copy;

	if (!bev || evbuffer_get_length(bufferevent_get_output(bev)) > SERVE_BACKLOG_MAX)
		return;
	copy = evbuffer_new();
	if (!copy)
		return;
	if (evbuffer_add_buffer_reference(copy, (struct evbuffer *)b) == 0)
		evhttp_send_reply_chunk(v->req, copy);
	evbuffer_free(copy);
}

static void tell_all(struct viewers *all, const struct evbuffer *b)
{
	for (unsigned i = 0; i < SERVE_VIEWERS_MAX; i++)
		if (all->v[i].req)
			send_to(&all->v[i], b);
}

static void tell(struct viewers *all, const char *type, const char *node, const json_t *data)
{
	struct evbuffer *b = event_of(type, node, data);

	if (!b)
		return;
	tell_all(all, b);
	evbuffer_free(b);
}

/* Messages are too many for a page: it shows what came of them. */
static void on_note(void *ctx, const char *node, const json_t *j)
{
	struct viewers *all = *(struct viewers **)ctx;
	struct evbuffer **place = &all->recent[all->next % RECENT], *b;

	if (strcmp(text_get(j, "event"), "message") == 0)
		return;
	b = event_of("event", node, j);
	if (!b)
		return;
	tell_all(all, b);
	if (*place)
		evbuffer_free(*place);
	*place = b;
	all->next++;
}

static void on_state(void *ctx, const char *node, const json_t *j)
{
	tell(*(struct viewers **)ctx, "state", node, j);
}

static void on_up(void *ctx, const char *node, bool up)
{
	tell(*(struct viewers **)ctx, up ? "up" : "down", node, NULL);
}

const struct source_callbacks viewers_callbacks = { on_note, on_state, on_up };

static void greet(struct viewer *v)
{
	for (unsigned i = 0; i < v->all->n; i++) {
		const struct source *s = v->all->source[i];
		const json_t *state = source_state(s);
		struct evbuffer *b = event_of(state ? "state" : "down", source_node(s), state);

		if (b) {
			send_to(v, b);
			evbuffer_free(b);
		}
	}
	for (unsigned i = 0; i < RECENT; i++) {
		const struct evbuffer *b = v->all->recent[(v->all->next + i) % RECENT];

		if (b)
			send_to(v, b);
	}
}

void viewers_add(struct viewers *all, struct evhttp_request *req)
{
	struct evkeyvalq *h = evhttp_request_get_output_headers(req);
	struct evhttp_connection *c = evhttp_request_get_connection(req);
	struct viewer *v = all->v;

	while (v < all->v + SERVE_VIEWERS_MAX && v->req)
		v++;
	if (v == all->v + SERVE_VIEWERS_MAX) {
		evhttp_send_error(req, HTTP_SERVUNAVAIL, "too many pages look on");
		return;
	}
	*v = (struct viewer){ .all = all, .req = req };
	all->looking++;
	evhttp_connection_set_timeout(c, DAY);
	evhttp_connection_set_closecb(c, on_close, v);
	evhttp_add_header(h, "Content-Type", "text/event-stream");
	evhttp_add_header(h, "Cache-Control", "no-store");
	evhttp_send_reply_start(req, HTTP_OK, "OK");
	greet(v);
	watch(all);
}

struct viewers *viewers_new(struct source *const *source, unsigned n)
{
	struct viewers *all = calloc(1, sizeof(*all));

	if (all) {
		all->source = source;
		all->n = n;
	}
	return all;
}

void viewers_free(struct viewers *all)
{
	for (unsigned i = 0; all && i < RECENT; i++)
		if (all->recent[i])
			evbuffer_free(all->recent[i]);
	free(all);
}

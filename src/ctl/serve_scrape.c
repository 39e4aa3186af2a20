/* SPDX-License-Identifier: ISC */
/* One request of a monitoring system: every daemon is asked, then all answers are written. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "ctl/serve.h"

struct scrape;

struct scraped {
	struct scrape *scrape;
	json_t *answer;
};

struct scrape {
	struct evhttp_request *req; /* also when its client has gone: the reply frees it */
	struct source *const *source;
	unsigned n, waiting;
	struct scraped of[SERVE_SOURCES_MAX];
};

static unsigned under_way;

static void finish(struct scrape *s)
{
	struct metrics_of of[SERVE_SOURCES_MAX];
	struct evbuffer *out = evbuffer_new();

	for (unsigned i = 0; i < s->n; i++)
		of[i] = (struct metrics_of){ source_node(s->source[i]), s->of[i].answer };
	if (out)
		metrics_write(out, of, s->n);
	evhttp_add_header(evhttp_request_get_output_headers(s->req), "Content-Type",
			  "text/plain; version=0.0.4; charset=utf-8");
	evhttp_send_reply(s->req, out ? HTTP_OK : HTTP_INTERNAL, NULL, out);
	if (out)
		evbuffer_free(out);
	for (unsigned i = 0; i < s->n; i++)
		json_decref(s->of[i].answer);
	free(s);
	under_way--;
}

static void on_answer(void *ctx, json_t *j)
{
	struct scraped *of = ctx;

	if (json_is_array(json_object_get(j, "families")))
		of->answer = json_incref(j);
	if (--of->scrape->waiting == 0)
		finish(of->scrape);
}

void scrape_begin(struct evhttp_request *req, struct source *const *source, unsigned n)
{
	struct scrape *s = n > 0 && under_way < SERVE_SCRAPES_MAX ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		evhttp_send_error(req, HTTP_SERVUNAVAIL, "too many requests under way");
		return;
	}
	under_way++;
	s->req = req;
	s->source = source;
	s->n = n;
	s->waiting = n;
	for (unsigned i = 0; i < n; i++) {
		s->of[i].scrape = s;
		source_ask(source[i], "metrics", on_answer, &s->of[i]);
	}
}

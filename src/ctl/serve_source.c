/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ctl/serve.h"

/* A connection asks one question; the monitor's stays. */
struct asking {
	struct source *source;
	struct bufferevent *bev;
	source_answer_fn *fn; /* NULL: the monitor */
	void *ctx;
	struct asking *next;
};

struct source {
	struct event_base *base;
	char path[108], node[64];
	const struct source_callbacks *cb;
	void *ctx;
	struct event *again;
	struct asking *asking, *monitor;
	struct timeval asked;
	bool watched, up;
	json_t *state;
};

static const struct timeval second = { .tv_sec = 1 };

static void set_up(struct source *s, bool up)
{
	if (s->up == up)
		return;
	s->up = up;
	s->cb->up(s->ctx, s->node, up);
}

static void asking_free(struct asking *a)
{
	struct asking **p = &a->source->asking;

	while (*p && *p != a)
		p = &(*p)->next;
	if (*p)
		*p = a->next;
	if (a->source->monitor == a)
		a->source->monitor = NULL;
	bufferevent_free(a->bev);
	free(a);
}

static void done(struct asking *a, json_t *j)
{
	source_answer_fn *fn = a->fn;
	void *ctx = a->ctx;

	asking_free(a);
	if (fn)
		fn(ctx, j);
	json_decref(j);
}

/* The daemon's time counts from the boot of its host. */
static void add_wall_time(struct source *s, json_t *j)
{
	struct timeval now;

	event_base_gettimeofday_cached(s->base, &now);
	json_object_set_new(j, "wall_time",
			    json_real((double)now.tv_sec + (double)now.tv_usec / 1e6));
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	struct asking *a = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		json_t *j = json_loadb(line, len, 0, NULL);

		free(line);
		if (a->fn) {
			done(a, j);
			return;
		}
		if (json_is_object(j) && !json_is_false(json_object_get(j, "ok"))) {
			add_wall_time(a->source, j);
			a->source->cb->event(a->source->ctx, a->source->node, j);
		}
		json_decref(j);
	}
	if (evbuffer_get_length(in) > SERVE_ANSWER_MAX)
		done(a, NULL);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		done(ctx, NULL);
}

static bool start(struct asking *a, const char *cmd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = SERVE_TIMEOUT_S };

	strcpy(sun.sun_path, a->source->path);
	a->bev = bufferevent_socket_new(a->source->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!a->bev)
		return false;
	bufferevent_setcb(a->bev, on_read, NULL, on_event, a);
	if (a->fn)
		bufferevent_set_timeouts(a->bev, &limit, &limit);
	bufferevent_enable(a->bev, EV_READ | EV_WRITE);
	evbuffer_add_printf(bufferevent_get_output(a->bev), "{\"cmd\":\"%s\"}\n", cmd);
	if (bufferevent_socket_connect(a->bev, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return true;
	bufferevent_free(a->bev);
	return false;
}

static struct asking *ask(struct source *s, const char *cmd, source_answer_fn *fn, void *ctx)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a) {
		*a = (struct asking){ .source = s, .fn = fn, .ctx = ctx };
		if (start(a, cmd)) {
			a->next = s->asking;
			s->asking = a;
			return a;
		}
		free(a);
	}
	if (fn)
		fn(ctx, NULL);
	return NULL;
}

void source_ask(struct source *s, const char *cmd, source_answer_fn *fn, void *ctx)
{
	ask(s, cmd, fn, ctx);
}

/* A large state is asked for less often: a page may take a twentieth of the daemon's time. */
static void on_state(void *ctx, json_t *j)
{
	struct source *s = ctx;
	struct timeval now, wait;

	event_base_gettimeofday_cached(s->base, &now);
	evutil_timersub(&now, &s->asked, &wait);
	wait.tv_sec = wait.tv_sec * 20 + wait.tv_usec / 50000;
	wait.tv_usec = 0;
	evtimer_add(s->again, evutil_timercmp(&wait, &second, >) ? &wait : &second);
	set_up(s, j != NULL);
	if (!j)
		return;
	json_decref(s->state);
	s->state = json_incref(j);
	s->cb->state(s->ctx, s->node, j);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct source *s = ctx;

	if (!s->watched)
		return;
	event_base_gettimeofday_cached(s->base, &s->asked);
	if (!s->monitor)
		s->monitor = ask(s, "monitor", NULL, NULL);
	ask(s, "show", on_state, s);
}

void source_watch(struct source *s, bool on)
{
	const struct timeval now = { 0 };

	if (on == s->watched)
		return;
	s->watched = on;
	if (on) {
		evtimer_add(s->again, &now);
	} else {
		evtimer_del(s->again);
		if (s->monitor)
			asking_free(s->monitor);
	}
}

struct source *source_new(struct event_base *base, const char *dir, const char *node,
			  const struct source_callbacks *cb, void *ctx)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct source){ .base = base, .cb = cb, .ctx = ctx };
	snprintf(s->path, sizeof(s->path), "%s/ctl.sock", dir);
	snprintf(s->node, sizeof(s->node), "%s", node);
	s->again = evtimer_new(base, on_again, s);
	if (s->again)
		return s;
	free(s);
	return NULL;
}

void source_stop(struct source *s)
{
	while (s->asking)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): done() takes it out of there */
		done(s->asking, NULL);
}

void source_free(struct source *s)
{
	source_stop(s);
	event_free(s->again);
	json_decref(s->state);
	free(s);
}

const char *source_path(const struct source *s)
{
	return s->path;
}

const char *source_node(const struct source *s)
{
	return s->node;
}

bool source_is_up(const struct source *s)
{
	return s->up;
}

const json_t *source_state(const struct source *s)
{
	return s->up ? s->state : NULL;
}

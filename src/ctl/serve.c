/* SPDX-License-Identifier: ISC */
/*
 * lke serve: a program of its own, so that no HTTP is parsed where keys are.  It listens on
 * loopback or a Unix socket only and gives only what `lke show` gives.
 */
#include "ctl/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/serve_page.h"

#define DEFAULT_LISTEN "[::1]:9476"

struct serve {
	struct event_base *base;
	struct evhttp *http;
	struct source *source[SERVE_SOURCES_MAX];
	unsigned n;
	struct viewers *viewers;
	const char *unix_path; /* NULL: TCP */
	bool json;
};

/* A page of another site must not read this one by a name that it points here. */
static bool host_is_local(const char *host)
{
	char name[64];
	size_t len;

	if (!host || (host[0] != '[' && strchr(host, ':') != strrchr(host, ':')))
		return false;
	len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (len >= sizeof(name) || len > strlen(host))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
	       strcmp(name, "127.0.0.1") == 0;
}

static void send_text(struct evhttp_request *req, const char *type, const unsigned char *text,
		      size_t len)
{
	struct evkeyvalq *h = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evbuffer_new();

	evhttp_add_header(h, "Content-Type", type);
	evhttp_add_header(
		h, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
	evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
	if (out)
		evbuffer_add_reference(out, text, len, NULL, NULL);
	evhttp_send_reply(req, out ? HTTP_OK : HTTP_INTERNAL, NULL, out);
	if (out)
		evbuffer_free(out);
}

static void on_request(struct evhttp_request *req, void *ctx)
{
	struct serve *s = ctx;
	const struct evkeyvalq *in = evhttp_request_get_input_headers(req);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	if (!s->unix_path && !host_is_local(evhttp_find_header(in, "Host")))
		evhttp_send_error(req, 403, "ask by localhost, 127.0.0.1 or [::1]");
	else if (!path)
		evhttp_send_error(req, HTTP_BADREQUEST, NULL);
	else if (strcmp(path, "/") == 0 || path[0] == '\0')
		send_text(req, "text/html; charset=utf-8", page_html, sizeof(page_html));
	else if (strcmp(path, "/page.js") == 0)
		send_text(req, "text/javascript; charset=utf-8", page_js, sizeof(page_js));
	else if (strcmp(path, "/page.css") == 0)
		send_text(req, "text/css; charset=utf-8", page_css, sizeof(page_css));
	else if (strcmp(path, "/metrics") == 0)
		scrape_begin(req, s->source, s->n);
	else if (strcmp(path, "/events") == 0)
		viewers_add(s->viewers, req);
	else
		evhttp_send_error(req, HTTP_NOTFOUND, "there are /, /metrics and /events");
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "lke: %s: %s\n", what, why);
	return EXIT_FAILED;
}

/* where: "[::1]:9476" or "unix:PATH", which no URL names */
static int say_json(const struct serve *s, const char *where)
{
	json_t *daemons = json_array();
	char page[256], metrics[256];

	snprintf(page, sizeof(page), "http://%s/", where);
	snprintf(metrics, sizeof(metrics), "http://%s/metrics", where);
	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(daemons,
				      json_pack("{s:s,s:s}", "name", source_node(s->source[i]),
						"socket", source_path(s->source[i])));
	return ctl_print_json(json_pack("{s:s,s:s,s:s?,s:s?,s:o}", "schema", "lke.serve/1",
					"listen", where, "page", s->unix_path ? NULL : page,
					"metrics", s->unix_path ? NULL : metrics, "daemons",
					daemons));
}

static int say(const struct serve *s, const char *where)
{
	if (s->json)
		return say_json(s, where);
	if (s->unix_path)
		printf("lke: serving on %s\n", where);
	else
		printf("lke: serving on http://%s/ and /metrics\n", where);
	return EXIT_OK;
}

static int listen_at(struct serve *s, const char *name, const struct sockaddr *sa, int len)
{
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct evconnlistener *l = evconnlistener_new_bind(s->base, NULL, NULL, flags, 64, sa, len);

	if (!l)
		return fail(name, strerror(errno));
	if (!evhttp_bind_listener(s->http, l)) {
		evconnlistener_free(l);
		return fail(name, "out of memory");
	}
	return EXIT_OK;
}

static int listen_unix(struct serve *s, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	int code;

	if (strlen(path) >= sizeof(sun.sun_path))
		return fail(path, "path is too long for a socket");
	strcpy(sun.sun_path, path);
	/* What an earlier run left; nothing but a socket is removed. */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	umask(0117);
	code = listen_at(s, path, (struct sockaddr *)&sun, sizeof(sun));
	if (code)
		return code;
	s->unix_path = path;
	return EXIT_OK;
}

static bool is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	if (ss->ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) == INADDR_LOOPBACK;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static bool has_port(const struct sockaddr_storage *ss)
{
	/* At the same place in both. */
	return ((const struct sockaddr_in *)ss)->sin_port != 0;
}

/* ADDRESS:PORT or [ADDRESS]:PORT.  No resolver: it wants an address beside the loopback's. */
static int listen_tcp(struct serve *s, const char *where)
{
	struct sockaddr_storage ss;
	int len = sizeof(ss);

	if (evutil_parse_sockaddr_port(where, (struct sockaddr *)&ss, &len) < 0 || !has_port(&ss))
		return usage("serve", "--listen takes ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
	if (!is_loopback(&ss))
		return usage("serve",
			     "only ::1 and 127.0.0.1 are served; put a web server that asks for "
			     "a password before it, for other hosts");
	return listen_at(s, where, (struct sockaddr *)&ss, len);
}

static int add_source(struct serve *s, const char *dir, const char *node)
{
	if (s->n == SERVE_SOURCES_MAX)
		return fail(dir, "too many daemons");
	if (strlen(dir) > sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/ctl.sock"))
		return fail(dir, "path is too long for a socket");
	s->source[s->n] = source_new(s->base, dir, node, &viewers_callbacks, &s->viewers);
	if (!s->source[s->n])
		return fail(dir, strerror(ENOMEM));
	s->n++;
	return EXIT_OK;
}

/* [NAME=]DIR */
static int add_named(struct serve *s, const char *arg)
{
	const char *equals = strchr(arg, '='), *slash = strrchr(arg, '/');
	char node[64];

	if (!equals || (slash && slash < equals))
		return add_source(s, arg, slash && slash[1] ? slash + 1 : arg);
	snprintf(node, sizeof(node), "%.*s", (int)(equals - arg), arg);
	return add_source(s, equals + 1, node);
}

static int parse(struct serve *s, struct ctl *c, int argc, char **argv, const char **ret_listen)
{
	for (int i = 1; i < argc; i++) {
		int code = EXIT_OK;

		if (strcmp(argv[i], "--listen") == 0 && i + 1 < argc)
			*ret_listen = argv[++i];
		else if (argv[i][0] != '-')
			code = add_named(s, argv[i]);
		else
			code = usage("serve", "unknown option");
		if (code)
			return code;
	}
	return s->n ? EXIT_OK : add_source(s, c->run_dir, "lked");
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	event_base_loopbreak(ctx);
}

static int serve(struct serve *s, const char *where)
{
	struct event *term = evsignal_new(s->base, SIGTERM, on_signal, s->base);
	struct event *intr = evsignal_new(s->base, SIGINT, on_signal, s->base);
	int code =
		strncmp(where, "unix:", 5) == 0 ? listen_unix(s, where + 5) : listen_tcp(s, where);

	if (!term || !intr || event_add(term, NULL) < 0 || event_add(intr, NULL) < 0)
		code = code ? code : fail("serve", strerror(ENOMEM));
	if (code == EXIT_OK)
		code = say(s, where);
	fflush(stdout);
	if (code == EXIT_OK && event_base_dispatch(s->base) < 0)
		code = fail("serve", "the event loop failed");
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	if (s->unix_path)
		unlink(s->unix_path);
	return code;
}

int cmd_serve(struct ctl *c, int argc, char **argv)
{
	struct serve s = { .base = event_base_new(), .json = c->json };
	const char *where = DEFAULT_LISTEN;
	int code;

	signal(SIGPIPE, SIG_IGN);
	s.http = s.base ? evhttp_new(s.base) : NULL;
	if (!s.http)
		return fail("serve", strerror(ENOMEM));
	evhttp_set_allowed_methods(s.http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(s.http, 16384);
	evhttp_set_max_body_size(s.http, 0);
	evhttp_set_timeout(s.http, 30);
	evhttp_set_gencb(s.http, on_request, &s);
	code = parse(&s, c, argc, argv, &where);
	s.viewers = code ? NULL : viewers_new(s.source, s.n);
	if (!code)
		code = s.viewers ? serve(&s, where) : fail("serve", strerror(ENOMEM));
	/* Replies under way are written while their connections live. */
	for (unsigned i = 0; i < s.n; i++)
		source_stop(s.source[i]);
	evhttp_free(s.http);
	for (unsigned i = 0; i < s.n; i++)
		source_free(s.source[i]);
	viewers_free(s.viewers);
	event_base_free(s.base);
	return code;
}

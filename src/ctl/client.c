/* SPDX-License-Identifier: ISC */
/* The client's end of the control socket. */
#include "ctl/ctl.h"
#include "daemon/remedy.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64 << 20)

static int connect_failed(const char *path)
{
	int err = errno;

	if (err == EACCES || err == EPERM) {
		fprintf(stderr, "lke: %s: permission denied; be root or in the group lke\n", path);
		return EXIT_PERMISSION;
	}
	if (err == ENOENT || err == ECONNREFUSED) {
		fprintf(stderr,
			"lke: lked does not run (no answer at %s); start it, or name its directory "
			"by --run\n",
			path);
		return EXIT_NO_DAEMON;
	}
	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(err), remedy_of(err));
	return EXIT_FAILED;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int client_open(struct ctl *c, json_t *request, int *ret_fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char *text = json_dumps(request, JSON_COMPACT);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

	json_decref(request);
	if (strlen(c->socket_path) >= sizeof(sun.sun_path)) {
		fprintf(stderr, "lke: %s: path is too long for a socket; take a shorter --run\n",
			c->socket_path);
		code = EXIT_USAGE;
		goto failed;
	}
	strcpy(sun.sun_path, c->socket_path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		code = connect_failed(c->socket_path);
		goto failed;
	}
	/* lked may have answered and gone before it has read: what it says is then why. */
	if (text && write_all(fd, text, strlen(text)) == 0)
		(void)write_all(fd, "\n", 1);
	free(text);
	*ret_fd = fd;
	return 0;
failed:
	free(text);
	if (fd >= 0)
		close(fd);
	return code;
}

static int grow(struct client_buf *b)
{
	size_t cap = b->cap ? b->cap * 2 : 16384;
	char *p = cap <= ANSWER_MAX ? realloc(b->text, cap) : NULL;

	if (!p) {
		fprintf(stderr,
			"lke: the answer is too long; ask for one thing, see: lke help show\n");
		return EXIT_FAILED;
	}
	b->text = p;
	b->cap = cap;
	return 0;
}

static int fill(int fd, struct client_buf *b, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int r = poll(&p, 1, timeout_ms);

	if (r == 0) {
		fprintf(stderr,
			"lke: lked did not answer within %d s; if it never does, restart it\n",
			timeout_ms / 1000);
		return EXIT_TIMEOUT;
	}
	if (b->len == b->cap && grow(b) != 0)
		return EXIT_FAILED;
	n = read(fd, b->text + b->len, b->cap - b->len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		fprintf(stderr,
			"lke: lked closed the connection; does it still run? see: lke status\n");
		return EXIT_FAILED;
	}
	b->len += (size_t)n;
	return 0;
}

static int refused(const json_t *j)
{
	int code = (int)json_integer_value(json_object_get(j, "code"));

	fprintf(stderr, "lke: %s\n", text_get(j, "error"));
	return code > 0 && code < EXIT_CODES ? code : EXIT_FAILED;
}

int client_read(int fd, struct client_buf *b, int timeout_ms, json_t **ret)
{
	json_error_t error = { .text = "no object" };
	char *end;
	json_t *j;
	int code;

	while (!(end = b->len ? memchr(b->text, '\n', b->len) : NULL)) {
		code = fill(fd, b, timeout_ms);
		if (code)
			return code;
	}
	j = json_loadb(b->text, (size_t)(end - b->text), 0, &error);
	b->len -= (size_t)(end + 1 - b->text);
	memmove(b->text, end + 1, b->len);
	if (!json_is_object(j)) {
		fprintf(stderr,
			"lke: lked sent what is not JSON: %s; is it of the version of lke?\n",
			error.text);
		json_decref(j);
		return EXIT_FAILED;
	}
	if (json_is_false(json_object_get(j, "ok"))) {
		code = refused(j);
		json_decref(j);
		return code;
	}
	*ret = j;
	return 0;
}

int client_ask(struct ctl *c, json_t *request, json_t **ret)
{
	struct client_buf b = { 0 };
	int fd, code = client_open(c, request, &fd);

	if (code)
		return code;
	code = client_read(fd, &b, CTL_TIMEOUT_MS, ret);
	free(b.text);
	close(fd);
	return code;
}

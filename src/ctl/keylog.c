/* SPDX-License-Identifier: ISC */
/* lke keylog: the keys of LBSAs into a file, for those who read captures. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "daemon/remedy.h"

/* Never an existing file, nor where a link points: its readers would be others than root thinks. */
static int open_new(const char *path, int *ret_fd)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600), code;

	if (fd >= 0) {
		*ret_fd = fd;
		return EXIT_OK;
	}
	code = errno == EACCES || errno == EPERM ? EXIT_PERMISSION : EXIT_FAILED;
	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(errno),
		errno == EEXIST ? "; the key log needs a new file" : remedy_of(errno));
	return code;
}

static int send_descriptor(int sock, int fd)
{
	char octet = 'k';
	struct iovec iov = { .iov_base = &octet, .iov_len = 1 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) == 1)
		return EXIT_OK;
	fprintf(stderr, "lke: lked does not take the file: %s; see: lke status\n", strerror(errno));
	return EXIT_FAILED;
}

static int hand_over(struct ctl *c, int fd)
{
	struct client_buf b = { 0 };
	json_t *j;
	int sock,
		code = client_open(c, json_pack("{s:s,s:s}", "cmd", "keylog", "arg", "on"), &sock);

	if (code)
		return code;
	code = client_read(sock, &b, CTL_TIMEOUT_MS, &j);
	if (code == EXIT_OK) {
		json_decref(j);
		code = send_descriptor(sock, fd);
	}
	if (code == EXIT_OK)
		code = client_read(sock, &b, CTL_TIMEOUT_MS, &j);
	if (code == EXIT_OK)
		json_decref(j);
	free(b.text);
	close(sock);
	return code;
}

static int turn_on(struct ctl *c, const char *path)
{
	int fd, code = open_new(path, &fd);

	if (code)
		return code;
	code = hand_over(c, fd);
	close(fd);
	if (code) {
		unlink(path); /* new, and empty or of no use */
		return code;
	}
	fprintf(stderr,
		"lke: WARNING: every key of an LBSA goes to %s from now on.  Whoever reads it can\n"
		"lke: forge Binding Updates.  End it with: lke keylog off; shred -u %s\n",
		path, path);
	if (c->json)
		puts("{\"schema\":\"lke.answer/1\",\"ok\":true}");
	return EXIT_OK;
}

int cmd_keylog(struct ctl *c, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "on") == 0)
		return turn_on(c, argv[2]);
	if (argc == 2 && strcmp(argv[1], "off") == 0)
		return operate(c, "keylog", "off");
	return usage(argv[0], NULL);
}

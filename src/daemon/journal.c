/* SPDX-License-Identifier: ISC */
/* The form without length prefixes is for values without a line feed: ours have none. */
#include "daemon/journal.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/in6.h"
#include "lke/engine.h"

bool journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

int journal_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

struct entry {
	char text[1536];
	size_t len;
};

/* A field is written whole or not at all.  A line feed in a value would begin another field. */
static void field(struct entry *e, const char *name, const char *value)
{
	int n = snprintf(e->text + e->len, sizeof(e->text) - e->len, "%s=%s\n", name, value);
	size_t first = e->len;

	if (n < 0 || (size_t)n >= sizeof(e->text) - e->len)
		return;
	e->len += (size_t)n;
	for (size_t i = first; i + 1 < e->len; i++)
		if (e->text[i] == '\n')
			e->text[i] = ' ';
}

static const char *role_word(enum lke_role role)
{
	return role == LKE_ROLE_MN   ? "mobile-node"
	       : role == LKE_ROLE_AR ? "access-router"
				     : "home-agent";
}

static void note_fields(struct entry *e, const struct lke_note *n)
{
	char addr[IN6_TEXT_MAX];

	field(e, "LKE_ROLE", role_word(n->role));
	field(e, "LKE_EVENT", lke_note_name(n->type));
	if (!in6_is_unspecified(&n->addr))
		field(e, "LKE_ADDRESS", in6_text(&n->addr, addr));
	if (!in6_is_unspecified(&n->peer))
		field(e, "LKE_PEER", in6_text(&n->peer, addr));
	if (n->type == LKE_NOTE_MESSAGE)
		field(e, "LKE_MESSAGE", lke_msg_name(n->msg));
}

int journal_send(int fd, enum log_level level, const char *text, const struct lke_note *note,
		 const char *ifname)
{
	struct entry e = { .len = 0 };
	char priority[2] = { (char)('0' + (int)level), '\0' };

	field(&e, "MESSAGE", text);
	field(&e, "PRIORITY", priority);
	field(&e, "SYSLOG_IDENTIFIER", "lked");
	if (ifname[0])
		field(&e, "LKE_INTERFACE", ifname);
	if (note)
		note_fields(&e, note);
	/* send(), not sendmsg(): the engine process's filter allows no more. */
	return send(fd, e.text, e.len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

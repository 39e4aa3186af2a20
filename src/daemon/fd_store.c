/* SPDX-License-Identifier: ISC */
#include "daemon/fd_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/notify.h"

enum { FIRST_FD = 3 };

/* -1: no number. */
static long number(const char *s)
{
	char *end;
	long v;

	if (!s || *s < '0' || *s > '9')
		return -1;
	errno = 0;
	v = strtol(s, &end, 10);
	return *end || errno ? -1 : v;
}

bool fd_store_offered(void)
{
	return getenv("NOTIFY_SOCKET") && number(getenv("FDSTORE")) > 0;
}

/* The next of names separated by ':'; false: there is none, or it is too long. */
static bool next_name(const char **names, char ret[FD_STORE_NAME_MAX])
{
	size_t n = strcspn(*names, ":");
	bool ok = n > 0 && n < FD_STORE_NAME_MAX;

	ret[0] = '\0';
	if (ok) {
		memcpy(ret, *names, n);
		ret[n] = '\0';
	}
	*names += n;
	*names += **names == ':';
	return ok;
}

size_t fd_store_take(struct fd_store_item ret[FD_STORE_MAX])
{
	long count = number(getenv("LISTEN_FDS"));
	const char *names = getenv("LISTEN_FDNAMES");
	size_t n = 0;

	if (number(getenv("LISTEN_PID")) != (long)getpid() || !names)
		count = 0;
	for (long i = 0; i < count && i < FD_STORE_MAX; i++) {
		int fd = FIRST_FD + (int)i;
		struct fd_store_item item = { .fd = fd };
		bool named = next_name(&names, item.name);

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			continue;
		if (named)
			ret[n++] = item;
		else
			close(fd);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return n;
}

bool fd_store_put(const char *name, int fd)
{
	char text[96];

	/* Not watched: a TUN device that is down would look like a peer that hung up. */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	return notify_descriptor(text, fd);
}

void fd_store_drop(const char *name)
{
	char text[96];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify_text(text);
}

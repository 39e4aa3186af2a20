/* SPDX-License-Identifier: ISC */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int notify_fd = -1;

void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if ((len && path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&sun,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		close(fd);
	else
		notify_fd = fd;
}

void notify_text(const char *text)
{
	/* A manager that does not read now may do so later. */
	if (notify_fd >= 0 && send(notify_fd, text, strlen(text), MSG_NOSIGNAL) < 0 &&
	    errno != EAGAIN) {
		close(notify_fd);
		notify_fd = -1;
	}
}

bool notify_descriptor(const char *text, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return notify_fd >= 0 && sendmsg(notify_fd, &msg, MSG_NOSIGNAL) >= 0;
}

void notify_ready(void)
{
	notify_text("READY=1");
}

void notify_reloading(void)
{
	struct timespec ts;
	char text[64];

	/* The manager wants CLOCK_MONOTONIC, whatever ours is. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)ts.tv_sec * 1000000ULL +
			 (unsigned long long)ts.tv_nsec / 1000ULL);
	notify_text(text);
}

void notify_alive(void)
{
	notify_text("WATCHDOG=1");
}

lke_time notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long us = usec ? strtoull(usec, NULL, 10) : 0;

	/* A day: what is longer is no watchdog, and overflows nothing below. */
	if (notify_fd < 0 || us == 0 || us > 86400000000ULL ||
	    (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return LKE_NEVER;
	return us * LKE_USEC / 3;
}

void notify_stopping(void)
{
	notify_text("STOPPING=1");
}

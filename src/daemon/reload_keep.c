/* SPDX-License-Identifier: ISC */
/*
 * What is not confirmed does not outlive lked: while a reload waits for its confirmation the
 * configuration before it, as lke showconf prints it, is in the state directory, and the next start
 * takes that one.  Keys are named there, not written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/reload.h"

enum { PATH_SIZE = 512 };

static void name(const char *dir, const char *suffix, char buf[PATH_SIZE])
{
	snprintf(buf, PATH_SIZE, "%s/before-reload.conf%s", dir, suffix);
}

static int write_text(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	err = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

int reload_keep(const char *state_dir, const char *text)
{
	char path[PATH_SIZE], new[PATH_SIZE];
	int fd, err;

	name(state_dir, "", path);
	name(state_dir, ".new", new);
	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_text(fd, text);
	close(fd);
	if (!err && rename(new, path) < 0)
		err = -errno;
	if (!err)
		err = sync_dir(state_dir);
	if (err < 0) {
		(void)unlink(new);
		(void)unlink(path);
	}
	return err;
}

void reload_keep_drop(const char *state_dir)
{
	char path[PATH_SIZE];

	name(state_dir, "", path);
	if (unlink(path) == 0)
		(void)sync_dir(state_dir);
}

bool reload_kept(const char *state_dir, char *buf, size_t size)
{
	char path[PATH_SIZE];

	name(state_dir, "", path);
	if (access(path, F_OK) < 0)
		return false;
	snprintf(buf, size, "%s", path);
	return true;
}

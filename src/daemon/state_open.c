/* SPDX-License-Identifier: ISC */
#include "daemon/state_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/key_file.h"
#include "daemon/log.h"
#include "daemon/remedy.h"
#include "platform/linux/clock.h"

/* A regular file of root's that nobody else can read, made if there is none.  fd or -1. */
static int open_private(const char *path)
{
	int fd =
		open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0) {
		log_error("%s: %s%s", path, strerror(errno), remedy_of(errno));
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077)) {
		log_error("%s must be a regular file of root's with mode 0600; remove it", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* The names must be there after a power failure, not only the octets. */
static void sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		log_warning("%s: %s%s", path, strerror(errno), remedy_of(errno));
	if (fd >= 0)
		close(fd);
}

static int open_key(struct world *w)
{
	struct report r = { .out = stderr };
	char path[512], buf[64];
	ssize_t n;
	int err;

	snprintf(path, sizeof(path), "%s/state.key", w->state_dir);
	n = secret_file_read(path, w->uid, &r, buf, sizeof(buf));
	if (n == sizeof(w->state_key)) {
		memcpy(w->state_key, buf, sizeof(w->state_key));
		mem_wipe(buf, sizeof(buf));
		return EXIT_OK;
	}
	if (n != -ENOENT) {
		log_error("%s is damaged; remove it (the state of the last run is lost with it)",
			  path);
		return EXIT_FAILED;
	}
	if (system_random(w->state_key, sizeof(w->state_key)) < 0) {
		log_error("the system's random generator failed; see: dmesg");
		return EXIT_FAILED;
	}
	err = secret_file_write(path, (const char *)w->state_key, sizeof(w->state_key));
	if (err < 0)
		log_error("%s: %s%s", path, strerror(-err), remedy_of(-err));
	return err < 0 ? EXIT_FAILED : EXIT_OK;
}

/* What a run leaves that keeps no state is newer than these files. */
static int remove_old(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || st.st_size == 0)
		return EXIT_OK;
	if (unlink(path) < 0) {
		log_error("%s: %s%s", path, strerror(errno), remedy_of(errno));
		return EXIT_FAILED;
	}
	log_notice("%s removed: StateFile is no", path);
	return EXIT_OK;
}

static int open_router(struct world *w)
{
	int code = EXIT_OK;

	if (!w->cfg.engine.ars)
		return EXIT_OK;
	for (unsigned n = 0; n < 2 && code == EXIT_OK; n++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/ar-state.%u", w->state_dir, n);
		if (!w->cfg.state_file)
			code = remove_old(path);
		else if ((w->state_fd[n] = open_private(path)) < 0)
			code = EXIT_FAILED;
	}
	if (code == EXIT_OK && w->cfg.state_file) {
		code = open_key(w);
		sync_dir(w->state_dir);
	}
	w->cfg.engine.keep_state = w->cfg.state_file;
	return code;
}

static int open_mobile(struct world *w)
{
	char path[512];

	if (!world_is_mn(w))
		return EXIT_OK;
	snprintf(path, sizeof(path), "%s/mn-state", w->run_dir);
	w->mn_state_fd = open_private(path);
	return w->mn_state_fd < 0 ? EXIT_FAILED : EXIT_OK;
}

int state_open(struct world *w)
{
	int err = clock_boot_id(w->boot_id), code;

	if (err < 0) {
		log_error("the identifier of this boot cannot be read: %s; mount /proc",
			  strerror(-err));
		return EXIT_FAILED;
	}
	code = open_router(w);
	return code == EXIT_OK ? open_mobile(w) : code;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void state_close(struct world *w)
{
	close_fd(&w->state_fd[0]);
	close_fd(&w->state_fd[1]);
	close_fd(&w->mn_state_fd);
	mem_wipe(w->state_key, sizeof(w->state_key));
}

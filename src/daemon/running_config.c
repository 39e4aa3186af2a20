/* SPDX-License-Identifier: ISC */
#include "daemon/running_config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/remedy.h"

static int write_text(int fd, const char *text)
{
	size_t len = strlen(text), at = 0;

	while (at < len) {
		ssize_t n = pwrite(fd, text + at, len - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			at += (size_t)n;
	}
	return ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

void running_config_write(struct world *w)
{
	int err = w->running_fd < 0 ? 0 : write_text(w->running_fd, w->running_text);

	if (err < 0)
		log_warning("%s: %s%s", w->running_path, strerror(-err), remedy_of(-err));
}

void running_config_open(struct world *w)
{
	snprintf(w->running_path, sizeof(w->running_path), "%s/running.conf", w->run_dir);
	unlink(w->running_path);
	/* It stays open: what may change its group now may not later. */
	w->running_fd =
		open(w->running_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (w->running_fd < 0 || fchmod(w->running_fd, 0640) < 0 ||
	    (w->control_gid && fchown(w->running_fd, (uid_t)-1, w->control_gid) < 0))
		log_warning("%s: %s%s", w->running_path, strerror(errno), remedy_of(errno));
	running_config_write(w);
}

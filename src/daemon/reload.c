/* SPDX-License-Identifier: ISC */
#include "daemon/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/config_image.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/remedy.h"
#include "daemon/running_config.h"
#include "daemon/world.h"
#include "lke/engine.h"
#include "platform/linux/clock.h"
#include "platform/linux/memory.h"
#include "platform/linux/sandbox.h"

#define READ_WAIT   (20 * LKE_SEC)
#define ENGINE_WAIT (20 * LKE_SEC)

static const struct {
	int code;
	const char *text;
} results[] = {
#define X(name, code, text) { code, text },
	RELOAD_RESULT_LIST(X)
#undef X
};

const char *reload_text(enum reload_result r)
{
	return (unsigned)r < RELOAD_RESULTS ? results[r].text : "?";
}

int reload_exit_code(enum reload_result r)
{
	return (unsigned)r < RELOAD_RESULTS ? results[r].code : EXIT_FAILED;
}

enum reload_result reload_of_error(int err)
{
	switch (err) {
	case 0:
		return RELOAD_DONE;
	case LKE_ERR_EXIST:
		return RELOAD_STALE;
	case LKE_ERR_NOMEM:
		return RELOAD_NOMEM;
	default:
		return RELOAD_REFUSED;
	}
}

void reload_init(struct reload *r, struct world *w, const struct reload_host *host)
{
	*r = (struct reload){ .w = w,
			      .host = *host,
			      .image = -1,
			      .outcome = -1,
			      .deadline = LKE_NEVER,
			      .undo_at = LKE_NEVER };
}

static void drop_other(struct reload *r)
{
	if (r->has_other)
		daemon_config_done(&r->other);
	free(r->other_text);
	r->other_text = NULL;
	r->has_other = r->may_undo = false;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_files(struct reload *r)
{
	if (r->image >= 0)
		config_image_wipe(r->image);
	close_fd(&r->image);
	close_fd(&r->outcome);
}

void reload_done(struct reload *r)
{
	if (r->state == RELOAD_READING) {
		(void)kill(r->reader, SIGKILL);
		(void)waitpid(r->reader, NULL, 0);
	}
	close_files(r);
	drop_other(r);
}

const struct daemon_config *reload_other(const struct reload *r)
{
	return r->has_other ? &r->other : NULL;
}

/* Who asked hears of it, and who looks on; a signal or the time has the log. */
static void finish(struct reload *r, enum reload_result result)
{
	struct priv_reply m = {
		.type = PRIV_RELOADED, .err = (int32_t)result, .ifindex = r->kind, .asked = r->asked
	};
	bool bad = result != RELOAD_DONE && result != RELOAD_SAME;

	r->state = RELOAD_IDLE;
	r->deadline = LKE_NEVER;
	if (r->kind == RELOAD_CHANGE || r->kind == RELOAD_UNDO) {
		if (bad)
			log_error("reload: %s", reload_text(result));
		else
			log_notice("reload: %s", result == RELOAD_SAME	  ? "no difference"
						 : r->kind == RELOAD_UNDO ? "undone"
						 : r->undo_at == LKE_NEVER
							 ? "done"
							 : "done, until it is confirmed");
		notify_ready();
	}
	r->host.tell(r->host.ctx, &m, r->outcome);
	close_files(r);
}

/* --- reading --- */

static int new_files(struct reload *r)
{
	r->image = memfd_create("lke-config", MFD_CLOEXEC);
	r->outcome = memfd_create("lke-outcome", MFD_CLOEXEC);
	return r->image < 0 || r->outcome < 0 ? -errno : 0;
}

static _Noreturn void be_the_reader(const struct reload *r)
{
	int keep[] = { STDERR_FILENO, log_fd(), r->image, r->outcome };

	/* The parser of files changes nothing of the host, and ends with its parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)memory_lock();
	world_close_all_but(keep, sizeof(keep) / sizeof(keep[0]));
	if (sandbox_drop_capabilities() < 0)
		_exit(RELOAD_DIED);
	_exit(reload_read(r->w, r->kind, r->image, r->outcome));
}

static enum reload_result start_reader(struct reload *r)
{
	if (new_files(r) < 0)
		return RELOAD_NOMEM;
	r->reader = fork();
	if (r->reader < 0)
		return RELOAD_NOMEM;
	if (r->reader == 0)
		be_the_reader(r);
	r->state = RELOAD_READING;
	r->deadline = clock_now() + READ_WAIT;
	return RELOAD_DONE;
}

/* --- applying --- */

static void to_engine(struct reload *r, enum priv_type type, int fd)
{
	struct priv_reply m = { .type = type };

	r->state = RELOAD_APPLYING;
	r->deadline = clock_now() + ENGINE_WAIT;
	r->host.tell(r->host.ctx, &m, fd);
}

/* The next configuration is in the image. */
static enum reload_result apply(struct reload *r)
{
	struct daemon_config next;
	char *text;
	int err = config_image_read(r->image, &next, &text);

	if (err < 0)
		return err == -ENOMEM ? RELOAD_NOMEM : RELOAD_DIED;
	world_wipe_keys(&next);
	err = r->confirm ? reload_keep(r->w->state_dir, r->w->running_text) : 0;
	if (err < 0) {
		log_error("%s: %s%s", r->w->state_dir, strerror(-err), remedy_of(-err));
		daemon_config_done(&next);
		free(text);
		return RELOAD_KEEP;
	}
	drop_other(r);
	r->other = next;
	r->other_text = text;
	r->has_other = true;
	to_engine(r, PRIV_CONFIG, r->image);
	/* The engine process reads and empties it. */
	close_fd(&r->image);
	return RELOAD_DONE;
}

/* The next one becomes the present one, and that the one before. */
static void install(struct reload *r)
{
	struct daemon_config was = r->w->cfg;
	char *text = r->w->running_text;

	r->w->cfg = r->other;
	r->w->running_text = r->other_text;
	r->other = was;
	r->other_text = text;
	r->may_undo = r->kind == RELOAD_CHANGE;
	r->undo_at = r->kind == RELOAD_CHANGE && r->confirm ? clock_now() + r->confirm * LKE_SEC
							    : LKE_NEVER;
	if (r->undo_at == LKE_NEVER)
		reload_keep_drop(r->w->state_dir);
	running_config_write(r->w);
	r->host.installed(r->host.ctx);
}

void reload_configured(struct reload *r, int err)
{
	if (r->state != RELOAD_APPLYING)
		return;
	if (err == 0) {
		install(r);
	} else if (r->kind == RELOAD_CHANGE) {
		drop_other(r);
		reload_keep_drop(r->w->state_dir);
	} else {
		/* It is not tried again and again; a restart would undo it. */
		r->undo_at = LKE_NEVER;
	}
	finish(r, reload_of_error(err));
}

void reload_reap(struct reload *r)
{
	enum reload_result result = RELOAD_DIED;
	int status;

	if (r->state != RELOAD_READING || waitpid(r->reader, &status, WNOHANG) != r->reader)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) < RELOAD_RESULTS)
		result = (enum reload_result)WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		log_error("reload: the process that reads the files was killed by signal %d; try "
			  "again",
			  WTERMSIG(status));
	if (result == RELOAD_DONE && r->kind == RELOAD_CHANGE)
		result = apply(r);
	if (r->state != RELOAD_APPLYING)
		finish(r, result);
}

/* --- what was asked for --- */

static enum reload_result confirm(struct reload *r)
{
	if (r->undo_at == LKE_NEVER)
		return RELOAD_NOTHING;
	r->undo_at = LKE_NEVER;
	reload_keep_drop(r->w->state_dir);
	log_notice("reload: confirmed");
	finish(r, RELOAD_DONE);
	return RELOAD_DONE;
}

static enum reload_result undo(struct reload *r)
{
	if (!r->may_undo)
		return RELOAD_NOTHING;
	notify_reloading();
	to_engine(r, PRIV_UNDO, -1);
	return RELOAD_DONE;
}

enum reload_result reload_begin(struct reload *r, enum reload_kind kind, uint32_t confirm_s,
				bool asked)
{
	enum reload_result result;

	if (r->state != RELOAD_IDLE)
		return RELOAD_BUSY;
	if (kind == RELOAD_CHANGE && r->undo_at != LKE_NEVER)
		return RELOAD_UNCONFIRMED;
	r->kind = kind;
	r->asked = asked;
	r->confirm = confirm_s;
	if (kind == RELOAD_CONFIRM)
		return confirm(r);
	if (kind == RELOAD_UNDO)
		return undo(r);
	result = start_reader(r);
	if (result != RELOAD_DONE)
		close_files(r);
	else if (kind == RELOAD_CHANGE)
		notify_reloading();
	return result;
}

/* --- time --- */

lke_time reload_deadline(const struct reload *r)
{
	return r->state == RELOAD_IDLE ? r->undo_at : r->deadline;
}

void reload_timer(struct reload *r)
{
	lke_time now = clock_now();

	if (r->state == RELOAD_READING && now >= r->deadline) {
		(void)kill(r->reader, SIGKILL);
		(void)waitpid(r->reader, NULL, 0);
		finish(r, RELOAD_TIMEOUT);
	}
	/* It cannot be taken back: the engine process may have it already.  Its answer still
	 * counts. */
	if (r->state == RELOAD_APPLYING && now >= r->deadline) {
		r->deadline = LKE_NEVER;
		log_warning("reload: the engine process has not answered for 20 s; if lke status "
			    "does not either, restart lked");
	}
	if (now < r->undo_at || r->state != RELOAD_IDLE)
		return;
	log_warning("reload: not confirmed in time, it is undone; to keep it, reload again and lke "
		    "confirm in time");
	if (reload_begin(r, RELOAD_UNDO, 0, false) != RELOAD_DONE) {
		r->undo_at = LKE_NEVER;
		log_error("reload: it cannot be undone; restart lked");
	}
}

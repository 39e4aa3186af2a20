/* SPDX-License-Identifier: ISC */
/*
 * The host was suspended: its links may be others now, and not every device tells.  No timer of a
 * quiet mobile node is due for a minute, so the kernel's own sign is watched for: a timer of the
 * wall clock that is cancelled by a step of that clock, and by a resume.  Which of the two it was
 * the clocks say of which one alone counts a suspend.
 */
#include <errno.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"

#define SLEPT (100 * LKE_MSEC) /* reading two clocks takes a moment */

static void on_step(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct lke_event ev = { .type = LKE_EV_RESUMED };
	lke_time suspended = clock_suspended(), before = d->suspended;

	(void)what;
	clock_step_clear(fd);
	if (suspended < before + SLEPT)
		return;
	d->suspended = suspended;
	log_notice("the host was suspended for %llu s",
		   (unsigned long long)((suspended - before) / LKE_SEC));
	driver_input(d, &ev);
	driver_pump(d);
}

int driver_resume_open(struct driver *d)
{
	if (d->w->cfg.engine.mn.interfaces == 0)
		return 0;
	d->suspended = clock_suspended();
	d->resume_fd = clock_step_open();
	if (d->resume_fd < 0)
		return d->resume_fd;
	d->resume_ev = event_new(d->base, d->resume_fd, EV_READ | EV_PERSIST, on_step, d);
	return d->resume_ev && event_add(d->resume_ev, NULL) == 0 ? 0 : -ENOMEM;
}

void driver_resume_close(struct driver *d)
{
	if (d->resume_ev)
		event_free(d->resume_ev);
	if (d->resume_fd >= 0)
		close(d->resume_fd);
}

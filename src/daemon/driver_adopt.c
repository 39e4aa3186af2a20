/* SPDX-License-Identifier: ISC */
/* The end of the time in which bindings come back to a plane that outlived the last lked (ADR 83).
 */
#include "daemon/driver.h"
#include "daemon/log.h"
#include "daemon/plane_keep.h"

static void on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct priv_request r = { .type = PRIV_SWEEP };
	unsigned n = fwd_adopt_end(d->fwd);

	log_notice("%u of %zu tunnels went on while lked restarted", n, d->w->adopteds);
	requests_add(d, &r, 0);
}

void driver_adopt_begin(struct driver *d)
{
	const struct timeval later = { .tv_sec = PLANE_SWEEP_S };

	if (d->w->adopting && event_base_once(d->base, -1, EV_TIMEOUT, on_end, d, &later) < 0)
		on_end(-1, 0, d);
}

/* SPDX-License-Identifier: ISC */
/*
 * Parked packets leave in order: they wait in the TUN device, and newer ones must not overtake them
 * by a path that has been led around it.  So such a path is asked for when the device has been read
 * empty, or after so many packets that it never will be; what still comes to the device until the
 * path stands is behind a gate (driver_gate.c).
 */
#include "daemon/driver.h"

#define DRAIN_PACKETS_MAX 4096

static void flush(struct driver *d)
{
	unsigned n = d->deferreds;

	d->deferreds = 0;
	for (unsigned i = 0; i < n; i++)
		driver_gate_path(d, &d->deferred[i].msg);
	for (unsigned i = 0; i < n; i++)
		requests_add(d, &d->deferred[i].msg, d->deferred[i].engine_cookie);
}

void drain_begin(struct driver *d)
{
	d->draining = true;
	d->drained = 0;
	/* Nothing may have been parked, and then nothing would say that the device is empty. */
	event_active(d->tun_ev, EV_READ, 0);
}

void drain_end(struct driver *d)
{
	d->draining = false;
	flush(d);
}

void drain_read(struct driver *d, int packets, int budget)
{
	if (!d->draining)
		return;
	d->drained += packets > 0 ? (unsigned)packets : 0;
	if (packets < budget || d->drained >= DRAIN_PACKETS_MAX)
		drain_end(d);
}

bool drain_defer(struct driver *d, const struct priv_request *r, uint64_t engine_cookie)
{
	bool around = r->type == PRIV_PATH && r->kind == LKE_PATH_ROUTER;

	if ((!d->draining && !fwd_held(d->fwd)) || r->type != PRIV_PATH)
		return false;
	/* Any other change of a path keeps its place behind those that wait. */
	if (!around || d->deferreds == DEFERRED_MAX) {
		flush(d);
		return false;
	}
	d->deferred[d->deferreds].msg = *r;
	d->deferred[d->deferreds++].engine_cookie = engine_cookie;
	return true;
}

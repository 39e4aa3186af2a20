/* SPDX-License-Identifier: ISC */
/*
 * Parked packets leave in order: they wait in the TUN device, and newer ones must not overtake them
 * by a path that has been led around it.  So such a path is asked for when the device has been read
 * empty, or after so many packets that it never will be; what still comes to the device until the
 * path stands is behind a gate (driver_gate.c).
 */
#include "base/in6.h"
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

/* A newer change of the same path takes the place of one that waits. */
static void replace(struct driver *d, const struct priv_request *r)
{
	unsigned kept = 0, n = d->deferreds;
	uint64_t cookie = 0;

	for (unsigned i = 0; i < n; i++)
		if (in6_eq(&d->deferred[i].msg.addr, &r->addr))
			cookie = d->deferred[i].engine_cookie;
		else
			d->deferred[kept++] = d->deferred[i];
	d->deferreds = kept;
	driver_result(d, cookie, 0, NULL, 0);
}

bool drain_defer(struct driver *d, const struct priv_request *r, uint64_t engine_cookie)
{
	if ((!d->draining && !fwd_held(d->fwd)) || r->type != PRIV_PATH)
		return false;
	replace(d, r);
	/* Into the device, or nowhere: parked packets are not overtaken, and those that wait must
	 * not be asked for earlier (another address may end just now). */
	if (r->kind != LKE_PATH_ROUTER)
		return false;
	if (d->deferreds == DEFERRED_MAX)
		flush(d);
	d->deferred[d->deferreds].msg = *r;
	d->deferred[d->deferreds++].engine_cookie = engine_cookie;
	return true;
}

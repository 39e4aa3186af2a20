/* SPDX-License-Identifier: ISC */
/* What the engine asks for, one function an action.  Nothing here waits. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/audit.h"
#include "daemon/control.h"
#include "daemon/driver.h"
#include "daemon/keylog.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"

int driver_send_frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *nexthop,
		      const uint8_t *pkt, size_t len)
{
	struct driver *d = ctx;
	const struct driver_link *l = driver_link_by_index(d, ifindex);

	if (!l || l->socket.fd < 0)
		return -ENODEV;
	return packet_send(&l->socket, nexthop, pkt, len);
}

static void do_send(struct driver *d, const struct lke_act_send *a)
{
	int err;

	if (driver_gate_holds(d, a))
		return;
	if (a->ifindex && a->ifindex != d->w->tun_ifindex)
		err = driver_send_frame(d, a->ifindex, &a->dst, a->data, a->len);
	else
		err = fwd_write_tun(d->fwd, a->data, a->len);
	if (err == 0 || err == -ENETDOWN)
		return;
	d->send_errors++;
	log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "packet could not be sent on %s: %s",
		 a->ifindex ? driver_ifname(d, a->ifindex) : d->w->cfg.tun, strerror(-err));
}

/* Parked packets of an address that got its plain path back are sent by the plane (see forward.h).
 */
static void set_direct(struct driver *d, const struct lke_act_path *a)
{
	struct lke_router_view r;
	size_t cursor = 0;

	if (in6_is_unspecified(&a->src))
		return;
	if (a->path != LKE_PATH_ROUTER) {
		fwd_clear_direct(d->fwd, &a->src);
		return;
	}
	while (lke_engine_next_router(d->engine, &cursor, &r)) {
		if (r.ifindex != a->ifindex || !in6_eq(&r.ll, &a->router))
			continue;
		if (fwd_set_direct(d->fwd, &a->src, a->ifindex, &r.lladdr) < 0)
			log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "too many plain paths");
		return;
	}
}

static void do_steer(struct driver *d, const struct lke_act_steer *a)
{
	if (a->set == LKE_STEER_MINE && fwd_set_end(d->fwd, &a->addr, !a->remove) < 0)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "too many tunnel ends");
}

static int do_tunnel(struct driver *d, const struct lke_act_tunnel *a)
{
	int err = fwd_set_tunnel(d->fwd, a, clock_now());

	if (err < 0 && !(a->remove && err == LKE_ERR_NOENT))
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "tunnel: %s", lke_strerror(err));
	driver_tunnel_events(d);
	return err;
}

static int do_buffer(struct driver *d, const struct lke_act_buffer *a)
{
	int err = fwd_set_buffer(d->fwd, a, clock_now());

	if (err < 0)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "buffer: %s", lke_strerror(err));
	driver_tunnel_events(d);
	return err;
}

static void do_hold(struct driver *d, const struct lke_act_hold *a)
{
	if (!a->hold) {
		requests_release_hold(d);
		return;
	}
	requests_cancel_release(d);
	fwd_hold(d->fwd, true);
	driver_watch_tun(d, false);
}

static void do_link(struct driver *d, const struct lke_act_link *a)
{
	struct driver_link *l = driver_link_by_index(d, a->ifindex);

	if (!l)
		return;
	l->advertised_mtu = a->mtu;
	driver_link_mtu(d, l);
}

static int do_group(struct driver *d, const struct lke_act_group *a)
{
	int err = group_set(d->w->group, a);

	if (err < 0 && !a->leave)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "multicast group on %s: %s",
			 driver_ifname(d, a->ifindex), strerror(-err));
	return err;
}

static void do_rsa(struct driver *d, const struct lke_action *a)
{
	int err;

	if (a->type == LKE_ACT_DECRYPT) {
		meter_rate_tick(&d->meter.kex, clock_now());
		err = rsa_worker_decrypt(d->worker, a->cookie, &a->decrypt);
	} else {
		err = rsa_worker_encrypt(d->worker, a->cookie, &a->encrypt);
	}
	if (err < 0)
		driver_result(d, a->cookie, err, NULL, 0);
}

/* SEC-029.  Never waited for; what the privileged process does not take in time is counted. */
static void audit(struct driver *d, const struct lke_note *n)
{
	struct audit_record r;

	if (d->w->audit_out < 0 ||
	    !audit_from_note(n, driver_ifname(d, n->ifindex), clock_realtime() / LKE_MSEC, &r))
		return;
	if (send(d->w->audit_out, &r, sizeof(r), MSG_NOSIGNAL) != (ssize_t)sizeof(r))
		d->audit_lost++;
}

static void do_note(struct driver *d, const struct lke_note *n)
{
	audit(d, n);
	meter_note(&d->meter, n, clock_now());
	log_note(n, driver_ifname(d, n->ifindex));
	control_note(d->control, n);
	keylog_note(d, n);
}

static void do_privileged(struct driver *d, const struct lke_action *a)
{
	uint64_t cookie = a->cookie;
	struct priv_request r;
	bool withdraw = a->type == LKE_ACT_INTERCEPT && a->intercept.remove;

	if (a->type == LKE_ACT_PATH)
		set_direct(d, &a->path);
	if (a->type == LKE_ACT_STEER)
		do_steer(d, &a->steer);
	if (a->type == LKE_ACT_LINK)
		do_link(d, &a->link);
	if (withdraw)
		fwd_withdraw_begin(d->fwd, &a->intercept.addr);
	if (!priv_from_action(a, 0, &r))
		return;
	if (withdraw) {
		driver_gate_withdraw(d, &r);
		driver_read_tun(d); /* feeds the engine: a is gone */
	}
	if (!drain_defer(d, &r, cookie))
		requests_add(d, &r, cookie);
}

/* A plane that outlives this process keeps what it forwards; what is said to others is said. */
static bool stays_as_it_is(const struct driver *d, const struct lke_action *a)
{
	return d->stopping && d->w->keeping && a->type != LKE_ACT_SEND &&
	       a->type != LKE_ACT_NOTIFY && a->type != LKE_ACT_REPLY && a->type != LKE_ACT_RECORD;
}

void driver_carry_out(struct driver *d, const struct lke_action *a)
{
	/* The action's memory is the engine's and goes with the next event: keep the cookie. */
	uint64_t cookie = a->cookie;

	if (stays_as_it_is(d, a))
		return;
	switch (a->type) {
	case LKE_ACT_SEND:
		do_send(d, &a->send);
		driver_result(d, cookie, 0, NULL, 0);
		break;
	case LKE_ACT_ADDR:
	case LKE_ACT_LINK:
	case LKE_ACT_PATH:
	case LKE_ACT_NEIGH:
	case LKE_ACT_STEER:
	case LKE_ACT_INTERCEPT:
	case LKE_ACT_CHECKPOINT:
	case LKE_ACT_KEEP:
	case LKE_ACT_KEY:
		do_privileged(d, a);
		break;
	case LKE_ACT_GROUP:
		driver_result(d, cookie, do_group(d, &a->group), NULL, 0);
		break;
	case LKE_ACT_TUNNEL:
		driver_result(d, cookie, do_tunnel(d, &a->tunnel), NULL, 0);
		break;
	case LKE_ACT_BUFFER:
		driver_result(d, cookie, do_buffer(d, &a->buffer), NULL, 0);
		break;
	case LKE_ACT_HOLD:
		do_hold(d, &a->hold);
		driver_result(d, cookie, 0, NULL, 0);
		break;
	case LKE_ACT_DECRYPT:
	case LKE_ACT_ENCRYPT:
		do_rsa(d, a);
		break;
	case LKE_ACT_RECORD:
		driver_state_record(d, cookie, &a->record);
		break;
	case LKE_ACT_RSA_NEW:
		driver_rsa_new(d, cookie);
		break;
	case LKE_ACT_RSA_DROP:
		driver_rsa_drop(d, a->rsa_drop.key_id);
		break;
	case LKE_ACT_NOTIFY:
		do_note(d, &a->note);
		break;
	case LKE_ACT_REPLY:
		control_reply(d->control, a->reply.cookie, a->reply.err);
		break;
	}
}

void driver_tunnel_events(struct driver *d)
{
	struct lke_event ev;

	while (fwd_next_event(d->fwd, &ev))
		driver_input(d, &ev);
}

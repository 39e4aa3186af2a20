/* SPDX-License-Identifier: ISC */
/* Requests to the privileged process: never waited for, answered in order. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"

enum { ANSWERS_AT_ONCE = 64 };

void requests_flush(struct driver *d)
{
	while (d->sent < d->queued) {
		const struct driver_request *r = &d->request[d->sent % REQUESTS_MAX];
		int err = priv_send(d->priv_fd, &r->msg, sizeof(r->msg), -1);

		if (err == -EAGAIN || err == -ENOBUFS) {
			event_add(d->priv_write_ev, NULL);
			return;
		}
		if (err < 0) {
			driver_fail(d, "request to the privileged process", err);
			return;
		}
		d->sent++;
	}
}

/* Nothing waits for it: the engine's words do what is urgent, and to wake the other process in the
 * middle of a handover costs the node's first packets time. */
static bool may_wait(const struct driver *d, const struct priv_request *r)
{
	return d->pumping && r->type == PRIV_FAST;
}

void requests_add(struct driver *d, const struct priv_request *msg, uint64_t engine_cookie)
{
	struct driver_request *r = &d->request[d->queued % REQUESTS_MAX];

	if (d->queued - d->answered == REQUESTS_MAX) {
		d->requests_lost++;
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_ERROR,
			 "too many requests to the kernel are under way");
		if (msg->type == PRIV_OPEN_KEY)
			driver_key_opened(d, &msg->addr, engine_cookie, -ENOBUFS, -1);
		else
			driver_result(d, engine_cookie, -ENOBUFS, NULL, 0);
		return;
	}
	r->msg = *msg;
	r->engine_cookie = engine_cookie;
	r->asked = clock_now();
	d->queued++;
	d->gates += driver_gate_of(msg);
	r->msg.cookie = d->queued;
	if (!may_wait(d, msg))
		requests_flush(d);
}

/* Removals have room always: one that is lost would lead packets astray. */
bool requests_fast(void *ctx, const struct fast_binding *b)
{
	struct driver *d = ctx;
	struct priv_request r = priv_from_fast(b);

	if (!b->remove && d->queued - d->answered > REQUESTS_MAX / 2)
		return false;
	requests_add(d, &r, 0);
	return true;
}

bool requests_quiet(void *ctx)
{
	struct pollfd p[WORLD_LINKS_MAX];
	struct driver *d = ctx;
	nfds_t n = 0;

	for (unsigned i = 0; i < d->links; i++)
		if (d->link[i].socket.fd >= 0)
			p[n++] = (struct pollfd){ .fd = d->link[i].socket.fd, .events = POLLIN };
	return poll(p, n, 0) == 0;
}

static void release(struct driver *d)
{
	d->release_after = 0;
	fwd_hold(d->fwd, false);
	driver_watch_tun(d, true);
	drain_begin(d);
}

void requests_release_hold(struct driver *d)
{
	uint64_t last_path = 0;

	for (uint64_t n = d->answered; n < d->queued; n++)
		if (d->request[n % REQUESTS_MAX].msg.type == PRIV_PATH)
			last_path = n + 1;
	d->release_after = last_path;
	if (!last_path)
		release(d);
}

void requests_cancel_release(struct driver *d)
{
	d->release_after = 0;
}

static const char *const type_text[] = {
	[PRIV_ADDR] = "address",
	[PRIV_PATH] = "path",
	[PRIV_NEIGH] = "neighbour",
	[PRIV_STEER] = "steering",
	[PRIV_INTERCEPT] = "interception",
	[PRIV_CHECKPOINT] = "checkpoint",
	[PRIV_OPEN_LINK] = "interface",
	[PRIV_OPEN_KEREQ] = "interface",
	[PRIV_READY] = "ready",
	[PRIV_ALIVE] = "alive",
	[PRIV_GATE] = "neighbour",
	[PRIV_FAST] = "fast path",
	[PRIV_SWEEP] = "routes of before",
	[PRIV_KEY] = "key file",
	[PRIV_RELOAD] = "reload",
	[PRIV_CONFIGURED] = "reload",
};

static void report_failure(struct driver *d, const struct priv_request *r, int err)
{
	/* Links come and go: what was on them went too. */
	if (r->remove || err == -ENODEV || err == -ENETDOWN || err == -ENXIO)
		return;
	d->kernel_errors++;
	snprintf(d->last_kernel_error, sizeof(d->last_kernel_error), "%s: %s", type_text[r->type],
		 strerror(-err));
	log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "the kernel refused a request, %s",
		 d->last_kernel_error);
}

static void take_answer(struct driver *d, const struct priv_reply *reply, int fd)
{
	/* A copy: what follows may ask for more. */
	const struct driver_request done = d->request[d->answered % REQUESTS_MAX], *r = &done;

	if (d->answered == d->sent || reply->cookie != r->msg.cookie ||
	    reply->type != r->msg.type) {
		driver_fail(d, "answer of the privileged process", -EPROTO);
		if (fd >= 0)
			close(fd);
		return;
	}
	d->answered++;
	if (reply->type == PRIV_OPEN_KEY) {
		driver_key_opened(d, &r->msg.addr, r->engine_cookie, reply->err, fd);
		return;
	}
	if (reply->type == PRIV_RELOAD) {
		driver_reload_begun(d, reply->err);
		return;
	}
	if (reply->type == PRIV_CHECKPOINT)
		meter_observe(&d->meter, METER_STORE, clock_now() - r->asked);
	if (reply->type == PRIV_OPEN_LINK)
		driver_link_opened(d, reply, fd);
	else if (reply->type == PRIV_OPEN_KEREQ)
		kereq_opened(d, reply, fd);
	else if (fd >= 0)
		close(fd);
	if (reply->type == PRIV_INTERCEPT && r->msg.remove) {
		driver_read_tun(d);
		fwd_withdraw_end(d->fwd, &r->msg.addr);
	}
	if (reply->type == PRIV_FAST && reply->err < 0 && !r->msg.remove)
		fwd_fast_refused(d->fwd, r->msg.ifindex != 0, &r->msg.addr, r->msg.spi,
				 clock_now());
	else if (reply->type == PRIV_FAST && !r->msg.remove)
		fwd_fast_taken(d->fwd, r->msg.ifindex != 0, &r->msg.addr, r->msg.spi, clock_now());
	driver_gate_answered(d, &r->msg, reply->open != 0);
	if (reply->type == PRIV_CHECKPOINT || reply->type == PRIV_KEEP || reply->type == PRIV_PROBE)
		driver_store_answered(d, reply->err);
	else if (reply->err < 0)
		report_failure(d, &r->msg, reply->err);
	driver_result(d, r->engine_cookie, reply->err, NULL, 0);
	if (d->release_after && d->answered >= d->release_after)
		release(d);
}

static void begin_stop(struct driver *d)
{
	if (d->stopping)
		return;
	drain_end(d);
	driver_mn_state_save(d);
	driver_state_finish(d);
	d->stopping = true;
	lke_engine_stop(d->engine, clock_now());
	driver_state_clean(d);
}

static void take_ipsec(struct driver *d, const struct priv_reply *r)
{
	struct lke_event ev = { .type = LKE_EV_IPSEC,
				.ipsec = { .peer = r->addr, .removed = r->removed != 0 } };

	driver_input(d, &ev);
}

void requests_take(struct driver *d)
{
	for (unsigned i = 0; i < ANSWERS_AT_ONCE; i++) {
		struct priv_reply reply;
		int fd;
		ssize_t n = priv_receive(d->priv_fd, &reply, sizeof(reply), &fd);

		if (n == -EAGAIN)
			break;
		if (n != (ssize_t)sizeof(reply)) {
			/* The privileged process has ended or wants us to end: there is nothing
			 * left to do. */
			d->exit_code = n == 0 ? EXIT_FAILED : d->exit_code;
			event_base_loopbreak(d->base);
			return;
		}
		if (reply.type == PRIV_STOP)
			begin_stop(d);
		else if (reply.type == PRIV_PING)
			requests_add(d, &(struct priv_request){ .type = PRIV_ALIVE }, 0);
		else if (reply.type == PRIV_IPSEC)
			take_ipsec(d, &reply);
		else if (reply.type == PRIV_CONFIG)
			driver_reload_take(d, fd);
		else if (reply.type == PRIV_UNDO)
			driver_reload_undo(d);
		else if (reply.type == PRIV_RELOADED)
			driver_reload_ended(d, &reply, fd);
		else
			take_answer(d, &reply, fd);
	}
}

void requests_on_readable(evutil_socket_t sock, short what, void *ctx)
{
	struct driver *d = ctx;

	requests_take(d);
	driver_pump(d);
}

void requests_on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	requests_flush(d);
	driver_pump(d);
}

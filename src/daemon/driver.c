/* SPDX-License-Identifier: ISC */
/*
 * The engine process: one event loop.  Every event source feeds the engine, then the actions are
 * carried out in order, then one timer is armed.
 */
#include "daemon/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/control.h"
#include "daemon/keylog.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"
#include "platform/linux/memory.h"
#include "platform/linux/priority.h"
#include "platform/linux/sandbox.h"

#define ENTROPY_INTERVAL	(60 * LKE_SEC)
#define ACTIONS_BETWEEN_ANSWERS 64
#define EMPTY_ROOT                                                                                 \
	"/run" /* exists everywhere; an empty file system is mounted over it for this process */

void driver_fail(struct driver *d, const char *what, int err)
{
	log_error("%s: %s; the engine process ends", what, strerror(-err));
	d->exit_code = EXIT_FAILED;
	event_base_loopbreak(d->base);
}

int driver_input(struct driver *d, const struct lke_event *ev)
{
	d->input_at = clock_now();
	return d->stopping ? LKE_ERR_STATE : lke_engine_input(d->engine, ev, d->input_at);
}

void driver_result(struct driver *d, uint64_t cookie, int err, const uint8_t *data, size_t len)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	if (!cookie)
		return;
	ev.result =
		(struct lke_ev_result){ .cookie = cookie, .err = err, .data = data, .len = len };
	driver_input(d, &ev);
}

void driver_pump(struct driver *d)
{
	const struct lke_action *a;
	lke_time deadline;
	unsigned done = 0;

	/* Carrying out an action may come back here (a result, a closed link): the outer call goes
	 * on. */
	if (d->pumping)
		return;
	d->pumping = true;
	driver_groups_turn(d);
	/* A burst (one SPI of each of ten thousand nodes) waits in the engine for answers. */
	while (requests_room(d) && (a = lke_engine_next_action(d->engine))) {
		driver_carry_out(d, a);
		/* A router that starts with ten thousand bindings is here for seconds; the
		 * privileged process gives up one that takes no answers. */
		if (++done % ACTIONS_BETWEEN_ANSWERS == 0)
			requests_take(d);
	}
	d->pumping = false;
	requests_flush(d);
	driver_groups_later(d);
	deadline = lke_engine_deadline(d->engine);
	/* Most packets move no timer: the system call would cost a seventh of a dropped one. */
	if (deadline != d->timer_at && clock_timer_set(d->timer_fd, deadline) < 0)
		driver_fail(d, "timer", -errno);
	d->timer_at = deadline;
	/* Packets of applications change nothing that is kept, and ask for nothing. */
	if (done)
		driver_mn_state_save(d);
	if (d->stopping && requests_idle(d) && driver_state_idle(d))
		event_base_loopbreak(d->base);
}

/* With a timer of the engine: of its own it would wake an idle host once more a minute. */
static void mix_entropy(struct driver *d)
{
	struct lke_event ev = { .type = LKE_EV_ENTROPY };
	lke_time now = clock_now();

	if (now - d->entropy_at < ENTROPY_INTERVAL)
		return;
	d->entropy_at = now;
	group_retry(d->w->group);
	if (system_random(ev.entropy, sizeof(ev.entropy)) == 0)
		driver_input(d, &ev);
	mem_wipe(&ev, sizeof(ev));
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct lke_event ev = { .type = LKE_EV_TIMER };

	clock_timer_clear(fd);
	d->timer_at = LKE_NEVER; /* it has expired: nothing is armed */
	driver_input(d, &ev);
	mix_entropy(d);
	driver_pump(d);
}

static int read_tun(struct driver *d, unsigned budget)
{
	int n;

	tun_quiet_reading(&d->w->tun_quiet, true);
	n = fwd_from_tun(d->fwd, budget, clock_now());
	tun_quiet_reading(&d->w->tun_quiet, false);
	if (n < 0 && n != -EAGAIN && n != -EIO)
		driver_fail(d, "TUN device", n);
	return n;
}

static void on_tun(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	int n = read_tun(d, TUN_PACKETS_PER_WAKEUP);

	drain_read(d, n, TUN_PACKETS_PER_WAKEUP);
	driver_tunnel_events(d);
	driver_pump(d);
}

/* All that is in the device now: before a route changes, and right after it has, so that what went
 * one way is not overtaken by the other. */
void driver_read_tun(struct driver *d)
{
	(void)read_tun(d, FWD_TUN_QUEUE);
	driver_tunnel_events(d);
}

void driver_watch_tun(struct driver *d, bool watch)
{
	if (watch)
		event_add(d->tun_ev, NULL);
	else
		event_del(d->tun_ev);
}

static void on_worker(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct rsa_answer a;

	while (rsa_worker_next(d->worker, &a)) {
		driver_result(d, a.cookie, a.err, a.err ? NULL : a.data, a.err ? 0 : a.len);
		mem_wipe(&a, sizeof(a));
		driver_pump(d);
	}
}

static int feed_rsa_key(struct driver *d)
{
	struct rsa_key *key = d->w->rsa;

	d->w->rsa = NULL;
	if (d->rsa_bits) { /* one of the last run is better: what was seen under it is known */
		rsa_key_free(key);
		return 0;
	}
	if (!key && d->w->cfg.engine.ars) {
		driver_rsa_new(d, 0);
		return 0;
	}
	return key && driver_rsa_key(d, key, d->rsa_ops) < 0 ? -EINVAL : 0;
}

/* What was on stable storage.  Next keys first: a floor may say that one was used. */
static void feed_store(struct driver *d)
{
	driver_keys_feed(d);
	for (unsigned i = 0; i < d->w->floors; i++) {
		struct lke_event ev = { .type = LKE_EV_FLOOR, .floor = d->w->floor[i] };

		driver_input(d, &ev);
		driver_pump(d);
	}
	for (unsigned i = 0; i < d->w->kepts; i++) {
		struct lke_event ev = { .type = LKE_EV_BINDING, .binding = d->w->kept[i] };

		driver_input(d, &ev);
	}
	mem_free(d->w->floor);
	mem_free(d->w->kept);
	d->w->floor = NULL;
	d->w->kept = NULL;
	d->w->floors = d->w->kepts = 0;
}

static struct event *watch(struct driver *d, int fd, short what, event_callback_fn fn)
{
	struct event *e = event_new(d->base, fd, (short)(what | EV_PERSIST), fn, d);

	if (e && event_add(e, NULL) < 0) {
		event_free(e);
		return NULL;
	}
	return e;
}

/* What the library loads lazily it must load before the sandbox closes. */
static void load_crypto(struct driver *d)
{
	struct rsa_key *key = NULL;

	if (d->w->rsa) {
		d->rsa_ops = rsa_key_measure(d->w->rsa);
	} else if (d->w->cfg.engine.ars && rsa_key_generate(RSA_BITS_MIN, &key) == 0) {
		(void)rsa_key_measure(key);
		rsa_key_free(key);
	}
}

/* What must exist before the sandbox closes. */
static int prepare(struct driver *d)
{
	struct fwd_conf conf = { .tun_fd = d->w->tun_fd,

				 .vnet_hdr = true,
				 .agent = world_is_agent(d->w),
				 .send = driver_send_frame,
				 .ctx = d,
				 .buffer_packets = d->w->cfg.buffer_packets,
				 .buffer_bytes = d->w->cfg.buffer_total };
	int err;

	load_crypto(d);
	if (system_random(conf.secret, sizeof(conf.secret)) < 0)
		return -EIO;
	if (d->w->fast_counts) {
		memcpy(conf.secret, d->w->fast_secret, sizeof(conf.secret));
		mem_wipe(d->w->fast_secret, sizeof(d->w->fast_secret));
		conf.fast = requests_fast;
		conf.quiet = requests_quiet;
		conf.counts = d->w->fast_counts;
		conf.counts_max = d->w->fast_max;
		conf.adopt = d->w->adopted;
		conf.adopts = d->w->adopteds;
	}
	err = fwd_new(&conf, &d->fwd);
	mem_free(d->w->adopted);
	d->w->adopted = NULL;
	mem_wipe(conf.secret, sizeof(conf.secret));
	d->request = mem_zalloc(REQUESTS_MAX * sizeof(*d->request));
	d->buf = mem_zalloc(PACKET_BUF);
	d->timer_fd = clock_timer_open();
	d->timer_at = LKE_NEVER;
	d->base = event_base_new();
	if (err < 0)
		return err;
	if (d->timer_fd < 0)
		return d->timer_fd;
	if (!d->request || !d->buf || !d->base)
		return -ENOMEM;
	return lke_engine_new(&d->w->cfg.engine, clock_now(), &d->engine) < 0 ? -EINVAL : 0;
}

static int make_events(struct driver *d)
{
	d->timer_ev = watch(d, d->timer_fd, EV_READ, on_timer);
	d->tun_ev = watch(d, d->w->tun_fd, EV_READ, on_tun);
	d->mon_ev = watch(d, d->w->mon_fd, EV_READ, driver_on_monitor);
	d->priv_ev = watch(d, d->priv_fd, EV_READ, requests_on_readable);
	d->worker_ev = watch(d, rsa_worker_fd(d->worker), EV_READ, on_worker);
	d->priv_write_ev = event_new(d->base, d->priv_fd, EV_WRITE, requests_on_writable, d);
	d->groups_ev = event_new(d->base, -1, 0, driver_on_groups, d);
	if (!d->timer_ev || !d->tun_ev || !d->mon_ev || !d->priv_ev || !d->worker_ev ||
	    !d->priv_write_ev || !d->groups_ev)
		return -ENOMEM;
	if (d->w->neigh_fd < 0)
		return 0;
	d->neigh_ev = watch(d, d->w->neigh_fd, EV_READ, driver_on_neigh);
	return d->neigh_ev ? 0 : -ENOMEM;
}

static int begin(struct driver *d)
{
	int err = rsa_worker_new(&d->worker);

	if (err < 0)
		return -EAGAIN;
	err = make_events(d);
	if (!err)
		err = control_new(d, d->w->control_fd, &d->control);
	if (!err)
		err = driver_links_open(d);
	if (!err)
		err = driver_state_open(d);
	if (!err)
		err = driver_resume_open(d);
	if (!err)
		err = feed_rsa_key(d);
	if (err)
		return err;
	driver_mn_state_restore(d);
	feed_store(d);
	driver_pump(d);
	return mon_start(d->w->mon_fd, &d->mon);
}

static void end(struct driver *d)
{
	struct event *ev[] = { d->timer_ev, d->tun_ev,	      d->mon_ev,
			       d->priv_ev,  d->priv_write_ev, d->worker_ev,
			       d->neigh_ev, d->probe_ev,      d->groups_ev };

	control_free(d->control);
	keylog_stop(d);
	driver_reload_close(d);
	driver_state_close(d);
	driver_resume_close(d);
	driver_links_close(d);
	for (size_t i = 0; i < sizeof(ev) / sizeof(ev[0]); i++)
		if (ev[i])
			event_free(ev[i]);
	driver_rsa_close(d);
	lke_engine_free(d->engine);
	fwd_free(d->fwd);
	if (d->mon)
		mon_stop(d->mon);
	if (d->base)
		event_base_free(d->base);
	if (d->w->group)
		group_close(d->w->group);
	if (d->request)
		mem_free(d->request);
	mem_free(d->buf);
	daemon_config_done(&d->w->cfg);
}

int driver_run(struct world *w, int sock)
{
	static struct driver d;
	char why[256] = "";
	int err;

	/* Locks are not inherited; the warning was given. */
	(void)memory_lock();
	d.w = w;
	d.priv_fd = sock;
	d.resume_fd = -1;
	d.keylog_fd = -1;
	d.started = clock_now();
	/* netlink and nftables descriptors of the parent were inherited too: without a capability
	 * the kernel refuses every change on them.  The lock must not outlive the parent. */
	close(w->lock_fd);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	err = prepare(&d);
	if (err < 0) {
		log_error("cannot start the engine: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	priority_responsive();
	err = sandbox_enter(w->uid, w->gid, EMPTY_ROOT, why, sizeof(why));
	if (err < 0) {
		log_error("sandbox: %s; see: lke doctor", why[0] ? why : strerror(-err));
		return err == -ENOSYS || err == -EINVAL ? EXIT_KERNEL : EXIT_FAILED;
	}
	/* A change of user clears it, so it is set here. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = begin(&d);
	if (err < 0) {
		log_error("cannot start the engine: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	event_base_dispatch(d.base);
	end(&d);
	return d.exit_code;
}

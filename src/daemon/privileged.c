/* SPDX-License-Identifier: ISC */
/*
 * The privileged process: a short loop that executes checked requests.  It reads nothing from the
 * network.  When the engine process has ended, however, everything it added to the host is removed.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/audit.h"
#include "daemon/checkpoint.h"
#include "daemon/gate.h"
#include "daemon/key_digest.h"
#include "daemon/key_store.h"
#include "daemon/ledger.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/plane_keep.h"
#include "daemon/priv_msg.h"
#include "daemon/priv_scope.h"
#include "daemon/reload.h"
#include "daemon/steer_batch.h"
#include "daemon/world.h"
#include "platform/linux/clock.h"
#include "platform/linux/sandbox.h"
#include "platform/linux/xfrm.h"

#define STOP_WAIT  (5 * LKE_SEC) /* for the engine process after SIGTERM */
#define REPLY_WAIT (5 * LKE_SEC) /* until it takes an answer */

enum { REQUESTS_AT_ONCE = 1024 }; /* before signals are looked at again */

struct privileged {
	struct world *w;
	struct store_batch batch;
	struct steer_batch steer;
	struct reload reload;
	struct priv_scope scope;
	struct ledger *ledger;
	struct audit_file audit;
	int sock, signals;
	struct xfrm *xfrm; /* NULL: nothing to check, or nothing to ask */
	bool xfrm_full;
	pid_t child;
	bool child_gone, socket_gone, stopping;
	int child_status;
	lke_time give_up;	    /* LKE_NEVER unless stopping */
	lke_time watchdog, ping_at; /* between two pings, LKE_NEVER: nobody watches; the next one */
};

/*
 * The engine process may have a burst of requests under way and not read yet.  It never waits for
 * us, so it comes back to its loop; only one that is stuck does not.
 */
static void reply_to(struct privileged *p, const struct priv_reply *reply, int pass_fd)
{
	lke_time end = clock_now() + REPLY_WAIT;
	int err;

	while ((err = priv_send(p->sock, reply, sizeof(*reply), pass_fd)) == -EAGAIN) {
		struct pollfd fd = { .fd = p->sock, .events = POLLOUT };

		if (clock_now() >= end)
			break;
		(void)poll(&fd, 1, 100);
	}
	if (err < 0)
		p->socket_gone = true;
}

static void open_link(struct privileged *p, const struct priv_request *r)
{
	struct priv_reply reply = { .cookie = r->cookie, .type = r->type, .ifindex = r->ifindex };
	struct packet_link link = { .fd = -1 };

	reply.err = world_open_link(p->w, r->ifindex, r->type == PRIV_OPEN_KEREQ, &link);
	reply.ethernet = link.ethernet;
	reply.own_len = link.own.len;
	memcpy(reply.own, link.own.b, sizeof(reply.own));
	reply_to(p, &reply, reply.err ? -1 : link.fd);
	if (!reply.err)
		packet_close(&link);
}

static int execute(struct world *w, const struct priv_request *r)
{
	struct lke_act_addr addr;
	struct lke_act_path path;
	struct lke_act_neigh neigh;
	struct lke_act_intercept intercept;
	struct fast_binding fast;
	int err;

	switch (r->type) {
	case PRIV_ADDR:
		addr = priv_to_addr(r);
		return nl_addr(w->nl, &addr, w->tun_ifindex);
	case PRIV_PATH:
		path = priv_to_path(r);
		return nl_path(w->nl, &path, w->tun_ifindex);
	case PRIV_NEIGH:
		neigh = priv_to_neigh(r);
		return nl_neigh(w->nl, &neigh);
	case PRIV_INTERCEPT:
		intercept = priv_to_intercept(r);
		return nl_intercept(w->nl, &intercept, w->tun_ifindex);
	case PRIV_KEY:
		err = key_store_switch(&w->cfg, w->uid, &r->addr, r->generation);
		if (!err)
			key_digest_switched(&w->cfg, &r->addr);
		return err;
	case PRIV_FAST:
		fast = priv_to_fast(r);
		return w->fast ? fast_set(w->fast, &fast) : -EOPNOTSUPP;
	case PRIV_LINK:
		return world_set_link(w, r->ifindex, r->valid, r->preferred);
	case PRIV_READY:
		notify_ready();
		return 0;
	case PRIV_ALIVE:
		notify_alive();
		plane_attend(w);
		return 0;
	case PRIV_CONFIGURED:
		return 0;
	default:
		return -EINVAL;
	}
}

/* What an interface had went with it.  One that was renamed stays refused, but is no reason to
 * warn: the engine process asked before it knew. */
static bool gone_with_interface(struct privileged *p, const struct priv_request *r)
{
	char name[IF_NAMESIZE];

	if (!r->ifindex)
		return false;
	if (if_indextoname(r->ifindex, name)) {
		if (priv_scope_interface(&p->scope, r->ifindex, world_is_mn(p->w)))
			return false;
		log_line(LOG_CLASS_DAEMON, LOG_LEVEL_DEBUG,
			 "request %u of the engine process is for %s, which is not configured",
			 r->type, name);
		return true;
	}
	nl_forget_link(p->w->nl, r->ifindex);
	ledger_forget_link(p->ledger, r->ifindex);
	return true;
}

static bool is_recorded(const struct priv_request *r)
{
	return r->type == PRIV_ADDR || r->type == PRIV_NEIGH || r->type == PRIV_INTERCEPT;
}

static bool intercepted(void *ctx, const struct lke_in6 *addr)
{
	struct privileged *p = ctx;
	const struct priv_request r = { .type = PRIV_INTERCEPT, .addr = *addr };

	return ledger_has(p->ledger, &r);
}

/* What an lked before this one led to the TUN device, and nobody has asked for again. */
static int sweep(struct privileged *p)
{
	int n = nl_sweep_routes(p->w->nl, p->w->tun_ifindex, intercepted, p);

	if (n > 0)
		log_notice("removed %d routes of bindings that ended while lked restarted", n);
	return n < 0 ? n : 0;
}

/* An address that was kept when its link was taken over: it goes with the first move. */
static bool of_kernel(const struct world *w, const struct priv_request *r)
{
	return r->type == PRIV_ADDR && nl_kept(w->nl, r->ifindex, &r->addr);
}

/* Removes only what was added, or kept; adds only what there is room for. */
static int execute_recorded(struct privileged *p, const struct priv_request *r)
{
	int err;

	if (r->type == PRIV_SWEEP)
		return sweep(p);
	if (!is_recorded(r))
		return execute(p->w, r);
	if (r->remove)
		return ledger_del(p->ledger, r) || of_kernel(p->w, r) ? execute(p->w, r) : 0;
	err = ledger_add(p->ledger, r);
	if (err)
		return err;
	err = execute(p->w, r);
	if (err)
		(void)ledger_del(p->ledger, r);
	return err;
}

static int execute_gated(struct privileged *p, const struct priv_request *r, uint8_t *ret_open)
{
	struct world *w = p->w;
	int err;

	if (r->type == PRIV_GATE)
		return gate_open(w->nl, p->ledger, r);
	gate_close(w->nl, p->ledger, r, &w->tun_quiet);
	err = execute_recorded(p, r);
	*ret_open = gate_open_quiet(w->nl, p->ledger, r, &w->tun_quiet);
	return err;
}

static void open_key(struct privileged *p, const struct priv_request *r)
{
	struct priv_reply reply = { .cookie = r->cookie, .type = r->type };
	struct world *w = p->w;
	struct key_file next = { 0 };
	int fd = key_store_open_next(&w->cfg, w->uid, &r->addr);

	reply.err = fd < 0 ? fd : 0;
	reply_to(p, &reply, fd);
	if (fd < 0)
		return;
	close(fd);
	/* So that lke diff knows that the engine process has it. */
	if (key_store_read_next(&w->cfg, w->uid, &r->addr, &next) == 0)
		key_digest_follow(&w->cfg, w->key_secret, &r->addr, &next);
	mem_wipe(&next, sizeof(next));
}

/* A mobile has a route and up to three elements of the steering table. */
static size_t ledger_max(const struct world *w)
{
	size_t max = 1024 + 4 * (size_t)w->cfg.mobiles;

	for (unsigned i = 0; i < w->cfg.engine.ars; i++)
		max += 4 * (size_t)w->cfg.engine.ar[i].max_lbsa;
	return max;
}

static int make_ledger(const struct world *w, struct ledger **ret)
{
	uint8_t secret[16];
	int err;

	if (system_random(secret, sizeof(secret)) < 0)
		return -EIO;
	err = ledger_new(ledger_max(w), secret, ret);
	if (err)
		log_error("out of memory");
	return err;
}

/* --- another configuration --- */

static void reload_tell(void *ctx, const struct priv_reply *r, int fd)
{
	struct privileged *p = ctx;

	if (p->sock >= 0 && !p->socket_gone)
		reply_to(p, r, fd);
}

/* The reply: 0 or -enum reload_result. */
static int reload_asked(struct privileged *p, const struct priv_request *r)
{
	return -(int)reload_begin(&p->reload, (enum reload_kind)r->kind, r->valid, true);
}

/* Solicitations on the links of a mobile node are the engine's (ADR 40). */
static void change_links(struct world *w, const struct daemon_config *was)
{
	const struct lke_config_mn *old = &was->engine.mn, *now = &w->cfg.engine.mn;
	int err = 0;

	for (unsigned i = 0; i < old->interfaces; i++) {
		if (daemon_config_is_mn_interface(&w->cfg, old->interface[i]))
			continue;
		err = steer_link(w->steer, old->interface[i], false);
		world_release_link(w, old->interface[i]);
	}
	for (unsigned i = 0; i < now->interfaces && !err; i++)
		if (!daemon_config_is_mn_interface(was, now->interface[i]))
			err = steer_link(w->steer, now->interface[i], true);
	if (err < 0)
		log_error("reload: nftables: %s", steer_error(w->steer));
}

static void change_audit(struct privileged *p)
{
	p->audit.max = p->w->cfg.audit_size;
	if (p->audit.max == 0)
		audit_close(&p->audit);
}

static void reload_installed(void *ctx)
{
	struct privileged *p = ctx;
	struct world *w = p->w;

	if (priv_scope_follow(&p->scope) < 0)
		log_error("reload: out of memory; restart lked");
	ledger_limit(p->ledger, ledger_max(w));
	change_links(w, reload_other(&p->reload));
	change_audit(p);
	checkpoint_follow(w, &p->batch);
}

/* While it is on its way to the engine, both are served. */
static void reload_coming(struct privileged *p)
{
	if (priv_scope_coming(&p->scope) < 0)
		log_error("reload: out of memory");
}

/* Why it failed, in words, before the engine process says what it means. */
static void report_store(struct privileged *p)
{
	if (p->batch.err < 0 && p->batch.store)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_ERROR, "%s", store_error(p->batch.store));
}

static void reply_all(struct privileged *p, const struct priv_reply *reply, unsigned n)
{
	for (unsigned i = 0; i < n && !p->socket_gone; i++)
		reply_to(p, &reply[i], -1);
}

static void commit(struct privileged *p)
{
	unsigned n = store_batch_commit(&p->batch);

	if (n > 0)
		report_store(p);
	reply_all(p, p->batch.reply, n);
}

static void steer(struct privileged *p)
{
	unsigned n = steer_batch_run(&p->steer, p->ledger, p->w->steer);

	if (p->steer.failed > 0)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "nftables: %s",
			 steer_error(p->w->steer));
	reply_all(p, p->steer.reply, n);
}

/* Collects what becomes cheaper together.  false: it is not of that kind. */
static bool join_batch(struct privileged *p, const struct priv_request *r)
{
	if (store_batch_takes(r)) {
		steer(p);
		store_batch_add(&p->batch, r);
		if (store_batch_full(&p->batch))
			commit(p);
		return true;
	}
	commit(p);
	if (r->type == PRIV_STEER) {
		steer_batch_add(&p->steer, p->ledger, r);
		if (steer_batch_full(&p->steer))
			steer(p);
		return true;
	}
	steer(p);
	return false;
}

static int check(struct privileged *p, const struct priv_request *r, size_t len)
{
	const struct priv_limits limits = { priv_scope_interface, priv_scope_home,
					    priv_scope_served,	  &p->scope,
					    world_is_mn(p->w),	  world_is_agent(p->w) };
	int err = priv_check(r, len, &limits);

	if (err != -EPERM)
		return err;
	/* Once more: an interface may have got its name back since. */
	return gone_with_interface(p, r) ? -ENODEV : priv_check(r, len, &limits);
}

/* Answers in the order of the requests, so what was collected comes first. */
static void serve_one(struct privileged *p, const struct priv_request *r, size_t len)
{
	struct priv_reply reply = { 0 };
	int err = check(p, r, len);

	if (err == -EBADMSG) {
		log_error("the engine process sent a request of the wrong length; it is stopped");
		p->socket_gone = true;
		return;
	}
	if (!err && join_batch(p, r))
		return;
	if (err) {
		commit(p);
		steer(p);
	}
	if (err < 0 && err != -ENODEV)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING,
			 "request %u of the engine process refused: %s", r->type, strerror(-err));
	if (!err && r->type == PRIV_OPEN_KEY) {
		open_key(p, r);
		return;
	}
	if (!err && (r->type == PRIV_OPEN_LINK || r->type == PRIV_OPEN_KEREQ)) {
		open_link(p, r);
		return;
	}
	reply.cookie = r->cookie;
	reply.type = r->type;
	reply.err = err			     ? err
		    : r->type == PRIV_RELOAD ? reload_asked(p, r)
					     : execute_gated(p, r, &reply.open);
	/* Before it is ready a service manager expects no sign of life; then one ping at a time. */
	if (!err && p->watchdog != LKE_NEVER && (r->type == PRIV_READY || r->type == PRIV_ALIVE))
		p->ping_at = clock_now() + p->watchdog;
	reply_to(p, &reply, -1);
	if (!err && r->type == PRIV_CONFIGURED)
		reload_configured(&p->reload, -(int)r->used);
}

static void serve(struct privileged *p)
{
	struct priv_request r;

	for (unsigned i = 0; i < REQUESTS_AT_ONCE && !p->socket_gone; i++) {
		ssize_t n = priv_receive(p->sock, &r, sizeof(r), NULL);

		if (n == -EAGAIN || n == -EINTR)
			break;
		if (n <= 0)
			p->socket_gone = true;
		else
			serve_one(p, &r, (size_t)n);
	}
	commit(p);
	steer(p);
}

static void ask_to_stop(struct privileged *p)
{
	struct priv_reply stop = { .type = PRIV_STOP };

	if (p->stopping)
		return;
	p->stopping = true;
	p->give_up = clock_now() + STOP_WAIT;
	notify_stopping();
	reply_to(p, &stop, -1);
}

/* One signal may stand for both children. */
static void reap(struct privileged *p)
{
	if (waitpid(p->child, &p->child_status, WNOHANG) == p->child)
		p->child_gone = true;
	reload_reap(&p->reload);
	reload_coming(p);
}

static void reload_by_signal(struct privileged *p)
{
	enum reload_result result;

	if (p->stopping)
		return;
	result = reload_begin(&p->reload, RELOAD_CHANGE, 0, false);
	if (result != RELOAD_DONE)
		log_warning("SIGHUP: %s", reload_text(result));
}

static void take_signal(struct privileged *p)
{
	struct signalfd_siginfo si;

	while (read(p->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			ask_to_stop(p);
		else if (si.ssi_signo == SIGHUP)
			reload_by_signal(p);
		else if (si.ssi_signo == SIGCHLD)
			reap(p);
	}
}

/* Records of the journal; a record is data, nothing in it is acted upon. */
static void take_audit(struct privileged *p)
{
	struct audit_record r;
	int err;

	for (unsigned n = 0; n < 64; n++) {
		ssize_t len = recv(p->w->audit_in, &r, sizeof(r), 0);

		if (len <= 0) {
			if (len == 0) {
				close(p->w->audit_in);
				p->w->audit_in = -1;
			}
			return;
		}
		if (len != (ssize_t)sizeof(r) || p->audit.max == 0)
			continue;
		err = audit_write(&p->audit, &r);
		if (err && !p->audit.failing)
			log_error("%s/audit.log: %s; Binding Updates are not on record",
				  p->w->state_dir, strerror(-err));
		p->audit.failing = err != 0;
	}
}

/* --- IPsec associations of this host, draft 4.2: their peers get no LBSA --- */

static void ipsec_open(struct privileged *p)
{
	int err;

	if (!p->w->cfg.engine.ars)
		return;
	err = xfrm_open(&p->xfrm);
	if (err == -EPROTONOSUPPORT)
		log_notice("this kernel has no IPsec (CONFIG_XFRM_USER): no association can forbid "
			   "an LBSA (draft 4.2)");
	else if (err < 0)
		log_warning("IPsec associations cannot be read: %s; they do not forbid an LBSA "
			    "(draft 4.2)",
			    strerror(-err));
}

/* Only the address: the kernel's message holds the keys, and stays on this side. */
static void ipsec_tell(void *ctx, const struct lke_ev_ipsec *ev)
{
	struct privileged *p = ctx;
	struct priv_reply r = { .type = PRIV_IPSEC, .addr = ev->peer, .removed = ev->removed };

	if (p->sock >= 0 && !p->socket_gone)
		reply_to(p, &r, -1);
}

static void ipsec_read(struct privileged *p)
{
	struct xfrm_counts s;
	int err = xfrm_read(p->xfrm, ipsec_tell, p);

	if (err < 0) {
		log_warning("IPsec associations can be read no longer: %s; see: lke doctor",
			    strerror(-err));
		xfrm_close(p->xfrm);
		p->xfrm = NULL;
		return;
	}
	xfrm_counts(p->xfrm, &s);
	if (s.full && !p->xfrm_full)
		log_warning("more than %d IPsec associations: not all are looked at (draft 4.2); "
			    "remove old ones",
			    XFRM_SAS_MAX);
	p->xfrm_full = s.full > 0;
}

/*
 * The service manager hears of us only when the engine process has answered: one that is stuck is
 * ended with this one, and both start again.
 */
static void ping(struct privileged *p)
{
	struct priv_reply r = { .type = PRIV_PING };

	if (p->sock < 0 || clock_now() < p->ping_at)
		return;
	/* A full socket is answered by silence. */
	p->ping_at =
		priv_send(p->sock, &r, sizeof(r), -1) == 0 ? LKE_NEVER : clock_now() + p->watchdog;
}

static int poll_timeout(const struct privileged *p)
{
	lke_time now = clock_now(), at = reload_deadline(&p->reload);

	if (p->give_up != LKE_NEVER)
		return 200;
	if (p->ping_at < at)
		at = p->ping_at;
	if (at == LKE_NEVER)
		return -1;
	return at <= now ? 0 : (int)((at - now) / LKE_MSEC + 1);
}

static void loop(struct privileged *p)
{
	enum { FDS = 4 };

	while (!p->child_gone) {
		struct pollfd fd[FDS] = { { .fd = p->socket_gone ? -1 : p->sock, .events = POLLIN },
					  { .fd = p->signals, .events = POLLIN },
					  { .fd = p->xfrm ? xfrm_fd(p->xfrm) : -1,
					    .events = POLLIN },
					  { .fd = p->w->audit_in, .events = POLLIN } };

		/* A closed socket tells the engine process to end: it has another user, signals
		 * cannot. */
		if (p->socket_gone && p->sock >= 0) {
			close(p->sock);
			p->sock = -1;
			if (p->give_up == LKE_NEVER)
				p->give_up = clock_now() + STOP_WAIT;
		}
		if (poll(fd, FDS, poll_timeout(p)) < 0 && errno != EINTR)
			return;
		if (fd[1].revents)
			take_signal(p);
		if (fd[0].revents && p->sock >= 0)
			serve(p);
		if (fd[2].revents && p->xfrm)
			ipsec_read(p);
		if (fd[3].revents)
			take_audit(p);
		ping(p);
		reload_timer(&p->reload);
		if (clock_now() >= p->give_up) {
			log_warning("the engine process does not end; cleaning up without it");
			return;
		}
	}
}

/* How often the engine process has to show one: for the service manager, and for a plane that stops
 * without. */
static lke_time signs_of_life(const struct world *w)
{
	lke_time watchdog = notify_watchdog(), attend = PLANE_ATTEND_S * LKE_SEC;

	return w->keeping && attend < watchdog ? attend : watchdog;
}

int privileged_run(struct world *w, int sock, pid_t child)
{
	static struct privileged p; /* larger than a stack frame should be */
	sigset_t set;
	int err;

	p = (struct privileged){ .w = w,
				 .scope = { .w = w, .reload = &p.reload },
				 .audit.fd = -1,
				 .sock = sock,
				 .child = child,
				 .give_up = LKE_NEVER,
				 .watchdog = signs_of_life(w),
				 .ping_at = LKE_NEVER };
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	p.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (checkpoint_start(w, &p.batch) != EXIT_OK || make_ledger(w, &p.ledger) < 0 ||
	    priv_scope_follow(&p.scope) < 0)
		return EXIT_FAILED;
	err = privileged_limit();
	if (p.signals < 0 || err < 0) {
		log_error("cannot limit the privileged process: %s; see: lke doctor",
			  strerror(err ? -err : errno));
		return EXIT_FAILED;
	}
	p.audit.dir = w->state_dir;
	if (w->audit_in >= 0 && w->cfg.audit_size > 0) {
		err = audit_open(&p.audit, w->state_dir, w->cfg.audit_size);
		if (err)
			log_error("%s/audit.log: %s; Binding Updates are not on record",
				  w->state_dir, strerror(-err));
	}
	ipsec_open(&p);
	reload_init(&p.reload, w, &(struct reload_host){ reload_tell, reload_installed, &p });
	loop(&p);
	xfrm_close(p.xfrm);
	if (w->audit_in >= 0)
		take_audit(&p);
	audit_close(&p.audit);
	ledger_free(p.ledger);
	reload_done(&p.reload);
	priv_scope_done(&p.scope);
	if (p.sock >= 0)
		close(p.sock);
	close(p.signals);
	if (!p.child_gone)
		return EXIT_FAILED;
	if (WIFSIGNALED(p.child_status))
		log_error("the engine process was killed by signal %d; cleaning up",
			  WTERMSIG(p.child_status));
	return WIFEXITED(p.child_status) ? WEXITSTATUS(p.child_status) : EXIT_FAILED;
}

/* SPDX-License-Identifier: ISC */
/* The engine process: what its files share. */
#ifndef DAEMON_DRIVER_H
#define DAEMON_DRIVER_H

#include <event2/event.h>

#include "daemon/meter.h"
#include "daemon/priv_msg.h"
#include "daemon/rsa_maker.h"
#include "daemon/rsa_worker.h"
#include "daemon/world.h"
#include "lke/engine.h"
#include "platform/linux/forward.h"

enum {
	REQUESTS_MAX =
		262144,	      /* privileged requests under way: one for each mobile's SPI at once */
	DEFERRED_MAX = 32,    /* paths that wait for parked packets */
	GATE_FRAMES_MAX = 16, /* the engine's own packets that wait at a gate */
	PACKETS_PER_WAKEUP = 32, /* of one socket, so that the others get their turn */
	TUN_PACKETS_PER_WAKEUP =
		16, /* a burst of parked packets must not delay the answers to it */
};

/* A packet socket is read for no longer in a turn, ns: what a mobile node kept while it moved comes
 * at once, and the first packet the other way must not wait for all of it. */
#define TURN_TIME 100000

/* An interface of the host, with its packet socket once there is one. */
struct driver_link {
	struct packet_link socket; /* fd -1: none */
	struct event *readable;
	struct lke_ev_link last;  /* as the engine knows it */
	bool asked;		  /* PRIV_OPEN_LINK is under way or was refused */
	enum packet_kind kind;	  /* of the socket */
	struct packet_link kereq; /* of an access router's link; fd -1: none */
	struct event *kereq_readable, *kereq_pause;
	bool kereq_asked;
	unsigned kereq_turn;	 /* read since the last pause */
	bool announced;		 /* the engine knows it */
	uint32_t advertised_mtu; /* by the router in use; 0: none */
	struct driver *driver;
};

/* Answers come in the order of the requests: a ring. */
struct driver_request {
	struct priv_request msg;
	uint64_t engine_cookie; /* 0: nobody waits */
	lke_time asked;
};

struct driver_gate_frame {
	struct lke_in6 to;
	uint32_t ifindex;
	struct lke_lladdr dst;
	size_t len;
	uint8_t data[512];
};

struct control;
struct driver_state; /* driver_state.c */

struct driver {
	struct world *w;
	struct lke_engine *engine;
	struct fwd *fwd;
	struct rsa_worker *worker;
	struct rsa_maker *maker; /* NULL: no key is being made */
	struct event *maker_ev;
	uint64_t maker_cookie;
	struct mon *mon;
	struct control *control;
	struct driver_state *state; /* NULL: nothing is kept */
	uint32_t mn_state_count;
	struct event_base *base;
	struct event *timer_ev, *tun_ev, *mon_ev, *neigh_ev, *priv_ev, *priv_write_ev, *worker_ev;
	struct event *groups_ev;
	struct event *resume_ev; /* NULL: not a mobile node */
	int timer_fd, priv_fd, resume_fd;
	lke_time suspended; /* so long all in all, when the engine was last told */
	lke_time timer_at;  /* the armed deadline, LKE_NEVER: none */
	struct driver_link link[WORLD_LINKS_MAX];
	unsigned links;
	struct driver_request *request;	 /* ring of REQUESTS_MAX */
	uint64_t answered, sent, queued; /* counts: answered <= sent <= queued; a request's cookie
					    is its count + 1 */
	uint64_t release_after; /* HOLD release waits for this many answers; 0: none waits */
	struct driver_request deferred[DEFERRED_MAX];
	unsigned deferreds, drained;
	struct driver_gate_frame gated[GATE_FRAMES_MAX];
	unsigned gateds, gates; /* gates: requests under way that closed one for a node */
	bool draining;
	bool pumping, again, stopping, ready;
	int exit_code;
	lke_time started, entropy_at;
	struct meter meter;
	lke_time input_at; /* of the last event: what its messages cost counts from here */
	uint64_t send_errors, kernel_errors, requests_lost, audit_lost;
	char last_kernel_error[96];
	int keylog_fd; /* -1: off, as at every start */
	unsigned keylog_keys;
	int store_err; /* positive errno while stable storage fails */
	struct event *probe_ev;
	uint32_t rsa_keys; /* made so far: the identifier of the newest */
	unsigned rsa_bits, rsa_ops;
	char rsa_fingerprint[65];      /* SHA-256 of the public key, hexadecimal */
	uint8_t *buf;		       /* PACKET_BUF octets for receiving */
	uint64_t reload_client;	       /* cookie of who waits for a reload; 0: nobody */
	uint32_t reload_confirm;       /* s, as it asked */
	uint64_t reloads;	       /* configurations taken over, undone ones included */
	lke_time confirm_until;	       /* a reload is undone then; 0: none waits */
	struct daemon_config *before;  /* the last reload; NULL: there was none */
	struct json_t *reload_changes; /* what that changed; may be NULL */
};

/* --- driver.c --- */
int driver_input(struct driver *d, const struct lke_event *ev); /* what the engine said */
/* Carries out what the engine wants and arms the timer.  Call it after every driver_input(). */
void driver_pump(struct driver *d);
const char *driver_ifname(const struct driver *d, uint32_t ifindex); /* "" when unknown */
struct driver_link *driver_link_by_index(struct driver *d, uint32_t ifindex);
uint32_t driver_ifindex(const struct driver *d, const char *name); /* 0: none of this name */
void driver_link_mtu(struct driver *d, const struct driver_link *l);
void driver_fail(struct driver *d, const char *what, int err); /* ends the loop */

/* --- driver_action.c --- */
void driver_carry_out(struct driver *d, const struct lke_action *a);
int driver_send_frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *nexthop,
		      const uint8_t *pkt, size_t len);
void driver_tunnel_events(struct driver *d);
void driver_read_tun(struct driver *d);
void driver_watch_tun(struct driver *d, bool watch);

/* --- driver_link.c --- */
int driver_links_open(struct driver *d);
void driver_on_monitor(evutil_socket_t fd, short what, void *ctx);
void driver_on_neigh(evutil_socket_t fd, short what, void *ctx);
void driver_link_opened(struct driver *d, const struct priv_reply *r, int fd);
void driver_links_close(struct driver *d);
/* After a reload: what links are for, and which are, may be another thing. */
void driver_links_reload(struct driver *d);

/* Up to budget packets of a link's socket, or of its socket for Key Exchange Requests; how many
 * there were. */
unsigned driver_read_packets(struct driver *d, uint32_t ifindex, bool kereqs, unsigned budget);

/* --- driver_groups.c --- */
void driver_groups_turn(struct driver *d);  /* a turn of the loop begins */
void driver_groups_later(struct driver *d); /* it ends: what is left over has a turn of its own */
void driver_on_groups(evutil_socket_t fd, short what, void *ctx);

/* --- driver_kereq.c: the sockets for Key Exchange Requests --- */
void kereq_ask(struct driver *d, struct driver_link *l); /* once the link has its own socket */
void kereq_opened(struct driver *d, const struct priv_reply *r, int fd);
void kereq_close(struct driver_link *l);

/* --- driver_drain.c --- */
void drain_begin(struct driver *d); /* parked packets were released */
void drain_end(struct driver *d);   /* what waits is asked for now */
/* So many packets came out of the TUN at once; fewer than budget: it is empty. */
void drain_read(struct driver *d, int packets, int budget);
/* True: the request waits. */
bool drain_defer(struct driver *d, const struct priv_request *r, uint64_t engine_cookie);

/* --- driver_gate.c --- */
/* Before requests that lead packets around the TUN: the way is closed first. */
void driver_gate_path(struct driver *d, struct priv_request *r);
void driver_gate_withdraw(struct driver *d, struct priv_request *r);
static inline bool driver_gate_of(const struct priv_request *r)
{
	return r->type == PRIV_INTERCEPT && r->lladdr_len > 0;
}
/* True: a packet of the engine waits at a closed gate; it is sent when that opens. */
bool driver_gate_holds(struct driver *d, const struct lke_act_send *a);
/* A request was answered: the way it closed is opened behind what the TUN still had, unless it is
 * open. */
void driver_gate_answered(struct driver *d, const struct priv_request *r, bool open);

/* --- driver_rsa.c --- */
/* Takes a key: it becomes the current one.  0 or an enum lke_error. */
int driver_rsa_key(struct driver *d, struct rsa_key *key, unsigned ops);
/* A key of the last run, the oldest first. */
int driver_rsa_restored(struct driver *d, uint32_t id, struct rsa_key *key);
void driver_rsa_new(struct driver *d, uint64_t cookie); /* LKE_ACT_RSA_NEW */
void driver_rsa_drop(struct driver *d, uint32_t key_id);
void driver_rsa_close(struct driver *d);

/* --- driver_state.c: an access router's --- */
int driver_state_open(struct driver *d); /* reads the files, starts the writer; 0 or an error */
void driver_state_record(struct driver *d, uint64_t cookie, const struct lke_act_record *a);
void driver_state_key(struct driver *d, uint32_t id);
void driver_state_key_gone(struct driver *d, uint32_t id);
void driver_state_finish(struct driver *d); /* before lke_engine_stop(): what is not told yet */
void driver_state_clean(struct driver *d);  /* after it: the last record */
bool driver_state_idle(const struct driver *d);
/* Figures of the writer; false: nothing is kept. */
struct state_writer_stat;
bool driver_state_stat(struct driver *d, struct state_writer_stat *ret);
void driver_state_close(struct driver *d);

/* --- driver_mn_state.c: a mobile node's --- */
void driver_mn_state_restore(struct driver *d);
void driver_mn_state_save(struct driver *d); /* if something has changed */

/* --- driver_resume.c: a mobile node's --- */
int driver_resume_open(struct driver *d); /* 0 or -errno */
void driver_resume_close(struct driver *d);

/* --- driver_store.c --- */
void driver_store_answered(struct driver *d, int err);
/* One line, or NULL when it works. */
const char *driver_store_trouble(const struct driver *d, char *buf, size_t size);
/* The operator has put a next key there; the client with this cookie gets the answer. */
void driver_key_ask(struct driver *d, const struct lke_in6 *home, uint64_t cookie);
/* fd is consumed. */
void driver_key_opened(struct driver *d, const struct lke_in6 *home, uint64_t cookie, int err,
		       int fd);
void driver_keys_feed(struct driver *d); /* those of the configuration */

/* --- driver_reload.c --- */
enum reload_result;
/* RELOAD_DONE: the client hears of it later; else why not. */
enum reload_result driver_reload_ask(struct driver *d, unsigned kind, uint32_t confirm,
				     uint64_t client);
void driver_reload_begun(struct driver *d, int err); /* the reply to that */
void driver_reload_ended(struct driver *d, const struct priv_reply *r, int fd); /* consumes fd */
void driver_reload_take(struct driver *d, int fd); /* PRIV_CONFIG; consumes fd */
void driver_reload_undo(struct driver *d);
void driver_reload_close(struct driver *d);

/* --- requests.c --- */
/* fwd_conf.fast, fwd_conf.quiet */
/* driver_adopt.c: what a plane of before still forwards is asked for again, or ends. */
void driver_adopt_begin(struct driver *d);

bool requests_fast(void *ctx, const struct fast_binding *b);
bool requests_quiet(void *ctx);
void requests_add(struct driver *d, const struct priv_request *r, uint64_t engine_cookie);
void requests_flush(struct driver *d); /* what was asked for goes to the privileged process */
void requests_take(struct driver *d);  /* reads some answers, if there are; the caller pumps */
void requests_on_readable(evutil_socket_t fd, short what, void *ctx);
void requests_on_writable(evutil_socket_t fd, short what, void *ctx);
/* The engine wants parked packets to flow: now, or when the paths queued before are in place. */
void requests_release_hold(struct driver *d);
void requests_cancel_release(struct driver *d);
static inline bool requests_room(const struct driver *d)
{
	return d->queued - d->answered < REQUESTS_MAX - DEFERRED_MAX;
}
static inline bool requests_idle(const struct driver *d)
{
	return d->answered == d->queued && d->deferreds == 0;
}

/* An event saying how an action ended; 0 as cookie: nothing to say. */
void driver_result(struct driver *d, uint64_t cookie, int err, const uint8_t *data, size_t len);

#endif

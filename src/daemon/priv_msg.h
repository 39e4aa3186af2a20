/* SPDX-License-Identifier: ISC */
/*
 * Messages between the engine process and the privileged process: records of one exact length on a
 * SOCK_SEQPACKET pair.  The engine process reads packets from the network and is not trusted: every
 * field is checked before it is used, and fields a request does not use must be zero.
 */
#ifndef DAEMON_PRIV_MSG_H
#define DAEMON_PRIV_MSG_H

#include "daemon/config_file.h"
#include "lke/action.h"
#include "platform/linux/forward_bpf.h"
#include "platform/linux/packet_socket.h"

enum priv_type {
	PRIV_ADDR = 1,
	PRIV_PATH,
	PRIV_NEIGH,
	PRIV_STEER,
	PRIV_INTERCEPT,
	PRIV_CHECKPOINT,
	PRIV_KEEP,
	PRIV_PROBE,	 /* does the stable storage work? */
	PRIV_OPEN_KEY,	 /* the reply carries the file of the next key of a home address */
	PRIV_KEY,	 /* the next key has become the present one: its file too */
	PRIV_OPEN_LINK,	 /* the reply carries a packet socket */
	PRIV_OPEN_KEREQ, /* the same for Key Exchange Requests alone */
	PRIV_READY,	 /* the engine runs: tell the service manager */
	PRIV_GATE,	 /* opens what a PRIV_PATH or PRIV_INTERCEPT with lladdr closed (gate.h) */
	PRIV_FAST,	 /* a binding of the fast path */
	PRIV_SWEEP,	 /* what an lked before this one left and nobody wants goes (ADR 83) */
	PRIV_LINK,	 /* MTU (valid) and hop limit (preferred) of a link, 0: as they were */
	PRIV_ALIVE,	 /* the engine's loop turns: an answer to PRIV_PING */
	PRIV_RELOAD, /* kind: enum reload_kind, valid: seconds to confirm it.  In the reply err is
		      * 0, or -enum reload_result: it has not begun */
	PRIV_CONFIGURED, /* the answer to PRIV_CONFIG and PRIV_UNDO; used: 0 or -enum lke_error */
	PRIV_STOP,	 /* to the engine process, as a reply with cookie 0: leave and end */
	PRIV_PING,	 /* to the engine process, likewise: does its loop turn? */
	PRIV_IPSEC,	 /* likewise: an IPsec association with addr exists, or the last has gone */
	PRIV_CONFIG,	 /* likewise: another configuration, in the file that comes with it */
	PRIV_UNDO,	 /* likewise: the configuration before is wanted again */
	PRIV_RELOADED,	 /* likewise: err is an enum reload_result, ifindex the enum reload_kind;
			  * perhaps   with a file that says more (JSON) */
};

/* Flat and without bool or enum, so that any octets are a valid object. */
struct priv_request {
	uint32_t type;
	uint32_t ifindex;
	uint64_t cookie; /* comes back in the reply */
	struct lke_in6 addr, router;
	uint32_t kind; /* enum lke_path, enum lke_steer */
	uint32_t valid, preferred;
	uint32_t spi;
	uint32_t generation, floor, used; /* floor: PRIV_KEEP the sequence number */
	struct lke_in6 coa;		  /* PRIV_KEEP; the agent is router */
	uint64_t expires;
	uint8_t remove, suspended, prefix_len, lladdr_len;
	uint8_t lladdr[6];
	uint8_t pad[2];
};

struct priv_reply {
	uint64_t cookie;
	int32_t err; /* 0 or negative errno */
	uint32_t type;
	uint32_t ifindex;	   /* PRIV_OPEN_LINK */
	uint8_t ethernet, own_len; /* PRIV_OPEN_LINK */
	uint8_t own[6];
	struct lke_in6 addr; /* PRIV_IPSEC */
	uint8_t removed;     /* PRIV_IPSEC */
	uint8_t asked;	     /* PRIV_RELOADED: by the client of the engine process that waits */
	uint8_t open;	     /* PRIV_PATH, PRIV_INTERCEPT: the gate that it closed is open again */
	uint8_t pad[1];
};

/* What requests may name. */
struct priv_limits {
	/* The interface with this index belongs to a role of the configuration.  mn: of the mobile
	 * node. */
	bool (*interface_ok)(void *ctx, uint32_t ifindex, bool mn);
	/* The address is a home address that is checkpointed. */
	bool (*home_ok)(void *ctx, const struct lke_in6 *home);
	/* Packets for the address may be led to the TUN. */
	bool (*served_ok)(void *ctx, const struct lke_in6 *addr);
	void *ctx;
	bool mn, agent; /* roles */
};

/* Makes the request of a privileged action; false when the action is not one. */
bool priv_from_action(const struct lke_action *a, uint64_t cookie, struct priv_request *ret);

/* 0 or -EBADMSG (length), -EINVAL (a field), -EPERM (an interface or address it must not touch). */
int priv_check(const struct priv_request *r, size_t len, const struct priv_limits *limits);

/* Actions of a checked request. */
struct lke_act_addr priv_to_addr(const struct priv_request *r);
struct lke_act_path priv_to_path(const struct priv_request *r);
struct lke_act_neigh priv_to_neigh(const struct priv_request *r);
struct lke_act_steer priv_to_steer(const struct priv_request *r);
struct lke_act_intercept priv_to_intercept(const struct priv_request *r);
struct lke_act_checkpoint priv_to_checkpoint(const struct priv_request *r);
struct lke_act_keep priv_to_keep(const struct priv_request *r);
struct priv_request priv_from_fast(const struct fast_binding *b);
struct fast_binding priv_to_fast(const struct priv_request *r);

/* Sends one record without blocking, with a descriptor unless pass_fd is negative.  0 or -errno. */
int priv_send(int fd, const void *record, size_t len, int pass_fd);
/*
 * Receives one record.  Number of octets (larger than size: the record was cut and is not valid), 0
 * at the end of the other process, or -errno (-EAGAIN).  *ret_fd is -1 or a descriptor that now
 * belongs to the caller; ret_fd NULL: descriptors are closed.
 */
ssize_t priv_receive(int fd, void *record, size_t size, int *ret_fd);

#endif

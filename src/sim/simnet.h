/* SPDX-License-Identifier: ISC */
/*
 * A network in virtual time: links (broadcast domains with delay, loss, duplication and reordering)
 * and nodes, each with the part of a Linux host that the protocol meets: addresses, forwarding,
 * neighbour answers, path tables, parking, interception and tunnels.  A node may run an engine.  No
 * real clock, no real socket; the same seed gives the same run.
 */
#ifndef SIM_SIMNET_H
#define SIM_SIMNET_H

#include "lke/engine.h"
#include "wire/ip6.h"

#define SIM_PACKET_MAX 2048
#define SIM_IFACES     4

struct simnet;
struct simnode;

/* An interface on a link, and its node's place in the network: frames arrive in this order. */
struct simmember {
	struct simnode *node;
	unsigned iface;
};

struct simlink {
	const char *name;
	lke_time delay;
	unsigned loss_permille, dup_permille, reorder_permille; /* of each frame */
	/* Test hook: drop the next n frames that lke_packet_classify() calls this. */
	enum lke_msg drop_msg;
	unsigned drop_count;
	struct simmember *member;
	unsigned members, members_cap;
};

/* A set of addresses. */
struct simset {
	struct lke_in6 *a;
	unsigned n, cap;
};

struct simiface {
	uint32_t ifindex;
	char name[LKE_IFNAME_MAX];
	struct lke_lladdr lladdr; /* len 0: point to point, all frames are for the other end */
	struct simlink *link;	  /* NULL: no carrier */
	unsigned flaps;
	bool no_dad;
};

struct simaddr {
	struct lke_in6 addr;
	uint8_t plen;
	uint32_t ifindex; /* 0: tunnel device */
};

struct simroute {
	struct lke_in6 prefix;
	uint8_t plen;
	unsigned iface;		/* place in iface[] */
	struct lke_in6 gateway; /* :: on-link */
};

struct simtunnel {
	struct lke_act_tunnel t;
	bool used;
	uint64_t spent;		 /* of the credit, for this care-of address */
	struct lke_in6 prev_coa; /* packets on the way to it are still taken */
	uint64_t packets_in, packets_out, bytes_out;
};

struct parked {
	struct parked *next;
	size_t len;
	uint8_t data[];
};

/* Packets to an intercepted address that wait (LKE_ACT_BUFFER, or for credit). */
struct simqueue {
	struct lke_act_buffer how; /* .what is LKE_BUFFER_TUNNEL: for credit */
	struct parked *first, *last;
	unsigned packets;
};

struct simpath {
	struct lke_in6 src;
	enum lke_path path;
	uint32_t ifindex;
	struct lke_in6 router;
};

struct simrecord {
	size_t len;
	uint8_t data[LKE_RECORD_MAX];
};

struct simnode {
	struct simnet *net;
	unsigned place; /* in the network, from 0 */
	char name[16];
	struct lke_engine *engine; /* NULL: a stock host or router */
	struct rsa_key *key;	   /* access routers */
	struct rsa_key *old_key;   /* until the engine drops it */
	uint32_t key_id, old_key_id;
	bool fail_rsa_new;
	struct simrecord *record; /* LKE_ACT_RECORD, in order: the node's disk */
	size_t records, records_cap;
	size_t durable; /* records that a power failure leaves */
	bool fail_records, raise;
	struct lke_config cfg; /* as started */
	bool forwarding;
	bool dead;		   /* receives and sends nothing */
	bool reports;		   /* a mobile node's plane tells of a tunnel's first packet */
	bool no_multicast;	   /* asleep: group frames pass it by, unicast is kept for it */
	bool no_neighbour_answers; /* asleep: answers no Neighbor Solicitation */
	struct simiface iface[SIM_IFACES];
	unsigned ifaces;
	struct simaddr *addr;
	unsigned addrs, addrs_cap;
	struct simroute *route;
	unsigned routes, routes_cap;
	struct simtunnel *tunnel; /* some of them not used */
	unsigned tunnels, tunnels_cap;
	struct simpath *path;
	unsigned paths, paths_cap;
	struct simset intercept;
	bool engine_nd;	       /* a mobile node's: the engine answers Neighbor Solicitations */
	struct simset coa_dad; /* of a host whose test answers DAD for them */
	struct simqueue *queue;
	unsigned queues, queues_cap;
	uint64_t buffer_dropped;
	bool hold;
	struct parked *parked, *parked_last;
	bool fail_checkpoints;
	lke_time crypto_delay; /* of RSA operations and checkpoints */
	/* what a test asks for */
	uint64_t received, received_dup, received_late_order;
	uint32_t last_probe;
	uint8_t seen[8192];   /* bit map of probe numbers */
	unsigned dad_na_seen; /* NAs to ff02::1 for dad_target */
	struct lke_in6 dad_target;
	unsigned notes[LKE_NOTE_COUNT];
	struct lke_note last_note[LKE_NOTE_COUNT];
	uint32_t mtu;
};

/* One frame as it was put on a link, for assertions. */
struct simframe {
	lke_time at;
	const struct simlink *link;
	const struct simnode *from;
	struct lke_lladdr src, dst;
	enum lke_msg msg;
	size_t len;
	uint8_t data[SIM_PACKET_MAX];
};

/* Told of every frame that is put on a link, before loss. */
typedef void sim_observer(void *ctx, const struct simframe *f);
/* Told of every probe that arrives for a node. */
typedef void sim_probe_observer(void *ctx, const struct simnode *n, uint32_t stream,
				uint32_t number);

struct simnet *sim_new(uint64_t seed);
void sim_free(struct simnet *s);
lke_time sim_now(const struct simnet *s);
/* Runs until nothing happens before `until`, then sets the clock there. */
void sim_run(struct simnet *s, lke_time until);
static inline void sim_run_for(struct simnet *s, lke_time d)
{
	sim_run(s, sim_now(s) + d);
}

struct simlink *sim_link(struct simnet *s, const char *name, lke_time delay);
/* A node without engine; forwarding: a router. */
struct simnode *sim_node(struct simnet *s, const char *name, bool forwarding);
/* Gives the node an interface (named eth0, eth1, ...) on a link, NULL for none yet, and a
 * link-local address. */
struct simiface *sim_attach(struct simnode *n, struct simlink *l);
void sim_addr(struct simnode *n, unsigned iface, const char *addr, uint8_t plen);
/* A host takes an address without a word and answers for it by itself, or gives it up. */
void sim_claim(struct simnode *n, unsigned iface, const struct lke_in6 *addr, bool claim);
void sim_route(struct simnode *n, const char *prefix, uint8_t plen, unsigned iface,
	       const char *gateway);
/* Starts an engine; interface names of the configuration are eth0, ...  The seed is set here.  0 or
 * an error. */
int sim_start(struct simnode *n, const struct lke_config *cfg);
void sim_stop(struct simnode *n);
enum sim_restart {
	SIM_RESTART_CLEAN, /* stopped, then started again */
	SIM_RESTART_KILL,  /* the process vanished; what it wrote is there */
	SIM_RESTART_POWER, /* the host vanished; what it made durable is there, keys are new */
};
/* Ends the engine of an access router and starts another one with what was recorded and the keys,
 * after so long without one. */
void sim_restart(struct simnode *n, enum sim_restart how, lke_time gap);
/* Gives an access router an RSA key; a node makes the next ones by itself when its engine asks. */
void sim_rsa_key(struct simnode *n, unsigned bits, uint32_t key_id);
/* Moves an interface to another link after a gap without carrier; NULL: just down. */
void sim_move(struct simnode *n, unsigned iface, struct simlink *to, lke_time gap);
/* Hands the engine an event now. */
int sim_event(struct simnode *n, const struct lke_event *ev);
/* Sends a numbered probe from src to dst by the node's own routing; the stream is for whoever
 * observes. */
void sim_probe_stream(struct simnode *n, const struct lke_in6 *src, const struct lke_in6 *dst,
		      uint32_t stream, uint32_t number);
static inline void sim_probe(struct simnode *n, const struct lke_in6 *src,
			     const struct lke_in6 *dst, uint32_t number)
{
	sim_probe_stream(n, src, dst, 0, number);
}
/* Sends any packet from a node: frame on an interface, or by its own routing (iface < 0). */
void sim_send(struct simnode *n, int iface, const struct lke_lladdr *dst, const uint8_t *pkt,
	      size_t len);
/* A stock host's duplicate address detection: one NS; look at n->dad_na_seen later. */
void sim_dad(struct simnode *n, unsigned iface, const struct lke_in6 *target);

/* Frames in order; returns NULL at the end.  from NULL: any node; msg LKE_MSG_NONE: any. */
const struct simframe *sim_find(const struct simnet *s, lke_time since, const struct simnode *from,
				enum lke_msg msg);
unsigned sim_count(const struct simnet *s, lke_time since, const struct simnode *from,
		   enum lke_msg msg);
size_t sim_frames(const struct simnet *s);
const struct simframe *sim_frame(const struct simnet *s, size_t index);

/* From now on frames are shown to an observer and not kept, probes are shown and not counted at
 * their nodes; NULL: kept, counted.  A frame lives as long as the call. */
void sim_observe(struct simnet *s, sim_observer *frames, sim_probe_observer *probes, void *ctx);

/* Copies the engine's state of one object; false if there is none. */
bool sim_lbsa(const struct simnode *n, const struct lke_in6 *coa, struct lke_lbsa_view *ret);
bool sim_binding(const struct simnode *n, const struct lke_in6 *home, struct lke_binding_view *ret);
unsigned sim_tunnels(const struct simnode *n);

#endif

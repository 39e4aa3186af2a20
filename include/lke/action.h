/* SPDX-License-Identifier: ISC */
/*
 * What the engine asks the world to do.  Plain data; data/len inside an action point into memory of
 * the engine and stay valid until the next call of lke_engine_next_action() or lke_engine_input().
 *
 * An action with a cookie other than 0 is answered by an LKE_EV_RESULT event with the same cookie,
 * also when it fails.  Actions are carried out in order.
 */
#ifndef LKE_ACTION_H
#define LKE_ACTION_H

#include "lke/error.h"
#include "lke/types.h"

enum lke_action_type {
	LKE_ACT_SEND,	   /* a packet */
	LKE_ACT_ADDR,	   /* an address of this host */
	LKE_ACT_PATH,	   /* the one route of a source address's table (MN) */
	LKE_ACT_NEIGH,	   /* a permanent neighbour entry */
	LKE_ACT_GROUP,	   /* membership of a multicast group on a link */
	LKE_ACT_STEER,	   /* keep packets from the kernel's input path */
	LKE_ACT_INTERCEPT, /* take the packets to an address into the forwarding plane (AR, HA) */
	LKE_ACT_TUNNEL,	   /* a tunnel of the forwarding plane */
	LKE_ACT_BUFFER,	   /* what becomes of packets to an intercepted address (AR) */
	LKE_ACT_HOLD,	 /* park (stop reading) or release the packets that wait for a path (MN) */
	LKE_ACT_DECRYPT, /* RSA private operation; result: the plaintext */
	LKE_ACT_ENCRYPT, /* RSA public operation; result: the ciphertext */
	LKE_ACT_CHECKPOINT, /* make a sequence floor durable; result: done or error */
	LKE_ACT_KEEP,	    /* keep a binding over a restart (HA); result: done or error */
	LKE_ACT_KEY,	 /* the key of this generation is the only one of a home address now (HA) */
	LKE_ACT_NOTIFY,	 /* something happened: for logs, metrics, monitor */
	LKE_ACT_REPLY,	 /* answer to an operator command */
	LKE_ACT_RSA_NEW, /* make a new RSA key pair; then LKE_EV_RSA_KEY and the result; takes
			    seconds */
	LKE_ACT_RECORD,	 /* AR: a change of what outlives a restart; result: written, or durable */
	LKE_ACT_RSA_DROP, /* the private key is no longer used: wipe it */
	LKE_ACT_LINK,	  /* what the router in use says about packets sent on a link (MN) */
};

struct lke_act_send {
	uint32_t ifindex; /* 0: hand it to the host's own forwarding (AR, HA) */
	struct lke_lladdr
		dst; /* link-layer destination; len 0 and a multicast IPv6 destination: derived */
	const uint8_t *data; /* whole IPv6 packet, checksums done */
	size_t len;
};

#define LKE_LIFETIME_INFINITE UINT32_MAX

struct lke_act_addr {
	uint32_t ifindex; /* 0: the tunnel device (home addresses) */
	struct lke_in6 addr;
	uint8_t prefix_len;
	bool remove;
	uint32_t valid,
		preferred; /* seconds; preferred 0: deprecated, never chosen for new sockets */
};

/* RFC 4861 6.3.4; 0: the value that the link has of itself. */
struct lke_act_link {
	uint32_t ifindex;
	uint32_t mtu; /* at least 1280, less than that of the interface */
	uint8_t hop_limit;
};

enum lke_path {
	LKE_PATH_NONE,	 /* remove rule and route */
	LKE_PATH_ROUTER, /* default route by a router on a link */
	LKE_PATH_TUNNEL, /* default route by the tunnel device */
};

struct lke_act_path {
	struct lke_in6 src; /* the source address that has the table; :: is the main table's default
			       route */
	enum lke_path path;
	uint32_t ifindex;      /* LKE_PATH_ROUTER */
	struct lke_in6 router; /* link-local, LKE_PATH_ROUTER */
};

struct lke_act_neigh {
	uint32_t ifindex;
	struct lke_in6 addr;
	struct lke_lladdr lladdr;
	bool remove;
};

struct lke_act_group {
	uint32_t ifindex;
	struct lke_in6 group;
	bool leave;
};

enum lke_steer {
	LKE_STEER_MINE,	   /* tunnel packets (protocol 41) to this address are ours */
	LKE_STEER_PROXIED, /* ND to this intercepted address, and home agent address discovery at
			      this anycast address, is answered by the engine */
	LKE_STEER_SPI,	   /* ESP with this SPI to this address is ours */
};

struct lke_act_steer {
	enum lke_steer set;
	struct lke_in6 addr;
	uint32_t spi;
	bool remove;
};

struct lke_act_intercept {
	struct lke_in6 addr;
	bool remove;
};

/*
 * A tunnel couples one home address with one care-of address.
 *   agent side (AR, HA):  to home   -> encapsulate agent -> coa;   from coa   -> inner source must
 * be home mobile side (MN):     from home -> encapsulate coa -> agent;   from agent -> inner
 * destination must be home On the mobile side coa may itself be the home address of another tunnel
 * (HA tunnel inside the reverse tunnel of a temporary home agent); the plane repeats until no
 * tunnel matches, then sends by ifindex/nexthop. Setting a tunnel that exists (same side, home,
 * agent) replaces it atomically.
 */
struct lke_act_tunnel {
	bool mobile_side;
	bool remove;
	bool suspended; /* agent side: nothing is forwarded, tunnel packets raise
			   LKE_TUNNEL_NO_BINDING */
	struct lke_in6 home, agent, coa;
	uint32_t ifindex;	   /* mobile side: link of the care-of address */
	struct lke_lladdr nexthop; /* mobile side: the router's link-layer address */
	uint64_t credit; /* agent side: octets in all before the care-of address is proved;
			    UINT64_MAX: no limit */
	lke_time until;	 /* agent side: the binding's lifetime ends then, whoever is there to say
			    so; LKE_NEVER */
};

/*
 * Packets to an intercepted address of a mobile node that leaves or has left its link (AR).  The
 * forwarding plane keeps them in order, within its limits, until it learns where they go.  What is
 * kept always leaves before what came later.  KEEP comes before the interception begins; LINK and
 * DROP before it ends.
 */
enum lke_buffer {
	LKE_BUFFER_KEEP,   /* keep them, whatever tunnel the address has */
	LKE_BUFFER_TUNNEL, /* through the address's tunnel, as far as its credit goes */
	LKE_BUFFER_LINK,   /* to the address on its own link */
	LKE_BUFFER_DROP,   /* drop what is kept */
};

struct lke_act_buffer {
	enum lke_buffer what;
	struct lke_in6 addr;
	uint32_t ifindex;	  /* LKE_BUFFER_LINK */
	struct lke_lladdr lladdr; /* LKE_BUFFER_LINK; len 0 on links that have none */
};

struct lke_act_hold {
	bool hold;
};

struct lke_act_decrypt {
	uint32_t key_id;
	const uint8_t *data;
	size_t len;
};

/* Holds keys: never logged, sealed before it is stored.  See lke_engine_next_record(). */
struct lke_act_record {
	const uint8_t *data;
	size_t len;
	bool durable; /* with a cookie: the result must outlive a power failure, too */
};

struct lke_act_rsa_drop {
	uint32_t key_id;
};

struct lke_act_encrypt {
	const uint8_t *spki; /* DER public key of the access router */
	size_t spki_len;
	uint8_t plain[LKE_KBM_LEN];
};

/* Replaces what was stored for the home address, the floor of an older generation too. */
struct lke_act_checkpoint {
	struct lke_in6 home;
	uint32_t generation; /* 0: no number was accepted yet; only suspended counts */
	uint16_t floor;
	uint32_t used;
	bool suspended;
};

/* Nothing waits for it: a binding that was not kept costs its mobile node one registration. */
struct lke_act_keep {
	struct lke_in6 home, agent, coa;
	uint16_t seq;
	lke_time expires;
	bool remove;
};

struct lke_act_key {
	struct lke_in6 home;
	uint32_t generation;
};

/* LKE_NOTE_x, name as in `lke monitor -j` */
/* clang-format off */
#define LKE_NOTE_LIST(X) \
	X(MESSAGE, "message") /* a protocol message in or out, with its verdict */ \
	X(LINK, "link") /* value: 1 up, 0 down */ \
	X(ATTACHED, "attached") /* MN: router chosen, care-of address formed; value: ns since link up */ \
	X(DETACHED, "detached") \
	X(COA, "care_of_address") /* MN: care-of address preferred after DAD */ \
	X(DAD_FAILED, "dad_failed") \
	X(LBSA_TENTATIVE, "lbsa_tentative") \
	X(LBSA_VALID, "lbsa_valid") \
	X(LBSA_GONE, "lbsa_gone") /* expired, replaced, invalidated; text says which */ \
	X(BINDING, "binding") /* AR, HA: a binding was made or refreshed; value: 1 proved */ \
	X(BINDING_SUSPENDED, "binding_suspended") \
	X(BINDING_GONE, "binding_gone") \
	X(REGISTERED, "registered") /* MN: accepted by the home agent */ \
	X(HANDOVER, "handover") /* MN: accepted by a previous access router; value: ns since link up */ \
	X(REFUSED, "refused") /* MN: an agent refused; status */ \
	X(FALLBACK, "fallback") /* MN: no answer from the temporary home agent, home agent is asked */ \
	X(RETURNED, "returned") /* MN: back on a former link, deregistered */ \
	X(LEAVING, "leaving") /* MN: it announces its leave; AR: packets for addr are kept; text: why */ \
	X(LEAVE_END, "leave_end") /* what became of it; text */ \
	X(CACHED_NA, "cached_na") /* AR: a DAD solicitation got the cached advertisement */ \
	X(DEFENDED, "defended") /* AR, HA: own advertisement in defence of an address */ \
	X(KEY_CHANGED, "key_changed") /* MN: an access router shows another key */ \
	X(ALARM, "alarm") /* something the operator must look at; text */ \
	X(RDNSS, "rdnss") /* MN: a DNS server of the router in use; addr, peer, lifetime, seq of value; value 0: none */ \
	X(REKEYED, "rekeyed") /* HA: another key serves this home address; value: its generation */ \
	X(SEQUENCE_BUDGET, "sequence_budget") /* value: advances used under one manual key */
/* clang-format on */

enum lke_note_type {
#define X(id, name) LKE_NOTE_##id,
	LKE_NOTE_LIST(X)
#undef X
		LKE_NOTE_COUNT
};

struct lke_note {
	enum lke_note_type type;
	enum lke_role role;
	enum lke_msg msg;   /* LKE_NOTE_MESSAGE */
	bool out;	    /* LKE_NOTE_MESSAGE: sent */
	enum lke_drop drop; /* LKE_NOTE_MESSAGE in: LKE_DROP_NONE is accepted */
	uint32_t ifindex;
	struct lke_in6 src, dst; /* LKE_NOTE_MESSAGE: addresses of the IPv6 header */
	struct lke_in6 addr;	 /* care-of address of an LBSA, home address of a binding */
	struct lke_in6 peer;	 /* agent, router, or the care-of address of a binding */
	uint8_t status;
	uint16_t seq;
	uint32_t lifetime; /* seconds */
	uint64_t value;	   /* of a KEAck or BA sent: when the message it answers came */
	uint32_t repeats; /* Binding Update at a home agent: refused ones without a record before it
			   */
	char text[64];	  /* "" or a short reason; never a secret */
};

struct lke_act_reply {
	uint64_t cookie;
	int err; /* 0 or enum lke_error */
};

struct lke_action {
	enum lke_action_type type;
	uint64_t cookie;
	union {
		struct lke_act_send send;
		struct lke_act_addr addr;
		struct lke_act_link link;
		struct lke_act_path path;
		struct lke_act_neigh neigh;
		struct lke_act_group group;
		struct lke_act_steer steer;
		struct lke_act_intercept intercept;
		struct lke_act_tunnel tunnel;
		struct lke_act_buffer buffer;
		struct lke_act_hold hold;
		struct lke_act_decrypt decrypt;
		struct lke_act_encrypt encrypt;
		struct lke_act_checkpoint checkpoint;
		struct lke_act_keep keep;
		struct lke_act_key key;
		struct lke_note note;
		struct lke_act_reply reply;
		struct lke_act_rsa_drop rsa_drop;
		struct lke_act_record record;
	};
};

#endif

/* SPDX-License-Identifier: ISC */
/*
 * What the world tells the engine.  Plain data: pointers inside an event are borrowed for the
 * duration of lke_engine_input() and never kept.
 */
#ifndef LKE_EVENT_H
#define LKE_EVENT_H

#include "lke/config.h"
#include "lke/keying.h"
#include "lke/types.h"

enum lke_event_type {
	LKE_EV_TIMER,	/* only time has passed */
	LKE_EV_PACKET,	/* a frame was received */
	LKE_EV_LINK,	/* an interface appeared, changed or vanished */
	LKE_EV_ADDR,	/* an address of this host appeared or vanished */
	LKE_EV_RESULT,	/* outcome of an action that carried a cookie */
	LKE_EV_RSA_KEY, /* the RSA key pair of an access router is ready or was replaced */
	LKE_EV_TUNNEL,	/* the forwarding plane met a packet that it must not handle alone */
	LKE_EV_COMMAND, /* the operator asks for something */
	LKE_EV_ENTROPY, /* fresh randomness to mix in */
	LKE_EV_FLOOR,	/* a sequence floor restored from stable storage, before any packet */
	LKE_EV_BINDING, /* a binding restored from stable storage, before any packet (HA) */
	LKE_EV_IPSEC,	/* an IPsec SA with a peer address exists / is gone (draft 4.2, AMB-056) */
	LKE_EV_RECORD,	/* what an access router kept over a restart, before any packet */
	LKE_EV_MOBILE,	/* volume a bound mobile has moved, from the forwarding plane (AMB-112) */
	LKE_EV_KEYING,	/* home agent: other keys for a mobile node, see lke/keying.h */
	LKE_EV_NEIGH,	/* the system found a neighbour unreachable */
	LKE_EV_CONFIG,	/* another configuration while the engine runs */
	LKE_EV_RESUMED, /* the host was suspended, however short */
};

struct lke_ev_packet {
	uint32_t ifindex;
	struct lke_lladdr
		src_ll;	     /* source of the frame; len 0 on links without link-layer addresses */
	const uint8_t *data; /* IPv6 header onwards */
	size_t len;
	bool outgoing; /* this host sent it: a Router Advertisement of another daemon */
};

struct lke_ev_link {
	uint32_t ifindex;
	char name[LKE_IFNAME_MAX];
	struct lke_lladdr lladdr;
	uint32_t mtu;
	bool up;	 /* administratively up and with carrier */
	bool no_carrier; /* administratively up, but without carrier */
	bool removed;
	bool port;   /* of a bridge or a bond: its frames are received by that one, too */
	bool no_dad; /* no duplicate address detection there (RFC 4862 5.4): DupAddrDetectTransmits
			is 0, or neighbours are not resolved */
	uint32_t carrier_changes; /* counts flaps that the system merged; 0 if unknown */
};

struct lke_ev_addr {
	uint32_t ifindex;
	struct lke_in6 addr;
	uint8_t prefix_len;
	bool removed;
	bool tentative;		   /* also set for an address that failed DAD */
	bool advertised;	   /* the system made it of a Router Advertisement */
	uint32_t valid, preferred; /* seconds left; valid 0: without end, or not known */
};

struct lke_ev_result {
	uint64_t cookie;     /* as in the action */
	int err;	     /* 0 or a negative errno / enum lke_error */
	const uint8_t *data; /* decrypted or encrypted octets, else NULL */
	size_t len;
};

struct lke_ev_rsa_key {
	uint32_t key_id;      /* names the private key in LKE_ACT_DECRYPT */
	uint16_t modulus_len; /* octets */
	const uint8_t *spki;  /* DER SubjectPublicKeyInfo, AMB-010 */
	size_t spki_len;
	uint32_t ops_per_sec; /* private operations one core does in a second, measured at load */
};

enum lke_tunnel_event {
	LKE_TUNNEL_NO_BINDING, /* a tunnel packet for which no tunnel exists, or suspended */
	LKE_TUNNEL_BAD_OUTER,
	LKE_TUNNEL_BAD_INNER,
	LKE_TUNNEL_NO_CREDIT,	/* packet for an unproved care-of address, credit used up */
	LKE_TUNNEL_FIRST,	/* first packet through a tunnel since it was set */
	LKE_TUNNEL_UNREACHABLE, /* ICMPv6 about a packet into a tunnel: nobody is at the care-of
				   address, or nobody who opens tunnels */
};

struct lke_ev_tunnel {
	enum lke_tunnel_event what;
	struct lke_in6 outer_src, outer_dst;
	struct lke_in6 inner_src, inner_dst;
};

struct lke_ev_mobile {
	struct lke_in6 home;	/* inner address of the tunnel */
	uint64_t reverse_bytes; /* taken from the reverse tunnel since the binding was set */
};

enum lke_command {
	LKE_CMD_HANDOVER,   /* announce that the mobile node is about to leave; arg: router or :: */
	LKE_CMD_KEX,	    /* start a key exchange now */
	LKE_CMD_FLUSH_LBSA, /* forget the LBSA of arg, or of all when arg is :: */
	LKE_CMD_FLUSH_BINDING,
	LKE_CMD_SUSPEND, /* home agent: discontinue the service of home address arg (SEC-030) */
	LKE_CMD_RESUME,
	LKE_CMD_ATTACH, /* mobile node: the link layer has attached, perhaps elsewhere; ifindex */
	LKE_CMD_LEAVE,	/* access router: the mobile node with address arg, or with lladdr, leaves
			   its link; a link-layer hint */
};

struct lke_ev_command {
	enum lke_command cmd;
	struct lke_in6 arg;
	struct lke_lladdr lladdr; /* LKE_CMD_LEAVE: len 0 when arg says who */
	uint32_t ifindex;	  /* LKE_CMD_ATTACH: 0 means every one */
	uint64_t cookie;	  /* answered by LKE_ACT_REPLY, perhaps later */
};

struct lke_ev_floor {
	struct lke_in6 home;
	uint32_t generation;
	uint16_t floor; /* treat as the last accepted number (AMB-151) */
	uint32_t used;	/* advances made under this key so far (AMB-172) */
	bool suspended;
	bool lost; /* the storage was damaged: nobody knows it; generation, floor, used are 0 */
};

struct lke_ev_binding {
	struct lke_in6 home, agent, coa;
	uint16_t seq;
	lke_time expires;
};

struct lke_ev_neigh {
	uint32_t ifindex;
	struct lke_in6 addr;
};

/*
 * In the order in which the records were written.  Then the RSA keys that were kept, each with its
 * old key_id, the oldest first; then one event with len 0, which ends it.
 */
struct lke_ev_record {
	const uint8_t *data;
	size_t len;
	int64_t shift; /* ns to add to its times: 0 within one boot */
	bool raise;    /* records may be missing: sequence floors are raised */
};

struct lke_ev_ipsec {
	struct lke_in6 peer;
	bool removed;
};

/* lke_engine_input() says LKE_ERR_NOENT without a policy entry, LKE_ERR_INVAL against the rules of
 * lke/keying.h, LKE_ERR_EXIST when the generation is not newer or the SPI or a key is another's. */
struct lke_ev_keying {
	struct lke_in6 home;
	/* Copied.  NULL: no key is to follow; LKE_ERR_STATE when it is being taken over. */
	const struct lke_keying *keying;
	/* 0: at once.  Else s: it stands beside the present one until the mobile node uses it, but
	 * no longer than this (AMB-152); LKE_ERR_STATE while an earlier one is being taken over. */
	uint32_t overlap;
};

/*
 * What is the same in the new configuration and in the present one is not touched: bindings, LBSAs,
 * security associations, sequence numbers, routers.  All or nothing: 0, or an error with nothing
 * changed.
 *	LKE_ERR_INVAL	not a configuration that lke_engine_new() would take
 *	LKE_ERR_STATE	a role, the profile or volatile_state differs: make a new engine
 *	LKE_ERR_EXIST	a policy entry has keys of an older generation than those in use, or the SPI
 *			of a next key of another one (a note says which)
 *	LKE_ERR_NOMEM, LKE_ERR_CRYPTO
 * A policy entry or home is the same when its home address is, an interface when its name is.  What
 * went out of the configuration keeps its sequence numbers for the day it comes back.
 */
struct lke_ev_config {
	/* Copied.  seed, stable_secret and keep_state are not read: they stay. */
	const struct lke_config *config;
	/* Where keys in use are of a newer generation they stay, too, instead of LKE_ERR_EXIST.
	 * Those that the last change of configuration brought do not. */
	bool keep_newer;
};

struct lke_event {
	enum lke_event_type type;
	union {
		struct lke_ev_packet packet;
		struct lke_ev_link link;
		struct lke_ev_addr addr;
		struct lke_ev_result result;
		struct lke_ev_rsa_key rsa_key;
		struct lke_ev_tunnel tunnel;
		struct lke_ev_mobile mobile;
		struct lke_ev_keying keying;
		struct lke_ev_command command;
		struct lke_ev_floor floor;
		struct lke_ev_binding binding;
		struct lke_ev_ipsec ipsec;
		struct lke_ev_neigh neigh;
		struct lke_ev_record record;
		uint8_t entropy[32];
		struct lke_ev_config config;
	};
};

#endif

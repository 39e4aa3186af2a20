/* SPDX-License-Identifier: ISC */
/*
 * The mobile node's role machine: what its files share.
 *
 *	mobile_node.c		start, stop, dispatch, commands
 *	mn_view.c		copies of state for `show`
 *	mn_state.c		what outlives a restart of the daemon
 *	mn_movement.c		links that come and go, the choice of a router, movement
 *	mn_router.c		the routers of a link and what they advertise
 *	mn_prefix.c		their prefixes and the addresses made of them
 *	mn_solicit.c		Router Solicitations
 *	mn_rdnss.c		DNS servers of the router in use
 *	mn_setting.c		MTU and hop limit of the router in use
 *	mn_reach.c		Neighbor Unreachability Detection of the router in use
 *	mn_address.c		link-local and care-of addresses
 *	mn_optimistic.c		their optimistic DAD, the next address after a conflict
 *	mn_dad.c		answers to the access router's authenticated DAD
 *	mn_kex.c		the key exchange: when, and the request
 *	mn_keack.c		its acknowledgement
 *	mn_lbsa.c		LBSAs and their ends
 *	mn_registration.c	registration with home agents by ESP
 *	mn_esp.c		what the home agent sends
 *	mn_discovery.c		Dynamic Home Agent Address Discovery
 *	mn_mobile_prefix.c	prefixes of the home link
 *	mn_homecoming.c		return to the home link
 *	mn_sequence.c	their sequence numbers
 *	mn_steady.c		moving too often to tell the home agent each time
 *	mn_handover.c		attachment to a link: what is bound, in which order
 *	mn_leave.c		the announced leave
 *	mn_binding.c		Binding Updates to previous access routers and their answers
 *	mn_tunnel.c		paths and tunnels of the forwarding plane
 *	update_list.c		the Binding Update List
 */
#ifndef CORE_MOBILE_NODE_H
#define CORE_MOBILE_NODE_H

#include "core/internal.h"
#include "core/sa.h"
#include "core/update_list.h"

#define MN_ADDRS      24
#define MN_LBSAS      16
#define MN_PREFIXES   4 /* of one router */
#define MN_KEPT_MAX   8 /* addresses of one link that the kernel made */
#define MN_MOVES      5
#define MN_AGENTS_MAX 8 /* home agents of one home link */

enum { MN_RETIRED_MAX = 8 }; /* the oldest gives way: the store still counts it */

enum mn_timer_kind {
	MN_T_SOLICIT = TIMER_KIND(MODULE_MN, 1),     /* struct mn_link: next RS */
	MN_T_PROBE = TIMER_KIND(MODULE_MN, 2),	     /* struct mn_link: is the router there? */
	MN_T_DAD = TIMER_KIND(MODULE_MN, 3),	     /* struct mn_addr */
	MN_T_ADDR_END = TIMER_KIND(MODULE_MN, 4),    /* struct mn_addr: valid lifetime */
	MN_T_ROUTER = TIMER_KIND(MODULE_MN, 5),	     /* struct mn_router: lifetime */
	MN_T_KEX = TIMER_KIND(MODULE_MN, 6),	     /* struct mn_link: exchange */
	MN_T_RENEW = TIMER_KIND(MODULE_MN, 7),	     /* struct mn_lbsa: AMB-046 */
	MN_T_LBSA_END = TIMER_KIND(MODULE_MN, 8),    /* struct mn_lbsa */
	MN_T_UPDATE = TIMER_KIND(MODULE_MN, 9),	     /* struct update: retransmission, refresh */
	MN_T_UPDATE_END = TIMER_KIND(MODULE_MN, 10), /* struct update: granted lifetime */
	MN_T_LEAVE = TIMER_KIND(MODULE_MN, 11),	     /* struct mn_leave: its next step */
	MN_T_BIND =
		TIMER_KIND(MODULE_MN, 12), /* struct mobile_node: no answer to a deregistration */
	MN_T_TAKEOVER = TIMER_KIND(MODULE_MN, 13), /* struct mn_link: it has been steady */
	MN_T_RDNSS = TIMER_KIND(MODULE_MN, 18),	   /* struct mn_router: lifetime of its servers */
	MN_T_RESOLVE =
		TIMER_KIND(MODULE_MN, 15), /* struct mn_home: link-layer address of its agent */
	MN_T_DISCOVERY = TIMER_KIND(MODULE_MN, 16),   /* struct mn_home */
	MN_T_HOME_PREFIX = TIMER_KIND(MODULE_MN, 17), /* struct mn_home */
	MN_T_SETTLE = TIMER_KIND(MODULE_MN, 14),      /* struct mobile_node: it has come to rest */
};

/* An autonomous prefix of a router; address lifetimes are those of RFC 4862 5.5.3. */
struct mn_prefix {
	struct nd_prefix pio;
	lke_time valid_until, preferred_until; /* LKE_NEVER: infinite */
	lke_time disputed_until;	       /* others use whatever address is made of it */
};

/* A router heard on a link. */
struct mn_router {
	struct lke_in6 ll;
	uint32_t ifindex;
	struct lke_lladdr lladdr;
	bool reachable;	       /* heard since the link came up */
	bool proved;	       /* a home agent answered through it, with this key and station */
	bool another;	       /* the link came up since: perhaps one of the same name elsewhere */
	bool lke;	       /* H and a usable option 6 */
	int8_t preference;     /* RFC 4191 */
	uint16_t max_lifetime; /* s, option 6 */
	uint8_t spki[RSA_SPKI_MAX];
	size_t spki_len;
	uint16_t modulus_len, rsa_bits;
	bool has_key;
	lke_time key_seen;	  /* when the key last changed; 0: never */
	lke_time suspended_until; /* alternating keys, AMB-076 */
	lke_time heard, expires;
	uint32_t mtu; /* heard since the link came up; 0: nothing was said */
	uint8_t hop_limit;
	uint16_t kex_seq;		      /* last Seq# sent to it, AMB-050 */
	struct mn_prefix prefix[MN_PREFIXES]; /* heard since the link came up */
	unsigned prefixes;
	unsigned without; /* advertisements in a row without a usable option 6 */
	struct lke_in6 rdnss[ND_MAX_RDNSS];
	unsigned rdnss_count;
	lke_time rdnss_until;
	struct tbf notes; /* of changes that an attacker can forge */
	bool neigh_set;	  /* permanent neighbour entry in the kernel */
	struct timer end, rdnss_end;
};

enum mn_addr_state {
	MN_ADDR_OPTIMISTIC, /* in use, DAD runs (RFC 4429) */
	MN_ADDR_PREFERRED,
	MN_ADDR_DEPRECATED, /* of a link that was left */
};

/* A link-local or care-of address. */
struct mn_addr {
	struct lke_in6 addr;
	struct lke_in6 router; /* link-local of the router whose prefix it is */
	uint8_t plen;
	uint32_t ifindex;
	bool linklocal, ours; /* ours: set by the engine, so removed by it */
	bool here;	      /* on its link: packets reach it without a tunnel */
	bool steered;
	enum mn_addr_state state;
	uint8_t dad_counter; /* RFC 7217 */
	uint8_t nonce[6];    /* of the running DAD, RFC 7527 */
	lke_time valid_until, preferred_until;
	lke_time left; /* when its link was left last; 0: never */
	enum lke_path path;
	struct lke_in6 path_router;
	struct lke_act_tunnel tunnel; /* as set; tunnel.agent :: means none */
	struct tbf defence;	      /* plain NAs, AMB-084 */
	struct timer dad, end;
};

struct mn_lbsa {
	struct lke_in6 coa, ar;
	struct lke_in6 peer_ll;
	struct lke_lladdr peer_lladdr;
	uint32_t ifindex;
	struct secret16 kbm;
	lke_time since, expires; /* since: first KEReq with this key, AMB-044 */
	bool proved;		 /* made with a request proof, AMB-170 */
	bool restored;		 /* from a former run: perhaps bound */
	bool forgotten;	     /* a binding under it was, here, and its router may have it still */
	uint8_t dad_counter; /* of a restored one's address */
	uint16_t kex_seq;
	bool has_bu_seq;
	uint16_t bu_seq;   /* last Sequence # sent under this key */
	lke_time dad_seen; /* last verified NS with option 7, AMB-095 */
	struct timer renew, end;
};

enum mn_kex_state {
	MN_KEX_IDLE,
	MN_KEX_ENCRYPTING, /* waits for LKE_EV_RESULT */
	MN_KEX_SENT,
	MN_KEX_HOLD,
};

/* The key exchange of a link: one at a time (AMB-068). */
struct mn_kex {
	enum mn_kex_state state;
	bool has_key;
	struct secret16 kbm;
	struct lke_in6 coa, ll; /* ll: of the access router */
	struct lke_lladdr lladdr;
	uint8_t spki[RSA_SPKI_MAX]; /* the exchange keeps its first key, AMB-076 */
	size_t spki_len;
	uint16_t modulus_len;
	uint16_t seq[KEREQ_TRIES]; /* of this exchange, in order */
	uint16_t asked;		   /* lifetime of the last request, s */
	unsigned tries;
	unsigned resyncs; /* verified 135 */
	uint16_t step;	  /* added to the last Seq# for the next KEReq */
	lke_time first_sent, dad_seen;
	lke_time rto;
	lke_time hold;	   /* length of the next hold */
	lke_time disputed; /* somebody answered the DAD of its key; 0: not on this link */
	lke_time dispute_hold;
	lke_time not_before; /* the next exchange of the link, AMB-068 */
	uint32_t serial;     /* names the ENCRYPT action */
	bool hint;	     /* an error answered a KEReq, AMB-078 */
	bool early;	     /* renew before it is due (SEQUENCES 7, AMB-117) */
	bool ripe;	     /* and its moment has come: anything that allows it starts it */
	lke_time hinted;     /* an early renewal for a refusal; 0: never */
	struct timer timer;
};

/* An address that the kernel made of an advertisement before the link was ours. */
struct mn_kept {
	struct lke_in6 addr;
	struct lke_in6 router; /* it leaves through; :: none yet */
	uint8_t plen;
	bool known; /* a router here speaks of its prefix */
};

struct mn_link {
	struct iface *ifc;
	unsigned order; /* place in the configuration */
	bool up;
	uint32_t carrier_changes;
	lke_time up_at;
	struct mn_addr *ll;
	struct mn_router *router; /* chosen; NULL while unknown */
	struct mn_router *dns;	  /* whose DNS servers were told last; NULL: none's */
	struct mn_addr *coa;	  /* care-of address in use on this link */
	bool lke_allowed;	  /* a home agent answered through this router */
	lke_time attached;
	unsigned solicitations;	  /* RS sent since the link came up */
	unsigned probes;	  /* NUD solicitations left unanswered; 0: none is under way */
	unsigned questions;	  /* since the router was chosen */
	lke_time asked;		  /* the last one, 0: none or answered */
	lke_time proof;		  /* the next one that AMB-073 needs */
	bool doubt;		  /* the node has moved, perhaps: ask faster */
	struct lke_lladdr lladdr; /* of the interface, to see it change */
	bool announce;		  /* the link-layer address changed: neighbours must learn it */
	uint32_t mtu;		  /* as set, 0: that of the interface */
	uint8_t hop_limit;	  /* as set, 0: that of the system */
	lke_time announced;	  /* last unsolicited NA, AMB-117; 0: none */
	lke_time lost,
		patience;   /* hysteresis: last loss; how long to be steady before taking over */
	struct tbf rs;	    /* however often the carrier flaps */
	struct tbf answers; /* to Neighbor Solicitations */
	struct mn_kex kex;
	struct mn_kept kept[MN_KEPT_MAX];
	unsigned kepts;
	bool parted; /* lost its carrier since it became ours */
	struct timer solicit, probe, takeover;
};

/* RFC 6275 11.4.1 */
struct mn_discovery {
	struct lke_in6 agent[MN_AGENTS_MAX]; /* as the reply ordered them */
	unsigned agents, next;		     /* next: to try when the one in use fails */
	uint16_t id;
	unsigned tries; /* requests sent; 0: none is under way */
	lke_time rto;
	struct timer timer;
};

/* RFC 6275 11.4.2, 11.4.3: what is known of the prefix of a home address. */
struct mn_mobile_prefix {
	lke_time valid_until, preferred_until; /* LKE_NEVER until told otherwise */
	uint16_t id;
	unsigned tries; /* solicitations sent; 0: none is under way */
	lke_time sent;
	struct timer timer;
};

enum mn_home_state {
	MN_HOME_AWAY,
	MN_HOME_RETURNING, /* on its home link, the home agent still answers for the address */
	MN_HOME_ARRIVED,   /* an ordinary address of the home link */
};

struct mn_home {
	struct lke_config_home *cfg; /* in e->cfg */
	struct lke_in6 agent;	     /* in use */
	enum mn_home_state state;
	struct lke_lladdr agent_lladdr; /* on the home link; len 0: asked for */
	struct timer resolve;
	unsigned asked;		       /* solicitations for it */
	struct mn_discovery discovery; /* HomeAgent = auto */
	struct mn_mobile_prefix prefix;
	struct sa out, in;
	struct lke_in6 coa; /* in the last accepted registration; :: none */
	struct lke_act_tunnel tunnel;
	bool has_seq;
	uint16_t seq;
	uint32_t used;	 /* sequence numbers used under this key, AMB-172 */
	uint32_t stored; /* so many are counted on stable storage */
	bool counts;	 /* seq continues what the home agent knows */
};

/* Sequence numbers of a home address that went out of the configuration (AMB-172). */
struct mn_retired {
	struct lke_in6 addr; /* ::: free */
	uint32_t generation;
	bool has_seq, counts;
	uint16_t seq;
	uint32_t used, stored;
};

enum mn_leave_step {
	MN_LEAVE_NONE,
	MN_LEAVE_OTHERS, /* routers that forward to this link have been told */
	MN_LEAVE_HERE,	 /* and the router of this link */
	MN_LEAVE_TOLD,	 /* the link may go */
};

struct mn_leave {
	enum mn_leave_step step;
	struct lke_in6 coa, ar; /* ar: of this link; :: without a key */
	uint16_t first_seq, seq;
	unsigned tries;
	bool kept;     /* its answer */
	uint64_t path; /* serial of the change that parks coa's packets, 0: done */
	bool asked;    /* cookie's command waits for its answer */
	uint64_t cookie;
	lke_time since;
	struct tbf rate; /* MAX_UPDATE_RATE */
	struct timer timer;
};

struct mobile_node {
	struct mn_link *link[LKE_MAX_IFACES];
	unsigned links;
	struct mn_link *active;	 /* the link that carries the traffic */
	struct lke_in6 previous; /* care-of address before the present one; :: none */
	struct lke_in6 current;	 /* care-of address bound last; :: none */
	struct mn_router *router[MN_ROUTERS_MAX];
	struct mn_addr *addr[MN_ADDRS];
	struct mn_lbsa *lbsa[MN_LBSAS];
	struct update *update[UPDATES_MAX];
	struct mn_home home[LKE_MAX_HOMES];
	unsigned homes;
	struct mn_retired retired[MN_RETIRED_MAX]; /* a ring */
	unsigned retireds;
	bool held;
	bool plane_reports;    /* LKE_TUNNEL_FIRST events come, so silence means something */
	uint32_t main_ifindex; /* main default route as set */
	enum lke_path main_path;
	struct lke_in6 main_router;
	struct mn_leave leave;
	bool bind_pending; /* other routers are asked behind a deregistration */
	struct timer bind;
	lke_time moved[MN_MOVES]; /* a ring of the last moves */
	unsigned moves;
	struct timer settle;
	uint32_t serial;
	uint64_t saved; /* digest of what lke_engine_save() gave last; 0: nothing */
};

/* --- mobile_node.c --- */

/* Prepares an empty place for a home; its security associations are the caller's. */
void mn_home_init(struct mn_home *h, struct lke_config_home *cfg);
void mn_home_done(struct lke_engine *e, struct mn_home *h); /* disarms, wipes */
/* Takes the link off the node; there: its interface stays. */
void mn_link_drop(struct lke_engine *e, struct mn_link *l, bool there);

/* --- mn_reload.c --- */

/* As ha_reload_prepare() and the like (home_agent.h). */
struct mn_change;
int mn_reload_prepare(struct lke_engine *e, const struct lke_config_mn *want,
		      struct mn_change **ret);
void mn_reload_commit(struct lke_engine *e, struct lke_config_mn *was, struct mn_change *c);
void mn_reload_free(struct mn_change *c);

/* --- mn_movement.c --- */
int mn_ra_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
void mn_link_up(struct lke_engine *e, struct mn_link *l);
void mn_link_down(struct lke_engine *e, struct mn_link *l);
/* Chooses a router again (AMB-070) and attaches to it when it is another one. */
void mn_choose(struct lke_engine *e, struct mn_link *l);
/* Moves to this router of the link; LKE_ERR_STATE if it is not reachable. */
int mn_take_router(struct lke_engine *e, struct mn_link *l, struct mn_router *r);
void mn_router_timer(struct lke_engine *e, struct mn_router *r);

/* --- mn_router.c --- */
struct mn_router *mn_router_find(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll);
/* The sender of an advertisement, new or known; NULL when there is no place (counted). */
struct mn_router *mn_router_get(struct lke_engine *e, const struct pkt *p);
/* Takes over what its advertisement says. */
void mn_router_read(struct lke_engine *e, struct mn_router *r, const struct pkt *p,
		    const struct nd_msg *m);
/* Its permanent entry in the kernel. */
void mn_neighbour(struct lke_engine *e, struct mn_router *r, bool remove);
/* The interface is gone with its index, or (there) ours no longer: its routers too. */
void mn_routers_forget(struct lke_engine *e, uint32_t ifindex, bool there);

/* --- mn_prefix.c --- */
lke_time mn_lifetime_end(lke_time now, uint32_t seconds);
/* RFC 4862 5.5.3 e: when a prefix or address ends that was to end at old. */
lke_time mn_valid_until(lke_time now, lke_time old, uint32_t advertised);
void mn_prefix_read(struct lke_engine *e, const struct mn_link *l, struct mn_router *r,
		    const struct nd_msg *m);
/* The prefix that the primary care-of address is made of; NULL if the router has none. */
const struct mn_prefix *mn_prefix_primary(const struct lke_engine *e, const struct mn_link *l,
					  const struct mn_router *r);
/* The link's address in the prefix, made if need be; NULL: no place, no more tries. */
struct mn_addr *mn_prefix_address(struct lke_engine *e, struct mn_link *l,
				  const struct mn_router *r, const struct mn_prefix *p);
/* Uses an address of each other prefix of the router too. */
void mn_prefix_others(struct lke_engine *e, struct mn_link *l);
/* Every address that can be made of the prefix of this one is used by another node: none for a
 * while, whichever router heard so far speaks of the prefix. */
void mn_prefix_disputed(struct lke_engine *e, const struct mn_addr *a);

/* --- mn_solicit.c --- */
void mn_solicit(struct lke_engine *e, struct mn_link *l);
void mn_solicit_timer(struct lke_engine *e, struct mn_link *l);

/* --- mn_rdnss.c --- */
void mn_rdnss_read(struct lke_engine *e, const struct mn_link *l, struct mn_router *r,
		   const struct nd_msg *m);
/* Notes of all servers of the router: seq counts from 1 to value; value 0: there are none. */
void mn_rdnss_tell(struct lke_engine *e, struct mn_router *r);
void mn_rdnss_timer(struct lke_engine *e, struct mn_router *r);
/* The router is forgotten; there: its interface is not. */
void mn_rdnss_forget(struct lke_engine *e, struct mn_router *r, bool there);

/* --- mn_setting.c --- */
void mn_setting_read(struct mn_router *r, const struct nd_msg *m);
/* Sets what the router in use says, or takes it back. */
void mn_setting_use(struct lke_engine *e, struct mn_link *l);
void mn_setting_reset(struct lke_engine *e, struct mn_link *l);

/* --- mn_reach.c --- */
/* The router of the link has shown that it is there. */
void mn_reach_confirmed(struct lke_engine *e, struct mn_link *l);
/* Something says that the node has moved: asks whether the router is still there, fast. */
void mn_doubt(struct lke_engine *e, struct mn_link *l);
/* Neighbor Unreachability Detection of the router in use (RFC 6275 11.5.1; AMB-073). */
void mn_probe(struct lke_engine *e, struct mn_link *l);
void mn_probe_timer(struct lke_engine *e, struct mn_link *l);
void mn_probe_answer(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
		     const struct nd_msg *m);

/* --- mn_address.c --- */
static inline bool mn_addr_here(const struct mn_link *l, const struct mn_addr *a)
{
	return a->here && a->ifindex == l->ifc->ifindex;
}
struct mn_addr *mn_addr_find(const struct lke_engine *e, const struct lke_in6 *a);
/* A care-of address in this prefix on this interface, present or former; NULL if there is none. */
struct mn_addr *mn_coa_in_prefix(struct lke_engine *e, uint32_t ifindex,
				 const struct nd_prefix *pio, const struct lke_in6 *router);
/* The same for an address whose LBSA outlived a restart of the daemon. */
struct mn_addr *mn_addr_restored(struct lke_engine *e, struct mn_link *l,
				 const struct nd_prefix *pio);
/* The interface is gone, or (there) ours no longer: its former care-of addresses live on the tunnel
 * device. */
void mn_addrs_orphan(struct lke_engine *e, uint32_t ifindex, bool there);
/* RFC 7217: makes the address, does not announce it.  NULL: table full, no memory, no more tries.
 */
struct mn_addr *mn_addr_new(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *prefix,
			    uint8_t plen, uint8_t dad_counter);
/* The link-local address of a link that is up: the kernel's, or one of our own. */
void mn_linklocal(struct lke_engine *e, struct mn_link *l);
void mn_addr_lifetimes(struct lke_engine *e, struct mn_addr *a, const struct nd_prefix *pio);
/* Whole seconds, 0 when it is over; LKE_LIFETIME_INFINITE for LKE_NEVER. */
uint32_t mn_seconds_left(const struct lke_engine *e, lke_time until);
void mn_addr_arm_end(struct lke_engine *e, struct mn_addr *a);
/* Packets from the care-of address leave by its router, packets to it are ours; DAD if needed. */
void mn_addr_use(struct lke_engine *e, struct mn_link *l, struct mn_addr *a);
void mn_addr_announce(struct lke_engine *e,
		      struct mn_addr *a); /* LKE_ACT_ADDR with its present lifetimes */
void mn_addr_steer(struct lke_engine *e, struct mn_addr *a, bool remove);
void mn_addr_deprecate(struct lke_engine *e, struct mn_addr *a);
void mn_addr_remove(struct lke_engine *e, struct mn_addr *a);
/* Removes every deprecated address that no LBSA and no binding needs. */
void mn_addr_clean(struct lke_engine *e);
void mn_addr_end_timer(struct lke_engine *e, struct mn_addr *a);
struct mn_link *mn_link_of(struct lke_engine *e, uint32_t ifindex);

/* --- mn_optimistic.c --- */
void mn_addr_dad(struct lke_engine *e, struct mn_link *l, struct mn_addr *a); /* starts it */
void mn_addr_dad_timer(struct lke_engine *e, struct mn_addr *a);
/* Another node uses the address. */
void mn_addr_conflict(struct lke_engine *e, struct mn_link *l, struct mn_addr *a);
/* Next address of the same prefix after a failure or a refusal (AMB-170). */
void mn_addr_replace(struct lke_engine *e, struct mn_link *l, struct mn_addr *a);

/* --- mn_dad.c --- */
int mn_ns_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
int mn_na_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* Unsolicited or plain NA of ours: S=0 O=1, target link-layer address option. */
void mn_send_na(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *target,
		const struct nd_auth *auth, const struct secret16 *kbm);
void mn_send_na_optimistic(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *target);

/* --- mn_lbsa.c --- */
/* The newest live LBSA of the care-of address, or the next older one than before; NULL at the end.
 */
struct mn_lbsa *mn_lbsa_of(const struct lke_engine *e, const struct lke_in6 *coa,
			   const struct mn_lbsa *before);
bool mn_lbsa_restored(const struct lke_engine *e,
		      const struct lke_in6 *coa); /* from a former run */
/* Its router may have a binding that this node knows nothing of: a return deregisters. */
bool mn_lbsa_may_be_bound(const struct lke_engine *e, const struct lke_in6 *coa);
struct mn_lbsa *mn_lbsa_new(struct lke_engine *e);	     /* counted when it fails */
void mn_lbsa_start(struct lke_engine *e, struct mn_lbsa *b); /* arms its timers, notes it */
void mn_lbsa_remove(struct lke_engine *e, struct mn_lbsa *b, const char *why);
/* Removes the keys of the care-of address that are older than b. */
void mn_lbsa_remove_older(struct lke_engine *e, const struct mn_lbsa *b);
lke_time mn_lbsa_threshold(const struct mn_lbsa *b); /* AMB-046 */
void mn_lbsa_renew_timer(struct lke_engine *e, struct mn_lbsa *b);
/* Back on the link of this address: what could not be renewed while away is, after a stay. */
void mn_lbsa_back(struct lke_engine *e, const struct lke_in6 *coa);
/* Wipes every key whose time is over; its bindings end. */
void mn_lbsa_expire(struct lke_engine *e);

/* --- mn_kex.c --- */
void mn_kex_init(struct mn_link *l);
/* Starts an exchange for an address of the link that has no key, if everything allows it now;
 * otherwise nothing happens. */
bool mn_kex_try(struct lke_engine *e, struct mn_link *l);
/* The same for an address that has one. */
bool mn_kex_renew(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *coa);
/* Is there a key of the address with the router of this link? */
bool mn_kex_has_key(const struct lke_engine *e, const struct mn_link *l, const struct mn_addr *a);
void mn_kex_cancel(struct lke_engine *e, struct mn_link *l);
void mn_kex_hold(struct lke_engine *e, struct mn_link *l, lke_time how_long);
/* A home agent (or temporary one) answered through the router of this link: LKE may run (AMB-072).
 */
void mn_kex_allow(struct lke_engine *e, const struct pkt *p);
void mn_kex_timer(struct lke_engine *e, struct mn_link *l);
void mn_kex_result(struct lke_engine *e, const struct lke_ev_result *r);
/* Gives the exchange up; each time the next one waits longer. */
void mn_kex_fail(struct lke_engine *e, struct mn_link *l);
/* It has made a key; the next address gets its turn. */
void mn_kex_done(struct lke_engine *e, struct mn_link *l);
int mn_keack_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
/* The router seems to have lost the key: renew within 4 s (SEQUENCES 7). */
void mn_kex_soon(struct lke_engine *e, struct mn_link *l);
/* The operator wants an exchange now; an unsolicited NA is waited out (AMB-117). */
int mn_kex_command(struct lke_engine *e, struct mn_link *l);
/* The host was suspended: an exchange whose key is over by now begins anew. */
void mn_kex_resume(struct lke_engine *e, struct mn_link *l);
void mn_kex_key_changed(struct lke_engine *e, struct mn_link *l, struct mn_router *r);
void mn_kex_hint(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *router);

/* --- mn_sequence.c --- */
/* The next number of a registration; false: the key has seen them all (AMB-172). */
bool mn_sequence_next(struct lke_engine *e, struct mn_home *h, uint16_t *ret_seq);
/* The home agent says which number it accepted last. */
void mn_sequence_told(struct lke_engine *e, struct mn_home *h, uint16_t seq);

/* --- mn_registration.c --- */
/* Registers the care-of address with the home agent of h; replaces a running registration. */
void mn_register(struct lke_engine *e, struct mn_home *h, const struct lke_in6 *coa);
void mn_register_send(struct lke_engine *e, struct update *u);
/* Registers the present care-of address with every home agent that has another one. */
void mn_register_all(struct lke_engine *e);
int mn_home_ba(struct lke_engine *e, const struct pkt *p, struct mn_home *h,
	       const struct mh_ba *ba);
struct mn_home *mn_home_find(const struct lke_engine *e, const struct lke_in6 *home);

/* --- mn_discovery.c --- */
static inline bool mn_home_auto(const struct mn_home *h)
{
	return in6_is_unspecified(&h->cfg->agent);
}
/* Looks for a home agent unless that is under way; the registration follows by itself. */
void mn_discover(struct lke_engine *e, struct mn_home *h);
/* The agent in use does not answer or refuses: the next one. */
void mn_agent_failed(struct lke_engine *e, struct mn_home *h);
void mn_discovery_timer(struct lke_engine *e, struct mn_home *h);

/* --- mn_mobile_prefix.c --- */
void mn_mobile_prefix_init(struct mn_home *h);
int mn_mpa_input(struct lke_engine *e, const struct pkt *p, struct mn_home *h, const uint8_t *icmp,
		 size_t len);
/* Asks the home agent for the prefixes of the home link unless that is under way. */
void mn_mobile_prefix_ask(struct lke_engine *e, struct mn_home *h);
void mn_mobile_prefix_timer(struct lke_engine *e, struct mn_home *h);
/* Registers for no longer than the home address is valid; 0: it is not. */
uint32_t mn_mobile_prefix_limit(const struct lke_engine *e, const struct mn_home *h,
				uint32_t seconds);

/* --- mn_homecoming.c --- */
/* Is the prefix of the home address one of the router of this link? */
bool mn_home_link(const struct mn_link *l, const struct mn_home *h);
/* Is a home address of the node at home on this link?  Then there is no LKE there (AMB-073). */
bool mn_home_is_here(const struct lke_engine *e, const struct mn_link *l);
/* The node is on the home link of h: gets the home agent to let the address go. */
void mn_home_return(struct lke_engine *e, struct mn_home *h);
/* The home agent has let it go, or does not answer. */
void mn_home_arrived(struct lke_engine *e, struct mn_home *h);
/* The home link is left. */
void mn_home_leave(struct lke_engine *e, const struct mn_link *l);
/* A solicited advertisement of the home agent; false: of somebody else. */
bool mn_home_resolved(struct lke_engine *e, const struct mn_link *l, const struct nd_msg *m);
void mn_home_resolve_timer(struct lke_engine *e, struct mn_home *h);
/* Where the home address lives: ifindex 0 is the tunnel device; remove: nowhere any more. */
void mn_home_address(struct lke_engine *e, const struct mn_home *h, uint32_t ifindex, bool remove);

/* --- mn_handover.c --- */
/* The link has a router and a care-of address: moves everything there in one turn. */
void mn_attach(struct lke_engine *e, struct mn_link *l, struct mn_addr *coa);
/* Binds at the other routers once a deregistration was answered; nothing if that is done. */
void mn_bind_pending(struct lke_engine *e);
/* The active link is gone; takes another one or parks the packets. */
void mn_detach(struct lke_engine *e, struct mn_link *l);
/* Falls back to the home agent because the temporary one of home's care-of address does not answer.
 */
void mn_fallback(struct lke_engine *e, const struct lke_in6 *coa, const char *why);
/* The link that still carries this care-of address, or NULL. */
struct mn_link *mn_link_at(const struct lke_engine *e, const struct lke_in6 *coa);
/* The link has been steady for its time of hysteresis. */
void mn_takeover_timer(struct lke_engine *e, struct mn_link *l);
/* Is the address the care-of address of an accepted registration with a home agent? */
bool mn_registered(const struct lke_engine *e, const struct lke_in6 *coa);

/* --- mn_steady.c --- */
void mn_steady_moved(struct lke_engine *e);
/* Moving too often: the home agents are told when that ends. */
bool mn_steady_postpone(struct lke_engine *e);
void mn_steady_timer(struct lke_engine *e);
/* --- mn_leave.c --- */
/* The operator or the link layer is about to move the node.  COMMAND_LATER, 0 when that is known
 * already, LKE_ERR_STATE without a link. */
int mn_leave_begin(struct lke_engine *e, uint64_t cookie);
/* An access router further away has answered. */
void mn_leave_progress(struct lke_engine *e);
/* True: it was the answer to the announcement on this link, or to the change of the path. */
bool mn_leave_ba(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
		 const struct mh_ba *ba);
bool mn_leave_result(struct lke_engine *e, const struct lke_ev_result *r);
void mn_leave_timer(struct lke_engine *e);
void mn_leave_detached(struct lke_engine *e);
/* Ends it.  True: the router of this care-of address was told, and has to hear that we are here. */
bool mn_leave_attached(struct lke_engine *e, const struct lke_in6 *coa);
/* Those that were told and have not been bound anew since. */
void mn_leave_rebind(struct lke_engine *e);

/* --- mn_binding.c --- */
/* Completes a BU or Finished that stands at off: Authenticator, checksum, length. */
bool mn_bu_seal(struct wr *w, size_t off, const struct ip6_out *o, const struct secret16 *kbm);
/* The next Sequence # under this key; b->bu_seq follows when it was sent. */
uint16_t mn_bu_seq(struct lke_engine *e, struct mn_lbsa *b);
/* Which key of this care-of address and router signed the acknowledgement?  NULL: none. */
struct mn_lbsa *mn_ba_signer(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
			     const struct lke_in6 *coa, const struct lke_in6 *ar,
			     const struct mh_ba *ba);
/* Binds old to the present care-of address at the access router of its LBSA; dereg: back on that
 * link. */
bool mn_bind(struct lke_engine *e, const struct lke_in6 *old, bool dereg);
void mn_bind_send(struct lke_engine *e, struct update *u);
int mn_ba_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
int mn_brr_input(struct lke_engine *e, const struct pkt *p);
/* The access router says that it has no working binding: one BU, three times, then the home agent.
 */
void mn_bind_again(struct lke_engine *e, struct update *u);
void mn_update_timer(struct lke_engine *e, struct update *u);
void mn_update_end(struct lke_engine *e, struct update *u);
/* The binding of a former link to give up when a table is full: one that no packet has used, else
 * the one whose key ends first; NULL: all are needed. */
struct update *mn_bind_spare(const struct lke_engine *e);
/* Removes the entry with its tunnel. */
void mn_unbind(struct lke_engine *e, struct update *u);
/* Ends the bindings that no key protects any more; their home agents are asked. */
void mn_bindings_without_key(struct lke_engine *e, const char *why);
/* A care-of address failed DAD: every binding of it gets the present one (AMB-180). */
void mn_rebind(struct lke_engine *e, const struct lke_in6 *failed);
/* Refreshes a registration: the registered care-of address while it is served, else the present. */
void mn_refresh_home(struct lke_engine *e, struct update *u);
/* ICMPv6 error about a Binding Update to an access router: a hint as an unsigned refusal. */
void mn_bind_unreachable(struct lke_engine *e, const struct lke_in6 *src,
			 const struct lke_in6 *dst);

/* --- mn_kept.c --- */
/* The link attached, or its addresses are others: paths of those that the kernel made; or their
 * end. */
void mn_kept_follow(struct lke_engine *e, struct mn_link *l);
void mn_kept_drop(struct lke_engine *e, struct mn_link *l); /* the link is no longer ours */

/* --- mn_tunnel.c --- */
/* The path of an address that is not the engine's. */
void mn_path_of(struct lke_engine *e, const struct lke_in6 *src, enum lke_path path,
		uint32_t ifindex, const struct lke_in6 *router);
void mn_path(struct lke_engine *e, struct mn_addr *a, enum lke_path path);
/* The address's packets go to the TUN, where they can be parked.  Serial of the result event, 0:
 * they did already. */
uint64_t mn_path_park(struct lke_engine *e, struct mn_addr *a);
void mn_main_route(struct lke_engine *e);
/* Tunnel of a former care-of address to its temporary home agent from the present care-of address.
 */
void mn_tunnel_set(struct lke_engine *e, struct mn_addr *old, const struct lke_in6 *agent);
void mn_tunnel_clear(struct lke_engine *e, struct mn_addr *old);
/* Sets the home agents' tunnels to what is registered or about to be. */
void mn_home_tunnel(struct lke_engine *e, struct mn_home *h, const struct lke_in6 *coa);
void mn_home_tunnels_move(struct lke_engine *e); /* new link, same care-of addresses */
void mn_hold(struct lke_engine *e, bool hold);
/* Frame to the router of the active link. */
void mn_send(struct lke_engine *e, enum lke_msg msg, const struct wr *w);

#endif

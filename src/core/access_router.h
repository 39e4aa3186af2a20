/* SPDX-License-Identifier: ISC */
/*
 * The access router role: what its files share.  draft-liu-mobileip-lke-01 sections 2 to 6.
 *
 *	access_router.c	life, links, dispatch, commands, views
 *	ar_rsa.c	RSA keys: rotation, grace
 *	ar_advertise.c	when Router Advertisements are sent; ar_ra.c: what they say
 *	ar_prefix.c	the prefixes of a link
 *	ar_augment.c	beside another daemon's advertisements
 *	ar_consistency.c	beside other routers'
 *	ar_kex.c	Key Exchange Request up to the RSA operation
 *	ar_kex_answer.c	from the decrypted Kbm to the Acknowledgement
 *	ar_neighbour.c	confirmed neighbours, held requests
 *	ar_dad.c	DAD with authentication, defence of care-of addresses
 *	ar_binding.c	Binding Update
 *	ar_finished.c	Binding Acknowledgement, Finished, credit
 *	ar_buffer.c	nodes that leave: what waits for them
 *	ar_limits.c	budgets
 *	ar_state.c	what outlives a restart, ar_record.c: its octets
 *	ar_restore.c	what came back from the last run, or waits for its link
 *
 * Timers: RA (link), LBSA (end of an instance), DAD (next NS or end of the window), HELD
 * (resolution or probe), KEY (grace of the previous RSA key), KEY_AGE (next key is due, or asked
 * for again), FINISHED (struct binding.role), SILENCE (the daemon beside us answers no
 * solicitation), BUFFER (a leave).
 */
#ifndef CORE_ACCESS_ROUTER_H
#define CORE_ACCESS_ROUTER_H

#include "core/ar_record.h"
#include "core/binding.h"
#include "core/internal.h"
#include "core/lbsa.h"

enum ar_timer_kind {
	AR_TIMER_RA = TIMER_KIND(MODULE_AR, 1),
	AR_TIMER_LBSA = TIMER_KIND(MODULE_AR, 2),
	AR_TIMER_DAD = TIMER_KIND(MODULE_AR, 3),
	AR_TIMER_HELD = TIMER_KIND(MODULE_AR, 4),
	AR_TIMER_KEY = TIMER_KIND(MODULE_AR, 5),
	AR_TIMER_FINISHED = TIMER_KIND(MODULE_AR, 6),
	AR_TIMER_SILENCE = TIMER_KIND(MODULE_AR, 7),
	AR_TIMER_BUFFER = TIMER_KIND(MODULE_AR, 9),
	AR_TIMER_KEY_AGE = TIMER_KIND(MODULE_AR, 8),
};

#define AR_IPSEC_MAX	  4096 /* peers with an IPsec SA, AMB-056 */
#define AR_NEIGHBOURS_MAX 65536
#define AR_BUFFERS_MAX	  1024 /* nodes that leave at a time */
#define AR_PENDING_MAX	  256  /* requests that wait for the RSA operation */

struct ar_timed_prefix {
	struct nd_prefix p; /* without the router's address */
	lke_time valid_until, preferred_until;
};

/* Advertise = augment: what the advertisements of the daemon beside us said last. */
struct ar_heard {
	bool live;	/* it is a default router and answers */
	lke_time until; /* end of its Router Lifetime */
	uint8_t hop_limit, flags;
	int8_t preference;
	uint16_t lifetime; /* s */
	uint32_t reachable_ms, retrans_ms;
	bool has_ha_info;
	uint16_t ha_preference, ha_lifetime;
	struct ar_timed_prefix prefix[LKE_MAX_PREFIXES];
	unsigned prefixes;
	struct timer silence;
	struct lke_in6 waiting; /* a solicitation that came before anything was known, or :: */
	struct lke_lladdr waiting_ll;
};

struct ar_link {
	struct iface *ifc;
	const struct lke_config_ar *cfg;
	bool running; /* up, with a usable link-local address */
	struct timer ra;
	unsigned initial_left; /* of MAX_INITIAL_RTR_ADVERTISEMENTS */
	lke_time last_multicast;
	bool sent_any;
	/* as last advertised: a change is told at once */
	struct lke_in6 shown_ll; /* :: while nothing is */
	struct lke_lladdr shown_lladdr;
	struct nd_prefix shown_prefix[LKE_MAX_PREFIXES];
	unsigned shown_prefixes;
	struct ar_timed_prefix gone[LKE_MAX_PREFIXES]; /* left the interface */
	unsigned gones;
	struct ar_heard heard;
	lke_time next_contradiction; /* report of another router's, not before */
	struct tbf unicast, refusal, dad;
};

struct ar_rsa {
	bool present;
	uint32_t key_id;
	lke_time since; /* when it became the current one */
	lke_time gone;	/* end of its grace; 0: it is the current one */
	uint16_t modulus_len;
	size_t spki_len;
	uint8_t spki[RSA_SPKI_MAX];
	struct replay replay;
};

#define LIMIT_SETS 1024
#define LIMIT_WAYS 4
/* Spacing of requests of one link-local address, AMB-059. */
struct spacing {
	uint64_t id; /* 0: free */
	lke_time accepted, next;
	lke_time gap; /* that follows the next accepted request */
	bool penalised;
};
struct mac_limit {
	uint64_t id;
	struct tbf tbf;
};
struct ar_limits {
	uint64_t secret[2];
	struct spacing ll[LIMIT_SETS][LIMIT_WAYS];
	struct mac_limit mac[LIMIT_SETS][LIMIT_WAYS];
	struct tbf rsa, resolution_heard, resolution, unsigned_ba;
	uint64_t rsa_debt; /* operations that renewals took in advance */
};

/* A Key Exchange Request on its way.  While it waits it owns a copy of the packet. */
struct kex_request {
	uint64_t id; /* of the RSA operation; 0: not waiting for one */
	uint32_t ifindex;
	struct lke_lladdr src_ll;
	uint8_t *buf;
	struct ip6_info ip;
	struct mh_view mh;
	struct mh_kereq m;
	struct lke_in6 coa;
	lke_time came;
	unsigned key;	 /* index of ar->rsa whose modulus it fits; 2: that key is gone */
	bool live;	 /* liveness is shown, AMB-054 */
	bool heard;	 /* its host has answered before: has a place among the held */
	bool taken;	 /* another link-layer address answered the probe: 129 */
	bool draft_peer; /* no request proof, or not read */
	/* while held */
	struct timer timer;
	bool probing;
	unsigned probes_left;
	struct lke_lladdr probe;
};

/* What the rules say about a request before its key is known. */
struct kex_verdict {
	uint8_t status; /* 0, or the refusal */
	bool renewal;	/* a good renewal proof came with it */
};

struct access_router {
	struct ar_link link[LKE_MAX_IFACES];
	unsigned links;
	struct lbsa_cache lbsa;
	struct ar_rsa rsa[2]; /* current, previous (AMB-063) */
	struct timer key_grace, key_age;
	struct ar_state *state; /* NULL: nothing is kept over a restart */
	struct ar_restore *restore;
	uint64_t last_id;     /* of records */
	bool key_asked;	      /* a new key is being made */
	uint32_t ops_per_sec; /* private operations with the current key */
	struct ar_limits *limits;
	struct table neighbours, ipsec;
	struct kex_request *held[AR_HELD_MAX], *pending[AR_PENDING_MAX];
	unsigned helds, held_strangers, pendings;
	struct lbsa *buffer[AR_BUFFERS_MAX]; /* those that leave */
	unsigned buffers;
	uint64_t next_id;
};

/* Cookies of actions that are no RSA operation; those count from 1. */
#define AR_COOKIE_RSA_NEW (UINT64_C(1) << 48)
#define AR_COOKIE_RECORD  (UINT64_C(2) << 48) /* and a count */

/* --- access_router.c --- */

struct ar_link *ar_link_by_index(struct lke_engine *e, uint32_t ifindex);
/* Maximum Lifetime of option 6 (draft 3.1.1), 0 when LKE is not advertised. */
uint32_t ar_max_lifetime(const struct lke_engine *e, const struct ar_link *k);
/* Removes an instance with everything that hangs on it: DAD, cached NA, binding, group. */
void ar_lbsa_remove(struct lke_engine *e, struct lbsa *l, const char *why);
void ar_lbsa_note(struct lke_engine *e, enum lke_note_type type, const struct lbsa *l,
		  const char *text);
/* Arms the timer of an instance for its state. */
void ar_lbsa_arm(struct lke_engine *e, struct lbsa *l);
/* The binding made by this instance, or NULL. */
struct binding *ar_lbsa_binding(struct lke_engine *e, const struct lbsa *l);
bool ar_has_ipsec(const struct access_router *ar, const struct lke_in6 *peer);

/* --- ar_reload.c --- */

/* e->cfg is the new configuration. */
void ar_reload(struct lke_engine *e, const struct lke_config *was);

/* --- ar_prefix.c --- */

/* Seconds until then, rounded down; UINT32_MAX for LKE_NEVER. */
uint32_t ar_seconds_left(const struct lke_engine *e, lke_time until);
/* Prefixes the link advertises, with what is left of their lifetimes.  Returns their number. */
unsigned ar_link_prefixes(const struct lke_engine *e, const struct ar_link *k,
			  struct nd_prefix ret[LKE_MAX_PREFIXES]);
/* Prefixes that left the interface lately, deprecated. */
unsigned ar_link_gone_prefixes(const struct lke_engine *e, const struct ar_link *k,
			       struct nd_prefix ret[LKE_MAX_PREFIXES]);
/* Is a inside a prefix advertised with L or A (AMB-065)?  Sets ret_len to the prefix length (NULL
 * allowed). */
bool ar_link_on_link(const struct lke_engine *e, const struct ar_link *k, const struct lke_in6 *a,
		     unsigned *ret_len);
/* Seconds the prefix of a stays valid; 0: in none, UINT32_MAX: for ever. */
uint32_t ar_prefix_valid(const struct lke_engine *e, const struct ar_link *k,
			 const struct lke_in6 *a);
/* Puts the router's address and the R bit into the option, if it has an address there. */
void ar_add_router_address(const struct ar_link *k, struct nd_prefix *p);
/* Has the set of prefixes, router addresses or deprecations changed since the last call? */
bool ar_prefixes_changed(struct lke_engine *e, struct ar_link *k);

/* --- ar_ra.c --- */

/* One advertisement, in several messages where one would exceed the MTU.  ll NULL: multicast. */
void ar_ra_send(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *dst,
		const struct lke_lladdr *ll);
/* Router Lifetime 0 to all nodes, from src; without H and option 6 (AMB-048). */
void ar_ra_final(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *src);

/* --- ar_augment.c --- */

/* An advertisement this host sent. */
int ar_augment_heard(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
bool ar_augment_live(const struct lke_engine *e, const struct ar_link *k);
int ar_augment_solicited(struct lke_engine *e, struct ar_link *k, const struct pkt *p,
			 const struct lke_lladdr *ll);
void ar_augment_timer(struct lke_engine *e, struct ar_link *k);
void ar_augment_reset(struct lke_engine *e, struct ar_link *k); /* knows nothing */

/* --- ar_consistency.c --- */

/* An advertisement of another router.  0. */
int ar_consistency_check(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* --- ar_rsa.c --- */

void ar_rsa_age(struct lke_engine *e);	      /* the current key is old enough, or try again */
void ar_rsa_grace_over(struct lke_engine *e); /* the previous key goes */
/* The replay cache of the current key fills up: another key, but not sooner than AMB-051 allows. */
void ar_rsa_used_up(struct lke_engine *e);
void ar_rsa_made(struct lke_engine *e, int err); /* outcome of LKE_ACT_RSA_NEW */
/* Another age or share of the processor. */
void ar_rsa_reload(struct lke_engine *e, const struct lke_config *was);

/* --- ar_advertise.c --- */

void ar_advertise_start(struct lke_engine *e, struct ar_link *k);
/* What is advertised has changed: a new burst of initial advertisements. */
void ar_advertise_changed(struct lke_engine *e, struct ar_link *k);
/* Addresses of the link may have changed: compares with what was advertised. */
void ar_advertise_refresh(struct lke_engine *e, struct ar_link *k);
/* Stops; with final: Router Lifetime 0 to all nodes (RFC 4861 6.2.5). */
void ar_advertise_stop(struct lke_engine *e, struct ar_link *k, bool final);
void ar_advertise_timer(struct lke_engine *e, struct ar_link *k);
int ar_solicitation(struct lke_engine *e, struct ar_link *k, const struct pkt *p,
		    const struct nd_msg *m);

/* --- ar_kex.c, ar_kex_answer.c --- */

int ar_kex_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
/* Goes on with a held request.  Takes ownership of r. */
void ar_kex_resume(struct lke_engine *e, struct kex_request *r);
/* Moves a borrowed request to the heap with its own packet; NULL when out of memory. */
struct kex_request *kex_request_keep(const struct kex_request *r);
void kex_request_free(struct kex_request *r); /* wipes; NULL allowed */
/* The link is gone: requests at the RSA worker find none, not even one that gets its index. */
void ar_kex_forget(struct lke_engine *e, uint32_t ifindex);
/* Note of the request's verdict; returns -reason. */
int kex_note(struct lke_engine *e, const struct kex_request *r, enum lke_drop reason,
	     uint8_t status);
/* AMB-170 "decision".  0 or -LKE_DROP_OWNER (dropped silently). */
int kex_decide(struct lke_engine *e, struct kex_request *r, struct kex_verdict *ret);
/* Does the request proof verify under kbm?  False without one. */
bool kex_proof_ok(const struct kex_request *r, const struct mh_proof *proof,
		  const struct secret16 *kbm);
/* From the decrypted Kbm on.  Returns the verdict. */
int kex_answer(struct lke_engine *e, struct kex_request *r, const struct secret16 *kbm);
/* Same Kbm as a TENTATIVE or VALID instance: the Acknowledgement again. */
int kex_again(struct lke_engine *e, struct kex_request *r, struct lbsa *l);
/* Key exchange data seen before, under either key (AMB-051); never in draft01. */
bool kex_replayed(const struct lke_engine *e, const struct kex_request *r);
int kex_drop_replay(struct lke_engine *e, const struct kex_request *r);
bool kex_same_owner(const struct kex_request *r, const struct lbsa *l);

/* --- ar_neighbour.c --- */

/*
 * AMB-054: 0: the care-of address is a confirmed neighbour at the frame's source; else the request
 * is held
 * (-LKE_DROP_HELD) or dropped (-LKE_DROP_LIMIT, -LKE_DROP_NOMEM, -LKE_DROP_NO_NEIGHBOUR).
 */
int ar_neighbour_check(struct lke_engine *e, const struct kex_request *r);
/* A solicited Neighbor Advertisement to an address of ours. */
void ar_neighbour_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* An ordinary Neighbor Solicitation, to the link-layer address or (NULL) to the group. */
void ar_solicit(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *target,
		const struct lke_lladdr *to);
void ar_neighbour_timer(struct lke_engine *e, struct kex_request *r);
void ar_neighbour_forget(struct lke_engine *e, uint32_t ifindex); /* link gone */
void ar_neighbour_done(struct lke_engine *e);
int ar_neighbour_init(struct access_router *ar, const uint8_t secret[16]);

/* --- ar_dad.c --- */

/* Starts the detection for a TENTATIVE instance: the first NS goes out now. */
void ar_dad_start(struct lke_engine *e, struct lbsa *l);
void ar_dad_cancel(struct lke_engine *e, struct lbsa *l); /* frees l->dad */
/* Ends it badly: the instance becomes a tombstone. */
void ar_dad_fail(struct lke_engine *e, struct lbsa *l, const char *why);
bool ar_dad_good_so_far(const struct lbsa *l);
void ar_dad_timer(struct lke_engine *e, struct lbsa *l);
int ar_dad_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
int ar_dad_solicit(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* Keeps a verified Binding Update until the window closes (AMB-098).  Verdict. */
int ar_dad_hold_bu(struct lke_engine *e, struct lbsa *l, const struct pkt *p,
		   const struct mh_bu *bu);

/* --- ar_binding.c, ar_finished.c --- */

int ar_bu_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
/* A Binding Update that waited for the end of DAD; it has been authenticated against l. */
void ar_bu_resume(struct lke_engine *e, struct lbsa *l, const struct pkt *p);
/* Home address of a BU or Finished: the Home Address option, or the source. */
struct lke_in6 ar_bu_home(const struct pkt *p);
/* The instance with these addresses whose key verifies the Authenticator; ret_any: one has the
 * addresses. */
struct lbsa *ar_find_by_mac(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
			    const struct mh_auth_data *auth, bool *ret_any);

/* Where answers to a mobile node go. */
struct ar_reply {
	struct lke_in6 ar, coa, home;
	uint32_t ifindex; /* 0: the host's own forwarding */
	struct lke_lladdr ll;
	lke_time came; /* a Binding Update that waited for DAD: when that ended */
};
struct ar_reply ar_reply_to(struct lke_engine *e, const struct pkt *p);
/* kbm NULL: unsigned (AMB-109). */
void ar_send_ba(struct lke_engine *e, const struct ar_reply *to, const struct mh_ba *ba,
		const struct secret16 *kbm);

/* State and credit a binding gets for this care-of address, and whether to ask for the Finished. */
struct ar_grant {
	enum lke_binding_state state;
	uint64_t credit;
	bool ask;
};
/* 0 or LKE_ERR_NOMEM. */
int ar_reach_grant(struct lke_engine *e, struct lbsa *l, const struct lke_in6 *coa,
		   struct ar_grant *ret);
/* Adds the Finished Message Request and remembers what was sent. */
void ar_reach_ask(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to,
		  struct mh_ba *ba);
void ar_reach_arm(struct lke_engine *e, struct lbsa *l, struct binding *b);
void ar_reach_forget(struct lbsa *l); /* frees l->reach */
void ar_reach_leave(struct lbsa *l);  /* the binding is gone: nothing is outstanding */
int ar_finished_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
void ar_finished_timer(struct lke_engine *e, struct binding *b);

/* What a record holds of the care-of addresses of an LBSA.  Restoring: 0 or LKE_ERR_NOMEM; a
 * binding gets its credit in *ret_credit. */
void ar_reach_save(const struct lbsa *l, struct record_lbsa *ret);
int ar_reach_restore(struct lke_engine *e, struct lbsa *l, const struct record_lbsa *r,
		     uint64_t *ret_credit);

/* --- ar_buffer.c --- */

/* A verified announcement from the care-of address on its link.  True: it is acknowledged when the
 * last packet is on the link; false: packets are not kept. */
bool ar_buffer_announced(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to,
			 uint16_t seq);
/* The same for a node that is bound here, with a refresh of its binding; call it before the
 * acknowledgement, which then stands behind the last packet. */
void ar_buffer_moving(struct lke_engine *e, struct lbsa *l);
/* A Binding Update was accepted and its tunnel set: what waits goes through it. */
void ar_buffer_bound(struct lke_engine *e, struct lbsa *l);
/* A verified deregistration; call it before the binding goes.  What the plane still has goes to the
 * node on its link.  True: it had announced a leave. */
bool ar_buffer_returned(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to);
/* The LBSA or its binding goes. */
void ar_buffer_forget(struct lke_engine *e, struct lbsa *l);
void ar_buffer_free(struct lke_engine *e, struct lbsa *l); /* memory only */
int ar_buffer_command(struct lke_engine *e, const struct lke_ev_command *c);
/* The link lost or got its carrier. */
void ar_buffer_link(struct lke_engine *e, const struct ar_link *k);
void ar_buffer_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
void ar_buffer_timer(struct lke_engine *e, struct lbsa *l);
/* Was it the answer to an interception made for a leave? */
bool ar_buffer_result(struct lke_engine *e, const struct lke_ev_result *r);

/* --- ar_state.c --- */

int ar_state_new(struct lke_engine *e); /* 0 or LKE_ERR_NOMEM, LKE_ERR_CRYPTO */
void ar_state_free(struct lke_engine *e);
/* From now on nothing is recorded: what ends, ends with this run. */
void ar_state_stop(struct lke_engine *e);
/* Records the instance as it is now. */
void ar_state_put(struct lke_engine *e, struct lbsa *l);
void ar_state_gone(struct lke_engine *e, struct lbsa *l);
/* Records the instance with its new number, which is answered elsewhere. */
void ar_state_number(struct lke_engine *e, struct lbsa *l);
/* Records an accepted Binding Update and sends its acknowledgement, in this order. */
void ar_state_answer(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to,
		     const struct mh_ba *ba);
/* Is the last acknowledgement still to come? */
bool ar_state_answer_waits(const struct lbsa *l);
void ar_state_written(struct lke_engine *e, uint64_t cookie, int err);
void ar_state_seen(struct lke_engine *e, const struct ar_rsa *key, uint64_t hash);
void ar_state_key(struct lke_engine *e, const struct ar_rsa *key);
bool ar_state_stopped(const struct lke_engine *e);
/* What is kept of an instance.  False: link unknown, or too long.  The caller wipes. */
bool ar_state_record(struct lke_engine *e, const struct lbsa *l, struct record_lbsa *ret);
/* An identifier of the last run: those of this one are higher. */
void ar_state_id_used(struct lke_engine *e, uint64_t id);
/* Records that the instance with this identifier has ended. */
void ar_state_forget(struct lke_engine *e, uint64_t id);

/* --- ar_restore.c --- */

int ar_restore_new(struct lke_engine *e); /* 0 or LKE_ERR_NOMEM, LKE_ERR_CRYPTO */
void ar_restore_free(struct lke_engine *e);
void ar_restore_limit(struct access_router *ar, size_t lbsas); /* another MaxLbsa of all links */
/* Does this key come back from the last run?  Then with its age, grace and replay cache. */
bool ar_restore_take_key(struct lke_engine *e, struct ar_rsa *key);
/* The link of the instance is going: it waits for one of that name.  The instance is still there,
 * but is no longer recorded. */
void ar_restore_keep(struct lke_engine *e, struct lbsa *l);
/* Forgets those that wait for a link: of an address, or (::) all.  Their number. */
unsigned ar_restore_flush(struct lke_engine *e, const struct lke_in6 *coa);
size_t ar_restore_waiting(const struct access_router *ar, size_t *ret_limit); /* how many */
/* Restored instances whose link now has what they need. */
void ar_restore_adopt(struct lke_engine *e, struct ar_link *k);
/* The next record of those that still wait; as ar_state_next(), which calls it. */
int ar_restore_next(const struct lke_engine *e, struct lke_record_cursor *c,
		    uint8_t buf[LKE_RECORD_MAX]);

/* --- ar_limits.c --- */

struct ar_limits *ar_limits_new(const uint8_t secret[16], lke_time now);
void ar_limits_set_rsa(struct ar_limits *l, uint64_t per_second, lke_time now);
/* One request of this link-local and link-layer address.  0, -LKE_DROP_RATE_LL or
 * -LKE_DROP_RATE_MAC. */
int ar_limit_source(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll,
		    const struct lke_lladdr *mac);
/*
 * One private key operation of the one budget (AMB-060).  A renewal may take it in advance, up to a
 * second's worth, and is paid back before anybody else gets one: renewals go on while strangers use
 * the budget up, and all together stay within it.  0 or -LKE_DROP_RATE_RSA.
 */
int ar_limit_rsa(struct lke_engine *e, bool renewal);
/* One address resolution (AMB-054).  Half of them are kept for hosts that were heard before. */
bool ar_limit_resolution(struct lke_engine *e, bool heard);
/* The last accepted request repeated an exchange or failed DAD: the spacing doubles. */
void ar_limit_penalise(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll);
void ar_limit_reset(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *ll);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * The home agent: RFC 6275 sections 9.5.1, 10.3 and 10.4 with manual keys (RFC 3776), and what
 * section 15.3 asks of it: a policy entry for each home address, sequence numbers that outlive the
 * binding and a restart (AMB-151, AMB-153, AMB-172, AMB-173), an audit record for each Binding
 * Update, and service that can be discontinued.
 *
 * ha_policy.c holds the policy, ha_sequence.c the sequence floors, ha_registration.c judges and
 * carries out Binding Updates, ha_answer.c builds Binding Acknowledgements and Binding Errors,
 * ha_refresh.c asks for refreshes, ha_dad.c tests a home address on its link; home_agent.c is the
 * rest.
 */
#ifndef CORE_HOME_AGENT_H
#define CORE_HOME_AGENT_H

#include "core/binding.h"
#include "core/ha_link.h"
#include "core/sa.h"
#include "core/sequence.h"

#include <assert.h>

enum {
	HA_WAITING_MAX = 4, /* Binding Updates of one mobile node that wait */
	HA_MOBILES_MAX = HA_MAX_MOBILES,
	HA_RESERVE_MAX = 0x4000, /* numbers reserved ahead, far below half the space */
	HA_TIMER_DAD = TIMER_KIND(MODULE_HA, 1),
	HA_TIMER_BINDING = TIMER_KIND(MODULE_HA, 2),
	HA_TIMER_OVERLAP = TIMER_KIND(MODULE_HA, 7),
	HA_TIMER_KEEP = TIMER_KIND(MODULE_HA, 8),
	HA_TIMER_KEEP_RETRY = TIMER_KIND(MODULE_HA, 9),
	/* Kinds of checkpoint, in the cookie above the index of the policy entry. */
	HA_CHECKPOINT_FLOOR = 1,
	HA_CHECKPOINT_SERVICE = 2,
	HA_CHECKPOINT_NEXT = 3,
	HA_KEEP = 4,
	HA_KEEP_BATCH = 5,
	HA_PROOF_LEN = 16,
	HA_AUDIT_RATE = 10, /* refusals of one mobile node on record, a second */
	HA_AUDIT_BURST = 100,
	HA_TIMER_PROOF = TIMER_KIND(MODULE_HA, 6),
	HA_HOP_LIMIT = 64,
};

/* An authenticated Binding Update. */
struct ha_bu {
	struct lke_in6 src, coa, agent; /* agent: our address it was sent to */
	bool coa_covered;		/* by ESP: in an Alternate Care-of Address option */
	bool direct;			/* the answer goes to the frame's source on ifindex */
	uint32_t ifindex;
	struct lke_lladdr src_ll;
	uint16_t seq, flags, lifetime; /* lifetime in units of 4 s */
	lke_time came;
};

/* Link-local address of a mobile node on a link. */
struct ha_ll_key {
	uint32_t ifindex;
	struct lke_in6 addr;
};

/* Policy entry of one home address, with its sequence state. */
struct mobile {
	struct table_node by_home, by_spi;
	struct lke_in6 home; /* key */
	uint32_t spi;	     /* key: SPI of to_ha */
	struct table_node by_id;
	uint32_t id;	/* key: names it in cookies, never used twice */
	unsigned index; /* in home_agent.mobile */
	char name[LKE_NAME_MAX], identity[LKE_IDENTITY_MAX];
	/* Of its keying (ha_keying.c). */
	struct sa to_ha, to_mn;
	uint32_t generation;
	enum lke_keying_source source;
	bool endpoint_update; /* K may be set */
	uint32_t max_lifetime;
	bool suspended, config_suspended;
	bool service_waits; /* the operator, for the word about it to be durable */
	uint64_t service_cookie;
	struct ha_next *next; /* the key that is to follow, ha_rekey.c */

	/* What is kept of its binding over a restart (ha_keep.c). */
	struct lke_in6 kept_coa, kept_agent;
	uint16_t kept_seq;
	lke_time kept_expires;		     /* 0: nothing is kept */
	lke_time kept_at;		     /* the last write began */
	struct timer keep;		     /* armed while the next one has to wait */
	bool keeping, keep_again, restoring; /* restoring: waits for its link */

	/* Sequence numbers under this key generation (AMB-173). */
	bool has_seq, has_floor, writing;
	bool floor_lost;	/* the stable storage does not know its numbers: refused until it is
				   rekeyed */
	uint16_t last_seq;	/* last accepted */
	uint16_t floor;		/* durable: no accepted number is ahead of it */
	uint16_t writing_floor; /* of the checkpoint under way */
	uint32_t used;		/* advances (AMB-172) */
	struct seq_rate rate;
	uint32_t stored_generation, stored_used; /* as found after the restart */
	uint16_t stored_floor;
	struct { /* of the key before the last change of configuration, which may be undone */
		bool there, has_seq;
		uint32_t generation, used;
		uint16_t last_seq;
	} former;

	struct ha_bu waiting[HA_WAITING_MAX]; /* for the floor or for DAD, in order of sequence */
	unsigned waitings;
	struct timer dad; /* armed while DAD runs */
	uint32_t dad_ifindex;
	struct {
		struct table_node node;
		struct ha_ll_key key;
		bool there, defended; /* there: in the table, tested or defended */
		lke_time answered;    /* DAD for it, last; 0: never */
	} ll;
	struct {
		struct lke_in6 coa;
		bool running, proved; /* of coa */
		uint8_t bits[HA_PROOF_LEN];
		struct timer timer;
		unsigned tries;
		uint64_t earned; /* by the reverse tunnel */
	} proof;
	struct {
		struct lke_in6 last, before; /* care-of addresses */
		lke_time since, quiet_until, rate_quiet_until;
		unsigned count, returns; /* since; returns to before */
	} moves;
	struct {
		lke_time since, quiet_until;
		unsigned count; /* since */
	} lost;			/* ICMPv6 errors from the way to its care-of address */
	unsigned max_updates;	/* Binding Updates a second; 0: no limit */
	struct tbf updates;
	struct tbf audit;	   /* audit records of refusals; those above it are */
	uint32_t unaudited;	   /* counted in the next one */
	unsigned refresh_requests; /* since the last accepted registration */
	struct {
		struct timer timer;
		lke_time sent;	 /* the last Mobile Prefix Advertisement, if any */
		bool any, asked; /* asked: a solicitation with this id waits for its answer */
		uint16_t id;
		unsigned tries; /* to tell it unasked */
	} prefix;
	uint64_t accepted, refused;
};

struct home_agent {
	struct ha_link link[LKE_MAX_IFACES]; /* parallel to cfg.ha.interface */
	struct mobile **mobile;
	unsigned mobiles;
	uint32_t last_id;
	struct table by_home, by_spi, by_id;
	struct table retired;	  /* ha_retired.c */
	bool retired_lost;	  /* not all sequence floors found a place there */
	struct table by_ll;	  /* link-local addresses tested or defended */
	struct tbf errors;	  /* Binding Errors, BASE-18 */
	struct tbf discovery;	  /* answers to home agent address discovery */
	struct table next_by_spi; /* ha_rekey.c */
	struct timer keep_retry;
	unsigned restoring, restore_at; /* bindings that wait; where the next batch begins */
	bool stopping;
};

/* --- ha_policy.c --- */

/*
 * Copies the policy.  LKE_ERR_INVAL: a home address that is not global unicast or occurs twice, an
 * SPI that occurs twice, a key that two mobiles share (SEC-045), an unusable SA, too many entries.
 */
int ha_policy_new(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n);
void ha_policy_free(struct lke_engine *e); /* wipes the keys */
/* The same judgement, of a list that is not taken over: 0, LKE_ERR_INVAL, LKE_ERR_NOMEM. */
int ha_policy_check(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n);
/* An entry that stands in no table yet; ha_mobile_free() wipes it. */
int ha_mobile_new(struct lke_engine *e, const struct lke_config_mobile *c, struct mobile **ret);
void ha_mobile_free(struct lke_engine *e, struct mobile *m);
/* Into the tables, at the end of home_agent.mobile, which has room; and out of them. */
int ha_mobile_insert(struct lke_engine *e, struct mobile *m);
void ha_mobile_remove(struct lke_engine *e, struct mobile *m);
/* What may change without its keys. */
void ha_mobile_configure(struct lke_engine *e, struct mobile *m, const struct lke_config_mobile *c);
struct mobile *ha_by_id(const struct lke_engine *e, uint32_t id);
struct mobile *ha_by_home(const struct lke_engine *e, const struct lke_in6 *home);
struct mobile *ha_by_spi(const struct lke_engine *e, uint32_t spi);

/* --- ha_reload.c --- */

/*
 * Another configuration.  Preparing judges it and gets all the memory: 0, LKE_ERR_INVAL,
 * LKE_ERR_EXIST (a key older than the one in use, or one that is to follow for another address),
 * LKE_ERR_NOMEM or LKE_ERR_CRYPTO, with nothing changed.  e->cfg is the old one then, and the new
 * one in ha_reload_commit(), which frees the change.
 */
struct ha_change;
int ha_reload_prepare(struct lke_engine *e, const struct lke_config_ha *want, bool keep_newer,
		      struct ha_change **ret);
void ha_reload_commit(struct lke_engine *e, const struct lke_config_ha *was,
		      const struct lke_config_ha *want, struct ha_change *c);
void ha_reload_free(struct lke_engine *e, struct ha_change *c);

/* --- ha_retired.c: sequence numbers of home addresses without a policy entry --- */

int ha_retired_new(struct home_agent *ha, const uint8_t secret[16]);
void ha_retired_free(struct home_agent *ha);
/* Keeps a floor; without room for it no entry is taken up later whose floor is not known. */
void ha_retire(struct lke_engine *e, const struct lke_ev_floor *f);
/* The same of an entry that goes, with its binding. */
void ha_retire_mobile(struct lke_engine *e, const struct mobile *m);
/* A policy entry has come, perhaps again: its numbers go on, its binding too. */
void ha_unretire(struct lke_engine *e, struct mobile *m);

/* --- ha_keying.c --- */

/* Keys m as lke/keying.h says; on failure m is as it was.  0, LKE_ERR_INVAL or LKE_ERR_CRYPTO.
 * The tables, floors and steering are the caller's. */
int ha_keying_set(struct mobile *m, const struct lke_keying *k);
/* The same with tables, steering and sequence numbers, for a key that is nobody else's. */
int ha_keying_replace(struct lke_engine *e, struct mobile *m, const struct lke_keying *k);
/* The keying of a policy entry. */
struct lke_keying ha_keying_of(const struct lke_config_mobile *c);

/* --- home_agent.c --- */

/* Discontinues or continues the service of m.  cookie: of the command, 0 when there is none.
 * COMMAND_LATER: it is answered when the word is durable. */
int ha_set_service(struct lke_engine *e, struct mobile *m, bool suspended, uint64_t cookie);
/* The word about suspension is on stable storage, or (err < 0) is not. */
void ha_service_written(struct lke_engine *e, struct mobile *m, int err);

/* --- ha_rekey.c --- */

int ha_rekey_new(struct home_agent *ha, const uint8_t secret[16]);
/* A checked keying beside the present one.  0, LKE_ERR_EXIST, LKE_ERR_STATE, LKE_ERR_INVAL,
 * LKE_ERR_NOMEM or LKE_ERR_CRYPTO. */
int ha_rekey(struct lke_engine *e, struct mobile *m, const struct lke_ev_keying *ev);
void ha_rekey_drop(struct lke_engine *e, struct mobile *m); /* wipes it; steering is the caller's */
/* With steering.  0, or LKE_ERR_STATE when the mobile node is using it already. */
int ha_rekey_cancel(struct lke_engine *e, struct mobile *m);
struct mobile *ha_rekey_owner(const struct lke_engine *e, uint32_t spi); /* NULL: nobody's */
uint32_t ha_rekey_spi(const struct mobile *m);				 /* 0: no next key */
uint32_t ha_rekey_generation(const struct mobile *m);
/* The store has a floor of this generation: the mobile node used it before the restart. */
bool ha_rekey_restored(struct lke_engine *e, struct mobile *m, uint32_t generation);
/* ESP with the SPI of a next key: true, and the verdict. */
bool ha_rekey_input(struct lke_engine *e, const struct pkt *p, uint32_t spi, int *ret);
void ha_rekey_written(struct lke_engine *e, struct mobile *m, int err);
void ha_rekey_timer(struct lke_engine *e, struct timer *t);

/* --- ha_keep.c --- */

/* The policy entry goes: nothing of its binding is kept. */
void ha_keep_forget(struct lke_engine *e, struct mobile *m);
void ha_kept(struct lke_engine *e, struct mobile *m, bool batch, int err);
void ha_keep_timer(struct lke_engine *e, struct mobile *m);
void ha_keep_retry(struct lke_engine *e);
/* Sets up restored bindings whose link is there. */
void ha_restore_some(struct lke_engine *e);

/* --- home_agent.c --- */

/* ESP with this SPI to any of our addresses on home links is ours (or no longer). */
void ha_steer_spi(struct lke_engine *e, uint32_t spi, bool add);

/* --- ha_sequence.c --- */

/* The numbers begin anew under another key generation (AMB-173). */
void ha_sequence_renew(struct lke_engine *e, struct mobile *m);

/* Judges the number of a Binding Update: 0, 135 (old, or a jump over max_jump) or 129 (budget used
 * up). */
uint8_t ha_sequence_judge(const struct lke_engine *e, const struct mobile *m, uint16_t seq);
/* Is the number covered by what is durable?  Always with volatile_state. */
bool ha_sequence_durable(const struct lke_engine *e, const struct mobile *m, uint16_t seq);
/* Makes a floor durable that covers seq; false if that could not be asked for.  One write at a
 * time. */
bool ha_sequence_reserve(struct lke_engine *e, struct mobile *m, uint16_t seq);
/* The number was accepted: advances the state and reports the budget. */
void ha_sequence_commit(struct lke_engine *e, struct mobile *m, uint16_t seq);
/* Makes the suspension of m durable. */
bool ha_sequence_store_service(struct lke_engine *e, const struct mobile *m);
/* Makes the first floor of the next key generation durable; it replaces the old one. */
bool ha_sequence_store_next(struct lke_engine *e, const struct mobile *m, uint32_t generation,
			    uint16_t floor);
/* Of a request about m; it names the generation, so that the outcome of a write under a former key
 * is not taken for a later one. */
uint64_t ha_cookie(const struct mobile *m, uint32_t kind);

/* --- ha_registration.c --- */

/* Carries out what waits and may go on. */
void ha_proceed(struct lke_engine *e, struct mobile *m);
/* Answers everything that waits with this status and stops DAD. */
void ha_refuse_waiting(struct lke_engine *e, struct mobile *m, uint8_t status);
/* Forgets what waits without an answer. */
void ha_drop_waiting(struct lke_engine *e, struct mobile *m);

/* --- ha_refresh.c --- */

/* The lifetime of the binding begins anew: asks for a refresh when it is about to end. */
void ha_refresh_arm(struct lke_engine *e, struct binding *b);
void ha_refresh_timer(struct lke_engine *e, struct binding *b);

/* --- ha_dad.c --- */

/* Starts DAD on the link of the first waiting registration: for the home address unless it is
 * bound, and for a link-local address that was taken and is not defended yet. */
void ha_dad_start(struct lke_engine *e, struct mobile *m, uint32_t ifindex);
void ha_dad_stop(struct lke_engine *e, struct mobile *m);
int ha_dad_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *msg);
void ha_dad_timer(struct lke_engine *e, struct mobile *m);
static inline bool ha_dad_running(const struct mobile *m)
{
	return timer_armed(&m->dad);
}
/* ha_registration.c: the window is over. */
void ha_dad_passed(struct lke_engine *e, struct mobile *m);

/* --- ha_mobile_prefix.c --- */

/* ICMPv6 in ESP from m.  0 or -enum lke_drop. */
int ha_mobile_prefix_solicited(struct lke_engine *e, struct mobile *m, const struct pkt *p,
			       const uint8_t *icmp, size_t len);
/* A registration was accepted: prefixes will be told. */
void ha_mobile_prefix_registered(struct lke_engine *e, struct mobile *m);
/* Something changed on the link: tell its registered mobile nodes. */
void ha_mobile_prefix_changed(struct lke_engine *e, const struct ha_link *l);
void ha_mobile_prefix_timer(struct lke_engine *e, struct mobile *m);

/* --- ha_care_of.c --- */

/* May this be the care-of address of m at all?  Else status 174. */
bool ha_care_of_acceptable(struct lke_engine *e, const struct mobile *m, const struct lke_in6 *coa);

/* --- ha_linklocal.c --- */

/* Takes the link-local address of m on a link, to be tested.  LKE_ERR_EXIST: it is another's. */
int ha_linklocal_take(struct lke_engine *e, struct mobile *m, uint32_t ifindex);
void ha_linklocal_defend(struct lke_engine *e, struct mobile *m); /* from now on */
void ha_linklocal_drop(struct lke_engine *e, struct mobile *m);	  /* taken or defended, no more */
/* A solicitation for a defended link-local address is answered. */
bool ha_linklocal_solicited(struct lke_engine *e, const struct pkt *p, const struct nd_msg *msg);
/* Whose link-local address that is still being tested is this? */
struct mobile *ha_linklocal_tentative(const struct lke_engine *e, uint32_t ifindex,
				      const struct lke_in6 *a);

/* --- ha_advice.c --- */

/* A registration was accepted: tells the operator when manual keys do not fit. */
void ha_advise(struct lke_engine *e, struct mobile *m, const struct lke_in6 *coa);
/* LKE_TUNNEL_UNREACHABLE for one of our home addresses. */
void ha_advise_unreachable(struct lke_engine *e, const struct lke_ev_tunnel *t);

/* --- ha_credit.c --- */

/* State and credit of a binding of m to coa. */
uint64_t ha_credit_of(const struct lke_engine *e, const struct mobile *m, const struct lke_in6 *coa,
		      enum lke_binding_state *ret_state);
void ha_credit_bound(struct lke_engine *e, struct mobile *m, const struct binding *b);
void ha_credit_timer(struct lke_engine *e, struct mobile *m);
void ha_credit_gone(struct lke_engine *e, struct mobile *m);

/* --- ha_answer.c --- */

/* Sends a Binding Acknowledgement in ESP.  lifetime in units of 4 s. */
void ha_send_ba(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint8_t status,
		uint16_t seq, uint16_t lifetime);
/* Audit record of an authenticated Binding Update (SEC-029); value: SPI, text: name of the policy
 * entry.  Refusals above HA_AUDIT_RATE are counted in the next record of the same mobile node.
 * Counts the drop; returns -(int)reason. */
int ha_audit(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, enum lke_drop reason,
	     uint8_t status, uint16_t lifetime);
/* Sends a Binding Error within its limits (RFC 6275 9.3.3, AMB-176); status 1 or 2. */
void ha_send_be(struct lke_engine *e, const struct pkt *p, uint8_t status);
/* Is src a neighbour on the link the packet came from, so that an answer need not be routed? */
bool ha_on_link(const struct pkt *p);

#endif

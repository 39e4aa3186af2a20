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
#include "core/sa.h"
#include "core/sequence.h"

#include <assert.h>

enum {
	HA_WAITING_MAX = 4,	 /* Binding Updates of one mobile node that wait */
	HA_MOBILES_MAX = 65536,	 /* policy entries */
	HA_RESERVE_MAX = 0x4000, /* numbers reserved ahead, far below half the space */
	HA_TIMER_DAD = TIMER_KIND(MODULE_HA, 1),
	HA_TIMER_BINDING = TIMER_KIND(MODULE_HA, 2),
	/* Kinds of checkpoint, in the cookie above the index of the policy entry. */
	HA_CHECKPOINT_FLOOR = 1,
	HA_CHECKPOINT_SERVICE = 2,
	HA_HOP_LIMIT = 64,
};

/* An authenticated Binding Update. */
struct ha_bu {
	struct lke_in6 src, coa, agent; /* agent: our address it was sent to */
	bool has_hao;
	bool direct; /* the answer goes to the frame's source on ifindex */
	uint32_t ifindex;
	struct lke_lladdr src_ll;
	uint16_t seq, flags, lifetime; /* lifetime in units of 4 s */
};

/* Policy entry of one home address, with its sequence state. */
struct mobile {
	struct table_node by_home, by_spi;
	struct lke_in6 home; /* key */
	uint32_t spi;	     /* key: SPI of to_ha */
	unsigned index;
	char name[LKE_NAME_MAX], identity[LKE_IDENTITY_MAX];
	/* Of its keying (ha_keying.c). */
	struct sa to_ha, to_mn;
	uint32_t generation;
	enum lke_keying_source source;
	bool endpoint_update; /* K may be set */
	uint32_t max_lifetime;
	bool suspended;
	uint32_t suspend_generation; /* of the stored word about suspension */

	/* Sequence numbers under this key generation (AMB-173). */
	bool has_seq, has_floor, writing;
	uint16_t last_seq;	/* last accepted */
	uint16_t floor;		/* durable: no accepted number is ahead of it */
	uint16_t writing_floor; /* of the checkpoint under way */
	uint32_t used;		/* advances (AMB-172) */
	struct seq_rate rate;

	struct ha_bu waiting[HA_WAITING_MAX]; /* for the floor or for DAD, in order of sequence */
	unsigned waitings;
	struct timer dad; /* armed while DAD runs */
	uint32_t dad_ifindex;
	unsigned refresh_requests; /* since the last accepted registration */
	uint64_t accepted, refused;
};

/* Home link. */
struct ha_link {
	struct lke_in6 steered[IFACE_ADDRS]; /* our addresses that ESP is taken for */
	unsigned steereds;
};

struct home_agent {
	struct ha_link link[LKE_MAX_IFACES]; /* parallel to cfg.ha.interface */
	struct mobile *mobile;
	unsigned mobiles;
	struct table by_home, by_spi;
	struct tbf errors; /* Binding Errors, BASE-18 */
};

/* --- ha_policy.c --- */

/*
 * Copies the policy.  LKE_ERR_INVAL: a home address that is not global unicast or occurs twice, an
 * SPI that occurs twice, a key that two mobiles share (SEC-045), an unusable SA, too many entries.
 */
int ha_policy_new(struct lke_engine *e, const struct lke_config_mobile *cfg, unsigned n);
void ha_policy_free(struct lke_engine *e); /* wipes the keys */
struct mobile *ha_by_home(const struct lke_engine *e, const struct lke_in6 *home);
struct mobile *ha_by_spi(const struct lke_engine *e, uint32_t spi);

/* --- ha_keying.c --- */

/* Keys m as lke/keying.h says; on failure m is as it was.  0, LKE_ERR_INVAL or LKE_ERR_CRYPTO.
 * The tables, floors and steering are the caller's. */
int ha_keying_set(struct mobile *m, const struct lke_keying *k);
/* The keying of a policy entry. */
struct lke_keying ha_keying_of(const struct lke_config_mobile *c);

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

/* Starts DAD for the home address on the link of the first waiting registration. */
void ha_dad_start(struct lke_engine *e, struct mobile *m, uint32_t ifindex);
void ha_dad_stop(struct lke_engine *e, struct mobile *m);
static inline bool ha_dad_running(const struct mobile *m)
{
	return timer_armed(&m->dad);
}
/* ha_registration.c: the window is over. */
void ha_dad_passed(struct lke_engine *e, struct mobile *m);

/* --- ha_answer.c --- */

/* Sends a Binding Acknowledgement in ESP.  lifetime in units of 4 s. */
void ha_send_ba(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint8_t status,
		uint16_t seq, uint16_t lifetime);
/* Audit record of an authenticated Binding Update (SEC-029), never suppressed; value: SPI, text:
 * name of the policy entry.  Counts the drop; returns -(int)reason. */
int ha_audit(struct lke_engine *e, const struct mobile *m, const struct ha_bu *bu,
	     enum lke_drop reason, uint8_t status, uint16_t lifetime);
/* Sends a Binding Error within its limits (RFC 6275 9.3.3, AMB-176); status 1 or 2. */
void ha_send_be(struct lke_engine *e, const struct pkt *p, uint8_t status);
/* Is src a neighbour on the link the packet came from, so that an answer need not be routed? */
bool ha_on_link(const struct pkt *p);

#endif

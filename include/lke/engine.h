/* SPDX-License-Identifier: ISC */
/*
 * liblke: Local Key Exchange for Mobile IPv6 (draft-liu-mobileip-lke-01) as a sans-I/O engine.
 *
 *	lke_engine_input(e, &event, now);
 *	while ((a = lke_engine_next_action(e)))
 *		carry_out(a);
 *	arm_timer(lke_engine_deadline(e));
 *
 * The engine opens no socket, reads no clock, draws no randomness, touches no file and logs
 *nothing.  The same configuration, seed and events give the same actions, byte for byte.  An engine
 *is used by one thread at a time; engines share nothing.
 */
#ifndef LKE_ENGINE_H
#define LKE_ENGINE_H

#include "lke/action.h"
#include "lke/config.h"
#include "lke/error.h"
#include "lke/event.h"
#include "lke/types.h"

struct lke_engine;

/* Makes an engine.  cfg is copied.  Returns 0, LKE_ERR_INVAL, LKE_ERR_NOMEM or LKE_ERR_CRYPTO. */
int lke_engine_new(const struct lke_config *cfg, lke_time now, struct lke_engine **ret_engine)
	__attribute__((warn_unused_result));

/* Frees the engine and wipes its secrets; NULL is allowed.  Call lke_engine_stop() first for a
 * clean leave. */
void lke_engine_free(struct lke_engine *e);

/*
 * Queues the actions that undo everything the engine set up (addresses, paths, steering, tunnels;
 * final Router Advertisements with lifetime 0).  Afterwards the engine accepts no events.
 */
void lke_engine_stop(struct lke_engine *e, lke_time now);

/*
 * Feeds one event.  now never goes back.  Timers that are due are served first.
 * Returns 0 or, for LKE_EV_PACKET, -(int)enum lke_drop; other errors are enum lke_error.
 */
int lke_engine_input(struct lke_engine *e, const struct lke_event *ev, lke_time now);

/* The oldest queued action, or NULL.  Valid until the next call of this function or of
 * lke_engine_input(). */
const struct lke_action *lke_engine_next_action(struct lke_engine *e);

/* When lke_engine_input() must be called with LKE_EV_TIMER at the latest; LKE_NEVER if nothing is
 * pending. */
lke_time lke_engine_deadline(const struct lke_engine *e);

/*
 * What a mobile node keeps over a restart of its program, not of its host (AMB-131): LBSAs,
 * sequence numbers. The clock must be the same, so a copy of a former boot is refused.  Sealed with
 * the stable secret of the configuration; it contains keys all the same: keep it in memory,
 * readable by nobody else, and wipe buf.
 */
#define LKE_STATE_MAX 4096
/* Returns the length in buf (at most LKE_STATE_MAX), LKE_ERR_SPACE, LKE_ERR_CRYPTO, or
 * LKE_ERR_NOENT when there is nothing to keep.  Call it before lke_engine_stop(). */
int lke_engine_save(struct lke_engine *e, uint8_t *buf, size_t size)
	__attribute__((warn_unused_result));
/* Would lke_engine_save() give something else than the last time, the time of saving apart? */
bool lke_engine_save_due(const struct lke_engine *e);
/* Between lke_engine_new() and the first event.  Returns 0 or LKE_ERR_INVAL (not ours, damaged, of
 * another version, configuration or boot; nothing is taken over then), LKE_ERR_STATE,
 * LKE_ERR_NOMEM, LKE_ERR_CRYPTO. */
int lke_engine_restore(struct lke_engine *e, const uint8_t *buf, size_t len)
	__attribute__((warn_unused_result));

/*
 * What an access router keeps over a restart (AMB-130; keep_state of the configuration): a stream
 * of records.  LKE_ACT_RECORD carries each change; this gives all of it again, one record a call,
 * for a store that begins anew.  Changes meanwhile come as actions: in the order of writing, the
 * last record about an object is right.  cursor: zeroed before the first call.  Returns the length
 * in buf (LKE_RECORD_MAX octets; it holds keys, wipe it), 0 at the end, or LKE_ERR_SPACE.
 */
#define LKE_RECORD_MAX 2048
struct lke_record_cursor {
	unsigned stage;
	uint32_t key_id;
	size_t at, of;
};
int lke_engine_next_record(const struct lke_engine *e, struct lke_record_cursor *cursor,
			   uint8_t buf[LKE_RECORD_MAX]) __attribute__((warn_unused_result));

/* --- Views: copies of state for `show`, metrics and tests.  *cursor starts at 0; false at the end.
 * --- */

/* clang-format off */
#define LKE_LBSA_STATE_LIST(X) \
	X(TENTATIVE, "tentative") \
	X(VALID, "valid") \
	X(TOMBSTONE, "tombstone")
/* clang-format on */
enum lke_lbsa_state {
#define X(id, name) LKE_LBSA_##id,
	LKE_LBSA_STATE_LIST(X)
#undef X
		LKE_LBSA_STATE_COUNT
};

struct lke_lbsa_view {
	enum lke_role role; /* LKE_ROLE_AR or LKE_ROLE_MN */
	uint32_t ifindex;
	struct lke_in6 coa, ar; /* care-of address, AR address */
	struct lke_in6 peer_ll; /* link-local address of the other side */
	struct lke_lladdr peer_lladdr;
	enum lke_lbsa_state state;
	bool proved, cached_na, bound;
	bool leaving;  /* AR: packets for it are kept */
	bool previous; /* MN: there is a newer one, which no Binding Update has proved yet */
	lke_time expires;
	uint16_t kex_seq;
	bool has_bu_seq;
	uint16_t bu_seq;
};
bool lke_engine_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret);
/* How many are in each state, of an access router or a mobile node; without looking at each. */
void lke_engine_count_lbsas(const struct lke_engine *e, enum lke_role role,
			    size_t ret[LKE_LBSA_STATE_COUNT]);
/* Of an access router, how many of them have a cached advertisement (draft 4.3). */
size_t lke_engine_count_cached_na(const struct lke_engine *e);
/* The key of the LBSA that lke_engine_next_lbsa() gave last with this cursor: a secret, for key
 * logs that an operator asked for.  The caller wipes it. */
void lke_engine_lbsa_key(const struct lke_engine *e, size_t cursor, uint8_t ret_kbm[LKE_KBM_LEN]);

/* clang-format off */
#define LKE_BINDING_STATE_LIST(X) \
	X(PENDING, "pending") \
	X(UNVERIFIED, "unverified") \
	X(OK, "forwarding") \
	X(SUSPENDED, "suspended")
/* clang-format on */
enum lke_binding_state {
#define X(id, name) LKE_BINDING_##id,
	LKE_BINDING_STATE_LIST(X)
#undef X
		LKE_BINDING_STATE_COUNT
};

/* AR, HA: an entry of the binding cache.  MN: an entry of the binding update list (RFC 6275 11.1).
 */
struct lke_binding_view {
	enum lke_role role;
	struct lke_in6 home, agent, coa;
	enum lke_binding_state state;
	uint16_t seq;
	lke_time expires; /* LKE_NEVER while nothing is granted */
	/* MN: Binding Updates without an answer since the last one; 0: none is outstanding */
	unsigned unanswered;
	uint8_t refused; /* MN: status of the last answer, if it refused; 0: it did not */
};
bool lke_engine_next_binding(const struct lke_engine *e, size_t *cursor,
			     struct lke_binding_view *ret);
/* The entry of the binding cache for a home address; false: none. */
bool lke_engine_find_binding(const struct lke_engine *e, const struct lke_in6 *home,
			     struct lke_binding_view *ret);

/* Addresses of this host on an interface, as LKE_EV_ADDR told of them. */
struct lke_address_view {
	struct lke_in6 addr;
	uint8_t prefix_len;
	bool tentative;
};
/* false: no more of them. */
bool lke_engine_next_address(const struct lke_engine *e, uint32_t ifindex, size_t *cursor,
			     struct lke_address_view *ret);

/* MN: routers heard on its links. */
struct lke_router_view {
	uint32_t ifindex;
	struct lke_in6 ll;
	struct lke_lladdr lladdr;
	bool chosen, lke;
	uint16_t rsa_bits;
	lke_time expires;
	struct lke_in6 coa; /* care-of address on this link, or :: */
	bool coa_tentative;
	struct lke_in6 rdnss[8]; /* DNS servers it names, RFC 8106 */
	unsigned rdnss_count;
};
bool lke_engine_next_router(const struct lke_engine *e, size_t *cursor,
			    struct lke_router_view *ret);

/* HA: policy entries with their sequence state. */
struct lke_mobile_view {
	char name[LKE_NAME_MAX];
	struct lke_in6 home;
	bool suspended, has_seq;
	bool floor_lost; /* its numbers are unknown: refused until it gets another key */
	uint16_t last_seq;
	uint32_t generation, used;
	uint32_t next_generation; /* of the key that is to follow; 0: none */
	uint32_t advances;	  /* of the last one or two days, */
	lke_time over;		  /* this long */
	uint64_t accepted, refused;
};
bool lke_engine_next_mobile(const struct lke_engine *e, size_t *cursor,
			    struct lke_mobile_view *ret);
/* HA: another home agent on a home link, RFC 6275 10.1. */
struct lke_agent_view {
	uint32_t ifindex;
	struct lke_in6 ll;
	uint16_t preference;
	lke_time expires;
	struct lke_in6 addr[4]; /* global addresses */
	unsigned addrs;
};
bool lke_engine_next_agent(const struct lke_engine *e, size_t *cursor, struct lke_agent_view *ret);
/* What the engine will do by itself. */
struct lke_timer_view {
	const char *name; /* "binding_end", "key_exchange"; lower case and underscores */
	enum lke_role role;
	uint32_t ifindex;    /* 0: of no interface */
	struct lke_in6 addr; /* whose: care-of, home or router address; :: of none */
	lke_time at;	     /* due */
};
#define LKE_TIMERS_MAX 1000
/* Writes the next max timers to ret, earliest first; at most LKE_TIMERS_MAX.  Returns how many;
 * *ret_all is how many there are. */
size_t lke_engine_timers(const struct lke_engine *e, struct lke_timer_view *ret, size_t max,
			 size_t *ret_all);

/* How full a table is that the network fills. */
struct lke_limit_view {
	const char *name; /* "lbsas", "bindings"; lower case and underscores */
	uint32_t ifindex; /* 0: of all interfaces */
	uint64_t used, limit;
};
bool lke_engine_next_limit(const struct lke_engine *e, size_t *cursor, struct lke_limit_view *ret);
/* Whole days until the limit (2^15 or 2^16, AMB-172) at this rate; UINT32_MAX while no rate is
 * known. */
uint32_t lke_sequence_days(uint32_t used, uint32_t limit, uint32_t advances, lke_time over);

/* LKE_STAT_x, name */
/* clang-format off */
#define LKE_STAT_LIST(X) \
	X(PACKETS_IN, "packets_in") \
	X(PACKETS_OUT, "packets_out") \
	X(RA_SENT, "ra_sent") \
	X(RS_IN, "rs_in") \
	X(RA_IN, "ra_in") \
	X(RA_INCONSISTENT, "ra_inconsistent") \
	X(RS_SENT, "rs_sent") \
	X(KEREQ_IN, "kereq_in") \
	X(KEREQ_SENT, "kereq_sent") \
	X(KEACK_IN, "keack_in") \
	X(KEACK_SENT, "keack_sent") \
	X(KEACK_REFUSED, "keack_refused") \
	X(RSA_PRIVATE, "rsa_private") \
	X(RSA_PUBLIC, "rsa_public") \
	X(DAD_RUNS, "dad_runs") \
	X(DAD_GOOD, "dad_good") \
	X(DAD_BAD, "dad_bad") \
	X(CACHED_NA_SENT, "cached_na_sent") \
	X(PROXY_NA_SENT, "proxy_na_sent") \
	X(BU_IN, "bu_in") \
	X(BU_ACCEPTED, "bu_accepted") \
	X(BU_REFUSED, "bu_refused") \
	X(BU_SENT, "bu_sent") \
	X(BA_IN, "ba_in") \
	X(BA_SENT, "ba_sent") \
	X(FINISHED_IN, "finished_in") \
	X(FINISHED_SENT, "finished_sent") \
	X(BRR_IN, "brr_in") \
	X(BRR_SENT, "brr_sent") \
	X(HANDOVERS, "handovers") \
	X(LEAVES, "leaves") \
	X(LEAVES_LOST, "leaves_lost") \
	X(FALLBACKS, "fallbacks") \
	X(REPLAYS_REJECTED, "replays_rejected") \
	X(DISCOVERY_ANSWERED, "discovery_answered") \
	X(CARE_OF_PROBES, "care_of_probes") \
	X(CARE_OF_PROVED, "care_of_proved") \
	X(MPA_SENT, "mobile_prefix_advertisements_sent") \
	X(ACTIONS_LOST, "actions_lost")
/* clang-format on */
enum lke_stat {
#define X(id, name) LKE_STAT_##id,
	LKE_STAT_LIST(X)
#undef X
		LKE_STAT_COUNT
};
uint64_t lke_engine_stat(const struct lke_engine *e, enum lke_stat which);
uint64_t lke_engine_drops(const struct lke_engine *e, enum lke_drop reason);

/* Names for people and JSON; static storage, never NULL. */
const char *lke_stat_name(enum lke_stat s);
const char *lke_note_name(enum lke_note_type t);
const char *lke_msg_name(enum lke_msg m);
const char *lke_lbsa_state_name(enum lke_lbsa_state s);
const char *lke_binding_state_name(enum lke_binding_state s);
/* Meaning of a Binding Acknowledgement or Key Exchange Acknowledgement status. */
const char *lke_status_text(uint8_t status);

/*
 * One line of text for an action, as the simulator's trace and the tests use it.  Secrets are left
 * out. Returns the length it has or would have without the limit, as snprintf does.
 */
size_t lke_action_format(const struct lke_action *a, char *buf, size_t size);

/*
 * A sentence for a note, as the log and `lke monitor` have it; the interface is left out.  For a
 * protocol message lke_message_format() leaves out the direction, too.  Both return the length as
 * above; 400 octets hold every one.
 */
size_t lke_note_format(const struct lke_note *n, char *buf, size_t size);
size_t lke_message_format(const struct lke_note *n, char *buf, size_t size);

#endif

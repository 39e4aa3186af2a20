/* SPDX-License-Identifier: ISC */
/*
 * The access router's Local Binding Security Associations (draft 1.1, 2.1).
 *
 * One entry for a care-of address on an interface holds up to three instances: the VALID one, a
 * TENTATIVE one whose duplicate address detection runs (AMB-052) and the newest TOMBSTONE
 * (AMB-097).  All instances are also found by their key, since a Kbm is never used twice (AMB-034).
 * Counts per interface and per link-layer address are of VALID and TENTATIVE instances (AMB-128).
 *
 * The replay cache holds 8-octet keyed hashes of key exchange data accepted under one RSA key
 * (AMB-051).
 */
#ifndef CORE_LBSA_H
#define CORE_LBSA_H

#include "base/in6.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/timerq.h"
#include "lke/engine.h"

struct dad_run;	   /* ar_dad.c */
struct ar_reach;   /* ar_finished.c */
struct ar_buffer;  /* ar_buffer.c */
struct ar_held_ba; /* ar_state.c */

struct lbsa_key {
	uint32_t ifindex;
	struct lke_in6 coa;
};

struct lbsa;
struct lbsa_entry {
	struct table_node node;
	struct lbsa_key key;
	struct lbsa *inst[LKE_LBSA_STATE_COUNT];
	lke_time answered; /* last cached or own NA, AMB-090 */
};

struct lbsa {
	struct table_node node;
	struct secret16 kbm; /* key of the table by key */
	struct lbsa_entry *entry;
	size_t index; /* in lbsa_cache.all */
	enum lke_lbsa_state state;
	struct lke_in6 ar, peer_ll; /* AR address; link-local of the mobile node */
	struct lke_lladdr peer_lladdr;
	bool proved; /* made with a good request proof, AMB-170 */
	lke_time expires, first_request, next_renewal;
	uint16_t kex_seq, bu_seq;
	bool has_bu_seq;
	uint8_t *na; /* cached Neighbor Advertisement, draft 4.3 */
	size_t na_len;
	struct timer timer; /* end of the instance */
	struct dad_run *dad;
	struct ar_reach *reach;
	struct ar_buffer *buffer; /* the node leaves its link */
	bool gone;		  /* it left and was not heard of since */
	/* what outlives a restart, ar_state.c */
	uint64_t id; /* 0: not recorded */
	bool has_durable;
	uint16_t durable_seq;	 /* of Binding Updates, on stable storage */
	struct ar_held_ba *held; /* an acknowledgement that waits to be recorded */
};

struct lbsa_cache {
	struct table by_coa, by_key, counts;
	struct lbsa **all;
	size_t n, cap;
	size_t in_state[LKE_LBSA_STATE_COUNT], with_na;
};

/* max: VALID and TENTATIVE instances there may ever be; as many tombstones fit beside them. */
int lbsa_cache_init(struct lbsa_cache *c, size_t max, const uint8_t secret[16])
	__attribute__((warn_unused_result));
/* Another max.  Fewer than there are: they stay, and no further one comes. */
void lbsa_cache_limit(struct lbsa_cache *c, size_t max);
/* Frees and wipes everything that is left. */
void lbsa_cache_done(struct lbsa_cache *c);

struct lbsa_entry *lbsa_entry_find(const struct lbsa_cache *c, uint32_t ifindex,
				   const struct lke_in6 *coa);
/* The instance in this state, or NULL. */
struct lbsa *lbsa_find(const struct lbsa_cache *c, uint32_t ifindex, const struct lke_in6 *coa,
		       enum lke_lbsa_state state);
struct lbsa *lbsa_by_kbm(const struct lbsa_cache *c, const struct secret16 *kbm);
/* Instances of the interface (ll NULL) or of one link-layer address on it. */
uint32_t lbsa_count(const struct lbsa_cache *c, uint32_t ifindex, const struct lke_lladdr *ll);

/* Is there no place for one more instance? */
bool lbsa_cache_full(const struct lbsa_cache *c);
/* The tombstone that ends first, or NULL. */
struct lbsa *lbsa_oldest_tombstone(const struct lbsa_cache *c);

/*
 * Makes a TENTATIVE instance from the plain members of tmpl (kbm to bu_seq; not entry, timer,
 * pointers). The entry must have none.  0, LKE_ERR_EXIST (key in use), LKE_ERR_FULL or
 * LKE_ERR_NOMEM.
 */
int lbsa_add(struct lbsa_cache *c, uint32_t ifindex, const struct lke_in6 *coa,
	     const struct lbsa *tmpl, struct lbsa **ret) __attribute__((warn_unused_result));
/* Moves an instance to a state whose place in the entry is free.  0 or LKE_ERR_NOMEM, LKE_ERR_FULL
 * (only when a tombstone comes back to life). */
int lbsa_set_state(struct lbsa_cache *c, struct lbsa *l, enum lke_lbsa_state state);
/* Takes the advertisement over, in place of the one before; NULL: none. */
void lbsa_set_na(struct lbsa_cache *c, struct lbsa *l, uint8_t *na, size_t len);
/* Wipes and frees; the timer must not be armed, dad and reach must be gone. */
void lbsa_del(struct lbsa_cache *c, struct lbsa *l);

struct replay {
	uint64_t *slot; /* open addressing; 0 is free */
	size_t cap, n;
	uint64_t secret[2];
};
void replay_init(struct replay *r, const uint8_t secret[16]);
void replay_done(struct replay *r);
uint64_t replay_hash(const struct replay *r, const uint8_t *data, size_t len);
/* As replay_add(), of a hash that was kept. */
int replay_add_hash(struct replay *r, uint64_t hash) __attribute__((warn_unused_result));
bool replay_has(const struct replay *r, const uint8_t *data, size_t len);
/* 0 (also when it is there already), LKE_ERR_FULL at AR_REPLAY_MAX, LKE_ERR_NOMEM. */
int replay_add(struct replay *r, const uint8_t *data, size_t len)
	__attribute__((warn_unused_result));

#endif

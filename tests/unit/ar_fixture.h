/* SPDX-License-Identifier: ISC */
/*
 * An access router in a real engine, in virtual time: what it sends is kept, a toy stands in for
 * the RSA worker, and a well-behaved mobile node answers by itself unless a test says otherwise.
 */
#ifndef AR_FIXTURE_H
#define AR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../both_profiles.h"

#include "core/params.h"
#include "crypto/crypto.h"
#include "lke/engine.h"
#include "wire/lke_message.h"

enum {
	ARF_LAN = 2,
	ARF_UP = 3,
	ARF_MODULUS = 128,
	ARF_SENT_MAX = 512,
	ARF_NOTES_MAX = 1024,
};

/* A mobile node on the link. */
struct arf_mn {
	struct lke_in6 ll, coa, new_coa;
	struct lke_lladdr lladdr;
	uint8_t kbm[16];
	const uint8_t *old_kbm; /* adds a renewal proof */
	uint16_t seq, bu_seq;
	uint16_t lifetime; /* requested, seconds */
	uint8_t salt;	   /* of the toy encryption */
	bool no_proof;	   /* a draft01 peer */
	bool bad_proof, no_lifetime_check;
};

struct arf_sent {
	enum lke_msg msg;
	uint32_t ifindex;
	struct lke_lladdr dst;
	uint8_t pkt[2048];
	size_t len;
	struct ip6_info ip;
	lke_time at;
};

/* What the engine wanted to be kept. */
struct arf_record {
	uint8_t data[LKE_RECORD_MAX];
	size_t len;
	uint64_t cookie;
	bool durable, told;
};

struct arf {
	struct lke_engine *e;
	struct lke_config cfg;
	uint32_t key_id;
	struct arf_record *record; /* with keep_state */
	unsigned records, records_cap;
	bool hold_records; /* the disk is slow */
	int record_err;	   /* or fails */
	lke_time now;
	struct arf_sent sent[ARF_SENT_MAX];
	unsigned sents;
	struct lke_note note[ARF_NOTES_MAX];
	unsigned notes;
	struct lke_action tunnel; /* the last TUNNEL action */
	struct lke_act_buffer buffer[64];
	unsigned buffers;
	bool hold_kernel; /* the answer to an interception is kept back */
	bool kernel_refuses;
	uint64_t intercept_cookie;
	struct lke_in6 intercepted[64], intercept_asked;
	unsigned intercepts, groups, decrypts;
	unsigned mine;			/* addresses whose tunnel packets are steered to us */
	const struct arf_mn *neighbour; /* answers ordinary solicitations for its address */
	const struct arf_mn *dad;	/* answers DAD with authentication */
	unsigned rsa_news, rsa_drops;	/* keys asked for, keys to forget */
	uint64_t rsa_new_cookie;
	uint32_t rsa_dropped;
	bool hold_rsa; /* the worker keeps the answer */
	uint64_t cookie;
	uint8_t kbm[16];
	bool kbm_ok;
};

struct lke_in6 arf_addr(const char *text);
struct arf_mn arf_mobile(unsigned n);

/* draft01 and finished as said; tune may be NULL. */
void arf_open(struct arf *f, enum lke_profile profile, void (*tune)(struct lke_config *cfg));
void arf_close(struct arf *f);
bool arf_draft01(const struct arf *f);
/* Results of what was recorded so far. */
void arf_tell_records(struct arf *f);
/* Another engine with the first records of this one; new_key: the RSA key did not survive. */
void arf_restart(struct arf *f, unsigned records, int64_t shift, bool raise, bool new_key);
void arf_rsa_key(struct arf *f, uint32_t id);
void arf_release_rsa(struct arf *f);
void arf_release_kernel(struct arf *f);
void arf_run(struct arf *f, lke_time duration);
int arf_feed(struct arf *f, uint32_t ifindex, const struct lke_lladdr *ll, const uint8_t *pkt,
	     size_t len);
void arf_event(struct arf *f, const struct lke_event *ev);

/* Newest packet of the kind since index from; NULL if none. */
const struct arf_sent *arf_last(const struct arf *f, enum lke_msg msg);
unsigned arf_count(const struct arf *f, enum lke_msg msg);
unsigned arf_notes(const struct arf *f, enum lke_note_type type);

size_t arf_make_kereq(const struct arf_mn *m, uint8_t *buf, size_t size);
int arf_kereq(struct arf *f, const struct arf_mn *m);
/* Status of the newest KEAck after verifying its HMAC with the node's key. */
uint8_t arf_keack(const struct arf *f, const struct arf_mn *m, struct mh_keack *ret);

enum arf_na {
	ARF_NA_GOOD,
	ARF_NA_PLAIN,
	ARF_NA_BAD_MAC,
	ARF_NA_WRONG_NONCE,
	ARF_NA_WRONG_AR,
	ARF_NA_WRONG_SOURCE,
	ARF_NA_SOLICITED,
};
size_t arf_make_na(const struct arf_mn *m, const struct arf_sent *ns, enum arf_na kind,
		   uint8_t *buf, size_t size);
int arf_na(struct arf *f, const struct arf_mn *m, const struct arf_sent *ns, enum arf_na kind);
/* DAD Neighbor Solicitation of a third node for the address. */
int arf_dad_ns(struct arf *f, const struct lke_in6 *target, const struct lke_lladdr *from);
struct lke_lladdr arf_lladdr(uint8_t last);

/* A whole exchange; the LBSA is VALID afterwards. */
void arf_attach(struct arf *f, const struct arf_mn *m);
/* State of the LBSA with this address: true if there is one. */
bool arf_has(const struct arf *f, const struct lke_in6 *coa, enum lke_lbsa_state state,
	     struct lke_lbsa_view *ret);
bool arf_binding(const struct arf *f, const struct lke_in6 *home, struct lke_binding_view *ret);

struct arf_bu {
	uint16_t flags, lifetime;
	bool at_home; /* source is the old care-of address, on the link */
	bool no_auth, bad_auth, nonce_indices;
	bool leaving; /* an announced leave */
	const struct lke_in6 *alt_coa, *to;
	const uint8_t *kbm; /* other than the node's */
};
size_t arf_make_bu(const struct arf_mn *m, const struct arf_bu *o, uint8_t *buf, size_t size);
int arf_bu(struct arf *f, const struct arf_mn *m, const struct arf_bu *o);
/* The newest BA, decoded; *ret_signed: its Authenticator verifies with kbm. */
struct mh_ba arf_ba(const struct arf *f, const uint8_t kbm[16], bool *ret_signed);
size_t arf_seal_finished(const struct arf_mn *m, const struct ip6_out *ip,
			 const struct mh_finished *fin, uint8_t *buf, size_t size);
int arf_finished(struct arf *f, const struct arf_mn *m, const struct mh_ba *ba, bool bad_auth);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Records of what an access router keeps over a restart (AMB-130): their octets, and nothing else.
 *
 *	LBSA	all that is known of one instance; replaces an earlier record with the same id
 *	GONE	an instance has ended
 *	KEY	an RSA key: its age and the secret of its replay cache; the private key is not in it
 *	SEEN	hashes of key exchange data accepted under a key
 *
 * Times are nanoseconds of the boot in which the record was written; numbers are in network order.
 */
#ifndef CORE_AR_RECORD_H
#define CORE_AR_RECORD_H

#include "core/internal.h"

#define RECORD_COAS	 8 /* care-of addresses of an LBSA that are kept */
/* Octets of a cached advertisement: the draft's has 120, one with the options of SEND and a key of
 * 2048 bits 760 (RFC 3971).  A longer one proves nothing to this router. */
#define RECORD_NA_MAX	 1024
#define RECORD_SEEN_MAX	 64 /* hashes in one record */
#define RECORD_FLOOR_GAP 64 /* what is added to a floor that may be behind, AMB-151 */

enum record_kind {
	RECORD_LBSA = 1,
	RECORD_GONE,
	RECORD_KEY,
	RECORD_SEEN,
};

struct record_coa {
	struct lke_in6 coa;
	lke_time first_bu, proved_until, used;
	bool spent;
};

struct record_lbsa {
	uint64_t id;
	char interface[LKE_IFNAME_MAX];
	struct lke_in6 coa, ar, peer_ll;
	struct lke_lladdr peer_lladdr;
	struct secret16 kbm;
	enum lke_lbsa_state state; /* VALID or TOMBSTONE */
	bool proved, has_bu_seq, forgotten;
	uint16_t kex_seq, bu_seq;
	lke_time expires, first_request;
	uint8_t na[RECORD_NA_MAX];
	size_t na_len;
	struct record_coa reach[RECORD_COAS];
	unsigned coas;
	bool bound; /* the rest is about the binding */
	struct lke_in6 bound_coa;
	enum lke_binding_state binding;
	lke_time binding_expires;
};

struct record_key {
	uint32_t key_id;
	lke_time since, gone; /* became current; the grace ends (0: it is the current one) */
	uint8_t secret[16];
};

struct record_seen {
	uint32_t key_id;
	unsigned n;
	uint64_t hash[RECORD_SEEN_MAX];
};

struct record {
	enum record_kind kind;
	union {
		struct record_lbsa lbsa;
		uint64_t gone; /* id */
		struct record_key key;
		struct record_seen seen;
	};
};

/* Length in buf, or LKE_ERR_SPACE. */
int record_encode(const struct record *r, uint8_t *buf, size_t size)
	__attribute__((warn_unused_result));
/* Exactly one whole record with every field in its range: 0, else LKE_ERR_INVAL.  The caller wipes
 * ret, also after a failure. */
int record_decode(const uint8_t *buf, size_t len, struct record *ret)
	__attribute__((warn_unused_result));

/*
 * Makes a record of another boot one of this boot: times move by shift nanoseconds, and stay at 1
 * if that would be before the boot.  raise: sequence floors may be behind what was acknowledged, so
 * RECORD_FLOOR_GAP is added to them.
 */
void record_adjust(struct record *r, int64_t shift, bool raise);

#endif

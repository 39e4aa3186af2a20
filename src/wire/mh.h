/* SPDX-License-Identifier: ISC */
/*
 * Mobility Header messages: RFC 6275 section 6.1 and draft-liu-mobileip-lke-01 section 3.2.
 * Mobility options are known by (MH type, option type, length), AMB-003, AMB-004.
 */
#ifndef WIRE_MH_H
#define WIRE_MH_H

#include "wire/ip6.h"

enum {
	MH_BRR = 0,
	MH_HOTI = 1,
	MH_COTI = 2,
	MH_HOT = 3,
	MH_COT = 4,
	MH_BU = 5,
	MH_BA = 6,
	MH_BE = 7,
	MH_KEREQ = 8,
	MH_KEACK = 9,
	MH_FINISHED = 10, /* draft 3.2 */
	MH_FIXED_LEN = 6,

	MOPT_PAD1 = 0,
	MOPT_PADN = 1,
	MOPT_REFRESH_ADVICE = 2,
	MOPT_ALT_COA = 3,
	MOPT_NONCE_INDICES = 4,
	MOPT_AUTH_DATA = 5,
	MOPT_KE_LIFETIME = 3,	   /* in MH 8 */
	MOPT_KE_AR_ADDRESS = 4,	   /* in MH 9 */
	MOPT_KE_HMAC = 5,	   /* in MH 9 */
	MOPT_FINISHED_REQUEST = 6, /* in BA, length 6 */
	MOPT_PROOF = 18,	   /* in MH 8, length 22, AMB-170 */
	PROOF_RENEWAL = 1,
	PROOF_REQUEST = 2,
	MOPT_MOVE = 18, /* in BU, length 2: an announced move, docs/adr/0030 */
	MOVE_LEAVING = 3,

	BU_A = 0x8000,
	BU_H = 0x4000,
	BU_L = 0x2000,
	BU_K = 0x1000,
	BA_K = 0x80,
	AUTH_DATA_LEN = 12,
	LIFETIME_UNIT = 4, /* seconds, BU, BA, KEAck, Finished */
};

enum mh_status {
	STATUS_ACCEPTED = 0,
	STATUS_PREFIX_DISCOVERY = 1,
	STATUS_UNSPECIFIED = 128,
	STATUS_PROHIBITED = 129,
	STATUS_RESOURCES = 130,
	STATUS_NO_HOME_REGISTRATION = 131,
	STATUS_NOT_HOME_SUBNET = 132,
	STATUS_NOT_HOME_AGENT = 133,
	STATUS_DAD_FAILED = 134,
	STATUS_SEQUENCE = 135,
	STATUS_TYPE_CHANGE = 139,
	STATUS_INVALID_COA = 174,
};

/* The common part, checked by mh_check(). */
struct mh_view {
	uint8_t type;
	const uint8_t *p; /* MH from Payload Proto */
	size_t len; /* (Header Len + 1) * 8, equal to the octets left in the packet (AMB-028) */
};
/*
 * Checks Header Len, Payload Proto 59, minimum length of the type and checksum; the pseudo header's
 * addresses are home addresses where the packet has any (ip6_pseudo_src()).  mh may stand in a
 * decrypted buffer. Order: length, checksum, proto, type.  0 or -enum lke_drop.
 */
int mh_check(const uint8_t *mh, size_t len, const struct lke_in6 *pseudo_src,
	     const struct lke_in6 *pseudo_dst, struct mh_view *ret);

struct mh_proof {
	bool present;
	size_t mac_off; /* offset of the 20 HMAC octets from the start of the MH */
	uint8_t mac[20];
};
struct mh_kereq {
	uint16_t seq;
	const uint8_t *data;		  /* Key Exchange Data, in place */
	size_t data_len;		  /* = modulus_len asked for */
	uint16_t lifetime;		  /* Requested lifetime, seconds */
	struct mh_proof request, renewal; /* AMB-170 */
	unsigned proofs_len22;		  /* all option 18 of Len 22, whatever sub-type */
	size_t proof_off[8]; /* their HMAC offsets from the start of the MH, in order */
	bool proofs_wrong;   /* one sub-type twice, or more than there is room for */
};
/* modulus_len: octets of the receiver's RSA modulus (AMB-014).  0 or -LKE_DROP_MH_OPTION /
 * -LKE_DROP_MH_LENGTH. */
int mh_kereq_decode(const struct mh_view *v, size_t modulus_len, struct mh_kereq *ret);

struct mh_keack {
	uint8_t status;
	uint16_t seq, lifetime; /* lifetime in units of 4 s */
	struct lke_in6 ar;
	uint8_t mac[20];
	size_t mac_off; /* from the start of the MH */
};
int mh_keack_decode(const struct mh_view *v, struct mh_keack *ret);

struct mh_auth_data {
	bool present, well_placed; /* well_placed: length 12, last, nothing behind it */
	uint8_t mac[AUTH_DATA_LEN];
};
struct mh_bu {
	uint16_t seq, flags, lifetime; /* lifetime in units of 4 s */
	bool has_alt_coa, has_nonce_indices;
	uint16_t home_index, coa_index; /* of has_nonce_indices */
	struct lke_in6 alt_coa;
	bool leaving; /* option 18, sub-type 3: the sender is about to leave its link */
	struct mh_auth_data auth;
};
int mh_bu_decode(const struct mh_view *v, struct mh_bu *ret);

struct mh_ba {
	uint8_t status, flags;
	uint16_t seq, lifetime;
	bool has_finished_request; /* option 6, length 6 (r is ignored, AMB-111) */
	bool finished_r;
	uint32_t nonce;
	bool has_refresh_advice;
	uint16_t refresh_advice; /* units of 4 s */
	struct mh_auth_data auth;
};
int mh_ba_decode(const struct mh_view *v, struct mh_ba *ret);

struct mh_finished {
	uint8_t status;
	uint16_t seq, lifetime;
	uint32_t nonce;
	struct mh_auth_data auth;
};
int mh_finished_decode(const struct mh_view *v, struct mh_finished *ret);

struct mh_be {
	uint8_t status; /* 1 unknown binding for HAO, 2 unrecognised MH type */
	struct lke_in6 home;
};
int mh_be_decode(const struct mh_view *v, struct mh_be *ret);

/*
 * Encoders write one MH at w (from Payload Proto), padded, Header Len set, Checksum 0 and MAC
 * octets 0; they give the layouts of AMB-015..017.  *_off out-parameters are offsets from the start
 * of the MH; those of a proof are set only when it is present.  Nonce Indices are never sent.
 */
void mh_kereq_encode(struct wr *w, const struct mh_kereq *m, size_t *ret_request_off,
		     size_t *ret_renewal_off);
void mh_keack_encode(struct wr *w, const struct mh_keack *m, size_t *ret_mac_off);
/* with_auth: append Binding Authorization Data (LKE); else the message ends after its options (ESP,
 * unsigned). */
void mh_bu_encode(struct wr *w, const struct mh_bu *m, bool with_auth);
void mh_ba_encode(struct wr *w, const struct mh_ba *m, bool with_auth);
void mh_finished_encode(struct wr *w, const struct mh_finished *m);
void mh_brr_encode(struct wr *w);
void mh_be_encode(struct wr *w, const struct mh_be *m);
/* Sets the checksum of the MH [mh_off, w->off) with these pseudo header addresses. */
void mh_set_checksum(struct wr *w, size_t mh_off, const struct lke_in6 *src,
		     const struct lke_in6 *dst);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Errors of the API (negative return values) and reasons for dropping a packet.
 *
 * A bad packet is an outcome, not an error: each reason below has one counter and at least one
 * test. Functions that judge a packet return 0 or -(int)reason, so that one value says everything.
 */
#ifndef LKE_ERROR_H
#define LKE_ERROR_H

/* API errors: below every drop reason, so that the two never mix. */
enum lke_error {
	LKE_ERR_NOMEM = -1001,	/* allocation failed; nothing changed */
	LKE_ERR_INVAL = -1002,	/* an argument or a configuration value is out of range */
	LKE_ERR_CRYPTO = -1003, /* the crypto library failed */
	LKE_ERR_FULL = -1004,	/* a bounded table is full; nothing changed */
	LKE_ERR_NOENT = -1005,	/* no such object */
	LKE_ERR_EXIST = -1006,	/* already there */
	LKE_ERR_STATE = -1007,	/* not possible in this state */
	LKE_ERR_SPACE = -1008,	/* output buffer too small */
	LKE_ERR_SYS = -1009,	/* system call failed, see errno */
};

/* LKE_DROP_x, counter name, what it means */
/* clang-format off */
#define LKE_DROP_LIST(X) \
	X(NONE, "none", "not dropped") \
	X(SHORT, "short", "packet or message shorter than its fixed part") \
	X(IP_VERSION, "ip_version", "not IPv6 or wrong payload length") \
	X(EXT_HEADER, "ext_header", "malformed, repeated or misplaced extension header") \
	X(EXT_CHAIN, "ext_chain", "too many extension headers") \
	X(FRAGMENT, "fragment", "fragment that is malformed, overlaps others or may not be one") \
	X(HAO, "hao", "Home Address option malformed, repeated or not allowed here") \
	X(RH2, "rh2", "type 2 routing header malformed or not allowed here") \
	X(CHECKSUM, "checksum", "checksum wrong") \
	X(ND_HOPLIMIT, "nd_hop_limit", "Neighbor Discovery with a hop limit other than 255") \
	X(ND_CODE, "nd_code", "Neighbor Discovery with an ICMP code other than 0") \
	X(ND_OPTION, "nd_option", "ND option of length zero, overrun or trailing octets") \
	X(ND_INVALID, "nd_invalid", "Neighbor Discovery message breaks RFC 4861 section 6.1 or 7.1") \
	X(MH_LENGTH, "mh_length", "Mobility Header length differs from the payload or is too small for its type") \
	X(MH_PROTO, "mh_proto", "Mobility Header payload proto is not 59") \
	X(MH_TYPE, "mh_type", "unknown Mobility Header type") \
	X(MH_OPTION, "mh_option", "mobility option overrun, of wrong length, repeated or misplaced") \
	X(SCOPE_HOPLIMIT, "scope_hop_limit", "key exchange message with a hop limit other than 255") \
	X(SCOPE_ADDRESS, "scope_address", "address of the wrong scope or type for this message") \
	X(SCOPE_INTERFACE, "scope_interface", "message on an interface without this role") \
	X(NOT_OURS, "not_ours", "not addressed to this node") \
	X(OWN, "own", "own packet looped back") \
	X(RATE_LL, "rate_link_local", "rate limit of a link-local address") \
	X(RATE_MAC, "rate_link_layer", "rate limit of a link-layer address") \
	X(RATE_MOBILE, "rate_mobile", "Binding Updates of one mobile node above its rate") \
	X(RATE_RSA, "rate_rsa", "budget for private key operations used up") \
	X(RATE_DAD, "rate_dad", "budget for duplicate address detections used up") \
	X(RATE_ANSWER, "rate_answer", "answer suppressed by a rate limit") \
	X(NO_NEIGHBOUR, "no_neighbour", "no confirmed neighbour for the care-of address") \
	X(HELD, "held", "request waits for a neighbour confirmation or was replaced while waiting") \
	X(OWNER, "owner", "care-of address belongs to another owner") \
	X(REFUSED, "refused", "refused with a status") \
	X(REPLAY, "replay", "key exchange data seen before") \
	X(KEX_SEQ, "kex_sequence", "key exchange sequence number not greater than the last") \
	X(KEX_DECRYPT, "kex_decrypt", "key exchange data does not decrypt to 16 octets") \
	X(KEX_PROOF, "kex_proof", "request proof wrong") \
	X(KEX_UNEXPECTED, "kex_unexpected", "acknowledgement without an outstanding request") \
	X(KEX_MAC, "kex_mac", "acknowledgement fails verification") \
	X(KEX_KEY_UNUSABLE, "kex_key_unusable", "LKE capability option with an unusable key") \
	X(DAD_MAC, "dad_mac", "authentication option fails verification") \
	X(DAD_NONCE, "dad_nonce", "authentication option with a stale or unknown nonce") \
	X(NO_LBSA, "no_lbsa", "no local binding security association for this pair of addresses") \
	X(BAD_MISSING, "bad_missing", "Binding Authorization Data missing, not last or of wrong length") \
	X(BAD_MAC, "bad_mac", "Binding Authorization Data wrong") \
	X(SEQUENCE, "sequence", "sequence number of a Binding Update is old") \
	X(STATE, "state", "message does not fit the state") \
	X(FINISHED_UNMATCHED, "finished_unmatched", "Finished matches no outstanding acknowledgement") \
	X(BA_UNMATCHED, "ba_unmatched", "acknowledgement matches no outstanding Binding Update") \
	X(NO_BINDING, "no_binding", "no binding for this packet") \
	X(TUNNEL_OUTER, "tunnel_outer", "tunnel packet from an address that is not the bound care-of address") \
	X(TUNNEL_INNER, "tunnel_inner", "tunnelled packet with an inner address that is not the bound one") \
	X(TUNNEL_DEPTH, "tunnel_depth", "too many nested IPv6 headers") \
	X(TUNNEL_CREDIT, "tunnel_credit", "credit of an unproved care-of address used up or binding suspended") \
	X(BUFFER_FULL, "buffer_full", "packet for an absent mobile node pushed out of its full buffer") \
	X(BUFFER_TIME, "buffer_time", "packet for an absent mobile node whose time in the buffer was over") \
	X(TUNNEL_SCOPE, "tunnel_scope", "link-local or multicast traffic is not tunnelled") \
	X(TUNNEL_TOO_BIG, "tunnel_too_big", "packet too big for the tunnel") \
	X(TUNNEL_ECN, "tunnel_ecn", "congestion mark on the tunnel of a packet that cannot carry it") \
	X(HOP_LIMIT, "hop_limit", "hop limit exhausted") \
	X(ESP_SPI, "esp_spi", "no security association for this SPI and address") \
	X(ESP_ICV, "esp_icv", "ESP integrity check failed") \
	X(ESP_REPLAY, "esp_replay", "ESP sequence number seen before or too old") \
	X(ESP_SELECTOR, "esp_selector", "packet does not match the selectors of its security association") \
	X(ESP_FORMAT, "esp_format", "ESP packet malformed") \
	X(ESP_MISSING, "esp_missing", "message that needs ESP came without it") \
	X(NO_POLICY, "no_policy", "no policy entry for this home address") \
	X(SUSPENDED, "suspended", "service of this home address is suspended") \
	X(LIMIT, "limit", "a table is full") \
	X(NOMEM, "nomem", "out of memory") \
	X(STORE, "store", "could not be recorded, so it is not acknowledged")
/* clang-format on */

enum lke_drop {
#define X(id, name, text) LKE_DROP_##id,
	LKE_DROP_LIST(X)
#undef X
		LKE_DROP_COUNT
};

/* Short name ("bad_mac") and sentence of a drop reason; static storage, never NULL. */
const char *lke_drop_name(enum lke_drop reason);
const char *lke_drop_text(enum lke_drop reason);

/* Sentence for an API error; static storage, never NULL. */
const char *lke_strerror(int err);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * A mobile node's engine with access routers and a home agent played by the test, in virtual time.
 * Access router n has the link-local address fe80::n, the link-layer address 02:00:00:00:00:n, the
 * prefix 2001:db8:n::/64 and the address 2001:db8:n::1.
 */
#ifndef TESTS_MN_FIXTURE_H
#define TESTS_MN_FIXTURE_H

#include "check.h"

#include "../both_profiles.h"

#include "core/mobile_node.h"

#define FIX_ACTIONS 4096
#define FIX_IF	    7
#define FIX_IF2	    8 /* mn1, where there are two */

struct fix_action {
	struct lke_action a;
	uint8_t data[1024];
	size_t len;
};

struct fix {
	struct lke_config cfg;
	struct lke_engine *e;
	lke_time now;
	struct fix_action *out; /* everything since fix_clear() */
	size_t n;
	bool encrypt; /* answer LKE_ACT_ENCRYPT (default) */
	bool silent;  /* routers do not answer Neighbor Solicitations */
	uint32_t carrier;
	struct rsa_key *key;
	uint8_t spki[RSA_SPKI_MAX];
	size_t spki_len;
	struct sa ha_out;    /* of the home agent */
	struct secret16 kbm; /* of the KEReq that fix_keack() answered last */
	uint16_t ra_max_lifetime;
	bool ra_lke;
};

extern const struct lke_in6 fix_home, fix_agent, fix_ll;

/* homes: 0 or 1.  The engine knows the interface FIX_IF, down. */
void fix_start(struct fix *f, unsigned homes, enum lke_strategy strategy, enum lke_profile profile);
/* Changes the configuration of the next fix_start(); NULL: nothing. */
extern void (*fix_tweak)(struct lke_config *cfg);
void fix_end(struct fix *f);
void fix_clear(struct fix *f);
struct lke_in6 fix_addr(const char *text);
struct lke_in6 fix_ar_ll(unsigned n);
struct lke_in6 fix_ar_addr(unsigned n);
struct lke_lladdr fix_mac(unsigned n);

void fix_event(struct fix *f, const struct lke_event *ev);
void fix_run(struct fix *f, lke_time span); /* serves every deadline on the way */
void fix_link(struct fix *f, bool up);
int fix_packet(struct fix *f, unsigned from_mac, const uint8_t *data, size_t len);
int fix_ra(struct fix *f, unsigned ar);
/* The same with the prefixes and the router lifetime of m. */
int fix_ra_msg(struct fix *f, unsigned ar, const struct nd_msg *m);
/* A second interface, behind the first in the configuration: fix_tweak of fix_start(), its carrier,
 * and an advertisement of router ar there, without LKE. */
void fix_two_links(struct lke_config *cfg);
void fix_link2(struct fix *f, bool up);
void fix_ra2(struct fix *f, unsigned ar);
struct nd_prefix fix_pio(const char *prefix, uint32_t valid, uint32_t preferred); /* L, A */

/* The k-th action of the type (0 first), or NULL. */
const struct fix_action *fix_find(const struct fix *f, enum lke_action_type type, unsigned k);
/* The last packet sent of this kind, by its note, or NULL; and how many there are. */
const struct fix_action *fix_last(const struct fix *f, enum lke_msg msg);
unsigned fix_count(const struct fix *f, enum lke_msg msg);
const struct lke_note *fix_note(const struct fix *f, enum lke_note_type type);
size_t fix_index(const struct fix *f, const struct fix_action *a);
struct lke_in6 fix_coa(const struct fix *f); /* present care-of address */
bool fix_lbsa(const struct fix *f, const struct lke_in6 *coa, struct lke_lbsa_view *ret);

/* Sends the home agent's BA for the last BU in ESP, in a frame of access router ar. */
int fix_ha_ba(struct fix *f, unsigned ar, uint8_t status, uint16_t seq);
uint16_t fix_ha_seq(const struct fix *f); /* of the last home registration, from its note */
/* Answers the last KEReq. flip: spoil the HMAC. */
int fix_keack(struct fix *f, unsigned ar, uint8_t status, uint16_t lifetime_s, bool flip);
/* The same as octets, for recording; ar: the router's address in it.  Length. */
size_t fix_keack_make(struct fix *f, const struct lke_in6 *ar, uint8_t status, uint16_t lifetime_s,
		      uint8_t *buf, size_t size, size_t *ret_mac);
void fix_kereq_key(struct fix *f); /* decrypts the last KEReq into f->kbm */
int fix_ns_auth(struct fix *f, unsigned ar, const struct lke_in6 *target, uint32_t nonce,
		bool flip);
/* BA of access router ar to the last BU with the key f->kbm; nonce 0: no option 6. */
int fix_ba(struct fix *f, unsigned ar, uint8_t status, uint16_t lifetime_s, uint32_t nonce,
	   bool sign);
int fix_brr(struct fix *f, unsigned ar, unsigned from, const struct lke_in6 *old);
int fix_na(struct fix *f, unsigned from_mac, const struct lke_in6 *target);

/* Attaches to ar: link up, RA, home registration accepted, DAD done; the KEReq is out then. */
void fix_attach(struct fix *f, unsigned ar);
/* The same with an LBSA of the access router. */
void fix_attach_lbsa(struct fix *f, unsigned ar);
/* Link down, up 100 ms later, RA of the next one. */
void fix_move(struct fix *f, unsigned ar);
/* Away from router 1, of which it has a key, on the link of router 2; ret_old: the address it left.
 */
void fix_away(struct fix *f, enum lke_strategy strategy, struct lke_in6 *ret_old);

#endif

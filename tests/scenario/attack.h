/* SPDX-License-Identifier: ISC */
/*
 * An attacker in the world of world.h: the third host on an access link, who crafts every frame
 * itself, and an off-link one behind the correspondent's router.  What is checked after each attack
 * is "unchanged": LBSAs, bindings and sequence floors as before, and a valid exchange still works.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include "crypto/crypto.h"
#include "scenario.h"
#include "wire/lke_message.h"

struct attacker {
	struct world *w;
	struct lke_in6 ll, coa;
	struct lke_lladdr mac;
	uint8_t kbm[16];
	const uint8_t *old_kbm; /* adds a renewal proof */
	uint16_t seq, lifetime, bu_seq;
	uint8_t hop_limit;
	bool no_proof, bad_proof;
};

/* The world with a mobile node that has a VALID LBSA at the first access router. */
struct world *attack_world(uint64_t seed, enum lke_profile profile);
struct attacker attacker_at(struct world *w, const char *coa);
/* Takes the link-local and link-layer address of a node, also as the source of its frames. */
void attacker_spoof(struct attacker *a, const struct simnode *victim);
/* The host answers address resolution for a->coa from now on; its own DAD answers are crafted. */
void attacker_claim(struct attacker *a);
void attacker_unclaim(struct attacker *a);
/* Puts a packet on the first access link, from the attacker's link-layer address to the router. */
void attacker_frame(struct attacker *a, const uint8_t *pkt, size_t len);
size_t attacker_make_kereq(const struct attacker *a, uint8_t *buf, size_t size);
void attacker_kereq(struct attacker *a);
/* Runs for d and answers each authenticated solicitation with a->kbm, rightly or with a wrong HMAC.
 */
void attacker_answer_dad(struct attacker *a, lke_time d, bool bad_mac);
/* The whole exchange; true when the router then holds a VALID LBSA made by the attacker. */
bool attacker_lke(struct attacker *a);
/* Status of the newest KEAck to the attacker since t, verified with its key; -1: there is none. */
int attacker_keack(const struct attacker *a, lke_time since);
/* A plain Neighbor Advertisement for the address to all nodes. */
void attacker_plain_na(struct attacker *a, const struct lke_in6 *target);

struct bu_spec {
	const struct lke_in6 *src, *home, *dst;
	const uint8_t *kbm; /* NULL: no Binding Authorization Data */
	const struct lke_in6 *alt_coa;
	uint16_t seq, lifetime;
	bool bad;
};
size_t attack_make_bu(const struct bu_spec *s, uint8_t *buf, size_t size);
/* From the correspondent's network, with whatever source. */
void attack_bu(struct world *w, const struct bu_spec *s);
void attack_finished(struct world *w, const struct bu_spec *s, const struct mh_ba *ba);
/* Newest BA of a node since t; -1: none, else its status.  ret_signed: verifies under kbm. */
int attack_ba(struct world *w, const struct simnode *ar, lke_time since, const uint8_t *kbm,
	      bool *ret_signed, struct mh_ba *ret);

const struct simframe *last_frame(const struct world *w, lke_time since, const struct simnode *from,
				  enum lke_msg msg);
/* Sends a captured frame again on the first access link. */
void attack_replay(struct world *w, const struct simframe *f);
/* Sets the MH checksum of a changed request again. */
void attack_fix_kereq(uint8_t *pkt, size_t len);

struct snapshot {
	struct lke_in6 coa;
	bool has_lbsa, has_binding;
	struct lke_lbsa_view lbsa;
	struct lke_binding_view binding;
	unsigned lbsas;
};
struct snapshot snapshot(const struct world *w);
void assert_unchanged(const struct world *w, const struct snapshot *s);
/* The mobile node moves to the second access link: its BU to the first router is accepted within 5
 * s. */
void assert_handover_works(struct world *w);
/* The mobile node comes to the link anew and gets its LBSA. */
void assert_exchange_works(struct world *w, unsigned link, lke_time limit);
/* A host that was never here gets its LBSA within 5 s, and its Binding Update is accepted. */
void assert_newcomer_served(struct world *w);
unsigned stat_of(const struct simnode *n, enum lke_stat s);
unsigned drops_of(const struct simnode *n, enum lke_drop r);

#endif

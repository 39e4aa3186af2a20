/* SPDX-License-Identifier: ISC */
/*
 * The keying of one mobile node: everything that protects the signalling between one home address
 * and its home agent (RFC 3776, RFC 4877), whoever made the keys.  A home agent gets it from its
 * configuration (LKE_KEYING_MANUAL) or, by LKE_EV_KEYING, from a program outside: a key management
 * daemon delivers LKE_KEYING_DYNAMIC here and nowhere else.
 *
 * Rules, checked by the engine:
 *	source   window        endpoint_update  why
 *	manual   0             false            RFC 4303 section 5, AMB-156; AMB-158
 *	dynamic  64            as negotiated    RFC 4303 3.4.3
 * Both use block ciphers or none, always with integrity (SEC-046, AMB-159): the ciphers of struct
 * lke_config_sa.  The security association from the mobile node is found by its SPI, and its
 * selectors are the home address, an address of the home agent on the home link, and the Mobility
 * Header or ICMPv6 146/147: no care-of address, so it survives every move (SEC-007, SEC-034).
 * A new keying has a higher generation than the one before; sequence floors belong to (home
 * address, generation), AMB-173.  identity must be the one of the policy entry (SEC-049).
 */
#ifndef LKE_KEYING_H
#define LKE_KEYING_H

#include "lke/config.h"

#define LKE_REPLAY_WINDOW 64

enum lke_keying_source {
	LKE_KEYING_MANUAL,
	LKE_KEYING_DYNAMIC,
};

struct lke_keying {
	enum lke_keying_source source;
	char identity[LKE_IDENTITY_MAX]; /* "" with manual keys: the keys are the identity */
	uint32_t generation;
	struct lke_config_sa to_ha, to_mn;
	unsigned window;      /* of the anti-replay check, packets; 0: none */
	bool endpoint_update; /* the key manager follows care-of addresses: K may be set */
};

/* 0, or LKE_ERR_INVAL when a rule above is broken. */
int lke_keying_check(const struct lke_keying *k);

#endif

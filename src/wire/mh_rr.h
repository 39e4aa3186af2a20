/* SPDX-License-Identifier: ISC */
/* Return routability, RFC 6275 6.1.3 to 6.1.6: messages of route optimization, which lke only
 * shows. */
#ifndef WIRE_MH_RR_H
#define WIRE_MH_RR_H

#include "wire/mh.h"

enum { RR_COOKIE_LEN = 8 };

struct mh_rr {
	uint8_t cookie[RR_COOKIE_LEN];
	bool answer; /* Home Test, Care-of Test: with the two that follow */
	uint16_t nonce_index;
	uint8_t token[RR_COOKIE_LEN]; /* keygen token */
};
/* Home or Care-of Test (Init) that mh_check() took.  0 or -LKE_DROP_MH_LENGTH. */
int mh_rr_decode(const struct mh_view *v, struct mh_rr *ret);

#endif

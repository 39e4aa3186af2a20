/* SPDX-License-Identifier: ISC */
/* Many LBSAs as records of an access router's state file, a tenth of them bound. */
#ifndef BENCH_LBSAS_H
#define BENCH_LBSAS_H

#include "../unit/ar_fixture.h"

#include <string.h>

#include "core/ar_record.h"

/*
 * The n-th, on the link of this name whose prefix is 2001:db8:1::/64.  Many have one solicited-node
 * group: to join one for each is minutes of the kernel's work, which is not what is measured.
 */
static inline void bench_lbsa(unsigned n, const char *interface, struct record_lbsa *l)
{
	struct lke_in6 *a[] = { &l->coa, &l->peer_ll };
	const uint8_t mac[] = { 2, 0, 1, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	l->id = n + 1;
	strcpy(l->interface, interface);
	l->coa = arf_addr("2001:db8:1::1:0:0");
	l->peer_ll = arf_addr("fe80::1:0:0");
	l->ar = arf_addr("2001:db8:1::1");
	for (unsigned k = 0; k < 2; k++) {
		a[k]->b[9] = (uint8_t)(n >> 12);
		a[k]->b[14] = (uint8_t)(n >> 8 & 0xf);
		a[k]->b[15] = (uint8_t)n;
	}
	l->peer_lladdr.len = sizeof(mac);
	memcpy(l->peer_lladdr.b, mac, sizeof(mac));
	memcpy(l->kbm.b, &n, sizeof(n));
	l->state = LKE_LBSA_VALID;
	l->proved = true;
	l->expires = 7000 * LKE_SEC;
	if (n % 10) {
		l->na_len = 120;
		return;
	}
	l->has_bu_seq = l->bound = true;
	l->bound_coa = l->coa;
	l->bound_coa.b[5] = 2;
	l->binding = LKE_BINDING_OK;
	l->binding_expires = 1200 * LKE_SEC;
	l->coas = 1;
	l->reach[0] = (struct record_coa){ l->bound_coa, LKE_SEC, 1600 * LKE_SEC, LKE_SEC, false };
}

#endif

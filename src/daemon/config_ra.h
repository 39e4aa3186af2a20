/* SPDX-License-Identifier: ISC */
/* Values of lke.conf(5) that Router Advertisements are made of. */
#ifndef DAEMON_CONFIG_RA_H
#define DAEMON_CONFIG_RA_H

#include "lke/config.h"

/* Seconds with a unit, or "infinite" (UINT32_MAX). */
bool config_lifetime(const char *text, uint32_t *ret);

/*
 * "2001:db8:1::/64 [valid TIME] [preferred TIME] [no-onlink] [no-autonomous]".  valid and
 * preferred are the interface's, for the one that is not given.  NULL, or what is wrong with it.
 */
const char *config_prefix(const char *text, uint32_t valid, uint32_t preferred,
			  struct lke_prefix *ret);

/* Appends a domain name in the form of RFC 1035 3.1 to buf of *len used octets.  NULL or what is
 * wrong. */
const char *config_domain(const char *text, uint8_t buf[LKE_DNSSL_MAX], unsigned *len);

#endif

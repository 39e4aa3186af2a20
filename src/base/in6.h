/* SPDX-License-Identifier: ISC */
/* IPv6 addresses and link-layer addresses: classes, prefixes, text.  RFC 4291. */
#ifndef BASE_IN6_H
#define BASE_IN6_H

#include <string.h>

#include "lke/types.h"

extern const struct lke_in6 in6_unspecified; /* :: */
extern const struct lke_in6 in6_all_nodes;   /* ff02::1 */
extern const struct lke_in6 in6_all_routers; /* ff02::2 */

static inline bool in6_eq(const struct lke_in6 *a, const struct lke_in6 *b)
{
	return memcmp(a->b, b->b, 16) == 0;
}
int in6_cmp(const struct lke_in6 *a, const struct lke_in6 *b);
bool in6_is_unspecified(const struct lke_in6 *a);
bool in6_is_loopback(const struct lke_in6 *a);
bool in6_is_multicast(const struct lke_in6 *a);
bool in6_is_linklocal(const struct lke_in6 *a); /* fe80::/10 unicast */
/* Global unicast (2000::/3) or ULA (fc00::/7): what a care-of, home or agent address may be
 * (AMB-035, 065). */
bool in6_is_global(const struct lke_in6 *a);
bool in6_is_unique_local(const struct lke_in6 *a); /* fc00::/7 */
/* Interface identifier of the subnet-router anycast address or of RFC 2526, for a /64. */
bool in6_is_anycast64(const struct lke_in6 *a);
bool in6_prefix_eq(const struct lke_in6 *a, const struct lke_in6 *b,
		   unsigned len);			    /* first len bits */
struct lke_in6 in6_solicited_node(const struct lke_in6 *a); /* ff02::1:ffXX:XXXX */
struct lke_in6 in6_make(const struct lke_in6 *prefix,
			const uint8_t iid[8]); /* a /64 and an identifier */
struct lke_in6 in6_from_eui48(const struct lke_in6 *prefix,
			      const struct lke_lladdr *ll); /* modified EUI-64 */

#define IN6_TEXT_MAX 46
/* RFC 5952 text.  Returns buf. */
const char *in6_text(const struct lke_in6 *a, char buf[IN6_TEXT_MAX]);
/* 0 or LKE_ERR_INVAL. */
int in6_parse(const char *text, struct lke_in6 *ret);

static inline bool lladdr_eq(const struct lke_lladdr *a, const struct lke_lladdr *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}
#define LLADDR_TEXT_MAX 18
/* Six pairs of hexadecimal digits with colons between them.  0 or LKE_ERR_INVAL. */
int lladdr_parse(const char *text, struct lke_lladdr *ret) __attribute__((warn_unused_result));
const char *lladdr_text(const struct lke_lladdr *a, char buf[LLADDR_TEXT_MAX]); /* "-" when empty */

#endif

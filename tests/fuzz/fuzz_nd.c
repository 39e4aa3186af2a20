/* SPDX-License-Identifier: ISC */
/* Neighbor Discovery: the input is an ICMPv6 message; octet 0 chooses the addresses. */
#include <string.h>

#include "base/in6.h"
#include "fuzz.h"
#include "wire/nd.h"

static const struct lke_in6 link_local = { { 0xfe, 0x80, [15] = 1 } };
static const struct lke_in6 group = { { 0xff, 2, [11] = 1, [12] = 0xff, [15] = 1 } };

static int decode(uint8_t *pkt, size_t len, struct nd_msg *m)
{
	struct ip6_info i;

	MUST(ip6_parse(pkt, len, &i) == 0);
	return nd_decode(&i, m);
}

/* Compares what encoding keeps: one auth option, the offsets of a packet are its own. */
static void compare(struct nd_msg *a, struct nd_msg *b)
{
	MUST(a->lke_key_len == b->lke_key_len);
	MUST(a->lke_key_len == 0 || memcmp(a->lke_key, b->lke_key, a->lke_key_len) == 0);
	MUST(a->has_auth == b->has_auth && a->auth.nonce == b->auth.nonce);
	MUST(in6_eq(&a->auth.ar, &b->auth.ar) && memcmp(a->auth.mac, b->auth.mac, 20) == 0);
	MUST(a->type == b->type && in6_eq(&a->target, &b->target) && a->na_flags == b->na_flags);
	MUST(lladdr_eq(&a->lladdr, &b->lladdr));
	MUST(a->has_nonce == b->has_nonce && memcmp(a->nonce, b->nonce, 6) == 0);
	MUST(a->cur_hop_limit == b->cur_hop_limit && a->ra_flags == b->ra_flags);
	MUST(a->preference == b->preference && a->router_lifetime == b->router_lifetime);
	MUST(a->reachable_ms == b->reachable_ms && a->retrans_ms == b->retrans_ms &&
	     a->mtu == b->mtu);
	MUST(a->prefixes == b->prefixes);
	for (unsigned k = 0; k < a->prefixes; k++) {
		struct nd_prefix *p = &a->prefix[k], *q = &b->prefix[k];
		MUST(in6_eq(&p->prefix, &q->prefix) && p->len == q->len && p->flags == q->flags);
		MUST(p->valid == q->valid && p->preferred == q->preferred);
	}
	MUST(a->has_lke == b->has_lke && a->lke_max_lifetime == b->lke_max_lifetime);
	MUST(a->has_adv_interval == b->has_adv_interval &&
	     a->adv_interval_ms == b->adv_interval_ms);
	MUST(a->has_ha_info == b->has_ha_info && a->ha_preference == b->ha_preference);
	MUST(a->ha_lifetime == b->ha_lifetime);
	MUST(a->rdnss_count == b->rdnss_count && a->rdnss_lifetime == b->rdnss_lifetime);
	MUST(memcmp(a->rdnss, b->rdnss, sizeof(a->rdnss)) == 0);
	MUST(a->dnssl_len == b->dnssl_len && a->dnssl_lifetime == b->dnssl_lifetime);
	MUST(a->dnssl_len == 0 || memcmp(a->dnssl, b->dnssl, a->dnssl_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[8192], again[8192];
	struct nd_msg m, m2;

	if (size < 9 || size > 4096)
		return 0;
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = data[0] & 1 ? in6_unspecified : link_local,
			     .dst = data[0] & 2 ? group : link_local,
			     .hop_limit = 255 };
	size_t up = ip6_begin(&w, &o, IP6_NH_ICMPV6);
	wr_bytes(&w, data + 1, size - 1);
	ip6_end(&w);
	/* without the right checksum nothing would be reached */
	wr_patch_u16(&w, up + 2, 0);
	wr_patch_u16(&w, up + 2, ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + up, w.off - up));
	if (decode(buf, w.off, &m) != 0)
		return 0;
	int n = nd_encode(&m, &o.src, &o.dst, 0, again, sizeof(again));
	MUST(n > 0 && decode(again, (size_t)n, &m2) == 0);
	compare(&m, &m2);
	return 0;
}

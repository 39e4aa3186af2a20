/* SPDX-License-Identifier: ISC */
#include "wire/nd.h"

#include <assert.h>

enum {
	ICMP_CHECKSUM_OFF = 2,
	PREF_MASK = 0x18, /* RFC 4191 2.2 */
	PREF_HIGH = 0x08,
	PREF_LOW = 0x18,
};

static void option(struct wr *w, uint8_t type, uint8_t units)
{
	wr_u8(w, type);
	wr_u8(w, units);
}

static void write_lladdr(struct wr *w, uint8_t type, const struct lke_lladdr *a)
{
	if (a->len != sizeof(a->b))
		return;
	option(w, type, 1);
	wr_bytes(w, a->b, sizeof(a->b));
}

static void write_prefix(struct wr *w, const struct nd_prefix *p)
{
	option(w, ND_OPT_PREFIX, 4);
	wr_u8(w, p->len);
	wr_u8(w, p->flags);
	wr_u32(w, p->valid);
	wr_u32(w, p->preferred);
	wr_zero(w, 4);
	wr_in6(w, &p->prefix);
}

/* Draft 3.1.1; zeroes behind the DER object up to a multiple of 8, AMB-011. */
static void write_lke(struct wr *w, const struct nd_msg *m)
{
	size_t units = (4 + m->lke_key_len + 7) / 8;

	if (units > UINT8_MAX) {
		w->err = true;
		return;
	}
	option(w, ND_OPT_LKE, (uint8_t)units);
	wr_u16(w, m->lke_max_lifetime);
	wr_bytes(w, m->lke_key, m->lke_key_len);
	wr_zero(w, units * 8 - 4 - m->lke_key_len);
}

static void write_rdnss(struct wr *w, const struct nd_msg *m)
{
	if (m->rdnss_count == 0)
		return;
	option(w, ND_OPT_RDNSS, (uint8_t)(1 + 2 * m->rdnss_count));
	wr_zero(w, 2);
	wr_u32(w, m->rdnss_lifetime);
	for (unsigned k = 0; k < m->rdnss_count; k++)
		wr_in6(w, &m->rdnss[k]);
}

/* RFC 8106 5.2; zeroes behind the last name. */
static void write_dnssl(struct wr *w, const struct nd_msg *m)
{
	size_t units = 1 + (m->dnssl_len + 7) / 8;

	if (m->dnssl_len == 0)
		return;
	if (units > UINT8_MAX) {
		w->err = true;
		return;
	}
	option(w, ND_OPT_DNSSL, (uint8_t)units);
	wr_zero(w, 2);
	wr_u32(w, m->dnssl_lifetime);
	wr_bytes(w, m->dnssl, m->dnssl_len);
	wr_zero(w, (units - 1) * 8 - m->dnssl_len);
}

static void write_ra(struct wr *w, const struct nd_msg *m)
{
	uint8_t pref = m->preference > 0 ? PREF_HIGH : m->preference < 0 ? PREF_LOW : 0;

	wr_u8(w, m->cur_hop_limit);
	/* RFC 4191 2.2: 00 when this is no default router */
	wr_u8(w, (uint8_t)((m->ra_flags & ~PREF_MASK) | (m->router_lifetime != 0 ? pref : 0)));
	wr_u16(w, m->router_lifetime);
	wr_u32(w, m->reachable_ms);
	wr_u32(w, m->retrans_ms);
	write_lladdr(w, ND_OPT_SLLA, &m->lladdr);
	if (m->mtu != 0) {
		option(w, ND_OPT_MTU, 1);
		wr_zero(w, 2);
		wr_u32(w, m->mtu);
	}
	for (unsigned k = 0; k < m->prefixes; k++)
		write_prefix(w, &m->prefix[k]);
	if (m->has_adv_interval) {
		option(w, ND_OPT_ADV_INTERVAL, 1);
		wr_zero(w, 2);
		wr_u32(w, m->adv_interval_ms);
	}
	if (m->has_ha_info) {
		option(w, ND_OPT_HA_INFO, 1);
		wr_zero(w, 2);
		wr_u16(w, m->ha_preference);
		wr_u16(w, m->ha_lifetime);
	}
	write_rdnss(w, m);
	write_dnssl(w, m);
	if (m->has_lke)
		write_lke(w, m);
}

/* Draft 3.1.2, 3.1.3; AMB-012: four zero octets behind the HMAC. */
static void write_auth(struct wr *w, uint8_t type, const struct nd_auth *a)
{
	option(w, type, ND_AUTH_LEN / 8);
	wr_zero(w, 2);
	wr_u32(w, a->nonce);
	wr_in6(w, &a->ar);
	wr_bytes(w, a->mac, sizeof(a->mac));
	wr_zero(w, 4);
}

static void write_ns(struct wr *w, const struct nd_msg *m)
{
	wr_zero(w, 4);
	wr_in6(w, &m->target);
	write_lladdr(w, ND_OPT_SLLA, &m->lladdr);
	if (m->has_nonce) {
		option(w, ND_OPT_NONCE, 1);
		wr_bytes(w, m->nonce, sizeof(m->nonce));
	}
	if (m->has_auth)
		write_auth(w, ND_OPT_DAD_REQUEST, &m->auth);
}

static void write_na(struct wr *w, const struct nd_msg *m)
{
	wr_u8(w, m->na_flags);
	wr_zero(w, 3);
	wr_in6(w, &m->target);
	write_lladdr(w, ND_OPT_TLLA, &m->lladdr);
	if (m->has_auth)
		write_auth(w, ND_OPT_DAD_REPLY, &m->auth);
}

int nd_encode(const struct nd_msg *m, const struct lke_in6 *src, const struct lke_in6 *dst,
	      uint8_t tclass, uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);
	struct ip6_out o = { .src = *src, .dst = *dst, .tclass = tclass, .hop_limit = 255 };
	size_t up = ip6_begin(&w, &o, IP6_NH_ICMPV6);

	wr_u8(&w, m->type);
	wr_zero(&w, 3); /* Code, Checksum */
	switch (m->type) {
	case ND_RS:
		wr_zero(&w, 4);
		write_lladdr(&w, ND_OPT_SLLA, &m->lladdr);
		break;
	case ND_RA:
		write_ra(&w, m);
		break;
	case ND_NS:
		write_ns(&w, m);
		break;
	case ND_NA:
		write_na(&w, m);
		break;
	default:
		return LKE_ERR_INVAL;
	}
	ip6_end(&w);
	if (w.err)
		return LKE_ERR_SPACE;
	wr_patch_u16(&w, up + ICMP_CHECKSUM_OFF,
		     ip6_checksum(src, dst, IP6_NH_ICMPV6, buf + up, w.off - up));
	return (int)w.off;
}

/* The packet is one of nd_encode(): no extension header, ICMPv6 right behind the IPv6 header. */
void nd_set_mac(uint8_t *pkt, size_t len, size_t mac_off, const uint8_t mac[20])
{
	struct rd r = rd_init(pkt, len);
	struct wr w = { .p = pkt, .cap = len, .off = len };
	struct lke_in6 src, dst;

	rd_skip(&r, 8);
	rd_in6(&r, &src);
	rd_in6(&r, &dst);
	wr_patch_bytes(&w, mac_off, mac, 20);
	wr_patch_u16(&w, IP6_HDR_LEN + ICMP_CHECKSUM_OFF, 0);
	assert(!w.err && !r.err);
	wr_patch_u16(&w, IP6_HDR_LEN + ICMP_CHECKSUM_OFF,
		     ip6_checksum(&src, &dst, IP6_NH_ICMPV6, pkt + IP6_HDR_LEN, len - IP6_HDR_LEN));
}

/* SPDX-License-Identifier: ISC */
#include "wire/ip6.h"

#include <assert.h>
#include <string.h>

enum {
	OPT_PAD1 = 0,
	OPT_SKIP_MASK = 0xc0, /* RFC 8200 4.2: 00 means skip when unknown */
	OPT_HAO_LEN = 16,
	RH2_TYPE = 2,
	RH2_EXT_LEN = 2,
	ADDR_EXT_OCTETS =
		24, /* a Home Address option or a type 2 routing header, RFC 6275 6.3, 6.4 */
};

/*
 * Home addresses must be unicast routable (RFC 6275 6.3); one option in the whole packet, since two
 * would let checksum and role machine disagree about the sender.
 */
static int read_hao(struct rd *opt, struct ip6_info *info)
{
	if (info->has_hao || opt->len != OPT_HAO_LEN)
		return -LKE_DROP_HAO;
	rd_in6(opt, &info->hao);
	if (!in6_is_global(&info->hao))
		return -LKE_DROP_HAO;
	info->has_hao = true;
	return 0;
}

/* Options of a hop-by-hop or destination options header: RFC 8200 4.2. */
static int walk_options(struct rd *r, bool destination, struct ip6_info *info)
{
	while (rd_left(r) > 0) {
		uint8_t type = rd_u8(r);
		if (type == OPT_PAD1)
			continue;
		uint8_t n = rd_u8(r);
		struct rd opt = rd_sub(r, n);
		if (r->err)
			return -LKE_DROP_EXT_HEADER;
		if (type == IP6_OPT_HAO) {
			int e = destination ? read_hao(&opt, info) : -LKE_DROP_HAO;
			if (e)
				return e;
		} else if (type == IP6_OPT_TUNNEL_LIMIT && destination && n == 1) {
			info->tunnel_limit = rd_u8(&opt);
			info->has_tunnel_limit = true;
		} else if (type & OPT_SKIP_MASK) {
			return -LKE_DROP_EXT_HEADER;
		}
	}
	return 0;
}

/* Routing header from Routing Type onwards. */
static int walk_routing(struct rd *r, struct ip6_info *info)
{
	size_t body = r->len; /* without Next Header and Hdr Ext Len */
	uint8_t type = rd_u8(r);
	uint8_t left = rd_u8(r);

	if (type != RH2_TYPE)
		return left == 0 ? 0 : -LKE_DROP_EXT_HEADER;
	if (info->has_rh2 || left != 1 || body != (RH2_EXT_LEN + 1) * 8 - 2)
		return -LKE_DROP_RH2;
	rd_skip(r, 4);
	rd_in6(r, &info->rh2);
	info->has_rh2 = true;
	return 0;
}

/* One extension header; r stands at its Next Header field. */
static int walk_header(struct rd *r, uint8_t proto, struct ip6_info *info, uint8_t *ret_next)
{
	uint8_t next = rd_u8(r);
	size_t body = ((size_t)rd_u8(r) + 1) * 8 - 2;
	struct rd sub = rd_sub(r, body);
	int e;

	if (r->err)
		return -LKE_DROP_EXT_HEADER;
	if (proto == IP6_NH_ROUTING)
		e = walk_routing(&sub, info);
	else
		e = walk_options(&sub, proto == IP6_NH_DSTOPTS, info);
	if (e == 0)
		*ret_next = next;
	return e;
}

/* RFC 8200 4.1: hop-by-hop options stand only right behind the IPv6 header. */
static int walk_chain(struct rd *r, uint8_t proto, struct ip6_info *info)
{
	for (unsigned n = 0;; n++) {
		if (proto == IP6_NH_FRAGMENT) {
			if (rd_left(r) < 8)
				return -LKE_DROP_EXT_HEADER;
			info->has_fragment = true;
			break;
		}
		if (proto != IP6_NH_HOPOPT && proto != IP6_NH_DSTOPTS && proto != IP6_NH_ROUTING)
			break;
		if (proto == IP6_NH_HOPOPT && n > 0)
			return -LKE_DROP_EXT_HEADER;
		if (n == IP6_EXT_MAX)
			return -LKE_DROP_EXT_CHAIN;
		int e = walk_header(r, proto, info, &proto);
		if (e)
			return e;
		if (r->off - IP6_HDR_LEN > IP6_EXT_OCTETS_MAX)
			return -LKE_DROP_EXT_CHAIN;
	}
	info->upper = proto;
	info->upper_off = r->off;
	info->upper_len = rd_left(r);
	return 0;
}

int ip6_parse(const uint8_t *pkt, size_t len, struct ip6_info *ret)
{
	struct ip6_info info = { .pkt = pkt };
	struct rd r = rd_init(pkt, len);

	if (len < IP6_HDR_LEN)
		return -LKE_DROP_SHORT;
	uint32_t word = rd_u32(&r);
	size_t payload = rd_u16(&r);
	uint8_t next = rd_u8(&r);
	info.hop_limit = rd_u8(&r);
	rd_in6(&r, &info.src);
	rd_in6(&r, &info.dst);
	if (word >> 28 != 6 || payload > len - IP6_HDR_LEN)
		return -LKE_DROP_IP_VERSION;
	/* RFC 4291 2.7: no multicast source, whatever the message. */
	if (in6_is_multicast(&info.src))
		return -LKE_DROP_SCOPE_ADDRESS;
	info.tclass = (uint8_t)(word >> 20 & 0xff);
	info.flow = word & 0xfffff;
	info.len = IP6_HDR_LEN + payload;
	r.len = info.len;
	int e = walk_chain(&r, next, &info);
	if (e)
		return e;
	*ret = info;
	return 0;
}

struct lke_in6 ip6_pseudo_src(const struct ip6_info *i)
{
	return i->has_hao ? i->hao : i->src;
}

struct lke_in6 ip6_pseudo_dst(const struct ip6_info *i)
{
	return i->has_rh2 ? i->rh2 : i->dst;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * The checksum's own arithmetic, RFC 1071: the only place that adds up octets without the cursor.
 * The sum does not depend on the order of octets (section 2 (B)): words are added as they are, and
 * their sum is put into network order.
 */
uint16_t ip6_sum(const uint8_t *p, size_t n)
{
	uint8_t octets[2];
	uint64_t sum = 0, w;
	uint16_t v = 0;

	for (; n >= sizeof(w); n -= sizeof(w), p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sum += (w & UINT32_MAX) + (w >> 32);
	}
	w = 0;
	memcpy(&w, p, n);
	sum += (w & UINT32_MAX) + (w >> 32);
	v = fold(sum);
	memcpy(octets, &v, sizeof(octets));
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

uint16_t ip6_checksum(const struct lke_in6 *src, const struct lke_in6 *dst, uint8_t proto,
		      const uint8_t *data, size_t len)
{
	uint64_t sum = (uint64_t)len + proto; /* folds to the same value as RFC 8200 8.1 */

	sum += ip6_sum(src->b, sizeof(src->b));
	sum += ip6_sum(dst->b, sizeof(dst->b));
	sum += ip6_sum(data, len);
	return (uint16_t)~fold(sum);
}

static void write_hao(struct wr *w, uint8_t next, const struct lke_in6 *home)
{
	wr_u8(w, next);
	wr_u8(w, ADDR_EXT_OCTETS / 8 - 1);
	wr_u8(w, 1); /* PadN(4): the option's alignment is 8n+6 */
	wr_u8(w, 2);
	wr_zero(w, 2);
	wr_u8(w, IP6_OPT_HAO);
	wr_u8(w, OPT_HAO_LEN);
	wr_in6(w, home);
}

static void write_rh2(struct wr *w, uint8_t next, const struct lke_in6 *home)
{
	wr_u8(w, next);
	wr_u8(w, RH2_EXT_LEN);
	wr_u8(w, RH2_TYPE);
	wr_u8(w, 1); /* Segments Left */
	wr_zero(w, 4);
	wr_in6(w, home);
}

/* RFC 6275 6.3: the routing header comes before the Destination Options header (AMB-019). */
size_t ip6_begin(struct wr *w, const struct ip6_out *o, uint8_t upper)
{
	uint8_t after_rh2 = o->hao ? IP6_NH_DSTOPTS : upper;
	uint8_t first = o->rh2 ? IP6_NH_ROUTING : after_rh2;

	assert(w->off == 0);
	wr_u32(w, UINT32_C(6) << 28 | (uint32_t)o->tclass << 20 | (o->flow & 0xfffff));
	wr_u16(w, 0);
	wr_u8(w, first);
	wr_u8(w, o->hop_limit);
	wr_in6(w, &o->src);
	wr_in6(w, &o->dst);
	if (o->rh2)
		write_rh2(w, after_rh2, o->rh2);
	if (o->hao)
		write_hao(w, upper, o->hao);
	return w->off;
}

void ip6_end(struct wr *w)
{
	if (w->err)
		return;
	assert(w->off >= IP6_HDR_LEN);
	if (w->off - IP6_HDR_LEN > UINT16_MAX)
		w->err = true;
	else
		wr_patch_u16(w, 4, (uint16_t)(w->off - IP6_HDR_LEN));
}

/* SPDX-License-Identifier: ISC */
#include "wire/tunnel.h"

#include <assert.h>

#include "base/table.h"

enum {
	OUTER_HOP_LIMIT = 64,
	FLOW_MASK = 0xfffff,
	ECN_MASK = 3,
	ECN_NOT_ECT = 0,
	ECN_ECT1 = 1,
	ECN_ECT0 = 2,
	ECN_CE = 3,
	ICMP_HDR_LEN = 8,
	ICMP_CHECKSUM_OFF = 2,
	ICMP_UNREACHABLE = 1,
	ICMP_UNREACHABLE_ADDRESS = 3,
	ICMP_UNREACHABLE_POLICY = 5,
	ICMP_PACKET_TOO_BIG = 2,
	ICMP_TIME_EXCEEDED = 3,
	ICMP_HOP_LIMIT_EXCEEDED = 0,
	ICMP_PARAMETER_PROBLEM = 4,
	ICMP_UNRECOGNISED_OPTION = 2,
	ICMP_INFO = 128, /* error messages are below */
	ICMP_REDIRECT = 137,
};

/* RFC 2473 3: whatever is link-local or for a group stays on its link (AMB-123). */
static bool scope_allowed(const struct lke_in6 *src, const struct lke_in6 *dst)
{
	if (in6_is_unspecified(src) || in6_is_linklocal(src) || in6_is_loopback(src))
		return false;
	if (in6_is_multicast(src) || in6_is_multicast(dst) || in6_is_unspecified(dst))
		return false;
	return !in6_is_linklocal(dst) && !in6_is_loopback(dst);
}

/*
 * IPv6 headers already there, from the outside in.  A Tunnel Encapsulation Limit of n allows n
 * headers outside its own (RFC 2473 4.1.1); as none is ever added, its place is counted instead.
 * What cannot be parsed is somebody else's payload and ends the count: tunnel headers are plain, so
 * a loop is always seen.  A packet with TUNNEL_MAX_HEADERS headers gets no other one (AMB-122).
 */
static int check_depth(const uint8_t *p, size_t len, struct ip6_info *ret_limiting)
{
	struct ip6_info i;

	for (unsigned depth = 0; depth < TUNNEL_MAX_HEADERS - 1; depth++) {
		if (ip6_parse(p, len, &i) != 0)
			return 0;
		if (i.has_tunnel_limit && depth >= i.tunnel_limit) {
			*ret_limiting = i;
			return -LKE_DROP_TUNNEL_DEPTH;
		}
		if (i.upper != IP6_NH_IPV6)
			return 0;
		p = i.pkt + i.upper_off;
		len = i.upper_len;
	}
	return -LKE_DROP_TUNNEL_DEPTH;
}

int tunnel_may_enter(const uint8_t *inner, size_t len)
{
	struct rd r = rd_init(inner, len);
	struct ip6_info limiting;
	struct lke_in6 src, dst;

	if (len < IP6_HDR_LEN)
		return -LKE_DROP_SHORT;
	uint32_t word = rd_u32(&r);
	size_t payload = rd_u16(&r);
	rd_skip(&r, 1);
	uint8_t hop_limit = rd_u8(&r);
	rd_in6(&r, &src);
	rd_in6(&r, &dst);
	if (word >> 28 != 6 || payload != len - IP6_HDR_LEN)
		return -LKE_DROP_IP_VERSION;
	if (!scope_allowed(&src, &dst))
		return -LKE_DROP_TUNNEL_SCOPE;
	if (hop_limit == 0)
		return -LKE_DROP_HOP_LIMIT;
	if (len > UINT16_MAX)
		return -LKE_DROP_TUNNEL_TOO_BIG;
	return check_depth(inner, len, &limiting);
}

uint32_t tunnel_flow_label(const uint8_t *inner, size_t len, const uint64_t secret[2])
{
	uint8_t key[2 * 16 + 4 + 4];
	struct rd r = rd_init(inner, len);
	struct wr w = wr_init(key, sizeof(key));
	uint32_t label = rd_u32(&r) & FLOW_MASK, ports = 0;
	uint8_t next;

	rd_skip(&r, 2);
	next = rd_u8(&r);
	rd_skip(&r, 1);
	wr_bytes(&w, rd_view(&r, 32), 32);
	if (label == 0 && (next == IP6_NH_TCP || next == IP6_NH_UDP) && rd_left(&r) >= 4)
		ports = rd_u32(&r);
	wr_u32(&w, label);
	wr_u32(&w, ports);
	label = (uint32_t)(siphash24(secret, key, sizeof(key)) & FLOW_MASK);
	return label ? label : 1;
}

/* RFC 6040 4.1, normal mode: the outer header begins with the inner one's DSCP and ECN. */
void tunnel_outer(const uint8_t *inner, size_t len, const struct lke_in6 *src,
		  const struct lke_in6 *dst, uint32_t flow, uint8_t out[TUNNEL_OVERHEAD])
{
	struct rd r = rd_init(inner, len);
	struct wr w = wr_init(out, TUNNEL_OVERHEAD);
	uint8_t tclass = (uint8_t)(rd_u32(&r) >> 20 & 0xff);
	struct ip6_out o = { .src = *src,
			     .dst = *dst,
			     .flow = flow,
			     .tclass = tclass,
			     .hop_limit = OUTER_HOP_LIMIT };

	assert(len >= IP6_HDR_LEN && len <= UINT16_MAX);
	ip6_begin(&w, &o, IP6_NH_IPV6);
	wr_patch_u16(&w, 4, (uint16_t)len);
}

/* RFC 6040 4.2, figure 4: the ECN field of the packet that goes on, or a drop. */
static int combine_ecn(unsigned outer, unsigned inner, unsigned *ret)
{
	if (outer == ECN_CE && inner == ECN_NOT_ECT)
		return -LKE_DROP_TUNNEL_ECN;
	if (outer == ECN_CE)
		*ret = ECN_CE;
	else if (outer == ECN_ECT1 && inner == ECN_ECT0)
		*ret = ECN_ECT1;
	else
		*ret = inner;
	return 0;
}

int tunnel_inner(uint8_t *outer, size_t len, uint8_t **ret_inner, size_t *ret_len)
{
	struct ip6_info i;
	unsigned ecn;
	int e = ip6_parse(outer, len, &i);

	if (e)
		return e;
	/* The outer addresses are what the caller checks against a binding: nothing may stand for
	 * them. */
	if (i.has_fragment)
		return -LKE_DROP_FRAGMENT;
	if (i.has_hao)
		return -LKE_DROP_HAO;
	if (i.has_rh2)
		return -LKE_DROP_RH2;
	if (i.upper != IP6_NH_IPV6)
		return -LKE_DROP_NOT_OURS;

	uint8_t *inner = outer + i.upper_off;
	struct rd r = rd_init(inner, i.upper_len);
	uint16_t head = rd_u16(&r);
	rd_skip(&r, 2);
	size_t inner_len = IP6_HDR_LEN + (size_t)rd_u16(&r);
	if (i.upper_len < IP6_HDR_LEN)
		return -LKE_DROP_SHORT;
	if (head >> 12 != 6 || inner_len > i.upper_len)
		return -LKE_DROP_IP_VERSION;
	e = combine_ecn(i.tclass & ECN_MASK, head >> 4 & ECN_MASK, &ecn);
	if (e)
		return e;
	struct wr w = { .p = inner, .cap = inner_len, .off = inner_len };
	wr_patch_u16(&w, 0, (uint16_t)((head & ~(ECN_MASK << 4)) | ecn << 4));
	*ret_inner = inner;
	*ret_len = inner_len;
	return 0;
}

uint32_t tunnel_mtu(uint32_t path_mtu)
{
	if (path_mtu < IP6_MIN_MTU + TUNNEL_OVERHEAD)
		return IP6_MIN_MTU;
	return path_mtu - TUNNEL_OVERHEAD;
}

/* RFC 4443 2.4 (e.1), (e.2): no error about an error or a redirect, also not about fragments of
 * one. */
static bool is_icmp_error(const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint8_t proto = i->upper;

	if (i->has_fragment) {
		proto = rd_u8(&r);
		rd_skip(&r, 1);
		uint16_t offset = rd_u16(&r) & 0xfff8;
		rd_skip(&r, 4);
		if (proto == IP6_NH_ICMPV6 && offset != 0)
			return true; /* cannot be told: assume it is */
	}
	if (proto != IP6_NH_ICMPV6)
		return false;
	uint8_t type = rd_u8(&r);
	return r.err || type < ICMP_INFO || type == ICMP_REDIRECT;
}

/* Errors to groups are allowed for two kinds only, RFC 4443 2.4 (e.3). */
static bool about_group_allowed(uint8_t type, uint8_t code)
{
	return type == ICMP_PACKET_TOO_BIG ||
	       (type == ICMP_PARAMETER_PROBLEM && code == ICMP_UNRECOGNISED_OPTION);
}

/* i: the packet's headers; quote, len: as much of it as there is. */
static size_t write_error(uint8_t type, uint8_t code, uint32_t param, const struct lke_in6 *from,
			  const struct ip6_info *i, const uint8_t *quote, size_t len, uint8_t *buf,
			  size_t size)
{
	size_t room = size < IP6_MIN_MTU ? size : IP6_MIN_MTU;

	if (is_icmp_error(i) || in6_is_unspecified(&i->src) || room < IP6_HDR_LEN + ICMP_HDR_LEN)
		return 0;
	if (in6_is_multicast(&i->dst) && !about_group_allowed(type, code))
		return 0;

	struct wr w = wr_init(buf, room);
	struct ip6_out o = { .src = *from, .dst = i->src, .hop_limit = OUTER_HOP_LIMIT };
	size_t up = ip6_begin(&w, &o, IP6_NH_ICMPV6);
	wr_u8(&w, type);
	wr_u8(&w, code);
	wr_u16(&w, 0);
	wr_u32(&w, param);
	wr_bytes(&w, quote, len < room - w.off ? len : room - w.off);
	ip6_end(&w);
	assert(!w.err);
	wr_patch_u16(&w, up + ICMP_CHECKSUM_OFF,
		     ip6_checksum(from, &i->src, IP6_NH_ICMPV6, buf + up, w.off - up));
	return w.off;
}

size_t icmp_error(uint8_t type, uint8_t code, uint32_t param, const struct lke_in6 *from,
		  const uint8_t *pkt, size_t len, uint8_t *buf, size_t size)
{
	struct ip6_info i;

	if (ip6_parse(pkt, len, &i) != 0)
		return 0;
	return write_error(type, code, param, from, &i, i.pkt, i.len, buf, size);
}

/* Place of the Tunnel Encapsulation Limit's value in the options header that r reads, or 0. */
static size_t limit_in_options(struct rd *r, size_t at)
{
	while (rd_left(r) > 0) {
		uint8_t type = rd_u8(r);

		if (type == 0) /* Pad1 */
			continue;
		uint8_t n = rd_u8(r);
		if (type == IP6_OPT_TUNNEL_LIMIT && n == 1)
			return at + r->off;
		rd_skip(r, n);
	}
	return 0;
}

/* The same in a packet that ip6_parse() accepted with has_tunnel_limit. */
static size_t limit_in_packet(const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt, i->upper_off);

	rd_skip(&r, 6);
	uint8_t proto = rd_u8(&r);
	rd_skip(&r, IP6_HDR_LEN - 7);
	while (rd_left(&r) > 0) {
		uint8_t next = rd_u8(&r);
		size_t body = ((size_t)rd_u8(&r) + 1) * 8 - 2, at = r.off;
		struct rd options = rd_sub(&r, body);
		size_t found = proto == IP6_NH_DSTOPTS ? limit_in_options(&options, at) : 0;

		if (found)
			return found;
		proto = next;
	}
	return 0;
}

size_t tunnel_depth_error(const struct lke_in6 *from, const uint8_t *pkt, size_t len, uint8_t *buf,
			  size_t size)
{
	struct ip6_info i = { .pkt = NULL };

	if (check_depth(pkt, len, &i) == 0)
		return 0;
	if (!i.pkt)
		return icmp_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_ADDRESS, 0, from, pkt, len,
				  buf, size);
	size_t at = (size_t)(i.pkt - pkt) + limit_in_packet(&i);
	return icmp_error(ICMP_PARAMETER_PROBLEM, 0, (uint32_t)at, from, pkt, len, buf, size);
}

/* Headers of a packet of which only the first len octets are there. */
static int parse_quote(const uint8_t *pkt, size_t len, uint8_t *head, size_t size,
		       struct ip6_info *ret)
{
	struct wr w = wr_init(head, size);
	size_t n = len < size ? len : size;

	if (n < IP6_HDR_LEN)
		return -LKE_DROP_SHORT;
	wr_bytes(&w, pkt, n);
	wr_patch_u16(&w, 4, (uint16_t)(n - IP6_HDR_LEN));
	return ip6_parse(head, n, ret);
}

size_t tunnel_relay_error(uint8_t type, uint8_t code, uint32_t param, uint32_t overhead,
			  const struct lke_in6 *from, const uint8_t *inner, size_t len,
			  uint8_t *buf, size_t size)
{
	uint8_t head[IP6_HDR_LEN + IP6_EXT_OCTETS_MAX + ICMP_HDR_LEN];
	struct rd r = rd_init(inner, len);
	struct ip6_info i;

	if (parse_quote(inner, len, head, sizeof(head), &i) != 0)
		return 0;
	rd_skip(&r, 4);
	size_t whole = IP6_HDR_LEN + (size_t)rd_u16(&r);
	if (type == ICMP_PACKET_TOO_BIG) {
		uint32_t mtu = param > overhead ? param - overhead : 0;

		/* RFC 2473 7.1: up to 1280 octets the tunnel has to fragment. */
		if (whole <= IP6_MIN_MTU)
			return 0;
		if (mtu < IP6_MIN_MTU)
			mtu = IP6_MIN_MTU;
		return write_error(type, 0, mtu, from, &i, inner, len < whole ? len : whole, buf,
				   size);
	}
	/* A refusal by the far end concerns the binding, not the path: it is mended by a Binding
	 * Update. */
	if ((type != ICMP_UNREACHABLE || code == ICMP_UNREACHABLE_POLICY) &&
	    (type != ICMP_TIME_EXCEEDED || code != ICMP_HOP_LIMIT_EXCEEDED))
		return 0;
	return write_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_ADDRESS, 0, from, &i, inner,
			   len < whole ? len : whole, buf, size);
}

/* SPDX-License-Identifier: ISC */
/* ICMPv6 errors about outer packets: the path MTU they tell, and whom they are retold to (RFC 2473
 * 8, RFC 8201). */
#include "platform/linux/forward_priv.h"

enum {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_PARAMETER = 4,
	FRAG_HDR_LEN = 8,
	ICMP6_HDR_LEN = 8
};

/* The pair of a quoted tunnel packet that we can have sent, or NULL. */
static struct fwd_pair *quoted_pair(const struct fwd *f, const uint8_t *q, size_t len,
				    size_t *ret_inner)
{
	struct lke_in6 outer[2], inner[2];
	size_t off = IP6_HDR_LEN;
	struct fwd_pair *p;
	uint8_t next;

	if (len < IP6_HDR_LEN || q[0] >> 4 != 6)
		return NULL;
	next = q[6];
	if (next == IP6_NH_FRAGMENT && len >= IP6_HDR_LEN + FRAG_HDR_LEN) {
		struct rd r = rd_init(q + IP6_HDR_LEN, FRAG_HDR_LEN);

		next = rd_u8(&r);
		rd_skip(&r, 1);
		if (rd_u16(&r) & 0xfff8)
			return NULL; /* the inner header is in another fragment */
		off += FRAG_HDR_LEN;
	}
	/* RFC 4443 quotes at least 1,232 octets: a forger must know the home address as well. */
	if (next != IP6_NH_IPV6 || len < off + IP6_HDR_LEN)
		return NULL;
	fwd_addresses(q, outer);
	fwd_addresses(q + off, inner);
	*ret_inner = off;
	p = fwd_find_pair(f, false, &outer[0], &outer[1]);
	if (p && fwd_find_agent(f, false, &inner[1], &outer[0]))
		return p;
	p = fwd_find_pair(f, true, &outer[1], &outer[0]);
	if (p && fwd_find_agent(f, true, &inner[0], &outer[1]))
		return p;
	return NULL;
}

/* Only who saw the packet knows its flow label: nobody gets errors retold about packets that were
 * never sent (THREATS 76). */
static bool seen_by_sender(const struct fwd *f, const uint8_t *quoted, const uint8_t *inner,
			   size_t len)
{
	struct rd r = rd_init(quoted, IP6_HDR_LEN);

	return (rd_u32(&r) & 0xfffff) == tunnel_flow_label(inner, len, f->secret);
}

/* Nobody is at the care-of address, or a host that knows no tunnel (AMB-155). */
static void raise_unreachable(struct fwd *f, const uint8_t *quoted, const uint8_t *inner,
			      lke_time now)
{
	struct lke_in6 out[2], in[2];

	fwd_addresses(quoted, out);
	fwd_addresses(inner, in);
	fwd_raise(f, LKE_TUNNEL_UNREACHABLE, out, in, now);
}

/* An error about a tunnel packet is retold to the source of the packet inside (RFC 2473 8.2). */
static void retell(struct fwd *f, const struct fwd_pair *p, const struct ip6_info *i, size_t inner,
		   lke_time now)
{
	const struct lke_in6 *from = p->key.mobile_side ? &p->key.coa : &p->key.agent;
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint32_t outside = (uint32_t)(inner - i->upper_off - ICMP6_HDR_LEN);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);
	size_t n;

	if (!seen_by_sender(f, i->pkt + inner - outside, i->pkt + inner, i->len - inner))
		return;
	if (!p->key.mobile_side &&
	    (type == ICMP6_UNREACHABLE || (type == ICMP6_PARAMETER && code == 1)))
		raise_unreachable(f, i->pkt + inner - outside, i->pkt + inner, now);
	if (!tbf_take(&f->icmp_limit, 1, now))
		return;
	rd_skip(&r, 2);
	n = tunnel_relay_error(type, code, rd_u32(&r), outside, from, i->pkt + inner,
			       i->len - inner, f->out, sizeof(f->out));
	if (n)
		(void)fwd_write_tun(f, f->out, n);
}

int fwd_icmp(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now)
{
	struct ip6_info i;
	struct lke_in6 addr[2];
	struct fwd_pair *p;
	struct rd r;
	uint8_t type, code;
	uint32_t param;
	size_t inner;

	if (ip6_parse(pkt, len, &i) || i.upper != IP6_NH_ICMPV6 || i.upper_len < ICMP6_HDR_LEN)
		return 0;
	r = rd_init(i.pkt + i.upper_off, i.upper_len);
	type = rd_u8(&r);
	code = rd_u8(&r);
	rd_skip(&r, 2);
	param = rd_u32(&r);
	/* 1/5 is the other end's word about the binding: the engine's affair (AMB-112). */
	if (type == 0 || type > 4 || (type == 1 && code == 5))
		return 0;
	p = quoted_pair(f, i.pkt + i.upper_off + ICMP6_HDR_LEN, i.upper_len - ICMP6_HDR_LEN,
			&inner);
	if (!p)
		return 0;
	if (ip6_checksum(&i.src, &i.dst, IP6_NH_ICMPV6, i.pkt + i.upper_off, i.upper_len))
		return 0;
	if (type == ICMP6_TOO_BIG && param < IP6_MIN_MTU)
		return 1; /* RFC 8201 4: discarded */
	if (type == ICMP6_TOO_BIG && param < fwd_pair_mtu(f, p, now)) {
		fwd_addresses(i.pkt + i.upper_off + ICMP6_HDR_LEN + inner, addr);
		if (p->key.mobile_side)
			fwd_fast_off_mobiles(f);
		else
			fwd_fast_off_home(f, &addr[1]);
		p->mtu = param;
		p->mtu_until =
			now + 600 * LKE_SEC; /* RFC 8201 4: not less than 5 minutes, 10 are usual */
	}
	inner += i.upper_off + ICMP6_HDR_LEN;
	retell(f, p, &i, inner, now);
	return 1;
}

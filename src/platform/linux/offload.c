/* SPDX-License-Identifier: ISC */
#include "platform/linux/offload.h"

#include <linux/virtio_net.h>
#include <string.h>

enum {
	GSO_UDP_L4 = 5, /* VIRTIO_NET_HDR_GSO_UDP_L4, Linux 6.2 */
	TCP_HDR_LEN = 20,
	TCP_SEQ_OFF = 4,
	TCP_DATA_OFF = 12,
	TCP_FLAGS_OFF = 13,
	TCP_FIN = 1,
	TCP_PSH = 8,
	TCP_CWR = 0x80,
	UDP_HDR_LEN = 8,
	UDP_LEN_OFF = 4,
	IP6_LEN_OFF = 4,
};

static uint16_t get16(const uint8_t *p)
{
	struct rd r = rd_init(p, 2);

	return rd_u16(&r);
}

static void put16(uint8_t *p, uint16_t v)
{
	struct wr w = wr_init(p, 2);

	wr_u16(&w, v);
}

static bool decode_segments(const struct virtio_net_hdr *h, struct offload *o)
{
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		o->segments = OFFLOAD_WHOLE;
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		o->segments = OFFLOAD_TCP;
		break;
	case GSO_UDP_L4:
		o->segments = OFFLOAD_UDP;
		break;
	default:
		return false;
	}
	o->size = h->gso_size;
	/* Without it nobody says where the segments' headers end. */
	return o->partial && o->size > 0;
}

bool offload_decode(const uint8_t hdr[OFFLOAD_HDR_LEN], size_t skip, size_t len,
		    struct offload *ret)
{
	struct virtio_net_hdr h;
	struct offload o = { 0 };

	memcpy(&h, hdr, sizeof(h));
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (h.csum_start < skip + IP6_HDR_LEN ||
		    (size_t)h.csum_start - skip + h.csum_offset + 2 > len)
			return false;
		o.partial = true;
		o.csum_start = (uint16_t)(h.csum_start - skip);
		o.csum_offset = h.csum_offset;
	}
	if (!decode_segments(&h, &o))
		return false;
	*ret = o;
	return true;
}

/* Octets before the payload of a superpacket; 0: the upper layer's header is cut short. */
static size_t headers(const struct offload *o, const uint8_t *pkt, size_t len)
{
	size_t at = o->csum_start, n = UDP_HDR_LEN;

	if (o->segments == OFFLOAD_TCP) {
		if (at + TCP_HDR_LEN > len)
			return 0;
		n = (size_t)(pkt[at + TCP_DATA_OFF] >> 4) * 4;
		if (n < TCP_HDR_LEN)
			return 0;
	}
	return at + n <= len ? at + n : 0;
}

void offload_encode(const struct offload *o, const uint8_t *pkt, uint8_t hdr[OFFLOAD_HDR_LEN])
{
	struct virtio_net_hdr h = { 0 };

	if (o->partial) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = o->csum_start;
		h.csum_offset = o->csum_offset;
	}
	if (o->segments == OFFLOAD_TCP) {
		h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		if (pkt[o->csum_start + TCP_FLAGS_OFF] & TCP_CWR)
			h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		h.gso_size = o->size;
		h.hdr_len =
			(uint16_t)(o->csum_start + (pkt[o->csum_start + TCP_DATA_OFF] >> 4) * 4);
	}
	memcpy(hdr, &h, sizeof(h));
}

void offload_complete(struct offload *o, uint8_t *pkt, size_t len)
{
	uint16_t sum;

	if (!o->partial)
		return;
	sum = (uint16_t)~ip6_sum(pkt + o->csum_start, len - o->csum_start);
	/* 0 would mean that there is none (UDP). */
	put16(pkt + o->csum_start + o->csum_offset, sum ? sum : 0xffff);
	o->partial = false;
}

int segments_begin(struct segments *s, const struct offload *o, uint8_t *pkt, size_t len)
{
	size_t at = 0;
	struct ip6_info i;

	s->head_len = headers(o, pkt, len);
	if (s->head_len == 0 || s->head_len > sizeof(s->head) || s->head_len >= len)
		return -LKE_DROP_SHORT;
	for (s->ips = 0; s->ips < TUNNEL_MAX_HEADERS;) {
		if (ip6_parse(pkt + at, len - at, &i))
			return -LKE_DROP_EXT_HEADER;
		s->ip[s->ips++] = at;
		at += i.upper_off;
		if (i.upper != IP6_NH_IPV6 || at >= o->csum_start)
			break;
	}
	if (at != o->csum_start)
		return -LKE_DROP_EXT_HEADER;
	memcpy(s->head, pkt, s->head_len);
	s->pkt = pkt;
	s->len = len;
	s->done = s->head_len;
	s->o = *o;
	return 0;
}

/* A sum over a pseudo header, changed to another upper-layer length (RFC 1624). */
static uint16_t other_length(uint16_t sum, size_t was, size_t is)
{
	uint32_t v = (uint32_t)sum + (uint16_t)~was + (uint16_t)is;

	v = (v & 0xffff) + (v >> 16);
	return (uint16_t)((v & 0xffff) + (v >> 16));
}

void offload_join(struct offload *o, uint8_t *pkt, size_t len, uint16_t size)
{
	enum { TCP_CHECKSUM_OFF = 16 };
	struct rd r = rd_init(pkt, IP6_HDR_LEN);
	struct lke_in6 src, dst;

	rd_skip(&r, 8);
	rd_in6(&r, &src);
	rd_in6(&r, &dst);
	*o = (struct offload){ .partial = true,
			       .csum_start = IP6_HDR_LEN,
			       .csum_offset = TCP_CHECKSUM_OFF,
			       .segments = OFFLOAD_TCP,
			       .size = size };
	put16(pkt + IP6_LEN_OFF, (uint16_t)(len - IP6_HDR_LEN));
	put16(pkt + IP6_HDR_LEN + TCP_CHECKSUM_OFF,
	      other_length((uint16_t)~ip6_checksum(&src, &dst, IP6_NH_TCP, pkt, 0), 0,
			   len - IP6_HDR_LEN));
}

static void tcp_header(uint8_t *t, uint32_t seq, bool first, bool last)
{
	struct wr w = wr_init(t + TCP_SEQ_OFF, 4);

	wr_u32(&w, seq);
	if (!last)
		t[TCP_FLAGS_OFF] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (!first)
		t[TCP_FLAGS_OFF] &= (uint8_t)~TCP_CWR;
}

bool segments_next(struct segments *s, uint8_t **ret, size_t *ret_len, struct offload *ret_o)
{
	size_t start = s->o.csum_start, payload = s->done - s->head_len, n = s->len - s->done, len;
	uint8_t *p = s->pkt + payload, *field;
	bool last = n <= s->o.size;
	struct rd r = rd_init(s->head + start + TCP_SEQ_OFF, 4);

	if (n == 0)
		return false;
	if (!last)
		n = s->o.size;
	len = s->head_len + n;
	memcpy(p, s->head, s->head_len);
	for (unsigned k = 0; k < s->ips; k++)
		put16(p + s->ip[k] + IP6_LEN_OFF, (uint16_t)(len - s->ip[k] - IP6_HDR_LEN));
	if (s->o.segments == OFFLOAD_TCP)
		tcp_header(p + start, rd_u32(&r) + (uint32_t)payload, payload == 0, last);
	else
		put16(p + start + UDP_LEN_OFF, (uint16_t)(len - start));
	field = p + start + s->o.csum_offset;
	put16(field, other_length(get16(field), s->len - start, len - start));
	s->done += n;
	*ret = p;
	*ret_len = len;
	*ret_o = s->o;
	ret_o->segments = OFFLOAD_WHOLE;
	ret_o->size = 0;
	return true;
}

/* SPDX-License-Identifier: ISC */
/*
 * Segments of a TCP flow that come out of a tunnel one behind the other go to the TUN as the one
 * superpacket that they were, or could have been: one write, and one packet for the stack behind
 * it, instead of many.  Only what follows in the same batch of reads is joined, so nothing waits;
 * whatever else is written ends it, so that nothing changes places.  The rules are those of GRO:
 * what is joined can be cut into exactly the same segments again.
 */
#include <string.h>

#include "platform/linux/forward_priv.h"

enum {
	IP6_NEXT = 6,
	TCP_HDR_LEN = 20,
	TCP_SEQ_OFF = 4,
	TCP_ACK_OFF = 8,
	TCP_DATA_OFF = 12,
	TCP_FLAGS_OFF = 13,
	TCP_WINDOW_OFF = 14,
	TCP_CHECKSUM_OFF = 16,
	TCP_URGENT_OFF = 18,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_ECE = 0x40,
	JOINED_MAX = 65535 - IP6_HDR_LEN, /* the kernel's limit counts the IPv6 header */
};

static uint32_t seq_of(const uint8_t *tcp)
{
	struct rd r = rd_init(tcp + TCP_SEQ_OFF, 4);

	return rd_u32(&r);
}

/* Octets of TCP header of a segment that may be joined with others, or 0. */
static size_t joinable(const uint8_t *p, size_t len, const struct offload *o)
{
	const uint8_t *tcp = p + IP6_HDR_LEN;
	struct lke_in6 addr[2];
	size_t head;

	if (o->segments != OFFLOAD_WHOLE || len < IP6_HDR_LEN + TCP_HDR_LEN || len > JOINED_MAX ||
	    p[IP6_NEXT] != IP6_NH_TCP)
		return 0;
	head = (size_t)(tcp[TCP_DATA_OFF] >> 4) * 4;
	if (head < TCP_HDR_LEN || IP6_HDR_LEN + head >= len ||
	    (tcp[TCP_FLAGS_OFF] & ~(TCP_PSH | TCP_ECE)) != TCP_ACK)
		return 0;
	if (o->partial)
		return o->csum_start == IP6_HDR_LEN && o->csum_offset == TCP_CHECKSUM_OFF ? head
											  : 0;
	/* The superpacket's is computed anew: a wrong one must not become right. */
	fwd_addresses(p, addr);
	return ip6_checksum(&addr[0], &addr[1], IP6_NH_TCP, tcp, len - IP6_HDR_LEN) ? 0 : head;
}

/* The same flow, and nothing differs that cutting would not restore. */
static bool follows(const struct fwd_join *j, const uint8_t *p, size_t len, size_t head)
{
	const uint8_t *a = j->pkt, *b = p, *ta = a + IP6_HDR_LEN, *tb = b + IP6_HDR_LEN;

	return j->head == head && len - IP6_HDR_LEN - head <= j->size &&
	       j->len + len - IP6_HDR_LEN - head <= JOINED_MAX && j->next == seq_of(tb) &&
	       memcmp(a, b, 4) == 0 && memcmp(a + IP6_NEXT, b + IP6_NEXT, 34) == 0 &&
	       memcmp(ta, tb, TCP_SEQ_OFF) == 0 &&
	       memcmp(ta + TCP_ACK_OFF, tb + TCP_ACK_OFF, 5) == 0 &&
	       ((ta[TCP_FLAGS_OFF] ^ tb[TCP_FLAGS_OFF]) & ~TCP_PSH) == 0 &&
	       memcmp(ta + TCP_WINDOW_OFF, tb + TCP_WINDOW_OFF, 2) == 0 &&
	       memcmp(ta + TCP_URGENT_OFF, tb + TCP_URGENT_OFF, head - TCP_URGENT_OFF) == 0;
}

static void begin(struct fwd_join *j, const uint8_t *p, size_t len, size_t head,
		  const struct offload *o)
{
	memcpy(j->pkt, p, len);
	j->len = len;
	j->head = head;
	j->size = (uint16_t)(len - IP6_HDR_LEN - head);
	j->next = seq_of(p + IP6_HDR_LEN) + j->size;
	j->o = *o;
	j->count = 1;
}

static void append(struct fwd_join *j, const uint8_t *p, size_t len)
{
	size_t n = len - IP6_HDR_LEN - j->head;

	memcpy(j->pkt + j->len, p + IP6_HDR_LEN + j->head, n);
	j->pkt[IP6_HDR_LEN + TCP_FLAGS_OFF] |= p[IP6_HDR_LEN + TCP_FLAGS_OFF] & TCP_PSH;
	j->len += n;
	j->next += (uint32_t)n;
	j->count++;
}

int fwd_join_flush(struct fwd *f)
{
	struct fwd_join *j = &f->join;
	unsigned count = j->count;

	if (count == 0)
		return 0;
	j->count = 0; /* the write asks for this again */
	if (count > 1) {
		offload_join(&j->o, j->pkt, j->len, j->size);
		f->count.joined += count;
	}
	return fwd_write_tun_offload(f, j->pkt, j->len, &j->o);
}

int fwd_write_tun_joined(struct fwd *f, uint8_t *p, size_t len, const struct offload *o)
{
	struct fwd_join *j = &f->join;
	size_t head = f->batch && f->conf.vnet_hdr ? joinable(p, len, o) : 0;

	if (head == 0)
		return fwd_write_tun_offload(f, p, len, o);
	if (j->count > 0 && follows(j, p, len, head)) {
		append(j, p, len);
	} else {
		(void)fwd_join_flush(f);
		begin(j, p, len, head, o);
	}
	/* The last segment of a superpacket: shorter, or pushed. */
	if (len - IP6_HDR_LEN - head < j->size || (p[IP6_HDR_LEN + TCP_FLAGS_OFF] & TCP_PSH))
		return fwd_join_flush(f);
	return 0;
}

void fwd_batch(struct fwd *f, bool more)
{
	f->batch = more;
	if (more)
		return;
	(void)fwd_join_flush(f);
	fwd_fast_flush(f, f->fast.latest);
}

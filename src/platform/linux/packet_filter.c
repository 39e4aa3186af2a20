/* SPDX-License-Identifier: ISC */
/*
 * What the packet sockets let through.  One program for Ethernet and for links without link-layer
 * header: offsets are relative to the network header.
 */
#include <assert.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>

#include "platform/linux/packet_socket.h"

enum label { NEXT = 0, ACCEPT = 1, DROP = 2, BEHIND = 3, ENDS = 4, LABELS };
#define OVER(n) ((enum label)(LABELS + (n))) /* the next n instructions */

struct code {
	struct sock_filter *p;
	size_t n, behind;		/* what BEHIND means */
	const struct packet_ends *ends; /* where ENDS passes; NULL: anywhere */
	uint8_t jt[PACKET_FILTER_MAX], jf[PACKET_FILTER_MAX]; /* labels until code_end() */
};

static void stmt(struct code *c, uint16_t op, uint32_t k)
{
	assert(c->n < PACKET_FILTER_MAX);
	c->jt[c->n] = c->jf[c->n] = NEXT;
	c->p[c->n++] = (struct sock_filter)BPF_STMT(op, k);
}

static void jump(struct code *c, uint16_t op, uint32_t k, enum label jt, enum label jf)
{
	stmt(c, BPF_JMP | op | BPF_K, k);
	c->jt[c->n - 1] = (uint8_t)jt;
	c->jf[c->n - 1] = (uint8_t)jf;
}

static void net(struct code *c, uint16_t size, uint32_t off)
{
	stmt(c, (uint16_t)(BPF_LD | BPF_ABS | size), (uint32_t)SKF_NET_OFF + off);
}

static void meta(struct code *c, uint32_t what)
{
	stmt(c, BPF_LD | BPF_ABS | BPF_W, (uint32_t)SKF_AD_OFF + what);
}

static uint8_t distance(uint8_t label, const size_t to[LABELS], size_t at)
{
	size_t n = label >= LABELS ? (size_t)label - LABELS : to[label] - at - 1;

	return (uint8_t)n;
}

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Passes what is to an address of the host.  Jumps go forward alone: each address has its own end.
 */
static void ends_only(struct code *c)
{
	enum { DST_OFF = 24, WORDS = 4 };

	for (unsigned i = 0; i < c->ends->n; i++) {
		/* The last word first: addresses of one site differ there. */
		for (unsigned w = WORDS; w > 0; w--) {
			size_t left = 2 * (w - 1); /* instructions of this address before its end */

			net(c, BPF_W, DST_OFF + 4 * (w - 1));
			stmt(c, BPF_JMP | BPF_JEQ | BPF_K, word(c->ends->addr[i].b + 4 * (w - 1)));
			c->p[c->n - 1].jf = (uint8_t)(left + 1);
		}
		stmt(c, BPF_RET | BPF_K, UINT32_MAX);
	}
	stmt(c, BPF_RET | BPF_K, 0);
}

static size_t code_end(struct code *c)
{
	size_t accept = c->n, drop = c->n + 1, ends = c->ends ? c->n + 2 : accept;

	stmt(c, BPF_RET | BPF_K, UINT32_MAX);
	stmt(c, BPF_RET | BPF_K, 0);
	for (size_t i = 0; i < accept; i++) {
		const size_t to[LABELS] = { i + 1, accept, drop, c->behind, ends };

		if (BPF_CLASS(c->p[i].code) != BPF_JMP)
			continue;
		c->p[i].jt = distance(c->jt[i], to, i);
		c->p[i].jf = distance(c->jf[i], to, i);
	}
	if (c->ends)
		ends_only(c);
	return c->n;
}

/*
 * Key Exchange Requests, and whatever a flood of them could be dressed as: any chain of headers but
 * those of one header that Binding Updates, tunnel packets and ESP have.  A queue of their own
 * keeps them from filling that of everything else.  kereqs: other packets end here; else these do.
 */
static void split(struct code *c, bool kereqs)
{
	enum label these = kereqs ? BEHIND : DROP, others = kereqs ? DROP : BEHIND;
	enum { KEREQ = 8 };

	net(c, BPF_B, 6);
	jump(c, BPF_JEQ, 0, these, NEXT);
	jump(c, BPF_JEQ, 135, NEXT, OVER(2));
	net(c, BPF_B, 42);
	jump(c, BPF_JEQ, KEREQ, these, others);
	jump(c, BPF_JEQ, 60, OVER(1), NEXT);
	jump(c, BPF_JEQ, 43, NEXT, others);
	net(c, BPF_B, 40);
	jump(c, BPF_JEQ, 41, others, NEXT);
	jump(c, BPF_JEQ, 50, others, NEXT);
	jump(c, BPF_JEQ, 135, NEXT, these);
	net(c, BPF_B, 41);
	jump(c, BPF_JEQ, 2, NEXT, these); /* 24 octets: a Home Address option or a type 2 header */
	net(c, BPF_B, 66);
	jump(c, BPF_JEQ, KEREQ, these, others);
	c->behind = c->n;
}

static size_t errors_only(struct code *c)
{
	net(c, BPF_B, 0);
	stmt(c, BPF_ALU | BPF_AND | BPF_K, 0xf0);
	jump(c, BPF_JEQ, 0x60, NEXT, DROP);
	net(c, BPF_B, 6);
	jump(c, BPF_JEQ, 58, NEXT, DROP);
	net(c, BPF_B, 40);
	jump(c, BPF_JGT, 4, DROP, NEXT);
	jump(c, BPF_JGE, 1, ACCEPT, DROP);
	return code_end(c);
}

size_t packet_filter(enum packet_kind kind, const struct packet_ends *ends,
		     struct sock_filter prog[PACKET_FILTER_MAX])
{
	struct code c = { .p = prog };
	bool tun = kind == PACKET_KIND_TUN;
	size_t skip[4], incoming = 0;

	if (ends && ends->n <= PACKET_ENDS_FILTER)
		c.ends = ends;

	if (kind == PACKET_KIND_LOOPBACK)
		return errors_only(&c);

	/* Frames to other stations, our own, and those of VLANs that have their own interface. */
	meta(&c, SKF_AD_PROTOCOL);
	jump(&c, BPF_JEQ, ETH_P_IPV6, NEXT, DROP);
	meta(&c, SKF_AD_VLAN_TAG_PRESENT);
	jump(&c, BPF_JEQ, 0, NEXT, DROP);
	meta(&c, SKF_AD_PKTTYPE);
	if (kind == PACKET_KIND_OWN_RA) {
		incoming = c.n;
		jump(&c, BPF_JEQ, PACKET_OUTGOING, NEXT, NEXT);
		net(&c, BPF_B, 6);
		jump(&c, BPF_JEQ, 58, NEXT, DROP);
		net(&c, BPF_B, 40);
		jump(&c, BPF_JEQ, 134, ACCEPT, DROP);
	}
	jump(&c, BPF_JGE, PACKET_OTHERHOST, DROP, NEXT);
	net(&c, BPF_B, 0);
	stmt(&c, BPF_ALU | BPF_AND | BPF_K, 0xf0);
	jump(&c, BPF_JEQ, 0x60, NEXT, DROP);

	if (kind == PACKET_KIND_ROUTER || kind == PACKET_KIND_OWN_RA || kind == PACKET_KIND_KEREQ)
		split(&c, kind == PACKET_KIND_KEREQ);

	/* Next Header: what may hide a message of ours, and tunnel packets.  A router forwards
	 * others' tunnels and ESP by the thousand: only those to this host are anything to it. */
	net(&c, BPF_B, 6);
	jump(&c, BPF_JEQ, 135, ACCEPT, NEXT);
	jump(&c, BPF_JEQ, 60, NEXT, OVER(3));
	net(&c, BPF_B, 40); /* a Tunnel Encapsulation Limit (RFC 2473 5.1) */
	jump(&c, BPF_JEQ, 41, ENDS, NEXT);
	jump(&c, BPF_JEQ, 50, ENDS, ACCEPT);
	jump(&c, BPF_JEQ, 43, ACCEPT, NEXT);
	jump(&c, BPF_JEQ, 50, ENDS, NEXT);
	/* On the TUN protocol 41 is what the plane writes there itself. */
	jump(&c, BPF_JEQ, 41, tun ? DROP : ENDS, NEXT);
	skip[0] = c.n;
	jump(&c, BPF_JEQ, 58, NEXT, NEXT);
	skip[1] = c.n;
	jump(&c, BPF_JEQ, 44, NEXT, NEXT);
	jump(&c, BPF_JEQ, 0, NEXT, DROP);

	/* Hop-by-hop options: all but Multicast Listener Discovery, which has them of 8 octets. */
	net(&c, BPF_B, 40);
	jump(&c, BPF_JEQ, 58, NEXT, ACCEPT);
	net(&c, BPF_B, 48);
	jump(&c, BPF_JEQ, 143, DROP, NEXT);
	jump(&c, BPF_JGT, 132, ACCEPT, NEXT);
	jump(&c, BPF_JGE, 130, DROP, ACCEPT);

	/* Fragments of tunnel packets and of what would be a message. */
	skip[2] = c.n;
	net(&c, BPF_B, 40);
	jump(&c, BPF_JEQ, 41, tun ? DROP : ENDS, NEXT);
	jump(&c, BPF_JEQ, 135, ACCEPT, NEXT);
	jump(&c, BPF_JEQ, 60, ACCEPT, NEXT);
	jump(&c, BPF_JEQ, 58, ACCEPT, DROP);

	/* ICMPv6 errors (RFC 4443), Neighbor Discovery (RFC 4861), and what mobile nodes ask their
	 * home link (RFC 6275 6.5 to 6.8). */
	skip[3] = c.n;
	net(&c, BPF_B, 40);
	jump(&c, BPF_JGT, 147, DROP, NEXT);
	jump(&c, BPF_JGE, 144, ACCEPT, NEXT);
	jump(&c, BPF_JGT, 137, DROP, NEXT);
	jump(&c, BPF_JGE, 133, ACCEPT, NEXT);
	jump(&c, BPF_JGT, 4, DROP, NEXT);
	jump(&c, BPF_JGE, 1, ACCEPT, DROP);

	code_end(&c);
	if (incoming)
		prog[incoming].jf = 4; /* behind the four instructions for what this host sends */
	prog[skip[0]].jt = (uint8_t)(skip[3] - skip[0] - 1);
	prog[skip[1]].jt = (uint8_t)(skip[2] - skip[1] - 1);
	return c.n;
}

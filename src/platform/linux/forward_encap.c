/* SPDX-License-Identifier: ISC */
/* Into the tunnels: what the kernel routed to the TUN device (RFC 2473 3, AMB-121, 122). */
#include <errno.h>
#include <string.h>

#include "platform/linux/forward_priv.h"

enum { ICMP6_TOO_BIG = 2, FRAG_HDR_LEN = 8 };

/* Where a finished outer packet goes. */
struct exit {
	bool tun; /* to the kernel, which routes it */
	uint32_t ifindex;
	struct lke_lladdr nexthop;
};

static int emit(struct fwd *f, const struct exit *x, const uint8_t *pkt, size_t len)
{
	int err;

	if (x->tun)
		return fwd_write_tun_partial(f, pkt, len);
	err = f->conf.send(f->conf.ctx, x->ifindex, &x->nexthop, pkt, len);
	if (err)
		f->count.send_errors++;
	return err;
}

/* The source of a tunnel packet fragments it when the packet inside may not be refused (RFC
 * 2473 7.1). */
static int emit_fragments(struct fwd *f, const struct exit *x, const uint8_t *pkt, size_t len,
			  uint32_t mtu)
{
	size_t room = (mtu - IP6_HDR_LEN - FRAG_HDR_LEN) & ~(size_t)7;
	/* Unpredictable, RFC 7739. */
	uint32_t id = (uint32_t)siphash24(f->secret, &f->frag_next, sizeof(f->frag_next));
	int err = 0;

	f->frag_next++;
	f->count.fragmented++;
	for (size_t off = IP6_HDR_LEN; off < len && !err; off += room) {
		size_t n = len - off < room ? len - off : room;
		struct wr w = wr_init(f->out, sizeof(f->out));

		wr_bytes(&w, pkt, IP6_HDR_LEN);
		wr_patch_u16(&w, 4, (uint16_t)(n + FRAG_HDR_LEN));
		wr_patch_u8(&w, 6, IP6_NH_FRAGMENT);
		wr_u8(&w, IP6_NH_IPV6);
		wr_u8(&w, 0);
		wr_u16(&w, (uint16_t)((off - IP6_HDR_LEN) | (off + n < len)));
		wr_u32(&w, id);
		wr_bytes(&w, pkt + off, n);
		err = emit(f, x, f->out, w.off);
	}
	return err;
}

static int too_big(struct fwd *f, const struct lke_in6 *from, const uint8_t *pkt, size_t len,
		   uint32_t mtu, lke_time now)
{
	size_t n;

	if (tbf_take(&f->icmp_limit, 1, now)) {
		n = icmp_error(ICMP6_TOO_BIG, 0, mtu, from, pkt, len, f->out, sizeof(f->out));
		if (n && fwd_write_tun(f, f->out, n) == 0)
			f->count.too_big++;
	}
	return fwd_drop(f, LKE_DROP_TUNNEL_TOO_BIG);
}

/* A packet that may not enter the tunnel; its source is told when it has too many headers
 * (AMB-122). */
static int may_not_enter(struct fwd *f, const struct lke_in6 *from, const uint8_t *pkt, size_t len,
			 int err, lke_time now)
{
	size_t n;

	if (err == -LKE_DROP_TUNNEL_DEPTH && tbf_take(&f->icmp_limit, 1, now)) {
		n = tunnel_depth_error(from, pkt, len, f->out, sizeof(f->out));
		if (n)
			(void)fwd_write_tun(f, f->out, n);
	}
	return fwd_drop(f, (enum lke_drop) - err);
}

/* p has FWD_HEADROOM before it. */
static void encapsulate(struct fwd *f, struct fwd_tunnel *t, bool mobile_side, uint8_t **p,
			size_t *len, lke_time now)
{
	const struct lke_in6 *src = mobile_side ? &t->t.coa : &t->t.agent;
	const struct lke_in6 *dst = mobile_side ? &t->t.agent : &t->t.coa;

	t->encap++;
	t->encap_bytes += *len;
	t->last = now;
	tunnel_outer(*p, *len, src, dst, tunnel_flow_label(*p, *len, f->secret),
		     *p - TUNNEL_OVERHEAD);
	*p -= TUNNEL_OVERHEAD;
	*len += TUNNEL_OVERHEAD;
}

static int send_outer(struct fwd *f, const struct exit *x, uint8_t *p, size_t len, uint32_t mtu)
{
	int err;

	if (!x->tun || len > mtu || !f->conf.vnet_hdr)
		fwd_complete(f, p, len);
	err = len > mtu ? emit_fragments(f, x, p, len, mtu) : emit(f, x, p, len);

	return err == -EMSGSIZE ? fwd_drop(f, LKE_DROP_TUNNEL_TOO_BIG) : 0;
}

bool fwd_has_credit(const struct fwd_tunnel *t, size_t len)
{
	return t->t.credit == UINT64_MAX ||
	       (t->spent < t->t.credit && len <= t->t.credit - t->spent);
}

/* The kernel routed it to us (and counted the hop): home -> care-of address. */
static int agent_encapsulate(struct fwd *f, struct fwd_tunnel *t, uint8_t *p, size_t len,
			     const struct lke_in6 inner[2], lke_time now)
{
	const struct lke_in6 outer[2] = { t->t.agent, t->t.coa };
	const struct exit x = { .tun = true };
	uint32_t mtu = fwd_pair_mtu(f, t->pair, now);
	int err = tunnel_may_enter(p, len);

	if (err)
		return may_not_enter(f, &t->t.agent, p, len, err, now);
	if (t->t.suspended)
		return fwd_drop(f, LKE_DROP_TUNNEL_CREDIT);
	if (len > tunnel_mtu(mtu))
		return too_big(f, &t->t.agent, p, len, tunnel_mtu(mtu), now);
	if (t->t.credit != UINT64_MAX) {
		if (!fwd_has_credit(t, len)) {
			fwd_raise(f, LKE_TUNNEL_NO_CREDIT, outer, inner, now);
			fwd_complete(f, p, len);
			return fwd_buffer_wait(f, t, p, len) ? 0
							     : fwd_drop(f, LKE_DROP_TUNNEL_CREDIT);
		}
		t->spent += len;
	}
	fwd_first_packet(f, t, outer, inner, now);
	f->count.encap++;
	f->count.encap_bytes += len;
	encapsulate(f, t, false, &p, &len, now);
	fwd_fast_want(f, t, now);
	return send_outer(f, &x, p, len, mtu);
}

int fwd_to_mobile(struct fwd *f, struct fwd_tunnel *t, const uint8_t *p, size_t len, lke_time now)
{
	struct lke_in6 inner[2];

	fwd_addresses(p, inner);
	memcpy(f->kept + FWD_HEADROOM, p, len);
	return agent_encapsulate(f, t, f->kept + FWD_HEADROOM, len, inner, now);
}

/* The tunnels a packet from this home address goes through, from the inside out. */
static size_t mobile_levels(const struct fwd *f, struct fwd_tunnel *t, struct fwd_tunnel **level)
{
	size_t n = 0;

	for (; t && n < TUNNEL_MAX_HEADERS; t = fwd_find(f, true, &t->t.coa))
		level[n++] = t;
	return t ? 0 : n; /* 0: deeper than a packet may be, or a circle */
}

static int mobile_encapsulate(struct fwd *f, struct fwd_tunnel *t, uint8_t *p, size_t len,
			      const struct lke_in6 inner[2], lke_time now)
{
	struct fwd_tunnel *level[TUNNEL_MAX_HEADERS];
	size_t n = mobile_levels(f, t, level);
	struct exit x = { 0 };
	uint32_t outermost, limit = UINT32_MAX;

	if (n == 0)
		return fwd_drop(f, LKE_DROP_TUNNEL_DEPTH);
	x.ifindex = level[n - 1]->t.ifindex;
	x.nexthop = level[n - 1]->t.nexthop;
	outermost = fwd_pair_mtu(f, level[n - 1]->pair, now);
	if (fwd_link_mtu(f, x.ifindex) < outermost)
		outermost = fwd_link_mtu(f, x.ifindex);
	for (size_t i = 0; i < n; i++) {
		uint32_t mtu = i == n - 1 ? outermost : fwd_pair_mtu(f, level[i]->pair, now);
		uint32_t inside = mtu - (uint32_t)(i + 1) * TUNNEL_OVERHEAD;

		if (inside < limit)
			limit = inside;
	}
	if (limit < IP6_MIN_MTU)
		limit = IP6_MIN_MTU;
	if (len > limit)
		return too_big(f, &t->t.coa, p, len, limit, now);
	for (size_t i = 0; i < n; i++) {
		const struct lke_in6 outer[2] = { level[i]->t.coa, level[i]->t.agent };
		int err = tunnel_may_enter(p, len);

		if (err)
			return fwd_drop(f, (enum lke_drop) - err);
		fwd_first_packet(f, level[i], outer, inner, now);
		encapsulate(f, level[i], true, &p, &len, now);
	}
	f->count.encap++;
	f->count.encap_bytes += len - n * TUNNEL_OVERHEAD;
	fwd_fast_want(f, t, now);
	return send_outer(f, &x, p, len, outermost);
}

int fwd_forward(struct fwd *f, uint8_t *p, size_t len, lke_time now)
{
	const struct fwd_direct *d;
	struct fwd_tunnel *t;
	struct lke_in6 addr[2];

	if (len < IP6_HDR_LEN)
		return fwd_drop(f, LKE_DROP_SHORT);
	if (p[0] >> 4 != 6)
		return fwd_drop(f, LKE_DROP_IP_VERSION);
	fwd_addresses(p, addr);
	if (fwd_buffer_takes(f, &addr[1], p, len, now))
		return 0;
	t = fwd_find(f, false, &addr[1]);
	if (t)
		return agent_encapsulate(f, t, p, len, addr, now);
	t = fwd_find(f, true, &addr[0]);
	if (t)
		return mobile_encapsulate(f, t, p, len, addr, now);
	fwd_complete(f, p, len);
	d = in6_is_multicast(&addr[1]) ? NULL : fwd_find_direct(f, &addr[0]);
	if (d) {
		const struct exit x = { .ifindex = d->ifindex, .nexthop = d->nexthop };

		f->count.direct++;
		(void)emit(f, &x, p, len);
		return 0;
	}
	f->count.unmatched++;
	return fwd_drop(f, LKE_DROP_NOT_OURS);
}

/* SPDX-License-Identifier: ISC */
/* Out of the tunnels: what came from a link (RFC 2473 3.3, AMB-120, 123). */
#include "platform/linux/forward_priv.h"

/*
 * May this tunnel packet be opened?  1 and the tunnel; 0: none of ours; -enum lke_drop.  Both the
 * outer and the inner address must be those of one binding (AMB-120).
 */
static int find_exit(struct fwd *f, const struct lke_in6 outer[2], const struct lke_in6 inner[2],
		     lke_time now, struct fwd_tunnel **ret)
{
	struct fwd_tunnel *t = fwd_find_agent(f, false, &inner[0], &outer[1]);
	bool right;

	if (t && t->t.suspended) {
		fwd_raise(f, LKE_TUNNEL_NO_BINDING, outer, inner, now);
		return -LKE_DROP_NO_BINDING;
	}
	if (t) {
		right = in6_eq(&t->t.coa, &outer[0]);
	} else {
		t = fwd_find_agent(f, true, &inner[1], &outer[0]);
		right = t && (in6_eq(&t->t.coa, &outer[1]) ||
			      (now < t->prev_until && in6_eq(&t->prev_coa, &outer[1])));
	}
	if (t && right) {
		*ret = t;
		return 1;
	}
	if (t) {
		fwd_raise(f, LKE_TUNNEL_BAD_OUTER, outer, inner, now);
		return -LKE_DROP_TUNNEL_OUTER;
	}
	if (fwd_find_pair(f, false, &outer[1], &outer[0]) ||
	    fwd_find_pair(f, true, &outer[0], &outer[1])) {
		fwd_raise(f, LKE_TUNNEL_BAD_INNER, outer, inner, now);
		return -LKE_DROP_TUNNEL_INNER;
	}
	if (fwd_is_end(f, &outer[1])) {
		fwd_raise(f, LKE_TUNNEL_NO_BINDING, outer, inner, now);
		return -LKE_DROP_NO_BINDING;
	}
	return 0;
}

static bool scope_ok(const struct lke_in6 *a)
{
	return !in6_is_unspecified(a) && !in6_is_loopback(a) && !in6_is_linklocal(a) &&
	       !in6_is_multicast(a);
}

/* What stays on a link does not come out of a tunnel (AMB-123, 132): also no Neighbor Discovery,
 * which a receiver would take for on-link by its hop limit. */
static bool inner_allowed(const uint8_t *p, size_t len, const struct lke_in6 inner[2])
{
	enum { HOP_LIMIT_OFF = 7, ND_FIRST = 133, ND_LAST = 137 };
	struct ip6_info i;

	if (!scope_ok(&inner[0]) || !scope_ok(&inner[1]))
		return false;
	if (p[HOP_LIMIT_OFF] != 255 || ip6_parse(p, len, &i) || i.upper != IP6_NH_ICMPV6 ||
	    i.upper_len == 0)
		return true;
	return i.pkt[i.upper_off] < ND_FIRST || i.pkt[i.upper_off] > ND_LAST;
}

static void count_exit(struct fwd *f, struct fwd_tunnel *t, size_t len, lke_time now)
{
	t->decap++;
	t->decap_bytes += len;
	if (t->t.mobile_side)
		return;
	t->reverse += len;
	fwd_raise_volume(f, t, now);
}

int fwd_from_link(struct fwd *f, uint32_t ifindex, uint8_t *pkt, size_t len, lke_time now)
{
	struct ip6_info i;
	unsigned level = 0;

	(void)ifindex; /* anti-spoofing by link is the routers'; the binding names addresses */
	for (; level < TUNNEL_MAX_HEADERS; level++) {
		struct lke_in6 outer[2], inner[2];
		struct fwd_tunnel *t = NULL;
		uint8_t *p;
		size_t n;
		int err;

		if (ip6_parse(pkt, len, &i) || i.upper != IP6_NH_IPV6 || i.upper_len < IP6_HDR_LEN)
			break;
		outer[0] = i.src;
		outer[1] = i.dst;
		fwd_addresses(i.pkt + i.upper_off, inner);
		err = find_exit(f, outer, inner, now, &t);
		if (err < 0)
			return fwd_drop(f, (enum lke_drop) - err);
		if (err == 0)
			break;
		err = tunnel_inner(pkt, len, &p, &n);
		if (err)
			return fwd_drop(f, (enum lke_drop) - err);
		if (!inner_allowed(p, n, inner))
			return fwd_drop(f, LKE_DROP_TUNNEL_SCOPE);
		fwd_first_packet(f, t, outer, inner, now);
		count_exit(f, t, n, now);
		pkt = p;
		len = n;
	}
	if (level == 0)
		return 0;
	f->count.decap++;
	f->count.decap_bytes += len;
	(void)fwd_write_tun(f, pkt, len);
	return 1;
}

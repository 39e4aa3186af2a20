/* SPDX-License-Identifier: ISC */
/* Out of the tunnels: what came from a link (RFC 2473 3.3, AMB-120, 123). */
#include "platform/linux/forward_priv.h"

enum { ICMP6_UNREACHABLE = 1, ICMP6_SOURCE_POLICY = 5 };

/*
 * May this tunnel packet be opened?  1 and the tunnel (NULL: it ended a moment ago); 0: none of
 * ours; -enum lke_drop.  Both the outer and the inner address must be those of one binding
 * (AMB-120).
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
	if (!t && fwd_is_gone(f, &inner[1], outer, now)) {
		*ret = NULL;
		return 1;
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

/*
 * An agent tells who sends by a reverse tunnel that it does not open: a mobile node binds again
 * (AMB-112, 120).  Not while the binding is suspended: then a Binding Refresh Request asks for the
 * proof.
 */
static void tell_refused(struct fwd *f, const struct lke_in6 outer[2], const struct lke_in6 *home,
			 const uint8_t *pkt, size_t len, lke_time now)
{
	const struct fwd_tunnel *t = fwd_find_agent(f, false, home, &outer[1]);
	size_t n;

	if (!f->conf.agent || (t && t->t.suspended) || !fwd_is_end(f, &outer[1]) ||
	    !tbf_take(&f->refusals, 1, now))
		return;
	n = icmp_error(ICMP6_UNREACHABLE, ICMP6_SOURCE_POLICY, 0, &outer[1], pkt, len, f->out,
		       sizeof(f->out));
	if (n)
		(void)fwd_write_tun(f, f->out, n);
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
	t->last = now;
	if (t->t.mobile_side)
		return;
	t->reverse += len;
	fwd_raise_volume(f, t, now);
	fwd_fast_want(f, t, now);
}

/* Is this a fragment of what may be a tunnel packet, between the ends of a live tunnel? */
static bool fragment_of_tunnel(const struct fwd *f, const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint8_t next = rd_u8(&r);

	/* Options before the inner header are how others send a Tunnel Encapsulation Limit. */
	return (next == IP6_NH_IPV6 || next == IP6_NH_DSTOPTS) &&
	       (fwd_find_pair(f, false, &i->dst, &i->src) ||
		fwd_find_pair(f, true, &i->src, &i->dst));
}

/* As reassembly_input(). */
static int join(struct fwd *f, const struct ip6_info *i, lke_time now, uint8_t **ret_pkt,
		size_t *ret_len)
{
	if (!f->reassembly)
		f->reassembly = reassembly_new();
	if (!f->reassembly)
		return -LKE_DROP_NOMEM;
	return reassembly_input(f->reassembly, i, now, ret_pkt, ret_len);
}

/*
 * Takes one tunnel header off, or puts a fragment to the others of its packet.  1: *pkt is what was
 * inside, or the whole outer packet (*ret_joined); 0: nothing of ours; -enum lke_drop,
 * LKE_DROP_NONE never: a fragment that has to wait is -LKE_DROP_COUNT.
 */
static int peel(struct fwd *f, uint8_t **pkt, size_t *len, lke_time now, bool *joined)
{
	struct lke_in6 outer[2], inner[2];
	struct fwd_tunnel *t = NULL;
	struct ip6_info i;
	uint8_t *p;
	size_t n;
	int err;

	if (ip6_parse(*pkt, *len, &i))
		return 0;
	if (i.has_fragment && fragment_of_tunnel(f, &i)) {
		err = *joined ? -LKE_DROP_FRAGMENT : join(f, &i, now, pkt, len);
		*joined = err == 1;
		return err == 0 ? -LKE_DROP_COUNT : err;
	}
	*joined = false;
	if (i.upper != IP6_NH_IPV6 || i.upper_len < IP6_HDR_LEN)
		return 0;
	outer[0] = i.src;
	outer[1] = i.dst;
	fwd_addresses(i.pkt + i.upper_off, inner);
	err = find_exit(f, outer, inner, now, &t);
	if (err < 0)
		tell_refused(f, outer, &inner[0], *pkt, *len, now);
	if (err <= 0)
		return err;
	err = tunnel_inner(*pkt, *len, &p, &n);
	if (err)
		return err;
	if (!inner_allowed(p, n, inner))
		return -LKE_DROP_TUNNEL_SCOPE;
	if (t) {
		fwd_first_packet(f, t, outer, inner, now);
		count_exit(f, t, n, now);
	}
	*pkt = p;
	*len = n;
	return 1;
}

int fwd_from_link_offload(struct fwd *f, uint32_t ifindex, uint8_t *pkt, size_t len,
			  const struct offload *offload, lke_time now)
{
	const uint8_t *sum = offload->partial ? pkt + offload->csum_start : NULL;
	struct offload o = *offload;
	unsigned level = 0;
	bool joined = false;

	(void)ifindex; /* anti-spoofing by link is the routers'; the binding names addresses */
	while (level < TUNNEL_MAX_HEADERS) {
		int err = peel(f, &pkt, &len, now, &joined);

		if (err == -LKE_DROP_COUNT)
			return 1;
		if (err < 0)
			return fwd_drop(f, (enum lke_drop) - err);
		if (err == 0)
			break;
		level += !joined;
		if (joined) /* of fragments, which are sent complete */
			o = (struct offload){ 0 };
	}
	if (level == 0)
		return 0;
	if (o.partial && sum < pkt + IP6_HDR_LEN)
		return fwd_drop(f,
				LKE_DROP_CHECKSUM); /* of the outer packet: none of ours has one */
	if (o.partial)
		o.csum_start = (uint16_t)(sum - pkt);
	f->count.decap++;
	f->count.decap_bytes += len;
	(void)fwd_write_tun_joined(f, pkt, len, &o);
	return 1;
}

int fwd_from_link(struct fwd *f, uint32_t ifindex, uint8_t *pkt, size_t len, lke_time now)
{
	const struct offload none = { 0 };

	return fwd_from_link_offload(f, ifindex, pkt, len, &none, now);
}

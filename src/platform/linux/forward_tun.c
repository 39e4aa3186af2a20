/* SPDX-License-Identifier: ISC */
/* Data path of the forwarding plane on a TUN device. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "platform/linux/forward_priv.h"

enum { ICMP6_TOO_BIG = 2, FRAG_HDR_LEN = 8, ICMP6_HDR_LEN = 8 };

#define BUSY_TRIES 30

/* The device of a killed daemon is busy until its last process is gone, which takes a moment. */
static int attach(int fd, struct ifreq *ifr)
{
	const struct timespec wait = { .tv_nsec = 50 * 1000 * 1000 };

	for (unsigned tries = 0;; tries++) {
		if (ioctl(fd, TUNSETIFF, ifr) == 0)
			return 0;
		if (errno != EBUSY || tries == BUSY_TRIES)
			return -errno;
		nanosleep(&wait, NULL);
	}
}

int fwd_open_tun(const char *name, uint32_t *ret_ifindex)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int sock, err;

	if (fd < 0)
		return -errno;
	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	err = attach(fd, &ifr);
	if (err) {
		close(fd);
		return err;
	}
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = sock < 0 || ioctl(sock, SIOCGIFINDEX, &ifr) ? -errno : 0;
	if (sock >= 0)
		close(sock);
	if (err) {
		close(fd);
		return err;
	}
	*ret_ifindex = (uint32_t)ifr.ifr_ifindex;
	return fd;
}

static int drop(struct fwd *f, enum lke_drop why)
{
	f->count.drop[why]++;
	return -(int)why;
}

/* ---- out ---- */

/* Where a finished outer packet goes. */
struct exit {
	bool tun; /* to the kernel, which routes it */
	uint32_t ifindex;
	struct lke_lladdr nexthop;
};

int fwd_write_tun(struct fwd *f, const uint8_t *pkt, size_t len)
{
	ssize_t n = write(f->conf.tun_fd, pkt, len);

	if (n == (ssize_t)len)
		return 0;
	f->count.send_errors++;
	return n < 0 ? -errno : -EIO;
}

static int emit(struct fwd *f, const struct exit *x, const uint8_t *pkt, size_t len)
{
	int err;

	if (x->tun)
		return fwd_write_tun(f, pkt, len);
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
	uint32_t id = (uint32_t)siphash24(f->frag_secret, &f->frag_next, sizeof(f->frag_next));
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
	return drop(f, LKE_DROP_TUNNEL_TOO_BIG);
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
	return drop(f, (enum lke_drop) - err);
}

static void first_packet(struct fwd *f, struct fwd_tunnel *t, const struct lke_in6 outer[2],
			 const struct lke_in6 inner[2], lke_time now)
{
	if (t->used)
		return;
	t->used = true;
	fwd_raise(f, LKE_TUNNEL_FIRST, outer, inner, now);
}

static void addresses(const uint8_t *pkt, struct lke_in6 ret[2])
{
	struct rd r = rd_init(pkt, IP6_HDR_LEN);

	rd_skip(&r, 8);
	rd_in6(&r, &ret[0]);
	rd_in6(&r, &ret[1]);
}

/* p has FWD_HEADROOM before it. */
static void encapsulate(struct fwd_tunnel *t, bool mobile_side, uint8_t **p, size_t *len)
{
	const struct lke_in6 *src = mobile_side ? &t->t.coa : &t->t.agent;
	const struct lke_in6 *dst = mobile_side ? &t->t.agent : &t->t.coa;

	t->encap++;
	t->encap_bytes += *len;
	tunnel_outer(*p, *len, src, dst, *p - TUNNEL_OVERHEAD);
	*p -= TUNNEL_OVERHEAD;
	*len += TUNNEL_OVERHEAD;
}

static int send_outer(struct fwd *f, const struct exit *x, const uint8_t *p, size_t len,
		      uint32_t mtu)
{
	int err = len > mtu ? emit_fragments(f, x, p, len, mtu) : emit(f, x, p, len);

	return err == -EMSGSIZE ? drop(f, LKE_DROP_TUNNEL_TOO_BIG) : 0;
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
		return drop(f, LKE_DROP_TUNNEL_CREDIT);
	if (len > tunnel_mtu(mtu))
		return too_big(f, &t->t.agent, p, len, tunnel_mtu(mtu), now);
	if (t->t.credit != UINT64_MAX) {
		if (t->spent >= t->t.credit || len > t->t.credit - t->spent) {
			fwd_raise(f, LKE_TUNNEL_NO_CREDIT, outer, inner, now);
			return drop(f, LKE_DROP_TUNNEL_CREDIT);
		}
		t->spent += len;
	}
	first_packet(f, t, outer, inner, now);
	f->count.encap++;
	f->count.encap_bytes += len;
	encapsulate(t, false, &p, &len);
	return send_outer(f, &x, p, len, mtu);
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
		return drop(f, LKE_DROP_TUNNEL_DEPTH);
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
			return drop(f, (enum lke_drop) - err);
		first_packet(f, level[i], outer, inner, now);
		encapsulate(level[i], true, &p, &len);
	}
	f->count.encap++;
	f->count.encap_bytes += len - n * TUNNEL_OVERHEAD;
	return send_outer(f, &x, p, len, outermost);
}

/* p has FWD_HEADROOM before it. */
static int forward(struct fwd *f, uint8_t *p, size_t len, lke_time now)
{
	const struct fwd_direct *d;
	struct fwd_tunnel *t;
	struct lke_in6 addr[2];

	if (len < IP6_HDR_LEN)
		return drop(f, LKE_DROP_SHORT);
	if (p[0] >> 4 != 6)
		return drop(f, LKE_DROP_IP_VERSION);
	addresses(p, addr);
	t = fwd_find(f, false, &addr[1]);
	if (t)
		return agent_encapsulate(f, t, p, len, addr, now);
	t = fwd_find(f, true, &addr[0]);
	if (t)
		return mobile_encapsulate(f, t, p, len, addr, now);
	d = in6_is_multicast(&addr[1]) ? NULL : fwd_find_direct(f, &addr[0]);
	if (d) {
		const struct exit x = { .ifindex = d->ifindex, .nexthop = d->nexthop };

		f->count.direct++;
		(void)emit(f, &x, p, len);
		return 0;
	}
	if (fwd_withdrawn_keep(f, &addr[1], p, len))
		return 0;
	f->count.unmatched++;
	return drop(f, LKE_DROP_NOT_OURS);
}

int fwd_packet(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now)
{
	if (len > FWD_PACKET_MAX)
		return drop(f, LKE_DROP_TUNNEL_TOO_BIG);
	memcpy(f->buf + FWD_HEADROOM, pkt, len);
	return forward(f, f->buf + FWD_HEADROOM, len, now);
}

int fwd_from_tun(struct fwd *f, unsigned budget, lke_time now)
{
	unsigned n = 0;

	while (!f->hold && n < budget) {
		ssize_t len = read(f->conf.tun_fd, f->buf + FWD_HEADROOM, FWD_PACKET_MAX);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? (int)n : -errno;
		n++;
		(void)forward(f, f->buf + FWD_HEADROOM, (size_t)len, now);
	}
	return (int)n;
}

/* ---- in ---- */

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
		addresses(i.pkt + i.upper_off, inner);
		err = find_exit(f, outer, inner, now, &t);
		if (err < 0)
			return drop(f, (enum lke_drop) - err);
		if (err == 0)
			break;
		err = tunnel_inner(pkt, len, &p, &n);
		if (err)
			return drop(f, (enum lke_drop) - err);
		if (!inner_allowed(p, n, inner))
			return drop(f, LKE_DROP_TUNNEL_SCOPE);
		first_packet(f, t, outer, inner, now);
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

/* ---- ICMPv6 errors about outer packets ---- */

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
		next = q[IP6_HDR_LEN];
		off += FRAG_HDR_LEN;
	}
	/* RFC 4443 quotes at least 1,232 octets: a forger must know the home address as well. */
	if (next != IP6_NH_IPV6 || len < off + IP6_HDR_LEN)
		return NULL;
	addresses(q, outer);
	addresses(q + off, inner);
	*ret_inner = off;
	p = fwd_find_pair(f, false, &outer[0], &outer[1]);
	if (p && fwd_find_agent(f, false, &inner[1], &outer[0]))
		return p;
	p = fwd_find_pair(f, true, &outer[1], &outer[0]);
	if (p && fwd_find_agent(f, true, &inner[0], &outer[1]))
		return p;
	return NULL;
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
	if (type == ICMP6_TOO_BIG && param < fwd_pair_mtu(f, p, now)) {
		p->mtu = param < IP6_MIN_MTU ? IP6_MIN_MTU : param;
		p->mtu_until =
			now + 600 * LKE_SEC; /* RFC 8201 4: not less than 5 minutes, 10 are usual */
	}
	inner += i.upper_off + ICMP6_HDR_LEN;
	retell(f, p, &i, inner, now);
	return 1;
}

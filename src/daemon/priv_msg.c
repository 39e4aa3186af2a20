/* SPDX-License-Identifier: ISC */
#include "daemon/priv_msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/reload.h"
#include "wire/ip6.h"

static void set_lladdr(struct priv_request *r, const struct lke_lladdr *ll)
{
	r->lladdr_len = ll->len;
	memcpy(r->lladdr, ll->b, sizeof(r->lladdr));
}

static void from_addr(struct priv_request *r, const struct lke_act_addr *a)
{
	r->type = PRIV_ADDR;
	r->ifindex = a->ifindex;
	r->addr = a->addr;
	r->prefix_len = a->prefix_len;
	r->remove = a->remove;
	r->valid = a->valid;
	r->preferred = a->preferred;
}

static void from_path(struct priv_request *r, const struct lke_act_path *a)
{
	r->type = PRIV_PATH;
	r->addr = a->src;
	r->kind = (uint32_t)a->path;
	if (a->path == LKE_PATH_ROUTER) {
		r->ifindex = a->ifindex;
		r->router = a->router;
	}
}

static void from_neigh(struct priv_request *r, const struct lke_act_neigh *a)
{
	r->type = PRIV_NEIGH;
	r->ifindex = a->ifindex;
	r->addr = a->addr;
	r->remove = a->remove;
	set_lladdr(r, &a->lladdr);
}

static void from_steer(struct priv_request *r, const struct lke_act_steer *a)
{
	r->type = PRIV_STEER;
	r->kind = (uint32_t)a->set;
	r->addr = a->addr;
	r->spi = a->set == LKE_STEER_SPI ? a->spi : 0;
	r->remove = a->remove;
}

static void from_checkpoint(struct priv_request *r, const struct lke_act_checkpoint *a)
{
	r->type = PRIV_CHECKPOINT;
	r->addr = a->home;
	r->generation = a->generation;
	r->floor = a->floor;
	r->used = a->used;
	r->suspended = a->suspended;
}

static void from_keep(struct priv_request *r, const struct lke_act_keep *a)
{
	r->type = PRIV_KEEP;
	r->addr = a->home;
	r->remove = a->remove;
	if (a->remove)
		return;
	r->router = a->agent;
	r->coa = a->coa;
	r->floor = a->seq;
	r->expires = a->expires;
}

bool priv_from_action(const struct lke_action *a, uint64_t cookie, struct priv_request *ret)
{
	struct priv_request r = { .cookie = cookie };

	switch (a->type) {
	case LKE_ACT_ADDR:
		from_addr(&r, &a->addr);
		break;
	case LKE_ACT_PATH:
		from_path(&r, &a->path);
		break;
	case LKE_ACT_LINK:
		r.type = PRIV_LINK;
		r.ifindex = a->link.ifindex;
		r.valid = a->link.mtu;
		r.preferred = a->link.hop_limit;
		break;
	case LKE_ACT_NEIGH:
		from_neigh(&r, &a->neigh);
		break;
	case LKE_ACT_STEER:
		from_steer(&r, &a->steer);
		break;
	case LKE_ACT_INTERCEPT:
		r.type = PRIV_INTERCEPT;
		r.addr = a->intercept.addr;
		r.remove = a->intercept.remove;
		break;
	case LKE_ACT_CHECKPOINT:
		from_checkpoint(&r, &a->checkpoint);
		break;
	case LKE_ACT_KEEP:
		from_keep(&r, &a->keep);
		break;
	case LKE_ACT_KEY:
		r.type = PRIV_KEY;
		r.addr = a->key.home;
		r.generation = a->key.generation;
		break;
	default:
		return false;
	}
	*ret = r;
	return true;
}

static bool interface_ok(const struct priv_limits *l, uint32_t ifindex, bool mn)
{
	return ifindex <= INT32_MAX && l->interface_ok(l->ctx, ifindex, mn);
}

/* What the host may be given: never loopback, multicast or unspecified. */
static bool unicast(const struct lke_in6 *a)
{
	return in6_is_global(a) || in6_is_linklocal(a);
}

static int check_addr(const struct priv_request *r, const struct priv_limits *l)
{
	bool tun = r->ifindex == 0;

	if (r->prefix_len < 1 || r->prefix_len > 128 || (!r->remove && r->preferred > r->valid))
		return -EINVAL;
	if (!unicast(&r->addr) || (tun && !in6_is_global(&r->addr)))
		return -EINVAL;
	/* Only the mobile node has its addresses made; agents have those of the administrator. */
	return (tun ? l->mn : interface_ok(l, r->ifindex, true)) ? 0 : -EPERM;
}

/* The link-layer address is that of one host. */
static bool station(const struct priv_request *r)
{
	return r->lladdr_len == 6 && !(r->lladdr[0] & 1);
}

static int check_path(const struct priv_request *r, const struct priv_limits *l)
{
	bool main_table = in6_is_unspecified(&r->addr);

	if (!l->mn)
		return -EPERM;
	if (r->kind > LKE_PATH_TUNNEL || (!main_table && !in6_is_global(&r->addr)))
		return -EINVAL;
	if (r->kind != LKE_PATH_ROUTER)
		return r->ifindex || r->lladdr_len || !in6_is_unspecified(&r->router) ? -EINVAL : 0;
	if (!in6_is_linklocal(&r->router) || (r->lladdr_len && !station(r)))
		return -EINVAL;
	return interface_ok(l, r->ifindex, true) ? 0 : -EPERM;
}

static int check_neigh(const struct priv_request *r, const struct priv_limits *l)
{
	if (!unicast(&r->addr) || (r->lladdr_len != 0 && r->lladdr_len != 6))
		return -EINVAL;
	if (!r->remove && !station(r))
		return -EINVAL;
	return interface_ok(l, r->ifindex, true) ? 0 : -EPERM;
}

static int check_gate(const struct priv_request *r, const struct priv_limits *l)
{
	if (!unicast(&r->addr) || !station(r))
		return -EINVAL;
	return interface_ok(l, r->ifindex, false) ? 0 : -EPERM;
}

static int check_steer(const struct priv_request *r, const struct priv_limits *l)
{
	/* The mobile node answers DAD for its link-local address too. */
	if (r->kind > LKE_STEER_SPI || !in6_is_global(&r->addr))
		return -EINVAL;
	if ((r->kind == LKE_STEER_SPI) != (r->spi != 0) || (r->spi && r->spi < 256))
		return -EINVAL;
	return 0;
}

static int check_intercept(const struct priv_request *r, const struct priv_limits *l)
{
	if (!in6_is_global(&r->addr) || (r->ifindex != 0) != (r->lladdr_len != 0) ||
	    (r->ifindex && (!r->remove || !station(r))))
		return -EINVAL;
	if (!l->agent || (r->ifindex && !interface_ok(l, r->ifindex, false)))
		return -EPERM;
	return r->remove || l->served_ok(l->ctx, &r->addr) ? 0 : -EPERM;
}

static int check_checkpoint(const struct priv_request *r, const struct priv_limits *l)
{
	if (r->floor > UINT16_MAX)
		return -EINVAL;
	return l->home_ok(l->ctx, &r->addr) ? 0 : -EPERM;
}

static int check_keep(const struct priv_request *r, const struct priv_limits *l)
{
	if (r->floor > UINT16_MAX)
		return -EINVAL;
	if (!r->remove && (!in6_is_global(&r->router) || !in6_is_global(&r->coa) || !r->expires))
		return -EINVAL;
	return l->agent && l->home_ok(l->ctx, &r->addr) ? 0 : -EPERM;
}

/* The engine process may write any packet to the TUN device; this gives it no more.  valid is what
 * a packet may have without being cut behind its outer header. */
static int check_fast(const struct priv_request *r, const struct priv_limits *l)
{
	if (!in6_is_global(&r->addr))
		return -EINVAL;
	if (!r->remove && (!in6_is_global(&r->router) || !in6_is_global(&r->coa) ||
			   r->valid < IP6_MIN_MTU - IP6_HDR_LEN || r->valid > UINT16_MAX ||
			   r->lladdr_len != (r->ifindex ? sizeof(r->lladdr) : 0)))
		return -EINVAL;
	if (r->ifindex == 0)
		return l->agent ? 0 : -EPERM;
	/* Removal: the interface may be gone. */
	return l->mn && (r->remove || interface_ok(l, r->ifindex, true)) ? 0 : -EPERM;
}

static int check_link(const struct priv_request *r, const struct priv_limits *l)
{
	if ((r->valid && (r->valid < IP6_MIN_MTU || r->valid > UINT16_MAX)) ||
	    r->preferred > UINT8_MAX)
		return -EINVAL;
	return interface_ok(l, r->ifindex, true) ? 0 : -EPERM;
}

/* Keeps the fields that a type uses; everything else must be zero. */
static bool unused_zero(const struct priv_request *r)
{
	struct priv_request rest = *r, zero;

	memset(&zero, 0, sizeof(zero));
	rest.type = 0;
	rest.cookie = 0;
	switch (r->type) {
	case PRIV_ADDR:
		rest.valid = rest.preferred = 0;
		rest.prefix_len = 0;
		break;
	case PRIV_PATH:
		rest.kind = 0;
		rest.router = zero.router;
		break;
	case PRIV_STEER:
		rest.kind = rest.spi = 0;
		break;
	case PRIV_CHECKPOINT:
		rest.generation = rest.floor = rest.used = 0;
		rest.suspended = 0;
		break;
	case PRIV_KEEP:
		rest.floor = 0;
		rest.expires = 0;
		rest.router = rest.coa = zero.coa;
		break;
	case PRIV_KEY:
		rest.generation = 0;
		break;
	case PRIV_RELOAD:
		rest.kind = rest.valid = 0;
		break;
	case PRIV_CONFIGURED:
		rest.used = 0;
		break;
	case PRIV_FAST:
		rest.valid = rest.spi = 0;
		rest.router = rest.coa = zero.coa;
		break;
	case PRIV_LINK:
		rest.valid = rest.preferred = 0;
		break;
	default:
		break;
	}
	if (r->type != PRIV_READY && r->type != PRIV_ALIVE && r->type != PRIV_PROBE &&
	    r->type != PRIV_SWEEP && r->type != PRIV_RELOAD && r->type != PRIV_CONFIGURED &&
	    r->type != PRIV_LINK && r->type != PRIV_OPEN_LINK && r->type != PRIV_OPEN_KEREQ) {
		rest.addr = zero.addr;
		if (r->type != PRIV_PATH && r->type != PRIV_CHECKPOINT && r->type != PRIV_GATE &&
		    r->type != PRIV_KEY && r->type != PRIV_OPEN_KEY)
			rest.remove = 0;
	}
	if (r->type == PRIV_PATH || r->type == PRIV_NEIGH || r->type == PRIV_INTERCEPT ||
	    r->type == PRIV_GATE || r->type == PRIV_FAST) {
		rest.lladdr_len = 0;
		memset(rest.lladdr, 0, sizeof(rest.lladdr));
	}
	if (r->type == PRIV_ADDR || r->type == PRIV_PATH || r->type == PRIV_NEIGH ||
	    r->type == PRIV_INTERCEPT || r->type == PRIV_GATE || r->type == PRIV_OPEN_LINK ||
	    r->type == PRIV_OPEN_KEREQ || r->type == PRIV_LINK || r->type == PRIV_FAST)
		rest.ifindex = 0;
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): padding, too */
	return memcmp(&rest, &zero, sizeof(rest)) == 0;
}

int priv_check(const struct priv_request *r, size_t len, const struct priv_limits *limits)
{
	if (len != sizeof(*r))
		return -EBADMSG;
	if (r->remove > 1 || r->suspended > 1 || !unused_zero(r))
		return -EINVAL;
	switch (r->type) {
	case PRIV_ADDR:
		return check_addr(r, limits);
	case PRIV_PATH:
		return check_path(r, limits);
	case PRIV_NEIGH:
		return check_neigh(r, limits);
	case PRIV_STEER:
		return check_steer(r, limits);
	case PRIV_INTERCEPT:
		return check_intercept(r, limits);
	case PRIV_CHECKPOINT:
		return check_checkpoint(r, limits);
	case PRIV_GATE:
		return check_gate(r, limits);
	case PRIV_KEEP:
		return check_keep(r, limits);
	case PRIV_FAST:
		return check_fast(r, limits);
	case PRIV_LINK:
		return check_link(r, limits);
	case PRIV_OPEN_KEY:
	case PRIV_KEY:
		return limits->agent && limits->home_ok(limits->ctx, &r->addr) ? 0 : -EPERM;
	case PRIV_OPEN_LINK:
	case PRIV_OPEN_KEREQ:
		return interface_ok(limits, r->ifindex, false) ? 0 : -EPERM;
	case PRIV_RELOAD:
		return r->kind > 0 && r->kind < RELOAD_KINDS && r->valid <= RELOAD_CONFIRM_MAX
			       ? 0
			       : -EINVAL;
	case PRIV_SWEEP:
	case PRIV_PROBE:
	case PRIV_READY:
	case PRIV_ALIVE:
	case PRIV_CONFIGURED:
		return 0;
	default:
		return -EINVAL;
	}
}

struct lke_act_addr priv_to_addr(const struct priv_request *r)
{
	return (struct lke_act_addr){ .ifindex = r->ifindex,
				      .addr = r->addr,
				      .prefix_len = r->prefix_len,
				      .remove = r->remove != 0,
				      .valid = r->valid,
				      .preferred = r->preferred };
}

struct lke_act_path priv_to_path(const struct priv_request *r)
{
	return (struct lke_act_path){ .src = r->addr,
				      .path = (enum lke_path)r->kind,
				      .ifindex = r->ifindex,
				      .router = r->router };
}

struct lke_act_neigh priv_to_neigh(const struct priv_request *r)
{
	struct lke_act_neigh a = { .ifindex = r->ifindex,
				   .addr = r->addr,
				   .remove = r->remove != 0 };

	a.lladdr.len = r->lladdr_len;
	memcpy(a.lladdr.b, r->lladdr, sizeof(a.lladdr.b));
	return a;
}

struct lke_act_steer priv_to_steer(const struct priv_request *r)
{
	return (struct lke_act_steer){ .set = (enum lke_steer)r->kind,
				       .addr = r->addr,
				       .spi = r->spi,
				       .remove = r->remove != 0 };
}

struct lke_act_intercept priv_to_intercept(const struct priv_request *r)
{
	return (struct lke_act_intercept){ .addr = r->addr, .remove = r->remove != 0 };
}

struct lke_act_checkpoint priv_to_checkpoint(const struct priv_request *r)
{
	return (struct lke_act_checkpoint){ .home = r->addr,
					    .generation = r->generation,
					    .floor = (uint16_t)r->floor,
					    .used = r->used,
					    .suspended = r->suspended != 0 };
}

struct lke_act_keep priv_to_keep(const struct priv_request *r)
{
	return (struct lke_act_keep){ .home = r->addr,
				      .agent = r->router,
				      .coa = r->coa,
				      .seq = (uint16_t)r->floor,
				      .expires = r->expires,
				      .remove = r->remove != 0 };
}

struct priv_request priv_from_fast(const struct fast_binding *b)
{
	struct priv_request r = { .type = PRIV_FAST,
				  .ifindex = b->ifindex,
				  .addr = b->home,
				  .router = b->agent,
				  .coa = b->coa,
				  .valid = b->mtu,
				  .spi = b->slot,
				  .remove = b->remove };

	if (b->nexthop.len == sizeof(r.lladdr)) {
		r.lladdr_len = sizeof(r.lladdr);
		memcpy(r.lladdr, b->nexthop.b, sizeof(r.lladdr));
	}
	return r;
}

struct fast_binding priv_to_fast(const struct priv_request *r)
{
	struct fast_binding b = { .home = r->addr,
				  .agent = r->router,
				  .coa = r->coa,
				  .mtu = r->valid,
				  .slot = r->spi,
				  .remove = r->remove != 0,
				  .ifindex = r->ifindex };

	b.nexthop.len = r->lladdr_len;
	memcpy(b.nexthop.b, r->lladdr, sizeof(r->lladdr));
	return b;
}

int priv_send(int fd, const void *record, size_t len, int pass_fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)record, .iov_len = len };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	/* Without a descriptor by send(): the engine process may not call sendmsg(). */
	if (pass_fd < 0)
		return send(fd, record, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	memset(&control, 0, sizeof(control));
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
	return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t priv_receive(int fd, void *record, size_t size, int *ret_fd)
{
	struct iovec iov = { .iov_base = record, .iov_len = size };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	ssize_t n;

	if (ret_fd)
		*ret_fd = -1;
	n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	if (n < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		int got;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len != CMSG_LEN(sizeof(int)))
			continue;
		memcpy(&got, CMSG_DATA(c), sizeof(int));
		if (ret_fd)
			*ret_fd = got;
		else
			close(got);
	}
	return n;
}

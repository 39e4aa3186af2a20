/* SPDX-License-Identifier: ISC */
#include "platform/linux/xfrm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/table.h"
#include "platform/linux/netlink_priv.h"

#define GROUP_BIT(group) (1u << ((group)-1))
enum { RCVBUF = 4 << 20 };

/* What names an association in the kernel; without holes, since it is hashed. */
struct sa_key {
	struct lke_in6 dst;
	uint32_t spi, proto, mark, mask, if_id;
};
_Static_assert(sizeof(struct sa_key) == 36, "no holes");

struct sa {
	struct table_node node;
	struct sa_key key;
	struct lke_in6 src;
	bool seen;
};

struct peer {
	struct table_node node;
	struct lke_in6 addr;
	unsigned sas;
};

struct xfrm {
	int fd;
	uint32_t seq;
	bool dumping, again;
	struct table sas, peers;
	struct xfrm_counts stats;
	_Alignas(8) uint8_t buf[NL_DUMP_BUF];
};

static int dump(struct xfrm *x)
{
	_Alignas(8) uint8_t buf[NL_BUF];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(&x->sas, &cursor, n)))
		TABLE_ENTRY(n, struct sa, node)->seen = false;
	nlh->nlmsg_type = XFRM_MSG_GETSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++x->seq;
	x->dumping = true;
	x->again = false;
	return send(x->fd, nlh, nlh->nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int open_socket(void)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK,
				  .nl_groups =
					  GROUP_BIT(XFRMNLGRP_SA) | GROUP_BIT(XFRMNLGRP_EXPIRE) };
	int size = RCVBUF, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int xfrm_open(struct xfrm **ret)
{
	struct xfrm *x = mem_zalloc(sizeof(*x));
	uint8_t secret[16];
	int err = -ENOMEM;

	if (!x)
		return err;
	x->fd = -1;
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret)) {
		err = -EIO;
		goto fail;
	}
	if (TABLE_INIT(&x->sas, struct sa, node, key, XFRM_SAS_MAX, secret) ||
	    TABLE_INIT(&x->peers, struct peer, node, addr, 2 * XFRM_SAS_MAX, secret))
		goto fail;
	x->fd = open_socket();
	err = x->fd < 0 ? x->fd : dump(x);
	if (err)
		goto fail;
	*ret = x;
	return 0;
fail:
	xfrm_close(x);
	return err;
}

int xfrm_fd(const struct xfrm *x)
{
	return x->fd;
}

/* --- Peers: both ends of an association; our own address is no care-of address anyway --- */

static void tell(xfrm_fn fn, void *ctx, const struct lke_in6 *peer, bool removed)
{
	struct lke_ev_ipsec ev = { .peer = *peer, .removed = removed };

	fn(ctx, &ev);
}

static bool peer_get(struct xfrm *x, const struct lke_in6 *addr, xfrm_fn fn, void *ctx)
{
	struct peer *p = TABLE_ENTRY(table_find(&x->peers, addr), struct peer, node);

	if (in6_is_unspecified(addr))
		return true;
	if (p) {
		p->sas++;
		return true;
	}
	p = mem_zalloc(sizeof(*p));
	if (!p)
		return false;
	p->addr = *addr;
	p->sas = 1;
	if (table_add(&x->peers, &p->node)) {
		mem_free(p);
		return false;
	}
	tell(fn, ctx, addr, false);
	return true;
}

static void peer_put(struct xfrm *x, const struct lke_in6 *addr, xfrm_fn fn, void *ctx)
{
	struct peer *p = TABLE_ENTRY(table_find(&x->peers, addr), struct peer, node);

	if (!p || --p->sas > 0)
		return;
	table_del(&x->peers, &p->node);
	mem_free(p);
	tell(fn, ctx, addr, true);
}

/* --- Associations --- */

static void sa_remove(struct xfrm *x, struct sa *s, xfrm_fn fn, void *ctx)
{
	struct lke_in6 src = s->src, dst = s->key.dst;

	table_del(&x->sas, &s->node);
	mem_free(s);
	peer_put(x, &src, fn, ctx);
	peer_put(x, &dst, fn, ctx);
}

static void sa_put(struct xfrm *x, const struct sa_key *key, const struct lke_in6 *src, xfrm_fn fn,
		   void *ctx)
{
	struct sa *s = TABLE_ENTRY(table_find(&x->sas, key), struct sa, node);

	if (s) {
		s->seen = true;
		return;
	}
	s = mem_zalloc(sizeof(*s));
	if (!s) {
		x->stats.full++;
		return;
	}
	s->key = *key;
	s->src = *src;
	s->seen = true;
	if (table_add(&x->sas, &s->node)) {
		mem_free(s);
		x->stats.full++;
		return;
	}
	if (!peer_get(x, src, fn, ctx) || !peer_get(x, &key->dst, fn, ctx))
		x->stats.full++;
}

/* The dump is complete: what it did not show is gone. */
static void sweep(struct xfrm *x, xfrm_fn fn, void *ctx)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(&x->sas, &cursor, n))) {
		struct sa *s = TABLE_ENTRY(n, struct sa, node);

		if (!s->seen)
			sa_remove(x, s, fn, ctx);
	}
}

/* --- Messages --- */

static bool counts(uint16_t family, uint32_t proto)
{
	return family == AF_INET6 && (proto == IPPROTO_ESP || proto == IPPROTO_AH);
}

/* Attributes behind len octets of payload.  False: no algorithm, so the association is larval (its
 * SPI is reserved, its keys are still being negotiated). */
static bool attributes(const struct nlmsghdr *nlh, size_t len, struct sa_key *key)
{
	const struct nlattr *a;
	bool keyed = false;

	mnl_attr_for_each(a, nlh, (unsigned)len)
	{
		const void *p = mnl_attr_get_payload(a);
		size_t n = mnl_attr_get_payload_len(a);
		struct xfrm_mark mark;

		switch (mnl_attr_get_type(a)) {
		case XFRMA_ALG_AUTH:
		case XFRMA_ALG_AUTH_TRUNC:
		case XFRMA_ALG_CRYPT:
		case XFRMA_ALG_AEAD:
			keyed = true;
			break;
		case XFRMA_MARK:
			if (n < sizeof(mark))
				break;
			memcpy(&mark, p, sizeof(mark));
			key->mark = mark.v;
			key->mask = mark.m;
			break;
		case XFRMA_IF_ID:
			if (n == sizeof(key->if_id))
				memcpy(&key->if_id, p, n);
			break;
		default:
			break;
		}
	}
	return keyed;
}

static struct sa_key key_of(const xfrm_address_t *dst, uint32_t spi, uint8_t proto)
{
	struct sa_key key = { .spi = ntohl(spi), .proto = proto };

	memcpy(key.dst.b, dst->a6, sizeof(key.dst.b));
	return key;
}

static void on_new(struct xfrm *x, const struct nlmsghdr *nlh, xfrm_fn fn, void *ctx)
{
	struct xfrm_usersa_info info;
	struct lke_in6 src;
	struct sa_key key;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(info))
		return;
	memcpy(&info, mnl_nlmsg_get_payload(nlh), sizeof(info));
	if (!counts(info.family, info.id.proto))
		return;
	key = key_of(&info.id.daddr, info.id.spi, info.id.proto);
	memcpy(src.b, info.saddr.a6, sizeof(src.b));
	if (attributes(nlh, sizeof(info), &key))
		sa_put(x, &key, &src, fn, ctx);
}

static void forget(struct xfrm *x, const struct sa_key *key, xfrm_fn fn, void *ctx)
{
	struct sa *s = TABLE_ENTRY(table_find(&x->sas, key), struct sa, node);

	if (s)
		sa_remove(x, s, fn, ctx);
}

static void on_del(struct xfrm *x, const struct nlmsghdr *nlh, xfrm_fn fn, void *ctx)
{
	struct xfrm_usersa_id id;
	struct sa_key key;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(id))
		return;
	memcpy(&id, mnl_nlmsg_get_payload(nlh), sizeof(id));
	if (!counts(id.family, id.proto))
		return;
	key = key_of(&id.daddr, id.spi, id.proto);
	(void)attributes(nlh, sizeof(id), &key);
	forget(x, &key, fn, ctx);
}

/* The hard limit ends an association; the soft one asks for another. */
static void on_expire(struct xfrm *x, const struct nlmsghdr *nlh, xfrm_fn fn, void *ctx)
{
	struct xfrm_user_expire e;
	struct sa_key key;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(e))
		return;
	memcpy(&e, mnl_nlmsg_get_payload(nlh), sizeof(e));
	if (!e.hard || !counts(e.state.family, e.state.id.proto))
		return;
	key = key_of(&e.state.id.daddr, e.state.id.spi, e.state.id.proto);
	(void)attributes(nlh, sizeof(e), &key);
	forget(x, &key, fn, ctx);
}

static int on_done(struct xfrm *x, const struct nlmsghdr *nlh, xfrm_fn fn, void *ctx)
{
	if (!x->dumping || nlh->nlmsg_seq != x->seq)
		return 0;
	/* The table changed under the dump: it may have skipped entries. */
	if (x->again || nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		return dump(x);
	x->dumping = false;
	sweep(x, fn, ctx);
	return 0;
}

static int on_error(struct xfrm *x, const struct nlmsghdr *nlh)
{
	struct nlmsgerr e;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(e) || !x->dumping || nlh->nlmsg_seq != x->seq)
		return 0;
	memcpy(&e, mnl_nlmsg_get_payload(nlh), sizeof(e));
	return e.error == -EBUSY ? dump(x) : e.error;
}

static int again(struct xfrm *x)
{
	x->again = true; /* one dump at a time: a running one is repeated when it ends */
	return x->dumping ? 0 : dump(x);
}

static int handle(struct xfrm *x, const struct nlmsghdr *nlh, xfrm_fn fn, void *ctx)
{
	switch (nlh->nlmsg_type) {
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		on_new(x, nlh, fn, ctx);
		return 0;
	case XFRM_MSG_DELSA:
		on_del(x, nlh, fn, ctx);
		return 0;
	case XFRM_MSG_EXPIRE:
		on_expire(x, nlh, fn, ctx);
		return 0;
	case XFRM_MSG_FLUSHSA:
		return again(x);
	case NLMSG_DONE:
		return on_done(x, nlh, fn, ctx);
	case NLMSG_ERROR:
		return on_error(x, nlh);
	default:
		return 0;
	}
}

int xfrm_input(struct xfrm *x, const void *buf, size_t size, xfrm_fn fn, void *ctx)
{
	const struct nlmsghdr *nlh = buf;
	int len = (int)size, err;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		err = handle(x, nlh, fn, ctx);
		if (err)
			return err;
	}
	return 0;
}

int xfrm_read(struct xfrm *x, xfrm_fn fn, void *ctx)
{
	for (;;) {
		int len = nl_recv(x->fd, x->buf, sizeof(x->buf), MSG_DONTWAIT), err = 0;

		if (len == -EAGAIN)
			return 0;
		if (len == -EINTR)
			continue;
		if (len == -ENOBUFS || len == -EMSGSIZE) {
			x->stats.overruns++;
			err = again(x);
		} else if (len < 0) {
			return len;
		} else {
			err = xfrm_input(x, x->buf, (size_t)len, fn, ctx);
			mem_wipe(x->buf, (size_t)len); /* keys */
		}
		if (err)
			return err;
	}
}

bool xfrm_synced(const struct xfrm *x)
{
	return !x->dumping;
}

void xfrm_counts(const struct xfrm *x, struct xfrm_counts *ret)
{
	*ret = x->stats;
	ret->sas = x->sas.n;
}

static void table_empty(struct table *t)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(t, &cursor, n))) {
		table_del(t, n);
		mem_free(n); /* the node is the first member of both kinds */
	}
	table_done(t);
}

void xfrm_close(struct xfrm *x)
{
	if (!x)
		return;
	if (x->fd >= 0)
		close(x->fd);
	table_empty(&x->sas);
	table_empty(&x->peers);
	mem_free_wipe(x, sizeof(*x));
}

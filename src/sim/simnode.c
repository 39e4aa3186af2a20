/* SPDX-License-Identifier: ISC */
/* One node: the engine's driver, and the part of a host's IPv6 that the protocol meets. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sim/simnet.h"
#include "wire/nd.h"
#include "wire/tunnel.h"

#define PROBE_PROTO 253 /* RFC 3692 experiments */

static bool own_address(const struct simnode *n, const struct lke_in6 *a)
{
	for (unsigned i = 0; i < n->addrs; i++)
		if (in6_eq(&n->addr[i].addr, a))
			return true;
	return false;
}

static int iface_place(const struct simnode *n, uint32_t ifindex)
{
	for (unsigned i = 0; i < n->ifaces; i++)
		if (n->iface[i].ifindex == ifindex)
			return (int)i;
	return -1;
}

static struct lke_lladdr multicast_lladdr(const struct lke_in6 *dst)
{
	struct lke_lladdr a = { 6, { 0x33, 0x33 } };

	memcpy(a.b + 2, dst->b + 12, 4);
	return a;
}

static struct lke_in6 dst_of(const uint8_t *pkt)
{
	struct lke_in6 a;

	memcpy(a.b, pkt + 24, 16);
	return a;
}

static struct lke_in6 src_of(const uint8_t *pkt)
{
	struct lke_in6 a;

	memcpy(a.b, pkt + 8, 16);
	return a;
}

/* --- sets and tables --- */

static void set_change(struct lke_in6 *set, unsigned *n, const struct lke_in6 *a, bool remove)
{
	for (unsigned i = 0; i < *n; i++) {
		if (!in6_eq(&set[i], a))
			continue;
		if (remove)
			set[i] = set[--*n];
		return;
	}
	if (remove)
		return;
	assert(*n < SIM_ADDRS);
	set[(*n)++] = *a;
}

static bool set_has(const struct lke_in6 *set, unsigned n, const struct lke_in6 *a)
{
	for (unsigned i = 0; i < n; i++)
		if (in6_eq(&set[i], a))
			return true;
	return false;
}

static struct simpath *path_of(struct simnode *n, const struct lke_in6 *src)
{
	for (unsigned i = 0; i < n->paths; i++)
		if (in6_eq(&n->path[i].src, src))
			return &n->path[i];
	return NULL;
}

static void path_change(struct simnode *n, const struct lke_act_path *p)
{
	struct simpath *f = path_of(n, &p->src);

	if (p->path == LKE_PATH_NONE) {
		if (f)
			*f = n->path[--n->paths];
		return;
	}
	if (!f) {
		assert(n->paths < SIM_ADDRS);
		f = &n->path[n->paths++];
	}
	*f = (struct simpath){ p->src, p->path, p->ifindex, p->router };
}

static void tunnel_change(struct simnode *n, const struct lke_act_tunnel *t)
{
	struct simtunnel *free_slot = NULL;

	for (unsigned i = 0; i < SIM_TUNNELS; i++) {
		struct simtunnel *f = &n->tunnel[i];

		if (!f->used) {
			free_slot = free_slot ? free_slot : f;
			continue;
		}
		if (f->t.mobile_side == t->mobile_side && in6_eq(&f->t.home, &t->home) &&
		    in6_eq(&f->t.agent, &t->agent)) {
			if (!in6_eq(&f->t.coa, &t->coa)) {
				f->spent = 0;
				f->prev_coa = f->t.coa;
			}
			f->t = *t;
			f->used = !t->remove;
			return;
		}
	}
	if (t->remove)
		return;
	assert(free_slot);
	*free_slot = (struct simtunnel){ .t = *t, .used = true };
}

static void address_change(struct simnode *n, const struct lke_act_addr *a)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	unsigned i = 0;

	while (i < n->addrs && !in6_eq(&n->addr[i].addr, &a->addr))
		i++;
	if (a->remove) {
		if (i == n->addrs)
			return;
		n->addr[i] = n->addr[--n->addrs];
	} else if (i == n->addrs) {
		assert(n->addrs < SIM_ADDRS);
		n->addr[n->addrs++] = (struct simaddr){ a->addr, a->prefix_len, a->ifindex };
	} else {
		return;
	}
	ev.addr.ifindex = a->ifindex;
	ev.addr.addr = a->addr;
	ev.addr.prefix_len = a->prefix_len;
	ev.addr.removed = a->remove;
	if (a->ifindex)
		lke_engine_input(n->engine, &ev, sim_now(n->net));
}

/* --- forwarding --- */

static void send_frame(struct simnode *n, unsigned iface, const struct lke_in6 *next,
		       const uint8_t *pkt, size_t len)
{
	struct lke_lladdr ll;

	if (in6_is_multicast(next))
		ll = multicast_lladdr(next);
	else if (!n->iface[iface].link || !sim_resolve(n->net, n->iface[iface].link, n, next, &ll))
		return;
	sim_transmit(n->net, n, iface, &ll, pkt, len);
}

static struct simtunnel *tunnel_from_home(struct simnode *n, bool mobile,
					  const struct lke_in6 *home)
{
	for (unsigned i = 0; i < SIM_TUNNELS; i++)
		if (n->tunnel[i].used && n->tunnel[i].t.mobile_side == mobile &&
		    in6_eq(&n->tunnel[i].t.home, home))
			return &n->tunnel[i];
	return NULL;
}

static size_t wrap(const struct lke_in6 *src, const struct lke_in6 *dst, uint8_t *pkt, size_t len)
{
	uint8_t outer[TUNNEL_OVERHEAD];

	if (len + TUNNEL_OVERHEAD > SIM_PACKET_MAX || tunnel_may_enter(pkt, len) < 0)
		return 0;
	tunnel_outer(pkt, len, src, dst, 0, outer);
	memmove(pkt + TUNNEL_OVERHEAD, pkt, len);
	memcpy(pkt, outer, TUNNEL_OVERHEAD);
	return len + TUNNEL_OVERHEAD;
}

/* False: the packet has to wait for credit. */
static bool agent_encapsulate(struct simnode *n, const struct lke_in6 *home, const uint8_t *pkt,
			      size_t len)
{
	struct simtunnel *t = tunnel_from_home(n, false, home);
	uint8_t buf[SIM_PACKET_MAX];

	if (!t || t->t.suspended || len > sizeof(buf))
		return true;
	if (t->t.credit != UINT64_MAX) {
		if (t->t.credit < t->spent + len)
			return false;
		t->spent += len;
	}
	memcpy(buf, pkt, len);
	len = wrap(&t->t.agent, &t->t.coa, buf, len);
	t->packets_out++;
	t->bytes_out += len;
	if (len)
		simnode_route(n, buf, len, true);
	return true;
}

static void append(struct parked ***tail, const uint8_t *pkt, size_t len)
{
	struct parked *p = malloc(sizeof(*p) + len);

	if (!p)
		abort();
	p->next = NULL;
	p->len = len;
	memcpy(p->data, pkt, len);
	**tail = p;
	*tail = &p->next;
}

static void park(struct simnode *n, const uint8_t *pkt, size_t len)
{
	append(&n->parked_tail, pkt, len);
}

/* --- packets that wait at an access router --- */

static struct simqueue *queue_of(struct simnode *n, const struct lke_in6 *addr, bool make)
{
	struct simqueue *q;

	for (unsigned i = 0; i < n->queues; i++)
		if (in6_eq(&n->queue[i].how.addr, addr))
			return &n->queue[i];
	if (!make)
		return NULL;
	assert(n->queues < SIM_ADDRS);
	q = &n->queue[n->queues++];
	*q = (struct simqueue){ .how = { .what = LKE_BUFFER_TUNNEL, .addr = *addr } };
	q->tail = &q->first;
	return q;
}

/* One packet by the way the queue says.  False: it waits. */
static bool queue_pass(struct simnode *n, const struct simqueue *q, const uint8_t *pkt, size_t len)
{
	int iface;

	switch (q->how.what) {
	case LKE_BUFFER_KEEP:
		return false;
	case LKE_BUFFER_TUNNEL:
		return agent_encapsulate(n, &q->how.addr, pkt, len);
	case LKE_BUFFER_LINK:
		iface = iface_place(n, q->how.ifindex);
		if (iface >= 0)
			sim_transmit(n->net, n, (unsigned)iface, &q->how.lladdr, pkt, len);
		return true;
	case LKE_BUFFER_DROP:
		n->buffer_dropped++;
		return true;
	}
	return true;
}

static void queue_flush(struct simnode *n, struct simqueue *q)
{
	struct parked *p;

	while ((p = q->first) && queue_pass(n, q, p->data, p->len)) {
		q->first = p->next;
		if (!q->first)
			q->tail = &q->first;
		q->packets--;
		free(p);
	}
}

static void buffer_change(struct simnode *n, const struct lke_act_buffer *a)
{
	struct simqueue *q = queue_of(n, &a->addr, true);

	q->how = *a;
	queue_flush(n, q);
	if (a->what == LKE_BUFFER_DROP)
		q->how.what = LKE_BUFFER_TUNNEL;
}

/* A packet that was drawn to the forwarding plane. */
static void intercepted(struct simnode *n, const struct lke_in6 *addr, const uint8_t *pkt,
			size_t len)
{
	struct simqueue *q = queue_of(n, addr, true);

	append(&q->tail, pkt, len);
	q->packets++;
	queue_flush(n, q);
}

/* The route is gone, or another tunnel stands: where the node was is over. */
static void queue_normal(struct simnode *n, const struct lke_in6 *addr)
{
	struct simqueue *q = queue_of(n, addr, false);

	if (!q || q->how.what == LKE_BUFFER_KEEP)
		return;
	q->how.what = LKE_BUFFER_TUNNEL;
	queue_flush(n, q);
}

/* A packet that the host routed into the tunnel device of a mobile node. */
static void mobile_encapsulate(struct simnode *n, const uint8_t *pkt, size_t len)
{
	uint8_t buf[SIM_PACKET_MAX];
	struct lke_in6 src = src_of(pkt);
	struct simtunnel *t, *last = NULL;
	struct simpath *path;
	int iface;

	memcpy(buf, pkt, len);
	while (len && (t = tunnel_from_home(n, true, &src))) {
		len = wrap(&t->t.coa, &t->t.agent, buf, len);
		t->packets_out++;
		src = t->t.coa;
		last = t;
	}
	if (!len)
		return;
	if (last) {
		iface = iface_place(n, last->t.ifindex);
		if (iface >= 0)
			sim_transmit(n->net, n, (unsigned)iface, &last->t.nexthop, buf, len);
		return;
	}
	path = path_of(n, &src);
	if (path && path->path == LKE_PATH_ROUTER) {
		iface = iface_place(n, path->ifindex);
		if (iface >= 0)
			send_frame(n, (unsigned)iface, &path->router, buf, len);
	}
}

static void release(struct simnode *n)
{
	struct parked *p;

	while (!n->hold && (p = n->parked)) {
		n->parked = p->next;
		if (!n->parked)
			n->parked_tail = &n->parked;
		mobile_encapsulate(n, p->data, p->len);
		free(p);
	}
}

static void by_path(struct simnode *n, const struct simpath *p, const uint8_t *pkt, size_t len)
{
	int iface;

	if (p->path == LKE_PATH_TUNNEL) {
		if (n->hold)
			park(n, pkt, len);
		else
			mobile_encapsulate(n, pkt, len);
		return;
	}
	iface = iface_place(n, p->ifindex);
	if (iface >= 0)
		send_frame(n, (unsigned)iface, &p->router, pkt, len);
}

void simnode_route(struct simnode *n, const uint8_t *pkt, size_t len, bool local)
{
	struct lke_in6 dst = dst_of(pkt), src = src_of(pkt);
	const struct simroute *best = NULL;
	struct simpath *p;

	if (set_has(n->intercept, n->intercepts, &dst)) {
		intercepted(n, &dst, pkt, len);
		return;
	}
	p = path_of(n, &src);
	if (local && p) {
		by_path(n, p, pkt, len);
		return;
	}
	for (unsigned i = 0; i < n->routes; i++) {
		const struct simroute *r = &n->route[i];

		if (in6_prefix_eq(&r->prefix, &dst, r->plen) && (!best || r->plen > best->plen))
			best = r;
	}
	if (best)
		send_frame(n, best->iface,
			   in6_is_unspecified(&best->gateway) ? &dst : &best->gateway, pkt, len);
}

/* --- reception --- */

static void deliver_probe(struct simnode *n, const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint32_t number = rd_u32(&r);
	unsigned byte = number / 8, bit = 1u << (number % 8);

	if (byte >= sizeof(n->seen))
		return;
	if (n->seen[byte] & bit) {
		n->received_dup++;
		return;
	}
	n->seen[byte] |= (uint8_t)bit;
	n->received++;
	if (number < n->last_probe)
		n->received_late_order++;
	n->last_probe = number;
}

static bool decapsulate(struct simnode *n, const struct ip6_info *i)
{
	uint8_t buf[SIM_PACKET_MAX], *inner;
	size_t len;

	memcpy(buf, i->pkt, i->len);
	if (tunnel_inner(buf, i->len, &inner, &len) < 0)
		return false;
	for (unsigned k = 0; k < SIM_TUNNELS; k++) {
		struct simtunnel *t = &n->tunnel[k];
		struct lke_in6 want = t->t.mobile_side ? dst_of(inner) : src_of(inner);
		const struct lke_in6 *from = t->t.mobile_side ? &t->t.agent : &t->t.coa;
		const struct lke_in6 *to = t->t.mobile_side ? &t->t.coa : &t->t.agent;

		if (!t->used || !in6_eq(from, &i->src) || !in6_eq(&want, &t->t.home) ||
		    (!in6_eq(to, &i->dst) && !(t->t.mobile_side && in6_eq(&t->prev_coa, &i->dst))))
			continue;
		if (t->t.suspended)
			return true;
		t->packets_in++;
		if (t->t.mobile_side) {
			struct ip6_info in;

			if (ip6_parse(inner, len, &in) < 0)
				return true;
			if (in.upper == IP6_NH_IPV6 && decapsulate(n, &in))
				return true;
			if (in.upper == PROBE_PROTO)
				deliver_probe(n, &in);
		} else {
			simnode_route(n, inner, len, false);
		}
		return true;
	}
	return false;
}

/* What every host's kernel does: it answers Neighbor Solicitations for its addresses. */
static void kernel_nd(struct simnode *n, unsigned iface, const struct lke_lladdr *src,
		      const struct ip6_info *i)
{
	struct nd_msg m, na = { .type = ND_NA };
	uint8_t buf[256];
	struct lke_in6 dst;
	bool dad = in6_is_unspecified(&i->src);
	int len;

	if (nd_decode(i, &m) < 0)
		return;
	if (m.type == ND_NA && in6_is_multicast(&i->dst) && in6_eq(&m.target, &n->dad_target))
		n->dad_na_seen++;
	if (m.type != ND_NS || !own_address(n, &m.target) || n->no_neighbour_answers ||
	    n->engine_nd)
		return;
	if (dad && set_has(n->coa_dad, n->coa_dads, &m.target))
		return;
	na.target = m.target;
	na.lladdr = n->iface[iface].lladdr;
	na.na_flags = (uint8_t)(ND_NA_O | (dad ? 0 : ND_NA_S) | (n->forwarding ? ND_NA_R : 0));
	dst = dad ? in6_all_nodes : i->src;
	len = nd_encode(&na, &m.target, &dst, 0, buf, sizeof(buf));
	if (len > 0) {
		struct lke_lladdr to = dad ? multicast_lladdr(&dst) : *src;

		sim_transmit(n->net, n, iface, &to, buf, (size_t)len);
	}
}

static void forward(struct simnode *n, const struct ip6_info *i)
{
	uint8_t buf[SIM_PACKET_MAX];

	if (!n->forwarding || i->hop_limit <= 1 || in6_is_linklocal(&i->dst) ||
	    in6_is_linklocal(&i->src) || in6_is_unspecified(&i->src))
		return;
	memcpy(buf, i->pkt, i->len);
	buf[7]--;
	simnode_route(n, buf, i->len, false);
}

static void host_receive(struct simnode *n, unsigned iface, const struct lke_lladdr *src,
			 const struct ip6_info *i)
{
	if (in6_is_multicast(&i->dst) || own_address(n, &i->dst)) {
		if (i->upper == IP6_NH_ICMPV6)
			kernel_nd(n, iface, src, i);
		else if (i->upper == IP6_NH_IPV6)
			decapsulate(n, i);
		else if (i->upper == PROBE_PROTO)
			deliver_probe(n, i);
		return;
	}
	if (i->upper == IP6_NH_ICMPV6 && i->upper_len > 0 && i->pkt[i->upper_off] >= ND_RS &&
	    i->pkt[i->upper_off] <= ND_NA)
		return;
	forward(n, i);
}

void simnode_receive(struct simnode *n, unsigned iface, const struct lke_lladdr *src,
		     const struct lke_lladdr *dst, const uint8_t *data, size_t len)
{
	struct ip6_info i;

	if (n->dead)
		return;
	if (n->engine) {
		struct lke_event ev = { .type = LKE_EV_PACKET };

		ev.packet.ifindex = n->iface[iface].ifindex;
		ev.packet.src_ll = *src;
		ev.packet.data = data;
		ev.packet.len = len;
		lke_engine_input(n->engine, &ev, sim_now(n->net));
		simnode_drain(n);
	}
	if (ip6_parse(data, len, &i) == 0)
		host_receive(n, iface, src, &i);
}

/* --- actions --- */

static void do_send(struct simnode *n, const struct lke_act_send *a)
{
	struct lke_in6 dst = dst_of(a->data);
	int iface = iface_place(n, a->ifindex);
	struct lke_lladdr ll = a->dst;

	if (a->ifindex == 0) {
		simnode_route(n, a->data, a->len, true);
		return;
	}
	if (iface < 0)
		return;
	if (ll.len == 0 && in6_is_multicast(&dst))
		ll = multicast_lladdr(&dst);
	if (ll.len)
		sim_transmit(n->net, n, (unsigned)iface, &ll, a->data, a->len);
}

static int decrypt(const struct simnode *n, const struct lke_act_decrypt *a, uint8_t *buf,
		   size_t size, size_t *ret_len)
{
	const struct rsa_key *k = a->key_id == n->key_id       ? n->key
				  : a->key_id == n->old_key_id ? n->old_key
							       : NULL;

	return k ? rsa_key_decrypt(k, a->data, a->len, buf, size, ret_len) : LKE_ERR_CRYPTO;
}

static void new_rsa_key(struct simnode *n, uint64_t cookie)
{
	if (!n->fail_rsa_new)
		sim_rsa_key(n, rsa_key_bits(n->key), n->key_id + 1);
	sim_result_later(n->net, n, 0, cookie, n->fail_rsa_new ? LKE_ERR_CRYPTO : 0, NULL, 0);
}

static void drop_rsa_key(struct simnode *n, uint32_t key_id)
{
	if (key_id != n->old_key_id)
		return;
	rsa_key_free(n->old_key);
	n->old_key = NULL;
}

static void do_crypto(struct simnode *n, const struct lke_action *a)
{
	uint8_t buf[RSA_MODULUS_MAX];
	size_t len = 0;
	int err;

	if (a->type == LKE_ACT_DECRYPT)
		err = decrypt(n, &a->decrypt, buf, sizeof(buf), &len);
	else
		err = rsa_pub_encrypt(a->encrypt.spki, a->encrypt.spki_len, a->encrypt.plain,
				      sizeof(a->encrypt.plain), buf, sizeof(buf), &len);
	sim_result_later(n->net, n, n->crypto_delay, a->cookie, err, buf, err == 0 ? len : 0);
}

/* A disk: what comes with a durable record before it is durable, too. */
static void record(struct simnode *n, const struct lke_action *a)
{
	if (!n->fail_records) {
		if (n->records == n->records_cap) {
			n->records_cap = n->records_cap ? 2 * n->records_cap : 64;
			n->record = realloc(n->record, n->records_cap * sizeof(*n->record));
			if (!n->record)
				abort();
		}
		n->record[n->records].len = a->record.len;
		memcpy(n->record[n->records++].data, a->record.data, a->record.len);
		if (a->record.durable)
			n->durable = n->records;
	}
	if (a->cookie)
		sim_result_later(n->net, n, n->crypto_delay, a->cookie,
				 n->fail_records ? LKE_ERR_SYS : 0, NULL, 0);
}

static void do_action(struct simnode *n, const struct lke_action *a)
{
	switch (a->type) {
	case LKE_ACT_SEND:
		do_send(n, &a->send);
		return;
	case LKE_ACT_ADDR:
		address_change(n, &a->addr);
		break;
	case LKE_ACT_PATH:
		path_change(n, &a->path);
		break;
	case LKE_ACT_STEER:
		break;
	case LKE_ACT_INTERCEPT:
		set_change(n->intercept, &n->intercepts, &a->intercept.addr, a->intercept.remove);
		if (a->intercept.remove)
			queue_normal(n, &a->intercept.addr);
		break;
	case LKE_ACT_TUNNEL:
		tunnel_change(n, &a->tunnel);
		if (!a->tunnel.mobile_side)
			queue_normal(n, &a->tunnel.home);
		break;
	case LKE_ACT_BUFFER:
		buffer_change(n, &a->buffer);
		break;
	case LKE_ACT_HOLD:
		n->hold = a->hold.hold;
		release(n);
		break;
	case LKE_ACT_DECRYPT:
	case LKE_ACT_ENCRYPT:
		do_crypto(n, a);
		return;
	case LKE_ACT_CHECKPOINT:
	case LKE_ACT_KEEP:
		sim_result_later(n->net, n, n->crypto_delay, a->cookie,
				 n->fail_checkpoints ? LKE_ERR_SYS : 0, NULL, 0);
		return;
	case LKE_ACT_NOTIFY:
		n->notes[a->note.type]++;
		n->last_note[a->note.type] = a->note;
		return;
	case LKE_ACT_RECORD:
		record(n, a);
		return;
	case LKE_ACT_RSA_NEW:
		new_rsa_key(n, a->cookie);
		return;
	case LKE_ACT_RSA_DROP:
		drop_rsa_key(n, a->rsa_drop.key_id);
		break;
	case LKE_ACT_NEIGH:
	case LKE_ACT_GROUP:
	case LKE_ACT_KEY:
	case LKE_ACT_REPLY:
		break;
	}
	if (a->cookie)
		sim_result_later(n->net, n, 0, a->cookie, 0, NULL, 0);
}

void simnode_drain(struct simnode *n)
{
	const struct lke_action *a;

	/* An address action feeds an event, which may move the engine's memory: work on a copy. */
	while ((a = lke_engine_next_action(n->engine))) {
		uint8_t data[SIM_PACKET_MAX];
		struct lke_action copy = *a;

		if (a->type == LKE_ACT_SEND) {
			assert(a->send.len <= sizeof(data));
			memcpy(data, a->send.data, a->send.len);
			copy.send.data = data;
		}
		do_action(n, &copy);
	}
}

void simnode_feed(struct simnode *n, const struct lke_event *ev)
{
	if (!n->engine || n->dead)
		return;
	lke_engine_input(n->engine, ev, sim_now(n->net));
	simnode_drain(n);
}

/* --- what tests send --- */

void sim_probe(struct simnode *n, const struct lke_in6 *src, const struct lke_in6 *dst,
	       uint32_t number)
{
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = *src, .dst = *dst, .hop_limit = 64 };

	ip6_begin(&w, &o, PROBE_PROTO);
	wr_u32(&w, number);
	wr_zero(&w, 28);
	ip6_end(&w);
	simnode_route(n, buf, w.off, true);
}

void sim_send(struct simnode *n, int iface, const struct lke_lladdr *dst, const uint8_t *pkt,
	      size_t len)
{
	if (iface < 0)
		simnode_route(n, pkt, len, true);
	else
		sim_transmit(n->net, n, (unsigned)iface, dst, pkt, len);
}

void sim_dad(struct simnode *n, unsigned iface, const struct lke_in6 *target)
{
	struct nd_msg m = { .type = ND_NS, .target = *target };
	struct lke_in6 dst = in6_solicited_node(target);
	struct lke_lladdr ll = multicast_lladdr(&dst);
	uint8_t buf[256];
	int len = nd_encode(&m, &in6_unspecified, &dst, 0, buf, sizeof(buf));

	n->dad_target = *target;
	n->dad_na_seen = 0;
	if (len > 0)
		sim_transmit(n->net, n, iface, &ll, buf, (size_t)len);
}

/* SPDX-License-Identifier: ISC */
/* One node: the engine's driver, and what a host does with packets that it gets. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sim/simplane.h"
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

/* --- reception --- */

static void deliver_probe(struct simnode *n, const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint32_t number = rd_u32(&r), stream = rd_u32(&r);
	unsigned byte = number / 8, bit = 1u << (number % 8);

	if (n->net->observe_probe) {
		n->net->observe_probe(n->net->ctx, n, stream, number);
		return;
	}
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
	for (unsigned k = 0; k < n->tunnels; k++) {
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
	if (dad && sim_set_has(&n->coa_dad, &m.target))
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
	if (ll.len || n->iface[iface].lladdr.len == 0)
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
		sim_address_change(n, &a->addr);
		break;
	case LKE_ACT_PATH:
		sim_path_change(n, &a->path);
		break;
	case LKE_ACT_STEER:
		break;
	case LKE_ACT_INTERCEPT:
		sim_set_change(&n->intercept, &a->intercept.addr, a->intercept.remove);
		if (a->intercept.remove)
			sim_queue_normal(n, &a->intercept.addr);
		break;
	case LKE_ACT_TUNNEL:
		sim_tunnel_change(n, &a->tunnel);
		if (!a->tunnel.mobile_side)
			sim_queue_normal(n, &a->tunnel.home);
		break;
	case LKE_ACT_BUFFER:
		sim_buffer_change(n, &a->buffer);
		break;
	case LKE_ACT_HOLD:
		n->hold = a->hold.hold;
		sim_release(n);
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
	case LKE_ACT_LINK:
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
	n->net->due[n->place] = lke_engine_deadline(n->engine);
}

void simnode_feed(struct simnode *n, const struct lke_event *ev)
{
	if (!n->engine || n->dead)
		return;
	lke_engine_input(n->engine, ev, sim_now(n->net));
	simnode_drain(n);
}

/* --- what tests send --- */

void sim_probe_stream(struct simnode *n, const struct lke_in6 *src, const struct lke_in6 *dst,
		      uint32_t stream, uint32_t number)
{
	uint8_t buf[128];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = *src, .dst = *dst, .hop_limit = 64 };

	ip6_begin(&w, &o, PROBE_PROTO);
	wr_u32(&w, number);
	wr_u32(&w, stream);
	wr_zero(&w, 24);
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

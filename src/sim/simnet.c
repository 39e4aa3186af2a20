/* SPDX-License-Identifier: ISC */
/* Links, virtual time and the trace of frames. */
#include "sim/simnet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "lke/msg.h"

#define NODES_MAX 64
#define LINKS_MAX 16

enum pending_kind { PENDING_FRAME, PENDING_RESULT, PENDING_LINK_UP };

struct pending {
	lke_time at;
	uint64_t order;
	enum pending_kind kind;
	struct simnode *node;
	unsigned iface;
	struct simlink *link;
	struct lke_lladdr src, dst;
	uint64_t cookie;
	int err;
	size_t len;
	uint8_t *data;
};

struct simnet {
	lke_time now;
	uint64_t rng, order;
	struct simnode *node[NODES_MAX];
	unsigned nodes;
	struct simlink link[LINKS_MAX];
	unsigned links;
	struct pending **heap;
	size_t n, cap;
	struct simframe **frame;
	size_t frames, frames_cap;
};

static uint64_t rnd(struct simnet *s)
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 7;
	s->rng ^= s->rng << 17;
	return s->rng;
}

static bool chance(struct simnet *s, unsigned permille)
{
	return permille > 0 && rnd(s) % 1000 < permille;
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct simnet *sim_new(uint64_t seed)
{
	struct simnet *s = must(calloc(1, sizeof(*s)));

	s->now = 1000 * LKE_SEC;
	s->rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	return s;
}

static void pending_free(struct pending *p)
{
	free(p->data);
	free(p);
}

static void parked_free(struct parked *p)
{
	while (p) {
		struct parked *next = p->next;

		free(p);
		p = next;
	}
}

void sim_free(struct simnet *s)
{
	for (unsigned i = 0; i < s->nodes; i++) {
		struct simnode *n = s->node[i];

		lke_engine_free(n->engine);
		rsa_key_free(n->key);
		free(n->record);
		parked_free(n->parked);
		for (unsigned k = 0; k < n->queues; k++)
			parked_free(n->queue[k].first);
		rsa_key_free(n->old_key);
		free(n);
	}
	for (size_t i = 0; i < s->n; i++)
		pending_free(s->heap[i]);
	for (size_t i = 0; i < s->frames; i++)
		free(s->frame[i]);
	free(s->heap);
	free(s->frame);
	free(s);
}

lke_time sim_now(const struct simnet *s)
{
	return s->now;
}

static bool before(const struct pending *a, const struct pending *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct simnet *s, struct pending *p)
{
	size_t i = s->n++;

	p->order = s->order++;
	if (s->n > s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->heap = must(realloc(s->heap, s->cap * sizeof(*s->heap)));
	}
	while (i > 0 && before(p, s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = p;
}

static struct pending *pop(struct simnet *s)
{
	struct pending *top = s->heap[0], *last = s->heap[--s->n];
	size_t i = 0, c;

	while ((c = 2 * i + 1) < s->n) {
		if (c + 1 < s->n && before(s->heap[c + 1], s->heap[c]))
			c++;
		if (!before(s->heap[c], last))
			break;
		s->heap[i] = s->heap[c];
		i = c;
	}
	s->heap[i] = last;
	return top;
}

struct simlink *sim_link(struct simnet *s, const char *name, lke_time delay)
{
	struct simlink *l = &s->link[s->links++];

	assert(s->links <= LINKS_MAX);
	l->name = name;
	l->delay = delay;
	return l;
}

struct simnode *sim_node(struct simnet *s, const char *name, bool forwarding)
{
	struct simnode *n = must(calloc(1, sizeof(*n)));

	assert(s->nodes < NODES_MAX);
	n->net = s;
	strncpy(n->name, name, sizeof(n->name) - 1);
	n->forwarding = forwarding;
	n->parked_tail = &n->parked;
	n->crypto_delay = LKE_MSEC;
	n->mtu = 1500;
	s->node[s->nodes++] = n;
	return n;
}

static void record(struct simnet *s, const struct simnode *from, unsigned iface,
		   const struct lke_lladdr *dst, const uint8_t *data, size_t len)
{
	struct simframe *f = must(malloc(sizeof(*f)));

	if (s->frames == s->frames_cap) {
		s->frames_cap = s->frames_cap ? s->frames_cap * 2 : 256;
		s->frame = must(realloc(s->frame, s->frames_cap * sizeof(*s->frame)));
	}
	f->at = s->now;
	f->link = from->iface[iface].link;
	f->from = from;
	f->src = from->iface[iface].lladdr;
	f->dst = *dst;
	f->msg = lke_packet_classify(data, len);
	f->len = len;
	memcpy(f->data, data, len);
	s->frame[s->frames++] = f;
}

static void schedule_frame(struct simnet *s, struct simlink *l, struct simnode *to, unsigned iface,
			   const struct lke_lladdr *src, const struct lke_lladdr *dst,
			   const uint8_t *data, size_t len, lke_time delay)
{
	struct pending *p = must(calloc(1, sizeof(*p)));

	p->at = s->now + delay;
	p->kind = PENDING_FRAME;
	p->node = to;
	p->iface = iface;
	p->link = l;
	p->src = *src;
	p->dst = *dst;
	p->len = len;
	p->data = must(malloc(len ? len : 1));
	memcpy(p->data, data, len);
	push(s, p);
}

static bool is_group(const struct lke_lladdr *a)
{
	return a->len > 0 && (a->b[0] & 1);
}

void sim_transmit(struct simnet *s, struct simnode *from, unsigned iface,
		  const struct lke_lladdr *dst, const uint8_t *data, size_t len)
{
	struct simlink *l = from->iface[iface].link;
	const struct lke_lladdr *src = &from->iface[iface].lladdr;

	if (!l || from->dead || len > SIM_PACKET_MAX)
		return;
	record(s, from, iface, dst, data, len);
	if (l->drop_count > 0 && lke_packet_classify(data, len) == l->drop_msg) {
		l->drop_count--;
		return;
	}
	for (unsigned i = 0; i < s->nodes; i++) {
		struct simnode *n = s->node[i];

		for (unsigned j = 0; j < n->ifaces; j++) {
			struct simiface *f = &n->iface[j];
			lke_time delay = l->delay;

			if (f->link != l || (n == from && j == iface) || n->dead)
				continue;
			if (is_group(dst) && n->no_multicast)
				continue;
			if (!is_group(dst) && memcmp(dst->b, f->lladdr.b, 6) != 0)
				continue;
			if (chance(s, l->loss_permille))
				continue;
			if (chance(s, l->reorder_permille))
				delay += 3 * l->delay + LKE_MSEC;
			schedule_frame(s, l, n, j, src, dst, data, len, delay);
			if (chance(s, l->dup_permille))
				schedule_frame(s, l, n, j, src, dst, data, len,
					       delay + 100 * LKE_USEC);
		}
	}
}

void sim_result_later(struct simnet *s, struct simnode *n, lke_time delay, uint64_t cookie, int err,
		      const uint8_t *data, size_t len)
{
	struct pending *p = must(calloc(1, sizeof(*p)));

	p->at = s->now + delay;
	p->kind = PENDING_RESULT;
	p->node = n;
	p->cookie = cookie;
	p->err = err;
	p->len = len;
	p->data = must(malloc(len ? len : 1));
	if (len)
		memcpy(p->data, data, len);
	push(s, p);
}

static void link_event(struct simnode *n, unsigned iface)
{
	const struct simiface *f = &n->iface[iface];
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link.ifindex = f->ifindex;
	memcpy(ev.link.name, f->name, sizeof(ev.link.name));
	ev.link.lladdr = f->lladdr;
	ev.link.mtu = n->mtu;
	ev.link.up = f->link != NULL;
	ev.link.carrier_changes = f->flaps;
	simnode_feed(n, &ev);
}

static void addr_event(struct simnode *n, const struct simaddr *a)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr.ifindex = a->ifindex;
	ev.addr.addr = a->addr;
	ev.addr.prefix_len = a->plen;
	simnode_feed(n, &ev);
}

static void run_pending(struct simnet *s, struct pending *p)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	switch (p->kind) {
	case PENDING_FRAME:
		/* A node that left the link meanwhile does not get the frame. */
		if (p->node->iface[p->iface].link == p->link)
			simnode_receive(p->node, p->iface, &p->src, &p->dst, p->data, p->len);
		break;
	case PENDING_RESULT:
		ev.result.cookie = p->cookie;
		ev.result.err = p->err;
		ev.result.data = p->len ? p->data : NULL;
		ev.result.len = p->len;
		simnode_feed(p->node, &ev);
		break;
	case PENDING_LINK_UP:
		p->node->iface[p->iface].link = p->link;
		p->node->iface[p->iface].flaps++;
		link_event(p->node, p->iface);
		break;
	}
	pending_free(p);
}

static struct simnode *earliest(struct simnet *s, lke_time *ret_at)
{
	struct simnode *best = NULL;

	*ret_at = LKE_NEVER;
	for (unsigned i = 0; i < s->nodes; i++) {
		struct simnode *n = s->node[i];
		lke_time at = n->engine && !n->dead ? lke_engine_deadline(n->engine) : LKE_NEVER;

		if (at < *ret_at) {
			*ret_at = at;
			best = n;
		}
	}
	return best;
}

void sim_run(struct simnet *s, lke_time until)
{
	for (;;) {
		lke_time at;
		struct simnode *n = earliest(s, &at);

		if (s->n > 0 && s->heap[0]->at <= at && s->heap[0]->at <= until) {
			struct pending *p = pop(s);

			s->now = p->at;
			run_pending(s, p);
		} else if (n && at <= until) {
			struct lke_event ev = { .type = LKE_EV_TIMER };

			if (at > s->now)
				s->now = at;
			simnode_feed(n, &ev);
		} else {
			break;
		}
	}
	s->now = until;
}

struct simiface *sim_attach(struct simnode *n, struct simlink *l)
{
	unsigned index = n->ifaces++;
	struct simiface *f = &n->iface[index];
	struct lke_in6 prefix = { { 0xfe, 0x80 } };
	unsigned number = 0;

	assert(n->ifaces <= SIM_IFACES);
	while (n->net->node[number] != n)
		number++;
	f->ifindex = 100 + index;
	memcpy(f->name, "eth0", 5);
	f->name[3] = (char)('0' + index);
	f->lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, (uint8_t)(number + 1), (uint8_t)index } };
	f->link = l;
	n->addr[n->addrs++] =
		(struct simaddr){ in6_from_eui48(&prefix, &f->lladdr), 64, f->ifindex };
	return f;
}

static struct lke_in6 parse(const char *text)
{
	struct lke_in6 a;

	if (in6_parse(text, &a) < 0)
		abort();
	return a;
}

void sim_addr(struct simnode *n, unsigned iface, const char *addr, uint8_t plen)
{
	assert(n->addrs < SIM_ADDRS);
	n->addr[n->addrs++] = (struct simaddr){ parse(addr), plen, n->iface[iface].ifindex };
}

void sim_route(struct simnode *n, const char *prefix, uint8_t plen, unsigned iface, const char *gw)
{
	assert(n->routes < SIM_ROUTES);
	n->route[n->routes++] = (struct simroute){ parse(prefix), plen, iface, parse(gw) };
}

static void feed_key(struct simnode *n, const struct rsa_key *key, uint32_t key_id)
{
	uint8_t spki[RSA_SPKI_MAX];
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	size_t len;

	if (!key)
		return;
	if (rsa_key_spki(key, spki, sizeof(spki), &len) < 0)
		abort();
	ev.rsa_key.key_id = key_id;
	ev.rsa_key.modulus_len = (uint16_t)(rsa_key_bits(key) / 8);
	ev.rsa_key.spki = spki;
	ev.rsa_key.spki_len = len;
	ev.rsa_key.ops_per_sec = 4000;
	simnode_feed(n, &ev);
}

/* What the node has on its disk and its keys, in the order of event.h. */
static void restore(struct simnode *n)
{
	struct lke_event ev = { .type = LKE_EV_RECORD };

	if (!n->cfg.keep_state)
		return;
	for (size_t i = 0; i < n->records; i++) {
		ev.record.data = n->record[i].data;
		ev.record.len = n->record[i].len;
		ev.record.raise = n->raise;
		if (lke_engine_input(n->engine, &ev, n->net->now) < 0)
			abort();
	}
	feed_key(n, n->old_key, n->old_key_id);
	feed_key(n, n->key, n->key_id);
	ev.record.len = 0;
	simnode_feed(n, &ev);
}

int sim_start(struct simnode *n, const struct lke_config *cfg)
{
	struct lke_config c = *cfg;
	int err;

	for (unsigned i = 0; i < sizeof(c.seed); i++)
		c.seed[i] = (uint8_t)rnd(n->net);
	n->cfg = *cfg;
	err = lke_engine_new(&c, n->net->now, &n->engine);
	if (err < 0)
		return err;
	n->engine_nd = cfg->mn.interfaces > 0;
	restore(n);
	for (unsigned i = 0; i < n->ifaces; i++)
		link_event(n, i);
	for (unsigned i = 0; i < n->addrs; i++)
		addr_event(n, &n->addr[i]);
	simnode_drain(n);
	return 0;
}

void sim_stop(struct simnode *n)
{
	lke_engine_stop(n->engine, n->net->now);
	simnode_drain(n);
}

void sim_restart(struct simnode *n, enum sim_restart how, lke_time gap)
{
	if (how == SIM_RESTART_CLEAN)
		sim_stop(n);
	if (how == SIM_RESTART_POWER)
		n->records = n->durable;
	n->raise = how == SIM_RESTART_POWER;
	lke_engine_free(n->engine);
	n->engine = NULL;
	memset(n->tunnel, 0, sizeof(n->tunnel));
	n->intercepts = n->coa_dads = n->paths = 0;
	n->dead = true;
	sim_run_for(n->net, gap);
	n->dead = false;
	if (how == SIM_RESTART_POWER) {
		/* Replay caches may lack something: keys that nobody has seen. */
		rsa_key_free(n->old_key);
		rsa_key_free(n->key);
		n->old_key = n->key = NULL;
	}
	if (sim_start(n, &n->cfg) < 0)
		abort();
	if (!n->key)
		sim_rsa_key(n, 1024, n->key_id + 1);
	n->raise = false;
}

void sim_rsa_key(struct simnode *n, unsigned bits, uint32_t key_id)
{
	uint8_t spki[RSA_SPKI_MAX];
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	size_t len;

	rsa_key_free(n->old_key);
	n->old_key = n->key;
	n->old_key_id = n->key_id;
	n->key = NULL;
	n->key_id = key_id;
	if (rsa_key_generate(bits, &n->key) < 0 ||
	    rsa_key_spki(n->key, spki, sizeof(spki), &len) < 0)
		abort();
	ev.rsa_key.key_id = key_id;
	ev.rsa_key.modulus_len = (uint16_t)(bits / 8);
	ev.rsa_key.spki = spki;
	ev.rsa_key.spki_len = len;
	ev.rsa_key.ops_per_sec = 4000;
	simnode_feed(n, &ev);
}

void sim_move(struct simnode *n, unsigned iface, struct simlink *to, lke_time gap)
{
	struct pending *p;

	if (n->iface[iface].link) {
		n->iface[iface].link = NULL;
		n->iface[iface].flaps++;
		link_event(n, iface);
	}
	if (!to)
		return;
	p = must(calloc(1, sizeof(*p)));
	p->at = n->net->now + gap;
	p->kind = PENDING_LINK_UP;
	p->node = n;
	p->iface = iface;
	p->link = to;
	push(n->net, p);
}

int sim_event(struct simnode *n, const struct lke_event *ev)
{
	int err = lke_engine_input(n->engine, ev, n->net->now);

	simnode_drain(n);
	return err;
}

bool sim_resolve(struct simnet *s, const struct simlink *l, const struct simnode *asker,
		 const struct lke_in6 *addr, struct lke_lladdr *ret)
{
	for (unsigned i = 0; i < s->nodes; i++) {
		const struct simnode *n = s->node[i];

		if (n == asker || n->dead)
			continue;
		for (unsigned j = 0; j < n->ifaces; j++) {
			if (n->iface[j].link != l)
				continue;
			for (unsigned k = 0; k < n->addrs; k++) {
				if (n->addr[k].ifindex == n->iface[j].ifindex &&
				    in6_eq(&n->addr[k].addr, addr)) {
					*ret = n->iface[j].lladdr;
					return true;
				}
			}
			/* Proxy Neighbor Discovery of an agent, as its unsolicited NA taught us. */
			for (unsigned k = 0; k < n->intercepts; k++) {
				if (in6_eq(&n->intercept[k], addr) && n->engine) {
					*ret = n->iface[j].lladdr;
					return true;
				}
			}
		}
	}
	return false;
}

size_t sim_frames(const struct simnet *s)
{
	return s->frames;
}

const struct simframe *sim_frame(const struct simnet *s, size_t index)
{
	return index < s->frames ? s->frame[index] : NULL;
}

static bool matches(const struct simframe *f, lke_time since, const struct simnode *from,
		    enum lke_msg msg)
{
	return f->at >= since && (!from || f->from == from) &&
	       (msg == LKE_MSG_NONE || f->msg == msg);
}

const struct simframe *sim_find(const struct simnet *s, lke_time since, const struct simnode *from,
				enum lke_msg msg)
{
	for (size_t i = 0; i < s->frames; i++)
		if (matches(s->frame[i], since, from, msg))
			return s->frame[i];
	return NULL;
}

unsigned sim_count(const struct simnet *s, lke_time since, const struct simnode *from,
		   enum lke_msg msg)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->frames; i++)
		n += matches(s->frame[i], since, from, msg);
	return n;
}

bool sim_lbsa(const struct simnode *n, const struct lke_in6 *coa, struct lke_lbsa_view *ret)
{
	struct lke_lbsa_view v;
	bool found = false;
	size_t cursor = 0;

	/* The valid one, if there are several for this care-of address. */
	while (n->engine && lke_engine_next_lbsa(n->engine, &cursor, &v)) {
		if (!in6_eq(&v.coa, coa) || (found && v.state != LKE_LBSA_VALID))
			continue;
		*ret = v;
		found = true;
	}
	return found;
}

bool sim_binding(const struct simnode *n, const struct lke_in6 *home, struct lke_binding_view *ret)
{
	struct lke_binding_view v;
	size_t cursor = 0;

	while (n->engine && lke_engine_next_binding(n->engine, &cursor, &v)) {
		if (in6_eq(&v.home, home)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

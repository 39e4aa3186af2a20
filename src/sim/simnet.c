/* SPDX-License-Identifier: ISC */
/* Links and the nodes on them. */
#include <assert.h>
#include <string.h>

#include "crypto/crypto.h"
#include "lke/msg.h"
#include "sim/simplane.h"

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

struct simnet *sim_new(uint64_t seed)
{
	struct simnet *s = sim_must(calloc(1, sizeof(*s)));

	s->now = 1000 * LKE_SEC;
	s->rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	return s;
}

static void node_free(struct simnode *n)
{
	lke_engine_free(n->engine);
	rsa_key_free(n->key);
	rsa_key_free(n->old_key);
	free(n->record);
	simnode_plane_done(n);
	free(n);
}

void sim_free(struct simnet *s)
{
	for (unsigned i = 0; i < s->nodes; i++)
		node_free(s->node[i]);
	for (unsigned i = 0; i < s->links; i++) {
		free(s->link[i]->member);
		free(s->link[i]);
	}
	free(s->node);
	free(s->due);
	free(s->link);
	sim_time_done(s);
	sim_trace_done(s);
	free(s);
}

lke_time sim_now(const struct simnet *s)
{
	return s->now;
}

struct simlink *sim_link(struct simnet *s, const char *name, lke_time delay)
{
	struct simlink *l = sim_must(calloc(1, sizeof(*l)));

	SIM_GROW(s->link, s->links, s->links_cap);
	s->link[s->links++] = l;
	l->name = name;
	l->delay = delay;
	return l;
}

struct simnode *sim_node(struct simnet *s, const char *name, bool forwarding)
{
	struct simnode *n = sim_must(calloc(1, sizeof(*n)));

	SIM_GROW(s->node, s->nodes, s->nodes_cap);
	SIM_GROW(s->due, s->nodes, s->due_cap);
	n->net = s;
	n->place = s->nodes;
	s->due[s->nodes] = LKE_NEVER;
	strncpy(n->name, name, sizeof(n->name) - 1);
	n->forwarding = forwarding;
	n->crypto_delay = LKE_MSEC;
	n->mtu = 1500;
	s->node[s->nodes++] = n;
	return n;
}

static void schedule_frame(struct simnet *s, const struct simmember *to,
			   const struct lke_lladdr *src, const struct lke_lladdr *dst,
			   const uint8_t *data, size_t len, lke_time delay)
{
	struct pending *p = sim_must(calloc(1, sizeof(*p)));

	p->at = s->now + delay;
	p->kind = PENDING_FRAME;
	p->node = to->node;
	p->iface = to->iface;
	p->link = to->node->iface[to->iface].link;
	p->src = *src;
	p->dst = *dst;
	p->len = len;
	p->data = sim_must(malloc(len ? len : 1));
	memcpy(p->data, data, len);
	sim_later(s, p);
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
	sim_record(s, from, iface, dst, data, len);
	if (l->drop_count > 0 && lke_packet_classify(data, len) == l->drop_msg) {
		l->drop_count--;
		return;
	}
	for (unsigned i = 0; i < l->members; i++) {
		const struct simmember *m = &l->member[i];
		lke_time delay = l->delay;

		if ((m->node == from && m->iface == iface) || m->node->dead)
			continue;
		if (is_group(dst) && m->node->no_multicast)
			continue;
		if (dst->len > 0 && !is_group(dst) &&
		    memcmp(dst->b, m->node->iface[m->iface].lladdr.b, 6) != 0)
			continue;
		if (chance(s, l->loss_permille))
			continue;
		if (chance(s, l->reorder_permille))
			delay += 3 * l->delay + LKE_MSEC;
		schedule_frame(s, m, src, dst, data, len, delay);
		if (chance(s, l->dup_permille))
			schedule_frame(s, m, src, dst, data, len, delay + 100 * LKE_USEC);
	}
}

void simnode_link_event(struct simnode *n, unsigned iface)
{
	const struct simiface *f = &n->iface[iface];
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link.ifindex = f->ifindex;
	memcpy(ev.link.name, f->name, sizeof(ev.link.name));
	ev.link.lladdr = f->lladdr;
	ev.link.mtu = n->mtu;
	ev.link.up = f->link != NULL;
	ev.link.carrier_changes = f->flaps;
	ev.link.no_dad = f->no_dad;
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

static bool earlier_member(const struct simmember *a, const struct simmember *b)
{
	return a->node->place != b->node->place ? a->node->place < b->node->place
						: a->iface < b->iface;
}

static void join(struct simlink *l, struct simmember m)
{
	unsigned i = l->members++;

	SIM_GROW(l->member, i, l->members_cap);
	for (; i > 0 && earlier_member(&m, &l->member[i - 1]); i--)
		l->member[i] = l->member[i - 1];
	l->member[i] = m;
}

static void leave(struct simlink *l, const struct simnode *n, unsigned iface)
{
	unsigned i = 0;

	while (l->member[i].node != n || l->member[i].iface != iface)
		i++;
	l->members--;
	memmove(&l->member[i], &l->member[i + 1], (l->members - i) * sizeof(*l->member));
}

static void set_link(struct simnode *n, unsigned iface, struct simlink *l)
{
	struct simiface *f = &n->iface[iface];

	if (f->link)
		leave(f->link, n, iface);
	f->link = l;
	if (l)
		join(l, (struct simmember){ n, iface });
}

void sim_plug(struct simnode *n, unsigned iface, struct simlink *l)
{
	set_link(n, iface, l);
	n->iface[iface].flaps++;
	simnode_link_event(n, iface);
}

static void add_address(struct simnode *n, struct lke_in6 addr, uint8_t plen, uint32_t ifindex)
{
	SIM_GROW(n->addr, n->addrs, n->addrs_cap);
	n->addr[n->addrs++] = (struct simaddr){ addr, plen, ifindex };
}

struct simiface *sim_attach(struct simnode *n, struct simlink *l)
{
	unsigned index = n->ifaces++, number = n->place + 1;
	struct simiface *f = &n->iface[index];
	struct lke_in6 prefix = { { 0xfe, 0x80 } };

	assert(n->ifaces <= SIM_IFACES && number < 65536);
	f->ifindex = 100 + index;
	memcpy(f->name, "eth0", 5);
	f->name[3] = (char)('0' + index);
	f->lladdr = (struct lke_lladdr){
		6, { 2, 0, 0, (uint8_t)(number >> 8), (uint8_t)number, (uint8_t)index }
	};
	set_link(n, index, l);
	add_address(n, in6_from_eui48(&prefix, &f->lladdr), 64, f->ifindex);
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
	add_address(n, parse(addr), plen, n->iface[iface].ifindex);
}

void sim_claim(struct simnode *n, unsigned iface, const struct lke_in6 *addr, bool claim)
{
	sim_set_change(&n->coa_dad, addr, !claim);
	if (claim) {
		add_address(n, *addr, 64, n->iface[iface].ifindex);
		return;
	}
	for (unsigned i = 0; i < n->addrs; i++)
		if (in6_eq(&n->addr[i].addr, addr))
			n->addr[i--] = n->addr[--n->addrs];
}

void sim_route(struct simnode *n, const char *prefix, uint8_t plen, unsigned iface, const char *gw)
{
	SIM_GROW(n->route, n->routes, n->routes_cap);
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
		simnode_link_event(n, i);
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
	n->tunnels = n->intercept.n = n->coa_dad.n = n->paths = 0;
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

	if (n->iface[iface].link)
		sim_plug(n, iface, NULL);
	if (!to)
		return;
	p = sim_must(calloc(1, sizeof(*p)));
	p->at = n->net->now + gap;
	p->kind = PENDING_LINK_UP;
	p->node = n;
	p->iface = iface;
	p->link = to;
	sim_later(n->net, p);
}

int sim_event(struct simnode *n, const struct lke_event *ev)
{
	int err = lke_engine_input(n->engine, ev, n->net->now);

	simnode_drain(n);
	return err;
}

static bool answers(const struct simnode *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	for (unsigned k = 0; k < n->addrs; k++)
		if (n->addr[k].ifindex == ifindex && in6_eq(&n->addr[k].addr, addr))
			return true;
	/* Proxy Neighbor Discovery of an agent, as its unsolicited NA taught us. */
	return n->engine && sim_set_has(&n->intercept, addr);
}

bool sim_resolve(const struct simlink *l, const struct simnode *asker, const struct lke_in6 *addr,
		 struct lke_lladdr *ret)
{
	for (unsigned i = 0; i < l->members; i++) {
		const struct simnode *n = l->member[i].node;
		const struct simiface *f = &n->iface[l->member[i].iface];

		if (n == asker || n->dead || !answers(n, f->ifindex, addr))
			continue;
		*ret = f->lladdr;
		return true;
	}
	return false;
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

unsigned sim_tunnels(const struct simnode *n)
{
	unsigned used = 0;

	for (unsigned i = 0; i < n->tunnels; i++)
		used += n->tunnel[i].used;
	return used;
}

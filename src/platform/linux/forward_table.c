/* SPDX-License-Identifier: ISC */
/* Tunnels, tunnel ends, plain paths and events of the forwarding plane.  No system calls. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "platform/linux/forward_priv.h"

enum {
	PATH_MTU_DEFAULT = 1500,
	EVENT_RATE = 100, /* of each kind, per second: enough to answer, too little to flood the
			     engine */
	ICMP_RATE = 100,
	REFUSAL_RATE = 10,
};

static const lke_time prev_coa_time = 10 * LKE_SEC; /* longer than any packet is under way */
static const lke_time volume_interval = 100 * LKE_MSEC;
static const uint64_t volume_step = 4096;

int fwd_new(const struct fwd_conf *conf, struct fwd **ret)
{
	struct fwd *f = mem_zalloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->conf = *conf;
	if (f->conf.path_mtu == 0)
		f->conf.path_mtu = PATH_MTU_DEFAULT;
	memcpy(f->secret, conf->secret, sizeof(f->secret));
	if (TABLE_INIT(&f->homes, struct fwd_tunnel, node, key, FWD_TUNNELS_MAX, conf->secret) ||
	    TABLE_INIT(&f->pairs, struct fwd_pair, node, key, FWD_TUNNELS_MAX, conf->secret) ||
	    TABLE_INIT(&f->ends, struct fwd_addr, node, addr, FWD_ENDS_MAX, conf->secret) ||
	    fwd_buffer_init(f) || fwd_fast_init(f) ||
	    fwd_adopt_init(f, conf->adopt, conf->adopts)) {
		fwd_free(f);
		return -ENOMEM;
	}
	for (int i = 0; i < FWD_TUNNEL_EVENTS; i++)
		tbf_init(&f->limit[i], EVENT_RATE, EVENT_RATE, 0);
	tbf_init(&f->icmp_limit, ICMP_RATE, ICMP_RATE, 0);
	tbf_init(&f->refusals, REFUSAL_RATE, REFUSAL_RATE, 0);
	f->conf.adopt = NULL; /* the caller's, and gone soon */
	*ret = f;
	return 0;
}

/* ---- pairs ---- */

static void pair_key(struct fwd_pair *p, bool mobile_side, const struct lke_in6 *agent,
		     const struct lke_in6 *coa)
{
	memset(&p->key, 0, sizeof(p->key));
	p->key.agent = *agent;
	p->key.coa = *coa;
	p->key.mobile_side = mobile_side;
}

struct fwd_pair *fwd_find_pair(const struct fwd *f, bool mobile_side, const struct lke_in6 *agent,
			       const struct lke_in6 *coa)
{
	struct fwd_pair want;

	pair_key(&want, mobile_side, agent, coa);
	return TABLE_ENTRY(table_find(&f->pairs, &want.key), struct fwd_pair, node);
}

static int pair_get(struct fwd *f, const struct lke_act_tunnel *t, struct fwd_pair **ret)
{
	struct fwd_pair *p = fwd_find_pair(f, t->mobile_side, &t->agent, &t->coa);

	if (!p) {
		int err;

		p = mem_zalloc(sizeof(*p));
		if (!p)
			return LKE_ERR_NOMEM;
		pair_key(p, t->mobile_side, &t->agent, &t->coa);
		err = table_add(&f->pairs, &p->node);
		if (err) {
			mem_free(p);
			return err;
		}
	}
	p->refs++;
	*ret = p;
	return 0;
}

static void pair_put(struct fwd *f, struct fwd_pair *p)
{
	if (--p->refs)
		return;
	table_del(&f->pairs, &p->node);
	mem_free(p);
}

uint32_t fwd_pair_mtu(const struct fwd *f, const struct fwd_pair *p, lke_time now)
{
	if (p->mtu && now < p->mtu_until && p->mtu < f->conf.path_mtu)
		return p->mtu;
	return f->conf.path_mtu;
}

/* ---- tunnels ---- */

static void home_key(struct fwd_tunnel *t, bool mobile_side, const struct lke_in6 *home)
{
	memset(&t->key, 0, sizeof(t->key));
	t->key.home = *home;
	t->key.mobile_side = mobile_side;
}

struct fwd_tunnel *fwd_find(const struct fwd *f, bool mobile_side, const struct lke_in6 *home)
{
	struct fwd_tunnel want;

	home_key(&want, mobile_side, home);
	return TABLE_ENTRY(table_find(&f->homes, &want.key), struct fwd_tunnel, node);
}

struct fwd_tunnel *fwd_find_agent(const struct fwd *f, bool mobile_side, const struct lke_in6 *home,
				  const struct lke_in6 *agent)
{
	struct fwd_tunnel *t = fwd_find(f, mobile_side, home);

	while (t && !in6_eq(&t->t.agent, agent))
		t = t->older;
	return t;
}

/* Takes a tunnel out of the chain of its home address; the next older one takes its place. */
static void unlink_tunnel(struct fwd *f, struct fwd_tunnel *t)
{
	struct fwd_tunnel *head = fwd_find(f, t->t.mobile_side, &t->t.home);

	if (head != t) {
		while (head && head->older != t)
			head = head->older;
		if (head)
			head->older = t->older;
	} else {
		table_del(&f->homes, &t->node);
		/* Cannot fail: there was room a moment ago. */
		if (t->older && table_add(&f->homes, &t->older->node))
			f->count.drop[LKE_DROP_LIMIT]++;
	}
	t->older = NULL;
}

/* Makes it the newest of its home address: the one that sends. */
static int link_tunnel(struct fwd *f, struct fwd_tunnel *t)
{
	struct fwd_tunnel *head = fwd_find(f, t->t.mobile_side, &t->t.home);
	int err;

	if (head)
		table_del(&f->homes, &head->node);
	err = table_add(&f->homes, &t->node);
	if (err)
		return err; /* never with a head: its place is free */
	t->older = head;
	return 0;
}

static size_t chain_len(const struct fwd_tunnel *t)
{
	size_t n = 0;

	for (; t; t = t->older)
		n++;
	return n;
}

static int tunnel_add(struct fwd *f, const struct lke_act_tunnel *act, struct fwd_pair *pair)
{
	struct fwd_tunnel *t;
	int err;

	if (f->tunnels == FWD_TUNNELS_MAX ||
	    chain_len(fwd_find(f, act->mobile_side, &act->home)) >= FWD_SAME_HOME_MAX)
		return LKE_ERR_FULL;
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return LKE_ERR_NOMEM;
	home_key(t, act->mobile_side, &act->home);
	t->t = *act;
	t->pair = pair;
	err = link_tunnel(f, t);
	if (err) {
		mem_free(t);
		return err;
	}
	f->tunnels++;
	return 0;
}

static int tunnel_replace(struct fwd *f, struct fwd_tunnel *t, const struct lke_act_tunnel *act,
			  struct fwd_pair *pair, lke_time now)
{
	if (!in6_eq(&t->t.coa, &act->coa)) {
		t->prev_coa = t->t.coa;
		t->prev_until = now + prev_coa_time;
		t->used = false;
		t->reverse = 0;
		t->reverse_told = 0;
		t->spent = 0;
	}
	pair_put(f, t->pair);
	t->pair = pair;
	unlink_tunnel(f, t);
	t->t = *act;
	return link_tunnel(f, t);
}

static void tunnel_free(struct fwd *f, struct fwd_tunnel *t)
{
	pair_put(f, t->pair);
	mem_free(t);
	f->tunnels--;
}

static void remember_gone(struct fwd *f, const struct fwd_tunnel *t, lke_time now)
{
	f->gone[f->gone_next++ % FWD_GONE_MAX] = (struct fwd_gone){
		.home = t->t.home,
		.agent = t->t.agent,
		.coa = t->t.coa,
		.until = now + prev_coa_time,
	};
}

bool fwd_is_gone(const struct fwd *f, const struct lke_in6 *home, const struct lke_in6 outer[2],
		 lke_time now)
{
	for (size_t i = 0; i < FWD_GONE_MAX; i++) {
		const struct fwd_gone *g = &f->gone[i];

		if (now < g->until && in6_eq(&g->home, home) && in6_eq(&g->agent, &outer[0]) &&
		    in6_eq(&g->coa, &outer[1]))
			return true;
	}
	return false;
}

static int set_tunnel(struct fwd *f, const struct lke_act_tunnel *act, lke_time now)
{
	struct fwd_tunnel *t = fwd_find_agent(f, act->mobile_side, &act->home, &act->agent);
	struct fwd_pair *pair;
	int err;

	if (act->remove) {
		if (!t)
			return LKE_ERR_NOENT;
		if (act->mobile_side)
			remember_gone(f, t, now);
		unlink_tunnel(f, t);
		tunnel_free(f, t);
		return 0;
	}
	err = pair_get(f, act, &pair);
	if (err)
		return err;
	if (t)
		return tunnel_replace(f, t, act, pair, now);
	err = tunnel_add(f, act, pair);
	if (err)
		pair_put(f, pair);
	return err;
}

/* A renewal that changes nothing of the way. */
static bool same_way(const struct fwd_tunnel *t, const struct lke_act_tunnel *act)
{
	return t && !act->remove && !act->suspended && act->credit == UINT64_MAX &&
	       in6_eq(&t->t.agent, &act->agent) && in6_eq(&t->t.coa, &act->coa) &&
	       t->t.ifindex == act->ifindex && lladdr_eq(&t->t.nexthop, &act->nexthop);
}

static int set_mobile_tunnel(struct fwd *f, const struct lke_act_tunnel *act, lke_time now)
{
	if (!same_way(fwd_find(f, true, &act->home), act))
		fwd_fast_settle_mobiles(f, now);
	return set_tunnel(f, act, now);
}

int fwd_set_tunnel(struct fwd *f, const struct lke_act_tunnel *act, lke_time now)
{
	struct fwd_tunnel *newest = fwd_find(f, false, &act->home);
	bool changed = !same_way(newest, act), moves = fwd_fast_may_move(f, newest, act);
	int err;

	if (act->mobile_side)
		return set_mobile_tunnel(f, act, now);
	if (changed && !moves)
		fwd_fast_off(f, newest);
	err = set_tunnel(f, act, now);
	if (!changed)
		fwd_fast_renewed(f, newest);
	else if (err || !moves || !fwd_fast_move(f, newest, now))
		fwd_fast_settle(f, &act->home, now);
	if (err)
		return err;
	if (act->remove)
		fwd_buffer_tunnel_gone(f, &act->home);
	else
		fwd_buffer_tunnel_set(f, &act->home, now);
	fwd_adopt(f, &act->home);
	return 0;
}

bool fwd_tunnel_info(const struct fwd *f, bool mobile_side, const struct lke_in6 *home,
		     struct fwd_tunnel_info *ret)
{
	const struct fwd_tunnel *t = fwd_find(f, mobile_side, home);

	if (!t)
		return false;
	*ret = (struct fwd_tunnel_info){
		.tunnel = t->t,
		.path_mtu = t->pair->mtu ? t->pair->mtu : f->conf.path_mtu,
		.encap = t->encap,
		.encap_bytes = t->encap_bytes,
		.decap = t->decap,
		.decap_bytes = t->decap_bytes,
		.last = t->last,
	};
	fwd_fast_add(f, t, ret);
	return true;
}

/* ---- ends, plain paths, links ---- */

static struct fwd_addr *end_find(const struct fwd *f, const struct lke_in6 *addr)
{
	return TABLE_ENTRY(table_find(&f->ends, addr), struct fwd_addr, node);
}

bool fwd_is_end(const struct fwd *f, const struct lke_in6 *addr)
{
	return end_find(f, addr) != NULL;
}

int fwd_set_end(struct fwd *f, const struct lke_in6 *addr, bool present)
{
	struct fwd_addr *e = end_find(f, addr);
	int err;

	if (e && !present) {
		table_del(&f->ends, &e->node);
		mem_free(e);
	}
	if (e || !present)
		return 0;
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return LKE_ERR_NOMEM;
	e->addr = *addr;
	err = table_add(&f->ends, &e->node);
	if (err)
		mem_free(e);
	return err;
}

const struct fwd_direct *fwd_find_direct(const struct fwd *f, const struct lke_in6 *src)
{
	for (size_t i = 0; i < f->directs; i++)
		if (in6_eq(&f->direct[i].src, src))
			return &f->direct[i];
	return NULL;
}

int fwd_set_direct(struct fwd *f, const struct lke_in6 *src, uint32_t ifindex,
		   const struct lke_lladdr *nexthop)
{
	size_t i = 0;

	while (i < f->directs && !in6_eq(&f->direct[i].src, src))
		i++;
	if (i == FWD_DIRECT_MAX)
		return LKE_ERR_FULL;
	if (i == f->directs)
		f->directs++;
	f->direct[i] = (struct fwd_direct){ *src, ifindex, *nexthop };
	return 0;
}

void fwd_clear_direct(struct fwd *f, const struct lke_in6 *src)
{
	for (size_t i = 0; i < f->directs; i++)
		if (in6_eq(&f->direct[i].src, src)) {
			f->direct[i] = f->direct[--f->directs];
			return;
		}
}

void fwd_set_link_mtu(struct fwd *f, uint32_t ifindex, uint32_t mtu)
{
	size_t i = 0;

	if (mtu != fwd_link_mtu(f, ifindex))
		fwd_fast_off_mobiles(f);
	while (i < f->links && f->link[i].ifindex != ifindex)
		i++;
	if (mtu == 0) { /* the link is gone */
		if (i < f->links)
			f->link[i] = f->link[--f->links];
		return;
	}
	if (i == FWD_LINKS_MAX)
		return;
	if (i == f->links)
		f->links++;
	f->link[i] = (struct fwd_link){ ifindex, mtu };
}

uint32_t fwd_link_mtu(const struct fwd *f, uint32_t ifindex)
{
	for (size_t i = 0; i < f->links; i++)
		if (f->link[i].ifindex == ifindex)
			return f->link[i].mtu;
	return UINT32_MAX;
}

/* ---- events ---- */

static struct lke_event *event_slot(struct fwd *f)
{
	struct lke_event *e;

	if (f->events == FWD_EVENTS_MAX) {
		f->count.events_lost++;
		return NULL;
	}
	e = &f->event[(f->event_head + f->events) % FWD_EVENTS_MAX];
	f->events++;
	memset(e, 0, sizeof(*e));
	return e;
}

void fwd_raise(struct fwd *f, enum lke_tunnel_event what, const struct lke_in6 outer[2],
	       const struct lke_in6 inner[2], lke_time now)
{
	struct lke_event *e;

	/* FIRST comes once a tunnel and is no answer to a stranger. */
	if (what != LKE_TUNNEL_FIRST && !tbf_take(&f->limit[what], 1, now)) {
		f->count.events_lost++;
		return;
	}
	e = event_slot(f);
	if (!e)
		return;
	e->type = LKE_EV_TUNNEL;
	e->tunnel = (struct lke_ev_tunnel){ .what = what,
					    .outer_src = outer[0],
					    .outer_dst = outer[1],
					    .inner_src = inner[0],
					    .inner_dst = inner[1] };
}

void fwd_first_packet(struct fwd *f, struct fwd_tunnel *t, const struct lke_in6 outer[2],
		      const struct lke_in6 inner[2], lke_time now)
{
	if (t->used)
		return;
	t->used = true;
	fwd_raise(f, LKE_TUNNEL_FIRST, outer, inner, now);
}

/* Only an unproved care-of address has a credit that this volume can raise (AMB-112). */
void fwd_raise_volume(struct fwd *f, struct fwd_tunnel *t, lke_time now)
{
	struct lke_event *e;

	if (t->t.credit == UINT64_MAX || t->reverse - t->reverse_told < volume_step ||
	    now - t->told_at < volume_interval)
		return;
	e = event_slot(f);
	if (!e)
		return;
	e->type = LKE_EV_MOBILE;
	e->mobile = (struct lke_ev_mobile){ .home = t->t.home, .reverse_bytes = t->reverse };
	t->reverse_told = t->reverse;
	t->told_at = now;
}

bool fwd_next_event(struct fwd *f, struct lke_event *ret)
{
	if (f->events == 0)
		return false;
	*ret = f->event[f->event_head];
	f->event_head = (f->event_head + 1) % FWD_EVENTS_MAX;
	f->events--;
	return true;
}

/* ---- life ---- */

void fwd_hold(struct fwd *f, bool hold)
{
	if (hold)
		fwd_fast_off_mobiles(f);
	f->hold = hold;
}

bool fwd_held(const struct fwd *f)
{
	return f->hold;
}

void fwd_counters(const struct fwd *f, struct fwd_counters *ret)
{
	struct reassembly_counters r = { 0 };

	if (f->reassembly)
		reassembly_counters(f->reassembly, &r);
	*ret = f->count;
	ret->reassembled = r.whole;
	ret->reassembly_expired = r.expired + r.evicted;
	ret->tunnels = (uint32_t)f->tunnels;
	fwd_fast_count(f, ret);
}

void fwd_free(struct fwd *f)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	if (!f)
		return;
	fwd_buffer_free(f);
	fwd_fast_free(f);
	fwd_adopt_free(f);
	reassembly_free(f->reassembly);
	while ((n = table_next(&f->homes, &cursor, n))) {
		struct fwd_tunnel *t = TABLE_ENTRY(n, struct fwd_tunnel, node);

		table_del(&f->homes, n);
		while (t) {
			struct fwd_tunnel *older = t->older;

			tunnel_free(f, t);
			t = older;
		}
	}
	cursor = 0;
	n = NULL;
	while ((n = table_next(&f->ends, &cursor, n))) {
		table_del(&f->ends, n);
		mem_free(TABLE_ENTRY(n, struct fwd_addr, node));
	}
	table_done(&f->homes);
	table_done(&f->pairs);
	table_done(&f->ends);
	mem_free_wipe(f, sizeof(*f));
}

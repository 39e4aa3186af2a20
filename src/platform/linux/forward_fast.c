/* SPDX-License-Identifier: ISC */
/*
 * Which tunnels the fast path has (forward_bpf.h, ADR 80).  A tunnel goes there once a packet went
 * through it here 200 ms after its last change, its care-of address is proved (AMB-112), nothing
 * waits for the mobile node and the TUN device and the packet sockets are empty, so that no packet
 * is overtaken.  Whatever changes a tunnel takes it back first: the packets come here again until
 * the change is done.
 *
 * But for one change: a tunnel that lives there, whose next care-of address is proved, too, moves
 * where it is, at once, by its slot (forward_map.h).  Packets into it never were here, so none is
 * overtaken.  Those out of it come here, behind the Binding Update, until it has settled again.
 *
 * A mobile node's own tunnels go there to send.  They depend on each other (one may lead through
 * another) and they are few, so any change of one, and each packet that has to be parked, takes all
 * of them back.
 */
#include <poll.h>
#include <string.h>

#include "base/mem.h"
#include "platform/linux/forward_priv.h"

enum { ETHERNET_LEN = 6 };

/* Queues that are never empty lose packets anyway; they are not waited for longer.  Nor for less
 * work than to read all that stood in one: time passes too while another program has the
 * processor. */
static const lke_time drain_time = LKE_SEC;
enum { DRAIN_TRIES = FWD_TUN_QUEUE };
static const lke_time settle_time = 200 * LKE_MSEC; /* of the burst behind a handover */
static const lke_time retry_time = LKE_SEC;	    /* after the kernel refused */

int fwd_fast_init(struct fwd *f)
{
	struct fwd_fast *s = &f->fast;

	if (!f->conf.counts || f->conf.counts_max == 0)
		return 0;
	s->slot = mem_realloc_array(NULL, f->conf.counts_max, sizeof(*s->slot));
	if (!s->slot)
		return LKE_ERR_NOMEM;
	for (uint32_t i = 0; i < f->conf.counts_max; i++)
		s->slot[i] = i;
	s->free = f->conf.counts_max;
	return 0;
}

void fwd_fast_free(struct fwd *f)
{
	mem_free(f->fast.slot);
}

static struct fastmap_count moved(const struct fwd *f, const struct fwd_tunnel *t)
{
	const struct fastmap_count *now = &f->conf.counts[t->slot], *was = &t->fast_base;

	return (struct fastmap_count){ .encap = now->encap - was->encap,
				       .encap_bytes = now->encap_bytes - was->encap_bytes,
				       .decap = now->decap - was->decap,
				       .decap_bytes = now->decap_bytes - was->decap_bytes };
}

/* Of a slot: when the last packet of its present tunnel was, or before. */
static lke_time last_packet(const struct fwd *f, const struct fwd_tunnel *t)
{
	lke_time at = __atomic_load_n(&f->conf.counts[t->slot].last, __ATOMIC_RELAXED);

	return at != t->fast_base.last && at > t->last ? at : t->last;
}

void fwd_fast_add(const struct fwd *f, const struct fwd_tunnel *t, struct fwd_tunnel_info *i)
{
	struct fastmap_count c;

	if (!t->fast)
		return;
	c = moved(f, t);
	i->encap += c.encap;
	i->encap_bytes += c.encap_bytes;
	i->decap += c.decap;
	i->decap_bytes += c.decap_bytes;
	i->last = last_packet(f, t);
}

/* A slot that was given back last is used last: packets that are in the programs still count there.
 */
void fwd_fast_return_slot(struct fwd *f, uint32_t slot)
{
	struct fwd_fast *s = &f->fast;

	s->slot[(s->first + s->free++) % f->conf.counts_max] = slot;
}

static void release_slot(struct fwd *f, struct fwd_tunnel *t)
{
	struct fastmap_count c = moved(f, t);

	t->encap += c.encap;
	t->encap_bytes += c.encap_bytes;
	t->decap += c.decap;
	t->decap_bytes += c.decap_bytes;
	t->last = last_packet(f, t);
	fwd_fast_return_slot(f, t->slot);
	f->fast.bindings--;
	f->fast.mobiles -= t->t.mobile_side;
	t->fast = t->taken = t->live = t->moved = t->one_way = false;
}

void fwd_fast_settle(struct fwd *f, const struct lke_in6 *home, lke_time now)
{
	struct fwd_tunnel *t = f->conf.counts ? fwd_find(f, false, home) : NULL;

	fwd_fast_off(f, t);
	if (t)
		t->fast_after = now + settle_time;
}

static void set_live(struct fwd *f, struct fwd_tunnel *t, bool live)
{
	/* Own tunnels do not outlive their engine, which ends them in time. */
	lke_time until = t->t.mobile_side ? LKE_NEVER : t->t.until;
	uint64_t word = until & ~(uint64_t)FASTMAP_FLAGS;

	word |= (t->moved ? FASTMAP_MOVED : 0U) | (t->one_way ? FASTMAP_ONE_WAY : 0U);
	__atomic_store_n(&f->conf.counts[t->slot].live, live ? word : 0, __ATOMIC_SEQ_CST);
	t->live = live;
}

void fwd_fast_renewed(struct fwd *f, struct fwd_tunnel *t)
{
	if (t && t->live)
		set_live(f, t, true);
}

void fwd_fast_off(struct fwd *f, struct fwd_tunnel *t)
{
	struct fast_binding b;

	if (!t || !t->fast)
		return;
	set_live(f, t, false); /* at once; the map follows when the other process has the time */
	b = (struct fast_binding){ .home = t->t.home,
				   .slot = t->slot,
				   .remove = true,
				   .ifindex = t->t.mobile_side ? t->t.ifindex : 0 };
	(void)f->conf.fast(f->conf.ctx, &b);
	release_slot(f, t);
}

void fwd_fast_off_home(struct fwd *f, const struct lke_in6 *home)
{
	if (f->conf.counts)
		fwd_fast_off(f, fwd_find(f, false, home));
}

void fwd_fast_off_mobiles(struct fwd *f)
{
	struct fwd_fast *s = &f->fast;
	struct table_node *n = NULL;
	size_t cursor = 0;
	unsigned kept = 0;

	/* Nor do those come there that asked before. */
	for (unsigned i = 0; i < s->wanted; i++)
		if (!s->want[i].mobile_side)
			s->want[kept++] = s->want[i];
	s->wanted = kept;
	while (f->fast.mobiles && (n = table_next(&f->homes, &cursor, n))) {
		struct fwd_tunnel *t = TABLE_ENTRY(n, struct fwd_tunnel, node);

		if (t->t.mobile_side)
			fwd_fast_off(f, t);
	}
}

void fwd_fast_settle_mobiles(struct fwd *f, lke_time now)
{
	fwd_fast_off_mobiles(f);
	f->fast.mobile_after = now + settle_time;
}

void fwd_fast_refused(struct fwd *f, bool mobile_side, const struct lke_in6 *home, uint32_t slot,
		      lke_time now)
{
	struct fwd_tunnel *t = fwd_find(f, mobile_side, home);

	f->fast.refused++;
	if (!t || !t->fast || t->slot != slot)
		return;
	if (t->taken)
		fwd_fast_off(f, t); /* the map has it still as it was */
	else
		release_slot(f, t);
	t->fast_after = now + retry_time;
}

/* Not while packets are parked, nor in another tunnel; and where an agent is, too, its tunnels and
 * what waits for them come first. */
static bool may_send_fast(const struct fwd *f, const struct fwd_tunnel *t)
{
	return t->used && !f->hold && !f->conf.agent && t->t.ifindex &&
	       t->t.nexthop.len == ETHERNET_LEN && !fwd_find(f, true, &t->t.coa);
}

static bool may_be_fast(const struct fwd *f, const struct fwd_tunnel *t)
{
	if (t->t.mobile_side)
		return may_send_fast(f, t);
	return t->used && !t->older && !t->t.suspended && t->t.credit == UINT64_MAX &&
	       !fwd_buffer_has(f, &t->t.home);
}

static void want(struct fwd *f, struct fwd_tunnel *t, lke_time now)
{
	struct fwd_fast *s = &f->fast;

	s->latest = now;
	if (s->wanted == FWD_FAST_WANTED)
		return; /* its next packet asks again */
	for (unsigned i = 0; i < s->wanted; i++)
		if (s->want[i].mobile_side == t->t.mobile_side &&
		    in6_eq(&s->want[i].home, &t->t.home))
			return;
	if (s->wanted == 0) {
		s->since = now;
		s->tries = 0;
	}
	s->want[s->wanted].home = t->t.home;
	s->want[s->wanted++].mobile_side = t->t.mobile_side;
}

static struct fwd_tunnel *wanted(const struct fwd *f, unsigned i)
{
	return fwd_find(f, f->fast.want[i].mobile_side, &f->fast.want[i].home);
}

/* What a packet may have without being cut; the TUN plane cuts, as tunnel_mtu() is 1280 at least.
 */
static uint32_t uncut(const struct fwd *f, const struct fwd_tunnel *t, lke_time now)
{
	uint32_t mtu = fwd_pair_mtu(f, t->pair, now);

	if (t->t.mobile_side && fwd_link_mtu(f, t->t.ifindex) < mtu)
		mtu = fwd_link_mtu(f, t->t.ifindex);
	return mtu - TUNNEL_OVERHEAD;
}

void fwd_fast_want(struct fwd *f, struct fwd_tunnel *t, lke_time now)
{
	uint32_t mtu;

	if (!f->fast.slot || now < t->fast_after || !may_be_fast(f, t) ||
	    (t->t.mobile_side && now < f->fast.mobile_after))
		return;
	mtu = uncut(f, t, now);
	if (t->fast && t->fast_mtu != mtu)
		fwd_fast_off(f, t);
	if (t->fast && ((t->live && !t->one_way) || !t->taken))
		return;
	want(f, t, now);
}

void fwd_fast_taken(struct fwd *f, bool mobile_side, const struct lke_in6 *home, uint32_t slot,
		    lke_time now)
{
	struct fwd_tunnel *t = fwd_find(f, mobile_side, home);

	if (!t || !t->fast || t->slot != slot)
		return;
	if (t->moved) {
		t->moved = false;
		set_live(f, t, t->live);
		return;
	}
	t->taken = true;
	want(f, t, now);
}

bool fwd_fast_may_move(const struct fwd *f, const struct fwd_tunnel *t,
		       const struct lke_act_tunnel *act)
{
	return t && t->live && !t->moved && may_be_fast(f, t) && !act->remove && !act->suspended &&
	       act->credit == UINT64_MAX && in6_eq(&t->t.agent, &act->agent);
}

bool fwd_fast_move(struct fwd *f, struct fwd_tunnel *t, lke_time now)
{
	struct fastmap_count *c = &f->conf.counts[t->slot];
	struct fast_binding b = { .home = t->t.home,
				  .agent = t->t.agent,
				  .coa = t->t.coa,
				  .mtu = t->fast_mtu,
				  .slot = t->slot };

	if (uncut(f, t, now) != t->fast_mtu)
		return false;
	memcpy(c->coa, t->t.coa.b, sizeof(c->coa));
	t->moved = t->one_way = true;
	t->used = true; /* the first packet does not come by here */
	t->fast_after = now + settle_time;
	set_live(f, t, true);
	return f->conf.fast(f->conf.ctx, &b);
}

static void put(struct fwd *f, struct fwd_tunnel *t, lke_time now)
{
	struct fwd_fast *s = &f->fast;
	struct fast_binding b = {
		.home = t->t.home, .agent = t->t.agent, .coa = t->t.coa, .mtu = uncut(f, t, now)
	};

	if (s->free == 0)
		return;
	if (t->t.mobile_side) {
		b.ifindex = t->t.ifindex;
		b.nexthop = t->t.nexthop;
	}
	b.slot = s->slot[s->first];
	if (!f->conf.fast(f->conf.ctx, &b)) {
		t->fast_after = now + retry_time;
		return;
	}
	s->first = (s->first + 1) % f->conf.counts_max;
	s->free--;
	s->bindings++;
	s->mobiles += t->t.mobile_side;
	t->fast = true;
	t->slot = b.slot;
	t->fast_mtu = b.mtu;
	t->fast_base = f->conf.counts[b.slot];
}

/* Nothing that this process has still to read could be overtaken. */
static bool all_is_read(const struct fwd *f)
{
	struct pollfd p = { .fd = f->conf.tun_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0 && (!f->conf.quiet || f->conf.quiet(f->conf.ctx));
}

/* A packet that came while they were woken is still to be read: the next one would overtake it. */
static void asleep_again(struct fwd *f, const bool *one_way)
{
	struct fwd_fast *s = &f->fast;

	for (unsigned i = 0; i < s->wanted; i++) {
		struct fwd_tunnel *t = wanted(f, i);

		if (!t || !t->live)
			continue;
		t->one_way = one_way[i];
		set_live(f, t, one_way[i]); /* that packet asks again */
	}
}

/* In both directions.  True: one of them was awake. */
static bool wake(struct fwd *f, struct fwd_tunnel *t)
{
	bool was = t->one_way;

	t->one_way = false;
	set_live(f, t, true);
	return was;
}

void fwd_fast_flush(struct fwd *f, lke_time now)
{
	struct fwd_fast *s = &f->fast;
	bool patient = s->tries++ < DRAIN_TRIES || now - s->since < drain_time;
	bool one_way[FWD_FAST_WANTED] = { false };

	if (s->wanted == 0 || (patient && !all_is_read(f)))
		return;
	for (unsigned i = 0; i < s->wanted; i++) {
		struct fwd_tunnel *t = wanted(f, i);

		if (!t || !may_be_fast(f, t))
			continue;
		if (!t->fast)
			put(f, t, now);
		else if (t->taken)
			one_way[i] = wake(f, t);
	}
	if (patient && !all_is_read(f))
		asleep_again(f, one_way);
	s->wanted = 0;
}

void fwd_fast_count(const struct fwd *f, struct fwd_counters *c)
{
	c->fast_bindings = f->fast.bindings;
	c->fast_refused = f->fast.refused;
	for (uint32_t i = 0; i < f->conf.counts_max; i++) {
		const struct fastmap_count *n = &f->conf.counts[i];

		c->encap += n->encap;
		c->encap_bytes += n->encap_bytes;
		c->decap += n->decap;
		c->decap_bytes += n->decap_bytes;
		c->fast_packets += n->encap + n->decap;
	}
}

/* SPDX-License-Identifier: ISC */
/*
 * Packets that wait, one queue for each address they go to:
 *
 *   KEEP	the mobile node leaves (LKE_ACT_BUFFER): nothing passes
 *   CREDIT	they go through the tunnel of the address, as far as its credit goes (AMB-112)
 *   LINK	the node is on its link: they go there as frames, until the route to the TUN is gone
 *   ENDING	the interception ends and nobody said where the node is: when the route is gone, the
 *		kernel gets them back, and knows the address as on-link again
 *
 * A full queue loses its oldest packet: after a pause the newest ones are worth most, and a sender
 * that watches for loss learns of it soonest.  The limit of all queues together never costs a
 * mobile node the packets of another.
 */
#include <string.h>

#include "base/mem.h"
#include "platform/linux/forward_priv.h"

struct fwd_waiting {
	struct fwd_waiting *next;
	size_t len;
	uint8_t data[];
};

enum { STRAYS_MAX = 64 };

enum queue_mode { CREDIT, KEEP, LINK, ENDING };

struct fwd_queue {
	struct table_node node;
	struct lke_in6 addr;
	enum queue_mode mode;
	unsigned ends;	  /* removals of the route under way */
	bool withdrawn;	  /* and none of them is out of date */
	uint32_t ifindex; /* LINK */
	struct lke_lladdr lladdr;
	struct fwd_waiting *first, **last;
	unsigned packets;
	size_t bytes;
};

int fwd_buffer_init(struct fwd *f)
{
	return TABLE_INIT(&f->queues, struct fwd_queue, node, addr, FWD_QUEUES_MAX, f->conf.secret);
}

static struct fwd_queue *find(const struct fwd *f, const struct lke_in6 *addr)
{
	if (f->queues.n == 0)
		return NULL;
	return TABLE_ENTRY(table_find(&f->queues, addr), struct fwd_queue, node);
}

bool fwd_buffer_has(const struct fwd *f, const struct lke_in6 *addr)
{
	return find(f, addr) != NULL;
}

static struct fwd_queue *get(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_queue *q = find(f, addr);

	if (q)
		return q;
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return NULL;
	q->addr = *addr;
	q->last = &q->first;
	if (table_add(&f->queues, &q->node)) {
		mem_free(q);
		return NULL;
	}
	return q;
}

static size_t cost(size_t len)
{
	return sizeof(struct fwd_waiting) + len;
}

static struct fwd_waiting *take(struct fwd *f, struct fwd_queue *q)
{
	struct fwd_waiting *w = q->first;

	if (!w)
		return NULL;
	q->first = w->next;
	if (!q->first)
		q->last = &q->first;
	q->packets--;
	q->bytes -= cost(w->len);
	f->count.buffer_packets--;
	f->count.buffer_bytes -= cost(w->len);
	return w;
}

static void discard(struct fwd *f, struct fwd_queue *q, enum lke_drop why)
{
	struct fwd_waiting *w;

	while ((w = take(f, q))) {
		f->count.drop[why]++;
		mem_free_wipe(w, cost(w->len));
	}
}

/* Nothing waits, nothing will: the queue is not needed. */
static void put_away(struct fwd *f, struct fwd_queue *q)
{
	if (q->first || q->mode != CREDIT || q->ends)
		return;
	table_del(&f->queues, &q->node);
	mem_free(q);
}

/* The few packets on the way while a route is removed are kept whatever the configuration says. */
static bool room(const struct fwd *f, const struct fwd_queue *q, size_t len)
{
	if (q->mode == ENDING && q->packets < STRAYS_MAX)
		return true;
	return q->packets < f->conf.buffer_packets &&
	       f->count.buffer_bytes + cost(len) <= f->conf.buffer_bytes;
}

static bool append(struct fwd *f, struct fwd_queue *q, const uint8_t *p, size_t len)
{
	struct fwd_waiting *w;

	while (!room(f, q, len)) {
		w = take(f, q);
		f->count.drop[LKE_DROP_BUFFER_FULL]++;
		if (!w)
			return false; /* others have it all: the new one goes */
		mem_free_wipe(w, cost(w->len));
	}
	w = mem_zalloc(cost(len));
	if (!w) {
		f->count.drop[LKE_DROP_NOMEM]++;
		return false;
	}
	w->len = len;
	memcpy(w->data, p, len);
	*q->last = w;
	q->last = &w->next;
	q->packets++;
	q->bytes += cost(len);
	f->count.buffered++;
	f->count.buffer_packets++;
	f->count.buffer_bytes += cost(len);
	return true;
}

/* ---- ways out ---- */

static void to_link(struct fwd *f, const struct fwd_queue *q, const uint8_t *p, size_t len)
{
	if (f->conf.send(f->conf.ctx, q->ifindex, &q->lladdr, p, len))
		f->count.send_errors++;
	else
		f->count.on_link++;
}

static void drain_to_link(struct fwd *f, struct fwd_queue *q)
{
	struct fwd_waiting *w;

	while ((w = take(f, q))) {
		to_link(f, q, w->data, w->len);
		mem_free_wipe(w, cost(w->len));
	}
}

static void drain_to_kernel(struct fwd *f, struct fwd_queue *q)
{
	struct fwd_waiting *w;

	while ((w = take(f, q))) {
		(void)fwd_write_tun(f, w->data, w->len);
		mem_free_wipe(w, cost(w->len));
	}
}

/* In order: a packet that must wait for credit holds up those behind it. */
static void drain_to_tunnel(struct fwd *f, struct fwd_queue *q, lke_time now)
{
	struct fwd_tunnel *t = fwd_find(f, false, &q->addr);
	struct fwd_waiting *w;

	if (!t || t->t.suspended)
		discard(f, q, LKE_DROP_BUFFER_TIME);
	while (q->first && fwd_has_credit(t, q->first->len) && (w = take(f, q))) {
		f->count.flushed++;
		(void)fwd_to_mobile(f, t, w->data, w->len, now);
		mem_free_wipe(w, cost(w->len));
	}
}

/* ---- packets ---- */

bool fwd_buffer_takes(struct fwd *f, const struct lke_in6 *dst, uint8_t *p, size_t len,
		      lke_time now)
{
	struct fwd_queue *q = find(f, dst);

	if (!q || (q->mode == CREDIT && !q->first))
		return false;
	fwd_complete(f, p, len);
	switch (q->mode) {
	case LINK:
		to_link(f, q, p, len);
		break;
	case CREDIT:
		(void)append(f, q, p, len);
		drain_to_tunnel(f, q, now);
		put_away(f, q);
		break;
	case KEEP:
	case ENDING:
		(void)append(f, q, p, len);
		break;
	}
	return true;
}

bool fwd_buffer_wait(struct fwd *f, const struct fwd_tunnel *t, const uint8_t *p, size_t len)
{
	struct fwd_queue *q = f->conf.buffer_packets > 0 ? get(f, &t->t.home) : NULL;

	if (!q)
		return false;
	(void)append(f, q, p, len);
	put_away(f, q);
	return true;
}

/* ---- what the engine says ---- */

static int keep(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_queue *q = get(f, addr);

	if (!q)
		return LKE_ERR_NOMEM;
	q->mode = KEEP;
	q->withdrawn = false;
	return 0;
}

static int link_mode(struct fwd *f, const struct lke_act_buffer *a)
{
	struct fwd_queue *q = get(f, &a->addr);

	if (!q)
		return LKE_ERR_NOMEM;
	q->mode = LINK;
	q->ifindex = a->ifindex;
	q->lladdr = a->lladdr;
	drain_to_link(f, q);
	return 0;
}

int fwd_set_buffer(struct fwd *f, const struct lke_act_buffer *a, lke_time now)
{
	struct fwd_queue *q = find(f, &a->addr);

	fwd_fast_settle(f, &a->addr, now);
	switch (a->what) {
	case LKE_BUFFER_KEEP:
		return keep(f, &a->addr);
	case LKE_BUFFER_LINK:
		return link_mode(f, a);
	case LKE_BUFFER_TUNNEL:
		if (q)
			q->mode = CREDIT;
		break;
	case LKE_BUFFER_DROP:
		if (q) {
			discard(f, q, LKE_DROP_BUFFER_TIME);
			q->mode = CREDIT;
		}
		break;
	}
	fwd_buffer_tunnel_set(f, &a->addr, now);
	return 0;
}

void fwd_buffer_tunnel_set(struct fwd *f, const struct lke_in6 *home, lke_time now)
{
	struct fwd_queue *q = find(f, home);

	if (!q || q->mode == KEEP)
		return;
	q->mode = CREDIT;
	q->withdrawn = false;
	drain_to_tunnel(f, q, now);
	put_away(f, q);
}

void fwd_buffer_tunnel_gone(struct fwd *f, const struct lke_in6 *home)
{
	struct fwd_queue *q = find(f, home);

	if (!q || q->mode != CREDIT)
		return;
	discard(f, q, LKE_DROP_BUFFER_TIME);
	put_away(f, q);
}

void fwd_withdraw_begin(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_queue *q = get(f, addr);

	fwd_fast_off_home(f, addr);
	/* Without it such packets are dropped, as unmatched. */
	if (!q)
		return;
	q->ends++;
	q->withdrawn = true;
	if (q->mode == LINK)
		return;
	discard(f, q, LKE_DROP_BUFFER_TIME);
	q->mode = ENDING;
}

void fwd_withdraw_end(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_queue *q = find(f, addr);

	if (!q || q->ends == 0)
		return;
	if (--q->ends == 0 && q->withdrawn) {
		drain_to_kernel(f, q);
		q->mode = CREDIT;
	}
	put_away(f, q);
}

bool fwd_withdraw_link(const struct fwd *f, const struct lke_in6 *addr, uint32_t *ret_ifindex,
		       struct lke_lladdr *ret_lladdr)
{
	const struct fwd_queue *q = find(f, addr);

	if (!q || q->mode != LINK)
		return false;
	*ret_ifindex = q->ifindex;
	*ret_lladdr = q->lladdr;
	return true;
}

void fwd_set_buffers(struct fwd *f, unsigned packets, size_t bytes)
{
	f->conf.buffer_packets = packets;
	f->conf.buffer_bytes = bytes;
}

void fwd_buffer_info(const struct fwd *f, const struct lke_in6 *addr, struct fwd_buffer_info *ret)
{
	const struct fwd_queue *q = find(f, addr);

	*ret = (struct fwd_buffer_info){ 0 };
	if (q)
		*ret = (struct fwd_buffer_info){ .packets = q->packets, .bytes = q->bytes };
}

static struct fwd_queue *any(const struct fwd *f)
{
	size_t cursor = 0;

	return TABLE_ENTRY(table_next(&f->queues, &cursor, NULL), struct fwd_queue, node);
}

void fwd_buffer_free(struct fwd *f)
{
	struct fwd_queue *q;

	while ((q = any(f))) {
		table_del(&f->queues, &q->node);
		discard(f, q, LKE_DROP_BUFFER_TIME);
		mem_free(q);
	}
	table_done(&f->queues);
}

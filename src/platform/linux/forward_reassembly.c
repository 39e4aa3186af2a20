/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/mem.h"
#include "platform/linux/reassembly.h"

enum {
	FRAG_HDR_LEN = 8,
	OCTETS_MAX = 65535, /* RFC 8200 4.5: of a reassembled payload */
	ECN_MASK = 3,
	ECN_NOT_ECT = 0,
	ECN_CE = 3,
};

static const lke_time patience = 2 * LKE_SEC;

struct datagram {
	struct lke_in6 src, dst;
	uint32_t id;
	bool used, dead; /* dead: given up, its other fragments are dropped until it expires */
	lke_time until;
	uint8_t next;	/* of the first fragment */
	uint8_t tclass; /* of the first fragment */
	uint8_t seen;	/* ECN fields, one bit for each value */
	uint8_t hop_limit;
	size_t total; /* 0 until the last fragment came */
	size_t have;
	unsigned pieces;
	struct {
		uint16_t off, len;
	} piece[REASSEMBLY_FRAGMENTS];
	uint8_t data[IP6_HDR_LEN + REASSEMBLY_OCTETS_MAX];
};

struct reassembly {
	struct reassembly_counters count;
	struct datagram d[REASSEMBLY_DATAGRAMS];
	struct datagram alone; /* atomic fragments, RFC 6946: they belong to no datagram */
};

/* What a fragment header and what is behind it say. */
struct fragment {
	uint8_t next;
	bool more;
	uint32_t id;
	size_t off, len;
	const uint8_t *data;
};

struct reassembly *reassembly_new(void)
{
	return mem_zalloc(sizeof(struct reassembly));
}

void reassembly_free(struct reassembly *r)
{
	mem_free(r);
}

void reassembly_counters(const struct reassembly *r, struct reassembly_counters *ret)
{
	*ret = r->count;
}

/* RFC 8200 4.5, RFC 7112: the first fragment holds the whole inner IPv6 header. */
static int read_fragment(const struct ip6_info *i, struct fragment *ret)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	struct fragment f = { .next = rd_u8(&r) };
	uint16_t place;

	rd_skip(&r, 1);
	place = rd_u16(&r);
	f.id = rd_u32(&r);
	f.off = place & 0xfff8;
	f.more = place & 1;
	f.len = rd_left(&r);
	f.data = rd_view(&r, f.len);
	/* Nothing may stand for the outer addresses, as in tunnel_inner(). */
	if (r.err || i->has_hao || i->has_rh2 || f.len == 0)
		return -LKE_DROP_FRAGMENT;
	if ((f.more && f.len % 8) || f.off + f.len > OCTETS_MAX)
		return -LKE_DROP_FRAGMENT;
	if (f.off == 0 && f.len < IP6_HDR_LEN)
		return -LKE_DROP_FRAGMENT;
	if (f.off + f.len > REASSEMBLY_OCTETS_MAX)
		return -LKE_DROP_TUNNEL_TOO_BIG;
	*ret = f;
	return 0;
}

static void expire(struct reassembly *r, lke_time now)
{
	for (size_t n = 0; n < REASSEMBLY_DATAGRAMS; n++) {
		struct datagram *d = &r->d[n];

		if (!d->used || now < d->until)
			continue;
		r->count.expired += !d->dead;
		d->used = false;
	}
}

static struct datagram *find(struct reassembly *r, const struct ip6_info *i, uint32_t id)
{
	for (size_t n = 0; n < REASSEMBLY_DATAGRAMS; n++) {
		struct datagram *d = &r->d[n];

		if (d->used && d->id == id && in6_eq(&d->src, &i->src) && in6_eq(&d->dst, &i->dst))
			return d;
	}
	return NULL;
}

static void begin(struct datagram *d, const struct ip6_info *i, uint32_t id, lke_time now)
{
	memset(d, 0, offsetof(struct datagram, data));
	d->src = i->src;
	d->dst = i->dst;
	d->id = id;
	d->used = true;
	d->until = now + patience;
}

/* A place for a new datagram: one pair of addresses never gets more than its share, and the oldest
 * of all goes when there is none left. */
static struct datagram *place(struct reassembly *r, const struct ip6_info *i)
{
	struct datagram *free_one = NULL, *oldest = &r->d[0];
	unsigned same = 0;

	for (size_t n = 0; n < REASSEMBLY_DATAGRAMS; n++) {
		struct datagram *d = &r->d[n];

		if (!d->used) {
			free_one = d;
			continue;
		}
		same += in6_eq(&d->src, &i->src) && in6_eq(&d->dst, &i->dst);
		if (d->until < oldest->until)
			oldest = d;
	}
	if (same >= REASSEMBLY_PER_PAIR)
		return NULL;
	if (free_one)
		return free_one;
	r->count.evicted++;
	return oldest;
}

/* 1: new; 0: an exact duplicate; -enum lke_drop. */
static int check_piece(const struct datagram *d, const struct fragment *f)
{
	size_t end = f->off + f->len;

	if (d->total && (f->more ? end >= d->total : end != d->total))
		return -LKE_DROP_FRAGMENT;
	for (unsigned n = 0; n < d->pieces; n++) {
		size_t off = d->piece[n].off, len = d->piece[n].len;

		if (f->off == off && f->len == len &&
		    memcmp(d->data + IP6_HDR_LEN + off, f->data, len) == 0)
			return 0;
		if (f->off < off + len && off < end)
			return -LKE_DROP_FRAGMENT;
		if (!f->more && off + len > end)
			return -LKE_DROP_FRAGMENT;
	}
	return d->pieces < REASSEMBLY_FRAGMENTS ? 1 : -LKE_DROP_LIMIT;
}

static void add_piece(struct datagram *d, const struct ip6_info *i, const struct fragment *f)
{
	d->piece[d->pieces].off = (uint16_t)f->off;
	d->piece[d->pieces++].len = (uint16_t)f->len;
	memcpy(d->data + IP6_HDR_LEN + f->off, f->data, f->len);
	d->have += f->len;
	d->seen |= (uint8_t)(1 << (i->tclass & ECN_MASK));
	if (!f->more)
		d->total = f->off + f->len;
	if (f->off > 0)
		return;
	d->next = f->next;
	d->tclass = i->tclass;
	d->hop_limit = i->hop_limit;
}

/* RFC 3168 5.3: a congestion mark on one fragment is one on the packet; not where others say that
 * it cannot carry any. */
static int join_ecn(struct datagram *d)
{
	if (!(d->seen & 1 << ECN_CE))
		return 0;
	if (d->seen & 1 << ECN_NOT_ECT)
		return -LKE_DROP_TUNNEL_ECN;
	d->tclass |= ECN_CE;
	return 0;
}

static int finish(struct reassembly *r, struct datagram *d, uint8_t **ret_pkt, size_t *ret_len)
{
	struct ip6_out o = {
		.src = d->src, .dst = d->dst, .tclass = d->tclass, .hop_limit = d->hop_limit
	};
	struct wr w = wr_init(d->data, IP6_HDR_LEN);
	int err = join_ecn(d);

	d->used = false;
	if (err)
		return err;
	o.tclass = d->tclass;
	ip6_begin(&w, &o, d->next);
	wr_patch_u16(&w, 4, (uint16_t)d->total);
	*ret_pkt = d->data;
	*ret_len = IP6_HDR_LEN + d->total;
	r->count.whole++;
	return 1;
}

int reassembly_input(struct reassembly *r, const struct ip6_info *i, lke_time now,
		     uint8_t **ret_pkt, size_t *ret_len)
{
	struct fragment f;
	struct datagram *d;
	int err = read_fragment(i, &f);

	if (err)
		return err;
	if (f.off == 0 && !f.more) {
		begin(&r->alone, i, f.id, now);
		add_piece(&r->alone, i, &f);
		return finish(r, &r->alone, ret_pkt, ret_len);
	}
	expire(r, now);
	d = find(r, i, f.id);
	if (!d) {
		d = place(r, i);
		if (!d)
			return -LKE_DROP_LIMIT;
		begin(d, i, f.id, now);
	}
	err = d->dead ? -LKE_DROP_FRAGMENT : check_piece(d, &f);
	if (err < 0)
		d->dead = true;
	if (err <= 0)
		return err;
	add_piece(d, i, &f);
	if (!d->total || d->have < d->total)
		return 0;
	return finish(r, d, ret_pkt, ret_len);
}

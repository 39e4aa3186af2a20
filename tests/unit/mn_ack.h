/* SPDX-License-Identifier: ISC */
/* Key Exchange Acknowledgements under the right key, each field of which a test may change. */
#ifndef MN_ACK_H
#define MN_ACK_H

#include "mn_fixture.h"

static inline struct mh_view mh_of(const struct fix_action *a, struct ip6_info *i)
{
	struct lke_in6 src, dst;
	struct mh_view v;

	assert_non_null(a);
	assert_int_equal(ip6_parse(a->data, a->len, i), 0);
	src = ip6_pseudo_src(i);
	dst = ip6_pseudo_dst(i);
	assert_int_equal(mh_check(i->pkt + i->upper_off, i->upper_len, &src, &dst, &v), 0);
	return v;
}

static inline struct mh_kereq last_kereq(const struct fix *f, struct ip6_info *i)
{
	struct mh_view v = mh_of(fix_last(f, LKE_MSG_KEREQ), i);
	struct mh_kereq m;

	assert_int_equal(mh_kereq_decode(&v, 128, &m), 0);
	return m;
}

struct ack {
	struct mh_keack m;
	struct ip6_out o;
	struct lke_in6 rh2;
	bool plain;  /* no routing header */
	bool spoilt; /* its HMAC is wrong */
	uint32_t ifindex;
};

/* A good one to the last request, by router ar. */
static inline struct ack ack_good(struct fix *f, unsigned ar)
{
	struct ip6_info i;
	struct mh_kereq q = last_kereq(f, &i);
	struct ack a = { .m = { .seq = q.seq, .lifetime = 1800, .ar = fix_ar_addr(ar) },
			 .o = { .src = i.dst, .dst = i.src, .hop_limit = 255 },
			 .rh2 = i.hao,
			 .ifindex = FIX_IF };

	fix_kereq_key(f);
	return a;
}

/* Octets in buf; the HMAC is made of what a holds now. */
static inline size_t ack_make(const struct fix *f, struct ack *a, uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);
	struct lke_mac_input in;
	uint8_t mac[20];
	size_t mh, off;

	a->o.rh2 = a->plain ? NULL : &a->rh2;
	mh = ip6_begin(&w, &a->o, IP6_NH_MH);
	mh_keack_encode(&w, &a->m, &off);
	ip6_end(&w);
	off += mh;
	lke_mac_whole(buf, w.off, mh + 4, &off, 1, &in);
	assert_int_equal(mac_sha1(&f->kbm, &in, mac), 0);
	mac[0] ^= a->spoilt;
	wr_patch_bytes(&w, off, mac, sizeof(mac));
	mh_set_checksum(&w, mh, &a->o.src, a->plain ? &a->o.dst : &a->rh2);
	assert_false(w.err);
	return w.off;
}

/* From the link-layer address of router `from`.  What the engine says. */
static inline int ack_put(struct fix *f, unsigned from, struct ack *a)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	uint8_t buf[512];
	size_t len = ack_make(f, a, buf, sizeof(buf));

	if (a->ifindex == FIX_IF)
		return fix_packet(f, from, buf, len);
	ev.packet = (struct lke_ev_packet){
		.ifindex = a->ifindex, .src_ll = fix_mac(from), .data = buf, .len = len
	};
	return lke_engine_input(f->e, &ev, f->now);
}

#endif

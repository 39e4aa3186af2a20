/* SPDX-License-Identifier: ISC */
/*
 * A home agent in virtual time: a real engine with one home link and one other link, two mobile
 * nodes that craft Binding Updates in ESP, and a record of what the engine asks for.
 */
#ifndef TESTS_HA_FIXTURE_H
#define TESTS_HA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/binding.h"
#include "core/home_agent.h"
#include "wire/hadisc.h"
#include "wire/tunnel.h"
#include <cmocka.h>

#define HOME_IF 1
#define WAN_IF	2
#ifndef FX_MOBILES
#define FX_MOBILES 2
#endif

struct fx {
	struct lke_engine *e;
	lke_time now;
	struct lke_config cfg;
	struct lke_config_mobile mobile[FX_MOBILES];
	struct sa sender[FX_MOBILES], receiver[FX_MOBILES]; /* the mobile nodes' ends */
	/* Instead of fx_action(). */
	void (*act)(struct fx *f, const struct lke_action *a);
	bool hold_floor; /* checkpoints stay unanswered */
	uint64_t floor_cookie;
	struct lke_act_checkpoint floor;
	bool hold_keep; /* kept bindings stay unanswered */
	uint64_t keep_cookie;
	struct lke_act_keep keep;
	struct lke_act_key key;
	unsigned keeps, keys, replies;
	int reply; /* the error of the last one */
	unsigned floors, bas, nss, nas, bes, brrs;
	struct mh_be be;
	struct mh_ba ba;
	unsigned ba_to;		     /* the mobile node that can open it */
	struct lke_act_send ba_send; /* without the octets */
	struct ip6_info ba_ip;
	struct lke_act_tunnel tunnel;
	struct lke_act_buffer buffer;
	unsigned ras, discoveries, mpas, probes, problems;
	uint32_t pointer; /* of the last ICMPv6 Parameter Problem */
	struct ip6_info problem_ip;
	uint8_t probe[64]; /* the last care-of address test: its ICMPv6 octets */
	size_t probe_len;
	struct ip6_info probe_outer;
	struct nd_msg ra, na; /* the last ones sent; ra.lke_key is not kept */
	struct hadisc discovery, mpa;
	struct ip6_info discovery_ip, mpa_ip;
	struct lke_act_send discovery_send;
	char order[512]; /* T I B P M G S N: tunnel, intercept, buffer, proxied, mine, group, spi,
			    NA */
	unsigned notes[LKE_NOTE_COUNT];
	struct lke_note audit, budget;
	char gone[64], alarm[64];
	uint32_t esp_seq;
	uint8_t frame[512]; /* the last one fed in */
	size_t frame_len;
	uint32_t frame_if;
};

struct bu {
	unsigned mobile;
	uint16_t seq;
	uint16_t lifetime; /* units of 4 s */
	const char *src, *home, *alt, *dst;
	uint16_t flags;		   /* besides A and H */
	bool no_hao, no_h, no_alt; /* alt NULL: the source, in a registration from away */
	int sa;			   /* sign as mobile node sa - 1; 0: as its own */
};

static inline struct lke_in6 ip(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static inline bool same(const struct lke_in6 *a, const char *text)
{
	struct lke_in6 b = ip(text);

	return in6_eq(a, &b);
}

static inline void fx_mark(struct fx *f, char what, bool undo)
{
	size_t n = strlen(f->order);

	if (n + 3 < sizeof(f->order)) {
		f->order[n] = what;
		f->order[n + 1] = undo ? '-' : '+';
	}
}

static inline void fx_esp(struct fx *f, const struct lke_act_send *s, const struct ip6_info *i)
{
	uint8_t plain[1024], next;
	struct mh_view v;
	size_t len;

	for (unsigned n = 0; n < FX_MOBILES; n++) {
		struct lke_in6 dst = ip6_pseudo_dst(i);

		if (sa_open(&f->receiver[n], i, plain, sizeof(plain), &len, &next) < 0)
			continue;
		if (next == IP6_NH_ICMPV6) {
			assert_int_equal(hadisc_decode(plain, len, &i->src, &dst, &f->mpa), 0);
			f->mpa_ip = *i;
			f->mpas++;
			return;
		}
		assert_int_equal(next, IP6_NH_MH);
		assert_int_equal(mh_check(plain, len, &i->src, &dst, &v), 0);
		f->brrs += v.type == MH_BRR;
		if (v.type == MH_BRR)
			return;
		assert_int_equal(v.type, MH_BA);
		assert_int_equal(mh_ba_decode(&v, &f->ba), 0);
		f->bas++;
		f->ba_to = n;
		f->ba_send = *s;
		f->ba_ip = *i;
		return;
	}
	fail_msg("ESP that no mobile node can open");
}

static inline void fx_send(struct fx *f, const struct lke_act_send *s)
{
	struct ip6_info i;
	struct nd_msg m;

	assert_int_equal(ip6_parse(s->data, s->len, &i), 0);
	if (i.upper == IP6_NH_IPV6) {
		f->probe_outer = i;
		assert_int_equal(ip6_parse(i.pkt + i.upper_off, i.upper_len, &i), 0);
		assert_int_equal(i.upper, IP6_NH_ICMPV6);
		assert_true(i.upper_len <= sizeof(f->probe));
		memcpy(f->probe, i.pkt + i.upper_off, i.upper_len);
		f->probe_len = i.upper_len;
		f->probes++;
		return;
	}
	if (i.upper == IP6_NH_ESP) {
		fx_esp(f, s, &i);
	} else if (i.upper == IP6_NH_MH) {
		struct mh_view v;

		assert_int_equal(mh_check(i.pkt + i.upper_off, i.upper_len, &i.src, &i.dst, &v), 0);
		assert_int_equal(mh_be_decode(&v, &f->be), 0);
		f->bes++;
	} else if (i.upper == IP6_NH_ICMPV6 && i.pkt[i.upper_off] == HADISC_REPLY) {
		assert_int_equal(hadisc_decode(i.pkt + i.upper_off, i.upper_len, &i.src, &i.dst,
					       &f->discovery),
				 0);
		f->discovery_ip = i;
		f->discovery_send = *s;
		f->discoveries++;
	} else if (i.upper == IP6_NH_ICMPV6 && i.pkt[i.upper_off] == 4) {
		struct rd r = rd_init(i.pkt + i.upper_off, i.upper_len);

		assert_int_equal(rd_u16(&r), 4 << 8); /* code 0 */
		assert_int_equal(ip6_checksum(&i.src, &i.dst, IP6_NH_ICMPV6, i.pkt + i.upper_off,
					      i.upper_len),
				 0);
		rd_skip(&r, 2);
		f->pointer = rd_u32(&r);
		f->problem_ip = i;
		f->problems++;
	} else if (i.upper == IP6_NH_ICMPV6) {
		assert_int_equal(nd_decode(&i, &m), 0);
		if (m.type == ND_RA) {
			f->ras++;
			f->ra = m;
		}
		if (m.type == ND_NA)
			f->na = m;
		if (m.type == ND_NS)
			f->nss++;
		if (m.type == ND_NA) {
			f->nas++;
			fx_mark(f, 'N', false);
		}
	}
}

static inline void fx_steer(struct fx *f, const struct lke_act_steer *s)
{
	static const char mark[] = {
		[LKE_STEER_MINE] = 'M', [LKE_STEER_PROXIED] = 'P', [LKE_STEER_SPI] = 'S'
	};

	fx_mark(f, mark[s->set], s->remove);
}

static inline void fx_note(struct fx *f, const struct lke_note *n)
{
	f->notes[n->type]++;
	if (n->type == LKE_NOTE_MESSAGE && n->msg == LKE_MSG_BU && !n->out)
		f->audit = *n;
	if (n->type == LKE_NOTE_SEQUENCE_BUDGET)
		f->budget = *n;
	if (n->type == LKE_NOTE_ALARM)
		memcpy(f->alarm, n->text, sizeof(f->alarm));
	if (n->type == LKE_NOTE_BINDING_GONE)
		memcpy(f->gone, n->text, sizeof(f->gone));
}

static inline void fx_action(struct fx *f, const struct lke_action *a)
{
	switch (a->type) {
	case LKE_ACT_SEND:
		fx_send(f, &a->send);
		break;
	case LKE_ACT_TUNNEL:
		f->tunnel = a->tunnel;
		fx_mark(f, 'T', a->tunnel.remove);
		break;
	case LKE_ACT_INTERCEPT:
		fx_mark(f, 'I', a->intercept.remove);
		break;
	case LKE_ACT_BUFFER:
		f->buffer = a->buffer;
		fx_mark(f, 'B', a->buffer.what == LKE_BUFFER_DROP);
		break;
	case LKE_ACT_GROUP:
		fx_mark(f, 'G', a->group.leave);
		break;
	case LKE_ACT_STEER:
		fx_steer(f, &a->steer);
		break;
	case LKE_ACT_CHECKPOINT:
		f->floors++;
		f->floor = a->checkpoint;
		f->floor_cookie = a->cookie;
		break;
	case LKE_ACT_KEEP:
		f->keeps++;
		f->keep = a->keep;
		f->keep_cookie = a->cookie;
		break;
	case LKE_ACT_KEY:
		f->keys++;
		f->key = a->key;
		break;
	case LKE_ACT_REPLY:
		f->replies++;
		f->reply = a->reply.err;
		break;
	case LKE_ACT_NOTIFY:
		fx_note(f, &a->note);
		break;
	default:
		break;
	}
}

static inline void fx_drain(struct fx *f)
{
	const struct lke_action *a;

	while ((a = lke_engine_next_action(f->e)))
		f->act ? f->act(f, a) : fx_action(f, a);
}

static inline int fx_event(struct fx *f, const struct lke_event *ev);

static inline void fx_floor_done(struct fx *f, int err)
{
	struct lke_event ev = { .type = LKE_EV_RESULT,
				.result = { .cookie = f->floor_cookie, .err = err } };

	f->floor_cookie = 0;
	fx_event(f, &ev);
}

static inline void fx_keep_done(struct fx *f, int err)
{
	struct lke_event ev = { .type = LKE_EV_RESULT,
				.result = { .cookie = f->keep_cookie, .err = err } };

	f->keep_cookie = 0;
	fx_event(f, &ev);
}

static inline int fx_event(struct fx *f, const struct lke_event *ev)
{
	int verdict = lke_engine_input(f->e, ev, f->now);

	fx_drain(f);
	if (f->keep_cookie && !f->hold_keep)
		fx_keep_done(f, 0);
	if (f->floor_cookie && !f->hold_floor)
		fx_floor_done(f, 0);
	return verdict;
}

static inline void fx_wait(struct fx *f, lke_time by)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	lke_time end = f->now + by;

	while (lke_engine_deadline(f->e) <= end) {
		f->now = lke_engine_deadline(f->e);
		fx_event(f, &ev);
	}
	f->now = end;
	fx_event(f, &ev);
}

static inline void fx_link(struct fx *f, uint32_t ifindex, const char *name)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = ifindex, .mtu = 1500, .up = true };
	snprintf(ev.link.name, sizeof(ev.link.name), "%s", name);
	ev.link.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, (uint8_t)ifindex } };
	fx_event(f, &ev);
}

static inline void fx_addr(struct fx *f, uint32_t ifindex, const char *addr, bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){
		.ifindex = ifindex, .addr = ip(addr), .prefix_len = 64, .removed = removed
	};
	fx_event(f, &ev);
}

static inline struct lke_config_sa fx_sa(uint32_t spi, uint8_t fill)
{
	struct lke_config_sa c = { .spi = spi,
				   .enc = LKE_ESP_AES_CBC,
				   .auth = LKE_ESP_HMAC_SHA256_128,
				   .enc_key_len = 16,
				   .auth_key_len = 32 };

	memset(c.enc_key, fill, 16);
	memset(c.auth_key, fill + 1, 32);
	return c;
}

static inline void fx_config(struct fx *f)
{
	memset(f, 0, sizeof(*f));
	f->now = 1000 * LKE_SEC;
	lke_config_defaults(&f->cfg);
	strcpy(f->cfg.ha.interface[0], "home0");
	f->cfg.ha.interfaces = 1;
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		struct lke_config_mobile *m = &f->mobile[n];

		snprintf(m->name, sizeof(m->name), "mn%u", n + 1);
		m->home = ip("2001:db8:1::b01");
		m->home.b[15] = (uint8_t)(n + 1);
		m->to_ha = fx_sa(0x1000 + n, (uint8_t)(0x10 + 4 * n));
		m->to_mn = fx_sa(0x2000 + n, (uint8_t)(0x12 + 4 * n));
		m->generation = 1;
	}
	f->cfg.ha.max_updates = 0; /* many in no time */
	f->cfg.ha.mobile = f->mobile;
	f->cfg.ha.mobiles = FX_MOBILES;
}

static inline void fx_new(struct fx *f)
{
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		assert_int_equal(sa_init(&f->sender[n], &f->mobile[n].to_ha), 0);
		assert_int_equal(sa_init(&f->receiver[n], &f->mobile[n].to_mn), 0);
	}
}

static inline void fx_links(struct fx *f)
{
	fx_link(f, HOME_IF, "home0");
	fx_addr(f, HOME_IF, "fe80::1", false);
	fx_addr(f, HOME_IF, "2001:db8:1::1", false);
	fx_link(f, WAN_IF, "wan0");
	fx_addr(f, WAN_IF, "2001:db8:9::1", false);
	memset(f->order, 0, sizeof(f->order));
}

static inline void fx_start(struct fx *f)
{
	fx_new(f);
	fx_links(f);
}

static inline void fx_end(struct fx *f)
{
	lke_engine_free(f->e);
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		sa_done(&f->sender[n]);
		sa_done(&f->receiver[n]);
	}
	f->e = NULL;
}

static inline int fx_frame(struct fx *f, uint32_t ifindex, const uint8_t *p, size_t len)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };

	ev.packet = (struct lke_ev_packet){
		.ifindex = ifindex, .src_ll = { 6, { 2, 0, 0, 0, 9, 9 } }, .data = p, .len = len
	};
	if (p != f->frame && len <= sizeof(f->frame)) {
		memcpy(f->frame, p, len);
		f->frame_len = len;
		f->frame_if = ifindex;
	}
	return fx_event(f, &ev);
}

/* The octets of a Binding Update in buf (512); their number. */
static inline size_t fx_bu_make(struct fx *f, struct bu b, uint8_t *buf)
{
	struct lke_in6 home = b.home ? ip(b.home) : f->mobile[b.mobile].home;
	struct ip6_out o = { .src = ip(b.src ? b.src : "2001:db8:5::7"),
			     .dst = ip(b.dst ? b.dst : "2001:db8:1::1"),
			     .hop_limit = 60,
			     .hao = b.no_hao ? NULL : &home };
	struct mh_bu m = { .seq = b.seq, .lifetime = b.lifetime, .alt_coa = o.src };
	uint8_t mh[64];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	m.flags = (uint16_t)((b.no_h ? BU_A : BU_A | BU_H) | b.flags);
	m.has_alt_coa = b.alt || (b.lifetime > 0 && !b.no_hao && !b.no_alt);
	if (b.alt)
		m.alt_coa = ip(b.alt);
	mh_bu_encode(&w, &m, false);
	mh_set_checksum(&w, 0, b.no_hao ? &o.src : &home, &o.dst);
	assert_false(w.err);
	len = sa_protect(f->e, &f->sender[b.sa > 0 ? b.sa - 1 : (int)b.mobile], &o, mh, w.off, buf,
			 512);
	assert_true(len > 0);
	return (size_t)len;
}

/* One Binding Update; defaults: from 2001:db8:5::7 on the other link. */
static inline int fx_bu(struct fx *f, struct bu b)
{
	uint8_t buf[512];
	size_t len = fx_bu_make(f, b, buf);

	return fx_frame(f, b.no_hao ? HOME_IF : WAN_IF, buf, len);
}

/* A Router Advertisement of another router on the home link, from fe80::n. */
static inline struct nd_msg fx_ra_msg(uint16_t lifetime)
{
	return (struct nd_msg){ .type = ND_RA, .router_lifetime = lifetime };
}

static inline void fx_ra_prefix(struct nd_msg *m, const char *prefix, uint8_t flags, uint32_t valid,
				uint32_t preferred)
{
	m->prefix[m->prefixes++] = (struct nd_prefix){ .prefix = ip(prefix),
						       .len = 64,
						       .flags = flags,
						       .valid = valid,
						       .preferred = preferred };
}

static inline int fx_ra(struct fx *f, const char *src, const struct nd_msg *m)
{
	struct lke_in6 from = ip(src);
	uint8_t buf[1280];
	int len = nd_encode(m, &from, &in6_all_nodes, 0, buf, sizeof(buf));

	assert_true(len > 0);
	return fx_frame(f, HOME_IF, buf, (size_t)len);
}

/* A Mobile Prefix Solicitation of mobile 0 in ESP. */
static inline int fx_mps(struct fx *f, const char *src, uint16_t id, int signer)
{
	struct hadisc m = { .type = MPREFIX_SOLICITATION, .id = id };
	struct ip6_out o = { .src = ip(src),
			     .dst = ip("2001:db8:1::1"),
			     .hop_limit = 60,
			     .hao = &f->mobile[0].home };
	uint8_t icmp[16], buf[256];
	struct wr w = wr_init(icmp, sizeof(icmp));
	int len;

	hadisc_encode(&w, &m, o.hao, &o.dst);
	len = sa_protect_proto(f->e, &f->sender[signer], &o, IP6_NH_ICMPV6, icmp, w.off, buf,
			       sizeof(buf));
	assert_true(len > 0);
	return fx_frame(f, WAN_IF, buf, (size_t)len);
}

/* Registers mobile 0 with this number and lets DAD pass. */
static inline void fx_register(struct fx *f, uint16_t seq)
{
	assert_int_equal(fx_bu(f, (struct bu){ .seq = seq, .lifetime = 100 }), 0);
	fx_wait(f, RETRANS_TIMER);
	assert_non_null(binding_find(f->e, &f->mobile[0].home));
	assert_int_equal(f->ba.status, STATUS_ACCEPTED);
}

#endif

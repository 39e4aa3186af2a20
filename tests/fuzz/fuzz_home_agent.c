/* SPDX-License-Identifier: ISC */
/*
 * A whole home agent: the input is a list of records, kind (1), length (1), body.  A stranger's
 * packets, Neighbor Discovery of the home link, messages that mobile node 0 protects with its own
 * keys, time, and what the forwarding plane and the system tell.  Whatever comes: mobile node 1,
 * which never sends, stays as it is; the number of mobile node 0 never goes back; a stranger makes
 * no binding and moves none; what the engine asks for can be answered.
 */
#include <string.h>

#include "base/in6.h"
#include "core/binding.h"
#include "core/home_agent.h"
#include "fuzz.h"
enum { HOME_IF = 1, WAN_IF = 2, RECORDS_MAX = 64 };

enum kind { HOME_PACKET, WAN_PACKET, ND_MESSAGE, ESP_MH, ESP_ICMP, WAIT, TUNNEL, ADDRESS, KINDS };

struct home {
	struct lke_engine *e;
	struct sa sender;
	lke_time now;
	bool disk_full;
};

static const struct lke_in6 agent = { { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1 } };
static const struct lke_in6 router_ll = { { 0xfe, 0x80, [15] = 0xa } };
static const struct lke_in6 homes[2] = { { { 0x20, 1, 0xd, 0xb8, 0, 1, [14] = 0xb, 1 } },
					 { { 0x20, 1, 0xd, 0xb8, 0, 1, [14] = 0xb, 2 } } };
/* Care-of addresses: two places, the home address itself, one that is refused. */
static const struct lke_in6 coas[4] = { { { 0x20, 1, 0xd, 0xb8, 0, 5, [15] = 7 } },
					{ { 0x20, 1, 0xd, 0xb8, 0, 6, [15] = 7 } },
					{ { 0x20, 1, 0xd, 0xb8, 0, 1, [14] = 0xb, 1 } },
					{ { 0xff, 0x0e, [15] = 1 } } };

static void give(struct home *h, struct lke_event *ev)
{
	const struct lke_action *a;
	uint64_t cookie[256];
	unsigned n = 0;

	(void)lke_engine_input(h->e, ev, h->now);
	while ((a = lke_engine_next_action(h->e))) {
		if (a->type == LKE_ACT_SEND)
			MUST(a->send.len >= IP6_HDR_LEN && a->send.data[0] >> 4 == 6);
		if (a->type == LKE_ACT_CHECKPOINT && n < 256)
			cookie[n++] = a->cookie;
	}
	while (n > 0) {
		struct lke_event done = { .type = LKE_EV_RESULT };

		done.result.cookie = cookie[--n];
		done.result.err = h->disk_full ? -28 : 0;
		give(h, &done);
	}
}

static void packet(struct home *h, uint32_t ifindex, const uint8_t *data, size_t len)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };

	ev.packet = (struct lke_ev_packet){
		.ifindex = ifindex, .src_ll = { 6, { 2, 0, 0, 0, 9, 9 } }, .data = data, .len = len
	};
	give(h, &ev);
}

/* The octets as they are, but for version, length and the checksum of a plain ICMPv6 message. */
static void stranger(struct home *h, uint32_t ifindex, const uint8_t *body, size_t len)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 src, dst;

	if (len < IP6_HDR_LEN)
		return;
	wr_bytes(&w, body, len);
	buf[0] = 0x60;
	wr_patch_u16(&w, 4, (uint16_t)(len - IP6_HDR_LEN));
	memcpy(src.b, buf + 8, 16);
	memcpy(dst.b, buf + 24, 16);
	if (len >= IP6_HDR_LEN + 4 && buf[6] == IP6_NH_ICMPV6) {
		wr_patch_u16(&w, IP6_HDR_LEN + 2, 0);
		wr_patch_u16(&w, IP6_HDR_LEN + 2,
			     ip6_checksum(&src, &dst, IP6_NH_ICMPV6, buf + IP6_HDR_LEN,
					  len - IP6_HDR_LEN));
	}
	packet(h, ifindex, buf, len);
}

/* From a router of the home link; the first octet says to whom. */
static void neighbour(struct home *h, const uint8_t *body, size_t len)
{
	struct ip6_out o = { .src = router_ll, .dst = in6_all_nodes, .hop_limit = 255 };
	uint8_t buf[512];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off;

	if (len < 5)
		return;
	if (body[0] & 1)
		o.src = (struct lke_in6){ { 0 } };
	if (body[0] & 2)
		o.dst = in6_solicited_node(&homes[body[0] >> 2 & 1]);
	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	off = w.off;
	wr_bytes(&w, body + 1, len - 1);
	wr_patch_u16(&w, off + 2, 0);
	wr_patch_u16(&w, off + 2, ip6_checksum(&o.src, &o.dst, IP6_NH_ICMPV6, buf + off, len - 1));
	ip6_end(&w);
	MUST(!w.err);
	packet(h, HOME_IF, buf, w.off);
}

/* With the keys of mobile node 0 and a right checksum; the first octet chooses the addresses. */
static void protected(struct home *h, uint8_t next, const uint8_t *body, size_t len)
{
	struct ip6_out o = { .src = coas[body[0] & 3], .dst = agent, .hop_limit = 60 };
	const struct lke_in6 *home = &homes[body[0] >> 2 & 1];
	size_t at = next == IP6_NH_MH ? 4 : 2;
	uint8_t data[256], buf[512];
	struct wr w = wr_init(data, sizeof(data));
	int n;

	if (len < 1 + at + 2)
		return;
	if (!(body[0] & 8))
		o.hao = home;
	wr_bytes(&w, body + 1, len - 1);
	wr_patch_u16(&w, at, 0);
	wr_patch_u16(&w, at, ip6_checksum(o.hao ? home : &o.src, &agent, next, data, len - 1));
	n = sa_protect_proto(h->e, &h->sender, &o, next, data, len - 1, buf, sizeof(buf));
	if (n > 0)
		packet(h, body[0] & 16 ? HOME_IF : WAN_IF, buf, (size_t)n);
}

static void wait(struct home *h, const uint8_t *body)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	lke_time end = h->now + (body[0] + 1) * (LKE_SEC << (body[1] & 7)) / 4;

	h->disk_full = body[1] & 8;
	for (unsigned n = 0; n < 64 && lke_engine_deadline(h->e) <= end; n++) {
		h->now = lke_engine_deadline(h->e) > h->now ? lke_engine_deadline(h->e) : h->now;
		give(h, &ev);
	}
	h->now = end;
	give(h, &ev);
}

static void plane(struct home *h, const uint8_t *body)
{
	struct lke_event ev = { .type = LKE_EV_TUNNEL };

	if (body[0] & 128) {
		ev.type = LKE_EV_MOBILE;
		ev.mobile = (struct lke_ev_mobile){ homes[body[1] & 1], body[0] * 1000U };
	} else {
		ev.tunnel.what = (enum lke_tunnel_event)(body[0] % (LKE_TUNNEL_UNREACHABLE + 1));
		ev.tunnel.outer_dst = coas[body[1] & 3];
		ev.tunnel.inner_dst = homes[body[1] >> 2 & 1];
	}
	give(h, &ev);
}

static void address(struct home *h, const uint8_t *body)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){ .ifindex = HOME_IF,
					.addr = agent,
					.prefix_len = 64,
					.removed = body[0] & 1,
					.tentative = body[0] & 2,
					.valid = body[1] * 60U,
					.preferred = (body[0] >> 4) * 60U };
	give(h, &ev);
}

static void record(struct home *h, enum kind kind, const uint8_t *body, size_t len)
{
	switch (kind) {
	case HOME_PACKET:
	case WAN_PACKET:
		stranger(h, kind == HOME_PACKET ? HOME_IF : WAN_IF, body, len);
		break;
	case ND_MESSAGE:
		neighbour(h, body, len);
		break;
	case ESP_MH:
	case ESP_ICMP:
		protected
		(h, kind == ESP_MH ? IP6_NH_MH : IP6_NH_ICMPV6, body, len);
		break;
	case WAIT:
		wait(h, body);
		break;
	case TUNNEL:
		plane(h, body);
		break;
	default:
		address(h, body);
		break;
	}
}

static void judged(struct home *h, enum kind kind, const uint8_t *body, size_t len)
{
	const struct mobile *m = ha_by_home(h->e, &homes[0]), *other = ha_by_home(h->e, &homes[1]);
	const struct binding *b = binding_find(h->e, &homes[0]);
	bool had = m->has_seq, bound = b != NULL;
	struct lke_in6 coa = b ? b->coa : coas[0];
	uint16_t seq = m->last_seq;

	record(h, kind, body, len);
	MUST(!other->has_seq && !binding_find(h->e, &homes[1]));
	MUST(!had || (m->has_seq && (m->last_seq == seq || seq_newer(m->last_seq, seq))));
	b = binding_find(h->e, &homes[0]);
	MUST(!b || (b->kind == BINDING_BY_ESP && m->has_seq && b->expires != LKE_NEVER));
	/* Nobody else makes a binding or moves it (it may end: the prefix did). */
	if (kind <= ND_MESSAGE)
		MUST(!b || (bound && in6_eq(&b->coa, &coa)));
}

static struct lke_config_sa keys(uint32_t spi, uint8_t fill)
{
	struct lke_config_sa c = {
		.spi = spi, .enc = LKE_ESP_NULL, .auth = LKE_ESP_HMAC_SHA256_128, .auth_key_len = 32
	};

	memset(c.auth_key, fill, 32);
	return c;
}

static void begin(struct home *h, uint8_t how)
{
	static struct lke_config_mobile mobile[2];
	struct lke_event ev = { .type = LKE_EV_LINK };
	struct lke_config cfg;

	memset(h, 0, sizeof(*h));
	h->now = 1000 * LKE_SEC;
	lke_config_defaults(&cfg);
	strcpy(cfg.ha.interface[0], "home0");
	cfg.ha.interfaces = 1;
	cfg.ha.care_of_credit = how & 1 ? 4096 : 0;
	cfg.ha.advertise = (enum lke_ha_advertise)(how >> 1 & 3);
	for (unsigned n = 0; n < 2; n++)
		mobile[n] = (struct lke_config_mobile){ .name = "m",
							.home = homes[n],
							.to_ha = keys(0x1000 + n, (uint8_t)(1 + n)),
							.to_mn = keys(0x2000 + n, (uint8_t)(9 + n)),
							.generation = 1 };
	cfg.ha.mobile = mobile;
	cfg.ha.mobiles = 2;
	MUST(lke_engine_new(&cfg, h->now, &h->e) == 0);
	MUST(sa_init(&h->sender, &mobile[0].to_ha) == 0);
	for (uint32_t n = HOME_IF; n <= WAN_IF; n++) {
		ev.link = (struct lke_ev_link){ .ifindex = n, .mtu = 1500, .up = true };
		strcpy(ev.link.name, n == HOME_IF ? "home0" : "wan0");
		ev.link.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, (uint8_t)n } };
		give(h, &ev);
	}
	ev = (struct lke_event){ .type = LKE_EV_ADDR };
	ev.addr =
		(struct lke_ev_addr){ HOME_IF, { { 0xfe, 0x80, [15] = 1 } }, 64, .removed = false };
	give(h, &ev);
	ev.addr.addr = agent;
	give(h, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[2];
	struct home h;

	if (size < 1)
		return 0;
	begin(&h, data[0]);
	data++;
	size--;
	for (unsigned n = 0; n < RECORDS_MAX && size >= 2; n++) {
		enum kind kind = (enum kind)(data[0] % KINDS);
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		judged(&h, kind, len >= 2 ? data + 2 : zeros, len);
		data += 2 + len;
		size -= 2 + len;
	}
	lke_engine_free(h.e);
	sa_done(&h.sender);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* Whole packets: extension headers, tunnels, ICMPv6 errors about them, and their readable line. */
#include <string.h>

#include "base/in6.h"
#include "fuzz.h"
#include "lke/msg.h"
#include "wire/tunnel.h"

static const struct lke_in6 end_a = { { 0x20, 1, [15] = 1 } }, end_b = { { 0x20, 1, [15] = 2 } };

static void read_line(const uint8_t *p, size_t len)
{
	char text[256], tiny[8];
	size_t n = lke_packet_format(p, len, text, sizeof(text));

	lke_packet_classify(p, len);
	MUST(strlen(text) == (n < sizeof(text) ? n : sizeof(text) - 1));
	MUST(lke_packet_format(p, len, tiny, sizeof(tiny)) == n && strlen(tiny) < sizeof(tiny));
}

static void rebuild(const struct ip6_info *i)
{
	static uint8_t buf[70000];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = i->src,
			     .dst = i->dst,
			     .tclass = i->tclass,
			     .hop_limit = i->hop_limit,
			     .hao = i->has_hao ? &i->hao : NULL,
			     .rh2 = i->has_rh2 ? &i->rh2 : NULL };
	struct ip6_info j;

	MUST(i->upper_off + i->upper_len == i->len);
	ip6_begin(&w, &o, i->upper);
	wr_bytes(&w, i->pkt + i->upper_off, i->upper_len);
	ip6_end(&w);
	if (w.err)
		return;
	MUST(ip6_parse(buf, w.off, &j) == 0);
	MUST(in6_eq(&i->src, &j.src) && in6_eq(&i->dst, &j.dst) && i->upper == j.upper);
	MUST(i->has_hao == j.has_hao && i->has_rh2 == j.has_rh2 && i->upper_len == j.upper_len);
	MUST(in6_eq(&i->hao, &j.hao) && in6_eq(&i->rh2, &j.rh2) && i->tclass == j.tclass);
}

static void through_a_tunnel(const uint8_t *p, size_t len)
{
	static const uint64_t secret[2] = { 1, 2 };
	static uint8_t outer[8192];
	uint8_t *inner;
	size_t inner_len;

	if (tunnel_may_enter(p, len) != 0)
		return;
	tunnel_outer(p, len, &end_a, &end_b, tunnel_flow_label(p, len, secret), outer);
	memcpy(outer + TUNNEL_OVERHEAD, p, len);
	MUST(tunnel_inner(outer, len + TUNNEL_OVERHEAD, &inner, &inner_len) == 0);
	MUST(inner_len == len && memcmp(inner, p, len) == 0);
}

static void error_about(const uint8_t *p, size_t len)
{
	uint8_t buf[IP6_MIN_MTU];
	struct ip6_info i;
	size_t n = icmp_error(1, 5, 0, &end_a, p, len, buf, sizeof(buf));

	if (n == 0)
		return;
	MUST(n <= IP6_MIN_MTU && ip6_parse(buf, n, &i) == 0 && i.upper == IP6_NH_ICMPV6);
	MUST(ip6_checksum(&i.src, &i.dst, IP6_NH_ICMPV6, buf + i.upper_off, i.upper_len) == 0);
	MUST(icmp_error(1, 5, 0, &end_a, buf, n, buf, sizeof(buf)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[4096];
	struct ip6_info i;
	uint8_t *inner;
	size_t inner_len;

	if (size > sizeof(copy))
		return 0;
	if (ip6_parse(data, size, &i) == 0)
		rebuild(&i);
	read_line(data, size);
	through_a_tunnel(data, size);
	error_about(data, size);
	memcpy(copy, data, size);
	if (tunnel_inner(copy, size, &inner, &inner_len) == 0)
		MUST(inner >= copy && inner + inner_len <= copy + size && inner_len >= IP6_HDR_LEN);
	return 0;
}

/* SPDX-License-Identifier: ISC OR GPL-2.0 */
/*
 * Fast path of the tunnels of an access router or home agent (RFC 2473), before the TUN plane:
 *
 *   lke_encap  egress of the TUN device: home -> care-of address, out of the link of the route
 *              a mobile node's own address -> the agent, in a frame to the router of the link
 *   lke_decap  ingress of a link: a tunnel packet of a binding, into the TUN device
 *
 * What is not plain passes untouched (TC_ACT_UNSPEC) and the TUN plane does it: packets that are
 * too big, extension headers, fragments, tunnels in tunnels, ICMPv6 errors, congestion marks that
 * have to be combined, whoever has no binding here.  Everything is decided before the packet is
 * touched. Built against the UAPI headers alone: it loads on kernels without BTF.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "platform/linux/bpf/forward_map.h"

#define INET6_FAMILY	10
#define NEXT_TCP	6
#define NEXT_UDP	17
#define NEXT_IPV6	41
#define NEXT_ICMPV6	58
#define ECHO_REQUEST	128
#define ECHO_REPLY	129
#define OUTER_HOPS	64
#define ECN_MASK	3
#define ECN_ECT1	1
#define ECN_CE		3
#define FLOW_MASK	0xfffff
#define TCP_OFFSET_BYTE 12
#define OFF_COA		__builtin_offsetof(struct fastmap_count, coa)

#define bpf_le32_to_cpu(x)                                                                         \
	__builtin_choose_expr(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, (x), __builtin_bswap32(x))
#define bpf_le64_to_cpu(x)                                                                         \
	__builtin_choose_expr(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, (x), __builtin_bswap64(x))

/* Linux 6.5; the headers of Debian 12 do not have it. */
#define ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct in6_addr);
	__type(value, struct fastmap_binding);
} bindings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct in6_addr);
	__type(value, struct fastmap_mobile);
} mobiles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fastmap_count);
} counts SEC(".maps");

const volatile __u32 tun_ifindex;
const volatile __u32 fib_flags;
const volatile __u32 attended_slot;  /* of counts */
const volatile __u64 flow_secret[2]; /* of the outer flow labels, as the TUN plane's */

struct address {
	__u64 w[2];
};

static __always_inline struct address address_at(const struct in6_addr *a)
{
	struct address r;

	__builtin_memcpy(&r, a, sizeof(r));
	return r;
}

/* No link-local or multicast address, none of ::/64. */
static __always_inline int global(const struct in6_addr *a)
{
	const __u8 *b = a->s6_addr;

	return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80) && address_at(a).w[0] != 0;
}

static __always_inline __u32 traffic_class(const struct ipv6hdr *ip)
{
	return bpf_ntohl(*(const __be32 *)ip) >> 20 & 0xff;
}

/* A packet whose headers are plain; *ret_head: octets of them.  l4 has 8 octets at least. */
static __always_inline int is_plain(const struct ipv6hdr *ip, const void *end, __u32 *ret_head)
{
	const __u8 *l4 = (const __u8 *)(ip + 1);

	if (l4 + 8 > (const __u8 *)end || ip->version != 6 || ip->hop_limit == 0 ||
	    !global(&ip->saddr) || !global(&ip->daddr))
		return 0;
	*ret_head = sizeof(*ip) + 8;
	if (ip->nexthdr == NEXT_UDP)
		return 1;
	if (ip->nexthdr == NEXT_ICMPV6)
		return l4[0] == ECHO_REQUEST || l4[0] == ECHO_REPLY;
	if (ip->nexthdr != NEXT_TCP || l4 + TCP_OFFSET_BYTE + 1 > (const __u8 *)end)
		return 0;
	*ret_head = sizeof(*ip) + (l4[TCP_OFFSET_BYTE] >> 4) * 4;
	return 1;
}

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))
#define SIPROUND                                                                                   \
	do {                                                                                       \
		v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32);                          \
		v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2;                                             \
		v0 += v3, v3 = ROTL(v3, 21), v3 ^= v0;                                             \
		v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32);                          \
	} while (0)
#define SIPWORD(m)                                                                                 \
	do {                                                                                       \
		v3 ^= (m);                                                                         \
		SIPROUND;                                                                          \
		SIPROUND;                                                                          \
		v0 ^= (m);                                                                         \
	} while (0)

/* As tunnel_flow_label(): an ICMPv6 error is believed by the label it quotes. */
static __always_inline __u32 flow_label(const struct ipv6hdr *ip)
{
	__u64 v0 = flow_secret[0] ^ 0x736f6d6570736575ULL,
	      v1 = flow_secret[1] ^ 0x646f72616e646f6dULL;
	__u64 v2 = flow_secret[0] ^ 0x6c7967656e657261ULL,
	      v3 = flow_secret[1] ^ 0x7465646279746573ULL;
	struct address src = address_at(&ip->saddr), dst = address_at(&ip->daddr);
	__u32 label = bpf_ntohl(*(const __be32 *)ip) & FLOW_MASK;
	__u32 ports = label || ip->nexthdr == NEXT_ICMPV6 ? 0 : *(const __u32 *)(ip + 1);

	SIPWORD(bpf_le64_to_cpu(src.w[0]));
	SIPWORD(bpf_le64_to_cpu(src.w[1]));
	SIPWORD(bpf_le64_to_cpu(dst.w[0]));
	SIPWORD(bpf_le64_to_cpu(dst.w[1]));
	SIPWORD((__u64)bpf_le32_to_cpu(ports) << 32 | bpf_le32_to_cpu(bpf_htonl(label)));
	SIPWORD(40ULL << 56);
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	label = (__u32)(v0 ^ v1 ^ v2 ^ v3) & FLOW_MASK;
	return label ? label : 1;
}

static __always_inline void write_outer(struct ipv6hdr *o, const __u64 *src, const __u64 *dst,
					const struct ipv6hdr *ip)
{
	*(__be32 *)o = bpf_htonl(6U << 28 | traffic_class(ip) << 20 | flow_label(ip));
	o->payload_len = bpf_htons(bpf_ntohs(ip->payload_len) + sizeof(*ip));
	o->nexthdr = NEXT_IPV6;
	o->hop_limit = OUTER_HOPS;
	__builtin_memcpy(&o->saddr, src, sizeof(o->saddr));
	__builtin_memcpy(&o->daddr, dst, sizeof(o->daddr));
}

/* The link and the neighbour on the way to the care-of address. */
static __always_inline int find_way(struct __sk_buff *skb, const struct ipv6hdr *outer, __u32 len,
				    struct bpf_fib_lookup *fib)
{
	long err;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = INET6_FAMILY;
	fib->tot_len = len;
	fib->ifindex = tun_ifindex;
	__builtin_memcpy(fib->ipv6_src, &outer->saddr, sizeof(fib->ipv6_src));
	__builtin_memcpy(fib->ipv6_dst, &outer->daddr, sizeof(fib->ipv6_dst));
	err = bpf_fib_lookup(skb, fib, sizeof(*fib), fib_flags);
	return (err == BPF_FIB_LKUP_RET_SUCCESS || err == BPF_FIB_LKUP_RET_NO_NEIGH) &&
	       fib->ifindex != tun_ifindex;
}

static __always_inline void count(__u64 *packets, __u64 *bytes, __u32 len, __u64 now,
				  struct fastmap_count *c)
{
	__sync_fetch_and_add(packets, 1);
	__sync_fetch_and_add(bytes, len);
	c->last = now;
}

/* "live" when the binding's lifetime is not over, and a daemon has been heard of lately (ADR 83):
 * bindings that nobody watches lead astray.  Else 0. */
static __always_inline __u64 lives(const struct fastmap_count *binding, __u64 now)
{
	__u32 slot = attended_slot;
	const struct fastmap_count *c;
	__u64 live;

	if (!binding)
		return 0;
	live = *(const volatile __u64 *)&binding->live; /* once: it may change meanwhile */
	if (now >= live)
		return 0;
	c = bpf_map_lookup_elem(&counts, &slot);
	return c && now < c->last ? live : 0;
}

/*
 * The care-of address in force.  That of the slot was there before its flag: its place is computed
 * from the word with the flag, which no processor can do before it has read that.
 */
static __always_inline struct address care_of(const struct fastmap_binding *b,
					      const struct fastmap_count *c, __u64 live)
{
	struct address r = { { b->coa[0], b->coa[1] } };
	const __u64 *coa;

	if (!(live & FASTMAP_MOVED))
		return r;
	barrier_var(live);
	coa = (const __u64 *)((const __u8 *)c + OFF_COA - 16 + (live & FASTMAP_MOVED) * 16);
	r.w[0] = coa[0];
	r.w[1] = coa[1];
	return r;
}

/* The counters of the slot, and its word, when so long a packet may go into its tunnel. */
static __always_inline struct fastmap_count *open_slot(const struct __sk_buff *skb,
						       const struct ipv6hdr *ip, __u32 slot,
						       __u32 head, __u32 mtu, __u64 now,
						       __u64 *ret_live)
{
	__u32 len = skb->len, one = skb->gso_size ? skb->gso_size + head : len;
	struct fastmap_count *c = bpf_map_lookup_elem(&counts, &slot);

	*ret_live = lives(c, now);
	if (!*ret_live || one > mtu || bpf_ntohs(ip->payload_len) + sizeof(*ip) != len ||
	    len + sizeof(*ip) > 0xffff)
		return NULL;
	return c;
}

/* The outer header, and room for a link-layer header; a TUN device has none.  TC_ACT_OK, or
 * what becomes of the packet instead. */
static __always_inline int wrap(struct __sk_buff *skb, const struct ipv6hdr *outer)
{
	if (bpf_skb_adjust_room(skb, sizeof(*outer), BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))
		return TC_ACT_UNSPEC;
	if (bpf_skb_store_bytes(skb, 0, outer, sizeof(*outer), 0) ||
	    bpf_skb_change_head(skb, ETH_HLEN, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* A host does not forward, so that it has no bpf_fib_lookup(): user space says the way. */
static __always_inline int encap_mobile(struct __sk_buff *skb, const struct ipv6hdr *ip, __u32 head)
{
	const struct fastmap_mobile *m = bpf_map_lookup_elem(&mobiles, &ip->saddr);
	__u32 len = skb->len;
	struct fastmap_count *c;
	struct ipv6hdr outer;
	__u64 now, live;
	int act;

	if (!m)
		return TC_ACT_UNSPEC;
	now = bpf_ktime_get_boot_ns();
	c = open_slot(skb, ip, m->slot, head, m->mtu, now, &live);
	if (!c)
		return TC_ACT_UNSPEC;
	write_outer(&outer, m->coa, m->agent, ip);
	act = wrap(skb, &outer);
	if (act != TC_ACT_OK)
		return act;
	if (bpf_skb_store_bytes(skb, 0, m->frame, ETH_HLEN, 0))
		return TC_ACT_SHOT;
	count(&c->encap, &c->encap_bytes, len, now, c);
	return bpf_redirect(m->ifindex, 0);
}

SEC("tc")
int lke_encap(struct __sk_buff *skb)
{
	const struct ipv6hdr *ip = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;
	struct bpf_redir_neigh nh = { .nh_family = INET6_FAMILY };
	struct fastmap_binding *b;
	struct fastmap_count *c;
	struct bpf_fib_lookup fib;
	struct ipv6hdr outer;
	struct address coa;
	__u32 head, len = skb->len;
	__u64 now, live;
	int act;

	if (skb->protocol != bpf_htons(ETH_P_IPV6) || (const void *)(ip + 1) > end ||
	    !is_plain(ip, end, &head))
		return TC_ACT_UNSPEC;
	b = bpf_map_lookup_elem(&bindings, &ip->daddr);
	if (!b)
		return encap_mobile(skb, ip, head);
	now = bpf_ktime_get_boot_ns();
	c = open_slot(skb, ip, b->slot, head, b->mtu, now, &live);
	if (!c)
		return TC_ACT_UNSPEC;
	coa = care_of(b, c, live);
	write_outer(&outer, b->agent, coa.w, ip);
	if (!find_way(skb, &outer, (skb->gso_size ? skb->gso_size + head : len) + sizeof(outer),
		      &fib))
		return TC_ACT_UNSPEC;
	act = wrap(skb, &outer);
	if (act != TC_ACT_OK)
		return act;
	__builtin_memcpy(nh.ipv6_nh, fib.ipv6_dst, sizeof(nh.ipv6_nh));
	count(&c->encap, &c->encap_bytes, len, now, c);
	return bpf_redirect_neigh(fib.ifindex, &nh, sizeof(nh), 0);
}

/* RFC 6040 4.2: the inner mark stays as it is. */
static __always_inline int same_mark(const struct ipv6hdr *outer, const struct ipv6hdr *ip)
{
	__u32 out = traffic_class(outer) & ECN_MASK, in = traffic_class(ip) & ECN_MASK;

	return out == in || (out != ECN_CE && out != ECN_ECT1);
}

static __always_inline int shrink(struct __sk_buff *skb)
{
	const int off = -(int)sizeof(struct ipv6hdr);

	if (!bpf_skb_adjust_room(skb, off, BPF_ADJ_ROOM_MAC,
				 BPF_F_ADJ_ROOM_FIXED_GSO | ADJ_ROOM_DECAP_L3_IPV6))
		return 1;
	/* Older kernels would leave the marks of a tunnel in a superpacket. */
	return !skb->gso_size &&
	       !bpf_skb_adjust_room(skb, off, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}

SEC("tc")
int lke_decap(struct __sk_buff *skb)
{
	const struct ipv6hdr *outer = (const void *)(long)skb->data + ETH_HLEN, *ip = outer + 1;
	const void *end = (const void *)(long)skb->data_end;
	struct fastmap_binding *b;
	struct fastmap_count *c;
	struct address src, dst, coa;
	__u32 head, slot, len;
	__u64 now, live;

	if (skb->protocol != bpf_htons(ETH_P_IPV6) || skb->pkt_type || skb->vlan_present ||
	    (const void *)(ip + 1) > end || outer->version != 6 || outer->nexthdr != NEXT_IPV6 ||
	    !is_plain(ip, end, &head))
		return TC_ACT_UNSPEC;
	len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (bpf_ntohs(outer->payload_len) != len || skb->len < ETH_HLEN + sizeof(*ip) + len ||
	    !same_mark(outer, ip))
		return TC_ACT_UNSPEC;
	b = bpf_map_lookup_elem(&bindings, &ip->saddr);
	if (!b)
		return TC_ACT_UNSPEC;
	slot = b->slot;
	c = bpf_map_lookup_elem(&counts, &slot);
	now = bpf_ktime_get_boot_ns();
	live = lives(c, now);
	if (!c || !live || (live & FASTMAP_ONE_WAY))
		return TC_ACT_UNSPEC;
	/* AMB-120: the tunnel's ends and the address inside are those of one binding. */
	src = address_at(&outer->saddr);
	dst = address_at(&outer->daddr);
	coa = care_of(b, c, live);
	if (src.w[0] != coa.w[0] || src.w[1] != coa.w[1] || dst.w[0] != b->agent[0] ||
	    dst.w[1] != b->agent[1] || !shrink(skb))
		return TC_ACT_UNSPEC;
	count(&c->decap, &c->decap_bytes, len, now, c);
	return bpf_redirect(tun_ifindex, BPF_F_INGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";

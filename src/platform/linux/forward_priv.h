/* SPDX-License-Identifier: ISC */
/*
 * Inside of the forwarding plane: tables (forward_table.c), the device (forward_tun.c), into the
 * tunnels (forward_encap.c) and out of them (forward_decap.c), errors about them (forward_icmp.c).
 */
#ifndef PLATFORM_FORWARD_PRIV_H
#define PLATFORM_FORWARD_PRIV_H

#include "base/table.h"
#include "base/tbf.h"
#include "platform/linux/forward.h"
#include "platform/linux/offload.h"
#include "platform/linux/reassembly.h"
#include "wire/tunnel.h"

enum {
	FWD_HEADROOM = (TUNNEL_MAX_HEADERS + 1) * TUNNEL_OVERHEAD,
	FWD_PACKET_MAX = 65536,
	FWD_SAME_HOME_MAX = 8, /* tunnels of one home address, by agent */
	FWD_FAST_WANTED = 64,
	FWD_GONE_MAX = 16, /* tunnels of the mobile side that ended lately */
	FWD_TUNNEL_EVENTS = LKE_TUNNEL_UNREACHABLE + 1,
};

/* Addresses of the outer header; the path MTU belongs to them. */
struct fwd_pair {
	struct table_node node;
	struct {
		struct lke_in6 agent, coa;
		uint8_t mobile_side;
	} key;
	uint32_t refs;
	uint32_t mtu; /* as an ICMPv6 error said; 0: none did */
	lke_time mtu_until;
};

struct fwd_tunnel {
	struct table_node node; /* in the table only while newest of its home address */
	struct {
		struct lke_in6 home;
		uint8_t mobile_side;
	} key;
	struct fwd_tunnel *older; /* the same home address, set earlier */
	struct lke_act_tunnel t;  /* credit: allowance of this care-of address */
	uint64_t spent;		  /* of it; a new allowance does not give it back (AMB-112) */
	struct fwd_pair *pair;
	struct lke_in6 prev_coa; /* mobile side: packets under way to it are still taken */
	lke_time prev_until;
	bool used; /* FIRST was reported */
	uint64_t encap, encap_bytes, decap, decap_bytes;
	lke_time last;		 /* packet, either way */
	bool fast;		 /* the fast path was given it; forward_fast.c */
	bool taken, live;	 /* it is in the map; packets go there */
	bool moved;		 /* the map does not have its care-of address yet, the slot has */
	bool one_way;		 /* live into the tunnel alone */
	uint32_t slot, fast_mtu; /* there */
	struct fastmap_count fast_base;
	lke_time fast_after;
	uint64_t reverse, reverse_told; /* octets since the care-of address was set */
	lke_time told_at;
};

struct fwd_addr {
	struct table_node node;
	struct lke_in6 addr;
};

struct fwd_direct {
	struct lke_in6 src;
	uint32_t ifindex;
	struct lke_lladdr nexthop;
};

/* A tunnel of the mobile side that ended: packets under way in it are still taken. */
struct fwd_gone {
	struct lke_in6 home, agent, coa;
	lke_time until;
};

struct fwd_link {
	uint32_t ifindex, mtu;
};

/* Segments of one TCP flow on their way to the TUN (forward_join.c). */
struct fwd_join {
	unsigned count; /* 0: none */
	size_t len, head;
	uint16_t size; /* payload of the first */
	uint32_t next; /* sequence number of the one that can follow */
	struct offload o;
	uint8_t pkt[FWD_PACKET_MAX];
};

/* Tunnels of the fast path (forward_fast.c). */
struct fwd_fast {
	uint32_t *slot; /* ring of those that are free; NULL: no fast path */
	uint32_t first, free, bindings;
	uint64_t refused;
	struct {
		struct lke_in6 home;
		bool mobile_side;
	} want[FWD_FAST_WANTED]; /* go there when the TUN is empty */
	unsigned wanted;
	lke_time since, latest; /* the first and the last of them */
	unsigned tries;		/* since the first */
	uint32_t mobiles;	/* of bindings: of the mobile side */
	lke_time mobile_after;	/* not before */
};

/* Bindings of the fast path that a daemon before this one left (forward_adopt.c). */
struct fwd_adopt {
	struct fast_binding *all; /* sorted by home; remove: dealt with */
	size_t n, left;
	unsigned taken;
};

struct fwd {
	struct fwd_conf conf;
	struct fwd_adopt adopt;
	bool batch; /* more packets of a link follow at once */
	struct fwd_join join;
	struct fwd_fast fast;
	bool hold;
	struct table homes, pairs, ends;
	struct table queues; /* forward_buffer.c */
	size_t tunnels, directs, links;
	struct fwd_direct direct[FWD_DIRECT_MAX];
	struct fwd_link link[FWD_LINKS_MAX];
	struct fwd_gone gone[FWD_GONE_MAX]; /* ring; the oldest gives way */
	unsigned gone_next;
	uint64_t secret[2], frag_next; /* of fragment identifications and flow labels */
	struct reassembly *reassembly; /* NULL until the first fragment came */
	/* Of the packet in hand, in buf: where its checksum begins, NULL when that is computed. */
	uint8_t *partial;
	uint16_t partial_offset;
	struct segments segments;
	struct fwd_counters count;
	struct tbf limit[FWD_TUNNEL_EVENTS];
	struct tbf icmp_limit, refusals;
	struct lke_event event[FWD_EVENTS_MAX];
	size_t event_head, events;
	uint8_t buf[FWD_HEADROOM + FWD_PACKET_MAX];  /* what was read; its later segments too */
	uint8_t kept[FWD_HEADROOM + FWD_PACKET_MAX]; /* a packet that waited, on its way out */
	uint8_t out[IP6_MIN_MTU > 1500 ? IP6_MIN_MTU
				       : FWD_PACKET_MAX]; /* ICMPv6 errors, fragments */
};

struct fwd_tunnel *fwd_find(const struct fwd *f, bool mobile_side, const struct lke_in6 *home);
struct fwd_tunnel *fwd_find_agent(const struct fwd *f, bool mobile_side, const struct lke_in6 *home,
				  const struct lke_in6 *agent);
struct fwd_pair *fwd_find_pair(const struct fwd *f, bool mobile_side, const struct lke_in6 *agent,
			       const struct lke_in6 *coa);
/* A tunnel between these ended lately on the mobile side. */
bool fwd_is_gone(const struct fwd *f, const struct lke_in6 *home, const struct lke_in6 outer[2],
		 lke_time now);
bool fwd_is_end(const struct fwd *f, const struct lke_in6 *addr);
const struct fwd_direct *fwd_find_direct(const struct fwd *f, const struct lke_in6 *src);
uint32_t fwd_link_mtu(const struct fwd *f, uint32_t ifindex); /* UINT32_MAX: unknown */
uint32_t fwd_pair_mtu(const struct fwd *f, const struct fwd_pair *p, lke_time now);

int fwd_fast_init(struct fwd *f);
void fwd_fast_free(struct fwd *f);
void fwd_fast_return_slot(struct fwd *f, uint32_t slot);
/* A packet went through this tunnel: it may go to the fast path at the next flush. */
void fwd_fast_want(struct fwd *f, struct fwd_tunnel *t, lke_time now);
void fwd_fast_flush(struct fwd *f, lke_time now);
/* Back from it, with its counters.  t may be NULL. */
void fwd_fast_off(struct fwd *f, struct fwd_tunnel *t);
/* Its way stays and its lifetime may be another: the map has that, too.  t may be NULL. */
void fwd_fast_renewed(struct fwd *f, struct fwd_tunnel *t);
/* It has another care-of address, and may keep its place there; else the caller takes it back. */
bool fwd_fast_may_move(const struct fwd *f, const struct fwd_tunnel *t,
		       const struct lke_act_tunnel *act);
bool fwd_fast_move(struct fwd *f, struct fwd_tunnel *t, lke_time now);
void fwd_fast_off_home(struct fwd *f, const struct lke_in6 *home);
/* All of the mobile side. */
void fwd_fast_off_mobiles(struct fwd *f);
/* The same, and not again at once. */
void fwd_fast_settle_mobiles(struct fwd *f, lke_time now);
/* Back, if it is there, and not again at once. */
void fwd_fast_settle(struct fwd *f, const struct lke_in6 *home, lke_time now);
void fwd_fast_add(const struct fwd *f, const struct fwd_tunnel *t, struct fwd_tunnel_info *i);
void fwd_fast_count(const struct fwd *f, struct fwd_counters *c);

int fwd_adopt_init(struct fwd *f, const struct fast_binding *b, size_t n);
void fwd_adopt_free(struct fwd *f);
/* A tunnel of this home address was set or removed. */
void fwd_adopt(struct fwd *f, const struct lke_in6 *home);

int fwd_buffer_init(struct fwd *f);
/* Packets for the address wait, or would. */
bool fwd_buffer_has(const struct fwd *f, const struct lke_in6 *addr);
void fwd_buffer_free(struct fwd *f);
/* True: the packet waits, or went another way than its tunnel. */
bool fwd_buffer_takes(struct fwd *f, const struct lke_in6 *dst, uint8_t *p, size_t len,
		      lke_time now);
/* True: the packet waits for the credit of its tunnel, or was dropped and counted. */
bool fwd_buffer_wait(struct fwd *f, const struct fwd_tunnel *t, const uint8_t *p, size_t len);
/* A tunnel to an agent's home address was set, or is gone. */
void fwd_buffer_tunnel_set(struct fwd *f, const struct lke_in6 *home, lke_time now);
void fwd_buffer_tunnel_gone(struct fwd *f, const struct lke_in6 *home);

/* Agent side: may so many octets go through now? */
bool fwd_has_credit(const struct fwd_tunnel *t, size_t len);
/* One packet of at most FWD_PACKET_MAX octets into an agent's tunnel.  0 or -enum lke_drop. */
int fwd_to_mobile(struct fwd *f, struct fwd_tunnel *t, const uint8_t *p, size_t len, lke_time now);

/* Addresses of the event; inner may be NULL. */
void fwd_raise(struct fwd *f, enum lke_tunnel_event what, const struct lke_in6 outer[2],
	       const struct lke_in6 inner[2], lke_time now);
void fwd_raise_volume(struct fwd *f, struct fwd_tunnel *t, lke_time now);

static inline int fwd_drop(struct fwd *f, enum lke_drop why)
{
	f->count.drop[why]++;
	return -(int)why;
}

/* Source and destination of an IPv6 header. */
static inline void fwd_addresses(const uint8_t *pkt, struct lke_in6 ret[2])
{
	struct rd r = rd_init(pkt, IP6_HDR_LEN);

	rd_skip(&r, 8);
	rd_in6(&r, &ret[0]);
	rd_in6(&r, &ret[1]);
}

/* Computes the checksum of the packet in hand.  Whoever keeps a packet or cuts it into fragments
 * calls this first. */
void fwd_complete(struct fwd *f, uint8_t *p, size_t len);
/* The packet in hand goes to the TUN.  0 or -errno. */
int fwd_write_tun_partial(struct fwd *f, const uint8_t *pkt, size_t len);
/* A packet of any offload goes to the TUN, in segments when the TUN cannot take it.  0 or -errno.
 */
int fwd_write_tun_offload(struct fwd *f, uint8_t *pkt, size_t len, const struct offload *o);

/* The same; while a batch lasts, what may become a superpacket is kept back. */
int fwd_write_tun_joined(struct fwd *f, uint8_t *pkt, size_t len, const struct offload *o);
/* What was kept back goes.  0 or -errno. */
int fwd_join_flush(struct fwd *f);

/* A packet from the TUN; p has FWD_HEADROOM before it.  0 or -enum lke_drop. */
int fwd_forward(struct fwd *f, uint8_t *p, size_t len, lke_time now);

/* Raises LKE_TUNNEL_FIRST once for a care-of address. */
void fwd_first_packet(struct fwd *f, struct fwd_tunnel *t, const struct lke_in6 outer[2],
		      const struct lke_in6 inner[2], lke_time now);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * What the files of core/ share: the engine, interfaces, services for actions, notes, timers and
 * randomness, and the entry points of each module that engine.c dispatches to.
 */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

#include "base/in6.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/tbf.h"
#include "base/timerq.h"
#include "core/params.h"
#include "core/seqno.h"
#include "crypto/crypto.h"
#include "lke/engine.h"
#include "wire/esp.h"
#include "wire/lke_message.h"
#include "wire/mh.h"
#include "wire/nd.h"

#define PACKET_MAX 2048 /* largest packet the engine builds */

/* High byte of timer kinds and of cookies: which module they belong to. */
enum module {
	MODULE_ENGINE = 0,
	MODULE_AR = 1,
	MODULE_MN = 2,
	MODULE_HA = 3,
	MODULE_BINDING = 4,
};
#define TIMER_KIND(module, n) ((uint16_t)((module) << 8 | (n)))
#define TIMER_MODULE(kind)    ((enum module)((kind) >> 8))
#define COOKIE(module, id)    ((uint64_t)(module) << 56 | ((uint64_t)(id) & ((UINT64_C(1) << 56) - 1)))
#define COOKIE_MODULE(c)      ((enum module)((c) >> 56))
#define COOKIE_ID(c)	      ((c) & ((UINT64_C(1) << 56) - 1))

#define IFACE_ADDRS 32
struct iface_addr {
	struct lke_in6 addr;
	uint8_t plen;
	bool tentative, advertised;
	lke_time valid_until, preferred_until; /* LKE_NEVER: without end */
};

/* An interface that the world told us about. */
struct iface {
	uint32_t ifindex;
	char name[LKE_IFNAME_MAX];
	struct lke_lladdr lladdr;
	uint32_t mtu;
	bool up, no_carrier, no_dad;
	uint32_t carrier_changes;
	struct iface_addr addr[IFACE_ADDRS];
	unsigned addrs;
	struct ar_link *ar; /* role state, NULL without the role */
	struct mn_link *mn;
	struct ha_link *ha;
};

/* A received packet on its way through the engine. */
struct pkt {
	struct iface *ifc;
	struct lke_lladdr src_ll;
	struct ip6_info ip;
};

struct actionq;	      /* actionq.c */
struct access_router; /* access_router.h */
struct mobile_node;   /* mobile_node.h */
struct home_agent;    /* home_agent.h */
struct binding_cache; /* binding.h */
struct refs;	      /* refs.c: reference-counted groups and steering entries */

struct lke_engine {
	struct lke_config cfg; /* ha.mobile is NULL: the policy table has its own copies */
	lke_time now;
	lke_time answers; /* the next packet answers a message that came then; 0: none */
	struct drbg rng;
	struct timerq timers;
	struct actionq *actions;
	struct refs *refs;
	struct iface *iface[LKE_MAX_IFACES * 2];
	unsigned ifaces;
	struct access_router *ar; /* NULL without the role */
	struct mobile_node *mn;
	struct home_agent *ha;
	struct binding_cache *bindings;
	uint64_t stat[LKE_STAT_COUNT];
	uint64_t drops[LKE_DROP_COUNT];
	struct tbf note_limit[LKE_DROP_COUNT]; /* notes of drops, by reason */
	bool stopped;
};

/* A command's result: the role answers with command_reply() when it knows. */
#define COMMAND_LATER 1

static inline bool draft01(const struct lke_engine *e)
{
	return e->cfg.profile == LKE_PROFILE_DRAFT01;
}

/* --- engine.c, reload.c --- */

/* Counts within their bounds; what goes together is the caller's. */
bool engine_config_ok(const struct lke_config *cfg);
int engine_reload(struct lke_engine *e, const struct lke_ev_config *ev);

/* --- services.c, actionq.c, refs.c --- */

void services_init(struct lke_engine *e);
int actionq_new(struct lke_engine *e);
void actionq_free(struct lke_engine *e);
int refs_new(struct lke_engine *e);
void refs_free(struct lke_engine *e);
/* Queues the leave or removal of everything still held (engine stop). */
void refs_release_all(struct lke_engine *e);

/* Appends a zeroed action, or returns NULL (out of memory or queue full; counted). */
struct lke_action *act_new(struct lke_engine *e, enum lke_action_type type);
/* Gives the action a copy of the octets; false if that failed (the action is then dropped from the
 * queue). Call it last, right after act_new().  For SEND, DECRYPT, ENCRYPT. */
bool act_data(struct lke_engine *e, struct lke_action *a, const void *p, size_t n);

/*
 * Queues a packet and a note of it.  dst NULL: derived from a multicast destination, or (ifindex 0)
 * the host's own forwarding.
 */
void send_packet(struct lke_engine *e, enum lke_role role, enum lke_msg msg, uint32_t ifindex,
		 const struct lke_lladdr *dst, const uint8_t *data, size_t len);

/* The same for a message whose fields are hidden in ESP: they are given for the note. */
void send_packet_full(struct lke_engine *e, enum lke_role role, enum lke_msg msg, uint32_t ifindex,
		      const struct lke_lladdr *dst, const uint8_t *data, size_t len,
		      const struct lke_in6 *addr, uint8_t status, uint16_t seq, uint32_t lifetime);

/* Prepares a note action with type and role set; NULL only when out of memory, so check. */
struct lke_note *note_new(struct lke_engine *e, enum lke_note_type type, enum lke_role role);
void note_text(struct lke_note *n, const char *text);
/* Notes a received message with its verdict (reason NONE: accepted) and counts the drop.  Returns
 * -(int)reason. Peer-triggered notes of drops are limited to 10 a second and reason; the counter
 * counts all. */
int note_in(struct lke_engine *e, enum lke_role role, enum lke_msg msg, const struct pkt *p,
	    enum lke_drop reason);
/* Same with the protocol fields that `lke monitor` shows. */
int note_in_full(struct lke_engine *e, enum lke_role role, enum lke_msg msg, const struct pkt *p,
		 enum lke_drop reason, const struct lke_in6 *addr, uint8_t status, uint16_t seq,
		 uint32_t lifetime);
/* LKE_ACT_REPLY to an operator's command. */
void command_reply(struct lke_engine *e, uint64_t cookie, int err);
void alarm_note(struct lke_engine *e, enum lke_role role, const struct lke_in6 *addr,
		const char *text);
static inline int drop(struct lke_engine *e, enum lke_drop reason)
{
	e->drops[reason]++;
	return -(int)reason;
}
static inline void count(struct lke_engine *e, enum lke_stat s)
{
	e->stat[s]++;
}

/* Randomness of the engine.  rnd_bytes() false: the generator failed; fail closed (AMB-136). */
bool rnd_bytes(struct lke_engine *e, void *buf, size_t n) __attribute__((warn_unused_result));
uint32_t rnd_u32(struct lke_engine *e);
/* base +- percent. */
lke_time rnd_jitter(struct lke_engine *e, lke_time base, unsigned percent);
lke_time rnd_below(struct lke_engine *e, lke_time limit); /* [0, limit) */

/* Until the next unsolicited Router Advertisement, RFC 4861 6.2.4; counts the initial ones down. */
lke_time ra_interval(struct lke_engine *e, uint32_t min_ms, uint32_t max_ms,
		     unsigned *initial_left);

static inline void arm(struct lke_engine *e, struct timer *t, lke_time at)
{
	if (timerq_arm(&e->timers, t, at) < 0)
		e->stat[LKE_STAT_ACTIONS_LOST]++;
}

/* iface.c: keep the table of interfaces; NULL when it is full or the interface is unknown. */
struct iface *iface_update(struct lke_engine *e, const struct lke_ev_link *l);
/* Whether it is one of those that the system made of advertisements; still false: no longer. */
bool iface_keeps(struct iface *i, const struct lke_in6 *addr, bool still);
struct iface *iface_address(struct lke_engine *e, const struct lke_ev_addr *a);
void iface_remove(struct lke_engine *e, struct iface *i);
struct iface *iface_by_index(const struct lke_engine *e, uint32_t ifindex);
struct iface *iface_by_name(struct lke_engine *e, const char *name);
/* The first non-tentative link-local address, or NULL. */
const struct lke_in6 *iface_ll(const struct iface *i);
/* Is a an address of this host on any interface?  The interface, or NULL. */
struct iface *iface_of_addr(struct lke_engine *e, const struct lke_in6 *a);
bool iface_has_addr(const struct iface *i, const struct lke_in6 *a);
bool iface_usable_addr(const struct iface *i, const struct lke_in6 *a); /* not tentative */
/* The interface's first usable global address inside the first len bits of a, or NULL. */
const struct lke_in6 *iface_addr_in_prefix(const struct iface *i, const struct lke_in6 *a,
					   unsigned len);

/* Reference-counted: the action is queued for the first get and the last put only. */
void group_join(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *group);
void group_leave(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *group);
void steer_add(struct lke_engine *e, enum lke_steer set, const struct lke_in6 *addr, uint32_t spi);
void steer_del(struct lke_engine *e, enum lke_steer set, const struct lke_in6 *addr, uint32_t spi);

/* MACs over wire/lke_message.h inputs with a Kbm.  0 or LKE_ERR_CRYPTO. */
int mac_sha1(const struct secret16 *kbm, const struct lke_mac_input *in, uint8_t ret[SHA1_LEN]);

/* --- Module entry points called by engine.c.  *_new: 0 or an API error.  Packet functions: 0 or
 * -enum lke_drop; they count the drop themselves (drop() or note_in()). --- */

int ar_new(struct lke_engine *e);
void ar_free(struct lke_engine *e);
void ar_stop(struct lke_engine *e);
void ar_link_changed(struct lke_engine *e, struct iface *i); /* name, up, address, lladdr, mtu */
void ar_link_removed(struct lke_engine *e, struct iface *i);
int ar_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* A Router Advertisement that another daemon of this host sent. */
int ar_outgoing_ra(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/* MH 5, 8, 10 whose destination is ours; MH already checked. */
int ar_mh_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
void ar_timer(struct lke_engine *e, struct timer *t);
void ar_result(struct lke_engine *e, const struct lke_ev_result *r);
int ar_restore_record(struct lke_engine *e, const struct lke_ev_record *r);
int ar_state_next(const struct lke_engine *e, struct lke_record_cursor *c,
		  uint8_t buf[LKE_RECORD_MAX]);
int ar_rsa_key(struct lke_engine *e, const struct lke_ev_rsa_key *k);
void ar_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t);
void ar_mobile_volume(struct lke_engine *e, const struct lke_ev_mobile *m);
void ar_neigh_unreachable(struct lke_engine *e, const struct lke_ev_neigh *n);
void ar_ipsec(struct lke_engine *e, const struct lke_ev_ipsec *s);
int ar_command(struct lke_engine *e, const struct lke_ev_command *c); /* LKE_ERR_NOENT: not mine */
size_t ar_count_cached_na(const struct lke_engine *e);
void ar_count_lbsas(const struct lke_engine *e, size_t ret[LKE_LBSA_STATE_COUNT]);
bool ar_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret);
const struct secret16 *ar_lbsa_key(const struct lke_engine *e, size_t at);

int mn_new(struct lke_engine *e);
void mn_free(struct lke_engine *e);
void mn_stop(struct lke_engine *e);
void mn_link_changed(struct lke_engine *e, struct iface *i);
void mn_link_removed(struct lke_engine *e, struct iface *i);
int mn_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
int mn_mh_input(struct lke_engine *e, const struct pkt *p,
		const struct mh_view *v); /* MH 0, 6, 7, 9 */
int mn_esp_input(struct lke_engine *e, const struct pkt *p);
int mn_icmp_input(struct lke_engine *e, const struct pkt *p);	   /* ICMPv6 errors, types 1..4 */
int mn_discovery_input(struct lke_engine *e, const struct pkt *p); /* ICMPv6 type 145 */
void mn_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t);
void mn_timer(struct lke_engine *e, struct timer *t);
void mn_resume(struct lke_engine *e); /* the host was suspended: every router may be another one */
void mn_result(struct lke_engine *e, const struct lke_ev_result *r);
void mn_sequence_restore(struct lke_engine *e, const struct lke_ev_floor *f);
int mn_command(struct lke_engine *e, const struct lke_ev_command *c);
bool mn_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret);
const struct secret16 *mn_lbsa_key(const struct lke_engine *e, size_t at);
bool mn_next_binding(const struct lke_engine *e, size_t *cursor, struct lke_binding_view *ret);
bool mn_next_router(const struct lke_engine *e, size_t *cursor, struct lke_router_view *ret);

int ha_new(struct lke_engine *e, const struct lke_config_mobile *mobile, unsigned n);
void ha_free(struct lke_engine *e);
void ha_stop(struct lke_engine *e);
void ha_link_changed(struct lke_engine *e, struct iface *i);
void ha_link_removed(struct lke_engine *e, struct iface *i);
int ha_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
int ha_icmp_input(struct lke_engine *e, const struct pkt *p); /* ICMPv6 144 and 146 without ESP */
int ha_esp_input(struct lke_engine *e, const struct pkt *p);
/* MH without ESP that no LBSA claimed: HoTI, unknown types, BU without protection. */
int ha_mh_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v);
/*
 * ICMPv6 Parameter Problem about a Mobility Header that is whole and has another Payload Proto or
 * is too short for its type (RFC 6275 9.2).  Within the limits of Binding Errors.
 */
void ha_send_parameter_problem(struct lke_engine *e, const struct pkt *p);
/* Any other packet to us with a Home Address option: RFC 6275 9.3.1. */
int ha_hao_input(struct lke_engine *e, const struct pkt *p);
void ha_timer(struct lke_engine *e, struct timer *t);
void ha_result(struct lke_engine *e, const struct lke_ev_result *r);
void ha_floor(struct lke_engine *e, const struct lke_ev_floor *f);
void ha_restore(struct lke_engine *e, const struct lke_ev_binding *b);
int ha_keying(struct lke_engine *e, const struct lke_ev_keying *k);
void ha_mobile_volume(struct lke_engine *e, const struct lke_ev_mobile *v);
int ha_tunnel_input(struct lke_engine *e, const struct pkt *p); /* protocol 41 to us */
void ha_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t);
int ha_command(struct lke_engine *e, const struct lke_ev_command *c);
bool ha_next_agent(const struct lke_engine *e, size_t *cursor, struct lke_agent_view *ret);
bool ha_next_mobile(const struct lke_engine *e, size_t *cursor, struct lke_mobile_view *ret);

/* Is this home address served here by policy?  Then LKE refuses it as a care-of address (AMB-162).
 */
bool ha_serves(const struct lke_engine *e, const struct lke_in6 *home);

#endif

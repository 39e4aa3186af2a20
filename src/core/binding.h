/* SPDX-License-Identifier: ISC */
/*
 * Binding cache of an access router and a home agent (RFC 6275 9.1), and what both do for a bound
 * address: interception, tunnel, proxy Neighbor Discovery (RFC 6275 10.4).  One binding for one
 * home address; the kind of authorisation that made it is the only one that may change it
 * (AMB-118).
 *
 * binding.c keeps the cache and its lifetimes, agent.c the proxy ND and the forwarding actions.
 */
#ifndef CORE_BINDING_H
#define CORE_BINDING_H

#include "core/internal.h"

enum binding_kind {
	BINDING_BY_LBSA, /* access router: MODULE_AR */
	BINDING_BY_ESP,	 /* home agent: MODULE_HA */
};

enum binding_timer_kind {
	BINDING_TIMER_EXPIRY = TIMER_KIND(MODULE_BINDING, 1),
	BINDING_TIMER_PROXY = TIMER_KIND(MODULE_BINDING, 2),
};

struct binding {
	struct table_node node;
	struct lke_in6 home;  /* key; at an access router the previous care-of address */
	struct lke_in6 agent; /* our address that the mobile node sends to */
	struct lke_in6 coa;
	uint32_t ifindex; /* link of the home address: proxy ND happens there */
	enum binding_kind kind;
	enum lke_binding_state state;
	uint16_t seq;
	lke_time expires;
	uint64_t credit;     /* UINT64_MAX: proved */
	struct timer expiry; /* MODULE_BINDING */
	struct timer proxy;  /* MODULE_BINDING: repeats the unsolicited NA */
	unsigned proxy_left;
	lke_time answered; /* last NA to all nodes in answer to a DAD solicitation */
	struct timer role; /* for the role machine: Finished, refresh; armed and dispatched by it */
	void *owner;	   /* the role's object: LBSA or policy entry */
};

int binding_cache_new(struct lke_engine *e);
void binding_cache_free(struct lke_engine *e);

struct binding *binding_find(const struct lke_engine *e, const struct lke_in6 *home);
bool binding_view(const struct lke_engine *e, const struct lke_in6 *home,
		  struct lke_binding_view *ret); /* false: none */
/*
 * Makes a binding: joins the solicited-node group, steers ND and tunnel packets, intercepts the
 * address, sets the tunnel and multicasts unsolicited NAs.  Emits BINDING.  state must be
 * UNVERIFIED, OK or SUSPENDED. 0, LKE_ERR_EXIST, LKE_ERR_FULL or LKE_ERR_NOMEM.  role_timer_kind
 * prepares b->role.
 */
int binding_add(struct lke_engine *e, const struct binding *tmpl, uint16_t role_timer_kind,
		struct binding **ret);
/* Changes care-of address, state, credit and expiry at once; one TUNNEL action.  Emits BINDING or,
 * in state SUSPENDED, BINDING_SUSPENDED; set b->seq before. */
void binding_update(struct lke_engine *e, struct binding *b, const struct lke_in6 *coa,
		    enum lke_binding_state state, uint64_t credit, lke_time expires);
/* Only the credit has grown: one TUNNEL action, no note (the forwarding plane reports volumes
 * often). */
void binding_set_credit(struct lke_engine *e, struct binding *b, uint64_t credit);
/* Undoes binding_add() and frees b.  Emits BINDING_GONE with text. */
void binding_remove(struct lke_engine *e, struct binding *b, const char *text);
/* All bindings of one kind (engine stop). */
void binding_remove_all(struct lke_engine *e, enum binding_kind kind, const char *text);

void binding_timer(struct lke_engine *e, struct timer *t);
/* How many there are, and may be. */
void binding_usage(const struct lke_engine *e, uint64_t *ret_used, uint64_t *ret_limit);
bool binding_next(const struct lke_engine *e, size_t *cursor, struct lke_binding_view *ret);

/* Called by binding.c right before an expired binding is removed. */
void ar_binding_expired(struct lke_engine *e, struct binding *b);
void ha_binding_expired(struct lke_engine *e, struct binding *b);
/* Called by binding.c for bindings by ESP: the home address was just advertised; the binding has
 * ended, for whatever reason. */
void ha_binding_announced(struct lke_engine *e, const struct binding *b);
void ha_binding_gone(struct lke_engine *e, const struct binding *b);
/* Called by binding.c when a home registration was made or changed, and right before it goes. */
void ha_binding_changed(struct lke_engine *e, const struct binding *b, bool gone);

/*
 * agent.c: Neighbor Solicitations for a bound address on its link (AMB-092): S=1 O=1 R=0 unicast to
 * a solicitor with an address, S=0 O=1 to ff02::1 for DAD; source the link-local of the interface,
 * TLLA ours. Returns true if the NS was for a bound address (then nothing else answers it).
 */
bool agent_ns_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m);
/*
 * The answer alone, for a solicitation of an address that we defend.  answered: when DAD for it was
 * answered last, 0 for never; kept here.  True if DAD was answered.
 */
bool agent_answer(struct lke_engine *e, enum lke_role role, const struct pkt *p,
		  const struct nd_msg *m, lke_time *answered);
/* Multicasts one NA with our link-layer address; override as given. */
void agent_send_na(struct lke_engine *e, enum lke_role role, uint32_t ifindex,
		   const struct lke_in6 *target, bool override);
/* May coa be a care-of address at all?  Global unicast, not ours, not another bound home address
 * (no loops), THREATS 64.  home is the address it would be bound to. */
bool agent_coa_acceptable(struct lke_engine *e, const struct lke_in6 *home,
			  const struct lke_in6 *coa);

#endif

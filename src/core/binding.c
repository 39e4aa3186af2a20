/* SPDX-License-Identifier: ISC */
/*
 * The binding cache and the lifetimes of its entries (RFC 6275 9.1, 10.3), and the forwarding state
 * of each entry: the tunnel stands before the first packet is drawn to it, and packets stop being
 * drawn before the tunnel goes.
 */
#include "core/binding.h"

#include <assert.h>

struct binding_cache {
	struct table table;
};

static enum lke_role role_of(const struct binding *b)
{
	return b->kind == BINDING_BY_LBSA ? LKE_ROLE_AR : LKE_ROLE_HA;
}

int binding_cache_new(struct lke_engine *e)
{
	uint8_t secret[16];
	int err;

	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	e->bindings = mem_zalloc(sizeof(*e->bindings));
	if (!e->bindings)
		return LKE_ERR_NOMEM;
	err = TABLE_INIT(&e->bindings->table, struct binding, node, home,
			 AR_MAX_LBSA + HA_MAX_MOBILES, secret);
	mem_wipe(secret, sizeof(secret));
	if (err < 0) {
		mem_free(e->bindings);
		e->bindings = NULL;
	}
	return err;
}

void binding_usage(const struct lke_engine *e, uint64_t *ret_used, uint64_t *ret_limit)
{
	*ret_used = e->bindings->table.n;
	*ret_limit = e->bindings->table.max;
}

static void forget(struct lke_engine *e, struct binding *b)
{
	timerq_disarm(&e->timers, &b->expiry);
	timerq_disarm(&e->timers, &b->proxy);
	timerq_disarm(&e->timers, &b->role);
	table_del(&e->bindings->table, &b->node);
	mem_free(b);
}

static struct binding *first(const struct lke_engine *e)
{
	size_t cursor = 0;

	return TABLE_ENTRY(table_next(&e->bindings->table, &cursor, NULL), struct binding, node);
}

void binding_cache_free(struct lke_engine *e)
{
	struct binding *b;

	if (!e->bindings)
		return;
	while ((b = first(e)))
		forget(e, b);
	table_done(&e->bindings->table);
	mem_free(e->bindings);
	e->bindings = NULL;
}

struct binding *binding_find(const struct lke_engine *e, const struct lke_in6 *home)
{
	if (!e->bindings)
		return NULL;
	return TABLE_ENTRY(table_find(&e->bindings->table, home), struct binding, node);
}

static void act_tunnel(struct lke_engine *e, const struct binding *b, bool remove)
{
	struct lke_action *a = act_new(e, LKE_ACT_TUNNEL);

	if (!a)
		return;
	a->tunnel.remove = remove;
	a->tunnel.suspended = b->state == LKE_BINDING_SUSPENDED;
	a->tunnel.home = b->home;
	a->tunnel.agent = b->agent;
	a->tunnel.coa = b->coa;
	a->tunnel.credit = b->credit;
	a->tunnel.until = b->expires;
}

static void act_intercept(struct lke_engine *e, const struct binding *b, bool remove)
{
	struct lke_action *a = act_new(e, LKE_ACT_INTERCEPT);

	if (!a)
		return;
	a->intercept.addr = b->home;
	a->intercept.remove = remove;
}

static void note_state(struct lke_engine *e, const struct binding *b)
{
	bool suspended = b->state == LKE_BINDING_SUSPENDED;
	struct lke_note *n =
		note_new(e, suspended ? LKE_NOTE_BINDING_SUSPENDED : LKE_NOTE_BINDING, role_of(b));

	if (!n)
		return;
	n->ifindex = b->ifindex;
	n->addr = b->home;
	n->peer = b->coa;
	n->seq = b->seq;
	if (b->expires != LKE_NEVER && b->expires > e->now)
		n->lifetime = (uint32_t)((b->expires - e->now) / LKE_SEC);
	n->value = b->credit == UINT64_MAX;
}

/* RFC 6275 10.4.1: up to MAX_NEIGHBOR_ADVERTISEMENT times, since a multicast may be lost. */
static void announce(struct lke_engine *e, struct binding *b)
{
	agent_send_na(e, role_of(b), b->ifindex, &b->home, true);
	if (b->kind == BINDING_BY_ESP)
		ha_binding_announced(e, b);
	if (--b->proxy_left > 0)
		arm(e, &b->proxy, e->now + RETRANS_TIMER);
}

static void attract(struct lke_engine *e, struct binding *b)
{
	struct lke_in6 group = in6_solicited_node(&b->home);

	act_tunnel(e, b, false);
	act_intercept(e, b, false);
	steer_add(e, LKE_STEER_PROXIED, &b->home, 0);
	steer_add(e, LKE_STEER_MINE, &b->agent, 0);
	group_join(e, b->ifindex, &group);
	b->proxy_left = MAX_NEIGHBOR_ADVERTISEMENT;
	announce(e, b);
}

static void release(struct lke_engine *e, const struct binding *b)
{
	struct lke_in6 group = in6_solicited_node(&b->home);

	/* The route first: until it is gone, packets for the returned node are drawn to us.  Where
	 * those go has been said by an LKE_ACT_BUFFER, else they are handed back
	 * (LKE_ACT_INTERCEPT). */
	act_intercept(e, b, true);
	act_tunnel(e, b, true);
	group_leave(e, b->ifindex, &group);
	steer_del(e, LKE_STEER_MINE, &b->agent, 0);
	steer_del(e, LKE_STEER_PROXIED, &b->home, 0);
}

static void tell(struct lke_engine *e, const struct binding *b, bool gone)
{
	if (b->kind == BINDING_BY_ESP)
		ha_binding_changed(e, b, gone);
}

int binding_add(struct lke_engine *e, const struct binding *tmpl, uint16_t role_timer_kind,
		struct binding **ret)
{
	struct binding *b;
	int err;

	assert(tmpl->state != LKE_BINDING_PENDING);
	b = mem_zalloc(sizeof(*b));
	if (!b)
		return LKE_ERR_NOMEM;
	*b = *tmpl;
	timer_init(&b->expiry, BINDING_TIMER_EXPIRY, b);
	timer_init(&b->proxy, BINDING_TIMER_PROXY, b);
	timer_init(&b->role, role_timer_kind, b);
	err = table_add(&e->bindings->table, &b->node);
	if (err < 0) {
		mem_free(b);
		return err;
	}
	arm(e, &b->expiry, b->expires);
	attract(e, b);
	note_state(e, b);
	tell(e, b, false);
	*ret = b;
	return 0;
}

void binding_update(struct lke_engine *e, struct binding *b, const struct lke_in6 *coa,
		    enum lke_binding_state state, uint64_t credit, lke_time expires)
{
	assert(state != LKE_BINDING_PENDING);
	b->coa = *coa;
	b->state = state;
	b->credit = credit;
	b->expires = expires;
	arm(e, &b->expiry, expires);
	act_tunnel(e, b, false);
	note_state(e, b);
	tell(e, b, false);
}

void binding_set_credit(struct lke_engine *e, struct binding *b, uint64_t credit)
{
	b->credit = credit;
	act_tunnel(e, b, false);
}

void binding_remove(struct lke_engine *e, struct binding *b, const char *text)
{
	struct lke_note *n;

	release(e, b);
	n = note_new(e, LKE_NOTE_BINDING_GONE, role_of(b));
	if (n) {
		n->ifindex = b->ifindex;
		n->addr = b->home;
		n->peer = b->coa;
		n->seq = b->seq;
		note_text(n, text);
	}
	tell(e, b, true);
	if (b->kind == BINDING_BY_ESP)
		ha_binding_gone(e, b);
	forget(e, b);
}

static struct binding *first_of(const struct lke_engine *e, enum binding_kind kind)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(&e->bindings->table, &cursor, n))) {
		struct binding *b = TABLE_ENTRY(n, struct binding, node);

		if (b->kind == kind)
			return b;
	}
	return NULL;
}

void binding_remove_all(struct lke_engine *e, enum binding_kind kind, const char *text)
{
	struct binding *b;

	while (e->bindings && (b = first_of(e, kind)))
		binding_remove(e, b, text);
}

static void expired(struct lke_engine *e, struct binding *b)
{
	if (b->kind == BINDING_BY_LBSA)
		ar_binding_expired(e, b);
	else
		ha_binding_expired(e, b);
	binding_remove(e, b, "expired");
}

void binding_timer(struct lke_engine *e, struct timer *t)
{
	struct binding *b = t->owner;

	if (t->kind == BINDING_TIMER_EXPIRY)
		expired(e, b);
	else if (t->kind == BINDING_TIMER_PROXY)
		announce(e, b);
}

static struct lke_binding_view view_of(const struct binding *b)
{
	return (struct lke_binding_view){
		.role = role_of(b),
		.home = b->home,
		.agent = b->agent,
		.coa = b->coa,
		.state = b->state,
		.seq = b->seq,
		.expires = b->expires,
	};
}

bool binding_view(const struct lke_engine *e, const struct lke_in6 *home,
		  struct lke_binding_view *ret)
{
	const struct binding *b = binding_find(e, home);

	if (b)
		*ret = view_of(b);
	return b != NULL;
}

bool binding_next(const struct lke_engine *e, size_t *cursor, struct lke_binding_view *ret)
{
	/* The cursor stands on the node to show; it is moved on before the caller gets it. */
	struct table_node *n = table_next(&e->bindings->table, cursor, NULL);
	const struct binding *b = TABLE_ENTRY(n, struct binding, node);

	if (!b)
		return false;
	(void)table_next(&e->bindings->table, cursor, n);
	*ret = view_of(b);
	return true;
}

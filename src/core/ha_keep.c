/* SPDX-License-Identifier: ISC */
/*
 * Bindings over a restart: a registered mobile node stays reachable, and its next Binding Update
 * costs one round trip more at most (135 and again, AMB-151).  What is kept never lasts longer than
 * what was granted.
 *
 * One write of a mobile node at a time, and the latest state after it; one that moves more often
 * than RFC 6275 allows is written as often as that.  A restored binding waits for its link; many
 * are set up in batches, the next one when the world has carried out the last.
 */
#include "core/home_agent.h"

enum { BATCH = 256 };

#define RETRY	 (10 * LKE_SEC)
#define INTERVAL (333 * LKE_MSEC) /* between two writes: MAX_UPDATE_RATE, 3 a s */

static bool cookie_keep(struct lke_engine *e, const struct mobile *m, uint32_t kind,
			struct lke_act_keep **ret)
{
	struct lke_action *a = act_new(e, LKE_ACT_KEEP);

	if (!a)
		return false;
	a->cookie = ha_cookie(m, kind);
	a->keep.home = m->home;
	*ret = &a->keep;
	return true;
}

static void write_kept(struct lke_engine *e, struct mobile *m, const struct binding *b,
		       uint32_t kind)
{
	struct lke_act_keep *k;

	if (!cookie_keep(e, m, kind, &k)) {
		m->keep_again = true;
		arm(e, &e->ha->keep_retry, e->now + RETRY);
		return;
	}
	k->remove = !b;
	if (b) {
		k->agent = b->agent;
		k->coa = b->coa;
		k->seq = b->seq;
		k->expires = b->expires;
		m->kept_coa = b->coa;
		m->kept_agent = b->agent;
	}
	m->kept_expires = b ? b->expires : 0;
	m->kept_at = e->now;
	m->keeping = true;
	m->keep_again = false;
}

/* A mobile node refreshes at three quarters: what is kept may end an eighth early. */
static bool kept_already(const struct lke_engine *e, const struct mobile *m,
			 const struct binding *b)
{
	return in6_eq(&b->coa, &m->kept_coa) && in6_eq(&b->agent, &m->kept_agent) &&
	       b->expires >= m->kept_expires &&
	       b->expires - m->kept_expires <= (b->expires - e->now) / 8;
}

static void keep(struct lke_engine *e, struct mobile *m, const struct binding *b)
{
	if (e->cfg.ha.volatile_state || e->ha->stopping)
		return;
	m->keep_again = b ? !kept_already(e, m, b) : m->kept_expires != 0;
	if (!m->keep_again || m->keeping)
		return;
	if (m->kept_at && e->now - m->kept_at < INTERVAL) {
		if (!timer_armed(&m->keep))
			arm(e, &m->keep, m->kept_at + INTERVAL);
	} else {
		write_kept(e, m, b, HA_KEEP);
	}
}

void ha_keep_forget(struct lke_engine *e, struct mobile *m)
{
	if (m->restoring) {
		m->restoring = false;
		e->ha->restoring--;
	}
	if (!e->cfg.ha.volatile_state && (m->keeping || m->kept_expires))
		write_kept(e, m, NULL, HA_KEEP);
}

void ha_binding_changed(struct lke_engine *e, const struct binding *b, bool gone)
{
	struct mobile *m = e->ha ? ha_by_home(e, &b->home) : NULL;

	if (!m)
		return;
	if (m->restoring) {
		m->restoring = false;
		e->ha->restoring--;
	}
	keep(e, m, gone ? NULL : b);
}

static const struct binding *own_binding(const struct lke_engine *e, const struct mobile *m)
{
	const struct binding *b = binding_find(e, &m->home);

	return b && b->kind == BINDING_BY_ESP ? b : NULL;
}

/* --- after a restart --- */

void ha_restore(struct lke_engine *e, const struct lke_ev_binding *r)
{
	struct mobile *m = ha_by_home(e, &r->home);

	if (!m || m->restoring || r->expires <= e->now || binding_find(e, &m->home))
		return;
	m->kept_coa = r->coa;
	m->kept_agent = r->agent;
	m->kept_expires = r->expires;
	m->kept_seq = r->seq;
	m->restoring = true;
	e->ha->restoring++;
}

static bool set_up(struct lke_engine *e, struct mobile *m)
{
	const struct iface *i = iface_of_addr(e, &m->kept_agent);
	struct binding new = { .home = m->home,
			       .agent = m->kept_agent,
			       .coa = m->kept_coa,
			       .kind = BINDING_BY_ESP,
			       .seq = m->kept_seq,
			       .expires = m->kept_expires,
			       .owner = m };
	struct ha_heard p;
	struct binding *b;

	if (!i || !i->ha || !ha_prefix_of(e, i->ha, &m->home, &p))
		return false; /* it waits */
	m->restoring = false;
	e->ha->restoring--;
	new.ifindex = i->ifindex;
	if (m->suspended || m->kept_expires <= e->now || binding_find(e, &m->home) ||
	    !ha_care_of_acceptable(e, m, &m->kept_coa)) {
		keep(e, m, own_binding(e, m));
		return false;
	}
	if (new.expires > p.valid)
		new.expires = p.valid;
	new.credit = ha_credit_of(e, m, &new.coa, &new.state); /* the proof was not kept */
	if (binding_add(e, &new, HA_TIMER_BINDING, &b) < 0) {
		keep(e, m, own_binding(e, m));
		return false;
	}
	ha_refresh_arm(e, b);
	ha_credit_bound(e, m, b);
	return true;
}

/* The last of a batch is written once more: its result says that all before it is done. */
void ha_restore_some(struct lke_engine *e)
{
	struct home_agent *ha = e->ha;
	struct mobile *last = NULL;
	unsigned n = 0;

	for (unsigned k = 0; k < ha->mobiles && ha->restoring > 0 && n < BATCH; k++) {
		struct mobile *m = ha->mobile[ha->restore_at];

		ha->restore_at = (ha->restore_at + 1) % ha->mobiles;
		if (m->restoring && set_up(e, m)) {
			last = m;
			n++;
		}
	}
	if (n == BATCH && last && !last->keeping)
		write_kept(e, last, own_binding(e, last), HA_KEEP_BATCH);
}

/* --- results --- */

void ha_kept(struct lke_engine *e, struct mobile *m, bool batch, int err)
{
	m->keeping = false;
	if (err < 0) {
		m->kept_expires = 1; /* unknown: never what is wanted */
		m->keep_again = true;
		arm(e, &e->ha->keep_retry, e->now + RETRY);
	} else if (m->keep_again) {
		keep(e, m, own_binding(e, m));
	}
	if (batch)
		ha_restore_some(e);
}

void ha_keep_timer(struct lke_engine *e, struct mobile *m)
{
	if (m->keep_again && !m->keeping)
		keep(e, m, own_binding(e, m));
}

void ha_keep_retry(struct lke_engine *e)
{
	for (unsigned n = 0; n < e->ha->mobiles; n++)
		ha_keep_timer(e, e->ha->mobile[n]);
}

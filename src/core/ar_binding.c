/* SPDX-License-Identifier: ISC */
/*
 * Binding Update to the temporary home agent: draft 2.1, 4.2, 4.4.  The order of the checks and the
 * status of each failure are those of AMB-109.  Nothing changes before the last check has passed.
 */
#include "core/access_router.h"

struct bu_state {
	const struct pkt *p;
	struct mh_bu bu;
	struct lke_in6 home, coa;
	struct lbsa *l;
	struct binding *b; /* of home, whoever made it */
	bool dereg;
};

struct lke_in6 ar_bu_home(const struct pkt *p)
{
	return p->ip.has_hao ? p->ip.hao : p->ip.src;
}

static bool mac_ok(const struct pkt *p, const struct mh_view *v, const struct mh_auth_data *auth,
		   const struct secret16 *kbm)
{
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	lke_mac_binding(&p->ip.src, &p->ip.dst, v->p, v->len, &in);
	return mac_sha1(kbm, &in, mac) == 0 && mem_eq_ct(mac, auth->mac, AUTH_DATA_LEN);
}

struct lbsa *ar_find_by_mac(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
			    const struct mh_auth_data *auth, bool *ret_any)
{
	struct lke_in6 home = ar_bu_home(p);
	struct access_router *ar = e->ar;
	struct lbsa *found = NULL;

	*ret_any = false;
	for (unsigned n = 0; n < ar->links; n++) {
		const struct iface *i = ar->link[n].ifc;
		struct lbsa_entry *t = i ? lbsa_entry_find(&ar->lbsa, i->ifindex, &home) : NULL;

		for (unsigned s = 0; t && s < LKE_LBSA_STATE_COUNT; s++) {
			struct lbsa *l = t->inst[s];

			if (!l || !in6_eq(&l->ar, &p->ip.dst))
				continue;
			*ret_any = true;
			if (!found && auth->well_placed && mac_ok(p, v, auth, &l->kbm))
				found = l;
		}
	}
	return found;
}

/* Never signs an answer to an unauthenticated BU (AMB-106, AMB-107). */
static void send_unsigned(struct lke_engine *e, const struct pkt *p, const struct mh_bu *bu,
			  uint8_t status)
{
	struct mh_ba ba = { .status = status, .seq = bu->seq };
	struct ar_reply to = ar_reply_to(e, p);

	count(e, LKE_STAT_BU_REFUSED);
	if (tbf_take(&e->ar->limits->unsigned_ba, 1, e->now))
		ar_send_ba(e, &to, &ba, NULL);
	else
		drop(e, LKE_DROP_RATE_ANSWER);
}

static int bu_note(struct lke_engine *e, const struct pkt *p, const struct mh_bu *bu,
		   enum lke_drop reason, uint8_t status)
{
	struct lke_in6 home = ar_bu_home(p);

	return note_in_full(e, LKE_ROLE_AR, LKE_MSG_BU, p, reason, &home, status, bu->seq,
			    (uint32_t)bu->lifetime * LIFETIME_UNIT);
}

/* A signed refusal: the stored number stays as it was. */
static int refuse(struct lke_engine *e, const struct bu_state *s, uint8_t status,
		  enum lke_drop reason)
{
	struct mh_ba ba = { .status = status, .seq = s->bu.seq };
	struct ar_reply to = ar_reply_to(e, s->p);

	if (status == STATUS_SEQUENCE)
		ba.seq = s->l->bu_seq;
	count(e, LKE_STAT_BU_REFUSED);
	ar_send_ba(e, &to, &ba, &s->l->kbm);
	return bu_note(e, s->p, &s->bu, reason, status);
}

/* Everything between the state check and the commit; 0 or the status. */
static uint8_t judge(struct lke_engine *e, const struct bu_state *s)
{
	const struct ar_link *k = ar_link_by_index(e, s->l->entry->key.ifindex);

	if (s->bu.has_nonce_indices)
		return STATUS_UNSPECIFIED;
	if (s->bu.has_alt_coa && !in6_eq(&s->bu.alt_coa, &s->coa))
		return STATUS_UNSPECIFIED;
	if (!k || !ar_link_on_link(e, k, &s->home, NULL))
		return STATUS_NOT_HOME_SUBNET;
	if (s->b && s->b->kind != BINDING_BY_LBSA)
		return STATUS_TYPE_CHANGE;
	if (s->b && s->b->owner != s->l) /* only by the LBSA that made it, draft 4.2 */
		return STATUS_PROHIBITED;
	if (s->dereg)
		return s->b ? 0 : STATUS_NOT_HOME_AGENT;
	if (!agent_coa_acceptable(e, &s->home, &s->coa))
		return STATUS_PROHIBITED;
	if (s->l->expires < e->now + LIFETIME_UNIT * LKE_SEC)
		return STATUS_UNSPECIFIED;
	return 0;
}

/* Granted lifetime in units of 4 s: AMB-045, AMB-179. */
static uint16_t granted(struct lke_engine *e, const struct bu_state *s)
{
	const struct ar_link *k = ar_link_by_index(e, s->l->entry->key.ifindex);
	uint64_t units = (s->l->expires - e->now) / LKE_SEC / LIFETIME_UNIT;
	uint64_t max = k->cfg->max_binding_lifetime / LIFETIME_UNIT;

	if (max == 0)
		max = draft01(e) ? units : TEMPORARY_BINDING_LIFETIME / LIFETIME_UNIT;
	if (units > max)
		units = max;
	if (units > ar_prefix_valid(e, k, &s->home) / LIFETIME_UNIT)
		units = ar_prefix_valid(e, k, &s->home) / LIFETIME_UNIT;
	if (units > s->bu.lifetime)
		units = s->bu.lifetime;
	return (uint16_t)units;
}

/* What every accepted BU does to its LBSA: AMB-091, AMB-098, AMB-104. */
static void authenticated(struct lke_engine *e, const struct bu_state *s)
{
	struct lbsa *t = s->l->entry->inst[LKE_LBSA_TENTATIVE];

	s->l->bu_seq = s->bu.seq;
	s->l->has_bu_seq = true;
	lbsa_set_na(&e->ar->lbsa, s->l, NULL, 0);
	if (t)
		ar_lbsa_remove(e, t, "binding update under the older key");
	count(e, LKE_STAT_BU_ACCEPTED);
}

/* The last message from a node on its link before it moves.  Its cached advertisement stays: there
 * is no binding yet. */
static int announced(struct lke_engine *e, const struct bu_state *s)
{
	struct ar_reply to = ar_reply_to(e, s->p);

	if (!ar_buffer_announced(e, s->l, &to, s->bu.seq))
		return refuse(e, s, STATUS_NOT_HOME_AGENT, LKE_DROP_REFUSED);
	s->l->bu_seq = s->bu.seq;
	s->l->has_bu_seq = true;
	ar_state_number(e, s->l);
	return bu_note(e, s->p, &s->bu, LKE_DROP_NONE, STATUS_ACCEPTED);
}

/* It has not left, or is back, and is bound nowhere: the answer of AMB-116.  The number counts,
 * since something changed. */
static int stays(struct lke_engine *e, const struct bu_state *s)
{
	struct ar_reply to = ar_reply_to(e, s->p);

	if (ar_buffer_returned(e, s->l, &to)) {
		s->l->bu_seq = s->bu.seq;
		s->l->has_bu_seq = true;
		ar_state_number(e, s->l);
	}
	return refuse(e, s, STATUS_NOT_HOME_AGENT, LKE_DROP_REFUSED);
}

static int deregister(struct lke_engine *e, const struct bu_state *s)
{
	struct mh_ba ba = { .status = STATUS_ACCEPTED, .seq = s->bu.seq };
	struct ar_reply to = ar_reply_to(e, s->p);

	/* The interception goes first, so that an answer to the old care-of address does not loop.
	 */
	timerq_disarm(&e->timers, &s->b->role);
	if (!ar_buffer_returned(e, s->l, &to))
		ar_buffer_forget(e, s->l);
	binding_remove(e, s->b, "deregistered");
	ar_reach_leave(s->l);
	authenticated(e, s);
	ar_state_answer(e, s->l, &to, &ba);
	return bu_note(e, s->p, &s->bu, LKE_DROP_NONE, STATUS_ACCEPTED);
}

static int add_binding(struct lke_engine *e, const struct bu_state *s, const struct ar_grant *g,
		       lke_time expires, struct binding **ret)
{
	struct binding tmpl = {
		.home = s->home,
		.agent = s->l->ar,
		.coa = s->coa,
		.ifindex = s->l->entry->key.ifindex,
		.kind = BINDING_BY_LBSA,
		.state = g->state,
		.seq = s->bu.seq,
		.expires = expires,
		.credit = g->credit,
		.owner = s->l,
	};

	return binding_add(e, &tmpl, AR_TIMER_FINISHED, ret);
}

static int bind(struct lke_engine *e, const struct bu_state *s)
{
	struct mh_ba ba = { .status = STATUS_ACCEPTED, .seq = s->bu.seq };
	struct ar_reply to = ar_reply_to(e, s->p);
	struct binding *b = s->b;
	bool moving = s->bu.leaving && b && in6_eq(&b->coa, &s->coa);
	struct ar_grant g;
	lke_time expires;

	ba.lifetime = granted(e, s);
	expires = e->now + (lke_time)ba.lifetime * LIFETIME_UNIT * LKE_SEC;
	if (ba.lifetime == 0 || ar_reach_grant(e, s->l, &s->coa, &g) < 0 ||
	    (!b && add_binding(e, s, &g, expires, &b) < 0))
		return refuse(e, s, STATUS_RESOURCES, LKE_DROP_LIMIT);
	if (g.ask)
		ar_reach_ask(e, s->l, &to, &ba);
	if (moving)
		ar_buffer_moving(e, s->l);
	authenticated(e, s);
	/* The tunnel before the answer, which wakes the node and those on the way to it. */
	if (s->b) {
		b->seq = s->bu.seq;
		b->owner = s->l;
		binding_update(e, b, &s->coa, g.state, g.credit, expires);
	}
	ar_state_answer(e, s->l, &to, &ba);
	ar_reach_arm(e, s->l, b);
	if (!moving)
		ar_buffer_bound(e, s->l);
	return bu_note(e, s->p, &s->bu, LKE_DROP_NONE, STATUS_ACCEPTED);
}

/* Sequence, state and everything behind them, for a BU whose Authenticator verified. */
static int verified(struct lke_engine *e, struct bu_state *s)
{
	uint8_t status;

	if (s->l->has_bu_seq && !seq_newer(s->bu.seq, s->l->bu_seq))
		return refuse(e, s, STATUS_SEQUENCE, LKE_DROP_SEQUENCE);
	if (s->l->state == LKE_LBSA_TENTATIVE) {
		int err;

		if (ar_dad_good_so_far(s->l)) {
			err = ar_dad_hold_bu(e, s->l, s->p, &s->bu);
			return bu_note(e, s->p, &s->bu, (enum lke_drop) - err, 0);
		}
		ar_dad_fail(e, s->l, "binding update before an answer");
	}
	if (s->l->state != LKE_LBSA_VALID)
		return refuse(e, s, STATUS_DAD_FAILED, LKE_DROP_STATE);
	status = judge(e, s);
	if (status == STATUS_NOT_HOME_AGENT && in6_eq(&s->coa, &s->home))
		return s->bu.leaving ? announced(e, s) : stays(e, s);
	if (status)
		return refuse(e, s, status, LKE_DROP_REFUSED);
	return s->dereg ? deregister(e, s) : bind(e, s);
}

static void state_fill(struct lke_engine *e, struct bu_state *s)
{
	s->home = ar_bu_home(s->p);
	s->coa = s->p->ip.src;
	s->b = binding_find(e, &s->home);
	s->dereg = s->bu.lifetime == 0 || in6_eq(&s->coa, &s->home); /* AMB-116 */
}

int ar_bu_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct bu_state s = { .p = p };
	int err = mh_bu_decode(v, &s.bu);
	bool any;

	count(e, LKE_STAT_BU_IN);
	if (err == 0 && p->ip.has_rh2)
		err = -(int)LKE_DROP_RH2;
	if (err == 0 && !in6_is_global(&p->ip.src))
		err = -(int)LKE_DROP_SCOPE_ADDRESS;
	if (err < 0)
		return note_in(e, LKE_ROLE_AR, LKE_MSG_BU, p, (enum lke_drop) - err);
	s.l = ar_find_by_mac(e, p, v, &s.bu.auth, &any);
	if (!s.l) {
		enum lke_drop reason = !any		       ? LKE_DROP_NO_LBSA
				       : s.bu.auth.well_placed ? LKE_DROP_BAD_MAC
							       : LKE_DROP_BAD_MISSING;

		send_unsigned(e, p, &s.bu, any ? STATUS_UNSPECIFIED : STATUS_NOT_HOME_AGENT);
		return bu_note(e, p, &s.bu, reason,
			       any ? STATUS_UNSPECIFIED : STATUS_NOT_HOME_AGENT);
	}
	state_fill(e, &s);
	return verified(e, &s);
}

void ar_bu_resume(struct lke_engine *e, struct lbsa *l, const struct pkt *p)
{
	struct bu_state s = { .p = p, .l = l };
	struct mh_view v;
	struct lke_in6 src = ip6_pseudo_src(&p->ip), dst = ip6_pseudo_dst(&p->ip);

	/* It was checked when it came; the views are made anew on the copy. */
	if (mh_check(p->ip.pkt + p->ip.upper_off, p->ip.upper_len, &src, &dst, &v) < 0 ||
	    mh_bu_decode(&v, &s.bu) < 0)
		return;
	state_fill(e, &s);
	(void)verified(e, &s);
}

/* SPDX-License-Identifier: ISC */
/*
 * The announced leave (docs/adr/0030): the node says that it is about to move while it still can.
 * First its own packets are parked.  Then the access routers further away that forward to it are
 * told, by a refresh of their bindings, and last the one of this link: so that everything the
 * others sent before is on this link when its router begins to keep.  The acknowledgement of each
 * stands behind the last packet it let pass; then the operator's command is answered, and the link
 * may go.
 *
 * A move that does not come within LEAVE_TIME is taken back.
 */
#include "core/mobile_node.h"

static bool here(const struct lke_engine *e, const struct mn_leave *v)
{
	const struct mn_link *l = e->mn->active;

	return l && l->coa && in6_eq(&l->coa->addr, &v->coa);
}

static void answer(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;

	if (v->asked && v->step == MN_LEAVE_TOLD && !v->path) {
		v->asked = false;
		command_reply(e, v->cookie, 0);
	}
}

static void told(struct lke_engine *e, const char *text)
{
	struct mn_leave *v = &e->mn->leave;
	struct lke_note *n = note_new(e, LKE_NOTE_LEAVING, LKE_ROLE_MN);

	v->step = MN_LEAVE_TOLD;
	arm(e, &v->timer, v->since + LEAVE_TIME);
	if (n) {
		n->addr = v->coa;
		n->peer = v->ar;
		note_text(n, text);
	}
	answer(e);
}

/* No Home Address option: to a router that does not know the announcement it is a deregistration
 * without a binding, and changes nothing (AMB-116). */
static bool send_announcement(struct lke_engine *e, struct mn_leave *v, struct mn_lbsa *b)
{
	struct ip6_out o = { .src = v->coa,
			     .dst = v->ar,
			     .hop_limit = 64,
			     .tclass = lke_traffic_class(e->cfg.profile) };
	struct mh_bu bu = { .flags = BU_A | BU_H, .leaving = true };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	if (!tbf_take(&v->rate, 1, e->now))
		return false;
	bu.seq = mn_bu_seq(e, b);
	mh_bu_encode(&w, &bu, true);
	if (!mn_bu_seal(&w, off, &o, &b->kbm))
		return false;
	mn_send(e, LKE_MSG_BU, &w);
	count(e, LKE_STAT_BU_SENT);
	b->bu_seq = bu.seq;
	if (v->tries++ == 0)
		v->first_seq = bu.seq;
	v->seq = bu.seq;
	return true;
}

static void tell_here(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;
	struct mn_lbsa *b = mn_lbsa_of(e, &v->coa, NULL);

	v->step = MN_LEAVE_HERE;
	v->ar = b ? b->ar : in6_unspecified;
	if (!b)
		told(e, "no key with this router");
	else if (v->tries == MN_LEAVE_TRIES || !send_announcement(e, v, b))
		told(e, "no answer of this router");
	else
		arm(e, &v->timer, e->now + MN_LEAVE_AGAIN);
}

static bool waits_for_others(const struct lke_engine *e)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (e->mn->update[n] && e->mn->update[n]->leaving && e->mn->update[n]->outstanding)
			return true;
	return false;
}

static void tell_others(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;
	lke_time rtt = 0, wait;

	v->step = MN_LEAVE_OTHERS;
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		/* The move itself needs a Binding Update too (RFC 6275 11.8). */
		if (!u || u->reg || u->dereg || !u->accepted || u->outstanding || !u->lbsa ||
		    in6_eq(&u->home, &v->coa) || !tbf_has(&u->rate, 2, e->now))
			continue;
		u->leaving = true;
		rtt = u->rtt > rtt ? u->rtt : rtt;
		update_begin(u, INITIAL_BINDACK_TIMEOUT);
		mn_bind_send(e, u);
	}
	wait = rtt + rtt / 2 + MN_LEAVE_WAIT;
	if (waits_for_others(e))
		arm(e, &v->timer, e->now + (wait < MN_LEAVE_WAIT_MAX ? wait : MN_LEAVE_WAIT_MAX));
	else
		tell_here(e);
}

int mn_leave_begin(struct lke_engine *e, uint64_t cookie)
{
	struct mn_leave *v = &e->mn->leave;
	struct mn_link *l = e->mn->active;

	if (!l || !l->coa)
		return LKE_ERR_STATE;
	if (v->step != MN_LEAVE_NONE)
		return v->asked ? LKE_ERR_STATE : 0; /* announced already, or about to be */
	mn_hold(e, true);
	*v = (struct mn_leave){ .coa = l->coa->addr,
				.asked = true,
				.cookie = cookie,
				.since = e->now,
				.path = mn_path_park(e, l->coa),
				.rate = v->rate,
				.timer = v->timer };
	/* draft01 knows no announcement; it only parks. */
	if (draft01(e))
		told(e, "not announced in profile draft01");
	else
		tell_others(e);
	return COMMAND_LATER;
}

void mn_leave_progress(struct lke_engine *e)
{
	if (e->mn->leave.step == MN_LEAVE_OTHERS && !waits_for_others(e))
		tell_here(e);
}

bool mn_leave_result(struct lke_engine *e, const struct lke_ev_result *r)
{
	struct mn_leave *v = &e->mn->leave;

	if (!v->path || v->path != COOKIE_ID(r->cookie))
		return false;
	v->path = 0;
	answer(e);
	return true;
}

/* AMB-105 holds here too: only a signed answer counts. */
bool mn_leave_ba(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
		 const struct mh_ba *ba)
{
	struct mn_leave *l = &e->mn->leave;
	struct mn_lbsa *b;

	if (l->step != MN_LEAVE_HERE || p->ip.has_rh2 || !in6_eq(&p->ip.dst, &l->coa) ||
	    !in6_eq(&p->ip.src, &l->ar) || !ba->auth.well_placed)
		return false;
	b = mn_ba_signer(e, p, v, &l->coa, &l->ar, ba);
	if (!b)
		return false;
	/* AMB-105: of a copy that came late it says nothing. */
	if (ba->status == STATUS_SEQUENCE && ba->seq != l->seq && !seq_newer(ba->seq, l->seq))
		return false;
	if (ba->status == STATUS_SEQUENCE) {
		b->bu_seq = ba->seq;
		note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE);
		tell_here(e);
		return true;
	}
	if ((uint16_t)(ba->seq - l->first_seq) > (uint16_t)(l->seq - l->first_seq))
		return false;
	note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE);
	count(e, LKE_STAT_BA_IN);
	l->kept = ba->status < 128;
	told(e, l->kept ? "the router keeps packets" : "the router does not keep packets");
	return true;
}

/* --- Its end --- */

static void finish(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;

	v->step = MN_LEAVE_NONE;
	timerq_disarm(&e->timers, &v->timer);
	if (v->asked) {
		v->asked = false;
		command_reply(e, v->cookie, 0);
	}
}

void mn_leave_rebind(struct lke_engine *e)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && u->leaving && !u->reg)
			mn_bind(e, &u->home, false);
	}
}

bool mn_leave_attached(struct lke_engine *e, const struct lke_in6 *coa)
{
	struct mn_leave *v = &e->mn->leave;
	bool same = v->step != MN_LEAVE_NONE && v->tries > 0 && in6_eq(&v->coa, coa);

	if (v->step != MN_LEAVE_NONE)
		finish(e);
	return same;
}

static void stay(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;
	struct mn_addr *a = mn_addr_find(e, &v->coa);
	struct lke_note *n = note_new(e, LKE_NOTE_LEAVE_END, LKE_ROLE_MN);

	if (n) {
		n->addr = v->coa;
		note_text(n, "it did not move");
	}
	if (v->tries > 0)
		mn_bind(e, &v->coa, true);
	mn_leave_rebind(e);
	finish(e);
	if (a)
		mn_path(e, a, LKE_PATH_ROUTER);
	mn_hold(e, false);
}

void mn_leave_timer(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;

	/* Without a link the packets wait for the next one. */
	if (!here(e, v))
		return;
	switch (v->step) {
	case MN_LEAVE_NONE:
		break;
	case MN_LEAVE_OTHERS:
	case MN_LEAVE_HERE:
		tell_here(e);
		break;
	case MN_LEAVE_TOLD:
		stay(e);
		break;
	}
}

void mn_leave_detached(struct lke_engine *e)
{
	struct mn_leave *v = &e->mn->leave;

	if (v->step == MN_LEAVE_NONE)
		return;
	v->step = MN_LEAVE_TOLD;
	v->path = 0;
	answer(e);
}

/* SPDX-License-Identifier: ISC */
/*
 * Binding Acknowledgement, Finished, and the credit of a care-of address that has not proved
 * itself: draft 2.1(b), 2.1(c), 3.2.3, 3.2.4, AMB-111..115.
 *
 * What is known about a care-of address belongs to the pair (LBSA, care-of address) and outlives
 * bindings, so that neither a further Binding Update nor a deregistration buys another credit.
 */
#include <assert.h>

#include "core/access_router.h"

#define REACH_COAS RECORD_COAS

struct reach_coa {
	struct lke_in6 coa;
	lke_time first_bu, proved_until, used;
	bool spent; /* its credit was handed out in an earlier stay */
};

struct outstanding {
	uint32_t nonce;
	uint16_t seq, lifetime;
	lke_time again; /* when its acknowledgement is repeated, or LKE_NEVER */
};

struct ar_reach {
	struct reach_coa coa[REACH_COAS];
	unsigned coas;
	bool forgotten; /* an unproved address was pushed out: no more credit for new ones */
	/* of the current binding */
	struct reach_coa *now;
	struct outstanding out[FINISHED_NONCES];
	unsigned outs;
	struct ar_reply to;
	unsigned brrs;	      /* of the three Binding Refresh Requests */
	uint64_t reverse;     /* octets from the reverse tunnel, AMB-112 */
	struct tbf suspended; /* BRRs in answer to tunnel packets */
};

static const lke_time brr_at[] = { 2 * LKE_SEC, 4 * LKE_SEC, 8 * LKE_SEC };
#define BRRS (sizeof(brr_at) / sizeof(brr_at[0]))

/* --- Sending --- */

struct ar_reply ar_reply_to(struct lke_engine *e, const struct pkt *p)
{
	struct ar_reply to = {
		.ar = p->ip.dst, .coa = p->ip.src, .home = ar_bu_home(p), .came = e->now
	};
	const struct ar_link *k = p->ifc->ar;

	/* A care-of address on the link the packet came from is answered there, frame to frame. */
	if (k && k->running && ar_link_on_link(e, k, &to.coa, NULL)) {
		to.ifindex = p->ifc->ifindex;
		to.ll = p->src_ll;
	}
	return to;
}

static bool may_send(struct lke_engine *e, const struct ar_reply *to)
{
	/* Through the host's forwarding an answer to an intercepted address would come back to us.
	 */
	return to->ifindex ? iface_by_index(e, to->ifindex) != NULL : !binding_find(e, &to->coa);
}

static size_t begin(struct wr *w, const struct ar_reply *to)
{
	struct ip6_out o = { .src = to->ar, .dst = to->coa, .hop_limit = 64 };

	if (!in6_eq(&to->coa, &to->home))
		o.rh2 = &to->home;
	return ip6_begin(w, &o, IP6_NH_MH);
}

void ar_send_ba(struct lke_engine *e, const struct ar_reply *to, const struct mh_ba *ba,
		const struct secret16 *kbm)
{
	uint8_t buf[PACKET_MAX], mac[SHA1_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_mac_input in;
	size_t mh;

	if (!may_send(e, to))
		return;
	mh = begin(&w, to);
	mh_ba_encode(&w, ba, kbm != NULL);
	ip6_end(&w);
	if (w.err)
		return;
	if (kbm) {
		lke_mac_binding(&to->ar, &to->coa, buf + mh, w.off - mh, &in);
		if (mac_sha1(kbm, &in, mac) < 0)
			return;
		wr_patch_bytes(&w, w.off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	}
	mh_set_checksum(&w, mh, &to->ar, &to->home);
	count(e, LKE_STAT_BA_SENT);
	e->answers = to->came;
	send_packet(e, LKE_ROLE_AR, LKE_MSG_BA, to->ifindex, to->ifindex ? &to->ll : NULL, buf,
		    w.off);
}

/* RFC 6275 6.1.2; unsigned: it costs the mobile node one BU at most (AMB-112). */
static void send_brr(struct lke_engine *e, const struct ar_reply *to)
{
	uint8_t buf[PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh;

	if (!may_send(e, to))
		return;
	mh = begin(&w, to);
	mh_brr_encode(&w);
	ip6_end(&w);
	if (w.err)
		return;
	mh_set_checksum(&w, mh, &to->ar, &to->home);
	count(e, LKE_STAT_BRR_SENT);
	send_packet(e, LKE_ROLE_AR, LKE_MSG_BRR, to->ifindex, to->ifindex ? &to->ll : NULL, buf,
		    w.off);
}

/* --- Care-of addresses of an LBSA --- */

static bool proved(const struct reach_coa *c, lke_time now)
{
	return now < c->proved_until;
}

static struct reach_coa *coa_find(struct ar_reach *r, const struct lke_in6 *coa)
{
	for (unsigned n = 0; n < r->coas; n++)
		if (in6_eq(&r->coa[n].coa, coa))
			return &r->coa[n];
	return NULL;
}

/* Who gives way: an address that once proved itself before one that never did, then the longest
 * unused. */
static bool gives_way(const struct reach_coa *a, const struct reach_coa *b)
{
	if ((a->proved_until > 0) != (b->proved_until > 0))
		return a->proved_until > 0;
	return a->used < b->used;
}

/* The place of a new address; never the one in use.  Forgetting an address that proved itself is
 * harmless: at worst it proves itself again. */
static struct reach_coa *coa_make(struct ar_reach *r, const struct lke_in6 *coa, lke_time now)
{
	struct reach_coa *c;

	static_assert(REACH_COAS > 1, "more places than the one in use");
	if (r->coas < REACH_COAS) {
		c = &r->coa[r->coas++];
	} else {
		c = &r->coa[r->now == &r->coa[0]];
		for (unsigned n = 0; n < REACH_COAS; n++)
			if (&r->coa[n] != r->now && gives_way(&r->coa[n], c))
				c = &r->coa[n];
		r->forgotten = r->forgotten || c->proved_until == 0;
	}
	*c = (struct reach_coa){ .coa = *coa, .first_bu = now, .spent = r->forgotten };
	return c;
}

static unsigned brrs_past(const struct reach_coa *c, lke_time now)
{
	unsigned n = 0;

	while (n < BRRS && now >= c->first_bu + brr_at[n])
		n++;
	return n;
}

/* Makes c the care-of address of the binding; what was outstanding for another one is forgotten. */
static void coa_use(struct ar_reach *r, struct reach_coa *c, lke_time now)
{
	struct reach_coa *was = r->now;

	r->now = c;
	c->used = now;
	if (was == c)
		return;
	if (was)
		was->spent = true;
	r->outs = 0;
	r->reverse = 0;
	r->brrs = brrs_past(c, now);
}

static struct ar_reach *reach_get(struct lke_engine *e, struct lbsa *l)
{
	if (l->reach)
		return l->reach;
	l->reach = mem_zalloc(sizeof(*l->reach));
	if (!l->reach)
		return NULL;
	tbf_init(&l->reach->suspended, BRR_SUSPENDED_RATE, BRR_SUSPENDED_RATE, e->now);
	return l->reach;
}

void ar_reach_forget(struct lbsa *l)
{
	mem_free(l->reach);
	l->reach = NULL;
}

void ar_reach_leave(struct lbsa *l)
{
	struct ar_reach *r = l->reach;

	if (!r)
		return;
	if (r->now)
		r->now->spent = true;
	r->now = NULL;
	r->outs = 0;
}

static uint64_t credit_of(const struct ar_reach *r, const struct reach_coa *c)
{
	return (c->spent ? 0 : CREDIT_BASE) + r->reverse;
}

int ar_reach_grant(struct lke_engine *e, struct lbsa *l, const struct lke_in6 *coa,
		   struct ar_grant *ret)
{
	const struct ar_link *k = ar_link_by_index(e, l->entry->key.ifindex);
	struct ar_reach *r = reach_get(e, l);
	struct reach_coa *c;

	if (!r)
		return LKE_ERR_NOMEM;
	c = coa_find(r, coa);
	if (!c) {
		c = coa_make(r, coa, e->now);
	} else if (c->proved_until > 0 && !proved(c, e->now)) {
		/* its proof has aged: it starts again, deadline and all */
		*c = (struct reach_coa){ .coa = *coa, .first_bu = e->now };
		if (r->now == c)
			r->now = NULL;
	}
	coa_use(r, c, e->now);
	*ret = (struct ar_grant){ .state = LKE_BINDING_OK, .credit = UINT64_MAX };
	if (!k->cfg->finished || proved(c, e->now))
		return 0;
	ret->ask = true;
	if (draft01(e)) { /* the binding stays for its lifetime */
		ret->state = LKE_BINDING_UNVERIFIED;
		return 0;
	}
	ret->state = e->now >= c->first_bu + FINISHED_TIMEOUT ? LKE_BINDING_SUSPENDED
							      : LKE_BINDING_UNVERIFIED;
	ret->credit = credit_of(r, c);
	return 0;
}

void ar_reach_ask(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to, struct mh_ba *ba)
{
	struct ar_reach *r = l->reach;

	ba->has_finished_request = true;
	ba->finished_r = true; /* AMB-111 */
	if (!rnd_bytes(e, &ba->nonce, sizeof(ba->nonce)))
		return; /* a nonce of zero is in no list: no Finished will match */
	if (r->outs == FINISHED_NONCES) {
		memmove(&r->out[0], &r->out[1], sizeof(r->out) - sizeof(r->out[0]));
		r->outs--;
	}
	r->out[r->outs++] =
		(struct outstanding){ ba->nonce, ba->seq, ba->lifetime,
				      draft01(e) ? LKE_NEVER : e->now + FINISHED_BA_AGAIN };
	r->to = *to;
}

static lke_time next_again(const struct ar_reach *r)
{
	lke_time at = LKE_NEVER;

	for (unsigned n = 0; n < r->outs; n++)
		if (r->out[n].again < at)
			at = r->out[n].again;
	return at;
}

void ar_reach_arm(struct lke_engine *e, struct lbsa *l, struct binding *b)
{
	const struct ar_reach *r = l->reach;
	lke_time at = next_again(r);

	if (b->state == LKE_BINDING_UNVERIFIED && !draft01(e) && r->brrs < BRRS &&
	    r->now->first_bu + brr_at[r->brrs] < at)
		at = r->now->first_bu + brr_at[r->brrs];
	arm(e, &b->role, at);
}

static void suspend(struct lke_engine *e, struct binding *b, uint64_t credit)
{
	struct lke_in6 coa = b->coa;

	binding_update(e, b, &coa, LKE_BINDING_SUSPENDED, credit, b->expires);
}

/* Each acknowledgement with an outstanding nonce goes out a second time, with the same number and
 * nonce. */
static void repeat_bas(struct lke_engine *e, struct lbsa *l)
{
	struct ar_reach *r = l->reach;

	for (unsigned n = 0; n < r->outs; n++) {
		struct outstanding *o = &r->out[n];
		struct mh_ba ba = { .status = STATUS_ACCEPTED,
				    .seq = o->seq,
				    .lifetime = o->lifetime,
				    .has_finished_request = true,
				    .finished_r = true,
				    .nonce = o->nonce };

		if (o->again > e->now)
			continue;
		if (ar_state_answer_waits(l)) {
			o->again = e->now + FINISHED_BA_AGAIN;
			continue;
		}
		o->again = LKE_NEVER;
		ar_send_ba(e, &r->to, &ba, &l->kbm);
	}
}

void ar_finished_timer(struct lke_engine *e, struct binding *b)
{
	struct lbsa *l = b->owner;
	struct ar_reach *r = l->reach;

	repeat_bas(e, l);
	if (b->state == LKE_BINDING_UNVERIFIED && !draft01(e) &&
	    r->brrs < brrs_past(r->now, e->now)) {
		r->brrs = brrs_past(r->now, e->now);
		send_brr(e, &r->to);
		if (r->brrs == BRRS)
			suspend(e, b, credit_of(r, r->now));
	}
	ar_reach_arm(e, l, b);
}

/* --- Finished --- */

static bool matches(const struct ar_reach *r, const struct mh_finished *f)
{
	for (unsigned n = 0; n < r->outs; n++)
		if (r->out[n].nonce == f->nonce && r->out[n].seq == f->seq &&
		    r->out[n].lifetime == f->lifetime)
			return true;
	return false;
}

static void prove(struct lke_engine *e, struct binding *b, struct ar_reach *r)
{
	struct lke_in6 coa = b->coa;

	r->now->proved_until = e->now + FINISHED_PROVED;
	r->now->spent = false;
	r->outs = 0;
	timerq_disarm(&e->timers, &b->role);
	binding_update(e, b, &coa, LKE_BINDING_OK, UINT64_MAX, b->expires);
}

/* Silent on every failure (AMB-115). */
static enum lke_drop judge(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
			   const struct mh_finished *f, struct binding **ret)
{
	bool any;
	struct lbsa *l = ar_find_by_mac(e, p, v, &f->auth, &any);
	struct binding *b = l ? ar_lbsa_binding(e, l) : NULL;

	if (!any)
		return LKE_DROP_NO_LBSA;
	if (!f->auth.well_placed)
		return LKE_DROP_BAD_MISSING;
	if (!l)
		return LKE_DROP_BAD_MAC;
	if (!b || !in6_eq(&b->coa, &p->ip.src) || !l->reach || !matches(l->reach, f))
		return LKE_DROP_FINISHED_UNMATCHED;
	*ret = b;
	return LKE_DROP_NONE;
}

int ar_finished_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct binding *b = NULL;
	struct mh_finished f;
	int err = mh_finished_decode(v, &f);
	enum lke_drop reason;
	struct lbsa *l;

	count(e, LKE_STAT_FINISHED_IN);
	if (err < 0)
		return note_in(e, LKE_ROLE_AR, LKE_MSG_FINISHED, p, (enum lke_drop) - err);
	reason = p->ip.has_rh2 ? LKE_DROP_RH2 : judge(e, p, v, &f, &b);
	err = note_in(e, LKE_ROLE_AR, LKE_MSG_FINISHED, p, reason);
	if (reason != LKE_DROP_NONE)
		return err;
	l = b->owner;
	if (f.status != STATUS_ACCEPTED) { /* AMB-113: the mobile node does not want the binding */
		ar_buffer_forget(e, l);
		binding_remove(e, b, "declined by the mobile node");
		ar_reach_leave(l);
		ar_state_put(e, l);
		return 0;
	}
	prove(e, b, l->reach);
	ar_state_put(e, l);
	return 0;
}

/* --- News from the forwarding plane --- */

void ar_tunnel_event(struct lke_engine *e, const struct lke_ev_tunnel *t)
{
	struct binding *b;
	struct lbsa *l;

	if (t->what != LKE_TUNNEL_NO_BINDING)
		return;
	b = binding_find(e, &t->inner_src);
	if (!b || b->kind != BINDING_BY_LBSA || b->state != LKE_BINDING_SUSPENDED ||
	    !in6_eq(&b->coa, &t->outer_src))
		return;
	l = b->owner;
	if (tbf_take(&l->reach->suspended, 1, e->now))
		send_brr(e, &l->reach->to);
}

void ar_mobile_volume(struct lke_engine *e, const struct lke_ev_mobile *m)
{
	struct binding *b = binding_find(e, &m->home);
	struct ar_reach *r;

	if (!b || b->kind != BINDING_BY_LBSA || b->state != LKE_BINDING_UNVERIFIED || draft01(e))
		return;
	r = ((struct lbsa *)b->owner)->reach;
	if (m->reverse_bytes <= r->reverse)
		return;
	r->reverse = m->reverse_bytes;
	binding_set_credit(e, b, credit_of(r, r->now));
}

/* --- What outlives a restart --- */

void ar_reach_save(const struct lbsa *l, struct record_lbsa *ret)
{
	const struct ar_reach *r = l->reach;

	if (!r)
		return;
	ret->forgotten = r->forgotten;
	ret->coas = r->coas;
	for (unsigned n = 0; n < r->coas; n++)
		ret->reach[n] = (struct record_coa){ .coa = r->coa[n].coa,
						     .first_bu = r->coa[n].first_bu,
						     .proved_until = r->coa[n].proved_until,
						     .used = r->coa[n].used,
						     .spent = r->coa[n].spent };
}

int ar_reach_restore(struct lke_engine *e, struct lbsa *l, const struct record_lbsa *s,
		     uint64_t *ret_credit)
{
	struct ar_reach *r = s->coas > 0 || s->bound ? reach_get(e, l) : NULL;

	if (!r)
		return s->coas > 0 || s->bound ? LKE_ERR_NOMEM : 0;
	r->forgotten = s->forgotten;
	for (r->coas = 0; r->coas < s->coas; r->coas++)
		r->coa[r->coas] =
			(struct reach_coa){ .coa = s->reach[r->coas].coa,
					    .first_bu = s->reach[r->coas].first_bu,
					    .proved_until = s->reach[r->coas].proved_until,
					    .used = s->reach[r->coas].used,
					    .spent = s->reach[r->coas].spent };
	if (!s->bound)
		return 0;
	r->now = coa_find(r, &s->bound_coa);
	if (!r->now)
		r->now = coa_make(r, &s->bound_coa, e->now);
	/* How much of the credit was used is not known, and which nonces are outstanding neither: a
	 * Binding Refresh Request asks for the next proof. */
	r->now->spent = r->now->spent || s->binding != LKE_BINDING_OK;
	r->to = (struct ar_reply){ .ar = s->ar, .coa = s->bound_coa, .home = s->coa };
	*ret_credit = s->binding == LKE_BINDING_OK ? UINT64_MAX : credit_of(r, r->now);
	return 0;
}

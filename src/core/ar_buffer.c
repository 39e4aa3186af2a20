/* SPDX-License-Identifier: ISC */
/*
 * A mobile node that leaves: packets to its care-of address wait in the forwarding plane until its
 * Binding Update says where they go (docs/adr/0030).  The access router learns of the leave by an
 * announcement under the LBSA, or by a hint: an operator or link-layer program, the carrier of its
 * link, the system's neighbour table.  Only an announcement is answered, once every packet before
 * it is on the link.
 *
 * A node may be bound here already and leave another link: then its binding goes on, but what comes
 * for it waits for the next Binding Update, so that nothing is overtaken on the way by two paths.
 *
 * Nothing waits for ever: an announcement ends after LEAVE_TIME, a hint when the node answers.
 */
#include "core/access_router.h"

struct ar_buffer {
	struct timer timer;
	bool bound;	 /* its binding stands; else the address is intercepted for this */
	bool asked;	 /* a Neighbor Solicitation is out */
	uint64_t cookie; /* of the interception; 0: it stands */
	lke_time end;	 /* when what waits is dropped */
	bool answer;	 /* the announcement is acknowledged when the interception stands */
	uint16_t seq;
	struct ar_reply to;
};

static void act_buffer(struct lke_engine *e, const struct lbsa *l, enum lke_buffer what,
		       uint32_t ifindex, const struct lke_lladdr *ll)
{
	struct lke_action *a = act_new(e, LKE_ACT_BUFFER);

	if (!a)
		return;
	a->buffer.what = what;
	a->buffer.addr = l->entry->key.coa;
	a->buffer.ifindex = ifindex;
	if (ll)
		a->buffer.lladdr = *ll;
}

static void act_intercept(struct lke_engine *e, const struct lbsa *l, bool remove, uint64_t cookie)
{
	struct lke_action *a = act_new(e, LKE_ACT_INTERCEPT);

	if (!a)
		return;
	a->intercept.addr = l->entry->key.coa;
	a->intercept.remove = remove;
	a->cookie = cookie;
}

static void acknowledge(struct lke_engine *e, struct lbsa *l)
{
	struct mh_ba ba = { .status = STATUS_ACCEPTED, .seq = l->buffer->seq };

	l->buffer->answer = false;
	ar_send_ba(e, &l->buffer->to, &ba, &l->kbm);
}

/* Frees; what is kept is the caller's business. */
static void forget(struct lke_engine *e, struct lbsa *l)
{
	struct access_router *ar = e->ar;

	timerq_disarm(&e->timers, &l->buffer->timer);
	mem_free(l->buffer);
	l->buffer = NULL;
	for (unsigned n = 0; n < ar->buffers; n++)
		if (ar->buffer[n] == l) {
			ar->buffer[n] = ar->buffer[--ar->buffers];
			return;
		}
}

static int make(struct lke_engine *e, struct lbsa *l)
{
	struct access_router *ar = e->ar;

	if (ar->buffers == AR_BUFFERS_MAX) {
		drop(e, LKE_DROP_LIMIT);
		return LKE_ERR_FULL;
	}
	l->buffer = mem_zalloc(sizeof(*l->buffer));
	if (!l->buffer) {
		drop(e, LKE_DROP_NOMEM);
		return LKE_ERR_NOMEM;
	}
	timer_init(&l->buffer->timer, AR_TIMER_BUFFER, l);
	ar->buffer[ar->buffers++] = l;
	return 0;
}

/* A prefix on two links: the node may be bound by its other LBSA, whose interception it is then. */
static bool intercepted(struct lke_engine *e, const struct lbsa *l)
{
	return binding_find(e, &l->entry->key.coa) != NULL;
}

/* Packets wait from now on; the first question to the node is asked after so long. */
static int keep(struct lke_engine *e, struct lbsa *l, bool bound, lke_time patience,
		const char *why)
{
	const struct ar_link *k = ar_link_by_index(e, l->entry->key.ifindex);
	struct ar_buffer *b = l->buffer;

	if (!k || !k->cfg->buffer || (!bound && intercepted(e, l)))
		return LKE_ERR_STATE;
	if (!b) {
		int err = make(e, l);

		if (err < 0)
			return err;
		b = l->buffer;
		b->bound = bound;
		act_buffer(e, l, LKE_BUFFER_KEEP, 0, NULL);
		if (!bound) {
			b->cookie = ++e->ar->next_id;
			act_intercept(e, l, false, COOKIE(MODULE_AR, b->cookie));
		}
		count(e, LKE_STAT_LEAVES);
		ar_lbsa_note(e, LKE_NOTE_LEAVING, l, why);
	}
	b->asked = false;
	b->end = e->now + LEAVE_TIME + AR_LEAVE_PROBES * AR_LEAVE_PROBE;
	arm(e, &b->timer, e->now + patience);
	return 0;
}

/* What waits goes this way.  A binding keeps its interception, another one ends. */
static void end(struct lke_engine *e, struct lbsa *l, enum lke_buffer what, const char *why)
{
	bool bound = l->buffer->bound || intercepted(e, l);

	act_buffer(e, l, what, l->entry->key.ifindex, &l->peer_lladdr);
	if (!bound)
		act_intercept(e, l, true, 0);
	ar_lbsa_note(e, LKE_NOTE_LEAVE_END, l, why);
	forget(e, l);
}

/* --- Announcements --- */

bool ar_buffer_announced(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to,
			 uint16_t seq)
{
	if (draft01(e) || to->ifindex != l->entry->key.ifindex ||
	    keep(e, l, false, LEAVE_TIME, "announced") < 0)
		return false;
	l->gone = false;
	l->buffer->answer = true;
	l->buffer->seq = seq;
	l->buffer->to = *to;
	if (l->buffer->cookie == 0)
		acknowledge(e, l);
	return true;
}

void ar_buffer_moving(struct lke_engine *e, struct lbsa *l)
{
	if (!draft01(e))
		(void)keep(e, l, true, LEAVE_TIME, "announced, bound");
}

void ar_buffer_bound(struct lke_engine *e, struct lbsa *l)
{
	struct access_router *ar = e->ar;

	l->gone = false;
	for (unsigned n = ar->buffers; n > 0; n--)
		if (n <= ar->buffers &&
		    in6_eq(&ar->buffer[n - 1]->entry->key.coa, &l->entry->key.coa))
			end(e, ar->buffer[n - 1], LKE_BUFFER_TUNNEL, "bound");
}

bool ar_buffer_returned(struct lke_engine *e, struct lbsa *l, const struct ar_reply *to)
{
	bool was = l->buffer != NULL;

	/* Without an address on this link there is no way but the host's own. */
	if (to->ifindex == 0 || (!was && !ar_lbsa_binding(e, l)))
		return false;
	act_buffer(e, l, LKE_BUFFER_LINK, to->ifindex, &to->ll);
	if (!was)
		return false;
	if (!intercepted(e, l))
		act_intercept(e, l, true, 0);
	ar_lbsa_note(e, LKE_NOTE_LEAVE_END, l, "on its link");
	forget(e, l);
	return true;
}

void ar_buffer_forget(struct lke_engine *e, struct lbsa *l)
{
	if (!l->buffer)
		return;
	if (!l->buffer->bound)
		end(e, l, LKE_BUFFER_DROP, "no LBSA any more");
	else
		forget(e, l);
}

void ar_buffer_free(struct lke_engine *e, struct lbsa *l)
{
	if (l->buffer)
		forget(e, l);
}

/* --- Hints: nobody signs them, so they move no packet to another place (draft 7) --- */

static bool may_leave(struct lke_engine *e, const struct lbsa *l)
{
	return l->state == LKE_LBSA_VALID && !l->buffer && !intercepted(e, l);
}

/* All nodes on the interface, those with this link-layer address, or the one with this address. */
static int hint(struct lke_engine *e, uint32_t ifindex, const struct lke_lladdr *ll,
		const struct lke_in6 *coa, const char *why)
{
	struct lbsa_cache *c = &e->ar->lbsa;
	int found = LKE_ERR_NOENT;

	for (size_t n = 0; n < c->n; n++) {
		struct lbsa *l = c->all[n];
		int err;

		if ((ifindex && l->entry->key.ifindex != ifindex) ||
		    (ll && !lladdr_eq(&l->peer_lladdr, ll)) ||
		    (coa && !in6_eq(&l->entry->key.coa, coa)))
			continue;
		/* It has said so itself, or is away: that is no mistake of who hints. */
		if (!may_leave(e, l)) {
			found = l->state == LKE_LBSA_VALID ? 0 : found;
			continue;
		}
		err = keep(e, l, false, AR_LEAVE_HINT, why);
		if (err < 0)
			return err;
		found = 0;
	}
	return found;
}

int ar_buffer_command(struct lke_engine *e, const struct lke_ev_command *c)
{
	if (c->lladdr.len > 0)
		return hint(e, 0, &c->lladdr, NULL, "link-layer hint");
	return hint(e, 0, NULL, &c->arg, "link-layer hint");
}

void ar_neigh_unreachable(struct lke_engine *e, const struct lke_ev_neigh *n)
{
	struct lbsa *l = lbsa_find(&e->ar->lbsa, n->ifindex, &n->addr, LKE_LBSA_VALID);

	/* It stays unreachable: once is enough. */
	if (l && !l->gone && may_leave(e, l))
		(void)keep(e, l, false, AR_LEAVE_HINT, "unreachable");
}

void ar_buffer_link(struct lke_engine *e, const struct ar_link *k)
{
	if (!k->running && !k->ifc->no_carrier)
		return; /* switched off: nobody is expected there */
	if (!k->running) {
		(void)hint(e, k->ifc->ifindex, NULL, NULL, "no carrier");
		return;
	}
	for (unsigned n = 0; n < e->ar->buffers; n++) {
		struct lbsa *l = e->ar->buffer[n];

		if (!l->buffer->bound && l->entry->key.ifindex == k->ifc->ifindex)
			arm(e, &l->buffer->timer, e->now);
	}
}

/* --- Is it still there? --- */

void ar_buffer_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	const struct lke_lladdr *ll = m->lladdr.len > 0 ? &m->lladdr : &p->src_ll;
	struct lbsa *l = lbsa_find(&e->ar->lbsa, p->ifc->ifindex, &m->target, LKE_LBSA_VALID);

	if (l && l->buffer && l->buffer->asked && iface_has_addr(p->ifc, &p->ip.dst) &&
	    lladdr_eq(ll, &l->peer_lladdr))
		end(e, l, LKE_BUFFER_LINK, "still on its link");
}

void ar_buffer_timer(struct lke_engine *e, struct lbsa *l)
{
	const struct ar_link *k = ar_link_by_index(e, l->entry->key.ifindex);
	struct ar_buffer *b = l->buffer;

	if (b->bound) {
		end(e, l, LKE_BUFFER_TUNNEL, "it did not move");
		return;
	}
	if (e->now >= b->end) {
		l->gone = true;
		count(e, LKE_STAT_LEAVES_LOST);
		end(e, l, LKE_BUFFER_DROP, "nothing heard of it");
		return;
	}
	if (k && k->running) {
		b->asked = true;
		ar_solicit(e, l->entry->key.ifindex, &l->entry->key.coa, &l->peer_lladdr);
	}
	arm(e, &b->timer, e->now + AR_LEAVE_PROBE < b->end ? e->now + AR_LEAVE_PROBE : b->end);
}

bool ar_buffer_result(struct lke_engine *e, const struct lke_ev_result *r)
{
	for (unsigned n = 0; n < e->ar->buffers; n++) {
		struct lbsa *l = e->ar->buffer[n];

		if (l->buffer->cookie == 0 || l->buffer->cookie != COOKIE_ID(r->cookie))
			continue;
		l->buffer->cookie = 0;
		if (r->err < 0)
			end(e, l, LKE_BUFFER_LINK, "the kernel refused");
		else if (l->buffer->answer)
			acknowledge(e, l);
		return true;
	}
	return false;
}

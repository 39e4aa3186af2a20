/* SPDX-License-Identifier: ISC */
/* Binding Update, Binding Acknowledgement and Finished with previous access routers: draft 2.1
 * (a)-(c). */
#include "core/mobile_node.h"

#define ROUNDS_MAX 3 /* refresh requests without lasting success, AMB-112 */
#define LASTING	   (10 * LKE_SEC)
#define ASK_AGAIN  (4 * LKE_SEC) /* a deregistration that was refused */

/* Completes a BU or Finished that stands at off: Authenticator, checksum, length. */
bool mn_bu_seal(struct wr *w, size_t off, const struct ip6_out *o, const struct secret16 *kbm)
{
	const struct lke_in6 *pseudo = o->hao ? o->hao : &o->src;
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	if (w->err)
		return false;
	lke_mac_binding(&o->src, &o->dst, w->p + off, w->off - off, &in);
	if (mac_sha1(kbm, &in, mac) < 0)
		return false;
	wr_patch_bytes(w, w->off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	mh_set_checksum(w, off, pseudo, &o->dst);
	ip6_end(w);
	mem_wipe(mac, sizeof(mac));
	return !w->err;
}

uint16_t mn_bu_seq(struct lke_engine *e, struct mn_lbsa *b)
{
	if (!b->has_bu_seq) {
		b->bu_seq = (uint16_t)rnd_u32(e); /* draft 2.1 (a): starts from a random value */
		b->has_bu_seq = true;
	}
	return (uint16_t)(b->bu_seq + 1);
}

static struct ip6_out header(const struct lke_engine *e, const struct update *u,
			     const struct lke_in6 *src)
{
	return (struct ip6_out){ .src = *src,
				 .dst = u->agent,
				 .hop_limit = 64,
				 .tclass = lke_traffic_class(e->cfg.profile),
				 .hao = in6_eq(src, &u->home) ? NULL : &u->home };
}

/* AMB-179, AMB-045: never longer than the key, and short, so that a lost binding is not a black
 * hole. */
static uint16_t lifetime_of(const struct lke_engine *e, const struct update *u)
{
	lke_time left = (u->lbsa->expires - e->now) / LKE_SEC;

	if (u->dereg)
		return 0;
	if (!draft01(e) && left > TEMPORARY_BINDING_LIFETIME)
		left = TEMPORARY_BINDING_LIFETIME;
	left /= LIFETIME_UNIT;
	return (uint16_t)(left > UINT16_MAX - 1 ? UINT16_MAX - 1 : left);
}

void mn_bind_send(struct lke_engine *e, struct update *u)
{
	struct ip6_out o = header(e, u, &e->mn->current);
	struct mh_bu bu = { .flags = BU_A | BU_H, .leaving = u->leaving };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off;

	if (!e->mn->active || !tbf_take(&u->rate, 1, e->now)) {
		u->outstanding = u->outstanding || u->tries == 0;
		arm(e, &u->timer, e->now + LKE_SEC / MAX_UPDATE_RATE);
		return;
	}
	bu.seq = mn_bu_seq(e, u->lbsa);
	bu.lifetime = u->lifetime = lifetime_of(e, u);
	off = ip6_begin(&w, &o, IP6_NH_MH);
	mh_bu_encode(&w, &bu, true);
	if (!mn_bu_seal(&w, off, &o, &u->lbsa->kbm))
		return;
	mn_send(e, LKE_MSG_BU, &w);
	count(e, LKE_STAT_BU_SENT);
	u->lbsa->bu_seq = bu.seq;
	u->coa = e->mn->current;
	if (u->tries == 0)
		u->outstanding = false;
	update_sent(e, u, bu.seq);
}

/* In the place of the binding that is missed least when the list is full. */
static struct update *update_make(struct lke_engine *e, const struct lke_in6 *home,
				  const struct lke_in6 *agent)
{
	struct update *spare = update_list_full(e) ? mn_bind_spare(e) : NULL;

	if (spare)
		mn_unbind(e, spare);
	return update_new(e, home, agent);
}

bool mn_bind(struct lke_engine *e, const struct lke_in6 *old, bool dereg)
{
	struct mn_lbsa *b = mn_lbsa_of(e, old, NULL);
	struct mn_addr *a = mn_addr_find(e, old);
	struct update *u;

	/* The key must outlive the answer; a deregistration is accepted to the end (AMB-045). */
	if (!b || (!dereg && b->expires < e->now + LIFETIME_UNIT * LKE_SEC))
		return false;
	u = update_find(e, old, &b->ar);
	if (!u)
		u = update_make(e, old, &b->ar);
	if (!u)
		return false;
	u->lbsa = b;
	u->dereg = dereg;
	u->leaving = false;
	update_begin(u, INITIAL_BINDACK_TIMEOUT);
	mn_bind_send(e, u);
	if (dereg && a)
		mn_tunnel_clear(e, a);
	/* While its own link lives it carries the data until the binding is there. */
	else if (a && !mn_link_at(e, old))
		mn_tunnel_set(e, a, &b->ar);
	return true;
}

void mn_unbind(struct lke_engine *e, struct update *u)
{
	struct mn_addr *a = mn_addr_find(e, &u->home);

	if (a && !u->reg && in6_eq(&a->tunnel.agent, &u->agent))
		mn_tunnel_clear(e, a);
	if (u->lbsa)
		u->lbsa->forgotten = u->accepted || u->outstanding;
	update_free(e, u);
}

/* So said the router. */
static void unbound(struct lke_engine *e, struct update *u)
{
	u->accepted = false;
	u->outstanding = false;
	mn_unbind(e, u);
}

struct update *mn_bind_spare(const struct lke_engine *e)
{
	struct update *best = NULL;

	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (!u || u->reg || u->dereg || !u->lbsa || mn_registered(e, &u->home) ||
		    mn_link_at(e, &u->home) || in6_eq(&u->home, &e->mn->current) ||
		    in6_eq(&u->home, &e->mn->previous))
			continue;
		if (!best || (best->used && !u->used) ||
		    (best->used == u->used && u->lbsa->expires < best->lbsa->expires))
			best = u;
	}
	return best;
}

static void send_finished(struct lke_engine *e, const struct update *u, const struct mn_lbsa *b)
{
	struct ip6_out o = header(e, u, &u->coa);
	struct mh_finished f = { .seq = u->finished_seq,
				 .lifetime = u->finished_lifetime,
				 .nonce = u->finished_nonce };
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t off = ip6_begin(&w, &o, IP6_NH_MH);

	mh_finished_encode(&w, &f);
	if (!mn_bu_seal(&w, off, &o, &b->kbm))
		return;
	mn_send(e, LKE_MSG_FINISHED, &w);
	count(e, LKE_STAT_FINISHED_SENT);
}

/* Which key of this care-of address and router signed the acknowledgement? */
struct mn_lbsa *mn_ba_signer(struct lke_engine *e, const struct pkt *p, const struct mh_view *v,
			     const struct lke_in6 *coa, const struct lke_in6 *ar,
			     const struct mh_ba *ba)
{
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	lke_mac_binding(&p->ip.src, &p->ip.dst, v->p, v->len, &in);
	for (struct mn_lbsa *b = NULL; (b = mn_lbsa_of(e, coa, b));)
		if (in6_eq(&b->ar, ar) && mac_sha1(&b->kbm, &in, mac) == 0 &&
		    mem_eq_ct(mac, ba->auth.mac, AUTH_DATA_LEN))
			return b;
	return NULL;
}

static void note_bound(struct lke_engine *e, const struct update *u, const struct mh_ba *ba,
		       enum lke_note_type type)
{
	struct lke_note *n = note_new(e, type, LKE_ROLE_MN);

	if (!n)
		return;
	n->addr = u->home;
	n->peer = u->agent;
	n->status = ba->status;
	n->seq = ba->seq;
	n->lifetime = (uint32_t)ba->lifetime * LIFETIME_UNIT;
	if (e->mn->active)
		n->value = e->now - e->mn->active->up_at;
}

/* Back on the old link: neighbours learn the address again, a new exchange follows after a stay
 * (AMB-117). */
static void returned(struct lke_engine *e, struct update *u, const struct mh_ba *ba)
{
	struct mn_link *l = e->mn->active;
	bool here = l && in6_eq(&u->home, &e->mn->current);

	if (here) {
		mn_send_na(e, l, &u->home, NULL, NULL);
		l->announced = e->now;
		note_bound(e, u, ba, LKE_NOTE_RETURNED);
		mn_kex_hold(e, l, MN_RETURN_STAY);
		l->kex.early = true; /* the router needs a new advertisement to defend with */
	}
	unbound(e, u);
	if (here)
		mn_bind_pending(e);
	mn_addr_clean(e);
}

static void accepted(struct lke_engine *e, struct update *u, const struct mh_ba *ba,
		     struct mn_lbsa *b)
{
	/* No more than was asked for: a longer one could become a black hole (AMB-179). */
	uint16_t units = ba->lifetime < u->lifetime ? ba->lifetime : u->lifetime;
	uint32_t lifetime = (uint32_t)units * LIFETIME_UNIT;
	struct mn_addr *a = mn_addr_find(e, &u->home);
	bool news = !u->accepted || u->accepted_at < (e->mn->active ? e->mn->active->attached : 0);

	if (news || e->now - u->accepted_at > LASTING)
		u->rounds = 0;
	update_accept(e, u, lifetime, (lke_time)lifetime * LKE_SEC / 2);
	if (ba->has_finished_request) {
		u->has_finished = true;
		u->finished_seq = ba->seq;
		u->finished_lifetime = ba->lifetime;
		u->finished_nonce = ba->nonce;
		u->finished_until = e->now + FINISHED_ANSWER;
		send_finished(e, u, b);
	}
	u->lbsa = b;
	mn_lbsa_remove_older(e, b);
	if (a) {
		mn_tunnel_set(e, a, &u->agent);
		/* Its own link may go at any time now: nothing is sent there any more. */
		if (mn_link_at(e, &u->home) != e->mn->active)
			mn_path(e, a, LKE_PATH_TUNNEL);
	}
	mn_home_tunnels_move(e);
	mn_leave_progress(e);
	if (!news)
		return;
	count(e, LKE_STAT_HANDOVERS);
	note_bound(e, u, ba, LKE_NOTE_HANDOVER);
}

/* The router knows no such key any more: the next older one, else the home agent (AMB-097,
 * SEQUENCES 4). */
static void key_refused(struct lke_engine *e, struct update *u, struct mn_lbsa *b)
{
	struct lke_in6 home = u->home;

	mn_lbsa_remove(e, b, "refused by the access router");
	if (mn_bind(e, &home, u->dereg))
		return;
	mn_unbind(e, u);
	mn_fallback(e, &home, "key refused");
	mn_addr_clean(e);
}

static void refused(struct lke_engine *e, struct update *u, const struct mh_ba *ba,
		    struct mn_lbsa *b)
{
	note_bound(e, u, ba, LKE_NOTE_REFUSED);
	if (ba->status == STATUS_DAD_FAILED || ba->status == STATUS_NOT_HOME_AGENT) {
		key_refused(e, u, b);
		return;
	}
	update_refused(e, u, ba->status);
	mn_fallback(e, &u->home, "refused");
	if (!u->accepted)
		mn_unbind(e, u);
	else if (u->dereg) /* until it ends, it takes what comes to this link away */
		arm(e, &u->timer, e->now + ASK_AGAIN);
}

/* Accepted for no time: the router has no binding (RFC 6275 6.1.8). */
static void accepted_for_nothing(struct lke_engine *e, struct update *u)
{
	struct lke_in6 home = u->home;

	unbound(e, u);
	mn_fallback(e, &home, "accepted for no time");
	mn_addr_clean(e);
}

static int signed_ba(struct lke_engine *e, const struct pkt *p, struct update *u,
		     const struct mh_ba *ba, struct mn_lbsa *b)
{
	bool done = u->dereg && (ba->status < 128 || ba->status == STATUS_NOT_HOME_AGENT);

	note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE);
	count(e, LKE_STAT_BA_IN);
	if (done)
		returned(e, u, ba);
	else if (ba->status < 128 && ba->lifetime > 0)
		accepted(e, u, ba, b);
	else if (ba->status < 128)
		accepted_for_nothing(e, u);
	else
		refused(e, u, ba, b);
	if (ba->status < 128)
		mn_kex_allow(e, p);
	return 0;
}

/* AMB-105: 135 is believed only signed, and only when it is not behind what was sent. */
static int sequence_refused(struct lke_engine *e, const struct pkt *p, struct update *u,
			    const struct mh_ba *ba, struct mn_lbsa *b)
{
	if (!u->outstanding || b != u->lbsa || (ba->seq != u->seq && !seq_newer(ba->seq, u->seq)))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_SEQUENCE);
	note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE);
	b->bu_seq = ba->seq;
	if (update_resync(u, INITIAL_BINDACK_TIMEOUT))
		mn_bind_send(e, u);
	return 0;
}

/* AMB-106: an unsigned error is a hint: the home agent is asked as well, nothing is deleted. */
static int unsigned_ba(struct lke_engine *e, const struct pkt *p, struct update *u,
		       const struct mh_ba *ba)
{
	if (ba->status >= 128 && update_answers(u, ba->seq) && !u->fell_back) {
		u->fell_back = true;
		mn_fallback(e, &u->home, "unsigned refusal");
		if (ba->status == STATUS_NOT_HOME_AGENT && in6_eq(&u->home, &e->mn->current) &&
		    e->mn->active)
			mn_kex_soon(e, e->mn->active);
	}
	return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_BAD_MISSING);
}

int mn_ba_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct lke_in6 home = ip6_pseudo_dst(&p->ip);
	struct update *u = update_find(e, &home, &p->ip.src);
	struct mn_lbsa *b;
	struct mh_ba ba;
	int err = mh_ba_decode(v, &ba);

	if (err < 0)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, (enum lke_drop) - err);
	if (mn_leave_ba(e, p, v, &ba))
		return 0;
	if (!u)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_BA_UNMATCHED);
	if (u->reg) /* a home agent's answer has to come in ESP */
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_ESP_MISSING);
	if (!mn_addr_find(e, &p->ip.dst))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NOT_OURS);
	if (!ba.auth.present || !ba.auth.well_placed)
		return unsigned_ba(e, p, u, &ba);
	b = mn_ba_signer(e, p, v, &u->home, &u->agent, &ba);
	if (!b)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_BAD_MAC);
	if (ba.status == STATUS_SEQUENCE)
		return sequence_refused(e, p, u, &ba, b);
	if (!u->outstanding && u->has_finished && ba.has_finished_request && ba.status < 128 &&
	    ba.seq == u->finished_seq && ba.nonce == u->finished_nonce &&
	    e->now < u->finished_until && in6_eq(&p->ip.dst, &u->coa)) {
		note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE);
		send_finished(e, u, b); /* the first one was lost */
		return 0;
	}
	if (!update_answers(u, ba.seq) || !in6_eq(&p->ip.dst, &u->coa))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_BA_UNMATCHED);
	return signed_ba(e, p, u, &ba, b);
}

void mn_bind_again(struct lke_engine *e, struct update *u)
{
	if (u->outstanding || u->dereg)
		return; /* a BU is on its way */
	/* What was bound so long has lasted, whoever asked how often before. */
	if (u->accepted && e->now - u->accepted_at > LASTING)
		u->rounds = 0;
	if (++u->rounds > ROUNDS_MAX) {
		mn_fallback(e, &u->home, "binding does not last");
		return;
	}
	mn_bind(e, &u->home, false);
}

int mn_brr_input(struct lke_engine *e, const struct pkt *p)
{
	struct lke_in6 home = ip6_pseudo_dst(&p->ip);
	struct update *u = update_find(e, &home, &p->ip.src);

	if (!u || !in6_eq(&p->ip.dst, &e->mn->current))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BRR, p, LKE_DROP_NO_BINDING);
	/* A registration uses up a number of a manual key (AMB-172): not for anybody. */
	if (u->reg)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BRR, p, LKE_DROP_ESP_MISSING);
	count(e, LKE_STAT_BRR_IN);
	note_in(e, LKE_ROLE_MN, LKE_MSG_BRR, p, LKE_DROP_NONE);
	mn_bind_again(e, u);
	return 0;
}

/* A wrong key, a wrong address and a firewall are all silence: once a round it is told. */
static void send_again(struct lke_engine *e, struct update *u)
{
	unsigned tries = u->tries;

	if (u->reg)
		mn_register_send(e, u);
	else
		mn_bind_send(e, u);
	if (u->tries == tries || tries != BU_TRIES_FALLBACK + 1)
		return;
	if (u->reg)
		alarm_note(e, LKE_ROLE_MN, &u->home,
			   "its home agent is silent; compare HomeAgent and Key there");
	else
		alarm_note(e, LKE_ROLE_MN, &u->home,
			   "its access router is silent; see: lke status");
}

/* A key that gets no answer may be unknown to the router: the older one is tried too (SEQUENCES 4).
 */
static void retry(struct lke_engine *e, struct update *u)
{
	struct mn_lbsa *older;

	if (u->tries >= BU_TRIES_FALLBACK && !u->fell_back) {
		u->fell_back = true;
		/* The silence may also mean that the router of this link is gone. */
		if (e->mn->active)
			mn_probe(e, e->mn->active);
		if (u->dereg) {
			mn_unbind(e, u);
			return;
		}
		mn_fallback(e, &u->home, "no answer");
	}
	older = u->tries == BU_TRIES_FALLBACK - 1 ? mn_lbsa_of(e, &u->home, u->lbsa) : NULL;
	if (older && in6_eq(&older->ar, &u->agent)) {
		u->lbsa = older;
		u->outstanding = false; /* another number space */
	}
	send_again(e, u);
}

/* A refresh keeps the registered care-of address while a temporary home agent serves it. */
void mn_refresh_home(struct lke_engine *e, struct update *u)
{
	struct mn_home *h = u->reg;
	struct mn_lbsa *b = mn_lbsa_of(e, &h->coa, NULL);
	struct update *t = update_of(e, &h->coa);
	bool served = b && t && t->accepted && b->expires > e->now + mn_lbsa_threshold(b);

	/* At home it was refused, and is asked for again. */
	if (u->dereg)
		mn_register(e, h, &h->cfg->addr);
	else
		mn_register(e, h, served ? &h->coa : &e->mn->current);
}

void mn_bindings_without_key(struct lke_engine *e, const char *why)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];
		struct lke_in6 home;

		if (!u || u->reg || u->lbsa)
			continue;
		home = u->home;
		mn_unbind(e, u);
		mn_fallback(e, &home, why);
	}
}

void mn_rebind(struct lke_engine *e, const struct lke_in6 *failed)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && !u->reg && !u->dereg && in6_eq(&u->coa, failed) &&
		    !in6_eq(&u->home, &e->mn->current))
			mn_bind(e, &u->home, false);
	}
}

void mn_bind_unreachable(struct lke_engine *e, const struct lke_in6 *src, const struct lke_in6 *dst)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (!u || u->reg || !u->outstanding || u->fell_back || !in6_eq(&u->agent, dst) ||
		    !in6_eq(&u->coa, src))
			continue;
		u->fell_back = true;
		mn_fallback(e, &u->home, "unreachable");
	}
}

/* AMB-125: the home agents have moved on and nothing was ever tunnelled: the binding is given back.
 * Whether a socket still uses the address the engine cannot see, so one packet keeps it. */
static bool idle(const struct lke_engine *e, const struct update *u)
{
	return e->mn->homes > 0 && e->mn->plane_reports && !u->used && !mn_registered(e, &u->home);
}

void mn_update_timer(struct lke_engine *e, struct update *u)
{
	/* After a suspend this timer may come before that of the key. */
	if (!u->reg && (!u->lbsa || u->lbsa->expires <= e->now)) {
		mn_lbsa_expire(e);
		return;
	}
	if (u->reg && u->outstanding && mn_home_auto(u->reg) && u->tries >= BU_TRIES_FALLBACK &&
	    !u->dereg)
		mn_agent_failed(e, u->reg);
	else if (u->reg && u->outstanding)
		send_again(e, u);
	else if (u->reg)
		mn_refresh_home(e, u);
	else if (u->outstanding)
		retry(e, u);
	else if (!u->dereg)
		mn_bind(e, &u->home, idle(e, u));
	else if (in6_eq(&u->home, &e->mn->current))
		mn_bind(e, &u->home, true);
}

void mn_update_end(struct lke_engine *e, struct update *u)
{
	u->accepted = false;
	u->expires = LKE_NEVER;
	if (u->reg) {
		struct mn_home *h = u->reg;

		h->coa = in6_unspecified;
		if (!u->outstanding)
			mn_register(e, h, &e->mn->current);
	} else if (!u->outstanding) {
		mn_unbind(e, u);
	}
	mn_addr_clean(e);
}

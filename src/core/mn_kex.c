/* SPDX-License-Identifier: ISC */
/* The local key exchange at the mobile node: draft 2.1 (a), (b), 3.2.1, 3.2.2, 5.2; AMB-050 ..
 * AMB-078. */
#include "core/mobile_node.h"

void mn_kex_init(struct mn_link *l)
{
	l->kex.hold = KEREQ_HOLD;
	l->kex.step = 1;
	timer_init(&l->kex.timer, MN_T_KEX, l);
}

static void set_state(struct mn_kex *k, enum mn_kex_state state)
{
	k->state = state;
}

static void forget_key(struct mn_kex *k)
{
	mem_wipe(&k->kbm, sizeof(k->kbm));
	k->has_key = false;
}

void mn_kex_cancel(struct lke_engine *e, struct mn_link *l)
{
	timerq_disarm(&e->timers, &l->kex.timer);
	forget_key(&l->kex);
	set_state(&l->kex, MN_KEX_IDLE);
	l->kex.hold = KEREQ_HOLD;
	l->kex.serial = 0;
	l->kex.early = false;
	l->kex.ripe = false;
	l->kex.not_before = 0;
}

void mn_kex_hold(struct lke_engine *e, struct mn_link *l, lke_time how_long)
{
	forget_key(&l->kex);
	l->kex.serial = 0;
	set_state(&l->kex, MN_KEX_HOLD);
	arm(e, &l->kex.timer, e->now + how_long);
}

void mn_kex_fail(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;
	lke_time how_long = k->hold;

	if (k->hint && how_long < MN_BE_HOLD)
		how_long = MN_BE_HOLD; /* AMB-078 */
	k->hold = k->hold * 2 > KEREQ_HOLD_MAX ? KEREQ_HOLD_MAX : k->hold * 2;
	mn_kex_hold(e, l, how_long);
}

/* An unsolicited NA shortly before would end the exchange in its DAD window (AMB-117). */
static bool quiet(const struct lke_engine *e, const struct mn_link *l)
{
	return l->announced == 0 || e->now >= l->announced + MN_RETURN_QUIET;
}

/* draft 2.1, 6.3; AMB-070, 072, 073, 076, 077: is everything there for an exchange? */
static bool may_start(const struct lke_engine *e, const struct mn_link *l)
{
	const struct mn_router *r = l->router;

	return e->cfg.mn.lke && !mn_home_is_here(e, l) && l->up && l == e->mn->active && r &&
	       r->lke && r->reachable && l->lke_allowed && r->suspended_until <= e->now && l->coa &&
	       l->ll && l->ll->state == MN_ADDR_PREFERRED && quiet(e, l);
}

/* The address is where its key could be made (AMB-077), and is worth it: a deprecated one is about
 * to go. */
static bool may_have_key(const struct lke_engine *e, const struct mn_link *l,
			 const struct mn_addr *a)
{
	return mn_addr_here(l, a) && a->state == MN_ADDR_PREFERRED && !update_of(e, &a->addr) &&
	       (a == l->coa || a->preferred_until > e->now);
}

/* The care-of address that the next exchange is for: the primary one first (AMB-068). */
static const struct mn_addr *without_key(const struct lke_engine *e, const struct mn_link *l)
{
	if (!mn_kex_has_key(e, l, l->coa))
		return may_have_key(e, l, l->coa) ? l->coa : NULL;
	for (unsigned n = 0; n < MN_ADDRS; n++) {
		const struct mn_addr *a = e->mn->addr[n];

		if (a && may_have_key(e, l, a) && !mn_kex_has_key(e, l, a))
			return a;
	}
	return NULL;
}

/* A key made with another router of the link does not serve at this one. */
bool mn_kex_has_key(const struct lke_engine *e, const struct mn_link *l, const struct mn_addr *a)
{
	const struct mn_lbsa *b = mn_lbsa_of(e, &a->addr, NULL);

	return b && in6_eq(&b->peer_ll, &l->router->ll);
}

/* Every transmission carries the key encrypted anew (AMB-051). */
static void encrypt(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;
	struct lke_action *a;

	timerq_disarm(&e->timers, &k->timer);
	k->serial = ++e->mn->serial;
	a = act_new(e, LKE_ACT_ENCRYPT);
	if (a) {
		a->cookie = COOKIE(MODULE_MN, k->serial);
		memcpy(a->encrypt.plain, k->kbm.b, sizeof(a->encrypt.plain));
		if (act_data(e, a, k->spki, k->spki_len)) {
			set_state(k, MN_KEX_ENCRYPTING);
			count(e, LKE_STAT_RSA_PUBLIC);
			return;
		}
	}
	mn_kex_hold(e, l, KEREQ_HOLD);
}

/* For the address, or with NULL for whichever lacks a key. */
static bool try(struct lke_engine *e, struct mn_link *l, const struct mn_addr *a)
{
	struct mn_kex *k = &l->kex;

	if (k->state != MN_KEX_IDLE || !may_start(e, l))
		return false;
	if (!a && e->now >= k->not_before)
		a = without_key(e, l);
	if (!a || !may_have_key(e, l, a))
		return false;
	/* A weak key is worse than none: fail closed (draft 5.1, AMB-136). */
	if (!rnd_bytes(e, k->kbm.b, sizeof(k->kbm.b))) {
		alarm_note(e, LKE_ROLE_MN, NULL, "no randomness for a key exchange; see: dmesg");
		return false;
	}
	k->has_key = true;
	k->coa = a->addr;
	k->ll = l->router->ll;
	k->lladdr = l->router->lladdr;
	memcpy(k->spki, l->router->spki, l->router->spki_len);
	k->spki_len = l->router->spki_len;
	k->modulus_len = l->router->modulus_len;
	k->tries = 0;
	k->resyncs = 0;
	k->step = 1;
	k->rto = KEREQ_INITIAL_RTO;
	k->hint = false;
	k->early = false;
	k->ripe = false;
	k->dad_seen = 0;
	encrypt(e, l);
	return true;
}

bool mn_kex_try(struct lke_engine *e, struct mn_link *l)
{
	return try(e, l, l->kex.early && l->kex.ripe ? l->coa : NULL);
}

bool mn_kex_renew(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *coa)
{
	const struct mn_addr *a = mn_addr_find(e, coa);

	return a && try(e, l, a);
}

static uint16_t requested_lifetime(const struct lke_engine *e, const struct mn_router *r)
{
	uint16_t want = e->cfg.mn.lifetime;

	return want == 0 || want > r->max_lifetime ? r->max_lifetime : want;
}

/* AMB-170: both proofs cover the same octets, with every HMAC field zero. */
static bool prove(const struct mn_kex *k, const struct mn_lbsa *old, struct wr *w, size_t mh,
		  size_t request, size_t renewal)
{
	size_t off[2] = { mh + request, mh + renewal };
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	lke_mac_whole(w->p, w->off, mh + 4, off, old ? 2 : 1, &in);
	if (mac_sha1(&k->kbm, &in, mac) < 0)
		return false;
	wr_patch_bytes(w, off[0], mac, sizeof(mac));
	if (!old)
		return true;
	/* The input is read again: the first proof counts as zero in it. */
	if (mac_sha1(&old->kbm, &in, mac) < 0)
		return false;
	wr_patch_bytes(w, off[1], mac, sizeof(mac));
	return true;
}

/* The live key that a renewal proof is made with: this router's. */
static const struct mn_lbsa *key_with(const struct lke_engine *e, const struct lke_in6 *coa,
				      const struct lke_in6 *router)
{
	const struct mn_lbsa *b = NULL;

	while ((b = mn_lbsa_of(e, coa, b)) && !in6_eq(&b->peer_ll, router))
		;
	return b;
}

static bool send_kereq(struct lke_engine *e, struct mn_link *l, const uint8_t *ct, size_t len)
{
	struct mn_kex *k = &l->kex;
	const struct mn_lbsa *old = draft01(e) ? NULL : key_with(e, &k->coa, &k->ll);
	struct ip6_out o = { .src = l->ll->addr,
			     .dst = k->ll,
			     .hop_limit = 255,
			     .tclass = lke_traffic_class(e->cfg.profile),
			     .hao = &k->coa };
	struct mh_kereq m = { .seq = (uint16_t)(l->router->kex_seq + k->step),
			      .data = ct,
			      .data_len = len,
			      .lifetime = requested_lifetime(e, l->router),
			      .request.present = !draft01(e),
			      .renewal.present = old != NULL };
	uint8_t buf[PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH), request = 0, renewal = 0;

	mh_kereq_encode(&w, &m, &request, &renewal);
	ip6_end(&w); /* Payload Length is under the MAC */
	if (w.err || (!draft01(e) && !prove(k, old, &w, mh, request, renewal)))
		return false;
	mh_set_checksum(&w, mh, &k->coa, &k->ll);
	if (w.err)
		return false;
	send_packet(e, LKE_ROLE_MN, LKE_MSG_KEREQ, l->ifc->ifindex, &k->lladdr, buf, w.off);
	count(e, LKE_STAT_KEREQ_SENT);
	l->router->kex_seq = m.seq;
	k->asked = m.lifetime;
	k->seq[k->tries++] = m.seq;
	k->step = 1;
	return true;
}

/* A tail of retransmissions: 4, 8, 16, 32, 32 s, each +-10 % (AMB-058). */
static void arm_retransmission(struct lke_engine *e, struct mn_kex *k)
{
	arm(e, &k->timer, e->now + rnd_jitter(e, k->rto, KEREQ_JITTER_PERCENT));
	k->rto = k->rto * 2 > KEREQ_MAX_RTO ? KEREQ_MAX_RTO : k->rto * 2;
}

void mn_kex_result(struct lke_engine *e, const struct lke_ev_result *r)
{
	struct mn_link *l = NULL;
	struct mn_kex *k;

	for (unsigned n = 0; n < e->mn->links; n++)
		if (e->mn->link[n]->kex.serial == COOKIE_ID(r->cookie))
			l = e->mn->link[n];
	if (!l || l->kex.state != MN_KEX_ENCRYPTING || !l->router || !l->ll)
		return;
	k = &l->kex;
	if (r->err != 0 || r->len != k->modulus_len) {
		alarm_note(e, LKE_ROLE_MN, &k->ll,
			   "encryption for a key exchange failed; look at its RSA key");
		mn_kex_fail(e, l);
		return;
	}
	/* The clock of the LBSA starts before the access router's (AMB-044). */
	if (k->tries == 0)
		k->first_sent = e->now;
	if (!send_kereq(e, l, r->data, r->len)) {
		mn_kex_fail(e, l);
		return;
	}
	set_state(k, MN_KEX_SENT);
	arm_retransmission(e, k);
}

/* The home agent has to answer through this router first (THREATS 43). */
static void ask_through_router(struct lke_engine *e, struct mn_link *l)
{
	if (e->cfg.mn.local_only)
		mn_probe(e, l);
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && u->reg && !u->outstanding)
			mn_refresh_home(e, u);
	}
}

/* Until it has begun or there is no key left to renew. */
static void early_renewal(struct lke_engine *e, struct mn_link *l)
{
	if (!l->coa || !mn_lbsa_of(e, &l->coa->addr, NULL)) {
		l->kex.early = false;
		mn_kex_try(e, l);
		return;
	}
	l->kex.ripe = true;
	if (mn_kex_renew(e, l, &l->coa->addr))
		return;
	arm(e, &l->kex.timer, e->now + (l->lke_allowed ? KEREQ_INITIAL_RTO : RENEW_MIN));
	if (!l->lke_allowed && l == e->mn->active)
		ask_through_router(e, l);
}

/* One exchange at a time, 4 s apart (AMB-068); a timer only where there is more to do. */
void mn_kex_done(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;

	mn_kex_cancel(e, l);
	k->not_before = e->now + KEREQ_INITIAL_RTO;
	if (l->coa && l->router && without_key(e, l))
		arm(e, &k->timer, k->not_before);
}

void mn_kex_soon(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;

	/* Unsigned: one renewal a minute is all that a forger can cause. */
	if (k->early || k->state != MN_KEX_IDLE ||
	    (k->hinted != 0 && e->now - k->hinted < KEREQ_HOLD))
		return;
	k->hinted = e->now;
	k->early = true;
	k->ripe = false;
	arm(e, &k->timer, e->now + rnd_below(e, KEREQ_INITIAL_RTO));
}

int mn_kex_command(struct lke_engine *e, struct mn_link *l)
{
	if (l->kex.state == MN_KEX_HOLD)
		mn_kex_cancel(e, l);
	if (l->coa && mn_kex_renew(e, l, &l->coa->addr))
		return 0;
	if (quiet(e, l) || l->kex.state != MN_KEX_IDLE)
		return LKE_ERR_STATE;
	l->kex.early = true;
	l->kex.ripe = false;
	arm(e, &l->kex.timer, l->announced + MN_RETURN_QUIET);
	return 0;
}

void mn_kex_timer(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;

	switch (k->state) {
	case MN_KEX_HOLD:
		set_state(k, MN_KEX_IDLE);
		if (k->early) {
			early_renewal(e, l);
			return;
		}
		/* A key due for renewal is renewed, a missing one is made. */
		if (l->coa) {
			const struct mn_lbsa *b = mn_lbsa_of(e, &l->coa->addr, NULL);

			if (!b || b->expires - e->now > mn_lbsa_threshold(b) ||
			    !mn_kex_renew(e, l, &b->coa))
				mn_kex_try(e, l);
		}
		return;
	case MN_KEX_SENT:
		if (k->tries == KEREQ_TRIES) {
			mn_kex_fail(e, l);
			return;
		}
		/* A draft01 router drops an old number silently: leave its half window (AMB-050).
		 */
		if (k->tries == 3 && k->resyncs == 0)
			k->step = KEREQ_SEQ_JUMP;
		encrypt(e, l);
		return;
	case MN_KEX_IDLE:
	case MN_KEX_ENCRYPTING:
		if (k->early)
			early_renewal(e, l);
		else
			mn_kex_try(e, l); /* for the next address */
		return;
	}
}

/* The clock of a key runs from its first request (AMB-044): of one that is over, no answer would be
 * believed any more. */
void mn_kex_resume(struct lke_engine *e, struct mn_link *l)
{
	struct mn_kex *k = &l->kex;
	struct lke_in6 coa = k->coa;

	if (k->tries == 0 || (k->state != MN_KEX_SENT && k->state != MN_KEX_ENCRYPTING) ||
	    e->now - k->first_sent < k->asked * LKE_SEC)
		return;
	mn_kex_cancel(e, l);
	if (!mn_kex_renew(e, l, &coa))
		mn_kex_try(e, l);
}

/* A restarted router has a new key and has forgotten ours (SEQUENCES 7); it may also just rotate.
 */
void mn_kex_key_changed(struct lke_engine *e, struct mn_link *l, struct mn_router *r)
{
	struct mn_lbsa *b = l->coa ? mn_lbsa_of(e, &l->coa->addr, NULL) : NULL;
	lke_time limit;

	if (l->router != r)
		return;
	if (l->kex.state == MN_KEX_HOLD) { /* a new key ends a hold, AMB-058 */
		timerq_disarm(&e->timers, &l->kex.timer);
		set_state(&l->kex, MN_KEX_IDLE);
		l->kex.hold = KEREQ_HOLD;
	}
	if (!b || l->kex.state != MN_KEX_IDLE)
		return;
	limit = (b->expires - e->now) / 2;
	l->kex.early = true;
	l->kex.ripe = false; /* an advertisement or a sign of the router does not start it */
	arm(e, &l->kex.timer, e->now + rnd_below(e, limit < RENEW_MAX ? limit : RENEW_MAX));
}

void mn_kex_hint(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *router)
{
	(void)e;
	if (l->kex.has_key && in6_eq(&l->kex.ll, router))
		l->kex.hint = true;
}

void mn_kex_allow(struct lke_engine *e, const struct pkt *p)
{
	struct mn_link *l = p->ifc->mn;

	/* The frame came from the access router: it does forward (draft 6.1, LKE-201). */
	if (!l || !l->router || !lladdr_eq(&p->src_ll, &l->router->lladdr))
		return;
	l->lke_allowed = true;
	l->router->proved = true;
	mn_reach_confirmed(e, l);
	mn_kex_try(e, l);
}

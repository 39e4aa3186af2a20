/* SPDX-License-Identifier: ISC */
/*
 * Registration with home agents: RFC 6275 11.7.1, 11.7.3, in ESP transport mode (RFC 3776).  No
 * Binding Authorization Data and no Nonce Indices: deployed home agents drop such an update
 * (AMB-177).
 */
#include "core/mobile_node.h"

#define REFUSED_RETRY (60 * LKE_SEC)

struct mn_home *mn_home_find(const struct lke_engine *e, const struct lke_in6 *home)
{
	for (unsigned n = 0; n < e->mn->homes; n++)
		if (in6_eq(&e->mn->home[n].cfg->addr, home))
			return &e->mn->home[n];
	return NULL;
}

static int build(struct lke_engine *e, const struct update *u, uint16_t seq, uint8_t *buf,
		 size_t size)
{
	const struct mn_home *h = u->reg;
	struct ip6_out o = { .src = u->dereg ? h->cfg->addr : e->mn->current,
			     .dst = u->agent,
			     .hop_limit = 64,
			     .tclass = lke_traffic_class(e->cfg.profile),
			     .hao = u->dereg ? NULL : &h->cfg->addr };
	struct mh_bu bu = { .seq = seq,
			    .flags = BU_A | BU_H,
			    .lifetime = u->lifetime,
			    .has_alt_coa = true,
			    .alt_coa = u->coa };
	uint8_t mh[128];
	struct wr w = wr_init(mh, sizeof(mh));

	mh_bu_encode(&w, &bu, false);
	mh_set_checksum(&w, 0, &h->cfg->addr, &u->agent);
	if (w.err)
		return LKE_ERR_SPACE;
	return sa_protect(e, &u->reg->out, &o, mh, w.off, buf, size);
}

/* To the router, or at home to the home agent itself. */
static const struct lke_lladdr *next_hop(const struct mn_link *l, const struct update *u)
{
	return u->dereg ? &u->reg->agent_lladdr : &l->router->lladdr;
}

void mn_register_send(struct lke_engine *e, struct update *u)
{
	struct mn_link *l = e->mn->active;
	uint8_t buf[512];
	uint16_t seq;
	int len;

	if (!l || !l->router || !tbf_take(&u->rate, 1, e->now)) {
		u->outstanding = u->outstanding || u->tries == 0;
		arm(e, &u->timer, e->now + LKE_SEC / MAX_UPDATE_RATE);
		return;
	}
	if (!mn_sequence_next(e, u->reg, &seq))
		return;
	len = build(e, u, seq, buf, sizeof(buf));
	if (len < 0) {
		alarm_note(e, LKE_ROLE_MN, &u->home,
			   "cannot protect a Binding Update; restart lked");
		arm(e, &u->timer, e->now + MAX_BINDACK_TIMEOUT);
		return;
	}
	send_packet_full(e, LKE_ROLE_MN, LKE_MSG_BU, l->ifc->ifindex, next_hop(l, u), buf,
			 (size_t)len, &u->home, 0, seq, (uint32_t)u->lifetime * LIFETIME_UNIT);
	count(e, LKE_STAT_BU_SENT);
	if (u->tries == 0)
		u->outstanding = false; /* the first number of a new round */
	update_sent(e, u, seq);
}

/* coa is the home address itself: a deregistration from the home link (RFC 6275 11.5.5). */
void mn_register(struct lke_engine *e, struct mn_home *h, const struct lke_in6 *coa)
{
	struct update *u = update_find(e, &h->cfg->addr, &h->agent);
	uint32_t lifetime = mn_mobile_prefix_limit(e, h, h->cfg->lifetime) / LIFETIME_UNIT;

	if (in6_is_unspecified(&h->agent)) {
		mn_discover(e, h);
		return;
	}
	/* At home it has no care-of address. */
	if (h->state != MN_HOME_AWAY && !in6_eq(coa, &h->cfg->addr))
		return;
	if (lifetime == 0)
		return; /* the prefix of the home address has ended */
	if (!u)
		u = update_new(e, &h->cfg->addr, &h->agent);
	if (!u)
		return;
	u->reg = h;
	u->coa = *coa;
	u->dereg = in6_eq(coa, &h->cfg->addr);
	u->lifetime = (uint16_t)(lifetime > UINT16_MAX ? UINT16_MAX : lifetime);
	if (u->dereg)
		u->lifetime = 0;
	update_begin(u, u->accepted ? INITIAL_BINDACK_TIMEOUT : INITIAL_BINDACK_TIMEOUT_FIRSTREG);
	mn_register_send(e, u);
}

void mn_register_all(struct lke_engine *e)
{
	for (unsigned n = 0; n < e->mn->homes; n++) {
		struct mn_home *h = &e->mn->home[n];
		struct update *u = update_find(e, &h->cfg->addr, &h->agent);

		if (h->state == MN_HOME_AWAY && !in6_eq(&h->coa, &e->mn->current) &&
		    !(u && u->outstanding && in6_eq(&u->coa, &e->mn->current)))
			mn_register(e, h, &e->mn->current);
	}
}

static void note_home(struct lke_engine *e, const struct update *u, const struct mh_ba *ba)
{
	bool good = ba->status < 128 && ba->lifetime > 0;
	struct lke_note *n =
		note_new(e, good ? LKE_NOTE_REGISTERED : LKE_NOTE_REFUSED, LKE_ROLE_MN);

	if (!n)
		return;
	n->addr = u->home;
	n->peer = u->coa;
	n->status = ba->status;
	n->seq = ba->seq;
	n->lifetime = (uint32_t)ba->lifetime * LIFETIME_UNIT;
	if (e->mn->active)
		n->value = e->now - e->mn->active->up_at;
}

/* RFC 6275 11.7.3: 135 inside ESP is authentic, the next number follows the one the home agent
 * knows. */
static int resync(struct lke_engine *e, const struct pkt *p, struct update *u,
		  const struct mh_ba *ba)
{
	if (!u->outstanding || (ba->seq != u->seq && !seq_newer(ba->seq, u->seq)))
		return note_in_full(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_SEQUENCE, &u->home,
				    ba->status, ba->seq, 0);
	note_in_full(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_NONE, &u->home, ba->status, ba->seq,
		     0);
	mn_sequence_told(e, u->reg, ba->seq);
	if (update_resync(u,
			  u->accepted ? INITIAL_BINDACK_TIMEOUT : INITIAL_BINDACK_TIMEOUT_FIRSTREG))
		mn_register_send(e, u);
	return 0;
}

static void registered(struct lke_engine *e, const struct pkt *p, struct update *u,
		       const struct mh_ba *ba)
{
	struct mn_home *h = u->reg;
	uint32_t lifetime = (uint32_t)ba->lifetime * LIFETIME_UNIT;
	uint32_t refresh = ba->has_refresh_advice ? (uint32_t)ba->refresh_advice * LIFETIME_UNIT
						  : lifetime - lifetime / 4;

	if (refresh == 0 || refresh > lifetime)
		refresh = lifetime - lifetime / 4;
	h->coa = u->coa;
	h->counts = true;
	update_accept(e, u, lifetime, (lke_time)refresh * LKE_SEC);
	mn_home_tunnel(e, h, &h->coa);
	note_home(e, u, ba);
	mn_addr_clean(e);
	if (ba->status == STATUS_PREFIX_DISCOVERY)
		mn_mobile_prefix_ask(e, h);
	mn_kex_allow(e, p);
}

int mn_home_ba(struct lke_engine *e, const struct pkt *p, struct mn_home *h, const struct mh_ba *ba)
{
	struct update *u = update_find(e, &h->cfg->addr, &h->agent);
	enum lke_drop bad = LKE_DROP_NONE;

	if (!u)
		return note_in_full(e, LKE_ROLE_MN, LKE_MSG_BA, p, LKE_DROP_BA_UNMATCHED,
				    &h->cfg->addr, ba->status, ba->seq, 0);
	if (ba->status == STATUS_SEQUENCE)
		return resync(e, p, u, ba);
	if (!update_answers(u, ba->seq))
		bad = LKE_DROP_BA_UNMATCHED;
	note_in_full(e, LKE_ROLE_MN, LKE_MSG_BA, p, bad, &u->home, ba->status, ba->seq,
		     (uint32_t)ba->lifetime * LIFETIME_UNIT);
	if (bad != LKE_DROP_NONE)
		return -(int)bad;
	count(e, LKE_STAT_BA_IN);
	if (u->dereg && (ba->status < 128 || ba->status == STATUS_NOT_HOME_AGENT)) {
		update_free(e, u);
		mn_home_arrived(e, h);
		return 0;
	}
	if (ba->status < 128 && ba->lifetime > 0) {
		registered(e, p, u, ba);
		return 0;
	}
	update_refused(e, u, ba->status);
	note_home(e, u, ba);
	/* A deregistration is for the agent that has the binding. */
	if (mn_home_auto(h) && !u->dereg)
		mn_agent_failed(e, h);
	else
		arm(e, &u->timer, e->now + REFUSED_RETRY);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/*
 * Key Exchange Request with a known Kbm: request proof, current exchange, refusal, Seq#, commit,
 * and the Key Exchange Acknowledgement.  Draft 2.1, 3.2.2; AMB-042..044, 050..052, 128, 170.
 */
#include "core/access_router.h"

/* The AR address of option 4: ours in the prefix of the care-of address; in a refusal any will do
 * (AMB-057). */
static const struct lke_in6 *ar_address(const struct lke_engine *e, const struct ar_link *k,
					const struct lke_in6 *coa, bool any)
{
	const struct lke_in6 *a = NULL;
	unsigned len;

	if (ar_link_on_link(e, k, coa, &len))
		a = iface_addr_in_prefix(k->ifc, coa, len);
	return a || !any ? a : iface_addr_in_prefix(k->ifc, coa, 0);
}

/* Status, granted lifetime in units of 4 s and the AR address; everything else mirrors the request.
 */
static void send_keack(struct lke_engine *e, const struct kex_request *r,
		       const struct secret16 *kbm, uint8_t status, uint16_t lifetime,
		       const struct lke_in6 *ar)
{
	struct mh_keack m = { .status = status, .seq = r->m.seq, .lifetime = lifetime, .ar = *ar };
	struct ip6_out o = { .src = r->ip.dst,
			     .dst = r->ip.src,
			     .tclass = lke_traffic_class(e->cfg.profile),
			     .hop_limit = 255,
			     .rh2 = &r->coa };
	uint8_t buf[PACKET_MAX], mac[SHA1_LEN];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_mac_input in;
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH), off;

	mh_keack_encode(&w, &m, &off);
	ip6_end(&w);
	off += mh;
	lke_mac_whole(buf, w.off, mh + 4, &off, 1, &in);
	if (w.err || mac_sha1(kbm, &in, mac) < 0)
		return;
	wr_patch_bytes(&w, off, mac, sizeof(mac));
	mh_set_checksum(&w, mh, &o.src, &r->coa);
	count(e, status >= 128 ? LKE_STAT_KEACK_REFUSED : LKE_STAT_KEACK_SENT);
	e->answers = r->came;
	send_packet(e, LKE_ROLE_AR, LKE_MSG_KEACK, r->ifindex, &r->src_ll, buf, w.off);
}

/* An authenticated refusal (AMB-057).  It never advances a number. */
static int refuse(struct lke_engine *e, const struct kex_request *r, const struct secret16 *kbm,
		  uint8_t status)
{
	const struct ar_link *k = ar_link_by_index(e, r->ifindex);
	const struct lke_in6 *ar = ar_address(e, k, &r->coa, true);

	if (ar)
		send_keack(e, r, kbm, status, 0, ar);
	return kex_note(e, r, LKE_DROP_REFUSED, status);
}

/* draft01 drops an old number silently, AMB-131. */
static int refuse_seq(struct lke_engine *e, const struct kex_request *r, const struct secret16 *kbm)
{
	if (draft01(e))
		return kex_note(e, r, LKE_DROP_KEX_SEQ, 0);
	return refuse(e, r, kbm, STATUS_SEQUENCE);
}

static uint16_t units_left(const struct lke_engine *e, const struct lbsa *l)
{
	lke_time left = l->expires > e->now ? l->expires - e->now : 0;

	return (uint16_t)(left / LKE_SEC / LIFETIME_UNIT);
}

static struct replay *replay_of(struct lke_engine *e, const struct kex_request *r)
{
	return &e->ar->rsa[r->key].replay;
}

/* AMB-051: remembers accepted key exchange data.  False: the cache is full and the request has no
 * proof. */
static bool remember(struct lke_engine *e, const struct kex_request *r, bool proved)
{
	struct replay *c = replay_of(e, r);
	uint64_t hash;
	int err;

	if (draft01(e))
		return true;
	hash = replay_hash(c, r->m.data, r->m.data_len);
	err = replay_add_hash(c, hash);
	if (err == 0)
		ar_state_seen(e, &e->ar->rsa[r->key], hash);
	if (r->key == 0 && c->n >= AR_REPLAY_MAX / 10 * 9)
		ar_rsa_used_up(e);
	return err == 0 || proved;
}

bool kex_replayed(const struct lke_engine *e, const struct kex_request *r)
{
	for (unsigned n = 0; n < 2 && !draft01(e); n++)
		if (replay_has(&e->ar->rsa[n].replay, r->m.data, r->m.data_len))
			return true;
	return false;
}

int kex_drop_replay(struct lke_engine *e, const struct kex_request *r)
{
	count(e, LKE_STAT_REPLAYS_REJECTED);
	return kex_note(e, r, LKE_DROP_REPLAY, 0);
}

int kex_again(struct lke_engine *e, struct kex_request *r, struct lbsa *l)
{
	bool old = kex_replayed(e, r);

	if (!kex_same_owner(r, l)) /* pasted under another source, THREATS 10 */
		return kex_note(e, r, LKE_DROP_OWNER, 0);
	if (old &&
	    (!seq_newer(r->m.seq, l->kex_seq) || e->now > l->first_request + AR_CURRENT_EXCHANGE))
		return kex_drop_replay(e, r);
	ar_limit_penalise(e, r->ifindex, &r->ip.src);
	if (!seq_newer(r->m.seq, l->kex_seq))
		return refuse_seq(e, r, &l->kbm);
	if (units_left(e, l) == 0)
		return refuse(e, r, &l->kbm, STATUS_UNSPECIFIED);
	(void)remember(e, r, true);
	l->kex_seq = r->m.seq;
	ar_state_put(e, l);
	kex_note(e, r, LKE_DROP_NONE, 0);
	send_keack(e, r, &l->kbm, STATUS_ACCEPTED, units_left(e, l), &l->ar);
	return 0;
}

/*
 * Granted lifetime in units of 4 s (AMB-042, 043, 128); 0 with the status that says why not.
 */
static uint16_t grant(struct lke_engine *e, const struct ar_link *k, const struct kex_request *r,
		      uint8_t *ret_status)
{
	uint32_t have = lbsa_count(&e->ar->lbsa, r->ifindex, NULL), max = k->cfg->max_lbsa;
	uint32_t s = ar_max_lifetime(e, k);

	/* A renewal takes no further place: an existing entry can be renewed in a full table. */
	if (lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_VALID))
		have--;
	*ret_status = STATUS_UNSPECIFIED;
	if (r->m.lifetime > 0 && r->m.lifetime < s)
		s = r->m.lifetime;
	if (ar_prefix_valid(e, k, &r->coa) < s)
		s = ar_prefix_valid(e, k, &r->coa);
	if (have >= max / 4 * 3 && s > 120)
		s = 120;
	else if (have >= max / 2 && s > 600)
		s = 600;
	if (have >= max)
		*ret_status = STATUS_RESOURCES;
	return have >= max ? 0 : (uint16_t)(s / LIFETIME_UNIT);
}

static bool mac_full(struct lke_engine *e, const struct ar_link *k, const struct kex_request *r)
{
	const struct lbsa *valid = lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_VALID);

	/* A renewal takes no further place: it ends in place of the one it renews. */
	if (r->src_ll.len == 0 || (valid && lladdr_eq(&valid->peer_lladdr, &r->src_ll)))
		return false;
	return lbsa_count(&e->ar->lbsa, r->ifindex, &r->src_ll) >= k->cfg->max_per_mac;
}

/* A tombstone's key comes again: another detection for the same instance (AMB-051). */
static int revive(struct lke_engine *e, struct kex_request *r, struct lbsa *l)
{
	struct lbsa *t = l->entry->inst[LKE_LBSA_TENTATIVE];

	if (!kex_same_owner(r, l))
		return kex_note(e, r, LKE_DROP_OWNER, 0);
	ar_limit_penalise(e, r->ifindex, &r->ip.src);
	if (!seq_newer(r->m.seq, l->kex_seq))
		return refuse_seq(e, r, &l->kbm);
	if (units_left(e, l) == 0)
		return refuse(e, r, &l->kbm, STATUS_UNSPECIFIED);
	if (t)
		ar_lbsa_remove(e, t, "replaced by another exchange");
	if (lbsa_set_state(&e->ar->lbsa, l, LKE_LBSA_TENTATIVE) < 0)
		return refuse(e, r, &l->kbm, STATUS_RESOURCES);
	ar_state_put(e, l);
	(void)remember(e, r, true);
	timerq_disarm(&e->timers, &l->timer);
	ar_lbsa_arm(e, l);
	l->kex_seq = r->m.seq;
	kex_note(e, r, LKE_DROP_NONE, 0);
	send_keack(e, r, &l->kbm, STATUS_ACCEPTED, units_left(e, l), &l->ar);
	ar_lbsa_note(e, LKE_NOTE_LBSA_TENTATIVE, l, "");
	ar_dad_start(e, l);
	return 0;
}

/* What a new instance displaces at once: a detection of an earlier key; in draft01 everything
 * (AMB-052). */
static void displace(struct lke_engine *e, const struct kex_request *r)
{
	struct lbsa_cache *c = &e->ar->lbsa;
	struct lbsa *t = lbsa_find(c, r->ifindex, &r->coa, LKE_LBSA_TENTATIVE);
	struct lbsa *v = lbsa_find(c, r->ifindex, &r->coa, LKE_LBSA_VALID);

	if (t)
		ar_lbsa_remove(e, t, "replaced by another exchange");
	if (v && draft01(e))
		ar_lbsa_remove(e, v, "replaced");
}

/* AMB-056: a mobile node that a home agent on this host serves by IPsec at this care-of address. */
static bool served_by_ipsec(const struct lke_engine *e, const struct lke_in6 *coa)
{
	struct lke_binding_view v;
	size_t cursor = 0;

	while (e->ha && binding_next(e, &cursor, &v))
		if (v.role == LKE_ROLE_HA && in6_eq(&v.coa, coa))
			return true;
	return false;
}

/* Tombstones are kept beside the instances that count; in a full cache the oldest gives way. */
static void make_room(struct lke_engine *e)
{
	struct lbsa *old =
		lbsa_cache_full(&e->ar->lbsa) ? lbsa_oldest_tombstone(&e->ar->lbsa) : NULL;

	if (old)
		ar_lbsa_remove(e, old, "place needed");
}

static int commit(struct lke_engine *e, struct kex_request *r, const struct secret16 *kbm)
{
	const struct ar_link *k = ar_link_by_index(e, r->ifindex);
	const struct lke_in6 *ar = ar_address(e, k, &r->coa, false);
	struct lke_in6 group = in6_solicited_node(&r->coa);
	struct lbsa tmpl = { .kbm = *kbm,
			     .peer_ll = r->ip.src,
			     .peer_lladdr = r->src_ll,
			     .proved = !r->draft_peer,
			     .first_request = e->now,
			     .kex_seq = r->m.seq };
	struct lbsa *l;
	uint8_t status;
	uint16_t units = grant(e, k, r, &status);
	int err;

	if (served_by_ipsec(e, &r->coa))
		return refuse(e, r, kbm, STATUS_PROHIBITED);
	if (units == 0 || !ar || mac_full(e, k, r))
		return refuse(e, r, kbm, units == 0 ? status : STATUS_RESOURCES);
	if (!remember(e, r, tmpl.proved))
		return kex_note(e, r, LKE_DROP_LIMIT, 0);
	tmpl.ar = *ar;
	tmpl.expires = e->now + (lke_time)units * LIFETIME_UNIT * LKE_SEC;
	displace(e, r);
	make_room(e);
	err = lbsa_add(&e->ar->lbsa, r->ifindex, &r->coa, &tmpl, &l);
	mem_wipe(&tmpl, sizeof(tmpl));
	if (err < 0)
		return refuse(e, r, kbm, STATUS_RESOURCES);
	ar_lbsa_arm(e, l);
	group_join(e, r->ifindex, &group);
	kex_note(e, r, LKE_DROP_NONE, 0);
	send_keack(e, r, &l->kbm, STATUS_ACCEPTED, units, &l->ar);
	ar_lbsa_note(e, LKE_NOTE_LBSA_TENTATIVE, l, "");
	ar_dad_start(e, l);
	/* Steering takes milliseconds: reverse tunnel packets follow a Binding Update at once. */
	steer_add(e, LKE_STEER_MINE, &l->ar, 0);
	return 0;
}

/* A key that is in use already: the current exchange again, or somebody else's key (AMB-034). */
static int known_key(struct lke_engine *e, struct kex_request *r, struct lbsa *l)
{
	bool here = l->entry->key.ifindex == r->ifindex && in6_eq(&l->entry->key.coa, &r->coa);

	if (here && l->state != LKE_LBSA_TOMBSTONE)
		return kex_again(e, r, l);
	if (kex_replayed(e, r))
		return kex_drop_replay(e, r);
	return here ? revive(e, r, l) : refuse(e, r, &l->kbm, STATUS_UNSPECIFIED);
}

int kex_answer(struct lke_engine *e, struct kex_request *r, const struct secret16 *kbm)
{
	const struct lbsa *valid = lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_VALID);
	struct lbsa *same = lbsa_by_kbm(&e->ar->lbsa, kbm);
	struct kex_verdict v;
	int err;

	r->draft_peer = draft01(e) || !r->m.request.present;
	if (!r->draft_peer && !kex_proof_ok(r, &r->m.request, kbm))
		return kex_note(e, r, LKE_DROP_KEX_PROOF, 0);
	/* The world may have changed while the key was at work: decide again. */
	err = kex_decide(e, r, &v);
	if (err < 0)
		return kex_note(e, r, (enum lke_drop) - err, 0);
	if (same && (v.status == 0 || same->state != LKE_LBSA_TOMBSTONE))
		return known_key(e, r, same);
	if (kex_replayed(e, r))
		return kex_drop_replay(e, r);
	if (v.status)
		return refuse(e, r, kbm, v.status);
	if (valid && !seq_newer(r->m.seq, valid->kex_seq))
		return refuse_seq(e, r, kbm);
	return commit(e, r, kbm);
}

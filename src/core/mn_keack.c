/* SPDX-License-Identifier: ISC */
/* The Key Exchange Acknowledgement at the mobile node: draft 2.1 (b), 3.2.2, 5.2; AMB-055, 057,
 * 069. */
#include "core/mobile_node.h"

static bool sent_number(const struct mn_kex *k, uint16_t seq)
{
	for (unsigned n = 0; n < k->tries; n++)
		if (k->seq[n] == seq)
			return true;
	return false;
}

static enum lke_drop check_scope(const struct mn_link *l, const struct pkt *p)
{
	const struct mn_kex *k = &l->kex;

	if (p->ip.hop_limit != 255)
		return LKE_DROP_SCOPE_HOPLIMIT;
	if (!in6_is_linklocal(&p->ip.src) || !in6_is_linklocal(&p->ip.dst))
		return LKE_DROP_SCOPE_ADDRESS;
	if (!l->ll || !in6_eq(&p->ip.dst, &l->ll->addr))
		return LKE_DROP_NOT_OURS;
	if (!k->has_key || k->tries == 0 || !in6_eq(&p->ip.src, &k->ll))
		return LKE_DROP_KEX_UNEXPECTED;
	if (!p->ip.has_rh2 || !in6_eq(&p->ip.rh2, &k->coa))
		return LKE_DROP_RH2;
	return LKE_DROP_NONE;
}

static bool verify(const struct mn_kex *k, const struct pkt *p, const struct mh_keack *m)
{
	size_t off = p->ip.upper_off + m->mac_off;
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	lke_mac_whole(p->ip.pkt, p->ip.len, p->ip.upper_off + 4, &off, 1, &in);
	return mac_sha1(&k->kbm, &in, mac) == 0 && mem_eq_ct(mac, m->mac, sizeof(m->mac));
}

/* draft 5.2 to the letter: an Ack that does not verify removes the LBSA and starts again (AMB-055).
 */
static void obey_bad_ack(struct lke_engine *e, struct mn_link *l)
{
	struct lke_in6 coa = l->kex.coa;

	for (struct mn_lbsa *b; (b = mn_lbsa_of(e, &coa, NULL));)
		mn_lbsa_remove(e, b, "acknowledgement failed verification");
	mn_kex_cancel(e, l);
	mn_kex_hold(e, l, KEREQ_INITIAL_RTO);
}

/* The address that Binding Updates go to shares the prefix of the care-of address (AMB-069). */
static bool good_address(struct lke_engine *e, const struct mn_kex *k, const struct lke_in6 *ar)
{
	const struct mn_addr *a = mn_addr_find(e, &k->coa);

	if (!in6_is_global(ar) || in6_eq(ar, &k->coa))
		return false;
	if (in6_prefix_eq(ar, &k->coa, a ? a->plen : 64))
		return true;
	if (draft01(e))
		alarm_note(e, LKE_ROLE_MN, ar,
			   "access router address outside the prefix; look at that router");
	return draft01(e);
}

static void note_refused(struct lke_engine *e, const struct mn_link *l, const struct mh_keack *m)
{
	struct lke_note *n = note_new(e, LKE_NOTE_REFUSED, LKE_ROLE_MN);

	if (!n)
		return;
	n->ifindex = l->ifc->ifindex;
	n->addr = l->kex.coa;
	n->peer = l->kex.ll;
	n->status = m->status;
	n->seq = m->seq;
	note_text(n, "key exchange");
}

static void refused(struct lke_engine *e, struct mn_link *l, const struct mh_keack *m)
{
	struct mn_kex *k = &l->kex;
	struct mn_addr *a;

	note_refused(e, l, m);
	switch (m->status) {
	case STATUS_SEQUENCE:
		/* AMB-131: two jumps reach the accepted half from every start; after the waiting
		 * time. */
		if (++k->resyncs == 1)
			k->step = KEREQ_SEQ_JUMP;
		else if (k->resyncs == 2)
			k->step = KEREQ_SEQ_JUMP2;
		return;
	case STATUS_PROHIBITED:
		mn_kex_hold(e, l, KEREQ_REFUSED_HOLD);
		/* The address belongs to a key we lost: the next one (AMB-170). */
		a = mn_addr_find(e, &k->coa);
		if (!draft01(e) && a && !mn_lbsa_of(e, &k->coa, NULL) && mn_addr_here(l, a)) {
			mn_kex_cancel(e, l);
			mn_addr_replace(e, l, a);
		}
		return;
	case STATUS_RESOURCES:
		mn_kex_hold(e, l, KEREQ_HOLD);
		return;
	default:
		mn_kex_hold(e, l, KEREQ_REFUSED_HOLD);
		return;
	}
}

/* No more than was asked for, which is within the router's Maximum Lifetime (draft 3.1.1). */
static lke_time key_end(const struct mn_kex *k, const struct mh_keack *m)
{
	lke_time granted = (lke_time)m->lifetime * LIFETIME_UNIT;

	return k->first_sent + (granted < k->asked ? granted : k->asked) * LKE_SEC;
}

static void accept(struct lke_engine *e, struct mn_link *l, const struct mh_keack *m)
{
	struct mn_kex *k = &l->kex;
	struct mn_lbsa *b = mn_lbsa_new(e);

	if (!b) {
		mn_kex_fail(e, l);
		return;
	}
	b->coa = k->coa;
	b->ar = m->ar;
	b->peer_ll = k->ll;
	b->peer_lladdr = k->lladdr;
	b->ifindex = l->ifc->ifindex;
	b->kbm = k->kbm;
	b->since = k->first_sent;
	b->expires = key_end(k, m);
	b->proved = !draft01(e);
	b->kex_seq = m->seq;
	b->dad_seen = k->dad_seen;
	mn_lbsa_start(e, b);
	if (draft01(e))
		mn_lbsa_remove_older(e, b);
	mn_kex_done(e, l);
}

int mn_keack_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct mn_link *l = p->ifc->mn;
	enum lke_drop bad;
	struct mh_keack m;
	int err;

	if (!l)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_SCOPE_INTERFACE);
	bad = check_scope(l, p);
	if (bad != LKE_DROP_NONE)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, bad);
	err = mh_keack_decode(v, &m);
	if (err < 0)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, (enum lke_drop) - err);
	if (!sent_number(&l->kex, m.seq))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_KEX_UNEXPECTED);
	if (!verify(&l->kex, p, &m)) {
		if (draft01(e) && m.seq == l->kex.seq[l->kex.tries - 1])
			obey_bad_ack(e, l);
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_KEX_MAC);
	}
	if (m.status < 128 && !good_address(e, &l->kex, &m.ar))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_SCOPE_ADDRESS);
	if (m.status < 128 && (m.lifetime == 0 || key_end(&l->kex, &m) <= e->now))
		return note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_STATE); /* AMB-043 */
	note_in(e, LKE_ROLE_MN, LKE_MSG_KEACK, p, LKE_DROP_NONE);
	count(e, LKE_STAT_KEACK_IN);
	if (m.status < 128)
		accept(e, l, &m);
	else
		refused(e, l, &m);
	return 0;
}

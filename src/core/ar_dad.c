/* SPDX-License-Identifier: ISC */
/*
 * Duplicate Address Detection for the mobile node, with authentication (draft 2.1, 4.3;
 * AMB-080..099), and the defence of care-of addresses afterwards: cached advertisement, own
 * advertisement (AMB-090, 093, 178).
 */
#include "core/access_router.h"

struct dad_run {
	uint32_t nonce[DAD_NS_COUNT];
	unsigned sent;
	bool good;
	uint8_t *na; /* the first good reply */
	size_t na_len;
	struct timer timer; /* next NS, or the end of the window */
	/* a Binding Update that waits for the end of the window, AMB-098 */
	uint8_t *bu;
	size_t bu_len;
	uint16_t bu_seq;
	uint32_t bu_ifindex;
	struct lke_lladdr bu_ll;
};

static bool has_nonce(const struct dad_run *d, uint32_t nonce)
{
	for (unsigned n = 0; n < d->sent; n++)
		if (d->nonce[n] == nonce)
			return true;
	return false;
}

/* A nonce that this run has not used; false when the generator fails (fail closed, AMB-136). */
static bool new_nonce(struct lke_engine *e, struct dad_run *d)
{
	uint32_t nonce;

	do {
		if (!rnd_bytes(e, &nonce, sizeof(nonce)))
			return false;
	} while (has_nonce(d, nonce));
	d->nonce[d->sent++] = nonce;
	return true;
}

/* Draft 3.1.2, AMB-080: from :: to the solicited-node group, option 7, no other option. */
static void send_ns(struct lke_engine *e, const struct lbsa *l)
{
	const struct lbsa_key *key = &l->entry->key;
	struct lke_in6 dst = in6_solicited_node(&key->coa);
	struct nd_msg m = { .type = ND_NS, .target = key->coa, .has_auth = true };
	uint8_t buf[PACKET_MAX], mac[SHA1_LEN];
	struct lke_mac_input in;
	size_t off;
	int len;

	m.auth.nonce = l->dad->nonce[l->dad->sent - 1];
	m.auth.ar = l->ar;
	len = nd_encode(&m, &in6_unspecified, &dst, lke_traffic_class(e->cfg.profile), buf,
			sizeof(buf));
	if (len < 0)
		return;
	off = nd_mac_off((size_t)len);
	lke_mac_whole(buf, (size_t)len, IP6_HDR_LEN + 2, &off, 1, &in);
	if (mac_sha1(&l->kbm, &in, mac) < 0)
		return;
	nd_set_mac(buf, (size_t)len, off, mac);
	send_packet(e, LKE_ROLE_AR, LKE_MSG_DAD_NS_AUTH, key->ifindex, NULL, buf, (size_t)len);
}

static void run_free(struct dad_run *d)
{
	if (!d)
		return;
	mem_free(d->bu);
	mem_free(d->na);
	mem_free(d);
}

void ar_dad_cancel(struct lke_engine *e, struct lbsa *l)
{
	struct dad_run *d = l->dad;

	if (!d)
		return;
	if (timer_armed(&d->timer))
		timerq_disarm(&e->timers, &d->timer);
	run_free(d);
	l->dad = NULL;
}

void ar_dad_start(struct lke_engine *e, struct lbsa *l)
{
	struct dad_run *d = mem_zalloc(sizeof(*d));

	count(e, LKE_STAT_DAD_RUNS);
	l->dad = d;
	if (!d || !new_nonce(e, d)) {
		drop(e, LKE_DROP_NOMEM);
		ar_dad_fail(e, l, "no resources for duplicate address detection");
		return;
	}
	timer_init(&d->timer, AR_TIMER_DAD, l);
	send_ns(e, l);
	arm(e, &d->timer, e->now + RETRANS_TIMER);
}

bool ar_dad_good_so_far(const struct lbsa *l)
{
	return l->dad && l->dad->good;
}

/* Takes the waiting Binding Update out of the run and answers it. */
static void answer_bu(struct lke_engine *e, struct lbsa *l, struct dad_run *d)
{
	struct pkt p = { .ifc = iface_by_index(e, d->bu_ifindex), .src_ll = d->bu_ll };

	if (d->bu && p.ifc && ip6_parse(d->bu, d->bu_len, &p.ip) == 0)
		ar_bu_resume(e, l, &p);
}

/* Ends the run of l without freeing what the Binding Update needs. */
static struct dad_run *detach(struct lke_engine *e, struct lbsa *l)
{
	struct dad_run *d = l->dad;

	if (d && timer_armed(&d->timer))
		timerq_disarm(&e->timers, &d->timer);
	l->dad = NULL;
	return d;
}

void ar_dad_fail(struct lke_engine *e, struct lbsa *l, const char *why)
{
	struct lbsa *old = l->entry->inst[LKE_LBSA_TOMBSTONE];
	struct dad_run *d = detach(e, l);

	count(e, LKE_STAT_DAD_BAD);
	ar_limit_penalise(e, l->entry->key.ifindex, &l->peer_ll);
	if (old) /* the newest tombstone of a care-of address is kept, AMB-128 */
		ar_lbsa_remove(e, old, "superseded");
	ar_lbsa_note(e, LKE_NOTE_LBSA_GONE, l, why);
	/* Into a tombstone never fails: it only gives places back. */
	(void)lbsa_set_state(&e->ar->lbsa, l, LKE_LBSA_TOMBSTONE);
	timerq_disarm(&e->timers, &l->timer);
	ar_lbsa_arm(e, l);
	ar_state_put(e, l);
	if (d)
		answer_bu(e, l, d);
	run_free(d);
}

static void succeed(struct lke_engine *e, struct lbsa *l)
{
	struct lbsa *old = l->entry->inst[LKE_LBSA_VALID];
	struct dad_run *d = detach(e, l);

	count(e, LKE_STAT_DAD_GOOD);
	ar_limit_reset(e, l->entry->key.ifindex, &l->peer_ll);
	if (old) /* AMB-052: the old LBSA and its cached advertisement go now, together */
		ar_lbsa_remove(e, old, "replaced");
	(void)lbsa_set_state(&e->ar->lbsa, l, LKE_LBSA_VALID);
	lbsa_set_na(&e->ar->lbsa, l, d->na, d->na_len);
	d->na = NULL;
	ar_state_put(e, l);
	ar_lbsa_note(e, LKE_NOTE_LBSA_VALID, l, "");
	answer_bu(e, l, d);
	run_free(d);
}

void ar_dad_timer(struct lke_engine *e, struct lbsa *l)
{
	struct dad_run *d = l->dad;
	unsigned count_max = draft01(e) ? DAD_NS_COUNT_DRAFT01 : DAD_NS_COUNT;

	/* A good reply stops the repeating; the window closes RetransTimer after the last NS
	 * (AMB-082). */
	if (d->good) {
		succeed(e, l);
	} else if (d->sent < count_max && new_nonce(e, d)) {
		send_ns(e, l);
		arm(e, &d->timer, e->now + RETRANS_TIMER);
	} else {
		ar_dad_fail(e, l, "no answer to duplicate address detection");
	}
}

static int advert_note(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m,
		       enum lke_drop reason)
{
	return note_in(e, LKE_ROLE_AR, m->has_auth ? LKE_MSG_DAD_NA_AUTH : LKE_MSG_NA, p, reason);
}

static int advert_bad(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m,
		      struct lbsa *l, enum lke_drop reason, const char *why)
{
	int err = advert_note(e, p, m, reason);

	ar_dad_fail(e, l, why);
	return err;
}

static bool advert_mac_ok(const struct pkt *p, const struct nd_msg *m, const struct secret16 *kbm)
{
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	lke_mac_whole(p->ip.pkt, p->ip.len, p->ip.upper_off + 2, &m->auth.mac_off, 1, &in);
	return mac_sha1(kbm, &in, mac) == 0 && mem_eq_ct(mac, m->auth.mac, sizeof(mac));
}

/* An advertisement for the solicitation of a run: AMB-085..089. */
static int advert_in_window(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m,
			    struct lbsa *l)
{
	struct dad_run *d = l->dad;

	if (!m->has_auth)
		return advert_bad(e, p, m, l, LKE_DROP_DAD_MAC,
				  "advertisement without authentication");
	if (m->auths != 1 || !advert_mac_ok(p, m, &l->kbm))
		return advert_bad(e, p, m, l, LKE_DROP_DAD_MAC, "authentication reply wrong");
	if (!in6_eq(&m->auth.ar, &l->ar) || !in6_eq(&p->ip.src, &m->target))
		return advert_bad(e, p, m, l, LKE_DROP_DAD_MAC, "addresses of the reply wrong");
	if (!has_nonce(d, m->auth.nonce))
		return advert_bad(e, p, m, l, LKE_DROP_DAD_NONCE, "nonce was never sent");
	if (m->auth.nonce != d->nonce[d->sent - 1])
		return advert_note(e, p, m, LKE_DROP_DAD_NONCE);
	if (d->good)
		return advert_note(e, p, m, LKE_DROP_NONE);
	d->na = p->ip.len <= RECORD_NA_MAX ? mem_zalloc(p->ip.len) : NULL;
	if (!d->na)
		return advert_note(e, p, m, LKE_DROP_NOMEM);
	memcpy(d->na, p->ip.pkt, p->ip.len);
	d->na_len = p->ip.len;
	d->good = true;
	return advert_note(e, p, m, LKE_DROP_NONE);
}

int ar_dad_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct lbsa *l = lbsa_find(&e->ar->lbsa, p->ifc->ifindex, &m->target, LKE_LBSA_TENTATIVE);

	if (p->src_ll.len > 0 && lladdr_eq(&p->src_ll, &p->ifc->lladdr))
		return advert_note(e, p, m, LKE_DROP_OWN);
	/* AMB-086: ordinary solicited advertisements do not count. */
	if (!l || (m->na_flags & ND_NA_S) || !in6_eq(&p->ip.dst, &in6_all_nodes))
		return m->has_auth ? advert_note(e, p, m, LKE_DROP_STATE) : 0;
	return advert_in_window(e, p, m, l);
}

static void note_address(struct lke_engine *e, enum lke_note_type type, const struct lbsa *l)
{
	struct lke_note *n = note_new(e, type, LKE_ROLE_AR);

	if (!n)
		return;
	n->ifindex = l->entry->key.ifindex;
	n->addr = l->entry->key.coa;
	n->peer = l->peer_ll;
}

/* A DAD solicitation of somebody for the care-of address of a VALID LBSA that is not bound. */
static void defend(struct lke_engine *e, const struct pkt *p, struct lbsa *l)
{
	bool owner = p->src_ll.len > 0 && lladdr_eq(&p->src_ll, &l->peer_lladdr);

	/* AMB-093: the mobile node itself repeats its DAD. */
	if (owner && !draft01(e))
		return;
	if (!l->na && draft01(e))
		return;
	if (l->entry->answered > 0 && e->now < l->entry->answered + LKE_SEC) {
		drop(e, LKE_DROP_RATE_ANSWER);
		return;
	}
	l->entry->answered = e->now;
	if (l->na) {
		count(e, LKE_STAT_CACHED_NA_SENT);
		send_packet(e, LKE_ROLE_AR, LKE_MSG_DAD_NA_AUTH, l->entry->key.ifindex, NULL, l->na,
			    l->na_len);
		note_address(e, LKE_NOTE_CACHED_NA, l);
		return;
	}
	agent_send_na(e, LKE_ROLE_AR, l->entry->key.ifindex, &l->entry->key.coa, false);
	note_address(e, LKE_NOTE_DEFENDED, l);
}

/* AMB-089: is it our own solicitation that came back, or the mobile node's own DAD? */
static bool harmless(const struct pkt *p, const struct nd_msg *m, const struct lbsa *l)
{
	if (m->has_auth && has_nonce(l->dad, m->auth.nonce))
		return true;
	if (p->src_ll.len == 0)
		return false;
	return lladdr_eq(&p->src_ll, &l->peer_lladdr) || lladdr_eq(&p->src_ll, &p->ifc->lladdr);
}

int ar_dad_solicit(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct lbsa_entry *n = lbsa_entry_find(&e->ar->lbsa, p->ifc->ifindex, &m->target);
	struct lbsa *tentative = n ? n->inst[LKE_LBSA_TENTATIVE] : NULL;
	struct lbsa *valid = n ? n->inst[LKE_LBSA_VALID] : NULL;

	if (!in6_is_unspecified(&p->ip.src) || (!tentative && !valid))
		return 0;
	if (tentative && m->has_auth && has_nonce(tentative->dad, m->auth.nonce))
		return note_in(e, LKE_ROLE_AR, LKE_MSG_DAD_NS, p, LKE_DROP_OWN);
	note_in(e, LKE_ROLE_AR, LKE_MSG_DAD_NS, p, LKE_DROP_NONE);
	if (tentative && !draft01(e) && !harmless(p, m, tentative))
		ar_dad_fail(e, tentative, "another node solicits the address");
	if (valid)
		defend(e, p, valid);
	return 0;
}

int ar_dad_hold_bu(struct lke_engine *e, struct lbsa *l, const struct pkt *p,
		   const struct mh_bu *bu)
{
	struct dad_run *d = l->dad;
	uint8_t *copy;

	if (d->bu && !seq_newer(bu->seq, d->bu_seq))
		return -(int)LKE_DROP_SEQUENCE;
	copy = mem_zalloc(p->ip.len);
	if (!copy)
		return -(int)LKE_DROP_NOMEM;
	memcpy(copy, p->ip.pkt, p->ip.len);
	mem_free(d->bu);
	d->bu = copy;
	d->bu_len = p->ip.len;
	d->bu_seq = bu->seq;
	d->bu_ifindex = p->ifc->ifindex;
	d->bu_ll = p->src_ll;
	return -(int)LKE_DROP_HELD;
}

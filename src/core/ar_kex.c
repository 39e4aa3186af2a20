/* SPDX-License-Identifier: ISC */
/*
 * Key Exchange Request, from the packet to the RSA operation: draft 2.1(a), 4.2, 6.2.  The order is
 * that of AMB-170: syntax, scope, decision, liveness, budgets, RSA.
 */
#include "core/access_router.h"

struct kex_request *kex_request_keep(const struct kex_request *r)
{
	struct kex_request *k = mem_zalloc(sizeof(*k));

	if (!k)
		return NULL;
	*k = *r;
	k->buf = mem_zalloc(r->ip.len);
	if (!k->buf) {
		mem_free(k);
		return NULL;
	}
	memcpy(k->buf, r->ip.pkt, r->ip.len);
	k->ip.pkt = k->buf;
	k->mh.p = k->buf + (r->mh.p - r->ip.pkt);
	k->m.data = k->buf + (r->m.data - r->ip.pkt);
	return k;
}

void kex_request_free(struct kex_request *r)
{
	if (!r)
		return;
	if (r->buf)
		mem_free_wipe(r->buf, r->ip.len);
	mem_free_wipe(r, sizeof(*r));
}

int kex_note(struct lke_engine *e, const struct kex_request *r, enum lke_drop reason,
	     uint8_t status)
{
	struct pkt p = { .ifc = iface_by_index(e, r->ifindex), .src_ll = r->src_ll, .ip = r->ip };

	if (!p.ifc)
		return drop(e, reason);
	return note_in_full(e, LKE_ROLE_AR, LKE_MSG_KEREQ, &p, reason, &r->coa, status, r->m.seq,
			    r->m.lifetime);
}

bool kex_same_owner(const struct kex_request *r, const struct lbsa *l)
{
	return in6_eq(&r->ip.src, &l->peer_ll) && lladdr_eq(&r->src_ll, &l->peer_lladdr);
}

bool kex_proof_ok(const struct kex_request *r, const struct mh_proof *proof,
		  const struct secret16 *kbm)
{
	size_t off[sizeof(r->m.proof_off) / sizeof(r->m.proof_off[0])];
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];
	bool ok;

	if (!proof->present)
		return false;
	for (unsigned n = 0; n < r->m.proofs_len22; n++)
		off[n] = r->ip.upper_off + r->m.proof_off[n];
	lke_mac_whole(r->ip.pkt, r->ip.len, r->ip.upper_off + 4, off, r->m.proofs_len22, &in);
	ok = mac_sha1(kbm, &in, mac) == 0 && mem_eq_ct(mac, proof->mac, sizeof(mac));
	mem_wipe(mac, sizeof(mac));
	return ok;
}

/* Header of a request: AMB-132, LKE-194, LKE-195. */
static enum lke_drop scope(const struct pkt *p)
{
	const struct ar_link *k = p->ifc->ar;

	if (!k || !k->cfg->lke || !k->running)
		return LKE_DROP_SCOPE_INTERFACE;
	if (p->ip.hop_limit != 255)
		return LKE_DROP_SCOPE_HOPLIMIT;
	if (!in6_is_linklocal(&p->ip.src) || !in6_is_linklocal(&p->ip.dst))
		return LKE_DROP_SCOPE_ADDRESS;
	if (!iface_has_addr(p->ifc, &p->ip.dst))
		return LKE_DROP_NOT_OURS;
	if (iface_has_addr(p->ifc, &p->ip.src)) /* nobody else has our link-local address */
		return LKE_DROP_OWN;
	if (!p->ip.has_hao)
		return LKE_DROP_HAO;
	if (p->ip.has_rh2)
		return LKE_DROP_RH2;
	if (in6_is_unspecified(&p->ip.hao) || in6_is_multicast(&p->ip.hao))
		return LKE_DROP_SCOPE_ADDRESS;
	return LKE_DROP_NONE;
}

/* The key exchange data have the length of the receiver's modulus: try each active key (AMB-014).
 */
static int decode(const struct lke_engine *e, struct kex_request *r, unsigned from)
{
	int err = -(int)LKE_DROP_STATE;

	for (unsigned n = from; n < 2; n++) {
		if (!e->ar->rsa[n].present)
			continue;
		err = mh_kereq_decode(&r->mh, e->ar->rsa[n].modulus_len, &r->m);
		if (err == 0 && r->m.proofs_wrong && !draft01(e))
			err = -(int)LKE_DROP_MH_OPTION;
		if (err == 0) {
			r->key = n;
			break;
		}
	}
	return err;
}

/* May this address be a care-of address of the link (AMB-065), and is LKE free to serve it? */
static uint8_t judge_coa(struct lke_engine *e, const struct ar_link *k, const struct kex_request *r)
{
	const struct lke_in6 *coa = &r->coa;
	unsigned len;

	if (!in6_is_global(coa) || !ar_link_on_link(e, k, coa, &len) || iface_of_addr(e, coa) ||
	    (len == 64 && in6_is_anycast64(coa)) || !iface_addr_in_prefix(k->ifc, coa, len))
		return STATUS_NOT_HOME_SUBNET;
	if (e->ha && ha_serves(e, coa)) /* AMB-162 */
		return STATUS_PROHIBITED;
	if (ar_has_ipsec(e->ar, coa) || ar_has_ipsec(e->ar, &r->ip.src)) /* draft 4.2 */
		return STATUS_PROHIBITED;
	if (binding_find(e, coa)) /* AMB-053 */
		return STATUS_PROHIBITED;
	return 0;
}

int kex_decide(struct lke_engine *e, struct kex_request *r, struct kex_verdict *ret)
{
	const struct ar_link *k = ar_link_by_index(e, r->ifindex);
	const struct lbsa *valid = lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_VALID);
	const struct lbsa *tentative =
		lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_TENTATIVE);

	if (!k)
		return -(int)LKE_DROP_SCOPE_INTERFACE;
	*ret = (struct kex_verdict){ .status = judge_coa(e, k, r) };
	if (ret->status || draft01(e))
		return 0;
	ret->renewal = valid && kex_proof_ok(r, &r->m.renewal, &valid->kbm);
	if (ret->renewal)
		return 0;
	if (tentative && !kex_same_owner(r, tentative))
		return -(int)LKE_DROP_OWNER;
	if (r->taken || (valid && (valid->proved || !kex_same_owner(r, valid))))
		ret->status = STATUS_PROHIBITED;
	return 0;
}

/* AMB-170: the current exchange may be recognised by a request proof, without RSA. */
static struct lbsa *recognise(struct lke_engine *e, const struct kex_request *r)
{
	static const enum lke_lbsa_state state[] = { LKE_LBSA_TENTATIVE, LKE_LBSA_VALID };

	if (draft01(e))
		return NULL;
	for (unsigned n = 0; n < 2; n++) {
		struct lbsa *l = lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, state[n]);

		if (l && kex_proof_ok(r, &r->m.request, &l->kbm))
			return l;
	}
	return NULL;
}

/* AMB-060: the classes of requests and their buckets. */
static int budgets(struct lke_engine *e, const struct kex_request *r, const struct kex_verdict *v)
{
	struct ar_link *k = ar_link_by_index(e, r->ifindex);
	struct lbsa *valid = lbsa_find(&e->ar->lbsa, r->ifindex, &r->coa, LKE_LBSA_VALID);
	int err;

	if (v->renewal) {
		if (e->now < valid->next_renewal)
			return -(int)LKE_DROP_RATE_LL;
		err = ar_limit_rsa(e, true);
		if (err == 0)
			valid->next_renewal = e->now + AR_KEREQ_MIN_SPACING;
		return err;
	}
	err = ar_limit_source(e, r->ifindex, &r->ip.src, &r->src_ll);
	if (err < 0)
		return err;
	if (v->status && !tbf_take(&k->refusal, 1, e->now))
		return -(int)LKE_DROP_RATE_ANSWER;
	if (!v->status && !tbf_take(&k->dad, 1, e->now))
		return -(int)LKE_DROP_RATE_DAD;
	return ar_limit_rsa(e, false);
}

/* Queues the RSA operation.  r is on the heap; it is kept until the result comes. */
static int start_rsa(struct lke_engine *e, struct kex_request *r)
{
	struct access_router *ar = e->ar;
	struct lke_action *a;

	if (ar->pendings == AR_PENDING_MAX)
		return -(int)LKE_DROP_LIMIT;
	a = act_new(e, LKE_ACT_DECRYPT);
	if (!a)
		return -(int)LKE_DROP_NOMEM;
	r->id = ++ar->next_id;
	a->cookie = COOKIE(MODULE_AR, r->id);
	a->decrypt.key_id = ar->rsa[r->key].key_id;
	if (!act_data(e, a, r->m.data, r->m.data_len))
		return -(int)LKE_DROP_NOMEM;
	count(e, LKE_STAT_RSA_PRIVATE);
	ar->pending[ar->pendings++] = r;
	return 0;
}

/*
 * From the decision to the RSA operation.  Returns the verdict; 0 also while the operation runs.  r
 * may be borrowed; what is kept is a copy.
 */
static int run(struct lke_engine *e, struct kex_request *r)
{
	struct kex_verdict v;
	struct kex_request *keep;
	struct lbsa *same;
	int err = kex_decide(e, r, &v);

	if (err < 0)
		return kex_note(e, r, (enum lke_drop) - err, 0);
	same = recognise(e, r);
	if (same) {
		err = ar_limit_source(e, r->ifindex, &r->ip.src, &r->src_ll);
		return err < 0 ? kex_note(e, r, (enum lke_drop) - err, 0) : kex_again(e, r, same);
	}
	/* A peer that adds a request proof encrypts each transmission anew: data seen before are a
	 * replay, and cost neither the private key nor the place of a true renewal. */
	if (r->m.request.present && kex_replayed(e, r))
		return kex_drop_replay(e, r);
	if (!v.status && !v.renewal && !r->live && !draft01(e))
		err = ar_neighbour_check(e, r);
	if (err == 0)
		err = budgets(e, r, &v);
	if (err == -(int)LKE_DROP_HELD)
		return err; /* its note comes with its end */
	if (err < 0)
		return kex_note(e, r, (enum lke_drop) - err, 0);
	keep = kex_request_keep(r);
	err = keep ? start_rsa(e, keep) : -(int)LKE_DROP_NOMEM;
	if (err < 0) {
		kex_request_free(keep);
		return kex_note(e, r, (enum lke_drop) - err, 0);
	}
	return 0;
}

int ar_kex_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	struct kex_request r = {
		.ifindex = p->ifc->ifindex,
		.src_ll = p->src_ll,
		.ip = p->ip,
		.mh = *v,
		.coa = ip6_pseudo_src(&p->ip),
		.came = e->now,
	};
	enum lke_drop reason = scope(p);
	int err;

	count(e, LKE_STAT_KEREQ_IN);
	if (reason != LKE_DROP_NONE)
		return note_in(e, LKE_ROLE_AR, LKE_MSG_KEREQ, p, reason);
	err = decode(e, &r, 0);
	if (err < 0)
		return note_in(e, LKE_ROLE_AR, LKE_MSG_KEREQ, p, (enum lke_drop) - err);
	return run(e, &r);
}

void ar_kex_resume(struct lke_engine *e, struct kex_request *r)
{
	/* The key may have been replaced while the request was held. */
	int err = decode(e, r, 0);

	if (err < 0)
		kex_note(e, r, (enum lke_drop) - err, 0);
	else
		(void)run(e, r);
	kex_request_free(r);
}

void ar_kex_forget(struct lke_engine *e, uint32_t ifindex)
{
	for (unsigned n = 0; n < e->ar->pendings; n++)
		if (e->ar->pending[n]->ifindex == ifindex)
			e->ar->pending[n]->ifindex = 0;
}

static struct kex_request *take_pending(struct access_router *ar, uint64_t id)
{
	for (unsigned n = 0; n < ar->pendings; n++) {
		struct kex_request *r = ar->pending[n];

		if (r->id != id)
			continue;
		ar->pending[n] = ar->pending[--ar->pendings];
		return r;
	}
	return NULL;
}

/* AMB-063: no key identifier in the request, so the previous key is tried after the current one. */
static bool try_previous(struct lke_engine *e, struct kex_request *r)
{
	return r->key == 0 && decode(e, r, 1) == 0 && ar_limit_rsa(e, false) == 0 &&
	       start_rsa(e, r) == 0;
}

void ar_result(struct lke_engine *e, const struct lke_ev_result *res)
{
	struct kex_request *r;
	struct secret16 kbm;

	if (ar_buffer_result(e, res))
		return;
	if (COOKIE_ID(res->cookie) == AR_COOKIE_RSA_NEW) {
		ar_rsa_made(e, res->err);
		return;
	}
	if (COOKIE_ID(res->cookie) >= AR_COOKIE_RECORD) {
		ar_state_written(e, COOKIE_ID(res->cookie), res->err);
		return;
	}
	r = take_pending(e->ar, COOKIE_ID(res->cookie));
	if (!r)
		return;
	if (!ar_link_by_index(e, r->ifindex)) {
		drop(e, LKE_DROP_SCOPE_INTERFACE);
	} else if (r->key > 1) { /* its key, and what was seen under it, went meanwhile */
		kex_note(e, r, LKE_DROP_KEX_DECRYPT, 0);
	} else if (res->err < 0 || !res->data || res->len != sizeof(kbm.b)) {
		/* Silent, and nothing but the source's slot is spent (AMB-059, AMB-062). */
		if (try_previous(e, r))
			return;
		kex_note(e, r, LKE_DROP_KEX_DECRYPT, 0);
	} else {
		memcpy(kbm.b, res->data, sizeof(kbm.b));
		(void)kex_answer(e, r, &kbm);
		mem_wipe(&kbm, sizeof(kbm));
	}
	kex_request_free(r);
}

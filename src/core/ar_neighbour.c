/* SPDX-License-Identifier: ISC */
/*
 * Liveness before RSA (AMB-054): a Key Exchange Request is served only for a care-of address that
 * has answered a Neighbor Solicitation of ours from the link-layer address the request came from.
 * When another link-layer address holds the address, or held it in the last two hours, that one is
 * asked first.
 */
#include "core/access_router.h"

struct neighbour {
	struct table_node node;
	struct lbsa_key key;
	struct lke_lladdr now, former;
	/* answered a solicitation of ours (0: never); any solicited advertisement; when former was
	 * last the one (0: never had one) */
	lke_time confirmed, heard, left;
};

int ar_neighbour_init(struct access_router *ar, const uint8_t secret[16])
{
	int err =
		TABLE_INIT(&ar->neighbours, struct neighbour, node, key, AR_NEIGHBOURS_MAX, secret);

	if (err < 0)
		return err;
	/* One address at the start of the object: struct peer of access_router.c has the same form.
	 */
	return table_init(&ar->ipsec, sizeof(struct table_node), sizeof(struct lke_in6),
			  AR_IPSEC_MAX, secret);
}

static void table_empty(struct table *t)
{
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(t, &cursor, n))) {
		table_del(t, n);
		mem_free(n); /* the node is the first member of its object */
	}
	table_done(t);
}

static void request_release(struct lke_engine *e, struct kex_request *r)
{
	if (timer_armed(&r->timer))
		timerq_disarm(&e->timers, &r->timer);
	kex_request_free(r);
}

void ar_neighbour_done(struct lke_engine *e)
{
	struct access_router *ar = e->ar;

	while (ar->helds > 0)
		request_release(e, ar->held[--ar->helds]);
	table_empty(&ar->neighbours);
	table_empty(&ar->ipsec);
}

static void unhold(struct lke_engine *e, struct kex_request *r)
{
	struct access_router *ar = e->ar;

	for (unsigned n = 0; n < ar->helds; n++) {
		if (ar->held[n] != r)
			continue;
		ar->held[n] = ar->held[--ar->helds];
		ar->held_strangers -= !r->heard;
		break;
	}
	if (timer_armed(&r->timer))
		timerq_disarm(&e->timers, &r->timer);
}

void ar_neighbour_forget(struct lke_engine *e, uint32_t ifindex)
{
	struct access_router *ar = e->ar;
	struct table_node *n = NULL;
	size_t cursor = 0;

	for (unsigned k = ar->helds; k > 0; k--)
		if (ar->held[k - 1]->ifindex == ifindex) {
			struct kex_request *r = ar->held[k - 1];

			unhold(e, r);
			kex_request_free(r);
		}
	while ((n = table_next(&ar->neighbours, &cursor, n))) {
		struct neighbour *b = TABLE_ENTRY(n, struct neighbour, node);

		if (b->key.ifindex != ifindex)
			continue;
		table_del(&ar->neighbours, n);
		mem_free(b);
	}
}

static struct neighbour *neighbour_find(const struct access_router *ar, uint32_t ifindex,
					const struct lke_in6 *addr)
{
	struct lbsa_key key = { .ifindex = ifindex, .coa = *addr };

	return TABLE_ENTRY(table_find(&ar->neighbours, &key), struct neighbour, node);
}

/* Room in a full table: what nobody confirmed for two hours goes. */
static void neighbours_sweep(struct lke_engine *e)
{
	struct table *t = &e->ar->neighbours;
	struct table_node *n = NULL;
	size_t cursor = 0;

	while ((n = table_next(t, &cursor, n))) {
		struct neighbour *b = TABLE_ENTRY(n, struct neighbour, node);

		if (e->now - b->heard < AR_FORMER_NEIGHBOUR)
			continue;
		table_del(t, n);
		mem_free(b);
	}
}

static struct neighbour *neighbour_make(struct lke_engine *e, uint32_t ifindex,
					const struct lke_in6 *addr)
{
	struct table *t = &e->ar->neighbours;
	struct neighbour *n;

	if (t->n >= t->max)
		neighbours_sweep(e);
	n = mem_zalloc(sizeof(*n));
	if (!n) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	n->key = (struct lbsa_key){ .ifindex = ifindex, .coa = *addr };
	if (table_add(t, &n->node) < 0) {
		drop(e, LKE_DROP_LIMIT);
		mem_free(n);
		return NULL;
	}
	return n;
}

static void neighbour_confirm(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *addr,
			      const struct lke_lladdr *ll)
{
	struct neighbour *n = neighbour_find(e->ar, ifindex, addr);

	if (!n) {
		n = neighbour_make(e, ifindex, addr);
		if (!n)
			return;
		n->now = *ll;
	} else if (!lladdr_eq(&n->now, ll)) {
		n->former = n->now;
		n->left = e->now;
		n->now = *ll;
	}
	n->confirmed = n->heard = e->now;
}

/*
 * An answer to the host's own address resolution.  It does not confirm, but whoever gave it is
 * asked before another link-layer address may have the address: a host that never ran LKE and
 * sleeps now (THREATS 99).  It never moves an entry, and leaves room for confirmed ones.
 */
static void neighbour_heard(struct lke_engine *e, const struct ar_link *k,
			    const struct lke_in6 *addr, const struct lke_lladdr *ll)
{
	const struct table *t = &e->ar->neighbours;
	struct neighbour *n;

	if (ll->len == 0 || !k->cfg->lke || !ar_link_on_link(e, k, addr, NULL))
		return;
	n = neighbour_find(e->ar, k->ifc->ifindex, addr);
	if (!n && t->n < t->max / 4 * 3) {
		n = neighbour_make(e, k->ifc->ifindex, addr);
		if (n)
			n->now = *ll;
	}
	if (!n)
		return;
	if (lladdr_eq(&n->now, ll)) {
		n->heard = e->now;
	} else if (n->left == 0 || e->now - n->left >= AR_FORMER_NEIGHBOUR ||
		   lladdr_eq(&n->former, ll)) {
		n->former = *ll;
		n->left = e->now;
	}
}

/* Ordinary NS from our link-local with our link-layer address: never a plain DAD NS (AMB-054). */
void ar_solicit(struct lke_engine *e, uint32_t ifindex, const struct lke_in6 *target,
		const struct lke_lladdr *to)
{
	struct ar_link *k = ar_link_by_index(e, ifindex);
	const struct lke_in6 *src = k ? iface_ll(k->ifc) : NULL;
	struct lke_in6 dst = to ? *target : in6_solicited_node(target);
	struct nd_msg m = { .type = ND_NS, .target = *target };
	uint8_t buf[PACKET_MAX];
	int len;

	if (!src)
		return;
	m.lladdr = k->ifc->lladdr;
	len = nd_encode(&m, src, &dst, 0, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_AR, LKE_MSG_NS, ifindex, to, buf, (size_t)len);
}

static void resolve(struct lke_engine *e, struct kex_request *r)
{
	r->probing = false;
	ar_solicit(e, r->ifindex, &r->coa, NULL);
	arm(e, &r->timer, e->now + AR_RESOLUTION_WAIT);
}

static void probe(struct lke_engine *e, struct kex_request *r, const struct lke_lladdr *ll)
{
	r->probing = true;
	r->probe = *ll;
	r->probes_left = AR_PROBES - 1;
	ar_solicit(e, r->ifindex, &r->coa, &r->probe);
	arm(e, &r->timer, e->now + AR_PROBE_WAIT / AR_PROBES);
}

/* A link-layer address other than the request's that holds or lately held the care-of address. */
static const struct lke_lladdr *other_holder(struct lke_engine *e, const struct neighbour *n,
					     const struct lke_lladdr *source)
{
	if (!n || source->len == 0)
		return NULL;
	if (!lladdr_eq(&n->now, source) && e->now - n->heard < AR_FORMER_NEIGHBOUR)
		return &n->now;
	if (n->left > 0 && e->now - n->left < AR_FORMER_NEIGHBOUR && n->former.len > 0 &&
	    !lladdr_eq(&n->former, source))
		return &n->former;
	return NULL;
}

static bool same_source(const struct kex_request *a, const struct kex_request *b)
{
	return a->ifindex == b->ifindex && lladdr_eq(&a->src_ll, &b->src_ll) &&
	       in6_eq(&a->ip.src, &b->ip.src) && in6_eq(&a->coa, &b->coa);
}

/* A newer request of the same source takes the place of the one that waits; its probe goes on. */
static bool replace_held(struct lke_engine *e, const struct kex_request *r)
{
	struct access_router *ar = e->ar;

	for (unsigned n = 0; n < ar->helds; n++) {
		struct kex_request *old = ar->held[n], *keep;

		if (!same_source(old, r))
			continue;
		keep = kex_request_keep(r);
		if (!keep)
			return true;
		timer_init(&keep->timer, AR_TIMER_HELD, keep);
		keep->heard = old->heard;
		keep->probing = old->probing;
		keep->probes_left = old->probes_left;
		keep->probe = old->probe;
		arm(e, &keep->timer, old->timer.at);
		ar->held[n] = keep;
		request_release(e, old);
		return true;
	}
	return false;
}

int ar_neighbour_check(struct lke_engine *e, const struct kex_request *r)
{
	struct access_router *ar = e->ar;
	struct neighbour *n = neighbour_find(ar, r->ifindex, &r->coa);
	const struct lke_lladdr *other = other_holder(e, n, &r->src_ll);
	struct kex_request *keep;
	bool heard;

	/* Without link-layer addresses the owner is (interface, link-local): one peer, nobody to
	 * resolve (AMB-054). */
	if (r->src_ll.len == 0)
		return 0;
	if (n && !other && lladdr_eq(&n->now, &r->src_ll) && n->confirmed > 0 &&
	    e->now - n->confirmed < AR_FORMER_NEIGHBOUR)
		return 0;
	if (replace_held(e, r))
		return -(int)LKE_DROP_HELD;
	/* An answer to the host's own resolution does not confirm, but it puts this request before
	 * those of invented sources: the home agent's acknowledgement came that way. */
	heard = n && !other && e->now - n->heard < AR_FORMER_NEIGHBOUR;
	if (ar->helds == AR_HELD_MAX || (!heard && ar->held_strangers == AR_HELD_STRANGERS))
		return -(int)LKE_DROP_LIMIT;
	if (!ar_limit_resolution(e, heard))
		return -(int)LKE_DROP_NO_NEIGHBOUR;
	keep = kex_request_keep(r);
	if (!keep)
		return -(int)LKE_DROP_NOMEM;
	timer_init(&keep->timer, AR_TIMER_HELD, keep);
	keep->heard = heard;
	ar->held_strangers += !heard;
	ar->held[ar->helds++] = keep;
	if (other)
		probe(e, keep, other);
	else
		resolve(e, keep);
	return -(int)LKE_DROP_HELD;
}

/* Is this the answer to the solicitation r waits for?  A probe is answered by the one it went to.
 */
static bool asked_by(const struct kex_request *r, const struct pkt *p, const struct lke_in6 *target,
		     const struct lke_lladdr *ll)
{
	return r->ifindex == p->ifc->ifindex && in6_eq(&r->coa, target) &&
	       (!r->probing || lladdr_eq(&r->probe, ll));
}

/* What an advertisement means for a request that waits.  True: r is done with and no longer held.
 */
static bool advert_for(struct lke_engine *e, struct kex_request *r, const struct lke_lladdr *ll)
{
	if (r->probing) {
		r->taken = true;
	} else if (lladdr_eq(&r->src_ll, ll)) {
		r->live = true;
	} else {
		probe(e, r, ll);
		return false;
	}
	unhold(e, r);
	ar_kex_resume(e, r);
	return true;
}

void ar_neighbour_advert(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	const struct lke_lladdr *ll = m->lladdr.len > 0 ? &m->lladdr : &p->src_ll;
	struct access_router *ar = e->ar;
	bool asked = false;

	if (!iface_has_addr(p->ifc, &p->ip.dst))
		return;
	for (unsigned n = 0; n < ar->helds; n++)
		asked = asked || asked_by(ar->held[n], p, &m->target, ll);
	/* Only an answer to a solicitation of ours confirms. */
	if (!asked) {
		neighbour_heard(e, p->ifc->ar, &m->target, ll);
		return;
	}
	neighbour_confirm(e, p->ifc->ifindex, &m->target, ll);
	for (unsigned n = ar->helds; n > 0; n--) {
		struct kex_request *r = n <= ar->helds ? ar->held[n - 1] : NULL;

		if (r && asked_by(r, p, &m->target, ll))
			advert_for(e, r, ll);
	}
}

void ar_neighbour_timer(struct lke_engine *e, struct kex_request *r)
{
	if (!r->probing) {
		unhold(e, r);
		kex_note(e, r, LKE_DROP_NO_NEIGHBOUR, 0);
		kex_request_free(r);
		return;
	}
	if (r->probes_left > 0) {
		r->probes_left--;
		ar_solicit(e, r->ifindex, &r->coa, &r->probe);
		arm(e, &r->timer, e->now + AR_PROBE_WAIT / AR_PROBES);
		return;
	}
	/* Nobody there any more: go on with the frame's source. */
	r->live = true;
	unhold(e, r);
	ar_kex_resume(e, r);
}

/* SPDX-License-Identifier: ISC */
/*
 * Neighbor Solicitations and Advertisements at the mobile node: its own DAD, and the access
 * router's authenticated one (draft 2.1, 3.1.2, 3.1.3, 5.3).
 */
#include "core/mobile_node.h"

#define DAD_REQUEST_RECENT (3 * LKE_SEC) /* AMB-095 */

/* Over the whole packet but the HMAC, checksum and mutable fields (AMB-030). */
static bool mac_of(const uint8_t *pkt, size_t len, size_t icmp, size_t mac_off,
		   const struct secret16 *kbm, uint8_t ret[SHA1_LEN])
{
	struct lke_mac_input in;

	lke_mac_whole(pkt, len, icmp + 2, &mac_off, 1, &in);
	return mac_sha1(kbm, &in, ret) == 0;
}

static bool auth_ok(const struct pkt *p, const struct nd_msg *m, const struct secret16 *kbm)
{
	uint8_t mac[SHA1_LEN];

	return mac_of(p->ip.pkt, p->ip.len, p->ip.upper_off, m->auth.mac_off, kbm, mac) &&
	       mem_eq_ct(mac, m->auth.mac, sizeof(m->auth.mac));
}

/* Puts the HMAC into the option 8 that ends the packet, and the checksum over the result (AMB-031).
 */
static bool sign_na(uint8_t *buf, size_t len, const struct secret16 *kbm)
{
	struct ip6_info i;
	struct nd_msg m;
	struct wr w = wr_init(buf, len);
	uint8_t mac[SHA1_LEN];
	uint16_t sum;

	if (ip6_parse(buf, len, &i) < 0 || nd_decode(&i, &m) < 0 || !m.has_auth ||
	    !mac_of(buf, len, i.upper_off, m.auth.mac_off, kbm, mac))
		return false;
	w.off = len;
	wr_patch_bytes(&w, m.auth.mac_off, mac, sizeof(mac));
	wr_patch_u16(&w, i.upper_off + 2, 0);
	sum = ip6_checksum(&i.src, &i.dst, IP6_NH_ICMPV6, buf + i.upper_off, i.upper_len);
	wr_patch_u16(&w, i.upper_off + 2, sum);
	return !w.err;
}

void mn_send_na(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *target,
		const struct nd_auth *auth, const struct secret16 *kbm)
{
	struct nd_msg m = {
		.type = ND_NA, .target = *target, .na_flags = ND_NA_O, .lladdr = l->ifc->lladdr
	};
	uint8_t buf[256];
	int len;

	if (auth) {
		m.has_auth = true;
		m.auths = 1;
		m.auth.nonce = auth->nonce;
		m.auth.ar = auth->ar;
	}
	len = nd_encode(&m, target, &in6_all_nodes, 0, buf, sizeof(buf));
	if (len < 0 || (kbm && !sign_na(buf, (size_t)len, kbm)))
		return;
	send_packet(e, LKE_ROLE_MN, auth ? LKE_MSG_DAD_NA_AUTH : LKE_MSG_NA, l->ifc->ifindex, NULL,
		    buf, (size_t)len);
}

/* For the routers of the link, without the override flag (RFC 4429 3.3, RFC 9131 6.1). */
void mn_send_na_optimistic(struct lke_engine *e, struct mn_link *l, const struct lke_in6 *target)
{
	struct nd_msg m = { .type = ND_NA, .target = *target, .lladdr = l->ifc->lladdr };
	uint8_t buf[128];
	int len = nd_encode(&m, target, &in6_all_routers, 0, buf, sizeof(buf));

	if (len > 0)
		send_packet(e, LKE_ROLE_MN, LKE_MSG_NA, l->ifc->ifindex, NULL, buf, (size_t)len);
}

/* The key that the request was made with: an LBSA's, or that of an exchange whose Ack is late
 * (AMB-083). */
static const struct secret16 *key_of(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
				     const struct nd_msg *m)
{
	struct mn_kex *k = &l->kex;

	for (struct mn_lbsa *b = NULL; (b = mn_lbsa_of(e, &m->target, b));)
		if (in6_eq(&b->ar, &m->auth.ar) && auth_ok(p, m, &b->kbm)) {
			b->dad_seen = e->now;
			return &b->kbm;
		}
	if (k->has_key && k->tries > 0 && in6_eq(&k->coa, &m->target) && auth_ok(p, m, &k->kbm)) {
		k->dad_seen = e->now;
		return &k->kbm;
	}
	return NULL;
}

/* A plain advertisement in defence, at most 3 a second: it is what detects an impostor (AMB-084).
 */
static void defend(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	struct lke_note *n;

	if (!tbf_take(&a->defence, 1, e->now))
		return;
	mn_send_na(e, l, &a->addr, NULL, NULL);
	n = note_new(e, LKE_NOTE_DEFENDED, LKE_ROLE_MN);
	if (n) {
		n->ifindex = a->ifindex;
		n->addr = a->addr;
	}
}

static int auth_request(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
			const struct nd_msg *m, struct mn_addr *a)
{
	const struct secret16 *kbm = m->auths == 1 ? key_of(e, l, p, m) : NULL;

	if (!kbm) {
		defend(e, l, a);
		return note_in(e, LKE_ROLE_MN, LKE_MSG_DAD_NS_AUTH, p, LKE_DROP_DAD_MAC);
	}
	mn_send_na(e, l, &m->target, &m->auth, kbm);
	note_in(e, LKE_ROLE_MN, LKE_MSG_DAD_NS_AUTH, p, LKE_DROP_NONE);
	return 0;
}

/*
 * The router resolves a new care-of address within a millisecond of our Binding Update, before the
 * kernel owns the address; a solicitation lost there costs a second.  Override is off for an
 * optimistic address (RFC 4429 3.3).
 */
static int resolve(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
		   const struct nd_msg *m, bool optimistic)
{
	struct nd_msg na = { .type = ND_NA,
			     .target = m->target,
			     .na_flags = ND_NA_S | (optimistic ? 0 : ND_NA_O),
			     .lladdr = l->ifc->lladdr };
	const struct lke_lladdr *to = m->lladdr.len ? &m->lladdr : &p->src_ll;
	uint8_t buf[128];
	int len = nd_encode(&na, &m->target, &p->ip.src, 0, buf, sizeof(buf));

	if (len > 0)
		send_packet(e, LKE_ROLE_MN, LKE_MSG_NA, l->ifc->ifindex, to, buf, (size_t)len);
	return 0;
}

/* An address that somebody else gave the interface: the kernel does not see the question. */
static int for_the_kernel(struct lke_engine *e, struct mn_link *l, const struct pkt *p,
			  const struct nd_msg *m)
{
	if (!iface_usable_addr(p->ifc, &m->target))
		return -(int)LKE_DROP_NOT_OURS;
	if (!in6_is_unspecified(&p->ip.src))
		return resolve(e, l, p, m, false);
	mn_send_na(e, l, &m->target, NULL, NULL);
	return 0;
}

/* All solicitations of the link are answered here: the kernel would answer the access router's DAD
 * plainly, and for an optimistic address with the override flag set (AMB-138, RFC 4429 3.3). */
int mn_ns_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;
	struct mn_addr *a = mn_addr_find(e, &m->target);

	if (!tbf_take(&l->answers, 1, e->now))
		return drop(e, LKE_DROP_LIMIT);
	if (!a || (a != l->ll && !mn_addr_here(l, a)))
		return for_the_kernel(e, l, p, m);
	if (!in6_is_unspecified(&p->ip.src))
		return resolve(e, l, p, m, a->state == MN_ADDR_OPTIMISTIC);
	if (m->has_auth && !a->linklocal)
		return auth_request(e, l, p, m, a);
	if (m->has_nonce && memcmp(m->nonce, a->nonce, sizeof(m->nonce)) == 0)
		return drop(e, LKE_DROP_OWN); /* our own, looped back (RFC 7527) */
	note_in(e, LKE_ROLE_MN, LKE_MSG_DAD_NS, p, LKE_DROP_NONE);
	if (a->state == MN_ADDR_OPTIMISTIC)
		mn_addr_conflict(e, l, a);
	else
		defend(e, l, a);
	return 0;
}

/* AMB-093: the router may play our own advertisement to us, or the address is our own under an old
 * key. */
static bool own_na(struct lke_engine *e, const struct mn_link *l, const struct pkt *p,
		   const struct nd_msg *m)
{
	if (m->lladdr.len > 0 && lladdr_eq(&m->lladdr, &l->ifc->lladdr))
		return true;
	if (!m->has_auth || m->auths != 1)
		return false;
	for (struct mn_lbsa *b = NULL; (b = mn_lbsa_of(e, &m->target, b));)
		if (auth_ok(p, m, &b->kbm))
			return true;
	return false;
}

/* Each exchange has succeeded before its address is disputed: what makes the next one rarer counts
 * from dispute to dispute, or an attacker would have one a minute for ever (THREATS 34). */
static lke_time dispute(const struct lke_engine *e, struct mn_kex *k)
{
	lke_time hold = KEREQ_HOLD;

	if (k->disputed && e->now - k->disputed < 2 * KEREQ_HOLD_MAX)
		hold = k->dispute_hold * 2 > KEREQ_HOLD_MAX ? KEREQ_HOLD_MAX : k->dispute_hold * 2;
	k->disputed = e->now;
	k->dispute_hold = hold;
	return hold;
}

/* draft 5.3: somebody answered the router's authenticated DAD without authentication (AMB-095). */
static void answered_by_another(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	struct mn_lbsa *b = NULL;

	while ((b = mn_lbsa_of(e, &a->addr, b)))
		if (b->dad_seen != 0 && e->now - b->dad_seen <= DAD_REQUEST_RECENT)
			break;
	if (b)
		mn_lbsa_remove(e, b, "another node answered the authenticated DAD");
	else if (!l->kex.has_key || l->kex.dad_seen == 0 ||
		 e->now - l->kex.dad_seen > DAD_REQUEST_RECENT)
		return;
	mn_kex_hold(e, l, dispute(e, &l->kex));
}

int mn_na_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct mn_link *l = p->ifc->mn;
	struct mn_addr *a = mn_addr_find(e, &m->target);

	if (!a || (a != l->ll && !mn_addr_here(l, a))) {
		if (!mn_home_resolved(e, l, m))
			mn_probe_answer(e, l, p, m);
		return 0;
	}
	if (own_na(e, l, p, m))
		return drop(e, LKE_DROP_OWN);
	note_in(e, LKE_ROLE_MN, LKE_MSG_NA, p, LKE_DROP_NONE);
	if (a->state == MN_ADDR_OPTIMISTIC)
		mn_addr_conflict(e, l, a);
	/* While the address is bound its router answers for it, and rightly. */
	else if (!a->linklocal && !m->has_auth && !update_of(e, &a->addr))
		answered_by_another(e, l, a);
	return 0;
}

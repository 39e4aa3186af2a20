/* SPDX-License-Identifier: ISC */
#include "wire/packet.h"

#include "lke/msg.h"

enum {
	ICMP_INFO = 128, /* ICMPv6 errors are below, RFC 4443 2.1 */
	MODULUS_MIN = 128,
	MODULUS_MAX = 512, /* octets, AMB-064 */
};

static enum lke_msg nd_class(const struct ip6_info *i, uint8_t type, bool has_auth)
{
	switch (type) {
	case ND_RS:
		return LKE_MSG_RS;
	case ND_RA:
		return LKE_MSG_RA;
	case ND_NA:
		return has_auth ? LKE_MSG_DAD_NA_AUTH : LKE_MSG_NA;
	default:
		if (!in6_is_unspecified(&i->src))
			return LKE_MSG_NS;
		return has_auth ? LKE_MSG_DAD_NS_AUTH : LKE_MSG_DAD_NS;
	}
}

static int take_hadisc(struct packet *p, uint8_t type)
{
	const struct ip6_info *i = &p->ip;
	struct lke_in6 src = ip6_pseudo_src(i), dst = ip6_pseudo_dst(i);

	p->msg = (enum lke_msg)(LKE_MSG_DHAAD_REQUEST + (type - HADISC_REQUEST));
	return hadisc_decode(i->pkt + i->upper_off, i->upper_len, &src, &dst, &p->hadisc);
}

/* 0 also for ICMPv6 messages that are not our concern: p->msg stays LKE_MSG_NONE. */
static int take_icmp(struct packet *p)
{
	const struct ip6_info *i = &p->ip;
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	struct lke_in6 src = ip6_pseudo_src(i), dst = ip6_pseudo_dst(i);
	struct icmp_head h;

	h.type = rd_u8(&r);
	h.code = rd_u8(&r);
	rd_skip(&r, 2);
	h.param = rd_u32(&r);
	if (r.err)
		return -LKE_DROP_SHORT;
	if (h.type >= ND_RS && h.type <= ND_NA) {
		int e;

		p->msg = nd_class(i, h.type, false);
		e = nd_decode(i, &p->nd);
		if (e == 0)
			p->msg = nd_class(i, h.type, p->nd.has_auth);
		return e;
	}
	if (h.type >= HADISC_REQUEST && h.type <= MPREFIX_ADVERTISEMENT)
		return take_hadisc(p, h.type);
	if (h.type >= ICMP_INFO)
		return 0;
	p->msg = LKE_MSG_ICMP_ERROR;
	if (ip6_checksum(&src, &dst, IP6_NH_ICMPV6, i->pkt + i->upper_off, i->upper_len) != 0)
		return -LKE_DROP_CHECKSUM;
	p->icmp = h;
	return 0;
}

/* Only the receiver knows its modulus (AMB-014); a reader of traces takes the length after which
 * options stand. */
static int guess_kereq(const struct mh_view *v, struct mh_kereq *ret)
{
	for (size_t k = MODULUS_MAX; k >= MODULUS_MIN; k--) {
		struct rd r = rd_init(v->p, v->len);
		rd_skip(&r, 8 + k);
		bool lifetime = rd_u8(&r) == MOPT_KE_LIFETIME && rd_u8(&r) == 2;
		if (lifetime && mh_kereq_decode(v, k, ret) == 0 && !ret->proofs_wrong)
			return 0;
	}
	return -LKE_DROP_MH_OPTION;
}

/*
 * RFC 5568 gives 8, 9 and 10 to Fast Binding Update, its acknowledgement and Fast Neighbor
 * Advertisement.  Those of LKE are of one link, or carry a home address.
 */
static enum lke_msg lke_class(const struct ip6_info *i, uint8_t type)
{
	if (type == MH_FINISHED)
		return i->has_hao ? LKE_MSG_FINISHED : LKE_MSG_NONE;
	if (!in6_is_linklocal(&i->src) || !in6_is_linklocal(&i->dst))
		return LKE_MSG_NONE;
	return type == MH_KEREQ ? LKE_MSG_KEREQ : LKE_MSG_KEACK;
}

static enum lke_msg mh_class(const struct ip6_info *i, uint8_t type)
{
	switch (type) {
	case MH_BRR:
		return LKE_MSG_BRR;
	case MH_BU:
		return LKE_MSG_BU;
	case MH_BA:
		return LKE_MSG_BA;
	case MH_BE:
		return LKE_MSG_BE;
	case MH_KEREQ:
	case MH_KEACK:
	case MH_FINISHED:
		return lke_class(i, type);
	case MH_HOTI: /* return routability is the correspondents', but a trace has it */
		return LKE_MSG_HOTI;
	case MH_COTI:
		return LKE_MSG_COTI;
	case MH_HOT:
		return LKE_MSG_HOT;
	case MH_COT:
		return LKE_MSG_COT;
	default:
		return LKE_MSG_NONE;
	}
}

static int decode_mh(struct packet *p)
{
	switch (p->msg) {
	case LKE_MSG_KEREQ:
		return guess_kereq(&p->mh, &p->kereq);
	case LKE_MSG_KEACK:
		return mh_keack_decode(&p->mh, &p->keack);
	case LKE_MSG_BU:
		return mh_bu_decode(&p->mh, &p->bu);
	case LKE_MSG_BA:
		return mh_ba_decode(&p->mh, &p->ba);
	case LKE_MSG_FINISHED:
		return mh_finished_decode(&p->mh, &p->finished);
	case LKE_MSG_BE:
		return mh_be_decode(&p->mh, &p->be);
	case LKE_MSG_HOTI:
	case LKE_MSG_COTI:
	case LKE_MSG_HOT:
	case LKE_MSG_COT:
		return mh_rr_decode(&p->mh, &p->rr);
	default:
		return 0;
	}
}

static int take_mh(struct packet *p)
{
	const struct ip6_info *i = &p->ip;
	struct lke_in6 src = ip6_pseudo_src(i), dst = ip6_pseudo_dst(i);
	int e;

	if (i->upper_len > 2)
		p->msg = mh_class(i, i->pkt[i->upper_off + 2]);
	e = mh_check(i->pkt + i->upper_off, i->upper_len, &src, &dst, &p->mh);
	return e ? e : decode_mh(p);
}

static int take(const uint8_t *pkt, size_t len, struct packet *p)
{
	int e = ip6_parse(pkt, len, &p->ip);

	if (e)
		return e;
	if (p->ip.upper == IP6_NH_ICMPV6)
		return take_icmp(p);
	if (p->ip.upper == IP6_NH_MH)
		return take_mh(p);
	return 0;
}

void packet_read(const uint8_t *pkt, size_t len, struct packet *ret)
{
	int e;

	ret->msg = LKE_MSG_NONE;
	ret->mh.len = 0;
	e = take(pkt, len, ret);
	ret->drop = (enum lke_drop) - e;
}

bool packet_inner(const struct packet *p, const uint8_t **ret_pkt, size_t *ret_len)
{
	if (p->drop != LKE_DROP_NONE || p->ip.upper != IP6_NH_IPV6)
		return false;
	*ret_pkt = p->ip.pkt + p->ip.upper_off;
	*ret_len = p->ip.upper_len;
	return true;
}

enum lke_msg lke_packet_classify(const uint8_t *pkt, size_t len)
{
	struct packet p;

	packet_read(pkt, len, &p);
	return p.drop == LKE_DROP_NONE ? p.msg : LKE_MSG_NONE;
}

/* --- the note --- */

static void note_answer(struct lke_note *n, uint8_t status, uint16_t seq, uint16_t lifetime)
{
	n->status = status;
	n->seq = seq;
	n->lifetime = (uint32_t)lifetime * LIFETIME_UNIT;
}

static void note_mh(const struct packet *p, struct lke_note *n)
{
	switch (p->msg) {
	case LKE_MSG_KEREQ:
		n->seq = p->kereq.seq;
		n->lifetime = p->kereq.lifetime;
		n->addr = ip6_pseudo_src(&p->ip);
		n->peer = p->ip.dst;
		break;
	case LKE_MSG_KEACK:
		note_answer(n, p->keack.status, p->keack.seq, p->keack.lifetime);
		n->addr = ip6_pseudo_dst(&p->ip);
		n->peer = p->keack.ar;
		break;
	case LKE_MSG_BU:
		note_answer(n, 0, p->bu.seq, p->bu.lifetime);
		n->addr = ip6_pseudo_src(&p->ip);
		n->peer = p->bu.has_alt_coa ? p->bu.alt_coa : p->ip.src;
		break;
	case LKE_MSG_BA:
		note_answer(n, p->ba.status, p->ba.seq, p->ba.lifetime);
		n->addr = ip6_pseudo_dst(&p->ip);
		n->peer = p->ip.src;
		break;
	case LKE_MSG_FINISHED:
		note_answer(n, p->finished.status, p->finished.seq, p->finished.lifetime);
		n->addr = ip6_pseudo_src(&p->ip);
		n->peer = p->ip.src;
		break;
	case LKE_MSG_BE:
		n->status = p->be.status;
		n->addr = p->be.home;
		break;
	case LKE_MSG_BRR:
		n->addr = ip6_pseudo_dst(&p->ip);
		break;
	default:
		break;
	}
}

static void note_nd(const struct packet *p, struct lke_note *n)
{
	if (p->nd.type == ND_RA)
		n->lifetime = p->nd.router_lifetime;
	if (p->nd.type == ND_NS || p->nd.type == ND_NA)
		n->addr = p->nd.target;
	if (p->nd.has_auth)
		n->peer = p->nd.auth.ar;
}

void packet_note(const struct packet *p, struct lke_note *ret)
{
	*ret = (struct lke_note){ .type = LKE_NOTE_MESSAGE, .msg = p->msg, .drop = p->drop };
	ret->src = p->ip.src;
	ret->dst = p->ip.dst;
	if (p->drop != LKE_DROP_NONE)
		return;
	if (p->mh.len)
		note_mh(p, ret);
	else if (p->msg >= LKE_MSG_RS && p->msg <= LKE_MSG_DAD_NA_AUTH)
		note_nd(p, ret);
}

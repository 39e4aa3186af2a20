/* SPDX-License-Identifier: ISC */
#include "wire/print.h"

#include "base/str.h"
#include "wire/esp.h"
#include "wire/hadisc.h"
#include "wire/mh.h"
#include "wire/nd.h"
#include "wire/tunnel.h"

enum {
	ICMP_INFO = 128, /* ICMPv6 errors are below, RFC 4443 2.1 */
	MODULUS_MIN = 128,
	MODULUS_MAX = 512, /* octets, AMB-064 */
	LIFETIME_INFINITE = 0xffff,
};

struct icmp_head {
	uint8_t type, code;
	uint32_t param;
};

struct packet {
	struct ip6_info ip;
	enum lke_msg msg;
	union {
		struct nd_msg nd;
		struct icmp_head icmp;
		struct hadisc disc;
		struct mh_kereq kereq;
		struct mh_keack keack;
		struct mh_bu bu;
		struct mh_ba ba;
		struct mh_finished finished;
		struct mh_be be;
	};
};

static const char *msg_text(enum lke_msg m)
{
	static const char *const text[] = {
#define X(id, t) t,
		LKE_MSG_LIST(X)
#undef X
	};
	return text[m];
}

/* --- what it is --- */

static enum lke_msg nd_class(const struct ip6_info *i, const struct nd_msg *m)
{
	switch (m->type) {
	case ND_RS:
		return LKE_MSG_RS;
	case ND_RA:
		return LKE_MSG_RA;
	case ND_NA:
		return m->has_auth ? LKE_MSG_DAD_NA_AUTH : LKE_MSG_NA;
	default:
		if (!in6_is_unspecified(&i->src))
			return LKE_MSG_NS;
		return m->has_auth ? LKE_MSG_DAD_NS_AUTH : LKE_MSG_DAD_NS;
	}
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
		int e = nd_decode(i, &p->nd);
		if (e == 0)
			p->msg = nd_class(i, &p->nd);
		return e;
	}
	if (h.type >= HADISC_REQUEST && h.type <= MPREFIX_ADVERTISEMENT) {
		static const enum lke_msg msg[] = { LKE_MSG_DHAAD_REQUEST, LKE_MSG_DHAAD_REPLY,
						    LKE_MSG_MPS, LKE_MSG_MPA };
		int e = hadisc_decode(i->pkt + i->upper_off, i->upper_len, &src, &dst, &p->disc);

		if (e == 0)
			p->msg = msg[h.type - HADISC_REQUEST];
		return e;
	}
	if (h.type >= ICMP_INFO)
		return 0;
	if (ip6_checksum(&src, &dst, IP6_NH_ICMPV6, i->pkt + i->upper_off, i->upper_len) != 0)
		return -LKE_DROP_CHECKSUM;
	p->icmp = h;
	p->msg = LKE_MSG_ICMP_ERROR;
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
		if (lifetime && mh_kereq_decode(v, k, ret) == 0)
			return 0;
	}
	return -LKE_DROP_MH_OPTION;
}

static int take_mh(struct packet *p)
{
	const struct ip6_info *i = &p->ip;
	struct lke_in6 src = ip6_pseudo_src(i), dst = ip6_pseudo_dst(i);
	struct mh_view v;
	enum lke_msg msg = LKE_MSG_NONE;
	int e = mh_check(i->pkt + i->upper_off, i->upper_len, &src, &dst, &v);

	if (e)
		return e;
	switch (v.type) {
	case MH_KEREQ:
		msg = LKE_MSG_KEREQ;
		e = guess_kereq(&v, &p->kereq);
		break;
	case MH_KEACK:
		msg = LKE_MSG_KEACK;
		e = mh_keack_decode(&v, &p->keack);
		break;
	case MH_BU:
		msg = LKE_MSG_BU;
		e = mh_bu_decode(&v, &p->bu);
		break;
	case MH_BA:
		msg = LKE_MSG_BA;
		e = mh_ba_decode(&v, &p->ba);
		break;
	case MH_FINISHED:
		msg = LKE_MSG_FINISHED;
		e = mh_finished_decode(&v, &p->finished);
		break;
	case MH_BE:
		msg = LKE_MSG_BE;
		e = mh_be_decode(&v, &p->be);
		break;
	case MH_BRR:
		msg = LKE_MSG_BRR;
		break;
	default: /* return routability is the correspondents' */
		break;
	}
	if (e == 0)
		p->msg = msg;
	return e;
}

static int take(const uint8_t *pkt, size_t len, struct packet *p)
{
	p->msg = LKE_MSG_NONE;
	int e = ip6_parse(pkt, len, &p->ip);

	if (e)
		return e;
	if (p->ip.upper == IP6_NH_ICMPV6)
		return take_icmp(p);
	if (p->ip.upper == IP6_NH_MH)
		return take_mh(p);
	return 0;
}

enum lke_msg lke_packet_classify(const uint8_t *pkt, size_t len)
{
	struct packet p;

	return take(pkt, len, &p) == 0 ? p.msg : LKE_MSG_NONE;
}

/* --- the line --- */

static void put_number(struct sbuf *s, const char *name, uint64_t v)
{
	sbuf_str(s, name);
	sbuf_u64(s, v);
}

static void put_address(struct sbuf *s, const char *name, const struct lke_in6 *a)
{
	sbuf_str(s, name);
	sbuf_in6(s, a);
}

static void put_hex32(struct sbuf *s, const char *name, uint32_t v)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof(b));

	wr_u32(&w, v);
	sbuf_str(s, name);
	sbuf_hex(s, b, sizeof(b));
}

static void put_seconds(struct sbuf *s, const char *name, uint64_t seconds)
{
	put_number(s, name, seconds);
	sbuf_char(s, 's');
}

/* Lifetimes of BU, BA, KEAck and Finished count in units of four seconds. */
static void put_lifetime(struct sbuf *s, uint16_t units)
{
	if (units == LIFETIME_INFINITE)
		sbuf_str(s, " lifetime infinite");
	else
		put_seconds(s, " lifetime ", (uint64_t)units * LIFETIME_UNIT);
}

static void put_prefix(struct sbuf *s, const struct nd_prefix *p)
{
	put_address(s, " prefix ", &p->prefix);
	put_number(s, "/", p->len);
	if (p->flags & ND_PIO_R)
		sbuf_str(s, " (router)");
}

static void put_ra(struct sbuf *s, const struct nd_msg *m)
{
	put_seconds(s, " lifetime ", m->router_lifetime);
	if (m->ra_flags & ND_RA_H)
		sbuf_str(s, " home-agent");
	if (m->preference != 0)
		sbuf_str(s, m->preference > 0 ? " preference high" : " preference low");
	if (m->mtu != 0)
		put_number(s, " mtu ", m->mtu);
	for (unsigned k = 0; k < m->prefixes; k++)
		put_prefix(s, &m->prefix[k]);
	if (m->has_adv_interval) {
		put_number(s, " interval ", m->adv_interval_ms);
		sbuf_str(s, "ms");
	}
	if (m->has_lke) {
		put_seconds(s, " lke maximum ", m->lke_max_lifetime);
		put_number(s, " key octets ", m->lke_key_len);
	}
}

static void put_nd(struct sbuf *s, const struct nd_msg *m)
{
	if (m->type == ND_RA)
		put_ra(s, m);
	if (m->type == ND_NS || m->type == ND_NA)
		put_address(s, " target ", &m->target);
	if (m->type == ND_NA && m->na_flags & ND_NA_S)
		sbuf_str(s, " solicited");
	if (m->type == ND_NA && m->na_flags & ND_NA_O)
		sbuf_str(s, " override");
	if (m->has_auth) {
		put_hex32(s, " nonce ", m->auth.nonce);
		put_address(s, " router ", &m->auth.ar);
	}
}

static void put_kereq(struct sbuf *s, const struct ip6_info *i, const struct mh_kereq *m)
{
	struct lke_in6 coa = ip6_pseudo_src(i);

	put_number(s, " seq ", m->seq);
	put_seconds(s, " lifetime ", m->lifetime);
	put_address(s, " care-of ", &coa);
	put_number(s, " rsa ", m->data_len * 8);
	if (m->request.present)
		sbuf_str(s, " request-proof");
	if (m->renewal.present)
		sbuf_str(s, " renewal-proof");
}

static void put_keack(struct sbuf *s, const struct ip6_info *i, const struct mh_keack *m)
{
	struct lke_in6 coa = ip6_pseudo_dst(i);

	put_number(s, " status ", m->status);
	put_number(s, " seq ", m->seq);
	put_lifetime(s, m->lifetime);
	put_address(s, " care-of ", &coa);
	put_address(s, " router ", &m->ar);
}

static void put_bu(struct sbuf *s, const struct ip6_info *i, const struct mh_bu *m)
{
	struct lke_in6 home = ip6_pseudo_src(i);

	put_number(s, " seq ", m->seq);
	put_lifetime(s, m->lifetime);
	put_address(s, " home ", &home);
	if (m->leaving)
		sbuf_str(s, " leaving");
	if (m->has_alt_coa)
		put_address(s, " care-of ", &m->alt_coa);
}

static void put_ba(struct sbuf *s, const struct ip6_info *i, const struct mh_ba *m)
{
	struct lke_in6 home = ip6_pseudo_dst(i);

	put_number(s, " status ", m->status);
	put_number(s, " seq ", m->seq);
	put_lifetime(s, m->lifetime);
	put_address(s, " home ", &home);
	if (m->has_finished_request)
		put_hex32(s, " finished-request ", m->nonce);
	if (m->has_refresh_advice)
		put_seconds(s, " refresh ", (uint64_t)m->refresh_advice * LIFETIME_UNIT);
}

static void put_finished(struct sbuf *s, const struct ip6_info *i, const struct mh_finished *m)
{
	struct lke_in6 home = ip6_pseudo_src(i);

	put_number(s, " status ", m->status);
	put_number(s, " seq ", m->seq);
	put_lifetime(s, m->lifetime);
	put_address(s, " home ", &home);
	put_hex32(s, " nonce ", m->nonce);
}

static void put_icmp(struct sbuf *s, const struct icmp_head *m)
{
	put_number(s, " type ", m->type);
	put_number(s, " code ", m->code);
	put_number(s, " parameter ", m->param);
}

static void put_brr(struct sbuf *s, const struct ip6_info *i)
{
	struct lke_in6 home = ip6_pseudo_dst(i);

	put_address(s, " home ", &home);
}

static void put_be(struct sbuf *s, const struct mh_be *m)
{
	put_number(s, " status ", m->status);
	put_address(s, " home ", &m->home);
}

/* RFC 6275 6.5 to 6.8 */
static void put_disc(struct sbuf *s, const struct hadisc *m)
{
	put_number(s, " id ", m->id);
	for (unsigned n = 0; n < m->agents; n++)
		put_address(s, n ? ", " : " agents ", &m->agent[n]);
	for (unsigned n = 0; n < m->prefixes; n++) {
		put_address(s, n ? ", " : " prefixes ", &m->prefix[n].prefix);
		put_number(s, "/", m->prefix[n].len);
	}
}

static void put_message(struct sbuf *s, const struct packet *p)
{
	sbuf_str(s, msg_text(p->msg));
	switch (p->msg) {
	case LKE_MSG_KEREQ:
		put_kereq(s, &p->ip, &p->kereq);
		break;
	case LKE_MSG_KEACK:
		put_keack(s, &p->ip, &p->keack);
		break;
	case LKE_MSG_BU:
		put_bu(s, &p->ip, &p->bu);
		break;
	case LKE_MSG_BA:
		put_ba(s, &p->ip, &p->ba);
		break;
	case LKE_MSG_FINISHED:
		put_finished(s, &p->ip, &p->finished);
		break;
	case LKE_MSG_BRR:
		put_brr(s, &p->ip);
		break;
	case LKE_MSG_BE:
		put_be(s, &p->be);
		break;
	case LKE_MSG_DHAAD_REQUEST:
	case LKE_MSG_DHAAD_REPLY:
	case LKE_MSG_MPS:
	case LKE_MSG_MPA:
		put_disc(s, &p->disc);
		break;
	case LKE_MSG_ICMP_ERROR:
		put_icmp(s, &p->icmp);
		break;
	default:
		put_nd(s, &p->nd);
		break;
	}
}

static void put_flow(struct sbuf *s, const struct ip6_info *i)
{
	put_address(s, "", &i->src);
	put_address(s, " > ", &i->dst);
}

/* A packet that is no message of ours and no tunnel. */
static void put_other(struct sbuf *s, const struct ip6_info *i)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);

	if (i->upper == IP6_NH_ESP && i->upper_len >= 8) {
		put_hex32(s, "ESP spi 0x", rd_u32(&r));
		return;
	}
	put_flow(s, i);
	put_number(s, " protocol ", i->upper);
	put_number(s, " length ", i->upper_len);
}

size_t lke_packet_format(const uint8_t *pkt, size_t len, char *buf, size_t size)
{
	struct sbuf s = sbuf_init(buf, size);
	struct packet p;

	/* "outer -> inner"; one header more than may be nested, so that the surplus is seen */
	for (unsigned depth = 0; depth <= TUNNEL_MAX_HEADERS; depth++) {
		if (take(pkt, len, &p) != 0) {
			sbuf_str(&s, "malformed packet");
			return s.len;
		}
		if (p.ip.upper != IP6_NH_IPV6)
			break;
		put_flow(&s, &p.ip);
		sbuf_str(&s, " -> ");
		pkt = p.ip.pkt + p.ip.upper_off;
		len = p.ip.upper_len;
	}
	if (p.msg == LKE_MSG_NONE)
		put_other(&s, &p.ip);
	else
		put_message(&s, &p);
	return s.len;
}

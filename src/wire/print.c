/* SPDX-License-Identifier: ISC */
#include "wire/print.h"

#include "base/str.h"
#include "wire/packet.h"
#include "wire/tunnel.h"

enum { LIFETIME_INFINITE = 0xffff };

static const char *msg_text(enum lke_msg m)
{
	static const char *const text[] = {
#define X(id, t) t,
		LKE_MSG_LIST(X)
#undef X
	};
	return text[m];
}

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

static void put_rr(struct sbuf *s, const struct mh_rr *m)
{
	sbuf_str(s, " cookie ");
	sbuf_hex(s, m->cookie, sizeof(m->cookie));
	if (m->answer)
		put_number(s, " nonce index ", m->nonce_index);
}

/* RFC 6275 6.5 to 6.8 */
static void put_hadisc(struct sbuf *s, const struct hadisc *m)
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
	case LKE_MSG_HOTI:
	case LKE_MSG_COTI:
	case LKE_MSG_HOT:
	case LKE_MSG_COT:
		put_rr(s, &p->rr);
		break;
	case LKE_MSG_ICMP_ERROR:
		put_icmp(s, &p->icmp);
		break;
	case LKE_MSG_DHAAD_REQUEST:
	case LKE_MSG_DHAAD_REPLY:
	case LKE_MSG_MPS:
	case LKE_MSG_MPA:
		put_hadisc(s, &p->hadisc);
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
		packet_read(pkt, len, &p);
		if (p.drop != LKE_DROP_NONE) {
			sbuf_str(&s, "malformed packet");
			return s.len;
		}
		if (!packet_inner(&p, &pkt, &len))
			break;
		put_flow(&s, &p.ip);
		sbuf_str(&s, " -> ");
	}
	if (p.msg == LKE_MSG_NONE)
		put_other(&s, &p.ip);
	else
		put_message(&s, &p);
	return s.len;
}

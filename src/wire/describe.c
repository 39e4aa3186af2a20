/* SPDX-License-Identifier: ISC */
/* Every field of a packet as name and value. */
#include "base/str.h"
#include "wire/describe_options.h"

enum {
	VALUE_MAX = 1200, /* an RSA key in hexadecimal */
	LIFETIME_INFINITE = 0xffff,
};

struct out {
	packet_field_fn *fn;
	void *ctx;
	struct sbuf s;
	char value[VALUE_MAX];
};

static struct sbuf *begin(struct out *o)
{
	o->s = sbuf_init(o->value, sizeof(o->value));
	return &o->s;
}

static void end(struct out *o, const char *name)
{
	o->fn(o->ctx, name, o->value);
}

static void text(struct out *o, const char *name, const char *value)
{
	o->fn(o->ctx, name, value);
}

static void number(struct out *o, const char *name, uint64_t v)
{
	sbuf_u64(begin(o), v);
	end(o, name);
}

static void unit(struct out *o, const char *name, uint64_t v, const char *of)
{
	struct sbuf *s = begin(o);

	sbuf_u64(s, v);
	sbuf_str(s, of);
	end(o, name);
}

static void address(struct out *o, const char *name, const struct lke_in6 *a)
{
	sbuf_in6(begin(o), a);
	end(o, name);
}

static void octets(struct out *o, const char *name, const void *p, size_t n)
{
	sbuf_hex(begin(o), p, n);
	end(o, name);
}

static void hex32(struct out *o, const char *name, uint32_t v)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof(b));

	wr_u32(&w, v);
	octets(o, name, b, sizeof(b));
}

/* "A H": the letters whose bit is set, from the most significant bit on; '.' has no name. */
static void flags(struct out *o, const char *name, unsigned v, unsigned top, const char *letters)
{
	struct sbuf *s = begin(o);

	for (unsigned k = 0; letters[k]; k++) {
		if (letters[k] == '.' || !(v & top >> k))
			continue;
		if (s->len)
			sbuf_char(s, ' ');
		sbuf_char(s, letters[k]);
	}
	if (!s->len)
		sbuf_char(s, '-');
	end(o, name);
}

static void seconds(struct out *o, const char *name, uint64_t v, uint64_t infinite)
{
	if (v == infinite)
		text(o, name, "infinite");
	else
		unit(o, name, v, "s");
}

/* Units of four seconds. */
static void lifetime(struct out *o, uint16_t units)
{
	if (units == LIFETIME_INFINITE)
		text(o, "lifetime", "infinite");
	else
		unit(o, "lifetime", (uint64_t)units * LIFETIME_UNIT, "s");
}

static void describe_ip(struct out *o, const struct ip6_info *i)
{
	address(o, "source", &i->src);
	address(o, "destination", &i->dst);
	number(o, "hop_limit", i->hop_limit);
	number(o, "traffic_class", i->tclass);
	if (i->flow)
		number(o, "flow_label", i->flow);
	if (i->has_hao)
		address(o, "home_address_option", &i->hao);
	if (i->has_rh2)
		address(o, "type_2_routing_header", &i->rh2);
	if (i->has_tunnel_limit)
		number(o, "tunnel_encapsulation_limit", i->tunnel_limit);
}

static void describe_auth_data(struct out *o, const struct mh_auth_data *a)
{
	if (!a->present)
		return;
	if (a->well_placed)
		octets(o, "binding_authorization_data", a->mac, sizeof(a->mac));
	else
		text(o, "binding_authorization_data", "misplaced");
}

static void describe_prefix(struct out *o, const struct nd_prefix *p)
{
	struct sbuf *s = begin(o);

	sbuf_in6(s, &p->prefix);
	sbuf_char(s, '/');
	sbuf_u64(s, p->len);
	end(o, "prefix");
	flags(o, "prefix_flags", p->flags, 0x80, "LAR");
	seconds(o, "prefix_valid", p->valid, UINT32_MAX);
	seconds(o, "prefix_preferred", p->preferred, UINT32_MAX);
}

static void describe_ra(struct out *o, const struct nd_msg *m)
{
	number(o, "current_hop_limit", m->cur_hop_limit);
	flags(o, "flags", m->ra_flags, 0x80, "MOH");
	text(o, "preference", m->preference > 0 ? "high" : m->preference < 0 ? "low" : "medium");
	unit(o, "lifetime", m->router_lifetime, "s");
	unit(o, "reachable_time", m->reachable_ms, "ms");
	unit(o, "retransmission_time", m->retrans_ms, "ms");
	if (m->mtu)
		number(o, "mtu", m->mtu);
	for (unsigned k = 0; k < m->prefixes; k++)
		describe_prefix(o, &m->prefix[k]);
	if (m->has_adv_interval)
		unit(o, "advertisement_interval", m->adv_interval_ms, "ms");
	if (m->has_ha_info) {
		number(o, "home_agent_preference", m->ha_preference);
		unit(o, "home_agent_lifetime", m->ha_lifetime, "s");
	}
	for (unsigned k = 0; k < m->rdnss_count; k++)
		address(o, "dns_server", &m->rdnss[k]);
	if (m->rdnss_count)
		seconds(o, "dns_lifetime", m->rdnss_lifetime, UINT32_MAX);
	if (m->has_lke) {
		unit(o, "lke_maximum_lifetime", m->lke_max_lifetime, "s");
		octets(o, "lke_public_key", m->lke_key, m->lke_key_len);
	}
}

static void describe_nd(struct out *o, const struct nd_msg *m)
{
	char mac[LLADDR_TEXT_MAX];

	if (m->type == ND_RA)
		describe_ra(o, m);
	if (m->type == ND_NS || m->type == ND_NA)
		address(o, "target", &m->target);
	if (m->type == ND_NA)
		flags(o, "flags", m->na_flags, 0x80, "RSO");
	if (m->lladdr.len)
		text(o, "link_layer_address", lladdr_text(&m->lladdr, mac));
	if (m->has_nonce)
		octets(o, "nonce_option", m->nonce, sizeof(m->nonce));
	if (m->has_auth) {
		hex32(o, "authentication_nonce", m->auth.nonce);
		address(o, "access_router", &m->auth.ar);
		octets(o, "hmac", m->auth.mac, sizeof(m->auth.mac));
	}
}

static void describe_kereq(struct out *o, const struct mh_kereq *m)
{
	number(o, "sequence", m->seq);
	unit(o, "lifetime", m->lifetime, "s");
	number(o, "rsa_bits", m->data_len * 8);
	octets(o, "key_exchange_data", m->data, m->data_len);
	if (m->request.present)
		octets(o, "request_proof", m->request.mac, sizeof(m->request.mac));
	if (m->renewal.present)
		octets(o, "renewal_proof", m->renewal.mac, sizeof(m->renewal.mac));
}

static void describe_keack(struct out *o, const struct mh_keack *m)
{
	number(o, "status", m->status);
	number(o, "sequence", m->seq);
	lifetime(o, m->lifetime);
	address(o, "access_router", &m->ar);
	octets(o, "hmac", m->mac, sizeof(m->mac));
}

static void describe_bu(struct out *o, const struct mh_bu *m)
{
	number(o, "sequence", m->seq);
	flags(o, "flags", m->flags, BU_A, "AHLKMRPFT");
	lifetime(o, m->lifetime);
	if (m->has_alt_coa)
		address(o, "alternate_care_of_address", &m->alt_coa);
	if (m->has_nonce_indices) {
		struct sbuf *s = begin(o);

		sbuf_u64(s, m->home_index);
		sbuf_char(s, ' ');
		sbuf_u64(s, m->coa_index);
		end(o, "nonce_indices");
	}
	if (m->leaving)
		text(o, "move", "leaving");
	describe_auth_data(o, &m->auth);
}

static void describe_ba(struct out *o, const struct mh_ba *m)
{
	number(o, "status", m->status);
	flags(o, "flags", m->flags, BA_K, "KRPT");
	number(o, "sequence", m->seq);
	lifetime(o, m->lifetime);
	if (m->has_finished_request) {
		hex32(o, "finished_request_nonce", m->nonce);
		number(o, "finished_request_r", m->finished_r);
	}
	if (m->has_refresh_advice)
		unit(o, "refresh_advice", (uint64_t)m->refresh_advice * LIFETIME_UNIT, "s");
	describe_auth_data(o, &m->auth);
}

static void describe_finished(struct out *o, const struct mh_finished *m)
{
	number(o, "status", m->status);
	number(o, "sequence", m->seq);
	lifetime(o, m->lifetime);
	hex32(o, "nonce", m->nonce);
	describe_auth_data(o, &m->auth);
}

static void describe_rr(struct out *o, const struct mh_rr *m)
{
	if (m->answer)
		number(o, "nonce_index", m->nonce_index);
	octets(o, "init_cookie", m->cookie, sizeof(m->cookie));
	if (m->answer)
		octets(o, "keygen_token", m->token, sizeof(m->token));
}

static void describe_hadisc(struct out *o, const struct hadisc *m)
{
	number(o, "identifier", m->id);
	if (m->type == MPREFIX_ADVERTISEMENT)
		flags(o, "flags", (m->managed ? 2U : 0U) | (m->other ? 1U : 0U), 2, "MO");
	for (unsigned k = 0; k < m->agents; k++)
		address(o, "home_agent", &m->agent[k]);
	for (unsigned k = 0; k < m->prefixes; k++)
		describe_prefix(o, &m->prefix[k]);
}

static void describe_mh(struct out *o, const struct packet *p)
{
	switch (p->msg) {
	case LKE_MSG_KEREQ:
		describe_kereq(o, &p->kereq);
		break;
	case LKE_MSG_KEACK:
		describe_keack(o, &p->keack);
		break;
	case LKE_MSG_BU:
		describe_bu(o, &p->bu);
		break;
	case LKE_MSG_BA:
		describe_ba(o, &p->ba);
		break;
	case LKE_MSG_FINISHED:
		describe_finished(o, &p->finished);
		break;
	case LKE_MSG_BE:
		number(o, "status", p->be.status);
		address(o, "home_address", &p->be.home);
		break;
	case LKE_MSG_HOTI:
	case LKE_MSG_COTI:
	case LKE_MSG_HOT:
	case LKE_MSG_COT:
		describe_rr(o, &p->rr);
		break;
	default: /* a Binding Refresh Request has no fields */
		break;
	}
}

void packet_describe(const struct packet *p, packet_field_fn *field, void *ctx)
{
	struct out o = { .fn = field, .ctx = ctx };

	describe_ip(&o, &p->ip);
	if (p->drop != LKE_DROP_NONE)
		return;
	if (p->mh.len) {
		describe_mh(&o, p);
	} else if (p->msg == LKE_MSG_ICMP_ERROR) {
		number(&o, "type", p->icmp.type);
		number(&o, "code", p->icmp.code);
		number(&o, "parameter", p->icmp.param);
	} else if (p->msg >= LKE_MSG_DHAAD_REQUEST && p->msg <= LKE_MSG_MPA) {
		describe_hadisc(&o, &p->hadisc);
	} else if (p->msg != LKE_MSG_NONE) {
		describe_nd(&o, &p->nd);
	}
	describe_other_options(p, field, ctx);
}

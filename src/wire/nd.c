/* SPDX-License-Identifier: ISC */
#include "wire/nd.h"

enum {
	LLADDR_LEN = 6,
	PREF_MASK = 0x18, /* RFC 4191 2.2, in the flags of an RA */
	PREF_HIGH = 0x08,
	PREF_LOW = 0x18,
	LKE_MIN_BODY = 5 * 8 - 2, /* AMB-002: Length >= 5 */
};

/* What an option costs to be judged: where it stands, its value and the message it belongs to. */
struct nd_opt {
	uint8_t type;
	struct rd body; /* behind Type and Length */
};

/*
 * The one iterator.  1 with an option, 0 at the end, -LKE_DROP_ND_OPTION: an option of length zero
 * or an overrun makes the whole message invalid (RFC 4861 4.6).
 */
static int nd_opt_next(struct rd *r, struct nd_opt *ret)
{
	if (rd_left(r) == 0)
		return 0;
	uint8_t type = rd_u8(r);
	uint8_t units = rd_u8(r);
	if (r->err || units == 0)
		return -LKE_DROP_ND_OPTION;
	struct rd body = rd_sub(r, (size_t)units * 8 - 2);
	if (r->err)
		return -LKE_DROP_ND_OPTION;
	*ret = (struct nd_opt){ .type = type, .body = body };
	return 1;
}

/* Length in units of 8 octets, as on the wire. */
static size_t opt_units(const struct nd_opt *o)
{
	return (o->body.len + 2) / 8;
}

/* A group address cannot be a neighbour's; other lengths belong to other kinds of link. */
static void read_lladdr(struct nd_opt *o, struct nd_msg *m)
{
	uint8_t b[LLADDR_LEN];

	if (opt_units(o) != 1 || m->lladdr.len != 0)
		return;
	rd_bytes(&o->body, b, sizeof(b));
	if (b[0] & 1)
		return;
	m->lladdr.len = LLADDR_LEN;
	memcpy(m->lladdr.b, b, sizeof(b));
}

static void clear_host_bits(struct lke_in6 *a, unsigned len)
{
	for (unsigned k = 0; k < sizeof(a->b); k++) {
		unsigned keep = len <= k * 8 ? 0 : len - k * 8;
		if (keep < 8)
			a->b[k] = (uint8_t)(a->b[k] & (0xff00u >> keep));
	}
}

/* RFC 4861 4.6.2; RFC 6275 7.2: with R the prefix field is the router's whole address. */
static void read_prefix(struct nd_opt *o, struct nd_msg *m)
{
	struct nd_prefix p;

	if (opt_units(o) != 4 || m->prefixes == ND_MAX_PREFIXES)
		return;
	p.len = rd_u8(&o->body);
	p.flags = rd_u8(&o->body);
	p.valid = rd_u32(&o->body);
	p.preferred = rd_u32(&o->body);
	rd_skip(&o->body, 4);
	rd_in6(&o->body, &p.prefix);
	if (p.len > 128)
		return;
	if (!(p.flags & ND_PIO_R))
		clear_host_bits(&p.prefix, p.len);
	m->prefix[m->prefixes++] = p;
}

static void read_mtu(struct nd_opt *o, struct nd_msg *m)
{
	if (opt_units(o) != 1 || m->mtu != 0)
		return;
	rd_skip(&o->body, 2);
	uint32_t mtu = rd_u32(&o->body);
	if (mtu >= IP6_MIN_MTU) /* RFC 4861 6.3.4 */
		m->mtu = mtu;
}

/* Draft 3.1.1; the key is judged by rsa_pub_check(), AMB-010. */
static void read_lke(struct nd_opt *o, struct nd_msg *m)
{
	if (o->body.len < LKE_MIN_BODY || m->has_lke)
		return;
	m->lke_max_lifetime = rd_u16(&o->body);
	m->lke_key_len = rd_left(&o->body);
	m->lke_key = rd_view(&o->body, m->lke_key_len);
	m->has_lke = true;
}

static void read_adv_interval(struct nd_opt *o, struct nd_msg *m)
{
	if (opt_units(o) != 1 || m->has_adv_interval)
		return;
	rd_skip(&o->body, 2);
	m->adv_interval_ms = rd_u32(&o->body);
	m->has_adv_interval = true;
}

/* RFC 6275 7.4: only with the H bit, and a lifetime of 0 does not exist. */
static void read_ha_info(struct nd_opt *o, struct nd_msg *m)
{
	if (opt_units(o) != 1 || m->has_ha_info || !(m->ra_flags & ND_RA_H))
		return;
	rd_skip(&o->body, 2);
	uint16_t preference = rd_u16(&o->body);
	uint16_t lifetime = rd_u16(&o->body);
	if (lifetime == 0)
		return;
	m->ha_preference = preference;
	m->ha_lifetime = lifetime;
	m->has_ha_info = true;
}

/* RFC 8106 5.1.  The servers of several options make one list with the shortest lifetime; those
 * withdrawn beside others (lifetime 0) are not in it. */
static void read_rdnss(struct nd_opt *o, struct nd_msg *m)
{
	uint32_t lifetime;

	if (opt_units(o) < 3 || opt_units(o) % 2 == 0)
		return;
	rd_skip(&o->body, 2);
	lifetime = rd_u32(&o->body);
	if (m->rdnss_count > 0 && lifetime == 0)
		return;
	if (m->rdnss_lifetime == 0) {
		memset(m->rdnss, 0, sizeof(m->rdnss));
		m->rdnss_count = 0;
	}
	if (m->rdnss_count == 0 || lifetime < m->rdnss_lifetime)
		m->rdnss_lifetime = lifetime;
	while (rd_left(&o->body) > 0 && m->rdnss_count < ND_MAX_RDNSS)
		rd_in6(&o->body, &m->rdnss[m->rdnss_count++]);
}

/* RFC 8106 5.2; the names are judged by whoever uses them. */
static void read_dnssl(struct nd_opt *o, struct nd_msg *m)
{
	if (opt_units(o) < 2 || m->dnssl_len != 0)
		return;
	rd_skip(&o->body, 2);
	m->dnssl_lifetime = rd_u32(&o->body);
	m->dnssl_len = rd_left(&o->body);
	m->dnssl = rd_view(&o->body, m->dnssl_len);
}

/* RFC 7527: six octets; SEND's longer ones (RFC 3971) are not compared. */
static void read_nonce(struct nd_opt *o, struct nd_msg *m)
{
	if (opt_units(o) != 1 || m->has_nonce)
		return;
	rd_bytes(&o->body, m->nonce, sizeof(m->nonce));
	m->has_nonce = true;
}

/* Draft 3.1.2, 3.1.3; another Length is an option we do not know (AMB-012). */
static void read_auth(struct nd_opt *o, const struct ip6_info *i, struct nd_msg *m)
{
	struct nd_auth a;

	if (opt_units(o) != ND_AUTH_LEN / 8)
		return;
	m->has_auth = true;
	if (++m->auths > 1)
		return;
	a.reserved_set = rd_u16(&o->body) != 0;
	a.nonce = rd_u32(&o->body);
	rd_in6(&o->body, &a.ar);
	a.mac_off = (size_t)(o->body.p - i->pkt) + o->body.off;
	rd_bytes(&o->body, a.mac, sizeof(a.mac));
	m->auth = a;
}

/* Options by (ICMP type, option type), AMB-002. */
static void read_ra_option(struct nd_opt *o, struct nd_msg *m)
{
	switch (o->type) {
	case ND_OPT_SLLA:
		read_lladdr(o, m);
		break;
	case ND_OPT_PREFIX:
		read_prefix(o, m);
		break;
	case ND_OPT_MTU:
		read_mtu(o, m);
		break;
	case ND_OPT_LKE:
		read_lke(o, m);
		break;
	case ND_OPT_ADV_INTERVAL:
		read_adv_interval(o, m);
		break;
	case ND_OPT_HA_INFO:
		read_ha_info(o, m);
		break;
	case ND_OPT_RDNSS:
		read_rdnss(o, m);
		break;
	case ND_OPT_DNSSL:
		read_dnssl(o, m);
		break;
	default:
		break;
	}
}

static void read_option(struct nd_opt *o, const struct ip6_info *i, struct nd_msg *m)
{
	if (m->type == ND_RA)
		read_ra_option(o, m);
	else if (m->type == ND_NA && o->type == ND_OPT_TLLA)
		read_lladdr(o, m);
	else if (m->type != ND_NA && o->type == ND_OPT_SLLA)
		read_lladdr(o, m);
	else if (m->type == ND_NS && o->type == ND_OPT_NONCE)
		read_nonce(o, m);
	else if (m->type == ND_NS && o->type == ND_OPT_DAD_REQUEST)
		read_auth(o, i, m);
	else if (m->type == ND_NA && o->type == ND_OPT_DAD_REPLY)
		read_auth(o, i, m);
}

/* RFC 4861 6.1.1, 7.1.1: a source that is not there yet has no link-layer address to teach. */
static int read_options(struct rd *r, const struct ip6_info *i, struct nd_msg *m)
{
	bool no_slla = (m->type == ND_RS || m->type == ND_NS) && in6_is_unspecified(&i->src);
	struct nd_opt o;
	int e;

	while ((e = nd_opt_next(r, &o)) > 0) {
		if (no_slla && o.type == ND_OPT_SLLA)
			return -LKE_DROP_ND_INVALID;
		read_option(&o, i, m);
	}
	return e;
}

/* RFC 4861 4.2, RFC 4191 2.2. */
static void read_ra_fixed(struct rd *r, struct nd_msg *m)
{
	m->cur_hop_limit = rd_u8(r);
	uint8_t flags = rd_u8(r);
	m->router_lifetime = rd_u16(r);
	m->reachable_ms = rd_u32(r);
	m->retrans_ms = rd_u32(r);
	m->ra_flags = flags & (uint8_t)~PREF_MASK;
	/* The reserved value is medium; without a default router there is no preference. */
	if (m->router_lifetime == 0)
		return;
	if ((flags & PREF_MASK) == PREF_HIGH)
		m->preference = 1;
	else if ((flags & PREF_MASK) == PREF_LOW)
		m->preference = -1;
}

static void read_fixed(struct rd *r, struct nd_msg *m)
{
	switch (m->type) {
	case ND_RA:
		read_ra_fixed(r, m);
		break;
	case ND_NA:
		m->na_flags = rd_u8(r);
		rd_skip(r, 3);
		rd_in6(r, &m->target);
		break;
	case ND_NS:
		rd_skip(r, 4);
		rd_in6(r, &m->target);
		break;
	default: /* RS */
		rd_skip(r, 4);
		break;
	}
}

static bool is_solicited_node(const struct lke_in6 *a)
{
	struct lke_in6 want = in6_solicited_node(a);

	return in6_eq(a, &want);
}

/* The rules about addresses: RFC 4861 6.1.2, 7.1.1, 7.1.2. */
static bool addresses_valid(const struct ip6_info *i, const struct nd_msg *m)
{
	switch (m->type) {
	case ND_RA:
		return in6_is_linklocal(&i->src);
	case ND_NS:
		if (in6_is_unspecified(&i->src) && !is_solicited_node(&i->dst))
			return false;
		return !in6_is_multicast(&m->target);
	case ND_NA:
		if (in6_is_multicast(&i->dst) && m->na_flags & ND_NA_S)
			return false;
		return !in6_is_multicast(&m->target);
	default:
		return true;
	}
}

/* What every ND message must satisfy before its fields mean anything: RFC 4861 6.1, 7.1; RFC 6980.
 */
static int check_frame(const struct ip6_info *i, struct rd *r, uint8_t *ret_type)
{
	struct lke_in6 src = ip6_pseudo_src(i), dst = ip6_pseudo_dst(i);

	if (i->has_fragment)
		return -LKE_DROP_FRAGMENT;
	if (i->upper != IP6_NH_ICMPV6)
		return -LKE_DROP_NOT_OURS;
	uint8_t type = rd_u8(r);
	uint8_t code = rd_u8(r);
	rd_skip(r, 2);
	if (r->err)
		return -LKE_DROP_SHORT;
	if (type < ND_RS || type > ND_NA)
		return -LKE_DROP_NOT_OURS;
	if (i->hop_limit != 255)
		return -LKE_DROP_ND_HOPLIMIT;
	if (i->has_hao)
		return -LKE_DROP_HAO;
	if (i->has_rh2)
		return -LKE_DROP_RH2;
	if (ip6_checksum(&src, &dst, IP6_NH_ICMPV6, i->pkt + i->upper_off, i->upper_len) != 0)
		return -LKE_DROP_CHECKSUM;
	if (code != 0)
		return -LKE_DROP_ND_CODE;
	*ret_type = type;
	return 0;
}

int nd_decode(const struct ip6_info *i, struct nd_msg *ret)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	struct nd_msg m = { 0 };
	int e;

	e = check_frame(i, &r, &m.type);
	if (e)
		return e;
	read_fixed(&r, &m);
	if (r.err)
		return -LKE_DROP_SHORT;
	if (!addresses_valid(i, &m))
		return -LKE_DROP_ND_INVALID;
	e = read_options(&r, i, &m);
	if (e)
		return e;
	*ret = m;
	return 0;
}

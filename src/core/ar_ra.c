/* SPDX-License-Identifier: ISC */
/*
 * What a Router Advertisement says: RFC 4861 6.2.3, RFC 6275 section 7, RFC 4191, RFC 8106, draft
 * 3.1.1.  One that exceeds the MTU is split (AMB-026).
 */
#include "core/access_router.h"

static bool augments(const struct ar_link *k)
{
	return k->cfg->advertise == LKE_ADVERTISE_AUGMENT;
}

static uint16_t ha_lifetime(const struct ar_link *k, uint16_t router_lifetime)
{
	return k->cfg->ha_lifetime ? k->cfg->ha_lifetime : router_lifetime;
}

/* RFC 6275 7.4: left out where it would say what its absence says. */
static bool wants_ha_info(const struct lke_config_ar *c)
{
	if (c->ha_info == LKE_HA_INFO_AUTO)
		return c->ha_preference != 0 ||
		       (c->ha_lifetime != 0 && c->ha_lifetime != c->router_lifetime);
	return c->ha_info == LKE_HA_INFO_YES;
}

static void add_capability(const struct lke_engine *e, const struct ar_link *k, struct nd_msg *m)
{
	const struct ar_rsa *key = &e->ar->rsa[0];
	uint32_t max = ar_max_lifetime(e, k);

	if (max == 0 || !key->present)
		return;
	m->ra_flags |= ND_RA_H;
	m->has_lke = true;
	m->lke_max_lifetime = (uint16_t)max;
	m->lke_key = key->spki;
	m->lke_key_len = key->spki_len;
}

static void add_prefixes(const struct lke_engine *e, const struct ar_link *k, struct nd_msg *m)
{
	struct nd_prefix p[LKE_MAX_PREFIXES];
	unsigned n = ar_link_prefixes(e, k, p);

	for (unsigned i = 0; i < n; i++) {
		ar_add_router_address(k, &p[i]);
		/* Beside another daemon only what LKE needs: the router's address. */
		if (!augments(k) || p[i].flags & ND_PIO_R)
			m->prefix[m->prefixes++] = p[i];
	}
	n = ar_link_gone_prefixes(e, k, p);
	for (unsigned i = 0; i < n && m->prefixes < ND_MAX_PREFIXES; i++)
		m->prefix[m->prefixes++] = p[i];
}

/* RFC 6275 7.5: short intervals are told 20 ms longer. */
static uint32_t interval_told(const struct lke_config_ar *c)
{
	return c->ra_max_interval_ms < 200 ? c->ra_max_interval_ms + 20 : c->ra_max_interval_ms;
}

static void add_names(const struct lke_config_ar *c, struct nd_msg *m)
{
	uint32_t lifetime = c->ra_max_interval_ms * 3 / 1000; /* RFC 8106 5.1 */

	if (lifetime == 0)
		lifetime = 1;
	for (unsigned n = 0; n < c->rdnss_count; n++)
		m->rdnss[m->rdnss_count++] = c->rdnss[n];
	m->rdnss_lifetime = c->rdnss_lifetime ? c->rdnss_lifetime : lifetime;
	m->dnssl = c->dnssl;
	m->dnssl_len = c->dnssl_len;
	m->dnssl_lifetime = c->dnssl_lifetime ? c->dnssl_lifetime : lifetime;
}

static void fill_full(const struct lke_engine *e, const struct ar_link *k, struct nd_msg *m)
{
	const struct lke_config_ar *c = k->cfg;

	m->cur_hop_limit = c->hop_limit;
	m->ra_flags = (uint8_t)((c->managed ? ND_RA_M : 0) | (c->other ? ND_RA_O : 0));
	m->preference = (int8_t)c->preference;
	m->router_lifetime = c->router_lifetime;
	m->reachable_ms = c->reachable_ms;
	m->retrans_ms = c->retrans_ms;
	m->mtu = c->mtu;
	m->has_adv_interval = c->interval_option;
	m->adv_interval_ms = interval_told(c);
	add_names(c, m);
	add_prefixes(e, k, m);
	add_capability(e, k, m);
	/* Also of a home agent: one advertisement speaks for both roles. */
	if (k->ifc->ha && e->cfg.ha.advertise != LKE_HA_ADVERTISE_NO)
		m->ra_flags |= ND_RA_H;
	if (m->ra_flags & ND_RA_H && wants_ha_info(c)) {
		m->has_ha_info = true;
		m->ha_preference = c->ha_preference;
		m->ha_lifetime = ha_lifetime(k, c->router_lifetime);
	}
}

/* Flags and lifetimes are those of the daemon beside us (AMB-048 where it is no default router). */
static void fill_augment(const struct lke_engine *e, const struct ar_link *k, struct nd_msg *m)
{
	const struct ar_heard *h = &k->heard;

	m->cur_hop_limit = h->hop_limit;
	m->ra_flags = h->flags;
	m->preference = h->preference;
	m->router_lifetime = h->lifetime;
	m->reachable_ms = h->reachable_ms;
	m->retrans_ms = h->retrans_ms;
	m->has_ha_info = h->has_ha_info;
	m->ha_preference = h->ha_preference;
	m->ha_lifetime = h->ha_lifetime;
	add_prefixes(e, k, m);
	add_capability(e, k, m);
}

/* Which options of an advertisement have not been sent yet. */
struct rest {
	bool lke, mtu, interval, rdnss, dnssl;
	unsigned prefix; /* the next one */
};

static bool fits(size_t *left, size_t size)
{
	if (size > *left)
		return false;
	*left -= size;
	return true;
}

static size_t round8(size_t n)
{
	return (n + 7) / 8 * 8;
}

/* The one prefix with the router's address that stands in every part, RFC 6275 7.2. */
static const struct nd_prefix *anchor(const struct nd_msg *all)
{
	for (unsigned n = 0; n < all->prefixes; n++)
		if (all->prefix[n].flags & ND_PIO_R)
			return &all->prefix[n];
	return NULL;
}

static bool take_option(bool *rest, bool present, size_t *left, size_t size)
{
	if (!*rest || !present || !fits(left, size))
		return false;
	*rest = false;
	return true;
}

/* Takes as many of the remaining options into one message of size octets as it holds. */
static struct nd_msg part(const struct nd_msg *all, struct rest *r, size_t size)
{
	struct nd_msg m = *all;
	const struct nd_prefix *always = anchor(all);
	size_t left = size - IP6_HDR_LEN - 16 - (all->lladdr.len ? 8 : 0) - 8;

	m.prefixes = 0;
	if (always && fits(&left, 32))
		m.prefix[m.prefixes++] = *always;
	m.has_lke = take_option(&r->lke, all->has_lke, &left, round8(4 + all->lke_key_len));
	if (!take_option(&r->mtu, all->mtu != 0, &left, 8))
		m.mtu = 0;
	m.has_adv_interval = take_option(&r->interval, all->has_adv_interval, &left, 8);
	for (; r->prefix < all->prefixes; r->prefix++) {
		if (always == &all->prefix[r->prefix])
			continue;
		if (!fits(&left, 32))
			break;
		m.prefix[m.prefixes++] = all->prefix[r->prefix];
	}
	if (!take_option(&r->rdnss, all->rdnss_count != 0, &left, 8 + 16 * all->rdnss_count))
		m.rdnss_count = 0;
	if (!take_option(&r->dnssl, all->dnssl_len != 0, &left, 8 + round8(all->dnssl_len)))
		m.dnssl_len = 0;
	return m;
}

static bool finished(const struct nd_msg *all, const struct rest *r)
{
	return !(r->lke && all->has_lke) && !(r->mtu && all->mtu) &&
	       !(r->interval && all->has_adv_interval) && r->prefix == all->prefixes &&
	       !(r->rdnss && all->rdnss_count) && !(r->dnssl && all->dnssl_len);
}

static size_t size_limit(const struct ar_link *k)
{
	size_t mtu = k->ifc->mtu;

	if (k->cfg->mtu && k->cfg->mtu < mtu)
		mtu = k->cfg->mtu;
	return mtu < IP6_MIN_MTU ? IP6_MIN_MTU : mtu > PACKET_MAX ? PACKET_MAX : mtu;
}

/* The largest option beside what stands in every part fits the smallest MTU: each part takes at
 * least one. */
_Static_assert(IP6_HDR_LEN + 16 + 8 + 8 + 32 + 4 + RSA_SPKI_MAX + 7 <= IP6_MIN_MTU, "option 6");
_Static_assert(IP6_HDR_LEN + 16 + 8 + 8 + 32 + 8 + LKE_DNSSL_MAX + 7 <= IP6_MIN_MTU, "DNSSL");

static void send_parts(struct lke_engine *e, struct ar_link *k, const struct nd_msg *all,
		       const struct lke_in6 *src, const struct lke_in6 *dst,
		       const struct lke_lladdr *ll)
{
	struct rest r = { true, true, true, true, true, 0 };
	uint8_t buf[PACKET_MAX];

	do {
		struct nd_msg m = part(all, &r, size_limit(k));
		int len = nd_encode(&m, src, dst, 0, buf, sizeof(buf));

		if (len < 0)
			return;
		count(e, LKE_STAT_RA_SENT);
		send_packet(e, LKE_ROLE_AR, LKE_MSG_RA, k->ifc->ifindex, ll, buf, (size_t)len);
	} while (!finished(all, &r));
}

void ar_ra_send(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *dst,
		const struct lke_lladdr *ll)
{
	struct nd_msg m = { .type = ND_RA, .lladdr = k->ifc->lladdr };

	if (augments(k))
		fill_augment(e, k, &m);
	else
		fill_full(e, k, &m);
	/* Without option 6 the daemon beside us has said everything. */
	if (augments(k) && !m.has_lke)
		return;
	send_parts(e, k, &m, iface_ll(k->ifc), dst, ll);
}

void ar_ra_final(struct lke_engine *e, struct ar_link *k, const struct lke_in6 *src)
{
	struct nd_msg m = { .type = ND_RA,
			    .lladdr = k->ifc->lladdr,
			    .cur_hop_limit = k->cfg->hop_limit };

	send_parts(e, k, &m, src, &in6_all_nodes, NULL);
}

/* SPDX-License-Identifier: ISC */
/* What the home agent sends in ESP: RFC 3776, RFC 6275 11.7.3, 11.4.3. */
#include "core/mobile_node.h"

static int mobility_header(struct lke_engine *e, const struct pkt *p, struct mn_home *h,
			   const uint8_t *plain, size_t len)
{
	struct lke_in6 src = ip6_pseudo_src(&p->ip);
	struct mh_view v;
	struct mh_ba ba;
	int err = mh_check(plain, len, &src, &h->cfg->addr, &v);

	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (v.type == MH_BRR) {
		struct update *u = update_find(e, &h->cfg->addr, &h->agent);

		if (u && !u->outstanding && h->state == MN_HOME_AWAY)
			mn_register(e, h, &u->coa);
		return 0;
	}
	if (v.type != MH_BA)
		return drop(e, LKE_DROP_MH_TYPE);
	err = mh_ba_decode(&v, &ba);
	if (err < 0)
		return note_in(e, LKE_ROLE_MN, LKE_MSG_BA, p, (enum lke_drop) - err);
	return mn_home_ba(e, p, h, &ba);
}

int mn_esp_input(struct lke_engine *e, const struct pkt *p)
{
	uint8_t plain[PACKET_MAX], next;
	struct mn_home *h;
	uint32_t spi;
	size_t len;
	int err;

	if (!sa_spi(&p->ip, &spi))
		return -(int)LKE_DROP_NOT_OURS;
	h = mn_home_find(e, p->ip.has_rh2 ? &p->ip.rh2 : &p->ip.dst);
	/* At home its messages come to the home address itself. */
	if (p->ip.has_rh2 ? !mn_addr_find(e, &p->ip.dst) : !h || h->state == MN_HOME_AWAY)
		return -(int)LKE_DROP_NOT_OURS;
	/* The selectors name the home address and the home agent (RFC 3776 4.1). */
	if (!h || h->cfg->to_mn.spi != spi || !in6_eq(&p->ip.src, &h->agent))
		return drop(e, LKE_DROP_ESP_SPI);
	err = sa_open(&h->in, &p->ip, plain, sizeof(plain), &len, &next);
	if (err < 0)
		return drop(e, (enum lke_drop) - err);
	if (next == IP6_NH_MH)
		err = mobility_header(e, p, h, plain, len);
	else if (next == IP6_NH_ICMPV6)
		err = mn_mpa_input(e, p, h, plain, len);
	else
		err = drop(e, LKE_DROP_ESP_SELECTOR);
	mem_wipe(plain, sizeof(plain));
	return err;
}

/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/hadisc.h"

enum {
	CHECKSUM_OFF = 2,
	PREFIX_OPTION_UNITS = 4,
	MPA_M = 0x8000,
	MPA_O = 0x4000,
};

static int read_agents(struct rd *r, struct hadisc *m)
{
	if (rd_left(r) % sizeof(struct lke_in6) != 0)
		return -(int)LKE_DROP_SHORT;
	while (rd_left(r) > 0 && m->agents < HADISC_AGENTS_MAX)
		rd_in6(r, &m->agent[m->agents++]);
	return 0;
}

static void read_prefix(struct rd o, struct hadisc *m)
{
	struct nd_prefix p = { .len = rd_u8(&o), .flags = rd_u8(&o) };

	p.valid = rd_u32(&o);
	p.preferred = rd_u32(&o);
	rd_skip(&o, 4);
	rd_in6(&o, &p.prefix);
	/* RFC 4862 5.5.3: such an option is ignored. */
	if (p.len <= 128 && p.preferred <= p.valid && m->prefixes < ND_MAX_PREFIXES)
		m->prefix[m->prefixes++] = p;
}

static int read_options(struct rd *r, struct hadisc *m)
{
	while (rd_left(r) > 0) {
		uint8_t type = rd_u8(r), units = rd_u8(r);
		struct rd o;

		if (r->err || units == 0 || rd_left(r) < (size_t)units * 8 - 2)
			return -(int)LKE_DROP_ND_OPTION;
		o = rd_sub(r, (size_t)units * 8 - 2);
		if (type == ND_OPT_PREFIX && units != PREFIX_OPTION_UNITS)
			return -(int)LKE_DROP_ND_OPTION;
		if (type == ND_OPT_PREFIX)
			read_prefix(o, m);
	}
	return 0;
}

int hadisc_decode(const uint8_t *icmp, size_t len, const struct lke_in6 *src,
		  const struct lke_in6 *dst, struct hadisc *ret)
{
	struct rd r = rd_init(icmp, len);
	struct hadisc m = { .type = rd_u8(&r) };
	uint8_t code = rd_u8(&r);
	uint16_t word;
	int err = 0;

	rd_skip(&r, 2);
	m.id = rd_u16(&r);
	word = rd_u16(&r);
	if (r.err)
		return -(int)LKE_DROP_SHORT;
	if (m.type < HADISC_REQUEST || m.type > MPREFIX_ADVERTISEMENT)
		return -(int)LKE_DROP_NOT_OURS;
	if (ip6_checksum(src, dst, IP6_NH_ICMPV6, icmp, len) != 0)
		return -(int)LKE_DROP_CHECKSUM;
	if (code != 0)
		return -(int)LKE_DROP_ND_CODE;
	if (m.type == HADISC_REPLY)
		err = read_agents(&r, &m);
	if (m.type == MPREFIX_ADVERTISEMENT) {
		m.managed = word & MPA_M;
		m.other = word & MPA_O;
		err = read_options(&r, &m);
	}
	if (err < 0)
		return err;
	*ret = m;
	return 0;
}

static void write_prefix(struct wr *w, const struct nd_prefix *p)
{
	wr_u8(w, ND_OPT_PREFIX);
	wr_u8(w, PREFIX_OPTION_UNITS);
	wr_u8(w, p->len);
	wr_u8(w, p->flags);
	wr_u32(w, p->valid);
	wr_u32(w, p->preferred);
	wr_zero(w, 4);
	wr_in6(w, &p->prefix);
}

void hadisc_encode(struct wr *w, const struct hadisc *m, const struct lke_in6 *src,
		   const struct lke_in6 *dst)
{
	size_t off = w->off;
	uint16_t word = 0;

	if (m->type == MPREFIX_ADVERTISEMENT)
		word = (uint16_t)((m->managed ? MPA_M : 0) | (m->other ? MPA_O : 0));
	wr_u8(w, m->type);
	wr_zero(w, 3);
	wr_u16(w, m->id);
	wr_u16(w, word);
	for (unsigned n = 0; m->type == HADISC_REPLY && n < m->agents; n++)
		wr_in6(w, &m->agent[n]);
	for (unsigned n = 0; m->type == MPREFIX_ADVERTISEMENT && n < m->prefixes; n++)
		write_prefix(w, &m->prefix[n]);
	if (w->err)
		return;
	wr_patch_u16(w, off + CHECKSUM_OFF,
		     ip6_checksum(src, dst, IP6_NH_ICMPV6, w->p + off, w->off - off));
}

struct lke_in6 hadisc_anycast(const struct lke_in6 *prefix)
{
	struct lke_in6 a = *prefix;

	/* EUI-64 form: universal/local bit 0, then ones, anycast identifier 126. */
	memset(&a.b[8], 0xff, 8);
	a.b[8] = 0xfd;
	a.b[15] = 0xfe;
	return a;
}

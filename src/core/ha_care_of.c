/* SPDX-License-Identifier: ISC */
/*
 * Which care-of addresses a home agent binds at all (AMB-155, THREATS 64).  A Binding Update does
 * not show that its care-of address is the mobile node's (RFC 6275 15.3), but some addresses can be
 * nobody's there: they are refused with status 174.
 */
#include "core/home_agent.h"

/* Global unicast by its prefix, and yet no place for a node: RFC 4380, 4843, 7343, 5180, 9637. */
static bool special(const struct lke_in6 *a)
{
	static const struct {
		struct lke_in6 prefix;
		uint8_t len;
	} none[] = {
		{ { { 0x20, 0x01, 0x00, 0x02 } }, 48 },	   /* benchmarks */
		{ { { 0x20, 0x01, 0x00, 0x10 } }, 28 },	   /* ORCHID */
		{ { { 0x20, 0x01, 0x00, 0x20 } }, 28 },	   /* ORCHIDv2 */
		{ { { 0x20, 0x01, 0x00, 0x01, 0 } }, 32 }, /* anycast services: PCP, TURN */
		{ { { 0x3f, 0xfe } }, 16 },		   /* 6bone, gone since 2006 */
	};

	for (unsigned n = 0; n < sizeof(none) / sizeof(none[0]); n++)
		if (in6_prefix_eq(a, &none[n].prefix, none[n].len))
			return true;
	return false;
}

/* 6to4 (RFC 3056 section 2) of an IPv4 address that is not of a host on the Internet. */
static bool bad_6to4(const struct lke_in6 *a)
{
	uint8_t x = a->b[2], y = a->b[3];

	if (a->b[0] != 0x20 || a->b[1] != 0x02)
		return false;
	return x == 0 || x == 10 || x == 127 || x >= 224 || (x == 169 && y == 254) ||
	       (x == 172 && (y & 0xf0) == 16) || (x == 192 && y == 168);
}

static bool configured(const struct lke_engine *e, const struct lke_in6 *a)
{
	const struct lke_config_ha *c = &e->cfg.ha;

	for (unsigned n = 0; n < c->refused; n++)
		if (in6_prefix_eq(a, &c->refuse[n].addr, c->refuse[n].len))
			return true;
	return false;
}

bool ha_care_of_acceptable(struct lke_engine *e, const struct mobile *m, const struct lke_in6 *coa)
{
	if (!agent_coa_acceptable(e, &m->home, coa))
		return false;
	/* A node on a home link is at home, or is another's neighbour there. */
	return !ha_prefix_is_home(e, coa) && !special(coa) && !bad_6to4(coa) && !configured(e, coa);
}

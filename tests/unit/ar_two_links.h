/* SPDX-License-Identifier: ISC */
/* A router with two links, the second of which goes and comes. */
#ifndef TESTS_AR_TWO_LINKS_H
#define TESTS_AR_TWO_LINKS_H

#include "ar_fixture.h"

#include <string.h>

enum { LAN2 = 9 };

static struct arf f;
static struct arf_mn mn, other;

static inline int done(void **state)
{
	arf_close(&f);
	return 0;
}

static inline void link_event(uint32_t ifindex, const char *name, uint8_t mac, bool up,
			      bool removed)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = ifindex,
					.lladdr = arf_lladdr(mac),
					.mtu = 1500,
					.up = up,
					.removed = removed };
	strcpy(ev.link.name, name);
	arf_event(&f, &ev);
}

static inline void address(uint32_t ifindex, const char *text, bool removed)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr = (struct lke_ev_addr){
		.ifindex = ifindex, .addr = arf_addr(text), .prefix_len = 64, .removed = removed
	};
	arf_event(&f, &ev);
}

static inline void two_links(struct lke_config *cfg)
{
	cfg->ars = 2;
	lke_config_ar_defaults(&cfg->ar[1]);
	strcpy(cfg->ar[1].interface, "lan2");
	cfg->ar[1].max_lifetime = 1200;
	cfg->ar[1].router_lifetime = 1800;
	cfg->ar[1].ra_max_interval_ms = 10000;
	cfg->ar[1].ra_min_interval_ms = 7500;
	cfg->ar[1].max_lbsa = 2;
}

/* The second link: unique local addresses only, and the link-local address of the first. */
static inline void second_link(void)
{
	link_event(LAN2, "lan2", 9, true, false);
	address(LAN2, "fe80::a:1", false);
	address(LAN2, "fd00:2::1", false);
}

static inline int open_two(void **state)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, two_links);
	second_link();
	mn = arf_mobile(1);
	other = arf_mobile(2);
	other.ll = mn.ll; /* and the same link-local address there, too */
	other.coa = arf_addr("fd00:2::b02");
	return 0;
}

static inline const struct arf_sent *last_on(uint32_t ifindex, enum lke_msg msg)
{
	for (unsigned n = f.sents; n > 0; n--)
		if (f.sent[n - 1].msg == msg && f.sent[n - 1].ifindex == ifindex)
			return &f.sent[n - 1];
	return NULL;
}

static inline struct nd_msg ra_on(uint32_t ifindex)
{
	const struct arf_sent *s = last_on(ifindex, LKE_MSG_RA);
	struct nd_msg m;

	assert_non_null(s);
	assert_int_equal(nd_decode(&s->ip, &m), 0);
	return m;
}

static inline unsigned on(uint32_t ifindex, unsigned from)
{
	unsigned count = 0;

	for (unsigned n = from; n < f.sents; n++)
		count += f.sent[n].ifindex == ifindex;
	return count;
}

static inline void request_on(uint32_t ifindex, const struct arf_mn *m)
{
	uint8_t buf[1024];
	size_t len = arf_make_kereq(m, buf, sizeof(buf));

	arf_feed(&f, ifindex, &m->lladdr, buf, len);
}

/* The answer to the router's address resolution. */
static inline void resolved_on(uint32_t ifindex, const struct arf_mn *m)
{
	struct nd_msg na = {
		.type = ND_NA, .na_flags = ND_NA_S | ND_NA_O, .target = m->coa, .lladdr = m->lladdr
	};
	struct lke_in6 src = arf_addr("fe80::a:1");
	uint8_t buf[256];
	size_t len = (size_t)nd_encode(&na, &m->coa, &src, 0, buf, sizeof(buf));

	arf_feed(&f, ifindex, &m->lladdr, buf, len);
}

/* Answers the router's address resolution and DAD on a link other than the fixture's. */
static inline void exchange_on(uint32_t ifindex, const struct arf_mn *m)
{
	const struct arf_sent *ns;
	uint8_t buf[1024];
	size_t len;
	struct mh_keack ack;

	request_on(ifindex, m);
	resolved_on(ifindex, m);
	assert_int_equal(arf_keack(&f, m, &ack), STATUS_ACCEPTED);
	assert_int_equal(arf_last(&f, LKE_MSG_KEACK)->ifindex, ifindex);
	ns = last_on(ifindex, LKE_MSG_DAD_NS_AUTH);
	len = arf_make_na(m, ns, ARF_NA_GOOD, buf, sizeof(buf));
	arf_feed(&f, ifindex, &m->lladdr, buf, len);
	arf_run(&f, 2 * LKE_SEC);
}

static inline void again(uint32_t ifindex)
{
	link_event(ifindex, "lan2", 9, true, false);
	address(ifindex, "fe80::a:1", false);
	address(ifindex, "fd00:2::1", false);
}

#endif

/* SPDX-License-Identifier: ISC */
/*
 * Binding Refresh Requests of the home agent, RFC 6275 9.5.5: a mobile node refreshes when three
 * quarters of its lifetime are over; one that did not is asked twice, at 7/8 and at 15/16.  In ESP
 * like all its signalling (RFC 3776 3.1).
 */
#include "core/home_agent.h"

enum { REQUESTS = 2 };

static void ask(struct lke_engine *e, struct mobile *m, const struct binding *b)
{
	struct ip6_out o = {
		.src = b->agent, .dst = b->coa, .hop_limit = HA_HOP_LIMIT, .rh2 = &m->home
	};
	uint8_t mh[16], buf[PACKET_MAX];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	mh_brr_encode(&w);
	mh_set_checksum(&w, 0, &b->agent, &m->home);
	assert(!w.err);
	len = sa_protect(e, &m->to_mn, &o, mh, w.off, buf, sizeof(buf));
	if (len < 0) {
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "refresh request could not be protected; restart lked");
		return;
	}
	count(e, LKE_STAT_BRR_SENT);
	send_packet_full(e, LKE_ROLE_HA, LKE_MSG_BRR, 0, NULL, buf, (size_t)len, &m->home, 0, 0, 0);
}

void ha_refresh_arm(struct lke_engine *e, struct binding *b)
{
	struct mobile *m = b->owner;

	m->refresh_requests = 0;
	arm(e, &b->role, b->expires - (b->expires - e->now) / 8);
}

void ha_refresh_timer(struct lke_engine *e, struct binding *b)
{
	struct mobile *m = b->owner;

	/* After a suspend of the host both ends may be due at once. */
	if (b->expires <= e->now)
		return;
	ask(e, m, b);
	if (++m->refresh_requests < REQUESTS)
		arm(e, &b->role, b->expires - (b->expires - e->now) / 2);
}

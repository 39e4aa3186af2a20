/* SPDX-License-Identifier: ISC */
/*
 * Recursive DNS servers of the router in use (RFC 8106).  The engine resolves no names and the
 * daemon runs nothing: whoever wants the servers listens (ADR 41).  Each change is told as a whole,
 * so that the listener replaces what it has.  A router that names none takes nothing away: those of
 * the former one are good until their lifetime ends.
 */
#include "core/mobile_node.h"

static struct lke_note *note_new_rdnss(struct lke_engine *e, const struct mn_router *r)
{
	struct lke_note *n = note_new(e, LKE_NOTE_RDNSS, LKE_ROLE_MN);

	if (n) {
		n->ifindex = r->ifindex;
		n->peer = r->ll;
		n->value = r->rdnss_count;
	}
	return n;
}

void mn_rdnss_tell(struct lke_engine *e, struct mn_router *r)
{
	struct mn_link *l = mn_link_of(e, r->ifindex);

	if (l)
		l->dns = r->rdnss_count > 0 ? r : NULL;
	if (r->rdnss_count == 0) {
		(void)note_new_rdnss(e, r);
		return;
	}
	for (unsigned k = 0; k < r->rdnss_count; k++) {
		struct lke_note *n = note_new_rdnss(e, r);

		if (!n)
			return;
		n->addr = r->rdnss[k];
		n->seq = (uint16_t)(k + 1);
		n->lifetime = mn_seconds_left(e, r->rdnss_until);
	}
}

static bool same(const struct mn_router *r, const struct lke_in6 *server, unsigned count)
{
	return count == r->rdnss_count && memcmp(server, r->rdnss, count * sizeof(*server)) == 0;
}

void mn_rdnss_read(struct lke_engine *e, const struct mn_link *l, struct mn_router *r,
		   const struct nd_msg *m)
{
	unsigned count = m->rdnss_lifetime == 0 ? 0 : m->rdnss_count;

	if (m->rdnss_count == 0)
		return;
	if (!same(r, m->rdnss, count)) {
		/* Forged advertisements must not fill the log; the next one is looked at again. */
		if (!tbf_take(&r->notes, 1, e->now))
			return;
		r->rdnss_count = count;
		memcpy(r->rdnss, m->rdnss, count * sizeof(r->rdnss[0]));
		r->rdnss_until = mn_lifetime_end(e->now, m->rdnss_lifetime);
		if (l->router == r || l->dns == r)
			mn_rdnss_tell(e, r);
	}
	r->rdnss_until = mn_lifetime_end(e->now, m->rdnss_lifetime);
	if (count > 0)
		arm(e, &r->rdnss_end, r->rdnss_until);
	else
		timerq_disarm(&e->timers, &r->rdnss_end);
}

void mn_rdnss_timer(struct lke_engine *e, struct mn_router *r)
{
	const struct mn_link *l = mn_link_of(e, r->ifindex);

	r->rdnss_count = 0;
	if (l && l->dns == r)
		mn_rdnss_tell(e, r);
}

void mn_rdnss_forget(struct lke_engine *e, struct mn_router *r, bool there)
{
	if (there)
		mn_rdnss_timer(e, r);
	timerq_disarm(&e->timers, &r->rdnss_end);
}

/* SPDX-License-Identifier: ISC */
/*
 * When manual keys are not the right thing for a mobile node (RFC 6275 15.3, SEC-002, 004, 064,
 * 065): it alternates between attachment points, or it moves more often than RequireDynamicAbove.
 * And when its care-of address seems not to be its own (AMB-155): errors come back from there.
 * The operator is told with figures, seldom; nothing is refused for it, since anybody on the path
 * can make such errors (THREATS 78).
 */
#include "base/str.h"
#include "core/home_agent.h"

#define DAY  (86400 * LKE_SEC)
#define HOUR (3600 * LKE_SEC)

enum {
	LOST = 10,   /* ICMPv6 errors in one window: is anybody there? */
	RETURNS = 6, /* to the care-of address before the last, in one window: thrashing */
	SAMPLE = 60, /* advances before a rate means anything */
};

#define WINDOW (60 * LKE_SEC)

/* "33 h" or "12 days" */
static void put_time(struct sbuf *s, lke_time t)
{
	bool hours = t < 3 * DAY;

	sbuf_u64(s, t / (hours ? HOUR : DAY));
	sbuf_str(s, hours ? " h" : " days");
}

static void tell_thrashing(struct lke_engine *e, const struct mobile *m)
{
	lke_time over = e->now - m->moves.since;
	struct lke_note *n = note_new(e, LKE_NOTE_ALARM, LKE_ROLE_HA);
	struct sbuf s;

	if (!n)
		return;
	n->addr = m->home;
	n->peer = m->moves.last;
	n->value = m->moves.count;
	s = sbuf_init(n->text, sizeof(n->text));
	sbuf_str(&s, "thrashing: ");
	sbuf_u64(&s, m->moves.count);
	sbuf_str(&s, " moves in ");
	sbuf_u64(&s, over / LKE_SEC + 1);
	sbuf_str(&s, " s; so a key lasts ");
	put_time(&s, (over + LKE_SEC) / m->moves.count * SEQ_BUDGET);
}

static void judge_thrashing(struct lke_engine *e, struct mobile *m, const struct lke_in6 *coa)
{
	bool back = in6_eq(coa, &m->moves.before);

	if (in6_eq(coa, &m->moves.last))
		return; /* a refresh */
	m->moves.before = m->moves.last;
	m->moves.last = *coa;
	if (m->moves.count == 0 || e->now - m->moves.since > WINDOW) {
		m->moves.since = e->now;
		m->moves.count = m->moves.returns = 0;
	}
	m->moves.count++;
	m->moves.returns += back;
	if (m->moves.returns < RETURNS || e->now < m->moves.quiet_until)
		return;
	m->moves.quiet_until = e->now + HOUR;
	tell_thrashing(e, m);
}

static uint64_t updates_per_day(const struct lke_engine *e, const struct mobile *m)
{
	uint64_t advances = m->rate.running ? m->used - m->rate.used_since : 0;
	lke_time over = m->rate.running ? e->now - m->rate.since : 0;

	if (advances < SAMPLE || over < LKE_SEC)
		return 0;
	return advances * (DAY / LKE_SEC) / (over / LKE_SEC);
}

static void judge_rate(struct lke_engine *e, struct mobile *m)
{
	uint64_t rate = updates_per_day(e, m), limit = e->cfg.ha.require_dynamic_above;
	struct lke_note *n;
	struct sbuf s;

	if (limit == 0 || rate <= limit || e->now < m->moves.rate_quiet_until)
		return;
	m->moves.rate_quiet_until = e->now + DAY;
	n = note_new(e, LKE_NOTE_ALARM, LKE_ROLE_HA);
	if (!n)
		return;
	n->addr = m->home;
	n->value = rate;
	s = sbuf_init(n->text, sizeof(n->text));
	sbuf_u64(&s, rate);
	sbuf_str(&s, " updates a day, above RequireDynamicAbove = ");
	sbuf_u64(&s, limit);
}

void ha_advise(struct lke_engine *e, struct mobile *m, const struct lke_in6 *coa)
{
	judge_thrashing(e, m, coa);
	judge_rate(e, m);
}

void ha_advise_unreachable(struct lke_engine *e, const struct lke_ev_tunnel *t)
{
	struct mobile *m = ha_by_home(e, &t->inner_dst);
	const struct binding *b = m ? binding_find(e, &m->home) : NULL;
	struct lke_note *n;
	struct sbuf s;

	if (!b || b->kind != BINDING_BY_ESP || !in6_eq(&b->coa, &t->outer_dst))
		return;
	if (m->lost.count == 0 || e->now - m->lost.since > WINDOW) {
		m->lost.since = e->now;
		m->lost.count = 0;
	}
	if (++m->lost.count < LOST || e->now < m->lost.quiet_until)
		return;
	m->lost.quiet_until = e->now + HOUR;
	n = note_new(e, LKE_NOTE_ALARM, LKE_ROLE_HA);
	if (!n)
		return;
	n->addr = m->home;
	n->peer = b->coa;
	n->value = m->lost.count;
	s = sbuf_init(n->text, sizeof(n->text));
	sbuf_u64(&s, m->lost.count);
	sbuf_str(&s, " errors in ");
	sbuf_u64(&s, (e->now - m->lost.since) / LKE_SEC + 1);
	sbuf_str(&s, " s from its care-of address: not its own?");
}

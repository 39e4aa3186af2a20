/* SPDX-License-Identifier: ISC */
/* The Binding Update List: RFC 6275 11.1, 11.8. */
#include "core/mobile_node.h"

enum { RESYNCS_MAX = 3 }; /* one is enough, two when a restart came between */

struct update *update_find(const struct lke_engine *e, const struct lke_in6 *home,
			   const struct lke_in6 *agent)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && in6_eq(&u->home, home) && in6_eq(&u->agent, agent))
			return u;
	}
	return NULL;
}

struct update *update_of(const struct lke_engine *e, const struct lke_in6 *home)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++) {
		struct update *u = e->mn->update[n];

		if (u && !u->reg && in6_eq(&u->home, home))
			return u;
	}
	return NULL;
}

bool update_list_full(const struct lke_engine *e)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (!e->mn->update[n])
			return false;
	return true;
}

struct update *update_new(struct lke_engine *e, const struct lke_in6 *home,
			  const struct lke_in6 *agent)
{
	unsigned n = 0;
	struct update *u;

	while (n < UPDATES_MAX && e->mn->update[n])
		n++;
	if (n == UPDATES_MAX) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	u = mem_zalloc(sizeof(*u));
	if (!u) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	u->home = *home;
	u->agent = *agent;
	u->expires = LKE_NEVER;
	tbf_init(&u->rate, MAX_UPDATE_RATE, MAX_UPDATE_RATE, e->now);
	timer_init(&u->timer, MN_T_UPDATE, u);
	timer_init(&u->end, MN_T_UPDATE_END, u);
	e->mn->update[n] = u;
	return u;
}

void update_free(struct lke_engine *e, struct update *u)
{
	for (unsigned n = 0; n < UPDATES_MAX; n++)
		if (e->mn->update[n] == u)
			e->mn->update[n] = NULL;
	timerq_disarm(&e->timers, &u->timer);
	timerq_disarm(&e->timers, &u->end);
	mem_free(u);
}

void update_begin(struct update *u, lke_time first_rto)
{
	u->tries = 0;
	u->resyncs = 0;
	u->rto = first_rto;
	u->outstanding = false;
	u->fell_back = false;
}

bool update_resync(struct update *u, lke_time first_rto)
{
	unsigned resyncs = u->resyncs + 1;

	if (resyncs > RESYNCS_MAX)
		return false;
	update_begin(u, first_rto);
	u->resyncs = resyncs;
	return true;
}

void update_sent(struct lke_engine *e, struct update *u, uint16_t seq)
{
	if (!u->outstanding)
		u->first_seq = seq;
	u->outstanding = true;
	u->seq = seq;
	u->sent = e->now;
	u->tries++;
	arm(e, &u->timer, e->now + u->rto);
	u->rto = u->rto * 2 > MAX_BINDACK_TIMEOUT ? MAX_BINDACK_TIMEOUT : u->rto * 2;
}

bool update_answers(const struct update *u, uint16_t seq)
{
	return u->outstanding &&
	       (uint16_t)(seq - u->first_seq) <= (uint16_t)(u->seq - u->first_seq);
}

void update_accept(struct lke_engine *e, struct update *u, uint32_t lifetime_s, lke_time refresh)
{
	u->outstanding = false;
	u->accepted = true;
	u->refused = 0;
	u->fell_back = false;
	u->accepted_at = e->now;
	u->rtt = e->now - u->sent;
	/* Counted from the sending: never later than the agent's own clock (RFC 6275 11.7.3). */
	u->expires = u->sent + (lke_time)lifetime_s * LKE_SEC;
	arm(e, &u->end, u->expires);
	arm(e, &u->timer, u->sent + refresh);
}

void update_refused(struct lke_engine *e, struct update *u, uint8_t status)
{
	u->outstanding = false;
	u->refused = status < STATUS_UNSPECIFIED ? STATUS_UNSPECIFIED : status;
	timerq_disarm(&e->timers, &u->timer);
}

/* SPDX-License-Identifier: ISC */
/* The sessions of the mobile nodes: probes, and what became of them. */
#include <stdlib.h>
#include <string.h>

#include "sim/campus_priv.h"

/* The care-of address on the link where the node is, once it is the mobile node's by LKE. */
static bool settled(const struct campus_mobile *m, struct lke_in6 *ret)
{
	struct lke_in6 prefix;
	struct lke_lbsa_view v;

	campus_prefix(m->at, &prefix);
	for (unsigned i = 0; i < m->node->addrs; i++) {
		const struct simaddr *a = &m->node->addr[i];

		if (!a->ifindex || !in6_prefix_eq(&a->addr, &prefix, 64))
			continue;
		*ret = a->addr;
		return sim_lbsa(m->node, ret, &v) && v.state == LKE_LBSA_VALID;
	}
	return false;
}

static bool registered(const struct campus_mobile *m)
{
	return m->node->notes[LKE_NOTE_REGISTERED] > 0;
}

/* Another session where one is due and possible. */
static void session(struct campus_mobile *m)
{
	struct campus *c = m->campus;
	lke_time now = sim_now(c->net);

	if (!in6_is_unspecified(&m->address) && (c->o->plain || now < m->session_end))
		return;
	if (c->o->plain) {
		if (!registered(m))
			return;
		m->address = m->home;
	} else if (!settled(m, &m->address)) {
		/* An address whose time is over is not used on; one that is not the node's not at
		 * all. */
		m->address = in6_unspecified;
		return;
	}
	m->session_end = now + c->o->session;
	m->down.session = m->up.session = m->number + 1;
	m->down.last = m->up.last = m->number;
	memset(m->down.seen, 0, sizeof(m->down.seen));
	memset(m->up.seen, 0, sizeof(m->up.seen));
	m->down.waiting = m->up.waiting = false;
	if (c->counting)
		c->r->sessions++;
}

void campus_probe(struct campus_mobile *m)
{
	struct campus *c = m->campus;
	lke_time now = sim_now(c->net);
	uint32_t stream = (uint32_t)(m - c->mobile);

	session(m);
	if (!in6_is_unspecified(&m->address)) {
		m->number++;
		m->down.sent[m->number % CAMPUS_SENT] = m->up.sent[m->number % CAMPUS_SENT] = now;
		c->r->down.sent += c->counting;
		c->r->up.sent += c->counting;
		sim_probe_stream(m->node, &m->address, &c->cn_addr, stream, m->number);
		sim_probe_stream(c->cn, &c->cn_addr, &m->address, stream, m->number);
	}
	if (timerq_arm(&c->timers, &m->probe, now + c->o->probe) < 0)
		abort();
}

/* Marks a number; false: it was there before. */
static bool mark(struct campus_way *w, uint32_t number)
{
	uint64_t bit = UINT64_C(1) << (number % 64), *word = &w->seen[number / 64 % 4];

	for (; w->last < number; w->last++)
		w->seen[(w->last + 1) / 64 % 4] &= ~(UINT64_C(1) << ((w->last + 1) % 64));
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

static void arrives(struct campus_mobile *m, struct campus_way *w, struct campus_flow *f,
		    uint32_t number)
{
	lke_time now = sim_now(m->campus->net);
	bool late = number < w->last;

	if (number < w->session || number + 256 <= w->last || !m->campus->counting)
		return;
	if (!mark(w, number)) {
		f->duplicated++;
		return;
	}
	f->received++;
	f->reordered += late;
	if (m->number - number < CAMPUS_SENT)
		campus_histogram_add(&f->delay, now - w->sent[number % CAMPUS_SENT]);
	/* What was on its way before the move says nothing about it. */
	if (w->waiting && now >= m->link_up) {
		campus_times_add(&f->silence, now - m->link_up);
		w->waiting = false;
	}
}

void campus_probe_arrives(void *campus, const struct simnode *n, uint32_t stream, uint32_t number)
{
	struct campus *c = campus;
	struct campus_mobile *m = &c->mobile[stream];

	if (n == c->cn)
		arrives(m, &m->up, &c->r->up, number);
	else if (n == m->node)
		arrives(m, &m->down, &c->r->down, number);
}

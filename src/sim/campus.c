/* SPDX-License-Identifier: ISC */
/* The walk of the mobile nodes, and the run. */
#include "sim/campus.h"

#include <string.h>

#include "sim/campus_priv.h"
#include "sim/simpriv.h"

#define ANNOUNCE (50 * LKE_MSEC) /* from the announcement to the carrier's end */

static uint64_t rnd(struct campus *c)
{
	c->rng ^= c->rng << 13;
	c->rng ^= c->rng >> 7;
	c->rng ^= c->rng << 17;
	return c->rng;
}

static void arm(struct campus *c, struct timer *t, lke_time at)
{
	if (timerq_arm(&c->timers, t, at) < 0)
		abort();
}

static lke_time stay(struct campus *c)
{
	return c->o->dwell / 2 + rnd(c) % (c->o->dwell + 1);
}

static void way_moved(struct campus *c, struct campus_way *w, struct campus_flow *f)
{
	if (w->waiting && c->counting)
		f->never++;
	w->waiting = c->counting;
}

/* To one of the two neighbours in the ring. */
static void move(struct campus_mobile *m)
{
	struct campus *c = m->campus;
	lke_time now = sim_now(c->net);

	if (m->node->iface[0].link) {
		m->at = (m->at + (rnd(c) % 2 ? 1 : c->o->routers - 1)) % c->o->routers;
		c->r->moves += c->counting;
		if (!in6_is_unspecified(&m->address)) {
			way_moved(c, &m->down, &c->r->down);
			way_moved(c, &m->up, &c->r->up);
		}
	}
	m->link_up = now + c->o->gap;
	sim_move(m->node, 0, c->link[m->at], c->o->gap);
	m->move.kind = c->o->announced ? CAMPUS_LEAVE : CAMPUS_MOVE;
	arm(c, &m->move, m->link_up + stay(c));
}

/* lke handover, answered long before the carrier goes. */
static void announce(struct campus_mobile *m)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_HANDOVER;
	sim_event(m->node, &ev);
	m->move.kind = CAMPUS_MOVE;
	arm(m->campus, &m->move, sim_now(m->campus->net) + ANNOUNCE);
}

static void run_until(struct campus *c, lke_time end)
{
	lke_time at;

	while ((at = timerq_next(&c->timers)) <= end) {
		struct timer *t = timerq_pop(&c->timers, at);

		sim_run(c->net, at);
		if (t->kind == CAMPUS_PROBE)
			campus_probe(t->owner);
		else if (t->kind == CAMPUS_LEAVE)
			announce(t->owner);
		else
			move(t->owner);
	}
	sim_run(c->net, end);
}

/* Binding Updates and their answers between a mobile node and its home agent. */
static bool in_esp(const struct simframe *f)
{
	struct ip6_info i;

	return f->msg == LKE_MSG_NONE && ip6_parse(f->data, f->len, &i) == 0 &&
	       i.upper == IP6_NH_ESP;
}

static void frame_seen(void *ctx, const struct simframe *f)
{
	struct campus *c = ctx;

	if (!c->counting || (f->msg == LKE_MSG_NONE && !in_esp(f)))
		return;
	if (f->link == c->far) {
		c->r->home_message[f->msg]++;
	} else if (f->link != c->core && f->link != c->home && f->link != c->cnlink) {
		c->r->message[f->msg]++;
		c->r->octets += f->len;
	}
}

static unsigned count_lbsas(const struct simnode *n)
{
	struct lke_lbsa_view v;
	size_t cursor = 0;
	unsigned count = 0;

	while (lke_engine_next_lbsa(n->engine, &cursor, &v))
		count++;
	return count;
}

static unsigned count_bindings(const struct simnode *n)
{
	struct lke_binding_view v;
	size_t cursor = 0;
	unsigned count = 0;

	while (lke_engine_next_binding(n->engine, &cursor, &v))
		count++;
	return count;
}

static void look_at_routers(struct campus *c)
{
	for (unsigned i = 0; i < c->o->routers; i++) {
		unsigned lbsas = count_lbsas(c->ar[i]), bindings = count_bindings(c->ar[i]);

		if (lbsas > c->r->lbsas_max)
			c->r->lbsas_max = lbsas;
		if (bindings > c->r->bindings_max)
			c->r->bindings_max = bindings;
	}
}

static uint64_t notes(const struct campus *c, enum lke_note_type t)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < c->o->mobiles; i++)
		n += c->mobile[i].node->notes[t];
	return n;
}

static int earlier(const void *a, const void *b)
{
	lke_time x = *(const lke_time *)a, y = *(const lke_time *)b;

	return (x > y) - (x < y);
}

static void sort(struct campus_times *t)
{
	if (t->n)
		qsort(t->t, t->n, sizeof(*t->t), earlier);
}

/* Everybody attaches in the first ten seconds and has a minute for it. */
static void settle(struct campus *c)
{
	lke_time now = sim_now(c->net);

	for (unsigned i = 0; i < c->o->mobiles; i++) {
		struct campus_mobile *m = &c->mobile[i];

		m->at = (unsigned)(rnd(c) % c->o->routers);
		arm(c, &m->move, now + rnd(c) % (10 * LKE_SEC));
		arm(c, &m->probe, now + rnd(c) % c->o->probe);
	}
	run_until(c, now + 60 * LKE_SEC);
}

static void measure(struct campus *c)
{
	const lke_time end = sim_now(c->net) + c->o->time;
	uint64_t handovers = notes(c, LKE_NOTE_HANDOVER), fallbacks = notes(c, LKE_NOTE_FALLBACK),
		 alarms = notes(c, LKE_NOTE_ALARM);

	c->counting = true;
	while (sim_now(c->net) < end) {
		lke_time next = sim_now(c->net) + 10 * LKE_SEC;

		run_until(c, next < end ? next : end);
		look_at_routers(c);
	}
	c->r->handovers = notes(c, LKE_NOTE_HANDOVER) - handovers;
	c->r->fallbacks = notes(c, LKE_NOTE_FALLBACK) - fallbacks;
	c->r->alarms = notes(c, LKE_NOTE_ALARM) - alarms;
}

int campus_run(const struct campus_options *o, struct campus_result *ret)
{
	struct campus c = { .o = o, .r = ret, .rng = o->seed * UINT64_C(0x9e3779b97f4a7c15) + 7 };
	int err;

	*ret = (struct campus_result){ 0 };
	timerq_init(&c.timers);
	err = campus_build(&c);
	if (err == 0) {
		sim_observe(c.net, frame_seen, campus_probe_arrives, &c);
		settle(&c);
		measure(&c);
		sort(&ret->down.silence);
		sort(&ret->up.silence);
	}
	timerq_done(&c.timers);
	sim_free(c.net);
	free(c.link);
	free(c.ar);
	free(c.mobile);
	free(c.policy);
	return err;
}

void campus_result_done(struct campus_result *r)
{
	free(r->down.silence.t);
	free(r->up.silence.t);
	*r = (struct campus_result){ 0 };
}

/* SPDX-License-Identifier: ISC */
/*
 * The Binding Update List against a naive twin that remembers every Sequence # of the running round
 * and computes each timeout from the number of tries.  Pseudo-random operations, some with memory
 * running out.
 */
#include "mn_fixture.h"

enum { HOMES = 4, AGENTS = 6, TRIES = 12, STEPS = 20000 };

struct twin {
	bool there;
	struct update *real;
	bool outstanding, accepted;
	uint16_t seqs[TRIES]; /* sent in this round */
	unsigned tries;
	lke_time first_rto, sent, timer, end; /* LKE_NEVER: not armed */
};

static struct twin twins[HOMES][AGENTS];
static uint64_t seed;
static unsigned refused_full, refused_nomem, longest;

static unsigned below(unsigned n)
{
	return (unsigned)(next_random(&seed) % n);
}

static struct lke_in6 home_of(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(n + 1) } };
}

static struct lke_in6 agent_of(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, 0x0d, 0xb8, [7] = 1, [15] = (uint8_t)(n + 1) } };
}

static unsigned twin_total(void)
{
	unsigned n = 0;

	for (unsigned h = 0; h < HOMES; h++)
		for (unsigned a = 0; a < AGENTS; a++)
			n += twins[h][a].there;
	return n;
}

static bool twin_answers(const struct twin *t, uint16_t seq)
{
	for (unsigned n = 0; t->outstanding && n < t->tries; n++)
		if (t->seqs[n] == seq)
			return true;
	return false;
}

static void compare_timer(const struct timer *t, lke_time at)
{
	assert_int_equal(timer_armed(t), at != LKE_NEVER);
	if (at != LKE_NEVER)
		assert_true(t->at == at);
}

static void compare_one(const struct fix *f, const struct twin *t, const struct lke_in6 *home,
			const struct lke_in6 *agent)
{
	const struct update *u = update_find(f->e, home, agent);

	assert_ptr_equal(u, t->there ? t->real : NULL);
	if (!u)
		return;
	assert_int_equal(u->outstanding, t->outstanding);
	assert_int_equal(u->accepted, t->accepted);
	assert_int_equal(u->tries, t->tries);
	compare_timer(&u->timer, t->timer);
	compare_timer(&u->end, t->end);
	assert_true(u->expires == t->end);
	for (unsigned n = 0; n < t->tries; n++)
		assert_int_equal(update_answers(u, t->seqs[n]), twin_answers(t, t->seqs[n]));
	for (unsigned n = 0; n < 20; n++) {
		uint16_t seq = (uint16_t)(u->seq + n - 10);

		assert_int_equal(update_answers(u, seq), twin_answers(t, seq));
	}
}

static void compare(const struct fix *f)
{
	for (unsigned h = 0; h < HOMES; h++) {
		struct lke_in6 home = home_of(h);
		const struct update *any = update_of(f->e, &home);
		bool found = false;

		for (unsigned a = 0; a < AGENTS; a++) {
			struct lke_in6 agent = agent_of(a);

			compare_one(f, &twins[h][a], &home, &agent);
			found = found || (twins[h][a].there && twins[h][a].real == any);
		}
		assert_int_equal(found, any != NULL);
		for (unsigned a = 0; !any && a < AGENTS; a++)
			assert_false(twins[h][a].there);
	}
}

static void step_new(struct fix *f, struct twin *t, unsigned h, unsigned a, bool memory_fails)
{
	struct lke_in6 home = home_of(h), agent = agent_of(a);
	bool is_full = twin_total() == UPDATES_MAX;
	uint64_t limit = lke_engine_drops(f->e, LKE_DROP_LIMIT),
		 memory = lke_engine_drops(f->e, LKE_DROP_NOMEM);
	struct update *u = update_new(f->e, &home, &agent);

	assert_int_equal(u == NULL, is_full || memory_fails);
	limit = lke_engine_drops(f->e, LKE_DROP_LIMIT) - limit;
	memory = lke_engine_drops(f->e, LKE_DROP_NOMEM) - memory;
	assert_int_equal(limit, is_full);
	assert_int_equal(memory, !is_full && memory_fails);
	refused_full += (unsigned)limit;
	refused_nomem += (unsigned)memory;
	if (u)
		*t = (struct twin){ .there = true,
				    .real = u,
				    .first_rto = LKE_SEC,
				    .timer = LKE_NEVER,
				    .end = LKE_NEVER };
}

static void step_begin(struct twin *t)
{
	t->first_rto = below(2) ? LKE_SEC : 1500 * LKE_MSEC;
	update_begin(t->real, t->first_rto);
	t->outstanding = false;
	t->tries = 0;
}

static void step_sent(struct fix *f, struct twin *t)
{
	/* Sequence numbers of one round follow each other, also over the wrap. */
	uint16_t seq = t->outstanding ? (uint16_t)(t->seqs[t->tries - 1] + 1)
				      : (uint16_t)(0xfff0 + below(32));
	lke_time rto = t->first_rto;

	if (!t->outstanding)
		step_begin(t);
	if (t->tries == TRIES)
		return;
	rto = t->first_rto;
	for (unsigned n = 0; n < t->tries; n++)
		rto = rto * 2 < 32 * LKE_SEC ? rto * 2 : 32 * LKE_SEC;
	update_sent(f->e, t->real, seq);
	t->seqs[t->tries++] = seq;
	t->outstanding = true;
	t->sent = f->e->now;
	t->timer = f->e->now + rto;
	if (t->tries > longest)
		longest = t->tries;
}

static void step_answer(struct fix *f, struct twin *t)
{
	uint32_t lifetime = 1 + below(7200);

	t->outstanding = false;
	if (below(4) == 0) {
		update_refused(f->e, t->real, 129);
		assert_int_equal(t->real->refused, 129);
		t->timer = LKE_NEVER;
		return;
	}
	update_accept(f->e, t->real, lifetime, (lke_time)lifetime * LKE_SEC / 2);
	assert_int_equal(t->real->refused, 0);
	t->accepted = true;
	t->end = t->sent + (lke_time)lifetime * LKE_SEC;
	t->timer = t->sent + (lke_time)lifetime * LKE_SEC / 2;
}

static void step(struct fix *f)
{
	unsigned h = below(HOMES), a = below(AGENTS), what = below(20);
	struct twin *t = &twins[h][a];
	bool memory_fails = below(8) == 0;

	f->e->now += below(1000) * LKE_MSEC;
	if (!t->there) {
		mem_fail_after(memory_fails);
		step_new(f, t, h, a, memory_fails);
		mem_fail_after(0);
	} else if (what == 0) {
		update_free(f->e, t->real);
		*t = (struct twin){ 0 };
	} else if (what == 1) {
		step_begin(t);
	} else if (what < 16) {
		step_sent(f, t);
	} else if (t->outstanding) {
		step_answer(f, t);
	}
	compare(f);
}

static void update_list_agrees_with_naive_twin(void **state)
{
	struct fix f;

	seed = 21;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.e->now = f.now;
	for (unsigned n = 0; n < STEPS; n++)
		step(&f);
	assert_true(refused_full > 100 && refused_nomem > 10 && longest > 7);
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(update_list_agrees_with_naive_twin),
	};

	return cmocka_run_group_tests_name("model_update", tests, NULL, NULL);
}

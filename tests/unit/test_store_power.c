/* SPDX-License-Identifier: ISC */
/*
 * Power fails at every write and at every sync of the store, one after the other, and the disk has
 * of what was not synced nothing, the beginning, any sectors, or all of it: AMB-151, THREATS
 * 59, 81. What was acknowledged is there afterwards; what was under way is there as a whole or not
 * at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "faulty_vfs.h"
#include "store/store.h"

enum { STEPS = 7, TEARS = 6 };

struct place {
	char dir[64], path[96];
	uint64_t random;
	unsigned crashes, kept, undone, ahead;
};

/* What the store holds: two floors and one binding. */
struct content {
	uint32_t generation[2];
	uint16_t floor[2];
	bool bound;
	uint8_t coa;
};

/* After so many steps. */
static const struct content after[STEPS + 1] = {
	{ { 0, 0 }, { 0, 0 }, false, 0 },    { { 1, 0 }, { 64, 0 }, false, 0 },
	{ { 1, 0 }, { 128, 0 }, false, 0 },  { { 1, 1 }, { 192, 64 }, true, 7 },
	{ { 2, 1 }, { 70, 64 }, true, 7 },   { { 2, 1 }, { 70, 128 }, true, 8 },
	{ { 2, 1 }, { 70, 128 }, false, 0 }, { { 2, 1 }, { 134, 192 }, false, 0 },
};

static const struct store_clock start = { .boot = { 1 }, .boottime = 1000, .wall = 1000000 };

static struct lke_in6 home(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, [15] = (uint8_t)(n + 1) } };
}

static int put_changes(struct store *s, const struct content *from, const struct content *to)
{
	int err = 0;

	for (unsigned n = 0; n < 2 && !err; n++) {
		struct lke_act_checkpoint c = { .home = home(n),
						.generation = to->generation[n],
						.floor = to->floor[n] };

		if (to->generation[n] != from->generation[n] || to->floor[n] != from->floor[n])
			err = store_put(s, &c);
	}
	if (!err && (to->bound != from->bound || to->coa != from->coa)) {
		struct lke_act_keep k = { .home = home(0),
					  .agent = home(9),
					  .coa = home(to->coa),
					  .expires = 500000,
					  .remove = !to->bound };

		err = store_keep(s, &k, &start);
	}
	return err;
}

/* One step is one group. */
static int step(struct store *s, unsigned n)
{
	int err = store_begin(s);

	if (!err)
		err = put_changes(s, &after[n], &after[n + 1]);
	return err ? err : store_commit(s);
}

static int see_floor(const struct lke_ev_floor *f, void *arg)
{
	struct content *c = arg;
	unsigned n = f->home.b[15] - 1u;

	assert_true(n < 2 && !f->lost);
	c->generation[n] = f->generation;
	c->floor[n] = f->floor;
	return 0;
}

static int see_binding(const struct lke_ev_binding *b, void *arg)
{
	struct content *c = arg;

	assert_int_equal(b->home.b[15], 1);
	c->bound = true;
	c->coa = (uint8_t)(b->coa.b[15] - 1);
	return 0;
}

static bool equal(const struct content *a, const struct content *b)
{
	return a->generation[0] == b->generation[0] && a->generation[1] == b->generation[1] &&
	       a->floor[0] == b->floor[0] && a->floor[1] == b->floor[1] && a->bound == b->bound &&
	       a->coa == b->coa;
}

/* Dies at the given write or sync.  Steps that were acknowledged; all of them: it did not die. */
static unsigned live_until(struct place *p, unsigned dies_in)
{
	struct store *s;
	unsigned done = 0;

	faulty_vfs_begin();
	faults.dies_in = dies_in;
	if (store_open(p->path, &s) == 0) {
		while (done < STEPS && step(s, done) == 0)
			done++;
	}
	faults.dies_in = 0;
	if (done < STEPS)
		assert_true(faults.dead);
	faults.dead = true;
	store_close(s);
	return done;
}

static void judge(struct place *p, unsigned acknowledged)
{
	struct content c = { 0 };
	const struct store_reader reader = { see_floor, see_binding, &c };
	struct store *s;
	bool kept, ahead;

	if (store_open(p->path, &s) != 0)
		fail_msg("%u acknowledged, crash %u: %s", acknowledged, p->crashes, store_error(s));
	assert_int_equal(store_each(s, &reader, &start), 0);
	kept = equal(&c, &after[acknowledged]);
	ahead = acknowledged < STEPS && equal(&c, &after[acknowledged + 1]);
	assert_true(kept || ahead);
	p->kept += kept;
	p->ahead += ahead && !kept;
	/* And it goes on from there. */
	for (unsigned n = acknowledged + (ahead && !kept); n < STEPS; n++)
		assert_int_equal(step(s, n), 0);
	store_close(s);
}

static void remove_files(const struct place *p)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'/*", p->dir);
	assert_int_equal(system(cmd), 0);
}

static void threats_59_power_fails_at_every_write_of_the_store(void **state)
{
	static const enum power how[] = { POWER_KILL, POWER_CUT, POWER_TORN, POWER_MIXED };
	struct place *p = *state;
	unsigned dies_in = 0, done = 0;

	while (done < STEPS) {
		dies_in++;
		for (unsigned h = 0; h < 4; h++) {
			unsigned tears = how[h] == POWER_TORN || how[h] == POWER_MIXED ? TEARS : 1;

			for (unsigned n = 0; n < tears; n++) {
				remove_files(p);
				done = live_until(p, dies_in);
				faulty_vfs_crash(p->path, how[h],
						 (uint32_t)next_random(&p->random));
				judge(p, done);
				faulty_vfs_end();
				p->crashes++;
			}
		}
	}
	print_message("# %u writes and syncs, %u power failures, %u found what was acknowledged, "
		      "%u one group more\n",
		      dies_in - 1, p->crashes, p->kept, p->ahead);
	assert_true(dies_in > 3 * STEPS && p->ahead > 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/lke-power-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/sequence.db", p->dir);
	p->random = 0x5eed;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	remove_files(p);
	rmdir(p->dir);
	free(p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threats_59_power_fails_at_every_write_of_the_store,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

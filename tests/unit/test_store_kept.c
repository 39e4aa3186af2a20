/* SPDX-License-Identifier: ISC */
/* Bindings in the store, and groups of changes. */
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store_place.h"

#define S LKE_SEC

static const struct store_clock monday = { .boot = { 1 }, .boottime = 5000 * S, .wall = 9000 * S };

static void keep(struct place *p, unsigned n, lke_time expires, bool remove)
{
	struct lke_act_keep k = { .home = home_no(n),
				  .agent = home_no(100),
				  .coa = home_no(n + 200),
				  .seq = (uint16_t)(65535 - n),
				  .expires = expires,
				  .remove = remove };

	assert_int_equal(store_begin(p->s), 0);
	assert_int_equal(store_keep(p->s, &k, &monday), 0);
	assert_int_equal(store_commit(p->s), 0);
}

struct seen {
	unsigned n;
	struct lke_ev_binding last;
};

static int see(const struct lke_ev_binding *b, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->last = *b;
	return 0;
}

static struct seen read_at(struct place *p, struct store_clock now)
{
	struct seen s = { 0 };

	place_open(p);
	assert_int_equal(store_each(p->s, &(struct store_reader){ NULL, see, &s }, &now), 0);
	return s;
}

static void binding_comes_back_as_it_was(void **state)
{
	struct place *p = *state;
	struct lke_in6 home = home_no(3), agent = home_no(100), coa = home_no(203);
	struct seen s;

	place_open(p);
	keep(p, 3, monday.boottime + 60 * S, false);
	s = read_at(p, monday);
	assert_int_equal(s.n, 1);
	assert_memory_equal(&s.last.home, &home, 16);
	assert_memory_equal(&s.last.agent, &agent, 16);
	assert_memory_equal(&s.last.coa, &coa, 16);
	assert_int_equal(s.last.seq, 65532);
	assert_true(s.last.expires == monday.boottime + 60 * S);
	keep(p, 3, 0, true);
	assert_int_equal(read_at(p, monday).n, 0);
}

/* Within a boot CLOCK_BOOTTIME counts, whatever somebody does to the wall clock (THREATS 84). */
static void threats_84_wall_clock_says_nothing_within_a_boot(void **state)
{
	struct place *p = *state;
	struct store_clock now = monday;

	place_open(p);
	keep(p, 1, monday.boottime + 60 * S, false);
	now.boottime += 20 * S;
	for (unsigned n = 0; n < 3; n++) {
		now.wall = n == 0 ? 0 : n == 1 ? monday.wall : 10 * monday.wall;
		assert_true(read_at(p, now).last.expires == monday.boottime + 60 * S);
	}
	now.boottime += 40 * S;
	assert_int_equal(read_at(p, now).n, 0);
}

static void threats_84_lifetime_is_never_extended_across_boots(void **state)
{
	struct place *p = *state;
	struct store_clock now = { .boot = { 2 }, .boottime = 7 * S, .wall = monday.wall + 20 * S };

	place_open(p);
	keep(p, 1, monday.boottime + 60 * S, false);
	assert_true(read_at(p, now).last.expires == 7 * S + 40 * S);
	now.wall = monday.wall;
	assert_true(read_at(p, now).last.expires == 7 * S + 60 * S);
	now.wall = monday.wall - 1; /* it went back: nobody knows */
	assert_int_equal(read_at(p, now).n, 0);
	now.wall = monday.wall + 60 * S;
	assert_int_equal(read_at(p, now).n, 0);
}

static void damaged_binding_is_passed_over(void **state)
{
	struct place *p = *state;
	sqlite3 *db;

	place_open(p);
	keep(p, 1, monday.boottime + 60 * S, false);
	keep(p, 2, monday.boottime + 60 * S, false);
	store_close(p->s);
	p->s = NULL;
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE binding SET coa = zeroblob(16) WHERE seq = 65534",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(read_at(p, monday).n, 1);
}

/* --- groups --- */

static int count_floors(const struct lke_ev_floor *f, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static unsigned floors(struct place *p)
{
	unsigned n = 0;

	place_open(p);
	assert_int_equal(store_each(p->s, &(struct store_reader){ count_floors, NULL, &n }, NULL),
			 0);
	return n;
}

static void amb_151_group_is_there_as_a_whole_or_not_at_all(void **state)
{
	struct place *p = *state;

	place_open(p);
	assert_int_equal(store_begin(p->s), 0);
	for (unsigned n = 0; n < 300; n++) {
		struct lke_act_checkpoint c = { .home = home_no(n), .generation = 1 };

		assert_int_equal(store_put(p->s, &c), 0);
	}
	/* The process dies here. */
	assert_int_equal(floors(p), 0);
	assert_int_equal(store_begin(p->s), 0);
	for (unsigned n = 0; n < 300; n++) {
		struct lke_act_checkpoint c = { .home = home_no(n), .generation = 1 };

		assert_int_equal(store_put(p->s, &c), 0);
	}
	assert_int_equal(store_commit(p->s), 0);
	assert_int_equal(floors(p), 300);
}

static void after_a_group_that_failed_the_next_one_goes_on(void **state)
{
	struct place *p = *state;
	struct lke_act_checkpoint c = { .home = home_no(1), .generation = 1 };

	place_open(p);
	assert_int_equal(store_begin(p->s), 0);
	assert_int_equal(store_put(p->s, &c), 0); /* nobody commits */
	c.home = home_no(2);
	assert_int_equal(store_floor_put(p->s, &c), 0);
	assert_int_equal(floors(p), 1);
}

static void touch_says_whether_the_disk_works(void **state)
{
	struct place *p = *state;
	char cmd[160];

	place_open(p);
	assert_int_equal(store_begin(p->s), 0);
	assert_int_equal(store_touch(p->s), 0);
	assert_int_equal(store_commit(p->s), 0);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(store_begin(p->s), LKE_ERR_SYS);
	assert_int_equal(store_errno(p->s), ENOENT);
	assert_int_equal(mkdir(p->dir, 0700), 0);
	assert_int_equal(store_begin(p->s), LKE_ERR_SYS); /* an empty directory is no store */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(binding_comes_back_as_it_was),
		T(threats_84_wall_clock_says_nothing_within_a_boot),
		T(threats_84_lifetime_is_never_extended_across_boots),
		T(damaged_binding_is_passed_over),
		T(amb_151_group_is_there_as_a_whole_or_not_at_all),
		T(after_a_group_that_failed_the_next_one_goes_on),
		T(touch_says_whether_the_disk_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

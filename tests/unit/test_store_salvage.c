/* SPDX-License-Identifier: ISC */
/* A damaged store serves whom it can (THREATS 81), a store that is a copy is not trusted (83). */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store_place.h"

enum { MANY = 2000, LEAF = 4096 };

struct seen {
	unsigned whole, lost;
	struct lke_ev_floor first;
};

static int see(const struct lke_ev_floor *f, void *arg)
{
	struct seen *s = arg;
	unsigned n = (unsigned)f->home.b[14] << 8 | f->home.b[15];

	if (s->whole + s->lost == 0)
		s->first = *f;
	if (!f->lost)
		assert_true(f->floor == n && f->used == 2 * n && f->generation == 7);
	s->whole += !f->lost;
	s->lost += f->lost;
	return 0;
}

static struct seen read_all(struct place *p)
{
	struct seen s = { 0 };

	place_open(p);
	assert_int_equal(store_each(p->s, &(struct store_reader){ see, NULL, &s }, NULL), 0);
	return s;
}

static void fill(struct place *p, unsigned many)
{
	place_open(p);
	assert_int_equal(store_begin(p->s), 0);
	for (unsigned n = 0; n < many; n++) {
		struct lke_act_checkpoint c = {
			.home = home_no(n), .generation = 7, .floor = (uint16_t)n, .used = 2 * n
		};

		assert_int_equal(store_put(p->s, &c), 0);
	}
	assert_int_equal(store_commit(p->s), 0);
	store_close(p->s);
	p->s = NULL;
}

static bool damaged(struct place *p)
{
	struct seen s = { 0 };
	bool is;

	store_close(p->s);
	if (store_open(p->path, &p->s) == 0)
		assert_int_equal(store_each(p->s, &(struct store_reader){ NULL, NULL, &s }, NULL),
				 LKE_ERR_SYS);
	is = store_damaged(p->s);
	store_close(p->s);
	p->s = NULL;
	return is;
}

static struct store_salvaged salvage(struct place *p, unsigned many)
{
	struct lke_in6 *home = calloc(many, sizeof(*home));
	struct store_salvaged got;

	for (unsigned n = 0; n < many; n++)
		home[n] = home_no(n);
	if (store_salvage(p->path, home, many, &got) != 0)
		fail_msg("%s", got.error);
	free(home);
	return got;
}

static void execute(struct place *p, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void overwrite(struct place *p, off_t at, size_t n)
{
	char junk[LEAF];
	int fd = open(p->path, O_WRONLY);

	memset(junk, 0xa5, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, n, at), (ssize_t)n);
	close(fd);
}

static void threats_81_one_wrong_row_concerns_one_address(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;
	struct seen s;
	struct stat st;
	char kept[128];

	fill(p, 50);
	execute(p, "UPDATE floor SET floor = floor - 5 WHERE floor = 20");
	assert_true(damaged(p));
	got = salvage(p, 50);
	assert_true(got.whole == 49 && got.lost == 1);
	s = read_all(p);
	assert_true(s.whole == 49 && s.lost == 1);
	snprintf(kept, sizeof(kept), "%s.damaged", p->path);
	assert_int_equal(stat(kept, &st), 0); /* the evidence */
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* The home address itself is wrong: nobody knows whose floor it was, but one is missing. */
static void threats_81_row_under_a_wrong_address_concerns_the_one_that_is_missing(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;

	fill(p, 50);
	execute(p, "UPDATE floor SET home = zeroblob(16) WHERE floor = 20");
	assert_true(damaged(p));
	got = salvage(p, 50);
	assert_true(got.whole == 49 && got.lost == 1);
	assert_int_equal(read_all(p).lost, 1);
}

static void threats_81_vanished_row_is_missed(void **state)
{
	struct place *p = *state;

	fill(p, 50);
	execute(p, "DROP TRIGGER floor_less; DELETE FROM floor WHERE floor = 20;"
		   "CREATE TRIGGER floor_less AFTER DELETE ON floor BEGIN SELECT 1; END");
	assert_true(damaged(p));
	assert_int_equal(salvage(p, 50).lost, 1);
}

static void threats_81_damage_that_loses_no_floor_refuses_nobody(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;

	fill(p, MANY);
	/* Of the list of free pages: what SQLite calls damage, but no row. */
	execute(p, "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000)); DROP TABLE t");
	{
		int fd = open(p->path, O_RDWR);

		assert_int_equal(pwrite(fd, "\xff", 1, 39), 1); /* how many they are */
		close(fd);
	}
	assert_true(damaged(p));
	/* One address was never registered: it is new, not lost. */
	got = salvage(p, MANY + 1);
	assert_true(got.whole == MANY && got.lost == 0);
	assert_int_equal(read_all(p).whole, MANY);
}

static void threats_81_damaged_pages_concern_their_addresses_only(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;
	struct seen s;
	struct stat st;

	fill(p, MANY);
	assert_int_equal(stat(p->path, &st), 0);
	overwrite(p, st.st_size / LEAF / 2 * LEAF, LEAF);
	assert_true(damaged(p));
	got = salvage(p, MANY);
	assert_int_equal(got.whole + got.lost, MANY);
	assert_in_range(got.lost, 1, 200);
	s = read_all(p);
	assert_true(s.whole == got.whole && s.lost == got.lost);
}

static void threats_81_truncated_store_serves_what_is_left(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;
	struct seen s;
	struct stat st;

	fill(p, MANY);
	assert_int_equal(stat(p->path, &st), 0);
	for (off_t len = st.st_size - LEAF; len > st.st_size / 2; len -= 3 * LEAF + 100) {
		assert_int_equal(truncate(p->path, len), 0);
		assert_true(damaged(p));
		got = salvage(p, MANY);
		assert_int_equal(got.whole + got.lost, MANY);
		s = read_all(p);
		assert_true(s.whole == got.whole && s.lost == got.lost);
		store_close(p->s);
		p->s = NULL;
		assert_int_equal(remove(p->path), 0);
		fill(p, MANY);
	}
}

/* What was lost stays lost when the new store is damaged too. */
static void threats_81_lost_stays_lost(void **state)
{
	struct place *p = *state;
	struct seen s;

	fill(p, 50);
	execute(p, "UPDATE floor SET used = 1 WHERE floor = 20");
	assert_true(damaged(p));
	salvage(p, 50);
	execute(p, "UPDATE floor SET used = 1 WHERE floor = 30");
	assert_true(damaged(p));
	salvage(p, 50);
	s = read_all(p);
	assert_true(s.whole == 48 && s.lost == 2);
}

/* A log of the damaged store, as a crash leaves it: it deletes a row, and is whole. */
static void leave_log(const struct place *p)
{
	char cmd[640];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
				      "DELETE FROM floor WHERE floor = 10",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	snprintf(cmd, sizeof(cmd), "cp '%s-wal' '%s.log'", p->path, p->path);
	assert_int_equal(system(cmd), 0);
	sqlite3_close(db);
	snprintf(cmd, sizeof(cmd), "cp '%s.damaged' '%s'; mv '%s.log' '%s-wal'", p->path, p->path,
		 p->path, p->path);
	assert_int_equal(system(cmd), 0);
}

/* A crash between the two names of the new store; the log of the old one must not get into it. */
static void threats_81_crash_in_the_middle_of_a_salvage(void **state)
{
	struct place *p = *state;
	char name[128], cmd[640];
	struct seen s;

	fill(p, 50);
	execute(p, "UPDATE floor SET used = 1 WHERE floor = 20");
	salvage(p, 50);
	snprintf(cmd, sizeof(cmd), "mv '%s' '%s.salvaged'; cp '%s.damaged' '%s'", p->path, p->path,
		 p->path, p->path);
	assert_int_equal(system(cmd), 0);
	leave_log(p);
	s = read_all(p);
	assert_true(s.whole == 49 && s.lost == 1);
	snprintf(name, sizeof(name), "%s.salvaged", p->path);
	assert_int_equal(access(name, F_OK), -1);
}

static void strangers_are_not_salvaged(void **state)
{
	struct place *p = *state;
	struct store_salvaged got;
	struct lke_in6 home = home_no(1);
	FILE *f = fopen(p->path, "w");

	fputs("this is a letter, not a database, and it is longer than a header would be", f);
	fclose(f);
	assert_int_equal(store_open(p->path, &p->s), LKE_ERR_SYS);
	assert_false(store_damaged(p->s));
	assert_int_equal(store_salvage(p->path, &home, 1, &got), LKE_ERR_SYS);
	assert_non_null(strstr(got.error, p->path));
	store_close(p->s);
	p->s = NULL;
	/* A database, of another program. */
	assert_int_equal(unlink(p->path), 0);
	execute(p, "PRAGMA application_id = 4711; CREATE TABLE letter (text)");
	assert_int_equal(store_salvage(p->path, &home, 1, &got), LKE_ERR_SYS);
	assert_non_null(strstr(got.error, "not a store of this program"));
}

/* --- copies --- */

static int see_advanced(const struct lke_ev_floor *f, void *arg)
{
	unsigned n = f->home.b[15];

	if (f->generation) {
		assert_int_equal(f->floor, (uint16_t)(n + 0x4000));
		assert_int_equal(f->used, 2 * n + 0x4000);
	} else {
		assert_true(f->suspended && f->floor == 0 && f->used == 0);
	}
	++*(unsigned *)arg;
	return 0;
}

static void threats_83_copy_takes_16384_more_numbers_as_used(void **state)
{
	struct place *p = *state;
	struct lke_act_checkpoint suspended = { .home = home_no(90), .suspended = true };
	unsigned n = 0;

	fill(p, 50);
	place_open(p);
	assert_int_equal(store_floor_put(p->s, &suspended), 0);
	assert_int_equal(store_advance(p->s, 0x4000), 0);
	assert_int_equal(store_advance(p->s, 0x4001), LKE_ERR_SYS);
	place_open(p);
	assert_int_equal(store_each(p->s, &(struct store_reader){ see_advanced, NULL, &n }, NULL),
			 0);
	assert_int_equal(n, 51);
}

static void threats_83_lost_store_refuses_every_address(void **state)
{
	struct place *p = *state;
	struct lke_in6 home[] = { home_no(1), home_no(2) };
	struct seen s;

	place_open(p);
	assert_true(store_is_new(p->s));
	assert_int_equal(store_lose(p->s, home, 2), 0);
	s = read_all(p);
	assert_true(s.whole == 0 && s.lost == 2 && s.first.generation == 0);
	assert_false(store_is_new(p->s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(threats_81_one_wrong_row_concerns_one_address),
		T(threats_81_row_under_a_wrong_address_concerns_the_one_that_is_missing),
		T(threats_81_vanished_row_is_missed),
		T(threats_81_damage_that_loses_no_floor_refuses_nobody),
		T(threats_81_damaged_pages_concern_their_addresses_only),
		T(threats_81_truncated_store_serves_what_is_left),
		T(threats_81_lost_stays_lost),
		T(threats_81_crash_in_the_middle_of_a_salvage),
		T(strangers_are_not_salvaged),
		T(threats_83_copy_takes_16384_more_numbers_as_used),
		T(threats_83_lost_store_refuses_every_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * A new store out of a damaged one (THREATS 81).  Whole floors are taken over as they are.  Where
 * the floor of an address may have been, but is not whole, the address is marked lost: the home
 * agent refuses it until its key is changed.  Other addresses are served.
 */
#include "store/store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct salvage {
	struct store old, new;
	struct store_salvaged *ret;
};

/* The newest of what was found; a page that can be reached twice holds the same row. */
static int take(struct salvage *v, const struct lke_ev_floor *f)
{
	int before = sqlite3_total_changes(v->new.db), err;
	sqlite3_stmt *q = NULL;
	bool known;

	if (sqlite3_prepare_v2(v->new.db, "SELECT 1 FROM floor WHERE home = ?1", -1, &q, NULL) !=
	    SQLITE_OK)
		return store_fail_db(&v->new, "cannot write");
	sqlite3_bind_blob(q, 1, f->home.b, sizeof(f->home.b), SQLITE_STATIC);
	known = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	if (known)
		return 0;
	err = store_put_floor(&v->new, f);
	if (err || sqlite3_total_changes(v->new.db) == before)
		return err;
	v->ret->whole += !f->lost;
	v->ret->lost += f->lost;
	return 0;
}

/* Every row of a query that can be reached and is whole. */
static int take_rows(struct salvage *v, sqlite3_stmt *q)
{
	struct lke_ev_floor f;
	int err = 0;

	while (!err && sqlite3_step(q) == SQLITE_ROW)
		if (store_read_floor(q, &f))
			err = take(v, &f);
	return err;
}

/* From the beginning to the first damaged page, from the end to the last one. */
static int scan(struct salvage *v, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(v->old.db, sql, -1, &q, NULL) == SQLITE_OK)
		err = take_rows(v, q);
	sqlite3_finalize(q);
	return err;
}

/* One address by its key, in case it lies between damaged pages. */
static int look_up(struct salvage *v, const struct lke_in6 *home)
{
	sqlite3_stmt *q = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(v->old.db, "SELECT " FLOOR_COLUMNS " FROM floor WHERE home = ?1", -1,
			       &q, NULL) == SQLITE_OK) {
		sqlite3_bind_blob(q, 1, home->b, sizeof(home->b), SQLITE_STATIC);
		err = take_rows(v, q);
	}
	sqlite3_finalize(q);
	return err;
}

/* As many whole floors as the damaged store says it had: none is missing. */
static bool complete(struct salvage *v)
{
	char tally[32], want[32];
	unsigned n = v->ret->whole + v->ret->lost;

	snprintf(want, sizeof(want), "%u:%d", n, -(int)n);
	return store_one_value(&v->old, "SELECT up || ':' || down FROM tally", tally,
			       sizeof(tally)) == 0 &&
	       strcmp(tally, want) == 0;
}

static int fill(struct salvage *v, const struct lke_in6 *home, unsigned homes)
{
	int err = store_prepare(&v->new);

	if (!err && sqlite3_exec(v->new.db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		err = store_fail_db(&v->new, "cannot write");
	if (!err)
		err = scan(v, "SELECT " FLOOR_COLUMNS " FROM floor ORDER BY home");
	if (!err)
		err = scan(v, "SELECT " FLOOR_COLUMNS " FROM floor ORDER BY home DESC");
	for (unsigned n = 0; n < homes && !err; n++)
		err = look_up(v, &home[n]);
	if (!err && !complete(v))
		for (unsigned n = 0; n < homes && !err; n++)
			err = take(v, &(struct lke_ev_floor){ .home = home[n], .lost = true });
	if (!err && sqlite3_exec(v->new.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		err = store_fail_db(&v->new, "cannot write");
	return err;
}

static int open_old(struct store *s)
{
	char id[16] = "";

	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) !=
	    SQLITE_OK)
		return store_fail_db(s, "cannot open");
	/* SQLite reads a file that is shorter than it should be only so. */
	if (sqlite3_exec(s->db, "PRAGMA writable_schema = ON", NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot open");
	if (store_one_value(s, "PRAGMA application_id", id, sizeof(id)))
		return LKE_ERR_SYS;
	return strcmp(id, "1818977585") == 0
		       ? 0
		       : store_fail(s, EINVAL, "cannot salvage", "not a store of this program");
}

static int fail_errno(struct store *s, const char *what)
{
	int err = errno;

	return store_fail(s, err, what, strerror(err));
}

int store_finish_salvage(struct store *s)
{
	char made[PATH_MAX + 16], name[PATH_MAX + 16];

	snprintf(made, sizeof(made), "%s.salvaged", s->path);
	if (access(made, F_OK))
		return 0;
	/* The log belongs to the damaged one: it would be played into the new one. */
	snprintf(name, sizeof(name), "%s-wal", s->path);
	if (unlink(name) && errno != ENOENT)
		return fail_errno(s, "cannot remove its log");
	snprintf(name, sizeof(name), "%s-shm", s->path);
	if (unlink(name) && errno != ENOENT)
		return fail_errno(s, "cannot remove its index");
	return rename(made, s->path) ? fail_errno(s, "cannot replace") : store_sync_directory(s);
}

/*
 * The damaged one stays beside the new one; a second damage keeps the first evidence.  From the
 * moment the new one is called .salvaged it is the store, whatever happens before it has its name.
 */
static int swap(struct salvage *v, const char *made)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s.damaged", v->new.path);
	if (link(v->new.path, name) && errno != EEXIST)
		return fail_errno(&v->new, "cannot keep the damaged store");
	snprintf(name, sizeof(name), "%s.salvaged", v->new.path);
	if (rename(made, name))
		return fail_errno(&v->new, "cannot rename");
	if (store_sync_directory(&v->new))
		return LKE_ERR_SYS;
	return store_finish_salvage(&v->new);
}

static void done(struct store *s)
{
	store_finalize(s);
	sqlite3_close(s->db);
	s->db = NULL;
}

int store_salvage(const char *path, const struct lke_in6 *home, unsigned homes,
		  struct store_salvaged *ret)
{
	struct salvage *v = mem_zalloc(sizeof(*v));
	char made[PATH_MAX + 8];
	int err;

	*ret = (struct store_salvaged){ 0 };
	if (!v)
		return LKE_ERR_NOMEM;
	v->ret = ret;
	snprintf(v->old.path, sizeof(v->old.path), "%s", path);
	snprintf(v->new.path, sizeof(v->new.path), "%s", path);
	snprintf(made, sizeof(made), "%s.new", path);
	err = open_old(&v->old);
	if (!err)
		err = store_make_file(&v->new, made);
	if (!err)
		err = fill(v, home, homes);
	done(&v->new);
	done(&v->old);
	if (!err)
		err = swap(v, made);
	if (err)
		snprintf(ret->error, sizeof(ret->error), "%.*s", (int)sizeof(ret->error) - 1,
			 v->new.error[0] ? v->new.error : v->old.error);
	mem_free(v);
	return err;
}

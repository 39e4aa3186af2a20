/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

#define APPLICATION_ID 0x6c6b6531 /* "lke1" */
#define SCHEMA_VERSION 2

struct store {
	sqlite3 *db;
	sqlite3_stmt *put;
	char path[PATH_MAX];
	dev_t dev;
	ino_t ino;
	bool suspect; /* a write failed: what SQLite believes and what the disk holds may differ */
	char error[PATH_MAX + 256];
};

static const char schema[] =
	"PRAGMA application_id = 1818977585;"
	"PRAGMA user_version = 2;"
	"CREATE TABLE floor ("
	" home BLOB PRIMARY KEY CHECK (length(home) = 16),"
	" generation INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),"
	" floor INTEGER NOT NULL CHECK (floor BETWEEN 0 AND 65535),"
	" used INTEGER NOT NULL CHECK (used BETWEEN 0 AND 4294967295),"
	" suspended INTEGER NOT NULL CHECK (suspended IN (0, 1)),"
	" crc INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;";

static int fail(struct store *s, const char *what, const char *why)
{
	snprintf(s->error, sizeof(s->error), "%s: %s: %s", s->path, what, why);
	return LKE_ERR_SYS;
}

static int fail_db(struct store *s, const char *what)
{
	return fail(s, what, s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

const char *store_error(const struct store *s)
{
	return s->error;
}

static void close_db(struct store *s)
{
	sqlite3_finalize(s->put);
	sqlite3_close(s->db);
	s->put = NULL;
	s->db = NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	close_db(s);
	mem_free(s);
}

static uint32_t crc_octets(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n--) {
		crc ^= *b++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* SQLite does not notice an octet of a number that the disk changed. */
static uint32_t crc_of(const struct lke_ev_floor *f)
{
	uint32_t number[] = { f->generation, f->floor, f->used, f->suspended };

	return ~crc_octets(crc_octets(UINT32_MAX, f->home.b, sizeof(f->home.b)), number,
			   sizeof(number));
}

static int open_db(struct store *s, const char *path, int flags)
{
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return fail_db(s, "cannot open");
	sqlite3_busy_timeout(s->db, 1000);
	return 0;
}

/* The directory entry itself must be on the disk too. */
static int sync_directory(struct store *s)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, err;

	snprintf(dir, sizeof(dir), "%s", s->path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 || fsync(fd) ? fail(s, "cannot sync the directory", strerror(errno)) : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Makes the store beside its name and moves it there when complete: no half-made store ever has the
 * name. */
static int create(struct store *s)
{
	char name[PATH_MAX + 8];
	int err;

	/* A log without its store: somebody removed the floors.  That must not pass for a first
	 * start. */
	snprintf(name, sizeof(name), "%s-wal", s->path);
	if (access(name, F_OK) == 0)
		return fail(s, "cannot create", "the store is gone but its log is there");
	snprintf(name, sizeof(name), "%s.new", s->path);
	if (unlink(name) && errno != ENOENT)
		return fail(s, "cannot create", strerror(errno));
	err = open_db(s, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (err)
		return err;
	if (sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return fail_db(s, "cannot create");
	sqlite3_close(s->db);
	s->db = NULL;
	if (chmod(name, 0600) || rename(name, s->path))
		return fail(s, "cannot create", strerror(errno));
	return sync_directory(s);
}

/* The one text or number that a statement gives. */
static int one_value(struct store *s, const char *sql, char *ret, size_t size)
{
	sqlite3_stmt *q = NULL;
	const unsigned char *text;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	text = rc == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
	if (text)
		snprintf(ret, size, "%s", (const char *)text);
	sqlite3_finalize(q);
	return text ? 0 : fail_db(s, "damaged");
}

static int check(struct store *s)
{
	char v[128];
	int err = one_value(s, "PRAGMA application_id", v, sizeof(v));

	if (!err && strtol(v, NULL, 10) != APPLICATION_ID)
		err = fail(s, "refused", "not a store of this program");
	if (!err)
		err = one_value(s, "PRAGMA user_version", v, sizeof(v));
	if (!err && strtol(v, NULL, 10) != SCHEMA_VERSION)
		err = fail(s, "refused: unknown schema version", v);
	if (!err)
		err = one_value(s, "PRAGMA integrity_check(1)", v, sizeof(v));
	if (!err && strcmp(v, "ok") != 0)
		err = fail(s, "damaged", v);
	return err;
}

static int prepare(struct store *s)
{
	static const char put[] =
		"INSERT INTO floor (home, generation, floor, used, suspended, crc)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (home) DO UPDATE SET"
		" generation = ?2, floor = ?3, used = ?4, suspended = ?5, crc = ?6";
	/* With a checkpoint after each commit the log holds one transaction that the file holds
	 * too: damage to the log is no way back to an older floor. */
	static const char settings[] =
		"PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1; BEGIN IMMEDIATE; COMMIT";
	char mode[16];
	int err = one_value(s, "PRAGMA journal_mode = WAL", mode, sizeof(mode));

	if (!err && strcmp(mode, "wal") != 0)
		err = fail(s, "cannot write its log", mode);
	if (err)
		return err;
	if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return fail_db(s, "cannot write");
	if (sqlite3_prepare_v3(s->db, put, -1, SQLITE_PREPARE_PERSISTENT, &s->put, NULL) !=
	    SQLITE_OK)
		return fail_db(s, "damaged");
	return 0;
}

static int open_existing(struct store *s, const struct stat *st)
{
	int err;

	if (!S_ISREG(st->st_mode))
		return fail(s, "refused", "not a regular file");
	if (st->st_size == 0)
		return fail(s, "damaged", "the file is empty");
	if (access(s->path, W_OK))
		return fail(s, "cannot write", strerror(errno));
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	err = open_db(s, s->path, SQLITE_OPEN_READWRITE);
	if (!err)
		err = check(s);
	return err ? err : prepare(s);
}

int store_open(const char *path, struct store **ret_store)
{
	struct store *s = mem_zalloc(sizeof(*s));
	struct stat st;
	int err = 0;

	if (!s)
		return LKE_ERR_NOMEM;
	*ret_store = s;
	if (strlen(path) > sizeof(s->path) - 8)
		return fail(s, "cannot open", strerror(ENAMETOOLONG));
	strcpy(s->path, path);
	if (lstat(path, &st) != 0) {
		err = errno == ENOENT ? create(s) : fail(s, "cannot open", strerror(errno));
		if (!err && lstat(path, &st) != 0)
			err = fail(s, "cannot open", strerror(errno));
	}
	if (!err)
		err = open_existing(s, &st);
	if (err)
		close_db(s);
	return err;
}

/*
 * After a failed sync the kernel may call pages clean that never reached the disk, and SQLite
 * writes no page that did not change.  So the store is opened again, and what can be read is copied
 * from the log to the file and synced before anything else is believed.
 */
static int recover(struct store *s, const struct stat *st)
{
	char busy[16] = "";
	int err;

	close_db(s);
	err = open_existing(s, st);
	if (!err)
		err = one_value(s, "PRAGMA wal_checkpoint(TRUNCATE)", busy, sizeof(busy));
	if (!err && strcmp(busy, "0") != 0)
		err = fail(s, "cannot write", "another program uses the store");
	if (err)
		close_db(s);
	else
		s->suspect = false;
	return err;
}

static int put_row(struct store *s, const struct lke_act_checkpoint *c)
{
	const struct lke_ev_floor f = { c->home, c->generation, c->floor, c->used, c->suspended };
	int rc;

	sqlite3_bind_blob(s->put, 1, c->home.b, sizeof(c->home.b), SQLITE_STATIC);
	sqlite3_bind_int64(s->put, 2, c->generation);
	sqlite3_bind_int64(s->put, 3, c->floor);
	sqlite3_bind_int64(s->put, 4, c->used);
	sqlite3_bind_int64(s->put, 5, c->suspended);
	sqlite3_bind_int64(s->put, 6, crc_of(&f));
	rc = sqlite3_step(s->put);
	if (rc != SQLITE_DONE)
		(void)fail_db(s, "cannot write");
	sqlite3_reset(s->put);
	sqlite3_clear_bindings(s->put);
	return rc == SQLITE_DONE ? 0 : LKE_ERR_SYS;
}

int store_floor_put(struct store *s, const struct lke_act_checkpoint *c)
{
	struct stat st;
	int err = 0;

	if (!s->put && !s->suspect)
		return LKE_ERR_SYS;
	/* SQLite goes on writing to a file that has been removed; nothing would be there after a
	 * restart. */
	if (lstat(s->path, &st) != 0 || st.st_ino != s->ino || st.st_dev != s->dev)
		return fail(s, "cannot write", "the store was removed or replaced");
	if (s->suspect)
		err = recover(s, &st);
	if (!err)
		err = put_row(s, c);
	s->suspect = err != 0;
	return err;
}

int store_floor_each(struct store *s, int (*each)(const struct lke_ev_floor *floor, void *arg),
		     void *arg)
{
	sqlite3_stmt *q = NULL;
	struct lke_ev_floor f;
	int rc, err = 0;

	if (!s->db)
		return LKE_ERR_SYS;
	rc = sqlite3_prepare_v2(
		s->db,
		"SELECT home, generation, floor, used, suspended, crc FROM floor ORDER BY home", -1,
		&q, NULL);
	while (rc == SQLITE_OK && !err && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (sqlite3_column_bytes(q, 0) != sizeof(f.home.b)) {
			err = fail(s, "damaged", "a home address of wrong length");
			break;
		}
		memcpy(f.home.b, sqlite3_column_blob(q, 0), sizeof(f.home.b));
		f.generation = (uint32_t)sqlite3_column_int64(q, 1);
		f.floor = (uint16_t)sqlite3_column_int64(q, 2);
		f.used = (uint32_t)sqlite3_column_int64(q, 3);
		f.suspended = sqlite3_column_int64(q, 4) != 0;
		if (sqlite3_column_int64(q, 5) != crc_of(&f)) {
			err = fail(s, "damaged", "a floor with a wrong checksum");
			break;
		}
		err = each(&f, arg);
	}
	if (!err && rc != SQLITE_DONE)
		err = fail_db(s, "damaged");
	sqlite3_finalize(q);
	return err;
}

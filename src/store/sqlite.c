/* SPDX-License-Identifier: ISC */
/* The file of the store: made whole or not at all, checked when it is opened, and opened again
 * after every failure. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store_priv.h"

#define APPLICATION_ID 0x6c6b6531 /* "lke1" */
#define SCHEMA_VERSION 3

/* What the reader of an error can do. */
static const char *step(int sys_errno)
{
	switch (sys_errno) {
	case ENOSPC:
	case EDQUOT:
		return "; make room on that file system";
	case EROFS:
		return "; make it writable, or name another directory with --state";
	case EACCES:
	case EPERM:
		return "; give the file and its directory to the user of lked";
	case ENOENT:
	case ENOTDIR:
		return "; make the directory, or name another one with --state";
	case ENAMETOOLONG:
		return "; name a shorter one with --state";
	case EBADMSG:
		return "; a start of lked saves what is whole";
	case EINVAL: /* no store, or none that can be read: lked(8), STABLE STORAGE */
		return "; move it away and start lked once with --restored";
	case EBUSY:
		return "; end the program that has it open";
	case ENOMEM:
		return "; free memory";
	default:
		return "; look at the disk and at dmesg";
	}
}

int store_fail(struct store *s, int sys_errno, const char *what, const char *why)
{
	snprintf(s->error, sizeof(s->error), "%s: %s: %s%s", s->path, what, why,
		 strstr(why, "; ") ? "" : step(sys_errno));
	s->sys_errno = sys_errno;
	s->damaged |= sys_errno == EBADMSG;
	return LKE_ERR_SYS;
}

static int fail_errno(struct store *s, const char *what)
{
	int err = errno;

	return store_fail(s, err, what, strerror(err));
}

int store_fail_db(struct store *s, const char *what)
{
	int rc = sqlite3_errcode(s->db), sys; /* without s->db: of memory, or of the library */
	const char *why = sqlite3_errmsg(s->db);

	switch (rc & 0xff) {
	case SQLITE_FULL:
		sys = ENOSPC;
		break;
	case SQLITE_READONLY:
		sys = EROFS;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a table is missing */
	case SQLITE_CONSTRAINT:
		sys = EBADMSG;
		break;
	case SQLITE_NOTADB:
		sys = EINVAL;
		break;
	case SQLITE_BUSY:
		sys = EBUSY;
		break;
	case SQLITE_NOMEM:
		sys = ENOMEM;
		break;
	default:
		sys = s->db ? sqlite3_system_errno(s->db) : 0;
		/* SQLite says no more than that it cannot open the file. */
		if (sys && (rc & 0xff) == SQLITE_CANTOPEN)
			why = strerror(sys);
		else if (sys != ENOSPC && sys != EROFS && sys != EDQUOT)
			sys = EIO;
	}
	return store_fail(s, sys, what, why);
}

const char *store_error(const struct store *s)
{
	return s->error;
}

int store_errno(const struct store *s)
{
	return s->sys_errno;
}

bool store_is_new(const struct store *s)
{
	return s->made;
}

bool store_damaged(const struct store *s)
{
	return s->damaged;
}

static void close_db(struct store *s)
{
	store_finalize(s);
	sqlite3_close(s->db);
	s->db = NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	close_db(s);
	mem_free(s);
}

static int open_db(struct store *s, const char *path, int flags)
{
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot open");
	sqlite3_busy_timeout(s->db, 1000);
	return 0;
}

/* The directory entry itself must be on the disk too. */
int store_sync_directory(struct store *s)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, err;

	snprintf(dir, sizeof(dir), "%s", s->path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 || fsync(fd) ? fail_errno(s, "cannot sync the directory") : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

int store_make_file(struct store *s, const char *name)
{
	/* What is overwritten is wiped: a damaged page must not lead back to an older floor. */
	static const char settings[] = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON";
	char journal[PATH_MAX + 32];
	int err;

	/* A journal that an earlier attempt left would be played into the new file. */
	snprintf(journal, sizeof(journal), "%s-journal", name);
	if ((unlink(name) && errno != ENOENT) || (unlink(journal) && errno != ENOENT))
		return fail_errno(s, "cannot create");
	err = open_db(s, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (err)
		return err;
	if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, store_schema, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot create");
	return chmod(name, 0600) ? fail_errno(s, "cannot create") : 0;
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
		return store_fail(s, EEXIST, "cannot create",
				  "the store is gone but its log is there; put the store back, or "
				  "remove the log and start lked once with --restored");
	snprintf(name, sizeof(name), "%s.new", s->path);
	err = store_make_file(s, name);
	close_db(s);
	if (!err && rename(name, s->path))
		err = fail_errno(s, "cannot create");
	s->made = !err;
	return err ? err : store_sync_directory(s);
}

int store_one_value(struct store *s, const char *sql, char *ret, size_t size)
{
	sqlite3_stmt *q = NULL;
	const unsigned char *text;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL), err = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	text = rc == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
	if (text)
		snprintf(ret, size, "%s", (const char *)text);
	else if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		err = store_fail(s, EBADMSG, "damaged", "a value is missing");
	else
		err = store_fail_db(s, "damaged");
	sqlite3_finalize(q);
	return err;
}

static int check(struct store *s)
{
	char v[128];
	int err = store_one_value(s, "PRAGMA application_id", v, sizeof(v));

	if (!err && strtol(v, NULL, 10) != APPLICATION_ID)
		err = store_fail(s, EINVAL, "refused", "not a store of this program");
	if (!err)
		err = store_one_value(s, "PRAGMA user_version", v, sizeof(v));
	if (!err && strtol(v, NULL, 10) != SCHEMA_VERSION)
		err = store_fail(s, EINVAL, "refused: made by another version of lke", v);
	if (!err)
		err = store_one_value(s, "PRAGMA integrity_check(1)", v, sizeof(v));
	if (!err && strcmp(v, "ok") != 0)
		err = store_fail(s, EBADMSG, "damaged", v);
	return err;
}

static int configure(struct store *s)
{
	/* With a checkpoint after each commit the log holds one transaction that the file holds
	 * too: damage to the log is no way back to an older floor. */
	static const char settings[] = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
				       "PRAGMA wal_autocheckpoint = 1; BEGIN IMMEDIATE; COMMIT";
	char mode[16];
	int err = store_one_value(s, "PRAGMA journal_mode = WAL", mode, sizeof(mode));

	if (!err && strcmp(mode, "wal") != 0)
		err = store_fail(s, EROFS, "cannot write its log", mode);
	if (err)
		return err;
	if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot write");
	return store_prepare(s);
}

static int open_existing(struct store *s, const struct stat *st)
{
	int err;

	if (!S_ISREG(st->st_mode))
		return store_fail(s, EINVAL, "refused", "not a regular file");
	if (st->st_size == 0)
		return store_fail(s, EINVAL, "damaged", "the file is empty");
	if (access(s->path, W_OK))
		return fail_errno(s, "cannot write");
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	err = open_db(s, s->path, SQLITE_OPEN_READWRITE);
	if (!err)
		err = check(s);
	return err ? err : configure(s);
}

int store_open(const char *path, struct store **ret_store)
{
	struct store *s = mem_zalloc(sizeof(*s));
	struct stat st;
	int err = 0;

	if (!s)
		return LKE_ERR_NOMEM;
	*ret_store = s;
	if (strlen(path) > sizeof(s->path) - 16)
		return store_fail(s, ENAMETOOLONG, "cannot open", strerror(ENAMETOOLONG));
	strcpy(s->path, path);
	if (store_finish_salvage(s))
		return LKE_ERR_SYS;
	if (lstat(path, &st) != 0) {
		err = errno == ENOENT ? create(s) : fail_errno(s, "cannot open");
		if (!err && lstat(path, &st) != 0)
			err = fail_errno(s, "cannot open");
	}
	if (!err)
		err = open_existing(s, &st);
	if (err)
		close_db(s);
	s->usable = !err;
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
		err = store_one_value(s, "PRAGMA wal_checkpoint(TRUNCATE)", busy, sizeof(busy));
	if (!err && strcmp(busy, "0") != 0)
		err = store_fail(s, EBUSY, "cannot write", "another program uses the store");
	if (err)
		close_db(s);
	else
		s->suspect = false;
	return err;
}

int store_begin(struct store *s)
{
	struct stat st;

	if (!s->usable)
		return LKE_ERR_SYS;
	/* SQLite goes on writing to a file that has been removed; nothing would be there after a
	 * restart. */
	if (lstat(s->path, &st) != 0 || st.st_ino != s->ino || st.st_dev != s->dev)
		return store_fail(s, ENOENT, "cannot write",
				  "the store was removed or replaced; put it back, or restart lked "
				  "with --restored");
	if (s->suspect && recover(s, &st))
		return LKE_ERR_SYS;
	s->suspect = true;
	if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot write");
	return 0;
}

/* suspect stays when this fails, or when a change failed and nobody commits. */
int store_commit(struct store *s)
{
	if (sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot write");
	s->suspect = false;
	return 0;
}

int store_floor_put(struct store *s, const struct lke_act_checkpoint *c)
{
	int err = store_begin(s);

	if (!err)
		err = store_put(s, c);
	return err ? err : store_commit(s);
}

int store_touch(struct store *s)
{
	/* SQLite writes nothing for an empty transaction. */
	if (sqlite3_exec(s->db, "UPDATE tally SET up = up", NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_db(s, "cannot write");
	return 0;
}

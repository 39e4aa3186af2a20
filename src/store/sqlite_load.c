/* SPDX-License-Identifier: ISC */
/*
 * SQLite for lked: the functions that the store calls, found in the library when the first of them
 * is called.  A role without a store never loads it (ADR 42); without the library a store cannot be
 * opened, and its error says why.
 */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stddef.h>

#define LIBRARY "libsqlite3.so.0"

static void *entry(const char *name)
{
	static void *library;

	if (!library)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

/* A function of the library, or what it returns when it is not there. */
#define FORWARD(type, name, params, args, without)                                                 \
	type name params                                                                           \
	{                                                                                          \
		static union {                                                                     \
			void *p;                                                                   \
			type(*f) params;                                                           \
		} u;                                                                               \
                                                                                                   \
		if (!u.p)                                                                          \
			u.p = entry(#name);                                                        \
		return u.p ? u.f args : (without);                                                 \
	}

FORWARD(int, sqlite3_open_v2, (const char *path, sqlite3 **ret, int flags, const char *vfs),
	(path, ret, flags, vfs), (*ret = NULL, SQLITE_CANTOPEN))
FORWARD(const char *, sqlite3_errmsg, (sqlite3 * db), (db),
	LIBRARY " cannot be loaded; install SQLite")
FORWARD(int, sqlite3_close, (sqlite3 * db), (db), SQLITE_OK)
FORWARD(int, sqlite3_busy_timeout, (sqlite3 * db, int ms), (db, ms), SQLITE_ERROR)
FORWARD(int, sqlite3_errcode, (sqlite3 * db), (db), SQLITE_CANTOPEN)
FORWARD(int, sqlite3_system_errno, (sqlite3 * db), (db), 0)
FORWARD(int, sqlite3_total_changes, (sqlite3 * db), (db), 0)
FORWARD(int, sqlite3_exec,
	(sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *ctx,
	 char **ret_why),
	(db, sql, row, ctx, ret_why), SQLITE_ERROR)
FORWARD(int, sqlite3_prepare_v2,
	(sqlite3 * db, const char *sql, int n, sqlite3_stmt **ret, const char **tail),
	(db, sql, n, ret, tail), SQLITE_ERROR)
FORWARD(int, sqlite3_prepare_v3,
	(sqlite3 * db, const char *sql, int n, unsigned flags, sqlite3_stmt **ret,
	 const char **tail),
	(db, sql, n, flags, ret, tail), SQLITE_ERROR)
FORWARD(int, sqlite3_step, (sqlite3_stmt * q), (q), SQLITE_ERROR)
FORWARD(int, sqlite3_reset, (sqlite3_stmt * q), (q), SQLITE_ERROR)
FORWARD(int, sqlite3_finalize, (sqlite3_stmt * q), (q), SQLITE_OK)
FORWARD(int, sqlite3_clear_bindings, (sqlite3_stmt * q), (q), SQLITE_ERROR)
FORWARD(int, sqlite3_bind_blob,
	(sqlite3_stmt * q, int at, const void *p, int n, void (*done)(void *)), (q, at, p, n, done),
	SQLITE_ERROR)
FORWARD(int, sqlite3_bind_int64, (sqlite3_stmt * q, int at, sqlite3_int64 v), (q, at, v),
	SQLITE_ERROR)
FORWARD(const void *, sqlite3_column_blob, (sqlite3_stmt * q, int at), (q, at), NULL)
FORWARD(int, sqlite3_column_bytes, (sqlite3_stmt * q, int at), (q, at), 0)
FORWARD(sqlite3_int64, sqlite3_column_int64, (sqlite3_stmt * q, int at), (q, at), 0)
FORWARD(const unsigned char *, sqlite3_column_text, (sqlite3_stmt * q, int at), (q, at), NULL)
FORWARD(int, sqlite3_column_type, (sqlite3_stmt * q, int at), (q, at), SQLITE_NULL)

/* SPDX-License-Identifier: ISC */
/* What the files of the store share. */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include <limits.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "store/store.h"

enum statement { PUT_FLOOR, PUT_BINDING, DEL_BINDING, STATEMENTS };

struct store {
	sqlite3 *db;
	sqlite3_stmt *st[STATEMENTS];
	char path[PATH_MAX];
	dev_t dev;
	ino_t ino;
	bool made;    /* by this store_open() */
	bool usable;  /* it was opened once */
	bool suspect; /* a write failed: what SQLite believes and what the disk holds may differ */
	bool damaged;
	int sys_errno;
	char error[PATH_MAX + 256];
};

/* --- sqlite.c --- */
int store_fail(struct store *s, int sys_errno, const char *what, const char *why);
/* With the error of the database. */
int store_fail_db(struct store *s, const char *what);
/* A new file with empty tables; whoever makes it gives it its name. */
int store_make_file(struct store *s, const char *name);
/* Its name is on the disk. */
int store_sync_directory(struct store *s);
/* The first column of the first row as text. */
int store_one_value(struct store *s, const char *sql, char *ret, size_t size);

/* --- salvage.c --- */
/* Completes what a crash interrupted. */
int store_finish_salvage(struct store *s);

/* --- rows.c --- */
extern const char store_schema[];
int store_prepare(struct store *s);
void store_finalize(struct store *s);
int store_put_floor(struct store *s, const struct lke_ev_floor *f);
/* Reads one row of "SELECT " FLOOR_COLUMNS; false: it is not whole. */
#define FLOOR_COLUMNS "home, generation, floor, used, suspended, lost, crc"
bool store_read_floor(sqlite3_stmt *q, struct lke_ev_floor *ret);

#endif
